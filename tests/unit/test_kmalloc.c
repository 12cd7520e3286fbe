// SPDX-License-Identifier: GPL-2.0-or-later
/* test_kmalloc.c - memory of any size, and pointers that are none. */
#include "slub_machine.h"
#include <stdlib.h>

static int setup(void **state __maybe_unused)
{
	boot_slub(SLUB_CPUS, NULL, NULL);
	return 0;
}

static int teardown(void **state __maybe_unused)
{
	assert_slabs_sound();
	return 0;
}

/* --- sizes ---------------------------------------------------------------- */

static void test_every_size_comes_from_the_smallest_cache_that_holds_it(
	void **state __maybe_unused)
{
	static const unsigned int sizes[] = { 64, 128, 192, 256, 512, 1024,
					      2048, 4096, 8192 };
	unsigned int i = 0;

	for (unsigned int size = 1; size <= KMALLOC_MAX_CACHE_SIZE; size++) {
		unsigned char *p = kmalloc(size, GFP_KERNEL);

		if (size > sizes[i])
			i++;
		assert_non_null(p);
		assert_int_equal(ksize(p), sizes[i]);
		assert_int_equal(slab_of(p)->slab_cache->size, sizes[i]);
		assert_true(IS_ALIGNED((uintptr_t)p, ARCH_DMA_MINALIGN));
		memset(p, 0x33, ksize(p));
		kfree(p);
	}
	assert_int_equal(i, ARRAY_SIZE(sizes) - 1);
}

static void test_nothing_is_a_pointer_that_may_be_freed(
	void **state __maybe_unused)
{
	void *p = kmalloc(0, GFP_KERNEL);

	assert_ptr_equal(p, ZERO_SIZE_PTR);
	assert_ptr_equal(kzalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
	assert_int_equal(ksize(p), 0);
	assert_int_equal(ksize(NULL), 0);
	kfree(p);
	kfree(NULL);
	assert_false(console_says("kfree"));
}

static void test_large_ones_are_compound_pages(void **state __maybe_unused)
{
	unsigned long before = pages_free();

	for (unsigned int order = 2; order < MAX_ORDER; order++) {
		size_t size = (PAGE_SIZE << order) - (order % 2 ? 0 : 77);
		void *p = kmalloc(size, GFP_KERNEL);

		assert_non_null(p);
		assert_true(IS_ALIGNED(__pa(p), PAGE_SIZE << order));
		assert_false(PageSlab(virt_to_page(p)));
		assert_int_equal(compound_order(virt_to_page(p)), order);
		assert_int_equal(ksize(p), PAGE_SIZE << order);
		kfree(p);
		assert_int_equal(pages_free(), before);
	}
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_false(console_says("the most is"));
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	assert_true(console_says("the most is"));
	assert_null(kmalloc(SIZE_MAX, GFP_KERNEL | __GFP_NOWARN));
}

static void test_zeroed_when_asked(void **state __maybe_unused)
{
	static const size_t sizes[] = { 1, 64, 100, 8192, 8193, 50000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned char *p = kmalloc(sizes[i], GFP_KERNEL);

		memset(p, 0x99, sizes[i]);
		kfree(p);
		p = kzalloc(sizes[i], GFP_KERNEL);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(p[j], 0);
		memset(p, 0x99, sizes[i]);
		kfree(p);
		p = kcalloc(1, sizes[i], GFP_KERNEL);
		assert_int_equal(p[0] | p[sizes[i] - 1], 0);
		kfree(p);
	}
}

static void test_a_product_that_overflows_is_refused(
	void **state __maybe_unused)
{
	void *p;

	assert_null(kcalloc(SIZE_MAX / 2, 3, GFP_KERNEL));
	assert_null(kcalloc(3, SIZE_MAX / 2, GFP_KERNEL));
	assert_null(kcalloc((size_t)1 << (4 * sizeof(size_t)),
			    (size_t)1 << (4 * sizeof(size_t)), GFP_KERNEL));
	assert_ptr_equal(kcalloc(0, SIZE_MAX, GFP_KERNEL), ZERO_SIZE_PTR);
	p = kcalloc(10, 10, GFP_KERNEL);
	assert_int_equal(ksize(p), 128);
	kfree(p);
}

/* --- resizing ------------------------------------------------------------- */

static void test_krealloc_stays_where_there_is_room(void **state __maybe_unused)
{
	unsigned char *p = kmalloc(65, GFP_KERNEL), *q;

	for (unsigned int i = 0; i < 65; i++)
		p[i] = (unsigned char)i;
	assert_ptr_equal(krealloc(p, 128, GFP_KERNEL), p);
	assert_ptr_equal(krealloc(p, 1, GFP_KERNEL), p);
	q = krealloc(p, 129, GFP_KERNEL);
	assert_ptr_not_equal(q, p);
	for (unsigned int i = 0; i < 65; i++)
		assert_int_equal(q[i], i);
	assert_int_equal(ksize(q), 192);
	p = krealloc(q, 20000, GFP_KERNEL);
	for (unsigned int i = 0; i < 65; i++)
		assert_int_equal(p[i], i);
	assert_int_equal(ksize(p), 32768);
	assert_ptr_equal(krealloc(p, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

static void test_krealloc_of_nothing_is_kmalloc(void **state __maybe_unused)
{
	void *p = krealloc(NULL, 100, GFP_KERNEL);

	assert_int_equal(ksize(p), 128);
	kfree(p);
	p = krealloc(ZERO_SIZE_PTR, 100, GFP_KERNEL);
	assert_int_equal(ksize(p), 128);
	kfree(p);
	assert_ptr_equal(krealloc(NULL, 0, GFP_KERNEL), ZERO_SIZE_PTR);
}

static void test_krealloc_that_fails_leaves_the_old_one(
	void **state __maybe_unused)
{
	unsigned char *p = kmalloc(64, GFP_KERNEL);

	memset(p, 0x42, 64);
	assert_null(krealloc(p, KMALLOC_MAX_SIZE + 1,
			     GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(p[0], 0x42);
	assert_int_equal(p[63], 0x42);
	kfree(p);
}

/* --- pointers that kmalloc did not give ----------------------------------- */

static void test_wrong_pointers_are_reported_and_left_alone(
	void **state __maybe_unused)
{
	unsigned long before;
	struct page *page;
	char *p, *large, local[8];

	p = kmalloc(64, GFP_KERNEL);
	large = kmalloc(20000, GFP_KERNEL);
	page = alloc_pages(GFP_KERNEL, 0);
	before = pages_free();

	kfree(local);
	assert_true(console_says("no address of lowmem"));
	kfree(page_address(page));
	assert_true(console_says("kmalloc() did not give it"));
	kfree(large + PAGE_SIZE);
	kfree(large + 8);
	kfree(p + 8);
	assert_true(console_says("where no object begins"));
	assert_int_equal(pages_free(), before);
	assert_slabs_sound();

	memset(p, 1, 64);
	memset(large, 2, 20000);
	kfree(p);
	kfree(large);
	__free_page(page);
}

static void test_a_large_one_freed_twice_is_reported(
	void **state __maybe_unused)
{
	unsigned long before = pages_free();
	void *p = kmalloc(20000, GFP_KERNEL);

	kfree(p);
	kfree(p);
	assert_true(console_says("kmalloc() did not give it"));
	assert_int_equal(pages_free(), before);
}

static void test_who_frees_a_large_one_that_is_bad_is_named(
	void **state __maybe_unused)
{
	unsigned long here = (unsigned long)
		test_who_frees_a_large_one_that_is_bad_is_named;
	void *p = kmalloc(20000, GFP_KERNEL);
	const char *by;

	virt_to_page(p)->flags |= BIT(PG_locked);
	kfree(p);
	by = strstr(host_console(), ") by ");	/* no symbols here: in hex */
	assert_non_null(by);
	assert_in_range(strtoul(by + 5, NULL, 16), here, here + 0x1000);
}

static void test_the_last_one_freed_twice_is_reported(
	void **state __maybe_unused)
{
	void *p = kmalloc(64, GFP_KERNEL), *q;

	kfree(p);
	kfree(p);
	assert_true(console_says("kmalloc-64: object"));
	assert_true(console_says("freed twice"));
	q = kmalloc(64, GFP_KERNEL);
	assert_ptr_equal(q, p);
	assert_ptr_not_equal(kmalloc(64, GFP_KERNEL), p);
}

static void test_an_object_of_another_cache_goes_to_its_own(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("mine", 64, 0, 0, NULL);
	void *p = kmalloc(64, GFP_KERNEL);
	char local[8];

	kmem_cache_free(s, p);
	assert_true(console_says("it is one of kmalloc-64"));
	assert_ptr_equal(kmalloc(64, GFP_KERNEL), p);
	kmem_cache_free(s, local);
	assert_true(console_says("kmem_cache_free() of 0x"));
	kmem_cache_free(s, NULL);
	kmem_cache_destroy(s);
}

/* --- no memory ------------------------------------------------------------ */

static void test_all_of_memory_and_back(void **state __maybe_unused)
{
	static const size_t sizes[] = { 64, 192, 1024, 4096, 8192, 65536 };
	unsigned long before;

	shrink_all();
	before = pages_free();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		void **last = NULL, **p;
		unsigned long n = 0;

		while ((p = kmalloc(sizes[i], GFP_KERNEL | __GFP_NOWARN))) {
			*p = last;
			last = p;
			n++;
		}
		assert_true(n * sizes[i] > before * PAGE_SIZE * 3 / 4);
		assert_slabs_sound();
		for (; last; last = p) {
			p = *last;
			kfree(last);
		}
		shrink_all();
		assert_int_equal(pages_free(), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_every_size_comes_from_the_smallest_cache_that_holds_it),
		CASE(test_nothing_is_a_pointer_that_may_be_freed),
		CASE(test_large_ones_are_compound_pages),
		CASE(test_zeroed_when_asked),
		CASE(test_a_product_that_overflows_is_refused),
		CASE(test_krealloc_stays_where_there_is_room),
		CASE(test_krealloc_of_nothing_is_kmalloc),
		CASE(test_krealloc_that_fails_leaves_the_old_one),
		CASE(test_wrong_pointers_are_reported_and_left_alone),
		CASE(test_a_large_one_freed_twice_is_reported),
		CASE(test_who_frees_a_large_one_that_is_bad_is_named),
		CASE(test_the_last_one_freed_twice_is_reported),
		CASE(test_an_object_of_another_cache_goes_to_its_own),
		CASE(test_all_of_memory_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
