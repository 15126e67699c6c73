/*
** optiontcpinfo.c: struct tcp_info as a Lua table.
**
** The kernel appends fields and says how many bytes it filled; the headers
** of the C library know the oldest ones only.  So the fields are listed here,
** with the kernel's order and sizes, and those that it returned are decoded.
*/

#include <lua.h>
#include <stdint.h>
#include <string.h>

#include "constant.h"
#include "optionvalue.h"

#if SK_LINUX

typedef struct Field {
  const char *name;
  unsigned char size;
  int persecond;       /* units in a second, for times; 0 for the others */
} Field;

/* In order, each aligned to its size, from byte 8 on.  What follows the last
** one was laid out differently by two releases of Linux. */
static const Field fields[] = {
  {"rto", 4, 1000000},
  {"ato", 4, 1000000},
  {"snd_mss", 4, 0},
  {"rcv_mss", 4, 0},
  {"unacked", 4, 0},
  {"sacked", 4, 0},
  {"lost", 4, 0},
  {"retrans", 4, 0},
  {"fackets", 4, 0},
  {"last_data_sent", 4, 1000},
  {"last_ack_sent", 4, 1000},
  {"last_data_recv", 4, 1000},
  {"last_ack_recv", 4, 1000},
  {"pmtu", 4, 0},
  {"rcv_ssthresh", 4, 0},
  {"rtt", 4, 1000000},
  {"rttvar", 4, 1000000},
  {"snd_ssthresh", 4, 0},
  {"snd_cwnd", 4, 0},
  {"advmss", 4, 0},
  {"reordering", 4, 0},
  {"rcv_rtt", 4, 1000000},
  {"rcv_space", 4, 0},
  {"total_retrans", 4, 0},
  {"pacing_rate", 8, 0},
  {"max_pacing_rate", 8, 0},
  {"bytes_acked", 8, 0},
  {"bytes_received", 8, 0},
  {"segs_out", 4, 0},
  {"segs_in", 4, 0},
  {"notsent_bytes", 4, 0},
  {"min_rtt", 4, 1000000},
  {"data_segs_in", 4, 0},
  {"data_segs_out", 4, 0},
  {"delivery_rate", 8, 0},
  {"busy_time", 8, 1000000},
  {"rwnd_limited", 8, 1000000},
  {"sndbuf_limited", 8, 1000000},
  {"delivered", 4, 0},
  {"delivered_ce", 4, 0},
  {"bytes_sent", 8, 0},
  {"bytes_retrans", 8, 0},
  {"dsack_dups", 4, 0},
  {"reord_seen", 4, 0},
  {"rcv_ooopack", 4, 0},
  {"snd_wnd", 4, 0},
  {"rcv_wnd", 4, 0},
  {"rehash", 4, 0},
  {"total_rto", 2, 0},
  {"total_rto_recoveries", 2, 0},
  {"total_rto_time", 4, 1000},
  {"received_ce", 4, 0},
  {"delivered_e1_bytes", 4, 0},
  {"delivered_e0_bytes", 4, 0},
  {"delivered_ce_bytes", 4, 0},
  {"received_e1_bytes", 4, 0},
  {"received_e0_bytes", 4, 0},
  {"received_ce_bytes", 4, 0},
  {NULL, 0, 0}
};

static const sk_Constant states[] = {
  {"established", 1},
  {"syn_sent", 2},
  {"syn_recv", 3},
  {"fin_wait1", 4},
  {"fin_wait2", 5},
  {"time_wait", 6},
  {"close", 7},
  {"close_wait", 8},
  {"last_ack", 9},
  {"listen", 10},
  {"closing", 11},
  {"new_syn_recv", 12},
  {NULL, 0}
};

static const sk_Constant castates[] = {
  {"open", 0},
  {"disorder", 1},
  {"cwr", 2},
  {"recovery", 3},
  {"loss", 4},
  {NULL, 0}
};

static const sk_Constant tcpoptions[] = {
  {"timestamps", 1},
  {"sack", 2},
  {"wscale", 4},
  {"ecn", 8},
  {"ecn_seen", 16},
  {"syn_data", 32},
  {"usec_ts", 64},
  {"tfo_child", 128},
  {NULL, 0}
};


static void setint (lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}


/* A bit-field of a byte, counted as the compiler lays them out. */
static unsigned bits (unsigned char byte, unsigned first, unsigned width) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  unsigned shift = first;
#else
  unsigned shift = 8 - first - width;
#endif
  return (unsigned)byte >> shift & ((1u << width) - 1);
}


static void pushhead (lua_State *L, const unsigned char *p) {
  sk_pushconstant(L, states, p[0]);
  lua_setfield(L, -2, "state");
  sk_pushconstant(L, castates, p[1]);
  lua_setfield(L, -2, "ca_state");
  setint(L, "retransmits", p[2]);
  setint(L, "probes", p[3]);
  setint(L, "backoff", p[4]);
  sk_pushbits(L, tcpoptions, p[5]);
  lua_setfield(L, -2, "options");
  setint(L, "snd_wscale", bits(p[6], 0, 4));
  setint(L, "rcv_wscale", bits(p[6], 4, 4));
  lua_pushboolean(L, (int)bits(p[7], 0, 1));
  lua_setfield(L, -2, "delivery_rate_app_limited");
  setint(L, "fastopen_client_fail", bits(p[7], 1, 2));
}


static uint64_t number (const unsigned char *p, size_t size) {
  uint64_t n8;
  uint32_t n4;
  uint16_t n2;
  switch (size) {
    case 8: memcpy(&n8, p, 8); return n8;
    case 4: memcpy(&n4, p, 4); return n4;
    default: memcpy(&n2, p, 2); return n2;
  }
}


/* 64-bit rates are all ones where there is no limit: math.maxinteger.  A
** 32-bit time is all ones while nothing was measured: no field. */
static void setfield (lua_State *L, const Field *f, uint64_t n) {
  if (f->persecond == 0)
    lua_pushinteger(L, n > INT64_MAX ? LUA_MAXINTEGER : (lua_Integer)n);
  else if (f->size == 4 && n == UINT32_MAX)
    return;
  else
    lua_pushnumber(L, (lua_Number)n / f->persecond);
  lua_setfield(L, -2, f->name);
}


static void tcpinfo_push (lua_State *L, const sk_Option *o, const void *data,
                          socklen_t len) {
  const unsigned char *p = data;
  size_t at = 8;
  (void)o;
  lua_newtable(L);
  if (len < at) return;
  pushhead(L, p);
  for (const Field *f = fields; f->name != NULL; f++) {
    at = (at + f->size - 1) / f->size * f->size;
    if (at + f->size > len) return;
    setfield(L, f, number(p + at, f->size));
    at += f->size;
  }
}


const sk_Type sk_ttcpinfo = {"table", 1024, tcpinfo_push, NULL};

#endif
