/*
** sigpipe.c: write, sendfile and splice without SIGPIPE.
*/

#include <errno.h>

#include "sigpipe.h"


static void sigpipeset (sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGPIPE);
}


void sk_holdsigpipe (sk_Sigpipe *h) {
  sigset_t set, pending;
  sigemptyset(&pending);
  sys_sigpending(&pending);
  h->pending = sigismember(&pending, SIGPIPE);
  sigpipeset(&set);
  sys_pthread_sigmask(SIG_BLOCK, &set, &h->mask);
}


/*
** Not only after EPIPE: a sendfile that has sent a part before the peer died
** returns its length, and the signal comes all the same.
*/
void sk_releasesigpipe (const sk_Sigpipe *h) {
  int err = errno;
  if (!h->pending) {  /* one that was there is not ours */
    static const struct timespec atonce = {0, 0};
    sigset_t set;
    sigpipeset(&set);
    while (sys_sigtimedwait(&set, NULL, &atonce) < 0 && errno == EINTR)
      ;
  }
  sys_pthread_sigmask(SIG_SETMASK, &h->mask, NULL);
  errno = err;
}
