/*
** stuck.c: a name service that never answers for the host "stuck".  Preloaded
** before the C library.
*/

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*Getaddrinfo) (const char *, const char *,
                            const struct addrinfo *, struct addrinfo **);

int getaddrinfo (const char *host, const char *service,
                 const struct addrinfo *hints, struct addrinfo **list) {
  void *real = dlsym(RTLD_NEXT, "getaddrinfo");
  Getaddrinfo next;
  memcpy(&next, &real, sizeof(next));
  while (host != NULL && strcmp(host, "stuck") == 0) pause();
  return next(host, service, hints, list);
}
