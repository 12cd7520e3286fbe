// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_buddy.c - free blocks of 1 << order pages on and off their lists:
 * merged when they come, split when they go.
 *
 * Contract: BUDDY-1 to -5 hold before and after each function; zone->lock is
 *           held.
 * May call: mm_init.c's pageblock types, page_fallback.c, vmstat.c.
 * Called by: the page allocator's files.
 * Fails:    NULL when no list has a block that is large enough.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>

#include "page_alloc_internal.h"

/* --- one block ------------------------------------------------------------ */

static __hot_inline void __add_to_free_area(struct page *page,
					    struct free_area *area,
					    unsigned int order,
					    enum migratetype type, bool tail)
{
	struct list_head *list = &area->free_list[type];

	set_page_private(page, order);
	__SetPageBuddy(page);
	if (tail)
		list_add_tail(&page->lru, list);
	else
		list_add(&page->lru, list);
	area->nr_free++;
}

__hot_inline void __del_from_free_area(struct page *page,
				       struct free_area *area)
{
	__list_del_entry(&page->lru);
	__ClearPageBuddy(page);
	set_page_private(page, 0);
	area->nr_free--;
}

/* --- merging -------------------------------------------------------------- */

/*
 * Can @buddy be merged with @page, both of @order? A page of a hole has
 * _mapcount 0 and so is none; mem_map always reaches to it.
 */
static __hot_inline bool page_is_buddy(const struct page *page,
				       const struct page *buddy,
				       unsigned int order)
{
	return PageBuddy(buddy) && page_private(buddy) == order &&
	       page->flags >> ZONES_PGSHIFT == buddy->flags >> ZONES_PGSHIFT;
}

/*
 * Will this block and its buddy, once that is free too, merge further at
 * once? Then it goes to the tail, to be given out late.
 */
static __hot_inline bool buddy_merge_likely(struct page *page,
					    unsigned long pfn,
					    unsigned int order)
{
	unsigned long combined_pfn, buddy_pfn;
	struct page *higher_page;

	if (order >= MAX_ORDER - 2)
		return false;
	combined_pfn = pfn & ~(1UL << order);
	higher_page = page - (pfn - combined_pfn);
	buddy_pfn = combined_pfn ^ (1UL << (order + 1));
	return page_is_buddy(higher_page,
			     higher_page + ((long)buddy_pfn -
					    (long)combined_pfn), order + 1);
}

__hot_inline void __free_one_page(struct page *page, unsigned long pfn,
				  struct zone *zone, unsigned int order,
				  enum migratetype type)
{
	struct free_area *area = &zone->free_area[order];
	unsigned long freed_pfn __maybe_unused = pfn, pages = 1UL << order;

	/* Flags set since it was freed are found when it is given out. */
	VM_BUG_ON(!IS_ALIGNED(pfn, 1UL << order));	/* BUDDY-3 */
	VM_BUG_ON(page_zone(page) != zone);		/* BUDDY-4 */
	VM_BUG_ON(!zone_spans_pfn(zone, pfn));

	if (likely(type != MIGRATE_ISOLATE))		/* ZONE-2 */
		__mod_zone_freepage_state(zone, 1L << order, type);
	for (; order < MAX_ORDER - 1; order++, area++) {
		unsigned long size = 1UL << order;
		struct page *buddy = pfn & size ? page - size : page + size;

		if (!page_is_buddy(page, buddy, order))
			break;
		__del_from_free_area(buddy, area);
		page = min(page, buddy);
		pfn &= ~size;
	}
	__add_to_free_area(page, area, order, type,
			   buddy_merge_likely(page, pfn, order));
	mm_page_event(MM_PAGES_RETURNED, freed_pfn, pages, order);
}

void free_one_page(struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	__free_one_page(page, pfn, zone, order,
			get_pfnblock_migratetype(zone, pfn));
	spin_unlock_irqrestore(&zone->lock, flags);
}

void free_block(struct zone *zone, struct page *page, unsigned long pfn,
		unsigned int order)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	__count_vm_events(PGFREE, 1UL << order);
	__free_one_page(page, pfn, zone, order,
			get_pfnblock_migratetype(zone, pfn));
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* --- splitting ------------------------------------------------------------ */

__hot_inline void expand(struct zone *zone, struct page *page, unsigned int low,
			 unsigned int high, enum migratetype type)
{
	while (high > low) {
		high--;
		__add_to_free_area(page + (1UL << high), &zone->free_area[high],
				   high, type, false);
	}
}

/* The first block of the smallest order that has one, off its list. */
static __hot_inline struct page *take_smallest(struct zone *zone,
					       enum migratetype type,
					       unsigned int *order)
{
	struct free_area *area = &zone->free_area[*order];

	for (; *order < MAX_ORDER; ++*order, area++) {
		struct list_head *list = &area->free_list[type];
		struct page *page;

		if (list_empty(list))
			continue;
		page = list_entry(list->next, struct page, lru);
		__del_from_free_area(page, area);
		return page;
	}
	return NULL;
}

__hot_inline struct page *__rmqueue_smallest(struct zone *zone,
					     unsigned int order,
					     enum migratetype type)
{
	unsigned int found = order;
	struct page *page = take_smallest(zone, type, &found);

	if (!page)
		return NULL;
	expand(zone, page, order, found, type);
	set_pcppage_migratetype(page, type);
	mm_page_event(MM_PAGES_TAKEN, page_to_pfn(page), 1UL << order, found);
	return page;
}

/* No block of its own type: CMA's, where it may be, then another's. */
static noinline struct page *rmqueue_other(struct zone *zone,
					   unsigned int order,
					   enum migratetype type)
{
	struct page *page = NULL;

	if (type == MIGRATE_MOVABLE)
		page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
	return page ? page : __rmqueue_fallback(zone, order, type);
}

__hot_inline struct page *__rmqueue(struct zone *zone, unsigned int order,
				    enum migratetype type)
{
	struct page *page = __rmqueue_smallest(zone, order, type);

	return likely(page) ? page : rmqueue_other(zone, order, type);
}

struct page *rmqueue(struct zone *zone, int zone_idx, unsigned int order,
		     unsigned int alloc_flags, enum migratetype type)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	struct page *page = NULL;

	mm_page_begin();
	if (unlikely(alloc_flags & ALLOC_HARDER))
		page = __rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC);
	if (likely(!page))
		page = __rmqueue(zone, order, type);
	if (likely(page)) {
		__mod_zone_freepage_state(zone, -(1L << order),
					  get_pcppage_migratetype(page));
		__count_vm_events(PGALLOC_NORMAL + (unsigned int)zone_idx,
				  1UL << order);
	}
	mm_page_end();
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/*
 * One by one, the pages of a block leave in ascending order, because nothing
 * smaller than what is left of it is on the lists; and what is left then are
 * the largest aligned blocks behind the last one.
 */
struct page *__rmqueue_run(struct zone *zone, enum migratetype type,
			   unsigned long max, unsigned long *nr)
{
	unsigned int order = 0;
	struct page *page = take_smallest(zone, type, &order);
	unsigned long n;

	if (!page)
		return NULL;
	*nr = n = min(max, 1UL << order);
	while (n < 1UL << order) {
		unsigned int low = __ffs(n);

		__add_to_free_area(page + n, &zone->free_area[low], low, type,
				   false);
		n += 1UL << low;
	}
	mm_page_event(MM_PAGES_TAKEN, page_to_pfn(page), *nr, order);
	return page;
}
