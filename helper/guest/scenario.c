// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scenario.c - the workloads, and what runs them.
 *
 * A workload is an operation that is done again and again: it takes something
 * or gives something back. What is held at the end stays held, so that it can
 * be looked at; scenario_release() gives it back.
 */
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/string.h>

#include "scenario.h"

struct truth_run truth_runs[TRUTH_RUNS];
unsigned long truth_nr_runs;

static u32 random_state = 1;

unsigned long scenario_random(unsigned long below)
{
	/* xorshift32: Marsaglia 2003, shifts 13, 17, 5 */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return below ? random_state % below : 0;
}

static bool one_in(unsigned long n)
{
	return scenario_random(n) == 0;
}

/* Give a random thing of @kind back, if one is held. */
static void free_one(enum truth_kind kind)
{
	struct truth_alloc *held = truth_held(kind);

	if (held)
		truth_free(held);
}

/* --- pages of all orders -------------------------------------------------- */

static const gfp_t page_kinds[] = {
	GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
	GFP_HIGHUSER, GFP_ATOMIC,
};

static gfp_t random_gfp(void)
{
	return page_kinds[scenario_random(ARRAY_SIZE(page_kinds))] |
	       __GFP_NOWARN;
}

/* Order n half as often as n - 1. */
static unsigned int random_order(void)
{
	unsigned int order = 0;

	while (order < MAX_ORDER - 1 && one_in(2))
		order++;
	return order;
}

static void orders_op(void)
{
	if (scenario_random(100) < 55)
		truth_alloc_pages(random_gfp(), random_order());
	else
		free_one(TRUTH_PAGES);
}

/* --- fragmentation: one page in the middle of each large block ------------ */

static void fragment_op(void)
{
	unsigned int order = min(9u, MAX_ORDER - 1u);
	struct page *block = alloc_pages(random_gfp() & ~__GFP_ATOMIC, order);
	unsigned long keep = scenario_random(1UL << order);

	if (!block) {
		truth_run->failures++;
		return;
	}
	split_page(block, order);
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (i != keep)
			__free_page(block + i);
	truth_note_pages(block + keep, 0);
}

/* --- exhaustion: everything, largest first, then all of it back ----------- */

static struct list_head taken = LIST_HEAD_INIT(taken);

static void note_least_free(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	truth_run->least_free_pages = min(truth_run->least_free_pages, pages);
}

/* All of it in blocks of @order; their lru is the holder's while they are. */
static void take_all(unsigned int order, gfp_t gfp)
{
	struct page *page;

	while ((page = alloc_pages(gfp | __GFP_NOWARN, order))) {
		set_page_private(page, order);
		list_add(&page->lru, &taken);
		truth_run->allocs++;
	}
	truth_run->failures++;
	note_least_free();
}

static void give_all(void)
{
	struct page *page;

	while ((page = list_first_entry_or_null(&taken, struct page, lru))) {
		unsigned int order = (unsigned int)page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
		truth_run->frees++;
	}
}

static void exhaust_op(void)
{
	static const gfp_t greed[] = {
		GFP_HIGHUSER_MOVABLE, GFP_KERNEL, GFP_ATOMIC,
		GFP_HIGHUSER_MOVABLE | __GFP_MEMALLOC,
		GFP_KERNEL | __GFP_MEMALLOC,
	};

	for (size_t i = 0; i < ARRAY_SIZE(greed); i++)
		for (int order = MAX_ORDER - 1; order >= 0; order--)
			take_all((unsigned int)order, greed[i]);
	give_all();
}

/* --- slab ----------------------------------------------------------------- */

#define NR_CACHES 4
static struct kmem_cache *caches[NR_CACHES];

static void make_caches(void)
{
	static const struct {
		const char *name;
		size_t size, align;
		unsigned long flags;
	} kinds[NR_CACHES] = {
		{ "scenario_tiny", 12, 0, 0 },
		{ "scenario_odd", 100, 32, SLAB_RECLAIM_ACCOUNT },
		{ "scenario_line", 320, 0, SLAB_HWCACHE_ALIGN },
		{ "scenario_big", 3000, 0, 0 },
	};

	for (int i = 0; i < NR_CACHES && !caches[NR_CACHES - 1]; i++)
		caches[i] = kmem_cache_create(kinds[i].name, kinds[i].size,
					      kinds[i].align, kinds[i].flags,
					      NULL);
}

static void slab_op(void)
{
	unsigned long what = scenario_random(100);
	struct kmem_cache *cache;

	make_caches();
	cache = caches[scenario_random(NR_CACHES)];
	if (what < 30 && cache)
		truth_cache_alloc(cache);
	else if (what < 58)
		truth_kmalloc(1 + scenario_random(one_in(16) ? 40000 : 2000),
			      GFP_KERNEL | __GFP_NOWARN);
	else if (what < 80)
		free_one(TRUTH_CACHE);
	else
		free_one(TRUTH_KMALLOC);
}

/* --- vmalloc, percpu, CMA ------------------------------------------------- */

static void vmalloc_op(void)
{
	if (scenario_random(100) < 52)
		truth_vmalloc(1 + scenario_random(64 * PAGE_SIZE));
	else
		free_one(TRUTH_VMALLOC);
}

static void percpu_op(void)
{
	if (scenario_random(100) < 55)
		truth_percpu(1 + scenario_random(one_in(8) ? 4000 : 200),
			     4UL << scenario_random(6));
	else
		free_one(TRUTH_PERCPU);
}

static void cma_op(void)
{
	unsigned long what = scenario_random(100);

	if (what < 35)
		truth_cma_alloc((unsigned int)scenario_random(cma_area_count),
			  1 + scenario_random(512),
			  (unsigned int)scenario_random(6));
	else if (what < 55)
		truth_alloc_pages(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN,
				  random_order());
	else if (what < 80)
		free_one(TRUTH_CMA);
	else
		free_one(TRUTH_PAGES);
}

static void mixed_op(void)
{
	static void (*const ops[])(void) = {
		orders_op, slab_op, vmalloc_op, percpu_op, cma_op,
	};

	ops[scenario_random(ARRAY_SIZE(ops))]();
}

/* --- the runner ----------------------------------------------------------- */

const struct scenario scenarios[] = {
	{ "orders", "pages of all orders and mobilities, at random",
	  orders_op, 2000 },
	{ "fragment", "a page kept of each large block", fragment_op, 400 },
	{ "exhaust", "all memory taken, down to the reserves, and given back",
	  exhaust_op, 2 },
	{ "slab", "caches and kmalloc, at random", slab_op, 4000 },
	{ "vmalloc", "virtually contiguous memory, at random", vmalloc_op,
	  400 },
	{ "percpu", "per-CPU memory, at random", percpu_op, 1000 },
	{ "cma", "CMA ranges, with movable pages in their way", cma_op,
	  600 },
	{ "mixed", "all of these but exhaustion, in turn", mixed_op,
	  4000 },
	{ NULL, NULL, NULL, 0 },
};

static const struct scenario *find_scenario(const char *name)
{
	for (const struct scenario *s = scenarios; s->name; s++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

static unsigned long count_held(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < TRUTH_ALLOCS; i++)
		n += truth_allocs[i].kind != TRUTH_NONE;
	return n;
}

static void report(const struct truth_run *run)
{
	printk("scenario %s,%u,%lu: %lu allocs, %lu frees, %lu failures, "
	       "%lu spoilt, %lu held%s%s\n", run->name, run->seed, run->ops,
	       run->allocs, run->frees, run->failures, run->spoilt, run->held,
	       run->broken ? ", broken: " : "",
	       run->broken ? run->broken : "");
}

int scenario_run(const char *name, unsigned int seed, unsigned long ops)
{
	const struct scenario *s = find_scenario(name);
	struct truth_run *run = &truth_runs[truth_nr_runs % TRUTH_RUNS];

	if (!s)
		return -ENOENT;
	*run = (struct truth_run){
		.name = s->name, .seed = seed, .ops = ops ? ops : s->ops,
		.least_free_pages = ~0UL,
	};
	random_state = seed * 2654435761u + 1;
	if (!random_state)
		random_state = 1;
	truth_run = run;
	note_least_free();
	for (unsigned long i = 0; i < run->ops; i++)
		s->op();
	note_least_free();
	truth_run = NULL;
	run->held = count_held();
	run->broken = mm_check();
	truth_nr_runs++;
	report(run);
	return run->spoilt || run->broken ? -EFAULT : 0;
}

unsigned long scenario_release(void)
{
	unsigned long n = 0;

	for (unsigned int i = 0; i < TRUTH_ALLOCS; i++) {
		if (truth_allocs[i].kind == TRUTH_NONE)
			continue;
		truth_free(&truth_allocs[i]);
		n++;
	}
	return n;
}

/* --- "scenario=NAME[,SEED[,OPS]]" ----------------------------------------- */

static struct {
	const struct scenario *scenario;
	unsigned int seed;
	unsigned long ops;
} boot_arg;

int scenario_boot_arg(const char *arg)
{
	const char *comma = strchr(arg, ',');
	size_t len = comma ? (size_t)(comma - arg) : strlen(arg);
	const struct scenario *s;
	phys_addr_t seed = 1, ops = 0;
	const char *end = arg + len;

	for (s = scenarios; s->name; s++)
		if (strlen(s->name) == len && !strncmp(s->name, arg, len))
			break;
	if (*end == ',') {
		const char *number = end + 1;

		seed = memparse(number, &end);
		if (end == number)
			return -EINVAL;
	}
	if (*end == ',') {
		const char *number = end + 1;

		ops = memparse(number, &end);
		if (end == number)
			return -EINVAL;
	}
	if (!s->name || *end)
		return -EINVAL;
	boot_arg.scenario = s;
	boot_arg.seed = (unsigned int)seed;
	boot_arg.ops = ops;
	return 0;
}

void scenario_run_boot_arg(void)
{
	if (boot_arg.scenario)
		scenario_run(boot_arg.scenario->name, boot_arg.seed,
			     boot_arg.ops);
}
