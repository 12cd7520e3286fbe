// SPDX-License-Identifier: GPL-2.0-or-later
/* test_fdt.c - memory out of a device tree, whole or broken. */
#include "tree.h"

#define RAM_SIZE	(64 * SZ_1M)
#define BANK		((u32)(16 * SZ_1M))

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_SIZE, RAM_BASE + RAM_SIZE);
}

/* assert_panics() on a new machine. */
#define panics(call, said) do {						\
	ok(setup(NULL));						\
	assert_panics(call, said);					\
} while (0)

/* --- the tree itself ------------------------------------------------------ */

static void test_no_tree_panics_with_what_the_loader_gave(
	void **state __maybe_unused)
{
	__atags_pointer = 0x1234;
	assert_panics(setup_machine_fdt(NULL, 0), "0x1234");
}

/* Not one byte behind it may be looked at: the block ends there. */
static void test_tree_cut_anywhere_panics_and_nothing_behind_it_is_read(
	void **state __maybe_unused)
{
	size_t bytes;

	tree_begin();
	tree_memreserve(RAM_BASE, 0x1000);
	tree_root(1);
	tree_memory(RAM_BASE, BANK);
	bytes = tree_finish();
	for (size_t n = 0; n < bytes; n++) {
		panics(setup_machine_fdt(load(tree_text, n), n), "device tree");
		assert_null(initial_boot_params);
		assert_empty(&memblock.memory);
	}
}

static void test_tree_that_says_it_is_larger_than_mapped_panics(
	void **state __maybe_unused)
{
	size_t bytes;

	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, BANK);
	bytes = tree_finish();
	fdt_set_totalsize(tree_text, (u32)bytes + 1);
	assert_panics(setup_machine_fdt(load(tree_text, bytes), bytes),
		      "device tree");
}

/* libfdt reads formats back to version 2, but not their nameless root. */
static void test_tree_of_an_old_format_is_refused(void **state __maybe_unused)
{
	size_t bytes;

	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, BANK);
	bytes = tree_finish();
	for (u32 version = 0; version < 16; version++) {
		fdt_set_version(tree_text, version);
		fdt_set_last_comp_version(tree_text, version ? 1 : 0);
		panics(setup_machine_fdt(load(tree_text, bytes), bytes),
		       "device tree");
	}
	fdt_set_version(tree_text, 17);
	fdt_set_last_comp_version(tree_text, 18);
	panics(setup_machine_fdt(load(tree_text, bytes), bytes), "VERSION");
}

/* The specification wants it aligned; a loader's or a bit's mistake. */
static void test_structure_at_an_odd_offset_is_read_or_refused(
	void **state __maybe_unused)
{
	static char moved[TREE_BYTES];
	size_t bytes, structure;

	for (u32 by = 1; by < 4; by++) {
		ok(setup(NULL));
		tree_begin();
		tree_root(2);
		tree_node("memory");
		tree_string("device_type", "memory");
		tree_cells("reg", 0, RAM_BASE, 0, BANK);
		tree_end();
		bytes = tree_finish();
		structure = fdt_off_dt_struct(tree_text);
		memcpy(moved, tree_text, structure);
		memcpy(moved + structure + by, tree_text + structure,
		       bytes - structure);
		fdt_set_off_dt_struct(moved, (u32)structure + by);
		fdt_set_off_dt_strings(moved,
				       fdt_off_dt_strings(tree_text) + by);
		fdt_set_totalsize(moved, (u32)bytes + by);
		if (setjmp(*host_panic_expected()) == 0) {
			setup_machine_fdt(load(moved, bytes + by), bytes + by);
			assert_regions(memory, PLAIN(RAM_BASE, BANK));
		} else {
			assert_non_null(strstr(host_panic_text(),
					       "device tree"));
		}
	}
}

/* --- memory --------------------------------------------------------------- */

static void test_banks_of_all_nodes_and_pairs_are_memory(
	void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE + 2 * BANK, 0x1000);
	tree_node("memory");
	tree_string("device_type", "memory");
	tree_cells("reg", RAM_BASE, 0x3000, RAM_BASE + 0x3000, 0x1000,
		   RAM_BASE + BANK, 0x1000, RAM_BASE + 3 * BANK, 0);
	tree_end();
	load_tree();
	assert_regions(memory, PLAIN(RAM_BASE, 0x4000),
		       PLAIN(RAM_BASE + BANK, 0x1000),
		       PLAIN(RAM_BASE + 2 * BANK, 0x1000));
}

static void test_cells_are_2_and_1_where_the_tree_does_not_say(
	void **state __maybe_unused)
{
	tree_begin();
	ok(fdt_finish_reservemap(tree_text));
	tree_node("");
	tree_node("memory");
	tree_string("device_type", "memory");
	tree_cells("reg", 0, RAM_BASE, BANK, 1, 0, 0x2000);
	tree_end();
	load_tree();
	assert_regions(memory, PLAIN(RAM_BASE, BANK),
		       PLAIN(0x100000000, 0x2000));
}

static void test_only_whole_pages_are_memory(void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	tree_node("memory");
	tree_string("device_type", "memory");
	tree_cells("reg", RAM_BASE + 1, 0x3000, RAM_BASE + 0x10fff, 0x1001,
		   RAM_BASE + 0x20001, 0x1ffe, RAM_BASE + 0x30000, 0xfff);
	tree_end();
	load_tree();
	assert_regions(memory, PLAIN(RAM_BASE + 0x1000, 0x2000),
		       PLAIN(RAM_BASE + 0x11000, 0x1000));
	assert_true(console_says("warning: memory at 0x10030000, size 0xfff"));
}

static void test_memory_below_the_image_is_cut_and_named(
	void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE - BANK, 2 * BANK);
	tree_memory(0x1000, 0x1000);
	load_tree();
	assert_regions(memory, PLAIN(RAM_BASE, BANK));
	assert_true(console_says("[0x0f000000-0x0fffffff] below"));
	assert_true(console_says("[0x00001000-0x00001fff] below"));
}

static void test_sizes_that_wrap_end_with_the_address_space(
	void **state __maybe_unused)
{
	phys_addr_t end = PHYS_ADDR_MAX & PAGE_MASK;

	tree_begin();
	tree_root(2);
	tree_node("memory");
	tree_string("device_type", "memory");
	tree_cells("reg", 1, 0, ~0u, ~0u, ~0u, ~0u, 0, 0x5000, ~0u,
		   0xfffff001, 0, 0x1000);
	tree_end();
	load_tree();
	assert_int_equal(memblock.memory.cnt, 1);
	assert_int_equal(memblock.memory.regions[0].base, 0x100000000);
	assert_int_equal(memblock.memory.total_size, end - 0x100000000);
	assert_null(memblock_check());
}

static void test_only_device_type_memory_counts(void **state __maybe_unused)
{
	static const char *const types[] = {
		"memory", "memor", "memoryx", "Memory", "", "cpu",
	};
	char name[16];

	tree_begin();
	tree_root(1);
	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		snprintf(name, sizeof(name), "memory@%u", i);
		tree_node(name);
		tree_string("device_type", types[i]);
		tree_cells("reg", RAM_BASE + i * BANK, 0x1000);
		tree_end();
	}
	tree_node("memory@7");		/* not terminated */
	tree_bytes("device_type", "memory", 6);
	tree_cells("reg", RAM_BASE + 7 * BANK, 0x1000);
	tree_end();
	load_tree();
	assert_regions(memory, PLAIN(RAM_BASE, 0x1000));
}

static void memory_reg(const char *bytes, size_t n)
{
	tree_begin();
	tree_root(1);
	tree_node("memory");
	tree_string("device_type", "memory");
	if (bytes)
		tree_bytes("reg", bytes, n);
	tree_end();
	load_tree();
}

static void test_memory_without_whole_pairs_panics_with_its_name(
	void **state __maybe_unused)
{
	panics(memory_reg(NULL, 0), "memory has no valid reg");
	panics(memory_reg("\x10\0\0", 3), "memory has no valid reg");
	panics(memory_reg("\x10\0\0\0", 4), "memory has no valid reg");
	panics(memory_reg("\x10\0\0\0\1\0\0\0\1", 9),
	       "memory has no valid reg");
	panics(memory_reg("", 0), "no memory");
}

static void root_of_cells(u32 cells)
{
	tree_begin();
	tree_root(cells);
	tree_memory(RAM_BASE, BANK);
	load_tree();
}

static void test_cells_that_cannot_be_read_panic(void **state __maybe_unused)
{
	panics(root_of_cells(3), "#address-cells is 3");
	panics(root_of_cells(~0u), "#address-cells is 4294967295");
	panics(root_of_cells(0), "reg");
}

static void test_banks_beyond_the_array_panic(void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	for (u32 i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		tree_memory(RAM_BASE + i * 0x10000, 0x1000);
	load_tree();
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS);

	ok(setup(NULL));
	tree_begin();
	tree_root(1);
	for (u32 i = 0; i <= INIT_MEMBLOCK_REGIONS; i++)
		tree_memory(RAM_BASE + i * 0x10000, 0x1000);
	assert_panics(load_tree(), "128 memory banks");
}

/* --- broken on purpose ---------------------------------------------------- */

/* As guest/main.c does, up to the first write into RAM. */
static void boot_board(const void *fdt, size_t bytes)
{
	const char *compatible;
	phys_addr_t phys;

	setup_machine_fdt(fdt, bytes);
	fdt_console(&compatible, &phys);
	memblock_from_tree();
}

static int board_setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, 0x60000000, 0x40000000);
}

static void fuzz_board(const char *board)
{
	static char tree[TREE_BYTES];
	size_t bytes = board_tree(board, tree, sizeof(tree));

	fuzz_tree(tree, bytes, 5000, board_setup, boot_board);
}

static void test_broken_article_boards_end_well_or_in_one_line(
	void **state __maybe_unused)
{
	fuzz_board("article");
}

static void test_broken_sabrelite_boards_end_well_or_in_one_line(
	void **state __maybe_unused)
{
	fuzz_board("sabrelite");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_no_tree_panics_with_what_the_loader_gave),
		T(test_tree_cut_anywhere_panics_and_nothing_behind_it_is_read),
		T(test_tree_that_says_it_is_larger_than_mapped_panics),
		T(test_tree_of_an_old_format_is_refused),
		T(test_structure_at_an_odd_offset_is_read_or_refused),
		T(test_banks_of_all_nodes_and_pairs_are_memory),
		T(test_cells_are_2_and_1_where_the_tree_does_not_say),
		T(test_only_whole_pages_are_memory),
		T(test_memory_below_the_image_is_cut_and_named),
		T(test_sizes_that_wrap_end_with_the_address_space),
		T(test_only_device_type_memory_counts),
		T(test_memory_without_whole_pairs_panics_with_its_name),
		T(test_cells_that_cannot_be_read_panic),
		T(test_banks_beyond_the_array_panic),
		T(test_broken_article_boards_end_well_or_in_one_line),
		T(test_broken_sabrelite_boards_end_well_or_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
