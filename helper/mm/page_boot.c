// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_boot.c - the first free of all: what memblock had becomes reserved or
 * free.
 *
 * Contract: the pages are as memmap_init_zone() left them, or reserved.
 * May call: memblock_type.c, page_buddy.c, bad_page.c.
 * Called by: nobootmem.c, cma.c.
 * Fails:    a block with a bad page is reported and kept out of service.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/page_ext.h>

#include "memblock_internal.h"
#include "page_alloc_internal.h"

static void reserve_pages(unsigned long start_pfn, unsigned long end_pfn)
{
	for (unsigned long pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		INIT_LIST_HEAD(&page->lru);
		SetPageReserved(page);
	}
	if (start_pfn < end_pfn)
		mm_page_event(MM_PAGES_RESERVED, start_pfn, end_pfn - start_pfn,
			      0);
}

void reserve_bootmem_region(phys_addr_t start, phys_addr_t end)
{
	const struct memblock_type *type = &memblock.memory;
	unsigned long i = memblock_first_ending_above(type, start & PAGE_MASK);

	for (; i < type->cnt && type->regions[i].base < end; i++) {
		const struct memblock_region *rgn = &type->regions[i];
		phys_addr_t rgn_end = rgn->base + rgn->size;

		/* pfn_valid(): pages of memory that is mapped. */
		if (!(rgn->flags & MEMBLOCK_NOMAP))
			reserve_pages(max(PFN_DOWN(start), PFN_UP(rgn->base)),
				      min(PFN_UP(end), PFN_DOWN(rgn_end)));
	}
}

/*
 * Most pages are seen here for the first time since memmap_init_zone(), so
 * what they are like and what they have to be like is one pass.
 */
static __hot_inline struct pages_seen drop_boot_counts(struct page *page,
						       unsigned long nr)
{
	struct page *const end = page + nr;
	struct pages_seen seen = { 0, 0 };
	int mapcounts = -1;

	do {
		set_page_count(page, 0);
		look_at_page(page, &seen, &mapcounts);
	} while (++page < end);
	seen.used |= (unsigned int)~mapcounts;
	return seen;
}

static unsigned long clear_reserved(struct page *page, unsigned long nr)
{
	unsigned long flags = 0;

	for (struct page *p = page; p < page + nr; p++) {
		ClearPageReserved(p);
		flags |= p->flags;
	}
	return flags;
}

static void free_boot_block(struct zone *zone, struct page *page,
			    unsigned long pfn, unsigned int order,
			    unsigned long ip)
{
	struct pages_seen seen = drop_boot_counts(page, 1UL << order);

	if (seen.flags & BIT(PG_reserved))
		seen.flags = clear_reserved(page, 1UL << order);
	zone->managed_pages += 1UL << order;
	if (unlikely(seen.used || seen.flags & PAGE_FLAGS_CHECK_AT_PREP)) {
		report_bad_pages(page, order, PAGE_FLAGS_CHECK_AT_PREP, ip);
		return;
	}
	reset_page_owner(page, order);		/* the boot's, so far */
	free_block(zone, page, pfn, order);
}

void __free_pages_bootmem(struct page *page, unsigned long pfn,
			  unsigned int order)
{
	VM_BUG_ON(page_to_pfn(page) != pfn);
	VM_BUG_ON(order >= MAX_ORDER);
	free_boot_block(page_zone(page), page, pfn, order, _RET_IP_);
}

void init_cma_reserved_pageblock(struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *zone = page_zone(page);

	set_pfnblock_migratetype(zone, pfn, MIGRATE_CMA);
	free_boot_block(zone, page, pfn, pageblock_order, _RET_IP_);
	totalram_pages += pageblock_nr_pages;
	if (is_highmem(zone))
		totalhigh_pages += pageblock_nr_pages;
}
