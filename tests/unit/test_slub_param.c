// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub_param.c - SLUB's boot arguments. */
#include "slub_machine.h"

static struct kmem_cache *cache;

static void boot_debug(const char *letters)
{
	boot_slub(SLUB_CPUS, "slub_debug", letters);
	cache = make_cache("watched", 100, 0, 0, NULL);
}

static int setup(void **state __maybe_unused)
{
	boot_debug(NULL);
	return 0;
}

static void test_letters_choose_the_checks(void **state __maybe_unused)
{
	static const struct {
		const char *value;
		unsigned long flags;
	} want[] = {
		{ NULL, SLAB_DEBUG_FLAGS & ~SLAB_TRACE },
		{ "", SLAB_DEBUG_FLAGS & ~SLAB_TRACE },
		{ "F", SLAB_CONSISTENCY_CHECKS },
		{ "zP", SLAB_RED_ZONE | SLAB_POISON },
		{ "ut", SLAB_STORE_USER | SLAB_TRACE },
		{ "-", 0 },
		{ ",watch", SLAB_DEBUG_FLAGS & ~SLAB_TRACE },
		{ "Z,watched", SLAB_RED_ZONE },
		{ "Z,other", 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		boot_debug(want[i].value);
		assert_int_equal(cache->flags & SLAB_DEBUG_FLAGS,
				 want[i].flags);
		assert_int_equal(cache_named("kmalloc-64")->flags &
				 SLAB_DEBUG_FLAGS,
				 want[i].value && strchr(want[i].value, ',') ?
				 0 : want[i].flags);
		assert_slabs_sound();
	}
	assert_int_equal(setup_slub_param("slub_debug", "Q"), -EINVAL);
	assert_int_equal(setup_slub_param("slub_debug", "F-"), -EINVAL);
}

static void test_o_leaves_out_what_takes_a_larger_order(
	void **state __maybe_unused)
{
	struct kmem_cache *s;

	boot_debug("FZPUO");
	s = make_cache("page", 4096, 0, 0, NULL);
	assert_int_equal(s->flags & SLAB_DEBUG_FLAGS, SLAB_CONSISTENCY_CHECKS);
	assert_int_equal(s->size, 4096);
	/* Nothing is left of the size that it would have had. */
	s = make_cache("wide", 60000, 8192, 0, NULL);
	assert_int_equal(s->size, 65536);
	assert_int_equal(s->max.x, s->oo.x);
	assert_null(slab_check());
	assert_int_equal(cache->flags & SLAB_DEBUG_FLAGS,
			 SLAB_DEBUG_FLAGS & ~SLAB_TRACE);
}

static void test_a_watched_cache_is_merged_with_none(
	void **state __maybe_unused)
{
	struct kmem_cache *a = kmem_cache_create("a", 64, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 64, 0, 0, NULL);

	assert_ptr_not_equal(a, b);
}

static void test_values_that_are_none_are_refused(void **state __maybe_unused)
{
	assert_int_equal(setup_slub_param("slab_freelist_random", "maybe"),
			 -EINVAL);
	assert_int_equal(setup_slub_param("slab_freelist_random", "0"),
			 -EINVAL);
	assert_int_equal(setup_slub_param("slab_freelist_random", NULL),
			 -EINVAL);
	assert_int_equal(setup_slub_param("slub_max_order", "x"), -EINVAL);
	assert_int_equal(setup_slub_param("slub_min_order", "99"), -EINVAL);
	assert_int_equal(setup_slub_param("slub_unheard", "1"), -EINVAL);
	assert_int_equal(setup_slub_param("slab_freelist_random", "off"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(test_letters_choose_the_checks),
		CASE(test_o_leaves_out_what_takes_a_larger_order),
		CASE(test_a_watched_cache_is_merged_with_none),
		CASE(test_values_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
