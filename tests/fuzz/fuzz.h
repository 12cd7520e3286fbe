/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - what the fuzz targets share: a machine made of the input's first
 * bytes, and operations read from the rest.
 *
 * libFuzzer calls LLVMFuzzerTestOneInput(). Input is a script: whatever the
 * bytes are, they are legal operations, and the model beside them knows what
 * must come out. A mistake ends the process, which is how libFuzzer hears.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <host.h>
#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/mm.h>

struct input {
	const u8 *at, *end;
};

/* A byte; 0 when the input is at its end. */
static inline unsigned int take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static inline unsigned int take16(struct input *in)
{
	unsigned int low = take(in);

	return low | take(in) << 8;
}

static inline bool more(const struct input *in)
{
	return in->at < in->end;
}

#define fuzz_fail(...) do {						\
	fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);			\
	fprintf(stderr, __VA_ARGS__);					\
	fprintf(stderr, "\nconsole:\n%s\n", host_console());		\
	abort();							\
} while (0)

#define fuzz_assert(cond) do {						\
	if (!(cond))							\
		fuzz_fail("not true: %s", #cond);			\
} while (0)

/* @broken: what a *_check() returned. */
static inline void fuzz_sound(const char *broken)
{
	if (broken)
		fuzz_fail("%s is broken", broken);
}

#define FUZZ_RAM_BASE	0x10000000UL

/**
 * fuzz_boot - a machine of @blocks largest blocks, half of them HighMem,
 * with holes and reservations as @in says; booted to after mem_init()
 */
static inline void fuzz_boot(struct input *in, unsigned long blocks)
{
	unsigned long block_bytes = MAX_ORDER_NR_PAGES << PAGE_SHIFT;
	phys_addr_t early = 8 * SZ_1M, size = blocks * block_bytes;
	unsigned int holes = take(in) % 4, reservations = take(in) % 8;

	fuzz_assert(!host_ram_init(FUZZ_RAM_BASE - early, early + size,
				   FUZZ_RAM_BASE + size / 2 +
				   (take(in) << PAGE_SHIFT)));
	memblock_add(FUZZ_RAM_BASE - early, early);
	memblock_add(FUZZ_RAM_BASE, size);
	while (holes--) {
		phys_addr_t at = take16(in) % (size >> PAGE_SHIFT);

		memblock_remove(FUZZ_RAM_BASE + (at << PAGE_SHIFT),
				(phys_addr_t)take(in) << PAGE_SHIFT);
	}
	while (reservations--)
		memblock_reserve(FUZZ_RAM_BASE + take16(in) * 64UL *
				 (size >> 22), take16(in));
	sanity_check_meminfo();
	memblock_set_current_limit(FUZZ_RAM_BASE);	/* early: below it */
	bootmem_init();
}

#endif
