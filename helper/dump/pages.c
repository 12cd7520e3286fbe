// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pages.c - struct pages in pieces, and threads for passes over them.
 *
 * Contract: a struct page is readable when all its bytes are. What is given
 *           out stays until the next look.
 * May call: virt.c, status.c.  Called by: all passes.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pages.h"

#define MAX_WORKERS	64U
#define MAX_PFN		(1ULL << 52)	/* 64 bits of address, 4 KiB pages */
#define TASKS_A_THREAD	32U	/* when nobody says how many threads */

enum mmdump_status page_map_check(struct mmdump *m,
				  const struct mmdump_page_map *map)
{
	uint64_t last = 0;

	if (!map->page_bytes || map->page_bytes > MAX_PAGE_BYTES)
		return fail(m, MMDUMP_ERR_ARGUMENT,
			    "a struct page has %u bytes", map->page_bytes);
	for (size_t i = 0; i < map->nr_runs; i++) {
		const struct mmdump_page_run *run = &map->runs[i];
		uint64_t pages = run->end_pfn - run->start_pfn, bytes, end;
		uint64_t start = run->zero + run->start_pfn * map->page_bytes;

		if (run->start_pfn >= run->end_pfn || run->start_pfn < last)
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "runs of struct pages are not in order");
		if (__builtin_mul_overflow(pages, map->page_bytes, &bytes) ||
		    __builtin_add_overflow(start, bytes - 1, &end))
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "struct pages reach beyond all addresses");
		last = run->end_pfn;
	}
	return MMDUMP_OK;
}

enum mmdump_status page_field_check(struct mmdump *m,
				    const struct mmdump_page_map *map,
				    struct mmdump_field field)
{
	if (!field.size)
		return MMDUMP_OK;
	if (field.size > 8 || field.size & (field.size - 1) ||
	    field.offset > map->page_bytes ||
	    field.size > map->page_bytes - field.offset)
		return fail(m, MMDUMP_ERR_ARGUMENT,
			    "no number of %u bytes at %u in a struct page",
			    field.size, field.offset);
	return MMDUMP_OK;
}

enum mmdump_status pfn_ranges_check(struct mmdump *m,
				    const struct mmdump_range *ranges,
				    size_t count, uint64_t *ret)
{
	uint64_t last = 0, pages = 0;

	for (size_t i = 0; i < count; i++) {
		if (ranges[i].start >= ranges[i].end ||
		    ranges[i].start < last)
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "ranges of page frames are not in order");
		if (ranges[i].end > MAX_PFN)
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "no page frame is at 0x%llx",
				    (unsigned long long)ranges[i].end - 1);
		last = ranges[i].end;
		pages += ranges[i].end - ranges[i].start;
	}
	*ret = pages;
	return MMDUMP_OK;
}

void page_look_begin(struct page_look *look, struct mmdump *m,
		     const struct mmdump_page_map *map, uint64_t pages)
{
	look->m = m;
	look->map = map;
	memset(&look->window, 0, sizeof(look->window));
	look->run = 0;
	look->drop = pages > DROP_BYTES / map->page_bytes;
}

void page_look_end(struct page_look *look)
{
	window_close(&look->window);
}

const struct mmdump_page_run *page_run(const struct mmdump_page_map *map,
				       uint64_t pfn, size_t *hint,
				       uint64_t *next)
{
	size_t low = 0, high = map->nr_runs;

	if (*hint < high && pfn >= map->runs[*hint].start_pfn &&
	    pfn < map->runs[*hint].end_pfn)
		return &map->runs[*hint];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->runs[middle].end_pfn <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	*next = UINT64_MAX;
	if (low == map->nr_runs)
		return NULL;
	*next = map->runs[low].start_pfn;
	if (pfn < *next)
		return NULL;
	*hint = low;
	return &map->runs[low];
}

uint64_t page_pfn(const struct mmdump_page_map *map, uint64_t addr)
{
	for (size_t i = 0; i < map->nr_runs; i++) {
		const struct mmdump_page_run *run = &map->runs[i];
		uint64_t at = addr -
			      (run->zero + run->start_pfn * map->page_bytes);

		if (addr >= addr - at && at % map->page_bytes == 0 &&
		    at / map->page_bytes < run->end_pfn - run->start_pfn)
			return run->start_pfn + at / map->page_bytes;
	}
	return UINT64_MAX;
}

size_t page_look(struct page_look *look, const struct mmdump_page_run *run,
		 uint64_t pfn, uint64_t end, const unsigned char **ret)
{
	uint32_t size = look->map->page_bytes;
	uint64_t addr = run->zero + pfn * size, fault;
	size_t count, want = LOOK_BYTES;

	end = end < run->end_pfn ? end : run->end_pfn;
	if (end - pfn < want / size)
		want = (size_t)(end - pfn) * size;
	if (virt_look(look->m, &look->window, addr, want, ret, &count))
		return 0;
	if (count >= size)
		return count / size;
	*ret = look->one;
	return !virt_copy(look->m, &look->window, addr, look->one, size,
			  &fault);
}

void page_look_drop(struct page_look *look, const unsigned char *bytes,
		    size_t count)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)bytes & ~(page - 1), map;
	uintptr_t end = (uintptr_t)(bytes + count * look->map->page_bytes);

	if (!look->drop)
		return;
	for (const struct source *s = look->m->sources; s; s = s->next) {
		map = (uintptr_t)s->map;
		if (s->map && start >= map && end <= map + s->size) {
			madvise((void *)start, end - start, MADV_DONTNEED);
			return;
		}
	}
}

/* One thread of parallel(). */
struct worker {
	pthread_t thread;
	unsigned int number;
	void (*work)(void *arg, unsigned int worker);
	void *arg;
};

static void *work_on(void *arg)
{
	struct worker *worker = arg;

	worker->work(worker->arg, worker->number);
	return NULL;
}

void parallel(struct mmdump *m, unsigned int threads, size_t tasks,
	      void (*work)(void *arg, unsigned int worker), void *arg)
{
	struct worker workers[MAX_WORKERS];
	unsigned int count = threads, begun = 1;
	sigset_t all, before;

	count = count < MAX_WORKERS ? count : MAX_WORKERS;
	/* Of few tasks one thread is done before another has begun. */
	if (!m->threads && tasks / TASKS_A_THREAD < count)
		count = (unsigned int)(tasks / TASKS_A_THREAD);
	if (tasks < count)
		count = (unsigned int)tasks;
	if (!count)
		count = 1;
	/* Signals are for the threads of whoever calls: GDB's, Python's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; begun < count; begun++) {
		workers[begun] = (struct worker){ .number = begun,
						  .work = work, .arg = arg };
		if (pthread_create(&workers[begun].thread, NULL, work_on,
				   &workers[begun]))
			break;		/* fewer do the same */
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work(arg, 0);
	while (--begun)
		pthread_join(workers[begun].thread, NULL);
}
