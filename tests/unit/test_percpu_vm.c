// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_percpu_vm.c - chunks in the vmalloc area: made when the others are
 * full, with pages where something is allocated, and gone when it is freed.
 */
#include <mm/vmalloc.h>

#include "percpu_machine.h"

#define CPUS 3

/* A machine after mm_init(), its first chunk full. */
static int setup(void **state __maybe_unused)
{
	boot_cpus(CPUS);
	mm_init();
	while (pcpu_first_chunk->contig_hint >= 16)
		if (!__alloc_percpu((size_t)min(pcpu_first_chunk->contig_hint,
						4096) & ~15ul, 2))
			return -1;
	return percpu_check() != NULL;
}

static struct pcpu_chunk *chunk_of(const void __percpu *ptr)
{
	return pcpu_vm_chunk(per_cpu_ptr((const char *)ptr, 0));
}

static unsigned int chunks(void)
{
	const struct pcpu_chunk *chunk;
	unsigned int n = 0;

	for (int slot = 0; slot < pcpu_nr_slots; slot++)
		list_for_each_entry(chunk, &pcpu_slot[slot], list)
			n++;
	return n;
}

/* Areas that chunks have; each has one. */
static unsigned int areas(void)
{
	const struct vmap_area *va;
	unsigned int n = 0;

	list_for_each_entry(va, &vmap_area_list, list)
		n += va->flags & VM_VM_AREA &&
		     va->vm->caller == (const void *)pcpu_get_vm_areas;
	return n;
}

/* Free pages, with those that per-CPU lists and areas to be flushed hold. */
static unsigned long free_now(void)
{
	vm_unmap_aliases();
	drain_all_pages(NULL);
	return zone_page_state(zone_of(ZONE_NORMAL), NR_FREE_PAGES) +
	       zone_page_state(zone_of(ZONE_HIGHMEM), NR_FREE_PAGES);
}

static void test_a_chunk_is_made_when_the_others_are_full(
	void **state __maybe_unused)
{
	struct pcpu_chunk *chunk;
	unsigned int cpu;
	char *p;

	assert_int_equal(chunks(), 1);
	p = __alloc_percpu(100, 4);
	assert_non_null(p);
	assert_int_equal(chunks(), 2);
	chunk = chunk_of(p);
	assert_false(chunk->immutable);
	assert_int_equal(unit_offset(chunk, p), 0);
	assert_int_equal(chunk->nr_populated, 1);
	assert_zeroed(p, 100);
	mark(p, 100, 1);
	assert_marked(p, 100, 1);
	for_each_possible_cpu(cpu) {
		void *addr = per_cpu_ptr(p, cpu);

		assert_true(is_vmalloc_addr(addr));
		assert_int_equal(per_cpu_ptr_to_phys(addr + 7),
				 PFN_PHYS(page_to_pfn(vmalloc_to_page(addr))) +
				 7);
		assert_true(PageHighMem(vmalloc_to_page(addr)));
		assert_null(vmalloc_to_page(addr + PAGE_SIZE));
	}
	assert_percpu_sound();
	assert_null(vmalloc_check());
}

static void test_pages_come_only_where_something_is(void **state __maybe_unused)
{
	char *a = __alloc_percpu(16, 4), *b, *c;
	struct pcpu_chunk *chunk = chunk_of(a);
	unsigned long before;

	assert_int_equal(chunk->nr_populated, 1);
	b = __alloc_percpu(16, PAGE_SIZE);	/* page 1 */
	assert_int_equal(chunk->nr_populated, 2);
	before = free_now();
	c = __alloc_percpu(2 * PAGE_SIZE, PAGE_SIZE);	/* 2 and 3 */
	assert_int_equal(chunk->nr_populated, 4);
	assert_true(before - free_now() >= 2 * CPUS);
	assert_percpu_sound();
	before = free_now();
	free_percpu(c);		/* pages stay with a chunk that is in use */
	assert_int_equal(chunk->nr_populated, 4);
	assert_int_equal(free_now(), before);
	assert_percpu_sound();
	c = __alloc_percpu(PAGE_SIZE, 4);
	assert_zeroed(c, PAGE_SIZE);
	assert_int_equal(chunk->nr_populated, 4);
	free_percpu(a);
	free_percpu(b);
	free_percpu(c);
	assert_percpu_sound();
}

static void test_the_largest_size_fits_and_one_byte_more_does_not(
	void **state __maybe_unused)
{
	char *p = __alloc_percpu(PCPU_MIN_UNIT_SIZE, PAGE_SIZE);

	assert_non_null(p);
	assert_zeroed(p, PCPU_MIN_UNIT_SIZE);
	mark(p, PCPU_MIN_UNIT_SIZE, 3);
	assert_marked(p, PCPU_MIN_UNIT_SIZE, 3);
	assert_null(__alloc_percpu(PCPU_MIN_UNIT_SIZE + 1, 1));
	assert_percpu_sound();
	free_percpu(p);
	assert_percpu_sound();
}

static void test_one_empty_chunk_is_kept_and_used_again(
	void **state __maybe_unused)
{
	char *a = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4), *again;
	char *b = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);
	char *c = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);
	struct pcpu_chunk *kept;
	unsigned long before;

	assert_int_equal(chunks(), 4);
	free_percpu(a);
	assert_int_equal(chunks(), 4);
	before = free_now();
	free_percpu(b);
	assert_int_equal(chunks(), 3);
	assert_true(free_now() >= before + 8 * CPUS);
	assert_percpu_sound();
	free_percpu(c);
	assert_int_equal(chunks(), 2);
	assert_int_equal(areas(), 1);
	assert_percpu_sound();
	assert_null(vmalloc_check());
	kept = list_first_entry_or_null(&pcpu_slot[pcpu_nr_slots - 1],
					struct pcpu_chunk, list);
	assert_non_null(kept);
	again = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);
	assert_ptr_equal(chunk_of(again), kept);
	assert_zeroed(again, PCPU_MIN_UNIT_SIZE);
	assert_int_equal(chunks(), 2);
}

static void test_chunks_that_come_and_go_leave_nothing_behind(
	void **state __maybe_unused)
{
	unsigned long before = 0, now = 0;

	for (int i = 0; i < 300; i++) {
		void *a = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);
		void *b = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);

		free_percpu(a);
		free_percpu(b);
		/* Addresses are used again: no further page tables. */
		now = free_now();
		if (i == 50)	/* slabs have what they keep */
			before = now;
	}
	assert_int_equal(now, before);
	assert_percpu_sound();
}

static void test_the_fullest_chunk_is_used_first(void **state __maybe_unused)
{
	char *a = __alloc_percpu(PCPU_MIN_UNIT_SIZE, 4);
	char *b = __alloc_percpu(30000, 4);
	struct pcpu_chunk *full = chunk_of(a), *fuller = chunk_of(b);
	char *small;

	assert_ptr_not_equal(full, fuller);
	free_percpu(a);
	small = __alloc_percpu(64, 4);
	assert_ptr_equal(chunk_of(small), fuller);
	assert_percpu_sound();
}

static void test_a_map_of_16_grows_with_its_areas(void **state __maybe_unused)
{
	static char *p[500];
	struct pcpu_chunk *chunk = NULL;

	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = __alloc_percpu(16, 16);
		assert_non_null(p[i]);
		mark(p[i], 16, i);
	}
	chunk = chunk_of(p[0]);
	assert_true(chunk->map_alloc > chunk->map_used);
	assert_true(chunk->map_used >= (int)ARRAY_SIZE(p));
	assert_percpu_sound();
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++) {
		assert_marked(p[i], 16, i);
		free_percpu(p[i]);
	}
	assert_int_equal(chunk->map_used, 1);
	assert_percpu_sound();
}

static void assert_refused(void *ptr)
{
	unsigned long warnings = nr_warnings;

	free_percpu(ptr);
	assert_int_equal(nr_warnings, warnings + 1);
	assert_percpu_sound();
}

static void test_wrong_pointers_into_the_vmalloc_area_are_refused(
	void **state __maybe_unused)
{
	char *p = __alloc_percpu(64, 64), *other = vmalloc(PAGE_SIZE);
	unsigned long shift = __per_cpu_offset[0];

	memset(other, 0xff, PAGE_SIZE);
	vmalloc_to_page(other)->index = 0x1234567;
	assert_refused(p + 64);				/* free */
	assert_refused(p + 2);
	assert_refused(p + 2 * PAGE_SIZE);		/* without a page */
	assert_refused(per_cpu_ptr(p, 1) - shift);	/* another unit */
	assert_refused(other - shift);			/* another's */
	assert_refused((char *)VMALLOC_END - PAGE_SIZE - shift);
	free_percpu(p);
	assert_refused(p);
	vmalloc_to_page(other)->index = 0;
	vfree(other);
}

/* --- memory runs out ------------------------------------------------------ */

static struct page *hoard[RAM_SIZE >> 12];
static unsigned long hoarded;

static void take_all(void)
{
	struct page *page;

	while ((page = alloc_page(GFP_ATOMIC | __GFP_HIGHMEM | __GFP_MEMALLOC |
				  __GFP_NOWARN)))
		hoard[hoarded++] = page;
}

static void give(unsigned long n)
{
	while (n--)
		__free_page(hoard[--hoarded]);
}

/*
 * With one page more at each try until it works: at every point where memory
 * can run out the attempt must leave nothing behind but an empty chunk.
 */
static void test_running_out_at_any_point_leaves_all_as_it_was(
	void **state __maybe_unused)
{
	const size_t size = 3 * PAGE_SIZE;
	unsigned int failures = 0;
	char *p = NULL;

	memalloc_noreclaim = true;	/* down to the last page */
	for (unsigned long n = 0; !p && n < 200; n++) {
		unsigned long before, after;

		take_all();
		give(n);
		p = __alloc_percpu(size, PAGE_SIZE);
		if (p)
			break;
		failures++;
		assert_percpu_sound();
		assert_null(vmalloc_check());
		assert_in_range(chunks(), 1, 2);
		/* All but what slabs and tables took is still there. */
		before = free_now();
		assert_null(__alloc_percpu(size, PAGE_SIZE));
		after = free_now();
		assert_int_equal(before, after);
		assert_int_equal(pcpu_nr_empty_pop_pages, 0);
	}
	assert_non_null(p);
	assert_true(failures >= 3 * CPUS);
	assert_int_equal(nr_bad_pages, 0);
	assert_zeroed(p, size);
	mark(p, size, 9);
	assert_marked(p, size, 9);
	assert_percpu_sound();
	give(hoarded);
	free_percpu(p);
	assert_percpu_sound();
}

static void test_a_full_vmalloc_area_means_no_further_chunk(
	void **state __maybe_unused)
{
	struct vm_struct *last = NULL, *area;
	unsigned long before;
	char *p;

	for (unsigned long size = 16 * SZ_1M; size; size /= 2)
		while ((area = get_vm_area(size, VM_MAP)))
			last = size >= SZ_1M ? area : last;
	assert_null(__alloc_percpu(64, 4));
	assert_true(console_says("no further chunk can be had"));
	before = free_now();
	for (int i = 0; i < 200; i++)
		assert_null(__alloc_percpu(64, 4));
	assert_int_equal(free_now(), before);
	assert_int_equal(chunks(), 1);
	assert_percpu_sound();
	assert_null(slab_check());
	free_vm_area(last);
	p = __alloc_percpu(64, 4);
	assert_non_null(p);
	assert_zeroed(p, 64);
	assert_percpu_sound();
}

/* --- random --------------------------------------------------------------- */

#define SLOTS	120
#define ROUNDS	3000

static struct {
	char *ptr;
	size_t size;
} live[SLOTS];

/* By brute force over all pairs: no copy of one is another's, on any CPU. */
static void assert_apart(unsigned int id)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		if (i != id && live[i].ptr &&
		    live[i].ptr < live[id].ptr + live[id].size &&
		    live[id].ptr < live[i].ptr + live[i].size)
			fail_msg("%u and %u overlap", i, id);
}

static void one_round(struct rng *rng, unsigned int id)
{
	size_t align = 1UL << below(rng, 13);

	host_set_cpu((unsigned int)below(rng, nr_cpu_ids));
	if (live[id].ptr) {
		assert_marked(live[id].ptr, live[id].size, id);
		free_percpu(live[id].ptr);
		live[id].ptr = NULL;
		return;
	}
	live[id].size = 1 + below(rng, below(rng, 4) ? 300 : 12000);
	live[id].ptr = __alloc_percpu(live[id].size, align);
	assert_non_null(live[id].ptr);
	assert_true(IS_ALIGNED((uintptr_t)live[id].ptr, align));
	assert_apart(id);
	assert_zeroed(live[id].ptr, live[id].size);
	mark(live[id].ptr, live[id].size, id);
}

static void test_random_operations_over_many_chunks(void **state)
{
	for (unsigned int seed = 0; seed < 4; seed++) {
		struct rng rng = rng_seed(seed);
		unsigned int most = 0;
		int first_free;

		setup(state);
		first_free = pcpu_first_chunk->free_size;
		for (int i = 0; i < ROUNDS; i++) {
			one_round(&rng, (unsigned int)below(&rng, SLOTS));
			most = max(most, chunks());
			if (i % 32 == 0)
				assert_percpu_sound();
		}
		assert_true(most > 4);
		for (unsigned int id = 0; id < SLOTS; id++)
			if (live[id].ptr)
				one_round(&rng, id);
		assert_percpu_sound();
		assert_null(vmalloc_check());
		assert_null(slab_check());
		assert_int_equal(chunks(), 2);
		assert_int_equal(pcpu_first_chunk->free_size, first_free);
	}
}

/* --- invariants that only such a chunk can break -------------------------- */

static void test_a_page_that_populated_does_not_know_is_PERCPU_6(
	void **state __maybe_unused)
{
	char *p = __alloc_percpu(16, 4);
	struct pcpu_chunk *chunk = chunk_of(p);

	chunk->populated[0] |= 2;
	chunk->nr_populated++;
	assert_broken(percpu_check(), "PERCPU-6");
	chunk->populated[0] &= ~2UL;
	chunk->nr_populated--;
	assert_null(percpu_check());
	vmalloc_to_page(per_cpu_ptr(p, 1))->index++;
	assert_broken(percpu_check(), "PERCPU-6");
}

#define T(name) cmocka_unit_test_setup(name, setup)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_chunk_is_made_when_the_others_are_full),
		T(test_pages_come_only_where_something_is),
		T(test_the_largest_size_fits_and_one_byte_more_does_not),
		T(test_one_empty_chunk_is_kept_and_used_again),
		T(test_chunks_that_come_and_go_leave_nothing_behind),
		T(test_the_fullest_chunk_is_used_first),
		T(test_a_map_of_16_grows_with_its_areas),
		T(test_wrong_pointers_into_the_vmalloc_area_are_refused),
		T(test_running_out_at_any_point_leaves_all_as_it_was),
		T(test_a_full_vmalloc_area_means_no_further_chunk),
		T(test_random_operations_over_many_chunks),
		T(test_a_page_that_populated_does_not_know_is_PERCPU_6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
