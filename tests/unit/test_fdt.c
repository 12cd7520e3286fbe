// SPDX-License-Identifier: GPL-2.0-or-later
/* test_fdt.c - memory, command line and console out of a device tree. */
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

static bool console_says(const char *text)
{
	return strstr(host_console(), text);
}

/* --- the tree itself ------------------------------------------------------- */

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

/* --- memory ---------------------------------------------------------------- */

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

/* --- the command line ------------------------------------------------------ */

static void bootargs(const void *args, size_t n)
{
	tree_begin();
	tree_root(1);
	tree_node("chosen");
	tree_bytes("bootargs", args, n);
	tree_end();
	tree_memory(RAM_BASE, RAM_SIZE);
	load_tree();
}

static void test_command_line_is_taken_whole_or_not_at_all(
	void **state __maybe_unused)
{
	static char args[COMMAND_LINE_SIZE + 1];

	bootargs("a b", 4);
	assert_string_equal(boot_command_line, "a b");
	ok(setup(NULL));
	bootargs("", 1);
	assert_string_equal(boot_command_line, "");
	memset(args, 'x', sizeof(args));
	panics(bootargs(args, 3), "bootargs");
	panics(bootargs(args, COMMAND_LINE_SIZE), "bootargs");
	args[COMMAND_LINE_SIZE - 1] = 0;
	ok(setup(NULL));
	bootargs(args, COMMAND_LINE_SIZE);
	assert_int_equal(strlen(boot_command_line), COMMAND_LINE_SIZE - 1);
	parse_early_param();
	args[COMMAND_LINE_SIZE - 1] = 'x';
	args[COMMAND_LINE_SIZE] = 0;
	panics(bootargs(args, COMMAND_LINE_SIZE + 1), "bootargs");
}

static void parse(const char *args)
{
	ok(setup(NULL));
	bootargs(args, strlen(args) + 1);
	parse_early_param();
}

static void test_mem_keeps_only_what_it_names(void **state __maybe_unused)
{
	parse("mem=1M");
	assert_regions(memory, PLAIN(RAM_BASE, SZ_1M));
	parse("quiet mem=0x2000@0x10003000 mem=4k mem=1M@0x13f80000");
	assert_regions(memory, PLAIN(RAM_BASE, 0x1000),
		       PLAIN(RAM_BASE + 0x3000, 0x2000),
		       PLAIN(0x13f80000, 0x80000));
	ok(setup(NULL));
	bootargs("mem=1M@0x90000000", 18);
	assert_panics(parse_early_param(), "mem= leaves no memory");
}

static void test_mem_may_come_so_often_and_then_says_so(
	void **state __maybe_unused)
{
	char args[COMMAND_LINE_SIZE] = "";
	char word[32];

	for (int i = 0; i < 40; i++) {
		snprintf(word, sizeof(word), "mem=4k@%#lx ",
			 RAM_BASE + i * 0x2000UL);
		strcat(args, word);
	}
	parse(args);
	assert_null(memblock_check());
	assert_true(memblock.memory.cnt == 40 ||
		    console_says("cannot use \"mem=4k@"));
}

static void test_bad_words_are_quoted_and_change_nothing(
	void **state __maybe_unused)
{
	static const char *const bad[] = {
		"mem=", "mem=x", "mem=1Mx", "mem=1M@", "mem=1M@x", "mem=0",
		"mem=1M@1Mx", "vmalloc=", "vmalloc=x", "vmalloc=1x", "cma=",
		"cma=x", "cma=1M@", "cma=1M@1M-", "cma=1Mx", "memblock=x",
	};
	char quoted[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		parse(bad[i]);
		snprintf(quoted, sizeof(quoted), "\"%s\"\n", bad[i]);
		if (!console_says("warning: ") || !console_says(quoted))
			fail_msg("%s: %s", bad[i], host_console());
		assert_regions(memory, PLAIN(RAM_BASE, RAM_SIZE));
		assert_int_equal(memblock_debug, 0);
	}
}

static void test_words_of_others_are_left_alone(void **state __maybe_unused)
{
	parse("  mem memblock xmem=1M cma2=1 quiet   root=/dev/x vmalloc  ");
	assert_regions(memory, PLAIN(RAM_BASE, RAM_SIZE));
	assert_false(console_says("warning"));
	parse("memblock=debug");
	assert_int_equal(memblock_debug, 1);
}

/* --- the console ----------------------------------------------------------- */

/* A UART at 0x100 of a bus at 0x2000 of a bus that is one to one. */
static void console(const char *path, const char *ranges, size_t n)
{
	ok(setup(NULL));
	tree_begin();
	tree_root(1);
	tree_node("chosen");
	if (path)
		tree_string("stdout-path", path);
	tree_end();
	tree_node("aliases");
	tree_string("serial0", "/soc/bus/uart");
	tree_end();
	tree_memory(RAM_BASE, BANK);
	tree_node("soc");
	tree_cells("#address-cells", 1);
	tree_cells("#size-cells", 1);
	tree_bytes("ranges", "", 0);
	tree_node("bus");
	tree_cells("#address-cells", 1);
	tree_cells("#size-cells", 1);
	if (ranges)
		tree_bytes("ranges", ranges, n);
	tree_node("uart");
	tree_string("compatible", "some,uart");
	tree_cells("reg", 0x100, 0x10);
	tree_end();
	tree_node("mute");
	tree_end();
	tree_end();
	tree_end();
	load_tree();
}

#define BUS	"\0\0\0\0" "\0\0\x20\0" "\0\0\x10\0"

static void test_console_is_found_and_its_address_translated(
	void **state __maybe_unused)
{
	static const char *const paths[] = {
		"/soc/bus/uart", "serial0", "serial0:115200n8",
		"/soc/bus/uart:9600",
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *compatible;
		phys_addr_t phys;

		console(paths[i], BUS, 12);
		ok(fdt_console(&compatible, &phys));
		assert_string_equal(compatible, "some,uart");
		assert_int_equal(phys, 0x2100);
		console(paths[i], "", 0);
		ok(fdt_console(&compatible, &phys));
		assert_int_equal(phys, 0x100);
	}
}

static void test_console_that_cannot_be_reached_is_none(
	void **state __maybe_unused)
{
	static const char *const paths[] = {
		NULL, "", ":", "/", "serial1", "/soc/bus/none",
		"/soc/bus/mute", "/chosen",
	};
	const char *compatible;
	phys_addr_t phys;

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		console(paths[i], BUS, 12);
		assert_int_equal(fdt_console(&compatible, &phys), -ENOENT);
	}
	console("serial0", NULL, 0);
	assert_int_equal(fdt_console(&compatible, &phys), -ENOENT);
	console("serial0", "\0\0\x10\0" "\0\0\x20\0" "\0\0\x10\0", 12);
	assert_int_equal(fdt_console(&compatible, &phys), -ENOENT);
	console("serial0", BUS, 11);
	assert_int_equal(fdt_console(&compatible, &phys), -ENOENT);
}

/* --- broken on purpose ----------------------------------------------------- */

/* As guest/main.c does, up to the first write into RAM. */
static void boot_board(const void *fdt, size_t bytes)
{
	const char *compatible;
	phys_addr_t phys;

	setup_machine_fdt(fdt, bytes);
	fdt_console(&compatible, &phys);
	parse_early_param();
	sanity_check_meminfo();
	early_init_fdt_reserve_self();
	early_init_fdt_scan_reserved_mem();
	dma_contiguous_reserve(0);
	sanity_check_meminfo();
	assert_null(memblock_check());
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
		T(test_command_line_is_taken_whole_or_not_at_all),
		T(test_mem_keeps_only_what_it_names),
		T(test_mem_may_come_so_often_and_then_says_so),
		T(test_bad_words_are_quoted_and_change_nothing),
		T(test_words_of_others_are_left_alone),
		T(test_console_is_found_and_its_address_translated),
		T(test_console_that_cannot_be_reached_is_none),
		T(test_broken_article_boards_end_well_or_in_one_line),
		T(test_broken_sabrelite_boards_end_well_or_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
