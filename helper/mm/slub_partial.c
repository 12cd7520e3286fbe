// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_partial.c - who holds which slab: the node's lists, and each CPU's.
 *
 * Contract: slub_def.h: SLUB-4, SLUB-6, SLUB-7, SLUB-9.
 * May call: slub_slab.c, slub.c, lib/.  Called by: the other files of SLUB.
 * Fails:    never.
 *
 * Interrupts are off, except in those that say that they turn them off.
 */
#include <arch.h>
#include <mm/percpu.h>

#include "slab.h"

/* --- the node's lists; (L) is held ---------------------------------------- */

void add_partial(struct kmem_cache_node *n, struct page *page,
		 enum slab_end end)
{
	VM_BUG_ON(!page->freelist);			/* SLUB-9 */
	VM_BUG_ON(page->frozen);			/* SLUB-4 */
	n->nr_partial++;
	if (end == DEACTIVATE_TO_TAIL)
		list_add_tail(&page->lru, &n->partial);
	else
		list_add(&page->lru, &n->partial);
}

void remove_partial(struct kmem_cache_node *n, struct page *page)
{
	list_del(&page->lru);
	n->nr_partial--;
}

/* Full slabs are found again only where that is worth something. */
void add_full(struct kmem_cache *s, struct kmem_cache_node *n,
	      struct page *page)
{
	if (s->flags & SLAB_STORE_USER)
		list_add(&page->lru, &n->full);
}

void remove_full(struct kmem_cache *s, struct page *page)
{
	if (s->flags & SLAB_STORE_USER)
		list_del(&page->lru);
}

/* --- from the node to this CPU -------------------------------------------- */

/* The slab is this CPU's, without its free objects: they are the result. */
static void *acquire_slab(struct kmem_cache_node *n, struct page *page)
{
	void *freelist = page->freelist;

	VM_BUG_ON(page->frozen);
	remove_partial(n, page);
	page->freelist = NULL;
	page->inuse = page->objects;
	page->frozen = 1;
	return freelist;
}

/*
 * Takes one slab to allocate from, and as many more to wait their turn as have
 * about half of cpu_partial objects free.
 */
void *get_partial(struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct kmem_cache_node *n = get_node(s);
	unsigned int available = 0;
	void *object = NULL;
	unsigned long flags;
	struct page *page;

	if (!n || !n->nr_partial)
		return NULL;
	flags = spin_lock_irqsave(&n->list_lock);
	do {
		page = list_first_entry_or_null(&n->partial, struct page, lru);
		if (!page)
			break;
		available += page->objects - page->inuse;
		if (!object) {
			object = acquire_slab(n, page);
			c->page = page;
		} else {
			remove_partial(n, page);
			page->frozen = 1;
			put_cpu_partial(s, page, false);
		}
	} while (kmem_cache_has_cpu_partial(s) &&
		 available <= s->cpu_partial / 2);
	spin_unlock_irqrestore(&n->list_lock, flags);
	return object;
}

/* --- from this CPU to the node -------------------------------------------- */

/* A list of pages by next: empty slabs, no longer anybody's. */
static void discard_slabs(struct kmem_cache *s, struct page *page)
{
	while (page) {
		struct page *next = page->next;

		discard_slab(s, page);
		page = next;
	}
}

static void unfreeze_partials(struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct kmem_cache_node *n = get_node(s);
	struct page *page, *discard = NULL;
	unsigned long flags;

	if (!c->partial)
		return;
	flags = spin_lock_irqsave(&n->list_lock);
	while ((page = c->partial)) {
		c->partial = page->next;
		page->frozen = 0;
		if (!page->inuse && n->nr_partial >= s->min_partial) {
			page->next = discard;
			discard = page;
		} else {
			add_partial(n, page, DEACTIVATE_TO_TAIL);
		}
	}
	spin_unlock_irqrestore(&n->list_lock, flags);
	discard_slabs(s, discard);
}

void put_cpu_partial(struct kmem_cache *s, struct page *page, bool drain)
{
	struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);
	unsigned int pobjects = page->objects - page->inuse;
	struct page *old = c->partial;
	int pages = 1;

	VM_BUG_ON(!page->frozen);
	if (old && drain && old->pobjects > (int)s->cpu_partial) {
		unfreeze_partials(s, c);
		old = NULL;
	}
	if (old) {
		pages += old->pages;
		pobjects += (unsigned int)old->pobjects;
	}
	page->pages = (__typeof__(page->pages))pages;
	page->pobjects = (__typeof__(page->pobjects))pobjects;
	page->next = old;
	c->partial = page;
}

void flush_slab(struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct page *page = c->page;
	void *freelist = c->freelist;

	c->page = NULL;
	c->freelist = NULL;
	c->tid += TID_STEP;
	deactivate_slab(s, page, freelist);
}

void __flush_cpu_slab(struct kmem_cache *s, unsigned int cpu)
{
	struct kmem_cache_cpu *c = per_cpu_ptr(s->cpu_slab, cpu);

	if (c->page)
		flush_slab(s, c);
	unfreeze_partials(s, c);
}

/* Linux asks each CPU to do it; the others do not run here. */
void flush_all(struct kmem_cache *s)
{
	unsigned long flags = arch_local_irq_save();
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		__flush_cpu_slab(s, cpu);
	arch_local_irq_restore(flags);
}

/* --- empty slabs to the page allocator: these turn interrupts off --------- */

unsigned long free_partial(struct kmem_cache *s)
{
	struct kmem_cache_node *n = get_node(s);
	unsigned long flags = spin_lock_irqsave(&n->list_lock);
	struct page *page, *next, *discard = NULL;

	for (page = list_entry(n->partial.next, struct page, lru);
	     &page->lru != &n->partial; page = next) {
		next = list_entry(page->lru.next, struct page, lru);
		if (page->inuse)
			continue;
		remove_partial(n, page);
		page->next = discard;
		discard = page;
	}
	spin_unlock_irqrestore(&n->list_lock, flags);
	discard_slabs(s, discard);
	return (unsigned long)atomic_long_read(&n->nr_slabs);
}

#define SHRINK_PROMOTE_MAX 32

static void splice_front(struct list_head *from, struct list_head *to)
{
	while (!list_empty(from)) {
		struct list_head *last = from->prev;

		list_del(last);
		list_add(last, to);
	}
}

/* Those with the fewest free objects are filled first: others may get empty. */
static void __sort_by_free(struct kmem_cache_node *n)
{
	struct list_head promote[SHRINK_PROMOTE_MAX];
	struct page *page, *next;

	for (int i = 0; i < SHRINK_PROMOTE_MAX; i++)
		INIT_LIST_HEAD(&promote[i]);
	for (page = list_entry(n->partial.next, struct page, lru);
	     &page->lru != &n->partial; page = next) {
		unsigned int nr_free = page->objects - page->inuse;

		next = list_entry(page->lru.next, struct page, lru);
		if (nr_free > SHRINK_PROMOTE_MAX)
			continue;
		list_del(&page->lru);
		list_add(&page->lru, &promote[nr_free - 1]);
	}
	for (int i = SHRINK_PROMOTE_MAX - 1; i >= 0; i--)
		splice_front(&promote[i], &n->partial);
}

void shrink_node(struct kmem_cache *s)
{
	struct kmem_cache_node *n = get_node(s);
	unsigned long flags;

	free_partial(s);
	flags = spin_lock_irqsave(&n->list_lock);
	__sort_by_free(n);
	spin_unlock_irqrestore(&n->list_lock, flags);
}
