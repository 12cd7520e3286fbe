/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shrinker.h - who can give memory back when there is none left.
 */
#ifndef MM_SHRINKER_H
#define MM_SHRINKER_H

#include <mm/list.h>
#include <mm/mmzone.h>

/* What one call of a shrinker is about. */
struct shrink_control {
	gfp_t gfp_mask;
	unsigned long nr_to_scan;	/* objects to look at */
	int nid;
};

#define SHRINK_STOP	(~0UL)		/* nothing can be freed now */
#define SHRINK_EMPTY	(~0UL - 1)	/* there is nothing to free */
#define DEFAULT_SEEKS	2

/*
 * Neither function may add or remove shrinkers. What they allocate comes from
 * the reserves and never asks shrinkers again. Their answers are not trusted:
 * each is called a bounded number of times, and what counts in the end is the
 * pages that became free.
 */
struct shrinker {
	/* Objects that could be freed, about. */
	unsigned long (*count_objects)(struct shrinker *shrink,
				       struct shrink_control *sc);
	/* Frees some; how many, or SHRINK_STOP. */
	unsigned long (*scan_objects)(struct shrinker *shrink,
				      struct shrink_control *sc);
	int seeks;			/* cost of making one again */
	long batch;			/* objects a call, 0: 128 */
	struct list_head list;
	long nr_deferred;		/* objects: asked for, not looked at */
};

/**
 * register_shrinker - ask @shrinker, too, when memory runs out
 * Return: 0; -EINVAL: a function is missing, seeks or batch makes no sense;
 *         -EEXIST: it is asked already.
 */
int register_shrinker(struct shrinker *shrinker);
/* One that is registered; nothing is called from here on. */
void unregister_shrinker(struct shrinker *shrinker);

/**
 * shrink_slab - ask every shrinker once
 * @nr_scanned, @nr_eligible: how great the need is, as Linux 4.9 computes it
 * Return: objects freed.
 */
unsigned long shrink_slab(gfp_t gfp_mask, int nid, unsigned long nr_scanned,
			  unsigned long nr_eligible);

/**
 * try_to_free_pages - ask shrinkers, harder each time, until it helps
 * @gfp: what the memory is for; its zones say how great the need is
 *
 * memalloc_noreclaim is set meanwhile; per-CPU lists are drained.
 * Return: pages by which the free ones have grown.
 */
unsigned long try_to_free_pages(const struct zonelist *zonelist,
				unsigned int order, gfp_t gfp);

#endif
