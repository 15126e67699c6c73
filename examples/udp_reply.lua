-- Answers requests over UDP: each gets its text back, in capitals.
--
--   lua5.4 examples/udp_reply.lua 127.0.0.1:7777
--
-- The other side is udp_request.lua.  A request is four bytes that its client
-- chose, and a text; an answer has the same four bytes.  The server keeps
-- nothing between two datagrams: a request that comes twice, because the
-- answer was lost, is answered twice.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s ADDRESS
  ADDRESS   where to listen: 127.0.0.1:7777, or [::]:7777 for every interface;
            with port 0 the system chooses one
Ctrl-C ends it.
]]

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function open(text)
  local address, message = core.address(text)
  if not address then fail(message) end
  if not address.host then fail(text .. ": not an address of UDP") end
  local socket = assert(core.socket(address.family, "dgram"))
  local ok
  ok, message = socket:bind(address)
  if not ok then fail(message) end
  -- Bound to every interface, answer from the address that was asked: the
  -- client has never heard of any other.
  assert(socket:setoption(address.family == "inet" and "ip_pktinfo"
                          or "ipv6_recvpktinfo", true))
  return socket
end

local function answer(socket, message)
  local id, text = message.data:match "^(....)(.*)$"
  if not id then
    print(("%s: %d bytes are no request"):format(message.from, #message.data))
    return
  end
  print(("%s: %q"):format(message.from, text))
  local n, problem = socket:sendmsg {
    data = id .. text:upper(),
    to = message.from,
    pktinfo = message.pktinfo,
  }
  if not n then print(problem) end -- its trouble, not that of the next one
end

local function main(text, ...)
  if not text or text:find "^%-" or ... then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  io.stdout:setvbuf "line"
  local socket <close> = open(text)
  print("listening on " .. tostring(socket:getsockname()))
  while true do
    local message, problem = socket:recvmsg { size = 65535 }
    if message then
      answer(socket, message)
    else
      print(problem)
    end
  end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  print "\nstopped" -- by Ctrl-C
  os.exit(0, true)
end
