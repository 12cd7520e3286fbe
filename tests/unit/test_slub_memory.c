// SPDX-License-Identifier: GPL-2.0-or-later
/* test_slub_memory.c - pages for slabs: which, how counted, and none left. */
#include "slub_machine.h"
#include <mm/shrinker.h>

static int setup(void **state __maybe_unused)
{
	boot_slub(SLUB_CPUS, NULL, NULL);
	return 0;
}

/* --- pages ---------------------------------------------------------------- */

static void test_slab_pages_are_counted_by_kind(void **state __maybe_unused)
{
	struct zone *zone = zone_of(ZONE_NORMAL);
	struct kmem_cache *a = make_cache("keep", 2048, 0, 0, NULL);
	struct kmem_cache *b = make_cache("give", 2048, 0,
					  SLAB_RECLAIM_ACCOUNT, NULL);
	unsigned long kept = zone_page_state_snapshot(zone,
						      NR_SLAB_UNRECLAIMABLE);
	void *p = kmem_cache_alloc(a, GFP_KERNEL), *q;

	assert_true(b->allocflags & __GFP_RECLAIMABLE);
	assert_int_equal(zone_page_state_snapshot(zone, NR_SLAB_RECLAIMABLE),
			 0);
	q = kmem_cache_alloc(b, GFP_KERNEL);
	assert_int_equal(zone_page_state_snapshot(zone, NR_SLAB_RECLAIMABLE),
			 8);
	assert_int_equal(zone_page_state_snapshot(zone, NR_SLAB_UNRECLAIMABLE),
			 kept + 8);
	assert_int_equal(get_pfnblock_migratetype(zone,
						  page_to_pfn(slab_of(q))),
			 MIGRATE_RECLAIMABLE);
	assert_true(PageHead(slab_of(p)));
	assert_int_equal(compound_order(slab_of(p)), 3);
	kmem_cache_free(a, p);
	kmem_cache_free(b, q);
	kmem_cache_destroy(b);
	assert_int_equal(zone_page_state_snapshot(zone, NR_SLAB_RECLAIMABLE),
			 0);
	assert_slabs_sound();
}

static void test_flags_for_memory_without_an_address_are_left_out(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("high", 2048, 0, 0, NULL);
	void *p = kmem_cache_alloc(s, GFP_HIGHUSER);

	assert_non_null(p);
	assert_true(console_says("high: gfp 0x"));
	kmem_cache_free(s, p);
	kmem_cache_destroy(s);
}

static void test_single_pages_do_when_no_large_block_is_left(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("large", 2048, 0, 0, NULL);
	struct hoard h = hoard_all(0);
	struct page *keep[8], *page;
	void *p;

	/* Every other page: none of them merges. */
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(keep); i++) {
		page = h.first;
		h.first = (struct page *)page_private(page);
		set_page_private(page, 0);
		if (page_to_pfn(page) % 2)
			keep[i / 2] = page;
		else
			__free_page(page);
	}
	drain_all_pages(NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(p);
	assert_int_equal(compound_order(slab_of(p)), 0);
	assert_int_equal(slab_of(p)->objects, 2);
	assert_slabs_sound();
	kmem_cache_free(s, p);
	kmem_cache_destroy(s);
	for (unsigned int i = 0; i < ARRAY_SIZE(keep); i++)
		__free_page(keep[i]);
	hoard_free(&h);
	assert_slabs_sound();
}

/* --- no memory ------------------------------------------------------------ */

static void test_no_slab_is_null_and_said_once_there_is_memory_it_works(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("poor", 512, 0, 0, NULL);
	struct hoard h = hoard_all(0);
	void *p;

	assert_null(kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOWARN));
	assert_false(console_says("poor: no memory"));
	assert_null(kmem_cache_zalloc(s, GFP_KERNEL));
	assert_true(console_says("poor: no memory"));
	assert_slabs_sound();
	hoard_free(&h);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	assert_non_null(p);
	kmem_cache_free(s, p);
	kmem_cache_destroy(s);
}

/* Objects of every cache that making one needs are all in use. */
static void fill_up(struct kmem_cache *s)
{
	while (kmem_cache_alloc(s, GFP_KERNEL | __GFP_NOWARN))
		;
}

/*
 * One page more at each try: making a cache fails further on each time. What
 * a try that failed took must have come back.
 */
static void test_a_shortage_is_not_said_every_time(void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("short", 512, 0, 0, NULL);
	const char *at = host_console();
	struct hoard h = hoard_all(0);
	int said = 0;

	for (int i = 0; i < 20; i++)
		assert_null(kmem_cache_alloc(s, GFP_KERNEL));
	while ((at = strstr(at, "no memory for a slab"))) {
		said++;
		at++;
	}
	assert_int_equal(said, 5);		/* 1, 2, 4, 8, 16 */
	assert_true(console_says("(time 16)"));
	hoard_free(&h);
}

static void test_creating_fails_cleanly_at_every_step(
	void **state __maybe_unused)
{
	struct hoard h = hoard_all(0);
	struct kmem_cache *s = NULL;
	unsigned int tries = 0;

	fill_up(kmem_cache);
	fill_up(kmem_cache_node);
	fill_up(cache_named("kmalloc-64"));
	assert_slabs_sound();
	while (!s) {
		struct page *page = h.first;

		assert_true(++tries < 10);
		s = kmem_cache_create("late", 64, 0,
				      SLAB_NOLEAKTRACE | SLAB_RED_ZONE, NULL);
		if (s)
			break;
		shrink_all();
		assert_int_equal(pages_free(), tries - 1);
		assert_slabs_sound();
		h.first = (struct page *)page_private(page);
		set_page_private(page, 0);
		__free_page(page);
		drain_all_pages(NULL);
	}
	/* kmem_cache, its name, kmem_cache_node: a page each. */
	assert_int_equal(tries, 4);
	assert_slabs_sound();
	kmem_cache_destroy(s);
	hoard_free(&h);
	assert_slabs_sound();
}

static long objects_in_use(struct kmem_cache *s)
{
	struct page *page;
	long n;

	kmem_cache_shrink(s);
	n = atomic_long_read(&s->node[0]->total_objects);
	list_for_each_entry(page, &s->node[0]->partial, lru)
		n -= page->objects - page->inuse;
	return n;
}

/* The last thing that a cache needs is not there: the others come back. */
static void test_creating_fails_cleanly_without_per_cpu_memory(
	void **state __maybe_unused)
{
	struct kmem_cache *s = make_cache("first", 64, 0, 0, NULL);
	struct hoard h = hoard_all(0);
	long caches = objects_in_use(kmem_cache);
	long nodes = objects_in_use(kmem_cache_node);
	unsigned int left = 0;
	void *last = NULL, *p;

	/* Each keeps where the one before it is, in CPU 0's copy. */
	while ((p = __alloc_percpu(sizeof(void *), sizeof(void *)))) {
		*(void **)per_cpu_ptr((char *)p, 0) = last;
		last = p;
		left++;
	}
	assert_true(left > 100);
	assert_null(kmem_cache_create("late", 64, 0, SLAB_NOLEAKTRACE, NULL));
	assert_true(console_says("\"late\""));
	assert_null(cache_named("late"));
	assert_int_equal(objects_in_use(kmem_cache), caches);
	assert_int_equal(objects_in_use(kmem_cache_node), nodes);
	for (; last; last = p) {
		p = *(void **)per_cpu_ptr((char *)last, 0);
		free_percpu(last);
	}
	kmem_cache_destroy(make_cache("late", 64, 0, 0, NULL));
	hoard_free(&h);
	kmem_cache_destroy(s);
	assert_slabs_sound();
}

/* --- shrinkers that use the cache that asks ------------------------------- */

static struct kmem_cache *shrunk;
static void *spare[64];
static unsigned int nr_spare, nr_scans;
static struct page *hidden;		/* all other pages, by private */

static void unhide(void)
{
	struct page *page = hidden;

	hidden = (struct page *)page_private(page);
	set_page_private(page, 0);
	__free_page(page);
}

static unsigned long count_spare(struct shrinker *shrink __maybe_unused,
				 struct shrink_control *sc __maybe_unused)
{
	return nr_spare;
}

/* Frees some, takes one again, so that the CPU has a slab; and frees pages. */
static unsigned long scan_spare(struct shrinker *shrink __maybe_unused,
				struct shrink_control *sc __maybe_unused)
{
	unsigned int n = 0;

	nr_scans++;
	while (nr_spare && n < 48) {
		kmem_cache_free(shrunk, spare[--nr_spare]);
		n++;
	}
	if (n)
		spare[nr_spare++] = kmem_cache_alloc(shrunk, GFP_NOWAIT);
	assert_non_null(spare[0]);
	assert_non_null(cpu_of(shrunk, 0)->page);
	for (unsigned int i = 0; i < 200 && hidden; i++)
		unhide();
	return n;
}

static void test_a_shrinker_may_use_the_cache_that_is_short(
	void **state __maybe_unused)
{
	struct shrinker shrinker = { .count_objects = count_spare,
				     .scan_objects = scan_spare,
				     .seeks = DEFAULT_SEEKS };
	struct page *page;
	void *object;

	nr_scans = 0;
	hidden = NULL;
	shrunk = make_cache("shrunk", 256, 0, 0, NULL);
	for (nr_spare = 0; nr_spare < 64; nr_spare++)
		spare[nr_spare] = kmem_cache_alloc(shrunk, GFP_KERNEL);
	assert_int_equal(register_shrinker(&shrinker), 0);
	while ((page = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 0))) {
		set_page_private(page, (unsigned long)hidden);
		hidden = page;
	}
	object = kmem_cache_alloc(shrunk, GFP_KERNEL);
	assert_non_null(object);
	assert_true(nr_scans > 0);
	assert_slabs_sound();
	kmem_cache_free(shrunk, object);
	unregister_shrinker(&shrinker);
	while (nr_spare)
		kmem_cache_free(shrunk, spare[--nr_spare]);
	kmem_cache_destroy(shrunk);
	assert_null(cache_named("shrunk"));
	while (hidden)
		unhide();
	assert_slabs_sound();
}

/* Half of memory is free, in single pages: reason to take one, not to reclaim. */
static void test_nothing_is_reclaimed_for_a_large_slab(
	void **state __maybe_unused)
{
	struct shrinker shrinker = { .count_objects = count_spare,
				     .scan_objects = scan_spare,
				     .seeks = DEFAULT_SEEKS };
	struct hoard h = hoard_all(0);
	struct page *page, *odd = NULL;
	void *object;

	while ((page = h.first)) {
		h.first = (struct page *)page_private(page);
		set_page_private(page, 0);
		if (page_to_pfn(page) % 2) {
			set_page_private(page, (unsigned long)odd);
			odd = page;
		} else {
			__free_page(page);
		}
	}
	h.first = odd;
	memalloc_noreclaim = false;
	drain_all_pages(NULL);
	nr_scans = 0;
	nr_spare = 1;				/* as far as it says */
	hidden = NULL;
	shrunk = make_cache("shrunk", 2048, 0, 0, NULL);
	spare[0] = kmem_cache_alloc(shrunk, GFP_ATOMIC);
	assert_non_null(spare[0]);
	kmem_cache_alloc(shrunk, GFP_ATOMIC);	/* that slab is full now */
	assert_int_equal(register_shrinker(&shrinker), 0);
	object = kmem_cache_alloc(shrunk, GFP_KERNEL);
	assert_non_null(object);
	assert_int_equal(oo_order(shrunk->oo), 3);
	assert_int_equal(compound_order(slab_of(object)), 0);
	assert_int_equal(nr_scans, 0);
	unregister_shrinker(&shrinker);
	hoard_free(&h);
	assert_slabs_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, setup)
		CASE(test_slab_pages_are_counted_by_kind),
		CASE(test_flags_for_memory_without_an_address_are_left_out),
		CASE(test_single_pages_do_when_no_large_block_is_left),
		CASE(test_no_slab_is_null_and_said_once_there_is_memory_it_works),
		CASE(test_a_shortage_is_not_said_every_time),
		CASE(test_creating_fails_cleanly_at_every_step),
		CASE(test_creating_fails_cleanly_without_per_cpu_memory),
		CASE(test_a_shrinker_may_use_the_cache_that_is_short),
		CASE(test_nothing_is_reclaimed_for_a_large_slab),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
