// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * page_pcp.c - each CPU's lists of single pages: refilled from the buddy and
 * given back to it a batch at a time.
 *
 * Contract: PCP-1 to PCP-4 hold whenever interrupts are on. Pages on the lists
 *           are not free: no counter and no watermark knows of them.
 * May call: page_buddy.c, page_fallback.c, percpu.h, vmstat.h.
 * Called by: page_alloc.c, page_slowpath.c, mm_init.c, guest/.
 * Fails:    a zone for which there is no room keeps the boot pageset.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>

#include "page_alloc_internal.h"

/* Until setup_per_cpu_pageset(): lists that hold nothing for long. */
DEFINE_PER_CPU(struct per_cpu_pageset, boot_pageset);
DEFINE_PER_CPU(struct per_cpu_nodestat, boot_nodestats);

/* --- refill --------------------------------------------------------------- */

/* Pages from @page on, behind @pos; returns the last one's entry. */
static struct list_head *link_hot(struct page *page, unsigned long nr,
				  enum migratetype type, struct list_head *pos)
{
	struct list_head *next = pos->next, *prev = pos;

	for (struct page *end = page + nr; page < end; page++) {
		set_pcppage_migratetype(page, type);
		page->lru.prev = prev;
		prev->next = &page->lru;
		prev = &page->lru;
	}
	prev->next = next;
	next->prev = prev;
	return prev;
}

/* The same before @pos, so that the last one comes first. */
static struct list_head *link_cold(struct page *page, unsigned long nr,
				   enum migratetype type, struct list_head *pos)
{
	struct list_head *next = pos, *prev = pos->prev;

	for (struct page *end = page + nr; page < end; page++) {
		set_pcppage_migratetype(page, type);
		page->lru.next = next;
		next->prev = &page->lru;
		next = &page->lru;
	}
	next->prev = prev;
	prev->next = next;
	return next;
}

/* What __rmqueue() gives, but as many pages at once as have one origin. */
static struct page *rmqueue_pages(struct zone *zone, enum migratetype type,
				  unsigned long max, unsigned long *nr,
				  enum migratetype *from)
{
	struct page *page = __rmqueue_run(zone, type, max, nr);

	*from = type;
	if (page)
		return page;
	if (type == MIGRATE_MOVABLE) {
		*from = MIGRATE_CMA;
		page = __rmqueue_run(zone, MIGRATE_CMA, max, nr);
		if (page)
			return page;
	}
	page = __rmqueue_fallback(zone, 0, type);
	if (page)
		*from = get_pcppage_migratetype(page);
	*nr = 1;
	return page;
}

/*
 * The pages' order on the list is the one in which they left the buddy, so
 * that a block that comes in parts is also used and given back in order.
 */
static unsigned long rmqueue_bulk(struct zone *zone, unsigned long count,
				  struct list_head *list,
				  enum migratetype type, bool cold)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	unsigned long left = count, cma = 0;

	mm_page_begin();
	while (left) {
		enum migratetype from;
		unsigned long nr;
		struct page *page = rmqueue_pages(zone, type, left, &nr, &from);

		if (!page)
			break;
		list = cold ? link_cold(page, nr, from, list) :
			      link_hot(page, nr, from, list);
		if (from == MIGRATE_CMA)
			cma += nr;
		left -= nr;
	}
	count -= left;
	if (unlikely(cma))
		__mod_zone_page_state(zone, NR_FREE_CMA_PAGES, -(long)cma);
	__mod_zone_page_state(zone, NR_FREE_PAGES, -(long)count);
	mm_page_end();
	spin_unlock_irqrestore(&zone->lock, flags);
	return count;
}

bool refill_pcp(struct zone *zone, struct per_cpu_pages *pcp,
		enum migratetype type, bool cold)
{
	unsigned long count = rmqueue_bulk(zone, (unsigned long)pcp->batch,
					   &pcp->lists[type], type, cold);

	pcp->count += (int)count;
	return count;
}

/* --- give back ------------------------------------------------------------ */

/*
 * Whose list @count pages are taken from next: each type's in turn, and from
 * one the more the more empty ones came before it.
 */
struct turn {
	int type;
	int pages;			/* that this list may give at once */
};

static struct list_head *next_list(struct per_cpu_pages *pcp, struct turn *turn,
				   int count)
{
	struct list_head *list;

	do {
		turn->type = turn->type + 1 < MIGRATE_PCPTYPES ?
			     turn->type + 1 : 0;
		turn->pages++;
		list = &pcp->lists[turn->type];
	} while (list_empty(list));
	if (turn->pages == MIGRATE_PCPTYPES)	/* all others are empty */
		turn->pages = count;
	return list;
}

void free_pcppages_bulk(struct zone *zone, struct per_cpu_pages *pcp, int count)
{
	unsigned long flags = spin_lock_irqsave(&zone->lock);
	struct turn turn = { 0, 0 };

	mm_page_begin();
	pcp->count -= count;
	while (count) {
		struct list_head *list = next_list(pcp, &turn, count);

		do {
			struct page *page = list_entry(list->prev, struct page,
						       lru);
			enum migratetype type = get_pcppage_migratetype(page);
			unsigned long pfn = page_to_pfn(page);

			__list_del_entry(&page->lru);
			/* Isolated while it was here, perhaps. */
			if (unlikely(zone->nr_isolate_pageblock))
				type = get_pfnblock_migratetype(zone, pfn);
			__free_one_page(page, pfn, zone, 0, type);
			turn.pages--;
			count--;
		} while (count && turn.pages && !list_empty(list));
	}
	mm_page_end();
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* --- drain ---------------------------------------------------------------- */

static void drain_pages_zone(struct zone *zone, unsigned int cpu)
{
	unsigned long flags = arch_local_irq_save();
	struct per_cpu_pages *pcp = &per_cpu_ptr(zone->pageset, cpu)->pcp;

	if (pcp->count)
		free_pcppages_bulk(zone, pcp, pcp->count);
	arch_local_irq_restore(flags);
}

static void drain_pages(struct zone *zone, unsigned int cpu)
{
	if (zone) {
		drain_pages_zone(zone, cpu);
		return;
	}
	for_each_populated_zone(zone)
		drain_pages_zone(zone, cpu);
}

void drain_local_pages(struct zone *zone)
{
	drain_pages(zone, (unsigned int)smp_processor_id());
}

/* No other CPU runs, so that its lists can be emptied from here. */
void drain_all_pages(struct zone *zone)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		drain_pages(zone, cpu);
}

/* --- set up --------------------------------------------------------------- */

#define BATCH_BYTES	(512UL << 10)	/* a batch is at most a quarter of it */
#define HIGH_BATCHES	6

/*
 * About a quarter of a thousandth of the zone, but a power of two less one:
 * pages that several CPUs take from and give to would else meet in step.
 * Rule: Linux 4.9's.
 */
int zone_batchsize(const struct zone *zone)
{
	unsigned long batch = min(zone->managed_pages / 1024,
				  BATCH_BYTES / PAGE_SIZE) / 4;

	batch = max(batch, 1ul);
	batch += batch / 2;
	return (int)(1UL << (fls_long(batch) - 1)) - 1;
}

/* @batch 0: one page, and that one only passes through. */
static void setup_pageset(struct per_cpu_pageset *pageset, int batch)
{
	struct per_cpu_pages *pcp = &pageset->pcp;

	*pageset = (struct per_cpu_pageset){ 0 };
	pcp->high = HIGH_BATCHES * batch;
	pcp->batch = max(batch, 1);
	for (int type = 0; type < MIGRATE_PCPTYPES; type++)
		INIT_LIST_HEAD(&pcp->lists[type]);
}

void setup_boot_pagesets(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		setup_pageset(per_cpu_ptr(&boot_pageset, cpu), 0);
}

static void setup_zone_pageset(struct zone *zone)
{
	struct per_cpu_pageset __percpu *pageset =
		alloc_percpu(struct per_cpu_pageset);
	unsigned int cpu;

	if (!pageset) {
		pr_warn("%s: no room for per-CPU lists: it goes without\n",
			zone->name);
		return;
	}
	for_each_possible_cpu(cpu)
		setup_pageset(per_cpu_ptr(pageset, cpu), zone_batchsize(zone));
	zone->pageset = pageset;
}

void setup_per_cpu_pageset(void)
{
	struct per_cpu_nodestat __percpu *nodestats =
		alloc_percpu(struct per_cpu_nodestat);
	struct zone *zone;

	for_each_populated_zone(zone)
		setup_zone_pageset(zone);
	if (nodestats)
		contig_page_data.per_cpu_nodestats = nodestats;
	mm_transition("setup_per_cpu_pageset");
}
