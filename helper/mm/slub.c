// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub.c - objects of a cache: out of a CPU's slab, and back into theirs.
 *
 * Contract: slab.h, slub_def.h.
 * May call: the other files of SLUB, page_alloc.c, percpu.h, lib/, arch.h.
 * Called by: whoever wants objects.
 * Fails:    NULL when no slab can be had. A free that cannot be is reported
 *           and left undone.
 */
#include <arch.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "slab.h"

/* --- allocating ----------------------------------------------------------- */

static inline unsigned long next_tid(unsigned long tid)
{
	return tid + TID_STEP;
}

/*
 * All that was given back to this CPU's slab from elsewhere. Where there is
 * nothing, the slab is full, and no longer the CPU's.
 */
static void *get_freelist(struct page *page)
{
	void *freelist = page->freelist;

	VM_BUG_ON(!page->frozen);			/* SLUB-4 */
	page->freelist = NULL;
	page->inuse = page->objects;
	page->frozen = freelist != NULL;
	return freelist;
}

/* Objects of a slab that the CPU has already; NULL: of none. */
static void *cpu_slab_objects(struct kmem_cache_cpu *c)
{
	for (;;) {
		if (c->page) {
			void *freelist = c->freelist;

			if (!freelist)
				freelist = get_freelist(c->page);
			if (freelist)
				return freelist;
			c->page = NULL;
			c->tid = next_tid(c->tid);
		}
		if (!c->partial)
			return NULL;
		c->page = c->partial;
		c->partial = c->page->next;
	}
}

/* From the node, or new from the page allocator. */
static void *new_slab_objects(struct kmem_cache *s, gfp_t gfp,
			      struct kmem_cache_cpu *c)
{
	void *freelist = get_partial(s, c);
	struct page *page;

	if (freelist)
		return freelist;
	page = new_slab(s, gfp);
	if (!page)
		return NULL;
	/* The page allocator may have called somebody who used this cache. */
	if (c->page)
		flush_slab(s, c);
	freelist = page->freelist;
	page->freelist = NULL;
	c->page = page;
	return freelist;
}

/* With checks each object costs its slab a way to the node and back. */
static bool take_debug_object(struct kmem_cache *s, struct kmem_cache_cpu *c,
			      void *object, unsigned long caller)
{
	struct page *page = c->page;
	bool good = alloc_debug_processing(s, page, object, caller);

	c->page = NULL;
	c->freelist = NULL;
	c->tid = next_tid(c->tid);
	if (PageSlab(page))
		deactivate_slab(s, page,
				good ? get_freepointer(s, object) : NULL);
	return good;
}

static noinline void *__slab_alloc(struct kmem_cache *s, gfp_t gfp,
				   unsigned long caller)
{
	struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);
	void *object;

	for (;;) {
		object = cpu_slab_objects(c);
		if (!object)
			object = new_slab_objects(s, gfp, c);
		if (!object) {
			slab_out_of_memory(s, gfp);
			return NULL;
		}
		if (likely(!kmem_cache_debug(s)))
			break;
		if (take_debug_object(s, c, object, caller))
			return object;
	}
	VM_BUG_ON(!c->page->frozen);			/* SLUB-6 */
	c->freelist = get_freepointer(s, object);
	c->tid = next_tid(c->tid);
	return object;
}

static __always_inline void *__slab_alloc_fast(struct kmem_cache *s, gfp_t gfp,
					       unsigned long caller)
{
	unsigned long flags = arch_local_irq_save();
	struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);
	void *object = c->freelist;

	if (likely(object)) {
		c->freelist = get_freepointer(s, object);
		c->tid = next_tid(c->tid);
	} else {
		object = __slab_alloc(s, gfp, caller);
	}
	arch_local_irq_restore(flags);
	if (unlikely(gfp & __GFP_ZERO) && object)
		memset(object, 0, s->object_size);
	return object;
}

void *slab_alloc(struct kmem_cache *s, gfp_t gfp, unsigned long caller)
{
	return __slab_alloc_fast(s, gfp, caller);
}

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t flags)
{
	return __slab_alloc_fast(s, flags, _RET_IP_);
}

void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t flags)
{
	return __slab_alloc_fast(s, flags | __GFP_ZERO, _RET_IP_);
}

/* --- freeing -------------------------------------------------------------- */

/* The slab's last object is back. (L) is held. */
static void __take_off_lists(struct kmem_cache *s, struct page *page,
			     bool was_full)
{
	if (was_full)
		remove_full(s, page);
	else
		remove_partial(get_node(s), page);
}

/*
 * An object of a slab that is not the one this CPU allocates from. A frozen
 * slab stays where it is, whoever frees; a full one becomes this CPU's.
 */
static noinline void __slab_free(struct kmem_cache *s, struct page *page,
				 void *object, unsigned long caller)
{
	struct kmem_cache_node *n = get_node(s);
	unsigned long flags;
	bool was_full, empty;

	if (kmem_cache_debug(s) &&
	    !free_debug_processing(s, page, object, caller))
		return;
	was_full = !page->freelist;
	set_freepointer(s, object, page->freelist);
	page->freelist = object;
	page->inuse--;
	if (page->frozen)
		return;
	if (was_full && kmem_cache_has_cpu_partial(s)) {
		page->frozen = 1;
		put_cpu_partial(s, page, true);
		return;
	}
	flags = spin_lock_irqsave(&n->list_lock);
	empty = !page->inuse && n->nr_partial >= s->min_partial;
	if (empty) {
		__take_off_lists(s, page, was_full);
	} else if (was_full) {
		remove_full(s, page);
		add_partial(n, page, DEACTIVATE_TO_TAIL);
	}
	spin_unlock_irqrestore(&n->list_lock, flags);
	if (empty)
		discard_slab(s, page);
}

static __always_inline void slab_free_fast(struct kmem_cache *s,
					   struct page *page, void *object,
					   unsigned long caller)
{
	unsigned long flags = arch_local_irq_save();
	struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);

	if (SLAB_DEBUG_VM && !(s->flags & SLAB_CONSISTENCY_CHECKS) &&
	    !free_is_sane(s, page, object, caller)) {
		arch_local_irq_restore(flags);
		return;
	}
	if (likely(page == c->page)) {
		set_freepointer(s, object, c->freelist);
		c->freelist = object;
		c->tid = next_tid(c->tid);
	} else {
		__slab_free(s, page, object, caller);
	}
	arch_local_irq_restore(flags);
}

void slab_free(struct kmem_cache *s, struct page *page, void *object,
	       unsigned long caller)
{
	slab_free_fast(s, page, object, caller);
}

/* @obj is not one of @s: whose then? Linux gives it to @s all the same. */
static noinline void free_to_other_cache(struct kmem_cache *s, void *obj,
					 unsigned long caller)
{
	struct page *page = lowmem_page(obj, "kmem_cache_free()", caller);

	if (!page)
		return;
	if (!PageSlab(page)) {
		slab_bug(s, "kmem_cache_free() of 0x%lx by %pS: it is in no slab",
			 (unsigned long)obj, (void *)caller);
		return;
	}
	slab_bug(s, "kmem_cache_free() of 0x%lx by %pS: it is one of %s",
		 (unsigned long)obj, (void *)caller, page->slab_cache->name);
	slab_free(page->slab_cache, page, obj, caller);
}

void kmem_cache_free(struct kmem_cache *s, void *obj)
{
	unsigned long addr = (unsigned long)obj;
	struct page *page;

	if (unlikely(!obj))
		return;
	if (likely(addr >= PAGE_OFFSET &&
		   addr < (unsigned long)high_memory)) {
		page = virt_to_head_page(obj);
		if (likely(PageSlab(page) && page->slab_cache == s)) {
			slab_free_fast(s, page, obj, _RET_IP_);
			return;
		}
	}
	free_to_other_cache(s, obj, _RET_IP_);
}

/* --- a CPU gives a slab up ------------------------------------------------ */

/* What the CPU had not given out goes back, first entry last. */
static void return_freelist(struct kmem_cache *s, struct page *page,
			    void *freelist)
{
	while (freelist) {
		void *next = get_freepointer(s, freelist);

		VM_BUG_ON(!page->inuse);		/* SLUB-3 */
		set_freepointer(s, freelist, page->freelist);
		page->freelist = freelist;
		page->inuse--;
		freelist = next;
	}
}

void deactivate_slab(struct kmem_cache *s, struct page *page, void *freelist)
{
	struct kmem_cache_node *n = get_node(s);
	/* Others have freed into it: it is likely to get empty. Not soon. */
	enum slab_end end = page->freelist ? DEACTIVATE_TO_TAIL :
					     DEACTIVATE_TO_HEAD;
	unsigned long flags;
	bool empty;

	VM_BUG_ON(!page->frozen);			/* SLUB-4 */
	return_freelist(s, page, freelist);
	page->frozen = 0;
	flags = spin_lock_irqsave(&n->list_lock);
	empty = !page->inuse && n->nr_partial >= s->min_partial;
	if (!empty && page->freelist)
		add_partial(n, page, end);
	else if (!empty)
		add_full(s, n, page);
	spin_unlock_irqrestore(&n->list_lock, flags);
	if (empty)
		discard_slab(s, page);
}
