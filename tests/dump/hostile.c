// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hostile.c - passes over struct pages that were made to break them, for
 * tests/dump/test_hostile.py: hostile [mapped] STEP, and lines that say what
 * came of it.
 *
 * Struct page n is at VIRT + 64 * n, which is physical 64 * n. RAM is read,
 * unless it is to be mapped. Processors become more with each look at them.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mmdump.h"

#define VIRT		0xffff800000000000ULL
#define TABLES		0x100000000ULL
#define PAGES		400000ULL
#define COLLIDING	300000ULL
#define HEAD_FLAG	2
#define SLAB_FLAG	1

struct fake_page {
	uint64_t flags, link, mapping, cache;
	uint32_t count, dtor;
	uint64_t unused[3];
};
_Static_assert(sizeof(struct fake_page) == 64, "as VIRT says");

static struct mmdump *m;
static struct fake_page *pages;
static int ram, mapped;
static pthread_t first_thread;
static int growing, unblocked;

static struct mmdump_page_run run = { VIRT, 0, PAGES };
static const struct mmdump_page_map map = { &run, 1, 64, 0 };
static const struct mmdump_page_rules rules = {
	.flags = { 0, 8 }, .link = { 8, 8 }, .mapping = { 16, 8 },
	.cache = { 24, 8 }, .count = { 32, 4 }, .dtor = { 36, 4 },
	.slab = SLAB_FLAG, .head = HEAD_FLAG, .mapping_bits = 3,
	.dtor_value = 77,
};
static const struct mmdump_range all = { 0, PAGES };

long sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN ? ++growing : 4096;
}

/* What the library reads RAM with, in whichever thread. */
ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!pthread_equal(pthread_self(), first_thread) &&
	    !sigismember(&blocked, SIGINT))
		__atomic_store_n(&unblocked, 1, __ATOMIC_RELAXED);
	return syscall(SYS_pread64, fd, buffer, size, offset);
}

static void must(enum mmdump_status status)
{
	if (!status)
		return;
	printf("%d: %s\n", status, mmdump_message(m));
	exit(1);
}

static void *memory(size_t size, int *fd)
{
	void *at;

	*fd = memfd_create("ram", 0);
	if (*fd < 0 || ftruncate(*fd, (off_t)size))
		exit(2);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		exit(2);
	return at;
}

static void make(void)
{
	struct mmdump_mmu mmu = {
		.kind = MMDUMP_MMU_X86_64, .page_shift = 12, .va_bits = 48,
		.root = TABLES,
	};
	uint64_t *tables;
	char path[32];
	int fd;

	tables = memory(8192, &fd);
	tables[256] = (TABLES + 4096) | 1;
	tables[512] = 0x81;			/* a GiB at 0 */
	must(mmdump_create(&m));
	must(mmdump_add_fd(m, fd, 0, TABLES, 8192));
	pages = memory(PAGES * 64, &ram);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ram);
	if (mapped)
		must(mmdump_add_file(m, path, 0, 0, PAGES * 64));
	else
		must(mmdump_add_fd(m, ram, 0, 0, PAGES * 64));
	must(mmdump_set_mmu(m, &mmu));
}

static uint64_t total(uint64_t sum, uint64_t value)
{
	return (sum ^ value) * 0x9e3779b97f4a7c15ULL;
}

/* What classify() says, as one number. */
static uint64_t classified(struct mmdump_strip *strip, size_t *count)
{
	const struct mmdump_page_key *keys;
	struct mmdump_colour_run runs[256];
	uint64_t sum = 0, from = 0;
	size_t n;

	must(mmdump_classify(m, &map, &rules, strip, 1, 1 << 20, &keys,
			     count));
	for (size_t i = 0; i < *count; i++)
		sum = total(sum, total(keys[i].value, keys[i].pfn) +
				 keys[i].kind);
	for (;; from = runs[n - 1].end_pfn) {
		must(mmdump_strip_runs(m, strip, from, runs, 256, &n));
		if (!n)
			return sum;
		for (size_t i = 0; i < n; i++)
			sum = total(sum, total(runs[i].start_pfn,
					       runs[i].colour));
	}
}

/* What select() says, wherever it was cut. */
static uint64_t selected(const struct mmdump_page_query *query)
{
	struct mmdump_page_match found[100];
	uint64_t next = 0, sum = 0;
	size_t n;

	while (next != UINT64_MAX) {
		must(mmdump_select(m, &map, query, &all, 1, next, found, 100,
				   &n, &next));
		for (size_t i = 0; i < n; i++)
			for (uint64_t at = found[i].start_pfn;
			     at < found[i].end_pfn; at++)
				sum = total(sum, at + found[i].value);
	}
	return sum;
}

/* All sorts of pages; the same answer with any number of threads. */
static void threads(unsigned int first, unsigned int last)
{
	struct mmdump_page_test test = { { 0, 8 }, 7, 5, 0, 0 };
	struct mmdump_page_query query = { &test, 1, { 32, 4 }, 1 };
	struct mmdump_strip *strip;
	uint64_t seed = 1;
	size_t count;

	for (uint64_t i = 0; i < PAGES; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		pages[i].flags = seed >> 60;
		pages[i].cache = seed >> 33 & 255;
		pages[i].mapping = seed >> 50 & 15;
		pages[i].count = (uint32_t)(seed >> 47 & 1);
		if (i > 8 && (seed >> 37 & 31) == 0)
			pages[i].link = VIRT + 64 * (i - (seed >> 42 & 7)) + 1;
	}
	for (unsigned int n = first; n <= last; n++) {
		mmdump_set_threads(m, n);
		must(mmdump_strip_create(m, &all, 1, &strip));
		printf("%llx", (unsigned long long)classified(strip, &count));
		printf(" %llx\n", (unsigned long long)selected(&query));
		mmdump_strip_destroy(strip);
	}
}

/* Keys that met in one slot when that was known beforehand. */
static void collide(void)
{
	const uint64_t factor = 0x9e3779b97f4a7c15ULL;
	struct mmdump_strip *strip;
	uint64_t inverse = factor;
	size_t count;

	for (int i = 0; i < 6; i++)
		inverse *= 2 - factor * inverse;
	for (uint64_t i = 0; i < COLLIDING; i++) {
		uint64_t mixed = ((i >> 12 << 52) | (i & 0xfff)) * inverse;

		mixed -= (uint64_t)MMDUMP_KEY_SLAB << 8;
		mixed ^= mixed >> 32;
		pages[i].flags = SLAB_FLAG;
		pages[i].cache = mixed * inverse;
	}
	must(mmdump_strip_create(m, &all, 1, &strip));
	classified(strip, &count);
	printf("%zu\n", count);
	mmdump_strip_destroy(strip);
}

/* The first page of a compound page is the last one of a page, and in use by
 * somebody; the page after it is in the next one. */
static void head(void)
{
	const struct mmdump_range tail = { 65, 66 };
	const struct mmdump_page_key *keys;
	struct mmdump_strip *strip;
	size_t count;

	pages[63].flags = HEAD_FLAG;
	pages[63].mapping = 0x1000;
	pages[63].count = 1;
	pages[65].link = VIRT + 64 * 63 + 1;
	must(mmdump_strip_create(m, &tail, 1, &strip));
	must(mmdump_classify(m, &map, &rules, strip, 1, 9, &keys, &count));
	printf("%zu %u\n", count, keys->kind);
	mmdump_strip_destroy(strip);
}

/* A strip that has colours of keys already. */
static void colours(void)
{
	const struct mmdump_colour_run painted = { 5, 6, 1000 };
	const struct mmdump_page_key *keys;
	struct mmdump_strip *strip;
	uint64_t sums[1001];
	size_t count;

	must(mmdump_strip_create(m, &all, 1, &strip));
	must(mmdump_strip_paint(m, strip, &painted, 1));
	if (mmdump_classify(m, &map, &rules, strip, 1000, 9, &keys, &count))
		printf("%s\n", mmdump_message(m));
	must(mmdump_strip_sums(m, strip, sums, 1001));
	printf("%llu %llu\n", (unsigned long long)sums[0],
	       (unsigned long long)sums[1000]);
	must(mmdump_classify(m, &map, &rules, strip, 1001, 9, &keys, &count));
	printf("%zu\n", count);
	mmdump_strip_destroy(strip);
}

/* Page frames where sums of them would go round. */
static void far(void)
{
	const struct mmdump_range range = { 0, UINT64_MAX - 1 };
	struct mmdump_page_query query = { 0 };
	struct mmdump_page_match found;
	struct mmdump_strip *strip;
	uint64_t next;
	size_t n;

	if (mmdump_select(m, &map, &query, &range, 1, UINT64_MAX - 9, &found,
			  1, &n, &next))
		printf("%s\n", mmdump_message(m));
	if (mmdump_strip_create(m, &range, 1, &strip))
		printf("%s\n", mmdump_message(m));
}

/* RAM to the last address, of which the file is gone. */
static void last(void)
{
	uint64_t at;
	int fd;

	memory(8191, &fd);
	must(mmdump_add_fd(m, fd, 0, UINT64_MAX - 8191, 8191));
	if (ftruncate(fd, 0))
		exit(2);
	if (mmdump_search(m, "nowhere", 7, TABLES + 1, &at))
		printf("%s\n", mmdump_message(m));
}

int main(int argc, char **argv)
{
	const char *step = argv[argc - 1];

	first_thread = pthread_self();
	mapped = argc > 2;
	make();
	mmdump_set_threads(m, strcmp(step, "more") ? 2 : 0);
	if (!strcmp(step, "threads"))
		threads(1, 4);
	else if (!strcmp(step, "more"))
		threads(0, 0);
	else if (!strcmp(step, "collide"))
		collide();
	else if (!strcmp(step, "head"))
		head();
	else if (!strcmp(step, "colours"))
		colours();
	else if (!strcmp(step, "far"))
		far();
	else
		last();
	if (unblocked)
		printf("a thread of a pass takes signals\n");
	mmdump_destroy(m);
	return 0;
}
