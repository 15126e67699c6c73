-- csrc/constant.c: names of families, types and flags; also what every
-- function shares, argument.c and error.c.
local support = require "spec.support"
local core = support.core
local fails, raises = support.fails, support.raises

local families = { unspec = "AF_UNSPEC", inet = "AF_INET", inet6 = "AF_INET6",
                   unix = "AF_UNIX", packet = "AF_PACKET",
                   netlink = "AF_NETLINK", vsock = "AF_VSOCK",
                   bluetooth = "AF_BLUETOOTH", can = "AF_CAN",
                   tipc = "AF_TIPC", alg = "AF_ALG" }

describe("names of families", function ()
  it("are those of the system's constants", function ()
    for name, constant in pairs(families) do
      local family = core[constant]
      assert(math.type(family) == "integer", constant)
      local a = assert(core.address { family = name, raw = "" })
      assert.equal(a, core.address { family = family, raw = "" })
      assert.equal(name, a.family)
    end
    assert.equal("unix", core.address { family = "local" }.family)
  end)

  it("may be replaced by numbers, and unknown numbers have no name",
     function ()
    assert.equal("inet", core.address { family = core.AF_INET,
                                        host = "1.2.3.4" }.family)
    assert.equal(4242, core.address { family = 4242, raw = "" }.family)
    local s <close> = assert(core.socket(core.AF_INET, core.SOCK_DGRAM))
    assert.matches("udp", tostring(s))
  end)

  it("L14: unknown families and types give a clean error", function ()
    fails("EAFNOSUPPORT", core.socket, 4242, "stream")
    fails("EINVAL", core.socket, "inet", 4242)
    fails("EPROTONOSUPPORT", core.socket, "inet", "stream", core.IPPROTO_UDP)
  end)
end)

describe("names that do not exist", function ()
  it("are refused by name", function ()
    for _, name in ipairs { "nosuch", "INET", "AF_INET", "inet ", "", "inet\0",
                            "4", "2" } do
      raises("family: unknown name", core.socket, name, "stream")
      raises("type: unknown name", core.socket, "inet", name)
    end
    raises("'nosuch'", core.socket, "nosuch", "stream")
  end)

  it("T13: numbers are integers that fit, nothing that looks like one",
     function ()
    for _, n in ipairs(support.badintegers(-(2^31 | 0), 2^31 - 1 | 0)) do
      raises("family", core.socket, n, "stream")
      raises("type", core.socket, "inet", n)
    end
    raises("family", core.socket, 2.0, "stream")
    raises("family", core.socket)
    raises("type", core.socket, "inet", {})
  end)
end)

describe("flags", function ()
  local function pair(kind)
    local a, b = core.socketpair("unix", kind)
    return assert(a), b
  end

  it("are given by name, several at once, or by number", function ()
    local a <close>, b = pair "stream"
    local _ <close> = b
    assert(a:send("hello"))
    assert.equal("hello", b:recv(10, "peek"))
    assert.equal("hello", b:recv(10, "peek", "dontwait"))
    assert.equal("hello", b:recv(10, core.MSG_PEEK | core.MSG_DONTWAIT))
    assert.equal("hello", b:recv(10, nil))
    assert.equal(3, a:send("hello", "dontroute", 1, 3))
    assert.equal("hel", b:recv(10))
  end)

  it("are refused by name when unknown, raising before anything is sent",
     function ()
    local a <close>, b = pair "stream"
    local _ <close> = b
    for _, flag in ipairs { "nosuch", "PEEK", "MSG_PEEK", "peek\0", "", "2" } do
      raises("flags: unknown name", a.send, a, "x", flag)
      raises("flags: unknown name", a.send, a, "x", "dontwait", flag)
      raises("flags: unknown name", a.recv, a, 10, flag)
    end
    for _, flag in ipairs(support.badintegers(0, 2^31 - 1 | 0)) do
      raises("flags", a.send, a, "x", flag)
      raises("flags", a.recv, a, 10, flag)
    end
    raises("flags", a.recv, a, 10, 2.0)
    assert.equal(1, a:send("y"))
    assert.equal("y", b:recv())
  end)

  it("refuse zero copy, which would let the kernel read freed strings",
     function ()
    local a <close>, b = pair "stream"
    local _ <close> = b
    assert.matches("freed", raises("flags: zerocopy", a.send, a, "x",
                                   "zerocopy"))
    raises("flags: zerocopy", a.send, a, "x", "more", "zerocopy")
    raises("flags: zerocopy", a.send, a, "x", 0x4000000)
    raises("flags: zerocopy", a.send, a, "x", 0x4000000 | core.MSG_DONTWAIT)
    assert.is_nil(core.MSG_ZEROCOPY)
  end)

  it("of what was received come as a table of names, or nil (L04)", function ()
    local a <close>, b = pair "dgram"
    local _ <close> = b
    assert(a:send("hello"))
    assert(a:send("hello"))
    local data, _, flags = b:recvfrom(3)
    assert.equal("hel", data)
    assert.same({ trunc = true }, flags)
    data, _, flags = b:recvfrom(5)
    assert.equal("hello", data)
    assert.is_nil(flags)
  end)
end)

describe("the system's constants", function ()
  it("are integers under their names in capitals", function ()
    local count = 0
    for name, value in pairs(core) do
      if name:find "^%u" then
        count = count + 1
        assert.matches("^[%u%d_]+$", name)
        assert(math.type(value) == "integer", name)
      end
    end
    assert(count > 400, count)
  end)

  it("have the values that Python's socket module has", function ()
    local names = {}
    for name in pairs(core) do
      if name:find "^%u" then names[#names + 1] = name end
    end
    local python = support.python([[
for name in sys.argv[1].split():
    if hasattr(socket, name): print(name, int(getattr(socket, name)))
]], table.concat(names, " "))
    local compared = 0
    for name, value in python:succeed():gmatch "(%S+) (%-?%d+)" do
      -- Python has addresses of hosts signed or unsigned, as it happens
      assert.equal(tonumber(value) & 0xffffffff, core[name] & 0xffffffff, name)
      compared = compared + 1
    end
    assert(compared > 100, compared)
  end)

  it("have what programs need", function ()
    for _, name in ipairs {
      "AF_INET", "AF_INET6", "AF_UNIX", "AF_PACKET", "SOCK_STREAM",
      "SOL_SOCKET", "SOCK_RAW", "SOL_IP", "SOL_IPV6", "SO_RCVBUF",
      "SO_REUSEPORT", "IPPROTO_ICMP", "IPPROTO_ICMPV6", "TCP_NODELAY",
      "UDP_SEGMENT", "IP_TTL", "IPV6_V6ONLY", "MSG_PEEK", "MSG_ERRQUEUE",
      "SCM_RIGHTS", "SHUT_WR",
      "FIONREAD", "SIOCINQ", "SIOCOUTQ", "SIOCATMARK", "SIOCGIFMTU",
      "NETLINK_ROUTE", "RTM_GETROUTE", "NLM_F_DUMP", "NLMSG_DONE", "RTA_DST",
      "IFLA_IFNAME", "ETH_P_ALL", "AI_PASSIVE", "NI_NUMERICHOST", "SOMAXCONN",
      "INADDR_ANY", "IFF_UP", "VMADDR_CID_ANY", "ICMP6_FILTER",
    } do
      assert(core[name], name)
    end
    assert.equal(0x7f000001, core.INADDR_LOOPBACK)
    assert.equal(0xffffffff, core.INADDR_BROADCAST)
    assert.equal(0xffffffff, core.VMADDR_CID_ANY)
  end)
end)

describe("failures", function ()
  it("are nil, a message and the system's code", function ()
    local s <close> = core.socket("inet", "stream")
    local value, message, code = s:connect("127.0.0.1", 0)
    assert.is_nil(value)
    assert.equal("connect 127.0.0.1:0: connection refused", message)
    assert.equal("ECONNREFUSED", code)
    assert.matches("argument$", fails("EINVAL", s.accept, s))
    assert.matches("not supported", fails("EAFNOSUPPORT", core.socket, 4242, 1))
  end)

  it("keep the NUL bytes of a name in the message", function ()
    local name = support.abstract() .. "\0x"
    local s <close> = core.socket("unix", "stream")
    assert.equal("connect " .. name .. ": connection refused",
                 fails("ECONNREFUSED", s.connect, s, name))
    assert.equal("address /a\0b: the path contains a NUL byte",
                 fails("EINVAL", core.address, "/a\0b"))
  end)
end)

describe("seconds", function ()
  local s

  before_each(function () s = assert(core.socket("inet", "dgram")) end)
  after_each(function () s:close() end)

  it("read back as they were given", function ()
    for _, n in ipairs { 0, 1, 5, 0.07, 0.1, 0.3, 1e-9, 3600, 1e6, 0.001,
                         123456.789 } do
      s:settimeout(n)
      assert.equal(n, s:gettimeout())
    end
    s:settimeout(nil)
    assert.is_nil(s:gettimeout())
  end)

  it("T20: saturate when huge, to no timeout at all", function ()
    for _, n in ipairs { 1e10, 1e300, math.huge, math.maxinteger, 2^53,
                         9223372037 } do
      s:settimeout(n)
      assert.is_nil(s:gettimeout())
    end
    s:settimeout(9223372036)
    assert.equal(9223372036.0, s:gettimeout())
  end)

  it("that are tiny do not become 0", function ()
    for _, n in ipairs { 1e-10, 1e-300, 5e-324, 4.9e-10 } do
      s:settimeout(n)
      assert.equal(1e-9, s:gettimeout())
    end
  end)

  it("are not negative, NaN or something else", function ()
    for _, n in ipairs { -1, -0.001, -1e-300, -math.huge, math.mininteger,
                         0 / 0, -(0 / 0), "5", "", true, {}, print } do
      raises("seconds", s.settimeout, s, n)
    end
    s:settimeout(-0.0)
    assert.equal(0, s:gettimeout())
  end)
end)
