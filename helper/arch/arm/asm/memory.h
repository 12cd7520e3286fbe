/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - 32-bit ARM's address space: 3G/1G split, short descriptors.
 *
 *   PKMAP_BASE         kmap(), 2 MB, below the kernel
 *   PAGE_OFFSET        lowmem, linear: physical + constant
 *   VMALLOC_START      vmalloc, to VMALLOC_END; in its last 2 MB
 *   DEBUG_LL_VIRT      the console's registers, 1 MB, from head.S on: a static
 *                      mapping, and inside the area whatever vmalloc= says
 *   FDT_FIXED_BASE     the device tree, 2 MB, from head.S on
 *   FIXADDR_TOP        kmap_atomic(), downwards
 */
#ifndef ASM_MEMORY_H
#define ASM_MEMORY_H

#define PAGE_SHIFT	12
#define PAGE_OFFSET	0xc0000000
#define PKMAP_BASE	(PAGE_OFFSET - 0x200000)
#define VMALLOC_END	0xff800000
#define LOWMEM_CEILING	VMALLOC_END
#define VMALLOC_OFFSET	0x00800000	/* hole between lowmem and vmalloc */
/* Lowmem ends below it, so that 240 MB are left for vmalloc. */
#define VMALLOC_MIN_DEFAULT (VMALLOC_END - (240UL << 20) - VMALLOC_OFFSET)
#define FDT_FIXED_BASE	0xff800000
#define DEBUG_LL_VIRT	0xff600000
#define FIXADDR_END	0xfff00000
#define FIXADDR_TOP	(FIXADDR_END - 0x1000)

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

/* The first multiple of the hole's size that leaves a hole: high_memory may
 * itself be one. */
extern void *high_memory;
#define VMALLOC_START	(((unsigned long)high_memory + VMALLOC_OFFSET) & \
			 ~(VMALLOC_OFFSET - 1UL))

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
