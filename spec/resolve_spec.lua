-- Names: getaddrinfo and getnameinfo on worker threads, services, protocols.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises

-- A name service that the spec commands; see spec/support/lookup.c.
local standin

local function buildstandin()
  if standin then return standin end
  local cc = os.getenv "CC" or "cc"
  if not support.has(cc:match "^%S+") then
    support.skip("no C compiler for the stand-in of the name service")
  end
  standin = support.tmpname() .. ".so"
  support.sh(("%s -std=c11 -D_GNU_SOURCE -O1 -shared -fPIC -pthread -o %s "
    .. "spec/support/lookup.c -ldl"):format(cc, standin))
  return standin
end

local prelude = [[
  local core = require "sockeye.core"
  local function say(...) print(...) io.stdout:flush() end
]]

local function argv(code)
  local preload = buildstandin()
  local list = support.luaargv(prelude .. code)
  assert(list[2]:find "^LD_PRELOAD=")
  list[2] = list[2] .. (list[2] == "LD_PRELOAD=" and "" or ":") .. preload
  return list
end

-- Runs code in a process of its own, with the stand-in.
local function commanded(code) return support.spawn(argv(code), true) end

local function elapsed(f, ...)
  local before = native.now()
  local results = table.pack(f(...))
  return native.now() - before, table.unpack(results, 1, results.n)
end

local notstrings = { true, {}, print, 80.5, 80, 0 / 0 }

-- The loop opens its poller for the first task, and keeps it.
local function startloop()
  core.loop.spawn(function () core.loop.sleep(0) end)
  while core.loop.turn() > 0 do end
end

describe("getaddrinfo", function ()
  setup(startloop)

  it("finds localhost", function ()
    local list = assert(core.getaddrinfo("localhost", 80, { type = "stream" }))
    assert.is_true(#list >= 1)
    for _, found in ipairs(list) do
      assert.is_true(found.address.host == "127.0.0.1"
                     or found.address.host == "::1")
      assert.equal(80, found.address.port)
      assert.equal(found.address.family, found.family)
      assert.equal("stream", found.type)
      assert.equal(core.IPPROTO_TCP, found.protocol)
      assert.is_nil(found.canonname)
    end
  end)

  it("gives addresses that are equal to those of core.address", function ()
    local list = assert(core.getaddrinfo("127.0.0.1", 80))
    assert.equal(core.address("127.0.0.1", 80), list[1].address)
  end)

  it("gives what core.socket takes", function ()
    local list = assert(core.getaddrinfo("127.0.0.1", 0, { type = "dgram" }))
    local found = list[1]
    local s <close> = assert(core.socket(found.family, found.type,
                                         found.protocol))
    assert(s:bind(found.address))
  end)

  it("takes a service by name, as text, and as a port", function ()
    for _, service in ipairs { "http", "80", 80 } do
      local list = assert(core.getaddrinfo("127.0.0.1", service,
                                           { type = "stream" }))
      assert.equal(1, #list)
      assert.equal(80, list[1].address.port)
    end
    for port, text in pairs { [0] = "0", [65535] = "65535" } do
      assert.equal(port, core.getaddrinfo("::1", port)[1].address.port)
      assert.equal(port, core.getaddrinfo("::1", text)[1].address.port)
    end
  end)

  it("finds this host's own addresses without a host", function ()
    for _, found in ipairs(assert(core.getaddrinfo(nil, 80))) do
      assert.is_true(found.address.host == "127.0.0.1"
                     or found.address.host == "::1")
    end
    for _, found in ipairs(assert(core.getaddrinfo(nil, 80,
                                                   { flags = "passive" }))) do
      assert.is_true(found.address.host == "0.0.0.0"
                     or found.address.host == "::")
    end
  end)

  it("obeys the hints", function ()
    local list = assert(core.getaddrinfo("::1", 53, { family = "inet6",
      type = "dgram", protocol = core.IPPROTO_UDP }))
    assert.equal(1, #list)
    assert.equal("inet6", list[1].family)
    assert.equal("dgram", list[1].type)
    list = assert(core.getaddrinfo("127.0.0.1", 53, { family = core.AF_INET6,
      type = core.SOCK_STREAM, flags = { "v4mapped" } }))
    assert.equal("::ffff:127.0.0.1", list[1].address.host)
    list = assert(core.getaddrinfo("localhost", nil,
                                   { flags = { "canonname", "addrconfig" } }))
    assert.equal("string", type(list[1].canonname))
    for i = 2, #list do assert.is_nil(list[i].canonname) end
    fails("EAI_NONAME", core.getaddrinfo, "localhost", 80,
          { flags = { "numerichost" } })
    fails("EAI_NONAME", core.getaddrinfo, "127.0.0.1", "http",
          { flags = { "numericserv" } })
  end)

  it("keeps the scope of an IPv6 literal", function ()
    local list = assert(core.getaddrinfo("fe80::1%lo", 80))
    assert.equal(core.address("fe80::1%lo", 80), list[1].address)
  end)

  it("T5: refuses a port of 99999 instead of wrapping it", function ()
    for _, text in ipairs { "99999", "65536", "4294967376",
                            "18446744073709551696", ("9"):rep(100) } do
      local message = fails("EAI_SERVICE", core.getaddrinfo, "127.0.0.1", text)
      assert.truthy(message:find("getaddrinfo 127.0.0.1:" .. text, 1, true))
    end
  end)

  it("T5: refuses ports that only strtoul takes for numbers", function ()
    for _, text in ipairs { "-1", "-5", "+80", " 80", "\t80", "080", "", "*",
                            "80.5", "80 ", "0x50", "nosuchservice",
                            ("x"):rep(256), ("x"):rep(100000) } do
      fails("EAI_SERVICE", core.getaddrinfo, "127.0.0.1", text)
    end
  end)

  it("T4: refuses hosts that are lenient IPv4 literals", function ()
    for _, host in ipairs { "127.1", "0x7f.1", "010.1.1.1", "1.2.3", "80",
                            "0x7f000001", "2130706433", "1.2.3.4 x",
                            "127.0.0.1 ", "127.0.0.0x1", "0177.0.0.1" } do
      local message = fails("EAI_NONAME", core.getaddrinfo, host, 80)
      assert.truthy(message:find(host, 1, true))
      fails("EAI_NONAME", core.getaddrinfo, host, 80,
            { flags = { "numerichost" } })
    end
  end)

  it("refuses hosts that cannot be, without asking anybody", function ()
    for _, host in ipairs { "", "*", ":", "::1::", "[::1]", "127.0.0.1:80",
                            "::1%nosuchinterface", ("x"):rep(1025),
                            ("x"):rep(1000000) } do
      local seconds = elapsed(fails, "EAI_NONAME", core.getaddrinfo, host, 80)
      assert.is_true(seconds < 1)
    end
  end)

  it("names the error", function ()
    fails("EAI_FAMILY", core.getaddrinfo, "127.0.0.1", 80,
          { family = "unix" })
    fails("EAI_SOCKTYPE", core.getaddrinfo, "127.0.0.1", 80,
          { type = "rdm" })
    fails("EAI_BADFLAGS", core.getaddrinfo, nil, 80,
          { flags = { "canonname" } })
    fails("EAI_BADFLAGS", core.getaddrinfo, "127.0.0.1", 80, { flags = -1 })
    fails("EAI_ADDRFAMILY", core.getaddrinfo, "127.0.0.1", 80,
          { family = "inet6" })
  end)

  it("raises on misuse, naming the argument", function ()
    raises("host", core.getaddrinfo)
    raises("host", core.getaddrinfo, nil, nil)
    for _, value in ipairs(notstrings) do
      raises("host", core.getaddrinfo, value, 80)
    end
    raises("host", core.getaddrinfo, "local\0host", 80)
    raises("service", core.getaddrinfo, "localhost", "ht\0tp")
    for _, value in ipairs(support.badintegers(0, 65535)) do
      if type(value) ~= "string" then
        raises("service", core.getaddrinfo, "localhost", value)
      end
    end
    for _, value in ipairs { true, 1, "x", print } do
      raises("hints", core.getaddrinfo, "localhost", 80, value)
    end
    raises("'familly'", core.getaddrinfo, "localhost", 80,
           { familly = "inet" })
    raises("unknown key", core.getaddrinfo, "localhost", 80, { "inet" })
    raises("'ipv4'", core.getaddrinfo, "localhost", 80, { family = "ipv4" })
    raises("'tcp'", core.getaddrinfo, "localhost", 80, { type = "tcp" })
    local bad = { family = {}, type = 80.5, protocol = "6", flags = true,
                  timeout = "1" }
    for name, value in pairs(bad) do
      raises("hints." .. name, core.getaddrinfo, "localhost", 80,
             { [name] = value })
    end
    for _, name in ipairs { "family", "type", "protocol" } do
      for _, value in ipairs { 1 << 31, 1 << 32, 1 << 53, math.maxinteger,
                               0 / 0 } do
        raises("hints." .. name, core.getaddrinfo, "localhost", 80,
               { [name] = value })
      end
    end
    for _, value in ipairs { -1, -0.5, 0 / 0 } do
      raises("hints.timeout", core.getaddrinfo, "localhost", 80,
             { timeout = value })
    end
    for _, value in ipairs { { "nosuch" }, { {} }, { passive = true },
                             { 1 << 31 }, "nosuch", { "passive", 0.5 } } do
      raises("hints.flags", core.getaddrinfo, "localhost", 80,
             { flags = value })
    end
  end)

  it("T19, T20: takes huge timeouts", function ()
    for _, seconds in ipairs { math.maxinteger, 1e300, math.huge } do
      assert(core.getaddrinfo("localhost", 80, { timeout = seconds }))
    end
  end)

  it("answers several tasks", function ()
    local answers = 0
    for _ = 1, 40 do
      core.loop.spawn(function ()
        assert(core.getaddrinfo("localhost", 80))
        answers = answers + 1
      end)
    end
    while core.loop.turn() > 0 do end
    assert.equal(40, answers)
  end)

  it("works in a plain coroutine", function ()
    local f = coroutine.wrap(function ()
      return #assert(core.getaddrinfo("localhost", 80))
    end)
    assert.is_true(f() >= 1)
  end)

  it("T18: starts afresh in a forked child", function ()
    assert(core.getaddrinfo("localhost", 80))
    assert.equal("yes", support.fork(function ()
      assert(core.getaddrinfo("localhost", 80))
      assert(core.getnameinfo("127.0.0.1", 80))
      return "yes"
    end))
    assert(core.getaddrinfo("localhost", 80))
  end)

  it("fails as a value when descriptors run out", function ()
    local message = support.fork(function ()
      native.rlimit(3)
      return fails("EMFILE", core.getaddrinfo, "localhost", 80)
    end)
    assert.truthy(message:find("getaddrinfo localhost:80", 1, true))
  end)
end)

describe("a slow name service", function ()
  it("holds up no longer than the deadline, and only the caller (T24)",
     function ()
    local p <close> = commanded [[
      local t = core.loop.now()
      say((select(2, core.getaddrinfo("held", 80, { timeout = 0.2 }))))
      local took = core.loop.now() - t
      say(took >= 0.2 and took < 10)
      say(core.getaddrinfo("localhost", 80) ~= nil)
    ]]
    p:expect "entered held\n"
    assert.equal("getaddrinfo held:80: timed out", p:line())
    assert.equal("true", p:line())
    assert.equal("true", p:line())
    p:expect "quiet\n"
    p:succeed()
  end)

  it("times out at once with a timeout of 0, where it has to wait", function ()
    local p <close> = commanded [[
      say(select(3, core.getaddrinfo("held", 80, { timeout = 0 })))
      say(select(3, core.getnameinfo("192.0.2.1", 80, nil, 0)))
      say(core.getaddrinfo("127.0.0.1", 80, { timeout = 0 }) ~= nil)
      say(core.getnameinfo("192.0.2.1", 80, { "numerichost", "numericserv" },
                           0))
    ]]
    local all = p:readall():gsub("entered [%w.]+\n", "")
    assert.equal("timeout\ntimeout\ntrue\n192.0.2.1\t80\nquiet\n", all)
  end)

  it("answers late, and is waited for", function ()
    local p <close> = commanded [[
      say(core.getaddrinfo("held", 80, { type = "stream" })[1].address)
      say(core.getnameinfo("192.0.2.1", 80))
    ]]
    p:expect "entered held\n"
    p:write "x"
    assert.equal("192.0.2.9:80", p:line())
    p:expect "entered 192.0.2.1\n"
    p:write "x"
    assert.equal("192.0.2.1\thttp", p:line())
    p:succeed()
  end)

  it("T23, T24: lets its state close while a lookup is under way", function ()
    for _, leave in ipairs { "", "os.exit(0, true)" } do
      local p <close> = commanded([[
        print(select(3, core.getaddrinfo("held1", 80, { timeout = 0.05 })))
        print(select(3, core.getnameinfo("192.0.2.1", 80, nil, 0.05)))
        core.loop.spawn(function () core.getaddrinfo("held2") end)
        while true do
          core.loop.turn(0.1)
          break
        end
      ]] .. leave)
      local all = p:readall()
      local _, timeouts = all:gsub("timeout\n", "")
      assert.equal(2, timeouts)
      assert.truthy(all:find "quiet\n")
      assert.same({ "exit", 0 }, { p:wait() })
    end
  end)

  it("T23: leaves no thread behind when its state closes", function ()
    local p <close> = commanded [[
      for i = 1, 5 do assert(core.getaddrinfo("localhost")) end
    ]]
    p:expect "quiet\n"
    p:succeed()
  end)

  it("runs lookups side by side, and other tasks with them", function ()
    local p <close> = commanded [[
      local ended, ticks = 0, 0
      for i = 1, 3 do
        core.loop.spawn(function ()
          assert(core.getaddrinfo("held" .. i))
          ended = ended + 1
        end)
      end
      core.loop.spawn(function ()
        while ended < 3 do
          ticks = ticks + 1
          core.loop.sleep(0.001)
        end
      end)
      while core.loop.turn() > 0 do end
      say(ended, ticks > 0)
    ]]
    -- all three are inside before one of them may go on
    for _ = 1, 3 do p:expect "entered held%d\n" end
    p:write "xxx"
    assert.equal("3\ttrue", p:line())
    p:succeed()
  end)

  it("bounds the threads; who gives up leaves nothing in the queue",
     function ()
    local p <close> = commanded [[
      local native = require "spec.support.native"
      local ended = 0
      local function hold(i, timeout)
        core.loop.spawn(function ()
          core.getaddrinfo("held" .. i, nil, { timeout = timeout })
          ended = ended + 1
        end)
      end
      for i = 1, 16 do hold(i) end
      core.loop.turn(0)
      local function count()
        local n = 0
        for _ in pairs(native.fds()) do n = n + 1 end
        return n
      end
      local before = count()
      for i = 17, 116 do hold(i, 0.01) end
      collectgarbage "stop"
      while ended < 100 do core.loop.turn() end
      say("descriptors", count() - before)
      for i = 117, 120 do hold(i) end
      while core.loop.turn() > 0 do end
      say("ended", ended)
    ]]
    local entered = {}
    local function enter(n)
      for _ = 1, n do
        entered[#entered + 1] = tonumber((p:expect "entered held(%d+)\n"))
      end
    end
    enter(16)
    assert.equal(0, tonumber((p:expect "descriptors\t(%-?%d+)\n")))
    p:write(("x"):rep(16))
    enter(4)
    p:write "xxxx"
    p:expect "ended\t120\n"
    table.sort(entered)
    for i = 17, 20 do assert.equal(i + 100, entered[i]) end
    p:succeed()
  end)

  it("T1, T2: is interrupted by Ctrl-C, and leaves nothing behind", function ()
    for _, call in ipairs { "pcall(core.getaddrinfo, 'held', 80)", [[
      coroutine.wrap(function ()
        return pcall(core.getaddrinfo, 'held', 80)
      end)()]] } do
      local p <close> = support.pty(argv([[
        local native = require "spec.support.native"
        local function count()
          local n = 0
          for _ in pairs(native.fds()) do n = n + 1 end
          return n
        end
        local before = count()
        collectgarbage "stop"
        say(]] .. call .. [[)
        say("descriptors", count() - before)
        os.exit(0, true)
      ]]))
      p:expect "entered held"
      p:write "\3"
      p:expect "false\tinterrupted!"
      -- the duplicate that the worker has
      p:expect "descriptors\t1"
      p:expect "quiet"
      assert.same({ "exit", 0 }, { p:wait() })
    end
  end)

  it("reports the errno behind EAI_SYSTEM, and other errors by name",
     function ()
    local p <close> = commanded [[
      say(select(3, core.getaddrinfo("system")))
      say(select(3, core.getaddrinfo("again", 80)))
    ]]
    assert.equal("ETOOMANYREFS", p:line())
    assert.equal("EAI_AGAIN", p:line())
    p:succeed()
  end)

  it("T1: leaves signals to the program's own threads", function ()
    local p <close> = commanded [[
      local native = require "spec.support.native"
      core.loop.spawn(function () core.getaddrinfo("held") end)
      core.loop.turn(0)
      core.loop.turn(0.05)
      for task in io.popen("ls /proc/" .. native.getpid() .. "/task"):lines()
      do
        if tonumber(task) ~= native.getpid() then
          local f = io.open("/proc/" .. native.getpid() .. "/task/" .. task
                            .. "/status")
          say(f:read "a":match "SigBlk:%s*(%x+)")
        end
      end
    ]]
    -- all but what the C library keeps for itself, KILL and STOP
    local blocked = tonumber(p:expect "(%x%x%x%x%x%x%x%x+)\n", 16)
    for _, signal in ipairs { native.SIGHUP, native.SIGINT, native.SIGUSR1,
                              native.SIGPIPE, native.SIGALRM, native.SIGTERM,
                              native.SIGCHLD } do
      assert.not_equal(0, blocked & 1 << (signal - 1))
    end
    p:succeed()
  end)

  it("T18: is lost to a child forked meanwhile, which can ask anew",
     function ()
    local p <close> = commanded [[
      local native = require "spec.support.native"
      core.loop.spawn(function ()
        say("parent", core.getaddrinfo("held", 80)[1].address)
      end)
      core.loop.turn(0)
      local pid = native.fork()
      if pid == 0 then
        say("child", core.getaddrinfo("localhost") ~= nil)
        native.exit(0)
      end
      say(native.waitpid(pid))
      say "waited"
      while core.loop.turn() > 0 do end
    ]]
    p:expect "child\ttrue\n"
    p:expect "exit\t0\nwaited\n"
    p:write "x"
    p:expect "parent\t192.0.2.9:80\n"
    p:succeed()
  end)
end)

describe("getnameinfo", function ()
  it("finds the names of an address", function ()
    local host, service = core.getnameinfo("127.0.0.1", 80)
    assert.equal("string", type(host))
    assert.equal("http", service)
    assert.same({ host, service },
                { core.getnameinfo(core.address("127.0.0.1", 80)) })
    assert.same({ host, service }, { core.getnameinfo("127.0.0.1:80") })
  end)

  it("takes flags by name, by number, and in a list", function ()
    local numeric = { "127.0.0.1", "80" }
    assert.same(numeric, { core.getnameinfo("127.0.0.1:80",
                                    { "numerichost", "numericserv" }) })
    assert.same({ "::1", "80" }, { core.getnameinfo("::1", 80,
                                    { "numerichost", "numericserv" }, 0) })
    assert.equal("127.0.0.1", (core.getnameinfo("127.0.0.1:80",
                                                "numerichost")))
    local _, service = core.getnameinfo("127.0.0.1:514",
                                        { "numerichost", "dgram" })
    local _, other = core.getnameinfo("127.0.0.1:514", "numerichost")
    assert.not_equal(service, other)
  end)

  it("fails as a value", function ()
    fails("EAI_FAMILY", core.getnameinfo, "/tmp/x")
    fails("EAI_FAMILY", core.getnameinfo, "@abstract")
    fails("EAI_BADFLAGS", core.getnameinfo, "127.0.0.1:80", 1 << 20)
  end)

  it("raises on misuse, naming the argument", function ()
    assert.has_error(function () core.getnameinfo() end)
    assert.has_error(function () core.getnameinfo({}) end)
    assert.has_error(function () core.getnameinfo("localhost:80") end)
    assert.has_error(function () core.getnameinfo("127.1", 80) end)
    local a = core.address("127.0.0.1", 80)
    for _, value in ipairs { true, print, 0.5, 1 << 31, "nosuch", { "nosuch" },
                             { numerichost = true }, { {} } } do
      raises("flags", core.getnameinfo, a, value)
    end
    for _, value in ipairs { -1, 0 / 0, "1", true, {} } do
      raises("timeout", core.getnameinfo, a, nil, value)
    end
  end)
end)

describe("services and protocols", function ()
  it("are found by name", function ()
    assert.same({ 80, "tcp" }, { core.getservbyname("http", "tcp") })
    assert.same({ 53, "udp" }, { core.getservbyname("domain", "udp") })
    local port, protocol = core.getservbyname "domain"
    assert.equal(53, port)
    assert.equal("string", type(protocol))
    assert.equal(6, core.getprotobyname "tcp")
    assert.equal(17, core.getprotobyname "UDP")
  end)

  it("are found by number", function ()
    assert.same({ "http", "tcp" }, { core.getservbyport(80, "tcp") })
    assert.same({ "domain", "udp" }, { core.getservbyport(53, "udp") })
    assert.equal("tcp", core.getprotobynumber(6))
    assert.equal("ip", core.getprotobynumber(0))
  end)

  it("fail as a value when there is none", function ()
    local message = fails("ENOENT", core.getservbyname, "nosuch")
    assert.equal("getservbyname nosuch: unknown service", message)
    fails("ENOENT", core.getservbyname, "http", "nosuch")
    fails("ENOENT", core.getservbyname, "")
    fails("ENOENT", core.getservbyname, ("x"):rep(100000))
    fails("ENOENT", core.getservbyport, 65535, "tcp")
    fails("ENOENT", core.getservbyport, 0)
    fails("ENOENT", core.getprotobyname, "nosuch")
    fails("ENOENT", core.getprotobyname, ("x"):rep(100000))
    fails("ENOENT", core.getprotobynumber, 2^31 - 1 | 0)
  end)

  it("raise on misuse, naming the argument", function ()
    for _, name in ipairs { "getservbyname", "getprotobyname" } do
      raises("name", core[name])
      raises("name", core[name], "a\0b")
      for _, value in ipairs(notstrings) do
        raises("name", core[name], value)
      end
    end
    raises("port", core.getservbyport)
    for _, value in ipairs(support.badintegers(0, 65535)) do
      raises("port", core.getservbyport, value)
    end
    raises("number", core.getprotobynumber)
    for _, value in ipairs { -1, 1 << 31, 1 << 32, math.maxinteger, 80.5, "6",
                             0 / 0 } do
      raises("number", core.getprotobynumber, value)
    end
    for _, value in ipairs(notstrings) do
      raises("protocol", core.getservbyname, "http", value)
      raises("protocol", core.getservbyport, 80, value)
    end
    raises("protocol", core.getservbyname, "http", "t\0cp")
  end)
end)
