// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_watermark.c - what has to stay free: the figures, computed by hand, and
 * whether a request may go below, against the lists counted one by one.
 */
#include "handover.h"

#include <mm/watermark.h>

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	8UL
#define TOP		(MAX_ORDER - 1)
#define CLASSES		MAX_NR_ZONES

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	return 0;
}

static void assert_wmarks(enum zone_type type, unsigned long least,
			  unsigned long low, unsigned long high)
{
	assert_int_equal(zone_of(type)->watermark[WMARK_MIN], least);
	assert_int_equal(zone_of(type)->watermark[WMARK_LOW], low);
	assert_int_equal(zone_of(type)->watermark[WMARK_HIGH], high);
}

static void assert_reserve(enum zone_type type, long normal, long high,
			   long movable)
{
	assert_int_equal(zone_of(type)->lowmem_reserve[ZONE_NORMAL], normal);
	assert_int_equal(zone_of(type)->lowmem_reserve[ZONE_HIGHMEM], high);
	assert_int_equal(zone_of(type)->lowmem_reserve[ZONE_MOVABLE], movable);
}

static void managed(unsigned long low, unsigned long high)
{
	zone_of(ZONE_NORMAL)->managed_pages = low;
	zone_of(ZONE_HIGHMEM)->managed_pages = high;
	zone_of(ZONE_MOVABLE)->managed_pages = 0;
}

/* --- figures -------------------------------------------------------------- */

/*
 * 0x2e2c8 pages are 756,512 kB; 16 times that is 12,104,192, whose root is
 * 3479.1. 3479 kB are 869 pages, all of them Normal's. A quarter is 217, more
 * than 0.1% of 189,128. HighMem: 114,688 / 1024 = 112; its share of 869 would
 * be 526, a quarter of that 131, more than 114.
 */
static void test_article_board_after_mem_init(void **state __maybe_unused)
{
	managed(0x2e2c8, 0x1c000);
	assert_int_equal(nr_free_buffer_pages(), 0x2e2c8);
	assert_int_equal(init_per_zone_wmark_min(), 0);
	assert_int_equal(min_free_kbytes, 3479);
	assert_wmarks(ZONE_NORMAL, 869, 1086, 1303);
	assert_wmarks(ZONE_HIGHMEM, 112, 243, 374);
	assert_wmarks(ZONE_MOVABLE, 32, 32, 32);
	assert_reserve(ZONE_NORMAL, 0, 3584, 3584);	/* 114,688 / 32 */
	assert_reserve(ZONE_HIGHMEM, 0, 0, 0);
	assert_int_equal(totalreserve_pages, 3584 + 1303 + 374);
	assert_int_equal(contig_page_data.totalreserve_pages,
			 totalreserve_pages);
	assert_int_equal(nr_free_buffer_pages(), 0x2e2c8 - 1303);
	assert_null(watermark_check());
}

/* 196,608 / 1024 = 192, cut to 128; share 903, a quarter 225, 0.1% 196. */
static void test_article_board_with_the_cma_pool_given_back(
	void **state __maybe_unused)
{
	managed(0x2e2c8, 0x30000);
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 3479);
	assert_wmarks(ZONE_NORMAL, 869, 1086, 1303);
	assert_wmarks(ZONE_HIGHMEM, 128, 353, 578);
	assert_reserve(ZONE_NORMAL, 0, 6144, 6144);
	assert_null(watermark_check());
}

static void test_managed_pages_that_come_later_change_no_reserve(
	void **state __maybe_unused)
{
	managed(0x2e2c8, 0x1c000);
	init_per_zone_wmark_min();
	zone_of(ZONE_HIGHMEM)->managed_pages = 0x30000;
	assert_null(watermark_check());
	assert_reserve(ZONE_NORMAL, 0, 3584, 3584);
	setup_per_zone_lowmem_reserve();
	assert_reserve(ZONE_NORMAL, 0, 6144, 6144);
	assert_null(watermark_check());
}

static void test_min_free_kbytes_has_bounds(void **state __maybe_unused)
{
	managed(1, 0);			/* 4 kB: 8 */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 128);
	assert_wmarks(ZONE_NORMAL, 32, 40, 48);
	assert_int_equal(totalreserve_pages, 1);	/* no more than it has */
	assert_null(watermark_check());

	setup(NULL);
	managed(256, 0);		/* 1024 kB: exactly 128 */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 128);

	setup(NULL);
	managed(261, 0);		/* 1044 kB: 129.2 */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 129);

	setup(NULL);
	managed(1UL << 28, 0);		/* 1 TB: 131,072 */
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 65536);
}

static void test_highmem_min_has_bounds(void **state __maybe_unused)
{
	static const struct {
		unsigned long pages, least;
	} cases[] = {
		{ 1, 32 }, { 33 * 1024 - 1, 32 }, { 33 * 1024, 33 },
		{ 127 * 1024, 127 }, { 129 * 1024, 128 }, { 1UL << 20, 128 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		managed(1 << 16, cases[i].pages);
		init_per_zone_wmark_min();
		assert_int_equal(zone_of(ZONE_HIGHMEM)->watermark[WMARK_MIN],
				 cases[i].least);
		assert_null(watermark_check());
	}
}

static void test_machine_without_lowmem_divides_by_nothing(
	void **state __maybe_unused)
{
	managed(0, 4096);
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 128);
	assert_wmarks(ZONE_NORMAL, 0, 0, 0);
	assert_wmarks(ZONE_HIGHMEM, 32, 36, 40);	/* 0.1% of 4096 */
	assert_null(watermark_check());
}

static void test_own_min_free_kbytes_stays(void **state __maybe_unused)
{
	managed(0x2e2c8, 0);
	assert_int_equal(set_min_free_kbytes(8000), 0);
	assert_wmarks(ZONE_NORMAL, 2000, 2500, 3000);
	init_per_zone_wmark_min();
	assert_int_equal(min_free_kbytes, 8000);
	assert_wmarks(ZONE_NORMAL, 2000, 2500, 3000);
	assert_true(console_says("8000 as it was set"));
	assert_int_equal(set_min_free_kbytes(-1), -EINVAL);
	assert_int_equal(min_free_kbytes, 8000);
	assert_int_equal(set_min_free_kbytes(0), 0);
	assert_wmarks(ZONE_NORMAL, 0, 189, 378);	/* 0.1% */
	assert_null(watermark_check());
}

static void test_scale_factor_moves_low_and_high(void **state __maybe_unused)
{
	managed(0x2e2c8, 0);
	watermark_scale_factor = 1000;		/* 10%: 18,912 */
	init_per_zone_wmark_min();
	assert_wmarks(ZONE_NORMAL, 869, 869 + 18912, 869 + 2 * 18912);
	assert_null(watermark_check());
}

static void test_reserve_ratio_below_1_is_1(void **state __maybe_unused)
{
	managed(5000, 640);
	sysctl_lowmem_reserve_ratio[ZONE_NORMAL] = 0;
	setup_per_zone_lowmem_reserve();
	assert_int_equal(sysctl_lowmem_reserve_ratio[ZONE_NORMAL], 1);
	assert_reserve(ZONE_NORMAL, 0, 640, 640);
	sysctl_lowmem_reserve_ratio[ZONE_NORMAL] = 256;
	zone_of(ZONE_MOVABLE)->managed_pages = 512;
	setup_per_zone_lowmem_reserve();
	assert_reserve(ZONE_NORMAL, 0, 2, 4);	/* 640, 640 + 512 over 256 */
	assert_reserve(ZONE_HIGHMEM, 0, 0, 16);	/* 512 / 32 */
	assert_null(watermark_check());
}

/* --- each ID -------------------------------------------------------------- */

static void test_marks_out_of_order_are_WMARK_1(void **state __maybe_unused)
{
	init_per_zone_wmark_min();
	zone_of(ZONE_NORMAL)->watermark[WMARK_MIN] =
		zone_of(ZONE_NORMAL)->watermark[WMARK_LOW] + 1;
	assert_broken(watermark_check(), "WMARK-1");
	setup_per_zone_wmarks();
	assert_null(watermark_check());
	zone_of(ZONE_HIGHMEM)->watermark[WMARK_HIGH] =
		zone_of(ZONE_HIGHMEM)->watermark[WMARK_LOW] - 1;
	assert_broken(watermark_check(), "WMARK-1");
}

static void test_wrong_reserve_is_WMARK_2(void **state __maybe_unused)
{
	init_per_zone_wmark_min();
	for (int j = 0; j < MAX_NR_ZONES; j++) {
		zone_of(ZONE_NORMAL)->lowmem_reserve[j]++;
		assert_broken(watermark_check(), "WMARK-2");
		zone_of(ZONE_NORMAL)->lowmem_reserve[j]--;
	}
	assert_null(watermark_check());
	sysctl_lowmem_reserve_ratio[ZONE_NORMAL] *= 2;
	assert_broken(watermark_check(), "WMARK-2");
}

static void test_reserve_of_no_pageblock_is_WMARK_3(void **state __maybe_unused)
{
	struct zone *zone = zone_of(ZONE_NORMAL);

	init_per_zone_wmark_min();
	zone->nr_reserved_highatomic = pageblock_nr_pages;
	assert_broken(watermark_check(), "WMARK-3");
	set_pfnblock_migratetype(zone, zone->zone_start_pfn,
				 MIGRATE_HIGHATOMIC);
	assert_null(watermark_check());
	zone->nr_reserved_highatomic--;
	assert_broken(watermark_check(), "WMARK-3");
}

/* LOW_BLOCKS are 10: 1% of them and two pageblocks are less than three. */
static void test_too_large_a_reserve_is_WMARK_3(void **state __maybe_unused)
{
	struct zone *zone = zone_of(ZONE_NORMAL);

	init_per_zone_wmark_min();
	for (unsigned long n = 0; n < 3; n++) {
		assert_null(watermark_check());
		set_pfnblock_migratetype(zone, zone->zone_start_pfn +
					 n * pageblock_nr_pages,
					 MIGRATE_HIGHATOMIC);
		zone->nr_reserved_highatomic += pageblock_nr_pages;
	}
	assert_broken(watermark_check(), "WMARK-3");
}

/* --- may it go below? ----------------------------------------------------- */

static void test_empty_zone_is_never_ok(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_MOVABLE);

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		assert_false(zone_watermark_ok(zone, order, 0, ZONE_MOVABLE,
					       ALLOC_HARDER | ALLOC_HIGH |
					       ALLOC_CMA));
		assert_false(zone_watermark_fast(zone, order, 0, ZONE_MOVABLE,
						 ALLOC_CMA));
		assert_false(zone_watermark_ok_safe(zone, order, 0,
						    ZONE_MOVABLE));
	}
}

/* One page of lowmem, all others in use. */
static void test_one_free_page_is_above_0_only(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct page *page = alloc_pages(GFP_KERNEL, TOP);

	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN, TOP))
		;
	assert_int_equal(zone_page_state(zone, NR_FREE_PAGES), 0);
	assert_false(zone_watermark_ok(zone, 0, 0, ZONE_NORMAL, 0));
	set_page_count(page, 0);
	set_page_count(page + 1, 1);
	__free_pages(page + 1, 0);
	assert_true(zone_watermark_ok(zone, 0, 0, ZONE_NORMAL, 0));
	assert_true(zone_watermark_fast(zone, 0, 0, ZONE_NORMAL, 0));
	assert_true(zone_watermark_ok_safe(zone, 0, 0, ZONE_NORMAL));
	assert_false(zone_watermark_ok(zone, 0, 1, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 0, ZONE_NORMAL, 0));
}

/* Enough pages, but each of them alone. */
static void test_pages_without_a_block_are_not_ok(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct page *page = alloc_pages(GFP_KERNEL, TOP);

	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN, TOP))
		;
	set_page_count(page, 0);
	for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES; i += 2) {
		set_page_count(page + i, 1);
		__free_pages(page + i, 0);
	}
	assert_true(zone_watermark_ok(zone, 0, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL,
				       ALLOC_HARDER));
	set_page_count(page + 1, 1);
	__free_pages(page + 1, 0);
	assert_true(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 2, 100, ZONE_NORMAL, 0));
}

/* Differences that are not in the counter yet. */
static void test_safe_looks_at_every_cpu(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct per_cpu_pageset *pset = this_cpu_ptr(zone->pageset);
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);

	assert_true(zone_watermark_ok_safe(zone, 0, free - 1, ZONE_NORMAL));
	pset->vm_stat_diff[NR_FREE_PAGES] = -2;
	assert_true(zone_watermark_ok(zone, 0, free - 1, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok_safe(zone, 0, free - 1, ZONE_NORMAL));
	assert_true(zone_watermark_ok_safe(zone, 0, free - 3, ZONE_NORMAL));
}

/* --- against lists counted one by one ------------------------------------- */

struct counted {
	unsigned long pages, cma, reserved;
	unsigned long blocks[MIGRATE_TYPES][MAX_ORDER];
};

static void count_zone(const struct zone *zone, struct counted *c)
{
	const struct page *page;
	unsigned long pfn;

	*c = (struct counted){ 0 };
	for (int type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			list_for_each_entry(
				page, &zone->free_area[o].free_list[type], lru) {
				c->blocks[type][o]++;
				c->pages += 1UL << o;
				c->cma += type == MIGRATE_CMA ? 1UL << o : 0;
			}
	for (pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++)
		if (get_pfnblock_migratetype(zone, pfn) == MIGRATE_HIGHATOMIC)
			c->reserved++;
}

static bool may_have(int type, unsigned int flags)
{
	switch (type) {
	case MIGRATE_CMA:
		return flags & ALLOC_CMA;
	case MIGRATE_HIGHATOMIC:
		return flags & ALLOC_HARDER;
	default:
		return type != MIGRATE_ISOLATE;
	}
}

/* In eighths of a page, so that halves and quarters need no rounding. */
static bool wanted_ok(const struct counted *c, unsigned int order,
		      unsigned long mark, unsigned long reserve,
		      unsigned int flags)
{
	unsigned long eighths = 8 * mark, least;
	long left = (long)(c->pages - (1UL << order)) + 1;
	bool block = order == 0;

	if (flags & ALLOC_HIGH)
		eighths = 8 * ((mark + 1) / 2);
	if (flags & ALLOC_HARDER)
		eighths = eighths * 3 / 4;
	least = (eighths + 7) / 8;
	if (!(flags & ALLOC_HARDER))
		left -= (long)c->reserved;
	if (!(flags & ALLOC_CMA))
		left -= (long)c->cma;
	for (int type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned int o = order; o < MAX_ORDER; o++)
			block |= c->blocks[type][o] && may_have(type, flags);
	return block && left > (long)(least + reserve);
}

static unsigned int random_flags(struct rng *rng)
{
	static const unsigned int bits[] = { ALLOC_HARDER, ALLOC_HIGH,
					     ALLOC_CMA };
	unsigned int flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		flags |= below(rng, 2) ? bits[i] : 0;
	return flags;
}

/* Marks near what is free, where the answer turns. */
static unsigned long random_mark(struct rng *rng, unsigned long pages)
{
	unsigned long mark = below(rng, 3) ? pages : pages * 2;

	mark -= mark > 16 ? below(rng, 16) : 0;
	return below(rng, 4) ? mark : below(rng, 2 * pages + 1);
}

static void ask_all(struct rng *rng, struct zone *zone, unsigned long *yes)
{
	struct counted c;

	count_zone(zone, &c);
	for (int i = 0; i < 300; i++) {
		unsigned int order = (unsigned int)below(rng, MAX_ORDER);
		unsigned int flags = random_flags(rng);
		unsigned long mark = random_mark(rng, c.pages);
		int class = (int)below(rng, CLASSES);
		bool wanted;

		order = below(rng, 2) ? 0 : order;
		for (int j = 0; j < CLASSES; j++)
			zone->lowmem_reserve[j] = (long)below(rng, 4);
		wanted = wanted_ok(&c, order, mark,
				   (unsigned long)zone->lowmem_reserve[class],
				   flags);
		*yes += wanted;
		if (zone_watermark_ok(zone, order, mark, class, flags) !=
		    wanted)
			fail_msg("order %u mark %lu flags %#x free %lu cma %lu reserved %lu: not %d",
				 order, mark, flags, c.pages, c.cma,
				 c.reserved, wanted);
		/* The quick test may leave the HighAtomic reserve out. */
		if (order || !c.reserved)
			assert_int_equal(zone_watermark_fast(zone, order, mark,
							     class, flags),
					 wanted);
		else if (wanted)
			assert_true(zone_watermark_fast(zone, order, mark,
							class, flags));
	}
}

#define HELD 400

static void test_any_state_against_the_lists(void **state __maybe_unused)
{
	static struct page *held[HELD];
	static unsigned int orders[HELD];
	unsigned long yes = 0, asked = 0;

	for (unsigned int seed = 1; seed <= 8; seed++) {
		struct rng rng = rng_seed(seed);
		struct zone *zone;

		setup(NULL);
		memset(held, 0, sizeof(held));
		zone = zone_of(ZONE_NORMAL);
		/* One pageblock of CMA, and one kept for atomic requests. */
		for (unsigned int i = 0; i < 2; i++) {
			struct page *page = alloc_pages(GFP_KERNEL, TOP);

			set_pfnblock_migratetype(zone, page_to_pfn(page),
						 i ? MIGRATE_HIGHATOMIC :
						 MIGRATE_CMA);
			__free_pages(page, TOP);
		}
		zone->nr_reserved_highatomic = pageblock_nr_pages;
		for (unsigned int step = 0; step < 4000; step++) {
			unsigned long i = below(&rng, HELD);

			if (held[i]) {
				__free_pages(held[i], orders[i]);
				held[i] = NULL;
				continue;
			}
			orders[i] = (unsigned int)below(&rng, below(&rng, 4) ?
							4 : MAX_ORDER);
			held[i] = alloc_pages(__GFP_NOWARN | GFP_ATOMIC |
					      (below(&rng, 2) ? __GFP_MOVABLE :
					       0), orders[i]);
			if (step % 200 == 0) {
				ask_all(&rng, zone, &yes);
				asked += 300;
			}
		}
	}
	/* Both answers came up, often. */
	assert_true(yes > asked / 10 && yes < asked * 9 / 10);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_article_board_after_mem_init),
		T(test_article_board_with_the_cma_pool_given_back),
		T(test_managed_pages_that_come_later_change_no_reserve),
		T(test_min_free_kbytes_has_bounds),
		T(test_highmem_min_has_bounds),
		T(test_machine_without_lowmem_divides_by_nothing),
		T(test_own_min_free_kbytes_stays),
		T(test_scale_factor_moves_low_and_high),
		T(test_reserve_ratio_below_1_is_1),
		T(test_marks_out_of_order_are_WMARK_1),
		T(test_wrong_reserve_is_WMARK_2),
		T(test_reserve_of_no_pageblock_is_WMARK_3),
		T(test_too_large_a_reserve_is_WMARK_3),
		T(test_empty_zone_is_never_ok),
		T(test_one_free_page_is_above_0_only),
		T(test_pages_without_a_block_are_not_ok),
		T(test_safe_looks_at_every_cpu),
		T(test_any_state_against_the_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
