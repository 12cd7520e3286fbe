/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable.h - a host build's page tables: walked by nobody but the library.
 * set_pte_at() makes the process's mapping like the entry, so that addresses
 * of the vmalloc area really lead to RAM, and guard pages fault.
 */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include <asm/memory.h>
#include <mm/types.h>

typedef u64 pteval_t;
typedef struct {
	pteval_t pte;
} pte_t;
typedef struct {
	u64 pmd;			/* a table's address, or a section's */
} pmd_t;
typedef struct {
	pteval_t pgprot;
} pgprot_t;

#define PMD_TYPE_MASK		3u
#define PMD_TYPE_TABLE		1u
#define PMD_TYPE_SECT		2u

static inline bool pmd_none(pmd_t pmd)
{
	return !pmd.pmd;
}

static inline bool pmd_sect(pmd_t pmd)
{
	return (pmd.pmd & PMD_TYPE_MASK) == PMD_TYPE_SECT;
}

static inline bool pmd_table(pmd_t pmd)
{
	return (pmd.pmd & PMD_TYPE_MASK) == PMD_TYPE_TABLE;
}

static inline pte_t *pmd_page_vaddr(pmd_t pmd)
{
	return (pte_t *)(pmd.pmd & ~(u64)PMD_TYPE_MASK);
}

static inline phys_addr_t pmd_sect_phys(pmd_t pmd)
{
	return pmd.pmd & ~(u64)(SECTION_SIZE - 1);
}

#endif
