// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_freepages_move.c - the free blocks of a pageblock change lists: which of
 * them, which not; and the block taken by fallback in any state.
 */
#include "carve.h"

/* --- move_freepages_block ------------------------------------------------- */

static unsigned long move(struct page *page, enum migratetype type)
{
	return move_freepages_block(zone_of(ZONE_NORMAL), page, type);
}

static void test_only_free_pages_move(void **state __maybe_unused)
{
	struct page *page = carve(USER);

	use_all_up();
	assert_int_equal(move(page, MIGRATE_UNMOVABLE), 0);
	give_back(page + 4, 2);
	give_back(page + MIDDLE, 0);
	/* Any page of it will do, also one that is in use. */
	assert_int_equal(move(page + 1, MIGRATE_UNMOVABLE), 5);
	assert_true(is_listed(page + 4, 2, MIGRATE_UNMOVABLE));
	assert_true(is_listed(page + MIDDLE, 0, MIGRATE_UNMOVABLE));
	assert_int_equal(move(page + MIDDLE, MIGRATE_MOVABLE), 5);
	assert_true(is_listed(page + 4, 2, MIGRATE_MOVABLE));
	assert_sound();
}

static void test_pages_on_per_cpu_lists_do_not_move(void **state __maybe_unused)
{
	struct page *page;

	setup_per_cpu_pageset();
	page = carve(USER);
	use_all_up();
	give_back(page + 2, 1);
	give_back(page, 0);			/* stays on this CPU's list */
	assert_false(PageBuddy(page));
	assert_int_equal(move(page, MIGRATE_UNMOVABLE), 2);
	drain_all_pages(NULL);
	assert_true(is_listed(page, 0, MIGRATE_MOVABLE));
	assert_sound();
}

/* The zone begins, and ends, in the middle of a pageblock. */
static void test_moving_keeps_to_the_zone(void **state __maybe_unused)
{
	phys_addr_t half = BLOCK_BYTES / 2;
	struct page *first, *last;

	new_ram_with_pool(RAM_BASE + half, BLOCKS * BLOCK_BYTES,
			  RAM_BASE + BLOCKS * BLOCK_BYTES + half);
	memblock_add(RAM_BASE + half, BLOCKS * BLOCK_BYTES);
	boot();
	first = pfn_to_page(zone_of(ZONE_NORMAL)->zone_start_pfn);
	last = pfn_to_page(zone_end_pfn(zone_of(ZONE_NORMAL)) - MIDDLE);
	assert_int_equal(move(last, MIGRATE_UNMOVABLE), 0);
	assert_true(is_listed(last, TOP - 1, MIGRATE_MOVABLE));
	assert_int_equal(move(first, MIGRATE_UNMOVABLE), MIDDLE);
	assert_true(is_listed(first, TOP - 1, MIGRATE_UNMOVABLE));
	/* From the page that is named on, when the start is another zone's. */
	assert_int_equal(move(first + 1, MIGRATE_MOVABLE), 0);
	assert_true(is_listed(first, TOP - 1, MIGRATE_UNMOVABLE));
	assert_sound();
}

/* HighMem's first pageblock is Normal's last one. */
static void test_moving_leaves_the_other_zone_alone(void **state __maybe_unused)
{
	phys_addr_t half = BLOCK_BYTES / 2, size = BLOCKS * BLOCK_BYTES;
	struct page *low, *high;

	new_ram_with_pool(RAM_BASE, 2 * size, RAM_BASE + size + half);
	memblock_add(RAM_BASE, 2 * size);
	boot();
	high = pfn_to_page(max_low_pfn);
	low = high - MIDDLE;
	assert_ptr_equal(page_zone(high), zone_of(ZONE_HIGHMEM));
	assert_int_equal(move(low, MIGRATE_UNMOVABLE), 0);
	assert_int_equal(move_freepages_block(zone_of(ZONE_HIGHMEM), high,
					      MIGRATE_UNMOVABLE), MIDDLE);
	assert_ptr_equal(first_of(ZONE_HIGHMEM, TOP - 1, MIGRATE_UNMOVABLE),
			 high);
	assert_true(is_listed(low, TOP - 1, MIGRATE_MOVABLE));
	assert_sound();
}

/* --- any state ------------------------------------------------------------ */

/* The block that Linux 4.9 takes: largest order, first type that has one. */
static const struct page *wanted_fallback(enum migratetype type,
					  unsigned int order)
{
	static const enum migratetype asks[MIGRATE_PCPTYPES][2] = {
		[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
		[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
		[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
	};
	const struct page *page;

	for (unsigned int o = MAX_ORDER; o-- > order;)
		for (int i = 0; i < 2; i++) {
			page = first_of(ZONE_NORMAL, o, asks[type][i]);
			if (page)
				return page;
		}
	return NULL;
}

static unsigned long counted(enum migratetype type)
{
	unsigned long pages = 0;
	const struct page *page;

	for (unsigned int o = 0; o < MAX_ORDER; o++)
		list_for_each_entry(page, &zone_of(ZONE_NORMAL)->free_area[o]
				    .free_list[type], lru)
			pages += 1UL << o;
	return pages;
}

/* Takes from another type in random states: the right block, none lost. */
static void test_any_fallback_takes_the_wanted_block(
	void **state __maybe_unused)
{
	static const gfp_t gfps[] = { KERNEL, USER, CACHE };
	static struct page *held[300];
	static unsigned int orders[300];
	unsigned long taken = 0, none = 0;

	for (unsigned int seed = 1; seed <= 6; seed++) {
		struct zone *zone = zone_of(ZONE_NORMAL);
		struct rng rng = rng_seed(seed);

		setup(NULL);
		memset(held, 0, sizeof(held));
		for (int step = 0; step < 3000; step++) {
			unsigned long i = below(&rng, ARRAY_SIZE(held));
			unsigned int order = (unsigned int)below(&rng, TOP);
			unsigned long others = counted(MIGRATE_CMA) +
					       counted(MIGRATE_HIGHATOMIC);
			enum migratetype type = (enum migratetype)
				below(&rng, MIGRATE_PCPTYPES);
			const struct page *wanted;
			struct page *page;

			if (held[i]) {
				__free_pages(held[i], orders[i]);
				held[i] = NULL;
				continue;
			}
			orders[i] = order;
			if (step % 5) {
				held[i] = alloc_pages(
					gfps[type] | __GFP_NOWARN, order);
				continue;
			}
			wanted = wanted_fallback(type, order);
			page = __rmqueue_fallback(zone, order, type);
			assert_ptr_equal(page, wanted);
			assert_int_equal(counted(MIGRATE_CMA) +
					 counted(MIGRATE_HIGHATOMIC), others);
			taken += page != NULL;
			none += page == NULL;
			if (page) {
				__mod_zone_page_state(zone, NR_FREE_PAGES,
						      -(1L << order));
				set_page_count(page, 1);
				held[i] = page;
			}
			assert_sound();
		}
	}
	assert_true(taken > 100 && none > 10);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_only_free_pages_move),
		T(test_pages_on_per_cpu_lists_do_not_move),
		T(test_moving_keeps_to_the_zone),
		T(test_moving_leaves_the_other_zone_alone),
		T(test_any_fallback_takes_the_wanted_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
