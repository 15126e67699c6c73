/*
** states.c: further Lua states in this process, in this thread or in threads
** of their own.  A module that states_spec.lua compiles.
**
**   s = new(path, cpath)      a state
**   s:run(code, ...)          runs code there; true and its first result as a
**                             string, or false and the error
**   s:close()
**   t = thread(path, cpath, rounds, code, ...)
**                             a thread that makes a state, runs code and
**                             closes the state, that often
**   t:join()                  true, or false and the first error
*/

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define STATE "states.state"
#define THREAD "states.thread"
#define MAXARGS 8

typedef struct State {
  lua_State *other;
} State;

/* What a thread needs, in memory that no Lua state owns. */
typedef struct Thread {
  pthread_t thread;
  int running;
  int rounds;
  int nargs;
  char *path, *cpath, *code;
  char *args[MAXARGS];
  char *error;
} Thread;


static lua_State *newstate (const char *path, const char *cpath) {
  lua_State *L = luaL_newstate();
  if (L == NULL) return NULL;
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_pushstring(L, path);
  lua_setfield(L, -2, "path");
  lua_pushstring(L, cpath);
  lua_setfield(L, -2, "cpath");
  lua_pop(L, 1);
  return L;
}


static int message (lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}


/* Leaves the first result or the error, as a string. */
static int run (lua_State *L, const char *code, char *const *args, int nargs) {
  int i, status;
  lua_settop(L, 0);
  lua_pushcfunction(L, message);
  status = luaL_loadstring(L, code);
  if (status == LUA_OK) {
    for (i = 0; i < nargs; i++)
      lua_pushstring(L, args[i]);
    status = lua_pcall(L, nargs, 1, 1);
  }
  luaL_tolstring(L, -1, NULL);
  return status == LUA_OK;
}


static State *tostate (lua_State *L) {
  State *s = luaL_checkudata(L, 1, STATE);
  luaL_argcheck(L, s->other != NULL, 1, "closed");
  return s;
}


static int state_new (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  const char *cpath = luaL_checkstring(L, 2);
  State *s = lua_newuserdatauv(L, sizeof(*s), 0);
  s->other = NULL;
  luaL_setmetatable(L, STATE);
  s->other = newstate(path, cpath);
  return 1;
}


static int state_run (lua_State *L) {
  State *s = tostate(L);
  const char *code = luaL_checkstring(L, 2);
  char *args[MAXARGS];
  int i, nargs = lua_gettop(L) - 2;
  luaL_argcheck(L, nargs <= MAXARGS, 2, "too many arguments");
  for (i = 0; i < nargs; i++)
    args[i] = (char *)(size_t)luaL_checkstring(L, i + 3);
  lua_pushboolean(L, run(s->other, code, args, nargs));
  lua_pushstring(L, lua_tostring(s->other, -1));
  return 2;
}


static int state_close (lua_State *L) {
  State *s = luaL_checkudata(L, 1, STATE);
  lua_State *other = s->other;
  s->other = NULL;
  if (other != NULL)
    lua_close(other);
  return 0;
}


static void *threadbody (void *arg) {
  Thread *t = arg;
  int i;
  for (i = 0; i < t->rounds && t->error == NULL; i++) {
    lua_State *L = newstate(t->path, t->cpath);
    if (!run(L, t->code, t->args, t->nargs))
      t->error = strdup(lua_tostring(L, -1));
    lua_close(L);
  }
  return NULL;
}


static int thread_new (lua_State *L) {
  Thread *t;
  int i, nargs = lua_gettop(L) - 4;
  sigset_t all, old;
  const char *path = luaL_checkstring(L, 1);
  const char *cpath = luaL_checkstring(L, 2);
  int rounds = (int)luaL_checkinteger(L, 3);
  const char *code = luaL_checkstring(L, 4);
  luaL_argcheck(L, nargs <= MAXARGS, 4, "too many arguments");
  t = lua_newuserdatauv(L, sizeof(*t), 0);
  memset(t, 0, sizeof(*t));
  luaL_setmetatable(L, THREAD);
  t->rounds = rounds;
  t->path = strdup(path);
  t->cpath = strdup(cpath);
  t->code = strdup(code);
  for (i = 0; i < nargs; i++)
    t->args[t->nargs++] = strdup(luaL_checkstring(L, i + 5));
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  t->running = (pthread_create(&t->thread, NULL, threadbody, t) == 0);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (!t->running)
    return luaL_error(L, "no thread");
  return 1;
}


static int thread_join (lua_State *L) {
  Thread *t = luaL_checkudata(L, 1, THREAD);
  if (t->running)
    pthread_join(t->thread, NULL);
  t->running = 0;
  lua_pushboolean(L, t->error == NULL);
  lua_pushstring(L, t->error);
  return 2;
}


static int thread_gc (lua_State *L) {
  Thread *t = luaL_checkudata(L, 1, THREAD);
  int i;
  if (t->running)
    pthread_join(t->thread, NULL);
  t->running = 0;
  free(t->path);
  free(t->cpath);
  free(t->code);
  free(t->error);
  for (i = 0; i < t->nargs; i++)
    free(t->args[i]);
  memset(t, 0, sizeof(*t));
  return 0;
}


static const luaL_Reg state_methods[] = {
  {"run", state_run},
  {"close", state_close},
  {"__gc", state_close},
  {"__close", state_close},
  {NULL, NULL}
};


static const luaL_Reg thread_methods[] = {
  {"join", thread_join},
  {"__gc", thread_gc},
  {NULL, NULL}
};


static const luaL_Reg functions[] = {
  {"new", state_new},
  {"thread", thread_new},
  {NULL, NULL}
};


static void newtype (lua_State *L, const char *name, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}


int luaopen_states (lua_State *L) {
  newtype(L, STATE, state_methods);
  newtype(L, THREAD, thread_methods);
  luaL_newlib(L, functions);
  return 1;
}
