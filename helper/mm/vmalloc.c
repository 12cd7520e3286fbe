// SPDX-License-Identifier: GPL-2.0-or-later
/* vmalloc.c - virtually contiguous memory. */
#include <mm/vmalloc.h>

/*
 * Sets the per-CPU block queues up and takes over the areas registered early.
 * Its turn comes with the full allocator: the area is left free until then.
 */
void vmalloc_init(void)
{
}
