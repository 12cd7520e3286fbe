/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - the host build's address space: RAM is a sparse file, made by
 * host_ram_init(), and lowmem a linear mapping of its start. What needs page
 * tables has a window of its own, laid out as on ARM: kmap(), vmalloc,
 * kmap_atomic().
 */
#ifndef ASM_MEMORY_H
#define ASM_MEMORY_H

#define PAGE_SHIFT	12
#define PAGE_OFFSET	host_page_offset
#define ARCH_PFN_OFFSET	host_pfn_offset
/* No vmalloc area limits lowmem here; host_lowmem_limit does. */
#define LOWMEM_CEILING	(PAGE_OFFSET + (host_lowmem_limit - PHYS_OFFSET))
#define VMALLOC_MIN_DEFAULT LOWMEM_CEILING

#define HOST_VM_BYTES	(256UL << 20)
#define PKMAP_BASE	(host_vm_base + (6UL << 20))
#define VMALLOC_START	(host_vm_base + (8UL << 20))
#define VMALLOC_END	(host_vm_base + (248UL << 20))
#define FIXADDR_TOP	(host_vm_base + HOST_VM_BYTES - (1UL << PAGE_SHIFT))
extern unsigned long host_vm_base;	/* a multiple of HOST_VM_ALIGN */
#define HOST_VM_ALIGN	(16UL << 20)

#define SECTION_SHIFT	20
#define SECTION_SIZE	(1UL << SECTION_SHIFT)

extern unsigned long host_page_offset;	/* address of RAM's first byte */
extern unsigned long host_pfn_offset;	/* pfn of RAM's first byte */
extern unsigned long host_lowmem_limit;	/* physical end of lowmem */

static inline unsigned long __phys_to_virt(unsigned long phys)
{
	return phys - (host_pfn_offset << PAGE_SHIFT) + host_page_offset;
}

static inline unsigned long __virt_to_phys(unsigned long addr)
{
	return addr - host_page_offset + (host_pfn_offset << PAGE_SHIFT);
}

#endif
