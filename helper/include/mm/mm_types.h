/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mm_types.h - struct page: what the allocator knows of one page frame.
 */
#ifndef MM_MM_TYPES_H
#define MM_MM_TYPES_H

#include <mm/list.h>
#include <mm/types.h>

struct address_space;
struct kmem_cache;

/*
 * One page frame. mem_map[] has room for every pfn of the node's span; those
 * of holes stay zero, and mem_init() may give their memory away.
 *   PAGE-1  the zone link in flags of a page of memory is that of the zone
 *           whose span holds the pfn
 *   PAGE-2  a free block's head is PageBuddy with its order in private; its
 *           other pages are not PageBuddy; nobody holds any of them
 *   PAGE-3  no page of a free block is reserved
 *   PAGE-4  a compound page: PageHead on the first page, compound_order on the
 *           second, and every other one has compound_head the first plus 1,
 *           count 0 and mapping TAIL_MAPPING
 */
struct page {
	unsigned long flags;		/* enum pageflags, and the links */
	struct address_space *mapping;	/* no page cache here: NULL */
	union {
		unsigned long index;	/* on a pcp list: its migratetype */
		void *freelist;		/* SLUB: first free object */
	};
	union {
		unsigned int counters;	/* SLUB: the three below as one */
		struct {
			union {
				atomic_t _mapcount; /* -1, PAGE_*_MAPCOUNT */
				struct {	/* SLUB */
					unsigned int inuse:16;
					unsigned int objects:15;
					unsigned int frozen:1;
				};
			};
			atomic_t _refcount;	/* users; 0 when free */
		};
	};
	union {
		struct list_head lru;	/* free_list, pcp list, partial list */
		struct {		/* SLUB: a CPU's partial slabs */
			struct page *next;
#if __SIZEOF_LONG__ == 8
			int pages;	/* slabs left */
			int pobjects;	/* objects, about */
#else
			short pages;
			short pobjects;
#endif
		};
		struct {		/* not the first of a compound page */
			unsigned long compound_head;	/* bit 0 set */
#if __SIZEOF_LONG__ == 8
			unsigned int compound_dtor;
			unsigned int compound_order;
#else
			unsigned short compound_dtor;	/* enum */
			unsigned short compound_order;
#endif
		};
	};
	union {
		unsigned long private;	/* PageBuddy: order */
		struct kmem_cache *slab_cache;	/* PageSlab */
		void *ptl;		/* page table: its lock, pgtable.c */
	};
};
_Static_assert(sizeof(void *) != 4 || sizeof(struct page) == 32,
	       "the article's mem_map has 32 bytes a page");

/* mapping of a compound page's tails: no address. Value: Linux 4.9. */
#define TAIL_MAPPING	((struct address_space *)0x400)
/* _mapcount of the head of a free block. Value: Linux 4.9. */
#define PAGE_BUDDY_MAPCOUNT_VALUE (-128)

#endif
