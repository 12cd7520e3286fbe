// SPDX-License-Identifier: GPL-2.0-or-later
/* test_fdt_chosen.c - command line and console out of a device tree. */
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

/* --- the command line ----------------------------------------------------- */

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

/* --- the console ---------------------------------------------------------- */

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

/* --- its interrupt -------------------------------------------------------- */

#define GIC_PHANDLE 7u

static void console_with_irq(const char *controller, u32 kind, u32 number,
			     u32 reg_bytes)
{
	const u32 reg[] = {
		cpu_to_fdt32(0x1000), cpu_to_fdt32(0x1000),
		cpu_to_fdt32(0x2000), cpu_to_fdt32(0x100),
	};
	const u32 irq[] = {
		cpu_to_fdt32(kind), cpu_to_fdt32(number), cpu_to_fdt32(4),
	};
	const u32 phandle = cpu_to_fdt32(GIC_PHANDLE);

	ok(setup(NULL));
	tree_begin();
	tree_root(1);
	tree_bytes("interrupt-parent", &phandle, sizeof(phandle));
	tree_node("chosen");
	tree_string("stdout-path", "/uart");
	tree_end();
	tree_memory(RAM_BASE, BANK);
	tree_node("gic");
	tree_string("compatible", controller);
	tree_bytes("reg", reg, reg_bytes);
	tree_bytes("phandle", &phandle, sizeof(phandle));
	tree_end();
	tree_node("uart");
	tree_string("compatible", "some,uart");
	tree_bytes("interrupts", irq, sizeof(irq));
	tree_end();
	load_tree();
}

static void test_console_interrupt_is_found(void **state __maybe_unused)
{
	struct fdt_irq irq;

	for (u32 n = 0; n <= 987; n += 329) {
		console_with_irq("arm,cortex-a9-gic", 0, n, 16);
		ok(fdt_console_irq(&irq));
		assert_int_equal(irq.irq, n + 32);
		assert_int_equal(irq.distributor, 0x1000);
		assert_int_equal(irq.cpu_interface, 0x2000);
	}
}

/* Such a number would be a register far outside of the controller. */
static void test_interrupt_that_cannot_be_is_none(void **state __maybe_unused)
{
	static const u32 numbers[] = { 988, 1 << 20, ~0u - 31, ~0u };
	struct fdt_irq irq;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		console_with_irq("arm,cortex-a9-gic", 0, numbers[i], 16);
		assert_int_equal(fdt_console_irq(&irq), -ENOENT);
	}
	console_with_irq("arm,cortex-a9-gic", 1, 5, 16);
	assert_int_equal(fdt_console_irq(&irq), -ENOENT);
	console_with_irq("some,gic", 0, 5, 16);
	assert_int_equal(fdt_console_irq(&irq), -ENOENT);
	console_with_irq("arm,cortex-a9-gic", 0, 5, 8);
	assert_int_equal(fdt_console_irq(&irq), -ENOENT);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_command_line_is_taken_whole_or_not_at_all),
		T(test_mem_keeps_only_what_it_names),
		T(test_mem_may_come_so_often_and_then_says_so),
		T(test_bad_words_are_quoted_and_change_nothing),
		T(test_words_of_others_are_left_alone),
		T(test_console_is_found_and_its_address_translated),
		T(test_console_that_cannot_be_reached_is_none),
		T(test_console_interrupt_is_found),
		T(test_interrupt_that_cannot_be_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
