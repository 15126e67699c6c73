/*
** address.h: address values, immutable and interned: equal addresses are the
** same userdata.
*/

#ifndef sockeye_address_h
#define sockeye_address_h

#include <lua.h>
#include <stddef.h>

#include "sys.h"

#define SK_ADDRESS "sockeye.address"

typedef struct sk_Address {
  socklen_t len;
  _Alignas(8) unsigned char bytes[]; /* a struct sockaddr_* of len bytes */
} sk_Address;

#define sk_sockaddr(a) ((const struct sockaddr *)(const void *)(a)->bytes)
#define sk_family(a) (sk_sockaddr(a)->sa_family)

/* Pushes the interned address for what the kernel wrote; nil when the length
** says that there is none.  `len` may be larger than `size`, the room there
** was (the kernel reports the true length): then the address was cut, which
** happens to no family sockeye knows; nil. */
void sk_pushaddress (lua_State *L, const void *sa, socklen_t len,
                     socklen_t size);

/* The address at `arg`, or NULL if it is something else. */
const sk_Address *sk_testaddress (lua_State *L, int arg);

/* Where an address is expected: an address, a string that core.address takes
** ("127.0.0.1:80", "/run/x"), or host and port in two arguments.  Afterwards
** exactly one stack slot, `arg`, holds the address, and later arguments have
** moved down accordingly.  Raises, naming the argument, on anything else. */
const sk_Address *sk_checkaddress (lua_State *L, int arg);

/* Parses text into an address on the top of the stack and returns NULL, or
** pushes nothing and returns the reason, a static string; *code is then the
** error code.  port < 0: the text holds the port itself. */
const char *sk_parseaddress (lua_State *L, const char *text, size_t len,
                             int port, const char **code);

void sk_openaddress (lua_State *L); /* adds address to the table on top */

#endif
