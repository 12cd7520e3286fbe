// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memblock_alloc.c - going through memblock's lists, and early allocation.
 *
 * Contract: gives free memory below the limit asked for, reserved before it
 *           is returned. Top-down unless memblock.bottom_up.
 * May call: memblock.c, early_pool.c, lib/, arch.h.
 * Called by: all early code.
 * Fails:    see memblock.h: 0, NULL or a panic, by the function's name.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/early_pool.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/string.h>

/*
 * The iterator's state: the region of @a in the low half; in the high half
 * the gap of @b, gap n being what lies before region n.
 */
#define ITER(a, b)	((u64)(b) << 32 | (u32)(a))
#define ITER_A(idx)	((unsigned long)(u32)(idx))
#define ITER_B(idx)	((unsigned long)((idx) >> 32))

/* A region whose node nobody told belongs to every node. */
static bool node_matches(const struct memblock_region *rgn, int nid)
{
	return nid == NUMA_NO_NODE || nid == MAX_NUMNODES || rgn->nid == nid ||
	       rgn->nid == MAX_NUMNODES;
}

static bool skip_region(const struct memblock_region *rgn, int nid,
			unsigned long flags)
{
	if (!node_matches(rgn, nid))
		return true;
	if ((flags & MEMBLOCK_MIRROR) && !(rgn->flags & MEMBLOCK_MIRROR))
		return true;
	return (rgn->flags & MEMBLOCK_NOMAP) && !(flags & MEMBLOCK_NOMAP);
}

static void gap_before(const struct memblock_type *b, unsigned long n,
		       phys_addr_t *start, phys_addr_t *end)
{
	*start = 0;
	*end = PHYS_ADDR_MAX;
	if (!b)
		return;
	if (n > 0)
		*start = b->regions[n - 1].base + b->regions[n - 1].size;
	if (n < b->cnt)
		*end = b->regions[n].base;
}

static void give(const struct memblock_region *rgn, phys_addr_t start,
		 phys_addr_t end, phys_addr_t *ret_start, phys_addr_t *ret_end,
		 int *ret_nid)
{
	if (ret_start)
		*ret_start = start;
	if (ret_end)
		*ret_end = end;
	if (ret_nid)
		*ret_nid = rgn->nid;
}

void __next_mem_range(u64 *idx, int nid, unsigned long flags,
		      struct memblock_type *a, struct memblock_type *b,
		      phys_addr_t *ret_start, phys_addr_t *ret_end,
		      int *ret_nid)
{
	unsigned long i = ITER_A(*idx), n = ITER_B(*idx);

	while (i < a->cnt) {
		const struct memblock_region *rgn = &a->regions[i];
		phys_addr_t rgn_end = rgn->base + rgn->size;
		phys_addr_t gap_start, gap_end, start, end;

		if (skip_region(rgn, nid, flags)) {
			i++;
			continue;
		}
		gap_before(b, n, &gap_start, &gap_end);
		start = max(rgn->base, gap_start);
		end = min(rgn_end, gap_end);
		/* Go on with whichever ends first. */
		if (rgn_end <= gap_end)
			i++;
		else
			n++;
		if (start < end) {
			give(rgn, start, end, ret_start, ret_end, ret_nid);
			*idx = ITER(i, n);
			return;
		}
	}
	*idx = MEMBLOCK_ITER_END;
}

void __next_mem_range_rev(u64 *idx, int nid, unsigned long flags,
			  struct memblock_type *a, struct memblock_type *b,
			  phys_addr_t *ret_start, phys_addr_t *ret_end,
			  int *ret_nid)
{
	/* Here both halves count what is still to come. */
	bool first = *idx == MEMBLOCK_ITER_END;
	unsigned long i = first ? a->cnt : ITER_A(*idx);
	unsigned long n = !first ? ITER_B(*idx) : b ? b->cnt : 0;

	while (i > 0) {
		const struct memblock_region *rgn = &a->regions[i - 1];
		phys_addr_t gap_start, gap_end, start, end;

		if (skip_region(rgn, nid, flags)) {
			i--;
			continue;
		}
		gap_before(b, n, &gap_start, &gap_end);
		start = max(rgn->base, gap_start);
		end = min(rgn->base + rgn->size, gap_end);
		if (rgn->base >= gap_start)
			i--;
		else
			n--;
		if (start < end) {
			give(rgn, start, end, ret_start, ret_end, ret_nid);
			*idx = ITER(i, n);
			return;
		}
	}
	*idx = MEMBLOCK_ITER_END;
}

void __next_mem_pfn_range(int *idx, int nid, unsigned long *ret_start_pfn,
			  unsigned long *ret_end_pfn, int *ret_nid)
{
	const struct memblock_type *type = &memblock.memory;

	while (++*idx < (int)type->cnt) {
		const struct memblock_region *rgn = &type->regions[*idx];
		unsigned long start = memblock_region_memory_base_pfn(rgn);
		unsigned long end = memblock_region_memory_end_pfn(rgn);

		if (start >= end || !node_matches(rgn, nid))
			continue;
		if (ret_start_pfn)
			*ret_start_pfn = start;
		if (ret_end_pfn)
			*ret_end_pfn = end;
		if (ret_nid)
			*ret_nid = rgn->nid;
		return;
	}
	*idx = -1;
}

unsigned long memblock_region_memory_base_pfn(const struct memblock_region *r)
{
	return PFN_UP(r->base);
}

unsigned long memblock_region_memory_end_pfn(const struct memblock_region *r)
{
	return PFN_DOWN(r->base + r->size);
}

unsigned long memblock_region_reserved_base_pfn(const struct memblock_region *r)
{
	return PFN_DOWN(r->base);
}

unsigned long memblock_region_reserved_end_pfn(const struct memblock_region *r)
{
	return PFN_UP(r->base + r->size);
}

phys_addr_t memblock_mem_size(unsigned long limit_pfn)
{
	unsigned long start, end, pages = 0;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		start = min(start, limit_pfn);
		end = min(end, limit_pfn);
		pages += end - start;
	}
	return PFN_PHYS(pages);
}

/* --- finding and taking --------------------------------------------------- */

static phys_addr_t find_bottom_up(phys_addr_t start, phys_addr_t end,
				  phys_addr_t size, phys_addr_t align, int nid,
				  unsigned long flags)
{
	phys_addr_t free_start, free_end, addr;
	u64 i;

	for_each_free_mem_range(i, nid, flags, &free_start, &free_end, NULL) {
		free_start = clamp(free_start, start, end);
		free_end = clamp(free_end, start, end);
		addr = ALIGN(free_start, align);
		if (addr >= free_start && addr < free_end &&
		    free_end - addr >= size)
			return addr;
	}
	return 0;
}

static phys_addr_t find_top_down(phys_addr_t start, phys_addr_t end,
				 phys_addr_t size, phys_addr_t align, int nid,
				 unsigned long flags)
{
	phys_addr_t free_start, free_end, addr;
	u64 i;

	for_each_free_mem_range_reverse(i, nid, flags, &free_start, &free_end,
					NULL) {
		free_start = clamp(free_start, start, end);
		free_end = clamp(free_end, start, end);
		if (free_end < size)
			continue;
		addr = ALIGN_DOWN(free_end - size, align);
		if (addr >= free_start)
			return addr;
	}
	return 0;
}

phys_addr_t memblock_find_in_range_node(phys_addr_t size, phys_addr_t align,
					phys_addr_t start, phys_addr_t end,
					int nid, unsigned long flags)
{
	phys_addr_t addr;

	if (end == MEMBLOCK_ALLOC_ACCESSIBLE)
		end = memblock.current_limit;
	start = max(start, (phys_addr_t)PAGE_SIZE);
	end = max(start, end);

	/* Bottom-up means: close behind the image, not in front of it. */
	if (memblock.bottom_up && end > arch_kernel_end()) {
		addr = find_bottom_up(max(start, arch_kernel_end()), end, size,
				      align, nid, flags);
		if (addr)
			return addr;
	}
	return find_top_down(start, end, size, align, nid, flags);
}

/* Mirrored memory goes first, as soon as there is any. */
static unsigned long choose_memblock_flags(void)
{
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn)
		if (rgn->flags & MEMBLOCK_MIRROR)
			return MEMBLOCK_MIRROR;
	return MEMBLOCK_NONE;
}

phys_addr_t memblock_find_in_range(phys_addr_t start, phys_addr_t end,
				   phys_addr_t size, phys_addr_t align)
{
	unsigned long flags = choose_memblock_flags();
	phys_addr_t addr;

	addr = memblock_find_in_range_node(size, align, start, end,
					   NUMA_NO_NODE, flags);
	if (!addr && (flags & MEMBLOCK_MIRROR))
		addr = memblock_find_in_range_node(size, align, start, end,
						   NUMA_NO_NODE, MEMBLOCK_NONE);
	return addr;
}

static void log_alloc(phys_addr_t addr, phys_addr_t size, unsigned long ip)
{
	if (memblock_debug)
		printk("memblock_alloc: [0x%08lx-0x%08lx] %pS\n", addr,
		       addr + size - 1, (void *)ip);
}

/* 0: none. Every early allocation comes through here. */
static phys_addr_t alloc_range_nid(phys_addr_t size, phys_addr_t align,
				   phys_addr_t start, phys_addr_t end, int nid,
				   unsigned long flags, unsigned long ip)
{
	phys_addr_t addr, limit = end ? end : memblock.current_limit;

	if (!size)
		return 0;
	if (!align)
		align = SMP_CACHE_BYTES;
	if (early_pool_alloc(size, align, start, limit, &addr)) {
		addr = memblock_find_in_range_node(size, align, start, end, nid,
						   flags);
		if (!addr || memblock_add_range(&memblock.reserved, addr, size,
						MAX_NUMNODES, 0))
			return 0;
	}
	log_alloc(addr, size, ip);
	return addr;
}

static phys_addr_t alloc_mirror_first(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end,
				      int nid, unsigned long ip)
{
	unsigned long flags = choose_memblock_flags();
	phys_addr_t addr;

	addr = alloc_range_nid(size, align, start, end, nid, flags, ip);
	if (!addr && flags)
		addr = alloc_range_nid(size, align, start, end, nid,
				       MEMBLOCK_NONE, ip);
	return addr;
}

phys_addr_t memblock_alloc_range(phys_addr_t size, phys_addr_t align,
				 phys_addr_t start, phys_addr_t end,
				 unsigned long flags)
{
	return alloc_range_nid(size, align, start, end, NUMA_NO_NODE, flags,
			       _RET_IP_);
}

phys_addr_t __memblock_alloc_base(phys_addr_t size, phys_addr_t align,
				  phys_addr_t max_addr)
{
	return alloc_mirror_first(size, align, 0, max_addr, NUMA_NO_NODE,
				  _RET_IP_);
}

static phys_addr_t alloc_or_panic(phys_addr_t size, phys_addr_t align,
				  phys_addr_t max_addr, unsigned long ip)
{
	phys_addr_t addr = alloc_mirror_first(size, align, 0, max_addr,
					      NUMA_NO_NODE, ip);

	if (!addr)
		panic("memblock: no 0x%lx bytes below 0x%lx for %pS", size,
		      max_addr ? max_addr : memblock.current_limit, (void *)ip);
	return addr;
}

phys_addr_t memblock_alloc_base(phys_addr_t size, phys_addr_t align,
				phys_addr_t max_addr)
{
	return alloc_or_panic(size, align, max_addr, _RET_IP_);
}

phys_addr_t memblock_alloc(phys_addr_t size, phys_addr_t align)
{
	return alloc_or_panic(size, align, MEMBLOCK_ALLOC_ACCESSIBLE, _RET_IP_);
}

phys_addr_t memblock_alloc_nid(phys_addr_t size, phys_addr_t align, int nid)
{
	return alloc_mirror_first(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE,
				  nid, _RET_IP_);
}

phys_addr_t memblock_alloc_try_nid(phys_addr_t size, phys_addr_t align,
				   int nid)
{
	phys_addr_t addr = alloc_mirror_first(size, align, 0,
					      MEMBLOCK_ALLOC_ACCESSIBLE, nid,
					      _RET_IP_);

	return addr ? addr : alloc_or_panic(size, align,
					    MEMBLOCK_ALLOC_ACCESSIBLE,
					    _RET_IP_);
}

/*
 * For the kernel's own use the memory has to be in the linear map, so the
 * limit holds even when the caller allows more.
 */
static void *virt_alloc(phys_addr_t size, phys_addr_t align,
			phys_addr_t min_addr, phys_addr_t max_addr, int nid,
			unsigned long ip)
{
	phys_addr_t limit = memblock.current_limit, addr;

	if (max_addr == MEMBLOCK_ALLOC_ACCESSIBLE || max_addr > limit)
		max_addr = limit;
	addr = alloc_mirror_first(size, align, min_addr, max_addr, nid, ip);
	if (!addr && nid != NUMA_NO_NODE)
		addr = alloc_mirror_first(size, align, min_addr, max_addr,
					  NUMA_NO_NODE, ip);
	if (!addr && min_addr)
		addr = alloc_mirror_first(size, align, 0, max_addr,
					  NUMA_NO_NODE, ip);
	return addr ? memset(phys_to_virt(addr), 0, size) : NULL;
}

void *memblock_virt_alloc_try_nid_nopanic(phys_addr_t size, phys_addr_t align,
					  phys_addr_t min_addr,
					  phys_addr_t max_addr, int nid)
{
	return virt_alloc(size, align, min_addr, max_addr, nid, _RET_IP_);
}

static void *virt_alloc_or_panic(phys_addr_t size, phys_addr_t align,
				 phys_addr_t min_addr, phys_addr_t max_addr,
				 int nid, unsigned long ip)
{
	void *mem = virt_alloc(size, align, min_addr, max_addr, nid, ip);

	if (!mem)
		panic("memblock: no 0x%lx bytes from 0x%lx to 0x%lx for %pS",
		      size, min_addr, max_addr ? max_addr :
		      memblock.current_limit, (void *)ip);
	return mem;
}

void *memblock_virt_alloc_try_nid(phys_addr_t size, phys_addr_t align,
				  phys_addr_t min_addr, phys_addr_t max_addr,
				  int nid)
{
	return virt_alloc_or_panic(size, align, min_addr, max_addr, nid,
				   _RET_IP_);
}

void *memblock_virt_alloc(phys_addr_t size, phys_addr_t align)
{
	return virt_alloc_or_panic(size, align, 0, MEMBLOCK_ALLOC_ACCESSIBLE,
				   NUMA_NO_NODE, _RET_IP_);
}
