/*
** resolve.c: getaddrinfo and getnameinfo.
**
** The library calls block for as long as the name service likes, so they run
** on worker threads and only the calling task waits.  What needs no name
** service (literals, numbers) is done at once.
*/

/***
@submodule sockeye.core
*/

#include <arpa/inet.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "argument.h"
#include "constant.h"
#include "error.h"
#include "resolve.h"
#include "socket.h"
#include "sys.h"
#include "worker.h"

/* services(5) has no limit; a longer name is in no such file. */
#define MAXSERVICE 255

/* What a host or service text is. */
enum { NONE, NUMERIC, NAME, WRONG };

static const sk_Constant aiflags[] = {
  {"passive", AI_PASSIVE},
  {"canonname", AI_CANONNAME},
  {"numerichost", AI_NUMERICHOST},
  {"numericserv", AI_NUMERICSERV},
  {"addrconfig", AI_ADDRCONFIG},
  {"v4mapped", AI_V4MAPPED},
  {"all", AI_ALL},
  {NULL, 0}
};

static const sk_Constant niflags[] = {
  {"numerichost", NI_NUMERICHOST},
  {"numericserv", NI_NUMERICSERV},
  {"namereqd", NI_NAMEREQD},
  {"dgram", NI_DGRAM},
  {"nofqdn", NI_NOFQDN},
  {NULL, 0}
};

/* A getaddrinfo in progress. */
typedef struct Lookup {
  sk_Work work;
  struct addrinfo hints;
  struct addrinfo *list;
  int result, err;
  const char *host, *service; /* in text, or NULL */
  char text[];
} Lookup;

/* A getnameinfo in progress. */
typedef struct Reverse {
  sk_Work work;
  struct sockaddr_storage sa;
  socklen_t len;
  int flags;
  int result, err;
  char host[NI_MAXHOST], service[NI_MAXSERV];
} Reverse;


/*
** {==================================================================
** Arguments
** ===================================================================
*/

/* Flags at `arg`: nil, a name, a number, or a list of such.  Elements take the
** list's place in turn, so that messages are about the right argument. */
static int checkflaglist (lua_State *L, int arg, const sk_Constant *list,
                          const char *what) {
  if (!lua_istable(L, arg)) return sk_optconstant(L, arg, list, 0, what);
  int flags = 0;
  lua_pushvalue(L, arg);
  int all = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, all)) {
    if (!lua_isinteger(L, -2))
      sk_badarg(L, arg, what, "a list expected, got the key '%s'",
                luaL_tolstring(L, -2, NULL));
    lua_replace(L, arg);
    flags |= sk_checkconstant(L, arg, list, what);
  }
  lua_settop(L, all - 1);
  return flags;
}


/* Puts a field of the table on the top in the place of argument 3. */
static int takefield (lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  lua_replace(L, 3);
  return 3;
}


/* The hints at 3; the timeout. */
static int64_t checkhints (lua_State *L, struct addrinfo *hints) {
  static const char *const keys[] = {"family", "type", "protocol", "flags",
                                     "timeout", NULL};
  memset(hints, 0, sizeof *hints);
  if (lua_isnoneornil(L, 3)) return SK_NEVER;
  if (!lua_istable(L, 3))
    sk_badarg(L, 3, "hints", "table expected, got %s", luaL_typename(L, 3));
  sk_checkkeys(L, 3, keys);
  lua_pushvalue(L, 3);
  hints->ai_family = sk_optconstant(L, takefield(L, "family"), sk_families,
                                    AF_UNSPEC, "hints.family");
  hints->ai_socktype = sk_optconstant(L, takefield(L, "type"), sk_types, 0,
                                      "hints.type");
  hints->ai_protocol = (int)sk_optint(L, takefield(L, "protocol"), 0, 0,
                                      INT_MAX, "hints.protocol");
  hints->ai_flags = checkflaglist(L, takefield(L, "flags"), aiflags,
                                  "hints.flags");
  return sk_checkseconds(L, takefield(L, "timeout"), "hints.timeout");
}


/*
** The library would take 127.1 and 0x7f.1 for addresses (trap T4); "*" for no
** host at all; and ask the name service for "", which is the root.
*/
static int hostkind (lua_State *L, int arg) {
  struct in_addr lenient;
  const char *code;
  size_t len;
  const char *host = lua_tolstring(L, arg, &len);
  if (host == NULL) return NONE;
  if (len == 0 || len >= NI_MAXHOST || strcmp(host, "*") == 0) return WRONG;
  if (sk_parseaddress(L, host, len, 0, &code) == NULL) {
    int family = sk_family(sk_testaddress(L, -1));
    lua_pop(L, 1);
    if (family == AF_INET || family == AF_INET6) return NUMERIC;
  }
  if (strchr(host, ':') != NULL || inet_aton(host, &lenient)) return WRONG;
  return NAME;
}


/*
** The library reads numbers with strtoul: it wraps 99999 to 34463 (trap T5),
** -5 to 65531, and takes " 80" and "+80".  "" and "*" are no service to it.
*/
static int servicekind (lua_State *L, int arg) {
  size_t len;
  char *end;
  const char *service = lua_tolstring(L, arg, &len);
  if (service == NULL) return NONE;
  if (len == 0 || len > MAXSERVICE || strcmp(service, "*") == 0) return WRONG;
  unsigned long port = strtoul(service, &end, 10);
  if (*end != '\0') return NAME;
  if (strspn(service, "0123456789") < len || port > 65535) return WRONG;
  if (service[0] == '0' && len > 1) return WRONG; /* as in addresses */
  return NUMERIC;
}


/* Leaves texts or nil at 1 and 2, the one or the other. */
static void checknames (lua_State *L) {
  if (!lua_isnoneornil(L, 1)) sk_checktext(L, 1, "host");
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_pushfstring(L, "%d", (int)sk_checkint(L, 2, 0, 65535, "service"));
    lua_replace(L, 2);
  }
  else if (!lua_isnoneornil(L, 2))
    sk_checktext(L, 2, "service");
  else if (lua_isnoneornil(L, 1))
    sk_badarg(L, 1, "host", "needed where there is no service");
}


/* Pushes host and service as messages name them. */
static void pushsubject (lua_State *L) {
  const char *host = lua_tostring(L, 1);
  const char *service = lua_tostring(L, 2);
  if (service == NULL)
    lua_pushvalue(L, 1);
  else if (host == NULL)
    lua_pushfstring(L, ":%s", service);
  else if (strchr(host, ':') == NULL)
    lua_pushfstring(L, "%s:%s", host, service);
  else
    lua_pushfstring(L, "[%s]:%s", host, service);
}

/* }================================================================== */


/*
** {==================================================================
** Both directions
** ===================================================================
*/

/* Begins the work of the job at 1, or does it at once, and waits for it.  What
** messages name is at `subject`. */
static int dowork (lua_State *L, sk_Job *job, const sk_Op *op, int atonce,
                   int64_t timeout, int subject) {
  /* closed by an error, too: nothing is left until a collection */
  lua_toclose(L, 1);
  if (atonce) {
    sk_runjob(job);
    return op->attempt(L, &job->watch);
  }
  int err = sk_startjob(L, job);
  if (err != 0) return sk_error(L, op->name, subject, err);
  return sk_performwithin(L, &job->watch, op, timeout);
}


/* What keeps an attempt from its results: SK_AGAIN, a failure, or 0. */
static int unfinished (lua_State *L, sk_Watch *w, const char *name,
                       int subject) {
  const sk_Job *job = (const sk_Job *)w;
  if (sk_joblost(job))
    return sk_failure(L, name, subject, "lost: the process was forked",
                      SK_ECLOSED);
  return sk_jobdone(job) ? 0 : SK_AGAIN;
}

/* }================================================================== */


/*
** {==================================================================
** getaddrinfo
** ===================================================================
*/

static void lookup_run (sk_Work *w) {
  Lookup *l = (Lookup *)w;
  l->result = sys_getaddrinfo(l->host, l->service, &l->hints, &l->list);
  l->err = errno;
  if (l->result != 0) l->list = NULL;
}


static void lookup_release (sk_Work *w) {
  Lookup *l = (Lookup *)w;
  if (l->list != NULL) freeaddrinfo(l->list);
}


static void pushresult (lua_State *L, const struct addrinfo *ai) {
  lua_createtable(L, 0, 5);
  sk_pushaddress(L, ai->ai_addr, ai->ai_addrlen, ai->ai_addrlen);
  lua_setfield(L, -2, "address");
  sk_pushconstant(L, sk_families, ai->ai_family);
  lua_setfield(L, -2, "family");
  sk_pushconstant(L, sk_types, ai->ai_socktype);
  lua_setfield(L, -2, "type");
  lua_pushinteger(L, ai->ai_protocol);
  lua_setfield(L, -2, "protocol");
  if (ai->ai_canonname != NULL) {
    lua_pushstring(L, ai->ai_canonname);
    lua_setfield(L, -2, "canonname");
  }
}


static int lookup_attempt (lua_State *L, sk_Watch *w) {
  int r = unfinished(L, w, "getaddrinfo", 4);
  if (r != 0) return r;
  const Lookup *l = (const Lookup *)((const sk_Job *)w)->work;
  if (l->result != 0)
    return sk_gaierror(L, "getaddrinfo", 4, l->result, l->err);
  lua_newtable(L);
  lua_Integer n = 0;
  for (const struct addrinfo *ai = l->list; ai != NULL; ai = ai->ai_next) {
    pushresult(L, ai);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}


static void lookup_subject (lua_State *L) { lua_pushvalue(L, 4); }


static const sk_Op lookup_op = {
  "getaddrinfo", SK_READ, lookup_attempt, lookup_subject, NULL
};


static size_t sizewithnul (const char *text) {
  return text == NULL ? 0 : strlen(text) + 1;
}


/* Copies the texts, which the caller's state may collect while the worker
** still reads them.  NULL without memory. */
static Lookup *newlookup (sk_Job *job, const char *host, const char *service,
                          const struct addrinfo *hints) {
  size_t hostsize = sizewithnul(host);
  size_t servicesize = sizewithnul(service);
  Lookup *l = sk_newwork(job, sizeof *l + hostsize + servicesize, lookup_run,
                         lookup_release);
  if (l == NULL) return NULL;
  if (host != NULL) l->host = memcpy(l->text, host, hostsize);
  if (service != NULL)
    l->service = memcpy(l->text + hostsize, service, servicesize);
  l->hints = *hints;
  return l;
}


/***
Finds the addresses of a host and service.

It waits as every call does: only the calling task, and not longer than its
timeout; the name service is asked on a thread of its own.  Strict as
`address` is: hosts such as `127.1`, `0x7f.1` or `010.1.1.1`, which other
programs take for addresses, are refused with code `"EAI_NONAME"`, and
services such as `"99999"`, `"-1"` or `"+80"` with `"EAI_SERVICE"`.

`hints` has these fields, none of them needed:

- `family`: `"inet"`, `"inet6"`, or a number
- `type`: `"stream"`, `"dgram"`, `"raw"`, or a number
- `protocol`: a number
- `flags`: a list of `"passive"`, `"canonname"`, `"numerichost"`,
  `"numericserv"`, `"addrconfig"`, `"v4mapped"`, `"all"`, or one of them, or a
  number
- `timeout`: in seconds; without it, for as long as the name service takes

Each result is a table with the fields `address` (see `address`), `family`,
`type`, `protocol`, as `socket` takes them, and `canonname` in the first one,
if it was asked for.
@function getaddrinfo
@tparam ?string host a name or address; nil for this host: its loopback
addresses, or the wildcard ones with the flag `"passive"`
@tparam[opt] string|integer service a name, a decimal number as text, or a port
@tparam[opt] table hints what to look for
@treturn[1] table a list of results, in the order in which to try them
@return[2] nil, message, code (`"EAI_NONAME"`, `"EAI_AGAIN"`, `"timeout"`, ...)
@see getaddrinfo(3)
@usage
for _, found in ipairs(assert(core.getaddrinfo("localhost", "http"))) do
  print(found.address, found.type)
end
*/
static int f_getaddrinfo (lua_State *L) {
  struct addrinfo hints;
  lua_settop(L, 3);
  checknames(L);
  int64_t timeout = checkhints(L, &hints);
  lua_settop(L, 2);
  pushsubject(L);
  int host = hostkind(L, 1), service = servicekind(L, 2);
  if (host == WRONG) return sk_gaierror(L, "getaddrinfo", 3, EAI_NONAME, 0);
  if (service == WRONG)
    return sk_gaierror(L, "getaddrinfo", 3, EAI_SERVICE, 0);
  /* No name: then it stays here, for good. */
  if (host == NUMERIC) hints.ai_flags |= AI_NUMERICHOST;
  if (service == NUMERIC) hints.ai_flags |= AI_NUMERICSERV;
  int atonce = (host == NONE || (hints.ai_flags & AI_NUMERICHOST)) &&
               (service == NONE || (hints.ai_flags & AI_NUMERICSERV));
  sk_Job *job = sk_newjob(L);
  lua_insert(L, 1); /* job, host, service, subject */
  if (newlookup(job, lua_tostring(L, 2), lua_tostring(L, 3), &hints) == NULL)
    return sk_error(L, "getaddrinfo", 4, ENOMEM);
  return dowork(L, job, &lookup_op, atonce, timeout, 4);
}

/* }================================================================== */


/*
** {==================================================================
** getnameinfo
** ===================================================================
*/

static void reverse_run (sk_Work *w) {
  Reverse *r = (Reverse *)w;
  r->result = sys_getnameinfo((const struct sockaddr *)&r->sa, r->len,
                              r->host, sizeof r->host, r->service,
                              sizeof r->service, r->flags);
  r->err = errno;
}


static void reverse_release (sk_Work *w) { (void)w; }


static int reverse_attempt (lua_State *L, sk_Watch *w) {
  int n = unfinished(L, w, "getnameinfo", 2);
  if (n != 0) return n;
  const Reverse *r = (const Reverse *)((const sk_Job *)w)->work;
  if (r->result != 0)
    return sk_gaierror(L, "getnameinfo", 2, r->result, r->err);
  lua_pushstring(L, r->host);
  lua_pushstring(L, r->service);
  return 2;
}


static void reverse_subject (lua_State *L) { lua_pushvalue(L, 2); }


static const sk_Op reverse_op = {
  "getnameinfo", SK_READ, reverse_attempt, reverse_subject, NULL
};


/***
Finds the names of an address.

It waits as `getaddrinfo` does.  Without flags, the host is given as a number
when it has no name.
@function getnameinfo
@tparam address address the address, or a string, or host and port
@tparam[opt] table|string|integer flags a list of `"numerichost"`,
`"numericserv"`, `"namereqd"`, `"dgram"`, `"nofqdn"`, or one of them, or a
number
@tparam[opt] number timeout in seconds
@treturn[1] string the host
@treturn[1] string the service
@return[2] nil, message, code (`"EAI_NONAME"`, `"EAI_FAMILY"`, `"timeout"`, ...)
@see getnameinfo(3)
*/
static int f_getnameinfo (lua_State *L) {
  const int numeric = NI_NUMERICHOST | NI_NUMERICSERV;
  const sk_Address *address = sk_checkaddress(L, 1);
  lua_settop(L, 3);
  int flags = checkflaglist(L, 2, niflags, "flags");
  int64_t timeout = sk_checkseconds(L, 3, "timeout");
  lua_settop(L, 1);
  /* UNIX names are refused here: the library reads them as text, and finds
  ** this host's name for them. */
  int family = sk_family(address);
  if (family != AF_INET && family != AF_INET6)
    return sk_gaierror(L, "getnameinfo", 1, EAI_FAMILY, 0);
  sk_Job *job = sk_newjob(L);
  lua_insert(L, 1);
  Reverse *r = sk_newwork(job, sizeof *r, reverse_run, reverse_release);
  if (r == NULL) return sk_error(L, "getnameinfo", 2, ENOMEM);
  memcpy(&r->sa, address->bytes, address->len);
  r->len = address->len;
  r->flags = flags;
  return dowork(L, job, &reverse_op, (flags & numeric) == numeric, timeout, 2);
}

/* }================================================================== */


static const luaL_Reg functions[] = {
  {"getaddrinfo", f_getaddrinfo},
  {"getnameinfo", f_getnameinfo},
  {NULL, NULL}
};


void sk_openresolve (lua_State *L) {
  sk_openworker(L);
  sk_openservice(L);
  luaL_setfuncs(L, functions, 0);
}
