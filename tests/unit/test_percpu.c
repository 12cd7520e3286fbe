// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_percpu.c - the first chunk: every CPU's copies, areas taken, given
 * back and merged, and each invariant found broken.
 */
#include "machine.h"
#include <mm/percpu_internal.h>

#define RAM_SIZE (4 * BLOCK_BYTES)

static void boot_cpus(unsigned int cpus)
{
	new_ram_with_pool(RAM_BASE, RAM_SIZE, RAM_BASE + RAM_SIZE);
	memblock_add(RAM_BASE, RAM_SIZE);
	set_nr_cpu_ids(cpus);
	boot();
}

static void test_every_cpu_has_zeroed_memory_of_its_own(
	void **state __maybe_unused)
{
	unsigned int cpu;
	int *p;

	boot_cpus(4);
	p = alloc_percpu(int);
	assert_non_null(p);
	for_each_possible_cpu(cpu)
		assert_int_equal(*per_cpu_ptr(p, cpu), 0);
	for_each_possible_cpu(cpu) {
		host_set_cpu(cpu);
		assert_int_equal(smp_processor_id(), cpu);
		*this_cpu_ptr(p) = (int)cpu + 1;
	}
	for_each_possible_cpu(cpu)
		assert_int_equal(*per_cpu_ptr(p, cpu), cpu + 1);
	assert_null(percpu_check());
	free_percpu(p);
	assert_null(percpu_check());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cpu_has_zeroed_memory_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
