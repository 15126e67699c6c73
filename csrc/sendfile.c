/*
** sendfile.c: from a file to a socket, within the kernel where it can.
*/

/***
@submodule sockeye.core
*/

/***
@type socket
*/

#include <errno.h>

#include <lauxlib.h>

#include "argument.h"
#include "control.h"
#include "error.h"
#include "loop.h"
#include "sigpipe.h"
#include "socket.h"

/* The arguments once they are checked, at fixed stack indexes. */
#define FILE_ 2
#define OFFSET 3
#define COUNT 4
#define SENT 5
#define COPY 6  /* a boolean: sendfile cannot, so read and send */

/* How much one call asks for. */
#define CHUNK (1 << 20)


static void setinteger (lua_State *L, int index, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_replace(L, index);
}


static ssize_t copychunk (sk_Socket *s, int fd, off_t offset, size_t n) {
  char *buffer = s->watch.loop->scratch;
  ssize_t got = sys_pread(fd, buffer, (n < SK_SCRATCH) ? n : SK_SCRATCH,
                          offset);
  return (got <= 0) ? got : sk_sendbytes(s, buffer, (size_t)got, 0);
}


#if SK_LINUX

/*
** No more than there is: the bytes at the end of the file would otherwise go
** out as if more followed, and Linux before 6.5 holds such bytes back.  (Files
** in /proc have no length beforehand.)
*/
static size_t available (int fd, off_t offset, size_t n) {
  struct stat st;
  if (sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= offset)
    return n;
  return ((size_t)(st.st_size - offset) < n) ? (size_t)(st.st_size - offset)
         : n;
}


static ssize_t filechunk (sk_Socket *s, int fd, off_t offset, size_t n) {
  sk_Sigpipe hold;
  ssize_t r;
  n = available(fd, offset, n);
  sk_holdsigpipe(&hold);
  r = sys_sendfile(s->watch.fd, fd, &offset, n);
  sk_releasesigpipe(&hold);
  return r;
}

#else

static ssize_t filechunk (sk_Socket *s, int fd, off_t offset, size_t n) {
  (void)s; (void)fd; (void)offset; (void)n;
  errno = ENOSYS;
  return -1;
}

#endif


static ssize_t sendchunk (lua_State *L, sk_Socket *s, int fd, off_t offset,
                          size_t n) {
  ssize_t r;
  if (lua_toboolean(L, COPY))
    return copychunk(s, fd, offset, n);
  r = filechunk(s, fd, offset, n);
  if (r >= 0 || (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
    return r;
  lua_pushboolean(L, 1);
  lua_replace(L, COPY);
  return copychunk(s, fd, offset, n);
}


static int giveup_sendfile (lua_State *L) {
  lua_pushvalue(L, SENT);
  return 4;
}


static int sourceclosed (lua_State *L) {
  sk_failure(L, "sendfile", FILE_, "the file was closed", SK_ECLOSED);
  return giveup_sendfile(L);
}


/* The file's descriptor is asked for each time: during a wait the file may be
** closed, and the number be somebody else's (T14). */
static int try_sendfile (lua_State *L, sk_Watch *w) {
  sk_Socket *s = (sk_Socket *)w;
  int fd = sk_fdof(L, FILE_);
  lua_Integer offset = lua_tointeger(L, OFFSET);
  lua_Integer count = lua_tointeger(L, COUNT);
  lua_Integer sent = lua_tointeger(L, SENT);
  if (!sk_isopen(s)) {
    sk_sockclosed(L, "sendfile");
    return giveup_sendfile(L);
  }
  if (fd < 0)
    return sourceclosed(L);
  while (sent < count) {
    lua_Integer left = count - sent;
    ssize_t n = sendchunk(L, s, fd, (off_t)(offset + sent),
                          (size_t)((left < CHUNK) ? left : CHUNK));
    if (n < 0) {
      int r = sk_sockresult(L, "sendfile", errno);
      return (r > 0) ? giveup_sendfile(L) : r;
    }
    if (n == 0) break;  /* the end of the file */
    sk_moved(w->loop, n);
    sent += n;
    setinteger(L, SENT, sent);
  }
  lua_pushvalue(L, SENT);
  return 1;
}

static const sk_Op sendfile_op = {
  "sendfile", SK_WRITE, try_sendfile, sk_sockpeer, giveup_sendfile
};


static void checksource (lua_State *L, int arg) {
  int fd = sk_fdof(L, arg);
  if (fd >= 0) return;
  if (fd == -1)
    sk_badarg(L, arg, "file", "the file is closed");
  if (lua_type(L, arg) == LUA_TNUMBER)
    sk_checkint(L, arg, 0, INT_MAX, "file");
  sk_badarg(L, arg, "file", "file or descriptor expected, got %s",
            luaL_typename(L, arg));
}


/***
Sends a part of a file, under one deadline. The file's own position neither
counts nor moves. Where messages have boundaries, up to 65,536 bytes are one.
@function socket:sendfile
@tparam file|socket|integer file a Lua file, or a descriptor
@tparam[opt=0] integer offset in bytes, from 0
@tparam[opt] integer count bytes; to the end of the file when left out
@treturn[1] integer the bytes sent, fewer than count at the end of the file
@return[2] nil, message, code, and the number of bytes that were sent
@see sendfile(2)
*/
static int s_sendfile (lua_State *L) {
  sk_Socket *s = sk_tosocket(L);
  lua_Integer offset, count;
  checksource(L, FILE_);
  offset = sk_optint(L, OFFSET, 0, 0, LUA_MAXINTEGER, "offset");
  count = sk_optint(L, COUNT, LUA_MAXINTEGER, 0, LUA_MAXINTEGER, "count");
  if (count > LUA_MAXINTEGER - offset)
    count = LUA_MAXINTEGER - offset;
  lua_settop(L, FILE_);
  lua_pushinteger(L, offset);
  lua_pushinteger(L, count);
  lua_pushinteger(L, 0);
  /* sendfile has no flag to keep a descriptor that is not ours from blocking,
     and knows nothing of the boundaries of messages */
  lua_pushboolean(L, s->borrowed || s->type != SOCK_STREAM);
  return sk_perform(L, &s->watch, &sendfile_op);
}


static const luaL_Reg methods[] = {
  {"sendfile", s_sendfile},
  {NULL, NULL}
};


void sk_opensendfile (lua_State *L) {
  sk_addmethods(L, methods);
}
