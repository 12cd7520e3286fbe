// SPDX-License-Identifier: GPL-2.0-or-later
/* truth_events.c - what happened to pages, in order; truth.h says how. */
#include "truth.h"

struct truth_event truth_events[TRUTH_EVENTS];
unsigned long truth_nr_events;

void truth_event(enum mm_page_event kind, unsigned long pfn,
		 unsigned long pages, unsigned int order)
{
	truth_events[truth_nr_events % TRUTH_EVENTS] = (struct truth_event){
		.operation = mm_page_operation,
		.kind = (unsigned long)kind,
		.pfn = pfn,
		.pages = pages,
		.order = order,
	};
	truth_nr_events++;
}
