// SPDX-License-Identifier: GPL-2.0-or-later
/* test_page_ext.c - the table beside mem_map: there when it is wanted. */
#include "handover.h"

#include <mm/page_ext.h>
#include <mm/printk.h>

#define BLOCKS		4UL
#define FIRST_PFN	(RAM_BASE >> PAGE_SHIFT)

/* To where mm_init() begins, on memory that begins and ends within blocks. */
static int setup(void **state __maybe_unused)
{
	phys_addr_t base = RAM_BASE + 3 * PAGE_SIZE;
	phys_addr_t size = BLOCKS * BLOCK_BYTES - 5 * PAGE_SIZE;

	new_ram_with_pool(RAM_BASE, BLOCKS * BLOCK_BYTES,
			  RAM_BASE + 2 * BLOCK_BYTES);
	memblock_add(base, size);
	boot_to_zones();
	return 0;
}

static void test_nobody_asks_and_there_is_no_table(void **state __maybe_unused)
{
	phys_addr_t reserved = memblock_reserved_size();

	page_ext_init_flatmem();
	mem_init();
	assert_int_equal(memblock_reserved_size(), reserved);
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN + 10)));
	assert_false(page_owner_inited);
	assert_false(console_says("page_ext"));
	assert_handed_over();
}

static void test_off_is_off(void **state __maybe_unused)
{
	assert_int_equal(early_page_owner_param("on"), 0);
	assert_int_equal(early_page_owner_param("off"), 0);
	page_ext_init_flatmem();
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN + 10)));
	assert_false(page_owner_inited);
}

static void test_argument_that_is_neither_on_nor_off_is_EINVAL(
	void **state __maybe_unused)
{
	static const char *const bad[] = { "", "1", "yes", "ON", "on ", "offf" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(early_page_owner_param(bad[i]), -EINVAL);
	page_ext_init_flatmem();
	assert_false(page_owner_inited);
	assert_int_equal(early_page_owner_param("on"), 0);
	assert_int_equal(early_page_owner_param("maybe"), -EINVAL);
	page_ext_init_flatmem();
	assert_true(page_owner_inited);	/* what cannot be read sets nothing */
}

static void test_no_entry_before_there_is_a_table(void **state __maybe_unused)
{
	assert_int_equal(early_page_owner_param("on"), 0);
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN + 10)));
	page_ext_init_flatmem();
	assert_non_null(lookup_page_ext(pfn_to_page(FIRST_PFN + 10)));
}

static void test_every_page_of_mem_map_has_an_entry_of_its_own(
	void **state __maybe_unused)
{
	unsigned long pages = BLOCKS * MAX_ORDER_NR_PAGES;
	struct page_ext *first;

	assert_int_equal(early_page_owner_param("on"), 0);
	page_ext_init_flatmem();
	first = lookup_page_ext(pfn_to_page(FIRST_PFN));
	assert_non_null(first);
	for (unsigned long i = 0; i < pages; i++)
		assert_ptr_equal(lookup_page_ext(pfn_to_page(FIRST_PFN + i)),
				 first + i);
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN - 1)));
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN + pages)));
}

static void test_its_memory_is_reserved_and_said(void **state __maybe_unused)
{
	unsigned long pages = BLOCKS * MAX_ORDER_NR_PAGES;
	const struct page_ext *ext;
	char text[80];

	assert_int_equal(early_page_owner_param("on"), 0);
	page_ext_init_flatmem();
	snprintf(text, sizeof(text), "page_ext: %lu KiB for %lu pages, %lu bytes",
		 pages * sizeof(struct page_ext) / 1024, pages,
		 (unsigned long)sizeof(struct page_ext));
	assert_true(console_says(text));
	mem_init();
	ext = lookup_page_ext(pfn_to_page(FIRST_PFN));
	for (unsigned long i = 0; i < pages; i++) {
		phys_addr_t phys = virt_to_phys(ext + i);
		phys_addr_t end = phys + sizeof(*ext) - 1;

		/* In the pool in front of RAM, or reserved. */
		assert_true(end < RAM_BASE || (memblock_is_reserved(phys) &&
					       memblock_is_reserved(end)));
	}
	assert_handed_over();
	assert_null(page_owner_check());
}

/* A machine whose lowmem has no room left: it boots, without a table. */
static void test_no_room_is_said_and_the_boot_goes_on(
	void **state __maybe_unused)
{
	phys_addr_t addr;

	new_ram_with_pool(RAM_BASE, BLOCKS * BLOCK_BYTES,
			  RAM_BASE + 2 * BLOCK_BYTES);
	memblock_add(RAM_BASE, BLOCKS * BLOCK_BYTES);
	boot_to_zones();
	while (!early_pool_alloc(SZ_4K, SZ_4K, 0, RAM_BASE, &addr))
		;
	memblock_reserve(RAM_BASE, 2 * BLOCK_BYTES - 16 * PAGE_SIZE);
	assert_int_equal(early_page_owner_param("on"), 0);
	page_ext_init_flatmem();
	assert_true(console_says("page_ext: no room for"));
	assert_false(page_owner_inited);
	assert_null(lookup_page_ext(pfn_to_page(FIRST_PFN)));
	mem_init();
	assert_handed_over();
	__free_pages(alloc_pages(GFP_HIGHUSER_MOVABLE, 3), 3);
	assert_null(page_owner_check());
	assert_int_equal(nr_bad_pages, 0);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_nobody_asks_and_there_is_no_table),
		T(test_off_is_off),
		T(test_argument_that_is_neither_on_nor_off_is_EINVAL),
		T(test_no_entry_before_there_is_a_table),
		T(test_every_page_of_mem_map_has_an_entry_of_its_own),
		T(test_its_memory_is_reserved_and_said),
		T(test_no_room_is_said_and_the_boot_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
