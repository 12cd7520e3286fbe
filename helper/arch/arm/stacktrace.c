// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stacktrace.c - who called whom, by the frame pointers that GCC keeps.
 *
 * In ARM state, with -fno-omit-frame-pointer, a function that calls others
 * saves r11 and lr side by side and makes r11 point at the saved lr; head.S
 * starts the chain with 0. Everybody on it has called somebody.
 */
#include <arch.h>

#define SAVED_LR 0
#define SAVED_FP (-1)

extern const char init_stack[], exception_stack_top[];
extern const char _stext[], _etext[];

static bool is_frame(uintptr_t fp, uintptr_t above)
{
	return IS_ALIGNED(fp, sizeof(u32)) && fp > above &&
	       fp >= (uintptr_t)init_stack + sizeof(u32) &&
	       fp <= (uintptr_t)exception_stack_top - sizeof(u32);
}

/* The stack may hold anything: each step is up, and stays in it. */
static noinline unsigned int walk_frames(uintptr_t fp, unsigned long *entries,
					 unsigned int max, unsigned int skip)
{
	uintptr_t above = 0;
	unsigned int n = 0;

	while (n < max && is_frame(fp, above)) {
		const u32 *frame = (const u32 *)fp;
		u32 lr = frame[SAVED_LR];

		if (lr < (uintptr_t)_stext || lr >= (uintptr_t)_etext)
			break;
		if (skip)
			skip--;
		else
			entries[n++] = lr;
		above = fp;
		fp = frame[SAVED_FP];
	}
	return n;
}

unsigned int arch_stack_trace(unsigned long *entries, unsigned int max,
			      unsigned int skip)
{
	return walk_frames((uintptr_t)__builtin_frame_address(0), entries, max,
			   skip);
}
