/*
** resolve.h: what resolve.c is made of.
*/

#ifndef sockeye_resolve_h
#define sockeye_resolve_h

#include <lua.h>

/* Adds services and protocols to the table on top; sk_openresolve calls it. */
void sk_openservice (lua_State *L);

#endif
