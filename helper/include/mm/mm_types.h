/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm_types.h - struct page: what the allocator knows of one page frame.
 */
#ifndef MM_MM_TYPES_H
#define MM_MM_TYPES_H

#include <mm/list.h>
#include <mm/types.h>

struct address_space;

/*
 * One page frame. mem_map[] has room for every pfn of the node's span; those
 * of holes stay zero, and mem_init() may give their memory away.
 *   PAGE-1  the zone link in flags of a page of memory is that of the zone
 *           whose span holds the pfn
 *   PAGE-2  a free block's head is PageBuddy with its order in private; its
 *           other pages are not PageBuddy; nobody holds any of them
 *   PAGE-3  no page of a free block is reserved
 */
struct page {
	unsigned long flags;		/* enum pageflags, and the links */
	struct address_space *mapping;	/* no page cache here: NULL */
	union {
		unsigned long index;	/* order-0 free: its migratetype */
		void *freelist;		/* SLUB: first free object */
	};
	union {
		unsigned int counters;	/* SLUB: inuse, objects, frozen */
		struct {
			atomic_t _mapcount;	/* -1, or PAGE_*_MAPCOUNT */
			atomic_t _refcount;	/* users; 0 when free */
		};
	};
	struct list_head lru;		/* free_list, pcp list, partial list */
	unsigned long private;		/* PageBuddy: order */
};
_Static_assert(sizeof(void *) != 4 || sizeof(struct page) == 32,
	       "the article's mem_map has 32 bytes a page");

/* _mapcount of the head of a free block. Value: Linux 4.9. */
#define PAGE_BUDDY_MAPCOUNT_VALUE (-128)

#endif
