// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * abi.c - what compiled code asks of a C runtime, and the guest has none:
 * libfdt's stack protector, and libgcc's way out of a division by zero.
 */
#include <mm/bug.h>

extern unsigned long __stack_chk_guard;
void __stack_chk_fail(void) __noreturn;
int __aeabi_idiv0(int quotient) __noreturn;
long long __aeabi_ldiv0(long long quotient) __noreturn;

/* Fixed: the guest has no secret to keep, only overruns to find. */
unsigned long __stack_chk_guard = 0x6d6d5cafUL;

void __stack_chk_fail(void)
{
	panic("stack overrun, by the function below");
}

int __aeabi_idiv0(int quotient __maybe_unused)
{
	panic("division by zero");
}

long long __aeabi_ldiv0(long long quotient __maybe_unused)
{
	panic("division by zero");
}
