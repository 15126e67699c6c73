/*
** lookup.c: a name service that the specs command.  Preloaded before the C
** library, so that the module under test is the one that users have.
**
** Hosts "held...": says "entered HOST" on standard output, and answers
** 192.0.2.9 when there is a byte (or the end) on standard input.  "system":
** fails with EAI_SYSTEM and errno ETOOMANYREFS; "again": with EAI_AGAIN.  All
** others go to the library.  getnameinfo holds 192.0.2.1, where its name is
** asked for.
**
** When the process ends, which is after the Lua state was closed, all held
** calls go on.  It says "quiet" when all threads but this one have ended, as
** only those do whose code is still there (traps T23 and T24).
*/

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef int (*Getaddrinfo) (const char *, const char *,
                            const struct addrinfo *, struct addrinfo **);
typedef int (*Getnameinfo) (const struct sockaddr *, socklen_t, char *,
                            socklen_t, char *, socklen_t, int);

static atomic_int ending;
static atomic_int called;

static void say (const char *text, const char *name) {
  char line[1200];
  int n = snprintf(line, sizeof(line), "%s%s\n", text, name);
  if (write(1, line, (size_t)n) < 0) _exit(99);
}

static void hold (const char *name) {
  char byte;
  say("entered ", name);
  while (!atomic_load(&ending)) {
    struct pollfd p = {.fd = 0, .events = POLLIN};
    if (poll(&p, 1, 10) > 0) {
      if (read(0, &byte, 1) < 0) continue;
      break;
    }
  }
}

int getaddrinfo (const char *host, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list) {
  void *real = dlsym(RTLD_NEXT, "getaddrinfo");
  Getaddrinfo next;
  memcpy(&next, &real, sizeof(next));
  atomic_store(&called, 1);
  if (host != NULL && strncmp(host, "held", 4) == 0) {
    hold(host);
    host = "192.0.2.9";
  }
  if (host != NULL && strcmp(host, "again") == 0) return EAI_AGAIN;
  if (host != NULL && strcmp(host, "system") == 0) {
    errno = ETOOMANYREFS;
    return EAI_SYSTEM;
  }
  return next(host, service, hints, list);
}

int getnameinfo (const struct sockaddr *sa, socklen_t len, char *host,
                 socklen_t hostlen, char *service, socklen_t servicelen,
                 int flags) {
  void *real = dlsym(RTLD_NEXT, "getnameinfo");
  Getnameinfo next;
  const struct sockaddr_in *in = (const void *)sa;
  memcpy(&next, &real, sizeof(next));
  if (!(flags & NI_NUMERICHOST) && sa->sa_family == AF_INET &&
      in->sin_addr.s_addr == inet_addr("192.0.2.1"))
    hold("192.0.2.1");
  return next(sa, len, host, hostlen, service, servicelen,
              flags | NI_NUMERICHOST);
}

static int countthreads (void) {
  int n = 0;
  struct dirent *entry;
  DIR *dir = opendir("/proc/self/task");
  if (dir == NULL) return -1;
  while ((entry = readdir(dir)) != NULL) n += entry->d_name[0] != '.';
  closedir(dir);
  return n;
}

__attribute__((destructor)) static void end (void) {
  const struct timespec pause = {.tv_nsec = 5000000};
  if (!atomic_load(&called)) return;
  atomic_store(&ending, 1);
  for (int i = 0; i < 4000 && countthreads() > 1; i++) nanosleep(&pause, NULL);
  if (countthreads() == 1) say("quiet", "");
}
