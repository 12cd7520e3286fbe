/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arch.h - THE port: all that the library asks of a machine.
 *
 * To add an architecture: a folder arch/NAME with asm/memory.h and one C
 * file (or more) that defines the functions below, and a line in the
 * Makefile. Nothing outside arch/ knows which one it is built for.
 *
 * asm/memory.h defines
 *   PAGE_SHIFT          log2 of the page size
 *   PAGE_OFFSET         virtual address of the start of lowmem
 *   ARCH_PFN_OFFSET     first pfn that mem_map can describe
 *   __phys_to_virt(p), __virt_to_phys(v)   the linear map, lowmem only
 *   VMALLOC_START, _END the vmalloc area; START is only known after
 *                       sanity_check_meminfo()
 *   VMALLOC_OFFSET      hole between lowmem and the vmalloc area
 *   VMALLOC_MIN_DEFAULT lowmem's virtual addresses end below it
 *   LOWMEM_CEILING      "vmalloc=" keeps its bytes free below this address
 *   PKMAP_BASE          kmap()'s addresses: one table's worth, PMD_SIZE
 *   FIXADDR_TOP         the last page of kmap_atomic()'s addresses, which go
 *                       down from it and share one table
 *   SECTION_SHIFT       log2 of what one first-level descriptor maps
 *
 * asm/pgtable.h defines the types pteval_t, pte_t, pmd_t and pgprot_t (mm/
 * pgtable.h says what is in them), and the functions on descriptors below.
 */
#ifndef ARCH_H
#define ARCH_H

#include <mm/types.h>
#include <asm/memory.h>

#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PHYS_OFFSET	((phys_addr_t)ARCH_PFN_OFFSET << PAGE_SHIFT)

/** arch_console_write - @len bytes to the console; works from the start on */
void arch_console_write(const char *text, size_t len);

/** arch_console_getc - a character that was typed; -1: none was */
int arch_console_getc(void);

/**
 * arch_halt - stop for ever, where a debugger sees it; must call nothing
 *
 * It never returns but does not say so, for a backtrace's sake: see panic() in
 * bug.h.
 */
void arch_halt(void);

/** arch_kernel_end - physical end of the image; 0: there is none in memory */
phys_addr_t arch_kernel_end(void);

/**
 * arch_stack_trace - return addresses on the stack, innermost first
 * @skip: of these, how many to leave out; the first is where this call returns
 * Return: how many there are, at most @max. Stops before what is no frame, and
 *         never faults, whatever the stack holds.
 */
unsigned int arch_stack_trace(unsigned long *entries, unsigned int max,
			      unsigned int skip);

/** arch_local_irq_save - interrupts off; returns what to restore */
static inline unsigned long arch_local_irq_save(void);
static inline void arch_local_irq_restore(unsigned long flags);

#include <asm/irqflags.h>

/* --- page tables: mm/pgtable.h, which also defines the types --------------- */

#include <asm/pgtable.h>

/**
 * pmd_off_k - the first-level descriptor of @addr's section
 * Return: an element of an array, in which the descriptor of the section that
 *         shares its table stands beside it. NULL where no page tables reach:
 *         on a machine that has them for all addresses, never.
 */
pmd_t *pmd_off_k(unsigned long addr);

/* What a descriptor is: one of these three. */
static inline bool pmd_none(pmd_t pmd);
static inline bool pmd_sect(pmd_t pmd);
static inline bool pmd_table(pmd_t pmd);
/** pmd_page_vaddr - the table's first entry: that of the pair's first page */
static inline pte_t *pmd_page_vaddr(pmd_t pmd);
/** pmd_sect_phys - where a section's first byte is */
static inline phys_addr_t pmd_sect_phys(pmd_t pmd);

/**
 * pmd_populate_kernel - make a descriptor that is none name a table
 * @addr:  in the section
 * @table: a clean page: PTRS_PER_PTE entries of two sections
 */
void pmd_populate_kernel(pmd_t *pmd, unsigned long addr, pte_t *table);

/**
 * set_pmd_section - map a whole section that is not mapped
 * @phys: a multiple of SECTION_SIZE
 */
void set_pmd_section(pmd_t *pmd, unsigned long addr, phys_addr_t phys,
		     pgprot_t prot);

/** pmd_clear - nothing is mapped in the section from here on; no TLB flush */
void pmd_clear(pmd_t *pmd, unsigned long addr);

/**
 * set_pte_at - map a page, or change how it is mapped
 * @addr: its address, page-aligned
 * @ptep: its entry
 *
 * Seen by the table walk after flush_cache_vmap(), or flush_tlb_kernel_range()
 * where the address was mapped before.
 */
void set_pte_at(unsigned long addr, pte_t *ptep, pte_t pte);
/** pte_clear - unmap a page; the TLB may know it until it is flushed */
void pte_clear(unsigned long addr, pte_t *ptep);

/** clean_pte_table - let the table walk see a new table's zeros */
void clean_pte_table(pte_t *table);

/** arch_early_table - the same as a table, before there is mem_map; panics */
pte_t *arch_early_table(void);

/* All for kernel addresses [start, end). */
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
/** flush_cache_vmap - after mapping what was not mapped, before its use */
void flush_cache_vmap(unsigned long start, unsigned long end);
/** flush_cache_vunmap - before unmapping */
void flush_cache_vunmap(unsigned long start, unsigned long end);

/* Are there pages of a gigabyte, of megabytes, for large devices' ioremap()? */
bool arch_ioremap_pud_supported(void);
bool arch_ioremap_pmd_supported(void);

#endif
