// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_bad_page.c - what page_alloc.c does with pages that cannot be right:
 * reported by pfn, counted, kept out of service.
 */
#include "handover.h"

#include <mm/page-isolation.h>
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
	return zone_page_state(zone_of(ZONE_NORMAL), NR_FREE_PAGES);
}

/* It was reported, and no page became free. */
static void assert_kept_out(const struct page *bad, const char *why,
			    unsigned long free_before)
{
	assert_reported(bad, why);
	assert_int_equal(free_now(), free_before);
	assert_sound();
}

/* --- at free -------------------------------------------------------------- */

static void test_each_flag_left_over_is_bad(void **state)
{
	for (unsigned int bit = 0; bit < __NR_PAGEFLAGS; bit++) {
		struct page *page;
		unsigned long before;

		if (!(PAGE_FLAGS_CHECK_AT_FREE & BIT(bit)))
			continue;
		setup(state);
		page = alloc_pages(GFP, 0);
		before = free_now();
		page->flags |= BIT(bit);
		__free_pages(page, 0);
		assert_kept_out(page, "flag", before);
		assert_false(PageBuddy(page));
	}
}

static void test_other_flags_are_cleared_without_a_word(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 2);
	unsigned long links = page->flags;

	for (int i = 0; i < 4; i++)
		page[i].flags |= PAGE_FLAGS_CHECK_AT_PREP &
				 ~PAGE_FLAGS_CHECK_AT_FREE & ~BIT(PG_head);
	__free_pages(page, 2);
	for (int i = 0; i < 4; i++)
		assert_int_equal(page[i].flags, links);
	assert_int_equal(nr_bad_pages, 0);
	assert_handed_over();
}

static void test_mapping_left_over_is_bad(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);
	unsigned long before = free_now();

	page->mapping = (struct address_space *)page;
	__free_pages(page, 1);
	assert_kept_out(page, "mapping (", before);
}

static void test_mapcount_left_over_is_bad(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 0);
	unsigned long before = free_now();

	page->_mapcount.counter = 0;
	__free_pages(page, 0);
	assert_kept_out(page, "mapcount is not -1 (", before);
}

static void test_one_bad_page_keeps_its_whole_block_out(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 3);
	unsigned long before = free_now();

	page[5].flags |= BIT(PG_locked);
	__free_pages(page, 3);
	assert_kept_out(page + 5, "flag", before);
	for (int i = 0; i < 8; i++)
		assert_false(PageBuddy(page + i));
}

static void test_count_left_on_an_inner_page_is_bad(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 2);
	unsigned long before = free_now();

	set_page_count(page + 3, 1);
	__free_pages(page, 2);
	assert_kept_out(page + 3, "holds it (", before);
}

static void test_bad_page_is_never_given_out_again(void **state __maybe_unused)
{
	struct page *bad = alloc_pages(GFP, 0), *page;
	unsigned long n = 0;

	bad->flags |= BIT(PG_slab);
	__free_pages(bad, 0);
	while ((page = alloc_pages(GFP, 0))) {
		assert_ptr_not_equal(page, bad);
		n++;
	}
	assert_int_equal(n, BLOCKS * MAX_ORDER_NR_PAGES - 1);
	assert_int_equal(nr_bad_pages, 1);
}

static void test_page_with_users_left_is_not_freed(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);
	unsigned long before = free_now();

	set_page_count(page, 2);
	__free_pages(page, 1);
	assert_int_equal(page_count(page), 1);
	assert_int_equal(free_now(), before);
	assert_int_equal(nr_bad_pages, 0);
	__free_pages(page, 1);
	assert_handed_over();
}

/* --- the caller's mistakes ------------------------------------------------ */

static void test_double_free_changes_nothing(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 0);

	__free_pages(page, 0);
	__free_pages(page, 0);
	assert_reported(page, "twice");
	assert_handed_over();
}

static void test_double_free_of_a_listed_page_changes_nothing(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);
	unsigned long before;

	set_page_count(page + 1, 1);		/* so that it stays a head */
	__free_pages(page, 0);
	before = free_now();
	__free_pages(page, 0);
	assert_kept_out(page, "twice", before);
}

static void test_free_of_a_listed_page_with_a_new_count_is_bad(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 1);
	unsigned long before;

	set_page_count(page + 1, 1);
	__free_pages(page, 0);
	before = free_now();
	set_page_count(page, 1);
	__free_pages(page, 0);			/* still PageBuddy */
	assert_kept_out(page, "mapcount is not -1 (", before);
}

static void test_free_of_a_block_that_is_not_aligned_is_bad(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 2);
	unsigned long before = free_now();

	set_page_count(page + 1, 1);
	__free_pages(page + 1, 1);
	assert_kept_out(page + 1, "order", before);
}

static void test_order_that_does_not_exist_is_refused(
	void **state __maybe_unused)
{
	struct page *page = pfn_to_page(RAM_BASE >> PAGE_SHIFT);
	unsigned long before;

	while (alloc_pages(GFP, TOP))
		;
	assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << MAX_ORDER));
	assert_int_equal(page_count(page), 1);
	before = free_now();
	assert_null(alloc_pages(GFP, MAX_ORDER));
	assert_null(alloc_pages(GFP, ~0u));
	assert_int_equal(nr_bad_pages, 0);
	__free_pages(page, MAX_ORDER);
	assert_kept_out(page, "order", before);
}

/* --- at allocation -------------------------------------------------------- */

static void spoil_and_alloc(void (*spoil)(struct page *page), const char *why)
{
	struct page *bad = alloc_pages(GFP, 0), *page;

	__free_pages(bad, 0);
	spoil(bad);
	page = alloc_pages(GFP, 0);
	assert_non_null(page);
	assert_ptr_not_equal(page, bad);
	assert_reported(bad, why);
	assert_int_equal(page_count(page), 1);
}

static void spoil_flags(struct page *page)
{
	page->flags |= BIT(PG_dirty);
}

static void spoil_count(struct page *page)
{
	set_page_count(page, 1);
}

static void spoil_mapping(struct page *page)
{
	page->mapping = (struct address_space *)page;
}

static void test_page_spoilt_while_free_is_not_given(void **state)
{
	spoil_and_alloc(spoil_flags, "flag");
	setup(state);
	spoil_and_alloc(spoil_mapping, "mapping (");
}

static void test_page_in_use_while_free_is_not_given(void **state)
{
	spoil_and_alloc(spoil_count, "holds it (");
	setup(state);
	assert_sound();
}

/* Neither on its way to the buddy nor as a part of a block is it a panic. */
static void test_page_spoilt_on_a_per_cpu_list_is_found_later(
	void **state __maybe_unused)
{
	struct page *bad, *page;
	unsigned long n = 0;

	setup_per_cpu_pageset();
	this_cpu_ptr(zone_of(ZONE_NORMAL)->pageset)->pcp.batch = 7;
	this_cpu_ptr(zone_of(ZONE_NORMAL)->pageset)->pcp.high = 42;
	bad = alloc_pages(GFP, 0);
	__free_pages(bad, 0);
	spoil_flags(bad);
	drain_all_pages(NULL);
	assert_int_equal(nr_bad_pages, 0);
	while ((page = alloc_pages(GFP, 0))) {
		assert_ptr_not_equal(page, bad);
		n++;
	}
	assert_int_equal(nr_bad_pages, 1);
	assert_reported(bad, "flag");
	assert_int_equal(n, zone_of(ZONE_NORMAL)->managed_pages - 1);
}

static void test_spoilt_page_of_a_block_that_is_cut_is_found_later(
	void **state __maybe_unused)
{
	struct page *bad = first_of(ZONE_NORMAL, TOP, MIGRATE_MOVABLE);
	unsigned long pfn = page_to_pfn(bad) + 1;
	struct page *page;

	spoil_flags(bad);
	assert_int_equal(alloc_contig_range(pfn, pfn + 5, MIGRATE_MOVABLE), 0);
	while ((page = alloc_pages(GFP, 0)))
		assert_ptr_not_equal(page, bad);
	assert_reported(bad, "flag");
}

static void test_one_spoilt_page_spoils_its_block(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP, 2), *other;

	__free_pages(page, 2);
	page[3].flags |= BIT(PG_locked);
	other = alloc_pages(GFP, 2);
	assert_non_null(other);
	assert_ptr_not_equal(other, page);
	assert_int_equal(nr_bad_pages, 1);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_flag_left_over_is_bad),
		T(test_other_flags_are_cleared_without_a_word),
		T(test_mapping_left_over_is_bad),
		T(test_mapcount_left_over_is_bad),
		T(test_one_bad_page_keeps_its_whole_block_out),
		T(test_count_left_on_an_inner_page_is_bad),
		T(test_bad_page_is_never_given_out_again),
		T(test_page_with_users_left_is_not_freed),
		T(test_double_free_changes_nothing),
		T(test_double_free_of_a_listed_page_changes_nothing),
		T(test_free_of_a_listed_page_with_a_new_count_is_bad),
		T(test_free_of_a_block_that_is_not_aligned_is_bad),
		T(test_order_that_does_not_exist_is_refused),
		T(test_page_spoilt_while_free_is_not_given),
		T(test_page_in_use_while_free_is_not_given),
		T(test_page_spoilt_on_a_per_cpu_list_is_found_later),
		T(test_spoilt_page_of_a_block_that_is_cut_is_found_later),
		T(test_one_spoilt_page_spoils_its_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
