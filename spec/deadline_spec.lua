-- One deadline for one operation (promise 3).
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local loop = core.loop

local pair, fullpair = waits.pair, waits.fullpair
local closeall = waits.closeall
local TCP = support.transports["TCP4"]

-- How much later than its deadline a call may end on a busy machine.
local SLACK = support.patience / 4

describe("a deadline", function ()
  tasks.watch(before_each, after_each)

  -- With and without tasks, in the main chunk and in a task.
  local function everywhere(f)
    f("the main chunk, without tasks")
    local clock = tasks.ticker()
    f("the main chunk")
    for _, place in ipairs(tasks.places) do
      place.run(function () f(place.name) end)
    end
    clock.stop = true
    clock.task:join()
  end

  local function timesout(f, least, name)
    local start = loop.now()
    support.fails("timeout", f)
    local took = loop.now() - start
    assert.is_true(took >= least, name .. ": early by " .. least - took)
    assert.is_true(took < least + SLACK, name .. ": late by " .. took - least)
  end

  it("of 0 means now", function ()
    everywhere(function (name)
      local a, b = pair()
      local c, d = fullpair()
      local listener <close> = TCP:listener()
      a:settimeout(0)
      c:settimeout(0)
      listener:settimeout(0)
      timesout(function () return a:recv() end, 0, name)
      timesout(function () return a:recv(10, "waitall") end, 0, name)
      timesout(function () return a:recvfrom() end, 0, name)
      timesout(function () return c:send("x") end, 0, name)
      timesout(function () return c:sendall("x") end, 0, name)
      timesout(function () return listener:accept() end, 0, name)
      timesout(function () return a:wait("r") end, 0, name)
      timesout(function () return a:wait("r", 0) end, 0, name)
      timesout(function () return core.poll({ [a] = "r" }, 0) end, 0, name)
      b:send("data")
      assert.equal("data", a:recv())
      closeall(a, b, c, d)
    end)
  end)

  it("ends every kind of call, never early", function ()
    everywhere(function (name)
      local a, b = pair()
      local c, d = fullpair()
      local listener <close> = TCP:listener()
      local t = 0.004
      a:settimeout(t)
      c:settimeout(t)
      listener:settimeout(t)
      timesout(function () return a:recv() end, t, name)
      timesout(function () return a:recv(10, "waitall") end, t, name)
      timesout(function () return a:recvfrom() end, t, name)
      timesout(function () return c:send("x") end, t, name)
      timesout(function () return c:sendall("x") end, t, name)
      timesout(function () return listener:accept() end, t, name)
      timesout(function () return a:wait("r") end, t, name)
      a:settimeout(nil)
      timesout(function () return a:wait("r", t) end, t, name)
      timesout(function () return core.poll({ [a] = "r" }, t) end, t, name)
      closeall(a, b, c, d)
    end)
  end)

  it("ends a connect that hangs (L37), and one to a full UNIX listener",
     function ()
    local listener, queued, probes = waits.hanging()
    local full, waiting = waits.fulllistener()
    everywhere(function (name)
      local s = TCP:socket():settimeout(0.012)
      local u = assert(core.socket("unix", "stream")):settimeout(0.012)
      timesout(function () return s:connect(listener:getsockname()) end, 0.012,
            name)
      timesout(function () return u:connect(full:getsockname()) end, 0.012,
               name)
      closeall(s, u)
    end)
    closeall(listener, queued, probes, full, waiting)
  end)

  it("ends a name lookup", function ()
    -- a name server that never answers is for resolve_spec; here, that the
    -- time is up before the answer is there
    everywhere(function ()
      local result, _, code = core.getaddrinfo("localhost", nil,
                                               { timeout = 0 })
      assert.is_true(result ~= nil or code == "timeout")
    end)
  end)

  it("that is nil never comes, and huge ones saturate (T20)", function ()
    for _, t in ipairs { false, 1e10, 2^31, 2^32, 2^53, 2^63, 1e18, 1e300,
                         math.huge, math.maxinteger } do
      everywhere(function (name)
        local a, b = pair()
        a:settimeout(t or nil)
        local helper = tasks.spawn(function () b:send("data") end)
        assert.equal("data", a:recv(), name)
        helper:join()
        helper = tasks.spawn(function () b:send("data") end)
        assert.same({ [a] = "r" }, core.poll({ [a] = "r" }, t or nil), name)
        helper:join()
        closeall(a, b)
      end)
    end
  end)

  it("refuses negative numbers, NaN and what is no number", function ()
    local a, b = pair()
    for _, t in ipairs { -1, -1e-300, 0 / 0, -math.huge, math.mininteger, "1",
                         true, {} } do
      support.raises("seconds", a.settimeout, a, t)
      support.raises("seconds", a.wait, a, "r", t)
      support.raises("seconds", core.poll, {}, t)
      support.raises("seconds", loop.sleep, t)
      support.raises("seconds", loop.turn, t)
    end
    assert.is_nil(a:gettimeout())
    closeall(a, b)
  end)

  it("is one for the whole call: a dribbling peer cannot stretch it",
     function ()
    for _, place in ipairs(tasks.places) do
      local a, b = pair()
      a:settimeout(0.06)
      local stop
      local dribbler = tasks.spawn(function ()
        while not stop do
          b:send(".")
          loop.sleep(0.005)
        end
      end)
      local got
      place.run(function ()
        timesout(function ()
          local data, message, code, part = a:recv(1 << 20, "waitall")
          got = part
          return data, message, code
        end, 0.06, place.name)
      end)
      stop = true
      dribbler:join()
      -- nothing is lost
      assert.matches("^%.+$", got)
      closeall(a, b)
    end
  end)

  it("is one for the whole call: a slow reader cannot stretch it",
     function ()
    for _, place in ipairs(tasks.places) do
      local a, b = fullpair()
      a:settimeout(0.06)
      local stop
      local got = {}
      local reader = tasks.spawn(function ()
        while not stop do
          got[#got + 1] = b:recv(2000)
          loop.sleep(0.005)
        end
      end)
      local sent
      place.run(function ()
        timesout(function ()
          local ok, message, code, n = a:sendall(("y"):rep(1 << 22))
          sent = n
          return ok, message, code
        end, 0.06, place.name)
      end)
      stop = true
      reader:join()
      a:close()
      for part in function () return b:recv(65536) end do
        got[#got + 1] = part
      end
      -- how many bytes left is not hidden
      assert.equal(sent, select(2, table.concat(got):gsub("y", "")))
      b:close()
    end
  end)

  it("belongs to the call: settimeout counts from the next one on",
     function ()
    local a, b = pair()
    a:settimeout(0.05)
    local reader = tasks.spawn(function ()
      timesout(function () return a:recv() end, 0.05, "reader")
    end)
    tasks.settle()
    a:settimeout(nil)
    reader:join()
    closeall(a, b)
  end)

  it("shorter after longer, and longer after shorter", function ()
    local a, b = pair()
    local c, d = pair()
    local t = tasks.spawn(function ()
      for _, s in ipairs { 30, 0.01, 0.03, 20, 0.001, 0.02, 0.0005, 10, 0 } do
        if s >= 10 then
          c:send("wake")
          assert(a:wait("r", s))
          a:recv()
        else
          timesout(function () return a:wait("r", s) end, s, tostring(s))
        end
      end
      c:close()
    end)
    local answer = tasks.spawn(function ()
      for _ in function () return d:recv() end do b:send("go") end
    end)
    t:join()
    answer:join()
    closeall(a, b, c, d)
  end)
end)
