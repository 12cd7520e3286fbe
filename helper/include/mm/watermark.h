/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watermark.h - how many pages of a zone stay free for those in need.
 *
 *   WMARK-1  watermark[MIN] <= watermark[LOW] <= watermark[HIGH]
 *   WMARK-2  lowmem_reserve[j] of a zone is the managed pages of the zones
 *            above it, up to zone j, over its sysctl_lowmem_reserve_ratio; of
 *            the pages that were managed when it was set up, which Linux 4.9
 *            does before CMA areas are given back: lowmem_reserve_managed
 *   WMARK-3  nr_reserved_highatomic is the pages of the zone's pageblocks of
 *            type HighAtomic, less than 1% of the zone plus two pageblocks
 */
#ifndef MM_WATERMARK_H
#define MM_WATERMARK_H

#include <mm/gfp.h>
#include <mm/mmzone.h>
#include <mm/vmstat.h>

/* alloc_flags: what get_page_from_freelist() may do. Values: Linux 4.9. */
#define ALLOC_WMARK_MIN		WMARK_MIN
#define ALLOC_WMARK_LOW		WMARK_LOW
#define ALLOC_WMARK_HIGH	WMARK_HIGH
#define ALLOC_NO_WATERMARKS	0x04u
#define ALLOC_WMARK_MASK	(ALLOC_NO_WATERMARKS - 1)
#define ALLOC_HARDER		0x10u	/* may not sleep */
#define ALLOC_HIGH		0x20u	/* __GFP_HIGH */
#define ALLOC_CMA		0x80u	/* CMA pageblocks are good enough */

extern int min_free_kbytes;		/* from lowmem's size, or "set" */
extern int user_min_free_kbytes;	/* -1: not set */
/* Of a zone, what allocations that could go to higher zones leave alone. */
extern int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES - 1];
extern unsigned long lowmem_reserve_managed[MAX_NR_ZONES];	/* pages */
extern int watermark_scale_factor;	/* of 10,000 managed pages */
extern unsigned long totalreserve_pages;	/* no zone can give these */

#define SWAP_CLUSTER_MAX	32ul	/* pages: freed at once, at least */

/**
 * __zone_watermark_ok - zone_watermark_ok() for a count of free pages
 * @free_pages: what the caller takes NR_FREE_PAGES to be
 */
bool __zone_watermark_ok(const struct zone *zone, unsigned int order,
			 unsigned long mark, int classzone_idx,
			 unsigned int alloc_flags, long free_pages);

/**
 * zone_watermark_ok - would @zone stay above @mark with 1 << @order pages less?
 * @classzone_idx: the highest zone that the request may be served from: its
 *                 lowmem_reserve is added to @mark
 *
 * ALLOC_HIGH lowers @mark by a half, ALLOC_HARDER by a quarter of the rest. The
 * HighAtomic reserve counts for ALLOC_HARDER only, CMA for ALLOC_CMA only.
 * For order > 0 a block of at least @order must be there, of a type that the
 * request may have. (Linux 4.9 takes any block at all for ALLOC_HARDER; the
 * allocation then fails where this says no at once.)
 */
bool zone_watermark_ok(const struct zone *zone, unsigned int order,
		       unsigned long mark, int classzone_idx,
		       unsigned int alloc_flags);
/* The same from exact counters, for a zone near its watermark. */
bool zone_watermark_ok_safe(const struct zone *zone, unsigned int order,
			    unsigned long mark, int classzone_idx);

/**
 * zone_watermark_fast - zone_watermark_ok(), quick where there is plenty
 *
 * One page, and even the unlowered mark is not in danger: two counters say so.
 * As in Linux 4.9 they leave the HighAtomic reserve out: beside one, single
 * pages may be taken below the mark.
 */
static inline bool zone_watermark_fast(const struct zone *zone,
				       unsigned int order, unsigned long mark,
				       int classzone_idx,
				       unsigned int alloc_flags)
{
	long free = (long)zone_page_state(zone, NR_FREE_PAGES), cma = 0;

	if (!(alloc_flags & ALLOC_CMA))
		cma = (long)zone_page_state(zone, NR_FREE_CMA_PAGES);
	if (likely(!order && free - cma >
			     (long)mark + zone->lowmem_reserve[classzone_idx]))
		return true;
	return __zone_watermark_ok(zone, order, mark, classzone_idx,
				   alloc_flags, free);
}

/**
 * init_per_zone_wmark_min - min_free_kbytes and all that follows from it
 *
 * After setup_per_cpu_pageset(): it lets counters' differences begin, and all
 * zones share the boot pageset's.
 */
int init_per_zone_wmark_min(void);
/** setup_per_zone_wmarks - watermarks of all zones, from min_free_kbytes */
void setup_per_zone_wmarks(void);
/** setup_per_zone_lowmem_reserve - from ratios and managed pages */
void setup_per_zone_lowmem_reserve(void);
/** set_min_free_kbytes - as a write to the sysctl; -EINVAL: below 0 */
int set_min_free_kbytes(int kbytes);
/** watermark_check - WMARK-1 to -3; NULL or the broken ID */
const char *watermark_check(void);

#endif
