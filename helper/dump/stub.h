/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stub.h - what the files of mmdump-stub share: options (stub_main.c), the
 * packets (stub.c), CPUs and their registers (stub_cpu.c).
 */
#ifndef MMDUMP_STUB_H
#define MMDUMP_STUB_H

#include <stdbool.h>
#include <stdio.h>

#include "mmdump.h"

#define MAX_REGISTERS	80U	/* of any CPU that is known here */

/* One register as GDB counts it. */
struct reg {
	const char *name;
	unsigned int bits;
	int at;			/* in NT_PRSTATUS; -1: not there */
};

/* What a CPU is called, and where a core has its registers. */
struct cpu_kind {
	uint32_t machine;	/* e_machine */
	const char *arch;	/* as GDB calls it */
	const char *feature;
	size_t note_bytes;	/* of NT_PRSTATUS, at least */
	size_t pid_at;
	const struct reg *regs;
	size_t nr_regs;
};

struct stub {
	struct mmdump *m;
	const struct cpu_kind *kind;	/* NULL: not known */
	const struct mmdump_note **cpus;	/* NT_PRSTATUS of each */
	size_t nr_cpus;			/* 0: none, one is shown */
	size_t cpu;			/* that GDB talks about */
	bool physical;			/* nothing says what is virtual */
	bool no_ack;
};

/* --- stub_cpu.c ---------------------------------------------------------- */

/* Finds kind and cpus. machine: of a machine that has no core that says it;
 * 0: not known, either. */
enum mmdump_status cpu_find(struct stub *stub, uint32_t machine);

/* CPUs that GDB is told of; at least one. */
size_t cpu_count(const struct stub *stub);

/*
 * cpu_register - one register as hexadecimal digits, in the target's order
 * @out:   room for 33 bytes; digits are "x" where no core has one
 * Return: false: no such register
 */
bool cpu_register(const struct stub *stub, size_t number, char *out);

/* The description that GDB reads; NULL for a CPU that is not known. It is the
 * caller's to free. */
char *cpu_description(const struct stub *stub);

/* --- stub.c -------------------------------------------------------------- */

/* Answers packets from in until GDB goes. Return: 0, or 1: out is gone. */
int stub_serve(struct stub *stub, FILE *in, FILE *out);

#endif
