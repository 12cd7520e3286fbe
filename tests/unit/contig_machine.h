/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contig_machine.h - all free lists at one moment, to compare with another:
 * which block is on which list, and what is counted. Not the order of a list:
 * pageblocks that go to another list and back come to its front.
 */
#ifndef UNIT_CONTIG_MACHINE_H
#define UNIT_CONTIG_MACHINE_H

#include "handover.h"

#include <mm/page-isolation.h>

#ifndef TOP
#define TOP		(MAX_ORDER - 1)
#endif
#define MOVABLE		(GFP_KERNEL | __GFP_MOVABLE)
#define FIRST_PFN	(RAM_BASE >> PAGE_SHIFT)
#define MAX_PAGEBLOCKS	32UL

struct lists {
	struct picture blocks;
	signed char type[MAX_FRAMES];	/* of the list a block is on */
	signed char pageblock[MAX_PAGEBLOCKS];
	unsigned long nr_free_pages[MAX_NR_ZONES], nr_free_cma[MAX_NR_ZONES];
	unsigned long nr_isolate[MAX_NR_ZONES];
};

/** use_per_cpu_lists - real ones, and larger than so small zones would have */
static inline void use_per_cpu_lists(void)
{
	struct zone *zone;

	setup_per_cpu_pageset();
	for_each_populated_zone(zone) {
		struct per_cpu_pages *pcp = &this_cpu_ptr(zone->pageset)->pcp;

		pcp->batch = 7;
		pcp->high = 6 * pcp->batch;
	}
}

static inline unsigned long free_pages_of(enum zone_type type)
{
	return zone_page_state_snapshot(zone_of(type), NR_FREE_PAGES);
}

static inline unsigned long free_cma_of(enum zone_type type)
{
	return zone_page_state_snapshot(zone_of(type), NR_FREE_CMA_PAGES);
}

static inline unsigned long block_pfn(unsigned long n)
{
	return FIRST_PFN + n * pageblock_nr_pages;
}

static inline enum migratetype type_of(unsigned long pfn)
{
	return get_pfnblock_migratetype(page_zone(pfn_to_page(pfn)), pfn);
}

/** assert_whole - as assert_sound(), and isolation and CMA areas */
static inline void assert_whole(void)
{
	const char *broken;

	assert_sound();
	broken = isolation_check();
	if (!broken)
		broken = cma_check();
	if (broken)
		fail_msg("%s", broken);
}

/** take_lists - the lists, with none of the pages on a CPU's own */
static inline void take_lists(struct lists *lists)
{
	struct zone *zone;
	struct page *page;

	drain_all_pages(NULL);
	assert_whole();
	picture_real(&lists->blocks);
	memset(lists->type, -1, lists->blocks.frames);
	for_each_populated_zone(zone) {
		int i = zone_idx(zone);

		lists->nr_free_pages[i] = free_pages_of(i);
		lists->nr_free_cma[i] = free_cma_of(i);
		lists->nr_isolate[i] = zone->nr_isolate_pageblock;
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			for (int t = 0; t < MIGRATE_TYPES; t++)
				list_for_each_entry(
					page, &zone->free_area[o].free_list[t],
					lru)
					lists->type[page_to_pfn(page) -
						    min_low_pfn] =
						(signed char)t;
	}
	for (unsigned long i = 0; i * pageblock_nr_pages <
	     lists->blocks.frames; i++) {
		assert_true(i < MAX_PAGEBLOCKS);
		lists->pageblock[i] = (signed char)type_of(
			min_low_pfn + i * pageblock_nr_pages);
	}
}

static inline void assert_same_lists(const struct lists *now,
				     const struct lists *before)
{
	assert_same_picture(&now->blocks, &before->blocks);
	for (unsigned long i = 0; i < now->blocks.frames; i++)
		if (now->type[i] != before->type[i])
			fail_msg("the block at pfn %#lx is on list %d, not %d",
				 min_low_pfn + i, now->type[i],
				 before->type[i]);
	for (unsigned long i = 0; i * pageblock_nr_pages < now->blocks.frames;
	     i++)
		assert_int_equal(now->pageblock[i], before->pageblock[i]);
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		assert_int_equal(now->nr_free_pages[i],
				 before->nr_free_pages[i]);
		assert_int_equal(now->nr_free_cma[i], before->nr_free_cma[i]);
		assert_int_equal(now->nr_isolate[i], before->nr_isolate[i]);
	}
}

/** assert_lists_are - nothing has changed since @before */
static inline void assert_lists_are(const struct lists *before)
{
	static struct lists now;

	take_lists(&now);
	assert_same_lists(&now, before);
}

/** page_is_free - is it in a block on a free list? Looked up from above. */
static inline bool page_is_free(unsigned long pfn)
{
	for (int order = TOP; order >= 0; order--) {
		unsigned long head = pfn >> order << order;

		if (head >= min_low_pfn && PageBuddy(pfn_to_page(head)) &&
		    page_private(pfn_to_page(head)) >= (unsigned int)order)
			return true;
	}
	return false;
}

#endif
