/*
** address.c: address values, immutable and interned: equal addresses are the
** same userdata.
*/

/***
@submodule sockeye.core
*/

#include <arpa/inet.h>
#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "addresstext.h"
#include "argument.h"
#include "error.h"

/* Its address is the key of the table raw bytes -> address in the registry;
** the values are weak. */
static const char interned = 0;


static void fillroom (sk_Room *r, const void *sa, socklen_t len) {
  memset(r, 0, sizeof(*r));
  memcpy(r->bytes, sa, len);
  r->len = len;
}


static void intern (lua_State *L, sk_Room *r) {
  luaL_checkstack(L, 5, NULL);
  sk_normalise(r);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &interned);
  lua_pushlstring(L, (const char *)r->bytes, r->len);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TNIL) {
    lua_pop(L, 1);
    sk_Address *a = lua_newuserdatauv(L, offsetof(sk_Address, bytes) + r->len,
                                      0);
    a->len = r->len;
    memcpy(a->bytes, r->bytes, r->len);
    luaL_setmetatable(L, SK_ADDRESS);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}


void sk_pushaddress (lua_State *L, const void *sa, socklen_t len,
                     socklen_t size) {
  sk_Room r;
  if (len < SK_BODY || len > size || len > sizeof(r.bytes)) {
    lua_pushnil(L);
    return;
  }
  fillroom(&r, sa, len);
  intern(L, &r);
}


const char *sk_parseaddress (lua_State *L, const char *text, size_t len,
                             int port, const char **code) {
  sk_Room r;
  const char *reason;
  if (port < 0)
    reason = sk_parselone(&r, text, len, code);
  else {
    sk_roominit(&r, AF_INET);
    r.in.sin_port = htons((uint16_t)port);
    reason = sk_parsehost(&r, text, len, code);
  }
  if (reason == NULL) intern(L, &r);
  return reason;
}


const sk_Address *sk_testaddress (lua_State *L, int arg) {
  return luaL_testudata(L, arg, SK_ADDRESS);
}


/* Replaces the text at `arg`, and the port after it if there is one. */
static void convert (lua_State *L, int arg) {
  size_t len;
  const char *code;
  const char *text = lua_tolstring(L, arg, &len);
  int port = -1;
  if (!sk_looksalone(text, len) && !lua_isnoneornil(L, arg + 1))
    port = (int)sk_checkint(L, arg + 1, 0, 65535, "port");
  const char *reason = sk_parseaddress(L, text, len, port, &code);
  if (reason != NULL) sk_badarg(L, arg, "address", "'%s': %s", text, reason);
  lua_replace(L, arg);
  if (port >= 0) lua_remove(L, arg + 1);
}


const sk_Address *sk_checkaddress (lua_State *L, int arg) {
  const sk_Address *a = sk_testaddress(L, arg);
  if (a != NULL) return a;
  if (lua_type(L, arg) != LUA_TSTRING)
    sk_badarg(L, arg, "address", "address or string expected, got %s",
              luaL_typename(L, arg));
  convert(L, arg);
  return sk_testaddress(L, arg);
}


/***
Makes an address.

Addresses are immutable values and interned: equal addresses are the same
Lua value, so that `==` compares them and `clients[from]` finds them.  They
print as what this function takes.  They are ordered by family, then host (or
name), then port.

 - `core.address("127.0.0.1", 80)`, `core.address("fe80::1%eth0", 80)`: a host
   and a port.  Hosts are IPv4 or IPv6 literals, strictly; names are resolved
   by `getaddrinfo`.  Scopes are names of interfaces, or their numbers.
 - `core.address("127.0.0.1:80")`, `core.address("[fe80::1%eth0]:80")`,
   `core.address("[::1]:80?flow=5")`: both in one string.
 - `core.address("/run/x.sock")`, also beginning with `./` or `../`: a UNIX
   socket's file.  `"@name"` and `"\0name"` are the abstract name.  After
   `"unix:"` stands either, or a path that does not begin like one; alone, it
   is the unnamed address.
 - `"packet:eth0,protocol=0x0800,hatype=1,pkttype=4,hardware=00:11:22:33:44:55"`
   with all but the interface optional; `"netlink:pid:groups"`;
   `"vsock:cid:port"`.
 - `"can#0011aabb"`: any family, by name or number, and what follows the family
   in the system's structure, in hexadecimal.
 - A table, see below.
 - An address, which is returned as it is.

Tables, of which all but `host` and `raw` may be left out, for 0 or none:

 - `{family = "inet", host = , port = }`
 - `{family = "inet6", host = , port = , scope = , flow = }`
 - `{family = "unix", path = , abstract = }`: an abstract name when it begins
   with `"@"` or NUL, unless `abstract` is false
 - `{family = "packet", interface = , protocol = , hatype = , pkttype = ,
   hardware = }`
 - `{family = "netlink", pid = , groups = }`
 - `{family = "vsock", cid = , port = }`
 - `{family = , raw = }`: any family, and the bytes after it

@function address
@tparam string|table|address address the host, the whole address, or a table
@tparam[opt] integer port 0 to 65535, when the first argument is a host
@treturn[1] address the address
@return[2] nil, message, code: `"EINVAL"` for what is none, `"ENAMETOOLONG"`,
 `"ENODEV"` for an interface that does not exist
*/
static int f_address (lua_State *L) {
  sk_Room r;
  const char *code, *reason;
  int istable = lua_istable(L, 1);
  if ((istable || sk_testaddress(L, 1)) && !lua_isnoneornil(L, 2))
    return sk_badarg(L, 2, "port", "the address has its own");
  if (istable) {
    lua_settop(L, 1);
    reason = sk_parsetable(L, 1, &r, &code);
    if (reason != NULL) return sk_failure(L, "address", 0, reason, code);
    intern(L, &r);
    return 1;
  }
  if (sk_testaddress(L, 1)) {
    lua_settop(L, 1);
    return 1;
  }
  if (lua_type(L, 1) != LUA_TSTRING)
    return sk_badarg(L, 1, "address", "string, table or address expected, "
                                      "got %s", luaL_typename(L, 1));
  lua_settop(L, 2);
  size_t len;
  const char *text = lua_tolstring(L, 1, &len);
  int port = (int)sk_optint(L, 2, -1, 0, 65535, "port");
  reason = sk_parseaddress(L, text, len, port, &code);
  if (reason != NULL) return sk_failure(L, "address", 1, reason, code);
  return 1;
}


/***
The fields of an address.  Those of other families are nil; none can be
assigned.
@table addresses
@field family the name, or the number of a family without a name
@field host inet, inet6: without the scope
@field port inet, inet6, vsock
@field scope inet6: the interface's name, or its number if it has none; nil
without a scope
@field scopeid inet6: always the number, or 0
@field flow inet6: traffic class and flow label
@field path unix: the name, with `"@"` before an abstract one; nil for the
unnamed address
@field abstract unix: whether the name is abstract
@field interface packet: the name, or the number
@field index packet: the interface's number
@field protocol packet: as in `ETH_P_IP`
@field hardware packet: bytes
@field hatype packet
@field pkttype packet
@field pid netlink
@field groups netlink
@field cid vsock
@field raw all bytes of the system's structure
*/


static void toroom (lua_State *L, int arg, sk_Room *r) {
  const sk_Address *a = luaL_checkudata(L, arg, SK_ADDRESS);
  fillroom(r, a->bytes, a->len);
}


/***
The same host with another port.
@function address:withport
@tparam integer port the port, 0 to 65535; vsock has 32 bits
@treturn address the address; raises for a family without ports
*/
static int m_withport (lua_State *L) {
  sk_Room r;
  toroom(L, 1, &r);
  int family = sk_family(&r);
  if (!sk_wellformed(&r))
    return luaL_argerror(L, 1, "an incomplete address has no port");
  if (family == AF_INET || family == AF_INET6)
    r.in.sin_port = htons((uint16_t)sk_checkint(L, 2, 0, 65535, "port"));
#if SK_LINUX
  else if (family == AF_VSOCK)
    r.vm.svm_port = (unsigned)sk_checkint(L, 2, 0, UINT32_MAX, "port");
#endif
  else
    return luaL_argerror(L, 1, "an address of this family has no port");
  intern(L, &r);
  return 1;
}


/* The bytes of an IP address, most significant first. */
static const unsigned char *ipbytes (const sk_Room *r) {
  if (sk_family(r) == AF_INET)
    return r->bytes + offsetof(struct sockaddr_in, sin_addr);
  return r->in6.sin6_addr.s6_addr;
}


/* Whether the first `bits` bits are the same. */
static int sameprefix (const unsigned char *a, const unsigned char *b,
                       unsigned bits) {
  unsigned whole = bits / 8, rest = bits % 8;
  if (memcmp(a, b, whole) != 0) return 0;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}


static void checkprefix (lua_State *L, int arg, sk_Room *r, unsigned *bits) {
  static const unsigned char zero[16] = { 0 };
  size_t len;
  const char *text = sk_checkbytes(L, arg, &len, "prefix");
  const char *reason = sk_parseprefix(r, text, len, bits);
  if (reason != NULL) sk_badarg(L, arg, "prefix", "'%s': %s", text, reason);
  unsigned char host[16];
  unsigned size = sk_family(r) == AF_INET ? 4 : 16;
  memcpy(host, ipbytes(r), size);
  for (unsigned i = 0; i < *bits; i++)
    host[i / 8] &= (unsigned char)~(128u >> i % 8);
  if (memcmp(host, zero, size) != 0)
    sk_badarg(L, arg, "prefix", "'%s': bits are set beyond the prefix", text);
}


/***
Tells whether an IP address belongs to a network.

Addresses of other families than the prefix's do not, with one exception: an
IPv4 client of an IPv6 socket, `::ffff:10.1.2.3`, is within `"10.0.0.0/8"`,
for otherwise a rule written for IPv4 would not hold on such a socket.
@function address:within
@tparam string prefix as `"10.0.0.0/8"` or `"fe80::/10"`; raises for one that is
 malformed or has bits set beyond its length
@treturn boolean whether it does
*/
static int m_within (lua_State *L) {
  sk_Room r, prefix;
  unsigned bits;
  toroom(L, 1, &r);
  checkprefix(L, 2, &prefix, &bits);
  const unsigned char *bytes = ipbytes(&r);
  int same = sk_family(&r) == sk_family(&prefix) && sk_wellformed(&r);
  if (sk_family(&r) == AF_INET6 && sk_family(&prefix) == AF_INET &&
      sk_wellformed(&r) && IN6_IS_ADDR_V4MAPPED(&r.in6.sin6_addr)) {
    bytes += 12;
    same = 1;
  }
  lua_pushboolean(L, same && sameprefix(bytes, ipbytes(&prefix), bits));
  return 1;
}


static int m_tostring (lua_State *L) {
  sk_Room r;
  toroom(L, 1, &r);
  sk_pushtext(L, &r);
  return 1;
}


static int m_index (lua_State *L) {
  sk_Room r;
  toroom(L, 1, &r);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  if (lua_type(L, 2) != LUA_TSTRING) return 1;
  size_t len;
  const char *name = lua_tolstring(L, 2, &len);
  if (strlen(name) == len) sk_pushfield(L, &r, name);
  return 1; /* or the nil */
}


static int m_newindex (lua_State *L) {
  return luaL_error(L, "addresses cannot be changed (field '%s')",
                    luaL_tolstring(L, 2, NULL));
}


static int compare (uint32_t a, uint32_t b) {
  return (a > b) - (a < b);
}


static int compareip (const sk_Room *a, const sk_Room *b) {
  size_t size = sk_family(a) == AF_INET ? 4 : 16;
  int order = memcmp(ipbytes(a), ipbytes(b), size);
  if (order == 0 && size == 16)
    order = compare(a->in6.sin6_scope_id, b->in6.sin6_scope_id);
  if (order == 0)
    order = compare(ntohs(a->in.sin_port), ntohs(b->in.sin_port));
  return order;
}


/* What a reader expects to be in order; all others as their bytes happen. */
static int comparefields (const sk_Room *a, const sk_Room *b) {
  int order = 0;
  switch (sk_family(a)) {
    case AF_INET: case AF_INET6: return compareip(a, b);
#if SK_LINUX
    case AF_PACKET:
      return compare((unsigned)a->ll.sll_ifindex, (unsigned)b->ll.sll_ifindex);
    case AF_NETLINK:
      return compare(a->nl.nl_pid, b->nl.nl_pid);
    case AF_VSOCK:
      order = compare(a->vm.svm_cid, b->vm.svm_cid);
      return order ? order : compare(a->vm.svm_port, b->vm.svm_port);
#endif
    default: return order;
  }
}


static int order (lua_State *L) {
  sk_Room a, b;
  toroom(L, 1, &a);
  toroom(L, 2, &b);
  int result = compare(sk_family(&a), sk_family(&b));
  if (result == 0) result = sk_wellformed(&a) - sk_wellformed(&b);
  if (result == 0 && sk_wellformed(&a)) result = comparefields(&a, &b);
  if (result == 0) result = memcmp(a.bytes, b.bytes, sizeof(a.bytes));
  return result ? result : compare(a.len, b.len);
}


static int m_lt (lua_State *L) {
  lua_pushboolean(L, order(L) < 0);
  return 1;
}


static int m_le (lua_State *L) {
  lua_pushboolean(L, order(L) <= 0);
  return 1;
}


static const luaL_Reg functions[] = {
  {"address", f_address},
  {NULL, NULL}
};

static const luaL_Reg methods[] = {
  {"within", m_within},
  {"withport", m_withport},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__le", m_le},
  {"__lt", m_lt},
  {"__newindex", m_newindex},
  {"__tostring", m_tostring},
  {NULL, NULL}
};


static void newmetatable (lua_State *L) {
  luaL_newmetatable(L, SK_ADDRESS);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_pushcclosure(L, m_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}


static void newinterned (lua_State *L) {
  lua_newtable(L);
  lua_createtable(L, 0, 1);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &interned);
}


void sk_openaddress (lua_State *L) {
  newmetatable(L);
  newinterned(L);
  luaL_setfuncs(L, functions, 0);
}
