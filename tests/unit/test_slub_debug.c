// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub_debug.c - misuse of objects is seen, said, and put right. */
#include "slub_machine.h"
#include <mm/printk.h>

#define SIZE 100u		/* 4 bytes of padding, or red zone, to 104 */

static struct kmem_cache *cache;

static void boot_debug(const char *letters)
{
	boot_slub(SLUB_CPUS, "slub_debug", letters);
	cache = make_cache("watched", SIZE, 0, 0, NULL);
}

static int setup(void **state __maybe_unused)
{
	boot_debug(NULL);
	return 0;
}

static int teardown(void **state __maybe_unused)
{
	assert_slabs_sound();
	return 0;
}

static noinline void *alloc_here(void)
{
	return kmem_cache_alloc(cache, GFP_KERNEL);
}

static noinline void free_here(void *object)
{
	kmem_cache_free(cache, object);
}

static bool says(const char *fmt, unsigned long a, unsigned long b)
{
	char text[160];

	snprintf(text, sizeof(text), fmt, a, b);
	return console_says(text);
}

static void assert_quiet(void)
{
	assert_false(console_says("BUG: SLUB"));
}

/* Some address in @function, which is short. */
static bool says_caller(const char *what, unsigned long function)
{
	for (unsigned long at = function; at < function + 200; at++) {
		char text[80];

		snprintf(text, sizeof(text), "%s by %016lx", what, at);
		if (console_says(text))
			return true;
	}
	return false;
}

/* --- layout --------------------------------------------------------------- */

static void test_parts_stand_as_slub_def_says(void **state __maybe_unused)
{
	struct kmem_cache *s;

	assert_int_equal(cache->object_size, 100);
	assert_int_equal(cache->inuse, 104);
	assert_int_equal(cache->offset, 104);
	assert_int_equal(cache->red_left_pad, 8);
	assert_int_equal(cache->size, 104 + 8 + 2 * sizeof(struct track) + 8 +
			 8);
	assert_true(cache->flags & __OBJECT_POISON);
	assert_int_equal(cache->cpu_partial, 0);
	/* A size of whole words gets a word of red zone; align moves the pad. */
	s = make_cache("whole", 64, 64, SLAB_RED_ZONE, NULL);
	assert_int_equal(s->inuse, 64 + 8);
	assert_int_equal(s->red_left_pad, 64);
	assert_int_equal(s->size % 64, 0);
	assert_true(IS_ALIGNED((uintptr_t)kmem_cache_alloc(s, GFP_KERNEL),
			       64));
}

static void test_correct_use_is_quiet(void **state __maybe_unused)
{
	void *objects[50];

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
			objects[i] = i % 2 ? alloc_here() :
				     kmem_cache_zalloc(cache, GFP_KERNEL);
			memset(objects[i], 0xee, SIZE);
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
			free_here(objects[(i * 7) % ARRAY_SIZE(objects)]);
	}
	kmem_cache_shrink(cache);
	assert_int_equal(atomic_long_read(&cache->node[0]->nr_slabs), 0);
	assert_quiet();
}

static void test_full_slabs_are_on_the_full_list(void **state __maybe_unused)
{
	unsigned int n = oo_objects(cache->oo);
	void *first = alloc_here();

	assert_int_equal(cache->node[0]->nr_partial, 1);
	assert_null(cpu_of(cache, 0)->page);
	for (unsigned int i = 1; i < n; i++)
		alloc_here();
	assert_int_equal(cache->node[0]->nr_partial, 0);
	assert_int_equal(list_length(&cache->node[0]->full), 1);
	free_here(first);
	assert_int_equal(list_length(&cache->node[0]->full), 0);
	assert_int_equal(cache->node[0]->nr_partial, 1);
}

/* --- overruns ------------------------------------------------------------- */

static void test_an_overrun_is_seen_when_it_is_freed(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();

	p[SIZE] = 0x41;
	p[SIZE + 2] = 0x42;
	assert_quiet();
	free_here(p);
	assert_true(console_says("BUG: SLUB: watched: red zone behind the object overwritten"));
	assert_true(says("0x%lx to 0x%lx: 0x41 found first, should be 0xcc",
			 (unsigned long)p + SIZE,
			 (unsigned long)p + SIZE + 2));
	assert_true(says("object 0x%lx, 0x%lx from the slab's start",
			 (unsigned long)p, (unsigned long)p % PAGE_SIZE));
	assert_true(says_caller("allocated", (unsigned long)alloc_here));
	assert_true(says("0x%lx-0x%lx is 0xcc again", (unsigned long)p + SIZE,
			 (unsigned long)p + SIZE + 2));
	assert_true(says("0x%lx is not freed", (unsigned long)p, 0));
	assert_int_equal(p[SIZE], 0xcc);
	/* Put right, it can be. */
	free_here(p);
	assert_int_equal(slab_of(p)->inuse, 0);
}

static void test_an_underrun_is_seen_too(void **state __maybe_unused)
{
	u8 *p = alloc_here();

	p[-1] = 0;
	free_here(p);
	assert_true(console_says("red zone before the object overwritten"));
	assert_int_equal(p[-1], 0xcc);
}

static void test_padding_behind_all_parts_is_watched(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();
	size_t pad = cache->inuse + 8 + 2 * sizeof(struct track);

	assert_int_equal(p[pad], POISON_INUSE);
	p[pad] = 1;
	free_here(p);
	assert_true(console_says("padding behind the object overwritten"));
	assert_int_equal(p[pad], POISON_INUSE);
}

static void test_the_end_of_a_slab_is_watched(void **state __maybe_unused)
{
	u8 *p = alloc_here();
	struct page *page = slab_of(p);
	u8 *end = (u8 *)page_address(page) +
		  (PAGE_SIZE << compound_order(page)) - 1;

	assert_int_equal(*end, POISON_INUSE);
	*end = 7;
	free_here(p);
	assert_true(console_says("padding at the slab's end overwritten"));
	assert_int_equal(*end, POISON_INUSE);
}

/* --- use after free ------------------------------------------------------- */

static void test_a_write_after_free_is_seen_when_it_is_allocated(
	void **state __maybe_unused)
{
	u8 *p = alloc_here(), *q;

	free_here(p);
	assert_int_equal(p[0], POISON_FREE);
	assert_int_equal(p[SIZE - 1], POISON_END);
	p[10] = 0xab;
	assert_quiet();
	q = alloc_here();
	assert_true(console_says("BUG: SLUB: watched: free object overwritten"));
	assert_true(says("0x%lx to 0x%lx: 0xab found first, should be 0x6b",
			 (unsigned long)p + 10, (unsigned long)p + 10));
	assert_true(says_caller("freed", (unsigned long)free_here));
	assert_true(console_says("objects all count as in use"));
	/* Another slab serves; none of this one is given out any more. */
	assert_non_null(q);
	assert_ptr_not_equal(slab_of(q), slab_of(p));
	assert_int_equal(slab_of(p)->inuse, slab_of(p)->objects);
	assert_int_equal(p[10], POISON_FREE);
}

static void test_the_last_byte_is_watched_too(void **state __maybe_unused)
{
	u8 *p = alloc_here();

	free_here(p);
	p[SIZE - 1] = 0;
	alloc_here();
	assert_true(console_says("free object's last byte overwritten"));
}

static void test_a_write_after_free_is_seen_when_the_slab_goes(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();

	free_here(p);
	p[0] = 1;
	kmem_cache_shrink(cache);
	assert_true(console_says("free object overwritten"));
	assert_int_equal(atomic_long_read(&cache->node[0]->nr_slabs), 0);
}

static void test_memory_that_was_not_set_reads_as_poison(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();

	for (unsigned int i = 0; i < SIZE - 1; i++)
		assert_int_equal(p[i], POISON_FREE);
	assert_int_equal(p[SIZE - 1], POISON_END);
}

static void test_a_free_pointer_overwritten_is_cut_off(
	void **state __maybe_unused)
{
	u8 *p = alloc_here(), *q;

	free_here(p);
	*(void **)(void *)(p + cache->offset) = (void *)16;
	q = alloc_here();
	assert_true(console_says("its free pointer leaves the slab"));
	assert_non_null(q);
	assert_ptr_not_equal(slab_of(q), slab_of(p));
}

/* Not of the object that is allocated: of one further down the list. */
static void test_a_free_pointer_further_down_is_cut_off_too(
	void **state __maybe_unused)
{
	static const char *const letters[] = { "F", "FZ", "FZPU" };

	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++) {
		u8 *p, *q, *r;

		boot_debug(letters[i]);
		p = alloc_here();
		q = alloc_here();
		r = alloc_here();
		free_here(r);
		free_here(q);
		free_here(p);			/* p, q, r and the rest */
		*(void **)(void *)(q + cache->offset) = (void *)16;
		assert_ptr_equal(alloc_here(), p);
		assert_true(console_says("the freelist leaves the slab"));
		assert_slabs_sound();
		/* q is the last that is known of. */
		assert_ptr_equal(alloc_here(), q);
		assert_ptr_not_equal(slab_of(alloc_here()), slab_of(p));
		free_here(q);
		assert_slabs_sound();
	}
}

static void test_a_loop_further_down_is_cut_open(void **state __maybe_unused)
{
	u8 *p = alloc_here(), *q = alloc_here(), *r = alloc_here();

	free_here(r);
	free_here(q);
	free_here(p);
	*(void **)(void *)(r + cache->offset) = q;
	assert_ptr_equal(alloc_here(), p);
	assert_true(console_says("the freelist has a loop"));
	assert_slabs_sound();
	assert_non_null(alloc_here());
}

/* --- free ----------------------------------------------------------------- */

static void test_a_double_free_is_said_with_both_callers(
	void **state __maybe_unused)
{
	u8 *p = alloc_here(), *q = alloc_here();
	unsigned int inuse = slab_of(p)->inuse;

	free_here(p);
	free_here(q);
	free_here(p);				/* not the last one freed */
	assert_true(says("BUG: SLUB: watched: object 0x%lx: freed twice",
			 (unsigned long)p, 0));
	assert_true(says_caller("allocated", (unsigned long)alloc_here));
	assert_true(says_caller("freed", (unsigned long)free_here));
	assert_true(says_caller("seen in a call", (unsigned long)free_here));
	assert_int_equal(slab_of(p)->inuse, inuse - 2);
}

/* CONFIG_DEBUG_VM sees that in any cache: also in one with other letters. */
static void test_a_double_free_is_seen_without_F(void **state __maybe_unused)
{
	static const char *const letters[] = { "Z", "P", "U", "T" };

	for (unsigned int i = 0; i < ARRAY_SIZE(letters); i++) {
		u8 *p;

		boot_debug(letters[i]);
		p = alloc_here();
		alloc_here();
		free_here(p);
		free_here(p);
		assert_true(console_says("freed twice"));
		free_here(p + 4);
		assert_true(console_says("where no object begins"));
		assert_slabs_sound();
	}
}

static void test_a_pointer_into_an_object_is_refused(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();

	free_here(p + 8);
	assert_true(says("free of 0x%lx, where no object begins",
			 (unsigned long)p + 8, 0));
	assert_int_equal(slab_of(p)->inuse, 1);
	free_here(p);
	assert_int_equal(slab_of(p)->inuse, 0);
}

static void test_an_object_of_another_cache_is_said(
	void **state __maybe_unused)
{
	u8 *p = kmalloc(100, GFP_KERNEL);

	free_here(p);
	assert_true(console_says("it is one of kmalloc-128"));
	assert_int_equal(slab_of(p)->inuse, 0);
}

static void test_a_broken_freelist_ends_where_it_breaks(
	void **state __maybe_unused)
{
	void *objects[6];
	struct page *page;

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = alloc_here();
	page = slab_of(objects[0]);
	for (unsigned int i = 0; i < 4; i++)
		free_here(objects[i]);
	/* 3, 2, 1, 0, and the rest: 1 leads back to 3. */
	*(void **)(void *)((u8 *)objects[1] + cache->offset) = objects[3];
	free_here(objects[4]);
	assert_true(console_says("the freelist has a loop"));
	assert_true(console_says("objects are not counted right"));
	assert_null(slab_check());
	assert_ptr_equal(alloc_here(), objects[4]);
	assert_int_equal(page->inuse, page->objects);
	assert_ptr_equal(cache->node[0]->full.next, &page->lru);
}

static void test_leaks_are_said_with_who_allocated_them(
	void **state __maybe_unused)
{
	u8 *p = alloc_here();

	kmem_cache_destroy(cache);
	assert_true(says("watched: object 0x%lx, 0x%lx from its slab's start, was not freed",
			 (unsigned long)p, (unsigned long)p % PAGE_SIZE));
	assert_true(says_caller("allocated", (unsigned long)alloc_here));
	free_here(p);
	kmem_cache_destroy(cache);
	assert_null(cache_named("watched"));
}

/* --- the others ----------------------------------------------------------- */

static void test_tracks_have_cpu_order_and_callers(void **state __maybe_unused)
{
	u8 *p = alloc_here();
	struct track *track = (struct track *)(void *)(p + cache->offset + 8);

	assert_true(track[TRACK_ALLOC].addr > (unsigned long)alloc_here);
	assert_true(track[TRACK_ALLOC].addr < (unsigned long)alloc_here + 200);
	assert_int_equal(track[TRACK_ALLOC].cpu, 0);
	assert_int_equal(track[TRACK_FREE].addr, 0);
	host_set_cpu(2);
	free_here(p);
	host_set_cpu(0);
	assert_int_equal(track[TRACK_FREE].cpu, 2);
	assert_int_equal(track[TRACK_FREE].when, track[TRACK_ALLOC].when + 1);
}

static void test_trace_prints_each_operation(void **state __maybe_unused)
{
	void *p;

	boot_debug("T,watched");
	p = alloc_here();
	assert_true(says("SLUB: watched: alloc 0x%lx by", (unsigned long)p, 0));
	free_here(p);
	assert_true(says("SLUB: watched: free 0x%lx by", (unsigned long)p, 0));
}

static void construct(void *object)
{
	memset(object, 0xc5, SIZE);
}

static void test_a_constructed_object_is_not_poisoned(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("ctor", SIZE, 0, 0, construct);
	u8 *p = kmem_cache_alloc(s, GFP_KERNEL);

	assert_false(s->flags & __OBJECT_POISON);
	assert_int_equal(p[0], 0xc5);
	assert_int_equal(p[SIZE - 1], 0xc5);
	kmem_cache_free(s, p);
	assert_int_equal(p[0], 0xc5);
	assert_quiet();
	p[SIZE] = 1;
	assert_non_null(kmem_cache_alloc(s, GFP_KERNEL));
	assert_true(console_says("ctor: red zone behind the object"));
}

static void test_krealloc_and_ksize_stop_at_the_red_zone(
	void **state __maybe_unused)
{
	u8 *p = kmalloc(50, GFP_KERNEL), *q;

	assert_int_equal(ksize(p), 64);
	memset(p, 0x31, 64);
	q = krealloc(p, 65, GFP_KERNEL);
	assert_ptr_not_equal(q, p);
	assert_int_equal(ksize(q), 128);
	assert_int_equal(q[63], 0x31);
	memset(q, 0x32, 128);
	kfree(q);
	assert_quiet();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_parts_stand_as_slub_def_says),
		CASE(test_correct_use_is_quiet),
		CASE(test_full_slabs_are_on_the_full_list),
		CASE(test_an_overrun_is_seen_when_it_is_freed),
		CASE(test_an_underrun_is_seen_too),
		CASE(test_padding_behind_all_parts_is_watched),
		CASE(test_the_end_of_a_slab_is_watched),
		CASE(test_a_write_after_free_is_seen_when_it_is_allocated),
		CASE(test_the_last_byte_is_watched_too),
		CASE(test_a_write_after_free_is_seen_when_the_slab_goes),
		CASE(test_memory_that_was_not_set_reads_as_poison),
		CASE(test_a_free_pointer_overwritten_is_cut_off),
		CASE(test_a_free_pointer_further_down_is_cut_off_too),
		CASE(test_a_loop_further_down_is_cut_open),
		CASE(test_a_double_free_is_said_with_both_callers),
		CASE(test_a_double_free_is_seen_without_F),
		CASE(test_a_pointer_into_an_object_is_refused),
		CASE(test_an_object_of_another_cache_is_said),
		CASE(test_a_broken_freelist_ends_where_it_breaks),
		CASE(test_leaks_are_said_with_who_allocated_them),
		CASE(test_tracks_have_cpu_order_and_callers),
		CASE(test_trace_prints_each_operation),
		CASE(test_a_constructed_object_is_not_poisoned),
		CASE(test_krealloc_and_ksize_stop_at_the_red_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
