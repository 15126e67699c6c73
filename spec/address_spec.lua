-- csrc/address.c, addressfield.c: addresses as values, and the kernel's.
local support = require "spec.support"
local core = support.core
local fails, raises = support.fails, support.raises

local seed = tonumber(os.getenv "SOCKEYE_SEED") or os.time()

-- Calls f with 3,000 random addresses; an error names the seed.
local function randomly(generate, f)
  math.randomseed(seed)
  for i = 1, 3000 do
    local ok, problem = pcall(f, generate())
    if not ok then
      error(("with SOCKEYE_SEED=%d, number %d: %s"):format(seed, i,
                                                      tostring(problem)), 2)
    end
  end
end

local function bytes(n)
  local list = {}
  for i = 1, n do list[i] = string.char(math.random(0, 255)) end
  return table.concat(list)
end

local function randomport()
  return math.random(0, 65535)
end

local function randominet6()
  local groups = {}
  for i = 1, 8 do
    groups[i] = ("%x"):format(math.random(0, 1) == 0 and 0
                              or math.random(0, 0xffff))
  end
  return table.concat(groups, ":")
end

local generators = {
  inet = function ()
    return ("%d.%d.%d.%d"):format(math.random(0, 255), math.random(0, 255),
      math.random(0, 255), math.random(0, 255)), randomport()
  end,
  inet6 = function ()
    return { family = "inet6", host = randominet6(), port = randomport(),
             scope = math.random(0, 2) == 0 and math.random(0, 2^32 - 1 | 0)
                     or nil,
             flow = math.random(0, 2) == 0 and math.random(0, 2^32 - 1 | 0)
                    or nil }
  end,
  ["unix path"] = function ()
    local path = bytes(math.random(1, 108)):gsub("%z", "x")
    return { family = "unix", path = path, abstract = false }
  end,
  ["unix abstract"] = function ()
    return { family = "unix", path = "\0" .. bytes(math.random(0, 107)) }
  end,
  packet = function ()
    return { family = "packet", interface = math.random(0, 3),
             protocol = math.random(0, 1) * math.random(0, 65535),
             hatype = math.random(0, 1) * math.random(0, 65535),
             pkttype = math.random(0, 1) * math.random(0, 255),
             hardware = bytes(math.random(0, 32)) }
  end,
  netlink = function ()
    return { family = "netlink", pid = math.random(0, 2^32 - 1 | 0),
             groups = math.random(0, 2^32 - 1 | 0) }
  end,
  vsock = function ()
    return { family = "vsock", cid = math.random(0, 2^32 - 1 | 0),
             port = math.random(0, 2^32 - 1 | 0) }
  end,
  ["any family"] = function ()
    local family = math.random(0, 65535)
    if family == core.AF_UNIX then family = 65535 end
    return { family = family, raw = bytes(math.random(0, 126)) }
  end,
  ["known families, odd lengths"] = function ()
    local known = { "inet", "inet6", "packet", "netlink", "vsock" }
    return { family = known[math.random(#known)],
             raw = bytes(math.random(0, 126)) }
  end,
}


describe("an address", function ()
  for name, generate in pairs(generators) do
    it("prints as what core.address takes: " .. name, function ()
      randomly(generate, function (...)
        local a = assert(core.address(...))
        local text = tostring(a)
        local b, problem = core.address(text)
        assert(rawequal(a, b), ("%q: %s"):format(text, tostring(problem)))
      end)
    end)
  end

  it("survives random text without harm", function ()
    local parts = { "1", "2", "255", ".", ":", "::", "[", "]", "%", "lo", "@",
                    "/", "unix:", "packet:", "vsock:", "netlink:", "#", "inet",
                    "ffff", ",", "hardware=", "protocol=0x", "?flow=", "\0",
                    "x", "0", " " }
    randomly(function ()
      local list = {}
      for i = 1, math.random(0, 12) do list[i] = parts[math.random(#parts)] end
      return table.concat(list)
    end, function (text)
      local a, message, code = core.address(text)
      if a then
        assert(rawequal(a, core.address(tostring(a))), ("%q"):format(text))
      else
        assert(type(message) == "string" and type(code) == "string")
      end
      local b = core.address(text, 80)
      if b then assert(rawequal(b, core.address(tostring(b)))) end
    end)
  end)

  it("is interned: equal addresses are one value and one table key", function ()
    local a = core.address("10.0.0.1", 80)
    local clients = { [a] = "it" }
    assert(rawequal(a, core.address("10.0.0.1:80")))
    assert(rawequal(a, core.address(a)))
    assert(rawequal(a, core.address { family = "inet", host = "10.0.0.1",
                                      port = 80 }))
    assert.equal("it", clients[core.address("10.0.0.1", 80)])
    assert.is_nil(clients[core.address("10.0.0.1", 81)])
    assert.not_equal(core.address("::ffff:10.0.0.1", 80), a)
    assert.not_equal(core.address("fe80::1%1", 80), core.address("fe80::1", 80))
  end)

  it("is collected when nobody can reach it (T26)", function ()
    local weak = setmetatable({}, { __mode = "k" })
    for port = 1, 100 do weak[core.address("10.9.8.7", port)] = true end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
    local function round()
      for port = 0, 65535, 7 do core.address("10.9.8.7", port) end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    round()
    local before = round()
    for _ = 1, 5 do round() end
    -- a leak would be six rounds of 9,363 addresses: some 6,000 KiB
    assert(round() < before + 1024, "memory grows")
  end)

  it("belongs to one state only (T21)", function ()
    local other = support.lua [[
      local core = require "sockeye.core"
      print(core.address("10.0.0.1", 80))
    ]]
    assert.equal("10.0.0.1:80\n", other:succeed())
  end)

  it("cannot be changed", function ()
    local a = core.address("10.0.0.1", 80)
    raises("port", function () a.port = 81 end)
    raises("new", function () a.new = 1 end)
    raises("withport", function () a.withport = nil end)
    raises("1", function () a[1] = 1 end)
    assert.equal(80, a.port)
  end)

  it("has nil for unknown fields and those of other families", function ()
    local a = core.address("10.0.0.1", 80)
    for _, key in ipairs { "path", "scope", "flow", "cid", "nosuch", "host\0",
                           "", "__index", 1, true, 0.5 } do
      assert.is_nil(a[key])
    end
    local path = core.address("/x")
    assert.is_nil(path.host)
    assert.is_nil(path.port)
    local odd = core.address("inet#00")
    assert.equal("inet", odd.family)
    assert.is_nil(odd.host)
    assert.is_nil(odd.port)
  end)

  it("is ordered by family, host and port", function ()
    local sorted = { "unix:", "@a", "@b", "/a", "/aa", "/b", "2.0.0.1:9",
                     "2.0.0.1:80", "2.0.0.1:1000", "10.0.0.1:1",
                     "200.0.0.1:1", "[::1]:9", "[::1]:80", "[::1%1]:1",
                     "[::2]:1", "[fe80::1]:1", "netlink:1:0", "netlink:256:0",
                     "vsock:1:5", "vsock:1:1000", "vsock:300:1" }
    local list = {}
    for i, text in ipairs(sorted) do
      list[#sorted + 1 - i] = assert(core.address(text))
    end
    table.sort(list)
    for i, a in ipairs(list) do
      assert.equal(core.address(sorted[i]), a)
      assert(a <= a and a >= a)
      assert.is_false(a < a)
      if i > 1 then
        assert(list[i - 1] < a and list[i - 1] <= a and a > list[i - 1])
        assert.is_false(a <= list[i - 1])
      end
    end
    raises("address", function () return list[1] < 5 end)
    raises("address", function () return "x" <= list[1] end)
  end)

  it("orders 3,000 random addresses without contradiction", function ()
    local list = {}
    math.randomseed(seed)
    for _, generate in pairs(generators) do
      for _ = 1, 300 do list[#list + 1] = assert(core.address(generate())) end
    end
    table.sort(list)
    for i = 2, #list do
      assert(list[i - 1] <= list[i])
      assert((list[i - 1] < list[i]) == (list[i - 1] ~= list[i]))
    end
  end)
end)


describe("address:withport", function ()
  it("gives the same host with another port", function ()
    assert.equal(core.address("10.0.0.1", 81),
                 core.address("10.0.0.1", 80):withport(81))
    assert.equal(core.address("[fe80::1%lo]:81?flow=5"),
                 core.address("[fe80::1%lo]:80?flow=5"):withport(81))
    assert.equal(core.address("vsock:2:4294967295"),
                 core.address("vsock:2:80"):withport(4294967295))
  end)

  it("raises for bad ports and families without", function ()
    local a = core.address("10.0.0.1", 80)
    raises("port", a.withport, a)
    for _, port in ipairs(support.badintegers(0, 65535)) do
      raises("port", a.withport, a, port)
    end
    for _, text in ipairs { "/x", "unix:", "netlink:1:2", "packet:lo",
                            "can#00", "inet#00" } do
      raises("port", function () return core.address(text):withport(80) end)
    end
    raises("address", a.withport, "10.0.0.1", 80)
    raises("address", a.withport)
  end)
end)


describe("address:within", function ()
  local function within(host, prefix)
    return assert(core.address(host, 80)):within(prefix)
  end

  it("tells whether an address belongs to a network", function ()
    for _, case in ipairs {
      { "10.1.2.3", "10.0.0.0/8", true },
      { "11.1.2.3", "10.0.0.0/8", false },
      { "10.1.2.3", "0.0.0.0/0", true },
      { "10.1.2.3", "10.1.2.3/32", true },
      { "10.1.2.2", "10.1.2.3/32", false },
      { "172.16.0.1", "172.16.0.0/12", true },
      { "172.31.255.255", "172.16.0.0/12", true },
      { "172.32.0.0", "172.16.0.0/12", false },
      { "128.0.0.0", "128.0.0.0/1", true },
      { "127.255.255.255", "128.0.0.0/1", false },
      { "fe80::1", "fe80::/10", true },
      { "febf::1", "fe80::/10", true },
      { "fec0::1", "fe80::/10", false },
      { "fe80::1%lo", "fe80::/10", true },
      { "::1", "::/0", true },
      { "::1", "::1/128", true },
      { "::2", "::1/128", false },
      { "2001:db8:0:ffff::", "2001:db8::/47", true },
      { "2001:db8:2::", "2001:db8::/47", false },
    } do
      assert.equal(case[3], within(case[1], case[2]))
    end
  end)

  it("is false between families, but for IPv4 mapped into IPv6 (L13)",
     function ()
    assert.is_false(within("10.1.2.3", "::/0"))
    assert.is_false(within("10.1.2.3", "::ffff:0:0/96"))
    assert.is_false(within("::1", "0.0.0.0/0"))
    assert.is_true(within("::ffff:10.1.2.3", "10.0.0.0/8"))
    assert.is_false(within("::ffff:11.1.2.3", "10.0.0.0/8"))
    assert.is_true(within("::ffff:10.1.2.3", "::ffff:0:0/96"))
    assert.is_false(core.address("/x"):within("10.0.0.0/8"))
    assert.is_false(core.address("inet#00"):within("0.0.0.0/0"))
    assert.is_false(core.address("vsock:1:1"):within("::/0"))
  end)

  it("agrees with arithmetic about random networks", function ()
    randomly(function ()
      return math.random(0, 2^32 - 1 | 0), math.random(0, 2^32 - 1 | 0),
             math.random(0, 32)
    end, function (a, b, bits)
      local function text(n)
        return ("%d.%d.%d.%d"):format(n >> 24, n >> 16 & 255, n >> 8 & 255,
                                      n & 255)
      end
      local mask = 0xffffffff << (32 - bits) & 0xffffffff
      if a & 1 == 0 then b = a & mask | b & ~mask end
      assert.equal(a & mask == b & mask,
                   within(text(a), text(b & mask) .. "/" .. bits))
    end)
  end)

  it("raises for malformed prefixes", function ()
    local a = core.address("10.1.2.3", 80)
    for _, prefix in ipairs { "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33",
                              "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8x",
                              "10.0.0.0/8 ", "10/8", "10.0.0/8", "/8",
                              "10.0.0.0//8", "10.0.0.0/8/8", "::/129", "[::]/0",
                              "fe80::%lo/10", "10.0.0.0/255.0.0.0", "host/8",
                              "10.0.0.0\0/8", "10.0.0.0/4294967304",
                              "10.0.0.0:80/8" } do
      raises("prefix", a.within, a, prefix)
    end
    raises("beyond the prefix", a.within, a, "10.0.0.1/8")
    raises("beyond the prefix", a.within, a, "fe80::1/10")
    raises("prefix", a.within, a)
    for _, value in ipairs { 10, true, {}, a } do
      raises("prefix", a.within, a, value)
    end
  end)
end)


describe("addresses and the kernel", function ()
  for _, name in ipairs { "TCP4", "TCP6", "UDP4", "UDP6", "UNIX stream",
                          "UNIX seqpacket", "UNIX datagram" } do
    local transport = support.transports[name]

    it("getsockname gives the value that was bound: " .. name, function ()
      local s <close> = transport:socket()
      local a = transport:address()
      assert(s:bind(a))
      local b = assert(s:getsockname())
      if a.port then
        assert.not_equal(0, b.port)
        a = a:withport(b.port)
      end
      assert(rawequal(a, b))
    end)
  end

  it("recvfrom gives the value that the sender has", function ()
    for _, name in ipairs { "UDP4", "UDP6", "UNIX datagram" } do
      local a <close> = support.transports[name]:bound()
      local b <close> = support.transports[name]:bound()
      assert(a:sendto("x", assert(b:getsockname())))
      local _, from = b:recvfrom()
      assert(rawequal(assert(a:getsockname()), from))
    end
  end)

  it("a UNIX path of 108 bytes can be bound, connected to and read back",
     function ()
    local path = support.tmpname() .. "/"
    support.sh("mkdir '" .. path .. "'")
    path = path .. ("x"):rep(108 - #path)
    local a = assert(core.address(path))
    local listener <close> = core.socket("unix", "stream")
    assert(listener:bind(a))
    assert(listener:listen())
    assert(rawequal(a, assert(listener:getsockname())))
    assert(io.open(path:sub(1, 107)) == nil) -- not cut
    local client <close> = core.socket("unix", "stream")
    assert(client:connect(path))
    assert(rawequal(a, assert(client:getpeername())))
    local server <close> = assert(listener:accept())
    assert(rawequal(a, assert(server:getsockname())))
    assert(os.remove(path))
  end)

  it("a relative UNIX path stays as it is", function ()
    local s <close> = core.socket("unix", "stream")
    local path = "./sockeye-" .. support.native.getpid()
    assert(s:bind(path))
    assert.equal(path, s:getsockname().path)
    assert(os.remove(path))
  end)

  it("abstract names of any bytes keep their exact length", function ()
    local name = support.abstract() .. "\0\255\n\0"
    local a <close> = core.socket("unix", "dgram")
    local b <close> = core.socket("unix", "dgram")
    assert(a:bind(name))
    assert(rawequal(core.address(name), assert(a:getsockname())))
    assert(b:bind(name .. "\0")) -- another name
    local longest = support.abstract()
    longest = longest .. ("\0"):rep(108 - #longest)
    local c <close> = core.socket("unix", "dgram")
    assert(c:bind(longest))
    assert(rawequal(core.address(longest), assert(c:getsockname())))
    fails("ENAMETOOLONG", core.address, longest .. "\0")
  end)

  it("the unnamed address lets the kernel choose an abstract name", function ()
    local s <close> = core.socket("unix", "dgram")
    assert.equal("unix:", tostring(s:getsockname()))
    assert(s:bind("unix:"))
    local a = assert(s:getsockname())
    assert.is_true(a.abstract)
    assert.matches("^@%x%x%x%x%x$", tostring(a))
  end)

  it("L33: there is no address where the kernel gives none", function ()
    local a <close>, b = core.socketpair("unix", "dgram")
    local _ <close> = b
    assert(a:send("x"))
    local data, from = b:recvfrom()
    assert.equal("x", data)
    assert.is_nil(from)
  end)

  it("netlink", function ()
    local s <close> = assert(core.socket("netlink", "raw", core.NETLINK_ROUTE))
    local a = assert(core.address { family = "netlink", groups = 1 })
    assert(s:bind(a))
    local b = assert(s:getsockname())
    assert.equal("netlink", b.family)
    assert.equal(1, b.groups)
    assert.not_equal(0, b.pid)
    assert(rawequal(b, core.address(tostring(b))))
  end)

  it("L34: packet", function ()
    support.netns(function ()
      local s <close> = assert(core.socket("packet", "dgram", 0))
      local a = assert(core.address { family = "packet", interface = "lo",
                                      protocol = core.ETH_P_ALL })
      assert(s:bind(a))
      local b = assert(s:getsockname())
      assert.equal("lo", b.interface)
      assert.equal(core.ETH_P_ALL, b.protocol)
      assert.equal(772, b.hatype)
      assert.equal(("\0"):rep(6), b.hardware)
      assert(rawequal(b, core.address(tostring(b))))
      local udp <close> = core.socket("inet", "dgram")
      assert(udp:bind("127.0.0.1", 0))
      assert(udp:sendto("x", udp:getsockname()))
      local data, from
      repeat
        data, from = s:recvfrom()
        assert(data, from)
      until from.protocol == core.ETH_P_IP
      assert.equal("packet", from.family)
      assert.equal("lo", from.interface)
      assert.equal(772, from.hatype)
      assert.equal(core.PACKET_OUTGOING, from.pkttype)
      assert.equal(6, #from.hardware)
      assert(rawequal(from, core.address(tostring(from))))
    end)
  end)

  it("vsock", function ()
    local made, _, code = core.socket("vsock", "stream")
    if not made then support.skip("no vsock here: " .. code) end
    local s <close> = made
    local a = core.address { family = "vsock", cid = core.VMADDR_CID_ANY,
                             port = core.VMADDR_PORT_ANY }
    assert(s:bind(a))
    local b = assert(s:getsockname())
    assert.equal(core.VMADDR_CID_ANY, b.cid)
    assert.not_equal(core.VMADDR_PORT_ANY, b.port)
    assert(rawequal(b, core.address(tostring(b))))
  end)
end)


describe("where an address is expected", function ()
  it("host and port, a string, or an address may stand", function ()
    local listener <close> = core.socket("inet", "stream")
    assert(listener:bind("127.0.0.1", 0))
    assert(listener:listen())
    local a = assert(listener:getsockname())
    for _, arguments in ipairs { { a }, { tostring(a) }, { a.host, a.port } } do
      local s <close> = core.socket("inet", "stream")
      assert(s:connect(table.unpack(arguments)))
    end
  end)

  it("arguments after host and port are found", function ()
    local a <close> = core.socket("inet", "dgram")
    assert(a:bind("127.0.0.1", 0))
    local to = a:getsockname()
    assert.equal(1, a:sendto("x", to.host, to.port, "dontwait"))
    assert.equal(1, a:sendto("y", to, "dontwait"))
    assert.equal(1, a:sendto("z", tostring(to), "dontwait"))
    raises("flags", a.sendto, a, "x", to.host, to.port, "nosuch")
    raises("flags", a.sendto, a, "x", tostring(to), "nosuch")
  end)

  it("anything else raises, naming the argument", function ()
    local s <close> = core.socket("inet", "stream")
    for _, method in ipairs { "bind", "connect" } do
      raises("address", s[method], s)
      for _, value in ipairs { 80, true, {}, print, s } do
        raises("address", s[method], s, value)
      end
      for _, text in ipairs { "", "127.1:80", "127.0.0.1", "127.0.0.1:99999",
                              "127.0.0.1:80 x", "nosuch#00" } do
        raises("address", s[method], s, text)
      end
      raises("core.getaddrinfo", s[method], s, "localhost", 80)
      raises("core.getaddrinfo", s[method], s, "localhost:80")
      for _, port in ipairs(support.badintegers(0, 65535)) do
        raises("port", s[method], s, "127.0.0.1", port)
      end
    end
    raises("bad argument #2 to 'bind' (port: integer expected, got string)",
           function () s:bind("127.0.0.1", "80") end)
  end)
end)
