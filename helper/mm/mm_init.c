// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mm_init.c - the node, its zones and mem_map, before any page is free.
 *
 * Contract: after free_area_init_node() every page of memory has an
 *           initialised struct page (count 1, zone link), and every zone
 *           empty free lists.
 * May call: memblock.c, lib/, arch.h.  Called by: init.c, page_alloc.c.
 * Fails:    panics when there is no memory for mem_map.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "page_alloc_internal.h"

struct pglist_data contig_page_data;
struct page *mem_map;
unsigned long max_mapnr;
unsigned long min_low_pfn, max_low_pfn, max_pfn;
void *high_memory;
unsigned long totalram_pages, totalhigh_pages;
bool page_group_by_mobility_disabled;

static const char *const zone_names[MAX_NR_ZONES] = {
	[ZONE_NORMAL] = "Normal",
	[ZONE_HIGHMEM] = "HighMem",
	[ZONE_MOVABLE] = "Movable",
};

const char *const migratetype_names[MIGRATE_TYPES] = {
	[MIGRATE_UNMOVABLE] = "Unmovable",
	[MIGRATE_MOVABLE] = "Movable",
	[MIGRATE_RECLAIMABLE] = "Reclaimable",
	[MIGRATE_HIGHATOMIC] = "HighAtomic",
	[MIGRATE_CMA] = "CMA",
	[MIGRATE_ISOLATE] = "Isolate",
};

/* --- pageblocks ----------------------------------------------------------- */

void set_pfnblock_migratetype(struct zone *zone, unsigned long pfn,
			      enum migratetype type)
{
	unsigned long bit = pfn_to_bitidx(zone, pfn);
	unsigned long *word = &zone->pageblock_flags[BIT_WORD(bit)];
	unsigned int shift = bit % BITS_PER_LONG;

	*word = (*word & ~(PB_MIGRATE_MASK << shift)) |
		(unsigned long)type << shift;
	mm_page_event(MM_PAGEBLOCK_TYPE, ALIGN_DOWN(pfn, pageblock_nr_pages),
		      pageblock_nr_pages, (unsigned int)type);
}

static void setup_usemap(struct zone *zone)
{
	unsigned long first, blocks;

	if (!zone->spanned_pages)
		return;
	first = ALIGN_DOWN(zone->zone_start_pfn, pageblock_nr_pages);
	blocks = ALIGN(zone_end_pfn(zone) - first, pageblock_nr_pages) >>
		 pageblock_order;
	zone->pageblock_flags = memblock_virt_alloc(
		BITS_TO_LONGS(blocks * NR_PAGEBLOCK_BITS) *
		sizeof(unsigned long), 0);
}

/* --- struct pages --------------------------------------------------------- */

static void __init_single_page(struct page *page, enum zone_type zone)
{
	page->flags = 0;
	set_page_zone(page, zone);		/* PAGE-1 */
	set_page_count(page, 1);
	page->_mapcount.counter = -1;
	INIT_LIST_HEAD(&page->lru);
}

/*
 * The pages of holes keep their zeros, so that their _mapcount is 0: never
 * PageBuddy. A pageblock is Movable by its first page: one that the zone or a
 * bank begins inside of stays Unmovable, the type 0.
 */
static void memmap_init_zone(struct zone *zone)
{
	unsigned long start, end, pfn;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		start = clamp(start, zone->zone_start_pfn, zone_end_pfn(zone));
		end = clamp(end, zone->zone_start_pfn, zone_end_pfn(zone));
		for (pfn = start; pfn < end; pfn++)
			__init_single_page(pfn_to_page(pfn), zone_idx(zone));
		for (pfn = ALIGN(start, pageblock_nr_pages); pfn < end;
		     pfn += pageblock_nr_pages)
			set_pfnblock_migratetype(zone, pfn, MIGRATE_MOVABLE);
	}
}

/*
 * mem_map is made of whole blocks of the largest order, so that looking at a
 * block's buddy never leaves it, whatever the first and last pfn.
 */
static void alloc_node_mem_map(struct pglist_data *pgdat)
{
	unsigned long start, end;
	struct page *map;

	if (!pgdat->node_spanned_pages)
		return;
	start = ALIGN_DOWN(pgdat->node_start_pfn, MAX_ORDER_NR_PAGES);
	end = ALIGN(pgdat->node_start_pfn + pgdat->node_spanned_pages,
		    MAX_ORDER_NR_PAGES);
	map = memblock_virt_alloc((end - start) * sizeof(*map), 0);
	pgdat->node_mem_map = map + (pgdat->node_start_pfn - start);
	mem_map = (struct page *)((uintptr_t)map -
				  (start - ARCH_PFN_OFFSET) * sizeof(*map));
}

static void zone_init_free_lists(struct zone *zone)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct free_area *area = &zone->free_area[order];

		for (int type = 0; type < MIGRATE_TYPES; type++)
			INIT_LIST_HEAD(&area->free_list[type]);
		area->nr_free = 0;
	}
}

static void calculate_node_totalpages(struct pglist_data *pgdat,
				      const unsigned long *zones_size,
				      const unsigned long *zholes_size)
{
	unsigned long start = pgdat->node_start_pfn;

	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		zone->zone_start_pfn = zones_size[i] ? start : 0;
		zone->spanned_pages = zones_size[i];
		zone->present_pages = zones_size[i] - zholes_size[i];
		pgdat->node_spanned_pages += zone->spanned_pages;
		pgdat->node_present_pages += zone->present_pages;
		start += zones_size[i];
	}
}

/*
 * Until free_all_bootmem() counts anew from 0: all pages, in lowmem without
 * those that the zone's own struct pages take.
 */
static unsigned long guess_managed_pages(const struct zone *zone)
{
	unsigned long pages = zone->present_pages;
	unsigned long memmap = PAGE_ALIGN(zone->spanned_pages *
					  sizeof(struct page)) >> PAGE_SHIFT;

	if (is_highmem(zone) || memmap > pages)
		return pages;
	return pages - memmap;
}

static void free_area_init_core(struct pglist_data *pgdat)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		zone->name = zone_names[i];
		zone->zone_pgdat = pgdat;
		zone->managed_pages = guess_managed_pages(zone);
		zone->pageset = &boot_pageset;
		spin_lock_init(&zone->lock);
		zone_init_free_lists(zone);
		setup_usemap(zone);
		memmap_init_zone(zone);
		if (zone->present_pages)
			pgdat->nr_zones = i + 1;
	}
}

void free_area_init_node(int nid, const unsigned long *zones_size,
			 unsigned long node_start_pfn,
			 const unsigned long *zholes_size)
{
	struct pglist_data *pgdat = NODE_DATA(nid);

	pgdat->node_id = nid;
	pgdat->per_cpu_nodestats = &boot_nodestats;
	pgdat->node_start_pfn = node_start_pfn;
	calculate_node_totalpages(pgdat, zones_size, zholes_size);
	alloc_node_mem_map(pgdat);
	free_area_init_core(pgdat);
}

/* --- zonelists ------------------------------------------------------------ */

/* From the zone that is good for least to the one that is good for all. */
static void build_zonelists(struct pglist_data *pgdat)
{
	struct zoneref *ref = pgdat->node_zonelists[0]._zonerefs;

	for (int i = MAX_NR_ZONES - 1; i >= 0; i--) {
		if (!populated_zone(&pgdat->node_zones[i]))
			continue;
		ref->zone = &pgdat->node_zones[i];
		ref->zone_idx = i;
		ref++;
	}
	ref->zone = NULL;
}

void build_all_zonelists(void)
{
	unsigned long pages = contig_page_data.node_present_pages;

	build_zonelists(&contig_page_data);
	setup_boot_pagesets();
	page_group_by_mobility_disabled =
		pages < pageblock_nr_pages * MIGRATE_TYPES;
	pr_info("zonelists: %lu pages, pageblocks %s by mobility\n", pages,
		page_group_by_mobility_disabled ? "not grouped" : "grouped");
}

/* In Linux: what to do when a CPU goes away. No CPU goes away here. */
void page_alloc_init(void)
{
}
