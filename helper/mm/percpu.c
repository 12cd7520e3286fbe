// SPDX-License-Identifier: GPL-2.0-or-later
/* percpu.c - per-CPU variables and allocations. */
#include <mm/percpu.h>
#include <mm/printk.h>

unsigned int nr_cpu_ids = 1;
unsigned long __per_cpu_offset[NR_CPUS];
DEFINE_PER_CPU(int, cpu_number);

void set_nr_cpu_ids(unsigned int cpus)
{
	if (cpus > NR_CPUS)
		pr_warn("%u CPUs in the device tree: using %u\n", cpus,
			NR_CPUS);
	nr_cpu_ids = clamp(cpus, 1u, (unsigned int)NR_CPUS);
}

/*
 * Moves the maps of the boot-time chunks from memblock memory to kmalloc
 * memory. Its turn comes with the full allocator: there are no chunks.
 */
void percpu_init_late(void)
{
}
