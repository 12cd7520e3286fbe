/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what the fuzz targets share: a machine made of the input's first
 * bytes, and operations read from the rest.
 *
 * libFuzzer calls LLVMFuzzerTestOneInput(). Input is a script: whatever the
 * bytes are, they are legal operations, and the model beside them knows what
 * must come out. A mistake ends the process, which is how libFuzzer hears.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <host.h>
#include <mm/gfp.h>
#include <mm/highmem.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/percpu.h>
#include <mm/slab.h>
#include <mm/slub_def.h>
#include <mm/vmalloc.h>
#include <mm/watermark.h>

struct input {
	const u8 *at, *end;
};

/* A byte; 0 when the input is at its end. */
static inline unsigned int take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline unsigned int take16(struct input *in)
{
	unsigned int low = take(in);

	return low | take(in) << 8;
}

static inline bool more(const struct input *in)
{
	return in->at < in->end;
}

#define fuzz_fail(...) do {						\
	fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);			\
	fprintf(stderr, __VA_ARGS__);					\
	fprintf(stderr, "\nconsole:\n%s\n", host_console());		\
	abort();							\
} while (0)

#define fuzz_assert(cond) do {						\
	if (!(cond))							\
		fuzz_fail("not true: %s", #cond);			\
} while (0)

/* @broken: what a *_check() returned. */
static inline void fuzz_sound(const char *broken)
{
	if (broken)
		fuzz_fail("%s is broken", broken);
}

#define FUZZ_RAM_BASE	0x10000000UL

/**
 * fuzz_boot - a machine of @blocks largest blocks, half of them HighMem,
 * with holes and reservations as @in says; booted to after mem_init()
 */
static inline void fuzz_boot(struct input *in, unsigned long blocks)
{
	unsigned long block_bytes = MAX_ORDER_NR_PAGES << PAGE_SHIFT;
	phys_addr_t early = 8 * SZ_1M, size = blocks * block_bytes;
	unsigned int holes = take(in) % 4, reservations = take(in) % 8;

	fuzz_assert(!host_ram_init(FUZZ_RAM_BASE - early, early + size,
				   FUZZ_RAM_BASE + size / 2 +
				   (take(in) << PAGE_SHIFT)));
	memblock_add(FUZZ_RAM_BASE - early, early);
	memblock_add(FUZZ_RAM_BASE, size);
	while (holes--) {
		phys_addr_t at = take16(in) % (size >> PAGE_SHIFT);

		memblock_remove(FUZZ_RAM_BASE + (at << PAGE_SHIFT),
				(phys_addr_t)take(in) << PAGE_SHIFT);
	}
	while (reservations--)
		memblock_reserve(FUZZ_RAM_BASE + take16(in) * 64UL *
				 (size >> 22), take16(in));
	sanity_check_meminfo();
	memblock_set_current_limit(FUZZ_RAM_BASE);	/* early: below it */
	kmap_init();
	bootmem_init();
}

/** fuzz_boot_all - from there to a running system, with 1 to 4 CPUs */
static inline void fuzz_boot_all(struct input *in)
{
	set_nr_cpu_ids(1 + take(in) % 4);
	setup_per_cpu_areas();
	smp_prepare_boot_cpu();
	build_all_zonelists();
	page_alloc_init();
	mm_init();
	kmem_cache_init_late();
	setup_per_cpu_pageset();
	init_per_zone_wmark_min();
}

/**
 * fuzz_pages_left - pages that are free, or in tables, which stay once made
 *
 * With every list, slab and lazily freed area given back first.
 */
static inline unsigned long fuzz_pages_left(void)
{
	unsigned long pages = 0;
	struct kmem_cache *cache;
	struct zone *zone;

	vm_unmap_aliases();
	list_for_each_entry(cache, &slab_caches, list)
		kmem_cache_shrink(cache);
	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES) +
			 zone_page_state_snapshot(zone, NR_PAGETABLE);
	return pages;
}

/* Slabs of what stays: page tables' locks, areas on no list yet. */
#define FUZZ_KEPT_PAGES 4

static inline void fuzz_nothing_lost(unsigned long before)
{
	unsigned long after = fuzz_pages_left();

	if (after + FUZZ_KEPT_PAGES < before)
		fuzz_fail("%lu pages are lost", before - after);
	fuzz_assert(!nr_bad_pages);
}

#endif
