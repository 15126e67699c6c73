/*
** timer.c: the deadlines of all who wait: a binary heap.
**
** It is lazy: a waiter stays in it while it runs, and only a deadline earlier
** than the heap's key moves it at once; a later one moves it when it comes up.
*/

#include "timer.h"

#include <lauxlib.h>


static void place (sk_Loop *loop, int i, sk_Waiter *w) {
  loop->heap[i] = w;
  w->heapindex = i;
}


static void siftup (sk_Loop *loop, sk_Waiter *w) {
  int i = w->heapindex;
  while (i > 0) {
    int parent = (i - 1) / 2;
    if (loop->heap[parent]->key <= w->key) break;
    place(loop, i, loop->heap[parent]);
    i = parent;
  }
  place(loop, i, w);
}


static void siftdown (sk_Loop *loop, sk_Waiter *w) {
  int i = w->heapindex;
  for (;;) {
    int child = 2 * i + 1;
    if (child >= loop->nheap) break;
    if (child + 1 < loop->nheap &&
        loop->heap[child + 1]->key < loop->heap[child]->key)
      child++;
    if (w->key <= loop->heap[child]->key) break;
    place(loop, i, loop->heap[child]);
    i = child;
  }
  place(loop, i, w);
}


void sk_cleartimer (sk_Loop *loop, sk_Waiter *w) {
  int i = w->heapindex;
  sk_Waiter *last;
  if (i < 0) return;
  w->heapindex = -1;
  last = loop->heap[--loop->nheap];
  if (last == w) return;
  place(loop, i, last);
  siftup(loop, last);
  siftdown(loop, last);
}


void sk_settimer (sk_Loop *loop, sk_Waiter *w, int64_t deadline) {
  w->deadline = deadline;
  if (deadline == SK_NEVER) return;
  if (w->heapindex < 0)
    place(loop, loop->nheap++, w);
  else if (w->key <= deadline)
    return;
  w->key = deadline;
  siftup(loop, w);
}


void sk_expiretimers (sk_Loop *loop) {
  int64_t now;
  if (loop->nheap == 0) return;
  now = sk_now(loop);
  while (loop->nheap > 0 && loop->heap[0]->key <= now) {
    sk_Waiter *w = loop->heap[0];
    if (w->state != SK_PARKED || w->deadline == SK_NEVER)
      sk_cleartimer(loop, w);
    else if (w->deadline > now) {
      w->key = w->deadline;
      siftdown(loop, w);
    }
    else {
      sk_cleartimer(loop, w);
      sk_wake(loop, w, SK_TIMEDOUT);
    }
  }
}


int64_t sk_nexttimer (const sk_Loop *loop) {
  return (loop->nheap > 0) ? loop->heap[0]->key : SK_NEVER;
}


void sk_reservetimers (lua_State *L, sk_Loop *loop, int waiters) {
  int need = waiters + SK_DEPTH;
  int size = (loop->heapsize == 0) ? 32 : loop->heapsize;
  sk_Waiter **heap;
  if (need <= loop->heapsize) return;
  while (size < need) size *= 2;
  heap = loop->poller.alloc(loop->poller.allocud, loop->heap,
                            sizeof(*heap) * (size_t)loop->heapsize,
                            sizeof(*heap) * (size_t)size);
  if (heap == NULL)
    luaL_error(L, "not enough memory");
  loop->heap = heap;
  loop->heapsize = size;
}


void sk_freetimers (sk_Loop *loop) {
  loop->poller.alloc(loop->poller.allocud, loop->heap,
                     sizeof(*loop->heap) * (size_t)loop->heapsize, 0);
  loop->heap = NULL;
  loop->nheap = loop->heapsize = 0;
}
