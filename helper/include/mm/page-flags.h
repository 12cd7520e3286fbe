/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * page-flags.h - the bits of page->flags; Linux 4.9's names and numbers.
 *
 * Layout of flags, 32 bits: | zone : ZONES_SHIFT | ... | flag bits |
 * with the zone's index in the top bits; one node needs no node bits.
 */
#ifndef MM_PAGE_FLAGS_H
#define MM_PAGE_FLAGS_H

#include <mm/bitmap.h>
#include <mm/mm_types.h>

enum pageflags {
	PG_locked,
	PG_error,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,
	PG_active,
	PG_slab,
	PG_owner_priv_1,
	PG_arch_1,
	PG_reserved,		/* not for the page allocator to give out */
	PG_private,
	PG_private_2,
	PG_writeback,
	PG_head,		/* first page of a compound page */
	PG_swapcache,
	PG_mappedtodisk,
	PG_reclaim,
	PG_swapbacked,
	PG_unevictable,
	PG_mlocked,
	__NR_PAGEFLAGS,
};
_Static_assert(PG_reserved == 10, "the article's reserved is bit 10");

#define PAGE_FLAG_FUNCS(Name, bit)					\
static inline bool Page##Name(const struct page *page)			\
{									\
	return page->flags & BIT(bit);					\
}									\
static inline void SetPage##Name(struct page *page)			\
{									\
	page->flags |= BIT(bit);					\
}									\
static inline void ClearPage##Name(struct page *page)			\
{									\
	page->flags &= ~BIT(bit);					\
}

PAGE_FLAG_FUNCS(Reserved, PG_reserved)
PAGE_FLAG_FUNCS(Slab, PG_slab)
PAGE_FLAG_FUNCS(Head, PG_head)

/* Flags that no page may carry when it is freed or given out. */
#define PAGE_FLAGS_CHECK_AT_FREE					\
	(BIT(PG_lru) | BIT(PG_locked) | BIT(PG_private) |		\
	 BIT(PG_private_2) | BIT(PG_writeback) | BIT(PG_reserved) |	\
	 BIT(PG_slab) | BIT(PG_swapcache) | BIT(PG_active) |		\
	 BIT(PG_unevictable) | BIT(PG_mlocked))
#define PAGE_FLAGS_CHECK_AT_PREP (BIT(__NR_PAGEFLAGS) - 1)

static inline bool PageBuddy(const struct page *page)
{
	return page->_mapcount.counter == PAGE_BUDDY_MAPCOUNT_VALUE;
}

static inline void __SetPageBuddy(struct page *page)
{
	page->_mapcount.counter = PAGE_BUDDY_MAPCOUNT_VALUE;
}

static inline void __ClearPageBuddy(struct page *page)
{
	page->_mapcount.counter = -1;
}

/* Bit 0 of compound_head: no list_head's next is odd. */
static inline bool PageTail(const struct page *page)
{
	return page->compound_head & 1;
}

static inline bool PageCompound(const struct page *page)
{
	return PageHead(page) || PageTail(page);
}

static inline struct page *compound_head(struct page *page)
{
	if (unlikely(page->compound_head & 1))
		return (struct page *)(page->compound_head - 1);
	return page;
}

#endif
