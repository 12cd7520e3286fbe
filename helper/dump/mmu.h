/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mmu.h - page tables: what the architectures' formats have in common.
 *
 * An entry decides where the next table is, and a walk has as many steps as
 * the format has levels, so a table that leads to itself ends like any other.
 */
#ifndef MMDUMP_MMU_H
#define MMDUMP_MMU_H

#include "internal.h"

#define MMU_LEVELS	5

/* Entries are for 1 << shift bytes each, and a table has 1 << bits of them. */
struct mmu_level {
	uint32_t shift;
	uint32_t bits;
};

enum mmu_entry_kind {
	MMU_NOTHING,		/* nothing is mapped; reserved forms, too */
	MMU_TABLE,
	MMU_LEAF,		/* a page or a block */
};

struct mmu_entry {
	enum mmu_entry_kind kind;
	uint32_t shift;		/* log2 of the bytes that a leaf maps: of 16
				 * entries that are the same, maybe */
	uint64_t phys;		/* of the table or of the leaf's first byte */
};

/* How the tables below one first table are laid out. */
struct mmu_format {
	uint32_t count;		/* of levels; 0: there are no tables */
	struct mmu_level levels[MMU_LEVELS];	/* the first table's first */
	uint32_t entry_bytes;	/* 4 or 8 */
	uint32_t phys_bits;	/* of an address in a long descriptor */
	bool wide;		/* long descriptors of 52 bits, but of 64 KiB */
	uint32_t page_shift;
	uint64_t not_address;	/* bits of an x86 entry that are no address */
	struct mmu_entry (*decode)(const struct mmu_format *f,
				   unsigned int level, uint64_t value);
	bool (*has)(const struct mmu_format *f, uint64_t virt);
};

/* Page tables as they were set. */
struct paging {
	struct mmdump_mmu mmu;
	struct mmu_format format;
};

/*
 * The tables that the last walk went through: the next one begins at the last
 * of them that it has in common with it.
 */
struct mmu_path {
	uint32_t depth;				/* tables known, root's aside */
	uint64_t virt;				/* of the last walk */
	uint64_t tables[MMU_LEVELS];		/* by level; [0] is not used */
};

/*
 * mmu_walk - what one entry maps around an address, which is not below start
 * @w:    for reading tables
 * @path: of the last walk with these tables; depth 0 at first
 * Return: FAULT when nothing is mapped there, or a table is not in RAM.
 *         Sets no message, and changes nothing but w and path.
 */
enum mmdump_status mmu_walk(struct mmdump *m, struct window *w,
			    struct mmu_path *path, uint64_t virt,
			    struct mmdump_mapping *ret);

/* The TLB that the machine keeps between calls is not good any more. */
void tlb_flush(struct mmdump *m);

/* The formats: fill *f, of which all is 0. NULL, or what was wrong. */
const char *mmu_arm_format(const struct mmdump_mmu *mmu, struct mmu_format *f);
const char *mmu_arm64_format(const struct mmdump_mmu *mmu,
			     struct mmu_format *f);
const char *mmu_x86_format(const struct mmdump_mmu *mmu, struct mmu_format *f);

/* Levels of tables with 8-byte entries that translate so many bits. */
void mmu_long_levels(struct mmu_format *f, uint32_t page_shift, uint32_t bits);

/* What a long descriptor means: LPAE's and arm64's. */
struct mmu_entry mmu_long_decode(const struct mmu_format *f,
				 unsigned int level, uint64_t value);

#endif
