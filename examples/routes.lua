-- Prints the routing table, as `ip route` does: a program that talks to the
-- kernel over netlink (netlink(7), rtnetlink(7)).
--
--   lua5.4 examples/routes.lua
--   lua5.4 examples/routes.lua -6
--
-- sockeye carries the messages; their structures are taken apart here, with
-- string.unpack, where "=" is the machine's own order of bytes.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s [-4 | -6] [TABLE]
  -4, -6   the routes of IPv4 (so without either) or of IPv6
  TABLE    the number of a table: 254 is the main one (so without it), 255 the
           one of local addresses
]]

local HEADER = "=I4I2I2I4I4"     -- struct nlmsghdr: length, type, flags,
                                 -- sequence number, port
local ROUTE = "=BBBBBBBBI4"      -- struct rtmsg: family, lengths of destination
                                 -- and source, tos, table, protocol, scope,
                                 -- type, flags
local ATTRIBUTE = "=I2I2"        -- struct rtattr: length, type
local NEXTHOP = "=I2BBi4"        -- struct rtnexthop: length, flags, hops, index

local RTA_VIA = 18 -- a gateway of the other family (linux/rtnetlink.h)

local TYPES = {
  [core.RTN_LOCAL] = "local", [core.RTN_BROADCAST] = "broadcast",
  [core.RTN_ANYCAST] = "anycast", [core.RTN_MULTICAST] = "multicast",
  [core.RTN_BLACKHOLE] = "blackhole", [core.RTN_UNREACHABLE] = "unreachable",
  [core.RTN_PROHIBIT] = "prohibit", [core.RTN_THROW] = "throw",
}

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function align(n)
  return (n + 3) & ~3
end

-- The pieces of data that each begin with their own length, which `format`
-- yields first: iterates over where a piece begins and where it ends.
local function pieces(data, format, from, to)
  local size = string.packsize(format)
  return function ()
    if from + size - 1 > to then return nil end
    local length = string.unpack(format, data, from)
    if length < size or from + length - 1 > to then
      fail "a message of the kernel does not fit its length"
    end
    local first = from
    from = from + align(length)
    return first, first + length - 1
  end
end

local function attributes(data, from, to)
  local list = {}
  local size = string.packsize(ATTRIBUTE)
  for first, last in pieces(data, ATTRIBUTE, from, to) do
    local _, kind = string.unpack(ATTRIBUTE, data, first)
    list[kind & 0x3fff] = data:sub(first + size, last)
  end
  return list
end

-- The four or sixteen bytes of an IP address as text.
local function host(bytes)
  if #bytes == 4 then
    return ("%d.%d.%d.%d"):format(bytes:byte(1, 4))
  end
  local words = { string.unpack(">I2I2I2I2I2I2I2I2", bytes) }
  words[9] = nil -- the position after them
  -- The shortest form is up to core.address.
  return core.address(("%x:%x:%x:%x:%x:%x:%x:%x"):format(
    table.unpack(words)), 0).host
end

local function number(bytes)
  return bytes and string.unpack("=I4", bytes)
end

local function interface(index)
  return core.if_indextoname(index) or tostring(index)
end

-- "via 10.0.0.1 dev eth0": where the packets go.
local function hop(list, index)
  local words = {}
  if list[core.RTA_GATEWAY] then
    words[1] = "via " .. host(list[core.RTA_GATEWAY])
  end
  if list[RTA_VIA] then -- after its family, in two bytes
    words[1] = "via " .. host(list[RTA_VIA]:sub(3))
  end
  index = index or number(list[core.RTA_OIF])
  if index then words[#words + 1] = "dev " .. interface(index) end
  return table.concat(words, " ")
end

-- The same for a route over several gateways.
local function hops(bytes)
  local words = {}
  local size = string.packsize(NEXTHOP)
  for first, last in pieces(bytes, NEXTHOP, 1, #bytes) do
    local _, _, _, index = string.unpack(NEXTHOP, bytes, first)
    words[#words + 1] = "nexthop "
      .. hop(attributes(bytes, first + size, last), index)
  end
  return table.concat(words, " ")
end

local function show(data, from, to, wanted)
  local _, length, _, _, id, _, _, kind = string.unpack(ROUTE, data, from)
  local list = attributes(data, from + string.packsize(ROUTE), to)
  if (number(list[core.RTA_TABLE]) or id) ~= wanted then return end
  local words = { TYPES[kind] }
  local destination = list[core.RTA_DST]
  words[#words + 1] = destination and host(destination) .. "/" .. length
                      or "default"
  local way = list[core.RTA_MULTIPATH] and hops(list[core.RTA_MULTIPATH])
              or hop(list)
  if way ~= "" then words[#words + 1] = way end
  if list[core.RTA_PREFSRC] then
    words[#words + 1] = "src " .. host(list[core.RTA_PREFSRC])
  end
  if list[core.RTA_PRIORITY] then
    words[#words + 1] = "metric " .. number(list[core.RTA_PRIORITY])
  end
  print(table.concat(words, " "))
end

-- Asks for all routes of a family.
local function ask(socket, family, sequence)
  local body = string.pack(ROUTE, family, 0, 0, 0, 0, 0, 0, 0, 0)
  local length = string.packsize(HEADER) + #body
  local ok, message = socket:sendto(
    string.pack(HEADER, length, core.RTM_GETROUTE,
                core.NLM_F_REQUEST | core.NLM_F_DUMP, sequence, 0) .. body,
    core.address { family = "netlink" }) -- port 0: the kernel
  if not ok then fail(message) end
end

-- Shows what one datagram of the answer holds; true when there is more.
local function answer(data, sequence, wanted)
  local size = string.packsize(HEADER)
  for first, last in pieces(data, HEADER, 1, #data) do
    local _, kind, _, itssequence = string.unpack(HEADER, data, first)
    if itssequence == sequence then
      if kind == core.NLMSG_DONE then return false end
      if kind == core.NLMSG_ERROR then
        fail(("the kernel refuses: error %d"):format(
          -string.unpack("=i4", data, first + size)))
      end
      if kind == core.RTM_NEWROUTE then
        show(data, first + size, last, wanted)
      end
    end
  end
  return true
end

local function main(...)
  local family, wanted = core.AF_INET, core.RT_TABLE_MAIN
  for _, word in ipairs { ... } do
    if word == "-4" or word == "-6" then
      family = word == "-4" and core.AF_INET or core.AF_INET6
    elseif word:find "^%d+$" and tonumber(word) <= 0xffffffff then
      wanted = tonumber(word)
    else
      io.stderr:write(USAGE:format(arg[0]))
      os.exit(2, true)
    end
  end
  local socket <close>, message =
    core.socket("netlink", "raw", core.NETLINK_ROUTE)
  if not socket then fail(message) end
  socket:settimeout(5)
  local sequence = 1
  ask(socket, family, sequence)
  repeat
    -- A netlink message that does not fit would be cut: 32 KiB is the most
    -- that the kernel sends at once here.
    local data, from, flags = socket:recvfrom(32768)
    if not data then fail(from) end
    if flags and flags.trunc then fail "a message was cut" end
    local kernel = from.pid == 0 -- other processes can send to us, too
  until kernel and not answer(data, sequence, wanted)
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
