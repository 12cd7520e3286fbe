/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tree.h - device trees for unit tests: written word by word, loaded where
 * nothing behind them can be read, and broken at random.
 *
 * Include it instead of machine.h.
 */
#ifndef UNIT_TREE_H
#define UNIT_TREE_H

#include "machine.h"

#include <libfdt.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <guest/fdt.h>

#define TREE_BYTES	(1 << 16)
#define TREE_PHYS	(RAM_BASE + 0x800000UL)	/* where a loader put it */

/* --- writing -------------------------------------------------------------- */

static char tree_text[TREE_BYTES];

#define ok(call) assert_int_equal(call, 0)

/** tree_begin - an empty tree; then tree_memreserve(), then tree_root() */
static inline void tree_begin(void)
{
	memset(tree_text, 0, sizeof(tree_text));
	ok(fdt_create(tree_text, sizeof(tree_text)));
}

static inline void tree_memreserve(u64 base, u64 size)
{
	ok(fdt_add_reservemap_entry(tree_text, base, size));
}

static inline void tree_node(const char *name)
{
	ok(fdt_begin_node(tree_text, name));
}

static inline void tree_end(void)
{
	ok(fdt_end_node(tree_text));
}

static inline void tree_bytes(const char *name, const void *value, size_t n)
{
	ok(fdt_property(tree_text, name, value, (int)n));
}

static inline void tree_string(const char *name, const char *value)
{
	tree_bytes(name, value, strlen(value) + 1);
}

static inline void tree_put_cells(const char *name, const u32 *cells, size_t n)
{
	fdt32_t big[64];

	for (size_t i = 0; i < n; i++)
		big[i] = cpu_to_fdt32(cells[i]);
	tree_bytes(name, big, 4 * n);
}

/** tree_cells - a property of 32-bit numbers */
#define tree_cells(name, ...) do {					\
	const u32 _cells[] = { __VA_ARGS__ };				\
	tree_put_cells(name, _cells, ARRAY_SIZE(_cells));		\
} while (0)

/** tree_root - the root node, with cells of one size for all */
static inline void tree_root(u32 cells)
{
	ok(fdt_finish_reservemap(tree_text));
	tree_node("");
	tree_cells("#address-cells", cells);
	tree_cells("#size-cells", cells);
}

/** tree_memory - one bank, in a node of its own; cells of 1 */
static inline void tree_memory(u32 base, u32 size)
{
	char name[32];

	snprintf(name, sizeof(name), "memory@%x", base);
	tree_node(name);
	tree_string("device_type", "memory");
	tree_cells("reg", base, size);
	tree_end();
}

/** tree_finish - end the root node; returns the tree's size */
static inline size_t tree_finish(void)
{
	tree_end();
	ok(fdt_finish(tree_text));
	return fdt_totalsize(tree_text);
}

/* --- loading -------------------------------------------------------------- */

/**
 * load - @bytes of @tree, at the end of a page that nothing may be read behind
 *
 * Trees are aligned to 8, so up to 7 bytes can be: zeros.
 */
static inline const void *load(const void *tree, size_t bytes)
{
	static char *pages;
	char *end;

	if (!pages) {
		pages = mmap(NULL, TREE_BYTES + PAGE_SIZE,
			     PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(pages, MAP_FAILED);
		ok(mprotect(pages + TREE_BYTES, PAGE_SIZE, PROT_NONE));
	}
	end = pages + TREE_BYTES - ALIGN(bytes, 8);
	memset(pages, 0, TREE_BYTES);
	memcpy(end, tree, bytes);
	__atags_pointer = TREE_PHYS;
	return end;
}

/** load_tree - what was written since tree_begin(), and set the machine up */
static inline void load_tree(void)
{
	size_t bytes = tree_finish();

	setup_machine_fdt(load(tree_text, bytes), bytes);
}

/* --- breaking ------------------------------------------------------------- */

static u32 odd_number(struct rng *rng)
{
	static const u32 odd[] = {
		0, 1, 2, 3, 4, 7, 8, 0xfff, 0x1000, 0x10000000, 0x7fffffff,
		0x80000000, 0xfffff000, 0xfffffffc, 0xffffffff, 40, 256, 65536,
	};

	return odd[below(rng, ARRAY_SIZE(odd))];
}

static void put_be32(char *at, u32 value)
{
	fdt32_t big = cpu_to_fdt32(value);

	memcpy(at, &big, sizeof(big));
}

/* One change; returns the tree's new size. */
static size_t break_once(struct rng *rng, char *tree, size_t bytes)
{
	size_t at = below(rng, bytes), to = below(rng, bytes), n;

	switch (below(rng, 8)) {
	case 0: case 1:
		tree[at] = (char)(tree[at] ^ 1 << below(rng, 8));
		return bytes;
	case 2:
		tree[at] = (char)below(rng, 256);
		return bytes;
	case 3: case 4:
		if (bytes >= 8)
			put_be32(tree + ALIGN_DOWN(below(rng, bytes - 4), 4),
				 odd_number(rng));
		return bytes;
	case 5:
		if (bytes >= 40)
			put_be32(tree + 4 * below(rng, 10), odd_number(rng));
		return bytes;
	case 6:
		n = below(rng, 64);
		n = min(n, bytes - max(at, to));
		memmove(tree + to, tree + at, n);
		return bytes;
	default:
		if (below(rng, 4))	/* seldom: it leaves little to find */
			return bytes;
		if (at >= 8)
			put_be32(tree + 4, (u32)at);
		return at ? at : 1;
	}
}

static unsigned int fuzz_round;		/* for the report of a crash */

static void tell_round(void)
{
	fprintf(stderr, "in round %u; console:\n%s\n", fuzz_round,
		host_console());
}

typedef void use_tree_fn(const void *tree, size_t bytes);

/* Whether @use came back; if not, it said why in one line. */
static noinline bool ends_well(use_tree_fn *use, const void *tree, size_t bytes)
{
	const char *line;

	if (setjmp(*host_panic_expected()) == 0) {
		use(load(tree, bytes), bytes);
		return true;
	}
	line = strstr(host_console(), "panic: ");
	if (!line || line[strlen("panic: ")] == '\n')
		fail_msg("round %u: a halt without a word", fuzz_round);
	if (strchr(line, '\n')[1])
		fail_msg("round %u: more than a line: %s", fuzz_round, line);
	return false;
}

/**
 * fuzz_tree - break @tree in @rounds ways; each must end well or in one line
 * @use: what to do with it; may panic
 */
static inline void fuzz_tree(const void *tree, size_t bytes,
			     unsigned int rounds, int (*new_machine)(void **),
			     use_tree_fn *use)
{
	static char broken[TREE_BYTES];
	unsigned int well = 0;

	assert_true(bytes <= sizeof(broken));
	__sanitizer_set_death_callback(tell_round);
	alarm(50);			/* a hang ends the process */
	for (fuzz_round = 0; fuzz_round < rounds; fuzz_round++) {
		struct rng rng = rng_seed(fuzz_round);
		unsigned long changes = 1 + below(&rng, 4);
		size_t n = bytes;

		memcpy(broken, tree, bytes);
		while (changes--)
			n = break_once(&rng, broken, n);
		ok(new_machine(NULL));
		well += ends_well(use, broken, n);
	}
	alarm(0);
	__sanitizer_set_death_callback(NULL);
	/* Both ways must have been taken, or nothing was tried. */
	assert_true(well > rounds / 50);
	assert_true(rounds - well > rounds / 50);
}

/** board_tree - a real board's, as `make guest` built it; returns its size */
static inline size_t board_tree(const char *board, void *buf, size_t size)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	FILE *file;
	size_t bytes;

	assert_true(n > 0);
	path[n] = 0;			/* build/host-oN/tests/NAME */
	for (int up = 0; up < 3; up++)
		*strrchr(path, '/') = 0;
	strcat(path, "/boards/");
	strcat(path, board);
	strcat(path, ".dtb");
	file = fopen(path, "rb");
	if (!file)
		fail_msg("no %s: run make guest", path);
	bytes = fread(buf, 1, size, file);
	fclose(file);
	return bytes;
}

/** memblock_from_tree - guest/main.c's order, from bootargs to reservations */
static inline void memblock_from_tree(void)
{
	parse_early_param();
	sanity_check_meminfo();
	early_init_fdt_reserve_self();
	early_init_fdt_scan_reserved_mem();
	dma_contiguous_reserve(0);
	sanity_check_meminfo();
	assert_null(memblock_check());
}

#endif
