-- sendmsg, recvmsg, sendmmsg, recvmmsg: messages, their boundaries, their ends,
-- and what is refused.  Control data has a spec of its own.
local support = require "spec.support"
local core, fails, raises = support.core, support.fails, support.raises
local native, transports = support.native, support.transports

-- A pair of sockets that are closed after the test.
local function pair(name)
  local a, b = transports[name]:pair()
  a:settimeout(support.patience)
  b:settimeout(support.patience)
  finally(function ()
    a:close()
    b:close()
  end)
  return a, b
end

local function kind(stream, seqpacket)
  local list = {}
  for _, t in ipairs(transports) do
    if (t.stream and stream) or (not t.stream and not stream
        and (seqpacket == nil or (t.type == "seqpacket") == seqpacket)) then
      list[#list + 1] = t.name
    end
  end
  return list
end

for _, t in ipairs(transports) do
  describe(t.name .. ": sendmsg and recvmsg", function ()
    it("carry bytes of every value", function ()
      local a, b = pair(t.name)
      local bytes = {}
      for i = 0, 255 do bytes[i + 1] = string.char(i) end
      local data = table.concat(bytes)
      assert.equal(256, a:sendmsg { data = data })
      assert.equal(data, b:recvmsg().data)
    end)

    it("send a list of strings as one", function ()
      local a, b = pair(t.name)
      assert.equal(7, a:sendmsg { data = { "one", "", "two", "!" } })
      assert.equal("onetwo!", b:recvmsg().data)
    end)

    it("send more strings than the system takes pieces", function ()
      local a, b = pair(t.name)
      local list = {}
      for i = 1, 1025 do list[i] = i % 2 == 0 and "ab" or "c" end
      assert.equal(1025 + 512, a:sendmsg { data = list })
      assert.equal(table.concat(list), b:recvmsg().data)
      list[1025] = nil
      assert.equal(512 + 1024, a:sendmsg { data = list })
      assert.equal(table.concat(list), b:recvmsg().data)
    end)

    it("give no flags and no descriptors where there are none", function ()
      local a, b = pair(t.name)
      a:sendmsg { data = "x" }
      local m = b:recvmsg {}
      m.from = nil
      assert.same({ data = "x" }, m)
    end)

    it("leave the data with the flag peek", function ()
      local a, b = pair(t.name)
      a:sendmsg { data = "look" }
      assert.equal("look", b:recvmsg { flags = "peek" }.data)
      assert.equal("look", b:recvmsg { flags = { "peek" } }.data)
      assert.equal("look", b:recvmsg().data)
    end)

    it("do not wait with a timeout of 0", function ()
      local _, b = pair(t.name)
      b:settimeout(0)
      fails("timeout", b.recvmsg, b)
      fails("timeout", b.recvmsg, b, { size = 1 })
      fails("timeout", b.recvmmsg, b, 3)
    end)

    it("fail with EAGAIN with the flag dontwait", function ()
      local _, b = pair(t.name)
      fails("EAGAIN", b.recvmsg, b, { flags = "dontwait" })
      fails("EAGAIN", b.recvmmsg, b, 3, 10, "dontwait")
    end)

    it("wait until the deadline and no longer", function ()
      local _, b = pair(t.name)
      b:settimeout(0.02)
      local start = native.now()
      fails("timeout", b.recvmsg, b)
      fails("timeout", b.recvmmsg, b, 2)
      local took = native.now() - start
      assert.is_true(took >= 0.04 and took < support.patience)
    end)

    it("fail with code closed on a closed socket", function ()
      local a, b = t:pair()
      b:close()
      a:close()
      fails("closed", a.sendmsg, a, { data = "x" })
      fails("closed", a.sendmmsg, a, { { data = "x" } })
      fails("closed", a.recvmsg, a)
      fails("closed", a.recvmmsg, a, 1)
    end)

    it("refuse what is no socket as self", function ()
      local a = pair(t.name)
      for _, f in ipairs { a.sendmsg, a.recvmsg, a.sendmmsg, a.recvmmsg } do
        raises("sockeye.socket", f)
        raises("sockeye.socket", f, 1, {})
        raises("sockeye.socket", f, io.stdout, {})
      end
    end)
  end)
end

for _, name in ipairs(kind(true)) do
  describe(name .. ": the end of the stream", function ()
    it("T10: is nil alone, not empty data", function ()
      local a, b = pair(name)
      a:sendmsg { data = "last" }
      a:close()
      assert.equal("last", b:recvmsg().data)
      for _ = 1, 2 do
        assert.same({ n = 1 }, table.pack(b:recvmsg()))
        assert.same({ n = 1 }, table.pack(b:recvmmsg(4)))
      end
    end)

    it("L01: 0 bytes asked for are empty data, not the end", function ()
      local a, b = pair(name)
      assert.same({ data = "" }, b:recvmsg { size = 0 })
      assert.same({ { data = "" } }, b:recvmmsg(3, 0))
      a:sendmsg { data = "x" }
      assert(b:wait("r", support.patience))
      assert.same({ data = "" }, b:recvmsg { size = 0 })
      assert.same({ { data = "" } }, b:recvmmsg(3, 0))
      assert.equal("x", b:recvmsg().data)
    end)

    it("ends a batch without being in it", function ()
      local a, b = pair(name)
      a:sendmsg { data = "abc" }
      a:close()
      local list = b:recvmmsg(5, 2)
      local data = {}
      for i, m in ipairs(list) do data[i] = m.data end
      assert.equal("abc", table.concat(data))
      assert.is_nil(b:recvmmsg(5, 2))
    end)

    it("refuses flags that would lose bytes or not do what they say",
       function ()
      local _, b = pair(name)
      raises("flags", b.recvmsg, b, { flags = "trunc" })
      raises("flags", b.recvmsg, b, { flags = { "peek", "waitall" } })
      raises("flags", b.recvmmsg, b, 2, 10, "trunc")
    end)
  end)
end

for _, name in ipairs(kind(false)) do
  describe(name .. ": boundaries", function ()
    it("L04: a longer message is cut, says so, and the next is whole",
       function ()
      local a, b = pair(name)
      a:sendmsg { data = "abcdef" }
      a:sendmsg { data = "next" }
      local m = b:recvmsg { size = 3 }
      assert.equal("abc", m.data)
      assert.is_true(m.flags.trunc)
      assert.is_nil(m.length)
      m = b:recvmsg()
      assert.equal("next", m.data)
      assert.is_nil(m.flags)
    end)

    it("L02: the flag trunc gives the real length", function ()
      local a, b = pair(name)
      a:sendmsg { data = "abcdef" }
      local m = b:recvmsg { size = 3, flags = "trunc" }
      assert.equal("abc", m.data)
      assert.equal(6, m.length)
      assert.is_true(m.flags.trunc)
      a:sendmsg { data = "abc" }
      m = b:recvmsg { size = 3, flags = "trunc" }
      assert.same({ "abc" }, { m.data, m.length })
    end)

    it("T10 L03 L05: an empty message is empty data, not the end", function ()
      local a, b = pair(name)
      assert.equal(0, a:sendmsg { data = "" })
      assert.equal(0, a:sendmsg { data = {} })
      a:sendmsg { data = "more" }
      assert.equal("", b:recvmsg().data)
      assert.equal("", b:recvmsg().data)
      assert.equal("more", b:recvmsg().data)
    end)

    it("L01: 0 bytes asked for are a message cut to nothing", function ()
      local a, b = pair(name)
      a:sendmsg { data = "gone" }
      a:sendmsg { data = "there" }
      local m = b:recvmsg { size = 0 }
      assert.equal("", m.data)
      assert.is_true(m.flags.trunc)
      assert.equal("there", b:recvmsg().data)
    end)
  end)
end

for _, name in ipairs(kind(false, false)) do
  describe(name .. ": datagrams", function ()
    it("come with the sender's address", function ()
      local a, b = pair(name)
      a:sendmsg { data = "x" }
      assert.equal(a:getsockname(), b:recvmsg().from)
    end)

    it("go where `to` says, to an address or its text", function ()
      local t = transports[name]
      local a, b = t:socket(), t:bound()
      finally(function ()
        a:close()
        b:close()
      end)
      local to = b:getsockname()
      assert.equal(1, a:sendmsg { data = "1", to = to })
      assert.equal(1, a:sendmsg { data = "2", to = tostring(to) })
      assert.equal("1", b:recvmsg().data)
      assert.equal("2", b:recvmsg().data)
    end)
  end)
end

describe("UNIX seqpacket: the end", function ()
  -- What a receiver sees until the end, in order, by f(socket).
  local function sees(records, f)
    local a, b = pair "UNIX seqpacket"
    for _, record in ipairs(records) do a:sendmsg { data = record } end
    a:close()
    local seen = {}
    while true do
      local m = f(b, seen)
      if m == nil then break end
      seen[#seen + 1] = m.data
    end
    return seen
  end

  local cases = {
    {}, { "" }, { "", "" }, { "", "data" }, { "data", "" },
    { "", "a", "", "", "b", "" }
  }

  it("L05: is told from empty records, even the last before it", function ()
    for _, records in ipairs(cases) do
      assert.same(records, sees(records, function (b)
        return b:recvmsg()
      end))
    end
  end)

  it("L05: is told from empty records in batches", function ()
    for _, records in ipairs(cases) do
      for n = 1, 7 do
        local list, i
        assert.same(records, sees(records, function (b)
          if not list or not list[i + 1] then
            list, i = b:recvmmsg(n), 0
            if not list then return nil end
            assert(#list >= 1 and #list <= n)
          end
          i = i + 1
          return list[i]
        end))
      end
    end
  end)

  it("L05: leaves the option so_passcred as it was", function ()
    for _, on in ipairs { false, true } do
      local a, b = pair "UNIX seqpacket"
      b:setoption("so_passcred", on)
      a:sendmsg { data = "" }
      a:close()
      assert.equal("", b:recvmsg().data)
      assert.is_nil(b:recvmsg())
      assert.equal(on, b:getoption "so_passcred")
    end
  end)

  it("L05: an empty record with descriptors is a record", function ()
    local a, b = pair "UNIX seqpacket"
    a:sendmsg { data = "", fds = { 0 } }
    a:close()
    local m = b:recvmsg()
    assert.equal("", m.data)
    m.fds[1]:close()
    assert.is_nil(b:recvmsg())
  end)

  it("fails with ENOTCONN before there is a connection", function ()
    local s = transports["UNIX seqpacket"]:socket()
    fails("ENOTCONN", s.recvmsg, s)
    s:close()
  end)
end)

describe("sendmsg", function ()
  it("L18: reports a datagram that is too long", function ()
    local s <close> = transports.UDP4:bound()
    local message = fails("EMSGSIZE", s.sendmsg, s,
                          { data = ("x"):rep(70000), to = s:getsockname() })
    assert.truthy(message:find("sendmsg " .. tostring(s:getsockname()), 1,
                               true))
  end)

  it("L09: reports a missing destination", function ()
    local s <close> = transports.UDP4:socket()
    fails("EDESTADDRREQ", s.sendmsg, s, { data = "x" })
  end)

  it("gives what it could send of a stream's data", function ()
    local a, b = pair "TCP4"
    a:settimeout(0)
    local big = ("0123456789"):rep(1000000)
    local n = assert(a:sendmsg { data = { big, big } })
    assert(n > 0 and n < 2 * #big)
    local got = 0
    while got < n do
      local m = assert(b:recvmsg { size = 1 << 20 })
      assert.equal(big:sub(got % 10 + 1, got % 10 + #m.data), m.data)
      got = got + #m.data
    end
    assert.equal(n, got)
  end)

  it("does not raise SIGPIPE", function ()
    local a, b = pair "UNIX stream"
    b:close()
    fails("EPIPE", a.sendmsg, a, { data = "x" })
  end)

  it("waits for room and then goes on", function ()
    local a, b = pair "UNIX seqpacket"
    a:settimeout(0)
    local n = 0
    while a:sendmsg { data = ("x"):rep(1000) } do n = n + 1 end
    fails("timeout", a.sendmsg, a, { data = "x" })
    fails("EAGAIN", a.sendmsg, a, { data = ("x"):rep(1000),
                                    flags = "dontwait" })
    a:settimeout(support.patience)
    local pid = native.fork()
    if pid == 0 then
      for _ = 1, n do b:recvmsg() end
      native.exit(0)
    end
    assert.equal(4, a:sendmsg { data = "last" })
    native.waitpid(pid)
    assert.equal("last", b:recvmsg().data)
  end)

  it("waits for a UNIX receiver that is full, though the sender counts as "
     .. "writable", function ()
    local t = transports["UNIX datagram"]
    local a, b = t:socket(), t:bound()
    finally(function ()
      a:close()
      b:close()
    end)
    local to = b:getsockname()
    a:settimeout(0)
    while a:sendmsg { data = "x", to = to } do end
    fails("timeout", a.sendmsg, a, { data = "x", to = to })
    fails("EAGAIN", a.sendmsg, a, { data = "x", to = to, flags = "dontwait" })
    a:settimeout(0.05)
    local busy = native.cputime()
    fails("timeout", a.sendmmsg, a, { { data = "x", to = to } })
    assert(native.cputime() - busy < 0.04, "it was spinning")
    a:settimeout(support.patience)
    -- a child takes one, and there is room
    local pid = native.fork()
    if pid == 0 then
      b:recvmsg()
      native.exit(0)
    end
    assert.equal(1, a:sendmsg { data = "y", to = to })
    native.waitpid(pid)
  end)

  it("refuses what is no table", function ()
    local s = pair "UDP4"
    for _, f in ipairs { s.sendmsg, s.sendmmsg } do
      raises("table expected", f, s)
      raises("table expected", f, s, "x")
      raises("table expected", f, s, 1)
      raises("table expected", f, s, nil, {})
    end
  end)

  it("refuses unknown keys by name", function ()
    local s = pair "UDP4"
    raises("'dta'", s.sendmsg, s, { data = "x", dta = "x" })
    raises("'1'", s.sendmsg, s, { "x", data = "x" })
    raises("'size'", s.sendmsg, s, { data = "x", size = 1 })
    raises("[2]: unknown key 'too'", s.sendmmsg, s,
           { { data = "x" }, { data = "x", too = 1 } })
    raises("'flags'", s.sendmmsg, s, { { data = "x", flags = "more" } })
    raises("'data'", s.sendmmsg, s, { data = "x" })
  end)

  it("T13: refuses data that is not strings", function ()
    local s = pair "UDP4"
    for _, bad in ipairs { 1, 80.5, true, print } do
      raises("data", s.sendmsg, s, { data = bad })
      raises("data", s.sendmsg, s, { data = { "x", bad } })
      raises("[1].data", s.sendmmsg, s, { { data = bad } })
    end
    raises("data", s.sendmsg, s, {})
    raises("data", s.sendmsg, s, { data = { "x", nil, "y" } })
    raises("data", s.sendmsg, s, { data = { x = "x" } })
    raises("data", s.sendmsg, s, { data = { [0] = "x" } })
    raises("data", s.sendmsg, s, { data = { [2 ^ 53] = "x" } })
  end)

  it("refuses what is no address", function ()
    local s = pair "UDP4"
    for _, bad in ipairs { 1, true, {}, "", "127.0.0.1", "127.0.0.1:99999",
                           "127.1:80", "localhost:80", "127.0.0.1:80\0",
                           io.stdout, s } do
      raises("to", s.sendmsg, s, { data = "x", to = bad })
    end
    raises("[1].to", s.sendmmsg, s, { { data = "x", to = "nowhere" } })
  end)

  it("reports an address of another family", function ()
    local s <close> = transports.UDP4:socket()
    local ok, _, code = s:sendmsg { data = "x", to = "/nowhere" }
    assert.is_nil(ok)
    assert.truthy(code == "EAFNOSUPPORT" or code == "EINVAL")
  end)

  it("refuses bad flags", function ()
    local s = pair "UDP4"
    for _, bad in ipairs(support.badintegers(0, 2147483647)) do
      raises("flags", s.sendmsg, s, { data = "x", flags = bad == "" and "?"
                                      or type(bad) == "table" and { {} }
                                      or bad })
    end
    raises("'nonsense'", s.sendmsg, s, { data = "x", flags = "nonsense" })
    raises("flags", s.sendmsg, s, { data = "x", flags = { "more", 80.5 } })
    raises("flags", s.sendmsg, s, { data = "x", flags = { more = true } })
    raises("zerocopy", s.sendmsg, s, { data = "x", flags = 0x4000000 })
    raises("flags", s.sendmmsg, s, { { data = "x" } }, "nonsense")
  end)

  it("takes flags by name, number and in lists", function ()
    local a, b = pair "TCP4"
    a:sendmsg { data = "x", flags = "oob" }
    local m = b:recvmsg { flags = "oob" }
    assert.equal("x", m.data)
    assert.is_true(m.flags.oob)
    a:sendmsg { data = "y", flags = core.MSG_OOB }
    assert.equal("y", b:recvmsg { flags = core.MSG_OOB }.data)
    a:sendmsg { data = "z", flags = { "oob", core.MSG_DONTROUTE } }
    assert.equal("z", b:recvmsg { flags = { "oob" } }.data)
  end)

  it("survives a table that a finalizer changes meanwhile", function ()
    local a, b = pair "UNIX seqpacket"
    for _ = 1, 50 do
      local message = { data = { "a", "b" }, fds = {}, control = {} }
      for i = 1, 40 do
        setmetatable({}, { __gc = function ()
          message.data = i % 2 == 0 and { "c", "d", "e", "f", "g" } or 1
          message.fds = { 0, 0, 0, 0 }
          message.control = 7
        end })
      end
      collectgarbage "step"
      if pcall(a.sendmsg, a, message) then
        for _, s in ipairs(b:recvmsg().fds or {}) do s:close() end
      end
    end
  end)
end)

describe("recvmsg", function ()
  it("L33: gives no address on streams and for nameless senders", function ()
    local a, b = pair "TCP4"
    a:sendmsg { data = "x" }
    assert.is_nil(b:recvmsg().from)
    local c, d = core.socketpair("unix", "dgram")
    c:sendmsg { data = "x" }
    assert.is_nil(d:recvmsg().from)
    c:close()
    d:close()
  end)

  it("L17: reports the error of a refused datagram", function ()
    local gone = transports.UDP4:bound()
    local to = gone:getsockname()
    gone:close()
    local s <close> = transports.UDP4:socket()
    s:connect(to)
    s:sendmsg { data = "x" }
    s:settimeout(support.patience)
    fails("ECONNREFUSED", s.recvmsg, s)
  end)

  it("gives nil for a datagram socket that was shut down", function ()
    local s <close> = transports["UNIX datagram"]:bound()
    s:shutdown "r"
    assert.same({ n = 1 }, table.pack(s:recvmsg()))
    assert.same({ n = 1 }, table.pack(s:recvmmsg(3)))
  end)

  it("fails with ENOTSOCK on a pipe", function ()
    local r, w = native.pipe()
    local s = core.fromfd(r)
    fails("ENOTSOCK", s.recvmsg, s)
    fails("ENOTSOCK", s.recvmmsg, s, 1)
    fails("ENOTSOCK", s.sendmsg, s, { data = "x" })
    s:close()
    native.close(w)
  end)

  it("takes sizes from one byte to large ones", function ()
    local a, b = pair "UDP4"
    local data = ("x"):rep(60000)
    for _, size in ipairs { 1, 8192, 59999, 60000, 60001, 10000000 } do
      a:sendmsg { data = data }
      local m = b:recvmsg { size = size }
      assert.equal(math.min(size, 60000), #m.data)
      assert.equal(size < 60000, m.flags ~= nil)
    end
  end)

  it("does not hand out what an earlier message left", function ()
    local a, b = pair "UDP4"
    a:sendmsg { data = ("secret"):rep(100) }
    b:recvmsg()
    a:sendmsg { data = "x" }
    assert.equal("x", b:recvmsg { size = 1000 }.data)
  end)

  it("may be called by a finalizer during another call", function ()
    local a, b = pair "UNIX datagram"
    local c, d = pair "UNIX datagram"
    local inner = 0
    for i = 1, 200 do
      a:sendmsg { data = "outer" .. i }
      c:sendmsg { data = "inner" }
      setmetatable({}, { __gc = function ()
        if d:recvmsg().data == "inner" then inner = inner + 1 end
      end })
      if i % 7 == 0 then collectgarbage "step" end
      assert.equal("outer" .. i, b:recvmsg().data)
      if i % 5 == 0 then collectgarbage() end
    end
    collectgarbage()
    collectgarbage()
    assert.equal(200, inner)
  end)

  it("refuses unknown options by name", function ()
    local _, b = pair "UDP4"
    raises("'sise'", b.recvmsg, b, { sise = 1 })
    raises("'data'", b.recvmsg, b, { data = "" })
    raises("'1'", b.recvmsg, b, { 10 })
    raises("table expected", b.recvmsg, b, 10)
    raises("table expected", b.recvmsg, b, "x")
  end)

  it("T13: refuses sizes out of range", function ()
    local _, b = pair "UDP4"
    for _, bad in ipairs(support.badintegers(0, 2147483647)) do
      raises("size", b.recvmsg, b, { size = bad })
      raises("size", b.recvmmsg, b, 1, bad)
    end
    for _, bad in ipairs(support.badintegers(0, 253)) do
      raises("fds", b.recvmsg, b, { fds = bad })
    end
    for _, bad in ipairs(support.badintegers(0, 1 << 24)) do
      raises("control", b.recvmsg, b, { control = bad })
    end
    for _, bad in ipairs(support.badintegers(1, 1024)) do
      raises("n", b.recvmmsg, b, bad)
    end
    raises("n", b.recvmmsg, b)
    raises("'nonsense'", b.recvmsg, b, { flags = "nonsense" })
    raises("'nonsense'", b.recvmmsg, b, 1, 1, "nonsense")
    raises("flags", b.recvmsg, b, { flags = -1 })
    raises("flags", b.recvmmsg, b, 1, 1, 80.5)
  end)

  it("refuses more than 2 GiB for a batch", function ()
    local _, b = pair "UDP4"
    raises("size", b.recvmmsg, b, 1024, 2147483647)
    raises("size", b.recvmmsg, b, 2, 1 << 30)
  end)
end)

describe("sendmmsg and recvmmsg", function ()
  it("carry batches with their boundaries and addresses", function ()
    for _, name in ipairs(kind(false)) do
      local a, b = pair(name)
      local list = {}
      for i = 1, 5 do list[i] = { data = ("x"):rep(i - 1) } end
      assert.equal(5, a:sendmmsg(list))
      local got = b:recvmmsg(10)
      assert.equal(5, #got)
      for i, m in ipairs(got) do
        assert.equal(list[i].data, m.data)
        assert.is_nil(m.flags)
        if name:find "UDP" then assert.equal(a:getsockname(), m.from) end
      end
    end
  end)

  it("give no more than was asked for and leave the rest", function ()
    local a, b = pair "UDP4"
    for i = 1, 5 do a:sendmsg { data = tostring(i) } end
    local first, second = b:recvmmsg(3), b:recvmmsg(3, 100)
    assert.same({ 3, 2 }, { #first, #second })
    assert.same({ "3", "4" }, { first[3].data, second[1].data })
  end)

  it("cut each message on its own", function ()
    local a, b = pair "UDP4"
    a:sendmmsg { { data = "abcdef" }, { data = "abc" }, { data = { "a", "b",
                                                                   "cd" } } }
    local list = b:recvmmsg(9, 3)
    assert.same({ "abc", "abc", "abc" },
                { list[1].data, list[2].data, list[3].data })
    assert.same({ true, false, true },
                { list[1].flags ~= nil, list[2].flags ~= nil,
                  list[3].flags.trunc })
    a:sendmmsg { { data = "abcdef" } }
    assert.equal(6, b:recvmmsg(1, 3, "trunc")[1].length)
  end)

  it("send to many addresses", function ()
    local t = transports.UDP6
    local s, list, to = t:socket(), {}, {}
    finally(function ()
      s:close()
      for _, r in ipairs(to) do r:close() end
    end)
    for i = 1, 4 do
      to[i] = t:bound()
      list[i] = { data = "for " .. i, to = to[i]:getsockname() }
    end
    assert.equal(4, s:sendmmsg(list))
    for i = 1, 4 do assert.equal("for " .. i, to[i]:recvmsg().data) end
  end)

  it("tell how many were sent, and fail only for the first", function ()
    local a, b = pair "UDP4"
    local big = ("x"):rep(70000)
    assert.equal(1, a:sendmmsg { { data = "x" }, { data = big },
                                 { data = "y" } })
    fails("EMSGSIZE", a.sendmmsg, a, { { data = big }, { data = "y" } })
    assert.equal("x", b:recvmsg().data)
    b:settimeout(0)
    fails("timeout", b.recvmsg, b)
  end)

  it("send nothing for an empty list", function ()
    local a = pair "UDP4"
    assert.equal(0, a:sendmmsg {})
  end)

  it("send the first 1024 of more", function ()
    local a, b = pair "UDP4"
    b:setoption("so_rcvbuf", 4000000)
    local list = {}
    for i = 1, 1030 do list[i] = { data = "" } end
    assert.equal(1024, a:sendmmsg(list))
  end)

  it("take flags for all", function ()
    local a, b = pair "UDP4"
    assert.equal(1, a:sendmmsg({ { data = "x" } }, "dontroute", "confirm"))
    assert.equal("x", b:recvmmsg(1, 10, "peek")[1].data)
    assert.equal("x", b:recvmmsg(1, 10, 0)[1].data)
  end)

  it("refuse lists with holes and items that are no tables", function ()
    local a = pair "UDP4"
    raises("messages", a.sendmmsg, a, { { data = "x" }, nil, { data = "x" } })
    raises("[1]", a.sendmmsg, a, { "x" })
    raises("[2]", a.sendmmsg, a, { { data = "x" }, 7 })
  end)

  it("wait for the first message only", function ()
    local a, b = pair "UDP4"
    local pid = native.fork()
    if pid == 0 then
      native.sleep(0.02)
      a:sendmsg { data = "at last" }
      native.exit(0)
    end
    local list = b:recvmmsg(100)
    native.waitpid(pid)
    assert.equal(1, #list)
    assert.equal("at last", list[1].data)
  end)
end)

describe("in tasks", function ()
  local loop = core.loop

  -- Runs the functions as tasks until all have ended; raises what one raises.
  local function tasks(...)
    local left, problem = select("#", ...), nil
    for _, f in ipairs { ... } do
      loop.spawn(function ()
        local ok, message = pcall(f)
        if not ok then problem = problem or message end
        left = left - 1
      end)
    end
    local deadline = native.now() + support.patience
    while left > 0 and native.now() < deadline do loop.turn(0.1) end
    if problem then error(problem, 0) end
    assert.equal(0, left)
  end

  for _, t in ipairs(transports) do
    it(t.name .. ": a wait lets other tasks go on", function ()
      local a, b = pair(t.name)
      local got = {}
      tasks(function ()
        got[1] = b:recvmsg().data
        got[2] = b:recvmmsg(3)[1].data
      end, function ()
        loop.sleep(0.005)
        a:sendmsg { data = "one" }
        loop.sleep(0.005)
        a:sendmsg { data = "two" }
      end)
      assert.same({ "one", "two" }, got)
    end)
  end

  it("T14: closing ends a wait with code closed", function ()
    local _, b = pair "UNIX seqpacket"
    tasks(function ()
      fails("closed", b.recvmsg, b)
    end, function ()
      loop.sleep(0.005)
      b:close()
    end)
  end)

  it("a descriptor that is closed during the wait is not sent, nor another "
     .. "with its number", function ()
    local a, b = pair "UNIX stream"
    while a:send(("x"):rep(100000), "dontwait") do end
    local s, other = core.socket("inet", "dgram"), nil
    local number = s:getfd()
    tasks(function ()
      fails("closed", a.sendmsg, a, { data = "x", fds = { s } })
    end, function ()
      loop.sleep(0.005)
      s:close()
      other = core.socket("inet", "dgram")
      assert.equal(number, other:getfd())
      b:settimeout(0)
      repeat
        local m = b:recvmsg { size = 1000000 }
        assert(not m or not m.fds)
      until not m
    end)
    other:close()
  end)

  it("a table may change while its message waits", function ()
    local a, b = pair "UNIX seqpacket"
    while a:sendmsg { data = ("x"):rep(1000), flags = "dontwait" } do end
    local message = { data = { "as ", "it ", "was" }, fds = { 0 } }
    local last
    tasks(function ()
      a:sendmsg(message)
      a:close()
    end, function ()
      loop.sleep(0.005)
      message.data[1], message.data, message.fds = nil, nil, nil
      collectgarbage()
      for m in function () return b:recvmsg() end do last = m end
    end)
    assert.equal("as it was", last.data)
    last.fds[1]:close()
  end)

  it("the error queue wakes its reader, data does not", function ()
    local s <close> = transports.UDP4:bound()
    s:setoption("ip_recverr", true)
    tasks(function ()
      assert.equal("lost", s:recvmsg { flags = "errqueue" }.data)
    end, function ()
      loop.sleep(0.005)
      s:sendmsg { data = "data", to = s:getsockname() }
      loop.sleep(0.005)
      s:sendmsg { data = "lost", to = "127.0.0.1:1" }
    end)
    assert.equal("data", s:recvmsg().data)
  end)

  it("urgent data wakes its reader", function ()
    local a, b = pair "TCP4"
    a:sendmsg { data = "x", flags = "oob" }
    assert.equal("x", b:recvmsg { flags = "oob" }.data)
    tasks(function ()
      -- the mark of the next urgent byte may come before the byte
      local m = b:recvmsg()
      assert.equal("normal", m.data)
    end, function ()
      loop.sleep(0.005)
      a:sendmsg { data = "normal" }
    end)
  end)

  it("only one can receive", function ()
    local a, b = pair "UDP4"
    tasks(function ()
      assert.equal("x", b:recvmsg().data)
    end, function ()
      raises("reading", b.recvmsg, b)
      raises("reading", b.recvmmsg, b, 1)
      a:sendmsg { data = "x" }
    end)
  end)

  it("a sender to a UNIX receiver that is full goes on when it is not",
     function ()
    local t = transports["UNIX datagram"]
    local a <close> = t:socket()
    local b <close> = t:bound()
    local to = b:getsockname()
    local n = 0
    while a:sendmsg { data = "x", to = to, flags = "dontwait" } do
      n = n + 1
    end
    tasks(function ()
      assert.equal(1, a:sendmsg { data = "y", to = to })
    end, function ()
      loop.sleep(0.005)
      for _ = 1, n do assert.equal("x", b:recvmsg().data) end
      assert.equal("y", b:recvmsg().data)
    end)
  end)
end)
