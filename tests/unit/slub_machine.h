/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slub_machine.h - a machine whose caches are up, and what its slabs say.
 */
#ifndef UNIT_SLUB_MACHINE_H
#define UNIT_SLUB_MACHINE_H

#include "machine.h"
#include <mm/percpu.h>
#include <mm/slub_def.h>

#define SLUB_BLOCKS	8UL		/* of the highest order, all lowmem */
#define SLUB_CPUS	4u

/** boot_pages - as boot_slub(), up to where the caches come */
static inline void boot_pages(unsigned int cpus)
{
	new_ram_with_pool(RAM_BASE, SLUB_BLOCKS * BLOCK_BYTES,
			  RAM_BASE + SLUB_BLOCKS * BLOCK_BYTES);
	set_nr_cpu_ids(cpus);
	memblock_add(RAM_BASE, SLUB_BLOCKS * BLOCK_BYTES);
	boot();
}

/** boot_slub - with one boot argument; NULL: none */
static inline void boot_slub(unsigned int cpus, const char *param,
			     const char *value)
{
	boot_pages(cpus);
	if (param)
		assert_int_equal(setup_slub_param(param, value), 0);
	kmem_cache_init();
	kmem_cache_init_late();
}

static inline void assert_slabs_sound(void)
{
	const char *broken = slab_check();

	if (broken)
		fail_msg("slab_check: %s", broken);
	assert_sound();
}

/** make_cache - one that is merged with no other */
static inline struct kmem_cache *make_cache(const char *name, size_t size,
					    size_t align, unsigned long flags,
					    void (*ctor)(void *))
{
	struct kmem_cache *s = kmem_cache_create(name, size, align,
						 flags | SLAB_NOLEAKTRACE,
						 ctor);

	assert_non_null(s);
	assert_int_equal(s->refcount, 1);
	return s;
}

static inline struct kmem_cache *cache_named(const char *name)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static inline struct kmem_cache_cpu *cpu_of(struct kmem_cache *s,
					    unsigned int cpu)
{
	return per_cpu_ptr(s->cpu_slab, cpu);
}

static inline struct page *slab_of(const void *object)
{
	return compound_head(virt_to_page(object));
}

/** freelist_length - entries, bounded */
static inline unsigned int freelist_length(const struct kmem_cache *s,
					   void *object)
{
	unsigned int n = 0;

	for (; object; n++) {
		assert_true(n < MAX_OBJS_PER_PAGE);
		object = *(void **)(void *)((char *)object + s->offset);
	}
	return n;
}

static inline unsigned long list_length(const struct list_head *head)
{
	const struct list_head *pos;
	unsigned long n = 0;

	for (pos = head->next; pos != head; pos = pos->next)
		n++;
	return n;
}

/** pages_free - exactly, with no page on a per-CPU list */
static inline unsigned long pages_free(void)
{
	struct zone *zone;
	unsigned long n = 0;

	drain_all_pages(NULL);
	for_each_zone(zone)
		n += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return n;
}

/** shrink_all - no cache keeps an empty slab */
static inline void shrink_all(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		kmem_cache_shrink(s);
}

/* --- a machine with next to no memory ------------------------------------- */

struct hoard {
	struct page *first;		/* pages taken away, by private */
	unsigned long pages;
};

/** hoard_all - take every page but @left; requests may use the reserves */
static inline struct hoard hoard_all(unsigned long left)
{
	struct hoard h = { NULL, 0 };
	struct page *page;

	memalloc_noreclaim = true;
	while ((page = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 0))) {
		set_page_private(page, (unsigned long)h.first);
		h.first = page;
		h.pages++;
	}
	assert_int_equal(pages_free(), 0);
	for (; left; left--) {
		page = h.first;
		assert_non_null(page);
		h.first = (struct page *)page_private(page);
		set_page_private(page, 0);
		__free_page(page);
	}
	return h;
}

static inline void hoard_free(struct hoard *h)
{
	while (h->first) {
		struct page *page = h->first;

		h->first = (struct page *)page_private(page);
		set_page_private(page, 0);
		__free_page(page);
	}
	memalloc_noreclaim = false;
	drain_all_pages(NULL);
}

#endif
