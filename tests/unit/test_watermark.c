// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_watermark.c - what has to stay free: the figures, computed by hand, and
 * each invariant of them broken and seen named.
 */
#include "handover.h"

#include <mm/watermark.h>

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	8UL

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
	assert_int_equal(totalreserve_pages, 1);	/* all it has */
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
	sysctl_lowmem_reserve_ratio[ZONE_NORMAL] = 0;
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
