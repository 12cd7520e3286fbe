// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cma_alloc.c - ranges of an active area, and the bitmap that tells which of
 * it are handed out.
 *
 * Contract: cma.h. The lowest range that fits is taken whose bits are clear
 *           and whose pages are free: nothing can be moved out of the way.
 * May call: contig.c, slub.c, lib/.  Called by: cma.c, whoever wants a range.
 * Fails:    NULL; cma_release() with false, and then nothing has changed.
 */
#include <mm/bitmap.h>
#include <mm/bug.h>
#include <mm/cma.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/slab.h>

#include "cma_internal.h"
#include "contig_internal.h"

/* --- the bitmap ----------------------------------------------------------- */

static unsigned long bitmap_bits(const struct cma *cma)
{
	return cma->count >> cma->order_per_bit;
}

/* The bits that @pages pages from the start of one take. */
static unsigned long pages_to_bits(const struct cma *cma, unsigned long pages)
{
	return ALIGN(pages, 1UL << cma->order_per_bit) >> cma->order_per_bit;
}

static bool get_bit(const struct cma *cma, unsigned long bit)
{
	return cma->bitmap[BIT_WORD(bit)] & BIT(bit % BITS_PER_LONG);
}

static void write_bits(struct cma *cma, unsigned long bit, unsigned long n,
		       bool value)
{
	for (; n; n--, bit++) {
		if (value)
			cma->bitmap[BIT_WORD(bit)] |= BIT(bit % BITS_PER_LONG);
		else
			cma->bitmap[BIT_WORD(bit)] &= ~BIT(bit % BITS_PER_LONG);
	}
}

static unsigned long bit_to_pfn(const struct cma *cma, unsigned long bit)
{
	return cma->base_pfn + (bit << cma->order_per_bit);
}

/*
 * The first bit from @bit on whose pfn is a multiple of 1 << @align. The pfn
 * counts, not the bit: an area need not begin at such a multiple. It does at
 * one of 1 << order_per_bit (CMA-1), so smaller ones than that are all bits.
 */
static unsigned long align_bit(const struct cma *cma, unsigned long bit,
			       unsigned int align)
{
	unsigned long up = ALIGN(bit_to_pfn(cma, bit), 1UL << align);

	/* Behind the area, if need be so far that it wraps. */
	if (up - cma->base_pfn >= cma->count)
		return bitmap_bits(cma);
	return (up - cma->base_pfn) >> cma->order_per_bit;
}

/* The lowest run of @n clear bits, aligned, from @bit on; or bitmap_bits(). */
static unsigned long __find_zero_area(const struct cma *cma, unsigned long bit,
				      unsigned long n, unsigned int align)
{
	unsigned long bits = bitmap_bits(cma), i;

	for (;;) {
		bit = align_bit(cma, bit, align);
		if (bit >= bits || n > bits - bit)
			return bits;
		/* From the end, to go on behind the last bit that is set. */
		for (i = n; i && !get_bit(cma, bit + i - 1); i--)
			;
		if (!i)
			return bit;
		bit += i;
	}
}

int cma_bitmap_alloc(struct cma *cma)
{
	if (!slab_is_available())
		return -ENOMEM;
	cma->bitmap = kzalloc(BITS_TO_LONGS(bitmap_bits(cma)) *
			      sizeof(*cma->bitmap), GFP_KERNEL);
	return cma->bitmap ? 0 : -ENOMEM;
}

/* --- ranges --------------------------------------------------------------- */

struct page *cma_alloc(struct cma *cma, size_t count, unsigned int align)
{
	unsigned long n, bit = 0, flags;

	if (!cma || !cma->active || !count || count > cma->count ||
	    align >= BITS_PER_LONG)
		return NULL;
	n = pages_to_bits(cma, count);
	for (;;) {
		unsigned long pfn;
		int err;

		flags = spin_lock_irqsave(&cma->lock);
		bit = __find_zero_area(cma, bit, n, align);
		if (bit < bitmap_bits(cma))
			write_bits(cma, bit, n, true);
		spin_unlock_irqrestore(&cma->lock, flags);
		if (bit >= bitmap_bits(cma))
			return NULL;
		pfn = bit_to_pfn(cma, bit);
		err = __alloc_contig_range(pfn, pfn + count, MIGRATE_CMA,
					   _RET_IP_);
		if (!err)
			return pfn_to_page(pfn);
		flags = spin_lock_irqsave(&cma->lock);
		write_bits(cma, bit, n, false);
		spin_unlock_irqrestore(&cma->lock, flags);
		if (err != -EBUSY)
			return NULL;
		bit++;		/* somebody's page is in it: further up */
	}
}

bool cma_release(struct cma *cma, const struct page *pages, unsigned int count)
{
	unsigned long pfn, bit, n, flags;
	bool ours = true;

	if (!cma || !cma->active || !pages || !count || count > cma->count)
		return false;
	pfn = page_to_pfn(pages);
	if (pfn < cma->base_pfn || pfn - cma->base_pfn > cma->count - count)
		return false;
	bit = (pfn - cma->base_pfn) >> cma->order_per_bit;
	n = pages_to_bits(cma, count);
	if (bit_to_pfn(cma, bit) != pfn)
		return false;
	for (unsigned long i = 0; i < n && ours; i++)
		ours = get_bit(cma, bit + i);
	/* Of the last bit, only what was asked for. */
	for (unsigned long i = 0; i < count && ours; i++)
		ours = page_count(pages + i) > 0;
	if (!ours) {
		pr_warn("cma: %s: pfn 0x%lx + %u pages are not handed out, but %pS gives them back\n",
			cma->name, pfn, count, (void *)_RET_IP_);
		return false;
	}
	__free_contig_range(pfn, count, _RET_IP_);
	flags = spin_lock_irqsave(&cma->lock);
	write_bits(cma, bit, n, false);
	spin_unlock_irqrestore(&cma->lock, flags);
	return true;
}

/* --- the invariants ------------------------------------------------------- */

static const char *check_active(const struct cma *cma)
{
	unsigned long end = cma->base_pfn + cma->count;
	const struct zone *zone = zone_of_range(cma->base_pfn, end);

	if (!zone)
		return "CMA-2";
	for (unsigned long pfn = cma->base_pfn; pfn < end;
	     pfn += pageblock_nr_pages) {
		enum migratetype type = get_pfnblock_migratetype(zone, pfn);

		if (type != MIGRATE_CMA && type != MIGRATE_ISOLATE)
			return "CMA-3";
	}
	if (!cma->bitmap)
		return "CMA-4";
	for (unsigned long bit = 0; bit < bitmap_bits(cma); bit++) {
		const struct page *page = pfn_to_page(bit_to_pfn(cma, bit));

		if (get_bit(cma, bit) && !page_count(page))
			return "CMA-4";
	}
	return NULL;
}

const char *cma_check(void)
{
	for (unsigned int i = 0; i < cma_area_count; i++) {
		const struct cma *cma = &cma_areas[i];
		const char *broken;

		if (!cma->count ||
		    !IS_ALIGNED(cma->base_pfn | cma->count, pageblock_nr_pages))
			return "CMA-1";
		broken = cma->active ? check_active(cma) : NULL;
		if (broken)
			return broken;
	}
	return NULL;
}
