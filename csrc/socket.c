/*
** socket.c: the socket userdata: making, adopting, closing, describing.
*/

/***
@submodule sockeye.core
*/

/***
A socket, or another descriptor that can be waited for. Closed by `close`, by
`<close>` and by the garbage collector; always close-on-exec.
@type socket
*/

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "argument.h"
#include "constant.h"
#include "error.h"
#include "loop.h"
#include "socket.h"


/*
** {==================================================================
** The userdata
** ===================================================================
*/

sk_Socket *sk_tosocket (lua_State *L) {
  return luaL_checkudata(L, 1, SK_SOCKET);
}


sk_Socket *sk_testsocket (lua_State *L, int arg) {
  return luaL_testudata(L, arg, SK_SOCKET);
}


sk_Socket *sk_newsocket (lua_State *L, int family, int type, int protocol) {
  sk_Socket *s = lua_newuserdatauv(L, sizeof(*s), SK_NUSERVALUES);
  memset(s, 0, sizeof(*s));
  sk_watchinit(L, &s->watch);
  s->family = family;
  s->type = type;
  s->protocol = protocol;
  luaL_setmetatable(L, SK_SOCKET);
  return s;
}


static int intoption (int fd, int name, int otherwise) {
  int value;
  socklen_t len = sizeof(value);
  if (sys_getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0)
    return otherwise;
  return value;
}


void sk_adopt (sk_Socket *s, int fd, int borrowed) {
  struct stat st;
  s->watch.fd = fd;
  s->borrowed = (borrowed != 0);
  s->type = intoption(fd, SO_TYPE, -1);
  if (s->type >= 0) {
    s->family = intoption(fd, SO_DOMAIN, AF_UNSPEC);
    s->protocol = intoption(fd, SO_PROTOCOL, 0);
    return;
  }
  s->family = -1;
  /* epoll refuses files and directories: they never have to be waited for */
  s->always = (sys_fstat(fd, &st) == 0 &&
               (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)));
}


int sk_whenready (int fd, short events) {
  struct pollfd pfd;
  int n;
  pfd.fd = fd;
  pfd.events = events;
  n = sys_poll(&pfd, 1, 0);
  if (n > 0)
    return 1;
  if (n == 0)
    errno = EAGAIN;
  return 0;
}


void sk_addmethods (lua_State *L, const luaL_Reg *methods) {
  luaL_getmetatable(L, SK_SOCKET);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 2);
}

/* }================================================================== */


/*
** {==================================================================
** Failures of a socket's calls
** ===================================================================
*/

static int pushownaddress (lua_State *L, int fd) {
  struct sockaddr_storage sa;
  socklen_t len = sizeof(sa);
  if (fd < 0 || sys_getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
    return 0;
  sk_pushaddress(L, &sa, len, sizeof(sa));
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  return 0;
}


void sk_sockpeer (lua_State *L) {
  sk_Socket *s = lua_touserdata(L, 1);
  if (lua_getiuservalue(L, 1, SK_UPEER) != LUA_TNIL)
    return;
  lua_pop(L, 1);
  if (!pushownaddress(L, s->watch.fd))
    lua_pushvalue(L, 1);
}


int sk_sockfail (lua_State *L, const char *name, int err) {
  sk_sockpeer(L);
  return sk_error(L, name, lua_gettop(L), err);
}


int sk_sockclosed (lua_State *L, const char *name) {
  sk_sockpeer(L);
  return sk_failure(L, name, lua_gettop(L), "closed", SK_ECLOSED);
}


int sk_sockresult (lua_State *L, const char *name, int err) {
  int r = sk_notyet(err);
  return (r != 0) ? r : sk_sockfail(L, name, err);
}


void sk_pushfrom (lua_State *L, const struct sockaddr_storage *sa,
                  socklen_t len) {
  const sk_Address *last;
  lua_getiuservalue(L, 1, SK_UFROM);
  last = sk_testaddress(L, -1);
  if (last != NULL && last->len == len && memcmp(last->bytes, sa, len) == 0)
    return;
  lua_pop(L, 1);
  sk_pushaddress(L, sa, len, sizeof(*sa));
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, SK_UFROM);
}

/* }================================================================== */


/*
** {==================================================================
** Making sockets
** ===================================================================
*/

#define MAKEFLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)

/***
Functions of the module.
@section functions
*/

/***
Creates a socket.
@function socket
@tparam string|integer family "inet", "inet6", "unix", "packet", "netlink",
"vsock", or any other by number
@tparam string|integer type "stream", "dgram", "seqpacket", "raw"
@tparam[opt=0] integer protocol
@treturn[1] socket
@return[2] nil, message, code ("EAFNOSUPPORT", "EPROTONOSUPPORT", "EMFILE",
"EPERM", ...)
@see socket(2)
*/
static int f_socket (lua_State *L) {
  int family = sk_checkconstant(L, 1, sk_families, "family");
  int type = sk_checkconstant(L, 2, sk_types, "type");
  int protocol = (int)sk_optint(L, 3, 0, 0, INT_MAX, "protocol");
  sk_Socket *s = sk_newsocket(L, family, type & ~MAKEFLAGS, protocol);
  s->watch.fd = sys_socket(family, type | MAKEFLAGS, protocol);
  if (s->watch.fd < 0)
    return sk_error(L, "socket", 0, errno);
  return 1;
}


/***
Creates two sockets that are connected to each other.
@function socketpair
@tparam[opt="unix"] string|integer family
@tparam[opt="stream"] string|integer type
@tparam[opt=0] integer protocol
@treturn[1] socket
@treturn[1] socket
@return[2] nil, message, code
@see socketpair(2)
*/
static int f_socketpair (lua_State *L) {
  int fds[2];
  int family = sk_optconstant(L, 1, sk_families, AF_UNIX, "family");
  int type = sk_optconstant(L, 2, sk_types, SOCK_STREAM, "type");
  int protocol = (int)sk_optint(L, 3, 0, 0, INT_MAX, "protocol");
  sk_Socket *a = sk_newsocket(L, family, type & ~MAKEFLAGS, protocol);
  sk_Socket *b = sk_newsocket(L, family, type & ~MAKEFLAGS, protocol);
  if (sys_socketpair(family, type | MAKEFLAGS, protocol, fds) < 0)
    return sk_error(L, "socketpair", 0, errno);
  a->watch.fd = fds[0];
  b->watch.fd = fds[1];
  return 2;
}


static int duplicate (int fd) {
  return sys_fcntl(fd, F_DUPFD_CLOEXEC, 0);
}


static int filedescriptor (lua_State *L, int arg) {
  luaL_Stream *file = luaL_testudata(L, arg, LUA_FILEHANDLE);
  if (file == NULL)
    return sk_badarg(L, arg, "descriptor", "integer or file expected, got %s",
                     luaL_typename(L, arg));
  if (file->closef == NULL)
    return sk_badarg(L, arg, "descriptor", "the file is closed");
  return fileno(file->f);
}


/***
Adopts a descriptor: a socket, pipe, terminal, or anything else that can be
waited for; files count as always ready. A number is owned from then on (and
close-on-exec, unless it is one of 0, 1 and 2, which the program's children
expect to find); of a Lua file a duplicate is taken, which knows nothing of what
the file has in its buffer. The status flags, which other processes may share,
stay as they are.
@function fromfd
@tparam integer|file descriptor
@treturn[1] socket with family, type and protocol as the system tells
@return[2] nil, message, code ("EBADF", "EMFILE")
*/
static int f_fromfd (lua_State *L) {
  int isnumber = (lua_type(L, 1) == LUA_TNUMBER);
  int fd = isnumber ? (int)sk_checkint(L, 1, 0, INT_MAX, "descriptor")
           : filedescriptor(L, 1);
  sk_Socket *s = sk_newsocket(L, -1, -1, 0);
  int flags = isnumber ? sys_fcntl(fd, F_GETFD, 0) : 0;
  if (!isnumber)
    fd = duplicate(fd);
  if (fd < 0 || flags < 0)
    return sk_error(L, "fromfd", isnumber ? 1 : 0, errno);
  sk_adopt(s, fd, 1);
  if (isnumber && fd > STDERR_FILENO)
    sys_fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  return 1;
}

/* }================================================================== */


/*
** {==================================================================
** Closing and handing over
** ===================================================================
*/

/***
@type socket
*/

/*
** Linux frees the number whatever close answers, so that it must not be called
** again after EINTR (trap T16).
*/
static int closesocket (sk_Socket *s) {
  int fd = sk_unwatch(&s->watch);
  if (fd < 0 || sys_close(fd) == 0 || errno == EINTR)
    return 0;
  return errno;
}


/***
Closes the socket. Calls that wait for it return with code "closed". Closing
again does nothing.
@function socket:close
@treturn[1] socket the socket itself
@return[2] nil, message, code; the socket is closed all the same
@see close(2)
*/
static int s_close (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int err = closesocket(s);
  if (err != 0)
    return sk_sockfail(L, "close", err);
  lua_settop(L, 1);
  return 1;
}


static int s_gc (lua_State *L) {
  closesocket(sk_tosocket(L));
  return 0;
}


/***
Gives the descriptor away: the socket is closed for sockeye, the number stays
open and is the caller's to close.
@function socket:detach
@treturn[1] integer the descriptor
@return[2] nil, message, code ("closed")
*/
static int s_detach (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int fd = sk_unwatch(&s->watch);
  if (fd < 0)
    return sk_sockclosed(L, "detach");
  lua_pushinteger(L, fd);
  return 1;
}


/***
Duplicates the descriptor: a second socket for the same connection, which ends
with the last of them.
@function socket:dup
@treturn[1] socket
@return[2] nil, message, code
@see dup(2)
*/
static int s_dup (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  sk_Socket *copy;
  if (!sk_isopen(s))
    return sk_sockclosed(L, "dup");
  copy = sk_newsocket(L, s->family, s->type, s->protocol);
  copy->borrowed = s->borrowed;
  copy->always = s->always;
  copy->connecting = s->connecting;
  copy->watch.timeout = s->watch.timeout;
  lua_getiuservalue(L, 1, SK_UPEER);
  lua_setiuservalue(L, -2, SK_UPEER);
  copy->watch.fd = duplicate(s->watch.fd);
  if (copy->watch.fd < 0)
    return sk_sockfail(L, "dup", errno);
  return 1;
}


/***
Whether programs that this one starts inherit the descriptor. They do not
unless this is called.
@function socket:setinheritable
@tparam boolean flag
@treturn[1] socket the socket itself
@return[2] nil, message, code
*/
static int s_setinheritable (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int flag = sk_checkbool(L, 2, "flag");
  int flags;
  if (!sk_isopen(s))
    return sk_sockclosed(L, "setinheritable");
  flags = sys_fcntl(s->watch.fd, F_GETFD, 0);
  if (flags >= 0) {
    flags = flag ? (flags & ~FD_CLOEXEC) : (flags | FD_CLOEXEC);
    flags = sys_fcntl(s->watch.fd, F_SETFD, flags);
  }
  if (flags < 0)
    return sk_sockfail(L, "setinheritable", errno);
  lua_settop(L, 1);
  return 1;
}


/***
The descriptor, to be used but not closed by others.
@function socket:getfd
@treturn[1] integer
@return[2] nil, message, code ("closed")
*/
static int s_getfd (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  if (!sk_isopen(s))
    return sk_sockclosed(L, "getfd");
  lua_pushinteger(L, s->watch.fd);
  return 1;
}


/***
Limits each later call in time, as a whole.
@function socket:settimeout
@tparam number|nil seconds 0 for "now", nil for "for ever"
@treturn socket the socket itself
*/
static int s_settimeout (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  if (lua_isnone(L, 2))  /* forgotten, rather than "for ever" */
    return sk_badarg(L, 2, "seconds", "number or nil expected, got no value");
  s->watch.timeout = sk_checkseconds(L, 2, "seconds");
  lua_settop(L, 1);
  return 1;
}


/***
The time limit of calls.
@function socket:gettimeout
@treturn number|nil seconds
*/
static int s_gettimeout (lua_State *L) {
  sk_pushseconds(L, sk_tosocket(L)->watch.timeout);
  return 1;
}

/* }================================================================== */


/*
** {==================================================================
** Describing
** ===================================================================
*/

static const char *internetname (const sk_Socket *s) {
  switch (s->protocol) {
    case 0: case IPPROTO_TCP: case IPPROTO_UDP:
      return (s->type == SOCK_STREAM) ? "tcp"
             : (s->type == SOCK_DGRAM) ? "udp" : NULL;
    case IPPROTO_ICMP: return "icmp";
    case IPPROTO_ICMPV6: return "icmp6";
#if defined(IPPROTO_SCTP)
    case IPPROTO_SCTP: return "sctp";
#endif
#if defined(IPPROTO_MPTCP)
    case IPPROTO_MPTCP: return "mptcp";
#endif
    default: return NULL;
  }
}


/* "tcp", or "unix stream"; numbers where there is no name. */
static void addkind (luaL_Buffer *b, const sk_Socket *s) {
  lua_State *L = b->L;
  const char *name = NULL;
  if (!sk_issocket(s)) {
    luaL_addstring(b, "descriptor");
    return;
  }
  if (s->family == AF_INET || s->family == AF_INET6)
    name = internetname(s);
  if (name != NULL) {
    luaL_addstring(b, name);
    return;
  }
  sk_pushconstant(L, sk_families, s->family);
  luaL_addvalue(b);
  luaL_addchar(b, ' ');
  sk_pushconstant(L, sk_types, s->type);
  luaL_addvalue(b);
}


static void addaddress (luaL_Buffer *b, const char *before, sk_Socket *s,
                        int (*get) (int, struct sockaddr *, socklen_t *)) {
  struct sockaddr_storage sa;
  socklen_t len = sizeof(sa);
  if (get(s->watch.fd, (struct sockaddr *)&sa, &len) < 0) return;
  sk_pushaddress(b->L, &sa, len, sizeof(sa));
  if (lua_isnil(b->L, -1)) {
    lua_pop(b->L, 1);
    return;
  }
  luaL_tolstring(b->L, -1, NULL);
  lua_remove(b->L, -2);
  lua_pushstring(b->L, before);
  lua_insert(b->L, -2);
  lua_concat(b->L, 2);
  luaL_addvalue(b);
}


static int s_tostring (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  luaL_Buffer b;
  if (!sk_isopen(s)) {
    lua_pushliteral(L, "socket (closed)");
    return 1;
  }
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "socket (");
  addkind(&b, s);
  lua_pushfstring(L, ", fd %d", s->watch.fd);
  luaL_addvalue(&b);
  if (sk_issocket(s)) {
    addaddress(&b, ", ", s, sys_getsockname);
    addaddress(&b, " -> ", s, sys_getpeername);
  }
  luaL_addchar(&b, ')');
  luaL_pushresult(&b);
  return 1;
}


/***
What kind of socket it is.
@function socket:kind
@treturn[1] string|integer family; nil for a descriptor that is no socket
@treturn[1] string|integer type
@treturn[1] integer protocol
*/
static int s_kind (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  if (!sk_issocket(s)) {
    lua_pushnil(L);
    return 1;
  }
  sk_pushconstant(L, sk_families, s->family);
  sk_pushconstant(L, sk_types, s->type);
  lua_pushinteger(L, s->protocol);
  return 3;
}

/* }================================================================== */


static const luaL_Reg functions[] = {
  {"socket", f_socket},
  {"socketpair", f_socketpair},
  {"fromfd", f_fromfd},
  {NULL, NULL}
};


static const luaL_Reg methods[] = {
  {"close", s_close},
  {"detach", s_detach},
  {"dup", s_dup},
  {"setinheritable", s_setinheritable},
  {"getfd", s_getfd},
  {"settimeout", s_settimeout},
  {"gettimeout", s_gettimeout},
  {"kind", s_kind},
  {NULL, NULL}
};


static const luaL_Reg metamethods[] = {
  {"__gc", s_gc},
  {"__close", s_close},
  {"__tostring", s_tostring},
  {NULL, NULL}
};


void sk_opensocket (lua_State *L) {
  luaL_newmetatable(L, SK_SOCKET);
  luaL_setfuncs(L, metamethods, 0);
  lua_newtable(L);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  sk_addmethods(L, methods);
  luaL_setfuncs(L, functions, 0);
}
