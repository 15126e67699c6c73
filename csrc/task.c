/*
** task.c: tasks: coroutines that the loop resumes.
*/

#include <string.h>

#include <lauxlib.h>

#include "task.h"
#include "timer.h"

static const char taskskey = 0;  /* the tasks, by pointer, in the registry */


/*
** {==================================================================
** The body
** ===================================================================
*/

static int traceback (lua_State *L) {
  const char *msg = lua_tostring(L, 1);
  if (msg != NULL)  /* other values pass unchanged (T33) */
    luaL_traceback(L, L, msg, 1);
  return 1;
}


/* Leaves whether the body succeeded, then its results. */
static int finishbody (lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  lua_pushboolean(L, status == LUA_OK || status == LUA_YIELD);
  lua_replace(L, 1);
  return lua_gettop(L);
}


/*
** The body runs under a protected call inside of the coroutine, so that its
** to-be-closed variables close where they may wait (T32).
*/
static int runbody (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  (void)ctx;
  lua_pushcfunction(L, traceback);
  lua_insert(L, 1);
  return finishbody(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0,
                                  finishbody), 0);
}


/* Yields at once, so that a task is a suspended coroutine from the start:
** lua_resume throws the arguments away when it refuses to start one. */
static int taskbody (lua_State *L) {
  return lua_yieldk(L, 0, 0, runbody);
}

/* }================================================================== */


/*
** {==================================================================
** The end
** ===================================================================
*/

static int report (lua_State *L) {
  lua_writestringerror("sockeye: a task failed: %s\n",
                       luaL_tolstring(L, 1, NULL));
  return 0;
}


/* Reports the error on the top, whose __tostring may raise another one. */
static void reportfailure (lua_State *L) {
  const char *type = luaL_typename(L, -1);
  lua_pushcfunction(L, report);
  lua_insert(L, -2);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  lua_writestringerror("sockeye: a task failed: (error object is a %s "
                       "value)\n", type);
}


/* With `keep` the task's memory stays until the state closes: a socket still
** points to its waiter. */
static void removetask (lua_State *L, sk_Loop *loop, sk_Task *task, int keep) {
  sk_cleartimer(loop, &task->waiter);
  sk_unqueue(loop, &task->waiter);
  task->waiter.state = SK_ENDED;
  task->thread = NULL;
  loop->ntasks--;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &taskskey);
  lua_rawgetp(L, -1, task);
  lua_pushnil(L);
  lua_setiuservalue(L, -2, 1);
  lua_pop(L, 1);
  if (!keep) {
    lua_pushnil(L);
    lua_rawsetp(L, -2, task);
  }
  lua_pop(L, 1);
}


void sk_losetask (lua_State *L, sk_Loop *loop, sk_Task *task) {
  removetask(L, loop, task, 0);
}


static void endtask (lua_State *L, sk_Loop *loop, sk_Task *task, int status,
                     int nresults) {
  lua_State *co = task->thread;
  int failed = (status != LUA_OK || !lua_toboolean(co, -nresults));
  if (failed)
    lua_xmove(co, L, 1);
  removetask(L, loop, task, 0);
  if (failed)
    reportfailure(L);
}

/* }================================================================== */


/*
** coroutine.running hands a task's thread out, and who has it can resume or
** close it behind the loop's back.  Then it is the loop's no more.
*/
static void droptask (lua_State *L, sk_Loop *loop, sk_Task *task) {
  removetask(L, loop, task, 1);
  lua_pushliteral(L, "its coroutine was resumed or closed by something else "
                     "than the loop");
  reportfailure(L);
}


void sk_resumetask (lua_State *L, sk_Loop *loop, sk_Task *task) {
  sk_Task *previous = loop->running;
  lua_State *co = task->thread;
  int nresults = 0;
  int status;
  if (lua_status(co) != LUA_YIELD) {
    droptask(L, loop, task);
    return;
  }
  loop->running = task;
  loop->resumes++;
  status = lua_resume(co, L, 0, &nresults);
  loop->resumes--;
  loop->running = previous;
  if (status == LUA_YIELD) {
    lua_pop(co, nresults);
    if (task->waiter.state == SK_RUNNING)  /* a plain yield gives way */
      sk_enqueue(loop, &task->waiter);
  }
  else if (lua_status(co) == LUA_YIELD) {  /* refused: the C stack is full */
    lua_xmove(co, L, 1);
    sk_enqueue(loop, &task->waiter);
    lua_error(L);  /* in who turns the loop so deep inside of other calls */
  }
  else
    endtask(L, loop, task, status, nresults);
}


void sk_waketasks (lua_State *L, sk_Loop *loop) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &taskskey);
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    sk_Task *task = lua_touserdata(L, -1);
    sk_wake(loop, &task->waiter, SK_READY);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}


/* Moves f and its arguments, above `task`, to a new coroutine. */
static void newthread (lua_State *L, sk_Task *task, int nargs) {
  int nresults;
  lua_State *co = lua_newthread(L);
  task->thread = co;
  lua_setiuservalue(L, 1, 1);
  if (!lua_checkstack(co, nargs + LUA_MINSTACK))
    luaL_error(L, "too many arguments");
  lua_pushcfunction(co, taskbody);
  lua_xmove(L, co, nargs);
  if (lua_resume(co, L, nargs, &nresults) != LUA_YIELD) {
    lua_xmove(co, L, 1);
    lua_error(L);
  }
}


static int loop_spawn (lua_State *L) {
  sk_Loop *loop = sk_getloop(L);
  sk_Task *task;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  task = lua_newuserdatauv(L, sizeof(*task), 1);
  memset(task, 0, sizeof(*task));
  task->waiter.task = task;
  task->waiter.heapindex = -1;
  luaL_setmetatable(L, SK_TASK);
  lua_insert(L, 1);
  newthread(L, task, lua_gettop(L) - 1);
  /* from here on no finalizer can run, which might spawn as well */
  sk_checkloop(L, loop);
  sk_reservetimers(L, loop, loop->ntasks + 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &taskskey);
  lua_pushvalue(L, 1);
  lua_rawsetp(L, -2, task);
  lua_pop(L, 1);
  loop->ntasks++;
  sk_enqueue(loop, &task->waiter);
  return 1;
}


static int task_tostring (lua_State *L) {
  sk_Task *task = luaL_checkudata(L, 1, SK_TASK);
  lua_pushfstring(L, "task (%s): %p", task->thread == NULL ? "finished"
                  : task->waiter.state == SK_PARKED ? "waiting" : "ready",
                  (void *)task);
  return 1;
}


void sk_opentask (lua_State *L) {
  if (luaL_newmetatable(L, SK_TASK)) {  /* else it was loaded before */
    lua_pushcfunction(L, task_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &taskskey);
  }
  lua_pop(L, 1);
  lua_pushcfunction(L, loop_spawn);
  lua_setfield(L, -2, "spawn");
}
