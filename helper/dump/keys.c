// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keys.c - what struct pages say, each thing once, with a number.
 *
 * Called by: rules.c, classify.c.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "pages.h"

#define FEWEST_SLOTS	256U

/*
 * The uppermost bits of a product. What struct pages say may have been made to
 * meet in one slot, but not for a factor that nobody knows; and the order of
 * keys does not depend on it.
 */
static size_t slot_of(const struct key_table *table,
		      const struct mmdump_page_key *key)
{
	uint64_t kind = (uint64_t)key->kind << 8 | key->bits;
	uint64_t mixed = key->value + kind * 0x9e3779b97f4a7c15ULL;

	return (size_t)(mixed * table->factor >>
			(__builtin_clzll(table->nr_slots) + 1));
}

/* Without getrandom(): where the kernel has put this process. */
static uint64_t odd_secret(void)
{
	uint64_t secret;

	if (getrandom(&secret, sizeof(secret), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(secret))
		secret = (uintptr_t)&secret * 0x9e3779b97f4a7c15ULL;
	return secret | 1;
}

static void put(struct key_table *table, size_t index)
{
	size_t slot = slot_of(table, &table->keys[index]);

	while (table->slots[slot])
		slot = (slot + 1) & (table->nr_slots - 1);
	table->slots[slot] = (uint32_t)index + 1;
}

/* Room for one more; KEYS-2. */
static bool grow(struct key_table *table)
{
	size_t room = table->room ? table->room * 2 : FEWEST_SLOTS / 2;
	struct mmdump_page_key *keys;
	uint32_t *slots;

	if (table->count < table->room)
		return true;
	if (!table->factor)
		table->factor = odd_secret();
	keys = realloc(table->keys, room * sizeof(*keys));
	if (!keys)
		return false;
	table->keys = keys;
	slots = calloc(room * 2, sizeof(*slots));
	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->nr_slots = room * 2;
	table->room = room;
	for (size_t i = 0; i < table->count; i++)
		put(table, i);
	return true;
}

uint32_t key_index(struct key_table *table, const struct mmdump_page_key *key,
		   bool *full)
{
	if (table->nr_slots) {
		size_t slot = slot_of(table, key);

		for (; table->slots[slot];
		     slot = (slot + 1) & (table->nr_slots - 1)) {
			const struct mmdump_page_key *known =
				&table->keys[table->slots[slot] - 1];

			if (known->value == key->value &&
			    known->kind == key->kind &&
			    known->bits == key->bits)
				return table->slots[slot] - 1;
		}
	}
	*full = table->count >= table->limit;
	if (*full || !grow(table))
		return KEY_NONE;
	table->keys[table->count] = *key;
	put(table, table->count);
	return (uint32_t)table->count++;
}

void key_table_close(struct key_table *table)
{
	free(table->keys);
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
