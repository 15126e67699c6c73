/*
** interface.c: network interfaces.
*/

/***
@submodule sockeye.core
*/

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "argument.h"
#include "constant.h"
#include "error.h"
#include "socket.h"
#include "sys.h"

#if SK_LINUX
#include <netpacket/packet.h>
#endif

#define NAMELIST "sockeye.interfacenames"
#define SURVEY "sockeye.interfaces"

/* netdevice(7); what net/if.h lacks is in linux/if.h, which clashes with it. */
static const sk_Constant flagnames[] = {
  {"up", IFF_UP},
  {"broadcast", IFF_BROADCAST},
  {"loopback", IFF_LOOPBACK},
  {"pointopoint", IFF_POINTOPOINT},
  {"running", IFF_RUNNING},
  {"noarp", IFF_NOARP},
  {"promisc", IFF_PROMISC},
  {"allmulti", IFF_ALLMULTI},
  {"multicast", IFF_MULTICAST},
#if SK_LINUX
  {"debug", IFF_DEBUG},
  {"notrailers", IFF_NOTRAILERS},
  {"master", IFF_MASTER},
  {"slave", IFF_SLAVE},
  {"portsel", IFF_PORTSEL},
  {"automedia", IFF_AUTOMEDIA},
  {"dynamic", IFF_DYNAMIC},
  {"lower_up", 1 << 16},
  {"dormant", 1 << 17},
  {"echo", 1 << 18},
#endif
  {NULL, 0}
};


/*
** {==================================================================
** Names and indexes
** ===================================================================
*/

/***
The index of a network interface.
@function if_nametoindex
@tparam string name such as "eth0"
@treturn[1] integer its index
@return[2] nil, message, code: "ENODEV" when there is none
@see if_nametoindex(3)
*/
static int f_nametoindex (lua_State *L) {
  const char *name = sk_checktext(L, 1, "name");
  /* the request to the kernel has a fixed field, which would cut (trap T6) */
  if (strlen(name) >= IF_NAMESIZE)
    return sk_error(L, "if_nametoindex", 1, ENODEV);
  unsigned index = sys_if_nametoindex(name);
  if (index == 0) return sk_error(L, "if_nametoindex", 1, errno);
  lua_pushinteger(L, index);
  return 1;
}


/***
The name of a network interface.
@function if_indextoname
@tparam integer index
@treturn[1] string its name
@return[2] nil, message, code: "ENXIO" when there is none
@see if_indextoname(3)
*/
static int f_indextoname (lua_State *L) {
  char name[IF_NAMESIZE];
  unsigned index = (unsigned)sk_checkint(L, 1, 0, UINT_MAX, "index");
  if (sys_if_indextoname(index, name) == NULL)
    return sk_error(L, "if_indextoname", 1, errno);
  lua_pushstring(L, name);
  return 1;
}


/* A userdata that holds the library's list, which an error while the results
** are made would leak (trap T9). */
static int namelist_gc (lua_State *L) {
  struct if_nameindex **list = luaL_checkudata(L, 1, NAMELIST);
  if (*list != NULL) if_freenameindex(*list);
  *list = NULL;
  return 0;
}


/***
Lists the network interfaces, with their numbers.
@function if_nameindex
@treturn[1] table a list of `{ index = 1, name = "lo" }`
@return[2] nil, message, code
@see if_nameindex(3)
*/
static int f_nameindex (lua_State *L) {
  lua_settop(L, 0);
  struct if_nameindex **list = lua_newuserdatauv(L, sizeof *list, 0);
  *list = NULL;
  luaL_setmetatable(L, NAMELIST);
  *list = sys_if_nameindex();
  if (*list == NULL) return sk_error(L, "if_nameindex", 0, errno);
  lua_newtable(L);
  lua_Integer n = 0;
  for (const struct if_nameindex *i = *list; i->if_index != 0; i++) {
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, i->if_index);
    lua_setfield(L, -2, "index");
    lua_pushstring(L, i->if_name);
    lua_setfield(L, -2, "name");
    lua_rawseti(L, 2, ++n);
  }
  lua_pushcfunction(L, namelist_gc);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 1;
}

/* }================================================================== */


/*
** {==================================================================
** All about all
** ===================================================================
*/

/* An address, and the interface that it belongs to. */
typedef struct Entry {
  int index;
  int order; /* in which getifaddrs gave it */
  const struct ifaddrs *ifa;
} Entry;

/* What a survey of the interfaces holds until it is done. */
typedef struct Survey {
  struct ifaddrs *list;
  int fd; /* any socket, to ask for what getifaddrs does not tell */
} Survey;


static void survey_free (Survey *s) {
  if (s->list != NULL) freeifaddrs(s->list);
  if (s->fd >= 0) sys_close(s->fd);
  s->list = NULL;
  s->fd = -1;
}


static int survey_gc (lua_State *L) {
  survey_free(luaL_checkudata(L, 1, SURVEY));
  return 0;
}


/* 0 or an errno.  Every kernel has UNIX sockets, not every one has IPv4. */
static int survey_begin (Survey *s) {
  if (sys_getifaddrs(&s->list) < 0) {
    s->list = NULL;
    return errno;
  }
#if SK_LINUX
  s->fd = sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
#else
  s->fd = sys_socket(AF_UNIX, SOCK_DGRAM, 0);
  if (s->fd >= 0) sys_fcntl(s->fd, F_SETFD, FD_CLOEXEC);
#endif
  return s->fd < 0 ? errno : 0;
}


/* A request to the kernel about the interface of an entry.  Addresses may carry
** a label in the place of its name ("eth0:1"): what follows the colon is no
** part of the name, which cannot have one. */
static int prepare (struct ifreq *request, const struct ifaddrs *ifa) {
  size_t len = strcspn(ifa->ifa_name, ":");
  if (len >= sizeof request->ifr_name) return -1;
  memset(request, 0, sizeof *request);
  memcpy(request->ifr_name, ifa->ifa_name, len);
  return 0;
}


/* 0 for an interface that has gone meanwhile. */
static int indexof (const Survey *s, const struct ifaddrs *ifa) {
#if SK_LINUX
  struct ifreq request;
  if (prepare(&request, ifa) < 0) return 0;
  if (sys_ioctl(s->fd, SIOCGIFINDEX, &request) < 0) return 0;
  return request.ifr_ifindex;
#else
  (void)s;
  return (int)sys_if_nametoindex(ifa->ifa_name);
#endif
}


static int compare (const void *a, const void *b) {
  const Entry *x = a, *y = b;
  if (x->index != y->index) return x->index < y->index ? -1 : 1;
  return x->order - y->order;
}


/* Pushes a userdata with the entries, ordered by interface; their number. */
static int sortentries (lua_State *L, const Survey *s) {
  const struct ifaddrs *ifa;
  int n = 0;
  for (ifa = s->list; ifa != NULL; ifa = ifa->ifa_next) n++;
  Entry *entries = lua_newuserdatauv(L, sizeof *entries * (size_t)n, 0);
  n = 0;
  for (ifa = s->list; ifa != NULL; ifa = ifa->ifa_next) {
    entries[n].index = indexof(s, ifa);
    entries[n].order = n;
    entries[n].ifa = ifa;
    if (entries[n].index != 0) n++;
  }
  if (n > 0) qsort(entries, (size_t)n, sizeof *entries, compare);
  return n;
}


static socklen_t lengthof (const struct sockaddr *sa) {
  return sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                  : sizeof(struct sockaddr_in6);
}


static int isinet (const struct sockaddr *sa) {
  return sa != NULL &&
         (sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
}


/* Sets an address field of the table on the top. */
static void setaddress (lua_State *L, const char *field,
                        const struct sockaddr *sa) {
  if (!isinet(sa)) return;
  sk_pushaddress(L, sa, lengthof(sa), lengthof(sa));
  lua_setfield(L, -2, field);
}


/* The bytes of the address itself; their number is *n. */
static const unsigned char *bytesof (const struct sockaddr *sa, size_t *n) {
  if (sa->sa_family == AF_INET) {
    *n = 4;
    return (const void *)&((const struct sockaddr_in *)(const void *)sa)
             ->sin_addr;
  }
  *n = 16;
  return (const void *)&((const struct sockaddr_in6 *)(const void *)sa)
           ->sin6_addr;
}


static int countbits (const struct sockaddr *sa) {
  int bits = 0;
  size_t n;
  const unsigned char *bytes = bytesof(sa, &n);
  for (size_t i = 0; i < n; i++)
    for (unsigned b = bytes[i]; b != 0; b >>= 1) bits += (int)(b & 1);
  return bits;
}


static int sameaddress (const struct sockaddr *a, const struct sockaddr *b) {
  size_t n, m;
  const unsigned char *x = bytesof(a, &n), *y = bytesof(b, &m);
  return n == m && memcmp(x, y, n) == 0;
}


/* Whether it has a one wherever the mask has a zero, and there is a zero. */
static int isbroadcast (const struct sockaddr *sa,
                        const struct sockaddr *mask) {
  size_t n, m;
  if (!isinet(mask) || sa->sa_family != AF_INET || countbits(mask) == 32)
    return 0;
  const unsigned char *x = bytesof(sa, &n), *y = bytesof(mask, &m);
  for (size_t i = 0; i < n && i < m; i++)
    if ((x[i] | y[i]) != 255) return 0;
  return 1;
}


/*
** Broadcast address and peer share one field.  The interface's flags do not
** tell them apart: Ethernet takes peers, too; and where there is neither, the
** library gives the interface's own address.
*/
static void setother (lua_State *L, const struct ifaddrs *ifa) {
  const struct sockaddr *other = ifa->ifa_dstaddr;
  if (!isinet(other) || sameaddress(other, ifa->ifa_addr)) return;
  int broadcast = (ifa->ifa_flags & IFF_BROADCAST) &&
                  isbroadcast(other, ifa->ifa_netmask);
  setaddress(L, broadcast ? "broadcast" : "peer", other);
}


static void setnetmask (lua_State *L, const struct sockaddr *sa) {
  if (!isinet(sa)) return;
  setaddress(L, "netmask", sa);
  lua_pushinteger(L, countbits(sa));
  lua_setfield(L, -2, "prefix");
}


/* Pushes one address of an interface. */
static void pushentry (lua_State *L, const struct ifaddrs *ifa) {
  lua_createtable(L, 0, 4);
  setaddress(L, "address", ifa->ifa_addr);
  setnetmask(L, ifa->ifa_netmask);
  setother(L, ifa);
  if (strchr(ifa->ifa_name, ':') != NULL) {
    lua_pushstring(L, ifa->ifa_name);
    lua_setfield(L, -2, "label");
  }
}


static void pushhardware (lua_State *L, const unsigned char *bytes, size_t n) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < n; i++) {
    static const char digits[] = "0123456789abcdef";
    if (i > 0) luaL_addchar(&b, ':');
    luaL_addchar(&b, digits[bytes[i] >> 4]);
    luaL_addchar(&b, digits[bytes[i] & 15]);
  }
  luaL_pushresult(&b);
}


/* Adds what an entry tells to the interface on the top, whose addresses are
** below it. */
static void addentry (lua_State *L, const struct ifaddrs *ifa) {
  if (isinet(ifa->ifa_addr)) {
    pushentry(L, ifa);
    lua_rawseti(L, -3, (lua_Integer)lua_rawlen(L, -3) + 1);
  }
#if SK_LINUX
  else if (ifa->ifa_addr != NULL && ifa->ifa_addr->sa_family == AF_PACKET) {
    const struct sockaddr_ll *ll = (const void *)ifa->ifa_addr;
    if (ll->sll_halen == 0) return;
    /* the library has room for longer ones than sockaddr_ll (InfiniBand) */
    pushhardware(L, (const unsigned char *)ll +
                    offsetof(struct sockaddr_ll, sll_addr), ll->sll_halen);
    lua_setfield(L, -2, "hardware");
  }
#endif
}


static void setmtu (lua_State *L, const Survey *s,
                    const struct ifaddrs *ifa) {
#ifdef SIOCGIFMTU
  struct ifreq request;
  if (prepare(&request, ifa) < 0) return;
  if (sys_ioctl(s->fd, SIOCGIFMTU, &request) < 0) return;
  lua_pushinteger(L, request.ifr_mtu);
  lua_setfield(L, -2, "mtu");
#else
  (void)L; (void)s; (void)ifa;
#endif
}


static void setflags (lua_State *L, unsigned flags) {
  lua_newtable(L);
  for (const sk_Constant *c = flagnames; c->name != NULL; c++) {
    if (!(flags & (unsigned)c->value)) continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, c->name);
  }
  lua_setfield(L, -2, "flags");
}


/* Pushes the addresses of a new interface, and itself. */
static void pushinterface (lua_State *L, const Survey *s, const Entry *e) {
  const char *name = e->ifa->ifa_name;
  lua_newtable(L);
  lua_createtable(L, 0, 6);
  lua_pushlstring(L, name, strcspn(name, ":"));
  lua_setfield(L, -2, "name");
  lua_pushinteger(L, e->index);
  lua_setfield(L, -2, "index");
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "addresses");
  setflags(L, e->ifa->ifa_flags);
  setmtu(L, s, e->ifa);
}


/***
Lists the network interfaces of this host, ordered by index.

Each is a table with these fields:

- `name` and `index`
- `flags`: a table of those that are set, as in netdevice(7): `up`,
  `loopback`, `running`, `multicast`, `broadcast`, `pointopoint`, ...
- `addresses`: a list of tables with the fields `address`, `netmask`, `prefix`
  (its length), `broadcast` or `peer` where there is one, and `label`
  where the address has one of its own (`"eth0:1"`); those of
  addresses are address values with port 0
- `hardware`: the link-layer address, as `"02:00:5e:10:00:01"`
- `mtu`: the most bytes that a packet may have
@function interfaces
@treturn[1] table a list of interfaces
@return[2] nil, message, code
@see getifaddrs(3)
@usage
for _, interface in ipairs(assert(core.interfaces())) do
  for _, a in ipairs(interface.addresses) do
    print(interface.name, a.address.host, a.prefix)
  end
end
*/
static int f_interfaces (lua_State *L) {
  lua_settop(L, 0);
  Survey *s = lua_newuserdatauv(L, sizeof *s, 0);
  s->list = NULL;
  s->fd = -1;
  luaL_setmetatable(L, SURVEY);
  int err = survey_begin(s);
  if (err != 0) {
    survey_free(s);
    return sk_error(L, "interfaces", 0, err);
  }
  int n = sortentries(L, s);
  const Entry *entries = lua_touserdata(L, 2);
  lua_newtable(L);
  for (int i = 0, count = 0; i < n; i++) {
    if (i == 0 || entries[i].index != entries[i - 1].index) {
      lua_settop(L, 3);
      pushinterface(L, s, &entries[i]);
      lua_pushvalue(L, 5);
      lua_rawseti(L, 3, ++count);
    }
    addentry(L, entries[i].ifa);
  }
  survey_free(s);
  lua_settop(L, 3);
  return 1;
}

/* }================================================================== */


static const luaL_Reg functions[] = {
  {"if_nametoindex", f_nametoindex},
  {"if_indextoname", f_indextoname},
  {"if_nameindex", f_nameindex},
  {"interfaces", f_interfaces},
  {NULL, NULL}
};


static void newclass (lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}


void sk_openinterface (lua_State *L) {
  newclass(L, NAMELIST, namelist_gc);
  newclass(L, SURVEY, survey_gc);
  luaL_setfuncs(L, functions, 0);
}
