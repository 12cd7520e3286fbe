// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub_cpu.c - the CPUs of a core: registers out of NT_PRSTATUS.
 *
 * Where registers are in it is the kernel's struct elf_prstatus, which QEMU
 * writes as well. A machine without such a note is shown as one CPU, named "no
 * registers", whose registers are 0: GDB does not talk to one without a pc.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

#define ARM(name, n)	{ name, 32, 72 + 4 * (n) }
static const struct reg arm_regs[] = {
	ARM("r0", 0), ARM("r1", 1), ARM("r2", 2), ARM("r3", 3),
	ARM("r4", 4), ARM("r5", 5), ARM("r6", 6), ARM("r7", 7),
	ARM("r8", 8), ARM("r9", 9), ARM("r10", 10), ARM("r11", 11),
	ARM("r12", 12), ARM("sp", 13), ARM("lr", 14), ARM("pc", 15),
	ARM("cpsr", 16),
};

#define A64(name, n)	{ name, 64, 112 + 8 * (n) }
static const struct reg arm64_regs[] = {
	A64("x0", 0), A64("x1", 1), A64("x2", 2), A64("x3", 3),
	A64("x4", 4), A64("x5", 5), A64("x6", 6), A64("x7", 7),
	A64("x8", 8), A64("x9", 9), A64("x10", 10), A64("x11", 11),
	A64("x12", 12), A64("x13", 13), A64("x14", 14), A64("x15", 15),
	A64("x16", 16), A64("x17", 17), A64("x18", 18), A64("x19", 19),
	A64("x20", 20), A64("x21", 21), A64("x22", 22), A64("x23", 23),
	A64("x24", 24), A64("x25", 25), A64("x26", 26), A64("x27", 27),
	A64("x28", 28), A64("x29", 29), A64("x30", 30), A64("sp", 31),
	A64("pc", 32), { "cpsr", 32, 112 + 8 * 33 },
};

/* In GDB's order; the floating point ones it wants to hear of. */
#define X86(name, n)	{ name, 64, 112 + 8 * (n) }
#define SEG(name, n)	{ name, 32, 112 + 8 * (n) }
#define FP(name)	{ name, 80, -1 }
#define FC(name)	{ name, 32, -1 }
static const struct reg x86_regs[] = {
	X86("rax", 10), X86("rbx", 5), X86("rcx", 11), X86("rdx", 12),
	X86("rsi", 13), X86("rdi", 14), X86("rbp", 4), X86("rsp", 19),
	X86("r8", 9), X86("r9", 8), X86("r10", 7), X86("r11", 6),
	X86("r12", 3), X86("r13", 2), X86("r14", 1), X86("r15", 0),
	X86("rip", 16), SEG("eflags", 18), SEG("cs", 17), SEG("ss", 20),
	SEG("ds", 23), SEG("es", 24), SEG("fs", 25), SEG("gs", 26),
	FP("st0"), FP("st1"), FP("st2"), FP("st3"), FP("st4"), FP("st5"),
	FP("st6"), FP("st7"), FC("fctrl"), FC("fstat"), FC("ftag"),
	FC("fiseg"), FC("fioff"), FC("foseg"), FC("fooff"), FC("fop"),
};

#define REGS(table)	table, sizeof(table) / sizeof(*table)
static const struct cpu_kind kinds[] = {
	{ EM_ARM, "arm", "org.gnu.gdb.arm.core", 72 + 4 * 18, 24,
	  REGS(arm_regs) },
	{ EM_AARCH64, "aarch64", "org.gnu.gdb.aarch64.core", 112 + 8 * 34, 32,
	  REGS(arm64_regs) },
	{ EM_X86_64, "i386:x86-64", "org.gnu.gdb.i386.core", 112 + 8 * 27, 32,
	  REGS(x86_regs) },
};
_Static_assert(sizeof(x86_regs) / sizeof(*x86_regs) <= MAX_REGISTERS &&
	       sizeof(arm64_regs) / sizeof(*arm64_regs) <= MAX_REGISTERS,
	       "MAX_REGISTERS is that of the largest table");

enum mmdump_status cpu_find(struct stub *stub, uint32_t machine)
{
	const struct mmdump_note *notes;
	enum mmdump_status status;
	uint32_t own, bits, big;
	size_t count;

	mmdump_machine(stub->m, &own, &bits, &big);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].machine == (own ? own : machine))
			stub->kind = &kinds[i];
	status = mmdump_notes(stub->m, &notes, &count);
	if (status)
		return status;
	stub->cpus = calloc(count + 1, sizeof(*stub->cpus));
	if (!stub->cpus)
		return MMDUMP_ERR_SYSTEM;
	for (size_t i = 0; stub->kind && i < count; i++)
		if (notes[i].type == NT_PRSTATUS &&
		    !strcmp(notes[i].name, "CORE") &&
		    notes[i].size >= stub->kind->note_bytes)
			stub->cpus[stub->nr_cpus++] = &notes[i];
	return MMDUMP_OK;
}

size_t cpu_count(const struct stub *stub)
{
	return stub->nr_cpus ? stub->nr_cpus : 1;
}

bool cpu_register(const struct stub *stub, size_t number, char *out)
{
	const struct reg *reg;
	const unsigned char *at;
	size_t bytes;

	if (!stub->kind || number >= stub->kind->nr_regs)
		return false;
	reg = &stub->kind->regs[number];
	bytes = reg->bits / 8;
	if (reg->at < 0 || stub->cpu >= stub->nr_cpus) {
		memset(out, reg->at < 0 ? 'x' : '0', 2 * bytes);
		out[2 * bytes] = 0;
		return true;
	}
	at = (const unsigned char *)stub->cpus[stub->cpu]->desc + reg->at;
	for (size_t i = 0; i < bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", at[i]);
	return true;
}

static const char *type_of(const struct reg *reg)
{
	if (!strcmp(reg->name, "pc") || !strcmp(reg->name, "rip"))
		return " type=\"code_ptr\"";
	if (!strcmp(reg->name, "sp") || !strcmp(reg->name, "rsp"))
		return " type=\"data_ptr\"";
	return reg->bits == 80 ? " type=\"i387_ext\"" : "";
}

char *cpu_description(const struct stub *stub)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!stub->kind || !(out = open_memstream(&text, &size)))
		return NULL;
	fprintf(out, "<?xml version=\"1.0\"?>\n"
		     "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
		     "<target version=\"1.0\">\n<architecture>%s"
		     "</architecture>\n<feature name=\"%s\">\n",
		stub->kind->arch, stub->kind->feature);
	for (size_t i = 0; i < stub->kind->nr_regs; i++)
		fprintf(out, "<reg name=\"%s\" bitsize=\"%u\"%s/>\n",
			stub->kind->regs[i].name, stub->kind->regs[i].bits,
			type_of(&stub->kind->regs[i]));
	fprintf(out, "</feature>\n</target>\n");
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
