// SPDX-License-Identifier: GPL-2.0-or-later
/* pgtable.c - caches for page tables and their locks. */
#include <mm/mm.h>

/*
 * Makes the page-table caches. Its turn comes with the full allocator: the
 * boot's own tables come from memblock.
 */
void pgtable_init(void)
{
}
