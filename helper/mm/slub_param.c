// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slub_param.c - SLUB's boot arguments.
 *
 * Contract: setup_slub_param() in slab.h. Only before kmem_cache_init().
 * May call: slub_cache.c, slub_slab.c.  Called by: fdt.c; tests.
 * Fails:    -EINVAL, and then changes nothing.
 *
 *   slub_debug[=LETTERS][,CACHE]  checks; without LETTERS: F, Z, P and U; with
 *       CACHE: only in caches whose name begins so
 *         F  consistency of slabs, freelists and pointers
 *         Z  red zones around each object
 *         P  poison: patterns in free objects and padding
 *         U  who allocated and freed each object
 *         T  each operation to the console
 *         O  no Z, P, U where they would take a larger order
 *         -  none
 *   slub_nomerge, slab_nomerge    each cache for itself
 *   slub_min_order=, slub_max_order=, slub_min_objects=
 *   slab_freelist_random=on|off|SEED
 */
#include <mm/string.h>

#include "slab.h"

#define MAX_CACHE_NAME 64

#define DEBUG_DEFAULT_FLAGS (SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE |	\
			     SLAB_POISON | SLAB_STORE_USER)

static unsigned long slub_debug;
static char slub_debug_slabs[MAX_CACHE_NAME];	/* "": all */
bool disable_higher_order_debug;

static const struct {
	char letter;
	unsigned long flag;
} debug_letters[] = {
	{ 'F', SLAB_CONSISTENCY_CHECKS },
	{ 'Z', SLAB_RED_ZONE },
	{ 'P', SLAB_POISON },
	{ 'U', SLAB_STORE_USER },
	{ 'T', SLAB_TRACE },
};

static unsigned long debug_flag(char letter)
{
	if (letter >= 'a' && letter <= 'z')
		letter += 'A' - 'a';
	for (unsigned int i = 0; i < ARRAY_SIZE(debug_letters); i++)
		if (debug_letters[i].letter == letter)
			return debug_letters[i].flag;
	return 0;
}

/* What the letters before a comma or the end say. */
static int parse_letters(const char **s, unsigned long *ret_flags,
			 bool *ret_low_order)
{
	unsigned long flags = 0;

	if (**s == '-' && (!(*s)[1] || (*s)[1] == ',')) {
		*ret_flags = 0;
		(*s)++;
		return 0;
	}
	for (; **s && **s != ','; (*s)++) {
		unsigned long flag = debug_flag(**s);

		if (**s == 'O' || **s == 'o')
			*ret_low_order = true;
		else if (!flag)
			return -EINVAL;
		flags |= flag;
	}
	*ret_flags = flags;
	return 0;
}

static int setup_slub_debug(const char *value)
{
	unsigned long flags = DEBUG_DEFAULT_FLAGS;
	bool low_order = false;
	const char *cache = "";

	if (value && *value && *value != ',' &&
	    parse_letters(&value, &flags, &low_order))
		return -EINVAL;
	if (value && *value == ',')
		cache = value + 1;
	if (strlen(cache) >= MAX_CACHE_NAME)
		return -EINVAL;
	slub_debug = flags;
	disable_higher_order_debug = low_order;
	memcpy(slub_debug_slabs, cache, strlen(cache) + 1);
	return 0;
}

int setup_slub_param(const char *name, const char *value)
{
	if (!strcmp(name, "slub_debug"))
		return setup_slub_debug(value);
	if (!strcmp(name, "slub_nomerge") || !strcmp(name, "slab_nomerge")) {
		if (value)
			return -EINVAL;
		slab_nomerge = true;
		return 0;
	}
	if (!value)
		return -EINVAL;
	if (!strcmp(name, "slab_freelist_random"))
		return setup_freelist_random(value);
	if (!strcmp(name, "slub_min_order") ||
	    !strcmp(name, "slub_max_order") ||
	    !strcmp(name, "slub_min_objects"))
		return setup_slub_order(name, value);
	return -EINVAL;
}

unsigned long kmem_cache_flags(unsigned long flags, const char *name)
{
	size_t len = strlen(slub_debug_slabs);

	if (!len || (name && !strncmp(slub_debug_slabs, name, len)))
		flags |= slub_debug;
	return flags;
}
