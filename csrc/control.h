/*
** control.h: the messages of sendmsg and recvmsg: control data both ways, and
** the tables that describe what is to be sent.
*/

#ifndef sockeye_control_h
#define sockeye_control_h

#include <lua.h>
#include <stddef.h>

#include "socket.h"
#include "sys.h"

/* The most descriptors that the kernel puts into one message (L24). */
#define SK_MAXFDS 253

/* The most messages that it takes in one call (UIO_MAXIOV). */
#define SK_MAXBATCH 1024

#if SK_LINUX
typedef struct mmsghdr sk_Message;
#else
typedef struct sk_Message { struct msghdr msg_hdr; unsigned msg_len; }
  sk_Message;
#endif


/*
** {==================================================================
** Control data that came (control.c)
** ===================================================================
*/

/* Adds to the table on top what `control`, as recvmsg left it, says.  Any
** bytes will do: lengths are not trusted.  At most `nfds` descriptors in it
** become sockets; taken ones are overwritten by -1 there, so that after an
** error sk_closecontrol closes the rest and no more.  With nfds < 0 the bytes
** are only read, and no number in them is taken for a descriptor of ours. */
void sk_decodecontrol (lua_State *L, unsigned char *control, size_t len,
                       int nfds);

/* Closes the descriptors left in it, and says how many there were. */
int sk_closecontrol (unsigned char *control, size_t len);

/* }================================================================== */


/*
** {==================================================================
** Control data to be sent (attach.c)
** ===================================================================
*/

/* Where control data is put together. */
typedef struct sk_Control {
  unsigned char *bytes;
  size_t len;   /* how many there are */
  size_t room;
} sk_Control;

/* The keys of a message that become control data, as the items of an
** initializer. */
#define SK_CONTROLKEYS \
  "fds", "credentials", "control", "pktinfo", "ttl", "hoplimit", "tos", \
  "tclass", "segment", "txtime", "mark", "priority"

/* The descriptor that the value at idx, a socket, a Lua file or a number,
** stands for now; -1 when it is closed, -2 when it is something else. */
int sk_fdof (lua_State *L, int idx);

/* How much room the control data of the message at index t may need, and how
** many descriptors there are among it. */
size_t sk_controlroom (lua_State *L, int t, int item, int *nfds);
/* Encodes all of it but the descriptors.  0, or an errno value and the string
** it is about on the top. */
int sk_attach (lua_State *L, int t, int item, const sk_Socket *s,
               sk_Control *c);
/* Appends nfds descriptors, to be filled in; where they go. */
unsigned char *sk_attachfds (sk_Control *c, int nfds);

/* }================================================================== */


/*
** {==================================================================
** Messages to be sent (outgoing.c)
** ===================================================================
*/

/* One userdata holds all that the system call needs; its user value holds the
** strings, addresses and files that it points to. */
typedef struct sk_Outgoing {
  unsigned n;           /* messages */
  int addressed;        /* some message has an address of its own */
  lua_Integer to;       /* where the first one's address is kept, or 0 */
  sk_Message *list;
  struct sk_Part *parts;  /* the descriptors of each message */
} sk_Outgoing;

/* Pushes what the table at index 2 describes, as index 3: one message, or for
** `many` a list of them.  NULL with nil, message, code on the top when that
** cannot be sent; raises when it makes no sense. */
sk_Outgoing *sk_newoutgoing (lua_State *L, const sk_Socket *s, int many,
                             const char *call);
/* Writes the numbers of the descriptors, whose files may have been closed
** during a wait, into the messages; false when one has been closed.  The
** sk_Outgoing is at idx. */
int sk_fillfds (lua_State *L, int idx);
/* Pushes where the first message goes, for messages: its address, else what
** sk_sockpeer says. */
void sk_pushto (lua_State *L, int idx);

void sk_opensending (lua_State *L);  /* sendmsg, sendmmsg (sending.c) */

/* }================================================================== */


/*
** Records (SOCK_SEQPACKET): what the next receive meets.  To the kernel an
** empty record and the end look the same (L05), so this is asked *before*
** each receive of more than 0 bytes; 0 bytes received then are an empty
** record.  1 at the end; 0 when there is a record or an error; SK_AGAIN when
** there is nothing yet.  No Lua API.
*/
int sk_nextrecord (sk_Socket *s);
/* After EAGAIN on a datagram socket, whether its receiving side was shut down:
** then poll says readable for ever, and a blocking receive would end. */
int sk_isshut (const sk_Socket *s);

#endif
