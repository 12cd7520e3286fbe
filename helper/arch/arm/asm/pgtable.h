/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable.h - ARM short descriptors, two levels, paired as Linux has them: a
 * page of tables holds the software's entries of two neighbouring sections,
 * then, PTE_HWTABLE_OFF in, the hardware's: 256 words for each section.
 *
 * Descriptors: ARM Architecture Reference Manual ARMv7-A, B3.5.1.
 */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include <asm/memory.h>
#include <mm/types.h>

typedef u32 pteval_t;
typedef struct {
	pteval_t pte;
} pte_t;
typedef struct {
	u32 pmd;
} pmd_t;
typedef struct {
	pteval_t pgprot;
} pgprot_t;

#define PMD_TYPE_MASK		3u
#define PMD_TYPE_TABLE		1u
#define PMD_TYPE_SECT		2u
#define PTE_HWTABLE_OFF		2048

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

/* The descriptor names the hardware's half, of one section. */
static inline pte_t *pmd_page_vaddr(pmd_t pmd)
{
	return (pte_t *)__phys_to_virt(pmd.pmd & ~0xfffu);
}

static inline phys_addr_t pmd_sect_phys(pmd_t pmd)
{
	return pmd.pmd & 0xfff00000u;
}

#endif
