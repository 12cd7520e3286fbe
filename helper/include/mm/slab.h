/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * slab.h - objects of one size from caches, and kmalloc().
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <asm/cache.h>
#include <mm/gfp.h>
#include <mm/types.h>

/* Flags of kmem_cache_create(). Values: Linux 4.9. */
#define SLAB_CONSISTENCY_CHECKS	0x00000100u
#define SLAB_RED_ZONE		0x00000400u
#define SLAB_POISON		0x00000800u
#define SLAB_HWCACHE_ALIGN	0x00002000u
#define SLAB_CACHE_DMA		0x00004000u
#define SLAB_STORE_USER		0x00010000u
#define SLAB_RECLAIM_ACCOUNT	0x00020000u
#define SLAB_PANIC		0x00040000u
#define SLAB_DESTROY_BY_RCU	0x00080000u
#define SLAB_MEM_SPREAD		0x00100000u
#define SLAB_TRACE		0x00200000u
#define SLAB_NOLEAKTRACE	0x00800000u

struct kmem_cache;

/* What kmalloc(0) gives: faults when it is used, may be freed. */
#define ZERO_SIZE_PTR		((void *)16)
#define ZERO_OR_NULL_PTR(x)	((uintptr_t)(x) <= (uintptr_t)ZERO_SIZE_PTR)

#define KMALLOC_MIN_SIZE	ARCH_DMA_MINALIGN
#define KMALLOC_SHIFT_HIGH	(PAGE_SHIFT + 1)
#define KMALLOC_MAX_CACHE_SIZE	(1UL << KMALLOC_SHIFT_HIGH)
#define KMALLOC_MAX_SIZE	(PAGE_SIZE << (MAX_ORDER - 1))

/* How far the bootstrap has come. */
enum slab_state { DOWN, PARTIAL, PARTIAL_NODE, UP, FULL };
extern enum slab_state slab_state;

/** kmem_cache_init - the two boot caches, then the kmalloc caches */
void kmem_cache_init(void);
/** kmem_cache_init_late - after mm_init: slab_state is FULL */
void kmem_cache_init_late(void);

/**
 * kmem_cache_create - a cache of objects of @size bytes
 * @align: 0, or a power of two
 * @ctor:  called once for each object when its slab is made; NULL: none
 * Return: the cache, an older one where both may be merged; NULL when the name
 *         or the size cannot be or there is no memory (SLAB_PANIC: panics).
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, unsigned long flags,
				     void (*ctor)(void *));
/** kmem_cache_destroy - reports objects that are still out, and keeps it then */
void kmem_cache_destroy(struct kmem_cache *s);
/** kmem_cache_shrink - empty slabs to the page allocator; 0, or 1: some stay */
int kmem_cache_shrink(struct kmem_cache *s);

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t flags);
void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t flags);
void kmem_cache_free(struct kmem_cache *s, void *obj);
unsigned int kmem_cache_size(struct kmem_cache *s);

/** kmalloc - at least @size bytes; ZERO_SIZE_PTR for 0; NULL */
void *kmalloc(size_t size, gfp_t flags);
void *kzalloc(size_t size, gfp_t flags);
void *kcalloc(size_t n, size_t size, gfp_t flags);	/* NULL on overflow */
void *krealloc(const void *p, size_t new_size, gfp_t flags);
size_t ksize(const void *obj);			/* bytes that may be used */
void kfree(const void *obj);

/** slab_is_available - may kmalloc() be called? */
bool slab_is_available(void);

/* "slub_debug", "slub_debug=FZPU,cache", "slub_nomerge", ...; -EINVAL */
int setup_slub_param(const char *name, const char *value);

/** slab_check - SLUB-1 to -13 of every cache, slub_def.h; NULL or the ID */
const char *slab_check(void);

#endif
