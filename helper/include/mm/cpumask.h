/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpumask.h - which CPUs there can be. The guest runs on the first one only;
 * the others have per-CPU data all the same, as a kernel's offline CPUs do.
 */
#ifndef MM_CPUMASK_H
#define MM_CPUMASK_H

#define NR_CPUS		8		/* more in the device tree: ignored */

/* Possible CPUs are 0 to nr_cpu_ids - 1; 1 until the tree has been read. */
extern unsigned int nr_cpu_ids;

/** set_nr_cpu_ids - from the device tree, before setup_per_cpu_areas() */
void set_nr_cpu_ids(unsigned int cpus);

#define for_each_possible_cpu(cpu)					\
	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)

/* CPUs that run: one. Thresholds are computed from it, as Linux does. */
#define num_online_cpus() 1u

#endif
