/*
** poll.c: waiting for readiness itself: socket:wait and core.poll.
*/

/***
@submodule sockeye.core
*/

#include <errno.h>

#include <lauxlib.h>

#include "argument.h"
#include "error.h"
#include "loop.h"
#include "socket.h"
#include "wait.h"

/* Indexed by what to wait for. */
static const char *const whatnames[] = {
  "", "r", "w", "rw", "p", "rp", "wp", "rwp"
};


/* 0 when it is not one or more of the letters. */
static int parsewhat (const char *text, size_t len) {
  int what = 0;
  size_t i;
  for (i = 0; i < len; i++) {
    int bit = (text[i] == 'r') ? SK_READ : (text[i] == 'w') ? SK_WRITE
              : (text[i] == 'p') ? SK_URGENT : 0;
    if (bit == 0 || (what & bit))
      return 0;
    what |= bit;
  }
  return what;
}


static int checkwhat (lua_State *L, int arg) {
  size_t len;
  const char *text = sk_checkbytes(L, arg, &len, "what");
  int what = parsewhat(text, len);
  if (what == 0)
    sk_badarg(L, arg, "what", "one or more of 'r', 'w' and 'p' expected");
  return what;
}


/* What of `what` would not wait now. A hang-up or an error ends every wait:
** the call tried next returns at once. */
static int readynow (const struct pollfd *pfd, int what) {
  int ready = 0;
  if (pfd->revents & (POLLHUP | POLLERR | POLLNVAL))
    return what;
  if (pfd->revents & POLLIN)
    ready |= SK_READ;
  if (pfd->revents & POLLOUT)
    ready |= SK_WRITE;
  if (pfd->revents & POLLPRI)
    ready |= SK_URGENT;
  return ready & what;
}


/*
** {==================================================================
** One socket
** ===================================================================
*/

static int try_wait (lua_State *L, sk_Watch *w) {
  int what = (int)lua_tointeger(L, 2);
  struct pollfd pfd;
  if (w->fd < 0)
    return sk_sockclosed(L, "wait");
  pfd.fd = w->fd;
  pfd.events = sk_pollevents(what);
  pfd.revents = 0;
  if (sys_poll(&pfd, 1, 0) < 0)
    return sk_sockresult(L, "wait", errno);
  what = readynow(&pfd, what);
  if (what == 0)
    return SK_AGAIN;
  lua_pushstring(L, whatnames[what]);
  return 1;
}

#define WAITOP(what) {"wait", what, try_wait, sk_sockpeer, NULL}
static const sk_Op waitops[] = {
  WAITOP(0), WAITOP(1), WAITOP(2), WAITOP(3),
  WAITOP(4), WAITOP(5), WAITOP(6), WAITOP(7)
};


/***
Waits until the socket is ready.
@function socket:wait
@tparam string what one or more of "r" (data, a connection to accept, or the
end of the stream), "w" (room to send, or a connect that ended) and "p" (an
urgent byte); an error or a hang-up makes all of them ready
@tparam[opt] number seconds at most this long; without it, the socket's own
timeout counts
@treturn[1] string those of `what` that are ready
@return[2] nil, message, code ("timeout", "closed")
@see poll(2)
*/
static int s_wait (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int what = checkwhat(L, 2);
  int64_t timeout = lua_isnoneornil(L, 3) ? s->watch.timeout
                    : sk_checkseconds(L, 3, "seconds");
  lua_settop(L, 1);
  lua_pushinteger(L, what);
  return sk_performwithin(L, &s->watch, &waitops[what], timeout);
}

/* }================================================================== */


/*
** {==================================================================
** Many sockets
** ===================================================================
*/

/*
** The stack while core.poll waits: the table, a list of its sockets (which
** others may take out of the table meanwhile), and this userdata.
*/
#define SOCKETS 2
#define SET 3

typedef struct Set {
  int64_t deadline;
  sk_Loop *loop;
  int n;
  _Alignas(8) struct pollfd fds[];  /* then for each its Entry */
} Set;

typedef struct Entry {
  sk_Socket *s;
  int what;
} Entry;

#define entries(set) ((Entry *)(void *)&(set)->fds[(set)->n])


/* The value on the top. */
static int checkvalue (lua_State *L) {
  size_t len;
  const char *text = (lua_type(L, -1) == LUA_TSTRING)
                     ? lua_tolstring(L, -1, &len) : NULL;
  int what = (text != NULL) ? parsewhat(text, len) : 0;
  if (what == 0)
    sk_badarg(L, 1, "sockets", "each value must be one or more of 'r', 'w' "
              "and 'p'");
  return what;
}


static int listsockets (lua_State *L) {
  int n = 0;
  lua_newtable(L);
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    if (sk_testsocket(L, -2) == NULL)
      sk_badarg(L, 1, "sockets", "each key must be a socket, got a %s",
                luaL_typename(L, -2));
    checkvalue(L);
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, SOCKETS, ++n);
  }
  return n;
}


static Set *newset (lua_State *L, int64_t deadline) {
  int i, n = listsockets(L);
  size_t size = sizeof(Set) +
                (size_t)n * (sizeof(struct pollfd) + sizeof(Entry));
  Set *set = lua_newuserdatauv(L, size, 0);
  set->loop = sk_getloop(L);
  set->deadline = deadline;
  set->n = n;
  for (i = 0; i < n; i++) {
    Entry *e = &entries(set)[i];
    lua_rawgeti(L, SOCKETS, i + 1);
    e->s = sk_testsocket(L, -1);
    lua_rawget(L, 1);
    e->what = checkvalue(L);  /* once more: a finalizer may have run */
    lua_pop(L, 1);
    set->fds[i].fd = e->s->watch.fd;
    set->fds[i].events = sk_pollevents(e->what);
    set->fds[i].revents = 0;
  }
  return set;
}


static int pushready (lua_State *L, Set *set) {
  int i;
  lua_newtable(L);
  for (i = 0; i < set->n; i++) {
    int ready = readynow(&set->fds[i], entries(set)[i].what);
    if (ready == 0) continue;
    lua_rawgeti(L, SOCKETS, i + 1);
    lua_pushstring(L, whatnames[ready]);
    lua_rawset(L, -3);
  }
  return 1;
}


static int pushclosed (lua_State *L, Set *set) {
  int i = 0;
  while (i < set->n && sk_isopen(entries(set)[i].s)) i++;
  if (i == set->n) return 0;
  lua_rawgeti(L, SOCKETS, i + 1);
  return sk_failure(L, "poll", lua_gettop(L), "closed", SK_ECLOSED);
}


static void takeback (Set *set, sk_Waiter *me) {
  int i;
  for (i = 0; i < set->n; i++)
    sk_release(&entries(set)[i].s->watch, me);
}


static int poll_k (lua_State *L, int status, lua_KContext ctx);


/* Waits with the loop; the outcome, or a negative errno.  May yield. */
static int waitset (lua_State *L, Set *set) {
  sk_Waiter *me = sk_whowaits(L, set->loop);
  int i, err, status;
  for (i = 0; i < set->n; i++) {
    Entry *e = &entries(set)[i];
    err = sk_pollerwatch(&set->loop->poller, &e->s->watch, e->what);
    if (err != 0) {
      takeback(set, me);
      return -err;
    }
    sk_occupy(&e->s->watch, e->what, me);
  }
  status = sk_park(L, set->loop, me, set->deadline, (lua_KContext)me, poll_k);
  takeback(set, me);
  if (status != LUA_OK)
    return lua_error(L);
  return sk_parkedas(L, me);
}


static int pollset (lua_State *L, Set *set) {
  for (;;) {
    int outcome;
    int n = pushclosed(L, set);
    if (n > 0) return n;
    do n = sys_poll(set->fds, (nfds_t)set->n, 0);
    while (n < 0 && errno == EINTR);  /* it does not sleep */
    if (n < 0)
      return sk_error(L, "poll", 0, errno);
    if (n > 0)
      return pushready(L, set);
    if (set->deadline != SK_NEVER && sk_now(set->loop) >= set->deadline)
      return sk_failure(L, "poll", 0, "timed out", SK_ETIMEOUT);
    outcome = (set->loop->ntasks > 0) ? waitset(L, set)
              : sk_sleepuntil(L, set->loop, set->fds, (nfds_t)set->n,
                              set->deadline);
    if (outcome < 0)
      return sk_error(L, "poll", 0, -outcome);
  }
}


static int poll_k (lua_State *L, int status, lua_KContext ctx) {
  Set *set = lua_touserdata(L, SET);
  sk_Waiter *me = (sk_Waiter *)ctx;
  (void)status;
  takeback(set, me);
  sk_parkedas(L, me);
  return pollset(L, set);
}


/* Lets others run first, as if the call had had to wait. */
static int giveway (lua_State *L, Set *set) {
  sk_Waiter *me = sk_whowaits(L, set->loop);
  if (sk_giveway(L, set->loop, me, (lua_KContext)me, poll_k) != LUA_OK)
    return lua_error(L);
  return poll_k(L, LUA_OK, (lua_KContext)me);
}


/***
Waits until one of several sockets is ready.
@function poll
@tparam table sockets what to wait for by socket, as in `{[a] = "r",
[b] = "rw"}`; the letters are those of `socket:wait`
@tparam[opt] number seconds at most; nil waits for ever
@treturn[1] table the sockets that are ready, with what they are ready for
@return[2] nil, message, code ("timeout", or "closed" when one of them is)
@see poll(2)
*/
static int f_poll (lua_State *L) {
  sk_Loop *loop = sk_getloop(L);
  int64_t timeout;
  Set *set;
  int i;
  if (!lua_istable(L, 1))
    sk_badarg(L, 1, "sockets", "table expected, got %s", luaL_typename(L, 1));
  timeout = sk_checkseconds(L, 2, "seconds");
  lua_settop(L, 1);
  set = newset(L, sk_deadline(loop, timeout));
  for (i = 0; i < set->n; i++)
    sk_checkfree(L, &entries(set)[i].s->watch, entries(set)[i].what, "poll");
  return sk_mustgiveway(L, loop) ? giveway(L, set) : pollset(L, set);
}

/* }================================================================== */


static const luaL_Reg methods[] = {
  {"wait", s_wait},
  {NULL, NULL}
};


void sk_openpoll (lua_State *L) {
  sk_addmethods(L, methods);
  lua_pushcfunction(L, f_poll);
  lua_setfield(L, -2, "poll");
}
