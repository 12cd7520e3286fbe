// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_buddy.c - the page allocator against one owner for each page frame.
 */
#include <mm/page-isolation.h>

#include "fuzz.h"

#define BLOCKS	6
#define MAX_HELD 256

static struct {
	struct page *page;
	unsigned int order;
	bool split, compound;
} held[MAX_HELD];
static u8 owner[BLOCKS << (MAX_ORDER - 1)];	/* slot + 1; 0: nobody's */

static u8 *owner_of(const struct page *page)
{
	return &owner[page_to_pfn(page) - (FUZZ_RAM_BASE >> PAGE_SHIFT)];
}

static gfp_t some_gfp(unsigned int byte)
{
	static const gfp_t kinds[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_ATOMIC, GFP_HIGHUSER,
		GFP_KERNEL | __GFP_RECLAIMABLE, GFP_NOWAIT,
		GFP_KERNEL | __GFP_MEMALLOC, GFP_KERNEL | __GFP_ZERO,
	};

	return kinds[byte % ARRAY_SIZE(kinds)] | __GFP_NOWARN |
	       (byte & 0x80 ? __GFP_COMP : 0) | (byte & 0x40 ? __GFP_COLD : 0);
}

static void take_block(unsigned int slot, unsigned int order, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp, order);
	unsigned long pfn;

	if (!page)
		return;
	pfn = page_to_pfn(page);
	fuzz_assert(IS_ALIGNED(pfn, 1UL << order));
	fuzz_assert(page_count(page) == 1);
	fuzz_assert(gfp & __GFP_HIGHMEM || !PageHighMem(page));
	held[slot].page = page;
	held[slot].order = order;
	held[slot].compound = gfp & __GFP_COMP;
	held[slot].split = false;
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (pfn < FUZZ_RAM_BASE >> PAGE_SHIFT)
			continue;	/* the early part has no model */
		fuzz_assert(!owner_of(page + i)[0]);
		*owner_of(page + i) = (u8)(slot % 255 + 1);
	}
}

static void give_block(unsigned int slot)
{
	struct page *page = held[slot].page;
	unsigned int order = held[slot].order;

	held[slot].page = NULL;
	if (page_to_pfn(page) >= FUZZ_RAM_BASE >> PAGE_SHIFT)
		for (unsigned long i = 0; i < 1UL << order; i++) {
			fuzz_assert(*owner_of(page + i) == slot % 255 + 1);
			*owner_of(page + i) = 0;
		}
	if (!held[slot].split) {
		__free_pages(page, order);
		return;
	}
	for (unsigned long i = 0; i < 1UL << order; i++)
		__free_page(page + i);
}

/* Any range that is free can be had as a whole, and nothing else can. */
static void take_range(unsigned long at, unsigned long count)
{
	unsigned long pfn = (FUZZ_RAM_BASE >> PAGE_SHIFT) +
			    at % (BLOCKS << (MAX_ORDER - 1));

	if (pfn + count > max_pfn ||
	    alloc_contig_range(pfn, pfn + count, MIGRATE_MOVABLE))
		return;
	for (unsigned long i = 0; i < count; i++) {
		fuzz_assert(!*owner_of(pfn_to_page(pfn + i)));
		fuzz_assert(page_count(pfn_to_page(pfn + i)) == 1);
	}
	free_contig_range(pfn, count);
}

static void one_operation(struct input *in)
{
	unsigned int op = take(in), slot = take(in) % MAX_HELD;

	host_set_cpu(slot / 16 % nr_cpu_ids);
	if (!held[slot].page) {
		take_block(slot, op % MAX_ORDER, some_gfp(take(in)));
	} else if (op % 16 == 0 && !held[slot].compound &&
		   !held[slot].split && held[slot].order) {
		split_page(held[slot].page, held[slot].order);
		held[slot].split = true;
	} else {
		give_block(slot);
	}
	if (op % 32 == 1)
		drain_all_pages(NULL);
	if (op % 32 == 2)
		take_range(take16(in), 1 + take(in));
}

static unsigned long all_free(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return pages;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	unsigned long before;

	memset(held, 0, sizeof(held));
	memset(owner, 0, sizeof(owner));
	fuzz_boot(&in, BLOCKS);
	if (take(&in) % 4) {
		fuzz_boot_all(&in);
	} else {			/* boot pagesets, no watermarks */
		build_all_zonelists();
		page_alloc_init();
		mem_init();
	}
	before = all_free();
	for (unsigned int n = 0; more(&in); n++) {
		one_operation(&in);
		if (n % 16 == 0)
			fuzz_sound(node_check());
	}
	for (unsigned int slot = 0; slot < MAX_HELD; slot++)
		if (held[slot].page)
			give_block(slot);
	fuzz_assert(all_free() == before);
	fuzz_assert(!nr_bad_pages);
	fuzz_sound(node_check());
	return 0;
}
