// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - the boot, from the first C line to the idle loop: one list of
 * calls, in Linux's order and under its names.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/watermark.h>

#include "bench.h"
#include "fdt.h"
#include "guest.h"
#include "monitor.h"
#include "scenario.h"
#include "truth.h"

const char mmscope_banner[] =
	"mmscope 4.9.0 (" MMSCOPE_FLAVOUR ") " __VERSION__ "\n";

enum system_states system_state;

/* What is not for the allocator: the image, the tree, what the tree says. */
static void arm_memblock_init(void)
{
	arch_memblock_reserve();
	early_init_fdt_reserve_self();
	early_init_fdt_scan_reserved_mem();
	dma_contiguous_reserve(0);
	memblock_dump_all();
}

static void setup_arch(void)
{
	setup_machine_fdt(arch_fdt(), ARCH_FDT_MAX_BYTES);
	arch_console_init();
	parse_early_param();
	sanity_check_meminfo();
	arm_memblock_init();
	VM_BUG_ON(memblock_check());
	sanity_check_meminfo();		/* no-map may have cut its end off */
	paging_init();
	bootmem_init();
	arm_dt_init_cpu_maps(arch_boot_cpu());
}

void start_kernel(void)
{
	printk("%s", mmscope_banner);
	setup_arch();
	printk("Kernel command line: %s\n", boot_command_line);
	mm_transition_hook = truth_transition;
	mm_page_hook = truth_event;
	setup_per_cpu_areas();
	smp_prepare_boot_cpu();
	build_all_zonelists();
	page_alloc_init();
	mm_transition("zones");
	mm_init();
	mm_transition("mm_init");
	kmem_cache_init_late();
	setup_per_cpu_pageset();

	/* Linux's initcalls */
	init_per_zone_wmark_min();
	mm_transition("init_per_zone_wmark_min");
	cma_init_reserved_areas();
	mm_transition("cma");
	system_state = SYSTEM_RUNNING;
	arch_console_listen();
	scenario_run_boot_arg();
	bench_run();
	cpu_idle();
}

/* Where a test or a reader stops to look at a machine at rest. */
void cpu_idle(void)
{
	printk("mmscope: idle\n");
	for (;;) {
		monitor_poll();
		arch_wait();
	}
}

/*
 * What GDB calls to put a string into the guest, as in
 *	print monitor_command("alloc 3")
 * It gives nothing back.
 */
void *malloc(size_t size);
void *malloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}
