/*
** field.h: checks of the fields of a table argument, as argument.h has them
** for arguments.
**
** The table is the argument at index 2, which `item` > 0 makes its item'th
** message.  Every access is raw: no metamethod runs.  All raise on misuse,
** naming the field.
*/

#ifndef sockeye_field_h
#define sockeye_field_h

#include <lua.h>

/* Pushes t[key] and returns its type; t is an absolute index. */
int sk_field (lua_State *L, int t, const char *key);
/* Pushes the field's name for messages: "key", or "[item].key". */
const char *sk_fieldname (lua_State *L, int item, const char *key);

/* These are about the value on the top. */

/* An integer in lo..hi. */
lua_Integer sk_fieldint (lua_State *L, const char *what, lua_Integer lo,
                         lua_Integer hi);
/* Flags: nil, a name, a number, or a list of names and numbers. */
int sk_fieldflags (lua_State *L, const char *what);
/* The length of a list; raises for any key but 1..n. */
int sk_fieldlist (lua_State *L, const char *what);
/* Raises "string expected, got nil". */
int sk_fieldtype (lua_State *L, const char *what, const char *expected);

/* Refuses keys of the table at the absolute index t that are not in the
** NULL-terminated list; `what` may be NULL. */
void sk_fieldkeys (lua_State *L, int t, const char *what,
                   const char *const keys[]);

#endif
