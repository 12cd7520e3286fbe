/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable.h - kernel page tables, two levels as 32-bit ARM has them.
 *
 * First level: a pmd_t a section, found by pmd_off_k(). It is none, a section
 * (all of it mapped as one), or names a table. Two neighbouring sections share
 * one page of PTRS_PER_PTE entries: so a table serves PMD_SIZE bytes.
 * Second level: a pte_t a page. It is the software's entry, the same in every
 * build, with Linux's L_PTE bits; set_pte_at() makes of it whatever the
 * hardware wants.
 *
 * Linux's pgd and pud levels are folded on this machine and left out.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include <arch.h>
#include <asm/pgtable.h>
#include <mm/mm.h>
#include <mm/types.h>

#define PMD_SHIFT	21
#define PMD_SIZE	(1UL << PMD_SHIFT)
#define PMD_MASK	(~(PMD_SIZE - 1))
#define PTRS_PER_PTE	512UL
#define SECTION_MASK	(~((unsigned long)SECTION_SIZE - 1))
_Static_assert(PTRS_PER_PTE << PAGE_SHIFT == PMD_SIZE, "a table's reach");

/* Bits of pte_t and pgprot_t. Values: Linux 4.9 on ARM, two levels. */
#define L_PTE_PRESENT		(1u << 0)
#define L_PTE_YOUNG		(1u << 1)
#define L_PTE_MT_MASK		(0xfu << 2)
#define L_PTE_MT_BUFFERABLE	(0x1u << 2)	/* normal, not cached */
#define L_PTE_MT_DEV_SHARED	(0x4u << 2)
#define L_PTE_MT_WRITEALLOC	(0x7u << 2)
#define L_PTE_DIRTY		(1u << 6)
#define L_PTE_RDONLY		(1u << 7)
#define L_PTE_XN		(1u << 9)
#define L_PTE_SHARED		(1u << 10)

#define __pte(x)	((pte_t){ (pteval_t)(x) })
#define pte_val(p)	((p).pte)
#define __pgprot(x)	((pgprot_t){ (pteval_t)(x) })
#define pgprot_val(p)	((p).pgprot)

#define PAGE_KERNEL_EXEC __pgprot(L_PTE_PRESENT | L_PTE_YOUNG | L_PTE_DIRTY | \
				  L_PTE_MT_WRITEALLOC)
#define PAGE_KERNEL	__pgprot(pgprot_val(PAGE_KERNEL_EXEC) | L_PTE_XN)
#define PAGE_KERNEL_RO	__pgprot(pgprot_val(PAGE_KERNEL) | L_PTE_RDONLY)

static inline pgprot_t __pgprot_modify(pgprot_t prot, pteval_t mask,
				       pteval_t bits)
{
	return __pgprot((pgprot_val(prot) & ~mask) | bits);
}

#define pgprot_device(prot)						\
	__pgprot_modify(prot, L_PTE_MT_MASK, L_PTE_MT_DEV_SHARED |	\
			L_PTE_SHARED | L_PTE_DIRTY | L_PTE_XN)
#define pgprot_writecombine(prot)					\
	__pgprot_modify(prot, L_PTE_MT_MASK, L_PTE_MT_BUFFERABLE)

static inline bool pte_none(pte_t pte)
{
	return !pte_val(pte);
}

static inline bool pte_present(pte_t pte)
{
	return pte_val(pte) & L_PTE_PRESENT;
}

static inline unsigned long pte_pfn(pte_t pte)
{
	return (unsigned long)(pte_val(pte) >> PAGE_SHIFT);
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((pteval_t)pfn << PAGE_SHIFT | pgprot_val(prot));
}

#define mk_pte(page, prot)	pfn_pte(page_to_pfn(page), prot)
#define pte_page(pte)		pfn_to_page(pte_pfn(pte))

/** pte_offset_kernel - @addr's entry in the table that @pmd names */
static inline pte_t *pte_offset_kernel(const pmd_t *pmd, unsigned long addr)
{
	return pmd_page_vaddr(*pmd) + (addr >> PAGE_SHIFT) % PTRS_PER_PTE;
}

/* The first page boundary that ends a table, or @end if that is nearer. */
static inline unsigned long pmd_addr_end(unsigned long addr, unsigned long end)
{
	unsigned long next = (addr + PMD_SIZE) & PMD_MASK;

	return next - 1 < end - 1 ? next : end;		/* next may be 0 */
}

/* --- pgtable.c ------------------------------------------------------------ */

/**
 * pte_alloc_kernel - @addr's entry; its table is made when there is none
 * Return: NULL when no page can be had for it; an entry's address may not be
 *         asked for where a section is mapped.
 */
pte_t *pte_alloc_kernel(pmd_t *pmd, unsigned long addr);
/** pte_free_kernel - a table that no pmd names any more */
void pte_free_kernel(pte_t *table);
/** virt_to_kpte - the entry of @addr; NULL: it has no table */
pte_t *virt_to_kpte(unsigned long addr);
/** early_pte_alloc - the same before mm_init(), the table from memblock */
pte_t *early_pte_alloc(pmd_t *pmd, unsigned long addr);

/**
 * pgtable_page_ctor - a page becomes a table: counted in NR_PAGETABLE, locked
 * by page->ptl
 * Return: false when there is no memory for the lock.
 */
bool pgtable_page_ctor(struct page *page);
void pgtable_page_dtor(struct page *page);

#endif
