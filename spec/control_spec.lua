-- Control data both ways: descriptors, credentials, packet info, hop limits,
-- timestamps, errors, segments.
local support = require "spec.support"
local core, fails, raises = support.core, support.fails, support.raises
local native = support.native
local transports = support.transports

local function pair(kind)
  local a, b = assert(core.socketpair("unix", kind))
  a:settimeout(support.patience)
  b:settimeout(support.patience)
  finally(function ()
    a:close()
    b:close()
  end)
  return a, b
end

local function bound(name)
  local s = transports[name]:bound()
  s:settimeout(support.patience)
  finally(function () s:close() end)
  return s, s:getsockname()
end

local function closeall(list)
  for _, s in ipairs(list or {}) do s:close() end
end

-- How many descriptors are open.
local function count()
  local n = 0
  for _ in pairs(native.fds()) do n = n + 1 end
  return n
end

-- A list of n numbers of one open descriptor.
local function many(n, fd)
  local list = {}
  for i = 1, n do list[i] = fd or 0 end
  return list
end

for _, kind in ipairs { "stream", "dgram", "seqpacket" } do
  describe("descriptors over UNIX " .. kind, function ()
    it("arrive as sockets that own them", function ()
      local a, b = pair(kind)
      local c, d = core.socketpair("unix", "stream")
      assert.equal(4, a:sendmsg { data = "take", fds = { d } })
      d:close()
      local m = b:recvmsg()
      assert.equal("take", m.data)
      assert.equal(1, #m.fds)
      c:send "through"
      assert.equal("through", m.fds[1]:recv())
      m.fds[1]:close()
      assert.is_nil(c:recv())
      c:close()
    end)

    it("arrive of any kind, in order", function ()
      local a, b = pair(kind)
      local udp <close> = core.socket("inet6", "dgram")
      local r, w = native.pipe()
      local file = io.tmpfile()
      a:sendmsg { data = "x", fds = { udp, w, file, r } }
      file:close()
      native.close(w)
      native.close(r)
      local fds = b:recvmsg().fds
      assert.equal(4, #fds)
      assert.truthy(tostring(fds[1]):find("udp", 1, true))
      assert.equal("piped", fds[2]:send "piped" and fds[4]:recv())
      assert(fds[3]:send "kept")
      closeall(fds)
    end)

    it("T7 L23: are close-on-exec, and no flag says so", function ()
      local a, b = pair(kind)
      for _, flags in ipairs { 0, "peek", 0x40000000 } do
        a:sendmsg { data = "x", fds = { 0, 0 } }
        local m = b:recvmsg { flags = flags }
        for _, s in ipairs(m.fds) do
          assert.is_true(native.cloexec(s:getfd()))
        end
        assert.is_nil(m.flags)
        closeall(m.fds)
        if flags == "peek" then closeall(b:recvmsg().fds) end
      end
    end)

    it("T27: keep their status flags, which the sender shares", function ()
      local a, b = pair(kind)
      local r, w = native.pipe()
      a:sendmsg { data = "x", fds = { r } }
      local s = b:recvmsg().fds[1]
      s:settimeout(0)
      fails("timeout", s.recv, s)
      assert.is_false(native.nonblocking(r))
      s:close()
      native.close(r)
      native.close(w)
    end)

    it("L22: that are not accepted are closed, and ctrunc is set", function ()
      local a, b = pair(kind)
      for accepted = 0, 4 do
        a:sendmsg { data = "x", fds = many(3) }
        local before = count()
        local m = b:recvmsg { fds = accepted }
        local taken = math.min(accepted, 3)
        assert.equal(taken, #(m.fds or {}))
        assert.equal(before + taken, count())
        assert.equal(accepted < 3 or nil, m.flags and m.flags.ctrunc)
        closeall(m.fds)
      end
    end)

    it("L22: for which there is no room are closed, and ctrunc is set",
       function ()
      local a, b = pair(kind)
      for room = 0, 64 do
        a:sendmsg { data = "x", fds = many(3) }
        local before = count()
        local m = b:recvmsg { control = room }
        local n = #(m.fds or {})
        assert.equal(before + n, count())
        assert.equal(n < 3 or nil, m.flags and m.flags.ctrunc)
        assert.equal(math.max(0, math.min(3, (room - 16) // 4)), n)
        closeall(m.fds)
      end
    end)

    it("L24: 253 of them pass, 254 are EINVAL", function ()
      local a, b = pair(kind)
      assert.equal(1, a:sendmsg { data = "x", fds = many(253) })
      local m = b:recvmsg()
      assert.equal(253, #m.fds)
      assert.is_nil(m.flags)
      closeall(m.fds)
      fails("EINVAL", a.sendmsg, a, { data = "x", fds = many(254) })
      local ok, _, code = a:sendmsg { data = "x", fds = many(100000) }
      assert.is_nil(ok)
      assert.truthy(code == "EINVAL" or code == "ENOBUFS")
    end)

    it("L25: are a fresh set at each peek", function ()
      local a, b = pair(kind)
      local before = count()
      a:sendmsg { data = "x", fds = { 0, 0 } }
      local first = b:recvmsg { flags = "peek" }.fds
      local second = b:recvmsg { flags = "peek" }.fds
      local third = b:recvmsg().fds
      assert.equal(before + 6, count())
      for _, fds in ipairs { first, second, third } do
        assert.equal(2, #fds)
        closeall(fds)
      end
    end)

    it("L21: received by plain recv are gone, and none leaks", function ()
      local a, b = pair(kind)
      local before = count()
      a:sendmsg { data = "plain", fds = { 0, 0, 0 } }
      assert.equal("plain", b:recv())
      assert.equal(before, count())
      a:sendmsg { data = "next" }
      assert.is_nil(b:recvmsg().fds)
    end)

    it("T8: nobody looks at are closed by the collector", function ()
      local a, b = pair(kind)
      collectgarbage()
      local before = count()
      for _ = 1, 20 do
        a:sendmsg { data = "x", fds = many(10) }
        b:recvmsg()
      end
      collectgarbage()
      collectgarbage()
      assert.equal(before, count())
    end)

    it("come with batches, to each message its own", function ()
      local a, b = pair(kind)
      assert.equal(3, a:sendmmsg {
        { data = "1", fds = { 0 } }, { data = "2" },
        { data = "3", fds = { 1, 2 } }
      })
      local list = b:recvmmsg(8)
      if kind == "stream" then
        -- one message ends where other descriptors begin
        local data, n = "", 0
        for _, m in ipairs(list) do
          data = data .. m.data
          n = n + #(m.fds or {})
          closeall(m.fds)
        end
        assert.same({ "123", 3 }, { data, n })
        return
      end
      assert.equal(3, #list)
      assert.same({ 1, 0, 2 }, { #list[1].fds, #(list[2].fds or {}),
                                 #list[3].fds })
      for _, m in ipairs(list) do closeall(m.fds) end
    end)

    it("EMFILE: none free is ctrunc, the data comes, nothing leaks",
       function ()
      local result = support.fork(function ()
        local a, b = core.socketpair("unix", kind)
        a:sendmsg { data = "x", fds = many(5) }
        -- fill the table up to one place
        local old = native.rlimit(64)
        local filler = {}
        while true do
          local fd = native.dup(0)
          if not fd then break end
          filler[#filler + 1] = fd
        end
        native.close(table.remove(filler))
        local m = b:recvmsg()
        native.rlimit(old)
        return ("%s %d %s"):format(m.data, #(m.fds or {}), m.flags.ctrunc)
      end)
      assert.equal("x 1 true", result)
    end)

    it("refuses closed ones and what is none", function ()
      local a = pair(kind)
      local s = core.socket("inet", "dgram")
      local file = io.tmpfile()
      s:close()
      file:close()
      raises("fds[2]: closed", a.sendmsg, a, { data = "x", fds = { 0, s } })
      raises("fds[1]: closed", a.sendmsg, a, { data = "x", fds = { file } })
      for _, bad in ipairs { "0", 80.5, -1, 1 << 31, 1 << 32, math.maxinteger,
                             0 / 0, true, print, {} } do
        raises("fds[1]", a.sendmsg, a, { data = "x", fds = { bad } })
      end
      raises("[1].fds[1]", a.sendmmsg, a, { { data = "x", fds = { "0" } } })
      raises("fds", a.sendmsg, a, { data = "x", fds = 0 })
      raises("fds", a.sendmsg, a, { data = "x", fds = { 0, nil, 0 } })
      fails("EBADF", a.sendmsg, a, { data = "x", fds = { 1000000 } })
    end)
  end)
end

describe("descriptors", function ()
  it("L26: of two messages on a stream are not merged", function ()
    local a, b = pair "stream"
    a:sendmsg { data = "one", fds = { 0 } }
    a:sendmsg { data = "two", fds = { 0, 0 } }
    local m = b:recvmsg { size = 1000 }
    assert.same({ "one", 1 }, { m.data, #m.fds })
    closeall(m.fds)
    m = b:recvmsg { size = 1000 }
    assert.same({ "two", 2 }, { m.data, #m.fds })
    closeall(m.fds)
  end)

  it("on a stream need a byte to go with", function ()
    local a = pair "stream"
    raises("data", a.sendmsg, a, { data = "", fds = { 0 } })
    raises("data", a.sendmsg, a, { data = { "", "" }, credentials = true })
  end)

  it("go over UNIX sockets only", function ()
    for _, name in ipairs { "TCP4", "UDP4", "UDP6" } do
      local s <close> = transports[name]:socket()
      raises("fds", s.sendmsg, s, { data = "x", fds = { 0 } })
    end
  end)

  it("of a socket to itself do not confuse anything", function ()
    local a, b = pair "dgram"
    a:sendmsg { data = "x", fds = { a, b } }
    local fds = b:recvmsg().fds
    fds[1]:send "again"
    assert.equal("again", fds[2]:recv())
    closeall(fds)
  end)

  it("several sets in one message all arrive", function ()
    local a, b = pair "dgram"
    local fd = string.pack("i4", 0)
    local rights = { level = core.SOL_SOCKET, type = core.SCM_RIGHTS or 1,
                     data = fd .. fd }
    a:sendmsg { data = "x", control = { rights, rights }, fds = { 0 } }
    local m = b:recvmsg()
    assert.equal(5, #m.fds)
    closeall(m.fds)
  end)

  it("come from Python", function ()
    local listener = transports["UNIX stream"]:listener()
    local path = listener:getsockname().path
    local python <close> = support.python([[
r, w = os.pipe()
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
socket.send_fds(s, [b"from python"], [w, s.fileno()])
os.close(w)
print(os.read(r, 100).decode())
print(s.recv(100).decode())]], path)
    local s = listener:accept()
    s:settimeout(support.patience)
    local m = s:recvmsg()
    assert.equal("from python", m.data)
    assert.equal(2, #m.fds)
    m.fds[1]:send "into the pipe"
    m.fds[1]:close()
    assert.equal("into the pipe", python:line())
    s:sendmsg { data = "done" }
    assert.equal("done", python:line())
    python:succeed()
    closeall(m.fds)
    s:close()
    listener:close()
  end)

  it("go to Python", function ()
    local listener = transports["UNIX stream"]:listener()
    local path = listener:getsockname().path
    local python <close> = support.python([[
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
data, fds, flags, address = socket.recv_fds(s, 100, 10)
print(data.decode(), len(fds), flags & ~socket.MSG_CMSG_CLOEXEC)
os.write(fds[0], b"by python")
print(os.read(fds[1], 100).decode())]], path)
    local s = listener:accept()
    local r, w = native.pipe()
    local file = io.tmpfile()
    file:write "in the file"
    file:flush()
    file:seek "set"
    s:sendmsg { data = "to python", fds = { w, file } }
    native.close(w)
    assert.equal("to python 2 0", python:line())
    assert.equal("in the file", python:line())
    assert.equal("by python", native.read(r, 100, support.patience))
    python:succeed()
    file:close()
    native.close(r)
    s:close()
    listener:close()
  end)
end)

describe("credentials", function ()
  local function own()
    local uid, gid = native.ids()
    return { pid = native.getpid(), uid = uid, gid = gid }
  end

  for _, kind in ipairs { "stream", "dgram", "seqpacket" } do
    it("L27: come when asked for, with UNIX " .. kind, function ()
      local a, b = pair(kind)
      b:setoption("so_passcred", true)
      a:sendmsg { data = "x" }
      assert.same(own(), b:recvmsg().credentials)
      a:sendmsg { data = "x", credentials = true }
      assert.same(own(), b:recvmsg().credentials)
      a:sendmsg { data = "x", credentials = own(), fds = { 0 } }
      local m = b:recvmsg()
      assert.same(own(), m.credentials)
      assert.equal(1, #m.fds)
      closeall(m.fds)
      a:sendmsg { data = "x", credentials = { uid = own().uid } }
      assert.same(own(), b:recvmsg().credentials)
      a:sendmsg { data = "x", credentials = false }
      assert.same(own(), b:recvmsg().credentials)
    end)
  end

  it("are not the end of a stream", function ()
    local a, b = pair "stream"
    b:setoption("so_passcred", true)
    a:sendmsg { data = "x" }
    a:close()
    assert.equal("x", b:recvmsg().data)
    assert.same({ n = 1 }, table.pack(b:recvmsg()))
  end)

  it("that are not one's own are refused by the system", function ()
    if native.ids() == 0 then support.skip "root may be anybody" end
    local a = pair "stream"
    fails("EPERM", a.sendmsg, a, { data = "x", credentials = { pid = 1,
          uid = 0, gid = 0 } })
  end)

  it("can be another's for root", function ()
    if native.ids() ~= 0 then support.skip "needs root" end
    local a, b = pair "stream"
    b:setoption("so_passcred", true)
    if a:sendmsg { data = "x", credentials = { uid = 12345, gid = 54321 } }
    then
      assert.same({ pid = native.getpid(), uid = 12345, gid = 54321 },
                  b:recvmsg().credentials)
    end
  end)

  it("L22: without room are cut, and ctrunc is set", function ()
    local a, b = pair "dgram"
    b:setoption("so_passcred", true)
    for room = 0, 27 do
      a:sendmsg { data = "x" }
      local m = b:recvmsg { control = room }
      assert.is_true(m.flags.ctrunc)
      assert.is_nil(m.credentials)
    end
    a:sendmsg { data = "x" }
    local m = b:recvmsg { control = 28 }
    assert.is_nil(m.flags)
    assert.same(own(), m.credentials)
  end)

  it("are checked", function ()
    local a = pair "stream"
    for _, bad in ipairs { 1, "x", print } do
      raises("credentials", a.sendmsg, a, { data = "x", credentials = bad })
    end
    raises("'user'", a.sendmsg, a, { data = "x", credentials = { user = 1 } })
    for _, bad in ipairs(support.badintegers(1, 2147483647)) do
      raises("credentials.pid", a.sendmsg, a,
             { data = "x", credentials = { pid = bad } })
    end
    for _, bad in ipairs(support.badintegers(0, 4294967295)) do
      raises("credentials.uid", a.sendmsg, a,
             { data = "x", credentials = { uid = bad } })
      raises("credentials.gid", a.sendmsg, a,
             { data = "x", credentials = { gid = bad } })
    end
    local udp <close> = transports.UDP4:socket()
    raises("credentials", udp.sendmsg, udp, { data = "x", credentials = true })
  end)

  it("come with a descriptor of the process, where the system has it",
     function ()
    local a, b = pair "dgram"
    if not pcall(b.setoption, b, "so_passpidfd", true)
       or not b:setoption("so_passpidfd", true) then
      support.skip "no so_passpidfd"
    end
    a:sendmsg { data = "x" }
    local m = b:recvmsg { fds = 0 }
    assert.is_nil(m.flags)
    assert.is_nil(m.fds)
    assert.is_true(native.cloexec(m.pidfd:getfd()))
    m.pidfd:close()
  end)
end)

describe("packet info", function ()
  it("tells where an IPv4 datagram arrived", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_pktinfo", true)
    s:sendmsg { data = "x", to = to }
    local info = s:recvmsg().pktinfo
    assert.equal("127.0.0.1", info.address.host)
    assert.equal("127.0.0.1", info.destination.host)
    assert.equal(core.if_nametoindex "lo", info.interface)
  end)

  it("tells the header's address, too", function ()
    local s <close> = core.socket("inet", "dgram")
    s:bind("0.0.0.0", 0)
    s:settimeout(support.patience)
    s:setoption("ip_pktinfo", true)
    s:sendmsg { data = "x", to = core.address("127.1.2.3",
                                              s:getsockname().port) }
    local info = s:recvmsg().pktinfo
    assert.equal("127.1.2.3", info.address.host)
    assert.equal("127.1.2.3", info.destination.host)
  end)

  it("tells where an IPv6 datagram arrived", function ()
    local s, to = bound "UDP6"
    s:setoption("ipv6_recvpktinfo", true)
    s:sendmsg { data = "x", to = to }
    local info = s:recvmsg().pktinfo
    assert.equal("::1", info.address.host)
    assert.equal("::1", info.destination.host)
    assert.equal(core.if_nametoindex "lo", info.interface)
  end)

  it("chooses the source of an IPv4 datagram", function ()
    local s, to = bound "UDP4"
    local a <close> = core.socket("inet", "dgram")
    for _, info in ipairs {
      { address = "127.9.8.7" }, { source = "127.9.8.7" },
      { address = core.address("127.9.8.7", 99) },
      { address = "127.9.8.7", interface = "lo" },
      { address = "127.9.8.7", interface = core.if_nametoindex "lo" },
    } do
      assert.equal(1, a:sendmsg { data = "x", to = to, pktinfo = info })
      assert.equal("127.9.8.7", s:recvmsg().from.host)
    end
    assert.equal(1, a:sendmsg { data = "x", to = to, pktinfo = {} })
    assert.equal("127.0.0.1", s:recvmsg().from.host)
  end)

  it("chooses the source of an IPv6 datagram", function ()
    local s, to = bound "UDP6"
    local a <close> = core.socket("inet6", "dgram")
    a:sendmsg { data = "x", to = to, pktinfo = { address = "::1",
                                                 interface = "lo" } }
    assert.equal("::1", s:recvmsg().from.host)
    local ok, _, code = a:sendmsg { data = "x", to = to,
                                    pktinfo = { address = "2001:db8::1" } }
    assert.is_nil(ok)
    assert.truthy(code == "EINVAL" or code == "EADDRNOTAVAIL")
  end)

  it("received will do to answer from the address that was asked",
     function ()
    for _, family in ipairs { "inet", "inet6" } do
      local server <close> = core.socket(family, "dgram")
      local client <close> = core.socket(family, "dgram")
      server:settimeout(support.patience)
      client:settimeout(support.patience)
      if family == "inet6" then
        server:setoption("ipv6_v6only", false)
        server:setoption("ipv6_recvpktinfo", true)
        client:setoption("ipv6_v6only", false)
      else
        server:setoption("ip_pktinfo", true)
      end
      server:bind(family == "inet6" and "::" or "0.0.0.0", 0)
      local host = family == "inet6" and "::ffff:127.5.5.5" or "127.5.5.5"
      local to = core.address(host, server:getsockname().port)
      client:sendmsg { data = "ask", to = to }
      local m = server:recvmsg()
      server:sendmsg { data = "answer", to = m.from, pktinfo = m.pktinfo }
      assert.equal(to, client:recvmsg().from)
      -- an IPv4 address on an IPv6 socket is mapped
      server:sendmsg { data = "answer", to = m.from,
                       pktinfo = { address = "127.6.6.6" } }
      assert.truthy(tostring(client:recvmsg().from):find("127.6.6.6", 1,
                                                         true))
    end
  end)

  it("is checked", function ()
    local s = bound "UDP4"
    local function refused(what, info)
      raises(what, s.sendmsg, s, { data = "x", pktinfo = info })
    end
    refused("pktinfo", 1)
    refused("pktinfo", "lo")
    refused("'iface'", { iface = "lo" })
    for _, bad in ipairs(support.badintegers(0, 2147483647)) do
      if type(bad) ~= "string" then
        refused("pktinfo.interface", { interface = bad })
      end
    end
    refused("pktinfo.interface", { interface = "lo\0" })
    refused("pktinfo.interface", { interface = ("x"):rep(16) })
    refused("pktinfo.address", { address = 1 })
    refused("pktinfo.address", { address = "127.1" })
    refused("pktinfo.address", { address = "::1" })
    refused("pktinfo.address", { address = core.address "/run/x" })
    local message = fails("ENODEV", s.sendmsg, s,
      { data = "x", pktinfo = { interface = "nosuch0" } })
    assert.truthy(message:find("nosuch0", 1, true))
    fails("ENODEV", s.sendmmsg, s,
      { { data = "x", pktinfo = { interface = "nosuch0" } } })
  end)
end)

describe("hop limits and traffic classes", function ()
  it("go with an IPv4 datagram and come with it", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_recvttl", true)
    s:setoption("ip_recvtos", true)
    for _, n in ipairs { 1, 77, 255 } do
      s:sendmsg { data = "x", to = to, ttl = n, tos = n & ~3 }
      local m = s:recvmsg()
      assert.same({ n, n & ~3 }, { m.ttl, m.tos })
    end
  end)

  it("go with an IPv6 datagram and come with it", function ()
    local s, to = bound "UDP6"
    s:setoption("ipv6_recvhoplimit", true)
    s:setoption("ipv6_recvtclass", true)
    for _, n in ipairs { 1, 77, 255 } do
      s:sendmsg { data = "x", to = to, hoplimit = n, tclass = n & ~3 }
      local m = s:recvmsg()
      assert.same({ n, n & ~3 }, { m.hoplimit, m.tclass })
    end
  end)

  it("are each for one message of a batch", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_recvttl", true)
    s:sendmmsg { { data = "1", to = to, ttl = 9 }, { data = "2", to = to },
                 { data = "3", to = to, ttl = 3 } }
    local list = s:recvmmsg(3)
    assert.same({ 9, 64, 3 }, { list[1].ttl, list[2].ttl, list[3].ttl })
  end)

  it("T13: are checked", function ()
    local s = bound "UDP6"
    for key, range in pairs {
      ttl = { 1, 255 }, tos = { 0, 255 }, hoplimit = { 0, 255 },
      tclass = { 0, 255 }, segment = { 1, 65535 },
      txtime = { 0, math.maxinteger }, mark = { 0, 4294967295 },
      priority = { 0, 2147483647 }
    } do
      for _, bad in ipairs(support.badintegers(range[1], range[2])) do
        raises(key, s.sendmsg, s, { data = "x", [key] = bad })
        raises("[1]." .. key, s.sendmmsg, s, { { data = "x", [key] = bad } })
      end
    end
  end)

  it("raise for a kind of socket that would ignore them", function ()
    local wrong = {
      TCP4 = { "ttl", "tos", "hoplimit", "tclass", "segment" },
      UDP4 = { "hoplimit", "tclass" },
      ["UNIX stream"] = { "ttl", "tos", "hoplimit", "tclass", "segment" },
    }
    for name, keys in pairs(wrong) do
      local s <close> = transports[name]:socket()
      for _, key in ipairs(keys) do
        raises(key .. ": only for", s.sendmsg, s, { data = "x", [key] = 1 })
      end
      if name ~= "UDP4" then
        raises("pktinfo: only for", s.sendmsg, s, { data = "x",
                                                    pktinfo = {} })
      end
    end
  end)
end)

describe("timestamps", function ()
  local function near(seconds, ns)
    assert.equal("float", math.type(seconds))
    assert.equal("integer", math.type(ns))
    assert.is_true(math.abs(seconds - os.time()) < 100)
    assert.is_true(math.abs(ns / 1e9 - seconds) < 1e-5)
  end

  for _, option in ipairs { "so_timestamp", "so_timestampns" } do
    it("come by " .. option .. " in seconds and exactly", function ()
      for _, name in ipairs { "UDP4", "UDP6", "UNIX datagram" } do
        local s, to = bound(name)
        s:setoption(option, true)
        s:sendmsg { data = "x", to = to }
        local m = s:recvmsg()
        near(m.timestamp, m.timestampns)
      end
    end)
  end

  it("come by so_timestamping", function ()
    local s, to = bound "UDP4"
    -- software, received: the flags of linux/net_tstamp.h
    s:setsockopt(core.SOL_SOCKET, 37, string.pack("I4", 1 << 3 | 1 << 4))
    s:sendmsg { data = "x", to = to }
    local m = s:recvmsg()
    near(m.timestamping.software, m.timestamping.softwarens)
    assert.is_nil(m.timestamping.hardware)
  end)

  it("of what was sent come by the error queue", function ()
    local s, to = bound "UDP4"
    -- software, sent, and only the time
    s:setsockopt(core.SOL_SOCKET, 37,
                 string.pack("I4", 1 << 1 | 1 << 4 | 1 << 11))
    s:sendmsg { data = "x", to = to }
    local m = s:recvmsg { flags = "errqueue" }
    assert.equal("", m.data)
    near(m.timestamping.software, m.timestamping.softwarens)
    assert.equal("timestamping", m.error.origin)
    assert.equal("ENOMSG", m.error.code)
    assert.is_true(m.flags.errqueue)
  end)
end)

describe("the error queue", function ()
  for _, name in ipairs { "UDP4", "UDP6" } do
    it("tells the ICMP cause of a refused datagram: " .. name, function ()
      local gone = transports[name]:bound()
      local to = gone:getsockname()
      gone:close()
      local s = bound(name)
      local six = name == "UDP6"
      s:setoption(six and "ipv6_recverr" or "ip_recverr", true)
      assert.equal(4, s:sendmsg { data = "lost", to = to })
      local m = s:recvmsg { flags = "errqueue" }
      assert.equal("lost", m.data)
      assert.equal(to, m.from)
      assert.is_true(m.flags.errqueue)
      local e = m.error
      assert.same({ "ECONNREFUSED", "connection refused" },
                  { e.code, e.message })
      assert.same(six and { "icmp6", 1, 4 } or { "icmp", 3, 3 },
                  { e.origin, e.icmptype, e.icmpcode })
      assert.equal(six and "::1" or "127.0.0.1", e.from.host)
    end)
  end

  it("tells the largest size for a datagram that is too long", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_recverr", true)
    s:setoption("ip_mtu_discover", "do")
    s:connect(to)
    local mtu = s:getoption "ip_mtu"
    if mtu > 65507 then
      -- loopback takes all that UDP can; raise the error in a namespace
      support.netns(function ()
        support.sh "ip link set lo mtu 1500"
        local t <close> = core.socket("inet", "dgram")
        t:setoption("ip_recverr", true)
        t:setoption("ip_mtu_discover", "do")
        t:connect("127.0.0.1", 9)
        fails("EMSGSIZE", t.send, t, ("x"):rep(3000))
        local e = t:recvmsg { flags = "errqueue" }.error
        assert.same({ "EMSGSIZE", "local", 1500 },
                    { e.code, e.origin, e.info })
      end)
      return
    end
    fails("EMSGSIZE", s.send, s, ("x"):rep(mtu))
    local e = s:recvmsg { flags = "errqueue" }.error
    assert.same({ "EMSGSIZE", "local", mtu }, { e.code, e.origin, e.info })
  end)

  it("is waited for, and data does not end the wait", function ()
    local s, to = bound "UDP4"
    s:settimeout(0.03)
    s:sendmsg { data = "data", to = to }
    local busy = native.cputime()
    fails("timeout", s.recvmsg, s, { flags = "errqueue" })
    fails("timeout", s.recvmmsg, s, 4, 100, "errqueue")
    assert(native.cputime() - busy < 0.05, "it was spinning")
    assert.equal("data", s:recvmsg().data)
  end)

  it("comes in a batch of one", function ()
    local s = bound "UDP4"
    s:setoption("ip_recverr", true)
    s:sendmsg { data = "lost", to = "127.0.0.1:1" }
    local list = s:recvmmsg(4, 100, "errqueue")
    assert.same({ 1, "lost", "ECONNREFUSED" },
                { #list, list[1].data, list[1].error.code })
  end)

  it("that cannot get anything is EAGAIN at once", function ()
    local a, b = transports.TCP4:pair()
    finally(function ()
      a:close()
      b:close()
    end)
    a:setoption("so_linger", 0)
    a:close()
    assert(b:wait("r", support.patience))
    fails("EAGAIN", b.recvmsg, b, { flags = "errqueue" })
  end)
end)

describe("UDP segments", function ()
  it("are cut by the system when sent", function ()
    for _, name in ipairs { "UDP4", "UDP6" } do
      local s, to = bound(name)
      local n, message, code = s:sendmsg { data = ("x"):rep(250), to = to,
                                           segment = 100 }
      if not n and code ~= "EMSGSIZE" then support.skip(message) end
      assert.equal(250, n)
      assert.same({ 100, 100, 50 }, { #s:recvmsg().data, #s:recvmsg().data,
                                      #s:recvmsg().data })
    end
  end)

  it("are joined by the system when received, which tells their size",
     function ()
    local s, to = bound "UDP4"
    if not s:setoption("udp_gro", true) then support.skip "no udp_gro" end
    local n, message = s:sendmsg { data = ("x"):rep(250), to = to,
                                   segment = 100 }
    if not n then support.skip(message) end
    local m = s:recvmsg()
    assert.same({ 250, 100 }, { #m.data, m.segment })
  end)
end)

describe("other items", function ()
  it("tell where a datagram was to go", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_recvorigdstaddr", true)
    s:sendmsg { data = "x", to = to }
    assert.equal(to, s:recvmsg().origdst)
    local s6, to6 = bound "UDP6"
    s6:setoption("ipv6_recvorigdstaddr", true)
    s6:sendmsg { data = "x", to = to6 }
    assert.equal(to6, s6:recvmsg().origdst)
  end)

  it("tell how many were dropped", function ()
    local s, to = bound "UDP4"
    s:setoption("so_rxq_ovfl", true)
    s:setoption("so_rcvbuf", 1)
    local data = ("x"):rep(1000)
    for _ = 1, 50 do s:sendmsg { data = data, to = to } end
    s:settimeout(0)
    while s:recvmsg() do end
    s:sendmsg { data = "x", to = to }
    local dropped = s:recvmsg().drops
    assert.equal("integer", math.type(dropped))
    assert(dropped > 0)
  end)

  it("tell what is left of a TCP stream", function ()
    local a, b = transports.TCP4:pair()
    b:setoption("tcp_inq", true)
    a:sendmsg { data = "0123456789" }
    assert(b:wait("r", support.patience))
    assert.equal(7, b:recvmsg { size = 3 }.inq)
    a:close()
    b:close()
  end)

  it("that are not known come raw", function ()
    local s, to = bound "UDP4"
    -- SO_TIMESTAMP_NEW, which 64-bit systems have no use for
    s:setsockopt(core.SOL_SOCKET, 63, string.pack("i4", 1))
    s:setoption("ip_recvttl", true)
    s:sendmsg { data = "x", to = to }
    local m = s:recvmsg()
    assert.equal(1, #m.other)
    assert.same({ core.SOL_SOCKET, 63 }, { m.other[1].level,
                                           m.other[1].type })
    local seconds = string.unpack("i8i8", m.other[1].data)
    assert.is_true(math.abs(seconds - os.time()) < 100)
    assert.equal(64, m.ttl)
  end)

  it("go raw", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_recvttl", true)
    s:sendmsg { data = "x", to = to, control = {
      { level = 0, type = 2, data = string.pack("i4", 33) } } }
    assert.equal(33, s:recvmsg().ttl)
    fails("EINVAL", s.sendmsg, s, { data = "x", to = to, control = {
      { level = 0, type = 2, data = "x" } } })
  end)

  it("that are raw are checked", function ()
    local s = bound "UDP4"
    local function refused(what, item)
      raises(what, s.sendmsg, s, { data = "x", control = item })
    end
    refused("control", 1)
    refused("control", { 1 })
    refused("control", { level = 0, type = 2, data = "" })
    refused("control", { { level = 0, type = 2 } })
    refused("control.level", { { type = 2, data = "" } })
    refused("control.type", { { level = 0, data = "" } })
    refused("'kind'", { { level = 0, kind = 2, data = "" } })
    refused("control", { { level = 0, type = 2, data = 80 } })
    for _, bad in ipairs(support.badintegers(-2147483648, 2147483647)) do
      refused("control.level", { { level = bad, type = 2, data = "" } })
      refused("control.type", { { level = 0, type = bad, data = "" } })
    end
  end)

  it("cut for want of room set ctrunc", function ()
    local s, to = bound "UDP4"
    s:setoption("ip_pktinfo", true)
    s:setoption("ip_recvttl", true)
    for room = 0, 60 do
      s:sendmsg { data = "x", to = to }
      local m = s:recvmsg { control = room }
      assert.equal("x", m.data)
      assert.equal(room < 52 or nil, m.flags and m.flags.ctrunc)
    end
  end)
end)
