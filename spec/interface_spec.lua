-- Network interfaces.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises

local function find(list, name)
  for _, interface in ipairs(list) do
    if interface.name == name then return interface end
  end
end

-- Adds an interface to the namespace, of a type that this kernel has.
local function add(name)
  for _, kind in ipairs { "dummy", "veth", "bridge" } do
    if os.execute(("ip link add %s type %s 2>/dev/null"):format(name, kind))
    then
      return true
    end
  end
  return false
end

-- Runs f in a network namespace with such an interface.
local function withinterface(name, f)
  if not support.has "ip" then support.skip "needs ip(8)" end
  local made = support.fork(function ()
    if not native.unshare() then return "no network namespace" end
    if not add(name) then return "no virtual interfaces" end
    f()
    return "done"
  end)
  if made ~= "done" then support.skip(made) end
end

describe("interface names and indexes", function ()
  it("agree with each other", function ()
    local list = assert(core.if_nameindex())
    assert.is_true(#list >= 1)
    for _, entry in ipairs(list) do
      assert.equal(entry.index, core.if_nametoindex(entry.name))
      assert.equal(entry.name, core.if_indextoname(entry.index))
    end
    assert.truthy(find(list, "lo"))
  end)

  it("fail as a value when there is none", function ()
    local message = fails("ENODEV", core.if_nametoindex, "nosuch0")
    assert.equal("if_nametoindex nosuch0: no such device", message)
    fails("ENODEV", core.if_nametoindex, "")
    for _, index in ipairs { 0, 2^31 - 1 | 0, 2^32 - 1 | 0 } do
      fails("ENXIO", core.if_indextoname, index)
    end
  end)

  it("T6: refuses a long name instead of cutting it", function ()
    withinterface("abcdefghijklmno", function ()
      assert(core.if_nametoindex "abcdefghijklmno")
      fails("ENODEV", core.if_nametoindex, "abcdefghijklmnop")
      fails("ENODEV", core.if_nametoindex, ("abcdefghijklmno"):rep(10000))
    end)
  end)

  it("raise on misuse, naming the argument", function ()
    raises("name", core.if_nametoindex)
    for _, value in ipairs { 1, 80.5, true, {}, "l\0o", 0 / 0 } do
      raises("name", core.if_nametoindex, value)
    end
    raises("index", core.if_indextoname)
    for _, value in ipairs(support.badintegers(0, 2^32 - 1 | 0)) do
      raises("index", core.if_indextoname, value)
    end
  end)
end)

describe("interfaces", function ()
  it("tell of the loopback", function ()
    local lo = assert(find(assert(core.interfaces()), "lo"))
    assert.equal(core.if_nametoindex "lo", lo.index)
    assert.is_true(lo.flags.loopback)
    assert.is_true(lo.flags.up)
    assert.is_nil(lo.flags.broadcast)
    assert.is_true(math.type(lo.mtu) == "integer" and lo.mtu > 0)
    local seen
    for _, a in ipairs(lo.addresses) do
      if a.address == core.address("127.0.0.1", 0) then
        seen = true
        assert.equal(8, a.prefix)
        assert.equal("255.0.0.0", a.netmask.host)
        assert.is_nil(a.broadcast)
        assert.is_nil(a.peer)
        assert.is_nil(a.label)
      end
    end
    assert.is_true(seen)
  end)

  it("are those of if_nameindex, ordered by index", function ()
    local names = {}
    for _, entry in ipairs(core.if_nameindex()) do
      names[entry.name] = entry.index
    end
    local last = 0
    for _, interface in ipairs(core.interfaces()) do
      assert.equal(names[interface.name], interface.index)
      names[interface.name] = nil
      assert.is_true(interface.index > last)
      last = interface.index
    end
    assert.is_nil(next(names))
  end)

  it("have addresses with broadcast, peer, label and hardware address",
     function ()
    withinterface("plain", function ()
      support.sh [[
        set -e
        ip link set plain address 02:00:5e:10:00:ff mtu 1400 up
        ip addr add 10.1.2.3/24 brd 10.1.2.255 dev plain
        ip addr add 10.9.0.1/16 dev plain
        ip addr add 10.2.0.1 peer 10.2.0.2 dev plain
        ip addr add 10.3.0.1/30 brd + dev plain label plain:1
        ip addr add fd00::1/64 dev plain nodad
        ip addr add fe80::1:2/64 dev plain nodad
      ]]
      local plain = assert(find(assert(core.interfaces()), "plain"))
      assert.equal("02:00:5e:10:00:ff", plain.hardware)
      assert.equal(1400, plain.mtu)
      local by = {}
      for _, a in ipairs(plain.addresses) do by[a.address.host] = a end
      assert.equal("10.1.2.255", by["10.1.2.3"].broadcast.host)
      assert.is_nil(by["10.1.2.3"].peer)
      assert.equal(24, by["10.1.2.3"].prefix)
      assert.is_nil(by["10.9.0.1"].broadcast)
      assert.is_nil(by["10.9.0.1"].peer)
      assert.equal("10.2.0.2", by["10.2.0.1"].peer.host)
      assert.is_nil(by["10.2.0.1"].broadcast)
      assert.equal("plain:1", by["10.3.0.1"].label)
      assert.equal("10.3.0.3", by["10.3.0.1"].broadcast.host)
      assert.equal(64, by["fd00::1"].prefix)
      assert.equal("ffff:ffff:ffff:ffff::", by["fd00::1"].netmask.host)
      assert.is_nil(by["fd00::1"].peer)
      assert.equal("plain", by["fe80::1:2"].address.scope)
    end)
  end)

  it("give a link-local address a scope, so that it can be bound to",
     function ()
    for _, interface in ipairs(core.interfaces()) do
      for _, a in ipairs(interface.addresses) do
        if a.address.host:find "^fe80:" and interface.flags.running then
          local s <close> = assert(core.socket("inet6", "dgram"))
          assert(s:bind(a.address))
        end
      end
    end
  end)

  it("fail as a value when descriptors run out", function ()
    support.fork(function ()
      native.rlimit(3)
      fails("EMFILE", core.interfaces)
      fails("EMFILE", core.if_nameindex)
    end)
  end)
end)
