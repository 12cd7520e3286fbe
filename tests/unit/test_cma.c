// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cma.c - contiguous areas, as they are declared: reserved and noted. */
#include "cma_machine.h"

/* --- cma_init_reserved_mem ------------------------------------------------ */

static void test_reserved_memory_becomes_an_area(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT + BLOCK_BYTES, 2 * BLOCK_BYTES);
	assert_int_equal(cma_init_reserved_mem(LIMIT + BLOCK_BYTES,
					       2 * BLOCK_BYTES, 0, "linux,cma",
					       &cma), 0);
	assert_ptr_equal(cma, &cma_areas[0]);
	assert_int_equal(cma_area_count, 1);
	assert_int_equal(base_of(cma), LIMIT + BLOCK_BYTES);
	assert_int_equal(cma->count, 2 * pageblock_nr_pages);
	assert_int_equal(cma->order_per_bit, 0);
	assert_string_equal(cma->name, "linux,cma");
	assert_false(cma->active);
	assert_int_equal(totalcma_pages, 2 * pageblock_nr_pages);
}

/* CMA-1 */
static void test_area_that_is_not_whole_pageblocks_is_EINVAL(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT, 4 * BLOCK_BYTES);
	assert_int_equal(cma_init_reserved_mem(LIMIT + BLOCK_BYTES / 2,
					       BLOCK_BYTES, 0, "", &cma),
			 -EINVAL);
	assert_int_equal(cma_init_reserved_mem(LIMIT, BLOCK_BYTES + 0x1000, 0,
					       "", &cma), -EINVAL);
	assert_int_equal(cma_init_reserved_mem(LIMIT, 0, 0, "", &cma), -EINVAL);
	assert_null(cma);
	assert_int_equal(cma_area_count, 0);
	assert_int_equal(totalcma_pages, 0);
}

static void test_bits_larger_than_the_area_are_EINVAL(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT, BLOCK_BYTES);
	assert_int_equal(cma_init_reserved_mem(LIMIT, BLOCK_BYTES, MAX_ORDER,
					       "", &cma), -EINVAL);
	assert_int_equal(cma_init_reserved_mem(LIMIT, BLOCK_BYTES, 4, "",
					       &cma), 0);
	assert_int_equal(cma->order_per_bit, 4);
}

static void test_area_that_is_not_reserved_is_EINVAL(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(cma_init_reserved_mem(LIMIT, BLOCK_BYTES, 0, "", &cma),
			 -EINVAL);
	assert_int_equal(cma_area_count, 0);
}

static void test_more_areas_than_there_is_room_for_is_ENOSPC(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	for (unsigned long i = 0; i < MAX_CMA_AREAS; i++)
		assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &cma), 0);
	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &cma), -ENOSPC);
	memblock_reserve(RAM_BASE, BLOCK_BYTES);
	assert_int_equal(cma_init_reserved_mem(RAM_BASE, BLOCK_BYTES, 0, "",
					       &cma), -ENOSPC);
	assert_int_equal(cma_area_count, MAX_CMA_AREAS);
	assert_int_equal(memblock_reserved_size(),
			 (MAX_CMA_AREAS + 1) * BLOCK_BYTES);
	for (int i = 0; i < MAX_CMA_AREAS; i++)
		for (int j = 0; j < i; j++)
			assert_int_not_equal(cma_areas[i].base_pfn,
					     cma_areas[j].base_pfn);
}

/* --- cma_declare_contiguous ----------------------------------------------- */

static void test_anywhere_means_the_top_of_highmem(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(0, 2 * BLOCK_BYTES, 0, false, &cma), 0);
	assert_int_equal(base_of(cma), RAM_END - 2 * BLOCK_BYTES);
	assert_true(memblock_is_region_reserved(base_of(cma), 1));
	assert_true(memblock_is_reserved(RAM_END - 1));
	assert_int_equal(declare(0, BLOCK_BYTES, 0, true, &cma), 0);
	assert_int_equal(base_of(cma), RAM_END - 3 * BLOCK_BYTES);
}

static void test_a_new_area_is_reported_with_its_range(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;
	char text[80];

	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &cma), 0);
	snprintf(text, sizeof(text), "%lu MiB at [0x%08lx-0x%08lx]",
		 BLOCK_BYTES >> 20, RAM_END - BLOCK_BYTES, RAM_END - 1);
	assert_non_null(strstr(host_console(), text));
}

static void test_nothing_below_the_base_is_taken(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT + 4 * BLOCK_BYTES, 2 * BLOCK_BYTES);
	assert_int_equal(declare(LIMIT + 4 * BLOCK_BYTES, BLOCK_BYTES, 0,
				 false, &cma), -ENOMEM);
	assert_int_equal(declare(LIMIT + 3 * BLOCK_BYTES, BLOCK_BYTES, 0,
				 false, &cma), 0);
	assert_int_equal(base_of(cma), LIMIT + 3 * BLOCK_BYTES);
}

static void test_lowmem_is_used_when_highmem_is_full(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT + 0x1000, HIGH_BLOCKS * BLOCK_BYTES);
	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &cma), 0);
	assert_int_equal(base_of(cma), LIMIT - BLOCK_BYTES);
}

static void test_highmem_is_tried_first_whatever_the_base(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(RAM_BASE + BLOCK_BYTES, BLOCK_BYTES, 0, false,
				 &cma), 0);
	assert_int_equal(base_of(cma), RAM_END - BLOCK_BYTES);
	memblock_reserve(LIMIT, HIGH_BLOCKS * BLOCK_BYTES);
	memblock_reserve(RAM_BASE + 2 * BLOCK_BYTES, LIMIT - RAM_BASE);
	assert_int_equal(declare(RAM_BASE + 2 * BLOCK_BYTES, BLOCK_BYTES, 0,
				 false, &cma), -ENOMEM);
	assert_int_equal(declare(RAM_BASE + BLOCK_BYTES, BLOCK_BYTES, 0, false,
				 &cma), 0);
	assert_int_equal(base_of(cma), RAM_BASE + BLOCK_BYTES);
}

/* CMA-2: free memory on both sides of the limit is not one area. */
static void test_area_never_crosses_the_lowmem_limit(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(RAM_BASE, (LOW_BLOCKS - 1) * BLOCK_BYTES);
	memblock_reserve(LIMIT + BLOCK_BYTES, (HIGH_BLOCKS - 1) * BLOCK_BYTES);
	assert_int_equal(declare(0, 2 * BLOCK_BYTES, 0, false, &cma), -ENOMEM);
	assert_int_equal(declare(LIMIT - BLOCK_BYTES, 2 * BLOCK_BYTES, 0, true,
				 &cma), -EINVAL);
	assert_int_equal(cma_area_count, 0);
	assert_false(memblock_is_reserved(LIMIT));
	assert_int_equal(declare(LIMIT - BLOCK_BYTES, BLOCK_BYTES, 0, true,
				 &cma), 0);
	assert_int_equal(declare(LIMIT, BLOCK_BYTES, 0, true, &cma), 0);
}

static void test_size_is_rounded_up_to_pageblocks(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(0, 0x1000, 0, false, &cma), 0);
	assert_int_equal(base_of(cma), RAM_END - BLOCK_BYTES);
	assert_int_equal(cma->count, pageblock_nr_pages);
	assert_int_equal(declare(LIMIT, BLOCK_BYTES + 1, 0, true, &cma), 0);
	assert_int_equal(cma->count, 2 * pageblock_nr_pages);
}

static void test_base_is_rounded_up_to_pageblocks(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(LIMIT + 0x1000, 0x1000, 0, true, &cma), 0);
	assert_int_equal(base_of(cma), LIMIT + BLOCK_BYTES);
	assert_int_equal(cma->count, pageblock_nr_pages);
}

static void test_fixed_where_there_is_no_memory_is_refused(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_true(declare(RAM_END, BLOCK_BYTES, 0, true, &cma) < 0);
	assert_true(declare(RAM_END - BLOCK_BYTES, 2 * BLOCK_BYTES, 0, true,
			    &cma) < 0);
	assert_null(cma);
	assert_false(memblock_is_reserved(RAM_END - 1));
}

static void test_limit_and_alignment_are_kept(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	assert_int_equal(declare(0, BLOCK_BYTES, RAM_END - 0x1000, false, &cma),
			 0);
	assert_int_equal(base_of(cma), RAM_END - 2 * BLOCK_BYTES);
	assert_int_equal(cma_declare_contiguous(0, BLOCK_BYTES, 0,
						4 * BLOCK_BYTES, 0, false,
						"test", &cma), 0);
	assert_true(IS_ALIGNED(base_of(cma), 4 * BLOCK_BYTES));
	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &cma), 0);
	assert_in_range(base_of(cma), RAM_BASE, LIMIT - BLOCK_BYTES);
}

static void test_fixed_and_taken_is_EBUSY(void **state __maybe_unused)
{
	struct cma *cma = NULL;

	memblock_reserve(LIMIT + BLOCK_BYTES + 0x5000, 1);
	assert_int_equal(declare(LIMIT + BLOCK_BYTES, BLOCK_BYTES, 0, true,
				 &cma), -EBUSY);
	assert_int_equal(declare(LIMIT, BLOCK_BYTES, 0, true, &cma), 0);
	assert_int_equal(base_of(cma), LIMIT);
}

static void test_what_cannot_be_had_reserves_nothing(
	void **state __maybe_unused)
{
	struct cma *cma = NULL;
	phys_addr_t before = memblock_reserved_size();

	assert_int_equal(declare(0, 0, 0, false, &cma), -EINVAL);
	assert_int_equal(cma_declare_contiguous(0, BLOCK_BYTES, 0, 3, 0, false,
						"test", &cma), -EINVAL);
	assert_int_equal(declare(0, 2 * (RAM_END - RAM_BASE), 0, false, &cma),
			 -ENOMEM);
	assert_int_equal(declare(0, PHYS_ADDR_MAX, 0, false, &cma), -ENOMEM);
	assert_int_equal(declare(PHYS_ADDR_MAX, BLOCK_BYTES, 0, true, &cma),
			 -EINVAL);
	assert_int_equal(declare(PHYS_ADDR_MAX, BLOCK_BYTES, 0, false, &cma),
			 -ENOMEM);
	assert_int_equal(cma_declare_contiguous(0, BLOCK_BYTES, 0, 0,
						pageblock_order + 1, false,
						"test", &cma), -EINVAL);
	assert_int_equal(memblock_reserved_size(), before);
	assert_int_equal(cma_area_count, 0);
	assert_null(cma);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_reserved_memory_becomes_an_area),
		T(test_area_that_is_not_whole_pageblocks_is_EINVAL),
		T(test_bits_larger_than_the_area_are_EINVAL),
		T(test_area_that_is_not_reserved_is_EINVAL),
		T(test_more_areas_than_there_is_room_for_is_ENOSPC),
		T(test_anywhere_means_the_top_of_highmem),
		T(test_a_new_area_is_reported_with_its_range),
		T(test_nothing_below_the_base_is_taken),
		T(test_lowmem_is_used_when_highmem_is_full),
		T(test_highmem_is_tried_first_whatever_the_base),
		T(test_area_never_crosses_the_lowmem_limit),
		T(test_size_is_rounded_up_to_pageblocks),
		T(test_base_is_rounded_up_to_pageblocks),
		T(test_fixed_where_there_is_no_memory_is_refused),
		T(test_limit_and_alignment_are_kept),
		T(test_fixed_and_taken_is_EBUSY),
		T(test_what_cannot_be_had_reserves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
