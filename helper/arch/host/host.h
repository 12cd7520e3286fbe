/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.h - the host build's machine: memory, console, and where a panic goes.
 * For unit tests, fuzzing and scripts/replay.
 */
#ifndef HOST_H
#define HOST_H

#include <setjmp.h>
#include <stdbool.h>
#include <mm/types.h>

/**
 * host_ram_init - begin a new machine
 * @base:         physical address of RAM's first byte
 * @size:         bytes, holes included; sparse, reads as zeros
 * @lowmem_limit: physical end of lowmem
 *
 * Puts every global of the library back to its state before boot (their
 * values are those of the program's start), so that one process can run
 * many machines.
 * Return: 0; -ENOMEM when the address space cannot be had.
 */
int host_ram_init(phys_addr_t base, phys_addr_t size, phys_addr_t lowmem_limit);

/**
 * host_map - for arch/host/pgtable.c: let [addr, addr + bytes) lead to @phys
 *
 * Two mappings of one page show the same bytes. What is not RAM is a device,
 * whose registers are memory too, kept until the next machine. Aborts when the
 * process can have no more mappings.
 */
void host_map(unsigned long addr, phys_addr_t phys, unsigned long bytes,
	      bool writable);
/** host_unmap - let it fault again */
void host_unmap(unsigned long addr, unsigned long bytes);

extern unsigned long host_tlb_flushes;	/* since host_ram_init() */
extern unsigned long host_tlb_start, host_tlb_end;	/* the last one's */

/** host_set_cpu - run on another CPU from here on; 0 at first */
void host_set_cpu(unsigned int cpu);

/**
 * host_panic - where panic() goes: set before a call that may panic
 *
 *	if (setjmp(*host_panic_expected()) == 0)
 *		call_that_panics();
 *	...host_panic_text() is the message
 *
 * Not expected: the message goes to stderr and the process aborts.
 */
jmp_buf *host_panic_expected(void);
const char *host_panic_text(void);	/* "" when none was caught */

/** host_console - all that was printed since host_ram_init(), bounded */
const char *host_console(void);
void host_type(const char *text);	/* for arch_console_getc() */
extern bool host_console_echo;		/* also to stderr; default false */

#endif
