/*
** attach.c: control data to be sent with a message.
*/

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "argument.h"
#include "control.h"
#include "field.h"

#if SK_LINUX
#if !defined(UDP_SEGMENT)
#define UDP_SEGMENT 103
#endif
#if !defined(SOL_UDP)
#define SOL_UDP 17
#endif
#if !defined(SCM_TXTIME)
#define SCM_TXTIME 61
#endif
#endif

/* What the items other than descriptors and raw ones need at most. */
#define FIXEDROOM (12 * CMSG_SPACE(sizeof(struct in6_pktinfo)))


/*
** {==================================================================
** Room
** ===================================================================
*/

int sk_fdof (lua_State *L, int idx) {
  const sk_Socket *s;
  const luaL_Stream *f;
  if (lua_isinteger(L, idx)) {
    lua_Integer n = lua_tointeger(L, idx);
    return (n >= 0 && n <= INT_MAX) ? (int)n : -2;
  }
  if ((s = sk_testsocket(L, idx)) != NULL)
    return sk_isopen(s) ? s->watch.fd : -1;
  if ((f = luaL_testudata(L, idx, LUA_FILEHANDLE)) != NULL)
    return (f->closef != NULL) ? fileno(f->f) : -1;
  return -2;
}


static int checkfds (lua_State *L, int item) {
  const char *what = sk_fieldname(L, item, "fds");
  int i, n;
  lua_insert(L, -2);
  if (!lua_istable(L, -1))
    sk_fieldtype(L, what, "list of sockets, files or numbers");
  n = sk_fieldlist(L, what);
  for (i = 1; i <= n; i++) {
    int fd;
    lua_rawgeti(L, -1, i);
    fd = sk_fdof(L, -1);
    if (fd < 0)
      sk_badarg(L, 2, lua_pushfstring(L, "%s[%d]", what, i),
                (fd == -1) ? "closed" : "socket, file or descriptor expected");
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return n;
}


/* The room for one {level=, type=, data=}, on the top. */
static size_t rawroom (lua_State *L, const char *what) {
  static const char *const keys[] = { "level", "type", "data", NULL };
  int t = lua_gettop(L);
  size_t room;
  if (!lua_istable(L, t))
    sk_fieldtype(L, what, "table {level=, type=, data=}");
  sk_fieldkeys(L, t, what, keys);
  if (sk_field(L, t, "data") != LUA_TSTRING)
    sk_badarg(L, 2, what, "data: string expected, got %s",
              luaL_typename(L, -1));
  room = (size_t)lua_rawlen(L, -1);
  if (room > INT_MAX / 2)
    sk_badarg(L, 2, what, "data too long");
  lua_settop(L, t);
  return CMSG_SPACE(room);
}


static size_t rawlistroom (lua_State *L, int item) {
  const char *what = sk_fieldname(L, item, "control");
  size_t room = 0;
  int i, n;
  lua_insert(L, -2);
  if (!lua_istable(L, -1))
    sk_fieldtype(L, what, "list of tables {level=, type=, data=}");
  n = sk_fieldlist(L, what);
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    room += rawroom(L, what);
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return room;
}


size_t sk_controlroom (lua_State *L, int t, int item, int *nfds) {
  size_t room = FIXEDROOM;
  *nfds = 0;
  if (sk_field(L, t, "fds") != LUA_TNIL)
    *nfds = checkfds(L, item);
  lua_pop(L, 1);
  room += CMSG_SPACE((size_t)*nfds * sizeof(int));
  if (sk_field(L, t, "control") != LUA_TNIL)
    room += rawlistroom(L, item);
  lua_pop(L, 1);
  return room;
}

/* }================================================================== */


/*
** {==================================================================
** Encoding
** ===================================================================
*/

/* What the functions below need to know. */
typedef struct Letter {
  const sk_Socket *s;
  sk_Control *c;
  int item;
} Letter;


static unsigned char *put (sk_Control *c, int level, int type, const void *p,
                           size_t n) {
  struct cmsghdr h;
  unsigned char *at = c->bytes + c->len;
  if (c->room - c->len < CMSG_SPACE(n))
    return NULL;
  memset(at, 0, CMSG_SPACE(n));
  memset(&h, 0, sizeof(h));
  h.cmsg_len = CMSG_LEN(n);
  h.cmsg_level = level;
  h.cmsg_type = type;
  memcpy(at, &h, sizeof(h));
  if (p != NULL && n > 0)
    memcpy(at + CMSG_LEN(0), p, n);
  c->len += CMSG_SPACE(n);
  return at + CMSG_LEN(0);
}


unsigned char *sk_attachfds (sk_Control *c, int nfds) {
  return put(c, SOL_SOCKET, SCM_RIGHTS, NULL, (size_t)nfds * sizeof(int));
}


/* The room was measured; only a finalizer that ran since and changed the table
** can have made it too small. */
static void attach (lua_State *L, const Letter *m, int level, int type,
                    const void *p, size_t n) {
  if (put(m->c, level, type, p, n) == NULL)
    luaL_error(L, "message changed while it was read");
}


static lua_Integer fieldof (lua_State *L, const Letter *m, const char *key,
                            lua_Integer lo, lua_Integer hi) {
  const char *what = sk_fieldname(L, m->item, key);
  lua_Integer n;
  lua_insert(L, -2);
  n = sk_fieldint(L, what, lo, hi);
  lua_remove(L, -2);
  return n;
}


/* The kernel passes over items that are not for the kind of socket, in
** silence. */
static int wrongkind (lua_State *L, const Letter *m, const char *key,
                      const char *which) {
  return sk_badarg(L, 2, sk_fieldname(L, m->item, key), "only for %s sockets",
                   which);
}


static void needip (lua_State *L, const Letter *m, const char *key,
                    int only6) {
  int family = m->s->family;
  if (family != AF_INET6 && (only6 || family != AF_INET))
    wrongkind(L, m, key, only6 ? "IPv6" : "IP");
  if (m->s->type == SOCK_STREAM)
    wrongkind(L, m, key, "datagram and raw");
}

#if SK_LINUX

static lua_Integer subfield (lua_State *L, const Letter *m, const char *key,
                             lua_Integer lo, lua_Integer hi,
                             lua_Integer def) {
  int t = lua_gettop(L);
  lua_Integer n = def;
  lua_pushfstring(L, "credentials.%s", key);
  if (sk_field(L, t, key) != LUA_TNIL)
    n = fieldof(L, m, lua_tostring(L, -2), lo, hi);
  lua_settop(L, t);
  return n;
}


static int credentials (lua_State *L, const Letter *m) {
  static const char *const keys[] = { "pid", "uid", "gid", NULL };
  struct ucred u;
  memset(&u, 0, sizeof(u));
  u.pid = getpid();
  u.uid = getuid();
  u.gid = getgid();
  if (lua_isboolean(L, -1)) {
    if (!lua_toboolean(L, -1)) return 0;
  }
  else if (lua_istable(L, -1)) {
    sk_fieldkeys(L, lua_gettop(L), "credentials", keys);
    u.pid = (pid_t)subfield(L, m, "pid", 1, INT_MAX, u.pid);
    u.uid = (uid_t)subfield(L, m, "uid", 0, UINT32_MAX, u.uid);
    u.gid = (gid_t)subfield(L, m, "gid", 0, UINT32_MAX, u.gid);
  }
  else
    sk_badarg(L, 2, sk_fieldname(L, m->item, "credentials"),
              "true or table {pid=, uid=, gid=} expected");
  if (m->s->family != AF_UNIX && m->s->family != AF_NETLINK)
    wrongkind(L, m, "credentials", "UNIX and netlink");
  attach(L, m, SOL_SOCKET, SCM_CREDENTIALS, &u, sizeof(u));
  return 0;
}


/* pktinfo.interface, a number or a name.  0 or an errno value, and then the
** name on the top. */
static int interfaceof (lua_State *L, const Letter *m, int t,
                        unsigned *index) {
  const char *what = sk_fieldname(L, m->item, "pktinfo.interface");
  const char *name;
  size_t len;
  *index = 0;
  if (sk_field(L, t, "interface") == LUA_TNIL)
    return 0;
  if (lua_type(L, -1) == LUA_TNUMBER) {
    *index = (unsigned)sk_fieldint(L, what, 0, INT_MAX);
    return 0;
  }
  if (lua_type(L, -1) != LUA_TSTRING)
    sk_fieldtype(L, what, "name or index");
  name = lua_tolstring(L, -1, &len);
  if (len >= IF_NAMESIZE || strlen(name) != len)  /* T6 */
    sk_badarg(L, 2, what, "not a name of an interface");
  *index = sys_if_nametoindex(name);
  return (*index == 0) ? ENODEV : 0;
}


/* pktinfo.address (or source): an address, whose port does not count, or text
** without a port; NULL when there is none. */
static const sk_Address *sourceof (lua_State *L, const Letter *m, int t) {
  const char *what = sk_fieldname(L, m->item, "pktinfo.address");
  const char *text, *reason, *code;
  const sk_Address *a;
  size_t len;
  if (sk_field(L, t, "address") == LUA_TNIL &&
      sk_field(L, t, "source") == LUA_TNIL)
    return NULL;
  if ((a = sk_testaddress(L, -1)) != NULL)
    return a;
  if (lua_type(L, -1) != LUA_TSTRING)
    sk_fieldtype(L, what, "address");
  text = lua_tolstring(L, -1, &len);
  reason = sk_parseaddress(L, text, len, 0, &code);
  if (reason != NULL)
    sk_badarg(L, 2, what, "%s", reason);
  return sk_testaddress(L, -1);
}


static void attach4 (lua_State *L, const Letter *m, unsigned index,
                     const sk_Address *a) {
  struct in_pktinfo info;
  memset(&info, 0, sizeof(info));
  info.ipi_ifindex = (int)index;
  if (a != NULL) {
    const struct sockaddr_in *sa = (const void *)a->bytes;
    if (sk_family(a) != AF_INET)
      sk_badarg(L, 2, sk_fieldname(L, m->item, "pktinfo.address"),
                "IPv4 address expected");
    info.ipi_spec_dst = sa->sin_addr;
  }
  attach(L, m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}


/* An IPv4 address is mapped: the kernel takes that for mapped destinations. */
static void attach6 (lua_State *L, const Letter *m, unsigned index,
                     const sk_Address *a) {
  struct in6_pktinfo info;
  memset(&info, 0, sizeof(info));
  info.ipi6_ifindex = index;
  if (a != NULL && sk_family(a) == AF_INET6)
    info.ipi6_addr = ((const struct sockaddr_in6 *)(const void *)
                      a->bytes)->sin6_addr;
  else if (a != NULL && sk_family(a) == AF_INET) {
    const struct sockaddr_in *sa = (const void *)a->bytes;
    info.ipi6_addr.s6_addr[10] = info.ipi6_addr.s6_addr[11] = 0xff;
    memcpy(&info.ipi6_addr.s6_addr[12], &sa->sin_addr, 4);
  }
  else if (a != NULL)
    sk_badarg(L, 2, sk_fieldname(L, m->item, "pktinfo.address"),
              "IP address expected");
  attach(L, m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}


/* Takes what recvmsg gives, too, so that an answer leaves from the address
** that was asked: `destination` does not count. */
static int pktinfo (lua_State *L, const Letter *m) {
  static const char *const keys[] = {
    "interface", "address", "source", "destination", NULL
  };
  int t = lua_gettop(L);
  const sk_Address *a;
  unsigned index;
  int err;
  if (!lua_istable(L, t))
    sk_badarg(L, 2, sk_fieldname(L, m->item, "pktinfo"),
              "table {interface=, address=} expected");
  needip(L, m, "pktinfo", 0);
  sk_fieldkeys(L, t, "pktinfo", keys);
  if ((err = interfaceof(L, m, t, &index)) != 0)
    return err;
  a = sourceof(L, m, t);
  if (m->s->family == AF_INET)
    attach4(L, m, index, a);
  else
    attach6(L, m, index, a);
  return 0;
}


static int intitem (lua_State *L, const Letter *m, const char *key, int level,
                    int type, int lo, int hi) {
  int n = (int)fieldof(L, m, key, lo, hi);
  needip(L, m, key, level == IPPROTO_IPV6);
  attach(L, m, level, type, &n, sizeof(n));
  return 0;
}


static int ttl (lua_State *L, const Letter *m) {
  return intitem(L, m, "ttl", IPPROTO_IP, IP_TTL, 1, 255);
}


static int tos (lua_State *L, const Letter *m) {
  return intitem(L, m, "tos", IPPROTO_IP, IP_TOS, 0, 255);
}


static int hoplimit (lua_State *L, const Letter *m) {
  return intitem(L, m, "hoplimit", IPPROTO_IPV6, IPV6_HOPLIMIT, 0, 255);
}


static int tclass (lua_State *L, const Letter *m) {
  return intitem(L, m, "tclass", IPPROTO_IPV6, IPV6_TCLASS, 0, 255);
}


static int segment (lua_State *L, const Letter *m) {
  uint16_t n = (uint16_t)fieldof(L, m, "segment", 1, UINT16_MAX);
  needip(L, m, "segment", 0);
  if (m->s->type != SOCK_DGRAM)
    wrongkind(L, m, "segment", "UDP");
  attach(L, m, SOL_UDP, UDP_SEGMENT, &n, sizeof(n));
  return 0;
}


static int txtime (lua_State *L, const Letter *m) {
  uint64_t n = (uint64_t)fieldof(L, m, "txtime", 0, LUA_MAXINTEGER);
  attach(L, m, SOL_SOCKET, SCM_TXTIME, &n, sizeof(n));
  return 0;
}


static int mark (lua_State *L, const Letter *m) {
  uint32_t n = (uint32_t)fieldof(L, m, "mark", 0, UINT32_MAX);
  attach(L, m, SOL_SOCKET, SO_MARK, &n, sizeof(n));
  return 0;
}


static int priority (lua_State *L, const Letter *m) {
  uint32_t n = (uint32_t)fieldof(L, m, "priority", 0, INT_MAX);
  attach(L, m, SOL_SOCKET, SO_PRIORITY, &n, sizeof(n));
  return 0;
}

#endif


/* One {level=, type=, data=}, on the top. */
static void rawitem (lua_State *L, const Letter *m) {
  int t = lua_gettop(L);
  const char *data;
  int level, type;
  size_t len;
  if (!lua_istable(L, t))
    luaL_error(L, "message changed while it was read");
  sk_field(L, t, "level");
  level = (int)fieldof(L, m, "control.level", INT_MIN, INT_MAX);
  sk_field(L, t, "type");
  type = (int)fieldof(L, m, "control.type", INT_MIN, INT_MAX);
  if (sk_field(L, t, "data") != LUA_TSTRING)
    luaL_error(L, "message changed while it was read");
  data = lua_tolstring(L, -1, &len);
  attach(L, m, level, type, data, len);
  lua_settop(L, t);
}


static int rawlist (lua_State *L, const Letter *m) {
  lua_Integer i;
  if (!lua_istable(L, -1))
    luaL_error(L, "message changed while it was read");
  for (i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    rawitem(L, m);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return 0;
}


int sk_attach (lua_State *L, int t, int item, const sk_Socket *s,
               sk_Control *c) {
  static const struct {
    const char *key;
    int (*encode) (lua_State *L, const Letter *m);  /* the value is on top */
  } keys[] = {
#if SK_LINUX
    { "credentials", credentials },
    { "pktinfo", pktinfo },
    { "ttl", ttl },
    { "tos", tos },
    { "hoplimit", hoplimit },
    { "tclass", tclass },
    { "segment", segment },
    { "txtime", txtime },
    { "mark", mark },
    { "priority", priority },
#endif
    { "control", rawlist }
  };
  Letter m;
  size_t i;
  m.s = s;
  m.c = c;
  m.item = item;
  for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    int top = lua_gettop(L);
    int err = (sk_field(L, t, keys[i].key) == LUA_TNIL)
              ? 0 : keys[i].encode(L, &m);
    if (err != 0)
      return err;
    lua_settop(L, top);
  }
  return 0;
}

/* }================================================================== */
