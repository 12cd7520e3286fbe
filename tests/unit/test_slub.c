// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub.c - objects out of slabs and back, and who holds which slab. */
#include "slub_machine.h"

#define OBJECT		256u		/* 16 of them in a slab of one page */
#define PER_SLAB	16u

static struct kmem_cache *cache;

static int setup(void **state __maybe_unused)
{
	boot_slub(SLUB_CPUS, NULL, NULL);
	cache = make_cache("objects", OBJECT, 0, 0, NULL);
	assert_int_equal(oo_order(cache->oo), 0);
	assert_int_equal(oo_objects(cache->oo), PER_SLAB);
	return 0;
}

static int teardown(void **state __maybe_unused)
{
	host_set_cpu(0);
	assert_slabs_sound();
	return 0;
}

static void *alloc(void)
{
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	assert_non_null(object);
	return object;
}

/* Fills @objects from @slabs new slabs. */
static void take_slabs(void **objects, unsigned int slabs)
{
	for (unsigned int i = 0; i < slabs * PER_SLAB; i++)
		objects[i] = alloc();
	for (unsigned int i = 0; i < slabs * PER_SLAB; i++)
		assert_ptr_equal(slab_of(objects[i]),
				 slab_of(objects[i - i % PER_SLAB]));
}

static void give(void **objects, unsigned int from, unsigned int n)
{
	for (unsigned int i = from; i < from + n; i++)
		kmem_cache_free(cache, objects[i]);
}

/* --- one CPU's slab ------------------------------------------------------- */

static void test_a_new_slab_is_given_out_from_its_start(
	void **state __maybe_unused)
{
	char *first = alloc();

	assert_true(IS_ALIGNED((uintptr_t)first, PAGE_SIZE));
	for (unsigned int i = 1; i < PER_SLAB; i++)
		assert_ptr_equal(alloc(), first + i * OBJECT);
	assert_ptr_not_equal(slab_of(alloc()), slab_of(first));
}

static void test_last_freed_is_first_given(void **state __maybe_unused)
{
	void *a = alloc(), *b = alloc();

	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	assert_ptr_equal(alloc(), b);
	assert_ptr_equal(alloc(), a);
}

static void test_the_cpu_slab_is_frozen_and_on_no_list(
	void **state __maybe_unused)
{
	void *object = alloc();
	struct page *page = slab_of(object);

	assert_ptr_equal(cpu_of(cache, 0)->page, page);
	assert_true(PageSlab(page));
	assert_ptr_equal(page->slab_cache, cache);
	assert_int_equal(page->frozen, 1);
	assert_int_equal(page->inuse, PER_SLAB);
	assert_null(page->freelist);
	assert_int_equal(freelist_length(cache, cpu_of(cache, 0)->freelist),
			 PER_SLAB - 1);
	assert_int_equal(cache->node[0]->nr_partial, 0);
	assert_int_equal(atomic_long_read(&cache->node[0]->nr_slabs), 1);
	assert_int_equal(atomic_long_read(&cache->node[0]->total_objects),
			 PER_SLAB);
}

static void test_each_operation_moves_the_tid_on(void **state __maybe_unused)
{
	unsigned long tid = cpu_of(cache, 0)->tid;
	void *object = alloc();

	assert_int_equal(cpu_of(cache, 0)->tid, tid + TID_STEP);
	kmem_cache_free(cache, object);
	assert_int_equal(cpu_of(cache, 0)->tid, tid + 2 * TID_STEP);
	alloc();				/* now from the CPU's freelist */
	assert_int_equal(cpu_of(cache, 0)->tid, tid + 3 * TID_STEP);
	assert_int_equal(cpu_of(cache, 3)->tid, 3);
}

static void test_zeroed_when_asked(void **state __maybe_unused)
{
	unsigned char *p = alloc();

	memset(p, 0x77, OBJECT);
	kmem_cache_free(cache, p);
	assert_ptr_equal(kmem_cache_zalloc(cache, GFP_KERNEL), p);
	for (unsigned int i = 0; i < OBJECT; i++)
		assert_int_equal(p[i], 0);
	kmem_cache_free(cache, p);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL | __GFP_ZERO), p);
	assert_int_equal(p[0], 0);
}

/* --- full slabs and partial lists ----------------------------------------- */

static void test_a_full_slab_is_nobodys(void **state __maybe_unused)
{
	void *objects[2 * PER_SLAB];
	struct page *page;

	take_slabs(objects, 2);
	page = slab_of(objects[0]);
	assert_int_equal(page->frozen, 0);
	assert_int_equal(page->inuse, PER_SLAB);
	assert_null(page->freelist);
	assert_int_equal(cache->node[0]->nr_partial, 0);
	assert_null(cpu_of(cache, 0)->partial);
}

static void test_a_full_slab_goes_to_the_cpu_that_frees_into_it(
	void **state __maybe_unused)
{
	void *objects[2 * PER_SLAB];
	struct page *page;

	take_slabs(objects, 2);
	page = slab_of(objects[0]);
	host_set_cpu(2);
	kmem_cache_free(cache, objects[0]);
	assert_ptr_equal(cpu_of(cache, 2)->partial, page);
	assert_int_equal(page->frozen, 1);
	assert_int_equal(page->pages, 1);
	assert_int_equal(page->pobjects, 1);
	assert_int_equal(page->inuse, PER_SLAB - 1);
	assert_ptr_equal(page->freelist, objects[0]);
	/* That CPU takes it up before it asks the node for one. */
	assert_ptr_equal(alloc(), objects[0]);
	assert_null(cpu_of(cache, 2)->partial);
}

static void test_too_many_partial_objects_go_to_the_node(
	void **state __maybe_unused)
{
	enum { SLABS = 16 };
	void *objects[SLABS * PER_SLAB];

	assert_int_equal(cache->cpu_partial, 13);
	take_slabs(objects, SLABS);
	for (unsigned int i = 0; i < SLABS - 2; i++) {
		kmem_cache_free(cache, objects[i * PER_SLAB]);
		assert_int_equal(cpu_of(cache, 0)->partial->pages, i + 1);
	}
	/* 14 of them: the next one finds more than 13. */
	assert_int_equal(cpu_of(cache, 0)->partial->pobjects, 14);
	assert_int_equal(cache->node[0]->nr_partial, 0);
	kmem_cache_free(cache, objects[(SLABS - 2) * PER_SLAB]);
	assert_int_equal(cache->node[0]->nr_partial, 14);
	assert_int_equal(cpu_of(cache, 0)->partial->pages, 1);
	assert_int_equal(slab_of(objects[0])->frozen, 0);
}

static void test_the_node_gives_a_slab_and_some_to_follow(
	void **state __maybe_unused)
{
	enum { SLABS = 17 };
	void *objects[SLABS * PER_SLAB];

	take_slabs(objects, SLABS);
	for (unsigned int i = 0; i < SLABS; i++)
		kmem_cache_free(cache, objects[i * PER_SLAB]);
	kmem_cache_shrink(cache);
	assert_int_equal(cache->node[0]->nr_partial, SLABS);
	alloc();
	/* Until more than cpu_partial / 2 = 6 objects are there: 7 slabs. */
	assert_int_equal(cpu_of(cache, 0)->page->frozen, 1);
	assert_int_equal(cpu_of(cache, 0)->partial->pages, 6);
	assert_int_equal(cache->node[0]->nr_partial, SLABS - 7);
}

static void test_empty_slabs_stay_up_to_min_partial(void **state __maybe_unused)
{
	enum { SLABS = 40 };
	void *objects[SLABS * PER_SLAB];
	unsigned long before;

	assert_int_equal(cache->min_partial, 5);
	take_slabs(objects, SLABS);
	before = pages_free();
	give(objects, 0, SLABS * PER_SLAB);
	for (unsigned int cpu = 0; cpu < SLUB_CPUS; cpu++) {
		host_set_cpu(cpu);
		assert_slabs_sound();
	}
	assert_true(cache->node[0]->nr_partial >= 5);
	assert_true(pages_free() > before);
	assert_true(atomic_long_read(&cache->node[0]->nr_slabs) < SLABS);
	assert_int_equal(kmem_cache_shrink(cache), 0);
	assert_int_equal(pages_free(), before + SLABS);
	assert_int_equal(atomic_long_read(&cache->node[0]->nr_slabs), 0);
	assert_int_equal(atomic_long_read(&cache->node[0]->total_objects), 0);
}

static void test_a_slab_of_the_node_that_gets_empty_goes(
	void **state __maybe_unused)
{
	enum { SLABS = 7 };
	void *objects[SLABS * PER_SLAB];
	unsigned long before;

	take_slabs(objects, SLABS);
	for (unsigned int i = 0; i < SLABS; i++)
		give(objects, i * PER_SLAB + 1, PER_SLAB - 1);
	assert_int_equal(kmem_cache_shrink(cache), 1);
	assert_int_equal(cache->node[0]->nr_partial, SLABS);
	before = pages_free();
	kmem_cache_free(cache, objects[0]);	/* 7 >= 5: it goes */
	kmem_cache_free(cache, objects[PER_SLAB]);
	assert_int_equal(pages_free(), before + 2);
	kmem_cache_free(cache, objects[2 * PER_SLAB]);	/* 5 >= 5 */
	assert_int_equal(cache->node[0]->nr_partial, 4);
	kmem_cache_free(cache, objects[3 * PER_SLAB]);	/* 4 < 5: it stays */
	assert_int_equal(cache->node[0]->nr_partial, 4);
	assert_int_equal(pages_free(), before + 3);
}

static void test_shrink_puts_the_fullest_slabs_first(
	void **state __maybe_unused)
{
	static const unsigned int nr_free[] = { 3, 15, 1, 9, 2 };
	void *objects[ARRAY_SIZE(nr_free) * PER_SLAB];
	unsigned int last = 0;
	struct page *page;

	take_slabs(objects, ARRAY_SIZE(nr_free));
	for (unsigned int i = 0; i < ARRAY_SIZE(nr_free); i++)
		give(objects, i * PER_SLAB, nr_free[i]);
	kmem_cache_shrink(cache);
	assert_int_equal(cache->node[0]->nr_partial, ARRAY_SIZE(nr_free));
	list_for_each_entry(page, &cache->node[0]->partial, lru) {
		unsigned int n = page->objects - page->inuse;

		assert_true(n >= last);
		last = n;
	}
	assert_int_equal(last, 15);
}

/* --- several CPUs --------------------------------------------------------- */

static void test_each_cpu_has_a_slab_of_its_own(void **state __maybe_unused)
{
	void *objects[SLUB_CPUS];

	for (unsigned int cpu = 0; cpu < SLUB_CPUS; cpu++) {
		host_set_cpu(cpu);
		objects[cpu] = alloc();
		assert_ptr_equal(cpu_of(cache, cpu)->page,
				 slab_of(objects[cpu]));
		for (unsigned int i = 0; i < cpu; i++)
			assert_ptr_not_equal(slab_of(objects[i]),
					     slab_of(objects[cpu]));
		assert_int_equal(cpu_of(cache, cpu)->tid % TID_STEP, cpu);
	}
}

static void test_a_remote_free_leaves_the_slab_frozen(
	void **state __maybe_unused)
{
	void *objects[PER_SLAB];
	struct page *page;

	take_slabs(objects, 1);
	page = slab_of(objects[0]);
	host_set_cpu(1);
	kmem_cache_free(cache, objects[3]);
	kmem_cache_free(cache, objects[5]);
	assert_int_equal(page->frozen, 1);
	assert_int_equal(page->inuse, PER_SLAB - 2);
	assert_ptr_equal(page->freelist, objects[5]);
	assert_null(cpu_of(cache, 1)->partial);
	assert_slabs_sound();
	/* Its own CPU finds them when it has nothing else left. */
	host_set_cpu(0);
	assert_ptr_equal(alloc(), objects[5]);
	assert_int_equal(page->inuse, PER_SLAB);
	assert_ptr_equal(alloc(), objects[3]);
}

/*
 * Slabs of 64 objects with more than 32 free: shrinking leaves them in the
 * order in which they came to the list.
 */
static bool flushed_slab_comes_first(bool remote)
{
	struct kmem_cache *s = make_cache("small", 64, 0, 0, NULL);
	struct page *first, *older;
	void *a, *b, *c;

	a = kmem_cache_alloc(s, GFP_KERNEL);
	older = slab_of(a);
	kmem_cache_shrink(s);
	assert_int_equal(s->node[0]->nr_partial, 1);
	host_set_cpu(1);			/* takes the older one away */
	assert_ptr_equal(slab_of(kmem_cache_alloc(s, GFP_KERNEL)), older);
	host_set_cpu(0);
	b = kmem_cache_alloc(s, GFP_KERNEL);
	c = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(slab_of(b), slab_of(c));
	host_set_cpu(1);
	if (remote)
		kmem_cache_free(s, b);
	host_set_cpu(0);
	/* CPU 0's slab is flushed first, then CPU 1's: to the head. */
	kmem_cache_shrink(s);
	assert_int_equal(s->node[0]->nr_partial, 2);
	first = list_entry(s->node[0]->partial.next, struct page, lru);
	assert_ptr_equal(first, older);
	/* Now the other one alone comes and goes. */
	host_set_cpu(2);
	while (cpu_of(s, 2)->page != slab_of(c))
		assert_non_null(kmem_cache_alloc(s, GFP_KERNEL));
	if (remote) {
		host_set_cpu(3);
		kmem_cache_free(s, c);
	}
	host_set_cpu(0);
	assert_int_equal(s->node[0]->nr_partial, 0);
	a = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_not_equal(slab_of(a), slab_of(c));
	kmem_cache_shrink(s);
	return list_entry(s->node[0]->partial.next, struct page, lru) ==
	       slab_of(c);
}

static void test_a_slab_that_others_freed_into_waits_at_the_end(
	void **state __maybe_unused)
{
	/* CPU 2's is flushed last: to the head, unless it is to get empty. */
	assert_true(flushed_slab_comes_first(false));
	assert_false(flushed_slab_comes_first(true));
}

static void test_shrink_reaches_every_cpu(void **state __maybe_unused)
{
	unsigned long before = pages_free();
	void *objects[SLUB_CPUS];

	for (unsigned int cpu = 0; cpu < SLUB_CPUS; cpu++) {
		host_set_cpu(cpu);
		objects[cpu] = alloc();
	}
	host_set_cpu(1);
	give(objects, 0, SLUB_CPUS);
	assert_int_equal(kmem_cache_shrink(cache), 0);
	assert_int_equal(pages_free(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_a_new_slab_is_given_out_from_its_start),
		CASE(test_last_freed_is_first_given),
		CASE(test_the_cpu_slab_is_frozen_and_on_no_list),
		CASE(test_each_operation_moves_the_tid_on),
		CASE(test_zeroed_when_asked),
		CASE(test_a_full_slab_is_nobodys),
		CASE(test_a_full_slab_goes_to_the_cpu_that_frees_into_it),
		CASE(test_too_many_partial_objects_go_to_the_node),
		CASE(test_the_node_gives_a_slab_and_some_to_follow),
		CASE(test_empty_slabs_stay_up_to_min_partial),
		CASE(test_a_slab_of_the_node_that_gets_empty_goes),
		CASE(test_shrink_puts_the_fullest_slabs_first),
		CASE(test_each_cpu_has_a_slab_of_its_own),
		CASE(test_a_remote_free_leaves_the_slab_frozen),
		CASE(test_a_slab_that_others_freed_into_waits_at_the_end),
		CASE(test_shrink_reaches_every_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
