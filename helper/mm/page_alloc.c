// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_alloc.c - the page allocator's ways in and out, and its fast paths.
 *
 * Contract: returns naturally aligned blocks from the zones mm_init.c built.
 *           Single pages come from and go to this CPU's lists.
 * May call: page_buddy.c, page_pcp.c, page_compound.c, bad_page.c,
 *           watermark.c, page_owner.c; page_slowpath.c when nothing is above
 *           the low marks.
 * Called by: whoever wants pages.
 * Fails:    NULL when no allowed zone has a block. A bad page is reported
 *           and kept out of service; the machine goes on.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/highmem.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/page_ext.h>

#include "page_alloc_internal.h"

/* --- freeing -------------------------------------------------------------- */

/* Apart: few blocks have flags, and the registers are needed otherwise. */
static noinline void clear_page_flags(struct page *page, unsigned int order)
{
	for (struct page *p = page; p < page + (1UL << order); p++)
		p->flags &= ~PAGE_FLAGS_CHECK_AT_PREP;
}

/* Can the pages be free, and are they without any flag now? */
static __hot_inline bool prepare_no_head(struct page *page, unsigned int order,
					 unsigned long ip)
{
	struct pages_seen seen = look_at_pages(page, order);

	if (unlikely(seen.used || seen.flags & PAGE_FLAGS_CHECK_AT_FREE)) {
		report_bad_pages(page, order, PAGE_FLAGS_CHECK_AT_FREE, ip);
		return false;
	}
	if (unlikely(seen.flags & PAGE_FLAGS_CHECK_AT_PREP))
		clear_page_flags(page, order);
	reset_page_owner(page, order);
	return true;
}

static bool free_pages_prepare(struct page *page, unsigned int order,
			       unsigned long ip)
{
	if (unlikely(PageHead(page)) && !undo_compound_page(page, order, ip))
		return false;
	return prepare_no_head(page, order, ip);
}

/* @page is prepared. */
static __hot_inline void __free_hot_cold_page(struct page *page,
					      unsigned long pfn, bool cold)
{
	struct zone *zone = page_zone(page);
	enum migratetype type;
	unsigned long flags;

	type = get_pfnblock_migratetype(zone, pfn);
	set_pcppage_migratetype(page, type);
	flags = arch_local_irq_save();
	mm_page_begin();
	__count_vm_events(PGFREE, 1);
	if (likely(type < MIGRATE_PCPTYPES))
		add_to_pcp(zone, page, type, cold);
	else if (type != MIGRATE_ISOLATE)
		add_to_pcp(zone, page, MIGRATE_MOVABLE, cold);
	else
		free_one_page(zone, page, pfn, 0);
	mm_page_end();
	arch_local_irq_restore(flags);
}

void free_hot_cold_page(struct page *page, bool cold)
{
	if (free_pages_prepare(page, 0, _RET_IP_))
		__free_hot_cold_page(page, page_to_pfn(page), cold);
}

/* A compound page, or a mistake. */
static noinline void free_unusual_page(struct page *page, unsigned int order,
				       unsigned long ip)
{
	if (page_count(page) <= 0 || !free_order_fits(page, order))
		report_bad_free(page, order, ip);
	else if (put_page_testzero(page) && free_pages_prepare(page, order, ip))
		free_block(page_zone(page), page, page_to_pfn(page), order);
}

static __hot_inline void free_the_page(struct page *page, unsigned int order,
				       unsigned long ip)
{
	unsigned long pfn = page_to_pfn(page);

	if (unlikely(page_count(page) <= 0 || PageHead(page) ||
		     !order_fits(pfn, order))) {
		free_unusual_page(page, order, ip);
		return;
	}
	if (unlikely(!put_page_testzero(page) ||
		     !prepare_no_head(page, order, ip)))
		return;
	if (order == 0)
		__free_hot_cold_page(page, pfn, false);
	else
		free_block(page_zone(page), page, pfn, order);
}

noinline void free_pages_from(struct page *page, unsigned int order,
			      unsigned long ip)
{
	free_the_page(page, order, ip);
}

void __free_pages(struct page *page, unsigned int order)
{
	free_the_page(page, order, _RET_IP_);
}

void put_page(struct page *page)
{
	page = compound_head(page);
	free_pages_from(page, compound_order(page), _RET_IP_);
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (addr)
		free_pages_from(virt_to_page(addr), order, _RET_IP_);
}

/* --- allocating ----------------------------------------------------------- */

static __hot_inline bool check_new_pages(struct page *page,
					 unsigned int order,
					 unsigned long ip)
{
	struct pages_seen seen = look_at_pages(page, order);

	if (likely(!(seen.used | (seen.flags & PAGE_FLAGS_CHECK_AT_PREP))))
		return true;
	report_bad_pages(page, order, PAGE_FLAGS_CHECK_AT_PREP, ip);
	return false;
}

static noinline void clear_pages(struct page *page, unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		clear_highpage(page + i);
}

static __hot_inline void prep_new_page(struct page *page, unsigned int order,
				       gfp_t gfp, unsigned long ip)
{
	set_page_private(page, 0);
	set_page_count(page, 1);
	if (unlikely(gfp & __GFP_ZERO))
		clear_pages(page, order);
	if (order && gfp & __GFP_COMP)
		prep_compound_page(page, order);
	set_page_owner(page, order, gfp, ip);
}

_Static_assert(PGALLOC_HIGH == PGALLOC_NORMAL + ZONE_HIGHMEM &&
	       PGALLOC_MOVABLE == PGALLOC_NORMAL + ZONE_MOVABLE,
	       "one event for each zone");

/* A bad page stays where it is, off the lists: the next. */
static __hot_inline struct page *rmqueue_pcplist(const struct zoneref *ref,
						 gfp_t gfp,
						 enum migratetype type,
						 unsigned long ip)
{
	unsigned long flags = arch_local_irq_save();
	struct per_cpu_pages *pcp = this_cpu_pcp(ref->zone);
	/* Not &lists[type], of which gcc 12 keeps two copies. */
	struct list_head *list = pcp->lists + type;
	struct page *page;

	do {
		if (unlikely(list_empty(list)) &&
		    !refill_pcp(ref->zone, pcp, type, gfp & __GFP_COLD)) {
			arch_local_irq_restore(flags);
			return NULL;
		}
		page = list_entry(gfp & __GFP_COLD ? list->prev : list->next,
				  struct page, lru);
		list_del(&page->lru);
		pcp->count--;
		mm_page_event(MM_PAGE_FROM_PCP, page_to_pfn(page), 1, 0);
	} while (unlikely(!check_new_pages(page, 0, ip)));
	__count_vm_events(PGALLOC_NORMAL + (unsigned int)ref->zone_idx, 1);
	arch_local_irq_restore(flags);
	return page;
}

static __hot_inline struct page *
rmqueue_block(const struct zoneref *ref, unsigned int order,
	      unsigned int alloc_flags, enum migratetype type, unsigned long ip)
{
	struct page *page;

	do {
		page = rmqueue(ref->zone, ref->zone_idx, order, alloc_flags,
			       type);
	} while (page && unlikely(!check_new_pages(page, order, ip)));
	return page;
}

/*
 * Sure to stay above @mark, and quickly said. A block of @order need not be
 * there: who looks for one finds that out, at no greater cost.
 */
static __hot_inline bool zone_has_plenty(const struct zone *zone,
					 unsigned int order,
					 unsigned int alloc_flags,
					 int classzone_idx)
{
	unsigned long mark = zone->watermark[alloc_flags & ALLOC_WMARK_MASK];
	unsigned long spoken_for = zone->nr_reserved_highatomic;

	if (!(alloc_flags & ALLOC_CMA))
		spoken_for += zone_page_state(zone, NR_FREE_CMA_PAGES);
	mark += (unsigned long)zone->lowmem_reserve[classzone_idx];
	return zone_page_state(zone, NR_FREE_PAGES) >=
	       mark + spoken_for + (1UL << order);
}

static __hot_inline bool zone_may_serve(const struct zone *zone,
					unsigned int order,
					unsigned int alloc_flags,
					int classzone_idx)
{
	unsigned long mark = zone->watermark[alloc_flags & ALLOC_WMARK_MASK];

	return likely(zone_has_plenty(zone, order, alloc_flags,
				      classzone_idx)) ||
	       zone_watermark_fast(zone, order, mark, classzone_idx,
				   alloc_flags) ||
	       alloc_flags & ALLOC_NO_WATERMARKS;
}

/* The first zone of a list that is not too high; its zone is NULL: none. */
static __hot_inline const struct zoneref *
first_zoneref(const struct zonelist *zonelist, enum zone_type high_zoneidx)
{
	const struct zoneref *ref = zonelist->_zonerefs;

	/* The end's zone_idx is 0, and no zone's is less. */
	while (ref->zone_idx > (int)high_zoneidx)
		ref++;
	return ref;
}

struct page *get_page_from_freelist(gfp_t gfp, unsigned int order,
				    unsigned int alloc_flags,
				    const struct alloc_context *ac)
{
	const struct zoneref *ref = first_zoneref(ac->zonelist,
						  ac->high_zoneidx);

	/* Behind the first zone that is low enough, all are. */
	for (; ref->zone; ref++) {
		struct page *page;

		if (!zone_may_serve(ref->zone, order, alloc_flags,
				    ac->classzone_idx))
			continue;
		if (order == 0)
			page = rmqueue_pcplist(ref, gfp, ac->migratetype,
					       ac->ip);
		else
			page = rmqueue_block(ref, order, alloc_flags,
					     ac->migratetype, ac->ip);
		if (unlikely(!page))
			continue;
		prep_new_page(page, order, gfp, ac->ip);
		if (unlikely(order && alloc_flags & ALLOC_HARDER))
			reserve_highatomic_pageblock(page, ref->zone, order);
		return page;
	}
	return NULL;
}

/* Movable pages may lie in CMA pageblocks. */
static __hot_inline unsigned int low_alloc_flags(enum migratetype type)
{
	return ALLOC_WMARK_LOW | (type == MIGRATE_MOVABLE ? ALLOC_CMA : 0);
}

/* For any request: what the fast path does not do. */
static noinline struct page *__alloc_pages(gfp_t gfp, unsigned int order,
					   unsigned long ip)
{
	struct alloc_context ac = {
		.zonelist = contig_page_data.node_zonelists,
		.high_zoneidx = gfp_zone(gfp),
		.migratetype = gfpflags_to_migratetype(gfp),
		.ip = ip,
	};
	const struct zoneref *ref = first_zoneref(ac.zonelist, ac.high_zoneidx);
	struct page *page;

	if (unlikely(order >= MAX_ORDER || !ref->zone ||
		     (gfp & __GFP_MOVABLE && gfp & __GFP_RECLAIMABLE)))
		return NULL;
	ac.classzone_idx = ref->zone_idx;
	page = get_page_from_freelist(gfp, order,
				      low_alloc_flags(ac.migratetype), &ac);
	return likely(page) ? page : __alloc_pages_slowpath(gfp, order, &ac);
}

/*
 * What most requests find: the best zone has plenty, and such a block. A bad
 * block stays off the lists, and __alloc_pages() looks for the next: a loop
 * here would keep five more values alive over the calls.
 */
static __hot_inline struct page *
alloc_from_best_zone(gfp_t gfp, unsigned int order, unsigned long ip)
{
	const struct zoneref *ref = first_zoneref(
		contig_page_data.node_zonelists, gfp_zone(gfp));
	enum migratetype type = gfpflags_to_migratetype(gfp);
	unsigned int alloc_flags = low_alloc_flags(type);
	struct page *page;

	if (unlikely(!ref->zone || type >= MIGRATE_PCPTYPES ||
		     !zone_has_plenty(ref->zone, order, alloc_flags,
				      ref->zone_idx)))
		return NULL;
	if (order == 0) {
		page = rmqueue_pcplist(ref, gfp, type, ip);
		if (likely(page))
			prep_new_page(page, 0, gfp, ip);
		return page;
	}
	page = rmqueue(ref->zone, ref->zone_idx, order, alloc_flags, type);
	if (unlikely(!page || !check_new_pages(page, order, ip)))
		return NULL;
	prep_new_page(page, order, gfp, ip);
	return page;
}

static __hot_inline struct page *
alloc_any(gfp_t gfp, unsigned int order, unsigned long ip)
{
	struct page *page = NULL;

	if (likely(order < MAX_ORDER))
		page = alloc_from_best_zone(gfp, order, ip);
	return likely(page) ? page : __alloc_pages(gfp, order, ip);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	return alloc_any(gfp, order, _RET_IP_);
}

/* Once for the three below, which are no faster than alloc_pages(). */
static noinline unsigned long alloc_lowmem(gfp_t gfp, unsigned int order,
					   unsigned long ip)
{
	struct page *page = alloc_any(gfp & ~__GFP_HIGHMEM, order, ip);

	return page ? (unsigned long)page_address(page) : 0;
}

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	return alloc_lowmem(gfp, order, _RET_IP_);
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	return alloc_lowmem(gfp | __GFP_ZERO, 0, _RET_IP_);
}
