// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vm_area.c - whose a vmap_area is: vm_structs, also those that were there
 * before vmalloc_init(), and those in patterns that percpu asks for.
 *
 * Contract: an area from here has VM_VM_AREA until remove_vm_area().
 * May call: vmalloc.c, vmap.c, slub.c.  Called by: vmap.c, ioremap.c, percpu.c.
 * Fails:    NULL when addresses or memory run out, and where there is no area.
 */
#include <mm/bug.h>
#include <mm/slab.h>

#include "vmalloc_internal.h"

#define IOREMAP_MAX_ORDER 24		/* alignment of the largest devices */

struct vm_struct *vmlist;

/* --- at boot -------------------------------------------------------------- */

static unsigned long end_of(const struct vm_struct *vm)
{
	return (unsigned long)vm->addr + vm->size;
}

void vm_area_add_early(struct vm_struct *vm)
{
	struct vm_struct **link = &vmlist;

	BUG_ON(vmap_initialized);
	BUG_ON(!IS_ALIGNED((unsigned long)vm->addr, PAGE_SIZE));
	BUG_ON(!vm->size || !IS_ALIGNED(vm->size, PAGE_SIZE));
	while (*link && (*link)->addr < vm->addr) {
		BUG_ON(end_of(*link) > (unsigned long)vm->addr);
		link = &(*link)->next;
	}
	BUG_ON(*link && end_of(vm) > (unsigned long)(*link)->addr);
	vm->next = *link;
	*link = vm;
}

void vm_area_register_early(struct vm_struct *vm, size_t align)
{
	static unsigned long vm_init_off;	/* taken of the vmalloc area */
	unsigned long addr = ALIGN(VMALLOC_START + vm_init_off, align);

	vm->addr = (void *)addr;
	vm_area_add_early(vm);
	vm_init_off = PAGE_ALIGN(addr + vm->size) - VMALLOC_START;
}

void import_vmlist(void)
{
	for (struct vm_struct *vm = vmlist; vm; vm = vm->next) {
		struct vmap_area *va = kzalloc(sizeof(*va), GFP_NOWAIT);

		if (!va)
			panic("vmalloc_init: no memory for an early area");
		va->flags = VM_VM_AREA;
		va->va_start = (unsigned long)vm->addr;
		va->va_end = end_of(vm);
		va->vm = vm;
		__insert_vmap_area(va);
	}
}

/* --- one at a time -------------------------------------------------------- */

static void setup_vmalloc_vm(struct vm_struct *vm, struct vmap_area *va,
			     unsigned long flags, const void *caller)
{
	unsigned long irq = spin_lock_irqsave(&vmap_area_lock);

	vm->flags = flags;
	vm->addr = (void *)va->va_start;
	vm->size = va->va_end - va->va_start;
	vm->caller = caller;
	va->vm = vm;
	va->flags |= VM_VM_AREA;
	spin_unlock_irqrestore(&vmap_area_lock, irq);
}

/* A device's area starts where a section or a larger unit could. */
static unsigned long ioremap_align(unsigned long size)
{
	unsigned int order = fls_long(size - 1);

	return 1UL << clamp(order, (unsigned int)PAGE_SHIFT,
			    (unsigned int)IOREMAP_MAX_ORDER);
}

struct vm_struct *__get_vm_area_node(unsigned long size, unsigned long align,
				     unsigned long flags, unsigned long start,
				     unsigned long end, gfp_t gfp,
				     const void *caller)
{
	unsigned long guard = flags & VM_NO_GUARD ? 0 : PAGE_SIZE;
	struct vm_struct *vm;
	struct vmap_area *va;

	if (!size || size > ~0UL - 2 * PAGE_SIZE)
		return NULL;
	size = PAGE_ALIGN(size);
	if (flags & VM_IOREMAP)
		align = ioremap_align(size);
	vm = kzalloc(sizeof(*vm), gfp & GFP_RECLAIM_MASK);
	if (!vm)
		return NULL;
	va = alloc_vmap_area(size + guard, align, start, end, gfp);
	if (!va) {
		kfree(vm);
		return NULL;
	}
	setup_vmalloc_vm(vm, va, flags, caller);
	return vm;
}

struct vm_struct *__get_vm_area(unsigned long size, unsigned long flags,
				unsigned long start, unsigned long end)
{
	return __get_vm_area_node(size, 1, flags, start, end, GFP_KERNEL,
				  (void *)_RET_IP_);
}

struct vm_struct *get_vm_area_caller(unsigned long size, unsigned long flags,
				     const void *caller)
{
	return __get_vm_area_node(size, 1, flags, VMALLOC_START, VMALLOC_END,
				  GFP_KERNEL, caller);
}

struct vm_struct *get_vm_area(unsigned long size, unsigned long flags)
{
	return get_vm_area_caller(size, flags, (void *)_RET_IP_);
}

struct vm_struct *find_vm_area(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)addr);

	return va && va->flags & VM_VM_AREA ? va->vm : NULL;
}

struct vm_struct *remove_vm_area(const void *addr)
{
	struct vmap_area *va = find_vmap_area((unsigned long)addr);
	struct vm_struct *vm;
	unsigned long irq;

	if (!va || !(va->flags & VM_VM_AREA) ||
	    va->va_start != (unsigned long)addr)
		return NULL;
	vm = va->vm;
	irq = spin_lock_irqsave(&vmap_area_lock);
	va->vm = NULL;
	va->flags &= ~(unsigned long)VM_VM_AREA;
	spin_unlock_irqrestore(&vmap_area_lock, irq);
	free_unmap_vmap_area(va);
	return vm;
}

void free_vm_area(struct vm_struct *area)
{
	struct vm_struct *removed = remove_vm_area(area->addr);

	BUG_ON(removed != area);
	kfree(area);
}

/* --- percpu's patterns ---------------------------------------------------- */

static void free_unplaced(struct vm_struct **vms, struct vmap_area **vas,
			  int nr_vms)
{
	for (int i = 0; i < nr_vms; i++) {
		if (vas)
			kfree(vas[i]);
		if (vms)
			kfree(vms[i]);
	}
	kfree(vas);
	kfree(vms);
}

/* The arrays and all that is in them, or nothing. */
static int alloc_unplaced(struct vm_struct ***vms, struct vmap_area ***vas,
			  int nr_vms)
{
	bool all;

	*vms = kcalloc((size_t)nr_vms, sizeof(**vms), GFP_KERNEL);
	*vas = kcalloc((size_t)nr_vms, sizeof(**vas), GFP_KERNEL);
	all = *vms && *vas;
	for (int i = 0; all && i < nr_vms; i++) {
		(*vms)[i] = kzalloc(sizeof(***vms), GFP_KERNEL);
		(*vas)[i] = kzalloc(sizeof(***vas), GFP_KERNEL);
		all = (*vms)[i] && (*vas)[i];
	}
	if (all)
		return 0;
	free_unplaced(*vms, *vas, nr_vms);
	return -ENOMEM;
}

static void verify_pattern(const unsigned long *offsets, const size_t *sizes,
			   int nr_vms, size_t align)
{
	BUG_ON(nr_vms <= 0 || !IS_ALIGNED(align, PAGE_SIZE) ||
	       (align & (align - 1)));
	for (int i = 0; i < nr_vms; i++) {
		BUG_ON(!sizes[i] || !IS_ALIGNED(sizes[i] | offsets[i], align));
		for (int j = 0; j < i; j++)
			BUG_ON(offsets[i] < offsets[j] + sizes[j] &&
			       offsets[j] < offsets[i] + sizes[i]);
	}
}

struct vm_struct **pcpu_get_vm_areas(const unsigned long *offsets,
				     const size_t *sizes, int nr_vms,
				     size_t align)
{
	struct vm_struct **vms;
	struct vmap_area **vas;

	verify_pattern(offsets, sizes, nr_vms, align);
	if (alloc_unplaced(&vms, &vas, nr_vms))
		return NULL;
	if (pcpu_place_areas(vas, offsets, sizes, nr_vms, align)) {
		free_unplaced(vms, vas, nr_vms);
		return NULL;
	}
	for (int i = 0; i < nr_vms; i++)
		setup_vmalloc_vm(vms[i], vas[i], VM_ALLOC | VM_NO_GUARD,
				 (void *)pcpu_get_vm_areas);
	kfree(vas);
	return vms;
}

void pcpu_free_vm_areas(struct vm_struct **vms, int nr_vms)
{
	for (int i = 0; i < nr_vms; i++)
		free_vm_area(vms[i]);
	kfree(vms);
}
