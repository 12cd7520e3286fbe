// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stub_main.c - mmdump-stub: serves a machine that stands still to GDB, on
 * standard input and output.
 *
 * In GDB: target remote | mmdump-stub [OPTION...] [CORE...]
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "stub.h"

static const char usage[] =
"usage: mmdump-stub [--ram PHYS:FILE[:OFFSET[:SIZE]]] [--mmu MMU]\n"
"                   [--arch ARCH] [CORE...]\n"
"Serves memory and registers of cores and RAM files to GDB on standard input\n"
"and output: target remote | mmdump-stub ...\n"
"  --ram   a bank of RAM that lies in a file as it is; as often as needed\n"
"  --mmu   KIND,PAGE_SHIFT,VA_BITS,ROOT[,START[,ENCRYPTION[,BIG_ENDIAN]]]\n"
"          KIND is arm, lpae, arm64 or x86_64; ROOT is the physical address\n"
"          of the first page table; addresses below START have no tables\n"
"  --arch  what RAM files without --mmu are of: arm, arm64 or x86_64\n"
"Without --mmu addresses are those of the cores' segments, or physical where\n"
"no segment says one. Numbers may begin with 0x.\n";

struct kind {
	const char *name;
	enum mmdump_mmu_kind kind;
	uint32_t machine;
};

static const struct kind kinds[] = {
	{ "none", MMDUMP_MMU_NONE, EM_NONE },
	{ "arm", MMDUMP_MMU_ARM_SHORT, EM_ARM },
	{ "lpae", MMDUMP_MMU_ARM_LPAE, EM_ARM },
	{ "arm64", MMDUMP_MMU_ARM64, EM_AARCH64 },
	{ "x86_64", MMDUMP_MMU_X86_64, EM_X86_64 },
};

/* A whole number, which ends with one of the characters of stop. */
static bool number(const char *text, const char **end, uint64_t *ret)
{
	char *after;

	errno = 0;
	*ret = strtoull(text, &after, strncmp(text, "0x", 2) ? 10 : 16);
	*end = after;
	return *text >= '0' && *text <= '9' && after != text && !errno;
}

/* The number behind the last ':' of text, which is cut there. */
static bool last_number(char *text, uint64_t *ret)
{
	char *colon = strrchr(text, ':');
	const char *end;

	if (!colon || !number(colon + 1, &end, ret) || *end)
		return false;
	*colon = 0;
	return true;
}

/* PHYS:FILE[:OFFSET[:SIZE]]; a file's name may have colons, too. */
static bool add_ram(struct mmdump *m, const char *text)
{
	uint64_t phys, last, before, offset = 0, size = 0;
	enum mmdump_status status;
	const char *end;
	char *file;

	if (!number(text, &end, &phys) || *end != ':') {
		fprintf(stderr, "mmdump-stub: --ram %s: no PHYS:FILE\n", text);
		return false;
	}
	file = strdup(end + 1);
	if (!file)
		return false;
	if (last_number(file, &last)) {
		offset = last;
		if (last_number(file, &before)) {
			offset = before;
			size = last;
		}
	}
	status = mmdump_add_file(m, file, offset, phys, size);
	if (status)
		fprintf(stderr, "mmdump-stub: %s\n", mmdump_message(m));
	free(file);
	return !status;
}

static const struct kind *find_kind(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i].name) == length &&
		    !strncmp(name, kinds[i].name, length))
			return &kinds[i];
	return NULL;
}

static bool set_mmu(struct mmdump *m, const char *text, uint32_t *machine)
{
	uint64_t values[6] = { 0 };
	struct mmdump_mmu mmu = { 0 };
	size_t length = strcspn(text, ","), n = 0;
	const struct kind *kind = find_kind(text, length);
	const char *end = text + length;

	for (; kind && *end == ',' && n < 6; n++)
		if (!number(end + 1, &end, &values[n]))
			break;
	mmu.page_shift = (uint32_t)values[0];
	mmu.va_bits = (uint32_t)values[1];
	mmu.root = values[2];
	mmu.start = values[3];
	mmu.encryption = values[4];
	mmu.big_endian = (uint32_t)values[5];
	if (!kind || *end || (kind->kind && n < 3)) {
		fprintf(stderr, "mmdump-stub: --mmu %s: no KIND,PAGE_SHIFT,"
				"VA_BITS,ROOT...\n", text);
		return false;
	}
	*machine = kind->machine;
	mmu.kind = kind->kind;
	if (mmdump_set_mmu(m, &mmu)) {
		fprintf(stderr, "mmdump-stub: --mmu %s: %s\n", text,
			mmdump_message(m));
		return false;
	}
	return true;
}

/* Page tables come last: they say of what CPU the memory is. */
static bool arguments(struct stub *stub, char **args, uint32_t *machine)
{
	const struct mmdump_segment *segments;
	const struct kind *arch = NULL;
	const char *mmu = NULL;
	bool good = true;
	size_t count;

	for (; good && *args; args++) {
		if (!strcmp(*args, "--ram") && args[1]) {
			good = add_ram(stub->m, *++args);
		} else if (!strcmp(*args, "--mmu") && args[1]) {
			mmu = *++args;
		} else if (!strcmp(*args, "--arch") && args[1] &&
			   (arch = find_kind(args[1], strlen(args[1])))) {
			*machine = arch->machine;
			args++;
		} else if (**args == '-') {
			fputs(usage, stderr);
			return false;
		} else if (mmdump_open(stub->m, *args)) {
			fprintf(stderr, "mmdump-stub: %s\n",
				mmdump_message(stub->m));
			good = false;
		}
	}
	if (good && mmu)
		good = set_mmu(stub->m, mmu, machine);
	if (good && !mmu) {
		mmdump_segments(stub->m, &segments, &count);
		stub->physical = !count;
	}
	return good;
}

int main(int argc, char **argv)
{
	struct stub stub = { 0 };
	uint32_t machine = 0;
	int status = 2;

	if (argc < 2) {
		fputs(usage, stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	/* Ctrl-C is meant for the GDB beside us; one that went is EPIPE. */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (mmdump_create(&stub.m)) {
		fputs("mmdump-stub: out of memory\n", stderr);
		return 2;
	}
	if (arguments(&stub, argv + 1, &machine)) {
		if (mmdump_warning(stub.m))
			fprintf(stderr, "mmdump-stub: %s\n",
				mmdump_warning(stub.m));
		if (cpu_find(&stub, machine))
			fprintf(stderr, "mmdump-stub: %s\n",
				mmdump_message(stub.m));
		else {
			/* GDB looks for a message before each character that
			 * it reads, until there can be none any more. */
			fclose(stderr);
			status = stub_serve(&stub, stdin, stdout);
		}
	}
	free(stub.cpus);
	mmdump_destroy(stub.m);
	return status;
}
