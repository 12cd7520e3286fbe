/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu_machine.h - a machine of several CPUs, and marks in each one's memory.
 *
 * Include it instead of machine.h.
 */
#ifndef UNIT_PERCPU_MACHINE_H
#define UNIT_PERCPU_MACHINE_H

#include "machine.h"

#include <mm/percpu_internal.h>
#include <mm/slab.h>

#define RAM_SIZE	(4 * BLOCK_BYTES)
#define RAM_END		(RAM_BASE + RAM_SIZE)
#define LOW_END		(RAM_BASE + RAM_SIZE / 2)

/**
 * boot_cpus - zones of a machine with @cpus possible CPUs, half of it HighMem;
 * early allocations are in a pool
 */
static inline void boot_cpus(unsigned int cpus)
{
	new_ram_with_pool(RAM_BASE, RAM_SIZE, LOW_END);
	memblock_add(RAM_BASE, RAM_SIZE);
	set_nr_cpu_ids(cpus);
	boot_to_zones();
}

static inline void assert_percpu_sound(void)
{
	const char *broken = percpu_check();

	if (broken)
		fail_msg("percpu_check: %s", broken);
}

/** unit_offset - where an allocation is in its chunk's units */
static inline unsigned long unit_offset(const struct pcpu_chunk *chunk,
					const void __percpu *ptr)
{
	return (uintptr_t)per_cpu_ptr((const char *)ptr, 0) -
	       (uintptr_t)chunk->base_addr - pcpu_unit_offsets[0];
}

static inline unsigned char mark_of(unsigned int id, unsigned int cpu)
{
	return (unsigned char)(1 + (id * 11 + cpu * 31) % 255);
}

/** mark - fill every CPU's copy with what no other CPU or @id has there */
static inline void mark(void __percpu *ptr, size_t size, unsigned int id)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr((char *)ptr, cpu), mark_of(id, cpu), size);
}

static inline void assert_filled(const void __percpu *ptr, size_t size,
				 unsigned int cpu, unsigned char with)
{
	const unsigned char *p = per_cpu_ptr((const unsigned char *)ptr, cpu);

	for (size_t i = 0; i < size; i++)
		if (p[i] != with)
			fail_msg("cpu %u, byte %lu: %u, not %u", cpu,
				 (unsigned long)i, p[i], with);
}

static inline void assert_marked(const void __percpu *ptr, size_t size,
				 unsigned int id)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		assert_filled(ptr, size, cpu, mark_of(id, cpu));
}

static inline void assert_zeroed(const void __percpu *ptr, size_t size)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		assert_filled(ptr, size, cpu, 0);
}

/** console_count - how often was @text printed? */
static inline unsigned int console_count(const char *text)
{
	const char *at = host_console();
	unsigned int n = 0;

	for (; (at = strstr(at, text)); at++)
		n++;
	return n;
}

#endif
