// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu_x86.c - x86-64 page tables: four or five levels.
 *
 * Contract: as gdb/mmscope/layout/x86_mmu.py.
 * May call: mmu_arm64.c (levels).  Called by: mmu.c.
 * Source:   Intel 64 and IA-32 Architectures Software Developer's Manual,
 *           volume 3, "Paging".
 */
#include <stddef.h>

#include "mmu.h"

#define PRESENT		1ULL
#define PAGE_SIZE_BIT	(1ULL << 7)	/* PS: a block */
#define ADDRESS		((1ULL << 52) - (1ULL << 12))
#define LARGEST_SHIFT	30		/* of a block */

static struct mmu_entry x86_decode(const struct mmu_format *f,
				   unsigned int level, uint64_t value)
{
	uint32_t shift = f->levels[level].shift;
	struct mmu_entry e = {
		.shift = shift, .phys = value & ADDRESS & ~f->not_address,
	};

	if (!(value & PRESENT)) {
		e.kind = MMU_NOTHING;
	} else if (shift == 12) {
		e.kind = MMU_LEAF;
	} else if (!(value & PAGE_SIZE_BIT)) {
		e.kind = MMU_TABLE;
	} else if (shift > LARGEST_SHIFT) {
		e.kind = MMU_NOTHING;		/* reserved */
	} else {
		e.kind = MMU_LEAF;
		e.phys = e.phys >> shift << shift;
	}
	return e;
}

static bool canonical(const struct mmu_format *f, uint64_t virt)
{
	uint32_t bits = f->levels[0].shift + f->levels[0].bits - 1;

	return virt >> bits == 0 || virt >> bits == UINT64_MAX >> bits;
}

const char *mmu_x86_format(const struct mmdump_mmu *mmu, struct mmu_format *f)
{
	if (mmu->page_shift != 12)
		return "pages of x86 are of 4 KiB";
	if (mmu->va_bits != 48 && mmu->va_bits != 57)
		return "addresses of x86 have 48 or 57 bits";
	if (mmu->big_endian)
		return "x86 is little-endian";
	f->page_shift = 12;
	f->not_address = mmu->encryption;
	f->decode = x86_decode;
	f->has = canonical;
	mmu_long_levels(f, 12, mmu->va_bits);
	return NULL;
}
