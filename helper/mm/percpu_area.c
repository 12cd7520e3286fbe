// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * percpu_area.c - a chunk's areas, and the slots that chunks are found on.
 *
 * Contract: keeps PERCPU-1 to -5. The caller holds pcpu_lock.
 * May call: memblock_alloc.c (slots), lib/.  Called by: percpu*.c.
 * Fails:    -ENOSPC, -EINVAL; no change then but a better contig_hint.
 */
#include <mm/bitmap.h>
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/string.h>

#include "percpu_internal.h"

/* An area of fewer bytes is no use: it stays with a neighbour. */
#define LEAST_AREA	((int)sizeof(int))

int pcpu_nr_slots;
struct list_head *pcpu_slot;

/* --- slots ---------------------------------------------------------------- */

static int slot_of_size(int size)
{
	int bits = (int)fls_long((unsigned long)size);

	return max(bits - PCPU_SLOT_BASE_SHIFT + 2, 1);
}

/* Wholly free chunks have a slot of their own, the last one. */
int pcpu_size_to_slot(int size)
{
	return size == pcpu_unit_size ? pcpu_nr_slots - 1 : slot_of_size(size);
}

void pcpu_init_slots(void)
{
	pcpu_nr_slots = slot_of_size(pcpu_unit_size) + 2;
	pcpu_slot = memblock_virt_alloc((size_t)pcpu_nr_slots *
					sizeof(*pcpu_slot), 0);
	for (int i = 0; i < pcpu_nr_slots; i++)
		INIT_LIST_HEAD(&pcpu_slot[i]);
}

int pcpu_chunk_slot(const struct pcpu_chunk *chunk)
{
	if (chunk->free_size < LEAST_AREA || chunk->contig_hint < LEAST_AREA)
		return 0;
	return pcpu_size_to_slot(chunk->free_size);
}

/* More free than before: found first. Less: found last on its new slot. */
void pcpu_chunk_relocate(struct pcpu_chunk *chunk, int oslot)
{
	int nslot = pcpu_chunk_slot(chunk);

	if (chunk == pcpu_reserved_chunk || oslot == nslot)
		return;
	if (oslot >= 0)
		list_del(&chunk->list);
	if (oslot < nslot)
		list_add(&chunk->list, &pcpu_slot[nslot]);
	else
		list_add_tail(&chunk->list, &pcpu_slot[nslot]);
}

/* --- areas ---------------------------------------------------------------- */

int pcpu_map_extent(const struct pcpu_chunk *chunk)
{
	int margin = pcpu_maps_grow ? PCPU_MAP_MARGIN : PCPU_MAP_NEED;
	int wanted = PCPU_DFL_MAP_ALLOC;

	if (chunk->map_alloc >= chunk->map_used + margin)
		return 0;
	while (wanted < chunk->map_used + PCPU_MAP_MARGIN)
		wanted *= 2;
	return wanted;
}

/*
 * Pages that area @i has for itself: a page at its edge counts when the rest
 * of that page is free.
 */
static int occupied_pages(const struct pcpu_chunk *chunk, int i)
{
	int start = pcpu_area_start(chunk, i);
	int end = pcpu_area_start(chunk, i + 1);
	int first = ALIGN_DOWN(start, (int)PAGE_SIZE);
	int last = ALIGN(end, (int)PAGE_SIZE);

	if (start != first && (pcpu_area_used(chunk, i - 1) ||
			       pcpu_area_start(chunk, i - 1) > first))
		first += (int)PAGE_SIZE;
	if (end != last && (pcpu_area_used(chunk, i + 1) ||
			    pcpu_area_start(chunk, i + 2) < last))
		last -= (int)PAGE_SIZE;
	return max(last - first, 0) >> PAGE_SHIFT;
}

/* @n entries fewer (or, negative, more) behind entry @i. */
static void close_entries(struct pcpu_chunk *chunk, int i, int n)
{
	int *to = &chunk->map[i + 1];
	int from = i + 1 + max(n, 0);

	memmove(to + max(-n, 0), &chunk->map[from],
		(size_t)(chunk->map_used + 1 - from) * sizeof(*to));
	chunk->map_used -= n;
}

/*
 * Of free area @i, the bytes [@head, @head + @size) are in use from here on.
 * Return: the index of that area; the first free one's in @first_free.
 */
static int carve(struct pcpu_chunk *chunk, int i, int head, int size,
		 int *largest)
{
	int start = pcpu_area_start(chunk, i);
	int tail = pcpu_area_size(chunk, i) - head - size;

	if (head && head < LEAST_AREA) {	/* the left one is in use */
		chunk->map[i] = start += head;
		chunk->free_size -= head;
		head = 0;
	}
	if (tail < LEAST_AREA) {
		size += tail;
		tail = 0;
	}
	*largest = max(head, tail);
	chunk->free_size -= size;
	if (head || tail)
		close_entries(chunk, i, -(!!head + !!tail));
	if (head)
		i++;
	chunk->map[i] = (start + head) | PCPU_USED;
	if (tail)
		chunk->map[i + 1] = start + head + size;
	return i;
}

int pcpu_alloc_area(struct pcpu_chunk *chunk, int size, int align,
		    int *occ_pages)
{
	int oslot = pcpu_chunk_slot(chunk), off = -ENOSPC;
	int i, first = -1, head = 0, passed = 0, left, used;
	bool last;

	for (i = chunk->first_free; i < chunk->map_used; i++) {
		if (pcpu_area_used(chunk, i))
			continue;
		head = ALIGN(chunk->map[i], align) - chunk->map[i];
		if (head + size <= pcpu_area_size(chunk, i))
			break;
		if (first < 0)
			first = i;
		passed = max(passed, pcpu_area_size(chunk, i));
	}
	last = i + 1 >= chunk->map_used;
	if (i < chunk->map_used) {
		used = carve(chunk, i, head, size, &left);
		passed = max(passed, left);
		off = pcpu_area_start(chunk, used);
		*occ_pages = occupied_pages(chunk, used);
		if (first < 0)
			first = used == i ? i + 1 : i;
	}
	chunk->first_free = first < 0 ? chunk->map_used : first;
	if (last)		/* all free areas were looked at */
		chunk->contig_hint = passed;
	pcpu_chunk_relocate(chunk, oslot);
	return off;
}

/* The area that begins at @off and is in use; -EINVAL: none. */
static int find_used(const struct pcpu_chunk *chunk, int off)
{
	int low = 0, high = chunk->map_used;

	while (low < high) {
		int middle = (low + high) / 2;

		if (pcpu_area_start(chunk, middle) < off)
			low = middle + 1;
		else
			high = middle;
	}
	return low < chunk->map_used && chunk->map[low] == (off | PCPU_USED) ?
	       low : -EINVAL;
}

int pcpu_free_area(struct pcpu_chunk *chunk, int off, int *occ_pages)
{
	int oslot = pcpu_chunk_slot(chunk), i = find_used(chunk, off);

	if (i < 0)
		return i;
	chunk->map[i] &= ~PCPU_USED;
	chunk->free_size += pcpu_area_size(chunk, i);
	*occ_pages = occupied_pages(chunk, i);
	if (!pcpu_area_used(chunk, i + 1))
		close_entries(chunk, i, 1);
	if (i > 0 && !pcpu_area_used(chunk, i - 1))
		close_entries(chunk, --i, 1);
	chunk->first_free = min(chunk->first_free, i);
	chunk->contig_hint = max(chunk->contig_hint, pcpu_area_size(chunk, i));
	pcpu_chunk_relocate(chunk, oslot);
	return 0;
}
