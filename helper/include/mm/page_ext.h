/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_ext.h - a table that says more of each page than struct page, there
 * only when a client asks for it; and its client page_owner.
 *
 *   OWNER-1  PAGE_EXT_OWNER is set on no page of a free block
 *   OWNER-2  where it is set: order < MAX_ORDER and nr_entries <=
 *            PAGE_OWNER_TRACE
 *   OWNER-3  an allocation's pages, 1 << order of them from a multiple of that,
 *            all have its record
 */
#ifndef MM_PAGE_EXT_H
#define MM_PAGE_EXT_H

#include <mm/mmzone.h>

enum page_ext_flags {
	PAGE_EXT_OWNER,			/* the owner's fields are filled in */
};

struct page_ext_operations {
	bool (*need)(void);		/* asked before memblock is gone */
	void (*init)(void);		/* the table is there */
};

#define PAGE_OWNER_TRACE 8

/* A record outlives its allocation: then the flag is clear. */
struct page_ext {
	unsigned long flags;		/* BIT(enum page_ext_flags) */
	unsigned int order;		/* of the allocation, on each page */
	gfp_t gfp_mask;
	unsigned long ip;		/* who called the allocator; 0: early */
	unsigned int nr_entries;
	unsigned long trace[PAGE_OWNER_TRACE];	/* callers, innermost first */
};

/**
 * page_ext_init_flatmem - the table, if a client needs it
 *
 * It has an entry for each that mem_map has. What it costs is said in a line.
 * With no room for it there is a message, and its clients stay off: what was
 * asked for to find an error does not stop the boot. (Linux panics.)
 */
void page_ext_init_flatmem(void);
/**
 * lookup_page_ext - the entry of @page
 * Return: NULL: there is no table (yet), or @page is none of the node's.
 */
struct page_ext *lookup_page_ext(const struct page *page);

/* --- page_owner.c: who allocated each page; "page_owner=on" --------------- */

extern bool page_owner_inited;
/** early_page_owner_param - the boot argument; -EINVAL: not on or off */
int early_page_owner_param(const char *arg);
extern const struct page_ext_operations page_owner_ops;

/**
 * __set_page_owner - @page and the rest of its block are allocated
 * @ip: who called the allocator: the trace begins there, if it is found on the
 *      stack
 */
void __set_page_owner(struct page *page, unsigned int order, gfp_t gfp_mask,
		      unsigned long ip);
/** __reset_page_owner - they are free */
void __reset_page_owner(struct page *page, unsigned int order);
/** __split_page_owner - they are single pages now, of the same owner */
void __split_page_owner(struct page *page, unsigned int order);
/** dump_page_owner - order, gfp, caller and trace of @page to the console */
void dump_page_owner(const struct page *page);

/** page_owner_check - OWNER-1 to -3; NULL or the broken ID */
const char *page_owner_check(void);

/* What the allocator calls: one load when it is off. */
static inline void set_page_owner(struct page *page, unsigned int order,
				  gfp_t gfp_mask, unsigned long ip)
{
	if (unlikely(page_owner_inited))
		__set_page_owner(page, order, gfp_mask, ip);
}

static inline void reset_page_owner(struct page *page, unsigned int order)
{
	if (unlikely(page_owner_inited))
		__reset_page_owner(page, order);
}

static inline void split_page_owner(struct page *page, unsigned int order)
{
	if (unlikely(page_owner_inited))
		__split_page_owner(page, order);
}

#endif
