/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watermark.h - how many pages of a zone stay free for those in need.
 *
 *   WMARK-1  watermark[MIN] <= watermark[LOW] <= watermark[HIGH]
 *   WMARK-2  lowmem_reserve[j] of a zone is the managed pages of the zones
 *            above it, up to zone j, over its sysctl_lowmem_reserve_ratio
 *   WMARK-3  nr_reserved_highatomic is the pages of the zone's pageblocks of
 *            type HighAtomic, at most what reserve_highatomic_pageblock allows
 */
#ifndef MM_WATERMARK_H
#define MM_WATERMARK_H

#include <mm/gfp.h>
#include <mm/mmzone.h>

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
extern int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES - 1];
extern int watermark_scale_factor;	/* of 10,000 managed pages */
extern unsigned long totalreserve_pages;

/**
 * zone_watermark_ok - would @zone stay above @mark with 1 << @order pages less?
 * @classzone_idx: the highest zone that the request may be served from: its
 *                 lowmem_reserve is added to @mark
 * For order > 0 a block of at least @order must be there, of a type that the
 * request may have.
 */
bool zone_watermark_ok(struct zone *zone, unsigned int order,
		       unsigned long mark, int classzone_idx,
		       unsigned int alloc_flags);
/* The same from exact counters, for a zone near its watermark. */
bool zone_watermark_ok_safe(struct zone *zone, unsigned int order,
			    unsigned long mark, int classzone_idx);

/** init_per_zone_wmark_min - min_free_kbytes and all that follows from it */
int init_per_zone_wmark_min(void);
/** setup_per_zone_wmarks - watermarks of all zones, from min_free_kbytes */
void setup_per_zone_wmarks(void);
/** set_min_free_kbytes - as a write to the sysctl; -EINVAL: below 0 */
int set_min_free_kbytes(int kbytes);
/** watermark_check - WMARK-1 to -3; NULL or the broken ID */
const char *watermark_check(void);

#endif
