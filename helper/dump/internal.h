/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * internal.h - what the files of libmmdump share. "may call": status <- ram
 * <- {elf, raw, kdump, notes} ; ram <- search ; ram <- mmu <- virt <- {list,
 * the passes} ; acyclic.
 */
#ifndef MMDUMP_INTERNAL_H
#define MMDUMP_INTERNAL_H

#include <stdbool.h>

#include "mmdump.h"

/*
 * fail - say why
 * @m:      keeps the message; one that is there is put behind this one, ": "
 *          between them, when it was said in the same call of the library
 * Return:  status, so that `return fail(m, ...)` is a line.
 */
enum mmdump_status fail(struct mmdump *m, enum mmdump_status status,
			const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Every call of the library begins with it: no message yet. */
void begin(struct mmdump *m);

/*
 * Bytes of physical memory, where they are. Mapped files are looked at in
 * place; others are read into a buffer of the window, so that a pointer is
 * good until the next look through the same window. Each thread has its own.
 */
struct window {
	unsigned char *buffer;	/* NULL until it is needed */
	uint64_t start, end;	/* physical, of what buffer holds */
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

/* The same of a virtual address: translated, then looked at. */
enum mmdump_status virt_look(struct mmdump *m, struct window *w,
			     uint64_t virt, size_t want,
			     const unsigned char **ret, size_t *count);

/* Copies; for whoever reads a few bytes. No message, as ram_look(). */
enum mmdump_status ram_copy(struct mmdump *m, struct window *w, uint64_t phys,
			    void *buffer, size_t size, uint64_t *fault);
enum mmdump_status virt_copy(struct mmdump *m, struct window *w,
			     uint64_t virt, void *buffer, size_t size,
			     uint64_t *fault);

#endif
