// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * json.c - the allocator's state, in the form of mm zones and mm buddy
 * --blocks: one document on one line.
 *
 * Contract: free blocks come from walking the free lists, in list order.
 *           Addresses are the map's own. There is no struct page address to
 *           print, and no virtual one: both are null.
 */
#include <stdio.h>
#include <mm/bug.h>

#include "map.h"

static void print_items(const char *key, void (*items)(void), const char *end)
{
	printf("\"%s\": [", key);
	items();
	printf("]%s", end);
}

/* The comma before all items of a list but the first. */
static const char *comma(bool *more)
{
	const char *text = *more ? ", " : "";

	*more = true;
	return text;
}

static void print_problem(bool *more, const char *id, const char *where,
			  const char *text)
{
	if (id)
		printf("%s{\"id\": \"%s\", \"where\": \"%s\", \"expected\": null, \"actual\": null, \"text\": \"%s\"}",
		       comma(more), id, where, text);
}

static void print_problems(void)
{
	bool more = false;
	struct zone *zone;

	print_problem(&more, memblock_check(), "memblock",
		      "memblock_check() found it broken");
	for_each_zone(zone)
		print_problem(&more, zone_check(zone), zone->name,
			      "zone_check() found it broken");
	print_problem(&more, nr_bad_pages ? "BAD-PAGE" : NULL, "page_alloc",
		      "bad pages were reported");
	print_problem(&more, nr_warnings ? "WARNING" : NULL, "console",
		      "the allocator printed warnings");
}

static void print_zones(void)
{
	bool more = false;
	struct zone *zone;

	for_each_zone(zone) {
		printf("%s{\"node\": 0, \"index\": %d, \"name\": \"%s\", ",
		       comma(&more), zone_idx(zone), zone->name);
		printf("\"start_pfn\": %lu, \"spanned_pages\": %lu, \"present_pages\": %lu, \"managed_pages\": %lu, ",
		       zone->spanned_pages ? zone->zone_start_pfn -
					     SHIFT_PFN : 0,
		       zone->spanned_pages, zone->present_pages,
		       zone->managed_pages);
		printf("\"free_pages\": %lu, \"cma_pages\": null, \"free_cma_pages\": %lu, ",
		       zone_page_state(zone, NR_FREE_PAGES),
		       zone_page_state(zone, NR_FREE_CMA_PAGES));
		printf("\"watermark\": {\"min\": %lu, \"low\": %lu, \"high\": %lu}, \"lowmem_reserve\": [%ld, %ld, %ld]}",
		       zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
		       zone->watermark[WMARK_HIGH], zone->lowmem_reserve[0],
		       zone->lowmem_reserve[1], zone->lowmem_reserve[2]);
	}
}
_Static_assert(MAX_NR_ZONES == 3, "lowmem_reserve is printed by hand");

static void print_migratetypes(void)
{
	bool more = false;

	for (int t = 0; t < MIGRATE_TYPES; t++)
		printf("%s\"%s\"", comma(&more), migratetype_names[t]);
}

static void print_free_areas(void)
{
	bool more = false, more_types;
	struct zone *zone;

	for_each_populated_zone(zone)
		for (int o = 0; o < MAX_ORDER; o++) {
			struct free_area *area = &zone->free_area[o];

			printf("%s{\"node\": 0, \"zone\": \"%s\", \"order\": %d, \"nr_free\": %lu, \"by_migratetype\": {",
			       comma(&more), zone->name, o, area->nr_free);
			more_types = false;
			for (int t = 0; t < MIGRATE_TYPES; t++) {
				struct page *page;
				unsigned long n = 0;

				list_for_each_entry(page, &area->free_list[t],
						    lru)
					n++;
				printf("%s\"%s\": %lu", comma(&more_types),
				       migratetype_names[t], n);
			}
			printf("}}");
		}
}

static void print_blocks(void)
{
	bool more = false;
	struct zone *zone;
	struct page *page;

	for_each_populated_zone(zone)
		for (int o = 0; o < MAX_ORDER; o++)
			for (int t = 0; t < MIGRATE_TYPES; t++)
				list_for_each_entry(
					page, &zone->free_area[o].free_list[t],
					lru) {
					unsigned long pfn = page_to_pfn(page) -
							    SHIFT_PFN;

					printf("%s{\"node\": 0, \"zone\": \"%s\", \"order\": %d, \"migratetype\": \"%s\", \"pfn\": %lu, \"phys\": %lu, \"page\": null, \"virt\": null}",
					       comma(&more), zone->name, o,
					       migratetype_names[t], pfn,
					       PFN_PHYS(pfn));
				}
}

static void print_regions(const struct memblock_type *type)
{
	bool more = false;

	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *rgn = &type->regions[i];

		if (rgn->size)
			printf("%s{\"base\": %lu, \"size\": %lu, \"flags\": %lu, \"nid\": null, \"owner\": null, \"owner_source\": null}",
			       comma(&more), rgn->base - SHIFT, rgn->size,
			       rgn->flags);
	}
}

static void print_memory(void)
{
	print_regions(&memblock.memory);
}

static void print_reserved(void)
{
	print_regions(&memblock.reserved);
}

static void print_free(void)
{
	phys_addr_t start, end;
	bool more = false;
	u64 i;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end,
				NULL)
		printf("%s{\"start\": %lu, \"end\": %lu}", comma(&more),
		       start - SHIFT, end - SHIFT);
}

static void print_operations(void)
{
	bool more = false;

	for (unsigned long i = 0; i < map.nr_ops; i++) {
		const struct operation *op = &map.ops[i];

		printf("%s{\"op\": \"%s\", \"name\": \"%s\", \"order\": %u, ",
		       comma(&more), op->alloc ? "alloc" : "free", op->name,
		       op->order);
		if (op->alloc)
			printf("\"gfp\": \"%s\", ", op->gfp_text);
		if (op->page)
			printf("\"zone\": \"%s\", \"pfn\": %lu}",
			       page_zone(op->page)->name,
			       page_to_pfn(op->page) - SHIFT_PFN);
		else
			printf("\"zone\": null, \"pfn\": null}");
	}
}

void json_print(void)
{
	printf("{\"schema\": \"mmscope/replay/1\", \"target\": {\"kind\": \"replay\", \"release\": \"4.9.0\", \"arch\": \"host\", \"stage\": \"mem_init\", \"transport\": null}, ");
	print_items("problems", print_problems, ", ");
	printf("\"lowmem_limit\": %lu, \"totalram_pages\": %lu, \"totalhigh_pages\": %lu, \"min_low_pfn\": %lu, \"max_low_pfn\": %lu, \"max_pfn\": %lu, ",
	       map.lowmem_limit, totalram_pages, totalhigh_pages,
	       min_low_pfn - SHIFT_PFN, max_low_pfn - SHIFT_PFN,
	       max_pfn - SHIFT_PFN);
	print_items("zones", print_zones, ", ");
	printf("\"orders\": %d, ", MAX_ORDER);
	print_items("migratetypes", print_migratetypes, ", ");
	print_items("free_areas", print_free_areas, ", ");
	print_items("blocks", print_blocks, ", ");
	printf("\"memblock\": {");
	print_items("memory", print_memory, ", ");
	print_items("reserved", print_reserved, ", ");
	print_items("free", print_free, ", \"state\": \"live\"}, ");
	print_items("operations", print_operations, "}\n");
}
