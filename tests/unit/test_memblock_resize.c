// SPDX-License-Identifier: GPL-2.0-or-later
/* test_memblock_resize.c - arrays that are full, and arrays that grow. */
#include "machine.h"

#include <mm/printk.h>

#define RAM_SIZE	(16 * SZ_1M)
#define RAM_END		(RAM_BASE + RAM_SIZE)

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_SIZE, RAM_END);
}

static int setup_ram(void **state)
{
	return setup(state) || memblock_add(RAM_BASE, RAM_SIZE);
}

/* --- arrays --------------------------------------------------------------- */

static void fill(unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		assert_int_equal(memblock_reserve(RAM_BASE + 32 * i, 16), 0);
}

static bool reserved_exactly(phys_addr_t base, phys_addr_t size)
{
	for (unsigned long i = 0; i < memblock.reserved.cnt; i++)
		if (memblock.reserved.regions[i].base == base &&
		    memblock.reserved.regions[i].size == size)
			return true;
	return false;
}

static void test_full_array_before_allow_resize_is_ENOMEM(
	void **state __maybe_unused)
{
	struct memblock_region *regions = memblock.reserved.regions;

	fill(INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserve(RAM_END - 16, 16), -ENOMEM);
	assert_int_equal(memblock_free(RAM_BASE + 4, 4), -ENOMEM);
	assert_int_equal(memblock_set_node(RAM_BASE + 4, 4, &memblock.reserved,
					   0), -ENOMEM);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_REGIONS);
	assert_ptr_equal(memblock.reserved.regions, regions);
	for (int i = 0; i < INIT_MEMBLOCK_REGIONS; i++) {
		assert_int_equal(regions[i].base, RAM_BASE + 32 * i);
		assert_int_equal(regions[i].size, 16);
	}
	assert_null(memblock_check());
	assert_int_equal(memblock_alloc_range(1, 1, RAM_BASE + SZ_1M, 0, 0), 0);
}

static void test_full_memory_array_is_ENOMEM_too(void **state __maybe_unused)
{
	for (int i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_add(RAM_BASE + 32 * i, 16), 0);
	assert_int_equal(memblock_add(RAM_END - 16, 16), -ENOMEM);
	assert_int_equal(memblock_mark_nomap(RAM_BASE + 4, 4), -ENOMEM);
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.memory.total_size,
			 16 * INIT_MEMBLOCK_REGIONS);
	assert_null(memblock_check());
}

/* The room that an operation needs is counted, not guessed. */
static void test_a_nearly_full_array_takes_what_fits(
	void **state __maybe_unused)
{
	unsigned long n = INIT_MEMBLOCK_REGIONS;

	fill(n);
	assert_int_equal(memblock_reserve(RAM_BASE + 4, 8), 0);
	assert_int_equal(memblock_reserve(RAM_BASE, 16), 0);
	assert_int_equal(memblock_reserve(RAM_BASE + 16, 1), -ENOMEM);
	assert_int_equal(memblock_free(RAM_BASE + 32 * (n - 2), 48), 0);
	assert_int_equal(memblock.reserved.cnt, n - 2);
	/* Three gaps are three regions, for as long as it takes to merge. */
	assert_int_equal(memblock_reserve(RAM_BASE, 32 * 3 + 16), -ENOMEM);
	assert_int_equal(memblock_reserve(RAM_BASE + 4, 32 * 2 + 13), -ENOMEM);
	assert_int_equal(memblock.reserved.cnt, n - 2);
	assert_int_equal(memblock_reserve(RAM_BASE, 32 * 2 + 16), 0);
	assert_int_equal(memblock.reserved.cnt, n - 4);
	assert_int_equal(memblock_reserved_size(), 16 * (n - 2) + 32);
	assert_null(memblock_check());
}

static void test_a_nearly_full_array_splits_what_fits(
	void **state __maybe_unused)
{
	unsigned long n = INIT_MEMBLOCK_REGIONS;

	fill(n - 2);
	assert_int_equal(memblock_free(RAM_BASE + 4, 4), 0);
	assert_int_equal(memblock.reserved.cnt, n - 1);
	assert_int_equal(memblock_free(RAM_BASE + 32 + 4, 4), -ENOMEM);
	assert_int_equal(memblock.reserved.cnt, n - 1);
	assert_int_equal(memblock_reserved_size(), 16 * (n - 2) - 4);
	assert_null(memblock_check());
}

static void test_array_doubles_and_reserves_itself(void **state __maybe_unused)
{
	phys_addr_t bytes = PAGE_ALIGN(2 * INIT_MEMBLOCK_REGIONS *
				       sizeof(struct memblock_region));
	unsigned long n = INIT_MEMBLOCK_REGIONS + 1;
	char text[100];

	memblock_allow_resize();
	fill(n);
	assert_int_equal(memblock.reserved.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.cnt, n + 1);
	assert_true(reserved_exactly(__pa(memblock.reserved.regions), bytes));
	snprintf(text, sizeof(text),
		 "reserved is doubled to %d at [0x%08lx-0x%08lx]",
		 2 * INIT_MEMBLOCK_REGIONS, __pa(memblock.reserved.regions),
		 __pa(memblock.reserved.regions) + bytes - 1);
	assert_non_null(strstr(host_console(), text));
	assert_int_equal(memblock_reserved_size(), 16 * n + bytes);
	for (unsigned long i = 0; i < n; i++)
		assert_true(reserved_exactly(RAM_BASE + 32 * i, 16));
	assert_null(memblock_check());
}

static void test_second_doubling_frees_the_first_array(
	void **state __maybe_unused)
{
	phys_addr_t bytes = PAGE_ALIGN(4 * INIT_MEMBLOCK_REGIONS *
				       sizeof(struct memblock_region));
	unsigned long n = 2 * INIT_MEMBLOCK_REGIONS + 8;

	memblock_allow_resize();
	fill(n);
	assert_int_equal(memblock.reserved.max, 4 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserved_size(), 16 * n + bytes);
	assert_true(reserved_exactly(__pa(memblock.reserved.regions), bytes));
	assert_null(memblock_check());
}

static void test_memory_array_doubles_into_reserved_memory(
	void **state __maybe_unused)
{
	memblock_remove(RAM_BASE, SZ_1M);
	memblock_allow_resize();
	for (int i = 0; i < INIT_MEMBLOCK_REGIONS; i++)
		assert_int_equal(memblock_add(RAM_BASE + 32 * i, 16), 0);
	assert_int_equal(memblock.memory.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.memory.cnt, INIT_MEMBLOCK_REGIONS + 1);
	assert_true(reserved_exactly(__pa(memblock.memory.regions),
				     memblock_reserved_size()));
	assert_null(memblock_check());
}

static void test_new_array_keeps_off_the_range_to_be_reserved(
	void **state __maybe_unused)
{
	phys_addr_t top = RAM_END - SZ_1M;

	memblock_allow_resize();
	fill(INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock_reserve(top, SZ_1M), 0);
	assert_int_equal(memblock.reserved.max, 2 * INIT_MEMBLOCK_REGIONS);
	assert_true(__pa(memblock.reserved.regions) < top);
	assert_true(memblock_is_reserved(__pa(memblock.reserved.regions)));
	assert_null(memblock_check());
}

static void test_no_room_for_a_larger_array_is_ENOMEM(
	void **state __maybe_unused)
{
	memblock_allow_resize();
	fill(INIT_MEMBLOCK_REGIONS - 1);
	memblock_remove(RAM_BASE + 0x1000, RAM_SIZE - 0x1000);
	memblock_reserve(RAM_END, 16);
	assert_int_equal(memblock_reserve(RAM_END + 32, 16), -ENOMEM);
	assert_int_equal(memblock.reserved.cnt, INIT_MEMBLOCK_REGIONS);
	assert_int_equal(memblock.reserved.max, INIT_MEMBLOCK_REGIONS);
	assert_null(memblock_check());
}

#define T(test)		cmocka_unit_test_setup(test, setup_ram)
#define T_BARE(test)	cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_full_array_before_allow_resize_is_ENOMEM),
		T_BARE(test_full_memory_array_is_ENOMEM_too),
		T(test_a_nearly_full_array_takes_what_fits),
		T(test_a_nearly_full_array_splits_what_fits),
		T(test_array_doubles_and_reserves_itself),
		T(test_second_doubling_frees_the_first_array),
		T(test_memory_array_doubles_into_reserved_memory),
		T(test_new_array_keeps_off_the_range_to_be_reserved),
		T(test_no_room_for_a_larger_array_is_ENOMEM),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
