// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_zones.c - which zone and which pageblock an allocation takes. */
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

static void test_highmem_first_then_normal_then_none(
	void **state __maybe_unused)
{
	for (unsigned long i = 0; i < HIGH_BLOCKS + LOW_BLOCKS; i++) {
		struct page *page = alloc_pages(MOVABLE, TOP);

		assert_non_null(page);
		assert_int_equal(PageHighMem(page), i < HIGH_BLOCKS);
	}
	assert_null(alloc_pages(MOVABLE, TOP));
	assert_null(alloc_pages(MOVABLE, 0));
	assert_null(alloc_pages(GFP_KERNEL, 0));
	assert_int_equal(nr_bad_pages, 0);
	assert_sound();
}

static void test_kernel_pages_never_come_from_highmem(
	void **state __maybe_unused)
{
	static const gfp_t low[] = {
		GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_KERNEL | __GFP_DMA,
		GFP_KERNEL | __GFP_RECLAIMABLE, LOW_MOVABLE,
	};

	for (unsigned int i = 0; i < LOW_BLOCKS; i++)
		assert_false(PageHighMem(
			alloc_pages(low[i % ARRAY_SIZE(low)], TOP)));
	for (unsigned int i = 0; i < ARRAY_SIZE(low); i++)
		assert_null(alloc_pages(low[i], 0));
	assert_non_null(alloc_pages(GFP_HIGHUSER, 0));
}

/* Everything starts as MOVABLE, so the first kernel page takes a block over. */
static void test_first_kernel_page_takes_over_a_pageblock(
	void **state __maybe_unused)
{
	struct page *top = first_of(ZONE_NORMAL, TOP, MIGRATE_MOVABLE);
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	assert_ptr_equal(page, top);
	assert_int_equal(get_pfnblock_migratetype(zone_of(ZONE_NORMAL),
						  page_to_pfn(page)),
			 MIGRATE_UNMOVABLE);
	for (unsigned int order = 0; order < TOP; order++)
		assert_ptr_equal(first_of(ZONE_NORMAL, order,
					  MIGRATE_UNMOVABLE),
				 page + (1UL << order));
	assert_ptr_equal(alloc_pages(GFP_KERNEL, 0), page + 1);
	assert_int_equal(nr_free(ZONE_NORMAL, TOP), LOW_BLOCKS - 1);
	assert_sound();
}

static void test_each_type_keeps_to_its_own_pageblock(
	void **state __maybe_unused)
{
	struct page *kernel = alloc_pages(GFP_KERNEL, 0);
	struct page *slab = alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE, 0);
	struct page *user = alloc_pages(LOW_MOVABLE, 0);

	assert_int_not_equal(page_to_pfn(kernel) / pageblock_nr_pages,
			     page_to_pfn(slab) / pageblock_nr_pages);
	assert_int_not_equal(page_to_pfn(slab) / pageblock_nr_pages,
			     page_to_pfn(user) / pageblock_nr_pages);
	assert_ptr_equal(alloc_pages(GFP_KERNEL, 0), kernel + 1);
	assert_ptr_equal(alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE, 0),
			 slab + 1);
	assert_ptr_equal(alloc_pages(LOW_MOVABLE, 0), user + 1);
}

static void test_fallback_takes_the_largest_block(void **state __maybe_unused)
{
	struct page *user = alloc_pages(LOW_MOVABLE, 0);
	struct page *kernel = alloc_pages(GFP_KERNEL, 0);

	assert_true(PageBuddy(user + 1));	/* small ones are left alone */
	assert_int_not_equal(page_to_pfn(kernel) / pageblock_nr_pages,
			     page_to_pfn(user) / pageblock_nr_pages);
}

/* With fewer pageblocks than types, types are not kept apart. */
static void test_tiny_machine_does_not_group_by_type(
	void **state __maybe_unused)
{
	struct page *page;

	new_ram_with_pool(RAM_BASE, 2 * BLOCK_BYTES,
			  RAM_BASE + 2 * BLOCK_BYTES);
	memblock_add(RAM_BASE, 2 * BLOCK_BYTES);
	boot();
	page = alloc_pages(GFP_KERNEL, 0);
	assert_ptr_equal(alloc_pages(LOW_MOVABLE, 0), page + 1);
	assert_ptr_equal(alloc_pages(GFP_KERNEL | __GFP_RECLAIMABLE, 0),
			 page + 2);
	assert_int_equal(nr_free(ZONE_NORMAL, TOP), 1);
	assert_sound();
}

static void test_as_many_pageblocks_as_types_are_enough(
	void **state __maybe_unused)
{
	struct page *page;

	new_ram_with_pool(RAM_BASE, MIGRATE_TYPES * BLOCK_BYTES,
			  RAM_BASE + MIGRATE_TYPES * BLOCK_BYTES);
	memblock_add(RAM_BASE, MIGRATE_TYPES * BLOCK_BYTES);
	boot();
	page = alloc_pages(GFP_KERNEL, 0);
	assert_ptr_not_equal(alloc_pages(LOW_MOVABLE, 0), page + 1);
}

static void test_movable_takes_what_kernel_pages_left(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	while (alloc_pages(MOVABLE, TOP))
		;
	assert_non_null(page);
	for (unsigned long i = 1; i < MAX_ORDER_NR_PAGES; i++)
		assert_non_null(alloc_pages(MOVABLE, 0));
	assert_null(alloc_pages(MOVABLE, 0));
	assert_sound();
}

static void test_addresses_name_the_same_page(void **state __maybe_unused)
{
	unsigned long addr = __get_free_pages(GFP_KERNEL, 1);

	assert_int_not_equal(addr, 0);
	assert_ptr_equal(page_address(virt_to_page(addr)), (void *)addr);
	assert_int_equal(page_count(virt_to_page(addr)), 1);
	free_pages(addr, 1);
	free_pages(0, 0);
	assert_handed_over();
	while (alloc_pages(GFP_KERNEL, TOP))
		;
	assert_int_equal(__get_free_pages(GFP_KERNEL, TOP), 0);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_highmem_first_then_normal_then_none),
		T(test_kernel_pages_never_come_from_highmem),
		T(test_first_kernel_page_takes_over_a_pageblock),
		T(test_each_type_keeps_to_its_own_pageblock),
		T(test_fallback_takes_the_largest_block),
		T(test_tiny_machine_does_not_group_by_type),
		T(test_as_many_pageblocks_as_types_are_enough),
		T(test_movable_takes_what_kernel_pages_left),
		T(test_addresses_name_the_same_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
