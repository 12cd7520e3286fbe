/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_alloc_internal.h - what the page allocator's own files share. Each
 * function's caller holds zone->lock.
 */
#ifndef PAGE_ALLOC_INTERNAL_H
#define PAGE_ALLOC_INTERNAL_H

#include <mm/mm.h>

extern bool page_group_by_mobility_disabled;	/* mm_init.c */

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
 * __rmqueue_fallback - take a block from another migratetype's lists
 * Return: the block, of @order; NULL when every list is too low.
 */
struct page *__rmqueue_fallback(struct zone *zone, unsigned int order,
				enum migratetype start_type);

#endif
