-- Sockets on which calls have to wait.
local support = require "spec.support"
local core = support.core

local waits = {}

local TCP = support.transports["TCP4"]

function waits.pair(kind)
  return assert(core.socketpair("unix", kind or "stream"))
end

-- A pair whose first socket has no room to send.
function waits.fullpair()
  local a, b = waits.pair()
  a:setoption("so_sndbuf", 4096)
  a:settimeout(0)
  while a:send(("x"):rep(4096)) do end
  a:settimeout(nil)
  return a, b
end

function waits.drain(s)
  s:settimeout(0)
  local n = 0
  while true do
    local data = s:recv(65536)
    if not data then break end
    n = n + #data
  end
  s:settimeout(nil)
  return n
end

-- A UNIX listener that takes no more connections, and whom it has.
function waits.fulllistener()
  local listener = support.transports["UNIX stream"]:listener(0)
  local waiting = {}
  repeat
    local s = assert(core.socket("unix", "stream"))
    s:settimeout(0)
    local ok, _, code = s:connect(listener:getsockname())
    waiting[#waiting + 1] = s
  until not ok and code == "timeout"
  return listener, waiting
end

-- A TCP listener on which connecting hangs (L37).
function waits.hanging()
  local listener = TCP:listener(0)
  local queued = TCP:socket()
  assert(queued:connect(listener:getsockname()))
  local probes = {}
  repeat
    local s = TCP:socket()
    s:settimeout(0.05)
    local ok, _, code = s:connect(listener:getsockname())
    probes[#probes + 1] = s
  until not ok and code == "timeout"
  return listener, queued, probes
end

function waits.closeall(...)
  for _, x in ipairs { ... } do
    if type(x) == "table" then
      waits.closeall(table.unpack(x))
    else
      x:close()
    end
  end
end

-- Runs act() by a debug hook of the main thread at the first C function that
-- runs after f was called: where Ctrl-C would raise out of f's wait.
function waits.hook(f, act)
  local called
  debug.sethook(function ()
    local info = debug.getinfo(2, "fS")
    if called and info.what == "C" then
      debug.sethook()
      act()
    end
    called = called or info.func == f
  end, "c")
end

return waits
