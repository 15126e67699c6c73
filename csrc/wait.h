/*
** wait.h: the one place where a call waits.
**
** A method that may have to wait is an operation: an attempt, which makes the
** system call once and says whether it is done.  sk_perform tries it, parks
** the caller while the kernel says EAGAIN, and tries again, so that no method
** has a loop of its own.
*/

#ifndef sockeye_wait_h
#define sockeye_wait_h

#include <lua.h>
#include <stdint.h>

#include "argument.h"
#include "sys.h"

struct sk_Loop;
struct sk_Waiter;

/* What to wait for; bits.  Errors and hang-ups always end a wait. */
#define SK_READ 1
#define SK_WRITE 2
#define SK_URGENT 4    /* out-of-band data */
#define SK_ERRQUEUE 8  /* only an error: the error queue has something */
/* Those for which there can be one waiter, the reader. */
#define SK_READS (SK_READ | SK_URGENT | SK_ERRQUEUE)

/*
** Something with a descriptor that can be waited for.  A userdata whose
** methods wait begins with one.
*/
typedef struct sk_Watch {
  int fd;                       /* -1 when closed */
  int slot;                     /* the poll backend's place for it, or -1 */
  unsigned generation;          /* of the poller it is registered with, or 0 */
  int64_t timeout;              /* ns for one operation, SK_NEVER for none */
  struct sk_Loop *loop;
  struct sk_Waiter *reader;     /* who waits for one of SK_READS */
  struct sk_Waiter *writer;     /* who waits for SK_WRITE */
} sk_Watch;

/* What an attempt returns when it is not done; otherwise it returns its number
** of results, failures included. */
#define SK_AGAIN (-1) /* wait until the descriptor is ready (EAGAIN) */
#define SK_INTR (-2)  /* interrupted: let hooks run and try again (EINTR) */
#define SK_PAUSE (-3) /* try again a little later: nothing tells when */

/*
** An operation.  The object is at stack index 1, the arguments follow; the
** stack stays as the attempt leaves it, so state between attempts lives at
** absolute indexes.  An attempt that returns SK_AGAIN, SK_INTR or SK_PAUSE
** leaves the stack's height as it found it, and does not rely on the top.
*/
typedef struct sk_Op {
  const char *name;                          /* for messages */
  int what;                                  /* SK_READ, SK_WRITE or both */
  int (*attempt) (lua_State *L, sk_Watch *w);
  void (*subject) (lua_State *L);            /* pushes what messages name */
  int (*giveup) (lua_State *L);  /* nil, message, code are on top: may change
                                    them; returns the number of results */
} sk_Op;

/* Performs op on the object at index 1 with its own timeout; in a lua_CFunction:
** return sk_perform(L, w, &op).  May yield. */
int sk_perform (lua_State *L, sk_Watch *w, const sk_Op *op);
/* The same with a timeout of the call's own, in ns or SK_NEVER. */
int sk_performwithin (lua_State *L, sk_Watch *w, const sk_Op *op,
                      int64_t timeout);

/* SK_AGAIN or SK_INTR for errno values that mean so, else 0. */
int sk_notyet (int err);

void sk_watchinit (lua_State *L, sk_Watch *w);
/* Unregisters w and wakes who waits for it with "closed", then hands over the
** descriptor (-1 when there is none), which is the caller's to close. */
int sk_unwatch (sk_Watch *w);

/*
** The parts that sk_perform is made of, for core.poll, which waits for many.
*/

/* Raises when somebody else already waits for `what` on w. */
void sk_checkfree (lua_State *L, const sk_Watch *w, int what,
                   const char *name);
void sk_occupy (sk_Watch *w, int what, struct sk_Waiter *me);
void sk_release (sk_Watch *w, const struct sk_Waiter *me);
/* poll's bits for SK_READ... */
short sk_pollevents (int what);
/* Sleeps in ppoll, while there is no task, until a descriptor is ready:
** SK_READY or SK_TIMEDOUT. Raises what Ctrl-C raises. */
int sk_sleepuntil (lua_State *L, struct sk_Loop *loop, struct pollfd *fds,
                   nfds_t n, int64_t deadline);

#endif
