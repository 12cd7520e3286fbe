/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * early_pool.h - reserved ranges that early allocations are served from.
 *
 * No Linux counterpart: a board that replays another machine's memblock says
 * in its device tree where our own early allocations shall live, so that
 * they add no region of their own. Boards without pools never notice.
 *
 *   POOL-1  no pool is memory that memblock itself could give out
 *   POOL-2  used ranges lie in pools
 */
#ifndef MM_EARLY_POOL_H
#define MM_EARLY_POOL_H

#include <mm/memblock.h>

extern struct memblock_type early_pools, early_pools_used;

/**
 * early_pool_add - let early allocations use [base, base + size)
 * Return: 0; -EINVAL: some of it is free memory (POOL-1); -ENOMEM: too many.
 */
int early_pool_add(phys_addr_t base, phys_addr_t size);

/**
 * early_pool_alloc - a range from the smallest pool piece that it fits
 * Return: 0 and its address in @ret; -ENOMEM: no pool has room in
 *         [start, end), or there is none.
 */
int early_pool_alloc(phys_addr_t size, phys_addr_t align, phys_addr_t start,
		     phys_addr_t end, phys_addr_t *ret);

/** early_pool_check - POOL-1 and POOL-2; NULL, or the ID of the broken one */
const char *early_pool_check(void);

/** early_pool_free - give back; false when the range is in no pool */
bool early_pool_free(phys_addr_t base, phys_addr_t size);

#endif
