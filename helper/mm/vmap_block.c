// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmap_block.c - vm_map_ram(): short-lived mappings of few pages, cut from
 * blocks of addresses that each CPU has for itself.
 *
 * Contract: addresses are given out of a block once, from its start up; when
 *           all of them have come back, the block goes to the lazy purge.
 * May call: vmalloc.c, vmap.c, slub.c.  Called by: anybody; vmalloc.c to purge.
 * Fails:    NULL when addresses, page tables or memory run out.
 */
#include <mm/bug.h>
#include <mm/percpu.h>
#include <mm/slab.h>

#include "vmalloc_internal.h"
#include "vmap_block.h"

DEFINE_PER_CPU(struct vmap_block_queue, vmap_block_queue);

/* All blocks, by address: what is unmapped may be another CPU's. */
static struct rb_root vmap_block_tree;
static spinlock_t vmap_block_tree_lock;

void vmap_block_init(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue,
							   cpu);

		spin_lock_init(&vbq->lock);
		INIT_LIST_HEAD(&vbq->free);
	}
}

/* --- the tree ------------------------------------------------------------- */

static void insert_block(struct vmap_block *vb)
{
	unsigned long flags = spin_lock_irqsave(&vmap_block_tree_lock);
	struct rb_node **link = &vmap_block_tree.rb_node, *parent = NULL;

	while (*link) {
		struct vmap_block *other = rb_entry(*link, struct vmap_block,
						    rb_node);

		parent = *link;
		link = vb->va->va_start < other->va->va_start ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&vb->rb_node, parent, link);
	rb_insert_color(&vb->rb_node, &vmap_block_tree);
	spin_unlock_irqrestore(&vmap_block_tree_lock, flags);
}

static void erase_block(struct vmap_block *vb)
{
	unsigned long flags = spin_lock_irqsave(&vmap_block_tree_lock);

	rb_erase(&vb->rb_node, &vmap_block_tree);
	spin_unlock_irqrestore(&vmap_block_tree_lock, flags);
}

static struct vmap_block *find_block(unsigned long addr)
{
	unsigned long flags = spin_lock_irqsave(&vmap_block_tree_lock);
	struct rb_node *n = vmap_block_tree.rb_node;
	struct vmap_block *found = NULL;

	while (n && !found) {
		struct vmap_block *vb = rb_entry(n, struct vmap_block, rb_node);

		if (addr < vb->va->va_start)
			n = n->rb_left;
		else if (addr >= vb->va->va_end)
			n = n->rb_right;
		else
			found = vb;
	}
	spin_unlock_irqrestore(&vmap_block_tree_lock, flags);
	return found;
}

/* --- blocks --------------------------------------------------------------- */

/* A new block whose first 1 << @order pages are taken; NULL. */
static struct vmap_block *new_vmap_block(unsigned int order, gfp_t gfp)
{
	struct vmap_block_queue *vbq = this_cpu_ptr(&vmap_block_queue);
	struct vmap_block *vb = kzalloc(sizeof(*vb), gfp & GFP_RECLAIM_MASK);
	unsigned long flags;

	if (!vb)
		return NULL;
	vb->va = alloc_vmap_area(VMAP_BLOCK_SIZE, VMAP_BLOCK_SIZE,
				 VMALLOC_START, VMALLOC_END, gfp);
	if (!vb->va) {
		kfree(vb);
		return NULL;
	}
	vb->queue = vbq;
	vb->free = VMAP_BBMAP_BITS - (1UL << order);
	vb->dirty_min = VMAP_BBMAP_BITS;
	insert_block(vb);
	flags = spin_lock_irqsave(&vbq->lock);
	list_add_tail(&vb->free_list, &vbq->free);
	spin_unlock_irqrestore(&vbq->lock, flags);
	return vb;
}

static void free_vmap_block(struct vmap_block *vb)
{
	erase_block(vb);
	free_vmap_area_noflush(vb->va);
	kfree(vb);
}

/* 1 << @order pages of a block of this CPU's; 0: none has room. */
static unsigned long take_from_queue(unsigned int order)
{
	struct vmap_block_queue *vbq = this_cpu_ptr(&vmap_block_queue);
	unsigned long flags = spin_lock_irqsave(&vbq->lock), addr = 0;
	struct vmap_block *vb;

	list_for_each_entry(vb, &vbq->free, free_list) {
		if (vb->free < 1UL << order)
			continue;
		addr = vb->va->va_start +
		       ((VMAP_BBMAP_BITS - vb->free) << PAGE_SHIFT);
		vb->free -= 1UL << order;
		if (!vb->free)
			list_del(&vb->free_list);
		break;
	}
	spin_unlock_irqrestore(&vbq->lock, flags);
	return addr;
}

static unsigned int order_of(unsigned long size)
{
	return fls_long((size - 1) >> PAGE_SHIFT);
}

static unsigned long vb_alloc(unsigned long size, gfp_t gfp)
{
	unsigned int order = order_of(size);
	unsigned long addr = take_from_queue(order);
	struct vmap_block *vb;

	if (addr)
		return addr;
	vb = new_vmap_block(order, gfp);
	return vb ? vb->va->va_start : 0;
}

static void vb_free(unsigned long addr, unsigned long size)
{
	unsigned int order = order_of(size);
	struct vmap_block *vb = find_block(addr);
	unsigned long flags, offset;
	bool all_dirty;

	BUG_ON(!vb);
	offset = (addr - vb->va->va_start) >> PAGE_SHIFT;
	/* Given out, and not all of what was given out is back. */
	BUG_ON(!IS_ALIGNED(addr, PAGE_SIZE) ||
	       offset + (1UL << order) > VMAP_BBMAP_BITS - vb->free ||
	       vb->free + vb->dirty + (1UL << order) > VMAP_BBMAP_BITS);
	flush_cache_vunmap(addr, addr + size);
	vunmap_page_range(addr, addr + size);

	flags = spin_lock_irqsave(&vb->queue->lock);
	vb->dirty_min = min(vb->dirty_min, offset);
	vb->dirty_max = max(vb->dirty_max, offset + (1UL << order));
	vb->dirty += 1UL << order;
	all_dirty = vb->dirty == VMAP_BBMAP_BITS;	/* VMAP-2: not queued */
	spin_unlock_irqrestore(&vb->queue->lock, flags);
	if (all_dirty)
		free_vmap_block(vb);
}

/* --- purging -------------------------------------------------------------- */

/* Blocks of which all that was given out has come back; off the queue. */
static struct llist_node *__take_fragmented(struct vmap_block_queue *vbq)
{
	struct llist_head found = { NULL };
	struct list_head *pos, *next;

	for (pos = vbq->free.next; pos != &vbq->free; pos = next) {
		struct vmap_block *vb = list_entry(pos, struct vmap_block,
						   free_list);

		next = pos->next;
		if (!vb->dirty || vb->free + vb->dirty != VMAP_BBMAP_BITS)
			continue;
		list_del(&vb->free_list);
		vb->free = 0;
		vb->dirty = VMAP_BBMAP_BITS;
		llist_add(&vb->purge, &found);
	}
	return found.first;
}

void purge_fragmented_blocks_allcpus(void)
{
	unsigned int cpu;

	if (!vmap_initialized)
		return;
	for_each_possible_cpu(cpu) {
		struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue,
							   cpu);
		unsigned long flags = spin_lock_irqsave(&vbq->lock);
		struct llist_node *node = __take_fragmented(vbq), *next;

		spin_unlock_irqrestore(&vbq->lock, flags);
		for (; node; node = next) {
			next = node->next;
			free_vmap_block(llist_entry(node, struct vmap_block,
						    purge));
		}
	}
}

/*
 * Linux 4.9 looks at the queues only, and misses what has come back of a block
 * that was given out whole; the tree has them all.
 */
void vm_unmap_aliases(void)
{
	unsigned long start = ~0UL, end = 0, flags;
	bool flush = false;

	if (!vmap_initialized)
		return;
	flags = spin_lock_irqsave(&vmap_block_tree_lock);
	for (struct rb_node *n = rb_first(&vmap_block_tree); n;
	     n = rb_next(n)) {
		struct vmap_block *vb = rb_entry(n, struct vmap_block, rb_node);
		unsigned long base = vb->va->va_start;

		if (!vb->dirty)
			continue;
		start = min(start, base + (vb->dirty_min << PAGE_SHIFT));
		end = max(end, base + (vb->dirty_max << PAGE_SHIFT));
		flush = true;
	}
	spin_unlock_irqrestore(&vmap_block_tree_lock, flags);
	__purge_vmap_area_lazy(start, end, true, flush);
}

/* --- vm_map_ram ----------------------------------------------------------- */

void vm_unmap_ram(const void *mem, unsigned int count)
{
	unsigned long addr = (unsigned long)mem;
	unsigned long size = (unsigned long)count << PAGE_SHIFT;
	struct vmap_area *va;

	BUG_ON(!addr || !count);
	if (count <= VMAP_MAX_ALLOC) {
		vb_free(addr, size);
		return;
	}
	va = find_vmap_area(addr);
	BUG_ON(!va || va->flags & VM_VM_AREA || va->va_start != addr ||
	       va->va_end != addr + size);
	free_unmap_vmap_area(va);
}

void *vm_map_ram(struct page **pages, unsigned int count,
		 int node __maybe_unused, pgprot_t prot)
{
	unsigned long size = (unsigned long)count << PAGE_SHIFT, addr = 0;
	struct vmap_area *va;

	if (!count || count > totalram_pages)
		return NULL;
	if (count <= VMAP_MAX_ALLOC) {
		addr = vb_alloc(size, GFP_KERNEL);
	} else {
		va = alloc_vmap_area(size, PAGE_SIZE, VMALLOC_START,
				     VMALLOC_END, GFP_KERNEL);
		if (va)
			addr = va->va_start;
	}
	if (!addr)
		return NULL;
	if (vmap_page_range(addr, addr + size, prot, pages) < 0) {
		vm_unmap_ram((void *)addr, count);
		return NULL;
	}
	return (void *)addr;
}

/* --- checking ------------------------------------------------------------- */

static const char *check_block(const struct vmap_block *vb)
{
	const struct list_head *pos;
	bool queued = false;

	if (vb->free + vb->dirty > VMAP_BBMAP_BITS)
		return "VMAP-1";
	for (pos = vb->queue->free.next; pos != &vb->queue->free;
	     pos = pos->next)
		queued = queued || pos == &vb->free_list;
	if (queued != !!vb->free)
		return "VMAP-2";
	if (vb->va->va_end - vb->va->va_start != VMAP_BLOCK_SIZE ||
	    !IS_ALIGNED(vb->va->va_start, VMAP_BLOCK_SIZE) ||
	    vb->va->flags & VM_VM_AREA ||
	    find_vmap_area(vb->va->va_start) != vb->va)
		return "VMAP-3";
	for (unsigned long i = VMAP_BBMAP_BITS - vb->free;
	     i < VMAP_BBMAP_BITS; i++) {
		pte_t *pte = virt_to_kpte(vb->va->va_start + (i << PAGE_SHIFT));

		if (pte && !pte_none(*pte))
			return "VMAP-4";
	}
	return NULL;
}

const char *vmap_block_check(void)
{
	const char *broken = rb_check(&vmap_block_tree);

	for (struct rb_node *n = rb_first(&vmap_block_tree); n && !broken;
	     n = rb_next(n))
		broken = check_block(rb_entry(n, struct vmap_block, rb_node));
	return broken;
}
