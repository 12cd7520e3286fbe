// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pgtable.c - ARMv7 page tables: from the software's entries to the hardware's,
 * and what caches and the TLB have to be told.
 *
 * Descriptors: ARM Architecture Reference Manual ARMv7-A, B3.5.1; memory
 * types with SCTLR.TRE = 0: B3.8.2; maintenance after a change: B3.10.1.
 * Table walks go through the caches only where TTBR0 says so, and head.S does
 * not say so: each change is cleaned to memory.
 */
#include <mm/bug.h>
#include <mm/memblock.h>
#include <mm/pgtable.h>
#include <mm/string.h>

#include "arm.h"

/* Small page. AP[2:0] = 001: the kernel may read and write. */
#define PTE_SMALL	(1u << 1)
#define PTE_XN		(1u << 0)
#define PTE_B		(1u << 2)
#define PTE_C		(1u << 3)
#define PTE_AP0		(1u << 4)
#define PTE_TEX0	(1u << 6)
#define PTE_AP2		(1u << 9)	/* nobody may write */
#define PTE_S		(1u << 10)

/* The same of a section. */
#define SECT_XN		(1u << 4)
#define SECT_AP0	(1u << 10)
#define SECT_TEX0	(1u << 12)
#define SECT_AP2	(1u << 15)
#define SECT_S		(1u << 16)

static void dsb(void)
{
	__asm__ volatile("dsb" ::: "memory");
}

static void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

/* DCCMVAC: write the line of a changed entry back to memory. */
static void clean_entry(const void *entry)
{
	__asm__ volatile("mcr p15, 0, %0, c7, c10, 1" :: "r"(entry) : "memory");
}

/* Bytes of a data cache line: CTR.DminLine, in words. */
static unsigned long dcache_line_bytes(void)
{
	u32 ctr;

	__asm__("mrc p15, 0, %0, c0, c0, 1" : "=r"(ctr));
	return 4UL << (ctr >> 16 & 0xf);
}

void clean_pte_table(pte_t *table)
{
	unsigned long at = (unsigned long)table, end = at + PAGE_SIZE;

	for (; at < end; at += dcache_line_bytes())
		clean_entry((void *)at);
	dsb();
}

/* --- the TLB -------------------------------------------------------------- */

void flush_tlb_all(void)
{
	dsb();
	__asm__ volatile("mcr p15, 0, %0, c8, c7, 0\n\t"	/* TLBIALL */
			 "mcr p15, 0, %0, c7, c5, 6"		/* BPIALL */
			 :: "r"(0) : "memory");
	dsb();
	isb();
}

/* From so many pages on, all of the TLB goes: it has no more entries. */
#define FLUSH_ALL_PAGES 64

void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	start &= PAGE_MASK;
	if (start < end && (end - start) >> PAGE_SHIFT > FLUSH_ALL_PAGES) {
		flush_tlb_all();
		return;
	}
	dsb();
	for (; start < end; start += PAGE_SIZE)		/* TLBIMVA */
		__asm__ volatile("mcr p15, 0, %0, c8, c7, 1"
				 :: "r"(start) : "memory");
	__asm__ volatile("mcr p15, 0, %0, c7, c5, 6" :: "r"(0) : "memory");
	dsb();
	isb();
}

/* ARMv7 data caches are physically tagged: only the entries have to arrive. */
void flush_cache_vmap(unsigned long start __maybe_unused,
		      unsigned long end __maybe_unused)
{
	dsb();
	isb();
}

void flush_cache_vunmap(unsigned long start __maybe_unused,
			unsigned long end __maybe_unused)
{
}

/* --- first level ---------------------------------------------------------- */

pmd_t *pmd_off_k(unsigned long addr)
{
	return &swapper_pg_dir[addr >> SECTION_SHIFT];
}

static void set_pmd(pmd_t *pmd, u32 value)
{
	pmd->pmd = value;
	clean_entry(pmd);
	dsb();
	isb();
}

void pmd_populate_kernel(pmd_t *pmd, unsigned long addr, pte_t *table)
{
	u32 half = addr & SECTION_SIZE ?
		PTRS_PER_PTE / 2 * sizeof(u32) : 0;

	set_pmd(pmd, (__virt_to_phys((unsigned long)table) + PTE_HWTABLE_OFF +
		      half) | PMD_TYPE_TABLE);
}

/* Where a descriptor has each attribute; B and C are in one place. */
struct attribute_bits {
	u32 tex0, read_only, never_execute, shared;
};

static u32 attributes(pteval_t bits, const struct attribute_bits *at)
{
	u32 found = 0;

	switch (bits & L_PTE_MT_MASK) {
	case L_PTE_MT_WRITEALLOC:
		found = at->tex0 | PTE_C | PTE_B;
		break;
	case L_PTE_MT_BUFFERABLE:
		found = at->tex0;
		break;
	case L_PTE_MT_DEV_SHARED:
		found = PTE_B;
		break;
	default:			/* strongly ordered: never wrong */
		break;
	}
	if (bits & L_PTE_RDONLY)
		found |= at->read_only;
	if (bits & L_PTE_XN)
		found |= at->never_execute;
	if (bits & L_PTE_SHARED)
		found |= at->shared;
	return found;
}

static u32 section_bits(pgprot_t prot)
{
	static const struct attribute_bits section = {
		SECT_TEX0, SECT_AP2, SECT_XN, SECT_S,
	};

	return PMD_TYPE_SECT | SECT_AP0 |
	       attributes(pgprot_val(prot), &section);
}

void set_pmd_section(pmd_t *pmd, unsigned long addr __maybe_unused,
		     phys_addr_t phys, pgprot_t prot)
{
	VM_BUG_ON(phys & ~SECTION_MASK);
	set_pmd(pmd, phys | section_bits(prot));
}

void pmd_clear(pmd_t *pmd, unsigned long addr __maybe_unused)
{
	set_pmd(pmd, 0);
}

/* --- second level --------------------------------------------------------- */

/* An entry that was not touched yet faults in Linux, to be made young. */
static u32 hw_pte(pte_t pte)
{
	static const struct attribute_bits small_page = {
		PTE_TEX0, PTE_AP2, PTE_XN, PTE_S,
	};

	if (!(pte_val(pte) & L_PTE_PRESENT) || !(pte_val(pte) & L_PTE_YOUNG))
		return 0;
	return (pte_val(pte) & PAGE_MASK) | PTE_SMALL | PTE_AP0 |
	       attributes(pte_val(pte), &small_page);
}

void set_pte_at(unsigned long addr __maybe_unused, pte_t *ptep, pte_t pte)
{
	u32 *hw = (u32 *)(void *)((char *)ptep + PTE_HWTABLE_OFF);

	*ptep = pte;
	*hw = hw_pte(pte);
	clean_entry(hw);
}

void pte_clear(unsigned long addr, pte_t *ptep)
{
	set_pte_at(addr, ptep, __pte(0));
}

/*
 * Lowmem is mapped in whole sections by now, its edges are not: so from a
 * whole section.
 */
pte_t *arch_early_table(void)
{
	const struct memblock_region *rgn;
	phys_addr_t addr = 0;
	pte_t *table;

	for_each_memblock(memory, rgn) {
		phys_addr_t start = ALIGN(rgn->base, (phys_addr_t)SECTION_SIZE);
		phys_addr_t end = min(rgn->base + rgn->size,
				      arm_lowmem_limit) & SECTION_MASK;

		if (start >= rgn->base && start < end)
			addr = memblock_alloc_range(PAGE_SIZE, PAGE_SIZE, start,
						    end, MEMBLOCK_NONE);
		if (addr)
			break;
	}
	if (!addr)
		panic("paging_init: no page for a table: no megabyte of lowmem is free, or memblock.reserved is full (%lu of %lu)",
		      memblock.reserved.cnt, memblock.reserved.max);
	table = memset(phys_to_virt(addr), 0, PAGE_SIZE);
	clean_pte_table(table);
	return table;
}

/* Large pages, also those of LPAE, are not for a device of any size here. */
bool arch_ioremap_pud_supported(void)
{
	return false;
}

bool arch_ioremap_pmd_supported(void)
{
	return false;
}
