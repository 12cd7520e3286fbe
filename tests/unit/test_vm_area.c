// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vm_area.c - which addresses areas get, and when they are free again. */
#include "vm_machine.h"

#include <mm/vmalloc_internal.h>

#define MB (1UL << 20)

static struct vmap_area *va_of(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)addr);

	assert_non_null(va);
	return va;
}

/* --- lazy purge ----------------------------------------------------------- */

static void test_freed_addresses_are_used_again_only_after_a_flush(
	void **state __maybe_unused)
{
	char *a = vmalloc(PAGE_SIZE), *b;
	unsigned long flushes = host_tlb_flushes;

	vfree(a);
	assert_int_equal(vmap_lazy_nr, 2);
	assert_int_equal(host_tlb_flushes, flushes);
	b = vmalloc(PAGE_SIZE);
	assert_ptr_not_equal(a, b);
	vfree(b);
	assert_int_equal(vmap_lazy_nr, 4);
	vm_unmap_aliases();
	assert_int_equal(vmap_lazy_nr, 0);
	assert_int_equal(host_tlb_flushes, flushes + 1);
	assert_int_equal(host_tlb_start, VMALLOC_START);
	assert_int_equal(host_tlb_end, VMALLOC_START + 4 * PAGE_SIZE);
	assert_ptr_equal(vmalloc(PAGE_SIZE), a);
}

static void test_32_MB_of_freed_addresses_are_purged_together(
	void **state __maybe_unused)
{
	struct vm_struct *areas[5];

	for (int i = 0; i < 5; i++)
		areas[i] = get_vm_area(8 * MB, VM_MAP | VM_NO_GUARD);
	for (int i = 0; i < 4; i++) {
		free_vm_area(areas[i]);
		assert_int_equal(vmap_lazy_nr, (i + 1) * 2048);
	}
	free_vm_area(areas[4]);		/* more than 32 MB */
	assert_int_equal(vmap_lazy_nr, 0);
	assert_true(list_empty(&vmap_area_list));
}

static void test_a_full_area_is_purged_before_it_fails(
	void **state __maybe_unused)
{
	unsigned long size = VMALLOC_END - VMALLOC_START - 4 * MB;
	struct vm_struct *small = get_vm_area(4 * MB - PAGE_SIZE, VM_MAP);
	struct vm_struct *large = get_vm_area(size - PAGE_SIZE, VM_MAP);

	assert_non_null(large);
	assert_null(get_vm_area(1, VM_MAP));
	assert_true(console_says("vmalloc: no room for"));
	free_vm_area(small);
	assert_int_equal(vmap_lazy_nr, 1024);
	small = get_vm_area(4 * MB - PAGE_SIZE, VM_MAP);
	assert_non_null(small);
	assert_int_equal(vmap_lazy_nr, 0);
	assert_vm_sound();
}

static void test_the_last_hole_serves_whom_it_fits_exactly(
	void **state __maybe_unused)
{
	unsigned long rest = VMALLOC_END - VMALLOC_START - 8 * MB;
	struct vm_struct *hole = get_vm_area(4 * MB - PAGE_SIZE, VM_MAP);
	struct vm_struct *above = get_vm_area(4 * MB - PAGE_SIZE, VM_MAP);

	assert_non_null(above);
	free_vm_area(hole);
	vm_unmap_aliases();
	/* Passes the hole and takes all that is above it. */
	assert_non_null(get_vm_area(rest - PAGE_SIZE, VM_MAP));
	hole = get_vm_area(4 * MB - PAGE_SIZE, VM_MAP);
	assert_non_null(hole);
	assert_int_equal((unsigned long)hole->addr, VMALLOC_START);
	assert_vm_sound();
}

/* --- against a model ------------------------------------------------------ */

#define MODEL_MAX 4096

static struct interval {
	unsigned long start, end;
	struct vm_struct *vm;			/* NULL: freed lazily */
} model[MODEL_MAX];				/* by address */
static unsigned int nr_model;

static void model_forget_lazy(void)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < nr_model; i++)
		if (model[i].vm)
			model[kept++] = model[i];
	nr_model = kept;
}

static void model_add(struct vm_struct *vm)
{
	unsigned long start = (unsigned long)vm->addr, end = start + vm->size;
	unsigned int i = nr_model;

	assert_true(nr_model < MODEL_MAX);
	for (; i && model[i - 1].start > start; i--)
		model[i] = model[i - 1];
	model[i] = (struct interval){ start, end, vm };
	nr_model++;
	if (i)
		assert_true(model[i - 1].end <= start);
	if (i + 1 < nr_model)
		assert_true(end <= model[i + 1].start);
}

/* The lowest hole of [start, end) for @size bytes; 0: none. */
static unsigned long model_hole(unsigned long size, unsigned long align,
				unsigned long start, unsigned long end)
{
	unsigned long at = ALIGN(start, align);

	for (unsigned int i = 0; i < nr_model; i++) {
		if (model[i].end <= at)
			continue;
		if (model[i].start >= at + size)
			break;
		at = ALIGN(model[i].end, align);
	}
	return at + size <= end ? at : 0;
}

static long model_lazy_pages(void)
{
	long pages = 0;

	for (unsigned int i = 0; i < nr_model; i++)
		if (!model[i].vm)
			pages += (long)((model[i].end - model[i].start) >>
					PAGE_SHIFT);
	return pages;
}

static void assert_like_model(void)
{
	const struct vmap_area *va;
	unsigned int i = 0;

	if (!vmap_lazy_nr)
		model_forget_lazy();
	assert_int_equal(vmap_lazy_nr, model_lazy_pages());
	list_for_each_entry(va, &vmap_area_list, list) {
		assert_true(i < nr_model);
		assert_int_equal(va->va_start, model[i].start);
		assert_int_equal(va->va_end, model[i].end);
		assert_ptr_equal(va->vm, model[i].vm);
		i++;
	}
	assert_int_equal(i, nr_model);
}

static void random_get(struct rng *rng)
{
	unsigned long pages = 1 + below(rng, below(rng, 4) ? 40 : 6000);
	unsigned long size = pages << PAGE_SHIFT, start = VMALLOC_START;
	unsigned long flags = below(rng, 3) ? VM_MAP : VM_IOREMAP;
	unsigned long end = VMALLOC_END, align = 1, hole, taken = size;
	struct vm_struct *vm;

	if (!below(rng, 4)) {
		start += below(rng, 200) * MB;
		end = start + below(rng, 40) * MB;
		end = min(end, VMALLOC_END);
	}
	if (below(rng, 2))
		flags |= VM_NO_GUARD;
	else
		taken += PAGE_SIZE;
	if (flags & VM_IOREMAP)
		while (align < size && align < 16 * MB)
			align *= 2;
	align = max(align, PAGE_SIZE);
	vm = __get_vm_area(size, flags, start, end);
	if (!vmap_lazy_nr)
		model_forget_lazy();
	hole = model_hole(taken, align, start, end);
	if (!vm) {
		assert_int_equal(hole, 0);	/* after a purge */
		assert_int_equal(vmap_lazy_nr, 0);
		return;
	}
	assert_true(IS_ALIGNED((unsigned long)vm->addr, align));
	assert_true((unsigned long)vm->addr >= start);
	assert_true((unsigned long)vm->addr + vm->size <= end);
	assert_int_equal(vm->size, taken);
	assert_int_equal((unsigned long)vm->addr, hole);
	model_add(vm);
}

static void free_model(unsigned int i)
{
	struct vm_struct *vm = model[i].vm;

	if (!vm)
		return;
	model[i].vm = NULL;
	free_vm_area(vm);
	if (!vmap_lazy_nr)
		model_forget_lazy();
}

static void test_random_areas_are_like_the_model(void **state)
{
	for (unsigned int seed = 0; seed < 5; seed++) {
		struct rng rng = rng_seed(seed);

		boot_vm(state);
		nr_model = 0;
		for (unsigned long step = 0; step < random_ops(20000); step++) {
			if (below(&rng, 1000) < 520 || !nr_model)
				random_get(&rng);
			else
				free_model((unsigned int)below(&rng, nr_model));
			if (!below(&rng, 500)) {
				vm_unmap_aliases();
				model_forget_lazy();
			}
			if (step % 20 == 0) {
				assert_like_model();
				assert_null(vmalloc_check());
			}
		}
		vm_unmap_aliases();
		model_forget_lazy();
		while (nr_model) {
			free_model(nr_model - 1);
			vm_unmap_aliases();
			model_forget_lazy();
		}
		assert_like_model();
		assert_true(list_empty(&vmap_area_list));
		assert_null(vmap_area_root.rb_node);
		assert_int_equal(vmap_lazy_nr, 0);
		assert_vm_sound();
	}
}

/* --- at boot -------------------------------------------------------------- */

static void test_early_areas_are_taken_over(void **state __maybe_unused)
{
	static struct vm_struct fixed, first, second;

	begin_vm(1);
	fixed = (struct vm_struct){
		.addr = (void *)(VMALLOC_END - 4 * MB), .size = MB,
		.flags = VM_IOREMAP,
	};
	first = (struct vm_struct){ .size = 3 * PAGE_SIZE, .flags = VM_ALLOC };
	second = (struct vm_struct){ .size = PAGE_SIZE, .flags = VM_ALLOC };
	vm_area_add_early(&fixed);
	vm_area_register_early(&first, PAGE_SIZE);
	vm_area_register_early(&second, MB);
	assert_ptr_equal(first.addr, VMALLOC_START);
	assert_ptr_equal(second.addr, VMALLOC_START + MB);
	assert_ptr_equal(vmlist, &first);
	assert_ptr_equal(first.next, &second);
	assert_ptr_equal(second.next, &fixed);
	assert_false(vmap_initialized);
	mm_init();
	assert_true(vmap_initialized);
	assert_ptr_equal(find_vm_area((char *)fixed.addr + 5), &fixed);
	assert_ptr_equal(va_of(first.addr)->vm, &first);
	assert_ptr_equal(vmalloc(1), VMALLOC_START + 3 * PAGE_SIZE);
	assert_vm_sound();
	assert_panics(vm_area_add_early(&fixed), "vmap_initialized");
}

static void test_early_areas_that_overlap_are_a_bug(void **state __maybe_unused)
{
	static struct vm_struct a, b;

	begin_vm(1);
	a = (struct vm_struct){ .addr = (void *)VMALLOC_START, .size = MB };
	b = (struct vm_struct){ .addr = (void *)(VMALLOC_START + MB / 2),
				.size = MB };
	vm_area_add_early(&a);
	assert_panics(vm_area_add_early(&b), "end_of");
	b.addr = (void *)(VMALLOC_START + 1);
	assert_panics(vm_area_add_early(&b), "ALIGNED");
}

/* --- percpu's patterns ---------------------------------------------------- */

static void test_patterns_go_to_the_top_and_keep_their_distances(
	void **state __maybe_unused)
{
	static const unsigned long offsets[] = { 0, 3 * 64 * 4096, 64 * 4096 };
	static const size_t sizes[] = { 8 * 4096, 16 * 4096, 8 * 4096 };
	struct vm_struct **a = pcpu_get_vm_areas(offsets, sizes, 3, PAGE_SIZE);
	struct vm_struct **b = pcpu_get_vm_areas(offsets, sizes, 3, PAGE_SIZE);

	assert_int_equal((unsigned long)a[1]->addr + a[1]->size, VMALLOC_END);
	for (int i = 0; i < 3; i++) {
		assert_int_equal((char *)a[i]->addr - (char *)a[0]->addr,
				 offsets[i]);
		assert_int_equal((char *)b[i]->addr - (char *)b[0]->addr,
				 offsets[i]);
		assert_int_equal(a[i]->size, sizes[i]);
		assert_int_equal(get_vm_area_size(a[i]), sizes[i]);
	}
	/* The second pattern's last area fits right below the first one's. */
	assert_int_equal((unsigned long)b[1]->addr + b[1]->size,
			 (unsigned long)a[1]->addr);
	assert_vm_sound();
	pcpu_free_vm_areas(a, 3);
	pcpu_free_vm_areas(b, 3);
	vm_unmap_aliases();
	assert_true(list_empty(&vmap_area_list));
	a = pcpu_get_vm_areas(offsets, sizes, 3, PAGE_SIZE);
	assert_int_equal((unsigned long)a[1]->addr + a[1]->size, VMALLOC_END);
}

static void test_a_pattern_takes_the_place_that_a_freed_one_had(
	void **state __maybe_unused)
{
	static const unsigned long offsets[] = { 0, 1 << 20 };
	static const size_t sizes[] = { 4 * 4096, 4 * 4096 };
	struct vm_struct **top = pcpu_get_vm_areas(offsets, sizes, 2,
						   PAGE_SIZE);
	void *was = top[0]->addr;

	assert_non_null(pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE));
	pcpu_free_vm_areas(top, 2);
	vm_unmap_aliases();
	top = pcpu_get_vm_areas(offsets, sizes, 2, PAGE_SIZE);
	assert_ptr_equal(top[0]->addr, was);
}

/* Is the pattern free at @base, by the model? */
static bool model_pattern_fits(unsigned long base, const unsigned long *offsets,
			       const size_t *sizes, int n)
{
	for (int i = 0; i < n; i++)
		for (unsigned int j = 0; j < nr_model; j++)
			if (base + offsets[i] < model[j].end &&
			    model[j].start < base + offsets[i] + sizes[i])
				return false;
	return true;
}

static void random_pattern(struct rng *rng, unsigned long align,
			   unsigned long *offsets, size_t *sizes, int n)
{
	unsigned long at = 0;

	for (int i = 0; i < n; i++) {
		offsets[i] = at;
		sizes[i] = (1 + below(rng, 8)) * align;
		at += sizes[i] + below(rng, 20) * align;
	}
	for (int i = 1; i < n; i++) {		/* the first stays at 0 */
		int j = 1 + (int)below(rng, (unsigned long)n - 1);
		unsigned long offset = offsets[i];
		size_t size = sizes[i];

		offsets[i] = offsets[j];
		sizes[i] = sizes[j];
		offsets[j] = offset;
		sizes[j] = size;
	}
}

static void test_random_patterns_among_areas_are_the_highest_that_fit(
	void **state)
{
	for (unsigned int seed = 0; seed < 4; seed++) {
		struct rng rng = rng_seed(seed + 50);
		unsigned long align = PAGE_SIZE << below(&rng, 4);
		unsigned long offsets[5], bottom, base, span;
		struct vm_struct **vms;
		size_t sizes[5];

		boot_vm(state);
		nr_model = 0;
		bottom = ALIGN(VMALLOC_START, align);
		for (int i = 0; i < 300; i++) {
			unsigned long start = VMALLOC_START +
				below(&rng, 60000) * PAGE_SIZE;
			struct vm_struct *vm = __get_vm_area(
				(1 + below(&rng, 60)) * PAGE_SIZE,
				VM_MAP | VM_NO_GUARD, start, VMALLOC_END);

			if (vm)
				model_add(vm);
		}
		random_pattern(&rng, align, offsets, sizes, 5);
		span = 0;
		for (int i = 0; i < 5; i++)
			span = max(span, offsets[i] + sizes[i]);
		base = ALIGN_DOWN(VMALLOC_END, align) - span;
		for (int i = 0; i < 40; i++) {
			while (base >= bottom &&
			       !model_pattern_fits(base, offsets, sizes, 5))
				base -= align;
			vms = pcpu_get_vm_areas(offsets, sizes, 5, align);
			if (base < bottom) {
				assert_null(vms);
				break;
			}
			assert_non_null(vms);
			assert_int_equal((unsigned long)vms[0]->addr, base);
			for (int j = 0; j < 5; j++)
				model_add(vms[j]);
			assert_null(vmalloc_check());
		}
	}
}

static void *alloc_pattern(void)
{
	static const unsigned long offsets[] = { 0, 1 << 20, 2 << 20 };
	static const size_t sizes[] = { 4096, 4096, 4096 };

	return pcpu_get_vm_areas(offsets, sizes, 3, PAGE_SIZE);
}

static void free_pattern(void *vms)
{
	pcpu_free_vm_areas(vms, 3);
}

static void test_a_pattern_without_memory_for_it_takes_nothing(
	void **state __maybe_unused)
{
	fail_at_every_step(alloc_pattern, free_pattern);
	assert_true(list_empty(&vmap_area_list));
}

#define T(test) cmocka_unit_test_setup(test, boot_vm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_freed_addresses_are_used_again_only_after_a_flush),
		T(test_32_MB_of_freed_addresses_are_purged_together),
		T(test_a_full_area_is_purged_before_it_fails),
		T(test_the_last_hole_serves_whom_it_fits_exactly),
		T(test_random_areas_are_like_the_model),
		T(test_early_areas_are_taken_over),
		T(test_early_areas_that_overlap_are_a_bug),
		T(test_patterns_go_to_the_top_and_keep_their_distances),
		T(test_a_pattern_takes_the_place_that_a_freed_one_had),
		T(test_random_patterns_among_areas_are_the_highest_that_fit),
		T(test_a_pattern_without_memory_for_it_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
