/*
** receive.c: recv, recvfrom.
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
#include "control.h"
#include "error.h"
#include "loop.h"
#include "socket.h"

#if !defined(MSG_ERRQUEUE)
#define MSG_ERRQUEUE 0
#endif

/* A receive takes no more than this from a stream at once, so that a large
** limit does not cost its memory each time. */
#define STREAMMAX (1 << 20)

/* The arguments once they are checked, at fixed stack indexes. */
#define SIZE 2
#define FLAGS 3
#define BUFFER 4  /* a userdata when the scratch space is too small */
#define GOT 5     /* "waitall": the bytes in it */


/* Whether zero bytes are the end, as there are no messages. */
static int isstream (const sk_Socket *s) {
  return !sk_issocket(s) || s->type == SOCK_STREAM;
}


static int getflags (lua_State *L) {
  return (int)lua_tointeger(L, FLAGS);
}


static void checkflags (lua_State *L, const sk_Socket *s) {
  int flags;
  if (lua_gettop(L) < SIZE)
    lua_settop(L, SIZE);
  sk_checkflags(L, FLAGS, &flags);
  if (flags != 0 && !sk_issocket(s))
    sk_badarg(L, FLAGS, "flags", "only sockets take flags");
  if (isstream(s) && (flags & MSG_TRUNC))
    sk_badarg(L, FLAGS, "flags", "'trunc' would throw the bytes of a stream "
              "away unread");
  lua_settop(L, SIZE);
  lua_pushinteger(L, flags);
}


/* [n[, flags...]] from index 2 on, into their fixed places. */
static void checkreceive (lua_State *L, const sk_Socket *s) {
  lua_Integer size = sk_optint(L, SIZE, 8192, 0, INT_MAX, "n");
  checkflags(L, s);
  if (isstream(s) && !(getflags(L) & MSG_WAITALL) && size > STREAMMAX)
    size = STREAMMAX;
  lua_pushinteger(L, size);
  lua_replace(L, SIZE);
  if (size > SK_SCRATCH || (getflags(L) & MSG_WAITALL))
    lua_newuserdatauv(L, (size_t)size, 0);
  else
    lua_pushnil(L);
}


static char *receivebuffer (lua_State *L, sk_Watch *w) {
  char *buffer = lua_touserdata(L, BUFFER);
  return (buffer != NULL) ? buffer : w->loop->scratch;
}


/* The outcome of a receive that failed.  Who asked not to wait gets EAGAIN. */
static int notreceived (lua_State *L, const sk_Socket *s, const char *name,
                        int flags, int err) {
  if (sk_notyet(err) != SK_AGAIN)
    return sk_sockresult(L, name, err);
  if (flags & MSG_DONTWAIT)
    return sk_sockfail(L, name, err);
  if (!sk_issocket(s) || (flags & MSG_ERRQUEUE) || !sk_isshut(s))
    return SK_AGAIN;
  lua_pushnil(L);
  return 1;
}


/*
** What can be told before a receive: the number of results, SK_AGAIN, SK_INTR,
** or 0 to go on.  0 bytes of a stream are there at once (L01); the end of records
** looks like an empty record afterwards (L05).
*/
static int before (lua_State *L, sk_Socket *s, const char *name) {
  int r;
  if (!sk_isopen(s))
    return sk_sockclosed(L, name);
  if (lua_tointeger(L, SIZE) == 0) {
    if (!isstream(s)) return 0;
    lua_pushliteral(L, "");
    return 1;
  }
  if (s->type != SOCK_SEQPACKET || (getflags(L) & (MSG_OOB | MSG_ERRQUEUE)))
    return 0;
  errno = 0;
  r = sk_nextrecord(s);
  if (r == 0)  /* interrupted, it could not tell */
    return (errno == EINTR) ? SK_INTR : 0;
  if (r == SK_AGAIN)
    return notreceived(L, s, name, getflags(L), EAGAIN);
  lua_pushnil(L);
  return r;
}


/* An empty error queue while something else is wrong with the socket would be
** reported as ready for ever: then do as if asked not to wait. */
static int hopeless (const sk_Socket *s, int flags) {
  return (flags & MSG_ERRQUEUE) && sk_whenready(s->watch.fd, 0);
}


static ssize_t readfd (const sk_Socket *s, void *buffer, size_t n) {
  if (s->borrowed && !s->always && !sk_whenready(s->watch.fd, POLLIN))
    return -1;
  return sys_read(s->watch.fd, buffer, n);
}


/* Whether 0 bytes, where some were asked for, are the end: of a stream, and
** for other kinds never (see `before` and sk_isshut).  UNIX sockets have no
** error queue and ignore the flag. */
static int isend (const sk_Socket *s, int flags) {
  return isstream(s) && (!(flags & MSG_ERRQUEUE) || s->family == AF_UNIX);
}


/* Pushes the data, or nil and returns 0 at the end. */
static int pushreceived (lua_State *L, sk_Socket *s, const char *buffer,
                         size_t n) {
  size_t size = (size_t)lua_tointeger(L, SIZE);
  sk_moved(s->watch.loop, n);
  if (n == 0 && size > 0 && isend(s, getflags(L))) {
    lua_pushnil(L);
    return 0;
  }
  /* with "trunc" the kernel tells the length of what was cut (L02) */
  lua_pushlstring(L, buffer, (n < size) ? n : size);
  return 1;
}


/*
** {==================================================================
** recv
** ===================================================================
*/

static int try_recv (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  size_t size = (size_t)lua_tointeger(L, SIZE);
  int flags = getflags(L);
  char *buffer = receivebuffer(L, w);
  ssize_t n;
  int r = before(L, s, "recv");
  if (r != 0)
    return r;
  if (hopeless(s, flags))
    flags |= MSG_DONTWAIT;
  n = sk_issocket(s) ? sys_recv(w->fd, buffer, size, flags | SK_RECVFLAGS)
      : readfd(s, buffer, size);
  if (n < 0)
    return notreceived(L, s, "recv", flags, errno);
  if (!pushreceived(L, s, buffer, (size_t)n) || !(flags & MSG_TRUNC))
    return 1;
  lua_pushinteger(L, n);
  return 2;
}


/* What came before the failure is its fourth result: nothing is lost. */
static int giveup_recvall (lua_State *L) {
  lua_Integer got = lua_tointeger(L, GOT);
  if (got == 0)
    return 3;
  lua_pushlstring(L, lua_touserdata(L, BUFFER), (size_t)got);
  return 4;
}


static int recvallend (lua_State *L, size_t got) {
  if (got == 0) {
    lua_pushnil(L);
    return 1;
  }
  sk_sockpeer(L);
  sk_failure(L, "recv", lua_gettop(L), "the stream ended", "eof");
  return giveup_recvall(L);
}


static int try_recvall (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  size_t size = (size_t)lua_tointeger(L, SIZE);
  size_t got = (size_t)lua_tointeger(L, GOT);
  int flags = getflags(L);
  char *buffer = lua_touserdata(L, BUFFER);
  do {
    ssize_t n;
    if (!sk_isopen(s)) {
      sk_sockclosed(L, "recv");
      return giveup_recvall(L);
    }
    n = sys_recv(w->fd, buffer + got, size - got, flags | SK_RECVFLAGS);
    if (n < 0) {
      int r = notreceived(L, s, "recv", flags, errno);
      return (r > 0) ? giveup_recvall(L) : r;
    }
    if (n == 0)
      return recvallend(L, got);
    sk_moved(w->loop, n);
    got += (size_t)n;
    lua_pushinteger(L, (lua_Integer)got);
    lua_replace(L, GOT);
  } while (got < size);
  lua_pushlstring(L, buffer, got);
  return 1;
}

static const sk_Op recvall_op = {
  "recv", SK_READ, try_recvall, sk_sockpeer, giveup_recvall
};


/* Urgent data and the error queue have their own readiness (L29). */
#define RECEIVEOPS(name, attempt) { \
  {name, SK_READ, attempt, sk_sockpeer, NULL}, \
  {name, SK_URGENT, attempt, sk_sockpeer, NULL}, \
  {name, SK_ERRQUEUE, attempt, sk_sockpeer, NULL} \
}


static const sk_Op *choose (const sk_Op ops[], int flags) {
  return (flags & MSG_ERRQUEUE) ? &ops[2]
         : (flags & MSG_OOB) ? &ops[1] : &ops[0];
}

static const sk_Op recv_ops[] = RECEIVEOPS("recv", try_recv);


/***
Receives what has come, waiting until there is something.
@function socket:recv
@tparam[opt=8192] integer n the most bytes to take; of a datagram or record the
rest is dropped
@tparam[opt] integer|string ... flags, one number or one or more names: "peek",
"oob", "errqueue"; "dontwait" fails with "EAGAIN" instead of waiting; "waitall"
on a stream waits for all n bytes; "trunc" on datagrams and records adds the
whole length as a second result
@treturn[1] string the data; "" is an empty datagram or record, or 0 bytes asked
for
@return[2] nil at the end of the stream, or of datagrams after `shutdown`
@return[3] nil, message, code ("timeout", "closed", "ECONNRESET", ...); with
"waitall" then what has come as a fourth result, and code "eof" when the stream
ended before the n-th byte
@see recv(2)
*/
static int s_recv (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int flags;
  checkreceive(L, s);
  flags = getflags(L);
  if (!(flags & MSG_WAITALL) || (flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
      || !isstream(s) || lua_tointeger(L, SIZE) == 0)
    return sk_perform(L, &s->watch, choose(recv_ops, flags));
  lua_pushinteger(L, 0);
  return sk_perform(L, &s->watch, &recvall_op);
}

/* }================================================================== */


/*
** {==================================================================
** recvfrom
** ===================================================================
*/

/* recvmsg, as recvfrom does not tell whether the datagram was cut. */
static int try_recvfrom (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  size_t size = (size_t)lua_tointeger(L, SIZE);
  int flags = getflags(L);
  struct sockaddr_storage sa;
  struct msghdr msg;
  struct iovec iov;
  ssize_t n;
  int r = before(L, s, "recvfrom");
  if (r != 0)
    return r;
  if (hopeless(s, flags))
    flags |= MSG_DONTWAIT;
  memset(&msg, 0, sizeof(msg));
  iov.iov_base = receivebuffer(L, w);
  iov.iov_len = size;
  msg.msg_name = &sa;
  msg.msg_namelen = sizeof(sa);
  msg.msg_iov = &iov;
  msg.msg_iovlen = 1;
  n = sys_recvmsg(w->fd, &msg, flags | SK_RECVFLAGS);
  if (n < 0)
    return notreceived(L, s, "recvfrom", flags, errno);
  if (!pushreceived(L, s, iov.iov_base, (size_t)n))
    return 1;
  sk_pushfrom(L, &sa, msg.msg_namelen);
  sk_pushflags(L, msg.msg_flags & ~MSG_EOR);
  if ((size_t)n <= size)
    return 3;
  lua_pushinteger(L, n);
  return 4;
}

static const sk_Op recvfrom_ops[] = RECEIVEOPS("recvfrom", try_recvfrom);


/***
Receives a datagram and tells who sent it.
@function socket:recvfrom
@tparam[opt=8192] integer n the most bytes to take; the rest is dropped
@tparam[opt] integer|string ... flags, as for `recv`
@treturn[1] string the data
@treturn[1] address|nil the sender's; nil where there is none (streams, unnamed
UNIX sockets)
@treturn[1] table|nil flags that the system set, as in `{trunc = true}` for a
datagram that was cut; nil when there are none
@treturn[1] integer|nil the whole length, when "trunc" asked for it and the
datagram was cut
@return[2] nil at the end of the stream, or of datagrams after `shutdown`
@return[3] nil, message, code
@see recvfrom(2)
*/
static int s_recvfrom (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  checkreceive(L, s);
  return sk_perform(L, &s->watch, choose(recvfrom_ops, getflags(L)));
}

/* }================================================================== */


static const luaL_Reg methods[] = {
  {"recv", s_recv},
  {"recvfrom", s_recvfrom},
  {NULL, NULL}
};


void sk_openreceive (lua_State *L) {
  sk_addmethods(L, methods);
}
