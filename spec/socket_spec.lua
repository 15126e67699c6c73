-- Making, adopting, describing, handing over and closing sockets.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises

-- Turns the loop until every task has ended.
local function finish()
  while core.loop.tasks() > 0 do core.loop.turn() end
end

local function isopen(fd)
  return native.fds()[fd] ~= nil
end

-- What the system says about a descriptor's status flags.
local function statusflags(fd)
  for line in io.lines("/proc/self/fdinfo/" .. fd) do
    local flags = line:match "^flags:%s*(%d+)"
    if flags then return tonumber(flags, 8) & ~0x80000 end -- close-on-exec
  end
end

describe("socket", function ()
  it("takes names", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    assert.same({ "inet", "stream", 0 }, { s:kind() })
    local t <close> = assert(core.socket("unix", "seqpacket"))
    assert.same({ "unix", "seqpacket", 0 }, { t:kind() })
  end)

  it("takes numbers", function ()
    local s <close> = assert(core.socket(core.AF_INET6, core.SOCK_DGRAM,
                                         core.IPPROTO_UDP))
    assert.same({ "inet6", "dgram", core.IPPROTO_UDP }, { s:kind() })
  end)

  it("takes flags of the type for granted", function ()
    local s <close> = assert(core.socket("inet",
      core.SOCK_STREAM | core.SOCK_NONBLOCK | core.SOCK_CLOEXEC))
    assert.same({ "inet", "stream", 0 }, { s:kind() })
  end)

  it("makes every kind that fits", function ()
    for _, t in ipairs(support.transports) do
      local s <close> = t:socket()
      assert.same({ t.family, t.type, 0 }, { s:kind() })
    end
    local n <close> = assert(core.socket("netlink", "raw",
                                         core.NETLINK_ROUTE))
    assert.same({ "netlink", "raw", 0 }, { n:kind() })
  end)

  it("is close-on-exec and does not block", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    assert.is_true(native.cloexec(s:getfd()))
    assert.is_true(native.nonblocking(s:getfd()))
  end)

  it("L14: an unknown family is EAFNOSUPPORT", function ()
    local message = fails("EAFNOSUPPORT", core.socket, 250, "stream")
    assert.matches("^socket: ", message)
    fails("EAFNOSUPPORT", core.socket, -1, "stream")
    fails("EAFNOSUPPORT", core.socket, 2^31 - 1 | 0, "stream")
  end)

  it("L14: an unknown type is EINVAL", function ()
    fails("EINVAL", core.socket, "inet", 15)
    fails("EINVAL", core.socket, "inet", -1)
  end)

  it("L14: a protocol that does not match the type is EPROTONOSUPPORT",
     function ()
    fails("EPROTONOSUPPORT", core.socket, "inet", "stream", core.IPPROTO_UDP)
    fails("EPROTONOSUPPORT", core.socket, "inet", "dgram", core.IPPROTO_TCP)
  end)

  it("L35: MPTCP sockets are made on both families", function ()
    local IPPROTO_MPTCP = 262
    for _, family in ipairs { "inet", "inet6" } do
      local s, _, code = core.socket(family, "stream", IPPROTO_MPTCP)
      if not s and (code == "EPROTONOSUPPORT" or code == "ENOPROTOOPT") then
        support.skip("this kernel has no MPTCP")
      end
      assert(s)
      assert.matches("^socket %(mptcp, ", tostring(s))
    end
  end)

  it("refuses unknown names by name", function ()
    raises("family: unknown name 'inet7'", core.socket, "inet7", "stream")
    raises("type: unknown name 'steam'", core.socket, "inet", "steam")
    raises("family: unknown name", core.socket, "inet\0", "stream")
  end)

  it("says EMFILE and leaves nothing behind", function ()
    local before = native.fds()
    local highest = 0
    for fd in pairs(before) do highest = math.max(highest, fd) end
    local fillers = {}
    local old = native.rlimit(highest + 1)
    finally(function () native.rlimit(old) end)
    repeat
      local fd = native.open("/dev/null")
      fillers[#fillers + 1] = fd
    until not fd
    local _, message, code = core.socket("inet", "stream")
    local _, _, paircode = core.socketpair()
    native.rlimit(old)
    for _, fd in ipairs(fillers) do native.close(fd) end
    assert.equal("EMFILE", code)
    assert.matches("^socket: ", message)
    assert.equal("EMFILE", paircode)
    assert.same(before, native.fds())
  end)

  it("needs rights for raw sockets and says so", function ()
    if native.ids() == 0 then
      local s <close> = assert(core.socket("inet", "raw", core.IPPROTO_ICMP))
      assert.matches("^socket %(icmp, ", tostring(s))
    else
      fails("EPERM", core.socket, "inet", "raw", core.IPPROTO_ICMP)
    end
  end)
end)

describe("socketpair", function ()
  it("is a pair of UNIX streams unless told otherwise", function ()
    local a, b = core.socketpair()
    assert.same({ "unix", "stream", 0 }, { a:kind() })
    assert.same({ "unix", "stream", 0 }, { b:kind() })
    assert(a:send "x")
    assert.equal("x", b:recv())
  end)

  for _, kind in ipairs { "stream", "dgram", "seqpacket" } do
    it("makes two that are connected, " .. kind, function ()
      local a, b = core.socketpair("unix", kind)
      assert.is_true(native.cloexec(a:getfd()) and native.cloexec(b:getfd()))
      assert.is_true(native.nonblocking(a:getfd())
                     and native.nonblocking(b:getfd()))
      assert(a:sendall "there")
      assert.equal("there", b:recv())
      assert(b:sendall "back")
      assert.equal("back", a:recv())
    end)
  end

  it("fails for families that have no pairs", function ()
    local message = fails("EOPNOTSUPP", core.socketpair, "inet", "stream")
    assert.matches("^socketpair: ", message)
  end)
end)

describe("close", function ()
  for _, t in ipairs(support.transports) do
    it(t.name .. ": closes the descriptor, and again does nothing",
       function ()
      local s = t:socket()
      local fd = s:getfd()
      assert.is_true(isopen(fd))
      assert.equal(s, s:close())
      assert.is_false(isopen(fd))
      local other = native.open("/dev/null") -- takes the number
      finally(function () native.close(other) end)
      assert.equal(s, s:close())
      assert.is_true(isopen(other))
      assert.equal("socket (closed)", tostring(s))
    end)
  end

  it("happens at the end of a block with <close>", function ()
    local fd
    do
      local s <close> = assert(core.socket("inet", "stream"))
      fd = s:getfd()
    end
    assert.is_false(isopen(fd))
  end)

  it("happens when an error leaves a block with <close>", function ()
    local fd
    pcall(function ()
      local s <close> = assert(core.socket("inet", "stream"))
      fd = s:getfd()
      error "out"
    end)
    assert.is_false(isopen(fd))
  end)

  it("is done by the collector", function ()
    local before = native.fds()
    for _ = 1, 100 do
      assert(core.socket("inet", "stream"))
      assert(core.socketpair())
    end
    collectgarbage()
    collectgarbage()
    assert.same(before, native.fds())
  end)

  it("T26: a socket that was waited for is collected, too", function ()
    local before = native.fds()
    for _ = 1, 20 do
      core.loop.spawn(function ()
        local a, b = core.socketpair()
        a:settimeout(0.001):recv() -- registered with the loop
        b:close()
      end)
    end
    finish()
    collectgarbage()
    collectgarbage()
    assert.same(before, native.fds())
  end)

  it("T15: is done when the state closes, whatever the order", function ()
    local p <close> = support.lua [[
      local core = require "sockeye.core"
      socks = {}
      for i = 1, 50 do
        local a, b = core.socketpair()
        socks[i], socks[-i] = a, b
        core.loop.spawn(function () a:recv() end)
      end
      core.loop.turn(0)
      setmetatable({}, { __gc = function ()
        for _, s in pairs(socks) do s:close() end
      end })
      print "done"
    ]]
    assert.equal("done\n", p:succeed())
  end)

  it("tells the peer", function ()
    local a, b = core.socketpair()
    a:close()
    assert.same({ n = 1 }, table.pack(b:recv()))
  end)

  it("L31: a duplicate keeps the connection open until the last close",
     function ()
    local a, b = support.transports.TCP4:pair()
    local c = assert(a:dup())
    a:close()
    b:settimeout(0)
    fails("timeout", b.recv, b)
    assert(c:send "still here")
    b:settimeout(support.patience)
    assert.equal("still here", b:recv())
    c:close()
    assert.same({ n = 1 }, table.pack(b:recv()))
  end)

  it("every call on a closed socket says \"closed\"", function ()
    local s = assert(core.socket("inet", "stream"))
    s:close()
    local to = core.address "127.0.0.1:9"
    local file <close> = assert(io.open "/dev/null")
    for name, arguments in pairs {
      detach = {}, dup = {}, setinheritable = { true }, getfd = {},
      bind = { to }, listen = {}, connect = { to }, accept = {},
      shutdown = { "rw" }, getsockname = {}, getpeername = {},
      send = { "x" }, sendall = { "x" }, sendto = { "x", to },
      recv = {}, recvfrom = {}, sendfile = { file }, wait = { "r" },
    } do
      local message = fails("closed", s[name], s, table.unpack(arguments))
      assert.matches("^" .. name .. " .*: closed$", message)
    end
    fails("closed", s.recv, s, 0)
    fails("closed", s.recv, s, 0, "waitall")
    fails("closed", s.recv, s, 10, "waitall")
    fails("closed", s.send, s, "")
    -- these tell what is still known
    assert.same({ "inet", "stream", 0 }, { s:kind() })
    assert.equal(s, s:settimeout(3))
    assert.equal(3, s:gettimeout())
  end)

  it("T14: wakes the tasks that wait for it, with code \"closed\"",
     function ()
    local a, b = core.socketpair()
    while a:settimeout(0):send(("x"):rep(65536)) do end
    a:settimeout(nil)
    local got = {}
    core.loop.spawn(function () got.reader = table.pack(a:recv()) end)
    core.loop.spawn(function () got.writer = table.pack(a:sendall "y") end)
    core.loop.spawn(function () a:close() end)
    finish()
    assert.equal("closed", got.reader[3])
    assert.equal("closed", got.writer[3])
    assert.equal(0, got.writer[4])
    assert(b)
  end)

  it("T14: the number's next owner is not touched by who waited", function ()
    local a, b = core.socketpair()
    local c, d
    local fd = a:getfd()
    local got
    core.loop.spawn(function () got = table.pack(a:recv()) end)
    core.loop.spawn(function ()
      a:close()
      c, d = core.socketpair()
      d:send "not for a"
    end)
    finish()
    local c_, d_ = c, d
    assert.is_true(c:getfd() == fd or d:getfd() == fd)
    assert.equal("closed", got[3])
    assert.equal("not for a", c:recv())
    assert(b and c_ and d_)
  end)

  it("T12, L39: leaves nothing registered while a duplicate lives",
     function ()
    local a, b = core.socketpair()
    local copy <close> = assert(a:dup())
    local fd = a:getfd()
    core.loop.spawn(function ()
      a:settimeout(0.001):recv() -- registers it
      a:close()
      b:send "for the duplicate"
    end)
    finish()
    -- the number, in use again, is another socket to the loop
    local c, d = core.socketpair()
    assert.is_true(c:getfd() == fd or d:getfd() == fd)
    local got = {}
    core.loop.spawn(function () got[1] = c:recv() end)
    core.loop.spawn(function () got[2] = d:recv() end)
    core.loop.spawn(function () got[3] = copy:recv() end)
    core.loop.spawn(function () c:send "to d" d:send "to c" end)
    finish()
    assert.same({ "to c", "to d", "for the duplicate" }, got)
  end)

  it("reports what the system says, and has closed all the same", function ()
    local s = assert(core.socket("inet", "stream"))
    native.close(s:getfd()) -- what a careless program does
    local message = fails("EBADF", s.close, s)
    assert.matches("^close ", message)
    assert.equal("socket (closed)", tostring(s))
    assert.equal(s, s:close())
  end)
end)

describe("after a fork", function ()
  it("T18, T28: a child that closes does not unregister the parent's",
     function ()
    local a, b = core.socketpair()
    local got
    core.loop.spawn(function () got = a:recv() end)
    core.loop.turn(0) -- a is registered and waited for
    support.fork(function () a:close() b:close() end)
    b:send "still registered"
    finish()
    assert.equal("still registered", got)
  end)

  it("T18: the child's waits and the parent's do not meet", function ()
    local a, b = core.socketpair()
    local c, d = core.socketpair()
    local got
    core.loop.spawn(function () got = a:recv() end)
    core.loop.turn(0)
    local theirs = support.fork(function ()
      local mine
      core.loop.spawn(function () mine = c:recv() end)
      core.loop.spawn(function () d:send "in the child" end)
      while not mine do core.loop.turn() end
      return mine
    end)
    assert.equal("in the child", theirs)
    b:send "in the parent"
    finish()
    assert.equal("in the parent", got)
  end)

  it("T18: a socket shared with the child works in both", function ()
    local a, b = core.socketpair()
    support.fork(function () assert(b:send "from the child") end)
    assert.equal("from the child", a:recv())
    assert(b:send "from the parent")
    assert.equal("from the parent", a:recv())
  end)
end)

describe("detach", function ()
  it("gives the descriptor away and closes the socket", function ()
    local a, b = core.socketpair()
    local number = a:getfd()
    local fd = assert(a:detach())
    finally(function () native.close(fd) end)
    assert.equal(number, fd)
    assert.equal("socket (closed)", tostring(a))
    fails("closed", a.detach, a)
    a:close()
    assert.is_true(isopen(fd))
    native.write(fd, "raw")
    assert.equal("raw", b:recv())
  end)

  it("is undone by fromfd", function ()
    local a, b = core.socketpair("unix", "seqpacket")
    local c <close> = assert(core.fromfd(a:detach()))
    assert.same({ "unix", "seqpacket", 0 }, { c:kind() })
    assert(b:send "record")
    assert.equal("record", c:recv())
  end)

  it("wakes who waits", function ()
    local a, b = core.socketpair()
    local got, fd
    core.loop.spawn(function () got = table.pack(a:recv()) end)
    core.loop.spawn(function () fd = a:detach() end)
    finish()
    native.close(fd)
    assert.equal("closed", got[3])
    assert(b)
  end)

  it("takes it out of the loop", function ()
    local a, b = core.socketpair()
    core.loop.spawn(function () a:settimeout(0.001):recv() end)
    finish()
    local c <close> = assert(core.fromfd(a:detach()))
    local got
    core.loop.spawn(function () got = c:recv() end)
    core.loop.spawn(function () b:send "again" end)
    finish()
    assert.equal("again", got)
  end)
end)

describe("dup", function ()
  it("is another descriptor of the same connection", function ()
    for _, t in ipairs(support.transports) do
      local a, b = t:pair()
      a:settimeout(7)
      local c <close> = assert(a:dup())
      assert.not_equal(a:getfd(), c:getfd())
      assert.is_true(native.cloexec(c:getfd()))
      assert.same({ a:kind() }, { c:kind() })
      assert.equal(7, c:gettimeout())
      assert.equal(a:getsockname(), c:getsockname())
      assert(c:send "by the copy")
      assert.equal("by the copy", b:recv())
    end
  end)

  it("is closed on its own", function ()
    local a, b = core.socketpair()
    local c = assert(a:dup())
    c:close()
    assert(a:send "open")
    assert.equal("open", b:recv())
  end)
end)

describe("setinheritable", function ()
  it("sets whether programs inherit the descriptor", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    assert.equal(s, s:setinheritable(true))
    assert.is_false(native.cloexec(s:getfd()))
    assert.equal(s, s:setinheritable(false))
    assert.is_true(native.cloexec(s:getfd()))
  end)

  it("is what a started program sees", function ()
    local a, b = core.socketpair()
    local c <close> = core.socket("inet", "stream")
    a:setinheritable(true)
    local p <close> = support.python [[
for fd in (int(a) for a in sys.stdin.readline().split()):
  try: os.fstat(fd); print("open", flush=True)
  except OSError: print("no", flush=True)
]]
    p:write(a:getfd(), " ", c:getfd(), "\n")
    assert.equal("open", p:line())
    assert.equal("no", p:line())
    p:succeed()
    assert(b)
  end)
end)

describe("settimeout", function ()
  it("is nil, for ever, in the beginning", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    assert.is_nil(s:gettimeout())
    assert.equal(1, select("#", s:gettimeout()))
  end)

  it("reads back as it was given", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    for _, seconds in ipairs { 0, 1, 0.1, 0.25, 1e-9, 3600, 86400 * 365 } do
      assert.equal(s, s:settimeout(seconds))
      assert.equal(seconds, s:gettimeout())
    end
    assert.equal(s, s:settimeout(nil))
    assert.is_nil(s:gettimeout())
  end)

  it("T20: huge values saturate", function ()
    local a, b = core.socketpair()
    for _, seconds in ipairs { math.maxinteger, math.huge, 1e300, 2^53,
                               2^63, 9223372036, 9223372037, 2^31, 2^32 } do
      assert.equal(a, a:settimeout(seconds))
      local got
      core.loop.spawn(function () got = a:recv() end)
      core.loop.spawn(function () b:send "in time" end)
      finish()
      assert.equal("in time", got)
      -- and where no loop runs
      native.catch(native.SIGALRM)
      native.timer(0.01)
      local p <close> = support.python("print('!', end='')")
      local stdout <close> = assert(core.fromfd(native.dup(p.stdout)))
      stdout:settimeout(seconds)
      assert.equal("!", stdout:recv())
      native.timer(0)
      native.default(native.SIGALRM)
    end
  end)

  it("refuses what is no time", function ()
    local s <close> = assert(core.socket("inet", "stream"))
    s:settimeout(5)
    raises("seconds: -1 is negative", s.settimeout, s, -1)
    raises("seconds: ", s.settimeout, s, -0.001)
    raises("seconds: ", s.settimeout, s, math.mininteger)
    raises("seconds: ", s.settimeout, s, -math.huge)
    raises("seconds: not a number", s.settimeout, s, 0 / 0)
    raises("seconds: number expected, got string", s.settimeout, s, "1")
    raises("seconds: ", s.settimeout, s, {})
    raises("seconds: ", s.settimeout, s, true)
    raises("seconds: ", s.settimeout, s)
    assert.equal(5, s:gettimeout())
  end)
end)

describe("kind", function ()
  it("gives numbers where there is no name", function ()
    local s <close> = core.socket("inet", "raw", 253)
    if not s then support.skip "raw sockets need rights" end
    assert.same({ "inet", "raw", 253 }, { s:kind() })
  end)

  it("is nil for a descriptor that is no socket", function ()
    local file <close> = assert(io.open "/dev/null")
    local s <close> = assert(core.fromfd(file))
    assert.same({ n = 1 }, table.pack(s:kind()))
  end)
end)

describe("tostring", function ()
  it("tells all at a glance", function ()
    local listener <close> = support.transports.TCP4:listener()
    local at = tostring(listener:getsockname())
    assert.equal(("socket (tcp, fd %d, %s)"):format(listener:getfd(), at),
                 tostring(listener))
    local c <close> = support.transports.TCP4:socket()
    assert(c:connect(listener:getsockname()))
    local own = tostring(c:getsockname())
    assert.equal(("socket (tcp, fd %d, %s -> %s)"):format(c:getfd(), own, at),
                 tostring(c))
    local d <close> = assert(listener:accept())
    assert.equal(("socket (tcp, fd %d, %s -> %s)"):format(d:getfd(), at, own),
                 tostring(d))
  end)

  it("names each transport", function ()
    local names = { TCP4 = "tcp", TCP6 = "tcp", UDP4 = "udp", UDP6 = "udp",
                    ["UNIX stream"] = "unix stream",
                    ["UNIX seqpacket"] = "unix seqpacket",
                    ["UNIX datagram"] = "unix dgram" }
    for _, t in ipairs(support.transports) do
      local s <close> = t:bound()
      assert.equal(("socket (%s, fd %d, %s)"):format(names[t.name], s:getfd(),
                     tostring(s:getsockname())), tostring(s))
    end
  end)

  it("copes with names that hold any byte", function ()
    local s <close> = core.socket("unix", "stream")
    assert(s:bind(core.address("\0sockeye %s\0\1\255" .. native.getpid())))
    assert.matches("^socket %(unix stream, fd %d+, @", tostring(s))
  end)

  it("says \"descriptor\" for what is no socket", function ()
    local file <close> = assert(io.open "/dev/null")
    local s <close> = assert(core.fromfd(file))
    assert.equal(("socket (descriptor, fd %d)"):format(s:getfd()),
                 tostring(s))
  end)

  it("is safe for a number that was closed elsewhere", function ()
    local s = assert(core.socket("inet", "stream"))
    native.close(s:getfd())
    assert.matches("^socket %(tcp, fd %d+%)$", tostring(s))
    s:close()
  end)
end)

describe("fromfd", function ()
  for _, t in ipairs(support.transports) do
    it(t.name .. ": finds family, type and protocol out", function ()
      local a, b = t:pair()
      local protocol = select(3, a:kind())
      local c <close> = assert(core.fromfd(a:detach()))
      local family, kind, found = c:kind()
      assert.same({ t.family, t.type }, { family, kind })
      assert.equal(t.family == "unix" and protocol
                   or t.stream and core.IPPROTO_TCP or core.IPPROTO_UDP,
                   found)
      assert(c:send "adopted")
      assert.equal("adopted", b:recv())
      assert(b:send "back")
      assert.equal("back", c:recv())
    end)
  end

  it("owns a number, and makes it close-on-exec", function ()
    local r, w = native.pipe()
    local s = assert(core.fromfd(r))
    assert.equal(r, s:getfd())
    assert.is_true(native.cloexec(r))
    s:close()
    assert.is_false(isopen(r))
    native.close(w)
  end)

  it("makes an inheritable number close-on-exec, but for 0, 1 and 2",
     function ()
    local p <close> = support.lua [[
      local core = require "sockeye.core"
      local native = require "spec.support.native"
      local a = core.socketpair()
      a:setinheritable(true)
      local s = core.fromfd(a:detach())
      local out = core.fromfd(1)
      out:send(("%s %s\n"):format(native.cloexec(s:getfd()),
                                  native.cloexec(1)))
    ]]
    assert.equal("true false", p:line())
    p:succeed()
  end)

  it("takes a duplicate of a Lua file, which stays open", function ()
    local path = support.tmpname()
    local file = assert(io.open(path, "w+"))
    local s = assert(core.fromfd(file))
    assert(s:sendall "written")
    s:close()
    file:seek "set"
    assert.equal("written", file:read "a")
    file:close()
  end)

  it("reads from a program's pipe", function ()
    local pipe <close> = assert(io.popen("printf hello; printf ' world'"))
    local s <close> = assert(core.fromfd(pipe))
    local parts = {}
    for part in function () return s:recv(3) end do
      parts[#parts + 1] = part
    end
    assert.equal("hello world", table.concat(parts))
  end)

  it("reads and writes pipes, under the timeout", function ()
    local r, w = native.pipe()
    local reader, writer = core.fromfd(r), core.fromfd(w)
    reader:settimeout(0)
    fails("timeout", reader.recv, reader)
    assert.equal(5, writer:send "bytes")
    assert.equal("byt", reader:recv(3))
    assert.equal("es", reader:recv(3))
    reader:settimeout(0.01)
    fails("timeout", reader.recv, reader)
    writer:settimeout(0.01)
    local _, _, code, sent = writer:sendall(("x"):rep(1 << 20))
    assert.equal("timeout", code)
    assert.is_true(sent >= 4096 and sent < 1 << 20)
    writer:close()
    local n = 0
    for part in function () return reader:recv() end do n = n + #part end
    assert.equal(sent, n)
    assert.same({ n = 1 }, table.pack(reader:recv()))
  end)

  it("lets a pipe's other end go on in tasks", function ()
    local r, w = native.pipe()
    local reader <close>, writer = core.fromfd(r), core.fromfd(w)
    local data = ("0123456789"):rep(100000)
    local parts = {}
    core.loop.spawn(function ()
      for part in function () return reader:recv() end do
        parts[#parts + 1] = part
      end
    end)
    core.loop.spawn(function ()
      assert(writer:sendall(data))
      writer:close()
    end)
    finish()
    assert.is_true(data == table.concat(parts))
  end)

  it("files count as always ready", function ()
    local path = support.tmpname()
    local file = assert(io.open(path, "w"))
    file:write("0123456789"):close()
    file = assert(io.open(path))
    local s <close> = assert(core.fromfd(file))
    file:close()
    local got = {}
    core.loop.spawn(function ()
      got[1] = s:recv(4)
      got[2] = s:recv(100)
      got[3] = select("#", s:recv(100))
      got[4] = s:wait "r"
    end)
    finish()
    assert.same({ "0123", "456789", 1, "r" }, got)
  end)

  it("reads and writes a terminal", function ()
    local p <close> = support.pty { "sh", "-c",
      "stty -echo; read x; echo \"<$x>\"; read x" }
    local s <close> = assert(core.fromfd(native.dup(p.stdout)))
    s:settimeout(support.patience)
    assert(s:sendall "typed\n")
    local seen = ""
    repeat seen = seen .. assert(s:recv()) until seen:find "<typed>"
  end)

  it("T27: leaves the status flags of pipes and files as they are",
     function ()
    local r, w = native.pipe()
    local before = { statusflags(r), statusflags(w) }
    local reader, writer = core.fromfd(r), core.fromfd(w)
    reader:settimeout(0):recv()
    writer:settimeout(0):sendall(("x"):rep(1 << 18))
    core.loop.spawn(function () reader:recv(1 << 18) end)
    core.loop.spawn(function () writer:settimeout(0.001):sendall "y" end)
    finish()
    assert.same(before, { statusflags(r), statusflags(w) })
    assert.is_false(native.nonblocking(r) or native.nonblocking(w))
  end)

  it("T27: leaves the status flags of a terminal as they are", function ()
    local p <close> = support.pty { "sh", "-c", "read x" }
    local before = statusflags(p.stdout)
    local s <close> = assert(core.fromfd(native.dup(p.stdout)))
    s:settimeout(0):recv()
    core.loop.spawn(function () s:settimeout(0.001):recv() end)
    finish()
    assert(s:settimeout(1):send "x\n")
    assert.equal(before, statusflags(p.stdout))
  end)

  it("T27: leaves the status flags of sockets as they are, and never blocks",
     function ()
    for _, t in ipairs(support.transports) do
      local a, b = t:pair()
      native.nonblocking(a:getfd(), false)
      local s <close> = assert(core.fromfd(a:detach()))
      local before = statusflags(s:getfd())
      s:settimeout(0)
      fails("timeout", s.recv, s)
      fails("timeout", s.recvfrom, s)
      s:settimeout(0.001)
      fails("timeout", s.recv, s)
      core.loop.spawn(function () s:recv() end)
      finish()
      if t.connected then
        s:settimeout(0)
        while s:send(("x"):rep(1000)) do end
        fails("timeout", s.send, s, "y")
      end
      assert(b:send "z")
      assert.equal("z", s:settimeout(1):recv())
      assert.equal(before, statusflags(s:getfd()))
    end
  end)

  it("T27: accept and connect of a borrowed socket do not block either",
     function ()
    local l = support.transports.TCP4:listener(0)
    native.nonblocking(l:getfd(), false)
    local listener <close> = assert(core.fromfd(l:detach()))
    listener:settimeout(0.01)
    fails("timeout", listener.accept, listener)
    assert.is_false(native.nonblocking(listener:getfd()))
    local to = listener:getsockname()
    local c <close> = support.transports.TCP4:socket()
    assert(c:connect(to))
    -- the queue of one is full: a further connect would block (L37)
    local b = support.transports.TCP4:socket()
    native.nonblocking(b:getfd(), false)
    local borrowed <close> = assert(core.fromfd(b:detach()))
    borrowed:settimeout(0.02)
    local begin = native.now()
    fails("timeout", borrowed.connect, borrowed, to)
    assert.is_true(native.now() - begin < 2)
    assert.is_false(native.nonblocking(borrowed:getfd()))
    assert.equal(0, borrowed:getoption "so_sndtimeo" or 0)
    -- it goes on in the kernel
    assert(listener:accept())
    borrowed:settimeout(support.patience)
    assert(borrowed:connect(to))
    local peer <close> = assert(listener:accept())
    assert(borrowed:send "connected")
    assert.equal("connected", peer:recv())
  end)

  it("T27: sendfile to a borrowed socket does not block", function ()
    local a, b = core.socketpair()
    native.nonblocking(a:getfd(), false)
    local s <close> = assert(core.fromfd(a:detach()))
    local path = support.tmpname()
    assert(io.open(path, "w")):write(("x"):rep(1 << 20)):close()
    local file <close> = assert(io.open(path))
    s:settimeout(0.01)
    local _, _, code, sent = s:sendfile(file)
    assert.equal("timeout", code)
    assert.is_true(sent > 0)
    local got = b:recv(sent, "waitall")
    assert.equal(sent, #got)
  end)

  it("says what it does not take", function ()
    fails("EBADF", core.fromfd, 2^31 - 1 | 0)
    raises("descriptor: ", core.fromfd)
    raises("descriptor: ", core.fromfd, "1")
    raises("descriptor: ", core.fromfd, {})
    raises("descriptor: ", core.fromfd, -1)
    raises("descriptor: ", core.fromfd, 2^31 | 0)
    raises("descriptor: ", core.fromfd, 1.0)
    local file = assert(io.open "/dev/null")
    file:close()
    raises("descriptor: ", core.fromfd, file)
    local s <close> = core.socket("inet", "stream")
    raises("descriptor: ", core.fromfd, s)
  end)

  it("sockets' own calls fail on what is none", function ()
    local r, w = native.pipe()
    local reader, writer = core.fromfd(r), core.fromfd(w)
    local to = core.address "127.0.0.1:9"
    for name, arguments in pairs {
      bind = { to }, listen = {}, connect = { to }, accept = {},
      shutdown = { "r" }, getsockname = {}, getpeername = {},
      sendto = { "x", to }, recvfrom = {},
    } do
      reader:settimeout(0)
      writer:send "x" -- accept looks for readiness first
      local message = fails("ENOTSOCK", reader[name], reader,
                            table.unpack(arguments))
      assert.matches("^" .. name .. " ", message)
    end
    raises("flags: only sockets take flags", reader.recv, reader, 1, "peek")
    raises("flags: only sockets take flags", writer.send, writer, "x", "oob")
  end)
end)
