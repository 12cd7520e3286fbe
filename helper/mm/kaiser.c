// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kaiser.c - separate page tables for user space, where the CPU could be made
 * to tell user space what the kernel's are.
 */
#include <mm/mm.h>

/*
 * Nothing to do on 32-bit ARM: Linux 4.9 has it for x86-64 only, and on this
 * architecture TTBR0 keeps the one set of tables that head.S made.
 */
void kaiser_init(void)
{
}
