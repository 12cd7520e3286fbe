/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcp_machine.h - a machine of several CPUs, with lists that hold pages. */
#ifndef UNIT_PCP_MACHINE_H
#define UNIT_PCP_MACHINE_H

#include "handover.h"

#include <mm/page_alloc_internal.h>

#define CPUS		4U
#define LOW_PAGES	65536UL		/* 256 MB: batch 15, high 90 */
#define HIGH_PAGES	16384UL		/* 64 MB: batch 3, high 18 */
#define LOW_BATCH	15
#define HIGH_BATCH	3
#define ALL_BYTES	((LOW_PAGES + HIGH_PAGES) << PAGE_SHIFT)

/* As after mem_init(): pages only pass through the boot pageset. */
static inline void boot_cpus(unsigned int cpus)
{
	new_ram_with_pool(RAM_BASE, ALL_BYTES,
			  RAM_BASE + (LOW_PAGES << PAGE_SHIFT));
	memblock_add(RAM_BASE, ALL_BYTES);
	set_nr_cpu_ids(cpus);
	boot();
	assert_handed_over();
}

static inline void boot_pagesets(unsigned int cpus)
{
	boot_cpus(cpus);
	setup_per_cpu_pageset();
	assert_sound();
}

static inline struct per_cpu_pages *pcp_of(enum zone_type zone,
					   unsigned int cpu)
{
	return &per_cpu_ptr(zone_of(zone)->pageset, cpu)->pcp;
}

static inline unsigned long pages_on(enum zone_type zone, unsigned int cpu,
				     int type)
{
	unsigned long n = 0;
	struct page *page;

	list_for_each_entry(page, &pcp_of(zone, cpu)->lists[type], lru)
		n++;
	return n;
}

static inline bool is_on(const struct page *wanted, enum zone_type zone,
			 unsigned int cpu, int type)
{
	struct page *page;

	list_for_each_entry(page, &pcp_of(zone, cpu)->lists[type], lru)
		if (page == wanted)
			return true;
	return false;
}

static inline unsigned long counted_free(enum zone_type zone)
{
	return zone_page_state_snapshot(zone_of(zone), NR_FREE_PAGES);
}

#endif
