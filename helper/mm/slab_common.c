// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slab_common.c - caches come, are shared, and go.
 *
 * Contract: slab.h.
 * May call: slub_cache.c, slub_partial.c, slub_report.c.
 * Called by: whoever wants a cache of its own; kmalloc.c; slub_cache.c's boot.
 * Fails:    NULL, said why; panics with SLAB_PANIC.
 *
 * Linux's slab_mutex is not needed: one CPU, and nothing here sleeps.
 */
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "slab.h"

/* A cache that has one of these is nobody else's. */
#define SLAB_NEVER_MERGE (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER | \
			  SLAB_TRACE | SLAB_DESTROY_BY_RCU | SLAB_NOLEAKTRACE)
/* Those merged agree in these. */
#define SLAB_MERGE_SAME	(SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA)
#define SLAB_FLAGS_PERMITTED (SLAB_DEBUG_FLAGS | SLAB_HWCACHE_ALIGN |	\
			      SLAB_CACHE_DMA | SLAB_RECLAIM_ACCOUNT |	\
			      SLAB_PANIC | SLAB_DESTROY_BY_RCU |	\
			      SLAB_MEM_SPREAD | SLAB_NOLEAKTRACE)

struct list_head slab_caches = LIST_HEAD_INIT(slab_caches);
bool slab_nomerge;

bool slab_is_available(void)
{
	return slab_state >= UP;
}

unsigned int kmem_cache_size(struct kmem_cache *s)
{
	return s->object_size;
}

/*
 * SLAB_HWCACHE_ALIGN: no object crosses a cache line that it fits in. Small
 * ones share one, as many as fit.
 */
unsigned int calculate_alignment(unsigned long flags, size_t align, size_t size)
{
	if (flags & SLAB_HWCACHE_ALIGN) {
		size_t line = L1_CACHE_BYTES;

		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	align = max(align, (size_t)ARCH_SLAB_MINALIGN);
	return (unsigned int)ALIGN(align, sizeof(void *));
}

/* --- merging -------------------------------------------------------------- */

static bool slab_unmergeable(const struct kmem_cache *s)
{
	return slab_nomerge || s->flags & SLAB_NEVER_MERGE || s->ctor ||
	       s->refcount < 0;
}

/*
 * A cache whose objects are good for this one as well, and larger by less
 * than a pointer. The newest caches are at the head: looked at last.
 */
static struct kmem_cache *find_mergeable(size_t size, size_t align,
					 unsigned long flags, const char *name,
					 void (*ctor)(void *))
{
	struct list_head *pos;

	flags = kmem_cache_flags(flags, name);
	if (slab_nomerge || ctor || flags & SLAB_NEVER_MERGE)
		return NULL;
	align = calculate_alignment(flags, align, size);
	size = ALIGN(ALIGN(size, sizeof(void *)), align);
	for (pos = slab_caches.prev; pos != &slab_caches; pos = pos->prev) {
		struct kmem_cache *s = list_entry(pos, struct kmem_cache, list);

		if (slab_unmergeable(s) || size > s->size)
			continue;
		if ((flags ^ s->flags) & SLAB_MERGE_SAME)
			continue;
		if (!IS_ALIGNED((size_t)s->size, align))
			continue;
		if (s->size - size < sizeof(void *))
			return s;
	}
	return NULL;
}

static struct kmem_cache *kmem_cache_alias(const char *name, size_t size,
					   size_t align, unsigned long flags,
					   void (*ctor)(void *))
{
	struct kmem_cache *s = find_mergeable(size, align, flags, name, ctor);

	if (!s)
		return NULL;
	s->refcount++;
	/* What is cleared for one user must be enough for the other. */
	s->object_size = max(s->object_size, (unsigned int)size);
	s->inuse = max(s->inuse, (unsigned int)ALIGN(size, sizeof(void *)));
	return s;
}

/* --- creating ------------------------------------------------------------- */

static const char *why_not(const char *name, size_t size, size_t align,
			   unsigned long flags)
{
	if (!name || !*name)
		return "it has no name";
	if (strchr(name, ' '))
		return "a space in its name";
	if (size < sizeof(void *))
		return "no room for a pointer in an object";
	if (size > KMALLOC_MAX_SIZE)
		return "objects larger than the largest block of pages";
	if (align & (align - 1) || align > KMALLOC_MAX_SIZE)
		return "the alignment is no power of two, or too large";
	if (flags & ~(unsigned long)SLAB_FLAGS_PERMITTED)
		return "flags that there are not";
	return NULL;
}

static const char *copy_name(const char *name)
{
	size_t len = strlen(name) + 1;
	char *copy = kmalloc(len, GFP_KERNEL);

	return copy ? memcpy(copy, name, len) : NULL;
}

static struct kmem_cache *create_cache(const char *name, size_t size,
				       size_t align, unsigned long flags,
				       void (*ctor)(void *))
{
	struct kmem_cache *s = kmem_cache_zalloc(kmem_cache, GFP_KERNEL);

	if (!s)
		return NULL;
	s->name = copy_name(name);
	s->object_size = (unsigned int)size;
	s->size = (unsigned int)size;
	s->align = calculate_alignment(flags, align, size);
	s->ctor = ctor;
	s->refcount = 1;
	if (s->name && !kmem_cache_open(s, flags)) {
		list_add(&s->list, &slab_caches);
		return s;
	}
	kfree(s->name);
	kmem_cache_free(kmem_cache, s);
	return NULL;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, unsigned long flags,
				     void (*ctor)(void *))
{
	const char *why = why_not(name, size, align, flags);
	struct kmem_cache *s = NULL;

	if (!why) {
		s = kmem_cache_alias(name, size, align, flags, ctor);
		if (!s)
			s = create_cache(name, size, align, flags, ctor);
		if (s)
			return s;
		why = "no memory, or no order of pages that holds an object";
	}
	if (flags & SLAB_PANIC)
		panic("kmem_cache_create(\"%s\", %lu): %s", name ? name : "",
		      (unsigned long)size, why);
	pr_warn("kmem_cache_create(\"%s\", %lu) by %pS: %s\n",
		name ? name : "", (unsigned long)size, (void *)_RET_IP_, why);
	return NULL;
}

void create_boot_cache(struct kmem_cache *s, const char *name, size_t size,
		       unsigned long flags)
{
	s->name = name;
	s->object_size = (unsigned int)size;
	s->size = (unsigned int)size;
	s->align = calculate_alignment(flags, KMALLOC_MIN_SIZE, size);
	if (kmem_cache_open(s, flags))
		panic("SLUB: the cache %s, objects of %lu bytes, cannot be",
		      name, (unsigned long)size);
	s->refcount = -1;		/* not to be merged with */
}

/* --- going ---------------------------------------------------------------- */

/*
 * A cache with objects out stays as it was, for its owner to free them and try
 * again. Linux leaves it without an owner, for ever.
 */
void kmem_cache_destroy(struct kmem_cache *s)
{
	const char *name;

	if (!s)
		return;
	if (s->refcount < 0) {
		pr_err("kmem_cache_destroy(%s) by %pS: SLUB itself needs it\n",
		       s->name, (void *)_RET_IP_);
		return;
	}
	if (s->refcount > 1) {
		s->refcount--;
		return;
	}
	flush_all(s);
	if (free_partial(s)) {
		unsigned long leaks = report_leaks(s);

		pr_err("kmem_cache_destroy(%s) by %pS: %lu objects are still out, the cache stays\n",
		       s->name, (void *)_RET_IP_, leaks);
		return;
	}
	list_del(&s->list);
	name = s->name;
	kmem_cache_release(s);
	kmem_cache_free(kmem_cache, s);
	kfree(name);
}

int kmem_cache_shrink(struct kmem_cache *s)
{
	flush_all(s);
	shrink_node(s);
	return atomic_long_read(&get_node(s)->nr_slabs) != 0;
}
