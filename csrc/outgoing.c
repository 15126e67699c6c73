/*
** outgoing.c: the messages to be sent, from the tables that describe them.
*/

#include <limits.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "argument.h"
#include "control.h"
#include "error.h"
#include "field.h"

/* sendmsg(2): more pieces are EMSGSIZE. */
#if defined(IOV_MAX)
#define MAXPIECES IOV_MAX
#else
#define MAXPIECES 1024
#endif

/* The descriptors of one message. */
struct sk_Part {
  unsigned char *place;  /* in its control data */
  lua_Integer first;     /* their first file among the anchors */
  int nfds;
};

/* What the messages need in all. */
typedef struct Need {
  size_t pieces;
  size_t control;
} Need;

/* While the userdata is filled; it is on the stack, its anchors above it. */
typedef struct Fill {
  sk_Outgoing *o;
  struct iovec *iov;      /* the next one free */
  struct iovec *lastiov;
  unsigned char *control; /* the same */
  size_t room;
  lua_Integer anchors;    /* how many there are */
  int table;              /* stack index of the anchors */
} Fill;


static int changed (lua_State *L) {
  return luaL_error(L, "message changed while it was read");
}


/*
** {==================================================================
** Measuring: all that can be checked is checked before anything is made
** ===================================================================
*/

static void checkpieces (lua_State *L, const char *what, int n) {
  int i;
  for (i = 1; i <= n; i++) {
    if (lua_rawgeti(L, -1, i) != LUA_TSTRING)
      sk_badarg(L, 2, what, "string expected as item %d, got %s", i,
                luaL_typename(L, -1));
    lua_pop(L, 1);
  }
}


/* How many pieces the data of the message at t has. */
static int countpieces (lua_State *L, int t, int item) {
  const char *what = sk_fieldname(L, item, "data");
  int n = 1;
  switch (sk_field(L, t, "data")) {
    case LUA_TSTRING: break;
    case LUA_TTABLE:
      n = sk_fieldlist(L, what);
      checkpieces(L, what, n);
      break;
    default: sk_fieldtype(L, what, "string or list of strings");
  }
  lua_pop(L, 2);
  return n;
}


/* Measures the message at t. */
static void measure (lua_State *L, int t, int item, Need *need) {
  static const char *const keys[] = {
    "data", "to", "flags", SK_CONTROLKEYS, NULL
  };
  static const char *const manykeys[] = { "data", "to", SK_CONTROLKEYS, NULL };
  const char *what = (item > 0) ? lua_pushfstring(L, "[%d]", item) : NULL;
  int nfds, n;
  if (!lua_istable(L, t))
    sk_badarg(L, 2, what, "table expected, got %s", luaL_typename(L, t));
  sk_fieldkeys(L, t, what, (item > 0) ? manykeys : keys);
  n = countpieces(L, t, item);
  need->pieces += (n > MAXPIECES) ? 1 : (size_t)n;
  need->control += sk_controlroom(L, t, item, &nfds);
  lua_settop(L, t);
}


static unsigned measureall (lua_State *L, int many, Need *need) {
  int i, n;
  sk_checktable(L, 2, "message");
  lua_settop(L, 2);
  if (!many) {
    measure(L, 2, 0, need);
    return 1;
  }
  n = sk_fieldlist(L, "messages");
  if (n > SK_MAXBATCH)
    n = SK_MAXBATCH;
  for (i = 1; i <= n; i++) {
    lua_rawgeti(L, 2, i);
    measure(L, 3, i, need);
    lua_settop(L, 2);
  }
  return (unsigned)n;
}

/* }================================================================== */


/*
** {==================================================================
** Filling
** ===================================================================
*/

/* Pops a value and keeps it as long as the userdata; its number. */
static lua_Integer anchor (lua_State *L, Fill *f) {
  lua_rawseti(L, f->table, ++f->anchors);
  return f->anchors;
}


/* Pops a string, the next piece of data. */
static size_t addpiece (lua_State *L, Fill *f) {
  size_t len;
  const char *data = lua_tolstring(L, -1, &len);
  if (data == NULL || f->iov == f->lastiov)
    changed(L);
  f->iov->iov_base = (void *)data;
  f->iov->iov_len = len;
  f->iov++;
  anchor(L, f);
  return len;
}


/* Replaces the list on the top by its strings in one. */
static void join (lua_State *L, int n) {
  luaL_Buffer b;
  int i, list = lua_gettop(L);
  luaL_buffinit(L, &b);
  for (i = 1; i <= n; i++) {
    if (lua_rawgeti(L, list, i) != LUA_TSTRING)
      changed(L);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  lua_remove(L, list);
}


/* The bytes in all of the message at t. */
static size_t filldata (lua_State *L, int t, Fill *f, struct msghdr *msg) {
  size_t total = 0;
  lua_Integer i, n;
  msg->msg_iov = f->iov;
  sk_field(L, t, "data");
  n = lua_istable(L, -1) ? (lua_Integer)lua_rawlen(L, -1) : 1;
  if (n > INT_MAX)
    changed(L);
  if (n > MAXPIECES)
    join(L, (int)n);
  if (!lua_istable(L, -1))
    total = addpiece(L, f);
  else {
    for (i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      total += addpiece(L, f);
    }
    lua_pop(L, 1);
  }
  msg->msg_iovlen = (size_t)(f->iov - msg->msg_iov);
  return total;
}


static void filladdress (lua_State *L, int t, int item, Fill *f,
                         struct msghdr *msg) {
  const sk_Address *a;
  const char *what = sk_fieldname(L, item, "to");
  if (sk_field(L, t, "to") == LUA_TNIL) {
    lua_pop(L, 2);
    return;
  }
  if (lua_type(L, -1) == LUA_TSTRING) {
    size_t len;
    const char *code, *text = lua_tolstring(L, -1, &len);
    const char *reason = sk_parseaddress(L, text, len, -1, &code);
    if (reason != NULL)
      sk_badarg(L, 2, what, "%s", reason);
  }
  a = sk_testaddress(L, -1);
  if (a == NULL)
    sk_fieldtype(L, what, "address");
  msg->msg_name = (void *)a->bytes;
  msg->msg_namelen = a->len;
  f->o->addressed = 1;
  if (item <= 1)
    f->o->to = f->anchors + 1;
  anchor(L, f);
  lua_settop(L, f->table);
}


/* Keeps the files whose descriptors are to be sent. */
static void fillfiles (lua_State *L, int t, int item, const sk_Socket *s,
                       Fill *f, sk_Control *c, struct sk_Part *part) {
  int i, n;
  part->first = f->anchors + 1;
  if (sk_field(L, t, "fds") != LUA_TNIL) {
    if (s->family != AF_UNIX)
      sk_badarg(L, 2, sk_fieldname(L, item, "fds"),
                "only UNIX sockets carry descriptors");
    if (!lua_istable(L, -1) || lua_rawlen(L, -1) > INT_MAX)
      changed(L);
    n = (int)lua_rawlen(L, -1);
    for (i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      anchor(L, f);
    }
    part->nfds = n;
    part->place = (n > 0) ? sk_attachfds(c, n) : NULL;
    if (n > 0 && part->place == NULL)
      changed(L);
  }
  lua_pop(L, 1);
}


/* Fills in the i'th message, which is the table at t.  0, or an errno value
** and the string that it is about on the top. */
static int fillmessage (lua_State *L, int t, int item, unsigned i,
                        const sk_Socket *s, Fill *f) {
  struct msghdr *msg = &f->o->list[i].msg_hdr;
  struct sk_Part *part = &f->o->parts[i];
  sk_Control c;
  size_t total;
  int err;
  c.bytes = f->control;
  c.len = 0;
  c.room = f->room;
  total = filldata(L, t, f, msg);
  filladdress(L, t, item, f, msg);
  if ((err = sk_attach(L, t, item, s, &c)) != 0)
    return err;
  fillfiles(L, t, item, s, f, &c, part);
  if (c.len > 0) {
    msg->msg_control = c.bytes;
    msg->msg_controllen = c.len;
    if (total == 0 && s->family == AF_UNIX && s->type == SOCK_STREAM)
      sk_badarg(L, 2, sk_fieldname(L, item, "data"),
                "a stream needs a byte to carry control data");
  }
  f->control += c.len;
  f->room -= c.len;
  return 0;
}


/* Pushes the userdata, with nothing in it, and its anchors. */
static void create (lua_State *L, unsigned n, const Need *need, Fill *f) {
  size_t lists = n * (sizeof(sk_Message) + sizeof(struct sk_Part));
  size_t iovs = need->pieces * sizeof(struct iovec);
  size_t size = sizeof(sk_Outgoing) + lists + iovs + need->control;
  sk_Outgoing *o = lua_newuserdatauv(L, size, 1);
  memset(o, 0, sizeof(*o) + lists + iovs);
  o->n = n;
  o->list = (sk_Message *)(void *)(o + 1);
  o->parts = (struct sk_Part *)(void *)(o->list + n);
  f->o = o;
  f->iov = (struct iovec *)(void *)(o->parts + n);
  f->lastiov = f->iov + need->pieces;
  f->control = (unsigned char *)f->lastiov;
  f->room = need->control;
  f->anchors = 0;
  lua_createtable(L, (n == 1) ? (int)need->pieces : 0, 0);
  f->table = lua_gettop(L);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, 1);
}


sk_Outgoing *sk_newoutgoing (lua_State *L, const sk_Socket *s, int many,
                             const char *call) {
  Need need = {0, 0};
  Fill f;
  unsigned i;
  int err;
  unsigned n = measureall(L, many, &need);
  luaL_checkstack(L, 20, NULL);
  lua_pushnil(L);  /* the message of a batch, below all else */
  create(L, n, &need, &f);
  for (i = 0; i < n; i++) {
    if (many) {
      if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TTABLE)
        changed(L);
      lua_replace(L, 3);
    }
    err = fillmessage(L, many ? 3 : 2, many ? (int)i + 1 : 0, i, s, &f);
    if (err != 0) {
      sk_error(L, call, lua_gettop(L), err);
      return NULL;
    }
  }
  lua_pop(L, 1);
  lua_remove(L, 3);
  return f.o;
}


int sk_fillfds (lua_State *L, int idx) {
  const sk_Outgoing *o = lua_touserdata(L, idx);
  int top = lua_gettop(L);
  int ok = 1;
  unsigned i;
  lua_getiuservalue(L, idx, 1);
  for (i = 0; ok && i < o->n; i++) {
    const struct sk_Part *part = &o->parts[i];
    int k;
    for (k = 0; ok && k < part->nfds; k++) {
      int fd;
      lua_rawgeti(L, -1, part->first + k);
      fd = sk_fdof(L, -1);
      lua_pop(L, 1);
      ok = (fd >= 0);
      memcpy(part->place + (size_t)k * sizeof(fd), &fd, sizeof(fd));
    }
  }
  lua_settop(L, top);
  return ok;
}


void sk_pushto (lua_State *L, int idx) {
  const sk_Outgoing *o = lua_touserdata(L, idx);
  if (o->to == 0) {
    sk_sockpeer(L);
    return;
  }
  lua_getiuservalue(L, idx, 1);
  lua_rawgeti(L, -1, o->to);
  lua_remove(L, -2);
}

/* }================================================================== */
