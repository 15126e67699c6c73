-- Socket options: getoption, setoption, getsockopt, setsockopt, ioctl.
local support = require "spec.support"
local core = support.core
local raises, fails = support.raises, support.fails

local transports = {}
for _, t in ipairs(support.transports) do transports[t.name] = t end

local function udp() return transports.UDP4:socket() end
local function udp6() return transports.UDP6:socket() end
local function tcp() return transports.TCP4:socket() end

-- A socket, or the test is pending: the kernel lacks it, or it takes root.
local function special(...)
  local s, message = core.socket(...)
  if not s then support.skip(message) end
  return s
end

-- A socket that the option of that name is for, or nil and why not.
local function fitting(name)
  local prefix = name:match "^[^_]+"
  if name:find "^so_vm_" then return core.socket("vsock", "stream") end
  if name:find "^so_peer" or name:find "^so_pass" then
    local a, b = transports["UNIX stream"]:pair()
    b:close()
    return a
  end
  if prefix == "so" or prefix == "tcp" then
    local a, b = transports.TCP4:pair()
    b:close()
    return a
  end
  if name == "ipv6_checksum" then return core.socket("inet6", "raw", 17) end
  if name == "ipv6_hdrincl" then return core.socket("inet6", "raw", 255) end
  if name == "ip_hdrincl" or name == "ip_nodefrag" or prefix == "icmp" then
    return core.socket("inet", "raw", 1)
  end
  if prefix == "icmp6" then return core.socket("inet6", "raw", 58) end
  if prefix == "ipv6" then return transports.UDP6:pair() end
  if prefix == "packet" then return core.socket("packet", "dgram", 0) end
  if prefix == "netlink" then return core.socket("netlink", "raw", 0) end
  return (transports.UDP4:pair())
end

local function every(kind)
  return function (value)
    for k, v in pairs(value) do
      if math.type(k) ~= "integer" or math.type(v) ~= kind then return false end
    end
    return true
  end
end

local function istable(value) return type(value) == "table" end

-- Whether a value is of a type as core.options() describes it.
local is = {
  ["boolean"] = function (v) return type(v) == "boolean" end,
  ["integer"] = function (v) return math.type(v) == "integer" end,
  ["seconds"] = function (v) return type(v) == "number" and v >= 0 end,
  ["seconds or false"] = function (v)
    return v == false or type(v) == "number" and v >= 0
  end,
  ["name"] = function (v)
    return type(v) == "string" or math.type(v) == "integer"
  end,
  ["flags"] = function (v)
    if not istable(v) then return false end
    for _, set in pairs(v) do if set ~= true then return false end end
    return true
  end,
  ["text"] = function (v) return type(v) == "string" and not v:find "\0" end,
  ["bytes"] = function (v) return type(v) == "string" end,
  ["interface"] = function (v)
    return math.type(v) == "integer"
        or type(v) == "string" and v:find "^%d+%.%d+%.%d+%.%d+$" ~= nil
  end,
  ["credentials"] = function (v)
    return istable(v) and math.type(v.pid) == "integer"
       and math.type(v.uid) == "integer" and math.type(v.gid) == "integer"
  end,
  ["list"] = function (v) return istable(v) and every "integer" (v) end,
  ["table"] = istable,
  ["socket"] = function (v) return type(v) == "userdata" end,
  ["error name or nil"] = function (v)
    return v == nil or type(v) == "string"
  end,
}

local function names()
  local list = {}
  for name in pairs(core.options()) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("core.options", function ()
  it("lists every option with its type", function ()
    local options = core.options()
    assert.equal("integer", options.so_rcvbuf)
    assert.equal("boolean", options.tcp_nodelay)
    assert.equal("table, read-only", options.tcp_info)
    assert.equal("membership, write-only", options.ip_add_membership)
    assert.is_true(#names() > 200)
  end)

  it("gives a table of its own each time", function ()
    core.options().so_rcvbuf = nil
    assert.equal("integer", core.options().so_rcvbuf)
  end)

  it("leaves out so_zerocopy, for Lua owns the memory", function ()
    assert.is_nil(core.options().so_zerocopy)
    raises("so_zerocopy", udp().getoption, udp(), "so_zerocopy")
  end)
end)

describe("getoption", function ()
  for name, description in pairs(core.options()) do
    local kind, access = description:match "^([^,]+),? ?(.*)$"
    if access ~= "write-only" then
      it("gives " .. name .. " as " .. kind .. ", or nil, message, code",
         function ()
        local s, reason = fitting(name)
        if not s then
          support.skip(reason)
          return
        end
        local value, message, code = s:getoption(name)
        if value == nil and message then
          assert.equal("string", type(message))
          assert.matches("^getoption " .. name, message)
          assert.matches("^E%u+$", code)
        else
          assert.is_nil(message)
          assert.is_truthy(is[kind], "unknown type " .. kind)
          assert.is_true(is[kind](value), tostring(value))
        end
        if type(value) == "userdata" then value:close() end
        s:close()
      end)
    else
      it("raises for " .. name .. ", which can only be set", function ()
        local s = udp()
        local message = raises("'" .. name .. "' can only be set",
                               s.getoption, s, name)
        assert.matches("name", message)
        s:close()
      end)
    end
  end

  it("never crashes on a socket of the wrong kind", function ()
    local sockets = {}
    for _, t in ipairs(support.transports) do
      sockets[#sockets + 1] = t:socket()
    end
    for _, name in ipairs(names()) do
      if not core.options()[name]:find "write%-only" then
        for _, s in ipairs(sockets) do
          local value, message, code = s:getoption(name)
          if value == nil and message then
            assert.matches("^E%u+$", code, name)
          end
          if type(value) == "userdata" then value:close() end
        end
      end
    end
    for _, s in ipairs(sockets) do s:close() end
  end)

  it("refuses unknown names, with the nearest one", function ()
    local s = udp()
    raises("unknown option 'so_reuseadr' (did you mean 'so_reuseaddr'?)",
           s.getoption, s, "so_reuseadr")
    raises("did you mean 'tcp_nodelay'?", s.getoption, s, "nodelay")
    raises("did you mean 'so_rcvbuf'?", s.getoption, s, "SO_RCVBUF")
    local message = raises("unknown option 'frobnicate'", s.getoption, s,
                           "frobnicate")
    assert.is_nil(message:find("did you mean", 1, true))
    raises("unknown option ''", s.getoption, s, "")
    raises("name", s.getoption, s, ("x"):rep(100000))
  end)

  it("refuses names that are no text", function ()
    local s = udp()
    for _, bad in ipairs { 1, 1.5, true, {}, print } do
      raises("name", s.getoption, s, bad)
    end
    raises("name", s.getoption, s)
    raises("name", s.getoption, s, "so_rcvbuf\0")
    raises("name", s.getoption, s, "so_\0rcvbuf")
  end)

  it("raises for something that is no socket", function ()
    local s = udp()
    for _, method in ipairs { "getoption", "setoption", "getsockopt",
                              "setsockopt", "ioctl" } do
      for _, bad in ipairs { 1, "s", {}, io.stdout } do
        assert.is_false(pcall(s[method], bad, "so_type", 1, 1))
      end
      assert.is_false(pcall(s[method]))
    end
  end)

  it("gives code closed after close", function ()
    local s = udp()
    s:close()
    fails("closed", s.getoption, s, "so_rcvbuf")
    fails("closed", s.setoption, s, "so_rcvbuf", 1)
    fails("closed", s.getsockopt, s, core.SOL_SOCKET, core.SO_TYPE)
    fails("closed", s.setsockopt, s, core.SOL_SOCKET, core.SO_RCVBUF, 1)
    fails("closed", s.ioctl, s, "fionread")
    raises("name", s.getoption, s, "nonsense")
  end)

  it("gives ENOTSOCK for a descriptor that is no socket", function ()
    local r, w = support.native.pipe()
    local s = assert(core.fromfd(r))
    fails("ENOTSOCK", s.getoption, s, "so_type")
    fails("ENOTSOCK", s.setoption, s, "so_rcvbuf", 1)
    fails("ENOTSOCK", s.getsockopt, s, core.SOL_SOCKET, core.SO_TYPE)
    fails("ENOTSOCK", s.setsockopt, s, core.SOL_SOCKET, core.SO_RCVBUF, 1)
    assert(support.native.write(w, "four"))
    assert.equal(4, s:ioctl "fionread")
    s:close()
    support.native.close(w)
  end)

  it("gives ENOPROTOOPT or the like for another protocol's", function ()
    local a, b = transports["UNIX stream"]:pair()
    local _, message, code = a:getoption "tcp_nodelay"
    assert.is_true(code == "ENOPROTOOPT" or code == "EOPNOTSUPP", message)
    a:close()
    b:close()
  end)

  it("names what a socket is", function ()
    for _, t in ipairs(support.transports) do
      local s = t:socket()
      assert.equal(t.family, s:getoption "so_domain")
      assert.equal(t.type, s:getoption "so_type")
      s:close()
    end
    local s, u, x = tcp(), udp6(), transports["UNIX datagram"]:socket()
    assert.equal("tcp", s:getoption "so_protocol")
    assert.equal("udp", u:getoption "so_protocol")
    assert.equal(0, x:getoption "so_protocol")
    s:close()
    u:close()
    x:close()
  end)

  it("tells whether a socket listens", function ()
    local s = transports.TCP4:bound()
    assert.is_false(s:getoption "so_acceptconn")
    assert(s:listen())
    assert.is_true(s:getoption "so_acceptconn")
    s:close()
  end)

  it("L06: so_error is nil after a connect that succeeded", function ()
    local a, b = transports.TCP4:pair()
    local results = table.pack(a:getoption "so_error")
    assert.equal(1, results.n)
    assert.is_nil(results[1])
    a:close()
    b:close()
  end)

  it("L07: so_error gives the pending error once, then nil", function ()
    local s, other = transports.UDP4:bound(), transports.UDP4:bound()
    assert(s:connect(other:getsockname()))
    other:close()
    assert(s:send "x") -- L17: refused, by ICMP
    assert.equal("ECONNREFUSED", support.eventually(function ()
      return (s:getoption "so_error")
    end))
    assert.is_nil((s:getoption "so_error"))
    s:close()
  end)

  it("L27: so_peercred of a pair is the own pid, uid and gid", function ()
    local a, b = core.socketpair("unix", "stream")
    local cred = assert(a:getoption "so_peercred")
    assert.equal(support.native.getpid(), cred.pid)
    local uid, gid = support.native.ids()
    assert.equal(uid, cred.uid)
    assert.equal(gid, cred.gid)
    a:close()
    b:close()
  end)

  it("gives so_peerpidfd as a socket that owns it, close-on-exec", function ()
    local a, b = core.socketpair("unix", "stream")
    local pidfd, message, code = a:getoption "so_peerpidfd"
    if not pidfd then
      assert.equal("ENOPROTOOPT", code)
      support.skip(message)
    end
    assert.is_true(support.native.cloexec(pidfd:getfd()))
    -- The process is alive: not readable.
    fails("timeout", pidfd.wait, pidfd, "r", 0)
    pidfd:close()
    assert.is_userdata(a:getoption "so_peerpidfd") -- left to the collector
    a:close()
    b:close()
  end)

  it("reads a process's end from so_peerpidfd", function ()
    local path = support.tmpname()
    local listener = assert(core.socket("unix", "stream"))
    assert(listener:bind(core.address(path)))
    assert(listener:listen())
    local p <close> = support.python(
      "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
      .. "sys.stdin.read()", path)
    local s = assert(listener:accept())
    local pidfd, message = s:getoption "so_peerpidfd"
    listener:close()
    if not pidfd then
      s:close()
      support.skip(message)
    end
    assert.equal(p.pid, s:getoption "so_peercred".pid)
    p:finish()
    assert.truthy(pidfd:wait("r", support.patience))
    pidfd:close()
    s:close()
  end)

  it("gives all of so_peergroups, however many", function ()
    if support.native.ids() ~= 0 then support.skip "takes root" end
    local path = support.tmpname()
    local listener = assert(core.socket("unix", "stream"))
    assert(listener:bind(core.address(path)))
    assert(listener:listen())
    local p <close> = support.python(
      "os.setgroups(range(1, 2001)); s = socket.socket(socket.AF_UNIX);"
      .. "s.connect(sys.argv[1]); sys.stdin.read()", path)
    local s = assert(listener:accept())
    local groups, message, code = s:getoption "so_peergroups"
    listener:close()
    s:close()
    if code == "ENOPROTOOPT" then support.skip(message) end
    assert.equal(2000, #assert(groups, message))
    assert.equal(1, groups[1])
    assert.equal(2000, groups[2000])
    p:finish()
  end)

  it("gives a cookie of its own to each socket", function ()
    local a, b = udp(), udp()
    local cookie, message = a:getoption "so_cookie"
    if not cookie then support.skip(message) end
    assert.equal(cookie, a:getoption "so_cookie")
    assert.not_equal(cookie, b:getoption "so_cookie")
    a:close()
    b:close()
  end)
end)

describe("setoption", function ()
  it("returns the socket, so that calls chain", function ()
    local s = tcp()
    assert.equal(s, s:setoption("so_reuseaddr", true)
                     :setoption("tcp_nodelay", true))
    s:close()
  end)

  -- Options that read back as they were set.
  local trips = {
    TCP4 = {
      so_keepalive = { true, false }, so_oobinline = { true, false },
      so_reuseaddr = { true, false }, so_reuseport = { true, false },
      so_dontroute = { true, false }, so_linger = { 0, 7, false },
      so_rcvlowat = { 100, 1 }, so_rcvtimeo = { 0.5, 3, 0 },
      so_sndtimeo = { 1.5, 0 }, so_priority = { 6, 0 },
      so_max_pacing_rate = { 1000000, 2^33 | 0, math.maxinteger },
      so_timestampns = { true, false },
      tcp_nodelay = { true, false }, tcp_cork = { true, false },
      tcp_keepidle = { 15, 7200 }, tcp_keepintvl = { 15 },
      tcp_keepcnt = { 9, 1 }, tcp_syncnt = { 3 },
      tcp_linger2 = { 10, false }, tcp_user_timeout = { 1.5, 0.001, 0 },
      tcp_notsent_lowat = { 16384, 0xffffffff }, tcp_maxseg = { 1000 },
      tcp_save_syn = { 1, 0 }, tcp_thin_linear_timeouts = { true, false },
      tcp_congestion = { "reno" }, tcp_inq = { true, false },
      tcp_fastopen_connect = { true, false },
      ip_ttl = { 1, 64, 255 }, ip_tos = { 0x10, 0 },
      ip_freebind = { true, false }, ip_minttl = { 1, 255, 0 },
      ip_bind_address_no_port = { true, false },
      ip_mtu_discover = { "do", "dont", "want", "probe" },
    },
    UDP4 = {
      so_broadcast = { true, false }, so_timestamp = { true, false },
      so_rxq_ovfl = { true, false }, so_peek_off = { 3, -1 },
      so_no_check = { true, false }, so_select_err_queue = { true, false },
      so_bindtoifindex = { 1, 0 }, so_buf_lock = { { rcvbuf = true }, {} },
      so_timestamping = { { rx_software = true, software = true }, {} },
      udp_cork = { true, false }, udp_segment = { 1000, 0, 65535 },
      udp_gro = { true, false },
      ip_multicast_ttl = { 0, 5, 255 }, ip_multicast_loop = { false, true },
      ip_multicast_if = { "127.0.0.1", "0.0.0.0" },
      ip_multicast_all = { false, true }, ip_pktinfo = { true, false },
      ip_recvttl = { true, false }, ip_recvtos = { true, false },
      ip_recverr = { true, false }, ip_recvorigdstaddr = { true, false },
      ip_options = { "\1\1\1\1", "" }, ip_unicast_if = { 1, 0 },
      ip_local_port_range = { { low = 40000, high = 40100 },
                              { low = 0, high = 0 } },
    },
    UDP6 = {
      ipv6_v6only = { true, false }, ipv6_unicast_hops = { 1, 255 },
      ipv6_multicast_hops = { 0, 5, 255 },
      ipv6_multicast_loop = { false, true }, ipv6_multicast_if = { 1, 0 },
      ipv6_multicast_all = { false, true }, ipv6_unicast_if = { 1, 0 },
      ipv6_recvpktinfo = { true, false }, ipv6_recvtclass = { true, false },
      ipv6_recvhoplimit = { true, false }, ipv6_recverr = { true, false },
      ipv6_tclass = { 0x20, 0 }, ipv6_dontfrag = { true, false },
      ipv6_mtu_discover = { "do", "want" }, ipv6_minhopcount = { 5, 0 },
      ipv6_autoflowlabel = { false, true }, ipv6_freebind = { true, false },
      ipv6_recvorigdstaddr = { true, false },
      ipv6_recvfragsize = { true, false }, ipv6_recvpathmtu = { true, false },
    },
    ["UNIX datagram"] = {
      so_passcred = { true, false }, so_passsec = { true, false },
      so_passpidfd = { true, false }, so_passrights = { false, true },
    },
  }
  -- Options that not every kernel of the last years has.
  local recent = {
    so_passpidfd = true, so_passrights = true, so_buf_lock = true,
    ip_local_port_range = true, ipv6_multicast_all = true, so_passsec = true,
    ipv6_recverr = true,
  }

  for transport, list in pairs(trips) do
    for name, values in pairs(list) do
      it("sets " .. name .. " and reads it back (" .. transport .. ")",
         function ()
        local s = transports[transport]:socket()
        for _, value in ipairs(values) do
          local ok, message, code = s:setoption(name, value)
          if not ok and (code == "EPERM" or recent[name]
             and (code == "ENOPROTOOPT" or code == "EOPNOTSUPP")) then
            s:close()
            support.skip(message)
            return
          end
          assert(ok, message)
          assert.same(value, (s:getoption(name)))
        end
        s:close()
      end)
    end
  end

  it("L28: so_rcvbuf reads back doubled, and has a floor", function ()
    local s = udp()
    assert(s:setoption("so_rcvbuf", 10000))
    assert.equal(20000, s:getoption "so_rcvbuf")
    assert(s:setoption("so_rcvbuf", 1))
    assert.equal(2304, s:getoption "so_rcvbuf")
    assert(s:setoption("so_rcvbuf", 2^31 - 1 | 0))
    assert.is_true(s:getoption "so_rcvbuf" < 2^31 - 1)
    assert(s:setoption("so_sndbuf", 10000))
    assert.equal(20000, s:getoption "so_sndbuf")
    s:close()
  end)

  it("L36: tcp_congestion is text, without its padding of NULs", function ()
    local s = tcp()
    local raw = assert(s:getsockopt(core.IPPROTO_TCP, core.TCP_CONGESTION, 16))
    local name = assert(s:getoption "tcp_congestion")
    assert.equal(16, #raw)
    assert.equal(raw:match "^[^\0]*", name)
    fails("ENOENT", s.setoption, s, "tcp_congestion", "nosuch")
    assert.equal(name, s:getoption "tcp_congestion")
    s:close()
  end)

  it("T6: refuses text that is too long instead of cutting it", function ()
    local s = tcp()
    raises("tcp_congestion", s.setoption, s, "tcp_congestion",
           "reno" .. ("x"):rep(12))
    raises("so_bindtodevice", s.setoption, s, "so_bindtodevice",
           ("x"):rep(16))
    raises("so_bindtodevice", s.setoption, s, "so_bindtodevice", "lo\0")
    raises("ip_options", s.setoption, s, "ip_options", ("\1"):rep(41))
    s:close()
  end)

  it("binds to a device by name", function ()
    local s = udp()
    assert(s:setoption("so_bindtodevice", "lo"))
    assert.equal("lo", s:getoption "so_bindtodevice")
    fails("ENODEV", s.setoption, s, "so_bindtodevice", "nosuchdevice")
    local ok, message, code = s:setoption("so_bindtodevice", "")
    if code == "EPERM" then
      s:close()
      support.skip(message) -- unbinding takes root
    end
    assert(ok, message)
    assert.equal("", s:getoption "so_bindtodevice")
    s:close()
  end)

  it("L36: so_linger is seconds or false, in 8 bytes", function ()
    local s = tcp()
    assert(s:setoption("so_linger", 5))
    local raw = assert(s:getsockopt(core.SOL_SOCKET, core.SO_LINGER, 100))
    assert.equal(8, #raw)
    local on, seconds = string.unpack("i4i4", raw)
    assert.equal(1, on)
    assert.equal(5, seconds)
    assert(s:setoption("so_linger", nil))
    assert.is_false(s:getoption "so_linger")
    raises("so_linger", s.setoption, s, "so_linger")
    raises("so_linger", s.setoption, s, "so_linger", true)
    raises("so_linger", s.setoption, s, "so_linger", -1)
    s:close()
  end)

  it("L15: so_linger 0 makes close reset the connection", function ()
    local a, b = transports.TCP4:pair()
    assert(a:setoption("so_linger", 0))
    a:close()
    b:settimeout(support.patience)
    fails("ECONNRESET", b.recv, b, 1)
    b:close()
  end)

  it("rounds times up to the kernel's unit", function ()
    local s = tcp()
    assert(s:setoption("tcp_user_timeout", 0.0001))
    assert.equal(0.001, s:getoption "tcp_user_timeout")
    assert(s:setoption("tcp_keepidle", 14.2))
    assert.equal(15, s:getoption "tcp_keepidle")
    assert(s:setoption("so_linger", 0.1))
    assert.equal(1, s:getoption "so_linger")
    s:close()
  end)

  it("refuses times that are none", function ()
    local s = tcp()
    for _, name in ipairs { "tcp_keepidle", "tcp_user_timeout", "so_rcvtimeo",
                            "so_linger", "tcp_linger2", "tcp_tx_delay" } do
      for _, bad in ipairs { -1, -0.5, 0 / 0, "1", {}, true } do
        raises(name, s.setoption, s, name, bad)
      end
      raises(name, s.setoption, s, name)
    end
    raises("tcp_keepidle", s.setoption, s, "tcp_keepidle", nil)
    raises("tcp_keepidle", s.setoption, s, "tcp_keepidle", 2^31)
    raises("tcp_user_timeout", s.setoption, s, "tcp_user_timeout", 2147484)
    raises("so_linger", s.setoption, s, "so_linger", math.huge)
    assert(s:setoption("so_rcvtimeo", math.huge))
    s:close()
  end)

  it("T13: tests the range of integers before any cast", function ()
    local s = tcp()
    local ranges = { ip_ttl = { -1, 255 }, ip_tos = { 0, 255 },
                     so_rcvbuf = { 0, 2^31 - 1 | 0 },
                     so_mark = { 0, 2^32 - 1 | 0 },
                     udp_segment = { 0, 65535 },
                     so_max_pacing_rate = { 0, math.maxinteger },
                     ipv6_unicast_hops = { -1, 255 } }
    for name, range in pairs(ranges) do
      for _, bad in ipairs(support.badintegers(range[1], range[2])) do
        if bad ~= range[2] + 1 or range[2] < math.maxinteger then
          raises(name, s.setoption, s, name, bad)
        end
      end
      raises(name, s.setoption, s, name)
      raises(name, s.setoption, s, name, nil)
    end
    s:close()
  end)

  it("takes only booleans for booleans", function ()
    local s = tcp()
    for _, bad in ipairs { 0, 1, "true", {}, 1.0 } do
      raises("tcp_nodelay", s.setoption, s, "tcp_nodelay", bad)
    end
    raises("tcp_nodelay", s.setoption, s, "tcp_nodelay", nil)
    raises("tcp_nodelay", s.setoption, s, "tcp_nodelay")
    s:close()
  end)

  it("takes names and numbers for names, and no others", function ()
    local s = udp()
    assert(s:setoption("ip_mtu_discover", 2))
    assert.equal("do", s:getoption "ip_mtu_discover")
    for _, bad in ipairs { "DO", "", "nosuch", "do\0", true, {}, 1.5,
                           2^31 | 0, -(2^31 | 0) - 1 } do
      raises("ip_mtu_discover", s.setoption, s, "ip_mtu_discover", bad)
    end
    s:close()
  end)

  it("takes flags by name, by number and in sum", function ()
    local s = udp()
    assert(s:setoption("so_timestamping", 1 << 3 | 1 << 4))
    assert.same({ rx_software = true, software = true },
                (s:getoption "so_timestamping"))
    assert(s:setoption("so_timestamping", { [1 << 3] = true,
                                            software = false }))
    assert.same({ rx_software = true }, (s:getoption "so_timestamping"))
    raises("nosuch", s.setoption, s, "so_timestamping", { nosuch = true })
    raises("so_timestamping", s.setoption, s, "so_timestamping",
           { software = 1 })
    for _, bad in ipairs { -1, 2^32 | 0, "software", true, 1.5 } do
      raises("so_timestamping", s.setoption, s, "so_timestamping", bad)
    end
    raises("so_timestamping", s.setoption, s, "so_timestamping",
           { [1.5] = true })
    s:close()
  end)

  it("raises for options that can only be read, naming them", function ()
    local s = udp()
    for name, description in pairs(core.options()) do
      if description:find "read%-only" then
        raises("'" .. name .. "' can only be read", s.setoption, s, name, 1)
      end
    end
    s:close()
  end)

  it("refuses values of a wrong type for every option", function ()
    local s = udp()
    for name, description in pairs(core.options()) do
      if not description:find "read%-only" then
        raises(name, s.setoption, s, name, print)
        raises(name, s.setoption, s, name)
        raises(name, s.setoption, s, name, 1.5e-300 * -1)
      end
    end
    s:close()
  end)

  it("refuses unknown names", function ()
    local s = udp()
    raises("did you mean 'so_linger'?", s.setoption, s, "so_lnger", 1)
    raises("name", s.setoption, s)
    raises("name", s.setoption, s, 1, 1)
    raises("name", s.setoption, s, "so_rcvbuf\0", 1)
    s:close()
  end)

  it("takes so_txtime as a table", function ()
    local s = udp()
    local ok, message, code = s:setoption("so_txtime", {
      clock = "monotonic", deadline_mode = true })
    if code == "EPERM" then
      s:close()
      support.skip(message)
    end
    assert(ok, message)
    assert.same({ clock = "monotonic", deadline_mode = true,
                  report_errors = false }, (s:getoption "so_txtime"))
    raises("clock", s.setoption, s, "so_txtime", { clock = "nosuch" })
    raises("nosuch", s.setoption, s, "so_txtime", { nosuch = 1 })
    raises("deadline_mode", s.setoption, s, "so_txtime",
           { deadline_mode = 1 })
    s:close()
  end)

  it("filters what is received", function ()
    local a, b = transports.UDP4:pair()
    b:settimeout(support.patience)
    -- The UDP header is in front of the data: accept those that say "y".
    local load, jeq, ret = 0x30, 0x15, 0x06
    assert(b:setoption("so_attach_filter", {
      { load, 0, 0, 8 }, { jeq, 0, 1, ("y"):byte() }, { ret, 0, 0, 0xffff },
      { ret, 0, 0, 0 } }))
    assert(a:send "no")
    assert(a:send "yes")
    assert.equal("yes", b:recv())
    assert(b:setoption("so_attach_filter",
                       string.pack("I2BBI4", ret, 0, 0, 0xffff)))
    assert(a:send "no")
    assert.equal("no", b:recv())
    assert(b:setoption("so_detach_filter", true))
    fails("ENOENT", b.setoption, b, "so_detach_filter", true)
    raises("so_detach_filter", b.setoption, b, "so_detach_filter", false)
    a:close()
    b:close()
  end)

  it("refuses filters that are none", function ()
    local s = udp()
    for _, bad in ipairs { { { 6, 0, 0 } }, { { 6, 0, 0, -1 } }, { 6 },
                           { { 6, 0, 0, 2^32 | 0 } }, { { 65536, 0, 0, 0 } },
                           { { 6, 256, 0, 0 } }, { { 6, 0, 0, "0" } },
                           { { 6, 0, 0, 0, 0 } }, "seven77", 1 } do
      raises("so_attach_filter", s.setoption, s, "so_attach_filter", bad)
    end
    local long = {}
    for i = 1, 4097 do long[i] = { 6, 0, 0, 0 } end
    raises("so_attach_filter", s.setoption, s, "so_attach_filter", long)
    fails("EINVAL", s.setoption, s, "so_attach_filter", {})
    s:close()
  end)

  it("takes tcp_md5sig as a table", function ()
    local s = tcp()
    for _, bad in ipairs { {}, { address = "127.0.0.1" }, { key = "k" },
                           { address = "nosuch", key = "k" },
                           { address = "127.0.0.1", key = ("k"):rep(81) },
                           { address = "127.0.0.1", key = 1 },
                           { address = "127.0.0.1", key = "k", prefix = 129 },
                           { address = "127.0.0.1", key = "k", nosuch = 1 },
                           "127.0.0.1", 1 } do
      assert.is_false(pcall(s.setoption, s, "tcp_md5sig", bad))
    end
    fails("ENODEV", s.setoption, s, "tcp_md5sig",
          { address = "127.0.0.1", key = "k", interface = "nosuch" })
    local _, _, code = s:setoption("tcp_md5sig", { address = "127.0.0.1",
                                                   key = "k", prefix = 8 })
    assert.is_true(code == nil or code == "ENOPROTOOPT" or code == "EINVAL")
    s:close()
  end)
end)

describe("tcp_info", function ()
  it("names the state", function ()
    local listener = transports.TCP4:listener()
    local s = tcp()
    assert.equal("close", s:getoption "tcp_info".state)
    assert(s:connect(listener:getsockname()))
    assert.equal("established", s:getoption "tcp_info".state)
    assert.equal("listen", listener:getoption "tcp_info".state)
    listener:close()
    s:close()
  end)

  it("counts bytes and measures times in seconds", function ()
    local a, b = transports.TCP4:pair()
    assert(a:sendall(("x"):rep(1000)))
    assert.equal(1000, #b:recv(1000))
    local info = support.eventually(function ()
      local i = a:getoption "tcp_info"
      return i.bytes_acked >= 1000 and i
    end)
    assert.equal(1000, info.bytes_sent)
    assert.equal(0, info.unacked)
    assert.equal(1000, b:getoption "tcp_info".bytes_received)
    assert.is_true(info.rtt > 0 and info.rtt < 10)
    assert.is_true(info.rto >= 0.001 and info.rto < 200)
    assert.equal("open", info.ca_state)
    assert.is_true(info.options.sack)
    assert.is_boolean(info.delivery_rate_app_limited)
    a:close()
    b:close()
  end)

  it("L36: has the fields within the length that the kernel returned",
     function ()
    local s = tcp()
    local raw = assert(s:getsockopt(core.IPPROTO_TCP, core.TCP_INFO, 1024))
    assert.is_true(#raw >= 104)
    local info = assert(s:getoption "tcp_info")
    assert.equal(#raw >= 232, info.snd_wnd ~= nil)
    assert.equal(#raw >= 248, info.total_rto_time ~= nil)
    -- Where fields are, by what lies in the middle and near the end.
    assert.equal(string.unpack("I4", raw, 81), info.snd_cwnd)
    if #raw >= 232 then
      assert.equal(string.unpack("I4", raw, 229), info.snd_wnd)
    end
    if #raw >= 240 then
      assert.equal(string.unpack("I4", raw, 233), info.rcv_wnd)
    end
    s:close()
  end)

  it("has no minimum before the first measurement", function ()
    local s = tcp()
    assert.is_nil(s:getoption "tcp_info".min_rtt)
    s:close()
  end)
end)

describe("multicast", function ()
  local group = "239.77.1.2"

  -- A datagram sent to the group arrives, or does not.
  local function arrives(receiver, group_, options)
    local port = receiver:getsockname().port
    local sender = assert(core.socket(receiver:getoption "so_domain", "dgram"))
    for name, value in pairs(options) do
      assert(sender:setoption(name, value))
    end
    assert(sender:sendto("hello", group_, port))
    receiver:settimeout(0) -- loopback delivers within the send
    local data = receiver:recv()
    sender:close()
    return data == "hello"
  end

  -- In a namespace whose routes we may change.
  local function netns(f)
    if not support.has "ip" then support.skip "no ip command" end
    support.netns(f)
  end

  local function receiver()
    local s = udp()
    assert(s:setoption("ip_multicast_all", false))
    assert(s:bind("0.0.0.0", 0))
    return s
  end

  local function reached(s)
    return arrives(s, group, { ip_multicast_if = "127.0.0.1" })
  end

  local lo = { "lo", 1, "127.0.0.1", assert(core.address("127.0.0.1", 0)) }
  for _, interface in ipairs(lo) do
    it(("joins and leaves on lo, given as %s %s"):format(type(interface),
       tostring(interface)), function ()
      local s = receiver()
      assert.is_false(reached(s))
      assert(s:setoption("ip_add_membership", { group = group,
                                                interface = interface }))
      assert.is_true(reached(s))
      fails("EADDRINUSE", s.setoption, s, "ip_add_membership",
            { group = group, interface = interface })
      assert(s:setoption("ip_drop_membership", { group = group,
                                                 interface = interface }))
      assert.is_false(reached(s))
      fails("EADDRNOTAVAIL", s.setoption, s, "ip_drop_membership",
            { group = group, interface = interface })
      s:close()
    end)

    it(("sends from lo, given as %s %s"):format(type(interface),
       tostring(interface)), function ()
      local s = receiver()
      assert(s:setoption("ip_add_membership", { group = group,
                                                interface = "lo" }))
      assert.is_true(arrives(s, group, { ip_multicast_if = interface }))
      s:close()
    end)

    it(("joins and leaves one source on lo, given as %s %s"):format(
       type(interface), tostring(interface)), function ()
      local s = receiver()
      local source = { group = group, source = "127.0.0.1",
                       interface = interface }
      local other = { group = group, source = "127.0.0.2",
                      interface = interface }
      assert(s:setoption("ip_add_source_membership", other))
      assert.is_false(reached(s))
      assert(s:setoption("ip_add_source_membership", source))
      assert.is_true(reached(s))
      assert(s:setoption("ip_drop_source_membership", source))
      assert.is_false(reached(s))
      s:close()
    end)
  end

  it("takes the group alone, as text or address", function ()
    netns(function ()
      support.sh "ip route add 224.0.0.0/4 dev lo"
      local s = receiver()
      assert(s:setoption("ip_add_membership", group))
      assert.is_true(reached(s))
      assert(s:setoption("ip_drop_membership", core.address(group, 0)))
      assert.is_false(reached(s))
      s:close()
    end)
  end)

  it("blocks and unblocks a source", function ()
    local s = receiver()
    local source = { group = group, source = "127.0.0.1", interface = "lo" }
    assert(s:setoption("ip_add_membership", { group = group,
                                              interface = "lo" }))
    assert(s:setoption("ip_block_source", source))
    assert.is_false(reached(s))
    assert(s:setoption("ip_unblock_source", source))
    assert.is_true(reached(s))
    s:close()
  end)

  it("joins independently of the protocol, IPv4", function ()
    local s = receiver()
    assert(s:setoption("mcast_join_group", { group = group,
                                             interface = "lo" }))
    assert.is_true(reached(s))
    assert(s:setoption("mcast_leave_group", { group = group,
                                              interface = 1 }))
    local source = { group = group, source = "127.0.0.1", interface = "lo" }
    assert(s:setoption("mcast_join_source_group", source))
    assert.is_true(reached(s))
    assert(s:setoption("mcast_leave_source_group", source))
    assert.is_false(reached(s))
    s:close()
  end)

  local group6 = "ff15::77:12"

  local function receiver6()
    local s = udp6()
    assert(s:setoption("ipv6_multicast_all", false))
    assert(s:bind("::", 0))
    return s
  end

  local function reached6(s)
    return arrives(s, group6, { ipv6_multicast_if = "lo" })
  end

  local pairs6 = {
    { "ipv6_join_group", "ipv6_leave_group" },
    { "ipv6_add_membership", "ipv6_drop_membership" },
    { "mcast_join_group", "mcast_leave_group" },
  }
  for _, names6 in ipairs(pairs6) do
    for _, interface in ipairs { "lo", 1 } do
      it(("joins by %s and leaves by %s, IPv6 on %s"):format(names6[1],
         names6[2], interface), function ()
        netns(function ()
          support.sh "ip -6 route add local ff00::/8 dev lo"
          local s = receiver6()
          local membership = { group = group6, interface = interface }
          assert.is_false(reached6(s))
          assert(s:setoption(names6[1], membership))
          assert.is_true(reached6(s))
          assert(s:setoption(names6[2], membership))
          assert.is_false(reached6(s))
          s:close()
        end)
      end)
    end
  end

  it("takes the interface from the scope of the group, IPv6", function ()
    local s = udp6()
    assert(s:setoption("ipv6_join_group", "ff02::77:13%lo"))
    fails("EADDRINUSE", s.setoption, s, "ipv6_join_group",
          { group = "ff02::77:13", interface = "lo" })
    assert(s:setoption("mcast_leave_group", "ff02::77:13%lo"))
    s:close()
  end)

  it("refuses what is no group, source or interface", function ()
    local s = udp()
    local name = "ip_add_membership"
    for _, bad in ipairs {
      {}, { group = "239.1" }, { group = "nosuch.example" }, { group = 1 },
      { group = "::1" }, { group = group, interface = true },
      { group = group, interface = -1 },
      { group = group, interface = 2^31 | 0 },
      { group = group, interface = 1.5 }, { group = group, interface = "" },
      { group = group, interface = ("x"):rep(16) },
      { group = group, interface = "lo\0" }, { group = group .. "\0" },
      { group = "/run/x" }, 1, true, "239.1.2.3:80", "010.1.1.1",
    } do
      raises(name, s.setoption, s, name, bad)
    end
    raises("nosuch", s.setoption, s, name, { group = group, nosuch = 1 })
    raises("source", s.setoption, s, name,
           { group = group, source = "1.2.3.4" })
    raises("source", s.setoption, s, "ip_add_source_membership",
           { group = group })
    raises("IPv6", s.setoption, s, "ipv6_join_group", group)
    raises("source", s.setoption, s, "mcast_join_source_group",
           { group = group, source = "::1" })
    s:close()
  end)

  it("gives ENODEV, naming it, for an interface there is not", function ()
    local s = udp()
    for _, name in ipairs { "ip_add_membership", "ipv6_join_group",
                            "mcast_join_group" } do
      local message = fails("ENODEV", s.setoption, s, name, {
        group = name:find "v6" and group6 or group, interface = "nosuchif" })
      assert.matches("nosuchif", message)
    end
    assert.matches("nosuchif", (fails("ENODEV", s.setoption, s,
                                      "ip_multicast_if", "nosuchif")))
    s:close()
  end)

  it("joins netlink groups and lists them", function ()
    local s = assert(core.socket("netlink", "raw", 0))
    assert.same({}, s:getoption "netlink_list_memberships")
    assert(s:setoption("netlink_add_membership", 1)) -- RTNLGRP_LINK
    assert(s:setoption("netlink_add_membership", 33))
    assert.same({ 1, 33 }, s:getoption "netlink_list_memberships")
    assert(s:setoption("netlink_drop_membership", 1))
    assert.same({ 33 }, s:getoption "netlink_list_memberships")
    raises("netlink_add_membership", s.setoption, s,
           "netlink_add_membership", 0)
    s:close()
  end)

  it("takes packet memberships", function ()
    local s = special("packet", "raw", 0)
    local promisc = { type = "promisc", interface = "lo" }
    assert(s:setoption("packet_add_membership", promisc))
    assert(s:setoption("packet_drop_membership", promisc))
    raises("nosuch", s.setoption, s, "packet_add_membership",
           { type = "nosuch", interface = "lo" })
    raises("type", s.setoption, s, "packet_add_membership",
           { interface = "lo" })
    raises("address", s.setoption, s, "packet_add_membership",
           { type = "multicast", interface = "lo", address = ("x"):rep(9) })
    s:close()
  end)
end)

describe("getsockopt", function ()
  it("gives an integer without a size", function ()
    local s = udp()
    assert.equal(core.SOCK_DGRAM,
                 s:getsockopt(core.SOL_SOCKET, core.SO_TYPE))
    s:close()
  end)

  it("gives bytes with a size", function ()
    local s = udp()
    assert.equal(string.pack("i4", core.SOCK_DGRAM),
                 s:getsockopt(core.SOL_SOCKET, core.SO_TYPE, 4))
    assert.equal("", s:getsockopt(core.SOL_SOCKET, core.SO_TYPE, 0))
    assert.equal(4, #s:getsockopt(core.SOL_SOCKET, core.SO_TYPE, 2^20 | 0))
    s:close()
  end)

  it("agrees with getoption", function ()
    local s = udp()
    assert(s:setoption("so_rcvbuf", 5000))
    assert.equal(10000, s:getsockopt(core.SOL_SOCKET, core.SO_RCVBUF))
    s:close()
  end)

  it("gives ENOPROTOOPT for what the kernel does not know", function ()
    local s = udp()
    fails("ENOPROTOOPT", s.getsockopt, s, core.SOL_SOCKET, 9999)
    s:close()
  end)

  it("gives code limit rather than a part of a longer value", function ()
    local s = assert(core.socket("netlink", "raw", 0))
    local NETLINK, LIST = 270, 9
    assert(s:setoption("netlink_add_membership", 1))
    assert.is_string(s:getsockopt(NETLINK, LIST, 1024))
    fails("limit", s.getsockopt, s, NETLINK, LIST, 0)
    s:close()
  end)

  it("refuses arguments that are no C ints", function ()
    local s = udp()
    local lo, hi = -(2^31 | 0), (2^31 | 0) - 1
    for _, bad in ipairs(support.badintegers(lo, hi)) do
      raises("level", s.getsockopt, s, bad, 1)
      raises("optname", s.getsockopt, s, 1, bad)
    end
    for _, bad in ipairs(support.badintegers(0, 2^20 | 0)) do
      raises("size", s.getsockopt, s, 1, 3, bad)
    end
    raises("level", s.getsockopt, s)
    raises("optname", s.getsockopt, s, 1)
    s:close()
  end)
end)

describe("setsockopt", function ()
  it("takes an integer or bytes, and returns the socket", function ()
    local s = udp()
    assert.equal(s, s:setsockopt(core.SOL_SOCKET, core.SO_RCVBUF, 10000))
    assert.equal(20000, s:getoption "so_rcvbuf")
    assert(s:setsockopt(core.SOL_SOCKET, core.SO_LINGER,
                        string.pack("i4i4", 1, 3)))
    assert.equal(3, s:getoption "so_linger")
    s:close()
  end)

  it("gives nil, message, code when the kernel refuses", function ()
    local s = udp()
    fails("ENOPROTOOPT", s.setsockopt, s, core.SOL_SOCKET, 9999, 1)
    fails("EINVAL", s.setsockopt, s, core.SOL_SOCKET, core.SO_RCVBUF, "")
    s:close()
  end)

  it("refuses values that are neither", function ()
    local s = udp()
    local lo, hi = -(2^31 | 0), 2^32 - 1 | 0
    for _, bad in ipairs(support.badintegers(lo, hi)) do
      if type(bad) ~= "string" then
        raises("value", s.setsockopt, s, 1, 8, bad)
      end
    end
    for _, bad in ipairs(support.badintegers(lo, (2^31 | 0) - 1)) do
      raises("level", s.setsockopt, s, bad, 1, 1)
      raises("optname", s.setsockopt, s, 1, bad, 1)
    end
    raises("value", s.setsockopt, s, 1, 8)
    raises("value", s.setsockopt, s, 1, 8, nil)
    raises("value", s.setsockopt, s, 1, 8, ("x"):rep(2^20 + 1))
    s:close()
  end)
end)

describe("ioctl", function ()
  it("counts the bytes that can be read", function ()
    for _, t in ipairs(support.transports) do
      local a, b = t:pair()
      assert.equal(0, b:ioctl "fionread")
      assert(a:send "hello")
      if t.name ~= "UNIX seqpacket" then
        assert.equal(5, support.eventually(function ()
          local n = assert(b:ioctl "fionread")
          return n > 0 and n
        end))
        assert.equal(5, b:ioctl "siocinq")
      end
      a:close()
      b:close()
    end
  end)

  it("counts the next datagram only", function ()
    local a, b = transports.UDP4:pair()
    assert(a:send "one")
    assert(a:send "eleven")
    assert.equal(3, support.eventually(function ()
      local n = assert(b:ioctl "fionread")
      return n > 0 and n
    end))
    a:close()
    b:close()
  end)

  it("counts the bytes that are not sent", function ()
    local a, b = transports.TCP4:pair()
    a:settimeout(0)
    local n = 0
    repeat
      local sent = a:send(("x"):rep(65536))
      n = n + (sent or 0)
    until not sent
    local queued = assert(a:ioctl "siocoutq")
    assert.is_true(queued > 0 and queued <= n)
    local unsent = assert(a:ioctl "siocoutqnsd")
    assert.is_true(unsent > 0 and unsent <= queued)
    a:close()
    b:close()
  end)

  it("L29: tells the mark of urgent data", function ()
    local a, b = transports.TCP4:pair()
    b:settimeout(support.patience)
    assert(a:send "ab")
    assert(a:send("!", "oob"))
    assert(b:wait("r", support.patience))
    assert.is_false(b:ioctl "siocatmark")
    local data = ""
    while #data < 2 do data = data .. assert(b:recv(2 - #data)) end
    assert.is_true(support.eventually(function ()
      return b:ioctl "siocatmark"
    end))
    a:close()
    b:close()
  end)

  it("gives nil, message, code where it has no answer", function ()
    local s = transports.TCP4:listener()
    fails("EINVAL", s.ioctl, s, "siocinq")
    local u = transports["UNIX datagram"]:socket()
    assert.is_nil((u:ioctl "siocoutqnsd"))
    s:close()
    u:close()
  end)

  it("refuses fionbio, which is sockeye's own", function ()
    local s = udp()
    raises("fionbio", s.ioctl, s, "fionbio")
    s:close()
  end)

  it("refuses unknown requests by name", function ()
    local s = udp()
    raises("unknown request 'nosuch'", s.ioctl, s, "nosuch")
    raises("FIONREAD", s.ioctl, s, "FIONREAD")
    for _, bad in ipairs { 1, true, {}, "fionread\0" } do
      raises("name", s.ioctl, s, bad)
    end
    raises("name", s.ioctl, s)
    s:close()
  end)
end)
