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

#include "page_alloc_internal.h"

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

/* Is a page in a free block of more than 1 << @order that begins before it? */
static bool in_larger_block(const struct zone *zone, unsigned long pfn,
			    unsigned int order)
{
	while (++order < MAX_ORDER) {
		unsigned long head_pfn = ALIGN_DOWN(pfn, 1UL << order);
		const struct page *head = pfn_to_page(head_pfn);

		if (!zone_spans_pfn(zone, head_pfn))
			return false;
		if (head_pfn != pfn && PageBuddy(head) &&
		    page_private(head) >= order &&
		    page_private(head) < MAX_ORDER)
			return true;
	}
	return false;
}

/* Isolate aside, are both the list and the pageblock CMA, or neither? */
static bool type_fits(const struct zone *zone, unsigned long pfn,
		      enum migratetype list)
{
	enum migratetype type = get_pfnblock_migratetype(zone, pfn);

	if (type >= MIGRATE_TYPES)
		return false;
	if (type == MIGRATE_ISOLATE || list == MIGRATE_ISOLATE)
		return true;
	return (type == MIGRATE_CMA) == (list == MIGRATE_CMA);
}

static const char *check_free_block(const struct zone *zone,
				    const struct page *page, unsigned int order,
				    enum migratetype list)
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
	if (in_larger_block(zone, pfn, order))
		return "BUDDY-6";
	if (!type_fits(zone, pfn, list))
		return "BUDDY-7";
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
			      enum migratetype type, unsigned long *blocks)
{
	const struct list_head *prev = list, *pos = list->next;
	const char *broken = check_links(zone, list);

	for (; !broken && pos != list; prev = pos, pos = pos->next) {
		if (pos->prev != prev)
			return "LIST-3";
		++*blocks;
		broken = check_free_block(zone, entry_page(pos), order, type);
	}
	if (broken)
		return broken;
	return list->prev == prev ? NULL : "LIST-3";
}

/* --- per-CPU lists -------------------------------------------------------- */

static const char *check_pcp_page(const struct zone *zone,
				  const struct page *page, int list)
{
	enum migratetype type = get_pcppage_migratetype(page);

	if (page_zone(page) != zone || page_count(page) ||
	    page->_mapcount.counter != -1)
		return "PCP-2";
	if (in_larger_block(zone, page_to_pfn(page), 0))
		return "BUDDY-6";
	if ((int)type == list)
		return NULL;
	return list == MIGRATE_MOVABLE &&
	       (type == MIGRATE_CMA || type == MIGRATE_HIGHATOMIC) ?
	       NULL : "PCP-2";
}

static const char *check_pcp(const struct zone *zone,
			     const struct per_cpu_pages *pcp)
{
	int pages = 0;

	for (int type = 0; type < MIGRATE_PCPTYPES; type++) {
		const struct list_head *list = &pcp->lists[type];
		const struct list_head *prev = list, *pos = list->next;
		const char *broken = check_links(zone, list);

		for (; !broken && pos != list; prev = pos, pos = pos->next) {
			if (pos->prev != prev)
				return "LIST-3";
			pages++;
			broken = check_pcp_page(zone, entry_page(pos), type);
		}
		if (broken)
			return broken;
		if (list->prev != prev)
			return "LIST-3";
	}
	if (pages != pcp->count)
		return "PCP-1";
	return pcp->count < pcp->high + (MIGRATE_PCPTYPES - 1) * pcp->batch ?
	       NULL : "PCP-3";
}

/* Until setup_per_cpu_pageset(), or without room, it is the boot pageset. */
static const char *check_pageset_pointer(const struct zone *zone)
{
	const struct zone *other;

	if (!zone->pageset)
		return "PCP-4";
	if (zone->pageset == &boot_pageset)
		return NULL;
	for_each_populated_zone(other)
		if (other != zone && other->pageset == zone->pageset)
			return "PCP-4";
	return NULL;
}

static const char *check_pagesets(const struct zone *zone)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		const struct per_cpu_pages *pcp =
			&per_cpu_ptr(zone->pageset, cpu)->pcp;
		/* Before build_all_zonelists() there are no lists yet. */
		const char *broken = pcp->batch ? check_pcp(zone, pcp) : NULL;

		if (broken)
			return broken;
	}
	return NULL;
}

/* --- the zone, the node --------------------------------------------------- */

const char *zone_check(const struct zone *zone)
{
	unsigned long free_pages = 0;
	const char *unusable;

	if (zone->spanned_pages < zone->present_pages ||
	    zone->present_pages < zone->managed_pages)
		return "ZONE-1";
	/* Counters have a part there: first of all. */
	unusable = populated_zone(zone) ? check_pageset_pointer(zone) : NULL;
	if (unusable)
		return unusable;
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];
		unsigned long all = 0, isolated = 0;

		for (int type = 0; type < MIGRATE_TYPES; type++) {
			unsigned long blocks = 0;
			const char *broken = check_list(zone,
							&area->free_list[type],
							order,
							(enum migratetype)type,
							&blocks);

			if (broken)
				return broken;
			all += blocks;
			isolated = blocks;	/* the last type's */
		}
		if (all != area->nr_free)
			return "BUDDY-1";
		free_pages += (all - isolated) << order;
	}
	if (free_pages != zone_page_state_snapshot(zone, NR_FREE_PAGES))
		return "ZONE-2";
	return zone->spanned_pages ? check_pagesets(zone) : NULL;
}
_Static_assert(MIGRATE_ISOLATE == MIGRATE_TYPES - 1, "the last type");

/* PAGE-4 of a compound page, from its head or from one of its tails. */
static const char *check_compound(const struct page *page)
{
	uintptr_t first = (uintptr_t)contig_page_data.node_mem_map;
	unsigned long pfn = page_to_pfn(page), head_pfn = pfn;
	const struct page *head = page;
	unsigned int order;

	if (PageTail(page)) {
		uintptr_t at = page->compound_head - 1;

		if (at < first || at >= (uintptr_t)page ||
		    (at - first) % sizeof(*page))
			return "PAGE-4";
		head = (const struct page *)at;
		head_pfn = page_to_pfn(head);
		if (page->mapping != TAIL_MAPPING || page_count(page))
			return "PAGE-4";
	}
	order = PageHead(head) ? compound_order(head) : 0;
	if (order == 0 || order >= MAX_ORDER ||
	    !IS_ALIGNED(head_pfn, 1UL << order) ||
	    pfn - head_pfn >= 1UL << order)
		return "PAGE-4";
	/* The head answers for its tails: each of them leads to it. */
	for (unsigned long i = 1; head == page && i < 1UL << order; i++)
		if (page[i].compound_head != (unsigned long)page + 1)
			return "PAGE-4";
	return NULL;
}

static const char *check_page_links(void)
{
	unsigned long start, end;
	const char *broken;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL)
		for (; start < end; start++) {
			const struct page *page = pfn_to_page(start);

			if (!pfn_valid(start))
				continue;
			if (!zone_spans_pfn(page_zone(page), start))
				return "PAGE-1";
			broken = PageCompound(page) ? check_compound(page) :
						      NULL;
			if (broken)
				return broken;
		}
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
	return check_page_links();
}
