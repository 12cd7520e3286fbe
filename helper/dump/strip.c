// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * strip.c - a colour for each page frame of some ranges.
 *
 * Contract: what is said of page frames that the strip does not have is left
 *           out. May call: pages.c, status.c.
 */
#include <stdlib.h>

#include "pages.h"

enum mmdump_status mmdump_strip_create(struct mmdump *m,
				       const struct mmdump_range *pfns,
				       size_t count,
				       struct mmdump_strip **ret)
{
	struct mmdump_strip *strip;
	enum mmdump_status status;
	uint64_t pages;
	size_t at = 0;

	begin(m);
	status = pfn_ranges_check(m, pfns, count, &pages);
	if (status)
		return status;
	if (pages > SIZE_MAX / sizeof(*strip->colours))
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory for a strip");
	strip = calloc(1, sizeof(*strip));
	if (!strip)
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory for a strip");
	strip->parts = calloc(count + 1, sizeof(*strip->parts));
	strip->colours = calloc((size_t)pages + 1, sizeof(*strip->colours));
	if (!strip->parts || !strip->colours) {
		mmdump_strip_destroy(strip);
		return fail(m, MMDUMP_ERR_SYSTEM,
			    "no memory for a strip of %llu page frames",
			    (unsigned long long)pages);
	}
	strip->nr_parts = count;
	strip->nr_pages = (size_t)pages;
	for (size_t i = 0; i < count; i++) {
		strip->parts[i] = (struct strip_part){
			pfns[i].start, pfns[i].end, at
		};
		at += (size_t)(pfns[i].end - pfns[i].start);
	}
	*ret = strip;
	return MMDUMP_OK;
}

void mmdump_strip_destroy(struct mmdump_strip *strip)
{
	if (!strip)
		return;
	free(strip->keys);
	free(strip->colours);
	free(strip->parts);
	free(strip);
}

const struct strip_part *strip_part(const struct mmdump_strip *strip, size_t at)
{
	size_t low = 0, high = strip->nr_parts;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (strip->parts[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return &strip->parts[low];
}

/* The first part that ends after a page frame; nr_parts when none does. */
static size_t part_from(const struct mmdump_strip *strip, uint64_t pfn)
{
	size_t low = 0, high = strip->nr_parts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strip->parts[middle].end_pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The cells of [start, end) in a part; NULL when there are none. */
static uint32_t *cells_of(const struct mmdump_strip *strip,
			  const struct strip_part *part, uint64_t start,
			  uint64_t end, size_t *count)
{
	start = start > part->start_pfn ? start : part->start_pfn;
	end = end < part->end_pfn ? end : part->end_pfn;
	if (start >= end)
		return NULL;
	*count = (size_t)(end - start);
	return strip->colours + part->at + (size_t)(start - part->start_pfn);
}

enum mmdump_status mmdump_strip_paint(struct mmdump *m,
				      struct mmdump_strip *strip,
				      const struct mmdump_colour_run *runs,
				      size_t count)
{
	begin(m);
	for (size_t i = 0; i < count; i++) {
		if (runs[i].colour > UINT32_MAX)
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "colour 0x%llx is too large",
				    (unsigned long long)runs[i].colour);
	}
	for (; count; count--, runs++) {
		size_t at = part_from(strip, runs->start_pfn), pages;

		for (; at < strip->nr_parts &&
		       strip->parts[at].start_pfn < runs->end_pfn; at++) {
			uint32_t *cell = cells_of(strip, &strip->parts[at],
						  runs->start_pfn,
						  runs->end_pfn, &pages);

			for (; cell && pages; pages--)
				*cell++ = (uint32_t)runs->colour;
		}
	}
	return MMDUMP_OK;
}

enum mmdump_status mmdump_strip_map(struct mmdump *m,
				    struct mmdump_strip *strip,
				    const struct mmdump_range *ranges,
				    size_t count, uint32_t first,
				    const uint32_t *table, size_t size)
{
	begin(m);
	for (; count; count--, ranges++) {
		size_t at = part_from(strip, ranges->start), pages;

		for (; at < strip->nr_parts &&
		       strip->parts[at].start_pfn < ranges->end; at++) {
			uint32_t *cell = cells_of(strip, &strip->parts[at],
						  ranges->start, ranges->end,
						  &pages);

			for (; cell && pages; pages--, cell++) {
				if (*cell - first < size && *cell >= first)
					*cell = table[*cell - first];
			}
		}
	}
	return MMDUMP_OK;
}

enum mmdump_status mmdump_strip_sums(struct mmdump *m,
				     const struct mmdump_strip *strip,
				     uint64_t *sums, size_t count)
{
	size_t end;

	begin(m);
	memset(sums, 0, count * sizeof(*sums));
	for (size_t at = 0; at < strip->nr_pages; at = end) {
		uint32_t colour = strip->colours[at];

		for (end = at + 1; end < strip->nr_pages &&
				   strip->colours[end] == colour; end++)
			;
		if (colour >= count)
			return fail(m, MMDUMP_ERR_LIMIT,
				    "colour 0x%x is there, too", colour);
		sums[colour] += end - at;
	}
	return MMDUMP_OK;
}

enum mmdump_status mmdump_strip_runs(struct mmdump *m,
				     const struct mmdump_strip *strip,
				     uint64_t from,
				     struct mmdump_colour_run *runs,
				     size_t max, size_t *count)
{
	size_t found = 0, pages = 0;

	begin(m);
	for (size_t at = part_from(strip, from);
	     at < strip->nr_parts && found < max; at++) {
		const struct strip_part *part = &strip->parts[at];
		const uint32_t *cells = cells_of(strip, part, from,
						 UINT64_MAX, &pages);
		uint64_t pfn = part->end_pfn - pages;

		for (size_t i = 0, end; i < pages && found < max; i = end) {
			for (end = i + 1; end < pages &&
					  cells[end] == cells[i]; end++)
				;
			runs[found++] = (struct mmdump_colour_run){
				pfn + i, pfn + end, cells[i]
			};
		}
	}
	*count = found;
	return MMDUMP_OK;
}
