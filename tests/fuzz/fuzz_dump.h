/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_dump.h - what the fuzz targets of the dump engine share: numbers out
 * of the input, and a machine whose RAM lies in a file in memory.
 */
#ifndef FUZZ_DUMP_H
#define FUZZ_DUMP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mmdump.h"

struct input {
	const uint8_t *at, *end;
};

/* A number of so many bytes; zeros when the input is at its end. */
static inline uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes && in->at < in->end; i++)
		value |= (uint64_t)*in->at++ << 8 * i;
	return value;
}

#define fuzz_assert(cond) do {						\
	if (!(cond)) {							\
		fprintf(stderr, "%s:%d: not true: %s\n", __FILE__,	\
			__LINE__, #cond);				\
		abort();						\
	}								\
} while (0)

/*
 * A machine with these bytes at phys: to be destroyed. Of a file that is
 * opened by its name, which is mapped; or of one that is open, which is read.
 */
static inline struct mmdump *fuzz_machine(const void *ram, size_t size,
					  uint64_t phys, bool by_name)
{
	int fd = memfd_create("ram", 0);
	struct mmdump *m;
	char path[32];

	fuzz_assert(fd >= 0);
	fuzz_assert(write(fd, ram, size) == (ssize_t)size);
	fuzz_assert(!mmdump_create(&m));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (by_name)
		fuzz_assert(!mmdump_add_file(m, path, 0, phys, size));
	else
		fuzz_assert(!mmdump_add_fd(m, fd, 0, phys, size));
	close(fd);
	return m;
}

#endif
