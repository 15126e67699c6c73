-- Loaded by busted before the specs.  Watches over every test:
--
--  * A test that hangs ends the process, loudly and by name.
--  * The descriptors open after a test are those that were open before it:
--    the same numbers, each standing for the same thing.  A leak fails it.
--  * Child processes that a test forgot are ended.
local busted = require "busted"
local native = require "spec.support.native"
local support = require "spec.support"

-- Seconds for one test; slow tools (valgrind) ask for more.
local LIMIT = (tonumber(os.getenv "SOCKEYE_WATCHDOG") or 60)
-- What a worker thread holds for a moment is not a leak: look again this long.
local GRACE = tonumber(os.getenv "SOCKEYE_GRACE") or 2

-- Loaded here, so that busted, which unloads what a spec file loads, keeps one
-- module for all of them.
pcall(require, "sockeye.core")
pcall(support.warmup) -- a half-built module fails in the specs, not here

-- Where a full collection is expensive (valgrind), only those that matter:
-- when the descriptors are the same as after the last one, there is nothing to
-- be closed.
local LIGHT = os.getenv "SOCKEYE_VALGRIND"

local function collect()
  collectgarbage()
  collectgarbage() -- the second frees what finalizers held
end

local function difference(before, after)
  local found = {}
  for fd, what in pairs(after) do
    if before[fd] ~= what then
      found[#found + 1] = ("%d (%s)%s"):format(fd, what, before[fd]
        and ", which was " .. before[fd] or " left open")
    end
  end
  for fd, what in pairs(before) do
    if not after[fd] then
      found[#found + 1] = ("%d (%s) closed, but it was not the test's")
        :format(fd, what)
    end
  end
  table.sort(found)
  return #found > 0 and table.concat(found, "; ") or nil
end

-- The descriptors that are open and not garbage.
local clean = {}
local function descriptors()
  local now = native.fds()
  if LIGHT and not difference(clean, now) then return now end
  collect()
  clean = native.fds()
  return clean
end

local function leaks(before)
  local deadline = native.now() + GRACE
  repeat
    local found = difference(before, descriptors())
    if not found then return nil end
    native.sleep(0.01)
    if native.now() > deadline then return found end
  until false
end

local function fullname(element)
  local names = {}
  while element and element.descriptor ~= "suite" do
    table.insert(names, 1, tostring(element.name or element.descriptor))
    element = busted.parent(element)
  end
  return table.concat(names, ": ")
end

-- Overwrites what the test left on the stack: Lua's collector takes registers
-- that a function above has not written yet for values in use.
local scrub = assert(load("local a" .. (",a"):rep(199) .. " return"))

-- Runs the test's function and then its finally function, as busted would,
-- but inside of the watch.
local function guarded(run, element)
  local finally
  element.env.finally = function (f) finally = f end
  local before, processes, finished
  local function check()
    if finally then finally() end
    support.reap(processes)
    local found = leaks(before)
    if not found then return end
    local message = "descriptors: " .. found
    if finished then busted.fail(message, 0) end
    io.stderr:write(fullname(element), ": ", message, "\n")
  end
  local function close()
    scrub()
    check()
  end
  return function (...)
    processes = support.lastprocess()
    before = descriptors()
    finished = false
    -- A to-be-closed variable, not pcall: busted takes the traceback where the
    -- error is raised.  (Its handler returns nothing, so the variable does not
    -- get the error.)
    local _ <close> = setmetatable({}, { __close = close })
    run(...)
    finished = true
    scrub()
  end
end

local watched = setmetatable({}, { __mode = "k" })

busted.subscribe({ "test", "start" }, function (element)
  native.watchdog(LIMIT, fullname(element))
  if element.env and element.run and not watched[element] then
    watched[element] = true
    support.skip = element.env.pending
    element.run = guarded(element.run, element)
  end
  return nil, true
end)

busted.subscribe({ "test", "end" }, function ()
  -- What runs between tests (after_each, the next file) may hang as well.
  native.watchdog(LIMIT, "what follows the test before")
  return nil, true
end)

busted.subscribe({ "suite", "end" }, function ()
  native.watchdog()
  support.cleanup()
  return nil, true
end)
