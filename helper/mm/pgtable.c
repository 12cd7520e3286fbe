// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pgtable.c - pages that are page tables: made, counted, locked, found.
 *
 * Contract: a table made here serves the two sections it is for, counted in
 *           its zone's NR_PAGETABLE and with a lock of its own in page->ptl.
 * May call: page_alloc.c, slub.c, memblock_alloc.c, arch.h.
 * Called by: vmap.c, ioremap.c, highmem.c, arch/.
 * Fails:    NULL when there is no memory; panics before mm_init().
 *
 * Linux does the same for user space's tables and for those that ARM makes
 * late for the linear map, and leaves vmalloc's uncounted; here there are no
 * others to see.
 */
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/mm_debug.h>
#include <mm/pgtable.h>
#include <mm/slab.h>
#include <mm/spinlock.h>

#define PGALLOC_GFP	(GFP_KERNEL | __GFP_REPEAT | __GFP_ZERO)

static struct kmem_cache *page_ptl_cachep;

/* A free object has to hold a pointer; a lock alone may be smaller. */
static void ptlock_cache_init(void)
{
	size_t size = max(sizeof(spinlock_t), sizeof(void *));

	page_ptl_cachep = kmem_cache_create("page->ptl", size, 0, SLAB_PANIC,
					    NULL);
}

/* Linux's second cache, for whole tables, is empty on ARM: they are pages. */
void pgtable_init(void)
{
	ptlock_cache_init();
	mm_transition("pgtable_init");
}

bool pgtable_page_ctor(struct page *page)
{
	spinlock_t *ptl = kmem_cache_alloc(page_ptl_cachep, GFP_KERNEL);

	if (!ptl)
		return false;
	spin_lock_init(ptl);
	page->ptl = ptl;
	mod_zone_page_state(page_zone(page), NR_PAGETABLE, 1);
	return true;
}

void pgtable_page_dtor(struct page *page)
{
	kmem_cache_free(page_ptl_cachep, page->ptl);
	page->ptl = NULL;
	mod_zone_page_state(page_zone(page), NR_PAGETABLE, -1);
}

static pte_t *pte_alloc_one_kernel(void)
{
	unsigned long addr = __get_free_pages(PGALLOC_GFP, 0);

	if (!addr)
		return NULL;
	if (!pgtable_page_ctor(virt_to_page(addr))) {
		free_page(addr);
		return NULL;
	}
	clean_pte_table((pte_t *)addr);
	return (pte_t *)addr;
}

void pte_free_kernel(pte_t *table)
{
	pgtable_page_dtor(virt_to_page(table));
	free_page((unsigned long)table);
}

/* Orders who puts a table into swapper_pg_dir; Linux's is in init_mm. */
static spinlock_t page_table_lock;

/* The table of the neighbour, which is @pmd's too; NULL: has none either. */
static pte_t *table_of_pair(pmd_t *pmd, unsigned long addr)
{
	pmd_t *other = addr & SECTION_SIZE ? pmd - 1 : pmd + 1;

	return pmd_table(*other) ? pmd_page_vaddr(*other) : NULL;
}

/* Names @table in the section's descriptor, and in an empty neighbour's. */
static void __pmd_populate_pair(pmd_t *pmd, unsigned long addr, pte_t *table)
{
	pmd_t *other = addr & SECTION_SIZE ? pmd - 1 : pmd + 1;

	pmd_populate_kernel(pmd, addr, table);
	if (pmd_none(*other))
		pmd_populate_kernel(other, addr ^ SECTION_SIZE, table);
}

/* Gives @pmd its neighbour's table, else @new; false: that was not needed. */
static bool pmd_take_table(pmd_t *pmd, unsigned long addr, pte_t *new)
{
	unsigned long flags = spin_lock_irqsave(&page_table_lock);
	pte_t *table = table_of_pair(pmd, addr);
	bool took = !table && pmd_none(*pmd);

	if (pmd_none(*pmd) && (table || new))
		__pmd_populate_pair(pmd, addr, table ? table : new);
	spin_unlock_irqrestore(&page_table_lock, flags);
	return took;
}

pte_t *pte_alloc_kernel(pmd_t *pmd, unsigned long addr)
{
	pte_t *new;

	VM_BUG_ON(pmd_sect(*pmd));
	if (pmd_none(*pmd))
		pmd_take_table(pmd, addr, NULL);
	if (unlikely(pmd_none(*pmd))) {
		new = pte_alloc_one_kernel();
		if (!new)
			return NULL;
		/* Somebody may have been here meanwhile. */
		if (!pmd_take_table(pmd, addr, new))
			pte_free_kernel(new);
	}
	return pte_offset_kernel(pmd, addr);
}

pte_t *early_pte_alloc(pmd_t *pmd, unsigned long addr)
{
	pte_t *table;

	VM_BUG_ON(pmd_sect(*pmd));
	if (pmd_none(*pmd)) {
		table = table_of_pair(pmd, addr);
		if (!table)
			table = arch_early_table();
		__pmd_populate_pair(pmd, addr, table);
	}
	return pte_offset_kernel(pmd, addr);
}

pte_t *virt_to_kpte(unsigned long addr)
{
	pmd_t *pmd = pmd_off_k(addr);

	return pmd && pmd_table(*pmd) ? pte_offset_kernel(pmd, addr) : NULL;
}
