-- Ctrl-C: promise 7, traps T1, T2, T22 and T35.  The stock interpreter on a
-- terminal of its own, and a key pressed.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local loop = core.loop

local CTRL_C = "\3"

-- A name service that hangs.
local stuck

local function buildstuck()
  if stuck then return stuck end
  local cc = os.getenv "CC" or "cc"
  if not support.has(cc:match "^%S+") then
    support.skip("no C compiler for the name service that hangs")
  end
  stuck = support.tmpname() .. ".so"
  support.sh(("%s -std=c11 -D_GNU_SOURCE -O1 -shared -fPIC -o %s "
    .. "spec/support/stuck.c -ldl"):format(cc, stuck))
  return stuck
end

-- What each process begins with.
local setup = [[
  io.stdout:setvbuf "no"
  core = require "sockeye.core"
  native = require "spec.support.native"
  loop = core.loop

  -- A listener on which connecting hangs (L37).
  local function makehanging()
    hanging = core.socket("inet", "stream")
    hanging:bind("127.0.0.1", 0)
    hanging:listen(0)
    repeat
      local s = core.socket("inet", "stream")
      s:settimeout(0.05)
      kept = { s, kept }
    until not s:connect(hanging:getsockname())
  end

  -- The sockets to wait for; what still waits for the last ones ends.
  function fresh(kind)
    if kind == "connect" and not hanging then makehanging() end
    stop = true
    for _, s in ipairs(sockets or {}) do s:close() end
    for _ = 1, 5 do loop.turn(0.001) end
    stop = false
    a, b = core.socketpair()
    full, other = core.socketpair()  -- no room to send
    full:settimeout(0)
    while full:send(("x"):rep(4096)) do end
    full:settimeout(nil)
    listener = core.socket("inet", "stream")
    listener:bind("127.0.0.1", 0)
    listener:listen()
    client = core.socket("inet", "stream")
    sockets = { a, b, full, other, listener, client }
  end

  wait = {
    recv = function () return a:recv() end,
    recvall = function () return a:recv(100, "waitall") end,
    accept = function () return listener:accept() end,
    connect = function () return client:connect(hanging:getsockname()) end,
    send = function () return full:send "x" end,
    sendall = function () return full:sendall "x" end,
    lookup = function () return core.getaddrinfo "stuck" end,
    wait = function () return a:wait "r" end,
    poll = function () return core.poll { [a] = "r", [full] = "w" } end,
    sleep = function () return loop.sleep(1000) end,
    forever = function () return loop.sleep() end,
  }

  function coroutinely(f) return coroutine.wrap(f)() end
  function bygsub(f) return (string.gsub("x", "x", function () f() end)) end
  function inner(f) coroutine.wrap(function () coroutinely(f) end)() end

  place = {
    main = function (f) return f() end,
    coroutine = coroutinely,
    nested = inner,
    gsub = bygsub,
    -- the task waits by yielding, the main chunk for something else
    task = function (f)
      loop.spawn(f)
      loop.sleep(1000)
    end,
    turn = function (f)
      loop.spawn(f)
      while true do loop.turn() end
    end,
    -- the task turns the loop from within the main chunk's turn
    generator = function (f)
      loop.spawn(coroutinely, f)
      loop.sleep(1000)
    end,
    -- and once more
    deep = function (f)
      loop.spawn(coroutinely, function () b:wait "r" end)
      loop.spawn(bygsub, f)
      loop.sleep(1000)
    end,
    finalizer = function (f)
      setmetatable({}, { __gc = f })
      collectgarbage()
      collectgarbage()
      local _ = tostring(f)  -- where the hook may run
    end,
    -- beside tasks that run all the time
    busy = function (f)
      loop.spawn(function () while not stop do loop.sleep(0.001) end end)
      f()
    end,
  }

  function check()
    assert(not native.blocked(2), "SIGINT is blocked")
    assert(not debug.gethook())
    local c, d = core.socketpair()
    d:send "works"
    c:settimeout(10)
    assert(c:recv() == "works")
    loop.spawn(function () loop.sleep(0.001) d:send "with tasks" end)
    assert(c:recv() == "with tasks")
    c:close()
    d:close()
    print("USABLE", loop.tasks())
  end
]]

local function argv(code, ...)
  local list = support.luaargv(setup .. (code or ""), ...)
  assert(list[2]:find "^LD_PRELOAD=")
  list[2] = list[2] .. (list[2] == "LD_PRELOAD=" and "" or ":") .. buildstuck()
  return list
end

local function state(pid)
  local file = assert(io.open(("/proc/%d/stat"):format(pid)))
  local text = file:read "a"
  file:close()
  return text:match "%) (%a)"
end

-- Presses Ctrl-C when the process, having said WAITING, sleeps.
local function press(p)
  p:expect "WAITING\r?\n"
  support.eventually(function () return state(p.pid) == "S" end, "it sleeps")
  p:write(CTRL_C)
end

local function prompt(p)
  p:expect "> $"
end

local kinds = { "recv", "recvall", "accept", "connect", "send", "sendall",
                "lookup", "wait", "poll", "sleep", "forever" }
local places = { "main", "coroutine", "nested", "gsub", "task", "turn",
                 "generator", "deep", "finalizer", "busy" }

describe("Ctrl-C at the prompt of the stock interpreter", function ()
  for _, place in ipairs(places) do
    it("T1, T2: the first press ends every kind of wait: " .. place,
       function ()
      local p <close> = support.pty(argv("", "-i"))
      prompt(p)
      for _, kind in ipairs(kinds) do
        p:write(("fresh '%s'\n"):format(kind))
        prompt(p)
        p:write(("print 'WAITING' place.%s(wait.%s)\n"):format(place, kind))
        press(p)
        p:expect "interrupted!"
        prompt(p)
        p:write("check()\n")
        p:expect "USABLE"
        prompt(p)
      end
    end)
  end

  it("leaves the tasks that wait as they are", function ()
    local p <close> = support.pty(argv("fresh()", "-i"))
    prompt(p)
    p:write("loop.spawn(function () print('GOT', a:recv()) end)\n")
    prompt(p)
    for _ = 1, 3 do
      p:write("print 'WAITING' loop.sleep()\n")
      press(p)
      p:expect "interrupted!"
      prompt(p)
    end
    p:write("b:send 'data' while loop.turn(10) > 0 do end\n")
    p:expect "GOT\tdata"
    prompt(p)
  end)

  it("T35: while a coroutine computes, it ends the next wait", function ()
    local p <close> = support.pty(argv([[
      fresh()
      main = coroutine.running()
      function compute()
        print "COMPUTING"
        while not debug.gethook(main) do end
        print "COMPUTED"
      end
    ]], "-i"))
    prompt(p)
    for _, kind in ipairs(kinds) do
      for _, place in ipairs { "coroutine", "task", "generator" } do
        p:write(("fresh '%s'\n"):format(kind))
        prompt(p)
        p:write(("place.%s(function () compute() wait.%s() end)\n"):format(
                place, kind))
        p:expect "COMPUTING"
        p:write(CTRL_C)
        p:expect "COMPUTED"
        p:expect "interrupted!"
        prompt(p)
        p:write("check()\n")
        p:expect "USABLE"
        prompt(p)
      end
    end
  end)

  it("ends what computes, as ever", function ()
    local p <close> = support.pty(argv("fresh()", "-i"))
    prompt(p)
    p:write("loop.spawn(function () loop.sleep() end) loop.turn(0)\n")
    prompt(p)
    p:write("print 'COMPUTING' while true do end\n")
    p:expect "COMPUTING\r?\n"
    p:write(CTRL_C)
    p:expect "interrupted!"
    prompt(p)
    p:write("check()\n")
    p:expect "USABLE"
  end)

  it("can be caught, and the call made again", function ()
    local p <close> = support.pty(argv("fresh()", "-i"))
    prompt(p)
    p:write("print 'WAITING' print(pcall(a.recv, a)) b:send 'x' " ..
            "print(a:recv())\n")
    press(p)
    p:expect "false\t[^\n]*interrupted!\r?\nx\r?\n"
    prompt(p)
  end)

  it("cannot be swallowed by a task that drives the loop", function ()
    local p <close> = support.pty(argv("fresh()", "-i"))
    prompt(p)
    p:write("loop.spawn(coroutinely, function () while true do " ..
            "print('TASK', pcall(a.recv, a)) end end) " ..
            "print 'WAITING' loop.sleep()\n")
    press(p)
    p:expect "TASK\tfalse\t[^\n]*interrupted!"
    p:expect "\n[^\n]*interrupted!"
  end)
end)

describe("Ctrl-C in a script", function ()
  for _, place in ipairs(places) do
    it("ends every kind of wait: " .. place, function ()
      for _, kind in ipairs(kinds) do
        local p <close> = support.pty(argv(([[
          fresh "%s"
          print "WAITING"
          place.%s(wait.%s)
          print "WENT ON"
        ]]):format(kind, place, kind)))
        press(p)
        local output = p:readall()
        assert.matches("interrupted!", output)
        assert.matches("stack traceback", output)
        assert.is_nil(output:find "WENT ON")
        assert.same({ "exit", 1 }, { p:wait() })
      end
    end)
  end

  it("comes by kill, too, and closes what <close> guards", function ()
    local p <close> = support.lua(setup .. [[
      fresh()
      local _ <close> = setmetatable({}, { __close = function ()
        print "CLOSED"
      end })
      print "WAITING"
      a:recv()
    ]], true)
    p:expect "WAITING\n"
    support.eventually(function () return state(p.pid) == "S" end)
    p:kill(native.SIGINT)
    local output = p:readall()
    assert.matches("interrupted!", output)
    assert.matches("CLOSED", output)
  end)
end)

-- What lua.c does, and what others do in its way: a debug hook of the main
-- thread.
describe("a debug hook of the main thread", function ()
  tasks.watch(before_each, after_each)

  local function probe() return nil end

  local function everywhere(f)
    f("without tasks")
    local clock = tasks.ticker()
    for _, place in ipairs(tasks.places) do
      place.run(function () f(place.name) end)
    end
    clock.stop = true
    clock.task:join()
  end

  it("survives every wait and fires as before", function ()
    local calls = 0
    local function hook()
      if debug.getinfo(2, "f").func == probe then calls = calls + 1 end
    end
    local a, b = waits.pair()
    local full, other = waits.fullpair()
    local main = coroutine.running()
    local expected = 0
    debug.sethook(hook, "c")
    everywhere(function (name)
      if name:find "finalizer" then return end  -- where Lua runs no hooks
      a:settimeout(0.001)
      full:settimeout(0.001)
      support.fails("timeout", a.recv, a)
      support.fails("timeout", full.send, full, "x")
      support.fails("timeout", core.poll, { [a] = "r" }, 0.001)
      loop.sleep(0.001)
      local got, mask, count = debug.gethook(main)
      assert.is_true(got == hook and mask == "c" and count == 0, name)
      if coroutine.running() == main then
        probe()
        expected = expected + 1
      end
    end)
    probe()
    debug.sethook()
    assert.is_true(expected > 0)
    assert.equal(expected + 1, calls)
    waits.closeall(a, b, full, other)
  end)

  it("is not put on a coroutine, which keeps its own", function ()
    local fired, own = 0, 0
    local a, b = waits.pair()
    a:settimeout(0.001)
    debug.sethook(function () fired = fired + 1 end, "c")
    local co = coroutine.create(function ()
      debug.sethook(function ()
        if debug.getinfo(2, "f").func == probe then own = own + 1 end
      end, "c")
      support.fails("timeout", a.recv, a)
      probe()
      local _, mask = debug.gethook()
      debug.sethook()
      assert.equal("c", mask)
      support.fails("timeout", a.recv, a)
      assert.is_nil((debug.gethook()))
    end)
    assert(coroutine.resume(co))
    debug.sethook()
    assert.equal(1, own)
    waits.closeall(a, b)
  end)

  it("with other events than calls is left alone", function ()
    local a, b = waits.pair()
    a:settimeout(0.001)
    for _, mask in ipairs { "r", "l" } do
      local function hook() end
      debug.sethook(hook, mask)
      everywhere(function () support.fails("timeout", a.recv, a) end)
      local got, gotmask = debug.gethook()
      debug.sethook()
      assert.is_true(got == hook and gotmask == mask)
    end
    local function hook() end
    debug.sethook(hook, "", 1000)
    everywhere(function () support.fails("timeout", a.recv, a) end)
    local got, _, count = debug.gethook()
    debug.sethook()
    assert.is_true(got == hook and count == 1000)
    waits.closeall(a, b)
  end)

  it("that starts a task in a wait sees it run", function ()
    local a, b = waits.pair()
    a:settimeout(support.patience)
    waits.hook(a.recv, function ()
      loop.spawn(function () b:send("from the hook") end)
    end)
    assert.equal("from the hook", a:recv())
    debug.sethook()
    waits.closeall(a, b)
  end)

  it("that raises leaves the signal mask as it was", function ()
    local a, b = waits.pair()
    for _, blocked in ipairs { false, true } do
      native.blocked(native.SIGINT, blocked)
      for _, withtask in ipairs { false, true } do
        local clock = withtask and tasks.ticker()
        waits.hook(a.recv, function () error("hooked", 0) end)
        assert.is_false(pcall(a.recv, a))
        debug.sethook()
        assert.equal(blocked, native.blocked(native.SIGINT))
        a:settimeout(0.001)
        support.fails("timeout", a.recv, a)
        assert.equal(blocked, native.blocked(native.SIGINT))
        a:settimeout(nil)
        if clock then
          clock.stop = true
          clock.task:join()
        end
      end
    end
    native.blocked(native.SIGINT, false)
    waits.closeall(a, b)
  end)
end)

describe("signals that are not meant for Lua", function ()
  tasks.watch(before_each, after_each)

  it("interrupt no wait and stretch no deadline (EINTR)", function ()
    assert(native.catch(native.SIGALRM))
    finally(function ()
      native.timer(0)
      native.default(native.SIGALRM)
    end)
    native.timer(0.001, 0.001)
    local a, b = waits.pair()
    a:settimeout(0.05)
    local function check()
      local start = loop.now()
      support.fails("timeout", a.recv, a)
      local took = loop.now() - start
      assert.is_true(took >= 0.05 and took < support.patience / 4)
    end
    check()
    local clock = tasks.ticker()
    for _, place in ipairs(tasks.places) do place.run(check) end
    clock.stop = true
    clock.task:join()
    assert.is_true(native.caught(native.SIGALRM) > 10)
    waits.closeall(a, b)
  end)
end)
