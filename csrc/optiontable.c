/*
** optiontable.c: socket options that hold a structure or a list, as Lua
** tables.
*/

#include <errno.h>
#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "argument.h"
#include "constant.h"
#include "optionnumber.h"
#include "optionvalue.h"

/* BPF_MAXINSNS: the kernel takes no longer classic filter. */
#define FILTERMAX 4096
#define INSTRUCTION 8


static void setint (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}


void sk_valuekeys (lua_State *L, const char *what,
                   const char *const keys[]) {
  if (!lua_istable(L, SK_VALUE))
    sk_badarg(L, SK_VALUE, what, "table expected, got %s",
              luaL_typename(L, SK_VALUE));
  sk_checkkeys(L, SK_VALUE, keys);
}


lua_Integer sk_valueint (lua_State *L, const char *what, const char *key,
                         lua_Integer def, lua_Integer lo, lua_Integer hi) {
  int absent = lua_getfield(L, SK_VALUE, key) == LUA_TNIL;
  int good = lua_isinteger(L, -1);
  lua_Integer n = good ? lua_tointeger(L, -1) : 0;
  lua_pop(L, 1);
  if (absent) return def;
  if (!good || n < lo || n > hi)
    sk_badarg(L, SK_VALUE, what, "field '%s' must be an integer in %I..%I",
              key, (LUAI_UACINT)lo, (LUAI_UACINT)hi);
  return n;
}


const char *sk_valuebytes (lua_State *L, const char *what, const char *key,
                           size_t *len) {
  int type = lua_getfield(L, SK_VALUE, key);
  *len = 0;
  if (type == LUA_TNIL) return NULL;
  if (type != LUA_TSTRING)
    sk_badarg(L, SK_VALUE, what, "field '%s' must be a string", key);
  return lua_tolstring(L, -1, len);
}


int sk_valuename (lua_State *L, const char *what, const char *key,
                  const void *names, const char *def) {
  const sk_Constant *c;
  lua_getfield(L, SK_VALUE, key);
  if (lua_isinteger(L, -1))
    return (int)sk_valueint(L, what, key, 0, INT_MIN, INT_MAX);
  const char *name = lua_isnil(L, -1) ? def : NULL;
  if (lua_type(L, -1) == LUA_TSTRING) name = lua_tostring(L, -1);
  for (c = names; name != NULL && c->name != NULL; c++)
    if (strcmp(c->name, name) == 0) return c->value;
  return sk_badarg(L, SK_VALUE, what, "unknown %s '%s'", key,
                   luaL_tolstring(L, -1, NULL));
}


#if SK_LINUX

static void credentials_push (lua_State *L, const sk_Option *o,
                              const void *data, socklen_t len) {
  struct ucred c;
  (void)o;
  memset(&c, 0, sizeof c);
  if (len >= (socklen_t)sizeof c) memcpy(&c, data, sizeof c);
  lua_createtable(L, 0, 3);
  setint(L, "pid", c.pid);
  setint(L, "uid", (lua_Integer)c.uid);
  setint(L, "gid", (lua_Integer)c.gid);
}


const sk_Type sk_tcredentials = {"credentials", sizeof(struct ucred),
                                 credentials_push, NULL};

#endif


static void groups_push (lua_State *L, const sk_Option *o, const void *data,
                         socklen_t len) {
  size_t n = len / sizeof(gid_t);
  (void)o;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    gid_t gid;
    memcpy(&gid, (const char *)data + i * sizeof gid, sizeof gid);
    lua_pushinteger(L, (lua_Integer)gid);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}


const sk_Type sk_tgroups = {"list", 0, groups_push, NULL};

const sk_Type sk_tdescriptor = {"socket", sizeof(int), NULL, NULL};


static void pushcounts (lua_State *L, const char *const names[],
                        const void *data, socklen_t len) {
  lua_newtable(L);
  for (size_t i = 0; names[i] != NULL; i++) {
    uint32_t n;
    if (len < (i + 1) * sizeof n) return; /* an older kernel */
    memcpy(&n, (const char *)data + i * sizeof n, sizeof n);
    setint(L, names[i], n);
  }
}


/* sock_diag(7), the SK_MEMINFO_ constants */
static void meminfo_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  static const char *const names[] = {
    "rmem_alloc", "rcvbuf", "wmem_alloc", "sndbuf", "fwd_alloc",
    "wmem_queued", "optmem", "backlog", "drops", NULL};
  (void)o;
  pushcounts(L, names, data, len);
}


const sk_Type sk_tmeminfo = {"table", 64, meminfo_push, NULL};


/* packet(7) */
static void statistics_push (lua_State *L, const sk_Option *o,
                             const void *data, socklen_t len) {
  static const char *const names[] = {"packets", "drops", NULL};
  (void)o;
  pushcounts(L, names, data, len);
}


const sk_Type sk_tstatistics = {"table", 8, statistics_push, NULL};


/* A list of the numbers of the bits set (from 1) in an array of uint32_t:
** the groups that a netlink socket has joined. */
static void bitmap_push (lua_State *L, const sk_Option *o, const void *data,
                         socklen_t len) {
  lua_Integer n = 0;
  (void)o;
  lua_newtable(L);
  for (size_t bit = 0; bit < len / sizeof(uint32_t) * 32; bit++) {
    uint32_t word;
    memcpy(&word, (const char *)data + bit / 32 * sizeof word, sizeof word);
    if ((word >> (bit % 32) & 1) == 0) continue;
    lua_pushinteger(L, (lua_Integer)bit + 1);
    lua_rawseti(L, -2, ++n);
  }
}


const sk_Type sk_tbitmap = {"list", 0, bitmap_push, NULL};


/* struct sock_txtime of <linux/net_tstamp.h>, which older headers lack */
typedef struct TxTime {
  int32_t clock;
  uint32_t flags;
} TxTime;

static const sk_Constant clocks[] = {
  {"realtime", CLOCK_REALTIME},
  {"monotonic", CLOCK_MONOTONIC},
#if SK_LINUX
  {"tai", 11},
#endif
  {NULL, 0}
};


static void txtime_push (lua_State *L, const sk_Option *o, const void *data,
                         socklen_t len) {
  TxTime t = {0, 0};
  (void)o;
  if (len >= (socklen_t)sizeof t) memcpy(&t, data, sizeof t);
  lua_createtable(L, 0, 3);
  sk_pushconstant(L, clocks, t.clock);
  lua_setfield(L, -2, "clock");
  lua_pushboolean(L, (int)(t.flags & 1));
  lua_setfield(L, -2, "deadline_mode");
  lua_pushboolean(L, (int)(t.flags & 2));
  lua_setfield(L, -2, "report_errors");
}


static uint32_t fieldflag (lua_State *L, const char *what, const char *key,
                           uint32_t bit) {
  int type = lua_getfield(L, SK_VALUE, key);
  int set = lua_toboolean(L, -1);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    sk_badarg(L, SK_VALUE, what, "field '%s' must be a boolean", key);
  lua_pop(L, 1);
  return set ? bit : 0;
}


static int txtime_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  static const char *const keys[] = {"clock", "deadline_mode",
                                     "report_errors", NULL};
  TxTime t;
  sk_valuekeys(L, o->name, keys);
  t.clock = sk_valuename(L, o->name, "clock", clocks, "monotonic");
  t.flags = fieldflag(L, o->name, "deadline_mode", 1) |
            fieldflag(L, o->name, "report_errors", 2);
  memcpy(&v->room, &t, sizeof t);
  sk_valueroom(v, sizeof t);
  return 0;
}


const sk_Type sk_ttxtime = {"table", sizeof(TxTime), txtime_push,
                            txtime_take};


/* struct tcp_md5sig of <linux/tcp.h>; glibc's lacks the interface. */
typedef struct Md5Sig {
  struct sockaddr_storage address;
  uint8_t flags;
  uint8_t prefix;
  uint16_t keylen;
  int32_t interface;
  uint8_t key[80];
} Md5Sig;


/* TCP_MD5SIG_EXT knows a prefix and an interface, TCP_MD5SIG neither. */
static int md5extended (lua_State *L, const sk_Option *o, sk_Value *v,
                        Md5Sig *m) {
  unsigned index;
  lua_Integer prefix = sk_valueint(L, o->name, "prefix", -1, 0, 128);
  lua_getfield(L, SK_VALUE, "interface");
  int err = sk_interfaceindex(L, -1, o->name, &index);
  if (prefix >= 0) {
    m->flags |= 1;
    m->prefix = (uint8_t)prefix;
  }
  if (index > 0) {
    m->flags |= 2;
    m->interface = (int32_t)index;
  }
  if (m->flags != 0) v->number = (int)o->lo;
  return err;
}


static int md5sig_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  static const char *const keys[] = {"address", "key", "prefix", "interface",
                                     NULL};
  Md5Sig m;
  size_t len;
  memset(&m, 0, sizeof m);
  sk_valuekeys(L, o->name, keys);
  const struct sockaddr *sa = sk_valueaddress(L, o->name, "address");
  if (sa == NULL) sk_badarg(L, SK_VALUE, o->name, "field 'address' missing");
  memcpy(&m.address, sa,
         sa->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                  : sizeof(struct sockaddr_in6));
  const char *key = sk_valuebytes(L, o->name, "key", &len);
  if (key == NULL || len > sizeof m.key)
    sk_badarg(L, SK_VALUE, o->name,
              "field 'key' must be a string of at most %d bytes",
              (int)sizeof m.key);
  memcpy(m.key, key, len);
  m.keylen = (uint16_t)len;
  int err = md5extended(L, o, v, &m);
  memcpy(&v->room, &m, sizeof m);
  sk_valueroom(v, sizeof m);
  return err;
}


const sk_Type sk_tmd5sig = {"table", 0, NULL, md5sig_take};


/* ip(7): two 16-bit halves, the lower port in the lower half; 0 for none */
static void portrange_push (lua_State *L, const sk_Option *o,
                            const void *data, socklen_t len) {
  uint32_t n = 0;
  (void)o;
  memcpy(&n, data, len < sizeof n ? len : sizeof n);
  lua_createtable(L, 0, 2);
  setint(L, "low", n & 0xffff);
  setint(L, "high", n >> 16);
}


static int portrange_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  static const char *const keys[] = {"low", "high", NULL};
  sk_valuekeys(L, o->name, keys);
  v->room.u = (unsigned)sk_valueint(L, o->name, "low", 0, 0, 65535) |
              (unsigned)sk_valueint(L, o->name, "high", 0, 0, 65535) << 16;
  sk_valueroom(v, sizeof v->room.u);
  return 0;
}


const sk_Type sk_tportrange = {"table", sizeof(uint32_t), portrange_push,
                               portrange_take};


static void pathmtu_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  struct ip6_mtuinfo info;
  (void)o;
  memset(&info, 0, sizeof info);
  if (len >= (socklen_t)sizeof info) memcpy(&info, data, sizeof info);
  lua_pushinteger(L, info.ip6m_mtu);
}


const sk_Type sk_tpathmtu = {"integer", sizeof(struct ip6_mtuinfo),
                             pathmtu_push, NULL};


#if SK_LINUX

/* The field of an instruction at the table on the top. */
static uint32_t operand (lua_State *L, const sk_Option *o, int n, int i,
                         uint32_t most) {
  lua_Integer value;
  lua_rawgeti(L, -1, i);
  value = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
  lua_pop(L, 1);
  if (value < 0 || value > (lua_Integer)most)
    sk_badarg(L, SK_VALUE, o->name,
              "instruction %d: operand %d must be an integer in 0..%I", n, i,
              (LUAI_UACINT)most);
  return (uint32_t)value;
}


/* {{code, jt, jf, k}, ...}, as "tcpdump -dd" prints them */
static const void *assemble (lua_State *L, const sk_Option *o, size_t *len) {
  size_t n = (size_t)lua_rawlen(L, SK_VALUE);
  if (n > FILTERMAX)
    sk_badarg(L, SK_VALUE, o->name, "more than %d instructions", FILTERMAX);
  struct sock_filter *code = lua_newuserdatauv(L, (n + 1) * INSTRUCTION, 0);
  for (size_t i = 0; i < n; i++) {
    int k = (int)i + 1;
    if (lua_rawgeti(L, SK_VALUE, k) != LUA_TTABLE || lua_rawlen(L, -1) != 4)
      sk_badarg(L, SK_VALUE, o->name, "instruction %d must be a table of 4",
                k);
    code[i].code = (uint16_t)operand(L, o, k, 1, UINT16_MAX);
    code[i].jt = (uint8_t)operand(L, o, k, 2, UINT8_MAX);
    code[i].jf = (uint8_t)operand(L, o, k, 3, UINT8_MAX);
    code[i].k = operand(L, o, k, 4, UINT32_MAX);
    lua_pop(L, 1);
  }
  *len = n * INSTRUCTION;
  return code;
}


static int filter_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  struct sock_fprog program;
  size_t len;
  const void *code = lua_istable(L, SK_VALUE)
                         ? assemble(L, o, &len)
                         : sk_checkbytes(L, SK_VALUE, &len, o->name);
  if (len % INSTRUCTION != 0 || len > FILTERMAX * INSTRUCTION)
    sk_badarg(L, SK_VALUE, o->name,
              "at most %d instructions of %d bytes expected", FILTERMAX,
              INSTRUCTION);
  memset(&program, 0, sizeof program);
  program.len = (unsigned short)(len / INSTRUCTION);
  /* The kernel only reads it. */
  program.filter = (struct sock_filter *)(uintptr_t)code;
  memcpy(&v->room, &program, sizeof program);
  sk_valueroom(v, sizeof program);
  return 0;
}


const sk_Type sk_tfilter = {"filter", 0, NULL, filter_take};

#endif
