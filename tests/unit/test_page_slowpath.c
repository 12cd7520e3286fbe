// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_slowpath.c - who is served when memory runs out, how far down. */
#include "dry.h"

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
static void test_user_pages_leave_lowmem_its_reserve(
	void **state __maybe_unused)
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
