// SPDX-License-Identifier: GPL-2.0-or-later
/* test_of_reserved_mem.c - /memreserve/ and /reserved-memory of a tree. */
#include "tree.h"

#include <mm/slab.h>

#define LOW_BLOCKS	6
#define HIGH_BLOCKS	6
#define LIMIT		(RAM_BASE + LOW_BLOCKS * BLOCK_BYTES)
#define RAM_END		(LIMIT + HIGH_BLOCKS * BLOCK_BYTES)
#define BLOCK		((u32)BLOCK_BYTES)

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_END - RAM_BASE, LIMIT);
}

/* A tree with RAM; then nodes of /reserved-memory, then scan(). */
static void begin(void)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, RAM_END - RAM_BASE);
	tree_node("reserved-memory");
	tree_cells("#address-cells", 1);
	tree_cells("#size-cells", 1);
	tree_bytes("ranges", "", 0);
}

static void scan(void)
{
	tree_end();
	load_tree();
	sanity_check_meminfo();
	early_init_fdt_scan_reserved_mem();
	assert_null(memblock_check());
}

static void flag(const char *name)
{
	tree_bytes(name, "", 0);
}

static void pool(void)
{
	tree_string("compatible", "shared-dma-pool");
	flag("reusable");
}

/* --- /memreserve/ --------------------------------------------------------- */

static void test_memreserves_are_reserved_byte_by_byte(
	void **state __maybe_unused)
{
	tree_begin();
	tree_memreserve(RAM_BASE + 0x1001, 2);
	tree_memreserve(RAM_BASE + 0x1003, 1);
	tree_memreserve(RAM_END + 0x1000, 0x1000);
	tree_memreserve(PHYS_ADDR_MAX - 1, 0x1000);
	tree_root(1);
	tree_memory(RAM_BASE, BLOCK);
	load_tree();
	early_init_fdt_scan_reserved_mem();
	assert_regions(reserved, PLAIN(RAM_BASE + 0x1001, 3),
		       PLAIN(RAM_END + 0x1000, 0x1000),
		       PLAIN(PHYS_ADDR_MAX - 1, 1));
	assert_null(memblock_check());
}

static void test_tree_reserves_its_own_bytes(void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, BLOCK);
	load_tree();
	early_init_fdt_reserve_self();
	assert_int_equal(memblock.reserved.regions[0].base, TREE_PHYS);
	assert_int_equal(memblock.reserved.regions[0].size,
			 fdt_totalsize(tree_text));
}

/* --- nodes with reg ------------------------------------------------------- */

static void test_all_pairs_of_reg_are_reserved(void **state __maybe_unused)
{
	begin();
	tree_node("a");
	tree_cells("reg", RAM_BASE, 0x10, LIMIT, 0, LIMIT + 0x800, 0x1000);
	tree_end();
	tree_node("b");
	tree_cells("reg", RAM_BASE + 8, 0x10);
	tree_end();
	scan();
	assert_regions(reserved, PLAIN(RAM_BASE, 0x18),
		       PLAIN(LIMIT + 0x800, 0x1000));
	assert_regions(memory, PLAIN(RAM_BASE, RAM_END - RAM_BASE));
}

static void test_no_map_takes_every_page_it_touches_out_of_memory(
	void **state __maybe_unused)
{
	begin();
	tree_node("a");
	tree_cells("reg", RAM_BASE + 0x1fff, 2, LIMIT - 0x1000, 0x2000);
	flag("no-map");
	tree_end();
	scan();
	assert_regions(memory, PLAIN(RAM_BASE, 0x1000),
		       PLAIN(RAM_BASE + 0x3000, LIMIT - RAM_BASE - 0x4000),
		       PLAIN(LIMIT + 0x1000, RAM_END - LIMIT - 0x1000));
	assert_empty(&memblock.reserved);
}

static void test_only_nodes_that_are_okay_count(void **state __maybe_unused)
{
	static const char *const status[] = {
		"okay", "ok", "disabled", "fail", "", "okayish", "reserved",
	};
	char name[16];

	begin();
	for (u32 i = 0; i < ARRAY_SIZE(status); i++) {
		snprintf(name, sizeof(name), "n%u", i);
		tree_node(name);
		tree_string("status", status[i]);
		tree_cells("reg", RAM_BASE + i * 0x10000, 0x1000);
		tree_end();
	}
	scan();
	assert_regions(reserved, PLAIN(RAM_BASE, 0x1000),
		       PLAIN(RAM_BASE + 0x10000, 0x1000));
}

static void reg_of(const char *bytes, size_t n)
{
	begin();
	tree_node("vpu");
	tree_bytes("reg", bytes, n);
	tree_end();
	scan();
}

static void test_reg_without_whole_pairs_panics_with_the_nodes_name(
	void **state __maybe_unused)
{
	assert_panics(reg_of("", 0), "vpu has no valid reg");
	ok(setup(NULL));
	assert_panics(reg_of("\x10\0\0\0", 4), "vpu has no valid reg");
	ok(setup(NULL));
	assert_panics(reg_of("\x10\0\0\0\0\0\x10\0\0", 9),
		      "vpu has no valid reg");
}

static void many(u32 n)
{
	static char reg[8 * (INIT_MEMBLOCK_REGIONS + 1)];

	for (u32 i = 0; i < n; i++) {
		put_be32(reg + 8 * i, RAM_BASE + i * 0x2000);
		put_be32(reg + 8 * i + 4, 0x1000);
	}
	begin();
	tree_node("many");
	tree_bytes("reg", reg, 8 * n);
	tree_end();
	scan();
}

static void test_reservations_beyond_the_array_panic(
	void **state __maybe_unused)
{
	many(INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS);
	ok(setup(NULL));
	assert_panics(many(INIT_MEMBLOCK_REGIONS + 1), "128");
}

/* --- CMA ------------------------------------------------------------------ */

static void test_reusable_pool_is_an_area_and_may_be_the_default(
	void **state __maybe_unused)
{
	begin();
	tree_node("a@1");
	pool();
	tree_cells("reg", LIMIT, BLOCK);
	tree_end();
	tree_node("linux,cma");
	pool();
	flag("linux,cma-default");
	tree_cells("reg", LIMIT + 2 * BLOCK, 2 * BLOCK);
	tree_end();
	scan();
	assert_int_equal(cma_area_count, 2);
	assert_string_equal(cma_areas[0].name, "a@1");
	assert_ptr_equal(dma_contiguous_default_area, &cma_areas[1]);
	assert_int_equal(cma_areas[1].base_pfn,
			 PFN_DOWN(LIMIT + 2 * BLOCK_BYTES));
	assert_int_equal(cma_areas[1].count, 2 * pageblock_nr_pages);
}

static void test_pool_that_is_not_aligned_is_named_and_only_reserved(
	void **state __maybe_unused)
{
	begin();
	tree_node("half");
	pool();
	tree_cells("reg", LIMIT + BLOCK / 2, BLOCK);
	tree_end();
	tree_node("short");
	pool();
	tree_cells("reg", LIMIT + 2 * BLOCK, BLOCK - 0x1000);
	tree_end();
	scan();
	assert_int_equal(cma_area_count, 0);
	assert_true(console_says("error: half: "));
	assert_true(console_says("error: short: "));
	assert_regions(reserved, PLAIN(LIMIT + BLOCK / 2, BLOCK),
		       PLAIN(LIMIT + 2 * BLOCK, BLOCK - 0x1000));
}

static void test_pool_that_is_not_to_be_shared_is_no_area(
	void **state __maybe_unused)
{
	begin();
	tree_node("private");
	tree_string("compatible", "shared-dma-pool");
	tree_cells("reg", LIMIT, BLOCK);
	tree_end();
	tree_node("unmapped");
	pool();
	flag("no-map");
	tree_cells("reg", LIMIT + BLOCK, BLOCK);
	tree_end();
	tree_node("other");
	tree_string("compatible", "shared-dma-pool-of-ours");
	flag("reusable");
	tree_cells("reg", LIMIT + 2 * BLOCK, BLOCK);
	tree_end();
	scan();
	assert_int_equal(cma_area_count, 0);
	assert_regions(reserved, PLAIN(LIMIT, BLOCK),
		       PLAIN(LIMIT + 2 * BLOCK, BLOCK));
}

/* --- nodes without reg ---------------------------------------------------- */

static void test_dynamic_nodes_come_after_fixed_ones(
	void **state __maybe_unused)
{
	begin();
	tree_node("dynamic");
	tree_cells("size", 0x1001);
	tree_end();
	tree_node("fixed");
	tree_cells("reg", RAM_END - 0x3000, 0x3000);
	tree_end();
	scan();
	assert_regions(reserved, PLAIN(RAM_END - 0x5000, 0x1001),
		       PLAIN(RAM_END - 0x3000, 0x3000));
}

static void test_dynamic_node_keeps_its_alignment_and_ranges(
	void **state __maybe_unused)
{
	begin();
	tree_node("a");
	tree_cells("size", 0x1000);
	tree_cells("alignment", 0x10000);
	tree_cells("alloc-ranges", RAM_END, 0x100000, RAM_BASE + 0x21000,
		   0x10fff, RAM_BASE, BLOCK);
	tree_end();
	tree_node("b");
	tree_cells("size", 0x2000);
	tree_cells("alloc-ranges", RAM_BASE + 0x31000, 0x2000);
	flag("no-map");
	tree_end();
	scan();
	assert_regions(reserved, PLAIN(RAM_BASE + 0x30000, 0x1000));
	assert_regions(memory, PLAIN(RAM_BASE, 0x31000),
		       PLAIN(RAM_BASE + 0x33000, RAM_END - RAM_BASE - 0x33000));
}

static void test_dynamic_area_never_crosses_the_end_of_lowmem(
	void **state __maybe_unused)
{
	begin();
	tree_node("high");
	pool();
	tree_cells("size", 4 * BLOCK);
	tree_end();
	tree_node("low");
	pool();
	tree_cells("size", 3 * BLOCK);
	tree_end();
	tree_node("none");
	pool();
	tree_cells("size", 4 * BLOCK);
	tree_end();
	scan();
	assert_int_equal(cma_area_count, 2);
	assert_int_equal(cma_areas[0].base_pfn,
			 PFN_DOWN(RAM_END - 4 * BLOCK_BYTES));
	assert_int_equal(cma_areas[1].base_pfn,
			 PFN_DOWN(LIMIT - 3 * BLOCK_BYTES));
	assert_true(console_says("error: none: no "));
}

static void test_dynamic_nodes_that_cannot_be_had_are_named_and_left_out(
	void **state __maybe_unused)
{
	begin();
	tree_node("zero");
	tree_cells("size", 0);
	tree_end();
	tree_node("wide");
	tree_cells("size", 0, 0x1000);
	tree_end();
	tree_node("crooked");
	tree_cells("size", 0x1000);
	tree_cells("alignment", 0x3000);
	tree_end();
	tree_node("huge");
	tree_cells("size", ~0u);
	tree_end();
	tree_node("elsewhere");
	tree_cells("size", 0x1000);
	tree_cells("alloc-ranges", 0x90000000, 0x1000);
	tree_end();
	scan();
	assert_empty(&memblock.reserved);
	assert_true(console_says("error: zero: "));
	assert_true(console_says("error: wide: "));
	assert_true(console_says("error: crooked: "));
	assert_true(console_says("error: huge: no 0xffffffff bytes"));
	assert_true(console_says("error: elsewhere: no 0x1000 bytes"));
}

/* --- early pools ---------------------------------------------------------- */

static void early_pool(const char *name, phys_addr_t base, bool no_map)
{
	tree_node(name);
	tree_string("compatible", "mmscope,early-pool");
	tree_cells("reg", (u32)base, 0x10000);
	if (no_map)
		flag("no-map");
	tree_end();
}

static void test_early_pool_serves_allocations_and_stays_one_region(
	void **state __maybe_unused)
{
	begin();
	early_pool("pool", RAM_BASE + BLOCK, false);
	scan();
	for (int i = 0; i < 16; i++)
		assert_in_range(memblock_alloc(0x800, 64), RAM_BASE + BLOCK,
				RAM_BASE + BLOCK + 0xffff);
	assert_regions(reserved, PLAIN(RAM_BASE + BLOCK, 0x10000));
}

static void test_early_pool_must_be_memory_to_the_end_of_the_tree(
	void **state __maybe_unused)
{
	phys_addr_t low = RAM_BASE + BLOCK;

	begin();
	early_pool("unmapped", low, true);
	early_pool("outside", RAM_END, false);
	early_pool("half", RAM_END - 0x8000, false);
	early_pool("pierced", low + 0x20000, false);
	tree_node("hole");
	tree_cells("reg", (u32)low + 0x28000, 0x1000);
	flag("no-map");
	tree_end();
	scan();
	for (int i = 0; i < 64; i++) {
		phys_addr_t at = memblock_alloc(0x800, 64);

		assert_true(memblock_is_region_memory(at, 0x800));
		assert_true(at < low || at >= low + 0x30000);
	}
	assert_true(console_says("error: unmapped: "));
	assert_true(console_says("error: pierced: "));
}

/* --- broken on purpose ---------------------------------------------------- */

/* As guest/main.c does, to the idle loop. */
static void boot_tree(const void *fdt, size_t bytes)
{
	setup_machine_fdt(fdt, bytes);
	memblock_from_tree();
	/* The rest writes into RAM, which must be the host's. */
	if (memblock_start_of_DRAM() < RAM_BASE ||
	    memblock_end_of_DRAM() > RAM_END || arm_lowmem_limit > LIMIT)
		return;
	boot();
	kmem_cache_init();
	cma_init_reserved_areas();
	assert_sound();
}

/* Some of everything above. */
static size_t tree_of_all(void)
{
	tree_begin();
	tree_memreserve(RAM_BASE + 0x1001, 2);
	tree_memreserve(RAM_BASE + 0x5000, 0x3000);
	tree_root(1);
	tree_node("chosen");
	tree_string("bootargs", "quiet cma=4M mem=1G vmalloc=16M");
	tree_end();
	tree_memory(RAM_BASE, 5 * BLOCK);
	tree_memory((u32)LIMIT, HIGH_BLOCKS * BLOCK);
	tree_node("reserved-memory");
	tree_cells("#address-cells", 1);
	tree_cells("#size-cells", 1);
	tree_bytes("ranges", "", 0);
	early_pool("pool", RAM_BASE + BLOCK, false);
	early_pool("gone", RAM_BASE + BLOCK + 0x20000, true);
	tree_node("cma");
	pool();
	flag("linux,cma-default");
	tree_cells("reg", LIMIT + BLOCK, BLOCK, RAM_BASE + 0x9000, 0x100);
	tree_end();
	tree_node("dynamic");
	pool();
	tree_string("status", "okay");
	tree_cells("size", BLOCK);
	tree_cells("alignment", BLOCK);
	tree_cells("alloc-ranges", LIMIT, 2 * BLOCK, LIMIT,
		   HIGH_BLOCKS * BLOCK);
	tree_end();
	tree_node("hole");
	tree_cells("size", 0x3000);
	flag("no-map");
	tree_end();
	tree_end();
	return tree_finish();
}

static void test_whole_tree_boots_to_a_sound_machine(
	void **state __maybe_unused)
{
	size_t bytes = tree_of_all();

	boot_tree(load(tree_text, bytes), bytes);
	assert_int_equal(cma_area_count, 2);
	assert_true(cma_areas[0].active && cma_areas[1].active);
	assert_true(console_says("cma= is ignored"));
}

static void test_broken_trees_end_well_or_in_one_line(
	void **state __maybe_unused)
{
	/* With the largest blocks a machine takes ten times as long. */
	unsigned int rounds = MAX_ORDER > 12 ? 300 : 3000;

	fuzz_tree(tree_text, tree_of_all(), rounds, setup, boot_tree);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_memreserves_are_reserved_byte_by_byte),
		T(test_tree_reserves_its_own_bytes),
		T(test_all_pairs_of_reg_are_reserved),
		T(test_no_map_takes_every_page_it_touches_out_of_memory),
		T(test_only_nodes_that_are_okay_count),
		T(test_reg_without_whole_pairs_panics_with_the_nodes_name),
		T(test_reservations_beyond_the_array_panic),
		T(test_reusable_pool_is_an_area_and_may_be_the_default),
		T(test_pool_that_is_not_aligned_is_named_and_only_reserved),
		T(test_pool_that_is_not_to_be_shared_is_no_area),
		T(test_dynamic_nodes_come_after_fixed_ones),
		T(test_dynamic_node_keeps_its_alignment_and_ranges),
		T(test_dynamic_area_never_crosses_the_end_of_lowmem),
		T(test_dynamic_nodes_that_cannot_be_had_are_named_and_left_out),
		T(test_early_pool_serves_allocations_and_stays_one_region),
		T(test_early_pool_must_be_memory_to_the_end_of_the_tree),
		T(test_whole_tree_boots_to_a_sound_machine),
		T(test_broken_trees_end_well_or_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
