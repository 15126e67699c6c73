/*
** hook.c: Ctrl-C while a call waits.
**
** The handler of the stock interpreter only sets a debug hook on the main
** thread, which raises "interrupted!" as soon as Lua code runs there.  A call
** that went back to sleep after EINTR would never let it run (trap T1), and a
** coroutine does not see the main thread's hook at all (T2), nor does EINTR
** come when the signal arrived while a coroutine computed (T35).
*/

#include <string.h>

#include "hook.h"


static int noop (lua_State *L) {
  (void)L;
  return 0;
}


/* The call of any function is what makes a hook run. */
static int callnoop (lua_State *L) {
  lua_pushcfunction(L, noop);
  return lua_pcall(L, 0, 0, 0);
}


/*
** The hook is moved, not copied: lua.c's hook takes itself off the thread on
** which it runs, and would otherwise fire again on the main thread.
*/
static int carryhook (lua_State *L, lua_State *mainthread) {
  lua_Hook own = lua_gethook(L);
  int ownmask = lua_gethookmask(L);
  int owncount = lua_gethookcount(L);
  int status;
  lua_sethook(L, lua_gethook(mainthread), lua_gethookmask(mainthread),
              lua_gethookcount(mainthread));
  lua_sethook(mainthread, NULL, 0, 0);
  status = callnoop(L);
  if (lua_gethook(L) != NULL)  /* it stays in place, as a profiler's does */
    lua_sethook(mainthread, lua_gethook(L), lua_gethookmask(L),
                lua_gethookcount(L));
  lua_sethook(L, own, ownmask, owncount);
  return status;
}


/* A finalizer, for which Lua switches all hooks off on its thread. */
static int infinalizer (lua_State *L) {
  lua_Debug ar;
  int level;
  for (level = 0; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "n", &ar);
    if (ar.name != NULL && strcmp(ar.name, "__gc") == 0 &&
        strcmp(ar.namewhat, "metamethod") == 0)
      return 1;
  }
  return 0;
}


static int hookelsewhere (lua_State *L) {
  lua_State *mainthread = lua_touserdata(L, 1);
  lua_State *other = lua_newthread(L);
  lua_sethook(other, lua_gethook(mainthread), lua_gethookmask(mainthread),
              lua_gethookcount(mainthread));
  if (callnoop(other) == LUA_OK)
    return 0;
  lua_xmove(other, L, 1);
  return lua_error(L);
}


/* A copy, here: an error ends the finalizer as a mere warning, and what the
** hook is meant for comes after that. */
static int copyhook (lua_State *L, lua_State *mainthread) {
  lua_pushcfunction(L, hookelsewhere);
  lua_pushlightuserdata(L, mainthread);
  return lua_pcall(L, 1, 0, 0);
}


int sk_hookpending (lua_State *mainthread) {
  return lua_gethook(mainthread) != NULL &&
         (lua_gethookmask(mainthread) & LUA_MASKCALL);
}


/* Lets a pending hook run, on L. */
static int runhook (lua_State *L, lua_State *mainthread) {
  if (!sk_hookpending(mainthread))
    return LUA_OK;
  if (infinalizer(L))
    return copyhook(L, mainthread);
  return (L == mainthread) ? callnoop(L) : carryhook(L, mainthread);
}


int sk_beforesleep (lua_State *L, lua_State *mainthread, sigset_t *mask) {
  sigset_t interrupt;
  int status;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sys_pthread_sigmask(SIG_BLOCK, &interrupt, mask);
  status = runhook(L, mainthread);
  if (status != LUA_OK)
    sk_aftersleep(mask);
  return status;
}


void sk_aftersleep (const sigset_t *mask) {
  sys_pthread_sigmask(SIG_SETMASK, mask, NULL);
}
