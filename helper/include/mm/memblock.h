/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memblock.h - physical memory before there is a page allocator: which
 * ranges are RAM, and which of them are taken.
 *
 * All addresses are physical, all ranges [base, base + size). A size that
 * would run past the end of the address space is cut there.
 */
#ifndef MM_MEMBLOCK_H
#define MM_MEMBLOCK_H

#include <mm/types.h>

#define INIT_MEMBLOCK_REGIONS	128

/* memblock_region.flags, and what an allocation or iteration asks for. */
enum memblock_flags {
	MEMBLOCK_NONE		= 0x0,
	MEMBLOCK_HOTPLUG	= 0x1,	/* can be unplugged */
	MEMBLOCK_MIRROR		= 0x2,	/* mirrored: preferred when asked for */
	MEMBLOCK_NOMAP		= 0x4,	/* RAM that is not to be used */
};

struct memblock_region {
	phys_addr_t base;
	phys_addr_t size;
	unsigned long flags;		/* enum memblock_flags */
	int nid;			/* NUMA node; MAX_NUMNODES: unknown */
};

/*
 * One sorted list of regions.
 *   MEMBLOCK-1  regions are sorted by base and do not overlap
 *   MEMBLOCK-2  neighbours that touch differ in flags or nid (else: merged)
 *   MEMBLOCK-3  total_size is the sum of the sizes
 *   MEMBLOCK-4  1 <= cnt <= max, and no region has size 0; but an empty
 *               list is cnt 1 with one region of size 0
 *   MEMBLOCK-5  base + size of a region does not wrap
 */
struct memblock_type {
	unsigned long cnt;		/* regions in use */
	unsigned long max;		/* regions[] has room for so many */
	phys_addr_t total_size;		/* bytes */
	struct memblock_region *regions;
};

struct memblock {
	bool bottom_up;			/* allocate from low addresses up */
	phys_addr_t current_limit;	/* allocations end at or below it */
	struct memblock_type memory;
	struct memblock_type reserved;
};

extern struct memblock memblock;
extern int memblock_debug;		/* "memblock=debug": log each change */

#define MAX_NUMNODES	1
#define NUMA_NO_NODE	(-1)		/* any node */

#define MEMBLOCK_ALLOC_ANYWHERE		PHYS_ADDR_MAX
#define MEMBLOCK_ALLOC_ACCESSIBLE	((phys_addr_t)0)

/*
 * Changing the lists. Return 0, or -ENOMEM when the array is full and may
 * not grow; the list is then as it was before.
 */
int memblock_add(phys_addr_t base, phys_addr_t size);
int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid);
int memblock_remove(phys_addr_t base, phys_addr_t size);
int memblock_reserve(phys_addr_t base, phys_addr_t size);
int memblock_free(phys_addr_t base, phys_addr_t size);
int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size);
int memblock_mark_mirror(phys_addr_t base, phys_addr_t size);
int memblock_mark_nomap(phys_addr_t base, phys_addr_t size);
int memblock_clear_nomap(phys_addr_t base, phys_addr_t size);
/** memblock_set_node - give the regions of @type in a range to node @nid */
int memblock_set_node(phys_addr_t base, phys_addr_t size,
		      struct memblock_type *type, int nid);
/** memblock_trim_memory - cut memory regions to multiples of @align */
void memblock_trim_memory(phys_addr_t align);
/** memblock_enforce_memory_limit - keep the first @limit bytes of memory */
void memblock_enforce_memory_limit(phys_addr_t limit);
/** memblock_mem_limit_remove_map - the same, but keep NOMAP regions */
void memblock_mem_limit_remove_map(phys_addr_t limit);
/** memblock_cap_memory_range - keep only the memory in a range, and NOMAP */
void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size);

/* The same on any list of the caller's own (early_pool.c uses this). */
int memblock_add_range(struct memblock_type *type, phys_addr_t base,
		       phys_addr_t size, int nid, unsigned long flags);
int memblock_remove_range(struct memblock_type *type, phys_addr_t base,
			  phys_addr_t size);

/** memblock_allow_resize - from here on a full array doubles */
void memblock_allow_resize(void);
void memblock_set_current_limit(phys_addr_t limit);
phys_addr_t memblock_get_current_limit(void);
static inline void memblock_set_bottom_up(bool enable)
{
	memblock.bottom_up = enable;
}
static inline bool memblock_bottom_up(void)
{
	return memblock.bottom_up;
}

/**
 * memblock_find_in_range - find a free range; reserves nothing
 * @start: lowest address allowed
 * @end:   highest end allowed; MEMBLOCK_ALLOC_ACCESSIBLE: current_limit
 * @size:  bytes
 * @align: power of two
 * Return: its base, never 0 (page 0 is left alone); 0 if there is none.
 */
phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end,
				   phys_addr_t size, phys_addr_t align);
phys_addr_t memblock_find_in_range_node(phys_addr_t size, phys_addr_t align,
					phys_addr_t start, phys_addr_t end,
					int nid, unsigned long flags);

/*
 * Allocation: a free range, reserved. @align 0 means SMP_CACHE_BYTES.
 * The address returned is physical and never 0; 0 says that there is none
 * (__memblock_alloc_base, memblock_alloc_range), the others panic instead.
 */
phys_addr_t memblock_alloc(phys_addr_t size, phys_addr_t align);
phys_addr_t memblock_alloc_base(phys_addr_t size, phys_addr_t align,
				phys_addr_t max_addr);
phys_addr_t __memblock_alloc_base(phys_addr_t size, phys_addr_t align,
				  phys_addr_t max_addr);
phys_addr_t memblock_alloc_range(phys_addr_t size, phys_addr_t align,
				 phys_addr_t start, phys_addr_t end,
				 unsigned long flags);
phys_addr_t memblock_alloc_nid(phys_addr_t size, phys_addr_t align, int nid);
phys_addr_t memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align,
				   int nid);
#define SMP_CACHE_BYTES	64

/**
 * memblock_virt_alloc_try_nid - zeroed memory for the kernel's own use
 * @min_addr: preferred lowest address, given up when it cannot be had
 * @max_addr: highest end; MEMBLOCK_ALLOC_ACCESSIBLE for current_limit
 * Return: virtual address; panics when there is none. The _nopanic form
 *         returns NULL.
 */
void *memblock_virt_alloc_try_nid(phys_addr_t size, phys_addr_t align,
				  phys_addr_t min_addr, phys_addr_t max_addr,
				  int nid);
void *memblock_virt_alloc_try_nid_nopanic(phys_addr_t size, phys_addr_t align,
					  phys_addr_t min_addr,
					  phys_addr_t max_addr, int nid);
/* The same, anywhere in the linear map. Not inline: it names its caller. */
void *memblock_virt_alloc(phys_addr_t size, phys_addr_t align);

/* Questions. */
bool memblock_is_memory(phys_addr_t addr);
bool memblock_is_map_memory(phys_addr_t addr);	/* and not NOMAP */
bool memblock_is_reserved(phys_addr_t addr);
bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size);
bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size);
bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base,
			      phys_addr_t size);
phys_addr_t memblock_phys_mem_size(void);
phys_addr_t memblock_reserved_size(void);
phys_addr_t memblock_mem_size(unsigned long limit_pfn);	/* whole pages below */
phys_addr_t memblock_start_of_DRAM(void);
phys_addr_t memblock_end_of_DRAM(void);
/** memblock_search_pfn_nid - the memory region around @pfn; -1: none */
int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn,
			    unsigned long *end_pfn);
void memblock_dump_all(void);

/** memblock_check - MEMBLOCK-1 to -5 of both lists; NULL, or the broken ID */
const char *memblock_check(void);
const char *memblock_type_check(const struct memblock_type *type);

/**
 * __next_mem_range - next piece of @a that is not in @b
 * @idx:   iterator: 0 to start, ULLONG_MAX when the last one was given
 * @nid:   only regions of this node; NUMA_NO_NODE: all
 * @flags: MEMBLOCK_MIRROR: only mirrored memory; NOMAP is never given
 *         unless asked for
 * @b:     NULL: give the regions of @a themselves
 * The lists must not change between calls.
 */
void __next_mem_range(u64 *idx, int nid, unsigned long flags,
		      struct memblock_type *a, struct memblock_type *b,
		      phys_addr_t *ret_start, phys_addr_t *ret_end,
		      int *ret_nid);
/** __next_mem_range_rev - the same from the top; starts at ULLONG_MAX */
void __next_mem_range_rev(u64 *idx, int nid, unsigned long flags,
			  struct memblock_type *a, struct memblock_type *b,
			  phys_addr_t *ret_start, phys_addr_t *ret_end,
			  int *ret_nid);
/** __next_mem_pfn_range - next memory region with whole pages, as pfns */
void __next_mem_pfn_range(int *idx, int nid, unsigned long *ret_start_pfn,
			  unsigned long *ret_end_pfn, int *ret_nid);

#define MEMBLOCK_ITER_END ((u64)-1)

#define for_each_mem_range(i, a, b, nid, flags, p_start, p_end, p_nid)	\
	for (i = 0, __next_mem_range(&i, nid, flags, a, b,		\
				     p_start, p_end, p_nid);		\
	     i != MEMBLOCK_ITER_END;					\
	     __next_mem_range(&i, nid, flags, a, b, p_start, p_end, p_nid))

#define for_each_mem_range_rev(i, a, b, nid, flags, p_start, p_end, p_nid) \
	for (i = MEMBLOCK_ITER_END,					\
	     __next_mem_range_rev(&i, nid, flags, a, b,			\
				  p_start, p_end, p_nid);		\
	     i != MEMBLOCK_ITER_END;					\
	     __next_mem_range_rev(&i, nid, flags, a, b,			\
				  p_start, p_end, p_nid))

#define for_each_free_mem_range(i, nid, flags, p_start, p_end, p_nid)	\
	for_each_mem_range(i, &memblock.memory, &memblock.reserved,	\
			   nid, flags, p_start, p_end, p_nid)

#define for_each_free_mem_range_reverse(i, nid, flags, p_start, p_end,	\
					p_nid)				\
	for_each_mem_range_rev(i, &memblock.memory, &memblock.reserved,	\
			       nid, flags, p_start, p_end, p_nid)

#define for_each_reserved_mem_region(i, p_start, p_end)			\
	for_each_mem_range(i, &memblock.reserved, NULL, NUMA_NO_NODE,	\
			   MEMBLOCK_NONE, p_start, p_end, NULL)

#define for_each_mem_pfn_range(i, nid, p_start, p_end, p_nid)		\
	for (i = -1, __next_mem_pfn_range(&i, nid, p_start, p_end,	\
					  p_nid);			\
	     i >= 0; __next_mem_pfn_range(&i, nid, p_start, p_end, p_nid))

/* Every region of memblock.memory, empty list included. */
#define for_each_memblock(type_name, rgn)				\
	for (rgn = memblock.type_name.regions;				\
	     rgn < memblock.type_name.regions + memblock.type_name.cnt;	\
	     rgn++)

/* Whole pages of a region: a partial page of memory is no page of memory. */
unsigned long memblock_region_memory_base_pfn(const struct memblock_region *r);
unsigned long memblock_region_memory_end_pfn(const struct memblock_region *r);
/* Every page that a reservation touches is reserved. */
unsigned long
memblock_region_reserved_base_pfn(const struct memblock_region *r);
unsigned long memblock_region_reserved_end_pfn(const struct memblock_region *r);

#endif
