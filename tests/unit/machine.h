/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * machine.h - what the unit tests share: a machine to boot, a list to
 * compare, a panic to expect, random numbers that are the same every time.
 *
 * Include it first: cmocka wants its headers before it.
 */
#ifndef UNIT_MACHINE_H
#define UNIT_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <host.h>
#include <mm/cma.h>
#include <mm/early_pool.h>
#include <mm/gfp.h>
#include <mm/highmem.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/percpu.h>
#include <mm/string.h>

#define ARRAY_END(a)	((a) + ARRAY_SIZE(a))

/* The machine of most tests: its base is aligned to the largest block. */
#define RAM_BASE	0x10000000UL
#define BLOCK_BYTES	(MAX_ORDER_NR_PAGES << PAGE_SHIFT)

/** assert_panics - @call must end in a panic that says @said */
#define assert_panics(call, said) do {					\
	if (setjmp(*host_panic_expected()) == 0) {			\
		call;							\
		fail_msg("no panic: %s", #call);			\
	}								\
	if (!strstr(host_panic_text(), said))				\
		fail_msg("\"%s\" does not say \"%s\"",			\
			 host_panic_text(), said);			\
} while (0)

/* The C library's; string.h has none because the library needs none. */
char *strstr(const char *haystack, const char *needle);

static inline void new_ram(phys_addr_t base, phys_addr_t size,
			   phys_addr_t lowmem_limit)
{
	assert_int_equal(host_ram_init(base, size, lowmem_limit), 0);
}

#define EARLY_BYTES	(16 * SZ_1M)

/**
 * new_ram_with_pool - the same, and in front of it a pool from which early
 * allocations are served, so that mem_map takes nothing of the machine
 */
static inline void new_ram_with_pool(phys_addr_t base, phys_addr_t size,
				     phys_addr_t lowmem_limit)
{
	phys_addr_t early = ALIGN_DOWN(base, PAGE_SIZE) - EARLY_BYTES;

	new_ram(early, base + size - early, lowmem_limit);
	assert_int_equal(early_pool_add(early, EARLY_BYTES), 0);
}

static inline struct zone *zone_of(enum zone_type type)
{
	return &contig_page_data.node_zones[type];
}

/** boot_to_zones - from a filled memblock to zones, as the guest does */
static inline void boot_to_zones(void)
{
	sanity_check_meminfo();
	memblock_set_current_limit(arm_lowmem_limit);	/* paging_init */
	kmap_init();
	bootmem_init();
	setup_per_cpu_areas();
	smp_prepare_boot_cpu();
	build_all_zonelists();
	page_alloc_init();
}

static inline void boot(void)
{
	boot_to_zones();
	mem_init();
}

/** assert_sound - no invariant of lists or zones is broken */
static inline void assert_sound(void)
{
	const char *broken = memblock_check();
	struct zone *zone;

	if (broken)
		fail_msg("memblock_check: %s", broken);
	for_each_zone(zone) {
		broken = zone_check(zone);
		if (broken)
			fail_msg("zone_check(%s): %s", zone->name, broken);
	}
}

static inline void assert_broken(const char *found, const char *id)
{
	assert_non_null(found);
	assert_string_equal(found, id);
}

/* --- lists of regions ----------------------------------------------------- */

struct want {
	phys_addr_t base, size;
	unsigned long flags;
	int nid;
};

static inline void assert_list(const struct memblock_type *type,
			       const struct want *want, unsigned long n)
{
	phys_addr_t total = 0;

	assert_int_equal(type->cnt, n);
	for (unsigned long i = 0; i < n; i++) {
		const struct memblock_region *rgn = &type->regions[i];

		if (rgn->base != want[i].base || rgn->size != want[i].size ||
		    rgn->flags != want[i].flags || rgn->nid != want[i].nid)
			fail_msg("region %lu: %#lx + %#lx %lx %d, not %#lx + %#lx %lx %d",
				 i, rgn->base, rgn->size, rgn->flags, rgn->nid,
				 want[i].base, want[i].size, want[i].flags,
				 want[i].nid);
		total += want[i].size;
	}
	assert_int_equal(type->total_size, total);
	assert_null(memblock_type_check(type));
}

/* A region as memblock_add() and memblock_reserve() make it. */
#define PLAIN(base, size) { base, size, MEMBLOCK_NONE, MAX_NUMNODES }
#define assert_regions(type, ...) do {					\
	static const struct want _want[] = { __VA_ARGS__ };		\
	assert_list(&memblock.type, _want, ARRAY_SIZE(_want));		\
} while (0)

static inline void assert_empty(const struct memblock_type *type)
{
	assert_int_equal(type->cnt, 1);
	assert_int_equal(type->regions[0].size, 0);
	assert_int_equal(type->total_size, 0);
	assert_null(memblock_type_check(type));
}

/* --- random numbers ------------------------------------------------------- */

struct rng {
	u64 state;			/* never 0 */
};

static inline struct rng rng_seed(unsigned int seed)
{
	return (struct rng){ 0x9e3779b97f4a7c15ULL * (seed + 1) };
}

/** below - a number in [0, n) */
static inline unsigned long below(struct rng *rng, unsigned long n)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return (rng->state >> 16) % n;
}

/** random_ops - how many operations a seed does; MMSCOPE_RANDOM_OPS says more */
static inline unsigned long random_ops(unsigned long usual)
{
	const char *text = getenv("MMSCOPE_RANDOM_OPS");

	return text ? strtoul(text, NULL, 10) : usual;
}

/** console_says - was @text printed since the machine began? */
static inline bool console_says(const char *text)
{
	return strstr(host_console(), text);
}

#endif
