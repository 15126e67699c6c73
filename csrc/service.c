/*
** service.c: services and protocols by name and number, services(5) and
** protocols(5).
*/

/***
@submodule sockeye.core
*/

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "argument.h"
#include "error.h"
#include "resolve.h"
#include "sys.h"

/* Entries are lines of a file: room for the first try, and for the last. */
#define FIRSTROOM 1024
#define MOSTROOM (1024 * 1024)

/* What is looked for: a name, or a number when name is NULL. */
typedef struct Query {
  const char *name;
  int number;
  const char *protocol; /* of a service, NULL for any */
} Query;

/*
** One lookup, with room for the entry's strings: 0 or an errno; 0 and no
** result when there is no such entry.
*/
#if defined(__GLIBC__)

static int lookupservice (const Query *q, struct servent *entry, char *room,
                          size_t size, struct servent **result) {
  if (q->name != NULL)
    return sys_getservbyname_r(q->name, q->protocol, entry, room, size,
                               result);
  return sys_getservbyport_r(htons((uint16_t)q->number), q->protocol, entry,
                             room, size, result);
}


static int lookupprotocol (const Query *q, struct protoent *entry, char *room,
                           size_t size, struct protoent **result) {
  if (q->name != NULL)
    return sys_getprotobyname_r(q->name, entry, room, size, result);
  return sys_getprotobynumber_r(q->number, entry, room, size, result);
}

#else /* one result for all: used up before the next call */

static int lookupservice (const Query *q, struct servent *entry, char *room,
                          size_t size, struct servent **result) {
  (void)entry; (void)room; (void)size;
  *result = q->name != NULL
            ? sys_getservbyname(q->name, q->protocol)
            : sys_getservbyport(htons((uint16_t)q->number), q->protocol);
  return 0;
}


static int lookupprotocol (const Query *q, struct protoent *entry, char *room,
                           size_t size, struct protoent **result) {
  (void)entry; (void)room; (void)size;
  *result = q->name != NULL ? sys_getprotobyname(q->name)
                            : sys_getprotobynumber(q->number);
  return 0;
}

#endif


/* Pushes room for an entry, twice as much as before; NULL at the limit. */
static char *moreroom (lua_State *L, size_t *size) {
  if (*size >= MOSTROOM) return NULL;
  *size = *size == 0 ? FIRSTROOM : *size * 2;
  return lua_newuserdatauv(L, *size, 0);
}


/* The entry or NULL and *err; what is looked for is argument 1, and the
** entry's strings live in a userdata on the top. */
static struct servent *findservice (lua_State *L, const Query *q,
                                    struct servent *entry, int *err) {
  struct servent *result = NULL;
  size_t size = 0;
  char *room;
  *err = ERANGE;
  while (*err == ERANGE && (room = moreroom(L, &size)) != NULL)
    *err = lookupservice(q, entry, room, size, &result);
  return *err == 0 ? result : NULL;
}


static struct protoent *findprotocol (lua_State *L, const Query *q,
                                      struct protoent *entry, int *err) {
  struct protoent *result = NULL;
  size_t size = 0;
  char *room;
  *err = ERANGE;
  while (*err == ERANGE && (room = moreroom(L, &size)) != NULL)
    *err = lookupprotocol(q, entry, room, size, &result);
  return *err == 0 ? result : NULL;
}


static int notfound (lua_State *L, const char *call, int err,
                     const char *reason) {
  if (err != 0 && err != ENOENT) return sk_error(L, call, 1, err);
  return sk_failure(L, call, 1, reason, "ENOENT");
}


static const char *opttext (lua_State *L, int arg, const char *what) {
  return lua_isnoneornil(L, arg) ? NULL : sk_checktext(L, arg, what);
}


/***
Finds a service by its name or an alias of it.
@function getservbyname
@tparam string name such as "http"
@tparam[opt] string protocol "tcp", "udp", ...: any when not given
@treturn[1] integer the port
@treturn[1] string the protocol that the entry is for
@return[2] nil, message, code: "ENOENT" when there is none
@see getservbyname(3)
*/
static int f_getservbyname (lua_State *L) {
  struct servent entry;
  int err;
  Query q = {sk_checktext(L, 1, "name"), 0, opttext(L, 2, "protocol")};
  const struct servent *found = findservice(L, &q, &entry, &err);
  if (found == NULL) return notfound(L, "getservbyname", err,
                                     "unknown service");
  lua_pushinteger(L, ntohs((uint16_t)found->s_port));
  lua_pushstring(L, found->s_proto);
  return 2;
}


/***
Finds the name of a service.
@function getservbyport
@tparam integer port 0 to 65535
@tparam[opt] string protocol "tcp", "udp", ...: any when not given
@treturn[1] string the name
@treturn[1] string the protocol that the entry is for
@return[2] nil, message, code: "ENOENT" when there is none
@see getservbyport(3)
*/
static int f_getservbyport (lua_State *L) {
  struct servent entry;
  int err;
  Query q = {NULL, (int)sk_checkint(L, 1, 0, 65535, "port"),
             opttext(L, 2, "protocol")};
  const struct servent *found = findservice(L, &q, &entry, &err);
  if (found == NULL) return notfound(L, "getservbyport", err,
                                     "unknown service");
  lua_pushstring(L, found->s_name);
  lua_pushstring(L, found->s_proto);
  return 2;
}


/***
Finds the number of a protocol by its name or an alias of it.
@function getprotobyname
@tparam string name such as "tcp"
@treturn[1] integer its number, as `socket` takes it
@return[2] nil, message, code: "ENOENT" when there is none
@see getprotobyname(3)
*/
static int f_getprotobyname (lua_State *L) {
  struct protoent entry;
  int err;
  Query q = {sk_checktext(L, 1, "name"), 0, NULL};
  const struct protoent *found = findprotocol(L, &q, &entry, &err);
  if (found == NULL) return notfound(L, "getprotobyname", err,
                                     "unknown protocol");
  lua_pushinteger(L, found->p_proto);
  return 1;
}


/***
Finds the name of a protocol.
@function getprotobynumber
@tparam integer number
@treturn[1] string its name
@return[2] nil, message, code: "ENOENT" when there is none
@see getprotobynumber(3)
*/
static int f_getprotobynumber (lua_State *L) {
  struct protoent entry;
  int err;
  Query q = {NULL, (int)sk_checkint(L, 1, 0, INT_MAX, "number"), NULL};
  const struct protoent *found = findprotocol(L, &q, &entry, &err);
  if (found == NULL) return notfound(L, "getprotobynumber", err,
                                     "unknown protocol");
  lua_pushstring(L, found->p_name);
  return 1;
}


static const luaL_Reg functions[] = {
  {"getservbyname", f_getservbyname},
  {"getservbyport", f_getservbyport},
  {"getprotobyname", f_getprotobyname},
  {"getprotobynumber", f_getprotobynumber},
  {NULL, NULL}
};


void sk_openservice (lua_State *L) { luaL_setfuncs(L, functions, 0); }
