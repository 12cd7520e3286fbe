// SPDX-License-Identifier: GPL-2.0-or-later
/* percpu.c - per-CPU variables and allocations. */
#include <mm/mm_calls.h>

/*
 * Moves the maps of the boot-time chunks from memblock memory to kmalloc
 * memory. Its turn comes with the full allocator: there are no chunks.
 */
void percpu_init_late(void)
{
}
