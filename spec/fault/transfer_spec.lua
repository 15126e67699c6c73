-- What transfers and connects do with interruptions at the wrong moment.
local support = require "spec.support"
local native = support.native
local core = support.core
local fault = core.fault
local fails = support.fails

before_each(function () fault.reset() end)
after_each(function () fault.reset() end)

describe("a borrowed descriptor", function ()
  it("T27: a look that is interrupted does not end in a read that blocks",
     function ()
    local r, w = native.pipe()
    local reader, writer = core.fromfd(r), core.fromfd(w)
    reader:settimeout(0.02)
    fault.program { call = "poll", errno = "EINTR" }
    fails("timeout", reader.recv, reader)
    writer:settimeout(0)
    while writer:send(("x"):rep(4096)) do end
    writer:settimeout(0.02)
    fault.program { call = "poll", errno = "EINTR" }
    fails("timeout", writer.send, writer, "y")
    assert.is_false(native.nonblocking(r) or native.nonblocking(w))
  end)

  it("T27: nor in an accept that blocks", function ()
    local l = support.transports.TCP4:listener()
    native.nonblocking(l:getfd(), false)
    local listener <close> = assert(core.fromfd(l:detach()))
    listener:settimeout(0.02)
    fault.program { call = "poll", errno = "EINTR" }
    fails("timeout", listener.accept, listener)
  end)

  it("T27: the send timeout is as it was after a connect", function ()
    local l <close> = support.transports.TCP4:listener()
    local c = support.transports.TCP4:socket()
    assert(c:setoption("so_sndtimeo", 7))
    local s <close> = assert(core.fromfd(c:detach()))
    assert(s:connect(l:getsockname()))
    assert.equal(7, s:getoption "so_sndtimeo")
  end)
end)

describe("connect", function ()
  it("T1: that is interrupted goes on in the kernel", function ()
    local l <close> = support.transports.TCP4:listener()
    local c <close> = support.transports.TCP4:socket()
    fault.program { call = "connect", errno = "EINTR", done = true }
    assert.equal(c, c:connect(l:getsockname()))
    assert.equal(l:getsockname(), c:getpeername())
  end)

  it("T1: of UNIX sockets does not, and is made again", function ()
    local l <close> = support.transports["UNIX stream"]:listener()
    local c <close> = support.transports["UNIX stream"]:socket()
    fault.program { call = "connect", errno = "EINTR" }
    assert.equal(c, c:connect(l:getsockname()))
    assert.equal(l:getsockname(), c:getpeername())
  end)

  it("succeeds only when the peer's name can be told", function ()
    local l <close> = support.transports.TCP4:listener()
    local c <close> = support.transports.TCP4:socket()
    fault.program { call = "getpeername", errno = "ENOTCONN" }
    fails("ENOTCONN", c.connect, c, l:getsockname())
  end)
end)

describe("records", function ()
  it("L05: an interruption does not make the end an empty record",
     function ()
    for _, name in ipairs { "recv", "recvfrom" } do
      local a, b = support.transports["UNIX seqpacket"]:pair()
      a:send "record"
      a:close()
      assert.equal("record", b:recv())
      fault.program { call = "poll", errno = "EINTR" }
      assert.is_nil((b[name](b)))
      b:close()
    end
  end)
end)

describe("sendfile", function ()
  it("copies where the system cannot", function ()
    for _, errno in ipairs { "EINVAL", "ENOSYS", "EOPNOTSUPP" } do
      local path = support.tmpname()
      local file <close> = assert(io.open(path, "w+"))
      file:write(("0123456789"):rep(20000)):flush()
      fault.program { call = "sendfile", nth = 2, count = math.huge,
                      errno = errno }
      fault.program { call = "sendfile", short = 1000 }
      local a, b = core.socketpair()
      local sent
      core.loop.spawn(function ()
        sent = a:sendfile(file, 5)
        a:close()
      end)
      local parts = {}
      for part in function () return (b:recv()) end do
        parts[#parts + 1] = part
      end
      while core.loop.tasks() > 0 do core.loop.turn() end
      assert.equal(199995, sent)
      assert.is_true(table.concat(parts) == ("0123456789"):rep(20000):sub(6))
      fault.reset()
    end
  end)
end)
