// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * source.c - a file: mapped as a whole where it can be, else read.
 *
 * A regular file that has a size is mapped. One without (/proc/PID/mem), a
 * device, what does not want to be mapped (/proc/kcore), and one that somebody
 * else has open and may cut (a QEMU's RAM file) are read.
 *
 * Called by: open.c, status.c, ram.c, elf.c, kdump.c, notes.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

enum mmdump_status source_open(struct mmdump *m, const char *path, int fd,
			       struct source **ret)
{
	struct source *source = calloc(1, sizeof(*source));
	struct stat st;
	void *map;

	if (!source)
		return fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory", path);
	source->fd = fd < 0 ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
				   O_NONBLOCK) :
			      fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (source->fd < 0 || fstat(source->fd, &st)) {
		fail(m, MMDUMP_ERR_SYSTEM, "%s: %s", path, strerror(errno));
		source_close(source);
		return MMDUMP_ERR_SYSTEM;
	}
	if (S_ISDIR(st.st_mode) || S_ISFIFO(st.st_mode) ||
	    S_ISSOCK(st.st_mode)) {
		source_close(source);
		return fail(m, MMDUMP_ERR_FORMAT, "%s: not a file", path);
	}
	source->size = UINT64_MAX;
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		source->size = (uint64_t)st.st_size;
	if (fd < 0 && source->size != UINT64_MAX) {
		map = mmap(NULL, source->size, PROT_READ, MAP_SHARED,
			   source->fd, 0);
		if (map != MAP_FAILED)
			source->map = map;
	}
	*ret = source;
	return MMDUMP_OK;
}

bool source_is_cut(struct source *source)
{
	struct stat st;

	if (!source->map || source->kdump ||
	    (!fstat(source->fd, &st) && (uint64_t)st.st_size >= source->size))
		return false;
	munmap((void *)(uintptr_t)source->map, source->size);
	source->map = NULL;
	return true;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	if (source->kdump)
		kdump_close(source->kdump);
	if (source->map)
		munmap((void *)(uintptr_t)source->map, source->size);
	if (source->fd >= 0)
		close(source->fd);
	free(source);
}

bool source_read(const struct source *source, uint64_t offset, void *buffer,
		 size_t size)
{
	unsigned char *at = buffer;
	ssize_t done;

	if (offset > source->size || size > source->size - offset)
		return false;
	if (source->map) {
		memcpy(buffer, source->map + offset, size);
		return true;
	}
	for (; size; at += done, offset += (uint64_t)done,
		     size -= (size_t)done) {
		do {
			done = pread(source->fd, at, size, (off_t)offset);
		} while (done < 0 && errno == EINTR);
		if (done <= 0)
			return false;
	}
	return true;
}
