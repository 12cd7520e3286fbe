// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vmap_block.c - vm_map_ram(): blocks, their CPUs, and their purge. */
#include "vm_machine.h"

#include <mm/vmalloc_internal.h>
#include <mm/vmap_block.h>

#define CPUS	4u
#define PAGES	200u			/* one page of each mark */
#define BITS	((unsigned long)VMAP_BBMAP_BITS)

static struct page *pages[PAGES];

static int setup(void **state __maybe_unused)
{
	begin_vm(CPUS);
	mm_init();
	for (unsigned int i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(GFP_HIGHUSER);
		assert_non_null(pages[i]);
		memset(ram_at(pages[i]), (int)i, PAGE_SIZE);
	}
	return 0;
}

static struct vmap_block *block_of(unsigned int cpu, unsigned int nth)
{
	struct vmap_block_queue *vbq = per_cpu_ptr(&vmap_block_queue, cpu);
	struct vmap_block *vb;

	list_for_each_entry(vb, &vbq->free, free_list)
		if (!nth--)
			return vb;
	return NULL;
}

static unsigned int areas(void)
{
	const struct vmap_area *va;
	unsigned int n = 0;

	list_for_each_entry(va, &vmap_area_list, list)
		n++;
	return n;
}

static char *map(unsigned int first, unsigned int count)
{
	return vm_map_ram(pages + first, count, NUMA_NO_NODE, PAGE_KERNEL);
}

static void test_pages_are_shown_in_order(void **state __maybe_unused)
{
	char *mem = map(10, 3);

	assert_int_equal(mem[0], 10);
	assert_int_equal(mem[PAGE_SIZE], 11);
	assert_int_equal(mem[3 * PAGE_SIZE - 1], 12);
	assert_true(faults(mem + 3 * PAGE_SIZE, false));	/* of 4 */
	mem[1] = 99;
	assert_int_equal(ram_at(pages[10])[1], 99);
	assert_vm_sound();
	vm_unmap_ram(mem, 3);
	assert_true(faults(mem, false));
	assert_int_equal(page_count(pages[10]), 1);
	assert_vm_sound();
}

static void test_small_maps_come_from_one_block_in_powers_of_two(
	void **state __maybe_unused)
{
	char *a = map(0, 1), *b = map(0, 3), *c = map(0, 1);
	struct vmap_block *vb = block_of(0, 0);

	assert_int_equal(areas(), 1);
	assert_ptr_equal(a, vb->va->va_start);
	assert_true(IS_ALIGNED(vb->va->va_start, VMAP_BLOCK_SIZE));
	assert_ptr_equal(b, a + PAGE_SIZE);
	assert_ptr_equal(c, b + 4 * PAGE_SIZE);
	assert_int_equal(vb->free, BITS - 6);
	assert_int_equal(vb->dirty, 0);
	vm_unmap_ram(b, 3);
	assert_int_equal(vb->free, BITS - 6);	/* never given out again */
	assert_int_equal(vb->dirty, 4);
	assert_int_equal(vb->dirty_min, 1);
	assert_int_equal(vb->dirty_max, 5);
	assert_ptr_equal(map(0, 1), c + PAGE_SIZE);
	assert_vm_sound();
}

static void test_more_than_a_word_of_pages_has_an_area_of_its_own(
	void **state __maybe_unused)
{
	char *mem = map(0, VMAP_MAX_ALLOC + 1);

	assert_int_equal(areas(), 1);
	assert_null(block_of(0, 0));
	assert_int_equal((unsigned char)mem[VMAP_MAX_ALLOC * PAGE_SIZE],
			 VMAP_MAX_ALLOC);
	vm_unmap_ram(mem, VMAP_MAX_ALLOC + 1);
	assert_int_equal(vmap_lazy_nr, VMAP_MAX_ALLOC + 1);
	vm_unmap_aliases();
	assert_int_equal(areas(), 0);
	assert_vm_sound();
}

static void test_a_block_that_came_back_whole_is_freed(
	void **state __maybe_unused)
{
	char *mem[64];
	unsigned int n = (unsigned int)(BITS / VMAP_MAX_ALLOC);

	assert_true(n <= ARRAY_SIZE(mem));
	for (unsigned int i = 0; i < n; i++)
		mem[i] = map(i, VMAP_MAX_ALLOC);
	assert_null(block_of(0, 0));		/* nothing left in it */
	assert_vm_sound();
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(vmap_lazy_nr, 0);
		vm_unmap_ram(mem[i], VMAP_MAX_ALLOC);
		assert_vm_sound();
	}
	assert_int_equal(vmap_lazy_nr, BITS);
	vm_unmap_aliases();
	assert_int_equal(areas(), 0);
	assert_vm_sound();
}

static void test_each_cpu_has_its_own_block(void **state __maybe_unused)
{
	char *mem[CPUS];

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		mem[cpu] = map(cpu, 2);
		assert_ptr_equal(mem[cpu], block_of(cpu, 0)->va->va_start);
	}
	assert_int_equal(areas(), CPUS);
	/* Unmapped on another CPU, it goes back to the one it came from. */
	host_set_cpu(1);
	vm_unmap_ram(mem[3], 2);
	assert_int_equal(block_of(3, 0)->dirty, 2);
	assert_int_equal(block_of(1, 0)->dirty, 0);
	host_set_cpu(0);
	assert_vm_sound();
}

static void test_aliases_are_flushed_and_used_up_blocks_freed(
	void **state __maybe_unused)
{
	char *gone = map(0, 4), *kept, *first, *second;
	unsigned long flushes = host_tlb_flushes;

	vm_unmap_aliases();
	assert_int_equal(host_tlb_flushes, flushes);	/* nothing dirty */
	host_set_cpu(2);
	kept = map(0, 4);
	first = map(4, 4);
	second = map(4, 8);
	vm_unmap_ram(second, 8);
	vm_unmap_ram(first, 4);
	host_set_cpu(1);
	vm_unmap_aliases();		/* of the block that is in use still */
	assert_int_equal(host_tlb_flushes, ++flushes);
	assert_int_equal(host_tlb_start, (unsigned long)first);
	assert_int_equal(host_tlb_end, (unsigned long)second + 8 * PAGE_SIZE);
	host_set_cpu(0);
	vm_unmap_ram(gone, 4);
	vm_unmap_aliases();
	assert_int_equal(host_tlb_flushes, flushes + 1);
	assert_int_equal(host_tlb_start, (unsigned long)gone);
	assert_null(block_of(0, 0));		/* all of it had come back */
	assert_int_equal(areas(), 1);
	assert_int_equal(kept[0], 0);
	assert_int_equal(block_of(2, 0)->free, BITS - 16);
	assert_vm_sound();
}

/* A block that is given out whole is on no queue; its TLB entries stay. */
static void test_aliases_of_a_block_given_out_whole_are_flushed(
	void **state __maybe_unused)
{
	unsigned int n = (unsigned int)(BITS / VMAP_MAX_ALLOC);
	unsigned long flushes;
	char *mem[64];

	assert_true(n <= ARRAY_SIZE(mem));
	for (unsigned int i = 0; i < n; i++)
		mem[i] = map(0, VMAP_MAX_ALLOC);
	assert_null(block_of(0, 0));
	vm_unmap_ram(mem[2], VMAP_MAX_ALLOC);
	flushes = host_tlb_flushes;
	vm_unmap_aliases();
	assert_int_equal(host_tlb_flushes, flushes + 1);
	assert_int_equal(host_tlb_start, (unsigned long)mem[2]);
	assert_int_equal(host_tlb_end, (unsigned long)mem[2] +
			 VMAP_MAX_ALLOC * PAGE_SIZE);
	assert_vm_sound();
}

static void test_a_full_area_takes_used_up_blocks_back(
	void **state __maybe_unused)
{
	unsigned long rest;

	vm_unmap_ram(map(0, 1), 1);
	rest = VMALLOC_END - block_of(0, 0)->va->va_end;
	assert_non_null(get_vm_area(rest - PAGE_SIZE, VM_MAP));
	assert_non_null(get_vm_area(VMAP_BLOCK_SIZE - PAGE_SIZE, VM_MAP));
	assert_null(block_of(0, 0));
	assert_vm_sound();
}

static void test_counts_that_cannot_be_give_NULL(void **state __maybe_unused)
{
	assert_null(vm_map_ram(pages, 0, NUMA_NO_NODE, PAGE_KERNEL));
	assert_null(vm_map_ram(pages, (unsigned int)totalram_pages + 1,
			       NUMA_NO_NODE, PAGE_KERNEL));
	pages[2] = NULL;
	assert_null(map(0, 4));
	assert_null(map(0, VMAP_MAX_ALLOC + 1));
	assert_vm_sound();
	vm_unmap_aliases();
	assert_int_equal(areas(), 0);
}

static void test_unmapping_what_is_not_mapped_is_a_bug(
	void **state __maybe_unused)
{
	char *mem = map(0, 4), *large = map(0, VMAP_MAX_ALLOC + 1);

	assert_panics(vm_unmap_ram(NULL, 1), "addr");
	assert_panics(vm_unmap_ram(mem, 0), "count");
	assert_panics(vm_unmap_ram((void *)(VMALLOC_END - PAGE_SIZE), 1), "vb");
	assert_panics(vm_unmap_ram(mem + 4 * PAGE_SIZE, 1), "free");
	assert_panics(vm_unmap_ram(mem + 1, 1), "ALIGNED");
	assert_panics(vm_unmap_ram(large, VMAP_MAX_ALLOC + 2), "va");
	vm_unmap_ram(mem, 4);
	assert_panics(vm_unmap_ram(mem, 4), "dirty");
}

static void *map_4(void)
{
	static struct page *four[4];

	for (int i = 0; i < 4; i++)
		four[i] = pages[i];
	return vm_map_ram(four, 4, NUMA_NO_NODE, PAGE_KERNEL);
}

static void unmap_4(void *mem)
{
	vm_unmap_ram(mem, 4);
}

static void test_running_out_of_pages_at_any_step_gives_all_back(
	void **state __maybe_unused)
{
	assert_true(fail_at_every_step(map_4, unmap_4) >= 1);
	vm_unmap_aliases();
	assert_int_equal(areas(), 0);
}

static void *map_100(void)
{
	return vm_map_ram(pages, 100, NUMA_NO_NODE, PAGE_KERNEL);
}

static void test_running_out_of_addresses_gives_all_back(
	void **state __maybe_unused)
{
	while (get_vm_area(VMAP_BLOCK_SIZE / 2, VM_MAP))
		;
	fails_without_a_trace(map_4);
	while (get_vm_area(PAGE_SIZE, VM_MAP))
		;
	fails_without_a_trace(map_100);
}

static struct {
	char *mem;
	unsigned int first, count;
} held[60];

static void check_held(unsigned int i)
{
	for (unsigned int n = 0; n < held[i].count; n++) {
		assert_int_equal((unsigned char)held[i].mem[n * PAGE_SIZE],
				 held[i].first + n);
		assert_ptr_equal(vmalloc_to_page(held[i].mem + n * PAGE_SIZE),
				 pages[held[i].first + n]);
	}
}

static void test_random_maps_show_their_pages_and_leave_nothing(void **state)
{
	for (unsigned int seed = 0; seed < 4; seed++) {
		struct rng rng = rng_seed(seed);

		setup(state);
		memset(held, 0, sizeof(held));
		for (unsigned long step = 0; step < random_ops(3000); step++) {
			unsigned int i = (unsigned int)below(&rng,
							     ARRAY_SIZE(held));

			host_set_cpu((unsigned int)below(&rng, CPUS));
			if (held[i].mem) {
				check_held(i);
				vm_unmap_ram(held[i].mem, held[i].count);
				held[i].mem = NULL;
			} else {
				held[i].count = 1 + (unsigned int)below(&rng,
					below(&rng, 8) ? 12 :
					VMAP_MAX_ALLOC + 40);
				held[i].first = (unsigned int)below(&rng,
					PAGES - held[i].count);
				held[i].mem = map(held[i].first, held[i].count);
				assert_non_null(held[i].mem);
			}
			if (!below(&rng, 200))
				vm_unmap_aliases();
			if (step % 50 == 0)
				assert_vm_sound();
		}
		for (size_t i = 0; i < ARRAY_SIZE(held); i++)
			if (held[i].mem)
				vm_unmap_ram(held[i].mem, held[i].count);
		vm_unmap_aliases();
		assert_int_equal(areas(), 0);
		assert_int_equal(vmap_lazy_nr, 0);
		host_set_cpu(0);
		assert_vm_sound();
	}
}

/* --- broken blocks -------------------------------------------------------- */

static void test_VMAP_1_names_more_pages_than_a_block_has(
	void **state __maybe_unused)
{
	map(0, 4);
	block_of(0, 0)->dirty = 5;
	assert_broken(vmalloc_check(), "VMAP-1");
}

static void test_VMAP_2_names_a_block_on_the_wrong_side(
	void **state __maybe_unused)
{
	struct vmap_block *vb;

	map(0, 4);
	vb = block_of(0, 0);
	vb->free = 0;
	assert_broken(vmalloc_check(), "VMAP-2");
	vb->free = BITS - 4;
	vb->queue = per_cpu_ptr(&vmap_block_queue, 1);
	assert_broken(vmalloc_check(), "VMAP-2");
}

static void test_VMAP_3_names_a_wrong_area(void **state __maybe_unused)
{
	struct vmap_block *vb;
	struct vmap_area other;

	map(0, 4);
	vb = block_of(0, 0);
	other = *vb->va;
	vb->va = &other;
	assert_broken(vmalloc_check(), "VMAP-3");
}

static void test_VMAP_4_names_what_was_mapped_behind_the_last(
	void **state __maybe_unused)
{
	char *mem = map(0, 4);

	block_of(0, 0)->free += 2;
	assert_broken(vmalloc_check(), "VMAP-4");
	assert_int_equal(mem[0], 0);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_pages_are_shown_in_order),
		T(test_small_maps_come_from_one_block_in_powers_of_two),
		T(test_more_than_a_word_of_pages_has_an_area_of_its_own),
		T(test_a_block_that_came_back_whole_is_freed),
		T(test_each_cpu_has_its_own_block),
		T(test_aliases_are_flushed_and_used_up_blocks_freed),
		T(test_aliases_of_a_block_given_out_whole_are_flushed),
		T(test_a_full_area_takes_used_up_blocks_back),
		T(test_counts_that_cannot_be_give_NULL),
		T(test_unmapping_what_is_not_mapped_is_a_bug),
		T(test_running_out_of_pages_at_any_step_gives_all_back),
		T(test_running_out_of_addresses_gives_all_back),
		T(test_random_maps_show_their_pages_and_leave_nothing),
		T(test_VMAP_1_names_more_pages_than_a_block_has),
		T(test_VMAP_2_names_a_block_on_the_wrong_side),
		T(test_VMAP_3_names_a_wrong_area),
		T(test_VMAP_4_names_what_was_mapped_behind_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
