// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * truth_allocs.c - what is held, written down and marked in memory.
 *
 * The mark of a piece of memory is made of its entry's number and the offset,
 * at its start, at its end and every 256 bytes between.
 */
#include <mm/cma.h>
#include <mm/highmem.h>
#include <mm/mm.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#include "scenario.h"

const char *const truth_kind_names[NR_TRUTH_KINDS] = {
	[TRUTH_NONE] = "none",
	[TRUTH_PAGES] = "pages",
	[TRUTH_KMALLOC] = "kmalloc",
	[TRUTH_CACHE] = "cache",
	[TRUTH_VMALLOC] = "vmalloc",
	[TRUTH_PERCPU] = "percpu",
	[TRUTH_CMA] = "cma",
};

struct truth_alloc truth_allocs[TRUTH_ALLOCS];
struct truth_run *truth_run;
static unsigned int next_entry;

#define MARK_STEP 256

static u8 mark_at(const struct truth_alloc *held, unsigned long offset)
{
	unsigned long n = (unsigned long)(held - truth_allocs);

	return (u8)(n * 31 + offset / MARK_STEP * 7 + offset % MARK_STEP + 1);
}

/* Mark, or look at the marks of, @bytes at @addr, @offset into the whole. */
static unsigned long marks(const struct truth_alloc *held, u8 *addr,
			   unsigned long offset, unsigned long bytes, bool set)
{
	unsigned long spoilt = 0;

	for (unsigned long i = 0; i < bytes; i++) {
		if (i % MARK_STEP && i != bytes - 1)
			continue;
		if (set)
			addr[i] = mark_at(held, offset + i);
		else
			spoilt += addr[i] != mark_at(held, offset + i);
	}
	return spoilt;
}

static unsigned long page_marks(const struct truth_alloc *held, bool set)
{
	unsigned long spoilt = 0;

	for (unsigned long i = 0; i < held->size; i++) {
		u8 *addr = kmap_atomic(pfn_to_page(held->pfn + i));

		spoilt += marks(held, addr, i * PAGE_SIZE, PAGE_SIZE, set);
		kunmap_atomic(addr);
	}
	return spoilt;
}

static unsigned long percpu_marks(const struct truth_alloc *held, bool set)
{
	unsigned long spoilt = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		spoilt += marks(held, per_cpu_ptr((u8 *)held->addr, cpu),
				cpu, held->size, set);
	return spoilt;
}

static unsigned long all_marks(const struct truth_alloc *held, bool set)
{
	switch (held->kind) {
	case TRUTH_PAGES:
	case TRUTH_CMA:
		return page_marks(held, set);
	case TRUTH_PERCPU:
		return percpu_marks(held, set);
	default:
		return marks(held, held->addr, 0, held->size, set);
	}
}

struct truth_alloc *truth_hold(void)
{
	for (unsigned int i = 0; i < TRUTH_ALLOCS; i++) {
		struct truth_alloc *entry =
			&truth_allocs[(next_entry + i) % TRUTH_ALLOCS];

		if (entry->kind != TRUTH_NONE)
			continue;
		next_entry = (next_entry + i + 1) % TRUTH_ALLOCS;
		return entry;
	}
	return NULL;
}

struct truth_alloc *truth_held(enum truth_kind kind)
{
	unsigned long start = scenario_random(TRUTH_ALLOCS);

	for (unsigned int i = 0; i < TRUTH_ALLOCS; i++) {
		struct truth_alloc *entry =
			&truth_allocs[(start + i) % TRUTH_ALLOCS];

		if (entry->kind == kind)
			return entry;
	}
	return NULL;
}

static struct truth_alloc *note(struct truth_alloc *entry,
				struct truth_alloc what, bool got)
{
	if (!got) {
		if (truth_run)
			truth_run->failures++;
		return NULL;
	}
	*entry = what;
	all_marks(entry, true);
	if (truth_run)
		truth_run->allocs++;
	return entry;
}

struct truth_alloc *truth_note_pages(struct page *page, unsigned int order)
{
	struct truth_alloc *entry = truth_hold();
	struct truth_alloc what = {
		.kind = TRUTH_PAGES,
		.order = order,
		.pfn = page ? page_to_pfn(page) : 0,
		.size = 1UL << order,
	};

	if (!entry && page)
		__free_pages(page, order);
	return note(entry, what, entry && page);
}

struct truth_alloc *truth_alloc_pages(gfp_t gfp, unsigned int order)
{
	return truth_note_pages(alloc_pages(gfp, order), order);
}

static struct truth_alloc *note_addr(struct truth_alloc *entry,
				     enum truth_kind kind, void *addr,
				     size_t size, struct kmem_cache *cache)
{
	struct truth_alloc what = {
		.kind = kind,
		.addr = addr,
		.size = size,
		.cache = cache,
	};

	return note(entry, what, addr);
}

struct truth_alloc *truth_kmalloc(size_t size, gfp_t gfp)
{
	struct truth_alloc *entry = truth_hold();

	return note_addr(entry, TRUTH_KMALLOC,
			 entry ? kmalloc(size, gfp) : NULL, size, NULL);
}

struct truth_alloc *truth_cache_alloc(struct kmem_cache *cache)
{
	struct truth_alloc *entry = truth_hold();

	return note_addr(entry, TRUTH_CACHE,
			 entry ? kmem_cache_alloc(cache, GFP_KERNEL) : NULL,
			 kmem_cache_size(cache), cache);
}

struct truth_alloc *truth_vmalloc(unsigned long size)
{
	struct truth_alloc *entry = truth_hold();

	return note_addr(entry, TRUTH_VMALLOC, entry ? vmalloc(size) : NULL,
			 size, NULL);
}

struct truth_alloc *truth_percpu(size_t size, size_t align)
{
	struct truth_alloc *entry = truth_hold();

	return note_addr(entry, TRUTH_PERCPU,
			 entry ? __alloc_percpu(size, align) : NULL, size,
			 NULL);
}

struct truth_alloc *truth_cma_alloc(unsigned int area, size_t pages,
			      unsigned int align)
{
	struct truth_alloc *entry = truth_hold();
	struct page *page = NULL;
	struct truth_alloc what = { .kind = TRUTH_CMA, .size = pages };

	if (entry && area < cma_area_count)
		page = cma_alloc(&cma_areas[area], pages, align);
	what.pfn = page ? page_to_pfn(page) : 0;
	return note(entry, what, page);
}

static void cma_free(const struct truth_alloc *held)
{
	for (unsigned int i = 0; i < cma_area_count; i++)
		if (cma_release(&cma_areas[i], pfn_to_page(held->pfn),
				(unsigned int)held->size))
			return;
	pr_err("scenario: pfn 0x%lx is of no CMA area\n", held->pfn);
}

void truth_free(struct truth_alloc *held)
{
	unsigned long spoilt = all_marks(held, false);

	if (spoilt)
		pr_err("scenario: %s entry %u: %lu marks overwritten\n",
		       truth_kind_names[held->kind],
		       (unsigned int)(held - truth_allocs), spoilt);
	switch (held->kind) {
	case TRUTH_PAGES:
		__free_pages(pfn_to_page(held->pfn), held->order);
		break;
	case TRUTH_KMALLOC:
		kfree(held->addr);
		break;
	case TRUTH_CACHE:
		kmem_cache_free(held->cache, held->addr);
		break;
	case TRUTH_VMALLOC:
		vfree(held->addr);
		break;
	case TRUTH_PERCPU:
		free_percpu(held->addr);
		break;
	case TRUTH_CMA:
		cma_free(held);
		break;
	default:
		return;
	}
	held->kind = TRUTH_NONE;
	if (truth_run) {
		truth_run->frees++;
		truth_run->spoilt += spoilt;
	}
}
