// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_slub_random.c - millions of operations against a plain list of who has
 * what: each object whole, no two of them over each other, nothing left over.
 */
#include "slub_machine.h"
#include <mm/printk.h>

#define MAX_HELD	4000u
#define MAX_CACHES	12u
#define GRAIN		8u		/* every object is so many bytes */

/* What the model believes. No cache of it is told by the library's lists. */
struct held {
	unsigned char *p;
	size_t size;
	struct kmem_cache *s;		/* NULL: kmalloc */
	unsigned char fill;
};
static struct held held[MAX_HELD];
static unsigned int nr_held;

static struct cache_model {
	struct kmem_cache *s;
	size_t size, align;
	unsigned int held;
	bool ctor;
} caches[MAX_CACHES];

/* A bit for each grain of memory that an object has. */
static unsigned char *taken;
static struct rng rng;

#define CTOR_FILL 0xc5

static void construct(void *object)
{
	memset(object, CTOR_FILL, 16);
}

/* --- the model ------------------------------------------------------------ */

static void mark(const struct held *h, bool take)
{
	size_t first = (size_t)(h->p - (unsigned char *)PAGE_OFFSET) / GRAIN;
	size_t last = first + (h->size + GRAIN - 1) / GRAIN;

	for (; first < last; first++) {
		if (taken[first] == take)
			fail_msg("%p + %zu: %s", (void *)h->p, h->size, take ?
				 "somebody has it" : "nobody has it");
		taken[first] = take;
	}
}

/* Ends and a few bytes between: all of each would be all of the time. */
static void fill(struct held *h)
{
	h->fill = (unsigned char)below(&rng, 256);
	if (h->size <= 512) {
		memset(h->p, h->fill, h->size);
		return;
	}
	memset(h->p, h->fill, 64);
	memset(h->p + h->size - 64, h->fill, 64);
}

static void assert_filled(const struct held *h)
{
	for (size_t i = 0; i < h->size; i++) {
		if (i == 64 && h->size > 512)
			i = h->size - 64;
		if (h->p[i] != h->fill)
			fail_msg("%p + %zu: %02x, not %02x", (void *)h->p, i,
				 h->p[i], h->fill);
	}
}

static void assert_zero(const struct held *h)
{
	for (size_t i = 0; i < h->size; i++)
		assert_int_equal(h->p[i], 0);
}

static void add(struct held h)
{
	mark(&h, true);
	fill(&h);
	held[nr_held++] = h;
}

static struct held take_out(unsigned int i)
{
	struct held h = held[i];

	assert_filled(&h);
	mark(&h, false);
	held[i] = held[--nr_held];
	return h;
}

/* --- operations ----------------------------------------------------------- */

static size_t random_size(void)
{
	switch (below(&rng, 20)) {
	case 0:
		return 1 + below(&rng, 40000);
	case 1:
	case 2:
		return 1 + below(&rng, 8192);
	default:
		return 1 + below(&rng, 400);
	}
}

static void op_kmalloc(void)
{
	struct held h = { NULL, random_size(), NULL, 0 };
	bool zero = below(&rng, 8) == 0;

	if (nr_held == MAX_HELD)
		return;
	h.p = zero ? kzalloc(h.size, GFP_KERNEL | __GFP_NOWARN) :
		     kmalloc(h.size, GFP_KERNEL | __GFP_NOWARN);
	if (!h.p)
		return;
	assert_true(IS_ALIGNED((uintptr_t)h.p, KMALLOC_MIN_SIZE));
	assert_true(ksize(h.p) >= h.size);
	if (zero)
		assert_zero(&h);
	add(h);
}

static void op_alloc(void)
{
	unsigned int i = (unsigned int)below(&rng, MAX_CACHES);
	struct cache_model *c = &caches[i];
	struct held h = { NULL, c->size, c->s, 0 };

	if (!c->s || nr_held == MAX_HELD)
		return;
	h.p = kmem_cache_alloc(c->s, GFP_KERNEL | __GFP_NOWARN);
	if (!h.p)
		return;
	if (c->align)
		assert_true(IS_ALIGNED((uintptr_t)h.p, c->align));
	if (c->ctor)
		for (unsigned int j = 0; j < 16; j++)
			assert_int_equal(h.p[j], CTOR_FILL);
	c->held++;
	add(h);
}

static void give_back(struct held h)
{
	if (!h.s) {
		kfree(h.p);
		return;
	}
	for (unsigned int i = 0; i < MAX_CACHES; i++) {
		if (caches[i].s != h.s || !caches[i].held ||
		    caches[i].size != h.size)
			continue;
		caches[i].held--;
		if (caches[i].ctor)
			construct(h.p);	/* as a user of one has to */
		break;
	}
	kmem_cache_free(h.s, h.p);
}

static void op_free(void)
{
	if (nr_held)
		give_back(take_out((unsigned int)below(&rng, nr_held)));
}

static void op_krealloc(void)
{
	unsigned int i = (unsigned int)below(&rng, nr_held + 1);
	size_t size = random_size();
	struct held h;
	unsigned char *p;

	if (i == nr_held || held[i].s)
		return;
	h = take_out(i);
	p = krealloc(h.p, size, GFP_KERNEL | __GFP_NOWARN);
	if (p) {
		size_t same = min(size, h.size);

		if (h.size > 512)
			same = min(same, (size_t)64);
		for (size_t j = 0; j < same; j++)
			assert_int_equal(p[j], h.fill);
		h.p = p;
		h.size = size;
	}
	add(h);
}

static void op_create(void)
{
	unsigned int i = (unsigned int)below(&rng, MAX_CACHES);
	struct cache_model *c = &caches[i];
	unsigned long flags = 0;
	char name[16];

	if (c->s)
		return;
	c->size = 16 + below(&rng, below(&rng, 4) ? 300 : 5000);
	c->align = below(&rng, 3) ? 0 : 8UL << below(&rng, 7);
	c->ctor = below(&rng, 4) == 0;
	c->held = 0;
	if (below(&rng, 3) == 0)
		flags |= SLAB_RECLAIM_ACCOUNT;
	if (below(&rng, 3) == 0)
		flags |= SLAB_HWCACHE_ALIGN;
	snprintf(name, sizeof(name), "cache-%u", i);
	c->s = kmem_cache_create(name, c->size, c->align, flags,
				 c->ctor ? construct : NULL);
}

static void op_destroy(void)
{
	struct cache_model *c = &caches[below(&rng, MAX_CACHES)];

	if (!c->s || c->held)
		return;
	kmem_cache_destroy(c->s);
	c->s = NULL;
}

static void op_shrink(void)
{
	struct cache_model *c = &caches[below(&rng, MAX_CACHES)];

	if (c->s)
		kmem_cache_shrink(c->s);
}

static void operation(unsigned int phase)
{
	unsigned long what = below(&rng, 1000);

	host_set_cpu((unsigned int)below(&rng, SLUB_CPUS));
	if (what < 3)
		op_create();
	else if (what < 6)
		op_destroy();
	else if (what < 8)
		op_shrink();
	else if (what < 60)
		op_krealloc();
	else if (what < 60 + (phase ? 300 : 600))
		below(&rng, 2) ? op_alloc() : op_kmalloc();
	else
		op_free();
}

/* --- runs ----------------------------------------------------------------- */

static unsigned long slab_pages(void)
{
	return zone_page_state_snapshot(zone_of(ZONE_NORMAL),
					NR_SLAB_RECLAIMABLE) +
	       zone_page_state_snapshot(zone_of(ZONE_NORMAL),
					NR_SLAB_UNRECLAIMABLE);
}

static void clear_all(void)
{
	while (nr_held)
		op_free();
	host_set_cpu(0);
	for (unsigned int i = 0; i < MAX_CACHES; i++)
		if (caches[i].s)
			kmem_cache_destroy(caches[i].s);
	memset(caches, 0, sizeof(caches));
	shrink_all();
}

/* Everything freed: what is still out is as much as at the start. */
static void run(unsigned int seed, unsigned long operations, const char *param,
		const char *value)
{
	unsigned long before, slabs;
	size_t grains;

	rng = rng_seed(seed);
	boot_slub(SLUB_CPUS, param, value);
	grains = SLUB_BLOCKS * BLOCK_BYTES / GRAIN +
		 EARLY_BYTES / GRAIN;
	taken = test_calloc(grains, 1);
	shrink_all();
	before = pages_free();
	slabs = slab_pages();
	for (unsigned long i = 0; i < operations; i++) {
		operation(i / 10000 % 2);
		if (i % (operations / 20) == 0)
			assert_slabs_sound();
	}
	clear_all();
	assert_slabs_sound();
	assert_int_equal(slab_pages(), slabs);
	assert_int_equal(pages_free(), before);
	assert_false(console_says("BUG"));
	test_free(taken);
}

static void test_three_seeds_a_million_operations_each(
	void **state __maybe_unused)
{
	for (unsigned int seed = 1; seed <= 3; seed++)
		run(seed, 1000000, NULL, NULL);
}

static void test_with_shuffled_freelists(void **state __maybe_unused)
{
	run(4, 300000, "slab_freelist_random", "99");
}

static void test_without_merging(void **state __maybe_unused)
{
	run(5, 300000, "slub_nomerge", NULL);
}

static void test_with_every_check_on(void **state __maybe_unused)
{
	run(6, 100000, "slub_debug", NULL);
	run(7, 100000, "slub_debug", "Z");
	run(8, 100000, "slub_debug", "PF");
	run(9, 100000, "slub_debug", "U");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_three_seeds_a_million_operations_each),
		cmocka_unit_test(test_with_shuffled_freelists),
		cmocka_unit_test(test_without_merging),
		cmocka_unit_test(test_with_every_check_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
