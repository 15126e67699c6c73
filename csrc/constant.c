/*
** constant.c: names <-> numbers of families, types, protocols and flags.
*/

/***
@submodule sockeye.core
*/

#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "argument.h"
#include "constant.h"
#include "sys.h"

#if SK_LINUX
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/vm_sockets.h>
#include <netinet/icmp6.h>
#endif

/***
The names of families, types and flags.

A family is `"unspec"`, `"inet"`, `"inet6"`, `"unix"` (also `"local"`),
`"packet"`, `"netlink"`, `"vsock"`, or another that the system's headers have,
such as `"can"` or `"bluetooth"`; a type is `"stream"`, `"dgram"` (also
`"datagram"`), `"seqpacket"`, `"raw"`, `"rdm"`.  Flags of send and receive
calls are named as in send(2) and recv(2), without MSG_ and in small letters:
`"peek"`, `"oob"`, `"waitall"`, `"more"`, ...  Wherever a name stands, the
number does, too; any other name raises.

The module has the system's constants in capitals, for raw options, ioctl and
for numbers that have no name: `core.AF_INET`, `core.SOL_SOCKET`,
`core.SO_RCVBUF`, `core.IPPROTO_UDP`, `core.NETLINK_ROUTE`, ...  What a system
does not have is nil.
@table names
*/


/* A value with two names is read under the first. */

const sk_Constant sk_families[] = {
  { "unspec", AF_UNSPEC },
  { "inet", AF_INET },
  { "inet6", AF_INET6 },
  { "unix", AF_UNIX },
  { "local", AF_UNIX },
#ifdef AF_PACKET
  { "packet", AF_PACKET },
#endif
#ifdef AF_NETLINK
  { "netlink", AF_NETLINK },
#endif
#ifdef AF_VSOCK
  { "vsock", AF_VSOCK },
#endif
#ifdef AF_BLUETOOTH
  { "bluetooth", AF_BLUETOOTH },
#endif
#ifdef AF_CAN
  { "can", AF_CAN },
#endif
#ifdef AF_ALG
  { "alg", AF_ALG },
#endif
#ifdef AF_TIPC
  { "tipc", AF_TIPC },
#endif
#ifdef AF_XDP
  { "xdp", AF_XDP },
#endif
#ifdef AF_RDS
  { "rds", AF_RDS },
#endif
#ifdef AF_KEY
  { "key", AF_KEY },
#endif
#ifdef AF_LLC
  { "llc", AF_LLC },
#endif
#ifdef AF_X25
  { "x25", AF_X25 },
#endif
#ifdef AF_AX25
  { "ax25", AF_AX25 },
#endif
#ifdef AF_IPX
  { "ipx", AF_IPX },
#endif
#ifdef AF_APPLETALK
  { "appletalk", AF_APPLETALK },
#endif
#ifdef AF_IEEE802154
  { "ieee802154", AF_IEEE802154 },
#endif
#ifdef AF_NFC
  { "nfc", AF_NFC },
#endif
#ifdef AF_PHONET
  { "phonet", AF_PHONET },
#endif
#ifdef AF_PPPOX
  { "pppox", AF_PPPOX },
#endif
#ifdef AF_RXRPC
  { "rxrpc", AF_RXRPC },
#endif
#ifdef AF_KCM
  { "kcm", AF_KCM },
#endif
#ifdef AF_QIPCRTR
  { "qipcrtr", AF_QIPCRTR },
#endif
#ifdef AF_SMC
  { "smc", AF_SMC },
#endif
#ifdef AF_MCTP
  { "mctp", AF_MCTP },
#endif
  { NULL, 0 }
};

const sk_Constant sk_types[] = {
  { "stream", SOCK_STREAM },
  { "dgram", SOCK_DGRAM },
  { "datagram", SOCK_DGRAM },
  { "seqpacket", SOCK_SEQPACKET },
  { "raw", SOCK_RAW },
#ifdef SOCK_RDM
  { "rdm", SOCK_RDM },
#endif
#ifdef SOCK_DCCP
  { "dccp", SOCK_DCCP },
#endif
  { NULL, 0 }
};

const sk_Constant sk_msgflags[] = {
  { "ctrunc", MSG_CTRUNC },
  { "dontroute", MSG_DONTROUTE },
  { "dontwait", MSG_DONTWAIT },
  { "eor", MSG_EOR },
  { "nosignal", MSG_NOSIGNAL },
  { "oob", MSG_OOB },
  { "peek", MSG_PEEK },
  { "trunc", MSG_TRUNC },
  { "waitall", MSG_WAITALL },
#ifdef MSG_CMSG_CLOEXEC
  { "cmsg_cloexec", MSG_CMSG_CLOEXEC },
#endif
#ifdef MSG_CONFIRM
  { "confirm", MSG_CONFIRM },
#endif
#ifdef MSG_ERRQUEUE
  { "errqueue", MSG_ERRQUEUE },
#endif
#ifdef MSG_FASTOPEN
  { "fastopen", MSG_FASTOPEN },
#endif
#ifdef MSG_MORE
  { "more", MSG_MORE },
#endif
#ifdef MSG_WAITFORONE
  { "waitforone", MSG_WAITFORONE },
#endif
#ifdef MSG_ZEROCOPY
  { "zerocopy", MSG_ZEROCOPY }, /* known only to be refused with its reason */
#endif
  { NULL, 0 }
};


static const struct {
  const char *name;
  lua_Integer value; /* an int does not hold every ioctl number */
} constants[] = {
#define C(name) { #name, (lua_Integer)(name) },
#include "constantlist.h"
#undef C
};


/* The entry of that name, or NULL. */
static const sk_Constant *find (const sk_Constant *list, const char *name,
                                size_t len) {
  for (; list->name != NULL; list++)
    if (strlen(list->name) == len && memcmp(list->name, name, len) == 0)
      return list;
  return NULL;
}


int sk_checkconstant (lua_State *L, int arg, const sk_Constant *list,
                      const char *what) {
  if (lua_type(L, arg) == LUA_TNUMBER)
    return (int)sk_checkint(L, arg, INT_MIN, INT_MAX, what);
  if (lua_type(L, arg) != LUA_TSTRING)
    return sk_badarg(L, arg, what, "name or integer expected, got %s",
                     luaL_typename(L, arg));
  size_t len;
  const char *name = lua_tolstring(L, arg, &len);
  const sk_Constant *c = find(list, name, len);
  if (c == NULL) return sk_badarg(L, arg, what, "unknown name '%s'", name);
  return c->value;
}


int sk_optconstant (lua_State *L, int arg, const sk_Constant *list, int def,
                    const char *what) {
  if (lua_isnoneornil(L, arg)) return def;
  return sk_checkconstant(L, arg, list, what);
}


const char *sk_constantname (const sk_Constant *list, int value) {
  for (; list->name != NULL; list++)
    if (list->value == value) return list->name;
  return NULL;
}


void sk_pushconstant (lua_State *L, const sk_Constant *list, int value) {
  const char *name = sk_constantname(list, value);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, value);
}


/* msg_zerocopy: the kernel goes on reading the data after the call, when the
** collector may long have freed the string. */
static int checkzerocopy (lua_State *L, int arg, int flags) {
#ifdef MSG_ZEROCOPY
  if (flags & MSG_ZEROCOPY)
    sk_badarg(L, arg, "flags", "zerocopy is refused: the kernel would read "
                               "the string after Lua may have freed it");
#else
  (void)L; (void)arg;
#endif
  return flags;
}


int sk_checkflags (lua_State *L, int arg, int *flags) {
  *flags = 0;
  if (lua_isnoneornil(L, arg)) return arg + 1;
  if (lua_isinteger(L, arg)) {
    *flags = checkzerocopy(L, arg, (int)sk_checkint(L, arg, 0, INT_MAX,
                                                    "flags"));
    return arg + 1;
  }
  do {
    *flags |= checkzerocopy(L, arg, sk_checkconstant(L, arg, sk_msgflags,
                                                     "flags"));
  } while (lua_type(L, ++arg) == LUA_TSTRING);
  return arg;
}


void sk_pushflags (lua_State *L, int flags) {
#ifdef MSG_CMSG_CLOEXEC
  flags &= ~MSG_CMSG_CLOEXEC; /* L23: handed back as it was given */
#endif
  if (flags == 0) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 2);
  for (unsigned bit = 1; bit != 0; bit <<= 1) {
    if (!((unsigned)flags & bit)) continue;
    sk_pushconstant(L, sk_msgflags, (int)bit);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
}


void sk_openconstant (lua_State *L) {
  for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
    lua_pushinteger(L, constants[i].value);
    lua_setfield(L, -2, constants[i].name);
  }
}
