// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cma_alloc.c - ranges of contiguous areas, with movable pages in the
 * way, against a list of who has each page.
 */
#include "cma_machine.h"
#include "contig_machine.h"

#define AREA_BLOCKS	2UL

static struct lists before;
static struct cma *area;

/* A machine with one area, at the top of HighMem, active. */
static void boot_area(unsigned long blocks, unsigned int order_per_bit)
{
	setup(NULL);
	assert_int_equal(cma_declare_contiguous(0, blocks * BLOCK_BYTES, 0, 0,
						order_per_bit, false, "test",
						&area), 0);
	boot_on();
	use_per_cpu_lists();
	cma_init_reserved_areas();
	assert_true(area->active);
	take_lists(&before);
}

static int setup_area(void **state __maybe_unused)
{
	boot_area(AREA_BLOCKS, 0);
	return 0;
}


static bool bit_of(const struct cma *cma, unsigned long bit)
{
	return cma->bitmap[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

/* Everything but the areas is used up, so that movable pages go into those. */
static void use_up_the_rest(void)
{
	for (int order = TOP; order >= 0; order--)
		while (alloc_pages(GFP_HIGHUSER | __GFP_MEMALLOC |
				   __GFP_NOWARN, order))
			;
}

static unsigned long bits_set(const struct cma *cma)
{
	unsigned long n = 0;

	for (unsigned long i = 0; i < cma->count >> cma->order_per_bit; i++)
		n += bit_of(cma, i);
	return n;
}

static void assert_range(const struct page *page, unsigned long first,
			 unsigned long pages)
{
	assert_non_null(page);
	assert_int_equal(page_to_pfn(page), first);
	for (unsigned long i = 0; i < pages; i++)
		assert_int_equal(page_count(page + i), 1);
}

/* A movable page of the area, in nobody's way so far. */
static struct page *movable_at(unsigned long pfn)
{
	assert_int_equal(alloc_contig_range(pfn, pfn + 1, MIGRATE_CMA), 0);
	return pfn_to_page(pfn);
}

/* --- taking --------------------------------------------------------------- */

static void test_ranges_come_from_the_bottom_up(void **state __maybe_unused)
{
	unsigned long base = area->base_pfn;

	assert_range(cma_alloc(area, 5, 0), base, 5);
	assert_range(cma_alloc(area, 1, 0), base + 5, 1);
	assert_range(cma_alloc(area, 100, 0), base + 6, 100);
	assert_int_equal(bits_set(area), 106);
	assert_int_equal(free_cma_of(ZONE_HIGHMEM), area->count - 106);
	assert_int_equal(type_of(base), MIGRATE_CMA);
	assert_whole();
}

static void test_what_is_given_back_is_taken_again(void **state __maybe_unused)
{
	struct page *a = cma_alloc(area, 7, 0), *b = cma_alloc(area, 9, 0);

	assert_true(cma_release(area, a, 7));
	assert_range(cma_alloc(area, 8, 0), area->base_pfn + 16, 8);
	assert_range(cma_alloc(area, 7, 0), area->base_pfn, 7);
	assert_true(cma_release(area, a, 7));
	assert_true(cma_release(area, b, 9));
	assert_true(cma_release(area, a + 16, 8));
	assert_int_equal(bits_set(area), 0);
	assert_lists_are(&before);
}

static void test_the_whole_area_can_be_had(void **state __maybe_unused)
{
	struct page *page = cma_alloc(area, area->count, 0);

	assert_range(page, area->base_pfn, area->count);
	assert_int_equal(free_cma_of(ZONE_HIGHMEM), 0);
	assert_null(cma_alloc(area, 1, 0));
	assert_whole();
	assert_true(cma_release(area, page, (unsigned int)area->count));
	assert_lists_are(&before);
}

static void test_what_cannot_be_had_is_NULL(void **state __maybe_unused)
{
	assert_null(cma_alloc(area, 0, 0));
	assert_null(cma_alloc(area, area->count + 1, 0));
	assert_null(cma_alloc(area, ~0UL, 0));
	assert_null(cma_alloc(area, 1, BITS_PER_LONG));
	assert_null(cma_alloc(area, 1, BITS_PER_LONG - 1));
	area->active = false;
	assert_null(cma_alloc(area, 1, 0));
	area->active = true;
	assert_null(cma_alloc(NULL, 1, 0));
	assert_false(cma_release(NULL, pfn_to_page(area->base_pfn), 1));
	assert_int_equal(bits_set(area), 0);
	assert_lists_are(&before);
}

static void test_a_range_is_not_taken_in_pieces(void **state __maybe_unused)
{
	unsigned long half = area->count / 2;
	struct page *page;

	page = movable_at(area->base_pfn + half);
	assert_null(cma_alloc(area, half + 1, 0));
	assert_int_equal(bits_set(area), 0);
	assert_range(cma_alloc(area, half, 0), area->base_pfn, half);
	__free_page(page);
	assert_range(cma_alloc(area, half, 0), area->base_pfn + half, half);
}

/* --- alignment ------------------------------------------------------------ */

static void test_alignment_is_that_of_the_pfn(void **state __maybe_unused)
{
	assert_range(cma_alloc(area, 1, 0), area->base_pfn, 1);
	assert_range(cma_alloc(area, 3, 4), area->base_pfn + 16, 3);
	assert_range(cma_alloc(area, 3, 4), area->base_pfn + 32, 3);
	assert_range(cma_alloc(area, 2, 1), area->base_pfn + 2, 2);
	assert_range(cma_alloc(area, 13, 0), area->base_pfn + 19, 13);
	assert_range(cma_alloc(area, 1, 9), area->base_pfn + 512, 1);
	assert_whole();
}

/* The area begins at every place there is between two multiples of it. */
static void test_alignment_larger_than_a_pageblock(void **state __maybe_unused)
{
	for (unsigned long n = 0; n < HIGH_BLOCKS - 3; n++) {
		phys_addr_t base = LIMIT + n * BLOCK_BYTES;
		unsigned long want;
		unsigned int align = pageblock_order + 2;

		setup(NULL);
		assert_int_equal(declare(base, 3 * BLOCK_BYTES, 0, true, &area),
				 0);
		boot_on();
		cma_init_reserved_areas();
		for (; align >= pageblock_order - 1; align--) {
			struct page *page = cma_alloc(area, 2, align);

			want = ALIGN(area->base_pfn, 1UL << align);
			if (want >= area->base_pfn + area->count) {
				assert_null(page);
				continue;
			}
			assert_range(page, want, 2);
			assert_int_equal(bits_set(area), 2);
			assert_true(cma_release(area, page, 2));
		}
		assert_int_equal(bits_set(area), 0);
		assert_whole();
	}
}

static void test_alignment_larger_than_the_area(void **state __maybe_unused)
{
	unsigned int align = 0;

	/* RAM_BASE is a multiple of this; only its own first page could be. */
	while (!(RAM_BASE >> PAGE_SHIFT & BIT(align)))
		align++;
	assert_true(1UL << align > area->count);
	assert_null(cma_alloc(area, 1, align));
	assert_lists_are(&before);

	setup(NULL);
	assert_int_equal(declare(RAM_BASE, BLOCK_BYTES, 0, true, &area), 0);
	boot_on();
	use_per_cpu_lists();
	cma_init_reserved_areas();
	assert_range(cma_alloc(area, 3, align), RAM_BASE >> PAGE_SHIFT, 3);
	assert_null(cma_alloc(area, 1, align));
	assert_null(cma_alloc(area, 1, align + 1));
}

/* --- order_per_bit -------------------------------------------------------- */

static void test_each_range_begins_with_a_bit(void **state __maybe_unused)
{
	unsigned long base;

	boot_area(AREA_BLOCKS, 3);
	base = area->base_pfn;
	assert_range(cma_alloc(area, 1, 0), base, 1);
	assert_range(cma_alloc(area, 9, 0), base + 8, 9);
	assert_range(cma_alloc(area, 8, 2), base + 24, 8);
	assert_range(cma_alloc(area, 8, 6), base + 64, 8);
	assert_int_equal(bits_set(area), 1 + 2 + 1 + 1);
	/* What was not asked for stays with the buddy. */
	assert_int_equal(free_cma_of(ZONE_HIGHMEM),
			 area->count - 1 - 9 - 8 - 8);
	assert_false(page_is_free(base + 16));
	assert_true(page_is_free(base + 17));
	assert_whole();
	assert_false(cma_release(area, pfn_to_page(base + 9), 8));
	assert_true(cma_release(area, pfn_to_page(base), 1));
	assert_true(cma_release(area, pfn_to_page(base + 8), 9));
	assert_true(cma_release(area, pfn_to_page(base + 24), 8));
	assert_true(cma_release(area, pfn_to_page(base + 64), 8));
	assert_int_equal(bits_set(area), 0);
	assert_lists_are(&before);
}

/* The rest of its last bit is the buddy's, or somebody's by now. */
static void test_more_than_was_asked_for_cannot_be_given_back(
	void **state __maybe_unused)
{
	struct page *page;

	boot_area(AREA_BLOCKS, 3);
	page = cma_alloc(area, 9, 0);
	assert_false(cma_release(area, page, 16));
	assert_true(console_says("are not handed out"));
	assert_int_equal(nr_bad_pages, 0);
	assert_int_equal(bits_set(area), 2);
	assert_int_equal(page_count(page + 8), 1);
	assert_true(cma_release(area, page, 9));
	assert_lists_are(&before);
}

static void test_one_bit_for_a_pageblock(void **state __maybe_unused)
{
	struct page *a, *b;

	boot_area(AREA_BLOCKS, pageblock_order);
	a = cma_alloc(area, 1, 0);
	b = cma_alloc(area, 2, 0);
	assert_range(a, area->base_pfn, 1);
	assert_range(b, area->base_pfn + pageblock_nr_pages, 2);
	assert_null(cma_alloc(area, 1, 0));
	assert_true(cma_release(area, a, 1));
	assert_null(cma_alloc(area, pageblock_nr_pages + 1, 0));
	assert_true(cma_release(area, b, 2));
	assert_lists_are(&before);
}

/* --- pages in the way ----------------------------------------------------- */

static void test_a_range_behind_a_held_page_is_found(void **state __maybe_unused)
{
	unsigned long base = area->base_pfn;
	struct page *in_the_way = movable_at(base + 10);

	assert_range(cma_alloc(area, 16, 0), base + 11, 16);
	assert_range(cma_alloc(area, 4, 2), base, 4);
	assert_range(cma_alloc(area, 8, 3), base + 32, 8);
	assert_int_equal(bits_set(area), 28);
	__free_page(in_the_way);
	assert_range(cma_alloc(area, 7, 0), base + 4, 7);
	assert_whole();
}

static void test_no_room_between_held_pages_is_NULL(void **state __maybe_unused)
{
	unsigned long base = area->base_pfn;

	for (unsigned long i = 7; i < area->count; i += 8)
		movable_at(base + i);
	take_lists(&before);
	assert_null(cma_alloc(area, 8, 0));
	assert_int_equal(bits_set(area), 0);
	assert_lists_are(&before);
	for (unsigned long i = 0; i < area->count; i += 8)
		assert_range(cma_alloc(area, 7, 0), base + i, 7);
	assert_null(cma_alloc(area, 1, 0));
	assert_whole();
}

/* --- giving back ---------------------------------------------------------- */

static void test_pages_of_somebody_else_are_refused(void **state __maybe_unused)
{
	struct page *other = alloc_pages(GFP_KERNEL, 0);
	struct page *page = cma_alloc(area, 4, 0), *last;

	take_lists(&before);
	assert_false(cma_release(area, other, 1));
	assert_false(cma_release(area, NULL, 1));
	assert_false(cma_release(area, page, 0));
	assert_false(cma_release(area, page - 1, 1));
	assert_false(cma_release(area, page - 1, 2));
	last = page + area->count - 1;
	assert_false(cma_release(area, last, 2));
	assert_false(cma_release(area, last + 1, 1));
	assert_false(cma_release(area, page, (unsigned int)area->count + 1));
	assert_false(cma_release(area, page, ~0u));
	area->active = false;
	assert_false(cma_release(area, page, 4));
	area->active = true;
	/* Their bits were not even looked at: there are none. */
	assert_false(console_says("not handed out"));
	assert_int_equal(bits_set(area), 4);
	assert_lists_are(&before);
	assert_range(page, area->base_pfn, 4);
}

static void test_giving_back_twice_is_refused_and_said(
	void **state __maybe_unused)
{
	struct page *page = cma_alloc(area, 4, 0);

	assert_false(cma_release(area, page, 5));
	assert_true(console_says("+ 5 pages are not handed out"));
	assert_range(page, area->base_pfn, 4);
	assert_true(cma_release(area, page, 4));
	assert_false(cma_release(area, page, 4));
	assert_int_equal(nr_bad_pages, 0);
	assert_lists_are(&before);
}

static void test_a_range_can_be_given_back_in_parts(void **state __maybe_unused)
{
	struct page *page = cma_alloc(area, 100, 0);

	assert_true(cma_release(area, page + 40, 10));
	assert_int_equal(bits_set(area), 90);
	assert_whole();
	assert_range(cma_alloc(area, 10, 0), area->base_pfn + 40, 10);
	assert_true(cma_release(area, page, 100));
	assert_lists_are(&before);
}

/* --- two areas ------------------------------------------------------------ */

static void test_two_areas_do_not_mix(void **state)
{
	struct cma *low = NULL, *high = NULL;
	struct page *page;

	setup(state);
	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &low), 0);
	assert_int_equal(cma_declare_contiguous(0, 2 * BLOCK_BYTES, 0, 0, 2,
						false, "high", &high), 0);
	boot_on();
	use_per_cpu_lists();
	cma_init_reserved_areas();
	take_lists(&before);
	page = cma_alloc(low, low->count, 0);
	assert_range(page, low->base_pfn, low->count);
	assert_int_equal(free_cma_of(ZONE_NORMAL), 0);
	assert_int_equal(free_cma_of(ZONE_HIGHMEM), high->count);
	assert_range(cma_alloc(high, 6, 0), high->base_pfn, 6);
	assert_false(cma_release(high, page, 4));
	assert_true(cma_release(low, page, (unsigned int)low->count));
	assert_true(cma_release(high, pfn_to_page(high->base_pfn), 6));
	assert_int_equal(bits_set(low) + bits_set(high), 0);
	assert_lists_are(&before);
}

static void test_area_without_memory_for_its_bitmap_stays_reserved(
	void **state)
{
	setup(state);
	assert_int_equal(declare(0, BLOCK_BYTES, 0, false, &area), 0);
	boot_on();
	use_up_the_rest();
	while (kzalloc(BITS_TO_LONGS(area->count) * sizeof(long),
		       GFP_KERNEL | __GFP_NOWARN))
		;
	cma_init_reserved_areas();
	assert_false(area->active);
	assert_true(console_says("no memory for its bitmap"));
	assert_true(PageReserved(pfn_to_page(area->base_pfn)));
	assert_int_equal(type_of(area->base_pfn), MIGRATE_MOVABLE);
	assert_null(cma_alloc(area, 1, 0));
	assert_false(cma_release(area, pfn_to_page(area->base_pfn), 1));
	assert_whole();
}

/* --- the invariants ------------------------------------------------------- */

static void test_area_not_in_whole_pageblocks_is_CMA_1(
	void **state __maybe_unused)
{
	unsigned long count = area->count;

	assert_null(cma_check());
	area->base_pfn++;
	assert_broken(cma_check(), "CMA-1");
	area->base_pfn--;
	area->count--;
	assert_broken(cma_check(), "CMA-1");
	area->count = 0;
	assert_broken(cma_check(), "CMA-1");
	area->count = count;
	area->active = false;
	area->base_pfn++;
	assert_broken(cma_check(), "CMA-1");
}

static void test_active_area_across_zones_is_CMA_2(void **state __maybe_unused)
{
	area->base_pfn = (LIMIT >> PAGE_SHIFT) - pageblock_nr_pages;
	assert_broken(cma_check(), "CMA-2");
	area->base_pfn = RAM_END >> PAGE_SHIFT;
	assert_broken(cma_check(), "CMA-2");
	area->active = false;
	assert_null(cma_check());
}

static void test_pageblock_of_another_type_is_CMA_3(void **state __maybe_unused)
{
	unsigned long pfn = area->base_pfn + pageblock_nr_pages;
	struct zone *zone = zone_of(ZONE_HIGHMEM);

	set_pfnblock_migratetype(zone, pfn, MIGRATE_MOVABLE);
	assert_broken(cma_check(), "CMA-3");
	set_pfnblock_migratetype(zone, pfn, MIGRATE_ISOLATE);
	assert_null(cma_check());
	set_pfnblock_migratetype(zone, pfn, MIGRATE_CMA);
	assert_null(cma_check());
}

static void test_bit_without_a_holder_is_CMA_4(void **state __maybe_unused)
{
	unsigned long *bitmap = area->bitmap;

	assert_range(cma_alloc(area, 2, 0), area->base_pfn, 2);
	assert_null(cma_check());
	bitmap[0] |= 4;
	assert_broken(cma_check(), "CMA-4");
	bitmap[0] &= ~4UL;
	area->bitmap = NULL;
	assert_broken(cma_check(), "CMA-4");
	area->bitmap = bitmap;
	assert_null(cma_check());
	__free_page(pfn_to_page(area->base_pfn));	/* behind its back */
	drain_all_pages(NULL);
	assert_broken(cma_check(), "CMA-4");
}

/* --- at random ------------------------------------------------------------ */

#define MAX_HELD	600
#define STEPS		2500

static struct held {
	struct cma *cma;		/* NULL: an ordinary movable page */
	unsigned long pfn, pages;
	unsigned int order;
} held[MAX_HELD];
static unsigned int nr_held;
/* What happened, ever; and movable blocks that went into areas. */
static unsigned long nr_taken, nr_refused, nr_in_the_way;
/* The model: who has a page, who has its bit. */
static bool is_held[(LOW_BLOCKS + HIGH_BLOCKS) * MAX_ORDER_NR_PAGES];
static bool has_bit[(LOW_BLOCKS + HIGH_BLOCKS) * MAX_ORDER_NR_PAGES];

static unsigned long rounded(const struct cma *cma, unsigned long pages)
{
	unsigned long unit = 1UL << cma->order_per_bit;

	return (pages + unit - 1) / unit * unit;
}

static void note(const struct held *it, bool value)
{
	unsigned long at = it->pfn - FIRST_PFN;

	for (unsigned long i = 0; i < it->pages; i++) {
		assert_int_equal(is_held[at + i], !value);
		is_held[at + i] = value;
	}
	if (it->cma)
		for (unsigned long i = 0; i < rounded(it->cma, it->pages); i++)
			has_bit[at + i] = value;
}

static bool fits(const struct cma *cma, unsigned long pfn, unsigned long pages)
{
	if (pfn + rounded(cma, pages) > cma->base_pfn + cma->count)
		return false;
	for (unsigned long i = 0; i < rounded(cma, pages); i++)
		if (has_bit[pfn - FIRST_PFN + i] ||
		    (i < pages && is_held[pfn - FIRST_PFN + i]))
			return false;
	return true;
}

/* Where the range must be: every place is tried. 0: nowhere. */
static unsigned long wanted(const struct cma *cma, unsigned long pages,
			    unsigned int align)
{
	for (unsigned long pfn = cma->base_pfn;
	     pfn < cma->base_pfn + cma->count; pfn += 1UL << cma->order_per_bit)
		if (pfn % (1UL << align) == 0 && fits(cma, pfn, pages))
			return pfn;
	return 0;
}

static void random_cma_alloc(struct rng *rng)
{
	struct cma *cma = &cma_areas[below(rng, cma_area_count)];
	unsigned long pages = 1 + below(rng, 1UL << below(rng, TOP + 2));
	unsigned int align = (unsigned int)below(rng, pageblock_order + 3);
	unsigned long pfn = wanted(cma, pages, align);
	struct page *page = cma_alloc(cma, pages, align);

	if (!pfn) {
		assert_null(page);
		nr_refused++;
		return;
	}
	nr_taken++;
	assert_range(page, pfn, pages);
	held[nr_held] = (struct held){ cma, pfn, pages, 0 };
	note(&held[nr_held++], true);
}

static void random_movable(struct rng *rng)
{
	unsigned int order = (unsigned int)below(rng, 5);
	gfp_t gfp = below(rng, 2) ? GFP_HIGHUSER_MOVABLE : MOVABLE;
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (!page)
		return;
	held[nr_held] = (struct held){ NULL, page_to_pfn(page), 1UL << order,
				       order };
	nr_in_the_way += get_pfnblock_migratetype(
		page_zone(page), page_to_pfn(page)) == MIGRATE_CMA;
	note(&held[nr_held++], true);
}

static void let_go(unsigned int i)
{
	struct held it = held[i];
	struct page *page = pfn_to_page(it.pfn);

	held[i] = held[--nr_held];
	note(&it, false);
	if (it.cma)
		assert_true(cma_release(it.cma, page, (unsigned int)it.pages));
	else
		__free_pages(page, it.order);
}

static void assert_model(void)
{
	unsigned long free_cma[MAX_NR_ZONES] = { 0 };

	drain_all_pages(NULL);
	for (unsigned int i = 0; i < cma_area_count; i++) {
		const struct cma *cma = &cma_areas[i];

		for (unsigned long n = 0; n < cma->count; n++) {
			unsigned long pfn = cma->base_pfn + n;

			assert_int_equal(page_is_free(pfn),
					 !is_held[pfn - FIRST_PFN]);
			assert_int_equal(bit_of(cma, n >> cma->order_per_bit),
					 has_bit[pfn - FIRST_PFN]);
			free_cma[pfn >= max_low_pfn] +=
				!is_held[pfn - FIRST_PFN];
		}
	}
	assert_int_equal(free_cma_of(ZONE_NORMAL), free_cma[ZONE_NORMAL]);
	assert_int_equal(free_cma_of(ZONE_HIGHMEM), free_cma[ZONE_HIGHMEM]);
	assert_whole();
}

static void random_run(unsigned int seed)
{
	struct rng rng = rng_seed(seed);
	struct cma *cma;

	setup(NULL);
	assert_int_equal(declare(0, BLOCK_BYTES, LIMIT, false, &cma), 0);
	assert_int_equal(cma_declare_contiguous(0, 2 * BLOCK_BYTES, 0, 0,
						(unsigned int)below(&rng, 6),
						false, "a", &cma), 0);
	assert_int_equal(cma_declare_contiguous(0, BLOCK_BYTES, 0, 0,
						(unsigned int)below(&rng, TOP),
						false, "b", &cma), 0);
	boot_on();
	use_per_cpu_lists();
	cma_init_reserved_areas();
	use_up_the_rest();
	take_lists(&before);
	nr_held = 0;
	memset(is_held, 0, sizeof(is_held));
	memset(has_bit, 0, sizeof(has_bit));
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned long what = below(&rng, 100);

		if (nr_held == MAX_HELD || (nr_held && what < 42))
			let_go((unsigned int)below(&rng, nr_held));
		else if (what < 65)
			random_movable(&rng);
		else
			random_cma_alloc(&rng);
		if (step % 100 == 0)
			assert_model();
	}
	while (nr_held)
		let_go(nr_held - 1);
	assert_model();
	assert_lists_are(&before);
	assert_int_equal(nr_bad_pages, 0);
	assert_int_equal(nr_warnings, 0);
}

static void test_random_ranges_are_the_models(void **state __maybe_unused)
{
	for (unsigned int seed = 1; seed <= 40; seed++)
		random_run(seed);
	assert_true(nr_in_the_way > 1000);
	assert_true(nr_taken > 1000 && nr_refused > 1000);
}

#define T(test) cmocka_unit_test_setup(test, setup_area)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ranges_come_from_the_bottom_up),
		T(test_what_is_given_back_is_taken_again),
		T(test_the_whole_area_can_be_had),
		T(test_what_cannot_be_had_is_NULL),
		T(test_a_range_is_not_taken_in_pieces),
		T(test_alignment_is_that_of_the_pfn),
		T(test_alignment_larger_than_a_pageblock),
		T(test_alignment_larger_than_the_area),
		T(test_each_range_begins_with_a_bit),
		T(test_more_than_was_asked_for_cannot_be_given_back),
		T(test_one_bit_for_a_pageblock),
		T(test_a_range_behind_a_held_page_is_found),
		T(test_no_room_between_held_pages_is_NULL),
		T(test_pages_of_somebody_else_are_refused),
		T(test_giving_back_twice_is_refused_and_said),
		T(test_a_range_can_be_given_back_in_parts),
		T(test_two_areas_do_not_mix),
		T(test_area_without_memory_for_its_bitmap_stays_reserved),
		T(test_area_not_in_whole_pageblocks_is_CMA_1),
		T(test_active_area_across_zones_is_CMA_2),
		T(test_pageblock_of_another_type_is_CMA_3),
		T(test_bit_without_a_holder_is_CMA_4),
		T(test_random_ranges_are_the_models),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
