// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu.c - a walk through page tables, and which tables those are.
 *
 * Contract: as gdb/mmscope/layout/pagetable.py: the same tables give the same
 *           mapping, for every format there.
 * May call: ram.c, status.c, mmu_*.c.  Called by: virt.c.
 * Fails:    MMDUMP_ERR_FAULT where nothing is mapped.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "mmu.h"

enum mmdump_status mmdump_set_mmu(struct mmdump *m,
				  const struct mmdump_mmu *mmu)
{
	struct paging paging = { .mmu = *mmu };
	const char *wrong;

	begin(m);
	switch (mmu->kind) {
	case MMDUMP_MMU_NONE:
		wrong = NULL;
		break;
	case MMDUMP_MMU_ARM_SHORT:
	case MMDUMP_MMU_ARM_LPAE:
		wrong = mmu_arm_format(mmu, &paging.format);
		break;
	case MMDUMP_MMU_ARM64:
		wrong = mmu_arm64_format(mmu, &paging.format);
		break;
	case MMDUMP_MMU_X86_64:
		wrong = mmu_x86_format(mmu, &paging.format);
		break;
	default:
		wrong = "no such kind";
	}
	if (wrong)
		return fail(m, MMDUMP_ERR_ARGUMENT, "page tables: %s", wrong);
	if (!m->paging)
		m->paging = calloc(1, sizeof(*m->paging));
	if (!m->paging)
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory");
	*m->paging = paging;
	tlb_flush(m);
	return MMDUMP_OK;
}

static uint64_t entry_of(const unsigned char *bytes, uint32_t count,
			 bool big_endian)
{
	uint64_t whole;
	uint32_t half;

	if (count == sizeof(whole)) {
		memcpy(&whole, bytes, sizeof(whole));
		return big_endian ? be64toh(whole) : le64toh(whole);
	}
	memcpy(&half, bytes, sizeof(half));
	return big_endian ? be32toh(half) : le32toh(half);
}

/* The level whose table both addresses share, as far as path knows it. */
static unsigned int shared(const struct mmu_format *f,
			   const struct mmu_path *path, uint64_t virt)
{
	unsigned int level = path->depth;

	while (level && (path->virt ^ virt) >> f->levels[level - 1].shift)
		level--;
	return level;
}

enum mmdump_status mmu_walk(struct mmdump *m, struct window *w,
			    struct mmu_path *path, uint64_t virt,
			    struct mmdump_mapping *ret)
{
	const struct mmdump_mmu *mmu = &m->paging->mmu;
	const struct mmu_format *f = &m->paging->format;
	unsigned int level;

	if (!f->count || !f->has(f, virt))
		return MMDUMP_ERR_FAULT;
	level = shared(f, path, virt);
	path->virt = virt;
	for (path->depth = level; level < f->count; level++) {
		const struct mmu_level *l = &f->levels[level];
		uint64_t table = level ? path->tables[level] : mmu->root;
		uint64_t at = (virt >> l->shift & ((1ULL << l->bits) - 1)) *
			      f->entry_bytes;
		unsigned char bytes[8];
		struct mmu_entry e;
		uint64_t fault;

		if (__builtin_add_overflow(table, at, &at) ||
		    ram_copy(m, w, at, bytes, f->entry_bytes, &fault))
			return MMDUMP_ERR_FAULT;
		e = f->decode(f, level, entry_of(bytes, f->entry_bytes,
						 mmu->big_endian));
		if (e.kind == MMU_LEAF) {
			ret->size = 1ULL << l->shift;
			ret->virt = virt & -ret->size;
			ret->phys = e.phys + (ret->virt &
					      ((1ULL << e.shift) - 1));
			return MMDUMP_OK;
		}
		if (e.kind != MMU_TABLE || level + 1 == f->count)
			return MMDUMP_ERR_FAULT;
		path->tables[level + 1] = e.phys;
		path->depth = level + 1;
	}
	return MMDUMP_ERR_FAULT;
}
