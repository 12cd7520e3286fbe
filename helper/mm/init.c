// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init.c - the machine's memory as a whole: where lowmem ends, which zones
 * there are, and mm_init(), which turns it all over to the page allocator.
 *
 * Contract: called in the order of guest/main.c, each once.
 * May call: everything in mm/.  Called by: guest/, scripts/replay, tests.
 * Fails:    panics without memory; nothing else can fail.
 */
#include <arch.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/page_ext.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/vmalloc.h>

phys_addr_t arm_lowmem_limit;
int sysctl_overcommit_memory;

#define OVERCOMMIT_ALWAYS 1

/* Lowmem must end below this virtual address; 0: as the architecture says. */
static unsigned long vmalloc_min;

void early_vmalloc(phys_addr_t size)
{
	phys_addr_t least = 16UL << 20;
	phys_addr_t most = VMALLOC_END - (PAGE_OFFSET + (32UL << 20));

	if (size < least || size > most)
		pr_warn("vmalloc=0x%lx is out of range, using 0x%lx\n", size,
			clamp(size, least, most));
	vmalloc_min = VMALLOC_END - clamp(size, least, most);
}

/*
 * The linear map ends where the vmalloc area has to begin. Lowmem is all
 * memory below that, holes included.
 */
void sanity_check_meminfo(void)
{
	unsigned long span = (vmalloc_min ? vmalloc_min : VMALLOC_MIN_DEFAULT) -
			     PAGE_OFFSET;
	phys_addr_t room = min(span, PHYS_ADDR_MAX - PHYS_OFFSET);
	phys_addr_t vmalloc_limit = PHYS_OFFSET + (room & PAGE_MASK);
	unsigned long start, end;
	int i;

	arm_lowmem_limit = 0;
	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL)
		if (PFN_PHYS(start) < vmalloc_limit)
			arm_lowmem_limit = min(PFN_PHYS(end), vmalloc_limit);
	if (!arm_lowmem_limit)
		panic("no memory between 0x%lx and 0x%lx: nothing to run in",
		      PHYS_OFFSET, vmalloc_limit);
	high_memory = (char *)phys_to_virt(arm_lowmem_limit - 1) + 1;
	memblock_set_current_limit(arm_lowmem_limit);
}

static void find_limits(void)
{
	min_low_pfn = PFN_UP(memblock_start_of_DRAM());
	max_low_pfn = PFN_DOWN(memblock_get_current_limit());
	max_pfn = PFN_DOWN(memblock_end_of_DRAM());
	max_low_pfn = min(max_low_pfn, max_pfn);
}

static void zone_sizes_init(unsigned long min, unsigned long max_low,
			    unsigned long max_high)
{
	unsigned long zones_size[MAX_NR_ZONES] = {
		[ZONE_NORMAL] = max_low - min,
		[ZONE_HIGHMEM] = max_high - max_low,
	};
	unsigned long zholes_size[MAX_NR_ZONES] = {
		[ZONE_NORMAL] = zones_size[ZONE_NORMAL],
		[ZONE_HIGHMEM] = zones_size[ZONE_HIGHMEM],
	};
	unsigned long start, end;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		unsigned long cut = clamp(max_low, start, end);

		zholes_size[ZONE_NORMAL] -= cut - start;
		zholes_size[ZONE_HIGHMEM] -= end - cut;
	}
	free_area_init_node(0, zones_size, min, zholes_size);
}

void bootmem_init(void)
{
	/* A part of a page is no page: pfn_valid() then asks for one byte. */
	memblock_trim_memory(PAGE_SIZE);
	memblock_allow_resize();
	find_limits();
	zone_sizes_init(min_low_pfn, max_low_pfn, max_pfn);
}

/* --- mem_init ------------------------------------------------------------- */

/* mem_map for [start_pfn, end_pfn) back to memblock, as whole pages. */
static void free_memmap(unsigned long start_pfn, unsigned long end_pfn)
{
	phys_addr_t start = PAGE_ALIGN(virt_to_phys(pfn_to_page(start_pfn)));
	phys_addr_t end = virt_to_phys(pfn_to_page(end_pfn)) & PAGE_MASK;

	if (start < end)
		WARN_ON(memblock_free(start, end - start));
}

/*
 * Holes between banks need no struct pages, but for those that share a block
 * of the largest order with memory: the buddy looks at them.
 */
static void free_unused_memmap(void)
{
	unsigned long start, end, prev_end = 0;
	int i;

	for_each_mem_pfn_range(i, NUMA_NO_NODE, &start, &end, NULL) {
		start = ALIGN_DOWN(start, MAX_ORDER_NR_PAGES);
		if (prev_end && prev_end < start)
			free_memmap(prev_end, start);
		prev_end = ALIGN(end, MAX_ORDER_NR_PAGES);
	}
}

void free_highpages(void)
{
	phys_addr_t start, end;
	u64 i;

	for_each_free_mem_range(i, NUMA_NO_NODE, MEMBLOCK_NONE, &start, &end,
				NULL) {
		unsigned long start_pfn = max(PFN_UP(start), max_low_pfn);
		unsigned long end_pfn = PFN_DOWN(end);

		if (start_pfn < end_pfn)
			totalhigh_pages += free_pfn_range(start_pfn, end_pfn);
	}
	totalram_pages += totalhigh_pages;
}

static unsigned long pages_to_kb(unsigned long pages)
{
	return pages << (PAGE_SHIFT - 10);
}

void mem_init_print_info(void)
{
	unsigned long physpages = contig_page_data.node_present_pages;

	pr_info("Memory: %luK/%luK available (%luK reserved, %luK highmem)\n",
		pages_to_kb(totalram_pages), pages_to_kb(physpages),
		pages_to_kb(physpages - totalram_pages),
		pages_to_kb(totalhigh_pages));
}

void mem_init(void)
{
	set_max_mapnr((unsigned long)(pfn_to_page(max_pfn) - mem_map));
	free_unused_memmap();
	free_all_bootmem();
	free_highpages();
	mem_init_print_info();

	/* With so few and so large pages, promising more is the lesser evil. */
	if (PAGE_SIZE >= 16384 && contig_page_data.node_present_pages <= 128)
		sysctl_overcommit_memory = OVERCOMMIT_ALWAYS;
	mm_transition("mem_init");
}

void mm_init(void)
{
	page_ext_init_flatmem();
	mem_init();
	kmem_cache_init();
	percpu_init_late();
	pgtable_init();
	vmalloc_init();
	ioremap_huge_init();
	kaiser_init();
}
