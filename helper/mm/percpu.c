// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu.c - memory of which every possible CPU has its own copy.
 *
 * Contract: percpu.h.
 * May call: percpu_*.c, lib/.  Called by: page_alloc.c, slub.c, vmalloc.c.
 * Fails:    NULL when there is no room, with a warning for the first few; a
 *           wrong pointer to free_percpu() is reported and changes nothing.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/spinlock.h>
#include <mm/string.h>
#include <mm/vmalloc.h>

#include "percpu_internal.h"

/* Failures are reported so often, and then no more. */
#define MAX_FAIL_REPORTS 10

int pcpu_nr_empty_pop_pages;
static spinlock_t pcpu_lock;
static unsigned int fail_reports;

/* A pointer for per_cpu_ptr(), from the address in unit offset 0's unit. */
static void __percpu *addr_to_pcpu_ptr(const void *addr)
{
	return (void __percpu *)((uintptr_t)addr - (uintptr_t)pcpu_base_addr +
				 (uintptr_t)__per_cpu_start);
}

static uintptr_t pcpu_ptr_to_addr(const void __percpu *ptr)
{
	return (uintptr_t)ptr - (uintptr_t)__per_cpu_start +
	       (uintptr_t)pcpu_base_addr;
}

/* --- allocate ------------------------------------------------------------- */

static void report_failure(size_t size, size_t align, const char *why,
			   unsigned long ip)
{
	if (fail_reports >= MAX_FAIL_REPORTS)
		return;
	pr_warn("percpu: no %lu bytes aligned to %lu for %pS: %s\n",
		(unsigned long)size, (unsigned long)align, (void *)ip, why);
	if (++fail_reports == MAX_FAIL_REPORTS)
		pr_warn("percpu: that was the last report of this kind\n");
}

static bool bad_request(size_t size, size_t align)
{
	return !size || size > PCPU_MIN_UNIT_SIZE || align > PAGE_SIZE ||
	       align & (align - 1);
}

/* In one chunk; @full is set where its map has no room for an area more. */
static bool __area_in(struct pcpu_chunk *chunk, int size, int align,
		      int *ret_off, int *occ_pages, struct pcpu_chunk **full)
{
	if (size > chunk->contig_hint)
		return false;
	if (pcpu_map_extent(chunk)) {
		*full = chunk;
		return false;
	}
	*ret_off = pcpu_alloc_area(chunk, size, align, occ_pages);
	return *ret_off >= 0;
}

/* In the reserved chunk, or in the fullest other one that has room. */
static struct pcpu_chunk *__find_area(int size, int align, bool reserved,
				      int *ret_off, int *occ_pages,
				      struct pcpu_chunk **full)
{
	struct pcpu_chunk *chunk = pcpu_reserved_chunk, *next;
	int slot = pcpu_size_to_slot(size);

	*full = NULL;
	if (reserved)
		return chunk && __area_in(chunk, size, align, ret_off,
					  occ_pages, full) ? chunk : NULL;
	for (; slot < pcpu_nr_slots; slot++) {
		/* A better hint may move the chunk to another list. */
		list_for_each_entry_safe(chunk, next, &pcpu_slot[slot], list) {
			if (__area_in(chunk, size, align, ret_off, occ_pages,
				      full))
				return chunk;
			if (*full)
				return NULL;
		}
	}
	return NULL;
}

static int extend_map(struct pcpu_chunk *chunk)
{
	int entries = pcpu_map_extent(chunk);
	unsigned long flags;
	int *map, *old;

	if (!pcpu_maps_grow)
		return -ENOMEM;
	map = pcpu_mem_zalloc((size_t)entries * sizeof(*map));
	if (!map)
		return -ENOMEM;
	flags = spin_lock_irqsave(&pcpu_lock);
	old = chunk->map;
	memcpy(map, old, (size_t)(chunk->map_used + 1) * sizeof(*map));
	chunk->map = map;
	chunk->map_alloc = entries;
	spin_unlock_irqrestore(&pcpu_lock, flags);
	pcpu_mem_free(old);
	return 0;
}

static int add_chunk(void)
{
	struct pcpu_chunk *chunk = pcpu_create_chunk();
	unsigned long flags;

	if (!chunk)
		return -ENOMEM;
	flags = spin_lock_irqsave(&pcpu_lock);
	pcpu_chunk_relocate(chunk, -1);
	spin_unlock_irqrestore(&pcpu_lock, flags);
	return 0;
}

/* An area, with room made for it. NULL: @why says what was missing. */
static struct pcpu_chunk *get_area(int size, int align, bool reserved,
				   int *ret_off, int *occ_pages,
				   const char **why)
{
	struct pcpu_chunk *chunk, *full;
	unsigned long flags;

	for (;;) {
		flags = spin_lock_irqsave(&pcpu_lock);
		chunk = __find_area(size, align, reserved, ret_off, occ_pages,
				    &full);
		spin_unlock_irqrestore(&pcpu_lock, flags);
		if (chunk)
			return chunk;
		if (full) {
			*why = "the chunk's map cannot grow";
			if (extend_map(full))
				return NULL;
		} else {
			*why = reserved ? "the reserved chunk is full" :
			       "no further chunk can be had";
			if (reserved || add_chunk())
				return NULL;
		}
	}
}

/* Pages for an area; without them it is free again. */
static int populate_area(struct pcpu_chunk *chunk, int off, int size)
{
	int first = off >> PAGE_SHIFT, ignored, err;
	int end = ALIGN(off + size, (int)PAGE_SIZE) >> PAGE_SHIFT;
	unsigned long flags;

	if (!pcpu_populate_chunk(chunk, first, end))
		return 0;
	flags = spin_lock_irqsave(&pcpu_lock);
	err = pcpu_free_area(chunk, off, &ignored);
	spin_unlock_irqrestore(&pcpu_lock, flags);
	BUG_ON(err);
	return -ENOMEM;
}

static const char *pcpu_try_alloc(size_t size, size_t align, bool reserved,
				  void __percpu **ret)
{
	struct pcpu_chunk *chunk;
	int off, occ_pages;
	const char *why;
	unsigned int cpu;

	if (!pcpu_base_addr)
		return "setup_per_cpu_areas() comes first";
	chunk = get_area((int)size, (int)align, reserved, &off, &occ_pages,
			 &why);
	if (!chunk)
		return why;
	if (populate_area(chunk, off, (int)size))
		return "no pages for it";
	if (!reserved)
		pcpu_nr_empty_pop_pages -= occ_pages;
	for_each_possible_cpu(cpu)
		memset(pcpu_chunk_addr(chunk, cpu, 0) + off, 0, size);
	*ret = addr_to_pcpu_ptr((char *)chunk->base_addr + off);
	return NULL;
}

static void __percpu *pcpu_alloc(size_t size, size_t align, bool reserved,
				 unsigned long ip)
{
	void __percpu *ret = NULL;
	const char *why;

	/* The lowest bit of an offset is PCPU_USED. */
	align = max(align, (size_t)2);
	if (WARN_ON(bad_request(size, align))) {
		pr_warn("percpu: %lu bytes aligned to %lu cannot be had, for %pS\n",
			(unsigned long)size, (unsigned long)align, (void *)ip);
		return NULL;
	}
	why = pcpu_try_alloc(ALIGN(size, 2), align, reserved, &ret);
	if (why)
		report_failure(size, align, why, ip);
	return ret;
}

void __percpu *__alloc_percpu(size_t size, size_t align)
{
	return pcpu_alloc(size, align, false, _RET_IP_);
}

void __percpu *__alloc_reserved_percpu(size_t size, size_t align)
{
	return pcpu_alloc(size, align, true, _RET_IP_);
}

/* --- free ----------------------------------------------------------------- */

/* The chunk that @addr, in unit offset 0's unit, belongs to; NULL: none. */
static struct pcpu_chunk *chunk_of(uintptr_t addr)
{
	uintptr_t off = addr - (uintptr_t)pcpu_base_addr;

	if (off < (uintptr_t)pcpu_static_size)
		return NULL;		/* static variables stay */
	if (off < (uintptr_t)pcpu_reserved_chunk_limit)
		return pcpu_reserved_chunk;
	if (off < (uintptr_t)pcpu_first_chunk_limit)
		return pcpu_first_chunk;
	return pcpu_vm_chunk((void *)addr);
}

/*
 * One wholly free chunk is kept, the others go. Linux leaves this to a worker;
 * here who frees does it, so free_percpu() must be called where vfree() may.
 */
static void pcpu_balance(void)
{
	struct list_head *empty = &pcpu_slot[pcpu_nr_slots - 1];
	struct pcpu_chunk *chunk;
	unsigned long flags;

	for (;;) {
		flags = spin_lock_irqsave(&pcpu_lock);
		chunk = list_empty(empty) ? NULL :
			list_entry(empty->prev, struct pcpu_chunk, list);
		if (chunk && &chunk->list == empty->next)
			chunk = NULL;
		if (chunk)
			list_del(&chunk->list);
		spin_unlock_irqrestore(&pcpu_lock, flags);
		if (!chunk)
			return;
		pcpu_destroy_chunk(chunk);
	}
}

void free_percpu(void __percpu *ptr)
{
	uintptr_t addr = pcpu_ptr_to_addr(ptr);
	struct pcpu_chunk *chunk;
	unsigned long flags;
	int err = -EINVAL, occ_pages;

	if (!ptr)
		return;
	flags = spin_lock_irqsave(&pcpu_lock);
	chunk = pcpu_base_addr ? chunk_of(addr) : NULL;
	if (chunk)
		err = pcpu_free_area(chunk, (int)(addr -
				     (uintptr_t)chunk->base_addr), &occ_pages);
	if (!err && chunk != pcpu_reserved_chunk)
		pcpu_nr_empty_pop_pages += occ_pages;
	spin_unlock_irqrestore(&pcpu_lock, flags);
	if (!err && chunk->free_size == pcpu_unit_size)
		pcpu_balance();
	if (WARN_ON(err))
		pr_err("percpu: %pS frees %p, which no allocation returned or which is free\n",
		       (void *)_RET_IP_, (void *)ptr);
}

/* --- questions ------------------------------------------------------------ */

bool is_kernel_percpu_address(unsigned long addr)
{
	unsigned long bytes = (unsigned long)(__per_cpu_end - __per_cpu_start);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		if (addr - (uintptr_t)per_cpu_ptr(&__per_cpu_start[0], cpu) <
		    bytes)
			return true;
	return false;
}

phys_addr_t per_cpu_ptr_to_phys(void *addr)
{
	const struct page *page;

	if (!is_vmalloc_addr(addr))
		return virt_to_phys(addr);
	page = vmalloc_to_page(addr);
	BUG_ON(!page);
	return PFN_PHYS(page_to_pfn(page)) + ((uintptr_t)addr & ~PAGE_MASK);
}
