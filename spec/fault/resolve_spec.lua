-- Names and interfaces when the system fails.
local support = require "spec.support"
local native = support.native
local core = support.core
local fault = core.fault
local fails = support.fails

describe("the worker threads, under faults", function ()
  setup(function ()
    core.loop.spawn(function () core.loop.sleep(0) end)
    while core.loop.turn() > 0 do end
  end)

  before_each(fault.reset)
  after_each(fault.reset)

  -- In a child, which has no idle threads of earlier tests.
  local function afresh(f)
    support.fork(function ()
      fault.reset()
      f()
    end)
  end

  it("fail as a value when no thread can be had", function ()
    afresh(function ()
      local before = native.fds()
      fault.program { call = "pthread_create", errno = "EAGAIN" }
      local message = fails("EAGAIN", core.getaddrinfo, "localhost", 80)
      assert(message:find("getaddrinfo localhost:80: ", 1, true))
      local after = native.fds()
      for fd in pairs(after) do assert(before[fd], "a descriptor is left") end
      assert(core.getaddrinfo("localhost", 80))
    end)
  end)

  it("make do with fewer threads", function ()
    afresh(function ()
      fault.program { call = "getaddrinfo", delay = 0.05, count = 3 }
      fault.program { call = "pthread_create", nth = 2, errno = "EAGAIN",
                      count = math.huge }
      local ended = 0
      for _ = 1, 3 do
        core.loop.spawn(function ()
          assert(core.getaddrinfo("localhost", 80))
          ended = ended + 1
        end)
      end
      while core.loop.turn() > 0 do end
      assert(ended == 3)
    end)
  end)

  it("fail as a value when there is no notifier", function ()
    for _, call in ipairs { "eventfd", "fcntl" } do
      fault.program { call = call, errno = "EMFILE" }
      fails("EMFILE", core.getaddrinfo, "localhost", 80)
      fault.program { call = call, errno = "EMFILE" }
      fails("EMFILE", core.getnameinfo, "127.0.0.1", 80)
    end
  end)

  it("T1: do not lose an answer to an interrupted notification", function ()
    local id = fault.program { call = "write", errno = "EINTR", count = 3 }
    assert(core.getaddrinfo("localhost", 80))
    assert.equal(3, fault.hits(id))
  end)

  it("T24: outlive the deadline of who asked", function ()
    fault.program { call = "getaddrinfo", delay = 0.2 }
    fails("timeout", core.getaddrinfo, "localhost", 80, { timeout = 0.01 })
    fault.program { call = "getnameinfo", delay = 0.2 }
    fails("timeout", core.getnameinfo, "127.0.0.1", 80, nil, 0.01)
    assert(core.getaddrinfo("localhost", 80))
  end)

  it("report what the library says", function ()
    for _, code in ipairs { "EAI_AGAIN", "EAI_FAIL", "EAI_MEMORY",
                            "EAI_NONAME", "EAI_SERVICE", "EAI_OVERFLOW" } do
      fault.program { call = "getaddrinfo", errno = code }
      fails(code, core.getaddrinfo, "localhost", 80)
      fault.program { call = "getaddrinfo", errno = code }
      fails(code, core.getaddrinfo, "127.0.0.1", 80)
      fault.program { call = "getnameinfo", errno = code }
      fails(code, core.getnameinfo, "127.0.0.1", 80)
    end
    fault.program { call = "getaddrinfo", errno = "ENFILE" }
    fails("ENFILE", core.getaddrinfo, "localhost", 80)
  end)
end)

describe("interfaces, under faults", function ()
  before_each(fault.reset)
  after_each(fault.reset)

  it("fail as a value", function ()
    for _, call in ipairs { "getifaddrs", "socket" } do
      fault.program { call = call, errno = "EMFILE" }
      fails("EMFILE", core.interfaces)
    end
    for call, code in pairs { if_nameindex = "ENOBUFS",
                              if_nametoindex = "ENODEV",
                              if_indextoname = "ENXIO" } do
      fault.program { call = call, errno = code }
      fails(code, core[call], call == "if_nametoindex" and "lo" or 1)
    end
  end)

  it("leave out one that has gone meanwhile", function ()
    fault.program { call = "ioctl", errno = "ENODEV", count = math.huge }
    assert.same({}, core.interfaces())
  end)
end)
