// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_report.c - what a user reads when an object was misused or forgotten.
 *
 * Contract: one line says what and in which cache, those that are indented
 *           below it say where, and who had the object.
 * May call: lib/.  Called by: the other files of SLUB.
 * Fails:    never.
 */
#include <arch.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "slab.h"

#define LINE_BYTES	16
#define MAX_DUMP_BYTES	128u	/* of an object */

unsigned long nr_slab_bugs;
static unsigned long nr_tracked;	/* what Linux takes from the clock */

/* --- tracking ------------------------------------------------------------- */

struct track *get_track(const struct kmem_cache *s, void *object,
			enum track_item item)
{
	unsigned int at = s->inuse + (s->offset ? sizeof(void *) : 0);

	return (struct track *)(void *)((char *)object + at) + item;
}

#define WALK_FRAMES (TRACK_ADDRS_COUNT + 8)	/* ours lie in front */

/* Who called @caller's function; none where the stack does not say. */
static void save_trace(struct track *track, unsigned long caller)
{
	unsigned long entries[WALK_FRAMES];
	unsigned int found = arch_stack_trace(entries, WALK_FRAMES, 0);
	unsigned int from = 0;

	while (from < found && entries[from] != caller)
		from++;
	for (unsigned int i = 0; i < TRACK_ADDRS_COUNT &&
	     from + 1 + i < found; i++)
		track->addrs[i] = entries[from + 1 + i];
}

void set_track(const struct kmem_cache *s, void *object, enum track_item item,
	       unsigned long caller)
{
	struct track *track;

	if (!(s->flags & SLAB_STORE_USER))
		return;
	track = get_track(s, object, item);
	memset(track, 0, sizeof(*track));
	track->addr = caller;
	save_trace(track, caller);
	track->cpu = smp_processor_id();
	track->when = ++nr_tracked;
}

void init_tracking(const struct kmem_cache *s, void *object)
{
	if (s->flags & SLAB_STORE_USER)
		memset(get_track(s, object, TRACK_ALLOC), 0,
		       2 * sizeof(struct track));
}

static void print_track(const char *what, const struct track *track)
{
	if (!track->addr)
		return;
	printk("  %s by %pS, cpu %d, %lu operations ago\n", what,
	       (void *)track->addr, track->cpu, nr_tracked - track->when);
	for (int i = 0; i < TRACK_ADDRS_COUNT && track->addrs[i]; i++)
		printk("    called by %pS\n", (void *)track->addrs[i]);
}

static void print_tracking(const struct kmem_cache *s, void *object)
{
	if (!(s->flags & SLAB_STORE_USER))
		return;
	print_track("allocated", get_track(s, object, TRACK_ALLOC));
	print_track("freed", get_track(s, object, TRACK_FREE));
}

/* --- bytes ---------------------------------------------------------------- */

static void print_line(const char *what, const u8 *p, unsigned int n)
{
	char hex[3 * LINE_BYTES + 1], text[LINE_BYTES + 1];
	unsigned int i;

	for (i = 0; i < n; i++) {
		snprintf(hex + 3 * i, 4, " %02x", p[i]);
		text[i] = p[i] >= ' ' && p[i] < 0x7f ? (char)p[i] : '.';
	}
	text[i] = 0;
	printk("  %-8s 0x%lx:%-48s %s\n", what, (unsigned long)p, hex, text);
}

static void print_section(const char *what, const u8 *p, size_t n)
{
	for (; n; p += min(n, (size_t)LINE_BYTES),
	     n -= min(n, (size_t)LINE_BYTES))
		print_line(what, p, (unsigned int)min(n, (size_t)LINE_BYTES));
}

void print_overwritten(const u8 *first, const u8 *end, u8 wanted)
{
	printk("  0x%lx to 0x%lx: 0x%02x found first, should be 0x%02x\n",
	       (unsigned long)first, (unsigned long)end - 1, *first, wanted);
}

/* --- slabs and objects ---------------------------------------------------- */

void print_slab(const struct kmem_cache *s, struct page *page)
{
	printk("  slab 0x%lx, pfn 0x%lx: %u objects of %u bytes, %u in use, freelist 0x%lx, flags 0x%lx\n",
	       (unsigned long)page_address(page), page_to_pfn(page),
	       page->objects, s->size, page->inuse,
	       (unsigned long)page->freelist, page->flags);
}

void print_trailer(const struct kmem_cache *s, struct page *page, void *object)
{
	u8 *p = object, *base = page_address(page);
	size_t before = min((size_t)(p - base), (size_t)LINE_BYTES);
	size_t meta = s->inuse;

	print_tracking(s, object);
	print_slab(s, page);
	printk("  object 0x%lx, 0x%lx from the slab's start, free pointer 0x%lx\n",
	       (unsigned long)p, (unsigned long)(p - base),
	       (unsigned long)get_freepointer(s, p));
	print_section(s->flags & SLAB_RED_ZONE ? "red zone" : "before",
		      p - before, before);
	print_section("object", p, min(s->object_size, MAX_DUMP_BYTES));
	if (s->flags & SLAB_RED_ZONE)
		print_section("red zone", p + s->object_size,
			      s->inuse - s->object_size);
	if (s->offset)
		meta += sizeof(void *);
	if (s->flags & SLAB_STORE_USER)
		meta += 2 * sizeof(struct track);
	if (s->flags & SLAB_POISON)
		print_section("padding", p + meta,
			      s->size - s->red_left_pad - meta);
}

void slab_bug(const struct kmem_cache *s, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	nr_slab_bugs++;
	printk("BUG: SLUB: %s: %s\n", s->name, text);
}

void slab_fix(const struct kmem_cache *s, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk("SLUB: %s: put right: %s\n", s->name, text);
}

void print_caller(unsigned long caller)
{
	if (caller)
		printk("  seen in a call by %pS\n", (void *)caller);
}

void slab_err(const struct kmem_cache *s, struct page *page,
	      unsigned long caller, const char *what)
{
	slab_bug(s, "%s", what);
	print_caller(caller);
	print_slab(s, page);
}

void object_err(const struct kmem_cache *s, struct page *page, void *object,
		unsigned long caller, const char *what)
{
	slab_bug(s, "object 0x%lx: %s", (unsigned long)object, what);
	print_caller(caller);
	print_trailer(s, page, object);
}

void trace_object(const struct kmem_cache *s, struct page *page, void *object,
		  bool alloc, unsigned long caller)
{
	if (!(s->flags & SLAB_TRACE))
		return;
	printk("SLUB: %s: %s 0x%lx by %pS, %u in use, freelist 0x%lx\n",
	       s->name, alloc ? "alloc" : "free", (unsigned long)object,
	       (void *)caller, page->inuse, (unsigned long)page->freelist);
}

/* --- leaks and shortage --------------------------------------------------- */

static unsigned long report_slab_leaks(const struct kmem_cache *s,
				       struct page *page)
{
	unsigned long leaks = 0;

	for_each_object(object, s, page) {
		if (on_freelist(s, page, object))
			continue;
		leaks++;
		printk("SLUB: %s: object 0x%lx, 0x%lx from its slab's start, was not freed\n",
		       s->name, (unsigned long)object, (unsigned long)
		       (object - (char *)page_address(page)));
		print_tracking(s, object);
	}
	return leaks;
}

/* By mem_map: full slabs are on no list. It is not done often. */
unsigned long report_leaks(const struct kmem_cache *s)
{
	unsigned long leaks = 0;

	for (unsigned long pfn = min_low_pfn; pfn < max_low_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (pfn_valid(pfn) && PageSlab(page) && page->slab_cache == s)
			leaks += report_slab_leaks(s, page);
	}
	return leaks;
}

void slab_out_of_memory(const struct kmem_cache *s, gfp_t gfp)
{
	static unsigned long times;
	const struct kmem_cache_node *n = get_node(s);

	if (gfp & __GFP_NOWARN)
		return;
	/* Each time that their number has doubled: it does not come alone. */
	times++;
	if (times & (times - 1))
		return;
	printk("SLUB: %s: no memory for a slab, gfp 0x%x, order %u, at least %u (time %lu)\n",
	       s->name, gfp, oo_order(s->oo), oo_order(s->min), times);
	printk("  objects of %u bytes, %u with all around them; %ld slabs have %ld objects\n",
	       s->object_size, s->size, n ? atomic_long_read(&n->nr_slabs) : 0,
	       n ? atomic_long_read(&n->total_objects) : 0);
}
