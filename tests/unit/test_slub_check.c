// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub_check.c - each of SLUB's invariants, broken and named. */
#include "slub_machine.h"

#define PER_SLAB 16u

static struct kmem_cache *cache;
static void *objects[4 * PER_SLAB];

/*
 * Objects, by slabs: of a full one, of one that waits for CPU 0 with two free,
 * of one on the node's list with one free, and of CPU 1's. CPU 0 has another.
 */
static int setup(void **state __maybe_unused)
{
	boot_slub(SLUB_CPUS, NULL, NULL);
	cache = make_cache("objects", 256, 0, 0, NULL);
	host_set_cpu(1);
	for (unsigned int i = 3 * PER_SLAB; i < 3 * PER_SLAB + 4; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	host_set_cpu(0);
	for (unsigned int i = 0; i < 3 * PER_SLAB; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_non_null(kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_free(cache, objects[2 * PER_SLAB]);
	cpu_of(cache, 0)->partial->pobjects = 100;	/* the next one drains */
	kmem_cache_free(cache, objects[PER_SLAB]);
	kmem_cache_free(cache, objects[PER_SLAB + 1]);
	assert_int_equal(cache->node[0]->nr_partial, 1);
	assert_null(slab_check());
	return 0;
}

static struct page *waiting(void)
{
	return slab_of(objects[PER_SLAB]);
}

static struct page *partial(void)
{
	return slab_of(objects[2 * PER_SLAB]);
}

/* The object's free pointer: these caches have it at the start. */
static void **link_of(void *object)
{
	return object;
}

static void assert_named(const char *id)
{
	assert_broken(slab_check(), id);
}

static void test_slub_1_a_free_pointer_out_of_the_slab(
	void **state __maybe_unused)
{
	*link_of(objects[PER_SLAB + 1]) = objects[0];
	assert_named("SLUB-1");
}

static void test_slub_1_a_free_pointer_inside_of_an_object(
	void **state __maybe_unused)
{
	*link_of(objects[PER_SLAB + 1]) = (char *)objects[PER_SLAB] + 8;
	assert_named("SLUB-1");
}

static void test_slub_1_on_a_cpus_freelist(void **state __maybe_unused)
{
	cpu_of(cache, 1)->freelist = objects[0];
	assert_named("SLUB-1");
}

static void test_slub_2_a_freelist_in_a_circle(void **state __maybe_unused)
{
	*link_of(objects[PER_SLAB]) = objects[PER_SLAB + 1];
	assert_named("SLUB-2");
}

static void test_slub_3_a_wrong_count(void **state __maybe_unused)
{
	waiting()->inuse++;
	assert_named("SLUB-3");
}

static void test_slub_3_an_object_lost(void **state __maybe_unused)
{
	*link_of(objects[PER_SLAB + 1]) = NULL;
	assert_named("SLUB-3");
}

static void test_slub_4_a_thawed_slab_of_a_cpu(void **state __maybe_unused)
{
	waiting()->frozen = 0;
	assert_named("SLUB-4");
}

static void test_slub_4_a_frozen_slab_of_the_node(void **state __maybe_unused)
{
	partial()->frozen = 1;
	assert_named("SLUB-4");
}

static void test_slub_4_a_frozen_slab_that_nobody_has(
	void **state __maybe_unused)
{
	slab_of(objects[0])->frozen = 1;
	assert_named("SLUB-4");
}

static void test_slub_5_a_slab_without_the_flag(void **state __maybe_unused)
{
	ClearPageSlab(partial());
	assert_named("SLUB-5");
}

static void test_slub_5_a_slab_of_a_cache_that_is_none(
	void **state __maybe_unused)
{
	slab_of(objects[0])->slab_cache = (struct kmem_cache *)objects[1];
	assert_named("SLUB-5");
}

static void test_slub_5_a_number_of_objects_that_no_order_has(
	void **state __maybe_unused)
{
	slab_of(objects[0])->objects--;
	slab_of(objects[0])->inuse--;
	assert_named("SLUB-5");
}

static void test_slub_6_objects_of_no_slab(void **state __maybe_unused)
{
	cpu_of(cache, 1)->page = NULL;
	assert_named("SLUB-6");
}

static void test_slub_7_a_partial_list_of_another_length(
	void **state __maybe_unused)
{
	cpu_of(cache, 0)->partial->pages++;
	assert_named("SLUB-7");
	cpu_of(cache, 0)->partial->pages = 0;
	assert_named("SLUB-7");
}

static void test_slub_7_a_partial_list_in_a_circle(void **state __maybe_unused)
{
	waiting()->next = waiting();
	assert_named("SLUB-7");
}

static void test_slub_8_a_tid_of_another_cpu(void **state __maybe_unused)
{
	cpu_of(cache, 2)->tid++;
	assert_named("SLUB-8");
}

static void test_slub_9_a_wrong_nr_partial(void **state __maybe_unused)
{
	cache->node[0]->nr_partial++;
	assert_named("SLUB-9");
}

static void test_slub_9_a_bad_back_link(void **state __maybe_unused)
{
	partial()->lru.prev = &slab_of(objects[0])->lru;
	assert_named("SLUB-9");
}

static void test_slub_9_a_full_slab_on_the_partial_list(
	void **state __maybe_unused)
{
	partial()->freelist = NULL;
	partial()->inuse = PER_SLAB;
	assert_named("SLUB-9");
}

static void test_slub_10_a_wrong_nr_slabs(void **state __maybe_unused)
{
	atomic_long_add(1, &cache->node[0]->nr_slabs);
	assert_named("SLUB-10");
}

static void test_slub_10_a_wrong_total_objects(void **state __maybe_unused)
{
	atomic_long_add(-1, &cache->node[0]->total_objects);
	assert_named("SLUB-10");
}

static void test_slub_10_a_tracked_slab_on_no_list(void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("tracked", 64, 0, SLAB_STORE_USER,
					  NULL);

	assert_non_null(kmem_cache_alloc(s, GFP_KERNEL));
	assert_null(slab_check());
	/* Both counts are those of all caches still: only this one's are not. */
	atomic_long_add(1, &s->node[0]->nr_slabs);
	atomic_long_add(-1, &cache->node[0]->nr_slabs);
	assert_named("SLUB-10");
}

static void test_slub_11_sizes_that_do_not_fit(void **state __maybe_unused)
{
	struct kmem_cache good = *cache;

	cache->object_size = cache->inuse + 1;
	assert_named("SLUB-11");
	*cache = good;
	cache->offset = 8;
	assert_named("SLUB-11");
	*cache = good;
	cache->align = 24;
	assert_named("SLUB-11");
	*cache = good;
	cache->red_left_pad = cache->size;
	assert_named("SLUB-11");
	*cache = good;
	cache->oo.x++;
	assert_named("SLUB-11");
	*cache = good;
	cache->max.x = cache->oo.x - 1;
	assert_named("SLUB-11");
	*cache = good;
	assert_null(slab_check());
}

static void test_slub_12_slab_pages_that_are_not_counted(
	void **state __maybe_unused)
{
	mod_zone_page_state(zone_of(ZONE_NORMAL), NR_SLAB_UNRECLAIMABLE, -1);
	assert_named("SLUB-12");
	mod_zone_page_state(zone_of(ZONE_NORMAL), NR_SLAB_UNRECLAIMABLE, 1);
	mod_zone_page_state(zone_of(ZONE_NORMAL), NR_SLAB_RECLAIMABLE, 1);
	assert_named("SLUB-12");
}

static void test_slub_13_a_cache_that_cannot_be(void **state __maybe_unused)
{
	cache->refcount = 0;
	assert_named("SLUB-13");
	cache->refcount = 1;
	assert_null(slab_check());
	cache->list.prev = &cache->list;
	assert_named("SLUB-13");
	cache->list.prev = &slab_caches;
	cache->list.next->prev = &slab_caches;
	assert_named("SLUB-13");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(test_slub_1_a_free_pointer_out_of_the_slab),
		CASE(test_slub_1_a_free_pointer_inside_of_an_object),
		CASE(test_slub_1_on_a_cpus_freelist),
		CASE(test_slub_2_a_freelist_in_a_circle),
		CASE(test_slub_3_a_wrong_count),
		CASE(test_slub_3_an_object_lost),
		CASE(test_slub_4_a_thawed_slab_of_a_cpu),
		CASE(test_slub_4_a_frozen_slab_of_the_node),
		CASE(test_slub_4_a_frozen_slab_that_nobody_has),
		CASE(test_slub_5_a_slab_without_the_flag),
		CASE(test_slub_5_a_slab_of_a_cache_that_is_none),
		CASE(test_slub_5_a_number_of_objects_that_no_order_has),
		CASE(test_slub_6_objects_of_no_slab),
		CASE(test_slub_7_a_partial_list_of_another_length),
		CASE(test_slub_7_a_partial_list_in_a_circle),
		CASE(test_slub_8_a_tid_of_another_cpu),
		CASE(test_slub_9_a_wrong_nr_partial),
		CASE(test_slub_9_a_bad_back_link),
		CASE(test_slub_9_a_full_slab_on_the_partial_list),
		CASE(test_slub_10_a_wrong_nr_slabs),
		CASE(test_slub_10_a_wrong_total_objects),
		CASE(test_slub_10_a_tracked_slab_on_no_list),
		CASE(test_slub_11_sizes_that_do_not_fit),
		CASE(test_slub_12_slab_pages_that_are_not_counted),
		CASE(test_slub_13_a_cache_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
