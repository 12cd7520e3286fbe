// SPDX-License-Identifier: GPL-2.0-or-later
/* pgtable.c - page tables of a process: each entry is one of its mappings. */
#include <mm/bug.h>
#include <mm/pgtable.h>

#include "host.h"

static pmd_t swapper_pg_dir[HOST_VM_BYTES >> SECTION_SHIFT];

/* For kmap() and kmap_atomic(): outside RAM, so that none is missed there. */
#define EARLY_TABLES 2
static pte_t early_tables[EARLY_TABLES][PTRS_PER_PTE]
	__attribute__((aligned(SZ_4K)));
static unsigned int early_tables_used;

pmd_t *pmd_off_k(unsigned long addr)
{
	if (addr - host_vm_base >= HOST_VM_BYTES)
		return NULL;
	return &swapper_pg_dir[(addr - host_vm_base) >> SECTION_SHIFT];
}

void pmd_populate_kernel(pmd_t *pmd, unsigned long addr __maybe_unused,
			 pte_t *table)
{
	pmd->pmd = (u64)(uintptr_t)table | PMD_TYPE_TABLE;
}

static bool writable(pteval_t bits)
{
	return !(bits & L_PTE_RDONLY);
}

void set_pmd_section(pmd_t *pmd, unsigned long addr, phys_addr_t phys,
		     pgprot_t prot)
{
	VM_BUG_ON(phys & ~SECTION_MASK);
	pmd->pmd = phys | PMD_TYPE_SECT;
	host_map(addr & SECTION_MASK, phys, SECTION_SIZE,
		 writable(pgprot_val(prot)));
}

void pmd_clear(pmd_t *pmd, unsigned long addr)
{
	if (pmd_sect(*pmd))
		host_unmap(addr & SECTION_MASK, SECTION_SIZE);
	pmd->pmd = 0;
}

void set_pte_at(unsigned long addr, pte_t *ptep, pte_t pte)
{
	bool was_present = pte_present(*ptep);

	*ptep = pte;
	if (pte_present(pte))
		host_map(addr, PFN_PHYS(pte_pfn(pte)), PAGE_SIZE,
			 writable(pte_val(pte)));
	else if (was_present)
		host_unmap(addr, PAGE_SIZE);
}

void pte_clear(unsigned long addr, pte_t *ptep)
{
	set_pte_at(addr, ptep, __pte(0));
}

void clean_pte_table(pte_t *table __maybe_unused)
{
}

pte_t *arch_early_table(void)
{
	BUG_ON(early_tables_used == EARLY_TABLES);
	return early_tables[early_tables_used++];
}

/* The process's own tables are changed by the system, which flushes. */
void flush_tlb_kernel_range(unsigned long start, unsigned long end)
{
	host_tlb_flushes++;
	host_tlb_start = start;
	host_tlb_end = end;
}

void flush_cache_vmap(unsigned long start __maybe_unused,
		      unsigned long end __maybe_unused)
{
}

void flush_cache_vunmap(unsigned long start __maybe_unused,
			unsigned long end __maybe_unused)
{
}

bool arch_ioremap_pud_supported(void)
{
	return false;
}

bool arch_ioremap_pmd_supported(void)
{
	return false;
}
