/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms.h - names of the guest's own functions, for memblock=debug lines
 * and fault reports. The table is made from the linked image by
 * scripts/kallsyms.awk and linked into its end; a host build has none.
 */
#ifndef MM_KALLSYMS_H
#define MM_KALLSYMS_H

struct kallsym {
	unsigned long addr;
	const char *name;
};

/* Sorted by address; both 0 where no table is linked. */
extern const struct kallsym kallsyms_table[] __attribute__((weak));
extern const unsigned long kallsyms_count __attribute__((weak));

/**
 * kallsyms_lookup - the function that an address lies in
 * @addr:   any address
 * @offset: set to @addr minus the function's start
 * Return: its name; NULL if no table is linked or @addr is in no function.
 */
const char *kallsyms_lookup(unsigned long addr, unsigned long *offset);

#endif
