// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_scenario.c - the guest's workloads, on the host: whole machines under
 * load, with every invariant checked, and all of it given back.
 */
#include "whole_machine.h"
#include <guest/monitor.h>
#include <guest/scenario.h>

#define LOW	8
#define HIGH	6

/*
 * Page tables stay once they are made, a chunk of per-CPU memory with its pages
 * stays as a spare, and so do the slabs of what describes them.
 */
#define KEPT_PAGES	(8 * WHOLE_CPUS + 16)

static const struct truth_run *last_run(void)
{
	assert_true(truth_nr_runs > 0);
	return &truth_runs[(truth_nr_runs - 1) % TRUTH_RUNS];
}

static void run_and_release(const char *name, unsigned int seed)
{
	unsigned long before, after;

	boot_whole(LOW, HIGH);
	/* Once over, so that caches and chunks that stay are there. */
	assert_int_equal(scenario_run(name, seed, 0), 0);
	scenario_release();
	before = all_free_pages();
	assert_int_equal(scenario_run(name, seed, 0), 0);
	assert_true(last_run()->allocs > 0);
	assert_int_equal(last_run()->spoilt, 0);
	scenario_release();
	after = all_free_pages();
	assert_true(after <= before + KEPT_PAGES);
	assert_true(before <= after + KEPT_PAGES);
	assert_whole();
}

static void run_seeds(const char *name)
{
	for (unsigned int seed = 1; seed <= 3; seed++)
		run_and_release(name, seed);
}

static void test_orders_give_everything_back(void **state __maybe_unused)
{
	run_seeds("orders");
}

static void test_fragment_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("fragment");
}

static void test_exhaust_recovers(void **state __maybe_unused)
{
	run_seeds("exhaust");
	/* What is left belongs to a pageblock kept for atomic requests. */
	assert_true(last_run()->least_free_pages < pageblock_nr_pages);
	assert_int_equal(last_run()->allocs, last_run()->frees);
}

static void test_slab_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("slab");
}

static void test_vmalloc_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("vmalloc");
}

static void test_percpu_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("percpu");
}

static void test_cma_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("cma");
}

static void test_mixed_gives_everything_back(void **state __maybe_unused)
{
	run_seeds("mixed");
}

static u64 digest_of_held(void)
{
	u64 hash = 14695981039346656037ULL;	/* FNV-1a */

	for (size_t i = 0; i < TRUTH_ALLOCS; i++) {
		hash = (hash ^ truth_allocs[i].kind) * 1099511628211ULL;
		hash = (hash ^ truth_allocs[i].pfn) * 1099511628211ULL;
		hash = (hash ^ truth_allocs[i].size) * 1099511628211ULL;
	}
	return hash;
}

static void test_one_seed_is_one_run(void **state __maybe_unused)
{
	u64 first, again, other;

	boot_whole(LOW, HIGH);
	assert_int_equal(scenario_run("mixed", 7, 500), 0);
	first = digest_of_held();
	boot_whole(LOW, HIGH);
	assert_int_equal(scenario_run("mixed", 7, 500), 0);
	again = digest_of_held();
	boot_whole(LOW, HIGH);
	assert_int_equal(scenario_run("mixed", 8, 500), 0);
	other = digest_of_held();
	assert_true(first == again);
	assert_true(first != other);
}

static void test_spoilt_memory_is_seen(void **state __maybe_unused)
{
	struct truth_alloc *held;

	boot_whole(LOW, HIGH);
	held = truth_kmalloc(100, GFP_KERNEL);
	assert_non_null(held);
	((u8 *)held->addr)[99] ^= 1;
	truth_free(held);
	assert_true(console_says("1 marks overwritten"));
}

static void test_unknown_scenario(void **state __maybe_unused)
{
	boot_whole(LOW, HIGH);
	assert_int_equal(scenario_run("nonsense", 1, 1), -ENOENT);
	assert_int_equal(truth_nr_runs, 0);
}

static void test_boot_argument(void **state __maybe_unused)
{
	boot_whole(LOW, HIGH);
	assert_int_equal(scenario_boot_arg("nonsense"), -EINVAL);
	assert_int_equal(scenario_boot_arg("slab,"), -EINVAL);
	assert_int_equal(scenario_boot_arg("slab,1,"), -EINVAL);
	assert_int_equal(scenario_boot_arg("slab,1,2,3"), -EINVAL);
	assert_int_equal(scenario_boot_arg("slabs"), -EINVAL);
	scenario_run_boot_arg();
	assert_int_equal(truth_nr_runs, 0);
	assert_int_equal(scenario_boot_arg("slab,5,20"), 0);
	scenario_run_boot_arg();
	assert_int_equal(truth_nr_runs, 1);
	assert_string_equal(last_run()->name, "slab");
	assert_int_equal(last_run()->seed, 5);
	assert_int_equal(last_run()->ops, 20);
}

/* --- the monitor ---------------------------------------------------------- */

static unsigned long held_entries(void)
{
	unsigned long n = 0;

	for (size_t i = 0; i < TRUTH_ALLOCS; i++)
		n += truth_allocs[i].kind != TRUTH_NONE;
	return n;
}

static void test_monitor_allocates_and_frees(void **state __maybe_unused)
{
	boot_whole(LOW, HIGH);
	assert_int_equal(monitor_command("alloc 3 movable"), 0);
	assert_int_equal(truth_allocs[0].kind, TRUTH_PAGES);
	assert_int_equal(truth_allocs[0].order, 3);
	assert_int_equal(monitor_command("kmalloc 100"), 0);
	assert_int_equal(monitor_command("vmalloc 0x3000"), 0);
	assert_int_equal(monitor_command("percpu 64"), 0);
	assert_int_equal(monitor_command("cma 16"), 0);
	assert_int_equal(held_entries(), 5);
	assert_int_equal(monitor_command("free 0"), 0);
	assert_int_equal(monitor_command("free 0"), -EINVAL);
	assert_int_equal(held_entries(), 4);
	assert_int_equal(monitor_command("release"), 0);
	assert_int_equal(held_entries(), 0);
	assert_whole();
}

static void test_monitor_answers_mistakes(void **state __maybe_unused)
{
	static const struct {
		const char *line;
		int err;
	} mistakes[] = {
		{ "nonsense", -ENOENT }, { "alloc", -EINVAL },
		{ "alloc x", -EINVAL }, { "alloc 99", -EINVAL },
		{ "alloc -1", -EINVAL }, { "alloc 1 nonsense", -EINVAL },
		{ "alloc 1 movable more", -EINVAL }, { "free 5000", -EINVAL },
		{ "free 1", -EINVAL }, { "run nonsense", -ENOENT },
		{ "run slab x", -EINVAL }, { "kmalloc 0", -ENOMEM },
		{ "kmalloc 0x7fffffffffff", -ENOMEM }, { "cma 99999", -ENOMEM },
		{ "vmalloc 0", -ENOMEM }, { "percpu 0", -ENOMEM },
		{ "help me", -EINVAL }, { "", 0 }, { "   ", 0 },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789", -EINVAL },
	};

	boot_whole(LOW, HIGH);
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		if (monitor_command(mistakes[i].line) != mistakes[i].err)
			fail_msg("\"%s\" is not answered by %d",
				 mistakes[i].line, mistakes[i].err);
	assert_int_equal(held_entries(), 0);
	assert_whole();
}

static void test_monitor_reads_typed_lines(void **state __maybe_unused)
{
	boot_whole(LOW, HIGH);
	host_type("allox\bc 0\r\n");
	monitor_poll();
	assert_int_equal(held_entries(), 1);
	host_type("\x7f\b\x01" "buddyinfo\n");
	monitor_poll();
	assert_true(console_says("Node 0, zone   Normal"));
	assert_true(console_says("mm> "));
}

static void test_monitor_shows_what_there_is(void **state __maybe_unused)
{
	static const char *const lines[] = {
		"help", "held", "scenarios", "buddyinfo", "mem", "drain",
		"check", "run slab 3 50", "held", "release",
	};

	boot_whole(LOW, HIGH);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(monitor_command(lines[i]), 0);
	assert_true(console_says("sound"));
	assert_true(console_says("scenario slab,3,50:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders_give_everything_back),
		cmocka_unit_test(test_fragment_gives_everything_back),
		cmocka_unit_test(test_exhaust_recovers),
		cmocka_unit_test(test_slab_gives_everything_back),
		cmocka_unit_test(test_vmalloc_gives_everything_back),
		cmocka_unit_test(test_percpu_gives_everything_back),
		cmocka_unit_test(test_cma_gives_everything_back),
		cmocka_unit_test(test_mixed_gives_everything_back),
		cmocka_unit_test(test_one_seed_is_one_run),
		cmocka_unit_test(test_spoilt_memory_is_seen),
		cmocka_unit_test(test_unknown_scenario),
		cmocka_unit_test(test_boot_argument),
		cmocka_unit_test(test_monitor_allocates_and_frees),
		cmocka_unit_test(test_monitor_answers_mistakes),
		cmocka_unit_test(test_monitor_reads_typed_lines),
		cmocka_unit_test(test_monitor_shows_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
