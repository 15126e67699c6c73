/*
** hook.h: Ctrl-C while a call waits.
*/

#ifndef sockeye_hook_h
#define sockeye_hook_h

#include <lua.h>

#include "sys.h"

/* Whether the main thread has a hook that any call would run. */
int sk_hookpending (lua_State *mainthread);

/*
** Around a sleep: blocks SIGINT, and lets a debug hook that is pending on the
** main thread run, on L, so that no press of Ctrl-C falls between the check and
** the sleep; the sleep itself is given `mask`, under which SIGINT may arrive.
** When the hook raised, sk_beforesleep returns another status than LUA_OK, the
** signal mask is as before, and the error is on the top; never raises itself.
*/
int sk_beforesleep (lua_State *L, lua_State *mainthread, sigset_t *mask);
void sk_aftersleep (const sigset_t *mask);

#endif
