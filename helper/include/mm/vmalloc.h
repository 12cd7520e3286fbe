/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmalloc.h - virtually contiguous memory of single pages.
 *
 *   VMALLOC-1  vmap_area_list is sorted by va_start, has no overlap and holds
 *              the nodes of vmap_area_root
 *   VMALLOC-2  every area is page-aligned and inside [VMALLOC_START, END)
 *   VMALLOC-3  an area with VM_VM_AREA has vm, whose addr and size (guard page
 *              included) are the area's
 *   VMALLOC-4  each page of a vm_struct with pages is mapped where it says, and
 *              its guard page is not mapped
 *   VMALLOC-5  vmap_lazy_nr is the pages of the areas with VM_LAZY_FREE
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <asm/pgtable.h>
#include <mm/gfp.h>
#include <mm/list.h>
#include <mm/rbtree.h>
#include <mm/types.h>

/* vm_struct.flags. Values: Linux 4.9. */
#define VM_IOREMAP		0x00000001u
#define VM_ALLOC		0x00000002u	/* vmalloc() */
#define VM_MAP			0x00000004u	/* vmap() */
#define VM_UNINITIALIZED	0x00000020u	/* being filled in */
#define VM_NO_GUARD		0x00000040u
#define VM_ARM_SECTION_MAPPING	0x80000000u	/* ioremap, by sections */
#define VM_ARM_STATIC_MAPPING	0x40000000u	/* registered early */

struct vm_struct {
	struct vm_struct *next;		/* on vmlist, before vmalloc_init() */
	void *addr;
	unsigned long size;		/* bytes, guard page included */
	unsigned long flags;		/* VM_* */
	struct page **pages;
	unsigned int nr_pages;
	phys_addr_t phys_addr;
	const void *caller;
};

struct vmap_area {
	unsigned long va_start;
	unsigned long va_end;
	unsigned long flags;		/* vmalloc.c: VM_LAZY_FREE, ... */
	struct rb_node rb_node;		/* by address */
	struct list_head list;		/* by address */
	struct list_head purge_list;	/* freed lazily */
	struct vm_struct *vm;
};

extern struct list_head vmap_area_list;
extern struct vm_struct *vmlist;
extern bool vmap_initialized;

/** vmalloc_init - per-CPU queues, and areas for what was registered early */
void vmalloc_init(void);
/** vm_area_add_early - an area before vmalloc_init(), at vm->addr */
void vm_area_add_early(struct vm_struct *vm);
/** vm_area_register_early - the same, anywhere: vm->addr is filled in */
void vm_area_register_early(struct vm_struct *vm, size_t align);

/** vmalloc, vzalloc - @size bytes of HighMem or lowmem pages; NULL */
void *vmalloc(unsigned long size);
void *vzalloc(unsigned long size);
void *__vmalloc(unsigned long size, gfp_t gfp_mask, pgprot_t prot);
/** vfree - unmapped now, flushed and reused later; NULL is ignored */
void vfree(const void *addr);

/** vmap - @pages at one address; vunmap() leaves the pages alone */
void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot);
void vunmap(const void *addr);
/** vm_map_ram, vm_unmap_ram - short-lived maps from per-CPU blocks */
void *vm_map_ram(struct page **pages, unsigned int count, int node,
		 pgprot_t prot);
void vm_unmap_ram(const void *mem, unsigned int count);
/** vm_unmap_aliases - flush everything that waits for it */
void vm_unmap_aliases(void);

struct vm_struct *get_vm_area(unsigned long size, unsigned long flags);
struct vm_struct *__get_vm_area(unsigned long size, unsigned long flags,
				unsigned long start, unsigned long end);
struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags,
				     const void *caller);
struct vm_struct *remove_vm_area(const void *addr);
void free_vm_area(struct vm_struct *area);
struct vm_struct *find_vm_area(const void *addr);
struct page *vmalloc_to_page(const void *addr);
bool is_vmalloc_addr(const void *addr);

/* Map and unmap without choosing an address; pages mapped, or -Exxx. */
int map_kernel_range_noflush(unsigned long addr, unsigned long size,
			     pgprot_t prot, struct page **pages);
void unmap_kernel_range_noflush(unsigned long addr, unsigned long size);

/*
 * pcpu_get_vm_areas - areas at one distance pattern, for percpu chunks
 * @offsets: of each area from the first one's address
 * Return: array of @nr_vms areas, by kmalloc; NULL.
 */
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align);
void pcpu_free_vm_areas(struct vm_struct **vms, int nr_vms);

/** vmalloc_check - VMALLOC-1 to -5; NULL or the broken ID */
const char *vmalloc_check(void);

/* --- ioremap.c ------------------------------------------------------------ */

/** ioremap - device registers; sections where address and size allow them */
void *ioremap(phys_addr_t phys, size_t size);
void *ioremap_wc(phys_addr_t phys, size_t size);
void iounmap(volatile void *addr);
void ioremap_huge_init(void);

#endif
