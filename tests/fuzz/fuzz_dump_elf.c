// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_dump_elf.c - the input is a core, for what it is worth: opened, or
 * refused with a line; what was opened keeps what mmdump.h promises.
 *
 * The last byte says whether it is opened a second time, or laid over a RAM
 * file, which must change nothing that was there.
 */
#include "fuzz_dump.h"

static const char *path_of(int fd)
{
	static char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static int in_memory(const void *bytes, size_t size)
{
	int fd = memfd_create("core", 0);

	fuzz_assert(fd >= 0);
	fuzz_assert(write(fd, bytes, size) == (ssize_t)size);
	return fd;
}

static bool there(struct mmdump *m, uint64_t phys, uint8_t *byte)
{
	uint64_t fault = 0;
	enum mmdump_status status = mmdump_read_phys(m, phys, byte, 1, &fault);

	fuzz_assert(status == MMDUMP_OK ||
		    (status == MMDUMP_ERR_FAULT && fault == phys));
	return !status;
}

/* Ranges: sorted, disjoint, not touching, there to their last byte. */
static void ranges_are_sound(struct mmdump *m)
{
	const struct mmdump_range *ranges;
	uint64_t last = 0, hit;
	size_t count;
	uint8_t byte;

	fuzz_assert(!mmdump_ranges(m, &ranges, &count));
	for (size_t i = 0; i < count; i++) {
		fuzz_assert(ranges[i].start < ranges[i].end);
		fuzz_assert(!i || ranges[i].start > last);
		last = ranges[i].end;
		fuzz_assert(there(m, ranges[i].end - 1, &byte));
		fuzz_assert(!there(m, ranges[i].end, &byte));
		fuzz_assert(!ranges[i].start ||
			    !there(m, ranges[i].start - 1, &byte));
		fuzz_assert(there(m, ranges[i].start, &byte));
		fuzz_assert(!mmdump_search(m, &byte, 1, ranges[i].start,
					   &hit));
		fuzz_assert(hit == ranges[i].start);
	}
}

/* Every byte of every answer is read; a sanitizer says what is not ours. */
static unsigned int look_at_all(struct mmdump *m)
{
	const struct mmdump_segment *segments;
	const struct mmdump_note *notes;
	const char *text;
	unsigned int sum = 0;
	uint8_t byte;
	uint64_t fault;
	size_t count;

	fuzz_assert(!mmdump_segments(m, &segments, &count));
	for (size_t i = 0; i < count; i++) {
		fuzz_assert(segments[i].size);
		fuzz_assert(!mmdump_read_virt(m, segments[i].virt, &byte, 1,
					      &fault));
	}
	fuzz_assert(!mmdump_notes(m, &notes, &count));
	for (size_t i = 0; i < count; i++) {
		sum += (unsigned int)strlen(notes[i].name);
		for (size_t n = 0; n < notes[i].size; n++)
			sum += ((const uint8_t *)notes[i].desc)[n];
	}
	fuzz_assert(!mmdump_vmcoreinfo(m, &text, &count));
	for (size_t i = 0; i < count; i++)
		sum += (unsigned int)text[i];
	text = mmdump_warning(m);
	return sum + (text ? (unsigned int)strlen(text) : 0);
}

/* What a RAM file adds is around what was there. */
static void lay_over(struct mmdump *m)
{
	static const uint8_t ones[64] = { [0 ... 63] = 1 };
	const struct mmdump_range *ranges;
	uint8_t before, after;
	uint64_t first, phys;
	size_t count;
	int fd;

	fuzz_assert(!mmdump_ranges(m, &ranges, &count));
	if (!count)
		return;
	first = ranges[0].start;
	fuzz_assert(there(m, first, &before));
	phys = first < 16 ? 0 : first - 16;
	fd = in_memory(ones, sizeof(ones));
	if (!mmdump_add_fd(m, fd, 0, phys, sizeof(ones))) {
		fuzz_assert(!mmdump_ranges(m, &ranges, &count));
		fuzz_assert(ranges[0].start == phys);
		fuzz_assert(there(m, first, &after) && before == after);
		fuzz_assert(phys == first || (there(m, phys, &after) &&
					      after == 1));
	}
	close(fd);
	ranges_are_sound(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = in_memory(data, size);
	struct mmdump *m;

	fuzz_assert(!mmdump_create(&m));
	if (mmdump_open(m, path_of(fd))) {
		const struct mmdump_range *ranges;
		size_t count;

		fuzz_assert(*mmdump_message(m));
		fuzz_assert(!mmdump_ranges(m, &ranges, &count) && !count);
	} else {
		fuzz_assert(!*mmdump_message(m));
		look_at_all(m);
		ranges_are_sound(m);
		if (data[size - 1] & 1)
			lay_over(m);
		else
			fuzz_assert(!mmdump_open(m, path_of(fd)));
		look_at_all(m);
		ranges_are_sound(m);
	}
	mmdump_destroy(m);
	close(fd);
	return 0;
}
