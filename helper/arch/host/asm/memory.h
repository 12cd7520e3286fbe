/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - the host build's address space: RAM is one sparse mapping of
 * the process, made by host_ram_init(), and lowmem a linear part of it.
 */
#ifndef ASM_MEMORY_H
#define ASM_MEMORY_H

#define PAGE_SHIFT	12
#define PAGE_OFFSET	host_page_offset
#define ARCH_PFN_OFFSET	host_pfn_offset
/* No vmalloc area limits lowmem here; host_lowmem_limit does. */
#define VMALLOC_END	(PAGE_OFFSET + (host_lowmem_limit - PHYS_OFFSET))
#define VMALLOC_OFFSET	0UL
#define VMALLOC_MIN_DEFAULT VMALLOC_END

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
