// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_string.c - the guest's string functions, against the C library's.
 *
 * A host build does not link lib/string.c, so it is compiled into this test
 * under other names.
 */
#define memset	lib_memset
#define memcpy	lib_memcpy
#define memmove	lib_memmove
#define memcmp	lib_memcmp
#define memchr	lib_memchr
#define strlen	lib_strlen
#define strnlen	lib_strnlen
#define strcmp	lib_strcmp
#define strncmp	lib_strncmp
#define strchr	lib_strchr
#define strrchr	lib_strrchr
#include <lib/string.c>
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef MM_STRING_H
#include "machine.h"

#define LEN 48

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void fill(unsigned char *buf, struct rng *rng, unsigned long letters)
{
	for (int i = 0; i < LEN; i++)
		buf[i] = (unsigned char)(0x7e + below(rng, letters));
}

static void test_memory_functions_do_what_the_c_library_does(
	void **state __maybe_unused)
{
	unsigned char ours[LEN], theirs[LEN];
	struct rng rng = rng_seed(2);

	for (int round = 0; round < 20000; round++) {
		size_t to = below(&rng, LEN), from = below(&rng, LEN);
		size_t n = below(&rng, LEN + 1 - (to > from ? to : from));
		int c = (int)below(&rng, 512);

		fill(ours, &rng, 3);
		memcpy(theirs, ours, LEN);
		assert_int_equal(sign(lib_memcmp(ours + to, ours + from, n)),
				 sign(memcmp(ours + to, ours + from, n)));
		assert_ptr_equal(lib_memchr(ours + to, 0x100 | 0x7f, n),
				 memchr(ours + to, 0x100 | 0x7f, n));
		assert_ptr_equal(lib_memmove(ours + to, ours + from, n),
				 ours + to);
		memmove(theirs + to, theirs + from, n);
		assert_memory_equal(ours, theirs, LEN);
		assert_ptr_equal(lib_memset(ours + from, c, n), ours + from);
		memset(theirs + from, c, n);
		assert_memory_equal(ours, theirs, LEN);
		if (to + n <= from || from + n <= to) {
			assert_ptr_equal(lib_memcpy(ours + to, ours + from, n),
					 ours + to);
			memcpy(theirs + to, theirs + from, n);
			assert_memory_equal(ours, theirs, LEN);
		}
	}
}

static void test_string_functions_do_what_the_c_library_does(
	void **state __maybe_unused)
{
	struct rng rng = rng_seed(3);
	unsigned char a[LEN + 1], b[LEN + 1];

	for (int round = 0; round < 20000; round++) {
		const char *s = (const char *)a, *t = (const char *)b;
		size_t n = below(&rng, 12);
		int c = (int)(0x7e + below(&rng, 4));

		fill(a, &rng, 3);
		memcpy(b, a, LEN);
		a[below(&rng, LEN)] = (unsigned char)below(&rng, 256);
		a[below(&rng, LEN)] = 0;
		b[below(&rng, LEN)] = 0;
		a[LEN] = b[LEN] = 0;
		assert_int_equal(lib_strlen(s), strlen(s));
		assert_int_equal(lib_strnlen(s, n), strnlen(s, n));
		assert_int_equal(sign(lib_strcmp(s, t)), sign(strcmp(s, t)));
		assert_int_equal(sign(lib_strncmp(s, t, n)),
				 sign(strncmp(s, t, n)));
		assert_ptr_equal(lib_strchr(s, c), strchr(s, c));
		assert_ptr_equal(lib_strrchr(s, c), strrchr(s, c));
		assert_ptr_equal(lib_strchr(s, 0), strchr(s, 0));
		assert_ptr_equal(lib_strrchr(s, 0), strrchr(s, 0));
	}
}

static void test_nothing_is_read_behind_the_limit(void **state __maybe_unused)
{
	static const char open_end[3] = { 'a', 'b', 'c' };

	assert_int_equal(lib_strnlen(open_end, 3), 3);	/* or ASan says so */
	assert_int_equal(lib_strncmp(open_end, open_end, 3), 0);
	assert_true(lib_strncmp(open_end, "abd", 3) < 0);
	assert_null(lib_memchr(open_end, 'd', 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_memory_functions_do_what_the_c_library_does),
		cmocka_unit_test(
			test_string_functions_do_what_the_c_library_does),
		cmocka_unit_test(test_nothing_is_read_behind_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
