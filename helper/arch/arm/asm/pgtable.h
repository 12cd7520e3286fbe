/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable.h - ARM short descriptors, two levels, paired as Linux has them.
 */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include <mm/types.h>

typedef u32 pteval_t;
typedef struct {
	pteval_t pgprot;
} pgprot_t;

#endif
