/*
** optionvalue.c: socket options that hold one value: booleans, numbers,
** times, names, flags, text.
*/

#include <lauxlib.h>
#include <limits.h>
#include <lua.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "argument.h"
#include "constant.h"
#include "error.h"
#include "optionvalue.h"
#include "socket.h"

#define NSPERSECOND INT64_C(1000000000)


void sk_valueroom (sk_Value *v, size_t len) {
  v->data = &v->room;
  v->len = (socklen_t)len;
}


static int takeint (sk_Value *v, int n) {
  v->room.i = n;
  sk_valueroom(v, sizeof(int));
  return 0;
}


/* An int; the kernel shortens some to one byte, where they fit. */
static int intof (const void *data, socklen_t len) {
  int n = 0;
  if (len == 1) return *(const unsigned char *)data;
  if (len >= (socklen_t)sizeof n) memcpy(&n, data, sizeof n);
  return n;
}


static void boolean_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  (void)o;
  lua_pushboolean(L, intof(data, len) != 0);
}


static int boolean_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  return takeint(v, sk_checkbool(L, SK_VALUE, o->name));
}


const sk_Type sk_tboolean = {"boolean", sizeof(int), boolean_push,
                             boolean_take};


static void integer_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  int n = intof(data, len);
  lua_pushinteger(L, o->hi > INT_MAX ? (lua_Integer)(unsigned)n : n);
}


static int integer_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  lua_Integer n = sk_checkint(L, SK_VALUE, o->lo, o->hi, o->name);
  v->room.u = (unsigned)n;
  sk_valueroom(v, sizeof v->room.u);
  return 0;
}


const sk_Type sk_tinteger = {"integer", sizeof(int), integer_push,
                             integer_take};


static void integer64_push (lua_State *L, const sk_Option *o,
                            const void *data, socklen_t len) {
  int64_t n = 0;
  (void)o;
  memcpy(&n, data, len < sizeof n ? len : sizeof n);
  lua_pushinteger(L, n);
}


static int integer64_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  v->room.i64 = sk_checkint(L, SK_VALUE, o->lo, o->hi, o->name);
  sk_valueroom(v, sizeof v->room.i64);
  return 0;
}


const sk_Type sk_tinteger64 = {"integer", sizeof(int64_t), integer64_push,
                               integer64_take};


static void name_push (lua_State *L, const sk_Option *o, const void *data,
                       socklen_t len) {
  sk_pushconstant(L, o->names, intof(data, len));
}


static int name_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  return takeint(v, sk_checkconstant(L, SK_VALUE, o->names, o->name));
}


const sk_Type sk_tname = {"name", sizeof(int), name_push, name_take};


void sk_pushbits (lua_State *L, const void *names, unsigned bits) {
  const sk_Constant *c;
  lua_newtable(L);
  for (c = names; c->name != NULL; c++) {
    if ((bits & (unsigned)c->value) == 0) continue;
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, c->name);
    bits &= ~(unsigned)c->value;
  }
  for (; bits != 0; bits &= bits - 1) { /* the lowest bit set goes */
    lua_pushboolean(L, 1);
    lua_rawseti(L, -2, (lua_Integer)(bits & (~bits + 1)));
  }
}


/* The bits of the key at -2 in the flags table at `arg`. */
static unsigned keybits (lua_State *L, int arg, const void *names,
                         const char *what) {
  const sk_Constant *c;
  if (lua_isinteger(L, -2)) {
    lua_Integer n = lua_tointeger(L, -2);
    if (n >= 0 && n <= (lua_Integer)UINT32_MAX) return (unsigned)n;
  }
  else if (lua_type(L, -2) == LUA_TSTRING) {
    for (c = names; c->name != NULL; c++)
      if (strcmp(c->name, lua_tostring(L, -2)) == 0)
        return (unsigned)c->value;
  }
  sk_badarg(L, arg, what, "unknown flag '%s'", luaL_tolstring(L, -2, NULL));
  return 0;
}


unsigned sk_checkbits (lua_State *L, int arg, const void *names,
                       const char *what) {
  unsigned bits = 0;
  if (!lua_istable(L, arg))
    return (unsigned)sk_checkint(L, arg, 0, UINT32_MAX, what);
  for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
    unsigned bit = keybits(L, arg, names, what);
    if (!lua_isboolean(L, -1))
      sk_badarg(L, arg, what, "flag '%s' must be true or false",
                luaL_tolstring(L, -2, NULL));
    if (lua_toboolean(L, -1)) bits |= bit;
  }
  return bits;
}


static void flags_push (lua_State *L, const sk_Option *o, const void *data,
                        socklen_t len) {
  sk_pushbits(L, o->names, (unsigned)intof(data, len));
}


static int flags_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  v->room.u = sk_checkbits(L, SK_VALUE, o->names, o->name);
  sk_valueroom(v, sizeof v->room.u);
  return 0;
}


const sk_Type sk_tflags = {"flags", sizeof(int), flags_push, flags_take};


/* The value in units of which `perSecond` make a second, rounded up, so that
** a short time never becomes 0, which means something else. */
static int64_t checkunits (lua_State *L, const sk_Option *o,
                           int64_t persecond, int64_t most) {
  if (lua_isnoneornil(L, SK_VALUE))
    sk_badarg(L, SK_VALUE, o->name, "number expected, got %s",
              luaL_typename(L, SK_VALUE));
  int64_t ns = sk_checkseconds(L, SK_VALUE, o->name);
  int64_t unit = NSPERSECOND / persecond;
  int64_t n = ns / unit + (ns % unit != 0);
  if (n > most)
    sk_badarg(L, SK_VALUE, o->name, "at most %I seconds",
              (LUAI_UACINT)(most / persecond));
  return n;
}


static void seconds_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  int n = intof(data, len);
  if (o->lo == 1)
    lua_pushinteger(L, n);
  else
    lua_pushnumber(L, (lua_Number)n / (lua_Number)o->lo);
}


static int seconds_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  return takeint(v, (int)checkunits(L, o, o->lo, INT_MAX));
}


const sk_Type sk_tseconds = {"seconds", sizeof(int), seconds_push,
                             seconds_take};


/* tcp(7): a negative value does without FIN_WAIT2 altogether. */
static void linger2_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  int n = intof(data, len);
  (void)o;
  if (n < 0)
    lua_pushboolean(L, 0);
  else
    lua_pushinteger(L, n);
}


static int linger2_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  if (lua_isboolean(L, SK_VALUE) && !lua_toboolean(L, SK_VALUE))
    return takeint(v, -1);
  return takeint(v, (int)checkunits(L, o, 1, INT_MAX));
}


const sk_Type sk_tlinger2 = {"seconds or false", sizeof(int), linger2_push,
                             linger2_take};


/* As a float: the kernel's longest time does not fit into nanoseconds. */
static void timeval_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  struct timeval t = {0, 0};
  (void)o;
  if (len >= (socklen_t)sizeof t) memcpy(&t, data, sizeof t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_usec / 1e6);
}


static int timeval_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  int64_t us = checkunits(L, o, 1000000, INT64_MAX);
  v->room.time.tv_sec = (time_t)(us / 1000000);
  v->room.time.tv_usec = (suseconds_t)(us % 1000000);
  sk_valueroom(v, sizeof v->room.time);
  return 0;
}


const sk_Type sk_ttimeval = {"seconds", sizeof(struct timeval), timeval_push,
                             timeval_take};


static void linger_push (lua_State *L, const sk_Option *o, const void *data,
                         socklen_t len) {
  struct linger l = {0, 0};
  (void)o;
  if (len >= (socklen_t)sizeof l) memcpy(&l, data, sizeof l);
  if (l.l_onoff)
    lua_pushinteger(L, l.l_linger);
  else
    lua_pushboolean(L, 0);
}


static int linger_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  int off = lua_isnil(L, SK_VALUE) ||
            (lua_isboolean(L, SK_VALUE) && !lua_toboolean(L, SK_VALUE));
  v->room.linger.l_onoff = !off;
  v->room.linger.l_linger = off ? 0 : (int)checkunits(L, o, 1, INT_MAX);
  sk_valueroom(v, sizeof v->room.linger);
  return 0;
}


const sk_Type sk_tlinger = {"seconds or false", sizeof(struct linger),
                            linger_push, linger_take};


/* socket(7) says unsigned int; since 4.20 the kernel takes and gives a long
** when asked for one.  All ones are no limit: math.maxinteger. */
static void rate_push (lua_State *L, const sk_Option *o, const void *data,
                       socklen_t len) {
  unsigned long rate = (unsigned)intof(data, len);
  (void)o;
  if (len == sizeof rate) memcpy(&rate, data, sizeof rate);
  lua_pushinteger(L, rate == ULONG_MAX || rate > LUA_MAXINTEGER
                         ? LUA_MAXINTEGER
                         : (lua_Integer)rate);
}


static int rate_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  lua_Integer n = sk_checkint(L, SK_VALUE, 0, LUA_MAXINTEGER, o->name);
  if (n != LUA_MAXINTEGER && (lua_Unsigned)n > ULONG_MAX)
    sk_badarg(L, SK_VALUE, o->name, "%I is out of range", (LUAI_UACINT)n);
  v->room.rate = n == LUA_MAXINTEGER ? ULONG_MAX : (unsigned long)n;
  sk_valueroom(v, sizeof v->room.rate);
  return 0;
}


const sk_Type sk_trate = {"integer", sizeof(unsigned long), rate_push,
                          rate_take};


/* L36: padded with NUL bytes, or ended by one, or neither. */
static void text_push (lua_State *L, const sk_Option *o, const void *data,
                       socklen_t len) {
  (void)o;
  lua_pushlstring(L, data, strnlen(data, len));
}


/* T6: refused, never cut. */
static int text_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  const char *text = sk_checktext(L, SK_VALUE, o->name);
  size_t len = strlen(text);
  if ((int64_t)len >= o->hi)
    sk_badarg(L, SK_VALUE, o->name, "text too long (at most %d bytes)",
              (int)o->hi - 1);
  v->data = text;
  v->len = (socklen_t)len + 1;
  return 0;
}


const sk_Type sk_ttext = {"text", 0, text_push, text_take};


static void bytes_push (lua_State *L, const sk_Option *o, const void *data,
                        socklen_t len) {
  (void)o;
  lua_pushlstring(L, data, len);
}


static int bytes_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  size_t len;
  v->data = sk_checkbytes(L, SK_VALUE, &len, o->name);
  if ((int64_t)len > o->hi)
    sk_badarg(L, SK_VALUE, o->name, "too long (at most %d bytes)",
              (int)o->hi);
  v->len = (socklen_t)len;
  return 0;
}


const sk_Type sk_tbytes = {"bytes", 0, bytes_push, bytes_take};


static void error_push (lua_State *L, const sk_Option *o, const void *data,
                        socklen_t len) {
  int err = intof(data, len);
  (void)o;
  if (err == 0)
    lua_pushnil(L);
  else
    sk_pusherrorname(L, err);
}


const sk_Type sk_terror = {"error name or nil", sizeof(int), error_push,
                           NULL};


static const sk_Constant protocols[] = {
  {"icmp", IPPROTO_ICMP},
  {"igmp", IPPROTO_IGMP},
  {"tcp", IPPROTO_TCP},
  {"udp", IPPROTO_UDP},
  {"ipv6-icmp", IPPROTO_ICMPV6},
  {"sctp", IPPROTO_SCTP},
  {"raw", IPPROTO_RAW},
#if defined(__linux__)
  {"dccp", 33},
  {"udplite", 136},
  {"mptcp", 262},
#endif
  {NULL, 0}
};


/* The numbers mean these protocols in the Internet families only. */
static void protocol_push (lua_State *L, const sk_Option *o,
                           const void *data, socklen_t len) {
  int family = sk_tosocket(L)->family;
  int n = intof(data, len);
  (void)o;
  if (family == AF_INET || family == AF_INET6)
    sk_pushconstant(L, protocols, n);
  else
    lua_pushinteger(L, n);
}


const sk_Type sk_tprotocol = {"name", sizeof(int), protocol_push, NULL};


/* Detaching something takes no value, but the kernel wants an int. */
static int command_take (lua_State *L, const sk_Option *o, sk_Value *v) {
  if (!sk_checkbool(L, SK_VALUE, o->name))
    sk_badarg(L, SK_VALUE, o->name, "true expected");
  return takeint(v, 0);
}


const sk_Type sk_tcommand = {"true", sizeof(int), NULL, command_take};
