// SPDX-License-Identifier: GPL-2.0-or-later
/* page_ext.c - a table with more to say of each page than struct page. */
#include <mm/page_ext.h>

/*
 * Asks each client whether it needs the table, and allocates it from memblock
 * if one does. Its turn comes with the full allocator: there is no client.
 */
void page_ext_init_flatmem(void)
{
}
