/*
** sys.h: the only way to the kernel.
**
** Every system and library call that can fail for reasons outside of the
** program is made as sys_NAME.  In the test build (SOCKEYE_FAULT) the same
** names are functions of spec/support/fault.c, which can make the n-th call
** of a kind fail, be interrupted, be late or be short.
*/

#ifndef sockeye_sys_h
#define sockeye_sys_h

#include <dlfcn.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#define SK_LINUX 1
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#else
#define SK_LINUX 0
#endif

/* X(result, name, parameters, arguments) */
#define SYS_POSIX(X) \
  X(int, socket, (int family, int type, int protocol), \
    (family, type, protocol)) \
  X(int, socketpair, (int family, int type, int protocol, int fds[2]), \
    (family, type, protocol, fds)) \
  X(int, bind, (int fd, const struct sockaddr *sa, socklen_t len), \
    (fd, sa, len)) \
  X(int, connect, (int fd, const struct sockaddr *sa, socklen_t len), \
    (fd, sa, len)) \
  X(int, listen, (int fd, int backlog), (fd, backlog)) \
  X(int, accept4, (int fd, struct sockaddr *sa, socklen_t *len, int flags), \
    (fd, sa, len, flags)) \
  X(ssize_t, send, (int fd, const void *buf, size_t n, int flags), \
    (fd, buf, n, flags)) \
  X(ssize_t, recv, (int fd, void *buf, size_t n, int flags), \
    (fd, buf, n, flags)) \
  X(ssize_t, sendto, (int fd, const void *buf, size_t n, int flags, \
                      const struct sockaddr *sa, socklen_t len), \
    (fd, buf, n, flags, sa, len)) \
  X(ssize_t, recvfrom, (int fd, void *buf, size_t n, int flags, \
                        struct sockaddr *sa, socklen_t *len), \
    (fd, buf, n, flags, sa, len)) \
  X(ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags), \
    (fd, msg, flags)) \
  X(ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), \
    (fd, msg, flags)) \
  X(int, shutdown, (int fd, int how), (fd, how)) \
  X(int, close, (int fd), (fd)) \
  X(int, getsockname, (int fd, struct sockaddr *sa, socklen_t *len), \
    (fd, sa, len)) \
  X(int, getpeername, (int fd, struct sockaddr *sa, socklen_t *len), \
    (fd, sa, len)) \
  X(int, getsockopt, (int fd, int level, int name, void *value, \
                      socklen_t *len), (fd, level, name, value, len)) \
  X(int, setsockopt, (int fd, int level, int name, const void *value, \
                      socklen_t len), (fd, level, name, value, len)) \
  X(int, ioctl, (int fd, unsigned long request, void *arg), \
    (fd, request, arg)) \
  X(int, fcntl, (int fd, int command, int arg), (fd, command, arg)) \
  X(int, fstat, (int fd, struct stat *st), (fd, st)) \
  X(ssize_t, read, (int fd, void *buf, size_t n), (fd, buf, n)) \
  X(ssize_t, write, (int fd, const void *buf, size_t n), (fd, buf, n)) \
  X(ssize_t, writev, (int fd, const struct iovec *iov, int n), (fd, iov, n)) \
  X(ssize_t, pread, (int fd, void *buf, size_t n, off_t offset), \
    (fd, buf, n, offset)) \
  X(int, pipe, (int fds[2]), (fds)) \
  X(int, poll, (struct pollfd *fds, nfds_t n, int timeout), \
    (fds, n, timeout)) \
  X(int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *ts, \
                 const sigset_t *mask), (fds, n, ts, mask)) \
  X(int, clock_gettime, (clockid_t clock, struct timespec *ts), (clock, ts)) \
  X(int, pthread_create, (pthread_t *thread, const pthread_attr_t *attr, \
                          void *(*start)(void *), void *arg), \
    (thread, attr, start, arg)) \
  X(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old), \
    (how, set, old)) \
  X(int, sigpending, (sigset_t *set), (set)) \
  X(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, \
                        const struct timespec *ts), (set, info, ts)) \
  X(int, getaddrinfo, (const char *host, const char *service, \
                       const struct addrinfo *hints, struct addrinfo **list), \
    (host, service, hints, list)) \
  X(int, getnameinfo, (const struct sockaddr *sa, socklen_t len, char *host, \
                       socklen_t hostlen, char *service, \
                       socklen_t servicelen, int flags), \
    (sa, len, host, hostlen, service, servicelen, flags)) \
  X(int, getifaddrs, (struct ifaddrs **list), (list)) \
  X(struct if_nameindex *, if_nameindex, (void), ()) \
  X(unsigned, if_nametoindex, (const char *name), (name)) \
  X(char *, if_indextoname, (unsigned index, char *name), (index, name)) \
  X(void *, mmap, (void *addr, size_t len, int prot, int flags, int fd, \
                   off_t offset), (addr, len, prot, flags, fd, offset)) \
  X(int, munmap, (void *addr, size_t len), (addr, len)) \
  X(int, dladdr, (const void *addr, Dl_info *info), (addr, info)) \
  X(void *, dlopen, (const char *path, int flags), (path, flags))

#if SK_LINUX
#define SYS_LINUX(X) \
  X(int, sendmmsg, (int fd, struct mmsghdr *list, unsigned n, int flags), \
    (fd, list, n, flags)) \
  X(int, recvmmsg, (int fd, struct mmsghdr *list, unsigned n, int flags, \
                    struct timespec *ts), (fd, list, n, flags, ts)) \
  X(ssize_t, sendfile, (int out, int in, off_t *offset, size_t n), \
    (out, in, offset, n)) \
  X(int, epoll_create1, (int flags), (flags)) \
  X(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event), \
    (epfd, op, fd, event)) \
  X(int, epoll_pwait, (int epfd, struct epoll_event *events, int n, \
                       int timeout, const sigset_t *mask), \
    (epfd, events, n, timeout, mask)) \
  X(int, eventfd, (unsigned value, int flags), (value, flags)) \
  X(int, madvise, (void *addr, size_t len, int advice), (addr, len, advice))
#else
#define SYS_LINUX(X)
#endif

/* Services and protocols: POSIX has only calls that share one result. */
#if defined(__GLIBC__)
#define SYS_GLIBC(X) \
  X(int, getservbyname_r, (const char *name, const char *protocol, \
                           struct servent *entry, char *buf, size_t n, \
                           struct servent **result), \
    (name, protocol, entry, buf, n, result)) \
  X(int, getservbyport_r, (int port, const char *protocol, \
                           struct servent *entry, char *buf, size_t n, \
                           struct servent **result), \
    (port, protocol, entry, buf, n, result)) \
  X(int, getprotobyname_r, (const char *name, struct protoent *entry, \
                            char *buf, size_t n, struct protoent **result), \
    (name, entry, buf, n, result)) \
  X(int, getprotobynumber_r, (int number, struct protoent *entry, char *buf, \
                              size_t n, struct protoent **result), \
    (number, entry, buf, n, result))
#else
#define SYS_GLIBC(X) \
  X(struct servent *, getservbyname, (const char *name, \
                                      const char *protocol), \
    (name, protocol)) \
  X(struct servent *, getservbyport, (int port, const char *protocol), \
    (port, protocol)) \
  X(struct protoent *, getprotobyname, (const char *name), (name)) \
  X(struct protoent *, getprotobynumber, (int number), (number))
#endif

#define SYS_CALLS(X) SYS_POSIX(X) SYS_LINUX(X) SYS_GLIBC(X)

#if defined(SOCKEYE_FAULT)
#define SYS_DECLARE(result, name, parameters, arguments) \
  result sys_##name parameters;
#else
#define SYS_DECLARE(result, name, parameters, arguments) \
  static inline result sys_##name parameters { return name arguments; }
#endif
SYS_CALLS(SYS_DECLARE)
#undef SYS_DECLARE

#endif
