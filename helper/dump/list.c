// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - walks along circular lists, as gdb/mmscope/model/walk.py.
 *
 *   LIST-1  next is an address that this list can hold, and readable
 *   LIST-2  next leads back to the head: not to an entry seen before, and in
 *           as many steps as there can be entries
 *   LIST-3  prev of each node is the node that it was reached from
 *
 * Contract: a broken list is an answer, not an error. That an entry comes
 *           again is found without a set of those seen: one of them is kept
 *           and compared with, a newer one each time that the walk is twice
 *           as long (Brent). Where it comes again the walk went too far: what
 *           is behind the first entry that repeats is taken back.
 * May call: virt.c, status.c.  Called by: callers of the library.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_ROOM	64U
#define MOST_OVERLAPPING 64U	/* each is looked at for each node */

/*
 *   WALK-1  nodes[i] is list_head of the entry with numbers[i]
 *   WALK-2  breaks are in order of entry, each at most nr_nodes
 */
struct walk {
	struct mmdump *m;
	const struct mmdump_list *list;
	const struct mmdump_entries **sorted;	/* by first, without empty */
	size_t nr_sorted;
	bool overlap;				/* some of them do */
	struct window window;
	uint64_t *nodes, *numbers;
	size_t nr_nodes, room;
	struct mmdump_list_break *breaks;
	size_t nr_breaks, breaks_room;
};

/* Makes room for one more. False without memory: all is as it was. */
static bool grow(void **array, size_t size, size_t room)
{
	void *more;

	if (room > SIZE_MAX / size)
		return false;
	more = realloc(*array, room * size);
	if (more)
		*array = more;
	return more;
}

static bool add_node(struct walk *w, uint64_t node, uint64_t number)
{
	if (w->nr_nodes == w->room) {
		size_t room = w->room ? 2 * w->room : FIRST_ROOM;

		if (!grow((void **)&w->nodes, sizeof(*w->nodes), room) ||
		    !grow((void **)&w->numbers, sizeof(*w->numbers), room))
			return false;
		w->room = room;
	}
	w->nodes[w->nr_nodes] = node;
	w->numbers[w->nr_nodes++] = number;
	return true;
}

static bool add_break(struct walk *w, uint64_t from, uint64_t node,
		      uint64_t prev)
{
	if (w->nr_breaks == w->breaks_room) {
		size_t room = w->breaks_room ? 2 * w->breaks_room :
			      FIRST_ROOM;

		if (!grow((void **)&w->breaks, sizeof(*w->breaks), room))
			return false;
		w->breaks_room = room;
	}
	w->breaks[w->nr_breaks++] = (struct mmdump_list_break){
		w->nr_nodes, from, node, prev
	};
	return true;
}

/* Whether an entry at this address is one of these. */
static bool has(const struct mmdump_entries *entries, uint64_t addr,
		uint64_t *number)
{
	uint64_t at = addr - entries->first;

	if (addr < entries->first || at >= entries->count * entries->step ||
	    at % entries->step)
		return false;
	*number = entries->number + at / entries->step;
	return true;
}

/* Whether an entry can have its list_head at node. */
static bool valid(const struct walk *w, uint64_t node, uint64_t *number)
{
	const struct mmdump_list *list = w->list;
	size_t low = 0, high = w->nr_sorted;
	uint64_t addr = node - list->link;

	if (node < list->link)
		return false;
	if (w->overlap) {
		for (size_t i = 0; i < list->nr_entries; i++)
			if (has(&list->entries[i], addr, number))
				return true;
		return false;
	}
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (w->sorted[middle]->first <= addr)
			low = middle;
		else
			high = middle;
	}
	return low < high && has(w->sorted[low], addr, number);
}

static int by_first(const void *a, const void *b)
{
	const struct mmdump_entries *const *p = a, *const *q = b;

	return (*p)->first < (*q)->first ? -1 : (*p)->first > (*q)->first;
}

/* Where no entries overlap, those that can have a node are found quickly. */
static bool sort(struct walk *w)
{
	const struct mmdump_list *list = w->list;
	size_t n = 0;

	w->sorted = calloc(list->nr_entries + 1, sizeof(*w->sorted));
	if (!w->sorted)
		return false;
	for (size_t i = 0; i < list->nr_entries; i++)
		if (list->entries[i].count)
			w->sorted[n++] = &list->entries[i];
	qsort(w->sorted, n, sizeof(*w->sorted), by_first);
	w->nr_sorted = n;
	for (size_t i = 1; i < n; i++) {
		const struct mmdump_entries *e = w->sorted[i - 1];

		if (w->sorted[i]->first - e->first < e->count * e->step)
			w->overlap = true;
	}
	return true;
}

static uint64_t word(const struct mmdump_list *list, const unsigned char *at)
{
	uint64_t whole;
	uint32_t half;

	if (list->word == sizeof(whole)) {
		memcpy(&whole, at, sizeof(whole));
		return list->big_endian ? be64toh(whole) : le64toh(whole);
	}
	memcpy(&half, at, sizeof(half));
	return list->big_endian ? be32toh(half) : le32toh(half);
}

static enum mmdump_status read_node(struct walk *w, uint64_t node,
				    uint64_t *next, uint64_t *prev)
{
	size_t size = 2 * w->list->word, count;
	enum mmdump_status status;
	unsigned char bytes[16];
	const unsigned char *at;

	status = virt_look(w->m, &w->window, node, size, &at, &count);
	if (!status && count < size) {
		status = virt_copy(w->m, &w->window, node, bytes, size, NULL);
		at = bytes;
	}
	if (status)
		return status;
	*next = word(w->list, at);
	*prev = word(w->list, at + w->list->word);
	return MMDUMP_OK;
}

/*
 * Once nodes are known to repeat after @period: end where the first does, as
 * a walk that knew all entries would have.
 */
static void cut_loop(struct walk *w, size_t period, struct mmdump_walk *ret)
{
	size_t start = 0, end;

	while (start + period < w->nr_nodes &&
	       w->nodes[start] != w->nodes[start + period])
		start++;
	end = start + period;
	ret->end = MMDUMP_LIST_LOOP;
	ret->from = w->nodes[end - 1];
	ret->at = w->nodes[start];
	w->nr_nodes = end;
	while (w->nr_breaks && w->breaks[w->nr_breaks - 1].entry >= end)
		w->nr_breaks--;
}

/*
 * At the limit: if any entry has come again, this one has, too, as the walk
 * goes in circles since then. The nearest place gives the period.
 */
static bool seen(const struct walk *w, uint64_t node, size_t *period)
{
	for (size_t i = w->nr_nodes; i; i--)
		if (w->nodes[i - 1] == node) {
			*period = w->nr_nodes - (i - 1);
			return true;
		}
	return false;
}

static enum mmdump_status follow(struct walk *w, struct mmdump_walk *ret)
{
	uint64_t head = w->list->head, here = head, next, after, prev;
	uint64_t number = 0;
	size_t kept = 0, until = 1, period;
	enum mmdump_status status;

	status = read_node(w, head, &next, &prev);
	if (status)
		return status;
	for (;; here = next, next = after) {
		ret->from = here;
		ret->at = next;
		if (next != head && !valid(w, next, &number)) {
			ret->end = MMDUMP_LIST_INVALID;
			return MMDUMP_OK;
		}
		if (next != head && w->nr_nodes &&
		    w->nodes[kept] == next) {
			cut_loop(w, w->nr_nodes - kept, ret);
			return MMDUMP_OK;
		}
		if (w->nr_nodes == w->list->limit && next != head &&
		    seen(w, next, &period)) {
			cut_loop(w, period, ret);
			return MMDUMP_OK;
		}
		status = read_node(w, next, &after, &prev);
		if (status == MMDUMP_ERR_FAULT) {
			ret->end = MMDUMP_LIST_UNREADABLE;
			return MMDUMP_OK;
		}
		if (status)
			return status;
		if (prev != here && !add_break(w, here, next, prev))
			return MMDUMP_ERR_SYSTEM;
		if (next == head) {
			ret->end = MMDUMP_LIST_HEAD;
			return MMDUMP_OK;
		}
		if (w->nr_nodes == w->list->limit) {
			ret->end = MMDUMP_LIST_LONG;
			return MMDUMP_OK;
		}
		if (w->nr_nodes == until) {	/* the newer one */
			kept = w->nr_nodes;
			until *= 2;
		}
		if (!add_node(w, next, number))
			return MMDUMP_ERR_SYSTEM;
	}
}

/* NULL, or what is wrong with it. */
static const char *refused(const struct mmdump_list *list)
{
	if (list->word != 4 && list->word != 8)
		return "pointers have 4 or 8 bytes";
	for (size_t i = 0; i < list->nr_entries; i++) {
		const struct mmdump_entries *e = &list->entries[i];

		if (!e->step || e->count > UINT64_MAX / e->step)
			return "entries behind the last address";
	}
	return NULL;
}

enum mmdump_status mmdump_walk_list(struct mmdump *m,
				    const struct mmdump_list *list,
				    struct mmdump_walk *ret)
{
	struct walk w = { .m = m, .list = list };
	const char *wrong = refused(list);
	struct mmdump_walk found = { 0 };
	enum mmdump_status status = MMDUMP_ERR_SYSTEM;

	begin(m);
	if (wrong)
		return fail(m, MMDUMP_ERR_ARGUMENT, "list: %s", wrong);
	if (sort(&w)) {
		wrong = w.overlap && w.nr_sorted > MOST_OVERLAPPING ?
			"entries overlap, and are too many" : NULL;
		virt_begin(m, &w.window);
		status = wrong ? MMDUMP_ERR_ARGUMENT : follow(&w, &found);
		virt_end(m, &w.window);
	}
	free(w.sorted);
	found.nodes = w.nodes;
	found.numbers = w.numbers;
	found.nr_nodes = w.nr_nodes;
	found.breaks = w.breaks;
	found.nr_breaks = w.nr_breaks;
	if (!status) {
		*ret = found;
		return MMDUMP_OK;
	}
	mmdump_walk_free(&found);
	if (status == MMDUMP_ERR_FAULT)
		return fail(m, status, "cannot read the head of a list at "
			    "0x%llx", (unsigned long long)list->head);
	if (status == MMDUMP_ERR_ARGUMENT)
		return fail(m, status, "list: %s", wrong);
	return fail(m, status, "out of memory after %zu entries of a list",
		    w.nr_nodes);
}

void mmdump_walk_free(struct mmdump_walk *walk)
{
	free((void *)(uintptr_t)walk->nodes);
	free((void *)(uintptr_t)walk->numbers);
	free((void *)(uintptr_t)walk->breaks);
	memset(walk, 0, sizeof(*walk));
}
