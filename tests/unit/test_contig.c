// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_contig.c - ranges taken off the buddy: all of it or nothing, against a
 * list of who has each page.
 */
#include "contig_machine.h"

#include <mm/bug.h>
#include <mm/printk.h>

#define LOW_BLOCKS	6UL
#define HIGH_BLOCKS	3UL
#define LOW_PAGES	(LOW_BLOCKS * pageblock_nr_pages)

static struct lists before;

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	use_per_cpu_lists();
	take_lists(&before);
	return 0;
}

static int take(unsigned long start, unsigned long end)
{
	return alloc_contig_range(start, end, MIGRATE_MOVABLE);
}

/* --- what is taken -------------------------------------------------------- */

/* [start, end) is held page by page, and nothing else. */
static void assert_taken(unsigned long start, unsigned long end)
{
	for (unsigned long pfn = FIRST_PFN; pfn < FIRST_PFN + LOW_PAGES; pfn++) {
		bool in = start <= pfn && pfn < end;

		if (page_count(pfn_to_page(pfn)) != in ||
		    page_is_free(pfn) != !in)
			fail_msg("pfn %#lx of [%#lx, %#lx)", pfn, start, end);
	}
	assert_int_equal(free_pages_of(ZONE_NORMAL), LOW_PAGES - (end - start));
	assert_whole();
}

static void test_exactly_the_range_is_taken(void **state __maybe_unused)
{
	static const unsigned long offsets[] = { 0, 1, 2, 3, 7, 64, 100 };
	unsigned long base = block_pfn(2);

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		for (size_t j = 0; j < ARRAY_SIZE(offsets); j++)
			for (unsigned long blocks = 0; blocks < 3; blocks++) {
				unsigned long start = base + offsets[i];
				unsigned long end = base + offsets[j] +
						    blocks * pageblock_nr_pages;

				if (start >= end)
					continue;
				assert_int_equal(take(start, end), 0);
				assert_taken(start, end);
				free_contig_range(start, end - start);
				drain_all_pages(NULL);
			}
	assert_lists_are(&before);
}

static void test_a_whole_zone_can_be_taken(void **state __maybe_unused)
{
	assert_int_equal(take(FIRST_PFN, FIRST_PFN + LOW_PAGES), 0);
	assert_taken(FIRST_PFN, FIRST_PFN + LOW_PAGES);
	free_contig_range(FIRST_PFN, LOW_PAGES);
	assert_lists_are(&before);
}

static void test_each_page_can_be_freed_alone(void **state __maybe_unused)
{
	unsigned long start = block_pfn(1) - 3;

	assert_int_equal(take(start, start + 9), 0);
	for (unsigned long pfn = start; pfn < start + 9; pfn += 2)
		__free_page(pfn_to_page(pfn));
	for (unsigned long pfn = start + 1; pfn < start + 9; pfn += 2)
		free_contig_range(pfn, 1);
	assert_lists_are(&before);
}

/* A page that was just freed may be on a CPU's list: it is free all the same. */
static void test_pages_on_a_cpus_list_are_free(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 0);
	unsigned long pfn = page_to_pfn(page);

	__free_pages(page, 0);
	assert_int_equal(take(pfn, pfn + 1), 0);
	assert_taken(pfn, pfn + 1);
	free_contig_range(pfn, 1);
	assert_lists_are(&before);
}

static void test_highmem_can_be_taken(void **state __maybe_unused)
{
	unsigned long pfn = block_pfn(LOW_BLOCKS);

	assert_int_equal(take(pfn + 5, pfn + pageblock_nr_pages + 5), 0);
	assert_int_equal(free_pages_of(ZONE_HIGHMEM),
			 (HIGH_BLOCKS - 1) * pageblock_nr_pages);
	assert_whole();
	free_contig_range(pfn + 5, pageblock_nr_pages);
	assert_lists_are(&before);
}

static void test_its_pageblocks_are_movable_afterwards(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	unsigned long pfn = page_to_pfn(page);

	assert_int_equal(type_of(pfn), MIGRATE_UNMOVABLE);
	__free_pages(page, 0);
	assert_int_equal(take(pfn, pfn + 1), 0);
	assert_int_equal(type_of(pfn), MIGRATE_MOVABLE);
	assert_whole();
}

/* --- what cannot be taken ------------------------------------------------- */

/*
 * A free block may be on another type's list than its pageblock's: where a
 * small one was taken for another type. That, too, must stay.
 */
static void make_foreign_block(unsigned long pfn, enum migratetype type)
{
	struct page *page = pfn_to_page(pfn);
	struct zone *zone = page_zone(page);

	assert_true(PageBuddy(page));
	list_del(&page->lru);
	list_add(&page->lru,
		 &zone->free_area[page_private(page)].free_list[type]);
}

static void test_held_page_is_EBUSY_and_nothing_changes(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 1);
	unsigned long pfn = page_to_pfn(page), block;

	block = ALIGN_DOWN(pfn, pageblock_nr_pages);
	/* The free halves that splitting has left are around the page. */
	make_foreign_block(pfn ^ 2, MIGRATE_RECLAIMABLE);
	make_foreign_block((pfn & ~3UL) ^ 4, MIGRATE_UNMOVABLE);
	take_lists(&before);
	for (unsigned long start = block; start <= pfn + 1; start += 3)
		assert_int_equal(take(start, pfn + 2), -EBUSY);
	assert_int_equal(take(pfn, pfn + 1), -EBUSY);
	assert_int_equal(take(pfn + 1, block + pageblock_nr_pages), -EBUSY);
	assert_int_equal(take(FIRST_PFN, FIRST_PFN + LOW_PAGES), -EBUSY);
	assert_lists_are(&before);
	assert_int_equal(page_count(page), 1);

	/* What is around it can be had. */
	assert_int_equal(take(block, pfn), pfn > block ? 0 : -EINVAL);
	assert_int_equal(take(pfn + 2, block + pageblock_nr_pages), 0);
	assert_whole();
}

static void test_isolated_pageblock_is_EBUSY_and_stays(
	void **state __maybe_unused)
{
	assert_int_equal(start_isolate_page_range(block_pfn(2), block_pfn(3),
						  MIGRATE_MOVABLE), 0);
	take_lists(&before);
	assert_int_equal(take(block_pfn(1), block_pfn(3)), -EBUSY);
	assert_int_equal(take(block_pfn(2) + 4, block_pfn(2) + 5), -EBUSY);
	assert_lists_are(&before);
}

static void test_unmovable_neighbour_is_EBUSY(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	unsigned long pfn = page_to_pfn(page);

	take_lists(&before);
	assert_int_equal(take(pfn ^ 1, (pfn ^ 1) + 1), -EBUSY);
	assert_lists_are(&before);
}

static void test_no_such_range_is_EINVAL(void **state __maybe_unused)
{
	unsigned long end = block_pfn(LOW_BLOCKS + HIGH_BLOCKS);

	assert_int_equal(take(block_pfn(1), block_pfn(1)), -EINVAL);
	assert_int_equal(take(block_pfn(2), block_pfn(1)), -EINVAL);
	assert_int_equal(take(block_pfn(LOW_BLOCKS) - 1,
			      block_pfn(LOW_BLOCKS) + 1), -EINVAL);
	assert_int_equal(take(end - 1, end + 1), -EINVAL);
	assert_int_equal(take(end, end + 1), -EINVAL);
	assert_int_equal(take(0, 1), -EINVAL);
	assert_int_equal(take(0, ~0UL), -EINVAL);
	assert_int_equal(take(~0UL - 1, ~0UL), -EINVAL);
	assert_int_equal(alloc_contig_range(block_pfn(1), block_pfn(1) + 1,
					    MIGRATE_CMA), -EINVAL);
	assert_lists_are(&before);
}

static void test_pageblock_cut_by_the_zones_end_is_EINVAL(
	void **state __maybe_unused)
{
	phys_addr_t size = 2 * BLOCK_BYTES + BLOCK_BYTES / 2;

	new_ram_with_pool(RAM_BASE, size, RAM_BASE + size);
	memblock_add(RAM_BASE, size);
	boot();
	take_lists(&before);
	assert_int_equal(take(block_pfn(2), block_pfn(2) + 1), -EINVAL);
	assert_lists_are(&before);
	assert_int_equal(take(block_pfn(2) - 1, block_pfn(2)), 0);
	assert_whole();
}

static void test_hole_and_reserved_page_are_EBUSY(void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, 4 * BLOCK_BYTES, RAM_BASE + 4 * BLOCK_BYTES);
	memblock_add(RAM_BASE, BLOCK_BYTES + BLOCK_BYTES / 2);
	memblock_add(RAM_BASE + 2 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	memblock_reserve(RAM_BASE + 3 * PAGE_SIZE, 1);
	boot();
	take_lists(&before);
	assert_int_equal(take(FIRST_PFN, FIRST_PFN + 8), -EBUSY);
	assert_int_equal(take(block_pfn(1), block_pfn(2)), -EBUSY);
	assert_int_equal(take(block_pfn(2) - 1, block_pfn(2)), -EBUSY);
	assert_lists_are(&before);
	assert_int_equal(take(FIRST_PFN, FIRST_PFN + 3), 0);
	assert_int_equal(take(block_pfn(1), block_pfn(1) + 7), 0);
	assert_whole();
}

/* --- giving back ---------------------------------------------------------- */

static void test_pages_still_in_use_are_reported(void **state __maybe_unused)
{
	unsigned long pfn = block_pfn(1);

	assert_int_equal(take(pfn, pfn + 16), 0);
	get_page(pfn_to_page(pfn + 3));
	get_page(pfn_to_page(pfn + 9));
	free_contig_range(pfn, 8);
	assert_true(console_says("contig: 1 of the pages"));
	free_contig_range(pfn + 8, 8);
	drain_all_pages(NULL);
	for (unsigned long i = 0; i < 16; i++)
		assert_int_equal(page_count(pfn_to_page(pfn + i)),
				 i == 3 || i == 9);
	assert_int_equal(free_pages_of(ZONE_NORMAL), LOW_PAGES - 2);
	__free_page(pfn_to_page(pfn + 3));
	__free_page(pfn_to_page(pfn + 9));
	assert_lists_are(&before);
	assert_int_equal(nr_bad_pages, 0);
}

static void test_giving_back_without_users_is_quiet(void **state __maybe_unused)
{
	assert_int_equal(take(block_pfn(1), block_pfn(2)), 0);
	free_contig_range(block_pfn(1), pageblock_nr_pages);
	assert_false(console_says("contig:"));
}

static void test_page_given_back_twice_is_a_bad_page(void **state __maybe_unused)
{
	assert_int_equal(take(block_pfn(1), block_pfn(1) + 2), 0);
	free_contig_range(block_pfn(1), 2);
	drain_all_pages(NULL);
	free_contig_range(block_pfn(1), 1);
	assert_int_equal(nr_bad_pages, 1);
	assert_lists_are(&before);
}

/* --- at random ------------------------------------------------------------ */

#define MAX_HELD	400
#define STEPS		3000

static struct held {
	unsigned long pfn, pages;
	unsigned int order;
	bool contig;
} held[MAX_HELD];
static unsigned int nr_held;
static bool is_held[LOW_BLOCKS * MAX_ORDER_NR_PAGES];	/* the model */

static void note(unsigned long pfn, unsigned long pages, bool value)
{
	for (; pages; pages--, pfn++) {
		assert_int_equal(is_held[pfn - FIRST_PFN], !value);
		is_held[pfn - FIRST_PFN] = value;
	}
}

static void hold(unsigned long pfn, unsigned long pages, unsigned int order,
		 bool contig)
{
	note(pfn, pages, true);
	held[nr_held++] = (struct held){ pfn, pages, order, contig };
}

static void let_go(unsigned int i)
{
	struct held it = held[i];

	held[i] = held[--nr_held];
	note(it.pfn, it.pages, false);
	if (it.contig)
		free_contig_range(it.pfn, it.pages);
	else
		__free_pages(pfn_to_page(it.pfn), it.order);
}

static bool any_held(unsigned long start, unsigned long end)
{
	for (; start < end; start++)
		if (is_held[start - FIRST_PFN])
			return true;
	return false;
}

/* May the pageblocks around be isolated? Their types are the library's. */
static bool neighbours_allow(unsigned long start, unsigned long end)
{
	unsigned long block = ALIGN_DOWN(start, pageblock_nr_pages);

	for (; block < end; block += pageblock_nr_pages)
		if (type_of(block) != MIGRATE_MOVABLE &&
		    (type_of(block) == MIGRATE_HIGHATOMIC ||
		     any_held(block, block + pageblock_nr_pages)))
			return false;
	return true;
}

static void random_take(struct rng *rng)
{
	unsigned long pages = 1UL << below(rng, TOP + 2);
	unsigned long start, end;
	int want;

	pages += below(rng, pages);
	start = FIRST_PFN + below(rng, LOW_PAGES);
	if (below(rng, 2))
		start = ALIGN_DOWN(start, 1UL << below(rng, TOP));
	end = min(start + pages, FIRST_PFN + LOW_PAGES);
	want = any_held(start, end) || !neighbours_allow(start, end) ?
	       -EBUSY : 0;
	assert_int_equal(take(start, end), want);
	if (!want)
		hold(start, end - start, 0, true);
}

static void random_alloc(struct rng *rng)
{
	static const gfp_t kinds[] = {
		GFP_KERNEL, MOVABLE, MOVABLE, MOVABLE,
		GFP_KERNEL | __GFP_RECLAIMABLE,
	};
	gfp_t gfp = kinds[below(rng, ARRAY_SIZE(kinds))] | __GFP_NOWARN;
	unsigned int order = (unsigned int)below(rng, 6);
	struct page *page = alloc_pages(gfp, order);

	if (page)
		hold(page_to_pfn(page), 1UL << order, order, false);
}

static void assert_model(void)
{
	drain_all_pages(NULL);
	for (unsigned long i = 0; i < LOW_PAGES; i++)
		if (page_is_free(FIRST_PFN + i) == is_held[i])
			fail_msg("pfn %#lx: held is %d", FIRST_PFN + i,
				 is_held[i]);
	assert_whole();
}

static void random_run(unsigned int seed)
{
	struct rng rng = rng_seed(seed);

	setup(NULL);
	nr_held = 0;
	memset(is_held, 0, sizeof(is_held));
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned long what = below(&rng, 100);

		if (nr_held == MAX_HELD || (nr_held && what < 45))
			let_go((unsigned int)below(&rng, nr_held));
		else if (what < 75)
			random_take(&rng);
		else
			random_alloc(&rng);
		if (step % 100 == 0)
			assert_model();
	}
	while (nr_held)
		let_go(nr_held - 1);
	drain_all_pages(NULL);
	assert_handed_over();
	assert_whole();
	assert_int_equal(nr_bad_pages, 0);
	assert_int_equal(nr_warnings, 0);
}

static void test_random_ranges_are_the_models(void **state __maybe_unused)
{
	for (unsigned int seed = 1; seed <= 40; seed++)
		random_run(seed);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_exactly_the_range_is_taken),
		T(test_a_whole_zone_can_be_taken),
		T(test_each_page_can_be_freed_alone),
		T(test_pages_on_a_cpus_list_are_free),
		T(test_highmem_can_be_taken),
		T(test_its_pageblocks_are_movable_afterwards),
		T(test_held_page_is_EBUSY_and_nothing_changes),
		T(test_isolated_pageblock_is_EBUSY_and_stays),
		T(test_unmovable_neighbour_is_EBUSY),
		T(test_no_such_range_is_EINVAL),
		T(test_pageblock_cut_by_the_zones_end_is_EINVAL),
		T(test_hole_and_reserved_page_are_EBUSY),
		T(test_pages_still_in_use_are_reported),
		T(test_giving_back_without_users_is_quiet),
		T(test_page_given_back_twice_is_a_bad_page),
		T(test_random_ranges_are_the_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
