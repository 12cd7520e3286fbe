// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench.c - workloads for scripts/bench; bench.h says which and how.
 *
 * Contract: gives back all that it took, whatever the word.
 * May call: the allocators, as any caller would.  Called by: main.c.
 * Fails:    a word that cannot be run is a warning; the boot goes on.
 */
#include <arch.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/percpu.h>
#include <mm/printk.h>
#include <mm/slab.h>
#include <mm/string.h>

#include "bench.h"
#include "fdt.h"

#define WARM_ROUNDS 2
#define MAX_NUMBERS 3

/* Each is only there to be stopped at: a call must not be left out. */
noinline void bench_begin(unsigned int index)
{
	__asm__ volatile("" :: "r"(index));
}

noinline void bench_end(unsigned int index)
{
	__asm__ volatile("" :: "r"(index));
}

noinline void bench_nops_0(void)
{
	__asm__ volatile("");
}

noinline void bench_nops_100(void)
{
	__asm__ volatile(".rept 100\n\tnop\n\t.endr");
}

/* --- workloads ------------------------------------------------------------ */

static unsigned int current_index;	/* of the word that runs */

/* Held pages are chained through lru, which is their owner's meanwhile. */
static bool take(struct list_head *held, unsigned int order, unsigned long n)
{
	while (n--) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN,
						order);

		if (!page)
			return false;
		list_add_tail(&page->lru, held);
	}
	return true;
}

static void give(struct list_head *held, unsigned int order)
{
	while (!list_empty(held)) {
		struct page *page = list_entry(held->next, struct page, lru);

		list_del(&page->lru);
		__free_pages(page, order);
	}
}

static bool nops(const unsigned long *numbers __maybe_unused)
{
	bench_begin(current_index);
	for (int i = 0; i < 5; i++) {
		bench_nops_0();
		bench_nops_100();
	}
	bench_end(current_index);
	return true;
}

static bool cycle(const unsigned long *numbers)
{
	struct list_head held = LIST_HEAD_INIT(held);
	unsigned int order = (unsigned int)numbers[0];
	bool enough = true;

	for (int round = 0; round <= WARM_ROUNDS && enough; round++) {
		if (round == WARM_ROUNDS)
			bench_begin(current_index);
		enough = take(&held, order, numbers[1]);
		give(&held, order);
	}
	bench_end(current_index);
	return enough;
}

/* Give back each block whose buddy stays taken: it is the upper half. */
static void give_upper_halves(struct list_head *held, unsigned int order)
{
	struct list_head lower = LIST_HEAD_INIT(lower);

	while (!list_empty(held)) {
		struct page *page = list_entry(held->next, struct page, lru);

		list_del(&page->lru);
		if (page_to_pfn(page) >> order & 1)
			__free_pages(page, order);
		else
			list_add_tail(&page->lru, &lower);
	}
	while (!list_empty(&lower)) {
		struct page *page = list_entry(lower.next, struct page, lru);

		list_del(&page->lru);
		list_add_tail(&page->lru, held);
	}
}

static bool lists(const unsigned long *numbers)
{
	struct list_head held = LIST_HEAD_INIT(held);
	struct list_head taken = LIST_HEAD_INIT(taken);
	unsigned int order = (unsigned int)numbers[0];
	bool enough = take(&held, order, 2 * numbers[1]);

	give_upper_halves(&held, order);
	for (int round = 0; round <= WARM_ROUNDS && enough; round++) {
		if (round == WARM_ROUNDS)
			bench_begin(current_index);
		enough = take(&taken, order, numbers[2]);
		give(&taken, order);
	}
	bench_end(current_index);
	give(&held, order);
	return enough;
}

/* An object that is held: a chain through its own bytes. */
struct object {
	struct object *next;
};

static bool take_objects(struct object **held, size_t size, unsigned long n)
{
	while (n--) {
		struct object *object = kmalloc(size, GFP_KERNEL);

		if (!object)
			return false;
		object->next = *held;
		*held = object;
	}
	return true;
}

/* Gives all back, or every other one. */
static void give_objects(struct object **held, bool all)
{
	while (*held) {
		struct object *object = *held;

		*held = object->next;
		kfree(object);
		if (!all && *held)
			held = &(*held)->next;
	}
}

static bool objs(const unsigned long *numbers)
{
	struct object *held = NULL, *taken = NULL;
	size_t size = numbers[0];
	bool enough;

	if (size < sizeof(struct object))
		return false;
	enough = take_objects(&held, size, numbers[1]);
	give_objects(&held, false);
	for (int round = 0; round <= WARM_ROUNDS && enough; round++) {
		if (round == WARM_ROUNDS)
			bench_begin(current_index);
		enough = take_objects(&taken, size, numbers[2]);
		give_objects(&taken, true);
	}
	bench_end(current_index);
	give_objects(&held, true);
	return enough;
}

/* As in Linux 4.9: up to six batches stay on the lists. */
static bool batch(const unsigned long *numbers)
{
	struct zone *zone;

	for_each_populated_zone(zone) {
		struct per_cpu_pages *pcp = &this_cpu_ptr(zone->pageset)->pcp;

		pcp->batch = (int)numbers[0];
		pcp->high = 6 * (int)numbers[0];
	}
	return true;
}

static const struct work {
	const char *name;
	unsigned int nr_numbers;
	bool (*run)(const unsigned long *numbers);	/* false: could not */
} works[] = {
	{ "nops", 0, nops },
	{ "cycle", 2, cycle },
	{ "lists", 3, lists },
	{ "objs", 3, objs },
	{ "batch", 1, batch },
};

/* --- the command line ----------------------------------------------------- */

/* ":N:N..." at @s, exactly @n of them; where they end, or NULL. */
static const char *parse_numbers(const char *s, unsigned long *numbers,
				 unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const char *end;

		if (*s++ != ':')
			return NULL;
		numbers[i] = memparse(s, &end);
		if (end == s)
			return NULL;
		s = end;
	}
	return *s && *s != ',' && *s != ' ' ? NULL : s;
}

/* Runs the word at @s; where it ends, or NULL when it cannot be run. */
static const char *run_word(const char *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(works); i++) {
		unsigned long numbers[MAX_NUMBERS];
		size_t len = strlen(works[i].name);
		const char *end;

		if (strncmp(s, works[i].name, len))
			continue;
		end = parse_numbers(s + len, numbers, works[i].nr_numbers);
		if (end)
			return works[i].run(numbers) ? end : NULL;
	}
	return NULL;
}

static const char *find_bench_arg(const char *s)
{
	for (; *s; s++)
		if ((s == boot_command_line || s[-1] == ' ') &&
		    !strncmp(s, "bench=", 6))
			return s + 6;
	return NULL;
}

void bench_run(void)
{
	const char *s = find_bench_arg(boot_command_line);

	for (current_index = 0; s && *s && *s != ' '; current_index++) {
		const char *end = run_word(s);

		if (!end) {
			pr_warn("bench: word %u cannot be run: %s\n",
				current_index, s);
			return;
		}
		s = *end == ',' ? end + 1 : end;
	}
}
