/*
** raises.h: tells clang-tidy what never returns, so that it does not follow
** paths that are none.  (Lua's functions that raise are declared as returning
** an int, for "return luaL_error(...)".)
*/

#include <lauxlib.h>
#include <lua.h>

__attribute__((noreturn)) int luaL_error (lua_State *L, const char *fmt, ...);
__attribute__((noreturn)) int luaL_argerror (lua_State *L, int arg,
                                             const char *msg);
__attribute__((noreturn)) int luaL_typeerror (lua_State *L, int arg,
                                              const char *name);
__attribute__((noreturn)) int lua_error (lua_State *L);
__attribute__((noreturn)) int sk_badarg (lua_State *L, int arg,
                                         const char *what, const char *fmt,
                                         ...);
__attribute__((noreturn)) int sk_fieldtype (lua_State *L, const char *what,
                                            const char *expected);
