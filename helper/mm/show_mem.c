// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * show_mem.c - what the zones look like, and who was refused memory.
 *
 * Contract: writes to the console, changes nothing but its own count.
 * May call: vmstat.c, lib/.  Called by: page_slowpath.c, guest/.
 * Fails:    never.
 */
#include <mm/mm.h>
#include <mm/printk.h>

#include "page_alloc_internal.h"

#define FULL_REPORTS	3	/* then a line whenever the count doubles */
#define GFP_NAMES_BYTES	256

unsigned long nr_alloc_failures;

/* --- flags by name -------------------------------------------------------- */

#define NAME(flags) { flags, #flags }
/* What is made of several flags comes before its parts. */
static const struct {
	gfp_t flags;
	const char *name;
} gfp_table[] = {
	NAME(GFP_HIGHUSER_MOVABLE), NAME(GFP_HIGHUSER), NAME(GFP_USER),
	NAME(GFP_KERNEL), NAME(GFP_ATOMIC), NAME(__GFP_RECLAIM),
	NAME(GFP_NOWAIT), NAME(__GFP_DMA), NAME(__GFP_HIGHMEM),
	NAME(__GFP_DMA32), NAME(__GFP_MOVABLE), NAME(__GFP_RECLAIMABLE),
	NAME(__GFP_HIGH), NAME(__GFP_IO), NAME(__GFP_FS), NAME(__GFP_COLD),
	NAME(__GFP_NOWARN), NAME(__GFP_REPEAT), NAME(__GFP_NOFAIL),
	NAME(__GFP_NORETRY), NAME(__GFP_MEMALLOC), NAME(__GFP_COMP),
	NAME(__GFP_ZERO), NAME(__GFP_NOMEMALLOC), NAME(__GFP_HARDWALL),
	NAME(__GFP_ATOMIC), NAME(__GFP_DIRECT_RECLAIM),
};

const char *format_gfp(char *buf, size_t size, gfp_t gfp)
{
	size_t len = 0;

	if (size)
		buf[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(gfp_table) && len < size; i++) {
		if ((gfp & gfp_table[i].flags) != gfp_table[i].flags)
			continue;
		gfp &= ~gfp_table[i].flags;
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					len ? "|" : "", gfp_table[i].name);
	}
	if ((gfp || !len) && len < size)
		snprintf(buf + len, size - len, "%s0x%x", len ? "|" : "", gfp);
	return buf;
}

/* --- zones ---------------------------------------------------------------- */

static unsigned long pcp_pages(const struct zone *zone)
{
	unsigned long pages = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		pages += (unsigned long)
			 per_cpu_ptr(zone->pageset, cpu)->pcp.count;
	return pages;
}

/* "12(UM)": so many blocks, which lists have some; E is Reclaimable. */
static void show_area(const struct free_area *area)
{
	static const char letters[MIGRATE_TYPES] = {
		[MIGRATE_UNMOVABLE] = 'U', [MIGRATE_MOVABLE] = 'M',
		[MIGRATE_RECLAIMABLE] = 'E', [MIGRATE_HIGHATOMIC] = 'H',
		[MIGRATE_CMA] = 'C', [MIGRATE_ISOLATE] = 'I',
	};

	printk(" %lu", area->nr_free);
	if (!area->nr_free)
		return;
	printk("(");
	for (int type = 0; type < MIGRATE_TYPES; type++)
		if (!list_empty(&area->free_list[type]))
			printk("%c", letters[type]);
	printk(")");
}

static void show_zone(const struct zone *zone)
{
	printk("%s: free %lu, min %lu, low %lu, high %lu, managed %lu pages\n",
	       zone->name, zone_page_state_snapshot(zone, NR_FREE_PAGES),
	       zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
	       zone->watermark[WMARK_HIGH], zone->managed_pages);
	printk("%s: free for CMA %lu, on per-CPU lists %lu, kept for atomic "
	       "requests %lu pages\n", zone->name,
	       zone_page_state_snapshot(zone, NR_FREE_CMA_PAGES),
	       pcp_pages(zone), zone->nr_reserved_highatomic);
	printk("%s: lowmem_reserve", zone->name);
	for (int i = 0; i < MAX_NR_ZONES; i++)
		printk(" %ld", zone->lowmem_reserve[i]);
	printk("\n%s: free blocks of order 0 to %d:", zone->name,
	       MAX_ORDER - 1);
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		show_area(&zone->free_area[order]);
	printk("\n");
}

void show_mem(void)
{
	const struct zone *zone;

	printk("memory: %lu pages, %lu free, %lu in reserve\n", totalram_pages,
	       global_page_state(NR_FREE_PAGES), totalreserve_pages);
	for_each_populated_zone(zone)
		show_zone(zone);
}

/* --- who was refused ------------------------------------------------------ */

void warn_alloc(gfp_t gfp, unsigned int order, unsigned long ip)
{
	char names[GFP_NAMES_BYTES];
	unsigned long n;

	/* Somebody relies on getting it: what follows will be hard to read. */
	if (gfp & __GFP_NOWARN && !(gfp & __GFP_NOFAIL))
		return;
	n = ++nr_alloc_failures;
	if (n > FULL_REPORTS && n & (n - 1))
		return;
	pr_warn("no memory: order %u, %s (0x%x), for %pS; request %lu that "
		"failed\n", order, format_gfp(names, sizeof(names), gfp), gfp,
		(void *)ip, n);
	if (gfp & __GFP_NOFAIL)
		pr_warn("it must not fail, but nobody is left to free "
			"memory\n");
	if (n <= FULL_REPORTS)
		show_mem();
	if (n == FULL_REPORTS)
		pr_warn("more of this: one line each time their number "
			"doubles\n");
}
