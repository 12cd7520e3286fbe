// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * traps.c - an exception's report: what, where, registers, status.
 *
 * Fault status codes: ARM Architecture Reference Manual ARMv7-A, table B3-23
 * (short-descriptor format).
 */
#include <arch.h>
#include <mm/printk.h>

#include "arm.h"
#include "traps.h"

/* What reporting may need; head.S has room for four. */
#define REPORT_STACK_BYTES 2048

static const char *const exception_names[] = {
	[EXC_RESET] = "reset",
	[EXC_UNDEFINED] = "undefined instruction",
	[EXC_SVC] = "supervisor call",
	[EXC_PREFETCH_ABORT] = "prefetch abort",
	[EXC_DATA_ABORT] = "data abort",
	[EXC_RESERVED] = "reserved exception",
	[EXC_IRQ] = "IRQ",
	[EXC_FIQ] = "FIQ",
};

static const char *fault_status_name(u32 fsr)
{
	switch ((fsr & 0xf) | (fsr >> 6 & 0x10)) {
	case 0x01: return "alignment fault";
	case 0x02: return "debug event";
	case 0x05: return "no translation, section";
	case 0x07: return "no translation, page";
	case 0x08: return "external abort";
	case 0x09: return "domain fault, section";
	case 0x0b: return "domain fault, page";
	case 0x0c: case 0x0e: return "external abort on a table walk";
	case 0x0d: return "no permission, section";
	case 0x0f: return "no permission, page";
	case 0x16: return "asynchronous external abort";
	default: return "other fault";
	}
}

static u32 read_dfsr(void)
{
	u32 value;

	__asm__ volatile("mrc p15, 0, %0, c5, c0, 0" : "=r"(value));
	return value;
}

static u32 read_ifsr(void)
{
	u32 value;

	__asm__ volatile("mrc p15, 0, %0, c5, c0, 1" : "=r"(value));
	return value;
}

static u32 read_dfar(void)
{
	u32 value;

	__asm__ volatile("mrc p15, 0, %0, c6, c0, 0" : "=r"(value));
	return value;
}

static void print_cause(enum exception kind)
{
	u32 fsr;

	printk("\nUnhandled %s", exception_names[kind]);
	if (kind == EXC_DATA_ABORT) {
		fsr = read_dfsr();
		printk(": %s of 0x%08x: %s (DFSR 0x%x)",
		       fsr & 1u << 11 ? "write" : "read", read_dfar(),
		       fault_status_name(fsr), fsr);
	} else if (kind == EXC_PREFETCH_ABORT) {
		fsr = read_ifsr();
		printk(": %s (IFSR 0x%x)", fault_status_name(fsr), fsr);
	}
	printk("\n");
}

static void print_registers(const struct pt_regs *regs)
{
	printk("pc : 0x%08x %pS\nlr : 0x%08x %pS\n", regs->pc,
	       (void *)regs->pc, regs->lr, (void *)regs->lr);
	printk("sp : 0x%08x  cpsr: 0x%08x\n", regs->sp, regs->cpsr);
	for (int i = 0; i < 13; i++)
		printk("r%-3d: 0x%08x%s", i, regs->r[i],
		       i % 4 == 3 || i == 12 ? "\n" : "  ");
}

void do_exception(const struct pt_regs *regs, enum exception kind)
{
	static const struct pt_regs *first;
	static int faults;

	/*
	 * A fault in here is the console's doing, or beyond help. It gets a
	 * place of its own, so that the first one's registers stay.
	 */
	traps_init((unsigned long)regs - REPORT_STACK_BYTES);
	if (++faults > 2)
		arch_halt();
	if (faults == 1)
		first = regs;
	else
		console_fallback();
	print_cause(kind);
	print_registers(regs);
	if (first != regs) {
		printk("while reporting an exception before it, at\n");
		print_registers(first);
	}
	printk("halted\n");
	arch_halt();
}
