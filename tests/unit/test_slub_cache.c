// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub_cache.c - the boot's caches, sizes and orders. */
#include "slub_machine.h"

static int setup(void **state __maybe_unused)
{
	boot_slub(SLUB_CPUS, NULL, NULL);
	return 0;
}

/* --- bootstrap ------------------------------------------------------------ */

static void test_the_state_goes_from_down_over_up_to_full(
	void **state __maybe_unused)
{
	boot_pages(SLUB_CPUS);
	assert_int_equal(slab_state, DOWN);
	assert_false(slab_is_available());
	assert_null(slab_check());
	kmem_cache_init();
	assert_int_equal(slab_state, UP);
	assert_true(slab_is_available());
	kmem_cache_init_late();
	assert_int_equal(slab_state, FULL);
	assert_slabs_sound();
}

/* As /proc/slabinfo of a kernel for four CPUs shows them. */
static void test_boot_caches_are_those_of_an_arm_with_four_cpus(
	void **state __maybe_unused)
{
	static const struct {
		const char *name;
		unsigned int size, objects, order;
	} want[] = {
		{ "kmalloc-8192", 8192, 4, 3 }, { "kmalloc-4096", 4096, 8, 3 },
		{ "kmalloc-2048", 2048, 16, 3 }, { "kmalloc-1024", 1024, 16, 2 },
		{ "kmalloc-512", 512, 16, 1 }, { "kmalloc-256", 256, 16, 0 },
		{ "kmalloc-192", 192, 21, 0 }, { "kmalloc-128", 128, 32, 0 },
		{ "kmalloc-64", 64, 64, 0 }, { "kmem_cache_node", 64, 64, 0 },
		{ "kmem_cache", 192, 21, 0 },
	};
	unsigned int i = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list) {
		assert_true(i < ARRAY_SIZE(want));
		assert_string_equal(s->name, want[i].name);
		assert_int_equal(s->size, want[i].size);
		assert_int_equal(oo_objects(s->oo), want[i].objects);
		assert_int_equal(oo_order(s->oo), want[i].order);
		assert_int_equal(s->align, 64);
		assert_int_equal(s->offset, 0);
		i++;
	}
	assert_int_equal(i, ARRAY_SIZE(want));
}

static void test_the_first_two_caches_live_in_objects_of_their_own(
	void **state __maybe_unused)
{
	struct page *page = slab_of(kmem_cache);

	assert_true(PageSlab(page));
	assert_ptr_equal(page->slab_cache, kmem_cache);
	assert_ptr_equal(slab_of(kmem_cache_node)->slab_cache, kmem_cache);
	assert_ptr_equal(slab_of(kmem_cache_node->node[0])->slab_cache,
			 kmem_cache_node);
	assert_int_equal(kmem_cache->refcount, -1);
	assert_int_equal(kmem_cache_node->refcount, -1);
}

/* --- order and objects ---------------------------------------------------- */

static unsigned int objects_in(unsigned int order, unsigned int size)
{
	return (unsigned int)((PAGE_SIZE << order) / size);
}

static bool good_order(unsigned int size, unsigned int objects,
		       unsigned int order, unsigned int parts)
{
	unsigned long bytes = PAGE_SIZE << order;

	return bytes >= (unsigned long)objects * size &&
	       bytes % size * parts <= bytes;
}

/*
 * The rule in words: as many objects as wanted in at most order 3, wasting a
 * 16th, an 8th, a 4th; then one object fewer; then whatever holds one.
 */
static unsigned int wanted_order(unsigned int size)
{
	unsigned int order;

	for (unsigned int n = 16; n > 1; n--) {
		if (n > objects_in(3, size))
			continue;
		for (unsigned int parts = 16; parts >= 4; parts /= 2)
			for (order = 0; order <= 3; order++)
				if (good_order(size, n, order, parts))
					return order;
	}
	for (order = 0; !good_order(size, 1, order, 1); order++)
		;
	return order;
}

static void test_orders_follow_the_rule_for_every_size(
	void **state __maybe_unused)
{
	for (unsigned int size = 8; size < 5 * PAGE_SIZE; size += 56) {
		struct kmem_cache *s = make_cache("any", size, 0, 0, NULL);

		assert_int_equal(s->size, ALIGN(size, 8));
		assert_int_equal(oo_order(s->oo), wanted_order(s->size));
		assert_int_equal(oo_objects(s->oo),
				 objects_in(oo_order(s->oo), s->size));
		assert_true(oo_objects(s->min) >= 1);
		assert_true(oo_order(s->min) == 0 ||
			    PAGE_SIZE << (oo_order(s->min) - 1) < s->size);
		kmem_cache_destroy(s);
	}
	assert_slabs_sound();
}

static void test_partial_limits_follow_the_size(void **state __maybe_unused)
{
	static const struct {
		unsigned int size, cpu_partial;
		unsigned long min_partial;
	} want[] = {
		{ 8, 30, 5 }, { 248, 30, 5 }, { 256, 13, 5 }, { 1016, 13, 5 },
		{ 1024, 6, 5 }, { 4088, 6, 5 }, { 4096, 2, 6 },
		{ 16384, 2, 7 }, { 65536, 2, 8 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		struct kmem_cache *s = make_cache("any", want[i].size, 0, 0,
						  NULL);

		assert_int_equal(s->cpu_partial, want[i].cpu_partial);
		assert_int_equal(s->min_partial, want[i].min_partial);
		kmem_cache_destroy(s);
	}
}

static void test_boot_arguments_move_the_orders(void **state __maybe_unused)
{
	boot_slub(1, "slub_max_order", "0");
	assert_int_equal(oo_order(cache_named("kmalloc-2048")->oo), 0);
	assert_int_equal(oo_order(cache_named("kmalloc-8192")->oo), 1);
	boot_slub(1, "slub_min_order", "2");
	assert_int_equal(oo_order(cache_named("kmalloc-64")->oo), 2);
	assert_int_equal(oo_objects(cache_named("kmalloc-64")->oo), 256);
	boot_slub(1, "slub_min_objects", "64");
	assert_int_equal(oo_order(cache_named("kmalloc-256")->oo), 2);
	boot_slub(1, NULL, NULL);		/* 8 objects for one CPU */
	assert_int_equal(oo_order(cache_named("kmalloc-512")->oo), 0);
	assert_int_equal(oo_order(cache_named("kmalloc-1024")->oo), 1);
}

/* --- edges of size and alignment ------------------------------------------ */

/* Takes three slabs of objects, fills them, and gives all back. */
static void use(struct kmem_cache *s)
{
	unsigned int n = 3 * oo_objects(s->oo);
	unsigned char **objects = kcalloc(n, sizeof(*objects), GFP_KERNEL);

	assert_non_null(objects);
	for (unsigned int i = 0; i < n; i++) {
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
		assert_non_null(objects[i]);
		assert_true(IS_ALIGNED(__pa(objects[i]), s->align));
		memset(objects[i], (int)i, s->object_size);
	}
	assert_slabs_sound();
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(objects[i][0], i & 0xff);
		assert_int_equal(objects[i][s->object_size - 1], i & 0xff);
		kmem_cache_free(s, objects[i]);
	}
	kfree(objects);
	assert_slabs_sound();
}

static void test_objects_of_all_odd_sizes_and_alignments(
	void **state __maybe_unused)
{
	static const struct {
		size_t size, align;
	} edge[] = {
		{ 8, 0 }, { 9, 0 }, { 8, 4096 }, { 24, 64 }, { 100, 128 },
		{ 4096, 0 }, { 4096, 4096 }, { 4095, 0 }, { 4104, 0 },
		{ 3000, 0 }, { 32768, 0 }, { 20000, 16384 }, { 72, 32 },
		{ 40000, 0 }, { 65536, 65536 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(edge); i++) {
		unsigned long before;
		struct kmem_cache *s;

		shrink_all();
		before = pages_free();
		s = make_cache("edge", edge[i].size, edge[i].align, 0, NULL);
		use(s);
		kmem_cache_destroy(s);
		shrink_all();
		assert_int_equal(pages_free(), before);
	}
}

static void test_a_slab_of_one_object(void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("one", 40000, 0, 0, NULL);
	void *a, *b;

	assert_int_equal(oo_objects(s->oo), 1);
	assert_int_equal(oo_order(s->oo), 4);
	a = kmem_cache_alloc(s, GFP_KERNEL);
	b = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_not_equal(slab_of(a), slab_of(b));
	assert_int_equal(slab_of(a)->frozen, 0);
	assert_int_equal(compound_order(slab_of(a)), 4);
	kmem_cache_free(s, a);
	kmem_cache_free(s, b);
	kmem_cache_destroy(s);
	assert_null(cache_named("one"));
}

static void test_the_largest_object_is_a_block_of_the_highest_order(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("max", KMALLOC_MAX_SIZE, 0, 0, NULL);
	void *object = kmem_cache_alloc(s, GFP_KERNEL);

	assert_int_equal(oo_order(s->oo), MAX_ORDER - 1);
	assert_non_null(object);
	assert_int_equal(compound_order(slab_of(object)), MAX_ORDER - 1);
	assert_slabs_sound();
	kmem_cache_free(s, object);
	kmem_cache_destroy(s);
	/* With a constructor the free pointer has no room left. */
	assert_null(kmem_cache_create("more", KMALLOC_MAX_SIZE, 0,
				      SLAB_DESTROY_BY_RCU, NULL));
	assert_true(console_says("\"more\""));
	assert_slabs_sound();
}

static void test_cache_lines_are_shared_by_as_many_as_fit(
	void **state __maybe_unused)
{
	static const struct {
		unsigned int size, align;
	} want[] = { { 8, 8 }, { 9, 16 }, { 16, 16 }, { 17, 32 }, { 32, 32 },
		     { 33, 64 }, { 64, 64 }, { 100, 64 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		struct kmem_cache *s = make_cache("line", want[i].size, 0,
						  SLAB_HWCACHE_ALIGN, NULL);

		assert_int_equal(s->align, want[i].align);
		assert_int_equal(s->size, ALIGN(want[i].size, want[i].align));
		kmem_cache_destroy(s);
	}
}

/* --- constructors --------------------------------------------------------- */

static unsigned int constructed;

static void construct(void *object)
{
	constructed++;
	memset(object, 0xc5, 40);
}

static void test_a_constructor_runs_once_for_each_object(
	void **state __maybe_unused)
{
	struct kmem_cache *s;
	unsigned char *p, *q;

	constructed = 0;
	s = make_cache("ctor", 40, 0, 0, construct);
	assert_int_equal(s->offset, 40);
	assert_int_equal(s->size, 48);
	assert_int_equal(constructed, 0);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(constructed, oo_objects(s->oo));
	for (unsigned int i = 0; i < 40; i++)
		assert_int_equal(p[i], 0xc5);
	p[7] = 0x11;				/* stays as it was left */
	kmem_cache_free(s, p);
	q = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(q, p);
	assert_int_equal(q[7], 0x11);
	assert_int_equal(q[39], 0xc5);
	assert_int_equal(constructed, oo_objects(s->oo));
	kmem_cache_free(s, q);
	kmem_cache_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(test_the_state_goes_from_down_over_up_to_full),
		CASE(test_boot_caches_are_those_of_an_arm_with_four_cpus),
		CASE(test_the_first_two_caches_live_in_objects_of_their_own),
		CASE(test_orders_follow_the_rule_for_every_size),
		CASE(test_partial_limits_follow_the_size),
		CASE(test_boot_arguments_move_the_orders),
		CASE(test_objects_of_all_odd_sizes_and_alignments),
		CASE(test_a_slab_of_one_object),
		CASE(test_the_largest_object_is_a_block_of_the_highest_order),
		CASE(test_cache_lines_are_shared_by_as_many_as_fit),
		CASE(test_a_constructor_runs_once_for_each_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
