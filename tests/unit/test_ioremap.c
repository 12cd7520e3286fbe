// SPDX-License-Identifier: GPL-2.0-or-later
/* test_ioremap.c - devices in the vmalloc area: pages, sections, static ones. */
#include "vm_machine.h"

#include <mm/vmalloc_internal.h>

#define MB	(1UL << 20)
#define DEVICES	0x02000000UL		/* physical, below RAM */

static pmd_t *pmd_of(const void *addr)
{
	return pmd_off_k((unsigned long)addr);
}

static void test_an_address_keeps_its_place_in_the_page(
	void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES + 0x1234, 8);
	struct vm_struct *vm = find_vm_area(regs);

	assert_int_equal((unsigned long)regs & ~PAGE_MASK, 0x234);
	assert_int_equal(vm->phys_addr, DEVICES + 0x1000);
	assert_int_equal(vm->size, 2 * PAGE_SIZE);
	assert_int_equal(vm->flags & (VM_IOREMAP | VM_ARM_SECTION_MAPPING),
			 VM_IOREMAP);
	assert_false(faults(regs, true));
	assert_true(faults((char *)vm->addr + PAGE_SIZE, false));
	assert_null(vmalloc_to_page(regs));	/* a device is no page */
	iounmap(regs);
	assert_true(faults(regs, false));
	assert_vm_sound();
}

static void test_a_range_over_two_pages_maps_both(void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES + PAGE_SIZE - 4, 8);
	char *second = ioremap(DEVICES + PAGE_SIZE, 4);

	assert_false(faults(regs + 7, true));
	regs[4] = 77;			/* the same device, two ways */
	assert_int_equal(second[0], 77);
}

static void test_kinds_of_memory_are_in_the_entries(void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES, 4), *fifo = ioremap_wc(DEVICES, 4);
	pteval_t strict = pte_val(*virt_to_kpte((unsigned long)regs));
	pteval_t gathered = pte_val(*virt_to_kpte((unsigned long)fifo));

	assert_ptr_not_equal(regs, fifo);
	assert_int_equal(strict & L_PTE_MT_MASK, L_PTE_MT_DEV_SHARED);
	assert_int_equal(gathered & L_PTE_MT_MASK, L_PTE_MT_BUFFERABLE);
	assert_true(strict & L_PTE_XN && gathered & L_PTE_XN);
}

static void test_aligned_megabytes_are_sections(void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES + 3 * MB, 2 * MB), *page;
	struct vm_struct *vm = find_vm_area(regs);

	assert_true(vm->flags & VM_ARM_SECTION_MAPPING);
	assert_true(IS_ALIGNED((unsigned long)regs, 2 * MB));
	for (unsigned long i = 0; i < 2; i++) {
		assert_true(pmd_sect(*pmd_of(regs + i * MB)));
		assert_int_equal(pmd_sect_phys(*pmd_of(regs + i * MB)),
				 DEVICES + (3 + i) * MB);
	}
	assert_true(pmd_none(*pmd_of(regs + 2 * MB)));
	assert_true(faults(regs + 2 * MB, false));
	page = ioremap(DEVICES + 4 * MB + 0x5000, 4);
	page[1] = 66;
	assert_int_equal(regs[MB + 0x5001], 66);
	assert_vm_sound();
	iounmap(regs);
	assert_true(pmd_none(*pmd_of(regs)));
	assert_true(faults(regs, false));
	assert_true(faults(regs + 2 * MB - 1, false));
	assert_vm_sound();
}

static void test_what_is_not_aligned_or_too_small_is_pages(
	void **state __maybe_unused)
{
	static const struct {
		phys_addr_t phys;
		size_t size;
	} cases[] = {
		{ DEVICES + MB / 2, MB }, { DEVICES, MB - PAGE_SIZE },
		{ DEVICES, MB + PAGE_SIZE }, { DEVICES + PAGE_SIZE, MB },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *regs = ioremap(cases[i].phys, cases[i].size);

		assert_non_null(regs);
		assert_true(pmd_table(*pmd_of(regs)));
		assert_false(faults(regs + cases[i].size - 1, true));
		assert_true(faults(regs + cases[i].size, false));
		iounmap(regs);
		vm_unmap_aliases();
		assert_vm_sound();
	}
}

/* One half of a pair is a section, the other one has a table. */
static void test_a_section_and_a_table_are_neighbours(
	void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES, MB);
	struct vm_struct *area = __get_vm_area(4 * PAGE_SIZE, VM_MAP,
					       (unsigned long)regs + MB,
					       (unsigned long)regs + 2 * MB);
	struct page *page = alloc_page(GFP_HIGHUSER);
	char *mem = area->addr;

	assert_int_equal((unsigned long)regs & ~PMD_MASK, 0);
	assert_int_equal(map_kernel_range_noflush((unsigned long)mem, PAGE_SIZE,
						  PAGE_KERNEL, &page), 1);
	assert_true(pmd_sect(*pmd_of(regs)));
	assert_true(pmd_table(*pmd_of(mem)));
	mem[0] = 1;
	regs[0] = 2;
	assert_int_equal(ram_at(page)[0], 1);
	iounmap(regs);
	vm_unmap_aliases();
	/* The freed half takes the table that its neighbour has. */
	regs = ioremap(DEVICES, PAGE_SIZE);
	assert_true(pmd_table(*pmd_of(regs)));
	assert_ptr_equal(pmd_page_vaddr(*pmd_of(regs)),
			 pmd_page_vaddr(*pmd_of(mem)));
	assert_int_equal(mem[0], 1);
	assert_int_equal(regs[0], 2);
	assert_vm_sound();
}

static void test_a_section_takes_the_place_of_an_empty_table(
	void **state __maybe_unused)
{
	unsigned long before;
	struct zone *low = zone_of(ZONE_NORMAL);
	char *mem = vmalloc(300 * PAGE_SIZE), *regs;

	assert_int_equal((unsigned long)mem & ~PMD_MASK, 0);
	vfree(mem);
	vm_unmap_aliases();
	before = zone_page_state_snapshot(low, NR_PAGETABLE);
	assert_true(before >= 1);
	regs = ioremap(DEVICES, MB);
	assert_ptr_equal(regs, mem);
	assert_true(pmd_sect(*pmd_of(regs)));
	/* Its other section may still want the table. */
	assert_int_equal(zone_page_state_snapshot(low, NR_PAGETABLE), before);
	iounmap(regs);
	vm_unmap_aliases();
	regs = ioremap(DEVICES, 2 * MB);
	assert_ptr_equal(regs, mem);
	assert_int_equal(zone_page_state_snapshot(low, NR_PAGETABLE),
			 before - 1);
	iounmap(regs);
	vm_unmap_aliases();
	assert_true(list_empty(&vmap_area_list));
	assert_vm_sound();
}

static void test_memory_is_refused(void **state __maybe_unused)
{
	unsigned long warned = nr_warnings;
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_null(ioremap(RAM_BASE, 4));
	assert_true(console_says("is memory, not a device"));
	assert_null(ioremap(PFN_PHYS(page_to_pfn(page)) + 8, 4));
	assert_null(ioremap(0x1000, RAM_BASE));		/* reaches into it */
	assert_int_equal(nr_warnings, warned + 3);
	assert_non_null(ioremap(DEVICES, 4));
	assert_int_equal(nr_warnings, warned + 3);
	assert_vm_sound();
}

static void test_ranges_that_cannot_be_give_NULL(void **state __maybe_unused)
{
	assert_null(ioremap(DEVICES, 0));
	assert_null(ioremap(PHYS_ADDR_MAX - 7, 9));	/* wraps */
	assert_null(ioremap(1UL << 33, VMALLOC_END - VMALLOC_START));
	assert_vm_sound();
}

static void test_unmapping_what_is_not_mapped_is_reported(
	void **state __maybe_unused)
{
	char *regs = ioremap(DEVICES, 3 * PAGE_SIZE);
	unsigned long warned = nr_warnings;

	iounmap(regs + PAGE_SIZE);
	assert_int_equal(nr_warnings, warned + 1);
	assert_false(faults(regs, true));
	iounmap(regs + 4);			/* as ioremap() may return */
	assert_int_equal(nr_warnings, warned + 1);
	iounmap(regs);
	assert_int_equal(nr_warnings, warned + 2);
	assert_vm_sound();
}

static void test_a_static_mapping_is_found_and_stays(
	void **state __maybe_unused)
{
	static struct vm_struct console;
	char *regs;

	begin_vm(1);
	console = (struct vm_struct){
		.addr = (void *)(VMALLOC_END - 2 * MB), .size = MB,
		.flags = VM_IOREMAP | VM_ARM_STATIC_MAPPING | VM_NO_GUARD |
			 VM_ARM_MTYPE(MT_DEVICE),
		.phys_addr = DEVICES,
	};
	set_pmd_section(pmd_of(console.addr), (unsigned long)console.addr,
			DEVICES, pgprot_device(PAGE_KERNEL));
	vm_area_add_early(&console);
	mm_init();
	regs = ioremap(DEVICES + 0x8000, 0x100);
	assert_ptr_equal(regs, (char *)console.addr + 0x8000);
	assert_ptr_equal(ioremap(DEVICES, MB), console.addr);
	iounmap(regs);
	assert_false(faults(regs, true));
	assert_ptr_equal(find_vm_area(regs), &console);
	/* Another kind of memory, or more than it has: a mapping of its own. */
	assert_int_equal((unsigned long)ioremap_wc(DEVICES, 4) & PAGE_MASK,
			 VMALLOC_START);
	assert_int_equal(find_vm_area(ioremap(DEVICES, MB + 4))->phys_addr,
			 DEVICES);
	assert_vm_sound();
}

static void *map_pages(void)
{
	return ioremap(DEVICES + 0x1000, 2 * PAGE_SIZE);
}

static void unmap_pages(void *regs)
{
	iounmap(regs);
}

static void test_running_out_of_pages_at_any_step_gives_all_back(
	void **state __maybe_unused)
{
	fail_at_every_step(map_pages, unmap_pages);
	vm_unmap_aliases();
	assert_true(list_empty(&vmap_area_list));
}

static void test_random_devices_show_the_same_registers(void **state)
{
	static struct {
		char *regs;
		phys_addr_t phys;
		size_t size;
	} held[30];

	for (unsigned int seed = 0; seed < 3; seed++) {
		struct rng rng = rng_seed(seed);

		boot_vm(state);
		memset(held, 0, sizeof(held));
		for (int step = 0; step < 1500; step++) {
			unsigned long i = below(&rng, ARRAY_SIZE(held));
			phys_addr_t at;
			char *other;

			if (held[i].regs) {
				at = below(&rng, held[i].size);
				other = ioremap(held[i].phys + at, 1);
				*other = (char)step;
				assert_int_equal(held[i].regs[at], (char)step);
				iounmap(other);
				iounmap(held[i].regs);
				held[i].regs = NULL;
			} else {
				bool sections = below(&rng, 3) == 0;

				held[i].size = sections ?
					(1 + below(&rng, 4)) * MB :
					1 + below(&rng, 20 * PAGE_SIZE);
				held[i].phys = DEVICES + (sections ?
					below(&rng, 8) * MB :
					below(&rng, 8 * MB));
				held[i].regs = ioremap(held[i].phys,
						       held[i].size);
				assert_non_null(held[i].regs);
			}
			if (step % 50 == 0)
				assert_vm_sound();
		}
		for (size_t i = 0; i < ARRAY_SIZE(held); i++)
			if (held[i].regs)
				iounmap(held[i].regs);
		vm_unmap_aliases();
		assert_true(list_empty(&vmap_area_list));
		assert_vm_sound();
	}
}

#define T(test) cmocka_unit_test_setup(test, boot_vm)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_an_address_keeps_its_place_in_the_page),
		T(test_a_range_over_two_pages_maps_both),
		T(test_kinds_of_memory_are_in_the_entries),
		T(test_aligned_megabytes_are_sections),
		T(test_what_is_not_aligned_or_too_small_is_pages),
		T(test_a_section_and_a_table_are_neighbours),
		T(test_a_section_takes_the_place_of_an_empty_table),
		T(test_memory_is_refused),
		T(test_ranges_that_cannot_be_give_NULL),
		T(test_unmapping_what_is_not_mapped_is_reported),
		T(test_a_static_mapping_is_found_and_stays),
		T(test_running_out_of_pages_at_any_step_gives_all_back),
		T(test_random_devices_show_the_same_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
