// SPDX-License-Identifier: GPL-2.0-or-later
/* test_percpu_check.c - each invariant of a chunk, broken and named. */
#include "percpu_machine.h"

/* A hole between two areas, and free space behind them. */
static int setup(void **state __maybe_unused)
{
	void *p[3];

	boot_cpus(2);
	for (int i = 0; i < 3; i++)
		p[i] = __alloc_percpu(64, 64);
	free_percpu(p[1]);
	return percpu_check() != NULL;
}

static int hole(void)
{
	int i = pcpu_first_chunk->first_free;

	while (pcpu_area_used(pcpu_first_chunk, i) ||
	       pcpu_area_size(pcpu_first_chunk, i) != 64)
		i++;
	return i;
}

static void test_map_that_does_not_ascend_from_0_is_PERCPU_1(
	void **state __maybe_unused)
{
	struct pcpu_chunk *chunk = pcpu_first_chunk;
	int *entry = &chunk->map[hole()];

	*entry += 64;
	assert_broken(percpu_check(), "PERCPU-1");
	*entry -= 64;
	assert_null(percpu_check());
	chunk->map[0] = 2 | PCPU_USED;
	assert_broken(percpu_check(), "PERCPU-1");
}

static void test_map_without_its_end_is_PERCPU_1(void **state __maybe_unused)
{
	struct pcpu_chunk *chunk = pcpu_first_chunk;

	chunk->map[chunk->map_used] -= 64;
	assert_broken(percpu_check(), "PERCPU-1");
	chunk->map[chunk->map_used] += 63;
	assert_broken(percpu_check(), "PERCPU-1");
}

static void test_map_without_room_for_its_end_is_PERCPU_1(
	void **state __maybe_unused)
{
	pcpu_first_chunk->map_alloc = pcpu_first_chunk->map_used;
	assert_broken(percpu_check(), "PERCPU-1");
}

static void test_reserved_chunk_is_checked_too(void **state __maybe_unused)
{
	pcpu_reserved_chunk->free_size--;
	assert_broken(percpu_check(), "PERCPU-3");
}

static void test_free_neighbours_are_PERCPU_2(void **state __maybe_unused)
{
	struct pcpu_chunk *chunk = pcpu_first_chunk;

	chunk->map[hole() + 1] &= ~PCPU_USED;
	assert_broken(percpu_check(), "PERCPU-2");
}

static void test_wrong_free_size_is_PERCPU_3(void **state __maybe_unused)
{
	pcpu_first_chunk->free_size += 4;
	assert_broken(percpu_check(), "PERCPU-3");
}

static void test_hint_below_a_free_area_is_PERCPU_4(void **state __maybe_unused)
{
	pcpu_first_chunk->contig_hint = 64;
	assert_broken(percpu_check(), "PERCPU-4");
}

static void test_free_area_before_first_free_is_PERCPU_4(
	void **state __maybe_unused)
{
	pcpu_first_chunk->first_free = hole() + 1;
	assert_broken(percpu_check(), "PERCPU-4");
}

static void test_chunk_on_a_wrong_slot_is_PERCPU_5(void **state __maybe_unused)
{
	struct pcpu_chunk *chunk = pcpu_first_chunk;

	list_del(&chunk->list);
	assert_broken(percpu_check(), "PERCPU-5");
	list_add(&chunk->list, &pcpu_slot[1]);
	assert_broken(percpu_check(), "PERCPU-5");
}

static void test_reserved_chunk_on_a_slot_is_PERCPU_5(
	void **state __maybe_unused)
{
	list_add(&pcpu_reserved_chunk->list, &pcpu_slot[1]);
	assert_broken(percpu_check(), "PERCPU-5");
}

static void test_wrong_count_of_populated_pages_is_PERCPU_6(
	void **state __maybe_unused)
{
	pcpu_first_chunk->nr_populated--;
	assert_broken(percpu_check(), "PERCPU-6");
}

static void test_area_in_use_without_a_page_is_PERCPU_7(
	void **state __maybe_unused)
{
	struct pcpu_chunk *chunk = pcpu_first_chunk;

	chunk->populated[0] &= ~(1UL << (chunk->map[hole() + 1] >> PAGE_SHIFT));
	chunk->nr_populated--;
	assert_broken(percpu_check(), "PERCPU-7");
}

static void test_wrong_count_of_empty_pages_is_PERCPU_8(
	void **state __maybe_unused)
{
	pcpu_nr_empty_pop_pages++;
	assert_broken(percpu_check(), "PERCPU-8");
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_map_that_does_not_ascend_from_0_is_PERCPU_1),
		T(test_map_without_its_end_is_PERCPU_1),
		T(test_map_without_room_for_its_end_is_PERCPU_1),
		T(test_reserved_chunk_is_checked_too),
		T(test_free_neighbours_are_PERCPU_2),
		T(test_wrong_free_size_is_PERCPU_3),
		T(test_hint_below_a_free_area_is_PERCPU_4),
		T(test_free_area_before_first_free_is_PERCPU_4),
		T(test_chunk_on_a_wrong_slot_is_PERCPU_5),
		T(test_reserved_chunk_on_a_slot_is_PERCPU_5),
		T(test_wrong_count_of_populated_pages_is_PERCPU_6),
		T(test_area_in_use_without_a_page_is_PERCPU_7),
		T(test_wrong_count_of_empty_pages_is_PERCPU_8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
