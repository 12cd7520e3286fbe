// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_watermark_ok.c - may a request take a zone below a mark? At the edges,
 * and in any state, against the lists counted one by one.
 */
#include "handover.h"

#include <mm/watermark.h>

#define LOW_BLOCKS	10UL
#define HIGH_BLOCKS	8UL
#define TOP		(MAX_ORDER - 1)
#define CLASSES		MAX_NR_ZONES

static int setup(void **state __maybe_unused)
{
	boot_blocks(LOW_BLOCKS, HIGH_BLOCKS);
	return 0;
}

/* --- at the edges --------------------------------------------------------- */

static void test_empty_zone_is_never_ok(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_MOVABLE);

	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		assert_false(zone_watermark_ok(zone, order, 0, ZONE_MOVABLE,
					       ALLOC_HARDER | ALLOC_HIGH |
					       ALLOC_CMA));
		assert_false(zone_watermark_fast(zone, order, 0, ZONE_MOVABLE,
						 ALLOC_CMA));
		assert_false(zone_watermark_ok_safe(zone, order, 0,
						    ZONE_MOVABLE));
	}
}

/* One page of lowmem, all others in use. */
static void test_one_free_page_is_above_0_only(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct page *page = alloc_pages(GFP_KERNEL, TOP);

	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN, TOP))
		;
	assert_int_equal(zone_page_state(zone, NR_FREE_PAGES), 0);
	assert_false(zone_watermark_ok(zone, 0, 0, ZONE_NORMAL, 0));
	set_page_count(page, 0);
	set_page_count(page + 1, 1);
	__free_pages(page + 1, 0);
	assert_true(zone_watermark_ok(zone, 0, 0, ZONE_NORMAL, 0));
	assert_true(zone_watermark_fast(zone, 0, 0, ZONE_NORMAL, 0));
	assert_true(zone_watermark_ok_safe(zone, 0, 0, ZONE_NORMAL));
	assert_false(zone_watermark_ok(zone, 0, 1, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 0, ZONE_NORMAL, 0));
}

/* Enough pages, but each of them alone. */
static void test_pages_without_a_block_are_not_ok(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct page *page = alloc_pages(GFP_KERNEL, TOP);

	while (alloc_pages(GFP_KERNEL | __GFP_NOWARN, TOP))
		;
	set_page_count(page, 0);
	for (unsigned long i = 0; i < MAX_ORDER_NR_PAGES; i += 2) {
		set_page_count(page + i, 1);
		__free_pages(page + i, 0);
	}
	assert_true(zone_watermark_ok(zone, 0, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL,
				       ALLOC_HARDER));
	set_page_count(page + 1, 1);
	__free_pages(page + 1, 0);
	assert_true(zone_watermark_ok(zone, 1, 100, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok(zone, 2, 100, ZONE_NORMAL, 0));
}

/* Differences that are not in the counter yet. */
static void test_safe_looks_at_every_cpu(void **state __maybe_unused)
{
	const struct zone *zone = zone_of(ZONE_NORMAL);
	struct per_cpu_pageset *pset = this_cpu_ptr(zone->pageset);
	unsigned long free = zone_page_state(zone, NR_FREE_PAGES);

	assert_true(zone_watermark_ok_safe(zone, 0, free - 1, ZONE_NORMAL));
	pset->vm_stat_diff[NR_FREE_PAGES] = -2;
	assert_true(zone_watermark_ok(zone, 0, free - 1, ZONE_NORMAL, 0));
	assert_false(zone_watermark_ok_safe(zone, 0, free - 1, ZONE_NORMAL));
	assert_true(zone_watermark_ok_safe(zone, 0, free - 3, ZONE_NORMAL));
}

/* --- against lists counted one by one ------------------------------------- */

struct counted {
	unsigned long pages, cma, reserved;
	unsigned long blocks[MIGRATE_TYPES][MAX_ORDER];
};

static void count_zone(const struct zone *zone, struct counted *c)
{
	const struct page *page;
	unsigned long pfn;

	*c = (struct counted){ 0 };
	for (int type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			list_for_each_entry(page, &zone->free_area[o]
					    .free_list[type], lru) {
				c->blocks[type][o]++;
				c->pages += 1UL << o;
				c->cma += type == MIGRATE_CMA ? 1UL << o : 0;
			}
	for (pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++)
		if (get_pfnblock_migratetype(zone, pfn) == MIGRATE_HIGHATOMIC)
			c->reserved++;
}

static bool may_have(int type, unsigned int flags)
{
	switch (type) {
	case MIGRATE_CMA:
		return flags & ALLOC_CMA;
	case MIGRATE_HIGHATOMIC:
		return flags & ALLOC_HARDER;
	default:
		return type != MIGRATE_ISOLATE;
	}
}

/* In eighths of a page, so that halves and quarters need no rounding. */
static bool wanted_ok(const struct counted *c, unsigned int order,
		      unsigned long mark, unsigned long reserve,
		      unsigned int flags)
{
	unsigned long eighths = 8 * mark, least;
	long left = (long)(c->pages - (1UL << order)) + 1;
	bool block = order == 0;

	if (flags & ALLOC_HIGH)
		eighths = 8 * ((mark + 1) / 2);
	if (flags & ALLOC_HARDER)
		eighths = eighths * 3 / 4;
	least = (eighths + 7) / 8;
	if (!(flags & ALLOC_HARDER))
		left -= (long)c->reserved;
	if (!(flags & ALLOC_CMA))
		left -= (long)c->cma;
	for (int type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned int o = order; o < MAX_ORDER; o++)
			block |= c->blocks[type][o] && may_have(type, flags);
	return block && left > (long)(least + reserve);
}

static unsigned int random_flags(struct rng *rng)
{
	static const unsigned int bits[] = { ALLOC_HARDER, ALLOC_HIGH,
					     ALLOC_CMA };
	unsigned int flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		flags |= below(rng, 2) ? bits[i] : 0;
	return flags;
}

/* Marks near what is free, where the answer turns. */
static unsigned long random_mark(struct rng *rng, unsigned long pages)
{
	unsigned long mark = below(rng, 3) ? pages : pages * 2;

	mark -= mark > 16 ? below(rng, 16) : 0;
	return below(rng, 4) ? mark : below(rng, 2 * pages + 1);
}

static void ask_all(struct rng *rng, struct zone *zone, unsigned long *yes)
{
	struct counted c;

	count_zone(zone, &c);
	for (int i = 0; i < 300; i++) {
		unsigned int order = (unsigned int)below(rng, MAX_ORDER);
		unsigned int flags = random_flags(rng);
		unsigned long mark = random_mark(rng, c.pages);
		int class = (int)below(rng, CLASSES);
		bool wanted;

		order = below(rng, 2) ? 0 : order;
		for (int j = 0; j < CLASSES; j++)
			zone->lowmem_reserve[j] = (long)below(rng, 4);
		wanted = wanted_ok(&c, order, mark,
				   (unsigned long)zone->lowmem_reserve[class],
				   flags);
		*yes += wanted;
		if (zone_watermark_ok(zone, order, mark, class, flags) !=
		    wanted)
			fail_msg("order %u mark %lu flags %#x free %lu cma %lu reserved %lu: not %d",
				 order, mark, flags, c.pages, c.cma,
				 c.reserved, wanted);
		/* The quick test may leave the HighAtomic reserve out. */
		if (order || !c.reserved)
			assert_int_equal(zone_watermark_fast(zone, order, mark,
							     class, flags),
					 wanted);
		else if (wanted)
			assert_true(zone_watermark_fast(zone, order, mark,
							class, flags));
	}
}

#define HELD 400

static void test_any_state_against_the_lists(void **state __maybe_unused)
{
	static struct page *held[HELD];
	static unsigned int orders[HELD];
	unsigned long yes = 0, asked = 0;

	for (unsigned int seed = 1; seed <= 8; seed++) {
		struct rng rng = rng_seed(seed);
		struct zone *zone;

		setup(NULL);
		memset(held, 0, sizeof(held));
		zone = zone_of(ZONE_NORMAL);
		/* One pageblock of CMA, and one kept for atomic requests. */
		for (unsigned int i = 0; i < 2; i++) {
			struct page *page = alloc_pages(GFP_KERNEL, TOP);

			set_pfnblock_migratetype(zone, page_to_pfn(page),
						 i ? MIGRATE_HIGHATOMIC :
						 MIGRATE_CMA);
			__free_pages(page, TOP);
		}
		zone->nr_reserved_highatomic = pageblock_nr_pages;
		for (unsigned int step = 0; step < 4000; step++) {
			unsigned long i = below(&rng, HELD);

			if (held[i]) {
				__free_pages(held[i], orders[i]);
				held[i] = NULL;
				continue;
			}
			orders[i] = (unsigned int)below(&rng, below(&rng, 4) ?
							4 : MAX_ORDER);
			held[i] = alloc_pages(__GFP_NOWARN | GFP_ATOMIC |
					      (below(&rng, 2) ? __GFP_MOVABLE :
					       0), orders[i]);
			if (step % 200 == 0) {
				ask_all(&rng, zone, &yes);
				asked += 300;
			}
		}
	}
	/* Both answers came up, often. */
	assert_true(yes > asked / 10 && yes < asked * 9 / 10);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_empty_zone_is_never_ok),
		T(test_one_free_page_is_above_0_only),
		T(test_pages_without_a_block_are_not_ok),
		T(test_safe_looks_at_every_cpu),
		T(test_any_state_against_the_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
