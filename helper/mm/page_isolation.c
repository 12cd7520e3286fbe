// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_isolation.c - pageblocks that the allocator gives nothing out of.
 *
 * Contract: page-isolation.h. The free blocks of an isolated pageblock are on
 *           the lists of type Isolate, which no request looks at and
 *           NR_FREE_PAGES does not count; pages freed into it join them.
 * May call: page_alloc.c's list operations and drain_all_pages(), mm_init.c's
 *           pageblock types.  Called by: contig.c.
 * Fails:    -EINVAL, -EBUSY, before anything has changed.
 *
 * No merge crosses a pageblock here (the assertion in mmzone.h), so a block of
 * an isolated one never takes in one from outside, and undoing has no merge to
 * make up for.
 */
#include <mm/bug.h>
#include <mm/mm.h>

#include "contig_internal.h"
#include "page_alloc_internal.h"

/* --- what is free --------------------------------------------------------- */

struct zone *zone_of_range(unsigned long start_pfn, unsigned long end_pfn)
{
	struct zone *zone;

	if (start_pfn >= end_pfn)
		return NULL;
	for_each_populated_zone(zone)
		if (zone_spans_pfn(zone, start_pfn) &&
		    zone_spans_pfn(zone, end_pfn - 1))
			return zone;
	return NULL;
}

struct page *__free_block_around(unsigned long pfn, unsigned int *order)
{
	if (!pfn_valid(pfn))
		return NULL;
	for (unsigned int o = 0; o < MAX_ORDER; o++) {
		unsigned long head = ALIGN_DOWN(pfn, 1UL << o);
		struct page *page = pfn_to_page(head);

		if (!PageBuddy(page))
			continue;
		*order = (unsigned int)page_private(page);
		/* The first head going down: if not this block, then none. */
		return pfn - head < 1UL << *order ? page : NULL;
	}
	return NULL;
}

static bool __pages_are_free(unsigned long pfn, unsigned long end_pfn)
{
	struct page *page;
	unsigned int order;

	for (; pfn < end_pfn; pfn = page_to_pfn(page) + (1UL << order)) {
		page = __free_block_around(pfn, &order);
		if (!page)
			return false;
	}
	return true;
}

bool pages_are_free(struct zone *zone, unsigned long start_pfn,
		    unsigned long end_pfn)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	bool all = __pages_are_free(start_pfn, end_pfn);

	spin_unlock_irqrestore(&zone->lock, flags);
	return all;
}

bool test_pages_isolated(unsigned long start_pfn, unsigned long end_pfn)
{
	struct zone *zone = zone_of_range(start_pfn, end_pfn);
	unsigned long flags, pfn;
	bool all;

	if (!zone)
		return false;
	flags = spin_lock_irqsave(&zone->lock);
	all = __pages_are_free(start_pfn, end_pfn);
	for (pfn = ALIGN_DOWN(start_pfn, pageblock_nr_pages);
	     all && pfn < end_pfn; pfn += pageblock_nr_pages)
		all = get_pfnblock_migratetype(zone, max(pfn, start_pfn)) ==
		      MIGRATE_ISOLATE;
	spin_unlock_irqrestore(&zone->lock, flags);
	return all;
}

/* --- into isolation ------------------------------------------------------- */

/* Is a page of this pageblock held? The rest of a larger one counts 0. */
static bool has_held_pages(unsigned long pfn)
{
	unsigned long end = pfn + pageblock_nr_pages;

	while (pfn < end) {
		const struct page *page = pfn_to_page(pfn);

		if (pfn_valid(pfn) && page_count(page))
			return true;
		pfn += PageBuddy(page) ? 1UL << page_private(page) : 1;
	}
	return false;
}

static bool has_memory(unsigned long pfn)
{
	for (unsigned long i = 0; i < pageblock_nr_pages; i++)
		if (pfn_valid(pfn + i))
			return true;
	return false;
}

static int __check_pageblock(const struct zone *zone, unsigned long pfn,
			     enum migratetype migratetype)
{
	enum migratetype now;

	if (!has_memory(pfn))
		return -EINVAL;
	now = get_pfnblock_migratetype(zone, pfn);
	switch (now) {
	case MIGRATE_ISOLATE:
	case MIGRATE_HIGHATOMIC:
		return -EBUSY;
	case MIGRATE_CMA:
	case MIGRATE_MOVABLE:
		/* Its pages could be moved, were there somebody to do it. */
		return (now == MIGRATE_CMA) == (migratetype == MIGRATE_CMA) ?
		       0 : -EINVAL;
	default:
		if (migratetype == MIGRATE_CMA)
			return -EINVAL;
		return has_held_pages(pfn) ? -EBUSY : 0;
	}
}

static void __set_migratetype_isolate(struct zone *zone, unsigned long pfn)
{
	enum migratetype type = get_pfnblock_migratetype(zone, pfn);
	unsigned long moved;

	set_pfnblock_migratetype(zone, pfn, MIGRATE_ISOLATE);
	zone->nr_isolate_pageblock++;
	moved = move_freepages_block(zone, pfn_to_page(pfn), MIGRATE_ISOLATE);
	__mod_zone_freepage_state(zone, -(long)moved, type);
}

static int __isolate_page_range(struct zone *zone, unsigned long start_pfn,
				unsigned long end_pfn,
				enum migratetype migratetype)
{
	for (unsigned long pfn = start_pfn; pfn < end_pfn;
	     pfn += pageblock_nr_pages) {
		int err = __check_pageblock(zone, pfn, migratetype);

		if (err)
			return err;
	}
	for (unsigned long pfn = start_pfn; pfn < end_pfn;
	     pfn += pageblock_nr_pages)
		__set_migratetype_isolate(zone, pfn);
	return 0;
}

int isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
		       enum migratetype migratetype,
		       unsigned long free_start, unsigned long free_end)
{
	struct zone *zone = zone_of_range(start_pfn, end_pfn);
	unsigned long flags;
	int err;

	VM_BUG_ON(!IS_ALIGNED(start_pfn | end_pfn, pageblock_nr_pages));
	VM_BUG_ON(migratetype == MIGRATE_ISOLATE ||
		  migratetype == MIGRATE_HIGHATOMIC);
	if (!zone)
		return -EINVAL;
	flags = spin_lock_irqsave(&zone->lock);
	err = __pages_are_free(free_start, free_end) ?
	      __isolate_page_range(zone, start_pfn, end_pfn, migratetype) :
	      -EBUSY;
	spin_unlock_irqrestore(&zone->lock, flags);
	/* Per-CPU lists would go on giving out what they have of it. */
	if (!err)
		drain_all_pages(zone);
	return err;
}

int start_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype)
{
	return isolate_page_range(start_pfn, end_pfn, migratetype, start_pfn,
				  start_pfn);
}

/* --- and back ------------------------------------------------------------- */

static void __unset_migratetype_isolate(struct zone *zone, unsigned long pfn,
					enum migratetype migratetype)
{
	unsigned long moved;

	if (get_pfnblock_migratetype(zone, pfn) != MIGRATE_ISOLATE)
		return;
	moved = move_freepages_block(zone, pfn_to_page(pfn), migratetype);
	__mod_zone_freepage_state(zone, (long)moved, migratetype);
	set_pfnblock_migratetype(zone, pfn, migratetype);
	zone->nr_isolate_pageblock--;
}

void undo_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype)
{
	struct zone *zone = zone_of_range(start_pfn, end_pfn);
	unsigned long flags;

	VM_BUG_ON(!IS_ALIGNED(start_pfn | end_pfn, pageblock_nr_pages));
	VM_BUG_ON(!zone);
	flags = spin_lock_irqsave(&zone->lock);
	for (; start_pfn < end_pfn; start_pfn += pageblock_nr_pages)
		__unset_migratetype_isolate(zone, start_pfn, migratetype);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* --- the invariants ------------------------------------------------------- */

static bool lists_match_pageblocks(const struct zone *zone)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];
		const struct page *page;

		for (int type = 0; type < MIGRATE_TYPES; type++)
			list_for_each_entry(page, &area->free_list[type], lru)
				if ((type == MIGRATE_ISOLATE) !=
				    (get_pfnblock_migratetype(zone,
						page_to_pfn(page)) ==
				     MIGRATE_ISOLATE))
					return false;
	}
	return true;
}

const char *isolation_check(void)
{
	const struct zone *zone;

	for_each_populated_zone(zone) {
		unsigned long blocks = 0, pfn = zone->zone_start_pfn;

		for (; pfn < zone_end_pfn(zone);
		     pfn = ALIGN_DOWN(pfn, pageblock_nr_pages) +
			   pageblock_nr_pages)
			blocks += get_pfnblock_migratetype(zone, pfn) ==
				  MIGRATE_ISOLATE;
		if (blocks != zone->nr_isolate_pageblock)
			return "ISO-1";
		if (!lists_match_pageblocks(zone))
			return "ISO-2";
	}
	return NULL;
}
