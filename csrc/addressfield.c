/*
** addressfield.c: address -> fields and text; table -> address.
*/

#include <arpa/inet.h>
#include <lauxlib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "addresstext.h"
#include "argument.h"
#include "constant.h"

#define HOSTSIZE 64 /* more than 39, or "::ffff:" and dotted */


static void formatdotted (char *out, size_t size, const unsigned char *b) {
  snprintf(out, size, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
}


static unsigned groupat (const unsigned char *b, int i) {
  return (unsigned)b[2 * i] << 8 | b[2 * i + 1];
}


/* RFC 5952, 4.2: the first of the longest runs of at least two zeros. */
static int longestrun (const unsigned char *b, int *length) {
  int best = -1, run = 0;
  *length = 1;
  for (int i = 0; i < 8; i++) {
    run = groupat(b, i) == 0 ? run + 1 : 0;
    if (run > *length) {
      *length = run;
      best = i + 1 - run;
    }
  }
  return best;
}


static void formatipv6 (char *out, size_t size, const struct in6_addr *a) {
  const unsigned char *b = a->s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(a)) {
    snprintf(out, size, "::ffff:%d.%d.%d.%d", b[12], b[13], b[14], b[15]);
    return;
  }
  int length;
  int gap = longestrun(b, &length);
  size_t n = 0;
  out[0] = '\0';
  for (int i = 0; i < 8; i++) {
    if (i == gap) {
      n += (size_t)snprintf(out + n, size - n, "::");
      i += length - 1;
    }
    else
      n += (size_t)snprintf(out + n, size - n, "%s%x",
                            i > 0 && i != gap + length ? ":" : "",
                            groupat(b, i));
  }
}


void sk_pushhost (lua_State *L, const sk_Room *r) {
  char host[HOSTSIZE];
  if (sk_family(r) == AF_INET)
    formatdotted(host, sizeof(host), r->bytes +
                 offsetof(struct sockaddr_in, sin_addr));
  else
    formatipv6(host, sizeof(host), &r->in6.sin6_addr);
  lua_pushstring(L, host);
}


/* A name of digits only would read as a number. */
void sk_pushinterface (lua_State *L, unsigned index) {
  char name[IF_NAMESIZE];
  if (index != 0 && sys_if_indextoname(index, name) != NULL &&
      name[strspn(name, "0123456789")] != '\0')
    lua_pushstring(L, name);
  else
    lua_pushinteger(L, index);
}


static size_t pathlength (const sk_Room *r) {
  return (size_t)r->len - SK_PATH;
}


int sk_isabstract (const sk_Room *r) {
  return pathlength(r) > 0 && r->un.sun_path[0] == '\0';
}


void sk_pushpath (lua_State *L, const sk_Room *r) {
  if (!sk_isabstract(r)) {
    lua_pushlstring(L, r->un.sun_path, pathlength(r));
    return;
  }
  lua_pushliteral(L, "@");
  lua_pushlstring(L, r->un.sun_path + 1, pathlength(r) - 1);
  lua_concat(L, 2);
}


/* Text. */

static void pushhex (lua_State *L, const unsigned char *bytes, size_t n,
                     const char *separator) {
  luaL_Buffer b;
  char pair[4];
  luaL_buffinit(L, &b);
  for (size_t i = 0; i < n; i++) {
    snprintf(pair, sizeof(pair), "%02x", bytes[i]);
    if (i > 0) luaL_addstring(&b, separator);
    luaL_addstring(&b, pair);
  }
  luaL_pushresult(&b);
}


static void pushgeneric (lua_State *L, const sk_Room *r) {
  sk_pushconstant(L, sk_families, sk_family(r));
  lua_pushliteral(L, "#");
  pushhex(L, r->bytes + SK_BODY, (size_t)r->len - SK_BODY, "");
  lua_concat(L, 3);
}


static void pushinet6 (lua_State *L, const sk_Room *r) {
  int top = lua_gettop(L);
  lua_pushliteral(L, "[");
  sk_pushhost(L, r);
  if (r->in6.sin6_scope_id != 0) {
    lua_pushliteral(L, "%");
    sk_pushinterface(L, r->in6.sin6_scope_id);
  }
  lua_pushfstring(L, "]:%d", ntohs(r->in6.sin6_port));
  if (r->in6.sin6_flowinfo != 0)
    lua_pushfstring(L, "?flow=%I",
                    (LUAI_UACINT)ntohl(r->in6.sin6_flowinfo));
  lua_concat(L, lua_gettop(L) - top);
}


/* A file's name that begins with "@" has no form of its own. */
static void pushunix (lua_State *L, const sk_Room *r) {
  const char *path = r->un.sun_path;
  size_t len = pathlength(r);
  int plain = len > 0 && (path[0] == '/' || path[0] == '\0' ||
                          (len > 1 && memcmp(path, "./", 2) == 0) ||
                          (len > 2 && memcmp(path, "../", 3) == 0));
  if (len > 0 && path[0] == '@') {
    pushgeneric(L, r);
    return;
  }
  lua_pushstring(L, plain ? "" : "unix:");
  sk_pushpath(L, r);
  lua_concat(L, 2);
}


#if SK_LINUX

static void pushpacket (lua_State *L, const sk_Room *r) {
  int top = lua_gettop(L);
  luaL_checkstack(L, 10, NULL);
  lua_pushliteral(L, "packet:");
  sk_pushinterface(L, (unsigned)r->ll.sll_ifindex);
  if (strchr(lua_tostring(L, -1), ',') != NULL) {
    lua_pop(L, 1);
    lua_pushinteger(L, r->ll.sll_ifindex);
  }
  if (r->ll.sll_protocol != 0) {
    lua_pushliteral(L, ",protocol=0x");
    pushhex(L, r->bytes + offsetof(struct sockaddr_ll, sll_protocol), 2, "");
  }
  if (r->ll.sll_hatype != 0)
    lua_pushfstring(L, ",hatype=%d", r->ll.sll_hatype);
  if (r->ll.sll_pkttype != 0)
    lua_pushfstring(L, ",pkttype=%d", r->ll.sll_pkttype);
  if (r->ll.sll_halen != 0) {
    lua_pushliteral(L, ",hardware=");
    pushhex(L, r->bytes + SK_HARDWARE, r->ll.sll_halen, ":");
  }
  lua_concat(L, lua_gettop(L) - top);
}

#endif


void sk_pushtext (lua_State *L, const sk_Room *r) {
  if (!sk_wellformed(r)) {
    pushgeneric(L, r);
    return;
  }
  switch (sk_family(r)) {
    case AF_INET:
      sk_pushhost(L, r);
      lua_pushfstring(L, ":%d", ntohs(r->in.sin_port));
      lua_concat(L, 2);
      return;
    case AF_INET6: pushinet6(L, r); return;
    case AF_UNIX: pushunix(L, r); return;
#if SK_LINUX
    case AF_PACKET: pushpacket(L, r); return;
    case AF_NETLINK:
      lua_pushfstring(L, "netlink:%I:%I", (LUAI_UACINT)r->nl.nl_pid,
                      (LUAI_UACINT)r->nl.nl_groups);
      return;
    case AF_VSOCK:
      lua_pushfstring(L, "vsock:%I:%I", (LUAI_UACINT)r->vm.svm_cid,
                      (LUAI_UACINT)r->vm.svm_port);
      return;
#endif
    default: pushgeneric(L, r);
  }
}


/* Fields.  Each pushes one value. */

static void f_family (lua_State *L, const sk_Room *r) {
  sk_pushconstant(L, sk_families, sk_family(r));
}


static void f_raw (lua_State *L, const sk_Room *r) {
  lua_pushlstring(L, (const char *)r->bytes, r->len);
}


static void f_port (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, ntohs(r->in.sin_port)); /* in6's is at its place */
}


static void f_scope (lua_State *L, const sk_Room *r) {
  if (r->in6.sin6_scope_id == 0)
    lua_pushnil(L);
  else
    sk_pushinterface(L, r->in6.sin6_scope_id);
}


static void f_scopeid (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->in6.sin6_scope_id);
}


static void f_flow (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, ntohl(r->in6.sin6_flowinfo));
}


static void f_path (lua_State *L, const sk_Room *r) {
  if (pathlength(r) == 0)
    lua_pushnil(L);
  else
    sk_pushpath(L, r);
}


static void f_abstract (lua_State *L, const sk_Room *r) {
  lua_pushboolean(L, sk_isabstract(r));
}


#if SK_LINUX

static void f_interface (lua_State *L, const sk_Room *r) {
  sk_pushinterface(L, (unsigned)r->ll.sll_ifindex);
}


static void f_index (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->ll.sll_ifindex);
}


static void f_protocol (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, ntohs(r->ll.sll_protocol));
}


static void f_hardware (lua_State *L, const sk_Room *r) {
  lua_pushlstring(L, (const char *)r->bytes + SK_HARDWARE, r->ll.sll_halen);
}


static void f_hatype (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->ll.sll_hatype);
}


static void f_pkttype (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->ll.sll_pkttype);
}


static void f_pid (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->nl.nl_pid);
}


static void f_groups (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->nl.nl_groups);
}


static void f_cid (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->vm.svm_cid);
}


static void f_vsockport (lua_State *L, const sk_Room *r) {
  lua_pushinteger(L, r->vm.svm_port);
}

#endif


static const struct {
  const char *name;
  int family;
  void (*push) (lua_State *L, const sk_Room *r);
} fields[] = {
  { "host", AF_INET, sk_pushhost },
  { "port", AF_INET, f_port },
  { "host", AF_INET6, sk_pushhost },
  { "port", AF_INET6, f_port },
  { "scope", AF_INET6, f_scope },
  { "scopeid", AF_INET6, f_scopeid },
  { "flow", AF_INET6, f_flow },
  { "path", AF_UNIX, f_path },
  { "abstract", AF_UNIX, f_abstract },
#if SK_LINUX
  { "interface", AF_PACKET, f_interface },
  { "index", AF_PACKET, f_index },
  { "protocol", AF_PACKET, f_protocol },
  { "hardware", AF_PACKET, f_hardware },
  { "hatype", AF_PACKET, f_hatype },
  { "pkttype", AF_PACKET, f_pkttype },
  { "pid", AF_NETLINK, f_pid },
  { "groups", AF_NETLINK, f_groups },
  { "cid", AF_VSOCK, f_cid },
  { "port", AF_VSOCK, f_vsockport },
#endif
};


void sk_pushfield (lua_State *L, const sk_Room *r, const char *name) {
  if (strcmp(name, "family") == 0) {
    f_family(L, r);
    return;
  }
  if (strcmp(name, "raw") == 0) {
    f_raw(L, r);
    return;
  }
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
    if (fields[i].family == sk_family(r) && sk_wellformed(r) &&
        strcmp(fields[i].name, name) == 0) {
      fields[i].push(L, r);
      return;
    }
  lua_pushnil(L);
}
