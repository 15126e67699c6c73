-- Asks a host for a sign of life, by ICMP echo requests (RFC 792) on a raw
-- socket.
--
--   sudo lua5.4 examples/ping.lua localhost 3
--
-- The times come from the system, which notes when a packet leaves and when
-- one arrives: what Lua does in between does not count.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s HOST [COUNT]
  HOST    a name or an IPv4 address
  COUNT   how many requests to send; without it, until Ctrl-C
Raw sockets need root, or the capability CAP_NET_RAW.
]]

local ECHO_REPLY, ECHO_REQUEST = 0, 8
local INTERVAL = 1 -- seconds for one request
local PAYLOAD = ("sockeye "):rep(7) -- of 8 bytes each, as is the header

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

local function resolve(host)
  local found, message = core.getaddrinfo(host, nil,
    { family = "inet", type = "raw" })
  if not found then fail(message) end
  return found[1].address
end

local function open(address)
  local icmp = assert(core.getprotobyname "icmp")
  local socket, message, code = core.socket("inet", "raw", icmp)
  if code == "EPERM" then
    fail "a raw socket needs root, or the capability CAP_NET_RAW"
  elseif not socket then
    fail(message)
  end
  -- What others send here is of no interest, nor is anything but answers.
  assert(socket:setoption("icmp_filter", ~(1 << ECHO_REPLY) & 0xffffffff))
  local ok
  ok, message = socket:connect(address)
  if not ok then fail(message) end
  assert(socket:setoption("so_timestampns", true)) -- when one arrived
  -- Into the error queue go when one left, and the routers' complaints.
  assert(socket:setoption("so_timestamping",
    { tx_software = true, software = true, opt_tsonly = true }))
  assert(socket:setoption("ip_recverr", true))
  return socket
end

-- RFC 1071; the length is even.
local function checksum(data)
  local sum = 0
  for i = 1, #data, 2 do sum = sum + string.unpack(">I2", data, i) end
  while sum > 0xffff do sum = (sum & 0xffff) + (sum >> 16) end
  return ~sum & 0xffff
end

local function request(id, sequence)
  local function pack(sum)
    return string.pack(">BBI2I2I2", ECHO_REQUEST, 0, sum, id, sequence)
           .. PAYLOAD
  end
  return pack(checksum(pack(0)))
end

-- From a raw socket comes the packet with its IPv4 header, whose length is in
-- its first byte.  Gives the time to live, if it is the answer.
local function decode(packet, id, sequence)
  local header = (packet:byte() & 15) * 4
  if #packet < header + 8 then return nil end
  local kind, _, _, itsid, itssequence =
    string.unpack(">BBI2I2I2", packet, header + 1)
  if kind == ECHO_REPLY and itsid == id and itssequence == sequence then
    return packet:byte(9)
  end
end

-- Empties the error queue.  Gives when the last packet left, and what went
-- wrong with it.
local function errors(socket)
  local left, problem
  while true do
    local message = socket:recvmsg { flags = { "errqueue", "dontwait" } }
    if not message then return left, problem end
    local e = message.error or {}
    if e.origin == "timestamping" then
      left = message.timestamping.softwarens
    elseif e.message then
      problem = ("%s (says %s)"):format(e.message,
        e.from and e.from.host or "this host")
    end
  end
end

-- Waits for the answer: { ttl =, elapsed = }, without elapsed if the network's
-- driver does not tell when it sends; or nil, a message and maybe a code.
local function await(socket, id, sequence)
  local departure
  local remaining = INTERVAL
  while true do
    local ready, message, code = socket:wait("r", remaining)
    if not ready then
      return nil, code == "timeout" and "no answer" or message, code
    end
    local left, problem = errors(socket)
    departure = left or departure
    if problem then return nil, problem end
    message, problem, code = socket:recvmsg { flags = "dontwait" }
    if message then
      local ttl = decode(message.data, id, sequence)
      local elapsed = departure and (message.timestampns - departure) / 1e9
      if ttl then return { ttl = ttl, elapsed = elapsed } end
      -- Another program's: the time goes on, but not backwards.
      remaining = math.min(remaining, math.max(0, INTERVAL - (elapsed or 0)))
    elseif code ~= "EAGAIN" then
      return nil, problem
    end
  end
end

local function ask(socket, id, sequence)
  local ok, message, code = socket:send(request(id, sequence))
  if not ok then return nil, message, code end
  return await(socket, id, sequence)
end

local function count(total, elapsed)
  total.answered = total.answered + 1
  if not elapsed then return end
  total.timed = total.timed + 1
  total.time = total.time + elapsed
  total.shortest = math.min(total.shortest, elapsed)
  total.longest = math.max(total.longest, elapsed)
end

local function ping(socket, host, most, total)
  local id = math.random(0, 0xffff)
  for i = 1, most do
    total.sent = i
    local answer, message, code = ask(socket, id, i & 0xffff)
    local elapsed = answer and answer.elapsed
    if answer then
      count(total, elapsed)
      print(("answer from %s: sequence %d, ttl %d, %s"):format(host, i,
        answer.ttl, elapsed and ("%.3f ms"):format(elapsed * 1e3)
                    or "not timed"))
    else
      print(("sequence %d: %s"):format(i, message))
    end
    if i < most and code ~= "timeout" then
      core.poll({}, math.max(0, INTERVAL - (elapsed or 0)))
    end
  end
end

local function summary(total)
  print(("\n%d sent, %d answered"):format(total.sent, total.answered))
  if total.timed == 0 then return end
  print(("shortest %.3f ms, average %.3f ms, longest %.3f ms"):format(
    total.shortest * 1e3, total.time / total.timed * 1e3, total.longest * 1e3))
end

local function main(host, text, ...)
  local most = text and math.tointeger(tonumber(text)) or math.maxinteger
  if not host or host:find "^%-" or text and not text:find "^[1-9]%d*$"
     or ... then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  io.stdout:setvbuf "line"
  local address = resolve(host)
  local socket <close> = open(address)
  print(("asking %s (%s)"):format(host, address.host))
  local total = { sent = 0, answered = 0, timed = 0, time = 0,
                  shortest = math.huge, longest = 0 }
  local ok, problem = pcall(ping, socket, address.host, most, total)
  if not ok and not tostring(problem):find("interrupted!", 1, true) then
    error(problem, 0)
  end
  summary(total) -- also after Ctrl-C
  if total.answered == 0 then os.exit(1, true) end
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
