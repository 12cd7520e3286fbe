// SPDX-License-Identifier: GPL-2.0-or-later
/* truth.c - the guest's own account of its pages; truth.h says how. */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/string.h>

#include "truth.h"

#define FNV_OFFSET_BASIS	2166136261u
#define FNV_PRIME		16777619u

struct truth truth_mem_init, truth_mm_init, truth_cma;

static u32 fnv1a_u32(u32 hash, u32 value)
{
	for (int shift = 0; shift < 32; shift += 8)
		hash = (hash ^ (value >> shift & 0xff)) * FNV_PRIME;
	return hash;
}

static void record_page(struct truth_zone *truth, const struct zone *zone,
			unsigned long pfn)
{
	const struct page *page = pfn_to_page(pfn);

	truth->memory_pages++;
	truth->reserved_pages += PageReserved(page);
	if (IS_ALIGNED(pfn, pageblock_nr_pages))
		truth->cma_blocks +=
			get_pfnblock_migratetype(zone, pfn) == MIGRATE_CMA;
	if (!PageBuddy(page))
		return;
	truth->blocks[page_private(page)]++;
	truth->free_pages += 1UL << page_private(page);
	truth->free_digest = fnv1a_u32(truth->free_digest, (u32)pfn);
	truth->free_digest = fnv1a_u32(truth->free_digest,
				       (u32)page_private(page));
}

void truth_record(struct truth *truth)
{
	const struct zone *zone;

	truth->recorded = 0;
	truth->free_pages = 0;
	for_each_zone(zone) {
		struct truth_zone *t = &truth->zones[zone_idx(zone)];

		*t = (struct truth_zone){ .free_digest = FNV_OFFSET_BASIS };
		for (unsigned long pfn = zone->zone_start_pfn;
		     pfn < zone_end_pfn(zone); pfn++)
			if (pfn_valid(pfn))
				record_page(t, zone, pfn);
		truth->free_pages += t->free_pages;
	}
	truth->recorded = 1;
}

void truth_transition(const char *name)
{
	static const struct {
		const char *name;
		struct truth *truth;
	} moments[] = {
		{ "mem_init", &truth_mem_init },
		{ "mm_init", &truth_mm_init },
		{ "cma", &truth_cma },
	};

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
		if (!strcmp(name, moments[i].name))
			truth_record(moments[i].truth);
}
