-- csrc/addresstext.c, addresstable.c: what core.address takes.
local support = require "spec.support"
local core = support.core
local fails, raises = support.fails, support.raises

local seed = tonumber(os.getenv "SOCKEYE_SEED") or os.time()

local function randominet6()
  local groups = {}
  for i = 1, 8 do
    groups[i] = ("%x"):format(math.random(0, 1) == 0 and 0
                              or math.random(0, 0xffff))
  end
  return table.concat(groups, ":")
end

-- The first name of the loopback interface and its number.
local function loopback()
  return "lo", assert(core.address("packet:lo")).index
end


describe("core.address with host and port", function ()
  it("takes IPv4 and IPv6 literals", function ()
    local a = assert(core.address("127.0.0.1", 80))
    assert.equal("inet", a.family)
    assert.equal("127.0.0.1", a.host)
    assert.equal(80, a.port)
    local b = assert(core.address("::1", 65535))
    assert.equal("inet6", b.family)
    assert.equal("::1", b.host)
    assert.equal(65535, b.port)
    assert.equal(b, core.address("[::1]", 65535))
  end)

  it("T4: refuses what inet_aton and getaddrinfo take for IPv4", function ()
    for _, host in ipairs { "127.1", "0x7f.1", "0x7f.0.0.1", "010.1.1.1",
                            "1.2.3", "1.2.3.4 garbage", "1.2.3.4 x", "1.2.3.4 ",
                            " 1.2.3.4", "1.2.3.4\n", "1.2.3.4\0", "2130706433",
                            "1.2.3.4.", ".1.2.3.4", "1..3.4", "1.2.3.4.5",
                            "256.1.1.1", "1.1.1.256", "1.2.3.00", "+1.2.3.4",
                            "-1.2.3.4", "1.2.3.4/8", "[1.2.3.4]", "1.2.3.4%lo",
                            "99999999999999999999.1.1.1", "", "١.2.3.4" } do
      fails("EINVAL", core.address, host, 80)
    end
    fails("EINVAL", core.address, "127.1:80")
    fails("EINVAL", core.address, "010.1.1.1:80")
  end)

  it("refuses malformed IPv6", function ()
    for _, host in ipairs { ":", ":::", "1:::2", "1::2::3", ":1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7",
                            "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8",
                            "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "12345::",
                            "::00001", "g::", "::1.2.3", "::1.2.3.4.5",
                            "::01.2.3.4", "::1.2.3.4:5", "1.2.3.4::",
                            "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:6::1.2.3.4",
                            "::1 ", " ::1", "::1\0", "[::1", "::1]", "[[::1]]",
                            "[]", "[", "::1/64", "-1::" } do
      fails("EINVAL", core.address, host, 80)
    end
  end)

  it("prints IPv6 as RFC 5952 wants it", function ()
    for host, text in pairs {
      ["0:0:0:0:0:0:0:0"] = "::",
      ["0:0:0:0:0:0:0:1"] = "::1",
      ["1:0:0:0:0:0:0:0"] = "1::",
      ["2001:DB8:0:0:1:0:0:1"] = "2001:db8::1:0:0:1",
      ["2001:db8:0:1:1:1:1:1"] = "2001:db8:0:1:1:1:1:1",
      ["2001:0:0:1:0:0:0:1"] = "2001:0:0:1::1",
      ["1:2:3:4:5:6:7::"] = "1:2:3:4:5:6:7:0",
      ["::2:3:4:5:6:7:8"] = "0:2:3:4:5:6:7:8",
      ["0001:0020:0300:4000::"] = "1:20:300:4000::",
      ["::ffff:102:304"] = "::ffff:1.2.3.4",
      ["::FFFF:1.2.3.4"] = "::ffff:1.2.3.4",
      ["::1.2.3.4"] = "::102:304",
      ["64:ff9b::1.2.3.4"] = "64:ff9b::102:304",
      ["1:2:3:4:5:6:1.2.3.4"] = "1:2:3:4:5:6:102:304",
    } do
      assert.equal(text, assert(core.address(host, 1)).host)
    end
  end)

  it("agrees with Python about 500 random IPv6 addresses", function ()
    math.randomseed(seed)
    local list = {}
    for i = 1, 500 do list[i] = randominet6() end
    local python = support.python([[
v6 = socket.AF_INET6
for a in sys.argv[1].split():
    print(socket.inet_ntop(v6, socket.inet_pton(v6, a)))
]], table.concat(list, " "))
    local output = python:succeed()
    local i = 0
    for text in output:gmatch "%S+" do
      i = i + 1
      local a = assert(core.address(list[i], 1))
      assert.equal(a, core.address(text, 1))
      -- glibc prints addresses below ::1:0:0 as IPv4-compatible ones
      if not text:find(".", 1, true) then assert.equal(text, a.host) end
    end
    assert.equal(#list, i)
  end)

  it("takes scopes by name and by number", function ()
    local name, index = loopback()
    local a = assert(core.address("fe80::1%" .. name, 80))
    assert.equal("fe80::1", a.host)
    assert.equal(name, a.scope)
    assert.equal(index, a.scopeid)
    assert.equal(a, core.address("fe80::1%" .. index, 80))
    assert.equal(a, core.address("[fe80::1%lo]", 80))
    assert.equal("[fe80::1%lo]:80", tostring(a))
    local b = assert(core.address("fe80::1%4294967295", 80))
    assert.equal(4294967295, b.scope)
    assert.equal("[fe80::1%4294967295]:80", tostring(b))
    assert.is_nil(core.address("fe80::1", 80).scope)
    assert.equal(0, core.address("fe80::1", 80).scopeid)
  end)

  it("T6: refuses interfaces that do not exist, or cannot", function ()
    for _, scope in ipairs { "nosuchif", "", ("l"):rep(16), ("lo"):rep(8),
                             "lo\0", "lo ", "4294967296", "01", "-1", "%lo",
                             "lo%lo", ("l"):rep(10000) } do
      fails("ENODEV", core.address, "fe80::1%" .. scope, 80)
      fails("ENODEV", core.address, "[fe80::1%" .. scope .. "]:80")
      fails("ENODEV", core.address, "packet:" .. scope)
      fails("ENODEV", core.address, { family = "packet", interface = scope })
      fails("ENODEV", core.address, { family = "inet6", host = "fe80::1",
                                      scope = scope })
    end
  end)

  it("T5: refuses a port of 99999 instead of wrapping it", function ()
    raises("port: 99999 is out of range (0 to 65535)", core.address,
           "127.0.0.1", 99999)
    fails("EINVAL", core.address, "127.0.0.1:99999")
    fails("EINVAL", core.address, "[::1]:99999")
    fails("EINVAL", core.address, "127.0.0.1:4294967376")
    fails("EINVAL", core.address, "127.0.0.1:18446744073709551696")
  end)

  it("T13: takes ports that are integers, and nothing that looks like it",
     function ()
    for _, port in ipairs(support.badintegers(0, 65535)) do
      raises("port", core.address, "127.0.0.1", port)
      raises("port", core.address, { family = "inet", host = "127.0.0.1",
                                     port = port })
    end
    raises("port", core.address, "127.0.0.1", 80.0)
  end)

  it("refuses names, and tells who resolves them", function ()
    assert.matches("core.getaddrinfo", fails("EINVAL", core.address,
                                             "localhost", 80))
    assert.matches("core.getaddrinfo", fails("EINVAL", core.address,
                                             "www.example.org:80"))
  end)

  it("raises for anything but text, a table or an address", function ()
    raises("address", core.address)
    for _, value in ipairs { 80, 80.5, true, print, io.stdout } do
      raises("address", core.address, value)
      raises("address", core.address, value, 80)
    end
    raises("address", core.address, nil, 80)
    raises("port", core.address, core.address("::1", 80), 80)
    raises("port", core.address, { family = "unix" }, 80)
  end)
end)


describe("core.address with one string", function ()
  it("takes ip:port", function ()
    assert.equal(core.address("1.2.3.4", 80), core.address("1.2.3.4:80"))
    assert.equal(core.address("::1", 80), core.address("[::1]:80"))
    assert.equal(core.address("fe80::1%lo", 80),
                 core.address("[fe80::1%lo]:80"))
    local a = assert(core.address("[::1]:80?flow=4294967295"))
    assert.equal(4294967295, a.flow)
    assert.equal("[::1]:80?flow=4294967295", tostring(a))
    assert.equal(0, core.address("[::1]:80").flow)
  end)

  it("refuses anything else", function ()
    for _, text in ipairs { "", " ", "1.2.3.4", "1.2.3.4:", "1.2.3.4:x",
                            "1.2.3.4:80x", "1.2.3.4:80 ", "1.2.3.4: 80",
                            "1.2.3.4:+80", "1.2.3.4:-1", "1.2.3.4:80.5",
                            "1.2.3.4:0x50", "1.2.3.4:080", "1.2.3.4:80:80",
                            ":80", "*:80", "80", "::1", "::1:80", "[::1]",
                            "[::1]80", "[::1]:", "[::1]:80x", "[::1:80",
                            "::1]:80", "[1.2.3.4]:80", "file.sock",
                            "[::1]:80?flow", "[::1]:80?flow=", "[::1]:80?f=1",
                            "[::1]:80?flow=4294967296", "[::1]:80?flow=x",
                            "1.2.3.4:80?flow=1", "tcp://1.2.3.4:80",
                            "packet:lo,", "packet:lo,protocol=", "netlink:",
                            "packet:lo,protocol=2048", "packet:lo,hatype=65536",
                            "packet:lo,protocol=0x12345", "packet:lo,x=1",
                            "packet:lo,hardware=", "packet:lo,hardware=0",
                            "packet:lo,hardware=00:", "packet:lo,hardware=0011",
                            "packet:lo,hardware=" .. ("00:"):rep(32) .. "00",
                            "packet:lo,pkttype=0,hatype=0", "netlink:1",
                            "netlink:1:2:3", "netlink:1:4294967296", "vsock:1",
                            "vsock:-1:80", "vsock:any:80", "can", "can#0",
                            "can#0g", "can#00 ", "nosuch#00", "#00", "65536#00",
                            "-1#00", "#" } do
      fails("EINVAL", core.address, text)
    end
  end)

  it("takes UNIX names", function ()
    for text, path in pairs {
      ["/run/x.sock"] = "/run/x.sock",
      ["./x"] = "./x",
      ["../x"] = "../x",
      ["unix:x"] = "x",
      ["unix:/x"] = "/x",
      ["unix:1.2.3.4:80"] = "1.2.3.4:80",
      ["unix:unix:x"] = "unix:x",
    } do
      local a = assert(core.address(text))
      assert.equal("unix", a.family)
      assert.equal(path, a.path)
      assert.is_false(a.abstract)
    end
    for _, text in ipairs { "@name", "\0name", "unix:@name", "unix:\0name" } do
      local a = assert(core.address(text))
      assert.equal("@name", a.path)
      assert.is_true(a.abstract)
      assert.equal("@name", tostring(a))
      assert.equal("\0name", a.raw:sub(3))
    end
    local unnamed = assert(core.address("unix:"))
    assert.is_nil(unnamed.path)
    assert.is_false(unnamed.abstract)
    assert.equal("unix:", tostring(unnamed))
    assert.equal(2, #unnamed.raw)
  end)

  it("T6: takes the whole 108 bytes of a UNIX name, and not one more",
     function ()
    for _, first in ipairs { "/", "@", "\0", "./" } do
      local longest = first .. ("x"):rep(108 - #first)
      local a = assert(core.address(longest))
      assert.equal(110, #a.raw)
      assert.equal(108, #a.path)
      assert.equal(a, core.address(tostring(a)))
      fails("ENAMETOOLONG", core.address, longest .. "x")
      fails("ENAMETOOLONG", core.address, { family = "unix",
                                            path = longest .. "x" })
      raises("address", function ()
        local s <close> = core.socket("unix", "stream")
        s:connect(longest .. "x")
      end)
    end
    assert(core.address("unix:" .. ("x"):rep(108)))
    fails("ENAMETOOLONG", core.address, "unix:" .. ("x"):rep(109))
    fails("ENAMETOOLONG", core.address, "/" .. ("x"):rep(2^20 | 0))
  end)

  it("refuses a path with a NUL byte, and takes an abstract name with some",
     function ()
    fails("EINVAL", core.address, "/run/x\0y")
    fails("EINVAL", core.address, "/run/x\0")
    fails("EINVAL", core.address, "unix:x\0")
    fails("EINVAL", core.address, { family = "unix", path = "x\0y" })
    fails("EINVAL", core.address, { family = "unix", raw = "x\0y" })
    local a = assert(core.address("@a\0b\0"))
    assert.equal("@a\0b\0", a.path)
    assert.equal("\0a\0b\0", a.raw:sub(3))
    assert.not_equal(a, core.address("@a\0b"))
  end)
end)


describe("core.address with a table", function ()
  it("takes the fields of each family", function ()
    local lo, index = loopback()
    assert.equal(core.address("1.2.3.4", 80),
                 core.address { family = "inet", host = "1.2.3.4", port = 80 })
    assert.equal(core.address("[fe80::1%lo]:80?flow=7"),
                 core.address { family = core.AF_INET6, host = "fe80::1",
                                port = 80, scope = lo, flow = 7 })
    assert.equal(core.address("[fe80::1%lo]:0"),
                 core.address { family = "inet6", host = "fe80::1%lo" })
    assert.equal(core.address("@x"),
                 core.address { family = "unix", path = "@x" })
    assert.equal(core.address("@x"),
                 core.address { family = "local", path = "@x",
                                abstract = true })
    assert.equal(core.address("unix:"), core.address { family = "unix" })

    local p = assert(core.address { family = "packet", interface = lo,
                                    protocol = 0x0800, hatype = 772,
                                    pkttype = 4, hardware = "\1\2\3\4\5\6" })
    assert.equal("packet", p.family)
    assert.equal(lo, p.interface)
    assert.equal(index, p.index)
    assert.equal(0x0800, p.protocol)
    assert.equal(772, p.hatype)
    assert.equal(4, p.pkttype)
    assert.equal("\1\2\3\4\5\6", p.hardware)
    assert.equal("packet:lo,protocol=0x0800,hatype=772,pkttype=4,"
                 .. "hardware=01:02:03:04:05:06", tostring(p))
    assert.equal(p, core.address { family = "packet", interface = index,
                                   protocol = 0x0800, hatype = 772,
                                   pkttype = 4, hardware = "\1\2\3\4\5\6" })

    local n = assert(core.address { family = "netlink", pid = 4294967295,
                                    groups = 5 })
    assert.equal(4294967295, n.pid)
    assert.equal(5, n.groups)
    assert.equal("netlink:4294967295:5", tostring(n))

    local v = assert(core.address { family = "vsock",
                                    cid = core.VMADDR_CID_ANY, port = 1024 })
    assert.equal(4294967295, v.cid)
    assert.equal(1024, v.port)
    assert.equal("vsock:4294967295:1024", tostring(v))
  end)

  it("tells the file '@x' from the abstract name", function ()
    local file = assert(core.address { family = "unix", path = "@x",
                                       abstract = false })
    assert.equal("@x", file.path)
    assert.is_false(file.abstract)
    assert.not_equal(file, core.address("@x"))
    assert.equal(file, core.address(tostring(file)))
    raises("path", core.address, { family = "unix", path = "x",
                                   abstract = true })
    raises("path", core.address, { family = "unix", abstract = true })
    fails("EINVAL", core.address, { family = "unix", path = "\0x",
                                    abstract = false })
  end)

  it("takes any family as a number or name with raw bytes", function ()
    local a = assert(core.address { family = 12345, raw = "\0\1\255" })
    assert.equal(12345, a.family)
    assert.equal("12345#0001ff", tostring(a))
    assert.equal(string.pack("=I2", 12345) .. "\0\1\255", a.raw)
    assert.equal("can#00", tostring(core.address { family = "can",
                                                   raw = "\0" }))
    assert.equal("unspec#", tostring(core.address { family = "unspec" }))
    local b = core.address("1.2.3.4", 80)
    assert.equal(b, core.address { family = "inet", raw = b.raw:sub(3) })
  end)

  it("refuses keys of other families, and unknown ones, by name", function ()
    for family, keys in pairs {
      inet = { "path", "scope", "flow", "raw2", "Host" },
      inet6 = { "path", "scopeid", "cid" },
      unix = { "host", "port" },
      packet = { "index", "host" },
      netlink = { "port" },
      vsock = { "host" },
    } do
      for _, key in ipairs(keys) do
        raises("'" .. key .. "'", core.address,
               { family = family, host = family == "inet" and "1.2.3.4" or nil,
                 [key] = 1 })
      end
      raises("unknown key", core.address, { family = family, "x" })
      raises("unknown key", core.address, { family = family, raw = "",
                                            port = 1 })
    end
  end)

  it("raises for values of the wrong type or range, naming the key", function ()
    raises("family", core.address, {})
    for _, family in ipairs { "nosuch", "inet\0", "", true, -1, 65536, 2.0 } do
      raises("family", core.address, { family = family, raw = "" })
    end
    raises("raw", core.address, { family = 12345 })
    raises("raw", core.address, { family = 12345, raw = 5 })
    raises("host", core.address, { family = "inet" })
    raises("host", core.address, { family = "inet", host = 5 })
    raises("path", core.address, { family = "unix", path = 5 })
    raises("abstract", core.address, { family = "unix", path = "@x",
                                       abstract = 1 })
    raises("hardware", core.address, { family = "packet", hardware = 5 })
    raises("interface", core.address, { family = "packet", interface = true })
    raises("scope", core.address, { family = "inet6", host = "::1",
                                    scope = {} })
    for key, limit in pairs { protocol = 65535, hatype = 65535, pkttype = 255,
                              interface = 2^31 - 1 | 0 } do
      for _, n in ipairs(support.badintegers(0, limit)) do
        if key ~= "interface" or type(n) ~= "string" then
          raises(key, core.address, { family = "packet", [key] = n })
        end
      end
    end
    for _, n in ipairs(support.badintegers(0, 2^32 - 1 | 0)) do
      raises("pid", core.address, { family = "netlink", pid = n })
      raises("groups", core.address, { family = "netlink", groups = n })
      raises("cid", core.address, { family = "vsock", cid = n })
      raises("port", core.address, { family = "vsock", port = n })
      raises("flow", core.address, { family = "inet6", host = "::1",
                                     flow = n })
    end
  end)

  it("fails for a host of another family, or for too many bytes", function ()
    fails("EINVAL", core.address, { family = "inet", host = "::1" })
    fails("EINVAL", core.address, { family = "inet6", host = "1.2.3.4" })
    fails("EINVAL", core.address, { family = "inet", host = "127.1" })
    fails("ENAMETOOLONG", core.address, { family = 12345,
                                          raw = ("x"):rep(127) })
    fails("ENAMETOOLONG", core.address, { family = "packet",
                                          hardware = ("x"):rep(33) })
  end)
end)
