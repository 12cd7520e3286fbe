// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_memblock_random.c - memblock against a brute-force map.
 *
 * The map has one cell for each unit of a small address space: what memory
 * it is, and whether it is reserved. Random operations go to both; lists,
 * iterators and searches must then tell what the cells tell.
 */
#include "machine.h"

#define CELLS	120			/* below INIT_MEMBLOCK_REGIONS - 2 */
#define STEPS	250

struct cell {
	bool there;
	unsigned long flags;
	int nid;
};

struct map {
	phys_addr_t base, unit;
	struct cell memory[CELLS], reserved[CELLS];
};

struct shape {
	phys_addr_t base, unit;
	bool nodes;			/* every region of memory has a node */
	unsigned int seed;
};

/* A run of cells that are alike, as addresses. */
struct run {
	phys_addr_t start, end;
	const struct cell *cell;
};

static phys_addr_t cell_addr(const struct map *map, unsigned long i)
{
	return map->base + i * map->unit;
}

static bool same(const struct cell *a, const struct cell *b)
{
	return a->there == b->there && a->flags == b->flags &&
	       a->nid == b->nid;
}

/* --- operations ----------------------------------------------------------- */

static void set_cells(struct cell *cell, unsigned long n, int nid)
{
	for (; n--; cell++)
		if (!cell->there)
			*cell = (struct cell){ true, MEMBLOCK_NONE, nid };
}

static void clear_cells(struct cell *cell, unsigned long n)
{
	memset(cell, 0, n * sizeof(*cell));
}

static void flag_cells(struct cell *cell, unsigned long n,
		       unsigned long set, unsigned long clear)
{
	for (; n--; cell++)
		if (cell->there)
			cell->flags = (cell->flags | set) & ~clear;
}

static void node_cells(struct cell *cell, unsigned long n, int nid)
{
	for (; n--; cell++)
		if (cell->there)
			cell->nid = nid;
}

static int one_operation(struct map *map, struct rng *rng, bool nodes)
{
	static const int node_ids[] = { 0, 2, 3 };
	unsigned long at = below(rng, CELLS);
	unsigned long n = below(rng, 2) ? below(rng, 8) : below(rng, CELLS);
	struct cell *mem = &map->memory[at], *res = &map->reserved[at];
	int nid = node_ids[below(rng, ARRAY_SIZE(node_ids))];
	phys_addr_t base = cell_addr(map, at), size;
	bool top = cell_addr(map, CELLS) == PHYS_ADDR_MAX;

	if (n > CELLS - at)
		n = CELLS - at;
	size = n * map->unit;
	if (top && n == CELLS - at && below(rng, 2))
		size = PHYS_ADDR_MAX - below(rng, 9);	/* wraps: is cut */

	switch (below(rng, 12)) {
	case 0: case 1:
		set_cells(mem, n, nodes ? nid : MAX_NUMNODES);
		return nodes ? memblock_add_node(base, size, nid) :
			       memblock_add(base, size);
	case 2:
		clear_cells(mem, n);
		return memblock_remove(base, size);
	case 3: case 4:
		set_cells(res, n, MAX_NUMNODES);
		return memblock_reserve(base, size);
	case 5:
		clear_cells(res, n);
		return memblock_free(base, size);
	case 6:
		flag_cells(mem, n, MEMBLOCK_HOTPLUG, 0);
		return memblock_mark_hotplug(base, size);
	case 7:
		flag_cells(mem, n, 0, MEMBLOCK_HOTPLUG);
		return memblock_clear_hotplug(base, size);
	case 8:
		flag_cells(mem, n, MEMBLOCK_MIRROR, 0);
		return memblock_mark_mirror(base, size);
	case 9:
		flag_cells(mem, n, MEMBLOCK_NOMAP, 0);
		return memblock_mark_nomap(base, size);
	case 10:
		flag_cells(mem, n, 0, MEMBLOCK_NOMAP);
		return memblock_clear_nomap(base, size);
	default:
		if (below(rng, 3)) {
			node_cells(mem, n, nid);
			return memblock_set_node(base, size, &memblock.memory,
						 nid);
		}
		node_cells(res, n, nid);
		return memblock_set_node(base, size, &memblock.reserved, nid);
	}
}

/* --- what the cells tell -------------------------------------------------- */

static bool wanted(const struct cell *cell, int nid, unsigned long flags)
{
	if (!cell->there || (nid != NUMA_NO_NODE && cell->nid != nid))
		return false;
	if ((flags & MEMBLOCK_MIRROR) && !(cell->flags & MEMBLOCK_MIRROR))
		return false;
	return (flags & MEMBLOCK_NOMAP) || !(cell->flags & MEMBLOCK_NOMAP);
}

/* Runs of wanted cells of @a that are not in @b, lowest first. */
static unsigned long runs_of(const struct map *map, const struct cell *a,
			     const struct cell *b, int nid,
			     unsigned long flags, struct run *runs)
{
	unsigned long n = 0;
	bool open = false;

	for (unsigned long i = 0; i < CELLS; i++) {
		bool use = wanted(&a[i], nid, flags) && !(b && b[i].there);

		if (use && open && same(&a[i], runs[n - 1].cell))
			runs[n - 1].end = cell_addr(map, i + 1);
		else if (use)
			runs[n++] = (struct run){ cell_addr(map, i),
						  cell_addr(map, i + 1), &a[i]};
		open = use;
	}
	return n;
}

static void assert_type(const struct map *map, const struct memblock_type *type,
			const struct cell *cells)
{
	static struct run runs[CELLS];
	static struct want want[CELLS];
	unsigned long n = runs_of(map, cells, NULL, NUMA_NO_NODE,
				  MEMBLOCK_NOMAP, runs);

	for (unsigned long i = 0; i < n; i++)
		want[i] = (struct want){ runs[i].start,
					 runs[i].end - runs[i].start,
					 runs[i].cell->flags,
					 runs[i].cell->nid };
	if (n)
		assert_list(type, want, n);
	else
		assert_empty(type);
}

static void assert_iterators(const struct map *map, int nid,
			     unsigned long flags, bool reserved)
{
	static struct run runs[CELLS];
	struct memblock_type *b = reserved ? &memblock.reserved : NULL;
	unsigned long n = runs_of(map, map->memory,
				  reserved ? map->reserved : NULL, nid, flags,
				  runs);
	phys_addr_t start = 0, end = 0;
	unsigned long k = 0;
	int at_nid = 0;
	u64 i;

	for_each_mem_range(i, &memblock.memory, b, nid, flags, &start, &end,
			   &at_nid) {
		assert_true(k < n);
		assert_int_equal(start, runs[k].start);
		assert_int_equal(end, runs[k].end);
		assert_int_equal(at_nid, runs[k].cell->nid);
		k++;
	}
	assert_int_equal(k, n);

	for_each_mem_range_rev(i, &memblock.memory, b, nid, flags, &start, &end,
			       &at_nid) {
		assert_true(k > 0);
		k--;
		assert_int_equal(start, runs[k].start);
		assert_int_equal(end, runs[k].end);
		assert_int_equal(at_nid, runs[k].cell->nid);
	}
	assert_int_equal(k, 0);
}

static void assert_reserved_iterator(const struct map *map)
{
	static struct run runs[CELLS];
	unsigned long n = runs_of(map, map->reserved, NULL, NUMA_NO_NODE,
				  MEMBLOCK_NOMAP, runs), k = 0;
	phys_addr_t start, end;
	u64 i;

	for_each_reserved_mem_region(i, &start, &end) {
		assert_true(k < n);
		assert_int_equal(start, runs[k].start);
		assert_int_equal(end, runs[k].end);
		k++;
	}
	assert_int_equal(k, n);
}

static void assert_pfn_iterator(const struct map *map, int nid)
{
	static struct run runs[CELLS];
	unsigned long n = runs_of(map, map->memory, NULL, nid, MEMBLOCK_NOMAP,
				  runs), k = 0, start, end;
	int i, at_nid = 0;

	for_each_mem_pfn_range(i, nid, &start, &end, &at_nid) {
		while (k < n && PFN_UP(runs[k].start) >= PFN_DOWN(runs[k].end))
			k++;
		assert_true(k < n);
		assert_int_equal(start, PFN_UP(runs[k].start));
		assert_int_equal(end, PFN_DOWN(runs[k].end));
		assert_int_equal(at_nid, runs[k].cell->nid);
		k++;
	}
	while (k < n && PFN_UP(runs[k].start) >= PFN_DOWN(runs[k].end))
		k++;
	assert_int_equal(k, n);
}

/* Every aligned address is tried; the runs are lowest first. */
static phys_addr_t search(const struct run *runs, unsigned long n,
			  phys_addr_t size, phys_addr_t align,
			  phys_addr_t start, phys_addr_t end, bool bottom_up)
{
	phys_addr_t found = 0;

	if (start < PAGE_SIZE)
		start = PAGE_SIZE;
	for (unsigned long i = 0; i < n; i++) {
		phys_addr_t low = runs[i].start > start ? runs[i].start : start;
		phys_addr_t high = runs[i].end < end ? runs[i].end : end;
		phys_addr_t at = low / align * align;

		for (; at < high && high - at >= size; at += align) {
			if (at >= low)
				found = at;
			if (at >= low && bottom_up)
				return at;
			if (at > PHYS_ADDR_MAX - align)
				break;
		}
	}
	return found;
}

static void assert_finds(const struct map *map, struct rng *rng, int nid,
			 unsigned long flags)
{
	static struct run runs[CELLS];
	unsigned long n = runs_of(map, map->memory, map->reserved, nid, flags,
				  runs);

	for (int i = 0; i < 4; i++) {
		phys_addr_t span = CELLS * map->unit;
		phys_addr_t start = map->base + below(rng, span) / 2;
		phys_addr_t end = map->base + below(rng, span + 1);
		phys_addr_t size = 1 + below(rng, map->unit * 8);
		phys_addr_t align = 1UL << below(rng, 18), found;
		bool accessible = below(rng, 4) == 0;

		while (align < map->unit / 16)
			align <<= 1;
		if (below(rng, 2))
			end = PHYS_ADDR_MAX;
		memblock_set_current_limit(end);
		memblock_set_bottom_up(i & 1);
		found = memblock_find_in_range_node(
			size, align, start,
			accessible ? MEMBLOCK_ALLOC_ACCESSIBLE : end, nid,
			flags);
		assert_int_equal(found, search(runs, n, size, align, start, end,
					       i & 1));
	}
	memblock_set_current_limit(MEMBLOCK_ALLOC_ANYWHERE);
	memblock_set_bottom_up(false);
}

static void assert_questions(const struct map *map, struct rng *rng)
{
	unsigned long at = below(rng, CELLS), n = 1 + below(rng, CELLS - at);
	phys_addr_t base = cell_addr(map, at);
	const struct cell *mem = &map->memory[at];
	bool any = false, all = mem->there;

	assert_int_equal(memblock_is_memory(base), mem->there);
	assert_int_equal(memblock_is_map_memory(base),
			 mem->there && !(mem->flags & MEMBLOCK_NOMAP));
	assert_int_equal(memblock_is_reserved(base), map->reserved[at].there);
	for (unsigned long i = 0; i < n; i++) {
		any |= map->reserved[at + i].there;
		all &= same(&mem[i], mem);	/* one region, not several */
	}
	assert_int_equal(memblock_is_region_reserved(base, n * map->unit), any);
	assert_int_equal(memblock_is_region_memory(base, n * map->unit), all);
}

static void run_shape(const struct shape *shape)
{
	static struct map map;
	struct rng rng = rng_seed(shape->seed);

	assert_int_equal(host_ram_init(RAM_BASE, SZ_1M, RAM_BASE + SZ_1M), 0);
	memset(&map, 0, sizeof(map));
	map.base = shape->base;
	map.unit = shape->unit;
	for (int step = 0; step < STEPS; step++) {
		int nid = shape->nodes && below(&rng, 2) ? 2 : NUMA_NO_NODE;
		unsigned long flags = below(&rng, 2) ? MEMBLOCK_NONE :
			below(&rng, 2) ? MEMBLOCK_MIRROR : MEMBLOCK_NOMAP;

		assert_int_equal(one_operation(&map, &rng, shape->nodes), 0);
		assert_null(memblock_check());
		assert_type(&map, &memblock.memory, map.memory);
		assert_type(&map, &memblock.reserved, map.reserved);
		assert_iterators(&map, nid, flags, true);
		assert_iterators(&map, nid, flags, false);
		assert_reserved_iterator(&map);
		if (map.unit >= PAGE_SIZE / 4)
			assert_pfn_iterator(&map, nid);
		assert_questions(&map, &rng);
		assert_finds(&map, &rng, nid, flags);
	}
}

static void run_seeds(phys_addr_t base, phys_addr_t unit)
{
	for (unsigned int seed = 0; seed < 8; seed++)
		run_shape(&(struct shape){ base, unit, seed & 1, seed });
}

static void test_units_of_one_byte(void **state __maybe_unused)
{
	run_seeds(RAM_BASE + 3, 1);
}

static void test_units_of_seven_bytes(void **state __maybe_unused)
{
	run_seeds(0x12345, 7);
}

static void test_units_of_a_quarter_page_from_address_0(
	void **state __maybe_unused)
{
	run_seeds(0, 0x400);
}

static void test_units_of_a_page(void **state __maybe_unused)
{
	run_seeds(RAM_BASE, 0x1000);
}

static void test_units_of_one_and_a_half_pages(void **state __maybe_unused)
{
	run_seeds(RAM_BASE + 0x800, 0x1800);
}

static void test_units_that_end_at_the_last_address(void **state __maybe_unused)
{
	run_seeds(PHYS_ADDR_MAX - CELLS, 1);
	run_seeds(PHYS_ADDR_MAX - CELLS * 0x1000, 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_of_one_byte),
		cmocka_unit_test(test_units_of_seven_bytes),
		cmocka_unit_test(test_units_of_a_quarter_page_from_address_0),
		cmocka_unit_test(test_units_of_a_page),
		cmocka_unit_test(test_units_of_one_and_a_half_pages),
		cmocka_unit_test(test_units_that_end_at_the_last_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
