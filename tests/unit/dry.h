/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dry.h - a machine with watermarks, and how to run it out of memory. */
#ifndef UNIT_DRY_H
#define UNIT_DRY_H

#include "handover.h"

#include <mm/watermark.h>

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	2UL
#define TOP		(MAX_ORDER - 1)
#define QUIET		__GFP_NOWARN

/* No differences: what is compared with a mark is what is free. */
static inline void count_exactly(void)
{
	const struct zone *zone;

	refresh_cpu_vm_stats();
	for_each_populated_zone(zone)
		this_cpu_ptr(zone->pageset)->stat_threshold = 0;
	this_cpu_ptr(contig_page_data.per_cpu_nodestats)->stat_threshold = 0;
}

static inline int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	init_per_zone_wmark_min();
	count_exactly();
	return 0;
}

/** setup_pcp - the same with the per-CPU lists that a running kernel has */
static inline int setup_pcp(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	setup_per_cpu_pageset();
	init_per_zone_wmark_min();
	count_exactly();
	assert_ptr_not_equal(zone_of(ZONE_NORMAL)->pageset,
			     zone_of(ZONE_HIGHMEM)->pageset);
	return 0;
}

static inline struct per_cpu_pages *pcp_of(enum zone_type type)
{
	return &this_cpu_ptr(zone_of(type)->pageset)->pcp;
}

static inline unsigned long free_of(enum zone_type type)
{
	return zone_page_state_snapshot(zone_of(type), NR_FREE_PAGES);
}

static inline unsigned long min_of(enum zone_type type)
{
	return zone_of(type)->watermark[WMARK_MIN];
}

static inline void assert_all_sound(void)
{
	const char *broken = watermark_check();

	assert_sound();
	if (broken)
		fail_msg("watermark_check: %s", broken);
}

/* --- pages held, to be given back ----------------------------------------- */

/* Linked through lru: a page in use has no other use for it. */
struct held {
	struct list_head pages;
	unsigned long count;
};

static inline void hold(struct held *held, struct page *page)
{
	list_add(&page->lru, &held->pages);
	held->count++;
}

static inline unsigned long take_all(struct held *held, gfp_t gfp)
{
	unsigned long n = 0;
	struct page *page;

	for (; (page = alloc_pages(gfp | QUIET, 0)); n++)
		hold(held, page);
	return n;
}

static inline struct page *let_go(struct held *held)
{
	struct page *page = list_first_entry_or_null(&held->pages, struct page,
						     lru);

	if (page) {
		list_del(&page->lru);
		held->count--;
	}
	return page;
}

static inline unsigned long give_back(struct held *held, unsigned long most)
{
	unsigned long n = 0;
	struct page *page;

	for (; n < most && (page = let_go(held)); n++)
		__free_pages(page, 0);
	return n;
}

static inline void begin(struct held *held)
{
	INIT_LIST_HEAD(&held->pages);
	held->count = 0;
}

#endif
