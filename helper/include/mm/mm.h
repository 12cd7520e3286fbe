/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm.h - page frames, struct pages, addresses, and the boot-time interface
 * between memblock, zones and the page allocator.
 *
 * Three names of one page: pfn (physical address >> PAGE_SHIFT), struct page
 * (mem_map[pfn - ARCH_PFN_OFFSET]), and for lowmem a virtual address.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include <arch.h>
#include <mm/mmzone.h>
#include <mm/page-flags.h>
#include <mm/vmstat.h>

/* Right up to the last address: x + PAGE_SIZE - 1 could wrap. */
#define PFN_UP(x)	((((x) - !!(x)) >> PAGE_SHIFT) + !!(x))
#define PFN_DOWN(x)	((x) >> PAGE_SHIFT)
#define PFN_PHYS(x)	((phys_addr_t)(x) << PAGE_SHIFT)
#define PAGE_ALIGN(x)	ALIGN(x, PAGE_SIZE)

extern struct page *mem_map;		/* page of ARCH_PFN_OFFSET */
extern unsigned long max_mapnr;		/* entries of mem_map up to max_pfn */
extern unsigned long min_low_pfn;	/* first pfn of memory */
extern unsigned long max_low_pfn;	/* end of lowmem */
extern unsigned long max_pfn;		/* end of memory */
extern void *high_memory;		/* virtual end of lowmem */
extern unsigned long totalram_pages;	/* handed to the buddy, ever */
extern unsigned long totalhigh_pages;	/* of these, in HighMem */
extern phys_addr_t arm_lowmem_limit;	/* physical end of the linear map */

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return mem_map + (pfn - ARCH_PFN_OFFSET);
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)(page - mem_map) + ARCH_PFN_OFFSET;
}

static inline void *phys_to_virt(phys_addr_t phys)
{
	return (void *)__phys_to_virt(phys);
}

static inline phys_addr_t virt_to_phys(const volatile void *addr)
{
	return __virt_to_phys((unsigned long)addr);
}

#define __pa(x)		__virt_to_phys((unsigned long)(x))
#define __va(x)		((void *)__phys_to_virt((phys_addr_t)(x)))
#define virt_to_page(a)	pfn_to_page(PFN_DOWN(__pa(a)))
/* Lowmem pages only: HighMem has no such address. */
#define page_address(p)	__va(PFN_PHYS(page_to_pfn(p)))

/** pfn_valid - is there memory, and so a struct page that means something */
static inline bool pfn_valid(unsigned long pfn)
{
	return memblock_is_map_memory(PFN_PHYS(pfn));
}

static inline struct zone *page_zone(const struct page *page)
{
	return &contig_page_data.node_zones[page->flags >> ZONES_PGSHIFT];
}

static inline void set_page_zone(struct page *page, enum zone_type zone)
{
	page->flags &= ~(ZONES_MASK << ZONES_PGSHIFT);
	page->flags |= ((unsigned long)zone & ZONES_MASK) << ZONES_PGSHIFT;
}

static inline bool PageHighMem(const struct page *page)
{
	return is_highmem(page_zone(page));
}

static inline int page_count(const struct page *page)
{
	return page->_refcount.counter;
}

static inline void set_page_count(struct page *page, int n)
{
	page->_refcount.counter = n;
}

static inline void get_page(struct page *page)
{
	page = compound_head(page);
	VM_BUG_ON(page_count(page) <= 0);
	atomic_inc(&page->_refcount);
}

/** put_page - drop a reference; the last one frees the page */
void put_page(struct page *page);

/** compound_order - log2 of a compound page's size; 0 for others */
static inline unsigned int compound_order(const struct page *page)
{
	return PageHead(page) ? page[1].compound_order : 0;
}

static inline void set_compound_order(struct page *page, unsigned int order)
{
	page[1].compound_order = (__typeof__(page[1].compound_order))order;
}

/* What frees a compound page whose last reference has gone. */
enum compound_dtor_id { NULL_COMPOUND_DTOR, COMPOUND_PAGE_DTOR };

/** prep_compound_page - PAGE-4 for a block */
void prep_compound_page(struct page *page, unsigned int order);

/** put_page_testzero - drop a reference; true when it was the last */
static inline bool put_page_testzero(struct page *page)
{
	VM_BUG_ON(page_count(page) == 0);
	return --page->_refcount.counter == 0;
}

static inline unsigned long page_private(const struct page *page)
{
	return page->private;
}

static inline void set_page_private(struct page *page, unsigned long value)
{
	page->private = value;
}

/* --- init.c: the board's memory, and the hand-over ---------------------- */

/** early_vmalloc - "vmalloc=SIZE": bytes kept for vmalloc above lowmem */
void early_vmalloc(phys_addr_t size);
/** sanity_check_meminfo - find the end of lowmem: arm_lowmem_limit */
void sanity_check_meminfo(void);
void bootmem_init(void);
void mem_init(void);
void mm_init(void);
void pgtable_init(void);	/* pgtable.c: the cache of page tables' locks */
void kaiser_init(void);		/* kaiser.c */
/** free_highpages - hand over the HighMem that no reservation covers */
void free_highpages(void);

/* --- mm_init.c: zones and mem_map --------------------------------------- */

/** set_max_mapnr - how many entries of mem_map are meant to be used */
static inline void set_max_mapnr(unsigned long limit)
{
	max_mapnr = limit;
}

/**
 * free_area_init_node - build the node: its zones, mem_map and free lists
 * @zones_size:     pages that each zone spans
 * @node_start_pfn: first pfn
 * @zholes_size:    of these, pages that are holes
 */
void free_area_init_node(int nid, const unsigned long *zones_size,
			 unsigned long node_start_pfn,
			 const unsigned long *zholes_size);
void build_all_zonelists(void);
void page_alloc_init(void);
void mem_init_print_info(void);

/* --- nobootmem.c: from memblock to the buddy ----------------------------- */

/** free_all_bootmem - hand over lowmem; returns pages, adds totalram_pages */
unsigned long free_all_bootmem(void);
void reset_all_zones_managed_pages(void);
/**
 * free_pfn_range - hand over [start, end) in the largest aligned blocks
 * Return: pages. The range must lie in one zone and be wholly unused.
 */
unsigned long free_pfn_range(unsigned long start, unsigned long end);

/* --- page_boot.c: boot-time entries   ------------------------------------- */

/** reserve_bootmem_region - mark the valid pages of [start, end) reserved */
void reserve_bootmem_region(phys_addr_t start, phys_addr_t end);
/** __free_pages_bootmem - give a block to the buddy for the first time */
void __free_pages_bootmem(struct page *page, unsigned long pfn,
			  unsigned int order);
/** init_cma_reserved_pageblock - give a pageblock of a CMA area back */
void init_cma_reserved_pageblock(struct page *page);

/**
 * zone_check - BUDDY-1 to -5, LIST-1 to -3, PAGE-2, PAGE-3, PCP-1 to -4,
 *              ZONE-1, ZONE-2
 * Return: NULL, or the ID of the first one found broken.
 */
const char *zone_check(const struct zone *zone);

/** node_check - each zone; ZONE-3, ZONE-4; PAGE-1 and PAGE-4 of all memory */
const char *node_check(void);

extern unsigned long nr_bad_pages;	/* reported as bad since boot */

#endif
