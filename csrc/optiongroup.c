/*
** optiongroup.c: multicast groups, and the interfaces that options name.
*/

#include <errno.h>
#include <limits.h>
#include <lauxlib.h>
#include <lua.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "argument.h"
#include "constant.h"
#include "optionnumber.h"
#include "optionvalue.h"

_Static_assert(sizeof(struct group_source_req) <=
                   sizeof(((sk_Value *)0)->room),
               "the largest structure fits");


/* An interface, by number or by one of its IPv4 addresses. */
typedef struct Interface {
  unsigned index;
  struct in_addr address;
  int byaddress;
} Interface;


/* T6: a name that is too long belongs to no interface, and is not cut. */
int sk_interfaceindex (lua_State *L, int arg, const char *what,
                       unsigned *index) {
  size_t len;
  *index = 0;
  if (lua_isnil(L, arg)) return 0;
  if (lua_isinteger(L, arg)) {
    lua_Integer n = lua_tointeger(L, arg);
    if (n < 0 || n > INT_MAX)
      sk_badarg(L, SK_VALUE, what, "%I is no interface index",
                (LUAI_UACINT)n);
    *index = (unsigned)n;
    return 0;
  }
  if (lua_type(L, arg) != LUA_TSTRING)
    sk_badarg(L, SK_VALUE, what,
              "interface must be a name or an index, not a %s",
              luaL_typename(L, arg));
  const char *name = lua_tolstring(L, arg, &len);
  if (len == 0 || len >= IF_NAMESIZE || strlen(name) != len)
    sk_badarg(L, SK_VALUE, what, "'%s' is no interface name", name);
  *index = sys_if_nametoindex(name);
  return *index == 0 ? errno : 0;
}


/* The address at `arg`, which it replaces by an address value; NULL if it is
** no text or value of an address.  The port is 0 or does not matter. */
static const sk_Address *toaddress (lua_State *L, int arg,
                                    const char **reason) {
  const sk_Address *a = sk_testaddress(L, arg);
  const char *code;
  size_t len;
  *reason = "an address or its text expected";
  if (a != NULL || lua_type(L, arg) != LUA_TSTRING) return a;
  const char *text = lua_tolstring(L, arg, &len);
  *reason = sk_parseaddress(L, text, len, 0, &code);
  if (*reason != NULL) return NULL;
  lua_replace(L, arg);
  return sk_testaddress(L, arg);
}


const struct sockaddr *sk_valueaddress (lua_State *L, const char *what,
                                        const char *key) {
  const char *reason;
  if (key == NULL) {
    lua_pushvalue(L, SK_VALUE);
    key = "group";
  }
  else if (lua_getfield(L, SK_VALUE, key) == LUA_TNIL)
    return NULL;
  const sk_Address *a = toaddress(L, lua_gettop(L), &reason);
  if (a == NULL) sk_badarg(L, SK_VALUE, what, "%s: %s", key, reason);
  if (sk_family(a) != AF_INET && sk_family(a) != AF_INET6)
    sk_badarg(L, SK_VALUE, what, "%s: an IP address expected", key);
  return sk_sockaddr(a);
}


/* The address of the field, in the family that the option is for. */
static const struct sockaddr *needaddress (lua_State *L, const sk_Option *o,
                                           const char *key, int family) {
  const struct sockaddr *sa = sk_valueaddress(L, o->name, key);
  if (sa == NULL)
    sk_badarg(L, SK_VALUE, o->name, "field '%s' missing", key);
  if (family != AF_UNSPEC && sa->sa_family != family)
    sk_badarg(L, SK_VALUE, o->name, "%s: an %s address expected",
              key == NULL ? "group" : key,
              family == AF_INET ? "IPv4" : "IPv6");
  return sa;
}


static struct in_addr address4 (lua_State *L, const sk_Option *o,
                                const char *key) {
  struct sockaddr_in in;
  memcpy(&in, needaddress(L, o, key, AF_INET), sizeof in);
  return in.sin_addr;
}


/* The interface at `arg`: index, name, IPv4 address, or nil for the system's
** choice.  A name that looks like an address is taken for one. */
static int interface4 (lua_State *L, int arg, const sk_Option *o,
                       Interface *where) {
  const char *reason;
  int type = lua_type(L, arg);
  memset(where, 0, sizeof *where);
  if (type == LUA_TSTRING || type == LUA_TUSERDATA) {
    lua_pushvalue(L, arg);
    const sk_Address *a = toaddress(L, lua_gettop(L), &reason);
    if (a != NULL && sk_family(a) == AF_INET) {
      struct sockaddr_in in;
      memcpy(&in, a->bytes, sizeof in);
      where->address = in.sin_addr;
      where->byaddress = 1;
      return 0;
    }
    lua_pop(L, 1);
  }
  return sk_interfaceindex(L, arg, o->name, &where->index);
}


/* Where a value is a group or {group =, interface =}: the table is checked,
** and the key for the group's field returned, NULL for the value itself. */
static const char *groupkey (lua_State *L, const sk_Option *o) {
  static const char *const keys[] = {"group", "interface", NULL};
  if (!lua_istable(L, SK_VALUE)) return NULL;
  sk_valuekeys(L, o->name, keys);
  return "group";
}


/* Pushes the field "interface" of the value, nil if the value is no table. */
static int pushinterface (lua_State *L) {
  if (lua_istable(L, SK_VALUE))
    lua_getfield(L, SK_VALUE, "interface");
  else
    lua_pushnil(L);
  return lua_gettop(L);
}


/* The kernel gives the address only, and all zeros when the interface was
** set by number. */
static void interface4_push (lua_State *L, const sk_Option *o,
                             const void *data, socklen_t len) {
  unsigned char b[4] = {0, 0, 0, 0};
  (void)o;
  memcpy(b, data, len < sizeof b ? len : sizeof b);
  lua_pushfstring(L, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
}


static int interface4_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct ip_mreqn m;
  Interface where;
  int err = interface4(L, SK_VALUE, o, &where);
  memset(&m, 0, sizeof m);
  m.imr_address = where.address;
  m.imr_ifindex = (int)where.index;
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tinterface4 = {"interface", sizeof(struct in_addr),
                                interface4_push, interface4_take};


static void interface_push (lua_State *L, const sk_Option *o,
                            const void *data, socklen_t len) {
  uint32_t index = 0;
  memcpy(&index, data, len < sizeof index ? len : sizeof index);
  lua_pushinteger(L, o->lo ? ntohl(index) : index);
}


static int interface_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  unsigned index;
  int err = sk_interfaceindex(L, SK_VALUE, o->name, &index);
  v->room.u = o->lo ? htonl(index) : index;
  sk_valueroom(v, sizeof v->room.u);
  return err;
}


const sk_Type sk_tinterface = {"interface", sizeof(uint32_t), interface_push,
                               interface_take};


static int membership4_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct ip_mreqn m;
  Interface where;
  memset(&m, 0, sizeof m);
  m.imr_multiaddr = address4(L, o, groupkey(L, o));
  int err = interface4(L, pushinterface(L), o, &where);
  m.imr_address = where.address;
  m.imr_ifindex = (int)where.index;
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tmembership4 = {"membership", 0, NULL, membership4_take};


static int takerequest (lua_State *L, const sk_Option *o, sk_Value *v,
                        int family) {
  struct group_source_req r;
  memset(&r, 0, sizeof r);
  const struct sockaddr *group = needaddress(L, o, "group", family);
  const struct sockaddr *source = needaddress(L, o, "source", group->sa_family);
  unsigned index;
  int err = sk_interfaceindex(L, pushinterface(L), o->name, &index);
  size_t len = group->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                           : sizeof(struct sockaddr_in6);
  v->level = group->sa_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  r.gsr_interface = index;
  memcpy(&r.gsr_group, group, len);
  memcpy(&r.gsr_source, source, len);
  memcpy(&v->room, &r, sizeof r);
  sk_valueroom(v, sizeof r);
  return err;
}


static const char *const sourcekeys[] = {"group", "source", "interface",
                                         NULL};


/* struct ip_mreq_source knows the interface by address only; by name or
** number, the protocol-independent form of the option does the same. */
static int source4_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct ip_mreq_source m;
  Interface where;
  sk_valuekeys(L, o->name, sourcekeys);
  memset(&m, 0, sizeof m);
  m.imr_multiaddr = address4(L, o, "group");
  m.imr_sourceaddr = address4(L, o, "source");
  int err = interface4(L, pushinterface(L), o, &where);
  if (err == 0 && !where.byaddress) {
    v->number = (int)o->lo;
    return takerequest(L, o, v, AF_INET);
  }
  m.imr_interface = where.address;
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tsource4 = {"source membership", 0, NULL, source4_take};


/* Without an interface, the scope of the group ("ff02::1%eth0") says it. */
static int membership6_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct ipv6_mreq m;
  struct sockaddr_in6 in6;
  unsigned index;
  memcpy(&in6, needaddress(L, o, groupkey(L, o), AF_INET6), sizeof in6);
  int err = sk_interfaceindex(L, pushinterface(L), o->name, &index);
  memset(&m, 0, sizeof m);
  m.ipv6mr_multiaddr = in6.sin6_addr;
  m.ipv6mr_interface = index != 0 ? index : in6.sin6_scope_id;
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tmembership6 = {"membership", 0, NULL, membership6_take};


/* RFC 3678: the level is that of the group's family. */
static int membership_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct group_req r;
  unsigned index;
  memset(&r, 0, sizeof r);
  const struct sockaddr *group = needaddress(L, o, groupkey(L, o), AF_UNSPEC);
  int err = sk_interfaceindex(L, pushinterface(L), o->name, &index);
  int v4 = group->sa_family == AF_INET;
  v->level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
  memcpy(&r.gr_group, group,
         v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
  if (index == 0 && !v4)
    index = ((const struct sockaddr_in6 *)(const void *)group)->sin6_scope_id;
  r.gr_interface = index;
  memcpy(&v->room, &r, sizeof r);
  sk_valueroom(v, sizeof r);
  return err;
}


const sk_Type sk_tmembership = {"membership", 0, NULL, membership_take};


static int source_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  sk_valuekeys(L, o->name, sourcekeys);
  return takerequest(L, o, v, AF_UNSPEC);
}


const sk_Type sk_tsource = {"source membership", 0, NULL, source_take};


#if SK_LINUX

static const sk_Constant packettypes[] = {
  {"multicast", PACKET_MR_MULTICAST},
  {"promisc", PACKET_MR_PROMISC},
  {"allmulti", PACKET_MR_ALLMULTI},
  {"unicast", PACKET_MR_UNICAST},
  {NULL, 0}
};


/* packet(7) */
static int packetmembership_take (lua_State *L, const sk_Option *o,
                                  sk_Value *v) {
  static const char *const keys[] = {"type", "interface", "address", NULL};
  struct packet_mreq m;
  unsigned index;
  size_t len;
  sk_valuekeys(L, o->name, keys);
  memset(&m, 0, sizeof m);
  m.mr_type = (unsigned short)sk_valuename(L, o->name, "type", packettypes,
                                           NULL);
  const char *address = sk_valuebytes(L, o->name, "address", &len);
  if (len > sizeof m.mr_address)
    sk_badarg(L, SK_VALUE, o->name, "field 'address' is too long");
  if (address != NULL) memcpy(m.mr_address, address, len);
  m.mr_alen = (unsigned short)len;
  int err = sk_interfaceindex(L, pushinterface(L), o->name, &index);
  m.mr_ifindex = (int)index;
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tpacketmembership = {"membership", 0, NULL,
                                      packetmembership_take};

#endif
