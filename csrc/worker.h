/*
** worker.h: work that blocks, done on threads of its own.
**
** For library calls that cannot be interrupted and have no descriptor to wait
** for (getaddrinfo).  The caller waits for the job as for a socket.
*/

#ifndef sockeye_worker_h
#define sockeye_worker_h

#include <lua.h>
#include <stdatomic.h>
#include <stddef.h>

#include "wait.h"

struct sk_Pool;

/*
** What a worker does.  It belongs to the job and to the pool, and whoever
** lets go of it last frees it: a caller that gave up, or whose state closed,
** leaves it to a worker that is still inside of the call (trap T24).  A kind
** of work is a struct that begins with one.
*/
typedef struct sk_Work {
  void (*run) (struct sk_Work *w);     /* on the worker: no Lua API */
  void (*release) (struct sk_Work *w); /* frees what it holds, not itself */
  struct sk_Pool *pool;                /* NULL when it was never started */
  struct sk_Work *next, **link;        /* its place in the queue, or NULL */
  atomic_uint owners;
  atomic_bool done;
  int notifier;                        /* a duplicate of its own, or -1 */
} sk_Work;

/* A userdata: the caller's side. */
typedef struct sk_Job {
  sk_Watch watch; /* first; readable when the work is done */
  sk_Work *work;
} sk_Job;

/* Pushes a job without work. */
sk_Job *sk_newjob (lua_State *L);
/* Gives the job its work, `size` bytes that begin with a sk_Work, all zero.
** NULL without memory.  No Lua API: cannot raise. */
void *sk_newwork (sk_Job *job, size_t size, void (*run) (sk_Work *w),
                  void (*release) (sk_Work *w));
/* Hands the work to a worker.  0 or an errno. */
int sk_startjob (lua_State *L, sk_Job *job);
/* Does the work here and now instead. */
void sk_runjob (sk_Job *job);
/* 0 or, in a child made by fork, which has no workers, ECHILD. */
int sk_joblost (const sk_Job *job);
int sk_jobdone (const sk_Job *job);
/* Lets go of the work and the descriptor.  Idempotent. */
void sk_dropjob (sk_Job *job);

/* Prepares a state; called once, before all others. */
void sk_openworker (lua_State *L);

#endif
