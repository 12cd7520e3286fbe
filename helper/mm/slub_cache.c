// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_cache.c - a cache from its sizes, and the first two, which have to make
 * themselves.
 *
 * Contract: slub_def.h: SLUB-8, SLUB-11.
 * May call: slub_slab.c, slub_partial.c, percpu.h.  Called by: slab_common.c.
 * Fails:    -EINVAL for sizes that no slab can hold, -ENOMEM; in the
 *           bootstrap, panics.
 */
#include <mm/mm_debug.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "slab.h"

#define MIN_PARTIAL 5ul
#define MAX_PARTIAL 10ul

unsigned int slub_min_order;
unsigned int slub_max_order = 3;	/* PAGE_ALLOC_COSTLY_ORDER */
unsigned int slub_min_objects;		/* 0: from the number of CPUs */

/* Before there is memory for them. */
static struct kmem_cache boot_kmem_cache, boot_kmem_cache_node;
struct kmem_cache *kmem_cache;
struct kmem_cache *kmem_cache_node;
enum slab_state slab_state;

/* --- order and objects ---------------------------------------------------- */

static unsigned int order_objects(unsigned int order, unsigned int size)
{
	return (unsigned int)((PAGE_SIZE << order) / size);
}

static struct kmem_cache_order_objects oo_make(unsigned int order,
					       unsigned int size)
{
	struct kmem_cache_order_objects oo = {
		(unsigned long)order << OO_SHIFT | order_objects(order, size)
	};

	return oo;
}

/*
 * The lowest order that holds @min_objects and wastes at most one part in
 * @fraction; above @max_order when there is none.
 */
static unsigned int slab_order(unsigned int size, unsigned int min_objects,
			       unsigned int max_order, unsigned int fraction)
{
	unsigned int order;

	if (order_objects(slub_min_order, size) > MAX_OBJS_PER_PAGE)
		return slab_size_order((size_t)size * MAX_OBJS_PER_PAGE) - 1;
	order = max(slub_min_order,
		    slab_size_order((size_t)min_objects * size));
	for (; order <= max_order; order++) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes % size <= bytes / fraction)
			break;
	}
	return order;
}

/*
 * Rule: Linux 4.9's. Enough objects that the slow path is rare, the more CPUs
 * the more; then as little waste as can be; then fewer objects.
 */
static int calculate_order(unsigned int size)
{
	unsigned int objects = slub_min_objects, order;

	if (!objects)
		objects = 4 * (fls_long(nr_cpu_ids) + 1);
	objects = min(objects, order_objects(slub_max_order, size));
	for (; objects > 1; objects--) {
		for (unsigned int fraction = 16; fraction >= 4; fraction /= 2) {
			order = slab_order(size, objects, slub_max_order,
					   fraction);
			if (order <= slub_max_order)
				return (int)order;
		}
	}
	order = slab_order(size, 1, slub_max_order, 1);
	if (order > slub_max_order)
		order = slab_order(size, 1, MAX_ORDER, 1);
	return order < MAX_ORDER ? (int)order : -EINVAL;
}

int setup_slub_order(const char *name, const char *value)
{
	const char *end;
	phys_addr_t n = memparse(value, &end);

	if (end == value || *end)
		return -EINVAL;
	if (!strcmp(name, "slub_min_objects"))
		slub_min_objects = (unsigned int)min(n, MAX_OBJS_PER_PAGE + 0UL);
	else if (!strcmp(name, "slub_max_order"))
		slub_max_order = (unsigned int)min(n, MAX_ORDER - 1UL);
	else if (n < MAX_ORDER)
		slub_min_order = (unsigned int)n;
	else
		return -EINVAL;
	return 0;
}

/* --- the parts of an object ----------------------------------------------- */

/* Sizes in the order in which the object's parts stand: slub_def.h. */
static int calculate_sizes(struct kmem_cache *s)
{
	size_t size = ALIGN((size_t)s->object_size, sizeof(void *));
	int order;

	if (s->flags & SLAB_POISON && !(s->flags & SLAB_DESTROY_BY_RCU) &&
	    !s->ctor)
		s->flags |= __OBJECT_POISON;
	else
		s->flags &= ~(unsigned long)__OBJECT_POISON;
	/* At least a few bytes that an overrun meets. */
	if (s->flags & SLAB_RED_ZONE && size == s->object_size)
		size += sizeof(void *);
	s->inuse = (unsigned int)size;
	s->offset = 0;
	if (s->flags & (SLAB_DESTROY_BY_RCU | SLAB_POISON) || s->ctor) {
		s->offset = (unsigned int)size;
		size += sizeof(void *);
	}
	if (s->flags & SLAB_STORE_USER)
		size += 2 * sizeof(struct track);
	s->red_left_pad = 0;
	if (s->flags & SLAB_RED_ZONE) {
		size += sizeof(void *);
		s->red_left_pad = (unsigned int)ALIGN(sizeof(void *),
						      (size_t)s->align);
		size += s->red_left_pad;
	}
	size = ALIGN(size, (size_t)s->align);
	if (size > PAGE_SIZE << (MAX_ORDER - 1))
		return -EINVAL;
	s->size = (unsigned int)size;
	order = calculate_order(s->size);
	if (order < 0)
		return order;
	s->allocflags = order ? __GFP_COMP : 0;
	if (s->flags & SLAB_CACHE_DMA)
		s->allocflags |= __GFP_DMA;
	if (s->flags & SLAB_RECLAIM_ACCOUNT)
		s->allocflags |= __GFP_RECLAIMABLE;
	s->oo = oo_make((unsigned int)order, s->size);
	s->min = oo_make(slab_size_order(s->size), s->size);
	if (oo_objects(s->oo) > oo_objects(s->max))
		s->max = s->oo;
	return oo_objects(s->oo) ? 0 : -EINVAL;
}

/* The larger the object, the more a new slab costs. */
static void set_partials(struct kmem_cache *s)
{
	unsigned long log = fls_long(s->size) - 1;

	s->min_partial = clamp(log / 2, MIN_PARTIAL, MAX_PARTIAL);
	if (!kmem_cache_has_cpu_partial(s))
		s->cpu_partial = 0;
	else if (s->size >= PAGE_SIZE)
		s->cpu_partial = 2;
	else if (s->size >= 1024)
		s->cpu_partial = 6;
	else if (s->size >= 256)
		s->cpu_partial = 13;
	else
		s->cpu_partial = 30;
}

/* --- node and CPUs -------------------------------------------------------- */

static void init_kmem_cache_node(struct kmem_cache_node *n)
{
	memset(n, 0, sizeof(*n));
	spin_lock_init(&n->list_lock);
	INIT_LIST_HEAD(&n->partial);
	INIT_LIST_HEAD(&n->full);
}

/*
 * The first kmem_cache_node is the first object of the first slab of the
 * cache of such objects. Nothing can be allocated yet: it is taken by hand.
 */
static void early_kmem_cache_node_alloc(void)
{
	struct kmem_cache *s = kmem_cache_node;
	struct page *page = new_slab(s, GFP_NOWAIT);
	struct kmem_cache_node *n;

	if (!page)
		panic("SLUB: no page for the first kmem_cache_node");
	n = page->freelist;
	page->freelist = get_freepointer(s, n);
	page->inuse = 1;
	page->frozen = 0;
	if (kmem_cache_debug(s)) {
		init_object(s, n, SLUB_RED_ACTIVE);
		init_tracking(s, n);
	}
	init_kmem_cache_node(n);
	s->node[0] = n;
	atomic_long_add(1, &n->nr_slabs);
	atomic_long_add(page->objects, &n->total_objects);
	add_partial(n, page, DEACTIVATE_TO_HEAD);
}

static int init_kmem_cache_nodes(struct kmem_cache *s)
{
	struct kmem_cache_node *n;

	if (slab_state == DOWN) {
		early_kmem_cache_node_alloc();
		return 0;
	}
	n = slab_alloc(kmem_cache_node, GFP_KERNEL, _RET_IP_);
	if (!n)
		return -ENOMEM;
	init_kmem_cache_node(n);
	s->node[0] = n;
	return 0;
}

static void free_kmem_cache_nodes(struct kmem_cache *s)
{
	if (s->node[0])
		kmem_cache_free(kmem_cache_node, s->node[0]);
	s->node[0] = NULL;
}

static int alloc_kmem_cache_cpus(struct kmem_cache *s)
{
	unsigned int cpu;

	s->cpu_slab = __alloc_percpu(sizeof(struct kmem_cache_cpu),
				     2 * sizeof(void *));
	if (!s->cpu_slab)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		per_cpu_ptr(s->cpu_slab, cpu)->tid = cpu;	/* SLUB-8 */
	return 0;
}

int kmem_cache_open(struct kmem_cache *s, unsigned long flags)
{
	int err;

	s->flags = kmem_cache_flags(flags, s->name);
	err = calculate_sizes(s);
	if (!err && disable_higher_order_debug &&
	    slab_size_order(s->size) > slab_size_order(s->object_size)) {
		s->flags &= ~(unsigned long)(SLAB_RED_ZONE | SLAB_POISON |
					     SLAB_STORE_USER);
		s->max.x = 0;			/* it was of the larger size */
		err = calculate_sizes(s);
	}
	if (err)
		return err;
	set_partials(s);
	if (slab_state >= UP && init_cache_random_seq(s))
		return -ENOMEM;
	if (init_kmem_cache_nodes(s) || alloc_kmem_cache_cpus(s)) {
		kmem_cache_release(s);
		return -ENOMEM;
	}
	return 0;
}

void kmem_cache_release(struct kmem_cache *s)
{
	kfree(s->random_seq);
	s->random_seq = NULL;
	free_percpu(s->cpu_slab);
	s->cpu_slab = NULL;
	free_kmem_cache_nodes(s);
}

/* --- bootstrap ------------------------------------------------------------ */

/* Slabs know their cache by its address, which has changed. */
static void __move_slabs(struct list_head *list, struct kmem_cache *s)
{
	struct page *page;

	list_for_each_entry(page, list, lru)
		page->slab_cache = s;
}

/* A static cache moves into an object of kmem_cache, be it itself. */
static struct kmem_cache *bootstrap(struct kmem_cache *static_cache)
{
	struct kmem_cache *s = kmem_cache_zalloc(kmem_cache, GFP_NOWAIT);

	if (!s)
		panic("SLUB: no memory for %s", static_cache->name);
	memcpy(s, static_cache, sizeof(*s));
	__flush_cpu_slab(s, smp_processor_id());
	__move_slabs(&get_node(s)->partial, s);
	__move_slabs(&get_node(s)->full, s);
	list_add(&s->list, &slab_caches);
	return s;
}

void kmem_cache_init(void)
{
	kmem_cache_node = &boot_kmem_cache_node;
	kmem_cache = &boot_kmem_cache;

	create_boot_cache(kmem_cache_node, "kmem_cache_node",
			  sizeof(struct kmem_cache_node), SLAB_HWCACHE_ALIGN);
	slab_state = PARTIAL;
	create_boot_cache(kmem_cache, "kmem_cache", sizeof(struct kmem_cache),
			  SLAB_HWCACHE_ALIGN);
	kmem_cache = bootstrap(&boot_kmem_cache);
	kmem_cache_node = bootstrap(&boot_kmem_cache_node);

	create_kmalloc_caches();
	slab_state = UP;
	slub_init_random();
	pr_info("SLUB: cache lines of %d bytes, slabs of order %u to %u, %u CPUs\n",
		L1_CACHE_BYTES, slub_min_order, slub_max_order, nr_cpu_ids);
	mm_transition("kmem_cache_init");
}

void kmem_cache_init_late(void)
{
	slab_state = FULL;
	mm_transition("kmem_cache_init_late");
}
