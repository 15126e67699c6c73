/*
** wait.c: the one place where a call waits.
**
** Three ways to wait, for one kind of call: a task yields to the loop; outside
** of tasks, and where a task cannot yield, the loop is turned until it is over;
** and while there is no task at all, ppoll waits for the one descriptor.
*/

#include <errno.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "argument.h"
#include "error.h"
#include "hook.h"
#include "loop.h"
#include "wait.h"

/* How long SK_PAUSE waits before it tries again, in ns. */
#define PAUSE 5000000

/* A deadline not yet taken: it is taken at the first EAGAIN, so that a call
** which does not wait never reads the clock. */
#define UNSET (-1)


int sk_notyet (int err) {
  if (err == EAGAIN || err == EWOULDBLOCK)
    return SK_AGAIN;
  return (err == EINTR) ? SK_INTR : 0;
}


void sk_watchinit (lua_State *L, sk_Watch *w) {
  w->fd = -1;
  w->slot = -1;
  w->generation = 0;
  w->timeout = SK_NEVER;
  w->loop = sk_getloop(L);
  w->reader = w->writer = NULL;
}


/*
** {==================================================================
** Who waits for a descriptor
** ===================================================================
*/

int sk_unwatch (sk_Watch *w) {
  int fd = w->fd;
  if (fd >= 0 && w->loop->open) {  /* else the state closes: no one waits */
    sk_pollerforget(&w->loop->poller, w);
    if (w->reader != NULL)
      sk_wake(w->loop, w->reader, SK_CLOSED);
    if (w->writer != NULL)
      sk_wake(w->loop, w->writer, SK_CLOSED);
  }
  w->loop->closes++;
  w->fd = -1;
  return fd;
}


static int istaken (const sk_Waiter *w) {
  return w != NULL && w->state != SK_ENDED;
}


/* One reader and one writer for each descriptor: two would take each other's
** bytes in an order that nobody decided. */
void sk_checkfree (lua_State *L, const sk_Watch *w, int what,
                   const char *name) {
  if ((what & SK_READS) && istaken(w->reader))
    luaL_error(L, "%s: another task is already reading from this socket",
               name);
  if ((what & SK_WRITE) && istaken(w->writer))
    luaL_error(L, "%s: another task is already writing to this socket", name);
}


void sk_occupy (sk_Watch *w, int what, sk_Waiter *me) {
  if (what & SK_READS)
    w->reader = me;
  if (what & SK_WRITE)
    w->writer = me;
}


void sk_release (sk_Watch *w, const sk_Waiter *me) {
  if (w->reader == me)
    w->reader = NULL;
  if (w->writer == me)
    w->writer = NULL;
}

/* }================================================================== */


/*
** {==================================================================
** Waiting without tasks
** ===================================================================
*/

short sk_pollevents (int what) {
  return (short)(((what & SK_READ) ? POLLIN : 0) |
                 ((what & SK_WRITE) ? POLLOUT : 0) |
                 ((what & SK_URGENT) ? POLLPRI : 0));
}


static int passed (sk_Loop *loop, int64_t deadline) {
  return deadline != SK_NEVER && sk_now(loop) >= deadline;
}


/* What sleepon returns besides ppoll's result. */
#define RAISED (-2)   /* a hook raised the error on the top */
#define CHANGED (-3)  /* a hook closed a descriptor or started a task */


/* ppoll until `deadline`, leaving errno. */
static int sleepon (lua_State *L, sk_Loop *loop, struct pollfd *fds, nfds_t n,
                    int64_t deadline) {
  struct timespec ts;
  sigset_t mask;
  unsigned closes = loop->closes;
  int r, err;
  if (sk_beforesleep(L, loop->mainthread, &mask) != LUA_OK)
    return RAISED;
  if (loop->closes != closes || loop->ntasks > 0) {
    sk_aftersleep(&mask);
    return CHANGED;
  }
  if (deadline != SK_NEVER) {
    int64_t left = deadline - sk_now(loop);
    if (left < 0) left = 0;
    ts.tv_sec = (time_t)(left / 1000000000);
    ts.tv_nsec = (long)(left % 1000000000);
  }
  r = sys_ppoll(fds, n, (deadline == SK_NEVER) ? NULL : &ts, &mask);
  err = errno;
  sk_aftersleep(&mask);
  errno = err;
  return r;
}


int sk_sleepuntil (lua_State *L, sk_Loop *loop, struct pollfd *fds, nfds_t n,
                   int64_t deadline) {
  for (;;) {
    int r = sleepon(L, loop, fds, n, deadline);
    if (r == RAISED)
      return sk_interrupt(L, loop);
    if (r == 0)
      return SK_TIMEDOUT;
    if (r != -1 || errno != EINTR)
      return SK_READY;  /* for an error, the call tried next tells */
    if (passed(loop, deadline))
      return SK_TIMEDOUT;
  }
}


/* *level is set when only an error was reported: ppoll would do so again, for
** as long as nobody empties the error queue. */
static int waitsleeping (lua_State *L, sk_Watch *w, int what,
                         int64_t deadline, int *level) {
  struct pollfd pfd;
  int outcome;
  pfd.fd = w->fd;
  pfd.events = sk_pollevents(what);
  pfd.revents = 0;
  outcome = sk_sleepuntil(L, w->loop, &pfd, (what != 0), deadline);
  *level = (pfd.revents == POLLERR);
  return outcome;
}

/* }================================================================== */


/*
** {==================================================================
** Operations
** ===================================================================
*/

static int perform_k (lua_State *L, int status, lua_KContext ctx);
static int perform (lua_State *L, sk_Watch *w, const sk_Op *op,
                    int64_t timeout, int64_t deadline);


/* Ends an operation that waited in vain. */
static int fail (lua_State *L, const sk_Op *op, const char *reason,
                 const char *code) {
  int n;
  op->subject(L);
  n = sk_failure(L, op->name, lua_gettop(L), reason, code);
  return (op->giveup != NULL) ? op->giveup(L) : n;
}


static int failerrno (lua_State *L, const sk_Op *op, int err) {
  int n;
  op->subject(L);
  n = sk_error(L, op->name, lua_gettop(L), err);
  return (op->giveup != NULL) ? op->giveup(L) : n;
}


/* What perform_k needs, above the operation's own values. */
static void pushwait (lua_State *L, sk_Waiter *me, int64_t deadline) {
  lua_pushinteger(L, deadline);
  lua_pushlightuserdata(L, me);
}


/* Waits with the loop; the outcome, or a negative errno.  May yield. */
static int waitparked (lua_State *L, sk_Watch *w, const sk_Op *op, int what,
                       int64_t deadline, int64_t until) {
  sk_Waiter *me = sk_whowaits(L, w->loop);
  int err, status;
  if (what != 0 && (err = sk_pollerwatch(&w->loop->poller, w, what)) != 0)
    return -err;
  sk_occupy(w, what, me);
  pushwait(L, me, deadline);
  status = sk_park(L, w->loop, me, until, (lua_KContext)op, perform_k);
  sk_release(w, me);
  if (status != LUA_OK)
    return lua_error(L);
  lua_pop(L, 2);
  return sk_parkedas(L, me);
}


/* Lets others run first, as if the call had had to wait. */
static int giveway (lua_State *L, sk_Watch *w, const sk_Op *op,
                    int64_t deadline) {
  sk_Waiter *me = sk_whowaits(L, w->loop);
  pushwait(L, me, deadline);
  if (sk_giveway(L, w->loop, me, (lua_KContext)op, perform_k) != LUA_OK)
    return lua_error(L);
  lua_pop(L, 2);
  sk_parkedas(L, me);
  return perform(L, w, op, SK_NEVER, deadline);
}


static void runhooks (lua_State *L, sk_Loop *loop) {
  sigset_t mask;
  if (sk_beforesleep(L, loop->mainthread, &mask) != LUA_OK)
    sk_interrupt(L, loop);
  sk_aftersleep(&mask);
}


/* Waits as the attempt's result `r` asks; the outcome, or a negative errno. */
static int waitonce (lua_State *L, sk_Watch *w, const sk_Op *op, int r,
                     int64_t deadline, int *level) {
  int what = (r == SK_PAUSE) ? 0 : op->what;
  int64_t until = deadline;
  int outcome;
  if (r == SK_PAUSE && sk_deadline(w->loop, PAUSE) < deadline)
    until = sk_deadline(w->loop, PAUSE);
  if (w->loop->ntasks == 0 && !*level)
    outcome = waitsleeping(L, w, what, until, level);
  else
    outcome = waitparked(L, w, op, what, deadline, until);
  return (outcome == SK_TIMEDOUT && until != deadline) ? SK_READY : outcome;
}


/* `deadline` is SK_NEVER, UNSET, or what is left of an earlier part. */
static int perform (lua_State *L, sk_Watch *w, const sk_Op *op,
                    int64_t timeout, int64_t deadline) {
  int level = 0;
  for (;;) {
    int outcome;
    int r = op->attempt(L, w);
    if (r >= 0)
      return r;
    if (deadline == UNSET)
      deadline = (timeout == 0) ? 0 : sk_deadline(w->loop, timeout);
    if (r == SK_INTR)
      runhooks(L, w->loop);
    if ((r != SK_INTR || deadline != 0) && passed(w->loop, deadline))
      return fail(L, op, "timed out", SK_ETIMEOUT);
    if (r == SK_INTR)
      continue;
    outcome = waitonce(L, w, op, r, deadline, &level);
    if (outcome < 0)
      return failerrno(L, op, -outcome);
    if (outcome == SK_CLOSED)
      return fail(L, op, "closed", SK_ECLOSED);
    if (outcome == SK_TIMEDOUT)
      return fail(L, op, "timed out", SK_ETIMEOUT);
  }
}


/* Goes on when the wait is over. */
static int perform_k (lua_State *L, int status, lua_KContext ctx) {
  const sk_Op *op = (const sk_Op *)ctx;
  sk_Watch *w = lua_touserdata(L, 1);
  sk_Waiter *me = lua_touserdata(L, -1);
  int64_t deadline = (int64_t)lua_tointeger(L, -2);
  int outcome;
  (void)status;
  lua_pop(L, 2);
  sk_release(w, me);
  outcome = sk_parkedas(L, me);
  if (outcome == SK_CLOSED)
    return fail(L, op, "closed", SK_ECLOSED);
  /* a pause ends by its own time limit; perform knows the deadline */
  if (outcome == SK_TIMEDOUT && deadline != SK_NEVER &&
      sk_now(w->loop) >= deadline)
    return fail(L, op, "timed out", SK_ETIMEOUT);
  return perform(L, w, op, SK_NEVER, deadline);
}


int sk_performwithin (lua_State *L, sk_Watch *w, const sk_Op *op,
                      int64_t timeout) {
  sk_checkfree(L, w, op->what, op->name);
  if (sk_mustgiveway(L, w->loop))
    return giveway(L, w, op, sk_deadline(w->loop, timeout));
  return perform(L, w, op, timeout, UNSET);
}


int sk_perform (lua_State *L, sk_Watch *w, const sk_Op *op) {
  return sk_performwithin(L, w, op, w->timeout);
}

/* }================================================================== */
