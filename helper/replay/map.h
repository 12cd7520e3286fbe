/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map.h - a memory map and the operations on it, as they were read.
 *
 * map.c reads them, replay.c runs them, json.c prints what came out.
 */
#ifndef REPLAY_MAP_H
#define REPLAY_MAP_H

#include <mm/gfp.h>
#include <mm/memblock.h>
#include <mm/mm.h>

/*
 * The map runs this far above its own addresses (replay.c says why). It is
 * a multiple of every block's size, so it changes no alignment.
 */
#define SHIFT		(1UL << 44)
#define SHIFT_PFN	(SHIFT >> PAGE_SHIFT)
_Static_assert(PAGE_SHIFT + MAX_ORDER <= 44, "SHIFT keeps blocks aligned");

#define MAX_ADDR	SHIFT		/* end of the highest map: 16 TiB */
#define MAX_FRAMES	(1UL << 24)	/* first to last: 64 GiB */
#define MAX_LINES	16384		/* of one kind, in one map */
#define MAX_NAME	64
#define MAX_PAGE_BYTES	4096		/* of another machine's struct page */

struct region {
	phys_addr_t base, size;
	bool nomap;
	unsigned long line;
};

struct operation {
	char name[MAX_NAME];
	char gfp_text[128];
	bool alloc;			/* else free */
	unsigned int order;
	gfp_t gfp;
	unsigned long line;
	struct page *page;		/* NULL: there was none */
	bool live;			/* allocated and not yet freed */
};

/* One map: the lines up to the next "---". */
struct map {
	struct region *memory, *reserved;
	struct operation *ops;
	unsigned long nr_memory, nr_reserved, nr_ops;
	phys_addr_t lowmem_limit;

	/* That machine's mem_map: of page mem_map_pfn at mem_map. */
	phys_addr_t mem_map;
	unsigned long mem_map_pfn;
	unsigned long page_bytes;	/* a struct page of it; 0: not given */
};

extern struct map map;
extern const char *file_name;
extern unsigned long line_no;

/** fail - "FILE:LINE: what" on stderr, exit 1 */
void fail(const char *fmt, ...) __noreturn __printf(1, 2);
void map_init(void);
/** map_clear - forget the map, keep the room */
void map_clear(void);
void map_destroy(void);
/** map_read_line - one line of input, which is changed; fails if it is bad */
void map_read_line(char *line);
/** map_number - a number as memparse() reads it, or fail */
unsigned long map_number(const char *text, const char *what);
/** map_owner_of - the last operation before @op that allocates its name */
struct operation *map_owner_of(const struct operation *op);

/** json_print - the state of the allocator, one document on one line */
void json_print(void);

#endif
