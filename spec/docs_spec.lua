-- Every exported function stands in the reference (LDoc comments beside the
-- code) and in the annotations for the Lua language server; and the other way
-- round.
local support = require "spec.support"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function files(pattern)
  local list = {}
  for path in support.sh("ls " .. pattern .. " 2>/dev/null || true")
              :gmatch "[^\n]+" do
    list[#list + 1] = path
  end
  return list
end

-- {["recv"] = kind} of the functions in a table
local function functions(t, prefix, into)
  for name, value in pairs(t) do
    if type(value) == "function" and name:sub(1, 2) ~= "__" then
      into[prefix .. name] = true
    end
  end
  return into
end

-- What sockeye.core exports: "socket", "socket:recv", "address:within".
local function exported()
  local core = support.core
  local names = functions(core, "", {})
  local a <close>, b = assert(core.socketpair("unix", "stream"))
  b:close()
  functions(getmetatable(a).__index, "socket:", names)
  -- The methods of addresses stand behind a function, as an upvalue.
  local _, methods = debug.getupvalue(
    debug.getmetatable(core.address("127.0.0.1", 1)).__index, 1)
  functions(methods, "address:", names)
  return names
end

-- What the comments document.
local function documented()
  local names = {}
  for _, path in ipairs(files "csrc/*.c") do
    for comment in read(path):gmatch "/%*%*%*(.-)%*/" do
      for name in comment:gmatch "@function%s+([%w_:]+)" do
        assert.is_nil(names[name], name .. " is documented twice")
        names[name] = comment
      end
    end
  end
  return names
end

-- What types/sockeye.lua declares, by the class of the variable that holds it.
local function annotated()
  local kinds = { ["sockeye.core"] = "", ["sockeye.Socket"] = "socket:",
                  ["sockeye.Address"] = "address:" }
  local names, prefixes, class = {}, {}, nil
  for line in read("types/sockeye.lua"):gmatch "[^\n]+" do
    class = line:match "^%-%-%-@class ([%w_.]+)" or class
    local variable = line:match "^local ([%w_]+) = {}"
    if variable then prefixes[variable] = kinds[class] or class end
    local holder, name = line:match "^function ([%w_]+)[.:]([%w_]+)%("
    if holder then
      assert(prefixes[holder], "types: " .. line)
      names[prefixes[holder] .. name] = true
    end
  end
  return names
end

local function missing(from, into)
  local list = {}
  for name in pairs(from) do
    if not into[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

describe("the reference", function ()
  it("has every exported function", function ()
    assert.same({}, missing(exported(), documented()))
  end)

  it("has nothing that is not exported", function ()
    assert.same({}, missing(documented(), exported()))
  end)

  it("says of every function what it returns", function ()
    local list = {}
    for name, comment in pairs(documented()) do
      if not comment:find "@t?return" then list[#list + 1] = name end
    end
    table.sort(list)
    assert.same({}, list)
  end)

  it("has no argument that only the code knows", function ()
    -- Every @tparam has a type and a name.
    for name, comment in pairs(documented()) do
      for line in comment:gmatch "@tparam[^\n]*" do
        assert(line:find "^@tparam%S*%s+%S+%s+%S+", name .. ": " .. line)
      end
    end
  end)

  it("is rendered without a warning #packaging", function ()
    if not support.has "ldoc" then support.skip "LDoc is not installed" end
    local directory = support.tmpname()
    support.sh("ldoc --quiet --testing --fatalwarnings "
      .. "--config config.ld --dir " .. directory .. " .")
    local page = read(directory .. "/index.html")
    for name in pairs(exported()) do
      assert(page:find('name = "' .. name .. '"', 1, true), name)
    end
  end)
end)

describe("the annotations", function ()
  it("have every exported function", function ()
    assert.same({}, missing(exported(), annotated()))
  end)

  it("have nothing that is not exported", function ()
    assert.same({}, missing(annotated(), exported()))
  end)

  it("are Lua", function ()
    assert(loadfile "types/sockeye.lua")
  end)

  it("name all parameters that they declare", function ()
    -- function f(a, b) has ---@param a, ---@param b before it.
    local known = {}
    for line in read("types/sockeye.lua"):gmatch "[^\n]+" do
      local parameter = line:match "^%-%-%-@param ([%w_.]+)"
      if parameter then known[parameter] = true end
      local list = line:match "^function [%w_]+[.:][%w_]+%((.-)%)"
      if list then
        for name in list:gmatch "[%w_.]+" do
          assert(known[name], line .. ": no ---@param " .. name)
        end
      end
      if not line:find "^%-%-%-" then known = {} end
    end
  end)
end)
