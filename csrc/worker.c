/*
** worker.c: a small pool of threads for each Lua state.
**
** The pool hangs off the state (a userdata in the registry) but lives in
** memory of its own, for its threads outlive the state: one that is inside of
** getaddrinfo can neither be interrupted nor joined within a deadline (traps
** T23 and T24).  What threads share is counted, and freed by who is last.
*/

#include "worker.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdlib.h>

#include "sys.h"

#define MAXTHREADS 16
#define IDLESECONDS 10 /* for so long a thread waits for more to do */

#define JOB "sockeye.job"

typedef struct sk_Pool {
  pthread_mutex_t lock; /* of all but owners and pid */
  pthread_cond_t more;  /* the queue has grown, or the state closed */
  atomic_uint owners;   /* the state, each thread, each started work */
  pid_t pid;            /* a forked child has the memory, not the threads */
  sk_Work *queue, **tail;
  unsigned queued;
  unsigned threads;
  unsigned idle;
  int closed;
} Pool;

/* The state's hold on its pool. */
typedef struct Holder {
  Pool *pool;
  int closed;
} Holder;

/* Its address is the registry key. */
static const char holderkey = 'w';

/*
** Pool
*/

static void droppool (Pool *p) {
  if (atomic_fetch_sub(&p->owners, 1) != 1) return;
  pthread_cond_destroy(&p->more);
  pthread_mutex_destroy(&p->lock);
  free(p);
}


/* Idle threads count time on the clock that is never set (trap T19). */
static int initcond (pthread_cond_t *cond) {
  pthread_condattr_t attr;
  int err = pthread_condattr_init(&attr);
  if (err != 0) return err;
  err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  if (err == 0) err = pthread_cond_init(cond, &attr);
  pthread_condattr_destroy(&attr);
  return err;
}


static int newpool (Pool **result) {
  Pool *p = calloc(1, sizeof *p);
  if (p == NULL) return ENOMEM;
  int err = pthread_mutex_init(&p->lock, NULL);
  if (err == 0 && (err = initcond(&p->more)) != 0)
    pthread_mutex_destroy(&p->lock);
  if (err != 0) {
    free(p);
    return err;
  }
  atomic_init(&p->owners, 1);
  p->pid = getpid();
  p->tail = &p->queue;
  *result = p;
  return 0;
}


/*
** Lua unloads a module when its last state closes; code that threads run must
** stay (trap T23).  This fails only where the module is linked into the
** program itself, which nothing unloads.
*/
static void pinmodule (void) {
  Dl_info info;
  if (sys_dladdr(&holderkey, &info) == 0 || info.dli_fname == NULL) return;
  (void)sys_dlopen(info.dli_fname,
                   RTLD_NOW | RTLD_NODELETE | RTLD_NOLOAD);
}


/*
** Queue; the caller holds the lock.
*/

static void enqueue (Pool *p, sk_Work *w) {
  w->next = NULL;
  w->link = p->tail;
  *p->tail = w;
  p->tail = &w->next;
  p->queued++;
}


static void unqueue (Pool *p, sk_Work *w) {
  *w->link = w->next;
  if (w->next != NULL)
    w->next->link = w->link;
  else
    p->tail = w->link;
  w->next = NULL;
  w->link = NULL;
  p->queued--;
}


/*
** Work
*/

static void dropwork (sk_Work *w) {
  if (atomic_fetch_sub(&w->owners, 1) != 1) return;
  w->release(w);
  if (w->notifier >= 0) sys_close(w->notifier);
  if (w->pool != NULL) droppool(w->pool);
  free(w);
}


/* The caller's descriptor may be closed by now, and its number be another
** one's: the notifier is a duplicate.  8 bytes are what an eventfd takes. */
static void notify (sk_Work *w) {
  const uint64_t one = 1;
  atomic_store(&w->done, 1);
  while (sys_write(w->notifier, &one, sizeof one) < 0 && errno == EINTR)
    ;
}


/*
** Threads
*/

/* Waits until there is something to do: 0 when the thread is to end. */
static int awaitwork (Pool *p) {
  struct timespec until = {0, 0};
  sys_clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += IDLESECONDS;
  int err = 0;
  p->idle++;
  while (p->queue == NULL && !p->closed && err == 0)
    err = pthread_cond_timedwait(&p->more, &p->lock, &until);
  p->idle--;
  return p->queue != NULL && !p->closed;
}


static void *runthread (void *arg) {
  Pool *p = arg;
  pthread_mutex_lock(&p->lock);
  while (awaitwork(p)) {
    sk_Work *w = p->queue;
    unqueue(p, w);
    pthread_mutex_unlock(&p->lock);
    w->run(w);
    notify(w);
    dropwork(w);
    pthread_mutex_lock(&p->lock);
  }
  p->threads--;
  pthread_mutex_unlock(&p->lock);
  droppool(p);
  return NULL;
}


/* Signals are for the program's own threads: a worker that took SIGINT would
** leave the wait of the main thread asleep (trap T1). */
static int createthread (Pool *p) {
  pthread_t thread;
  pthread_attr_t attr;
  sigset_t all, old;
  int err = pthread_attr_init(&attr);
  if (err != 0) return err;
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  sigfillset(&all);
  err = sys_pthread_sigmask(SIG_SETMASK, &all, &old);
  if (err == 0) {
    err = sys_pthread_create(&thread, &attr, runthread, p);
    sys_pthread_sigmask(SIG_SETMASK, &old, NULL);
  }
  pthread_attr_destroy(&attr);
  return err;
}


/* Sees to it that the queue is worked on; the caller holds the lock.  That no
** further thread can be had matters only when there is none. */
static int addthread (Pool *p) {
  if (p->queued <= p->idle || p->threads >= MAXTHREADS) return 0;
  atomic_fetch_add(&p->owners, 1);
  int err = createthread(p);
  if (err == 0) {
    p->threads++;
    return 0;
  }
  atomic_fetch_sub(&p->owners, 1);
  return p->threads > 0 ? 0 : err;
}


static int submit (Pool *p, sk_Work *w) {
  pthread_mutex_lock(&p->lock);
  enqueue(p, w);
  int err = addthread(p);
  if (err != 0)
    unqueue(p, w);
  else
    pthread_cond_signal(&p->more);
  pthread_mutex_unlock(&p->lock);
  return err;
}


/*
** The state's hold
*/

static Holder *getholder (lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &holderkey);
  Holder *h = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return h;
}


/* After a fork the child's copy is left alone: a thread that the child does
** not have may hold its lock. */
static int getpool (lua_State *L, Pool **result) {
  Holder *h = getholder(L);
  if (h == NULL || h->closed) return ECANCELED;
  if (h->pool == NULL || h->pool->pid != getpid()) {
    int err = newpool(&h->pool);
    if (err != 0) return err;
    pinmodule();
  }
  *result = h->pool;
  return 0;
}


/* Nobody waits for what is still queued: jobs let go of it themselves. */
static int holder_gc (lua_State *L) {
  Holder *h = lua_touserdata(L, 1);
  Pool *p = h->pool;
  h->pool = NULL;
  h->closed = 1;
  if (p == NULL || p->pid != getpid()) return 0;
  pthread_mutex_lock(&p->lock);
  p->closed = 1;
  pthread_cond_broadcast(&p->more);
  pthread_mutex_unlock(&p->lock);
  droppool(p);
  return 0;
}


/*
** Jobs
*/

sk_Job *sk_newjob (lua_State *L) {
  sk_Job *job = lua_newuserdatauv(L, sizeof *job, 0);
  sk_watchinit(L, &job->watch);
  job->work = NULL;
  luaL_setmetatable(L, JOB);
  return job;
}


void *sk_newwork (sk_Job *job, size_t size, void (*run) (sk_Work *w),
                  void (*release) (sk_Work *w)) {
  sk_Work *w = calloc(1, size);
  if (w == NULL) return NULL;
  w->run = run;
  w->release = release;
  w->notifier = -1;
  atomic_init(&w->owners, 1);
  atomic_init(&w->done, 0);
  job->work = w;
  return w;
}


/* The caller's end and the worker's. */
static int opennotifier (int *reader, int *writer) {
#if SK_LINUX
  *reader = sys_eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (*reader < 0) return errno;
  *writer = sys_fcntl(*reader, F_DUPFD_CLOEXEC, 0);
  return *writer < 0 ? errno : 0;
#else
  int fds[2];
  if (sys_pipe(fds) < 0) return errno;
  *reader = fds[0];
  *writer = fds[1];
  for (int i = 0; i < 2; i++) {
    if (sys_fcntl(fds[i], F_SETFD, FD_CLOEXEC) < 0) return errno;
    if (sys_fcntl(fds[i], F_SETFL, O_NONBLOCK) < 0) return errno;
  }
  return 0;
#endif
}


int sk_startjob (lua_State *L, sk_Job *job) {
  Pool *p = NULL;
  sk_Work *w = job->work;
  int err = getpool(L, &p);
  if (err == 0) err = opennotifier(&job->watch.fd, &w->notifier);
  if (err != 0) return err;
  atomic_fetch_add(&p->owners, 1);
  w->pool = p;
  atomic_fetch_add(&w->owners, 1);
  err = submit(p, w);
  if (err != 0) atomic_fetch_sub(&w->owners, 1);
  return err;
}


void sk_runjob (sk_Job *job) {
  job->work->run(job->work);
  atomic_store(&job->work->done, 1);
}


int sk_joblost (const sk_Job *job) {
  const sk_Work *w = job->work;
  return w->pool != NULL && w->pool->pid != getpid() ? ECHILD : 0;
}


int sk_jobdone (const sk_Job *job) { return atomic_load(&job->work->done); }

/* Takes work that no worker has begun out of the queue, so that who gives up
** early leaves neither memory nor descriptors behind, however long the workers
** are stuck. */
static void withdraw (sk_Work *w) {
  Pool *p = w->pool;
  pthread_mutex_lock(&p->lock);
  if (w->link != NULL) {
    unqueue(p, w);
    atomic_fetch_sub(&w->owners, 1); /* the job's own hold is left */
  }
  pthread_mutex_unlock(&p->lock);
}


/* A forked child loses the few bytes of work that its parent's workers have
** (their locks are not to be trusted), but no descriptor. */
static void disown (sk_Work *w) {
  sys_close(w->notifier);
  w->notifier = -1;
}


void sk_dropjob (sk_Job *job) {
  sk_Work *w = job->work;
  int fd = sk_unwatch(&job->watch);
  job->work = NULL;
  if (fd >= 0) sys_close(fd);
  if (w == NULL) return;
  if (w->pool != NULL && w->pool->pid != getpid()) {
    disown(w);
    return;
  }
  if (w->pool != NULL && !atomic_load(&w->done)) withdraw(w);
  dropwork(w);
}


/* __gc, and __close for calls that end by an error: descriptors must not wait
** for a collection that the size of a job does not bring about. */
static int job_drop (lua_State *L) {
  sk_dropjob(luaL_checkudata(L, 1, JOB));
  return 0;
}


static const luaL_Reg job_meta[] = {
  {"__gc", job_drop},
  {"__close", job_drop},
  {NULL, NULL}
};

void sk_openworker (lua_State *L) {
  if (getholder(L) != NULL) return; /* the module was loaded once more */
  luaL_newmetatable(L, JOB);
  luaL_setfuncs(L, job_meta, 0);
  lua_pop(L, 1);
  Holder *h = lua_newuserdatauv(L, sizeof *h, 0);
  h->pool = NULL;
  h->closed = 0;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, holder_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &holderkey);
}
