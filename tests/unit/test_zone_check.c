// SPDX-License-Identifier: GPL-2.0-or-later
/* test_zone_check.c - each invariant of a zone, broken and seen named. */
#include "handover.h"

#define LOW_BLOCKS	8UL
#define HIGH_BLOCKS	1UL
#define TOP		(MAX_ORDER - 1)

/* One page is in use, so that each order below the highest has a block. */
static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	assert_non_null(alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 0));
	assert_sound();
	return 0;
}

static struct zone *normal(void)
{
	return zone_of(ZONE_NORMAL);
}

static struct page *free_block(unsigned int order)
{
	struct free_area *area = &normal()->free_area[order];
	struct page *page = list_first_entry_or_null(
		&area->free_list[MIGRATE_MOVABLE], struct page, lru);

	assert_non_null(page);
	return page;
}

/* Put a block on a list by hand: what a faulty free would do. */
static void list_block(struct page *page, unsigned int order)
{
	struct free_area *area = &normal()->free_area[order];

	__SetPageBuddy(page);
	set_page_private(page, order);
	list_add(&page->lru, &area->free_list[MIGRATE_MOVABLE]);
	area->nr_free++;
}

static void unlist_block(struct page *page, unsigned int order)
{
	list_del(&page->lru);
	normal()->free_area[order].nr_free--;
	__ClearPageBuddy(page);
	set_page_private(page, 0);
}

static void assert_zone_broken(const char *id)
{
	assert_broken(zone_check(normal()), id);
	assert_null(zone_check(zone_of(ZONE_HIGHMEM)));
}

static void test_wrong_nr_free_is_BUDDY_1(void **state __maybe_unused)
{
	normal()->free_area[3].nr_free++;
	assert_zone_broken("BUDDY-1");
	normal()->free_area[3].nr_free -= 2;
	assert_zone_broken("BUDDY-1");
	normal()->free_area[3].nr_free++;
	assert_null(zone_check(normal()));
}

static void test_entry_of_another_order_is_BUDDY_2(void **state __maybe_unused)
{
	set_page_private(free_block(2), 1);
	assert_zone_broken("BUDDY-2");
}

static void test_entry_that_is_not_marked_is_BUDDY_2(
	void **state __maybe_unused)
{
	__ClearPageBuddy(free_block(2));
	assert_zone_broken("BUDDY-2");
}

static void test_block_that_is_not_aligned_is_BUDDY_3(
	void **state __maybe_unused)
{
	struct page *page = free_block(2);

	unlist_block(page, 2);
	list_block(page + 1, 1);
	__mod_zone_page_state(normal(), NR_FREE_PAGES, -2);
	assert_zone_broken("BUDDY-3");
}

static void test_block_of_another_zone_is_BUDDY_4(void **state __maybe_unused)
{
	set_page_zone(free_block(2), ZONE_HIGHMEM);
	assert_zone_broken("BUDDY-4");
}

static void test_page_inside_of_another_zone_is_BUDDY_4(
	void **state __maybe_unused)
{
	set_page_zone(free_block(2) + 3, ZONE_HIGHMEM);
	assert_zone_broken("BUDDY-4");
}

static void test_block_outside_the_span_is_BUDDY_4(void **state __maybe_unused)
{
	struct page *page = free_block(TOP);
	struct zone *zone = normal();
	unsigned long pfn = page_to_pfn(page);

	/* Shrink the zone until the block sticks out of its end. */
	zone->spanned_pages = pfn + MAX_ORDER_NR_PAGES - 1 -
			      zone->zone_start_pfn;
	zone->present_pages = zone->managed_pages = 1;
	assert_broken(zone_check(zone), "BUDDY-4");
}

static void test_two_free_buddies_are_BUDDY_5(void **state __maybe_unused)
{
	struct page *page = free_block(4);

	unlist_block(page, 4);
	list_block(page, 3);
	list_block(page + 8, 3);
	assert_zone_broken("BUDDY-5");
}

static void test_two_free_blocks_of_the_highest_order_are_no_buddies(
	void **state __maybe_unused)
{
	assert_true(normal()->free_area[TOP].nr_free >= 2);
	assert_null(zone_check(normal()));
}

/* --- lists that lead astray ----------------------------------------------- */

static struct page no_page;

static void test_entry_that_is_no_page_is_LIST_1(void **state __maybe_unused)
{
	struct page *page = free_block(3);
	struct list_head *next = page->lru.next;

	page->lru.next = &no_page.lru;
	assert_zone_broken("LIST-1");
	page->lru.next = LIST_POISON1;
	assert_zone_broken("LIST-1");
	page->lru.next = NULL;
	assert_zone_broken("LIST-1");
	page->lru.next = (struct list_head *)((char *)&page[8].lru + 4);
	assert_zone_broken("LIST-1");
	page->lru.next = next;
	assert_null(zone_check(normal()));
}

/* One block is listed, then a second in front of it without a way back. */
static void test_entry_that_is_not_linked_back_is_LIST_3(
	void **state __maybe_unused)
{
	struct page *page = free_block(TOP), *next;

	next = list_entry(page->lru.next, struct page, lru);
	next->lru.prev = &next->lru;
	assert_zone_broken("LIST-3");
	next->lru.prev = &page->lru;
	page->lru.prev = &next->lru;		/* the first entry */
	assert_zone_broken("LIST-3");
}

static void test_head_that_is_not_linked_back_is_LIST_3(
	void **state __maybe_unused)
{
	struct page *page = free_block(TOP);
	struct list_head *head = page->lru.prev;

	head->prev = &page->lru;
	assert_zone_broken("LIST-3");
}

/* The last entry leads back into the list. */
static void test_list_that_turns_back_is_LIST_2(void **state __maybe_unused)
{
	struct page *page = free_block(TOP);
	struct list_head *head = page->lru.prev;

	head->prev->next = page->lru.next;
	assert_zone_broken("LIST-2");
	head->prev->next = head->prev;
	assert_zone_broken("LIST-2");
	head->prev->next = head;
	assert_null(zone_check(normal()));
}

/* A circle that the head is no part of, every link of it sound. */
static void test_list_that_never_comes_back_is_LIST_2(
	void **state __maybe_unused)
{
	struct page *page = free_block(TOP);
	struct list_head *head = page->lru.prev;

	head->prev->next = &page->lru;
	page->lru.prev = head->prev;
	assert_zone_broken("LIST-2");
}

/* --- zones and pages ------------------------------------------------------ */

static void test_counts_in_the_wrong_order_are_ZONE_1(
	void **state __maybe_unused)
{
	struct zone *zone = normal();

	zone->present_pages = zone->managed_pages - 1;
	assert_zone_broken("ZONE-1");
	zone->present_pages = zone->spanned_pages + 1;
	assert_zone_broken("ZONE-1");
	zone->present_pages = zone->spanned_pages;
	assert_null(zone_check(zone));
}

static void test_wrong_counter_of_free_pages_is_ZONE_2(
	void **state __maybe_unused)
{
	__mod_zone_page_state(normal(), NR_FREE_PAGES, 1);
	assert_zone_broken("ZONE-2");
	__mod_zone_page_state(normal(), NR_FREE_PAGES, -2);
	assert_zone_broken("ZONE-2");
}

static void test_free_block_with_a_user_is_PAGE_2(void **state __maybe_unused)
{
	struct page *page = free_block(2);

	set_page_count(page, 1);
	assert_zone_broken("PAGE-2");
	set_page_count(page, 0);
	set_page_count(page + 3, 1);
	assert_zone_broken("PAGE-2");
	set_page_count(page + 3, 0);
	assert_null(zone_check(normal()));
}

static void test_free_block_inside_a_free_block_is_PAGE_2(
	void **state __maybe_unused)
{
	__SetPageBuddy(free_block(2) + 1);
	assert_zone_broken("PAGE-2");
}

static void test_reserved_head_on_a_list_is_PAGE_3(void **state __maybe_unused)
{
	SetPageReserved(free_block(2));
	assert_zone_broken("PAGE-3");
}

static void test_reserved_page_inside_a_block_is_PAGE_3(
	void **state __maybe_unused)
{
	SetPageReserved(free_block(2) + 3);
	assert_zone_broken("PAGE-3");
}

#define T(test) cmocka_unit_test_setup(test, setup)

/* --- the node: what no zone can see alone ---------------------------------- */

static void test_total_that_is_not_the_sum_is_ZONE_3(
	void **state __maybe_unused)
{
	assert_null(node_check());
	totalram_pages++;
	assert_broken(node_check(), "ZONE-3");
}

static void test_zones_that_overlap_are_ZONE_4(void **state __maybe_unused)
{
	zone_of(ZONE_HIGHMEM)->zone_start_pfn -= 1;
	zone_of(ZONE_HIGHMEM)->spanned_pages += 1;
	assert_broken(node_check(), "ZONE-4");
}

static void test_page_linked_to_another_zone_is_PAGE_1(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	set_page_zone(page, ZONE_HIGHMEM);
	assert_broken(node_check(), "PAGE-1");
	set_page_zone(page, ZONE_NORMAL);
	assert_null(node_check());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_wrong_nr_free_is_BUDDY_1),
		T(test_entry_of_another_order_is_BUDDY_2),
		T(test_entry_that_is_not_marked_is_BUDDY_2),
		T(test_block_that_is_not_aligned_is_BUDDY_3),
		T(test_block_of_another_zone_is_BUDDY_4),
		T(test_page_inside_of_another_zone_is_BUDDY_4),
		T(test_block_outside_the_span_is_BUDDY_4),
		T(test_two_free_buddies_are_BUDDY_5),
		T(test_two_free_blocks_of_the_highest_order_are_no_buddies),
		T(test_entry_that_is_no_page_is_LIST_1),
		T(test_entry_that_is_not_linked_back_is_LIST_3),
		T(test_head_that_is_not_linked_back_is_LIST_3),
		T(test_list_that_turns_back_is_LIST_2),
		T(test_list_that_never_comes_back_is_LIST_2),
		T(test_counts_in_the_wrong_order_are_ZONE_1),
		T(test_wrong_counter_of_free_pages_is_ZONE_2),
		T(test_free_block_with_a_user_is_PAGE_2),
		T(test_free_block_inside_a_free_block_is_PAGE_2),
		T(test_reserved_head_on_a_list_is_PAGE_3),
		T(test_reserved_page_inside_a_block_is_PAGE_3),
		T(test_total_that_is_not_the_sum_is_ZONE_3),
		T(test_zones_that_overlap_are_ZONE_4),
		T(test_page_linked_to_another_zone_is_PAGE_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
