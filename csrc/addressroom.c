/*
** addressroom.c: the one form of an address, whoever made it, so that what a
** program builds and what the kernel reports are the same value.
*/

#include <string.h>

#include "addresstext.h"


void sk_roominit (sk_Room *r, int family) {
  memset(r, 0, sizeof(*r));
  r->sa.sa_family = (sa_family_t)family;
  switch (family) {
    case AF_INET: r->len = sizeof(r->in); return;
    case AF_INET6: r->len = sizeof(r->in6); return;
#if SK_LINUX
    case AF_PACKET: r->len = sizeof(r->ll); return;
    case AF_NETLINK: r->len = sizeof(r->nl); return;
    case AF_VSOCK: r->len = sizeof(r->vm); return;
#endif
    default: r->len = SK_BODY; /* UNIX: unnamed */
  }
}


#if SK_LINUX

/* packet(7): getsockname counts the hardware address only, recvfrom at least
** the whole structure, and bind wants that. */
static socklen_t packetlength (const sk_Room *r) {
  socklen_t n = (socklen_t)(SK_HARDWARE + r->ll.sll_halen);
  return n < sizeof(r->ll) ? (socklen_t)sizeof(r->ll) : n;
}


static void normalisepacket (sk_Room *r) {
  size_t end = SK_HARDWARE + r->ll.sll_halen;
  socklen_t len = packetlength(r);
  if (r->len < SK_HARDWARE || r->len > len || len > sizeof(r->bytes)) return;
  memset(r->bytes + end, 0, sizeof(r->bytes) - end);
  r->len = len;
}

#endif


/* unix(7): the kernel reports the NUL after a path, for which a path of 108
** bytes has no room; bind and connect do without. */
static void normaliseunix (sk_Room *r) {
  if (r->len > SK_PATH && r->un.sun_path[0] != '\0')
    r->len = (socklen_t)(SK_PATH + strnlen((char *)r->bytes + SK_PATH,
                                           r->len - SK_PATH));
}


void sk_normalise (sk_Room *r) {
  switch (sk_family(r)) {
    case AF_INET:
      if (r->len == sizeof(r->in))
        memset(r->in.sin_zero, 0, sizeof(r->in.sin_zero));
      return;
    case AF_UNIX: normaliseunix(r); return;
#if SK_LINUX
    case AF_PACKET: normalisepacket(r); return;
    case AF_NETLINK:
      if (r->len == sizeof(r->nl)) r->nl.nl_pad = 0;
      return;
    case AF_VSOCK:
      if (r->len == sizeof(r->vm)) r->vm.svm_reserved1 = 0;
      return;
#endif
    default: return;
  }
}


#if SK_LINUX

/* What follows the context's number are flags, in younger kernels. */
static int plainvsock (const sk_Room *r) {
  static const unsigned char zero[sizeof(struct sockaddr_vm)] = { 0 };
  size_t start = offsetof(struct sockaddr_vm, svm_cid) + sizeof(r->vm.svm_cid);
  return r->len == sizeof(r->vm) &&
         memcmp(r->bytes + start, zero, sizeof(r->vm) - start) == 0;
}

#endif


int sk_wellformed (const sk_Room *r) {
  switch (sk_family(r)) {
    case AF_INET: return r->len == sizeof(r->in);
    case AF_INET6: return r->len == sizeof(r->in6);
#if SK_LINUX
    case AF_PACKET:
      return r->len >= SK_HARDWARE && r->len == packetlength(r) &&
             r->ll.sll_halen <= SK_HARDWAREMAX && r->ll.sll_ifindex >= 0;
    case AF_NETLINK: return r->len == sizeof(r->nl);
    case AF_VSOCK: return plainvsock(r);
#endif
    default: return 1;
  }
}
