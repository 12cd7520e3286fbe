// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bad_page.c - what no page may be like when it is freed or given out. The
 * hot paths only see that something is wrong; here is found out what.
 *
 * Contract: says which page, what about it, and who called; counts it.
 * May call: page_owner.c, lib/.  Called by: the page allocator's files.
 * Fails:    never. Keeping the page out of service is the caller's part.
 */
#include <mm/mm.h>
#include <mm/page_ext.h>
#include <mm/printk.h>

#include "page_alloc_internal.h"

unsigned long nr_bad_pages;

void bad_page(struct page *page, const char *reason, unsigned long ip)
{
	nr_bad_pages++;
	printk("BUG: Bad page: pfn 0x%lx: %s (flags 0x%lx count %d mapcount %d "
	       "mapping %p) by %pS\n", page_to_pfn(page), reason, page->flags,
	       page_count(page), page->_mapcount.counter, (void *)page->mapping,
	       (void *)ip);
	if (page_owner_inited)
		dump_page_owner(page);
}

/* Why @page cannot be free with none of @flags set; NULL: it can. */
static const char *page_bad_reason(const struct page *page, unsigned long flags)
{
	if (page->_mapcount.counter != -1)
		return "its mapcount is not -1";
	if (page->mapping)
		return "it has a mapping";
	if (page_count(page))
		return "somebody holds it";
	if (page->flags & flags)
		return "it has flags that a free page cannot have";
	return NULL;
}

void report_bad_pages(struct page *page, unsigned int order,
		      unsigned long flags, unsigned long ip)
{
	for (struct page *p = page; p < page + (1UL << order); p++) {
		const char *reason = page_bad_reason(p, flags);

		if (reason)
			bad_page(p, reason, ip);
	}
}

void report_bad_free(struct page *page, unsigned int order, unsigned long ip)
{
	if (PageTail(page))
		bad_page(page, "freed, but it is a tail of a compound page",
			 ip);
	else if (!free_order_fits(page, order))
		bad_page(page, "freed with an order it cannot have", ip);
	else if (PageBuddy(page))
		bad_page(page, "freed twice", ip);
	else
		bad_page(page, "freed, but nobody holds it", ip);
}
