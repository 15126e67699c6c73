-- Server and client over a UNIX socket: the client says something, the server
-- answers who it is, which here the system itself vouches for.
--
--   lua5.4 examples/unix_stream.lua serve /tmp/who.sock
--   lua5.4 examples/unix_stream.lua ask /tmp/who.sock "hello" "and again"
--
-- A stream has no boundaries, so each message goes as its length in four bytes
-- and then the text: string.pack makes that in one word, and recv with
-- "waitall" takes it apart again.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s serve NAME
       lua5.4 %s ask NAME TEXT ...
  NAME   the path of the socket, or @ and an abstract name
  TEXT   what to say; each TEXT gets an answer
]]

local TIMEOUT = 2    -- seconds in which a message has to come or go
local LONGEST = 65536 -- bytes of a message

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function put(socket, text)
  return socket:sendall(string.pack(">s4", text))
end

-- The next message; nil alone at the end of the stream.
local function get(socket)
  local head, message, code = socket:recv(4, "waitall")
  if not head then return nil, message, code end
  local length = string.unpack(">I4", head)
  if length > LONGEST then
    return nil, ("a message of %d bytes is too long"):format(length), "limit"
  end
  local text
  text, message, code = socket:recv(length, "waitall")
  return text, message or not text and "the message is cut" or nil, code
end

local function answer(client)
  local peer = assert(client:getoption "so_peercred")
  local who = ("process %d of user %d"):format(peer.pid, peer.uid)
  while true do
    local text, message = get(client)
    local ok = text and put(client, ("%s, says %s"):format(text, who))
    print(("%s: %s"):format(who, text and ("%q"):format(text) or message
                                 or "bye"))
    if not ok then return end
  end
end

-- A server that was killed leaves its name behind, where nobody answers.
local function stale(address)
  local probe <close> = assert(core.socket("unix", "stream"))
  local ok, _, code = probe:settimeout(0):connect(address)
  return not ok and code == "ECONNREFUSED"
end

local function bind(server, address)
  local ok, message, code = server:bind(address)
  if code == "EADDRINUSE" and not address.abstract and stale(address) then
    os.remove(address.path)
    ok, message = server:bind(address)
  end
  if not ok then fail(message) end
end

local function serve(address)
  local server <close> = assert(core.socket("unix", "stream"))
  bind(server, address)
  local _ <close> = setmetatable({}, {
    __close = function ()
      if not address.abstract then os.remove(address.path) end
    end,
  })
  local ok, message = server:listen()
  if not ok then fail(message) end
  io.stdout:setvbuf "line"
  print("listening on " .. tostring(address))
  while true do
    -- One after the other: the timeout keeps each one's turn short.  For many
    -- at once, see tcp_echo_server.lua.
    local client, problem = server:accept()
    if client then
      answer(client:settimeout(TIMEOUT))
      client:close()
    else
      print(problem)
      core.poll({}, 1) -- what makes accept fail may last (EMFILE)
    end
  end
end

local function ask(address, texts)
  local socket <close> = assert(core.socket("unix", "stream"))
  local ok, message = socket:settimeout(TIMEOUT):connect(address)
  if not ok then fail(message) end
  for _, text in ipairs(texts) do
    ok, message = put(socket, text)
    if not ok then fail(message) end
    local reply
    reply, message = get(socket)
    if not reply then fail(message or "the server has left") end
    print(reply)
  end
end

local function main(command, name, ...)
  local texts = { ... }
  local known = command == "serve" and #texts == 0
                or command == "ask" and #texts > 0
  if not known or (name or "") == "" then
    io.stderr:write(USAGE:format(arg[0], arg[0]))
    os.exit(2, true)
  end
  local address, message = core.address { family = "unix", path = name }
  if not address then fail(message) end
  if command == "serve" then serve(address) else ask(address, texts) end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
