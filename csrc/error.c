/*
** error.c: the one place that turns a failure into nil, message, code.
*/

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <netdb.h>
#include <string.h>

#include "error.h"

/* errno.h of POSIX.1-2017, without the aliases that some systems have for
** others: EWOULDBLOCK (EAGAIN), ENOTSUP (EOPNOTSUPP). */
#define POSIXERRORS(X) \
  X(E2BIG) X(EACCES) X(EADDRINUSE) X(EADDRNOTAVAIL) X(EAFNOSUPPORT) \
  X(EAGAIN) X(EALREADY) X(EBADF) X(EBADMSG) X(EBUSY) X(ECANCELED) X(ECHILD) \
  X(ECONNABORTED) X(ECONNREFUSED) X(ECONNRESET) X(EDEADLK) X(EDESTADDRREQ) \
  X(EDOM) X(EDQUOT) X(EEXIST) X(EFAULT) X(EFBIG) X(EHOSTUNREACH) X(EIDRM) \
  X(EILSEQ) X(EINPROGRESS) X(EINTR) X(EINVAL) X(EIO) X(EISCONN) X(EISDIR) \
  X(ELOOP) X(EMFILE) X(EMLINK) X(EMSGSIZE) X(EMULTIHOP) X(ENAMETOOLONG) \
  X(ENETDOWN) X(ENETRESET) X(ENETUNREACH) X(ENFILE) X(ENOBUFS) X(ENODEV) \
  X(ENOENT) X(ENOEXEC) X(ENOLCK) X(ENOLINK) X(ENOMEM) X(ENOMSG) \
  X(ENOPROTOOPT) X(ENOSPC) X(ENOSYS) X(ENOTCONN) X(ENOTDIR) X(ENOTEMPTY) \
  X(ENOTRECOVERABLE) X(ENOTSOCK) X(ENOTTY) X(ENXIO) X(EOPNOTSUPP) \
  X(EOVERFLOW) X(EOWNERDEAD) X(EPERM) X(EPIPE) X(EPROTO) \
  X(EPROTONOSUPPORT) X(EPROTOTYPE) X(ERANGE) X(EROFS) X(ESPIPE) X(ESRCH) \
  X(ESTALE) X(ETIMEDOUT) X(ETXTBSY) X(EXDEV)

/* errno(3): what Linux has beyond that. */
#define LINUXERRORS(X) \
  X(EADV) X(EBADE) X(EBADFD) X(EBADR) X(EBADRQC) X(EBADSLT) X(EBFONT) \
  X(ECHRNG) X(ECOMM) X(EDOTDOT) X(EHOSTDOWN) X(EHWPOISON) X(EISNAM) \
  X(EKEYEXPIRED) X(EKEYREJECTED) X(EKEYREVOKED) X(EL2HLT) X(EL2NSYNC) \
  X(EL3HLT) X(EL3RST) X(ELIBACC) X(ELIBBAD) X(ELIBEXEC) X(ELIBMAX) \
  X(ELIBSCN) X(ELNRNG) X(EMEDIUMTYPE) X(ENAVAIL) X(ENOANO) X(ENOCSI) \
  X(ENODATA) X(ENOKEY) X(ENOMEDIUM) X(ENONET) X(ENOPKG) X(ENOSR) X(ENOSTR) \
  X(ENOTBLK) X(ENOTNAM) X(ENOTUNIQ) X(EPFNOSUPPORT) X(EREMCHG) X(EREMOTE) \
  X(EREMOTEIO) X(ERESTART) X(ERFKILL) X(ESHUTDOWN) X(ESOCKTNOSUPPORT) \
  X(ESRMNT) X(ESTRPIPE) X(ETIME) X(ETOOMANYREFS) X(EUCLEAN) X(EUNATCH) \
  X(EUSERS) X(EXFULL)

/* getaddrinfo(3) */
#define GAIERRORS(X) \
  X(EAI_AGAIN) X(EAI_BADFLAGS) X(EAI_FAIL) X(EAI_FAMILY) X(EAI_MEMORY) \
  X(EAI_NONAME) X(EAI_OVERFLOW) X(EAI_SERVICE) X(EAI_SOCKTYPE) X(EAI_SYSTEM)

#define ERROR(name) { #name, name },

static const struct error {
  const char *name;
  int value;
} errors[] = {
  POSIXERRORS(ERROR)
#if defined(__linux__)
  LINUXERRORS(ERROR)
#endif
}, gaierrors[] = {
  GAIERRORS(ERROR)
  /* glibc has these with _GNU_SOURCE */
#ifdef EAI_NODATA
  ERROR(EAI_NODATA)
#endif
#ifdef EAI_ADDRFAMILY
  ERROR(EAI_ADDRFAMILY)
#endif
#ifdef EAI_INPROGRESS
  ERROR(EAI_INPROGRESS)
#endif
#ifdef EAI_CANCELED
  ERROR(EAI_CANCELED)
#endif
#ifdef EAI_NOTCANCELED
  ERROR(EAI_NOTCANCELED)
#endif
#ifdef EAI_ALLDONE
  ERROR(EAI_ALLDONE)
#endif
#ifdef EAI_INTR
  ERROR(EAI_INTR)
#endif
#ifdef EAI_IDN_ENCODE
  ERROR(EAI_IDN_ENCODE)
#endif
};

#define countof(list) (sizeof(list) / sizeof((list)[0]))


static const char *nameof (const struct error *list, size_t n, int value) {
  for (size_t i = 0; i < n; i++)
    if (list[i].value == value) return list[i].name;
  return NULL;
}


/* The system's texts begin with a capital, which does not suit the middle of a
** message; "RFS specific error" keeps its own. */
static void pushlowered (lua_State *L, const char *text) {
  char first = text[0];
  if (first >= 'A' && first <= 'Z' && !(text[1] >= 'A' && text[1] <= 'Z'))
    lua_pushfstring(L, "%c%s", first - 'A' + 'a', text + 1);
  else
    lua_pushstring(L, text);
}


void sk_pusherrorname (lua_State *L, int err) {
  const char *name = nameof(errors, countof(errors), err);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushfstring(L, "E%d", err);
}


/* strerror is not safe with threads.  Of strerror_r there are two: glibc's
** returns the text, POSIX's a number. */
void sk_pusherrortext (lua_State *L, int err) {
  char room[256];
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
  pushlowered(L, strerror_r(err, room, sizeof(room)));
#else
  if (strerror_r(err, room, sizeof(room)) == 0)
    pushlowered(L, room);
  else
    lua_pushfstring(L, "unknown error %d", err);
#endif
}


/* Puts "call subject: " below the reason on the top of the stack. */
static void explain (lua_State *L, const char *call, int subject) {
  luaL_checkstack(L, 6, NULL);
  lua_pushstring(L, call);
  if (subject != 0) {
    lua_pushliteral(L, " ");
    luaL_tolstring(L, subject, NULL); /* may hold any bytes: no %s */
    lua_concat(L, 3);
  }
  lua_pushliteral(L, ": ");
  lua_rotate(L, -3, -1);
  lua_concat(L, 3);
}


int sk_failure (lua_State *L, const char *call, int subject,
                const char *reason, const char *code) {
  if (subject != 0) subject = lua_absindex(L, subject);
  luaL_checkstack(L, 3, NULL);
  lua_pushnil(L);
  lua_pushstring(L, reason);
  explain(L, call, subject);
  lua_pushstring(L, code);
  return 3;
}


int sk_error (lua_State *L, const char *call, int subject, int err) {
  if (subject != 0) subject = lua_absindex(L, subject);
  luaL_checkstack(L, 3, NULL);
  lua_pushnil(L);
  sk_pusherrortext(L, err);
  explain(L, call, subject);
  sk_pusherrorname(L, err);
  return 3;
}


int sk_gaierror (lua_State *L, const char *call, int subject, int eai,
                 int err) {
  if (eai == EAI_SYSTEM) return sk_error(L, call, subject, err);
  if (subject != 0) subject = lua_absindex(L, subject);
  luaL_checkstack(L, 3, NULL);
  lua_pushnil(L);
  pushlowered(L, gai_strerror(eai));
  explain(L, call, subject);
  const char *name = nameof(gaierrors, countof(gaierrors), eai);
  if (name != NULL)
    lua_pushstring(L, name);
  else
    lua_pushfstring(L, "EAI_%d", eai);
  return 3;
}
