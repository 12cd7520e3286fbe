// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_page_random.c - long random use of every way into the page allocator,
 * on four CPUs, against a model that has a byte for each page frame: who
 * owns it. MMSCOPE_RANDOM_OPS says how many operations each seed does.
 */
#include "handover.h"

#include <stdlib.h>

#include <mm/vmstat.h>
#include <mm/watermark.h>

#define CPUS		4U
/* Lists that hold something in both zones, and memory that can run out. */
#define LOW_BLOCKS	(MAX_ORDER > 12 ? 8UL : 16UL)
#define HIGH_BLOCKS	(LOW_BLOCKS / 2)
#define TOP		(MAX_ORDER - 1)
#define SEEDS		6U
#define DEFAULT_OPS	100000UL
#define MAX_ITEMS	30000U
#define NOBODY		0

enum kind { BLOCK, COMPOUND, EXACT };

struct item {
	struct page *page;
	unsigned int order;		/* BLOCK, COMPOUND */
	unsigned int refs;
	unsigned long pages;
	enum kind kind;
	unsigned char id;		/* in owner[] */
};

/* One run: the model, and where its random numbers are. */
static struct {
	struct rng rng;
	struct item items[MAX_ITEMS];
	unsigned int n;
	unsigned long held[MAX_NR_ZONES];	/* pages */
	unsigned long taken, refused;
	unsigned char owner[(LOW_BLOCKS + HIGH_BLOCKS) * MAX_ORDER_NR_PAGES];
	unsigned char last_id;
} run;

static unsigned long draw(unsigned long n)
{
	return below(&run.rng, n);
}

static unsigned char *owner_of(const struct page *page)
{
	return &run.owner[page_to_pfn(page) - PFN_DOWN(RAM_BASE)];
}

/* --- the model ------------------------------------------------------------ */

/* @item's frames change hands; each must have been @from's. */
static void change_hands(const struct item *item, unsigned char from,
			 unsigned char to)
{
	unsigned char *at = owner_of(item->page);
	int zone = zone_idx(page_zone(item->page));

	for (unsigned long i = 0; i < item->pages; i++) {
		if (at[i] != from)
			fail_msg("pfn %#lx: owner %u, not %u",
				 page_to_pfn(item->page) + i, at[i], from);
		at[i] = to;
	}
	if (to == NOBODY)
		run.held[zone] -= item->pages;
	else if (from == NOBODY)
		run.held[zone] += item->pages;
}

static void model_take(struct page *page, unsigned int order,
		       unsigned long pages, enum kind kind)
{
	struct item *item = &run.items[run.n++];

	run.last_id = run.last_id == 255 ? 1 : run.last_id + 1;
	*item = (struct item){ page, order, 1, pages, kind, run.last_id };
	change_hands(item, NOBODY, item->id);
	run.taken++;
}

static void model_drop(unsigned int i)
{
	change_hands(&run.items[i], run.items[i].id, NOBODY);
	run.items[i] = run.items[--run.n];
}

static unsigned long pages_of(const struct zone *zone)
{
	return zone_idx(zone) == ZONE_NORMAL ?
	       LOW_BLOCKS * MAX_ORDER_NR_PAGES :
	       HIGH_BLOCKS * MAX_ORDER_NR_PAGES;
}

/*
 * A single page was refused that could have waited: no zone that might serve
 * it has more unowned pages than the reserves are.
 */
static void assert_refusal(gfp_t gfp)
{
	int class = gfp & __GFP_HIGHMEM ? ZONE_HIGHMEM : ZONE_NORMAL;

	for (int i = class; i >= 0; i--) {
		const struct zone *zone = zone_of(i);
		unsigned long unowned = pages_of(zone) - run.held[i];
		unsigned long reserve = zone->watermark[WMARK_MIN] +
			(unsigned long)zone->lowmem_reserve[class] +
			zone->nr_reserved_highatomic;

		/* The counter may lag behind by what each CPU keeps. */
		reserve += CPUS * (unsigned long)
			   this_cpu_ptr(zone->pageset)->stat_threshold;
		if (unowned > reserve)
			fail_msg("refused, but %s has %lu unowned pages",
				 zone->name, unowned);
	}
	run.refused++;
}

/* --- what is done --------------------------------------------------------- */

static gfp_t draw_gfp(void)
{
	static const gfp_t gfps[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_KERNEL | __GFP_RECLAIMABLE,
		GFP_KERNEL | __GFP_MOVABLE, GFP_HIGHUSER, GFP_ATOMIC,
		GFP_NOWAIT, GFP_HIGHUSER_MOVABLE, GFP_HIGHUSER_MOVABLE,
	};
	gfp_t gfp = gfps[draw(ARRAY_SIZE(gfps))] | __GFP_NOWARN;

	return draw(8) ? gfp : gfp | __GFP_COLD;
}

static unsigned int draw_order(void)
{
	switch (draw(8)) {
	case 0:
		return (unsigned int)draw(MAX_ORDER);
	case 1: case 2:
		return (unsigned int)draw(5);
	default:
		return 0;
	}
}

static void op_alloc(void)
{
	unsigned int order = draw_order();
	gfp_t gfp = draw_gfp();
	bool compound = order && draw(2);
	struct page *page;

	if (run.n == MAX_ITEMS)
		return;
	page = alloc_pages(compound ? gfp | __GFP_COMP : gfp, order);
	if (!page) {
		if (order == 0 && gfp & __GFP_DIRECT_RECLAIM)
			assert_refusal(gfp);
		return;
	}
	assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
	assert_true(gfp & __GFP_HIGHMEM || !PageHighMem(page));
	assert_int_equal(page_count(page), 1);
	assert_int_equal(PageHead(page), compound);
	model_take(page, order, 1UL << order, compound ? COMPOUND : BLOCK);
}

static void op_zeroed(void)
{
	unsigned long addr;

	if (run.n == MAX_ITEMS)
		return;
	addr = get_zeroed_page(GFP_KERNEL | __GFP_NOWARN);
	if (!addr)
		return;
	for (unsigned long i = 0; i < PAGE_SIZE / sizeof(long); i++)
		assert_int_equal(((unsigned long *)addr)[i], 0);
	memset((void *)addr, 0xa5, PAGE_SIZE);
	model_take(virt_to_page(addr), 0, 1, BLOCK);
}

static void op_exact(void)
{
	size_t size = 1 + draw(40 * PAGE_SIZE);
	void *mem;

	if (run.n == MAX_ITEMS)
		return;
	mem = alloc_pages_exact(size, GFP_KERNEL | __GFP_NOWARN);
	if (mem)
		model_take(virt_to_page(mem), 0, PAGE_ALIGN(size) >> PAGE_SHIFT,
			   EXACT);
}

/* A reference is dropped in one of the ways that there are. */
static void drop_reference(const struct item *item)
{
	struct page *page = item->page;

	if (item->kind == EXACT)
		free_pages_exact(page_address(page), item->pages << PAGE_SHIFT);
	else if (item->kind == COMPOUND && draw(2))
		put_page(page + draw(item->pages));
	else if (item->order == 0 && item->refs == 1 && !draw(4)) {
		set_page_count(page, 0);
		free_hot_cold_page(page, draw(2));
	} else if (item->order == 0 && !draw(4))
		put_page(page);
	else if (!PageHighMem(page) && !draw(4))
		free_pages((unsigned long)page_address(page), item->order);
	else
		__free_pages(page, item->order);
}

static void op_free(void)
{
	unsigned int i = (unsigned int)draw(run.n + 1);

	if (i == run.n)
		return;
	drop_reference(&run.items[i]);
	if (run.items[i].refs-- == 1)
		model_drop(i);
	else
		assert_int_equal(page_count(run.items[i].page),
				 run.items[i].refs);
}

static void op_get(void)
{
	unsigned int i = (unsigned int)draw(run.n + 1);
	struct item *item = &run.items[i];

	if (i == run.n || item->kind == EXACT)
		return;
	get_page(item->kind == COMPOUND ? item->page + draw(item->pages) :
		 item->page);
	item->refs++;
}

/* A block becomes as many items as it has pages. */
static void op_split(void)
{
	unsigned int i = (unsigned int)draw(run.n + 1);
	struct item item;

	if (i == run.n)
		return;
	item = run.items[i];
	if (item.kind != BLOCK || item.refs != 1 ||
	    item.pages == 1 || item.order > 5 ||
	    run.n + item.pages > MAX_ITEMS)
		return;
	split_page(item.page, item.order);
	model_drop(i);
	for (unsigned long p = 0; p < item.pages; p++)
		model_take(item.page + p, 0, 1, BLOCK);
}

/* --- what is compared ----------------------------------------------------- */

static unsigned long unowned(void)
{
	unsigned long pages = 0;

	for (size_t i = 0; i < sizeof(run.owner); i++)
		pages += run.owner[i] == NOBODY;
	return pages;
}

/* Pages on lists, none of which may have an owner. */
static unsigned long listed(const struct list_head *list, unsigned int order)
{
	unsigned long pages = 0;
	struct page *page;

	list_for_each_entry(page, list, lru) {
		pages += 1UL << order;
		for (unsigned long i = 0; i < 1UL << order; i++)
			assert_int_equal(*owner_of(page + i), NOBODY);
	}
	return pages;
}

static void assert_model(void)
{
	unsigned long pages = 0;
	struct zone *zone;
	unsigned int cpu;

	assert_sound();
	for_each_populated_zone(zone) {
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			for (int t = 0; t < MIGRATE_TYPES; t++)
				pages += listed(&zone->free_area[o]
						.free_list[t], o);
		for_each_possible_cpu(cpu)
			for (int t = 0; t < MIGRATE_PCPTYPES; t++)
				pages += listed(&per_cpu_ptr(zone->pageset, cpu)
						->pcp.lists[t], 0);
	}
	assert_int_equal(pages, unowned());
	assert_null(vmstat_check());
}

/* With no page on a per-CPU list every block is as large as it can be. */
static void assert_merged(void)
{
	static struct picture real, wanted;
	unsigned long n, frames = sizeof(run.owner);

	drain_all_pages(NULL);
	assert_model();
	picture_real(&real);
	picture_begin(&wanted);
	for (unsigned long i = 0; i < frames; i += n) {
		unsigned int order = 0;

		n = 1;
		if (run.owner[i] != NOBODY)
			continue;
		/* As long as the buddy behind is unowned, too. */
		for (; order < TOP && !(i & n); order++, n *= 2) {
			unsigned long j = i + n;

			while (j < i + 2 * n && j < frames &&
			       run.owner[j] == NOBODY)
				j++;
			if (j < i + 2 * n)
				break;
		}
		picture_block(&wanted, PFN_DOWN(RAM_BASE) + i, order);
	}
	assert_same_picture(&real, &wanted);
}

/* --- runs ----------------------------------------------------------------- */

static unsigned long events(void)
{
	return sum_vm_event(PGALLOC_NORMAL) + sum_vm_event(PGALLOC_HIGH) -
	       sum_vm_event(PGFREE);
}

static void one_op(bool grow)
{
	unsigned long dice = draw(1000);

	if (dice < (grow ? 600 : 350))
		op_alloc();
	else if (dice < 880)
		op_free();
	else if (dice < 910)
		op_exact();
	else if (dice < 930)
		op_zeroed();
	else if (dice < 950)
		op_get();
	else if (dice < 965)
		op_split();
	else if (dice < 990)
		host_set_cpu((unsigned int)draw(CPUS));
	else if (dice < 995)
		drain_local_pages(draw(2) ? NULL : zone_of(ZONE_NORMAL));
	else
		drain_all_pages(draw(2) ? NULL : zone_of(ZONE_HIGHMEM));
}

static void finish(unsigned long events_before)
{
	unsigned int cpu;

	while (run.n) {
		drop_reference(&run.items[0]);
		if (run.items[0].refs-- == 1)
			model_drop(0);
	}
	assert_model();
	assert_merged();
	for_each_possible_cpu(cpu) {
		host_set_cpu(cpu);
		refresh_cpu_vm_stats();
	}
	assert_handed_over();
	assert_int_equal(events(), events_before);
	assert_null(node_check());
	assert_null(watermark_check());
	assert_int_equal(nr_bad_pages, 0);
	assert_int_equal(nr_warnings, 0);
}

/* Even seeds have no watermarks; they use the last page there is. */
static void random_run(unsigned int seed)
{
	unsigned long ops = random_ops(DEFAULT_OPS), before;
	bool grow = true;

	memset(&run, 0, sizeof(run));
	run.rng = rng_seed(seed);
	new_ram_with_pool(RAM_BASE, sizeof(run.owner) << PAGE_SHIFT,
			  RAM_BASE + LOW_BLOCKS * BLOCK_BYTES);
	memblock_add(RAM_BASE, sizeof(run.owner) << PAGE_SHIFT);
	set_nr_cpu_ids(CPUS);
	boot();
	if (seed != 0)			/* seed 0: the boot pageset */
		setup_per_cpu_pageset();
	if (seed % 2)
		init_per_zone_wmark_min();
	before = events();
	for (unsigned long op = 0; op < ops; op++) {
		one_op(grow);
		if (!draw(4000))
			grow = !grow;
		if (op % 1024 == 1023)
			assert_model();
		if (op % 4096 == 4095)
			assert_merged();
	}
	assert_true(run.taken > ops / 10);
	finish(before);
}

static void test_random_use_agrees_with_a_byte_per_frame(
	void **state __maybe_unused)
{
	unsigned long refused = 0;

	for (unsigned int seed = 0; seed < SEEDS; seed++) {
		random_run(seed);
		refused += run.refused;
	}
	assert_true(refused);		/* memory ran out at times */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_use_agrees_with_a_byte_per_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
