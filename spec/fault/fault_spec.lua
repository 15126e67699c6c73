-- The module on a system that misbehaves on demand (spec/support/fault.c).
local support = require "spec.support"
local native = support.native
local core = support.core
local fault = core.fault

-- A program that has to take effect before the test ends.
local function program(fields)
  local id = fault.program(fields)
  return function () return fault.hits(id) end
end

before_each(function () fault.reset() end)
after_each(function () fault.reset() end)

describe("the seam", function ()
  it("is under this build of the module", function ()
    assert.is_table(fault)
  end)

  it("passes calls through when nothing is programmed", function ()
    local a, b = core.socketpair("unix", "stream")
    assert.equal(5, a:send "hello")
    assert.equal("hello", b:recv())
    a:close()
    b:close()
  end)

  it("makes the nth call of a kind fail, and that one only", function ()
    local hits = program { call = "socket", nth = 2, errno = "EACCES" }
    local a <close> = assert(core.socket("inet", "stream"))
    support.fails("EACCES", core.socket, "inet", "stream")
    local b <close> = assert(core.socket("inet", "stream"))
    assert(a ~= b)
    assert.equal(1, hits())
  end)

  it("makes several, or all from then on, fail", function ()
    fault.program { call = "socket", count = 2, errno = "EACCES" }
    support.fails("EACCES", core.socket, "inet", "stream")
    support.fails("EACCES", core.socket, "inet", "stream")
    assert(core.socket("inet", "stream")):close()
    fault.program { call = "socket", count = math.huge, errno = "ENFILE" }
    for _ = 1, 20 do support.fails("ENFILE", core.socket, "inet", "stream") end
  end)

  it("keeps several programs at once", function ()
    fault.program { call = "socket", errno = "ENFILE" }
    fault.program { call = "socketpair", errno = "EACCES" }
    support.fails("EACCES", core.socketpair, "unix", "stream")
    support.fails("ENFILE", core.socket, "inet", "stream")
  end)

  it("applies to one descriptor when told so", function ()
    local a, b = core.socketpair("unix", "stream")
    fault.program { call = "shutdown", fd = b:getfd(), errno = "ENOBUFS" }
    assert(a:shutdown "w")
    support.fails("ENOBUFS", b.shutdown, b, "w")
    a:close()
    b:close()
  end)

  it("remembers the calls", function ()
    fault.log(true)
    local s = core.socket("inet", "stream")
    local fd = s:getfd()
    s:close()
    local calls = fault.calls()
    assert.equal("socket", calls[1].call)
    assert.equal(fd, calls[1].result)
    assert.equal("close", calls[#calls].call)
    assert.equal(fd, calls[#calls].fd)
  end)

  it("is late when told so", function ()
    fault.program { call = "socket", delay = 0.05 }
    local begin = native.now()
    core.socket("inet", "stream"):close()
    assert(native.now() - begin >= 0.05)
  end)

  it("refuses what it does not know", function ()
    support.raises("speed", fault.program, { call = "recv", speed = 3 })
    support.raises("fly", fault.program, { call = "fly" })
    support.raises("EWRONG", fault.program, { call = "recv", errno = "EWRONG" })
    support.raises("which call", fault.program, {})
  end)
end)

describe("EINTR", function ()
  -- Each of these calls is interrupted three times running while both ends of
  -- every transport work; nobody notices.
  for _, call in ipairs { "accept4", "connect", "send", "recv", "sendto",
                          "recvfrom", "sendmsg", "recvmsg", "sendmmsg",
                          "recvmmsg", "epoll_pwait", "epoll_ctl", "ppoll",
                          "poll", "close", "read", "write" } do
    it("in " .. call .. " is invisible", function ()
      for _, t in ipairs(support.transports) do
        fault.program { call = call, errno = "EINTR", count = 3 }
        local a, b = t:pair()
        a:settimeout(5)
        b:settimeout(5)
        assert.equal(4, a:send "one ")
        assert(b:wait("r", 5))
        assert.equal("one ", (b:recv()))
        assert.equal(1, b:sendmsg { data = "2" })
        assert.equal("2", assert(a:recvmsg { size = 10 }).data)
        if t.stream then
          assert(a:sendall(("x"):rep(100)))
          local n = 0
          while n < 100 do n = n + #assert(b:recv(100 - n)) end
        else
          assert.equal("x", (assert(a:send "x") and b:recvfrom()))
        end
        a:close()
        b:close()
        fault.reset()
      end
    end)
  end

  it("in sendfile is invisible", function ()
    local hits = program { call = "sendfile", errno = "EINTR", count = 3 }
    local path = support.tmpname()
    local file <close> = assert(io.open(path, "w+"))
    file:write(("y"):rep(5000)):flush()
    local a, b = core.socketpair("unix", "stream")
    assert.equal(5000, a:sendfile(file, 0, 5000))
    a:close()
    local n = 0
    for data in function () return (b:recv()) end do n = n + #data end
    assert.equal(5000, n)
    assert.equal(3, hits())
    b:close()
  end)

  -- As a timer with a tiny interval would do it.  Not for ever, so that the
  -- test fails where it would hang.
  for _, call in ipairs { "recv", "ppoll" } do
    it("a storm of them in " .. call .. " does not stretch a deadline",
       function ()
      local a, b = core.socketpair("unix", "stream")
      local hits = program { call = call, errno = "EINTR", count = 3e6 }
      a:settimeout(0.05)
      local begin = native.now()
      support.fails("timeout", a.recv, a)
      assert(native.now() - begin < 1)
      assert(hits() > 0)
      a:close()
      b:close()
    end)
  end

  it("T16: in close does not close the number again", function ()
    local hits = program { call = "close", errno = "EINTR" }
    local s = core.socket("inet", "stream")
    local fd = s:getfd()
    fault.log(true)
    assert(s:close())
    local n = 0
    for _, c in ipairs(fault.calls()) do
      if c.call == "close" and c.fd == fd then n = n + 1 end
    end
    assert.equal(1, n)
    assert.equal(1, hits())
  end)
end)

describe("short transfers", function ()
  for _, t in ipairs(support.transports) do
    if t.stream then
      it(t.name .. ": send says how much was taken", function ()
        local a, b = t:pair()
        fault.program { call = "send", short = 3 }
        assert.equal(3, a:send "abcdef")
        assert.equal("abc", (b:recv()))
        a:close()
        b:close()
      end)

      it(t.name .. ": sendall sends all, a byte at a time if need be",
         function ()
        local a, b = t:pair()
        local data = ("0123456789"):rep(10)
        local hits = program { call = "send", short = 1, count = math.huge }
        fault.program { call = "sendmsg", short = 1, count = math.huge }
        assert(a:sendall(data))
        a:close()
        local parts = {}
        for part in function () return (b:recv(100)) end do
          parts[#parts + 1] = part
        end
        assert.equal(data, table.concat(parts))
        assert(hits() >= 1)
        b:close()
      end)

      it(t.name .. ": nothing is lost by short receives", function ()
        local a, b = t:pair()
        local data = ("0123456789"):rep(50)
        fault.program { call = "recv", short = 7, count = math.huge }
        fault.program { call = "recvmsg", short = 3, count = math.huge }
        assert(a:sendall(data))
        a:close()
        local parts, even = {}, false
        while true do
          local part
          even = not even
          if even then
            part = b:recv()
          else
            local message = b:recvmsg { size = 100 }
            part = message and message.data
          end
          if not part then break end
          parts[#parts + 1] = part
        end
        assert.equal(data, table.concat(parts))
        assert(#parts > 50)
        b:close()
      end)

      it(t.name .. ": sendall tells how much left before a failure",
         function ()
        local a, b = t:pair()
        fault.program { call = "send", short = 4, count = 2 }
        fault.program { call = "send", nth = 3, errno = "ENOBUFS" }
        local ok, message, code, sent = a:sendall "0123456789"
        assert.same({ nil, "ENOBUFS", 8 }, { ok, code, sent })
        assert.is_string(message)
        assert.equal("01234567", b:recv(100))
        a:close()
        b:close()
      end)
    end
  end

  it("a short sendfile goes on or says how far it came", function ()
    local path = support.tmpname()
    local file <close> = assert(io.open(path, "w+"))
    file:write(("abcde"):rep(100)):flush()
    local a, b = core.socketpair("unix", "stream")
    fault.program { call = "sendfile", short = 11, count = math.huge }
    local at = 0
    while at < 500 do at = at + assert(a:sendfile(file, at, 500 - at)) end
    a:close()
    local parts = {}
    for part in function () return (b:recv()) end do
      parts[#parts + 1] = part
    end
    assert.equal(("abcde"):rep(100), table.concat(parts))
    b:close()
  end)
end)

describe("running out of descriptors", function ()
  -- Fills the table up to the limit and runs f; the limit is put back.
  local function full(f, ...)
    local highest = 0
    for fd in pairs(native.fds()) do highest = math.max(highest, fd) end
    local old = assert(native.rlimit(highest + 1))
    local fillers = {}
    while true do
      local fd = native.open("/dev/null")
      if not fd then break end
      fillers[#fillers + 1] = fd
    end
    local results = table.pack(pcall(f, ...))
    for _, fd in ipairs(fillers) do native.close(fd) end
    native.rlimit(old)
    assert(results[1], results[2])
    return table.unpack(results, 2, results.n)
  end

  for _, t in ipairs(support.transports) do
    if t.connected then
      for _, code in ipairs { "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM" } do
        it(("T11: %s: accept says %s, and the connection is still there")
           :format(t.name, code), function ()
          local listener = t:listener()
          local client = t:socket()
          assert(client:connect(listener:getsockname()))
          local hits = program { call = "accept4", errno = code }
          support.fails(code, listener.accept, listener)
          assert.equal(1, hits())
          local server = assert(listener:accept())
          assert(client:send "still here")
          assert.equal("still here", (server:recv()))
          client:close()
          server:close()
          listener:close()
        end)
      end

      it("T11: " .. t.name .. ": the same when the table really is full",
         function ()
        local listener = t:listener()
        local client = t:socket()
        assert(client:connect(listener:getsockname()))
        local before = native.fds()
        full(function ()
          for _ = 1, 3 do
            support.fails("EMFILE", listener.accept, listener)
          end
        end)
        assert.same(before, native.fds())
        local server = assert(listener:accept())
        assert(client:send "still here")
        assert.equal("still here", (server:recv()))
        client:close()
        server:close()
        listener:close()
      end)
    end
  end

  it("T8: recvmsg that fails with EMFILE loses no descriptor", function ()
    local a, b = core.socketpair("unix", "stream")
    local x, y = core.socketpair("unix", "stream")
    assert(a:sendmsg { data = "take", fds = { x } })
    x:close()
    local before = native.fds()
    local hits = program { call = "recvmsg", errno = "EMFILE" }
    support.fails("EMFILE", b.recvmsg, b, { size = 10, fds = 1 })
    assert.equal(1, hits())
    assert.same(before, native.fds())
    -- It was not taken from the queue.
    local message = assert(b:recvmsg { size = 10, fds = 1 })
    assert.equal("take", message.data)
    assert(y:send "through")
    assert.equal("through", (message.fds[1]:recv()))
    message.fds[1]:close()
    a:close()
    b:close()
    y:close()
  end)

  it("T8: recvmsg with the table full reports the truncation, leaks none",
     function ()
    local a, b = core.socketpair("unix", "stream")
    local x, y = core.socketpair("unix", "stream")
    assert(a:sendmsg { data = "take", fds = { x, y } })
    local before = native.fds()
    full(function ()
      local message, _, code = b:recvmsg { size = 10, fds = 2 }
      if message then
        assert.equal("take", message.data)
        assert.is_true(message.flags.ctrunc)
        assert.equal(0, message.fds and #message.fds or 0)
      else
        assert.equal("EMFILE", code)
      end
    end)
    assert.same(before, native.fds())
    for _, s in ipairs { a, b, x, y } do s:close() end
  end)

  it("socket, socketpair, dup and fromfd say EMFILE and leak none", function ()
    local s = core.socket("inet", "stream")
    local before = native.fds()
    full(function ()
      support.fails("EMFILE", core.socket, "inet", "stream")
      support.fails("EMFILE", core.socketpair, "unix", "stream")
      support.fails("EMFILE", s.dup, s)
    end)
    assert.same(before, native.fds())
    s:close()
  end)
end)

describe("resolving", function ()
  it("passes on what the resolver says", function ()
    for _, code in ipairs { "EAI_AGAIN", "EAI_FAIL", "EAI_NONAME",
                            "EAI_MEMORY" } do
      fault.program { call = "getaddrinfo", errno = code }
      support.fails(code, core.getaddrinfo, "localhost", 80)
      fault.reset()
    end
  end)

  it("names the system's error behind EAI_SYSTEM", function ()
    fault.program { call = "getaddrinfo", errno = "EMFILE" }
    support.fails("EMFILE", core.getaddrinfo, "localhost", 80)
  end)

  it("fails as a value when there is no thread to be had", function ()
    fault.program { call = "pthread_create", errno = "EAGAIN",
                    count = math.huge }
    local list, message, code = core.getaddrinfo("localhost", 80)
    -- With idle workers from earlier calls none has to be made.
    if not list then
      assert.is_string(message)
      assert.is_string(code)
    end
  end)
end)

describe("a poller that cannot be made", function ()
  -- In a process of its own: this one has its poller.
  it("is a failure of the call that would wait", function ()
    local p <close> = support.lua [[
      local core = require "sockeye.core"
      core.fault.program { call = "epoll_create1", errno = "EMFILE",
                           count = math.huge }
      local a, b = assert(core.socketpair("unix", "stream"))
      a:settimeout(0.05)
      local data, message, code = a:recv()
      assert(data == nil, data)
      assert(code == "EMFILE" or code == "timeout", code)
      core.fault.reset()
      a:settimeout(5)
      assert(b:send "x")
      assert(a:recv() == "x")
      print "done"
    ]]
    assert.equal("done", p:line())
    p:succeed()
  end)
end)
