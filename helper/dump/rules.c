// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules.c - the key of a struct page: what it says that its page is for.
 *
 * Contract: a key depends on the struct page, the first one of its compound
 *           page and the rules, never on how memory was cut for a look.
 * May call: pages.c, keys.c.  Called by: classify.c.
 */
#include <stdlib.h>

#include "pages.h"

#define ALWAYS	static inline __attribute__((always_inline))
#define ALL_BITS	31U

static bool is_word(struct mmdump_field field, uint32_t word)
{
	return field.size == word;
}

/* What the loop is made for: see read_pages(). 0: anything else. */
static uint32_t word_of(const struct mmdump_page_rules *r, bool big)
{
	uint32_t word = r->flags.size;

	return !big && (word == 4 || word == 8) && is_word(r->link, word) &&
	       is_word(r->mapping, word) && is_word(r->count, 4) &&
	       (!r->nr_types || is_word(r->type, 4)) ? word : 0;
}

enum mmdump_status rules_check(struct mmdump *m,
			       const struct mmdump_page_map *map,
			       const struct mmdump_page_rules *r)
{
	const struct mmdump_field fields[] = { r->flags, r->link, r->mapping,
					       r->count, r->type, r->cache,
					       r->dtor };
	enum mmdump_status status;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		status = page_field_check(m, map, fields[i]);
		if (status)
			return status;
	}
	if ((r->bits | r->plain_bits | r->reserved_bits) & ~ALL_BITS)
		return fail(m, MMDUMP_ERR_ARGUMENT, "unknown bits of keys");
	for (size_t i = 0; i < r->nr_held; i++) {
		if (i && r->held[i].pfn <= r->held[i - 1].pfn)
			return fail(m, MMDUMP_ERR_ARGUMENT,
				    "pages that are held are not in order");
	}
	return MMDUMP_OK;
}

static const struct mmdump_page_type *
type_row(const struct mmdump_page_rules *rules, uint64_t type)
{
	for (size_t i = 0; i < rules->nr_types; i++) {
		if ((type & rules->types[i].mask) == rules->types[i].value)
			return &rules->types[i];
	}
	return NULL;
}

/* What no row has: bits that all rows have in common, and look at. */
static void certain_types(struct reader *r)
{
	const struct mmdump_page_rules *rules = r->rules;
	uint64_t mask = UINT32_MAX;

	for (size_t i = 0; i < rules->nr_types; i++)
		mask &= rules->types[i].mask &
			~(rules->types[i].value ^ rules->types[0].value);
	r->type_mask = rules->nr_types ? mask : 0;
	r->type_value = rules->nr_types ? rules->types[0].value & mask : 1;
	r->no_type = r->row ? UINT64_MAX : 0;
}

void reader_begin(struct reader *r, struct mmdump *m,
		  const struct mmdump_page_map *map,
		  const struct mmdump_page_rules *rules, size_t limit,
		  uint64_t pages)
{
	memset(&r->keys, 0, sizeof(r->keys));
	r->map = map;
	r->rules = rules;
	page_look_begin(&r->look, m, map, pages);
	page_look_begin(&r->heads, m, map, 0);
	r->keys.limit = limit;
	r->last_index = KEY_NONE;
	r->head_pfn = UINT64_MAX;
	r->head_addr = 0;
	r->held = 0;
	r->type = 0;
	r->row = type_row(rules, 0);
	r->full = false;
	for (size_t i = 0; i < USUAL; i++)
		r->usual[i] = KEY_NONE;
	certain_types(r);
}

void reader_end(struct reader *r)
{
	page_look_end(&r->look);
	page_look_end(&r->heads);
	key_table_close(&r->keys);
}

/* Who holds a page frame, wherever it is; NULL: nobody. */
static const struct mmdump_held *find_held(const struct mmdump_page_rules *r,
					   uint64_t pfn)
{
	size_t low = 0, high = r->nr_held;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->held[middle].pfn < pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->nr_held && r->held[low].pfn == pfn ? &r->held[low] :
							    NULL;
}

/* The same of page frames in ascending order. */
ALWAYS const struct mmdump_held *next_held(struct reader *r, uint64_t pfn)
{
	const struct mmdump_page_rules *rules = r->rules;

	while (r->held < rules->nr_held && rules->held[r->held].pfn < pfn)
		r->held++;
	return r->held < rules->nr_held && rules->held[r->held].pfn == pfn ?
	       &rules->held[r->held] : NULL;
}

/* Whether the page after one says that it is of the pool of huge pages. */
static bool has_dtor(struct reader *r, uint64_t pfn)
{
	const struct mmdump_page_run *run;
	const unsigned char *page;
	uint64_t next;

	if (!r->rules->dtor.size || pfn == UINT64_MAX)
		return false;
	run = page_run(r->map, pfn + 1, &r->heads.run, &next);
	return run && page_look(&r->heads, run, pfn + 1, pfn + 2, &page) &&
	       field_of(page, r->rules->dtor, r->map->big_endian) ==
	       r->rules->dtor_value;
}

/* A number of 4 or 8 bytes, as word says, of this machine's byte order; 0:
 * of any. */
ALWAYS uint64_t number(const unsigned char *page, struct mmdump_field field,
		       uint32_t word, bool big)
{
	uint64_t wide;
	uint32_t half;

	if (word == 8) {
		memcpy(&wide, page + field.offset, 8);
		return wide;
	}
	if (word == 4) {
		memcpy(&half, page + field.offset, 4);
		return half;
	}
	return field_of(page, field, big);
}

ALWAYS void set(struct mmdump_page_key *key, uint32_t kind, uint64_t value)
{
	key->kind = kind;
	key->value = value;
}

/* What a struct page says that is neither RESERVED nor a later one. */
ALWAYS void plain(struct reader *r, const unsigned char *page, uint64_t flags,
		  const struct mmdump_held *held, uint64_t pfn,
		  struct mmdump_page_key *key, uint32_t word)
{
	const struct mmdump_page_rules *rules = r->rules;
	const struct mmdump_page_type *row = NULL;
	bool big = r->map->big_endian;
	uint64_t mapping;

	if (rules->nr_types) {
		uint64_t type = number(page, rules->type, word ? 4 : 0, big);

		if (type != r->type) {
			r->type = type;
			r->row = type_row(rules, type);
			if (!r->row)
				r->no_type = type;
		}
		row = r->row;
	}
	if (flags & rules->slab || (row && row->rank == MMDUMP_TYPE_SLAB))
		return set(key, MMDUMP_KEY_SLAB,
			   field_of(page, rules->cache, big));
	if (row && row->rank == MMDUMP_TYPE_FIRST)
		return set(key, MMDUMP_KEY_TYPE,
			   (uint64_t)(row - rules->types));
	if (held)
		return set(key, MMDUMP_KEY_HELD, held->tag);
	if ((row && row->rank == MMDUMP_TYPE_HUGETLB) ||
	    (flags & rules->head && has_dtor(r, pfn)))
		return set(key, MMDUMP_KEY_HUGETLB, 0);
	if (row)
		return set(key, MMDUMP_KEY_TYPE,
			   (uint64_t)(row - rules->types));
	mapping = number(page, rules->mapping, word, big);
	if (mapping & ~rules->mapping_bits &&
	    number(page, rules->count, word ? 4 : 0, big))
		return set(key, MMDUMP_KEY_MAPPED,
			   mapping & rules->mapping_bits);
	set(key, flags & rules->head ? MMDUMP_KEY_HEAD : MMDUMP_KEY_PLAIN, 0);
}

/* What the first page of a compound page says, by its address. */
static void look_at_head(struct reader *r, uint64_t addr)
{
	const struct mmdump_page_run *run;
	unsigned char own[MAX_PAGE_BYTES];
	const unsigned char *page;
	uint64_t flags, next, pfn = page_pfn(r->map, addr);

	r->head_addr = addr;
	r->head_pfn = pfn;
	set(&r->head, MMDUMP_KEY_PLAIN, 0);
	if (pfn == UINT64_MAX)
		return;
	run = page_run(r->map, pfn, &r->heads.run, &next);
	if (!run || !page_look(&r->heads, run, pfn, pfn + 1, &page))
		return;
	/* has_dtor() looks through the same window. */
	page = memcpy(own, page, r->map->page_bytes);
	flags = field_of(page, r->rules->flags, r->map->big_endian);
	if (flags & r->rules->reserved)
		set(&r->head, MMDUMP_KEY_RESERVED, 0);
	else
		plain(r, page, flags, find_held(r->rules, pfn), pfn, &r->head,
		      0);
}

static uint32_t bits_of(const struct reader *r, const unsigned char *page,
			uint64_t addr, uint64_t flags, uint64_t link,
			uint32_t wanted)
{
	const struct mmdump_page_rules *rules = r->rules;
	uint32_t bits = 0;

	if (flags & rules->own_reserved)
		bits |= MMDUMP_OWN_RESERVED;
	if ((flags & rules->zone_mask) != rules->zone_value)
		bits |= MMDUMP_FOREIGN;
	if (link == addr + rules->untouched)
		bits |= MMDUMP_UNTOUCHED;
	if (flags & rules->named)
		bits |= MMDUMP_NAMED;
	if (field_of(page, rules->count, r->map->big_endian) == 1)
		bits |= MMDUMP_ONE;
	return bits & wanted;
}

/* The index of a key that r->last is not. */
static bool new_key(struct reader *r, const struct mmdump_page_key *key)
{
	r->last = *key;
	r->last_index = key_index(&r->keys, key, &r->full);
	return r->last_index != KEY_NONE;
}

ALWAYS bool paint(struct reader *r, const struct mmdump_page_key *key,
		  uint32_t first, uint32_t *cell)
{
	if (key->kind != r->last.kind || key->value != r->last.value ||
	    key->bits != r->last.bits || r->last_index == KEY_NONE) {
		if (!new_key(r, key))
			return false;
	}
	*cell = first + r->last_index;
	if (key->kind == MMDUMP_KEY_PLAIN)
		r->usual[0] = r->last_index;
	else if (key->kind == MMDUMP_KEY_MAPPED && key->value < USUAL - 1)
		r->usual[1 + key->value] = r->last_index;
	return true;
}

/* What paint_usual() needs, out of the way of what is written. */
struct usual {
	struct mmdump_field flags, link, mapping, count, type;
	uint64_t unusual, held_pfn, no_type, type_mask, type_value;
	uint64_t mapping_bits;
	uint32_t keys[USUAL];
	uint32_t size;
};

static struct usual usual_of(const struct reader *r, uint64_t pfn)
{
	const struct mmdump_page_rules *rules = r->rules;
	size_t held = r->held;
	struct usual u = {
		rules->flags, rules->link, rules->mapping, rules->count,
		rules->type, rules->reserved | rules->slab | rules->head,
		UINT64_MAX, r->no_type, r->type_mask, r->type_value,
		rules->mapping_bits, { 0 }, r->map->page_bytes,
	};

	while (held < rules->nr_held && rules->held[held].pfn < pfn)
		held++;
	if (held < rules->nr_held)
		u.held_pfn = rules->held[held].pfn;
	memcpy(u.keys, r->usual, sizeof(u.keys));
	if (!rules->nr_types)
		u.type = rules->flags;		/* any will do */
	return u;
}

/*
 * As paint_pages(), of pages of the usual kinds and nothing else, whose keys
 * are known already: most pages are. How many these were, from the first on.
 */
ALWAYS size_t paint_usual(const struct reader *r, const unsigned char *page,
			  uint64_t pfn, size_t count, uint32_t first,
			  uint32_t *cell, uint32_t word)
{
	const struct usual u = usual_of(r, pfn);
	size_t at = 0;

	if (u.held_pfn - pfn < count)
		count = (size_t)(u.held_pfn - pfn);
	for (; at < count; at++, page += u.size) {
		uint64_t type = number(page, u.type, 4, false), mapping;
		uint32_t key;

		if (number(page, u.flags, word, false) & u.unusual ||
		    number(page, u.link, word, false) & 1 ||
		    (type != u.no_type && (type & u.type_mask) == u.type_value))
			break;
		mapping = number(page, u.mapping, word, false);
		if (!(mapping & ~u.mapping_bits) ||
		    !number(page, u.count, 4, false))
			key = u.keys[0];
		else if ((mapping & u.mapping_bits) < USUAL - 1)
			key = u.keys[1 + (mapping & u.mapping_bits)];
		else
			break;
		if (key == KEY_NONE)
			break;
		cell[at] = cell[at] ? cell[at] : first + key;
	}
	return at;
}

ALWAYS bool paint_pages(struct reader *r, const unsigned char *page,
			uint64_t addr, uint64_t pfn, size_t count,
			uint32_t first, uint32_t *cell, uint32_t word)
{
	const struct mmdump_page_rules *rules = r->rules;
	uint32_t size = r->map->page_bytes, wanted;
	bool big = r->map->big_endian;
	bool usual = word && !rules->bits && !rules->plain_bits;
	struct mmdump_page_key key;
	size_t skipped, pause = 0;	/* after a try that was in vain */

	for (; count; count--, page += size, addr += size, pfn++, cell++) {
		uint64_t flags, link, head;

		if (usual && pause) {
			pause--;
		} else if (usual) {
			skipped = paint_usual(r, page, pfn, count, first, cell,
					      word);
			page += skipped * size;
			addr += skipped * size;
			pfn += skipped;
			cell += skipped;
			count -= skipped;
			if (!count)
				break;
			pause = skipped ? 0 : 8;
		}
		if (*cell)
			continue;
		flags = number(page, rules->flags, word, big);
		link = number(page, rules->link, word, big);
		key.pfn = pfn;
		if (flags & rules->reserved) {
			set(&key, MMDUMP_KEY_RESERVED, 0);
		} else if (link & 1) {
			head = rules->link_masks ? addr & (link - 1) : link - 1;
			if (head != r->head_addr || r->head_pfn == UINT64_MAX)
				look_at_head(r, head);
			if (r->head_pfn < pfn)
				set(&key, r->head.kind, r->head.value);
			else
				set(&key, MMDUMP_KEY_PLAIN, 0);
		} else {
			plain(r, page, flags, next_held(r, pfn), pfn, &key,
			      word);
		}
		wanted = rules->bits;
		if (key.kind == MMDUMP_KEY_PLAIN)
			wanted |= rules->plain_bits;
		else if (key.kind == MMDUMP_KEY_RESERVED)
			wanted |= rules->reserved_bits;
		key.bits = wanted ? bits_of(r, page, addr, flags, link, wanted)
				  : 0;
		if (!paint(r, &key, first, cell))
			return false;
	}
	return true;
}

static bool paint_unreadable(struct reader *r, uint64_t pfn, size_t count,
			     uint32_t first, uint32_t *cell)
{
	struct mmdump_page_key key = { .kind = MMDUMP_KEY_UNREADABLE };

	for (; count; count--, cell++, pfn++) {
		key.pfn = pfn;
		if (!*cell && !paint(r, &key, first, cell))
			return false;
	}
	return true;
}

bool read_pages(struct reader *r, const unsigned char *bytes, uint64_t addr,
		uint64_t pfn, size_t count, uint32_t first, uint32_t *cells)
{
	if (!bytes)
		return paint_unreadable(r, pfn, count, first, cells);
	switch (word_of(r->rules, r->map->big_endian)) {
	case 4:
		return paint_pages(r, bytes, addr, pfn, count, first, cells, 4);
	case 8:
		return paint_pages(r, bytes, addr, pfn, count, first, cells, 8);
	default:
		return paint_pages(r, bytes, addr, pfn, count, first, cells, 0);
	}
}
