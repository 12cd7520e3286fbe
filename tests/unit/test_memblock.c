// SPDX-License-Identifier: GPL-2.0-or-later
/* test_memblock.c - the two lists, one claim a test. See memblock.h. */
#include "machine.h"

#define GB	0x40000000UL

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, 64 * SZ_1M, RAM_BASE + 64 * SZ_1M);
}

/* --- adding and removing -------------------------------------------------- */

static void test_empty_list_is_one_region_of_size_0(void **state __maybe_unused)
{
	assert_empty(&memblock.memory);
	assert_empty(&memblock.reserved);
	assert_null(memblock_check());
}

static void test_first_add_fills_the_empty_region(void **state __maybe_unused)
{
	assert_int_equal(memblock_add(0x1000, 0x234), 0);
	assert_regions(memory, PLAIN(0x1000, 0x234));
	assert_empty(&memblock.reserved);
}

static void test_add_merges_what_touches(void **state __maybe_unused)
{
	memblock_add(0x3000, 0x1000);
	memblock_add(0x1000, 0x1000);
	memblock_add(0x2000, 0x1000);
	assert_regions(memory, PLAIN(0x1000, 0x3000));
}

static void test_add_keeps_a_gap_of_one_byte(void **state __maybe_unused)
{
	memblock_add(0x2001, 0xfff);
	memblock_add(0x1000, 0x1000);
	assert_regions(memory, PLAIN(0x1000, 0x1000), PLAIN(0x2001, 0xfff));
}

static void test_add_fills_every_gap_it_covers(void **state __maybe_unused)
{
	for (phys_addr_t at = 0; at < 0x1000; at += 0x100)
		memblock_reserve(at + 7, 3);
	assert_int_equal(memblock.reserved.cnt, 16);
	memblock_reserve(0, 0x2000);
	assert_regions(reserved, PLAIN(0, 0x2000));
}

static void test_add_of_nothing_changes_nothing(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x1000);
	assert_int_equal(memblock_add(0x5000, 0), 0);
	assert_int_equal(memblock_remove(0x1800, 0), 0);
	assert_regions(memory, PLAIN(0x1000, 0x1000));
}

static void test_overlap_keeps_node_and_flags_of_the_old(
	void **state __maybe_unused)
{
	memblock_add_node(0x2000, 0x1000, 0);
	memblock_mark_nomap(0x2000, 0x800);
	memblock_add(0x1000, 0x3000);
	assert_regions(memory, PLAIN(0x1000, 0x1000),
		       { 0x2000, 0x800, MEMBLOCK_NOMAP, 0 },
		       { 0x2800, 0x800, MEMBLOCK_NONE, 0 },
		       PLAIN(0x3000, 0x1000));
}

static void test_neighbours_of_two_nodes_stay_apart(void **state __maybe_unused)
{
	memblock_add_node(0x1000, 0x1000, 0);
	memblock_add_node(0x2000, 0x1000, 2);
	assert_regions(memory, { 0x1000, 0x1000, MEMBLOCK_NONE, 0 },
		       { 0x2000, 0x1000, MEMBLOCK_NONE, 2 });
}

static void test_remove_leaves_both_ends(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x3000);
	memblock_remove(0x1fff, 2);
	assert_regions(memory, PLAIN(0x1000, 0xfff), PLAIN(0x2001, 0x1fff));
}

static void test_remove_of_everything_leaves_the_empty_list(
	void **state __maybe_unused)
{
	memblock_add(0x1000, 0x1000);
	memblock_add(0x4000, 0x1000);
	memblock_remove(0, 0x10000);
	assert_empty(&memblock.memory);
	memblock_add(0x7000, 1);
	assert_regions(memory, PLAIN(0x7000, 1));
}

static void test_free_of_what_is_not_reserved_is_no_error(
	void **state __maybe_unused)
{
	memblock_reserve(0x1000, 0x1000);
	assert_int_equal(memblock_free(0x8000, 0x1000), 0);
	assert_int_equal(memblock_free(0x0, 0x1800), 0);
	assert_regions(reserved, PLAIN(0x1800, 0x800));
}

static void test_a_callers_own_list_works_the_same(void **state __maybe_unused)
{
	struct memblock_region regions[4] = { { 0 } };
	struct memblock_type own = { 1, 4, 0, regions };
	static const struct want both[] = { PLAIN(2, 3), PLAIN(8, 1) };

	assert_int_equal(memblock_add_range(&own, 2, 3, MAX_NUMNODES, 0), 0);
	assert_int_equal(memblock_add_range(&own, 8, 1, MAX_NUMNODES, 0), 0);
	assert_list(&own, both, 2);
	memblock_remove_range(&own, 0, 100);
	assert_empty(&own);
	assert_empty(&memblock.memory);
}

/* --- flags and nodes ------------------------------------------------------ */

static void test_mark_splits_and_clear_merges_again(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x3000);
	memblock_mark_hotplug(0x2000, 0x1000);
	memblock_mark_nomap(0x2000, 0x800);
	memblock_mark_mirror(0x3000, 0x1000);
	assert_regions(memory, PLAIN(0x1000, 0x1000),
		       { 0x2000, 0x800, MEMBLOCK_HOTPLUG | MEMBLOCK_NOMAP,
			 MAX_NUMNODES },
		       { 0x2800, 0x800, MEMBLOCK_HOTPLUG, MAX_NUMNODES },
		       { 0x3000, 0x1000, MEMBLOCK_MIRROR, MAX_NUMNODES });
	memblock_clear_hotplug(0, PHYS_ADDR_MAX);
	memblock_clear_nomap(0, PHYS_ADDR_MAX);
	assert_regions(memory, PLAIN(0x1000, 0x2000),
		       { 0x3000, 0x1000, MEMBLOCK_MIRROR, MAX_NUMNODES });
}

static void test_mark_adds_no_memory(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x1000);
	memblock_mark_nomap(0x4000, 0x1000);
	assert_regions(memory, PLAIN(0x1000, 0x1000));
	assert_empty(&memblock.reserved);
}

static void test_set_node_changes_one_list_only(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x2000);
	memblock_reserve(0x1000, 0x2000);
	memblock_set_node(0x1800, 0x800, &memblock.reserved, 0);
	assert_regions(memory, PLAIN(0x1000, 0x2000));
	assert_regions(reserved, PLAIN(0x1000, 0x800),
		       { 0x1800, 0x800, MEMBLOCK_NONE, 0 },
		       PLAIN(0x2000, 0x1000));
	memblock_set_node(0, PHYS_ADDR_MAX, &memblock.reserved, MAX_NUMNODES);
	assert_regions(reserved, PLAIN(0x1000, 0x2000));
}

/* --- the end of the address space ----------------------------------------- */

static void test_size_past_the_end_is_cut(void **state __maybe_unused)
{
	phys_addr_t base = PHYS_ADDR_MAX - 0xfff;
	const struct want want[] = { PLAIN(base, 0xfff) };

	memblock_add(base, 0x100000);
	assert_list(&memblock.memory, want, 1);
	memblock_reserve(base, PHYS_ADDR_MAX);
	assert_list(&memblock.reserved, want, 1);
	assert_true(memblock_is_region_memory(base, 0x100000));
}

static void test_remove_past_the_end_is_cut(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x1000);
	memblock_add(0x8000, 0x1000);
	memblock_remove(0x8000, PHYS_ADDR_MAX);
	assert_regions(memory, PLAIN(0x1000, 0x1000));
	memblock_reserve(0x1000, 0x1000);
	memblock_free(0x1800, PHYS_ADDR_MAX - 0x100);
	assert_regions(reserved, PLAIN(0x1000, 0x800));
}

static void test_mark_past_the_end_is_cut(void **state __maybe_unused)
{
	memblock_add(0x1000, 0x1000);
	memblock_mark_nomap(0x1800, PHYS_ADDR_MAX);
	assert_regions(memory, PLAIN(0x1000, 0x800),
		       { 0x1800, 0x800, MEMBLOCK_NOMAP, MAX_NUMNODES });
}

/* --- trim and limits ------------------------------------------------------ */

static void test_trim_cuts_and_drops(void **state __maybe_unused)
{
	memblock_add(0x1001, 0x2fff);	/* cut to 0x2000 + 0x2000 */
	memblock_add(0x5000, 0xfff);	/* gone */
	memblock_add(0x7000, 0x1001);	/* cut to 0x7000 + 0x1000 */
	memblock_add(0x9001, 0xfff);	/* gone */
	memblock_trim_memory(0x1000);
	assert_regions(memory, PLAIN(0x2000, 0x2000), PLAIN(0x7000, 0x1000));
}

static void test_trim_can_leave_nothing(void **state __maybe_unused)
{
	memblock_add(0x1001, 0x10);
	memblock_trim_memory(0x1000);
	assert_empty(&memblock.memory);
}

static void add_three_banks(void)
{
	memblock_add(0x10000, 0x4000);
	memblock_add(0x20000, 0x4000);
	memblock_add(0x30000, 0x4000);
	memblock_reserve(0x13000, 0x800);
	memblock_reserve(0x20000, 0x4000);
	memblock_reserve(0x31000, 0x100);
}

static void test_limit_counts_bytes_of_memory_not_addresses(
	void **state __maybe_unused)
{
	add_three_banks();
	memblock_enforce_memory_limit(0x6000);
	assert_regions(memory, PLAIN(0x10000, 0x4000), PLAIN(0x20000, 0x2000));
	assert_regions(reserved, PLAIN(0x13000, 0x800), PLAIN(0x20000, 0x2000));
}

static void test_limit_at_a_bank_end_keeps_the_bank(void **state __maybe_unused)
{
	add_three_banks();
	memblock_enforce_memory_limit(0x8000);
	assert_regions(memory, PLAIN(0x10000, 0x4000), PLAIN(0x20000, 0x4000));
}

static void test_no_limit_and_a_large_one_change_nothing(
	void **state __maybe_unused)
{
	add_three_banks();
	memblock_enforce_memory_limit(0);
	memblock_mem_limit_remove_map(0);
	memblock_enforce_memory_limit(GB);
	memblock_mem_limit_remove_map(GB);
	assert_regions(memory, PLAIN(0x10000, 0x4000), PLAIN(0x20000, 0x4000),
		       PLAIN(0x30000, 0x4000));
	assert_int_equal(memblock.reserved.cnt, 3);
}

static void test_limit_remove_map_keeps_nomap(void **state __maybe_unused)
{
	add_three_banks();
	memblock_mark_nomap(0x22000, 0x1000);
	memblock_mark_nomap(0x33000, 0x1000);
	memblock_mem_limit_remove_map(0x5000);
	assert_regions(memory, PLAIN(0x10000, 0x4000), PLAIN(0x20000, 0x1000),
		       { 0x22000, 0x1000, MEMBLOCK_NOMAP, MAX_NUMNODES },
		       { 0x33000, 0x1000, MEMBLOCK_NOMAP, MAX_NUMNODES });
	assert_regions(reserved, PLAIN(0x13000, 0x800), PLAIN(0x20000, 0x1000));
}

static void test_cap_keeps_the_range_and_nomap(void **state __maybe_unused)
{
	add_three_banks();
	memblock_mark_nomap(0x10000, 0x1000);
	memblock_mark_nomap(0x33000, 0x1000);
	memblock_cap_memory_range(0x13800, 0x20000 - 0x3800 + 0x1080);
	assert_regions(memory,
		       { 0x10000, 0x1000, MEMBLOCK_NOMAP, MAX_NUMNODES },
		       PLAIN(0x13800, 0x800), PLAIN(0x20000, 0x4000),
		       PLAIN(0x30000, 0x1080),
		       { 0x33000, 0x1000, MEMBLOCK_NOMAP, MAX_NUMNODES });
	assert_regions(reserved, PLAIN(0x20000, 0x4000), PLAIN(0x31000, 0x80));
}

/* --- questions ------------------------------------------------------------ */

static void test_questions_about_one_address(void **state __maybe_unused)
{
	add_three_banks();
	memblock_mark_nomap(0x20000, 0x1000);
	assert_false(memblock_is_memory(0xffff));
	assert_true(memblock_is_memory(0x10000));
	assert_true(memblock_is_memory(0x13fff));
	assert_false(memblock_is_memory(0x14000));
	assert_true(memblock_is_memory(0x20fff));
	assert_false(memblock_is_map_memory(0x20fff));
	assert_true(memblock_is_map_memory(0x21000));
	assert_false(memblock_is_map_memory(0x24000));
	assert_true(memblock_is_reserved(0x137ff));
	assert_false(memblock_is_reserved(0x13800));
}

static void test_questions_of_an_empty_list(void **state __maybe_unused)
{
	assert_false(memblock_is_memory(0));
	assert_false(memblock_is_reserved(0));
	assert_false(memblock_is_map_memory(PHYS_ADDR_MAX));
	assert_false(memblock_is_region_memory(0, 1));
	assert_false(memblock_is_region_reserved(0, PHYS_ADDR_MAX));
	assert_int_equal(memblock_phys_mem_size(), 0);
	assert_int_equal(memblock_mem_size(~0UL), 0);
}

static void test_region_memory_is_all_region_reserved_is_any(
	void **state __maybe_unused)
{
	add_three_banks();
	assert_true(memblock_is_region_memory(0x10000, 0x4000));
	assert_false(memblock_is_region_memory(0x10000, 0x4001));
	assert_false(memblock_is_region_memory(0xffff, 2));
	assert_true(memblock_is_region_reserved(0x13000 - 1, 2));
	assert_true(memblock_is_region_reserved(0x137ff, 0x100));
	assert_false(memblock_is_region_reserved(0x13800, 0xc800));
	assert_true(memblock_is_region_reserved(0x14000, 0x20000));
	assert_true(memblock_overlaps_region(&memblock.memory, 0, 0x10001));
	assert_false(memblock_overlaps_region(&memblock.memory, 0, 0x10000));
}

static void test_sizes_and_ends(void **state __maybe_unused)
{
	unsigned long start = 0, end = 0;

	add_three_banks();
	memblock_add_node(0x40080, 0x40, 0);	/* no whole page */
	memblock_add_node(0x50800, 0x2800, 0);	/* pages 0x51 and 0x52 */
	assert_int_equal(memblock_phys_mem_size(), 0xc000 + 0x40 + 0x2800);
	assert_int_equal(memblock_reserved_size(), 0x800 + 0x4000 + 0x100);
	assert_int_equal(memblock_start_of_DRAM(), 0x10000);
	assert_int_equal(memblock_end_of_DRAM(), 0x53000);
	assert_int_equal(memblock_mem_size(~0UL), 0xe000);
	assert_int_equal(memblock_mem_size(0x52), 0xd000);
	assert_int_equal(memblock_mem_size(0x21), 0x5000);
	assert_int_equal(memblock_search_pfn_nid(0x21, &start, &end),
			 MAX_NUMNODES);
	assert_int_equal(start, 0x20);
	assert_int_equal(end, 0x24);
	assert_int_equal(memblock_search_pfn_nid(0x24, &start, &end), -1);
	assert_int_equal(memblock_search_pfn_nid(0x52, &start, &end), 0);
}

static void test_pages_of_memory_are_whole_and_of_reservations_touched(
	void **state __maybe_unused)
{
	static const struct memblock_region rgn = {
		.base = 0x1fff, .size = 0x2002,
	};

	assert_int_equal(memblock_region_memory_base_pfn(&rgn), 2);
	assert_int_equal(memblock_region_memory_end_pfn(&rgn), 4);
	assert_int_equal(memblock_region_reserved_base_pfn(&rgn), 1);
	assert_int_equal(memblock_region_reserved_end_pfn(&rgn), 5);
}

/* --- invariants ----------------------------------------------------------- */

static void test_check_names_each_broken_invariant(void **state __maybe_unused)
{
	struct memblock_type *type = &memblock.memory;
	struct memblock_region *rgn = type->regions, kept;

	add_three_banks();
	assert_null(memblock_check());

	kept = rgn[1];
	rgn[1].base = 0x13fff;			/* overlaps */
	assert_broken(memblock_check(), "MEMBLOCK-1");
	rgn[1].base = 0x8000;			/* out of order */
	assert_broken(memblock_check(), "MEMBLOCK-1");
	rgn[1].base = 0x14000;			/* touches */
	assert_broken(memblock_check(), "MEMBLOCK-2");
	rgn[1].nid = 0;
	assert_null(memblock_check());
	rgn[1] = kept;

	type->total_size++;
	assert_broken(memblock_check(), "MEMBLOCK-3");
	type->total_size--;

	rgn[1].size = 0;
	type->total_size -= kept.size;
	assert_broken(memblock_check(), "MEMBLOCK-4");
	rgn[1] = kept;
	type->total_size += kept.size;

	type->max = 2;
	assert_broken(memblock_check(), "MEMBLOCK-4");
	type->max = INIT_MEMBLOCK_REGIONS;

	kept = rgn[2];
	rgn[2].size = -rgn[2].base + 0x1000;	/* ends at 0x1000 */
	type->total_size += rgn[2].size - kept.size;
	assert_broken(memblock_check(), "MEMBLOCK-5");
	rgn[2] = kept;
}

static void test_check_looks_at_both_lists(void **state __maybe_unused)
{
	add_three_banks();
	memblock.reserved.total_size++;
	assert_broken(memblock_check(), "MEMBLOCK-3");
	assert_null(memblock_type_check(&memblock.memory));
	memblock.reserved.total_size--;
	memblock.reserved.cnt = 0;
	assert_broken(memblock_type_check(&memblock.reserved), "MEMBLOCK-4");
	memblock.reserved.cnt = 3;
	assert_null(memblock_check());
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_empty_list_is_one_region_of_size_0),
		T(test_first_add_fills_the_empty_region),
		T(test_add_merges_what_touches),
		T(test_add_keeps_a_gap_of_one_byte),
		T(test_add_fills_every_gap_it_covers),
		T(test_add_of_nothing_changes_nothing),
		T(test_overlap_keeps_node_and_flags_of_the_old),
		T(test_neighbours_of_two_nodes_stay_apart),
		T(test_remove_leaves_both_ends),
		T(test_remove_of_everything_leaves_the_empty_list),
		T(test_free_of_what_is_not_reserved_is_no_error),
		T(test_a_callers_own_list_works_the_same),
		T(test_mark_splits_and_clear_merges_again),
		T(test_mark_adds_no_memory),
		T(test_set_node_changes_one_list_only),
		T(test_size_past_the_end_is_cut),
		T(test_remove_past_the_end_is_cut),
		T(test_mark_past_the_end_is_cut),
		T(test_trim_cuts_and_drops),
		T(test_trim_can_leave_nothing),
		T(test_limit_counts_bytes_of_memory_not_addresses),
		T(test_limit_at_a_bank_end_keeps_the_bank),
		T(test_no_limit_and_a_large_one_change_nothing),
		T(test_limit_remove_map_keeps_nomap),
		T(test_cap_keeps_the_range_and_nomap),
		T(test_questions_about_one_address),
		T(test_questions_of_an_empty_list),
		T(test_region_memory_is_all_region_reserved_is_any),
		T(test_sizes_and_ends),
		T(test_pages_of_memory_are_whole_and_of_reservations_touched),
		T(test_check_names_each_broken_invariant),
		T(test_check_looks_at_both_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
