// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rdma_core.c - the buddy allocator of rdma-core's mlx5 provider for
 * sequence.c: a bitmap an order, and one over its words.
 */
#include "mlx5dv_dr.h"

#include "buddy.h"

static struct dr_icm_buddy_mem buddy;

void buddy_setup(unsigned int order)
{
	if (dr_buddy_init(&buddy, order))
		die("rdma-core: no memory");
}

bool buddy_take(unsigned int order, unsigned long *ret)
{
	int segment = dr_buddy_alloc_mem(&buddy, (int)order);

	*ret = (unsigned long)segment;
	return segment >= 0;
}

void buddy_give(unsigned long block, unsigned int order)
{
	dr_buddy_free_mem(&buddy, (uint32_t)block, (int)order);
	__asm__ volatile("");
}
