/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_alloc_internal.h - what the page allocator's own files share. Where
 * nothing else is said, a function's caller holds zone->lock.
 *
 *   page_alloc.c      the ways in: alloc_pages(), __free_pages(); fast path
 *   page_buddy.c      blocks on and off the free lists: split and merge
 *   page_pcp.c        per-CPU lists: refill, give back, drain, set up
 *   page_fallback.c   another migratetype's blocks; HighAtomic
 *   page_slowpath.c   when the fast path has nothing: drain, shrink, fail
 *   watermark.c       what has to stay free
 *   vmscan.c          shrinkers
 *   show_mem.c        what the zones look like, and who was refused
 *   page_compound.c   compound pages, split_page(), alloc_pages_exact()
 *   page_boot.c       the first free of all
 *   bad_page.c        what no page may be like when it is freed or given out
 */
#ifndef PAGE_ALLOC_INTERNAL_H
#define PAGE_ALLOC_INTERNAL_H

#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/watermark.h>

extern bool page_group_by_mobility_disabled;	/* mm_init.c */
DECLARE_PER_CPU(struct per_cpu_pageset, boot_pageset);
DECLARE_PER_CPU(struct per_cpu_nodestat, boot_nodestats);

/* What does not change while one request is served. */
struct alloc_context {
	const struct zonelist *zonelist;
	enum zone_type high_zoneidx;	/* highest zone allowed by gfp */
	int classzone_idx;		/* index of the first zone that may serve */
	enum migratetype migratetype;
	unsigned long ip;		/* who asked: for page_owner and reports */
};

/* --- page_buddy.c --------------------------------------------------------- */

/** __del_from_free_area - take a free block off its list */
void __del_from_free_area(struct page *page, struct free_area *area);

/** __free_one_page - merge a block upwards and put it on its list */
void __free_one_page(struct page *page, unsigned long pfn, struct zone *zone,
		     unsigned int order, enum migratetype migratetype);

/**
 * expand - give the upper halves of a block back until it has order @low
 * @high: the order that it has
 */
void expand(struct zone *zone, struct page *page, unsigned int low,
	    unsigned int high, enum migratetype migratetype);

/**
 * __rmqueue - a block of @order: of @migratetype, CMA for movable, or another
 * Return: off its list, not counted in NR_FREE_PAGES yet only as far as the
 *         caller does so; NULL.
 */
struct page *__rmqueue(struct zone *zone, unsigned int order,
		       enum migratetype migratetype);

/** __mod_zone_freepage_state - NR_FREE_PAGES, and NR_FREE_CMA_PAGES for CMA */
static inline void __mod_zone_freepage_state(struct zone *zone, long pages,
					     enum migratetype type)
{
	__mod_zone_page_state(zone, NR_FREE_PAGES, pages);
	if (unlikely(type == MIGRATE_CMA))
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, pages);
}

/* --- page_fallback.c ------------------------------------------------------ */

/**
 * __rmqueue_fallback - take a block from another migratetype's lists
 * Return: the block, of @order; NULL when every list is too low.
 */
struct page *__rmqueue_fallback(struct zone *zone, unsigned int order,
				enum migratetype start_type);

/**
 * move_freepages_block - free blocks of @page's pageblock to @type's lists
 * Return: their pages; those on per-CPU lists are not free. 0 and nothing done
 *         for a pageblock that sticks out of its zone's end; one that begins
 *         before its zone is moved from @page on.
 */
unsigned long move_freepages_block(struct zone *zone, struct page *page,
				   enum migratetype type);

/**
 * reserve_highatomic_pageblock - keep @page's pageblock for atomic requests
 *
 * For get_page_from_freelist(), once a block with order > 0 is prepared for an
 * ALLOC_HARDER request, whatever list it came from. Takes zone->lock. Nothing
 * happens when the zone's reserve has 1% of it and a pageblock already, for a
 * pageblock of type CMA, Isolate or HighAtomic, or not wholly in the zone.
 */
void reserve_highatomic_pageblock(struct page *page, struct zone *zone,
				  unsigned int order);
/**
 * unreserve_highatomic_pageblock - make one that has free pages @ac's type
 * Takes zone->lock. The last one of a zone stays, as in Linux 4.9.
 * Return: did pages become free for @ac's type?
 */
bool unreserve_highatomic_pageblock(const struct alloc_context *ac);

/* --- page_alloc.c: no lock held ------------------------------------------- */

/**
 * get_page_from_freelist - the first zone above its watermark that has a block
 * @alloc_flags: ALLOC_*: which watermark, and who may go below it
 * Return: the block, prepared for its owner; NULL.
 */
struct page *get_page_from_freelist(gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags,
				    const struct alloc_context *ac);

/* --- page_slowpath.c: no lock held ---------------------------------------- */

/** __alloc_pages_slowpath - the fast path found nothing above the low marks */
struct page *__alloc_pages_slowpath(gfp_t gfp, unsigned int order,
				    struct alloc_context *ac);

/* --- page_compound.c: no lock needed -------------------------------------- */

/**
 * undo_compound_page - a plain block again, about to be free
 * Return: false: PAGE-4 does not hold; reported, and nothing has changed.
 */
bool undo_compound_page(struct page *page, unsigned int order,
			unsigned long ip);

/* --- show_mem.c: no lock held --------------------------------------------- */

/** warn_alloc - report a request that ends in NULL, the first ones in full */
void warn_alloc(gfp_t gfp, unsigned int order, unsigned long ip);

/* --- bad_page.c: no lock needed ------------------------------------------- */

/** bad_page - report @page, and count it in nr_bad_pages */
void bad_page(struct page *page, const char *reason, unsigned long ip);

#endif
