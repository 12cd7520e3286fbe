/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - what the boot list asks of the architecture besides arch.h, and
 * the boot's own states.
 */
#ifndef GUEST_H
#define GUEST_H

#include <mm/types.h>

enum system_states { SYSTEM_BOOTING, SYSTEM_RUNNING };
extern enum system_states system_state;
extern const char mmscope_banner[];

/*
 * start_kernel is the first C function, on the boot stack and with the MMU
 * on. Neither returns, but they do not say so: see panic() in bug.h.
 */
void start_kernel(void);
void cpu_idle(void);

/** arch_fdt - where the early code mapped the device tree; NULL: nowhere */
const void *arch_fdt(void);
/** arch_console_init - move from the debug UART to the tree's console */
void arch_console_init(void);
/** arch_memblock_reserve - the image and its translation table */
void arch_memblock_reserve(void);
/** arch_boot_cpu - the boot CPU's number in the tree: MPIDR[23:0] */
u32 arch_boot_cpu(void);
/** paging_init - the linear map of lowmem, in sections where they fit */
void paging_init(void);
/** arch_wait - sleep until something happens */
void arch_wait(void);

#define ARCH_FDT_MAX_BYTES ((size_t)SZ_1M)

#endif
