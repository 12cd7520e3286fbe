/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slub_def.h - what a cache is made of: slabs, and who holds which.
 *
 * A slab is a block of pages cut into objects of one size. It is
 *   frozen    one CPU's: the one that it allocates from (kmem_cache_cpu.page),
 *             or one of those that wait for their turn (.partial)
 *   partial   on its node's list: some of its objects are free
 *   full      on no list, or with SLAB_STORE_USER on the node's full list
 * Names and the order of members are Linux 4.9's, without sysfs and memcg.
 *
 * Where one CPU's lists change, interrupts are off; Linux does without that by
 * a cmpxchg of two words at once, which one CPU does not need. tid counts on
 * all the same, so that a reader of memory sees the lists move.
 *
 * Each slab, its struct page:
 *   SLUB-1  every entry of a freelist is an object of this slab: in it, and a
 *           multiple of size (and red_left_pad) from its start
 *   SLUB-2  a freelist ends with NULL within `objects` entries: no loop
 *   SLUB-3  inuse + entries of page->freelist == objects. What is on a CPU's
 *           own freelist counts as in use, and is at most inuse
 *   SLUB-4  frozen exactly when it is a CPU's
 *   SLUB-5  PageSlab; its cache is on slab_caches; its order holds `objects`
 *           objects and is that of oo or, when memory was short, of min
 * Locks: (L) node's list_lock, (I) interrupts off, this CPU only
 */
#ifndef MM_SLUB_DEF_H
#define MM_SLUB_DEF_H

#include <mm/mm.h>
#include <mm/slab.h>

/* How many objects a slab has and of which order it is, in one word. */
struct kmem_cache_order_objects {
	unsigned long x;		/* order << OO_SHIFT | objects */
};
#define OO_SHIFT	16
#define OO_MASK		((1UL << OO_SHIFT) - 1)
#define MAX_OBJS_PER_PAGE 32767u	/* page->objects has 15 bits */

/*
 * One CPU's part of a cache.
 *   SLUB-6  a freelist without a page there is not; the page is frozen
 *   SLUB-7  partial's first page counts in pages the slabs of the list
 *   SLUB-8  tid modulo TID_STEP is the CPU's number
 */
struct kmem_cache_cpu {
	void **freelist;		/* (I) next object to give out */
	unsigned long tid;		/* (I) each operation adds TID_STEP */
	struct page *page;		/* (I) the slab freelist is of */
	struct page *partial;		/* (I) frozen, by page->next */
};
#define TID_STEP NR_CPUS
_Static_assert((TID_STEP & (TID_STEP - 1)) == 0, "a CPU in the low bits");

/*
 * The slabs of a cache that no CPU holds.
 *   SLUB-9  nr_partial == slabs on partial, and each has a free object; with
 *           SLAB_STORE_USER, each on full has none
 *   SLUB-10 nr_slabs and total_objects are those of all slabs: over all
 *           caches, the PageSlab blocks of memory; with SLAB_STORE_USER, those
 *           on partial and full
 */
struct kmem_cache_node {
	spinlock_t list_lock;
	unsigned long nr_partial;	/* (L) */
	struct list_head partial;	/* (L) by page->lru */
	atomic_long_t nr_slabs;
	atomic_long_t total_objects;
	struct list_head full;		/* (L) only with SLAB_STORE_USER */
};

/*
 * A cache. An object of it, offsets from its start:
 *
 *   -red_left_pad    SLAB_RED_ZONE: bytes in front, up to the slab's start or
 *                    the object before
 *   0                object_size bytes for the user
 *   object_size      padding, or a red zone, up to inuse
 *   offset           the free pointer: 0, or behind inuse where the object's
 *                    own bytes must not change (constructor, poison, RCU)
 *                    then SLAB_STORE_USER: two struct track, more red zone,
 *                    padding
 *   size - red_left_pad  the next object's red_left_pad
 *
 *   SLUB-11 object_size <= inuse; offset is 0, or inuse; the free pointer and
 *           red_left_pad lie within size; size is a multiple of align, which
 *           is one of pointers; oo, min and max say how many objects of size
 *           fit in their orders, min <= oo <= max
 *   SLUB-12 the vmstat items NR_SLAB_* of each zone are the pages of its slabs
 *   SLUB-13 slab_caches is a sound list (LIST-3); each cache has a name, a
 *           node, CPUs' parts, and a refcount that is above 0, or -1
 */
struct kmem_cache {
	struct kmem_cache_cpu __percpu *cpu_slab;
	unsigned long flags;		/* SLAB_*, __OBJECT_POISON */
	unsigned long min_partial;	/* empty slabs above it are given back */
	unsigned int size;		/* of an object with all around it */
	unsigned int object_size;	/* what the user asked for */
	unsigned int offset;		/* of the free pointer */
	unsigned int cpu_partial;	/* free objects, about; 0: no such list */
	struct kmem_cache_order_objects oo;	/* of a new slab */
	struct kmem_cache_order_objects max;
	struct kmem_cache_order_objects min;	/* when oo cannot be had */
	gfp_t allocflags;		/* added for each slab */
	int refcount;			/* users; < 0: never merged */
	void (*ctor)(void *);
	unsigned int inuse;		/* end of object and right red zone */
	unsigned int align;
	unsigned int reserved;		/* at a slab's end; never any: 0 */
	const char *name;
	struct list_head list;		/* slab_caches */
	unsigned int red_left_pad;
	unsigned int *random_seq;	/* byte offsets of objects, shuffled */
	struct kmem_cache_node *node[MAX_NUMNODES];
};

/* Internal flags, in bits that the users' do not have. Value: Linux 4.9. */
#define __OBJECT_POISON	0x80000000u	/* the object's own bytes, too */

#define SLAB_DEBUG_FLAGS (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | \
			  SLAB_TRACE | SLAB_CONSISTENCY_CHECKS)

/* Patterns of bytes. Values: Linux's. */
#define SLUB_RED_INACTIVE	0xbb	/* red zone of a free object */
#define SLUB_RED_ACTIVE		0xcc	/* of one in use */
#define POISON_INUSE		0x5a	/* never written; padding */
#define POISON_FREE		0x6b	/* of a free object */
#define POISON_END		0xa5	/* its last byte */

#define TRACK_ADDRS_COUNT	8

/* SLAB_STORE_USER: who allocated or freed an object last. */
struct track {
	unsigned long addr;		/* caller; 0: nobody yet */
	unsigned long addrs[TRACK_ADDRS_COUNT];	/* its callers; 0 ends */
	int cpu;
	int pid;			/* no processes here: 0 */
	unsigned long when;		/* tracked operations since boot */
};
enum track_item { TRACK_ALLOC, TRACK_FREE };

extern struct list_head slab_caches;	/* every cache there is */
extern struct kmem_cache *kmem_cache;	/* of struct kmem_cache */
extern struct kmem_cache *kmem_cache_node;	/* of kmem_cache_node */
extern struct kmem_cache *kmalloc_caches[KMALLOC_SHIFT_HIGH + 1];

static inline unsigned int oo_order(struct kmem_cache_order_objects oo)
{
	return (unsigned int)(oo.x >> OO_SHIFT);
}

static inline unsigned int oo_objects(struct kmem_cache_order_objects oo)
{
	return (unsigned int)(oo.x & OO_MASK);
}

/* Of the one node; NULL only while kmem_cache_node itself boots. */
static inline struct kmem_cache_node *get_node(const struct kmem_cache *s)
{
	return s->node[0];
}

#endif
