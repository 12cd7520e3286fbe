// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_fallback.c - when a type has no block left: whose block is
 * taken, and what of its pageblock goes along.
 */
#include "carve.h"

static void test_small_block_for_user_pages_is_all_they_get(
	void **state __maybe_unused)
{
	struct page *page = carve(KERNEL);

	use_all_up();
	give_back(page, HALF - 1);
	give_back(page + MIDDLE, 0);
	assert_ptr_equal(alloc_pages(USER, 0), page);
	for (unsigned int order = 0; order < HALF - 1; order++)
		assert_true(is_listed(page + (1UL << order), order,
				      MIGRATE_MOVABLE));
	assert_true(is_listed(page + MIDDLE, 0, MIGRATE_UNMOVABLE));
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	assert_sound();
}

static void test_large_block_for_user_pages_brings_its_neighbours(
	void **state __maybe_unused)
{
	struct page *page = carve(KERNEL);

	use_all_up();
	give_back(page, HALF);
	give_back(page + MIDDLE, 0);
	assert_ptr_equal(alloc_pages(USER, 0), page);
	assert_true(is_listed(page + MIDDLE, 0, MIGRATE_MOVABLE));
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	assert_sound();
}

static void test_half_a_free_pageblock_changes_its_type(
	void **state __maybe_unused)
{
	struct page *page = carve(KERNEL);

	use_all_up();
	give_back(page, TOP - 1);		/* half, to the page */
	assert_ptr_equal(alloc_pages(USER, 0), page);
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	assert_sound();
}

static void test_less_than_half_leaves_the_type(void **state __maybe_unused)
{
	struct page *page = carve(KERNEL);

	use_all_up();
	for (unsigned int order = 0; order < TOP - 1; order++)
		give_back(page + (1UL << order), order);	/* half - 1 */
	assert_ptr_equal(alloc_pages(USER, 0), page + (1UL << (TOP - 2)));
	assert_int_equal(type_of(page), MIGRATE_UNMOVABLE);
	assert_true(is_listed(page + 1, 0, MIGRATE_MOVABLE));
	assert_sound();
}

static void test_kernel_pages_always_bring_the_neighbours(
	void **state __maybe_unused)
{
	static const gfp_t gfps[] = { KERNEL, CACHE };

	for (size_t i = 0; i < ARRAY_SIZE(gfps); i++) {
		enum migratetype type = gfpflags_to_migratetype(gfps[i]);
		struct page *page;

		setup(NULL);
		page = carve(USER);
		use_all_up();
		give_back(page, 1);
		give_back(page + MIDDLE, 0);
		assert_ptr_equal(alloc_pages(gfps[i], 0), page);
		assert_true(is_listed(page + 1, 0, type));
		assert_true(is_listed(page + MIDDLE, 0, type));
		assert_int_equal(type_of(page), MIGRATE_MOVABLE);
		assert_sound();
	}
}

/* Each type's first choice; at one order it goes before the other. */
static void test_types_are_asked_in_order(void **state __maybe_unused)
{
	static const struct {
		gfp_t gfp, first, second;
	} cases[] = {
		{ KERNEL, CACHE, USER },
		{ CACHE, KERNEL, USER },
		{ USER, CACHE, KERNEL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct page *first, *second;

		setup(NULL);
		first = carve(cases[i].first);
		second = carve(cases[i].second);
		use_all_up();
		give_back(first, 2);
		give_back(second, 2);
		assert_ptr_equal(alloc_pages(cases[i].gfp, 0), first);

		setup(NULL);
		first = carve(cases[i].first);
		second = carve(cases[i].second);
		use_all_up();
		give_back(first, 2);
		give_back(second, 3);		/* larger: goes before both */
		assert_ptr_equal(alloc_pages(cases[i].gfp, 0), second);
	}
}

static void test_own_list_is_used_before_any_other(void **state __maybe_unused)
{
	struct page *own = carve(KERNEL), *other = carve(USER);

	use_all_up();
	give_back(own, 0);
	give_back(other, TOP - 1);
	assert_ptr_equal(alloc_pages(KERNEL, 0), own);
	assert_ptr_equal(alloc_pages(KERNEL, 0), other);
}

/* Linux moves no free blocks of a pageblock that sticks out of its zone. */
static void test_pageblock_that_sticks_out_keeps_its_blocks(
	void **state __maybe_unused)
{
	phys_addr_t size = BLOCKS * BLOCK_BYTES + BLOCK_BYTES / 2;
	struct page *page;

	new_ram_with_pool(RAM_BASE, size, RAM_BASE + size);
	memblock_add(RAM_BASE, size);
	boot();
	page = alloc_pages(USER, TOP - 1);	/* the last half */
	assert_int_equal(page_to_pfn(page) + MIDDLE, max_pfn);
	use_all_up();
	set_page_count(page, 0);
	give_back(page, 2);
	give_back(page + MIDDLE / 2, 0);
	assert_ptr_equal(alloc_pages(KERNEL, 0), page);
	assert_true(is_listed(page + 1, 0, MIGRATE_UNMOVABLE));
	assert_true(is_listed(page + MIDDLE / 2, 0, MIGRATE_MOVABLE));
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	assert_sound();
}

static void test_nothing_is_taken_for_what_does_not_fit(
	void **state __maybe_unused)
{
	struct page *page = carve(USER);

	use_all_up();
	give_back(page, 2);
	assert_null(alloc_pages(KERNEL, 3));
	assert_true(is_listed(page, 2, MIGRATE_MOVABLE));
	assert_sound();
}

/* Whole pageblocks of types that lend nothing, and nothing else. */
static void test_cma_highatomic_and_isolate_lend_nothing(
	void **state __maybe_unused)
{
	static const enum migratetype types[] = {
		MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_ISOLATE,
	};
	static const gfp_t gfps[] = { KERNEL, CACHE };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct page *page;

		setup(NULL);
		page = carve(USER);
		use_all_up();
		set_pfnblock_migratetype(zone_of(ZONE_NORMAL),
					 page_to_pfn(page), types[i]);
		give_back(page, TOP);
		for (size_t j = 0; j < ARRAY_SIZE(gfps); j++)
			assert_null(alloc_pages(gfps[j] | __GFP_MEMALLOC, 0));
		/* CMA is what movable pages may have anyway. */
		page = alloc_pages(USER | __GFP_MEMALLOC, 0);
		assert_int_equal(page != NULL, types[i] == MIGRATE_CMA);
		if (page)
			assert_int_equal(type_of(page), MIGRATE_CMA);
	}
}

static void test_types_that_take_nothing_get_nothing(
	void **state __maybe_unused)
{
	for (enum migratetype type = MIGRATE_PCPTYPES; type < MIGRATE_TYPES;
	     type++)
		assert_null(__rmqueue_fallback(zone_of(ZONE_NORMAL), 0, type));
	assert_handed_over();
}

static void test_whole_pageblock_is_taken_whole(void **state __maybe_unused)
{
	struct page *page = carve(KERNEL);

	use_all_up();
	give_back(page, TOP);
	assert_ptr_equal(alloc_pages(USER, 0), page);
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	for (unsigned int order = 0; order < TOP; order++)
		assert_true(is_listed(page + (1UL << order), order,
				      MIGRATE_MOVABLE));
	assert_sound();
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_small_block_for_user_pages_is_all_they_get),
		T(test_large_block_for_user_pages_brings_its_neighbours),
		T(test_half_a_free_pageblock_changes_its_type),
		T(test_less_than_half_leaves_the_type),
		T(test_kernel_pages_always_bring_the_neighbours),
		T(test_types_are_asked_in_order),
		T(test_own_list_is_used_before_any_other),
		T(test_pageblock_that_sticks_out_keeps_its_blocks),
		T(test_nothing_is_taken_for_what_does_not_fit),
		T(test_cma_highatomic_and_isolate_lend_nothing),
		T(test_types_that_take_nothing_get_nothing),
		T(test_whole_pageblock_is_taken_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
