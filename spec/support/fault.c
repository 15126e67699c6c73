/*
** fault.c: the seam, programmable.  The test build (SOCKEYE_FAULT) has these
** sys_NAME in place of those of sys.h; specs tell, through core.fault, which
** calls fail, are late or are short.
**
**   local id = fault.program { call = "recv", errno = "EINTR", nth = 1,
**                              count = 1 }
**   fault.program { call = "send", short = 3, count = math.huge }
**   fault.program { call = "getaddrinfo", delay = 0.2, errno = "EAI_AGAIN" }
**   fault.hits(id)          how often it took effect
**   fault.log(true)         from now on remember every call
**   fault.calls()           list of { call=, fd=, result=, errno= }
**   fault.names()           the calls there are
**   fault.reset()           forget programs and calls
**
** A program applies to the nth and the following calls of its kind, count of
** them, counted from its making (with fd: of those with that descriptor).  A
** call that fails is not made, except with done = true, where it is made and
** only its result replaced; close is always made, as Linux does.
**
** The state is the process's, and worker threads come here too: a mutex guards
** it.  That is right for this build alone: the module itself has none.
*/

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>

#include "sys.h"

void sk_openfault (lua_State *L);

#define NAME(result, name, parameters, arguments) CALL_##name,
enum { SYS_CALLS(NAME) NCALLS };
#undef NAME

#define NAME(result, name, parameters, arguments) #name,
static const char *const callnames[] = { SYS_CALLS(NAME) NULL };
#undef NAME

static const struct { const char *name; int value; } errors[] = {
#define E(name) {#name, name}
  E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(EBADF), E(EAGAIN),
  E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY), E(EEXIST), E(ENODEV), E(EINVAL),
  E(ENFILE), E(EMFILE), E(ENOTTY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EPIPE),
  E(ENOSYS), E(EPROTO), E(EOVERFLOW), E(ENOTSOCK), E(EDESTADDRREQ),
  E(EMSGSIZE), E(ENOPROTOOPT), E(EPROTONOSUPPORT), E(ESOCKTNOSUPPORT),
  E(EOPNOTSUPP), E(EAFNOSUPPORT), E(EADDRINUSE), E(EADDRNOTAVAIL),
  E(ENETDOWN), E(ENETUNREACH), E(ENETRESET), E(ECONNABORTED), E(ECONNRESET),
  E(ENOBUFS), E(EISCONN), E(ENOTCONN), E(ETIMEDOUT), E(ECONNREFUSED),
  E(EHOSTDOWN), E(EHOSTUNREACH), E(EALREADY), E(EINPROGRESS), E(ETOOMANYREFS),
  E(EAI_AGAIN), E(EAI_BADFLAGS), E(EAI_FAIL), E(EAI_FAMILY), E(EAI_MEMORY),
  E(EAI_NONAME), E(EAI_SERVICE), E(EAI_SOCKTYPE), E(EAI_SYSTEM),
  E(EAI_OVERFLOW),
#undef E
  {NULL, 0}
};

#define WHOLE SIZE_MAX

typedef struct Program {
  int id, call, fd;          /* fd -1: any */
  long long nth, count;      /* still to come */
  int fail, done;
  int error;
  size_t cap;                /* most bytes to transfer */
  struct timespec delay;
  long long hits;
} Program;

typedef struct Record {
  int call, fd, error;
  long long result;
} Record;

#define MAXPROGRAMS 64
#define MAXRECORDS 200000

static struct {
  pthread_mutex_t lock;
  Program programs[MAXPROGRAMS];
  int nprograms, lastid;
  int logging;
  Record *records;
  size_t nrecords, room;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* {{ What happens to a call */

/* Adds what the programs say about this call to *plan. */
static void consult (int call, int fd, Program *plan) {
  int i;
  memset(plan, 0, sizeof(*plan));
  plan->cap = WHOLE;
  pthread_mutex_lock(&state.lock);
  for (i = 0; i < state.nprograms; i++) {
    Program *p = &state.programs[i];
    if (p->call != call || (p->fd >= 0 && p->fd != fd)) continue;
    if (p->nth > 1) {
      p->nth--;
      continue;
    }
    if (p->count <= 0) continue;
    if (p->count != LLONG_MAX) p->count--;
    p->hits++;
    if (p->fail && !plan->fail) {
      plan->fail = 1;
      plan->error = p->error;
    }
    if (p->done) plan->done = 1;
    if (p->cap < plan->cap) plan->cap = p->cap;
    plan->delay.tv_sec += p->delay.tv_sec;
    plan->delay.tv_nsec += p->delay.tv_nsec;
  }
  pthread_mutex_unlock(&state.lock);
  plan->delay.tv_sec += plan->delay.tv_nsec / 1000000000L;
  plan->delay.tv_nsec %= 1000000000L;
  if (plan->delay.tv_sec > 0 || plan->delay.tv_nsec > 0) {
    struct timespec left = plan->delay;
    while (nanosleep(&left, &left) < 0 && errno == EINTR) {}
  }
}

/* What the call returns to say that it failed; sets errno where it does. */
static intptr_t failure (int call, int error) {
  switch (call) {
    case CALL_getaddrinfo: case CALL_getnameinfo:
      if (error < 0) return error;
      errno = error;
      return EAI_SYSTEM;
    case CALL_pthread_create: case CALL_pthread_sigmask:
#if defined(__GLIBC__)
    case CALL_getservbyname_r: case CALL_getservbyport_r:
    case CALL_getprotobyname_r: case CALL_getprotobynumber_r:
#endif
      return error;
    case CALL_if_nametoindex: case CALL_if_nameindex: case CALL_if_indextoname:
    case CALL_dladdr: case CALL_dlopen:
      errno = error;
      return 0;
    default: /* mmap's MAP_FAILED is -1 as well */
      errno = error;
      return -1;
  }
}

static void record (int call, int fd, long long result, int error) {
  pthread_mutex_lock(&state.lock);
  if (state.logging && state.nrecords < MAXRECORDS) {
    if (state.nrecords == state.room) {
      size_t room = state.room ? state.room * 2 : 256;
      Record *records = realloc(state.records, room * sizeof(Record));
      if (records != NULL) {
        state.records = records;
        state.room = room;
      }
    }
    if (state.nrecords < state.room) {
      Record *r = &state.records[state.nrecords++];
      r->call = call;
      r->fd = fd;
      r->result = result;
      r->error = error;
    }
  }
  pthread_mutex_unlock(&state.lock);
}

/* }} */

/* {{ Short transfers */

#define MAXPARTS 64

/* The first cap bytes of the parts, in *cut; their number. */
static size_t cutparts (struct iovec *cut, const struct iovec *parts,
                        size_t n, size_t cap) {
  size_t i;
  for (i = 0; i < n && i < MAXPARTS && cap > 0; i++) {
    cut[i] = parts[i];
    if (cut[i].iov_len > cap) cut[i].iov_len = cap;
    cap -= cut[i].iov_len;
  }
  return i;
}

static ssize_t cut_writev (int fd, const struct iovec *iov, int n,
                           size_t cap) {
  struct iovec cut[MAXPARTS];
  if (cap == WHOLE) return writev(fd, iov, n);
  return writev(fd, cut, (int)cutparts(cut, iov, (size_t)n, cap));
}

static ssize_t cut_sendmsg (int fd, const struct msghdr *msg, int flags,
                            size_t cap) {
  struct iovec cut[MAXPARTS];
  struct msghdr copy = *msg;
  if (cap == WHOLE) return sendmsg(fd, msg, flags);
  copy.msg_iovlen = cutparts(cut, msg->msg_iov, msg->msg_iovlen, cap);
  copy.msg_iov = cut;
  return sendmsg(fd, &copy, flags);
}

static ssize_t cut_recvmsg (int fd, struct msghdr *msg, int flags,
                            size_t cap) {
  struct iovec cut[MAXPARTS];
  struct msghdr copy = *msg;
  ssize_t n;
  if (cap == WHOLE) return recvmsg(fd, msg, flags);
  copy.msg_iovlen = cutparts(cut, msg->msg_iov, msg->msg_iovlen, cap);
  copy.msg_iov = cut;
  n = recvmsg(fd, &copy, flags);
  msg->msg_namelen = copy.msg_namelen;
  msg->msg_controllen = copy.msg_controllen;
  msg->msg_flags = copy.msg_flags;
  return n;
}

#define CUT(n) ((n) > plan.cap ? plan.cap : (n))
#define send(fd, buf, n, flags) send(fd, buf, CUT(n), flags)
#define recv(fd, buf, n, flags) recv(fd, buf, CUT(n), flags)
#define sendto(fd, buf, n, flags, sa, len) \
  sendto(fd, buf, CUT(n), flags, sa, len)
#define recvfrom(fd, buf, n, flags, sa, len) \
  recvfrom(fd, buf, CUT(n), flags, sa, len)
#define read(fd, buf, n) read(fd, buf, CUT(n))
#define write(fd, buf, n) write(fd, buf, CUT(n))
#define pread(fd, buf, n, offset) pread(fd, buf, CUT(n), offset)
#define sendfile(out, in, offset, n) sendfile(out, in, offset, CUT(n))
#define writev(fd, iov, n) cut_writev(fd, iov, n, plan.cap)
#define sendmsg(fd, msg, flags) cut_sendmsg(fd, msg, flags, plan.cap)
#define recvmsg(fd, msg, flags) cut_recvmsg(fd, msg, flags, plan.cap)
/* For a batch, "short" is the number of messages. */
#define sendmmsg(fd, list, n, flags) sendmmsg(fd, list, (unsigned)CUT(n), flags)
#define recvmmsg(fd, list, n, flags, ts) \
  recvmmsg(fd, list, (unsigned)CUT(n), flags, ts)

/* }} */

/* The descriptor of a call whose parameters do not name one. */
#pragma GCC diagnostic ignored "-Wshadow"
static const int fd = -1;

#define DEFINE(result_, name, parameters, arguments) \
  result_ sys_##name parameters { \
    Program plan; \
    result_ r = (result_)0; \
    int saved = 0; \
    consult(CALL_##name, fd, &plan); \
    if (!plan.fail || plan.done || CALL_##name == CALL_close) { \
      r = name arguments; \
      saved = errno; \
    } \
    if (plan.fail) { \
      r = (result_)failure(CALL_##name, plan.error); \
      saved = plan.error; \
    } \
    record(CALL_##name, fd, (long long)(intptr_t)r, saved); \
    errno = saved; \
    return r; \
  }
SYS_CALLS(DEFINE)

/* {{ core.fault */

static int checkerror (lua_State *L, int index) {
  int i;
  const char *name;
  if (lua_isinteger(L, index)) return (int)lua_tointeger(L, index);
  name = lua_tostring(L, index);
  for (i = 0; name != NULL && errors[i].name; i++) {
    if (strcmp(errors[i].name, name) == 0) return errors[i].value;
  }
  return luaL_error(L, "fault: unknown errno '%s'", name ? name : "?");
}

static long long checkcount (lua_State *L, int index) {
  lua_Number n = lua_tonumber(L, index);
  if (!(n >= 0)) luaL_error(L, "fault: bad number");
  return n >= (lua_Number)LLONG_MAX ? LLONG_MAX : (long long)n;
}

static void setfield (lua_State *L, Program *p, const char *key) {
  if (strcmp(key, "call") == 0)
    p->call = luaL_checkoption(L, -1, NULL, callnames);
  else if (strcmp(key, "nth") == 0) p->nth = checkcount(L, -1);
  else if (strcmp(key, "count") == 0) p->count = checkcount(L, -1);
  else if (strcmp(key, "fd") == 0) p->fd = (int)luaL_checkinteger(L, -1);
  else if (strcmp(key, "short") == 0) p->cap = (size_t)checkcount(L, -1);
  else if (strcmp(key, "done") == 0) p->done = lua_toboolean(L, -1);
  else if (strcmp(key, "errno") == 0) {
    p->fail = 1;
    p->error = checkerror(L, -1);
  }
  else if (strcmp(key, "delay") == 0) {
    lua_Number seconds = luaL_checknumber(L, -1);
    p->delay.tv_sec = (time_t)seconds;
    p->delay.tv_nsec = (long)((seconds - (lua_Number)p->delay.tv_sec) * 1e9);
  }
  else luaL_error(L, "fault: unknown field '%s'", key);
}

static int f_program (lua_State *L) {
  Program p = {.call = -1, .fd = -1, .nth = 1, .count = 1, .cap = WHOLE};
  int full;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "fault: bad key");
    setfield(L, &p, lua_tostring(L, -2));
    lua_pop(L, 1);
  }
  if (p.call < 0) luaL_error(L, "fault: which call?");
  pthread_mutex_lock(&state.lock);
  full = state.nprograms == MAXPROGRAMS;
  if (!full) {
    p.id = ++state.lastid;
    state.programs[state.nprograms++] = p;
  }
  pthread_mutex_unlock(&state.lock);
  if (full) luaL_error(L, "fault: too many programs");
  lua_pushinteger(L, p.id);
  return 1;
}

static int f_hits (lua_State *L) {
  lua_Integer id = luaL_checkinteger(L, 1);
  long long hits = -1;
  int i;
  pthread_mutex_lock(&state.lock);
  for (i = 0; i < state.nprograms; i++) {
    if (state.programs[i].id == id) hits = state.programs[i].hits;
  }
  pthread_mutex_unlock(&state.lock);
  if (hits < 0) return luaL_error(L, "fault: no such program");
  lua_pushinteger(L, hits);
  return 1;
}

static int f_reset (lua_State *L) {
  (void)L;
  pthread_mutex_lock(&state.lock);
  state.nprograms = 0;
  state.logging = 0;
  state.nrecords = state.room = 0;
  free(state.records);
  state.records = NULL;
  pthread_mutex_unlock(&state.lock);
  return 0;
}

static int f_log (lua_State *L) {
  int on = lua_toboolean(L, 1);
  pthread_mutex_lock(&state.lock);
  state.logging = on;
  pthread_mutex_unlock(&state.lock);
  return 0;
}

static int f_calls (lua_State *L) {
  size_t i, n;
  Record *copy;
  pthread_mutex_lock(&state.lock);
  n = state.nrecords;
  pthread_mutex_unlock(&state.lock);
  copy = lua_newuserdatauv(L, (n + 1) * sizeof(Record), 0);
  pthread_mutex_lock(&state.lock);
  if (n > state.nrecords) n = state.nrecords;
  if (n > 0) memcpy(copy, state.records, n * sizeof(Record));
  pthread_mutex_unlock(&state.lock);
  lua_createtable(L, (int)n, 0);
  for (i = 0; i < n; i++) {
    lua_createtable(L, 0, 4);
    lua_pushstring(L, callnames[copy[i].call]);
    lua_setfield(L, -2, "call");
    lua_pushinteger(L, copy[i].fd);
    lua_setfield(L, -2, "fd");
    lua_pushinteger(L, copy[i].result);
    lua_setfield(L, -2, "result");
    lua_pushinteger(L, copy[i].error);
    lua_setfield(L, -2, "errno");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int f_names (lua_State *L) {
  int i;
  lua_createtable(L, NCALLS, 0);
  for (i = 0; i < NCALLS; i++) {
    lua_pushstring(L, callnames[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {
  {"program", f_program},
  {"hits", f_hits},
  {"reset", f_reset},
  {"log", f_log},
  {"calls", f_calls},
  {"names", f_names},
  {NULL, NULL}
};

void sk_openfault (lua_State *L) {
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "fault");
}

/* }} */
