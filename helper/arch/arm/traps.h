/* SPDX-License-Identifier: GPL-2.0-or-later */
/* traps.h - what vectors.S saves and traps.c reports. */
#ifndef TRAPS_H
#define TRAPS_H

#include <mm/types.h>

/* The order of the vector table. */
enum exception {
	EXC_RESET,
	EXC_UNDEFINED,
	EXC_SVC,
	EXC_PREFETCH_ABORT,
	EXC_DATA_ABORT,
	EXC_RESERVED,
	EXC_IRQ,
	EXC_FIQ,
};

struct pt_regs {
	u32 r[13];
	u32 sp, lr, pc, cpsr;
	u32 pad;			/* keeps the stack aligned to 8 */
};
_Static_assert(sizeof(struct pt_regs) == 72, "vectors.S: PT_SIZE");
_Static_assert(offsetof(struct pt_regs, pc) == 60, "vectors.S: PT_PC");

/** traps_init - where exceptions from now on save registers, going down */
void traps_init(unsigned long stack_top);

/**
 * do_exception - report, and halt; a second fault reports on the debug UART
 *
 * Never returns, but does not say so: see panic() in bug.h.
 */
void do_exception(const struct pt_regs *regs, enum exception kind);

#endif
