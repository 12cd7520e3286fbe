// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * early_pool.c - reserved ranges that early allocations are served from.
 *
 * Contract: hands out pieces of the ranges a board named, and nothing else.
 * May call: memblock.c's list operations.  Called by: memblock*.c, guest/.
 * Fails:    -ENOMEM when no pool has room, or there is none; -EINVAL for a
 *           pool that is free memory.
 */
#include <mm/early_pool.h>

#define MAX_POOLS	4
#define MAX_POOL_USED	64

static struct memblock_region pool_regions[MAX_POOLS];
static struct memblock_region used_regions[MAX_POOL_USED];

struct memblock_type early_pools = {
	.cnt = 1, .max = MAX_POOLS, .regions = pool_regions,
};
struct memblock_type early_pools_used = {
	.cnt = 1, .max = MAX_POOL_USED, .regions = used_regions,
};

static bool has_free_memory(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t start, end;
	u64 i;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end,
				NULL)
		if (start < base + size && base < end)
			return true;
	return false;
}

int early_pool_add(phys_addr_t base, phys_addr_t size)
{
	if (has_free_memory(base, size))
		return -EINVAL;
	return memblock_add_range(&early_pools, base, size, MAX_NUMNODES, 0);
}

int early_pool_alloc(phys_addr_t size, phys_addr_t align, phys_addr_t start,
		     phys_addr_t end, phys_addr_t *ret)
{
	phys_addr_t best = 0, best_size = PHYS_ADDR_MAX;
	phys_addr_t piece_start, piece_end, piece_size, cand;
	u64 i;

	for_each_mem_range_rev(i, &early_pools, &early_pools_used, NUMA_NO_NODE,
			       MEMBLOCK_NONE, &piece_start, &piece_end, NULL) {
		piece_size = piece_end - piece_start;
		piece_start = clamp(piece_start, start, end);
		piece_end = clamp(piece_end, start, end);
		if (piece_end < size)
			continue;
		cand = ALIGN_DOWN(piece_end - size, align);
		if (cand < piece_start || piece_size >= best_size)
			continue;
		best = cand;
		best_size = piece_size;
	}
	if (!best || memblock_add_range(&early_pools_used, best, size,
					MAX_NUMNODES, 0))
		return -ENOMEM;
	*ret = best;
	return 0;
}

bool early_pool_free(phys_addr_t base, phys_addr_t size)
{
	if (!memblock_overlaps_region(&early_pools, base, size))
		return false;
	return memblock_remove_range(&early_pools_used, base, size) == 0;
}

const char *early_pool_check(void)
{
	phys_addr_t start, end;
	u64 i;

	for_each_mem_range(i, &early_pools, NULL, NUMA_NO_NODE, MEMBLOCK_NONE,
			   &start, &end, NULL)
		if (has_free_memory(start, end - start))
			return "POOL-1";
	for_each_mem_range(i, &early_pools_used, &early_pools, NUMA_NO_NODE,
			   MEMBLOCK_NONE, &start, &end, NULL)
		return "POOL-2";
	return NULL;
}
