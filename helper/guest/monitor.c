// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * monitor.c - commands typed on the console.
 */
#include <arch.h>
#include <mm/gfp.h>
#include <mm/mm.h>
#include <mm/mm_debug.h>
#include <mm/printk.h>
#include <mm/string.h>

#include "monitor.h"
#include "scenario.h"

#define MAX_WORDS	6
#define LINE_BYTES	80

struct words {
	unsigned int count;
	const char *word[MAX_WORDS];
};

struct command {
	const char *name, *arguments, *what;
	unsigned int least, most;		/* arguments */
	int (*run)(const struct words *words);
};

static int say_held(const struct truth_alloc *held)
{
	unsigned int n = (unsigned int)(held - truth_allocs);

	if (!held) {
		printk("nothing to be had\n");
		return -ENOMEM;
	}
	if (held->kind == TRUTH_PAGES || held->kind == TRUTH_CMA)
		printk("%u: %s pfn 0x%lx, %lu page%s\n", n,
		       truth_kind_names[held->kind], held->pfn, held->size,
		       held->size == 1 ? "" : "s");
	else
		printk("%u: %s %p, %lu bytes\n", n,
		       truth_kind_names[held->kind], held->addr, held->size);
	return 0;
}

static int number(const char *word, unsigned long most, unsigned long *ret)
{
	const char *end;

	*ret = memparse(word, &end);
	if (end != word && !*end && *ret <= most)
		return 0;
	printk("%s: not a number up to %lu\n", word, most);
	return -EINVAL;
}

static const struct {
	const char *name;
	gfp_t gfp;
} gfp_words[] = {
	{ "unmovable", GFP_KERNEL },
	{ "movable", GFP_HIGHUSER_MOVABLE },
	{ "reclaimable", GFP_KERNEL | __GFP_RECLAIMABLE },
	{ "high", GFP_HIGHUSER },
	{ "atomic", GFP_ATOMIC },
	{ "compound", GFP_KERNEL | __GFP_COMP },
};

static int cmd_alloc(const struct words *words)
{
	gfp_t gfp = GFP_KERNEL;
	unsigned long order;
	int err = number(words->word[1], MAX_ORDER - 1, &order);

	if (err)
		return err;
	for (unsigned int i = 2; i < words->count; i++) {
		size_t n = 0;

		while (n < ARRAY_SIZE(gfp_words) &&
		       strcmp(words->word[i], gfp_words[n].name))
			n++;
		if (n == ARRAY_SIZE(gfp_words)) {
			printk("%s: one of unmovable movable reclaimable high "
			       "atomic compound\n", words->word[i]);
			return -EINVAL;
		}
		gfp = gfp_words[n].gfp;
	}
	return say_held(truth_alloc_pages(gfp, (unsigned int)order));
}

static int cmd_kmalloc(const struct words *words)
{
	unsigned long size;
	int err = number(words->word[1], PHYS_ADDR_MAX >> 1, &size);

	return err ? err : say_held(size ? truth_kmalloc(size, GFP_KERNEL) :
					   NULL);
}

static int cmd_vmalloc(const struct words *words)
{
	unsigned long size;
	int err = number(words->word[1], PHYS_ADDR_MAX >> 1, &size);

	return err ? err : say_held(truth_vmalloc(size));
}

static int cmd_percpu(const struct words *words)
{
	unsigned long size;
	int err = number(words->word[1], PAGE_SIZE, &size);

	return err ? err : say_held(size ? truth_percpu(size, 8) : NULL);
}

static int cmd_cma(const struct words *words)
{
	unsigned long pages;
	int err = number(words->word[1], PHYS_ADDR_MAX >> PAGE_SHIFT, &pages);

	return err ? err : say_held(truth_cma_alloc(0, pages, 0));
}

static int cmd_free(const struct words *words)
{
	unsigned long n;
	int err = number(words->word[1], TRUTH_ALLOCS - 1, &n);

	if (err)
		return err;
	if (truth_allocs[n].kind == TRUTH_NONE) {
		printk("%lu: nothing is held there\n", n);
		return -EINVAL;
	}
	truth_free(&truth_allocs[n]);
	return 0;
}

static int cmd_held(const struct words *words __maybe_unused)
{
	for (unsigned int i = 0; i < TRUTH_ALLOCS; i++)
		if (truth_allocs[i].kind != TRUTH_NONE)
			say_held(&truth_allocs[i]);
	return 0;
}

static int cmd_release(const struct words *words __maybe_unused)
{
	printk("%lu given back\n", scenario_release());
	return 0;
}

static int cmd_run(const struct words *words)
{
	unsigned long seed = 1, ops = 0;
	int err = 0;

	if (words->count > 2)
		err = number(words->word[2], ~0u, &seed);
	if (!err && words->count > 3)
		err = number(words->word[3], ~0u, &ops);
	if (err)
		return err;
	err = scenario_run(words->word[1], (unsigned int)seed, ops);
	if (err == -ENOENT)
		printk("%s: no such scenario; \"scenarios\" lists them\n",
		       words->word[1]);
	return err;
}

static int cmd_scenarios(const struct words *words __maybe_unused)
{
	for (const struct scenario *s = scenarios; s->name; s++)
		printk("%-10s%s\n", s->name, s->what);
	return 0;
}

static int cmd_buddyinfo(const struct words *words __maybe_unused)
{
	const struct zone *zone;

	for_each_populated_zone(zone) {
		printk("Node 0, zone %8s ", zone->name);
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			printk("%6lu ", zone->free_area[order].nr_free);
		printk("\n");
	}
	return 0;
}

static int cmd_mem(const struct words *words __maybe_unused)
{
	show_mem();
	return 0;
}

static int cmd_drain(const struct words *words __maybe_unused)
{
	drain_all_pages(NULL);
	return 0;
}

static int cmd_check(const struct words *words __maybe_unused)
{
	const char *broken = mm_check();

	printk("%s\n", broken ? broken : "sound");
	return broken ? -EFAULT : 0;
}

static int cmd_help(const struct words *words);

static const struct command commands[] = {
	{ "help", "", "this", 0, 0, cmd_help },
	{ "alloc", "ORDER [KIND]", "a block of pages", 1, 2, cmd_alloc },
	{ "kmalloc", "BYTES", "", 1, 1, cmd_kmalloc },
	{ "vmalloc", "BYTES", "", 1, 1, cmd_vmalloc },
	{ "percpu", "BYTES", "for each CPU", 1, 1, cmd_percpu },
	{ "cma", "PAGES", "of the first CMA area", 1, 1, cmd_cma },
	{ "free", "N", "give back what was numbered so", 1, 1, cmd_free },
	{ "held", "", "what is held", 0, 0, cmd_held },
	{ "release", "", "give everything back", 0, 0, cmd_release },
	{ "run", "NAME [SEED [OPS]]", "a scenario", 1, 3, cmd_run },
	{ "scenarios", "", "their names", 0, 0, cmd_scenarios },
	{ "drain", "", "per-CPU pages to the buddy", 0, 0, cmd_drain },
	{ "buddyinfo", "", "free blocks by order", 0, 0, cmd_buddyinfo },
	{ "mem", "", "zones, watermarks, free blocks", 0, 0, cmd_mem },
	{ "check", "", "every invariant", 0, 0, cmd_check },
};

static int cmd_help(const struct words *words __maybe_unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		printk("%-10s%-19s%s\n", commands[i].name,
		       commands[i].arguments, commands[i].what);
	return 0;
}

/* @line is cut into words where it stands. */
static void split(char *line, struct words *words)
{
	words->count = 0;
	for (;;) {
		while (*line == ' ')
			*line++ = 0;
		if (!*line || words->count == MAX_WORDS)
			return;
		words->word[words->count++] = line;
		while (*line && *line != ' ')
			line++;
	}
}

int monitor_command(const char *line)
{
	char copy[LINE_BYTES];
	struct words words;

	if (strlen(line) >= sizeof(copy)) {
		printk("at most %d characters\n", LINE_BYTES - 1);
		return -EINVAL;
	}
	memcpy(copy, line, strlen(line) + 1);
	split(copy, &words);
	if (!words.count)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];

		if (strcmp(words.word[0], command->name))
			continue;
		if (words.count - 1 < command->least ||
		    words.count - 1 > command->most) {
			printk("usage: %s %s\n", command->name,
			       command->arguments);
			return -EINVAL;
		}
		return command->run(&words);
	}
	printk("%s: no such command; \"help\" lists them\n", words.word[0]);
	return -ENOENT;
}

#define PROMPT "mm> "

void monitor_poll(void)
{
	static char line[LINE_BYTES];
	static size_t len;
	static bool greeted;
	int c;

	while ((c = arch_console_getc()) >= 0) {
		if (!greeted)
			printk(PROMPT);
		greeted = true;
		if (c == '\r' || c == '\n') {
			printk("\n");
			line[len] = 0;
			len = 0;
			monitor_command(line);
			printk(PROMPT);
		} else if ((c == '\b' || c == 0x7f) && len) {
			len--;
			printk("\b \b");
		} else if (c >= ' ' && c < 0x7f && len < sizeof(line) - 1) {
			line[len++] = (char)c;
			printk("%c", c);
		}
	}
}
