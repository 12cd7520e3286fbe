// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_percpu_first.c - the first chunk: how it is laid out for how many CPUs,
 * what is copied into it, what memblock keeps and gets back, and the maps'
 * move to kmalloc memory.
 */
#include "percpu_machine.h"

#define TEMPLATE_VALUE 0x5eed1234

DEFINE_PER_CPU(int, from_template) = TEMPLATE_VALUE;
DEFINE_PER_CPU(char, text[3]) = "xyz";
#define STATIC_SIZE ALIGN((size_t)(__per_cpu_end - __per_cpu_start), 8)

static void ram_only(void)
{
	new_ram(RAM_BASE, RAM_SIZE, RAM_END);
	memblock_add(RAM_BASE, RAM_SIZE);
	memblock_set_current_limit(RAM_END);
}

static void test_before_setup_the_template_is_used(void **state __maybe_unused)
{
	ram_only();
	assert_int_equal(smp_processor_id(), 0);
	assert_ptr_equal(this_cpu_ptr(&from_template), &from_template);
	assert_ptr_equal(per_cpu_ptr(&from_template, 3), &from_template);
}

static void test_each_cpu_gets_the_template_and_its_number(
	void **state __maybe_unused)
{
	unsigned int cpu;

	for (unsigned int cpus = 1; cpus <= NR_CPUS; cpus++) {
		boot_cpus(cpus);
		assert_int_equal(nr_cpu_ids, cpus);
		for_each_possible_cpu(cpu) {
			assert_int_equal(per_cpu(from_template, cpu),
					 TEMPLATE_VALUE);
			host_set_cpu(cpu);
			assert_int_equal(smp_processor_id(), cpu);
			__this_cpu(from_template) = (int)cpu;
		}
		for_each_possible_cpu(cpu)
			assert_int_equal(per_cpu(from_template, cpu), cpu);
		assert_int_equal(from_template, TEMPLATE_VALUE);
		assert_percpu_sound();
	}
}

static void test_the_boot_cpu_uses_its_copy_from_the_second_step_on(
	void **state __maybe_unused)
{
	ram_only();
	set_nr_cpu_ids(2);
	setup_per_cpu_areas();
	assert_ptr_equal(this_cpu_ptr(&from_template), &from_template);
	smp_prepare_boot_cpu();
	assert_ptr_equal(this_cpu_ptr(&from_template),
			 &per_cpu(from_template, 0));
}

static void test_units_follow_each_other_and_offsets_say_where(
	void **state __maybe_unused)
{
	const char *base;
	unsigned int cpu;

	boot_cpus(5);
	base = pcpu_base_addr;
	assert_int_equal(pcpu_nr_units, 5);
	for_each_possible_cpu(cpu) {
		assert_int_equal(pcpu_unit_map[cpu], cpu);
		assert_int_equal(pcpu_unit_offsets[cpu],
				 (int)cpu * pcpu_unit_size);
		assert_ptr_equal(per_cpu_ptr(&__per_cpu_start[0], cpu),
				 base + pcpu_unit_offsets[cpu]);
	}
	assert_true(IS_ALIGNED((uintptr_t)pcpu_base_addr, PAGE_SIZE));
	assert_int_equal(pcpu_group_sizes[0], 5 * pcpu_unit_size);
}

static void test_parts_have_linuxes_sizes(void **state __maybe_unused)
{
	boot_cpus(2);
	assert_int_equal(pcpu_static_size, STATIC_SIZE);
	assert_memory_equal(per_cpu(text, 1), "xyz", 3);
	assert_int_equal(pcpu_reserved_chunk_limit - pcpu_static_size, 8192);
	/* 28 KB on 64 bits, and what is left of the last page. */
	assert_int_equal(pcpu_first_chunk_limit,
			 ALIGN(pcpu_reserved_chunk_limit + (28 << 10),
			       (int)PAGE_SIZE));
	assert_int_equal(pcpu_unit_size, max(pcpu_first_chunk_limit, 32768));
	assert_int_equal(pcpu_first_chunk->free_size,
			 pcpu_first_chunk_limit - pcpu_reserved_chunk_limit);
	assert_int_equal(pcpu_reserved_chunk->free_size, 8192);
}

/* --- the plan ------------------------------------------------------------- */

static void test_the_plan_rounds_up_to_pages_atoms_and_the_least_unit(
	void **state __maybe_unused)
{
	size_t static_size = STATIC_SIZE;
	struct pcpu_alloc_info *ai;

	ram_only();
	set_nr_cpu_ids(3);
	ai = pcpu_build_alloc_info(0, 0, PAGE_SIZE);
	assert_int_equal(ai->static_size, static_size);
	assert_int_equal(ai->dyn_size, ALIGN(static_size + 12288, PAGE_SIZE) -
				       static_size);
	assert_int_equal(ai->unit_size, 32768);
	assert_int_equal(ai->groups[0].nr_units, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ai->groups[0].cpu_map[i], i);
	pcpu_free_alloc_info(ai);
	assert_empty(&memblock.reserved);

	ai = pcpu_build_alloc_info(8192, 100000, SZ_1M);
	assert_int_equal(ai->unit_size, SZ_1M);
	assert_int_equal(ai->alloc_size, SZ_1M);
	assert_int_equal(ai->reserved_size, 8192);
	assert_int_equal(ai->dyn_size, ALIGN(static_size + 108192, PAGE_SIZE) -
				       static_size - 8192);
	pcpu_free_alloc_info(ai);
}

static void test_what_a_unit_does_not_need_goes_back_to_memblock(
	void **state __maybe_unused)
{
	phys_addr_t base, at, end;

	ram_only();
	set_nr_cpu_ids(3);
	assert_int_equal(pcpu_embed_first_chunk(0, 0, SZ_1M), 0);
	assert_int_equal(pcpu_unit_size, SZ_1M);
	assert_true(pcpu_first_chunk_limit < 32768);
	base = virt_to_phys(pcpu_base_addr);
	for (unsigned int unit = 0; unit < 3; unit++) {
		at = base + unit * SZ_1M;
		end = at + (phys_addr_t)pcpu_first_chunk_limit;
		assert_true(memblock_is_reserved(at));
		assert_true(memblock_is_reserved(end - 1));
		assert_false(memblock_is_region_reserved(end,
							 at + SZ_1M - end));
	}
	assert_null(memblock_check());
	assert_percpu_sound();
}

static void test_a_first_chunk_without_a_reserve(void **state __maybe_unused)
{
	struct pcpu_alloc_info *ai;
	char *base, *p;

	ram_only();
	set_nr_cpu_ids(2);
	ai = pcpu_build_alloc_info(0, 0, PAGE_SIZE);
	base = memblock_virt_alloc(2 * ai->unit_size, PAGE_SIZE);
	pcpu_setup_first_chunk(ai, base);
	__per_cpu_offset[0] = (uintptr_t)base - (uintptr_t)__per_cpu_start;
	__per_cpu_offset[1] = __per_cpu_offset[0] + ai->unit_size;
	assert_null(pcpu_reserved_chunk);
	assert_percpu_sound();
	assert_null(__alloc_reserved_percpu(8, 8));
	p = __alloc_percpu(8, 8);
	assert_non_null(p);
	free_percpu(p);
	assert_percpu_sound();
}

static void test_no_memory_is_a_panic_that_says_how_much(
	void **state __maybe_unused)
{
	new_ram(RAM_BASE, RAM_SIZE, RAM_END);
	memblock_add(RAM_BASE, 0x20000);
	memblock_set_current_limit(RAM_END);
	set_nr_cpu_ids(NR_CPUS);
	assert_panics(setup_per_cpu_areas(), "no memory for the first chunk: 8 CPUs");
	new_ram(RAM_BASE, RAM_SIZE, RAM_END);
	assert_panics(setup_per_cpu_areas(), "no memory for the first chunk: 1 CPU");
}

static void test_more_cpus_than_there_can_be_are_cut_and_said(
	void **state __maybe_unused)
{
	ram_only();
	set_nr_cpu_ids(NR_CPUS + 1);
	assert_int_equal(nr_cpu_ids, NR_CPUS);
	assert_true(console_says("9 CPUs in the device tree: using 8"));
	set_nr_cpu_ids(0);
	assert_int_equal(nr_cpu_ids, 1);
}

/* --- percpu_init_late ----------------------------------------------------- */

static void test_maps_move_to_kmalloc_memory_and_can_grow_then(
	void **state __maybe_unused)
{
	static void *p[600];
	int *first, *reserved, *late;

	boot_cpus(2);
	first = pcpu_first_chunk->map;
	reserved = pcpu_reserved_chunk->map;
	p[0] = __alloc_percpu(24, 8);
	mark(p[0], 24, 1);
	mem_init();
	kmem_cache_init();
	percpu_init_late();
	late = pcpu_first_chunk->map;
	assert_ptr_not_equal(late, first);
	assert_ptr_not_equal(pcpu_reserved_chunk->map, reserved);
	assert_true(PageSlab(compound_head(virt_to_page(late))));
	assert_true(ksize(late) >= PERCPU_DYNAMIC_EARLY_SLOTS * sizeof(int));
	/* Left as it was: nobody looks at it any more. */
	memset(first, 0xff, PERCPU_DYNAMIC_EARLY_SLOTS * sizeof(int));
	memset(reserved, 0xff, PERCPU_DYNAMIC_EARLY_SLOTS * sizeof(int));
	assert_percpu_sound();
	assert_marked(p[0], 24, 1);
	free_percpu(p[0]);

	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = __alloc_percpu(8, 8);
		assert_non_null(p[i]);
	}
	assert_percpu_sound();
	assert_true(pcpu_first_chunk->map_alloc >= (int)ARRAY_SIZE(p));
	assert_ptr_not_equal(pcpu_first_chunk->map, late);
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		free_percpu(p[i]);
	assert_percpu_sound();
	assert_int_equal(slab_check() != NULL, 0);
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_before_setup_the_template_is_used),
		T(test_each_cpu_gets_the_template_and_its_number),
		T(test_the_boot_cpu_uses_its_copy_from_the_second_step_on),
		T(test_units_follow_each_other_and_offsets_say_where),
		T(test_parts_have_linuxes_sizes),
		T(test_the_plan_rounds_up_to_pages_atoms_and_the_least_unit),
		T(test_what_a_unit_does_not_need_goes_back_to_memblock),
		T(test_a_first_chunk_without_a_reserve),
		T(test_no_memory_is_a_panic_that_says_how_much),
		T(test_more_cpus_than_there_can_be_are_cut_and_said),
		T(test_maps_move_to_kmalloc_memory_and_can_grow_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
