-- What the specs share: local support = require "spec.support"
local native = require "spec.support.native"

local support = { native = native }

-- The module under test, loaded at the first use.
setmetatable(support, { __index = function (self, key)
  if key == "core" then
    local core = require "sockeye.core"
    rawset(self, key, core)
    return core
  end
end })

-- Seconds within which anything in a spec happens; more under slow tools.
support.patience = tonumber(os.getenv "SOCKEYE_PATIENCE") or 20

-- Ends the running test as pending; helper.lua sets it for each test.
function support.skip(reason)
  error(reason, 2)
end

-- By how much everything is slower, for tests that measure time.
support.slow = tonumber(os.getenv "SOCKEYE_SLOW") or 1

-- Under valgrind, which keeps descriptors for itself and the limit, too, and
-- gets to nothing but signals when they come too often.
support.valgrind = os.getenv "SOCKEYE_VALGRIND" ~= nil
if support.valgrind then
  local timer = native.timer
  function native.timer(first, again)
    return timer(first > 0 and math.max(first, 0.004) or 0,
                 again and again > 0 and math.max(again, 0.004) or 0)
  end
  function native.rlimit()
    support.skip "valgrind has its own limit of descriptors"
  end
end

--
-- Assertions
--

-- f(...) fails as a value: nil, a message and this code.  Gives the message.
function support.fails(code, f, ...)
  local results = table.pack(f(...))
  local value, message, got = table.unpack(results, 1, 3)
  if value ~= nil or type(message) ~= "string" or got ~= code then
    for i = 1, results.n do results[i] = tostring(results[i]) end
    error(("expected nil, message, %q; got: %s"):format(tostring(code),
      results.n == 0 and "nothing" or table.concat(results, ", ")), 2)
  end
  return message
end

-- f(...) raises an error that names the argument (any text, taken literally).
-- Gives the message.
function support.raises(argument, f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then
    for i = 2, results.n do results[i] = tostring(results[i]) end
    error(("expected an error about %q; got: %s"):format(argument,
      table.concat(results, ", ", 2)), 2)
  end
  local message = results[2]
  if type(message) ~= "string" or not message:find(argument, 1, true) then
    error(("expected an error about %q; got the error: %s"):format(argument,
      tostring(message)), 2)
  end
  return message
end

-- What is no integer in lo..hi, for tests of arguments: lo - 1, hi + 1, both
-- ends of every width a cast might wrap at, and what only looks like one.
function support.badintegers(lo, hi)
  local list = { 80.5, "80", 0 / 0, 1 / 0, -1 / 0, {}, true, print, "" }
  for _, n in ipairs { lo - 1, hi + 1, 65535, 65536, 2^31 | 0, -(2^31 | 0) - 1,
                       2^32 | 0, (2^32 | 0) + 80, 2^53 | 0, math.maxinteger,
                       math.mininteger } do
    if n < lo or n > hi then list[#list + 1] = n end
  end
  return list
end

-- Waits until f() is true, for what nothing tells about; fails otherwise.
function support.eventually(f, what)
  local deadline = native.now() + support.patience
  repeat
    local result = f()
    if result then return result end
    native.sleep(0.002)
  until native.now() > deadline
  error("never happened: " .. (what or "the condition"), 2)
end

--
-- Names and temporary files
--

local directory, owner
local count = 0

-- A path that nobody uses, in a directory that is removed after the run; short
-- enough for a UNIX address.
function support.tmpname()
  if owner ~= native.getpid() then
    directory = assert(native.mkdtemp("/tmp/sockeye-XXXXXX"))
    owner = native.getpid()
  end
  count = count + 1
  return ("%s/%d"):format(directory, count)
end

-- An abstract UNIX name that nobody uses.
function support.abstract()
  count = count + 1
  return ("@sockeye-%d-%d"):format(native.getpid(), count)
end

function support.cleanup()
  if directory and owner == native.getpid() then
    os.execute("rm -rf '" .. directory .. "'")
    directory, owner = nil, nil
  end
end

-- The path of a program, or nil.
function support.has(program)
  local path = os.getenv "PATH" or "/usr/bin:/bin"
  for place in path:gmatch "[^:]+" do
    local file = io.open(place .. "/" .. program)
    if file then
      file:close()
      return place .. "/" .. program
    end
  end
  return nil
end

--
-- Child processes
--

local Process = {}
Process.__index = Process
Process.__name = "process"

local processes = setmetatable({}, { __mode = "k" })
local born = 0

local function process(pid, stdin, stdout)
  local self = setmetatable({ pid = pid, stdin = stdin, stdout = stdout,
                              buffer = "" }, Process)
  born = born + 1
  processes[self] = born
  return self
end

-- Starts a program: support.spawn { "socat", "-", "tcp:127.0.0.1:80" }.  Its
-- standard input and output (with errtoo its standard error, too) are pipes.
function support.spawn(argv, errtoo)
  local pid, stdin, stdout = native.spawn(argv, errtoo)
  if not pid then error(stdin, 2) end
  return process(pid, stdin, stdout)
end

-- Starts a program on a terminal of its own, e.g. support.luaargv(code).
function support.pty(argv)
  local pid, fd = native.pty(argv)
  if not pid then error(fd, 2) end
  return process(pid, fd, fd)
end

-- Runs Python code; further arguments are sys.argv[1:].  It finds `socket`
-- imported.
function support.python(code, ...)
  local program = io.open("/usr/bin/python3")
  if program then program:close() end
  local argv = { program and "/usr/bin/python3" or "python3", "-u", "-c",
                 "import socket, sys, os\n" .. code }
  for i = 1, select("#", ...) do
    argv[#argv + 1] = tostring((select(i, ...)))
  end
  return support.spawn(argv)
end

-- The interpreter that runs the specs, with the same search paths.
function support.interpreter()
  local i = 0
  while arg and arg[i - 1] do i = i - 1 end
  return arg and arg[i] or "lua5.4"
end

-- A sanitizer's runtime, for processes that load our module, and only those.
support.preload = os.getenv "LD_PRELOAD" or ""
native.setenv "LD_PRELOAD"

-- Arguments for spawn and pty that run Lua code in a process of its own, which
-- finds the same modules.
function support.luaargv(code, ...)
  local setup = ("package.path=%q package.cpath=%q "):format(package.path,
                                                              package.cpath)
  return { "env", "LD_PRELOAD=" .. support.preload, support.interpreter(),
           "-e", setup .. code, ... }
end

function support.lua(code, errtoo)
  return support.spawn(support.luaargv(code), errtoo)
end

local function fill(self, deadline)
  if self.eof or not self.stdout then return false end
  local left = deadline - native.now()
  if left <= 0 then return nil end
  local data, problem = native.read(self.stdout, 65536, left)
  if data then
    self.buffer = self.buffer .. data
    return true
  end
  if problem == "timeout" then return nil end
  if problem then error(problem, 0) end
  self.eof = true
  return false
end

local function late(self, what)
  error(("the other process did not %s; so far: %q"):format(what, self.buffer),
        3)
end

-- The next line without its newline, nil at the end.
function Process:line(seconds)
  local deadline = native.now() + (seconds or support.patience)
  while true do
    local line, rest = self.buffer:match "^([^\n]*)\n(.*)$"
    if line then
      self.buffer = rest
      return line
    end
    local more = fill(self, deadline)
    if more == nil then late(self, "write a line") end
    if not more then
      line, self.buffer = self.buffer, ""
      return line ~= "" and line or nil
    end
  end
end

-- The next n bytes, less only at the end.
function Process:read(n, seconds)
  local deadline = native.now() + (seconds or support.patience)
  while #self.buffer < n do
    local more = fill(self, deadline)
    if more == nil then late(self, ("write %d bytes"):format(n)) end
    if not more then break end
  end
  local data = self.buffer:sub(1, n)
  self.buffer = self.buffer:sub(n + 1)
  return data
end

-- All until the end.
function Process:readall(seconds)
  local deadline = native.now() + (seconds or support.patience)
  repeat
    local more = fill(self, deadline)
    if more == nil then late(self, "end its output") end
  until not more
  local data = self.buffer
  self.buffer = ""
  return data
end

-- Reads until the Lua pattern is found; gives its captures (or the whole
-- match) and forgets all up to its end.
function Process:expect(pattern, seconds)
  local deadline = native.now() + (seconds or support.patience)
  while true do
    local found = table.pack(self.buffer:find(pattern))
    if found[1] then
      local whole = self.buffer:sub(found[1], found[2])
      self.buffer = self.buffer:sub(found[2] + 1)
      if found.n > 2 then return table.unpack(found, 3, found.n) end
      return whole
    end
    local more = fill(self, deadline)
    if more == nil or more == false then
      late(self, ("say %q"):format(pattern))
    end
  end
end

function Process:write(...)
  for i = 1, select("#", ...) do
    local ok, problem = native.write(self.stdin, (select(i, ...)))
    if not ok then error(problem, 2) end
  end
  return self
end

-- Ends its standard input.
function Process:finish()
  if self.stdin and self.stdin ~= self.stdout then native.close(self.stdin) end
  self.stdin = nil
  return self
end

function Process:kill(signal)
  if not self.kind then native.kill(self.pid, signal or native.SIGTERM) end
  return self
end

-- Waits for its end: "exit" and the status, or "signal" and the number.
function Process:wait(seconds)
  if not self.kind then
    local deadline = native.now() + (seconds or support.patience)
    repeat
      local kind, status = native.waitpid(self.pid, true)
      if kind then
        self.kind, self.status = kind, status
        break
      end
      if status then error(status, 2) end
      if native.now() > deadline then late(self, "end") end
      native.sleep(0.001)
    until false
  end
  return self.kind, self.status
end

-- Ends its input, waits, and expects success; gives the rest of its output.
function Process:succeed(seconds)
  self:finish()
  local rest = self:readall(seconds)
  local kind, status = self:wait(seconds)
  self:stop()
  if kind ~= "exit" or status ~= 0 then
    error(("the other process ended with %s %d: %s"):format(kind, status,
                                                             rest), 2)
  end
  return rest
end

-- Ends it, if it still runs, and closes its pipes.
function Process:stop()
  self:finish()
  if self.stdout then
    native.close(self.stdout)
    self.stdout = nil
  end
  if not self.kind then
    native.kill(self.pid, native.SIGKILL)
    native.kill(self.pid, native.SIGCONT)
    self.kind, self.status = native.waitpid(self.pid)
  end
end

Process.__gc = Process.stop
Process.__close = Process.stop

-- The number of the process last started.
function support.lastprocess()
  return born
end

-- Ends every process that is left of those started after that number.
function support.reap(number)
  for p, n in pairs(processes) do
    if n > number then p:stop() end
  end
end

--
-- Forks and namespaces
--

-- Runs f in a forked child with a watchdog of its own; raises what it raises,
-- and is pending when it is.
-- The child shares every socket.  Gives f's first result as a string.
function support.fork(f, ...)
  local r, w = assert(native.pipe())
  local pid, problem = native.fork()
  if not pid then error(problem, 2) end
  if pid == 0 then
    native.close(r)
    support.skip = function (reason)
      native.write(w, "~" .. tostring(reason))
      native.exit(0)
    end
    local ok, result = xpcall(f, function (e)
      return debug.traceback(tostring(type(e) == "table" and e.message or e))
    end, ...)
    native.write(w, (ok and "+" or "-") .. tostring(result))
    native.exit(0)
  end
  native.close(w)
  local parts = {}
  while true do
    local data, late_ = native.read(r, 65536, support.patience * 2)
    if not data then
      if late_ == "timeout" then native.kill(pid, native.SIGKILL) end
      break
    end
    parts[#parts + 1] = data
  end
  native.close(r)
  local kind, status = native.waitpid(pid)
  local text = table.concat(parts)
  if text:sub(1, 1) == "+" then return text:sub(2) end
  if text:sub(1, 1) == "~" then support.skip(text:sub(2)) end
  error(text ~= "" and "in the child: " .. text:sub(2)
        or ("the child ended with %s %d"):format(kind, status), 2)
end

-- Runs f in a child with a network namespace of its own, whose loopback is up;
-- the test is pending where that is not allowed.
function support.netns(f, ...)
  support.fork(function (...)
    local ok, problem = native.unshare()
    if not ok then support.skip("no network namespace: " .. problem) end
    f(...)
  end, ...)
end

-- Runs a shell command, which must succeed; gives its output.
function support.sh(command)
  local pipe = assert(io.popen("exec 2>&1; " .. command))
  local output = pipe:read "a"
  local ok, _, status = pipe:close()
  if not ok then
    error(("%s: status %d: %s"):format(command, status, output), 2)
  end
  return output
end

--
-- Transports
--

-- Each transport: name, family, type; connected (it has connections), stream
-- (bytes, no boundaries);
--   address()   a fresh address to bind to
--   socket()    a new socket, bound to nothing
--   bound()     a new socket, bound to a fresh address
--   listener()  one that listens (connected ones only)
--   pair()      two sockets, each connected to the other
local Transport = {}
Transport.__index = Transport

function Transport:socket()
  return assert(support.core.socket(self.family, self.type))
end

function Transport:bound()
  local s = self:socket()
  assert(s:bind(self:address()))
  return s
end

function Transport:listener(backlog)
  local s = self:bound()
  assert(s:listen(backlog))
  return s
end

function Transport:pair()
  if self.connected then
    local listener <close> = self:listener()
    local a = self:socket()
    assert(a:connect(assert(listener:getsockname())))
    local b = assert(listener:accept())
    return a, b
  end
  local a, b = self:bound(), self:bound()
  assert(a:connect(assert(b:getsockname())))
  assert(b:connect(assert(a:getsockname())))
  return a, b
end

local function inet() return assert(support.core.address("127.0.0.1", 0)) end
local function inet6() return assert(support.core.address("::1", 0)) end
local function unix()
  return assert(support.core.address(support.tmpname()))
end

local function transport(name, family, kind, address)
  return setmetatable({ name = name, family = family, type = kind,
                        address = address, connected = kind ~= "dgram",
                        stream = kind == "stream" }, Transport)
end

support.transports = {
  transport("TCP4", "inet", "stream", inet),
  transport("TCP6", "inet6", "stream", inet6),
  transport("UNIX stream", "unix", "stream", unix),
  transport("UNIX seqpacket", "unix", "seqpacket", unix),
  transport("UDP4", "inet", "dgram", inet),
  transport("UDP6", "inet6", "dgram", inet6),
  transport("UNIX datagram", "unix", "dgram", unix),
}
for _, t in ipairs(support.transports) do support.transports[t.name] = t end

-- Makes what a state makes once and keeps (the poller, the resolver's
-- notifier), so that it is not taken for a leak of the first test.
function support.warmup()
  local ok, core = pcall(require, "sockeye.core")
  if not ok or not core.socketpair then return end
  local a, b = core.socketpair("unix", "stream")
  if not a then return end
  a:settimeout(0.001)
  a:recv()
  if core.loop then -- the poller is opened by the first wait of a task
    core.loop.spawn(function () a:recv() end)
    while core.loop.tasks() > 0 do core.loop.turn() end
  end
  a:close()
  b:close()
  if core.getaddrinfo then core.getaddrinfo("127.0.0.1") end
  collectgarbage()
  collectgarbage()
end

return support
