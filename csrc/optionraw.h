/*
** optionraw.h: the methods of optionraw.c, which option.c registers.
*/

#ifndef sockeye_optionraw_h
#define sockeye_optionraw_h

#include <lauxlib.h>

extern const luaL_Reg sk_rawoptions[];

#endif
