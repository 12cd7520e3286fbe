// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fdt_console.c - the device that the tree names for the console: its
 * registers and its interrupt.
 *
 * Source: Devicetree Specification v0.4, chapters 2.3 and 2.4; Linux's binding
 * of the ARM Generic Interrupt Controller.
 */
#include <libfdt.h>
#include <mm/memblock.h>
#include <mm/string.h>

#include "fdt.h"

/* A child's address as its parents see it; ranges as in the specification. */
static int translate_address(int node, phys_addr_t *addr)
{
	const void *fdt = initial_boot_params;
	int bus = fdt_parent_offset(fdt, node);

	while (bus > 0) {
		int parent = fdt_parent_offset(fdt, bus), len;
		const u32 *ranges = fdt_getprop(fdt, bus, "ranges", &len);
		int child_cells = fdt_cells(bus, "#address-cells", 2);
		int size_cells = fdt_cells(bus, "#size-cells", 1);
		int parent_cells, entry;
		bool found = len == 0;

		if (!ranges || parent < 0)
			return -ENOENT;
		parent_cells = fdt_cells(parent, "#address-cells", 2);
		entry = 4 * (child_cells + parent_cells + size_cells);
		for (; !found && entry && len >= entry; len -= entry) {
			phys_addr_t from = fdt_reg_cells(&ranges, child_cells);
			phys_addr_t to = fdt_reg_cells(&ranges, parent_cells);
			phys_addr_t size = fdt_reg_cells(&ranges, size_cells);

			if (from <= *addr && *addr - from < size) {
				*addr += to - from;
				found = true;
			}
		}
		if (!found)
			return -ENOENT;
		bus = parent;
	}
	return 0;
}

/* Address number @n of a device's reg property, as the CPU sees it. */
static int node_reg(int node, int n, phys_addr_t *ret)
{
	const void *fdt = initial_boot_params;
	int parent = fdt_parent_offset(fdt, node), len;
	const u32 *reg = fdt_getprop(fdt, node, "reg", &len);
	int addr_cells, size_cells;

	if (parent < 0 || !reg)
		return -ENOENT;
	addr_cells = fdt_cells(parent, "#address-cells", 2);
	size_cells = fdt_cells(parent, "#size-cells", 1);
	if (len / 4 < n * (addr_cells + size_cells) + addr_cells)
		return -ENOENT;
	reg += n * (addr_cells + size_cells);
	*ret = fdt_reg_cells(&reg, addr_cells);
	return translate_address(node, ret);
}

static int console_node(void)
{
	const void *fdt = initial_boot_params;
	int node = fdt_path_offset(fdt, "/chosen"), len;
	const char *path, *options;

	path = node < 0 ? NULL : fdt_getprop(fdt, node, "stdout-path", &len);
	if (!path)
		return -ENOENT;
	options = strchr(path, ':');
	return fdt_path_offset_namelen(fdt, path, options ?
				       (int)(options - path) :
				       (int)strlen(path));
}

int fdt_console(const char **ret_compatible, phys_addr_t *ret_phys)
{
	int node = console_node();

	if (node < 0)
		return -ENOENT;
	*ret_compatible = fdt_getprop(initial_boot_params, node, "compatible",
				      NULL);
	return *ret_compatible ? node_reg(node, 0, ret_phys) : -ENOENT;
}

/* The node that @node's interrupts go to: said there, or by an ancestor. */
static int interrupt_parent(int node)
{
	const void *fdt = initial_boot_params;

	for (; node >= 0; node = fdt_parent_offset(fdt, node)) {
		const u32 *phandle = fdt_getprop(fdt, node, "interrupt-parent",
						 NULL);

		if (phandle)
			return fdt_node_offset_by_phandle(fdt,
						fdt32_to_cpu(*phandle));
	}
	return -ENOENT;
}

static const char *const gic_compatible[] = {
	"arm,cortex-a9-gic", "arm,cortex-a15-gic", "arm,gic-400",
};

static bool is_gic(int node)
{
	for (size_t i = 0; i < ARRAY_SIZE(gic_compatible); i++)
		if (!fdt_node_check_compatible(initial_boot_params, node,
					       gic_compatible[i]))
			return true;
	return false;
}

#define GIC_SPI		0u		/* first cell: a shared interrupt */
#define GIC_SPI_BASE	32u		/* number of the first of these */
#define GIC_SPI_LAST	987u		/* second cell: at most this */

int fdt_console_irq(struct fdt_irq *ret)
{
	const void *fdt = initial_boot_params;
	int node = console_node(), gic, len;
	const u32 *cells;

	if (node < 0)
		return -ENOENT;
	cells = fdt_getprop(fdt, node, "interrupts", &len);
	gic = interrupt_parent(node);
	if (!cells || len < 12 || gic < 0 || !is_gic(gic) ||
	    fdt32_to_cpu(cells[0]) != GIC_SPI ||
	    fdt32_to_cpu(cells[1]) > GIC_SPI_LAST)
		return -ENOENT;
	ret->irq = fdt32_to_cpu(cells[1]) + GIC_SPI_BASE;
	if (node_reg(gic, 0, &ret->distributor))
		return -ENOENT;
	return node_reg(gic, 1, &ret->cpu_interface);
}
