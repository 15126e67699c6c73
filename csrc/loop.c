/*
** loop.c: one turn: ready list, timers, resume.
**
** Everything that ends a wait (events, timers, closes, other tasks) appends to
** one ready list, and the turn drains it; nothing is run from within the call
** that wakes it.  All events of one poll enter the list before any Lua code
** runs, for a nested turn would lose the rest under edge triggering (T29).
*/

#include <errno.h>
#include <string.h>

#include <lauxlib.h>

#include "argument.h"
#include "error.h"
#include "hook.h"
#include "loop.h"
#include "task.h"
#include "timer.h"

/* Calls without a wait until others must have run. */
#define BUDGET 256

/* Nested C calls that a task can count on, of Lua's 200. */
#define HEADROOM 10

static const char loopkey = 0;       /* the loop, in the registry */
static const char interruptkey = 0;  /* what Ctrl-C raised */


sk_Loop *sk_getloop (lua_State *L) {
  sk_Loop *loop;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &loopkey);
  loop = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return loop;
}


/* What finalizers opened now, nothing would close. */
void sk_checkloop (lua_State *L, const sk_Loop *loop) {
  if (!loop->open)
    luaL_error(L, "the Lua state is being closed");
}


int64_t sk_now (sk_Loop *loop) {
  struct timespec ts;
  (void)loop;
  sys_clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}


int64_t sk_deadline (sk_Loop *loop, int64_t timeout) {
  int64_t now;
  if (timeout == SK_NEVER)
    return SK_NEVER;
  now = sk_now(loop);
  return (timeout > SK_NEVER - 1 - now) ? SK_NEVER - 1 : now + timeout;
}


/*
** {==================================================================
** The ready list
** ===================================================================
*/

void sk_enqueue (sk_Loop *loop, sk_Waiter *w) {
  if (w->queued) return;
  w->queued = 1;
  w->next = NULL;
  *loop->readytail = w;
  loop->readytail = &w->next;
  loop->nready++;
}


static sk_Waiter *dequeue (sk_Loop *loop) {
  sk_Waiter *w = loop->ready;
  loop->ready = w->next;
  if (loop->ready == NULL)
    loop->readytail = &loop->ready;
  w->queued = 0;
  loop->nready--;
  return w;
}


/* From the middle only when an error ended the wait. */
void sk_unqueue (sk_Loop *loop, sk_Waiter *w) {
  sk_Waiter **link = &loop->ready;
  if (!w->queued) return;
  while (*link != w) link = &(*link)->next;
  *link = w->next;
  if (w->next == NULL)
    loop->readytail = link;
  w->queued = 0;
  loop->nready--;
}


void sk_wake (sk_Loop *loop, sk_Waiter *w, int state) {
  if (w->state != SK_PARKED) return;
  w->state = (unsigned char)state;
  sk_enqueue(loop, w);
}


/* Both stay where they are until they run and take themselves back: somebody
** who came first would get in the middle of what they do. */
void sk_fired (sk_Watch *w, int what) {
  if (w->reader != NULL && (what & SK_READS))
    sk_wake(w->loop, w->reader, SK_READY);
  if (w->writer != NULL && (what & SK_WRITE))
    sk_wake(w->loop, w->writer, SK_READY);
}


static void drain (lua_State *L, sk_Loop *loop) {
  int n = loop->nready;  /* what becomes ready meanwhile has its turn later */
  while (n-- > 0 && loop->nready > 0) {
    sk_Waiter *w = dequeue(loop);
    if (w->task == NULL) continue;
    loop->budget = BUDGET;
    sk_resumetask(L, loop, w->task);
  }
  loop->budget = BUDGET;
}

/* }================================================================== */


/*
** {==================================================================
** Ctrl-C
** ===================================================================
*/

int sk_interrupt (lua_State *L, sk_Loop *loop) {
  /* a hook that is still there comes to the outer turns by itself */
  if (loop->resumes > 0 && !sk_hookpending(loop->mainthread)) {
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &interruptkey);
    loop->interrupted = 1;
  }
  return lua_error(L);
}


static void passinterrupt (lua_State *L, sk_Loop *loop) {
  if (!loop->interrupted) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &interruptkey);
  if (loop->resumes == 0) {  /* it has arrived */
    loop->interrupted = 0;
    lua_pushboolean(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &interruptkey);
  }
  lua_error(L);
}

/* }================================================================== */


/*
** {==================================================================
** Turns
** ===================================================================
*/

/* A forked child has its parent's waiters, but a poller of its own: all of
** them try again and register anew (trap T18). */
static void wakeall (lua_State *L, sk_Loop *loop) {
  int i;
  loop->generation = loop->poller.generation;
  for (i = 0; i < loop->depth; i++)
    sk_wake(loop, &loop->driver[i], SK_READY);
  sk_waketasks(L, loop);
}


static int64_t untilnext (sk_Loop *loop, int64_t deadline) {
  int64_t now;
  int64_t next = sk_nexttimer(loop);
  if (loop->nready > 0)
    return 0;
  if (next < deadline)
    deadline = next;
  if (deadline == SK_NEVER)
    return SK_NEVER;
  now = sk_now(loop);
  return (deadline > now) ? deadline - now : 0;
}


/*
** One turn, which blocks until something happens, at the latest at `deadline`.
** Raises what a debug hook raises, and only where every event and every task
** is accounted for.
*/
static void turn (lua_State *L, sk_Loop *loop, int64_t deadline) {
  sigset_t mask;
  int err;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  passinterrupt(L, loop);
  sk_pollerready(&loop->poller);
  if (loop->generation != loop->poller.generation)
    wakeall(L, loop);
  if (sk_beforesleep(L, loop->mainthread, &mask) != LUA_OK)
    sk_interrupt(L, loop);
  err = sk_pollerwait(&loop->poller, untilnext(loop, deadline), &mask);
  sk_aftersleep(&mask);
  if (err != 0 && err != EINTR) {
    sk_error(L, "poll", 0, err);
    lua_pop(L, 1);
    lua_error(L);
  }
  sk_expiretimers(loop);
  drain(L, loop);
  passinterrupt(L, loop);
}


/* Raises when Lua's C stack, which tasks share with who turns the loop, is
** nearly used up: else the tasks would fail for a caller's recursion. */
static int headroom (lua_State *L) {
  lua_Integer n = lua_tointeger(L, 1);
  if (n == 0) return 0;
  lua_pushcfunction(L, headroom);
  lua_pushinteger(L, n - 1);
  lua_call(L, 1, 0);
  return 0;
}


/* A protected call's body: turns until the waiter at index 1 is woken. */
static int turnuntil (lua_State *L) {
  sk_Loop *loop = sk_getloop(L);
  sk_Waiter *me = lua_touserdata(L, 1);
  lua_pushcfunction(L, headroom);
  lua_pushinteger(L, HEADROOM);
  lua_call(L, 1, 0);
  while (me->state == SK_PARKED)
    turn(L, loop, me->deadline);
  return 0;
}


/* Where nothing can yield, the loop is turned from within. */
static int drive (lua_State *L, sk_Loop *loop, sk_Waiter *me) {
  struct sk_Task *previous = loop->running;
  int status;
  loop->running = NULL;
  loop->depth++;
  lua_pushcfunction(L, turnuntil);
  lua_pushlightuserdata(L, me);
  status = lua_pcall(L, 1, 0, 0);
  loop->depth--;
  loop->running = previous;
  sk_cleartimer(loop, me);
  sk_unqueue(loop, me);
  if (status != LUA_OK)
    me->state = SK_RUNNING;
  return status;
}


/* Whether L is the running task's own thread, and may yield to the loop. */
static int canyield (lua_State *L, sk_Loop *loop) {
  return loop->running != NULL && loop->running->thread == L &&
         lua_isyieldable(L);
}


sk_Waiter *sk_whowaits (lua_State *L, sk_Loop *loop) {
  sk_Waiter *me;
  if (canyield(L, loop))
    return &loop->running->waiter;
  sk_checkloop(L, loop);
  if (loop->depth == SK_DEPTH)
    luaL_error(L, "too many waits inside of each other where none can yield "
                  "(at most %d); sockeye.coroutine's coroutines can",
                  SK_DEPTH);
  sk_reservetimers(L, loop, loop->ntasks);
  me = &loop->driver[loop->depth];
  me->task = NULL;
  me->heapindex = -1;
  me->queued = 0;
  return me;
}


int sk_park (lua_State *L, sk_Loop *loop, sk_Waiter *me, int64_t deadline,
             lua_KContext ctx, lua_KFunction k) {
  me->state = SK_PARKED;
  sk_settimer(loop, me, deadline);
  return (me->task != NULL) ? lua_yieldk(L, 0, ctx, k) : drive(L, loop, me);
}


int sk_giveway (lua_State *L, sk_Loop *loop, sk_Waiter *me, lua_KContext ctx,
                lua_KFunction k) {
  if (me->task == NULL)  /* one turn, which does not block */
    return sk_park(L, loop, me, 0, ctx, k);
  me->state = SK_READY;
  sk_enqueue(loop, me);
  return lua_yieldk(L, 0, ctx, k);
}


int sk_parkedas (lua_State *L, sk_Waiter *me) {
  int state = me->state;
  me->state = SK_RUNNING;
  if (state == SK_PARKED) {
    sk_losetask(L, sk_getloop(L), me->task);
    luaL_error(L, "a task that waits was resumed by something else than the "
                  "loop");
  }
  return state;
}


/*
** Who never has to wait would keep all others from running: at the bound it
** parks as if it had to.
*/
int sk_mustgiveway (lua_State *L, sk_Loop *loop) {
  if (loop->ntasks > 0 && --loop->budget > 0)
    return 0;
  loop->budget = BUDGET;
  return loop->ntasks > 0 && (canyield(L, loop) || loop->depth < SK_DEPTH);
}

/* }================================================================== */


/*
** {==================================================================
** What the layer in Lua builds on
** ===================================================================
*/

static int loop_sleep_k (lua_State *L, int status, lua_KContext ctx);


/* Without tasks no turn is needed, nor a poller's descriptor. */
static int sleepalone (lua_State *L, sk_Loop *loop, int64_t deadline) {
  while (loop->ntasks == 0)
    if (sk_sleepuntil(L, loop, NULL, 0, deadline) == SK_TIMEDOUT)
      return 1;
  return 0;
}


static int sleepuntil (lua_State *L, sk_Loop *loop, int64_t deadline) {
  while (!sleepalone(L, loop, deadline)) {
    sk_Waiter *me = sk_whowaits(L, loop);
    if (sk_park(L, loop, me, deadline, (lua_KContext)me, loop_sleep_k)
        != LUA_OK)
      return lua_error(L);
    if (sk_parkedas(L, me) == SK_TIMEDOUT) break;
  }
  return 0;
}


static int loop_sleep_k (lua_State *L, int status, lua_KContext ctx) {
  sk_Waiter *me = (sk_Waiter *)ctx;
  (void)status;
  if (sk_parkedas(L, me) == SK_TIMEDOUT)
    return 0;
  return sleepuntil(L, sk_getloop(L), me->deadline);
}


static int loop_sleep (lua_State *L) {
  sk_Loop *loop = sk_getloop(L);
  int64_t timeout = sk_checkseconds(L, 1, "seconds");
  return sleepuntil(L, loop, sk_deadline(loop, timeout));
}


static int loop_turn (lua_State *L) {
  sk_Loop *loop = sk_getloop(L);
  int64_t timeout = sk_checkseconds(L, 1, "seconds");
  sk_checkloop(L, loop);
  if (loop->running != NULL)
    return luaL_error(L, "a task cannot turn the loop");
  turn(L, loop, sk_deadline(loop, timeout));
  lua_pushinteger(L, loop->ntasks);
  return 1;
}


static int loop_now (lua_State *L) {
  lua_pushnumber(L, (lua_Number)sk_now(sk_getloop(L)) / 1e9);
  return 1;
}


static int loop_tasks (lua_State *L) {
  lua_pushinteger(L, sk_getloop(L)->ntasks);
  return 1;
}


static int loop_backend (lua_State *L) {
  lua_pushstring(L, sk_pollername(&sk_getloop(L)->poller));
  return 1;
}


/* Finalizers that still come find no task and wait alone. */
static int loop_gc (lua_State *L) {
  sk_Loop *loop = lua_touserdata(L, 1);
  loop->open = 0;
  loop->ntasks = 0;
  sk_pollerclose(&loop->poller);
  sk_freetimers(loop);
  return 0;
}


static const luaL_Reg loop_functions[] = {
  {"sleep", loop_sleep},
  {"turn", loop_turn},
  {"now", loop_now},
  {"tasks", loop_tasks},
  {"backend", loop_backend},
  {NULL, NULL}
};


static void newloop (lua_State *L) {
  sk_Loop *loop = lua_newuserdatauv(L, sizeof(*loop), 0);
  memset(loop, 0, offsetof(sk_Loop, scratch));
  sk_pollerinit(L, &loop->poller);
  loop->generation = loop->poller.generation;
  loop->readytail = &loop->ready;
  loop->budget = BUDGET;
  loop->open = 1;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  loop->mainthread = lua_tothread(L, -1);
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, loop_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &loopkey);
  lua_pushboolean(L, 0);  /* room, so that Ctrl-C needs no memory */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &interruptkey);
}


void sk_openloop (lua_State *L) {
  if (sk_getloop(L) == NULL)  /* else the module was loaded before */
    newloop(L);
  luaL_newlib(L, loop_functions);
  sk_opentask(L);
  lua_setfield(L, -2, "loop");
}

/* }================================================================== */
