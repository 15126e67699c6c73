/*
** argument.h: checks of arguments, stricter than lauxlib's.
**
** luaL_checkinteger takes "80" and 80.0, and the casts that usually follow
** wrap.  These take integers only, test the range, and name the argument.
** All of them raise on misuse.
*/

#ifndef sockeye_argument_h
#define sockeye_argument_h

#include <limits.h>
#include <lua.h>
#include <stdint.h>

/* A deadline or a timeout that never comes. */
#define SK_NEVER INT64_MAX

/* An integer in lo..hi; `what` is the argument's name for the message. */
lua_Integer sk_checkint (lua_State *L, int arg, lua_Integer lo,
                         lua_Integer hi, const char *what);
lua_Integer sk_optint (lua_State *L, int arg, lua_Integer def,
                       lua_Integer lo, lua_Integer hi, const char *what);

/* A true string (numbers are refused), any bytes. */
const char *sk_checkbytes (lua_State *L, int arg, size_t *len,
                           const char *what);
/* A string without NUL bytes, for the C library. */
const char *sk_checktext (lua_State *L, int arg, const char *what);

void sk_checktable (lua_State *L, int arg, const char *what);
int sk_checkbool (lua_State *L, int arg, const char *what);

/* Seconds as nanoseconds: nil or none is SK_NEVER, huge values saturate,
** negative ones and NaN raise. */
int64_t sk_checkseconds (lua_State *L, int arg, const char *what);
void sk_pushseconds (lua_State *L, int64_t ns);

/* Raises "bad argument #arg to 'f' (what: problem)"; never returns. */
int sk_badarg (lua_State *L, int arg, const char *what, const char *fmt, ...);

/* Refuses by name every string key of the table at `arg` that is not in the
** NULL-terminated list; other keys are refused too. */
void sk_checkkeys (lua_State *L, int arg, const char *const keys[]);

#endif
