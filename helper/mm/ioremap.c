// SPDX-License-Identifier: GPL-2.0-or-later
/* ioremap.c - device registers in the vmalloc area. */
#include <mm/vmalloc.h>

/*
 * Asks the architecture for huge mappings of devices. 32-bit ARM has none, so
 * there is nothing to find.
 */
void ioremap_huge_init(void)
{
}
