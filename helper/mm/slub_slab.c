// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_slab.c - pages that become a slab, and a slab that becomes pages.
 *
 * Contract: slub_def.h: SLUB-1, SLUB-2, SLUB-5, SLUB-10, SLUB-12.
 * May call: page_alloc.c, slub_debug.c, vmstat.h.  Called by: SLUB.
 * Fails:    NULL when there are no pages.
 */
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/string.h>
#include <mm/vmstat.h>

#include "slab.h"

/* How a caller wants its memory; all else is the slab's own affair. */
#define GFP_RECLAIM_MASK (__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | \
			  __GFP_NOWARN | __GFP_REPEAT | __GFP_NOFAIL |	\
			  __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | \
			  __GFP_ATOMIC)
#define GFP_CONSTRAINT_MASK __GFP_HARDWALL
/* An object has an address: no zone without, and none above 4 GB. */
#define GFP_SLAB_BUG_MASK (__GFP_DMA32 | __GFP_HIGHMEM)

/* --- shuffled freelists --------------------------------------------------- */

bool slab_freelist_random;
static u32 random_state = 0x6d6d7363;

/* xorshift: attackers are not this machine's trouble, repeatability is. */
static u32 next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

int setup_freelist_random(const char *value)
{
	const char *end;
	phys_addr_t seed;

	if (!strcmp(value, "on") || !strcmp(value, "off")) {
		slab_freelist_random = value[1] == 'n';
		return 0;
	}
	seed = memparse(value, &end);
	if (end == value || *end || !(u32)seed)
		return -EINVAL;
	random_state = (u32)seed;
	slab_freelist_random = true;
	return 0;
}

/* Every number below the count once, in an order that each cache has alone. */
int init_cache_random_seq(struct kmem_cache *s)
{
	unsigned int count = oo_objects(s->oo);
	unsigned int *seq;

	if (!slab_freelist_random || s->random_seq || count < 2)
		return 0;
	seq = kcalloc(count, sizeof(*seq), GFP_KERNEL);
	if (!seq)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int j = next_random() % (i + 1);

		seq[i] = seq[j];
		seq[j] = i * s->size;
	}
	s->random_seq = seq;
	return 0;
}

void slub_init_random(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		if (init_cache_random_seq(s))
			pr_warn("SLUB: %s: no memory to shuffle freelists\n",
				s->name);
}

/* --- a freelist through all objects --------------------------------------- */

static void setup_object(const struct kmem_cache *s, void *object)
{
	if (kmem_cache_debug(s))
		setup_object_debug(s, object);
	if (unlikely(s->ctor))
		s->ctor(object);
}

static void link_in_order(const struct kmem_cache *s, struct page *page)
{
	void *last = NULL;

	page->freelist = fixup_red_left(s, page_address(page));
	for_each_object(object, s, page) {
		setup_object(s, object);
		if (last)
			set_freepointer(s, last, object);
		last = object;
	}
	set_freepointer(s, last, NULL);
}

/*
 * The cache's order, begun somewhere. A slab of lower order than oo has fewer
 * objects than the order names: those that are not there are left out.
 */
static void link_shuffled(const struct kmem_cache *s, struct page *page)
{
	unsigned int count = oo_objects(s->oo);
	unsigned int limit = page->objects * s->size;
	unsigned int pos = next_random() % count;
	char *base = fixup_red_left(s, page_address(page));
	void *last = NULL;

	for (unsigned int i = 0; i < count; i++) {
		unsigned int offset = s->random_seq[pos];

		pos = pos + 1 == count ? 0 : pos + 1;
		if (offset >= limit)
			continue;
		setup_object(s, base + offset);
		if (last)
			set_freepointer(s, last, base + offset);
		else
			page->freelist = base + offset;
		last = base + offset;
	}
	set_freepointer(s, last, NULL);
}

/* --- pages ---------------------------------------------------------------- */

/*
 * A large block if it is easily had: no reserves, no reclaim. Else one that
 * has room for an object, as hard as the caller asks for.
 */
static struct page *alloc_slab_pages(const struct kmem_cache *s, gfp_t gfp,
				     struct kmem_cache_order_objects *ret_oo)
{
	gfp_t light = (gfp | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL;
	struct page *page;

	if (gfp & __GFP_DIRECT_RECLAIM && oo_order(s->oo) > oo_order(s->min))
		light = (light | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM;
	*ret_oo = s->oo;
	page = alloc_pages(light, oo_order(s->oo));
	if (likely(page))
		return page;
	*ret_oo = s->min;
	return alloc_pages(gfp, oo_order(s->min));
}

static void account_slab(const struct kmem_cache *s, struct page *page,
			 unsigned int order, long sign)
{
	struct kmem_cache_node *n = get_node(s);

	mod_zone_page_state(page_zone(page),
			    s->flags & SLAB_RECLAIM_ACCOUNT ?
			    NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE,
			    sign * (1L << order));
	/* The very first slab is made before the node it will hold. */
	if (likely(n)) {
		atomic_long_add(sign, &n->nr_slabs);
		atomic_long_add(sign * (long)page->objects, &n->total_objects);
	}
}

struct page *new_slab(struct kmem_cache *s, gfp_t gfp)
{
	struct kmem_cache_order_objects oo;
	struct page *page;

	if (unlikely(gfp & GFP_SLAB_BUG_MASK))
		pr_warn("SLUB: %s: gfp 0x%x asks for memory without an address: 0x%x is left out\n",
			s->name, gfp, gfp & GFP_SLAB_BUG_MASK);
	gfp &= GFP_RECLAIM_MASK | GFP_CONSTRAINT_MASK;
	page = alloc_slab_pages(s, gfp | s->allocflags, &oo);
	if (!page)
		return NULL;
	page->slab_cache = s;
	SetPageSlab(page);
	mm_page_event(MM_SLAB_BEGINS, page_to_pfn(page), 1UL << oo_order(oo),
		      oo_order(oo));
	page->objects = oo_objects(oo) & MAX_OBJS_PER_PAGE;
	page->inuse = page->objects;
	page->frozen = 1;
	if (kmem_cache_debug(s))
		setup_slab_debug(s, page, oo_order(oo));
	if (unlikely(s->random_seq))
		link_shuffled(s, page);
	else
		link_in_order(s, page);
	account_slab(s, page, oo_order(oo), 1);
	return page;
}

/*
 * With SLAB_DESTROY_BY_RCU readers may look at an object until a grace period
 * is over. One CPU that frees is in no reader's section: it is over.
 */
void discard_slab(struct kmem_cache *s, struct page *page)
{
	unsigned int order = compound_order(page);

	VM_BUG_ON(!PageSlab(page));			/* SLUB-5 */
	VM_BUG_ON(page->inuse || page->frozen);
	if (s->flags & SLAB_CONSISTENCY_CHECKS)
		check_slab_empty(s, page);
	account_slab(s, page, order, -1);
	ClearPageSlab(page);
	mm_page_event(MM_SLAB_ENDS, page_to_pfn(page), 1UL << order, order);
	page->_mapcount.counter = -1;
	page->freelist = NULL;
	page->slab_cache = NULL;
	__free_pages(page, order);
}
