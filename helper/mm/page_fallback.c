// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_fallback.c - when a migratetype has no block left: take another's. And
 * the pageblocks that are kept for those who cannot wait: HighAtomic.
 *
 * Contract: takes the largest block of the first type that has one, and with
 *           it, where that keeps types apart better, its whole pageblock.
 * May call: page_buddy.c's list operations, mm_init.c's pageblock types.
 * Called by: page_buddy.c with zone->lock held; page_alloc.c and
 *           page_slowpath.c for HighAtomic, without.
 * Fails:    NULL when no other type has a block that is large enough.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>

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

/* --- moving --------------------------------------------------------------- */

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

/* A block may be as large as several pageblocks, all of them wholly free. */
static void change_pageblock_range(struct zone *zone, struct page *page,
				   unsigned int order, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(page), end = pfn + (1UL << order);

	for (; pfn < end; pfn += pageblock_nr_pages)
		set_pfnblock_migratetype(zone, pfn, type);
}

static void steal_suitable_fallback(struct zone *zone, struct page *page,
				    enum migratetype start_type)
{
	unsigned int order = (unsigned int)page_private(page);
	unsigned long moved;

	if (order >= pageblock_order) {
		change_pageblock_range(zone, page, order, start_type);
		return;
	}
	moved = move_freepages_block(zone, page, start_type);
	if (moved >= pageblock_nr_pages / 2 || page_group_by_mobility_disabled)
		set_pfnblock_migratetype(zone, page_to_pfn(page), start_type);
}

struct page *__rmqueue_fallback(struct zone *zone, unsigned int order,
				enum migratetype start_type)
{
	/* CMA, HighAtomic and Isolate have what they have. */
	if (start_type >= MIGRATE_PCPTYPES)
		return NULL;
	for (unsigned int current_order = MAX_ORDER; current_order-- > order;) {
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
		set_pcppage_migratetype(page, start_type);
		mm_page_event(MM_PAGES_TAKEN, page_to_pfn(page), 1UL << order,
			      current_order);
		return page;
	}
	return NULL;
}

/* --- HighAtomic ----------------------------------------------------------- */

/* Blocks of others are moved only as far as the zone has all of them. */
static bool pageblock_in_zone(const struct zone *zone, unsigned long pfn)
{
	pfn = ALIGN_DOWN(pfn, pageblock_nr_pages);
	return zone_spans_pfn(zone, pfn) &&
	       zone_spans_pfn(zone, pfn + pageblock_nr_pages - 1);
}

/* WMARK-3: a pageblock more than the limit is never begun. */
static bool may_reserve(const struct zone *zone)
{
	return zone->nr_reserved_highatomic <
	       zone->managed_pages / 100 + pageblock_nr_pages;
}

void reserve_highatomic_pageblock(struct page *page, struct zone *zone,
				  unsigned int order __maybe_unused)
{
	unsigned long pfn = page_to_pfn(page), flags;

	VM_BUG_ON(order == 0);		/* single pages are easy to find */
	if (!may_reserve(zone) || !pageblock_in_zone(zone, pfn))
		return;
	flags = spin_lock_irqsave(&zone->lock);
	/* Again, under the lock; CMA, Isolate and HighAtomic stay. */
	if (may_reserve(zone) &&
	    get_pfnblock_migratetype(zone, pfn) < MIGRATE_PCPTYPES) {
		zone->nr_reserved_highatomic += pageblock_nr_pages;
		set_pfnblock_migratetype(zone, pfn, MIGRATE_HIGHATOMIC);
		move_freepages_block(zone, page, MIGRATE_HIGHATOMIC);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
}

static struct page *first_highatomic(const struct zone *zone)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];
		struct page *page = list_first_entry_or_null(
			&area->free_list[MIGRATE_HIGHATOMIC], struct page, lru);

		if (page)
			return page;
	}
	return NULL;
}

/*
 * A page that sat on a per-CPU list while its pageblock was given back can be
 * on a HighAtomic list all the same. It goes where it belongs, and the reserve
 * is not made smaller a second time (WMARK-3).
 */
static unsigned long unreserve_one(struct zone *zone, struct page *page,
				   enum migratetype type)
{
	unsigned long pfn = page_to_pfn(page);
	enum migratetype now = get_pfnblock_migratetype(zone, pfn);

	if (now != MIGRATE_HIGHATOMIC)
		return move_freepages_block(zone, page, now);
	zone->nr_reserved_highatomic -=
		min(pageblock_nr_pages, zone->nr_reserved_highatomic);
	set_pfnblock_migratetype(zone, pfn, type);
	return move_freepages_block(zone, page, type);
}

bool unreserve_highatomic_pageblock(const struct alloc_context *ac)
{
	const struct zoneref *ref = ac->zonelist->_zonerefs;

	for (; ref->zone; ref++) {
		struct zone *zone = ref->zone;
		unsigned long flags, moved = 0;
		struct page *page;

		if (ref->zone_idx > (int)ac->high_zoneidx ||
		    zone->nr_reserved_highatomic <= pageblock_nr_pages)
			continue;
		flags = spin_lock_irqsave(&zone->lock);
		page = first_highatomic(zone);
		if (page)
			moved = unreserve_one(zone, page, ac->migratetype);
		spin_unlock_irqrestore(&zone->lock, flags);
		if (moved)
			return true;
	}
	return false;
}
