/*
** constant.h: names <-> numbers of families, types, protocols and flags.
*/

#ifndef sockeye_constant_h
#define sockeye_constant_h

#include <lua.h>

typedef struct sk_Constant {
  const char *name; /* the lower-case Lua name */
  int value;
} sk_Constant;

/* Each list ends with a NULL name. */
extern const sk_Constant sk_families[];  /* "inet", "unix", ... */
extern const sk_Constant sk_types[];     /* "stream", "dgram", ... */
extern const sk_Constant sk_msgflags[];  /* "peek", "oob", ... */

/* A name of the list, or any integer that fits an int; raises otherwise,
** naming the argument `what`. */
int sk_checkconstant (lua_State *L, int arg, const sk_Constant *list,
                      const char *what);
/* The same, with a default for nil and none. */
int sk_optconstant (lua_State *L, int arg, const sk_Constant *list, int def,
                    const char *what);
/* The name, or NULL. */
const char *sk_constantname (const sk_Constant *list, int value);
/* Pushes the name, or the number itself when it has none. */
void sk_pushconstant (lua_State *L, const sk_Constant *list, int value);

/* Flags of send and receive calls from `arg` on: nil or none, one integer, or
** one or more names.  Returns the index of the argument that follows. */
int sk_checkflags (lua_State *L, int arg, int *flags);
/* Pushes a table {name = true, ...} of the flags set, or nil when none is;
** MSG_CMSG_CLOEXEC, which the kernel hands back, is left out. */
void sk_pushflags (lua_State *L, int flags);

/* Adds the system's constants (AF_INET, SO_RCVBUF, ...) to the table on the
** top of the stack. */
void sk_openconstant (lua_State *L);

#endif
