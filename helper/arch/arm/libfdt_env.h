/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libfdt_env.h - libfdt's way of being told of its surroundings: here no C
 * library, and a little-endian CPU. Stands in for the file of that name that
 * libfdt.h would take from its package.
 */
#ifndef LIBFDT_ENV_H
#define LIBFDT_ENV_H

#include <mm/string.h>
#include <mm/types.h>

typedef u16 fdt16_t;
typedef u32 fdt32_t;
typedef u64 fdt64_t;

static inline u16 fdt16_to_cpu(fdt16_t x)
{
	return __builtin_bswap16(x);
}

static inline u32 fdt32_to_cpu(fdt32_t x)
{
	return __builtin_bswap32(x);
}

static inline u64 fdt64_to_cpu(fdt64_t x)
{
	return __builtin_bswap64(x);
}

#define cpu_to_fdt16(x) fdt16_to_cpu(x)
#define cpu_to_fdt32(x) fdt32_to_cpu(x)
#define cpu_to_fdt64(x) fdt64_to_cpu(x)

#endif
