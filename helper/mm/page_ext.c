// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_ext.c - a table with more to say of each page than struct page.
 *
 * Contract: page_ext.h. There from page_ext_init_flatmem() on, if a client
 *           needs it, for good.
 * May call: memblock.c, its clients.  Called by: init.c, its clients.
 * Fails:    no table, with a message.
 */
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/page_ext.h>
#include <mm/printk.h>

static const struct page_ext_operations *const page_ext_ops[] = {
	&page_owner_ops,
};

static struct page_ext *page_ext_table;	/* entry of page_ext_start_pfn */
static unsigned long page_ext_start_pfn, page_ext_end_pfn;

/* Every client is asked: its answer may turn it on. */
static bool invoke_need_callbacks(void)
{
	bool need = false;

	for (size_t i = 0; i < ARRAY_SIZE(page_ext_ops); i++)
		need |= page_ext_ops[i]->need();
	return need;
}

static void invoke_init_callbacks(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(page_ext_ops); i++)
		if (page_ext_ops[i]->need())
			page_ext_ops[i]->init();
}

/* mem_map's pages: the node's, in whole blocks of the largest order. */
static int alloc_node_page_ext(const struct pglist_data *pgdat)
{
	unsigned long start = ALIGN_DOWN(pgdat->node_start_pfn,
					 MAX_ORDER_NR_PAGES);
	unsigned long end = ALIGN(pgdat->node_start_pfn +
				  pgdat->node_spanned_pages,
				  MAX_ORDER_NR_PAGES);
	size_t bytes = (end - start) * sizeof(*page_ext_table);

	page_ext_table = memblock_virt_alloc_try_nid_nopanic(bytes, 0, 0,
		MEMBLOCK_ALLOC_ACCESSIBLE, pgdat->node_id);
	if (!page_ext_table) {
		pr_err("page_ext: no room for %lu KiB: page_owner stays off\n",
		       (unsigned long)bytes >> 10);
		return -ENOMEM;
	}
	page_ext_start_pfn = start;
	page_ext_end_pfn = end;
	pr_info("page_ext: %lu KiB for %lu pages, %lu bytes each\n",
		(unsigned long)bytes >> 10, end - start,
		(unsigned long)sizeof(*page_ext_table));
	return 0;
}

void page_ext_init_flatmem(void)
{
	const struct pglist_data *pgdat = &contig_page_data;

	if (pgdat->node_spanned_pages && invoke_need_callbacks() &&
	    !alloc_node_page_ext(pgdat))
		invoke_init_callbacks();
	mm_transition("page_ext_init_flatmem");
}

struct page_ext *lookup_page_ext(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);

	if (!page_ext_table || pfn < page_ext_start_pfn ||
	    pfn >= page_ext_end_pfn)
		return NULL;
	return page_ext_table + (pfn - page_ext_start_pfn);
}
