// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_slowpath.c - when no zone has a block above its low watermark.
 *
 * Contract: goes as far below the watermarks as the request may, then, where
 *           it may wait, looks for memory that nobody needs: on per-CPU lists,
 *           with shrinkers, in the HighAtomic reserve.
 * May call: page_alloc.c's get_page_from_freelist(), page_pcp.c, vmscan.c,
 *           page_fallback.c, show_mem.c.
 * Called by: page_alloc.c, with no lock held.
 * Fails:    NULL, and a report unless __GFP_NOWARN. There is no page cache, no
 *           kswapd and no other process: nothing here waits for somebody to
 *           free memory, and __GFP_KSWAPD_RECLAIM wakes nobody.
 */
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/shrinker.h>

#include "page_alloc_internal.h"

#define PAGE_ALLOC_COSTLY_ORDER	3	/* larger ones are not worth a fight */
#define MAX_RECLAIM_RETRIES	16	/* rounds that free nothing */

bool memalloc_noreclaim;

_Static_assert(__GFP_HIGH == ALLOC_HIGH, "one bit, in both kinds of flags");

/* How far below the watermarks, and with whose blocks, @gfp is served. */
static unsigned int gfp_to_alloc_flags(gfp_t gfp)
{
	unsigned int flags = ALLOC_WMARK_MIN | (gfp & __GFP_HIGH);

	if (gfp & __GFP_ATOMIC && !(gfp & __GFP_NOMEMALLOC))
		flags |= ALLOC_HARDER;
	if (gfpflags_to_migratetype(gfp) == MIGRATE_MOVABLE)
		flags |= ALLOC_CMA;
	return flags;
}

/* Those who free memory with what they get: down to the last page. */
static bool gfp_pfmemalloc_allowed(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return false;
	return gfp & __GFP_MEMALLOC || memalloc_noreclaim;
}

static struct page *get_page_after_unreserve(gfp_t gfp, unsigned int order,
					     unsigned int alloc_flags,
					     const struct alloc_context *ac)
{
	struct page *page;

	/* Ends: each time a zone's reserve is smaller by a pageblock. */
	do {
		page = get_page_from_freelist(gfp, order, alloc_flags, ac);
	} while (!page && unreserve_highatomic_pageblock(ac));
	return page;
}

/*
 * Rounds of all shrinkers until the request can be served. A round is worth
 * another one when more pages are free after it, whatever shrinkers answer.
 * Linux forgets about the others then; but one that gives and takes in turn
 * would keep that going for ever.
 */
static struct page *alloc_pages_direct_reclaim(gfp_t gfp, unsigned int order,
					       unsigned int alloc_flags,
					       const struct alloc_context *ac)
{
	bool once = gfp & __GFP_NORETRY || (order > PAGE_ALLOC_COSTLY_ORDER &&
					    !(gfp & __GFP_REPEAT));
	struct page *page;

	drain_all_pages(NULL);
	page = get_page_from_freelist(gfp, order, alloc_flags, ac);
	for (int idle = 0; !page && idle < MAX_RECLAIM_RETRIES;) {
		if (!try_to_free_pages(ac->zonelist, order, gfp))
			idle++;
		page = get_page_after_unreserve(gfp, order, alloc_flags, ac);
		if (once)
			break;
	}
	return page;
}

/* Once: who does this does it again. */
static void say_it_can_wait(unsigned long ip)
{
	static bool said;

	if (!said)
		pr_warn("__GFP_ATOMIC by %pS, which can wait: it gets no "
			"reserve\n", (void *)ip);
	said = true;
}

struct page *__alloc_pages_slowpath(gfp_t gfp, unsigned int order,
				    struct alloc_context *ac)
{
	unsigned int alloc_flags;
	struct page *page;

	if (unlikely(gfp & __GFP_ATOMIC && gfp & __GFP_DIRECT_RECLAIM)) {
		say_it_can_wait(ac->ip);
		gfp &= ~__GFP_ATOMIC;
	}
	alloc_flags = gfp_to_alloc_flags(gfp);
	page = get_page_from_freelist(gfp, order, alloc_flags, ac);
	if (!page && gfp_pfmemalloc_allowed(gfp)) {
		alloc_flags = ALLOC_NO_WATERMARKS;
		page = get_page_from_freelist(gfp, order, alloc_flags, ac);
	}
	/* Set: this is a shrinker's own request, or one of its likes. */
	if (!page && gfp & __GFP_DIRECT_RECLAIM && !memalloc_noreclaim)
		page = alloc_pages_direct_reclaim(gfp, order, alloc_flags, ac);
	if (!page)
		warn_alloc(gfp, order, ac->ip);
	return page;
}
