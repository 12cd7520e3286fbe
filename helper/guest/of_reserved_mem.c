// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * of_reserved_mem.c - /memreserve/ and /reserved-memory of the device tree.
 *
 * Contract: what the tree says is not for us is reserved (or, with no-map, no
 *           memory at all) before anything is allocated.
 * May call: libfdt, fdt.c, mm/, lib/.  Called by: main.c.
 * Fails:    panics where going on would use memory that is not ours; a node
 *           that asks for what cannot be had is reported and left out.
 */
#include <libfdt.h>
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/early_pool.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "fdt.h"

#define MAX_RESERVED_REGIONS 32

/* The nodes of /reserved-memory whose memory is theirs. */
static struct reserved_mem {
	int node;
	const char *name;
	phys_addr_t base, size;
} reserved_mem[MAX_RESERVED_REGIONS];
static int reserved_mem_count;

static bool has(int node, const char *property)
{
	return fdt_getprop(initial_boot_params, node, property, NULL);
}

static bool available(int node)
{
	const char *status = fdt_getprop(initial_boot_params, node, "status",
					 NULL);

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

static bool compatible(int node, const char *with)
{
	return fdt_node_check_compatible(initial_boot_params, node, with) == 0;
}

static bool wants_cma(int node)
{
	return compatible(node, "shared-dma-pool") && has(node, "reusable") &&
	       !has(node, "no-map");
}

/*
 * Not ours from here on: reserved or, with no-map, taken out of memory, with
 * every page that it touches.
 */
static void take(phys_addr_t base, phys_addr_t size, bool nomap)
{
	phys_addr_t end = base + min(size, PHYS_ADDR_MAX - base);
	phys_addr_t start = base & PAGE_MASK;
	int err;

	if (nomap)
		err = memblock_remove(start, max(PAGE_ALIGN(end), end) - start);
	else
		err = memblock_reserve(base, size);
	if (err)
		panic("device tree: memblock.%s has no room for [0x%08lx-0x%08lx]: more than %d regions",
		      nomap ? "memory" : "reserved", base, end - 1,
		      INIT_MEMBLOCK_REGIONS);
}

static void scan_memreserve(void)
{
	const void *fdt = initial_boot_params;

	for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
		u64 base, size;

		if (fdt_get_mem_rsv(fdt, i, &base, &size) || !size)
			continue;
		if (base > PHYS_ADDR_MAX) {
			pr_warn("/memreserve/ %d lies above all memory\n", i);
			continue;
		}
		take((phys_addr_t)base,
		     size > PHYS_ADDR_MAX ? PHYS_ADDR_MAX : (phys_addr_t)size,
		     false);
	}
}

static void init_pool(const struct reserved_mem *rmem)
{
	if (!memblock_is_region_memory(rmem->base, rmem->size))
		pr_err("%s: an early pool must be memory\n", rmem->name);
	else if (early_pool_add(rmem->base, rmem->size))
		pr_err("%s: one early pool too many\n", rmem->name);
}

static void init_cma(const struct reserved_mem *rmem)
{
	struct cma *cma;
	int err = cma_init_reserved_mem(rmem->base, rmem->size, 0, rmem->name,
					&cma);

	if (err == -ENOSPC)
		pr_err("%s: more than %d CMA areas\n", rmem->name,
		       MAX_CMA_AREAS);
	else if (err)
		pr_err("%s: [0x%08lx-0x%08lx] cannot be a CMA area: align it to 0x%lx\n",
		       rmem->name, rmem->base, rmem->base + rmem->size - 1,
		       PAGE_SIZE << pageblock_order);
	if (err)
		return;
	if (has(rmem->node, "linux,cma-default"))
		dma_contiguous_default_area = cma;
	pr_info("cma: %s: %lu MiB at [0x%08lx-0x%08lx]\n", rmem->name,
		rmem->size >> 20, rmem->base, rmem->base + rmem->size - 1);
}

/* What the nodes' users get, once all memory is where it belongs. */
static void init_reserved_mem(void)
{
	for (int i = 0; i < reserved_mem_count; i++) {
		const struct reserved_mem *rmem = &reserved_mem[i];

		if (compatible(rmem->node, "mmscope,early-pool"))
			init_pool(rmem);
		else if (wants_cma(rmem->node))
			init_cma(rmem);
	}
}

/* All (address, size) pairs of reg; the first one is the node's memory. */
static void reserve_static(struct reserved_mem *rmem, int address_cells,
			   int size_cells)
{
	int entry = 4 * (address_cells + size_cells), len;
	const u32 *reg = fdt_getprop(initial_boot_params, rmem->node, "reg",
				     &len);

	if (!reg || len < entry || len % entry)
		panic("device tree: %s has no valid reg", rmem->name);
	for (; len >= entry; len -= entry) {
		phys_addr_t base = fdt_reg_cells(&reg, address_cells);
		phys_addr_t size = fdt_reg_cells(&reg, size_cells);

		if (!rmem->size) {
			rmem->base = base;
			rmem->size = size;
		}
		take(base, size, has(rmem->node, "no-map"));
	}
}

/* One number of @cells cells; @missing where the node has no such property. */
static bool get_cells(const struct reserved_mem *rmem, const char *name,
		      int cells, phys_addr_t missing, phys_addr_t *ret)
{
	int len;
	const u32 *prop = fdt_getprop(initial_boot_params, rmem->node, name,
				      &len);

	*ret = missing;
	if (!prop)
		return true;
	if (len != 4 * cells)
		return false;
	*ret = fdt_reg_cells(&prop, cells);
	return true;
}

static phys_addr_t find_range(const struct reserved_mem *rmem,
			      phys_addr_t align, phys_addr_t start,
			      phys_addr_t end)
{
	if (wants_cma(rmem->node))
		return cma_find_area(start, rmem->size, end, align);
	return memblock_find_in_range(start, end, rmem->size, align);
}

/* In the first of alloc-ranges that has room; anywhere without that. */
static phys_addr_t find_dynamic(const struct reserved_mem *rmem,
				phys_addr_t align, int address_cells,
				int size_cells)
{
	int entry = 4 * (address_cells + size_cells), len;
	const u32 *prop = fdt_getprop(initial_boot_params, rmem->node,
				      "alloc-ranges", &len);
	phys_addr_t base = 0;

	if (!prop)
		return find_range(rmem, align, 0, MEMBLOCK_ALLOC_ANYWHERE);
	for (; !base && len >= entry; len -= entry) {
		phys_addr_t start = fdt_reg_cells(&prop, address_cells);
		phys_addr_t size = fdt_reg_cells(&prop, size_cells);

		base = find_range(rmem, align, start,
				  start + min(size, PHYS_ADDR_MAX - start));
	}
	return base;
}

/* size, alignment and alloc-ranges: once all fixed nodes are known. */
static bool reserve_dynamic(struct reserved_mem *rmem, int address_cells,
			    int size_cells)
{
	phys_addr_t align;

	if (!get_cells(rmem, "size", size_cells, 0, &rmem->size) ||
	    !get_cells(rmem, "alignment", size_cells, PAGE_SIZE, &align) ||
	    !rmem->size || !align || align & (align - 1)) {
		pr_err("%s: no valid size or alignment; left out\n",
		       rmem->name);
		return false;
	}
	align = max(align, (phys_addr_t)PAGE_SIZE);
	if (wants_cma(rmem->node))
		align = max(align, (phys_addr_t)(PAGE_SIZE << pageblock_order));
	rmem->base = find_dynamic(rmem, align, address_cells, size_cells);
	if (!rmem->base) {
		pr_err("%s: no 0x%lx bytes for it; left out\n", rmem->name,
		       rmem->size);
		return false;
	}
	take(rmem->base, rmem->size, has(rmem->node, "no-map"));
	return true;
}

/* Fixed nodes first: what is left is then known to the dynamic ones. */
static void scan_reserved_memory(int root, bool dynamic)
{
	const void *fdt = initial_boot_params;
	int address_cells = fdt_cells(root, "#address-cells", 2);
	int size_cells = fdt_cells(root, "#size-cells", 1), node;

	if (!address_cells || !size_cells)
		panic("device tree: /reserved-memory needs cells of 1 or 2");
	fdt_for_each_subnode(node, fdt, root) {
		struct reserved_mem rmem = {
			.node = node, .name = fdt_get_name(fdt, node, NULL),
		};

		if (!available(node) || has(node, "reg") == dynamic ||
		    (dynamic && !has(node, "size")))
			continue;
		if (!dynamic)
			reserve_static(&rmem, address_cells, size_cells);
		else if (!reserve_dynamic(&rmem, address_cells, size_cells))
			continue;
		if (reserved_mem_count < MAX_RESERVED_REGIONS)
			reserved_mem[reserved_mem_count++] = rmem;
		else
			pr_err("%s: reserved, but one node too many to be more\n",
			       rmem.name);
	}
}

void early_init_fdt_scan_reserved_mem(void)
{
	int root = fdt_path_offset(initial_boot_params, "/reserved-memory");

	scan_memreserve();
	if (root < 0)
		return;
	scan_reserved_memory(root, false);
	scan_reserved_memory(root, true);
	init_reserved_mem();
}
