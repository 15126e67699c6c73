/*
** sigpipe.h: write, sendfile and splice without SIGPIPE.
*/

#ifndef sockeye_sigpipe_h
#define sockeye_sigpipe_h

#include "sys.h"

typedef struct sk_Sigpipe {
  sigset_t mask;
  int pending;
} sk_Sigpipe;

/*
** Only the send calls have MSG_NOSIGNAL (trap T3).  Around the others, SIGPIPE
** is blocked for this thread and taken out when the call raised it; the
** disposition, which belongs to the whole process, stays as it is.
*/
void sk_holdsigpipe (sk_Sigpipe *h);
/* Keeps errno. */
void sk_releasesigpipe (const sk_Sigpipe *h);

#endif
