/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * percpu.h - this CPU's per-CPU offset is in TPIDRPRW, the thread register
 * that only privileged code sees; head.S clears it.
 */
#ifndef ASM_PERCPU_H
#define ASM_PERCPU_H

#include <mm/string.h>

#define __PERCPU_SECTION __attribute__((section(".data..percpu")))

static inline unsigned long __my_cpu_offset(void)
{
	unsigned long offset;

	/* Not volatile: read again only when memory may have changed. */
	__asm__("mrc p15, 0, %0, c13, c0, 4" : "=r"(offset)
		: "m"(*(const unsigned long *)__builtin_frame_address(0)));
	return offset;
}

static inline void set_my_cpu_offset(unsigned long offset)
{
	__asm__ volatile("mcr p15, 0, %0, c13, c0, 4" :: "r"(offset)
			 : "memory");
}

static inline void copy_percpu_template(void *to, const char *from,
					size_t bytes)
{
	memcpy(to, from, bytes);
}

#endif
