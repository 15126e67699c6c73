-- bind, connect, listen, accept, shutdown, and the names.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises
local transports = support.transports
local TCP4, TCP6 = transports.TCP4, transports.TCP6
local UDP4, UNIX = transports.UDP4, transports["UNIX stream"]

local function finish()
  while core.loop.tasks() > 0 do core.loop.turn() end
end

local function elapsed(f, ...)
  local begin = native.now()
  f(...)
  return native.now() - begin
end

-- An address at which nobody listens any more: nothing else on this machine
-- gets it while the socket bound to it lives.
local function refusing()
  local s = TCP4:bound()
  return s:getsockname(), s
end

-- A listener whose queue is full: further connects hang (L37).
local function fulllistener()
  local listener = TCP4:listener(0)
  local first = TCP4:socket()
  assert(first:connect(listener:getsockname()))
  return listener, first
end

describe("bind", function ()
  for _, t in ipairs(transports) do
    it(t.name .. ": gives the socket its address", function ()
      local s <close> = t:socket()
      local wanted = t.address()
      assert.equal(s, s:bind(wanted))
      local got = assert(s:getsockname())
      assert.equal(wanted.family, got.family)
      if t.family == "unix" then
        assert.equal(wanted, got)
      else
        assert.equal(wanted.host, got.host)
        assert.is_true(got.port > 0)
      end
    end)

    it(t.name .. ": L11: twice is EINVAL", function ()
      local s <close> = t:bound()
      fails("EINVAL", s.bind, s, t.address())
    end)

    it(t.name .. ": names the call and the address", function ()
      local s <close> = t:bound()
      local other <close> = t:socket()
      local to = s:getsockname()
      local message = fails("EADDRINUSE", other.bind, other, to)
      assert.equal("bind " .. tostring(to) .. ": address already in use",
                   message)
    end)
  end

  it("takes an address, a string, or host and port", function ()
    for _, arguments in ipairs {
      { core.address("127.0.0.1", 0) }, { "127.0.0.1:0" }, { "127.0.0.1", 0 },
    } do
      local s <close> = TCP4:socket()
      assert.equal(s, s:bind(table.unpack(arguments)))
      assert.equal("127.0.0.1", s:getsockname().host)
    end
    local s <close> = TCP6:socket()
    assert(s:bind("::1", 0))
    local u <close> = UNIX:socket()
    assert(u:bind(support.tmpname()))
  end)

  it("L11: a port in LISTEN is EADDRINUSE even with address reuse",
     function ()
    local listener <close> = TCP4:socket()
    assert(listener:setoption("so_reuseaddr", true))
    assert(listener:bind("127.0.0.1:0"))
    assert(listener:listen())
    local s <close> = TCP4:socket()
    assert(s:setoption("so_reuseaddr", true))
    fails("EADDRINUSE", s.bind, s, listener:getsockname())
  end)

  it("L11: an address that is not this machine's is EADDRNOTAVAIL",
     function ()
    local s <close> = TCP4:socket()
    local message = fails("EADDRNOTAVAIL", s.bind, s, "192.0.2.1", 0)
    assert.matches("^bind 192%.0%.2%.1:0: ", message)
  end)

  it("L12: v4 and v6-only wildcards share a port", function ()
    local four <close> = TCP4:socket()
    assert(four:bind("0.0.0.0", 0))
    local six <close> = TCP6:socket()
    assert(six:setoption("ipv6_v6only", true))
    assert(six:bind("::", four:getsockname().port))
    assert(four:listen())
    assert(six:listen())
  end)

  it("L12: a dual-stack wildcard does not share it with v4", function ()
    local four <close> = TCP4:socket()
    assert(four:bind("0.0.0.0", 0))
    assert(four:listen())
    local six <close> = TCP6:socket()
    assert(six:setoption("ipv6_v6only", false))
    fails("EADDRINUSE", six.bind, six, "::", four:getsockname().port)
  end)

  it("another family's address is the system's to refuse", function ()
    local s <close> = TCP4:socket()
    fails("EAFNOSUPPORT", s.bind, s, "::1", 0)
    local u <close> = UNIX:socket()
    fails("EINVAL", u.bind, u, "127.0.0.1", 0)
  end)

  it("T6: takes a UNIX name of the whole 108 bytes, refuses 109", function ()
    local long = "@" .. ("n"):rep(100 - #tostring(native.getpid()))
                 .. native.getpid()
    long = long .. ("x"):rep(108 - #long)
    local s <close> = UNIX:socket()
    assert(s:bind(long))
    assert.equal(long, tostring(s:getsockname()))
    assert(s:listen())
    local c <close> = UNIX:socket()
    assert(c:connect(long))
    assert(c:connect(long) == nil)
    raises("address: ", c.connect, c, long .. "x")
    raises("address: ", s.bind, s, "/" .. ("d"):rep(108))
  end)

  it("T5: refuses a port of 99999 instead of wrapping it", function ()
    local s <close> = TCP4:socket()
    raises("99999", s.bind, s, "127.0.0.1", 99999)
    raises("address: ", s.bind, s, "127.0.0.1:99999")
  end)

  it("L19: a path that is there is EADDRINUSE, even a stale one", function ()
    local s = UNIX:bound()
    local path = s:getsockname()
    s:close()
    local t <close> = UNIX:socket()
    fails("EADDRINUSE", t.bind, t, path)
    os.remove(path.path)
    assert(t:bind(path))
  end)

  it("a directory that is not there is ENOENT", function ()
    local s <close> = UNIX:socket()
    local path = support.tmpname() .. "/not/there"
    local message = fails("ENOENT", s.bind, s, path)
    assert.equal("bind " .. path .. ": no such file or directory", message)
  end)
end)

describe("listen", function ()
  for _, t in ipairs(transports) do
    if t.connected then
      it(t.name .. ": makes it accept connections", function ()
        local s <close> = t:bound()
        assert.equal(s, s:listen(5))
        local c <close> = t:socket()
        assert.equal(c, c:connect(s:getsockname()))
        local d <close> = assert(s:accept())
        assert(d:send "hello")
        assert.equal("hello", c:recv())
      end)
    else
      it(t.name .. ": there are no connections: EOPNOTSUPP", function ()
        local s <close> = t:bound()
        local message = fails("EOPNOTSUPP", s.listen, s)
        assert.equal("listen " .. tostring(s:getsockname())
                     .. ": operation not supported", message)
        fails("EOPNOTSUPP", s.accept, s)
      end)
    end
  end

  it("L10: on an unbound TCP socket picks a port", function ()
    local s <close> = TCP4:socket()
    assert(s:listen())
    local at = s:getsockname()
    assert.equal("0.0.0.0", at.host)
    assert.is_true(at.port > 0)
    local c <close> = TCP4:socket()
    assert(c:connect("127.0.0.1", at.port))
  end)

  it("an unbound UNIX socket is EINVAL", function ()
    local s <close> = UNIX:socket()
    fails("EINVAL", s.listen, s)
  end)

  it("takes any backlog from 0 on", function ()
    for _, n in ipairs { 0, 1, 128, 65536, 2^31 - 1 | 0 } do
      local s <close> = TCP4:bound()
      assert.equal(s, s:listen(n))
    end
  end)

  it("may be called again", function ()
    local s <close> = TCP4:listener()
    assert.equal(s, s:listen(1))
  end)
end)

describe("connect", function ()
  for _, t in ipairs(transports) do
    it(t.name .. ": gives the socket itself, so that calls chain",
       function ()
      local s <close> = t.connected and t:listener() or t:bound()
      local c <close> = t:socket()
      assert.equal(c, c:connect(s:getsockname()))
      assert.equal(s:getsockname(), c:getpeername())
    end)
  end

  it("takes an address, a string, or host and port", function ()
    local l <close> = TCP4:listener()
    local at = l:getsockname()
    for _, arguments in ipairs { { at }, { tostring(at) },
                                 { at.host, at.port } } do
      local c <close> = TCP4:socket()
      assert.equal(c, c:connect(table.unpack(arguments)))
      assert.equal(at, c:getpeername())
    end
  end)

  it("L06: is over when it returns; a pending error reads 0", function ()
    local l <close> = TCP4:listener()
    local c <close> = TCP4:socket()
    assert(c:connect(l:getsockname()))
    assert.equal(0, c:getsockopt(core.SOL_SOCKET, core.SO_ERROR))
    local message = fails("EISCONN", c.connect, c, l:getsockname())
    assert.matches("^connect 127%.0%.0%.1:%d+: ", message)
  end)

  it("L06, L07: a refused connection fails, at the second try as well",
     function ()
    local to, holder = refusing()
    local c <close> = TCP4:socket()
    local message = fails("ECONNREFUSED", c.connect, c, to)
    assert.equal("connect " .. tostring(to) .. ": connection refused",
                 message)
    assert.equal(0, c:getsockopt(core.SOL_SOCKET, core.SO_ERROR))
    fails("ECONNREFUSED", c.connect, c, to)
    fails("ENOTCONN", c.getpeername, c)
    -- and the socket can still be used
    assert(holder:listen())
    assert.equal(c, c:connect(to))
    assert.equal(to, c:getpeername())
  end)

  it("L07: in a task, too", function ()
    local to, holder = refusing()
    local got
    core.loop.spawn(function ()
      local c <close> = TCP4:socket()
      got = table.pack(c:connect(to))
    end)
    finish()
    assert.equal("ECONNREFUSED", got[3])
    holder:close()
  end)

  it("L07: the error is not lost when its time is up before", function ()
    local to, holder = refusing()
    local c <close> = TCP4:socket()
    c:settimeout(0)
    fails("timeout", c.connect, c, to)
    c:settimeout(support.patience)
    fails("ECONNREFUSED", c.connect, c, to)
    holder:close()
  end)

  it("L08: connecting a connected socket is EISCONN", function ()
    for _, t in ipairs { TCP4, TCP6, UNIX } do
      local l <close> = t:listener()
      local c <close> = t:socket()
      assert(c:connect(l:getsockname()))
      fails("EISCONN", c.connect, c, l:getsockname())
    end
  end)

  it("L08: connecting to port 0 is ECONNREFUSED", function ()
    local c <close> = TCP4:socket()
    fails("ECONNREFUSED", c.connect, c, "127.0.0.1", 0)
  end)

  it("L19: UNIX: a missing path is ENOENT, a stale one ECONNREFUSED",
     function ()
    local c <close> = UNIX:socket()
    local path = support.tmpname()
    local message = fails("ENOENT", c.connect, c, path)
    assert.equal("connect " .. path .. ": no such file or directory", message)
    local l = UNIX:listener()
    local stale = l:getsockname()
    l:close()
    fails("ECONNREFUSED", c.connect, c, stale)
    fails("ECONNREFUSED", c.connect, c, support.abstract())
  end)

  it("L19: UNIX: a full backlog waits, under the deadline", function ()
    local l <close> = UNIX:listener(0)
    local to = l:getsockname()
    local first <close> = UNIX:socket()
    assert(first:connect(to))
    local c <close> = UNIX:socket()
    c:settimeout(0)
    fails("timeout", c.connect, c, to)
    c:settimeout(0.3)
    local used = native.cputime()
    local time = elapsed(function ()
      local message = fails("timeout", c.connect, c, to)
      assert.equal("connect " .. tostring(to) .. ": timed out", message)
    end)
    assert.is_true(time >= 0.3 and time < 2)
    assert.is_true(native.cputime() - used < 0.1) -- does not spin
    -- and gets in as soon as there is room
    c:settimeout(support.patience)
    local taken
    core.loop.spawn(function () taken = assert(c:connect(to)) end)
    core.loop.spawn(function () assert(l:accept()):close() end)
    finish()
    assert.equal(c, taken)
  end)

  it("L37: a listener that is full: timeout, and the attempt goes on",
     function ()
    local l, first = fulllistener()
    local to = l:getsockname()
    local c <close> = TCP4:socket()
    c:settimeout(0.05)
    local time = elapsed(function ()
      local message = fails("timeout", c.connect, c, to)
      assert.equal("connect " .. tostring(to) .. ": timed out", message)
    end)
    assert.is_true(time >= 0.05 and time < 2)
    c:settimeout(0)
    fails("timeout", c.connect, c, to)
    fails("EALREADY", c.connect, c, "127.0.0.1", 1)
    fails("ENOTCONN", c.getpeername, c)
    assert(l:accept()):close() -- makes room; the client tries again
    c:settimeout(support.patience)
    assert.equal(c, c:connect(to))
    assert.equal(to, c:getpeername())
    fails("EISCONN", c.connect, c, to)
    first:close()
    l:close()
  end)

  it("L37: a second connect while a task waits for the first is EALREADY",
     function ()
    local l, first = fulllistener()
    local to = l:getsockname()
    local c <close> = TCP4:socket()
    local got
    core.loop.spawn(function () got = table.pack(c:connect(to)) end)
    core.loop.spawn(function ()
      fails("EALREADY", c.connect, c, to)
      fails("EALREADY", c.connect, c, "127.0.0.1", 1)
      c:close()
    end)
    finish()
    assert.equal("closed", got[3])
    assert.equal("connect " .. tostring(to) .. ": closed", got[2])
    first:close()
    l:close()
  end)

  it("an address of no family ends an attempt", function ()
    local l, first = fulllistener()
    local c <close> = TCP4:socket()
    c:settimeout(0)
    fails("timeout", c.connect, c, l:getsockname())
    local none = core.address { family = "unspec", raw = ("\0"):rep(14) }
    assert.equal(c, c:connect(none))
    c:settimeout(support.patience)
    local other <close> = TCP4:listener()
    assert.equal(c, c:connect(other:getsockname()))
    first:close()
    l:close()
  end)

  it("UDP: sets the destination, changes it and takes it back", function ()
    local a, b = UDP4:bound(), UDP4:bound()
    local c <close> = UDP4:socket()
    assert(c:connect(a:getsockname()))
    assert(c:send "to a")
    assert.equal("to a", a:recv())
    assert(c:connect(b:getsockname()))
    assert(c:send "to b")
    assert.equal("to b", b:recv())
    local none = core.address { family = "unspec", raw = ("\0"):rep(14) }
    assert.equal(c, c:connect(none))
    fails("ENOTCONN", c.getpeername, c)
    fails("EDESTADDRREQ", c.send, c, "nowhere")
  end)

  it("works in a task, with the server in another", function ()
    for _, t in ipairs(transports) do
      if t.connected then
        local l <close> = t:listener()
        local got
        core.loop.spawn(function ()
          local s <close> = assert(l:accept())
          s:sendall(assert(s:recv()):upper())
        end)
        core.loop.spawn(function ()
          local c <close> = t:socket()
          assert(c:connect(l:getsockname()))
          c:sendall "hello"
          got = c:recv()
        end)
        finish()
        assert.equal("HELLO", got)
      end
    end
  end)

  it("L38: each kind of dead route has its code", function ()
    support.netns(function ()
      support.sh [[
        ip route add blackhole 198.51.100.0/28
        ip route add prohibit 198.51.100.16/28
        ip route add unreachable 198.51.100.32/28
        ip link add v0 type veth peer name v1
        ip addr add 203.0.113.1/24 dev v0
        ip link set v0 up
        ip link set v1 up
        ip neigh add 203.0.113.2 lladdr 02:00:00:00:00:02 dev v0
      ]]
      for host, code in pairs {
        ["198.51.100.1"] = "EINVAL",
        ["198.51.100.17"] = "EACCES",
        ["198.51.100.33"] = "EHOSTUNREACH",
        ["192.0.2.1"] = "ENETUNREACH",
      } do
        local c <close> = TCP4:socket()
        local message = fails(code, c.connect, c, host, 80)
        assert(message:find("connect " .. host .. ":80: ", 1, true), message)
      end
      local c <close> = TCP4:socket() -- silently dropped
      c:settimeout(0.1)
      fails("timeout", c.connect, c, "203.0.113.2", 80)
      local d <close> = TCP4:socket() -- nobody answers the ARP
      d:settimeout(support.patience)
      fails("EHOSTUNREACH", d.connect, d, "203.0.113.3", 80)
    end)
  end)
end)

describe("accept", function ()
  for _, t in ipairs(transports) do
    if t.connected then
      it(t.name .. ": gives a socket and the peer's address", function ()
        local l <close> = t:listener()
        local c <close> = t:bound()
        assert(c:connect(l:getsockname()))
        local s, from = l:accept()
        assert.equal(c:getsockname(), from)
        assert.equal(from, s:getpeername())
        assert.equal(l:getsockname(), s:getsockname())
        assert.same({ l:kind() }, { s:kind() })
        assert.is_true(native.cloexec(s:getfd()))
        assert.is_true(native.nonblocking(s:getfd()))
        assert.is_nil(s:gettimeout())
        s:close()
      end)

      it(t.name .. ": gives up after the timeout", function ()
        local l <close> = t:listener()
        l:settimeout(0)
        local message = fails("timeout", l.accept, l)
        assert.equal("accept " .. tostring(l:getsockname()) .. ": timed out",
                     message)
        l:settimeout(0.02)
        local time = elapsed(function () fails("timeout", l.accept, l) end)
        assert.is_true(time >= 0.02 and time < 2)
      end)

      it(t.name .. ": L10: a socket that does not listen is EINVAL",
         function ()
        local s <close> = t:bound()
        local message = fails("EINVAL", s.accept, s)
        assert.equal("accept " .. tostring(s:getsockname())
                     .. ": invalid argument", message)
      end)

      it(t.name .. ": T14: close wakes it with \"closed\"", function ()
        local l = t:listener()
        local got
        core.loop.spawn(function () got = table.pack(l:accept()) end)
        core.loop.spawn(function () l:close() end)
        finish()
        assert.equal("closed", got[3])
      end)
    end
  end

  it("an unnamed UNIX peer has the unnamed address", function ()
    local l <close> = UNIX:listener()
    local c <close> = UNIX:socket()
    assert(c:connect(l:getsockname()))
    local s, from = l:accept()
    assert.equal("unix:", tostring(from))
    s:close()
  end)

  it("L13: a dual-stack listener reports IPv4 clients as mapped", function ()
    local l <close> = TCP6:socket()
    assert(l:setoption("ipv6_v6only", false))
    assert(l:bind("::", 0))
    assert(l:listen())
    local c <close> = TCP4:socket()
    assert(c:connect("127.0.0.1", l:getsockname().port))
    local s, from = l:accept()
    assert.equal("::ffff:127.0.0.1", from.host)
    assert.equal(c:getsockname().port, from.port)
    s:close()
  end)

  it("L16: still succeeds after the client reset, with its address",
     function ()
    local l <close> = TCP4:listener()
    local c = TCP4:socket()
    assert(c:connect(l:getsockname()))
    local own = c:getsockname()
    assert(c:setoption("so_linger", 0))
    c:close()
    local s, from = l:accept()
    assert.equal(own, from)
    fails("ENOTCONN", s.getpeername, s)
    local message = fails("ECONNRESET", s.recv, s)
    assert.equal("recv " .. tostring(own) .. ": connection reset by peer",
                 message)
    s:close()
  end)

  it("L32: shutting the listener down wakes it with EINVAL", function ()
    for _, t in ipairs { TCP4, TCP6 } do
      local l <close> = t:listener()
      local got
      core.loop.spawn(function () got = table.pack(l:accept()) end)
      core.loop.spawn(function () assert(l:shutdown "rw") end)
      finish()
      assert.equal("EINVAL", got[3])
    end
  end)

  it("takes one connection after the other", function ()
    local l <close> = TCP4:listener()
    local clients = {}
    for i = 1, 20 do
      clients[i] = TCP4:socket()
      assert(clients[i]:connect(l:getsockname()))
    end
    for i = 1, 20 do
      assert.equal(clients[i]:getsockname(), (select(2, l:accept())))
    end
    l:settimeout(0)
    fails("timeout", l.accept, l)
  end)

  it("EMFILE is a value, and the listener lives on", function ()
    local l <close> = TCP4:listener()
    local c <close> = TCP4:socket()
    assert(c:connect(l:getsockname()))
    local fillers = {}
    local highest = 0
    for fd in pairs(native.fds()) do highest = math.max(highest, fd) end
    local old = native.rlimit(highest + 1)
    finally(function () native.rlimit(old) end)
    repeat
      local fd = native.open "/dev/null"
      fillers[#fillers + 1] = fd
    until not fd
    local _, message, code = l:accept()
    native.rlimit(old)
    for _, fd in ipairs(fillers) do native.close(fd) end
    assert.equal("EMFILE", code)
    assert.equal("accept " .. tostring(l:getsockname())
                 .. ": too many open files", message)
    local s <close> = assert(l:accept())
    assert(s:send "late")
    assert.equal("late", c:recv())
  end)
end)

describe("shutdown", function ()
  for _, t in ipairs(transports) do
    if t.connected then
      it(t.name .. ": L20: half-close: the reader sees the end and can send",
         function ()
        local a, b = t:pair()
        assert(a:send "last")
        assert.equal(a, a:shutdown "w")
        assert.equal("last", b:recv())
        assert.same({ n = 1 }, table.pack(b:recv()))
        assert(b:send "still")
        assert.equal("still", a:recv())
        local message = fails("EPIPE", a.send, a, "no")
        assert.equal("send " .. tostring(a:getpeername()) .. ": broken pipe",
                     message)
        assert.equal(a, a:shutdown "w")
      end)

      it(t.name .. ": of the reading side ends the own reading", function ()
        local a, b = t:pair()
        assert(a:shutdown "r")
        assert.same({ n = 1 }, table.pack(a:recv()))
        assert(a:send "out")
        assert.equal("out", b:recv())
      end)

      it(t.name .. ": of both ends both", function ()
        local a, b = t:pair()
        assert.equal(a, a:shutdown "rw")
        assert.same({ n = 1 }, table.pack(b:recv()))
        fails("EPIPE", a.send, a, "no")
      end)
    end
  end

  it("L09: an unconnected TCP socket is ENOTCONN", function ()
    for _, t in ipairs { TCP4, TCP6 } do
      local s <close> = t:socket()
      fails("ENOTCONN", s.shutdown, s, "rw")
      fails("ENOTCONN", s.shutdown, s, "w")
    end
  end)

  it("wakes who reads in another task", function ()
    local a, b = TCP4:pair()
    local got
    core.loop.spawn(function () got = table.pack(a:recv()) end)
    core.loop.spawn(function () a:shutdown "r" end)
    finish()
    assert.same({ n = 1 }, got)
    b:close()
  end)

  it("takes \"r\", \"w\" and \"rw\" only", function ()
    local a, b = core.socketpair()
    for _, how in ipairs { "x", "wr", "", "R", "rw ", "r\0" } do
      raises("how: ", a.shutdown, a, how)
    end
    raises("how: ", a.shutdown, a)
    raises("how: ", a.shutdown, a, 0)
    assert(a:send "open")
    assert.equal("open", b:recv())
  end)
end)

describe("getsockname and getpeername", function ()
  for _, t in ipairs(transports) do
    it(t.name .. ": agree on both sides", function ()
      local a, b = t:pair()
      assert.equal(a:getpeername(), b:getsockname())
      if t.family ~= "unix" or not t.connected then
        assert.equal(b:getpeername(), a:getsockname())
      end
    end)

    it(t.name .. ": L09: no peer is ENOTCONN", function ()
      local s <close> = t:bound()
      local message = fails("ENOTCONN", s.getpeername, s)
      assert.equal("getpeername " .. tostring(s:getsockname())
                   .. ": transport endpoint is not connected", message)
    end)
  end

  it("an unbound socket has the unspecified address", function ()
    local s <close> = TCP4:socket()
    assert.equal("0.0.0.0:0", tostring(s:getsockname()))
    local u <close> = UNIX:socket()
    assert.equal("unix:", tostring(u:getsockname()))
  end)

  it("are the same value for the same address", function ()
    local l <close> = TCP4:listener()
    assert.is_true(rawequal(l:getsockname(), l:getsockname()))
    local clients = { [l:getsockname()] = "found" }
    local c <close> = TCP4:socket()
    assert(c:connect(l:getsockname()))
    assert.equal("found", clients[c:getpeername()])
  end)
end)

describe("Ctrl-C", function ()
  local calls = {
    accept = [[local l = core.socket("inet", "stream"):bind "127.0.0.1:0"
               l:listen() ready() l:accept()]],
    recv = [[local a, b = core.socketpair() ready() a:recv()]],
    recvfrom = [[local s = core.socket("inet", "dgram"):bind "127.0.0.1:0"
                 ready() s:recvfrom()]],
    waitall = [[local a, b = core.socketpair() b:send "x"
                ready() a:recv(2, "waitall")]],
    sendall = [[local a, b = core.socketpair()
                ready() a:sendall(("x"):rep(1 << 24))]],
    sendto = [[local name = "@sockeye" .. native.getpid()
               local a = core.socket("unix", "dgram"):bind(name)
               local b = core.socket("unix", "dgram")
               ready() while b:sendto("x", name) do end]],
    sendfile = [[local a, b = core.socketpair()
                 local file = io.open "/proc/self/exe"
                 ready() while true do a:sendfile(file) end]],
    connect = [[local l = core.socket("inet", "stream"):bind "127.0.0.1:0"
                l:listen(0)
                core.socket("inet", "stream"):connect(l:getsockname())
                ready()
                core.socket("inet", "stream"):connect(l:getsockname())]],
    connectunix = [[local name = "@sockeye" .. native.getpid()
                    local l = core.socket("unix", "stream"):bind(name)
                    l:listen(0)
                    core.socket("unix", "stream"):connect(name)
                    ready() core.socket("unix", "stream"):connect(name)]],
    pipe = [[local r, w = native.pipe() local s = core.fromfd(r)
             ready() s:recv()]],
  }
  local around = {
    ["T1: in the main chunk"] = "%s",
    ["T2: in a coroutine"] = "coroutine.wrap(function () %s end)()",
    ["T1: in the main chunk, while a task waits"] =
      "core.loop.spawn(function () core.loop.sleep(1000) end) %s",
    ["T2: in a task"] =
      "core.loop.spawn(function () %s end) while true do core.loop.turn() end",
  }

  local function sleeping(p)
    local file = io.open("/proc/" .. p.pid .. "/stat")
    local state = file and file:read("a"):match "%) (%a)"
    if file then file:close() end
    return state == "S"
  end

  for name, code in pairs(calls) do
    for where, form in pairs(around) do
      it(where .. ": interrupts " .. name .. " at the first press",
         function ()
        local p <close> = support.pty(support.luaargv([[
          local core = require "sockeye.core"
          local native = require "spec.support.native"
          local function ready() io.write "ready\n" io.flush() end
        ]] .. form:format(code)))
        p:expect "ready"
        support.eventually(function () return sleeping(p) end, "it waits")
        p:write "\3"
        p:expect "interrupted!"
        local kind, status = p:wait()
        assert.same({ "exit", 1 }, { kind, status })
      end)
    end
  end
end)
