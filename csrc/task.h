/*
** task.h: tasks: coroutines that the loop resumes.
*/

#ifndef sockeye_task_h
#define sockeye_task_h

#include <lua.h>

#include "loop.h"

#define SK_TASK "sockeye.task"

typedef struct sk_Task {
  sk_Waiter waiter;   /* first */
  lua_State *thread;  /* anchored in the user value; NULL when it ended */
} sk_Task;

/* Resumes a task that was woken.  What it raises is reported, not raised. */
void sk_resumetask (lua_State *L, sk_Loop *loop, sk_Task *task);
/* It is no task any more: somebody else resumed its coroutine. */
void sk_losetask (lua_State *L, sk_Loop *loop, sk_Task *task);
/* Wakes every task that waits. */
void sk_waketasks (lua_State *L, sk_Loop *loop);

void sk_opentask (lua_State *L);  /* adds spawn to the table on top */

#endif
