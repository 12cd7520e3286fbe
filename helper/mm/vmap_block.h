/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmap_block.h - the blocks behind vm_map_ram(), for vmap_block.c and tests. */
#ifndef VMAP_BLOCK_H
#define VMAP_BLOCK_H

#include <mm/percpu.h>
#include <mm/vmalloc.h>

/* Pages of one request at most; of one block. As Linux 4.9 for 32 bits. */
#define VMAP_MAX_ALLOC		((unsigned int)BITS_PER_LONG)
#define VMALLOC_PAGES		((128UL << 20) >> PAGE_SHIFT)
#define VMAP_BBMAP_BITS		(VMALLOC_PAGES / NR_CPUS / 16)
#define VMAP_BLOCK_SIZE		(VMAP_BBMAP_BITS << PAGE_SHIFT)
_Static_assert(VMAP_BBMAP_BITS >= 2 * BITS_PER_LONG &&
	       VMAP_BBMAP_BITS <= 1024 &&
	       (VMAP_BBMAP_BITS & (VMAP_BBMAP_BITS - 1)) == 0,
	       "Linux's limits of a block's size");

struct vmap_block_queue {
	spinlock_t lock;
	struct list_head free;		/* (Q) blocks with pages to give out */
};
DECLARE_PER_CPU(struct vmap_block_queue, vmap_block_queue);

/*
 * Addresses of VMAP_BBMAP_BITS pages, given out from the start up.
 *   VMAP-1  free + dirty <= VMAP_BBMAP_BITS; what is left is in use
 *   VMAP-2  it is on its CPU's queue exactly while free > 0
 *   VMAP-3  va is an aligned area of one block without a vm_struct
 *   VMAP-4  nothing is mapped in the last `free` pages
 * Locks: (Q) queue->lock
 */
struct vmap_block {
	struct vmap_area *va;
	struct vmap_block_queue *queue;	/* of the CPU that made it */
	unsigned long free;		/* (Q) pages never given out */
	unsigned long dirty;		/* (Q) pages that have come back */
	unsigned long dirty_min;	/* (Q) the first of these, */
	unsigned long dirty_max;	/* (Q) behind the last one */
	struct list_head free_list;	/* (Q) */
	struct llist_node purge;
	struct rb_node rb_node;		/* by address */
};

/** vmap_block_check - VMAP-1 to -4 of every block; NULL or the broken ID */
const char *vmap_block_check(void);

#endif
