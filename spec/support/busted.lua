-- busted's command line, wherever its modules are installed (a Debian package
-- and LuaRocks put their scripts into different places and languages).
require "busted.runner" { standalone = false }
