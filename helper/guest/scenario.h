/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scenario.h - life after mm_init(): named workloads that are the same for the
 * same seed, and what is held when they are over.
 *
 * What a workload holds it writes into truth_allocs[], with a pattern in the
 * memory itself that is looked at when it is given back: nobody else may have
 * written there.
 */
#ifndef GUEST_SCENARIO_H
#define GUEST_SCENARIO_H

#include <mm/gfp.h>
#include <mm/types.h>

enum truth_kind {
	TRUTH_NONE,			/* a free entry */
	TRUTH_PAGES,			/* alloc_pages */
	TRUTH_KMALLOC,
	TRUTH_CACHE,			/* kmem_cache_alloc */
	TRUTH_VMALLOC,
	TRUTH_PERCPU,
	TRUTH_CMA,
	NR_TRUTH_KINDS,
};
extern const char *const truth_kind_names[NR_TRUTH_KINDS];

/* Something that is held. */
struct truth_alloc {
	enum truth_kind kind;
	unsigned int order;		/* PAGES */
	unsigned long pfn;		/* PAGES, CMA: the first one */
	void *addr;			/* the others */
	unsigned long size;		/* PAGES, CMA: pages; else bytes */
	struct kmem_cache *cache;	/* CACHE */
};

#define TRUTH_ALLOCS 4096
extern struct truth_alloc truth_allocs[TRUTH_ALLOCS];

/* What one run did. */
struct truth_run {
	const char *name;		/* of the workload; NULL: not run yet */
	unsigned int seed;
	unsigned long ops;		/* as asked for */
	unsigned long allocs, frees;	/* that succeeded */
	unsigned long failures;		/* allocations that gave nothing */
	unsigned long spoilt;		/* patterns that had been overwritten */
	unsigned long least_free_pages;	/* of all zones, seen on the way */
	unsigned long held;		/* entries of truth_allocs[] at its end */
	const char *broken;		/* mm_check() at its end */
};

#define TRUTH_RUNS 16
extern struct truth_run truth_runs[TRUTH_RUNS];	/* the last ones, in turn */
extern unsigned long truth_nr_runs;		/* all of them */

struct scenario {
	const char *name;
	const char *what;		/* one line for people */
	void (*op)(void);		/* once for each of ops */
	unsigned long ops;		/* when nothing else is asked for */
};
extern const struct scenario scenarios[];	/* name NULL ends them */

/**
 * scenario_run - run one
 * @ops: how many operations; 0: the scenario's own number
 * Return: 0; -ENOENT: there is none of this name; -EFAULT: a pattern was
 *         spoilt or an invariant is broken, truth_runs says which.
 */
int scenario_run(const char *name, unsigned int seed, unsigned long ops);

/** scenario_release - give back all that truth_allocs[] holds; entries */
unsigned long scenario_release(void);

/** scenario_boot_arg - "NAME[,SEED[,OPS]]"; -EINVAL: it is not */
int scenario_boot_arg(const char *arg);
/** scenario_run_boot_arg - run what the boot argument asked for, if it did */
void scenario_run_boot_arg(void);

/* --- for workloads and the monitor ---------------------------------------- */

extern struct truth_run *truth_run;	/* the one that is going on */

unsigned long scenario_random(unsigned long below);

/** truth_hold - a free entry; NULL: TRUTH_ALLOCS are held */
struct truth_alloc *truth_hold(void);
/** truth_held - a random entry that is held; NULL: none is */
struct truth_alloc *truth_held(enum truth_kind kind);

/*
 * Each takes one thing and notes it.
 * Return: its entry; NULL: the allocator, or the table, has no more.
 */
struct truth_alloc *truth_alloc_pages(gfp_t gfp, unsigned int order);
/* A block that the caller has got already; given back where there is no room. */
struct truth_alloc *truth_note_pages(struct page *page, unsigned int order);
struct truth_alloc *truth_kmalloc(size_t size, gfp_t gfp);
struct truth_alloc *truth_cache_alloc(struct kmem_cache *cache);
struct truth_alloc *truth_vmalloc(unsigned long size);
struct truth_alloc *truth_percpu(size_t size, size_t align);
struct truth_alloc *truth_cma_alloc(unsigned int area, size_t pages,
			      unsigned int align);
/** truth_free - give one back, after a look at its pattern */
void truth_free(struct truth_alloc *held);

#endif
