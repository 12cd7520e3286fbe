// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slab_common.c - caches are made, shared, kept and destroyed. */
#include "slub_machine.h"
#include <mm/printk.h>

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

static void nothing(void *object __maybe_unused)
{
}

/* --- what cannot be ------------------------------------------------------- */

static void test_impossible_caches_are_refused_and_said(
	void **state __maybe_unused)
{
	assert_null(kmem_cache_create(NULL, 64, 0, 0, NULL));
	assert_null(kmem_cache_create("", 64, 0, 0, NULL));
	assert_true(console_says("no name"));
	assert_null(kmem_cache_create("two words", 64, 0, 0, NULL));
	assert_true(console_says("space in its name"));
	assert_null(kmem_cache_create("zero", 0, 0, 0, NULL));
	assert_null(kmem_cache_create("tiny", sizeof(void *) - 1, 0, 0, NULL));
	assert_true(console_says("\"tiny\""));
	assert_null(kmem_cache_create("huge", KMALLOC_MAX_SIZE + 1, 0, 0,
				      NULL));
	assert_true(console_says("\"huge\""));
	assert_null(kmem_cache_create("skew", 64, 24, 0, NULL));
	assert_true(console_says("no power of two"));
	assert_null(kmem_cache_create("flags", 64, 0, 1, NULL));
	assert_true(console_says("flags that there are not"));
}

static void test_panic_is_for_caches_that_must_be(void **state __maybe_unused)
{
	assert_panics(kmem_cache_create("two words", 64, 0, SLAB_PANIC, NULL),
		      "kmem_cache_create(\"two words\", 64)");
}

static void test_the_name_is_copied(void **state __maybe_unused)
{
	char name[] = "mine";
	struct kmem_cache *s = make_cache(name, 64, 0, 0, NULL);

	name[0] = 'x';
	assert_string_equal(s->name, "mine");
	assert_int_equal(kmem_cache_size(s), 64);
	kmem_cache_destroy(s);
}

/* --- merging -------------------------------------------------------------- */

static void test_alike_caches_are_one(void **state __maybe_unused)
{
	struct kmem_cache *a = kmem_cache_create("a", 1000, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 996, 0, 0, NULL);
	void *object;

	assert_ptr_equal(a, b);
	assert_int_equal(a->refcount, 2);
	assert_string_equal(a->name, "a");
	assert_int_equal(a->object_size, 1000);
	kmem_cache_destroy(a);
	assert_int_equal(b->refcount, 1);
	object = kmem_cache_alloc(b, GFP_KERNEL);
	assert_non_null(object);
	kmem_cache_free(b, object);
	kmem_cache_destroy(b);
	assert_null(cache_named("a"));
}

static void test_the_larger_of_two_merged_sizes_is_cleared(
	void **state __maybe_unused)
{
	struct kmem_cache *a = kmem_cache_create("a", 994, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 1000, 0, 0, NULL);
	unsigned char *p;

	assert_ptr_equal(a, b);
	assert_int_equal(a->object_size, 1000);
	assert_int_equal(a->inuse, 1000);
	p = kmem_cache_alloc(a, GFP_KERNEL);
	memset(p, 0xff, 1000);
	kmem_cache_free(a, p);
	assert_ptr_equal(kmem_cache_zalloc(b, GFP_KERNEL), p);
	assert_int_equal(p[999], 0);
	kmem_cache_free(b, p);
}

static void test_a_cache_of_a_kmalloc_size_is_the_kmalloc_cache(
	void **state __maybe_unused)
{
	struct kmem_cache *s = kmem_cache_create("mine", 192, 0, 0, NULL);

	assert_ptr_equal(s, cache_named("kmalloc-192"));
	assert_int_equal(s->refcount, 2);
	kmem_cache_destroy(s);
	assert_int_equal(s->refcount, 1);
}

static void test_what_differs_is_not_merged(void **state __maybe_unused)
{
	struct kmem_cache *base = kmem_cache_create("base", 1000, 0, 0, NULL);
	static const struct {
		size_t size, align;
		unsigned long flags;
		void (*ctor)(void *);
	} other[] = {
		{ 992, 0, 0, NULL },		/* a pointer smaller */
		{ 1001, 0, 0, NULL },		/* larger */
		{ 1000, 16, 0, NULL },		/* 1000 is no multiple */
		{ 1000, 0, SLAB_RECLAIM_ACCOUNT, NULL },
		{ 1000, 0, SLAB_CACHE_DMA, NULL },
		{ 1000, 0, SLAB_DESTROY_BY_RCU, NULL },
		{ 1000, 0, SLAB_NOLEAKTRACE, NULL },
		{ 1000, 0, SLAB_RED_ZONE, NULL },
		{ 1000, 0, SLAB_POISON, NULL },
		{ 1000, 0, SLAB_STORE_USER, NULL },
		{ 1000, 0, SLAB_TRACE, NULL },
		{ 1000, 0, 0, nothing },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++) {
		struct kmem_cache *s = kmem_cache_create(
			"other", other[i].size, other[i].align, other[i].flags,
			other[i].ctor);

		assert_ptr_not_equal(s, base);
		assert_string_equal(s->name, "other");
		assert_int_equal(s->refcount, 1);
		kmem_cache_destroy(s);
	}
	assert_int_equal(base->refcount, 1);
}

static void test_slub_nomerge_gives_each_its_own(void **state __maybe_unused)
{
	struct kmem_cache *a, *b;

	boot_slub(1, "slub_nomerge", NULL);
	a = kmem_cache_create("a", 192, 0, 0, NULL);
	b = kmem_cache_create("b", 192, 0, 0, NULL);
	assert_ptr_not_equal(a, b);
	assert_ptr_not_equal(a, cache_named("kmalloc-192"));
	assert_int_equal(setup_slub_param("slub_nomerge", "1"), -EINVAL);
}

static void test_the_boot_caches_are_nobodys(void **state __maybe_unused)
{
	struct kmem_cache *s = kmem_cache_create("mine", kmem_cache->size, 64,
						 0, NULL);

	assert_ptr_not_equal(s, kmem_cache);
	kmem_cache_destroy(kmem_cache);
	assert_true(console_says("SLUB itself needs it"));
	assert_non_null(cache_named("kmem_cache"));
}

/* --- destroying ----------------------------------------------------------- */

static void test_destroy_gives_everything_back(void **state __maybe_unused)
{
	unsigned long before;
	struct kmem_cache *s;
	void *objects[100];

	s = make_cache("first", 700, 0, 0, NULL);	/* CPUs' and name */
	kmem_cache_destroy(s);
	shrink_all();
	before = pages_free();
	s = make_cache("again", 700, 0, 0, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		host_set_cpu(i % SLUB_CPUS);
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++) {
		host_set_cpu((i / 7) % SLUB_CPUS);
		kmem_cache_free(s, objects[i]);
	}
	host_set_cpu(0);
	kmem_cache_destroy(s);
	shrink_all();
	assert_int_equal(pages_free(), before);
	assert_null(cache_named("again"));
	kmem_cache_destroy(NULL);
}

static bool console_names(const void *object)
{
	char text[80];

	snprintf(text, sizeof(text), "object 0x%lx, ", (unsigned long)object);
	return console_says(text);
}

static void test_a_leak_is_reported_object_by_object(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("leaky", 256, 0, 0, NULL);
	void *objects[40];

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
	/* 16 leaked of a full slab, and one of another. */
	for (unsigned int i = 16; i < ARRAY_SIZE(objects); i++)
		if (i != 20)
			kmem_cache_free(s, objects[i]);
	kmem_cache_destroy(s);
	assert_true(console_says("kmem_cache_destroy(leaky)"));
	assert_true(console_says("17 objects are still out, the cache stays"));
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		assert_int_equal(console_names(objects[i]), i < 16 || i == 20);
	assert_ptr_equal(cache_named("leaky"), s);
	assert_int_equal(atomic_long_read(&s->node[0]->nr_slabs), 2);
	assert_slabs_sound();
	/* It still works, and goes once all is back. */
	objects[16] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(objects[16]);
	for (unsigned int i = 0; i < 17; i++)
		kmem_cache_free(s, objects[i]);
	kmem_cache_free(s, objects[20]);
	kmem_cache_destroy(s);
	assert_null(cache_named("leaky"));
}

/* --- shuffled freelists --------------------------------------------------- */

/* Byte offsets in the order in which a new slab's objects are given out. */
static void order_of_a_slab(const char *seed, struct kmem_cache **ret_cache,
			    unsigned long *ret_offset, unsigned int n)
{
	struct kmem_cache *s;

	boot_slub(1, "slab_freelist_random", seed);
	s = make_cache("shuffled", 128, 0, 0, NULL);
	assert_int_equal(oo_objects(s->oo), n);
	assert_non_null(s->random_seq);
	for (unsigned int i = 0; i < n; i++) {
		char *object = kmem_cache_alloc(s, GFP_KERNEL);

		ret_offset[i] = (unsigned long)
			(object - (char *)page_address(slab_of(object)));
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(ret_offset[i], ret_offset[j]);
		assert_true(ret_offset[i] < PAGE_SIZE);
		assert_int_equal(ret_offset[i] % 128, 0);
	}
	assert_slabs_sound();
	*ret_cache = s;
}

static void test_a_shuffled_slab_has_every_object_once(
	void **state __maybe_unused)
{
	unsigned long a[32], b[32], c[32];
	unsigned int ascending = 0;
	struct kmem_cache *s;

	order_of_a_slab("on", &s, a, 32);
	for (unsigned int i = 1; i < 32; i++)
		ascending += a[i] == a[i - 1] + 128;
	assert_true(ascending < 8);
	order_of_a_slab("12345", &s, b, 32);
	assert_int_not_equal(memcmp(a, b, sizeof(a)), 0);
	order_of_a_slab("12345", &s, c, 32);
	assert_int_equal(memcmp(b, c, sizeof(b)), 0);
	/* The kmalloc caches have theirs, too, and not the same. */
	assert_non_null(cache_named("kmalloc-128")->random_seq);
	assert_int_not_equal(memcmp(s->random_seq,
				    cache_named("kmalloc-128")->random_seq,
				    32 * sizeof(*s->random_seq)), 0);
}

static void test_small_slabs_leave_out_what_the_order_has_more(
	void **state __maybe_unused)
{
	struct kmem_cache *s;
	unsigned int left;
	struct hoard h;
	char *objects[4];

	boot_slub(SLUB_CPUS, "slab_freelist_random", "7");
	s = make_cache("shuffled", 1024, 0, 0, NULL);
	assert_int_equal(oo_objects(s->oo), 16);
	h = hoard_all(1);
	for (left = 0; left < 4; left++) {
		objects[left] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_non_null(objects[left]);
		assert_ptr_equal(slab_of(objects[left]), slab_of(objects[0]));
		for (unsigned int j = 0; j < left; j++)
			assert_ptr_not_equal(objects[left], objects[j]);
	}
	assert_null(kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOWARN));
	assert_slabs_sound();
	while (left)
		kmem_cache_free(s, objects[--left]);
	hoard_free(&h);
	kmem_cache_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_impossible_caches_are_refused_and_said),
		CASE(test_panic_is_for_caches_that_must_be),
		CASE(test_the_name_is_copied),
		CASE(test_alike_caches_are_one),
		CASE(test_the_larger_of_two_merged_sizes_is_cleared),
		CASE(test_a_cache_of_a_kmalloc_size_is_the_kmalloc_cache),
		CASE(test_what_differs_is_not_merged),
		CASE(test_slub_nomerge_gives_each_its_own),
		CASE(test_the_boot_caches_are_nobodys),
		CASE(test_destroy_gives_everything_back),
		CASE(test_a_leak_is_reported_object_by_object),
		CASE(test_a_shuffled_slab_has_every_object_once),
		CASE(test_small_slabs_leave_out_what_the_order_has_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
