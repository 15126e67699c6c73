-- The examples and the README's snippets, run as their reader would run them:
-- each in a process of its own, against a peer.
local support = require "spec.support"
local native = require "spec.support.native"
local core = support.core

local function environment()
  return "env", "LD_PRELOAD=" .. support.preload,
    "LUA_PATH=" .. package.path, "LUA_CPATH=" .. package.cpath
end

local function argv(name, ...)
  local words = { environment() }
  table.move({ support.interpreter(), "examples/" .. name .. ".lua", ... }, 1,
    2 + select("#", ...), #words + 1, words)
  return words
end

-- Starts an example; what it says on either output is read as one.
local function start(name, ...)
  return support.spawn(argv(name, ...), true)
end

-- The same on a terminal of its own.
local function terminal(name, ...)
  return support.pty(argv(name, ...))
end

-- Runs it to its end: everything it said, and its exit status.
local function run(name, ...)
  local p <close> = start(name, ...)
  p:finish()
  local output = p:readall()
  local kind, status = p:wait()
  assert.are.equal("exit", kind, output)
  return output, status
end

local function succeeds(name, ...)
  local output, status = run(name, ...)
  assert.are.equal(0, status, output)
  return output
end

-- It ends with this status and one line that has this text, and its name.
local function refuses(text, name, ...)
  local output, status = run(name, ...)
  assert.are.equal(1, status, output)
  assert.is_truthy(output:find("^" .. name .. "%.lua: "), output)
  assert.is_truthy(output:find(text, 1, true), output)
  assert.is_nil(output:find("traceback", 1, true), output)
end

-- It explains how it is used.
local function explains(name, ...)
  local output, status = run(name, ...)
  assert.are.equal(2, status, output)
  assert.is_truthy(output:find(
    "^usage: lua5%.4 examples/" .. name .. "%.lua"), output)
end

-- Ctrl-C in its terminal ends it at the first press.
local function interrupts(p, status)
  p:write "\3"
  local output = p:readall()
  local kind, got = p:wait()
  assert.are.equal("exit", kind)
  assert.are.equal(status, got, output)
  assert.is_nil(output:find("traceback", 1, true), output)
  p:stop()
  return output
end

local function tcp(address, port)
  local s = assert(core.socket("inet", "stream")):settimeout(support.patience)
  if port then address = core.address(address, port) end
  assert(s:connect(address))
  return s
end

local function listener()
  local s = assert(core.socket("inet", "stream")):settimeout(support.patience)
  assert(s:bind("127.0.0.1", 0))
  assert(s:listen())
  local address = assert(s:getsockname())
  return s, address, tostring(address.port)
end

local function udp()
  local s = assert(core.socket("inet", "dgram")):settimeout(support.patience)
  assert(s:bind("127.0.0.1", 0))
  return s, tostring(s:getsockname().port)
end

-- A port of UDP or TCP where nobody is.
local function freeport(kind)
  local s <close> = assert(core.socket("inet", kind))
  assert(s:bind("127.0.0.1", 0))
  return s:getsockname().port
end

local function file(content)
  local name = support.tmpname()
  local f <close> = assert(io.open(name, "wb"))
  assert(f:write(content))
  return name
end

local function isroot()
  return (native.ids()) == 0
end

describe("example demo", function ()
  it("shows TCP, UDP and UNIX on real sockets and succeeds", function ()
    local begin = native.now()
    local output = succeeds "demo"
    local elapsed = native.now() - begin
    for _, text in ipairs { "TCP", "UDP", "UNIX", '"HELLO OVER TCP\\n"',
                            '"pong"', "written by the client", "ECONNREFUSED",
                            "Everything worked." } do
      assert.is_truthy(output:find(text, 1, true), output)
    end
    assert.is_true(elapsed < 2, "it took " .. elapsed .. " seconds")
  end)
end)

describe("example tcp_echo_server", function ()
  local function server(...)
    local p = start("tcp_echo_server", "127.0.0.1:0", ...)
    return p, core.address(p:expect "listening on ([%d.:]+)\n")
  end

  it("echoes to many clients at once", function ()
    local p <close>, address = server()
    local clients = {}
    for i = 1, 20 do clients[i] = tcp(address) end
    for i, s in ipairs(clients) do assert(s:sendall("client " .. i)) end
    for i = #clients, 1, -1 do
      local text = "client " .. i
      assert.are.equal(text, clients[i]:recv(#text, "waitall"))
      clients[i]:shutdown "w"
      assert.is_nil((clients[i]:recv()))
      clients[i]:close()
    end
    p:kill(native.SIGINT)
    local output = p:readall()
    assert.is_truthy(output:find "stopped\n$", output)
    assert.are.same({ "exit", 0 }, { p:wait() })
  end)

  it("echoes to a client of Python", function ()
    local p <close>, address = server()
    local python <close> = support.python([[
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
data = bytes(range(256)) * 1000
import threading
threading.Thread(target=lambda: (s.sendall(data), s.shutdown(1))).start()
got = b""
while True:
    more = s.recv(65536)
    if not more: break
    got += more
print("same" if got == data else len(got))
]], address.port)
    assert.are.equal("same\n", python:succeed())
    p:kill()
  end)

  it("lets neither a reset nor a slow reader hurt the others", function ()
    local p <close>, address = server()
    local slow <close>, rude = tcp(address), tcp(address)
    -- Sends without reading until nothing more fits.
    local data = ("0123456789abcdef"):rep(65536)
    local sent = {}
    slow:settimeout(0.1)
    repeat
      local n = slow:send(data)
      sent[#sent + 1] = n and data:sub(1, n)
    until not n
    assert(rude:setoption("so_linger", 0))
    assert(rude:sendall "x")
    rude:close() -- resets
    local other <close> = tcp(address)
    assert(other:sendall "still there?")
    assert.are.equal("still there?", other:recv(12, "waitall"))
    -- And the slow one gets all of it in the end.
    sent = table.concat(sent)
    slow:settimeout(support.patience)
    assert.is_true(sent == slow:recv(#sent, "waitall"))
    p:kill()
  end)

  it("T11: goes on without spinning when descriptors run out", function ()
    local words = argv("tcp_echo_server", "127.0.0.1:0")
    local p <close> = support.spawn({ "sh", "-c", 'ulimit -n 10; exec "$@"',
                                      "sh", table.unpack(words) }, true)
    local address = core.address(p:expect "listening on ([%d.:]+)\n")
    local clients = {}
    for i = 1, 20 do
      clients[i] = tcp(address)
      assert(clients[i]:sendall "x")
    end
    p:expect "too many open files"
    -- Each one that leaves makes room for another.
    for i = 1, 20 do
      assert.are.equal("x", clients[i]:recv(1))
      clients[i]:close()
    end
    p:kill(native.SIGINT)
    local _, times = p:readall():gsub("too many open files", "")
    assert.is_true(times <= 21, times .. " failures")
  end)

  it("can be started again at once on the same port", function ()
    local p <close>, address = server()
    local s <close> = tcp(address)
    assert(s:sendall "x")
    assert(s:recv())
    p:kill(native.SIGINT):wait() -- it closes first: TIME_WAIT is on its side
    assert.is_nil((s:recv()))
    local again <close> = start("tcp_echo_server", tostring(address))
    again:expect("listening on " .. tostring(address))
    again:kill()
  end)

  it("refuses bad addresses and explains itself", function ()
    explains("tcp_echo_server")
    explains("tcp_echo_server", "-h")
    explains("tcp_echo_server", "127.0.0.1:0", "more")
    refuses("the port is missing", "tcp_echo_server", "127.0.0.1")
    refuses("99999", "tcp_echo_server", "127.0.0.1:99999")
    refuses("127.1:80", "tcp_echo_server", "127.1:80")
    refuses("not an address of TCP", "tcp_echo_server", "/tmp/x")
    local s <close>, address = listener()
    refuses("address already in use", "tcp_echo_server", tostring(address))
    s:close()
  end)

  it("is ended by Ctrl-C", function ()
    local p = terminal("tcp_echo_server", "127.0.0.1:0")
    p:expect "listening on"
    assert.is_truthy(interrupts(p, 0):find "stopped")
  end)
end)

describe("example tcp_echo_client", function ()
  it("prints what an echo server, socat, sends back", function ()
    local path = support.tmpname()
    -- socat tells its port only in its log.
    local server <close> = support.spawn({ "socat", "-d", "-d",
      "tcp-listen:0,bind=127.0.0.1,fork", "exec:cat" }, true)
    local port = server:expect "listening on AF=2 127%.0%.0%.1:(%d+)"
    assert.are.equal("hello\ntwo words\n",
      succeeds("tcp_echo_client", "localhost", port, "hello", "two words"))
    local p <close> = start("tcp_echo_client", "localhost", port)
    local lines = { ("x"):rep(100000), "", "last" }
    p:write(table.concat(lines, "\n"))
    assert.are.equal(table.concat(lines, "\n"), p:succeed())
    os.remove(path)
    server:kill()
  end)

  it("says when the server is away, leaves, or answers wrongly", function ()
    local s, _, port = listener()
    for reply, text in pairs { [""] = "the server has left",
                               xx = "not what was sent" } do
      local p <close> = start("tcp_echo_client", "127.0.0.1", port, "x")
      local peer <close> = assert(s:accept())
      peer:settimeout(support.patience)
      assert.are.equal("x\n", peer:recv(2, "waitall"))
      if reply ~= "" then assert(peer:sendall(reply)) end
      peer:shutdown "w"
      assert.is_truthy(p:readall():find(text, 1, true))
      assert.are.same({ "exit", 1 }, { p:wait() })
    end
    s:close()
    refuses("connection refused", "tcp_echo_client", "127.0.0.1", port, "x")
    refuses("127.1", "tcp_echo_client", "127.1", port)
    refuses("99999", "tcp_echo_client", "127.0.0.1", "99999")
    explains("tcp_echo_client", "127.0.0.1")
  end)

  it("is ended by Ctrl-C while it waits for the server or a key", function ()
    local s <close>, _, port = listener()
    local p = terminal("tcp_echo_client", "127.0.0.1", port, "x")
    local peer <close> = assert(s:accept())
    assert(peer:recv(2, "waitall"))
    interrupts(p, 130)
    p = terminal("tcp_echo_client", "127.0.0.1", port)
    local second <close> = assert(s:accept())
    p:write "typed\n"
    assert.are.equal("typed\n", second:recv(6, "waitall"))
    assert(second:sendall "typed\n")
    p:expect "typed\r?\ntyped\r?\n"
    interrupts(p, 130)
  end)
end)

describe("example udp_reply", function ()
  local function server(address)
    local p = start("udp_reply", address or "127.0.0.1:0")
    return p, tonumber(p:expect "listening on [^ ]*:(%d+)\n")
  end

  it("answers requests, in capitals, whatever else comes", function ()
    local p <close>, port = server()
    local s <close> = udp()
    for _, data in ipairs { "", "abc", "\0\n\0\xffbinary\0 and\nlines" } do
      assert(s:sendto(data, "127.0.0.1", port))
    end
    assert.are.equal("\0\n\0\xffBINARY\0 AND\nLINES", (s:recv()))
    p:expect "0 bytes are no request\n"
    p:expect "3 bytes are no request\n"
    p:kill(native.SIGINT)
    assert.are.same({ "exit", 0 }, { p:wait() })
  end)

  it("answers from the address that was asked", function ()
    for _, own in ipairs { "0.0.0.0:0", "[::]:0" } do
      local p <close>, port = server(own)
      local s <close> = udp()
      assert(s:connect("127.0.0.2", port)) -- hears no other address
      assert(s:send "id: x")
      assert.are.equal("id: X", (s:recv()))
      p:kill()
    end
  end)

  it("answers udp_request and Python", function ()
    local p <close>, port = server()
    assert.are.equal("HI THERE\n",
      succeeds("udp_request", "localhost", tostring(port), "hi there"))
    assert.are.equal("\n",
      succeeds("udp_request", "localhost", tostring(port), ""))
    local python <close> = support.python([[
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(b"1234python", ("127.0.0.1", int(sys.argv[1])))
print(s.recv(100).decode())
]], port)
    assert.are.equal("1234PYTHON\n", python:succeed())
    p:kill()
  end)

  it("refuses bad addresses, explains itself, ends by Ctrl-C", function ()
    explains("udp_reply")
    refuses("the port is missing", "udp_reply", "127.0.0.1")
    refuses("not an address of UDP", "udp_reply", "@x")
    local p = terminal("udp_reply", "127.0.0.1:0")
    p:expect "listening on"
    assert.is_truthy(interrupts(p, 0):find "stopped")
  end)
end)

describe("example udp_request", function ()
  it("asks again when nothing comes, with the same number", function ()
    local s <close>, port = udp()
    local p <close> = start("udp_request", "127.0.0.1", port, "hello")
    local first = assert(s:recvfrom()) -- and loses it
    local second, from = assert(s:recvfrom())
    assert.are.equal(first, second)
    assert.are.equal("hello", second:sub(5))
    assert(s:sendto("bad", from)) -- uses up this try
    local third = assert(s:recvfrom())
    assert(s:sendto(third:sub(1, 4) .. "answer", from))
    assert.are.equal("answer\n(answered at try 3)\n", p:succeed())
  end)

  it("gives up in the end, with the reason", function ()
    local s <close>, port = udp()
    local p <close> = start("udp_request", "127.0.0.1", port, "hello")
    for _ = 1, 4 do
      assert.are.equal("hello", assert(s:recv()):sub(5))
    end
    local output = p:readall()
    assert.is_truthy(output:find "no answer after 4 tries: .*timed out", output)
    assert.are.same({ "exit", 1 }, { p:wait() })
  end)

  it("L17: tells a port where nobody is", function ()
    refuses("connection refused", "udp_request", "127.0.0.1",
      tostring(freeport "dgram"), "x")
  end)

  it("explains itself, and is ended by Ctrl-C", function ()
    explains("udp_request", "localhost", "7")
    refuses("99999", "udp_request", "localhost", "99999", "x")
    local s <close>, port = udp()
    local p = terminal("udp_request", "127.0.0.1", port, "hello")
    assert(s:recv())
    interrupts(p, 130)
  end)
end)

describe("example unix_stream", function ()
  local function server(path)
    local p = start("unix_stream", "serve", path)
    p:expect "listening on [^\n]+\n"
    return p
  end

  it("answers who asks, known by the system", function ()
    for _, path in ipairs { support.tmpname(), support.abstract() } do
      local p <close> = server(path)
      local output = succeeds("unix_stream", "ask", path, "hello", "", "again")
      local pid = output:match "^hello, says process (%d+) of user %d+\n"
      assert.is_truthy(pid, output)
      assert.is_truthy(output:find("again, says process " .. pid, 1, true))
      p:expect('process ' .. pid .. ' of user %d+: "hello"\n')
      p:kill(native.SIGINT)
      assert.are.same({ "exit", 130 }, { p:wait() })
      assert.is_nil(io.open(path))
    end
  end)

  it("cannot be stopped by clients that cut, exceed or stall", function ()
    local path = support.tmpname()
    local p <close> = server(path)
    local function client(data)
      local s = assert(core.socket("unix", "stream"))
      assert(s:settimeout(support.patience):connect(core.address(path)))
      if data then assert(s:sendall(data)) end
      return s
    end
    client "\255\255\255\255":close()
    p:expect "4294967295 bytes is too long"
    client "\0\0\0\5xy":close()
    p:expect "the stream ended"
    client "xy":close()
    p:expect "the stream ended"
    local stalls <close> = client "\0\0"
    assert.is_truthy(succeeds("unix_stream", "ask", path, "x")
      :find "^x, says process")
    p:expect "timed out"
    assert.is_nil((stalls:recv()))
    p:kill()
  end)

  it("L19: takes over a name that a killed server left behind", function ()
    local path = support.tmpname()
    local first <close> = server(path)
    refuses("address already in use", "unix_stream", "serve", path)
    first:kill(native.SIGKILL):wait()
    refuses("connection refused", "unix_stream", "ask", path, "x")
    local second <close> = server(path)
    assert.is_truthy(succeeds("unix_stream", "ask", path, "x")
      :find "^x, says process")
    second:kill()
  end)

  it("refuses bad names, explains itself, ends by Ctrl-C", function ()
    explains("unix_stream")
    explains("unix_stream", "ask", "/tmp/x")
    explains("unix_stream", "serve", "")
    explains("unix_stream", "serve", "/tmp/x", "more")
    refuses("no such file", "unix_stream", "ask", "/nowhere/x", "hello")
    refuses("name is too long", "unix_stream", "serve", "/" .. ("x"):rep(108))
    local path = support.tmpname()
    local p = terminal("unix_stream", "serve", path)
    p:expect "listening on"
    interrupts(p, 130)
    assert.is_nil(io.open(path))
    local s <close> = assert(core.socket("unix", "stream"))
    assert(s:bind(core.address(path)))
    assert(s:listen())
    p = terminal("unix_stream", "ask", path, "x")
    local peer <close> = assert(s:accept())
    assert(peer:recv())
    interrupts(p, 130)
  end)
end)

describe("example pass_descriptor", function ()
  it("lets another process read the file", function ()
    for _, content in ipairs { "", "one\ntwo", ("\0\r\n\255"):rep(100000) } do
      local output = succeeds("pass_descriptor", file(content))
      local line, rest = output:match "^([^\n]*)\n(.*)$"
      assert.is_truthy(line:find '^received "here you are" and socket', output)
      assert.is_true(rest == content)
    end
  end)

  it("refuses what it cannot read, and explains itself", function ()
    refuses("No such file", "pass_descriptor", "/nowhere/x")
    local output, status = run("pass_descriptor", "/")
    assert.are.equal(1, status)
    assert.is_truthy(output:find "is a directory", output)
    refuses("bad file descriptor", "pass_descriptor", "--receive", "987")
    explains("pass_descriptor")
    explains("pass_descriptor", "--receive")
    explains("pass_descriptor", "--receive", "x")
    explains("pass_descriptor", "a", "b")
  end)
end)

describe("example multicast_discovery", function ()
  it("finds everyone who announces, and nobody else", function ()
    local group = "239.255.77.78:" .. freeport "dgram"
    local programs = {}
    for i = 1, 3 do
      programs[i] = start("multicast_discovery", "announce", "number " .. i,
                          group)
      programs[i]:expect "listening to"
    end
    local found = {}
    for line in succeeds("multicast_discovery", "find", group)
                :gmatch "[^\n]+" do
      found[#found + 1] = line
    end
    table.sort(found)
    assert.are.same({ "number 1 at 127.0.0.1", "number 2 at 127.0.0.1",
                      "number 3 at 127.0.0.1" }, found)
    for _, p in ipairs(programs) do
      p:expect "asked by 127%.0%.0%.1:%d+\n"
      p:kill()
      p:stop()
    end
  end)

  it("says so when nobody answers, refuses, explains", function ()
    local group = "239.255.77.78:" .. freeport "dgram"
    refuses("nobody answered", "multicast_discovery", "find", group)
    refuses("not an IPv4 multicast", "multicast_discovery", "find",
      "127.0.0.1:80")
    refuses("the port is missing", "multicast_discovery", "find", "239.1.2.3")
    refuses("no interface", "multicast_discovery", "find", group, "nonesuch")
    explains("multicast_discovery")
    explains("multicast_discovery", "announce")
    explains("multicast_discovery", "find", "a", "b", "c")
    local p = terminal("multicast_discovery", "announce", "x", group)
    p:expect "listening to"
    interrupts(p, 130)
  end)
end)

describe("example ping", function ()
  it("gets answers from loopback", function ()
    if not isroot() then return support.skip "raw sockets need root" end
    local output = succeeds("ping", "localhost", "2")
    assert.is_truthy(output:find("asking localhost (127.0.0.1)", 1, true))
    for i = 1, 2 do
      assert.is_truthy(output:find("answer from 127%.0%.0%.1: sequence " .. i
        .. ", ttl %d+, %d+%.%d%d%d ms\n"), output)
    end
    assert.is_truthy(output:find("2 sent, 2 answered", 1, true), output)
  end)

  it("tells what routers tell, and when there is no answer", function ()
    support.netns(function ()
      support.sh [[ip link add v1 type veth peer name v2
        ip address add 10.8.8.1/24 dev v1
        ip link set v1 up
        ip link set v2 up
        ip neighbour add 10.8.8.2 lladdr 02:00:00:00:00:01 dev v1]]
      local output, status = run("ping", "10.8.8.2", "1")
      assert.are.equal(1, status)
      assert.is_truthy(output:find("sequence 1: no answer\n", 1, true), output)
      assert.is_truthy(output:find("1 sent, 0 answered", 1, true), output)
      support.sh "ip route add unreachable 10.9.9.0/24"
      refuses("no route to host", "ping", "10.9.9.1", "1")
    end)
  end)

  it("says that it needs root", function ()
    if not isroot() then
      return refuses("needs root", "ping", "127.0.0.1", "1")
    elseif not support.has "setpriv" then
      return support.skip "setpriv is not there"
    end
    local p <close> = support.spawn({ "setpriv", "--reuid=65534",
      "--clear-groups", table.unpack(argv("ping", "127.0.0.1", "1")) }, true)
    local output = p:readall()
    if output:find("module 'sockeye.core' not found", 1, true) then
      return support.skip "this directory is root's alone"
    end
    assert.is_truthy(output:find("needs root", 1, true), output)
    assert.are.same({ "exit", 1 }, { p:wait() })
  end)

  it("refuses bad hosts, explains itself, sums up after Ctrl-C", function ()
    explains("ping")
    for _, count in ipairs { "0", "-1", "x", "1.5" } do
      explains("ping", "localhost", count)
    end
    refuses("127.1", "ping", "127.1")
    refuses("::1", "ping", "::1")
    if not isroot() then return end
    local p = terminal("ping", "127.0.0.1")
    p:expect "sequence 1"
    local output = interrupts(p, 0)
    assert.is_truthy(output:find "(%d+) sent, %1 answered", output)
  end)
end)

describe("example interfaces", function ()
  it("lists what the system lists", function ()
    local output = succeeds "interfaces"
    for name in support.sh "ls /sys/class/net":gmatch "[^\n]+" do
      if name ~= "bonding_masters" then
        assert.is_truthy(("\n" .. output):find("\n%d+ "
          .. name:gsub("%p", "%%%0") .. "\n"), output)
      end
    end
    assert.is_truthy(output:find("127.0.0.1/8", 1, true), output)
  end)

  it("lists those asked for, with all they have", function ()
    support.netns(function ()
      support.sh [[ip link add v1 mtu 1300 type veth peer name v2
        ip link set v1 address 02:00:00:00:00:07
        ip address add 10.8.8.1/24 broadcast 10.8.8.255 dev v1
        ip address add 10.9.9.1 peer 10.9.9.2 dev v1 label v1:x
        ip address add fd01::1/64 dev v1 nodad]]
      local output = succeeds("interfaces", "v1")
      for _, text in ipairs { "mtu       1300\n",
          "hardware  02:00:00:00:00:07\n",
          "inet      10.8.8.1/24 broadcast 10.8.8.255\n",
          "inet      10.9.9.1/32 peer 10.9.9.2 label v1:x\n",
          "inet6     fd01::1/64\n" } do
        assert.is_truthy(output:find(text, 1, true), output)
      end
      assert.is_nil(output:find "lo\n")
    end)
  end)

  it("refuses unknown names, and explains itself", function ()
    refuses("no such device", "interfaces", "nonesuch")
    explains("interfaces", "-h")
  end)
end)

describe("example routes", function ()
  it("prints what `ip route` prints", function ()
    support.netns(function ()
      support.sh [[ip link add v1 type veth peer name v2
        ip address add 10.8.8.1/24 dev v1
        ip address add fd01::1/64 dev v1 nodad
        ip link set v1 up
        ip link set v2 up
        ip route add default nexthop via 10.8.8.2 dev v1 \
          nexthop via 10.8.8.3 dev v1
        ip route add 10.1.0.0/16 via 10.8.8.9 metric 50
        ip route add 10.2.0.0/16 via inet6 fd01::7 dev v1
        ip route add blackhole 10.7.7.0/24
        ip route add 10.3.0.0/16 dev v1 table 1000
        ip -6 route add default via fd01::2]]
      assert.are.same({
        "10.1.0.0/16 via 10.8.8.9 dev v1 metric 50",
        "10.2.0.0/16 via fd01::7 dev v1",
        "10.8.8.0/24 dev v1 src 10.8.8.1",
        "blackhole 10.7.7.0/24",
        "default nexthop via 10.8.8.2 dev v1 nexthop via 10.8.8.3 dev v1",
      }, (function ()
        local lines = {}
        for line in succeeds "routes":gmatch "[^\n]+" do
          lines[#lines + 1] = line
        end
        table.sort(lines)
        return lines
      end)())
      assert.are.equal("10.3.0.0/16 dev v1\n", succeeds("routes", "1000"))
      local output = succeeds("routes", "-6")
      assert.is_truthy(output:find("default via fd01::2 dev v1 metric 1024\n",
                                   1, true), output)
      assert.is_truthy(succeeds("routes", "-6", "255")
        :find("local ::1/128 dev lo", 1, true))
    end)
  end)

  it("puts an answer of many datagrams together", function ()
    support.netns(function ()
      local lines = {}
      for i = 0, 1999 do
        lines[#lines + 1] = ("route add blackhole 10.%d.%d.0/24")
          :format(i // 256, i % 256)
      end
      support.sh("ip -batch " .. file(table.concat(lines, "\n") .. "\n"))
      local _, count = succeeds "routes":gsub("blackhole 10%.[%d.]+/24\n", "")
      assert.are.equal(2000, count)
    end)
  end)

  it("explains itself", function ()
    explains("routes", "x")
    explains("routes", "-h")
    explains("routes", "4294967296")
  end)
end)

describe("example nc", function ()
  local bulk = ("0123456789abcdef"):rep(65536 * 3)

  it("carries both directions, each to its own end", function ()
    local s <close>, _, port = listener()
    local p <close> = start("nc", "127.0.0.1", port)
    local peer <close> = assert(s:accept()):settimeout(support.patience)
    p:write("question"):finish() -- the half-close ...
    assert.are.equal("question", peer:recv(8, "waitall"))
    assert.is_nil((peer:recv()))
    assert(peer:sendall "answer") -- ... leaves the other direction open
    assert.are.equal("answer", p:read(6))
    peer:close()
    assert.are.equal("", p:succeed())
  end)

  it("loses nothing of much, in both directions at once", function ()
    local s <close>, _, port = listener()
    local output = support.tmpname()
    local words = argv("nc", "127.0.0.1", port)
    local p <close> = support.spawn({ "sh", "-c",
      'input=$1 output=$2; shift 2; exec "$@" <"$input" >"$output"', "sh",
      file(bulk), output, table.unpack(words) }, true)
    local peer <close> = assert(s:accept())
    local got, sent = {}, 0
    peer:settimeout(0)
    while true do
      local what = sent < #bulk and "rw" or "r"
      assert(peer:wait(what, support.patience))
      local n = sent < #bulk and peer:send(bulk, nil, sent + 1) or 0
      sent = sent + (n or 0)
      if sent == #bulk and n > 0 then peer:shutdown "w" end
      local data, _, code = peer:recv(100000)
      if data then got[#got + 1] = data elseif not code then break end
    end
    assert.is_true(table.concat(got) == bulk)
    assert.are.same({ "exit", 0 }, { p:wait() })
    local f <close> = assert(io.open(output, "rb"))
    assert.is_true(f:read "a" == bulk)
  end)

  it("speaks to socat and nc, listening or not", function ()
    local socat <close> = support.spawn({ "socat", "-d", "-d",
      "tcp-listen:0,bind=127.0.0.1", "exec:tr a-z A-Z" }, true)
    local port = socat:expect "listening on AF=2 127%.0%.0%.1:(%d+)"
    local p <close> = start("nc", "localhost", port)
    p:write "hello\n"
    assert.are.equal("HELLO\n", p:succeed())

    local path = support.tmpname()
    local waiting <close> = start("nc", "-l", "-U", path)
    waiting:expect "listening on"
    local nc <close> = support.spawn { "nc", "-N", "-U", path }
    nc:write("from nc\n"):finish()
    waiting:expect "from nc\n"
    waiting:write("to nc\n"):finish()
    assert.are.equal("to nc\n", nc:readall())
    assert.are.same({ "exit", 0 }, { waiting:wait() })
    assert.is_nil(io.open(path))
  end)

  it("fails when the connection breaks", function ()
    local s <close>, _, port = listener()
    local p <close> = start("nc", "127.0.0.1", port)
    local peer <close> = assert(s:accept())
    assert(peer:setoption("so_linger", 0))
    peer:close()
    assert.is_truthy(p:readall():find "connection reset by peer")
    assert.are.same({ "exit", 1 }, { p:wait() })
  end)

  it("T27: leaves the flags of the terminal alone, and ends by Ctrl-C",
     function ()
    local s <close>, _, port = listener()
    local p = terminal("nc", "127.0.0.1", port)
    local peer <close> = assert(s:accept()):settimeout(support.patience)
    p:write "typed\n"
    assert.are.equal("typed\n", peer:recv(6, "waitall"))
    assert(peer:sendall "shown\n")
    p:expect "shown\r?\n"
    for fd = 0, 1 do
      local info <close> = assert(io.open(("/proc/%d/fdinfo/%d")
        :format(p.pid, fd)))
      local flags = tonumber(info:read "a":match "flags:%s*(%d+)", 8)
      assert.are.equal(0, flags & 0x800) -- O_NONBLOCK
    end
    interrupts(p, 130)
    p = terminal("nc", "-l", "127.0.0.1", "0")
    p:expect "listening on"
    interrupts(p, 130)
  end)

  it("refuses bad places, and explains itself", function ()
    explains("nc")
    explains("nc", "localhost")
    explains("nc", "-x", "80")
    explains("nc", "-l", "80")
    refuses("connection refused", "nc", "127.0.0.1",
      tostring(freeport "stream"))
    refuses("127.1", "nc", "127.1", "80")
    refuses("99999", "nc", "localhost", "99999")
    refuses("no such file", "nc", "-U", "/nowhere/x")
  end)
end)

describe("the examples", function ()
  it("are all run by this spec", function ()
    local names = support.sh "ls examples"
    local f <close> = assert(io.open "spec/examples_spec.lua")
    local text = f:read "a"
    for name in names:gmatch "([%w_]+)%.lua" do
      assert.is_truthy(text:find('describe("example ' .. name .. '"', 1, true),
        name .. " is not run")
    end
  end)
end)

-- The blocks of code of the README: { language =, text =, line = }.
local function blocks()
  local list, block, number = {}, nil, 0
  for line in io.lines "README.md" do
    number = number + 1
    local language = line:match "^```(.*)$"
    if not language then
      if block then block.text = block.text .. line .. "\n" end
    elseif block then
      list[#list + 1], block = block, nil
    else
      block = { language = language, text = "", line = number }
    end
  end
  return list
end

local function normal(line)
  return (line:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

-- Each line of wanted stands in the output, in this order.
local function shows(wanted, output)
  local rest = output:gmatch "[^\n]*"
  for _, line in ipairs(wanted) do
    local found
    repeat found = rest() until found == nil or normal(found) == normal(line)
    assert.is_truthy(found, ("%q is not in:\n%s"):format(line, output))
  end
end

local function lua(...)
  local words = { environment() }
  table.move({ support.interpreter(), ... }, 1, 1 + select("#", ...),
    #words + 1, words)
  return support.spawn(words, true)
end

describe("the README", function ()
  for _, block in ipairs(blocks()) do
    local name = ("the %s block of line %d "):format(block.language, block.line)

    if block.language == "lua" and block.text:find "^%-%- hello%.lua" then
      it(name .. "is a server that serves", function ()
        local text, count = block.text:gsub("7777", "0")
        assert.are.equal(1, count)
        local p <close> = lua("-e", "io.stdout:setvbuf 'line'", file(text))
        local port = p:expect "listening on 127%.0%.0%.1:(%d+)\n"
        for _ = 1, 2 do
          local nc <close> = support.spawn { "nc", "127.0.0.1", port }
          nc:finish()
          assert.is_truthy(nc:readall():find "^Hello, 127%.0%.0%.1:%d+\n$")
        end
        p:kill()
      end)

    elseif block.language == "lua" then
      it(name .. "does what it says", function ()
        local wanted = {}
        for line in block.text:gmatch "%-%->([^\n]*)" do
          wanted[#wanted + 1] = line
        end
        local p <close> = lua(file(
          'local core = require "sockeye.core"\n' .. block.text))
        shows(wanted, p:succeed())
      end)

    elseif block.language == "console" then
      it(name .. "is what the prompt answers", function ()
        local typed, wanted = {}, {}
        for line in block.text:gmatch "[^\n]+" do
          local input = line:match "^> (.*)"
          if input then
            typed[#typed + 1] = input
          elseif not line:find "^%$" then
            wanted[#wanted + 1] = line:gsub("fd %d+", "fd N")
          end
        end
        local p <close> = lua("-i")
        p:write(table.concat(typed, "\n"), "\n")
        local output = ("\n" .. p:succeed()):gsub("\n[> ]+", "\n")
        shows(wanted, (output:gsub("fd %d+", "fd N")))
      end)

    elseif block.language == "sh" then
      it(name .. "names goals of the Makefile and files that exist", function ()
        local makefile = support.sh "cat Makefile"
        for goal in block.text:gmatch "make ([a-z]+)" do
          assert.is_truthy(makefile:find("\n" .. goal .. ":"), goal)
        end
      end)
    end
  end

  it("links to files that exist, and to every example", function ()
    local text = support.sh "cat README.md"
    for target in text:gmatch "%]%(%s*([^)]+)%)" do
      local f <close> = io.open(target)
      assert.is_truthy(f, target)
    end
    for example in support.sh "ls examples":gmatch "[^\n]+" do
      assert.is_truthy(text:find("examples/" .. example, 1, true), example)
    end
  end)
end)
