// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_reclaim.c - requests that may wait: memory comes from shrinkers and
 * per-CPU lists, and what shrinkers answer never keeps a request for ever.
 */
#include "dry.h"

#include <mm/shrinker.h>

/* --- shrinkers ------------------------------------------------------------ */

struct cache {
	struct shrinker shrinker;
	struct held held;
	unsigned long counts, scans;	/* calls */
	bool reclaiming;		/* memalloc_noreclaim, when asked */
	unsigned long says;		/* a liar's answer */
	struct page *own;		/* what it allocated to free others */
};

static unsigned long cache_count(struct shrinker *shrinker,
				 struct shrink_control *sc __maybe_unused)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	cache->counts++;
	cache->reclaiming = memalloc_noreclaim;
	return cache->held.count;
}

static unsigned long cache_scan(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	cache->scans++;
	return give_back(&cache->held, sc->nr_to_scan);
}

static unsigned long liar_count(struct shrinker *shrinker,
				struct shrink_control *sc __maybe_unused)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	cache->counts++;
	return cache->says;
}

static unsigned long liar_scan(struct shrinker *shrinker,
			       struct shrink_control *sc __maybe_unused)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	cache->scans++;
	return cache->says;
}

static void cache_begin(struct cache *cache)
{
	*cache = (struct cache){
		.shrinker = { .count_objects = cache_count,
			      .scan_objects = cache_scan,
			      .seeks = DEFAULT_SEEKS },
	};
	begin(&cache->held);
	assert_int_equal(register_shrinker(&cache->shrinker), 0);
}

static void test_shrinker_gives_all_it_has_back(void **state __maybe_unused)
{
	static struct cache cache;
	unsigned long had;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	/* Half of it for the cache. */
	for (had = 0; had < LOW_BLOCKS * MAX_ORDER_NR_PAGES / 2; had++)
		hold(&cache.held, alloc_pages(GFP_KERNEL, 0));
	take_all(&held, GFP_KERNEL | __GFP_NORETRY);
	assert_int_equal(cache.held.count, 0);
	assert_true(cache.reclaiming);
	assert_false(memalloc_noreclaim);
	assert_int_equal(free_of(ZONE_NORMAL), min_of(ZONE_NORMAL));
	assert_int_equal(held.count, LOW_BLOCKS * MAX_ORDER_NR_PAGES -
			 min_of(ZONE_NORMAL));
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), had);
	assert_true(sum_vm_event(ALLOCSTALL) > 1);
	assert_int_equal(nr_alloc_failures, 0);
	unregister_shrinker(&cache.shrinker);
	give_back(&held, ~0UL);
	assert_handed_over();
}

static void test_who_may_not_wait_asks_no_shrinker(void **state __maybe_unused)
{
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	hold(&cache.held, alloc_pages(GFP_KERNEL, 0));
	take_all(&held, GFP_NOWAIT);
	take_all(&held, GFP_ATOMIC);
	memalloc_noreclaim = true;
	take_all(&held, GFP_KERNEL);
	memalloc_noreclaim = false;
	assert_int_equal(cache.counts, 0);
	assert_int_equal(sum_vm_event(ALLOCSTALL), 0);
	assert_int_equal(cache.held.count, 1);
}

/* A block takes neighbours: as many as have to go, go. */
static void test_shrinker_is_asked_until_there_is_a_block(
	void **state __maybe_unused)
{
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	for (unsigned long i = 0; i < 4 * MAX_ORDER_NR_PAGES; i++)
		hold(&cache.held, alloc_pages(GFP_KERNEL, 0));
	take_all(&held, GFP_NOWAIT);
	assert_non_null(alloc_pages(GFP_KERNEL, 3));
	assert_non_null(alloc_pages(GFP_KERNEL | __GFP_REPEAT, TOP));
	assert_null(alloc_pages(GFP_NOWAIT | QUIET, TOP));
	assert_all_sound();
}

/* Rounds of a request that nothing helps, by the calls of a cache: one pass a
 * priority, 13 priorities a round. */
static void test_fruitless_rounds_are_bounded(void **state __maybe_unused)
{
	static const struct {
		gfp_t gfp;
		unsigned int order;
		unsigned long rounds;
	} cases[] = {
		{ GFP_KERNEL, 0, 16 },
		{ GFP_KERNEL | __GFP_NORETRY, 0, 1 },
		{ GFP_KERNEL, 3, 16 },
		{ GFP_KERNEL, 4, 1 },
		{ GFP_KERNEL | __GFP_REPEAT, 4, 16 },
		{ GFP_KERNEL | __GFP_REPEAT | __GFP_NORETRY, 4, 1 },
		{ GFP_KERNEL | __GFP_NOFAIL, 0, 16 },
	};
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	take_all(&held, GFP_NOWAIT);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cache.counts = 0;
		assert_null(alloc_pages(cases[i].gfp | QUIET, cases[i].order));
		assert_int_equal(cache.counts, 13 * cases[i].rounds);
	}
}

static void test_a_shrinker_that_lies_ends(void **state __maybe_unused)
{
	static const unsigned long answers[] = {
		1, 128, 1UL << 20, ~0UL >> 1, ~0UL ^ ~0UL >> 1,
		SHRINK_EMPTY - 1, SHRINK_EMPTY, SHRINK_STOP,
	};
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	cache.shrinker.count_objects = liar_count;
	cache.shrinker.scan_objects = liar_scan;
	take_all(&held, GFP_NOWAIT);
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		cache.says = answers[i];
		cache.counts = cache.scans = 0;
		assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
		assert_int_equal(cache.counts, 13 * 16);
		assert_true(cache.scans <= 13 * 16 * 4096);
		assert_false(memalloc_noreclaim);
	}
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), 0);
	assert_all_sound();
}

/* Gives a page and takes it back: more is free for a moment only. */
static unsigned long juggler_scan(struct shrinker *shrinker,
				  struct shrink_control *sc __maybe_unused)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	cache->scans++;
	if (cache->own) {
		__free_pages(cache->own, 0);
		cache->own = NULL;
	} else {
		cache->own = alloc_pages(GFP_KERNEL | QUIET, 0);
	}
	return 1;
}

static void test_a_shrinker_that_juggles_ends(void **state __maybe_unused)
{
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	cache.shrinker.count_objects = liar_count;
	cache.shrinker.scan_objects = juggler_scan;
	cache.says = 1000;
	take_all(&held, GFP_KERNEL | __GFP_MEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	give_back(&held, 3);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_true(cache.scans > 0);
	assert_all_sound();
}

/* What a shrinker allocates comes from the reserves, and asks nobody. */
static unsigned long needy_scan(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	struct cache *cache = container_of(shrinker, struct cache, shrinker);

	if (!cache->own)
		cache->own = alloc_pages(GFP_KERNEL, 0);
	assert_non_null(cache->own);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 1000, 1000), 0);
	return cache_scan(shrinker, sc);
}

static void test_a_shrinker_may_allocate_to_free(void **state __maybe_unused)
{
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	cache.shrinker.scan_objects = needy_scan;
	for (int i = 0; i < 500; i++)
		hold(&cache.held, alloc_pages(GFP_KERNEL, 0));
	take_all(&held, GFP_ATOMIC);
	assert_true(free_of(ZONE_NORMAL) < min_of(ZONE_NORMAL));
	assert_non_null(alloc_pages(GFP_KERNEL, 0));
	assert_non_null(cache.own);
	assert_all_sound();
}

/* --- per-CPU lists -------------------------------------------------------- */

/* Nothing on this CPU's lists, and not one page above the marks. */
static void run_dry(struct held *held)
{
	struct zone *zone = zone_of(ZONE_NORMAL);

	take_all(held, GFP_NOWAIT);
	drain_all_pages(NULL);
	for (int i = 0; i < NR_WMARK; i++)
		zone->watermark[i] = free_of(ZONE_NORMAL);
	assert_null(alloc_pages(GFP_NOWAIT | QUIET, 0));
}

/* Movable pages of a pageblock that nothing else is free in. */
static int movable_pages_to_pcp(int most)
{
	struct per_cpu_pages *pcp = pcp_of(ZONE_NORMAL);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, TOP);
	struct held held;
	int n = 0;

	begin(&held);
	run_dry(&held);
	set_page_count(page, 0);
	for (; n < most && pcp->count + 1 < pcp->high; n++) {
		set_page_count(page + n, 1);
		__free_pages(page + n, 0);
	}
	assert_true(n > 0);
	return n;
}

static void test_pages_on_per_cpu_lists_are_found(void **state __maybe_unused)
{
	int pages = movable_pages_to_pcp(4);

	assert_int_equal(pcp_of(ZONE_NORMAL)->count, pages);
	assert_null(alloc_pages(GFP_NOWAIT | QUIET, 0));
	assert_int_equal(free_of(ZONE_NORMAL), min_of(ZONE_NORMAL));
	assert_non_null(alloc_pages(GFP_KERNEL, 0));
	assert_int_equal(sum_vm_event(ALLOCSTALL), 0);	/* nobody was asked */
	drain_all_pages(NULL);
	assert_int_equal(free_of(ZONE_NORMAL) + 1, min_of(ZONE_NORMAL) +
			 (unsigned long)pages);
	assert_all_sound();
}

static void test_other_cpus_lists_are_found(void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, LOW_BLOCKS * BLOCK_BYTES,
			  RAM_BASE + LOW_BLOCKS * BLOCK_BYTES);
	memblock_add(RAM_BASE, LOW_BLOCKS * BLOCK_BYTES);
	set_nr_cpu_ids(2);
	boot();
	setup_per_cpu_pageset();
	init_per_zone_wmark_min();
	count_exactly();
	host_set_cpu(1);
	count_exactly();
	assert_int_not_equal(movable_pages_to_pcp(4), 0);
	host_set_cpu(0);
	assert_int_equal(pcp_of(ZONE_NORMAL)->count, 0);
	assert_null(alloc_pages(GFP_NOWAIT | QUIET, 0));
	assert_non_null(alloc_pages(GFP_KERNEL, 0));
	host_set_cpu(1);
	assert_int_equal(pcp_of(ZONE_NORMAL)->count, 0);
	assert_sound();
}

/* A batch is all that a zone can be below a mark. */
static void test_marks_hold_but_for_a_batch(void **state __maybe_unused)
{
	unsigned long least = min_of(ZONE_NORMAL);
	unsigned long batch = (unsigned long)pcp_of(ZONE_NORMAL)->batch;
	unsigned long half = least - least / 2, all;
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_true(free_of(ZONE_NORMAL) <= least);
	assert_true(free_of(ZONE_NORMAL) > least - batch);
	take_all(&held, GFP_ATOMIC);
	assert_true(free_of(ZONE_NORMAL) <= half - half / 4);
	assert_true(free_of(ZONE_NORMAL) > half - half / 4 - batch);
	take_all(&held, GFP_KERNEL | __GFP_MEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	assert_int_equal(pcp_of(ZONE_NORMAL)->count, 0);
	all = LOW_BLOCKS * MAX_ORDER_NR_PAGES;
	assert_true(held.count <= all && held.count > all - all / 100);
	assert_all_sound();
	give_back(&held, ~0UL);
	drain_all_pages(NULL);
	assert_sound();
	assert_int_equal(nr_bad_pages, 0);
}

/* What shrinkers give back lands on per-CPU lists first. */
static void test_what_is_given_back_is_seen_behind_the_lists(
	void **state __maybe_unused)
{
	static struct cache cache;
	struct held held;

	begin(&held);
	cache_begin(&cache);
	hold(&cache.held, alloc_pages(GFP_KERNEL, 0));
	run_dry(&held);
	assert_non_null(alloc_pages(GFP_KERNEL, 0));
	assert_int_equal(cache.held.count, 0);
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), 1);
}

#define T(test) cmocka_unit_test_setup(test, setup)
#define P(test) cmocka_unit_test_setup(test, setup_pcp)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_shrinker_gives_all_it_has_back),
		T(test_who_may_not_wait_asks_no_shrinker),
		T(test_shrinker_is_asked_until_there_is_a_block),
		T(test_fruitless_rounds_are_bounded),
		T(test_a_shrinker_that_lies_ends),
		T(test_a_shrinker_that_juggles_ends),
		T(test_a_shrinker_may_allocate_to_free),
		P(test_pages_on_per_cpu_lists_are_found),
		P(test_other_cpus_lists_are_found),
		P(test_marks_hold_but_for_a_batch),
		P(test_what_is_given_back_is_seen_behind_the_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
