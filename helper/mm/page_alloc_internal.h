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
#include <mm/mm_debug.h>
#include <mm/watermark.h>

DECLARE_PER_CPU(struct per_cpu_pageset, boot_pageset);
DECLARE_PER_CPU(struct per_cpu_nodestat, boot_nodestats);

/*
 * Of the hot paths: a part of its callers where the compiler optimises, a
 * function to step into and to stop at where it does not.
 */
#ifdef __OPTIMIZE__
#define __hot_inline inline __attribute__((always_inline))
#else
#define __hot_inline inline
#endif

/* What does not change while one request is served. */
struct alloc_context {
	const struct zonelist *zonelist;
	enum zone_type high_zoneidx;	/* highest zone allowed by gfp */
	int classzone_idx;		/* index of the first zone allowed */
	enum migratetype migratetype;
	unsigned long ip;		/* who asked: for page_owner, reports */
};

/* --- page_buddy.c --------------------------------------------------------- */

/** __del_from_free_area - take a free block off its list */
void __del_from_free_area(struct page *page, struct free_area *area);

/** __free_one_page - merge a block upwards, list and count it (ZONE-2) */
void __free_one_page(struct page *page, unsigned long pfn, struct zone *zone,
		     unsigned int order, enum migratetype type);
/* The same with its pageblock's type; takes zone->lock. */
void free_one_page(struct zone *zone, struct page *page, unsigned long pfn,
		   unsigned int order);
/* The same, as an event PGFREE: what somebody held. */
void free_block(struct zone *zone, struct page *page, unsigned long pfn,
		unsigned int order);

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

/** rmqueue - the same, counted in all ways; takes zone->lock */
struct page *rmqueue(struct zone *zone, int zone_idx, unsigned int order,
		     unsigned int alloc_flags, enum migratetype type);

/** __rmqueue_smallest - the same from @type's lists alone */
struct page *__rmqueue_smallest(struct zone *zone, unsigned int order,
				enum migratetype type);

/**
 * __rmqueue_run - single pages of one block of @type, several at once
 * @nr: how many, up to @max: from the returned one on
 *
 * Result and lists are those of @nr times __rmqueue_smallest(zone, 0, @type).
 */
struct page *__rmqueue_run(struct zone *zone, enum migratetype type,
			   unsigned long max, unsigned long *nr);

/*
 * The list that a page came from, or that one on a per-CPU list goes back to.
 * Kept in page->index, which nobody else needs then.
 */
static inline enum migratetype get_pcppage_migratetype(const struct page *page)
{
	return (enum migratetype)page->index;
}

static inline void set_pcppage_migratetype(struct page *page,
					   enum migratetype type)
{
	page->index = type;
}

/** __mod_zone_freepage_state - NR_FREE_PAGES, and NR_FREE_CMA_PAGES for CMA */
static inline void __mod_zone_freepage_state(struct zone *zone, long pages,
					     enum migratetype type)
{
	__mod_zone_page_state(zone, NR_FREE_PAGES, pages);
	if (unlikely(type == MIGRATE_CMA))
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, pages);
}

/* --- page_pcp.c: interrupts off ------------------------------------------- */

/** refill_pcp - a batch of pages to an empty list; false: there is none */
bool refill_pcp(struct zone *zone, struct per_cpu_pages *pcp,
		enum migratetype type, bool cold);

/** free_pcppages_bulk - give @count of the pages on @pcp's lists back */
void free_pcppages_bulk(struct zone *zone, struct per_cpu_pages *pcp,
			int count);

static inline struct per_cpu_pages *this_cpu_pcp(const struct zone *zone)
{
	return &this_cpu_ptr(zone->pageset)->pcp;
}

/** add_to_pcp - to this CPU's list; a batch goes when it is too long */
static __hot_inline void add_to_pcp(struct zone *zone, struct page *page,
				    enum migratetype type, bool cold)
{
	struct per_cpu_pages *pcp = this_cpu_pcp(zone);

	if (cold)
		list_add_tail(&page->lru, &pcp->lists[type]);
	else
		list_add(&page->lru, &pcp->lists[type]);
	mm_page_event(MM_PAGE_TO_PCP, page_to_pfn(page), 1, 0);
	if (unlikely(++pcp->count >= pcp->high))
		free_pcppages_bulk(zone, pcp, pcp->batch);
}

/** zone_batchsize - pages that a per-CPU list of @zone moves at once */
int zone_batchsize(const struct zone *zone);

/** setup_boot_pagesets - for every possible CPU, by build_all_zonelists() */
void setup_boot_pagesets(void);

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

/** free_pages_from - __free_pages(), on behalf of a caller of the caller */
void free_pages_from(struct page *page, unsigned int order, unsigned long ip);

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

/** bad_page - report @page, with its owner if known; count in nr_bad_pages */
void bad_page(struct page *page, const char *reason, unsigned long ip);

/**
 * report_bad_pages - each page of a block that cannot be free
 * @flags: what it must not have, beside users, mapping and mapcount
 */
void report_bad_pages(struct page *page, unsigned int order,
		      unsigned long flags, unsigned long ip);

/** report_bad_free - a block that its caller does not hold, or not that way */
void report_bad_free(struct page *page, unsigned int order, unsigned long ip);

/* Could a block of @order begin at @pfn? */
static __hot_inline bool order_fits(unsigned long pfn, unsigned int order)
{
	return order == 0 ||
	       (order < MAX_ORDER && IS_ALIGNED(pfn, 1UL << order));
}

/* The same for @page, which may be the head of a compound one. */
static inline bool free_order_fits(const struct page *page, unsigned int order)
{
	/* Without tails it is no head: its order is whatever lies there. */
	if (PageHead(page) && (order == 0 || order != compound_order(page)))
		return false;
	return order_fits(page_to_pfn(page), order);
}

/* What a block's pages are like, ORed together: most are as they must be. */
struct pages_seen {
	unsigned long flags;
	unsigned long used;	/* users, a mapping or a mapcount; 0: none */
};

static __hot_inline void look_at_page(const struct page *page,
				      struct pages_seen *seen,
				      int *mapcounts)
{
	seen->flags |= page->flags;
	seen->used |= (unsigned long)page->mapping;
	seen->used |= (unsigned int)page->_refcount.counter;
	*mapcounts &= page->_mapcount.counter;
}

static __hot_inline struct pages_seen look_at_pages(const struct page *page,
						    unsigned int order)
{
	const struct page *const end = page + (1UL << order);
	struct pages_seen seen = { 0, 0 };
	int mapcounts = -1;

	look_at_page(page, &seen, &mapcounts);
	if (order)
		look_at_page(page + 1, &seen, &mapcounts);
	if (order > 1) {
		look_at_page(page + 2, &seen, &mapcounts);
		look_at_page(page + 3, &seen, &mapcounts);
		for (page += 4; page != end; page += 4) {
			look_at_page(page, &seen, &mapcounts);
			look_at_page(page + 1, &seen, &mapcounts);
			look_at_page(page + 2, &seen, &mapcounts);
			look_at_page(page + 3, &seen, &mapcounts);
		}
	}
	seen.used |= (unsigned int)~mapcounts;
	return seen;
}

#endif
