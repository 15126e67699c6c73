/*
** loop.h: one turn: ready list, timers, resume.
*/

#ifndef sockeye_loop_h
#define sockeye_loop_h

#include <lua.h>

#include "poller.h"

/* How deep turns may nest: Lua's C stack gives out near 40 (trap T34). */
#define SK_DEPTH 8

/* Room for what a call receives before its length is known. */
#define SK_SCRATCH 65536

/* How a wait stands, or how it ended. */
enum {
  SK_RUNNING,   /* not waiting */
  SK_PARKED,    /* waiting */
  SK_READY,
  SK_TIMEDOUT,
  SK_CLOSED,
  SK_ENDED      /* whoever waited is gone */
};

/* Somebody who waits, for one thing at a time: a task, or a turn that was
** started where nothing can yield. */
typedef struct sk_Waiter {
  struct sk_Waiter *next;  /* in the ready list */
  struct sk_Task *task;    /* NULL: a nested turn */
  int64_t deadline;        /* when to give up, SK_NEVER */
  int64_t key;             /* its deadline as the timer heap knows it */
  int heapindex;           /* -1: not in the heap */
  unsigned char state;
  unsigned char queued;    /* is in the ready list */
} sk_Waiter;

/* All that one Lua state shares.  A userdata in the registry. */
typedef struct sk_Loop {
  sk_Poller poller;
  lua_State *mainthread;
  struct sk_Task *running;      /* the task that runs, NULL outside of tasks */
  sk_Waiter *ready, **readytail;
  int nready;
  sk_Waiter **heap;             /* timers, the earliest first */
  int nheap, heapsize;
  int ntasks;                   /* not yet finished */
  int depth;                    /* of nested turns */
  int resumes;                  /* tasks that are being resumed, nested */
  int budget;                   /* calls until the running task gives way */
  unsigned generation;          /* the poller's, as the waiters know it */
  unsigned closes;              /* counts descriptors that were closed */
  int interrupted;              /* Ctrl-C is on its way to the outermost turn */
  int open;
  sk_Waiter driver[SK_DEPTH];
  char scratch[SK_SCRATCH];
} sk_Loop;

sk_Loop *sk_getloop (lua_State *L);
/* Raises when the state is being closed, and nothing can wait any more. */
void sk_checkloop (lua_State *L, const sk_Loop *loop);

/* ns on a clock that never jumps: the one place where time is read. */
int64_t sk_now (sk_Loop *loop);
/* Now plus a timeout; saturates. */
int64_t sk_deadline (sk_Loop *loop, int64_t timeout);

/*
** Parks the caller until it is woken, at the latest at `deadline`.  The caller
** has stored the waiter (sk_whowaits) where its wake-up comes from.  Either
** yields, and then `k` is called when it is over, or returns after nested
** turns; in both cases sk_parkedas tells how it ended, once.  (`k` must know
** the waiter by itself: sk_whowaits may then tell another one.)  A wait that
** ends as SK_READY may have ended for nothing: try again.  Another result than
** LUA_OK: a debug hook ended the wait, and its error is on the top, for the
** caller to raise when it has taken its waiter back.
*/
sk_Waiter *sk_whowaits (lua_State *L, sk_Loop *loop);
int sk_park (lua_State *L, sk_Loop *loop, sk_Waiter *me, int64_t deadline,
             lua_KContext ctx, lua_KFunction k);
/* Like sk_park, but only lets others run, and ends as SK_READY or
** SK_TIMEDOUT. */
int sk_giveway (lua_State *L, sk_Loop *loop, sk_Waiter *me, lua_KContext ctx,
                lua_KFunction k);
/* Raises in a task that somebody else than the loop resumed while it waited;
** the caller has taken its waiter back before. */
int sk_parkedas (lua_State *L, sk_Waiter *me);

/* Ends a wait; does nothing when the waiter is not parked. Queued, never run
** from here. */
void sk_wake (sk_Loop *loop, sk_Waiter *w, int state);
void sk_enqueue (sk_Loop *loop, sk_Waiter *w);
void sk_unqueue (sk_Loop *loop, sk_Waiter *w);

/* Whether so many calls were made without a wait that others must run
** before the next one. */
int sk_mustgiveway (lua_State *L, sk_Loop *loop);
/* n bytes moved without a wait, which counts as well. */
#define sk_moved(loop, n) ((loop)->budget -= (int)((n) >> 12))

/* Raises the error on the top, which a debug hook raised in a wait, and sees
** to it that all turns around this one end with it, too: when a task drives
** the loop from within, Ctrl-C is meant for who waits for the task. */
int sk_interrupt (lua_State *L, sk_Loop *loop);

void sk_openloop (lua_State *L);  /* adds loop to the table on top */

#endif
