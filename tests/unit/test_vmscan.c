// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vmscan.c - how much is asked of each shrinker: figures by hand, after
 * Linux 4.9's rule, and answers that cannot be true.
 */
#include "handover.h"

#include <mm/shrinker.h>

#define MAX_CALLS 64

/* A shrinker that answers as told and writes down what it was asked. */
struct told {
	struct shrinker shrinker;
	unsigned long freeable;
	unsigned long answer;		/* of each scan */
	bool honest;			/* frees what it is asked, instead */
	unsigned long counts, calls, asked[MAX_CALLS];
	struct shrink_control last;
	int turn;			/* when it was counted, of all */
};

static int turns;

static unsigned long told_count(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	struct told *told = container_of(shrinker, struct told, shrinker);

	told->counts++;
	told->last = *sc;
	told->turn = ++turns;
	return told->freeable;
}

static unsigned long told_scan(struct shrinker *shrinker,
			       struct shrink_control *sc)
{
	struct told *told = container_of(shrinker, struct told, shrinker);

	if (told->calls < MAX_CALLS)
		told->asked[told->calls] = sc->nr_to_scan;
	told->calls++;
	if (!told->honest)
		return told->answer;
	told->freeable -= sc->nr_to_scan;
	return sc->nr_to_scan;
}

static void begin(struct told *told, unsigned long freeable)
{
	*told = (struct told){
		.shrinker = { .count_objects = told_count,
			      .scan_objects = told_scan,
			      .seeks = DEFAULT_SEEKS },
		.freeable = freeable,
	};
	assert_int_equal(register_shrinker(&told->shrinker), 0);
}

#define assert_asked(told, ...) do {					\
	static const unsigned long _want[] = { __VA_ARGS__ };		\
	assert_int_equal((told)->calls, ARRAY_SIZE(_want));		\
	for (size_t _i = 0; _i < ARRAY_SIZE(_want); _i++)		\
		assert_int_equal((told)->asked[_i], _want[_i]);		\
	(told)->calls = 0;						\
} while (0)

static int setup(void **state __maybe_unused)
{
	boot_blocks(8, 0);
	turns = 0;
	return 0;
}

/* --- how much ------------------------------------------------------------- */

/* 4 * 100 / 2 * 1000 / (999 + 1) = 200: a batch of 128, 72 put off. */
static void test_part_of_a_batch_is_put_off(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 100, 999), 0);
	assert_asked(&told, 128);
	assert_int_equal(told.shrinker.nr_deferred, 72);
	shrink_slab(GFP_KERNEL, 0, 100, 999);	/* 272 */
	assert_asked(&told, 128, 128);
	assert_int_equal(told.shrinker.nr_deferred, 16);
}

static void test_control_says_what_for(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	shrink_slab(GFP_ATOMIC, 0, 100, 999);
	assert_int_equal(told.last.gfp_mask, GFP_ATOMIC);
	assert_int_equal(told.last.nid, 0);
}

static void test_costly_objects_are_asked_for_less(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	told.shrinker.seeks = 1;		/* 400: 3 of 128, 16 left */
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_asked(&told, 128, 128, 128);
	assert_int_equal(told.shrinker.nr_deferred, 16);
	told.shrinker.seeks = 8;		/* 50 + 16 */
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(told.calls, 0);
	assert_int_equal(told.shrinker.nr_deferred, 66);
}

static void test_own_batch(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	told.shrinker.batch = 50;
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_asked(&told, 50, 50, 50, 50);
	assert_int_equal(told.shrinker.nr_deferred, 0);
}

static void test_no_need_counts_as_32_pages(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);			/* 4 * 32 / 2 = 64 */
	shrink_slab(GFP_KERNEL, 0, 0, 999);
	assert_int_equal(told.calls, 0);
	assert_int_equal(told.shrinker.nr_deferred, 64);
}

/* Fewer than a batch, but all that there are: no reason to wait. */
static void test_last_objects_are_asked_for(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 10);
	told.honest = true;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 1000, 999), 10 + 10);
	assert_asked(&told, 20);	/* at most twice what it has */
	assert_int_equal(told.shrinker.nr_deferred, 0);
}

/* A need below a quarter: what was put off adds at most up to a half. */
static void test_small_needs_do_not_empty_a_cache(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	told.shrinker.nr_deferred = 100000;
	shrink_slab(GFP_KERNEL, 0, 100, 999);		/* 200 < 250 */
	assert_asked(&told, 128, 128, 128);		/* of 500 */
	assert_int_equal(told.shrinker.nr_deferred, 100200 - 384);
}

static void test_great_need_is_twice_all_at_most(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 200);
	told.shrinker.nr_deferred = 100000;
	shrink_slab(GFP_KERNEL, 0, 999, 999);
	assert_asked(&told, 128, 128, 128);	/* 400: 16 are below 200 */
	assert_int_equal(told.shrinker.nr_deferred, 100000 + 399 - 384);
}

static void test_what_was_freed_is_added_up(void **state __maybe_unused)
{
	static struct told a, b;

	begin(&a, 1000);
	begin(&b, 2000);
	a.answer = 3;
	b.honest = true;
	/* 200 and 400: 1 call, 3 calls */
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 100, 999), 3 + 3 * 128);
	assert_int_equal(a.turn, 1);
	assert_int_equal(b.turn, 2);
}

/* --- who ------------------------------------------------------------------ */

static void test_nobody_to_ask(void **state __maybe_unused)
{
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 100, 999), 0);
	assert_int_equal(try_to_free_pages(contig_page_data.node_zonelists, 0,
					   GFP_KERNEL), 0);
}

static void test_shrinker_that_cannot_be_asked_is_refused(
	void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	unregister_shrinker(&told.shrinker);
	told.shrinker.seeks = 0;
	assert_int_equal(register_shrinker(&told.shrinker), -EINVAL);
	told.shrinker.seeks = -1;
	assert_int_equal(register_shrinker(&told.shrinker), -EINVAL);
	told.shrinker.seeks = 1;
	told.shrinker.batch = -1;
	assert_int_equal(register_shrinker(&told.shrinker), -EINVAL);
	told.shrinker.batch = 0;
	told.shrinker.scan_objects = NULL;
	assert_int_equal(register_shrinker(&told.shrinker), -EINVAL);
	told.shrinker.scan_objects = told_scan;
	told.shrinker.count_objects = NULL;
	assert_int_equal(register_shrinker(&told.shrinker), -EINVAL);
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(told.counts, 0);
}

static void test_shrinker_is_asked_once_or_not_at_all(
	void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	assert_int_equal(register_shrinker(&told.shrinker), -EEXIST);
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(told.counts, 1);
	unregister_shrinker(&told.shrinker);
	assert_panics(unregister_shrinker(&told.shrinker), "is_registered");
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(told.counts, 1);
	assert_int_equal(register_shrinker(&told.shrinker), 0);
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(told.counts, 2);
}

static void test_unregistered_one_is_not_asked(void **state __maybe_unused)
{
	static struct told a, b, c;

	begin(&a, 1000);
	begin(&b, 1000);
	begin(&c, 1000);
	unregister_shrinker(&b.shrinker);
	shrink_slab(GFP_KERNEL, 0, 100, 999);
	assert_int_equal(a.counts, 1);
	assert_int_equal(b.counts, 0);
	assert_int_equal(c.counts, 1);
}

static unsigned long leaver_scan(struct shrinker *shrinker,
				 struct shrink_control *sc __maybe_unused)
{
	unregister_shrinker(shrinker);
	return 0;
}

static unsigned long joiner_scan(struct shrinker *shrinker,
				 struct shrink_control *sc __maybe_unused)
{
	static struct shrinker another;

	another = *shrinker;
	register_shrinker(&another);
	return 0;
}

static void test_list_does_not_change_while_it_is_walked(
	void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000);
	told.shrinker.scan_objects = leaver_scan;
	assert_panics(shrink_slab(GFP_KERNEL, 0, 100, 999), "walking");
	setup(NULL);
	begin(&told, 1000);
	told.shrinker.scan_objects = joiner_scan;
	assert_panics(shrink_slab(GFP_KERNEL, 0, 100, 999), "walking");
}

/* --- answers that cannot be true ------------------------------------------ */

static void test_stop_ends_the_pass_for_that_one(void **state __maybe_unused)
{
	static struct told a, b;

	begin(&a, 1000);
	begin(&b, 1000);
	a.answer = SHRINK_STOP;
	assert_int_equal(shrink_slab(GFP_KERNEL, 0, 400, 999), 0);
	assert_asked(&a, 128);
	assert_asked(&b, 128, 128, 128, 128, 128, 128);	/* 800 */
}

static void test_nothing_there_is_not_scanned(void **state __maybe_unused)
{
	static const unsigned long nothing[] = { 0, SHRINK_EMPTY, SHRINK_STOP };
	static struct told told;

	begin(&told, 0);
	told.shrinker.nr_deferred = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		told.freeable = nothing[i];
		assert_int_equal(shrink_slab(GFP_KERNEL, 0, 100, 999), 0);
	}
	assert_int_equal(told.counts, 3);
	assert_int_equal(told.calls, 0);
	assert_int_equal(told.shrinker.nr_deferred, 1000);
}

static void test_any_count_is_scanned_a_bounded_number_of_times(
	void **state __maybe_unused)
{
	static const unsigned long counts[] = {
		1, 1000000, 1UL << 31, 1UL << 32, ~0UL >> 1,
		~0UL ^ ~0UL >> 1, ~0UL - 2,
	};
	static const unsigned long needs[] = {
		0, 1, 1UL << 20, ~0UL >> 3, ~0UL,
	};
	static struct told told;

	begin(&told, 0);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		for (size_t j = 0; j < ARRAY_SIZE(needs); j++) {
			told.freeable = counts[i];
			told.answer = ~0UL >> 1;
			told.calls = 0;
			shrink_slab(GFP_KERNEL, 0, needs[j], 1);
			assert_true(told.calls <= 4096);
			assert_true(told.calls > 0 || needs[j] < 1UL << 20);
			assert_true(told.shrinker.nr_deferred >= 0);
			assert_true(told.shrinker.nr_deferred <= INT32_MAX);
		}
}

static void test_one_object_batches_end_too(void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 1000000);
	told.shrinker.batch = 1;
	shrink_slab(GFP_KERNEL, 0, 1000, 1000);
	assert_int_equal(told.calls, 4096);
}

/* --- rising priority ------------------------------------------------------ */

/* 13 passes, each twice the need of the one before. */
static void test_need_doubles_until_all_is_looked_at(
	void **state __maybe_unused)
{
	static struct told told;

	begin(&told, 100000);
	told.answer = 0;
	assert_int_equal(try_to_free_pages(contig_page_data.node_zonelists, 0,
					   GFP_KERNEL), 0);
	assert_int_equal(told.counts, 13);
	assert_false(memalloc_noreclaim);
	/* The last pass alone takes nearly 2 * 100,000 objects in 128s. */
	assert_true(told.calls > 2 * 100000 / 128);
	assert_true(told.calls < 4 * 100000 / 128 + 13);
}

struct hoard {
	struct shrinker shrinker;
	struct list_head pages;
	unsigned long count, passes;
};

static unsigned long hoard_count(struct shrinker *shrinker,
				 struct shrink_control *sc __maybe_unused)
{
	struct hoard *hoard = container_of(shrinker, struct hoard, shrinker);

	hoard->passes++;
	return hoard->count;
}

static unsigned long hoard_scan(struct shrinker *shrinker,
				struct shrink_control *sc)
{
	struct hoard *hoard = container_of(shrinker, struct hoard, shrinker);
	unsigned long n = 0;
	struct page *page;

	for (; n < sc->nr_to_scan && hoard->count; n++, hoard->count--) {
		page = list_first_entry_or_null(&hoard->pages, struct page,
						lru);
		list_del(&page->lru);
		__free_pages(page, 0);
	}
	return n;
}

static void test_enough_is_enough(void **state __maybe_unused)
{
	static struct hoard hoard;
	unsigned long freed;

	hoard = (struct hoard){
		.shrinker = { .count_objects = hoard_count,
			      .scan_objects = hoard_scan,
			      .seeks = DEFAULT_SEEKS, .batch = 8 },
		.pages = LIST_HEAD_INIT(hoard.pages),
	};
	assert_int_equal(register_shrinker(&hoard.shrinker), 0);
	for (; hoard.count < 4000; hoard.count++)
		list_add(&alloc_pages(GFP_KERNEL, 0)->lru, &hoard.pages);
	freed = try_to_free_pages(contig_page_data.node_zonelists, 0,
				  GFP_KERNEL);
	assert_true(freed >= 32);
	assert_true(freed < 200);
	assert_int_equal(hoard.count, 4000 - freed);
	assert_true(hoard.passes > 1 && hoard.passes < 13);
	/* A large block is worth more. */
	assert_true(try_to_free_pages(contig_page_data.node_zonelists, 9,
				      GFP_KERNEL) >= 512);
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED),
			 4000 - hoard.count);
	assert_int_equal(sum_vm_event(ALLOCSTALL), 2);
	assert_sound();
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_part_of_a_batch_is_put_off),
		T(test_control_says_what_for),
		T(test_costly_objects_are_asked_for_less),
		T(test_own_batch),
		T(test_no_need_counts_as_32_pages),
		T(test_last_objects_are_asked_for),
		T(test_small_needs_do_not_empty_a_cache),
		T(test_great_need_is_twice_all_at_most),
		T(test_what_was_freed_is_added_up),
		T(test_nobody_to_ask),
		T(test_shrinker_that_cannot_be_asked_is_refused),
		T(test_shrinker_is_asked_once_or_not_at_all),
		T(test_unregistered_one_is_not_asked),
		T(test_list_does_not_change_while_it_is_walked),
		T(test_stop_ends_the_pass_for_that_one),
		T(test_nothing_there_is_not_scanned),
		T(test_any_count_is_scanned_a_bounded_number_of_times),
		T(test_one_object_batches_end_too),
		T(test_need_doubles_until_all_is_looked_at),
		T(test_enough_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
