// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_isolation.c - pageblocks that the allocator gives nothing out of. */
#include "contig_machine.h"

#define LOW_BLOCKS	8UL
#define HIGH_BLOCKS	4UL

static struct lists before;

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	use_per_cpu_lists();
	take_lists(&before);
	return 0;
}

static int isolate(unsigned long first, unsigned long last)
{
	return start_isolate_page_range(block_pfn(first), block_pfn(last),
					MIGRATE_MOVABLE);
}

static void undo(unsigned long first, unsigned long last)
{
	undo_isolate_page_range(block_pfn(first), block_pfn(last),
				MIGRATE_MOVABLE);
}

/* A pageblock of @type, as a request of that type would have made it. */
static void change_type(unsigned long pfn, enum migratetype from,
			enum migratetype to)
{
	struct zone *zone = page_zone(pfn_to_page(pfn));
	struct page *page = first_of(zone_idx(zone), TOP, from);

	while (page_to_pfn(page) != pfn)
		page = list_entry(page->lru.next, struct page, lru);
	list_del(&page->lru);
	list_add(&page->lru, &zone->free_area[TOP].free_list[to]);
	set_pfnblock_migratetype(zone, pfn, to);
	if (to == MIGRATE_CMA)
		mod_zone_page_state(zone, NR_FREE_CMA_PAGES,
				    (long)pageblock_nr_pages);
}

/* --- what isolation does -------------------------------------------------- */

static void test_isolated_pages_are_not_counted(void **state __maybe_unused)
{
	assert_int_equal(isolate(2, 5), 0);
	assert_int_equal(free_pages_of(ZONE_NORMAL),
			 (LOW_BLOCKS - 3) * pageblock_nr_pages);
	assert_int_equal(zone_of(ZONE_NORMAL)->nr_isolate_pageblock, 3);
	for (unsigned long i = 0; i < LOW_BLOCKS; i++)
		assert_int_equal(type_of(block_pfn(i)), i >= 2 && i < 5 ?
				 MIGRATE_ISOLATE : MIGRATE_MOVABLE);
	assert_int_equal(nr_free(ZONE_NORMAL, TOP), LOW_BLOCKS);
	assert_whole();
	undo(2, 5);
	assert_lists_are(&before);
}

static void test_isolated_pages_are_not_given_out(void **state __maybe_unused)
{
	unsigned long n = 0;
	struct page *page;

	assert_int_equal(isolate(0, LOW_BLOCKS - 1), 0);
	while ((page = alloc_pages(MOVABLE | __GFP_MEMALLOC | __GFP_NOWARN,
				   0))) {
		assert_true(page_to_pfn(page) >= block_pfn(LOW_BLOCKS - 1));
		n++;
	}
	assert_true(n > pageblock_nr_pages / 2);
	assert_true(n <= pageblock_nr_pages);
	assert_whole();
}

static void test_pages_freed_into_an_isolated_pageblock_stay_there(
	void **state __maybe_unused)
{
	struct page *single = alloc_pages(MOVABLE, 0);
	unsigned long n, left;

	n = (page_to_pfn(single) - FIRST_PFN) / pageblock_nr_pages;
	assert_int_equal(isolate(n, n + 1), 0);
	assert_int_equal(page_count(single), 1);
	left = free_pages_of(ZONE_NORMAL);
	__free_pages(single, 0);
	assert_true(page_is_free(page_to_pfn(single)));
	assert_int_equal(free_pages_of(ZONE_NORMAL), left);
	assert_whole();
}

static void test_what_is_freed_meanwhile_merges_and_is_counted_again(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);
	unsigned long n = (page_to_pfn(page) - FIRST_PFN) / pageblock_nr_pages;

	assert_int_equal(isolate(n, n + 1), 0);
	__free_pages(page, 0);
	/* The rest of the pageblock was drained off the CPU's lists. */
	assert_int_equal(nr_free(ZONE_NORMAL, TOP), LOW_BLOCKS);
	assert_ptr_equal(first_of(ZONE_NORMAL, TOP, MIGRATE_ISOLATE),
			 pfn_to_page(block_pfn(n)));
	undo(n, n + 1);
	assert_lists_are(&before);
}

static void test_the_type_to_go_back_to_is_the_callers(
	void **state __maybe_unused)
{
	assert_int_equal(isolate(3, 4), 0);
	undo_isolate_page_range(block_pfn(3), block_pfn(4),
				MIGRATE_UNMOVABLE);
	assert_int_equal(type_of(block_pfn(3)), MIGRATE_UNMOVABLE);
	assert_ptr_equal(first_of(ZONE_NORMAL, TOP, MIGRATE_UNMOVABLE),
			 pfn_to_page(block_pfn(3)));
	assert_whole();
}

static void test_undo_leaves_pageblocks_that_are_not_isolated(
	void **state __maybe_unused)
{
	change_type(block_pfn(4), MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE);
	take_lists(&before);
	assert_int_equal(isolate(3, 4), 0);
	undo(2, 6);
	assert_lists_are(&before);
}

static void test_cma_pageblocks_leave_and_enter_the_cma_counter(
	void **state __maybe_unused)
{
	change_type(block_pfn(2), MIGRATE_MOVABLE, MIGRATE_CMA);
	change_type(block_pfn(3), MIGRATE_MOVABLE, MIGRATE_CMA);
	take_lists(&before);
	assert_int_equal(start_isolate_page_range(block_pfn(2), block_pfn(3),
						  MIGRATE_CMA), 0);
	assert_int_equal(free_cma_of(ZONE_NORMAL), pageblock_nr_pages);
	undo_isolate_page_range(block_pfn(2), block_pfn(3), MIGRATE_CMA);
	assert_int_equal(free_cma_of(ZONE_NORMAL), 2 * pageblock_nr_pages);
	assert_lists_are(&before);
}

/* --- what cannot be isolated ---------------------------------------------- */

static void test_isolated_already_is_EBUSY_and_changes_nothing(
	void **state __maybe_unused)
{
	assert_int_equal(isolate(4, 5), 0);
	take_lists(&before);
	assert_int_equal(isolate(2, 6), -EBUSY);
	assert_lists_are(&before);
	undo(4, 5);
	assert_int_equal(isolate(2, 6), 0);
}

static void test_held_page_among_unmovable_ones_is_EBUSY(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	unsigned long n = (page_to_pfn(page) - FIRST_PFN) / pageblock_nr_pages;

	assert_int_equal(type_of(block_pfn(n)), MIGRATE_UNMOVABLE);
	take_lists(&before);
	assert_int_equal(isolate(n ? n - 1 : 0, n + 1), -EBUSY);
	assert_lists_are(&before);
	__free_pages(page, 3);
	assert_int_equal(isolate(n, n + 1), 0);	/* its pages are free now */
	assert_whole();
}

static void test_reserved_page_among_unmovable_ones_is_EBUSY(
	void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, LOW_BLOCKS * BLOCK_BYTES,
			  RAM_BASE + LOW_BLOCKS * BLOCK_BYTES);
	memblock_add(RAM_BASE, LOW_BLOCKS * BLOCK_BYTES);
	memblock_reserve(RAM_BASE + 2 * BLOCK_BYTES + 5 * PAGE_SIZE, 1);
	boot();
	/* Movable: Linux isolates it, and finds the page later. */
	assert_int_equal(isolate(2, 3), 0);
	assert_false(test_pages_isolated(block_pfn(2), block_pfn(3)));
	undo_isolate_page_range(block_pfn(2), block_pfn(3),
				MIGRATE_UNMOVABLE);
	assert_int_equal(isolate(2, 3), -EBUSY);
	assert_whole();
}

static void test_highatomic_pageblock_is_EBUSY(void **state __maybe_unused)
{
	change_type(block_pfn(2), MIGRATE_MOVABLE, MIGRATE_HIGHATOMIC);
	take_lists(&before);
	assert_int_equal(isolate(1, 4), -EBUSY);
	assert_lists_are(&before);
}

static void test_cma_under_another_name_is_EINVAL(void **state __maybe_unused)
{
	change_type(block_pfn(2), MIGRATE_MOVABLE, MIGRATE_CMA);
	change_type(block_pfn(4), MIGRATE_MOVABLE, MIGRATE_UNMOVABLE);
	take_lists(&before);
	assert_int_equal(isolate(1, 4), -EINVAL);
	assert_int_equal(start_isolate_page_range(block_pfn(2), block_pfn(4),
						  MIGRATE_CMA), -EINVAL);
	assert_int_equal(start_isolate_page_range(block_pfn(4), block_pfn(5),
						  MIGRATE_CMA), -EINVAL);
	assert_lists_are(&before);
}

static void test_range_that_is_not_in_one_zone_is_EINVAL(
	void **state __maybe_unused)
{
	assert_int_equal(isolate(LOW_BLOCKS - 1, LOW_BLOCKS + 1), -EINVAL);
	assert_int_equal(isolate(LOW_BLOCKS + HIGH_BLOCKS - 1,
				 LOW_BLOCKS + HIGH_BLOCKS + 1), -EINVAL);
	assert_int_equal(isolate(3, 3), -EINVAL);
	assert_int_equal(isolate(5, 3), -EINVAL);
	assert_lists_are(&before);
}

static void test_pageblock_without_memory_is_EINVAL(void **state __maybe_unused)
{
	enum migratetype type;

	new_ram_with_pool(RAM_BASE, LOW_BLOCKS * BLOCK_BYTES,
			  RAM_BASE + LOW_BLOCKS * BLOCK_BYTES);
	memblock_add(RAM_BASE, 2 * BLOCK_BYTES);
	memblock_add(RAM_BASE + 4 * BLOCK_BYTES + PAGE_SIZE,
		     4 * BLOCK_BYTES - PAGE_SIZE);
	boot();
	take_lists(&before);
	type = type_of(block_pfn(4) + 1);
	assert_int_equal(isolate(1, 3), -EINVAL);
	assert_lists_are(&before);
	assert_int_equal(isolate(4, 5), 0);	/* begins with a hole */
	assert_false(test_pages_isolated(block_pfn(4), block_pfn(5)));
	assert_true(test_pages_isolated(block_pfn(4) + 1, block_pfn(5)));
	undo_isolate_page_range(block_pfn(4), block_pfn(5), type);
	assert_lists_are(&before);
}

static void test_ends_within_a_pageblock_are_the_callers_bug(
	void **state __maybe_unused)
{
	assert_panics(start_isolate_page_range(block_pfn(1) + 1, block_pfn(2),
					       MIGRATE_MOVABLE), "BUG");
	assert_panics(undo_isolate_page_range(block_pfn(1), block_pfn(2) - 1,
					      MIGRATE_MOVABLE), "BUG");
	assert_panics(start_isolate_page_range(block_pfn(1), block_pfn(2),
					       MIGRATE_ISOLATE), "BUG");
}

/* --- test_pages_isolated -------------------------------------------------- */

static void test_isolated_means_free_and_in_an_isolated_pageblock(
	void **state __maybe_unused)
{
	unsigned long pfn = block_pfn(3);

	assert_false(test_pages_isolated(pfn, pfn + 1));
	assert_int_equal(isolate(3, 5), 0);
	assert_true(test_pages_isolated(pfn, pfn + 1));
	assert_true(test_pages_isolated(pfn + 7, pfn + 9));
	assert_true(test_pages_isolated(pfn, block_pfn(5)));
	assert_true(test_pages_isolated(block_pfn(5) - 1, block_pfn(5)));
	assert_false(test_pages_isolated(pfn - 1, pfn + 1));
	assert_false(test_pages_isolated(pfn, block_pfn(5) + 1));
	assert_false(test_pages_isolated(pfn, pfn));
}

static void test_a_held_page_is_not_isolated(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 2);
	unsigned long pfn = page_to_pfn(page);
	unsigned long n = (pfn - FIRST_PFN) / pageblock_nr_pages;

	assert_int_equal(isolate(n, n + 1), 0);
	for (unsigned long i = block_pfn(n); i < block_pfn(n + 1); i++)
		assert_int_equal(test_pages_isolated(i, i + 1),
				 i < pfn || i >= pfn + 4);
	assert_false(test_pages_isolated(block_pfn(n), block_pfn(n + 1)));
	__free_pages(page, 2);
	assert_true(test_pages_isolated(block_pfn(n), block_pfn(n + 1)));
}

/* --- the invariants ------------------------------------------------------- */

static void test_wrong_count_of_isolated_pageblocks_is_ISO_1(
	void **state __maybe_unused)
{
	zone_of(ZONE_HIGHMEM)->nr_isolate_pageblock++;
	assert_broken(isolation_check(), "ISO-1");
	zone_of(ZONE_HIGHMEM)->nr_isolate_pageblock--;
	assert_null(isolation_check());
	assert_int_equal(isolate(0, 1), 0);
	zone_of(ZONE_NORMAL)->nr_isolate_pageblock = 0;
	assert_broken(isolation_check(), "ISO-1");
}

static void test_block_on_the_wrong_side_is_ISO_2(void **state __maybe_unused)
{
	struct free_area *area = &zone_of(ZONE_NORMAL)->free_area[TOP];
	struct page *page;

	assert_int_equal(isolate(0, 1), 0);
	page = first_of(ZONE_NORMAL, TOP, MIGRATE_ISOLATE);
	list_del(&page->lru);
	list_add(&page->lru, &area->free_list[MIGRATE_MOVABLE]);
	assert_broken(isolation_check(), "ISO-2");
	undo(0, 1);
	assert_null(isolation_check());
	page = first_of(ZONE_NORMAL, TOP, MIGRATE_MOVABLE);
	list_del(&page->lru);
	list_add(&page->lru, &area->free_list[MIGRATE_ISOLATE]);
	assert_broken(isolation_check(), "ISO-2");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_isolated_pages_are_not_counted),
		T(test_isolated_pages_are_not_given_out),
		T(test_pages_freed_into_an_isolated_pageblock_stay_there),
		T(test_what_is_freed_meanwhile_merges_and_is_counted_again),
		T(test_the_type_to_go_back_to_is_the_callers),
		T(test_undo_leaves_pageblocks_that_are_not_isolated),
		T(test_cma_pageblocks_leave_and_enter_the_cma_counter),
		T(test_isolated_already_is_EBUSY_and_changes_nothing),
		T(test_held_page_among_unmovable_ones_is_EBUSY),
		T(test_reserved_page_among_unmovable_ones_is_EBUSY),
		T(test_highatomic_pageblock_is_EBUSY),
		T(test_cma_under_another_name_is_EINVAL),
		T(test_range_that_is_not_in_one_zone_is_EINVAL),
		T(test_pageblock_without_memory_is_EINVAL),
		T(test_ends_within_a_pageblock_are_the_callers_bug),
		T(test_isolated_means_free_and_in_an_isolated_pageblock),
		T(test_a_held_page_is_not_isolated),
		T(test_wrong_count_of_isolated_pageblocks_is_ISO_1),
		T(test_block_on_the_wrong_side_is_ISO_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
