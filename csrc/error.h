/*
** error.h: the one place that turns a failure into nil, message, code.
**
** Message: "call subject: reason", as in
** "connect 127.0.0.1:1: connection refused".
*/

#ifndef sockeye_error_h
#define sockeye_error_h

#include <lua.h>

/* Symbols of sockeye's own; the system's are in capitals. */
#define SK_ETIMEOUT "timeout"
#define SK_ECLOSED "closed"
#define SK_ELIMIT "limit"

/* Each pushes nil, message, code and returns 3.  `subject` is the stack index
** of any value, whose tostring is put into the message, or 0 for none. */
int sk_failure (lua_State *L, const char *call, int subject,
                const char *reason, const char *code);
int sk_error (lua_State *L, const char *call, int subject, int err);
int sk_gaierror (lua_State *L, const char *call, int subject, int eai,
                 int err);

/* "ECONNREFUSED" for ECONNREFUSED; "E123" for a number without a name. */
void sk_pusherrorname (lua_State *L, int err);
/* "connection refused" */
void sk_pusherrortext (lua_State *L, int err);

#endif
