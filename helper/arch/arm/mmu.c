// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmu.c - the linear map: lowmem at PAGE_OFFSET, in sections where they fit
 * and in pages at the edges.
 *
 * Contract: after paging_init() all lowmem, and nothing else below the vmalloc
 *           area, is mapped; head.S's device tree and console stay, the
 *           console as an area that vmalloc_init() takes over; kmap() has its
 *           tables.
 * May call: pgtable.c, memblock_alloc.c, lib/.  Called by: main.c.
 * Fails:    panics when there is no memory for a page table.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/highmem.h>
#include <mm/mm.h>
#include <mm/pgtable.h>
#include <mm/vmalloc.h>

#include "../../guest/fdt.h"
#include "../../guest/guest.h"
#include "arm.h"

extern char _stext[], _end[];

unsigned long __pv_phys_pfn_offset, __pv_offset;

/* From one device to another: nothing may see a mixture, so over none. */
void map_device_section(unsigned long virt, phys_addr_t phys)
{
	pmd_t *pmd = pmd_off_k(virt);

	pmd_clear(pmd, virt);
	flush_tlb_all();
	set_pmd_section(pmd, virt, phys & SECTION_MASK,
			pgprot_device(PAGE_KERNEL));
}

/* --- the linear map ------------------------------------------------------- */

static void map_page(unsigned long virt, phys_addr_t phys)
{
	pte_t *pte = early_pte_alloc(pmd_off_k(virt), virt);

	set_pte_at(virt, pte, pfn_pte(PFN_DOWN(phys), PAGE_KERNEL_EXEC));
}

/*
 * Is the section mapped as one? Then prepare_page_table() kept it, because the
 * image runs in it, memory or not.
 */
static bool is_section(unsigned long virt)
{
	return pmd_sect(*pmd_off_k(virt));
}

/* Whole sections of [start, end), or all the pages that are in none. */
static void create_mapping(phys_addr_t start, phys_addr_t end, bool sections)
{
	while (start < end) {
		unsigned long virt = __phys_to_virt(start);

		if (IS_ALIGNED(start, SECTION_SIZE) &&
		    end - start >= SECTION_SIZE) {
			if (sections)
				set_pmd_section(pmd_off_k(virt), virt, start,
						PAGE_KERNEL_EXEC);
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
			pmd_clear(&swapper_pg_dir[i], i << SECTION_SHIFT);
}

/* --- what is not lowmem --------------------------------------------------- */

/*
 * head.S has mapped the console's section, console.c may have moved it. From
 * here on it has an area, and ioremap() finds what is in it. The area is in
 * the image: so it takes no memory that anybody could miss.
 */
static void debug_ll_io_init(void)
{
	static struct vm_struct vm = {
		.addr = (void *)DEBUG_LL_VIRT,
		.size = SECTION_SIZE,
		.flags = VM_IOREMAP | VM_ARM_STATIC_MAPPING | VM_NO_GUARD |
			 VM_ARM_MTYPE(MT_DEVICE),
		.caller = (void *)debug_ll_io_init,
	};

	vm.phys_addr = pmd_sect_phys(*pmd_off_k(DEBUG_LL_VIRT));
	vm_area_add_early(&vm);
}

void paging_init(void)
{
	prepare_page_table();
	map_lowmem(true);
	flush_tlb_all();
	map_lowmem(false);
	flush_tlb_all();
	debug_ll_io_init();
	kmap_init();
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
