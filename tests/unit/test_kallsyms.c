// SPDX-License-Identifier: GPL-2.0-or-later
/* test_kallsyms.c - from an address to the function around it. */
#include "machine.h"

#include <mm/kallsyms.h>
#include <mm/printk.h>

/* The library's own table is weak: a host build has none but this one. */
const struct kallsym kallsyms_table[] = {
	{ 0x1000, "first" }, { 0x1010, "second" }, { 0x2000, "third" },
	{ 0x3000, "_etext" },
};
const unsigned long kallsyms_count = ARRAY_SIZE(kallsyms_table);

static void assert_found(unsigned long addr, const char *name,
			 unsigned long offset)
{
	unsigned long found;

	assert_string_equal(kallsyms_lookup(addr, &found), name);
	assert_int_equal(found, offset);
}

static void test_first_and_last_byte_are_the_functions(
	void **state __maybe_unused)
{
	assert_found(0x1000, "first", 0);
	assert_found(0x100f, "first", 0xf);
	assert_found(0x1010, "second", 0);
	assert_found(0x1fff, "second", 0xfef);
	assert_found(0x2000, "third", 0);
	assert_found(0x2fff, "third", 0xfff);
}

static void test_what_is_in_no_function_has_no_name(void **state __maybe_unused)
{
	unsigned long offset;

	assert_null(kallsyms_lookup(0, &offset));
	assert_null(kallsyms_lookup(0xfff, &offset));
	assert_null(kallsyms_lookup(0x3000, &offset));
	assert_null(kallsyms_lookup(~0UL, &offset));
}

static void test_pS_prints_name_and_offset(void **state __maybe_unused)
{
	new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
	printk("%pS|%pS|%pS", (void *)0x1004, (void *)0x2000, (void *)0x10);
	assert_string_equal(host_console(),
			    "first+0x4|third+0x0|0000000000000010");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_and_last_byte_are_the_functions),
		cmocka_unit_test(test_what_is_in_no_function_has_no_name),
		cmocka_unit_test(test_pS_prints_name_and_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
