/*
** argument.c: checks of arguments, stricter than lauxlib's.
*/

#include <lauxlib.h>
#include <lua.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "argument.h"

#define NSPERSECOND INT64_C(1000000000)

/* The first power of two that an int64_t does not hold, as a float. */
#define TWOTO63 9223372036854775808.0


/* The type's name as luaL_typeerror gives it. */
static const char *typename (lua_State *L, int arg) {
  if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING)
    return lua_tostring(L, -1);
  if (lua_type(L, arg) == LUA_TLIGHTUSERDATA) return "light userdata";
  return luaL_typename(L, arg);
}


int sk_badarg (lua_State *L, int arg, const char *what, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  const char *problem = lua_pushvfstring(L, fmt, ap);
  va_end(ap);
  if (what != NULL) problem = lua_pushfstring(L, "%s: %s", what, problem);
  return luaL_argerror(L, arg, problem);
}


static int badtype (lua_State *L, int arg, const char *what,
                    const char *expected) {
  return sk_badarg(L, arg, what, "%s expected, got %s", expected,
                   typename(L, arg));
}


/* T13: no coercion from strings, none from floats. */
static void notinteger (lua_State *L, int arg, const char *what) {
  if (lua_type(L, arg) != LUA_TNUMBER) badtype(L, arg, what, "integer");
  int exact;
  (void)lua_tointegerx(L, arg, &exact);
  if (!exact) sk_badarg(L, arg, what, "number has no integer representation");
  sk_badarg(L, arg, what, "integer expected, got float");
}


lua_Integer sk_checkint (lua_State *L, int arg, lua_Integer lo,
                         lua_Integer hi, const char *what) {
  if (!lua_isinteger(L, arg)) notinteger(L, arg, what);
  lua_Integer n = lua_tointeger(L, arg);
  if (n < lo || n > hi)
    sk_badarg(L, arg, what, "%I is out of range (%I to %I)", (LUAI_UACINT)n,
              (LUAI_UACINT)lo, (LUAI_UACINT)hi);
  return n;
}


lua_Integer sk_optint (lua_State *L, int arg, lua_Integer def,
                       lua_Integer lo, lua_Integer hi, const char *what) {
  if (lua_isnoneornil(L, arg)) return def;
  return sk_checkint(L, arg, lo, hi, what);
}


const char *sk_checkbytes (lua_State *L, int arg, size_t *len,
                           const char *what) {
  if (lua_type(L, arg) != LUA_TSTRING) badtype(L, arg, what, "string");
  return lua_tolstring(L, arg, len);
}


const char *sk_checktext (lua_State *L, int arg, const char *what) {
  size_t len;
  const char *text = sk_checkbytes(L, arg, &len, what);
  if (memchr(text, '\0', len) != NULL)
    sk_badarg(L, arg, what, "string contains a NUL byte");
  return text;
}


void sk_checktable (lua_State *L, int arg, const char *what) {
  if (!lua_istable(L, arg))
    sk_badarg(L, arg, what, "table expected, got %s", luaL_typename(L, arg));
}


int sk_checkbool (lua_State *L, int arg, const char *what) {
  if (!lua_isboolean(L, arg)) badtype(L, arg, what, "boolean");
  return lua_toboolean(L, arg);
}


static int64_t wholeseconds (lua_State *L, int arg, const char *what) {
  lua_Integer n = lua_tointeger(L, arg);
  if (n < 0)
    sk_badarg(L, arg, what, "%I is negative", (LUAI_UACINT)n);
  if (n > SK_NEVER / NSPERSECOND) return SK_NEVER;
  return n * NSPERSECOND;
}


int64_t sk_checkseconds (lua_State *L, int arg, const char *what) {
  if (lua_isnoneornil(L, arg)) return SK_NEVER;
  if (lua_type(L, arg) != LUA_TNUMBER) badtype(L, arg, what, "number");
  if (lua_isinteger(L, arg)) return wholeseconds(L, arg, what);
  double n = (double)lua_tonumber(L, arg);
  if (n != n) sk_badarg(L, arg, what, "not a number (NaN)");
  if (n < 0) sk_badarg(L, arg, what, "%f is negative", (LUAI_UACNUMBER)n);
  /* Rounded to the nearest, so that a timeout reads back as it was given. */
  double ns = n * (double)NSPERSECOND + 0.5;
  if (ns >= TWOTO63) return SK_NEVER; /* T20 */
  if (ns < 1.0) return n > 0; /* 0 would mean "do not wait" */
  return (int64_t)ns;
}


void sk_pushseconds (lua_State *L, int64_t ns) {
  if (ns == SK_NEVER)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)ns / (lua_Number)NSPERSECOND);
}


static int listed (const char *key, size_t len, const char *const keys[]) {
  for (; *keys != NULL; keys++)
    if (strlen(*keys) == len && memcmp(*keys, key, len) == 0) return 1;
  return 0;
}


void sk_checkkeys (lua_State *L, int arg, const char *const keys[]) {
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, arg)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
      sk_badarg(L, arg, NULL, "unknown key [%s]", luaL_tolstring(L, -1, NULL));
    size_t len;
    const char *key = lua_tolstring(L, -1, &len);
    if (!listed(key, len, keys))
      sk_badarg(L, arg, NULL, "unknown key '%s'", key);
  }
}
