// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu.c - the linear map: lowmem at PAGE_OFFSET, in sections where they fit
 * and in pages at the edges.
 *
 * Contract: after paging_init() all lowmem, and nothing else below the vmalloc
 *           area, is mapped; head.S's device tree and console stay.
 * May call: memblock_alloc.c, lib/.  Called by: main.c.
 * Fails:    panics when there is no memory for a page table.
 *
 * Descriptors: ARM Architecture Reference Manual ARMv7-A, B3.5.1. Tables are
 * paired as Linux has them: one page holds, for two neighbouring sections,
 * first the software's entries (dirty and young bits, which the hardware
 * lacks), then, 2048 bytes in, the hardware's.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/string.h>

#include "../../guest/fdt.h"
#include "../../guest/guest.h"
#include "arm.h"

#define SECTION_MASK	(~((unsigned long)SECTION_SIZE - 1))

#define PMD_TYPE_MASK	3u
#define PMD_TYPE_TABLE	1u
#define PMD_TYPE_SECT	2u
#define SECTION_NORMAL	0x140eu		/* head.S */
#define SECTION_DEVICE	0x0416u		/* head.S */
#define HW_PTE_NORMAL	0x005eu		/* small page, as SECTION_NORMAL */

#define PTRS_PER_PTE	256		/* pages a section */
#define PTE_HWTABLE_OFF	2048

/* Software entries; Linux's L_PTE_ bits. */
#define L_PTE_PRESENT	(1u << 0)
#define L_PTE_YOUNG	(1u << 1)
#define L_PTE_MT_WRITEALLOC (7u << 2)
#define L_PTE_DIRTY	(1u << 6)

extern char _stext[], _end[];

unsigned long __pv_phys_pfn_offset, __pv_offset;

static void flush_tlb_all(void)
{
	__asm__ volatile("dsb\n\t"
			 "mcr p15, 0, %0, c8, c7, 0\n\t"
			 "mcr p15, 0, %0, c7, c5, 6\n\t"
			 "dsb\n\tisb" :: "r"(0) : "memory");
}

void map_device_section(unsigned long virt, phys_addr_t phys)
{
	swapper_pg_dir[virt >> SECTION_SHIFT] = (phys & SECTION_MASK) |
						SECTION_DEVICE;
	flush_tlb_all();
}

/*
 * A zeroed page for tables. Lowmem is mapped in whole sections by now, its
 * edges are not: so from a whole section.
 */
static u32 *early_pte_alloc(void)
{
	const struct memblock_region *rgn;
	phys_addr_t addr = 0;

	for_each_memblock(memory, rgn) {
		phys_addr_t start = ALIGN(rgn->base, (phys_addr_t)SECTION_SIZE);
		phys_addr_t end = min(rgn->base + rgn->size,
				      arm_lowmem_limit) & SECTION_MASK;

		if (start >= rgn->base && start < end)
			addr = memblock_alloc_range(PAGE_SIZE, PAGE_SIZE, start,
						    end, MEMBLOCK_NONE);
		if (addr)
			return memset(phys_to_virt(addr), 0, PAGE_SIZE);
	}
	panic("paging_init: no page for a table: no megabyte of lowmem is free, or memblock.reserved is full (%lu of %lu)",
	      memblock.reserved.cnt, memblock.reserved.max);
}

/* The hardware's entries of the section at @virt; made if there are none. */
static u32 *hw_table(unsigned long virt)
{
	unsigned long section = virt >> SECTION_SHIFT;
	u32 *descriptor = &swapper_pg_dir[section];
	u32 other = swapper_pg_dir[section ^ 1];
	u32 *page;

	if ((*descriptor & PMD_TYPE_MASK) == PMD_TYPE_TABLE)
		return phys_to_virt(*descriptor & ~0x3ffu);
	if ((other & PMD_TYPE_MASK) == PMD_TYPE_TABLE)
		page = phys_to_virt(other & PAGE_MASK);
	else
		page = early_pte_alloc();
	*descriptor = (virt_to_phys(page) + PTE_HWTABLE_OFF +
		       (section & 1) * PTRS_PER_PTE * sizeof(u32)) |
		      PMD_TYPE_TABLE;
	return phys_to_virt(*descriptor & ~0x3ffu);
}

static void map_page(unsigned long virt, phys_addr_t phys)
{
	unsigned long n = (virt >> PAGE_SHIFT) % PTRS_PER_PTE;
	u32 *hw = hw_table(virt);
	u32 *sw = (u32 *)(void *)((char *)hw - PTE_HWTABLE_OFF);

	hw[n] = phys | HW_PTE_NORMAL;
	sw[n] = phys | L_PTE_PRESENT | L_PTE_YOUNG | L_PTE_DIRTY |
		L_PTE_MT_WRITEALLOC;
}

/*
 * Is the section mapped as one? Then prepare_page_table() kept it, because the
 * image runs in it, memory or not.
 */
static bool is_section(unsigned long virt)
{
	return (swapper_pg_dir[virt >> SECTION_SHIFT] & PMD_TYPE_MASK) ==
	       PMD_TYPE_SECT;
}

/* Whole sections of [start, end), or all the pages that are in none. */
static void create_mapping(phys_addr_t start, phys_addr_t end, bool sections)
{
	while (start < end) {
		unsigned long virt = __phys_to_virt(start);

		if (IS_ALIGNED(start, SECTION_SIZE) &&
		    end - start >= SECTION_SIZE) {
			if (sections)
				swapper_pg_dir[virt >> SECTION_SHIFT] =
					start | SECTION_NORMAL;
			start += SECTION_SIZE;
		} else {
			if (!sections && !is_section(virt))
				map_page(virt, start);
			start += PAGE_SIZE;
		}
	}
}

static void map_lowmem(bool sections)
{
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn) {
		if (rgn->flags & MEMBLOCK_NOMAP ||
		    rgn->base >= arm_lowmem_limit)
			continue;
		create_mapping(rgn->base, min(rgn->base + rgn->size,
					      arm_lowmem_limit), sections);
	}
}

/* Everything below the vmalloc area but what the image runs in. */
static void prepare_page_table(void)
{
	unsigned long image_start = PAGE_OFFSET >> SECTION_SHIFT;
	unsigned long image_end = ((unsigned long)_end - 1) >> SECTION_SHIFT;
	unsigned long end = ((unsigned long)high_memory - 1) >> SECTION_SHIFT;

	for (unsigned long i = 0; i <= end; i++)
		if (i < image_start || i > image_end)
			swapper_pg_dir[i] = 0;
}

void paging_init(void)
{
	prepare_page_table();
	map_lowmem(true);
	flush_tlb_all();
	map_lowmem(false);
	flush_tlb_all();
}

/* --- the rest of the port ------------------------------------------------- */

const void *arch_fdt(void)
{
	if (!__atags_pointer || !IS_ALIGNED(__atags_pointer, 8))
		return NULL;
	return (const char *)FDT_FIXED_BASE + __atags_pointer % SECTION_SIZE;
}

phys_addr_t arch_kernel_end(void)
{
	return __pa(_end);
}

void arch_memblock_reserve(void)
{
	int err = memblock_reserve(__pa(_stext), _end - _stext);

	if (!err)
		err = memblock_reserve(__pa(swapper_pg_dir), PG_DIR_SIZE);
	BUG_ON(err);
}

u32 arch_boot_cpu(void)
{
	u32 mpidr;

	__asm__("mrc p15, 0, %0, c0, c0, 5" : "=r"(mpidr));
	return mpidr & 0xffffff;	/* affinity levels 2 to 0 */
}

void arch_wait(void)
{
	__asm__ volatile("wfi");
}

void arch_halt(void)
{
	for (;;)
		__asm__ volatile("wfi");
}
