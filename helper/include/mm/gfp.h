/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gfp.h - what a caller of the page allocator asks for. Bits: Linux 4.9's.
 */
#ifndef MM_GFP_H
#define MM_GFP_H

#include <mm/mmzone.h>

#define __GFP_DMA		0x01u		/* no such zone: Normal */
#define __GFP_HIGHMEM		0x02u
#define __GFP_DMA32		0x04u		/* no such zone: Normal */
#define __GFP_MOVABLE		0x08u
#define __GFP_RECLAIMABLE	0x10u
#define __GFP_HIGH		0x20u
#define __GFP_IO		0x40u
#define __GFP_FS		0x80u
#define __GFP_COLD		0x100u
#define __GFP_NOWARN		0x200u
#define __GFP_REPEAT		0x400u
#define __GFP_NOFAIL		0x800u
#define __GFP_NORETRY		0x1000u
#define __GFP_MEMALLOC		0x2000u
#define __GFP_COMP		0x4000u
#define __GFP_ZERO		0x8000u
#define __GFP_NOMEMALLOC	0x10000u
#define __GFP_HARDWALL		0x20000u
#define __GFP_ATOMIC		0x80000u
#define __GFP_DIRECT_RECLAIM	0x400000u
#define __GFP_KSWAPD_RECLAIM	0x2000000u

#define __GFP_RECLAIM	(__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)
#define GFP_ATOMIC	(__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_KERNEL	(__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_NOWAIT	(__GFP_KSWAPD_RECLAIM)
#define GFP_USER	(GFP_KERNEL | __GFP_HARDWALL)
#define GFP_HIGHUSER	(GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)

/** gfp_zone - the highest zone that may serve @flags */
static inline enum zone_type gfp_zone(gfp_t flags)
{
	if (!(flags & __GFP_HIGHMEM))
		return ZONE_NORMAL;
	return flags & __GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
}

/** gfpflags_to_migratetype - which free list @flags ask for */
static inline enum migratetype gfpflags_to_migratetype(gfp_t flags)
{
	if (unlikely(page_group_by_mobility_disabled))
		return MIGRATE_UNMOVABLE;
	return (flags & (__GFP_MOVABLE | __GFP_RECLAIMABLE)) >> 3;
}
_Static_assert(__GFP_MOVABLE >> 3 == MIGRATE_MOVABLE, "gfp to migratetype");
_Static_assert(__GFP_RECLAIMABLE >> 3 == MIGRATE_RECLAIMABLE,
	       "gfp to migratetype");

/**
 * alloc_pages - take one block
 * @gfp:   which zones may serve it, how hard to try; __GFP_ZERO clears it,
 *         __GFP_COMP makes it a compound page
 * @order: log2 of its size in pages, below MAX_ORDER
 * Return: the head page, page_count() == 1; NULL if no allowed zone has one,
 *         which is reported unless __GFP_NOWARN, and for an order or a
 *         mobility that does not exist. __GFP_NOFAIL is no promise: with one
 *         CPU nobody else will ever free a page, so where Linux would wait for
 *         ever NULL is returned, and always reported. A block found bad is
 *         reported ("BUG: Bad page"), never given out, and the next one is
 *         tried.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order);
#define alloc_page(gfp) alloc_pages(gfp, 0)

/**
 * __free_pages - drop a reference; the last one gives the block back
 * @page:  the head that alloc_pages() returned
 * @order: the order that it was asked for with
 *
 * Caller's mistakes are reported ("BUG: Bad page") with the caller's name, and
 * the machine goes on: a page that cannot be free (flags, mapping or counts
 * left over) is kept out of service, for good; a block that nobody holds (a
 * double free), or an order that the page cannot have, changes nothing.
 */
void __free_pages(struct page *page, unsigned int order);
#define __free_page(page) __free_pages(page, 0)

/** free_hot_cold_page - a page whose count is 0 already, to the pcp's end */
void free_hot_cold_page(struct page *page, bool cold);

/* The same by virtual address, lowmem only. 0: none. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
#define __get_free_page(gfp) __get_free_pages(gfp, 0)
unsigned long get_zeroed_page(gfp_t gfp);
void free_pages(unsigned long addr, unsigned int order);
#define free_page(addr) free_pages(addr, 0)

/**
 * alloc_pages_exact - whole pages for @size bytes, not a power of two of them
 * @gfp: without __GFP_COMP; lowmem only
 * Return: virtual address; NULL, also for no bytes. Given back by
 *         free_pages_exact() with the same size.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *addr, size_t size);

/**
 * split_page - make 1 << @order single pages of a block that is held once
 *
 * Each has count 1 then and is freed alone. Not for compound pages.
 */
void split_page(struct page *page, unsigned int order);

/** drain_all_pages - every CPU's pages of @zone (NULL: all) to the buddy */
void drain_all_pages(struct zone *zone);
/** drain_local_pages - the same for this CPU */
void drain_local_pages(struct zone *zone);

/** setup_per_cpu_pageset - real pagesets in the boot one's place */
void setup_per_cpu_pageset(void);
/* May the caller use the reserves below the watermarks? (PF_MEMALLOC) */
extern bool memalloc_noreclaim;

unsigned long nr_free_buffer_pages(void);	/* managed - high, lowmem */

/* Requests that ended in NULL and asked for a report; few have all of it. */
extern unsigned long nr_alloc_failures;

/**
 * format_gfp - the flags of @gfp by name, "GFP_KERNEL|__GFP_COMP"
 * @buf: @size bytes; cut off where it is too small
 * Return: @buf.
 */
const char *format_gfp(char *buf, size_t size, gfp_t gfp);

/** show_mem - the zones, their watermarks and free lists, to the console */
void show_mem(void);

#endif
