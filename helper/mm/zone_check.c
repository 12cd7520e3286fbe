// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zone_check.c - the invariants of zones, free lists and free pages.
 *
 * Contract: reads only; walks every list, so it costs what the lists are
 *           long: for tests and for the boot's transitions.
 * May call: lib/.  Called by: tests, guest/.
 * Fails:    returns the ID of the first broken invariant.
 */
#include <mm/mm.h>

static const char *check_tail_pages(const struct zone *zone,
				    const struct page *page, unsigned int order)
{
	for (unsigned long i = 1; i < 1UL << order; i++) {
		if (page_zone(page + i) != zone)
			return "BUDDY-4";
		if (PageBuddy(page + i) || page_count(page + i))
			return "PAGE-2";
		if (PageReserved(page + i))
			return "PAGE-3";
	}
	return NULL;
}

static const char *check_free_block(const struct zone *zone,
				    const struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	unsigned long buddy_pfn = pfn ^ (1UL << order);
	const struct page *buddy = pfn_to_page(buddy_pfn);

	if (!PageBuddy(page) || page_private(page) != order)
		return "BUDDY-2";
	if (!IS_ALIGNED(pfn, 1UL << order))
		return "BUDDY-3";
	if (page_zone(page) != zone || !zone_spans_pfn(zone, pfn) ||
	    !zone_spans_pfn(zone, pfn + (1UL << order) - 1))
		return "BUDDY-4";
	if (PageReserved(page))
		return "PAGE-3";
	if (page_count(page))
		return "PAGE-2";
	if (order < MAX_ORDER - 1 && zone_spans_pfn(zone, buddy_pfn) &&
	    PageBuddy(buddy) && page_private(buddy) == order)
		return "BUDDY-5";
	return check_tail_pages(zone, page, order);
}

/* The struct page that a list entry is in; NULL: it is in none. */
static const struct page *entry_page(const struct list_head *pos)
{
	const struct pglist_data *node = &contig_page_data;
	uintptr_t first = (uintptr_t)&node->node_mem_map->lru;
	uintptr_t offset = (uintptr_t)pos - first;

	if ((uintptr_t)pos < first || offset % sizeof(struct page) ||
	    offset / sizeof(struct page) >= node->node_spanned_pages)
		return NULL;
	return list_entry(pos, struct page, lru);
}

/* Does following next stay in mem_map, and come back to the head? */
static const char *check_links(const struct zone *zone,
			       const struct list_head *list)
{
	const struct list_head *pos = list->next;
	unsigned long steps = 0;

	for (; pos != list; pos = pos->next) {
		if (!entry_page(pos))
			return "LIST-1";
		if (++steps > zone->spanned_pages)
			return "LIST-2";
	}
	return NULL;
}

static const char *check_list(const struct zone *zone,
			      const struct list_head *list, unsigned int order,
			      unsigned long *blocks)
{
	const struct list_head *prev = list, *pos = list->next;
	const char *broken = check_links(zone, list);

	for (; !broken && pos != list; prev = pos, pos = pos->next) {
		if (pos->prev != prev)
			return "LIST-3";
		++*blocks;
		broken = check_free_block(zone, entry_page(pos), order);
	}
	if (broken)
		return broken;
	return list->prev == prev ? NULL : "LIST-3";
}

const char *zone_check(const struct zone *zone)
{
	unsigned long free_pages = 0;

	if (zone->spanned_pages < zone->present_pages ||
	    zone->present_pages < zone->managed_pages)
		return "ZONE-1";
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];
		unsigned long blocks = 0;

		for (int type = 0; type < MIGRATE_TYPES; type++) {
			unsigned long before = blocks;
			const char *broken = check_list(zone,
							&area->free_list[type],
							order, &blocks);

			if (broken)
				return broken;
			if (type != MIGRATE_ISOLATE)
				free_pages += (blocks - before) << order;
		}
		if (blocks != area->nr_free)
			return "BUDDY-1";
	}
	return free_pages == zone_page_state_snapshot(zone, NR_FREE_PAGES) ? NULL :
	       "ZONE-2";
}

static const char *check_zone_links(void)
{
	unsigned long start, end;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL)
		for (; start < end; start++)
			if (pfn_valid(start) &&
			    !zone_spans_pfn(page_zone(pfn_to_page(start)),
					    start))
				return "PAGE-1";
	return NULL;
}

const char *node_check(void)
{
	unsigned long managed = 0, end = 0;
	const struct zone *zone;

	for_each_populated_zone(zone) {
		const char *broken = zone_check(zone);

		if (broken)
			return broken;
		if (zone->zone_start_pfn < end)
			return "ZONE-4";
		end = zone_end_pfn(zone);
		managed += zone->managed_pages;
	}
	/* Before the hand-over managed_pages is a guess, see mm_init.c. */
	if (totalram_pages && managed != totalram_pages)
		return "ZONE-3";
	return check_zone_links();
}
