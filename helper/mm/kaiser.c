// SPDX-License-Identifier: GPL-2.0-or-later
/* kaiser.c - separate page tables for user space. */
#include <mm/mm.h>

/*
 * Nothing to do on 32-bit ARM: its kernel keeps one set of page tables.
 */
void kaiser_init(void)
{
}
