// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_memblock_alloc.c - early allocation, growing arrays, and the lines
 * that memblock=debug prints. Searches in every direction are compared with
 * brute force in test_memblock_random.c.
 */
#include "machine.h"

#define RAM_SIZE	(16 * SZ_1M)
#define RAM_END		(RAM_BASE + RAM_SIZE)

unsigned long strtoul(const char *s, char **end, int base);

static int setup(void **state __maybe_unused)
{
	return host_ram_init(RAM_BASE, RAM_SIZE, RAM_END);
}

static int setup_ram(void **state)
{
	return setup(state) || memblock_add(RAM_BASE, RAM_SIZE);
}

/* --- where allocations go ------------------------------------------------- */

static void test_top_down_is_the_default(void **state __maybe_unused)
{
	assert_false(memblock_bottom_up());
	assert_int_equal(memblock_alloc(0x1000, 0x1000), RAM_END - 0x1000);
	assert_int_equal(memblock_alloc(0x10, 0x10), RAM_END - 0x1010);
	assert_regions(reserved, PLAIN(RAM_END - 0x1010, 0x1010));
}

static void test_bottom_up_takes_the_lowest(void **state __maybe_unused)
{
	memblock_set_bottom_up(true);
	memblock_reserve(RAM_BASE, 0x234);
	assert_int_equal(memblock_alloc(0x1000, 0x1000), RAM_BASE + 0x1000);
	assert_int_equal(memblock_alloc(0x100, 0x100), RAM_BASE + 0x300);
}

static void test_alignment_0_means_a_cache_line(void **state __maybe_unused)
{
	memblock_reserve(RAM_END - 3, 3);
	assert_int_equal(memblock_alloc(1, 0), RAM_END - SMP_CACHE_BYTES);
	assert_int_equal(memblock_alloc(1, 1), RAM_END - 4);
}

static void test_page_0_is_never_given_out(void **state __maybe_unused)
{
	new_ram(0, SZ_1M, SZ_1M);
	memblock_add(0, 0x2000);
	assert_int_equal(memblock_find_in_range(0, 0x2000, 0x1000, 1), 0x1000);
	assert_int_equal(memblock_find_in_range(0, 0x2000, 0x1001, 1), 0);
	memblock_set_bottom_up(true);
	assert_int_equal(memblock_find_in_range(0, 0x2000, 0x10, 1), 0x1000);
	assert_int_equal(__memblock_alloc_base(0x1000, 0x1000, 0x1000), 0);
	assert_empty(&memblock.reserved);
}

static void test_find_reserves_nothing(void **state __maybe_unused)
{
	assert_int_not_equal(memblock_find_in_range(0, 0, 0x1000, 1), 0);
	assert_empty(&memblock.reserved);
}

static void test_current_limit_bounds_accessible_only(
	void **state __maybe_unused)
{
	memblock_set_current_limit(RAM_BASE + SZ_1M);
	assert_int_equal(memblock_get_current_limit(), RAM_BASE + SZ_1M);
	assert_int_equal(memblock_alloc(0x1000, 0x1000),
			 RAM_BASE + SZ_1M - 0x1000);
	assert_int_equal(__memblock_alloc_base(0x1000, 0x1000,
					       MEMBLOCK_ALLOC_ANYWHERE),
			 RAM_END - 0x1000);
	assert_int_equal(memblock_alloc_range(0x1000, 0x1000, 0, RAM_END,
					      MEMBLOCK_NONE), RAM_END - 0x2000);
}

static void test_range_is_kept_to_the_byte(void **state __maybe_unused)
{
	phys_addr_t at = RAM_BASE + 0x5001;

	assert_int_equal(memblock_alloc_range(0x10, 1, at, at + 0x0f, 0), 0);
	assert_int_equal(memblock_alloc_range(0x10, 1, at, at + 0x10, 0), at);
	assert_int_equal(memblock_alloc_range(1, 1, at, at + 0x10, 0), 0);
}

static void test_an_allocation_does_not_span_two_nodes(
	void **state __maybe_unused)
{
	memblock_set_node(RAM_BASE, 0x1000, &memblock.memory, 0);
	assert_int_equal(memblock_alloc_range(0x1800, 1, RAM_BASE,
					      RAM_BASE + 0x2000, 0), 0);
	assert_int_equal(memblock_alloc_range(0x1000, 1, RAM_BASE,
					      RAM_BASE + 0x2000, 0),
			 RAM_BASE + 0x1000);
}

static void test_nomap_memory_is_not_given_out(void **state __maybe_unused)
{
	memblock_mark_nomap(RAM_BASE + 0x1000, RAM_SIZE - 0x1000);
	assert_int_equal(memblock_alloc(0x1000, 1), RAM_BASE);
	assert_int_equal(__memblock_alloc_base(1, 1, 0), 0);
}

static void test_mirrored_memory_goes_first(void **state __maybe_unused)
{
	memblock_mark_mirror(RAM_BASE, 0x2000);
	assert_int_equal(memblock_find_in_range(0, 0, 0x1000, 1),
			 RAM_BASE + 0x1000);
	assert_int_equal(memblock_find_in_range(0, 0, 0x3000, 1),
			 RAM_END - 0x3000);
	assert_ptr_equal(memblock_virt_alloc(0x2000, 1), __va(RAM_BASE));
	assert_ptr_equal(memblock_virt_alloc(0x2000, 1),
			 __va(RAM_END - 0x2000));
}

static void test_alloc_nid_prefers_and_try_nid_falls_back(
	void **state __maybe_unused)
{
	memblock_set_node(RAM_BASE, RAM_SIZE, &memblock.memory, 2);
	memblock_set_node(RAM_BASE, 0x2000, &memblock.memory, 0);
	assert_int_equal(memblock_alloc_nid(0x1000, 1, 0), RAM_BASE + 0x1000);
	assert_int_equal(memblock_alloc_try_nid(0x1000, 1, 0), RAM_BASE);
	assert_int_equal(memblock_alloc_try_nid(0x1000, 1, 0),
			 RAM_END - 0x1000);
}

/* --- none left ------------------------------------------------------------ */

static void test_0_or_a_panic_when_there_is_none(void **state __maybe_unused)
{
	assert_int_equal(__memblock_alloc_base(RAM_SIZE + 1, 1, 0), 0);
	assert_int_equal(memblock_alloc_range(RAM_SIZE + 1, 1, 0, 0, 0), 0);
	assert_null(memblock_virt_alloc_try_nid_nopanic(RAM_SIZE + 1, 1, 0, 0,
							NUMA_NO_NODE));
	assert_panics(memblock_alloc(RAM_SIZE + 1, 1), "1000001");
	assert_panics(memblock_alloc_base(0x2000, 1, RAM_BASE + 0x1000),
		      "10001000");
	assert_panics(memblock_virt_alloc(RAM_SIZE + 1, 1), "1000001");
	assert_empty(&memblock.reserved);
}

static void test_a_size_that_wraps_is_not_found(void **state __maybe_unused)
{
	assert_int_equal(__memblock_alloc_base(PHYS_ADDR_MAX, 1, 0), 0);
	assert_int_equal(__memblock_alloc_base(-RAM_BASE, 1, 0), 0);
	assert_int_equal(memblock_find_in_range(RAM_END, RAM_BASE, 1, 1), 0);
}

/* --- virt_alloc ----------------------------------------------------------- */

static void test_virt_alloc_clears_what_was_there(void **state __maybe_unused)
{
	unsigned char *mem;

	memset(__va(RAM_BASE), 0xa5, RAM_SIZE);
	mem = memblock_virt_alloc(0x1234, 0x10);
	assert_int_equal(__pa(mem) & 0xf, 0);
	for (int i = 0; i < 0x1234; i++)
		assert_int_equal(mem[i], 0);
	assert_int_equal(mem[-1], 0xa5);
	assert_true(memblock_is_region_reserved(__pa(mem), 0x1234));
	assert_int_equal(memblock_reserved_size(), 0x1234);
}

static void test_virt_alloc_gives_up_min_addr_not_max(
	void **state __maybe_unused)
{
	phys_addr_t middle = RAM_BASE + SZ_1M;

	memblock_reserve(middle, RAM_SIZE - SZ_1M);
	assert_ptr_equal(memblock_virt_alloc_try_nid(0x1000, 0x1000, middle, 0,
						     NUMA_NO_NODE),
			 __va(middle - 0x1000));
	memblock_free(middle, RAM_SIZE - SZ_1M);
	assert_ptr_equal(memblock_virt_alloc_try_nid(0x1000, 0x1000, 0, middle,
						     NUMA_NO_NODE),
			 __va(middle - 0x2000));
}

static void test_virt_alloc_takes_another_node_before_a_lower_address(
	void **state __maybe_unused)
{
	phys_addr_t middle = RAM_BASE + SZ_1M;

	memblock_set_node(RAM_BASE, RAM_SIZE, &memblock.memory, 2);
	memblock_set_node(RAM_BASE, 0x2000, &memblock.memory, 0);
	assert_ptr_equal(memblock_virt_alloc_try_nid(0x1000, 1, 0, 0, 0),
			 __va(RAM_BASE + 0x1000));
	assert_ptr_equal(memblock_virt_alloc_try_nid(0x1000, 1, middle, 0, 0),
			 __va(RAM_END - 0x1000));
	assert_int_equal(memblock_reserved_size(), 0x2000);
}

static void test_virt_alloc_stays_in_the_linear_map(void **state __maybe_unused)
{
	memblock_set_current_limit(RAM_BASE + SZ_1M);
	assert_ptr_equal(memblock_virt_alloc_try_nid(0x1000, 0x1000, 0, RAM_END,
						     NUMA_NO_NODE),
			 __va(RAM_BASE + SZ_1M - 0x1000));
}

/* --- memblock=debug ------------------------------------------------------- */

static noinline int reserve_from_here(void)
{
	int ret = memblock_reserve(RAM_BASE + 0x1000, 0x234);

	return ret + 1;			/* not a tail call */
}

static noinline int add_from_here(void)
{
	int ret = memblock_add(RAM_BASE, 0x1000);

	return ret + 1;
}

static noinline phys_addr_t alloc_from_here(void)
{
	return memblock_alloc(0x40, 0x40) + 1;
}

/* The last word of the console's last line with @what is in @func. */
static void assert_caller(const char *what, const char *range, void *func)
{
	const char *line = NULL, *at = host_console(), *end;
	unsigned long addr = (unsigned long)func, caller;

	while ((at = strstr(at, what)))
		line = at++;
	if (!line || !strstr(line, range))
		fail_msg("no \"%s\" with \"%s\" in: %s", what, range,
			 host_console());
	end = strchr(line, '\n');
	assert_non_null(end);
	while (end[-1] != ' ')
		end--;
	caller = strtoul(end, NULL, 16);
	assert_in_range(caller, addr, addr + 0x400);
}

static void test_debug_lines_name_range_and_caller(void **state __maybe_unused)
{
	memblock_debug = 1;
	reserve_from_here();
	assert_caller("memblock_reserve: [", "10001000-0x10001233]",
		      (void *)reserve_from_here);
	add_from_here();
	assert_caller("memblock_add: [", "10000000-0x10000fff]",
		      (void *)add_from_here);
	alloc_from_here();
	assert_caller("10ffffc0-0x10ffffff]", "10ffffc0-0x10ffffff]",
		      (void *)alloc_from_here);
	memblock_free(RAM_BASE + 0x1000, 0x100);
	assert_non_null(strstr(host_console(), "memblock_free: ["));
	memblock_remove(RAM_BASE + 0x5000, 0x100);
	assert_non_null(strstr(host_console(), "10005000-0x100050ff]"));
	memblock_add_node(RAM_BASE, 0x800, 0);
	assert_non_null(strstr(host_console(), "10000000-0x100007ff]"));
	memblock_dump_all();
	assert_non_null(strstr(host_console(), "memblock: memory: "));
	assert_non_null(strstr(host_console(), "memory[0] "));
	assert_non_null(strstr(host_console(), "reserved[1] "));
	assert_null(strstr(host_console(), "reserved[2] "));
}

static void test_no_debug_no_lines(void **state __maybe_unused)
{
	reserve_from_here();
	memblock_free(RAM_BASE, 1);
	memblock_dump_all();
	assert_string_equal(host_console(), "");
}

#define T(test)		cmocka_unit_test_setup(test, setup_ram)
#define T_BARE(test)	cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_top_down_is_the_default),
		T(test_bottom_up_takes_the_lowest),
		T(test_alignment_0_means_a_cache_line),
		T_BARE(test_page_0_is_never_given_out),
		T(test_find_reserves_nothing),
		T(test_current_limit_bounds_accessible_only),
		T(test_range_is_kept_to_the_byte),
		T(test_an_allocation_does_not_span_two_nodes),
		T(test_nomap_memory_is_not_given_out),
		T(test_mirrored_memory_goes_first),
		T(test_alloc_nid_prefers_and_try_nid_falls_back),
		T(test_0_or_a_panic_when_there_is_none),
		T(test_a_size_that_wraps_is_not_found),
		T(test_virt_alloc_clears_what_was_there),
		T(test_virt_alloc_gives_up_min_addr_not_max),
		T(test_virt_alloc_takes_another_node_before_a_lower_address),
		T(test_virt_alloc_stays_in_the_linear_map),
		T(test_debug_lines_name_range_and_caller),
		T(test_no_debug_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
