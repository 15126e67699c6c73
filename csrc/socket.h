/*
** socket.h: the socket userdata.
*/

#ifndef sockeye_socket_h
#define sockeye_socket_h

#include <lauxlib.h>
#include <lua.h>

#include "address.h"
#include "sys.h"
#include "wait.h"

#define SK_SOCKET "sockeye.socket"

typedef struct sk_Socket {
  sk_Watch watch;          /* first; watch.fd is the descriptor, -1 closed */
  int family;              /* AF_*, or -1 for something that is no socket */
  int type;                /* SOCK_* */
  int protocol;
  unsigned borrowed : 1;   /* made elsewhere: its status flags are shared */
  unsigned always : 1;     /* a regular file: always ready */
  unsigned connecting : 1; /* a connect was started and not yet reported */
} sk_Socket;

/* User values of a socket. */
#define SK_UPEER 1   /* the peer's address, when known */
#define SK_UFROM 2   /* the address of the last recvfrom */
#define SK_NUSERVALUES 2

#define sk_isopen(s) ((s)->watch.fd >= 0)
#define sk_issocket(s) ((s)->family >= 0)

/* The socket at index 1, open or closed; raises for anything else. */
sk_Socket *sk_tosocket (lua_State *L);
/* The socket at `arg`, or NULL. */
sk_Socket *sk_testsocket (lua_State *L, int arg);

/* Pushes a new closed socket, made *before* the call that yields its
** descriptor: store that in watch.fd at once. */
sk_Socket *sk_newsocket (lua_State *L, int family, int type, int protocol);
/* Finds out by itself what the descriptor, just received, is (family, type,
** protocol, or no socket at all).  No Lua API: cannot raise. */
void sk_adopt (sk_Socket *s, int fd, int borrowed);

/* The failure triple for call `name` on the socket at index 1, naming its peer,
** else its own address; returns 3. */
int sk_sockfail (lua_State *L, const char *name, int err);
/* The same for a socket that is closed: code "closed". */
int sk_sockclosed (lua_State *L, const char *name);
/* For attempts: SK_AGAIN or SK_INTR when err says so, else sk_sockfail. */
int sk_sockresult (lua_State *L, const char *name, int err);
/* The subject of a socket's operations, for sk_Op. */
void sk_sockpeer (lua_State *L);

/* Flags for every send and receive: MSG_DONTWAIT, and for send MSG_NOSIGNAL.
** The descriptors that sockeye makes are non-blocking, borrowed ones not. */
#define SK_RECVFLAGS MSG_DONTWAIT
#define SK_SENDFLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)

/* For calls on descriptors whose status flags are not ours, which might block
** (T27): whether poll reports one of `events`, an error or a hang-up.  If not,
** errno says why, as the call itself would: EAGAIN, or EINTR. */
int sk_whenready (int fd, short events);

/* Only UNIX sockets carry descriptors; packet sockets refuse the flag. */
#define sk_cloexecflag(s) ((s)->family == AF_UNIX ? MSG_CMSG_CLOEXEC : 0)

/* send, or write where s is no socket (without SIGPIPE); errno as usual. */
ssize_t sk_sendbytes (const sk_Socket *s, const void *data, size_t n,
                      int flags);

/* Adds the functions to the methods of sockets. */
void sk_addmethods (lua_State *L, const luaL_Reg *methods);

/* Pushes the address of the last recvfrom-like call, reusing the last value
** when the bytes are the same; the socket is at index 1. */
void sk_pushfrom (lua_State *L, const struct sockaddr_storage *sa,
                  socklen_t len);

void sk_opensocket (lua_State *L);   /* each adds to the table on top */
void sk_openconnection (lua_State *L);
void sk_opentransfer (lua_State *L);
void sk_openreceive (lua_State *L);  /* by sk_opentransfer */
void sk_openpoll (lua_State *L);
void sk_opensendfile (lua_State *L);
void sk_openmessage (lua_State *L);
void sk_openoption (lua_State *L);
void sk_openresolve (lua_State *L);
void sk_openinterface (lua_State *L);

#endif
