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

static void test_block_inside_another_is_BUDDY_6(void **state __maybe_unused)
{
	list_block(free_block(4) + 4, 1);
	__mod_zone_page_state(normal(), NR_FREE_PAGES, 2);
	assert_zone_broken("BUDDY-6");
}

static void test_pageblock_of_another_type_than_its_list_is_BUDDY_7(
	void **state __maybe_unused)
{
	unsigned long pfn = page_to_pfn(free_block(TOP));
	struct zone *zone = normal();
	unsigned long bit = pfn_to_bitidx(zone, pfn);

	set_pfnblock_migratetype(zone, pfn, MIGRATE_CMA);
	assert_zone_broken("BUDDY-7");
	/* What a fallback leaves behind. */
	set_pfnblock_migratetype(zone, pfn, MIGRATE_UNMOVABLE);
	assert_null(zone_check(zone));
	/* No type at all. */
	zone->pageblock_flags[BIT_WORD(bit)] |= PB_MIGRATE_MASK
						<< bit % BITS_PER_LONG;
	assert_zone_broken("BUDDY-7");
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

/* --- per-CPU lists -------------------------------------------------------- */

/* A page on the boot pageset's Movable list, as between two calls. */
static struct page *page_on_a_list(void)
{
	struct per_cpu_pages *pcp = &this_cpu_ptr(normal()->pageset)->pcp;
	/* Of a pair: a single one would come from the list itself. */
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_MOVABLE, 1);

	set_page_count(page, 0);
	page->index = MIGRATE_MOVABLE;
	list_add(&page->lru, &pcp->lists[MIGRATE_MOVABLE]);
	pcp->count++;
	return page;
}

static struct per_cpu_pages *boot_pcp(void)
{
	return &this_cpu_ptr(normal()->pageset)->pcp;
}

/* The zones share the boot pageset: both see what is wrong with it. */
static void assert_normal_broken(const char *id)
{
	assert_broken(zone_check(normal()), id);
}

static void test_count_that_is_not_the_lists_is_PCP_1(
	void **state __maybe_unused)
{
	page_on_a_list();
	assert_null(zone_check(normal()));
	boot_pcp()->count = 0;
	assert_normal_broken("PCP-1");
	boot_pcp()->count = 2;
	assert_normal_broken("PCP-1");
}

static void test_per_cpu_page_inside_a_free_block_is_BUDDY_6(
	void **state __maybe_unused)
{
	struct page *page = free_block(4) + 4;

	page->index = MIGRATE_MOVABLE;
	list_add(&page->lru, &boot_pcp()->lists[MIGRATE_MOVABLE]);
	boot_pcp()->count++;
	assert_normal_broken("BUDDY-6");
}

static void test_held_page_on_a_list_is_PCP_2(void **state __maybe_unused)
{
	set_page_count(page_on_a_list(), 1);
	assert_normal_broken("PCP-2");
}

static void test_mapped_page_on_a_list_is_PCP_2(void **state __maybe_unused)
{
	struct page *page = page_on_a_list();

	page->_mapcount.counter = 0;
	assert_normal_broken("PCP-2");
	__SetPageBuddy(page);
	assert_normal_broken("PCP-2");
}

static void test_page_of_another_zone_on_a_list_is_PCP_2(
	void **state __maybe_unused)
{
	page_on_a_list();
	assert_null(zone_check(normal()));
	assert_broken(zone_check(zone_of(ZONE_HIGHMEM)), "PCP-2");
}

static void test_page_on_another_type_s_list_is_PCP_2(
	void **state __maybe_unused)
{
	struct page *page = page_on_a_list();

	for (int type = 0; type <= MIGRATE_TYPES; type++) {
		page->index = (unsigned long)type;
		if (type == MIGRATE_MOVABLE || type == MIGRATE_CMA ||
		    type == MIGRATE_HIGHATOMIC)
			assert_null(zone_check(normal()));
		else
			assert_normal_broken("PCP-2");
	}
	list_del(&page->lru);
	list_add(&page->lru, &boot_pcp()->lists[MIGRATE_UNMOVABLE]);
	page->index = MIGRATE_CMA;
	assert_normal_broken("PCP-2");
}

static void test_list_that_is_too_long_is_PCP_3(void **state __maybe_unused)
{
	page_on_a_list();			/* high 0, batch 1 */
	assert_null(zone_check(normal()));
	page_on_a_list();
	assert_normal_broken("PCP-3");
	boot_pcp()->high = 1;
	assert_null(zone_check(normal()));
}

DEFINE_PER_CPU(struct per_cpu_pageset, a_pageset);

static void test_zone_without_a_pageset_of_its_own_is_PCP_4(
	void **state __maybe_unused)
{
	struct zone *high = zone_of(ZONE_HIGHMEM);

	normal()->pageset = NULL;
	assert_zone_broken("PCP-4");
	normal()->pageset = &a_pageset;
	assert_null(zone_check(normal()));
	assert_null(zone_check(high));
	high->pageset = &a_pageset;
	assert_broken(zone_check(high), "PCP-4");
	assert_normal_broken("PCP-4");
	high->present_pages = high->managed_pages = 0;	/* one without memory */
	assert_null(zone_check(normal()));
}

static void test_broken_links_of_a_list_are_LIST_1_to_3(
	void **state __maybe_unused)
{
	struct page *page = page_on_a_list();
	struct list_head *head = page->lru.prev;

	head->prev = head;
	assert_normal_broken("LIST-3");
	head->prev = &page->lru;
	page->lru.prev = &page->lru;
	assert_normal_broken("LIST-3");
	page->lru.next = &page->lru;
	assert_normal_broken("LIST-2");
	page->lru.next = LIST_POISON1;
	assert_normal_broken("LIST-1");
}

/* --- isolated pages ------------------------------------------------------- */

static void test_isolated_pages_that_are_counted_are_ZONE_2(
	void **state __maybe_unused)
{
	struct page *page = free_block(2);

	list_del(&page->lru);
	list_add(&page->lru,
		 &normal()->free_area[2].free_list[MIGRATE_ISOLATE]);
	assert_zone_broken("ZONE-2");
	__mod_zone_page_state(normal(), NR_FREE_PAGES, -4);
	assert_null(zone_check(normal()));
}

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

/* PAGE-4: broken one word at a time, each put right again. */
static void test_broken_compound_page_is_PAGE_4(void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	unsigned long head = page[1].compound_head;

	assert_null(node_check());
	page[2].compound_head = head + sizeof(*page);	/* leads to a tail */
	assert_broken(node_check(), "PAGE-4");
	page[2].compound_head = 1;			/* leads nowhere */
	assert_broken(node_check(), "PAGE-4");
	page[2].compound_head = 0;			/* is no tail */
	assert_broken(node_check(), "PAGE-4");
	page[2].compound_head = head;
	page[3].mapping = NULL;
	assert_broken(node_check(), "PAGE-4");
	page[3].mapping = TAIL_MAPPING;
	set_page_count(page + 1, 1);
	assert_broken(node_check(), "PAGE-4");
	set_page_count(page + 1, 0);
	set_compound_order(page, 1);			/* too short */
	assert_broken(node_check(), "PAGE-4");
	set_compound_order(page, 3);			/* too long */
	assert_broken(node_check(), "PAGE-4");
	set_compound_order(page, 0);
	assert_broken(node_check(), "PAGE-4");
	set_compound_order(page, MAX_ORDER);
	assert_broken(node_check(), "PAGE-4");
	set_compound_order(page, 2);
	ClearPageHead(page);
	assert_broken(node_check(), "PAGE-4");
	SetPageHead(page);
	assert_null(node_check());
	put_page(page);
	assert_null(node_check());
}

#define T(test) cmocka_unit_test_setup(test, setup)

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
		T(test_block_inside_another_is_BUDDY_6),
		T(test_pageblock_of_another_type_than_its_list_is_BUDDY_7),
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
		T(test_count_that_is_not_the_lists_is_PCP_1),
		T(test_per_cpu_page_inside_a_free_block_is_BUDDY_6),
		T(test_held_page_on_a_list_is_PCP_2),
		T(test_mapped_page_on_a_list_is_PCP_2),
		T(test_page_of_another_zone_on_a_list_is_PCP_2),
		T(test_page_on_another_type_s_list_is_PCP_2),
		T(test_list_that_is_too_long_is_PCP_3),
		T(test_zone_without_a_pageset_of_its_own_is_PCP_4),
		T(test_broken_links_of_a_list_are_LIST_1_to_3),
		T(test_isolated_pages_that_are_counted_are_ZONE_2),
		T(test_total_that_is_not_the_sum_is_ZONE_3),
		T(test_zones_that_overlap_are_ZONE_4),
		T(test_page_linked_to_another_zone_is_PAGE_1),
		T(test_broken_compound_page_is_PAGE_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
