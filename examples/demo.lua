-- What sockeye does, on real sockets of this machine: TCP, UDP, UNIX.
--
--   lua5.4 examples/demo.lua        or: make demo
--
-- One process plays all the parts, each socket with a timeout, so that nothing
-- here can hang.  The system answers a connect as soon as the other side
-- listens, so a client may be ahead of its server's accept.
local core = require "sockeye.core"

local TIMEOUT = 5 -- seconds for any one call

local function title(text)
  print(("\n%s\n%s"):format(text, ("-"):rep(#text)))
end

local function tell(who, ...)
  print(("  %-8s"):format(who) .. table.concat({ ... }, " "))
end

local function quote(text)
  return '"' .. text .. '"'
end

-- The first result, or the end of the program with the reason.  (assert would
-- do; this also names the code by which a program tells failures apart.)
local function check(value, message, code)
  if value ~= nil then return value, message end
  error(("%s (%s)"):format(message or "the stream ended", code or "end"), 0)
end

local function socket(family, kind)
  return check(core.socket(family, kind)):settimeout(TIMEOUT)
end

local function tcp()
  title "TCP: a server, and a client that half-closes"

  local server <close> = socket("inet", "stream")
  check(server:bind("127.0.0.1", 0)) -- 0: the system chooses a port
  check(server:listen())
  local address = check(server:getsockname())
  tell("server", "listens:   ", tostring(server))

  local client <close> = socket("inet", "stream")
  check(client:connect(address))
  tell("client", "connects:  ", tostring(client))

  local connection, from = check(server:accept())
  local conn <close> = connection:settimeout(TIMEOUT)
  tell("server", "accepts:    a connection from", tostring(from))

  check(client:sendall "hello over TCP\n")
  check(client:shutdown "w") -- nothing more to say; still listening
  tell("client", "sends:     ", quote "hello over TCP\\n", "and its end")

  local parts = {}
  while true do
    local data, message, code = conn:recv()
    if code then check(data, message, code) end
    if not data then break end -- nil alone is the end of the stream
    parts[#parts + 1] = data
  end
  local question = table.concat(parts)
  check(conn:sendall(question:upper()))
  check(conn:close())
  tell("server", ("answers:    the %d bytes, in capitals"):format(#question))

  local answer = check(client:recv(#question, "waitall"))
  tell("client", "receives:  ", quote(answer:gsub("\n", "\\n")))
  assert(answer == "HELLO OVER TCP\n" and client:recv() == nil)
end

local function udp()
  title "UDP: datagrams, each with its sender"

  local server <close> = socket("inet", "dgram")
  check(server:bind("127.0.0.1", 0))
  local address = check(server:getsockname())
  tell("server", "is bound:  ", tostring(server))

  local client <close> = socket("inet", "dgram")
  check(client:sendto("ping", address))
  check(client:sendto("", address)) -- an empty datagram is one, too
  tell("client", "sends:     ", quote "ping", "and an empty datagram")

  for _ = 1, 2 do
    local data, from = check(server:recvfrom())
    tell("server", ("receives:   %d bytes from"):format(#data), tostring(from))
    check(server:sendto(data == "ping" and "pong" or "", from))
  end

  local first, from = check(client:recvfrom())
  tell("client", "receives:  ", quote(first), "from", tostring(from))
  assert(first == "pong" and from == address) -- equal addresses are one value
  assert(client:recv() == "")
end

local function unix()
  title "UNIX: a socket in the file system, and an open file through it"

  local path = os.tmpname() -- makes a file, where the socket is to be
  os.remove(path)
  local _ <close> = setmetatable({}, {
    __close = function () os.remove(path) end,
  })

  local server <close> = socket("unix", "stream")
  check(server:bind(core.address(path)))
  check(server:listen())
  tell("server", "listens:   ", tostring(server))

  local client <close> = socket("unix", "stream")
  check(client:connect(core.address(path)))
  local conn <close> = check(server:accept()):settimeout(TIMEOUT)
  local who = check(conn:getoption "so_peercred")
  tell("server", ("accepts:    process %d of user %d, says the system")
    :format(who.pid, who.uid))

  local file <close> = assert(io.tmpfile())
  file:write "written by the client"
  file:seek "set" -- also flushes
  check(client:sendmsg { data = "read this", fds = { file } })
  tell("client", "sends:     ", quote "read this", "and an open file")

  local message = check(conn:recvmsg())
  local received <close> = message.fds[1]
  local text = check(received:recv())
  tell("server", "receives:  ", quote(message.data), "and reads from the file:",
    quote(text))
  assert(text == "written by the client")
end

local function failures()
  title "Failures are values: nil, a message, a code"

  local closed = socket("inet", "stream")
  check(closed:bind("127.0.0.1", 0)) -- nobody listens there
  local client <close> = socket("inet", "stream")
  local _, message, code = client:connect(check(closed:getsockname()))
  tell("connect", quote(message), code)
  assert(code == "ECONNREFUSED")

  closed:close()
  _, message, code = closed:send "x"
  tell("send", quote(message), code)
  assert(code == "closed")

  local waiting <close> = socket("inet", "dgram"):settimeout(0.05)
  check(waiting:bind("127.0.0.1", 0))
  _, message, code = waiting:recv()
  tell("recv", quote(message), code)
  assert(code == "timeout")

  _, message, code = core.address "127.0.0.1:99999"
  tell("address", quote(message), code)
  assert(code == "EINVAL")
end

local function main()
  print "sockeye: the Berkeley sockets, from Lua"
  tcp()
  udp()
  unix()
  failures()
  print "\nEverything worked."
end

local ok, problem = xpcall(main, debug.traceback)
if not ok then
  local interrupted = problem:find("interrupted!", 1, true) -- Ctrl-C
  io.stderr:write(interrupted and "\n" or "demo.lua: " .. problem .. "\n")
  os.exit(interrupted and 130 or 1, true)
end
