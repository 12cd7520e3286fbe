// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cpus.c - which CPUs the device tree says there can be.
 *
 * Contract: the boot CPU is CPU 0, the others follow in the tree's order.
 * May call: libfdt, fdt.c, lib/.  Called by: main.c.
 * Fails:    never: with a /cpus that contradicts itself there is one CPU.
 *
 * Format: Devicetree Specification v0.4; binding: Linux's arm/cpus.
 */
#include <libfdt.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "fdt.h"

#define MPIDR_HWID_BITMASK 0xffffffu

u32 __cpu_logical_map[NR_CPUS];

static bool is_cpu(int node)
{
	int len;
	const char *type = fdt_getprop(initial_boot_params, node,
				       "device_type", &len);

	return type && len == sizeof("cpu") && !memcmp(type, "cpu", len);
}

/* What is wrong with a node of number @hwid; NULL: it may be CPU @cpus. */
static const char *read_hwid(int node, const u32 *seen, unsigned int cpus,
			     u32 *ret_hwid)
{
	int len;
	const u32 *reg = fdt_getprop(initial_boot_params, node, "reg", &len);

	if (!reg || len < (int)sizeof(*reg))
		return "has no reg";
	*ret_hwid = fdt32_ld(reg);
	if (*ret_hwid & ~MPIDR_HWID_BITMASK)
		return "has a reg that no CPU can have";
	for (unsigned int i = 0; i < min(cpus, (unsigned int)NR_CPUS); i++)
		if (seen[i] == *ret_hwid)
			return "has the reg of a CPU before it";
	return NULL;
}

/*
 * All CPUs into @map, the boot CPU first.
 * Return: their number, larger than the map where it is too small for them;
 *         0: the tree is not to be believed, which has been said.
 */
static unsigned int scan_cpus(int root, u32 boot_hwid, u32 *map)
{
	const void *fdt = initial_boot_params;
	u32 seen[NR_CPUS];
	unsigned int found = 0, others = 0;
	bool boot_found = false;
	int node;

	fdt_for_each_subnode(node, fdt, root) {
		const char *wrong;
		u32 hwid;

		if (!is_cpu(node))
			continue;
		wrong = read_hwid(node, seen, found, &hwid);
		if (wrong) {
			pr_warn("device tree: /cpus/%s %s: using one CPU\n",
				fdt_get_name(fdt, node, NULL), wrong);
			return 0;
		}
		if (found < NR_CPUS)
			seen[found] = hwid;
		found++;
		if (hwid == boot_hwid)
			boot_found = true;
		else if (++others < NR_CPUS)
			map[others] = hwid;
	}
	if (!boot_found) {
		pr_warn("device tree: /cpus does not have the boot CPU, 0x%x: using one CPU\n",
			boot_hwid);
		return 0;
	}
	map[0] = boot_hwid;
	return found;
}

void arm_dt_init_cpu_maps(u32 boot_hwid)
{
	int root = fdt_path_offset(initial_boot_params, "/cpus");
	u32 map[NR_CPUS] = { 0 };
	unsigned int cpus = 0;

	if (root >= 0)
		cpus = scan_cpus(root, boot_hwid, map);
	else
		pr_info("device tree: no /cpus: using one CPU\n");
	set_nr_cpu_ids(cpus);
	__cpu_logical_map[0] = boot_hwid;
	for (unsigned int i = 1; i < nr_cpu_ids; i++)
		__cpu_logical_map[i] = map[i];
}
