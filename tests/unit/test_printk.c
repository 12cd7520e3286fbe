// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_printk.c - formatted text, against the C library's, and memparse().
 * The host build renames the library's own printf functions (Makefile).
 */
#include "machine.h"

#include <mm/printk.h>

int mm_snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int mm_vsnprintf(char *buf, size_t size, const char *fmt, va_list args);

/* Both make the same text, and return the same length, at every size. */
#define same_text(...) do {						\
	char _ours[200], _theirs[200];					\
	size_t _len = (size_t)snprintf(_theirs, 200, __VA_ARGS__);	\
									\
	assert_in_range(_len, 0, 198);					\
	for (size_t _size = 0; _size < _len + 2; _size++) {		\
		memset(_ours, '#', sizeof(_ours));			\
		assert_int_equal(mm_snprintf(_ours, _size, __VA_ARGS__), \
				 _len);					\
		snprintf(_theirs, 200, __VA_ARGS__);			\
		if (_size && _size <= _len)				\
			_theirs[_size - 1] = 0;				\
		if (_size)						\
			assert_string_equal(_ours, _theirs);		\
		for (size_t _i = _size; _i < sizeof(_ours); _i++)	\
			assert_int_equal(_ours[_i], '#');		\
	}								\
} while (0)

static void test_plain_text_and_percent(void **state __maybe_unused)
{
	static volatile int none;

	same_text("nothing to convert%%%.0d", none + 1);
	same_text("%s%%", "");
	same_text("%c%c", 'a', 'b');
}

static void test_numbers_of_every_length(void **state __maybe_unused)
{
	static const long long values[] = {
		0, 1, -1, 9, 10, 255, 256, -128, 32767, -32768, 0x7fffffff,
		-0x7fffffffLL - 1, 0xffffffffLL, 0x123456789abcdefLL,
		0x7fffffffffffffffLL, -0x7fffffffffffffffLL - 1,
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		long long v = values[i];

		same_text("%d %i %u %x %X", (int)v, (int)v, (unsigned int)v,
			  (unsigned int)v, (unsigned int)v);
		same_text("%ld %lu %lx", (long)v, (unsigned long)v,
			  (unsigned long)v);
		same_text("%lld %llu %llx", v, (unsigned long long)v,
			  (unsigned long long)v);
		same_text("%hd %hu %hx", (short)v, (unsigned short)v,
			  (unsigned short)v);
		same_text("%hhd %hhu %hhx", (signed char)v, (unsigned char)v,
			  (unsigned char)v);
		same_text("%zu %zx", (size_t)v, (size_t)v);
	}
}

static void test_width_flags_and_sign(void **state __maybe_unused)
{
	static const int values[] = { 0, 7, -7, 123456, -123456 };

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		int v = values[i];

		same_text("[%8d] [%-8d] [%08d] [%+d]", v, v, v, v);
		same_text("[% d] [% 6d] [%+6d] [%+06d]", v, v, v, v);
		same_text("[%#x] [%#10x] [%#010x] [%-#10x]", (unsigned int)v,
			  (unsigned int)v, (unsigned int)v, (unsigned int)v);
		same_text("[%*d] [%-*d] [%*d]", 7, v, 7, v, -7, v);
		same_text("[%2d] [%#X]", v, (unsigned int)v);
	}
	same_text("0x%08lx-0x%08lx", 0x1000UL, 0xffffffffUL);
}

static void test_precision_of_numbers(void **state __maybe_unused)
{
	same_text("[%.3d] [%.3d] [%8.3d] [%-8.3d]", 7, 12345, 7, 7);
	same_text("[%.5x] [%#.5x] [%10.5x]", 0xabu, 0xabu, 0xabu);
	same_text("[%.*d]", 4, 7);
}

static void test_strings_are_cut_and_padded(void **state __maybe_unused)
{
	static const char open_end[3] = { 'a', 'b', 'c' };

	same_text("[%s] [%8s] [%-8s]", "abc", "abc", "abc");
	same_text("[%.2s] [%8.2s] [%-8.2s] [%.0s]", "abc", "abc", "abc", "abc");
	same_text("[%.*s] [%.3s]", 3, open_end, open_end);
	same_text("[%5c] [%-5c]", 'x', 'y');
}

static void test_null_string_is_no_crash(void **state __maybe_unused)
{
	char buf[16];
	char *volatile none = NULL;

	mm_snprintf(buf, sizeof(buf), "%s.", none);
	assert_string_equal(buf, "(null).");
}

static void test_address_without_symbols_is_hex(void **state __maybe_unused)
{
	char buf[64];
	void *addr = (void *)0x1234abcdUL;

	mm_snprintf(buf, sizeof(buf), "%pS", addr);
	assert_non_null(strstr(buf, "1234abcd"));
	mm_snprintf(buf, sizeof(buf), "%p", addr);
	assert_non_null(strstr(buf, "1234abcd"));
}

static void test_printk_goes_to_the_console(void **state __maybe_unused)
{
	new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
	printk("%d pages, %s\n", 42, "no more");
	assert_string_equal(host_console(), "42 pages, no more\n");
	pr_warn("last %c\n", 'x');
	assert_string_equal(host_console(),
			    "42 pages, no more\nwarning: last x\n");
}

static void test_panic_says_what_and_WARN_goes_on(void **state __maybe_unused)
{
	new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
	assert_panics(panic("no %s left", "memory"), "no memory left");
	assert_panics(BUG_ON(1 + 1 == 2), "1 + 1 == 2");
	assert_int_equal(nr_warnings, 0);
	assert_true(WARN_ON(2 + 2 == 4));
	assert_false(WARN_ON(2 + 2 == 5));
	assert_int_equal(nr_warnings, 1);
	assert_non_null(strstr(host_console(), "2 + 2 == 4"));
}

/* --- memparse ------------------------------------------------------------- */

static void assert_parsed(const char *text, phys_addr_t value,
			  const char *rest)
{
	const char *end = NULL;

	assert_int_equal(memparse(text, &end), value);
	assert_string_equal(end, rest);
}

static void test_numbers_in_three_bases(void **state __maybe_unused)
{
	assert_parsed("0", 0, "");
	assert_parsed("1536", 1536, "");
	assert_parsed("0x10000000", 0x10000000, "");
	assert_parsed("0X1f", 0x1f, "");
	assert_parsed("010", 8, "");
	assert_parsed("08", 0, "8");
	assert_parsed("0xg", 0, "xg");
}

static void test_suffixes_are_powers_of_1024(void **state __maybe_unused)
{
	assert_parsed("1k", 1024, "");
	assert_parsed("1K", 1024, "");
	assert_parsed("320M", 320 << 20, "");
	assert_parsed("2g", 2UL << 30, "");
	assert_parsed("0x10M@0x20000000", 16 << 20, "@0x20000000");
	assert_parsed("1KK", 1024, "K");
	assert_parsed("5 M", 5, " M");
	assert_parsed("7,8", 7, ",8");
}

static void test_no_number_leaves_the_end_at_the_start(
	void **state __maybe_unused)
{
	assert_parsed("", 0, "");
	assert_parsed("M", 0, "M");
	assert_parsed("-1", 0, "-1");
	assert_parsed(" 1", 0, " 1");
}

static void test_too_large_saturates(void **state __maybe_unused)
{
	assert_parsed("0xffffffffffffffff", PHYS_ADDR_MAX, "");
	assert_parsed("0x10000000000000000", PHYS_ADDR_MAX, "");
	assert_parsed("18446744073709551616", PHYS_ADDR_MAX, "");
	assert_parsed("99999999999999999999999999999", PHYS_ADDR_MAX, "");
	assert_parsed("0x400000000G", PHYS_ADDR_MAX, "");
	assert_parsed("0x3ffffffffG", 0x3ffffffffUL << 30, "");
	assert_parsed("18446744073709551615", PHYS_ADDR_MAX, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_and_percent),
		cmocka_unit_test(test_numbers_of_every_length),
		cmocka_unit_test(test_width_flags_and_sign),
		cmocka_unit_test(test_precision_of_numbers),
		cmocka_unit_test(test_strings_are_cut_and_padded),
		cmocka_unit_test(test_null_string_is_no_crash),
		cmocka_unit_test(test_address_without_symbols_is_hex),
		cmocka_unit_test(test_printk_goes_to_the_console),
		cmocka_unit_test(test_panic_says_what_and_WARN_goes_on),
		cmocka_unit_test(test_numbers_in_three_bases),
		cmocka_unit_test(test_suffixes_are_powers_of_1024),
		cmocka_unit_test(test_no_number_leaves_the_end_at_the_start),
		cmocka_unit_test(test_too_large_saturates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
