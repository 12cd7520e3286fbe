/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bitmap.h - bits in arrays of unsigned long, bit 0 lowest in word 0. */
#ifndef MM_BITMAP_H
#define MM_BITMAP_H

#include <mm/types.h>

#define BIT(n)		(1UL << (n))
#define BIT_WORD(n)	((n) / BITS_PER_LONG)

/** __ffs - number of the lowest set bit; undefined for 0 */
static inline unsigned int __ffs(unsigned long word)
{
	return (unsigned int)__builtin_ctzl(word);
}

/** fls_long - number of the highest set bit plus one; 0 for 0 */
static inline unsigned int fls_long(unsigned long word)
{
	return word ? BITS_PER_LONG - (unsigned int)__builtin_clzl(word) : 0;
}

#endif
