/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu_internal.h - what the per-CPU allocator's own files share.
 *
 *   percpu.c        the ways in: allocate, free, questions about addresses
 *   percpu_first.c  the boot: possible CPUs, the first chunk, its maps' move
 *   percpu_area.c   areas in a chunk's map, chunks in their slots
 *   percpu-vm.c     further chunks, and the pages behind them
 *   percpu_check.c  PERCPU-1 to -8
 *
 * One unit is one CPU's part of a chunk. All offsets are bytes in a unit, and
 * a chunk's units lie in the same pattern for every chunk, so an address in
 * one CPU's unit and __per_cpu_offset[] give those in all the others.
 */
#ifndef PERCPU_INTERNAL_H
#define PERCPU_INTERNAL_H

#include <mm/list.h>
#include <mm/percpu.h>

/*
 * A piece of per-CPU address space: a unit for each possible CPU.
 *
 * map[] has an entry for each area, from offset 0 on: where it begins, plus
 * PCPU_USED when it is not free. Entry map_used is the chunk's end, in use.
 *
 *   PERCPU-1  map[] ascends from 0 to the chunk's end, and has room
 *   PERCPU-2  no two neighbours are both free
 *   PERCPU-3  free_size is the sum of the free areas
 *   PERCPU-4  no free area is larger than contig_hint, or before first_free
 *   PERCPU-5  the chunk is on the slot of its free_size and contig_hint; the
 *             reserved one is on none
 *   PERCPU-6  nr_populated is the bits set in populated[], and those are the
 *             pages with memory behind them, on every CPU; but all are set in
 *             an immutable chunk, up to its units' ends
 *   PERCPU-7  every page of an area in use is populated
 *   PERCPU-8  pcpu_nr_empty_pop_pages is the populated pages, of all chunks
 *             but the reserved one, that no area in use touches
 * Locks: (L) pcpu_lock
 */
struct pcpu_chunk {
	struct list_head list;		/* (L) on pcpu_slot[] */
	int free_size;			/* (L) bytes */
	int contig_hint;		/* (L) bytes */
	void *base_addr;		/* of unit offset 0 */
	int map_used;			/* (L) areas */
	int map_alloc;			/* (L) entries map[] has room for */
	int *map;			/* (L) */
	struct vm_struct **data;	/* its vmalloc areas; NULL: from boot */
	int first_free;			/* (L) index in map[] */
	bool immutable;			/* a first chunk: never depopulated */
	int nr_populated;		/* pages */
	unsigned long populated[];	/* a bit for each page of a unit */
};

#define PCPU_USED	1
#define PCPU_DFL_MAP_ALLOC	16	/* entries of a new chunk's map */
/* Free entries that an allocation wants a map to have, and those it needs. */
#define PCPU_MAP_MARGIN		64
#define PCPU_MAP_NEED		3
#define PCPU_SLOT_BASE_SHIFT	5	/* below 32 bytes all share a slot */

struct pcpu_group_info {
	int nr_units;
	unsigned long base_offset;	/* from the chunk's base address */
	unsigned int *cpu_map;		/* unit to CPU; NR_CPUS: nobody's */
};

/* How the first chunk is made, and with it every other one. Bytes a unit. */
struct pcpu_alloc_info {
	size_t static_size;
	size_t reserved_size;
	size_t dyn_size;
	size_t unit_size;
	size_t atom_size;		/* allocations are multiples of it */
	size_t alloc_size;		/* of one allocation */
	size_t __ai_size;		/* of this, as memblock has it */
	int nr_groups;			/* 1: one node */
	struct pcpu_group_info groups[];
};

extern int pcpu_unit_pages, pcpu_unit_size, pcpu_nr_units;
extern int pcpu_atom_size, pcpu_nr_groups;
extern const unsigned long *pcpu_group_offsets;
extern const size_t *pcpu_group_sizes;
extern bool pcpu_maps_grow;		/* from percpu_init_late() on */
extern unsigned int *pcpu_unit_map;	/* CPU to unit */
extern int pcpu_nr_slots;
extern struct list_head *pcpu_slot;	/* chunks by free size; last: empty */
extern struct pcpu_chunk *pcpu_first_chunk;	/* its dynamic part */
extern struct pcpu_chunk *pcpu_reserved_chunk;
extern int pcpu_static_size, pcpu_reserved_chunk_limit, pcpu_first_chunk_limit;
extern int pcpu_nr_empty_pop_pages;

/* --- percpu_area.c; the caller holds pcpu_lock ---------------------------- */

/** pcpu_init_slots - for the unit size that is known by now */
void pcpu_init_slots(void);
int pcpu_size_to_slot(int size);
int pcpu_chunk_slot(const struct pcpu_chunk *chunk);
/** pcpu_chunk_relocate - to its slot; @oslot: where it is, -1: nowhere */
void pcpu_chunk_relocate(struct pcpu_chunk *chunk, int oslot);

/**
 * pcpu_alloc_area - take an area of the chunk
 * @occ_pages: pages that no area in use touched before, and this one does
 * Return: its offset; -ENOSPC: none fits, and contig_hint is exact now.
 */
int pcpu_alloc_area(struct pcpu_chunk *chunk, int size, int align,
		    int *occ_pages);
/**
 * pcpu_free_area - the area in use that begins at @off is free
 * @occ_pages: pages that no area in use touches any more
 * Return: 0; -EINVAL: no area in use begins there, nothing has changed.
 */
int pcpu_free_area(struct pcpu_chunk *chunk, int off, int *occ_pages);

static inline int pcpu_area_start(const struct pcpu_chunk *chunk, int i)
{
	return chunk->map[i] & ~PCPU_USED;
}

static inline int pcpu_area_size(const struct pcpu_chunk *chunk, int i)
{
	return pcpu_area_start(chunk, i + 1) - pcpu_area_start(chunk, i);
}

static inline bool pcpu_area_used(const struct pcpu_chunk *chunk, int i)
{
	return chunk->map[i] & PCPU_USED;
}

/** pcpu_map_extent - entries a map should have; 0: those it has will do */
int pcpu_map_extent(const struct pcpu_chunk *chunk);

/* --- pages of a unit ------------------------------------------------------ */

static inline bool pcpu_page_populated(const struct pcpu_chunk *chunk, int page)
{
	return chunk->populated[page / BITS_PER_LONG] >>
	       (page % BITS_PER_LONG) & 1;
}

static inline char *pcpu_chunk_addr(const struct pcpu_chunk *chunk,
				    unsigned int cpu, int page)
{
	return (char *)chunk->base_addr + pcpu_unit_offsets[cpu] +
	       ((unsigned long)page << PAGE_SHIFT);
}

/* --- percpu-vm.c; no lock held -------------------------------------------- */

/** pcpu_mem_zalloc - for maps and chunks; given back by pcpu_mem_free() */
void *pcpu_mem_zalloc(size_t bytes);
void pcpu_mem_free(void *mem);

/** pcpu_create_chunk - a wholly free chunk, on no slot yet; NULL */
struct pcpu_chunk *pcpu_create_chunk(void);
/** pcpu_destroy_chunk - one without areas in use, on no slot any more */
void pcpu_destroy_chunk(struct pcpu_chunk *chunk);

/**
 * pcpu_populate_chunk - pages for [@first, @end) of every unit
 * Return: 0; -ENOMEM: those that had none have none again.
 */
int pcpu_populate_chunk(struct pcpu_chunk *chunk, int first, int end);
/** pcpu_depopulate_chunk - the same back, where there are any */
void pcpu_depopulate_chunk(struct pcpu_chunk *chunk, int first, int end);

/** pcpu_vm_chunk - whose page is behind @addr; NULL: no chunk's */
struct pcpu_chunk *pcpu_vm_chunk(const void *addr);

/* --- percpu_first.c ------------------------------------------------------- */

/**
 * pcpu_build_alloc_info - the layout of one group of all possible CPUs
 * Return: from memblock, freed by pcpu_free_alloc_info(); NULL.
 */
struct pcpu_alloc_info *pcpu_build_alloc_info(size_t reserved_size,
					      size_t dyn_size,
					      size_t atom_size);
void pcpu_free_alloc_info(struct pcpu_alloc_info *ai);
/** pcpu_embed_first_chunk - units from memblock, then the next; -ENOMEM */
int pcpu_embed_first_chunk(size_t reserved_size, size_t dyn_size,
			   size_t atom_size);
/** pcpu_setup_first_chunk - the allocator begins, with the units at @base */
void pcpu_setup_first_chunk(const struct pcpu_alloc_info *ai, void *base);

#endif
