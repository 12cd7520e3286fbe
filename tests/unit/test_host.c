// SPDX-License-Identifier: GPL-2.0-or-later
/* test_host.c - the host build's machine: many in one process, none left. */
#include "vm_machine.h"

#include <dirent.h>
#include <stdio.h>

static unsigned int lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int n = 0;

	assert_non_null(file);
	for (int c; (c = fgetc(file)) != EOF;)
		n += c == '\n';
	fclose(file);
	return n;
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_machines_leave_no_mapping_and_no_file(
	void **state __maybe_unused)
{
	unsigned int mappings = 0, files = 0;

	for (int i = 0; i < 300; i++) {
		boot_vm(NULL);
		assert_non_null(vmalloc(10 * PAGE_SIZE));
		assert_non_null(ioremap(0x1000, 2 * SZ_1M));
		assert_non_null(kmap(alloc_page(GFP_HIGHUSER)));
		new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
		if (i == 10) {		/* what is made once is there now */
			mappings = lines_of("/proc/self/maps");
			files = open_files();
		}
	}
	assert_in_range(lines_of("/proc/self/maps"), 1, mappings + 4);
	assert_int_equal(open_files(), files);
}

static void test_a_new_machine_has_empty_memory_and_devices(
	void **state __maybe_unused)
{
	char *mem;

	for (int i = 0; i < 2; i++) {
		boot_vm(NULL);
		mem = ioremap(0x1000, 4);
		assert_int_equal(*mem, 0);
		*mem = 1;
		assert_int_equal(*ram_at(pfn_to_page(PFN_DOWN(HIGH_BASE))), 0);
		*ram_at(pfn_to_page(PFN_DOWN(HIGH_BASE))) = 1;
		mem = vmalloc(1);
	}
	new_ram(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M);
	assert_true(faults(mem, false));
}

static void test_64_GiB_are_sparse(void **state __maybe_unused)
{
	phys_addr_t size = 64UL << 30;
	char *last;

	new_ram(RAM_BASE, size, RAM_BASE + size);
	last = phys_to_virt(RAM_BASE + size - 1);
	*last = 3;
	assert_int_equal(*last, 3);
	assert_int_equal(*(char *)phys_to_virt(RAM_BASE), 0);
}

static void test_memory_may_begin_and_end_anywhere(void **state __maybe_unused)
{
	new_ram(PHYS_ADDR_MAX - 0x5432, 0x5432, PHYS_ADDR_MAX);
	*(char *)phys_to_virt(PHYS_ADDR_MAX - 1) = 1;
	new_ram(1, 2, 3);
	*(char *)phys_to_virt(1) = 1;
	assert_int_equal(*(char *)phys_to_virt(2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines_leave_no_mapping_and_no_file),
		cmocka_unit_test(test_a_new_machine_has_empty_memory_and_devices),
		cmocka_unit_test(test_64_GiB_are_sparse),
		cmocka_unit_test(test_memory_may_begin_and_end_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
