// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mm_debug.c - all invariants at once, at the boot's transitions.
 *
 * Contract: reads only.  May call: every *_check().  Called by: guest/, whoever ends a phase.
 * Fails:    mm_transition() panics under CONFIG_DEBUG_VM when one is broken.
 */
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/early_pool.h>
#include <mm/highmem.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/page-isolation.h>
#include <mm/page_ext.h>
#include <mm/percpu.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>
#include <mm/watermark.h>

void (*mm_transition_hook)(const char *name);
void (*mm_page_hook)(enum mm_page_event event, unsigned long pfn,
		     unsigned long pages, unsigned int order);
unsigned int mm_page_depth;
unsigned long mm_page_operation;

static const char *(*const checks[])(void) = {
	memblock_check, early_pool_check, node_check, vmstat_check,
	watermark_check, isolation_check, cma_check, page_owner_check,
	percpu_check, slab_check, vmalloc_check, kmap_check,
};

const char *mm_check(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		const char *broken = checks[i]();

		if (broken)
			return broken;
	}
	return NULL;
}

void mm_transition(const char *name)
{
#ifdef CONFIG_DEBUG_VM
	const char *broken = mm_check();

	if (broken)
		panic("%s: %s is broken", name, broken);
#endif
	if (mm_transition_hook)
		mm_transition_hook(name);
}
