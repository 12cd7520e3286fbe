// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmalloc.c - which addresses of the vmalloc area are free.
 *
 * Contract: hands out the lowest free range that fits, and takes it back: at
 *           once into vmap_purge_list, for good after a flush of the TLB.
 * May call: slub.c, vmap.c to unmap, lib/rbtree.c.
 * Called by: vm_area.c, vmap_block.c.
 * Fails:    NULL when the addresses or the memory for an area run out.
 */
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/slab.h>

#include "vmalloc_internal.h"

struct list_head vmap_area_list = LIST_HEAD_INIT(vmap_area_list);
struct rb_root vmap_area_root;
struct llist_head vmap_purge_list;
long vmap_lazy_nr;
spinlock_t vmap_area_lock;
bool vmap_initialized;

/*
 * Where the last search ended: the next one goes on behind it, unless it could
 * fit into a hole that was passed: cached_hole_size is the largest of them.
 */
struct rb_node *free_vmap_cache;
unsigned long cached_hole_size;
static unsigned long cached_vstart, cached_align;

/* Areas above it leave no hole that percpu's search has not seen. */
static unsigned long vmap_area_pcpu_hole;

/* --- the tree and the list ------------------------------------------------ */

struct vmap_area *__find_vmap_area(unsigned long addr)
{
	struct vmap_area *va = __first_vmap_area(addr);

	return va && va->va_start <= addr ? va : NULL;
}

struct vmap_area *__first_vmap_area(unsigned long addr)
{
	struct rb_node *n = vmap_area_root.rb_node;
	struct vmap_area *first = NULL;

	while (n) {
		struct vmap_area *va = rb_entry(n, struct vmap_area, rb_node);

		if (va->va_end > addr) {
			first = va;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return first;
}

struct vmap_area *find_vmap_area(unsigned long addr)
{
	unsigned long flags = spin_lock_irqsave(&vmap_area_lock);
	struct vmap_area *va = __find_vmap_area(addr);

	spin_unlock_irqrestore(&vmap_area_lock, flags);
	return va;
}

void __insert_vmap_area(struct vmap_area *va)
{
	struct rb_node **link = &vmap_area_root.rb_node, *parent = NULL;
	struct list_head *before = &vmap_area_list;

	while (*link) {
		struct vmap_area *other = rb_entry(*link, struct vmap_area,
						   rb_node);

		parent = *link;
		if (va->va_end <= other->va_start) {
			link = &parent->rb_left;
		} else {
			BUG_ON(va->va_start < other->va_end);
			before = &other->list;
			link = &parent->rb_right;
		}
	}
	rb_link_node(&va->rb_node, parent, link);
	rb_insert_color(&va->rb_node, &vmap_area_root);
	list_add(&va->list, before);
}

void __free_vmap_area(struct vmap_area *va)
{
	struct vmap_area *cache;

	if (free_vmap_cache) {
		cache = rb_entry(free_vmap_cache, struct vmap_area, rb_node);
		if (va->va_end < cached_vstart)
			free_vmap_cache = NULL;
		else if (va->va_start <= cache->va_start)
			/* What has become free lies behind the new hint. */
			free_vmap_cache = rb_prev(&va->rb_node);
	}
	rb_erase(&va->rb_node, &vmap_area_root);
	RB_CLEAR_NODE(&va->rb_node);
	list_del(&va->list);
	if (va->va_end > VMALLOC_START && va->va_end <= VMALLOC_END)
		vmap_area_pcpu_hole = max(vmap_area_pcpu_hole, va->va_end);
	kfree(va);
}

/* --- allocating ----------------------------------------------------------- */

/* The area from which on to search for [addr, ...), and that address. */
static struct vmap_area *__search_start(unsigned long size,
					unsigned long align,
					unsigned long vstart,
					unsigned long *addr)
{
	struct vmap_area *cache;

	if (size <= cached_hole_size || vstart < cached_vstart ||
	    align < cached_align)
		free_vmap_cache = NULL;
	if (free_vmap_cache) {
		cache = rb_entry(free_vmap_cache, struct vmap_area, rb_node);
		*addr = ALIGN(cache->va_end, align);
		if (*addr >= vstart)
			return vmap_area_next(cache);
		free_vmap_cache = NULL;
	}
	cached_hole_size = 0;
	*addr = ALIGN(vstart, align);
	return __first_vmap_area(*addr);
}

static int __find_hole(unsigned long size, unsigned long align,
		       unsigned long vstart, unsigned long vend,
		       unsigned long *ret)
{
	unsigned long addr, past;
	struct vmap_area *next = __search_start(size, align, vstart, &addr);

	cached_vstart = vstart;
	cached_align = align;
	for (;; next = vmap_area_next(next)) {
		if (addr >= vend || addr < vstart || vend - addr < size)
			return -ENOSPC;
		if (!next || addr + size <= next->va_start)
			break;
		if (addr < next->va_start)
			cached_hole_size = max(cached_hole_size,
					       next->va_start - addr);
		past = ALIGN(next->va_end, align);
		if (past < addr)		/* beyond the last address */
			return -ENOSPC;
		addr = past;
	}
	*ret = addr;
	return 0;
}

static int __place_vmap_area(struct vmap_area *va, unsigned long size,
			     unsigned long align, unsigned long vstart,
			     unsigned long vend)
{
	unsigned long flags = spin_lock_irqsave(&vmap_area_lock);
	int err = __find_hole(size, align, vstart, vend, &va->va_start);

	if (!err) {
		va->va_end = va->va_start + size;
		va->flags = 0;
		va->vm = NULL;
		__insert_vmap_area(va);
		free_vmap_cache = &va->rb_node;
	}
	spin_unlock_irqrestore(&vmap_area_lock, flags);
	return err;
}

struct vmap_area *alloc_vmap_area(unsigned long size, unsigned long align,
				  unsigned long vstart, unsigned long vend,
				  gfp_t gfp)
{
	struct vmap_area *va;

	VM_BUG_ON(!size || size & ~PAGE_MASK);
	VM_BUG_ON(align & (align - 1));
	va = kmalloc(sizeof(*va), gfp & GFP_RECLAIM_MASK);
	if (!va)
		return NULL;
	if (!__place_vmap_area(va, size, align, vstart, vend))
		return va;
	__purge_vmap_area_lazy(~0UL, 0, true, false);
	if (!__place_vmap_area(va, size, align, vstart, vend))
		return va;
	if (!(gfp & __GFP_NOWARN))
		pr_warn("vmalloc: no room for %lu bytes: boot with a larger vmalloc=\n",
			size);
	kfree(va);
	return NULL;
}

/* --- freeing -------------------------------------------------------------- */

/* From how many pages on they are purged: flushing seldom is the point. */
static long lazy_max_pages(void)
{
	return (long)(fls_long(num_online_cpus()) *
		      ((32UL << 20) / PAGE_SIZE));
}

void __purge_vmap_area_lazy(unsigned long start, unsigned long end, bool sync,
			    bool force_flush)
{
	struct llist_node *list, *next;
	unsigned long flags, pages = 0;

	if (sync)
		purge_fragmented_blocks_allcpus();
	list = llist_del_all(&vmap_purge_list);
	for (struct llist_node *n = list; n; n = n->next) {
		struct vmap_area *va = llist_entry(n, struct vmap_area,
						   purge_list);

		start = min(start, va->va_start);
		end = max(end, va->va_end);
		pages += (va->va_end - va->va_start) >> PAGE_SHIFT;
	}
	vmap_lazy_nr -= (long)pages;
	if (pages || force_flush)
		flush_tlb_kernel_range(start, end);

	flags = spin_lock_irqsave(&vmap_area_lock);
	for (; list; list = next) {
		next = list->next;
		__free_vmap_area(llist_entry(list, struct vmap_area,
					     purge_list));
	}
	spin_unlock_irqrestore(&vmap_area_lock, flags);
}

void free_vmap_area_noflush(struct vmap_area *va)
{
	vmap_lazy_nr += (long)((va->va_end - va->va_start) >> PAGE_SHIFT);
	llist_add(&va->purge_list, &vmap_purge_list);
	if (unlikely(vmap_lazy_nr > lazy_max_pages()))
		__purge_vmap_area_lazy(~0UL, 0, false, false);
}

void free_unmap_vmap_area(struct vmap_area *va)
{
	flush_cache_vunmap(va->va_start, va->va_end);
	vunmap_page_range(va->va_start, va->va_end);
	free_vmap_area_noflush(va);
}

/* --- percpu's areas ------------------------------------------------------- */

/*
 * Where an area of @size at @base + @offset would overlap another: the highest
 * base below at which it does not, else @base itself. May wrap below 0.
 */
static unsigned long __pcpu_lower_base(unsigned long base, unsigned long offset,
				       size_t size, size_t align)
{
	struct vmap_area *va = __first_vmap_area(base + offset);

	if (!va || va->va_start >= base + offset + size)
		return base;
	while (vmap_area_next(va) &&
	       vmap_area_next(va)->va_start < base + offset + size)
		va = vmap_area_next(va);
	return ALIGN_DOWN(va->va_start - size, align) - offset;
}

static int __pcpu_find_base(const unsigned long *offsets, const size_t *sizes,
			    int nr_vms, size_t align, int last,
			    unsigned long *ret)
{
	unsigned long bottom = ALIGN(VMALLOC_START, align);
	unsigned long top = ALIGN_DOWN(VMALLOC_END, align);
	unsigned long span = offsets[last] + sizes[last], base, lower;
	struct vmap_area *above = __first_vmap_area(vmap_area_pcpu_hole);
	int fits = 0;

	if (top < bottom || top - bottom < span)
		return -ENOSPC;
	if (above && above->va_start < top)
		top = ALIGN_DOWN(above->va_start, align);
	base = top - span;
	for (int i = last; fits < nr_vms; i = (i + nr_vms - 1) % nr_vms) {
		if (base < bottom || base > top)
			return -ENOSPC;
		lower = __pcpu_lower_base(base, offsets[i], sizes[i], align);
		fits = lower == base ? fits + 1 : 0;
		base = lower;
	}
	*ret = base;
	return 0;
}

static int __pcpu_place(struct vmap_area **vas, const unsigned long *offsets,
			const size_t *sizes, int nr_vms, size_t align, int last)
{
	unsigned long flags = spin_lock_irqsave(&vmap_area_lock), base;
	int err = __pcpu_find_base(offsets, sizes, nr_vms, align, last, &base);

	for (int i = 0; !err && i < nr_vms; i++) {
		vas[i]->va_start = base + offsets[i];
		vas[i]->va_end = vas[i]->va_start + sizes[i];
		__insert_vmap_area(vas[i]);
	}
	if (!err)
		vmap_area_pcpu_hole = base + offsets[last];
	spin_unlock_irqrestore(&vmap_area_lock, flags);
	return err;
}

int pcpu_place_areas(struct vmap_area **vas, const unsigned long *offsets,
		     const size_t *sizes, int nr_vms, size_t align)
{
	int last = 0;

	for (int i = 1; i < nr_vms; i++)
		if (offsets[i] > offsets[last])
			last = i;
	if (!__pcpu_place(vas, offsets, sizes, nr_vms, align, last))
		return 0;
	__purge_vmap_area_lazy(~0UL, 0, true, false);
	return __pcpu_place(vas, offsets, sizes, nr_vms, align, last);
}

/* --- boot ----------------------------------------------------------------- */

void vmalloc_init(void)
{
	vmap_block_init();
	import_vmlist();
	vmap_area_pcpu_hole = VMALLOC_END;
	vmap_initialized = true;
	mm_transition("vmalloc_init");
}
