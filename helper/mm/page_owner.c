// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_owner.c - who allocated each page: order, gfp, caller and backtrace.
 *
 * Contract: off unless "page_owner=on", then every page that is not free has a
 *           record; those allocated before say so by ip 0.
 * May call: page_ext.c, lib/, arch.h.  Called by: page_alloc.c and its parts,
 *           contig.c, by the inline functions of page_ext.h.
 * Fails:    never.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/page_ext.h>
#include <mm/printk.h>
#include <mm/string.h>

/* The allocator's own frames, to be left out, and those to keep. */
#define WALK_FRAMES (16 + PAGE_OWNER_TRACE)

bool page_owner_inited;
static bool page_owner_wanted;

int early_page_owner_param(const char *arg)
{
	bool on = !strcmp(arg, "on");

	if (!on && strcmp(arg, "off"))
		return -EINVAL;
	page_owner_wanted = on;
	return 0;
}

static bool need_page_owner(void)
{
	return page_owner_wanted;
}

static bool has_owner(const struct page_ext *ext)
{
	return ext->flags & BIT(PAGE_EXT_OWNER);
}

/* --- the hooks ------------------------------------------------------------ */

/* The trace from @ip on: what is above it is the allocator's own way here. */
static void save_trace(struct page_ext *record, unsigned long ip)
{
	unsigned long entries[WALK_FRAMES];
	unsigned int found = arch_stack_trace(entries, WALK_FRAMES, 0);
	unsigned int from = 0, n = 0;

	while (from < found && entries[from] != ip)
		from++;
	if (from == found)
		from = 0;
	while (n < PAGE_OWNER_TRACE && from + n < found) {
		record->trace[n] = entries[from + n];
		n++;
	}
	record->nr_entries = n;
}

static void copy_record(struct page *page, unsigned int order,
			const struct page_ext *record)
{
	struct page_ext *ext = lookup_page_ext(page);

	for (unsigned long i = 0; i < 1UL << order; i++)
		ext[i] = *record;
}

void __set_page_owner(struct page *page, unsigned int order, gfp_t gfp_mask,
		      unsigned long ip)
{
	struct page_ext record = {
		.flags = BIT(PAGE_EXT_OWNER),
		.order = order,
		.gfp_mask = gfp_mask,
		.ip = ip,
	};

	save_trace(&record, ip);
	copy_record(page, order, &record);
}

void __reset_page_owner(struct page *page, unsigned int order)
{
	struct page_ext *ext = lookup_page_ext(page);

	for (unsigned long i = 0; i < 1UL << order; i++)
		ext[i].flags &= ~BIT(PAGE_EXT_OWNER);
}

void __split_page_owner(struct page *page, unsigned int order)
{
	struct page_ext *ext = lookup_page_ext(page);

	for (unsigned long i = 0; i < 1UL << order; i++)
		ext[i].order = 0;
}

/* --- what was there before ------------------------------------------------ */

/*
 * Before the hand-over every page belongs to the boot. Those that memblock
 * gives back lose this record when they are freed.
 */
static void init_early_allocated_pages(void)
{
	static const struct page_ext early = { .flags = BIT(PAGE_EXT_OWNER) };
	unsigned long start, end, marked = 0;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL)
		for (; start < end; start++) {
			struct page *page = pfn_to_page(start);

			if (PageBuddy(page)) {
				start += (1UL << page_private(page)) - 1;
				continue;
			}
			copy_record(page, 0, &early);
			marked++;
		}
	pr_info("page_owner: on; %lu pages are the boot's by now\n", marked);
}

static void init_page_owner(void)
{
	page_owner_inited = true;
	init_early_allocated_pages();
}

const struct page_ext_operations page_owner_ops = {
	.need = need_page_owner,
	.init = init_page_owner,
};

/* --- the report ----------------------------------------------------------- */

void dump_page_owner(const struct page *page)
{
	const struct page_ext *ext = lookup_page_ext(page);
	unsigned long pfn = page_to_pfn(page);
	const char *when;

	if (!page_owner_inited || !ext) {
		pr_info("page_owner: off: \"page_owner=on\" at boot records who allocates\n");
		return;
	}
	if (!pfn_valid(pfn)) {
		pr_info("page_owner: pfn 0x%lx is no memory\n", pfn);
		return;
	}
	when = has_owner(ext) ? "allocated" : "free now, was allocated";
	if (!ext->ip) {
		pr_info("page_owner: pfn 0x%lx: %s by the boot\n", pfn, when);
		return;
	}
	pr_info("page_owner: pfn 0x%lx: %s by %pS, order %u, gfp 0x%x\n", pfn,
		when, (void *)ext->ip, ext->order, ext->gfp_mask);
	for (unsigned int i = 0; i < ext->nr_entries &&
	     i < PAGE_OWNER_TRACE; i++)
		pr_info("page_owner:   %pS\n", (void *)ext->trace[i]);
}

/* --- the invariants ------------------------------------------------------- */

static bool same_record(const struct page_ext *a, const struct page_ext *b)
{
	return has_owner(a) && has_owner(b) && a->order == b->order &&
	       a->gfp_mask == b->gfp_mask && a->ip == b->ip &&
	       a->nr_entries == b->nr_entries &&
	       !memcmp(a->trace, b->trace, a->nr_entries * sizeof(*a->trace));
}

static const char *check_free_block(const struct page_ext *ext,
				    unsigned int order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (has_owner(ext + i))
			return "OWNER-1";
	return NULL;
}

static const char *check_record(const struct page_ext *ext, unsigned long pfn)
{
	if (ext->order >= MAX_ORDER || ext->nr_entries > PAGE_OWNER_TRACE)
		return "OWNER-2";
	/* Its first page: in the table, which has whole blocks. */
	if (!same_record(ext, ext - (pfn & ((1UL << ext->order) - 1))))
		return "OWNER-3";
	return NULL;
}

const char *page_owner_check(void)
{
	unsigned long pfn, end;
	int i;

	if (!page_owner_inited)
		return NULL;
	for_each_mem_pfn_range(i, NUMA_NO_NODE, &pfn, &end, NULL)
		for (; pfn < end; pfn++) {
			const struct page *page = pfn_to_page(pfn);
			const struct page_ext *ext = lookup_page_ext(page);
			const char *broken = NULL;

			if (PageBuddy(page))
				broken = check_free_block(ext,
					(unsigned int)page_private(page));
			else if (has_owner(ext))
				broken = check_record(ext, pfn);
			if (broken)
				return broken;
		}
	return NULL;
}
