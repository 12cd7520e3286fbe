/* SPDX-License-Identifier: GPL-2.0-or-later */
/* percpu.h - a host build can pretend to be any CPU: host_set_cpu(). */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <mm/types.h>

/* A name in C: the linker then has symbols for its ends. */
#define __PERCPU_SECTION __attribute__((section("mm_percpu")))
#define __per_cpu_start	__start_mm_percpu
#define __per_cpu_end	__stop_mm_percpu

extern unsigned long host_cpu_offset;

static inline unsigned long __my_cpu_offset(void)
{
	return host_cpu_offset;
}

static inline void set_my_cpu_offset(unsigned long offset)
{
	host_cpu_offset = offset;
}

/* Defined in host.c: the template holds red zones that memcpy() refuses. */
void copy_percpu_template(void *to, const char *from, size_t bytes);

#endif
