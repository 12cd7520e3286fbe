/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * handover.h - what should be free, counted by hand from memblock's lists,
 * against what is free on the lists of the zones.
 */
#ifndef UNIT_HANDOVER_H
#define UNIT_HANDOVER_H

#include "machine.h"
#include <mm/printk.h>

#define MAX_FRAMES	(1UL << 18)	/* a unit test's machine: 1 GB */
#define NOT_FREE	(-1)
#define INSIDE		(-2)		/* free, but not a block's first page */

/* One entry for each frame from @start on. */
struct picture {
	unsigned long start, frames;
	signed char order[MAX_FRAMES];	/* of the block that begins here */
};

/* Whether every byte of a frame is mapped memory of one region. */
static inline bool frame_is_memory(unsigned long pfn)
{
	phys_addr_t start = (phys_addr_t)pfn << PAGE_SHIFT;
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn)
		if (rgn->base <= start &&
		    rgn->base + rgn->size >= start + PAGE_SIZE)
			return !(rgn->flags & MEMBLOCK_NOMAP);
	return false;
}

/* Whether a reservation touches any byte of a frame. */
static inline bool frame_is_reserved(unsigned long pfn)
{
	phys_addr_t start = (phys_addr_t)pfn << PAGE_SHIFT;
	const struct memblock_region *rgn;

	for_each_memblock(reserved, rgn)
		if (rgn->size && rgn->base < start + PAGE_SIZE &&
		    rgn->base + rgn->size > start)
			return true;
	return false;
}

static inline void picture_begin(struct picture *pic)
{
	pic->start = min_low_pfn;
	pic->frames = max_pfn - min_low_pfn;
	assert_true(pic->frames <= MAX_FRAMES);
	memset(pic->order, NOT_FREE, pic->frames);
}

static inline void picture_block(struct picture *pic, unsigned long pfn,
				 unsigned int order)
{
	unsigned long n = 1UL << order;

	assert_true(pfn >= pic->start);
	assert_true(pfn + n <= pic->start + pic->frames);
	for (unsigned long i = 0; i < n; i++) {
		assert_int_equal(pic->order[pfn + i - pic->start], NOT_FREE);
		pic->order[pfn + i - pic->start] = INSIDE;
	}
	pic->order[pfn - pic->start] = (signed char)order;
}

/** picture_real - the blocks on the free lists */
static inline void picture_real(struct picture *pic)
{
	struct zone *zone;
	struct page *page;

	picture_begin(pic);
	for_each_zone(zone)
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			for (int t = 0; t < MIGRATE_TYPES; t++)
				list_for_each_entry(
					page, &zone->free_area[o].free_list[t],
					lru)
					picture_block(pic, page_to_pfn(page),
						      o);
}

/*
 * picture_wanted - the frames that nothing reserves, in the largest blocks:
 * every block a multiple of its size, in one zone, no two that could be one.
 */
static inline void picture_wanted(struct picture *pic)
{
	unsigned long pfn, end, last, n;
	unsigned int order;
	static bool is_free[MAX_FRAMES];

	picture_begin(pic);
	last = pic->start + pic->frames;
	for (pfn = pic->start; pfn < last; pfn++)
		is_free[pfn - pic->start] = frame_is_memory(pfn) &&
					    !frame_is_reserved(pfn);
	for (pfn = pic->start; pfn < last; pfn += n) {
		n = 1;
		if (!is_free[pfn - pic->start])
			continue;
		end = pfn;
		while (end < last && is_free[end - pic->start] &&
		       (end < max_low_pfn) == (pfn < max_low_pfn) &&
		       end - pfn < MAX_ORDER_NR_PAGES)
			end++;
		for (order = MAX_ORDER - 1; pfn % (1UL << order) ||
		     pfn + (1UL << order) > end; order--)
			;
		n = 1UL << order;
		picture_block(pic, pfn, order);
	}
}

static inline void assert_same_picture(const struct picture *real,
				       const struct picture *wanted)
{
	assert_int_equal(real->start, wanted->start);
	assert_int_equal(real->frames, wanted->frames);
	for (unsigned long i = 0; i < real->frames; i++)
		if (real->order[i] != wanted->order[i])
			fail_msg("pfn %#lx: %d, not %d (%d: not free, %d: inside a block)",
				 real->start + i, real->order[i],
				 wanted->order[i], NOT_FREE, INSIDE);
}

/** assert_handed_over - blocks, counts and totals are what memblock leaves */
static inline void assert_handed_over(void)
{
	static struct picture real, wanted;
	unsigned long managed[MAX_NR_ZONES] = { 0 }, total = 0;
	struct zone *zone;

	picture_real(&real);
	picture_wanted(&wanted);
	assert_same_picture(&real, &wanted);
	for (unsigned long i = 0; i < wanted.frames; i++)
		if (wanted.order[i] != NOT_FREE)
			managed[wanted.start + i >= max_low_pfn]++;
	for_each_zone(zone) {
		total += zone->managed_pages;
		assert_int_equal(zone->managed_pages, managed[zone_idx(zone)]);
		assert_int_equal(zone_page_state(zone, NR_FREE_PAGES),
				 managed[zone_idx(zone)]);
	}
	assert_int_equal(totalram_pages, total);	/* ZONE-3 */
	assert_int_equal(totalhigh_pages, managed[ZONE_HIGHMEM]);
	assert_sound();
}

/* --- bad pages ------------------------------------------------------------ */

/** assert_reported - one bad page was, this one, for a reason that says @why */
static inline void assert_reported(const struct page *bad, const char *why)
{
	char text[64];

	assert_int_equal(nr_bad_pages, 1);
	snprintf(text, sizeof(text), "BUG: Bad page: pfn 0x%lx:",
		 page_to_pfn(bad));
	if (!console_says(why) || !console_says(text))
		fail_msg("no \"%s\" and \"%s\" in: %s", text, why,
			 host_console());
}

/* --- one list ------------------------------------------------------------- */

static inline unsigned long nr_free(enum zone_type type, unsigned int order)
{
	return zone_of(type)->free_area[order].nr_free;
}

/** first_of - the first block of a list, or none */
static inline struct page *first_of(enum zone_type zone, unsigned int order,
				    enum migratetype type)
{
	struct free_area *area = &zone_of(zone)->free_area[order];

	return list_first_entry_or_null(&area->free_list[type], struct page,
					lru);
}

/** boot_blocks - boot a machine of so many largest blocks in each zone */
static inline void boot_blocks(unsigned long low, unsigned long high)
{
	new_ram_with_pool(RAM_BASE, (low + high) * BLOCK_BYTES,
			  RAM_BASE + low * BLOCK_BYTES);
	memblock_add(RAM_BASE, (low + high) * BLOCK_BYTES);
	boot();
}

#endif
