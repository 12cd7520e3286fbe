/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page-isolation.h - pageblocks that the allocator gives nothing out of, and
 * ranges of pages taken as a whole.
 *
 *   ISO-1  nr_isolate_pageblock of a zone is the number of its pageblocks of
 *          type Isolate
 *   ISO-2  a free block is on a list of type Isolate if, and only if, its
 *          pageblock is of that type
 * What is on those lists is not counted in NR_FREE_PAGES (ZONE-2).
 */
#ifndef MM_PAGE_ISOLATION_H
#define MM_PAGE_ISOLATION_H

#include <mm/mmzone.h>

/**
 * start_isolate_page_range - make the pageblocks of [start, end) Isolate
 * @migratetype: what undoing gives back; MIGRATE_CMA for pageblocks of that
 *               type, and for no other
 * Both ends are multiples of pageblock_nr_pages. Pages that are in use stay so,
 * and become Isolate when they are freed. All or none: one lock is held from
 * the first look to the last change, so there is nothing to roll back.
 * Return: 0; -EINVAL: not in one zone, no memory, or of the wrong type;
 *         -EBUSY: a pageblock is Isolate already, or one that is neither
 *         Movable nor CMA holds a page that cannot go away (reserved, held),
 *         or is HighAtomic, which the zone's reserve counts.
 */
int start_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype);
/** undo_isolate_page_range - to @migratetype; pageblocks not Isolate stay */
void undo_isolate_page_range(unsigned long start_pfn, unsigned long end_pfn,
			     enum migratetype migratetype);
/** test_pages_isolated - is every page of the range free, and Isolate? */
bool test_pages_isolated(unsigned long start_pfn, unsigned long end_pfn);

/** isolation_check - ISO-1, ISO-2 of every zone; NULL or the broken ID */
const char *isolation_check(void);

/**
 * alloc_contig_range - take all pages of [start, end), which must be free
 * @migratetype: MIGRATE_CMA, or MIGRATE_MOVABLE: what its pageblocks are
 *
 * Nothing is moved out of the way; pages on per-CPU lists are free. The
 * pageblocks around the range are isolated meanwhile and have @migratetype
 * after it. Each page then has count 1, as after split_page();
 * free_contig_range() gives them back.
 * Return: 0; -EINVAL: no such range, its pageblocks are not in one zone, or
 *         not of that type (CMA); -EBUSY: some page is not free, or a
 *         pageblock cannot be isolated. Nothing has changed then, but that
 *         per-CPU lists may have been drained.
 */
int alloc_contig_range(unsigned long start_pfn, unsigned long end_pfn,
		       enum migratetype migratetype);
/** free_contig_range - drop a reference of each; reports those still in use */
void free_contig_range(unsigned long pfn, unsigned long nr_pages);

#endif
