/*
** inbox.c: where messages are received.
*/

#include <stdint.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "inbox.h"

#define INBOX "sockeye.inbox"

/* One larger than this is not kept for the next call. */
#define KEEP ((size_t)8 << 20)

/* The key of the inbox in the registry.  false there: it is in use, by a call
** during which a finalizer runs that receives, too. */
static const char inboxkey = 'i';

typedef struct Slot {
  struct sockaddr_storage from;
  struct iovec iov;
} Slot;


static void empty (sk_Inbox *in) {
  int i;
  for (i = 0; i < in->live; i++)
    sk_closecontrol(in->list[i].msg_hdr.msg_control,
                    (size_t)in->list[i].msg_hdr.msg_controllen);
  in->live = 0;
}


static int gc_inbox (lua_State *L) {
  empty(lua_touserdata(L, 1));
  return 0;
}


/* Pushes an inbox for what follows it: the one kept, or a new one. */
static sk_Inbox *takeinbox (lua_State *L, size_t size) {
  sk_Inbox *in;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &inboxkey);
  in = lua_touserdata(L, -1);
  if (in != NULL && in->size >= size) {
    lua_pushboolean(L, 0);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &inboxkey);
    return in;
  }
  lua_pop(L, 1);
  in = lua_newuserdatauv(L, sizeof(*in) + size, 0);
  in->size = size;
  in->live = 0;
  luaL_setmetatable(L, INBOX);
  return in;
}


void sk_keepinbox (lua_State *L, int idx) {
  sk_Inbox *in = lua_touserdata(L, idx);
  empty(in);
  if (in->size > KEEP) return;
  lua_pushvalue(L, idx);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &inboxkey);
}


sk_Inbox *sk_newinbox (lua_State *L, int n, size_t size, size_t room) {
  /* the next message's is aligned */
  size_t stride = (room + sizeof(struct cmsghdr) - 1) / sizeof(struct cmsghdr)
                  * sizeof(struct cmsghdr);
  size_t each = sizeof(sk_Message) + sizeof(Slot) + stride;
  size_t count = (size_t)n;
  sk_Inbox *in;
  Slot *slots;
  unsigned char *control, *data;
  int i;
  if (size > (size_t)PTRDIFF_MAX / count - each - sizeof(*in))
    luaL_error(L, "not enough memory");
  in = takeinbox(L, count * (each + size));
  in->list = (sk_Message *)(void *)(in + 1);
  slots = (Slot *)(void *)(in->list + n);
  control = (unsigned char *)(slots + n);
  data = control + count * stride;
  for (i = 0; i < n; i++) {
    struct msghdr *msg = &in->list[i].msg_hdr;
    memset(msg, 0, sizeof(*msg));
    msg->msg_name = &slots[i].from;
    msg->msg_namelen = sizeof(slots[i].from);
    msg->msg_iov = &slots[i].iov;
    msg->msg_iovlen = 1;
    slots[i].iov.iov_base = data + (size_t)i * size;
    slots[i].iov.iov_len = size;
    if (room == 0) continue;
    msg->msg_control = control + (size_t)i * stride;
    msg->msg_controllen = room;
  }
  return in;
}


void sk_openinbox (lua_State *L) {
  static const luaL_Reg metamethods[] = {
    {"__gc", gc_inbox},
    {NULL, NULL}
  };
  luaL_newmetatable(L, INBOX);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
  lua_pushboolean(L, 0);  /* its place: to fill it will not need memory */
  lua_rawsetp(L, LUA_REGISTRYINDEX, &inboxkey);
}
