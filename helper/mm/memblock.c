// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memblock.c - the two lists: which ranges are memory, which are reserved.
 *
 * Contract: changes both lists only through memblock_type.c.
 * May call: memblock_type.c, lib/, arch.h, early_pool.c.
 * Called by: everything before the hand-over, and pfn_valid() for ever.
 * Fails:    -ENOMEM when an array is full and may not grow: nothing changed.
 *
 * Iteration and allocation are in memblock_alloc.c.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/early_pool.h>
#include <mm/mm.h>
#include <mm/printk.h>

#include "memblock_internal.h"

int memblock_debug;

/* --- memory and reserved -------------------------------------------------- */

static void log_change(const char *what, phys_addr_t base, phys_addr_t size,
		       unsigned long ip)
{
	if (memblock_debug)
		printk("memblock_%s: [0x%08lx-0x%08lx] %pS\n", what, base,
		       capped_end(base, size) - 1, (void *)ip);
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid)
{
	log_change("add_node", base, size, _RET_IP_);
	return memblock_add_range(&memblock.memory, base, size, nid, 0);
}

int memblock_add(phys_addr_t base, phys_addr_t size)
{
	log_change("add", base, size, _RET_IP_);
	return memblock_add_range(&memblock.memory, base, size, MAX_NUMNODES,
				  0);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	log_change("remove", base, size, _RET_IP_);
	return memblock_remove_range(&memblock.memory, base, size);
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	log_change("reserve", base, size, _RET_IP_);
	return memblock_add_range(&memblock.reserved, base, size, MAX_NUMNODES,
				  0);
}

int memblock_free(phys_addr_t base, phys_addr_t size)
{
	log_change("free", base, size, _RET_IP_);
	if (early_pool_free(base, size))
		return 0;
	return memblock_remove_range(&memblock.reserved, base, size);
}

static int change_flag(phys_addr_t base, phys_addr_t size, unsigned long flag,
		       bool set)
{
	struct memblock_type *type = &memblock.memory;
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (err)
		return err;
	for (; start < end; start++) {
		if (set)
			type->regions[start].flags |= flag;
		else
			type->regions[start].flags &= ~flag;
	}
	memblock_merge_regions(type);
	return 0;
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_HOTPLUG, true);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_HOTPLUG, false);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_MIRROR, true);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_NOMAP, true);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_NOMAP, false);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size,
		      struct memblock_type *type, int nid)
{
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (err)
		return err;
	for (; start < end; start++)
		type->regions[start].nid = nid;
	memblock_merge_regions(type);
	return 0;
}

void memblock_trim_memory(phys_addr_t align)
{
	struct memblock_type *type = &memblock.memory;

	for (unsigned long i = type_empty(type) ? 1 : 0; i < type->cnt; ) {
		struct memblock_region *rgn = &type->regions[i];
		phys_addr_t start = ALIGN(rgn->base, align);
		phys_addr_t end = ALIGN_DOWN(region_end(rgn), align);

		if (start >= rgn->base && start < end) {
			type->total_size -= rgn->size - (end - start);
			rgn->base = start;
			rgn->size = end - start;
			i++;
			continue;
		}
		memblock_remove_regions(type, i, i + 1);
		if (type_empty(type))
			return;
	}
}

/* The address at which the first @limit bytes of memory end. */
static phys_addr_t end_of_first_bytes(phys_addr_t limit)
{
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn) {
		if (limit <= rgn->size)
			return rgn->base + limit;
		limit -= rgn->size;
	}
	return PHYS_ADDR_MAX;
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	phys_addr_t end = end_of_first_bytes(limit);

	if (!limit || end == PHYS_ADDR_MAX)
		return;
	WARN_ON(memblock_remove_range(&memblock.memory, end, PHYS_ADDR_MAX));
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

static void remove_mapped(phys_addr_t base, phys_addr_t size)
{
	struct memblock_type *type = &memblock.memory;
	unsigned long start, end;

	if (WARN_ON(memblock_isolate_range(type, base, size, &start, &end)))
		return;
	while (start < end--)
		if (!(type->regions[end].flags & MEMBLOCK_NOMAP))
			memblock_remove_regions(type, end, end + 1);
	memblock_merge_regions(type);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	phys_addr_t end = end_of_first_bytes(limit);

	if (!limit || end == PHYS_ADDR_MAX)
		return;
	remove_mapped(end, PHYS_ADDR_MAX);
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base == end)
		return;
	remove_mapped(0, base);
	remove_mapped(end, PHYS_ADDR_MAX);
	WARN_ON(memblock_remove_range(&memblock.reserved, 0, base));
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

/* --- questions ------------------------------------------------------------ */

/* The region that @addr lies in, or NULL. */
static const struct memblock_region *
memblock_search(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = memblock_first_ending_above(type, addr);

	if (i == type->cnt || type->regions[i].base > addr)
		return NULL;
	return &type->regions[i];
}

bool memblock_is_memory(phys_addr_t addr)
{
	return memblock_search(&memblock.memory, addr);
}

bool memblock_is_map_memory(phys_addr_t addr)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, addr);
	return rgn && !(rgn->flags & MEMBLOCK_NOMAP);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return memblock_search(&memblock.reserved, addr);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, base);
	return rgn && region_end(rgn) >= capped_end(base, size);
}

bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base,
			      phys_addr_t size)
{
	unsigned long i = memblock_first_ending_above(type, base);

	return i < type->cnt && type->regions[i].base < capped_end(base, size);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.regions[0].base;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return region_end(&memblock.memory.regions[memblock.memory.cnt - 1]);
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn,
			    unsigned long *end_pfn)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, PFN_PHYS(pfn));
	if (!rgn)
		return -1;
	*start_pfn = PFN_DOWN(rgn->base);
	*end_pfn = PFN_DOWN(region_end(rgn));
	return rgn->nid;
}

static void dump_type(const struct memblock_type *type)
{
	printk("memblock: %s: %lu of %lu regions, 0x%lx bytes\n",
	       memblock_type_name(type), type->cnt, type->max,
	       type->total_size);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *rgn = &type->regions[i];

		printk("memblock: %s[%lu] [0x%08lx-0x%08lx] flags 0x%lx\n",
		       memblock_type_name(type), i, rgn->base,
		       rgn->size ? region_end(rgn) - 1 : rgn->base,
		       rgn->flags);
	}
}

void memblock_dump_all(void)
{
	if (!memblock_debug)
		return;
	dump_type(&memblock.memory);
	dump_type(&memblock.reserved);
}

const char *memblock_check(void)
{
	const char *broken = memblock_type_check(&memblock.memory);

	return broken ? broken : memblock_type_check(&memblock.reserved);
}
