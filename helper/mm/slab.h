/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slab.h - what the files of SLUB share. slub_def.h has the structures. */
#ifndef MM_SLAB_INTERNAL_H
#define MM_SLAB_INTERNAL_H

#include <mm/bug.h>
#include <mm/slub_def.h>

#ifdef CONFIG_DEBUG_VM
#define SLAB_DEBUG_VM true
#else
#define SLAB_DEBUG_VM false
#endif

/* Where a slab goes on its node's list: about to be used next, or last. */
enum slab_end { DEACTIVATE_TO_HEAD, DEACTIVATE_TO_TAIL };

static inline bool kmem_cache_debug(const struct kmem_cache *s)
{
	return unlikely(s->flags & SLAB_DEBUG_FLAGS);
}

/* Checks want to see every operation: no lists that belong to one CPU. */
static inline bool kmem_cache_has_cpu_partial(const struct kmem_cache *s)
{
	return !kmem_cache_debug(s);
}

static inline unsigned int slab_size_order(size_t size)
{
	return fls_long((size - 1) >> PAGE_SHIFT);
}

static inline struct page *virt_to_head_page(const void *addr)
{
	return compound_head(virt_to_page(addr));
}

/* --- an object's parts ---------------------------------------------------- */

static inline void **freepointer_of(const struct kmem_cache *s, void *object)
{
	return (void **)(void *)((char *)object + s->offset);
}

static inline void *get_freepointer(const struct kmem_cache *s, void *object)
{
	return *freepointer_of(s, object);
}

static inline void set_freepointer(const struct kmem_cache *s, void *object,
				   void *next)
{
	*freepointer_of(s, object) = next;
}

/* From where an object's bytes begin to where its user's part begins. */
static inline void *fixup_red_left(const struct kmem_cache *s, void *p)
{
	return (char *)p + s->red_left_pad;
}

/* Every object of a slab, in the order of addresses. */
#define for_each_object(p, s, page)					\
	for (char *p = fixup_red_left(s, page_address(page)),		\
	     *p##_end = p + (size_t)(page)->objects * (s)->size;	\
	     p < p##_end; p += (s)->size)

/* --- slub.c: allocating and freeing; (I) where it says __ ----------------- */

void *slab_alloc(struct kmem_cache *s, gfp_t gfp, unsigned long caller);
/* @page: the head page of @object's slab */
void slab_free(struct kmem_cache *s, struct page *page, void *object,
	       unsigned long caller);
/** deactivate_slab - a CPU's slab, with what is left of its freelist, goes */
void deactivate_slab(struct kmem_cache *s, struct page *page, void *freelist);

/* --- slub_slab.c: pages of slabs ------------------------------------------ */

struct page *new_slab(struct kmem_cache *s, gfp_t gfp);
/** discard_slab - an empty slab, on no list, back to the page allocator */
void discard_slab(struct kmem_cache *s, struct page *page);
/** slub_init_random - "slab_freelist_random=": orders for the boot's caches */
void slub_init_random(void);
/** init_cache_random_seq - an order of its own for @s; 0; -ENOMEM */
int init_cache_random_seq(struct kmem_cache *s);
int setup_freelist_random(const char *value);
extern bool slab_freelist_random;

/* --- slub_partial.c: who holds which slab --------------------------------- */

void add_partial(struct kmem_cache_node *n, struct page *page,
		 enum slab_end end);
void remove_partial(struct kmem_cache_node *n, struct page *page);
void add_full(struct kmem_cache *s, struct kmem_cache_node *n,
	      struct page *page);
void remove_full(struct kmem_cache *s, struct page *page);
/** get_partial - slabs of the node become this CPU's; a freelist, or NULL */
void *get_partial(struct kmem_cache *s, struct kmem_cache_cpu *c);
/** put_cpu_partial - one more for this CPU; @drain: give up too long a list */
void put_cpu_partial(struct kmem_cache *s, struct page *page, bool drain);
void flush_slab(struct kmem_cache *s, struct kmem_cache_cpu *c);
void __flush_cpu_slab(struct kmem_cache *s, unsigned int cpu);
/** flush_all - every CPU's slabs to the node */
void flush_all(struct kmem_cache *s);
/**
 * free_partial - the node's empty slabs to the page allocator, at the end
 * Return: slabs that still have objects out.
 */
unsigned long free_partial(struct kmem_cache *s);
/** shrink_node - the same, and the fullest slabs first on the list */
void shrink_node(struct kmem_cache *s);

/* --- slub_cache.c: a cache from its sizes --------------------------------- */

/** kmem_cache_open - fill in @s: sizes, lists, CPUs; 0, -EINVAL, -ENOMEM */
int kmem_cache_open(struct kmem_cache *s, unsigned long flags);
/** kmem_cache_release - what kmem_cache_open() took */
void kmem_cache_release(struct kmem_cache *s);
int setup_slub_order(const char *name, const char *value);
extern unsigned int slub_min_order, slub_max_order, slub_min_objects;

/* --- slab_common.c -------------------------------------------------------- */

unsigned int calculate_alignment(unsigned long flags, size_t align,
				 size_t size);
/** create_boot_cache - a cache in @s, before any can be allocated; or panics */
void create_boot_cache(struct kmem_cache *s, const char *name, size_t size,
		       unsigned long flags);
extern bool slab_nomerge;

/* --- kmalloc.c ------------------------------------------------------------ */

void create_kmalloc_caches(void);
/** kmalloc_slab - the cache for @size bytes, at most KMALLOC_MAX_CACHE_SIZE */
struct kmem_cache *kmalloc_slab(size_t size);
/**
 * lowmem_page - the head page of an address that a caller gave
 * Return: NULL, and said so, when it is not one of the linear map's.
 */
struct page *lowmem_page(const void *addr, const char *who,
			 unsigned long caller);

/* --- slub_param.c --------------------------------------------------------- */

/** kmem_cache_flags - @flags, and what slub_debug wants for @name */
unsigned long kmem_cache_flags(unsigned long flags, const char *name);
extern bool disable_higher_order_debug;

/* --- slub_debug.c: SLAB_DEBUG_FLAGS --------------------------------------- */

/** check_valid_pointer - is it an object of the slab? NULL is one, too */
bool check_valid_pointer(const struct kmem_cache *s, struct page *page,
			 const void *object);
/** on_freelist - is @object on page->freelist? a broken one: up to there */
bool on_freelist(const struct kmem_cache *s, struct page *page,
		 const void *object);
void init_object(const struct kmem_cache *s, void *object, u8 val);
/** setup_object_debug - a new slab's object: as one that is free */
void setup_object_debug(const struct kmem_cache *s, void *object);
/** setup_slab_debug - a new slab's bytes, before it has objects */
void setup_slab_debug(const struct kmem_cache *s, struct page *page,
		      unsigned int order);
/** check_slab_empty - padding and free objects, before a slab is given back */
void check_slab_empty(const struct kmem_cache *s, struct page *page);
/**
 * alloc_debug_processing - @object, taken off the freelist, may be given out
 * Return: false when the slab is not to be used any more: it counts as full.
 */
bool alloc_debug_processing(struct kmem_cache *s, struct page *page,
			    void *object, unsigned long caller);
/** free_debug_processing - may be freed; false, and said why: stays as it is */
bool free_debug_processing(struct kmem_cache *s, struct page *page,
			   void *object, unsigned long caller);
/** free_is_sane - CONFIG_DEBUG_VM's check of a cache whose flags ask for none */
bool free_is_sane(struct kmem_cache *s, struct page *page, void *object,
		  unsigned long caller);

/* --- slub_report.c: what the user reads ----------------------------------- */

struct track *get_track(const struct kmem_cache *s, void *object,
			enum track_item item);
void set_track(const struct kmem_cache *s, void *object, enum track_item item,
	       unsigned long caller);
/** init_tracking - nobody had it yet */
void init_tracking(const struct kmem_cache *s, void *object);
void slab_bug(const struct kmem_cache *s, const char *fmt, ...) __printf(2, 3);
void slab_fix(const struct kmem_cache *s, const char *fmt, ...) __printf(2, 3);
/** slab_err - a report about a slab; object_err - about an object of it */
void slab_err(const struct kmem_cache *s, struct page *page,
	      unsigned long caller, const char *what);
void object_err(const struct kmem_cache *s, struct page *page, void *object,
		unsigned long caller, const char *what);
/** print_overwritten - [first, end) is not all @wanted */
void print_overwritten(const u8 *first, const u8 *end, u8 wanted);
/** print_trailer - who had the object, and its bytes */
void print_trailer(const struct kmem_cache *s, struct page *page, void *object);
void print_slab(const struct kmem_cache *s, struct page *page);
void print_caller(unsigned long caller);
void trace_object(const struct kmem_cache *s, struct page *page, void *object,
		  bool alloc, unsigned long caller);
/** report_leaks - each object of @s that is still out; their number */
unsigned long report_leaks(const struct kmem_cache *s);
void slab_out_of_memory(const struct kmem_cache *s, gfp_t gfp);
extern unsigned long nr_slab_bugs;	/* reports since boot */

#endif
