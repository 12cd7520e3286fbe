// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdump.c - kdump-compressed files, through libkdumpfile where the build
 * found it (MMDUMP_KDUMP).
 *
 * Called by: open.c, ram.c, source.c.
 */
#include <string.h>

#include "internal.h"

bool kdump_is(const unsigned char *head, size_t size)
{
	static const char *const signatures[] = {
		"KDUMP   ", "DISKDUMP", "makedumpfile",
	};

	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++)
		if (size >= strlen(signatures[i]) &&
		    !memcmp(head, signatures[i], strlen(signatures[i])))
			return true;
	return false;
}

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
