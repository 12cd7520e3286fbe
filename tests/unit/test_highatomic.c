// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_highatomic.c - pageblocks kept for requests that cannot wait: how they
 * come to be, how many there may be, who is served, how they are given back.
 */
#include "handover.h"

#include "mm/page_alloc_internal.h"

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	3UL
#define TOP		(MAX_ORDER - 1)
#define QUIET		__GFP_NOWARN

static struct zone *normal(void)
{
	return zone_of(ZONE_NORMAL);
}

static void assert_all_sound(void)
{
	const char *broken = watermark_check();

	assert_sound();
	if (broken)
		fail_msg("watermark_check: %s", broken);
}

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	setup_per_zone_lowmem_reserve();
	assert_all_sound();
	return 0;
}

static enum migratetype type_of(const struct page *page)
{
	return get_pfnblock_migratetype(page_zone(page), page_to_pfn(page));
}

static unsigned long listed(enum zone_type zone, enum migratetype type)
{
	unsigned long pages = 0;
	const struct page *page;

	for (unsigned int o = 0; o < MAX_ORDER; o++)
		list_for_each_entry(page, &zone_of(zone)->free_area[o]
				    .free_list[type], lru)
			pages += 1UL << o;
	return pages;
}

/* Four pages of pageblock @n of lowmem; no other is in use. */
static struct page *four_of_block(unsigned long n)
{
	struct page *page = pfn_to_page(normal()->zone_start_pfn +
					n * pageblock_nr_pages), *found;
	struct page *others[LOW_BLOCKS];
	unsigned long i = 0;

	while (i < LOW_BLOCKS &&
	       (found = alloc_pages(GFP_KERNEL | __GFP_MOVABLE | QUIET, TOP)))
		others[i++] = found;
	while (i--)
		if (others[i] != page)
			__free_pages(others[i], TOP);
	for (unsigned int order = 2; order < TOP; order++) {
		set_page_count(page + (1UL << order), 1);
		__free_pages(page + (1UL << order), order);
	}
	return page;
}

static struct alloc_context context(gfp_t gfp)
{
	return (struct alloc_context){
		.zonelist = contig_page_data.node_zonelists,
		.high_zoneidx = gfp_zone(gfp),
		.migratetype = gfpflags_to_migratetype(gfp),
	};
}

static bool unreserve(gfp_t gfp)
{
	struct alloc_context ac = context(gfp);

	return unreserve_highatomic_pageblock(&ac);
}

/* --- keeping -------------------------------------------------------------- */

static void test_pageblock_and_its_free_pages_are_kept(
	void **state __maybe_unused)
{
	struct page *page = four_of_block(3);

	reserve_highatomic_pageblock(page, normal(), 2);
	assert_int_equal(type_of(page), MIGRATE_HIGHATOMIC);
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_int_equal(listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC),
			 pageblock_nr_pages - 4);
	assert_all_sound();
	__free_pages(page, 2);
	assert_ptr_equal(first_of(ZONE_NORMAL, TOP, MIGRATE_HIGHATOMIC), page);
	assert_all_sound();
	assert_handed_over();
}

static void test_one_pageblock_is_kept_once(void **state __maybe_unused)
{
	struct page *page = four_of_block(0);

	reserve_highatomic_pageblock(page, normal(), 2);
	reserve_highatomic_pageblock(page, normal(), 1);
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_all_sound();
}

/* 1% of them is less than a pageblock here: 2 at most. */
static void test_no_more_than_1_percent_and_a_pageblock(
	void **state __maybe_unused)
{
	static const struct {
		unsigned long hundredth, blocks;	/* 1% of the zone */
	} cases[] = {
		{ 0, 1 }, { 1, 2 }, { pageblock_nr_pages - 1, 2 },
		{ pageblock_nr_pages, 2 }, { pageblock_nr_pages + 1, 3 },
		{ 3 * pageblock_nr_pages, 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setup(NULL);
		normal()->managed_pages = 100 * cases[i].hundredth;
		for (unsigned long n = 0; n < LOW_BLOCKS; n++)
			reserve_highatomic_pageblock(
				pfn_to_page(normal()->zone_start_pfn +
					    n * pageblock_nr_pages),
				normal(), 1);
		assert_int_equal(normal()->nr_reserved_highatomic,
				 cases[i].blocks * pageblock_nr_pages);
		assert_int_equal(listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC),
				 cases[i].blocks * pageblock_nr_pages);
		setup_per_zone_lowmem_reserve();
		assert_null(watermark_check());
	}
}

static void test_cma_and_isolated_pageblocks_are_not_kept(
	void **state __maybe_unused)
{
	static const enum migratetype types[] = { MIGRATE_CMA,
						  MIGRATE_ISOLATE };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct page *page = alloc_pages(GFP_KERNEL, TOP);

		set_pfnblock_migratetype(normal(), page_to_pfn(page),
					 types[i]);
		reserve_highatomic_pageblock(page, normal(), 1);
		assert_int_equal(type_of(page), types[i]);
		assert_int_equal(normal()->nr_reserved_highatomic, 0);
	}
	assert_null(watermark_check());
}

/* Its free pages could not be moved, so it could not be given back. */
static void test_pageblock_across_a_zone_edge_is_not_kept(
	void **state __maybe_unused)
{
	phys_addr_t half = BLOCK_BYTES / 2;
	struct page *first, *last;

	new_ram_with_pool(RAM_BASE + half, 8 * BLOCK_BYTES,
			  RAM_BASE + 8 * BLOCK_BYTES + half);
	memblock_add(RAM_BASE + half, 8 * BLOCK_BYTES);
	boot();
	first = pfn_to_page(normal()->zone_start_pfn);
	last = pfn_to_page(zone_end_pfn(normal()) - 2);
	reserve_highatomic_pageblock(first, normal(), 1);
	reserve_highatomic_pageblock(last, normal(), 1);
	assert_int_equal(normal()->nr_reserved_highatomic, 0);
	assert_int_equal(listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC), 0);
	reserve_highatomic_pageblock(first + pageblock_nr_pages, normal(), 1);
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_sound();
}

static void test_single_pages_are_no_reason(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	assert_panics(reserve_highatomic_pageblock(page, normal(), 0), "order");
}

/* --- giving back ---------------------------------------------------------- */

static void reserve_blocks(unsigned long n)
{
	normal()->managed_pages = 100 * LOW_BLOCKS * pageblock_nr_pages;
	for (unsigned long i = 0; i < n; i++)
		reserve_highatomic_pageblock(
			pfn_to_page(normal()->zone_start_pfn +
				    i * pageblock_nr_pages), normal(), 1);
	assert_int_equal(normal()->nr_reserved_highatomic,
			 n * pageblock_nr_pages);
	normal()->managed_pages = LOW_BLOCKS * pageblock_nr_pages;
}

static void test_all_but_the_last_are_given_back(void **state __maybe_unused)
{
	reserve_blocks(2);
	assert_true(unreserve(GFP_KERNEL | __GFP_RECLAIMABLE));
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_int_equal(listed(ZONE_NORMAL, MIGRATE_RECLAIMABLE),
			 pageblock_nr_pages);
	assert_int_equal(type_of(first_of(ZONE_NORMAL, TOP,
					  MIGRATE_RECLAIMABLE)),
			 MIGRATE_RECLAIMABLE);
	assert_all_sound();
	assert_false(unreserve(GFP_KERNEL));
	assert_int_equal(listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC),
			 pageblock_nr_pages);
	assert_all_sound();
	assert_handed_over();
}

static void test_nothing_kept_is_nothing_given_back(void **state __maybe_unused)
{
	assert_false(unreserve(GFP_KERNEL));
	assert_int_equal(normal()->nr_reserved_highatomic, 0);
}

/* All of it in use: no list leads to it. */
static void test_pageblocks_in_use_are_not_given_back(
	void **state __maybe_unused)
{
	for (unsigned long i = 0; i < 2; i++) {
		struct page *page = alloc_pages(GFP_KERNEL, TOP);

		reserve_highatomic_pageblock(page, normal(), TOP);
	}
	assert_int_equal(normal()->nr_reserved_highatomic,
			 2 * pageblock_nr_pages);
	assert_false(unreserve(GFP_KERNEL));
	assert_int_equal(normal()->nr_reserved_highatomic,
			 2 * pageblock_nr_pages);
	assert_all_sound();
}

static void test_zone_that_cannot_serve_keeps_its_own(
	void **state __maybe_unused)
{
	struct zone *high = zone_of(ZONE_HIGHMEM);

	high->managed_pages = 300 * pageblock_nr_pages;
	for (unsigned long i = 0; i < 2; i++)
		reserve_highatomic_pageblock(
			pfn_to_page(high->zone_start_pfn +
				    i * pageblock_nr_pages), high, 1);
	assert_int_equal(high->nr_reserved_highatomic, 2 * pageblock_nr_pages);
	assert_false(unreserve(GFP_KERNEL));
	assert_int_equal(high->nr_reserved_highatomic, 2 * pageblock_nr_pages);
	assert_true(unreserve(GFP_HIGHUSER));
	assert_int_equal(high->nr_reserved_highatomic, pageblock_nr_pages);
}

/* As a per-CPU list may leave it: freed by what its pageblock once was. */
static void test_stray_page_goes_where_it_belongs(void **state __maybe_unused)
{
	struct page *page = four_of_block(5);

	reserve_blocks(2);
	__free_pages(page, 2);
	page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 2);
	assert_int_equal(type_of(page), MIGRATE_MOVABLE);
	set_page_count(page, 0);
	__free_one_page(page, page_to_pfn(page), normal(), 2,
			MIGRATE_HIGHATOMIC);
	assert_true(listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC) >
		    2 * pageblock_nr_pages);
	while (listed(ZONE_NORMAL, MIGRATE_HIGHATOMIC) > pageblock_nr_pages &&
	       unreserve(GFP_KERNEL))
		;
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_all_sound();
}

/* --- by way of alloc_pages() ---------------------------------------------- */

static void run_dry(gfp_t gfp)
{
	while (alloc_pages(gfp | QUIET, 0))
		;
}

/* The marks, without what else init_per_zone_wmark_min() turns on. */
static void set_marks(void)
{
	set_min_free_kbytes(4 * 64);
	assert_int_equal(normal()->watermark[WMARK_MIN], 64);
}

static void test_plenty_needs_no_reserve(void **state __maybe_unused)
{
	set_marks();
	assert_non_null(alloc_pages(GFP_ATOMIC, 2));
	assert_int_equal(normal()->nr_reserved_highatomic, 0);
}

static void test_atomic_request_in_need_makes_a_reserve(
	void **state __maybe_unused)
{
	struct page *page;

	set_marks();
	while (zone_page_state(normal(), NR_FREE_PAGES) >
	       normal()->watermark[WMARK_LOW])
		assert_non_null(alloc_pages(GFP_KERNEL, 0));
	assert_non_null(alloc_pages(GFP_ATOMIC, 0));
	assert_int_equal(normal()->nr_reserved_highatomic, 0);
	page = alloc_pages(GFP_ATOMIC, 1);
	assert_non_null(page);
	assert_int_equal(type_of(page), MIGRATE_HIGHATOMIC);
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	/* What is free of it serves the next one, and no kernel page. */
	page = alloc_pages(GFP_ATOMIC, 1);
	assert_non_null(page);
	assert_int_equal(type_of(page), MIGRATE_HIGHATOMIC);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_all_sound();
}

/*
 * Of two pageblocks kept, those who can wait get one in the end. The quick test
 * of single pages overlooks the reserve, as Linux 4.9's does: beside it they go
 * down to 0, not to the mark.
 */
static void test_slow_path_gives_one_back(void **state __maybe_unused)
{
	unsigned long free;

	set_marks();
	reserve_blocks(2);
	run_dry(GFP_NOWAIT);
	free = zone_page_state(normal(), NR_FREE_PAGES);
	assert_int_equal(free, 2 * pageblock_nr_pages);
	run_dry(GFP_KERNEL);
	assert_int_equal(zone_page_state(normal(), NR_FREE_PAGES),
			 pageblock_nr_pages);
	assert_int_equal(normal()->nr_reserved_highatomic, pageblock_nr_pages);
	assert_all_sound();
	/* The last one is for those who cannot, though not page by page. */
	assert_non_null(alloc_pages(GFP_ATOMIC, 4));
	assert_int_equal(nr_bad_pages, 0);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_pageblock_and_its_free_pages_are_kept),
		T(test_one_pageblock_is_kept_once),
		T(test_no_more_than_1_percent_and_a_pageblock),
		T(test_cma_and_isolated_pageblocks_are_not_kept),
		T(test_pageblock_across_a_zone_edge_is_not_kept),
		T(test_single_pages_are_no_reason),
		T(test_all_but_the_last_are_given_back),
		T(test_nothing_kept_is_nothing_given_back),
		T(test_pageblocks_in_use_are_not_given_back),
		T(test_zone_that_cannot_serve_keeps_its_own),
		T(test_stray_page_goes_where_it_belongs),
		T(test_plenty_needs_no_reserve),
		T(test_atomic_request_in_need_makes_a_reserve),
		T(test_slow_path_gives_one_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
