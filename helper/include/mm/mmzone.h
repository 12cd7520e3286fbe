/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmzone.h - zones, their free lists, and the one node they belong to.
 * Structures and names are Linux 4.9's for one node with FLATMEM.
 */
#ifndef MM_MMZONE_H
#define MM_MMZONE_H

#include <mm/bitmap.h>
#include <mm/bug.h>
#include <mm/list.h>
#include <mm/memblock.h>
#include <mm/mm_types.h>
#include <mm/spinlock.h>

/* Number of orders: blocks have 1 << 0 to 1 << (MAX_ORDER - 1) pages. */
#ifdef CONFIG_FORCE_MAX_ZONEORDER
#define MAX_ORDER CONFIG_FORCE_MAX_ZONEORDER
#else
#define MAX_ORDER 11
#endif
#define MAX_ORDER_NR_PAGES (1UL << (MAX_ORDER - 1))

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,		/* types that per-CPU lists have */
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES,
};

enum zone_type {
	ZONE_NORMAL,			/* lowmem: in the linear map */
	ZONE_HIGHMEM,			/* no virtual address of its own */
	ZONE_MOVABLE,			/* always empty on 32-bit ARM */
	MAX_NR_ZONES,
};

/* Bits at the top of page->flags that hold the zone's index. */
#define ZONES_SHIFT	2
#define ZONES_PGSHIFT	(BITS_PER_LONG - ZONES_SHIFT)
#define ZONES_MASK	((1UL << ZONES_SHIFT) - 1)
_Static_assert(MAX_NR_ZONES <= 1 << ZONES_SHIFT, "zone link too narrow");

enum zone_stat_item {
	NR_FREE_PAGES,
	NR_ZONE_INACTIVE_ANON,
	NR_ZONE_ACTIVE_ANON,
	NR_ZONE_INACTIVE_FILE,
	NR_ZONE_ACTIVE_FILE,
	NR_ZONE_UNEVICTABLE,
	NR_ZONE_WRITE_PENDING,
	NR_MLOCK,
	NR_SLAB_RECLAIMABLE,
	NR_SLAB_UNRECLAIMABLE,
	NR_PAGETABLE,
	NR_KERNEL_STACK_KB,
	NR_BOUNCE,
	NR_FREE_CMA_PAGES,
	NR_VM_ZONE_STAT_ITEMS,
};

enum node_stat_item {
	NR_SLAB_PAGES_FREED,		/* by shrinkers, in the slow path */
	NR_VM_NODE_STAT_ITEMS,
};

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/*
 * The free blocks of one order.
 *   BUDDY-1  nr_free == entries on all of free_list[]
 *   BUDDY-2  every entry is PageBuddy with page_private() == order
 *   BUDDY-3  its pfn is a multiple of 1 << order: absolute, not zone-relative,
 *            so a buddy is pfn ^ (1 << order) in every zone
 *   BUDDY-4  its pages' zone link is this zone, and they lie in its span
 *   BUDDY-5  below the highest order, a block and its buddy are not both free
 *            blocks of that order: they would have merged
 *   BUDDY-6  no page is in two free blocks, nor in one and on a per-CPU list
 *   BUDDY-7  a block is on the CMA list if, and only if, its pageblock is CMA;
 *            but Isolate is ISO-2, and blocks of the other types may be on
 *            each other's lists: a fallback leaves the rest of what it takes
 *            on its own, and per-CPU pages keep the type they were freed with
 * Locks: (Z) zone->lock
 */
struct free_area {
	struct list_head free_list[MIGRATE_TYPES];	/* (Z) by page->lru */
	unsigned long nr_free;				/* (Z) not pages */
};
_Static_assert(MAX_ORDER <= BITS_PER_LONG, "1UL << order must not overflow");

struct pglist_data;

/*
 * One CPU's free single pages of one zone.
 *   PCP-1  count == pages on all of lists[]
 *   PCP-2  every page on lists[] is of this zone, has count 0 and mapcount -1,
 *          and its index is the list's migratetype, on Movable's also CMA or
 *          HighAtomic: the list that it came from or goes back to
 *   PCP-3  0 <= count, and count < high + (MIGRATE_PCPTYPES - 1) * batch with
 *          interrupts on: frees end below high or a batch lower, and between
 *          them each empty list may have been refilled once
 * The head is the hot end: taken first. Interrupts are off while it changes.
 */
struct per_cpu_pages {
	int count;			/* pages on the lists */
	int high;			/* from here on a batch is given back */
	int batch;			/* pages moved at once */
	struct list_head lists[MIGRATE_PCPTYPES];	/* by page->lru */
};

struct per_cpu_pageset {
	struct per_cpu_pages pcp;
	s8 stat_threshold;		/* vmstat.h */
	s8 vm_stat_diff[NR_VM_ZONE_STAT_ITEMS];
};

struct per_cpu_nodestat {
	s8 stat_threshold;
	s8 vm_node_stat_diff[NR_VM_NODE_STAT_ITEMS];
};

/*
 * A range of page frames that are alike in what may be done with them.
 *   ZONE-1  spanned_pages >= present_pages >= managed_pages
 *   ZONE-2  vm_stat[NR_FREE_PAGES], with all CPUs' differences, is the number
 *           of pages on all free lists but those of type Isolate
 *   ZONE-3  totalram_pages is the sum of all managed_pages
 *   ZONE-4  zones do not overlap
 *   PCP-4   with memory it has a pageset, and no other zone with memory has the
 *           same one, but for boot_pageset
 */
struct zone {
	unsigned long watermark[NR_WMARK];	/* pages */
	unsigned long nr_reserved_highatomic;	/* pages */
	long lowmem_reserve[MAX_NR_ZONES];	/* pages */
	struct pglist_data *zone_pgdat;
	struct per_cpu_pageset __percpu *pageset; /* boot_pageset at first */
	unsigned long *pageblock_flags;		/* NR_PAGEBLOCK_BITS a block */
	unsigned long zone_start_pfn;
	unsigned long managed_pages;		/* handed to the buddy, ever */
	unsigned long spanned_pages;		/* holes included */
	unsigned long present_pages;		/* without holes */
	const char *name;
	unsigned long nr_isolate_pageblock;	/* (Z) */
	struct free_area free_area[MAX_ORDER];	/* (Z) */
	unsigned long flags;
	spinlock_t lock;
	atomic_long_t vm_stat[NR_VM_ZONE_STAT_ITEMS];
};

struct zoneref {
	struct zone *zone;			/* NULL ends a list */
	int zone_idx;
};

/* Zones in the order in which an allocation tries them. */
struct zonelist {
	struct zoneref _zonerefs[MAX_NR_ZONES + 1];
};

typedef struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	struct zonelist node_zonelists[1];
	int nr_zones;				/* last populated one + 1 */
	struct page *node_mem_map;		/* page of node_start_pfn */
	unsigned long node_start_pfn;
	unsigned long node_present_pages;
	unsigned long node_spanned_pages;
	int node_id;
	unsigned long totalreserve_pages;	/* kept free for emergencies */
	struct per_cpu_nodestat __percpu *per_cpu_nodestats;
	atomic_long_t vm_stat[NR_VM_NODE_STAT_ITEMS];
} pg_data_t;

extern struct pglist_data contig_page_data;
#define NODE_DATA(nid)	((void)(nid), &contig_page_data)

#define zone_idx(zone)	((int)((zone) - (zone)->zone_pgdat->node_zones))

#define for_each_zone(zone)						\
	for (zone = contig_page_data.node_zones;			\
	     zone < contig_page_data.node_zones + MAX_NR_ZONES; zone++)

#define for_each_populated_zone(zone)					\
	for_each_zone(zone)						\
		if (!populated_zone(zone))				\
			;						\
		else

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages;
}

static inline bool is_highmem(const struct zone *zone)
{
	return zone_idx(zone) == ZONE_HIGHMEM;
}

static inline unsigned long zone_end_pfn(const struct zone *zone)
{
	return zone->zone_start_pfn + zone->spanned_pages;
}

static inline bool zone_spans_pfn(const struct zone *zone, unsigned long pfn)
{
	return zone->zone_start_pfn <= pfn && pfn < zone_end_pfn(zone);
}

/*
 * Pageblocks: the unit that has a migratetype. Without huge pages it is the
 * largest block. zone->pageblock_flags has NR_PAGEBLOCK_BITS bits for each,
 * from the zone's start rounded down to a pageblock; block n's field is at
 * bit n * NR_PAGEBLOCK_BITS, lowest bit first, and never crosses a word.
 */
#define pageblock_order		(MAX_ORDER - 1)
#define pageblock_nr_pages	(1UL << pageblock_order)
_Static_assert(pageblock_order == MAX_ORDER - 1,
	       "BUDDY-5: no merge crosses a pageblock, so none is held back");

enum pageblock_bits {
	PB_migrate,
	PB_migrate_end = PB_migrate + 3 - 1,
	PB_migrate_skip,
	NR_PAGEBLOCK_BITS,
};
_Static_assert(MIGRATE_TYPES <= 1 << (PB_migrate_end - PB_migrate + 1),
	       "migratetype does not fit its bits");
_Static_assert(BITS_PER_LONG % NR_PAGEBLOCK_BITS == 0, "field crosses a word");

#define PB_MIGRATE_MASK	(BIT(PB_migrate_end - PB_migrate + 1) - 1)

/* The bit of zone->pageblock_flags at which @pfn's block's field begins. */
static inline unsigned long pfn_to_bitidx(const struct zone *zone,
					  unsigned long pfn)
{
	unsigned long first = zone->zone_start_pfn >> pageblock_order;

	VM_BUG_ON(!zone_spans_pfn(zone, pfn));
	return ((pfn >> pageblock_order) - first) * NR_PAGEBLOCK_BITS +
	       PB_migrate;
}

static inline enum migratetype
get_pfnblock_migratetype(const struct zone *zone, unsigned long pfn)
{
	unsigned long bit = pfn_to_bitidx(zone, pfn);

	return zone->pageblock_flags[BIT_WORD(bit)] >> (bit % BITS_PER_LONG) &
	       PB_MIGRATE_MASK;
}

void set_pfnblock_migratetype(struct zone *zone, unsigned long pfn,
			      enum migratetype type);

/* Too little memory to keep pageblocks of different types apart. */
extern bool page_group_by_mobility_disabled;
extern const char *const migratetype_names[MIGRATE_TYPES];

#endif
