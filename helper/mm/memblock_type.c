// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memblock_type.c - one sorted list of regions: adding, removing, splitting,
 * merging, and growing its array.
 *
 * Contract: keeps MEMBLOCK-1 to -5 of a list at every return.
 * May call: lib/, arch.h, memblock.c for the memory of a larger array.
 * Called by: memblock.c, memblock_alloc.c, early_pool.c.
 * Fails:    -ENOMEM when an array is full and may not grow: nothing changed.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "memblock_internal.h"

static struct memblock_region memory_init_regions[INIT_MEMBLOCK_REGIONS];
static struct memblock_region reserved_init_regions[INIT_MEMBLOCK_REGIONS];

struct memblock memblock = {
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
	.memory = {
		.cnt = 1,
		.max = INIT_MEMBLOCK_REGIONS,
		.regions = memory_init_regions,
	},
	.reserved = {
		.cnt = 1,
		.max = INIT_MEMBLOCK_REGIONS,
		.regions = reserved_init_regions,
	},
};

static bool memblock_can_resize;

void memblock_allow_resize(void)
{
	memblock_can_resize = true;
}

const char *memblock_type_name(const struct memblock_type *type)
{
	if (type == &memblock.memory)
		return "memory";
	return type == &memblock.reserved ? "reserved" : "private";
}

/* The number of the first region that ends above @addr; cnt: none does. */
unsigned long memblock_first_ending_above(const struct memblock_type *type,
					phys_addr_t addr)
{
	unsigned long low = 0, high = type_empty(type) ? 0 : type->cnt;

	if (!high)
		return type->cnt;
	while (low < high) {
		unsigned long mid = low + (high - low) / 2;

		if (region_end(&type->regions[mid]) > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* --- changing an array ---------------------------------------------------- */

static void insert_region(struct memblock_type *type, unsigned long idx,
			  const struct memblock_region *rgn)
{
	if (type_empty(type)) {
		type->regions[0] = *rgn;
	} else {
		VM_BUG_ON(type->cnt >= type->max);
		memmove(&type->regions[idx + 1], &type->regions[idx],
			(type->cnt - idx) * sizeof(*rgn));
		type->regions[idx] = *rgn;
		type->cnt++;
	}
	type->total_size += rgn->size;
}

void memblock_remove_regions(struct memblock_type *type, unsigned long start,
			   unsigned long end)
{
	for (unsigned long i = start; i < end; i++)
		type->total_size -= type->regions[i].size;
	memmove(&type->regions[start], &type->regions[end],
		(type->cnt - end) * sizeof(type->regions[0]));
	type->cnt -= end - start;
	if (type->cnt == 0) {			/* MEMBLOCK-4 */
		type->regions[0] = (struct memblock_region){
			.nid = MAX_NUMNODES,
		};
		type->cnt = 1;
	}
}

/* MEMBLOCK-2 */
void memblock_merge_regions(struct memblock_type *type)
{
	unsigned long kept = 0;

	for (unsigned long i = 1; i < type->cnt; i++) {
		struct memblock_region *last = &type->regions[kept];
		const struct memblock_region *rgn = &type->regions[i];

		if (region_end(last) == rgn->base && last->nid == rgn->nid &&
		    last->flags == rgn->flags)
			last->size += rgn->size;
		else
			type->regions[++kept] = *rgn;
	}
	type->cnt = kept + 1;
}

/*
 * Where a larger array can live: mapped, free, and outside [base, end), which
 * the caller is about to add to the reserved list.
 */
static phys_addr_t find_array(phys_addr_t bytes, phys_addr_t base,
			      phys_addr_t end)
{
	phys_addr_t addr;

	addr = memblock_find_in_range(end, MEMBLOCK_ALLOC_ACCESSIBLE, bytes,
				      PAGE_SIZE);
	if (!addr && base)
		addr = memblock_find_in_range(0, min(base,
						     memblock.current_limit),
					      bytes, PAGE_SIZE);
	return addr;
}

/*
 * Twice the room for @type. [base, end) is what its caller is adding. On
 * failure nothing has changed.
 */
static int memblock_double_array(struct memblock_type *type, phys_addr_t base,
				 phys_addr_t end)
{
	phys_addr_t old_bytes = type->max * sizeof(type->regions[0]);
	phys_addr_t new_bytes = PAGE_ALIGN(2 * old_bytes);
	struct memblock_region *old = type->regions;
	bool is_reserved = type == &memblock.reserved;
	bool from_memblock = old != memory_init_regions &&
			     old != reserved_init_regions;
	phys_addr_t addr;

	if (!memblock_can_resize ||
	    (!is_reserved && type != &memblock.memory))
		return -ENOMEM;
	addr = is_reserved ? find_array(new_bytes, base, end) :
			     find_array(new_bytes, 0, 0);
	if (!addr)
		return -ENOMEM;
	/* Into the reserved list itself it goes below: there is room then. */
	if (!is_reserved && memblock_reserve(addr, new_bytes))
		return -ENOMEM;
	pr_info("memblock: %s is doubled to %lu at [0x%08lx-0x%08lx]\n",
		memblock_type_name(type), 2 * type->max, addr,
		addr + new_bytes - 1);

	type->regions = phys_to_virt(addr);
	memcpy(type->regions, old, type->cnt * sizeof(*old));
	type->max *= 2;
	if (is_reserved)
		BUG_ON(memblock_reserve(addr, new_bytes));
	if (from_memblock)
		BUG_ON(memblock_free(virt_to_phys(old), PAGE_ALIGN(old_bytes)));
	return 0;
}

/* Pieces of [base, end) that no region covers. */
static unsigned long count_uncovered(const struct memblock_type *type,
				     phys_addr_t base, phys_addr_t end)
{
	unsigned long pieces = 0;

	for (unsigned long i = memblock_first_ending_above(type, base);
	     i < type->cnt && base < end; i++) {
		if (type->regions[i].base > base)
			pieces++;
		if (type->regions[i].base >= end)
			return pieces;
		base = region_end(&type->regions[i]);
	}
	return pieces + (base < end);
}

int memblock_add_range(struct memblock_type *type, phys_addr_t base,
		       phys_addr_t size, int nid, unsigned long flags)
{
	phys_addr_t end = capped_end(base, size);
	unsigned long i;

	if (base == end)
		return 0;
	/* Doubling reserves memory, which may add regions: count again. */
	while (!type_empty(type) &&
	       type->cnt + count_uncovered(type, base, end) > type->max)
		if (memblock_double_array(type, base, end))
			return -ENOMEM;

	for (i = memblock_first_ending_above(type, base); base < end; i++) {
		struct memblock_region piece = {
			.base = base, .flags = flags, .nid = nid,
		};
		bool covered = i < type->cnt && !type_empty(type);
		phys_addr_t next = covered ? type->regions[i].base : end;

		if (base < next) {
			piece.size = min(next, end) - base;
			insert_region(type, i, &piece);
			base = min(next, end);
		} else {
			base = region_end(&type->regions[i]);
		}
	}
	memblock_merge_regions(type);
	return 0;
}

/* Does a region reach over @addr from both sides? */
static bool crosses(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = memblock_first_ending_above(type, addr);

	return i < type->cnt && type->regions[i].base < addr;
}

/*
 * Split regions so that none crosses @base or the range's end; those inside
 * are then regions[*start] to regions[*end - 1].
 */
int memblock_isolate_range(struct memblock_type *type, phys_addr_t base,
				  phys_addr_t size, unsigned long *start,
				  unsigned long *end)
{
	phys_addr_t cut[2] = { base, capped_end(base, size) };
	unsigned long at[2];

	*start = *end = 0;
	if (cut[0] == cut[1] || type_empty(type))
		return 0;
	while (type->cnt + crosses(type, cut[0]) + crosses(type, cut[1]) >
	       type->max)
		if (memblock_double_array(type, cut[0], cut[1]))
			return -ENOMEM;
	for (int n = 0; n < 2; n++) {
		unsigned long i = memblock_first_ending_above(type, cut[n]);
		struct memblock_region *rgn = &type->regions[i], low;

		at[n] = i;
		if (i == type->cnt || rgn->base >= cut[n])
			continue;
		low = *rgn;
		low.size = cut[n] - rgn->base;
		rgn->base = cut[n];
		rgn->size -= low.size;
		type->total_size -= low.size;
		insert_region(type, i, &low);
		at[n] = i + 1;
	}
	*start = at[0];
	*end = at[1];
	return 0;
}

int memblock_remove_range(struct memblock_type *type, phys_addr_t base,
			  phys_addr_t size)
{
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (!err && start < end)
		memblock_remove_regions(type, start, end);
	return err;
}

const char *memblock_type_check(const struct memblock_type *type)
{
	phys_addr_t sum = 0, end = 0;

	if (type->cnt < 1 || type->cnt > type->max)
		return "MEMBLOCK-4";
	if (type_empty(type))
		return type->total_size ? "MEMBLOCK-3" : NULL;
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *rgn = &type->regions[i];
		const struct memblock_region *last = rgn - 1;

		if (!rgn->size)
			return "MEMBLOCK-4";
		if (region_end(rgn) < rgn->base)
			return "MEMBLOCK-5";
		if (i && rgn->base < end)
			return "MEMBLOCK-1";
		if (i && rgn->base == end && rgn->flags == last->flags &&
		    rgn->nid == last->nid)
			return "MEMBLOCK-2";
		end = region_end(rgn);
		sum += rgn->size;
	}
	return sum == type->total_size ? NULL : "MEMBLOCK-3";
}

