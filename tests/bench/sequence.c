// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sequence.c - one random sequence of takes and gives, the same for every
 * allocator that is linked to it. scripts/bench has callgrind count inside
 * counted_take() and counted_give() alone.
 *
 * Prints how many of each were counted.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "buddy.h"

#define PAGES_ORDER	18		/* 1 GB of 4 KB pages */
#define MAX_TAKE_ORDER	9
#define SLOTS		(1u << 15)	/* half of them are full at a time */
#define WARM_STEPS	(1u << 17)
#define COUNTED_STEPS	(1u << 15)

static struct slot {
	unsigned long block;
	unsigned int order;
	bool full;
} slots[SLOTS];

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 16;
}

/* Half of them 0, a quarter 1, and so on. */
static unsigned int random_order(void)
{
	unsigned int zeros = (unsigned int)__builtin_ctzll(next_random() |
							   1ull << 40);

	return zeros < MAX_TAKE_ORDER ? zeros : 0;
}

__attribute__((noinline))
static bool counted_take(unsigned int order, unsigned long *ret)
{
	return buddy_take(order, ret);
}

__attribute__((noinline))
static void counted_give(unsigned long block, unsigned int order)
{
	buddy_give(block, order);
	__asm__ volatile("");		/* no tail call: its end is seen */
}

static void step(bool (*take)(unsigned int, unsigned long *),
		 void (*give)(unsigned long, unsigned int))
{
	struct slot *slot = &slots[next_random() % SLOTS];

	if (slot->full) {
		give(slot->block, slot->order);
	} else {
		slot->order = random_order();
		if (!take(slot->order, &slot->block))
			die("no block is left");
	}
	slot->full = !slot->full;
}

void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

int main(void)
{
	unsigned int full = 0;

	buddy_setup(PAGES_ORDER);
	for (unsigned int i = 0; i < WARM_STEPS; i++)
		step(buddy_take, buddy_give);
	for (unsigned int i = 0; i < SLOTS; i++)
		full += slots[i].full;
	for (unsigned int i = 0; i < COUNTED_STEPS; i++)
		step(counted_take, counted_give);
	for (unsigned int i = 0; i < SLOTS; i++)
		full -= slots[i].full;
	/* takes - gives == -full, takes + gives == COUNTED_STEPS */
	printf("{\"take\": %u, \"give\": %u}\n",
	       (COUNTED_STEPS - full) / 2, (COUNTED_STEPS + full) / 2);
	return 0;
}
