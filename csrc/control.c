/*
** control.c: control data that came with a message.
*/

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>

#include "control.h"
#include "error.h"

#if SK_LINUX
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/sockios.h>

/* Newer than some headers; numbers from the kernel's interface. */
#if !defined(SCM_SECURITY)
#define SCM_SECURITY 3
#endif
#if !defined(SCM_PIDFD)
#define SCM_PIDFD 4
#endif
#if !defined(SCM_INQ)
#define SCM_INQ 84
#endif
#if !defined(UDP_GRO)
#define UDP_GRO 104
#endif
#if !defined(TCP_CM_INQ)
#define TCP_CM_INQ 36
#endif
#if !defined(IP_RECVFRAGSIZE)
#define IP_RECVFRAGSIZE 25
#endif
#if !defined(SOL_UDP)
#define SOL_UDP 17
#endif
#if !defined(SOL_TCP)
#define SOL_TCP 6
#endif
#if !defined(SOL_NETLINK)
#define SOL_NETLINK 270
#endif
#endif


/*
** {==================================================================
** Walking
** ===================================================================
*/

typedef struct Item {
  int level, type;
  unsigned char *data;
  size_t len;
} Item;

/* The item at *at, which moves on.  Not CMSG_NXTHDR: it trusts the first
** header, and some C libraries' the length of each. */
static int nextitem (unsigned char *control, size_t len, size_t *at,
                     Item *it) {
  struct cmsghdr h;
  if (*at > len || len - *at < CMSG_LEN(0))
    return 0;
  memcpy(&h, control + *at, sizeof(h));
  if ((size_t)h.cmsg_len < CMSG_LEN(0) || (size_t)h.cmsg_len > len - *at)
    return 0;
  it->level = h.cmsg_level;
  it->type = h.cmsg_type;
  it->data = control + *at + CMSG_LEN(0);
  it->len = (size_t)h.cmsg_len - CMSG_LEN(0);
  *at += CMSG_SPACE(it->len);
  return 1;
}


/* Whether its data is descriptors that are now this process's. */
static int hasfds (const Item *it) {
  if (it->level != SOL_SOCKET)
    return 0;
#if SK_LINUX
  if (it->type == SCM_PIDFD)
    return 1;
#endif
  return it->type == SCM_RIGHTS;
}


static int getfd (const unsigned char *p) {
  int fd;
  memcpy(&fd, p, sizeof(fd));
  return fd;
}


static void nofd (unsigned char *p) {
  static const int none = -1;
  memcpy(p, &none, sizeof(none));
}


int sk_closecontrol (unsigned char *control, size_t len) {
  size_t at = 0, i;
  int n = 0;
  Item it;
  while (nextitem(control, len, &at, &it)) {
    if (!hasfds(&it)) continue;
    for (i = 0; it.len - i >= sizeof(int); i += sizeof(int)) {
      int fd = getfd(it.data + i);
      if (fd < 0) continue;  /* taken, or a pidfd that could not be made */
      nofd(it.data + i);
      sys_close(fd);
      n++;
    }
  }
  return n;
}

/* }================================================================== */


/*
** {==================================================================
** Descriptors
** ===================================================================
*/

/* Moves the descriptor at p into a new socket on the top.  It shares its
** status flags with the sender (T27): borrowed. */
static void takefd (lua_State *L, unsigned char *p) {
  sk_Socket *s = sk_newsocket(L, -1, 0, 0);
  sk_adopt(s, getfd(p), 1);
  nofd(p);
}


/* Appends the value on the top to the list t[key]; t is below. */
static void append (lua_State *L, const char *key) {
  if (lua_getfield(L, -2, key) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, key);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}


/* Takes at most n of the item's descriptors; how many it took. */
static int putfds (lua_State *L, const Item *it, int n) {
  size_t i;
  int taken = 0;
  for (i = 0; taken < n && it->len - i >= sizeof(int); i += sizeof(int)) {
    if (getfd(it->data + i) < 0) continue;
    takefd(L, it->data + i);
    if (it->type == SCM_RIGHTS)
      append(L, "fds");
    else
      lua_setfield(L, -2, "pidfd");
    taken++;
  }
  return taken;
}

/* }================================================================== */


/*
** {==================================================================
** Values; each adds fields to the table on the top.  Nothing in the data is
** known to be aligned.
** ===================================================================
*/

typedef void (*Put) (lua_State *L, const char *key, const unsigned char *p,
                     size_t n);

static void setint (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}


static void putbytes (lua_State *L, const char *key, const unsigned char *p,
                      size_t n) {
  lua_pushlstring(L, (const char *)p, n);
  lua_setfield(L, -2, key);
}

#if SK_LINUX

static uint32_t getu32 (const unsigned char *p) {
  uint32_t n;
  memcpy(&n, p, sizeof(n));
  return n;
}


static void putint (lua_State *L, const char *key, const unsigned char *p,
                    size_t n) {
  (void)n;
  setint(L, key, (int32_t)getu32(p));
}


static void putu32 (lua_State *L, const char *key, const unsigned char *p,
                    size_t n) {
  (void)n;
  setint(L, key, getu32(p));
}


/* ip(7): IP_TOS comes as one byte, where everything else is an int. */
static void puttos (lua_State *L, const char *key, const unsigned char *p,
                    size_t n) {
  setint(L, key, (n >= sizeof(int)) ? (int32_t)getu32(p) : *p);
}


static void setaddress (lua_State *L, const char *key, const void *sa,
                        size_t n) {
  sk_pushaddress(L, sa, (socklen_t)n, (socklen_t)n);
  lua_setfield(L, -2, key);
}


/* An address of either family at the beginning of n bytes, or nothing. */
static void putaddress (lua_State *L, const char *key, const unsigned char *p,
                        size_t n) {
  struct sockaddr_in6 sa;  /* aligned */
  sa_family_t family;
  size_t len;
  if (n < offsetof(struct sockaddr, sa_family) + sizeof(family)) return;
  memcpy(&family, p + offsetof(struct sockaddr, sa_family), sizeof(family));
  len = (family == AF_INET) ? sizeof(struct sockaddr_in)
        : (family == AF_INET6) ? sizeof(sa) : 0;
  if (len == 0 || n < len) return;
  memcpy(&sa, p, len);
  setaddress(L, key, &sa, len);
}


static void setinet (lua_State *L, const char *key, struct in_addr addr) {
  struct sockaddr_in sa;
  memset(&sa, 0, sizeof(sa));
  sa.sin_family = AF_INET;
  sa.sin_addr = addr;
  setaddress(L, key, &sa, sizeof(sa));
}


static void setinet6 (lua_State *L, const char *key,
                      const struct in6_addr *addr, uint32_t scope) {
  struct sockaddr_in6 sa;
  memset(&sa, 0, sizeof(sa));
  sa.sin6_family = AF_INET6;
  sa.sin6_addr = *addr;
  if (IN6_IS_ADDR_LINKLOCAL(addr) || IN6_IS_ADDR_MC_LINKLOCAL(addr))
    sa.sin6_scope_id = scope;  /* without it the address means nothing */
  setaddress(L, key, &sa, sizeof(sa));
}


/* `address` is the own one, to answer from; `destination` the header's, which
** may be a group or a broadcast address. */
static void putpktinfo (lua_State *L, const char *key, const unsigned char *p,
                        size_t n) {
  struct in_pktinfo info;
  (void)n;
  memcpy(&info, p, sizeof(info));
  lua_createtable(L, 0, 3);
  setint(L, "interface", info.ipi_ifindex);
  setinet(L, "address", info.ipi_spec_dst);
  setinet(L, "destination", info.ipi_addr);
  lua_setfield(L, -2, key);
}


static void putpktinfo6 (lua_State *L, const char *key,
                         const unsigned char *p, size_t n) {
  struct in6_pktinfo info;
  (void)n;
  memcpy(&info, p, sizeof(info));
  lua_createtable(L, 0, 3);
  setint(L, "interface", (lua_Integer)info.ipi6_ifindex);
  if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
    setinet6(L, "address", &info.ipi6_addr, (uint32_t)info.ipi6_ifindex);
  setinet6(L, "destination", &info.ipi6_addr, (uint32_t)info.ipi6_ifindex);
  lua_setfield(L, -2, key);
}


static void putcredentials (lua_State *L, const char *key,
                            const unsigned char *p, size_t n) {
  struct ucred u;
  (void)n;
  memcpy(&u, p, sizeof(u));
  lua_createtable(L, 0, 3);
  setint(L, "pid", u.pid);
  setint(L, "uid", (lua_Integer)u.uid);
  setint(L, "gid", (lua_Integer)u.gid);
  lua_setfield(L, -2, key);
}


/* A float of seconds since 1970 has not the room for nanoseconds: KEYns has
** them, exactly. */
static void settime (lua_State *L, const char *key, int64_t sec,
                     int64_t nsec) {
  lua_pushnumber(L, (lua_Number)sec + (lua_Number)nsec / 1e9);
  lua_setfield(L, -2, key);
  lua_pushfstring(L, "%sns", key);
  lua_pushinteger(L, (lua_Integer)((uint64_t)sec * 1000000000u +
                                   (uint64_t)nsec));
  lua_rawset(L, -3);
}


static void puttimeval (lua_State *L, const char *key, const unsigned char *p,
                        size_t n) {
  struct timeval tv;
  (void)n;
  memcpy(&tv, p, sizeof(tv));
  settime(L, key, tv.tv_sec, (int64_t)((uint64_t)tv.tv_usec * 1000u));
}


static void puttimespec (lua_State *L, const char *key,
                         const unsigned char *p, size_t n) {
  struct timespec ts;
  (void)n;
  memcpy(&ts, p, sizeof(ts));
  settime(L, key, ts.tv_sec, ts.tv_nsec);
}


/* Three times, of which the second is no longer used: the system's and the
** interface's. Those not taken are 0. */
static void puttimestamping (lua_State *L, const char *key,
                             const unsigned char *p, size_t n) {
  struct timespec ts[3];
  (void)n;
  memcpy(ts, p, sizeof(ts));
  lua_createtable(L, 0, 4);
  if (ts[0].tv_sec != 0 || ts[0].tv_nsec != 0)
    settime(L, "software", ts[0].tv_sec, ts[0].tv_nsec);
  if (ts[2].tv_sec != 0 || ts[2].tv_nsec != 0)
    settime(L, "hardware", ts[2].tv_sec, ts[2].tv_nsec);
  lua_setfield(L, -2, key);
}


static void setorigin (lua_State *L, unsigned origin) {
  static const char *const names[] = {
    "none", "local", "icmp", "icmp6", "timestamping", "zerocopy", "txtime"
  };
  if (origin < sizeof(names) / sizeof(names[0]))
    lua_pushstring(L, names[origin]);
  else
    lua_pushinteger(L, origin);
  lua_setfield(L, -2, "origin");
}


/* ip(7), IP_RECVERR: what happened, then the address of who said so. */
static void puterror (lua_State *L, const char *key, const unsigned char *p,
                      size_t n) {
  struct sock_extended_err ee;
  memcpy(&ee, p, sizeof(ee));
  lua_createtable(L, 0, 8);
  if (ee.ee_errno != 0 && ee.ee_errno <= INT_MAX) {
    sk_pusherrorname(L, (int)ee.ee_errno);
    lua_setfield(L, -2, "code");
    sk_pusherrortext(L, (int)ee.ee_errno);
    lua_setfield(L, -2, "message");
  }
  setorigin(L, ee.ee_origin);
  if (ee.ee_origin == SO_EE_ORIGIN_ICMP ||
      ee.ee_origin == SO_EE_ORIGIN_ICMP6) {
    setint(L, "icmptype", ee.ee_type);
    setint(L, "icmpcode", ee.ee_code);
  }
  else if (ee.ee_code != 0)
    setint(L, "reason", ee.ee_code);
  setint(L, "info", ee.ee_info);
  setint(L, "data", ee.ee_data);
  putaddress(L, "from", p + sizeof(ee), n - sizeof(ee));
  lua_setfield(L, -2, key);
}


/* packet(7), PACKET_AUXDATA */
static void putauxdata (lua_State *L, const char *key, const unsigned char *p,
                        size_t n) {
  struct tpacket_auxdata aux;
  (void)n;
  memcpy(&aux, p, sizeof(aux));
  lua_createtable(L, 0, 7);
  setint(L, "status", aux.tp_status);
  setint(L, "len", aux.tp_len);
  setint(L, "snaplen", aux.tp_snaplen);
  setint(L, "mac", aux.tp_mac);
  setint(L, "net", aux.tp_net);
  if (aux.tp_status & TP_STATUS_VLAN_VALID) {
    setint(L, "vlan", aux.tp_vlan_tci);
    setint(L, "vlanproto", aux.tp_vlan_tpid);
  }
  lua_setfield(L, -2, key);
}


static void putflow (lua_State *L, const char *key, const unsigned char *p,
                     size_t n) {
  (void)n;
  setint(L, key, ntohl(getu32(p)));
}

#endif

/* }================================================================== */


/*
** {==================================================================
** The items known
** ===================================================================
*/

static const struct Kind {
  int level, type;
  const char *key;
  size_t least;  /* bytes, without which it is not what it says */
  Put put;
} kinds[] = {
#if SK_LINUX
  { SOL_SOCKET, SCM_CREDENTIALS, "credentials", sizeof(struct ucred),
    putcredentials },
  { SOL_SOCKET, SCM_SECURITY, "security", 0, putbytes },
  { SOL_SOCKET, SCM_TIMESTAMP, "timestamp", sizeof(struct timeval),
    puttimeval },
  { SOL_SOCKET, SCM_TIMESTAMPNS, "timestamp", sizeof(struct timespec),
    puttimespec },
  { SOL_SOCKET, SCM_TIMESTAMPING, "timestamping", 3 * sizeof(struct timespec),
    puttimestamping },
  { SOL_SOCKET, SO_RXQ_OVFL, "drops", 4, putu32 },
  { SOL_SOCKET, SO_MARK, "mark", 4, putu32 },
  { SOL_SOCKET, SO_PRIORITY, "priority", 4, putint },
  { SOL_SOCKET, SCM_INQ, "inq", 4, putint },
  { IPPROTO_IP, IP_PKTINFO, "pktinfo", sizeof(struct in_pktinfo),
    putpktinfo },
  { IPPROTO_IP, IP_TTL, "ttl", 4, putint },
  { IPPROTO_IP, IP_TOS, "tos", 1, puttos },
  { IPPROTO_IP, IP_RECVERR, "error", sizeof(struct sock_extended_err),
    puterror },
  { IPPROTO_IP, IP_ORIGDSTADDR, "origdst", sizeof(struct sockaddr_in),
    putaddress },
  { IPPROTO_IP, IP_RECVFRAGSIZE, "fragsize", 4, putint },
  { IPPROTO_IPV6, IPV6_PKTINFO, "pktinfo", sizeof(struct in6_pktinfo),
    putpktinfo6 },
  { IPPROTO_IPV6, IPV6_HOPLIMIT, "hoplimit", 4, putint },
  { IPPROTO_IPV6, IPV6_TCLASS, "tclass", 4, putint },
  { IPPROTO_IPV6, IPV6_RECVERR, "error", sizeof(struct sock_extended_err),
    puterror },
#if defined(IPV6_ORIGDSTADDR)
  { IPPROTO_IPV6, IPV6_ORIGDSTADDR, "origdst", sizeof(struct sockaddr_in6),
    putaddress },
#endif
#if defined(IPV6_RECVFRAGSIZE)
  { IPPROTO_IPV6, IPV6_RECVFRAGSIZE, "fragsize", 4, putint },
#endif
  { IPPROTO_IPV6, 11 /* IPV6_FLOWINFO */, "flow", 4, putflow },
  { SOL_UDP, UDP_GRO, "segment", 4, putint },
  { SOL_TCP, TCP_CM_INQ, "inq", 4, putint },
  { SOL_PACKET, PACKET_AUXDATA, "auxdata", sizeof(struct tpacket_auxdata),
    putauxdata },
  { SOL_PACKET, PACKET_TX_TIMESTAMP, "error",
    sizeof(struct sock_extended_err), puterror },
  { SOL_NETLINK, NETLINK_PKTINFO, "group", 4, putu32 },
#endif
  { 0, 0, NULL, 0, NULL }
};


/* For recvmsg{}: everything came through, nothing is hidden. */
static void putother (lua_State *L, const Item *it) {
  lua_createtable(L, 0, 3);
  setint(L, "level", it->level);
  setint(L, "type", it->type);
  putbytes(L, "data", it->data, it->len);
  append(L, "other");
}


static void putitem (lua_State *L, const Item *it) {
  const struct Kind *k;
  for (k = kinds; k->key != NULL; k++) {
    if (k->level == it->level && k->type == it->type && it->len >= k->least) {
      k->put(L, k->key, it->data, it->len);
      return;
    }
  }
  putother(L, it);
}


void sk_decodecontrol (lua_State *L, unsigned char *control, size_t len,
                       int nfds) {
  size_t at = 0;
  Item it;
  while (nextitem(control, len, &at, &it)) {
    if (!hasfds(&it))
      putitem(L, &it);
    else if (nfds >= 0 && it.type != SCM_RIGHTS)
      putfds(L, &it, 1);  /* the peer's pidfd, asked for by an option */
    else if (nfds > 0)
      nfds -= putfds(L, &it, nfds);
  }
}

/* }================================================================== */
