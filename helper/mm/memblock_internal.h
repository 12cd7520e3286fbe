/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memblock_internal.h - what memblock.c asks of the lists in memblock_type.c,
 * and of single regions.
 */
#ifndef MEMBLOCK_INTERNAL_H
#define MEMBLOCK_INTERNAL_H

#include <mm/memblock.h>

static inline phys_addr_t region_end(const struct memblock_region *rgn)
{
	return rgn->base + rgn->size;
}

/* MEMBLOCK-5: the last address that a range may end at is PHYS_ADDR_MAX. */
static inline phys_addr_t capped_end(phys_addr_t base, phys_addr_t size)
{
	return base + min(size, PHYS_ADDR_MAX - base);
}

static inline bool type_empty(const struct memblock_type *type)
{
	return type->cnt == 1 && type->regions[0].size == 0;
}

/** memblock_type_name - "memory", "reserved"; "private": a caller's own */
const char *memblock_type_name(const struct memblock_type *type);

/** memblock_first_ending_above - number of that region; cnt: none does */
unsigned long memblock_first_ending_above(const struct memblock_type *type,
					  phys_addr_t addr);

/**
 * memblock_isolate_range - split regions so that none crosses the range's ends
 * @start: the range's regions are then regions[*start]...
 * @end:   ...to regions[*end - 1]
 * Return: 0; -ENOMEM when the array is full, and nothing changed.
 */
int memblock_isolate_range(struct memblock_type *type, phys_addr_t base,
			   phys_addr_t size, unsigned long *start,
			   unsigned long *end);

/** memblock_remove_regions - drop regions[start] to regions[end - 1] */
void memblock_remove_regions(struct memblock_type *type, unsigned long start,
			     unsigned long end);

/** memblock_merge_regions - join neighbours that MEMBLOCK-2 does not allow */
void memblock_merge_regions(struct memblock_type *type);

#endif
