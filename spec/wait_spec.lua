-- The one place where a call waits: one kind of call, wherever it is made
-- (promise 1), and turns inside of each other.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local loop = core.loop

local pair, fullpair, drain = waits.pair, waits.fullpair, waits.drain
local closeall = waits.closeall
local TCP = support.transports["TCP4"]

-- Calls that wait: prepare() gives the call, which gives true when it went
-- well, what ends its wait, and the sockets to be closed afterwards.
local calls = {}

local function call(name, prepare)
  table.insert(calls, { name = name, prepare = prepare })
end

call("recv", function ()
  local a, b = pair()
  return function () return a:recv() == "data" end,
         function () b:send("data") end, { a, b }
end)

call("recv waitall", function ()
  local a, b = pair()
  return function () return a:recv(8, "waitall") == "datadata" end,
         function ()
           b:send("data")
           loop.sleep(0)
           b:send("data")
         end, { a, b }
end)

call("recvfrom", function ()
  local a, b = support.transports["UDP4"]:pair()
  return function ()
    local data, from = assert(a:recvfrom())
    return data == "data" and from == b:getsockname()
  end, function () b:send("data") end, { a, b }
end)

call("accept", function ()
  local listener, client = TCP:listener(), TCP:socket()
  return function ()
    local s <close>, from = assert(listener:accept())
    return s and from.port == client:getsockname().port
  end, function () assert(client:connect(listener:getsockname())) end,
  { listener, client }
end)

call("connect", function ()
  local listener, waiting = waits.fulllistener()
  local s = assert(core.socket("unix", "stream"))
  return function () return s:connect(listener:getsockname()) == s end,
         function () assert(listener:accept()):close() end,
         { listener, waiting, s }
end)

call("send", function ()
  local a, b = fullpair()
  return function () return a:send("data") == 4 end,
         function () drain(b) end, { a, b }
end)

call("sendall", function ()
  local a, b = fullpair()
  local data = ("0123456789"):rep(20000)
  local got = {}
  local reader
  return function ()
    local right = a:sendall(data) == a
    a:close()
    tasks.untiltrue(function () return reader:done() end)
    return right and table.concat(got):gsub("^x+", "") == data
  end, function ()
    reader = tasks.spawn(function ()
      for part in function () return b:recv(3000) end do
        got[#got + 1] = part
        loop.sleep(0)
      end
    end)
  end, { a, b }
end)

call("wait", function ()
  local a, b = pair()
  return function () return a:wait("r") == "r" end,
         function () b:send("data") end, { a, b }
end)

call("poll", function ()
  local a, b = pair()
  local c, d = pair()
  return function ()
    local ready = assert(core.poll { [a] = "r", [c] = "r" })
    return ready[a] == "r" and ready[c] == nil
  end, function () b:send("data") end, { a, b, c, d }
end)

call("getaddrinfo", function ()
  return function () return #assert(core.getaddrinfo("localhost")) > 0 end,
         function () end, {}
end)

call("sleep", function ()
  return function ()
    local start = loop.now()
    loop.sleep(0.02)
    return loop.now() - start >= 0.02
  end, function () end, {}
end)

describe("waiting", function ()
  tasks.watch(before_each, after_each)

  describe("is one kind of call:", function ()
    for _, c in ipairs(calls) do
      for _, place in ipairs(tasks.places) do
        it(c.name .. " in " .. place.name, function ()
          local f, finish, sockets = c.prepare()
          local clock = tasks.ticker()
          -- Only when others ran for a while does the wait end.
          local helper = tasks.spawn(function ()
            while clock.ticks < 3 do loop.sleep(0) end
            finish()
          end)
          assert.is_true(place.run(f))
          helper:join()
          clock.stop = true
          clock.task:join()
          closeall(sockets)
        end)
      end
    end

    it("it works without any task, too", function ()
      for _, c in ipairs(calls) do
        local f, finish, sockets = c.prepare()
        finish()
        assert.is_true(f(), c.name)
        closeall(sockets)
      end
    end)
  end)

  describe("inside of each other (T34)", function ()
    -- Starts n tasks, each waiting in a generator, so that their turns nest.
    local function nest(n)
      local level = {}
      for i = 1, n do
        local a, b = pair()
        level[i] = { a = a, b = b }
        level[i].task = tasks.spawn(function ()
          return coroutine.wrap(function ()
            return pcall(a.recv, a)
          end)()
        end)
      end
      return level
    end

    local function finish(level)
      for _, x in ipairs(level) do x.b:send("data") end
      local results = {}
      for i, x in ipairs(level) do
        results[i] = table.pack(x.task:join())
        closeall(x.a, x.b)
      end
      return results
    end

    it("goes 8 deep", function ()
      local level = nest(7)
      local a, b = pair()
      local last = tasks.spawn(function ()
        for _, x in ipairs(level) do x.b:send("data") end
        b:send("end")
      end)
      assert.equal("end", a:recv())  -- the main chunk's is the eighth
      last:join()
      for _, x in ipairs(level) do
        assert.same({ true, "data", n = 2 }, table.pack(x.task:join()))
        closeall(x.a, x.b)
      end
      closeall(a, b)
    end)

    it("beyond 8 raises an error that names sockeye.coroutine", function ()
      local level = nest(9)
      local finisher = tasks.spawn(function ()
        for i, x in ipairs(level) do
          if i <= 8 then x.b:send("data") end
        end
      end)
      local ok, message = level[9].task:join()
      assert.is_false(ok)
      assert.matches("sockeye.coroutine", message, 1, true)
      assert.matches("8", message, 1, true)
      finisher:join()
      for i = 1, 8 do
        assert.same({ true, "data", n = 2 }, table.pack(level[i].task:join()))
      end
      -- the refused one left no waiter behind
      level[9].b:send("later")
      assert.equal("later", level[9].a:recv())
      for _, x in ipairs(level) do closeall(x.a, x.b) end
    end)

    it("can be repeated for ever", function ()
      for _ = 1, 20 do
        for i, result in ipairs(finish(nest(8))) do
          assert.same({ true, "data", n = 2 }, result, "level " .. i)
        end
      end
    end)

    it("tasks that yield are not bounded", function ()
      local a, b = pair("dgram")
      local n = 0
      local list = {}
      for i = 1, 500 do
        list[i] = tasks.spawn(function ()
          loop.sleep(0.01)
          n = n + 1
          if n == 500 then b:send("all") end
        end)
      end
      assert.equal("all", a:recv())
      for _, t in ipairs(list) do t:join() end
      closeall(a, b)
    end)

    it("near the end of the C stack raises and harms no task", function ()
      local ticks, stop = 0, false
      local task = tasks.spawn(function ()
        local function nested(n)
          if n == 0 then return end
          string.gsub("x", "x", function () nested(n - 1) end)
        end
        while not stop do
          nested(5)
          ticks = ticks + 1
          loop.sleep(0)
        end
      end)
      local messages, done = {}, 0
      local function descend(n)
        if n > 0 then
          string.gsub("x", "x", function () descend(n - 1) end)
          return
        end
        local ok, message = pcall(loop.sleep, 0)
        if ok then done = done + 1 else messages[#messages + 1] = message end
      end
      for n = 100, 200 do pcall(descend, n) end
      assert.is_true(done > 0 and #messages > 0)
      for _, message in ipairs(messages) do
        assert.matches("stack overflow", message, 1, true)
      end
      local before = ticks
      tasks.untiltrue(function () return ticks > before end)
      stop = true
      task:join()
    end)
  end)
end)
