/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache.h - the largest cache line of the ARMv7 cores in use: Cortex-A15's. */
#ifndef ASM_CACHE_H
#define ASM_CACHE_H

#define L1_CACHE_SHIFT		6
#define L1_CACHE_BYTES		(1 << L1_CACHE_SHIFT)

/* A device's buffer may share no line with anything else. */
#define ARCH_DMA_MINALIGN	L1_CACHE_BYTES
#define ARCH_SLAB_MINALIGN	8	/* strd, ldrexd */

#endif
