/*
** poller.c: readiness of many descriptors: epoll, or poll, behind one
** interface.
*/

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "poller.h"

typedef struct sk_Backend {
  const char *name;
  int (*ready) (sk_Poller *p);  /* opens it when needed; 0 or an errno */
  void (*close) (sk_Poller *p);
  int (*watch) (sk_Poller *p, sk_Watch *w, int what);
  void (*forget) (sk_Poller *p, sk_Watch *w);
  int (*wait) (sk_Poller *p, int64_t timeout, const sigset_t *mask);
} sk_Backend;

/* How many events one call takes; the rest come with the next. */
#define MAXEVENTS 256

/* For how long poll leaves out what reports nothing but an error, in ns. */
#define MUTED 5000000

#if !defined(POLLRDHUP)
#define POLLRDHUP 0
#endif


/*
** epoll's and poll's bits have the same values on Linux; poll's names are
** used for both.  A hang-up or an error ends either direction's wait: the call
** tried next tells what it was.
*/
static int whatof (unsigned events) {
  int what = 0;
  if (events & (POLLIN | POLLRDHUP | POLLHUP | POLLERR | POLLNVAL))
    what |= SK_READ;
  if (events & (POLLOUT | POLLHUP | POLLERR | POLLNVAL))
    what |= SK_WRITE;
  if (events & POLLPRI)
    what |= SK_URGENT;
  return what;
}


static struct timespec *totimespec (int64_t ns, struct timespec *ts) {
  if (ns == SK_NEVER) return NULL;
  ts->tv_sec = (time_t)(ns / 1000000000);
  ts->tv_nsec = (long)(ns % 1000000000);
  return ts;
}


/*
** {==================================================================
** epoll: registered once, edge-triggered, for both directions
** ===================================================================
*/

#if SK_LINUX

/*
** A page that the kernel wipes in a child tells, without a system call, that
** this process is not the one that made the poller (trap T28).
*/
static unsigned char *newcanary (void) {
#if defined(MADV_WIPEONFORK)
  size_t size = (size_t)sysconf(_SC_PAGESIZE);
  unsigned char *page = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  if (sys_madvise(page, size, MADV_WIPEONFORK) == 0) return page;
  sys_munmap(page, size);
#endif
  return NULL;
}


static void epoll_own (sk_Poller *p) {
  if (p->canary == NULL)
    p->canary = newcanary();
  if (p->canary != NULL)
    *p->canary = 1;
  p->owner = getpid();
}


static int epoll_forked (const sk_Poller *p) {
  return (p->canary != NULL) ? *p->canary == 0 : p->owner != getpid();
}


static void epoll_drop (sk_Poller *p) {
  if (p->fd >= 0)
    sys_close(p->fd);
  p->fd = -1;
}


static void epoll_close (sk_Poller *p) {
  epoll_drop(p);
  if (p->canary != NULL)
    sys_munmap(p->canary, (size_t)sysconf(_SC_PAGESIZE));
  p->canary = NULL;
}


/*
** In a forked child everything is registered with the parent's instance, which
** the parent goes on to use: closing our descriptor of it is safe, and a new
** instance makes every registration an old one.
*/
static int epoll_ready (sk_Poller *p) {
  if (p->fd >= 0) {
    if (!epoll_forked(p)) return 0;
    epoll_drop(p);
    p->generation++;
  }
  p->fd = sys_epoll_create1(EPOLL_CLOEXEC);
  if (p->fd < 0)
    return errno;
  epoll_own(p);
  return 0;
}


static int epoll_watch (sk_Poller *p, sk_Watch *w, int what) {
  struct epoll_event event;
  (void)what;
  if (w->generation == p->generation)
    return 0;
  memset(&event, 0, sizeof(event));
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  event.data.ptr = w;
  /* EPERM: a file, of which nothing is ever reported */
  if (sys_epoll_ctl(p->fd, EPOLL_CTL_ADD, w->fd, &event) < 0)
    return (errno == EPERM) ? 0 : errno;
  w->generation = p->generation;
  return 0;
}


static void epoll_forget (sk_Poller *p, sk_Watch *w) {
  struct epoll_event event;  /* Linux before 2.6.9 wants one */
  memset(&event, 0, sizeof(event));
  if (w->generation == p->generation && p->fd >= 0 && !epoll_forked(p))
    sys_epoll_ctl(p->fd, EPOLL_CTL_DEL, w->fd, &event);
}


/* Rounded up: a deadline is never early. */
static int milliseconds (int64_t ns) {
  int64_t ms;
  if (ns == SK_NEVER) return -1;
  ms = ns / 1000000 + (ns % 1000000 > 0);
  return (ms > INT_MAX) ? INT_MAX : (int)ms;
}


/* There was no descriptor for an instance, so nothing is registered; timers
** have to run all the same. */
static int justsleep (int64_t timeout, const sigset_t *mask) {
  struct timespec ts;
  return (sys_ppoll(NULL, 0, totimespec(timeout, &ts), mask) < 0) ? errno : 0;
}


static int epoll_wait_ (sk_Poller *p, int64_t timeout, const sigset_t *mask) {
  struct epoll_event events[MAXEVENTS];
  int i, n;
  if (p->fd < 0)
    return justsleep(timeout, mask);
  n = sys_epoll_pwait(p->fd, events, MAXEVENTS, milliseconds(timeout), mask);
  if (n < 0)
    return errno;
  for (i = 0; i < n; i++)
    sk_fired((sk_Watch *)events[i].data.ptr, whatof(events[i].events));
  return 0;
}

static const sk_Backend epoll = {
  "epoll", epoll_ready, epoll_close, epoll_watch, epoll_forget, epoll_wait_
};

#endif

/* }================================================================== */


/*
** {==================================================================
** poll: only what is waited for is in the array
** ===================================================================
*/

static int poll_ready (sk_Poller *p) {
  (void)p;
  return 0;
}


static void *resize (sk_Poller *p, void *block, size_t elem, int from, int to) {
  return p->alloc(p->allocud, block, elem * (size_t)from, elem * (size_t)to);
}


static void poll_close (sk_Poller *p) {
  int i;
  for (i = 0; i < p->n; i++)
    p->watches[i]->slot = -1;
  p->fds = resize(p, p->fds, sizeof(*p->fds), p->size, 0);
  p->watches = resize(p, p->watches, sizeof(*p->watches), p->size, 0);
  p->n = p->size = 0;
}


static int poll_grow (sk_Poller *p) {
  int size = (p->size == 0) ? 16 : p->size * 2;
  struct pollfd *fds;
  sk_Watch **watches;
  fds = resize(p, p->fds, sizeof(*fds), p->size, size);
  if (fds == NULL) return ENOMEM;
  p->fds = fds;
  watches = resize(p, p->watches, sizeof(*watches), p->size, size);
  if (watches == NULL) {  /* shrinking cannot fail */
    p->fds = resize(p, p->fds, sizeof(*fds), size, p->size);
    return ENOMEM;
  }
  p->watches = watches;
  p->size = size;
  return 0;
}


static int poll_watch (sk_Poller *p, sk_Watch *w, int what) {
  int err;
  if (w->slot < 0) {
    if (p->n == p->size && (err = poll_grow(p)) != 0)
      return err;
    w->slot = p->n++;
    p->watches[w->slot] = w;
    p->fds[w->slot].fd = w->fd;
    p->fds[w->slot].events = 0;
    p->fds[w->slot].revents = 0;
  }
  if (what & SK_READ)
    p->fds[w->slot].events |= POLLIN | POLLRDHUP;
  if (what & SK_WRITE)
    p->fds[w->slot].events |= POLLOUT;
  if (what & SK_URGENT)
    p->fds[w->slot].events |= POLLPRI;
  if (what & SK_ERRQUEUE)  /* poll reports it anyhow; somebody waits */
    p->fds[w->slot].events |= POLLERR;
  w->generation = p->generation;
  return 0;
}


static void poll_forget (sk_Poller *p, sk_Watch *w) {
  int last = p->n - 1;
  if (w->slot < 0) return;
  p->fds[w->slot] = p->fds[last];
  p->watches[w->slot] = p->watches[last];
  p->watches[w->slot]->slot = w->slot;
  w->slot = -1;
  p->n = last;
}


/*
** An error alone stays reported for as long as nobody empties the error queue,
** while other calls go on waiting: such a descriptor is left out (a negative
** number) of the next poll, which is then a short one.
*/
static void poll_mute (sk_Poller *p, int i) {
  p->fds[i].fd = ~p->fds[i].fd;
  p->fds[i].events = 0;  /* until it is waited for once more */
  p->muted = 1;
}


static void poll_unmute (sk_Poller *p) {
  int i;
  if (!p->muted) return;
  p->muted = 0;
  for (i = p->n - 1; i >= 0; i--) {
    if (p->fds[i].fd >= 0) continue;
    p->fds[i].fd = ~p->fds[i].fd;
    if (p->fds[i].events == 0)
      poll_forget(p, p->watches[i]);
  }
}


static int poll_wait (sk_Poller *p, int64_t timeout, const sigset_t *mask) {
  struct timespec ts;
  int i;
  if (p->muted && timeout > MUTED)
    timeout = MUTED;
  if (sys_ppoll(p->fds, (nfds_t)p->n, totimespec(timeout, &ts), mask) < 0)
    return errno;
  poll_unmute(p);
  for (i = p->n - 1; i >= 0; i--) {  /* backwards: forgetting moves the last */
    sk_Watch *w = p->watches[i];
    short revents = p->fds[i].revents;
    if (revents == 0) continue;
    /* poll reports levels: what is reported is waited for no more */
    p->fds[i].events = (short)(p->fds[i].events & ~revents);
    if (revents == POLLERR)
      poll_mute(p, i);
    else if (p->fds[i].events == 0 ||
             (revents & (POLLHUP | POLLERR | POLLNVAL)))
      poll_forget(p, w);
    sk_fired(w, whatof((unsigned short)revents));
  }
  return 0;
}

static const sk_Backend poll_ = {
  "poll", poll_ready, poll_close, poll_watch, poll_forget, poll_wait
};

/* }================================================================== */


void sk_pollerinit (lua_State *L, sk_Poller *p) {
  memset(p, 0, sizeof(*p));
  p->generation = 1;
  p->fd = -1;
  p->alloc = lua_getallocf(L, &p->allocud);
  p->backend = &poll_;
#if SK_LINUX
  {
    const char *name = getenv("SOCKEYE_POLLER");
    if (name == NULL || strcmp(name, poll_.name) != 0)
      p->backend = &epoll;
  }
#endif
}


void sk_pollerclose (sk_Poller *p) {
  p->backend->close(p);
}


const char *sk_pollername (const sk_Poller *p) {
  return p->backend->name;
}


int sk_pollerready (sk_Poller *p) {
  return p->backend->ready(p);
}


int sk_pollerwatch (sk_Poller *p, sk_Watch *w, int what) {
  int err = sk_pollerready(p);
  return (err != 0) ? err : p->backend->watch(p, w, what);
}


void sk_pollerforget (sk_Poller *p, sk_Watch *w) {
  p->backend->forget(p, w);
  w->generation = 0;
}


int sk_pollerwait (sk_Poller *p, int64_t timeout, const sigset_t *mask) {
  return p->backend->wait(p, timeout, mask);
}
