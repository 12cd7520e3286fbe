// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu_arm64.c - arm64 page tables, and long descriptors, which LPAE has, too.
 *
 * Contract: as gdb/mmscope/layout/arm64_mmu.py and longdesc.py. The contiguous
 *           bit joins entries in a TLB; each of them still says its address,
 *           so it does not matter here.
 * May call: nothing.  Called by: mmu.c, mmu_arm.c.
 * Source:   Arm Architecture Reference Manual, "Translation table descriptor
 *           formats", TCR_EL1.
 */
#include <stddef.h>

#include "mmu.h"

#define VALID		1U
#define TABLE_OR_PAGE	2U
#define PHYS_BITS	48		/* without 52-bit extensions */
#define FEWEST_BITS	36
#define MOST_BITS	52

void mmu_long_levels(struct mmu_format *f, uint32_t page_shift, uint32_t bits)
{
	uint32_t stride = page_shift - 3;	/* log2 of a table's entries */

	f->entry_bytes = 8;
	f->count = (bits - page_shift + stride - 1) / stride;
	for (uint32_t i = 0; i < f->count; i++) {
		uint32_t shift = page_shift + stride * (f->count - 1 - i);

		f->levels[i].shift = shift;
		f->levels[i].bits = bits - shift < stride ? bits - shift :
				    stride;
	}
}

/* The address in a descriptor, a multiple of 1 << shift. */
static uint64_t address(const struct mmu_format *f, uint64_t value,
			uint32_t shift)
{
	uint64_t phys;

	if (f->wide)		/* where else the shareability is */
		return (value & ((1ULL << 50) - 1)) >> shift << shift |
		       (value >> 8 & 3) << 50;
	phys = (value & ((1ULL << f->phys_bits) - 1)) >> shift << shift;
	return f->page_shift == 16 ? phys | (value >> 12 & 0xF) << 48 : phys;
}

/* How many levels above the last can hold a block. */
static uint32_t block_levels(const struct mmu_format *f)
{
	return (f->page_shift == 12 ? 2 : 1) +
	       (f->wide || f->page_shift == 16);
}

struct mmu_entry mmu_long_decode(const struct mmu_format *f,
				 unsigned int level, uint64_t value)
{
	uint32_t from_last = f->count - 1 - level;
	struct mmu_entry e = { .kind = MMU_NOTHING };

	if (!(value & VALID))
		return e;
	if (!(value & TABLE_OR_PAGE)) {
		if (!from_last || from_last > block_levels(f))
			return e;		/* reserved */
		e.kind = MMU_LEAF;
		e.shift = f->levels[level].shift;
		e.phys = address(f, value, e.shift);
		return e;
	}
	e.kind = from_last ? MMU_TABLE : MMU_LEAF;
	e.shift = f->page_shift;
	e.phys = address(f, value, f->page_shift);
	return e;
}

/* Both halves of the address space have as many bits. */
static bool has_half(const struct mmu_format *f, uint64_t virt)
{
	uint32_t bits = f->levels[0].shift + f->levels[0].bits;

	return virt >> bits == 0 || virt >> bits == UINT64_MAX >> bits;
}

const char *mmu_arm64_format(const struct mmdump_mmu *mmu,
			     struct mmu_format *f)
{
	if (mmu->page_shift != 12 && mmu->page_shift != 14 &&
	    mmu->page_shift != 16)
		return "pages of arm64 are of 4, 16 or 64 KiB";
	if (mmu->va_bits < FEWEST_BITS || mmu->va_bits > MOST_BITS)
		return "addresses of arm64 have 36 to 52 bits";
	if (mmu->encryption)
		return "only x86 has entries with encryption bits";
	f->page_shift = mmu->page_shift;
	f->phys_bits = PHYS_BITS;
	f->wide = mmu->va_bits > 48 && mmu->page_shift < 16;
	f->decode = mmu_long_decode;
	f->has = has_half;
	mmu_long_levels(f, mmu->page_shift, mmu->va_bits);
	return NULL;
}
