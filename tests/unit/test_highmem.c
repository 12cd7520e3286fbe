// SPDX-License-Identifier: GPL-2.0-or-later
/* test_highmem.c - kmap() and kmap_atomic(). */
#include "vm_machine.h"

#define CPUS 3u
#define PAGES (LAST_PKMAP + 40)

static struct page *pages[PAGES];

static int setup(void **state __maybe_unused)
{
	begin_vm(CPUS);
	mm_init();
	for (int i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(GFP_HIGHUSER);
		assert_true(PageHighMem(pages[i]));
		ram_at(pages[i])[0] = (char)i;
		ram_at(pages[i])[PAGE_SIZE - 1] = (char)(i >> 8);
	}
	return 0;
}

static int slot_of(const void *addr)
{
	return (int)(((unsigned long)addr - PKMAP_BASE) >> PAGE_SHIFT);
}

static bool shows(const char *addr, int i)
{
	return addr[0] == (char)i && addr[PAGE_SIZE - 1] == (char)(i >> 8);
}

/* --- kmap ----------------------------------------------------------------- */

static void test_lowmem_needs_no_slot(void **state __maybe_unused)
{
	struct page *page = alloc_page(GFP_KERNEL);

	assert_ptr_equal(kmap(page), page_address(page));
	assert_ptr_equal(kmap_atomic(page), page_address(page));
	assert_ptr_equal(page_virt(page), page_address(page));
	kunmap_atomic(page_address(page));
	kunmap(page);
	for (int i = 0; i < LAST_PKMAP; i++)
		assert_int_equal(pkmap_count[i], 0);
	assert_vm_sound();
}

static void test_a_page_has_one_address_for_all_its_users(
	void **state __maybe_unused)
{
	char *addr = kmap(pages[7]);

	assert_true(shows(addr, 7));
	assert_ptr_equal(kmap(pages[7]), addr);
	assert_ptr_equal(page_virt(pages[7]), addr);
	assert_int_equal(pkmap_count[slot_of(addr)], 3);
	addr[9] = 55;
	assert_int_equal(ram_at(pages[7])[9], 55);
	kunmap(pages[7]);
	assert_int_equal(pkmap_count[slot_of(addr)], 2);
	kunmap(pages[7]);
	assert_int_equal(pkmap_count[slot_of(addr)], 1);
	assert_vm_sound();
}

static void test_an_unused_slot_stays_mapped_until_the_flush(
	void **state __maybe_unused)
{
	char *addr = kmap(pages[1]);
	unsigned long flushes = host_tlb_flushes;

	kunmap(pages[1]);
	assert_ptr_equal(page_virt(pages[1]), addr);
	assert_false(faults(addr, true));
	assert_ptr_equal(kmap(pages[1]), addr);		/* still there */
	kunmap(pages[1]);
	assert_ptr_not_equal(kmap(pages[2]), addr);	/* not reused */
	assert_int_equal(host_tlb_flushes, flushes);
	kmap_flush_unused();
	assert_int_equal(host_tlb_flushes, flushes + 1);
	assert_null(page_virt(pages[1]));
	assert_true(faults(addr, false));
	assert_int_equal(pkmap_count[slot_of(addr)], 0);
	assert_non_null(page_virt(pages[2]));
	assert_vm_sound();
}

static void test_coming_round_flushes_all_unused_slots(
	void **state __maybe_unused)
{
	unsigned long flushes = host_tlb_flushes;
	char *first = kmap(pages[0]), *again;

	kunmap(pages[0]);
	for (int i = 1; i < LAST_PKMAP - 1; i++) {
		assert_true(shows(kmap(pages[i]), i));
		kunmap(pages[i]);
	}
	assert_int_equal(host_tlb_flushes, flushes);
	assert_non_null(page_virt(pages[0]));
	again = kmap(pages[LAST_PKMAP]);	/* slot 0: a flush */
	assert_int_equal(slot_of(again), 0);
	assert_int_equal(host_tlb_flushes, flushes + 1);
	assert_null(page_virt(pages[0]));
	assert_true(faults(first, false));
	assert_vm_sound();
}

static void test_all_slots_in_use_is_NULL_until_one_is_free(
	void **state __maybe_unused)
{
	char *addr;

	for (int i = 0; i < LAST_PKMAP; i++)
		assert_non_null(kmap(pages[i]));
	assert_null(kmap(pages[LAST_PKMAP]));
	assert_null(page_virt(pages[LAST_PKMAP]));
	assert_non_null(kmap(pages[300]));	/* has one */
	for (int i = 0; i < LAST_PKMAP; i++)
		assert_true(shows(page_virt(pages[i]), i));
	addr = page_virt(pages[200]);
	kunmap(pages[200]);
	assert_ptr_equal(kmap(pages[LAST_PKMAP]), addr);
	assert_true(shows(addr, LAST_PKMAP));
	assert_vm_sound();
}

static void test_kunmap_of_what_nobody_holds_is_a_bug(
	void **state __maybe_unused)
{
	assert_panics(kunmap(pages[0]), "addr");
	setup(NULL);
	kmap(pages[0]);
	kunmap(pages[0]);
	assert_panics(kunmap(pages[0]), "count < 2");
}

static void test_random_maps_are_like_the_counts(void **state)
{
	static int users[PAGES];

	for (unsigned int seed = 0; seed < 4; seed++) {
		struct rng rng = rng_seed(seed);
		int used = 0;

		setup(state);
		memset(users, 0, sizeof(users));
		for (int step = 0; step < 20000; step++) {
			int i = (int)below(&rng, PAGES);
			bool wants = below(&rng, 100) <
				(step / 5000 % 2 ? 40 : 65);

			if (wants && users[i] < 5) {
				char *addr = kmap(pages[i]);

				if (!addr) {
					assert_int_equal(used, LAST_PKMAP);
					continue;
				}
				assert_true(shows(addr, i));
				used += !users[i]++;
				assert_int_equal(pkmap_count[slot_of(addr)],
						 users[i] + 1);
			} else if (!wants && users[i]) {
				kunmap(pages[i]);
				used -= !--users[i];
			}
			if (!below(&rng, 1000))
				kmap_flush_unused();
			if (step % 500 == 0)
				assert_null(kmap_check());
		}
		for (int i = 0; i < PAGES; i++)
			for (; users[i]; users[i]--)
				kunmap(pages[i]);
		kmap_flush_unused();
		for (int i = 0; i < LAST_PKMAP; i++)
			assert_int_equal(pkmap_count[i], 0);
		assert_vm_sound();
	}
}

/* --- kmap_atomic ---------------------------------------------------------- */

static void test_atomic_maps_are_a_stack_of_each_cpu(
	void **state __maybe_unused)
{
	char *addr[CPUS][KM_TYPE_NR];

	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		for (int i = 0; i < KM_TYPE_NR; i++) {
			addr[cpu][i] = kmap_atomic(pages[30 * cpu +
							 (unsigned int)i]);
			/* Linux's places: down from the top, CPU by CPU. */
			assert_ptr_equal(addr[cpu][i], FIXADDR_TOP - PAGE_SIZE *
					 (1 + cpu * KM_TYPE_NR +
					  (unsigned int)i));
		}
	}
	assert_vm_sound();
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		host_set_cpu(cpu);
		for (int i = KM_TYPE_NR; i--;) {
			assert_true(shows(addr[cpu][i], 30 * (int)cpu + i));
			kunmap_atomic(addr[cpu][i] + 17);
			assert_true(faults(addr[cpu][i], false));
		}
	}
	assert_vm_sound();
}

static void test_too_deep_is_a_bug(void **state __maybe_unused)
{
	for (int i = 0; i < KM_TYPE_NR; i++)
		kmap_atomic(pages[i]);
	assert_panics(kmap_atomic(pages[KM_TYPE_NR]), "KM_TYPE_NR");
}

static void test_another_order_is_a_bug(void **state __maybe_unused)
{
	void *first = kmap_atomic(pages[0]), *second = kmap_atomic(pages[1]);

	assert_panics(kunmap_atomic(first), "atomic_slot");
	kunmap_atomic(second);
	kunmap_atomic(first);
	assert_panics(kunmap_atomic(first), "depth");
}

static void test_clear_highpage_clears_that_page_only(
	void **state __maybe_unused)
{
	memset(ram_at(pages[3]), 0x5a, PAGE_SIZE);
	memset(ram_at(pages[4]), 0x5a, PAGE_SIZE);
	clear_highpage(pages[3]);
	for (unsigned long i = 0; i < PAGE_SIZE; i++) {
		assert_int_equal(ram_at(pages[3])[i], 0);
		assert_int_equal(ram_at(pages[4])[i], 0x5a);
	}
	assert_vm_sound();
}

static void test_highmem_is_cleared_when_it_is_given_out(
	void **state __maybe_unused)
{
	struct page *page = alloc_pages(GFP_HIGHUSER, 2);

	memset(ram_at(page), 0x5a, 4 * PAGE_SIZE);
	__free_pages(page, 2);
	assert_ptr_equal(alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 2), page);
	assert_true(PageHighMem(page));
	for (unsigned long i = 0; i < 4 * PAGE_SIZE; i++)
		assert_int_equal(ram_at(page)[i], 0);
	assert_vm_sound();
}

/* --- broken slots --------------------------------------------------------- */

static void test_KMAP_1_names_a_count_that_the_table_denies(
	void **state __maybe_unused)
{
	char *addr = kmap(pages[0]);

	pkmap_count[slot_of(addr)] = 0;
	assert_broken(kmap_check(), "KMAP-1");
	pkmap_count[slot_of(addr)] = 2;
	pkmap_count[slot_of(addr) + 1] = 1;
	assert_broken(kmap_check(), "KMAP-1");
	pkmap_count[slot_of(addr) + 1] = -1;
	assert_broken(kmap_check(), "KMAP-1");
}

static void test_KMAP_2_names_another_page(void **state __maybe_unused)
{
	unsigned long addr = (unsigned long)kmap(pages[0]);

	set_pte_at(addr, virt_to_kpte(addr), mk_pte(pages[1], PAGE_KERNEL));
	assert_broken(kmap_check(), "KMAP-2");
}

static void test_KMAP_3_names_a_slot_that_is_not_on_the_stack(
	void **state __maybe_unused)
{
	unsigned long addr = (unsigned long)kmap_atomic(pages[0]);

	pte_clear(addr, virt_to_kpte(addr));
	assert_broken(kmap_check(), "KMAP-3");
	set_pte_at(addr, virt_to_kpte(addr), mk_pte(pages[0], PAGE_KERNEL));
	assert_null(kmap_check());
	addr -= PAGE_SIZE;
	set_pte_at(addr, virt_to_kpte(addr), mk_pte(pages[1], PAGE_KERNEL));
	assert_broken(kmap_check(), "KMAP-3");
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_lowmem_needs_no_slot),
		T(test_a_page_has_one_address_for_all_its_users),
		T(test_an_unused_slot_stays_mapped_until_the_flush),
		T(test_coming_round_flushes_all_unused_slots),
		T(test_all_slots_in_use_is_NULL_until_one_is_free),
		T(test_kunmap_of_what_nobody_holds_is_a_bug),
		T(test_random_maps_are_like_the_counts),
		T(test_atomic_maps_are_a_stack_of_each_cpu),
		T(test_too_deep_is_a_bug),
		T(test_another_order_is_a_bug),
		T(test_clear_highpage_clears_that_page_only),
		T(test_highmem_is_cleared_when_it_is_given_out),
		T(test_KMAP_1_names_a_count_that_the_table_denies),
		T(test_KMAP_2_names_another_page),
		T(test_KMAP_3_names_a_slot_that_is_not_on_the_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
