/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm_debug.h - transitions: the moments between two phases, at which every
 * structure is whole and may be checked and recorded. And what happens to
 * pages, told to whoever wants to write it down.
 */
#ifndef MM_MM_DEBUG_H
#define MM_MM_DEBUG_H

#include <mm/types.h>

/**
 * mm_check - every invariant of everything that exists by now
 * Return: NULL, or the ID of the first one found broken.
 */
const char *mm_check(void);

/**
 * mm_transition - phase @name is over; CONFIG_DEBUG_VM: mm_check(), or panic
 *
 * Then mm_transition_hook is called, where somebody has set it.
 */
void mm_transition(const char *name);
extern void (*mm_transition_hook)(const char *name);

/* Each is told when it is done, with the pages that it is about. */
enum mm_page_event {
	MM_PAGES_TAKEN,		/* off the free lists, from a block of @order */
	MM_PAGES_RETURNED,	/* to them, and merged to a block of @order */
	MM_PAGE_FROM_PCP,	/* off a CPU's list */
	MM_PAGE_TO_PCP,
	MM_PAGES_RESERVED,
	MM_PAGEBLOCK_TYPE,	/* has migratetype @order */
	MM_SLAB_BEGINS,		/* @pages of a block of @order */
	MM_SLAB_ENDS,
	NR_MM_PAGE_EVENTS
};

extern void (*mm_page_hook)(enum mm_page_event event, unsigned long pfn,
			    unsigned long pages, unsigned int order);
extern unsigned int mm_page_depth;
extern unsigned long mm_page_operation;	/* counts them */

/**
 * mm_page_event - something happened to @pages from @pfn on
 *
 * CONFIG_DEBUG_VM: calls mm_page_hook, where somebody has set it. Others are
 * not told, and do not pay.
 */
static inline void mm_page_event(enum mm_page_event event __maybe_unused,
				 unsigned long pfn __maybe_unused,
				 unsigned long pages __maybe_unused,
				 unsigned int order __maybe_unused)
{
#ifdef CONFIG_DEBUG_VM
	if (!mm_page_depth)
		mm_page_operation++;
	if (mm_page_hook)
		mm_page_hook(event, pfn, pages, order);
#endif
}

/** mm_page_begin, mm_page_end - events between them are one operation's */
static inline void mm_page_begin(void)
{
#ifdef CONFIG_DEBUG_VM
	if (!mm_page_depth++)
		mm_page_operation++;
#endif
}

static inline void mm_page_end(void)
{
#ifdef CONFIG_DEBUG_VM
	mm_page_depth--;
#endif
}

#endif
