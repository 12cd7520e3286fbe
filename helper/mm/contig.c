// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contig.c - ranges of pages taken off the buddy as a whole.
 *
 * Contract: takes exactly [start, end), wherever it begins and ends within
 *           free blocks; what those have outside the range stays free.
 * May call: page_isolation.c, page_alloc.c.  Called by: cma_alloc.c.
 * Fails:    -EINVAL, -EBUSY: nothing has changed, nothing is moved away.
 */
#include <mm/bitmap.h>
#include <mm/bug.h>
#include <mm/mm_debug.h>
#include <mm/page_ext.h>
#include <mm/printk.h>

#include "contig_internal.h"
#include "page_alloc_internal.h"

/* The largest aligned block that [pfn, end) begins with. */
static unsigned int order_at(unsigned long pfn, unsigned long end)
{
	unsigned int order = min(fls_long(end - pfn) - 1, MAX_ORDER - 1u);

	return pfn ? min(order, __ffs(pfn)) : order;
}

/* What a block taken off its list has too much. */
static void __give_back(struct zone *zone, unsigned long pfn, unsigned long end)
{
	while (pfn < end) {
		unsigned int order = order_at(pfn, end);

		__free_one_page(pfn_to_page(pfn), pfn, zone, order,
				MIGRATE_ISOLATE);
		pfn += 1UL << order;
	}
}

/* All of it off the lists; isolated, so no counter knows of these pages. */
static void isolate_freepages_range(struct zone *zone, unsigned long start,
				    unsigned long end)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	unsigned long pfn = start, block, block_end;

	mm_page_begin();
	for (; pfn < end; pfn = block_end) {
		unsigned int order;
		struct page *page = __free_block_around(pfn, &order);

		VM_BUG_ON(!page);
		block = page_to_pfn(page);
		block_end = block + (1UL << order);
		__del_from_free_area(page, &zone->free_area[order]);
		mm_page_event(MM_PAGES_TAKEN, block, 1UL << order, order);
		__give_back(zone, block, pfn);
		__give_back(zone, min(end, block_end), block_end);
	}
	mm_page_end();
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* Free pages, on no list, become single pages that their owner holds. */
static void prep_contig_pages(unsigned long pfn, unsigned long end,
			      unsigned long ip)
{
	while (pfn < end) {
		unsigned int order = order_at(pfn, end);
		struct page *page = pfn_to_page(pfn);

		set_page_count(page, 1);
		set_page_owner(page, order, __GFP_MOVABLE, ip);
		split_page(page, order);
		pfn += 1UL << order;
	}
}

int __alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn,
			 enum migratetype migratetype, unsigned long ip)
{
	struct zone *zone = zone_of_range(start_pfn, end_pfn);
	unsigned long first = ALIGN_DOWN(start_pfn, pageblock_nr_pages);
	unsigned long last = ALIGN(end_pfn, pageblock_nr_pages);
	int err;

	if (!zone || zone_of_range(first, last) != zone)
		return -EINVAL;
	if (!pages_are_free(zone, start_pfn, end_pfn))
		drain_all_pages(zone);
	err = isolate_page_range(first, last, migratetype, start_pfn, end_pfn);
	if (err)
		return err;
	/* Looked at and isolated under one lock: nobody had the time. */
	VM_BUG_ON(!test_pages_isolated(start_pfn, end_pfn));
	isolate_freepages_range(zone, start_pfn, end_pfn);
	undo_isolate_page_range(first, last, migratetype);
	prep_contig_pages(start_pfn, end_pfn, ip);
	return 0;
}

int alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn,
		       enum migratetype migratetype)
{
	return __alloc_contig_range(start_pfn, end_pfn, migratetype, _RET_IP_);
}

void __free_contig_range(unsigned long pfn, unsigned long nr_pages,
			 unsigned long ip)
{
	unsigned long in_use = 0;

	for (; nr_pages; nr_pages--, pfn++) {
		struct page *page = pfn_to_page(pfn);

		in_use += page_count(page) > 1;
		__free_page(page);
	}
	if (in_use)
		pr_warn("contig: %lu of the pages that %pS gives back have other users and stay\n",
			in_use, (void *)ip);
}

void free_contig_range(unsigned long pfn, unsigned long nr_pages)
{
	__free_contig_range(pfn, nr_pages, _RET_IP_);
}
