// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_check.c - SLUB-1 to SLUB-13, of every cache and every slab in memory.
 *
 * Contract: slab_check() in slab.h; changes nothing.
 * May call: lib/.  Called by: mm_debug.c, tests.
 * Fails:    never: a broken invariant is its result.
 */
#include <mm/memblock.h>
#include <mm/percpu.h>

#include "slab.h"

/* What is found in lists on the one hand, in memory on the other. */
struct census {
	unsigned long cpu_slabs;	/* in CPUs' lists */
	long nr_slabs, total_objects;	/* as the nodes count them */
	unsigned long frozen;		/* in memory, from here on */
	long slabs, objects;
	unsigned long pages[MAX_NR_ZONES][2];	/* reclaimable, and not */
};

static bool list_is_sound(const struct list_head *entry)
{
	return entry->next->prev == entry;
}

/* --- a freelist ----------------------------------------------------------- */

static const char *check_list(const struct kmem_cache *s, struct page *page,
			      void *object, unsigned int *ret_nr)
{
	*ret_nr = 0;
	for (; object; object = get_freepointer(s, object)) {
		if (!check_valid_pointer(s, page, object))
			return "SLUB-1";
		if (++*ret_nr > page->objects)
			return "SLUB-2";
	}
	return NULL;
}

/* --- one cache ------------------------------------------------------------ */

static bool oo_fits(struct kmem_cache_order_objects oo, unsigned int size)
{
	size_t bytes = PAGE_SIZE << oo_order(oo);

	return oo_order(oo) < MAX_ORDER && oo_objects(oo) &&
	       oo_objects(oo) <= MAX_OBJS_PER_PAGE &&
	       oo_objects(oo) == bytes / size;
}

static const char *check_layout(const struct kmem_cache *s)
{
	size_t end = s->inuse + (s->offset ? sizeof(void *) : 0);

	if (s->flags & SLAB_STORE_USER)
		end += 2 * sizeof(struct track);
	if (!s->align || s->align & (s->align - 1) ||
	    s->align % sizeof(void *) || !s->size || s->size % s->align ||
	    s->object_size > s->inuse || end + s->red_left_pad > s->size ||
	    (s->offset && s->offset != s->inuse))
		return "SLUB-11";
	if (!oo_fits(s->oo, s->size) || !oo_fits(s->min, s->size) ||
	    !oo_fits(s->max, s->size) || s->min.x > s->oo.x ||
	    s->oo.x > s->max.x)
		return "SLUB-11";
	if (!s->refcount || s->refcount < -1 || !s->name || !get_node(s) ||
	    !s->cpu_slab)
		return "SLUB-13";
	return NULL;
}

static const char *check_cpu_slab(const struct kmem_cache *s,
				  const struct kmem_cache_cpu *c,
				  struct census *sum)
{
	const char *broken;
	unsigned int nr;

	if (!c->page)
		return c->freelist ? "SLUB-6" : NULL;
	if (!PageSlab(c->page) || c->page->slab_cache != s)
		return "SLUB-5";
	if (!c->page->frozen)
		return "SLUB-4";
	broken = check_list(s, c->page, c->freelist, &nr);
	if (!broken && nr > c->page->inuse)
		broken = "SLUB-3";
	sum->cpu_slabs++;
	return broken;
}

static const char *check_cpu_partial(const struct kmem_cache *s,
				     const struct kmem_cache_cpu *c,
				     struct census *sum)
{
	struct page *page = c->partial;
	int left = page ? page->pages : 0;

	for (; page; page = page->next) {
		if (left-- <= 0)
			return "SLUB-7";
		if (!PageSlab(page) || page->slab_cache != s)
			return "SLUB-5";
		if (!page->frozen)
			return "SLUB-4";
		sum->cpu_slabs++;
	}
	return left ? "SLUB-7" : NULL;
}

/* @full: none of its slabs has a free object; else each has. */
static const char *check_node_list(const struct kmem_cache *s,
				   const struct list_head *list, bool full,
				   long *nr_slabs, long *nr_objects)
{
	const struct list_head *pos;

	if (!list_is_sound(list))
		return "SLUB-9";
	for (pos = list->next; pos != list; pos = pos->next) {
		const struct page *page = list_entry(pos, struct page, lru);

		if (!list_is_sound(pos))
			return "SLUB-9";
		if (!PageSlab(page) || page->slab_cache != s)
			return "SLUB-5";
		if (page->frozen)
			return "SLUB-4";
		if (full != !page->freelist)
			return "SLUB-9";
		++*nr_slabs;
		*nr_objects += page->objects;
	}
	return NULL;
}

static const char *check_node(const struct kmem_cache *s, struct census *sum)
{
	const struct kmem_cache_node *n = get_node(s);
	long nr_slabs = 0, nr_objects = 0;
	const char *broken;

	broken = check_node_list(s, &n->partial, false, &nr_slabs, &nr_objects);
	if (!broken && nr_slabs != (long)n->nr_partial)
		broken = "SLUB-9";
	if (!broken)
		broken = check_node_list(s, &n->full, true, &nr_slabs,
					 &nr_objects);
	if (broken)
		return broken;
	/* No CPU keeps a slab of a cache with debug flags. */
	if (s->flags & SLAB_STORE_USER &&
	    (nr_slabs != atomic_long_read(&n->nr_slabs) ||
	     nr_objects != atomic_long_read(&n->total_objects)))
		return "SLUB-10";
	sum->nr_slabs += atomic_long_read(&n->nr_slabs);
	sum->total_objects += atomic_long_read(&n->total_objects);
	return NULL;
}

static const char *check_cache(const struct kmem_cache *s, struct census *sum)
{
	const char *broken = check_layout(s);
	unsigned int cpu;

	if (broken)
		return broken;
	for_each_possible_cpu(cpu) {
		const struct kmem_cache_cpu *c = per_cpu_ptr(s->cpu_slab, cpu);

		if (c->tid % TID_STEP != cpu)
			return "SLUB-8";
		broken = check_cpu_slab(s, c, sum);
		if (!broken)
			broken = check_cpu_partial(s, c, sum);
		if (broken)
			return broken;
	}
	return check_node(s, sum);
}

/* --- all slabs in memory -------------------------------------------------- */

static bool is_a_cache(const struct kmem_cache *cache)
{
	const struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		if (s == cache)
			return true;
	return false;
}

static const char *check_slab_page(struct page *page, struct census *sum)
{
	const struct kmem_cache *s = page->slab_cache;
	unsigned int order = compound_order(page), nr;
	const char *broken;

	if (!is_a_cache(s))
		return "SLUB-5";
	if (!(order == oo_order(s->oo) && page->objects == oo_objects(s->oo)) &&
	    !(order == oo_order(s->min) && page->objects == oo_objects(s->min)))
		return "SLUB-5";
	broken = check_list(s, page, page->freelist, &nr);
	if (broken)
		return broken;
	if (page->inuse + nr != page->objects)
		return "SLUB-3";
	sum->frozen += page->frozen;
	sum->slabs++;
	sum->objects += page->objects;
	sum->pages[zone_idx(page_zone(page))]
		  [!(s->flags & SLAB_RECLAIM_ACCOUNT)] += 1UL << order;
	return NULL;
}

static const char *check_memory(struct census *sum)
{
	unsigned long start, end;
	const char *broken;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		for (; start < min(end, max_low_pfn); start++) {
			struct page *page = pfn_to_page(start);

			if (!PageSlab(page) || !pfn_valid(start))
				continue;
			broken = check_slab_page(page, sum);
			if (broken)
				return broken;
		}
	}
	return NULL;
}

static const char *check_census(const struct census *sum)
{
	const struct zone *zone;

	if (sum->frozen != sum->cpu_slabs)
		return "SLUB-4";
	if (sum->slabs != sum->nr_slabs || sum->objects != sum->total_objects)
		return "SLUB-10";
	for_each_zone(zone) {
		const unsigned long *pages = sum->pages[zone_idx(zone)];

		if (zone_page_state_snapshot(zone, NR_SLAB_RECLAIMABLE) !=
		    pages[0] ||
		    zone_page_state_snapshot(zone, NR_SLAB_UNRECLAIMABLE) !=
		    pages[1])
			return "SLUB-12";
	}
	return NULL;
}

const char *slab_check(void)
{
	struct census sum = { 0 };
	const struct list_head *pos;
	const char *broken;

	if (slab_state == DOWN)
		return NULL;
	if (!list_is_sound(&slab_caches))
		return "SLUB-13";
	for (pos = slab_caches.next; pos != &slab_caches; pos = pos->next) {
		if (!list_is_sound(pos))
			return "SLUB-13";
		broken = check_cache(list_entry(pos, struct kmem_cache, list),
				     &sum);
		if (broken)
			return broken;
	}
	broken = check_memory(&sum);
	return broken ? broken : check_census(&sum);
}
