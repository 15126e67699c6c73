/*
** record.c: the end of sockets that keep boundaries.
*/

#include <errno.h>
#include <string.h>

#include "control.h"

#if !defined(POLLRDHUP)
#define POLLRDHUP 0
#endif


/* Whether nothing is left, the other end having hung up.  Nothing in what a
** receive returns tells an empty record from the end, unless the socket takes
** credentials: then a record without room for them is marked as cut. */
static int norecord (int fd) {
  struct msghdr msg;
  ssize_t n;
  memset(&msg, 0, sizeof(msg));
  n = sys_recvmsg(fd, &msg, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  return n == 0 && !(msg.msg_flags & MSG_CTRUNC);
}

#if defined(SO_PASSCRED)

static int passcred (int fd, int on) {
  return sys_setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;
}


static int marksrecords (int fd) {
  int on = 0;
  socklen_t len = sizeof(on);
  return sys_getsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, &len) == 0 && on;
}


static int ended (const sk_Socket *s) {
  int fd = s->watch.fd;
  int end = norecord(fd);
  if (!end || s->family != AF_UNIX || marksrecords(fd) || !passcred(fd, 1))
    return end;
  end = norecord(fd);
  passcred(fd, 0);
  return end;
}

#else

#define ended(s) norecord((s)->watch.fd)

#endif


int sk_nextrecord (sk_Socket *s) {
  struct pollfd pfd;
  int n;
  pfd.fd = s->watch.fd;
  pfd.events = POLLIN | POLLRDHUP;
  pfd.revents = 0;
  do n = sys_poll(&pfd, 1, 0);
  while (n < 0 && errno == EINTR);  /* it does not sleep */
  if (n == 0)
    return SK_AGAIN;
  if (n < 0 || (pfd.revents & (POLLERR | POLLNVAL)))
    return 0;  /* the receive will tell */
  return (pfd.revents & (POLLHUP | POLLRDHUP)) ? ended(s) : 0;
}


int sk_isshut (const sk_Socket *s) {
  struct pollfd pfd;
  if (s->type == SOCK_STREAM || s->type == SOCK_SEQPACKET)
    return 0;
  pfd.fd = s->watch.fd;
  pfd.events = POLLRDHUP;
  pfd.revents = 0;
  return sys_poll(&pfd, 1, 0) > 0 && (pfd.revents & POLLRDHUP);
}
