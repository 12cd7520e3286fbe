/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * whole_machine.h - a machine booted as guest/main.c boots the guest, to its
 * end: four CPUs, HighMem, two CMA areas.
 */
#ifndef UNIT_WHOLE_MACHINE_H
#define UNIT_WHOLE_MACHINE_H

#include "handover.h"
#include <mm/mm_debug.h>
#include <mm/percpu.h>
#include <mm/slab.h>
#include <mm/slub_def.h>
#include <mm/vmalloc.h>
#include <mm/watermark.h>

#define WHOLE_CPUS 4

/** boot_whole - so many largest blocks of lowmem and of HighMem */
static inline void boot_whole(unsigned long low, unsigned long high)
{
	struct cma *area;

	new_ram_with_pool(RAM_BASE, (low + high) * BLOCK_BYTES,
			  RAM_BASE + low * BLOCK_BYTES);
	memblock_add(RAM_BASE, (low + high) * BLOCK_BYTES);
	set_nr_cpu_ids(WHOLE_CPUS);
	sanity_check_meminfo();
	assert_int_equal(cma_declare_contiguous(0, 2 * BLOCK_BYTES, 0, 0, 0,
						false, "first", &area), 0);
	assert_int_equal(cma_declare_contiguous(0, BLOCK_BYTES, 0, 0, 2, false,
						"second", &area), 0);
	boot_to_zones();
	mm_init();
	kmem_cache_init_late();
	setup_per_cpu_pageset();
	init_per_zone_wmark_min();
	cma_init_reserved_areas();
}

/** assert_whole - every invariant of everything */
static inline void assert_whole(void)
{
	const char *broken = mm_check();

	if (broken)
		fail_msg("mm_check: %s", broken);
	assert_int_equal(nr_bad_pages, 0);
}

/** all_free_pages - exactly, with nothing kept in reserve anywhere */
static inline unsigned long all_free_pages(void)
{
	unsigned long pages = 0;
	struct kmem_cache *cache;
	struct zone *zone;

	list_for_each_entry(cache, &slab_caches, list)
		kmem_cache_shrink(cache);
	vm_unmap_aliases();
	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return pages;
}

#endif
