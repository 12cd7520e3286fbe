// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * until_merged.c - what other branches define, until they are merged: weak, so
 * that theirs is used as soon as it is there. To be deleted then.
 */
#include <mm/bitmap.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/slab.h>

#define __weak __attribute__((weak))

__weak bool slab_is_available(void)
{
	return totalram_pages;
}

/* Whole pages. */
__weak void *kzalloc(size_t size, gfp_t flags)
{
	unsigned long pages = (size + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return (void *)__get_free_pages(flags | __GFP_ZERO,
					fls_long(pages - 1));
}
