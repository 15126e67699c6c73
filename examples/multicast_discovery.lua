-- Finds programs in the network that nobody configured: who offers something
-- listens to a multicast group, who looks for something asks the group.
--
--   lua5.4 examples/multicast_discovery.lua announce "printer on desk 3"
--   lua5.4 examples/multicast_discovery.lua find
--
-- Any number of both may run, also on one machine.  Unless an interface is
-- given, all of it stays on the loopback interface.
local core = require "sockeye.core"

local USAGE = [=[
usage: lua5.4 %s announce WHAT [GROUP [INTERFACE]]
       lua5.4 %s find [GROUP [INTERFACE]]
  WHAT        what is offered, as a text
  GROUP       the IPv4 multicast address and the port of the group, the same
              on both sides (%s)
  INTERFACE   the name of the interface (lo)
Ctrl-C ends it.
]=]

local GROUP = "239.255.77.77:7777" -- 239.255/16: for private use (RFC 2365)
local QUESTION = "sockeye: who is there?"
local ANSWER = "sockeye: here is "
local PATIENCE = 0.5 -- seconds of silence after which all have answered
local MOST = 1000    -- answers; no one can keep the other side for ever

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

-- Every step of setting up: either it works or there is no point in going on.
local function must(value, message)
  if not value then fail(message) end
  return value
end

local function groupaddress(text)
  local group = must(core.address(text))
  if not group:within "224.0.0.0/4" then
    fail(text .. ": not an IPv4 multicast address and port")
  end
  return group
end

-- The IPv4 address of an interface.
local function ownaddress(name)
  for _, interface in ipairs(must(core.interfaces())) do
    for _, entry in ipairs(interface.addresses) do
      if interface.name == name and entry.address.family == "inet" then
        return entry.address
      end
    end
  end
  fail(name .. ": no interface with an IPv4 address")
end

local function announce(what, group, interface)
  local socket <close> = must(core.socket("inet", "dgram"))
  -- Several programs of one machine may listen to the group.
  must(socket:setoption("so_reuseaddr", true))
  -- Bound to the group, it gets nothing else that comes to this port ...
  must(socket:bind(group))
  -- ... and of the group, not what others joined on other interfaces.
  must(socket:setoption("ip_multicast_all", false))
  must(socket:setoption("ip_add_membership",
                        { group = group.host, interface = interface }))
  io.stdout:setvbuf "line"
  print(("listening to %s on %s"):format(group, interface))
  while true do
    local question, from = socket:recvfrom()
    if question == QUESTION then
      local n, message = socket:sendto(ANSWER .. what, from)
      print(n and "asked by " .. tostring(from) or message)
    elseif not question then
      print(from) -- the message; an error of one datagram
    end
  end
end

local function find(group, interface)
  local socket <close> = must(core.socket("inet", "dgram"))
  must(socket:bind(ownaddress(interface))) -- where the answers go to
  must(socket:setoption("ip_multicast_if", interface))
  -- As it is anyway; said here because the whole idea depends on it: other
  -- programs of this machine hear the question, no other network does.
  must(socket:setoption("ip_multicast_loop", true))
  must(socket:setoption("ip_multicast_ttl", 1))
  must(socket:sendto(QUESTION, group))
  socket:settimeout(PATIENCE)
  local found = 0
  for _ = 1, MOST do
    local answer, from, code = socket:recvfrom()
    if code == "timeout" then break end
    if not answer then fail(from) end
    if answer:sub(1, #ANSWER) == ANSWER then
      found = found + 1
      -- Anybody may have sent it: no escape sequences for the terminal.
      local what = answer:sub(#ANSWER + 1):gsub("%c", "?")
      print(("%s at %s"):format(what, from.host))
    end
  end
  if found == 0 then fail "nobody answered" end
end

local function main(command, ...)
  local names = { ... }
  local what = command == "announce" and table.remove(names, 1)
  if not (what or command == "find") or #names > 2 then
    io.stderr:write(USAGE:format(arg[0], arg[0], GROUP))
    os.exit(2, true)
  end
  local group, interface = groupaddress(names[1] or GROUP), names[2] or "lo"
  ownaddress(interface) -- or fail here, at once and clearly
  if what then announce(what, group, interface) else find(group, interface) end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
