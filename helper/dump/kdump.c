// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdump.c - kdump-compressed files, through libkdumpfile where the build
 * found it (MMDUMP_KDUMP).
 *
 * Pages that the file left out are no memory. libkdumpfile allocates by the
 * header's numbers: they are held against the file's size first.
 *
 * Contract: after a failure the machine is as it was.
 * May call: source, ram, notes. Called by: open.c, ram.c, source.c.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

bool kdump_is(const unsigned char *head, size_t size)
{
	return size >= 8 && (!memcmp(head, "KDUMP   ", 8) ||
			     !memcmp(head, "DISKDUMP", 8));
}

#ifdef MMDUMP_KDUMP
#include <elf.h>
#include <pthread.h>
#include <sys/mman.h>
#include <libkdumpfile/kdumpfile.h>

#define MAX_BANKS	(1UL << 22)
#define MAX_BLOCK	(1UL << 20)
#define HEAD_BYTES	464	/* of the header, with 64 bits */

struct kdump {
	kdump_ctx_t *ctx;
	pthread_mutex_t lock;	/* of ctx: it is for one thread at a time */
};

/* A file that is opened. */
struct opening {
	struct mmdump *m;
	const char *path;
	struct source *source;
	struct kdump *kdump;
	struct piece *pieces;
	size_t count, room;
	struct note_list notes;
	kdump_num_t page_shift, pointer_bytes, order;
	uint64_t block_bytes;
	char machine[66];	/* uname -m */
};

static uint64_t number(const unsigned char *at, size_t size, bool big)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[big ? size - 1 - i : i] << (8 * i);
	return value;
}

/* Where `status` is in struct disk_dump_header: behind a timeval of words of
 * 4 or 8 bytes; then block_size, sub_hdr_size, bitmap_blocks. */
static uint64_t blocks_claimed(const unsigned char *head, bool wide, bool big,
			       uint64_t *block)
{
	size_t at = wide ? 424 : 412;

	*block = number(head + at + 4, 4, big);
	return 1 + number(head + at + 8, 4, big) +
	       number(head + at + 12, 4, big);
}

static enum mmdump_status header_bounded(struct opening *o)
{
	unsigned char head[HEAD_BYTES];
	uint64_t block, blocks;

	if (!source_read(o->source, 0, head, sizeof(head)))
		return fail(o->m, MMDUMP_ERR_CORRUPT,
			    "%s: ends in its header", o->path);
	memcpy(o->machine, head + 272, 65);
	for (int kind = 0; kind < 4; kind++) {
		blocks = blocks_claimed(head, kind & 1, kind & 2, &block);
		if (block < 512 || block > MAX_BLOCK || block & (block - 1) ||
		    blocks < 2 || blocks > o->source->size / block)
			continue;
		o->block_bytes = block;
		return MMDUMP_OK;
	}
	return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: its bitmaps are not in it",
		    o->path);
}

static enum mmdump_status open_context(struct opening *o)
{
	struct kdump *kdump = calloc(1, sizeof(*kdump));

	if (!kdump)
		return fail(o->m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    o->path);
	pthread_mutex_init(&kdump->lock, NULL);
	o->kdump = kdump;
	kdump->ctx = kdump_new();
	if (!kdump->ctx)
		return fail(o->m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    o->path);
	if (kdump_open_fd(kdump->ctx, o->source->fd) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_PAGE_SHIFT,
				  &o->page_shift) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_PTR_SIZE,
				  &o->pointer_bytes) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_BYTE_ORDER,
				  &o->order))
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: libkdumpfile: %s",
			    o->path, kdump_get_err(kdump->ctx));
	if (o->page_shift < 9 || o->page_shift > 20)
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: pages of 2^%llu "
			    "bytes", o->path,
			    (unsigned long long)o->page_shift);
	return MMDUMP_OK;
}

static bool add_piece(struct opening *o, uint64_t first, uint64_t last)
{
	uint64_t most = UINT64_MAX >> o->page_shift;
	struct piece *pieces;

	if (o->count == o->room) {
		size_t room = o->room ? 2 * o->room : 64;

		pieces = realloc(o->pieces, room * sizeof(*pieces));
		if (!pieces)
			return false;
		o->pieces = pieces;
		o->room = room;
	}
	last = last < most ? last : most;
	if (first < last)
		o->pieces[o->count++] = (struct piece){ .bank = {
			first << o->page_shift, last << o->page_shift,
			first << o->page_shift, o->source
		} };
	return true;
}

/* Pages that are in the file, as runs. */
static enum mmdump_status read_pagemap(struct opening *o)
{
	kdump_attr_t attr = { .type = KDUMP_BITMAP };
	kdump_addr_t first = 0, last;

	if (kdump_get_typed_attr(o->kdump->ctx, KDUMP_ATTR_FILE_PAGEMAP,
				 &attr))
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: libkdumpfile: %s",
			    o->path, kdump_get_err(o->kdump->ctx));
	while (!kdump_bmp_find_set(attr.val.bitmap, &first)) {
		last = first;
		if (kdump_bmp_find_clear(attr.val.bitmap, &last) ||
		    last <= first || o->count == MAX_BANKS)
			return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: has no "
				    "sound bitmap of its pages", o->path);
		if (!add_piece(o, first, last))
			return fail(o->m, MMDUMP_ERR_SYSTEM,
				    "%s: out of memory", o->path);
		first = last;
	}
	if (!o->count)
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: has no memory",
			    o->path);
	return MMDUMP_OK;
}

/*
 * offset_note and size_note of struct kdump_sub_header: a 64-bit offset is
 * aligned to 8 on most machines, to 4 on some, and in QEMU's files.
 */
static bool notes_at(const struct opening *o, const unsigned char *head,
		     size_t at, uint64_t *offset, uint64_t *size)
{
	bool big = o->order == KDUMP_BIG_ENDIAN;

	*offset = number(head + at, 8, big);
	*size = number(head + at + 8, o->pointer_bytes == 8 ? 8 : 4, big);
	return *size && *offset > o->block_bytes &&
	       *offset < o->source->size &&
	       *size <= o->source->size - *offset;
}

static enum mmdump_status read_notes(struct opening *o)
{
	bool big = o->order == KDUMP_BIG_ENDIAN;
	unsigned char head[64];
	uint64_t offset, size;

	if (!source_read(o->source, o->block_bytes, head, sizeof(head)))
		return MMDUMP_OK;
	if (o->pointer_bytes == 8 ? !notes_at(o, head, 48, &offset, &size) :
	    !notes_at(o, head, 40, &offset, &size) &&
	    !notes_at(o, head, 32, &offset, &size))
		return MMDUMP_OK;
	return notes_read(o->m, o->source, offset, size, 4, big, &o->notes);
}

/* By its name; QEMU's files say "Unknown": then by the registers' size. */
static uint32_t machine_of(const struct opening *o)
{
	static const struct {
		const char *name;
		uint32_t machine;
		size_t prstatus;
	} known[] = {
		{ "aarch64", EM_AARCH64, 392 }, { "arm", EM_ARM, 148 },
		{ "x86_64", EM_X86_64, 336 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!strncmp(o->machine, known[i].name,
			     strlen(known[i].name)))
			return known[i].machine;
		for (size_t n = 0; n < o->notes.count; n++)
			if (o->notes.notes[n].type == NT_PRSTATUS &&
			    o->notes.notes[n].size == known[i].prstatus)
				return known[i].machine;
	}
	return EM_NONE;
}

/* From here on pages are read through libkdumpfile alone. */
static void hand_over(struct opening *o)
{
	if (o->source->map)
		munmap((void *)(uintptr_t)o->source->map, o->source->size);
	o->source->map = NULL;
	o->source->size = UINT64_MAX;
	o->source->kdump = o->kdump;
}

static enum mmdump_status add(struct opening *o)
{
	struct addition addition = {
		.path = o->path, .format = "kdump file", .source = o->source,
		.phys = o->pieces, .nr_phys = o->count,
	};
	struct mmdump *m = o->m;
	enum mmdump_status status;

	if (!notes_reserve(m, &o->notes))
		return fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    o->path);
	status = ram_add(m, &addition);
	if (status)
		return status;
	if (!m->bits) {
		m->machine = machine_of(o);
		m->bits = o->pointer_bytes == 8 ? 64 : 32;
		m->big_endian = o->order == KDUMP_BIG_ENDIAN;
	}
	if (o->notes.cut)
		warn(m, "%s: its notes do not end where they should",
		     o->path);
	notes_append(m, &o->notes);
	hand_over(o);
	return MMDUMP_OK;
}

enum mmdump_status kdump_add(struct mmdump *m, const char *path,
			     struct source *source)
{
	struct opening o = { .m = m, .path = path, .source = source };
	enum mmdump_status status = header_bounded(&o);

	if (!status)
		status = open_context(&o);
	if (!status)
		status = read_pagemap(&o);
	if (!status)
		status = read_notes(&o);
	if (!status)
		status = add(&o);
	if (status && o.kdump)
		kdump_close(o.kdump);
	notes_drop(&o.notes);
	free(o.pieces);
	return status;
}

size_t kdump_read_at(struct kdump *kdump, uint64_t phys, void *buffer,
		     size_t size)
{
	size_t done = size;

	pthread_mutex_lock(&kdump->lock);
	if (kdump_read(kdump->ctx, KDUMP_MACHPHYSADDR, phys, buffer, &done))
		done = done < size ? done : 0;
	pthread_mutex_unlock(&kdump->lock);
	return done;
}

void kdump_close(struct kdump *kdump)
{
	if (kdump->ctx)
		kdump_free(kdump->ctx);
	pthread_mutex_destroy(&kdump->lock);
	free(kdump);
}

#else

enum mmdump_status kdump_add(struct mmdump *m, const char *path,
			     struct source *source)
{
	(void)source;
	return fail(m, MMDUMP_ERR_UNSUPPORTED, "%s: a kdump-compressed file, "
		    "and this build has no libkdumpfile", path);
}

size_t kdump_read_at(struct kdump *kdump, uint64_t phys, void *buffer,
		     size_t size)
{
	(void)kdump, (void)phys, (void)buffer, (void)size;
	return 0;
}

void kdump_close(struct kdump *kdump)
{
	(void)kdump;
}

#endif
