/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * printk.h - formatted text to the console, and small text helpers.
 *
 * Conversions: %d %i %u %x %X %p %c %s %% with flags "-0# +", width,
 * precision, "*" and the lengths hh h l ll z; and %pS: an address as
 * symbol+0xoffset, or in hex where no symbol is known (kallsyms.h).
 */
#ifndef MM_PRINTK_H
#define MM_PRINTK_H

#include <mm/types.h>

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/** printk - write to the console through arch_console_write() */
void printk(const char *fmt, ...) __printf(1, 2);

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_info(fmt, ...)	printk(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk("warning: " pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk("error: " pr_fmt(fmt), ##__VA_ARGS__)

/**
 * memparse - a number with an optional suffix K, M or G (powers of 1024)
 * @s:   decimal, octal (0...) or hex (0x...)
 * @end: set behind what was read; equal to @s where there is no number
 * Return: the value; saturates at the largest phys_addr_t.
 */
phys_addr_t memparse(const char *s, const char **end);

#endif
