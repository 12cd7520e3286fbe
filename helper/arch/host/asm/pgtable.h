/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pgtable.h - the same names for a host build.
 */
#ifndef ASM_PGTABLE_H
#define ASM_PGTABLE_H

#include <mm/types.h>

typedef u32 pteval_t;
typedef struct {
	pteval_t pgprot;
} pgprot_t;

#endif
