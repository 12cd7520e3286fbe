// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map.c - reads a memory map: scripts/replay describes its lines.
 *
 * Contract: what map_read_line() lets through can be run.
 * Fails:    one line that says where and why, exit 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mm/printk.h>

#include "map.h"

#define MAX_WORDS	5

struct map map;
const char *file_name = "-";
unsigned long line_no;

void fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "%s:%lu: ", file_name, line_no);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void *new_table(size_t size)
{
	void *table = calloc(MAX_LINES, size);

	if (!table)
		fail("out of memory");
	return table;
}

void map_init(void)
{
	map.memory = new_table(sizeof(*map.memory));
	map.reserved = new_table(sizeof(*map.reserved));
	map.ops = new_table(sizeof(*map.ops));
}

void map_clear(void)
{
	map.nr_memory = map.nr_reserved = map.nr_ops = 0;
	map.lowmem_limit = 0;
	map.page_bytes = 0;
}

void map_destroy(void)
{
	free(map.ops);
	free(map.reserved);
	free(map.memory);
}

unsigned long map_number(const char *text, const char *what)
{
	const char *end;
	phys_addr_t value = memparse(text, &end);

	if (end == text || *end)
		fail("%s is not a number: %s", what, text);
	return value;
}

static void read_region(struct region *table, unsigned long *n,
			char **word, int words)
{
	bool nomap = words == 4 && table == map.memory &&
		     strcmp(word[3], "nomap") == 0;
	struct region *rgn = &table[*n];

	if (words != 3 && !nomap)
		fail("expected: %s BASE SIZE%s", word[0],
		     table == map.memory ? " [nomap]" : "");
	rgn->base = map_number(word[1], "base");
	rgn->size = map_number(word[2], "size");
	rgn->nomap = nomap;
	rgn->line = line_no;
	if (!rgn->size)
		fail("size is 0");
	if (rgn->base >= MAX_ADDR || rgn->size > MAX_ADDR - rgn->base)
		fail("ends above 0x%lx, the highest address of a map",
		     MAX_ADDR);
	for (unsigned long i = 0; table == map.memory && i < *n; i++)
		if (table[i].base < rgn->base + rgn->size &&
		    rgn->base < table[i].base + table[i].size)
			fail("overlaps the memory of line %lu", table[i].line);
	++*n;
}

static void read_mem_map(char **word, int words)
{
	if (words != 4)
		fail("expected: mem-map PFN PHYS BYTES");
	map.mem_map_pfn = map_number(word[1], "pfn");
	map.mem_map = map_number(word[2], "address");
	map.page_bytes = map_number(word[3], "size");
	if (!map.page_bytes || map.page_bytes > MAX_PAGE_BYTES)
		fail("a struct page has 1 to %d bytes: %s", MAX_PAGE_BYTES,
		     word[3]);
	if (map.mem_map >= MAX_ADDR)
		fail("mem_map is above 0x%lx, the highest address of a map",
		     MAX_ADDR);
}

#define GFP_NAME(name) { #name, name }
static const struct {
	const char *name;
	gfp_t flags;
} gfp_names[] = {
	GFP_NAME(__GFP_DMA), GFP_NAME(__GFP_HIGHMEM), GFP_NAME(__GFP_DMA32),
	GFP_NAME(__GFP_MOVABLE), GFP_NAME(__GFP_RECLAIMABLE),
	GFP_NAME(__GFP_HIGH), GFP_NAME(__GFP_IO), GFP_NAME(__GFP_FS),
	GFP_NAME(__GFP_COLD), GFP_NAME(__GFP_NOWARN), GFP_NAME(__GFP_ZERO),
	GFP_NAME(__GFP_ATOMIC), GFP_NAME(__GFP_DIRECT_RECLAIM),
	GFP_NAME(__GFP_KSWAPD_RECLAIM), GFP_NAME(__GFP_RECLAIM),
	GFP_NAME(GFP_ATOMIC), GFP_NAME(GFP_KERNEL), GFP_NAME(GFP_NOWAIT),
	GFP_NAME(GFP_USER), GFP_NAME(GFP_HIGHUSER),
	GFP_NAME(GFP_HIGHUSER_MOVABLE),
};

static gfp_t gfp_flags(char *text)
{
	gfp_t flags = 0;

	while (text) {
		char *next = strchr(text, '|');
		size_t i = 0;

		if (next)
			*next++ = 0;
		while (i < ARRAY_SIZE(gfp_names) &&
		       strcmp(gfp_names[i].name, text))
			i++;
		if (i == ARRAY_SIZE(gfp_names))
			fail("no such GFP flag: %s", text);
		flags |= gfp_names[i].flags;
		text = next;
	}
	return flags;
}

struct operation *map_owner_of(const struct operation *op)
{
	for (unsigned long i = (unsigned long)(op - map.ops); i--; )
		if (map.ops[i].alloc && strcmp(map.ops[i].name, op->name) == 0)
			return &map.ops[i];
	return NULL;
}

static void read_operation(char **word, int words)
{
	struct operation *op = &map.ops[map.nr_ops], *owner;

	memset(op, 0, sizeof(*op));
	op->alloc = strcmp(word[0], "alloc") == 0;
	op->line = line_no;
	if (op->alloc ? words != 3 && words != 4 : words != 2)
		fail("expected: %s", op->alloc ? "alloc NAME ORDER [GFP]" :
						 "free NAME");
	for (const char *c = word[1]; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789_.-", *c))
			fail("a name has letters, digits, \"_\", \".\", \"-\": %s",
			     word[1]);
	if (strlen(word[1]) >= MAX_NAME)
		fail("name of more than %d letters", MAX_NAME - 1);
	memcpy(op->name, word[1], strlen(word[1]) + 1);

	owner = map_owner_of(op);
	if (op->alloc) {
		unsigned long order = map_number(word[2], "order");

		if (order >= MAX_ORDER)
			fail("order %lu is too large: orders are 0 to %d",
			     order, MAX_ORDER - 1);
		if (owner && owner->live)
			fail("%s is allocated already, in line %lu", op->name,
			     owner->line);
		op->order = (unsigned int)order;
		snprintf(op->gfp_text, sizeof(op->gfp_text), "%s",
			 words == 4 ? word[3] : "GFP_KERNEL");
		op->gfp = words == 4 ? gfp_flags(word[3]) : GFP_KERNEL;
		op->live = true;
	} else {
		if (!owner)
			fail("nothing is allocated under the name %s",
			     op->name);
		if (!owner->live)
			fail("%s is freed already", op->name);
		owner->live = false;
	}
	map.nr_ops++;
}

void map_read_line(char *line)
{
	char *word[MAX_WORDS], *rest = NULL;
	int words = 0;

	line[strcspn(line, "#\n")] = 0;
	for (char *w = strtok_r(line, " \t\r", &rest); w;
	     w = strtok_r(NULL, " \t\r", &rest)) {
		if (words == MAX_WORDS)
			fail("too many words");
		word[words++] = w;
	}
	if (!words)
		return;
	if (map.nr_memory == MAX_LINES || map.nr_reserved == MAX_LINES ||
	    map.nr_ops == MAX_LINES)
		fail("more than %d lines of one kind", MAX_LINES);
	if (map.nr_ops && strcmp(word[0], "alloc") && strcmp(word[0], "free"))
		fail("%s after the first alloc", word[0]);
	if (strcmp(word[0], "memory") == 0)
		read_region(map.memory, &map.nr_memory, word, words);
	else if (strcmp(word[0], "reserved") == 0)
		read_region(map.reserved, &map.nr_reserved, word, words);
	else if (strcmp(word[0], "lowmem-limit") == 0 && words == 2)
		map.lowmem_limit = map_number(word[1], "limit");
	else if (strcmp(word[0], "mem-map") == 0)
		read_mem_map(word, words);
	else if (strcmp(word[0], "alloc") == 0 || strcmp(word[0], "free") == 0)
		read_operation(word, words);
	else
		fail("expected memory, reserved, lowmem-limit, mem-map, alloc or free: %s",
		     word[0]);
}
