// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu-vm.c - chunks in the vmalloc area, made when the others are full,
 * with pages behind them only where something is allocated.
 *
 * Contract: keeps PERCPU-6. A chunk here begins without a page.
 * May call: vmalloc.c, page_alloc.c, slub.c.  Called by: percpu.c.
 * Fails:    NULL or -ENOMEM; nothing has changed then.
 */
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#include "percpu_internal.h"

#define PCPU_GFP	(GFP_KERNEL | __GFP_HIGHMEM | __GFP_COLD)

/* --- memory of the allocator's own ---------------------------------------- */

void *pcpu_mem_zalloc(size_t bytes)
{
	return bytes <= PAGE_SIZE ? kzalloc(bytes, GFP_KERNEL) : vzalloc(bytes);
}

void pcpu_mem_free(void *mem)
{
	if (is_vmalloc_addr(mem))
		vfree(mem);
	else
		kfree(mem);
}

/* --- pages ---------------------------------------------------------------- */

static unsigned long unit_page(const struct pcpu_chunk *chunk, unsigned int cpu,
			       int page)
{
	return (unsigned long)pcpu_chunk_addr(chunk, cpu, page);
}

/*
 * Page @page of the units of CPUs [0, @cpus) goes. Nobody uses it; who makes
 * its address useful again flushes first, or it is the vmalloc area's free.
 */
static void unmap_page(struct pcpu_chunk *chunk, int page, unsigned int cpus)
{
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		unsigned long addr = unit_page(chunk, cpu, page);
		struct page *p = vmalloc_to_page((void *)addr);

		flush_cache_vunmap(addr, addr + PAGE_SIZE);
		unmap_kernel_range_noflush(addr, PAGE_SIZE);
		p->index = 0;
		__free_page(p);
	}
}

static void flush_page(const struct pcpu_chunk *chunk, int page)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++)
		flush_tlb_kernel_range(unit_page(chunk, cpu, page),
				       unit_page(chunk, cpu, page + 1));
}

/* Page @page of every unit, or of none. */
static int map_page(struct pcpu_chunk *chunk, int page)
{
	for (unsigned int cpu = 0; cpu < nr_cpu_ids; cpu++) {
		unsigned long addr = unit_page(chunk, cpu, page);
		struct page *p = alloc_page(PCPU_GFP);

		if (p && map_kernel_range_noflush(addr, PAGE_SIZE, PAGE_KERNEL,
						  &p) < 0) {
			__free_page(p);
			p = NULL;
		}
		if (!p) {
			unmap_page(chunk, page, cpu);
			flush_page(chunk, page);
			return -ENOMEM;
		}
		p->index = (unsigned long)chunk;
		flush_cache_vmap(addr, addr + PAGE_SIZE);
	}
	return 0;
}

static void mark_populated(struct pcpu_chunk *chunk, int page, bool is)
{
	chunk->populated[page / BITS_PER_LONG] ^= 1UL << page % BITS_PER_LONG;
	chunk->nr_populated += is ? 1 : -1;
	pcpu_nr_empty_pop_pages += is ? 1 : -1;
}

void pcpu_depopulate_chunk(struct pcpu_chunk *chunk, int first, int end)
{
	VM_BUG_ON(chunk->immutable);
	for (int page = first; page < end; page++) {
		if (!pcpu_page_populated(chunk, page))
			continue;
		unmap_page(chunk, page, nr_cpu_ids);
		mark_populated(chunk, page, false);
	}
}

int pcpu_populate_chunk(struct pcpu_chunk *chunk, int first, int end)
{
	unsigned long added = 0;
	int page;

	VM_BUG_ON(end - first > (int)BITS_PER_LONG);
	for (page = first; page < end; page++) {
		if (pcpu_page_populated(chunk, page))
			continue;
		if (map_page(chunk, page))
			break;
		mark_populated(chunk, page, true);
		added |= 1UL << (page - first);
	}
	if (page == end)
		return 0;
	while (--page >= first) {
		if (!(added >> (page - first) & 1))
			continue;
		pcpu_depopulate_chunk(chunk, page, page + 1);
		flush_page(chunk, page);
	}
	return -ENOMEM;
}

/* --- chunks --------------------------------------------------------------- */

static struct pcpu_chunk *alloc_chunk(void)
{
	size_t words = BITS_TO_LONGS((size_t)pcpu_unit_pages);
	struct pcpu_chunk *chunk;

	chunk = pcpu_mem_zalloc(sizeof(*chunk) +
				words * sizeof(chunk->populated[0]));
	if (!chunk)
		return NULL;
	chunk->map = pcpu_mem_zalloc(PCPU_DFL_MAP_ALLOC *
				     sizeof(chunk->map[0]));
	if (!chunk->map) {
		pcpu_mem_free(chunk);
		return NULL;
	}
	chunk->map_alloc = PCPU_DFL_MAP_ALLOC;
	chunk->map[0] = 0;
	chunk->map[1] = pcpu_unit_size | PCPU_USED;
	chunk->map_used = 1;
	chunk->free_size = pcpu_unit_size;
	chunk->contig_hint = pcpu_unit_size;
	return chunk;
}

static void free_chunk(struct pcpu_chunk *chunk)
{
	pcpu_mem_free(chunk->map);
	pcpu_mem_free(chunk);
}

struct pcpu_chunk *pcpu_create_chunk(void)
{
	struct pcpu_chunk *chunk;
	struct vm_struct **vms;

	if (!vmap_initialized)
		return NULL;
	chunk = alloc_chunk();
	if (!chunk)
		return NULL;
	vms = pcpu_get_vm_areas(pcpu_group_offsets, pcpu_group_sizes,
				pcpu_nr_groups, (size_t)pcpu_atom_size);
	if (!vms) {
		free_chunk(chunk);
		return NULL;
	}
	chunk->data = vms;
	chunk->base_addr = (char *)vms[0]->addr - pcpu_group_offsets[0];
	return chunk;
}

void pcpu_destroy_chunk(struct pcpu_chunk *chunk)
{
	pcpu_depopulate_chunk(chunk, 0, pcpu_unit_pages);
	pcpu_free_vm_areas(chunk->data, pcpu_nr_groups);
	free_chunk(chunk);
}

/* Only percpu's areas have pages that name their chunk. */
struct pcpu_chunk *pcpu_vm_chunk(const void *addr)
{
	const struct vm_struct *vm;
	const struct page *page;

	if (!vmap_initialized || !is_vmalloc_addr(addr))
		return NULL;
	vm = find_vm_area(addr);
	if (!vm || vm->caller != (const void *)pcpu_get_vm_areas)
		return NULL;
	page = vmalloc_to_page(addr);
	return page ? (struct pcpu_chunk *)page->index : NULL;
}
