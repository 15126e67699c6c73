-- Hands an open file to another process, which then reads what it could not
-- have opened itself.
--
--   lua5.4 examples/pass_descriptor.lua /etc/hostname
--
-- This process opens the file, starts a second Lua as its child, and sends it
-- the open file through a UNIX socket that the child has inherited.  The child
-- never learns the file's name.
local core = require "sockeye.core"

local USAGE = [[
usage: lua5.4 %s FILE
  FILE   the file that the other process is to read
]]

local TIMEOUT = 10 -- seconds for one call

local function fail(message)
  io.stderr:write(arg[0]:match "[^/]*$", ": ", message, "\n")
  os.exit(1, true)
end

-- The words as a command line for the shell.
local function shell(...)
  local words = { ... }
  for i, word in ipairs(words) do
    words[i] = "'" .. word:gsub("'", [['\'']]) .. "'"
  end
  return table.concat(words, " ")
end

-- The interpreter that runs this: the first word of the command line.
local function interpreter()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

-- Starts a second process that receives from the socket.
local function start(socket)
  -- Descriptors are close-on-exec: what a child is to get is said.
  assert(socket:setinheritable(true))
  return assert(io.popen(shell(interpreter(), arg[0], "--receive",
                               tostring(socket:getfd()))))
end

local function send(path)
  local file, message = io.open(path, "rb")
  if not file then fail(message) end
  local own, theirs = assert(core.socketpair("unix", "stream"))
  local child = start(theirs)
  theirs:close() -- so that the end of the child is the end of the stream
  own:settimeout(TIMEOUT)
  local n
  -- What goes is a duplicate: this process may close its own at once.
  n, message = own:sendmsg { data = "here you are", fds = { file } }
  if not n then fail(message) end
  file:close()
  io.write(child:read "a")
  if not child:close() then fail "the other process failed" end
end

local function receive(number)
  local socket <close>, problem = core.fromfd(number)
  if not socket then fail(problem) end
  local message
  message, problem = socket:settimeout(TIMEOUT):recvmsg()
  if not message then fail(problem or "nothing was sent") end
  local file <close> = message.fds and message.fds[1]
  if not file then fail "no descriptor came with the message" end
  print(("received %q and %s"):format(message.data, file))
  while true do
    local data
    data, problem = file:recv()
    if not data then break end
    io.write(data)
  end
  if problem then fail(problem) end
end

local function main(what, number, ...)
  if what == "--receive" and math.tointeger(tonumber(number)) and not ... then
    return receive(math.tointeger(tonumber(number)))
  end
  if not what or what:find "^%-" or number then
    io.stderr:write(USAGE:format(arg[0]))
    os.exit(2, true)
  end
  send(what)
end

local ok, problem = xpcall(main, debug.traceback, ...)
if not ok then
  if not problem:find("interrupted!", 1, true) then fail(problem) end
  io.stderr:write "\n" -- after the ^C of the terminal
  os.exit(130, true)
end
