// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_pcp.c - per-CPU lists of single pages: their size, which end,
 * whose pages, and the way back to the buddy.
 */
#include "pcp_machine.h"

#define UNMOVABLE	(GFP_KERNEL)
#define MOVABLE		(GFP_KERNEL | __GFP_MOVABLE)
#define RECLAIMABLE	(GFP_KERNEL | __GFP_RECLAIMABLE)
#define HIGHUSER	GFP_HIGHUSER_MOVABLE

static int setup(void **state __maybe_unused)
{
	boot_pagesets(CPUS);
	return 0;
}

/* --- how long ------------------------------------------------------------- */

/* By hand from the rule; 189,128 is the article's Normal zone. */
static void test_batches_are_linux_s(void **state __maybe_unused)
{
	static const struct {
		unsigned long managed;
		int batch;
	} rule[] = {
		{ 0, 0 }, { 1023, 0 }, { 4096, 0 }, { 8191, 0 }, { 8192, 1 },
		{ 12287, 1 }, { 12288, 3 }, { 16384, 3 }, { 32768, 7 },
		{ 65536, 15 }, { 131071, 31 }, { 131072, 31 }, { 189128, 31 },
		{ 1UL << 24, 31 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rule); i++) {
		struct zone zone = { .managed_pages = rule[i].managed };

		assert_int_equal(zone_batchsize(&zone), rule[i].batch);
	}
}

static void test_every_cpu_has_lists_of_its_own_in_each_zone(
	void **state __maybe_unused)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->batch, LOW_BATCH);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->high, 90);
		assert_int_equal(pcp_of(ZONE_HIGHMEM, cpu)->batch, HIGH_BATCH);
		assert_int_equal(pcp_of(ZONE_HIGHMEM, cpu)->high, 18);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count, 0);
	}
	assert_ptr_not_equal(pcp_of(ZONE_NORMAL, 0), pcp_of(ZONE_NORMAL, 1));
	assert_ptr_not_equal(pcp_of(ZONE_NORMAL, 0), pcp_of(ZONE_HIGHMEM, 0));
}

static void test_boot_pageset_lets_pages_pass(void **state __maybe_unused)
{
	struct page *page;

	boot_cpus(CPUS);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->high, 0);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->batch, 1);
		host_set_cpu(cpu);
		page = alloc_pages(MOVABLE, 0);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count, 0);
		assert_int_equal(counted_free(ZONE_NORMAL), LOW_PAGES - 1);
		__free_pages(page, 0);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count, 0);
		assert_handed_over();
	}
}

/* Nothing is left to make lists of: pages go on passing through. */
static void test_without_room_for_lists_pages_pass_on(
	void **state __maybe_unused)
{
	struct page *page;

	boot_cpus(1);
	while (alloc_percpu(struct per_cpu_nodestat))
		;
	setup_per_cpu_pageset();
	assert_true(console_says("no room for per-CPU lists"));
	page = alloc_pages(MOVABLE, 0);
	assert_non_null(page);
	assert_int_equal(counted_free(ZONE_NORMAL), LOW_PAGES - 1);
	__free_pages(page, 0);
	assert_handed_over();
}

/* --- taking --------------------------------------------------------------- */

static void test_empty_list_takes_a_batch_and_gives_it_in_order(
	void **state __maybe_unused)
{
	struct page *first = alloc_pages(MOVABLE, 0);

	assert_int_equal(counted_free(ZONE_NORMAL), LOW_PAGES - LOW_BATCH);
	assert_int_equal(pages_on(ZONE_NORMAL, 0, MIGRATE_MOVABLE),
			 LOW_BATCH - 1);
	for (int i = 1; i < LOW_BATCH; i++)
		assert_ptr_equal(alloc_pages(MOVABLE, 0), first + i);
	assert_int_equal(pcp_of(ZONE_NORMAL, 0)->count, 0);
	assert_int_equal(counted_free(ZONE_NORMAL), LOW_PAGES - LOW_BATCH);
	assert_sound();
}

static void test_cold_batch_is_the_same_from_the_other_end(
	void **state __maybe_unused)
{
	struct page *first = alloc_pages(MOVABLE | __GFP_COLD, 0);

	for (int i = 1; i < LOW_BATCH; i++)
		assert_ptr_equal(alloc_pages(MOVABLE | __GFP_COLD, 0),
				 first + i);
	assert_int_equal(pcp_of(ZONE_NORMAL, 0)->count, 0);
	assert_sound();
}

static void test_hot_and_cold_ends(void **state __maybe_unused)
{
	struct page *a = alloc_pages(MOVABLE, 0), *b = alloc_pages(MOVABLE, 0);

	__free_pages(a, 0);
	set_page_count(b, 0);
	free_hot_cold_page(b, true);
	assert_ptr_equal(alloc_pages(MOVABLE | __GFP_COLD, 0), b);
	__free_pages(b, 0);			/* the hot end now */
	assert_ptr_equal(alloc_pages(MOVABLE, 0), b);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), a);
	assert_sound();
}

static void test_each_type_has_its_list(void **state __maybe_unused)
{
	static const gfp_t gfps[MIGRATE_PCPTYPES] = {
		[MIGRATE_UNMOVABLE] = UNMOVABLE,
		[MIGRATE_MOVABLE] = MOVABLE,
		[MIGRATE_RECLAIMABLE] = RECLAIMABLE,
	};

	for (int type = 0; type < MIGRATE_PCPTYPES; type++) {
		assert_non_null(alloc_pages(gfps[type], 0));
		for (int other = 0; other < MIGRATE_PCPTYPES; other++)
			assert_int_equal(pages_on(ZONE_NORMAL, 0, other),
					 other <= type ? LOW_BATCH - 1 : 0);
	}
	assert_sound();
}

/* The same pages and the same lists as one page at a time gives. */
static void assert_same_lists(struct page *const *pages, unsigned int n,
			      unsigned int seed, bool batch)
{
	static unsigned long seen[2][MAX_FRAMES / 8];
	unsigned long *at = seen[batch];
	struct page *page;

	for (unsigned int i = 0; i < n; i++)
		*at++ = page_to_pfn(pages[i]);
	for (unsigned int o = 0; o < MAX_ORDER; o++)
		for (int t = 0; t < MIGRATE_TYPES; t++) {
			*at++ = nr_free(ZONE_NORMAL, o);
			list_for_each_entry(page, &zone_of(ZONE_NORMAL)
					    ->free_area[o].free_list[t], lru)
				*at++ = page_to_pfn(page);
		}
	if (batch && memcmp(seen[0], seen[1], (size_t)((char *)at -
						       (char *)seen[1])))
		fail_msg("seed %u: a batch is not what single pages are", seed);
}

static void fragment(unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	struct page *held[600];
	unsigned int order[600];

	for (unsigned int i = 0; i < ARRAY_SIZE(held); i++) {
		order[i] = (unsigned int)below(&rng, 5);
		held[i] = alloc_pages(below(&rng, 2) ? MOVABLE : UNMOVABLE,
				      order[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(held); i++)
		if (below(&rng, 2))
			__free_pages(held[i], order[i]);
}

static void test_batch_is_what_single_pages_are(void **state __maybe_unused)
{
	static const gfp_t gfps[] = { UNMOVABLE, MOVABLE, RECLAIMABLE };
	struct page *pages[400];

	for (unsigned int seed = 0; seed < 30; seed++) {
		gfp_t gfp = gfps[seed % ARRAY_SIZE(gfps)];

		for (int batch = 0; batch < 2; batch++) {
			boot_cpus(1);
			fragment(seed);
			if (batch)
				pcp_of(ZONE_NORMAL, 0)->batch = 400;
			for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
				pages[i] = alloc_pages(gfp, 0);
			assert_sound();
			assert_same_lists(pages, ARRAY_SIZE(pages), seed,
					  batch);
		}
	}
}

/* --- giving back ---------------------------------------------------------- */

static void test_batch_goes_back_when_the_list_is_full(
	void **state __maybe_unused)
{
	struct page *pages[120];
	struct per_cpu_pages *pcp = pcp_of(ZONE_NORMAL, 0);
	unsigned long free_pages;

	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = alloc_pages(MOVABLE, 0);
	assert_int_equal(pcp->count, 0);	/* 8 batches of 15 */
	free_pages = counted_free(ZONE_NORMAL);
	for (int i = 0; i < 89; i++)
		__free_pages(pages[i], 0);
	assert_int_equal(pcp->count, 89);
	assert_int_equal(counted_free(ZONE_NORMAL), free_pages);
	__free_pages(pages[89], 0);		/* the 90th */
	assert_int_equal(pcp->count, 75);
	assert_int_equal(counted_free(ZONE_NORMAL), free_pages + 15);
	/* The coldest went: those that were freed first. */
	for (int i = 0; i < 90; i++)
		assert_int_equal(is_on(pages[i], ZONE_NORMAL, 0,
				       MIGRATE_MOVABLE), i >= 15);
	assert_sound();
}

/* Puts @n pages on a list, each from a block of its own: none can merge. */
static void fill(int type, int n, struct page **pages)
{
	struct per_cpu_pages *pcp = pcp_of(ZONE_NORMAL, 0);

	for (int i = 0; i < n; i++) {
		struct page *page = alloc_pages(MOVABLE, 1);

		set_pcppage_migratetype(page, type);
		set_page_count(page, 0);
		list_add(&page->lru, &pcp->lists[type]);
		pcp->count++;
		if (pages)
			pages[i] = page;
	}
}

/* Of lists as long as @have, @count pages: how many are left. By hand. */
static void test_types_take_turns(void **state)
{
	static const struct {
		int have[MIGRATE_PCPTYPES], count, left[MIGRATE_PCPTYPES];
	} turns[] = {
		/* Movable, Reclaimable, Unmovable, Movable, ... */
		{ { 3, 3, 3 }, 1, { 3, 2, 3 } },
		{ { 3, 3, 3 }, 2, { 3, 2, 2 } },
		{ { 3, 3, 3 }, 6, { 1, 1, 1 } },
		/* M R, then none Unmovable: two of M */
		{ { 0, 4, 1 }, 4, { 0, 1, 0 } },
		/* M, none R, two of U; M, and one more of U */
		{ { 5, 5, 0 }, 5, { 2, 3, 0 } },
		{ { 5, 0, 0 }, 4, { 1, 0, 0 } },
		{ { 0, 0, 5 }, 4, { 0, 0, 1 } },
		{ { 2, 2, 2 }, 6, { 0, 0, 0 } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(turns); i++) {
		setup(state);
		for (int type = 0; type < MIGRATE_PCPTYPES; type++)
			fill(type, turns[i].have[type], NULL);
		assert_sound();
		free_pcppages_bulk(zone_of(ZONE_NORMAL), pcp_of(ZONE_NORMAL, 0),
				   turns[i].count);
		for (int type = 0; type < MIGRATE_PCPTYPES; type++)
			assert_int_equal(pages_on(ZONE_NORMAL, 0, type),
					 turns[i].left[type]);
		assert_sound();
	}
}

static void test_coldest_page_of_a_list_goes_first(void **state __maybe_unused)
{
	struct page *pages[5];

	fill(MIGRATE_MOVABLE, 5, pages);
	free_pcppages_bulk(zone_of(ZONE_NORMAL), pcp_of(ZONE_NORMAL, 0), 2);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(PageBuddy(pages[i]), i < 2);
		assert_int_equal(is_on(pages[i], ZONE_NORMAL, 0,
				       MIGRATE_MOVABLE), i >= 2);
	}
}

/* --- pageblocks that are not for these lists ------------------------------ */

static void set_type(const struct page *page, enum migratetype type)
{
	set_pfnblock_migratetype(page_zone(page), page_to_pfn(page), type);
}

/* What isolation does to a pageblock, without its checks. */
static void isolate(struct page *page)
{
	struct zone *zone = page_zone(page);

	set_type(page, MIGRATE_ISOLATE);
	zone->nr_isolate_pageblock++;
	__mod_zone_page_state(zone, NR_FREE_PAGES, -(long)
			      move_freepages_block(zone, page,
						   MIGRATE_ISOLATE));
	assert_sound();
}

static void test_page_of_an_isolated_pageblock_never_stops_here(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);
	unsigned long free_pages;

	isolate(page);
	free_pages = counted_free(ZONE_NORMAL);
	__free_pages(page, 0);
	assert_false(is_on(page, ZONE_NORMAL, 0, MIGRATE_MOVABLE));
	assert_true(PageBuddy(page));
	assert_ptr_equal(first_of(ZONE_NORMAL, 0, MIGRATE_ISOLATE), page);
	assert_int_equal(counted_free(ZONE_NORMAL), free_pages);
	assert_sound();
}

static void test_page_isolated_while_here_goes_back_isolated(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);
	unsigned long free_pages;

	__free_pages(page, 0);
	isolate(page);
	free_pages = counted_free(ZONE_NORMAL);
	drain_local_pages(zone_of(ZONE_NORMAL));
	assert_int_equal(pcp_of(ZONE_NORMAL, 0)->count, 0);
	assert_int_equal(counted_free(ZONE_NORMAL), free_pages);
	assert_sound();				/* ZONE-2 */
}

static void types_on_the_movable_list(enum migratetype type)
{
	struct page *page = alloc_pages(MOVABLE, 1), *other = page + 1;
	struct zone *zone = zone_of(ZONE_NORMAL);
	unsigned long moved;

	set_page_count(other, 1);
	set_type(page, type);
	moved = move_freepages_block(zone, page, type);	/* BUDDY-7 */
	if (type == MIGRATE_CMA)
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, (long)moved);
	__free_pages(page, 0);
	assert_true(is_on(page, ZONE_NORMAL, 0, MIGRATE_MOVABLE));
	assert_int_equal(get_pcppage_migratetype(page), type);
	assert_sound();				/* PCP-2 */
	drain_all_pages(NULL);
	assert_ptr_equal(first_of(ZONE_NORMAL, 0, type), page);
	assert_int_equal(zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
			 type == MIGRATE_CMA ? moved + 1 : 0);
	assert_sound();
}

static void test_cma_and_highatomic_pages_are_movable_ones_here(void **state)
{
	types_on_the_movable_list(MIGRATE_CMA);
	setup(state);
	types_on_the_movable_list(MIGRATE_HIGHATOMIC);
}

static void move_all_to_cma(struct zone *zone)
{
	for (unsigned long pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone);
	     pfn += pageblock_nr_pages) {
		set_pfnblock_migratetype(zone, pfn, MIGRATE_CMA);
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES,
				      (long)move_freepages_block(
					zone, pfn_to_page(pfn), MIGRATE_CMA));
	}
}

static void test_cma_pages_on_a_list_are_counted_as_taken(
	void **state __maybe_unused)
{
	struct zone *zone = zone_of(ZONE_NORMAL);
	struct page *page;

	move_all_to_cma(zone);
	assert_int_equal(zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
			 LOW_PAGES);
	assert_null(alloc_pages(UNMOVABLE | __GFP_NOWARN, 0));
	page = alloc_pages(MOVABLE, 0);
	assert_non_null(page);
	assert_int_equal(get_pcppage_migratetype(page), MIGRATE_CMA);
	assert_int_equal(zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
			 LOW_PAGES - LOW_BATCH);
	assert_sound();
	__free_pages(page, 0);
	drain_all_pages(zone);
	assert_int_equal(zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
			 LOW_PAGES);
	assert_handed_over();
}

/* --- several CPUs --------------------------------------------------------- */

static void test_freed_page_stays_with_its_cpu(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);

	host_set_cpu(2);
	__free_pages(page, 0);
	assert_true(is_on(page, ZONE_NORMAL, 2, MIGRATE_MOVABLE));
	host_set_cpu(1);
	assert_ptr_not_equal(alloc_pages(MOVABLE, 0), page);
	host_set_cpu(2);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), page);
	assert_sound();
}

/* A page on each CPU's list, in both zones. */
static void spread(void)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		__free_pages(alloc_pages(MOVABLE, 0), 0);
		__free_pages(alloc_pages(HIGHUSER, 0), 0);
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count, LOW_BATCH);
		assert_int_equal(pcp_of(ZONE_HIGHMEM, cpu)->count, HIGH_BATCH);
	}
}

static void test_local_drain_is_this_cpu_s(void **state __maybe_unused)
{
	spread();
	host_set_cpu(1);
	drain_local_pages(NULL);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count,
				 cpu == 1 ? 0 : LOW_BATCH);
		assert_int_equal(pcp_of(ZONE_HIGHMEM, cpu)->count,
				 cpu == 1 ? 0 : HIGH_BATCH);
	}
	assert_sound();
}

static void test_drain_of_a_zone_leaves_the_others(void **state __maybe_unused)
{
	spread();
	drain_all_pages(zone_of(ZONE_HIGHMEM));
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		assert_int_equal(pcp_of(ZONE_NORMAL, cpu)->count, LOW_BATCH);
		assert_int_equal(pcp_of(ZONE_HIGHMEM, cpu)->count, 0);
	}
	assert_sound();
	drain_all_pages(NULL);
	assert_handed_over();
}

/* Another CPU's list has the last pages: the slow path gets at them. */
static void test_last_pages_are_found_on_other_cpus(void **state __maybe_unused)
{
	struct page *page, *last = NULL;

	host_set_cpu(3);
	while (counted_free(ZONE_NORMAL) > MAX_ORDER_NR_PAGES)
		assert_non_null(alloc_pages(UNMOVABLE | __GFP_NOWARN,
					    MAX_ORDER - 1));
	while (counted_free(ZONE_NORMAL))
		last = alloc_pages(UNMOVABLE | __GFP_NOWARN, 0);
	while (pcp_of(ZONE_NORMAL, 3)->count)
		last = alloc_pages(UNMOVABLE | __GFP_NOWARN, 0);
	assert_null(alloc_pages(UNMOVABLE | __GFP_NOWARN, 0));
	__free_pages(last, 0);
	host_set_cpu(0);
	assert_null(alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0));
	page = alloc_pages(UNMOVABLE | __GFP_NOWARN, 0);
	assert_ptr_equal(page, last);
	assert_sound();
}

/* --- counters and bad pages ----------------------------------------------- */

static void test_events_count_pages_of_every_cpu(void **state __maybe_unused)
{
	unsigned long allocs = sum_vm_event(PGALLOC_NORMAL);
	unsigned long highs = sum_vm_event(PGALLOC_HIGH);
	unsigned long frees = sum_vm_event(PGFREE);

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		__free_pages(alloc_pages(MOVABLE, 0), 0);
		__free_pages(alloc_pages(HIGHUSER, 0), 0);
		__free_pages(alloc_pages(MOVABLE, 3), 3);
	}
	assert_int_equal(sum_vm_event(PGALLOC_NORMAL), allocs + 9 * CPUS);
	assert_int_equal(sum_vm_event(PGALLOC_HIGH), highs + CPUS);
	assert_int_equal(sum_vm_event(PGFREE), frees + 10 * CPUS);
}

static void test_thresholds_are_for_real_pagesets_only(
	void **state __maybe_unused)
{
	boot_cpus(2);
	refresh_zone_stat_thresholds();
	assert_int_equal(per_cpu_ptr(zone_of(ZONE_NORMAL)->pageset, 0)
			 ->stat_threshold, 0);
	setup_per_cpu_pageset();
	refresh_zone_stat_thresholds();
	/* 256 MB is two units of 128: 2 * fls(1) * (1 + fls(2)) */
	assert_int_equal(per_cpu_ptr(zone_of(ZONE_NORMAL)->pageset, 1)
			 ->stat_threshold, 6);
	for (int i = 0; i < 5; i++)
		assert_non_null(alloc_pages(MOVABLE, 1));
	assert_int_equal(zone_page_state(zone_of(ZONE_NORMAL), NR_FREE_PAGES),
			 LOW_PAGES - 8);	/* the fifth is a difference */
	assert_int_equal(counted_free(ZONE_NORMAL), LOW_PAGES - 10);
	assert_null(vmstat_check());
	assert_sound();
}

static void test_double_free_of_a_page_on_a_list_is_noticed(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);

	__free_pages(page, 0);
	__free_pages(page, 0);
	assert_int_equal(nr_bad_pages, 1);
	assert_true(console_says("nobody holds it"));
	assert_sound();
	assert_ptr_equal(alloc_pages(MOVABLE, 0), page);
	assert_ptr_not_equal(alloc_pages(MOVABLE, 0), page);
}

static void test_page_spoilt_on_a_list_is_not_given(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);

	__free_pages(page, 0);
	page->flags |= BIT(PG_dirty);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), page + 1);
	assert_int_equal(nr_bad_pages, 1);
	assert_int_equal(pages_on(ZONE_NORMAL, 0, MIGRATE_MOVABLE),
			 LOW_BATCH - 2);
	assert_sound();
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_batches_are_linux_s),
		T(test_every_cpu_has_lists_of_its_own_in_each_zone),
		T(test_boot_pageset_lets_pages_pass),
		T(test_without_room_for_lists_pages_pass_on),
		T(test_empty_list_takes_a_batch_and_gives_it_in_order),
		T(test_cold_batch_is_the_same_from_the_other_end),
		T(test_hot_and_cold_ends),
		T(test_each_type_has_its_list),
		T(test_batch_is_what_single_pages_are),
		T(test_batch_goes_back_when_the_list_is_full),
		T(test_types_take_turns),
		T(test_coldest_page_of_a_list_goes_first),
		T(test_page_of_an_isolated_pageblock_never_stops_here),
		T(test_page_isolated_while_here_goes_back_isolated),
		T(test_cma_and_highatomic_pages_are_movable_ones_here),
		T(test_cma_pages_on_a_list_are_counted_as_taken),
		T(test_freed_page_stays_with_its_cpu),
		T(test_local_drain_is_this_cpu_s),
		T(test_drain_of_a_zone_leaves_the_others),
		T(test_last_pages_are_found_on_other_cpus),
		T(test_events_count_pages_of_every_cpu),
		T(test_thresholds_are_for_real_pagesets_only),
		T(test_double_free_of_a_page_on_a_list_is_noticed),
		T(test_page_spoilt_on_a_list_is_not_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
