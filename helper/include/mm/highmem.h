/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * highmem.h - virtual addresses for HighMem pages, for a while.
 *
 *   KMAP-1  pkmap_count[i] == 0: slot i is free and has no mapping; 1: unused,
 *           but still mapped, to be flushed before it is used; n: n - 1 users
 *   KMAP-2  a slot with count > 0 maps the page that page_address_map says
 *   KMAP-3  kmap_atomic slots are a stack: the top is the only one to go, and
 *           none above it is mapped
 */
#ifndef MM_HIGHMEM_H
#define MM_HIGHMEM_H

#include <mm/mm.h>

#define LAST_PKMAP	512
#define KM_TYPE_NR	20		/* kmap_atomic depth of one CPU */

extern int pkmap_count[LAST_PKMAP];

/** kmap_init - both areas' page tables, from early memory; by paging_init() */
void kmap_init(void);

/**
 * kmap - an address of @page, until kunmap() of it
 * Lowmem pages have one already. A page mapped twice has one address.
 * Return: NULL when all LAST_PKMAP slots are in use: Linux would sleep.
 */
void *kmap(struct page *page);
void kunmap(struct page *page);
/** page_virt - the address of @page that there is; NULL: none now */
void *page_virt(const struct page *page);
/** kmap_flush_unused - unmap all slots that nobody uses */
void kmap_flush_unused(void);

/**
 * kmap_atomic - the same for this CPU, nested as a stack
 * BUG()s when KM_TYPE_NR are in use, and when they are given back in another
 * order. kunmap_atomic() takes any address in the page, and unmaps it at once.
 */
void *kmap_atomic(struct page *page);
void kunmap_atomic(void *addr);

/** clear_highpage - zeros to a page of any zone; maps it by kmap_atomic() */
void clear_highpage(struct page *page);

/** kmap_check - KMAP-1 to -3; NULL or the broken ID */
const char *kmap_check(void);

#endif
