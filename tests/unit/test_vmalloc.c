// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vmalloc.c - what is mapped in areas, and what failure leaves. */
#include "vm_machine.h"

#include <mm/vmalloc_internal.h>

#define MB (1UL << 20)

static struct vmap_area *va_of(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)addr);

	assert_non_null(va);
	return va;
}

/* Pages that are free, counted exactly. */
static unsigned long free_now(void)
{
	struct zone *zone;
	unsigned long n = 0;

	drain_all_pages(NULL);
	for_each_zone(zone)
		n += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return n;
}

static unsigned long tables(void)
{
	return count_pages(NR_PAGETABLE);
}

/* --- vmalloc and vfree ---------------------------------------------------- */

static void test_bytes_are_those_of_the_pages(void **state __maybe_unused)
{
	unsigned char *mem = vmalloc(5 * PAGE_SIZE - 7);
	struct vm_struct *vm = find_vm_area(mem);

	assert_non_null(mem);
	assert_true(is_vmalloc_addr(mem));
	assert_ptr_equal(vm->addr, mem);
	assert_int_equal(vm->size, 6 * PAGE_SIZE);	/* and a guard page */
	assert_int_equal(vm->nr_pages, 5);
	assert_int_equal(vm->flags, VM_ALLOC);
	for (unsigned long i = 0; i < 5 * PAGE_SIZE; i++)
		mem[i] = (unsigned char)(i / PAGE_SIZE + i);
	for (unsigned long i = 0; i < 5; i++) {
		struct page *page = vmalloc_to_page(mem + i * PAGE_SIZE + 9);

		assert_ptr_equal(page, vm->pages[i]);
		assert_memory_equal(ram_at(page), mem + i * PAGE_SIZE,
				    PAGE_SIZE);
		assert_true(PageHighMem(page));
	}
	assert_vm_sound();
	vfree(mem);
	assert_vm_sound();
}

static void test_the_guard_page_faults_and_so_does_what_was_freed(
	void **state __maybe_unused)
{
	char *mem = vmalloc(3 * PAGE_SIZE);

	assert_false(faults(mem, true));
	assert_false(faults(mem + 3 * PAGE_SIZE - 1, true));
	assert_true(faults(mem + 3 * PAGE_SIZE, false));
	assert_true(faults(mem + 3 * PAGE_SIZE, true));
	assert_true(faults(mem + 4 * PAGE_SIZE - 1, false));
	vfree(mem);
	assert_true(faults(mem, false));
	assert_null(vmalloc_to_page(mem));
}

static void test_neighbours_are_a_guard_page_apart(void **state __maybe_unused)
{
	char *a = vmalloc(1), *b = vmalloc(PAGE_SIZE + 1), *c = vmalloc(1);

	assert_ptr_equal(a, VMALLOC_START);
	assert_ptr_equal(b, a + 2 * PAGE_SIZE);
	assert_ptr_equal(c, b + 3 * PAGE_SIZE);
}

static void test_vzalloc_clears_pages_that_were_used(
	void **state __maybe_unused)
{
	unsigned char *mem;

	hoarded = 0;
	hoard_pages();
	for (unsigned int i = 0; i < hoarded; i++)
		memset(ram_at(hoard[i]), 0xa5, PAGE_SIZE);
	unhoard_all();
	mem = vzalloc(40 * PAGE_SIZE);
	for (unsigned long i = 0; i < 40 * PAGE_SIZE; i++)
		assert_int_equal(mem[i], 0);
}

static void test_protection_is_what_was_asked_for(void **state __maybe_unused)
{
	char *mem = __vmalloc(PAGE_SIZE, GFP_KERNEL, PAGE_KERNEL_RO);

	assert_false(faults(mem, false));
	assert_true(faults(mem, true));
	assert_false(PageHighMem(vmalloc_to_page(mem)));	/* not allowed */
}

static void test_sizes_that_cannot_be_give_NULL(void **state __maybe_unused)
{
	assert_null(vmalloc(0));
	assert_null(vmalloc(~0UL));
	assert_null(vmalloc((totalram_pages + 1) << PAGE_SHIFT));
	assert_true(console_says("vmalloc: cannot allocate"));
	assert_null(get_vm_area(0, VM_MAP));
	assert_null(get_vm_area(~0UL - 100, VM_MAP));
	assert_null(get_vm_area(VMALLOC_END - VMALLOC_START, VM_MAP));
	assert_vm_sound();
}

static void test_an_array_of_more_than_a_page_is_vmalloced_too(
	void **state __maybe_unused)
{
	unsigned long pages = 2 * PAGE_SIZE / sizeof(struct page *);
	char *mem = vmalloc(pages * PAGE_SIZE);
	struct vm_struct *vm = find_vm_area(mem);
	struct page **array = vm->pages;

	assert_true(is_vmalloc_addr(array));
	assert_int_equal(find_vm_area(array)->nr_pages, 2);
	mem[pages * PAGE_SIZE - 1] = 1;
	vfree(mem);
	assert_null(find_vm_area(array));
	assert_vm_sound();
}

static void test_freeing_what_is_no_area_is_reported_and_changes_nothing(
	void **state __maybe_unused)
{
	char *mem = vmalloc(3 * PAGE_SIZE);
	unsigned long warned = nr_warnings, before;
	const void *wrong[] = {
		mem + PAGE_SIZE, mem + 1, mem + 4 * PAGE_SIZE,
		(void *)(VMALLOC_START + 100 * MB), (void *)0x1000,
	};

	vfree(NULL);
	vunmap(NULL);
	assert_int_equal(nr_warnings, warned);
	before = free_now();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		vfree(wrong[i]);
		assert_int_equal(nr_warnings, warned + i + 1);
		assert_false(faults(mem, true));
	}
	assert_true(console_says("vfree: no area starts at"));
	assert_int_equal(free_now(), before);
	vfree(mem);
	warned = nr_warnings;
	before = free_now();
	vfree(mem);			/* twice */
	assert_int_equal(nr_warnings, warned + 1);
	assert_int_equal(free_now(), before);
	assert_vm_sound();
}

static void *alloc_600(void)
{
	return __vmalloc(600 * PAGE_SIZE, GFP_HIGHUSER | __GFP_NOWARN,
			 PAGE_KERNEL);
}

static void *alloc_3(void)
{
	return __vmalloc(3 * PAGE_SIZE, GFP_HIGHUSER | __GFP_NOWARN,
			 PAGE_KERNEL);
}

static void free_it(void *mem)
{
	vfree(mem);
}

static void test_running_out_of_pages_at_any_step_gives_all_back(
	void **state __maybe_unused)
{
	/* At least the three pages and the table. */
	assert_true(fail_at_every_step(alloc_3, free_it) >= 3);
}

/* Too many ways to try each; from where it nearly succeeds on. */
static void test_a_large_failure_gives_all_back(void **state __maybe_unused)
{
	unsigned long all, out;

	assert_non_null(alloc_600());
	hoarded = 0;
	hoard_pages();
	unhoard(550);
	all = pages_accounted();
	assert_null(alloc_600());
	vm_unmap_aliases();
	assert_int_equal(pages_accounted(), all);
	out = objects_out();
	for (int i = 0; i < 10; i++) {
		assert_null(alloc_600());
		vm_unmap_aliases();
		assert_int_equal(pages_accounted(), all);
		assert_int_equal(objects_out(), out);
		assert_vm_sound();
	}
	unhoard_all();
	assert_non_null(alloc_600());
	assert_vm_sound();
}

static void *area_too_large(void)
{
	return get_vm_area(VMALLOC_END - VMALLOC_START, VM_MAP);
}

static void *vmalloc_without_room(void)
{
	return __vmalloc(PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN, PAGE_KERNEL);
}

static void *pattern_too_large(void)
{
	static const unsigned long offsets[] = { 0, 239UL << 20 };
	static const size_t sizes[] = { 1 << 20, 2 << 20 };

	return pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE);
}

static void test_what_cannot_be_had_takes_nothing(void **state __maybe_unused)
{
	assert_non_null(vmalloc(1));
	fails_without_a_trace(area_too_large);
	fails_without_a_trace(pattern_too_large);
	assert_non_null(get_vm_area(VMALLOC_END - VMALLOC_START - 4 * PAGE_SIZE,
				    VM_MAP | VM_NO_GUARD));
	assert_non_null(get_vm_area(PAGE_SIZE, VM_MAP));
	fails_without_a_trace(vmalloc_without_room);
}

/* --- mapping -------------------------------------------------------------- */

static struct page *some_pages[16];

static struct page **get_pages(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		some_pages[i] = alloc_page(GFP_HIGHUSER);
		memset(ram_at(some_pages[i]), (int)(i + 1), PAGE_SIZE);
	}
	return some_pages;
}

static void test_vmap_shows_pages_in_the_callers_order_and_keeps_them(
	void **state __maybe_unused)
{
	struct page **pages = get_pages(4), *first = pages[0];
	char *mem;

	pages[0] = pages[3];
	pages[3] = first;
	mem = vmap(pages, 4, VM_MAP, PAGE_KERNEL);
	assert_int_equal(mem[0], 4);
	assert_int_equal(mem[PAGE_SIZE], 2);
	assert_int_equal(mem[4 * PAGE_SIZE - 1], 1);
	assert_true(faults(mem + 4 * PAGE_SIZE, false));
	mem[5] = 77;
	assert_int_equal(ram_at(pages[0])[5], 77);
	assert_vm_sound();
	vunmap(mem);
	for (int i = 0; i < 4; i++)
		assert_int_equal(page_count(pages[i]), 1);
	assert_vm_sound();
}

static void test_a_page_mapped_twice_is_one_page(void **state __maybe_unused)
{
	struct page **pages = get_pages(1);
	char *a = vmap(pages, 1, VM_MAP, PAGE_KERNEL);
	char *b = vmap(pages, 1, VM_MAP, PAGE_KERNEL);

	assert_ptr_not_equal(a, b);
	a[100] = 42;
	assert_int_equal(b[100], 42);
}

static void *vmap_some_pages(void)
{
	return vmap(some_pages, 4, VM_MAP, PAGE_KERNEL);
}

static void test_vmap_of_nothing_or_of_NULL_fails_whole(
	void **state __maybe_unused)
{
	struct page **pages = get_pages(4);
	unsigned long warned = nr_warnings;

	assert_null(vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	assert_null(vmap(pages, (unsigned int)totalram_pages + 1, VM_MAP,
			 PAGE_KERNEL));
	assert_int_equal(nr_warnings, warned);
	pages[2] = NULL;
	assert_null(vmap(pages, 4, VM_MAP, PAGE_KERNEL));
	assert_int_equal(nr_warnings, warned + 1);
	assert_vm_sound();		/* VMALLOC-5: nothing left mapped */
	fails_without_a_trace(vmap_some_pages);
}

static void test_mapping_over_what_is_mapped_is_EBUSY_and_undone(
	void **state __maybe_unused)
{
	struct vm_struct *area = get_vm_area(4 * PAGE_SIZE, VM_MAP);
	unsigned long addr = (unsigned long)area->addr;
	struct page **pages = get_pages(4);
	char *mem = area->addr;

	assert_int_equal(map_kernel_range_noflush(addr + 2 * PAGE_SIZE,
						  PAGE_SIZE, PAGE_KERNEL,
						  pages + 2), 1);
	assert_int_equal(map_vm_area(area, PAGE_KERNEL, pages), -EBUSY);
	assert_true(faults(mem, false));
	assert_true(faults(mem + PAGE_SIZE, false));
	assert_int_equal(mem[2 * PAGE_SIZE], 3);	/* who was there stays */
	unmap_kernel_range_noflush(addr, 4 * PAGE_SIZE);
	assert_true(faults(mem + 2 * PAGE_SIZE, false));
	assert_int_equal(map_vm_area(area, PAGE_KERNEL, pages), 0);
	assert_int_equal(mem[3 * PAGE_SIZE], 4);
	free_vm_area(area);
	assert_vm_sound();
}

static void test_tables_are_made_once_for_two_sections(
	void **state __maybe_unused)
{
	struct page **pages = get_pages(1);
	unsigned long before = tables();
	struct vm_struct *area = __get_vm_area(3 * PMD_SIZE, VM_MAP,
					       VMALLOC_START + 64 * MB,
					       VMALLOC_END);
	unsigned long addr = (unsigned long)area->addr;

	for (unsigned long at = 0; at < 3 * PMD_SIZE; at += SECTION_SIZE / 2)
		assert_int_equal(map_kernel_range_noflush(addr + at, PAGE_SIZE,
							  PAGE_KERNEL, pages),
				 1);
	assert_int_equal(tables(), before + 3);
	assert_ptr_equal(pmd_page_vaddr(pmd_off_k(addr)[0]),
			 pmd_page_vaddr(pmd_off_k(addr)[1]));
	assert_ptr_equal(virt_to_kpte(addr) + 1,
			 virt_to_kpte(addr + PAGE_SIZE));
	assert_ptr_equal(virt_to_kpte(addr) + PTRS_PER_PTE / 2,
			 virt_to_kpte(addr + SECTION_SIZE));
	free_vm_area(area);
	assert_int_equal(tables(), before + 3);		/* kept for the next */
	assert_vm_sound();
}

static void test_a_table_is_named_by_both_sections_and_has_a_lock(
	void **state __maybe_unused)
{
	char *mem = vmalloc(1);
	const pmd_t *pair = pmd_off_k((unsigned long)mem);
	pte_t *table = (pte_t *)((uintptr_t)virt_to_kpte((unsigned long)mem) &
				 PAGE_MASK);
	struct page *page = virt_to_page(table);

	assert_int_equal((unsigned long)mem & ~PMD_MASK, 0);
	assert_true(pmd_table(pair[0]) && pmd_table(pair[1]));
	assert_ptr_equal(pmd_page_vaddr(pair[1]), table);
	assert_non_null(page->ptl);
	assert_int_equal(((spinlock_t *)page->ptl)->locked, 0);
	assert_int_equal(tables(), 1);
}

/* --- random bytes --------------------------------------------------------- */

struct held {
	unsigned char *mem;
	unsigned long bytes;
	unsigned char mark;
};

static void check_held(const struct held *held)
{
	for (unsigned long at = 0; at < held->bytes; at += 509)
		assert_int_equal(held->mem[at], held->mark);
	assert_int_equal(held->mem[held->bytes - 1], held->mark);
}

/* Pages of all that is made and freed, in any order, never mix. */
static void test_random_memory_keeps_its_bytes(void **state)
{
	static struct held held[40];

	for (unsigned int seed = 0; seed < 3; seed++) {
		struct rng rng = rng_seed(seed + 100);
		unsigned long before;

		boot_vm(state);
		before = free_now();
		memset(held, 0, sizeof(held));
		for (unsigned long step = 0; step < random_ops(5000); step++) {
			struct held *h = &held[below(&rng, ARRAY_SIZE(held))];

			if (h->mem) {
				check_held(h);
				vfree(h->mem);
				h->mem = NULL;
			} else {
				h->bytes = 1 + below(&rng, 30 * PAGE_SIZE);
				h->mark = (unsigned char)below(&rng, 256);
				h->mem = vmalloc(h->bytes);
				assert_non_null(h->mem);
				memset(h->mem, h->mark, h->bytes);
			}
			if (step % 250 == 0)
				assert_vm_sound();
		}
		for (size_t i = 0; i < ARRAY_SIZE(held); i++)
			vfree(held[i].mem);
		vm_unmap_aliases();
		assert_true(list_empty(&vmap_area_list));
		assert_vm_sound();
		/* Tables stay, and some of the slabs. */
		assert_in_range(free_now(), before - tables() - 24, before);
	}
}

/* --- broken areas --------------------------------------------------------- */

static void test_VMALLOC_1_names_a_wrong_order_and_an_overlap(
	void **state __maybe_unused)
{
	char *a = vmalloc(1), *b = vmalloc(1);
	struct vmap_area *va = va_of(a);

	assert_null(vmalloc_check());
	va->va_end = va_of(b)->va_start + PAGE_SIZE;
	assert_broken(vmalloc_check(), "VMALLOC-1");
	va->va_end = va->va_start;
	assert_broken(vmalloc_check(), "VMALLOC-1");
	va->va_end = va->va_start + 2 * PAGE_SIZE;
	rb_erase(&va->rb_node, &vmap_area_root);
	assert_broken(vmalloc_check(), "VMALLOC-1");
}

static void test_VMALLOC_2_names_what_lies_outside(void **state __maybe_unused)
{
	struct vmap_area *va = va_of(vmalloc(1));

	va->va_start -= PAGE_SIZE;
	assert_broken(vmalloc_check(), "VMALLOC-2");
	va->va_start += PAGE_SIZE + 1;
	assert_broken(vmalloc_check(), "VMALLOC-2");
}

static void test_VMALLOC_3_names_a_wrong_owner(void **state __maybe_unused)
{
	struct vmap_area *va = va_of(vmalloc(1));
	struct vm_struct *vm = va->vm;

	vm->size -= PAGE_SIZE;
	assert_broken(vmalloc_check(), "VMALLOC-3");
	vm->size += PAGE_SIZE;
	va->flags = 0;
	assert_broken(vmalloc_check(), "VMALLOC-3");
	va->flags = VM_VM_AREA;
	va->vm = NULL;
	assert_broken(vmalloc_check(), "VMALLOC-3");
}

static void test_VMALLOC_4_names_a_wrong_page_and_a_mapped_guard(
	void **state __maybe_unused)
{
	char *mem = vmalloc(2 * PAGE_SIZE);
	struct vm_struct *vm = find_vm_area(mem);
	struct page *first = vm->pages[0];
	unsigned long guard = (unsigned long)mem + 2 * PAGE_SIZE;

	vm->pages[0] = vm->pages[1];
	assert_broken(vmalloc_check(), "VMALLOC-4");
	vm->pages[0] = first;
	assert_null(vmalloc_check());
	set_pte_at(guard, virt_to_kpte(guard), mk_pte(first, PAGE_KERNEL));
	assert_broken(vmalloc_check(), "VMALLOC-4");
	pte_clear(guard, virt_to_kpte(guard));
	unmap_kernel_range_noflush((unsigned long)mem, PAGE_SIZE);
	assert_broken(vmalloc_check(), "VMALLOC-4");
}

static void test_VMALLOC_5_names_a_wrong_count_and_what_is_still_mapped(
	void **state __maybe_unused)
{
	char *mem = vmalloc(2 * PAGE_SIZE);
	unsigned long addr = (unsigned long)mem;

	vfree(mem);
	vmap_lazy_nr++;
	assert_broken(vmalloc_check(), "VMALLOC-5");
	vmap_lazy_nr--;
	assert_null(vmalloc_check());
	set_pte_at(addr, virt_to_kpte(addr),
		   mk_pte(alloc_page(GFP_KERNEL), PAGE_KERNEL));
	assert_broken(vmalloc_check(), "VMALLOC-5");
}

#define T(test) cmocka_unit_test_setup(test, boot_vm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bytes_are_those_of_the_pages),
		T(test_the_guard_page_faults_and_so_does_what_was_freed),
		T(test_neighbours_are_a_guard_page_apart),
		T(test_vzalloc_clears_pages_that_were_used),
		T(test_protection_is_what_was_asked_for),
		T(test_sizes_that_cannot_be_give_NULL),
		T(test_an_array_of_more_than_a_page_is_vmalloced_too),
		T(test_freeing_what_is_no_area_is_reported_and_changes_nothing),
		T(test_running_out_of_pages_at_any_step_gives_all_back),
		T(test_a_large_failure_gives_all_back),
		T(test_what_cannot_be_had_takes_nothing),
		T(test_vmap_shows_pages_in_the_callers_order_and_keeps_them),
		T(test_a_page_mapped_twice_is_one_page),
		T(test_vmap_of_nothing_or_of_NULL_fails_whole),
		T(test_mapping_over_what_is_mapped_is_EBUSY_and_undone),
		T(test_tables_are_made_once_for_two_sections),
		T(test_a_table_is_named_by_both_sections_and_has_a_lock),
		T(test_random_memory_keeps_its_bytes),
		T(test_VMALLOC_1_names_a_wrong_order_and_an_overlap),
		T(test_VMALLOC_2_names_what_lies_outside),
		T(test_VMALLOC_3_names_a_wrong_owner),
		T(test_VMALLOC_4_names_a_wrong_page_and_a_mapped_guard),
		T(test_VMALLOC_5_names_a_wrong_count_and_what_is_still_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
