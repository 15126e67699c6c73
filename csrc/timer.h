/*
** timer.h: the deadlines of all who wait.
*/

#ifndef sockeye_timer_h
#define sockeye_timer_h

#include <lua.h>

#include "loop.h"

/* Makes room for the timers of `waiters` tasks and of every nested turn, so
** that setting one cannot fail.  Raises without memory. */
void sk_reservetimers (lua_State *L, sk_Loop *loop, int waiters);
void sk_settimer (sk_Loop *loop, sk_Waiter *w, int64_t deadline);
void sk_cleartimer (sk_Loop *loop, sk_Waiter *w);
/* Wakes those whose deadline has come. */
void sk_expiretimers (sk_Loop *loop);
/* When to look again at the latest, SK_NEVER when there is no timer. */
int64_t sk_nexttimer (const sk_Loop *loop);
void sk_freetimers (sk_Loop *loop);

#endif
