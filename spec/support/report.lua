-- Busted's output: one line a file, with what failed there, then the sum.
-- The same on every run and every terminal.  With SOCKEYE_COUNT, "passed
-- failed" is appended to that file, for .ci/run.
return function ()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base" ()
  local before

  local function counts()
    return { passed = handler.successesCount,
             failed = handler.failuresCount + handler.errorsCount,
             pending = handler.pendingsCount }
  end

  local function out(...)
    io.stdout:write(...)
    io.stdout:flush()
  end

  local function place(item)
    local trace = item.element.trace or item.trace
    return trace and trace.short_src
      and ("%s:%d: "):format(trace.short_src, trace.currentline) or ""
  end

  local function report(kind, item)
    out("\n", kind, ": ", place(item), item.name, "\n")
    local message = item.message
    if message ~= nil then
      if type(message) ~= "string" then
        message = require "pl.pretty".write(message)
      end
      out("  ", (message:gsub("\n", "\n  ")), "\n")
    end
    local trace = item.trace
    if kind == "ERROR" and trace and trace.traceback then
      out("  ", (trace.traceback:gsub("\n", "\n  ")), "\n")
    end
  end

  busted.subscribe({ "file", "start" }, function ()
    before = counts()
    return nil, true
  end)

  -- What was not told yet: at the end of each file, for a later one may hang.
  local told = { pendings = 0, failures = 0, errors = 0 }

  local function tell(kind, list)
    for i = told[list] + 1, #handler[list] do report(kind, handler[list][i]) end
    told[list] = #handler[list]
  end

  local function tellall()
    local n = #handler.pendings + #handler.failures + #handler.errors
    if n == told.pendings + told.failures + told.errors then return end
    tell("pending", "pendings")
    tell("FAILED", "failures")
    tell("ERROR", "errors")
    out("\n")
  end

  busted.subscribe({ "file", "end" }, function (file)
    local now = counts()
    local passed = now.passed - before.passed
    local failed = now.failed - before.failed
    local pending = now.pending - before.pending
    out(("%-32s %4d passed%s%s  %6.2f s\n"):format(file.name, passed,
      failed > 0 and (", %d FAILED"):format(failed) or "",
      pending > 0 and (", %d pending"):format(pending) or "",
      file.duration or 0))
    tellall()
    return nil, true
  end)

  busted.subscribe({ "suite", "end" }, function ()
    tellall()
    local now = counts()
    out(("\n%d passed, %d failed, %d pending\n"):format(now.passed, now.failed,
                                                        now.pending))
    local path = os.getenv "SOCKEYE_COUNT"
    if path then
      local file = assert(io.open(path, "a"))
      file:write(now.passed, " ", now.failed, "\n")
      file:close()
    end
    return nil, true
  end)

  return handler
end
