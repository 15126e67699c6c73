-- Tasks for specs: what fails in one fails the test, at join.
local support = require "spec.support"
local native = support.native

local tasks = {}

local Task = {}
Task.__index = Task

-- Starts f(...) as a task.
function tasks.spawn(f, ...)
  local self = setmetatable({}, Task)
  support.core.loop.spawn(function (...)
    self.results = table.pack(xpcall(f, debug.traceback, ...))
  end, ...)
  return self
end

-- Turns the loop until the task has ended; gives its results.
function Task:join()
  tasks.untiltrue(function () return self.results end, "the task did not end")
  if not self.results[1] then error(self.results[2], 0) end
  return table.unpack(self.results, 2, self.results.n)
end

function Task:done()
  return self.results ~= nil
end

-- Turns the loop until f() is true; in a task, lets the others run.
function tasks.untiltrue(f, what)
  local loop = support.core.loop
  local _, ismain = coroutine.running()
  local deadline = native.now() + support.patience
  while not f() do
    local left = deadline - native.now()
    if left < 0 then error(what or "it never happened", 2) end
    if ismain then loop.turn(left) else loop.sleep(0.001) end
  end
end

-- Lets every task that can run do so, until all of them wait for something.
function tasks.settle()
  local loop = support.core.loop
  local _, ismain = coroutine.running()
  for _ = 1, 5 do
    if ismain then loop.turn(0) else loop.sleep(0) end
  end
end

-- Runs and counts while others wait, until `stop` is set.
function tasks.ticker()
  local self = { ticks = 0 }
  self.task = tasks.spawn(function ()
    while not self.stop do
      self.ticks = self.ticks + 1
      support.core.loop.sleep(0.001)
    end
  end)
  return self
end

-- No test leaves a task behind: tasks.watch(before_each, after_each).
function tasks.watch(before_each, after_each)
  local before
  before_each(function () before = support.core.loop.tasks() end)
  after_each(function ()
    local left = support.core.loop.tasks() - before
    if left ~= 0 then error(left .. " tasks left behind", 0) end
  end)
end

-- Where code may run, and the same call has to work: name and function, which
-- runs f there and gives its results.
tasks.places = {}

local function place(name, run)
  table.insert(tasks.places, { name = name, run = run })
end

local function bygsub(f)
  local results
  string.gsub("x", "x", function () results = table.pack(f()) end)
  return table.unpack(results, 1, results.n)
end

local function bysort(f)
  local results
  table.sort({ 1, 2 }, function (a, b)
    results = results or table.pack(f())
    return a < b
  end)
  return table.unpack(results, 1, results.n)
end

local function bygenerator(f)
  local generator = coroutine.wrap(function ()
    for i = 1, 2 do coroutine.yield(i == 1 and "first" or table.pack(f())) end
  end)
  assert(generator() == "first")
  local results = generator()
  return table.unpack(results, 1, results.n)
end

local function byfinalizer(f)
  local results
  setmetatable({}, { __gc = function () results = table.pack(pcall(f)) end })
  collectgarbage()
  collectgarbage()
  assert(results, "the finalizer did not run")
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local function byclose(f)
  local results
  do
    local _ <close> = setmetatable({}, { __close = function ()
      results = table.pack(f())
    end })
  end
  return table.unpack(results, 1, results.n)
end

local function bypcall(f)
  local results = table.pack(pcall(f))
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

local function bymetamethod(f)
  local results
  local object = setmetatable({}, { __index = function ()
    results = table.pack(f())
  end })
  local _ = object.field
  return table.unpack(results, 1, results.n)
end

local function intask(run)
  return function (f) return tasks.spawn(run, f):join() end
end

local function direct(f) return f() end

place("the main chunk", direct)
place("a plain coroutine", bygenerator)
place("a callback of gsub", bygsub)
place("a finalizer", byfinalizer)
place("a task", intask(direct))
place("a task, under pcall", intask(bypcall))
place("a task, in a metamethod", intask(bymetamethod))
place("a task, in a __close handler", intask(byclose))
place("a generator in a task", intask(bygenerator))
place("a callback of gsub in a task", intask(bygsub))
place("a callback of sort in a task", intask(bysort))
place("a finalizer in a task", intask(byfinalizer))

return tasks
