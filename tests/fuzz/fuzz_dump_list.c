// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_dump_list.c - lists out of the input, beside a walk that knows each
 * entry that it has seen and looks at all of them at each step.
 */
#include "fuzz_dump.h"

#define RAM_PHYS	0x40000000ULL
#define PAGES		12U		/* of data, behind four of tables */
#define TABLES		4U
#define RAM_BYTES	((TABLES + PAGES) << 12)
#define VIRT_PAGES	16U		/* of which some are not mapped */
#define MAX_ENTRIES	3

static uint8_t ram[RAM_BYTES];
static uint8_t place[VIRT_PAGES];	/* a data page; PAGES or more: none */

static void put(uint64_t at, uint64_t value, unsigned int bytes, bool big)
{
	for (unsigned int i = 0; i < bytes; i++)
		ram[at + i] = (uint8_t)(value >>
					8 * (big ? bytes - 1 - i : i));
}

/* Virtual pages 0 to 15 are at the places that the input says. */
static void map_pages(struct input *in)
{
	put(0, (RAM_PHYS + 0x1000) | 7, 8, false);
	put(0x1000, (RAM_PHYS + 0x2000) | 7, 8, false);
	put(0x2000, (RAM_PHYS + 0x3000) | 7, 8, false);
	for (unsigned int i = 0; i < VIRT_PAGES; i++) {
		place[i] = (uint8_t)(take(in, 1) % (PAGES + 1));
		if (place[i] < PAGES)
			put(0x3000 + 8 * i, (RAM_PHYS + 0x4000 +
			    ((uint64_t)place[i] << 12)) | 3, 8, false);
	}
}

static uint8_t *byte_at(uint64_t virt)
{
	if (virt >> 12 >= VIRT_PAGES || place[virt >> 12] >= PAGES)
		return NULL;
	return &ram[((TABLES + place[virt >> 12]) << 12) + (virt & 0xFFF)];
}

static bool word_at(const struct mmdump_list *list, uint64_t virt,
		    uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < list->word; i++) {
		unsigned int from = list->big_endian ? i : list->word - 1 - i;
		const uint8_t *byte = byte_at(virt + from);

		if (!byte)
			return false;
		value = value << 8 | *byte;
	}
	*ret = value;
	return true;
}

static bool node_at(const struct mmdump_list *list, uint64_t virt,
		    uint64_t *next, uint64_t *prev)
{
	return word_at(list, virt, next) &&
	       word_at(list, virt + list->word, prev);
}

static bool entry_at(const struct mmdump_list *list, uint64_t node,
		     uint64_t *number)
{
	for (size_t i = 0; i < list->nr_entries; i++) {
		const struct mmdump_entries *e = &list->entries[i];

		for (uint64_t j = 0; j < e->count; j++)
			if (e->first + j * e->step + list->link == node) {
				*number = e->number + j;
				return true;
			}
	}
	return false;
}

/* The walk as gdb/mmscope/model/walk.py has it. */
static void compare(const struct mmdump_list *list,
		    const struct mmdump_walk *walk)
{
	uint64_t here = list->head, next, prev, after, number;
	size_t count = 0, breaks = 0;
	uint32_t end;

	fuzz_assert(node_at(list, here, &next, &prev));
	for (;; here = next, next = after) {
		bool again = false;

		end = MMDUMP_LIST_INVALID;
		if (next != list->head && !entry_at(list, next, &number))
			break;
		for (size_t i = 0; i < count && !again; i++)
			again = walk->nodes[i] == next;
		end = MMDUMP_LIST_LOOP;
		if (again)
			break;
		end = MMDUMP_LIST_UNREADABLE;
		if (!node_at(list, next, &after, &prev))
			break;
		if (prev != here) {
			const struct mmdump_list_break *b;

			fuzz_assert(breaks < walk->nr_breaks);
			b = &walk->breaks[breaks++];
			fuzz_assert(b->entry == count && b->from == here);
			fuzz_assert(b->node == next && b->prev == prev);
		}
		end = MMDUMP_LIST_HEAD;
		if (next == list->head)
			break;
		end = MMDUMP_LIST_LONG;
		if (count == list->limit)
			break;
		fuzz_assert(count < walk->nr_nodes);
		fuzz_assert(walk->nodes[count] == next);
		fuzz_assert(walk->numbers[count] == number);
		count++;
	}
	fuzz_assert(walk->end == end && walk->nr_nodes == count);
	fuzz_assert(walk->nr_breaks == breaks);
	fuzz_assert(walk->from == here && walk->at == next);
}

/* A node of an entry, or anything. */
static uint64_t some_node(struct input *in, const struct mmdump_list *list)
{
	const struct mmdump_entries *e;
	unsigned int which = take(in, 1);

	if (which == 255)
		return take(in, 3);
	if (which >= 248 || !list->nr_entries)
		return list->head;
	e = &list->entries[which % list->nr_entries];
	return e->first + (e->count ? take(in, 1) % e->count : 0) * e->step +
	       list->link;
}

/* Where a list_head can be written. */
static void link_node(const struct mmdump_list *list, uint64_t node,
		      uint64_t next, uint64_t prev)
{
	for (unsigned int i = 0; i < 2 * list->word; i++) {
		uint64_t value = i < list->word ? next : prev;
		unsigned int at = i % list->word;
		uint8_t *byte = byte_at(node + i);

		if (byte)
			*byte = (uint8_t)(value >> 8 * (list->big_endian ?
					  list->word - 1 - at : at));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mmdump_mmu mmu = {
		.kind = MMDUMP_MMU_X86_64, .page_shift = 12, .va_bits = 48,
		.root = RAM_PHYS,
	};
	struct mmdump_entries entries[MAX_ENTRIES];
	struct input in = { data, data + size };
	struct mmdump_list list = { .entries = entries };
	struct mmdump_walk walk;
	unsigned int shape;
	struct mmdump *m;
	uint64_t before, next, prev;
	enum mmdump_status status;

	memset(ram, 0, sizeof(ram));
	shape = take(&in, 1);
	map_pages(&in);
	list.word = shape & 1 ? 4 : 8;
	list.big_endian = shape >> 1 & 1;
	list.link = shape & 4 ? 8 : 0;
	list.nr_entries = shape >> 3 & 3;
	list.head = take(&in, 2);
	list.limit = take(&in, 1) * (shape & 128 ? 8 : 1);
	for (size_t i = 0; i < list.nr_entries; i++)
		entries[i] = (struct mmdump_entries){
			.first = take(&in, 2), .step = 1 + take(&in, 1) % 80,
			.count = take(&in, 1), .number = take(&in, 1),
		};
	/* A sound list, then links that are bent. */
	before = list.head;
	for (unsigned int n = take(&in, 1); n; n--) {
		next = some_node(&in, &list);
		link_node(&list, before, next, 0);
		if (node_at(&list, next, &prev, &prev))
			link_node(&list, next, list.head, before);
		before = next;
	}
	for (unsigned int n = take(&in, 1) % 8; n; n--) {
		next = some_node(&in, &list);
		prev = some_node(&in, &list);
		link_node(&list, next, prev, some_node(&in, &list));
	}
	m = fuzz_machine(ram, RAM_BYTES, RAM_PHYS,
			 (shape & 0x60) != 0);
	fuzz_assert(!mmdump_set_mmu(m, &mmu));
	status = mmdump_walk_list(m, &list, &walk);
	if (!status) {
		mmdump_destroy(m);
		compare(&list, &walk);
		mmdump_walk_free(&walk);
		return 0;
	}
	fuzz_assert(status == MMDUMP_ERR_FAULT && *mmdump_message(m));
	fuzz_assert(!node_at(&list, list.head, &next, &prev));
	mmdump_destroy(m);
	return 0;
}
