/*
** poller.h: readiness of many descriptors: epoll, or poll, behind one
** interface.
*/

#ifndef sockeye_poller_h
#define sockeye_poller_h

#include <lua.h>

#include "sys.h"
#include "wait.h"

struct sk_Backend;

typedef struct sk_Poller {
  const struct sk_Backend *backend;
  unsigned generation;    /* of registrations, from 1 on */
  unsigned char *canary;  /* epoll's: a byte that reads 0 in a forked child */
  pid_t owner;            /* where there is no such byte */
  int fd;                 /* epoll's, or -1 */
  struct pollfd *fds;     /* poll's: what is waited for, */
  sk_Watch **watches;     /* and on whose behalf */
  int n, size;
  int muted;              /* some of them are left out for a moment */
  lua_Alloc alloc;        /* the state's allocator */
  void *allocud;
} sk_Poller;

/* Called for every event, before any Lua code runs; `what` is made of
** SK_READ, SK_WRITE and SK_URGENT. */
void sk_fired (sk_Watch *w, int what);

/* Takes the backend that the environment variable SOCKEYE_POLLER names, else
** the best; opens nothing yet. */
void sk_pollerinit (lua_State *L, sk_Poller *p);
void sk_pollerclose (sk_Poller *p);
const char *sk_pollername (const sk_Poller *p);

/* Opens what sk_pollerwait needs, in a forked child anew; then the generation
** is another one, and nothing is registered.  0 or an errno. */
int sk_pollerready (sk_Poller *p);
/* Makes sure that `what` on w will be reported; 0 or an errno.  Reports edges
** or levels: the caller tries its call before it waits. */
int sk_pollerwatch (sk_Poller *p, sk_Watch *w, int what);
/* Before the descriptor is closed (traps T12, T28). */
void sk_pollerforget (sk_Poller *p, sk_Watch *w);
/* Waits at most `timeout` ns (SK_NEVER, 0) under the signal mask `mask` (NULL:
** as it is) and reports events; 0 or an errno, EINTR among them.  When
** sk_pollerready failed, it only sleeps. */
int sk_pollerwait (sk_Poller *p, int64_t timeout, const sigset_t *mask);

#endif
