// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmstat.c - counters of zones and nodes, with per-CPU differences.
 *
 * Contract: vmstat.h.  May call: percpu.h.  Called by: whoever counts.
 * Fails:    never.
 */
#include <mm/bitmap.h>
#include <mm/bug.h>
#include <mm/mm.h>

#include "page_alloc_internal.h"

atomic_long_t vm_zone_stat[NR_VM_ZONE_STAT_ITEMS];
atomic_long_t vm_node_stat[NR_VM_NODE_STAT_ITEMS];
DEFINE_PER_CPU(struct vm_event_state, vm_event_states);

static void node_page_state_add(long n, struct pglist_data *pgdat,
				enum node_stat_item item)
{
	atomic_long_add(n, &pgdat->vm_stat[item]);
	atomic_long_add(n, &vm_node_stat[item]);
}

void __mod_node_page_state(struct pglist_data *pgdat,
			   enum node_stat_item item, long delta)
{
	struct per_cpu_nodestat *stat = this_cpu_ptr(pgdat->per_cpu_nodestats);

	delta = add_diff(&stat->vm_node_stat_diff[item], stat->stat_threshold,
			 delta);
	if (unlikely(delta))
		node_page_state_add(delta, pgdat, item);
}

void mod_zone_page_state(struct zone *zone, enum zone_stat_item item,
			 long delta)
{
	unsigned long flags = arch_local_irq_save();

	__mod_zone_page_state(zone, item, delta);
	arch_local_irq_restore(flags);
}

unsigned long zone_page_state_snapshot(const struct zone *zone,
				       enum zone_stat_item item)
{
	long n = atomic_long_read(&zone->vm_stat[item]);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		n += per_cpu_ptr(zone->pageset, cpu)->vm_stat_diff[item];
	return n > 0 ? (unsigned long)n : 0;
}

static unsigned long not_negative(const atomic_long_t *counter)
{
	long n = atomic_long_read(counter);

	return n > 0 ? (unsigned long)n : 0;
}

unsigned long global_page_state(enum zone_stat_item item)
{
	return not_negative(&vm_zone_stat[item]);
}

unsigned long node_page_state(const struct pglist_data *pgdat,
			      enum node_stat_item item)
{
	return not_negative(&pgdat->vm_stat[item]);
}

unsigned long sum_vm_event(enum vm_event_item item)
{
	unsigned long sum = 0;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(vm_event_states, cpu).event[item];
	return sum;
}

/*
 * How far a CPU's difference may go: the more CPUs and memory, the further.
 * Rule and bounds: Linux 4.9's; mem is in units of 128 MB.
 */
static s8 normal_threshold(const struct zone *zone)
{
	unsigned long mem = zone->managed_pages >> (27 - PAGE_SHIFT);
	unsigned int n = 2 * fls_long(num_online_cpus()) * (1 + fls_long(mem));

	return (s8)min(n, 125u);
}

void refresh_zone_stat_thresholds(void)
{
	struct pglist_data *pgdat = &contig_page_data;
	struct zone *zone;
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		per_cpu_ptr(pgdat->per_cpu_nodestats, cpu)->stat_threshold = 0;
	for_each_populated_zone(zone) {
		s8 threshold = normal_threshold(zone);

		/* All zones share it: it could not tell their pages apart. */
		if (zone->pageset == &boot_pageset)
			continue;
		for_each_possible_cpu(cpu) {
			struct per_cpu_nodestat *node =
				per_cpu_ptr(pgdat->per_cpu_nodestats, cpu);

			per_cpu_ptr(zone->pageset, cpu)->stat_threshold =
				threshold;
			node->stat_threshold = max(node->stat_threshold,
						   threshold);
		}
	}
}

void refresh_cpu_vm_stats(void)
{
	struct pglist_data *pgdat = &contig_page_data;
	struct per_cpu_nodestat *node = this_cpu_ptr(pgdat->per_cpu_nodestats);
	unsigned long flags = arch_local_irq_save();
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pageset *pset = this_cpu_ptr(zone->pageset);

		for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++) {
			zone_page_state_add(pset->vm_stat_diff[i], zone, i);
			pset->vm_stat_diff[i] = 0;
		}
	}
	for (int i = 0; i < NR_VM_NODE_STAT_ITEMS; i++) {
		node_page_state_add(node->vm_node_stat_diff[i], pgdat, i);
		node->vm_node_stat_diff[i] = 0;
	}
	arch_local_irq_restore(flags);
}

static bool out_of_bounds(const s8 *diff, int items, s8 threshold)
{
	for (int i = 0; i < items; i++)
		if (diff[i] > threshold || diff[i] < -threshold)
			return true;
	return false;
}

const char *vmstat_check(void)
{
	const struct pglist_data *pgdat = &contig_page_data;
	long sum[NR_VM_ZONE_STAT_ITEMS] = { 0 };
	const struct zone *zone;
	unsigned int cpu;

	for_each_populated_zone(zone) {
		for_each_possible_cpu(cpu) {
			const struct per_cpu_pageset *pset =
				per_cpu_ptr(zone->pageset, cpu);

			if (out_of_bounds(pset->vm_stat_diff,
					  NR_VM_ZONE_STAT_ITEMS,
					  pset->stat_threshold))
				return "STAT-1";
		}
		for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
			sum[i] += atomic_long_read(&zone->vm_stat[i]);
	}
	for_each_possible_cpu(cpu) {
		const struct per_cpu_nodestat *node =
			per_cpu_ptr(pgdat->per_cpu_nodestats, cpu);

		if (out_of_bounds(node->vm_node_stat_diff,
				  NR_VM_NODE_STAT_ITEMS, node->stat_threshold))
			return "STAT-1";
	}
	for (int i = 0; i < NR_VM_ZONE_STAT_ITEMS; i++)
		if (sum[i] != atomic_long_read(&vm_zone_stat[i]))
			return "STAT-2";
	for (int i = 0; i < NR_VM_NODE_STAT_ITEMS; i++)
		if (atomic_long_read(&pgdat->vm_stat[i]) !=
		    atomic_long_read(&vm_node_stat[i]))
			return "STAT-2";
	return NULL;
}
