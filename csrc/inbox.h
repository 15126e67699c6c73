/*
** inbox.h: where messages are received.
*/

#ifndef sockeye_inbox_h
#define sockeye_inbox_h

#include <lua.h>
#include <stddef.h>

#include "control.h"

/*
** Made before the system call and owns what that yields: descriptors that have
** come stay in the control data, which the inbox closes, until each has a
** socket.  A memory error in between leaks none (T8).
*/
typedef struct sk_Inbox {
  size_t size;        /* of what follows it, in bytes */
  int live;           /* messages that came: set it right after the call */
  sk_Message *list;   /* ready to be received into */
} sk_Inbox;

/* Pushes an inbox for n messages with so much room for data and for control
** data each: the one last kept if it is large enough, else a new one. */
sk_Inbox *sk_newinbox (lua_State *L, int n, size_t size, size_t room);
/* Closes what was not taken and keeps the inbox at idx for the next call. */
void sk_keepinbox (lua_State *L, int idx);

void sk_openinbox (lua_State *L);

#endif
