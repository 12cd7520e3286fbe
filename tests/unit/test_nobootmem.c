// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_nobootmem.c - the hand-over: mem_init() and all below it. What must
 * be free is counted by hand from memblock's lists (handover.h).
 */
#include "handover.h"
#include <mm/mm_debug.h>

#define MAP_BYTES	(8 * BLOCK_BYTES)
#define LIMIT		(RAM_BASE + 4 * BLOCK_BYTES)

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, MAP_BYTES, LIMIT);
}

static unsigned long free_pages_of(enum zone_type type)
{
	return zone_page_state(zone_of(type), NR_FREE_PAGES);
}

/* --- counts --------------------------------------------------------------- */

static void test_whole_ram_is_handed_over(void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	boot();
	assert_handed_over();
	assert_int_equal(free_pages_of(ZONE_HIGHMEM), 4 * MAX_ORDER_NR_PAGES);
}

static void test_nothing_is_free_before_mem_init(void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	assert_int_equal(totalram_pages, 0);
	assert_int_equal(free_pages_of(ZONE_NORMAL), 0);
	assert_int_equal(free_pages_of(ZONE_HIGHMEM), 0);
	mem_init();
	assert_handed_over();
}

static void test_free_all_bootmem_does_lowmem_and_counts_it(
	void **state __maybe_unused)
{
	unsigned long pages;

	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	set_max_mapnr((unsigned long)(pfn_to_page(max_pfn) - mem_map));
	pages = free_all_bootmem();
	assert_int_equal(pages, free_pages_of(ZONE_NORMAL));
	assert_int_equal(totalram_pages, pages);
	assert_int_equal(free_pages_of(ZONE_HIGHMEM), 0);
	free_highpages();
	assert_int_equal(totalhigh_pages, 4 * MAX_ORDER_NR_PAGES);
	assert_handed_over();
}

static unsigned int hand_overs;

/* What comes after it in mm_init() allocates. */
static void look_after_mem_init(const char *name)
{
	if (strcmp(name, "mem_init"))
		return;
	hand_overs++;
	assert_handed_over();
}

static void test_mm_init_hands_over_the_same(void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_reserve(RAM_BASE + 0x1234, 0x54321);
	boot_to_zones();
	hand_overs = 0;
	mm_transition_hook = look_after_mem_init;
	mm_init();
	assert_int_equal(hand_overs, 1);
	assert_non_null(strstr(host_console(), "Memory: "));
}

static void test_the_line_about_memory_adds_up(void **state __maybe_unused)
{
	new_ram_with_pool(RAM_BASE, 16 * SZ_1M, RAM_BASE + 12 * SZ_1M);
	memblock_add(RAM_BASE, 16 * SZ_1M);
	memblock_reserve(RAM_BASE + 11 * SZ_1M, 2 * SZ_1M);
	boot();
	assert_non_null(strstr(host_console(),
			       "Memory: 14336K/16384K available"));
	assert_non_null(strstr(host_console(), "(2048K reserved"));
	assert_non_null(strstr(host_console(), "3072K highmem"));
}

static void test_max_mapnr_is_the_whole_map(void **state __maybe_unused)
{
	memblock_add(RAM_BASE + BLOCK_BYTES, 2 * BLOCK_BYTES);
	boot();
	assert_int_equal(max_mapnr, 3 * MAX_ORDER_NR_PAGES);
	assert_int_equal(pfn_to_page(max_pfn) - mem_map, max_mapnr);
}

/* --- reservations --------------------------------------------------------- */

static void test_every_touched_page_stays(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_reserve(RAM_BASE + 0x1fff, 2);		/* pages 1 and 2 */
	memblock_reserve(RAM_BASE + 0x4000, 1);		/* page 4 */
	memblock_reserve(LIMIT - 1, 2);			/* one a zone */
	boot();
	assert_handed_over();
	assert_false(PageReserved(pfn_to_page(pfn)));
	assert_true(PageReserved(pfn_to_page(pfn + 1)));
	assert_true(PageReserved(pfn_to_page(pfn + 2)));
	assert_false(PageReserved(pfn_to_page(pfn + 3)));
	assert_true(PageReserved(pfn_to_page(pfn + 4)));
	assert_true(PageReserved(pfn_to_page(max_low_pfn - 1)));
	assert_true(PageReserved(pfn_to_page(max_low_pfn)));
	assert_int_equal(free_pages_of(ZONE_HIGHMEM),
			 4 * MAX_ORDER_NR_PAGES - 1);
}

static void test_reserved_pages_keep_their_state(void **state __maybe_unused)
{
	struct page *page;

	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_reserve(RAM_BASE, 0x10000);
	boot();
	for (unsigned long i = 0; i < 16; i++) {
		page = pfn_to_page((RAM_BASE >> PAGE_SHIFT) + i);
		assert_true(PageReserved(page));
		assert_int_equal(page_count(page), 1);
		assert_true(list_empty(&page->lru));
		assert_false(PageBuddy(page));
	}
}

/* The marking itself: every valid page that the range touches, no other. */
static void test_reserve_marks_what_it_touches(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	memblock_add(RAM_BASE, 0x8000);
	memblock_add(RAM_BASE + 0xa000, BLOCK_BYTES);
	boot_to_zones();
	reserve_bootmem_region(RAM_BASE + 0x3fff, RAM_BASE + 0xb001);
	for (unsigned long i = 0; i < 32; i++) {
		if (!pfn_valid(pfn + i))
			continue;
		assert_int_equal(PageReserved(pfn_to_page(pfn + i)),
				 i >= 3 && i < 12);
	}
}

static void test_many_reservations_in_one_page_cost_one_page(
	void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	for (phys_addr_t at = 0; at < 0x1000; at += 0x80)
		memblock_reserve(LIMIT + 0x5000 + at, 0x40);
	boot();
	assert_handed_over();
	assert_int_equal(totalhigh_pages, 4 * MAX_ORDER_NR_PAGES - 1);
}

static void test_reservations_outside_memory_do_not_matter(
	void **state __maybe_unused)
{
	memblock_add(RAM_BASE + BLOCK_BYTES, 5 * BLOCK_BYTES);
	memblock_reserve(0x1000, 0x1000);
	memblock_reserve(RAM_BASE, BLOCK_BYTES + 0x1000);
	memblock_reserve(RAM_BASE + 6 * BLOCK_BYTES - 0x1000, BLOCK_BYTES);
	boot();
	assert_handed_over();
}

static void test_all_highmem_reserved_leaves_it_empty(
	void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_reserve(LIMIT, 4 * BLOCK_BYTES);
	boot();
	assert_handed_over();
	assert_int_equal(totalhigh_pages, 0);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->present_pages,
			 4 * MAX_ORDER_NR_PAGES);
}

/* --- shapes of memory ----------------------------------------------------- */

static void test_banks_with_holes_in_both_zones(void **state __maybe_unused)
{
	memblock_add(RAM_BASE, BLOCK_BYTES);
	memblock_add(RAM_BASE + BLOCK_BYTES + 0x3000, 0x5000);
	memblock_add(RAM_BASE + 3 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	memblock_add(RAM_BASE + 6 * BLOCK_BYTES + 0x7000, 0x9000);
	boot();
	assert_handed_over();
}

static void test_unaligned_banks_lose_their_partial_pages(
	void **state __maybe_unused)
{
	memblock_add(RAM_BASE + 0x10, 2 * BLOCK_BYTES);
	memblock_add(RAM_BASE + 2 * BLOCK_BYTES + 0x1010, 0xfe0);
	memblock_add(LIMIT - 0x1801, 0x3001);
	memblock_add(LIMIT + 0x8fff, 0x2001);
	boot();
	assert_handed_over();
	assert_int_equal(totalhigh_pages, 1 + 2);
}

static void test_odd_start_of_highmem_does_not_merge_across(
	void **state __maybe_unused)
{
	new_ram(RAM_BASE, MAP_BYTES, LIMIT + 0x1000);
	memblock_add(RAM_BASE, MAP_BYTES);
	boot();
	assert_int_equal(max_low_pfn & 1, 1);
	assert_handed_over();
}

static void test_nomap_is_not_handed_over(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_mark_nomap(RAM_BASE + 0x3800, 0x2000);
	memblock_mark_nomap(LIMIT + 0x10000, BLOCK_BYTES);
	boot();
	assert_handed_over();
	assert_false(PageBuddy(pfn_to_page(pfn + 3)));
	assert_int_equal(totalhigh_pages, 3 * MAX_ORDER_NR_PAGES);
}

static void test_hotplug_flags_are_cleared_first(void **state __maybe_unused)
{
	memblock_add(RAM_BASE, MAP_BYTES);
	memblock_mark_hotplug(RAM_BASE + 0x3000, 0x2000);
	boot();
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock.memory.regions[0].flags, MEMBLOCK_NONE);
	assert_handed_over();
}

/* The part of mem_map that describes a hole goes back, in whole pages. */
static void test_memmap_of_a_hole_is_given_back(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;
	phys_addr_t start, end, before, hole;

	memblock_add(RAM_BASE, BLOCK_BYTES + SZ_1M);
	memblock_add(RAM_BASE + 6 * BLOCK_BYTES + SZ_1M, SZ_1M);
	boot_to_zones();
	before = memblock_reserved_size();
	start = __pa(pfn_to_page(pfn + 2 * MAX_ORDER_NR_PAGES));
	end = __pa(pfn_to_page(pfn + 6 * MAX_ORDER_NR_PAGES));
	hole = ALIGN_DOWN(end, PAGE_SIZE) - PAGE_ALIGN(start);
	assert_true(hole >= 4 * PAGE_SIZE);
	mem_init();
	assert_int_equal(memblock_reserved_size(), before - hole);
	assert_handed_over();
}

static void test_a_hole_smaller_than_a_block_keeps_its_memmap(
	void **state __maybe_unused)
{
	phys_addr_t before;

	memblock_add(RAM_BASE, BLOCK_BYTES + 0x3000);
	memblock_add(RAM_BASE + 2 * BLOCK_BYTES - 0x3000, BLOCK_BYTES);
	boot_to_zones();
	before = memblock_reserved_size();
	mem_init();
	assert_int_equal(memblock_reserved_size(), before);
	assert_handed_over();
}

/* --- random machines ------------------------------------------------------ */

static void random_machine(unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	static const phys_addr_t grain[] = { 1, 0x10, 0x1000, SZ_1M };
	phys_addr_t unit = grain[below(&rng, ARRAY_SIZE(grain))];
	unsigned long banks = below(&rng, 5), holds = below(&rng, 20);

	new_ram_with_pool(RAM_BASE, MAP_BYTES,
			  ALIGN_DOWN(RAM_BASE + BLOCK_BYTES +
				     below(&rng, MAP_BYTES), PAGE_SIZE));
	memblock_add(RAM_BASE + below(&rng, 4) * unit, BLOCK_BYTES);
	while (banks--)
		memblock_add(RAM_BASE +
			     ALIGN_DOWN(below(&rng, MAP_BYTES * 7 / 8), unit),
			     1 + below(&rng, MAP_BYTES / 8));
	while (holds--)
		memblock_reserve(RAM_BASE + below(&rng, MAP_BYTES),
				 1 + below(&rng, below(&rng, 2) ? 0x3000 :
							  BLOCK_BYTES / 8));
	boot();
	assert_handed_over();
}

static void test_random_machines(void **state __maybe_unused)
{
	for (unsigned int seed = 0; seed < 40; seed++)
		random_machine(seed);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_whole_ram_is_handed_over),
		T(test_nothing_is_free_before_mem_init),
		T(test_free_all_bootmem_does_lowmem_and_counts_it),
		T(test_mm_init_hands_over_the_same),
		T(test_the_line_about_memory_adds_up),
		T(test_max_mapnr_is_the_whole_map),
		T(test_every_touched_page_stays),
		T(test_reserved_pages_keep_their_state),
		T(test_reserve_marks_what_it_touches),
		T(test_many_reservations_in_one_page_cost_one_page),
		T(test_reservations_outside_memory_do_not_matter),
		T(test_all_highmem_reserved_leaves_it_empty),
		T(test_banks_with_holes_in_both_zones),
		T(test_unaligned_banks_lose_their_partial_pages),
		T(test_odd_start_of_highmem_does_not_merge_across),
		T(test_nomap_is_not_handed_over),
		T(test_hotplug_flags_are_cleared_first),
		T(test_memmap_of_a_hole_is_given_back),
		T(test_a_hole_smaller_than_a_block_keeps_its_memmap),
		T(test_random_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
