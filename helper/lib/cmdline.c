// SPDX-License-Identifier: GPL-2.0-or-later
/* cmdline.c - numbers as they are written on a kernel command line. */
#include <mm/printk.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return 16;
}

static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'G': case 'g': return 30;
	case 'M': case 'm': return 20;
	case 'K': case 'k': return 10;
	default: return 0;
	}
}

phys_addr_t memparse(const char *s, const char **end)
{
	phys_addr_t value = 0;
	const char *start = s;
	unsigned int shift;
	int base = 10;

	if (s[0] == '0' && (s[1] | 32) == 'x' && digit_value(s[2]) < 16) {
		base = 16;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	if (digit_value(*s) >= base) {
		*end = start;
		return 0;
	}
	for (; digit_value(*s) < base; s++)
		if (__builtin_mul_overflow(value, (phys_addr_t)base, &value) ||
		    __builtin_add_overflow(value, (phys_addr_t)digit_value(*s),
					   &value))
			value = PHYS_ADDR_MAX;
	shift = suffix_shift(*s);
	if (shift)
		s++;
	*end = s;
	if (value > PHYS_ADDR_MAX >> shift)
		return PHYS_ADDR_MAX;
	return value << shift;
}
