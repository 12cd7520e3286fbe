// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flat.c - "flattened" dumps: what makedumpfile -F and QEMU's
 * dump-guest-memory -z write, because a pipe cannot be written backwards.
 *
 * The file is a list of pieces, each with its place in the dump that they
 * make; a later one may overwrite an earlier one. They are put in place in a
 * file that has no name and ends with the machine.
 *
 * Contract: writes no more bytes than it reads, and no further than a dump of
 *           that size goes. A piece without bytes is where it was cut: what
 *           is behind may be zeros without an end.
 * May call: source. Called by: open.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define SIGNATURE	"makedumpfile"
#define HEAD_BYTES	4096UL
#define PIECE_BYTES	(1UL << 20)	/* copied at a time */
#define SLACK		(16UL << 20)	/* of holes, whatever the size */

bool flat_is(const unsigned char *head, size_t size)
{
	return size >= strlen(SIGNATURE) &&
	       !memcmp(head, SIGNATURE, strlen(SIGNATURE));
}

static uint64_t big64(const unsigned char *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

static int nameless(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder && *folder ? folder : "/tmp",
		      O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? memfd_create("mmdump", MFD_CLOEXEC) : fd;
}

static bool write_all(int fd, const unsigned char *bytes, size_t size,
		      uint64_t offset)
{
	ssize_t done;

	for (; size; bytes += done, offset += (uint64_t)done,
		     size -= (size_t)done) {
		do {
			done = pwrite(fd, bytes, size, (off_t)offset);
		} while (done < 0 && errno == EINTR);
		if (done <= 0)
			return false;
	}
	return true;
}

/* One piece, of size bytes at `from` in source. */
static enum mmdump_status put(struct mmdump *m, const char *path,
			      const struct source *source, uint64_t from,
			      uint64_t size, int fd, uint64_t to)
{
	unsigned char *buffer = malloc(PIECE_BYTES);
	enum mmdump_status status = MMDUMP_OK;

	while (buffer && size && !status) {
		size_t part = size < PIECE_BYTES ? (size_t)size : PIECE_BYTES;

		if (!source_read(source, from, buffer, part))
			status = fail(m, MMDUMP_ERR_CORRUPT, "%s: cannot be "
				      "read at 0x%llx", path,
				      (unsigned long long)from);
		else if (!write_all(fd, buffer, part, to))
			status = fail(m, MMDUMP_ERR_SYSTEM, "%s: cannot be "
				      "put together: %s", path,
				      strerror(errno));
		from += part;
		to += part;
		size -= part;
	}
	if (!buffer)
		status = fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory", path);
	free(buffer);
	return status;
}

static enum mmdump_status unpack(struct mmdump *m, const char *path,
				 const struct source *source, int fd,
				 bool *whole)
{
	uint64_t at = HEAD_BYTES, limit = 8 * source->size + SLACK, to, size;
	enum mmdump_status status;
	unsigned char head[16];

	*whole = false;
	for (; source_read(source, at, head, sizeof(head)); at += size) {
		at += sizeof(head);
		to = big64(head);
		size = big64(head + 8);
		if (to == UINT64_MAX && size == UINT64_MAX) {
			*whole = true;
			break;
		}
		if (!size)		/* nobody writes it: zeros */
			break;
		if (to > limit || size > limit - to)
			return fail(m, MMDUMP_ERR_CORRUPT, "%s: has a piece "
				    "for 0x%llx + 0x%llx", path,
				    (unsigned long long)to,
				    (unsigned long long)size);
		if (size > source->size - at)
			size = source->size - at;	/* cut */
		status = put(m, path, source, at, size, fd, to);
		if (status)
			return status;
	}
	return MMDUMP_OK;
}

enum mmdump_status flat_open(struct mmdump *m, const char *path,
			     const struct source *source, bool *whole,
			     struct source **ret)
{
	enum mmdump_status status;
	int fd;

	if (source->size == UINT64_MAX || source->size > UINT64_MAX >> 4)
		return fail(m, MMDUMP_ERR_UNSUPPORTED, "%s: a flattened dump "
			    "that has no size", path);
	fd = nameless();
	if (fd < 0)
		return fail(m, MMDUMP_ERR_SYSTEM, "%s: no file to put it "
			    "together in: %s", path, strerror(errno));
	status = unpack(m, path, source, fd, whole);
	if (!status)
		status = source_open(m, path, fd, ret);
	close(fd);
	return status;
}
