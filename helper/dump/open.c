// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open.c - files that a machine is given.
 *
 * Contract: after a failure the machine is as it was.
 * May call: source, ram, elf, kdump.
 */
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

enum mmdump_status mmdump_open(struct mmdump *m, const char *path)
{
	unsigned char head[16] = { 0 };
	struct source *source, *flat;
	enum mmdump_status status;
	bool whole = true;

	begin(m);
	status = source_open(m, path, -1, &source);
	if (status)
		return status;
	if (source_read(source, 0, head, sizeof(head)) &&
	    flat_is(head, sizeof(head))) {
		status = flat_open(m, path, source, &whole, &flat);
		source_close(source);
		if (status)
			return status;
		source = flat;
	}
	if (!source_read(source, 0, head, sizeof(head)))
		status = fail(m, MMDUMP_ERR_FORMAT,
			      "%s: too short for a core", path);
	else if (!memcmp(head, ELFMAG, SELFMAG))
		status = elf_add(m, path, source);
	else if (kdump_is(head, sizeof(head)))
		status = kdump_add(m, path, source);
	else
		status = fail(m, MMDUMP_ERR_FORMAT,
			      "%s: neither an ELF core nor a kdump file",
			      path);
	if (status)
		source_close(source);
	else if (!whole) {
		m->cut = true;
		warn(m, "%s: is cut: its last piece is missing", path);
	}
	return status;
}

/* Takes source, on success and failure. */
static enum mmdump_status add_bank(struct mmdump *m, const char *path,
				   struct source *source, uint64_t offset,
				   uint64_t phys, uint64_t size)
{
	bool sized = source->size != UINT64_MAX;
	struct piece piece = { 0 };
	struct addition addition = {
		.path = path, .source = source, .phys = &piece, .nr_phys = 1,
		.format = sized ? "RAM file" : "process memory",
	};
	enum mmdump_status status;

	if (sized && offset >= source->size)
		status = fail(m, MMDUMP_ERR_ARGUMENT,
			      "%s: has %llu bytes, none at offset 0x%llx",
			      path, (unsigned long long)source->size,
			      (unsigned long long)offset);
	else if (!sized && !size)
		status = fail(m, MMDUMP_ERR_ARGUMENT,
			      "%s: has no size of its own: say how much",
			      path);
	else if (size > source->size - offset)
		status = fail(m, MMDUMP_ERR_ARGUMENT,
			      "%s: ends before offset 0x%llx + 0x%llx", path,
			      (unsigned long long)offset,
			      (unsigned long long)size);
	else {
		if (!size)
			size = source->size - offset;
		if (size > UINT64_MAX - phys)
			status = fail(m, MMDUMP_ERR_ARGUMENT,
				      "%s: does not fit behind 0x%llx", path,
				      (unsigned long long)phys);
		else {
			piece.bank = (struct bank){
				phys, phys + size, offset, source
			};
			status = ram_add(m, &addition);
		}
	}
	if (status)
		source_close(source);
	return status;
}

enum mmdump_status mmdump_add_file(struct mmdump *m, const char *path,
				   uint64_t offset, uint64_t phys,
				   uint64_t size)
{
	enum mmdump_status status;
	struct source *source;

	begin(m);
	status = source_open(m, path, -1, &source);
	if (status)
		return status;
	return add_bank(m, path, source, offset, phys, size);
}

enum mmdump_status mmdump_add_fd(struct mmdump *m, int fd, uint64_t offset,
				 uint64_t phys, uint64_t size)
{
	enum mmdump_status status;
	struct source *source;
	char name[32];

	begin(m);
	if (fd < 0 || !size)
		return fail(m, MMDUMP_ERR_ARGUMENT, fd < 0 ?
			    "no file" : "no size");
	snprintf(name, sizeof(name), "file descriptor %d", fd);
	status = source_open(m, name, fd, &source);
	if (status)
		return status;
	return add_bank(m, name, source, offset, phys, size);
}
