-- Lists the network interfaces of this host and their addresses.
--
--   lua5.4 examples/interfaces.lua
--   lua5.4 examples/interfaces.lua lo
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s [INTERFACE ...]
  INTERFACE   the name of one; all without any
]]

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function flags(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, " ")
end

local function line(label, ...)
  print(("    %-9s %s"):format(label, table.concat({ ... }, " ")))
end

local function show(interface)
  print(("%d %s"):format(interface.index, interface.name))
  line("flags", flags(interface.flags))
  if interface.mtu then line("mtu", interface.mtu) end
  if interface.hardware then line("hardware", interface.hardware) end
  for _, entry in ipairs(interface.addresses) do
    local words = { entry.address.host .. (entry.prefix
                    and "/" .. entry.prefix or "") }
    if entry.peer then words[#words + 1] = "peer " .. entry.peer.host end
    if entry.broadcast then
      words[#words + 1] = "broadcast " .. entry.broadcast.host
    end
    if entry.label then words[#words + 1] = "label " .. entry.label end
    line(entry.address.family, table.unpack(words))
  end
end

local function main(...)
  if (...) and (...):find "^%-" then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  local list, message = core.interfaces()
  if not list then fail(message) end
  local wanted = {}
  for _, name in ipairs { ... } do
    local index
    index, message = core.if_nametoindex(name)
    if not index then fail(message) end
    wanted[index] = true
  end
  for _, interface in ipairs(list) do
    if not ... or wanted[interface.index] then show(interface) end
  end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then fail(problem) end
