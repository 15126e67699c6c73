-- Readiness: edge triggering, registration, closing, forking.  The same tests
-- run on the poll backend (SOCKEYE_POLLER=poll).
local support = require "spec.support"
local tasks = require "spec.support.tasks"
local waits = require "spec.support.waits"
local core = support.core
local native = support.native
local loop = core.loop

local pair, closeall = waits.pair, waits.closeall
local SLOW = support.patience / 20

describe("the poller", function ()
  tasks.watch(before_each, after_each)

  it("is the one that SOCKEYE_POLLER names, epoll otherwise", function ()
    assert.equal(os.getenv "SOCKEYE_POLLER" == "poll" and "poll" or "epoll",
                 loop.backend())
    for value, backend in pairs { poll = "poll", epoll = "epoll",
                                  [""] = "epoll", other = "epoll" } do
      local argv = support.luaargv 'print(require"sockeye.core".loop.backend())'
      table.insert(argv, 2, "SOCKEYE_POLLER=" .. value)
      local process <close> = support.spawn(argv)
      assert.equal(backend .. "\n", process:succeed())
    end
  end)

  it("takes no descriptor before something has to wait in a loop", function ()
    local process <close> = support.lua [[
      local core = require "sockeye.core"
      local a, b = core.socketpair()
      a:settimeout(0.001)
      a:recv()
      core.loop.sleep(0.001)
      print(io.open("/proc/self/fd/" .. b:getfd() + 1) == nil)
      core.loop.spawn(function () end)
      print(core.loop.turn(0))
    ]]
    assert.equal("true\n0\n", process:succeed())
  end)

  it("T12: a closed socket whose duplicate lives is reported no more",
     function ()
    local a, b = pair()
    local reader = tasks.spawn(function () return a:recv() end)
    tasks.settle()
    b:send("x")
    assert.equal("x", reader:join())
    local copy = assert(a:dup())
    a:close()
    b:send("for the copy")
    tasks.settle()
    -- a turn ends early when anything is reported
    local start = loop.now()
    loop.turn(0.05)
    assert.is_true(loop.now() - start >= 0.05)
    reader = tasks.spawn(function () return copy:recv() end)
    assert.equal("for the copy", reader:join())
    closeall(b, copy)
  end)

  it("T12: the same for a socket that was collected or detached", function ()
    for _, leave in ipairs {
      function (s)
        local copy = s:dup()
        s:close()
        return copy
      end,
      function (s) return core.fromfd(s:detach()) end,
    } do
      local a, b = pair()
      local reader = tasks.spawn(function () return a:recv() end)
      tasks.settle()
      b:send("x")
      reader:join()
      local copy = leave(a)
      b:send("y")
      tasks.settle()
      local start = loop.now()
      loop.turn(0.03)
      assert.is_true(loop.now() - start >= 0.03)
      -- the number can be registered once more
      assert.equal("y", tasks.spawn(function () return copy:recv() end):join())
      reader = tasks.spawn(function () return copy:recv() end)
      tasks.settle()
      b:send("z")
      assert.equal("z", reader:join())
      closeall(b, copy)
    end
  end)

  it("T26: a socket that nobody waits for and nobody reaches is collected",
     function ()
    local function round()
      for _ = 1, 20 do
        local a, b = pair()
        a:settimeout(0)
        local t = tasks.spawn(function ()
          a:wait("r", 0.0001)
          core.poll({ [a] = "r", [b] = "rp" }, 0.0001)
        end)
        t:join()
      end
    end
    local function size()
      collectgarbage()
      collectgarbage()
      local n = 0
      for _ in pairs(native.fds()) do n = n + 1 end
      return collectgarbage "count", n
    end
    for _ = 1, 3 do round() end
    local before, fds = size()
    for _ = 1, 30 do round() end
    local after, now = size()
    assert.equal(fds, now)
    assert.is_true(after - before < 24, "grew by " .. after - before .. " K")
  end)

  it("T26: the same when the wait timed out or was ended by an error",
     function ()
    local weak = setmetatable({}, { __mode = "k" })
    do
      local a, b = pair()
      local clock = tasks.ticker()
      weak[a], weak[b] = true, true
      a:settimeout(0.001)
      a:recv()
      waits.hook(b.recv, function () error("hooked", 0) end)
      assert.is_false(pcall(b.recv, b))
      clock.stop = true
      clock.task:join()
    end
    loop.turn(0)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)

  it("does not report what nobody waits for again and again", function ()
    local a, b = pair()
    local t = tasks.spawn(function () return a:recv(1) end)
    tasks.settle()
    b:send("lots of data")  -- more than is read
    t:join()
    b:shutdown("w")
    tasks.settle()
    local before = native.cputime()
    local sleeper = tasks.spawn(function () loop.sleep(0.1) end)
    sleeper:join()
    assert.is_true(native.cputime() - before < 0.05 * SLOW)
    closeall(a, b)
  end)

  it("does not spin on an error that nobody takes", function ()
    local closed = support.transports["UDP4"]:bound()
    local to = closed:getsockname()
    closed:close()
    local function check()
      local s = assert(core.socket("inet", "dgram"))
      assert(s:connect(to))
      s:setoption("ip_recverr", true)
      s:send("x")
      support.eventually(function ()
        s:settimeout(0)
        return select(3, s:recv()) == "ECONNREFUSED"
      end)
      -- its error queue is not empty, and stays so
      s:settimeout(0.2)
      local before = native.cputime()
      support.fails("timeout", s.recv, s)
      assert.is_true(native.cputime() - before < 0.05 * SLOW)
      -- and what comes meanwhile is seen
      local peer = support.transports["UDP4"]:bound()
      assert(s:connect(peer:getsockname()))
      local reader = tasks.spawn(function () return s:recv() end)
      tasks.settle()
      peer:sendto("data", s:getsockname())
      tasks.untiltrue(function () return reader:done() end)
      assert.equal("data", (reader:join()))
      assert.is_string(s:recv(100, "errqueue"))
      closeall(s, peer)
    end
    check()
    local a, b = pair()
    local sleeper = tasks.spawn(function () return a:recv() end)
    check()
    tasks.spawn(check):join()
    -- nobody waits any more: a turn blocks
    local start = loop.now()
    loop.turn(0.05)
    loop.turn(0.05)
    assert.is_true(loop.now() - start >= 0.05)
    assert.is_false(sleeper:done())
    b:send("end")
    sleeper:join()
    closeall(a, b)
  end)

  it("counts regular files as always ready", function ()
    local path = support.tmpname()
    local file = assert(io.open(path, "w+"))
    file:write("content")
    file:seek("set", 0)
    local s = assert(core.fromfd(file))
    local function check()
      assert.equal("r", s:wait("r", 0))
      assert.equal("w", s:wait("w"))
      assert.equal("rw", s:wait("rw"))
      assert.same({ [s] = "rw" }, core.poll { [s] = "rw" })
      local a, b = pair()
      assert.same({ [s] = "r" }, core.poll { [s] = "r", [a] = "r" })
      closeall(a, b)
      -- what epoll refuses (EPERM) is no error, but never comes
      support.fails("timeout", s.wait, s, "p", 0.002)
      support.fails("timeout", core.poll, { [s] = "p" }, 0.002)
    end
    check()
    local clock = tasks.ticker()
    check()
    assert.equal("content", s:recv(100))
    assert.is_nil((s:recv(100)))
    tasks.spawn(check):join()
    clock.stop = true
    clock.task:join()
    s:close()
    file:close()
  end)

  it("waits for pipes and terminals", function ()
    local r, w = native.pipe()
    local reader, writer = assert(core.fromfd(r)), assert(core.fromfd(w))
    local t = tasks.spawn(function ()
      local parts = {}
      for part in function () return reader:recv(1000) end do
        parts[#parts + 1] = part
      end
      return table.concat(parts)
    end)
    tasks.settle()
    local data = ("0123456789"):rep(30000)
    local sender = tasks.spawn(function ()
      assert(writer:sendall(data))
      writer:close()
    end)
    assert.equal(data, t:join())
    sender:join()
    reader:close()
  end)

  it("never loses an edge: random reads, writes and timeouts", function ()
    local seed = os.time()
    math.randomseed(seed)
    local random = math.random
    local function byte(i) return string.char((i * 7 + i // 251) % 256) end
    local all = {}
    for i = 1, 60000 do all[i] = byte(i) end
    all = table.concat(all)

    local function write(s)
      local sent = 0
      while sent < #all do
        local n = math.min(#all - sent, random(1, 6000))
        if random() < 0.3 then s:settimeout(random(0, 2) / 1000)
        else s:settimeout(nil) end
        local kind = random(4)
        if kind == 1 then
          local ok, _, code, part = s:sendall(all, nil, sent + 1, sent + n)
          if not ok then
            assert.equal("timeout", code)
            n = part
          end
          sent = sent + n
        elseif kind == 2 then
          s:wait("w")
        elseif kind == 3 then
          core.poll({ [s] = "w" }, random(0, 1) / 1000)
        else
          sent = sent + (s:send(all, nil, sent + 1, sent + n) or 0)
        end
        if random() < 0.2 then loop.sleep(random(0, 2) / 1000) end
      end
      s:settimeout(nil)
    end

    local function read(s)
      local got, parts = 0, {}
      while got < #all do
        if random() < 0.3 then s:settimeout(random(0, 2) / 1000)
        else s:settimeout(nil) end
        local kind = random(5)
        local data, _, code, part
        if kind == 1 then
          s:wait("r")
        elseif kind == 2 then
          core.poll({ [s] = "rp" }, random(0, 1) / 1000)
        elseif kind == 3 then
          local n = math.min(random(1, 3000), #all - got)
          data, _, code, part = s:recv(n, "waitall")
          data = data or part
        elseif kind == 4 then
          s:recv(10, "peek")
        else
          data, _, code = s:recv(random(1, 8000))
        end
        assert(code == nil or code == "timeout", code)
        if data then
          parts[#parts + 1] = data
          got = got + #data
        end
        if random() < 0.2 then loop.sleep(random(0, 2) / 1000) end
      end
      s:settimeout(nil)
      return table.concat(parts)
    end

    local list, sockets = {}, {}
    for i = 1, 12 do
      local a, b
      if i % 3 == 0 then a, b = support.transports["TCP4"]:pair()
      else a, b = pair() end
      for _, s in ipairs { a, b } do
        s:setoption("so_sndbuf", random(2000, 20000))
      end
      sockets[i] = { a, b }
      -- both ways at once; some wait in generators
      local function add(f, s)
        local inner = f
        if i > 10 and f == read then
          inner = function (x) return coroutine.wrap(read)(x) end
        end
        list[#list + 1] = tasks.spawn(inner, s)
      end
      add(write, a)
      add(write, b)
      add(read, a)
      add(read, b)
    end
    for _, t in ipairs(list) do
      local data = t:join()
      if data then assert.is_true(data == all, "seed " .. seed) end
    end
    closeall(table.unpack(sockets))
  end)
end)

describe("after a fork", function ()
  tasks.watch(before_each, after_each)

  it("T28: a child that closes does not unregister its parent's socket",
     function ()
    for _ = 1, 3 do
      local a, b = pair()
      local reader = tasks.spawn(function () return a:recv() end)
      tasks.settle()
      support.fork(function ()
        a:close()
        b:close()
        collectgarbage()
      end)
      b:send("still there")
      assert.equal("still there", reader:join())
      closeall(a, b)
    end
  end)

  it("T28: nor one that collects or closes its state", function ()
    local process <close> = support.lua(([[
      package.path, package.cpath = %q, %q
      local native = require "spec.support.native"
      local core = require "sockeye.core"
      local a, b = core.socketpair()
      core.loop.spawn(function () print(a:recv()) end)
      core.loop.turn(0)
      local pid = native.fork()
      if pid == 0 then os.exit(true, true) end
      native.waitpid(pid)
      b:send "still there"
      print(core.loop.turn(10))
    ]]):format(package.path, package.cpath))
    assert.equal("still there\n0\n", process:succeed())
  end)

  it("T18: the child can use the core afresh, and the parent goes on",
     function ()
    local a, b = pair()
    local reader = tasks.spawn(function () return a:recv() end)
    tasks.settle()
    local result = support.fork(function ()
      local c, d = core.socketpair()
      loop.spawn(function ()
        loop.sleep(0.001)
        d:send(c:recv() .. " and back")
      end)
      loop.spawn(function ()
        d:send("there")
        loop.sleep(0.01)
      end)
      -- the first of them takes what the second one sent
      local e, f = core.socketpair()
      loop.spawn(function ()
        loop.sleep(0.02)
        f:send(assert(c:recv()))
      end)
      return e:recv()
    end)
    assert.equal("there and back", result)
    b:send("data")
    assert.equal("data", reader:join())
    closeall(a, b)
  end)

  it("T18: tasks that waited for sockets and timers go on in the child",
     function ()
    local a, b = pair()
    local c, d = pair()
    local got = {}
    local reader = tasks.spawn(function () got.reader = a:recv() end)
    local poller = tasks.spawn(function ()
      got.poller = core.poll { [c] = "r" }[c]
      got.polled = c:recv()
    end)
    local start = loop.now()
    local sleeper = tasks.spawn(function ()
      loop.sleep(0.05)
      got.slept = loop.now() - start
    end)
    tasks.settle()
    local result = support.fork(function ()
      b:send("one")
      d:send("two")
      tasks.untiltrue(function () return got.polled and got.slept end)
      assert(got.slept >= 0.05, got.slept)
      -- a grandchild as well
      local more = tasks.spawn(function () got.more = a:recv() end)
      tasks.settle()
      local grandchild = support.fork(function ()
        b:send("three")
        more:join()
        return got.more
      end)
      b:send("four")
      more:join()
      return table.concat({ got.reader, got.poller, got.polled, grandchild,
                            got.more }, " ")
    end)
    assert.equal("one r two three four", result)
    -- the parent's own
    b:send("uno")
    d:send("due")
    reader:join()
    poller:join()
    sleeper:join()
    assert.same({ "uno", "due" }, { got.reader, got.polled })
    closeall(a, b, c, d)
  end)

  it("T18: a wait that the child inherits from within a turn", function ()
    local a, b = pair()
    local forked
    local forker = tasks.spawn(function ()
      loop.sleep(0)
      -- the main chunk, in recv, is below
      forked = support.fork(function ()
        loop.sleep(0.001)
        local c, d = pair()
        loop.spawn(function () d:send("c") end)
        return c:recv()
      end)
      b:send("data")
    end)
    assert.equal("data", a:recv())
    forker:join()
    assert.equal("c", forked)
    closeall(a, b)
  end)

  it("closing in the child takes no new descriptor", function ()
    if loop.backend() ~= "epoll" then return end
    local a, b = pair()
    local reader = tasks.spawn(function () return a:recv() end)
    tasks.settle()
    local n = support.fork(function ()
      local before = 0
      for _ in pairs(native.fds()) do before = before + 1 end
      a:close()
      b:close()
      local after = 0
      for _ in pairs(native.fds()) do after = after + 1 end
      return before - after
    end)
    assert.equal("2", n)
    b:send("x")
    reader:join()
    closeall(a, b)
  end)
end)

describe("without descriptors", function ()
  it("timers still run, and a wait fails as a value", function ()
    local process <close> = support.lua(([[
      package.path, package.cpath = %q, %q
      local native = require "spec.support.native"
      local core = require "sockeye.core"
      local loop = core.loop
      local a, b = core.socketpair()
      native.rlimit(b:getfd() + 1)
      loop.spawn(function () loop.sleep(0.002) print "slept" end)
      loop.sleep(0.01)
      if loop.backend() ~= "epoll" then return end  -- which needs none
      loop.spawn(function ()
        a:settimeout(5)
        print(select(3, a:recv()))
      end)
      loop.turn(0)
      loop.turn(0)
      print(loop.tasks())
      native.rlimit(100)
      loop.spawn(function () print(a:recv()) end)
      loop.turn(0)
      b:send "data"
      print(loop.turn(10))
    ]]):format(package.path, package.cpath))
    assert.equal(loop.backend() == "epoll" and "slept\nEMFILE\n0\ndata\n0\n"
                 or "slept\n", process:succeed())
  end)
end)
