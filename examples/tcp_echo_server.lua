-- A TCP server for many clients at once: each gets back what it sends.
--
--   lua5.4 examples/tcp_echo_server.lua 127.0.0.1:7777
--
-- No client can hurt another one.  No call but the poll ever waits; what a
-- client does not take stays in its own buffer, and until it is taken nothing
-- more is read from that client, so that a slow reader costs one chunk of
-- memory and no time.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s ADDRESS
  ADDRESS   where to listen: 127.0.0.1:7777, or [::]:7777 for every interface;
            with port 0 the system chooses one
Ctrl-C ends it.
]]

local CHUNK = 65536 -- bytes read at once, and so the most kept for a client
local PAUSE = 1     -- seconds without accepting when descriptors have run out

local listener     -- the socket that accepts
local clients = {} -- socket -> { name =, unsent = }
local watched = {} -- socket -> "r" or "w", for core.poll

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function log(...)
  print(table.concat({ ... }, " "))
end

local function drop(socket, reason)
  log(clients[socket].name, reason)
  clients[socket] = nil
  watched[socket] = nil
  socket:close()
  watched[listener] = "r" -- now there is a descriptor for another one
end

-- A call that failed: nothing to speak of if it only would have had to wait.
local function failed(socket, message, code)
  if code ~= "timeout" then drop(socket, message) end
end

local function send(socket)
  local client = clients[socket]
  local n, message, code = socket:send(client.unsent)
  if not n then return failed(socket, message, code) end
  client.unsent = client.unsent:sub(n + 1)
  watched[socket] = client.unsent == "" and "r" or "w"
end

local function receive(socket)
  local data, message, code = socket:recv(CHUNK)
  if data then
    clients[socket].unsent = data
    return send(socket)
  end
  if code then return failed(socket, message, code) end
  drop(socket, "has left") -- nil alone: the end of the stream
end

local function accept()
  local socket, from, code = listener:accept()
  if socket then
    clients[socket] = { name = tostring(from), unsent = "" }
    watched[socket:settimeout(0)] = "r"
    log(clients[socket].name, "has come")
  elseif code == "EMFILE" or code == "ENFILE" then
    -- The client stays in the queue, so that the poll would not wait.
    log(from) -- the message
    watched[listener] = nil
  end -- else a client that has gone again
end

local function serve()
  watched[listener:settimeout(0)] = "r"
  while true do
    local ready, message, code =
      core.poll(watched, not watched[listener] and PAUSE or nil)
    if code == "timeout" then
      watched[listener] = "r"
    elseif not ready then
      fail(message)
    end
    for socket, what in pairs(ready or {}) do
      if socket == listener then
        accept()
      elseif what == "w" then
        send(socket)
      else
        receive(socket)
      end
    end
  end
end

local function listen(text)
  local address, message = core.address(text)
  if not address then fail(message) end
  if not address.host then fail(text .. ": not an address of TCP") end
  local socket = assert(core.socket(address.family, "stream"))
  -- The last run's connections (in TIME_WAIT) are not to keep the port.
  assert(socket:setoption("so_reuseaddr", true))
  local ok
  ok, message = socket:bind(address)
  if ok then ok, message = socket:listen() end
  if not ok then fail(message) end
  return socket
end

local function main(text, ...)
  if not text or text:find "^%-" or ... then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  io.stdout:setvbuf "line"
  listener = listen(text)
  log("listening on", tostring(listener:getsockname()))
  serve()
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  print "\nstopped" -- by Ctrl-C
  os.exit(0, true)
end
