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

struct reserved_mem {
	int node;
	const char *name;
	phys_addr_t base, size;
};

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

/* Not ours from here on: reserved or, with no-map, taken out of memory. */
static void take(phys_addr_t base, phys_addr_t size, bool nomap)
{
	int err = nomap ? memblock_remove(base, size) :
			  memblock_reserve(base, size);

	if (err)
		panic("device tree: more than %d reservations",
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

/* What a node's users get once the memory is theirs. */
static void init_reserved_mem(const struct reserved_mem *rmem)
{
	struct cma *cma;

	if (compatible(rmem->node, "mmscope,early-pool")) {
		if (early_pool_add(rmem->base, rmem->size))
			panic("device tree: %s cannot be an early pool",
			      rmem->name);
		return;
	}
	if (!wants_cma(rmem->node))
		return;
	if (cma_init_reserved_mem(rmem->base, rmem->size, 0, rmem->name,
				  &cma)) {
		pr_err("%s: [0x%08lx-0x%08lx] cannot be a CMA area: align it to 0x%lx\n",
		       rmem->name, rmem->base, rmem->base + rmem->size - 1,
		       PAGE_SIZE << pageblock_order);
		return;
	}
	if (has(rmem->node, "linux,cma-default"))
		dma_contiguous_default_area = cma;
	pr_info("cma: %s: %lu MiB at [0x%08lx-0x%08lx]\n", rmem->name,
		rmem->size >> 20, rmem->base, rmem->base + rmem->size - 1);
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

/* size, alignment and alloc-ranges: anywhere, once all fixed ones are known. */
static bool reserve_dynamic(struct reserved_mem *rmem, int address_cells,
			    int size_cells)
{
	const void *fdt = initial_boot_params;
	phys_addr_t align = PAGE_SIZE;
	const u32 *prop;
	int len;

	prop = fdt_getprop(fdt, rmem->node, "size", &len);
	if (!prop || len != 4 * size_cells)
		panic("device tree: %s has no valid size", rmem->name);
	rmem->size = fdt_reg_cells(&prop, size_cells);
	prop = fdt_getprop(fdt, rmem->node, "alignment", &len);
	if (prop && len == 4 * size_cells)
		align = max(align, fdt_reg_cells(&prop, size_cells));
	if (wants_cma(rmem->node))
		align = max(align, (phys_addr_t)(PAGE_SIZE << pageblock_order));
	if (align & (align - 1))
		panic("device tree: %s has an alignment of 0x%lx, no power of two",
		      rmem->name, align);

	prop = fdt_getprop(fdt, rmem->node, "alloc-ranges", &len);
	if (!prop)
		rmem->base = memblock_find_in_range(0, MEMBLOCK_ALLOC_ANYWHERE,
						    rmem->size, align);
	for (; prop && !rmem->base && len >= 4 * (address_cells + size_cells);
	     len -= 4 * (address_cells + size_cells)) {
		phys_addr_t start = fdt_reg_cells(&prop, address_cells);
		phys_addr_t size = fdt_reg_cells(&prop, size_cells);

		rmem->base = memblock_find_in_range(start, start +
					min(size, PHYS_ADDR_MAX - start),
					rmem->size, align);
	}
	if (!rmem->size || !rmem->base) {
		pr_err("%s: no 0x%lx bytes for it\n", rmem->name, rmem->size);
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
		if (dynamic) {
			if (!reserve_dynamic(&rmem, address_cells, size_cells))
				continue;
		} else {
			reserve_static(&rmem, address_cells, size_cells);
		}
		init_reserved_mem(&rmem);
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
}
