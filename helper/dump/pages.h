/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.h - what the passes over struct pages share. "may call": virt <-
 * pages <- {strip, select} ; strip, keys, rules <- classify ; acyclic.
 */
#ifndef MMDUMP_PAGES_H
#define MMDUMP_PAGES_H

#include <string.h>

#include "internal.h"

#define MAX_PAGE_BYTES	4096U
#define LOOK_BYTES	(1UL << 19)	/* of struct pages, in one piece */
#define CHUNK_PAGES	(1UL << 14)	/* that a thread takes at a time */
#define DROP_BYTES	(64ULL << 20)	/* passes over more do not keep it */

/* --- pages.c ------------------------------------------------------------- */

/* Reads struct pages. Each thread has its own. */
struct page_look {
	struct mmdump *m;
	const struct mmdump_page_map *map;
	struct window window;
	size_t run;			/* hint */
	bool drop;			/* what was looked at is not kept */
	unsigned char one[MAX_PAGE_BYTES];
};

/* Whether a map can be used: ARGUMENT and a message else. */
enum mmdump_status page_map_check(struct mmdump *m,
				  const struct mmdump_page_map *map);
enum mmdump_status page_field_check(struct mmdump *m,
				    const struct mmdump_page_map *map,
				    struct mmdump_field field);

/* The same of page frames: sorted, disjoint, none empty, none where no memory
 * can be, so that sums of them do not overflow. ret: how many. */
enum mmdump_status pfn_ranges_check(struct mmdump *m,
				    const struct mmdump_range *ranges,
				    size_t count, uint64_t *ret);

/* @pages: how many struct pages the pass may look at */
void page_look_begin(struct page_look *look, struct mmdump *m,
		     const struct mmdump_page_map *map, uint64_t pages);
void page_look_end(struct page_look *look);

/* The run that has a page frame; else NULL, and next is the first page frame
 * after it that one has, or UINT64_MAX. */
const struct mmdump_page_run *page_run(const struct mmdump_page_map *map,
				       uint64_t pfn, size_t *hint,
				       uint64_t *next);

/* The page frame whose struct page is at an address, or UINT64_MAX. */
uint64_t page_pfn(const struct mmdump_page_map *map, uint64_t addr);

/*
 * page_look - as many struct pages from pfn on as are in one piece
 * @run:   that has pfn
 * @end:   more than pfn; not beyond it
 * Return: how many there are at *ret, until the next look: 0 when that of pfn
 *         is unreadable.
 */
size_t page_look(struct page_look *look, const struct mmdump_page_run *run,
		 uint64_t pfn, uint64_t end, const unsigned char **ret);

/* What page_look() gave is done with. */
void page_look_drop(struct page_look *look, const unsigned char *bytes,
		    size_t count);

/*
 * parallel - do something in several threads
 * @threads: of threads_of(), asked once a pass: processors come and go
 * @tasks:   more threads than this are not begun
 * @work:    called in each with its number, below threads; takes what is to be
 *           done off a counter of its own
 */
void parallel(struct mmdump *m, unsigned int threads, size_t tasks,
	      void (*work)(void *arg, unsigned int worker), void *arg);

/* A number in a struct page; 0 where there is none. */
static inline uint64_t field_of(const unsigned char *page,
				struct mmdump_field field, bool big)
{
	const unsigned char *at = page + field.offset;
	uint64_t wide;
	uint32_t word;
	uint16_t half;

	switch (field.size) {
	case 8:
		memcpy(&wide, at, 8);
		return big ? __builtin_bswap64(wide) : wide;
	case 4:
		memcpy(&word, at, 4);
		return big ? __builtin_bswap32(word) : word;
	case 2:
		memcpy(&half, at, 2);
		return big ? __builtin_bswap16(half) : half;
	case 1:
		return *at;
	default:
		return 0;
	}
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "field_of() swaps what is big-endian");

/* --- strip.c ------------------------------------------------------------- */

/* Some page frames of a strip. */
struct strip_part {
	uint64_t start_pfn;
	uint64_t end_pfn;
	size_t at;			/* the first one's place in colours */
};

/*
 * STRIP-1  parts are sorted and disjoint, none is empty
 * STRIP-2  part n + 1's at is part n's, and as many as part n has
 */
struct mmdump_strip {
	struct strip_part *parts;
	size_t nr_parts;
	uint32_t *colours;
	size_t nr_pages;
	struct mmdump_page_key *keys;	/* of mmdump_classify() */
};

/* The part that has a place in colours. */
const struct strip_part *strip_part(const struct mmdump_strip *strip,
				    size_t at);

/* --- keys.c -------------------------------------------------------------- */

/*
 * Keys, each once, in the order in which they came.
 *   KEYS-1  every key is in the slots that its hash leads to, as its index + 1
 *   KEYS-2  half of the slots are empty at least
 */
struct key_table {
	struct mmdump_page_key *keys;
	size_t count, room;
	uint32_t *slots;
	size_t nr_slots;		/* a power of two, or 0 */
	uint64_t factor;		/* odd, and a secret of this table */
	size_t limit;
};

#define KEY_NONE	UINT32_MAX

/* Index of a key, which is added where it is new. KEY_NONE: there is no memory
 * for it, or there would be more than limit of them; full tells. */
uint32_t key_index(struct key_table *table, const struct mmdump_page_key *key,
		   bool *full);
void key_table_close(struct key_table *table);

/* --- rules.c ------------------------------------------------------------- */

#define USUAL	5U

/* A thread that works out keys, page frames in ascending order. */
struct reader {
	const struct mmdump_page_map *map;
	const struct mmdump_page_rules *rules;
	struct page_look look, heads;
	struct key_table keys;
	struct mmdump_page_key last;	/* the last one, and its index */
	uint32_t last_index;
	uint64_t head_addr, head_pfn;	/* of the last tail */
	struct mmdump_page_key head;	/* what it said */
	size_t held;			/* those before it are below pfn */
	uint64_t type;			/* the last one, and its row */
	const struct mmdump_page_type *row;
	uint64_t no_type;		/* the last one without a row, */
	uint64_t type_mask, type_value;	/* and which have none for certain */
	uint32_t usual[USUAL];		/* indices of keys, or KEY_NONE: of
					 * PLAIN, of MAPPED by value */
	bool full;
};

enum mmdump_status rules_check(struct mmdump *m,
			       const struct mmdump_page_map *map,
			       const struct mmdump_page_rules *rules);

void reader_begin(struct reader *r, struct mmdump *m,
		  const struct mmdump_page_map *map,
		  const struct mmdump_page_rules *rules, size_t limit,
		  uint64_t pages);
void reader_end(struct reader *r);

/*
 * read_pages - the keys of struct pages
 * @bytes:   count of them, from pfn's on; NULL: they are unreadable
 * @addr:    of the first one
 * @cells:   those that are 0 become first + the key's index
 * Return:   false when a key finds no room
 */
bool read_pages(struct reader *r, const unsigned char *bytes, uint64_t addr,
		uint64_t pfn, size_t count, uint32_t first, uint32_t *cells);

#endif
