/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * truth.h - what the guest itself found at a moment, for tests to compare a
 * debugger's answers with.
 *
 * Found the slow and obvious way, and not the debugger's: page by page
 * through mem_map and memblock, never along a free list.
 */
#ifndef GUEST_TRUTH_H
#define GUEST_TRUTH_H

#include <mm/mm_debug.h>
#include <mm/mmzone.h>

struct truth_zone {
	unsigned long memory_pages;	/* valid pfns of the zone */
	unsigned long reserved_pages;	/* of these, PageReserved */
	unsigned long free_pages;	/* in blocks whose head is PageBuddy */
	unsigned long blocks[MAX_ORDER];	/* such heads, by order */
	unsigned long cma_blocks;	/* pageblocks of type MIGRATE_CMA */
	u32 free_digest;	/* FNV-1a over (pfn, order) of the heads, pfn
				 * ascending, each as 32-bit little endian */
};

struct truth {
	unsigned long recorded;		/* 1: the rest is filled in */
	unsigned long free_pages;	/* of all zones */
	struct truth_zone zones[MAX_NR_ZONES];
};

extern struct truth truth_mem_init;	/* right after the hand-over */
extern struct truth truth_mm_init;	/* right after mm_init() */
extern struct truth truth_cma;		/* after the CMA areas came back */

/*
 * What happened to pages, written down by those who did it: mm_debug.h's
 * mm_page_hook. Only of a debug build.
 */
struct truth_event {
	unsigned long operation;	/* one call's have the same */
	unsigned long kind;		/* enum mm_page_event */
	unsigned long pfn, pages;	/* what it is about */
	unsigned long order;		/* of the block before or afterwards */
};

#ifdef CONFIG_DEBUG_VM
#define TRUTH_EVENTS	8192
#else
#define TRUTH_EVENTS	1	/* nobody tells */
#endif
extern struct truth_event truth_events[TRUTH_EVENTS];	/* the last ones */
extern unsigned long truth_nr_events;	/* all of them: the next one's seq */

/** truth_event - write one down */
void truth_event(enum mm_page_event kind, unsigned long pfn,
		 unsigned long pages, unsigned int order);

/** truth_record - look at every page and fill @truth in */
void truth_record(struct truth *truth);

/** truth_transition - record what phase @name leaves; mm_debug.h calls it */
void truth_transition(const char *name);

#endif
