// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cma.c - contiguous memory areas: reserved early, then lent to movable
 * pages by the page allocator.
 *
 * Contract: an area's pages are reserved until cma_init_reserved_areas(), and
 *           free MIGRATE_CMA pageblocks from then on.
 * May call: memblock.c, page_alloc.c, cma_alloc.c, lib/.  Called by: guest/.
 * Fails:    -Exxx as cma.h says; an area that cannot be activated stays
 *           reserved, and the console says why.
 */
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/mm.h>
#include <mm/printk.h>

#include "cma_internal.h"

struct cma cma_areas[MAX_CMA_AREAS];
unsigned int cma_area_count;
unsigned long totalcma_pages;
struct cma *dma_contiguous_default_area;

static struct {
	bool given, fixed;		/* fixed: at base or not at all */
	phys_addr_t size, base, limit;
} cma_cmdline;

static const phys_addr_t cma_alignment = PAGE_SIZE << pageblock_order;

int cma_init_reserved_mem(phys_addr_t base, phys_addr_t size,
			  unsigned int order_per_bit, const char *name,
			  struct cma **ret)
{
	struct cma *cma = &cma_areas[cma_area_count];

	if (cma_area_count == MAX_CMA_AREAS)
		return -ENOSPC;
	if (!size || !IS_ALIGNED(base | size, cma_alignment) ||
	    order_per_bit > pageblock_order ||
	    !memblock_is_region_reserved(base, size))
		return -EINVAL;
	cma->base_pfn = PFN_DOWN(base);
	cma->count = size >> PAGE_SHIFT;
	cma->order_per_bit = order_per_bit;
	cma->name = name;
	cma_area_count++;
	totalcma_pages += cma->count;
	*ret = cma;
	return 0;
}

/*
 * CMA-2: wholly in HighMem or wholly in lowmem. HighMem first: it is good for
 * less.
 */
phys_addr_t cma_find_area(phys_addr_t base, phys_addr_t size,
			  phys_addr_t limit, phys_addr_t alignment)
{
	phys_addr_t highmem_start = arm_lowmem_limit, addr = 0;

	if (base < highmem_start && limit > highmem_start) {
		addr = memblock_find_in_range(highmem_start, limit, size,
					      alignment);
		limit = highmem_start;
	}
	return addr ? addr : memblock_find_in_range(base, limit, size,
						    alignment);
}

int cma_declare_contiguous(phys_addr_t base, phys_addr_t size,
			   phys_addr_t limit, phys_addr_t alignment,
			   unsigned int order_per_bit, bool fixed,
			   const char *name, struct cma **ret)
{
	phys_addr_t highmem_start = arm_lowmem_limit;
	phys_addr_t end = memblock_end_of_DRAM();
	int err;

	if (cma_area_count == MAX_CMA_AREAS)
		return -ENOSPC;
	if (!size || (alignment & (alignment - 1)) ||
	    order_per_bit > pageblock_order)
		return -EINVAL;
	if (size > end)
		return -ENOMEM;
	alignment = max(alignment, cma_alignment);
	if (base > ALIGN_DOWN(PHYS_ADDR_MAX, alignment))
		return fixed ? -EINVAL : -ENOMEM;	/* or it would wrap */
	base = ALIGN(base, alignment);
	size = ALIGN(size, alignment);
	limit = ALIGN_DOWN(limit && limit < end ? limit : end, alignment);
	fixed = fixed && base;
	if (fixed) {
		if ((base < highmem_start && base + size > highmem_start) ||
		    !memblock_is_region_memory(base, size))
			return -EINVAL;
		if (memblock_is_region_reserved(base, size))
			return -EBUSY;
	} else {
		base = cma_find_area(base, size, limit, alignment);
		if (!base)
			return -ENOMEM;
	}
	err = memblock_reserve(base, size);
	if (!err)
		err = cma_init_reserved_mem(base, size, order_per_bit, name,
					    ret);
	if (!err)
		pr_info("cma: %s: %lu MiB at [0x%08lx-0x%08lx]\n", name,
			size >> 20, base, base + size - 1);
	return err;
}

/* A number behind @sep, where there is one; false: there is none behind it. */
static bool parse_behind(char sep, const char **arg, phys_addr_t *ret)
{
	const char *start = *arg + 1;

	if (**arg != sep)
		return true;
	*ret = memparse(start, arg);
	return *arg != start;
}

int early_cma(const char *arg)
{
	const char *end;
	phys_addr_t size = memparse(arg, &end), base = 0, limit = 0;
	bool fixed = false;

	if (end == arg)
		return -EINVAL;
	if (*end == '@') {
		if (!parse_behind('@', &end, &base))
			return -EINVAL;
		fixed = base && *end != '-';
		if (!parse_behind('-', &end, &limit))
			return -EINVAL;
	}
	if (*end)
		return -EINVAL;
	cma_cmdline.size = size;
	cma_cmdline.base = base;
	cma_cmdline.limit = limit;
	cma_cmdline.fixed = fixed;
	cma_cmdline.given = true;
	return 0;
}

void dma_contiguous_reserve(phys_addr_t limit)
{
	int err;

	if (!cma_cmdline.given || !cma_cmdline.size)
		return;
	if (dma_contiguous_default_area) {
		pr_warn("cma= is ignored: the device tree has a default area\n");
		return;
	}
	if (cma_cmdline.limit && (!limit || cma_cmdline.limit < limit))
		limit = cma_cmdline.limit;
	err = cma_declare_contiguous(cma_cmdline.base, cma_cmdline.size, limit,
				     0, 0, cma_cmdline.fixed, "reserved",
				     &dma_contiguous_default_area);
	if (err)
		pr_err("cma=0x%lx cannot be reserved: error %d\n",
		       cma_cmdline.size, -err);
}

/* Why an area cannot be given to the page allocator; NULL: it can. */
static const char *check_area(const struct cma *cma)
{
	const struct zone *zone = page_zone(pfn_to_page(cma->base_pfn));

	for (unsigned long pfn = cma->base_pfn;
	     pfn < cma->base_pfn + cma->count; pfn++) {
		if (!pfn_valid(pfn))
			return "it has a hole";
		if (page_zone(pfn_to_page(pfn)) != zone)
			return "it crosses zones";
		if (!PageReserved(pfn_to_page(pfn)))
			return "it is not reserved";
	}
	return NULL;
}

static void cma_activate_area(struct cma *cma)
{
	const char *wrong = pfn_valid(cma->base_pfn) ? check_area(cma) :
						       "it is no memory";

	if (!wrong && cma_bitmap_alloc(cma))
		wrong = "no memory for its bitmap";
	if (wrong) {
		pr_err("cma: %s cannot be activated: %s\n", cma->name, wrong);
		return;
	}
	for (unsigned long pfn = cma->base_pfn;
	     pfn < cma->base_pfn + cma->count; pfn += pageblock_nr_pages)
		init_cma_reserved_pageblock(pfn_to_page(pfn));
	spin_lock_init(&cma->lock);
	cma->active = true;
	pr_info("cma: %s: %lu pages back as MIGRATE_CMA\n", cma->name,
		cma->count);
}

void cma_init_reserved_areas(void)
{
	for (unsigned int i = 0; i < cma_area_count; i++)
		cma_activate_area(&cma_areas[i]);
}
