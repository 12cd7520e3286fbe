/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmstat.h - counters of zones and nodes.
 *
 * A change goes to this CPU's difference and from there, when that passes
 * stat_threshold, to the zone's (or node's) counter and to the sum over all.
 *   STAT-1  -stat_threshold <= each difference <= stat_threshold
 *   STAT-2  vm_zone_stat[i] is the sum of zone->vm_stat[i] over all zones, and
 *           vm_node_stat[i] that of the node's
 * The exact value of a counter is it plus all CPUs' differences.
 */
#ifndef MM_VMSTAT_H
#define MM_VMSTAT_H

#include <mm/mmzone.h>
#include <mm/percpu.h>

extern atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS];
extern atomic_long_t vm_node_stat[NR_VM_NODE_STAT_ITEMS];

/* Events since boot, per CPU; Linux's names where it has one. */
enum vm_event_item {
	PGALLOC_NORMAL, PGALLOC_HIGH, PGALLOC_MOVABLE,
	PGFREE,
	ALLOCSTALL,
	NR_VM_EVENT_ITEMS,
};
struct vm_event_state {
	unsigned long event[NR_VM_EVENT_ITEMS];
};
DECLARE_PER_CPU(struct vm_event_state, vm_event_states);

static inline void __count_vm_events(enum vm_event_item item,
				     unsigned long n)
{
	__this_cpu(vm_event_states).event[item] += n;
}
unsigned long sum_vm_event(enum vm_event_item item);	/* of all CPUs */

static inline void zone_page_state_add(long n, struct zone *zone,
				       enum zone_stat_item item)
{
	atomic_long_add(n, &zone->vm_stat[item]);
	atomic_long_add(n, &vm_zone_stat[item]);
}

/* Add @delta to a difference; what has to go to the counter instead. */
static inline long add_diff(s8 *diff, s8 threshold, long delta)
{
	long sum = *diff + delta;

	if (likely(sum <= threshold && sum >= -threshold)) {
		*diff = (s8)sum;
		return 0;
	}
	*diff = 0;
	return sum;
}

/* Interrupts are off, or it does not matter. */
static inline void __mod_zone_page_state(struct zone *zone,
					 enum zone_stat_item item, long delta)
{
	struct per_cpu_pageset *pset = this_cpu_ptr(zone->pageset);

	delta = add_diff(&pset->vm_stat_diff[item], pset->stat_threshold,
			 delta);
	if (unlikely(delta))
		zone_page_state_add(delta, zone, item);
}

void __mod_node_page_state(struct pglist_data *pgdat,
			   enum node_stat_item item, long delta);
/* The same, with interrupts turned off. */
void mod_zone_page_state(struct zone *zone, enum zone_stat_item item,
			 long delta);

/* What the counter says, without differences; never below 0. */
static inline unsigned long zone_page_state(const struct zone *zone,
					    enum zone_stat_item item)
{
	long n = atomic_long_read(&zone->vm_stat[item]);

	return n > 0 ? (unsigned long)n : 0;
}
/** zone_page_state_snapshot - the exact value; looks at every CPU */
unsigned long zone_page_state_snapshot(const struct zone *zone,
				       enum zone_stat_item item);
unsigned long global_page_state(enum zone_stat_item item);
unsigned long node_page_state(const struct pglist_data *pgdat,
			      enum node_stat_item item);

/** refresh_zone_stat_thresholds - from the zones' sizes, as Linux 4.9 does */
void refresh_zone_stat_thresholds(void);
/** refresh_cpu_vm_stats - this CPU's differences into the counters */
void refresh_cpu_vm_stats(void);
/** vmstat_check - STAT-1, STAT-2; NULL or the broken ID */
const char *vmstat_check(void);

#endif
