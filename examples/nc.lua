-- Joins the terminal (or a pipe, or a file) and a connection: what is typed is
-- sent, what comes is shown, as the program nc does it.
--
--   lua5.4 examples/nc.lua localhost 80
--   lua5.4 examples/nc.lua -l 127.0.0.1 7777 > received
--   lua5.4 examples/nc.lua -U /run/x.sock
--
-- The two directions are independent.  When the input ends, so does the sending
-- side of the connection, and the answer can still come; it is all over when
-- both directions have ended.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s [-l] HOST PORT
       lua5.4 %s [-l] -U PATH
  -l     wait for a connection instead of making one
  HOST   a name or an address; with -l, :: is every interface
  PORT   a number or the name of a service; with -l, 0 is any that is free
  PATH   of a UNIX socket, or @ and an abstract name
The end of the input (in a terminal: Ctrl-D) ends the sending side, Ctrl-C all.
]]

local CHUNK = 65536 -- bytes read at once, and the most kept for a direction

local function tell(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
end

local function fail(message)
  tell(message)
  os.exit(1, true)
end

-- The first of the places where open(socket, address) works.
local function first(places, open)
  local message
  for _, place in ipairs(places) do
    local socket, ok
    socket, message = core.socket(place.family, "stream")
    if socket then
      ok, message = open(socket, place.address)
      if ok then return socket end
      socket:close()
    end
  end
  fail(message)
end

local function connect(socket, address)
  return socket:connect(address)
end

local function listen(socket, address)
  -- The last run's connections (in TIME_WAIT) are not to keep the port.
  if address.port then assert(socket:setoption("so_reuseaddr", true)) end
  local ok, message = socket:bind(address)
  if not ok then return nil, message end
  return socket:listen(1)
end

-- The one connection that is waited for.
local function accept(places)
  local listener <close> = first(places, listen)
  local address = listener:getsockname()
  local _ <close> = setmetatable({}, {
    __close = function ()
      if address.path and not address.abstract then os.remove(address.path) end
    end,
  })
  tell("listening on " .. tostring(address))
  local socket, from = listener:accept()
  if not socket then fail(from) end
  tell("connection from " .. tostring(from))
  return socket
end

-- A direction has: from, to, data (what is on its way), finish(), ended.
-- Does what can be done without waiting; false and a message if it broke.
local function move(way)
  if way.data == "" then
    local data, message, code = way.from:recv(CHUNK)
    if not data then
      if code == "timeout" then return true end
      way.ended = true
      way.finish()
      return code == nil, message
    end
    way.data = data
  end
  local n, message, code = way.to:send(way.data)
  if n then
    way.data = way.data:sub(n + 1)
  elseif code ~= "timeout" then
    way.ended = true
    return false, message
  end
  return true
end

-- What the directions wait for, as core.poll takes it.
local function awaited(...)
  local watched = {}
  for _, way in ipairs { ... } do
    if not way.ended then
      local socket = way.data == "" and way.from or way.to
      local what = way.data == "" and "r" or "w"
      watched[socket] = (watched[socket] or "") .. what
    end
  end
  return watched
end

local function join(input, output, socket)
  local sending = { from = input, to = socket, data = "" }
  local receiving = { from = socket, to = output, data = "" }

  function sending.finish()
    socket:shutdown "w"
  end

  function receiving.finish()
    output:close() -- so that whoever reads it sees the end as well
    if not sending.ended then
      tell "the other side has ended its stream (Ctrl-D ends this one)"
    end
  end

  local whole = true
  while not (sending.ended and receiving.ended) do
    local ready, problem = core.poll(awaited(sending, receiving))
    if not ready then fail(problem) end
    local ok
    if not receiving.ended then
      ok, problem = move(receiving)
      if not ok then fail(problem) end
    end
    if not sending.ended then
      ok, problem = move(sending)
      if not ok then -- what the other side has still said is worth reading
        tell(problem)
        whole = false
      end
    end
  end
  return whole
end

-- The command line: whether to listen, and the list of places.
local function arguments(...)
  local words = { ... }
  local listening = words[1] == "-l"
  if listening then table.remove(words, 1) end
  if #words ~= 2 or words[1]:find "^%-" and words[1] ~= "-U" then
    io.stderr:write(USAGE:format(arg[0], arg[0]))
    os.exit(2, true)
  end
  local places, message
  if words[1] == "-U" then
    local address
    address, message = core.address { family = "unix", path = words[2] }
    places = address and { { family = "unix", address = address } }
  else
    places, message = core.getaddrinfo(words[1], words[2], { type = "stream" })
  end
  if not places then fail(message) end
  return listening, places
end

-- A standard descriptor; its flags, which other programs share, stay as they
-- are, and yet no call waits for it.
local function standard(number)
  local descriptor, message = core.fromfd(number)
  if not descriptor then fail(message) end
  return descriptor:settimeout(0)
end

local function main(...)
  local listening, places = arguments(...)
  local input, output = standard(0), standard(1)
  local socket <close> = listening and accept(places)
                         or first(places, connect)
  if not join(input, output, socket:settimeout(0)) then os.exit(1, true) end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
