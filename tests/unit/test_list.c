// SPDX-License-Identifier: GPL-2.0-or-later
/* test_list.c - circular lists, and what a broken one is stopped by. */
#include "machine.h"

struct item {
	int value;
	struct list_head node;
};

static struct list_head head;
static struct item items[4];

static int setup(void **state __maybe_unused)
{
	INIT_LIST_HEAD(&head);
	for (int i = 0; i < 4; i++)
		items[i].value = i;
	return 0;
}

/* LIST-1 to LIST-3 and the values, in order. */
static void assert_values(const char *digits)
{
	const struct list_head *pos = &head;
	struct item *item;
	size_t n = 0;

	list_for_each_entry(item, &head, node) {
		assert_ptr_equal(item->node.next->prev, &item->node);
		assert_ptr_equal(item->node.prev, pos);
		pos = &item->node;
		assert_true(n < strlen(digits));
		assert_int_equal(item->value, digits[n++] - '0');
	}
	assert_int_equal(n, strlen(digits));
	assert_ptr_equal(head.prev, pos);
	assert_int_equal(list_empty(&head), n == 0);
}

static void test_an_empty_list_points_to_itself(void **state __maybe_unused)
{
	struct list_head other = LIST_HEAD_INIT(other);

	assert_values("");
	assert_true(list_empty(&other));
	assert_null(list_first_entry_or_null(&head, struct item, node));
}

static void test_add_is_first_and_add_tail_is_last(void **state __maybe_unused)
{
	list_add(&items[1].node, &head);
	assert_values("1");
	list_add(&items[0].node, &head);
	list_add_tail(&items[2].node, &head);
	assert_values("012");
	assert_ptr_equal(list_first_entry_or_null(&head, struct item, node),
			 &items[0]);
}

static void test_del_closes_the_gap_and_poisons(void **state __maybe_unused)
{
	for (int i = 0; i < 4; i++)
		list_add_tail(&items[i].node, &head);
	list_del(&items[1].node);
	assert_values("023");
	assert_ptr_equal(items[1].node.next, LIST_POISON1);
	assert_ptr_equal(items[1].node.prev, LIST_POISON2);
	list_del(&items[0].node);
	list_del(&items[3].node);
	assert_values("2");
	list_del(&items[2].node);
	assert_values("");
}

static void test_container_of_finds_the_item(void **state __maybe_unused)
{
	assert_ptr_equal(list_entry(&items[2].node, struct item, node),
			 &items[2]);
	assert_ptr_equal(container_of(&items[2].value, struct item, value),
			 &items[2]);
}

static void test_adding_to_a_list_that_breaks_LIST_3_stops(
	void **state __maybe_unused)
{
	list_add(&items[0].node, &head);
	list_add(&items[1].node, &head);
	items[1].node.prev = &items[0].node;
	assert_panics(list_add(&items[2].node, &head), "prev");
	items[1].node.prev = &head;
	items[0].node.next = &items[1].node;
	assert_panics(list_add_tail(&items[2].node, &head), "next");
}

static void test_deleting_what_breaks_LIST_3_stops(void **state __maybe_unused)
{
	for (int i = 0; i < 3; i++)
		list_add_tail(&items[i].node, &head);
	items[2].node.prev = &head;
	assert_panics(list_del(&items[1].node), "prev");
	items[2].node.prev = &items[1].node;
	items[0].node.next = &items[2].node;
	assert_panics(list_del(&items[1].node), "next");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_empty_list_points_to_itself),
		T(test_add_is_first_and_add_tail_is_last),
		T(test_del_closes_the_gap_and_poisons),
		T(test_container_of_finds_the_item),
		T(test_adding_to_a_list_that_breaks_LIST_3_stops),
		T(test_deleting_what_breaks_LIST_3_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
