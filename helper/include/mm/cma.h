/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cma.h - contiguous memory areas: reserved early, lent to movable pages.
 */
#ifndef MM_CMA_H
#define MM_CMA_H

#include <mm/spinlock.h>
#include <mm/types.h>

#define MAX_CMA_AREAS 8

/*
 * One area.
 *   CMA-1  base_pfn and count are multiples of pageblock_nr_pages
 * and once it is active
 *   CMA-2  all its pages lie in one zone
 *   CMA-3  its pageblocks are MIGRATE_CMA, or MIGRATE_ISOLATE
 *   CMA-4  a set bit of bitmap: of its 1 << order_per_bit pages those that
 *          were asked for are handed out, at least the first, which is held
 */
struct cma {
	unsigned long base_pfn;
	unsigned long count;		/* pages */
	unsigned int order_per_bit;
	bool active;			/* handed to the buddy */
	unsigned long *bitmap;		/* (C) a bit: 1 << order_per_bit pages */
	spinlock_t lock;		/* (C) */
	const char *name;
};

extern struct cma cma_areas[MAX_CMA_AREAS];
extern unsigned int cma_area_count;
extern unsigned long totalcma_pages;
extern struct cma *dma_contiguous_default_area;

/**
 * cma_init_reserved_mem - make an area of memory that is already reserved
 * @name: kept, not copied
 * Return: 0; -EINVAL: empty, not aligned to a pageblock or not reserved, or
 *         @order_per_bit above pageblock_order;
 *         -ENOSPC: all MAX_CMA_AREAS are taken.
 */
int cma_init_reserved_mem(phys_addr_t base, phys_addr_t size,
			  unsigned int order_per_bit, const char *name,
			  struct cma **ret);

/**
 * cma_find_area - free memory for an area: CMA-2, HighMem first
 * @limit: highest end
 * Return: its base, never 0; 0: there is none.
 */
phys_addr_t cma_find_area(phys_addr_t base, phys_addr_t size,
			  phys_addr_t limit, phys_addr_t alignment);

/**
 * cma_declare_contiguous - reserve memory and make an area of it
 * @base:  wanted address, 0: anywhere (HighMem first); it, @size and @alignment
 *         are rounded up to pageblocks
 * @limit: highest end, 0: none
 * @fixed: exactly at @base or not at all
 * Return: 0; -EINVAL, -ENOSPC as above; -EBUSY: fixed and taken;
 *         -ENOMEM: no room.
 */
int cma_declare_contiguous(phys_addr_t base, phys_addr_t size,
			   phys_addr_t limit, phys_addr_t alignment,
			   unsigned int order_per_bit, bool fixed,
			   const char *name, struct cma **ret);

/** early_cma - "SIZE[@BASE[-LIMIT]]"; -EINVAL, and nothing set, if it is not */
int early_cma(const char *arg);
/** dma_contiguous_reserve - the default area, unless the board has one */
void dma_contiguous_reserve(phys_addr_t limit);
/** cma_init_reserved_areas - activate all areas: the initcall after mm_init */
void cma_init_reserved_areas(void);

/**
 * cma_alloc - @count pages of an area, the lowest range that can be had
 * @cma:   NULL: none, as where there is no default area
 * @align: log2 of what the first pfn is a multiple of, in pages. Each range
 *         begins with a bit, which is order_per_bit at least.
 * Return: the first page, each with count 1; NULL when the area is not active
 *         or has no such range whose pages are free: a movable page in the way
 *         stays there.
 */
struct page *cma_alloc(struct cma *cma, size_t count, unsigned int align);
/**
 * cma_release - give back @count pages that cma_alloc() gave, or whole bits
 * Return: false, and nothing has changed: they are not of this area, do not
 *         begin with a bit, or (with a warning) are not handed out.
 */
bool cma_release(struct cma *cma, const struct page *pages,
		 unsigned int count);

/** cma_check - CMA-1 to -4 of every area; NULL or the broken ID */
const char *cma_check(void);

#endif
