// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe.c - what libmmdump says of files, as lines, for tests/dump.
 *
 * Usage: probe STEP...; each is one call, and its answer one line or more:
 *	open=FILE			ram=PHYS:OFFSET:SIZE:FILE
 *	fd=PHYS:OFFSET:SIZE:FILE	(opened here, closed after the call)
 *	read=PHYS:SIZE			search=FROM:HEX
 *	ranges  segments  notes  vmcoreinfo  machine  format  warning
 * Numbers are hexadecimal. A call that fails says its status and message.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmdump.h"

#define MAX_READ	(1UL << 20)

static const char *const names[] = {
	"ok", "system", "format", "corrupt", "unsupported", "fault",
	"argument", "limit",
};

static struct mmdump *m;

static int failed(enum mmdump_status status)
{
	if (status)
		printf("%s: %s\n", names[status], mmdump_message(m));
	return status;
}

static void hex(const void *bytes, size_t size)
{
	const unsigned char *at = bytes;

	while (size--)
		printf("%02x", *at++);
	printf("\n");
}

/* PHYS:OFFSET:SIZE:FILE; file is where the last begins. */
static void bank(const char *text, unsigned long long at[3], const char **file)
{
	char *end = NULL;

	for (int i = 0; i < 3; i++, text = end + 1)
		at[i] = strtoull(text, &end, 16);
	*file = text;
}

static void add(const char *text, int by_fd)
{
	unsigned long long at[3];
	const char *file;
	int fd;

	bank(text, at, &file);
	if (!by_fd) {
		failed(mmdump_add_file(m, file, at[1], at[0], at[2]));
		return;
	}
	fd = open(file, O_RDONLY);
	failed(mmdump_add_fd(m, fd, at[1], at[0], at[2]));
	if (fd >= 0)
		close(fd);
}

static void read_at(const char *text)
{
	char *end, *buffer;
	uint64_t phys = strtoull(text, &end, 16), fault = 0;
	size_t size = strtoull(end + 1, NULL, 16);
	enum mmdump_status status;

	buffer = malloc(size < MAX_READ ? size : MAX_READ);
	status = mmdump_read_phys(m, phys, buffer, size, &fault);
	if (status)
		printf("%llx ", (unsigned long long)fault);
	if (!failed(status))
		hex(buffer, size);
	free(buffer);
}

static void search(const char *text)
{
	unsigned char bytes[8192];
	uint64_t from, at;
	size_t size = 0;
	char *end;

	from = strtoull(text, &end, 16);
	for (end++; sscanf(end, "%2hhx", &bytes[size]) == 1; end += 2)
		size++;
	if (!failed(mmdump_search(m, bytes, size, from, &at)))
		printf("%llx\n", (unsigned long long)at);
}

static void show_ranges(void)
{
	const struct mmdump_range *ranges;
	size_t count;

	if (!failed(mmdump_ranges(m, &ranges, &count)))
		for (size_t i = 0; i < count; i++)
			printf("range %llx %llx\n",
			       (unsigned long long)ranges[i].start,
			       (unsigned long long)ranges[i].end);
}

static void show_segments(void)
{
	const struct mmdump_segment *segments;
	size_t count;

	if (!failed(mmdump_segments(m, &segments, &count)))
		for (size_t i = 0; i < count; i++)
			printf("segment %llx %llx %llx\n",
			       (unsigned long long)segments[i].virt,
			       (unsigned long long)segments[i].phys,
			       (unsigned long long)segments[i].size);
}

static void show_notes(void)
{
	const struct mmdump_note *notes;
	size_t count;

	if (failed(mmdump_notes(m, &notes, &count)))
		return;
	for (size_t i = 0; i < count; i++) {
		printf("note ");
		for (const char *c = notes[i].name; *c; c++)
			printf(*c > ' ' && *c < 127 ? "%c" : "?", *c);
		printf(" %x ", notes[i].type);
		hex(notes[i].desc, notes[i].size);
	}
}

static void show(const char *what)
{
	uint32_t machine, bits, big;
	const char *text;
	size_t size;

	if (!strcmp(what, "ranges")) {
		show_ranges();
	} else if (!strcmp(what, "segments")) {
		show_segments();
	} else if (!strcmp(what, "notes")) {
		show_notes();
	} else if (!strcmp(what, "format")) {
		printf("%s\n", mmdump_format(m));
	} else if (!strcmp(what, "warning")) {
		text = mmdump_warning(m);
		printf("%s\n", text ? text : "none");
	} else if (!strcmp(what, "machine")) {
		mmdump_machine(m, &machine, &bits, &big);
		printf("%u %u %u\n", machine, bits, big);
	} else if (!strcmp(what, "vmcoreinfo")) {
		if (!failed(mmdump_vmcoreinfo(m, &text, &size)))
			printf("%zu:%.*s\n", size, (int)size,
			       text ? text : "");
	} else {
		printf("what is %s?\n", what);
	}
}

int main(int argc, char **argv)
{
	if (mmdump_version() != MMDUMP_VERSION || mmdump_create(&m))
		return 2;
	for (int i = 1; i < argc; i++) {
		const char *step = argv[i];

		if (!strncmp(step, "open=", 5))
			failed(mmdump_open(m, step + 5));
		else if (!strncmp(step, "ram=", 4))
			add(step + 4, 0);
		else if (!strncmp(step, "fd=", 3))
			add(step + 3, 1);
		else if (!strncmp(step, "read=", 5))
			read_at(step + 5);
		else if (!strncmp(step, "search=", 7))
			search(step + 7);
		else
			show(step);
	}
	mmdump_destroy(m);
	return 0;
}
