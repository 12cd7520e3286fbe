/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu.h - variables of which every possible CPU has its own copy.
 *
 * A static one is defined in a section of the image's own, the template; setup_per_cpu_areas() copies it for each CPU. The address of a
 * per-CPU variable, static or allocated, is that in the template's address
 * range plus __per_cpu_offset[cpu]. Before setup_per_cpu_areas() all offsets
 * are 0: the template itself is used.
 */
#ifndef MM_PERCPU_H
#define MM_PERCPU_H

#include <arch.h>
#include <asm/percpu.h>
#include <mm/cpumask.h>
#include <mm/types.h>

#define DECLARE_PER_CPU(type, name)					\
	extern __PERCPU_SECTION __typeof__(type) name
#define DEFINE_PER_CPU(type, name)					\
	__PERCPU_SECTION __typeof__(type) name

extern unsigned long __per_cpu_offset[NR_CPUS];
extern char __per_cpu_start[], __per_cpu_end[];	/* the template */

DECLARE_PER_CPU(int, cpu_number);

/* A pointer to @cpu's, or this CPU's, copy of what @ptr points to. */
#define __shift_percpu_ptr(ptr, offset)					\
	((__typeof__(*(ptr)) *)((uintptr_t)(ptr) + (offset)))
#define per_cpu_ptr(ptr, cpu) __shift_percpu_ptr(ptr, __per_cpu_offset[cpu])
#define this_cpu_ptr(ptr) __shift_percpu_ptr(ptr, __my_cpu_offset())
#define per_cpu(var, cpu) (*per_cpu_ptr(&(var), cpu))
#define __this_cpu(var)	(*this_cpu_ptr(&(var)))

#define smp_processor_id() __this_cpu(cpu_number)

/** setup_per_cpu_areas - the first chunk: static, reserved and dynamic part */
void setup_per_cpu_areas(void);

/**
 * __alloc_percpu - zeroed memory for each possible CPU
 * @size:  bytes for one CPU, at most PCPU_MIN_UNIT_SIZE
 * @align: power of two, at most PAGE_SIZE
 * Return: a pointer for per_cpu_ptr(); NULL when there is no room, and with a
 *         warning for a size or an alignment that cannot be.
 */
void __percpu *__alloc_percpu(size_t size, size_t align);
#define alloc_percpu(type)						\
	((__typeof__(type) __percpu *)__alloc_percpu(sizeof(type),	\
						     __alignof__(type)))

/** free_percpu - give back; NULL is ignored */
void free_percpu(void __percpu *ptr);

/** percpu_init_late - the first chunks' maps go from memblock to kmalloc */
void percpu_init_late(void);

#endif
