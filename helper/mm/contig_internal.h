/* SPDX-License-Identifier: GPL-2.0-or-later */
/* contig_internal.h - what page_isolation.c, contig.c and cma_alloc.c share. */
#ifndef CONTIG_INTERNAL_H
#define CONTIG_INTERNAL_H

#include <mm/mm.h>
#include <mm/page-isolation.h>

/* --- page_isolation.c ----------------------------------------------------- */

/** zone_of_range - the zone that [start, end) lies in; NULL: not in one */
struct zone *zone_of_range(unsigned long start_pfn, unsigned long end_pfn);

/**
 * __free_block_around - the free block that @pfn is a page of
 * @order: set to the block's
 * Return: its head; NULL: @pfn is not free. Its pageblock lies in one zone, and
 *         the caller holds the zone's lock.
 */
struct page *__free_block_around(unsigned long pfn, unsigned int *order);

/** pages_are_free - is every page of [start, end) on a free list? */
bool pages_are_free(struct zone *zone, unsigned long start_pfn,
		    unsigned long end_pfn);

/**
 * isolate_page_range - start_isolate_page_range(), if all pages of
 * [free_start, free_end) are free: -EBUSY if not
 */
int isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
		       enum migratetype migratetype,
		       unsigned long free_start, unsigned long free_end);

/* --- contig.c ------------------------------------------------------------- */

/** __alloc_contig_range - alloc_contig_range() on behalf of @ip */
int __alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn,
			 enum migratetype migratetype, unsigned long ip);
/** __free_contig_range - free_contig_range(), and who is to blame */
void __free_contig_range(unsigned long pfn, unsigned long nr_pages,
			 unsigned long ip);

#endif
