// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slowpath_random.c - a machine that runs dry again and again under all
 * kinds of requests: no invariant breaks, nobody gets below what is left for
 * others, and all pages come back.
 */
#include "dry.h"

#include <mm/shrinker.h>

#define HELD	(4 * MAX_ORDER_NR_PAGES)
#define STEPS	(12 * HELD)
#define WAVE	HELD		/* more is taken than freed, then the reverse */
#define SEEDS	4

static struct page *held[HELD];
static unsigned int orders[HELD];
static unsigned long used;		/* slots, from the first on */

static struct held cached;		/* what the shrinker has */

static unsigned long count_cached(struct shrinker *shrinker __maybe_unused,
				  struct shrink_control *sc __maybe_unused)
{
	return cached.count;
}

static unsigned long scan_cached(struct shrinker *shrinker __maybe_unused,
				 struct shrink_control *sc)
{
	return give_back(&cached, sc->nr_to_scan);
}

static gfp_t random_gfp(struct rng *rng)
{
	static const gfp_t gfps[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_ATOMIC, GFP_ATOMIC, GFP_NOWAIT,
		GFP_KERNEL | __GFP_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
		GFP_HIGHUSER, GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_NORETRY,
		GFP_KERNEL | __GFP_REPEAT, GFP_KERNEL | __GFP_COLD,
	};
	gfp_t gfp = gfps[below(rng, ARRAY_SIZE(gfps))] | QUIET;

	if (below(rng, 200) == 0)
		gfp |= __GFP_MEMALLOC;
	return gfp;
}

/* Once small, once large; mostly as a kernel asks. */
static unsigned int random_order(struct rng *rng)
{
	switch (below(rng, 20)) {
	case 0:
		return (unsigned int)below(rng, MAX_ORDER);
	case 1: case 2: case 3: case 4: case 5:
		return 1 + (unsigned int)below(rng, 5);
	default:
		return 0;
	}
}

static void free_one(struct rng *rng)
{
	unsigned long i = below(rng, used);

	__free_pages(held[i], orders[i]);
	used--;
	held[i] = held[used];
	orders[i] = orders[used];
}

/* A request that gets its block though the marks would forbid it. */
static void assert_allowed(gfp_t gfp, const struct page *page,
			   const unsigned long *free)
{
	const struct zone *zone = page_zone(page);
	unsigned long least = zone->watermark[WMARK_MIN];

	if (gfp & __GFP_MEMALLOC)
		return;
	if (gfp & __GFP_HIGH)
		least -= least / 2;
	if (gfp & __GFP_ATOMIC)
		least -= least / 4;
	/* free: before the request; reclaim can only have added to it. */
	if (!(gfp & __GFP_DIRECT_RECLAIM))
		assert_true(free[zone_idx(zone)] > least);
}

static void take_one(struct rng *rng)
{
	unsigned long free[MAX_NR_ZONES] = {
		[ZONE_NORMAL] = free_of(ZONE_NORMAL),
		[ZONE_HIGHMEM] = free_of(ZONE_HIGHMEM),
	};
	unsigned int order = random_order(rng);
	gfp_t gfp = random_gfp(rng);
	struct page *page = alloc_pages(gfp, order);

	if (!page)
		return;
	assert_allowed(gfp, page, free);
	if (order == 0 && below(rng, 4) == 0 && !(gfp & __GFP_HIGHMEM)) {
		hold(&cached, page);
		return;
	}
	held[used] = page;
	orders[used++] = order;
}

static void assert_every_thing(unsigned long step)
{
	const char *broken = node_check();

	broken = broken ? broken : watermark_check();
	broken = broken ? broken : vmstat_check();
	if (broken)
		fail_msg("step %lu: %s", step, broken);
}

static unsigned long free_pages_of_all(void)
{
	drain_all_pages(NULL);
	return free_of(ZONE_NORMAL) + free_of(ZONE_HIGHMEM);
}

static void run(unsigned int seed, bool pcp)
{
	static struct shrinker shrinker;
	struct rng rng = rng_seed(seed);
	unsigned long all, kept = 0, most = 0;

	if (pcp)
		setup_pcp(NULL);
	else
		setup(NULL);
	used = 0;
	begin(&cached);
	shrinker = (struct shrinker){ .count_objects = count_cached,
				      .scan_objects = scan_cached,
				      .seeks = DEFAULT_SEEKS };
	assert_int_equal(register_shrinker(&shrinker), 0);
	all = free_pages_of_all();
	for (unsigned long step = 0; step < STEPS; step++) {
		bool take = below(&rng, 100) < (step / WAVE % 2 ? 35 : 75);

		if (used && (!take || used == HELD))
			free_one(&rng);
		else
			take_one(&rng);
		kept += zone_of(ZONE_NORMAL)->nr_reserved_highatomic != 0;
		most = max(most, zone_of(ZONE_NORMAL)->nr_reserved_highatomic);
		if (step % (STEPS / 100) == 0)
			assert_every_thing(step);
	}
	while (used)
		free_one(&rng);
	give_back(&cached, ~0UL);
	assert_int_equal(free_pages_of_all(), all);
	assert_every_thing(STEPS);
	assert_int_equal(nr_bad_pages, 0);
	/* It did run dry, and reserves came and went. */
	assert_true(sum_vm_event(ALLOCSTALL) > 10);
	assert_true(kept > STEPS / 10 && most > pageblock_nr_pages);
}

static void test_running_dry_with_per_cpu_lists(void **state __maybe_unused)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++)
		run(seed, true);
}

static void test_running_dry_without_them(void **state __maybe_unused)
{
	for (unsigned int seed = 1; seed <= SEEDS; seed++)
		run(seed, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running_dry_with_per_cpu_lists),
		cmocka_unit_test(test_running_dry_without_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
