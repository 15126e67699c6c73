-- Every function and every method with what it does not take.  Each answers
-- with an error that names the argument, or with nil, message and code; none
-- crashes, and none changes a descriptor.
local support = require "spec.support"
local native = support.native
local core = support.core
local transports = support.transports

local INT_MAX = 2^31 - 1 | 0
local huge = ("x"):rep(300)

-- Stands for an argument that is left out, with all that follow.
local NONE = {}

local function integers(lo, hi)
  return function () return support.badintegers(lo, hi) end
end

local function list(...)
  local values = { ... }
  return function () return values end
end

-- Kinds of arguments, each with what it refuses; `required` ones refuse nil
-- and nothing at all as well.
local kinds = {
  int = integers(math.mininteger, math.maxinteger),
  cint = integers(-INT_MAX - 1, INT_MAX),
  natural = integers(0, INT_MAX),
  uint = integers(0, 2^32 - 1 | 0),
  long = integers(0, math.maxinteger),
  port = integers(0, 65535),
  backlog = integers(0, INT_MAX),
  name = list({}, true, print, 80.5, "80", "no such name", "", "inet\0", huge,
              "STREAM", 0 / 0, 2^31 | 0, -(2^31 | 0) - 1, 2^32 | 0, 2^53 | 0,
              math.maxinteger, math.mininteger),
  flags = list({}, true, print, 80.5, "80", "no such flag", "", "peek\0",
               "PEEK", huge, 0 / 0, -1, 2^31 | 0, 2^32 | 0, 2^53 | 0,
               math.maxinteger, math.mininteger),
  seconds = list({}, true, print, "1", "", -1, -0.001, -math.huge, 0 / 0,
                 math.mininteger),
  bytes = list({}, true, print, 80, 80.5, 0 / 0, io.stdout),
  text = list({}, true, print, 80, 80.5, "a\0b", "\0"),
  boolean = list({}, print, 0, 1, 80.5, "true", ""),
  address = list({}, true, print, 80, 80.5, 0 / 0, "", "127.1:80",
                 "0x7f.1:80", "010.1.1.1:80", "1.2.3:80", "1.2.3.4",
                 "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:80.5",
                 "127.0.0.1:80 x", "127.0.0.1:", "[::1]", "::1", "[::1]:65536",
                 "localhost:80", "a\0b", "/a\0b", "/" .. huge, "@" .. huge,
                 "./" .. huge, "unix:" .. huge),
  table = list(true, print, 80, 80.5, "x", "", 0 / 0, io.stdout),
  value = list({}, true, print, 80.5, 0 / 0, io.stdout, 2^32 | 0, 2^53 | 0,
               -(2^31 | 0) - 1, math.maxinteger, math.mininteger),
  file = list({}, true, print, 80.5, "1", "", -1, 2^31 | 0, 2^32 | 0,
              2^53 | 0, math.maxinteger, math.mininteger, 0 / 0),
}

-- A parameter: its name, its kind, a value that fits, and whether nil does.
local function required(name, kind, good)
  return { name = name, kind = kind, good = good, required = true }
end
local function optional(name, kind, good)
  return { name = name, kind = kind, good = good }
end

local to = core.address "127.0.0.1:9"

local functions = {
  socket = { required("family", "name", "inet"),
             required("type", "name", "stream"),
             optional("protocol", "natural", 0) },
  socketpair = { optional("family", "name", "unix"),
                 optional("type", "name", "stream"),
                 optional("protocol", "natural", 0) },
  fromfd = { required("descriptor", "file") },
  address = { required("address", "bytes", "127.0.0.1"),
              optional("port", "port", 80) },
  poll = { required("sockets", "table", {}),
           optional("seconds", "seconds", 0) },
  getaddrinfo = { optional("host", "text", "127.0.0.1"),
                  optional("service", "bytes", "80"),
                  optional("hints", "table", {}) },
  getnameinfo = { required("address", "address", to),
                  optional("flags", "name", "numerichost"),
                  optional("timeout", "seconds", 1) },
  getservbyname = { required("name", "text", "http"),
                    optional("protocol", "text", "tcp") },
  getservbyport = { required("port", "port", 80),
                    optional("protocol", "text", "tcp") },
  getprotobyname = { required("name", "text", "tcp") },
  getprotobynumber = { required("number", "natural", 6) },
  if_nametoindex = { required("name", "text", "lo") },
  if_indextoname = { required("index", "uint", 1) },
  if_nameindex = {},
  interfaces = {},
  options = {},
}

local methods = {
  accept = {},
  bind = { required("address", "address", "127.0.0.1:0") },
  close = {},
  connect = { required("address", "address", to) },
  detach = {},
  dup = {},
  getfd = {},
  getoption = { required("name", "text", "so_type") },
  getpeername = {},
  getsockname = {},
  getsockopt = { required("level", "cint", core.SOL_SOCKET),
                 required("optname", "cint", core.SO_TYPE),
                 optional("size", "natural", 4) },
  gettimeout = {},
  ioctl = { required("name", "text", "fionread") },
  kind = {},
  listen = { optional("backlog", "backlog", 1) },
  recv = { optional("n", "natural", 1), optional("flags", "flags", "peek") },
  recvfrom = { optional("n", "natural", 1),
               optional("flags", "flags", "peek") },
  recvmsg = { optional("options", "table", { size = 1 }) },
  recvmmsg = { required("n", "natural", 1), optional("size", "natural", 1),
               optional("flags", "flags", "peek") },
  send = { required("data", "bytes", "x"), optional("flags", "flags", "more"),
           optional("i", "int", 1), optional("j", "int", 1) },
  sendall = { required("data", "bytes", "x"),
              optional("flags", "flags", "more"), optional("i", "int", 1),
              optional("j", "int", 1) },
  sendfile = { required("file", "file", 0), optional("offset", "long", 0),
               optional("count", "long", 0) },
  sendmsg = { required("message", "table", { data = "x" }) },
  sendmmsg = { required("messages", "table", { { data = "x" } }),
               optional("flags", "flags", "more") },
  sendto = { required("data", "bytes", "x"),
             required("address", "address", to),
             optional("flags", "flags", "more") },
  setinheritable = { required("flag", "boolean", false) },
  setoption = { required("name", "text", "so_reuseaddr"),
                required("value", "bytes", true) },
  setsockopt = { required("level", "cint", core.SOL_SOCKET),
                 required("optname", "cint", core.SO_REUSEADDR),
                 required("value", "value", 1) },
  settimeout = { required("seconds", "seconds", 0) },
  shutdown = { required("how", "text", "r") },
  wait = { required("what", "text", "r"), optional("seconds", "seconds", 0) },
}

-- Where the table above cannot say it: values that are fine after all.
local fine = {
  address = { [1] = function (v) return type(v) == "table" end },
  getaddrinfo = { [2] = function (v) return math.type(v) == "integer" end },
  getnameinfo = { [2] = function (v) return type(v) == "table" or v == "" end },
  setoption = { [2] = function () return true end },
  settimeout = { [1] = function (v) return v == nil end },
}

-- Calls by name, as a program does: messages then tell the name.
local function call(object, name, ...)
  local invoke = load(([[
    local o = ...
    local r = table.pack(o%s%s(select(2, ...))) -- a tail call has no name
    return table.unpack(r, 1, r.n)
  ]]):format(object == core and "." or ":", name))
  return pcall(invoke, object, ...)
end

local function show(name, arguments)
  local texts = {}
  for i = 1, arguments.n do
    local v = arguments[i]
    texts[i] = type(v) == "string" and ("%q"):format(v):sub(1, 40)
               or tostring(v)
  end
  return ("%s(%s)"):format(name, table.concat(texts, ", "))
end

local function refuses(object, name, i, parameter, ...)
  local arguments = table.pack(...)
  local ok, message = call(object, name, ...)
  local what = show(name, arguments)
  assert(not ok, what .. " was accepted")
  assert(type(message) == "string", what .. ": error of another type")
  assert(message:find(("bad argument #%d to '[%%w_.]*%s'"):format(i, name)),
         what .. ": " .. message)
  assert(message:find("(" .. parameter.name .. ": ", 1, true)
         or parameter.kind == "table" and message:find "table expected"
         or message:find(parameter.name, 1, true),
         what .. ": " .. message)
end

-- Each argument in turn is bad, those before it are good.
local function refusesall(object, name, parameters)
  local good = { n = 0 }
  for i, parameter in ipairs(parameters) do
    local isfine = fine[name] and fine[name][i] or function () end
    local function try(bad)
      if bad ~= NONE and isfine(bad) then return end
      local arguments = table.move(good, 1, good.n, 1, {})
      local n = good.n
      if bad ~= NONE then
        n = n + 1
        arguments[n] = bad
      end
      refuses(object, name, i, parameter, table.unpack(arguments, 1, n))
    end
    for _, bad in ipairs(kinds[parameter.kind]()) do try(bad) end
    if parameter.required then
      try(NONE)
      if not isfine(nil) then
        local arguments = table.move(good, 1, good.n, 1, {})
        refuses(object, name, i, parameter,
                table.unpack(arguments, 1, good.n + 1))
      end
    end
    good.n = good.n + 1
    good[good.n] = parameter.good
  end
end

-- What the system says about a descriptor.
local function identity(fd)
  local parts = { native.fds()[fd] or "closed" }
  for line in io.lines("/proc/self/fdinfo/" .. fd) do
    local flags = line:match "^flags:.*"
    if flags then parts[#parts + 1] = flags end
  end
  return table.concat(parts, " ")
end

-- The sockets of every kind there is to call methods of.
local function menagerie()
  local all = {}
  for _, t in ipairs(transports) do
    all["new " .. t.name] = t:socket()
    all["bound " .. t.name] = t:bound()
    all["connected " .. t.name] = t:pair()
    if t.connected then all["listening " .. t.name] = t:listener() end
  end
  local r, w = native.pipe()
  all["a pipe to read"] = core.fromfd(r)
  all["a pipe to write"] = core.fromfd(w)
  all["a file"] = core.fromfd(native.open("/dev/null"))
  all["a regular file"] = core.fromfd(native.open("/proc/self/exe",
                                                  native.O_RDONLY))
  all["a directory"] = core.fromfd(native.open("/tmp", native.O_RDONLY))
  all["netlink"] = core.socket("netlink", "raw", core.NETLINK_ROUTE)
  all["packet"] = core.socket("packet", "dgram")
  for _, s in pairs(all) do s:settimeout(0) end
  return all
end

-- The outcome of a call that is neither misused nor sure to succeed.
local function sane(what, ok, ...)
  local value, message, code = ...
  if not ok then
    assert(type(value) == "string" and value:find "bad argument #",
           what .. " raised " .. tostring(value))
  elseif value == nil and select("#", ...) > 1 then
    assert(type(message) == "string" and type(code) == "string"
           and (code:find "^E[A-Z0-9_]+$" or code:find "^%l+$"),
           ("%s: nil, %s, %s"):format(what, message, code))
  end
  return ...
end

-- Closes what a call may have made.
local function tidy(...)
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    if type(v) == "userdata" and getmetatable(v) and v ~= io.stdout
       and tostring(v):find "^socket" then
      v:close()
    end
  end
end

local function sorted(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function goodarguments(parameters)
  local good = { n = #parameters }
  for i, parameter in ipairs(parameters) do good[i] = parameter.good end
  return good
end

describe("this spec", function ()
  it("covers every function of the module", function ()
    for name, value in pairs(core) do
      if type(value) == "function" then
        assert(functions[name], name .. " is missing here")
      end
    end
  end)

  it("covers every method", function ()
    local s <close> = core.socket("inet", "stream")
    for name in pairs(getmetatable(s).__index) do
      assert(methods[name], name .. " is missing here")
    end
  end)
end)

describe("a function of the module: T13", function ()
  for _, name in ipairs(sorted(functions)) do
    it(name .. " refuses bad arguments by name", function ()
      if not core[name] then support.skip "not here" end
      local before = native.fds()
      refusesall(core, name, functions[name])
      assert.same(before, native.fds())
    end)
  end
end)

describe("a method: T13", function ()
  for _, name in ipairs(sorted(methods)) do
    it(name .. " refuses bad arguments by name", function ()
      for _, t in ipairs { transports.TCP4, transports.UDP6,
                           transports["UNIX seqpacket"] } do
        local s <close> = t:socket()
        s:settimeout(0)
        local fd = s:getfd()
        local before, all = identity(fd), native.fds()
        refusesall(s, name, methods[name])
        assert.equal(fd, s:getfd())
        assert.equal(before, identity(fd))
        assert.same(all, native.fds())
      end
    end)

    it(name .. " refuses them on a closed socket, too", function ()
      local s = core.socket("inet", "stream")
      s:close()
      refusesall(s, name, methods[name])
    end)

    it(name .. " refuses what is no socket", function ()
      local s <close> = core.socket("inet", "stream")
      local method = s[name]
      for _, self in ipairs { 80, "x", {}, true, print, io.stdout, to,
                              coroutine.create(print) } do
        local ok, message = pcall(method, self)
        assert.is_false(ok)
        assert.matches("bad argument #1 to .*sockeye.socket expected",
                       message)
      end
      local ok, message = pcall(method)
      assert.is_false(ok)
      assert.matches("bad argument #1 to .*got no value", message)
      ok, message = pcall(method, nil, s)
      assert.is_false(ok)
      assert.matches("bad argument #1 to", message)
    end)

    it(name .. " on a closed socket is \"closed\"", function ()
      local s = core.socket("inet", "stream")
      s:close()
      local known = { close = true, kind = true, settimeout = true,
                      gettimeout = true }
      local results = table.pack(call(s, name,
        table.unpack(goodarguments(methods[name]), 1, #methods[name])))
      assert.is_true(results[1], results[2])
      if known[name] then return end
      assert.is_nil(results[2])
      assert.equal("closed", results[4])
      assert.matches("^" .. name .. " .*closed$", results[3])
    end)

    it(name .. " on a socket of any kind is a value", function ()
      for kind, s in pairs(menagerie()) do
        local fd, before = s:getfd(), nil
        local changes = name == "close" or name == "detach"
        if name ~= "setinheritable" then before = identity(fd) end
        local function check(...)
          local results = table.pack(sane(kind .. ":" .. name,
                                          call(s, name, ...)))
          if name == "detach" then native.close(fd) end
          for i = 1, results.n do
            if results[i] ~= s then tidy(results[i]) end
          end
        end
        check(table.unpack(goodarguments(methods[name]), 1, #methods[name]))
        if not changes then
          check(table.unpack(goodarguments(methods[name]), 1,
            #methods[name] > 0 and methods[name][1].required and 1 or 0))
          assert.equal(fd, s:getfd())
          if before then assert.equal(before, identity(fd)) end
        end
        s:close()
      end
    end)
  end
end)

-- A great deal of nonsense: what comes is always the same, for the numbers
-- come from a generator of its own.
describe("nonsense", function ()
  local hostile = {
    0, 1, -1, 80, 65535, 65536, 65537, -2, 2^31 | 0, -(2^31 | 0) - 1,
    2^32 | 0, (2^32 | 0) + 1, 2^53 | 0, math.maxinteger, math.mininteger,
    80.5, 0.0, -0.0, 0 / 0, math.huge, -math.huge, "", "80", "\0", "a\0b",
    "x", huge, "inet", "stream", "peek", "oob", "rw", "127.0.0.1:0", "[::1]:0",
    "@sockeye-nonsense", "so_linger", "tcp_info", true, false, {}, { 1, "x" },
    { data = "x" }, { size = 10 }, print, io.stdout, to,
  }
  local seed = 20240607
  local function random(n)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n + 1
  end

  local function arguments()
    local values = { n = random(6) - 1 }
    for i = 1, values.n do
      local v = random(#hostile + 1)
      values[i] = hostile[v] -- nil for the last
    end
    return values
  end

  local function nonsense(object, name, rounds, skip)
    local stdout = identity(1)
    for _ = 1, rounds do
      local values = arguments()
      if not (skip and skip(values)) then
        local what = show(name, values)
        tidy(sane(what, call(object(), name, table.unpack(values, 1,
                                                          values.n))))
      end
    end
    assert.equal(stdout, identity(1))
  end

  -- Which look names up (the resolver's own spec does that), wait for ever when
  -- told to, or take away a descriptor that is in use when told to.
  local skips = {
    getaddrinfo = function () return true end,
    getnameinfo = function () return true end,
    poll = function (v) return v[2] == nil or v[2] ~= v[2] or v[2] == 1
                                or type(v[2]) == "number" and v[2] > 0 end,
    fromfd = function (v)
      return math.type(v[1]) == "integer" and v[1] >= 0 and v[1] < 70000
    end,
    wait = function (v) return type(v[2]) == "number" and v[2] > 0 end,
    settimeout = function () return true end,
  }

  for _, name in ipairs(sorted(functions)) do
    it("is survived by " .. name, function ()
      local before = native.fds()
      nonsense(function () return core end, name, 150, skips[name])
      collectgarbage()
      collectgarbage()
      assert.same(before, native.fds())
    end)
  end

  for _, name in ipairs(sorted(methods)) do
    it("is survived by the method " .. name, function ()
      local before = native.fds()
      for _, t in ipairs(transports) do
        local a, b = t:pair()
        local made = {}
        nonsense(function ()
          if name == "detach" or name == "close" then
            local c = a:dup()
            if name == "detach" then made[#made + 1] = c:getfd() end
            return c
          end
          a:settimeout(0)
          return a
        end, name, 60, skips[name])
        for _, fd in ipairs(made) do native.close(fd) end
        a:close()
        b:close()
      end
      collectgarbage()
      collectgarbage()
      assert.same(before, native.fds())
    end)
  end
end)

describe("what core takes from tables", function ()
  it("core.poll refuses other keys and values", function ()
    local s <close> = core.socket("inet", "stream")
    for _, bad in ipairs { { s = "r" }, { s }, { [s] = true }, { [s] = 1 },
                           { [s] = "x" }, { [s] = "" }, { [s] = "rr" } } do
      support.raises("bad argument #1 to 'sockeye.core.poll' (sockets: ",
                     core.poll, bad, 0)
    end
    s:close()
    support.fails("closed", core.poll, { [s] = "r" }, 0)
  end)

  it("a coroutine, a task and the main chunk refuse alike", function ()
    local messages = {}
    local function try()
      local a, b = core.socketpair()
      local _, message = call(a, "recv", -1)
      messages[#messages + 1] = message
      b:close()
    end
    try()
    coroutine.wrap(try)()
    core.loop.spawn(try)
    while core.loop.tasks() > 0 do core.loop.turn() end
    assert.equal(3, #messages)
    assert.equal(messages[1], messages[2])
    assert.equal(messages[1], messages[3])
    assert.matches("bad argument #1 to 'recv' %(n: ", messages[1])
  end)
end)
