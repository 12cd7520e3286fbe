// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nobootmem.c - the hand-over: what memblock has not reserved becomes free
 * pages of the buddy allocator.
 *
 * Contract: after free_all_bootmem() every lowmem page is either reserved or
 *           free, and managed_pages and totalram_pages count the free ones.
 * May call: memblock.c, page_alloc.c.  Called by: init.c.
 * Fails:    never.
 */
#include <mm/bug.h>
#include <mm/mm.h>

unsigned long free_pfn_range(unsigned long start, unsigned long end)
{
	unsigned long pages = end - start;

	while (start < end) {
		/* As large as its alignment and what is left allow. */
		unsigned int order = min(start ? __ffs(start) : MAX_ORDER - 1u,
					 MAX_ORDER - 1u);

		order = min(order, fls_long(end - start) - 1);
		__free_pages_bootmem(pfn_to_page(start), start, order);
		start += 1UL << order;
	}
	return pages;
}

static unsigned long __free_memory_core(phys_addr_t start, phys_addr_t end)
{
	unsigned long start_pfn = PFN_UP(start);
	unsigned long end_pfn = min(PFN_DOWN(end), max_low_pfn);

	return start_pfn < end_pfn ? free_pfn_range(start_pfn, end_pfn) : 0;
}

static unsigned long free_low_memory_core_early(void)
{
	phys_addr_t start, end;
	unsigned long pages = 0;
	u64 i;

	WARN_ON(memblock_clear_hotplug(0, PHYS_ADDR_MAX));
	for_each_reserved_mem_region(i, &start, &end)
		reserve_bootmem_region(start, end);
	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end,
				NULL)
		pages += __free_memory_core(start, end);
	return pages;
}

void reset_all_zones_managed_pages(void)
{
	struct zone *zone;

	for_each_zone(zone)
		zone->managed_pages = 0;
}

unsigned long free_all_bootmem(void)
{
	unsigned long pages;

	reset_all_zones_managed_pages();
	pages = free_low_memory_core_early();
	totalram_pages += pages;
	return pages;
}
