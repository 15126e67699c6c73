std = "lua54"
max_line_length = 80
exclude_files = { "build", "lua_modules", ".luarocks" }

files["spec"] = { std = "+busted" }
files["types"] = { ignore = { "" } } -- declarations, not code
files[".busted"] = { std = "lua54" }
files["*.rockspec"] = { std = "rockspec" }
files["config.ld"] = { std = "ldoc" }
