-- sendfile, to everything that takes bytes.
local support = require "spec.support"
local native = support.native
local core = support.core
local fails, raises = support.fails, support.raises
local transports = support.transports
local UNIX = transports["UNIX stream"]

local function finish()
  while core.loop.tasks() > 0 do core.loop.turn() end
end

local function readall(s)
  local parts = {}
  for part in function () return (s:recv(1 << 20)) end do
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

local function newfile(content)
  local path = support.tmpname()
  local file = assert(io.open(path, "wb"))
  assert(file:write(content))
  file:close()
  return assert(io.open(path, "rb")), path
end

local parts = {}
for i = 1, 20000 do parts[i] = ("%08d\n"):format(i) end
local content = table.concat(parts)

local function bysort(which, title, f)
  for _, t in ipairs(transports) do
    if which(t) then it(t.name .. ": " .. title, function () f(t) end) end
  end
end

local function streams(t) return t.stream end
local function connections(t) return t.connected end

describe("sendfile", function ()
  bysort(streams, "sends the whole file, waiting as often as needed",
         function (t)
    local a, b = t:pair()
    local file <close> = newfile(content:rep(10))
    local sent, got
    core.loop.spawn(function ()
      sent = a:sendfile(file)
      a:shutdown "w"
    end)
    core.loop.spawn(function () got = readall(b) end)
    finish()
    assert.equal(#content * 10, sent)
    assert.is_true(got == content:rep(10))
  end)

  bysort(function () return true end, "sends a part", function (t)
    local a, b = t:pair()
    local file <close> = newfile "0123456789"
    assert.equal(4, a:sendfile(file, 3, 4))
    assert.equal("3456", b:recv())
    assert.equal(7, a:sendfile(file, 3))
    assert.equal("3456789", b:recv())
    assert.equal(10, a:sendfile(file))
    assert.equal("0123456789", b:recv())
  end)

  it("at the end of the file sends fewer, or none", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile "0123456789"
    assert.equal(2, a:sendfile(file, 8, 100))
    assert.equal("89", b:recv())
    assert.equal(0, a:sendfile(file, 10))
    assert.equal(0, a:sendfile(file, 1 << 40))
    assert.equal(0, a:sendfile(file, math.maxinteger))
    assert.equal(0, a:sendfile(file, 0, 0))
    assert.equal(10, a:sendfile(file, nil, math.maxinteger))
    assert.equal("0123456789", b:recv())
    assert.equal(9, a:sendfile(file, 1, math.maxinteger))
    assert.equal("123456789", b:recv())
    b:settimeout(0)
    fails("timeout", b.recv, b)
  end)

  it("neither counts nor moves the file's own position", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile "0123456789"
    assert.equal("012", file:read(3))
    assert.equal(10, a:sendfile(file))
    assert.equal("0123456789", b:recv())
    assert.equal("345", file:read(3))
    assert.equal(6, file:seek())
  end)

  it("takes a Lua file, a number, or what fromfd adopted", function ()
    local a, b = UNIX:pair()
    local file, path = newfile "content"
    local fd = native.open(path, native.O_RDONLY)
    finally(function () native.close(fd) end)
    local adopted <close> = assert(core.fromfd(file))
    for _, source in ipairs { file, fd, adopted } do
      assert.equal(7, a:sendfile(source))
      assert.equal("content", b:recv())
    end
  end)

  it("sends to a pipe, too", function ()
    local r, w = native.pipe()
    local writer = assert(core.fromfd(w))
    local reader <close> = assert(core.fromfd(r))
    local file <close> = newfile(content)
    local sent, got
    core.loop.spawn(function ()
      sent = writer:sendfile(file)
      writer:close()
    end)
    core.loop.spawn(function () got = readall(reader) end)
    finish()
    assert.equal(#content, sent)
    assert.is_true(got == content)
  end)

  it("sends to a file, too", function ()
    local file <close> = newfile(content)
    local path = support.tmpname()
    local target = assert(io.open(path, "wb"))
    local s <close> = assert(core.fromfd(target))
    assert.equal(#content, s:sendfile(file))
    target:close()
    local copy <close> = assert(io.open(path, "rb"))
    assert.is_true(copy:read "a" == content)
  end)

  it("sends from files of which the system does not know the length",
     function ()
    local a, b = UNIX:pair()
    local file <close> = assert(io.open "/proc/self/status")
    assert.is_true(a:sendfile(file) > 100)
    assert.matches("^Name:", b:recv())
  end)

  bysort(connections, "after a timeout says how much has left",
         function (t)
    local a, b = t:pair()
    a:settimeout(0.02)
    local file <close> = newfile(content:rep(100))
    local begin = native.now()
    local _, message, code, sent = a:sendfile(file)
    assert.is_true(native.now() - begin < 2)
    assert.equal("timeout", code)
    assert.equal("sendfile " .. tostring(a:getpeername()) .. ": timed out",
                 message)
    assert.is_true(sent > 0 and sent < 100 * #content)
    a:close()
    assert.is_true(readall(b) == content:rep(100):sub(1, sent))
  end)

  it("goes on from there", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile(content:rep(10))
    local got
    a:settimeout(0)
    core.loop.spawn(function () got = readall(b) end)
    core.loop.spawn(function ()
      local sent = 0
      repeat
        local n, _, code, some = a:sendfile(file, sent)
        sent = sent + (n or some)
        assert(n or code == "timeout")
        core.loop.sleep(0)
      until n
      a:close()
    end)
    finish()
    assert.is_true(got == content:rep(10))
  end)

  it("a peer that sips does not stretch its deadline", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile(content:rep(100))
    local stop
    core.loop.spawn(function ()
      while not stop do
        b:recv(4096)
        core.loop.sleep(0.005)
      end
    end)
    a:settimeout(0.1)
    local begin = native.now()
    local _, _, code, sent = a:sendfile(file)
    local time = native.now() - begin
    stop = true
    finish()
    assert.equal("timeout", code)
    assert.is_true(sent > 0 and time >= 0.1 and time < 2)
  end)

  bysort(connections, "T3: to a dead peer is EPIPE, never a signal",
         function (t)
    assert.equal("default", native.disposition(native.SIGPIPE))
    local a, b = t:pair()
    local file <close> = newfile(content)
    b:close()
    local code, sent
    support.eventually(function ()
      local _
      _, _, code, sent = a:sendfile(file)
      return code == "EPIPE"
    end, "EPIPE")
    assert.is_true(sent >= 0)
    assert.is_false(native.pending(native.SIGPIPE))
    assert.is_false(native.blocked(native.SIGPIPE))
    assert.equal("default", native.disposition(native.SIGPIPE))
  end)

  it("T3: nor when the peer dies in the middle", function ()
    local file <close> = newfile(content:rep(10))
    for i = 1, 60 do
      local a, b = UNIX:pair()
      local pid = native.fork()
      if pid == 0 then -- another process, so that they really overlap
        a:close()
        for _ = 1, i do b:recv(8192) end
        native.exit(0)
      end
      b:close()
      local _, _, code, sent = a:sendfile(file)
      assert.is_true(code == "EPIPE" or code == "ECONNRESET", code)
      assert.is_true(sent > 0)
      native.waitpid(pid)
      a:close()
    end
    assert.is_false(native.pending(native.SIGPIPE))
  end)

  it("T14: wakes with \"closed\" when the socket is closed", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile(content:rep(10))
    local got
    core.loop.spawn(function () got = table.pack(a:sendfile(file)) end)
    core.loop.spawn(function () a:close() end)
    finish()
    assert.equal("closed", got[3])
    assert.equal(got[4], #readall(b))
  end)

  it("T14: stops when the file is closed, whoever has its number then",
     function ()
    local a, b = UNIX:pair()
    local file = newfile(content:rep(10))
    local got, other
    core.loop.spawn(function () got = table.pack(a:sendfile(file)) end)
    core.loop.spawn(function ()
      file:close()
      other = newfile(("secret\n"):rep(100000)) -- takes the number
    end)
    core.loop.spawn(function ()
      core.loop.sleep(0)
      core.loop.sleep(0)
      local data = readall(b)
      assert(data == content:rep(10):sub(1, #data))
      assert(not data:find "secret")
    end)
    core.loop.spawn(function ()
      while not got do core.loop.sleep(0.001) end
      a:close()
    end)
    finish()
    other:close()
    assert.equal("closed", got[3])
    assert.matches("^sendfile file %(closed%): the file was closed$", got[2])
    assert.is_true(got[4] > 0)
  end)

  it("L09: an unconnected socket is the system's to refuse", function ()
    local file <close> = newfile "x"
    local s <close> = transports.TCP4:socket()
    local _, _, code, sent = s:sendfile(file)
    assert.same({ "EPIPE", 0 }, { code, sent })
    local u <close> = transports.UDP4:socket()
    _, _, code, sent = u:sendfile(file)
    assert.same({ "EDESTADDRREQ", 0 }, { code, sent })
  end)

  it("says what it cannot read", function ()
    local a, b = UNIX:pair()
    local path = support.tmpname()
    local write <close> = assert(io.open(path, "w"))
    local _, _, code = a:sendfile(write)
    assert.equal("EBADF", code)
    local directory <close> = assert(core.fromfd(native.open("/tmp", 0)))
    _, _, code = a:sendfile(directory)
    assert.equal("EISDIR", code)
    local r, w = native.pipe()
    local pipe <close> = assert(core.fromfd(r))
    _, _, code = a:sendfile(pipe)
    assert.equal("ESPIPE", code)
    native.close(w)
    fails("EBADF", function () return a:sendfile(2^31 - 1 | 0) end)
    b:settimeout(0)
    fails("timeout", b.recv, b)
  end)

  it("refuses what is no file, and what is no place in one", function ()
    local a, b = UNIX:pair()
    local file <close> = newfile "x"
    local closed = newfile "x"
    closed:close()
    local closedsocket = core.socket("inet", "stream"):close()
    raises("file: file or descriptor expected", a.sendfile, a)
    raises("file: file or descriptor expected", a.sendfile, a, "name")
    raises("file: ", a.sendfile, a, {})
    raises("file: ", a.sendfile, a, -1)
    raises("file: ", a.sendfile, a, 2^31 | 0)
    raises("file: ", a.sendfile, a, 1.5)
    raises("file: the file is closed", a.sendfile, a, closed)
    raises("file: the file is closed", a.sendfile, a, closedsocket)
    for _, bad in ipairs { -1, math.mininteger, 1.5, "1", {}, true, 0 / 0 } do
      raises("offset: ", a.sendfile, a, file, bad)
      raises("count: ", a.sendfile, a, file, 0, bad)
    end
    b:settimeout(0)
    fails("timeout", b.recv, b)
  end)
end)
