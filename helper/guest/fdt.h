/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fdt.h - what the boot takes from the flattened device tree.
 *
 * Format: Devicetree Specification v0.4; bindings: Linux's reserved-memory.
 * Every function panics with one line when the tree is not usable.
 */
#ifndef GUEST_FDT_H
#define GUEST_FDT_H

#include <mm/cpumask.h>
#include <mm/types.h>

#define COMMAND_LINE_SIZE 1024

extern const void *initial_boot_params;	/* the tree, virtual; NULL: none yet */
extern phys_addr_t __atags_pointer;	/* the tree, physical: from the loader */
extern char boot_command_line[COMMAND_LINE_SIZE];

/**
 * setup_machine_fdt - check the tree; take its memory and command line
 * @fdt:       where the tree is mapped; NULL: the loader gave none
 * @max_bytes: how much is mapped there
 */
void setup_machine_fdt(const void *fdt, size_t max_bytes);

/**
 * arm_dt_init_cpu_maps - the tree's CPUs: set_nr_cpu_ids(), __cpu_logical_map
 * @boot_hwid: the boot CPU's number in the tree; it becomes CPU 0
 *
 * With a /cpus that cannot be believed: the boot CPU only, and a warning.
 */
void arm_dt_init_cpu_maps(u32 boot_hwid);
extern u32 __cpu_logical_map[NR_CPUS];	/* CPU to number in the tree */

/** parse_early_param - the words of boot_command_line that are known */
void parse_early_param(void);

/** early_init_fdt_reserve_self - the tree's own bytes */
void early_init_fdt_reserve_self(void);

/** early_init_fdt_scan_reserved_mem - /memreserve/ and /reserved-memory */
void early_init_fdt_scan_reserved_mem(void);

/**
 * fdt_console - the device that /chosen names for the console
 * @ret_compatible: its first compatible string
 * @ret_phys:       its registers
 * Return: 0; -ENOENT: the tree names none that can be reached.
 */
int fdt_console(const char **ret_compatible, phys_addr_t *ret_phys);

/* Where an interrupt arrives: a GICv2 and a line of it. */
struct fdt_irq {
	unsigned int irq;
	phys_addr_t distributor, cpu_interface;	/* registers */
};

/** fdt_console_irq - the console's interrupt; -ENOENT: none that we can use */
int fdt_console_irq(struct fdt_irq *ret);

/* --- shared by fdt.c and of_reserved_mem.c -------------------------------- */

/**
 * fdt_reg_cells - one address or size of 1 or 2 cells
 * @prop: moved behind it; need not be aligned
 * Return: the value; PHYS_ADDR_MAX where phys_addr_t cannot hold it.
 */
phys_addr_t fdt_reg_cells(const u32 **prop, int cells);

/** fdt_cells - #address-cells or #size-cells of @node */
int fdt_cells(int node, const char *name, int missing);

#endif
