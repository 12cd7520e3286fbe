// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu_first.c - how many CPUs there can be, and the first chunk: a unit
 * for each, with the static variables, a reserve and a part to allocate from.
 *
 * Contract: after setup_per_cpu_areas() each possible CPU has its own copies,
 *           and __alloc_percpu() works.
 * May call: memblock_alloc.c, slub.c, lib/.  Called by: guest/, tests.
 * Fails:    panics when there is no memory for it.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/string.h>

#include "percpu_internal.h"

unsigned int nr_cpu_ids = 1;
unsigned long __per_cpu_offset[NR_CPUS];
DEFINE_PER_CPU(int, cpu_number);

void *pcpu_base_addr;
const unsigned long *pcpu_unit_offsets;
int pcpu_unit_pages, pcpu_unit_size, pcpu_nr_units;
int pcpu_atom_size, pcpu_nr_groups;
const unsigned long *pcpu_group_offsets;
const size_t *pcpu_group_sizes;
bool pcpu_maps_grow;
struct pcpu_chunk *pcpu_first_chunk, *pcpu_reserved_chunk;
int pcpu_static_size, pcpu_reserved_chunk_limit, pcpu_first_chunk_limit;

unsigned int *pcpu_unit_map;

void set_nr_cpu_ids(unsigned int cpus)
{
	VM_BUG_ON(pcpu_base_addr);
	if (cpus > NR_CPUS)
		pr_warn("%u CPUs in the device tree: using %u\n", cpus,
			NR_CPUS);
	nr_cpu_ids = clamp(cpus, 1u, (unsigned int)NR_CPUS);
}

/* --- the layout ----------------------------------------------------------- */

struct pcpu_alloc_info *pcpu_build_alloc_info(size_t reserved_size,
					      size_t dyn_size,
					      size_t atom_size)
{
	size_t template = (size_t)(__per_cpu_end - __per_cpu_start);
	size_t static_size = ALIGN(template, sizeof(long));
	size_t bytes = sizeof(struct pcpu_alloc_info) +
		       sizeof(struct pcpu_group_info) +
		       nr_cpu_ids * sizeof(unsigned int);
	size_t fixed, sum;
	struct pcpu_alloc_info *ai;
	unsigned int cpu;

	/* What is left of the last page is there to be allocated, too. */
	fixed = static_size + reserved_size;
	sum = PAGE_ALIGN(fixed + max(dyn_size,
				     (size_t)PERCPU_DYNAMIC_EARLY_SIZE));
	bytes = PAGE_ALIGN(bytes);
	ai = memblock_virt_alloc_try_nid_nopanic(bytes, 0, 0,
						 MEMBLOCK_ALLOC_ACCESSIBLE,
						 NUMA_NO_NODE);
	if (!ai)
		return NULL;
	ai->__ai_size = bytes;
	ai->static_size = static_size;
	ai->reserved_size = reserved_size;
	ai->dyn_size = sum - fixed;
	ai->atom_size = atom_size;
	ai->unit_size = ALIGN(max(sum, PCPU_MIN_UNIT_SIZE), atom_size);
	ai->alloc_size = ai->unit_size;
	ai->nr_groups = 1;
	ai->groups[0].nr_units = (int)nr_cpu_ids;
	ai->groups[0].cpu_map = (unsigned int *)&ai->groups[1];
	for_each_possible_cpu(cpu)
		ai->groups[0].cpu_map[cpu] = cpu;
	return ai;
}

void pcpu_free_alloc_info(struct pcpu_alloc_info *ai)
{
	WARN_ON(memblock_free(virt_to_phys(ai), ai->__ai_size));
}

/* --- the chunks ----------------------------------------------------------- */

/*
 * A chunk over units that are there already. Its map says: [0, @start) in
 * use, [@start, @end) free.
 */
static struct pcpu_chunk *make_first_chunk(void *base, int start, int end)
{
	size_t words = BITS_TO_LONGS((size_t)pcpu_unit_pages);
	struct pcpu_chunk *chunk;

	chunk = memblock_virt_alloc(sizeof(*chunk) +
				    words * sizeof(chunk->populated[0]), 0);
	chunk->base_addr = base;
	chunk->map = memblock_virt_alloc(PERCPU_DYNAMIC_EARLY_SLOTS *
					 sizeof(chunk->map[0]), 0);
	chunk->map_alloc = PERCPU_DYNAMIC_EARLY_SLOTS;
	chunk->map[0] = 0 | PCPU_USED;
	chunk->map[1] = start;
	chunk->map[2] = end | PCPU_USED;
	chunk->map_used = 2;
	chunk->first_free = 1;
	chunk->free_size = end - start;
	chunk->contig_hint = end - start;
	chunk->immutable = true;
	chunk->nr_populated = pcpu_unit_pages;
	for (int i = 0; i < pcpu_unit_pages; i++)
		chunk->populated[i / BITS_PER_LONG] |= 1UL << i % BITS_PER_LONG;
	return chunk;
}

static void check_alloc_info(const struct pcpu_alloc_info *ai, const void *base)
{
	BUG_ON(ai->nr_groups != 1);
	BUG_ON(!ai->static_size || !ai->dyn_size);
	BUG_ON(!IS_ALIGNED((uintptr_t)base, PAGE_SIZE));
	BUG_ON(!IS_ALIGNED(ai->unit_size, PAGE_SIZE));
	BUG_ON(ai->unit_size < PCPU_MIN_UNIT_SIZE);
	BUG_ON(ai->unit_size < ai->static_size + ai->reserved_size +
			       ai->dyn_size);
	/* Offsets carry PCPU_USED in their lowest bit. */
	BUG_ON(ai->static_size & PCPU_USED || ai->reserved_size & PCPU_USED);
}

/* What every further chunk asks the vmalloc area for. */
static void save_groups(const struct pcpu_alloc_info *ai)
{
	unsigned long *offsets = memblock_virt_alloc(sizeof(*offsets), 0);
	size_t *sizes = memblock_virt_alloc(sizeof(*sizes), 0);

	offsets[0] = ai->groups[0].base_offset;
	sizes[0] = (size_t)ai->groups[0].nr_units * ai->unit_size;
	pcpu_group_offsets = offsets;
	pcpu_group_sizes = sizes;
	pcpu_nr_groups = ai->nr_groups;
	pcpu_atom_size = (int)ai->atom_size;
}

static void map_units(const struct pcpu_alloc_info *ai)
{
	const struct pcpu_group_info *group = &ai->groups[0];
	unsigned long *offsets;

	offsets = memblock_virt_alloc(nr_cpu_ids * sizeof(*offsets), 0);
	pcpu_unit_map = memblock_virt_alloc(nr_cpu_ids *
					    sizeof(*pcpu_unit_map), 0);
	for (int unit = 0; unit < group->nr_units; unit++) {
		unsigned int cpu = group->cpu_map[unit];

		if (cpu == NR_CPUS)
			continue;
		BUG_ON(cpu >= nr_cpu_ids);
		pcpu_unit_map[cpu] = (unsigned int)unit;
		offsets[cpu] = group->base_offset +
			       (unsigned long)unit * ai->unit_size;
	}
	pcpu_unit_offsets = offsets;
	pcpu_nr_units = group->nr_units;
}

void pcpu_setup_first_chunk(const struct pcpu_alloc_info *ai, void *base)
{
	int static_size = (int)ai->static_size;

	check_alloc_info(ai, base);
	save_groups(ai);
	map_units(ai);
	pcpu_static_size = static_size;
	pcpu_unit_size = (int)ai->unit_size;
	pcpu_unit_pages = pcpu_unit_size >> PAGE_SHIFT;
	pcpu_init_slots();
	pcpu_reserved_chunk_limit = static_size + (int)ai->reserved_size;
	pcpu_first_chunk_limit = pcpu_reserved_chunk_limit + (int)ai->dyn_size;
	if (ai->reserved_size)
		pcpu_reserved_chunk = make_first_chunk(base, static_size,
						pcpu_reserved_chunk_limit);
	pcpu_first_chunk = make_first_chunk(base, pcpu_reserved_chunk_limit,
					    pcpu_first_chunk_limit);
	pcpu_nr_empty_pop_pages = (pcpu_first_chunk_limit -
				   ALIGN(pcpu_reserved_chunk_limit,
					 (int)PAGE_SIZE)) >> PAGE_SHIFT;
	pcpu_chunk_relocate(pcpu_first_chunk, -1);
	pcpu_base_addr = base;
}

/* --- the boot ------------------------------------------------------------- */

/* Units in one piece of memblock memory; what they do not need goes back. */
static void *embed_units(const struct pcpu_alloc_info *ai)
{
	const struct pcpu_group_info *group = &ai->groups[0];
	size_t template = (size_t)(__per_cpu_end - __per_cpu_start);
	size_t used = ai->static_size + ai->reserved_size + ai->dyn_size;
	size_t bytes = (size_t)group->nr_units * ai->unit_size;
	char *base = memblock_virt_alloc_try_nid_nopanic(bytes, ai->atom_size,
						0, MEMBLOCK_ALLOC_ACCESSIBLE,
						NUMA_NO_NODE);

	if (!base)
		return NULL;
	for (int unit = 0; unit < group->nr_units; unit++) {
		char *addr = base + (size_t)unit * ai->unit_size;

		copy_percpu_template(addr, __per_cpu_start, template);
		if (used < ai->unit_size)
			WARN_ON(memblock_free(virt_to_phys(addr + used),
					      ai->unit_size - used));
	}
	pr_info("percpu: %u CPU%s, unit size %lu, at %p: static %lu, reserved %lu, dynamic %lu\n",
		nr_cpu_ids, nr_cpu_ids > 1 ? "s" : "",
		(unsigned long)ai->unit_size, base,
		(unsigned long)ai->static_size,
		(unsigned long)ai->reserved_size, (unsigned long)ai->dyn_size);
	return base;
}

int pcpu_embed_first_chunk(size_t reserved_size, size_t dyn_size,
			   size_t atom_size)
{
	struct pcpu_alloc_info *ai = pcpu_build_alloc_info(reserved_size,
							   dyn_size, atom_size);
	void *base = ai ? embed_units(ai) : NULL;

	if (base)
		pcpu_setup_first_chunk(ai, base);
	if (ai)
		pcpu_free_alloc_info(ai);
	return base ? 0 : -ENOMEM;
}

void setup_per_cpu_areas(void)
{
	unsigned long delta;
	unsigned int cpu;

	if (pcpu_embed_first_chunk(PERCPU_MODULE_RESERVE,
				   PERCPU_DYNAMIC_RESERVE, PAGE_SIZE))
		panic("percpu: no memory for the first chunk: %u CPU%s",
		      nr_cpu_ids, nr_cpu_ids > 1 ? "s" : "");
	delta = (uintptr_t)pcpu_base_addr - (uintptr_t)__per_cpu_start;
	for_each_possible_cpu(cpu) {
		__per_cpu_offset[cpu] = delta + pcpu_unit_offsets[cpu];
		per_cpu(cpu_number, cpu) = (int)cpu;
	}
	VM_BUG_ON(percpu_check());
}

void smp_prepare_boot_cpu(void)
{
	set_my_cpu_offset(__per_cpu_offset[0]);
}

/*
 * Maps that have to grow must be kmalloc()'s. What they had of memblock stays
 * reserved: as in Linux, nobody gives it back.
 */
void percpu_init_late(void)
{
	struct pcpu_chunk *const chunks[] = {
		pcpu_first_chunk, pcpu_reserved_chunk,
	};
	size_t bytes = PERCPU_DYNAMIC_EARLY_SLOTS * sizeof(int);

	for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
		int *map = chunks[i] ? kzalloc(bytes, GFP_KERNEL) : NULL;

		if (!chunks[i])
			continue;
		if (!map)
			panic("percpu: no memory for a chunk's map");
		memcpy(map, chunks[i]->map, bytes);
		chunks[i]->map = map;
	}
	pcpu_maps_grow = true;
	mm_transition("percpu_init_late");
}
