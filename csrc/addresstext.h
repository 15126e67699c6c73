/*
** addresstext.h: what stands between an address value and its text or table.
** Only the address*.c files use it.
*/

#ifndef sockeye_addresstext_h
#define sockeye_addresstext_h

#include <lua.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

#include "address.h"

#if SK_LINUX
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#endif

/* Room in which an address is built or looked at; unused bytes are zero. */
typedef struct sk_Room {
  socklen_t len;
  union {
    struct sockaddr sa;
    struct sockaddr_storage storage;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
#if SK_LINUX
    struct sockaddr_ll ll;
    struct sockaddr_nl nl;
    struct sockaddr_vm vm;
#endif
    unsigned char bytes[sizeof(struct sockaddr_storage)];
  };
} sk_Room;

#define SK_BODY offsetof(struct sockaddr, sa_data) /* what follows sa_family */
#define SK_PATH offsetof(struct sockaddr_un, sun_path)
#define SK_PATHMAX (sizeof(struct sockaddr_un) - SK_PATH)
#define SK_HARDWARE offsetof(struct sockaddr_ll, sll_addr)
#define SK_HARDWAREMAX 32 /* MAX_ADDR_LEN of the kernel */

/* Empties the room for an address of that family. */
void sk_roominit (sk_Room *r, int family);
/* Gives it the one form that it has, whoever made it. */
void sk_normalise (sk_Room *r);
/* Whether the length and the parts without a name are as they should be, so
** that the fields tell everything. */
int sk_wellformed (const sk_Room *r);
int sk_isabstract (const sk_Room *r);

/* Each of these returns NULL, or the reason and the error code. */

/* An IPv4 or IPv6 literal, with scope, in brackets or not; keeps the port. */
const char *sk_parsehost (sk_Room *r, const char *text, size_t len,
                          const char **code);
/* Text that is an address all by itself. */
const char *sk_parselone (sk_Room *r, const char *text, size_t len,
                          const char **code);
/* A UNIX socket's name; the first byte of an abstract one becomes NUL. */
const char *sk_setunix (sk_Room *r, const char *name, size_t len,
                        int abstract, const char **code);
const char *sk_setraw (sk_Room *r, const char *bytes, size_t len,
                       const char **code);
/* An interface's name, or its number in decimal. */
const char *sk_parseinterface (const char *text, size_t len, unsigned *index,
                               const char **code);
/* The table at `arg`, which is used as scratch.  Raises on misuse. */
const char *sk_parsetable (lua_State *L, int arg, sk_Room *r,
                           const char **code);
/* "10.0.0.0/8"; *bits is the prefix's length. */
const char *sk_parseprefix (sk_Room *r, const char *text, size_t len,
                            unsigned *bits);

/* Whether text has the shape of an address all by itself, right or wrong, as
** opposed to that of a host, whose port comes separately. */
int sk_looksalone (const char *text, size_t len);

/* Whether that name of a UNIX socket, "@x" or "\0x", means an abstract one. */
int sk_namesabstract (const char *name, size_t len);

void sk_pushtext (lua_State *L, const sk_Room *r); /* for tostring */
void sk_pushhost (lua_State *L, const sk_Room *r); /* without the scope */
void sk_pushpath (lua_State *L, const sk_Room *r); /* abstract: "@name" */
/* The interface's name, or the number when it has none. */
void sk_pushinterface (lua_State *L, unsigned index);
/* Pushes one value; nil for an unknown field. */
void sk_pushfield (lua_State *L, const sk_Room *r, const char *name);

#endif
