/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mlx5dv_dr.h - in the place of rdma-core's header of this name: of all its
 * driver, only what its buddy allocator works on.
 */
#ifndef BENCH_MLX5DV_DR_H
#define BENCH_MLX5DV_DR_H

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <ccan/list.h>

struct dr_icm_buddy_mem {
	unsigned long **bits;		/* one bitmap an order */
	unsigned long **set_bit;	/* which words of it are not 0 */
	unsigned int *num_free;
	uint32_t max_order;
	struct list_node list_node;
	struct list_head used_list, hot_list;
};

int dr_buddy_init(struct dr_icm_buddy_mem *buddy, uint32_t max_order);
int dr_buddy_alloc_mem(struct dr_icm_buddy_mem *buddy, int order);
void dr_buddy_free_mem(struct dr_icm_buddy_mem *buddy, uint32_t seg, int order);

#endif
