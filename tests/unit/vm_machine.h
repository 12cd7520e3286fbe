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
static noinline bool faults(const void *addr, bool write)
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

/** room - how many pages an ordinary caller could have now */
static inline unsigned int room(void)
{
	unsigned int before = hoarded, n;

	hoard_pages();
	n = hoarded - before;
	while (hoarded > before)
		__free_page(hoard[--hoarded]);
	return n;
}

/**
 * fail_at_every_step - let @op run out of pages after 0, 1, 2 ... of them
 * @op:   returns what it made, or NULL
 * @undo: gives it back
 *
 * Each way of failing is gone so often that a page, or one object a time,
 * that is not given back leaves less room. Return: in how many ways it failed.
 */
static inline unsigned int fail_at_every_step(void *(*op)(void),
					      void (*undo)(void *))
{
	void *made = NULL;
	unsigned int ways = 0;

	for (unsigned int pages = 0; !made; pages++) {
		unsigned int left = 0;

		hoarded = 0;
		hoard_pages();
		unhoard(pages);
		for (int time = 0; time < 150 && !(made = op()); time++) {
			vm_unmap_aliases();
			if (time == 20)
				left = room();
			else if (time > 20 && room() < left)
				fail_msg("with %u pages, time %d: %u left, not %u",
					 pages, time, room(), left);
		}
		ways += !made;
		assert_true(pages < 200);
		unhoard_all();
		assert_vm_sound();
	}
	undo(made);
	vm_unmap_aliases();
	assert_vm_sound();
	return ways;
}

#endif
