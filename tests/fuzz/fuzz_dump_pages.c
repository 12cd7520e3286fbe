// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_dump_pages.c - passes over struct pages out of the input: one thread
 * or three find the same, and so does a pass over each page alone, which keeps
 * nothing of the page before.
 */
#include "fuzz_dump.h"

#define RAM_PHYS	0x40000000ULL
#define TABLES		4U
#define DATA		16U		/* pages of struct pages */
#define RAM_BYTES	((TABLES + DATA) << 12)
#define MAX_PAGES	(1U << 16)
#define ALONE		40U		/* pages that are looked at alone */
#define FIRST		0x80000000U
#define LIMIT		512U
#define MAX_ROWS	4U
#define MAX_TESTS	5U

static uint8_t ram[RAM_BYTES];

static void put(uint64_t at, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		ram[at + i] = (uint8_t)(value >> 8 * i);
}

/* Pages 0 to DATA - 1 are what the input has, some of them twice, or not. */
static void fill(struct input *in)
{
	size_t left;

	memset(ram, 0, sizeof(ram));
	put(0, (RAM_PHYS + 0x1000) | 7);
	put(0x1000, (RAM_PHYS + 0x2000) | 7);
	put(0x2000, (RAM_PHYS + 0x3000) | 7);
	for (unsigned int i = 0; i < DATA; i++) {
		unsigned int place = take(in, 1) % (DATA + 4);

		if (place < DATA)
			put(0x3000 + 8 * i, (RAM_PHYS + 0x4000 +
					     ((uint64_t)place << 12)) | 3);
	}
	left = (size_t)(in->end - in->at);
	for (size_t i = 0; left && i < (DATA << 12); i++)
		ram[(TABLES << 12) + i] = in->at[i % left];
}

static struct mmdump_field some_field(struct input *in)
{
	unsigned int what = take(in, 1);

	return (struct mmdump_field){ what >> 2 & 31, 1U << (what & 3) };
}

static void some_rules(struct input *in, struct mmdump_page_rules *r,
		       struct mmdump_page_type *types,
		       struct mmdump_held *held)
{
	struct mmdump_field *fields[] = { &r->flags, &r->link, &r->mapping,
					  &r->count, &r->type, &r->cache,
					  &r->dtor };
	unsigned int shape = take(in, 1);
	uint64_t pfn = 0;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*fields[i] = some_field(in);
	if (shape & 1) {		/* as kernels have it */
		r->flags.size = r->link.size = r->mapping.size =
			shape & 2 ? 8 : 4;
		r->count.size = r->type.size = 4;
	}
	r->reserved = take(in, 1);
	r->slab = take(in, 1);
	r->head = take(in, 1);
	r->own_reserved = r->reserved;
	r->named = take(in, 1);
	r->zone_mask = take(in, 1);
	r->zone_value = take(in, 1);
	r->mapping_bits = take(in, 1) & 7;
	r->dtor_value = take(in, 1);
	r->untouched = take(in, 1);
	r->link_masks = shape >> 2 & 1;
	if (shape & 8) {
		r->bits = take(in, 1) & 31;
		r->plain_bits = take(in, 1) & 31;
		r->reserved_bits = take(in, 1) & 31;
	}
	r->types = types;
	r->nr_types = take(in, 1) % (MAX_ROWS + 1);
	for (size_t i = 0; i < r->nr_types; i++)
		types[i] = (struct mmdump_page_type){
			(uint32_t)take(in, 1), (uint32_t)take(in, 1),
			(uint32_t)take(in, 1) % 4,
		};
	r->held = held;
	r->nr_held = take(in, 1) % (MAX_ROWS + 1);
	for (size_t i = 0; i < r->nr_held; i++) {
		pfn += 1 + take(in, 1);
		held[i] = (struct mmdump_held){ pfn, take(in, 1) % 3 };
	}
}

/* The key of each page frame of a range, or none: more than LIMIT. */
static size_t keys_of(struct mmdump *m, const struct mmdump_page_map *map,
		      const struct mmdump_page_rules *rules,
		      struct mmdump_range range, struct mmdump_page_key *keys,
		      uint32_t *colours)
{
	const struct mmdump_page_key *found;
	struct mmdump_colour_run run;
	struct mmdump_strip *strip;
	enum mmdump_status status;
	uint64_t pfn = range.start;
	size_t count, one;

	fuzz_assert(!mmdump_strip_create(m, &range, 1, &strip));
	status = mmdump_classify(m, map, rules, strip, FIRST, LIMIT, &found,
				 &count);
	fuzz_assert(!status || *mmdump_message(m));
	if (status) {
		fuzz_assert(!mmdump_strip_runs(m, strip, 0, &run, 1, &one));
		fuzz_assert(one == 1 && !run.colour);
		fuzz_assert(run.start_pfn == range.start &&
			    run.end_pfn == range.end);
		mmdump_strip_destroy(strip);
		return 0;
	}
	memcpy(keys, found, count * sizeof(*keys));
	while (pfn < range.end) {
		fuzz_assert(!mmdump_strip_runs(m, strip, pfn, &run, 1, &one));
		fuzz_assert(one == 1 && run.start_pfn == pfn);
		fuzz_assert(run.colour >= FIRST && run.colour - FIRST < count);
		for (; pfn < run.end_pfn; pfn++)
			colours[pfn - range.start] = (uint32_t)run.colour;
	}
	mmdump_strip_destroy(strip);
	return count;
}

static bool same(const struct mmdump_page_key *one,
		 const struct mmdump_page_key *other)
{
	return one->kind == other->kind && one->value == other->value &&
	       one->bits == other->bits;
}

static void classify(struct mmdump *m, const struct mmdump_page_map *map,
		     struct input *in, struct mmdump_range range)
{
	static struct mmdump_page_key keys[LIMIT], again[LIMIT];
	static uint32_t colours[MAX_PAGES], others[MAX_PAGES];
	struct mmdump_page_type types[MAX_ROWS];
	struct mmdump_held held[MAX_ROWS];
	struct mmdump_page_rules rules = { 0 };
	size_t count, pages = (size_t)(range.end - range.start), step;

	some_rules(in, &rules, types, held);
	mmdump_set_threads(m, 1);
	count = keys_of(m, map, &rules, range, keys, colours);
	mmdump_set_threads(m, 3);
	fuzz_assert(count == keys_of(m, map, &rules, range, again, others));
	if (!count)
		return;
	fuzz_assert(!memcmp(colours, others, pages * sizeof(*colours)));
	for (size_t i = 0; i < count; i++) {
		fuzz_assert(same(&keys[i], &again[i]));
		fuzz_assert(keys[i].pfn == again[i].pfn);
		fuzz_assert(!i || keys[i].pfn > keys[i - 1].pfn);
		fuzz_assert(colours[keys[i].pfn - range.start] == FIRST + i);
	}
	step = pages / ALONE + 1;
	for (size_t i = take(in, 1) % step; i < pages; i += step) {
		struct mmdump_range one = { range.start + i,
					    range.start + i + 1 };

		fuzz_assert(keys_of(m, map, &rules, one, again, others) == 1);
		fuzz_assert(same(&again[0], &keys[colours[i] - FIRST]));
	}
}

/* The groups and value of one page frame; false: it does not match. */
static bool match_of(struct mmdump *m, const struct mmdump_page_map *map,
		     const struct mmdump_page_query *query, uint64_t pfn,
		     struct mmdump_page_match *ret)
{
	struct mmdump_range range = { pfn, pfn + 1 };
	uint64_t next;
	size_t count;

	fuzz_assert(!mmdump_select(m, map, query, &range, 1, 0, ret, 1, &count,
				   &next));
	fuzz_assert(next == UINT64_MAX && count <= 1);
	return count;
}

static void pick(struct mmdump *m, const struct mmdump_page_map *map,
		 struct input *in, struct mmdump_range range)
{
	struct mmdump_page_test tests[MAX_TESTS];
	struct mmdump_page_query query = { .tests = tests };
	struct mmdump_page_match matches[64], one;
	uint64_t next, from = range.start + take(in, 1);
	size_t count, at = 0, step;

	query.nr_tests = take(in, 1) % (MAX_TESTS + 1);
	for (size_t i = 0; i < query.nr_tests; i++)
		tests[i] = (struct mmdump_page_test){
			some_field(in), take(in, 1), take(in, 1),
			(uint32_t)take(in, 1) % 2, (uint32_t)take(in, 1) % 65,
		};
	query.value = some_field(in);
	query.value_mask = take(in, 1);
	if (mmdump_select(m, map, &query, &range, 1, from, matches,
			  1 + take(in, 1) % 64, &count, &next))
		return;
	for (size_t i = 1; i < count; i++)
		fuzz_assert(matches[i].start_pfn >= matches[i - 1].end_pfn);
	if (next > range.end)
		next = range.end;
	fuzz_assert(!count || matches[count - 1].end_pfn <= next);
	step = (size_t)(range.end - range.start) / ALONE + 1;
	for (uint64_t pfn = from; pfn < next; pfn += step) {
		while (at < count && matches[at].end_pfn <= pfn)
			at++;
		if (!match_of(m, map, &query, pfn, &one)) {
			fuzz_assert(at == count ||
				    matches[at].start_pfn > pfn);
			continue;
		}
		fuzz_assert(at < count && matches[at].start_pfn <= pfn);
		fuzz_assert(matches[at].value == one.value);
		fuzz_assert(matches[at].groups == one.groups);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mmdump_mmu mmu = {
		.kind = MMDUMP_MMU_X86_64, .page_shift = 12, .va_bits = 48,
		.root = RAM_PHYS,
	};
	struct input in = { data, data + size }, rest = in;
	struct mmdump_page_run runs[2];
	struct mmdump_page_map map = { .runs = runs };
	struct mmdump_range range;
	unsigned int shape;
	struct mmdump *m;

	/* What is in memory is what the rest of the input is made of. */
	if (size > 64)
		rest.at = data + 64;
	fill(&rest);
	map.page_bytes = 1 + (uint32_t)take(&in, 1) % 80;
	map.nr_runs = 1 + take(&in, 1) % 2;
	shape = take(&in, 1);
	map.big_endian = shape & 1;
	for (size_t i = 0; i < map.nr_runs; i++) {
		runs[i].start_pfn = (i ? runs[0].end_pfn : 0) + take(&in, 1);
		runs[i].end_pfn = runs[i].start_pfn + 1 + take(&in, 2);
		runs[i].zero = take(&in, 2) -
			       runs[i].start_pfn * map.page_bytes;
	}
	range.start = take(&in, 2);
	range.end = range.start + 1 + take(&in, 2) % (MAX_PAGES - 1);
	m = fuzz_machine(ram, sizeof(ram), RAM_PHYS, shape & 2);
	fuzz_assert(!mmdump_set_mmu(m, &mmu));
	classify(m, &map, &in, range);
	pick(m, &map, &in, range);
	mmdump_destroy(m);
	return 0;
}
