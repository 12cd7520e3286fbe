// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cma_boot.c - "cma=" on the command line, and areas given back. */
#include "cma_machine.h"

static unsigned long stat_of(enum zone_type type, enum zone_stat_item item)
{
	return zone_page_state(zone_of(type), item);
}

/* --- the command line ----------------------------------------------------- */

static void test_cma_argument_sets_the_size(void **state __maybe_unused)
{
	char arg[32];

	assert_int_equal(early_cma("abc"), -EINVAL);
	snprintf(arg, sizeof(arg), "%luK", 2 * BLOCK_BYTES / 1024);
	assert_int_equal(early_cma(arg), 0);
	dma_contiguous_reserve(0);
	assert_int_equal(cma_area_count, 1);
	assert_ptr_equal(dma_contiguous_default_area, &cma_areas[0]);
	assert_int_equal(cma_areas[0].count, 2 * pageblock_nr_pages);
}

static void test_cma_argument_sets_the_address(void **state __maybe_unused)
{
	char arg[64];

	snprintf(arg, sizeof(arg), "%lu@0x%lx", BLOCK_BYTES,
		 RAM_BASE + BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	dma_contiguous_reserve(0);
	assert_non_null(dma_contiguous_default_area);
	assert_int_equal(base_of(dma_contiguous_default_area),
			 RAM_BASE + BLOCK_BYTES);
}

static void test_cma_argument_sets_a_window(void **state __maybe_unused)
{
	char arg[64];

	memblock_reserve(RAM_BASE + BLOCK_BYTES, BLOCK_BYTES);
	snprintf(arg, sizeof(arg), "%lu@0x%lx-0x%lx", BLOCK_BYTES,
		 RAM_BASE + BLOCK_BYTES, RAM_BASE + 4 * BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	dma_contiguous_reserve(0);
	assert_non_null(dma_contiguous_default_area);
	assert_in_range(base_of(dma_contiguous_default_area),
			RAM_BASE + 2 * BLOCK_BYTES,
			RAM_BASE + 3 * BLOCK_BYTES);
}

static void test_an_argument_that_cannot_be_read_is_EINVAL(
	void **state __maybe_unused)
{
	static const char *const bad[] = {
		"", "M", "64M@", "64M@x", "64M@256M-", "64M@256M-x", "64Mx",
		"64M@256Mx", "64M@256M-512Mx", "64M-512M", "64M quiet",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (early_cma(bad[i]) != -EINVAL)
			fail_msg("cma=%s is no error", bad[i]);
	dma_contiguous_reserve(0);
	assert_int_equal(cma_area_count, 0);
}

static void test_size_0_means_no_area(void **state __maybe_unused)
{
	phys_addr_t before = memblock_reserved_size();

	assert_int_equal(early_cma("0"), 0);
	dma_contiguous_reserve(0);
	assert_int_equal(cma_area_count, 0);
	assert_int_equal(memblock_reserved_size(), before);
	assert_null(strstr(host_console(), "cma="));
}

static void test_an_address_that_is_taken_is_reported(
	void **state __maybe_unused)
{
	char arg[64];

	memblock_reserve(RAM_BASE + BLOCK_BYTES, 1);
	snprintf(arg, sizeof(arg), "%lu@0x%lx", BLOCK_BYTES,
		 RAM_BASE + BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	dma_contiguous_reserve(0);
	assert_null(dma_contiguous_default_area);
	assert_non_null(strstr(host_console(), "cma="));
}

static void test_the_last_good_argument_counts(void **state __maybe_unused)
{
	char arg[64];

	snprintf(arg, sizeof(arg), "%lu@0x%lx", BLOCK_BYTES,
		 RAM_BASE + BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	snprintf(arg, sizeof(arg), "%lu", 2 * BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	assert_int_equal(early_cma("4M@x"), -EINVAL);	/* sets nothing */
	dma_contiguous_reserve(0);
	assert_int_equal(cma_area_count, 1);
	assert_int_equal(base_of(&cma_areas[0]), RAM_END - 2 * BLOCK_BYTES);
}

static void test_the_callers_limit_is_kept(void **state __maybe_unused)
{
	char arg[64];

	snprintf(arg, sizeof(arg), "%lu", BLOCK_BYTES);
	assert_int_equal(early_cma(arg), 0);
	dma_contiguous_reserve(LIMIT + 3 * BLOCK_BYTES);
	assert_int_equal(base_of(&cma_areas[0]), LIMIT + 2 * BLOCK_BYTES);
	assert_null(strstr(host_console(), "cma="));
}

static void test_the_boards_default_area_stays(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &cma), 0);
	dma_contiguous_default_area = cma;
	assert_int_equal(early_cma("1G"), 0);
	dma_contiguous_reserve(0);
	assert_ptr_equal(dma_contiguous_default_area, cma);
	assert_int_equal(cma_area_count, 1);
}

/* --- activation ----------------------------------------------------------- */

static void test_activation_gives_the_pages_back_as_MIGRATE_CMA(
	void **state __maybe_unused)
{
	struct zone *high = zone_of(ZONE_HIGHMEM);
	unsigned long pages = 2 * pageblock_nr_pages;
	struct cma *cma = NULL;

	assert_int_equal(declare(0, 2 * BLOCK_BYTES, 0, false, &cma), 0);
	boot_on();
	assert_int_equal(high->managed_pages, high->present_pages - pages);
	assert_true(PageReserved(pfn_to_page(cma->base_pfn)));
	assert_int_equal(stat_of(ZONE_HIGHMEM, NR_FREE_CMA_PAGES), 0);

	cma_init_reserved_areas();
	assert_true(cma->active);
	assert_int_equal(high->managed_pages, high->present_pages);
	assert_int_equal(totalhigh_pages, high->present_pages);
	assert_int_equal(totalram_pages,
			 high->present_pages +
			 zone_of(ZONE_NORMAL)->managed_pages);
	assert_int_equal(stat_of(ZONE_HIGHMEM, NR_FREE_CMA_PAGES), pages);
	assert_int_equal(stat_of(ZONE_HIGHMEM, NR_FREE_PAGES),
			 high->present_pages);
	for (unsigned long i = 0; i < pages; i++) {	/* CMA-3 */
		struct page *page = pfn_to_page(cma->base_pfn + i);

		assert_int_equal(get_pfnblock_migratetype(high, cma->base_pfn +
							  i), MIGRATE_CMA);
		assert_false(PageReserved(page));
		assert_int_equal(page_count(page), 0);
	}
	for (unsigned long i = 0; i < 2; i++)
		assert_true(PageBuddy(pfn_to_page(cma->base_pfn +
						  i * MAX_ORDER_NR_PAGES)));
	assert_sound();
}

static void test_all_areas_are_activated(void **state __maybe_unused)
{
	struct cma *a = NULL, *b = NULL, *c = NULL;

	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &a), 0);
	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &b), 0);
	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &c), 0);
	boot_on();
	cma_init_reserved_areas();
	assert_true(a->active && b->active && c->active);
	assert_int_equal(stat_of(ZONE_HIGHMEM, NR_FREE_CMA_PAGES),
			 2 * pageblock_nr_pages);
	assert_int_equal(totalram_pages, (RAM_END - RAM_BASE) >> PAGE_SHIFT);
	assert_sound();
}

static void test_lowmem_area_raises_no_highmem_total(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &cma), 0);
	boot_on();
	cma_init_reserved_areas();
	assert_int_equal(totalhigh_pages,
			 zone_of(ZONE_HIGHMEM)->managed_pages);
	assert_int_equal(zone_of(ZONE_NORMAL)->managed_pages,
			 zone_of(ZONE_NORMAL)->present_pages);
	assert_int_equal(stat_of(ZONE_NORMAL, NR_FREE_CMA_PAGES),
			 pageblock_nr_pages);
	assert_sound();
}

/* CMA-2: an area made by hand that lies in two zones is not activated. */
static void test_area_in_two_zones_is_not_activated(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	new_ram_with_pool(RAM_BASE, RAM_END - RAM_BASE, LIMIT - 0x1000);
	memblock_add(RAM_BASE, RAM_END - RAM_BASE);
	sanity_check_meminfo();
	memblock_set_current_limit(arm_lowmem_limit);
	memblock_reserve(LIMIT - BLOCK_BYTES, 2 * BLOCK_BYTES);
	if (cma_init_reserved_mem(LIMIT - BLOCK_BYTES, 2 * BLOCK_BYTES, 0,
				  "test", &cma))
		return;			/* refused early: as good */
	boot();
	cma_init_reserved_areas();
	assert_false(cma->active);
	assert_int_equal(stat_of(ZONE_NORMAL, NR_FREE_CMA_PAGES), 0);
	assert_int_equal(stat_of(ZONE_HIGHMEM, NR_FREE_CMA_PAGES), 0);
	assert_handed_over();
}

static void test_only_movable_pages_come_from_an_area(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;
	unsigned long n = 0;
	struct page *page;

	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &cma), 0);
	boot_on();
	cma_init_reserved_areas();
	for (int order = TOP; order >= 0; order--)
		while ((page = alloc_pages(GFP_KERNEL, order)))
			assert_int_not_equal(page_to_pfn(page), cma->base_pfn);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE, 0));
	while ((page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 0))) {
		assert_in_range(page_to_pfn(page), cma->base_pfn,
				cma->base_pfn + cma->count - 1);
		n++;
	}
	assert_int_equal(n, cma->count);
	assert_int_equal(stat_of(ZONE_NORMAL, NR_FREE_CMA_PAGES), 0);
	for (unsigned long i = 0; i < n; i++)
		__free_pages(pfn_to_page(cma->base_pfn + i), 0);
	assert_int_equal(stat_of(ZONE_NORMAL, NR_FREE_CMA_PAGES), n);
	assert_int_equal(get_pfnblock_migratetype(zone_of(ZONE_NORMAL),
						  cma->base_pfn), MIGRATE_CMA);
	assert_sound();
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_cma_argument_sets_the_size),
		T(test_cma_argument_sets_the_address),
		T(test_cma_argument_sets_a_window),
		T(test_an_argument_that_cannot_be_read_is_EINVAL),
		T(test_size_0_means_no_area),
		T(test_an_address_that_is_taken_is_reported),
		T(test_the_last_good_argument_counts),
		T(test_the_callers_limit_is_kept),
		T(test_the_boards_default_area_stays),
		T(test_activation_gives_the_pages_back_as_MIGRATE_CMA),
		T(test_all_areas_are_activated),
		T(test_lowmem_area_raises_no_highmem_total),
		T(test_area_in_two_zones_is_not_activated),
		T(test_only_movable_pages_come_from_an_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
