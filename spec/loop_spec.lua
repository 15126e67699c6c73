-- One turn of the loop: tasks, timers, the order of things, fairness.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local loop = core.loop

local pair, closeall = waits.pair, waits.closeall

-- How much slower than usual this run may be (valgrind).
local SLOW = support.patience / 20

describe("a task", function ()
  tasks.watch(before_each, after_each)

  it("runs in a later turn, with its arguments", function ()
    local got
    loop.spawn(function (...) got = table.pack(...) end, 1, nil, "x", nil)
    assert.is_nil(got)
    assert.equal(1, loop.tasks())
    assert.equal(0, loop.turn(0))
    assert.same({ n = 4, 1, nil, "x", nil }, got)
  end)

  it("takes many arguments", function ()
    local list = {}
    for i = 1, 5000 do list[i] = i end
    local n
    loop.spawn(function (...) n = select("#", ...) end, table.unpack(list))
    loop.turn(0)
    assert.equal(5000, n)
  end)

  it("is made from a function only", function ()
    for _, x in ipairs { 1, "x", true, {} } do
      assert.is_false(pcall(loop.spawn, x))
    end
    assert.is_false(pcall(loop.spawn))
    assert.is_false(pcall(loop.spawn, coroutine.create(print)))
    assert.equal(0, loop.tasks())
  end)

  it("starts others, in the order in which they were started", function ()
    local order = {}
    local first = tasks.spawn(function ()
      for i = 1, 3 do
        loop.spawn(function () order[#order + 1] = i end)
      end
      order[#order + 1] = 0
    end)
    first:join()
    tasks.settle()
    assert.same({ 0, 1, 2, 3 }, order)
  end)

  it("gives way by coroutine.yield", function ()
    local order = {}
    local list = {}
    for i = 1, 3 do
      list[i] = tasks.spawn(function ()
        for _ = 1, 3 do
          order[#order + 1] = i
          assert.equal(0, select("#", coroutine.yield("dropped", "too")))
        end
      end)
    end
    for _, t in ipairs(list) do t:join() end
    assert.same({ 1, 2, 3, 1, 2, 3, 1, 2, 3 }, order)
  end)

  it("runs its to-be-closed variables where they may wait (T32)", function ()
    local order = {}
    local function guarded(raise)
      local _ <close> = setmetatable({}, { __close = function ()
        order[#order + 1] = "closing"
        loop.sleep(0.001)
        order[#order + 1] = "closed"
      end })
      loop.sleep(0)
      if raise then error("deliberate", 0) end
    end
    local process <close> = support.lua([[
      local loop = require "sockeye.core".loop
      loop.spawn(function ()
        local _ <close> = setmetatable({}, { __close = function ()
          print "closing"
          loop.sleep(0.001)
          print "closed"
        end })
        error "deliberate"
      end)
      while loop.turn() > 0 do end
    ]], true)
    tasks.spawn(guarded):join()
    assert.same({ "closing", "closed" }, order)
    local output = process:succeed()
    assert.matches("closing\nclosed\n.*deliberate", output)
  end)

  it("that fails is reported on standard error, and the rest goes on",
     function ()
    local process <close> = support.lua([[
      local core = require "sockeye.core"
      local loop = core.loop
      io.stdout:setvbuf "no"
      local a, b = core.socketpair()
      loop.spawn(function () loop.sleep(0.001) error "with a place" end)
      loop.spawn(function () error({}) end)
      loop.spawn(function () error() end)
      loop.spawn(function ()
        error(setmetatable({}, { __tostring = function ()
          return "a table's text"
        end }))
      end)
      loop.spawn(function ()
        error(setmetatable({}, { __tostring = function () error "no" end }))
      end)
      loop.spawn(function ()
        error(setmetatable({}, { __tostring = function ()
          loop.sleep(0.001)
          return "waited"
        end }))
      end)
      loop.spawn(function () local function f() return 1 + f() end f() end)
      loop.spawn(function () loop.sleep(0.01) b:send "alive" end)
      print(a:recv())
      print(loop.tasks(), (loop.turn(0)))
    ]], true)
    local output = process:succeed()
    assert.matches("a task failed: [^\n]*with a place\nstack traceback",
                   output)
    assert.matches("a task failed: table: 0x", output)
    assert.matches("a task failed: nil", output)
    assert.matches("a task failed: a table's text", output)
    assert.matches("a task failed: %(error object is a table value%)", output)
    assert.matches("a task failed: waited", output)
    assert.matches("a task failed: [^\n]*stack overflow", output)
    assert.matches("alive\n", output)
    assert.matches("0\t0\n", output)
  end)

  it("tells its state by tostring", function ()
    local t = loop.spawn(function () loop.sleep(0) end)
    assert.matches("^task %(ready%)", tostring(t))
    loop.turn(0)
    assert.matches("^task %(waiting%)", tostring(t))
    tasks.settle()
    assert.matches("^task %(finished%)", tostring(t))
  end)

  it("is garbage when it has ended (T26)", function ()
    local function round()
      for _ = 1, 50 do
        loop.spawn(function () loop.sleep(0) end)
      end
      tasks.settle()
      assert.equal(0, loop.tasks())
    end
    local function size()
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    for _ = 1, 5 do round() end
    local before = size()
    for _ = 1, 100 do round() end
    assert.is_true(size() - before < 32)
  end)

  it("is alive while it waits, though nothing refers to it", function ()
    local a, b = pair()
    local got
    loop.spawn(function () got = a:recv() end)
    tasks.settle()
    a = nil
    collectgarbage()
    collectgarbage()
    b:send("data")
    tasks.settle()
    assert.equal("data", got)
    assert.is_nil(a)
    b:close()
  end)

  it("cannot turn the loop", function ()
    tasks.spawn(function ()
      support.raises("cannot turn", loop.turn, 0)
      coroutine.wrap(function ()
        support.raises("cannot turn", loop.turn, 0)
      end)()
    end):join()
  end)

  it("may be started by a finalizer, in the middle of starting one",
     function ()
    local n = 0
    local function count() n = n + 1 end
    local total = 0
    for _ = 1, 300 do
      setmetatable({}, { __gc = function ()
        for _ = 1, 40 do
          loop.spawn(function () loop.sleep(0.001) count() end)
        end
        total = total + 40
      end })
    end
    local mode = collectgarbage("incremental", 100, 400)
    for _ = 1, 400 do
      loop.spawn(function () loop.sleep(0.001) count() end)
    end
    collectgarbage(mode)
    collectgarbage()
    collectgarbage()
    assert.equal(300 * 40, total)
    tasks.untiltrue(function () return loop.tasks() == 0 end)
    assert.equal(total + 400, n)
  end)
end)

describe("a task that something else than the loop resumes", function ()
  local function run(code)
    local process <close> = support.lua([[
      local core = require "sockeye.core"
      local loop = core.loop
      io.stdout:setvbuf "no"
      local a, b = core.socketpair()
      local c, d = core.socketpair()
      local co
    ]] .. code, true)
    return process:succeed()
  end

  it("gets an error out of its wait", function ()
    for _, wait in ipairs { "a:recv()", "loop.sleep(100)", "a:wait 'r'",
                            "core.poll { [a] = 'r', [c] = 'rp' }",
                            "a:recv(9, 'waitall')" } do
      local output = run(([[
        loop.spawn(function ()
          co = coroutine.running()
          %s
        end)
        loop.turn(0)
        print(coroutine.resume(co))
        print(coroutine.status(co), loop.tasks())
        -- it left no waiter behind
        b:send "data"
        print(a:recv())
        a:settimeout(0)
        print(select(3, a:recv()))
      ]]):format(wait))
      assert.matches("true\tfalse\t[^\n]*resumed by something else", output)
      assert.matches("dead\t0\ndata\ntimeout\n", output)
    end
  end)

  it("may catch it and go on, for the one who resumed it", function ()
    local output = run [[
      loop.spawn(function () loop.sleep(0.01) b:send "late" end)
      loop.spawn(function ()
        co = coroutine.running()
        print(pcall(a.recv, a))
        print(a:recv())
        print(coroutine.yield "yielded")
        return "returned"
      end)
      loop.turn(0)
      print(coroutine.resume(co))
      print(coroutine.resume(co, "again"))
      print(loop.tasks())
    ]]
    assert.matches("^false\t[^\n]*something else[^\n]*\nlate\n" ..
                   "true\tyielded\nagain\ntrue\ttrue\treturned\n0\n$", output)
  end)

  it("while it was only giving way, is dropped with a report", function ()
    local output = run [[
      loop.spawn(function ()
        co = coroutine.running()
        coroutine.yield()
        print "resumed"
      end)
      loop.turn(0)
      print(coroutine.resume(co))
      print(loop.turn(0))
    ]]
    assert.matches("resumed\ntrue\ttrue\n", output)
    assert.matches("a task failed: [^\n]*something else", output)
    assert.matches("\n0\n", output)
  end)

  it("or closes, is dropped with a report and leaves nothing behind",
     function ()
    local output = run [[
      a:settimeout(0.001)
      loop.spawn(function ()
        co = coroutine.running()
        a:recv()
      end)
      loop.turn(0)
      print(coroutine.close(co))
      co = nil
      loop.sleep(0.01)
      print(loop.tasks())
      for _ = 1, 3 do collectgarbage() end
      for _ = 1, 100 do setmetatable({}, { __gc = print and function () end })
      end
      -- what still knows the waiter meets valid memory
      b:send "data"
      loop.spawn(function () loop.sleep(0) loop.sleep(0) end)
      loop.sleep(0.001)
      print(a:recv())
    ]]
    assert.matches("a task failed: [^\n]*something else", output)
    assert.matches("true\n", output)
    assert.matches("\n0\ndata\n$", output)
  end)

  it("from within a wait of its own does no harm", function ()
    local output = run [[
      loop.spawn(function ()
        co = coroutine.running()
        coroutine.yield()  -- back in the ready list
        print("waiting", pcall(a.recv, a))
      end)
      loop.turn(0)
      loop.spawn(function () loop.sleep(0.01) b:send "data" end)
      print(coroutine.resume(co))
      print(loop.tasks())
    ]]
    assert.matches("waiting\ttrue\tdata\ntrue\ttrue\n0\n", output)
  end)
end)

describe("timers", function ()
  tasks.watch(before_each, after_each)

  it("fire in order, thousands of them, none early", function ()
    local n = 3000
    local order, starts, delays = {}, {}, {}
    math.randomseed(42)
    for i = 1, n do
      delays[i] = math.random(0, 100) / 1000
      loop.spawn(function ()
        starts[i] = loop.now()
        loop.sleep(delays[i])
        order[#order + 1] = { i = i, at = loop.now() }
      end)
    end
    loop.spawn(function () starts[n + 1] = loop.now() end)
    tasks.untiltrue(function () return loop.tasks() == 0 end)
    assert.equal(n, #order)
    -- A task took its deadline after its own start and before the next one's.
    local latest = 0
    for _, x in ipairs(order) do
      local least = starts[x.i] + delays[x.i]
      local most = starts[x.i + 1] + delays[x.i]
      assert.is_true(x.at >= least)
      assert.is_true(most >= latest)
      latest = math.max(latest, least)
    end
  end)

  it("are re-armed at random, earlier and later (lazy heap)", function ()
    math.randomseed(7)
    local list = {}
    for i = 1, 60 do
      list[i] = tasks.spawn(function ()
        local a, b = pair()
        for _ = 1, 30 do
          local delay = math.random() < 0.3 and 60 or math.random(0, 6) / 1000
          a:settimeout(delay)
          local start = loop.now()
          if delay == 60 then b:send("x") end  -- the timer stays behind
          if math.random() < 0.5 then loop.sleep(0) end
          local data, _, code = a:recv()
          if data == nil then
            assert.equal("timeout", code)
            assert.is_true(loop.now() - start >= delay)
          else
            assert.equal(60, delay)
          end
        end
        closeall(a, b)
      end)
    end
    for _, t in ipairs(list) do t:join() end
  end)

  it("sleeps: 0 lets others run, huge ones last, nil for ever", function ()
    local order = {}
    local a = tasks.spawn(function ()
      order[#order + 1] = "a1"
      loop.sleep(0)
      order[#order + 1] = "a2"
    end)
    local b = tasks.spawn(function ()
      order[#order + 1] = "b1"
      loop.sleep(0)
      order[#order + 1] = "b2"
    end)
    a:join()
    b:join()
    assert.same({ "a1", "b1", "a2", "b2" }, order)
    local process <close> = support.lua [[
      local loop = require "sockeye.core".loop
      for _, t in ipairs { false, 1e300, math.huge, 2^63, 1e10 } do
        loop.spawn(function () loop.sleep(t or nil) print "woke" end)
      end
      loop.sleep(0.05)
      print(loop.tasks())
    ]]
    assert.equal("5\n", process:succeed())
  end)

  it("run on a clock that never jumps (T19)", function ()
    local last = loop.now()
    for _ = 1, 1000 do
      local now = loop.now()
      assert.is_true(now >= last)
      last = now
    end
    -- monotonic: near the clock that native reads, far from the wall clock
    assert.is_true(math.abs(loop.now() - native.now()) < 1 * SLOW)
    assert.is_true(math.abs(loop.now() - os.time()) > 1e6)
  end)
end)

describe("a turn", function ()
  tasks.watch(before_each, after_each)

  it("blocks until its time is up when there is nothing to do", function ()
    local start = loop.now()
    assert.equal(0, loop.turn(0.02))
    assert.is_true(loop.now() - start >= 0.02)
  end)

  it("does not block when a task can run", function ()
    loop.spawn(function () end)
    local start = loop.now()
    assert.equal(0, loop.turn(support.patience))
    assert.is_true(loop.now() - start < support.patience / 2)
  end)

  it("blocks without using the processor", function ()
    local a, b = pair()
    local waiter = tasks.spawn(function () return a:recv() end)
    local sleeper = tasks.spawn(function () loop.sleep(0.3) end)
    tasks.settle()
    local before = native.cputime()
    local start = loop.now()
    sleeper:join()
    local used = native.cputime() - before
    assert.is_true(loop.now() - start > 0.2)
    assert.is_true(used < 0.05 * SLOW, "used " .. used)
    b:send("x")
    waiter:join()
    closeall(a, b)
  end)

  it("queues wake-ups, and runs nothing inside of who wakes", function ()
    local a, b = pair()
    local c, d = pair()
    local order = {}
    local function log(x) order[#order + 1] = x end
    local r1 = tasks.spawn(function () a:recv() log "closed" end)
    local r2 = tasks.spawn(function () c:recv() log "sent" end)
    tasks.settle()
    local waker = tasks.spawn(function ()
      log "before"
      a:close()
      log "after close"
      d:send("x")
      log "after send"
      loop.spawn(function () log "spawned" end)
      log "after spawn"
    end)
    waker:join()
    r1:join()
    r2:join()
    assert.same({ "before", "after close", "after send", "after spawn" },
                { table.unpack(order, 1, 4) })
    assert.equal(7, #order)
    closeall(b, c, d)
  end)

  it("T29: events of one poll survive a nested turn", function ()
    for _ = 1, 5 do
      local pairs_, list, got = {}, {}, 0
      for i = 1, 40 do
        local a, b = pair()
        pairs_[i] = { a, b }
        list[i] = tasks.spawn(function ()
          assert.equal("first", a:recv())
          -- some of them turn the loop from within
          if i % 8 == 0 then
            coroutine.wrap(function () loop.sleep(0) end)()
          end
          got = got + 1
          assert.equal("second", a:recv())
        end)
      end
      tasks.settle()
      for i = 1, 40 do pairs_[i][2]:send("first") end
      tasks.untiltrue(function () return got == 40 end)
      for i = 1, 40 do pairs_[i][2]:send("second") end
      for _, t in ipairs(list) do t:join() end
      closeall(table.unpack(pairs_))
    end
  end)

  it("takes more events than one poll reports", function ()
    local n = 300
    local sockets, list = {}, {}
    local limit = native.rlimit()
    if limit < 2 * n + 50 and not native.rlimit(2 * n + 50) then
      return support.skip("too few descriptors")
    end
    for i = 1, n do
      local a, b = pair()
      sockets[i] = { a, b }
      list[i] = tasks.spawn(function () return a:recv() end)
    end
    tasks.settle()
    for i = 1, n do sockets[i][2]:send(tostring(i)) end
    for i = 1, n do assert.equal(tostring(i), list[i]:join()) end
    closeall(table.unpack(sockets))
    native.rlimit(limit)
  end)
end)

describe("fairness", function ()
  tasks.watch(before_each, after_each)

  -- The latest that a timer of 10 ms was while busy() ran in `run`.
  local function latest(run, busy)
    local late, rounds = 0, 0
    local stop = false
    local timer = tasks.spawn(function ()
      for _ = 1, 3 do
        local due = loop.now() + 0.01
        loop.sleep(0.01)
        late = math.max(late, loop.now() - due)
        rounds = rounds + 1
      end
      stop = true
    end)
    run(function ()
      local deadline = loop.now() + support.patience
      while not stop and loop.now() < deadline do busy() end
    end)
    assert.equal(3, rounds)
    timer:join()
    return late
  end

  -- What never has to wait.
  local function ready()
    local a, b = pair()
    a:setoption("so_sndbuf", 1 << 20)
    local block = ("x"):rep(60000)
    local c, d = pair()
    d:send("x")
    local u, v = support.transports["UDP4"]:pair()
    a:settimeout(0)
    u:settimeout(0)
    return {
      ["send and recv of a byte"] = function ()
        a:send("x")
        b:recv()
      end,
      ["send and recv of a lot"] = function ()
        a:send(block)
        b:recv(60000)
      end,
      wait = function () c:wait("r") end,
      poll = function () core.poll { [c] = "r" } end,
      ["peek"] = function () c:recv(1, "peek") end,
      ["recv with timeout 0"] = function () a:recv() end,
      ["datagrams"] = function () v:send("x") u:recv() end,
      ["sleep of 0"] = function () loop.sleep(0) end,
    }, { a, b, c, d, u, v }
  end

  it("a busy socket does not delay a timer, wherever it is used", function ()
    local kinds, sockets = ready()
    for _, place in ipairs(tasks.places) do
      for name, busy in pairs(kinds) do
        -- Others may keep the machine busy for a moment, but not each time.
        local late
        for _ = 1, 10 do
          late = latest(place.run, busy)
          if late < 0.05 * SLOW then break end
        end
        assert.is_true(late < 0.05 * SLOW, ("%s in %s: %.3f s late"):format(
                       name, place.name, late))
      end
    end
    closeall(sockets)
  end)

  it("a reader with timeout 0 does not keep the writer from running",
     function ()
    for _, place in ipairs(tasks.places) do
      local a, b = pair()
      a:settimeout(0)
      local got
      local writer = tasks.spawn(function ()
        loop.sleep(0.001)
        b:send("data")
      end)
      place.run(function ()
        local deadline = loop.now() + support.patience
        repeat
          got = a:recv()
        until got or loop.now() > deadline
      end)
      assert.equal("data", got)
      writer:join()
      closeall(a, b)
    end
  end)

  it("at the bound, what is there is read even with timeout 0", function ()
    for _, place in ipairs(tasks.places) do
      local a, b = pair()
      a:settimeout(0)
      local idle = tasks.spawn(function () loop.sleep(0.001) end)
      local missing = 0
      place.run(function ()
        for _ = 1, 1000 do
          b:send("x")
          if a:recv(1) ~= "x" then missing = missing + 1 end
        end
      end)
      assert.equal(0, missing, place.name)
      idle:join()
      closeall(a, b)
    end
  end)

  it("busy tasks share the loop", function ()
    local counts, list = {}, {}
    local stop = false
    for i = 1, 5 do
      counts[i] = 0
      list[i] = tasks.spawn(function ()
        local a, b = pair()
        while not stop do
          a:send("x")
          b:recv()
          counts[i] = counts[i] + 1
        end
        closeall(a, b)
      end)
    end
    loop.sleep(0.2)
    stop = true
    for _, t in ipairs(list) do t:join() end
    for i = 2, 5 do
      assert.is_true(counts[i] > counts[1] / 3 and counts[i] < counts[1] * 3)
    end
  end)
end)
