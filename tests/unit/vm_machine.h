/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_machine.h - what the tests of vmalloc, kmap and ioremap share: a machine
 * after mm_init(), faults to expect, pages to run out of.
 *
 * Include it instead of machine.h.
 */
#ifndef UNIT_VM_MACHINE_H
#define UNIT_VM_MACHINE_H

#include "machine.h"

#include <signal.h>
#include <mm/pgtable.h>
#include <mm/slab.h>
#include <mm/slub_def.h>
#include <mm/vmalloc.h>

/* Whatever MAX_ORDER is: few pages to run out of. */
#define LOW_BYTES	(32 * SZ_1M)
#define HIGH_BYTES	(16 * SZ_1M)
#define HIGH_BASE	(RAM_BASE + LOW_BYTES)

/** begin_vm - memblock filled and zones built; mm_init() is next */
static inline void begin_vm(unsigned int cpus)
{
	new_ram_with_pool(RAM_BASE, LOW_BYTES + HIGH_BYTES, HIGH_BASE);
	memblock_add(RAM_BASE, LOW_BYTES + HIGH_BYTES);
	set_nr_cpu_ids(cpus);
	boot_to_zones();
}

static inline int boot_vm(void **state __maybe_unused)
{
	begin_vm(1);
	mm_init();
	return 0;
}

static inline void assert_vm_sound(void)
{
	const char *broken = vmalloc_check();

	if (!broken)
		broken = kmap_check();
	if (broken)
		fail_msg("%s", broken);
	assert_sound();
}

/** ram_at - a page's bytes as the machine has them, whatever maps it */
static inline char *ram_at(const struct page *page)
{
	return (char *)host_page_offset + (PFN_PHYS(page_to_pfn(page)) -
					   (host_pfn_offset << PAGE_SHIFT));
}

/* --- faults --------------------------------------------------------------- */

static sigjmp_buf fault_jump;

static void on_fault(int signal)
{
	siglongjmp(fault_jump, signal);
}

/** faults - does reading, or writing, a byte there fault? */
static noinline __maybe_unused bool faults(const void *addr, bool write)
{
	struct sigaction act = { .sa_handler = on_fault }, old_segv, old_bus;
	volatile char *byte = (volatile char *)addr;
	bool did = true;

	sigaction(SIGSEGV, &act, &old_segv);
	sigaction(SIGBUS, &act, &old_bus);
	if (!sigsetjmp(fault_jump, 1)) {
		char was = *byte;

		if (write)
			*byte = was;
		did = false;
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return did;
}

/* --- running out of pages ------------------------------------------------- */

#define MAX_HOARD 20000
static struct page *hoard[MAX_HOARD];
static unsigned int hoarded;

/** hoard_pages - take every page that an ordinary caller can have */
static inline void hoard_pages(void)
{
	struct page *page;

	while ((page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN))) {
		assert_true(hoarded < MAX_HOARD);
		hoard[hoarded++] = page;
	}
}

/** unhoard - give back @n pages, lowmem ones, which serve everybody */
static inline void unhoard(unsigned int n)
{
	for (unsigned int i = hoarded; n && i--;) {
		if (PageHighMem(hoard[i]))
			continue;
		__free_page(hoard[i]);
		hoard[i] = hoard[--hoarded];
		n--;
	}
	assert_int_equal(n, 0);
}

static inline void unhoard_all(void)
{
	while (hoarded)
		__free_page(hoard[--hoarded]);
}

/* --- running out of objects ----------------------------------------------- */

/* What areas, blocks and arrays are made of; each object holds the last one. */
static const size_t object_bytes[] = { 64, 96, 128, 192, 256, 512 };
static void *hoarded_objects[ARRAY_SIZE(object_bytes)];
static void *hoarded_locks[MAX_HOARD];
static unsigned int nr_hoarded_locks;
static struct page *lock_page;

/** hoard_objects - those free in slabs too: each object needs a page then */
static inline void hoard_objects(void)
{
	lock_page = hoard[0];
	for (size_t i = 0; i < ARRAY_SIZE(object_bytes); i++) {
		void **object;

		while ((object = kmalloc(object_bytes[i],
					 GFP_KERNEL | __GFP_NOWARN))) {
			*object = hoarded_objects[i];
			hoarded_objects[i] = object;
		}
	}
	while (pgtable_page_ctor(lock_page)) {
		assert_true(nr_hoarded_locks < MAX_HOARD);
		hoarded_locks[nr_hoarded_locks++] = lock_page->ptl;
	}
}

static inline void unhoard_objects(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(object_bytes); i++)
		while (hoarded_objects[i]) {
			void **object = hoarded_objects[i];

			hoarded_objects[i] = *object;
			kfree(object);
		}
	while (nr_hoarded_locks) {
		lock_page->ptl = hoarded_locks[--nr_hoarded_locks];
		pgtable_page_dtor(lock_page);
	}
}

static inline unsigned long count_pages(enum zone_stat_item item)
{
	struct zone *zone;
	unsigned long n = 0;

	for_each_zone(zone)
		n += zone_page_state_snapshot(zone, item);
	return n;
}

static inline unsigned long slab_pages(void)
{
	return count_pages(NR_SLAB_RECLAIMABLE) +
	       count_pages(NR_SLAB_UNRECLAIMABLE);
}

/** pages_accounted - free, in slabs, or tables: what nobody holds for itself */
static inline unsigned long pages_accounted(void)
{
	drain_all_pages(NULL);
	return count_pages(NR_FREE_PAGES) + slab_pages() +
	       count_pages(NR_PAGETABLE) - nr_hoarded_locks;
}

static inline unsigned long free_objects(const struct kmem_cache *s,
					 const void *object)
{
	unsigned long n = 0;

	for (; object; n++)
		object = *(void *const *)(const void *)
			((const char *)object + s->offset);
	return n;
}

/** objects_out - of all caches, what somebody has */
static inline unsigned long objects_out(void)
{
	struct kmem_cache *s;
	unsigned long n = 0;
	unsigned int cpu;

	for (unsigned long pfn = min_low_pfn; pfn < max_pfn; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (PageSlab(page) && !PageTail(page))
			n += page->objects - free_objects(page->slab_cache,
							  page->freelist);
	}
	list_for_each_entry(s, &slab_caches, list)
		for_each_possible_cpu(cpu)
			n -= free_objects(s, per_cpu_ptr(s->cpu_slab,
							 cpu)->freelist);
	return n;
}

/**
 * fail_at_every_step - let @op run out of pages after 0, 1, 2 ... of them
 * @op:   returns what it made, or NULL
 * @undo: gives it back
 *
 * Each object needs a page as well. After each failure all pages and objects
 * are where they were. Return: in how many ways it failed.
 */
static inline unsigned int fail_at_every_step(void *(*op)(void),
					      void (*undo)(void *))
{
	void *made = NULL;
	unsigned int ways = 0;

	for (unsigned int pages = 0; !made; pages++) {
		unsigned long all, out, locks;

		hoarded = 0;
		hoard_pages();
		hoard_objects();
		unhoard(pages);
		all = pages_accounted();
		out = objects_out();
		locks = count_pages(NR_PAGETABLE);
		for (int time = 0; time < 3 && !(made = op()); time++) {
			vm_unmap_aliases();
			assert_int_equal(pages_accounted(), all);
			/* A table that was made stays, and its lock. */
			assert_int_equal(objects_out(), out +
					 count_pages(NR_PAGETABLE) - locks);
		}
		ways += !made;
		assert_true(pages < 200);
		unhoard_objects();
		unhoard_all();
		assert_vm_sound();
	}
	undo(made);
	vm_unmap_aliases();
	assert_vm_sound();
	return ways;
}

/** fails_without_a_trace - @op fails, and takes nothing */
static inline void fails_without_a_trace(void *(*op)(void))
{
	unsigned long all, out;

	vm_unmap_aliases();
	all = pages_accounted();
	out = objects_out();
	for (int time = 0; time < 3; time++) {
		assert_null(op());
		vm_unmap_aliases();
		assert_int_equal(pages_accounted(), all);
		assert_int_equal(objects_out(), out);
	}
	assert_vm_sound();
}

#endif
