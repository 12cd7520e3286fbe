// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdump.c - kdump-compressed files, through libkdumpfile where the build
 * found it (MMDUMP_KDUMP).
 *
 * Pages that the file left out are no memory. libkdumpfile allocates by the
 * file's numbers, and looks at what it has mapped whether the file goes so far
 * or not: so it is told not to map, and what it would allocate by - the
 * headers at opening, the descriptor of each page it is to read - is held
 * against the file's size first.
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
#define MIN_BLOCK	4096UL
#define MAX_BLOCK	(1UL << 18)	/* as libkdumpfile: less than a
					 * small one read backwards */
#define MAX_NOTE_BYTES	(16UL << 20)
#define HEAD_BYTES	464	/* of the header, with 64 bits */
#define DESC_BYTES	24	/* of a page's descriptor */
#define LAST_PAGES	4096U	/* are looked at for whether a file is cut */

struct kdump {
	kdump_ctx_t *ctx;
	pthread_mutex_t lock;	/* of ctx: it is for one thread at a time */
	struct source file;	/* its descriptors; fd is the source's */
	uint64_t descs_at;	/* where they are */
	uint64_t page_shift;
	bool wide, big;
};

/* A file that is opened. */
struct opening {
	struct mmdump *m;
	const char *path;
	struct source *source;
	struct kdump *kdump;
	struct piece *pieces;
	size_t count, room;
	uint64_t nr_pages;	/* in the pieces */
	struct note_list notes;
	char machine[66];	/* uname -m */
	bool padded;		/* 32 bits, 64-bit numbers aligned to 8 */
};

static uint64_t number(const unsigned char *at, size_t size, bool big)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)at[big ? size - 1 - i : i] << (8 * i);
	return value;
}

/*
 * An offset of 8 bytes, and a size of a word: nothing, or in the file and not
 * more than a machine's notes can be.
 */
static bool part_is_sound(const struct kdump *kdump, const unsigned char *at,
			  uint64_t *offset, uint64_t *size)
{
	*offset = number(at, 8, kdump->big);
	*size = number(at + 8, kdump->wide ? 8 : 4, kdump->big);
	return !*size || (*size <= MAX_NOTE_BYTES &&
			  *offset <= kdump->file.size &&
			  *size <= kdump->file.size - *offset);
}

/* Where vmcoreinfo, notes and eraseinfo begin in struct kdump_sub_header. A
 * 64-bit number is aligned to 8 by ARM, to 4 by x86 and in QEMU's files. */
static const unsigned char parts_at[3][3] = {
	{ 32, 48, 64 }, { 20, 32, 44 }, { 24, 40, 56 },
};

static bool parts_are_sound(const struct kdump *kdump,
			    const unsigned char *head, int layout,
			    uint64_t *offset, uint64_t *size)
{
	uint64_t other[2];

	return part_is_sound(kdump, head + parts_at[layout][0], &other[0],
			     &other[1]) &&
	       part_is_sound(kdump, head + parts_at[layout][2], &other[0],
			     &other[1]) &&
	       part_is_sound(kdump, head + parts_at[layout][1], offset, size);
}

/*
 * Whether a header makes sense when read in one of the four ways. The first
 * that does is what libkdumpfile takes it for, and allocates by: then it must
 * be sound, too.
 */
static bool header_is(struct kdump *kdump, const unsigned char *head,
		      bool wide, bool big, bool *sound)
{
	/* `status`, behind a timeval of words of 4 or 8 bytes */
	const unsigned char *at = head + (wide ? 424 : 412);
	uint64_t block = number(at + 4, 4, big);
	uint64_t bitmaps = number(at + 12, 4, big);
	uint64_t blocks = 1 + number(at + 8, 4, big) + bitmaps;

	if (block < MIN_BLOCK || block > MAX_BLOCK || block & (block - 1) ||
	    8 * bitmaps * block < number(at + 16, 4, big))
		return false;
	*sound = blocks >= 2 && blocks <= kdump->file.size / block;
	kdump->wide = wide;
	kdump->big = big;
	kdump->page_shift = (uint64_t)__builtin_ctzll(block);
	kdump->descs_at = blocks * block;
	return true;
}

static enum mmdump_status read_headers(struct opening *o)
{
	unsigned char head[HEAD_BYTES], sub[80];
	struct kdump *kdump = o->kdump;
	uint64_t offset, size;
	bool sound = false;
	int layout;

	if (!source_read(o->source, 0, head, sizeof(head)))
		return fail(o->m, MMDUMP_ERR_CORRUPT,
			    "%s: ends in its header", o->path);
	memcpy(o->machine, head + 272, 65);
	for (int kind = 0; kind < 4; kind++) {
		if (header_is(kdump, head, kind & 2, kind & 1, &sound))
			break;
	}
	if (!sound || !source_read(o->source, 1UL << kdump->page_shift, sub,
				   sizeof(sub)))
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: its header is "
			    "unsound: the bitmaps are not in the file",
			    o->path);
	layout = kdump->wide ? 0 : 1;
	sound = parts_are_sound(kdump, sub, layout, &offset, &size);
	if (!kdump->wide && (!sound || !size || !offset)) {
		layout = 2;
		sound = parts_are_sound(kdump, sub, layout, &offset, &size);
	}
	if (!sound)
		return fail(o->m, MMDUMP_ERR_CORRUPT,
			    "%s: its notes are not in the file", o->path);
	o->padded = layout == 2 && size;
	if (number(head + 8, 4, kdump->big) < 4 || !size)
		return MMDUMP_OK;	/* older headers have no notes */
	return notes_read(o->m, o->source, offset, size, 4, kdump->big,
			  &o->notes);
}

static enum mmdump_status open_context(struct opening *o)
{
	kdump_num_t shift, bytes, order;
	struct kdump *kdump = o->kdump;

	kdump->ctx = kdump_new();
	if (!kdump->ctx)
		return fail(o->m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    o->path);
	if (kdump_set_number_attr(kdump->ctx, KDUMP_ATTR_FILE_MMAP_POLICY,
				  KDUMP_MMAP_NEVER) ||
	    kdump_open_fd(kdump->ctx, o->source->fd) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_PAGE_SHIFT,
				  &shift) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_PTR_SIZE, &bytes) ||
	    kdump_get_number_attr(kdump->ctx, KDUMP_ATTR_BYTE_ORDER, &order))
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: libkdumpfile: %s",
			    o->path, kdump_get_err(kdump->ctx));
	if (shift != kdump->page_shift || bytes != (kdump->wide ? 8 : 4) ||
	    (order == KDUMP_BIG_ENDIAN) != kdump->big)
		return fail(o->m, MMDUMP_ERR_CORRUPT, "%s: its header can be "
			    "read in two ways", o->path);
	return MMDUMP_OK;
}

static bool add_piece(struct opening *o, uint64_t first, uint64_t last)
{
	uint64_t shift = o->kdump->page_shift, most = UINT64_MAX >> shift;
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
	if (first >= last)
		return true;
	o->pieces[o->count++] = (struct piece){ .bank = {
		first << shift, last << shift, o->nr_pages << shift, o->source
	} };
	o->nr_pages += last - first;
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

/* libkdumpfile 0.5.1 knows one alignment of a 32-bit header, that of x86: of
 * the other's files it reads no page at all. */
static enum mmdump_status can_be_read(const struct opening *o)
{
	uint64_t phys = o->pieces[0].bank.start;
	unsigned char byte;
	size_t size = 1;

	if (!o->padded ||
	    kdump_read(o->kdump->ctx, KDUMP_MACHPHYSADDR, phys, &byte,
		       &size) != KDUMP_ERR_NODATA)
		return MMDUMP_OK;
	return fail(o->m, MMDUMP_ERR_UNSUPPORTED, "%s: this libkdumpfile does "
		    "not read the kdump files of 32-bit ARM; as an ELF core "
		    "(makedumpfile -E) it can be read", o->path);
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

/* Whether one of the last pages is not in the file. They are written in order,
 * but for those that are zero: these share one. */
static bool is_cut(const struct opening *o)
{
	uint64_t i = o->nr_pages > LAST_PAGES ? o->nr_pages - LAST_PAGES : 0;
	const struct kdump *kdump = o->kdump;
	unsigned char desc[DESC_BYTES];
	uint64_t at;

	for (; i < o->nr_pages; i++) {
		if (!source_read(o->source, kdump->descs_at + i * DESC_BYTES,
				 desc, sizeof(desc)))
			return true;
		at = number(desc, 8, kdump->big);
		if (at > kdump->file.size || number(desc + 8, 4, kdump->big) >
					     kdump->file.size - at)
			return true;
	}
	return false;
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
		m->bits = o->kdump->wide ? 64 : 32;
		m->big_endian = o->kdump->big;
	}
	if (o->notes.cut)
		warn(m, "%s: its notes do not end where they should",
		     o->path);
	notes_append(m, &o->notes);
	if (is_cut(o)) {
		m->cut = true;
		warn(m, "%s: is cut: pages at its end are missing", o->path);
	}
	hand_over(o);
	return MMDUMP_OK;
}

enum mmdump_status kdump_add(struct mmdump *m, const char *path,
			     struct source *source)
{
	struct opening o = { .m = m, .path = path, .source = source };
	enum mmdump_status status;

	o.kdump = calloc(1, sizeof(*o.kdump));
	if (!o.kdump)
		return fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory", path);
	pthread_mutex_init(&o.kdump->lock, NULL);
	o.kdump->file.fd = source->fd;
	o.kdump->file.size = source->size;
	status = read_headers(&o);
	if (!status)
		status = open_context(&o);
	if (!status)
		status = read_pagemap(&o);
	if (!status)
		status = can_be_read(&o);
	if (!status)
		status = add(&o);
	if (status)
		kdump_close(o.kdump);
	notes_drop(&o.notes);
	free(o.pieces);
	return status;
}

/* How many of size bytes, at a place among the pages of the file, are in
 * pages whose descriptors libkdumpfile may be asked to believe. */
static size_t sound_bytes(const struct kdump *kdump, uint64_t offset,
			  size_t size)
{
	uint64_t page = 1UL << kdump->page_shift, at, bytes, from = offset;
	unsigned char desc[DESC_BYTES];

	while (from < offset + size) {
		at = kdump->descs_at + (from >> kdump->page_shift) *
				       DESC_BYTES;
		if (!source_read(&kdump->file, at, desc, sizeof(desc)))
			break;
		at = number(desc, 8, kdump->big);
		bytes = number(desc + 8, 4, kdump->big);
		if (bytes > page || at > kdump->file.size ||
		    bytes > kdump->file.size - at)
			break;
		from = (from | (page - 1)) + 1;
	}
	from = from < offset + size ? from : offset + size;
	return (size_t)(from - offset);
}

size_t kdump_read_at(struct kdump *kdump, uint64_t phys, uint64_t offset,
		     void *buffer, size_t size)
{
	size_t done;

	size = sound_bytes(kdump, offset, size);
	if (!size)
		return 0;
	done = size;
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

size_t kdump_read_at(struct kdump *kdump, uint64_t phys, uint64_t offset,
		     void *buffer, size_t size)
{
	(void)kdump, (void)phys, (void)offset, (void)buffer, (void)size;
	return 0;
}

void kdump_close(struct kdump *kdump)
{
	(void)kdump;
}

#endif
