// SPDX-License-Identifier: GPL-2.0-or-later
/* test_early_pool.c - ranges that early allocations are served from. */
#include "machine.h"

#define POOL_A		(RAM_BASE + SZ_1M)
#define POOL_B		(RAM_BASE + 4 * SZ_1M)
#define RAM_SIZE	(16 * SZ_1M)

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_SIZE, RAM_BASE + RAM_SIZE) ||
	       memblock_add(RAM_BASE, RAM_SIZE);
}

static void add_pool(phys_addr_t base, phys_addr_t size)
{
	assert_int_equal(memblock_reserve(base, size), 0);
	assert_int_equal(early_pool_add(base, size), 0);
}

static int pool_alloc(phys_addr_t size, phys_addr_t align, phys_addr_t *ret)
{
	return early_pool_alloc(size, align, 0, PHYS_ADDR_MAX, ret);
}

static void test_without_pools_there_is_none(void **state __maybe_unused)
{
	phys_addr_t at = 7;

	assert_int_equal(pool_alloc(1, 1, &at), -ENOMEM);
	assert_int_equal(at, 7);
	assert_false(early_pool_free(RAM_BASE, 0x1000));
}

/* POOL-1 */
static void test_pool_of_free_memory_is_EINVAL(void **state __maybe_unused)
{
	phys_addr_t at;

	assert_int_equal(early_pool_add(POOL_A, 0x1000), -EINVAL);
	memblock_reserve(POOL_A, 0x1000);
	assert_int_equal(early_pool_add(POOL_A - 1, 2), -EINVAL);
	assert_int_equal(early_pool_add(POOL_A, 0x1001), -EINVAL);
	assert_int_equal(early_pool_add(0, PHYS_ADDR_MAX), -EINVAL);
	assert_int_equal(early_pool_add(RAM_BASE - 0x1000, 0x1001), -EINVAL);
	assert_int_equal(pool_alloc(1, 1, &at), -ENOMEM);
	assert_int_equal(early_pool_add(POOL_A, 0x1000), 0);
}

static void test_pool_may_lie_outside_of_memory(void **state __maybe_unused)
{
	assert_int_equal(early_pool_add(RAM_BASE - 0x1000, 0x1000), 0);
	assert_int_equal(memblock_alloc(0x1000, 1), RAM_BASE - 0x1000);
	assert_empty(&memblock.reserved);
	memblock_remove(RAM_BASE + 8 * SZ_1M, SZ_1M);
	assert_int_equal(early_pool_add(RAM_BASE + 8 * SZ_1M, SZ_1M), 0);
	assert_int_equal(memblock_alloc(SZ_1M, 1), RAM_BASE + 8 * SZ_1M);
	assert_empty(&memblock.reserved);
}

static void test_memblock_alloc_uses_a_pool_and_adds_no_region(
	void **state __maybe_unused)
{
	add_pool(POOL_A, 0x10000);
	for (int i = 0; i < 20; i++)
		assert_in_range(memblock_alloc(0x123, 8), POOL_A,
				POOL_A + 0xffff);
	assert_regions(reserved, PLAIN(POOL_A, 0x10000));
}

static void test_what_no_pool_holds_comes_from_free_memory(
	void **state __maybe_unused)
{
	add_pool(POOL_A, 0x1000);
	assert_int_equal(memblock_alloc(0x2000, 0x1000),
			 RAM_BASE + RAM_SIZE - 0x2000);
	assert_int_equal(memblock.reserved.cnt, 2);
}

static void test_smallest_piece_that_fits_is_used(void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A, 0x1000);
	add_pool(POOL_B, 0x10000);
	assert_int_equal(pool_alloc(0x800, 0x10, &at), 0);
	assert_in_range(at, POOL_A, POOL_A + 0x800);
	assert_int_equal(pool_alloc(0x1000, 0x10, &at), 0);
	assert_in_range(at, POOL_B, POOL_B + 0xf000);
	assert_int_equal(pool_alloc(0x800, 0x10, &at), 0);
	assert_in_range(at, POOL_A, POOL_A + 0x800);
}

static void test_smallest_piece_may_be_the_highest(void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A, 0x10000);
	add_pool(POOL_A + 0x20000, 0x8000);
	add_pool(POOL_B, 0x1000);
	assert_int_equal(pool_alloc(0x800, 0x10, &at), 0);
	assert_in_range(at, POOL_B, POOL_B + 0x800);
	assert_int_equal(pool_alloc(0x1001, 0x10, &at), 0);
	assert_in_range(at, POOL_A + 0x20000, POOL_A + 0x27000);
}

static void test_a_piece_fits_only_with_its_alignment(
	void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A + 0x10, 0x1000);
	assert_int_equal(pool_alloc(0x1000, 0x1000, &at), -ENOMEM);
	assert_int_equal(pool_alloc(0x10, 0x1000, &at), 0);
	assert_int_equal(at, POOL_A + 0x1000);
	assert_int_equal(pool_alloc(0x1000, 1, &at), -ENOMEM);
	assert_int_equal(pool_alloc(0xff0, 1, &at), 0);
	assert_int_equal(at, POOL_A + 0x10);
}

static void test_limits_are_kept(void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A, 0x10000);
	assert_int_equal(early_pool_alloc(0x1000, 1, 0, POOL_A + 0xfff, &at),
			 -ENOMEM);
	assert_int_equal(early_pool_alloc(0x1000, 1, POOL_A + 0xf001,
					  PHYS_ADDR_MAX, &at), -ENOMEM);
	assert_int_equal(early_pool_alloc(0x1000, 1, POOL_A + 0x333,
					  POOL_A + 0x1333, &at), 0);
	assert_int_equal(at, POOL_A + 0x333);
}

static void test_allocation_below_a_pool_ignores_it(void **state __maybe_unused)
{
	add_pool(POOL_A, 0x10000);
	assert_int_equal(memblock_alloc_base(0x1000, 0x1000, POOL_A),
			 POOL_A - 0x1000);
}

static void test_free_gives_back_to_the_pool_only(void **state __maybe_unused)
{
	phys_addr_t first, second;

	add_pool(POOL_A, 0x1000);
	first = memblock_alloc(0x1000, 1);
	assert_int_equal(first, POOL_A);
	assert_int_equal(memblock_free(first, 0x1000), 0);
	assert_regions(reserved, PLAIN(POOL_A, 0x1000));
	assert_int_equal(pool_alloc(0x1000, 1, &second), 0);
	assert_int_equal(second, first);
	assert_true(early_pool_free(second, 0x1000));
	assert_false(early_pool_free(POOL_B, 0x1000));
	assert_false(early_pool_free(POOL_A + 0x1000, 0x1000));
}

static void test_virt_alloc_clears_pool_memory(void **state __maybe_unused)
{
	unsigned char *mem;

	add_pool(POOL_A, 0x1000);
	memset(__va(POOL_A), 0xa5, 0x1000);
	mem = memblock_virt_alloc(0x1000, 1);
	assert_ptr_equal(mem, __va(POOL_A));
	for (int i = 0; i < 0x1000; i++)
		assert_int_equal(mem[i], 0);
}

static void test_sizes_that_wrap_are_not_served(void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A, 0x1000);
	assert_int_equal(pool_alloc(PHYS_ADDR_MAX, 1, &at), -ENOMEM);
	assert_int_equal(pool_alloc(-POOL_A, 1, &at), -ENOMEM);
	assert_int_equal(pool_alloc(0x1000, 1, &at), 0);
}

/* POOL-2, and that no two allocations share a byte. */
static void test_random_use_stays_in_pools_and_never_overlaps(
	void **state __maybe_unused)
{
	static bool used[2][0x4000];
	struct { phys_addr_t at, size; } live[24];
	struct rng rng = rng_seed(5);
	unsigned int n = 0;

	memset(used, 0, sizeof(used));
	add_pool(POOL_A, 0x4000);
	add_pool(POOL_B, 0x2000);
	for (int step = 0; step < 4000; step++) {
		phys_addr_t size = 1 + below(&rng, 0x400), at;
		phys_addr_t align = 1UL << below(&rng, 10);
		bool take = n == 0 || (n < ARRAY_SIZE(live) && below(&rng, 2));
		unsigned int i = take ? n : (unsigned int)below(&rng, n);
		bool *byte;

		if (take) {
			if (pool_alloc(size, align, &at))
				continue;
			assert_true(IS_ALIGNED(at, align));
			live[n].at = at;
			live[n++].size = size;
		}
		byte = &used[live[i].at >= POOL_B][live[i].at % SZ_1M];
		if (live[i].at >= POOL_B)
			assert_in_range(live[i].at, POOL_B,
					POOL_B + 0x2000 - live[i].size);
		else
			assert_in_range(live[i].at, POOL_A,
					POOL_A + 0x4000 - live[i].size);
		for (phys_addr_t b = 0; b < live[i].size; b++) {
			assert_int_equal(byte[b], !take);
			byte[b] = take;
		}
		if (!take) {
			assert_true(early_pool_free(live[i].at, live[i].size));
			live[i] = live[--n];
		}
	}
	assert_null(memblock_check());
	assert_int_equal(memblock_reserved_size(), 0x6000);
}

/* However many pieces it can remember, it must not lose one. */
static void test_very_many_pieces_never_overlap(void **state __maybe_unused)
{
	static bool seen[0x10000];

	memset(seen, 0, sizeof(seen));
	memblock_allow_resize();
	add_pool(POOL_A, 0x10000);
	for (int i = 0; i < 400; i++) {
		phys_addr_t at;

		if (pool_alloc(1, 64, &at))
			break;
		assert_in_range(at, POOL_A, POOL_A + 0xffff);
		assert_false(seen[at - POOL_A]);
		seen[at - POOL_A] = true;
	}
	assert_int_not_equal(memblock_alloc(1, 64), 0);
	assert_null(memblock_check());
	assert_true(memblock_is_region_memory(POOL_A, 0x10000));
}

static void test_pool_that_becomes_free_memory_is_POOL_1(void **state
							 __maybe_unused)
{
	add_pool(POOL_A, 0x10000);
	memblock_add(POOL_A, 0x10000);
	memblock_reserve(POOL_A, 0x10000);
	assert_null(early_pool_check());
	memblock_remove_range(&memblock.reserved, POOL_A + 0xffff, 1);
	assert_broken(early_pool_check(), "POOL-1");
}

static void test_use_outside_of_pools_is_POOL_2(void **state __maybe_unused)
{
	phys_addr_t at;

	add_pool(POOL_A, 0x10000);
	assert_int_equal(pool_alloc(0x100, 64, &at), 0);
	assert_null(early_pool_check());
	memblock_remove_range(&early_pools, at, 1);
	assert_broken(early_pool_check(), "POOL-2");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_without_pools_there_is_none),
		T(test_pool_of_free_memory_is_EINVAL),
		T(test_pool_may_lie_outside_of_memory),
		T(test_memblock_alloc_uses_a_pool_and_adds_no_region),
		T(test_what_no_pool_holds_comes_from_free_memory),
		T(test_smallest_piece_that_fits_is_used),
		T(test_smallest_piece_may_be_the_highest),
		T(test_a_piece_fits_only_with_its_alignment),
		T(test_limits_are_kept),
		T(test_allocation_below_a_pool_ignores_it),
		T(test_free_gives_back_to_the_pool_only),
		T(test_virt_alloc_clears_pool_memory),
		T(test_sizes_that_wrap_are_not_served),
		T(test_random_use_stays_in_pools_and_never_overlaps),
		T(test_very_many_pieces_never_overlap),
		T(test_pool_that_becomes_free_memory_is_POOL_1),
		T(test_use_outside_of_pools_is_POOL_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
