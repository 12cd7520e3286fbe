// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_debug.c - caches that watch their users: patterns around and in
 * objects, and each pointer looked at before it is believed.
 *
 * Contract: what is found is reported once (slub_report.c), put right as far
 *           as that can be, and the machine goes on.
 * May call: slub_report.c.  Called by: slub.c, slub_slab.c.
 * Fails:    false: the object is neither given out nor freed.
 */
#include <mm/percpu.h>
#include <mm/string.h>

#include "slab.h"

/* --- patterns ------------------------------------------------------------- */

void init_object(const struct kmem_cache *s, void *object, u8 val)
{
	u8 *p = object;

	if (s->flags & SLAB_RED_ZONE) {
		memset(p - s->red_left_pad, val, s->red_left_pad);
		memset(p + s->object_size, val, s->inuse - s->object_size);
	}
	if (s->flags & __OBJECT_POISON) {
		memset(p, POISON_FREE, s->object_size - 1);
		p[s->object_size - 1] = POISON_END;
	}
}

void setup_object_debug(const struct kmem_cache *s, void *object)
{
	init_object(s, object, SLUB_RED_INACTIVE);
	init_tracking(s, object);
}

void setup_slab_debug(const struct kmem_cache *s, struct page *page,
		      unsigned int order)
{
	if (s->flags & SLAB_POISON)
		memset(page_address(page), POISON_INUSE, PAGE_SIZE << order);
}

/* Are all bytes of [start, start + n) @value? Else: reported, and put right. */
static bool check_bytes(const struct kmem_cache *s, struct page *page,
			void *object, const char *what, u8 *start, u8 value,
			size_t n)
{
	u8 *fault = start, *end = start + n;

	while (fault < end && *fault == value)
		fault++;
	if (likely(fault == end))
		return true;
	while (end[-1] == value)
		end--;
	slab_bug(s, "%s overwritten", what);
	print_overwritten(fault, end, value);
	if (object)
		print_trailer(s, page, object);
	slab_fix(s, "%s 0x%lx-0x%lx is 0x%02x again", what,
		 (unsigned long)fault, (unsigned long)end - 1, value);
	memset(fault, value, (size_t)(end - fault));
	return false;
}

/* What is left of size behind the object's last part. */
static bool check_pad_bytes(const struct kmem_cache *s, struct page *page,
			    u8 *object)
{
	size_t used = s->inuse, size = s->size - s->red_left_pad;

	if (s->offset)
		used += sizeof(void *);
	if (s->flags & SLAB_STORE_USER)
		used += 2 * sizeof(struct track);
	return check_bytes(s, page, object, "padding behind the object",
			   object + used, POISON_INUSE, size - used);
}

/* What is left of the slab behind its last object. */
static bool slab_pad_check(const struct kmem_cache *s, struct page *page)
{
	size_t bytes = PAGE_SIZE << compound_order(page);
	size_t used = (size_t)page->objects * s->size;

	if (!(s->flags & SLAB_POISON))
		return true;
	return check_bytes(s, page, NULL, "padding at the slab's end",
			   (u8 *)page_address(page) + used, POISON_INUSE,
			   bytes - used);
}

/* --- pointers ------------------------------------------------------------- */

bool check_valid_pointer(const struct kmem_cache *s, struct page *page,
			 const void *object)
{
	unsigned long base = (unsigned long)page_address(page);
	unsigned long at = (unsigned long)object - s->red_left_pad;

	if (!object)
		return true;
	return at >= base && at - base < (size_t)page->objects * s->size &&
	       (at - base) % s->size == 0;
}

bool on_freelist(const struct kmem_cache *s, struct page *page,
		 const void *object)
{
	void *p = page->freelist;

	for (unsigned int i = 0; i < page->objects && p &&
	     check_valid_pointer(s, page, p); i++) {
		if (p == object)
			return true;
		p = get_freepointer(s, p);
	}
	return false;
}

/* Its freelist was found to be nothing: no longer partial, then. */
static void move_to_full(struct kmem_cache *s, struct page *page)
{
	struct kmem_cache_node *n = get_node(s);
	unsigned long flags = spin_lock_irqsave(&n->list_lock);

	remove_partial(n, page);
	add_full(s, n, page);
	spin_unlock_irqrestore(&n->list_lock, flags);
}

/*
 * A list that leaves the slab or has a loop ends where that is seen. What was
 * behind is lost until the slab is: it counts as in use.
 */
static void check_freelist(struct kmem_cache *s, struct page *page,
			   unsigned long caller)
{
	void *p = page->freelist, *last = NULL;
	unsigned int nr = 0;

	while (p && nr < page->objects && check_valid_pointer(s, page, p)) {
		last = p;
		p = get_freepointer(s, p);
		nr++;
	}
	if (p) {
		slab_err(s, page, caller, nr == page->objects ?
			 "the freelist has a loop" :
			 "the freelist leaves the slab");
		if (nr == page->objects || !last) {
			page->freelist = NULL;
			nr = 0;
			if (!page->frozen)
				move_to_full(s, page);
		} else {
			set_freepointer(s, last, NULL);
		}
		slab_fix(s, "the freelist ends after %u objects", nr);
	}
	if (page->inuse != page->objects - nr) {
		slab_err(s, page, caller, "objects are not counted right");
		slab_fix(s, "%u in use, not %u", page->objects - nr,
			 page->inuse);
		page->inuse = (page->objects - nr) & 0xffff;
	}
}

/* --- whole objects and slabs ---------------------------------------------- */

static bool check_object(const struct kmem_cache *s, struct page *page,
			 void *object, u8 val)
{
	u8 *p = object, *end = p + s->object_size;
	size_t gap = s->inuse - s->object_size;

	if (s->flags & SLAB_RED_ZONE) {
		if (!check_bytes(s, page, p, "red zone before the object",
				 p - s->red_left_pad, val, s->red_left_pad) ||
		    !check_bytes(s, page, p, "red zone behind the object", end,
				 val, gap))
			return false;
	} else if (s->flags & SLAB_POISON) {
		check_bytes(s, page, p, "alignment padding", end, POISON_INUSE,
			    gap);
	}
	if (s->flags & SLAB_POISON) {
		if (val == SLUB_RED_INACTIVE && s->flags & __OBJECT_POISON &&
		    (!check_bytes(s, page, p, "free object", p, POISON_FREE,
				  s->object_size - 1) ||
		     !check_bytes(s, page, p, "free object's last byte",
				  end - 1, POISON_END, 1)))
			return false;
		check_pad_bytes(s, page, p);
	}
	/* While it is in use, a free pointer inside it is the user's data. */
	if (val == SLUB_RED_ACTIVE && !s->offset)
		return true;
	if (check_valid_pointer(s, page, get_freepointer(s, p)))
		return true;
	object_err(s, page, p, 0, "its free pointer leaves the slab");
	set_freepointer(s, p, NULL);
	return false;
}

static bool check_slab(const struct kmem_cache *s, struct page *page,
		       unsigned long caller)
{
	const char *what = NULL;

	if (!PageSlab(page))
		what = "its pages are no slab's";
	else if ((size_t)page->objects * s->size >
		 PAGE_SIZE << compound_order(page))
		what = "more objects than its pages have room for";
	else if (page->inuse > page->objects)
		what = "more objects in use than there are";
	if (what) {
		slab_err(s, page, caller, what);
		return false;
	}
	slab_pad_check(s, page);
	return true;
}

void check_slab_empty(const struct kmem_cache *s, struct page *page)
{
	slab_pad_check(s, page);
	for_each_object(object, s, page)
		check_object(s, page, object, SLUB_RED_INACTIVE);
}

/* --- allocating and freeing ----------------------------------------------- */

static bool alloc_consistency_checks(struct kmem_cache *s, struct page *page,
				     void *object, unsigned long caller)
{
	if (!check_slab(s, page, caller))
		return false;
	if (!check_valid_pointer(s, page, object)) {
		slab_err(s, page, caller, "the freelist leaves the slab");
		return false;
	}
	return check_object(s, page, object, SLUB_RED_INACTIVE);
}

/*
 * The freelist that a CPU has taken, @object first. It is about to be walked
 * back into the slab: it ends where it leaves the slab, and where it has a
 * loop, nothing behind @object is believed. What is lost counts as in use.
 */
static void check_taken_freelist(const struct kmem_cache *s, struct page *page,
				 void *object, unsigned long caller)
{
	unsigned int nr = 1;
	void *last = object, *p;

	while ((p = get_freepointer(s, last)) && nr < page->objects &&
	       check_valid_pointer(s, page, p)) {
		last = p;
		nr++;
	}
	if (!p)
		return;
	slab_err(s, page, caller, nr == page->objects ?
		 "the freelist has a loop" : "the freelist leaves the slab");
	if (nr == page->objects) {
		last = object;
		nr = 1;
	}
	set_freepointer(s, last, NULL);
	slab_fix(s, "the freelist ends after %u objects", nr);
}

bool alloc_debug_processing(struct kmem_cache *s, struct page *page,
			    void *object, unsigned long caller)
{
	if (s->flags & SLAB_CONSISTENCY_CHECKS &&
	    !alloc_consistency_checks(s, page, object, caller)) {
		/* Nothing of it can be trusted: none of it is given out. */
		if (PageSlab(page)) {
			slab_fix(s, "the slab's objects all count as in use");
			page->inuse = page->objects;
			page->freelist = NULL;
		}
		return false;
	}
	if (s->flags & SLAB_CONSISTENCY_CHECKS)
		check_taken_freelist(s, page, object, caller);
	set_track(s, object, TRACK_ALLOC, caller);
	trace_object(s, page, object, true, caller);
	init_object(s, object, SLUB_RED_ACTIVE);
	return true;
}

static void pointer_err(const struct kmem_cache *s, struct page *page,
			const void *object, unsigned long caller)
{
	slab_bug(s, "free of 0x%lx, where no object begins",
		 (unsigned long)object);
	print_caller(caller);
	print_slab(s, page);
}

static bool free_consistency_checks(struct kmem_cache *s, struct page *page,
				    void *object, unsigned long caller)
{
	if (!check_slab(s, page, caller))
		return false;
	if (!check_valid_pointer(s, page, object)) {
		pointer_err(s, page, object, caller);
		return false;
	}
	check_freelist(s, page, caller);
	if (on_freelist(s, page, object)) {
		object_err(s, page, object, caller, "freed twice");
		return false;
	}
	return check_object(s, page, object, SLUB_RED_ACTIVE);
}

bool free_debug_processing(struct kmem_cache *s, struct page *page,
			   void *object, unsigned long caller)
{
	if (s->flags & SLAB_CONSISTENCY_CHECKS &&
	    !free_consistency_checks(s, page, object, caller)) {
		slab_fix(s, "0x%lx is not freed", (unsigned long)object);
		return false;
	}
	set_track(s, object, TRACK_FREE, caller);
	trace_object(s, page, object, false, caller);
	init_object(s, object, SLUB_RED_INACTIVE);
	return true;
}

/* A pointer into an object, or the one that was freed last, is cheap to see. */
bool free_is_sane(struct kmem_cache *s, struct page *page, void *object,
		  unsigned long caller)
{
	const struct kmem_cache_cpu *c = this_cpu_ptr(s->cpu_slab);

	if (!check_valid_pointer(s, page, object)) {
		pointer_err(s, page, object, caller);
	} else if (object == page->freelist ||
		 (page == c->page && (void **)object == c->freelist)) {
		object_err(s, page, object, caller, "freed twice");
	} else {
		return true;
	}
	return false;
}
