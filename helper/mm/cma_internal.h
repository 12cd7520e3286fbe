/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cma_internal.h - what cma.c and cma_alloc.c share. */
#ifndef CMA_INTERNAL_H
#define CMA_INTERNAL_H

#include <mm/cma.h>

/** cma_bitmap_alloc - an empty bitmap for @cma; -ENOMEM */
int cma_bitmap_alloc(struct cma *cma);

#endif
