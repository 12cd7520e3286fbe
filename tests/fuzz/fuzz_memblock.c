// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_memblock.c - memblock's lists against one cell for each unit of memory.
 */
#include "fuzz.h"

#define CELLS	200
#define UNIT	0x3000UL
#define BASE	0x7ff00000UL

struct cell {
	bool memory, reserved, nomap, hotplug;
};

static struct cell cells[CELLS];

static phys_addr_t addr_of(unsigned int cell)
{
	return BASE + cell * UNIT;
}

static void set_memory(struct cell *cell, bool there)
{
	if (there == cell->memory)
		return;
	cell->memory = there;
	cell->nomap = cell->hotplug = false;
}

static void check_list(const struct memblock_type *type, bool reserved)
{
	phys_addr_t total = 0;

	for (unsigned int i = 0; i < CELLS; i++) {
		bool want = reserved ? cells[i].reserved : cells[i].memory;
		bool found = false;

		for (unsigned long r = 0; r < type->cnt; r++) {
			const struct memblock_region *rgn = &type->regions[r];
			bool in = rgn->base <= addr_of(i) &&
				  addr_of(i) < rgn->base + rgn->size;

			if (in && !reserved)
				fuzz_assert(!(rgn->flags & MEMBLOCK_NOMAP) ==
					    !cells[i].nomap);
			found |= in;
		}
		fuzz_assert(found == want);
		total += want * UNIT;
	}
	fuzz_assert(type->total_size == total);
}

static void check_free_ranges(void)
{
	bool is_free[CELLS] = { false };
	phys_addr_t start, end;
	u64 i;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end,
				NULL)
		for (; start < end; start += UNIT)
			is_free[(start - BASE) / UNIT] = true;
	for (unsigned int c = 0; c < CELLS; c++)
		fuzz_assert(is_free[c] == (cells[c].memory &&
					   !cells[c].reserved &&
					   !cells[c].nomap));
}

/* Free, and of one region: neighbours whose flags differ are not merged. */
static bool run_is_free(unsigned int start, unsigned int n)
{
	for (const struct cell *c = &cells[start]; c < &cells[start + n]; c++)
		if (!c->memory || c->reserved || c->nomap ||
		    c->hotplug != cells[start].hotplug)
			return false;
	return true;
}

/* Top down: the highest place that is free is found. */
static void check_find(unsigned int n)
{
	phys_addr_t want = 0;

	for (unsigned int start = 0; start + n <= CELLS; start++)
		if (run_is_free(start, n))
			want = addr_of(start);
	fuzz_assert(memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE,
					   n * UNIT, 1) == want);
}

static void one_operation(struct input *in)
{
	unsigned int op = take(in) % 8, at = take(in) % CELLS;
	unsigned int n = min(take(in) % 64u, CELLS - at);
	phys_addr_t base = addr_of(at), size = n * UNIT;
	int err = 0;

	switch (op) {
	case 0: err = memblock_add(base, size); break;
	case 1: err = memblock_remove(base, size); break;
	case 2: err = memblock_reserve(base, size); break;
	case 3: err = memblock_free(base, size); break;
	case 4: err = memblock_mark_nomap(base, size); break;
	case 5: err = memblock_clear_nomap(base, size); break;
	case 6: err = memblock_mark_hotplug(base, size); break;
	case 7: check_find(n ? n : 1); return;
	}
	if (err)
		return;			/* full: nothing changed */
	for (struct cell *c = &cells[at]; c < &cells[at + n]; c++) {
		switch (op) {
		case 0: set_memory(c, true); break;
		case 1: set_memory(c, false); break;
		case 2: c->reserved = true; break;
		case 3: c->reserved = false; break;
		case 4: c->nomap = c->memory; break;
		case 5: c->nomap = false; break;
		case 6: c->hotplug = c->memory; break;
		}
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };

	fuzz_assert(!host_ram_init(BASE, CELLS * UNIT, BASE + CELLS * UNIT));
	memset(cells, 0, sizeof(cells));
	while (more(&in)) {
		one_operation(&in);
		fuzz_sound(memblock_check());
		check_list(&memblock.memory, false);
		check_list(&memblock.reserved, true);
		check_free_ranges();
	}
	return 0;
}
