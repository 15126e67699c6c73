-- Who waits for a socket: what a close does to it, and one at a time.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local loop = core.loop

local pair, fullpair, drain = waits.pair, waits.fullpair, waits.drain
local closeall = waits.closeall
local TCP = support.transports["TCP4"]

describe("closing", function ()
  tasks.watch(before_each, after_each)

  -- What waits on s, which is closed meanwhile.
  local kinds = {
    recv = function (s) return s:recv() end,
    ["recv waitall"] = function (s) return s:recv(100, "waitall") end,
    recvfrom = function (s) return s:recvfrom() end,
    recvmsg = function (s) return s:recvmsg {} end,
    wait = function (s) return s:wait("r") end,
    ["wait for both"] = function (s) return s:wait("rp") end,
    poll = function (s) return core.poll { [s] = "r" } end,
  }
  local writing = {
    send = function (s) return s:send("x") end,
    sendall = function (s) return s:sendall("x") end,
    sendmsg = function (s) return s:sendmsg { data = "x" } end,
    ["wait to write"] = function (s) return s:wait("w") end,
    ["poll to write"] = function (s) return core.poll { [s] = "w" } end,
  }

  local function check(name, f, make, leave)
    for _, place in ipairs(tasks.places) do
      local s, other = make()
      local closer = tasks.spawn(function ()
        loop.sleep(0.002)
        leave(s)
      end)
      place.run(function () support.fails("closed", f, s) end)
      closer:join()
      assert.matches("closed", tostring(s), name)
      closeall(s, other)
    end
  end

  for name, f in pairs(kinds) do
    it("ends " .. name .. " with code 'closed'", function ()
      check(name, f, pair, function (s) s:close() end)
    end)
  end

  for name, f in pairs(writing) do
    it("ends " .. name .. " with code 'closed'", function ()
      check(name, f, fullpair, function (s) s:close() end)
    end)
  end

  it("ends accept with code 'closed'", function ()
    check("accept", function (s) return s:accept() end, function ()
      return TCP:listener(), {}
    end, function (s) s:close() end)
  end)

  it("ends connect with code 'closed'", function ()
    local listener, queued, probes = waits.hanging()
    local full, waiting = waits.fulllistener()
    check("connect", function (s) return s:connect(listener:getsockname()) end,
          function () return TCP:socket(), {} end,
          function (s) s:close() end)
    check("connect", function (s) return s:connect(full:getsockname()) end,
          function () return assert(core.socket("unix", "stream")), {} end,
          function (s) s:close() end)
    closeall(listener, queued, probes, full, waiting)
  end)

  it("by detach ends the wait as well", function ()
    check("detach", function (s) return s:recv() end, pair, function (s)
      native.close(s:detach())
    end)
  end)

  it("ends a reader and a writer of one socket", function ()
    local a, b = fullpair()
    local reader = tasks.spawn(function ()
      support.fails("closed", a.recv, a)
    end)
    local writer = tasks.spawn(function ()
      support.fails("closed", a.send, a, "x")
    end)
    tasks.settle()
    a:close()
    reader:join()
    writer:join()
    b:close()
  end)

  it("comes before an event that was not yet handled", function ()
    local a, b = pair()
    local reader = tasks.spawn(function ()
      support.fails("closed", a.recv, a)
    end)
    tasks.settle()
    b:send("data")
    -- the event and this task's turn come together
    local closer = tasks.spawn(function () a:close() end)
    closer:join()
    reader:join()
    b:close()
  end)

  it("T14: a waiter never meets the number that another socket got",
     function ()
    for _ = 1, 20 do
      local a, b = pair()
      local number = a:getfd()
      local reader = tasks.spawn(function ()
        support.fails("closed", a.recv, a)
      end)
      tasks.settle()
      b:send("for the old one")
      a:close()
      local c, d = pair()
      assert.is_true(c:getfd() == number or d:getfd() == number)
      d:send("for c")
      c:send("for d")
      local other = tasks.spawn(function () return c:recv() end)
      reader:join()
      assert.equal("for c", other:join())
      assert.equal("for d", d:recv())
      closeall(b, c, d)
    end
  end)

  it("T14: what closes a socket in a call's own wait is seen by that call",
     function ()
    -- without tasks, only a debug hook can do that
    local a, b = pair()
    a:settimeout(support.patience)
    local c, d
    waits.hook(a.recv, function ()
      a:close()
      c, d = pair()
    end)
    local start = loop.now()
    local data, _, code = a:recv()
    debug.sethook()
    assert.same({ nil, "closed" }, { data, code })
    assert.is_true(loop.now() - start < support.patience / 2)
    closeall(b, c, d)
  end)
end)

describe("one reader and one writer", function ()
  tasks.watch(before_each, after_each)

  local readings = {
    recv = function (s) return s:recv() end,
    recvfrom = function (s) return s:recvfrom() end,
    recvmsg = function (s) return s:recvmsg {} end,
    wait = function (s) return s:wait("r") end,
    poll = function (s) return core.poll { [s] = "r" } end,
  }

  local function raises(text, f, s)
    local ok, message = pcall(f, s)
    assert.is_false(ok)
    assert.matches(text, message, 1, true)
  end

  for name, f in pairs(readings) do
    it("a second reader by " .. name .. " raises at once", function ()
      local a, b = pair()
      local first = tasks.spawn(function () return a:recv() end)
      tasks.settle()
      for _, timeout in ipairs { false, 10, 0 } do
        a:settimeout(timeout or nil)
        for _, place in ipairs(tasks.places) do
          place.run(function () raises("already reading", f, a) end)
        end
      end
      b:send("data")
      -- even when there is something: it is the first one's
      raises("already reading", f, a)
      assert.equal("data", first:join())
      -- and the raised errors left nothing behind
      b:send("more")
      a:settimeout(10)
      assert.equal("more", a:recv())
      closeall(a, b)
    end)
  end

  it("a second writer raises at once", function ()
    local a, b = fullpair()
    local first = tasks.spawn(function () return a:sendall("first") end)
    tasks.settle()
    for _, f in ipairs {
      function () return a:send("x") end,
      function () return a:sendall("x") end,
      function () return a:sendmsg { data = "x" } end,
      function () return a:wait("w") end,
      function () return core.poll { [a] = "w" } end,
      function () return core.poll { [b] = "r", [a] = "rw" } end,
    } do
      for _, place in ipairs(tasks.places) do
        place.run(function () raises("already writing", f) end)
      end
    end
    drain(b)
    assert.equal(a, first:join())
    assert.equal("first", b:recv())
    closeall(a, b)
  end)

  it("no other writer gets in the middle of a sendall", function ()
    local a, b = fullpair()
    local text = ("0123456789"):rep(30000)
    local first = tasks.spawn(function () return a:sendall(text) end)
    local refused, sent = 0, 0
    local second = tasks.spawn(function ()
      while not first:done() do
        local ok = pcall(a.send, a, "!")
        if ok then sent = sent + 1 else refused = refused + 1 end
        coroutine.yield()
      end
    end)
    local got = {}
    while not first:done() do
      got[#got + 1] = b:recv(7000)
      loop.turn(0)
    end
    second:join()
    a:close()
    for part in function () return b:recv(65536) end do got[#got + 1] = part end
    local all = table.concat(got):gsub("^x*", "")
    assert.equal(text, all:gsub("!*$", ""), nil)
    assert.is_true(refused > 0)
    b:close()
  end)

  it("may be different tasks", function ()
    local a, b = fullpair()
    local reader = tasks.spawn(function () return a:recv() end)
    local writer = tasks.spawn(function () return a:send("x") end)
    tasks.settle()
    assert.is_false(reader:done() or writer:done())
    b:send("data")
    assert.equal("data", reader:join())
    assert.is_false(writer:done())
    drain(b)
    assert.equal(1, writer:join())
    closeall(a, b)
  end)

  it("a wait that timed out leaves no waiter behind", function ()
    for _, place in ipairs(tasks.places) do
      local a, b = pair()
      local c, d = fullpair()
      a:settimeout(0.001)
      c:settimeout(0.001)
      place.run(function ()
        support.fails("timeout", a.recv, a)
        support.fails("timeout", c.send, c, "x")
        support.fails("timeout", a.wait, a, "r")
        support.fails("timeout", core.poll, { [a] = "r", [c] = "rw" }, 0.001)
      end)
      b:send("data")
      assert.equal("data", tasks.spawn(function () return a:recv() end):join())
      drain(d)
      assert.equal(1, tasks.spawn(function () return c:send("x") end):join())
      closeall(a, b, c, d)
    end
  end)

  it("a poll that came back lets others wait for all of its sockets",
     function ()
    local a, b = pair()
    local c, d = pair()
    local first = tasks.spawn(function ()
      return core.poll { [a] = "r", [c] = "r" }
    end)
    tasks.settle()
    b:send("data")
    assert.same({ [a] = "r" }, first:join())
    local second = tasks.spawn(function () return c:recv() end)
    tasks.settle()
    d:send("other")
    assert.equal("other", second:join())
    assert.equal("data", a:recv())
    closeall(a, b, c, d)
  end)

  it("an error out of a wait leaves no waiter behind", function ()
    -- a hook that raises is what Ctrl-C is
    local a, b = pair()
    for _, withtask in ipairs { false, true } do
      local clock = withtask and tasks.ticker()
      waits.hook(a.recv, function () error("hooked", 0) end)
      local ok, message = pcall(a.recv, a)
      debug.sethook()
      assert.is_false(ok)
      assert.equal("hooked", message)
      b:send("data")
      assert.equal("data", a:recv())
      if clock then
        clock.stop = true
        clock.task:join()
      end
    end
    closeall(a, b)
  end)
end)
