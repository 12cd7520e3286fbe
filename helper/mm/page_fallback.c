// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_fallback.c - when a migratetype has no block left: take another's.
 *
 * Contract: takes the largest block of the first type that has one, and with
 *           it, where that keeps types apart better, its whole pageblock.
 * May call: page_alloc.c's list operations, mm_init.c's pageblock types.
 * Called by: page_alloc.c, with zone->lock held.
 * Fails:    NULL when no other type has a block that is large enough.
 */
#include <mm/bug.h>
#include <mm/mm.h>

#include "page_alloc_internal.h"

#define NR_FALLBACKS 2

/* Whom each type takes from, in this order. CMA and HighAtomic lend nothing. */
static const enum migratetype fallbacks[MIGRATE_PCPTYPES][NR_FALLBACKS] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
};

/*
 * Pages that cannot be moved would otherwise spread over many pageblocks, so
 * they take all they can; movable ones do so only from a large block.
 */
static bool can_steal_fallback(unsigned int order, enum migratetype start_type)
{
	return order >= pageblock_order / 2 ||
	       start_type == MIGRATE_RECLAIMABLE ||
	       start_type == MIGRATE_UNMOVABLE ||
	       page_group_by_mobility_disabled;
}

static int find_suitable_fallback(const struct free_area *area,
				  enum migratetype start_type)
{
	for (int i = 0; i < NR_FALLBACKS; i++)
		if (!list_empty(&area->free_list[fallbacks[start_type][i]]))
			return fallbacks[start_type][i];
	return -1;
}

/* All free blocks of @page's pageblock to the lists of @type; their pages. */
unsigned long move_freepages_block(struct zone *zone, struct page *page,
				   enum migratetype type)
{
	unsigned long pfn = ALIGN_DOWN(page_to_pfn(page), pageblock_nr_pages);
	unsigned long end = pfn + pageblock_nr_pages, moved = 0;

	if (!zone_spans_pfn(zone, end - 1))
		return 0;
	if (!zone_spans_pfn(zone, pfn))
		pfn = page_to_pfn(page);
	while (pfn < end) {
		struct page *block = pfn_to_page(pfn);
		unsigned int order;

		if (!PageBuddy(block)) {
			pfn++;
			continue;
		}
		order = page_private(block);
		list_del(&block->lru);
		list_add(&block->lru, &zone->free_area[order].free_list[type]);
		pfn += 1UL << order;
		moved += 1UL << order;
	}
	return moved;
}

static void steal_suitable_fallback(struct zone *zone, struct page *page,
				    enum migratetype start_type)
{
	unsigned long moved = pageblock_nr_pages;

	if (page_private(page) < pageblock_order)
		moved = move_freepages_block(zone, page, start_type);
	if (moved >= pageblock_nr_pages / 2 || page_group_by_mobility_disabled)
		set_pfnblock_migratetype(zone, page_to_pfn(page), start_type);
}

struct page *__rmqueue_fallback(struct zone *zone, unsigned int order,
				enum migratetype start_type)
{
	for (int current_order = MAX_ORDER - 1; current_order >= (int)order;
	     current_order--) {
		struct free_area *area = &zone->free_area[current_order];
		int type = find_suitable_fallback(area, start_type);
		struct page *page;

		if (type < 0)
			continue;
		page = list_first_entry_or_null(&area->free_list[type],
						struct page, lru);
		if (can_steal_fallback(current_order, start_type))
			steal_suitable_fallback(zone, page, start_type);
		__del_from_free_area(page, area);
		expand(zone, page, order, current_order, start_type);
		page->index = start_type;
		return page;
	}
	return NULL;
}
