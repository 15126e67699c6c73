/*
** message.c: recvmsg, recvmmsg.
*/

/***
@submodule sockeye.core
*/

/***
@type socket
*/

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "argument.h"
#include "constant.h"
#include "control.h"
#include "error.h"
#include "field.h"
#include "inbox.h"
#include "loop.h"

#if !defined(MSG_ERRQUEUE)
#define MSG_ERRQUEUE 0
#endif

/* The arguments once they are checked, at fixed stack indexes. */
#define SIZE 2
#define ROOM 3
#define FDS 4       /* most descriptors of one message */
#define RECVFLAGS 5
#define COUNT 6     /* most messages, for recvmmsg */

#define INBOXAT 7

#define DEFAULTSIZE 8192
#define MAXROOM (1 << 24)


/* What a receive that failed comes to. */
static int outcome (lua_State *L, const sk_Socket *s, const char *call,
                    int flags, int err) {
  if (sk_notyet(err) != SK_AGAIN)
    return sk_sockresult(L, call, err);
  if (flags & MSG_DONTWAIT)
    return sk_sockfail(L, call, err);  /* then it is an answer */
  if ((flags & MSG_ERRQUEUE) || !sk_isshut(s))
    return SK_AGAIN;
  lua_pushnil(L);
  return 1;
}


/* What can be told before a receive is tried: SK_AGAIN, or the number of
** results, or 0 to go on. */
static int before (lua_State *L, sk_Socket *s, const char *call) {
  int flags = (int)lua_tointeger(L, RECVFLAGS);
  int r;
  if (!sk_isopen(s))
    return sk_sockclosed(L, call);
  if (s->type != SOCK_SEQPACKET || lua_tointeger(L, SIZE) == 0 ||
      (flags & (MSG_ERRQUEUE | MSG_OOB)))
    return 0;
  r = sk_nextrecord(s);
  if (r == SK_AGAIN)
    return outcome(L, s, call, flags, EAGAIN);
  if (r > 0)
    lua_pushnil(L);
  return r;
}


static sk_Inbox *inboxfor (lua_State *L, int n) {
  luaL_checkstack(L, 20, NULL);
  return sk_newinbox(L, n, (size_t)lua_tointeger(L, SIZE),
                     (size_t)lua_tointeger(L, ROOM));
}


/* Whether 0 bytes are the end: of a stream. Records were asked about before,
** and datagram sockets never say so, see sk_isshut. */
static int isend (lua_State *L, const sk_Socket *s, size_t n) {
  return n == 0 && s->type == SOCK_STREAM && lua_tointeger(L, SIZE) > 0 &&
         !(lua_tointeger(L, RECVFLAGS) & MSG_ERRQUEUE);
}


static void pushdata (lua_State *L, const struct msghdr *msg, size_t n) {
  size_t there = (n < msg->msg_iov->iov_len) ? n : msg->msg_iov->iov_len;
  lua_pushlstring(L, msg->msg_iov->iov_base, there);
  lua_setfield(L, -2, "data");
  if (there == n) return;
  lua_pushinteger(L, (lua_Integer)n);  /* L02 */
  lua_setfield(L, -2, "length");
}


/* Pushes the message of n bytes as a table. */
static void pushmessage (lua_State *L, const struct msghdr *msg, size_t n) {
  unsigned char *control = msg->msg_control;
  size_t len = (control == NULL) ? 0 : (size_t)msg->msg_controllen;
  int flags = msg->msg_flags;
  lua_createtable(L, 0, 4);
  pushdata(L, msg, n);
  if (msg->msg_namelen > 0) {
    sk_pushfrom(L, msg->msg_name, msg->msg_namelen);
    lua_setfield(L, -2, "from");
  }
  sk_decodecontrol(L, control, len, (int)lua_tointeger(L, FDS));
  if (sk_closecontrol(control, len) > 0)
    flags |= MSG_CTRUNC;  /* there is room for two where one was wanted */
  sk_pushflags(L, flags);
  lua_setfield(L, -2, "flags");
}


/* 0 bytes of a stream are there at once (L01). */
static int isnothing (const sk_Socket *s, const struct msghdr *msg,
                      int flags) {
  return s->type == SOCK_STREAM && msg->msg_iov->iov_len == 0 &&
         !(flags & (MSG_ERRQUEUE | MSG_OOB));
}


/* recvmsg on the error queue.  An empty one with an error pending or the end
** reached would be reported ready for ever: then EAGAIN is the answer. */
static ssize_t receiveerror (int fd, struct msghdr *msg, int flags,
                             int *hopeless) {
  struct msghdr again = *msg;
  ssize_t n = sys_recvmsg(fd, msg, flags);
  struct pollfd pfd;
  if (n >= 0 || sk_notyet(errno) != SK_AGAIN)
    return n;
  pfd.fd = fd;
  pfd.events = 0;
  if (sys_poll(&pfd, 1, 0) > 0) {
    *msg = again;
    n = sys_recvmsg(fd, msg, flags);  /* it may just have come */
    *hopeless = (n < 0 && sk_notyet(errno) == SK_AGAIN);
  }
  else
    errno = EAGAIN;
  return n;
}


/* One message; may add "do not wait" to the flags. */
static ssize_t receive (const sk_Socket *s, struct msghdr *msg, int *flags) {
  int fd = s->watch.fd, hopeless = 0;
  ssize_t n;
  if (*flags & MSG_ERRQUEUE) {
    n = receiveerror(fd, msg, *flags | SK_RECVFLAGS, &hopeless);
    if (hopeless)
      *flags |= MSG_DONTWAIT;
    return n;
  }
  n = sys_recvmsg(fd, msg, *flags | SK_RECVFLAGS);
  if (n < 0 && isnothing(s, msg, *flags) && sk_notyet(errno) == SK_AGAIN) {
    msg->msg_namelen = 0;
    msg->msg_controllen = 0;
    msg->msg_flags = 0;
    return 0;
  }
  return n;
}


/* Gives back the inbox of a receive that failed. */
static int notreceived (lua_State *L, const sk_Socket *s, const char *call,
                        int flags, int err) {
  sk_keepinbox(L, INBOXAT);
  lua_settop(L, INBOXAT - 1);
  return outcome(L, s, call, flags, err);
}


static int try_recvmsg (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  int flags = (int)lua_tointeger(L, RECVFLAGS);
  sk_Inbox *in;
  ssize_t n;
  int r;
  if ((r = before(L, s, "recvmsg")) != 0)
    return r;
  in = inboxfor(L, 1);
  n = receive(s, &in->list[0].msg_hdr, &flags);
  if (n < 0)
    return notreceived(L, s, "recvmsg", flags, errno);
  in->live = 1;
  sk_moved(w->loop, n);
  if (isend(L, s, (size_t)n))
    lua_pushnil(L);
  else
    pushmessage(L, &in->list[0].msg_hdr, (size_t)n);
  sk_keepinbox(L, INBOXAT);
  return 1;
}

/* Urgent data and errors have a readiness of their own. */
#define OPS(name, attempt) { \
  { name, SK_READ, attempt, sk_sockpeer, NULL }, \
  { name, SK_URGENT, attempt, sk_sockpeer, NULL }, \
  { name, SK_ERRQUEUE, attempt, sk_sockpeer, NULL } \
}
#define OPFOR(flags) \
  (((flags) & MSG_ERRQUEUE) ? 2 : ((flags) & MSG_OOB) ? 1 : 0)

static const sk_Op recvmsg_ops[] = OPS("recvmsg", try_recvmsg);


/* Enough for all that the options let come with a message. */
static lua_Integer usualroom (const sk_Socket *s) {
  return (s->family == AF_UNIX)
         ? (lua_Integer)(512 + CMSG_SPACE(SK_MAXFDS * sizeof(int))) : 1024;
}


static lua_Integer optfield (lua_State *L, const char *key, lua_Integer def,
                             lua_Integer hi) {
  lua_Integer n = def;
  if (sk_field(L, 2, key) != LUA_TNIL)
    n = sk_fieldint(L, key, 0, hi);
  lua_pop(L, 1);
  return n;
}


/* Puts the arguments, which are checked, into their places. */
static void arrange (lua_State *L, lua_Integer size, lua_Integer room,
                     lua_Integer nfds, int flags, lua_Integer n) {
  lua_settop(L, 1);
  lua_pushinteger(L, size);
  lua_pushinteger(L, room);
  lua_pushinteger(L, nfds);
  lua_pushinteger(L, flags);
  lua_pushinteger(L, n);
}


/* What would lose bytes, or not do what it says. */
static int checkflags (lua_State *L, int arg, const sk_Socket *s,
                       int flags) {
  if (s->type != SOCK_STREAM || (flags & MSG_ERRQUEUE))
    return flags;
  if (flags & MSG_TRUNC)
    sk_badarg(L, arg, "flags", "'trunc' would throw the bytes of a stream "
                               "away unread");
  if (flags & MSG_WAITALL)
    sk_badarg(L, arg, "flags", "'waitall' is for recv");
  return flags;
}


/***
Receives one message with all that came with it.

What the options ask the system to tell comes in fields of these names; an item
that is not known, or too short, is in `other`.

- `data`; `length`, the real one, when it is longer than the data and was asked
for by the flag "trunc"
- `from`: the sender's address; nil on streams and where the sender has none
- `flags`: nil, or a table of those set: `trunc`, the datagram did not fit and
the rest is gone; `ctrunc`, the same of control data or descriptors; `eor`,
`errqueue`, `oob`
- `fds`: sockets that own the descriptors that were passed, close-on-exec, of
whatever kind; those not accepted were closed
- `credentials`: `pid`, `uid`, `gid` (so_passcred); `pidfd`; `security`
- `pktinfo` (ip_pktinfo, ipv6_recvpktinfo): `interface`, its index; `address`,
the own one to answer from, if there is one; `destination`, the header's
- `ttl`, `tos`; `hoplimit`, `tclass`, `flow`; `fragsize`; `origdst`
- `timestamp` (so_timestamp, so_timestampns): seconds since 1970, and
`timestampns`, the same exactly as an integer of nanoseconds; `timestamping`: a
table of `software` and `hardware`, each with its `ns`
- `error` (ip_recverr, with the flag "errqueue"): `code`, such as
"ECONNREFUSED", and `message`; `origin`, "local", "icmp", "icmp6",
"timestamping", "zerocopy" or "txtime"; `icmptype`, `icmpcode`, or `reason`;
`info` (the new MTU for EMSGSIZE) and `data`; `from`, who reported it. The
message is then the one that was sent, and its `from` where it was to go.
- `segment`: the size of the datagrams that were joined (udp_gro)
- `drops` (so_rxq_ovfl), `mark`, `priority`, `inq` (bytes left to receive),
`auxdata` (packet_auxdata), `group` (netlink_pktinfo)
- `other`: a list of `{level=, type=, data=}`

The flag "errqueue" receives from the error queue and waits for the next error;
where none can come (the connection has ended), or an error has to be received
by a plain call first, it fails with "EAGAIN". The flag
"dontwait" makes any call fail with "EAGAIN" instead of waiting.

@function socket:recvmsg
@tparam[opt] table options `size`, the most bytes of data (8192); `fds`, the
most descriptors (253); `control`, the bytes of room for control data (enough
for what is named here); `flags`, a name or number, or a list of them
@treturn[1] table the message; `data` is "" for an empty datagram or record
@return[2] nil at the end: of a stream, of a connection that keeps records, of
what was shut down here
@return[3] nil, message, code ("timeout", "closed", "ECONNREFUSED", ...)
@see recvmsg(2)
@see cmsg(3)
*/
static int s_recvmsg (lua_State *L) {
  static const char *const keys[] = {
    "size", "control", "flags", "fds", NULL
  };
  sk_Socket *s = sk_tosocket(L);
  lua_Integer size, room, nfds;
  int flags;
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  sk_checktable(L, 2, "message");
  sk_fieldkeys(L, 2, NULL, keys);
  size = optfield(L, "size", DEFAULTSIZE, INT_MAX);
  room = optfield(L, "control", usualroom(s), MAXROOM);
  nfds = optfield(L, "fds", SK_MAXFDS, SK_MAXFDS);
  sk_field(L, 2, "flags");
  flags = checkflags(L, 2, s, sk_fieldflags(L, "flags"));
  arrange(L, size, room, nfds, flags | sk_cloexecflag(s), 1);
  return sk_perform(L, &s->watch, &recvmsg_ops[OPFOR(flags)]);
}

#if SK_LINUX

/* recvmmsg would fill the list with empty messages at the end of records. */
static int receiverecords (sk_Socket *s, sk_Message *list, int n, int flags) {
  int i;
  for (i = 0; i < n; i++) {
    ssize_t r;
    if (i > 0 && sk_nextrecord(s) != 0) break;
    r = sys_recvmsg(s->watch.fd, &list[i].msg_hdr, flags);
    if (r < 0) return (i > 0) ? i : -1;
    list[i].msg_len = (unsigned)r;
  }
  return i;
}


static int receivemany (lua_State *L, sk_Socket *s, sk_Message *list, int n,
                        int *flags) {
  ssize_t r;
  if ((*flags & MSG_ERRQUEUE) || isnothing(s, &list[0].msg_hdr, *flags)) {
    /* one at a time: it may have to look twice */
    r = receive(s, &list[0].msg_hdr, flags);
    list[0].msg_len = (r < 0) ? 0 : (unsigned)r;
    return (r < 0) ? -1 : 1;
  }
  if (s->type == SOCK_SEQPACKET && lua_tointeger(L, SIZE) > 0)
    return receiverecords(s, list, n, *flags | SK_RECVFLAGS);
  return sys_recvmmsg(s->watch.fd, list, (unsigned)n, *flags | SK_RECVFLAGS,
                      NULL);
}


/* Pushes the list of n messages, or nil for the end alone. */
static void pushmessages (lua_State *L, const sk_Socket *s,
                          const sk_Message *list, int n) {
  int i;
  lua_createtable(L, n, 0);
  for (i = 0; i < n && !isend(L, s, list[i].msg_len); i++) {
    pushmessage(L, &list[i].msg_hdr, list[i].msg_len);
    lua_rawseti(L, -2, i + 1);
    sk_moved(s->watch.loop, list[i].msg_len);
  }
  if (i == 0)
    lua_pushnil(L);
}


static int try_recvmmsg (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  int flags = (int)lua_tointeger(L, RECVFLAGS);
  sk_Inbox *in;
  int n, r;
  if ((r = before(L, s, "recvmmsg")) != 0)
    return r;
  n = (int)lua_tointeger(L, COUNT);
  in = inboxfor(L, n);
  n = receivemany(L, s, in->list, n, &flags);
  if (n < 0)
    return notreceived(L, s, "recvmmsg", flags, errno);
  in->live = n;
  pushmessages(L, s, in->list, n);
  sk_keepinbox(L, INBOXAT);
  return 1;
}

static const sk_Op recvmmsg_ops[] = OPS("recvmmsg", try_recvmmsg);


/***
Receives what has come, up to n messages, in one system call; waits only for
the first.
@function socket:recvmmsg
@tparam integer n the most messages, 1 to 1024
@tparam[opt=8192] integer size the most bytes of data of each; 2 GiB for all
@tparam[opt] integer|string ... flags, as for `recvmsg`
@treturn[1] table a list of at least one message, each a table as `recvmsg`
gives it
@return[2] nil at the end, as with `recvmsg`
@return[3] nil, message, code
@see recvmmsg(2)
*/
static int s_recvmmsg (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  lua_Integer n = sk_checkint(L, 2, 1, SK_MAXBATCH, "n");
  lua_Integer size = sk_optint(L, 3, DEFAULTSIZE, 0, INT_MAX, "size");
  int flags;
  sk_checkflags(L, 4, &flags);
  checkflags(L, 4, s, flags);
  if (size > INT_MAX / n)
    sk_badarg(L, 3, "size", "%I bytes for each of %I messages are too much",
              (LUAI_UACINT)size, (LUAI_UACINT)n);
  arrange(L, size, usualroom(s), SK_MAXFDS, flags | sk_cloexecflag(s), n);
  return sk_perform(L, &s->watch, &recvmmsg_ops[OPFOR(flags)]);
}

#endif


static const luaL_Reg methods[] = {
  {"recvmsg", s_recvmsg},
#if SK_LINUX
  {"recvmmsg", s_recvmmsg},
#endif
  {NULL, NULL}
};


void sk_openmessage (lua_State *L) {
  sk_openinbox(L);
  sk_opensending(L);
  sk_addmethods(L, methods);
}
