-- send, sendall, sendto, recv, recvfrom, from both sides.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises
local transports = support.transports
local TCP4, UDP4 = transports.TCP4, transports.UDP4
local UNIX, DGRAM = transports["UNIX stream"], transports["UNIX datagram"]
local SEQ = transports["UNIX seqpacket"]

local function finish()
  while core.loop.tasks() > 0 do core.loop.turn() end
end

local function elapsed(f, ...)
  local begin = native.now()
  f(...)
  return native.now() - begin
end

-- Nothing but nil: the end.
local function ended(...)
  assert.same({ n = 1 }, table.pack(...))
end

-- f waits for about so many seconds, but does not spin.
local function calmly(seconds, f)
  local cpu = native.cputime()
  local time = elapsed(f)
  cpu = native.cputime() - cpu
  assert.is_true(time >= seconds and time < seconds + 2)
  assert(cpu < seconds / 3, ("%.3f s of processor time"):format(cpu))
end

-- Fills what lies between a socket and its peer; gives how much went in.
local function fill(s)
  local timeout, n = s:gettimeout(), 0
  s:settimeout(0)
  while true do
    local sent, _, code = s:send(("x"):rep(1000))
    if not sent then
      assert.equal("timeout", code)
      break
    end
    n = n + sent
  end
  s:settimeout(timeout)
  return n
end

local function readall(s)
  local parts = {}
  for part in function () return (s:recv()) end do parts[#parts + 1] = part end
  return table.concat(parts)
end

local bytes = {}
for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
bytes = table.concat(bytes)

local function every(which, title, f)
  for _, t in ipairs(transports) do
    if which(t) then it(t.name .. ": " .. title, function () f(t) end) end
  end
end

local function all() return true end
local function streams(t) return t.stream end
local function messages(t) return not t.stream end
local function connections(t) return t.connected end

describe("send and recv", function ()
  every(all, "carry every byte both ways, unchanged", function (t)
    local a, b = t:pair()
    assert.equal(256, a:send(bytes))
    assert.equal(bytes, b:recv())
    assert.equal(256, b:send(bytes))
    assert.equal(bytes, a:recv())
    assert.equal(3, a:send "\r\n\0")
    assert.equal("\r\n\0", b:recv())
  end)

  every(all, "name the call and the peer in messages", function (t)
    local a, b = t:pair()
    a:settimeout(0)
    local message = fails("timeout", a.recv, a)
    local peer = a:getpeername()
    assert.equal("recv " .. tostring(peer) .. ": timed out", message)
    assert(b)
  end)

  every(streams, "keep the order of bytes, not their boundaries",
        function (t)
    local a, b = t:pair()
    assert(a:send "one" == 3 and a:send "two" == 3)
    assert.equal("onetwo", b:recv(6, "waitall"))
    assert(a:send "abcdef")
    assert.equal("ab", b:recv(2))
    assert.equal("cd", b:recv(2))
    assert.equal("ef", b:recv(100))
  end)

  every(messages, "keep the boundaries of messages", function (t)
    local a, b = t:pair()
    a:send "one" a:send "two" a:send "three"
    assert.equal("one", b:recv())
    assert.equal("two", b:recv())
    assert.equal("three", b:recv())
  end)

  every(messages, "L04, L05: a longer message is cut, the next is the next",
        function (t)
    local a, b = t:pair()
    a:send "longer than that"
    a:send "next"
    assert.equal("longer", b:recv(6))
    assert.equal("next", b:recv(6))
  end)

  every(messages, "T10, L03, L05: an empty message is \"\", not the end",
        function (t)
    local a, b = t:pair()
    assert.equal(0, a:send "")
    assert.equal(1, a:send "x")
    assert.equal(0, a:send "")
    assert.equal("", b:recv())
    assert.equal("x", b:recv())
    assert.equal("", b:recv())
    b:settimeout(0)
    fails("timeout", b.recv, b)
  end)

  it("T10, L05: empty records before the end are told from it", function ()
    local a, b = SEQ:pair()
    a:send "" a:send "x" a:send "" a:send ""
    a:close()
    assert.equal("", b:recv())
    assert.equal("x", b:recv())
    assert.equal("", b:recv())
    assert.equal("", (b:recvfrom()))
    ended(b:recv())
    ended(b:recvfrom())
    ended(b:recv())
  end)

  it("T10, L05: also in a task that waits for them", function ()
    local a, b = SEQ:pair()
    local got = {}
    core.loop.spawn(function ()
      for record in function () return (b:recv()) end do
        got[#got + 1] = record
      end
    end)
    core.loop.spawn(function ()
      for _, record in ipairs { "", "x", "" } do
        a:send(record)
        core.loop.sleep(0)
      end
      a:close()
    end)
    finish()
    assert.same({ "", "x", "" }, got)
  end)

  every(connections, "the end of the stream is nil alone, again and again",
        function (t)
    local a, b = t:pair()
    a:send "last"
    a:close()
    assert.equal("last", b:recv())
    ended(b:recv())
    ended(b:recv())
    ended(b:recvfrom())
    if not t.stream then return end
    ended(b:recv(5, "waitall"))
  end)

  every(streams, "T10, L01: 0 bytes are \"\" at once, not the end",
        function (t)
    local a, b = t:pair()
    assert.equal("", b:recv(0)) -- nothing is there
    assert.equal("", (b:recvfrom(0)))
    assert.equal("", b:recv(0, "waitall"))
    a:send "x"
    assert.equal("", b:recv(0))
    assert.equal("x", b:recv())
    assert.equal(0, a:send "")
    b:settimeout(0)
    fails("timeout", b.recv, b)
    a:close()
    assert.equal("", b:recv(0))
    ended(b:recv(1))
  end)

  every(messages, "L01: 0 bytes of a message are \"\" and take it",
        function (t)
    local a, b = t:pair()
    a:send "gone" a:send "next"
    assert.equal("", b:recv(0))
    assert.equal("next", b:recv())
  end)

  every(all, "wait until there is something, in a task", function (t)
    local a, b = t:pair()
    local got
    core.loop.spawn(function () got = b:recv() end)
    core.loop.spawn(function () a:send "late" end)
    finish()
    assert.equal("late", got)
  end)

  every(all, "drive the loop outside of tasks", function (t)
    local a, b = t:pair()
    core.loop.spawn(function ()
      core.loop.sleep(0.005)
      a:send "from a task"
    end)
    assert.equal("from a task", b:recv())
    finish()
  end)

  it("take a part of what does not fit, and that is no error", function ()
    local a, b = UNIX:pair()
    local data = ("x"):rep(1 << 24)
    local n = assert(a:send(data))
    assert.is_true(n > 0 and n < #data)
    assert.equal(n, #b:recv(n, "waitall"))
  end)

  it("take i and j as string.sub does", function ()
    local a, b = UNIX:pair()
    local data = "0123456789"
    for _, c in ipairs {
      { 1 }, { 3 }, { -3 }, { 0 }, { 11 }, { 99 }, { -99 }, { 10 },
      { 1, 3 }, { 3, 3 }, { 4, 3 }, { -5, -2 }, { 1, 0 }, { 1, -1 },
      { 1, 99 }, { 0, 0 }, { -99, -99 }, { math.mininteger, math.maxinteger },
      { math.maxinteger, math.mininteger }, { 2, math.mininteger },
    } do
      local wanted = data:sub(table.unpack(c))
      assert.equal(#wanted, a:send(data, nil, table.unpack(c)))
      assert.equal(wanted, b:recv(#wanted))
      assert.equal(a, a:sendall(data, 0, table.unpack(c)))
      assert.equal(wanted, b:recv(#wanted))
    end
    assert.equal(4, a:send(data, "more", "dontroute", 3, 6))
    assert.equal("2345", b:recv())
  end)

  it("take more than a buffer's worth from a stream at once", function ()
    local a, b = UNIX:pair()
    local n = fill(a)
    assert.is_true(n > 65536)
    assert.equal(n, #b:recv(2^31 - 1 | 0))
  end)

  it("take messages of any size there can be", function ()
    for _, n in ipairs { 65507, 65000, 1 } do
      local a, b = UDP4:pair()
      assert.equal(n, a:send(("u"):rep(n)))
      assert.equal(n, #b:recv(65536))
    end
    local a, b = SEQ:pair()
    assert.equal(100000, a:send(("s"):rep(100000)))
    assert.equal(100000, #b:recv(200000))
  end)

  it("L18: a UDP datagram of 70,000 bytes is EMSGSIZE", function ()
    for _, name in ipairs { "UDP4", "UDP6" } do
      local a, b = transports[name]:pair()
      local message = fails("EMSGSIZE", a.send, a, ("x"):rep(70000))
      assert.equal("send " .. tostring(b:getsockname())
                   .. ": message too long", message)
      fails("EMSGSIZE", a.sendall, a, ("x"):rep(70000))
    end
  end)

  it("L18: broadcast without the option is EACCES", function ()
    local s <close> = UDP4:socket()
    local message = fails("EACCES", s.sendto, s, "x", "255.255.255.255", 9)
    assert.equal("sendto 255.255.255.255:9: permission denied", message)
  end)

  it("L09: what an unconnected socket says", function ()
    for _, name in ipairs { "TCP4", "TCP6" } do
      local s <close> = transports[name]:socket()
      fails("ENOTCONN", s.recv, s)
      fails("ENOTCONN", s.recvfrom, s)
      fails("ENOTCONN", s.recv, s, 5, "waitall")
      fails("EPIPE", s.send, s, "x")
      fails("EPIPE", s.sendall, s, "x")
    end
    for _, name in ipairs { "UDP4", "UDP6" } do
      local s <close> = transports[name]:socket()
      fails("EDESTADDRREQ", s.send, s, "x")
    end
    local s <close> = UNIX:socket()
    fails("EINVAL", s.recv, s)
    fails("ENOTCONN", s.send, s, "x")
    local d <close> = DGRAM:socket()
    fails("ENOTCONN", d.send, d, "x")
  end)

  it("L30: a TCP socket that was never connected does not wait", function ()
    local s <close> = TCP4:socket()
    assert.equal("rw", s:wait("rw", 5))
    core.loop.spawn(function () fails("ENOTCONN", s.recv, s) end)
    finish()
  end)

  every(messages, "shut down for reading it ends, and does not spin",
        function (t)
    local a, b = t:pair()
    b:send "before"
    assert(a:shutdown "r")
    assert.equal("before", a:recv())
    ended(a:recv())
    ended(a:recvfrom())
    core.loop.spawn(function () ended(a:recv()) end)
    finish()
  end)

  it("L15: a reset is ECONNRESET once, then the end, then EPIPE",
     function ()
    local a, b = TCP4:pair()
    assert(a:setoption("so_linger", 0))
    a:close()
    assert(b:wait("r", support.patience))
    local message = fails("ECONNRESET", b.recv, b)
    assert.equal("recv " .. tostring(b:getpeername() or "")
                 .. ": connection reset by peer",
                 (message:gsub("recv %S+:%d+", "recv ")))
    ended(b:recv())
    fails("EPIPE", b.send, b, "x")
    fails("EPIPE", b.sendall, b, "x")
  end)

  it("L17: connected UDP to a closed port: the next receive tells",
     function ()
    for _, name in ipairs { "UDP4", "UDP6" } do
      local a, b = transports[name]:pair()
      local to = a:getpeername()
      b:close()
      assert.equal(1, a:send "x")
      local message = fails("ECONNREFUSED", a.recv, a)
      assert.equal("recv " .. tostring(to) .. ": connection refused", message)
      a:settimeout(0)
      fails("timeout", a.recv, a)
    end
  end)

  it("L17: also while a task waits", function ()
    local a, b = UDP4:pair()
    b:close()
    local got
    core.loop.spawn(function () got = table.pack(a:recv()) end)
    core.loop.spawn(function () a:send "x" end)
    finish()
    assert.equal("ECONNREFUSED", got[3])
  end)

  it("L19: a UNIX datagram to a closed peer is ECONNREFUSED", function ()
    local a, b = DGRAM:pair()
    local to = b:getsockname()
    b:close()
    local message = fails("ECONNREFUSED", a.send, a, "x")
    assert.equal("send " .. tostring(to) .. ": connection refused", message)
    local c <close> = DGRAM:socket()
    fails("ECONNREFUSED", c.sendto, c, "x", to)
    fails("ENOENT", c.sendto, c, "x", support.tmpname())
  end)

  it("L21: descriptors that come are discarded by a plain receive",
     function ()
    local a, b = UNIX:pair()
    local before = native.fds()
    for _ = 1, 10 do
      assert(a:sendmsg { data = "x", fds = { a, b } })
      assert.equal("x", b:recv())
      assert(a:sendmsg { data = "y", fds = { a } })
      assert.equal("y", (b:recvfrom()))
    end
    assert.same(before, native.fds())
  end)

  it("T7, L23: no flag of the module's own shows", function ()
    for _, t in ipairs(transports) do
      local a, b = t:pair()
      a:send "x"
      local _, _, flags = b:recvfrom()
      assert.is_nil(flags)
    end
  end)

  it("L28: a small receive buffer cuts nothing on a stream", function ()
    local l <close> = TCP4:bound()
    assert(l:setsockopt(core.SOL_SOCKET, core.SO_RCVBUF, 1))
    assert.equal(2304, l:getsockopt(core.SOL_SOCKET, core.SO_RCVBUF))
    assert(l:listen())
    local a <close> = TCP4:socket()
    assert(a:connect(l:getsockname()))
    local b <close> = assert(l:accept())
    local data = bytes:rep(400)
    local got
    core.loop.spawn(function () got = readall(b) end)
    core.loop.spawn(function ()
      assert(a:sendall(data))
      a:shutdown "w"
    end)
    finish()
    assert.is_true(got == data)
  end)
end)

describe("sendall", function ()
  every(connections, "sends all of it, waiting as often as needed",
        function (t)
    local a, b = t:pair()
    local n = t.stream and 3000000 or 100000
    local data = bytes:rep(n // 256)
    local result, got
    core.loop.spawn(function ()
      result = a:sendall(data)
      a:shutdown "w"
    end)
    core.loop.spawn(function ()
      if t.stream then got = readall(b)
      else got = b:recv(1 << 20) end
    end)
    finish()
    assert.equal(a, result)
    assert.is_true(got == data)
  end)

  every(messages, "sends one message, also an empty one", function (t)
    local a, b = t:pair()
    assert.equal(a, a:sendall "")
    assert.equal(a, a:sendall "one")
    assert.equal("", b:recv())
    assert.equal("one", b:recv())
  end)

  every(streams, "after a timeout says how much has left, which arrives",
        function (t)
    local a, b = t:pair()
    a:settimeout(0.02)
    local data = bytes:rep(1 << 16)
    local _, message, code, sent = a:sendall(data)
    assert.equal("timeout", code)
    assert.equal("sendall " .. tostring(a:getpeername()) .. ": timed out",
                 message)
    assert.is_true(sent > 0 and sent < #data)
    a:close()
    local got = readall(b)
    assert.equal(sent, #got)
    assert.is_true(got == data:sub(1, sent))
  end)

  every(streams, "the rest goes on from there", function (t)
    local a, b = t:pair()
    local data = bytes:rep(1 << 14)
    local got
    core.loop.spawn(function () core.loop.sleep(0.02) got = readall(b) end)
    core.loop.spawn(function ()
      a:settimeout(0.001)
      local sent, turns = 0, 0
      while sent < #data do
        local ok, _, code, n = a:sendall(data, nil, sent + 1)
        if ok then break end
        assert(code == "timeout")
        sent = sent + n
        turns = turns + 1
        if turns % 10 == 0 then core.loop.sleep(0.001) end
      end
      a:close()
    end)
    finish()
    assert.is_true(got == data)
  end)

  it("after an error says how much has left", function ()
    local a, b = UNIX:pair()
    local got
    core.loop.spawn(function ()
      got = table.pack(a:sendall(("x"):rep(1 << 24)))
    end)
    core.loop.spawn(function ()
      b:recv(1000)
      b:close()
    end)
    finish()
    assert.is_true(got[3] == "EPIPE" or got[3] == "ECONNRESET", got[3])
    assert.is_true(got[4] > 0)
  end)

  it("a close by another task says how much has left", function ()
    local a, b = UNIX:pair()
    local got
    core.loop.spawn(function ()
      got = table.pack(a:sendall(("x"):rep(1 << 24)))
    end)
    core.loop.spawn(function () a:close() end)
    finish()
    assert.equal("closed", got[3])
    assert.equal(got[4], #readall(b))
  end)
end)

describe("sendto and recvfrom", function ()
  every(function (t) return not t.connected end,
        "send to an address and tell where from", function (t)
    local a, b = t:bound(), t:bound()
    local to = b:getsockname()
    assert.equal(5, a:sendto("hello", to))
    local data, from, flags = b:recvfrom()
    assert.same({ "hello" }, { data, flags })
    assert.equal(a:getsockname(), from)
    assert.equal(4, b:sendto("back", from))
    assert.equal("back", (a:recvfrom()))
    assert.equal(3, a:sendto("str", tostring(to)))
    assert.equal("str", b:recv())
    assert.equal(0, a:sendto("", to))
    local empty = table.pack(b:recvfrom())
    assert.equal("", empty[1])
    assert.equal(a:getsockname(), empty[2])
  end)

  it("take host and port, and flags after them", function ()
    local a, b = UDP4:bound(), UDP4:bound()
    local to = b:getsockname()
    assert.equal(1, a:sendto("1", to.host, to.port))
    assert.equal(1, a:sendto("2", to.host, to.port, "dontroute"))
    assert.equal(1, a:sendto("3", to, "dontroute", "confirm"))
    assert.equal(1, a:sendto("4", to, core.MSG_DONTROUTE))
    for i = 1, 4 do assert.equal(tostring(i), b:recv()) end
  end)

  it("give the same value for the same sender", function ()
    local a, b, c = UDP4:bound(), UDP4:bound(), UDP4:bound()
    local seen = {}
    for _ = 1, 3 do
      a:sendto("x", c:getsockname())
      b:sendto("x", c:getsockname())
      for _ = 1, 2 do
        local _, from = c:recvfrom()
        seen[from] = (seen[from] or 0) + 1
      end
    end
    assert.same({ [a:getsockname()] = 3, [b:getsockname()] = 3 }, seen)
  end)

  every(messages, "L04: a message that was cut says so", function (t)
    local a, b = t:pair()
    a:send "0123456789"
    a:send "whole"
    local data, _, flags, length = b:recvfrom(4)
    assert.equal("0123", data)
    assert.same({ trunc = true }, flags)
    assert.is_nil(length)
    assert.equal("whole", (b:recvfrom(5)))
  end)

  every(messages, "L02: with \"trunc\" the whole length is told",
        function (t)
    local a, b = t:pair()
    a:send "0123456789"
    local data, _, flags, length = b:recvfrom(4, "trunc")
    assert.equal("0123", data)
    assert.is_true(flags.trunc)
    assert.equal(10, length)
    a:send "012345"
    assert.same({ "012", 6 }, { b:recv(3, "trunc") })
    a:send "012345"
    assert.same({ "012345", 6 }, { b:recv(9, "trunc") })
    a:send "012345" -- how to learn the size of what comes
    assert.same({ "", 6 }, { b:recv(0, "peek", "trunc") })
    assert.equal("012345", b:recv(6))
  end)

  it("L02: \"trunc\" at the end of records is the end", function ()
    local a, b = SEQ:pair()
    a:close()
    ended(b:recv(5, "trunc"))
    ended(b:recvfrom(5, "trunc"))
  end)

  it("the flag that would throw a stream away is refused", function ()
    for _, t in ipairs(transports) do
      if t.stream then
        local a, b = t:pair()
        a:send "kept"
        raises("flags: 'trunc' would throw", b.recv, b, 4, "trunc")
        raises("flags: ", b.recvfrom, b, 4, core.MSG_TRUNC)
        assert.equal("kept", b:recv())
      end
    end
  end)

  it("L33: streams and unnamed senders have no address", function ()
    for _, t in ipairs(transports) do
      if t.stream then
        local a, b = t:pair()
        a:send "x"
        local got = table.pack(b:recvfrom())
        assert.same({ "x", n = 3 }, got)
      end
    end
    local b = DGRAM:bound()
    local a <close> = DGRAM:socket()
    a:sendto("x", b:getsockname())
    assert.same({ "x", n = 3 }, table.pack(b:recvfrom()))
  end)

  it("on a connection, another address is the system's to refuse",
     function ()
    local a, b = UNIX:pair()
    local _, _, code = a:sendto("x", "@elsewhere")
    assert.equal("EISCONN", code)
    b:close()
  end)

  it("IPv6 to an IPv4 socket is the system's to refuse", function ()
    local s <close> = UDP4:socket()
    local message = fails("EAFNOSUPPORT", s.sendto, s, "x", "::1", 9)
    assert.equal("sendto [::1]:9: address family not supported by protocol",
                 message)
  end)

  it("wait while the receiver is full, without spinning", function ()
    local b = DGRAM:bound()
    local to = b:getsockname()
    local a <close> = DGRAM:socket() -- always "writable"
    a:settimeout(0)
    local n = 0
    while a:sendto("x", to) do n = n + 1 end
    a:settimeout(0.3)
    calmly(0.3, function ()
      local message = fails("timeout", a.sendto, a, "y", to)
      assert.equal("sendto " .. tostring(to) .. ": timed out", message)
    end)
    a:settimeout(support.patience)
    local sent
    core.loop.spawn(function () sent = a:sendto("z", to) end)
    core.loop.spawn(function () for _ = 1, n do b:recv() end end)
    finish()
    assert.equal(1, sent)
    assert.equal("z", b:recv())
  end)

  it("wait for room at the connected receiver", function ()
    local a, b = DGRAM:pair()
    local n = fill(a) // 1000
    local sent
    core.loop.spawn(function () sent = a:send "z" end)
    core.loop.spawn(function () for _ = 1, n do b:recv() end end)
    finish()
    assert.equal(1, sent)
    assert.equal("z", b:recv())
  end)
end)

describe("flags", function ()
  every(all, "\"peek\" leaves the data", function (t)
    local a, b = t:pair()
    a:send "data"
    assert.equal("da", b:recv(2, "peek"))
    assert.equal("data", b:recv(10, "peek"))
    assert.equal("data", (b:recvfrom(10, "peek")))
    assert.equal("data", b:recv())
  end)

  every(all, "\"peek\" waits for the data", function (t)
    local a, b = t:pair()
    local got
    core.loop.spawn(function () got = b:recv(10, "peek") end)
    core.loop.spawn(function () a:send "data" end)
    finish()
    assert.equal("data", got)
    assert.equal("data", b:recv())
  end)

  every(connections, "\"peek\" at the end is the end", function (t)
    local a, b = t:pair()
    a:close()
    ended(b:recv(1, "peek"))
    ended(b:recv())
  end)

  every(all, "\"dontwait\" fails with EAGAIN instead of waiting",
        function (t)
    local a, b = t:pair()
    local message = fails("EAGAIN", b.recv, b, 10, "dontwait")
    assert.matches("^recv .*: resource temporarily unavailable$", message)
    fails("EAGAIN", b.recvfrom, b, 10, core.MSG_DONTWAIT)
    if t.stream then
      a:send "x"
      local _, _, code, got = b:recv(2, "waitall", "dontwait")
      assert.same({ "EAGAIN", "x" }, { code, got })
    end
    if not t.connected then return end
    fill(a)
    fails("EAGAIN", a.send, a, ("x"):rep(1000), "dontwait")
    local _, _, code, sent = a:sendall(("x"):rep(1000), "dontwait")
    assert.same({ "EAGAIN", 0 }, { code, sent })
  end)

  it("\"dontwait\" of sendto, too", function ()
    local b = DGRAM:bound()
    local a <close> = DGRAM:socket()
    local code
    repeat
      local ok, _, c = a:sendto("x", b:getsockname(), "dontwait")
      code = c
    until not ok
    assert.equal("EAGAIN", code)
  end)

  every(streams, "\"waitall\" waits for all bytes", function (t)
    local a, b = t:pair()
    local got
    core.loop.spawn(function () got = b:recv(9, "waitall") end)
    core.loop.spawn(function ()
      for _, part in ipairs { "one", "two", "three" } do
        a:send(part)
        core.loop.sleep(0)
      end
    end)
    finish()
    assert.equal("onetwothr", got)
    assert.equal("ee", b:recv())
  end)

  every(streams, "\"waitall\" of more than a buffer's worth", function (t)
    local a, b = t:pair()
    local data = bytes:rep(10000)
    local got
    core.loop.spawn(function () got = b:recv(#data, "waitall") end)
    core.loop.spawn(function () assert(a:sendall(data)) end)
    finish()
    assert.is_true(got == data)
  end)

  every(streams, "\"waitall\" loses nothing when time is up", function (t)
    local a, b = t:pair()
    a:send "part"
    b:settimeout(0.01)
    local r = table.pack(b:recv(10, "waitall"))
    assert.equal("timeout", r[3])
    assert.equal("part", r[4])
    assert.equal(4, r.n)
    assert.equal("recv " .. tostring(b:getpeername()) .. ": timed out", r[2])
    b:settimeout(0)
    r = table.pack(b:recv(10, "waitall"))
    assert.same({ nil, r[2], "timeout", n = 3 }, r)
  end)

  every(streams, "\"waitall\" loses nothing at the end", function (t)
    local a, b = t:pair()
    a:send "part"
    a:close()
    local r = table.pack(b:recv(10, "waitall"))
    assert.equal("eof", r[3])
    assert.equal("part", r[4])
    assert.matches("^recv .*: the stream ended$", r[2])
    ended(b:recv(10, "waitall"))
  end)

  it("\"waitall\" loses nothing at a reset", function ()
    local a, b = TCP4:pair()
    local got
    core.loop.spawn(function () got = table.pack(b:recv(10, "waitall")) end)
    core.loop.spawn(function ()
      a:send "part"
      core.loop.sleep(0)
      core.loop.sleep(0.005)
      a:setoption("so_linger", 0)
      a:close()
    end)
    finish()
    assert.equal("ECONNRESET", got[3])
    assert.equal("part", got[4])
  end)

  it("\"waitall\" loses nothing at a close by another task", function ()
    local a, b = UNIX:pair()
    a:send "part"
    local got
    core.loop.spawn(function () got = table.pack(b:recv(10, "waitall")) end)
    core.loop.spawn(function () b:close() end)
    finish()
    assert.equal("closed", got[3])
    assert.equal("part", got[4])
  end)

  every(messages, "\"waitall\" of a message is the message", function (t)
    local a, b = t:pair()
    a:send "short"
    assert.equal("short", b:recv(100, "waitall"))
  end)

  it("\"waitall\" and \"peek\" look at what is there", function ()
    local a, b = UNIX:pair()
    a:send "abc"
    assert.equal("abc", b:recv(10, "waitall", "peek"))
    assert.equal("abc", b:recv())
  end)

  for _, name in ipairs { "TCP4", "TCP6" } do
    it(name .. ": L29: an urgent byte stands beside the stream", function ()
      local a, b = transports[name]:pair()
      assert(a:send "before")
      assert.equal(1, a:send("!", "oob"))
      assert(a:send "after")
      assert.equal("p", b:wait("p", support.patience))
      assert.equal("!", b:recv(1, "oob"))
      assert.equal("before", b:recv(100)) -- stops at the mark
      assert.equal("after", b:recv(100))
      fails("EINVAL", b.recv, b, 1, "oob")
    end)

    it(name .. ": L29: wakes a task that waits for it", function ()
      local a, b = transports[name]:pair()
      local got
      core.loop.spawn(function ()
        assert(b:wait "p")
        got = b:recvfrom(1, "oob")
      end)
      core.loop.spawn(function () a:send("!", "oob") end)
      finish()
      assert.equal("!", got)
    end)

    it(name .. ": T30: \"waitall\" goes on past the mark", function ()
      local a, b = transports[name]:pair()
      a:send "123"
      a:send("!", "oob")
      a:send "456"
      assert.equal("123456", b:recv(6, "waitall"))
    end)
  end

  it("names and numbers are the same", function ()
    local a, b = UNIX:pair()
    a:send "data"
    assert.equal("data", b:recv(9, core.MSG_PEEK))
    assert.equal("data", b:recv(9, "peek", "dontwait"))
    assert.equal("data", b:recv(9, core.MSG_PEEK | core.MSG_DONTWAIT))
    assert.equal("data", b:recv(9, nil))
    raises("flags: unknown name 'peak'", b.recv, b, 9, "peak")
    raises("flags: unknown name 'peak'", b.recv, b, 9, "peek", "peak")
    raises("flags: ", a.send, a, "x", "obb")
    raises("flags: ", a.sendto, a, "x", "127.0.0.1:9", "obb")
  end)

  it("\"eor\" does not show in what recvfrom tells", function ()
    local a, b = SEQ:pair()
    assert(a:send("record", "eor"))
    local _, _, flags = b:recvfrom()
    assert.is_nil(flags)
  end)

  it("\"errqueue\" waits for an error and does not spin", function ()
    local a, b = UDP4:pair()
    b:close()
    assert(a:setoption("ip_recverr", true))
    for _, name in ipairs { "recv", "recvfrom" } do
      a:settimeout(0.3)
      calmly(0.3, function ()
        fails("timeout", a[name], a, 100, "errqueue")
      end)
    end
    a:settimeout(support.patience)
    assert(a:send "refused")
    -- the error itself first, then the queue tells what was sent
    fails("ECONNREFUSED", a.recv, a)
    local data, from, flags = a:recvfrom(100, "errqueue")
    assert.equal("refused", data)
    assert.equal(a:getpeername(), from)
    assert.is_true(flags.errqueue)
  end)

  it("\"errqueue\" while data are waiting does not spin", function ()
    local a, b = UDP4:pair()
    assert(a:setoption("ip_recverr", true))
    b:send "data"
    assert(a:wait("r", support.patience))
    for _, name in ipairs { "recv", "recvfrom" } do
      a:settimeout(0.3)
      calmly(0.3, function ()
        fails("timeout", a[name], a, 100, "errqueue")
      end)
    end
    assert.equal("data", a:recv())
  end)

  it("\"errqueue\" with nothing to come is EAGAIN", function ()
    local a, b = TCP4:pair()
    b:close()
    a:shutdown "w"
    assert(a:wait("r", support.patience))
    fails("EAGAIN", a.recv, a, 10, "errqueue")
    fails("EAGAIN", a.recvfrom, a, 10, "errqueue")
  end)

  it("UNIX sockets have no error queue and ignore \"errqueue\"", function ()
    local a, b = UNIX:pair()
    b:send "data"
    assert.equal("data", a:recv(10, "errqueue"))
    b:close()
    ended(a:recv(10, "errqueue"))
    ended(a:recvfrom(10, "errqueue"))
  end)

  it("an empty datagram on the error queue is \"\"", function ()
    local a, b = UDP4:pair()
    b:close()
    assert(a:setoption("ip_recverr", true))
    assert(a:send "")
    fails("ECONNREFUSED", a.recv, a)
    assert.equal("", a:recv(100, "errqueue"))
  end)
end)

describe("SIGPIPE", function ()
  local function quiet()
    assert.equal("default", native.disposition(native.SIGPIPE))
    assert.is_false(native.blocked(native.SIGPIPE))
    assert.is_false(native.pending(native.SIGPIPE))
  end

  every(connections, "T3: send to a dead peer is EPIPE, never the signal",
        function (t)
    quiet()
    local a, b = t:pair()
    b:close()
    support.eventually(function ()
      local _, _, code = a:send "x"
      return code == "EPIPE"
    end, "EPIPE")
    local _, _, code, sent = a:sendall "x"
    assert.same({ "EPIPE", 0 }, { code, sent })
    fails("EPIPE", a.send, a, "x", core.MSG_DONTROUTE)
    quiet()
  end)

  it("T3: nor does a write to a pipe without reader", function ()
    quiet()
    local r, w = native.pipe()
    local s <close> = assert(core.fromfd(w))
    native.close(r)
    local message = fails("EPIPE", s.send, s, "x")
    assert.equal("send socket (descriptor, fd " .. w .. "): broken pipe",
                 message)
    fails("EPIPE", s.sendall, s, "x")
    quiet()
  end)

  it("T3: one that was pending before stays, for its owner", function ()
    native.catch(native.SIGPIPE)
    native.blocked(native.SIGPIPE, true)
    native.kill(native.getpid(), native.SIGPIPE)
    local r, w = native.pipe()
    local s <close> = assert(core.fromfd(w))
    native.close(r)
    fails("EPIPE", s.send, s, "x")
    local pending = native.pending(native.SIGPIPE)
    local blocked = native.blocked(native.SIGPIPE)
    native.blocked(native.SIGPIPE, false)
    local caught = native.caught(native.SIGPIPE)
    native.default(native.SIGPIPE)
    assert.is_true(pending and blocked)
    assert.is_true(caught > 0)
    quiet()
  end)
end)

describe("EINTR", function ()
  local function shaken(f)
    native.catch(native.SIGALRM)
    native.timer(0.001, 0.001)
    local results = table.pack(pcall(f))
    native.timer(0)
    local n = native.caught(native.SIGALRM)
    native.default(native.SIGALRM)
    assert(table.unpack(results, 1, results.n))
    return n
  end

  every(all, "T1: is invisible in recv, and does not stretch its time",
        function (t)
    local a, b = t:pair()
    b:settimeout(0.03)
    local time
    local n = shaken(function ()
      time = elapsed(function () fails("timeout", b.recv, b) end)
    end)
    assert.is_true(n > 3)
    assert.is_true(time >= 0.03 and time < 2)
    assert(a)
  end)

  every(streams, "T1: loses no byte of a transfer", function (t)
    local a, b = t:pair()
    local data = bytes:rep(8000)
    local got
    shaken(function ()
      core.loop.spawn(function ()
        assert(a:sendall(data))
        a:shutdown "w"
      end)
      core.loop.spawn(function () got = readall(b) end)
      finish()
    end)
    assert.is_true(got == data)
  end)
end)

describe("deadlines", function ()
  every(all, "0 is now", function (t)
    local a, b = t:pair()
    b:settimeout(0)
    local time = elapsed(function ()
      for _ = 1, 100 do fails("timeout", b.recv, b) end
    end)
    assert.is_true(time < 2)
    a:send "there"
    assert(b:wait("r", support.patience))
    assert.equal("there", b:recv())
  end)

  every(all, "what came after a timeout is there for the next call",
        function (t)
    local a, b = t:pair()
    b:settimeout(0.005)
    fails("timeout", b.recv, b)
    fails("timeout", b.recvfrom, b)
    a:send "late"
    b:settimeout(nil)
    assert.equal("late", b:recv())
  end)

  every(streams, "a peer that dribbles does not stretch \"waitall\"",
        function (t)
    local a, b = t:pair()
    local stop, got
    core.loop.spawn(function ()
      while not stop do
        a:send "."
        core.loop.sleep(0.005)
      end
    end)
    b:settimeout(0.1)
    local time = elapsed(function ()
      got = table.pack(b:recv(1 << 20, "waitall"))
    end)
    stop = true
    finish()
    assert.equal("timeout", got[3])
    assert.matches("^%.+$", got[4])
    assert.is_true(time >= 0.1 and time < 2)
  end)

  every(streams, "a peer that sips does not stretch sendall", function (t)
    local a, b = t:pair()
    local stop, got
    fill(a)
    core.loop.spawn(function ()
      while not stop do
        b:recv(4096)
        core.loop.sleep(0.005)
      end
    end)
    a:settimeout(0.1)
    local time = elapsed(function ()
      got = table.pack(a:sendall(bytes:rep(1 << 16)))
    end)
    stop = true
    finish()
    assert.equal("timeout", got[3])
    assert.is_true(time >= 0.1 and time < 2)
  end)

  it("in tasks each waits for its own", function ()
    local order = {}
    for _, seconds in ipairs { 0.06, 0.02, 0.04 } do
      core.loop.spawn(function ()
        local a, b = core.socketpair()
        a:settimeout(seconds)
        fails("timeout", a.recv, a)
        order[#order + 1] = seconds
        b:close()
      end)
    end
    finish()
    assert.same({ 0.02, 0.04, 0.06 }, order)
  end)
end)

describe("two tasks", function ()
  it("may read and write one socket at the same time", function ()
    local a, b = UNIX:pair()
    local data = bytes:rep(4000)
    local got, back
    core.loop.spawn(function () assert(a:sendall(data)) a:shutdown "w" end)
    core.loop.spawn(function () back = readall(a) end)
    core.loop.spawn(function () got = readall(b) end)
    core.loop.spawn(function () assert(b:sendall(data)) b:shutdown "w" end)
    finish()
    assert.is_true(got == data and back == data)
  end)

  it("may not both read it: the second raises at once", function ()
    local a, b = UNIX:pair()
    local got
    core.loop.spawn(function () got = a:recv() end)
    core.loop.spawn(function ()
      raises("recv: another task is already reading", a.recv, a)
      raises("already reading", a.recvfrom, a)
      b:send "for the first"
    end)
    finish()
    assert.equal("for the first", got)
  end)
end)
