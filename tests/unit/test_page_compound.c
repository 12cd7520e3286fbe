// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_compound.c - blocks as one page, as many, and cut to size.
 */
#include "handover.h"

#include <stdlib.h>

#include <mm/printk.h>

#define BLOCKS		8UL
#define TOP		(MAX_ORDER - 1)
#define GFP		(GFP_KERNEL | __GFP_MOVABLE)

static int setup(void **state __maybe_unused)
{
	boot_blocks(BLOCKS, 0);
	return 0;
}

static unsigned long free_now(void)
{
	return zone_page_state_snapshot(zone_of(ZONE_NORMAL), NR_FREE_PAGES);
}

/* --- compound ------------------------------------------------------------- */

static void test_every_page_of_a_compound_leads_to_its_head(
	void **state __maybe_unused)
{
	for (unsigned int order = 1; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP | __GFP_COMP, order);

		assert_true(PageHead(page));
		assert_false(PageTail(page));
		assert_int_equal(compound_order(page), order);
		assert_int_equal(page_count(page), 1);
		for (unsigned long i = 1; i < 1UL << order; i++) {
			assert_true(PageTail(page + i));
			assert_false(PageHead(page + i));
			assert_ptr_equal(compound_head(page + i), page);
			assert_int_equal(page_count(page + i), 0);
		}
		__free_pages(page, order);
		assert_handed_over();
	}
	assert_int_equal(nr_bad_pages, 0);
}

static void test_single_page_is_never_compound(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 0);

	assert_false(PageCompound(page));
	assert_int_equal(compound_order(page), 0);
	__free_pages(page, 0);
	assert_handed_over();
}

static void test_freed_compound_is_a_plain_block(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 3);

	__free_pages(page, 3);
	assert_ptr_equal(alloc_pages(GFP, 3), page);
	for (int i = 0; i < 8; i++) {
		assert_false(PageCompound(page + i));
		assert_null(page[i].mapping);
	}
}

static void test_last_reference_of_any_page_frees_all(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 3);
	unsigned long before = free_now();

	get_page(page + 5);
	assert_int_equal(page_count(page), 2);
	put_page(page + 7);
	assert_int_equal(free_now(), before);
	put_page(page + 3);
	assert_handed_over();
	assert_int_equal(nr_bad_pages, 0);
}

static void test_put_of_a_single_page_frees_it(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 0);

	get_page(page);
	put_page(page);
	assert_int_equal(page_count(page), 1);
	put_page(page);
	assert_handed_over();
}

static void test_put_of_a_free_page_is_reported(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 0);

	put_page(page);
	put_page(page);
	assert_reported(page, "twice");
	assert_handed_over();
}

static void test_free_of_a_tail_is_reported_and_changes_nothing(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 2);

	__free_pages(page + 2, 0);
	assert_reported(page + 2, "tail");
	put_page(page);
	assert_handed_over();
}

static void test_compound_freed_with_another_order_changes_nothing(
	void **state)
{
	for (unsigned int wrong = 0; wrong < 5; wrong++) {
		struct page *page;

		if (wrong == 2)
			continue;
		setup(state);
		page = alloc_pages(GFP | __GFP_COMP, 2);
		__free_pages(page, wrong);
		assert_reported(page, "order");
		assert_int_equal(page_count(page), 1);
		__free_pages(page, 2);
		assert_handed_over();
	}
}

/* No order can be read from what its neighbour keeps there. */
static void test_head_flag_left_on_a_single_page_is_reported(void **state)
{
	static const unsigned long lru[] = {
		0, 1UL << (BITS_PER_LONG - 1), 0x7fffUL << BITS_PER_LONG / 2,
		(MAX_ORDER + 0UL) << BITS_PER_LONG / 2,
	};

	for (size_t i = 0; i < ARRAY_SIZE(lru); i++) {
		struct page *page;

		setup(state);
		page = alloc_pages(GFP, 1);
		split_page(page, 1);
		page[1].lru.prev = (struct list_head *)lru[i];
		SetPageHead(page);
		put_page(page);
		assert_reported(page, "order");
		assert_int_equal(page_count(page), 1);
		ClearPageHead(page);
		put_page(page);
		put_page(page + 1);
		assert_handed_over();
	}
}

static void test_head_flag_left_on_a_cold_page_is_reported(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);
	unsigned long before = free_now();

	split_page(page, 1);
	page[1].lru.prev = NULL;
	SetPageHead(page);
	set_page_count(page, 0);
	free_hot_cold_page(page, true);
	assert_reported(page, "order");
	assert_int_equal(free_now(), before);
}

static void test_compound_freed_as_a_single_page_changes_nothing(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 2);

	set_page_count(page, 0);
	free_hot_cold_page(page, false);
	assert_reported(page, "order");
	set_page_count(page, 1);
	put_page(page);
	assert_handed_over();
}

static void test_exact_s_caller_is_named(void **state __maybe_unused)
{
	unsigned long here = (unsigned long)test_exact_s_caller_is_named;
	char *mem = alloc_pages_exact(2 * PAGE_SIZE, GFP), *by;

	free_pages_exact(mem, 2 * PAGE_SIZE);
	free_pages_exact(mem, PAGE_SIZE);
	assert_int_equal(nr_bad_pages, 1);
	by = strstr(host_console(), ") by ");	/* no symbols here: in hex */
	assert_non_null(by);
	assert_in_range(strtoul(by + 5, NULL, 16), here, here + 0x1000);
}

/* PAGE-4, broken at its last page: nothing of the block becomes free. */
static void test_compound_with_a_lost_tail_is_kept_out(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 2);
	unsigned long before = free_now();

	page[3].compound_head = 0;
	put_page(page);
	assert_reported(page + 3, "no tail");
	assert_int_equal(free_now(), before);
	assert_sound();
}

static void test_tail_with_a_mapping_is_kept_out(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 2);
	unsigned long before = free_now();

	page[1].mapping = NULL;
	put_page(page);
	assert_reported(page + 1, "mapping");
	assert_int_equal(free_now(), before);
}

/* --- split ---------------------------------------------------------------- */

static void test_pages_of_a_split_block_are_freed_alone(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 4);

	split_page(page, 4);
	for (int i = 15; i >= 0; i--) {
		assert_int_equal(page_count(page + i), 1);
		__free_pages(page + i, 0);
	}
	assert_handed_over();
	assert_int_equal(nr_bad_pages, 0);
}

static void test_split_of_a_compound_page_is_refused(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP | __GFP_COMP, 1);

	assert_panics(split_page(page, 1), "PageCompound");
}

static void test_split_of_a_page_that_nobody_holds_is_refused(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);

	__free_pages(page, 1);
	assert_panics(split_page(page, 1), "page_count");
}

/* --- exact ---------------------------------------------------------------- */

static void test_exact_takes_whole_pages_and_no_more(void **state)
{
	static const size_t sizes[] = {
		1, PAGE_SIZE, PAGE_SIZE + 1, 3 * PAGE_SIZE, 5 * PAGE_SIZE - 1,
		7 * PAGE_SIZE, 8 * PAGE_SIZE, BLOCK_BYTES - PAGE_SIZE,
		BLOCK_BYTES,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned long pages = (sizes[i] + PAGE_SIZE - 1) >> PAGE_SHIFT;
		unsigned long before;
		char *mem;

		setup(state);
		before = free_now();
		mem = alloc_pages_exact(sizes[i], GFP);
		assert_non_null(mem);
		assert_int_equal(free_now(), before - pages);
		memset(mem, 0x5a, sizes[i]);
		assert_sound();
		free_pages_exact(mem, sizes[i]);
		assert_handed_over();
		assert_int_equal(nr_bad_pages, 0);
	}
}

static void test_exact_that_cannot_be_is_NULL(void **state __maybe_unused)
{
	assert_null(alloc_pages_exact(0, GFP));
	assert_null(alloc_pages_exact(BLOCK_BYTES + 1, GFP | __GFP_NOWARN));
	assert_null(alloc_pages_exact(~(size_t)0, GFP | __GFP_NOWARN));
	assert_int_equal(nr_warnings, 0);
	assert_null(alloc_pages_exact(PAGE_SIZE, GFP | __GFP_COMP));
	assert_int_equal(nr_warnings, 1);
	free_pages_exact(NULL, PAGE_SIZE);
	assert_handed_over();
}

static void test_zeroed_page_is_zero_and_in_lowmem(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	unsigned char *mem = page_address(page);

	memset(mem, 0xff, PAGE_SIZE);
	__free_pages(page, 0);
	assert_int_equal(get_zeroed_page(GFP_KERNEL | __GFP_HIGHMEM),
			 (unsigned long)mem);
	for (unsigned long i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(mem[i], 0);
	free_page((unsigned long)mem);
	assert_handed_over();
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_every_page_of_a_compound_leads_to_its_head),
		T(test_single_page_is_never_compound),
		T(test_freed_compound_is_a_plain_block),
		T(test_last_reference_of_any_page_frees_all),
		T(test_put_of_a_single_page_frees_it),
		T(test_put_of_a_free_page_is_reported),
		T(test_free_of_a_tail_is_reported_and_changes_nothing),
		T(test_compound_freed_with_another_order_changes_nothing),
		T(test_head_flag_left_on_a_single_page_is_reported),
		T(test_head_flag_left_on_a_cold_page_is_reported),
		T(test_compound_freed_as_a_single_page_changes_nothing),
		T(test_exact_s_caller_is_named),
		T(test_compound_with_a_lost_tail_is_kept_out),
		T(test_tail_with_a_mapping_is_kept_out),
		T(test_pages_of_a_split_block_are_freed_alone),
		T(test_split_of_a_compound_page_is_refused),
		T(test_split_of_a_page_that_nobody_holds_is_refused),
		T(test_exact_takes_whole_pages_and_no_more),
		T(test_exact_that_cannot_be_is_NULL),
		T(test_zeroed_page_is_zero_and_in_lowmem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
