/*
** optionvalue.h: the types of socket options: bytes of the kernel <-> Lua
** values.
*/

#ifndef sockeye_optionvalue_h
#define sockeye_optionvalue_h

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

#include "sys.h"

/* What may be done with an option. */
#define SK_GET 1
#define SK_SET 2
#define SK_BOTH 3

/* Where setoption has its value. */
#define SK_VALUE 3

typedef struct sk_Type sk_Type;

/* One option.  What lo, hi and names mean depends on the type. */
typedef struct sk_Option {
  const char *name;
  int level;
  int number;          /* SK_ABSENT: this system does not have it */
  int access;
  const sk_Type *type;
  int64_t lo;
  int64_t hi;
  const void *names;
} sk_Option;

/* A value on its way to the kernel. */
typedef struct sk_Value {
  int level;           /* where it goes: the option's, but a type may say */
  int number;          /* otherwise */
  socklen_t len;
  const void *data;    /* `room`, or memory that the Lua stack keeps alive */
  union {
    int i;
    unsigned u;
    int64_t i64;
    uint64_t u64;
    unsigned long rate;
    struct linger linger;
    struct timeval time;
    unsigned char bytes[320];
  } room;
} sk_Value;

struct sk_Type {
  const char *name;
  socklen_t size;      /* of the kernel's value; 0: the option's hi */
  /* Pushes one value for what the kernel gave. */
  void (*push) (lua_State *L, const sk_Option *o, const void *data,
                socklen_t len);
  /* Fills v from the value at SK_VALUE: raises on misuse, otherwise returns
  ** 0 or an errno value.  May leave values on the stack, for v->data. */
  int (*take) (lua_State *L, const sk_Option *o, sk_Value *v);
};

/* optionlist.c: the table; ends with a NULL name */
extern const sk_Option sk_options[];

/* optionvalue.c: single values */
extern const sk_Type sk_tboolean;
extern const sk_Type sk_tinteger;   /* lo..hi; unsigned when hi > INT_MAX */
extern const sk_Type sk_tinteger64; /* lo..hi */
extern const sk_Type sk_tname;      /* names: sk_Constant list */
extern const sk_Type sk_tflags;     /* names: sk_Constant list of bits */
extern const sk_Type sk_tseconds;   /* an int; lo: units in a second */
extern const sk_Type sk_tlinger2;   /* tcp_linger2 */
extern const sk_Type sk_ttimeval;
extern const sk_Type sk_tlinger;
extern const sk_Type sk_trate;      /* unsigned long; all ones: no limit */
extern const sk_Type sk_ttext;      /* hi: size of the field, with its NUL */
extern const sk_Type sk_tbytes;     /* hi: most bytes */
extern const sk_Type sk_terror;
extern const sk_Type sk_tprotocol;
extern const sk_Type sk_tcommand;   /* true: do it; carries no value */

/* optiontable.c: structures */
extern const sk_Type sk_tcredentials;
extern const sk_Type sk_tgroups;
extern const sk_Type sk_tdescriptor; /* option.c gets it by itself */
extern const sk_Type sk_tmeminfo;
extern const sk_Type sk_ttxtime;
extern const sk_Type sk_ttcpinfo;
extern const sk_Type sk_tmd5sig;
extern const sk_Type sk_tfilter;
extern const sk_Type sk_tportrange;
extern const sk_Type sk_tpathmtu;
extern const sk_Type sk_tstatistics;
extern const sk_Type sk_tbitmap;

/* optiongroup.c: multicast groups and interfaces */
extern const sk_Type sk_tinterface4; /* by address, name or index */
extern const sk_Type sk_tinterface;  /* name or index; lo: big-endian */
extern const sk_Type sk_tmembership4;
extern const sk_Type sk_tsource4;    /* lo: the protocol-independent number */
extern const sk_Type sk_tmembership6;
extern const sk_Type sk_tmembership; /* protocol-independent */
extern const sk_Type sk_tsource;     /* protocol-independent, with source */
extern const sk_Type sk_tpacketmembership;

/* Sets v's data to its own room. */
void sk_valueroom (sk_Value *v, size_t len);

/* Pushes a flags table: {name = true, ...}; bits without a name have their
** number as key. */
void sk_pushbits (lua_State *L, const void *names, unsigned bits);
/* The bits of the flags table or integer at `arg`; raises, naming `what`. */
unsigned sk_checkbits (lua_State *L, int arg, const void *names,
                       const char *what);

/* Checks of the fields of the table at SK_VALUE; `what` is the option's name.
** Each raises, naming both.  sk_valueint gives def for an absent field;
** sk_valuebytes pushes the field and gives NULL for an absent one;
** sk_valuename takes a name of the sk_Constant list or a number, and leaves
** the field on the stack. */
lua_Integer sk_valueint (lua_State *L, const char *what, const char *key,
                         lua_Integer def, lua_Integer lo, lua_Integer hi);
const char *sk_valuebytes (lua_State *L, const char *what, const char *key,
                           size_t *len);
int sk_valuename (lua_State *L, const char *what, const char *key,
                  const void *names, const char *def);
/* The table at SK_VALUE, with no other keys than these. */
void sk_valuekeys (lua_State *L, const char *what, const char *const keys[]);

/* Pushes the address of the field `key` (NULL: of the value itself) and
** returns it; NULL, with nil pushed, if the field is absent. */
const struct sockaddr *sk_valueaddress (lua_State *L, const char *what,
                                        const char *key);
/* The index of the interface at `arg`: an index, a name, or nil for 0.
** Returns 0 or an errno value. */
int sk_interfaceindex (lua_State *L, int arg, const char *what,
                       unsigned *index);

#endif
