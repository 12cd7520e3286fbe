// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * select.c - struct pages that pass some tests, of all memory.
 *
 * Rounds of chunks: each thread takes some of a round, and what it finds is
 * put behind each other in their order, until the caller has no more room.
 *
 * May call: pages.c, status.c.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "pages.h"

#define MAX_GROUPS	64U
#define CHUNKS_A_THREAD	8U	/* in a round */
#define SELECT_PAGES	(4 * CHUNK_PAGES)

/* What was found in one chunk. */
struct findings {
	struct mmdump_page_match *matches;
	size_t count, room;
	uint64_t next;		/* not looked at, from there on; UINT64_MAX */
	bool failed;
};

struct round {
	struct mmdump *m;
	const struct mmdump_page_map *map;
	const struct mmdump_page_query *query;
	const struct mmdump_range *ranges;
	const uint64_t *before;		/* pages in the ranges before each */
	size_t nr_ranges, max;
	unsigned int threads;
	uint64_t start, pages;		/* of all: places in all ranges */
	uint64_t all_groups;
	size_t nr_chunks;
	atomic_size_t next;
	struct findings *findings;	/* of each chunk */
	struct page_look *looks;	/* of each thread */
};

/* Adds page frames to the last match where they belong to it. */
static bool found(struct findings *f, uint64_t pfn, uint64_t value,
		  uint64_t groups, bool may_join, size_t max)
{
	struct mmdump_page_match *last;

	last = f->count ? &f->matches[f->count - 1] : NULL;
	if (may_join && last && last->end_pfn == pfn &&
	    last->groups == groups && last->value == value) {
		last->end_pfn++;
		return true;
	}
	if (f->count == max) {
		f->next = pfn;
		return false;
	}
	if (f->count == f->room) {
		size_t room = f->room ? f->room * 2 : 64;

		last = realloc(f->matches, room * sizeof(*last));
		if (!last) {
			f->failed = true;
			return false;
		}
		f->matches = last;
		f->room = room;
	}
	f->matches[f->count++] = (struct mmdump_page_match){
		pfn, pfn + 1, value, groups
	};
	return true;
}

/* The groups that a struct page is in. */
static uint64_t groups_of(const struct round *round, const unsigned char *page)
{
	const struct mmdump_page_query *query = round->query;
	uint64_t groups = round->all_groups;
	bool big = round->map->big_endian;

	for (size_t i = 0; i < query->nr_tests; i++) {
		const struct mmdump_page_test *test = &query->tests[i];
		uint64_t bits = field_of(page, test->field, big) & test->mask;

		if ((bits == test->value) == !!test->not)
			groups &= ~(1ULL << test->group);
	}
	return groups;
}

/* Page frames of one range. */
static bool look_at(const struct round *round, struct page_look *look,
		    struct findings *f, uint64_t start, uint64_t end)
{
	const struct mmdump_page_query *query = round->query;
	uint32_t size = round->map->page_bytes;
	bool big = round->map->big_endian;
	const struct mmdump_page_run *run;
	const unsigned char *bytes;
	uint64_t pfn = start, next;

	while (pfn < end) {
		size_t here;

		run = page_run(round->map, pfn, &look->run, &next);
		if (!run) {
			pfn = next < end ? next : end;
			continue;
		}
		here = page_look(look, run, pfn, end, &bytes);
		if (!here) {
			if (!found(f, pfn, 0, 0, pfn != start, round->max))
				return false;
			pfn++;
			continue;
		}
		for (size_t i = 0; i < here; i++, pfn++) {
			const unsigned char *page = bytes + i * size;
			uint64_t groups = groups_of(round, page);

			if (groups && !found(f, pfn,
					     field_of(page, query->value,
						      big) & query->value_mask,
					     groups, pfn != start, round->max))
				return false;
		}
		page_look_drop(look, bytes, here);
	}
	return true;
}

/* The range that has a place in all of them. */
static size_t range_at(const struct round *round, uint64_t at)
{
	size_t low = 0, high = round->nr_ranges;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (round->before[middle] <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void look_at_chunks(void *arg, unsigned int worker)
{
	struct round *round = arg;
	size_t chunk;

	while (chunk = atomic_fetch_add(&round->next, 1),
	       chunk < round->nr_chunks) {
		uint64_t at = round->start + chunk * SELECT_PAGES, end;
		size_t range = range_at(round, at);

		end = at + SELECT_PAGES;
		end = end < round->pages ? end : round->pages;
		for (; at < end; range++) {
			const struct mmdump_range *r = &round->ranges[range];
			uint64_t pfn = r->start + (at - round->before[range]);
			uint64_t here = r->end - pfn;

			here = here < end - at ? here : end - at;
			if (!look_at(round, &round->looks[worker],
				     &round->findings[chunk], pfn, pfn + here))
				break;
			at += here;
		}
	}
}

/* Puts what a chunk has behind what there is. */
static bool take(const struct findings *f, struct mmdump_page_match *matches,
		 size_t max, size_t *count, uint64_t *next)
{
	for (size_t i = 0; i < f->count; i++) {
		if (*count == max) {
			*next = f->matches[i].start_pfn;
			return false;
		}
		matches[(*count)++] = f->matches[i];
	}
	*next = f->next;
	return f->next == UINT64_MAX;
}

/* One round; false when it was the last one, or failed. */
static bool do_round(struct round *round, struct mmdump_page_match *matches,
		     size_t *count, uint64_t *next,
		     enum mmdump_status *status)
{
	uint64_t left = round->pages - round->start;
	size_t most = CHUNKS_A_THREAD * round->threads;
	bool more = true;

	round->nr_chunks = most;
	if (left < most * SELECT_PAGES)
		round->nr_chunks = (size_t)((left + SELECT_PAGES - 1) /
					    SELECT_PAGES);
	round->next = 0;
	for (size_t i = 0; i < round->nr_chunks; i++) {
		round->findings[i].count = 0;
		round->findings[i].next = UINT64_MAX;
	}
	parallel(round->m, round->threads, round->nr_chunks,
		 look_at_chunks, round);
	for (size_t i = 0; i < round->nr_chunks && more; i++) {
		if (round->findings[i].failed) {
			*status = fail(round->m, MMDUMP_ERR_SYSTEM,
				       "no memory");
			return false;
		}
		more = take(&round->findings[i], matches, round->max, count,
			    next);
	}
	round->start += round->nr_chunks * SELECT_PAGES;
	return more && round->start < round->pages;
}

static enum mmdump_status run(struct round *round,
			      struct mmdump_page_match *matches, size_t *found_,
			      uint64_t *next)
{
	size_t count = CHUNKS_A_THREAD * round->threads, matched = 0;
	enum mmdump_status status = MMDUMP_OK;
	uint64_t at = UINT64_MAX;

	round->findings = calloc(count, sizeof(*round->findings));
	round->looks = calloc(round->threads, sizeof(*round->looks));
	if (!round->findings || !round->looks) {
		free(round->findings);
		free(round->looks);
		return fail(round->m, MMDUMP_ERR_SYSTEM, "no memory");
	}
	for (unsigned int i = 0; i < round->threads; i++)
		page_look_begin(&round->looks[i], round->m, round->map,
				round->pages);
	while (round->start < round->pages &&
	       do_round(round, matches, &matched, &at, &status))
		;
	for (unsigned int i = 0; i < round->threads; i++)
		page_look_end(&round->looks[i]);
	for (size_t i = 0; i < count; i++)
		free(round->findings[i].matches);
	free(round->looks);
	free(round->findings);
	if (!status) {
		*found_ = matched;
		*next = at;
	}
	return status;
}

static enum mmdump_status query_check(struct mmdump *m,
				      const struct mmdump_page_map *map,
				      const struct mmdump_page_query *query,
				      uint64_t *groups)
{
	enum mmdump_status status = page_field_check(m, map, query->value);

	*groups = 0;
	for (size_t i = 0; !status && i < query->nr_tests; i++) {
		status = page_field_check(m, map, query->tests[i].field);
		if (!status && query->tests[i].group >= MAX_GROUPS)
			status = fail(m, MMDUMP_ERR_ARGUMENT,
				      "no group %u of tests",
				      query->tests[i].group);
		else if (!status)
			*groups |= 1ULL << query->tests[i].group;
	}
	return status;
}

enum mmdump_status mmdump_select(struct mmdump *m,
				 const struct mmdump_page_map *map,
				 const struct mmdump_page_query *query,
				 const struct mmdump_range *ranges,
				 size_t count, uint64_t from,
				 struct mmdump_page_match *matches, size_t max,
				 size_t *found_, uint64_t *next)
{
	struct round round = { .m = m, .map = map, .query = query,
			       .ranges = ranges, .nr_ranges = count,
			       .max = max, .threads = threads_of(m) };
	enum mmdump_status status;
	uint64_t *before, pages;

	begin(m);
	status = page_map_check(m, map);
	if (!status)
		status = query_check(m, map, query, &round.all_groups);
	if (!status)
		status = pfn_ranges_check(m, ranges, count, &round.pages);
	if (!status && !max)
		status = fail(m, MMDUMP_ERR_ARGUMENT, "no room for a match");
	if (status)
		return status;
	before = calloc(count + 1, sizeof(*before));
	if (!before)
		return fail(m, MMDUMP_ERR_SYSTEM, "no memory");
	round.start = round.pages;
	for (size_t i = count; i--;) {
		pages = ranges[i].end - ranges[i].start;
		before[i] = (i + 1 < count ? before[i + 1] : round.pages) -
			    pages;
		if (from < ranges[i].end)
			round.start = before[i] +
				      (from > ranges[i].start ?
				       from - ranges[i].start : 0);
	}
	round.before = before;
	status = run(&round, matches, found_, next);
	free(before);
	return status;
}
