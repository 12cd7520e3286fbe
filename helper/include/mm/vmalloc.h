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
 *   VMALLOC-5  vmap_lazy_nr is the pages of the areas on vmap_purge_list, none
 *              of which has VM_VM_AREA; nothing is mapped in them
 *
 * Sizes are in bytes and rounded up to pages. An area is followed by a guard
 * page, unless VM_NO_GUARD or pcpu_get_vm_areas(): a page that is part of the
 * area and never mapped, so that running over the end faults.
 */
#ifndef MM_VMALLOC_H
#define MM_VMALLOC_H

#include <mm/gfp.h>
#include <mm/list.h>
#include <mm/llist.h>
#include <mm/pgtable.h>
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
#define VM_ARM_MTYPE_MASK	0x01f00000u	/* which kind of device */
#define VM_ARM_MTYPE(type)	((unsigned long)(type) << 20)

/* Kinds of device memory: Linux 4.9's numbers on ARM. */
enum { MT_DEVICE = 0, MT_DEVICE_WC = 3 };

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

/* vmap_area.flags */
#define VM_VM_AREA	0x04u		/* vm says whose it is */

/*
 * A range of the vmalloc area's addresses that is not free. One without
 * VM_VM_AREA belongs to vm_map_ram(), or is free but for the flush.
 */
struct vmap_area {
	unsigned long va_start;
	unsigned long va_end;
	unsigned long flags;		/* VM_VM_AREA */
	struct rb_node rb_node;		/* by address */
	struct list_head list;		/* by address */
	struct llist_node purge_list;	/* freed lazily */
	struct vm_struct *vm;
};

extern struct list_head vmap_area_list;
extern struct rb_root vmap_area_root;
extern struct llist_head vmap_purge_list;
extern long vmap_lazy_nr;		/* pages on vmap_purge_list */
extern struct vm_struct *vmlist;	/* registered before vmalloc_init() */
extern bool vmap_initialized;

/** get_vm_area_size - bytes that may be used: without the guard page */
static inline unsigned long get_vm_area_size(const struct vm_struct *area)
{
	return area->size - (area->flags & VM_NO_GUARD ? 0 : PAGE_SIZE);
}

/* --- at boot -------------------------------------------------------------- */

/** vmalloc_init - per-CPU queues, and areas for what was registered early */
void vmalloc_init(void);
/**
 * vm_area_add_early - an area before vmalloc_init(), at vm->addr
 *
 * @vm stays the caller's and must live on. BUG()s when it overlaps one that was
 * added before, or comes too late.
 */
void vm_area_add_early(struct vm_struct *vm);
/** vm_area_register_early - the same, anywhere: vm->addr is filled in */
void vm_area_register_early(struct vm_struct *vm, size_t align);

/* --- memory --------------------------------------------------------------- */

/**
 * vmalloc, vzalloc - @size bytes of single pages, HighMem where there is any
 * Return: page-aligned; NULL for 0 bytes, for more than there is memory, and
 *         when pages, page tables or addresses run out, with a warning. Then
 *         everything that was taken is given back.
 */
void *vmalloc(unsigned long size);
void *vzalloc(unsigned long size);
void *__vmalloc(unsigned long size, gfp_t gfp_mask, pgprot_t prot);

/**
 * vfree - give back what vmalloc() returned
 *
 * The pages are free and unmapped at once; the addresses are used again only
 * after a flush, which is made for many areas together. NULL is ignored; an
 * address where no area starts is reported and nothing changes.
 */
void vfree(const void *addr);

/** vmap - @pages at one address; vunmap() leaves the pages alone */
void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot);
void vunmap(const void *addr);

/**
 * vm_map_ram - short-lived: up to BITS_PER_LONG pages come from this CPU's
 * blocks and cost no search
 * Return: NULL as vmalloc().
 */
void *vm_map_ram(struct page **pages, unsigned int count, int node,
		 pgprot_t prot);
/** vm_unmap_ram - with the same @count; a wrong @mem is a BUG() */
void vm_unmap_ram(const void *mem, unsigned int count);
/** vm_unmap_aliases - flush everything that waits for it */
void vm_unmap_aliases(void);

/* --- areas ---------------------------------------------------------------- */

/**
 * get_vm_area - addresses only; with VM_IOREMAP aligned to their size
 * Return: NULL when there is no room or no memory, and for 0 bytes.
 */
struct vm_struct *get_vm_area(unsigned long size, unsigned long flags);
struct vm_struct *__get_vm_area(unsigned long size, unsigned long flags,
				unsigned long start, unsigned long end);
struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags,
				     const void *caller);
/**
 * remove_vm_area - unmap the area that starts at @addr
 * Return: it, for kfree(); NULL when no area starts there.
 */
struct vm_struct *remove_vm_area(const void *addr);
/** free_vm_area - the same, and kfree() */
void free_vm_area(struct vm_struct *area);
/** find_vm_area - the area that @addr lies in; NULL */
struct vm_struct *find_vm_area(const void *addr);
/** vmalloc_to_page - the page that is mapped there; NULL: none, or a device's */
struct page *vmalloc_to_page(const void *addr);
bool is_vmalloc_addr(const void *addr);

/**
 * map_vm_area - @pages for all of an area but its guard page
 * Return: 0; -ENOMEM: no page for a table; -EBUSY: something is mapped there;
 *         -EINVAL: a page is NULL. Then nothing of it is mapped.
 */
int map_vm_area(struct vm_struct *area, pgprot_t prot, struct page **pages);

/*
 * The same without an area; returns the number of pages mapped. The caller
 * has flush_cache_vmap() follow, or flush_cache_vunmap() go before and
 * flush_tlb_kernel_range() follow.
 */
int map_kernel_range_noflush(unsigned long addr, unsigned long size,
			     pgprot_t prot, struct page **pages);
void unmap_kernel_range_noflush(unsigned long addr, unsigned long size);

/**
 * pcpu_get_vm_areas - areas at one distance pattern, for percpu chunks
 * @offsets: of each area from the first one's address; multiples of @align
 * @sizes:   of each area; multiples of @align; no guard pages
 * @align:   power of two, at least PAGE_SIZE
 *
 * From the top of the vmalloc area down, away from everybody else.
 * Return: array of @nr_vms areas, by kmalloc; NULL: no room, no memory.
 */
struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align);
void pcpu_free_vm_areas(struct vm_struct **vms, int nr_vms);

/** vmalloc_check - VMALLOC-1 to -5; NULL or the broken ID */
const char *vmalloc_check(void);

/* --- ioremap.c ------------------------------------------------------------ */

/**
 * ioremap - device registers; sections where address and size allow them
 *
 * What was mapped early, by a VM_ARM_STATIC_MAPPING area, is found there.
 * Return: the address of @phys, wherever in a page it lies; NULL for 0 bytes,
 *         a range that wraps, memory (with a warning), and as get_vm_area().
 */
void *ioremap(phys_addr_t phys, size_t size);
/** ioremap_wc - the same, with writes that may be gathered and reordered */
void *ioremap_wc(phys_addr_t phys, size_t size);
/** iounmap - any address that ioremap() gave; static mappings stay */
void iounmap(volatile void *addr);
/** ioremap_huge_init - asks the architecture which larger pages it has */
void ioremap_huge_init(void);

#endif
