-- socket:wait and core.poll.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local loop = core.loop

local pair, fullpair, closeall = waits.pair, waits.fullpair, waits.closeall
local drain = waits.drain

-- With ppoll, with the loop, and in a task.
local function everywhere(f)
  f()
  local clock = tasks.ticker()
  f()
  tasks.spawn(f):join()
  tasks.spawn(function () coroutine.wrap(f)() end):join()
  clock.stop = true
  clock.task:join()
end

describe("socket:wait", function ()
  tasks.watch(before_each, after_each)

  it("tells what the socket is ready for", function ()
    everywhere(function ()
      local a, b = pair()
      assert.equal("w", a:wait("w"))
      assert.equal("w", a:wait("rw"))
      assert.equal("w", a:wait("wr"))
      support.fails("timeout", a.wait, a, "r", 0)
      b:send("x")
      assert.equal("r", a:wait("r"))
      assert.equal("rw", a:wait("rw"))
      assert.equal("x", a:recv())
      local c, d = fullpair()
      support.fails("timeout", c.wait, c, "w", 0.001)
      support.fails("timeout", c.wait, c, "rw", 0.001)
      drain(d)
      assert.equal("w", c:wait("w"))
      closeall(a, b, c, d)
    end)
  end)

  it("at the end of the stream, and for a listener, is readable", function ()
    everywhere(function ()
      for _, name in ipairs { "TCP4", "TCP6", "UNIX stream",
                              "UNIX seqpacket" } do
        local transport = support.transports[name]
        local a, b = transport:pair()
        b:close()
        assert.equal("r", a:wait("r"))
        local listener = transport:listener()
        support.fails("timeout", listener.wait, listener, "r", 0.001)
        local client = transport:socket()
        client:connect(listener:getsockname())
        assert.equal("r", listener:wait("r"))
        closeall(a, listener, client)
      end
    end)
  end)

  it("L29: 'p' waits for urgent data", function ()
    everywhere(function ()
      local a, b = support.transports["TCP4"]:pair()
      support.fails("timeout", a.wait, a, "p", 0.001)
      b:send("normal")
      support.fails("timeout", a.wait, a, "p", 0.001)
      assert.equal("r", a:wait("rp"))
      b:send("!", "oob")
      assert.equal("p", a:wait("p"))
      assert.equal("rp", a:wait("rp"))
      assert.equal("!", a:recv(1, "oob"))
      assert.equal("normal", a:recv())
      closeall(a, b)
    end)
  end)

  it("L29: urgent data ends a wait for it", function ()
    local a, b = support.transports["TCP4"]:pair()
    local t = tasks.spawn(function () return a:wait("p") end)
    tasks.settle()
    b:send("normal")
    tasks.settle()
    assert.is_false(t:done())
    b:send("!", "oob")
    assert.equal("p", t:join())
    closeall(a, b)
  end)

  it("L30: a TCP socket that never connected is ready at once", function ()
    everywhere(function ()
      local s = support.transports["TCP4"]:socket()
      assert.equal("rw", s:wait("rw"))
      s:close()
    end)
  end)

  it("an error or a hang-up makes all of it ready", function ()
    everywhere(function ()
      local a, b = support.transports["TCP4"]:pair()
      b:setoption("so_linger", 0)
      b:close()
      assert.equal("rwp", a:wait("rwp"))
      a:close()
      a, b = pair()
      b:close()
      assert.equal("rwp", a:wait("rwp"))
      a:close()
    end)
  end)

  it("has seconds of its own, or the socket's timeout", function ()
    everywhere(function ()
      local a, b = pair()
      local function took(least, ...)
        local start = loop.now()
        support.fails("timeout", a.wait, a, ...)
        local time = loop.now() - start
        assert.is_true(time >= least and time < support.patience)
      end
      a:settimeout(0)
      took(0, "r")
      took(0.01, "r", 0.01)
      a:settimeout(0.01)
      took(0.01, "r")
      took(0.01, "r", nil)
      a:settimeout(1e9)
      took(0, "r", 0)
      closeall(a, b)
    end)
  end)

  it("on a closed socket gives code 'closed'", function ()
    everywhere(function ()
      local a, b = pair()
      a:close()
      support.fails("closed", a.wait, a, "r")
      support.fails("closed", a.wait, a, "rw", 0)
      b:close()
    end)
  end)

  it("refuses bad arguments by name", function ()
    local a, b = pair()
    for _, what in ipairs { "", "x", "rr", "R", "r w", "rwx", "r\0", "\0",
                            "rwpr", 1, 1.5, true, {} } do
      support.raises("what", a.wait, a, what)
    end
    support.raises("what", a.wait, a)
    support.raises("what", a.wait, a, nil, 1)
    for _, seconds in ipairs { -1, 0 / 0, "1", {}, true } do
      support.raises("seconds", a.wait, a, "r", seconds)
    end
    assert.is_false(pcall(a.wait))
    assert.is_false(pcall(a.wait, {}, "r"))
    assert.is_false(pcall(a.wait, io.stdout, "r"))
    closeall(a, b)
  end)
end)

describe("core.poll", function ()
  tasks.watch(before_each, after_each)

  it("tells the sockets that are ready, and what for", function ()
    everywhere(function ()
      local a, b = pair()
      local c, d = fullpair()
      assert.same({ [a] = "w" }, core.poll { [a] = "rw", [c] = "rw" })
      b:send("x")
      assert.same({ [a] = "rw" }, core.poll { [a] = "rw", [c] = "rw" })
      assert.same({ [a] = "r" }, core.poll { [a] = "r", [c] = "w" })
      d:send("y")
      assert.same({ [a] = "r", [c] = "r" },
                  core.poll { [a] = "r", [c] = "rw" })
      closeall(a, b, c, d)
    end)
  end)

  it("leaves the table as it was", function ()
    local a, b = pair()
    local set = { [a] = "rw", [b] = "r" }
    core.poll(set)
    core.poll(set, 0)
    assert.same({ [a] = "rw", [b] = "r" }, set)
    closeall(a, b)
  end)

  it("is not confused when the table changes meanwhile", function ()
    local a, b = pair()
    local c, d = pair()
    local set = { [a] = "r", [c] = "r" }
    local t = tasks.spawn(function () return core.poll(set) end)
    tasks.settle()
    set[a], set[c], set[b] = nil, nil, "nonsense"
    collectgarbage()
    collectgarbage()
    b:send("x")
    assert.same({ [a] = "r" }, t:join())
    closeall(a, b, c, d)
  end)

  it("keeps its sockets alive", function ()
    local sockets = {}
    local peers = {}
    for i = 1, 10 do
      local a, b = pair()
      sockets[a] = "r"
      peers[i] = b
    end
    local set = sockets
    sockets = nil
    local t = tasks.spawn(function ()
      local mine = set
      set = nil
      local f = core.poll
      return (f(mine))
    end)
    tasks.settle()
    collectgarbage()
    peers[7]:send("x")
    do
      local ready = t:join()
      local s = next(ready)
      assert.equal("x", s:recv())
      assert.is_nil(next(ready, s))
    end
    assert.is_nil(sockets)
    closeall(peers)
  end)

  it("of nothing sleeps", function ()
    everywhere(function ()
      local start = loop.now()
      support.fails("timeout", core.poll, {}, 0.01)
      assert.is_true(loop.now() - start >= 0.01)
      support.fails("timeout", core.poll, {}, 0)
    end)
  end)

  it("takes seconds: 0, some, none, nil", function ()
    everywhere(function ()
      local a, b = pair()
      a:settimeout(0)  -- it does not count
      support.fails("timeout", core.poll, { [a] = "r" }, 0)
      local start = loop.now()
      support.fails("timeout", core.poll, { [a] = "r" }, 0.01)
      assert.is_true(loop.now() - start >= 0.01)
      b:send("x")
      assert.same({ [a] = "r" }, core.poll({ [a] = "r" }, nil))
      assert.same({ [a] = "r" }, core.poll({ [a] = "r" }, math.huge))
      closeall(a, b)
    end)
  end)

  it("with a closed socket gives code 'closed'", function ()
    everywhere(function ()
      local a, b = pair()
      local c, d = pair()
      a:close()
      support.fails("closed", core.poll, { [a] = "r" })
      support.fails("closed", core.poll, { [a] = "r", [c] = "r" }, 0)
      closeall(b, c, d)
    end)
  end)

  it("ends when one of its sockets is closed meanwhile", function ()
    local list = {}
    for i = 1, 5 do
      local a, b = pair()
      list[i] = { a, b }
    end
    local function set()
      local result = {}
      for _, p in ipairs(list) do result[p[1]] = "r" end
      return result
    end
    local t = tasks.spawn(function ()
      support.fails("closed", core.poll, set())
    end)
    tasks.settle()
    list[3][1]:close()
    t:join()
    -- the others are free again
    local reader = tasks.spawn(function () return list[2][1]:recv() end)
    tasks.settle()
    list[2][2]:send("x")
    assert.equal("x", reader:join())
    closeall(table.unpack(list))
  end)

  it("waits for the end of the stream, errors and hang-ups", function ()
    everywhere(function ()
      local a, b = support.transports["TCP4"]:pair()
      local c, d = pair()
      b:setoption("so_linger", 0)
      local closer = tasks.spawn(function () b:close() end)
      assert.same({ [a] = "rp" }, core.poll { [a] = "rp", [c] = "r" })
      tasks.untiltrue(function () return closer:done() end)
      closeall(a, c, d)
    end)
  end)

  it("waits for many sockets", function ()
    local n = 200
    local limit = native.rlimit()
    if limit < 2 * n + 50 and not native.rlimit(2 * n + 50) then
      return support.skip("too few descriptors")
    end
    local set, peers = {}, {}
    for i = 1, n do
      local a, b = pair()
      set[a] = "r"
      peers[i] = b
    end
    everywhere(function ()
      local waker = tasks.spawn(function ()
        peers[17]:send("x")
        peers[171]:send("x")
      end)
      local got = 0
      while got < 2 do
        for s in pairs(assert(core.poll(set))) do
          assert.equal("x", s:recv(1))
          got = got + 1
        end
      end
      tasks.untiltrue(function () return waker:done() end)
    end)
    for s in pairs(set) do s:close() end
    closeall(peers)
    native.rlimit(limit)
  end)

  it("with one socket that is waited for already raises, and waits for none",
     function ()
    local a, b = pair()
    local c, d = pair()
    local reader = tasks.spawn(function () return a:recv() end)
    tasks.settle()
    for _ = 1, 10 do
      support.raises("already reading", core.poll, { [a] = "r", [c] = "r" })
    end
    local other = tasks.spawn(function () return c:recv() end)
    tasks.settle()
    b:send("x")
    d:send("y")
    assert.equal("x", reader:join())
    assert.equal("y", other:join())
    closeall(a, b, c, d)
  end)

  it("refuses bad arguments by name", function ()
    local a, b = pair()
    for _, sockets in ipairs { 1, "r", true, a, print } do
      support.raises("sockets", core.poll, sockets)
    end
    support.raises("sockets", core.poll)
    support.raises("sockets", core.poll, { a })
    support.raises("sockets", core.poll, { [1] = "r" })
    support.raises("sockets", core.poll, { x = "r" })
    support.raises("sockets", core.poll, { [io.stdout] = "r" })
    support.raises("sockets", core.poll, { [core.address "1.2.3.4:5"] = "r" })
    for _, what in ipairs { "", "x", "rr", "rwx", "r\0", 1, true, {} } do
      support.raises("sockets", core.poll, { [a] = what })
      support.raises("sockets", core.poll, { [b] = "r", [a] = what })
    end
    for _, seconds in ipairs { -1, 0 / 0, "1", {}, true } do
      support.raises("seconds", core.poll, {}, seconds)
    end
    closeall(a, b)
  end)
end)
