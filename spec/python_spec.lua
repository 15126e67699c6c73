-- Against Python's socket module on the other side, over every transport.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails = support.fails

local bytes = {}
for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
bytes = table.concat(bytes)

-- What all the programs below begin with.
local prelude = [==[
FAMILY = {"inet": socket.AF_INET, "inet6": socket.AF_INET6,
          "unix": socket.AF_UNIX}
TYPE = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM,
        "seqpacket": socket.SOCK_SEQPACKET}
family, type_ = FAMILY[sys.argv[1]], TYPE[sys.argv[2]]

def address(text):
  if family == socket.AF_UNIX: return text
  host, _, port = text.rpartition(":")
  return (host.strip("[]"), int(port))

def text(a):
  if family == socket.AF_UNIX: return a
  return ("[%s]:%d" if family == socket.AF_INET6 else "%s:%d") % a[:2]

def exactly(s, n):
  got = b""
  while len(got) < n:
    part = s.recv(n - len(got))
    if not part: break
    got += part
  return got

def say(*what):
  print(*what, flush=True)

s = socket.socket(family, type_)
s.settimeout(20)
]==]

local function python(t, code, ...)
  return support.python(prelude .. code, t.family, t.type, ...)
end

local function every(which, title, f)
  for _, t in ipairs(support.transports) do
    if which(t) then it(t.name .. ": " .. title, function () f(t) end) end
  end
end

local function all() return true end
local function streams(t) return t.stream end
local function connected(t) return t.connected end
local function datagrams(t) return not t.connected end

local function pattern(n)
  return (bytes:rep(n // 256 + 1)):sub(1, n)
end

describe("Python's socket module", function ()
  every(streams, "a Python server answers, both directions", function (t)
    local p <close> = python(t, [[
s.bind(address(sys.argv[3]))
s.listen()
say(text(s.getsockname()))
c, peer = s.accept()
c.settimeout(20)
data = exactly(c, 1000000)
c.sendall(data[::-1])
c.shutdown(socket.SHUT_WR)
say(len(exactly(c, 10)))
]], tostring(t.address()))
    local to = p:line()
    local s <close> = t:socket()
    s:settimeout(support.patience)
    assert.equal(s, s:connect(to))
    assert.equal(to, tostring(s:getpeername()))
    local data = pattern(1000000)
    assert.equal(s, s:sendall(data))
    local back = assert(s:recv(#data, "waitall"))
    assert.is_true(back == data:reverse())
    assert.same({ n = 1 }, table.pack(s:recv()))
    assert.equal(s, s:shutdown "w")
    assert.equal("0", p:line())
    p:succeed()
  end)

  every(streams, "a Python client is served, both directions", function (t)
    local l <close> = t:listener()
    l:settimeout(support.patience)
    local p <close> = python(t, [[
if family == socket.AF_UNIX: s.bind(sys.argv[4])
s.connect(address(sys.argv[3]))
say(text(s.getsockname()))
s.sendall(bytes(range(256)) * 4000)
s.shutdown(socket.SHUT_WR)
data = exactly(s, 2000000)
say(len(data), data == bytes(range(256)) * 4000)
]], tostring(l:getsockname()), tostring(t.address()))
    local s, from = l:accept()
    s:settimeout(support.patience)
    assert.equal(p:line(), tostring(from))
    local parts = {}
    for part in function () return (s:recv()) end do
      parts[#parts + 1] = part
    end
    local data = table.concat(parts)
    assert.is_true(data == bytes:rep(4000))
    assert.equal(s, s:sendall(data))
    s:close()
    assert.equal("1024000 True", p:line())
    p:succeed()
  end)

  every(connected, "half-close is seen on both sides", function (t)
    local l <close> = t:listener()
    local p <close> = python(t, [[
s.connect(address(sys.argv[3]))
s.send(b"question")
s.shutdown(socket.SHUT_WR)
say(s.recv(100).decode())
say(repr(s.recv(100)))
]], tostring(l:getsockname()))
    local s <close> = assert(l:accept())
    assert.equal("question", s:recv())
    assert.same({ n = 1 }, table.pack(s:recv()))
    assert(s:send "answer")
    assert.equal("answer", p:line())
    s:shutdown "w"
    assert.equal("b''", p:line())
    p:succeed()
  end)

  it("seqpacket: records keep their boundaries, empty ones too", function ()
    local t = support.transports["UNIX seqpacket"]
    local l <close> = t:listener()
    local p <close> = python(t, [[
s.connect(address(sys.argv[3]))
for record in (b"one", b"", b"three" * 1000): s.send(record)
for _ in range(3): say(len(s.recv(100000)))
]], tostring(l:getsockname()))
    local s <close> = assert(l:accept())
    assert.equal("one", s:recv())
    assert.equal("", s:recv())
    assert.equal(("three"):rep(1000), s:recv())
    for _, n in ipairs { 7, 0, 50000 } do
      assert.equal(n, s:send(("x"):rep(n)))
      assert.equal(tostring(n), p:line())
    end
    p:succeed()
    assert.same({ n = 1 }, table.pack(s:recv()))
  end)

  every(datagrams, "datagrams, with the sender's address", function (t)
    local s <close> = t:bound()
    s:settimeout(support.patience)
    local p <close> = python(t, [[
s.bind(address(sys.argv[4]))
say(text(s.getsockname()))
s.sendto(b"hello", address(sys.argv[3]))
for _ in range(3):
  data, peer = s.recvfrom(100000)
  say(len(data), text(peer))
  s.sendto(data, peer)
]], tostring(s:getsockname()), tostring(t.address()))
    local theirs = core.address(p:line())
    local data, from, flags = s:recvfrom()
    assert.same({ "hello" }, { data, flags })
    assert.is_true(rawequal(theirs, from))
    for _, n in ipairs { 1, 0, 60000 } do
      assert.equal(n, s:sendto(pattern(n), from))
      assert.equal(("%d %s"):format(n, s:getsockname()), p:line())
      local back, sender = s:recvfrom(65536)
      assert.is_true(back == pattern(n))
      assert.equal(theirs, sender)
    end
    p:succeed()
  end)

  every(datagrams, "a connected datagram socket", function (t)
    local p <close> = python(t, [[
s.bind(address(sys.argv[3]))
say(text(s.getsockname()))
while True:
  data, peer = s.recvfrom(100)
  if data == b"end": break
  s.sendto(data.upper(), peer)
]], tostring(t.address()))
    local s <close> = t:bound()
    s:settimeout(support.patience)
    assert.equal(s, s:connect(p:line()))
    assert.equal(5, s:send "hello")
    assert.equal("HELLO", s:recv())
    assert.equal(s, s:sendall "end")
    p:succeed()
  end)

  every(streams, "sendfile arrives whole", function (t)
    local path = support.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(pattern(3000000)):close()
    file = assert(io.open(path, "rb"))
    local l <close> = t:listener()
    local p <close> = python(t, [[
s.connect(address(sys.argv[3]))
data = exactly(s, 10000000)
say(len(data), data == open(sys.argv[4], "rb").read())
]], tostring(l:getsockname()), path)
    local s = assert(l:accept())
    s:settimeout(support.patience)
    assert.equal(3000000, s:sendfile(file))
    s:close()
    file:close()
    assert.equal("3000000 True", p:line())
    p:succeed()
  end)

  every(streams, "a slow reader does not lose a byte", function (t)
    local l <close> = t:listener()
    local p <close> = python(t, [[
import time, hashlib
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
s.connect(address(sys.argv[3]))
h, n = hashlib.md5(), 0
while True:
  part = s.recv(3000)
  if not part: break
  if n < 30000: time.sleep(0.002)
  n += len(part); h.update(part)
say(n, h.hexdigest() == hashlib.md5(bytes(range(256)) * 2000).hexdigest())
]], tostring(l:getsockname()))
    local s = assert(l:accept())
    s:settimeout(support.patience)
    assert.equal(s, s:sendall(bytes:rep(2000)))
    s:close()
    assert.equal("512000 True", p:line())
    p:succeed()
  end)

  it("L29: urgent data, both ways", function ()
    local t = support.transports.TCP4
    local l <close> = t:listener()
    local p <close> = python(t, [[
import select
s.connect(address(sys.argv[3]))
select.select([], [], [s], 20)
say(s.recv(1, socket.MSG_OOB).decode(), s.recv(100).decode())
s.send(b"?", socket.MSG_OOB)
sys.stdin.readline()
]], tostring(l:getsockname()))
    local s <close> = assert(l:accept())
    assert(s:send "normal")
    assert.equal(1, s:send("!", "oob"))
    assert.equal("! normal", p:line())
    assert.equal("p", s:wait("p", support.patience))
    assert.equal("?", s:recv(1, "oob"))
    p:write "\n"
    p:succeed()
  end)

  it("L15: its reset is ECONNRESET here", function ()
    local t = support.transports.TCP4
    local l <close> = t:listener()
    local p <close> = python(t, [[
import struct
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.connect(address(sys.argv[3]))
sys.stdin.readline()
s.close()
]], tostring(l:getsockname()))
    local s <close> = assert(l:accept())
    p:write "\n"
    p:succeed()
    fails("ECONNRESET", s.recv, s)
    assert.same({ n = 1 }, table.pack(s:recv()))
  end)

  every(streams, "many clients at once, each in a task", function (t)
    local l <close> = t:listener()
    local n = 20
    core.loop.spawn(function ()
      for _ = 1, n do
        local s = assert(l:accept())
        core.loop.spawn(function ()
          for part in function () return (s:recv()) end do
            assert(s:sendall(part))
          end
          s:close()
        end)
      end
    end)
    local p <close> = python(t, [[
import threading
s.close()
ok = []
def client(i):
  c = socket.socket(family, type_)
  c.settimeout(20)
  c.connect(address(sys.argv[3]))
  data = bytes([i]) * 10000
  c.sendall(data)
  c.shutdown(socket.SHUT_WR)
  if exactly(c, 20000) == data: ok.append(i)
  c.close()
ts = [threading.Thread(target=client, args=(i,)) for i in range(20)]
for x in ts: x.start()
for x in ts: x.join()
say(len(ok))
]], tostring(l:getsockname()))
    while core.loop.tasks() > 0 do core.loop.turn() end
    assert.equal(tostring(n), p:line())
    p:succeed()
  end)

  every(all, "a socket that it inherits from here", function (t)
    local a, b = t:pair()
    b:setinheritable(true)
    local p <close> = support.python([[
s = socket.socket(fileno=int(sys.argv[1]))
s.setblocking(True)
s.send(s.recv(100).upper())
]], b:getfd())
    assert(a:send "shared")
    a:settimeout(support.patience)
    assert.equal("SHARED", a:recv())
    p:succeed()
    assert.is_false(native.nonblocking(b:getfd())) -- a shared flag: theirs
  end)

  it("a socket that was inherited from it", function ()
    local p <close> = support.python([==[
import subprocess
a, b = socket.socketpair()
b.set_inheritable(True)
a.settimeout(20)
argv = [w.replace("FD", str(b.fileno())) for w in sys.argv[1:]]
child = subprocess.Popen(argv, close_fds=False)
b.close()
a.sendall(b"question")
print(a.recv(100).decode(), child.wait())
]==], table.unpack(support.luaargv [[
      local core = require "sockeye.core"
      local s = assert(core.fromfd(FD))
      assert(s:kind() == "unix")
      s:send((s:recv():gsub("question", "answer")))
      s:close()
    ]]))
    assert.equal("answer 0", p:line())
    p:succeed()
  end)
end)
