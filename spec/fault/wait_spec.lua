-- Waiting on a system that misbehaves: interrupted calls, signals at the worst
-- moment, an epoll that fails.
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local fault = core.fault
local loop = core.loop

local function epoll()
  if loop.backend() ~= "epoll" then support.skip("for epoll only") end
end

-- Runs code in a process of its own.
local function run(code)
  return support.lua([[
    io.stdout:setvbuf "no"
    core = require "sockeye.core"
    native = require "spec.support.native"
    loop, fault = core.loop, core.fault
    a, b = core.socketpair()
  ]] .. code, true)
end

describe("Ctrl-C", function ()
  local sleeps = {
    ["without tasks"] = [[
      fault.program { call = "ppoll", delay = 0.3 }
      print "WAITING"
      print(a:recv())
    ]],
    ["with a task"] = [[
      loop.spawn(function () loop.sleep() end)
      loop.turn(0)
      fault.program { call = "ppoll", delay = 0.3 }
      fault.program { call = "epoll_pwait", delay = 0.3 }
      print "WAITING"
      print(a:recv())
    ]],
    ["in a coroutine"] = [[
      fault.program { call = "ppoll", delay = 0.3 }
      print "WAITING"
      coroutine.wrap(function () print(a:recv()) end)()
    ]],
    ["in a task"] = [[
      loop.spawn(function () print(a:recv()) end)
      loop.turn(0)
      fault.program { call = "ppoll", delay = 0.3 }
      fault.program { call = "epoll_pwait", delay = 0.3 }
      print "WAITING"
      loop.sleep()
    ]],
  }

  for name, code in pairs(sleeps) do
    it("T22: between the check and the sleep is not lost, " .. name,
       function ()
      local p <close> = run(code)
      p:expect "WAITING\n"
      -- now inside of the delay, before the system call
      support.eventually(function ()
        local file = assert(io.open(("/proc/%d/stat"):format(p.pid)))
        local text = file:read "a"
        file:close()
        return text:match "%) S"
      end)
      p:kill(native.SIGINT)
      assert.matches("interrupted!", p:readall())
      assert.same({ "exit", 1 }, { p:wait() })
    end)
  end

  it("T1: after EINTR of the call itself runs the hook", function ()
    -- the call is interrupted and its repetition would succeed
    local p <close> = run [[
      b:send "data"
      fault.program { call = "recv", errno = "EINTR", delay = 0.3 }
      print "WAITING"
      print(a:recv())
      print "WENT ON"
    ]]
    p:expect "WAITING\n"
    support.eventually(function ()
      local file = assert(io.open(("/proc/%d/stat"):format(p.pid)))
      local text = file:read "a"
      file:close()
      return text:match "%) S"
    end)
    p:kill(native.SIGINT)
    local output = p:readall()
    assert.matches("interrupted!", output)
    assert.is_nil(output:find "WENT ON")
  end)
end)

describe("EINTR", function ()
  tasks.watch(before_each, after_each)
  before_each(function () fault.reset() end)
  after_each(function () fault.reset() end)

  it("of any call that waits makes it try again", function ()
    local function check()
      local a, b = waits.pair()
      local u, v = support.transports["UDP4"]:pair()
      local listener = support.transports["TCP4"]:listener()
      local client = support.transports["TCP4"]:socket()
      for _, call in ipairs { "send", "recv", "sendto", "recvmsg", "accept4",
                              "sendmsg", "poll" } do
        fault.program { call = call, errno = "EINTR", count = 3 }
      end
      assert.equal(4, a:send("data"))
      assert.equal("data", b:recv())
      assert.equal(4, u:sendto("data", v:getsockname()))
      assert.equal("data", (v:recvfrom()))
      assert.equal(4, u:sendmsg { data = "more" })
      assert.equal("more", v:recvmsg().data)
      assert.equal("w", a:wait("w"))
      assert.same({ [a] = "w" }, core.poll { [a] = "w", [b] = "r" })
      assert.equal(client, client:connect(listener:getsockname()))
      local peer = assert(listener:accept())
      fault.reset()
      waits.closeall(a, b, u, v, listener, client, peer)
    end
    check()
    local clock = tasks.ticker()
    for _, place in ipairs(tasks.places) do place.run(check) end
    clock.stop = true
    clock.task:join()
  end)

  it("of the sleep makes it sleep on, within the deadline", function ()
    local function check()
      local a, b = waits.pair()
      fault.program { call = "ppoll", errno = "EINTR", count = 5 }
      fault.program { call = "epoll_pwait", errno = "EINTR", count = 5 }
      a:settimeout(0.02)
      local start = loop.now()
      support.fails("timeout", a.recv, a)
      assert.is_true(loop.now() - start >= 0.02)
      b:send("data")
      assert.equal("data", a:recv())
      fault.reset()
      waits.closeall(a, b)
    end
    check()
    local clock = tasks.ticker()
    for _, place in ipairs(tasks.places) do place.run(check) end
    clock.stop = true
    clock.task:join()
  end)
end)

describe("a poller that fails", function ()
  tasks.watch(before_each, after_each)
  before_each(function () fault.reset() end)
  after_each(function () fault.reset() end)

  it("to register fails the one call, as a value", function ()
    epoll()
    local clock = tasks.ticker()
    for _, place in ipairs(tasks.places) do
      place.run(function ()
        for _, code in ipairs { "ENOMEM", "ENOSPC" } do
          local a, b = waits.pair()
          local c, d = waits.pair()
          fault.program { call = "epoll_ctl", errno = code }
          support.fails(code, a.recv, a)
          fault.program { call = "epoll_ctl", errno = code, nth = 2 }
          support.fails(code, core.poll, { [a] = "r", [b] = "r", [c] = "r" })
          fault.reset()
          -- no waiter was left behind
          local helper = tasks.spawn(function ()
            b:send("data")
            d:send("data")
          end)
          assert.equal("data", a:recv())
          assert.equal("data", c:recv())
          tasks.untiltrue(function () return helper:done() end)
          waits.closeall(a, b, c, d)
        end
      end)
    end
    clock.stop = true
    clock.task:join()
  end)

  it("to be made leaves the timers running", function ()
    epoll()
    local p <close> = run [[
      fault.program { call = "epoll_create1", errno = "ENOMEM", count = 1e9 }
      loop.spawn(function ()
        loop.sleep(0.002)
        print(select(3, a:recv()))
        fault.reset()
        b:send "data"
        print(a:recv())
      end)
      while loop.turn() > 0 do end
    ]]
    assert.equal("ENOMEM\ndata\n", p:readall())
  end)

  it("in its sleep raises in who turns the loop", function ()
    epoll()
    local a, b = waits.pair()
    local clock = tasks.ticker()
    fault.program { call = "epoll_pwait", errno = "EINVAL" }
    assert.is_false(pcall(a.recv, a))
    b:send("data")
    assert.equal("data", a:recv())
    clock.stop = true
    clock.task:join()
    waits.closeall(a, b)
  end)

  it("T28: knows a fork without MADV_WIPEONFORK, too", function ()
    epoll()
    for _, call in ipairs { "mmap", "madvise" } do
      local p <close> = run(([[
        fault.program { call = %q, errno = "EINVAL" }
        loop.spawn(function () print(a:recv()) end)
        loop.turn(0)
        local pid = native.fork()
        if pid == 0 then
          a:close()
          b:close()
          local c, d = core.socketpair()
          loop.spawn(function () print(c:recv()) end)
          d:send "child"
          loop.turn(1)
          loop.turn(0)
          native.exit(0)
        end
        native.waitpid(pid)
        b:send "parent"
        while loop.turn(10) > 0 do end
      ]]):format(call))
      local output = p:readall()
      assert.matches("child\n", output)
      assert.matches("parent\n$", output)
    end
  end)
end)
