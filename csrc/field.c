/*
** field.c: checks of the fields of a table argument.
*/

#include <limits.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "argument.h"
#include "constant.h"
#include "field.h"
#include "sys.h"


int sk_field (lua_State *L, int t, const char *key) {
  lua_pushstring(L, key);
  lua_rawget(L, t);
  return lua_type(L, -1);
}


const char *sk_fieldname (lua_State *L, int item, const char *key) {
  return (item == 0) ? lua_pushstring(L, key)
                     : lua_pushfstring(L, "[%d].%s", item, key);
}


int sk_fieldtype (lua_State *L, const char *what, const char *expected) {
  return sk_badarg(L, 2, what, "%s expected, got %s", expected,
                   luaL_typename(L, -1));
}


lua_Integer sk_fieldint (lua_State *L, const char *what, lua_Integer lo,
                         lua_Integer hi) {
  lua_Integer n;
  if (!lua_isinteger(L, -1)) {
    if (lua_type(L, -1) == LUA_TNUMBER)
      sk_badarg(L, 2, what, "integer expected, got %f", lua_tonumber(L, -1));
    sk_fieldtype(L, what, "integer");
  }
  n = lua_tointeger(L, -1);
  if (n < lo || n > hi)
    sk_badarg(L, 2, what, "%I is out of range (%I to %I)", (LUAI_UACINT)n,
              (LUAI_UACINT)lo, (LUAI_UACINT)hi);
  return n;
}


static int flagof (lua_State *L, const char *what) {
  const sk_Constant *c = sk_msgflags;
  const char *name;
  size_t len;
  if (lua_type(L, -1) == LUA_TNUMBER)
    return (int)sk_fieldint(L, what, 0, INT_MAX);
  if (lua_type(L, -1) != LUA_TSTRING)
    sk_fieldtype(L, what, "name or integer");
  name = lua_tolstring(L, -1, &len);
  while (c->name != NULL && (strlen(c->name) != len ||
                             memcmp(c->name, name, len) != 0))
    c++;
  if (c->name == NULL)
    return sk_badarg(L, 2, what, "unknown name '%s'", name);
  return c->value;
}


int sk_fieldflags (lua_State *L, const char *what) {
  int flags = 0;
  if (lua_isnil(L, -1))
    return 0;
  if (!lua_istable(L, -1))
    flags = flagof(L, what);
  else {
    int i, n = sk_fieldlist(L, what);
    for (i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      flags |= flagof(L, what);
      lua_pop(L, 1);
    }
  }
#if defined(MSG_ZEROCOPY)
  if (flags & MSG_ZEROCOPY)
    sk_badarg(L, 2, what, "zerocopy is refused: the kernel would read the "
                          "string after Lua may have freed it");
#endif
  return flags;
}


/* {a, nil, c} would otherwise be a shorter list than was meant. */
int sk_fieldlist (lua_State *L, const char *what) {
  lua_Unsigned n = lua_rawlen(L, -1), keys = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    lua_pop(L, 1);
    if (!lua_isinteger(L, -1) || (lua_Unsigned)lua_tointeger(L, -1) - 1 >= n)
      sk_badarg(L, 2, what, "unknown key '%s' in a list",
                luaL_tolstring(L, -1, NULL));
    keys++;
  }
  if (keys != n || n > INT_MAX / 2)
    sk_badarg(L, 2, what, "list with holes");
  return (int)n;
}


void sk_fieldkeys (lua_State *L, int t, const char *what,
                   const char *const keys[]) {
  const char *const *k;
  lua_pushnil(L);
  while (lua_next(L, t)) {
    lua_pop(L, 1);
    for (k = keys; *k != NULL; k++) {
      int same;
      lua_pushstring(L, *k);
      same = lua_rawequal(L, -1, -2);
      lua_pop(L, 1);
      if (same) break;
    }
    if (*k == NULL)
      sk_badarg(L, 2, what, "unknown key '%s'", luaL_tolstring(L, -1, NULL));
  }
}
