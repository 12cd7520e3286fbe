/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmalloc_internal.h - what the files behind vmalloc.h share.
 *
 *   vmalloc.c        which addresses are free: vmap_areas, lazy purge
 *   vm_area.c        who has them: vm_structs; early ones; percpu's
 *   vmap.c           what is mapped there; vmap(), vmalloc(), vfree()
 *   vmap_block.c     vm_map_ram()
 *   vmalloc_check.c  VMALLOC-1 to -5
 */
#ifndef VMALLOC_INTERNAL_H
#define VMALLOC_INTERNAL_H

#include <mm/spinlock.h>
#include <mm/vmalloc.h>

/* Of a caller's gfp flags, those that say how hard to try. */
#define GFP_RECLAIM_MASK						\
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_ATOMIC | __GFP_IO |		\
	 __GFP_FS | __GFP_NOWARN | __GFP_REPEAT | __GFP_NOFAIL |	\
	 __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC)

/* --- vmalloc.c ------------------------------------------------------------ */

/* Locks: the tree, the list, the cached hint, every area's vm and flags. */
extern spinlock_t vmap_area_lock;
extern struct rb_node *free_vmap_cache;
extern unsigned long cached_hole_size;	/* bytes */

/**
 * alloc_vmap_area - the lowest free @size bytes in [vstart, vend)
 * Return: NULL when there are none, after a purge, or no memory for it.
 */
struct vmap_area *alloc_vmap_area(unsigned long size, unsigned long align,
				  unsigned long vstart, unsigned long vend,
				  gfp_t gfp);
/** find_vmap_area - the area that @addr lies in; NULL */
struct vmap_area *find_vmap_area(unsigned long addr);
/** free_vmap_area_noflush - it is unmapped: purge it some time */
void free_vmap_area_noflush(struct vmap_area *va);
/** free_unmap_vmap_area - unmap it first */
void free_unmap_vmap_area(struct vmap_area *va);
/**
 * __purge_vmap_area_lazy - flush, and free what waited for it
 * @start: with @end, a range to flush as well
 * @sync:  half-empty vmap blocks too
 * @force_flush: even when nothing waits
 */
void __purge_vmap_area_lazy(unsigned long start, unsigned long end, bool sync,
			    bool force_flush);

/* vmap_area_lock is held. */
void __insert_vmap_area(struct vmap_area *va);
void __free_vmap_area(struct vmap_area *va);
struct vmap_area *__find_vmap_area(unsigned long addr);
/** __first_vmap_area - the lowest area that ends above @addr; NULL */
struct vmap_area *__first_vmap_area(unsigned long addr);

static inline struct vmap_area *vmap_area_next(const struct vmap_area *va)
{
	if (va->list.next == &vmap_area_list)
		return NULL;
	return list_entry(va->list.next, struct vmap_area, list);
}

static inline struct vmap_area *vmap_area_prev(const struct vmap_area *va)
{
	if (va->list.prev == &vmap_area_list)
		return NULL;
	return list_entry(va->list.prev, struct vmap_area, list);
}

/** pcpu_place_areas - give @vas the highest room for the pattern; -ENOSPC */
int pcpu_place_areas(struct vmap_area **vas, const unsigned long *offsets,
		     const size_t *sizes, int nr_vms, size_t align);

/* --- vmap.c --------------------------------------------------------------- */

/** vmap_page_range - as map_kernel_range_noflush(), and flush */
int vmap_page_range(unsigned long start, unsigned long end, pgprot_t prot,
		    struct page **pages);
void vunmap_page_range(unsigned long addr, unsigned long end);

/* --- vm_area.c ------------------------------------------------------------ */

struct vm_struct *__get_vm_area_node(unsigned long size, unsigned long align,
				     unsigned long flags, unsigned long start,
				     unsigned long end, gfp_t gfp,
				     const void *caller);
/** import_vmlist - vmap_areas for what was registered early */
void import_vmlist(void);

/* --- vmap_block.c --------------------------------------------------------- */

void vmap_block_init(void);
/** purge_fragmented_blocks_allcpus - free blocks in which nothing is used */
void purge_fragmented_blocks_allcpus(void);

#endif
