// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioremap.c - device registers in the vmalloc area.
 *
 * Contract: an address through which @phys is reached as a device; no memory.
 * May call: vm_area.c, vmap.c, pgtable.c, memblock.c.  Called by: drivers.
 * Fails:    NULL, with a warning where a device cannot be.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/pgtable.h>
#include <mm/printk.h>

#include "vmalloc_internal.h"

/* --- sections ------------------------------------------------------------- */

/*
 * The area's addresses may have had a table before, which stays when the last
 * of its pages goes. It goes too now, if the neighbour does not need it.
 */
static void drop_table(pmd_t *pmd, unsigned long addr)
{
	pmd_t *other = addr & SECTION_SIZE ? pmd - 1 : pmd + 1;
	pte_t *table = pmd_page_vaddr(*pmd);

	pmd_clear(pmd, addr);
	flush_tlb_kernel_range(addr, addr + SECTION_SIZE);
	if (!pmd_table(*other))
		pte_free_kernel(table);
}

static void remap_area_sections(unsigned long addr, phys_addr_t phys,
				unsigned long size, pgprot_t prot)
{
	for (unsigned long end = addr + size; addr < end;
	     addr += SECTION_SIZE, phys += SECTION_SIZE) {
		pmd_t *pmd = pmd_off_k(addr);

		if (pmd_table(*pmd))
			drop_table(pmd, addr);
		set_pmd_section(pmd, addr, phys, prot);
	}
}

static void unmap_area_sections(unsigned long addr, unsigned long size)
{
	unsigned long start = addr;

	for (unsigned long end = addr + size; addr < end; addr += SECTION_SIZE)
		pmd_clear(pmd_off_k(addr), addr);
	flush_tlb_kernel_range(start, addr);
}

/* --- pages ---------------------------------------------------------------- */

static int ioremap_page_range(unsigned long addr, unsigned long end,
			      phys_addr_t phys, pgprot_t prot)
{
	for (; addr < end; addr += PAGE_SIZE, phys += PAGE_SIZE) {
		pte_t *pte = pte_alloc_kernel(pmd_off_k(addr), addr);

		if (!pte)
			return -ENOMEM;
		BUG_ON(!pte_none(*pte));
		set_pte_at(addr, pte, pfn_pte(PFN_DOWN(phys), prot));
	}
	return 0;
}

/* --- mapping -------------------------------------------------------------- */

/* The area registered early that all of [phys, last] is mapped in already. */
static struct vm_struct *find_static_vm_paddr(phys_addr_t phys,
					      phys_addr_t last,
					      unsigned int mtype)
{
	struct vm_struct *vm;

	for (vm = vmlist; vm; vm = vm->next)
		if (vm->flags & VM_ARM_STATIC_MAPPING &&
		    (vm->flags & VM_ARM_MTYPE_MASK) == VM_ARM_MTYPE(mtype) &&
		    phys >= vm->phys_addr &&
		    last <= vm->phys_addr + vm->size - 1)
			return vm;
	return NULL;
}

static struct vm_struct *find_static_vm_vaddr(unsigned long addr)
{
	struct vm_struct *vm;

	for (vm = vmlist; vm; vm = vm->next)
		if (vm->flags & VM_ARM_STATIC_MAPPING &&
		    addr - (unsigned long)vm->addr < vm->size)
			return vm;
	return NULL;
}

/*
 * Memory has its own, cached, mapping; a second one of another type would make
 * what it reads unpredictable.
 */
static bool range_has_memory(phys_addr_t phys, phys_addr_t last)
{
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn)
		if (rgn->size && !(rgn->flags & MEMBLOCK_NOMAP) &&
		    rgn->base <= last && phys <= rgn->base + (rgn->size - 1))
			return true;
	return false;
}

static int map_device(struct vm_struct *area, unsigned long size, pgprot_t prot)
{
	unsigned long addr = (unsigned long)area->addr;
	int err;

	if (!((area->phys_addr | size | addr) & ~SECTION_MASK)) {
		area->flags |= VM_ARM_SECTION_MAPPING;
		remap_area_sections(addr, area->phys_addr, size, prot);
		return 0;
	}
	err = ioremap_page_range(addr, addr + size, area->phys_addr, prot);
	flush_cache_vmap(addr, addr + size);
	return err;
}

static void *ioremap_caller(phys_addr_t phys, size_t size, unsigned int mtype,
			    pgprot_t prot, const void *caller)
{
	phys_addr_t last = phys + size - 1, offset = phys & ~PAGE_MASK;
	struct vm_struct *area;

	if (!size || last < phys)
		return NULL;
	area = find_static_vm_paddr(phys, last, mtype);
	if (area)
		return (char *)area->addr + (phys - area->phys_addr);
	if (range_has_memory(phys & PAGE_MASK, last | ~PAGE_MASK)) {
		pr_warn("ioremap: 0x%lx to 0x%lx is memory, not a device; asked for by %pS\n",
			phys, last, caller);
		WARN_ON(range_has_memory(phys & PAGE_MASK, last | ~PAGE_MASK));
		return NULL;
	}
	if (size > ~0UL - PAGE_SIZE - offset)
		return NULL;
	size = PAGE_ALIGN(size + offset);
	area = get_vm_area_caller(size, VM_IOREMAP | VM_ARM_MTYPE(mtype),
				  caller);
	if (!area)
		return NULL;
	area->phys_addr = phys & PAGE_MASK;
	if (map_device(area, size, prot)) {
		free_vm_area(area);
		return NULL;
	}
	return (char *)area->addr + offset;
}

void *ioremap(phys_addr_t phys, size_t size)
{
	return ioremap_caller(phys, size, MT_DEVICE,
			      pgprot_device(PAGE_KERNEL), (void *)_RET_IP_);
}

void *ioremap_wc(phys_addr_t phys, size_t size)
{
	return ioremap_caller(phys, size, MT_DEVICE_WC,
			      pgprot_writecombine(PAGE_KERNEL),
			      (void *)_RET_IP_);
}

void iounmap(volatile void *addr)
{
	unsigned long page = (unsigned long)addr & PAGE_MASK;
	struct vm_struct *vm;

	if (find_static_vm_vaddr(page))
		return;
	vm = find_vm_area((void *)page);
	if (vm && vm->addr == (void *)page &&
	    vm->flags & VM_ARM_SECTION_MAPPING)
		unmap_area_sections(page, get_vm_area_size(vm));
	vunmap((void *)page);
}

/* --- huge pages ----------------------------------------------------------- */

static bool ioremap_pud_capable, ioremap_pmd_capable;

void ioremap_huge_init(void)
{
	ioremap_pud_capable = arch_ioremap_pud_supported();
	ioremap_pmd_capable = arch_ioremap_pmd_supported();
}
