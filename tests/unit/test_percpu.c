// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_percpu.c - allocations from the first chunk: every CPU's copy, areas
 * taken, given back and merged, and what callers do wrong.
 */
#include "percpu_machine.h"

static int setup(void **state __maybe_unused)
{
	boot_cpus(4);
	return 0;
}

/* --- memory --------------------------------------------------------------- */

static void test_every_cpu_has_zeroed_memory_of_its_own(
	void **state __maybe_unused)
{
	unsigned int cpu;
	int *p = alloc_percpu(int);

	assert_non_null(p);
	assert_zeroed(p, sizeof(*p));
	for_each_possible_cpu(cpu) {
		host_set_cpu(cpu);
		assert_int_equal(smp_processor_id(), cpu);
		*this_cpu_ptr(p) = (int)cpu + 1;
	}
	for_each_possible_cpu(cpu)
		assert_int_equal(*per_cpu_ptr(p, cpu), cpu + 1);
	assert_percpu_sound();
}

static void test_memory_used_before_is_zeroed_on_every_cpu(
	void **state __maybe_unused)
{
	char *p = __alloc_percpu(100, 1), *again;

	mark(p, 100, 7);
	host_set_cpu(3);
	free_percpu(p);
	host_set_cpu(1);
	again = __alloc_percpu(100, 1);
	assert_ptr_equal(again, p);
	assert_zeroed(again, 100);
}

static void test_every_alignment_up_to_a_page_holds_on_every_cpu(
	void **state __maybe_unused)
{
	unsigned int cpu;

	for (size_t align = 1; align <= PAGE_SIZE; align *= 2) {
		char *p = __alloc_percpu(2, align);

		assert_non_null(p);
		assert_true(IS_ALIGNED((uintptr_t)p, align));
		for_each_possible_cpu(cpu)
			assert_true(IS_ALIGNED((uintptr_t)per_cpu_ptr(p, cpu),
					       align));
		assert_percpu_sound();
	}
}

static void test_odd_sizes_are_rounded_up_and_do_not_overlap(
	void **state __maybe_unused)
{
	char *p[16];

	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = __alloc_percpu(2 * i + 1, 1);
		assert_non_null(p[i]);
		mark(p[i], 2 * i + 1, i);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		assert_marked(p[i], 2 * i + 1, i);
	assert_percpu_sound();
}

/* --- free ----------------------------------------------------------------- */

static void test_freed_neighbours_merge_in_every_order(
	void **state __maybe_unused)
{
	static const int order[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	const struct pcpu_chunk *chunk = pcpu_first_chunk;
	int size = chunk->free_size;

	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		void *p[3];

		for (int j = 0; j < 3; j++)
			p[j] = __alloc_percpu(64, 8);
		assert_true(chunk->free_size <= size - 3 * 64);
		for (int j = 0; j < 3; j++) {
			free_percpu(p[order[i][j]]);
			assert_percpu_sound();
		}
		assert_int_equal(chunk->map_used, 2);
		assert_int_equal(chunk->free_size, size);
		assert_int_equal(chunk->contig_hint, size);
	}
}

static void test_free_of_NULL_is_nothing(void **state __maybe_unused)
{
	free_percpu(NULL);
	assert_int_equal(nr_warnings, 0);
}

/* Reported once, and the chunk is as it was. */
static void assert_refused(void *ptr)
{
	const struct pcpu_chunk *chunk = pcpu_first_chunk;
	unsigned long warnings = nr_warnings;
	unsigned int said = console_count("which no allocation returned");
	int free_size = chunk->free_size, used = chunk->map_used;

	free_percpu(ptr);
	assert_int_equal(nr_warnings, warnings + 1);
	assert_int_equal(console_count("which no allocation returned"),
			 said + 1);
	assert_int_equal(chunk->free_size, free_size);
	assert_int_equal(chunk->map_used, used);
	assert_percpu_sound();
}

static void test_wrong_pointers_are_reported_and_change_nothing(
	void **state __maybe_unused)
{
	char *a = __alloc_percpu(64, 64), *b = __alloc_percpu(64, 64);
	char local;

	assert_refused(a + 2);
	assert_refused(a - 2);
	assert_refused(a + 1);
	assert_refused(b + 64);			/* free */
	assert_refused(&cpu_number);		/* a static variable */
	assert_refused(__per_cpu_start);
	assert_refused(__per_cpu_start + pcpu_static_size);	/* reserve */
	assert_refused(__per_cpu_start + pcpu_first_chunk_limit);
	assert_refused(per_cpu_ptr(a, 1));	/* an address, no pointer */
	assert_refused(&local);
	free_percpu(a);
	assert_refused(a);			/* a second time */
	free_percpu(b);
}

/* --- what cannot be had --------------------------------------------------- */

static void test_impossible_requests_warn_and_give_NULL(
	void **state __maybe_unused)
{
	static const size_t bad[][2] = {
		{ 0, 8 }, { 32769, 8 }, { (size_t)-1, 8 }, { 8, 3 },
		{ 8, 8192 }, { 8, (size_t)1 << (BITS_PER_LONG - 1) },
		{ 8, (size_t)-1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(__alloc_percpu(bad[i][0], bad[i][1]));
		assert_null(__alloc_reserved_percpu(bad[i][0], bad[i][1]));
		assert_int_equal(nr_warnings, 2 * (i + 1));
	}
	assert_int_equal(pcpu_first_chunk->map_used, 2);
	assert_percpu_sound();
}

static void test_a_full_chunk_gives_NULL_until_something_is_freed(
	void **state __maybe_unused)
{
	int size = pcpu_first_chunk->free_size;
	void *p[64];
	size_t n = 0;

	while ((p[n] = __alloc_percpu(1024, 4)))
		n++;
	assert_int_equal(n, size / 1024);
	assert_true(console_says("no 1024 bytes aligned to 4"));
	assert_true(console_says("no further chunk can be had"));
	assert_percpu_sound();
	free_percpu(p[3]);
	assert_null(__alloc_percpu(1026, 4));
	assert_ptr_equal(__alloc_percpu(1024, 4), p[3]);
	while (n)
		free_percpu(p[--n]);
	assert_int_equal(pcpu_first_chunk->free_size, size);
	assert_percpu_sound();
}

static void test_a_full_map_gives_NULL_while_it_cannot_grow(
	void **state __maybe_unused)
{
	void *p[PERCPU_DYNAMIC_EARLY_SLOTS];
	int n = 0;

	while (n < PERCPU_DYNAMIC_EARLY_SLOTS && (p[n] = __alloc_percpu(8, 8)))
		n++;
	/* An entry each for: the reserve, the free rest, the end, one spare. */
	assert_in_range(n, PERCPU_DYNAMIC_EARLY_SLOTS - 6,
			PERCPU_DYNAMIC_EARLY_SLOTS - 1);
	assert_true(console_says("the chunk's map cannot grow"));
	assert_percpu_sound();
	while (n)
		free_percpu(p[--n]);
	assert_percpu_sound();
	assert_non_null(__alloc_percpu(8, 8));
}

static void test_failures_are_reported_ten_times(void **state __maybe_unused)
{
	while (__alloc_percpu(1024, 4))
		;
	for (int i = 0; i < 20; i++)
		assert_null(__alloc_percpu(1024, 4));
	assert_int_equal(console_count("no 1024 bytes"), 10);
	assert_int_equal(console_count("the last report"), 1);
}

static void test_allocation_before_the_areas_says_so(
	void **state __maybe_unused)
{
	new_ram(RAM_BASE, RAM_SIZE, RAM_END);
	assert_null(alloc_percpu(int));
	assert_true(console_says("setup_per_cpu_areas() comes first"));
	free_percpu(&cpu_number);
	assert_int_equal(nr_warnings, 1);
	assert_null(percpu_check());
}

/* --- the reserved chunk --------------------------------------------------- */

static void test_the_reserve_is_separate_from_what_others_get(
	void **state __maybe_unused)
{
	unsigned long start = (unsigned long)pcpu_static_size;
	unsigned long end = (unsigned long)pcpu_reserved_chunk_limit;
	int dynamic = pcpu_first_chunk->free_size;
	int empty = pcpu_nr_empty_pop_pages;
	char *p, *first = NULL;
	unsigned long n = 0, off;

	while ((p = __alloc_reserved_percpu(128, 4))) {
		off = unit_offset(pcpu_reserved_chunk, p);
		assert_true(start <= off && off + 128 <= end);
		assert_zeroed(p, 128);
		if (!first)
			first = p;
		n++;
	}
	assert_int_equal(n, PERCPU_MODULE_RESERVE / 128);
	assert_true(console_says("the reserved chunk is full"));
	assert_int_equal(pcpu_first_chunk->free_size, dynamic);
	assert_int_equal(pcpu_nr_empty_pop_pages, empty);
	p = __alloc_percpu(128, 4);
	assert_true(unit_offset(pcpu_first_chunk, p) >= end);
	free_percpu(first);
	assert_ptr_equal(__alloc_reserved_percpu(128, 4), first);
	assert_percpu_sound();
}

/* --- questions ------------------------------------------------------------ */

static void test_static_variables_are_known_by_address(
	void **state __maybe_unused)
{
	int *p = alloc_percpu(int);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		uintptr_t start = (uintptr_t)per_cpu_ptr(&__per_cpu_start[0],
							 cpu);

		assert_true(is_kernel_percpu_address(
			(uintptr_t)&per_cpu(cpu_number, cpu)));
		assert_true(is_kernel_percpu_address(start));
		assert_false(is_kernel_percpu_address(start - 1));
		assert_false(is_kernel_percpu_address(
			start + (uintptr_t)(__per_cpu_end - __per_cpu_start)));
		assert_false(is_kernel_percpu_address(
			(uintptr_t)per_cpu_ptr(p, cpu)));
		assert_int_equal(per_cpu_ptr_to_phys(per_cpu_ptr(p, cpu)),
				 virt_to_phys(per_cpu_ptr(p, cpu)));
	}
	/* The template itself is nobody's copy. */
	assert_false(is_kernel_percpu_address((uintptr_t)&cpu_number));
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_every_cpu_has_zeroed_memory_of_its_own),
		T(test_memory_used_before_is_zeroed_on_every_cpu),
		T(test_every_alignment_up_to_a_page_holds_on_every_cpu),
		T(test_odd_sizes_are_rounded_up_and_do_not_overlap),
		T(test_freed_neighbours_merge_in_every_order),
		T(test_free_of_NULL_is_nothing),
		T(test_wrong_pointers_are_reported_and_change_nothing),
		T(test_impossible_requests_warn_and_give_NULL),
		T(test_a_full_chunk_gives_NULL_until_something_is_freed),
		T(test_a_full_map_gives_NULL_while_it_cannot_grow),
		T(test_failures_are_reported_ten_times),
		T(test_allocation_before_the_areas_says_so),
		T(test_the_reserve_is_separate_from_what_others_get),
		T(test_static_variables_are_known_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
