/*
** addresstable.c: table -> address.
**
** The table is at the top of the stack; `arg`, where it came from, takes one
** field after the other, so that the checks of argument.h can test them and
** name both the argument and the field.
*/

#include <arpa/inet.h>
#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

#include "addresstext.h"
#include "argument.h"
#include "constant.h"


static int get (lua_State *L, int arg, const char *key) {
  lua_getfield(L, -1, key);
  lua_replace(L, arg);
  return !lua_isnil(L, arg);
}


static uint32_t number (lua_State *L, int arg, const char *key,
                        lua_Integer max) {
  (void)get(L, arg, key);
  return (uint32_t)sk_optint(L, arg, 0, 0, max, key);
}


static const char *bytes (lua_State *L, int arg, const char *key,
                          size_t *len) {
  (void)get(L, arg, key);
  return sk_checkbytes(L, arg, len, key);
}


/* A name or a number; 0 when there is none. */
static const char *interface (lua_State *L, int arg, const char *key,
                              lua_Integer max, unsigned *index,
                              const char **code) {
  *index = 0;
  if (!get(L, arg, key)) return NULL;
  if (lua_type(L, arg) == LUA_TSTRING) {
    size_t len;
    const char *name = lua_tolstring(L, arg, &len);
    return sk_parseinterface(name, len, index, code);
  }
  if (lua_type(L, arg) != LUA_TNUMBER)
    sk_badarg(L, arg, key, "name or integer expected, got %s",
              luaL_typename(L, arg));
  *index = (unsigned)sk_checkint(L, arg, 0, max, key);
  return NULL;
}


static const char *inet (lua_State *L, int arg, sk_Room *r,
                         const char **code) {
  size_t len;
  int family = sk_family(r);
  const char *host = bytes(L, arg, "host", &len);
  const char *reason = sk_parsehost(r, host, len, code);
  if (reason != NULL) return reason;
  if (sk_family(r) != family) {
    *code = "EINVAL";
    return "the host is not of that family";
  }
  r->in.sin_port = htons((uint16_t)number(L, arg, "port", 65535));
  if (sk_family(r) == AF_INET) return NULL;
  r->in6.sin6_flowinfo = htonl(number(L, arg, "flow", UINT32_MAX));
  if (!get(L, arg, "scope")) return NULL; /* the host may have its own */
  return interface(L, arg, "scope", UINT32_MAX, &r->in6.sin6_scope_id, code);
}


static const char *local (lua_State *L, int arg, sk_Room *r,
                          const char **code) {
  size_t len = 0;
  int given = get(L, arg, "abstract");
  int wanted = given && sk_checkbool(L, arg, "abstract");
  const char *path = get(L, arg, "path") ? bytes(L, arg, "path", &len) : "";
  int abstract = sk_namesabstract(path, len);
  if (wanted && !abstract)
    sk_badarg(L, arg, "path", "an abstract name begins with '@'");
  return sk_setunix(r, path, len, given ? wanted : abstract, code);
}


#if SK_LINUX

static const char *packet (lua_State *L, int arg, sk_Room *r,
                           const char **code) {
  unsigned index;
  size_t len;
  const char *reason = interface(L, arg, "interface", INT32_MAX, &index,
                                 code);
  if (reason != NULL) return reason;
  r->ll.sll_ifindex = (int)index;
  r->ll.sll_protocol = htons((uint16_t)number(L, arg, "protocol", 65535));
  r->ll.sll_hatype = (uint16_t)number(L, arg, "hatype", 65535);
  r->ll.sll_pkttype = (uint8_t)number(L, arg, "pkttype", 255);
  if (!get(L, arg, "hardware")) return NULL;
  const char *hardware = bytes(L, arg, "hardware", &len);
  if (len > SK_HARDWAREMAX) {
    *code = "ENAMETOOLONG";
    return "the hardware address is too long";
  }
  memcpy(r->bytes + SK_HARDWARE, hardware, len);
  r->ll.sll_halen = (uint8_t)len;
  return NULL;
}


static const char *netlink (lua_State *L, int arg, sk_Room *r,
                            const char **code) {
  (void)code;
  r->nl.nl_pid = number(L, arg, "pid", UINT32_MAX);
  r->nl.nl_groups = number(L, arg, "groups", UINT32_MAX);
  return NULL;
}


static const char *vsock (lua_State *L, int arg, sk_Room *r,
                          const char **code) {
  (void)code;
  r->vm.svm_cid = number(L, arg, "cid", UINT32_MAX);
  r->vm.svm_port = number(L, arg, "port", UINT32_MAX);
  return NULL;
}

#endif


static const char *raw (lua_State *L, int arg, sk_Room *r,
                        const char **code) {
  size_t len = 0;
  const char *body = "";
  if (get(L, arg, "raw") || sk_family(r) != AF_UNSPEC)
    body = bytes(L, arg, "raw", &len);
  return sk_setraw(r, body, len, code);
}


static const struct form {
  int family;
  const char *keys[8];
  const char *(*parse) (lua_State *L, int arg, sk_Room *r, const char **code);
} forms[] = {
  { AF_INET, { "family", "host", "port", NULL }, inet },
  { AF_INET6, { "family", "host", "port", "scope", "flow", NULL }, inet },
  { AF_UNIX, { "family", "path", "abstract", NULL }, local },
#if SK_LINUX
  { AF_PACKET, { "family", "interface", "protocol", "hatype", "pkttype",
                 "hardware", NULL }, packet },
  { AF_NETLINK, { "family", "pid", "groups", NULL }, netlink },
  { AF_VSOCK, { "family", "cid", "port", NULL }, vsock },
#endif
  { -1, { "family", "raw", NULL }, raw }, /* any family */
};


/* The form for the table at the top; with `raw`, the family does not matter. */
static const struct form *formof (lua_State *L, int arg, int family) {
  const struct form *f = forms;
  int israw = get(L, arg, "raw");
  while (f->family != -1 && (israw || f->family != family))
    f++;
  return f;
}


const char *sk_parsetable (lua_State *L, int arg, sk_Room *r,
                           const char **code) {
  lua_pushvalue(L, arg);
  (void)get(L, arg, "family");
  int family = sk_checkconstant(L, arg, sk_families, "family");
  if (family < 0 || family > UINT16_MAX)
    sk_badarg(L, arg, "family", "%d is out of range (0 to 65535)", family);
  const struct form *f = formof(L, arg, family);
  lua_pushvalue(L, -1);
  lua_replace(L, arg);
  sk_checkkeys(L, arg, f->keys);
  sk_roominit(r, family);
  const char *reason = f->parse(L, arg, r, code);
  lua_replace(L, arg);
  return reason;
}
