// SPDX-License-Identifier: GPL-2.0-or-later
/* mmscope.c - our allocator for sequence.c: a host machine with one zone. */
#include <host.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/percpu.h>

#include "buddy.h"

#define RAM_BASE	0x10000000UL

void buddy_setup(unsigned int order)
{
	/* Beside what is asked for, room for what the boot itself takes. */
	phys_addr_t size = (PAGE_SIZE << order) + 64 * SZ_1M;

	if (host_ram_init(RAM_BASE, size, RAM_BASE + size) ||
	    memblock_add(RAM_BASE, size))
		die("mmscope: no memory");
	sanity_check_meminfo();
	memblock_set_current_limit(arm_lowmem_limit);	/* paging_init */
	bootmem_init();
	setup_per_cpu_areas();
	smp_prepare_boot_cpu();
	build_all_zonelists();
	page_alloc_init();
	mem_init();
	setup_per_cpu_pageset();
}

bool buddy_take(unsigned int order, unsigned long *ret)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);

	*ret = (unsigned long)page;
	return page;
}

void buddy_give(unsigned long block, unsigned int order)
{
	__free_pages((struct page *)block, order);
	__asm__ volatile("");
}
