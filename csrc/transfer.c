/*
** transfer.c: send, sendall, sendto.
*/

/***
@submodule sockeye.core
*/

/***
@type socket
*/

#include <errno.h>
#include <string.h>

#include <lauxlib.h>

#include "argument.h"
#include "constant.h"
#include "error.h"
#include "loop.h"
#include "sigpipe.h"
#include "socket.h"


/*
** {==================================================================
** Writing to descriptors that are no sockets: pipes, terminals, files
** ===================================================================
*/

/* On a descriptor whose flags are not ours, a longer write could block:
** writable promises no more than this (pipe(7)). */
#define WRITEMAX 4096


static ssize_t writefd (const sk_Socket *s, const void *data, size_t n) {
  sk_Sigpipe hold;
  ssize_t r;
  if (s->borrowed && !s->always) {
    if (!sk_whenready(s->watch.fd, POLLOUT))
      return -1;
    if (n > WRITEMAX)
      n = WRITEMAX;
  }
  sk_holdsigpipe(&hold);
  r = sys_write(s->watch.fd, data, n);
  sk_releasesigpipe(&hold);
  return r;
}


ssize_t sk_sendbytes (const sk_Socket *s, const void *data, size_t n,
                      int flags) {
  return sk_issocket(s)
         ? sys_send(s->watch.fd, data, n, flags | SK_SENDFLAGS)
         : writefd(s, data, n);
}

/* }================================================================== */


/*
** {==================================================================
** Sending
** ===================================================================
*/

/* The arguments of a send once they are checked, at fixed stack indexes. */
#define DATA 2
#define FLAGS 3    /* an integer */
#define FROM 4     /* offsets in bytes, from 0 */
#define TO 5
#define SENT 6     /* how much of it has left */

/* And of sendto. */
#define DESTINATION 3
#define TOFLAGS 4


/* A position as string.sub takes it. */
static size_t position (lua_State *L, int arg, lua_Integer def, size_t len,
                        const char *what) {
  lua_Integer pos = sk_optint(L, arg, def, LUA_MININTEGER, LUA_MAXINTEGER,
                              what);
  if (pos < 0)
    pos = ((lua_Unsigned)0 - (lua_Unsigned)pos > len) ? 0
          : (lua_Integer)len + pos + 1;
  return (pos > (lua_Integer)len) ? len + 1 : (size_t)pos;
}


static void needsocket (lua_State *L, const sk_Socket *s, int arg, int flags) {
  if (flags != 0 && !sk_issocket(s))
    sk_badarg(L, arg, "flags", "only sockets take flags");
}


/* data[, flags[, i[, j]]] from index 2 on, into their fixed places. */
static void checkdata (lua_State *L, const sk_Socket *s) {
  size_t len, i, j;
  int flags, next;
  sk_checkbytes(L, DATA, &len, "data");
  next = sk_checkflags(L, FLAGS, &flags);
  needsocket(L, s, FLAGS, flags);
  i = position(L, next, 1, len, "i");
  j = position(L, next + 1, -1, len, "j");
  if (i < 1) i = 1;
  if (j > len) j = len;
  if (i > j) {
    i = 1;
    j = 0;
  }
  lua_settop(L, DATA);
  lua_pushinteger(L, flags);
  lua_pushinteger(L, (lua_Integer)i - 1);
  lua_pushinteger(L, (lua_Integer)j);
}


/* The outcome of a send that failed.  Who asked not to wait gets EAGAIN. */
static int notsent (lua_State *L, const sk_Op *op, int flags, int err) {
  int r = sk_notyet(err);
  if (r == SK_INTR || (r == SK_AGAIN && !(flags & MSG_DONTWAIT)))
    return r;
  op->subject(L);
  return sk_error(L, op->name, lua_gettop(L), err);
}


static int try_send (lua_State *L, sk_Watch *w);

static const sk_Op send_op = {"send", SK_WRITE, try_send, sk_sockpeer, NULL};


static int try_send (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  const char *data = lua_tostring(L, DATA);
  size_t from = (size_t)lua_tointeger(L, FROM);
  size_t to = (size_t)lua_tointeger(L, TO);
  int flags = (int)lua_tointeger(L, FLAGS);
  ssize_t n;
  if (!sk_isopen(s))
    return sk_sockclosed(L, "send");
  n = sk_sendbytes(s, data + from, to - from, flags);
  if (n < 0)
    return notsent(L, &send_op, flags, errno);
  sk_moved(w->loop, n);
  lua_pushinteger(L, n);
  return 1;
}


/***
Sends what the system takes at once; only waits while it takes nothing.
@function socket:send
@tparam string data
@tparam[opt] integer|string ... flags, one number or one or more names ("oob",
"more", "dontroute", "confirm", "eor", "fastopen"; with "dontwait" it fails with
"EAGAIN" instead of waiting)
@tparam[opt=1] integer i the first byte to send, as in `string.sub`; nil as
flags if there are none
@tparam[opt=-1] integer j the last
@treturn[1] integer the number of bytes taken; a part is not an error
@return[2] nil, message, code ("EPIPE", "ECONNRESET", "EMSGSIZE", "timeout",
"closed", ...)
@see send(2)
*/
static int s_send (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  checkdata(L, s);
  return sk_perform(L, &s->watch, &send_op);
}


static int giveup_sendall (lua_State *L) {
  lua_pushvalue(L, SENT);
  return 4;
}


static int try_sendall (lua_State *L, sk_Watch *w);

static const sk_Op sendall_op = {
  "sendall", SK_WRITE, try_sendall, sk_sockpeer, giveup_sendall
};


static int try_sendall (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  const char *data = lua_tostring(L, DATA);
  size_t from = (size_t)lua_tointeger(L, FROM);
  size_t left = (size_t)lua_tointeger(L, TO) - from;
  size_t sent = (size_t)lua_tointeger(L, SENT);
  int flags = (int)lua_tointeger(L, FLAGS);
  do {
    ssize_t n;
    int r;
    if (!sk_isopen(s)) {
      sk_sockclosed(L, "sendall");
      return giveup_sendall(L);
    }
    n = sk_sendbytes(s, data + from + sent, left - sent, flags);
    if (n < 0) {
      r = notsent(L, &sendall_op, flags, errno);
      return (r > 0) ? giveup_sendall(L) : r;
    }
    sk_moved(w->loop, n);
    sent += (size_t)n;
    lua_pushinteger(L, (lua_Integer)sent);
    lua_replace(L, SENT);
  } while (sent < left);
  lua_pushvalue(L, 1);
  return 1;
}


/***
Sends all of the data, waiting as often as needed, under one deadline.
@function socket:sendall
@tparam string data
@tparam[opt] integer|string ... flags, as for `send`
@tparam[opt=1] integer i the first byte to send
@tparam[opt=-1] integer j the last
@treturn[1] socket the socket itself
@return[2] nil, message, code, and the number of bytes that were sent
@see send(2)
*/
static int s_sendall (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  checkdata(L, s);
  lua_pushinteger(L, 0);
  return sk_perform(L, &s->watch, &sendall_op);
}


static void destination (lua_State *L) {
  lua_pushvalue(L, DESTINATION);
}


static int try_sendto (lua_State *L, sk_Watch *w);

static const sk_Op sendto_op = {
  "sendto", SK_WRITE, try_sendto, destination, NULL
};


static int try_sendto (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  const sk_Address *a = sk_testaddress(L, DESTINATION);
  size_t len;
  const char *data = lua_tolstring(L, DATA, &len);
  int flags = (int)lua_tointeger(L, TOFLAGS);
  ssize_t n;
  if (!sk_isopen(s))
    return sk_failure(L, "sendto", DESTINATION, "closed", SK_ECLOSED);
  n = sys_sendto(w->fd, data, len, flags | SK_SENDFLAGS, sk_sockaddr(a),
                 a->len);
  if (n < 0) {
    int r = notsent(L, &sendto_op, flags, errno);
    /* a UNIX datagram socket is writable even while the receiver that is named
    ** here is full */
    return (r == SK_AGAIN && s->family == AF_UNIX) ? SK_PAUSE : r;
  }
  sk_moved(w->loop, n);
  lua_pushinteger(L, n);
  return 1;
}


/***
Sends a datagram.
@function socket:sendto
@tparam string data "" is an empty datagram
@tparam address|string address or host and port in two arguments
@tparam[opt] integer|string ... flags, as for `send`
@treturn[1] integer the number of bytes sent
@return[2] nil, message, code ("EMSGSIZE", "EACCES", "ECONNREFUSED", ...)
@see sendto(2)
*/
static int s_sendto (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int flags;
  sk_checkbytes(L, DATA, NULL, "data");
  sk_checkaddress(L, DESTINATION);
  sk_checkflags(L, TOFLAGS, &flags);
  lua_settop(L, DESTINATION);
  lua_pushinteger(L, flags);
  return sk_perform(L, &s->watch, &sendto_op);
}

/* }================================================================== */


static const luaL_Reg methods[] = {
  {"send", s_send},
  {"sendall", s_sendall},
  {"sendto", s_sendto},
  {NULL, NULL}
};


void sk_opentransfer (lua_State *L) {
  sk_addmethods(L, methods);
  sk_openreceive(L);
}
