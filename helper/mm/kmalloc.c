// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kmalloc.c - memory of any size: an object of the next larger cache, or above
 * KMALLOC_MAX_CACHE_SIZE whole pages.
 *
 * Contract: slab.h.
 * May call: slub.c, page_alloc.c.  Called by: whoever wants memory.
 * Fails:    NULL. A pointer that cannot be freed is reported and left alone.
 */
#include <mm/gfp.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "page_alloc_internal.h"
#include "slab.h"

struct kmem_cache *kmalloc_caches[KMALLOC_SHIFT_HIGH + 1];

/* --- which cache ---------------------------------------------------------- */

/*
 * Powers of two, by their logarithm; 1 and 2 stand for 96 and 192 bytes, for
 * architectures whose minimum leaves room for them.
 */
static const struct {
	const char *name;
	unsigned int size;
} kmalloc_info[] = {
	{ NULL, 0 }, { "kmalloc-96", 96 }, { "kmalloc-192", 192 },
	{ "kmalloc-8", 8 }, { "kmalloc-16", 16 }, { "kmalloc-32", 32 },
	{ "kmalloc-64", 64 }, { "kmalloc-128", 128 }, { "kmalloc-256", 256 },
	{ "kmalloc-512", 512 }, { "kmalloc-1024", 1024 },
	{ "kmalloc-2048", 2048 }, { "kmalloc-4096", 4096 },
	{ "kmalloc-8192", 8192 },
};
#define KMALLOC_96	1
#define KMALLOC_192	2
_Static_assert(ARRAY_SIZE(kmalloc_info) == KMALLOC_SHIFT_HIGH + 1,
	       "a name for each kmalloc cache");
_Static_assert((KMALLOC_MIN_SIZE & (KMALLOC_MIN_SIZE - 1)) == 0 &&
	       KMALLOC_MIN_SIZE >= 8 && KMALLOC_MIN_SIZE <= 256,
	       "the smallest kmalloc cache is in the table");

/* Up to 192 bytes, by 8: the index of the cache. Filled in at boot. */
static u8 size_index[192 / 8];

static unsigned int kmalloc_shift_low(void)
{
	return fls_long(KMALLOC_MIN_SIZE) - 1;
}

static bool kmalloc_size_exists(unsigned int index)
{
	if (index == KMALLOC_96)
		return KMALLOC_MIN_SIZE <= 32;
	if (index == KMALLOC_192)
		return KMALLOC_MIN_SIZE <= 64;
	return index >= kmalloc_shift_low();
}

static void setup_kmalloc_cache_index_table(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(size_index); i++) {
		unsigned int size = max((i + 1) * 8,
					(unsigned int)KMALLOC_MIN_SIZE);
		unsigned int index = fls_long(size - 1);

		if (size > 64 && size <= 96 && kmalloc_size_exists(KMALLOC_96))
			index = KMALLOC_96;
		if (size > 128 && kmalloc_size_exists(KMALLOC_192))
			index = KMALLOC_192;
		size_index[i] = (u8)index;
	}
}

struct kmem_cache *kmalloc_slab(size_t size)
{
	if (size <= 192)
		return kmalloc_caches[size_index[(size - 1) / 8]];
	return kmalloc_caches[fls_long(size - 1)];
}

static void new_kmalloc_cache(unsigned int index)
{
	struct kmem_cache *s = kmem_cache_zalloc(kmem_cache, GFP_NOWAIT);

	if (!s)
		panic("SLUB: no memory for %s", kmalloc_info[index].name);
	create_boot_cache(s, kmalloc_info[index].name,
			  kmalloc_info[index].size, 0);
	list_add(&s->list, &slab_caches);
	s->refcount = 1;
	kmalloc_caches[index] = s;
}

/* 96 and 192 stand behind 64 and 128 on slab_caches, as in Linux. */
void create_kmalloc_caches(void)
{
	setup_kmalloc_cache_index_table();
	for (unsigned int i = kmalloc_shift_low(); i <= KMALLOC_SHIFT_HIGH;
	     i++) {
		new_kmalloc_cache(i);
		if (i == 6 && kmalloc_size_exists(KMALLOC_96))
			new_kmalloc_cache(KMALLOC_96);
		if (i == 7 && kmalloc_size_exists(KMALLOC_192))
			new_kmalloc_cache(KMALLOC_192);
	}
}

/* --- allocating ----------------------------------------------------------- */

static void *kmalloc_large(size_t size, gfp_t flags, unsigned long caller)
{
	struct page *page = NULL;

	if (WARN_ON(flags & (__GFP_HIGHMEM | __GFP_DMA32)))
		flags &= ~(__GFP_HIGHMEM | __GFP_DMA32);
	if (size <= KMALLOC_MAX_SIZE)
		page = alloc_pages(flags | __GFP_COMP, slab_size_order(size));
	else if (!(flags & __GFP_NOWARN))
		pr_warn("kmalloc(%lu) by %pS: the most is %lu\n",
			(unsigned long)size, (void *)caller, KMALLOC_MAX_SIZE);
	return page ? page_address(page) : NULL;
}

static __always_inline void *kmalloc_caller(size_t size, gfp_t flags,
					    unsigned long caller)
{
	if (unlikely(size > KMALLOC_MAX_CACHE_SIZE))
		return kmalloc_large(size, flags, caller);
	if (unlikely(!size))
		return ZERO_SIZE_PTR;
	return slab_alloc(kmalloc_slab(size), flags, caller);
}

void *kmalloc(size_t size, gfp_t flags)
{
	return kmalloc_caller(size, flags, _RET_IP_);
}

void *kzalloc(size_t size, gfp_t flags)
{
	return kmalloc_caller(size, flags | __GFP_ZERO, _RET_IP_);
}

void *kcalloc(size_t n, size_t size, gfp_t flags)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc_caller(bytes, flags | __GFP_ZERO, _RET_IP_);
}

/* --- freeing -------------------------------------------------------------- */

struct page *lowmem_page(const void *addr, const char *who,
			 unsigned long caller)
{
	unsigned long at = (unsigned long)addr;

	if (at >= PAGE_OFFSET && at < (unsigned long)high_memory &&
	    pfn_valid(PFN_DOWN(__pa(addr))))
		return virt_to_head_page(addr);
	nr_slab_bugs++;
	pr_err("%s of 0x%lx by %pS: it is no address of lowmem\n", who, at,
	       (void *)caller);
	return NULL;
}

/* Not of a slab: the start of a large block, or a mistake. */
static noinline void kfree_large(const void *obj, unsigned long caller)
{
	struct page *page = lowmem_page(obj, "kfree()", caller);

	if (!page)
		return;
	if (PageHead(page) && page_count(page) > 0 &&
	    obj == page_address(page)) {
		free_pages_from(page, compound_order(page), caller);
		return;
	}
	nr_slab_bugs++;
	pr_err("kfree() of 0x%lx by %pS: kmalloc() did not give it (page flags 0x%lx, count %d)\n",
	       (unsigned long)obj, (void *)caller, page->flags,
	       page_count(page));
}

static __always_inline void kfree_caller(const void *obj, unsigned long caller)
{
	unsigned long addr = (unsigned long)obj;
	struct page *page;

	if (unlikely(ZERO_OR_NULL_PTR(obj)))
		return;
	if (likely(addr >= PAGE_OFFSET &&
		   addr < (unsigned long)high_memory)) {
		page = virt_to_head_page(obj);
		if (likely(PageSlab(page))) {
			slab_free(page->slab_cache, page, (void *)addr, caller);
			return;
		}
	}
	kfree_large(obj, caller);
}

void kfree(const void *obj)
{
	kfree_caller(obj, _RET_IP_);
}

/* --- size and resizing ---------------------------------------------------- */

/* Bytes that the user may write without harm to what SLUB keeps there. */
static size_t slab_ksize(const struct kmem_cache *s)
{
	if (s->flags & (SLAB_RED_ZONE | SLAB_POISON))
		return s->object_size;
	if (s->flags & (SLAB_DESTROY_BY_RCU | SLAB_STORE_USER))
		return s->inuse;
	return s->size;
}

size_t ksize(const void *obj)
{
	struct page *page;

	if (ZERO_OR_NULL_PTR(obj))
		return 0;
	page = lowmem_page(obj, "ksize()", _RET_IP_);
	if (!page)
		return 0;
	if (PageSlab(page))
		return slab_ksize(page->slab_cache);
	if (WARN_ON(!PageHead(page)))
		return 0;
	return PAGE_SIZE << compound_order(page);
}

void *krealloc(const void *p, size_t new_size, gfp_t flags)
{
	size_t old;
	void *ret;

	if (!new_size) {
		kfree_caller(p, _RET_IP_);
		return ZERO_SIZE_PTR;
	}
	old = ksize(p);
	if (old >= new_size)
		return (void *)(uintptr_t)p;
	ret = kmalloc_caller(new_size, flags, _RET_IP_);
	if (!ret || !old)
		return ret;
	memcpy(ret, p, old);
	kfree_caller(p, _RET_IP_);
	return ret;
}
