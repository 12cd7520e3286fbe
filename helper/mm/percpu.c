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

/* An area of the reserved chunk, or of the fullest chunk that has room. */
static struct pcpu_chunk *__find_area(int size, int align, bool reserved,
				      int *ret_off, int *occ_pages)
{
	struct pcpu_chunk *chunk;
	int slot;

	if (reserved) {
		chunk = pcpu_reserved_chunk;
		if (!chunk || size > chunk->contig_hint ||
		    chunk->map_alloc < chunk->map_used + 3)
			return NULL;
		*ret_off = pcpu_alloc_area(chunk, size, align, occ_pages);
		return *ret_off < 0 ? NULL : chunk;
	}
	for (slot = pcpu_size_to_slot(size); slot < pcpu_nr_slots; slot++) {
again:
		list_for_each_entry(chunk, &pcpu_slot[slot], list) {
			int hint = chunk->contig_hint;

			if (size > hint ||
			    chunk->map_alloc < chunk->map_used + 3)
				continue;
			*ret_off = pcpu_alloc_area(chunk, size, align,
						   occ_pages);
			if (*ret_off >= 0)
				return chunk;
			/* A better hint may have moved it off this list. */
			if (chunk->contig_hint != hint)
				goto again;
		}
	}
	return NULL;
}

static void __percpu *pcpu_alloc(size_t size, size_t align, bool reserved,
				 unsigned long ip)
{
	struct pcpu_chunk *chunk;
	unsigned long flags;
	unsigned int cpu;
	int off, occ_pages;

	/* The lowest bit of an offset is PCPU_USED. */
	align = max(align, (size_t)2);
	if (bad_request(size, align)) {
		pr_warn("percpu: %lu bytes aligned to %lu cannot be had, for %pS\n",
			(unsigned long)size, (unsigned long)align, (void *)ip);
		WARN_ON(true);
		return NULL;
	}
	if (!pcpu_base_addr) {
		report_failure(size, align, "setup_per_cpu_areas() comes first",
			       ip);
		return NULL;
	}
	size = ALIGN(size, 2);
	flags = spin_lock_irqsave(&pcpu_lock);
	chunk = __find_area((int)size, (int)align, reserved, &off, &occ_pages);
	if (chunk && !reserved)
		pcpu_nr_empty_pop_pages -= occ_pages;
	spin_unlock_irqrestore(&pcpu_lock, flags);
	if (!chunk) {
		report_failure(size, align, "no area is large enough", ip);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		memset(pcpu_chunk_addr(chunk, cpu, 0) + off, 0, size);
	return addr_to_pcpu_ptr((char *)chunk->base_addr + off);
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
	return NULL;
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
	if (err) {
		pr_err("percpu: %pS frees %p, which no allocation returned or which is free\n",
		       (void *)_RET_IP_, (void *)ptr);
		WARN_ON(true);
	}
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
	return virt_to_phys(addr);
}
