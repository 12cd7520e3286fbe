/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu.h - variables of which every possible CPU has its own copy.
 *
 * A static one is defined in a section of the image's own, the template;
 * setup_per_cpu_areas() copies it for each CPU. The address of a per-CPU
 * variable, static or allocated, is that in the template's address range plus
 * __per_cpu_offset[cpu]. Before setup_per_cpu_areas() all offsets are 0: the
 * template itself is used, and nothing can be allocated.
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

/* --- sizes, bytes for one CPU. Values: Linux 4.9 -------------------------- */

/* The first chunk's part for the static variables of modules. */
#define PERCPU_MODULE_RESERVE	(8u << 10)
/* The first chunk's part for allocations: at least. */
#define PERCPU_DYNAMIC_RESERVE	((BITS_PER_LONG > 32 ? 28u : 20u) << 10)
/* What the boot may count on before kmalloc() works: areas, and bytes. */
#define PERCPU_DYNAMIC_EARLY_SLOTS 128
#define PERCPU_DYNAMIC_EARLY_SIZE (12u << 10)
_Static_assert(PERCPU_DYNAMIC_RESERVE >= PERCPU_DYNAMIC_EARLY_SIZE,
	       "the boot was promised more than it gets");
/* No chunk has less for a CPU, and no allocation may be larger. */
#define PCPU_MIN_UNIT_SIZE	((size_t)ALIGN(32ul << 10, PAGE_SIZE))

/* --- the boot ------------------------------------------------------------- */

/** setup_per_cpu_areas - the first chunk: static, reserved and dynamic part */
void setup_per_cpu_areas(void);
/** smp_prepare_boot_cpu - the boot CPU uses its own copies from here on */
void smp_prepare_boot_cpu(void);
/** percpu_init_late - the first chunks' maps go from memblock to kmalloc */
void percpu_init_late(void);

extern void *pcpu_base_addr;		/* unit offset 0 of the first chunk */
extern const unsigned long *pcpu_unit_offsets;	/* by CPU, in every chunk */

/* --- allocations ---------------------------------------------------------- */

/**
 * __alloc_percpu - zeroed memory for each possible CPU
 * @size:  bytes for one CPU, at most PCPU_MIN_UNIT_SIZE
 * @align: power of two, at most PAGE_SIZE
 *
 * From the first chunk; where that is full, once vmalloc_init() has run, from
 * chunks in the vmalloc area. May allocate pages as GFP_KERNEL does.
 * Return: a pointer for per_cpu_ptr(); NULL when there is no room, and with a
 *         warning for a size or an alignment that cannot be.
 */
void __percpu *__alloc_percpu(size_t size, size_t align);
#define alloc_percpu(type)						\
	((__typeof__(type) __percpu *)__alloc_percpu(sizeof(type),	\
						     __alignof__(type)))

/** __alloc_reserved_percpu - the same from the part kept for modules */
void __percpu *__alloc_reserved_percpu(size_t size, size_t align);

/**
 * free_percpu - give back; NULL is ignored
 *
 * A pointer that no allocation returned is reported, and nothing changes. May
 * give a chunk's pages and addresses back, so it is called where vfree() may.
 */
void free_percpu(void __percpu *ptr);

/* --- questions ------------------------------------------------------------ */

/** is_kernel_percpu_address - is it in a CPU's copy of a static variable? */
bool is_kernel_percpu_address(unsigned long addr);
/** per_cpu_ptr_to_phys - of what per_cpu_ptr() gave, not of its argument */
phys_addr_t per_cpu_ptr_to_phys(void *addr);

/** percpu_check - PERCPU-1 to -8 of every chunk; NULL or the broken ID */
const char *percpu_check(void);

#endif
