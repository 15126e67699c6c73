-- Talks to an echo server: sends lines and prints what comes back.
--
--   lua5.4 examples/tcp_echo_client.lua localhost 7777 hello "and good-bye"
--   lua5.4 examples/tcp_echo_client.lua localhost 7777 < file
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s HOST PORT [LINE ...]
  HOST   a name or an address
  PORT   a number or the name of a service
  LINE   what to send; without one, the lines of the standard input
]]

local TIMEOUT = 10  -- seconds for one call
local CHUNK = 16384 -- bytes sent before their echo is read: as long as these
                    -- fit the buffers in between, both sides cannot get stuck

local function fail(message)
  io.stdout:flush()
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

-- A name may have several addresses, of which the first may not answer.
local function connect(host, port)
  local found, message = core.getaddrinfo(host, port,
    { type = "stream", timeout = TIMEOUT })
  if not found then return nil, message end
  for _, entry in ipairs(found) do
    local socket
    socket, message = core.socket(entry.family, entry.type, entry.protocol)
    if socket then
      local ok
      ok, message = socket:settimeout(TIMEOUT):connect(entry.address)
      if ok then return socket end
      socket:close()
    end
  end
  return nil, message -- the last one's
end

local function echo(socket, line)
  for i = 1, #line, CHUNK do
    local part = line:sub(i, i + CHUNK - 1)
    local ok, message = socket:sendall(part)
    if not ok then fail(message) end
    local answer
    answer, message = socket:recv(#part, "waitall") -- all of it, in one call
    if not answer then fail(message or "the server has left") end
    if answer ~= part then fail "the answer is not what was sent" end
    io.stdout:write(answer)
  end
  io.stdout:flush()
end

local function main(host, port, ...)
  if not port or host:find "^%-" then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  local socket <close>, message = connect(host, port)
  if not socket then fail(message) end
  for _, line in ipairs { ... } do echo(socket, line .. "\n") end
  if ... then return end
  while true do
    local line = io.read "L"
    if not line then break end
    echo(socket, line)
  end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
