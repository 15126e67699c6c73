/*
** option.c: getting and setting socket options by name; the names themselves
** are in optionlist.c.
*/

/***
@submodule sockeye.core
*/

#include <ctype.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "argument.h"
#include "error.h"
#include "optionnumber.h"
#include "optionraw.h"
#include "optionvalue.h"
#include "socket.h"

/* Room for most options; longer ones (65,536 groups) say how much they need.
** Bounded, lest a wrong answer takes all memory. */
#define ROOM 2048
#define ROOMMAX (1 << 20)

/* Names of options are shorter, and so is whatever resembles one. */
#define NAMEMAX 40

/* The key of the table of names in the registry. */
static const char namekey = 0;


static size_t least (size_t a, size_t b) {
  return a < b ? a : b;
}


/* How many letters to change, add or take away to make `b` of `a`. */
static size_t distance (const char *a, size_t alen, const char *b) {
  size_t row[NAMEMAX + 1];
  size_t blen = strlen(b);
  for (size_t j = 0; j <= blen; j++) row[j] = j;
  for (size_t i = 1; i <= alen; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= blen; j++) {
      size_t changed =
          diagonal + (tolower((unsigned char)a[i - 1]) != b[j - 1]);
      diagonal = row[j];
      row[j] = least(changed, least(row[j], row[j - 1]) + 1);
    }
  }
  return row[blen];
}


/* "reuseaddr" for "so_reuseaddr" */
static int lacksprefix (const char *name, const char *option) {
  const char *rest = strchr(option, '_');
  return rest != NULL && strcmp(name, rest + 1) == 0;
}


/* The name that was probably meant, or NULL. */
static const char *nearest (const char *name, size_t len) {
  const sk_Option *o;
  const char *best = NULL;
  size_t bestdistance = 4;
  if (len > NAMEMAX) return NULL;
  for (o = sk_options; o->name != NULL; o++) {
    if (lacksprefix(name, o->name)) return o->name;
    size_t d = distance(name, len, o->name);
    if (d >= bestdistance) continue;
    bestdistance = d;
    best = o->name;
  }
  return best;
}


static void unknown (lua_State *L, const char *name) {
  const char *hint = nearest(name, strlen(name));
  if (hint == NULL)
    sk_badarg(L, 2, "name", "unknown option '%s'", name);
  sk_badarg(L, 2, "name", "unknown option '%s' (did you mean '%s'?)", name,
            hint);
}


/* The option named at index 2, for `access`; raises for any other. */
static const sk_Option *checkoption (lua_State *L, int access) {
  const sk_Option *o;
  const char *name = sk_checktext(L, 2, "name");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &namekey);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNUMBER) unknown(L, name);
  o = &sk_options[lua_tointeger(L, -1)];
  lua_pop(L, 2);
  if ((o->access & access) == 0)
    sk_badarg(L, 2, "name", "option '%s' can only be %s", o->name,
              access == SK_SET ? "read" : "set");
  return o;
}


/* Gets the option into `data` or, if that is too small, into a userdata that
** it pushes.  Returns what holds the value, or NULL with errno set. */
static void *fetch (lua_State *L, int fd, const sk_Option *o, void *data,
                    socklen_t room, socklen_t *len) {
  for (;;) {
    *len = room;
    int r = sys_getsockopt(fd, o->level, o->number, data, len);
    if (r == 0 && *len <= room) return data;
    if (r < 0 && errno != ERANGE) return NULL;
    if (*len <= room || *len > ROOMMAX) break;
    room = *len;
    data = lua_newuserdatauv(L, room, 0);
    memset(data, 0, room);
  }
  errno = ERANGE;
  return NULL;
}


/* Promise 6: the socket that owns the descriptor exists before it does. */
static int getdescriptor (lua_State *L, sk_Socket *s, const sk_Option *o,
                          const char *call) {
  int fd = -1;
  socklen_t len = sizeof fd;
  sk_Socket *owner = sk_newsocket(L, -1, 0, 0);
  if (sys_getsockopt(s->watch.fd, o->level, o->number, &fd, &len) < 0)
    return sk_sockfail(L, call, errno);
  sk_adopt(owner, fd, 0);
  return 1;
}


/***
Gets a socket option by its lower-case constant name (`"so_rcvbuf"`,
`"tcp_nodelay"`, `"ip_ttl"`, `"ipv6_v6only"`, `"udp_segment"`, ...).
`core.options` lists all names with their types.

The types are

- *boolean*;
- *integer*: bytes and counts; `so_max_pacing_rate` is `math.maxinteger` for
  no limit; the range is that of the kernel's type, or narrower;
- *seconds*: a number, whatever unit the kernel counts in (`tcp_user_timeout`
  and `tcp_rto_max_ms`, `so_busy_poll`, `tcp_tx_delay`, ...); set, a time is
  rounded up to that unit. `so_rcvtimeo` and `so_sndtimeo` are there for
  completeness: what counts in sockeye is `socket:settimeout`;
- *seconds or false*: `so_linger` is false when off, and 0 makes close reset
  the connection; `tcp_linger2` is false for no FIN-WAIT-2 at all;
- *name*: as `so_type`, `so_domain`, `so_protocol`, `ip_mtu_discover`
  (`"want"`, `"do"`, ...); the number itself where it has no name;
- *flags*: a table `{name = true, ...}`, as `so_timestamping`
  (`{rx_software = true, software = true}`); bits without a name have their
  number as key;
- *text*: as `tcp_congestion`, `so_bindtodevice` (`""` for none);
- *bytes*: a string with the kernel's structure, as `ip_options`;
- *interface*: `ip_multicast_if` is an address as text (`"0.0.0.0"` also for an
  interface set by name or index), the others are indexes, 0 for none;
- *credentials* (`so_peercred`): a table with `pid`, `uid`, `gid`;
- *list*: `so_peergroups` of group ids, `netlink_list_memberships` of groups;
- *table*: `tcp_info`, `so_meminfo`, `packet_statistics`, `so_txtime`
  (`clock`, `deadline_mode`, `report_errors`), `ip_local_port_range` (`low`,
  `high`). `tcp_info` has the fields of the kernel's structure without
  `tcpi_`, those that this kernel knows: `state` (`"established"`) and
  `ca_state` by name, `options` as flags, times (`rtt`, `rto`,
  `last_data_recv`, ...) in seconds, the others as integers;
- *socket*: `so_peerpidfd` is a pidfd, owned, to be closed like any socket;
- *error name or nil*: `so_error` takes the pending error away with it.

@function socket:getoption
@tparam string name
@return[1] the value; nil alone where `so_error` has nothing to report
@return[2] nil, message, code; `"ENOPROTOOPT"` for an option that this system
  or this kind of socket does not have
@raise on an unknown name, with the nearest known one, and for an option that
  can only be set
@see socket(7)
@see tcp(7)
@see ip(7)
@see ipv6(7)
*/
static int option_get (lua_State *L) {
  _Alignas(8) unsigned char local[ROOM] = {0};
  sk_Socket *s = sk_tosocket(L);
  const sk_Option *o = checkoption(L, SK_GET);
  const char *call = lua_pushfstring(L, "getoption %s", o->name);
  socklen_t room = o->type->size != 0 ? o->type->size : (socklen_t)o->hi;
  socklen_t len;
  if (!sk_isopen(s)) return sk_sockclosed(L, call);
  if (o->number == SK_ABSENT) return sk_sockfail(L, call, ENOPROTOOPT);
  if (o->type == &sk_tdescriptor) return getdescriptor(L, s, o, call);
  const void *data = fetch(L, s->watch.fd, o, local, room, &len);
  if (data == NULL) return sk_sockfail(L, call, errno);
  o->type->push(L, o, data, len);
  return 1;
}


/* The kernel was not asked, for there is no such interface: names it. */
static int nointerface (lua_State *L, const char *call, int err) {
  if (lua_istable(L, SK_VALUE))
    lua_getfield(L, SK_VALUE, "interface");
  else
    lua_pushvalue(L, SK_VALUE);
  return sk_error(L, call, lua_gettop(L), err);
}


/***
Sets a socket option by name; the types are those of `socket:getoption`.
Settable only are

- *membership*: a multicast group as text or address, or a table
  `{group =, interface =}`, for `ip_add_membership`, `ip_drop_membership`
  (interface by name, index or IPv4 address), `ipv6_join_group`,
  `ipv6_leave_group` (also `ipv6_add_membership`, `ipv6_drop_membership`),
  `mcast_join_group`, `mcast_leave_group` (interface by name or index; the
  family is the group's). Without an interface, the system chooses. For
  `packet_add_membership`, a table `{type =, interface =, address =}` with
  type `"promisc"`, `"multicast"`, `"allmulti"` or `"unicast"`;
- *source membership*: a table `{group =, source =, interface =}`, for
  `ip_add_source_membership`, `ip_block_source`, `mcast_join_source_group` and
  their likes;
- *filter*: `so_attach_filter` and `so_attach_reuseport_cbpf` take a list of
  instructions `{code, jt, jf, k}` (what `tcpdump -dd` prints) or their bytes;
- *true*: `so_detach_filter`, `so_detach_reuseport_bpf`;
- `tcp_md5sig`: a table `{address =, key =, prefix =, interface =}`.

Interfaces (`so_bindtoifindex`, `ipv6_multicast_if`, ...) are given by name or
index, names and flags also by number, flags also as one integer.

@function socket:setoption
@tparam string name
@param value
@treturn[1] socket the socket
@return[2] nil, message, code; `"ENOPROTOOPT"` for an option that this system
  or this kind of socket does not have, `"ENODEV"` for an interface that does
  not exist
@raise on an unknown name, a value of the wrong type or range, an unknown key,
  and for an option that can only be read
@usage
s:setoption("so_reuseaddr", true):setoption("so_linger", 0)
s:setoption("ip_add_membership", {group = "239.1.2.3", interface = "lo"})
*/
static int option_set (lua_State *L) {
  sk_Value v;
  sk_Socket *s = sk_tosocket(L);
  const sk_Option *o = checkoption(L, SK_SET);
  if (lua_isnone(L, SK_VALUE))
    sk_badarg(L, SK_VALUE, o->name, "value expected");
  lua_settop(L, SK_VALUE);
  memset(&v, 0, sizeof v);
  v.level = o->level;
  v.number = o->number;
  int err = o->type->take(L, o, &v);
  const char *call = lua_pushfstring(L, "setoption %s", o->name);
  if (!sk_isopen(s)) return sk_sockclosed(L, call);
  if (o->number == SK_ABSENT) return sk_sockfail(L, call, ENOPROTOOPT);
  if (err != 0) return nointerface(L, call, err);
  if (sys_setsockopt(s->watch.fd, v.level, v.number, v.data, v.len) < 0)
    return sk_sockfail(L, call, errno);
  lua_settop(L, 1);
  return 1;
}


/***
Lists the options by name, with their types as `socket:getoption` and
`socket:setoption` describe them, followed by `", read-only"` or
`", write-only"` where only one of the two works.

@function options
@treturn table names -> types, `{so_rcvbuf = "integer", ...}`
*/
static int option_options (lua_State *L) {
  const sk_Option *o;
  lua_newtable(L);
  for (o = sk_options; o->name != NULL; o++) {
    lua_pushfstring(L, "%s%s", o->type->name,
                    o->access == SK_GET   ? ", read-only"
                    : o->access == SK_SET ? ", write-only"
                                          : "");
    lua_setfield(L, -2, o->name);
  }
  return 1;
}


static void makenames (lua_State *L) {
  lua_newtable(L);
  for (lua_Integer i = 0; sk_options[i].name != NULL; i++) {
    lua_pushinteger(L, i);
    lua_setfield(L, -2, sk_options[i].name);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &namekey);
}


static const luaL_Reg functions[] = {
  {"options", option_options},
  {NULL, NULL}
};

static const luaL_Reg methods[] = {
  {"getoption", option_get},
  {"setoption", option_set},
  {NULL, NULL}
};


void sk_openoption (lua_State *L) {
  makenames(L);
  sk_addmethods(L, methods);
  sk_addmethods(L, sk_rawoptions);
  luaL_setfuncs(L, functions, 0);
}
