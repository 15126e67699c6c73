/*
** connection.c: bind, connect, listen, accept, shutdown, and the names.
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
#include "error.h"
#include "socket.h"


/* A failure that names the address at index 2. */
static int addressfail (lua_State *L, const char *name, int err) {
  return sk_error(L, name, 2, err);
}


/***
Gives the socket its own address.
@function socket:bind
@tparam address|string address or host and port in two arguments
@treturn[1] socket the socket itself
@return[2] nil, message, code ("EADDRINUSE", "EADDRNOTAVAIL", "EACCES",
"EINVAL" when it is bound already, ...)
@see bind(2)
*/
static int s_bind (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  const sk_Address *a = sk_checkaddress(L, 2);
  if (!sk_isopen(s))
    return sk_sockclosed(L, "bind");
  if (sys_bind(s->watch.fd, sk_sockaddr(a), a->len) < 0)
    return addressfail(L, "bind", errno);
  lua_settop(L, 1);
  return 1;
}


/***
Makes the socket accept connections.
@function socket:listen
@tparam[opt] integer backlog connections that may wait for `accept`; the
system's maximum when left out
@treturn[1] socket the socket itself
@return[2] nil, message, code
@see listen(2)
*/
static int s_listen (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int backlog = (int)sk_optint(L, 2, INT_MAX, 0, INT_MAX, "backlog");
  if (!sk_isopen(s))
    return sk_sockclosed(L, "listen");
  if (sys_listen(s->watch.fd, backlog) < 0)
    return sk_sockfail(L, "listen", errno);
  lua_settop(L, 1);
  return 1;
}


/*
** {==================================================================
** connect
** ===================================================================
*/

static int connected (lua_State *L, sk_Socket *s) {
  s->connecting = 0;
  lua_settop(L, 2);
  if (sk_family(sk_testaddress(L, 2)) == AF_UNSPEC) {  /* disconnected */
    lua_pushnil(L);
    lua_replace(L, 2);
  }
  lua_setiuservalue(L, 1, SK_UPEER);
  return 1;
}


static int notconnected (lua_State *L, sk_Socket *s, int err) {
  s->connecting = 0;
  lua_pushnil(L);
  lua_setiuservalue(L, 1, SK_UPEER);
  return addressfail(L, "connect", err);
}


/*
** A descriptor that is not ours may be one that blocks, and connect has no flag
** against it.  Of what can be done the send timeout is the least: it is not
** among the status flags, which other processes share (T27), and nobody sends
** on a socket that is not connected (socket(7): SO_SNDTIMEO holds for connect,
** too, which then goes on as if the socket were non-blocking).
*/
static int connectbriefly (int fd, const sk_Address *a) {
  static const struct timeval briefly = {0, 1};
  struct timeval before;
  socklen_t len = sizeof(before);
  int r, err;
  if (sys_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &before, &len) < 0)
    return -1;
  sys_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &briefly, sizeof(briefly));
  r = sys_connect(fd, sk_sockaddr(a), a->len);
  err = errno;
  sys_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &before, len);
  errno = err;
  return r;
}


static int callconnect (const sk_Socket *s, const sk_Address *a) {
  return s->borrowed ? connectbriefly(s->watch.fd, a)
         : sys_connect(s->watch.fd, sk_sockaddr(a), a->len);
}


/* Starts to connect. */
static int startconnect (lua_State *L, sk_Socket *s, const sk_Address *a) {
  if (callconnect(s, a) == 0)
    return connected(L, s);
  if (errno == EINTR && s->family == AF_UNIX)
    return SK_INTR;
  switch (errno) {
    case EINPROGRESS:
    case EINTR:  /* it goes on all the same */
      s->connecting = 1;
      lua_pushvalue(L, 2);
      lua_setiuservalue(L, 1, SK_UPEER);
      return SK_AGAIN;
    case EAGAIN:  /* a UNIX listener's backlog is full, and nothing tells
                     when it is not (L19) */
      return (s->family == AF_UNIX) ? SK_PAUSE
             : addressfail(L, "connect", EAGAIN);
    default:
      return addressfail(L, "connect", errno);
  }
}


/*
** Goes on with a connect that was started, maybe by an earlier call that timed
** out.  The outcome is asked of connect itself, not of SO_ERROR, which tells an
** error once and then reads 0 (L07), and leaves the socket in between: the next
** connect would be ECONNABORTED after a failure, and 0 instead of EISCONN after
** success (L06).
*/
static int finishconnect (lua_State *L, sk_Socket *s, const sk_Address *a) {
  struct sockaddr_storage peer;
  int err = 0;
  socklen_t len = sizeof(err);
  lua_getiuservalue(L, 1, SK_UPEER);
  if (!lua_rawequal(L, -1, 2))
    return addressfail(L, "connect", EALREADY);
  lua_pop(L, 1);
  if (callconnect(s, a) < 0) {
    if (errno == EALREADY || errno == EINPROGRESS || errno == EINTR)
      return SK_AGAIN;
    if (errno != EISCONN)
      return notconnected(L, s, errno);
  }
  if (sys_getsockopt(s->watch.fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
    return notconnected(L, s, errno);
  if (err != 0)
    return notconnected(L, s, err);
  len = sizeof(peer);
  if (sys_getpeername(s->watch.fd, (struct sockaddr *)&peer, &len) < 0)
    return notconnected(L, s, errno);
  return connected(L, s);
}


static int try_connect (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  const sk_Address *a = sk_testaddress(L, 2);
  if (!sk_isopen(s))
    return sk_failure(L, "connect", 2, "closed", SK_ECLOSED);
  if (s->connecting && sk_family(a) != AF_UNSPEC)
    return finishconnect(L, s, a);
  return startconnect(L, s, a);
}


static void connect_subject (lua_State *L) {
  lua_pushvalue(L, 2);
}

static const sk_Op connect_op = {
  "connect", SK_WRITE, try_connect, connect_subject, NULL
};


/***
Connects the socket, or sets the default destination of a datagram socket.
After a timeout the attempt goes on in the kernel: `connect` again with the same
address waits for its outcome, with another address it is EALREADY. An address of the
family "unspec" (`{family = "unspec", raw = ("\\0"):rep(14)}`) ends the attempt,
or takes the destination of a datagram socket back.
@function socket:connect
@tparam address|string address or host and port in two arguments
@treturn[1] socket the socket itself
@return[2] nil, message, code ("ECONNREFUSED", "timeout", "ENETUNREACH",
"EISCONN", ...)
@see connect(2)
*/
static int s_connect (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  sk_checkaddress(L, 2);
  lua_settop(L, 2);
  if (s->connecting && s->watch.writer != NULL)
    return addressfail(L, "connect", EALREADY);
  return sk_perform(L, &s->watch, &connect_op);
}

/* }================================================================== */


/*
** {==================================================================
** accept
** ===================================================================
*/

/* The new socket waits at index 2, to own the descriptor at once. */
static int try_accept (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  sk_Socket *peer = lua_touserdata(L, 2);
  struct sockaddr_storage sa;
  socklen_t len = sizeof(sa);
  if (!sk_isopen(s))
    return sk_sockclosed(L, "accept");
  if (s->borrowed && !sk_whenready(s->watch.fd, POLLIN))
    return sk_sockresult(L, "accept", errno);
  peer->watch.fd = sys_accept4(s->watch.fd, (struct sockaddr *)&sa, &len,
                               SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (peer->watch.fd < 0)
    return sk_sockresult(L, "accept", errno);
  sk_pushaddress(L, &sa, len, sizeof(sa));
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 2, SK_UPEER);
  return 2;
}

static const sk_Op accept_op = {
  "accept", SK_READ, try_accept, sk_sockpeer, NULL
};


/***
Accepts a connection.
@function socket:accept
@treturn[1] socket the connection
@treturn[1] address the peer's, as accept itself tells it; a UNIX peer without
a name has the unnamed address
@return[2] nil, message, code ("timeout", "closed", "EMFILE", "ECONNABORTED",
"EINVAL" when the socket does not listen, ...)
@see accept(2)
*/
static int s_accept (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  lua_settop(L, 1);
  sk_newsocket(L, s->family, s->type, s->protocol);
  return sk_perform(L, &s->watch, &accept_op);
}

/* }================================================================== */


/***
Ends one or both directions of a connection.
@function socket:shutdown
@tparam string how "r", "w" or "rw"
@treturn[1] socket the socket itself
@return[2] nil, message, code ("ENOTCONN", ...)
@see shutdown(2)
*/
static int s_shutdown (lua_State *L) {
  static const char *const names[] = {"r", "w", "rw", NULL};
  static const int hows[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  sk_Socket *s = sk_tosocket(L);
  const char *how = sk_checktext(L, 2, "how");
  int i = 0;
  while (names[i] != NULL && strcmp(names[i], how) != 0) i++;
  if (names[i] == NULL)
    return sk_badarg(L, 2, "how", "'r', 'w' or 'rw' expected, got '%s'", how);
  if (!sk_isopen(s))
    return sk_sockclosed(L, "shutdown");
  if (sys_shutdown(s->watch.fd, hows[i]) < 0)
    return sk_sockfail(L, "shutdown", errno);
  lua_settop(L, 1);
  return 1;
}


static int getname (lua_State *L, const char *name,
                    int (*get) (int, struct sockaddr *, socklen_t *)) {
  sk_Socket *s = sk_tosocket(L);
  struct sockaddr_storage sa;
  socklen_t len = sizeof(sa);
  if (!sk_isopen(s))
    return sk_sockclosed(L, name);
  if (get(s->watch.fd, (struct sockaddr *)&sa, &len) < 0)
    return sk_sockfail(L, name, errno);
  sk_pushaddress(L, &sa, len, sizeof(sa));
  return 1;
}


/***
The socket's own address.
@function socket:getsockname
@treturn[1] address
@return[2] nil, message, code
@see getsockname(2)
*/
static int s_getsockname (lua_State *L) {
  return getname(L, "getsockname", sys_getsockname);
}


/***
The peer's address.
@function socket:getpeername
@treturn[1] address
@return[2] nil, message, code ("ENOTCONN")
@see getpeername(2)
*/
static int s_getpeername (lua_State *L) {
  return getname(L, "getpeername", sys_getpeername);
}


static const luaL_Reg methods[] = {
  {"bind", s_bind},
  {"listen", s_listen},
  {"connect", s_connect},
  {"accept", s_accept},
  {"shutdown", s_shutdown},
  {"getsockname", s_getsockname},
  {"getpeername", s_getpeername},
  {NULL, NULL}
};


void sk_openconnection (lua_State *L) {
  sk_addmethods(L, methods);
}
