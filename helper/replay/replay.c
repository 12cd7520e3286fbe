// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replay.c - another machine's memory map, handed over by this allocator.
 * A host program; scripts/replay is its front and describes its input.
 *
 * Contract: memblock is filled with the map as it is given, the zones are
 *           built and the pages handed over in the guest's own order, then
 *           the map's operations are done; one JSON document on one line
 *           says what came out. The free lists are walked, not computed.
 * Fails:    one line "FILE:LINE: what", exit 1; documents of earlier maps
 *           of the same input are out by then.
 *
 * Our own early allocations (mem_map and what goes with it) must not show in
 * the map, and must lie below the end of lowmem. So the map is moved up by
 * SHIFT, which leaves every alignment as it is, and an early pool that is no
 * memory of the map's lies in front of it. What is printed is moved back.
 *
 * mem_init() gives back those parts of mem_map that describe holes: of ours,
 * which is not in the map. Where the map says where that machine's own is,
 * the same parts of that go back to the map's memblock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <host.h>
#include <mm/bug.h>
#include <mm/early_pool.h>

#include "map.h"

/* Lowmem of 32-bit ARM with a 3G/1G split and its default vmalloc area. */
#define LOWMEM_DEFAULT	(768UL << 20)

static phys_addr_t lowmem_option;	/* 0: not given */

/* Room for the regions of the map, so that no array of ours shows in it. */
static void roomy_list(struct memblock_type *type, unsigned long regions)
{
	static struct memblock_region *tables[2];
	struct memblock_region **table = &tables[type == &memblock.reserved];
	unsigned long max = 2 * regions + 8;

	free(*table);
	*table = calloc(max, sizeof(**table));
	if (!*table)
		fail("out of memory");
	**table = type->regions[0];		/* the empty list */
	type->regions = *table;
	type->max = max;
}

static void check_map(phys_addr_t *first, phys_addr_t *last)
{
	*first = MAX_ADDR;
	*last = 0;
	for (unsigned long i = 0; i < map.nr_memory; i++) {
		*first = min(*first, map.memory[i].base);
		*last = max(*last, map.memory[i].base + map.memory[i].size);
	}
	if (!map.nr_memory)
		fail("no memory");
	if (PFN_UP(*last) - PFN_DOWN(*first) > MAX_FRAMES)
		fail("map too large: at most 64 GiB from first to last byte of memory");
	if (lowmem_option)
		map.lowmem_limit = lowmem_option;
	if (!map.lowmem_limit)
		map.lowmem_limit = ALIGN(*first, PAGE_SIZE) + LOWMEM_DEFAULT;
	if (map.lowmem_limit % PAGE_SIZE || map.lowmem_limit > MAX_ADDR)
		fail("lowmem limit 0x%lx is not a page's address below 0x%lx",
		     map.lowmem_limit, MAX_ADDR);
	if (!map.page_bytes)
		return;
	if (map.mem_map_pfn > PFN_DOWN(*first))
		fail("mem_map begins with pfn 0x%lx, memory with 0x%lx",
		     map.mem_map_pfn, PFN_DOWN(*first));
	if ((PFN_UP(*last) - map.mem_map_pfn) * map.page_bytes >
	    MAX_ADDR - map.mem_map)
		fail("mem_map ends above 0x%lx, the highest address of a map",
		     MAX_ADDR);
}

/* Of the list, not of the lines: what touches is one region. */
static void check_lowmem(void)
{
	unsigned long start, end;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL)
		if (start < PFN_DOWN(map.lowmem_limit + SHIFT))
			return;
	fail("no whole page of memory below the lowmem limit 0x%lx",
	     map.lowmem_limit);
}

/* Where that machine has the struct page of a page of the map. */
static phys_addr_t map_page_phys(unsigned long pfn)
{
	return map.mem_map + SHIFT +
	       (pfn - SHIFT_PFN - map.mem_map_pfn) * map.page_bytes;
}

/* free_unused_memmap() of init.c, for the mem_map in the map. */
static void free_map_memmap(void)
{
	unsigned long start, end, prev_end = 0;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		start = ALIGN_DOWN(start, MAX_ORDER_NR_PAGES);
		if (prev_end && prev_end < start) {
			phys_addr_t from = PAGE_ALIGN(map_page_phys(prev_end));
			phys_addr_t to = map_page_phys(start) & PAGE_MASK;

			if (from < to && memblock_free(from, to - from))
				fail("mem_map cannot be given back");
		}
		prev_end = ALIGN(end, MAX_ORDER_NR_PAGES);
	}
}

/* The pool is in front of the map: [start - early, start). */
static void hand_over(phys_addr_t start, phys_addr_t early)
{
	roomy_list(&memblock.memory, map.nr_memory + 1);
	roomy_list(&memblock.reserved, map.nr_reserved + 1);
	for (unsigned long i = 0; i < map.nr_memory; i++) {
		memblock_add(map.memory[i].base + SHIFT, map.memory[i].size);
		if (map.memory[i].nomap)
			memblock_mark_nomap(map.memory[i].base + SHIFT,
					    map.memory[i].size);
	}
	for (unsigned long i = 0; i < map.nr_reserved; i++)
		memblock_reserve(map.reserved[i].base + SHIFT,
				 map.reserved[i].size);
	check_lowmem();
	early_pool_add(start - early, early);

	/* setup_arch() and start_kernel() of guest/main.c */
	sanity_check_meminfo();
	bootmem_init();
	build_all_zonelists();
	page_alloc_init();
	if (map.page_bytes)
		free_map_memmap();
	mem_init();
}

static void run_operations(void)
{
	for (unsigned long i = 0; i < map.nr_ops; i++) {
		struct operation *op = &map.ops[i], *owner;

		if (op->alloc) {
			op->page = alloc_pages(op->gfp, op->order);
			continue;
		}
		owner = map_owner_of(op);
		op->page = owner->page;
		op->order = owner->order;
		if (op->page)
			__free_pages(op->page, op->order);
	}
}

static void run_map(void)
{
	phys_addr_t first, last, start, early;
	unsigned long frames;

	check_map(&first, &last);
	start = ALIGN_DOWN(first, PAGE_SIZE) + SHIFT;
	/* Struct pages of the span and of the blocks at its ends. */
	frames = PFN_UP(last) - PFN_DOWN(first) + 2 * MAX_ORDER_NR_PAGES;
	early = PAGE_ALIGN(frames * sizeof(struct page)) + SZ_1M;
	if (host_ram_init(start - early, last + SHIFT - (start - early),
			  map.lowmem_limit + SHIFT))
		fail("no address space for the map");
	if (setjmp(*host_panic_expected()))
		fail("the allocator stopped: %s", host_panic_text());
	hand_over(start, early);
	run_operations();
}

static void finish_map(void)
{
	run_map();
	json_print();
	fflush(stdout);			/* a reader may wait for it */
	map_clear();
}

static void usage(void)
{
	fprintf(stderr, "usage: replay [--lowmem-limit PHYS] [FILE]\n");
	exit(2);
}

int main(int argc, char **argv)
{
	FILE *in = stdin;
	char *line = NULL;
	size_t room = 0;
	bool ended = false;		/* by "---", and nothing behind it */
	int arg = 1;

	if (arg + 1 < argc && strcmp(argv[arg], "--lowmem-limit") == 0) {
		file_name = argv[arg];
		lowmem_option = map_number(argv[arg + 1], "limit");
		file_name = "-";
		arg += 2;
	}
	if (argc - arg > 1 || (arg < argc && argv[arg][0] == '-' &&
			       argv[arg][1]))
		usage();
	if (arg < argc && strcmp(argv[arg], "-")) {
		file_name = argv[arg];
		in = fopen(file_name, "r");
		if (!in)
			fail("%s", strerror(errno));
	}
	map_init();
	while (getline(&line, &room, in) > 0) {
		line_no++;
		ended = strcspn(line, "\n") == 3 && !strncmp(line, "---", 3);
		if (ended)
			finish_map();
		else
			map_read_line(line);
	}
	if (!ended)
		finish_map();
	free(line);
	map_destroy();
	return 0;
}
