// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_alloc.c - the buddy core: splitting, merging, lists, zones. */
#include "handover.h"

#define LOW_BLOCKS	8UL
#define HIGH_BLOCKS	4UL
#define TOP		(MAX_ORDER - 1)
#define MOVABLE		GFP_HIGHUSER_MOVABLE
#define LOW_MOVABLE	(GFP_KERNEL | __GFP_MOVABLE)

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	return 0;
}

/* --- splitting ------------------------------------------------------------ */

static void test_each_order_gives_an_aligned_block_of_its_size(
	void **state __maybe_unused)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(MOVABLE, order);

		assert_non_null(page);
		assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		assert_int_equal(page_count(page), 1);
		assert_false(PageBuddy(page));
		assert_int_equal(page_private(page), 0);
		assert_sound();
		__free_pages(page, order);
		assert_handed_over();
	}
}

static void test_split_leaves_one_upper_half_of_each_order(
	void **state __maybe_unused)
{
	struct page *top = first_of(ZONE_HIGHMEM, TOP, MIGRATE_MOVABLE);
	struct page *page = alloc_pages(MOVABLE, 0);

	assert_ptr_equal(page, top);
	assert_int_equal(nr_free(ZONE_HIGHMEM, TOP), HIGH_BLOCKS - 1);
	for (unsigned int order = 0; order < TOP; order++) {
		assert_int_equal(nr_free(ZONE_HIGHMEM, order), 1);
		assert_ptr_equal(first_of(ZONE_HIGHMEM, order, MIGRATE_MOVABLE),
				 page + (1UL << order));
	}
	assert_int_equal(zone_page_state(zone_of(ZONE_HIGHMEM), NR_FREE_PAGES),
			 HIGH_BLOCKS * MAX_ORDER_NR_PAGES - 1);
}

static void test_smallest_block_that_is_large_enough_is_split(
	void **state __maybe_unused)
{
	struct page *one = alloc_pages(MOVABLE, 0), *two;

	two = alloc_pages(MOVABLE, 1);
	assert_ptr_equal(two, one + 2);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), one + 1);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), one + 4);
	assert_int_equal(nr_free(ZONE_HIGHMEM, TOP), HIGH_BLOCKS - 1);
}

static void test_zeroed_when_asked(void **state __maybe_unused)
{
	struct page *page = alloc_pages(LOW_MOVABLE, 2);
	unsigned char *mem = page_address(page);

	memset(mem, 0xa5, 4 * PAGE_SIZE);
	__free_pages(page, 2);
	assert_ptr_equal(alloc_pages(LOW_MOVABLE | __GFP_ZERO, 2), page);
	for (unsigned long i = 0; i < 4 * PAGE_SIZE; i++)
		assert_int_equal(mem[i], 0);
}

/* --- merging -------------------------------------------------------------- */

static void test_freed_in_any_order_all_merges(void **state __maybe_unused)
{
	struct page *pages[64], *page;
	struct rng rng = rng_seed(1);

	for (int round = 0; round < 30; round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
			pages[i] = alloc_pages(MOVABLE, 0);
		for (unsigned long n = ARRAY_SIZE(pages); n; n--) {
			unsigned long i = below(&rng, n);

			page = pages[i];
			pages[i] = pages[n - 1];
			__free_pages(page, 0);
		}
		assert_handed_over();
	}
}

static void test_no_merge_while_the_buddy_is_in_use(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 3);

	set_page_count(page + 4, 1);
	__free_pages(page, 2);
	assert_int_equal(nr_free(ZONE_HIGHMEM, 2), 1);
	assert_int_equal(nr_free(ZONE_HIGHMEM, 3), 1);
	assert_sound();
	__free_pages(page + 4, 2);
	assert_handed_over();
}

static void test_no_merge_with_a_part_of_the_buddy(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, 2);

	set_page_count(page + 2, 1);
	set_page_count(page + 3, 1);
	__free_pages(page + 2, 0);
	__free_pages(page, 1);			/* buddy: order 0 free, no */
	assert_int_equal(nr_free(ZONE_HIGHMEM, 0), 1);
	assert_int_equal(nr_free(ZONE_HIGHMEM, 1), 1);
	assert_sound();
	__free_pages(page + 3, 0);
	assert_handed_over();
}

static void test_highest_order_never_merges(void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, TOP);

	__free_pages(page, TOP);
	assert_int_equal(nr_free(ZONE_HIGHMEM, TOP), HIGH_BLOCKS);
	assert_int_equal(nr_free(ZONE_NORMAL, TOP), LOW_BLOCKS);
	assert_int_equal(page_private(page), TOP);
	assert_handed_over();
}

static void test_free_does_not_merge_across_zones(void **state __maybe_unused)
{
	struct page *low, *high;
	unsigned long pfn;

	new_ram_with_pool(RAM_BASE, BLOCK_BYTES, RAM_BASE + 0x5000);
	memblock_add(RAM_BASE, BLOCK_BYTES);
	boot();
	pfn = max_low_pfn;
	low = pfn_to_page(pfn - 1);		/* buddies by their numbers */
	high = pfn_to_page(pfn);
	assert_int_equal((pfn - 1) ^ 1, pfn);
	assert_true(PageBuddy(low));
	assert_true(PageBuddy(high));
	assert_int_equal(page_private(low), 0);
	assert_int_equal(page_private(high), 0);
	assert_ptr_equal(page_zone(low), zone_of(ZONE_NORMAL));
	assert_ptr_equal(page_zone(high), zone_of(ZONE_HIGHMEM));
	assert_handed_over();
}

static void test_free_does_not_merge_with_what_is_no_memory(
	void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, BLOCK_BYTES, RAM_BASE + BLOCK_BYTES);
	memblock_add(RAM_BASE + 0x1000, 0x2000);
	memblock_add(RAM_BASE + 0x4000, 0x1000);
	memblock_add(RAM_BASE + 0x6000, 0x5000);
	boot();
	assert_handed_over();
	assert_int_equal(nr_free(ZONE_NORMAL, 0), 4);	/* 1, 2, 4, 10 */
	assert_int_equal(nr_free(ZONE_NORMAL, 1), 2);	/* 6, 8 */
}

/* --- the order of the lists ----------------------------------------------- */

static void test_last_freed_is_first_given(void **state __maybe_unused)
{
	struct page *a = alloc_pages(MOVABLE, 2), *b = alloc_pages(MOVABLE, 2);
	struct page *keep = alloc_pages(MOVABLE, 2);

	assert_non_null(keep);
	assert_ptr_equal(b, a + 4);
	set_page_count(a + 1, 1);		/* a stays split: no merge */
	__free_pages(a, 0);
	set_page_count(b + 1, 1);
	__free_pages(b, 0);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), b);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), a);
}

/*
 * A block whose next merge is only waiting for its buddy goes to the end of
 * its list, to be left alone for as long as possible.
 */
static void test_block_about_to_merge_goes_last(void **state __maybe_unused)
{
	struct page *a = alloc_pages(MOVABLE, 2), *b = alloc_pages(MOVABLE, 2);

	for (int i = 1; i < 4; i++) {
		set_page_count(a + i, 1);
		set_page_count(b + i, 1);
	}
	__free_pages(b, 0);
	__free_pages(a + 2, 0);
	__free_pages(a + 3, 0);			/* order 1 at a + 2 is free */
	__free_pages(a, 0);			/* its buddy makes order 2 */
	assert_ptr_equal(first_of(ZONE_HIGHMEM, 0, MIGRATE_MOVABLE), b);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), b);
	assert_ptr_equal(alloc_pages(MOVABLE, 0), a);
}

/* It could only become one of the highest order, which merges no more. */
static void test_block_below_the_highest_order_goes_first(
	void **state __maybe_unused)
{
	struct page *top = alloc_pages(MOVABLE, TOP);
	struct page *a = alloc_pages(MOVABLE, TOP - 1);
	struct page *b = alloc_pages(MOVABLE, TOP - 1);
	struct page *c = alloc_pages(MOVABLE, TOP - 1);
	struct page *d = alloc_pages(MOVABLE, TOP - 1);

	assert_ptr_equal(b, a + MAX_ORDER_NR_PAGES / 2);
	assert_ptr_equal(d, c + MAX_ORDER_NR_PAGES / 2);
	/* The block of c and d lies beside a free one of the highest order. */
	assert_true(PageBuddy(pfn_to_page(page_to_pfn(c) ^ 1UL << TOP)));
	__free_pages(a, TOP - 1);
	__free_pages(d, TOP - 1);
	assert_ptr_equal(first_of(ZONE_HIGHMEM, TOP - 1, MIGRATE_MOVABLE), d);
	__free_pages(c, TOP - 1);
	__free_pages(b, TOP - 1);
	assert_ptr_equal(first_of(ZONE_HIGHMEM, TOP, MIGRATE_MOVABLE), a);
	__free_pages(top, TOP);
	assert_handed_over();
}

static void test_block_goes_to_the_list_of_its_pageblock(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(MOVABLE, TOP);

	for (int type = 0; type < MIGRATE_PCPTYPES; type++) {
		set_pfnblock_migratetype(zone_of(ZONE_HIGHMEM),
					 page_to_pfn(page), type);
		__free_pages(page, TOP);
		assert_ptr_equal(first_of(ZONE_HIGHMEM, TOP, type), page);
		assert_sound();
		list_del(&page->lru);
		list_add(&page->lru, &zone_of(ZONE_HIGHMEM)->free_area[TOP]
			 .free_list[MIGRATE_MOVABLE]);
		assert_ptr_equal(alloc_pages(MOVABLE, TOP), page);
	}
}

/* Too little memory to group: what may move is not told apart, nor is CMA. */
static void test_without_grouping_all_requests_are_unmovable(
	void **state __maybe_unused)
{
	struct page *page;

	assert_int_equal(gfpflags_to_migratetype(MOVABLE), MIGRATE_MOVABLE);
	page_group_by_mobility_disabled = true;
	assert_int_equal(gfpflags_to_migratetype(MOVABLE), MIGRATE_UNMOVABLE);
	page = alloc_pages(MOVABLE, 0);
	assert_int_equal(get_pfnblock_migratetype(page_zone(page),
						  page_to_pfn(page)),
			 MIGRATE_UNMOVABLE);
	assert_sound();
	__free_pages(page, 0);
	assert_handed_over();
}

static void test_both_mobilities_at_once_are_refused(
	void **state __maybe_unused)
{
	gfp_t both = GFP_KERNEL | __GFP_MOVABLE | __GFP_RECLAIMABLE;

	assert_null(alloc_pages(both, 0));
	assert_null(alloc_pages(both, 3));
	assert_null(alloc_pages(GFP_KERNEL, MAX_ORDER));
	assert_handed_over();
}

/* --- random --------------------------------------------------------------- */

static void random_use(unsigned int seed, gfp_t any)
{
	static struct { struct page *page; unsigned int order; } live[200];
	static bool used[(LOW_BLOCKS + HIGH_BLOCKS) * MAX_ORDER_NR_PAGES];
	struct rng rng = rng_seed(seed);
	unsigned int n = 0;

	memset(used, 0, sizeof(used));
	for (int step = 0; step < 3000 || n; step++) {
		bool take = step < 3000 && (n == 0 || (n < ARRAY_SIZE(live) &&
						       below(&rng, 2)));
		unsigned int i = take ? n : (unsigned int)below(&rng, n);
		static const gfp_t gfps[] = { MOVABLE, GFP_KERNEL, GFP_HIGHUSER,
					      GFP_KERNEL | __GFP_RECLAIMABLE };
		bool *at;

		if (take) {
			live[n].order = below(&rng, 4) ?
				(unsigned int)below(&rng, 4) :
				(unsigned int)below(&rng, MAX_ORDER);
			live[n].page = alloc_pages(any ? any :
				gfps[below(&rng, ARRAY_SIZE(gfps))],
				live[n].order);
			if (!live[n].page)
				continue;
			n++;
		}
		at = &used[page_to_pfn(live[i].page) -
			   (RAM_BASE >> PAGE_SHIFT)];
		for (unsigned long p = 0; p < 1UL << live[i].order; p++) {
			assert_int_equal(at[p], !take);
			at[p] = take;
		}
		if (!take) {
			__free_pages(live[i].page, live[i].order);
			live[i] = live[--n];
		}
		if (step % 64 == 0)
			assert_sound();
	}
	assert_handed_over();
	assert_int_equal(nr_bad_pages, 0);
}

static void test_random_use_gives_the_first_state_back(
	void **state __maybe_unused)
{
	for (unsigned int seed = 0; seed < 6; seed++) {
		setup(NULL);
		random_use(seed, seed & 1 ? MOVABLE : 0);
	}
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_order_gives_an_aligned_block_of_its_size),
		T(test_split_leaves_one_upper_half_of_each_order),
		T(test_smallest_block_that_is_large_enough_is_split),
		T(test_zeroed_when_asked),
		T(test_freed_in_any_order_all_merges),
		T(test_no_merge_while_the_buddy_is_in_use),
		T(test_no_merge_with_a_part_of_the_buddy),
		T(test_highest_order_never_merges),
		T(test_free_does_not_merge_across_zones),
		T(test_free_does_not_merge_with_what_is_no_memory),
		T(test_last_freed_is_first_given),
		T(test_block_about_to_merge_goes_last),
		T(test_block_below_the_highest_order_goes_first),
		T(test_block_goes_to_the_list_of_its_pageblock),
		T(test_without_grouping_all_requests_are_unmovable),
		T(test_both_mobilities_at_once_are_refused),
		T(test_random_use_gives_the_first_state_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
