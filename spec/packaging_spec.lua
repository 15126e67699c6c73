-- What is installed, and how: the rock and make install.
local support = require "spec.support"

-- The rockspec's fields.
local function rockspec()
  local fields = {}
  assert(loadfile("sockeye-scm-1.rockspec", "t", fields))()
  return fields
end

local function lines(command)
  local list = {}
  for line in support.sh(command):gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  table.sort(list)
  return list
end

-- A copy of what is installed from, for LuaRocks builds among the sources.
local function copy()
  local directory = support.tmpname()
  support.sh(("mkdir %s && cp -r Makefile .ci *.rockspec csrc spec %s")
             :format(directory, directory))
  -- Git keeps no empty directories: these need not be there.
  for _, name in ipairs { "lua", "bin" } do
    support.sh(("! [ -d %s ] || cp -r %s %s"):format(name, name, directory))
  end
  return directory
end

local LUAROCKS = "luarocks --lua-version=5.4 "

-- Runs Lua in a process that finds modules below the directory only.
local function lua(directory, code)
  local p <close> = support.spawn({ "env", "-u", "LUA_INIT",
    ("LUA_PATH=%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/init.lua")
      :format(directory, directory),
    ("LUA_CPATH=%s/lib/lua/5.4/?.so"):format(directory),
    support.interpreter(), "-e", code }, true)
  return p:succeed()
end

local USE = [[
  local core = require "sockeye.core"
  local a, b = assert(core.socketpair("unix", "stream"))
  assert(a:send "ping" == 4)
  print(b:recv())
]]

local LOAD = [[
  for _, name in ipairs { %s } do assert(require(name)) end
  print "all"
]]

describe("the rockspec", function ()
  it("names every C file there is", function ()
    local sources = rockspec().build.modules["sockeye.core"].sources
    local listed = table.move(sources, 1, #sources, 1, {})
    table.sort(listed)
    assert.same(lines "ls csrc/*.c", listed)
  end)

  it("names every Lua module there is", function ()
    local listed = {}
    for name, what in pairs(rockspec().build.modules) do
      if type(what) == "string" then
        listed[#listed + 1] = what
        local expected = what:gsub("^lua/", ""):gsub("%.lua$", "")
                             :gsub("/init$", ""):gsub("/", ".")
        assert.equal(expected, name)
      end
    end
    table.sort(listed)
    assert.same(lines "find lua -name '*.lua' 2>/dev/null || true", listed)
  end)

  it("names every program there is", function ()
    local listed = (rockspec().build.install or {}).bin or {}
    local there = lines "ls -d bin/* 2>/dev/null || true"
    assert.same(there, listed)
  end)
end)

describe("the rock #packaging", function ()
  local directory, tree

  setup(function ()
    if not support.has "luarocks" then return end
    directory = copy()
    tree = support.tmpname()
    support.sh(("cd %s && %s make --tree=%s sockeye-scm-1.rockspec")
               :format(directory, LUAROCKS, tree))
  end)

  before_each(function ()
    if not tree then pending "luarocks is not installed" end
  end)

  it("is built by luarocks make, and works", function ()
    assert.equal("ping\n", lua(tree, USE))
  end)

  it("has every module", function ()
    local names = {}
    for name in pairs(rockspec().build.modules) do
      names[#names + 1] = ("%q"):format(name)
    end
    assert.equal("all\n", lua(tree, LOAD:format(table.concat(names, ", "))))
  end)

  it("installs from a directory as a server, without a network", function ()
    local server, other = support.tmpname(), support.tmpname()
    support.sh(("mkdir %s && cd %s && %s pack --tree=%s sockeye")
               :format(server, server, LUAROCKS, tree))
    support.sh("luarocks-admin --lua-version=5.4 make_manifest " .. server)
    support.netns(function ()
      support.sh(("cd / && %s install --only-server=%s --tree=%s sockeye")
                 :format(LUAROCKS, server, other))
    end)
    assert.equal("ping\n", lua(other, USE))
  end)

  it("is taken away by luarocks remove", function ()
    support.sh(("%s remove --tree=%s sockeye"):format(LUAROCKS, tree))
    assert.same({}, lines(("find %s -path '*lua/5.4*' -type f"):format(tree)))
  end)
end)

describe("make install #packaging", function ()
  local function make(goal, root)
    support.sh(("env -u MAKEFLAGS -u MAKELEVEL make %s DESTDIR=%s "
                .. "PREFIX=/opt/x LUA='%s'")
               :format(goal, root, support.interpreter()))
  end

  it("honours PREFIX and DESTDIR; uninstall takes all away", function ()
    local root = support.tmpname()
    make("install", root)
    assert.equal("ping\n", lua(root .. "/opt/x", USE))
    make("uninstall", root)
    assert.same({}, lines(("find %s -type f"):format(root)))
  end)
end)

describe("the module", function ()
  it("exports only its luaopen function", function ()
    if not support.has "nm" then support.skip "nm is not installed" end
    local names = {}
    local path = package.searchpath("sockeye.core", package.cpath)
    for line in support.sh("nm -D --defined-only " .. path):gmatch "[^\n]+" do
      local name = line:match "(%S+)$"
      if not name:find "^_" and not name:find "asan" then
        names[#names + 1] = name
      end
    end
    assert.same({ "luaopen_sockeye_core" }, names)
  end)

  it("can be loaded again, as a package manager of code would", function ()
    local old = package.loaded["sockeye.core"]
    finally(function () package.loaded["sockeye.core"] = old end)
    package.loaded["sockeye.core"] = nil
    local core = require "sockeye.core"
    local a <close>, b = assert(core.socketpair("unix", "stream"))
    local c <close> = b
    assert(a:send "x")
    assert.equal("x", (c:recv()))
  end)
end)
