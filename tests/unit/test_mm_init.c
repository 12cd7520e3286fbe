// SPDX-License-Identifier: GPL-2.0-or-later
/* test_mm_init.c - zones, mem_map, zonelists and the end of lowmem. */
#include "machine.h"

#define MAP_BYTES	(8 * BLOCK_BYTES)

/* A machine whose mem_map lies elsewhere: the smallest one has room. */
static void begin(phys_addr_t base, phys_addr_t lowmem_limit)
{
	new_ram_with_pool(base, MAP_BYTES + BLOCK_BYTES, lowmem_limit);
}

static void assert_zone(enum zone_type type, unsigned long start,
			unsigned long spanned, unsigned long present)
{
	assert_int_equal(zone_of(type)->spanned_pages, spanned);
	assert_int_equal(zone_of(type)->present_pages, present);
	if (spanned)
		assert_int_equal(zone_of(type)->zone_start_pfn, start);
}

/* A pageblock's type is that of its first page: only memory's is Movable. */
static enum migratetype first_type(unsigned long pfn)
{
	unsigned long first = ALIGN_DOWN(pfn, pageblock_nr_pages);

	return zone_spans_pfn(page_zone(pfn_to_page(pfn)), first) &&
	       memblock_is_memory(PFN_PHYS(first)) ? MIGRATE_MOVABLE :
						     MIGRATE_UNMOVABLE;
}

/* Every page of the span that is memory: links, counts, no list. */
static void assert_pages(void)
{
	for (unsigned long pfn = min_low_pfn; pfn < max_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (!pfn_valid(pfn))
			continue;
		assert_int_equal(page_to_pfn(page), pfn);
		assert_true(zone_spans_pfn(page_zone(page), pfn)); /* PAGE-1 */
		assert_int_equal(zone_idx(page_zone(page)),
				 pfn < max_low_pfn ? ZONE_NORMAL :
						     ZONE_HIGHMEM);
		assert_int_equal(PageHighMem(page), pfn >= max_low_pfn);
		assert_int_equal(page_count(page), 1);
		assert_int_equal(page->_mapcount.counter, -1);
		assert_false(PageBuddy(page));
		assert_null(page->mapping);
		assert_true(list_empty(&page->lru));
		assert_int_equal(get_pfnblock_migratetype(page_zone(page), pfn),
				 first_type(pfn));
	}
}

/* ZONE-4, and that nothing is free before the hand-over. */
static void assert_zones(void)
{
	unsigned long end = 0;
	struct zone *zone;

	for_each_zone(zone) {
		assert_ptr_equal(zone->zone_pgdat, &contig_page_data);
		assert_non_null(zone->pageset);
		assert_int_equal(zone_page_state(zone, NR_FREE_PAGES), 0);
		if (!zone->spanned_pages)
			continue;
		assert_true(zone->zone_start_pfn >= end);
		end = zone_end_pfn(zone);
		for (int o = 0; o < MAX_ORDER; o++) {
			assert_int_equal(zone->free_area[o].nr_free, 0);
			for (int t = 0; t < MIGRATE_TYPES; t++)
				assert_true(list_empty(
					&zone->free_area[o].free_list[t]));
		}
	}
	assert_int_equal(end, max_pfn);
	assert_int_equal(contig_page_data.node_start_pfn, min_low_pfn);
	assert_int_equal(contig_page_data.node_spanned_pages,
			 max_pfn - min_low_pfn);
	assert_ptr_equal(contig_page_data.node_mem_map,
			 pfn_to_page(min_low_pfn));
}

static void assert_booted(void)
{
	assert_zones();
	assert_pages();
	assert_int_equal(contig_page_data.node_present_pages,
			 zone_of(ZONE_NORMAL)->present_pages +
			 zone_of(ZONE_HIGHMEM)->present_pages);
	assert_null(memblock_check());
}

/* --- zones ---------------------------------------------------------------- */

static void test_zones_split_at_the_lowmem_limit(void **state __maybe_unused)
{
	unsigned long half = 4 * MAX_ORDER_NR_PAGES;
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE, RAM_BASE + MAP_BYTES / 2);
	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	assert_int_equal(min_low_pfn, pfn);
	assert_int_equal(max_low_pfn, pfn + half);
	assert_int_equal(max_pfn, pfn + 2 * half);
	assert_ptr_equal(high_memory, phys_to_virt(RAM_BASE) + MAP_BYTES / 2);
	assert_zone(ZONE_NORMAL, pfn, half, half);
	assert_zone(ZONE_HIGHMEM, pfn + half, half, half);
	assert_zone(ZONE_MOVABLE, 0, 0, 0);
	assert_int_equal(contig_page_data.nr_zones, ZONE_HIGHMEM + 1);
	assert_string_equal(zone_of(ZONE_NORMAL)->name, "Normal");
	assert_string_equal(zone_of(ZONE_HIGHMEM)->name, "HighMem");
	assert_string_equal(zone_of(ZONE_MOVABLE)->name, "Movable");
	assert_booted();
}

static void test_no_highmem(void **state __maybe_unused)
{
	begin(RAM_BASE, RAM_BASE + MAP_BYTES);
	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	assert_int_equal(max_low_pfn, max_pfn);
	assert_zone(ZONE_NORMAL, RAM_BASE >> PAGE_SHIFT,
		    MAP_BYTES >> PAGE_SHIFT, MAP_BYTES >> PAGE_SHIFT);
	assert_zone(ZONE_HIGHMEM, 0, 0, 0);
	assert_int_equal(contig_page_data.nr_zones, ZONE_NORMAL + 1);
	assert_booted();
}

static void test_ram_ends_below_the_lowmem_limit(void **state __maybe_unused)
{
	begin(RAM_BASE, RAM_BASE + MAP_BYTES);
	memblock_add(RAM_BASE, 5 * SZ_1M);
	boot_to_zones();
	assert_int_equal(arm_lowmem_limit, RAM_BASE + 5 * SZ_1M);
	assert_int_equal(max_low_pfn, max_pfn);
	assert_zone(ZONE_NORMAL, RAM_BASE >> PAGE_SHIFT,
		    5 * SZ_1M >> PAGE_SHIFT, 5 * SZ_1M >> PAGE_SHIFT);
	assert_booted();
}

static void test_more_highmem_than_lowmem(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE, RAM_BASE + SZ_1M);
	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	assert_zone(ZONE_NORMAL, pfn, 256, 256);
	assert_zone(ZONE_HIGHMEM, pfn + 256, (MAP_BYTES >> PAGE_SHIFT) - 256,
		    (MAP_BYTES >> PAGE_SHIFT) - 256);
	assert_booted();
}

static void test_one_page_of_ram(void **state __maybe_unused)
{
	begin(RAM_BASE + 0x5000, RAM_BASE + SZ_1M);
	memblock_add(RAM_BASE + 0x5000, 0x1000);
	boot_to_zones();
	assert_zone(ZONE_NORMAL, (RAM_BASE >> PAGE_SHIFT) + 5, 1, 1);
	assert_zone(ZONE_HIGHMEM, 0, 0, 0);
	assert_booted();
}

static void test_odd_first_pfn_and_odd_limit(void **state __maybe_unused)
{
	unsigned long pfn = (RAM_BASE >> PAGE_SHIFT) + 3;

	begin(RAM_BASE + 0x3000, RAM_BASE + SZ_1M + 0x1000);
	memblock_add(RAM_BASE + 0x3000, 3 * SZ_1M);
	boot_to_zones();
	assert_zone(ZONE_NORMAL, pfn, 254, 254);
	assert_zone(ZONE_HIGHMEM, pfn + 254, 768 - 254, 768 - 254);
	assert_booted();
}

static void test_holes_are_spanned_and_not_present(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE, RAM_BASE + 4 * SZ_1M);
	memblock_add(RAM_BASE, SZ_1M);
	memblock_add(RAM_BASE + 2 * SZ_1M, 3 * SZ_1M);	/* crosses */
	memblock_add(RAM_BASE + 7 * SZ_1M, SZ_1M);
	boot_to_zones();
	assert_zone(ZONE_NORMAL, pfn, 1024, 768);
	assert_zone(ZONE_HIGHMEM, pfn + 1024, 1024, 512);
	assert_true(pfn_valid(pfn + 255));
	assert_false(pfn_valid(pfn + 256));
	assert_false(pfn_valid(pfn + 511));
	assert_true(pfn_valid(pfn + 512));
	assert_false(pfn_valid(max_pfn));
	assert_booted();
}

/* Linux: lowmem ends where the last bank below the limit ends. */
static void test_hole_across_the_limit_belongs_to_highmem(
	void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE, RAM_BASE + 4 * SZ_1M);
	memblock_add(RAM_BASE, 2 * SZ_1M);
	memblock_add(RAM_BASE + 6 * SZ_1M, SZ_1M);
	boot_to_zones();
	assert_int_equal(arm_lowmem_limit, RAM_BASE + 2 * SZ_1M);
	assert_zone(ZONE_NORMAL, pfn, 512, 512);
	assert_zone(ZONE_HIGHMEM, pfn + 512, 1280, 256);
	assert_booted();
}

static void test_unaligned_banks_count_whole_pages(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE + 0x10, RAM_BASE + 4 * SZ_1M);
	memblock_add(RAM_BASE + 0x10, SZ_1M);		/* pages 1 to 255 */
	memblock_add(RAM_BASE + SZ_1M + 0x1010, 0xfe0);	/* none */
	memblock_add(RAM_BASE + SZ_1M + 0x3fff, 0x2001);/* 4 and 5 behind */
	boot_to_zones();
	assert_int_equal(min_low_pfn, pfn + 1);
	assert_int_equal(max_pfn, pfn + 256 + 6);
	assert_zone(ZONE_NORMAL, pfn + 1, 255 + 6, 255 + 2);
	assert_zone(ZONE_HIGHMEM, 0, 0, 0);
	assert_booted();
}

static void test_nomap_is_present_but_not_valid(void **state __maybe_unused)
{
	unsigned long pfn = RAM_BASE >> PAGE_SHIFT;

	begin(RAM_BASE, RAM_BASE + 4 * SZ_1M);
	memblock_add(RAM_BASE, 4 * SZ_1M);
	memblock_mark_nomap(RAM_BASE + SZ_1M, SZ_1M);
	boot_to_zones();
	assert_zone(ZONE_NORMAL, pfn, 1024, 1024);
	assert_false(pfn_valid(pfn + 256));
	assert_true(pfn_valid(pfn + 512));
	assert_booted();
}

/* --- mem_map and zonelists ------------------------------------------------ */

static void test_mem_map_is_reserved_when_it_lies_in_ram(
	void **state __maybe_unused)
{
	phys_addr_t first, last;

	new_ram(RAM_BASE, MAP_BYTES, RAM_BASE + MAP_BYTES);
	memblock_add(RAM_BASE, MAP_BYTES);
	boot_to_zones();
	first = __pa(pfn_to_page(min_low_pfn));
	last = __pa(pfn_to_page(max_pfn - 1)) + sizeof(struct page) - 1;
	assert_true(memblock_is_region_reserved(first, 1));
	assert_true(memblock_is_reserved(last));
	assert_true(memblock_is_region_memory(first, last - first + 1));
	assert_booted();
}

static void test_pageblock_types_are_kept_one_by_one(
	void **state __maybe_unused)
{
	struct zone *zone = zone_of(ZONE_NORMAL);

	begin(RAM_BASE + 0x3000, RAM_BASE + MAP_BYTES);
	memblock_add(RAM_BASE + 0x3000, MAP_BYTES - 0x3000);
	boot_to_zones();
	for (int i = 0; i < 8; i++)
		set_pfnblock_migratetype(zone, (RAM_BASE >> PAGE_SHIFT) + 5 +
					 i * pageblock_nr_pages,
					 i % MIGRATE_TYPES);
	for (unsigned long pfn = min_low_pfn; pfn < max_pfn; pfn++)
		assert_int_equal(get_pfnblock_migratetype(zone, pfn),
				 (pfn - (RAM_BASE >> PAGE_SHIFT)) /
				 pageblock_nr_pages % MIGRATE_TYPES);
}

static void test_zonelist_goes_from_high_to_low(void **state __maybe_unused)
{
	struct zoneref *ref = contig_page_data.node_zonelists[0]._zonerefs;

	begin(RAM_BASE, RAM_BASE + SZ_1M);
	memblock_add(RAM_BASE, 2 * SZ_1M);
	boot_to_zones();
	assert_ptr_equal(ref[0].zone, zone_of(ZONE_HIGHMEM));
	assert_int_equal(ref[0].zone_idx, ZONE_HIGHMEM);
	assert_ptr_equal(ref[1].zone, zone_of(ZONE_NORMAL));
	assert_int_equal(ref[1].zone_idx, ZONE_NORMAL);
	assert_null(ref[2].zone);
}

static void test_zonelist_without_highmem_has_one_zone(
	void **state __maybe_unused)
{
	struct zoneref *ref = contig_page_data.node_zonelists[0]._zonerefs;

	begin(RAM_BASE, RAM_BASE + SZ_1M);
	memblock_add(RAM_BASE, SZ_1M);
	boot_to_zones();
	assert_ptr_equal(ref[0].zone, zone_of(ZONE_NORMAL));
	assert_null(ref[1].zone);
}

/* --- the end of lowmem ---------------------------------------------------- */

static void test_early_allocations_end_at_the_end_of_lowmem(
	void **state __maybe_unused)
{
	begin(RAM_BASE, RAM_BASE + 3 * SZ_1M);
	memblock_add(RAM_BASE, SZ_2M + 0x3000);
	memblock_add(RAM_BASE + 4 * SZ_1M, SZ_1M);
	sanity_check_meminfo();
	assert_int_equal(arm_lowmem_limit, RAM_BASE + SZ_2M + 0x3000);
	assert_true(memblock_get_current_limit() <= arm_lowmem_limit);
	assert_ptr_equal(high_memory, phys_to_virt(RAM_BASE) + SZ_2M + 0x3000);
}

static void test_no_memory_below_the_limit_stops(void **state __maybe_unused)
{
	begin(RAM_BASE, RAM_BASE + SZ_1M);
	assert_panics(sanity_check_meminfo(), "no memory");
	memblock_add(RAM_BASE + SZ_1M, SZ_1M);
	assert_panics(sanity_check_meminfo(), "no memory");
	memblock_add(RAM_BASE + 0x10, 0xff0);	/* no whole page */
	assert_panics(sanity_check_meminfo(), "no memory");
}

/* vmalloc=SIZE comes out of lowmem, between 16 MB and all but 32 MB. */
static void test_vmalloc_size_lowers_the_limit(void **state __maybe_unused)
{
	static const struct {
		phys_addr_t asked_mb, lowmem_mb;
	} cases[] = { { 64, 192 }, { 1, 240 }, { 255, 32 }, { 4096, 32 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		new_ram(RAM_BASE, 256 * SZ_1M, RAM_BASE + 256 * SZ_1M);
		memblock_add(RAM_BASE, 512 * SZ_1M);
		early_vmalloc(cases[i].asked_mb * SZ_1M);
		sanity_check_meminfo();
		assert_int_equal(arm_lowmem_limit,
				 RAM_BASE + cases[i].lowmem_mb * SZ_1M);
	}
}

static void test_a_vmalloc_size_out_of_range_is_reported(
	void **state __maybe_unused)
{
	new_ram(RAM_BASE, 256 * SZ_1M, RAM_BASE + 256 * SZ_1M);
	early_vmalloc(16 * SZ_1M);
	early_vmalloc(224 * SZ_1M);
	assert_string_equal(host_console(), "");
	early_vmalloc(225 * SZ_1M);
	assert_non_null(strstr(host_console(), "vmalloc"));
}

static void test_arrays_may_grow_once_zones_are_built(
	void **state __maybe_unused)
{
	begin(RAM_BASE, RAM_BASE + 4 * SZ_1M);
	memblock_add(RAM_BASE, 4 * SZ_1M);
	boot_to_zones();
	for (int i = 0; i < 2 * INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_reserve(RAM_BASE + 32 * i, 16), 0);
	assert_null(memblock_check());
}

static void test_a_second_machine_starts_from_nothing(
	void **state __maybe_unused)
{
	for (int i = 0; i < 3; i++) {
		test_holes_are_spanned_and_not_present(NULL);
		assert_int_equal(memblock.memory.cnt, 3);
		new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
		assert_empty(&memblock.memory);
		assert_empty(&memblock.reserved);
		assert_int_equal(memblock.current_limit,
				 MEMBLOCK_ALLOC_ANYWHERE);
		assert_int_equal(zone_of(ZONE_NORMAL)->spanned_pages, 0);
		assert_int_equal(max_pfn, 0);
		assert_int_equal(totalram_pages, 0);
		assert_string_equal(host_console(), "");
		test_no_highmem(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_split_at_the_lowmem_limit),
		cmocka_unit_test(test_no_highmem),
		cmocka_unit_test(test_ram_ends_below_the_lowmem_limit),
		cmocka_unit_test(test_more_highmem_than_lowmem),
		cmocka_unit_test(test_one_page_of_ram),
		cmocka_unit_test(test_odd_first_pfn_and_odd_limit),
		cmocka_unit_test(test_holes_are_spanned_and_not_present),
		cmocka_unit_test(test_hole_across_the_limit_belongs_to_highmem),
		cmocka_unit_test(test_unaligned_banks_count_whole_pages),
		cmocka_unit_test(test_nomap_is_present_but_not_valid),
		cmocka_unit_test(test_mem_map_is_reserved_when_it_lies_in_ram),
		cmocka_unit_test(test_pageblock_types_are_kept_one_by_one),
		cmocka_unit_test(test_zonelist_goes_from_high_to_low),
		cmocka_unit_test(test_zonelist_without_highmem_has_one_zone),
		cmocka_unit_test(
			test_early_allocations_end_at_the_end_of_lowmem),
		cmocka_unit_test(test_no_memory_below_the_limit_stops),
		cmocka_unit_test(test_vmalloc_size_lowers_the_limit),
		cmocka_unit_test(test_a_vmalloc_size_out_of_range_is_reported),
		cmocka_unit_test(test_arrays_may_grow_once_zones_are_built),
		cmocka_unit_test(test_a_second_machine_starts_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
