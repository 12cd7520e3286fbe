/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - what the files of libmmdump share. "may call": status, space,
 * source <- {notes, flat, ram} ; ram <- search ; {notes, ram} <- {elf, kdump}
 * <- open ; ram <- mmu <- virt <- {list, the passes} ; ram reads kdump's pages,
 * and status destroys what all have made.
 */
#ifndef MMDUMP_INTERNAL_H
#define MMDUMP_INTERNAL_H

#include <stdbool.h>

#include "mmdump.h"

/* --- status.c ------------------------------------------------------------ */

/*
 * fail - say why
 * @m:      keeps the message; one that is there is put behind this one, ": "
 *          between them, when it was said in the same call of the library
 * Return:  status, so that `return fail(m, ...)` is a line.
 */
enum mmdump_status fail(struct mmdump *m, enum mmdump_status status,
			const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Every call of the library begins with it: no message yet, and no mapped file
 * that was cut since the last call. */
void begin(struct mmdump *m);

/* Adds a line to mmdump_warning(); what finds no room is left out. */
void warn(struct mmdump *m, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Threads for a pass: what was set, else one a processor; at least 1. */
unsigned int threads_of(const struct mmdump *m);

/* --- a machine ----------------------------------------------------------- */

/* A file that is open, until the machine is destroyed. */
struct source {
	struct source *next;
	int fd;				/* -1: kdump has its own */
	uint64_t size;			/* UINT64_MAX: it has none */
	const unsigned char *map;	/* all of it; NULL: it is read */
	struct kdump *kdump;		/* not NULL: read by address */
};

/*
 * A piece of memory that lies in one piece in a file.
 *   BANK-1  start < end
 *   BANK-2  offset + (end - start) <= source->size
 */
struct bank {
	uint64_t start, end;		/* addresses */
	uint64_t offset;		/* in the file; kdump: in its pages */
	struct source *source;
};

/*
 * Addresses and where their bytes are.
 *   SPACE-1  banks are sorted and disjoint
 */
struct space {
	struct bank *banks;
	size_t count;
};

/* Notes, and the bytes that they point into. */
struct note_list {
	struct mmdump_note *notes;
	size_t count;
	void **bytes;
	size_t nr_bytes;
	uint64_t total;		/* bytes that were read, of one file */
	bool cut;		/* one was not whole, or there were too many */
};

struct mmdump {
	char message[512], warning[512];
	bool cut;			/* mmdump_is_cut() */
	unsigned int threads;
	const char *format;		/* NULL: no memory yet */
	struct source *sources;
	struct space phys;
	struct space virt;		/* as a core's segments say */
	struct mmdump_range *ranges;	/* of phys, merged */
	size_t nr_ranges;
	struct mmdump_segment *segments;
	size_t nr_segments;
	struct note_list notes;
	uint32_t machine, bits, big_endian;	/* of the first core */
	struct paging *paging;		/* NULL: as the segments say */
	struct tlb *tlb;		/* that calls leave to the next */
	uint32_t looks;			/* at mapped files; atomic, */
	uint64_t faults;		/* as is this: when they were counted */
};

/* --- space.c ------------------------------------------------------------- */

/* A bank that is to be added. */
struct piece {
	struct bank bank;
	uint64_t alias;		/* of physical pieces: some that say different
				 * aliases may overlap without a word; of
				 * virtual ones: phys, UINT64_MAX: unknown */
	size_t rank;		/* space_build()'s: lower ones win */
};

/*
 * space_build - a space's banks and more of them
 * @pieces:  in any order. Where some overlap, what the space has already comes
 *           first, then the one that is earlier in the array.
 * @overlap: the first address that two files, or places in one, claim with
 *           the same alias; left alone when there is none
 * Return:   false without memory. ret is a new space; old stays.
 */
bool space_build(const struct space *old, const struct piece *pieces,
		 size_t count, struct space *ret, uint64_t *overlap);

/* The first bank that ends behind an address; count: none does. */
size_t space_from(const struct space *space, uint64_t addr);

/* The bank that holds an address, or NULL. @hint: begin here; may be stale. */
const struct bank *space_find(const struct space *space, uint64_t addr,
			      size_t *hint);

/* --- ram.c --------------------------------------------------------------- */

/*
 * Bytes of memory, where they are. Mapped files are looked at in place;
 * others are read into a buffer of the window, so that a pointer is good until
 * the next look through the same window. Each thread has its own; one that is
 * all zero is empty. None outlives a call of the library: memory that is read
 * from a process may change between them.
 */
struct window {
	unsigned char *buffer;	/* NULL until it is needed */
	const struct space *space;	/* whose addresses these are */
	uint64_t start, end;	/* of what buffer holds */
	const struct bank *bad;	/* could not be read, in... */
	uint64_t bad_start, bad_end;	/* ...this part of a page */
	size_t hint;		/* for space_find() */
	struct tlb *tlb;	/* of virt.c; NULL until it is needed */
};

#define WINDOW_BYTES	(1UL << 20)

void window_close(struct window *w);

/*
 * ram_look - as many bytes at phys as are in one piece, at most want
 * @ret:   where they are
 * @count: how many; at least 1
 * Return: FAULT when there is none. Sets no message: it may be called by
 *         several threads at a time, each with its window.
 */
enum mmdump_status ram_look(struct mmdump *m, struct window *w, uint64_t phys,
			    size_t want, const unsigned char **ret,
			    size_t *count);

/* The same of a virtual address, as the core's segments say it. */
enum mmdump_status segment_look(struct mmdump *m, struct window *w,
				uint64_t virt, size_t want,
				const unsigned char **ret, size_t *count);

/* Copies; for whoever reads a few bytes. No message, as ram_look(). */
enum mmdump_status ram_copy(struct mmdump *m, struct window *w, uint64_t phys,
			    void *buffer, size_t size, uint64_t *fault);

/* Physical memory [start, end) is needed soon, or is not: then mapped pages of
 * it need not stay in this process. Changes nothing that can be read. */
void ram_want(struct mmdump *m, uint64_t start, uint64_t end);
void ram_drop(struct mmdump *m, uint64_t start, uint64_t end);

/*
 * source_open - open a file, map it where it can be mapped
 * @fd: -1: open path; else it is duplicated, and path is what it is called
 * Return: SYSTEM with a message. A source belongs to whoever opened it until
 *         ram_add() took it.
 */
enum mmdump_status source_open(struct mmdump *m, const char *path, int fd,
			       struct source **ret);
void source_close(struct source *source);

/* Whether a mapped file has become smaller: then it is read from now on, and
 * what it has lost is no memory any more. */
bool source_is_cut(struct source *source);

/* Reads all of [offset, offset + size), or says false. */
bool source_read(const struct source *source, uint64_t offset, void *buffer,
		 size_t size);

/*
 * What a file adds. On success ram_add() takes source; all else is copied.
 * Either everything is added or nothing.
 */
struct addition {
	const char *path;		/* for messages */
	const char *format;
	struct source *source;
	struct piece *phys, *virt;
	size_t nr_phys, nr_virt;
};

enum mmdump_status ram_add(struct mmdump *m, struct addition *addition);

/* The end of [start, start + size), cut where addresses end; BANK-1 wants
 * size to be more than 0. */
static inline uint64_t end_of(uint64_t start, uint64_t size)
{
	return size > UINT64_MAX - start ? UINT64_MAX : start + size;
}

/* --- elf.c, kdump.c, flat.c, notes.c ------------------------------------- */

/* Each adds a source that mmdump_open() opened, or fails and leaves it. */
enum mmdump_status elf_add(struct mmdump *m, const char *path,
			   struct source *source);
enum mmdump_status kdump_add(struct mmdump *m, const char *path,
			     struct source *source);

/* Whether the first bytes of a file are those of a flattened dump. */
bool flat_is(const unsigned char *head, size_t size);

/* Puts it together into a file of its own. whole: its end is there. */
enum mmdump_status flat_open(struct mmdump *m, const char *path,
			     const struct source *source, bool *whole,
			     struct source **ret);

/* Whether the first bytes of a file are those of a kdump file. */
bool kdump_is(const unsigned char *head, size_t size);

/* As many bytes as there are from an address on; 0: none, or unreadable.
 * offset is the bank's there. */
size_t kdump_read_at(struct kdump *kdump, uint64_t phys, uint64_t offset,
		     void *buffer, size_t size);
void kdump_close(struct kdump *kdump);

/* Adds a file's segment of notes to a list; align is its p_align. */
enum mmdump_status notes_read(struct mmdump *m, const struct source *source,
			      uint64_t offset, uint64_t size, uint64_t align,
			      bool big, struct note_list *list);

/* First room for a list in the machine's, or false; then it cannot fail. */
bool notes_reserve(struct mmdump *m, const struct note_list *list);
void notes_append(struct mmdump *m, struct note_list *list);
void notes_drop(struct note_list *list);

/* --- mmu.c, virt.c ------------------------------------------------------- */

/*
 * The same of a virtual address: translated, then looked at. Several threads
 * may, each with its window, which keeps its translations, too.
 */
enum mmdump_status virt_look(struct mmdump *m, struct window *w,
			     uint64_t virt, size_t want,
			     const unsigned char **ret, size_t *count);
enum mmdump_status virt_copy(struct mmdump *m, struct window *w,
			     uint64_t virt, void *buffer, size_t size,
			     uint64_t *fault);

/* A window for one call, by the thread that made it, with what the last such
 * call has translated. virt_end() in place of window_close(). */
void virt_begin(struct mmdump *m, struct window *w);
void virt_end(struct mmdump *m, struct window *w);

/* Of window_close(): NULL is nothing. */
void tlb_close(struct tlb *tlb);

#endif
