// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_compound.c - a block as one page (compound), as many (split), and cut
 * to size (exact).
 *
 * Contract: PAGE-4 holds from prep_compound_page() until the block is freed.
 * May call: page_alloc.c, bad_page.c, page_ext.h.
 * Called by: page_alloc.c, and whoever wants one of these.
 * Fails:    NULL as alloc_pages(); a compound page that is not one any more
 *           is reported when it is freed, and kept out of service.
 */
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/page_ext.h>

#include "page_alloc_internal.h"

/* --- compound ------------------------------------------------------------- */

void prep_compound_page(struct page *page, unsigned int order)
{
	VM_BUG_ON(order == 0);
	SetPageHead(page);
	for (struct page *p = page + 1; p < page + (1UL << order); p++) {
		set_page_count(p, 0);
		p->mapping = TAIL_MAPPING;
		p->compound_head = (unsigned long)page + 1;
	}
	page[1].compound_dtor = COMPOUND_PAGE_DTOR;
	set_compound_order(page, order);
}

static const char *tail_bad_reason(const struct page *head,
				   const struct page *tail)
{
	if (tail->compound_head != (unsigned long)head + 1)
		return "it is no tail of the page that it is freed with";
	if (tail->mapping != TAIL_MAPPING)
		return "it has a mapping that a tail page cannot have";
	return NULL;
}

bool undo_compound_page(struct page *page, unsigned int order, unsigned long ip)
{
	struct page *end = page + (1UL << order);
	bool good = order && order == compound_order(page);

	if (!good)
		bad_page(page, "freed with an order it cannot have", ip);
	for (struct page *p = page + 1; p < end; p++) {
		const char *reason = tail_bad_reason(page, p);

		if (likely(!reason))
			continue;
		bad_page(p, reason, ip);
		good = false;
	}
	if (!good)
		return false;
	ClearPageHead(page);
	for (struct page *p = page + 1; p < end; p++) {
		p->mapping = NULL;
		p->compound_head = 0;
	}
	return true;
}

/* --- split and exact ------------------------------------------------------ */

void split_page(struct page *page, unsigned int order)
{
	VM_BUG_ON(PageCompound(page));
	VM_BUG_ON(page_count(page) <= 0);
	for (unsigned long i = 1; i < 1UL << order; i++)
		set_page_count(page + i, 1);
	split_page_owner(page, order);
}

static unsigned int get_order(size_t size)
{
	return fls_long((size - 1) >> PAGE_SHIFT);
}

static void free_each(unsigned long addr, unsigned long end, unsigned long ip)
{
	for (; addr < end; addr += PAGE_SIZE)
		free_pages_from(virt_to_page(addr), 0, ip);
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long addr;
	unsigned int order;

	if (!size || WARN_ON(gfp & __GFP_COMP))
		return NULL;
	order = get_order(size);
	addr = __get_free_pages(gfp, order);
	if (!addr)
		return NULL;
	split_page(virt_to_page(addr), order);
	free_each(addr + PAGE_ALIGN(size), addr + (PAGE_SIZE << order),
		  _RET_IP_);
	return (void *)addr;
}

void free_pages_exact(void *addr, size_t size)
{
	if (addr)
		free_each((unsigned long)addr,
			  (unsigned long)addr + PAGE_ALIGN(size), _RET_IP_);
}
