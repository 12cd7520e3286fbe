// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_alloc.c - buddy allocator: free blocks of 1 << order pages, per zone.
 *
 * Contract: returns naturally aligned blocks from the zones mm_init.c built.
 * May call: mm_init.c, memblock.c, page_fallback.c, lib/, arch.h.
 * Called by: nobootmem.c, cma.c, and whoever wants pages.
 * Fails:    NULL when no allowed zone has a block. A bad page is reported
 *           and kept out of service; the machine goes on.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "page_alloc_internal.h"

unsigned long nr_bad_pages;
/* Until setup_per_cpu_pageset(): lists that hold nothing for long. */
DEFINE_PER_CPU(struct per_cpu_pageset, boot_pageset);
DEFINE_PER_CPU(struct per_cpu_nodestat, boot_nodestats);

/* --- bad pages ------------------------------------------------------------ */

void bad_page(struct page *page, const char *reason, unsigned long ip)
{
	nr_bad_pages++;
	printk("BUG: Bad page: pfn 0x%lx: %s (flags 0x%lx count %d mapcount %d "
	       "mapping %p) by %pS\n", page_to_pfn(page), reason, page->flags,
	       page_count(page), page->_mapcount.counter, (void *)page->mapping,
	       (void *)ip);
}

/* Why @page cannot be free with none of @flags set; NULL: it can. */
static const char *page_bad_reason(const struct page *page, unsigned long flags)
{
	if (page->_mapcount.counter != -1)
		return "its mapcount is not -1";
	if (page->mapping)
		return "it has a mapping";
	if (page_count(page))
		return "somebody holds it";
	if (page->flags & flags)
		return "it has flags that a free page cannot have";
	return NULL;
}

/* All of a block's pages must be as @flags want them; reports those not. */
static bool check_pages(struct page *page, unsigned int order,
			unsigned long flags, unsigned long ip)
{
	bool good = true;

	for (struct page *p = page; p < page + (1UL << order); p++) {
		const char *reason;

		if (likely(p->_mapcount.counter == -1 && !p->mapping &&
			   !page_count(p) && !(p->flags & flags)))
			continue;
		reason = page_bad_reason(p, flags);
		bad_page(p, reason, ip);
		good = false;
	}
	return good;
}

/* --- blocks on and off the lists ------------------------------------------ */

static void __set_page_order(struct page *page, unsigned int order)
{
	set_page_private(page, order);
	__SetPageBuddy(page);
}

static void __rmv_page_order(struct page *page)
{
	__ClearPageBuddy(page);
	set_page_private(page, 0);
}

static void __add_to_free_area(struct page *page, struct free_area *area,
			       unsigned int order, enum migratetype type,
			       bool tail)
{
	struct list_head *list = &area->free_list[type];

	__set_page_order(page, order);
	if (tail)
		list_add_tail(&page->lru, list);
	else
		list_add(&page->lru, list);
	area->nr_free++;
}

void __del_from_free_area(struct page *page, struct free_area *area)
{
	list_del(&page->lru);
	__rmv_page_order(page);
	area->nr_free--;
}

/* --- freeing -------------------------------------------------------------- */

/*
 * Can @buddy be merged with @page, both of @order? A page of a hole has
 * _mapcount 0 and so is none; mem_map always reaches to it.
 */
static bool page_is_buddy(const struct page *page, const struct page *buddy,
			  unsigned int order)
{
	return PageBuddy(buddy) && page_private(buddy) == order &&
	       page->flags >> ZONES_PGSHIFT == buddy->flags >> ZONES_PGSHIFT;
}

/*
 * Will this block and its buddy, once that is free too, merge further at
 * once? Then it goes to the tail, to be given out late.
 */
static bool buddy_merge_likely(struct page *page, unsigned long page_idx,
			       unsigned int order)
{
	unsigned long combined_idx, buddy_idx;
	struct page *higher_page;

	if (order >= MAX_ORDER - 2)
		return false;
	combined_idx = page_idx & ~(1UL << order);
	higher_page = page - (page_idx - combined_idx);
	buddy_idx = combined_idx ^ (1UL << (order + 1));
	return page_is_buddy(higher_page,
			     higher_page + ((long)buddy_idx -
					    (long)combined_idx), order + 1);
}

void __free_one_page(struct page *page, unsigned long pfn, struct zone *zone,
		     unsigned int order, enum migratetype migratetype)
{
	unsigned long page_idx = pfn;
	unsigned long buddy_idx, combined_idx;
	struct page *buddy;

	VM_BUG_ON(page->flags & PAGE_FLAGS_CHECK_AT_PREP);
	VM_BUG_ON(!IS_ALIGNED(pfn, 1UL << order));	/* BUDDY-3 */
	VM_BUG_ON(page_zone(page) != zone);		/* BUDDY-4 */
	VM_BUG_ON(!zone_spans_pfn(zone, pfn));

	if (likely(migratetype != MIGRATE_ISOLATE))
		__mod_zone_freepage_state(zone, 1L << order, migratetype);

	while (order < MAX_ORDER - 1) {
		buddy_idx = page_idx ^ (1UL << order);
		buddy = page + ((long)buddy_idx - (long)page_idx);
		if (!page_is_buddy(page, buddy, order))
			goto done_merging;
		__del_from_free_area(buddy, &zone->free_area[order]);
		combined_idx = buddy_idx & page_idx;
		page -= page_idx - combined_idx;
		page_idx = combined_idx;
		order++;
	}

done_merging:
	__add_to_free_area(page, &zone->free_area[order], order, migratetype,
			   buddy_merge_likely(page, page_idx, order));
}

static bool free_pages_prepare(struct page *page, unsigned int order,
			       unsigned long ip)
{
	if (PageHead(page) && !undo_compound_page(page, order, ip))
		return false;
	if (!check_pages(page, order, PAGE_FLAGS_CHECK_AT_FREE, ip))
		return false;
	for (struct page *p = page; p < page + (1UL << order); p++)
		p->flags &= ~PAGE_FLAGS_CHECK_AT_PREP;
	return true;
}

static void free_one_page(struct zone *zone, struct page *page,
			  unsigned long pfn, unsigned int order)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);

	__free_one_page(page, pfn, zone, order,
			get_pfnblock_migratetype(zone, pfn));
	spin_unlock_irqrestore(&zone->lock, flags);
}

static void __free_pages_ok(struct page *page, unsigned int order,
			    unsigned long ip)
{
	if (free_pages_prepare(page, order, ip))
		free_one_page(page_zone(page), page, page_to_pfn(page), order);
}

/*
 * The way of single pages: until there are per-CPU pagesets, the same as that
 * of larger blocks.
 */
void free_hot_cold_page(struct page *page, bool cold __maybe_unused)
{
	__free_pages_ok(page, 0, _RET_IP_);
}

static void free_the_page(struct page *page, unsigned int order,
			  unsigned long ip)
{
	if (unlikely(PageTail(page))) {
		bad_page(page, "freed, but it is a tail of a compound page",
			 ip);
		return;
	}
	if (unlikely(order >= MAX_ORDER ||
		     (PageHead(page) && order != compound_order(page)) ||
		     !IS_ALIGNED(page_to_pfn(page), 1UL << order))) {
		bad_page(page, "freed with an order it cannot have", ip);
		return;
	}
	if (unlikely(page_count(page) <= 0)) {
		bad_page(page, PageBuddy(page) ? "freed twice" :
			 "freed, but nobody holds it", ip);
		return;
	}
	if (!put_page_testzero(page))
		return;
	if (order == 0)
		free_hot_cold_page(page, false);
	else
		__free_pages_ok(page, order, ip);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_the_page(page, order, _RET_IP_);
}

void put_page(struct page *page)
{
	page = compound_head(page);
	free_the_page(page, compound_order(page), _RET_IP_);
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (addr)
		free_the_page(virt_to_page(addr), order, _RET_IP_);
}

/* --- the first free of all ------------------------------------------------ */

void reserve_bootmem_region(phys_addr_t start, phys_addr_t end)
{
	unsigned long start_pfn = PFN_DOWN(start), end_pfn = PFN_UP(end);
	unsigned long valid_start, valid_end;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &valid_start, &valid_end,
			       NULL) {
		valid_start = clamp(valid_start, start_pfn, end_pfn);
		valid_end = clamp(valid_end, start_pfn, end_pfn);
		for (; valid_start < valid_end; valid_start++) {
			struct page *page = pfn_to_page(valid_start);

			INIT_LIST_HEAD(&page->lru);
			SetPageReserved(page);
		}
	}
}

static void boot_pages_unreserve(struct page *page, unsigned long nr_pages)
{
	for (struct page *p = page; p < page + nr_pages; p++) {
		ClearPageReserved(p);
		set_page_count(p, 0);
	}
	set_page_count(page, 1);
}

void __free_pages_bootmem(struct page *page, unsigned long pfn,
			  unsigned int order)
{
	VM_BUG_ON(page_to_pfn(page) != pfn);
	boot_pages_unreserve(page, 1UL << order);
	page_zone(page)->managed_pages += 1UL << order;
	__free_pages(page, order);
}

void init_cma_reserved_pageblock(struct page *page)
{
	struct zone *zone = page_zone(page);

	boot_pages_unreserve(page, pageblock_nr_pages);
	set_pfnblock_migratetype(zone, page_to_pfn(page), MIGRATE_CMA);
	__free_pages(page, pageblock_order);
	zone->managed_pages += pageblock_nr_pages;
	totalram_pages += pageblock_nr_pages;
	if (is_highmem(zone))
		totalhigh_pages += pageblock_nr_pages;
}

/* --- allocating ----------------------------------------------------------- */

void expand(struct zone *zone, struct page *page, unsigned int low,
	    unsigned int high, enum migratetype migratetype)
{
	while (high > low) {
		struct page *half;

		high--;
		half = page + (1UL << high);
		__add_to_free_area(half, &zone->free_area[high], high,
				   migratetype, false);
	}
}

static struct page *__rmqueue_smallest(struct zone *zone, unsigned int order,
				       enum migratetype migratetype)
{
	for (unsigned int current_order = order; current_order < MAX_ORDER;
	     current_order++) {
		struct free_area *area = &zone->free_area[current_order];
		struct page *page;

		page = list_first_entry_or_null(&area->free_list[migratetype],
						struct page, lru);
		if (!page)
			continue;
		__del_from_free_area(page, area);
		expand(zone, page, order, current_order, migratetype);
		page->index = migratetype;
		return page;
	}
	return NULL;
}

struct page *__rmqueue(struct zone *zone, unsigned int order,
			      enum migratetype migratetype)
{
	struct page *page = __rmqueue_smallest(zone, order, migratetype);

	if (!page && migratetype == MIGRATE_MOVABLE)
		page = __rmqueue_smallest(zone, order, MIGRATE_CMA);
	if (!page)
		page = __rmqueue_fallback(zone, order, migratetype);
	return page;
}

static struct page *rmqueue(struct zone *zone, unsigned int order,
			    enum migratetype migratetype,
			    unsigned int alloc_flags)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	struct page *page = NULL;

	if (order && alloc_flags & ALLOC_HARDER)
		page = __rmqueue_smallest(zone, order, MIGRATE_HIGHATOMIC);
	if (!page)
		page = __rmqueue(zone, order, migratetype);
	if (page)
		__mod_zone_freepage_state(
			zone, -(1L << order),
			get_pfnblock_migratetype(zone, page_to_pfn(page)));
	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* Ready for its new owner, or NULL when it was not as a free block must be. */
static struct page *prep_new_page(struct page *page, unsigned int order,
				  gfp_t gfp, unsigned long ip)
{
	if (!check_pages(page, order, PAGE_FLAGS_CHECK_AT_PREP, ip))
		return NULL;
	set_page_count(page, 1);
	if (gfp & __GFP_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	if (order && gfp & __GFP_COMP)
		prep_compound_page(page, order);
	return page;
}

struct page *get_page_from_freelist(gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags,
				    const struct alloc_context *ac)
{
	for (const struct zoneref *ref = ac->zonelist->_zonerefs; ref->zone;
	     ref++) {
		struct zone *zone = ref->zone;
		struct page *page;

		if (ref->zone_idx > (int)ac->high_zoneidx)
			continue;
		if (!(alloc_flags & ALLOC_NO_WATERMARKS) &&
		    !zone_watermark_fast(zone, order,
					 zone->watermark[alloc_flags &
							 ALLOC_WMARK_MASK],
					 ac->classzone_idx, alloc_flags))
			continue;
		/* A bad block stays where it is, off the lists: the next. */
		while ((page = rmqueue(zone, order, ac->migratetype,
				       alloc_flags))) {
			if (!prep_new_page(page, order, gfp, ac->ip))
				continue;
			if (order && alloc_flags & ALLOC_HARDER)
				reserve_highatomic_pageblock(page, zone, order);
			return page;
		}
	}
	return NULL;
}

/* There are no per-CPU lists yet. */
void drain_all_pages(struct zone *zone __maybe_unused)
{
}

static struct page *alloc_block(gfp_t gfp, unsigned int order, unsigned long ip)
{
	struct alloc_context ac = {
		.zonelist = contig_page_data.node_zonelists,
		.ip = ip,
	};
	const struct zoneref *ref = ac.zonelist->_zonerefs;
	unsigned int alloc_flags = ALLOC_WMARK_LOW;
	struct page *page;

	if (order >= MAX_ORDER ||
	    (gfp & __GFP_MOVABLE && gfp & __GFP_RECLAIMABLE))
		return NULL;
	/* Clearing goes through the linear map, which HighMem is not in. */
	if (gfp & __GFP_ZERO)
		gfp &= ~__GFP_HIGHMEM;
	ac.high_zoneidx = gfp_zone(gfp);
	ac.migratetype = page_group_by_mobility_disabled ?
		MIGRATE_UNMOVABLE : gfpflags_to_migratetype(gfp);
	while (ref->zone && ref->zone_idx > (int)ac.high_zoneidx)
		ref++;
	if (!ref->zone)
		return NULL;
	ac.classzone_idx = ref->zone_idx;
	if (gfpflags_to_migratetype(gfp) == MIGRATE_MOVABLE)
		alloc_flags |= ALLOC_CMA;
	page = get_page_from_freelist(gfp, order, alloc_flags, &ac);
	return page ? page : __alloc_pages_slowpath(gfp, order, &ac);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_block(gfp, order, _RET_IP_);
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_block(gfp & ~__GFP_HIGHMEM, order, _RET_IP_);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	struct page *page = alloc_block((gfp & ~__GFP_HIGHMEM) | __GFP_ZERO, 0,
					_RET_IP_);

	return page ? (unsigned long)page_address(page) : 0;
}
