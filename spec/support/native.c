/*
** native.c: what the specs need from the system and Lua does not have:
** descriptors, child processes, pseudo-terminals, timers, namespaces, and the
** watchdog.  Only for the specs: process-wide state is allowed here.
*/

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

static int fail (lua_State *L, const char *what) {
  int err = errno;
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: %s", what, strerror(err));
  lua_pushinteger(L, err);
  return 3;
}

static int done (lua_State *L, int result, const char *what) {
  if (result < 0) return fail(L, what);
  lua_pushboolean(L, 1);
  return 1;
}

static int checkint (lua_State *L, int arg) {
  return (int)luaL_checkinteger(L, arg);
}

/* {{ Watchdog */

/*
** A thread, not an alarm: specs use the alarm clock, block signals and change
** handlers.  It takes no signal itself.
*/
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int started;
  int armed;
  struct timespec end;
  char name[512];
} dog = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *watch (void *arg) {
  (void)arg;
  pthread_mutex_lock(&dog.lock);
  for (;;) {
    if (!dog.armed) {
      pthread_cond_wait(&dog.changed, &dog.lock);
    }
    else if (pthread_cond_timedwait(&dog.changed, &dog.lock, &dog.end)
             == ETIMEDOUT && dog.armed) {
      static const char bite[] = "\nWATCHDOG: this test hangs: ";
      ssize_t n = write(2, bite, sizeof(bite) - 1);
      n = write(2, dog.name, strlen(dog.name));
      n = write(2, "\n", 1);
      (void)n;
      _exit(97);
    }
  }
  return NULL;
}

/* watchdog(seconds, name): the process dies, naming the test, unless this is
** called again in time; watchdog() switches it off. */
static int f_watchdog (lua_State *L) {
  lua_Number seconds = luaL_optnumber(L, 1, 0);
  const char *name = luaL_optstring(L, 2, "?");
  pthread_mutex_lock(&dog.lock);
  if (!dog.started) {
    pthread_condattr_t attr;
    pthread_t thread;
    sigset_t all, old;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&dog.changed, &attr);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    dog.started = pthread_create(&thread, NULL, watch, NULL) == 0;
    if (dog.started) pthread_detach(thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
  }
  dog.armed = seconds > 0;
  clock_gettime(CLOCK_MONOTONIC, &dog.end);
  dog.end.tv_sec += (time_t)seconds;
  dog.end.tv_nsec += (long)((seconds - (lua_Number)(time_t)seconds) * 1e9);
  if (dog.end.tv_nsec >= 1000000000L) {
    dog.end.tv_nsec -= 1000000000L;
    dog.end.tv_sec++;
  }
  strncpy(dog.name, name, sizeof(dog.name) - 1);
  pthread_cond_signal(&dog.changed);
  pthread_mutex_unlock(&dog.lock);
  return 0;
}

/* }} */

/* {{ Descriptors */

/* fds([pid]): {[number] = what it is}, without the one used for looking. */
static int f_fds (lua_State *L) {
  char path[64], link[64 + 32], target[256];
  DIR *dir;
  struct dirent *entry;
  lua_Integer pid = luaL_optinteger(L, 1, 0);
  lua_newtable(L);
  if (pid) snprintf(path, sizeof(path), "/proc/%lld/fd", (long long)pid);
  else snprintf(path, sizeof(path), "/proc/self/fd");
  dir = opendir(path);
  if (dir == NULL) return fail(L, path);
  while ((entry = readdir(dir)) != NULL) {
    int fd = atoi(entry->d_name);
    ssize_t n;
    if (entry->d_name[0] == '.' || (!pid && fd == dirfd(dir))) continue;
    snprintf(link, sizeof(link), "%s/%d", path, fd);
    n = readlink(link, target, sizeof(target));
    lua_pushlstring(L, target, n > 0 ? (size_t)n : 0);
    lua_rawseti(L, -2, fd);
  }
  closedir(dir);
  return 1;
}

static int f_close (lua_State *L) {
  return done(L, close(checkint(L, 1)), "close");
}

static int f_pipe (lua_State *L) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) < 0) return fail(L, "pipe");
  lua_pushinteger(L, fds[0]);
  lua_pushinteger(L, fds[1]);
  return 2;
}

static int f_open (lua_State *L) {
  int fd = open(luaL_checkstring(L, 1),
                (int)luaL_optinteger(L, 2, O_RDWR) | O_CLOEXEC, 0600);
  if (fd < 0) return fail(L, "open");
  lua_pushinteger(L, fd);
  return 1;
}

static int f_dup (lua_State *L) {
  int fd = fcntl(checkint(L, 1), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return fail(L, "dup");
  lua_pushinteger(L, fd);
  return 1;
}

static int f_cloexec (lua_State *L) {
  int flags = fcntl(checkint(L, 1), F_GETFD);
  if (flags < 0) return fail(L, "fcntl");
  lua_pushboolean(L, flags & FD_CLOEXEC);
  return 1;
}

/* nonblocking(fd[, on]): the flag; sets it when given. */
static int f_nonblocking (lua_State *L) {
  int fd = checkint(L, 1);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0) return fail(L, "fcntl");
  if (!lua_isnoneornil(L, 2)) {
    int wanted = lua_toboolean(L, 2) ? flags | O_NONBLOCK
                                     : flags & ~O_NONBLOCK;
    if (fcntl(fd, F_SETFL, wanted) < 0) return fail(L, "fcntl");
    flags = wanted;
  }
  lua_pushboolean(L, flags & O_NONBLOCK);
  return 1;
}

static int topoll (lua_State *L, int arg) {
  lua_Number seconds = luaL_optnumber(L, arg, -1);
  return seconds < 0 ? -1 : (int)(seconds * 1000 + 0.5);
}

/* read(fd, n[, seconds]): data, nil at the end, or nil, "timeout" */
static int f_read (lua_State *L) {
  struct pollfd p = {.fd = checkint(L, 1), .events = POLLIN};
  size_t room = (size_t)luaL_checkinteger(L, 2);
  int ms = topoll(L, 3);
  char *buf = lua_newuserdatauv(L, room, 0);
  ssize_t n;
  int ready;
  do ready = poll(&p, 1, ms); while (ready < 0 && errno == EINTR);
  if (ready < 0) return fail(L, "poll");
  if (ready == 0) {
    luaL_pushfail(L);
    lua_pushliteral(L, "timeout");
    return 2;
  }
  do n = read(p.fd, buf, room); while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EIO) return fail(L, "read"); /* EIO: pty closed */
  if (n <= 0) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushlstring(L, buf, (size_t)n);
  return 1;
}


/* write(fd, data): all of it. */
static int f_write (lua_State *L) {
  int fd = checkint(L, 1);
  size_t len;
  const char *data = luaL_checklstring(L, 2, &len);
  void (*old) (int) = signal(SIGPIPE, SIG_IGN);
  int result = 1;
  while (len > 0) {
    ssize_t n = write(fd, data, len);
    if (n < 0 && errno == EAGAIN) {
      struct pollfd p = {.fd = fd, .events = POLLOUT};
      poll(&p, 1, -1);
    }
    else if (n < 0 && errno != EINTR) {
      result = fail(L, "write");
      break;
    }
    else if (n > 0) {
      data += n;
      len -= (size_t)n;
    }
  }
  signal(SIGPIPE, old);
  if (result == 1) lua_pushboolean(L, 1);
  return result;
}

/* rlimit(soft): limits the number of descriptors; gives the old one. */
static int f_rlimit (lua_State *L) {
  struct rlimit limit;
  rlim_t old;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return fail(L, "getrlimit");
  old = limit.rlim_cur;
  if (!lua_isnoneornil(L, 1)) {
    limit.rlim_cur = (rlim_t)luaL_checkinteger(L, 1);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return fail(L, "setrlimit");
  }
  lua_pushinteger(L, (lua_Integer)old);
  return 1;
}

/* }} */

/* {{ Processes */

static int f_getpid (lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static int f_ids (lua_State *L) {
  lua_pushinteger(L, getuid());
  lua_pushinteger(L, getgid());
  return 2;
}

/* fork(): the child's number, or 0 in the child, which must end in exit(). */
static int f_fork (lua_State *L) {
  pid_t pid = fork();
  if (pid < 0) return fail(L, "fork");
  if (pid == 0) {
    dog.started = dog.armed = 0; /* the watchdog stays with the parent */
    alarm(60);
  }
  lua_pushinteger(L, pid);
  return 1;
}

static int f_exit (lua_State *L) {
  _exit((int)luaL_optinteger(L, 1, 0));
}

static char **checkargv (lua_State *L, int arg) {
  lua_Integer i, n;
  char **argv;
  luaL_checktype(L, arg, LUA_TTABLE);
  n = luaL_len(L, arg);
  argv = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof(char *), 0);
  for (i = 1; i <= n; i++) {
    if (lua_rawgeti(L, arg, i) != LUA_TSTRING)
      luaL_error(L, "argument %d of the program is no string", (int)i);
    argv[i - 1] = (char *)(size_t)lua_tostring(L, -1);
    lua_pop(L, 1); /* the table keeps it */
  }
  argv[n] = NULL;
  return argv;
}

/* In the child: signals as a fresh program expects them, then exec. */
static void run (char **argv) {
  sigset_t none;
  struct itimerval zero;
  memset(&zero, 0, sizeof(zero));
  setitimer(ITIMER_REAL, &zero, NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  execvp(argv[0], argv);
  _exit(127);
}

/* spawn(argv[, errtoo]): pid, descriptor of its stdin, of its stdout (with
** errtoo of its stderr as well) */
static int f_spawn (lua_State *L) {
  char **argv = checkargv(L, 1);
  int errtoo = lua_toboolean(L, 2);
  int in[2], out[2];
  pid_t pid;
  if (pipe2(in, O_CLOEXEC) < 0) return fail(L, "pipe");
  if (pipe2(out, O_CLOEXEC) < 0) return fail(L, "pipe");
  pid = fork();
  if (pid == 0) {
    if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0) _exit(126);
    if (errtoo && dup2(out[1], 2) < 0) _exit(126);
    run(argv);
  }
  close(in[0]);
  close(out[1]);
  if (pid < 0) {
    close(in[1]);
    close(out[0]);
    return fail(L, "fork");
  }
  lua_pushinteger(L, pid);
  lua_pushinteger(L, in[1]);
  lua_pushinteger(L, out[0]);
  return 3;
}

/* pty(argv): pid, descriptor of the terminal's other side */
static int f_pty (lua_State *L) {
  char **argv = checkargv(L, 1);
  struct winsize size = {.ws_row = 25, .ws_col = 200};
  int fd;
  pid_t pid = forkpty(&fd, NULL, NULL, &size);
  if (pid < 0) return fail(L, "forkpty");
  if (pid == 0) {
    setenv("TERM", "dumb", 1);
    run(argv);
  }
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  lua_pushinteger(L, pid);
  lua_pushinteger(L, fd);
  return 2;
}

static int f_kill (lua_State *L) {
  return done(L, kill(checkint(L, 1), (int)luaL_optinteger(L, 2, SIGTERM)),
              "kill");
}

/* waitpid(pid[, nohang]): "exit", status; "signal", number; nil when it runs */
static int f_waitpid (lua_State *L) {
  int status;
  pid_t pid;
  do {
    pid = waitpid(checkint(L, 1), &status, lua_toboolean(L, 2) ? WNOHANG : 0);
  } while (pid < 0 && errno == EINTR);
  if (pid < 0) return fail(L, "waitpid");
  if (pid == 0) {
    luaL_pushfail(L);
    return 1;
  }
  if (WIFSIGNALED(status)) {
    lua_pushliteral(L, "signal");
    lua_pushinteger(L, WTERMSIG(status));
  }
  else {
    lua_pushliteral(L, "exit");
    lua_pushinteger(L, WEXITSTATUS(status));
  }
  return 2;
}

/* }} */

/* {{ Signals and time */

static volatile sig_atomic_t caught[65];

static void oncaught (int sig) { caught[sig]++; }

/* catch(sig[, restart]): installs a handler that counts; without SA_RESTART
** system calls give EINTR. */
static int f_catch (lua_State *L) {
  struct sigaction action;
  int sig = checkint(L, 1);
  luaL_argcheck(L, sig > 0 && sig < 65, 1, "signal number");
  memset(&action, 0, sizeof(action));
  action.sa_handler = oncaught;
  action.sa_flags = lua_toboolean(L, 2) ? SA_RESTART : 0;
  caught[sig] = 0;
  return done(L, sigaction(sig, &action, NULL), "sigaction");
}

static int f_caught (lua_State *L) {
  int sig = checkint(L, 1);
  luaL_argcheck(L, sig > 0 && sig < 65, 1, "signal number");
  lua_pushinteger(L, caught[sig]);
  return 1;
}

/* default(sig): what is still on its way is ignored first, so that the default
** action does not meet it. */
static int f_default (lua_State *L) {
  int sig = checkint(L, 1);
  signal(sig, SIG_IGN);
  return done(L, signal(sig, SIG_DFL) == SIG_ERR ? -1 : 0, "signal");
}

/* disposition(sig): "default", "ignore" or "handler" */
static int f_disposition (lua_State *L) {
  struct sigaction action;
  if (sigaction(checkint(L, 1), NULL, &action) < 0)
    return fail(L, "sigaction");
  lua_pushstring(L, action.sa_handler == SIG_DFL ? "default"
                    : action.sa_handler == SIG_IGN ? "ignore" : "handler");
  return 1;
}

/* blocked(sig[, on]): whether this thread blocks it; changes it when given. */
static int f_blocked (lua_State *L) {
  sigset_t set;
  int sig = checkint(L, 1);
  if (!lua_isnoneornil(L, 2)) {
    sigemptyset(&set);
    sigaddset(&set, sig);
    pthread_sigmask(lua_toboolean(L, 2) ? SIG_BLOCK : SIG_UNBLOCK, &set,
                    NULL);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &set);
  lua_pushboolean(L, sigismember(&set, sig));
  return 1;
}

static int f_pending (lua_State *L) {
  sigset_t set;
  sigpending(&set);
  lua_pushboolean(L, sigismember(&set, checkint(L, 1)));
  return 1;
}

/* timer(seconds[, again]): SIGALRM after that time, then at that interval;
** timer(0) switches it off. */
static int f_timer (lua_State *L) {
  struct itimerval value;
  lua_Number first = luaL_checknumber(L, 1);
  lua_Number again = luaL_optnumber(L, 2, 0);
  value.it_value.tv_sec = (time_t)first;
  value.it_value.tv_usec = (long)((first - (lua_Number)(long)first) * 1e6);
  value.it_interval.tv_sec = (time_t)again;
  value.it_interval.tv_usec = (long)((again - (lua_Number)(long)again) * 1e6);
  return done(L, setitimer(ITIMER_REAL, &value, NULL), "setitimer");
}

static int f_now (lua_State *L) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  lua_pushnumber(L, (lua_Number)ts.tv_sec + (lua_Number)ts.tv_nsec / 1e9);
  return 1;
}

/* Processor time of this process: what a spin shows in. */
static int f_cputime (lua_State *L) {
  struct timespec ts;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
  lua_pushnumber(L, (lua_Number)ts.tv_sec + (lua_Number)ts.tv_nsec / 1e9);
  return 1;
}

static int f_sleep (lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  struct timespec ts;
  ts.tv_sec = (time_t)seconds;
  ts.tv_nsec = (long)((seconds - (lua_Number)ts.tv_sec) * 1e9);
  while (nanosleep(&ts, &ts) < 0 && errno == EINTR) {}
  return 0;
}

/* }} */

/* {{ Namespaces */

static int writefile (const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  ssize_t n;
  if (fd < 0) return -1;
  n = write(fd, text, strlen(text));
  close(fd);
  return n < 0 ? -1 : 0;
}

/* unshare(): this process, a forked child, gets a network of its own with the
** loopback interface up; without privileges by a user namespace. */
static int f_unshare (lua_State *L) {
  struct ifreq request;
  int fd, result;
  if (unshare(CLONE_NEWNET) < 0) {
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return fail(L, "unshare");
    writefile("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", uid);
    writefile("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "0 %u 1", gid);
    writefile("/proc/self/gid_map", map);
  }
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(L, "socket");
  memset(&request, 0, sizeof(request));
  memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  result = ioctl(fd, SIOCSIFFLAGS, &request);
  close(fd);
  return done(L, result, "loopback up");
}

/* }} */

static int f_setenv (lua_State *L) {
  const char *value = luaL_optstring(L, 2, NULL);
  const char *name = luaL_checkstring(L, 1);
  return done(L, value ? setenv(name, value, 1) : unsetenv(name), "setenv");
}

static int f_mkdtemp (lua_State *L) {
  char path[256];
  strncpy(path, luaL_checkstring(L, 1), sizeof(path) - 1);
  path[sizeof(path) - 1] = '\0';
  if (mkdtemp(path) == NULL) return fail(L, "mkdtemp");
  lua_pushstring(L, path);
  return 1;
}

static int f_chdir (lua_State *L) {
  return done(L, chdir(luaL_checkstring(L, 1)), "chdir");
}

static const luaL_Reg functions[] = {
  {"watchdog", f_watchdog},
  {"fds", f_fds},
  {"close", f_close},
  {"pipe", f_pipe},
  {"open", f_open},
  {"dup", f_dup},
  {"cloexec", f_cloexec},
  {"nonblocking", f_nonblocking},
  {"read", f_read},
  {"write", f_write},
  {"rlimit", f_rlimit},
  {"getpid", f_getpid},
  {"ids", f_ids},
  {"fork", f_fork},
  {"exit", f_exit},
  {"spawn", f_spawn},
  {"pty", f_pty},
  {"kill", f_kill},
  {"waitpid", f_waitpid},
  {"catch", f_catch},
  {"caught", f_caught},
  {"default", f_default},
  {"disposition", f_disposition},
  {"blocked", f_blocked},
  {"pending", f_pending},
  {"timer", f_timer},
  {"now", f_now},
  {"cputime", f_cputime},
  {"sleep", f_sleep},
  {"unshare", f_unshare},
  {"setenv", f_setenv},
  {"mkdtemp", f_mkdtemp},
  {"chdir", f_chdir},
  {NULL, NULL}
};

static const struct { const char *name; int value; } numbers[] = {
  {"SIGHUP", SIGHUP}, {"SIGINT", SIGINT}, {"SIGKILL", SIGKILL},
  {"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2}, {"SIGPIPE", SIGPIPE},
  {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM}, {"SIGCHLD", SIGCHLD},
  {"SIGSTOP", SIGSTOP}, {"SIGCONT", SIGCONT}, {"SIGTSTP", SIGTSTP},
  {"O_RDONLY", O_RDONLY}, {"O_WRONLY", O_WRONLY}, {"O_RDWR", O_RDWR},
  {"O_CREAT", O_CREAT}, {"O_NONBLOCK", O_NONBLOCK},
  {NULL, 0}
};

__attribute__((visibility("default")))
int luaopen_spec_support_native (lua_State *L) {
  int i;
  luaL_newlib(L, functions);
  for (i = 0; numbers[i].name; i++) {
    lua_pushinteger(L, numbers[i].value);
    lua_setfield(L, -2, numbers[i].name);
  }
  return 1;
}
