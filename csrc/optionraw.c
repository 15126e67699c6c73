/*
** optionraw.c: getsockopt and setsockopt by number, and ioctl: what the table
** of options does not have.
*/

/***
@submodule sockeye.core
*/

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <string.h>

#include "argument.h"
#include "error.h"
#include "optionraw.h"
#include "socket.h"

#if SK_LINUX
#include <linux/sockios.h>
#endif

/* More than any option holds; 65,536 supplementary groups need 256 KiB. */
#define SIZEMAX (1 << 20)


/***
Gets a socket option by number, for those that `socket:getoption` does not
know.

Without a size, the kernel is asked for the 4 bytes of a C int.  An option
that holds more is cut to them by some of its getters: give a size for those.
An option that yields a descriptor yields its number here: pass it to
`fromfd` at once.

@function socket:getsockopt
@tparam integer level as `core.SOL_SOCKET`
@tparam integer optname as `core.SO_RCVBUF`
@tparam[opt] integer size the most bytes to get, 0 to 1048576
@treturn[1] integer without a size: the value as a signed C int (as bytes, if
  the kernel returned other than 4)
@treturn[2] string with a size: the bytes that the kernel returned
@return[3] nil, message, code; code is "limit" when the kernel says that the
  value has more bytes than asked for
@see socket:getoption
@see getsockopt(2)
@usage local linger = s:getsockopt(core.SOL_SOCKET, core.SO_LINGER, 8)
local on, seconds = string.unpack("i4i4", linger)
*/
static int raw_getsockopt (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int level = (int)sk_checkint(L, 2, INT_MIN, INT_MAX, "level");
  int name = (int)sk_checkint(L, 3, INT_MIN, INT_MAX, "optname");
  int sized = !lua_isnoneornil(L, 4);
  int n;
  socklen_t size =
      (socklen_t)sk_optint(L, 4, (lua_Integer)sizeof n, 0, SIZEMAX, "size");
  socklen_t len = size;
  if (!sk_isopen(s)) return sk_sockclosed(L, "getsockopt");
  luaL_Buffer b;
  char *data = luaL_buffinitsize(L, &b, size);
  memset(data, 0, size); /* some options read it, too */
  if (sys_getsockopt(s->watch.fd, level, name, data, &len) < 0)
    return sk_sockfail(L, "getsockopt", errno);
  if (len > size)
    return sk_failure(L, "getsockopt", 1, "value longer than the size given",
                      SK_ELIMIT);
  if (!sized && len == sizeof n) {
    memcpy(&n, data, sizeof n);
    lua_pushinteger(L, n);
    return 1;
  }
  luaL_pushresultsize(&b, len);
  return 1;
}


/***
Sets a socket option by number, for those that `socket:setoption` does not
know.

Some settings take back what sockeye promises: timeouts (SO_RCVTIMEO) are
cut across by its own, and a descriptor in the bytes is not owned.

@function socket:setsockopt
@tparam integer level
@tparam integer optname
@tparam integer|string value an integer is passed as a C int (-2^31 to
  2^32-1), a string as its bytes
@treturn[1] socket the socket
@return[2] nil, message, code
@see socket:setoption
@see setsockopt(2)
*/
static int raw_setsockopt (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int level = (int)sk_checkint(L, 2, INT_MIN, INT_MAX, "level");
  int name = (int)sk_checkint(L, 3, INT_MIN, INT_MAX, "optname");
  unsigned n;
  size_t len = sizeof n;
  const void *data = &n;
  if (lua_type(L, 4) == LUA_TSTRING)
    data = sk_checkbytes(L, 4, &len, "value");
  else
    n = (unsigned)sk_checkint(L, 4, INT_MIN, UINT32_MAX, "value");
  if (len > SIZEMAX)
    sk_badarg(L, 4, "value", "more than %d bytes", SIZEMAX);
  if (!sk_isopen(s)) return sk_sockclosed(L, "setsockopt");
  if (sys_setsockopt(s->watch.fd, level, name, data, (socklen_t)len) < 0)
    return sk_sockfail(L, "setsockopt", errno);
  lua_settop(L, 1);
  return 1;
}


typedef struct Request {
  const char *name;
  unsigned long number; /* 0: this system does not have it */
  int boolean;
} Request;

#if SK_LINUX
#define LINUX(number) number
#else
#define LINUX(number) 0
#endif

static const Request requests[] = {
  {"fionread", FIONREAD, 0},
  {"siocinq", LINUX(SIOCINQ), 0},
  {"siocoutq", LINUX(SIOCOUTQ), 0},
  {"siocoutqnsd", LINUX(SIOCOUTQNSD), 0},
  {"siocatmark", SIOCATMARK, 1},
  {NULL, 0, 0}
};


static const Request *checkrequest (lua_State *L, int arg) {
  const char *name = sk_checktext(L, arg, "name");
  const Request *r;
  for (r = requests; r->name != NULL; r++)
    if (strcmp(r->name, name) == 0) return r;
  if (strcmp(name, "fionbio") == 0)
    sk_badarg(L, arg, "name", "'fionbio' is sockeye's own; "
                              "use settimeout(0) for calls that do not wait");
  sk_badarg(L, arg, "name",
            "unknown request '%s' (fionread, siocinq, siocoutq, "
            "siocoutqnsd, siocatmark)", name);
  return NULL;
}


/***
Asks the socket about its queues.

- `"fionread"`, `"siocinq"`: the bytes that can be read; for datagrams, those
  of the next one.  Also for pipes and terminals.
- `"siocoutq"`: the bytes not yet sent or, on TCP, not yet acknowledged.
- `"siocoutqnsd"`: the bytes not yet sent (TCP).
- `"siocatmark"`: whether the next byte to read is the one after urgent data.

@function socket:ioctl
@tparam string name
@treturn[1] integer bytes
@treturn[2] boolean for `"siocatmark"`
@return[3] nil, message, code
@see tcp(7)
@see udp(7)
@see sockatmark(3)
*/
static int raw_ioctl (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  const Request *r = checkrequest(L, 2);
  int n = 0;
  const char *call = lua_pushfstring(L, "ioctl %s", r->name);
  if (!sk_isopen(s)) return sk_sockclosed(L, call);
  if (r->number == 0) return sk_sockfail(L, call, ENOTTY);
  if (sys_ioctl(s->watch.fd, r->number, &n) < 0)
    return sk_sockfail(L, call, errno);
  if (r->boolean)
    lua_pushboolean(L, n);
  else
    lua_pushinteger(L, n);
  return 1;
}


const luaL_Reg sk_rawoptions[] = {
  {"getsockopt", raw_getsockopt},
  {"setsockopt", raw_setsockopt},
  {"ioctl", raw_ioctl},
  {NULL, NULL}
};
