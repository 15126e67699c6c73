/*
** core.c: luaopen_sockeye_core: assembles the module table.
*/

/***
The Berkeley socket calls for Lua, under their own names.

Success is the value asked for, or the socket itself where there is nothing to
say. What the network or the system causes is `nil, message, code`: the message
names the call and the address, the code is the system's symbol
(`"ECONNREFUSED"`, `"EAI_NONAME"`) or one of sockeye's own in small letters:
`"timeout"`, `"closed"`, `"eof"`, `"limit"`. Misuse raises an error that names
the argument.

A call that has to wait waits, at most as long as `settimeout` says: in a task
it lets the others run, elsewhere it turns the loop, so that they run as well.

Where an address is expected, an address value, a string that `address` takes,
or host and port in two arguments may be given. Names are never resolved there:
see `getaddrinfo`.

@module sockeye.core
*/

#include <lauxlib.h>
#include <lua.h>

#include "address.h"
#include "constant.h"
#include "loop.h"
#include "socket.h"

#define SK_EXPORT __attribute__((visibility("default")))

#if defined(SOCKEYE_FAULT)
void sk_openfault (lua_State *L);
#endif

SK_EXPORT int luaopen_sockeye_core (lua_State *L);


SK_EXPORT int luaopen_sockeye_core (lua_State *L) {
  luaL_checkversion(L);
  lua_newtable(L);
  sk_openloop(L);
  sk_openconstant(L);
  sk_openaddress(L);
  sk_opensocket(L);
  sk_openconnection(L);
  sk_opentransfer(L);
  sk_opensendfile(L);
  sk_openpoll(L);
  sk_openmessage(L);
  sk_openoption(L);
  sk_openresolve(L);
  sk_openinterface(L);
#if defined(SOCKEYE_FAULT)
  sk_openfault(L);
#endif
  return 1;
}
