/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page-isolation.h - pageblocks that the allocator gives nothing out of, and
 * ranges of pages taken as a whole.
 */
#ifndef MM_PAGE_ISOLATION_H
#define MM_PAGE_ISOLATION_H

#include <mm/mmzone.h>

/**
 * start_isolate_page_range - make the pageblocks of [start, end) Isolate
 * @migratetype: what undoing gives back
 * Both ends are multiples of pageblock_nr_pages, in one zone.
 * Return: 0; -EBUSY: one holds a page that cannot go away (reserved, held), or
 *         is isolated already; nothing has changed then.
 */
int start_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype);
void undo_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype);
/** test_pages_isolated - is every page of the range free, and Isolate? */
bool test_pages_isolated(unsigned long start_pfn, unsigned long end_pfn);

/**
 * alloc_contig_range - take all pages of [start, end), which must be free
 * @migratetype: MIGRATE_CMA, or MIGRATE_MOVABLE: what its pageblocks are
 *
 * Nothing is moved out of the way. Each page then has count 1, as after
 * split_page(); free_contig_range() gives them back.
 * Return: 0; -EINVAL: no such range, or one across zones; -EBUSY: some page
 *         is not free (nothing has changed).
 */
int alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn,
		       enum migratetype migratetype);
void free_contig_range(unsigned long pfn, unsigned long nr_pages);

#endif
