-- Many states (promise 10): several in one thread, several threads with one
-- each, and states that close with everything open (T15, T21, T23).
local support = require "spec.support"
local native = support.native
local core = support.core

local states

local function load()
  if states then return end
  local cc = os.getenv "CC" or "cc"
  if not support.has(cc:match "^%S+") then
    support.skip("no C compiler for the states")
  end
  local flags = support.has "pkg-config" and
    support.sh("pkg-config --cflags lua5.4 || pkg-config --cflags lua || true")
      :gsub("\n.*", "") or ""
  if not flags:find "^%-I" then flags = "-I/usr/include/lua5.4" end
  local path = support.tmpname() .. ".so"
  support.sh(("%s -std=c11 -D_GNU_SOURCE -O1 -g -shared -fPIC -pthread %s "
    .. "-o %s spec/support/states.c"):format(cc, flags, path))
  states = assert(package.loadlib(path, "luaopen_states"))()
end

local function newstate()
  load()
  return states.new(package.path, package.cpath)
end

local function thread(...)
  load()
  return states.thread(package.path, package.cpath, ...)
end

-- Runs code in a state; fails with its error.
local function run(state, code, ...)
  local ok, result = state:run(code, ...)
  if not ok then error(result, 2) end
  return result
end

-- Code that uses all that a state has: sockets of several kinds, tasks, timers,
-- names, turns inside of each other; `leave` says whether it leaves everything
-- open in the end.
local work = [[
  local me, leave = ...
  local last
  -- Finalizers run in reverse order: this one after all of the module's own.
  early = setmetatable({}, { __gc = function () if last then last() end end })
  local core = require "sockeye.core"
  local loop = core.loop
  local listener = assert(core.socket("inet", "stream"))
  assert(listener:bind("127.0.0.1", 0))
  assert(listener:listen())
  local sockets = { listener }
  local done = 0
  loop.spawn(function ()
    while true do
      local s = listener:accept()
      if not s then return end
      sockets[#sockets + 1] = s
      loop.spawn(function ()
        for data in function () return s:recv() end do
          if not s:sendall(data) then break end
        end
        s:close()
      end)
    end
  end)
  for i = 1, 5 do
    loop.spawn(function ()
      local s = assert(core.socket("inet", "stream"))
      sockets[#sockets + 1] = s
      assert(s:connect(listener:getsockname()))
      local text = ("%s %d "):format(me, i):rep(500)
      for _ = 1, 5 do
        assert(s:sendall(text))
        assert(s:recv(#text, "waitall") == text)
        loop.sleep(0.0001)
      end
      local found = assert(core.getaddrinfo("localhost"))
      assert(#found > 0)
      if leave ~= "leave" then s:close() end
      done = done + 1
    end)
  end
  local a, b = core.socketpair()
  loop.spawn(function ()
    -- a turn inside of a turn
    assert(coroutine.wrap(function () return a:recv() end)() == me)
    done = done + 1
  end)
  loop.spawn(function () b:send(me) end)
  loop.sleep(0.001)
  while done < 6 do loop.turn(1) end
  if leave == "leave" then
    -- what waits when the state closes: tasks, timers, a poll, a lookup, a
    -- finalizer with sockets of its own
    loop.spawn(function () loop.sleep(1000) end)
    loop.spawn(function () a:recv() end)
    loop.spawn(function () core.poll { [b] = "r" } end)
    loop.spawn(function () core.getaddrinfo "localhost" end)
    loop.spawn(coroutine.wrap(function () loop.sleep(0.001) end))
    local c, d = core.socketpair()
    c:settimeout(0.001)
    last = function ()
      pcall(c.recv, c)
      pcall(loop.spawn, function () end)
      pcall(loop.sleep, 0.001)
      pcall(loop.turn, 0)
      pcall(core.poll, { [d] = "r" }, 0.001)
      pcall(core.getaddrinfo, "localhost", nil, { timeout = 0.001 })
    end
    setmetatable({}, { __gc = last })
    loop.turn(0)
    loop.turn(0)
    return "left"
  end
  for _, s in ipairs(sockets) do s:close() end
  while loop.tasks() > 0 do loop.turn(1) end
  return "done"
]]

describe("two states in one thread (T21)", function ()
  it("have loops, tasks and settings of their own", function ()
    local one <close> = newstate()
    local two <close> = newstate()
    local begin = [[
      core = require "sockeye.core"
      loop = core.loop
      a, b = core.socketpair()
      log = {}
      loop.spawn(function () log[#log + 1] = a:recv() end)
      loop.turn(0)
      return loop.tasks()
    ]]
    assert.equal("1", run(one, begin))
    assert.equal("1", run(two, begin))
    local here = core.loop.tasks()
    run(one, "b:send 'one'")
    run(two, "loop.turn(0) assert(#log == 0 and loop.tasks() == 1)")
    run(one, "while #log == 0 do loop.turn(1) end assert(log[1] == 'one')")
    run(one, "assert(loop.tasks() == 0)")
    run(two, "loop.turn(0) assert(#log == 0 and loop.tasks() == 1)")
    run(two, "b:send 'two' while #log == 0 do loop.turn(1) end " ..
             "assert(log[1] == 'two')")
    assert.equal(here, core.loop.tasks())
    -- addresses are interned in each state
    run(one, "x = core.address('127.0.0.1', 80)")
    run(two, "x = core.address('127.0.0.1', 80)")
    one:close()
    collectgarbage()
    assert.equal("127.0.0.1:80", run(two, "return tostring(x)"))
    two:close()
  end)

  it("can talk to each other", function ()
    local one <close> = newstate()
    local two <close> = newstate()
    local port = run(one, [[
      core = require "sockeye.core"
      l = core.socket("inet", "stream")
      l:bind("127.0.0.1", 0)
      l:listen()
      return l:getsockname().port
    ]])
    run(two, [[
      core = require "sockeye.core"
      s = core.socket("inet", "stream")
      assert(s:connect("127.0.0.1", math.tointeger((...))))
      assert(s:send "hello")
    ]], port)
    assert.equal("hello", run(one, "c = l:accept() return c:recv()"))
    one:close()
    assert.equal("true", run(two, "return (s:recv()) == nil"))
    two:close()
  end)

  it("may be inside of each other", function ()
    -- this state waits, and its task runs another one, which waits as well
    local other <close> = newstate()
    local a, b = core.socketpair()
    core.loop.spawn(function ()
      local result = run(other, work, "inner", "close")
      b:send(result)
    end)
    assert.equal("done", a:recv())
    a:close()
    b:close()
    other:close()
  end)

  it("close in any order, with everything open (T15, T23)", function ()
    for round = 1, 4 do
      local list = {}
      for i = 1, 4 do
        list[i] = newstate()
        assert.equal("left", run(list[i], work, "state " .. i, "leave"))
      end
      for i = 1, 4 do
        local place = (i * round) % 5
        list[place == 0 and 4 or place]:close()
      end
      for i = 1, 4 do list[i]:close() end
    end
    -- what was here before works on
    local a, b = core.socketpair()
    b:send("here")
    assert.equal("here", a:recv())
    a:close()
    b:close()
  end)

  it("close while a task runs, by os.exit", function ()
    for _, code in ipairs {
      "os.exit(7, true)",
      "coroutine.wrap(function () os.exit(7, true) end)()",
      "string.gsub('x', 'x', function () os.exit(7, true) end)",
      "loop.spawn(function () os.exit(7, true) end) " ..
        "coroutine.wrap(function () loop.sleep(1) end)()",
    } do
      local process <close> = support.lua(([[
        local core = require "sockeye.core"
        local loop = core.loop
        local a, b = core.socketpair()
        loop.spawn(function () a:recv() end)
        loop.spawn(function () loop.sleep(100) end)
        loop.spawn(function () coroutine.wrap(core.poll)({ [b] = "r" }) end)
        loop.spawn(function () %s end)
        loop.sleep(100)
      ]]):format(code), true)
      assert.equal("", process:readall())
      assert.same({ "exit", 7 }, { process:wait() })
    end
  end)
end)

describe("states in threads of their own (T21)", function ()
  it("run at the same time", function ()
    local list = {}
    for i = 1, 4 do list[i] = thread(3, work, "thread " .. i, "close") end
    -- and this one with them
    local here <close> = newstate()
    assert.equal("done", run(here, work, "here", "close"))
    for i, t in ipairs(list) do
      local ok, problem = t:join()
      assert.is_true(ok, i .. ": " .. tostring(problem))
    end
    here:close()
  end)

  it("close with everything open, at the same time (T15, T23)", function ()
    local list = {}
    for i = 1, 4 do list[i] = thread(4, work, "thread " .. i, "leave") end
    for i, t in ipairs(list) do
      local ok, problem = t:join()
      assert.is_true(ok, i .. ": " .. tostring(problem))
    end
  end)

  it("leave no memory and no descriptors behind", function ()
    local function count()
      local n = 0
      for _ in pairs(native.fds()) do n = n + 1 end
      return n
    end
    local before = count()
    for _ = 1, 10 do
      local state = newstate()
      run(state, work, "again", "leave")
      state:close()
    end
    support.eventually(function () return count() == before end,
                       "every descriptor is closed")
  end)
end)
