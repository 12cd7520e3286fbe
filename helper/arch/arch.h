/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch.h - THE port: all that the library asks of a machine.
 *
 * To add an architecture: a folder arch/NAME with asm/memory.h and one C
 * file (or more) that defines the functions below, and a line in the
 * Makefile. Nothing outside arch/ knows which one it is built for.
 *
 * asm/memory.h defines
 *   PAGE_SHIFT          log2 of the page size
 *   PAGE_OFFSET         virtual address of the start of lowmem
 *   ARCH_PFN_OFFSET     first pfn that mem_map can describe
 *   __phys_to_virt(p), __virt_to_phys(v)   the linear map, lowmem only
 *   VMALLOC_END         end of the vmalloc area
 *   VMALLOC_OFFSET      hole between lowmem and the vmalloc area
 *   VMALLOC_MIN_DEFAULT lowmem's virtual addresses end below it
 */
#ifndef ARCH_H
#define ARCH_H

#include <mm/types.h>
#include <asm/memory.h>

#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PHYS_OFFSET	((phys_addr_t)ARCH_PFN_OFFSET << PAGE_SHIFT)

/** arch_console_write - @len bytes to the console; works from the start on */
void arch_console_write(const char *text, size_t len);

/**
 * arch_halt - stop for ever, where a debugger sees it; must call nothing
 *
 * It never returns but does not say so, for a backtrace's sake: see panic() in
 * bug.h.
 */
void arch_halt(void);

/** arch_kernel_end - physical end of the image; 0: there is none in memory */
phys_addr_t arch_kernel_end(void);

/**
 * arch_stack_trace - return addresses on the stack, innermost first
 * @skip: of these, how many to leave out; the first is where this call returns
 * Return: how many there are, at most @max. Stops before what is no frame, and
 *         never faults, whatever the stack holds.
 */
unsigned int arch_stack_trace(unsigned long *entries, unsigned int max,
			      unsigned int skip);

/** arch_local_irq_save - interrupts off; returns what to restore */
static inline unsigned long arch_local_irq_save(void);
static inline void arch_local_irq_restore(unsigned long flags);

#include <asm/irqflags.h>

#endif
