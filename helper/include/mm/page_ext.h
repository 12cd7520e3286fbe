/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page_ext.h - a table that says more of each page than struct page, there
 * only when a client asks for it; and its client page_owner.
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

struct page_ext {
	unsigned long flags;		/* BIT(enum page_ext_flags) */
	unsigned int order;		/* of the allocation, on each page */
	gfp_t gfp_mask;
	unsigned long ip;		/* who called the allocator */
	unsigned int nr_entries;
	unsigned long trace[PAGE_OWNER_TRACE];	/* callers, innermost first */
};

/** page_ext_init_flatmem - the table, if a client needs it; or panics */
void page_ext_init_flatmem(void);
/** lookup_page_ext - the entry of @page; NULL: there is no table */
struct page_ext *lookup_page_ext(const struct page *page);

/* --- page_owner.c: who allocated each page; "page_owner=on" --------------- */

extern bool page_owner_inited;
/** early_page_owner_param - the boot argument; -EINVAL: not on or off */
int early_page_owner_param(const char *arg);
extern const struct page_ext_operations page_owner_ops;

void __set_page_owner(struct page *page, unsigned int order, gfp_t gfp_mask,
		      unsigned long ip);
void __reset_page_owner(struct page *page, unsigned int order);
void __split_page_owner(struct page *page, unsigned int order);
/** dump_page_owner - order, gfp, caller and trace of @page to the console */
void dump_page_owner(const struct page *page);

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
