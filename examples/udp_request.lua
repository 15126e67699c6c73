-- Asks a question over UDP, where requests and answers may get lost, come late
-- or come twice: with a time limit, and again if need be.
--
--   lua5.4 examples/udp_request.lua localhost 7777 "is anybody there?"
--
-- The other side is udp_reply.lua.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s HOST PORT TEXT
  HOST   a name or an address
  PORT   a number or the name of a service
  TEXT   what to ask
]]

local TRIES = 4
local PATIENCE = 0.25 -- seconds for the first answer; twice as long each time

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function open(host, port)
  local found, message = core.getaddrinfo(host, port, { type = "dgram" })
  if not found then fail(message) end
  local socket = assert(core.socket(found[1].family, "dgram"))
  local ok
  -- Connected, a socket hears only that peer, and hears when its port is
  -- closed: ECONNREFUSED, at a later call.
  ok, message = socket:connect(found[1].address)
  if not ok then fail(message) end
  return socket
end

local function ask(socket, text)
  -- The same for each try: a late answer to an earlier one will do.
  local id = string.pack(">I4", math.random(0, 0xffffffff))
  local patience, message = PATIENCE, nil
  for try = 1, TRIES do
    local ok, code, answer
    ok, message, code = socket:send(id .. text)
    if ok then
      answer, message, code = socket:settimeout(patience):recv(65535)
      if answer and answer:sub(1, 4) == id then return answer:sub(5), try end
      -- Anything else uses up this try, lest it all goes on for ever.
    end
    if code == "ECONNREFUSED" then
      core.poll({}, patience) -- nobody there: maybe soon
    elseif code and code ~= "timeout" then
      return nil, message
    end
    patience = patience * 2
  end
  return nil, ("no answer after %d tries: %s"):format(TRIES,
    message or "only strange ones")
end

local function main(host, port, text, ...)
  if not text or host:find "^%-" or ... then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  local socket <close> = open(host, port)
  local answer, rest = ask(socket, text)
  if not answer then fail(rest) end
  print(answer)
  if rest > 1 then
    io.stderr:write(("(answered at try %d)\n"):format(rest))
  end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
