// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_percpu_random.c - random operations against a model that knows, byte by
 * byte, whose a unit is: first fit, no overlap, every copy kept, all merged in
 * the end.
 */
#include "percpu_machine.h"

#define SEEDS	8
#define ROUNDS	20000
#define MAX_LIVE 100

/*
 * The reserved chunk, as the model has it: 0 is free, FIXED is the static
 * part's, any other number is an allocation's.
 */
#define MODEL_BYTES (PERCPU_MODULE_RESERVE + 8192)
#define FIXED	(MAX_LIVE + 1)
#define LEAST	4		/* a smaller gap goes to a neighbour */

static unsigned char owner[MODEL_BYTES];

static struct live {
	char *ptr;
	size_t size;
} live[MAX_LIVE + 1];		/* [0] is nobody's */

static int first_fit(int end, int size, int align)
{
	int start = 0, stop;

	for (; start < end; start = stop + 1) {
		while (start < end && owner[start])
			start++;
		for (stop = start; stop < end && !owner[stop];)
			stop++;
		if (start < end && ALIGN(start, align) + size <= stop)
			return ALIGN(start, align);
	}
	return -1;
}

static void model_alloc(unsigned int id, int off, int size, int end)
{
	int start = off, stop = off + size;

	while (start > 0 && !owner[start - 1])
		start--;
	while (stop < end && !owner[stop])
		stop++;
	memset(owner + off, (int)id, (size_t)size);
	if (off - start < LEAST)
		memset(owner + start, start ? owner[start - 1] : FIXED,
		       (size_t)(off - start));
	if (stop - off - size < LEAST)
		memset(owner + off + size, (int)id,
		       (size_t)(stop - off - size));
}

static void model_free(unsigned int id, int end)
{
	for (int i = 0; i < end; i++)
		if (owner[i] == id)
			owner[i] = 0;
}

static unsigned int model_free_bytes(int end)
{
	unsigned int n = 0;

	for (int i = 0; i < end; i++)
		n += !owner[i];
	return n;
}

static size_t random_size(struct rng *rng)
{
	return 1 + below(rng, below(rng, 8) ? 200 : 3000);
}

static void take_reserved(struct rng *rng, unsigned int id, int end)
{
	size_t size = random_size(rng), align = 1UL << below(rng, 9);
	int rounded = (int)ALIGN(size, 2);
	int want = first_fit(end, rounded, (int)max(align, (size_t)2));
	char *p = __alloc_reserved_percpu(size, align);

	if (want < 0) {
		assert_null(p);
		return;
	}
	if (!p)
		fail_msg("%lu aligned to %lu fits at %d", (unsigned long)size,
			 (unsigned long)align, want);
	assert_int_equal(unit_offset(pcpu_reserved_chunk, p), want);
	assert_zeroed(p, size);
	model_alloc(id, want, rounded, end);
	live[id] = (struct live){ p, size };
	mark(p, size, id);
}

static void give_back(unsigned int id)
{
	assert_marked(live[id].ptr, live[id].size, id);
	free_percpu(live[id].ptr);
	live[id].ptr = NULL;
}

static void boot_random(struct rng *rng)
{
	boot_cpus(1 + (unsigned int)below(rng, NR_CPUS));
	mem_init();
	kmem_cache_init();
	percpu_init_late();
	memset(live, 0, sizeof(live));
}

static void test_reserved_chunk_is_first_fit_byte_for_byte(
	void **state __maybe_unused)
{
	for (unsigned int seed = 0; seed < SEEDS; seed++) {
		struct rng rng = rng_seed(seed);
		int end;

		boot_random(&rng);
		end = pcpu_reserved_chunk_limit;
		memset(owner, 0, sizeof(owner));
		assert_true(end <= (int)sizeof(owner));
		memset(owner, FIXED, (size_t)pcpu_static_size);
		for (unsigned long i = 0; i < random_ops(ROUNDS); i++) {
			unsigned int id = (unsigned int)below(&rng, MAX_LIVE);

			id++;
			host_set_cpu((unsigned int)below(&rng, nr_cpu_ids));
			if (live[id].ptr) {
				give_back(id);
				model_free(id, end);
			} else {
				take_reserved(&rng, id, end);
			}
			assert_int_equal(pcpu_reserved_chunk->free_size,
					 model_free_bytes(end));
			if (i % 16 == 0)
				assert_percpu_sound();
		}
		for (unsigned int id = 1; id <= MAX_LIVE; id++)
			if (live[id].ptr)
				give_back(id);
		assert_percpu_sound();
		/* One free area; at most FIXED's own edge was lost. */
		assert_in_range(pcpu_reserved_chunk->free_size,
				PERCPU_MODULE_RESERVE - LEAST,
				PERCPU_MODULE_RESERVE);
		assert_int_equal(pcpu_reserved_chunk->map_used, 2);
	}
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_reserved_chunk_is_first_fit_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
