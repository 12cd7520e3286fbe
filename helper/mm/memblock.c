// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memblock.c - the two lists: which ranges are memory, which are reserved.
 *
 * Contract: keeps MEMBLOCK-1 to -5 of both lists at every return.
 * May call: lib/, arch.h, early_pool.c.  Called by: everything before the
 *           hand-over, and pfn_valid() for ever.
 * Fails:    -ENOMEM when an array is full and may not grow: nothing changed.
 *
 * Iteration and allocation are in memblock_alloc.c.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/early_pool.h>
#include <mm/memblock.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/string.h>

static struct memblock_region memory_init_regions[INIT_MEMBLOCK_REGIONS];
static struct memblock_region reserved_init_regions[INIT_MEMBLOCK_REGIONS];

struct memblock memblock = {
	.current_limit = MEMBLOCK_ALLOC_ANYWHERE,
	.memory = {
		.cnt = 1,
		.max = INIT_MEMBLOCK_REGIONS,
		.regions = memory_init_regions,
	},
	.reserved = {
		.cnt = 1,
		.max = INIT_MEMBLOCK_REGIONS,
		.regions = reserved_init_regions,
	},
};

int memblock_debug;
static bool memblock_can_resize;

static phys_addr_t region_end(const struct memblock_region *rgn)
{
	return rgn->base + rgn->size;
}

/* MEMBLOCK-5: the last address that a range may end at is PHYS_ADDR_MAX. */
static phys_addr_t capped_end(phys_addr_t base, phys_addr_t size)
{
	return base + min(size, PHYS_ADDR_MAX - base);
}

static bool type_empty(const struct memblock_type *type)
{
	return type->cnt == 1 && type->regions[0].size == 0;
}

static const char *type_name(const struct memblock_type *type)
{
	if (type == &memblock.memory)
		return "memory";
	return type == &memblock.reserved ? "reserved" : "private";
}

/* The number of the first region that ends above @addr; cnt: none does. */
static unsigned long first_ending_above(const struct memblock_type *type,
					phys_addr_t addr)
{
	unsigned long low = 0, high = type_empty(type) ? 0 : type->cnt;

	if (!high)
		return type->cnt;
	while (low < high) {
		unsigned long mid = low + (high - low) / 2;

		if (region_end(&type->regions[mid]) > addr)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* --- changing an array ---------------------------------------------------- */

static void insert_region(struct memblock_type *type, unsigned long idx,
			  const struct memblock_region *rgn)
{
	if (type_empty(type)) {
		type->regions[0] = *rgn;
	} else {
		VM_BUG_ON(type->cnt >= type->max);
		memmove(&type->regions[idx + 1], &type->regions[idx],
			(type->cnt - idx) * sizeof(*rgn));
		type->regions[idx] = *rgn;
		type->cnt++;
	}
	type->total_size += rgn->size;
}

static void remove_regions(struct memblock_type *type, unsigned long start,
			   unsigned long end)
{
	for (unsigned long i = start; i < end; i++)
		type->total_size -= type->regions[i].size;
	memmove(&type->regions[start], &type->regions[end],
		(type->cnt - end) * sizeof(type->regions[0]));
	type->cnt -= end - start;
	if (type->cnt == 0) {			/* MEMBLOCK-4 */
		type->regions[0] = (struct memblock_region){
			.nid = MAX_NUMNODES,
		};
		type->cnt = 1;
	}
}

/* MEMBLOCK-2 */
static void merge_regions(struct memblock_type *type)
{
	unsigned long kept = 0;

	for (unsigned long i = 1; i < type->cnt; i++) {
		struct memblock_region *last = &type->regions[kept];
		const struct memblock_region *rgn = &type->regions[i];

		if (region_end(last) == rgn->base && last->nid == rgn->nid &&
		    last->flags == rgn->flags)
			last->size += rgn->size;
		else
			type->regions[++kept] = *rgn;
	}
	type->cnt = kept + 1;
}

/*
 * Where a larger array can live: mapped, free, and outside [base, end), which
 * the caller is about to add to the reserved list.
 */
static phys_addr_t find_array(phys_addr_t bytes, phys_addr_t base,
			      phys_addr_t end)
{
	phys_addr_t addr;

	addr = memblock_find_in_range(end, MEMBLOCK_ALLOC_ACCESSIBLE, bytes,
				      PAGE_SIZE);
	if (!addr && base)
		addr = memblock_find_in_range(0, min(base,
						     memblock.current_limit),
					      bytes, PAGE_SIZE);
	return addr;
}

/*
 * Twice the room for @type. [base, end) is what its caller is adding. On
 * failure nothing has changed.
 */
static int memblock_double_array(struct memblock_type *type, phys_addr_t base,
				 phys_addr_t end)
{
	phys_addr_t old_bytes = type->max * sizeof(type->regions[0]);
	phys_addr_t new_bytes = PAGE_ALIGN(2 * old_bytes);
	struct memblock_region *old = type->regions;
	bool is_reserved = type == &memblock.reserved;
	bool from_memblock = old != memory_init_regions &&
			     old != reserved_init_regions;
	phys_addr_t addr;

	if (!memblock_can_resize ||
	    (!is_reserved && type != &memblock.memory))
		return -ENOMEM;
	addr = is_reserved ? find_array(new_bytes, base, end) :
			     find_array(new_bytes, 0, 0);
	if (!addr)
		return -ENOMEM;
	/* Into the reserved list itself it goes below: there is room then. */
	if (!is_reserved && memblock_reserve(addr, new_bytes))
		return -ENOMEM;
	pr_info("memblock: %s is doubled to %lu at [0x%08lx-0x%08lx]\n",
		type_name(type), 2 * type->max, addr, addr + new_bytes - 1);

	type->regions = phys_to_virt(addr);
	memcpy(type->regions, old, type->cnt * sizeof(*old));
	type->max *= 2;
	if (is_reserved)
		BUG_ON(memblock_reserve(addr, new_bytes));
	if (from_memblock)
		BUG_ON(memblock_free(virt_to_phys(old), PAGE_ALIGN(old_bytes)));
	return 0;
}

/* Pieces of [base, end) that no region covers. */
static unsigned long count_uncovered(const struct memblock_type *type,
				     phys_addr_t base, phys_addr_t end)
{
	unsigned long pieces = 0;

	for (unsigned long i = first_ending_above(type, base);
	     i < type->cnt && base < end; i++) {
		if (type->regions[i].base > base)
			pieces++;
		if (type->regions[i].base >= end)
			return pieces;
		base = region_end(&type->regions[i]);
	}
	return pieces + (base < end);
}

int memblock_add_range(struct memblock_type *type, phys_addr_t base,
		       phys_addr_t size, int nid, unsigned long flags)
{
	phys_addr_t end = capped_end(base, size);
	unsigned long i;

	if (base == end)
		return 0;
	/* Doubling reserves memory, which may add regions: count again. */
	while (!type_empty(type) &&
	       type->cnt + count_uncovered(type, base, end) > type->max)
		if (memblock_double_array(type, base, end))
			return -ENOMEM;

	for (i = first_ending_above(type, base); base < end; i++) {
		struct memblock_region piece = {
			.base = base, .flags = flags, .nid = nid,
		};
		bool covered = i < type->cnt && !type_empty(type);
		phys_addr_t next = covered ? type->regions[i].base : end;

		if (base < next) {
			piece.size = min(next, end) - base;
			insert_region(type, i, &piece);
			base = min(next, end);
		} else {
			base = region_end(&type->regions[i]);
		}
	}
	merge_regions(type);
	return 0;
}

/* Does a region reach over @addr from both sides? */
static bool crosses(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = first_ending_above(type, addr);

	return i < type->cnt && type->regions[i].base < addr;
}

/*
 * Split regions so that none crosses @base or the range's end; those inside
 * are then regions[*start] to regions[*end - 1].
 */
static int memblock_isolate_range(struct memblock_type *type, phys_addr_t base,
				  phys_addr_t size, unsigned long *start,
				  unsigned long *end)
{
	phys_addr_t cut[2] = { base, capped_end(base, size) };
	unsigned long at[2];

	*start = *end = 0;
	if (cut[0] == cut[1] || type_empty(type))
		return 0;
	while (type->cnt + crosses(type, cut[0]) + crosses(type, cut[1]) >
	       type->max)
		if (memblock_double_array(type, cut[0], cut[1]))
			return -ENOMEM;
	for (int n = 0; n < 2; n++) {
		unsigned long i = first_ending_above(type, cut[n]);
		struct memblock_region *rgn = &type->regions[i], low;

		at[n] = i;
		if (i == type->cnt || rgn->base >= cut[n])
			continue;
		low = *rgn;
		low.size = cut[n] - rgn->base;
		rgn->base = cut[n];
		rgn->size -= low.size;
		type->total_size -= low.size;
		insert_region(type, i, &low);
		at[n] = i + 1;
	}
	*start = at[0];
	*end = at[1];
	return 0;
}

int memblock_remove_range(struct memblock_type *type, phys_addr_t base,
			  phys_addr_t size)
{
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (!err && start < end)
		remove_regions(type, start, end);
	return err;
}

/* --- memory and reserved -------------------------------------------------- */

static void log_change(const char *what, phys_addr_t base, phys_addr_t size,
		       unsigned long ip)
{
	if (memblock_debug)
		printk("memblock_%s: [0x%08lx-0x%08lx] %pS\n", what, base,
		       capped_end(base, size) - 1, (void *)ip);
}

int memblock_add_node(phys_addr_t base, phys_addr_t size, int nid)
{
	log_change("add_node", base, size, _RET_IP_);
	return memblock_add_range(&memblock.memory, base, size, nid, 0);
}

int memblock_add(phys_addr_t base, phys_addr_t size)
{
	log_change("add", base, size, _RET_IP_);
	return memblock_add_range(&memblock.memory, base, size, MAX_NUMNODES,
				  0);
}

int memblock_remove(phys_addr_t base, phys_addr_t size)
{
	log_change("remove", base, size, _RET_IP_);
	return memblock_remove_range(&memblock.memory, base, size);
}

int memblock_reserve(phys_addr_t base, phys_addr_t size)
{
	log_change("reserve", base, size, _RET_IP_);
	return memblock_add_range(&memblock.reserved, base, size, MAX_NUMNODES,
				  0);
}

int memblock_free(phys_addr_t base, phys_addr_t size)
{
	log_change("free", base, size, _RET_IP_);
	if (early_pool_free(base, size))
		return 0;
	return memblock_remove_range(&memblock.reserved, base, size);
}

static int change_flag(phys_addr_t base, phys_addr_t size, unsigned long flag,
		       bool set)
{
	struct memblock_type *type = &memblock.memory;
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (err)
		return err;
	for (; start < end; start++) {
		if (set)
			type->regions[start].flags |= flag;
		else
			type->regions[start].flags &= ~flag;
	}
	merge_regions(type);
	return 0;
}

int memblock_mark_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_HOTPLUG, true);
}

int memblock_clear_hotplug(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_HOTPLUG, false);
}

int memblock_mark_mirror(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_MIRROR, true);
}

int memblock_mark_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_NOMAP, true);
}

int memblock_clear_nomap(phys_addr_t base, phys_addr_t size)
{
	return change_flag(base, size, MEMBLOCK_NOMAP, false);
}

int memblock_set_node(phys_addr_t base, phys_addr_t size,
		      struct memblock_type *type, int nid)
{
	unsigned long start, end;
	int err = memblock_isolate_range(type, base, size, &start, &end);

	if (err)
		return err;
	for (; start < end; start++)
		type->regions[start].nid = nid;
	merge_regions(type);
	return 0;
}

void memblock_trim_memory(phys_addr_t align)
{
	struct memblock_type *type = &memblock.memory;

	for (unsigned long i = type_empty(type) ? 1 : 0; i < type->cnt; ) {
		struct memblock_region *rgn = &type->regions[i];
		phys_addr_t start = ALIGN(rgn->base, align);
		phys_addr_t end = ALIGN_DOWN(region_end(rgn), align);

		if (start >= rgn->base && start < end) {
			type->total_size -= rgn->size - (end - start);
			rgn->base = start;
			rgn->size = end - start;
			i++;
			continue;
		}
		remove_regions(type, i, i + 1);
		if (type_empty(type))
			return;
	}
}

/* The address at which the first @limit bytes of memory end. */
static phys_addr_t end_of_first_bytes(phys_addr_t limit)
{
	const struct memblock_region *rgn;

	for_each_memblock(memory, rgn) {
		if (limit <= rgn->size)
			return rgn->base + limit;
		limit -= rgn->size;
	}
	return PHYS_ADDR_MAX;
}

void memblock_enforce_memory_limit(phys_addr_t limit)
{
	phys_addr_t end = end_of_first_bytes(limit);

	if (!limit || end == PHYS_ADDR_MAX)
		return;
	WARN_ON(memblock_remove_range(&memblock.memory, end, PHYS_ADDR_MAX));
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

static void remove_mapped(phys_addr_t base, phys_addr_t size)
{
	struct memblock_type *type = &memblock.memory;
	unsigned long start, end;

	if (WARN_ON(memblock_isolate_range(type, base, size, &start, &end)))
		return;
	while (start < end--)
		if (!(type->regions[end].flags & MEMBLOCK_NOMAP))
			remove_regions(type, end, end + 1);
	merge_regions(type);
}

void memblock_mem_limit_remove_map(phys_addr_t limit)
{
	phys_addr_t end = end_of_first_bytes(limit);

	if (!limit || end == PHYS_ADDR_MAX)
		return;
	remove_mapped(end, PHYS_ADDR_MAX);
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

void memblock_cap_memory_range(phys_addr_t base, phys_addr_t size)
{
	phys_addr_t end = capped_end(base, size);

	if (base == end)
		return;
	remove_mapped(0, base);
	remove_mapped(end, PHYS_ADDR_MAX);
	WARN_ON(memblock_remove_range(&memblock.reserved, 0, base));
	WARN_ON(memblock_remove_range(&memblock.reserved, end, PHYS_ADDR_MAX));
}

void memblock_allow_resize(void)
{
	memblock_can_resize = true;
}

void memblock_set_current_limit(phys_addr_t limit)
{
	memblock.current_limit = limit;
}

phys_addr_t memblock_get_current_limit(void)
{
	return memblock.current_limit;
}

/* --- questions ------------------------------------------------------------ */

/* The region that @addr lies in, or NULL. */
static const struct memblock_region *
memblock_search(const struct memblock_type *type, phys_addr_t addr)
{
	unsigned long i = first_ending_above(type, addr);

	if (i == type->cnt || type->regions[i].base > addr)
		return NULL;
	return &type->regions[i];
}

bool memblock_is_memory(phys_addr_t addr)
{
	return memblock_search(&memblock.memory, addr);
}

bool memblock_is_map_memory(phys_addr_t addr)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, addr);
	return rgn && !(rgn->flags & MEMBLOCK_NOMAP);
}

bool memblock_is_reserved(phys_addr_t addr)
{
	return memblock_search(&memblock.reserved, addr);
}

bool memblock_is_region_memory(phys_addr_t base, phys_addr_t size)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, base);
	return rgn && region_end(rgn) >= capped_end(base, size);
}

bool memblock_overlaps_region(struct memblock_type *type, phys_addr_t base,
			      phys_addr_t size)
{
	unsigned long i = first_ending_above(type, base);

	return i < type->cnt && type->regions[i].base < capped_end(base, size);
}

bool memblock_is_region_reserved(phys_addr_t base, phys_addr_t size)
{
	return memblock_overlaps_region(&memblock.reserved, base, size);
}

phys_addr_t memblock_phys_mem_size(void)
{
	return memblock.memory.total_size;
}

phys_addr_t memblock_reserved_size(void)
{
	return memblock.reserved.total_size;
}

phys_addr_t memblock_start_of_DRAM(void)
{
	return memblock.memory.regions[0].base;
}

phys_addr_t memblock_end_of_DRAM(void)
{
	return region_end(&memblock.memory.regions[memblock.memory.cnt - 1]);
}

int memblock_search_pfn_nid(unsigned long pfn, unsigned long *start_pfn,
			    unsigned long *end_pfn)
{
	const struct memblock_region *rgn;

	rgn = memblock_search(&memblock.memory, PFN_PHYS(pfn));
	if (!rgn)
		return -1;
	*start_pfn = PFN_DOWN(rgn->base);
	*end_pfn = PFN_DOWN(region_end(rgn));
	return rgn->nid;
}

static void dump_type(const struct memblock_type *type)
{
	printk(" %s.cnt  = 0x%lx\n", type_name(type), type->cnt);
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *rgn = &type->regions[i];

		printk(" %s[0x%lx]\t[0x%08lx-0x%08lx], 0x%lx bytes flags: 0x%lx\n",
		       type_name(type), i, rgn->base,
		       rgn->size ? region_end(rgn) - 1 : rgn->base, rgn->size,
		       rgn->flags);
	}
}

void memblock_dump_all(void)
{
	if (!memblock_debug)
		return;
	printk("MEMBLOCK configuration:\n"
	       " memory size = 0x%lx reserved size = 0x%lx\n",
	       memblock.memory.total_size, memblock.reserved.total_size);
	dump_type(&memblock.memory);
	dump_type(&memblock.reserved);
}

const char *memblock_type_check(const struct memblock_type *type)
{
	phys_addr_t sum = 0, end = 0;

	if (type->cnt < 1 || type->cnt > type->max)
		return "MEMBLOCK-4";
	if (type_empty(type))
		return type->total_size ? "MEMBLOCK-3" : NULL;
	for (unsigned long i = 0; i < type->cnt; i++) {
		const struct memblock_region *rgn = &type->regions[i];
		const struct memblock_region *last = rgn - 1;

		if (!rgn->size)
			return "MEMBLOCK-4";
		if (region_end(rgn) < rgn->base)
			return "MEMBLOCK-5";
		if (i && rgn->base < end)
			return "MEMBLOCK-1";
		if (i && rgn->base == end && rgn->flags == last->flags &&
		    rgn->nid == last->nid)
			return "MEMBLOCK-2";
		end = region_end(rgn);
		sum += rgn->size;
	}
	return sum == type->total_size ? NULL : "MEMBLOCK-3";
}

const char *memblock_check(void)
{
	const char *broken = memblock_type_check(&memblock.memory);

	return broken ? broken : memblock_type_check(&memblock.reserved);
}
