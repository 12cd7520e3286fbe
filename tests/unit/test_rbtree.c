// SPDX-License-Identifier: GPL-2.0-or-later
/* test_rbtree.c - red-black trees against a sorted array. */
#include "machine.h"

#include <mm/rbtree.h>

#define KEYS 400

struct item {
	struct rb_node node;
	unsigned long key;
};

static struct item items[KEYS];
static struct rb_root root;
static bool in_tree[KEYS];		/* the model: by key */

static int setup(void **state __maybe_unused)
{
	root = RB_ROOT;
	memset(in_tree, 0, sizeof(in_tree));
	for (unsigned long i = 0; i < KEYS; i++) {
		items[i].key = i;
		RB_CLEAR_NODE(&items[i].node);
	}
	return 0;
}

static unsigned long key_of(const struct rb_node *node)
{
	return rb_entry(node, struct item, node)->key;
}

static void insert(unsigned long key)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = key < key_of(parent) ? &parent->rb_left :
			&parent->rb_right;
	}
	rb_link_node(&items[key].node, parent, link);
	rb_insert_color(&items[key].node, &root);
	in_tree[key] = true;
}

static void erase(unsigned long key)
{
	rb_erase(&items[key].node, &root);
	RB_CLEAR_NODE(&items[key].node);
	in_tree[key] = false;
}

static void assert_like_model(void)
{
	struct rb_node *up = rb_first(&root), *down = rb_last(&root);

	assert_null(rb_check(&root));
	for (unsigned long key = 0; key < KEYS; key++) {
		assert_int_equal(RB_EMPTY_NODE(&items[key].node),
				 !in_tree[key]);
		if (!in_tree[key])
			continue;
		assert_non_null(up);
		assert_int_equal(key_of(up), key);
		up = rb_next(up);
	}
	assert_null(up);
	for (unsigned long key = KEYS; key--;) {
		if (!in_tree[key])
			continue;
		assert_non_null(down);
		assert_int_equal(key_of(down), key);
		down = rb_prev(down);
	}
	assert_null(down);
}

static void test_an_empty_tree_has_no_ends(void **state __maybe_unused)
{
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
	assert_null(rb_check(&root));
}

static void test_ascending_and_descending_keys_stay_balanced(
	void **state __maybe_unused)
{
	for (unsigned long key = 0; key < KEYS; key++)
		insert(key);
	assert_like_model();
	for (unsigned long key = 0; key < KEYS; key++)
		erase(key);
	assert_like_model();
	for (unsigned long key = KEYS; key--;)
		insert(key);
	assert_like_model();
}

static void test_any_order_is_like_the_model(void **state)
{
	for (unsigned int seed = 0; seed < 6; seed++) {
		struct rng rng = rng_seed(seed);

		setup(state);
		for (int step = 0; step < 20000; step++) {
			unsigned long key = below(&rng, KEYS);

			if (in_tree[key])
				erase(key);
			else
				insert(key);
			assert_null(rb_check(&root));
			if (step % 100 == 0)
				assert_like_model();
		}
		for (unsigned long key = 0; key < KEYS; key++)
			if (in_tree[key])
				erase(key);
		assert_null(root.rb_node);
	}
}

/* --- broken trees --------------------------------------------------------- */

static void test_RB_1_names_a_wrong_parent(void **state __maybe_unused)
{
	for (unsigned long key = 0; key < 20; key++)
		insert(key);
	items[3].node.__rb_parent_color ^= (unsigned long)&items[19].node;
	assert_broken(rb_check(&root), "RB-1");
}

static void test_RB_1_names_a_ring(void **state __maybe_unused)
{
	insert(0);
	items[0].node.rb_left = &items[0].node;
	assert_broken(rb_check(&root), "RB-1");
}

static void test_RB_2_names_a_red_root_and_a_red_pair(
	void **state __maybe_unused)
{
	insert(0);
	root.rb_node->__rb_parent_color ^= RB_BLACK;
	assert_broken(rb_check(&root), "RB-2");
	root.rb_node->__rb_parent_color ^= RB_BLACK;
	for (unsigned long key = 1; key < 4; key++)
		insert(key);
	/* 3 is red below a black 2. */
	items[2].node.__rb_parent_color &= ~RB_BLACK;
	assert_broken(rb_check(&root), "RB-2");
}

static void test_RB_3_names_uneven_ways(void **state __maybe_unused)
{
	for (unsigned long key = 0; key < 4; key++)
		insert(key);
	items[3].node.__rb_parent_color |= RB_BLACK;
	assert_broken(rb_check(&root), "RB-3");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_empty_tree_has_no_ends),
		T(test_ascending_and_descending_keys_stay_balanced),
		T(test_any_order_is_like_the_model),
		T(test_RB_1_names_a_wrong_parent),
		T(test_RB_1_names_a_ring),
		T(test_RB_2_names_a_red_root_and_a_red_pair),
		T(test_RB_3_names_uneven_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
