// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_owner.c - who has a page: recorded, kept, forgotten, printed. */
#include "cma_machine.h"
#include "contig_machine.h"

#include <mm/bug.h>
#include <mm/page_ext.h>

static struct cma *area;

static int setup_owner(void **state)
{
	setup(state);
	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &area), 0);
	boot_to_zones();
	assert_int_equal(early_page_owner_param("on"), 0);
	page_ext_init_flatmem();
	mem_init();
	kmem_cache_init();
	cma_init_reserved_areas();
	assert_true(page_owner_inited);
	return 0;
}

static const struct page_ext *ext_of(const struct page *page)
{
	const struct page_ext *ext = lookup_page_ext(page);

	assert_non_null(ext);
	return ext;
}

static bool is_owned(const struct page *page)
{
	return ext_of(page)->flags & 1UL << PAGE_EXT_OWNER;
}

/* --- callers with an address to be known by ------------------------------- */

/*
 * Where a call returns to: in the function, behind its start. The small ones
 * here stand side by side; a test is large.
 */
#define SMALL	0x200UL
#define LARGE	0x4000UL
#define RETURNS_WITHIN(ip, function, bytes)				\
	((ip) > (unsigned long)(function) &&				\
	 (ip) < (unsigned long)(function) + (bytes))
#define RETURNS_INTO(ip, function) RETURNS_WITHIN(ip, function, SMALL)
#define RETURNS_INTO_TEST(ip, function) RETURNS_WITHIN(ip, function, LARGE)

static noinline struct page *first_caller(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp, order);

	assert_non_null(page);
	return page;
}

static noinline struct page *second_caller(gfp_t gfp, unsigned int order)
{
	struct page *page = first_caller(gfp, order);

	assert_non_null(page);
	return page;
}

static noinline struct page *deep_caller(unsigned int depth)
{
	struct page *page = depth ? deep_caller(depth - 1) :
				    first_caller(GFP_KERNEL, 0);

	assert_non_null(page);
	return page;
}

/* --- records -------------------------------------------------------------- */

static void test_record_says_order_gfp_and_caller(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL | __GFP_NOWARN, 2);

	for (int i = 0; i < 4; i++) {
		const struct page_ext *ext = ext_of(page + i);

		assert_true(is_owned(page + i));
		assert_int_equal(ext->order, 2);
		assert_int_equal(ext->gfp_mask, GFP_KERNEL | __GFP_NOWARN);
		assert_true(RETURNS_INTO(ext->ip, first_caller));
	}
	assert_false(is_owned(page + 4));
	assert_null(page_owner_check());
}

static void test_trace_begins_with_the_caller_and_goes_outwards(
	void **state __maybe_unused)
{
	const struct page_ext *ext = ext_of(second_caller(GFP_KERNEL, 0));

	assert_true(ext->nr_entries >= 3);
	assert_int_equal(ext->trace[0], ext->ip);
	assert_true(RETURNS_INTO(ext->trace[0], first_caller));
	assert_true(RETURNS_INTO(ext->trace[1], second_caller));
	assert_true(RETURNS_INTO_TEST(ext->trace[2],
			test_trace_begins_with_the_caller_and_goes_outwards));
}

static void test_a_deep_trace_keeps_its_inner_end(void **state __maybe_unused)
{
	const struct page_ext *ext = ext_of(deep_caller(3 * PAGE_OWNER_TRACE));

	assert_int_equal(ext->nr_entries, PAGE_OWNER_TRACE);
	assert_true(RETURNS_INTO(ext->trace[0], first_caller));
	for (unsigned int i = 1; i < PAGE_OWNER_TRACE; i++)
		assert_true(RETURNS_INTO(ext->trace[i], deep_caller));
}

/* A caller that has gone: its frame's place was used again. */
static void test_trace_without_the_caller_is_kept_whole(
	void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 0);

	__set_page_owner(page, 0, GFP_KERNEL, 0x1234);
	assert_int_equal(ext_of(page)->ip, 0x1234);
	assert_true(ext_of(page)->nr_entries >= 2);
	assert_true(RETURNS_INTO_TEST(ext_of(page)->trace[2],
			test_trace_without_the_caller_is_kept_whole) ||
		    RETURNS_INTO_TEST(ext_of(page)->trace[1],
			test_trace_without_the_caller_is_kept_whole));
}

static noinline unsigned int trace_of(unsigned long *entries, unsigned int max,
				      unsigned int skip)
{
	unsigned int n = arch_stack_trace(entries, max, skip);

	assert_true(n <= max);
	return n;
}

static void test_stack_trace_keeps_to_its_bounds(void **state __maybe_unused)
{
	unsigned long all[40] = { 0 }, part[40];
	unsigned int found = trace_of(all, 40, 0);

	assert_in_range(found, 2, 39);
	assert_true(RETURNS_INTO(all[0], trace_of));
	assert_true(RETURNS_INTO_TEST(all[1],
				      test_stack_trace_keeps_to_its_bounds));
	for (unsigned int max = 0; max < found; max++) {
		memset(part, 0xa5, sizeof(part));
		assert_int_equal(trace_of(part, max, 0), max);
		for (unsigned int i = 2; i < max; i++)
			assert_int_equal(part[i], all[i]);
		assert_int_equal(part[max], 0xa5a5a5a5a5a5a5a5UL);
	}
	for (unsigned int skip = 2; skip < found; skip++) {
		assert_int_equal(trace_of(part, 40, skip), found - skip);
		assert_int_equal(part[0], all[skip]);
	}
	assert_int_equal(trace_of(part, 40, found), 0);
	assert_int_equal(trace_of(part, 40, ~0u), 0);
}

static void test_all_ways_in_name_their_caller(void **state __maybe_unused)
{
	unsigned long addr = __get_free_pages(GFP_KERNEL, 1);
	void *exact = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);

	assert_false(is_owned(virt_to_page(exact) + 3));
	for (int i = 0; i < 3; i++)
		assert_int_equal(ext_of(virt_to_page(exact) + i)->order, 0);
	assert_true(RETURNS_INTO_TEST(ext_of(virt_to_page(addr))->ip,
				 test_all_ways_in_name_their_caller));
	addr = get_zeroed_page(GFP_KERNEL);
	assert_true(RETURNS_INTO_TEST(ext_of(virt_to_page(addr))->ip,
				 test_all_ways_in_name_their_caller));
	assert_null(page_owner_check());
}

static void test_freed_pages_have_no_owner(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 3);

	__free_pages(page, 3);
	for (int i = 0; i < 8; i++)
		assert_false(is_owned(page + i));
	assert_null(page_owner_check());
}

static void test_a_second_reference_keeps_the_owner(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 1);

	get_page(page);
	__free_pages(page, 1);
	assert_true(is_owned(page) && is_owned(page + 1));
	__free_pages(page, 1);
	assert_false(is_owned(page) || is_owned(page + 1));
}

static void test_split_pages_are_single_ones_of_the_same_owner(
	void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 2);

	split_page(page, 2);
	__free_page(page + 1);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ext_of(page + i)->order, 0);
		assert_int_equal(is_owned(page + i), i != 1);
		assert_true(RETURNS_INTO(ext_of(page + i)->ip, first_caller));
	}
	drain_all_pages(NULL);
	assert_null(page_owner_check());
}

static void test_ranges_have_their_caller_as_owner(void **state __maybe_unused)
{
	struct page *page = cma_alloc(area, 7, 0);
	unsigned long pfn = block_pfn(3) + 5;

	for (int i = 0; i < 7; i++) {
		assert_true(is_owned(page + i));
		assert_int_equal(ext_of(page + i)->order, 0);
		assert_int_equal(ext_of(page + i)->gfp_mask, __GFP_MOVABLE);
		assert_true(RETURNS_INTO_TEST(ext_of(page + i)->ip,
				test_ranges_have_their_caller_as_owner));
	}
	assert_int_equal(alloc_contig_range(pfn, pfn + 3, MIGRATE_MOVABLE), 0);
	assert_true(RETURNS_INTO_TEST(ext_of(pfn_to_page(pfn + 2))->ip,
				 test_ranges_have_their_caller_as_owner));
	assert_false(is_owned(pfn_to_page(pfn + 3)));
	assert_null(page_owner_check());
	assert_true(cma_release(area, page, 7));
	free_contig_range(pfn, 3);
	drain_all_pages(NULL);
	assert_null(page_owner_check());
	assert_false(is_owned(page));
}

static void test_what_was_there_before_is_the_boots(void **state __maybe_unused)
{
	unsigned long reserved = 0;

	setup(state);
	memblock_reserve(RAM_BASE + 5 * PAGE_SIZE, 3 * PAGE_SIZE);
	boot_to_zones();
	assert_int_equal(early_page_owner_param("on"), 0);
	page_ext_init_flatmem();
	mem_init();
	for (unsigned long pfn = min_low_pfn; pfn < max_pfn; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		assert_int_equal(is_owned(page), PageReserved(page));
		assert_int_equal(ext_of(page)->ip, 0);
		reserved += is_owned(page);
	}
	assert_true(reserved >= 3);
	assert_true(is_owned(pfn_to_page(FIRST_PFN + 5)));
	assert_null(page_owner_check());
}

/* --- the report ----------------------------------------------------------- */

#define DIGITS ((int)(2 * sizeof(long)))	/* of an address */

static void test_report_has_order_gfp_and_trace(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 2);
	char text[120];

	dump_page_owner(page + 1);
	snprintf(text, sizeof(text), "page_owner: pfn 0x%lx: allocated by "
		 "%0*lx, order 2, gfp 0x%x\n", page_to_pfn(page + 1), DIGITS,
		 ext_of(page)->ip, GFP_KERNEL);
	assert_true(console_says(text));
	for (unsigned int i = 0; i < ext_of(page)->nr_entries; i++) {
		snprintf(text, sizeof(text), "page_owner:   %0*lx\n",
			 DIGITS, ext_of(page)->trace[i]);
		assert_true(console_says(text));
	}
	__free_pages(page, 2);
	dump_page_owner(page + 1);
	assert_true(console_says("free now, was allocated by 0"));
}

static void test_report_of_the_boots_pages(void **state __maybe_unused)
{
	struct page *page = first_of(ZONE_HIGHMEM, TOP, MIGRATE_MOVABLE);

	dump_page_owner(page);
	assert_true(console_says("free now, was allocated by the boot"));
	page = pfn_to_page(area->base_pfn);
	lookup_page_ext(page)->flags = 1UL << PAGE_EXT_OWNER;
	dump_page_owner(page);
	assert_true(console_says(": allocated by the boot"));
	dump_page_owner(pfn_to_page(FIRST_PFN - 1));
	assert_true(console_says("off"));
}

static void test_bad_page_is_reported_with_its_owner(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 1);
	char text[120];

	page[1].flags |= 1UL << PG_locked;
	__free_pages(page, 1);
	assert_int_equal(nr_bad_pages, 1);
	snprintf(text, sizeof(text), "page_owner: pfn 0x%lx: allocated by "
		 "%0*lx, order 1, gfp 0x%x\n", page_to_pfn(page + 1), DIGITS,
		 ext_of(page)->ip, GFP_KERNEL);
	assert_true(console_says(text));
	/* Who had it before is of interest, too. */
	page = first_caller(GFP_KERNEL, 0);
	__free_pages(page, 0);
	assert_false(console_says("free now"));
	__free_pages(page, 0);
	assert_true(console_says("free now, was allocated by 0"));
}

static void test_bad_page_without_page_owner_says_nothing_of_it(
	void **state __maybe_unused)
{
	struct page *page;

	boot_blocks(2, 0);
	page = alloc_pages(GFP_KERNEL, 0);
	page->flags |= 1UL << PG_locked;
	__free_pages(page, 0);
	assert_int_equal(nr_bad_pages, 1);
	assert_false(console_says("page_owner"));
}

static void test_report_without_page_owner_says_how_to_have_it(
	void **state __maybe_unused)
{
	boot_blocks(2, 0);
	dump_page_owner(alloc_pages(GFP_KERNEL, 0));
	assert_true(console_says("\"page_owner=on\""));
}

/* --- the invariants ------------------------------------------------------- */

static void test_owner_of_a_free_page_is_OWNER_1(void **state __maybe_unused)
{
	struct page *page = first_of(ZONE_NORMAL, TOP, MIGRATE_MOVABLE);

	lookup_page_ext(page + 17)->flags |= 1UL << PAGE_EXT_OWNER;
	assert_broken(page_owner_check(), "OWNER-1");
	lookup_page_ext(page + 17)->flags = 0;
	assert_null(page_owner_check());
	lookup_page_ext(page)->flags |= 1UL << PAGE_EXT_OWNER;
	assert_broken(page_owner_check(), "OWNER-1");
}

static void test_impossible_record_is_OWNER_2(void **state __maybe_unused)
{
	struct page_ext *ext = lookup_page_ext(first_caller(GFP_KERNEL, 0));

	ext->order = MAX_ORDER;
	assert_broken(page_owner_check(), "OWNER-2");
	ext->order = 0;
	ext->nr_entries = PAGE_OWNER_TRACE + 1;
	assert_broken(page_owner_check(), "OWNER-2");
}

static void test_page_with_another_record_is_OWNER_3(void **state __maybe_unused)
{
	struct page *page = first_caller(GFP_KERNEL, 2);
	struct page_ext *ext = lookup_page_ext(page);
	struct page_ext good = ext[2];

	ext[2].ip++;
	assert_broken(page_owner_check(), "OWNER-3");
	ext[2] = good;
	ext[2].gfp_mask ^= 1;
	assert_broken(page_owner_check(), "OWNER-3");
	ext[2] = good;
	ext[2].trace[0]++;
	assert_broken(page_owner_check(), "OWNER-3");
	ext[2] = good;
	ext[0].flags = 0;
	assert_broken(page_owner_check(), "OWNER-3");
	ext[0].flags = good.flags;
	assert_null(page_owner_check());
	ext[3].flags = 0;
	assert_broken(page_owner_check(), "OWNER-3");
}

#define T(test) cmocka_unit_test_setup(test, setup_owner)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_record_says_order_gfp_and_caller),
		T(test_trace_begins_with_the_caller_and_goes_outwards),
		T(test_a_deep_trace_keeps_its_inner_end),
		T(test_trace_without_the_caller_is_kept_whole),
		T(test_stack_trace_keeps_to_its_bounds),
		T(test_all_ways_in_name_their_caller),
		T(test_freed_pages_have_no_owner),
		T(test_a_second_reference_keeps_the_owner),
		T(test_split_pages_are_single_ones_of_the_same_owner),
		T(test_ranges_have_their_caller_as_owner),
		T(test_what_was_there_before_is_the_boots),
		T(test_report_has_order_gfp_and_trace),
		T(test_report_of_the_boots_pages),
		T(test_bad_page_is_reported_with_its_owner),
		T(test_bad_page_without_page_owner_says_nothing_of_it),
		T(test_report_without_page_owner_says_how_to_have_it),
		T(test_owner_of_a_free_page_is_OWNER_1),
		T(test_impossible_record_is_OWNER_2),
		T(test_page_with_another_record_is_OWNER_3),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
