// SPDX-License-Identifier: GPL-2.0-or-later
/* vmalloc_check.c - VMALLOC-1 to -5, and those of the blocks. */
#include <mm/mm.h>

#include "vmalloc_internal.h"
#include "vmap_block.h"

static bool anything_mapped(unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE) {
		pte_t *pte = virt_to_kpte(start);

		if (pte && !pte_none(*pte))
			return true;
	}
	return false;
}

static const char *check_order(void)
{
	struct rb_node *n = rb_first(&vmap_area_root);
	const struct vmap_area *prev = NULL, *va;

	if (rb_check(&vmap_area_root))
		return "VMALLOC-1";
	list_for_each_entry(va, &vmap_area_list, list) {
		if (n != &va->rb_node || va->va_start >= va->va_end ||
		    (prev && prev->va_end > va->va_start))
			return "VMALLOC-1";
		n = rb_next(n);
		prev = va;
	}
	return n ? "VMALLOC-1" : NULL;
}

static const char *check_range(const struct vmap_area *va)
{
	if (!IS_ALIGNED(va->va_start | va->va_end, PAGE_SIZE) ||
	    va->va_start < VMALLOC_START || va->va_end > VMALLOC_END)
		return "VMALLOC-2";
	return NULL;
}

static const char *check_owner(const struct vmap_area *va)
{
	const struct vm_struct *vm = va->vm;

	if (!(va->flags & VM_VM_AREA))
		return vm ? "VMALLOC-3" : NULL;
	if (!vm || (unsigned long)vm->addr != va->va_start ||
	    vm->size != va->va_end - va->va_start)
		return "VMALLOC-3";
	return NULL;
}

static const char *check_mapping(const struct vm_struct *vm)
{
	const char *addr = vm->addr;
	unsigned long used = get_vm_area_size(vm);

	if (vm->flags & VM_UNINITIALIZED)
		return NULL;
	for (unsigned int i = 0; vm->pages && i < vm->nr_pages; i++)
		if (vmalloc_to_page(addr + ((unsigned long)i << PAGE_SHIFT)) !=
		    vm->pages[i])
			return "VMALLOC-4";
	return anything_mapped((unsigned long)addr + used,
			       (unsigned long)addr + vm->size) ?
		"VMALLOC-4" : NULL;
}

static const char *check_lazy(void)
{
	const struct llist_node *n;
	long pages = 0;

	for (n = vmap_purge_list.first; n; n = n->next) {
		const struct vmap_area *va = llist_entry(n, struct vmap_area,
							 purge_list);

		if (va->flags & VM_VM_AREA ||
		    anything_mapped(va->va_start, va->va_end))
			return "VMALLOC-5";
		pages += (long)((va->va_end - va->va_start) >> PAGE_SHIFT);
	}
	return pages == vmap_lazy_nr ? NULL : "VMALLOC-5";
}

const char *vmalloc_check(void)
{
	const char *broken = check_order();
	const struct vmap_area *va;

	if (broken)
		return broken;
	list_for_each_entry(va, &vmap_area_list, list) {
		broken = check_range(va);
		if (!broken)
			broken = check_owner(va);
		if (!broken && va->vm)
			broken = check_mapping(va->vm);
		if (broken)
			return broken;
	}
	broken = check_lazy();
	return broken ? broken : vmap_block_check();
}
