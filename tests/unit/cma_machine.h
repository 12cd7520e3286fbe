/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cma_machine.h - the machine that areas are declared on: both zones, nothing taken. */
#ifndef UNIT_CMA_MACHINE_H
#define UNIT_CMA_MACHINE_H

#include "handover.h"

#include <mm/printk.h>
#include <mm/slab.h>

#define LOW_BLOCKS	6UL
#define HIGH_BLOCKS	6UL
#define LIMIT		(RAM_BASE + LOW_BLOCKS * BLOCK_BYTES)
#define RAM_END		(LIMIT + HIGH_BLOCKS * BLOCK_BYTES)
#ifndef TOP
#define TOP		(MAX_ORDER - 1)
#endif

/* Memory is known and lowmem has its limit: where areas are declared. */
static inline int setup(void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, RAM_END - RAM_BASE, LIMIT);
	memblock_add(RAM_BASE, RAM_END - RAM_BASE);
	sanity_check_meminfo();
	memblock_set_current_limit(arm_lowmem_limit);
	return 0;
}

static inline int declare(phys_addr_t base, phys_addr_t size, phys_addr_t limit,
		   bool fixed, struct cma **ret)
{
	return cma_declare_contiguous(base, size, limit, 0, 0, fixed, "test",
				      ret);
}

/** boot_on - from declared areas to where they can be activated */
static inline void boot_on(void)
{
	boot();
	kmem_cache_init();
}

static inline phys_addr_t base_of(const struct cma *cma)
{
	return PFN_PHYS(cma->base_pfn);
}

#endif
