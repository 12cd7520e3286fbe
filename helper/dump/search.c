// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * search.c - bytes in all of physical memory.
 *
 * Contract: finds what lies in one piece of RAM, also where two pieces of
 *           files touch in it, and nothing that spans a hole.
 * May call: ram.
 */
#include <string.h>

#include "internal.h"

#define MAX_BYTES	4096UL
#define LOOK_BYTES	(16UL << 20)	/* then the pages are given back */
#define SKIP_BYTES	(64UL << 10)	/* left out when the first byte is */

/* memmem(), which is slower than memory that is mostly zero deserves. */
static const unsigned char *find(const unsigned char *at, size_t count,
				 const unsigned char *bytes, size_t size)
{
	const unsigned char *end = at + count, *hit;
	size_t left;

	for (; (size_t)(end - at) >= size; at += left) {
		left = (size_t)(end - at) - size + 1;
		left = left < SKIP_BYTES ? left : SKIP_BYTES;
		if (!memchr(at, *bytes, left))
			continue;
		hit = memmem(at, left + size - 1, bytes, size);
		if (hit)
			return hit;
	}
	return NULL;
}

/* What crosses the end of a look: too short to be seen in it alone. */
static bool across(struct mmdump *m, const unsigned char *bytes, size_t size,
		   uint64_t start, uint64_t end, uint64_t *ret)
{
	unsigned char seam[2 * MAX_BYTES];
	struct window w = { 0 };
	const unsigned char *hit;
	uint64_t fault;
	bool found = false;

	if (end - start < size ||
	    ram_copy(m, &w, start, seam, (size_t)(end - start), &fault))
		goto out;
	hit = memmem(seam, (size_t)(end - start), bytes, size);
	if (hit) {
		*ret = start + (uint64_t)(hit - seam);
		found = true;
	}
out:
	window_close(&w);
	return found;
}

/* In one piece of RAM, from an address in it on. */
static bool in_range(struct mmdump *m, struct window *w,
		     const struct mmdump_range *range, uint64_t from,
		     const unsigned char *bytes, size_t size, uint64_t *ret)
{
	const unsigned char *at, *hit;
	uint64_t keep = size - 1, low, high, wanted = from;
	size_t count;

	for (uint64_t phys = from; phys < range->end; phys += count) {
		if (phys >= wanted) {
			wanted = end_of(phys, LOOK_BYTES);
			ram_want(m, phys, wanted);
		}
		if (ram_look(m, w, phys, LOOK_BYTES, &at, &count)) {
			count = 4096 - (phys & 4095);	/* unreadable */
			if (count >= range->end - phys)
				break;
			continue;
		}
		if (phys > from && keep) {
			low = phys - from < keep ? from : phys - keep;
			high = range->end - phys < keep ? range->end :
							  phys + keep;
			if (across(m, bytes, size, low, high, ret))
				return true;
		}
		hit = find(at, count, bytes, size);
		if (hit) {
			*ret = phys + (uint64_t)(hit - at);
			return true;
		}
		ram_drop(m, phys, phys + count);
	}
	return false;
}

enum mmdump_status mmdump_search(struct mmdump *m, const void *bytes,
				 size_t size, uint64_t from, uint64_t *ret)
{
	struct window w = { 0 };
	bool found = false;

	begin(m);
	if (!size || size > MAX_BYTES)
		return fail(m, MMDUMP_ERR_ARGUMENT, "%zu bytes to search: "
			    "1 to %lu can be", size, MAX_BYTES);
	for (size_t i = 0; !found && i < m->nr_ranges; i++) {
		const struct mmdump_range *range = &m->ranges[i];

		if (range->end > from)
			found = in_range(m, &w, range, from > range->start ?
					 from : range->start, bytes, size,
					 ret);
	}
	window_close(&w);
	return found ? MMDUMP_OK :
		       fail(m, MMDUMP_ERR_FAULT, "nowhere in memory");
}
