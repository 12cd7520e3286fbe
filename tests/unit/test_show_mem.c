// SPDX-License-Identifier: GPL-2.0-or-later
/* test_show_mem.c - what those hear who get no memory, and how often. */
#include "dry.h"

#include <mm/printk.h>

/* --- what is said --------------------------------------------------------- */

static unsigned long times_said(const char *text)
{
	const char *at = host_console();
	unsigned long n = 0;

	for (; (at = strstr(at, text)); at++)
		n++;
	return n;
}

static void test_report_shows_request_and_zones(void **state __maybe_unused)
{
	char line[200];
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_false(console_says("no memory"));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_COMP, 2));
	assert_int_equal(nr_alloc_failures, 1);
	snprintf(line, sizeof(line),
		 "no memory: order 2, GFP_KERNEL|__GFP_COMP (0x%x), for ",
		 GFP_KERNEL | __GFP_COMP);
	assert_true(console_says(line));
	snprintf(line, sizeof(line),
		 "Normal: free %lu, min %lu, low %lu, high %lu, managed %lu pages\n",
		 min_of(ZONE_NORMAL), min_of(ZONE_NORMAL),
		 zone_of(ZONE_NORMAL)->watermark[WMARK_LOW],
		 zone_of(ZONE_NORMAL)->watermark[WMARK_HIGH],
		 LOW_BLOCKS * MAX_ORDER_NR_PAGES);
	assert_true(console_says(line));
	snprintf(line, sizeof(line), "Normal: lowmem_reserve 0 %lu %lu\n",
		 HIGH_BLOCKS * MAX_ORDER_NR_PAGES / 32,
		 HIGH_BLOCKS * MAX_ORDER_NR_PAGES / 32);
	assert_true(console_says(line));
	assert_true(console_says(" 2(M)\n"));	/* HighMem's largest blocks */
	assert_false(console_says("Movable:"));
}

static void test_caller_is_named(void **state __maybe_unused)
{
	char caller[64];
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_null(alloc_pages(GFP_KERNEL, 0));
	/* No table of symbols on the host: an address in this function. */
	for (unsigned long i = 0; i < 4096; i++) {
		snprintf(caller, sizeof(caller), "for %016lx;",
			 (unsigned long)test_caller_is_named + i);
		if (console_says(caller))
			return;
	}
	fail_msg("no address of the caller in: %s", host_console());
}

static void test_reports_become_rare_but_are_counted(
	void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	for (int i = 0; i < 1000; i++)
		assert_null(alloc_pages(GFP_KERNEL, 0));
	assert_int_equal(nr_alloc_failures, 1000);
	assert_int_equal(times_said("Normal: lowmem_reserve"), 3);
	/* 1, 2, 3, then 4, 8 ... 512 */
	assert_int_equal(times_said("no memory: "), 3 + 8);
	assert_int_equal(times_said("request 512 that failed"), 1);
}

static void test_nowarn_says_nothing_but_for_nofail(void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	assert_null(alloc_pages(GFP_KERNEL | QUIET, 0));
	assert_null(alloc_pages(GFP_ATOMIC | QUIET, TOP));
	assert_false(console_says("no memory"));
	assert_int_equal(nr_alloc_failures, 0);
	assert_null(alloc_pages(GFP_KERNEL | QUIET | __GFP_NOFAIL, 0));
	assert_true(console_says("GFP_KERNEL|__GFP_NOWARN|__GFP_NOFAIL"));
	assert_true(console_says("nobody is left to free memory"));
}

static void test_who_waits_is_not_atomic(void **state __maybe_unused)
{
	struct held held;

	begin(&held);
	take_all(&held, GFP_KERNEL);
	for (int i = 0; i < 3; i++)
		assert_null(alloc_pages(GFP_KERNEL | __GFP_ATOMIC | QUIET, 0));
	assert_int_equal(times_said("which can wait: it gets no reserve"), 1);
}

static void test_flags_by_name(void **state __maybe_unused)
{
	static const struct {
		gfp_t gfp;
		const char *names;
	} cases[] = {
		{ 0, "0x0" },
		{ GFP_KERNEL, "GFP_KERNEL" },
		{ GFP_ATOMIC, "GFP_ATOMIC" },
		{ GFP_NOWAIT, "GFP_NOWAIT" },
		{ GFP_USER, "GFP_USER" },
		{ GFP_HIGHUSER, "GFP_HIGHUSER" },
		{ GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE" },
		{ GFP_HIGHUSER_MOVABLE | __GFP_ZERO,
		  "GFP_HIGHUSER_MOVABLE|__GFP_ZERO" },
		{ GFP_KERNEL & ~__GFP_FS, "__GFP_RECLAIM|__GFP_IO" },
		{ __GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM" },
		{ __GFP_MEMALLOC | 0x80000000u, "__GFP_MEMALLOC|0x80000000" },
	};
	char buf[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(format_gfp(buf, sizeof(buf), cases[i].gfp),
				    cases[i].names);
	assert_string_equal(format_gfp(buf, 6, GFP_KERNEL), "GFP_K");
	assert_string_equal(format_gfp(buf, 1, GFP_KERNEL), "");
	/* Every bit that has a name has one here, and all fit. */
	format_gfp(buf, sizeof(buf), 0x0000ffffu | __GFP_NOMEMALLOC);
	assert_null(strstr(buf, "0x"));
	buf[0] = 'x';
	format_gfp(buf, 0, GFP_KERNEL);
	assert_int_equal(buf[0], 'x');
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_report_shows_request_and_zones),
		T(test_caller_is_named),
		T(test_reports_become_rare_but_are_counted),
		T(test_nowarn_says_nothing_but_for_nofail),
		T(test_who_waits_is_not_atomic),
		T(test_flags_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
