// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * space.c - addresses, and which file has their bytes where.
 *
 * Contract: whatever pieces are given, in whatever order and overlap, a space
 *           keeps SPACE-1; building one takes n log n for n pieces.
 * Called by: ram.c.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int by_start(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;

	if (p->bank.start != q->bank.start)
		return p->bank.start < q->bank.start ? -1 : 1;
	return p->rank < q->rank ? -1 : p->rank > q->rank;
}

/*
 * Pieces that hold the address the sweep is at, or are done with: a heap.
 *   HEAP-1  pieces[at[(i - 1) / 2]].rank <= pieces[at[i]].rank
 */
struct heap {
	const struct piece *pieces;
	size_t *at;
	size_t count;
};

static bool before(const struct heap *heap, size_t i, size_t j)
{
	return heap->pieces[heap->at[i]].rank < heap->pieces[heap->at[j]].rank;
}

static void swap(struct heap *heap, size_t i, size_t j)
{
	size_t kept = heap->at[i];

	heap->at[i] = heap->at[j];
	heap->at[j] = kept;
}

static void push(struct heap *heap, size_t piece)
{
	size_t i = heap->count++;

	heap->at[i] = piece;
	for (; i && before(heap, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(heap, i, (i - 1) / 2);
}

static void pop(struct heap *heap)
{
	size_t i = 0, child;

	heap->at[0] = heap->at[--heap->count];
	while ((child = 2 * i + 1) < heap->count) {
		if (child + 1 < heap->count && before(heap, child + 1, child))
			child++;
		if (!before(heap, child, i))
			break;
		swap(heap, i, child);
		i = child;
	}
}

/* Puts [start, end) of a piece behind the last bank, or makes that longer. */
static void emit(struct space *space, const struct bank *bank, uint64_t start,
		 uint64_t end)
{
	struct bank *last = space->count ? &space->banks[space->count - 1] :
					   NULL;
	uint64_t offset = bank->offset + (start - bank->start);

	if (last && last->end == start && last->source == bank->source &&
	    last->offset + (last->end - last->start) == offset) {
		last->end = end;
		return;
	}
	space->banks[space->count++] = (struct bank){
		start, end, offset, bank->source
	};
}

/* Whether two pieces that overlap say different things there. */
static bool contradict(const struct piece *p, const struct piece *q)
{
	return p->alias == q->alias &&
	       (p->bank.source != q->bank.source ||
		p->bank.offset - p->bank.start !=
		q->bank.offset - q->bank.start);
}

/* pieces are sorted by start; space has room for twice as many banks. */
static void sweep(struct heap *heap, size_t count, struct space *space,
		  uint64_t *overlap)
{
	const struct piece *pieces = heap->pieces, *top;
	uint64_t pos = 0, stop = 0;
	bool told = false;

	for (size_t i = 0; i < count || heap->count; pos = stop) {
		while (heap->count && pieces[heap->at[0]].bank.end <= pos)
			pop(heap);
		if (!heap->count) {
			if (i == count)
				break;
			pos = pieces[i].bank.start;
		}
		for (; i < count && pieces[i].bank.start <= pos; i++) {
			top = heap->count ? &pieces[heap->at[0]] : NULL;
			if (top && top->bank.end > pos && !told &&
			    contradict(top, &pieces[i])) {
				*overlap = pos;
				told = true;
			}
			push(heap, i);
		}
		top = &pieces[heap->at[0]];
		stop = top->bank.end;
		if (i < count && pieces[i].bank.start < stop)
			stop = pieces[i].bank.start;
		emit(space, &top->bank, pos, stop);
	}
}

bool space_build(const struct space *old, const struct piece *pieces,
		 size_t count, struct space *ret, uint64_t *overlap)
{
	size_t all = old->count + count;
	struct heap heap = { NULL, NULL, 0 };
	struct space space = { NULL, 0 };
	struct piece *joined;
	bool done = false;

	joined = calloc(all + 1, sizeof(*joined));
	heap.at = calloc(all + 1, sizeof(*heap.at));
	space.banks = calloc(2 * all + 1, sizeof(*space.banks));
	if (!joined || !heap.at || !space.banks)
		goto out;
	for (size_t i = 0; i < old->count; i++)
		joined[i].bank = old->banks[i];
	if (count)
		memcpy(joined + old->count, pieces, count * sizeof(*pieces));
	for (size_t i = 0; i < all; i++)
		joined[i].rank = i;
	qsort(joined, all, sizeof(*joined), by_start);
	heap.pieces = joined;
	sweep(&heap, all, &space, overlap);
	*ret = space;
	done = true;
out:
	if (!done)
		free(space.banks);
	free(heap.at);
	free(joined);
	return done;
}

size_t space_from(const struct space *space, uint64_t addr)
{
	size_t low = 0, high = space->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->banks[middle].end <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct bank *space_find(const struct space *space, uint64_t addr,
			      size_t *hint)
{
	size_t at;

	if (*hint < space->count && addr >= space->banks[*hint].start &&
	    addr < space->banks[*hint].end)
		return &space->banks[*hint];
	at = space_from(space, addr);
	if (at == space->count || addr < space->banks[at].start)
		return NULL;
	*hint = at;
	return &space->banks[at];
}
