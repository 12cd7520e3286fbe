// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_vmalloc.c - areas against a list of what is held: none overlaps, and
 * every byte keeps what was written to it.
 */
#include <mm/percpu.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

#include "fuzz.h"

#define BLOCKS		6
#define MAX_HELD	48
#define MAX_PAGES	20

enum kind { NOTHING, BY_VMALLOC, BY_VMAP, BY_MAP_RAM };

static struct {
	enum kind kind;
	u8 *addr;
	unsigned int count;		/* pages */
	struct page *pages[MAX_PAGES];	/* BY_VMAP, BY_MAP_RAM */
} held[MAX_HELD];

static u8 fill_of(unsigned int slot, unsigned int page)
{
	return (u8)(slot * 53 + page * 7 + 1);
}

static void free_pages_of(unsigned int slot)
{
	for (unsigned int i = 0; i < held[slot].count; i++)
		__free_page(held[slot].pages[i]);
}

static bool get_pages_for(unsigned int slot, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		held[slot].count = i;
		held[slot].pages[i] = alloc_page(GFP_KERNEL | __GFP_NOWARN |
						 __GFP_HIGHMEM);
		if (!held[slot].pages[i]) {
			free_pages_of(slot);
			return false;
		}
	}
	held[slot].count = count;
	return true;
}

static void check_disjoint(unsigned int slot)
{
	const u8 *start = held[slot].addr;
	const u8 *end = start + held[slot].count * PAGE_SIZE;

	fuzz_assert(IS_ALIGNED((uintptr_t)start, PAGE_SIZE));
	for (unsigned int other = 0; other < MAX_HELD; other++) {
		const u8 *from = held[other].addr;

		if (other == slot || held[other].kind == NOTHING)
			continue;
		fuzz_assert(end <= from ||
			    from + held[other].count * PAGE_SIZE <= start);
	}
}

static void hold(unsigned int slot, enum kind kind, unsigned int count)
{
	held[slot].count = count;
	if (kind != BY_VMALLOC && !get_pages_for(slot, count))
		return;
	switch (kind) {
	case BY_VMALLOC:
		held[slot].addr = __vmalloc(count * PAGE_SIZE, GFP_KERNEL |
					    __GFP_NOWARN | __GFP_HIGHMEM,
					    PAGE_KERNEL);
		break;
	case BY_VMAP:
		held[slot].addr = vmap(held[slot].pages, count, VM_MAP,
				       PAGE_KERNEL);
		break;
	default:
		held[slot].addr = vm_map_ram(held[slot].pages, count, 0,
					     PAGE_KERNEL);
	}
	if (!held[slot].addr) {
		if (kind != BY_VMALLOC)
			free_pages_of(slot);
		return;
	}
	held[slot].kind = kind;
	check_disjoint(slot);
	for (unsigned int i = 0; i < count; i++)
		memset(held[slot].addr + i * PAGE_SIZE, fill_of(slot, i),
		       PAGE_SIZE);
}

static void give(unsigned int slot)
{
	enum kind kind = held[slot].kind;

	for (unsigned int i = 0; i < held[slot].count; i++)
		for (unsigned int at = 0; at < PAGE_SIZE; at += 509)
			fuzz_assert(held[slot].addr[i * PAGE_SIZE + at] ==
				    fill_of(slot, i));
	held[slot].kind = NOTHING;
	if (kind == BY_VMALLOC) {
		vfree(held[slot].addr);
		return;
	}
	if (kind == BY_VMAP)
		vunmap(held[slot].addr);
	else
		vm_unmap_ram(held[slot].addr, held[slot].count);
	free_pages_of(slot);
}

static unsigned long areas(void)
{
	const struct vmap_area *area;
	unsigned long n = 0;

	list_for_each_entry(area, &vmap_area_list, list)
		n++;
	return n;
}

static void one_operation(struct input *in)
{
	unsigned int op = take(in), slot = take(in) % MAX_HELD;

	host_set_cpu(op / 64 % nr_cpu_ids);
	if (op % 32 == 0)
		vm_unmap_aliases();
	else if (held[slot].kind != NOTHING)
		give(slot);
	else
		hold(slot, BY_VMALLOC + op % 3, 1 + take(in) % MAX_PAGES);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	unsigned long before;

	memset(held, 0, sizeof(held));
	fuzz_boot(&in, BLOCKS);
	fuzz_boot_all(&in);
	before = fuzz_pages_left();
	for (unsigned int n = 0; more(&in); n++) {
		one_operation(&in);
		if (n % 8 == 0)
			fuzz_sound(vmalloc_check());
	}
	for (unsigned int slot = 0; slot < MAX_HELD; slot++)
		if (held[slot].kind != NOTHING)
			give(slot);
	vm_unmap_aliases();
	fuzz_sound(vmalloc_check());
	fuzz_sound(node_check());
	fuzz_nothing_lost(before);
	fuzz_assert(areas() == 0);
	return 0;
}
