// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_slowpath.c - who is served when memory runs out, how far down, and
 * what those hear who are not.
 */
#include "handover.h"

#include <mm/printk.h>
#include <mm/shrinker.h>
#include <mm/watermark.h>

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	2UL
#define TOP		(MAX_ORDER - 1)
#define QUIET		__GFP_NOWARN

/* No differences: what is compared with a mark is what is free. */
static void count_exactly(void)
{
	const struct zone *zone;

	refresh_cpu_vm_stats();
	for_each_populated_zone(zone)
		this_cpu_ptr(zone->pageset)->stat_threshold = 0;
	this_cpu_ptr(contig_page_data.per_cpu_nodestats)->stat_threshold = 0;
}

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	init_per_zone_wmark_min();
	count_exactly();
	return 0;
}

static unsigned long free_of(enum zone_type type)
{
	return zone_page_state_snapshot(zone_of(type), NR_FREE_PAGES);
}

static unsigned long min_of(enum zone_type type)
{
	return zone_of(type)->watermark[WMARK_MIN];
}

static void assert_all_sound(void)
{
	const char *broken = watermark_check();

	assert_sound();
	if (broken)
		fail_msg("watermark_check: %s", broken);
}

/* --- pages held, to be given back ----------------------------------------- */

/* Linked through lru: a page in use has no other use for it. */
struct held {
	struct list_head pages;
	unsigned long count;
};

static void hold(struct held *held, struct page *page)
{
	list_add(&page->lru, &held->pages);
	held->count++;
}

static unsigned long take_all(struct held *held, gfp_t gfp)
{
	unsigned long n = 0;
	struct page *page;

	for (; (page = alloc_pages(gfp | QUIET, 0)); n++)
		hold(held, page);
	return n;
}

static struct page *let_go(struct held *held)
{
	struct page *page = list_first_entry_or_null(&held->pages, struct page,
						     lru);

	if (page) {
		list_del(&page->lru);
		held->count--;
	}
	return page;
}

static unsigned long give_back(struct held *held, unsigned long most)
{
	unsigned long n = 0;
	struct page *page;

	for (; n < most && (page = let_go(held)); n++)
		__free_pages(page, 0);
	return n;
}

static void begin(struct held *held)
{
	INIT_LIST_HEAD(&held->pages);
	held->count = 0;
}

/* --- how far down --------------------------------------------------------- */

/* Each kind goes on where the one before stopped. */
static void test_each_kind_goes_further_down_than_the_last(
	void **state __maybe_unused)
{
	unsigned long least = min_of(ZONE_NORMAL);
	unsigned long half = least - least / 2;
	struct held held;

	begin(&held);
	assert_true(least >= 32);
	assert_int_not_equal(take_all(&held, GFP_KERNEL), 0);
	assert_int_equal(free_of(ZONE_NORMAL), least);
	assert_int_equal(take_all(&held, GFP_NOWAIT), 0);
	assert_int_equal(take_all(&held, GFP_KERNEL | __GFP_HIGH),
			 least - half);
	assert_int_equal(free_of(ZONE_NORMAL), half);
	assert_int_equal(take_all(&held, GFP_ATOMIC | __GFP_NOMEMALLOC), 0);
	assert_int_equal(take_all(&held, GFP_ATOMIC), half / 4);
	assert_int_equal(free_of(ZONE_NORMAL), half - half / 4);
	assert_int_equal(take_all(&held, GFP_ATOMIC | __GFP_MEMALLOC |
				  __GFP_NOMEMALLOC), 0);
	assert_int_equal(take_all(&held, GFP_KERNEL | __GFP_MEMALLOC),
			 half - half / 4);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	assert_int_equal(take_all(&held, GFP_ATOMIC | __GFP_MEMALLOC), 0);
	assert_int_equal(nr_alloc_failures, 0);
	assert_int_equal(free_of(ZONE_HIGHMEM),
			 HIGH_BLOCKS * MAX_ORDER_NR_PAGES);
	assert_all_sound();
	give_back(&held, ~0UL);
	assert_handed_over();
	assert_int_equal(nr_bad_pages, 0);
}

static void test_noreclaim_task_goes_down_to_the_last_page(
	void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	memalloc_noreclaim = true;
	take_all(&held, GFP_KERNEL | __GFP_NOMEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), min_of(ZONE_NORMAL));
	take_all(&held, GFP_KERNEL);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	memalloc_noreclaim = false;
	give_back(&held, ~0UL);
	assert_handed_over();
}

/* A user page leaves the reserve of lowmem alone that a kernel page may use. */
static void test_user_pages_leave_lowmem_its_reserve(void **state __maybe_unused)
{
	unsigned long kept = min_of(ZONE_NORMAL) + HIGH_BLOCKS *
			     MAX_ORDER_NR_PAGES / 32;
	struct held held;

	begin(&held);
	take_all(&held, GFP_HIGHUSER_MOVABLE);
	assert_int_equal(free_of(ZONE_HIGHMEM), min_of(ZONE_HIGHMEM));
	assert_int_equal(free_of(ZONE_NORMAL), kept);
	assert_int_equal(take_all(&held, GFP_KERNEL),
			 kept - min_of(ZONE_NORMAL));
	assert_int_equal(take_all(&held, GFP_HIGHUSER | __GFP_MEMALLOC),
			 min_of(ZONE_NORMAL) + min_of(ZONE_HIGHMEM));
	assert_int_equal(free_of(ZONE_HIGHMEM) + free_of(ZONE_NORMAL), 0);
	give_back(&held, ~0UL);
	assert_handed_over();
}

static void test_only_highmem_free_serves_no_kernel_page(
	void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL | __GFP_MEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_MEMALLOC | QUIET, 0));
	assert_true(PageHighMem(alloc_pages(GFP_HIGHUSER, 0)));
	assert_true(PageHighMem(alloc_pages(GFP_HIGHUSER_MOVABLE, TOP)));
}

/* Movable pages take a CMA pageblock up; others stop above it. */
static void test_cma_pages_are_for_movable_ones(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, TOP);
	struct held held;

	begin(&held);
	set_pfnblock_migratetype(zone_of(ZONE_NORMAL), page_to_pfn(page),
				 MIGRATE_CMA);
	__free_pages(page, TOP);
	assert_int_equal(zone_page_state(zone_of(ZONE_NORMAL),
					 NR_FREE_CMA_PAGES),
			 MAX_ORDER_NR_PAGES);
	take_all(&held, GFP_KERNEL);
	assert_int_equal(free_of(ZONE_NORMAL),
			 min_of(ZONE_NORMAL) + MAX_ORDER_NR_PAGES);
	take_all(&held, GFP_KERNEL | __GFP_MEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), MAX_ORDER_NR_PAGES);
	take_all(&held, GFP_KERNEL | __GFP_MOVABLE);
	assert_int_equal(free_of(ZONE_NORMAL), min_of(ZONE_NORMAL));
	take_all(&held, GFP_KERNEL | __GFP_MOVABLE | __GFP_MEMALLOC);
	assert_int_equal(free_of(ZONE_NORMAL), 0);
	assert_sound();
	give_back(&held, ~0UL);
	assert_int_equal(zone_page_state(zone_of(ZONE_NORMAL),
					 NR_FREE_CMA_PAGES),
			 MAX_ORDER_NR_PAGES);
	assert_handed_over();
}

static void test_one_page_given_back_is_one_to_be_had(
	void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	for (int i = 0; i < 50; i++) {
		assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
		give_back(&held, 1);
		assert_int_equal(take_all(&held, GFP_KERNEL), 1);
	}
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 1));
	give_back(&held, ~0UL);
	assert_handed_over();
}

/* Smaller than anything that watermarks are meant for. */
static void test_zone_of_one_page(void **state __maybe_unused)
{
	struct page *page;

	new_ram_with_pool(RAM_BASE, PAGE_SIZE, RAM_BASE + PAGE_SIZE);
	memblock_add(RAM_BASE, PAGE_SIZE);
	boot();
	page = alloc_pages(GFP_KERNEL, 0);	/* no marks yet */
	assert_non_null(page);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	__free_pages(page, 0);
	init_per_zone_wmark_min();
	count_exactly();
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_null(alloc_pages(GFP_ATOMIC | QUIET, 0));
	assert_ptr_equal(alloc_pages(GFP_ATOMIC | __GFP_MEMALLOC, 0), page);
	__free_pages(page, 0);
	assert_all_sound();
}

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

/* --- what is said --------------------------------------------------------- */

static unsigned long times_said(const char *text)
{
	const char *at = host_console();
	unsigned long n = 0;

	for (; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void test_report_shows_request_and_zones(void **state __maybe_unused)
{
	char line[200];
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_false(console_says("no memory"));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_COMP, 2));
	assert_int_equal(nr_alloc_failures, 1);
	snprintf(line, sizeof(line),
		 "no memory: order 2, GFP_KERNEL|__GFP_COMP (0x%x), for ",
		 GFP_KERNEL | __GFP_COMP);
	assert_true(console_says(line));
	snprintf(line, sizeof(line),
		 "Normal: free %lu, min %lu, low %lu, high %lu, managed %lu pages\n",
		 min_of(ZONE_NORMAL), min_of(ZONE_NORMAL),
		 zone_of(ZONE_NORMAL)->watermark[WMARK_LOW],
		 zone_of(ZONE_NORMAL)->watermark[WMARK_HIGH],
		 LOW_BLOCKS * MAX_ORDER_NR_PAGES);
	assert_true(console_says(line));
	snprintf(line, sizeof(line), "Normal: lowmem_reserve 0 %lu %lu\n",
		 HIGH_BLOCKS * MAX_ORDER_NR_PAGES / 32,
		 HIGH_BLOCKS * MAX_ORDER_NR_PAGES / 32);
	assert_true(console_says(line));
	assert_true(console_says(" 2(M)\n"));	/* HighMem's largest blocks */
	assert_false(console_says("Movable:"));
}

static void test_caller_is_named(void **state __maybe_unused)
{
	char caller[64];
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_null(alloc_pages(GFP_KERNEL, 0));
	/* No table of symbols on the host: an address in this function. */
	for (unsigned long i = 0; i < 4096; i++) {
		snprintf(caller, sizeof(caller), "for %016lx;",
			 (unsigned long)test_caller_is_named + i);
		if (console_says(caller))
			return;
	}
	fail_msg("no address of the caller in: %s", host_console());
}

static void test_reports_become_rare_but_are_counted(void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	for (int i = 0; i < 1000; i++)
		assert_null(alloc_pages(GFP_KERNEL, 0));
	assert_int_equal(nr_alloc_failures, 1000);
	assert_int_equal(times_said("Normal: lowmem_reserve"), 3);
	/* 1, 2, 3, then 4, 8 ... 512 */
	assert_int_equal(times_said("no memory: "), 3 + 8);
	assert_int_equal(times_said("request 512 that failed"), 1);
}

static void test_nowarn_says_nothing_but_for_nofail(void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_null(alloc_pages(GFP_ATOMIC | QUIET, TOP));
	assert_false(console_says("no memory"));
	assert_int_equal(nr_alloc_failures, 0);
	assert_null(alloc_pages(GFP_KERNEL | QUIET | __GFP_NOFAIL, 0));
	assert_true(console_says("GFP_KERNEL|__GFP_NOWARN|__GFP_NOFAIL"));
	assert_true(console_says("nobody is left to free memory"));
}

static void test_who_waits_is_not_atomic(void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_int_equal(nr_warnings, 0);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_ATOMIC | QUIET, 0));
	assert_int_equal(nr_warnings, 1);
}

static void test_flags_by_name(void **state __maybe_unused)
{
	static const struct {
		gfp_t gfp;
		const char *names;
	} cases[] = {
		{ 0, "0x0" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ GFP_USER, "GFP_USER" },
		{ GFP_HIGHUSER, "GFP_HIGHUSER" },
		{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_HIGHUSER_MOVABLE | __GFP_ZERO,
		  "GFP_HIGHUSER_MOVABLE|__GFP_ZERO" },
		{ GFP_KERNEL & ~__GFP_FS, "__GFP_RECLAIM|__GFP_IO" },
		{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
		{ __GFP_MEMALLOC | 0x80000000u, "__GFP_MEMALLOC|0x80000000" },
	};
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(format_gfp(buf, sizeof(buf), cases[i].gfp),
				    cases[i].names);
	assert_string_equal(format_gfp(buf, 6, GFP_KERNEL), "GFP_K");
	assert_string_equal(format_gfp(buf, 1, GFP_KERNEL), "");
	/* Every bit that has a name has one here, and all fit. */
	format_gfp(buf, sizeof(buf), 0x0000ffffu | __GFP_NOMEMALLOC);
	assert_null(strstr(buf, "0x"));
	buf[0] = 'x';
	format_gfp(buf, 0, GFP_KERNEL);
	assert_int_equal(buf[0], 'x');
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_kind_goes_further_down_than_the_last),
		T(test_noreclaim_task_goes_down_to_the_last_page),
		T(test_user_pages_leave_lowmem_its_reserve),
		T(test_only_highmem_free_serves_no_kernel_page),
		T(test_cma_pages_are_for_movable_ones),
		T(test_one_page_given_back_is_one_to_be_had),
		T(test_zone_of_one_page),
		T(test_shrinker_gives_all_it_has_back),
		T(test_who_may_not_wait_asks_no_shrinker),
		T(test_shrinker_is_asked_until_there_is_a_block),
		T(test_fruitless_rounds_are_bounded),
		T(test_a_shrinker_that_lies_ends),
		T(test_a_shrinker_that_juggles_ends),
		T(test_a_shrinker_may_allocate_to_free),
		T(test_report_shows_request_and_zones),
		T(test_caller_is_named),
		T(test_reports_become_rare_but_are_counted),
		T(test_nowarn_says_nothing_but_for_nofail),
		T(test_who_waits_is_not_atomic),
		T(test_flags_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
