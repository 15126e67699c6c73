-- The specs' own tools: that they catch what they are for.
local support = require "spec.support"
local native = support.native

-- Runs busted on a spec of its own; gives its output and status.
local function busted(code, environment)
  local path = support.tmpname() .. "_spec.lua"
  local file = assert(io.open(path, "w"))
  file:write('local native = require "spec.support.native"\n', code)
  file:close()
  local argv = { "env", "SOCKEYE_COUNT=/dev/null", "SOCKEYE_GRACE=0.1" }
  for _, e in ipairs(environment or {}) do argv[#argv + 1] = e end
  for _, a in ipairs { "LD_PRELOAD=" .. support.preload,
                       support.interpreter(), "spec/support/busted.lua",
                       "--run=" .. (package.cpath:find("build/asan/", 1, true)
                                    and "asan" or "default"), path } do
    argv[#argv + 1] = a
  end
  local p <close> = support.spawn(argv, true)
  local output = p:readall()
  local _, status = p:wait()
  return output, status
end

describe("the helper of all specs", function ()
  it("passes a test that leaves nothing open", function ()
    local output, status = busted [[
      it("opens and closes", function ()
        native.close(native.open("/dev/null"))
      end)
      it("leaves it to the collector", function ()
        local f = io.open("/dev/null")
        assert.truthy(f)
      end)
      it("leaves it to finally", function ()
        local fd = native.open("/dev/null")
        finally(function () native.close(fd) end)
      end)
    ]]
    assert.matches("3 passed, 0 failed, 0 pending", output)
    assert.equal(0, status)
  end)

  it("fails a test that leaves a descriptor open, by name", function ()
    local output, status = busted [[
      it("is careless", function () native.open("/dev/null") end)
      it("is not blamed for it", function () end)
    ]]
    assert.matches("FAILED: [^\n]*is careless\n", output)
    assert.matches("%(/dev/null%) left open", output)
    assert.matches("1 passed, 1 failed", output)
    assert.not_equal(0, status)
  end)

  it("fails a test that replaces somebody else's descriptor", function ()
    local output, status = busted [[
      local fd = native.open("/dev/null")
      it("closes what is not its own", function ()
        native.close(fd)
        assert(native.open("/dev/zero") == fd)
      end)
      it("closes it for good", function () native.close(fd) end)
    ]]
    assert.matches("%(/dev/zero%), which was /dev/null", output)
    assert.matches("closed, but it was not the test's", output)
    assert.matches("0 passed, 2 failed", output)
    assert.not_equal(0, status)
  end)

  it("still reports the error of a test that leaks as well", function ()
    local output = busted [[
      it("does both", function ()
        native.open("/dev/null")
        error("the true cause")
      end)
    ]]
    assert.matches("the true cause", output, 1, true)
    assert.matches("left open", output, 1, true)
    assert.matches("0 passed, 1 failed", output)
  end)

  it("ends a test that hangs, loudly and by name", function ()
    local output, status = busted([[
      it("waits for ever", function () while true do native.sleep(1) end end)
    ]], { "SOCKEYE_WATCHDOG=0.3" })
    assert.matches("WATCHDOG: this test hangs: .*waits for ever", output)
    assert.equal(97, status)
  end)

  it("ends a test that hangs with all signals blocked", function ()
    local output, status = busted([[
      it("is deaf", function ()
        for s = 1, 31 do native.blocked(s, true) end
        while true do end
      end)
    ]], { "SOCKEYE_WATCHDOG=0.3" })
    assert.matches("WATCHDOG: this test hangs: .*is deaf", output)
    assert.equal(97, status)
  end)

  it("ends child processes that a test forgot", function ()
    local output, status = busted [[
      local support = require "spec.support"
      local p
      it("forgets", function () p = support.spawn { "sleep", "1000" } end)
      it("finds it gone", function () assert.equal("signal", p.kind) end)
    ]]
    assert.matches("2 passed, 0 failed", output)
    assert.equal(0, status)
  end)

  it("is not too quick for a file that fails to load", function ()
    local output, status = busted "error 'no such luck'"
    assert.matches("no such luck", output, 1, true)
    assert.matches("0 passed, 1 failed", output)
    assert.not_equal(0, status)
  end)
end)

describe("support", function ()
  it("talks to Python", function ()
    local p <close> = support.python([[
print(sys.argv[1])
for line in sys.stdin:
  print(line.upper(), end="")
]], "hello")
    assert.equal("hello", p:line())
    p:write("ab\n")
    assert.equal("AB", p:line())
    p:succeed()
    assert.same({ "exit", 0 }, { p:wait() })
  end)

  it("says how another process ended", function ()
    local p <close> = support.spawn { "sh", "-c", "exit 3" }
    assert.same({ "exit", 3 }, { p:wait() })
    local q <close> = support.spawn { "sleep", "1000" }
    q:kill(native.SIGKILL)
    assert.same({ "signal", native.SIGKILL }, { q:wait() })
  end)

  it("reads what another process writes until a pattern", function ()
    local p <close> = support.spawn { "sh", "-c",
                                      "echo one two three; echo rest" }
    assert.same({ "two", "three" }, { p:expect "one (%w+) (%w+)" })
    assert.equal("\nrest\n", p:readall())
    assert.equal("", p:readall())
  end)

  it("gives a program a terminal", function ()
    local p <close> = support.pty { "sh", "-c",
      "test -t 0 && echo tty; read x; echo got:$x" }
    p:expect "tty"
    p:write("abc\n")
    assert.equal("abc", p:expect "got:(%w+)")
  end)

  it("presses Ctrl-C in it", function ()
    local p <close> = support.pty { "sh", "-c", "echo ready; exec sleep 1000" }
    p:expect "ready"
    p:write("\3")
    local kind, status = p:wait()
    assert.is_true(kind == "signal" and status == native.SIGINT
                   or kind == "exit" and status == 130)
  end)

  it("runs Lua with the same modules in another process", function ()
    local p <close> = support.lua [[
      print(require "spec.support.native".getpid())
    ]]
    assert.equal(tostring(p.pid), p:line())
    p:succeed()
  end)

  it("passes on what a forked child returns and raises", function ()
    assert.equal("12", support.fork(function (n) return n + 2 end, 10))
    local ok, message = pcall(support.fork, function () error "alas" end)
    assert.is_false(ok)
    assert.matches("alas", message, 1, true)
  end)

  it("makes a network of its own", function ()
    support.netns(function ()
      local links = support.sh "ip -o link"
      assert(links:find("lo:", 1, true) and links:find("UP", 1, true))
      assert(select(2, links:gsub("\n", "")) == 1, links)
    end)
  end)

  it("tells a failure from other results", function ()
    local function f(...) return ... end
    assert.equal("m", support.fails("ECODE", f, nil, "m", "ECODE"))
    assert.has_error(function () support.fails("ECODE", f, nil, "m") end)
    assert.has_error(function () support.fails("ECODE", f, nil) end)
    assert.has_error(function () support.fails("E", f, false, "m", "E") end)
    assert.has_error(function () support.fails(nil, f, 1) end)
  end)

  it("tells an error that names its argument from others", function ()
    support.raises("port", error, "bad argument #2 to 'f' (port: no integer)")
    assert.has_error(function () support.raises("port", error, "host") end)
    assert.has_error(function () support.raises("port", error, { "port" }) end)
    assert.has_error(function () support.raises("port", function () end) end)
  end)

  it("knows what is no integer in a range", function ()
    local found = {}
    for _, v in ipairs(support.badintegers(0, 65535)) do
      if v == v then found[v] = true end
    end
    assert.is_true(found[-1] and found[65536] and found["80"] and found[80.5]
                   and found[2^31 | 0] and found[math.maxinteger])
    assert.is_nil(found[65535])
  end)

  it("gives names that nobody uses, short enough for an address", function ()
    local a, b = support.tmpname(), support.tmpname()
    assert.not_equal(a, b)
    assert.is_true(#a < 60)
    assert.is_nil(io.open(a))
  end)
end)

describe("transports", function ()
  for _, t in ipairs(support.transports) do
    it(t.name .. ": a pair of sockets, each connected to the other",
       function ()
      local a, b = t:pair()
      assert(a:send "there")
      assert.equal("there", (b:recv()))
      assert(b:send "back")
      assert.equal("back", (a:recv()))
      a:close()
      b:close()
    end)
  end
end)
