// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vmstat.c - counters of zones and the node, and what each CPU keeps
 * back of them.
 */
#include "pcp_machine.h"

#define THRESHOLD	6		/* of 256 MB on one CPU that runs */

static int setup(void **state __maybe_unused)
{
	boot_pagesets(CPUS);
	refresh_zone_stat_thresholds();
	assert_null(vmstat_check());
	return 0;
}

static struct zone *normal(void)
{
	return zone_of(ZONE_NORMAL);
}

static s8 *diff_of(unsigned int cpu, enum zone_stat_item item)
{
	return &per_cpu_ptr(normal()->pageset, cpu)->vm_stat_diff[item];
}

static void test_thresholds_are_linux_s(void **state __maybe_unused)
{
	/* 2 * fls(1 CPU) * (1 + fls(MB / 128)): 256 MB is 2, 64 MB 0 units */
	assert_int_equal(per_cpu_ptr(normal()->pageset, 3)->stat_threshold,
			 THRESHOLD);
	assert_int_equal(per_cpu_ptr(zone_of(ZONE_HIGHMEM)->pageset, 3)
			 ->stat_threshold, 2);
	/* The node's is the highest of its zones. */
	assert_int_equal(per_cpu_ptr(contig_page_data.per_cpu_nodestats, 3)
			 ->stat_threshold, THRESHOLD);
}

static void test_small_changes_stay_with_their_cpu(void **state __maybe_unused)
{
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		mod_zone_page_state(normal(), NR_MLOCK, THRESHOLD);
	}
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 0);
	assert_int_equal(zone_page_state_snapshot(normal(), NR_MLOCK),
			 CPUS * THRESHOLD);
	mod_zone_page_state(normal(), NR_MLOCK, 1);	/* too much for one */
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), THRESHOLD + 1);
	assert_int_equal(global_page_state(NR_MLOCK), THRESHOLD + 1);
	assert_int_equal(*diff_of(CPUS - 1, NR_MLOCK), 0);
	assert_int_equal(zone_page_state_snapshot(normal(), NR_MLOCK),
			 CPUS * THRESHOLD + 1);
	assert_null(vmstat_check());
}

static void test_refresh_brings_a_cpu_s_share_in(void **state __maybe_unused)
{
	host_set_cpu(1);
	mod_zone_page_state(normal(), NR_MLOCK, 4);
	__mod_node_page_state(&contig_page_data, NR_SLAB_PAGES_FREED, 3);
	host_set_cpu(2);
	mod_zone_page_state(normal(), NR_MLOCK, 5);
	refresh_cpu_vm_stats();
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 5);
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), 0);
	host_set_cpu(1);
	refresh_cpu_vm_stats();
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 9);
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), 3);
	assert_null(vmstat_check());
}

/* More than an s8 holds goes past the differences at once. */
static void test_large_changes_are_exact_at_once(void **state __maybe_unused)
{
	mod_zone_page_state(normal(), NR_MLOCK, 1000);
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 1000);
	mod_zone_page_state(normal(), NR_MLOCK, -990);
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 10);
	mod_zone_page_state(normal(), NR_MLOCK, -THRESHOLD);
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 10);
	assert_int_equal(zone_page_state_snapshot(normal(), NR_MLOCK), 4);
}

static void test_no_counter_reads_below_zero(void **state __maybe_unused)
{
	mod_zone_page_state(normal(), NR_MLOCK, -100);
	__mod_node_page_state(&contig_page_data, NR_SLAB_PAGES_FREED, -100);
	assert_int_equal(zone_page_state(normal(), NR_MLOCK), 0);
	assert_int_equal(zone_page_state_snapshot(normal(), NR_MLOCK), 0);
	assert_int_equal(global_page_state(NR_MLOCK), 0);
	assert_int_equal(node_page_state(&contig_page_data,
					 NR_SLAB_PAGES_FREED), 0);
	assert_null(vmstat_check());
}

static void test_difference_past_its_threshold_is_STAT_1(
	void **state __maybe_unused)
{
	struct per_cpu_nodestat *node =
		per_cpu_ptr(contig_page_data.per_cpu_nodestats, 2);

	*diff_of(3, NR_BOUNCE) = THRESHOLD + 1;
	assert_broken(vmstat_check(), "STAT-1");
	*diff_of(3, NR_BOUNCE) = -THRESHOLD - 1;
	assert_broken(vmstat_check(), "STAT-1");
	*diff_of(3, NR_BOUNCE) = -THRESHOLD;
	assert_null(vmstat_check());
	node->vm_node_stat_diff[NR_SLAB_PAGES_FREED] = THRESHOLD + 1;
	assert_broken(vmstat_check(), "STAT-1");
}

static void test_sum_that_is_not_the_zones_is_STAT_2(
	void **state __maybe_unused)
{
	atomic_long_add(1, &vm_zone_stat[NR_PAGETABLE]);
	assert_broken(vmstat_check(), "STAT-2");
	atomic_long_add(1, &zone_of(ZONE_HIGHMEM)->vm_stat[NR_PAGETABLE]);
	assert_null(vmstat_check());
	atomic_long_add(1, &vm_node_stat[NR_SLAB_PAGES_FREED]);
	assert_broken(vmstat_check(), "STAT-2");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_thresholds_are_linux_s),
		T(test_small_changes_stay_with_their_cpu),
		T(test_refresh_brings_a_cpu_s_share_in),
		T(test_large_changes_are_exact_at_once),
		T(test_no_counter_reads_below_zero),
		T(test_difference_past_its_threshold_is_STAT_1),
		T(test_sum_that_is_not_the_zones_is_STAT_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
