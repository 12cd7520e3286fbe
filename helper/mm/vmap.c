// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmap.c - what is mapped in the vmalloc area: vmap(), vmalloc(), vfree().
 *
 * Contract: pages are mapped where an area says, or nothing of it is.
 * May call: vm_area.c, vmalloc.c, pgtable.c, page_alloc.c, slub.c.
 * Called by: percpu.c, ioremap.c, vmap_block.c, and whoever wants memory.
 * Fails:    NULL when pages, tables or addresses run out; -ENOMEM, -EBUSY and
 *           -EINVAL where only pages are mapped.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/slab.h>

#include "vmalloc_internal.h"

/* --- page tables ---------------------------------------------------------- */

void vunmap_page_range(unsigned long addr, unsigned long end)
{
	unsigned long next;

	VM_BUG_ON(addr >= end);
	for (; addr < end; addr = next) {
		pmd_t *pmd = pmd_off_k(addr);
		pte_t *pte;

		/* One section at a time: its neighbour may be another kind. */
		next = min((addr & SECTION_MASK) + SECTION_SIZE, end);
		if (!pmd_table(*pmd))
			continue;
		pte = pte_offset_kernel(pmd, addr);
		for (; addr < next; addr += PAGE_SIZE, pte++)
			if (!pte_none(*pte))
				pte_clear(addr, pte);
	}
}

static int vmap_page(unsigned long addr, pgprot_t prot, struct page *page)
{
	pmd_t *pmd = pmd_off_k(addr);
	pte_t *pte;

	if (WARN_ON(!page))
		return -EINVAL;
	if (WARN_ON(pmd_sect(*pmd)))
		return -EBUSY;
	pte = pte_alloc_kernel(pmd, addr);
	if (!pte)
		return -ENOMEM;
	if (WARN_ON(!pte_none(*pte)))
		return -EBUSY;
	set_pte_at(addr, pte, mk_pte(page, prot));
	return 0;
}

/* Returns the pages mapped: all, or an error and none. */
static int vmap_page_range_noflush(unsigned long start, unsigned long end,
				   pgprot_t prot, struct page **pages)
{
	int err = 0, nr = 0;

	VM_BUG_ON(start >= end);
	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE) {
		err = vmap_page(addr, prot, pages[nr]);
		if (err)
			break;
		nr++;
	}
	if (!err)
		return nr;
	if (nr) {
		end = start + ((unsigned long)nr << PAGE_SHIFT);
		flush_cache_vunmap(start, end);
		vunmap_page_range(start, end);
		flush_tlb_kernel_range(start, end);
	}
	return err;
}

int vmap_page_range(unsigned long start, unsigned long end, pgprot_t prot,
		    struct page **pages)
{
	int nr = vmap_page_range_noflush(start, end, prot, pages);

	flush_cache_vmap(start, end);
	return nr;
}

int map_kernel_range_noflush(unsigned long addr, unsigned long size,
			     pgprot_t prot, struct page **pages)
{
	return vmap_page_range_noflush(addr, addr + size, prot, pages);
}

void unmap_kernel_range_noflush(unsigned long addr, unsigned long size)
{
	vunmap_page_range(addr, addr + size);
}

int map_vm_area(struct vm_struct *area, pgprot_t prot, struct page **pages)
{
	unsigned long addr = (unsigned long)area->addr;
	int nr = vmap_page_range(addr, addr + get_vm_area_size(area), prot,
				 pages);

	return nr < 0 ? nr : 0;
}

bool is_vmalloc_addr(const void *addr)
{
	return (unsigned long)addr >= VMALLOC_START &&
	       (unsigned long)addr < VMALLOC_END;
}

struct page *vmalloc_to_page(const void *addr)
{
	pte_t *pte = virt_to_kpte((unsigned long)addr);

	if (!pte || !pte_present(*pte) || !pfn_valid(pte_pfn(*pte)))
		return NULL;
	return pte_page(*pte);
}

/* --- vmap ----------------------------------------------------------------- */

/* Reports a caller's mistake; the address was none that may be given back. */
static struct vm_struct *remove_known_area(const void *addr, const char *what)
{
	struct vm_struct *area = remove_vm_area(addr);

	if (!area) {
		pr_err("%s: no area starts at %p\n", what, addr);
		WARN_ON(!area);
	}
	return area;
}

void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot)
{
	struct vm_struct *area;

	if (count > totalram_pages)
		return NULL;
	area = get_vm_area_caller((unsigned long)count << PAGE_SHIFT, flags,
				  (void *)_RET_IP_);
	if (!area)
		return NULL;
	if (map_vm_area(area, prot, pages)) {
		free_vm_area(area);
		return NULL;
	}
	return area->addr;
}

void vunmap(const void *addr)
{
	if (addr)
		kfree(remove_known_area(addr, "vunmap"));
}

/* --- vmalloc -------------------------------------------------------------- */

static void *vmalloc_caller(unsigned long size, gfp_t gfp, pgprot_t prot,
			    const void *caller);

static void free_page_array(struct page **pages)
{
	if (is_vmalloc_addr(pages))
		vfree(pages);
	else
		kfree(pages);
}

/* An array of more than a page comes from where the pages come from. */
static struct page **alloc_page_array(unsigned int nr, gfp_t gfp,
				      const void *caller)
{
	unsigned long bytes = nr * sizeof(struct page *);

	gfp = (gfp & GFP_RECLAIM_MASK) | __GFP_ZERO;
	if (bytes <= PAGE_SIZE)
		return kmalloc(bytes, gfp);
	return vmalloc_caller(bytes, gfp | __GFP_HIGHMEM, PAGE_KERNEL, caller);
}

static void release_area(struct vm_struct *area)
{
	for (unsigned int i = 0; i < area->nr_pages; i++)
		__free_page(area->pages[i]);
	if (area->pages)
		free_page_array(area->pages);
	kfree(area);
}

/* Fills @area; what failed half-way has its pages in it, to be released. */
static int __vmalloc_area(struct vm_struct *area, gfp_t gfp, pgprot_t prot)
{
	unsigned int nr = (unsigned int)(get_vm_area_size(area) >> PAGE_SHIFT);

	area->pages = alloc_page_array(nr, gfp, area->caller);
	if (!area->pages)
		return -ENOMEM;
	for (; area->nr_pages < nr; area->nr_pages++) {
		struct page *page = alloc_page(gfp | __GFP_NOWARN);

		if (!page)
			return -ENOMEM;
		area->pages[area->nr_pages] = page;
	}
	return map_vm_area(area, prot, area->pages);
}

static void *vmalloc_caller(unsigned long size, gfp_t gfp, pgprot_t prot,
			    const void *caller)
{
	struct vm_struct *area;

	if (!size || (size - 1) >> PAGE_SHIFT >= totalram_pages)
		goto fail;
	area = __get_vm_area_node(size, 1, VM_ALLOC | VM_UNINITIALIZED,
				  VMALLOC_START, VMALLOC_END, gfp, caller);
	if (!area)
		goto fail;
	if (!__vmalloc_area(area, gfp, prot)) {
		area->flags &= ~(unsigned long)VM_UNINITIALIZED;
		return area->addr;
	}
	remove_vm_area(area->addr);
	release_area(area);
fail:
	if (!(gfp & __GFP_NOWARN))
		pr_warn("vmalloc: cannot allocate %lu bytes\n", size);
	return NULL;
}

void *__vmalloc(unsigned long size, gfp_t gfp_mask, pgprot_t prot)
{
	return vmalloc_caller(size, gfp_mask, prot, (void *)_RET_IP_);
}

void *vmalloc(unsigned long size)
{
	return vmalloc_caller(size, GFP_KERNEL | __GFP_HIGHMEM, PAGE_KERNEL,
			      (void *)_RET_IP_);
}

void *vzalloc(unsigned long size)
{
	return vmalloc_caller(size, GFP_KERNEL | __GFP_HIGHMEM | __GFP_ZERO,
			      PAGE_KERNEL, (void *)_RET_IP_);
}

void vfree(const void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = remove_known_area(addr, "vfree");
	if (area)
		release_area(area);
}
