/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * carve.h - pageblocks carved up by hand: all others are used up, so that only
 * the pieces that a test gives back are free.
 */
#ifndef UNIT_CARVE_H
#define UNIT_CARVE_H

#include "handover.h"

#include "mm/page_alloc_internal.h"

#define BLOCKS		8UL
#define TOP		(MAX_ORDER - 1)
#define HALF		(pageblock_order / 2)
#define MIDDLE		(MAX_ORDER_NR_PAGES / 2)

#define KERNEL		GFP_KERNEL
#define USER		(GFP_KERNEL | __GFP_MOVABLE)
#define CACHE		(GFP_KERNEL | __GFP_RECLAIMABLE)

static inline int setup(void **state __maybe_unused)
{
	boot_blocks(BLOCKS, 0);
	return 0;
}

/* A whole pageblock that has the type of @gfp, all of it in use. */
static inline struct page *carve(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, TOP);

	assert_non_null(page);
	set_page_count(page, 0);
	return page;
}

static inline void give_back(struct page *page, unsigned int order)
{
	set_page_count(page, 1);
	__free_pages(page, order);
}

static inline void use_all_up(void)
{
	while (alloc_pages(USER, TOP))
		;
}

static inline enum migratetype type_of(const struct page *page)
{
	return get_pfnblock_migratetype(zone_of(ZONE_NORMAL),
					page_to_pfn(page));
}

/* Whether a free block is on the list of a type. */
static inline bool is_listed(const struct page *block, unsigned int order,
		      enum migratetype type)
{
	const struct page *page;

	list_for_each_entry(page, &zone_of(ZONE_NORMAL)->free_area[order]
			    .free_list[type], lru)
		if (page == block)
			return true;
	return false;
}

#endif
