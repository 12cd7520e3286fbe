// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu_arm.c - 32-bit ARM page tables: short descriptors, and LPAE's levels.
 *
 * Contract: as gdb/mmscope/layout/arm_mmu.py. The tables are the hardware's:
 *           Linux takes two neighbouring first-level entries for one.
 * May call: mmu_arm64.c (long descriptors).  Called by: mmu.c.
 * Source:   Arm Architecture Reference Manual, "Short-descriptor translation
 *           table format".
 */
#include <stddef.h>

#include "mmu.h"

#define LPAE_PHYS_BITS		40
#define SUPERSECTION		(1U << 18)
#define SUPERSECTION_SHIFT	24
#define SECTION_SHIFT		20
#define LARGE_SHIFT		16
#define SMALL_SHIFT		12

static struct mmu_entry first_level(uint64_t value)
{
	struct mmu_entry none = { .kind = MMU_NOTHING };

	if ((value & 3) == 0)
		return none;
	if ((value & 3) == 1)
		return (struct mmu_entry){
			.kind = MMU_TABLE, .phys = value & 0xFFFFFC00,
		};
	if (value & SUPERSECTION)
		return (struct mmu_entry){
			.kind = MMU_LEAF, .shift = SUPERSECTION_SHIFT,
			.phys = (value & 0xFF000000) |
				(value >> 20 & 0xF) << 32 |
				(value >> 5 & 0xF) << 36,
		};
	return (struct mmu_entry){
		.kind = MMU_LEAF, .shift = SECTION_SHIFT,
		.phys = value & 0xFFF00000,
	};
}

static struct mmu_entry second_level(uint64_t value)
{
	struct mmu_entry none = { .kind = MMU_NOTHING };

	if ((value & 3) == 0)
		return none;
	if ((value & 3) == 1)
		return (struct mmu_entry){
			.kind = MMU_LEAF, .shift = LARGE_SHIFT,
			.phys = value & 0xFFFF0000,
		};
	return (struct mmu_entry){
		.kind = MMU_LEAF, .shift = SMALL_SHIFT,
		.phys = value & 0xFFFFF000,
	};
}

static struct mmu_entry short_decode(const struct mmu_format *f,
				     unsigned int level, uint64_t value)
{
	(void)f;
	return level ? second_level(value) : first_level(value);
}

static bool has_32_bits(const struct mmu_format *f, uint64_t virt)
{
	(void)f;
	return virt <= UINT32_MAX;
}

const char *mmu_arm_format(const struct mmdump_mmu *mmu, struct mmu_format *f)
{
	if (mmu->page_shift != 12)
		return "pages of 32-bit ARM are of 4 KiB";
	if (mmu->va_bits != 32)
		return "addresses of 32-bit ARM have 32 bits";
	if (mmu->encryption)
		return "only x86 has entries with encryption bits";
	f->has = has_32_bits;
	f->page_shift = 12;
	if (mmu->kind == MMDUMP_MMU_ARM_LPAE) {
		f->phys_bits = LPAE_PHYS_BITS;
		f->decode = mmu_long_decode;
		mmu_long_levels(f, 12, 32);
		return NULL;
	}
	f->count = 2;
	f->levels[0] = (struct mmu_level){ SECTION_SHIFT, 12 };
	f->levels[1] = (struct mmu_level){ SMALL_SHIFT, 8 };
	f->entry_bytes = 4;
	f->decode = short_decode;
	return NULL;
}
