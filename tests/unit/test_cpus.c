// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cpus.c - CPUs out of a device tree: the boot CPU first, or only it. */
#include "tree.h"

#define RAM_SIZE	(64 * SZ_1M)
#define BOOT_CPU	0x100

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_SIZE, RAM_BASE + RAM_SIZE);
}

static void begin(void)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, (u32)(16 * SZ_1M));
	tree_node("cpus");
	tree_cells("#address-cells", 1);
	tree_cells("#size-cells", 0);
}

static void cpu_of_type(const char *name, const char *type, u32 reg)
{
	tree_node(name);
	if (type)
		tree_string("device_type", type);
	tree_cells("reg", reg);
	tree_end();
}

static void cpu(u32 reg)
{
	char name[16];

	snprintf(name, sizeof(name), "cpu@%x", reg);
	cpu_of_type(name, "cpu", reg);
}

static void end(void)
{
	tree_end();
	load_tree();
	arm_dt_init_cpu_maps(BOOT_CPU);
}

static void assert_cpus(const u32 *want, unsigned int n)
{
	assert_int_equal(nr_cpu_ids, n);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(__cpu_logical_map[i], want[i]);
	for (unsigned int i = n; i < NR_CPUS; i++)
		assert_int_equal(__cpu_logical_map[i], 0);
}

#define expect_cpus(...) do {						\
	const u32 _want[] = { __VA_ARGS__ };				\
	assert_cpus(_want, ARRAY_SIZE(_want));				\
} while (0)

static void assert_one_cpu(const char *said)
{
	expect_cpus(BOOT_CPU);
	assert_true(console_says("warning: device tree: /cpus"));
	assert_true(console_says(said));
	assert_true(console_says("using one CPU"));
}

static void test_boot_cpu_is_the_first_wherever_it_stands(
	void **state __maybe_unused)
{
	static const u32 others[] = { 0, 1, 0x101 };

	for (unsigned int at = 0; at <= 3; at++) {
		ok(setup(NULL));
		begin();
		for (unsigned int i = 0; i < 4; i++)
			cpu(i == at ? BOOT_CPU : others[i - (i > at)]);
		end();
		expect_cpus(BOOT_CPU, 0, 1, 0x101);
		assert_false(console_says("warning"));
	}
}

static void test_nodes_that_are_no_cpu_are_passed_over(
	void **state __maybe_unused)
{
	begin();
	cpu_of_type("idle-states", NULL, BOOT_CPU);
	cpu(BOOT_CPU);
	cpu_of_type("cache@1", "cache", 1);
	cpu_of_type("cpux@2", "cpux", 2);
	cpu(3);
	end();
	expect_cpus(BOOT_CPU, 3);
	assert_false(console_says("warning"));
}

static void test_one_cpu_is_enough(void **state __maybe_unused)
{
	begin();
	cpu(BOOT_CPU);
	end();
	expect_cpus(BOOT_CPU);
	assert_false(console_says("warning"));
}

static void test_no_cpus_node_means_one_cpu(void **state __maybe_unused)
{
	tree_begin();
	tree_root(1);
	tree_memory(RAM_BASE, (u32)(16 * SZ_1M));
	load_tree();
	arm_dt_init_cpu_maps(BOOT_CPU);
	expect_cpus(BOOT_CPU);
	assert_true(console_says("no /cpus"));
}

/* --- trees that contradict themselves ------------------------------------- */

static void test_cpu_without_reg(void **state __maybe_unused)
{
	begin();
	cpu(BOOT_CPU);
	tree_node("cpu@1");
	tree_string("device_type", "cpu");
	tree_end();
	end();
	assert_one_cpu("cpu@1 has no reg");
}

static void test_cpu_with_half_a_reg(void **state __maybe_unused)
{
	begin();
	cpu(BOOT_CPU);
	tree_node("cpu@1");
	tree_string("device_type", "cpu");
	tree_bytes("reg", "\0\1", 2);
	tree_end();
	end();
	assert_one_cpu("cpu@1 has no reg");
}

static void test_reg_with_bits_above_the_affinity(void **state __maybe_unused)
{
	begin();
	cpu(BOOT_CPU);
	cpu(0x1000000);
	end();
	assert_one_cpu("cpu@1000000 has a reg that no CPU can have");
}

static void test_two_cpus_of_one_number(void **state __maybe_unused)
{
	begin();
	cpu(1);
	cpu(BOOT_CPU);
	cpu_of_type("again", "cpu", 1);
	end();
	assert_one_cpu("again has the reg of a CPU before it");
}

static void test_boot_cpu_is_missing(void **state __maybe_unused)
{
	begin();
	cpu(1);
	cpu(2);
	end();
	assert_one_cpu("does not have the boot CPU, 0x100");
}

static void test_empty_cpus_node(void **state __maybe_unused)
{
	begin();
	end();
	assert_one_cpu("does not have the boot CPU");
}

/* --- more than there can be ----------------------------------------------- */

static void test_more_cpus_than_NR_CPUS_are_cut_and_the_boot_cpu_stays(
	void **state __maybe_unused)
{
	begin();
	for (u32 i = 0; i < NR_CPUS + 2; i++)
		cpu(i);
	cpu(BOOT_CPU);
	end();
	expect_cpus(BOOT_CPU, 0, 1, 2, 3, 4, 5, 6);
	assert_true(console_says("11 CPUs in the device tree: using 8"));
}

static void test_exactly_NR_CPUS(void **state __maybe_unused)
{
	begin();
	for (u32 i = 0; i < NR_CPUS - 1; i++)
		cpu(i);
	cpu(BOOT_CPU);
	end();
	expect_cpus(BOOT_CPU, 0, 1, 2, 3, 4, 5, 6);
	assert_false(console_says("warning"));
}

/* --- real boards, and broken ones ----------------------------------------- */

static void use_board(const void *tree, size_t bytes)
{
	setup_machine_fdt(tree, bytes);
	arm_dt_init_cpu_maps(0);
	assert_in_range(nr_cpu_ids, 1, NR_CPUS);
	assert_int_equal(__cpu_logical_map[0], 0);
}

static void test_the_boards_have_four_cpus(void **state __maybe_unused)
{
	static const char *const boards[] = { "article", "sabrelite" };
	static char tree[TREE_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(boards); i++) {
		size_t bytes = board_tree(boards[i], tree, sizeof(tree));

		ok(host_ram_init(RAM_BASE, 0x60000000, 0x40000000));
		use_board(load(tree, bytes), bytes);
		expect_cpus(0, 1, 2, 3);
	}
}

static int board_setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, 0x60000000, 0x40000000);
}

static void test_broken_trees_end_well_or_in_one_line(
	void **state __maybe_unused)
{
	static char tree[TREE_BYTES];
	size_t bytes = board_tree("sabrelite", tree, sizeof(tree));

	fuzz_tree(tree, bytes, 5000, board_setup, use_board);
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_boot_cpu_is_the_first_wherever_it_stands),
		T(test_nodes_that_are_no_cpu_are_passed_over),
		T(test_one_cpu_is_enough),
		T(test_no_cpus_node_means_one_cpu),
		T(test_cpu_without_reg),
		T(test_cpu_with_half_a_reg),
		T(test_reg_with_bits_above_the_affinity),
		T(test_two_cpus_of_one_number),
		T(test_boot_cpu_is_missing),
		T(test_empty_cpus_node),
		T(test_more_cpus_than_NR_CPUS_are_cut_and_the_boot_cpu_stays),
		T(test_exactly_NR_CPUS),
		T(test_the_boards_have_four_cpus),
		T(test_broken_trees_end_well_or_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
