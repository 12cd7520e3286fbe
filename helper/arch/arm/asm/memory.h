/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - 32-bit ARM's address space: 3G/1G split, short descriptors.
 *
 *   PAGE_OFFSET        lowmem, linear: physical + constant
 *   high_memory + 8M   vmalloc, to VMALLOC_END
 *   FDT_FIXED_BASE     the device tree, 2 MB, from head.S on
 *   DEBUG_LL_VIRT      the console's registers, 1 MB, from head.S on
 */
#ifndef ASM_MEMORY_H
#define ASM_MEMORY_H

#define PAGE_SHIFT	12
#define PAGE_OFFSET	0xc0000000
#define VMALLOC_END	0xff800000
#define VMALLOC_OFFSET	0x00800000	/* hole between lowmem and vmalloc */
/* Lowmem ends below it, so that 240 MB are left for vmalloc. */
#define VMALLOC_MIN_DEFAULT (VMALLOC_END - (240UL << 20) - VMALLOC_OFFSET)
#define FDT_FIXED_BASE	0xff800000
#define DEBUG_LL_VIRT	0xffa00000

#define SECTION_SHIFT	20
#define SECTION_SIZE	(1 << SECTION_SHIFT)
#define PG_DIR_SIZE	0x4000		/* 4096 first-level descriptors */

/* The image's first byte, from the start of RAM: where QEMU and boot loaders
 * put a raw image; the translation table stands below it. */
#define TEXT_OFFSET	0x10000
#define PG_DIR_OFFSET	0x4000

#ifndef __ASSEMBLER__
/* Found by head.S: where in physical memory the image runs. */
extern unsigned long __pv_phys_pfn_offset;	/* PHYS_OFFSET >> PAGE_SHIFT */
extern unsigned long __pv_offset;		/* PHYS_OFFSET - PAGE_OFFSET */

#define ARCH_PFN_OFFSET	__pv_phys_pfn_offset

static inline unsigned long __phys_to_virt(unsigned long phys)
{
	return phys - __pv_offset;
}

static inline unsigned long __virt_to_phys(unsigned long addr)
{
	return addr + __pv_offset;
}
#endif

#endif
