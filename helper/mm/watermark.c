// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watermark.c - how many pages of a zone stay free for those in need.
 *
 * Contract: watermark.h; figures and rules are Linux 4.9's.
 * May call: vmstat.c, mm_init.c's zones, lib/.
 * Called by: page_alloc.c, page_slowpath.c, guest/.
 * Fails:    -EINVAL for a sysctl value that makes no sense.
 */
#include <mm/mm.h>
#include <mm/printk.h>

#include "page_alloc_internal.h"

#define MIN_KBYTES_LEAST	128
#define MIN_KBYTES_MOST		65536
#define HIGHMEM_MIN_MOST	128ul		/* pages */
#define SCALE_FACTOR_WHOLE	10000u

int min_free_kbytes = 1024;
int user_min_free_kbytes = -1;
int watermark_scale_factor = 10;
int sysctl_lowmem_reserve_ratio[MAX_NR_ZONES - 1] = {
	[ZONE_NORMAL] = 32,
	[ZONE_HIGHMEM] = 32,
};
unsigned long lowmem_reserve_managed[MAX_NR_ZONES];
unsigned long totalreserve_pages;

/* Movable lies above HighMem, so its pages would be HighMem, too. */
static bool above_lowmem(const struct zone *zone)
{
	return zone_idx(zone) >= ZONE_HIGHMEM;
}

/* --- would it stay above the mark? ---------------------------------------- */

static bool has_block(const struct zone *zone, unsigned int order,
		      unsigned int alloc_flags)
{
	for (; order < MAX_ORDER; order++) {
		const struct free_area *area = &zone->free_area[order];

		if (!area->nr_free)
			continue;
		for (int type = 0; type < MIGRATE_PCPTYPES; type++)
			if (!list_empty(&area->free_list[type]))
				return true;
		if (alloc_flags & ALLOC_CMA &&
		    !list_empty(&area->free_list[MIGRATE_CMA]))
			return true;
		if (alloc_flags & ALLOC_HARDER &&
		    !list_empty(&area->free_list[MIGRATE_HIGHATOMIC]))
			return true;
	}
	return false;
}

bool __zone_watermark_ok(const struct zone *zone, unsigned int order,
			 unsigned long mark, int classzone_idx,
			 unsigned int alloc_flags, long free_pages)
{
	long min = (long)mark;

	/* All but one page of the block: > below asks for that one. */
	free_pages -= (1L << order) - 1;
	if (alloc_flags & ALLOC_HIGH)
		min -= min / 2;
	if (alloc_flags & ALLOC_HARDER)
		min -= min / 4;
	else
		free_pages -= (long)zone->nr_reserved_highatomic;
	if (!(alloc_flags & ALLOC_CMA))
		free_pages -= (long)zone_page_state(zone, NR_FREE_CMA_PAGES);
	if (free_pages <= min + zone->lowmem_reserve[classzone_idx])
		return false;
	return order == 0 || has_block(zone, order, alloc_flags);
}

bool zone_watermark_ok(const struct zone *zone, unsigned int order,
		       unsigned long mark, int classzone_idx,
		       unsigned int alloc_flags)
{
	return __zone_watermark_ok(zone, order, mark, classzone_idx,
				   alloc_flags,
				   (long)zone_page_state(zone, NR_FREE_PAGES));
}

bool zone_watermark_ok_safe(const struct zone *zone, unsigned int order,
			    unsigned long mark, int classzone_idx)
{
	return __zone_watermark_ok(
		zone, order, mark, classzone_idx, 0,
		(long)zone_page_state_snapshot(zone, NR_FREE_PAGES));
}

/* --- how high the marks are ----------------------------------------------- */

unsigned long nr_free_buffer_pages(void)
{
	const struct zonelist *zonelist = contig_page_data.node_zonelists;
	const struct zoneref *ref = zonelist->_zonerefs;
	unsigned long pages = 0;

	for (; ref->zone; ref++) {
		const struct zone *zone = ref->zone;

		if (ref->zone_idx <= (int)gfp_zone(GFP_USER) &&
		    zone->managed_pages > zone->watermark[WMARK_HIGH])
			pages += zone->managed_pages -
				 zone->watermark[WMARK_HIGH];
	}
	return pages;
}

/* What a zone keeps for itself against its worst request, of all it has. */
static unsigned long zone_reserve(const struct zone *zone)
{
	unsigned long most = 0;

	for (int j = zone_idx(zone); j < MAX_NR_ZONES; j++)
		most = max(most, (unsigned long)zone->lowmem_reserve[j]);
	return min(most + zone->watermark[WMARK_HIGH], zone->managed_pages);
}

static void calculate_totalreserve_pages(void)
{
	const struct zone *zone;

	totalreserve_pages = 0;
	for_each_zone(zone)
		totalreserve_pages += zone_reserve(zone);
	contig_page_data.totalreserve_pages = totalreserve_pages;
}

static void set_zone_wmarks(struct zone *zone, unsigned long share_pages)
{
	unsigned long min_pages = share_pages;
	unsigned long scaled = (unsigned long)
		((u64)zone->managed_pages * (unsigned int)watermark_scale_factor
		 / SCALE_FACTOR_WHOLE);
	unsigned long step = max(share_pages / 4, scaled);

	/* No kernel request depends on HighMem: a token is enough. */
	if (above_lowmem(zone))
		min_pages = clamp(zone->managed_pages / 1024, SWAP_CLUSTER_MAX,
				  HIGHMEM_MIN_MOST);
	zone->watermark[WMARK_MIN] = min_pages;
	zone->watermark[WMARK_LOW] = min_pages + step;
	zone->watermark[WMARK_HIGH] = min_pages + 2 * step;
}

void setup_per_zone_wmarks(void)
{
	unsigned long pages_min = (unsigned long)min_free_kbytes >>
				  (PAGE_SHIFT - 10);
	unsigned long lowmem_pages = 0;
	struct zone *zone;

	for_each_zone(zone)
		if (!above_lowmem(zone))
			lowmem_pages += zone->managed_pages;
	for_each_zone(zone) {
		u64 share = (u64)pages_min * zone->managed_pages;
		unsigned long flags;

		/* HighMem alone: no lowmem to take a share of. */
		share = lowmem_pages ? share / lowmem_pages : 0;
		flags = spin_lock_irqsave(&zone->lock);
		set_zone_wmarks(zone, (unsigned long)share);
		spin_unlock_irqrestore(&zone->lock, flags);
	}
	calculate_totalreserve_pages();
}

/* What zone @idx keeps from requests that zone @class could have served. */
static unsigned long lowmem_reserve_of(int idx, int class)
{
	unsigned long above = 0;

	for (int j = idx + 1; j <= class; j++)
		above += lowmem_reserve_managed[j];
	/* It may have been set by hand, and not been put right yet. */
	return class > idx ?
	       above / (unsigned int)max(sysctl_lowmem_reserve_ratio[idx], 1) :
	       0;
}

void setup_per_zone_lowmem_reserve(void)
{
	struct zone *zone;

	for (int i = 0; i < MAX_NR_ZONES - 1; i++)
		sysctl_lowmem_reserve_ratio[i] =
			max(sysctl_lowmem_reserve_ratio[i], 1);
	for_each_zone(zone)
		lowmem_reserve_managed[zone_idx(zone)] = zone->managed_pages;
	for_each_zone(zone)
		for (int class = 0; class < MAX_NR_ZONES; class++)
			zone->lowmem_reserve[class] = (long)
				lowmem_reserve_of(zone_idx(zone), class);
	calculate_totalreserve_pages();
}

static unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0;

	for (int bit = BITS_PER_LONG / 2 - 1; bit >= 0; bit--) {
		unsigned long next = root | 1UL << bit;

		if (next <= x / next)
			root = next;
	}
	return root;
}

int init_per_zone_wmark_min(void)
{
	unsigned long lowmem_kbytes = nr_free_buffer_pages() *
				      (PAGE_SIZE >> 10);
	int kbytes = (int)int_sqrt(lowmem_kbytes * 16);

	/* Somebody's own choice stays, unless it is less than is sensible. */
	if (kbytes > user_min_free_kbytes)
		min_free_kbytes = clamp(kbytes, MIN_KBYTES_LEAST,
					MIN_KBYTES_MOST);
	else
		pr_info("min_free_kbytes: %d as it was set, not %d\n",
			user_min_free_kbytes, kbytes);
	setup_per_zone_wmarks();
	refresh_zone_stat_thresholds();
	setup_per_zone_lowmem_reserve();
	return 0;
}

int set_min_free_kbytes(int kbytes)
{
	if (kbytes < 0)
		return -EINVAL;
	min_free_kbytes = kbytes;
	user_min_free_kbytes = kbytes;
	setup_per_zone_wmarks();
	return 0;
}

/* --- checks --------------------------------------------------------------- */

static bool highatomic_is_counted(const struct zone *zone)
{
	unsigned long pfn = ALIGN_DOWN(zone->zone_start_pfn,
				       pageblock_nr_pages);
	unsigned long limit = zone->managed_pages / 100 +
			      2 * pageblock_nr_pages;
	unsigned long pages = 0;

	for (; pfn < zone_end_pfn(zone); pfn += pageblock_nr_pages)
		if (get_pfnblock_migratetype(zone,
					     max(pfn, zone->zone_start_pfn)) ==
		    MIGRATE_HIGHATOMIC)
			pages += pageblock_nr_pages;
	return zone->nr_reserved_highatomic == pages &&
	       (!pages || pages < limit);
}

const char *watermark_check(void)
{
	const struct zone *zone;

	for_each_zone(zone) {
		const unsigned long *mark = zone->watermark;

		if (mark[WMARK_MIN] > mark[WMARK_LOW] ||
		    mark[WMARK_LOW] > mark[WMARK_HIGH])
			return "WMARK-1";
		for (int j = 0; j < MAX_NR_ZONES; j++)
			if ((unsigned long)zone->lowmem_reserve[j] !=
			    lowmem_reserve_of(zone_idx(zone), j))
				return "WMARK-2";
		if (!highatomic_is_counted(zone))
			return "WMARK-3";
	}
	return NULL;
}
