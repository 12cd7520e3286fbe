// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmscan.c - shrinkers: who can give memory back when there is none left.
 *
 * Contract: shrinker.h. How much is asked of each follows Linux 4.9's rule.
 * May call: vmstat.c, drain_all_pages().  Called by: page_slowpath.c, tests.
 * Fails:    -EINVAL for a shrinker that cannot be asked; frees nothing where
 *           nothing can be freed.
 */
#include <mm/bug.h>
#include <mm/mm.h>
#include <mm/printk.h>
#include <mm/shrinker.h>

#include "page_alloc_internal.h"

#define SHRINK_BATCH	128	/* objects a call, when it does not say */
#define DEF_PRIORITY	12	/* at first, 1 of 1 << 12 is looked at */
#define MAX_SCAN_CALLS	4096	/* of one shrinker in one pass */

static struct list_head shrinker_list = LIST_HEAD_INIT(shrinker_list);
static bool walking;		/* shrinker_list must not change */

static bool is_registered(const struct shrinker *shrinker)
{
	const struct shrinker *pos;

	list_for_each_entry(pos, &shrinker_list, list)
		if (pos == shrinker)
			return true;
	return false;
}

int register_shrinker(struct shrinker *shrinker)
{
	if (!shrinker->count_objects || !shrinker->scan_objects ||
	    shrinker->seeks <= 0 || shrinker->batch < 0)
		return -EINVAL;
	if (is_registered(shrinker))
		return -EEXIST;
	BUG_ON(walking);
	shrinker->nr_deferred = 0;
	list_add_tail(&shrinker->list, &shrinker_list);
	return 0;
}

void unregister_shrinker(struct shrinker *shrinker)
{
	BUG_ON(walking);
	BUG_ON(!is_registered(shrinker));
	list_del(&shrinker->list);
}

/* Objects that @shrinker says it has; never so many that sums overflow. */
static u64 count_freeable(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned long n = shrinker->count_objects(shrinker, sc);

	if (n == SHRINK_EMPTY || n == SHRINK_STOP)
		return 0;
	return min(n, (unsigned long)INT32_MAX);
}

/*
 * How many objects to look at: of all that it has the part that @nr_scanned
 * is of @nr_eligible, times 4 / seeks, and what earlier passes put off. That
 * may be more than one pass should take: see the two bounds.
 */
static u64 objects_to_scan(const struct shrinker *shrinker, u64 freeable,
			   unsigned long nr_scanned, unsigned long nr_eligible,
			   u64 *wanted)
{
	u64 delta = 4 * (u64)nr_scanned / (unsigned int)shrinker->seeks;
	u64 total;

	delta = min(delta, (u64)UINT32_MAX) * freeable /
		((u64)nr_eligible + 1);
	total = (u64)shrinker->nr_deferred + delta;
	*wanted = min(total, (u64)INT32_MAX);
	/* Small needs, added up, must not empty a cache at one stroke. */
	if (delta < freeable / 4)
		total = min(total, freeable / 2);
	return min(total, 2 * freeable);
}

static unsigned long do_shrink_slab(struct shrinker *shrinker,
				    struct shrink_control *sc,
				    unsigned long nr_scanned,
				    unsigned long nr_eligible)
{
	u64 batch = shrinker->batch ? (u64)shrinker->batch : SHRINK_BATCH;
	u64 freeable = count_freeable(shrinker, sc);
	u64 total, wanted, scanned = 0;
	unsigned long freed = 0;

	if (!freeable)
		return 0;
	total = objects_to_scan(shrinker, freeable, nr_scanned, nr_eligible,
				&wanted);
	/* Less than a batch is put off, unless there is no more than that. */
	for (int calls = 0; total && calls < MAX_SCAN_CALLS &&
	     (total >= batch || total >= freeable); calls++) {
		unsigned long ret;

		sc->nr_to_scan = (unsigned long)min(batch, total);
		total -= sc->nr_to_scan;
		scanned += sc->nr_to_scan;
		ret = shrinker->scan_objects(shrinker, sc);
		if (ret == SHRINK_STOP)
			break;
		freed += ret;
	}
	shrinker->nr_deferred = (long)(wanted > scanned ? wanted - scanned : 0);
	return freed;
}

unsigned long shrink_slab(gfp_t gfp_mask, int nid, unsigned long nr_scanned,
			  unsigned long nr_eligible)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	if (walking)
		return 0;
	if (!nr_scanned)
		nr_scanned = SWAP_CLUSTER_MAX;
	walking = true;
	list_for_each_entry(shrinker, &shrinker_list, list) {
		struct shrink_control sc = { .gfp_mask = gfp_mask, .nid = nid };

		freed += do_shrink_slab(shrinker, &sc, nr_scanned, nr_eligible);
	}
	walking = false;
	return freed;
}

static unsigned long all_free_pages(void)
{
	unsigned long pages = 0;
	const struct zone *zone;

	drain_all_pages(NULL);
	for_each_populated_zone(zone)
		pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
	return pages;
}

/*
 * There are no page lists to look through; a pass at a priority stands for
 * the part of the zones' pages that Linux would have looked at.
 */
unsigned long try_to_free_pages(const struct zonelist *zonelist,
				unsigned int order, gfp_t gfp)
{
	unsigned long enough = max(SWAP_CLUSTER_MAX, 1UL << order);
	unsigned long eligible = 0, before = all_free_pages(), grown = 0;
	bool noreclaim = memalloc_noreclaim;

	for (const struct zoneref *ref = zonelist->_zonerefs; ref->zone; ref++)
		if (ref->zone_idx <= (int)gfp_zone(gfp))
			eligible += ref->zone->managed_pages;
	__count_vm_events(ALLOCSTALL, 1);
	memalloc_noreclaim = true;
	for (int priority = DEF_PRIORITY; priority >= 0 && grown < enough;
	     priority--) {
		unsigned long now;

		shrink_slab(gfp, 0, eligible >> priority, eligible);
		now = all_free_pages();
		grown = now > before ? now - before : 0;
	}
	memalloc_noreclaim = noreclaim;
	__mod_node_page_state(&contig_page_data, NR_SLAB_PAGES_FREED,
			      (long)grown);
	return grown;
}
