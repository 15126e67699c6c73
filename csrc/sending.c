/*
** sending.c: sendmsg, sendmmsg.
*/

/***
@submodule sockeye.core
*/

/***
@type socket
*/

#include <errno.h>

#include <lauxlib.h>
#include <lua.h>

#include "constant.h"
#include "control.h"
#include "error.h"
#include "field.h"
#include "loop.h"

/* The arguments once they are checked, at fixed stack indexes. */
#define OUTGOING 3
#define SENDFLAGS 4


static void subject_send (lua_State *L) {
  sk_pushto(L, OUTGOING);
}


/* The outcome of a send that failed. */
static int notsent (lua_State *L, const sk_Socket *s, const sk_Outgoing *o,
                    const char *call, int err) {
  int r = sk_notyet(err);
  if (r == SK_AGAIN && !(lua_tointeger(L, SENDFLAGS) & MSG_DONTWAIT)) {
    /* a UNIX datagram socket that is not connected is always writable, even
    ** while the receiver that was named is full */
    return (s->family == AF_UNIX && s->type == SOCK_DGRAM && o->addressed)
           ? SK_PAUSE : SK_AGAIN;
  }
  if (r == SK_INTR)
    return r;
  subject_send(L);
  return sk_error(L, call, lua_gettop(L), err);
}


/* What to send, or NULL and nil, message, code on the top. */
static sk_Outgoing *prepare (lua_State *L, const sk_Socket *s,
                             const char *call) {
  if (!sk_isopen(s))
    sk_sockclosed(L, call);
  else if (sk_fillfds(L, OUTGOING))
    return lua_touserdata(L, OUTGOING);
  else
    sk_failure(L, call, 0, "a descriptor to be sent was closed", SK_ECLOSED);
  return NULL;
}


static int try_sendmsg (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  sk_Outgoing *o = prepare(L, s, "sendmsg");
  ssize_t n;
  if (o == NULL)
    return 3;
  n = sys_sendmsg(w->fd, &o->list[0].msg_hdr,
                  (int)lua_tointeger(L, SENDFLAGS) | SK_SENDFLAGS);
  if (n < 0)
    return notsent(L, s, o, "sendmsg", errno);
  sk_moved(w->loop, n);
  lua_pushinteger(L, n);
  return 1;
}

static const sk_Op sendmsg_op = {
  "sendmsg", SK_WRITE, try_sendmsg, subject_send, NULL
};


/***
Sends one message with all that can go with it.

The table has these fields; any other raises.

- `data`: a string, or a list of strings, which are sent as one without being
joined first (more than 1024 are joined)
- `to`: an address, or a string that `core.address` takes
- `flags`: a name or number, or a list of them, as for `send`
- `fds`: a list of sockets, Lua files and numbers, duplicates of whose
descriptors the receiver gets (UNIX sockets only; at most 253). They stay open
here. What a file holds in its buffer does not go with it.
- `credentials`: true for one's own, or a table `{pid=, uid=, gid=}` (UNIX and
netlink sockets)
- `pktinfo`: a table with `interface`, a name or index, and `address`, from
which the datagram is to leave (IP). One that `recvmsg` gave will do, so that an
answer leaves from the address that was asked.
- `ttl`, `tos`: of an IPv4 datagram; `hoplimit`, `tclass`: of an IPv6 one
- `segment`: the size of the datagrams that the data is to be cut into by the
system (UDP)
- `txtime`: when to send it, in nanoseconds of the clock that SO_TXTIME named
- `mark`, `priority`: as the options SO_MARK and SO_PRIORITY, for this message
- `control`: a list of `{level=, type=, data=}`, for anything else

What does not suit the kind of socket raises: the system would pass over it in
silence.

@function socket:sendmsg
@tparam table message
@treturn[1] integer the bytes sent; on streams possibly a part, with which
descriptors and credentials have gone
@return[2] nil, message, code ("EMSGSIZE", "EINVAL" for more than 253
descriptors, "ETOOMANYREFS", "ENODEV", "timeout", "closed", ...)
@see sendmsg(2)
@see cmsg(3)
@usage s:sendmsg { data = "take this", fds = { io.open "/etc/hosts" } }
*/
static int s_sendmsg (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  sk_Outgoing *o = sk_newoutgoing(L, s, 0, "sendmsg");
  int flags;
  if (o == NULL)
    return 3;
  sk_field(L, 2, "flags");
  flags = sk_fieldflags(L, "flags");
  lua_settop(L, OUTGOING);
  lua_pushinteger(L, flags);
  return sk_perform(L, &s->watch, &sendmsg_op);
}

#if SK_LINUX

static int try_sendmmsg (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  sk_Outgoing *o = prepare(L, s, "sendmmsg");
  int i, n;
  if (o == NULL)
    return 3;
  n = sys_sendmmsg(w->fd, o->list, o->n,
                   (int)lua_tointeger(L, SENDFLAGS) | SK_SENDFLAGS);
  if (n < 0)
    return notsent(L, s, o, "sendmmsg", errno);
  for (i = 0; i < n; i++)
    sk_moved(w->loop, o->list[i].msg_len);
  lua_pushinteger(L, n);
  return 1;
}

static const sk_Op sendmmsg_op = {
  "sendmmsg", SK_WRITE, try_sendmmsg, subject_send, NULL
};


/***
Sends several messages in one system call.
@function socket:sendmmsg
@tparam table messages a list of tables as `sendmsg` takes, without `flags`; at
most the first 1024 are sent
@tparam[opt] integer|string ... flags for all of them
@treturn[1] integer how many were sent, beginning with the first; a failure
after that shows when the rest is sent
@return[2] nil, message, code: the first one failed
@see sendmmsg(2)
*/
static int s_sendmmsg (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  int flags;
  sk_checktable(L, 2, "list");
  sk_checkflags(L, 3, &flags);
  if (sk_newoutgoing(L, s, 1, "sendmmsg") == NULL)
    return 3;
  lua_pushinteger(L, flags);
  return sk_perform(L, &s->watch, &sendmmsg_op);
}

#endif


static const luaL_Reg methods[] = {
  {"sendmsg", s_sendmsg},
#if SK_LINUX
  {"sendmmsg", s_sendmmsg},
#endif
  {NULL, NULL}
};


void sk_opensending (lua_State *L) {
  sk_addmethods(L, methods);
}
