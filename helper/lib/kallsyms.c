// SPDX-License-Identifier: GPL-2.0-or-later
/* kallsyms.c - from an address to the function around it. */
#include <mm/kallsyms.h>
#include <mm/types.h>

const char *kallsyms_lookup(unsigned long addr, unsigned long *offset)
{
	unsigned long low = 0, high = &kallsyms_count ? kallsyms_count : 0;

	/* The last one is _etext: where the functions end. */
	if (!high || addr < kallsyms_table[0].addr ||
	    addr >= kallsyms_table[high - 1].addr)
		return NULL;
	while (high - low > 1) {
		unsigned long mid = low + (high - low) / 2;

		if (kallsyms_table[mid].addr <= addr)
			low = mid;
		else
			high = mid;
	}
	*offset = addr - kallsyms_table[low].addr;
	return kallsyms_table[low].name;
}
