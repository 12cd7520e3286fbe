// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * classify.c - keys of all struct pages of a strip, by several threads.
 *
 * Each thread has its own numbers for keys, in the order in which it meets
 * them, and takes chunks in ascending order: the first page that it met one
 * in is the lowest of its pages that have it. In the end the keys of all are
 * put in the order of their lowest pages, and the strip gets these numbers:
 * the same, whoever took which chunk.
 *
 * May call: rules.c, keys.c, strip.c, pages.c.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "pages.h"

#define NEAR_PAGES	64U	/* between pages to be looked at: go on */

/* A key of a thread. */
struct entry {
	const struct mmdump_page_key *key;
	uint32_t *number;		/* what it becomes */
};

struct pass {
	struct mmdump *m;
	const struct mmdump_page_map *map;
	struct mmdump_strip *strip;
	uint32_t first;
	unsigned int threads;
	size_t nr_chunks;
	atomic_size_t next;
	atomic_bool failed;
	unsigned int *owners;		/* of chunks: who took it */
	struct reader *readers;		/* of each thread */
	uint32_t **numbers;		/* of each thread's keys */
};

/* Page frames of one part, all of colour 0 or not; cells are theirs. */
static bool look_at(struct pass *pass, struct reader *r, uint64_t pfn,
		    size_t count, uint32_t *cells)
{
	const struct mmdump_page_run *run;
	const unsigned char *bytes;
	uint64_t next;
	size_t here;

	for (; count; count -= here, cells += here, pfn += here) {
		run = page_run(pass->map, pfn, &r->look.run, &next);
		if (!run) {
			here = next - pfn < count ? (size_t)(next - pfn) :
						    count;
			bytes = NULL;
		} else {
			here = page_look(&r->look, run, pfn, pfn + count,
					 &bytes);
			if (!here) {
				here = 1;
				bytes = NULL;
			}
		}
		if (!read_pages(r, bytes,
				run ? run->zero + pfn * pass->map->page_bytes :
				      0, pfn, here, pass->first, cells))
			return false;
		if (bytes)
			page_look_drop(&r->look, bytes, here);
	}
	return true;
}

/* Cells of one part: those stretches that have some of colour 0. */
static bool look_at_cells(struct pass *pass, struct reader *r, uint64_t pfn,
			  uint32_t *cells, size_t count)
{
	size_t at = 0, end, last;

	while (at < count) {
		if (cells[at]) {
			at++;
			continue;
		}
		for (end = last = at; end < count && end - last <= NEAR_PAGES;
		     end++) {
			if (!cells[end])
				last = end;
		}
		if (!look_at(pass, r, pfn + at, last + 1 - at, cells + at))
			return false;
		at = end;
	}
	return true;
}

static bool look_at_chunk(struct pass *pass, struct reader *r, size_t chunk)
{
	const struct mmdump_strip *strip = pass->strip;
	size_t at = chunk * CHUNK_PAGES, end = at + CHUNK_PAGES, here;

	end = end < strip->nr_pages ? end : strip->nr_pages;
	for (const struct strip_part *part = strip_part(strip, at); at < end;
	     at += here, part++) {
		uint64_t pfn = part->start_pfn + (at - part->at);

		here = end - at;
		if (part->end_pfn - pfn < here)
			here = (size_t)(part->end_pfn - pfn);
		if (!look_at_cells(pass, r, pfn, strip->colours + at, here))
			return false;
	}
	return true;
}

static void look_at_chunks(void *arg, unsigned int worker)
{
	struct pass *pass = arg;
	size_t chunk;

	while (!atomic_load(&pass->failed)) {
		chunk = atomic_fetch_add(&pass->next, 1);
		if (chunk >= pass->nr_chunks)
			return;
		pass->owners[chunk] = worker;
		if (!look_at_chunk(pass, &pass->readers[worker], chunk))
			atomic_store(&pass->failed, true);
	}
}

/* Colours of threads become those of all; or 0, when there are none. */
static void number_chunks(void *arg, unsigned int worker)
{
	struct pass *pass = arg;
	size_t chunk, at, end;

	(void)worker;
	while (chunk = atomic_fetch_add(&pass->next, 1),
	       chunk < pass->nr_chunks) {
		const uint32_t *numbers = pass->numbers[pass->owners[chunk]];

		at = chunk * CHUNK_PAGES;
		end = at + CHUNK_PAGES;
		end = end < pass->strip->nr_pages ? end : pass->strip->nr_pages;
		for (uint32_t *cell = pass->strip->colours + at;
		     cell < pass->strip->colours + end; cell++) {
			if (*cell >= pass->first)
				*cell = pass->failed ? 0 :
					pass->first +
					numbers[*cell - pass->first];
		}
	}
}

static int by_pfn(const void *left, const void *right)
{
	const struct entry *one = left, *other = right;

	return (one->key->pfn > other->key->pfn) -
	       (one->key->pfn < other->key->pfn);
}

/* The keys of all threads in the order of the first pages that have them. */
static bool join(struct pass *pass, unsigned int nr_readers,
		 struct key_table *all, bool *full)
{
	struct entry *entries;
	size_t count = 0, at = 0;

	for (unsigned int i = 0; i < nr_readers; i++)
		count += pass->readers[i].keys.count;
	entries = calloc(count + 1, sizeof(*entries));
	if (!entries)
		return false;
	for (unsigned int i = 0; i < nr_readers; i++) {
		const struct key_table *keys = &pass->readers[i].keys;

		pass->numbers[i] = calloc(keys->count + 1,
					  sizeof(*pass->numbers[i]));
		if (!pass->numbers[i])
			break;
		for (size_t j = 0; j < keys->count; j++)
			entries[at++] = (struct entry){ &keys->keys[j],
							&pass->numbers[i][j] };
	}
	if (at == count)
		qsort(entries, count, sizeof(*entries), by_pfn);
	for (size_t i = 0; at == count && i < count; i++) {
		*entries[i].number = key_index(all, entries[i].key, full);
		if (*entries[i].number == KEY_NONE)
			at = count + 1;
	}
	free(entries);
	return at == count;
}

/* All of it, in a strip that has pages. */
static enum mmdump_status run(struct pass *pass,
			      const struct mmdump_page_rules *rules,
			      size_t limit, struct key_table *all)
{
	unsigned int count = pass->threads;
	bool full = false;

	for (unsigned int i = 0; i < count; i++)
		reader_begin(&pass->readers[i], pass->m, pass->map, rules,
			     limit, pass->strip->nr_pages);
	parallel(pass->m, count, pass->nr_chunks, look_at_chunks, pass);
	if (!pass->failed && !join(pass, count, all, &full))
		pass->failed = true;
	for (unsigned int i = 0; i < count; i++) {
		full |= pass->readers[i].full;
		reader_end(&pass->readers[i]);
	}
	/* A thread's numbers are those of all when there is just one. */
	if (pass->failed || count > 1) {
		if (pass->next < pass->nr_chunks)
			pass->nr_chunks = pass->next;
		pass->next = 0;
		parallel(pass->m, count, pass->nr_chunks, number_chunks, pass);
	}
	if (!pass->failed)
		return MMDUMP_OK;
	return full ? fail(pass->m, MMDUMP_ERR_LIMIT,
			   "struct pages say more than %zu different things",
			   limit) :
		      fail(pass->m, MMDUMP_ERR_SYSTEM, "no memory");
}

static uint32_t highest(const struct mmdump_strip *strip)
{
	uint32_t found = 0;

	for (size_t i = 0; i < strip->nr_pages; i++)
		found = strip->colours[i] > found ? strip->colours[i] : found;
	return found;
}

enum mmdump_status mmdump_classify(struct mmdump *m,
				   const struct mmdump_page_map *map,
				   const struct mmdump_page_rules *rules,
				   struct mmdump_strip *strip, uint32_t first,
				   size_t limit,
				   const struct mmdump_page_key **keys,
				   size_t *count)
{
	struct pass pass = { .m = m, .map = map, .strip = strip,
			     .first = first, .threads = threads_of(m) };
	struct key_table all = { .limit = limit };
	enum mmdump_status status;

	begin(m);
	status = page_map_check(m, map);
	if (!status)
		status = rules_check(m, map, rules);
	if (!status && (!first || limit > UINT32_MAX - first))
		status = fail(m, MMDUMP_ERR_ARGUMENT,
			      "no room for %zu colours", limit);
	if (!status && highest(strip) >= first)
		status = fail(m, MMDUMP_ERR_ARGUMENT,
			      "colours from %u on are there already", first);
	if (status)
		return status;
	free(strip->keys);
	strip->keys = NULL;
	pass.nr_chunks = (strip->nr_pages + CHUNK_PAGES - 1) / CHUNK_PAGES;
	pass.owners = calloc(pass.nr_chunks + 1, sizeof(*pass.owners));
	pass.readers = calloc(pass.threads, sizeof(*pass.readers));
	pass.numbers = calloc(pass.threads, sizeof(*pass.numbers));
	if (pass.owners && pass.readers && pass.numbers)
		status = run(&pass, rules, limit, &all);
	else
		status = fail(m, MMDUMP_ERR_SYSTEM, "no memory");
	for (unsigned int i = 0; pass.numbers && i < pass.threads; i++)
		free(pass.numbers[i]);
	free(pass.numbers);
	free(pass.readers);
	free(pass.owners);
	if (!status) {
		*count = all.count;
		*keys = strip->keys = all.keys;
		all.keys = NULL;
	}
	key_table_close(&all);
	return status;
}
