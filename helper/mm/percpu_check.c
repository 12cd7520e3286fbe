// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu_check.c - the invariants of per-CPU chunks.
 *
 * Contract: reads only; costs what all maps are long.
 * May call: lib/.  Called by: tests, the boot's transitions.
 * Fails:    returns the ID of the first broken invariant.
 */
#include <mm/mm.h>
#include <mm/vmalloc.h>

#include "percpu_internal.h"

/* Where a chunk's last area ends. */
static int chunk_end(const struct pcpu_chunk *chunk)
{
	if (chunk == pcpu_reserved_chunk)
		return pcpu_reserved_chunk_limit;
	return chunk == pcpu_first_chunk ? pcpu_first_chunk_limit :
	       pcpu_unit_size;
}

static const char *check_map(const struct pcpu_chunk *chunk)
{
	int i, free_size = 0;

	if (chunk->map_used < 1 || chunk->map_used >= chunk->map_alloc ||
	    pcpu_area_start(chunk, 0) != 0 ||
	    chunk->map[chunk->map_used] != (chunk_end(chunk) | PCPU_USED))
		return "PERCPU-1";
	for (i = 0; i < chunk->map_used; i++) {
		if (pcpu_area_size(chunk, i) <= 0)
			return "PERCPU-1";
		if (pcpu_area_used(chunk, i))
			continue;
		if (!pcpu_area_used(chunk, i + 1))
			return "PERCPU-2";
		if (pcpu_area_size(chunk, i) > chunk->contig_hint ||
		    i < chunk->first_free)
			return "PERCPU-4";
		free_size += pcpu_area_size(chunk, i);
	}
	return free_size == chunk->free_size ? NULL : "PERCPU-3";
}

/* Is it what populated[] says, for every CPU? */
static bool page_is(const struct pcpu_chunk *chunk, int page, bool populated)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const void *addr = pcpu_chunk_addr(chunk, cpu, page);
		const struct page *p = vmalloc_to_page(addr);

		if (!p != !populated)
			return false;
		if (p && p->index != (unsigned long)chunk)
			return false;
	}
	return true;
}

/* Does an area in use touch bytes [start, end)? Areas from @i on may. */
static bool touched(const struct pcpu_chunk *chunk, int start, int end, int *i)
{
	while (pcpu_area_start(chunk, *i + 1) <= start)
		++*i;
	for (int j = *i; j < chunk->map_used &&
	     pcpu_area_start(chunk, j) < end; j++)
		if (pcpu_area_used(chunk, j))
			return true;
	return false;
}

static const char *check_pages(const struct pcpu_chunk *chunk, int *empty)
{
	int populated = 0, i = 0, end = chunk_end(chunk);

	for (int page = 0; page < pcpu_unit_pages; page++) {
		int start = page << PAGE_SHIFT;
		int stop = min(start + (int)PAGE_SIZE, end);
		bool is = pcpu_page_populated(chunk, page);

		populated += is;
		if (!chunk->immutable && !page_is(chunk, page, is))
			return "PERCPU-6";
		if (start >= end)
			continue;
		if (!touched(chunk, start, stop, &i))
			*empty += is && stop - start == (int)PAGE_SIZE;
		else if (!is)
			return "PERCPU-7";
	}
	return populated == chunk->nr_populated ? NULL : "PERCPU-6";
}

const char *percpu_check(void)
{
	const struct pcpu_chunk *chunk = pcpu_reserved_chunk;
	const char *broken = NULL;
	int empty = 0, ignored = 0;
	bool seen_first = !pcpu_first_chunk;

	if (chunk)
		broken = check_map(chunk);
	if (chunk && !broken)
		broken = check_pages(chunk, &ignored);
	for (int slot = 0; !broken && slot < pcpu_nr_slots; slot++) {
		list_for_each_entry(chunk, &pcpu_slot[slot], list) {
			if (chunk == pcpu_reserved_chunk)
				return "PERCPU-5";
			broken = check_map(chunk);
			if (!broken)
				broken = check_pages(chunk, &empty);
			if (broken)
				return broken;
			if (pcpu_chunk_slot(chunk) != slot)
				return "PERCPU-5";
			seen_first |= chunk == pcpu_first_chunk;
		}
	}
	if (broken)
		return broken;
	if (!seen_first)
		return "PERCPU-5";
	return empty == pcpu_nr_empty_pop_pages ? NULL : "PERCPU-8";
}
