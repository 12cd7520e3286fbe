// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notes.c - the notes of a core, and the kernel's own among them.
 *
 * A note is three words (lengths of name and description, type), the name and
 * the description, both filled up to 4 bytes, or to 8 in a segment that is
 * aligned to 8 and whose notes are (most that say so are filled to 4).
 *
 * Contract: a list of notes is what was whole; the rest is `cut`.
 * May call: source. Called by: elf.c, kdump.c, status.c.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MAX_NOTE_BYTES	(16UL << 20)	/* of one file */
#define MAX_NOTES	65536UL
#define HEAD_BYTES	12UL

static uint32_t word(const unsigned char *at, bool big)
{
	return big ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		     (uint32_t)at[2] << 8 | at[3] :
		     (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 |
		     (uint32_t)at[1] << 8 | at[0];
}

static uint64_t filled(uint64_t size, uint64_t align)
{
	return (size + align - 1) & ~(align - 1);
}

/*
 * One note at `at`, of left bytes, for an alignment. Return: the bytes up to
 * the next one; 0: it is not whole.
 */
static uint64_t one(const unsigned char *at, uint64_t left, uint64_t align,
		    bool big, struct mmdump_note *ret)
{
	uint64_t name, desc, desc_at;

	if (left < HEAD_BYTES)
		return 0;
	name = word(at, big);
	desc = word(at + 4, big);
	desc_at = filled(HEAD_BYTES + name, align);
	if (desc_at > left || desc > left - desc_at)
		return 0;
	ret->type = word(at + 8, big);
	ret->name = (const char *)at + HEAD_BYTES;
	ret->desc = at + desc_at;
	ret->size = desc;
	desc = filled(desc_at + desc, align);
	return desc < left ? desc : left;
}

/* How many notes there are; cut: what does not end where it should. */
static size_t count(const unsigned char *bytes, uint64_t size, uint64_t align,
		    bool big, bool *cut)
{
	struct mmdump_note note;
	uint64_t step;
	size_t n = 0;

	*cut = false;
	for (; size && n < MAX_NOTES; n++, bytes += step, size -= step) {
		step = one(bytes, size, align, big, &note);
		if (!step)
			break;
	}
	/* What is left over is filling, when it is all zero. */
	for (; size; size--)
		*cut |= *bytes++ != 0;
	return n;
}

/* Makes room for more in a list; false without memory. */
static bool grow(struct note_list *list, size_t notes, size_t bytes)
{
	struct mmdump_note *new_notes;
	void **new_bytes;

	new_notes = realloc(list->notes, (list->count + notes + 1) *
					 sizeof(*new_notes));
	if (new_notes)
		list->notes = new_notes;
	new_bytes = realloc(list->bytes, (list->nr_bytes + bytes + 1) *
					 sizeof(*new_bytes));
	if (new_bytes)
		list->bytes = new_bytes;
	return new_notes && new_bytes;
}

/* Copies a name to where it can end with 0. */
static void own_name(struct mmdump_note *note, uint64_t size, char **pool)
{
	size_t length = strnlen(note->name, size);

	memcpy(*pool, note->name, length);
	(*pool)[length] = 0;
	note->name = *pool;
	*pool += length + 1;
}

enum mmdump_status notes_read(struct mmdump *m, const struct source *source,
			      uint64_t offset, uint64_t size, uint64_t align,
			      bool big, struct note_list *list)
{
	uint64_t most = MAX_NOTE_BYTES - list->total;
	unsigned char *bytes, *at;
	bool cut, cut4;
	char *pool;
	size_t n;

	list->cut |= size > most;
	size = size > most ? most : size;
	if (!size)
		return MMDUMP_OK;
	/* Behind the bytes: the names, none longer than in the file, each
	 * with a 0 that its 12 bytes of head have room for. */
	bytes = malloc(2 * size + 1);
	if (!bytes)
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory for notes");
	if (!source_read(source, offset, bytes, size)) {
		free(bytes);
		return fail(m, MMDUMP_ERR_SYSTEM, "notes cannot be read");
	}
	list->total += size;
	align = align == 8 ? 8 : 4;
	n = count(bytes, size, align, big, &cut);
	if (align == 8 && cut) {
		size_t n4 = count(bytes, size, 4, big, &cut4);

		if (!cut4 || n4 > n) {
			align = 4;
			n = n4;
			cut = cut4;
		}
	}
	list->cut |= cut;
	if (list->count + n > MAX_NOTES) {
		n = MAX_NOTES - list->count;
		list->cut = true;
	}
	if (!grow(list, n, 1)) {
		free(bytes);
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory for notes");
	}
	list->bytes[list->nr_bytes++] = bytes;
	pool = (char *)bytes + size;
	for (at = bytes; n; n--, list->count++) {
		struct mmdump_note *note = &list->notes[list->count];
		uint64_t name = word(at, big);

		at += one(at, (uint64_t)(bytes + size - at), align, big, note);
		own_name(note, name, &pool);
	}
	return MMDUMP_OK;
}

bool notes_reserve(struct mmdump *m, const struct note_list *list)
{
	return grow(&m->notes, list->count, list->nr_bytes);
}

void notes_append(struct mmdump *m, struct note_list *list)
{
	struct note_list *all = &m->notes;

	if (list->count)
		memcpy(all->notes + all->count, list->notes,
		       list->count * sizeof(*list->notes));
	if (list->nr_bytes)
		memcpy(all->bytes + all->nr_bytes, list->bytes,
		       list->nr_bytes * sizeof(*list->bytes));
	all->count += list->count;
	all->nr_bytes += list->nr_bytes;
	list->nr_bytes = 0;
}

void notes_drop(struct note_list *list)
{
	for (size_t i = 0; i < list->nr_bytes; i++)
		free(list->bytes[i]);
	free(list->bytes);
	free(list->notes);
	memset(list, 0, sizeof(*list));
}

enum mmdump_status mmdump_notes(struct mmdump *m,
				const struct mmdump_note **ret, size_t *size)
{
	begin(m);
	*ret = m->notes.notes;
	*size = m->notes.count;
	return MMDUMP_OK;
}

enum mmdump_status mmdump_vmcoreinfo(struct mmdump *m, const char **ret,
				     size_t *size)
{
	begin(m);
	*ret = NULL;
	*size = 0;
	for (size_t i = 0; i < m->notes.count; i++) {
		const struct mmdump_note *note = &m->notes.notes[i];

		if (strcmp(note->name, "VMCOREINFO") || !note->size)
			continue;
		*ret = note->desc;
		*size = strnlen(note->desc, note->size);
		break;
	}
	return MMDUMP_OK;
}
