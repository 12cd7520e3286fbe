// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ram.c - the bytes of a machine's memory, where they are.
 *
 * Contract: a pointer that ram_look() gives is good for as many bytes as it
 *           says. Nothing is zero because it is missing: what no file has is
 *           MMDUMP_ERR_FAULT.
 * May call: space, source, kdump. Called by: search, mmu, virt, the passes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "internal.h"

#define READ_SHIFT	12	/* what is read at least, when it is read */
#define LOOKS		256U	/* at mapped files, between two counts of ... */
#define MANY_FAULTS	1024U	/* faults: each maps 64 KiB at most, on Linux */

void window_close(struct window *w)
{
	free(w->buffer);
	tlb_close(w->tlb);
	memset(w, 0, sizeof(*w));
}

/* Reads around addr into the window: whole pages, those of [addr, addr +
 * want) that the bank has, or just the first of them. */
static bool window_fill(struct window *w, const struct space *space,
			const struct bank *bank, uint64_t addr, size_t want)
{
	uint64_t page = 1UL << READ_SHIFT, start = addr & ~(page - 1);
	uint64_t most = WINDOW_BYTES - 2 * page;
	uint64_t end = end_of(addr, want < most ? want : most);
	size_t size;

	if (!w->buffer)
		w->buffer = malloc(WINDOW_BYTES);
	if (!w->buffer)
		return false;
	w->start = w->end = 0;
	end = end_of(end - 1 - ((end - 1) & (page - 1)), page);
	start = start < bank->start ? bank->start : start;
	end = end > bank->end ? bank->end : end;
	size = (size_t)(end - start);
	if (bank->source->kdump) {
		size = kdump_read_at(bank->source->kdump, start,
				     bank->offset + (start - bank->start),
				     w->buffer, size);
	} else if (!source_read(bank->source,
				bank->offset + (start - bank->start),
				w->buffer, size)) {
		size = page - (start & (page - 1));
		size = size > end - start ? (size_t)(end - start) : size;
		if (!source_read(bank->source,
				 bank->offset + (start - bank->start),
				 w->buffer, size))
			return false;
	}
	if (size <= addr - start)
		return false;
	w->space = space;
	w->start = start;
	w->end = start + size;
	return true;
}

/*
 * A look at a mapped file maps what is around it, and that stays: after a walk
 * along a list all over memory, all of it. So now and then, after many faults,
 * everything is given back. Several threads may: what one of them looks at is
 * mapped again when it is read.
 */
static void looked(struct mmdump *m)
{
	uint32_t looks = __atomic_load_n(&m->looks, __ATOMIC_RELAXED) + 1;
	struct rusage usage;
	uint64_t faults;

	__atomic_store_n(&m->looks, looks, __ATOMIC_RELAXED);
	if (looks % LOOKS || getrusage(RUSAGE_SELF, &usage))
		return;
	faults = (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
	if (faults - __atomic_load_n(&m->faults, __ATOMIC_RELAXED) <
	    MANY_FAULTS)
		return;
	__atomic_store_n(&m->faults, faults, __ATOMIC_RELAXED);
	for (const struct source *s = m->sources; s; s = s->next) {
		if (s->map && s->size)
			madvise((void *)(uintptr_t)s->map, s->size,
				MADV_DONTNEED);
	}
}

static enum mmdump_status look(struct mmdump *m, const struct space *space,
			       struct window *w, uint64_t addr, size_t want,
			       const unsigned char **ret, size_t *count)
{
	const struct bank *bank;
	uint64_t left;

	if (w->space == space && addr >= w->start && addr < w->end) {
		*ret = w->buffer + (addr - w->start);
		left = w->end - addr;
	} else {
		bank = space_find(space, addr, &w->hint);
		if (!bank)
			return MMDUMP_ERR_FAULT;
		if (bank->source->map && !bank->source->kdump) {
			*ret = bank->source->map + bank->offset +
			       (addr - bank->start);
			left = bank->end - addr;
			looked(m);
		} else {
			if (w->bad == bank && addr >= w->bad_start &&
			    addr < w->bad_end)
				return MMDUMP_ERR_FAULT;
			if (!window_fill(w, space, bank, addr, want)) {
				w->bad = bank;
				w->bad_start = addr;
				w->bad_end = end_of(addr | ((1UL << READ_SHIFT) - 1), 1);
				return MMDUMP_ERR_FAULT;
			}
			*ret = w->buffer + (addr - w->start);
			left = w->end - addr;
		}
	}
	*count = left < want ? (size_t)left : want;
	return MMDUMP_OK;
}

enum mmdump_status ram_look(struct mmdump *m, struct window *w, uint64_t phys,
			    size_t want, const unsigned char **ret,
			    size_t *count)
{
	return look(m, &m->phys, w, phys, want, ret, count);
}

enum mmdump_status segment_look(struct mmdump *m, struct window *w,
				uint64_t virt, size_t want,
				const unsigned char **ret, size_t *count)
{
	return look(m, &m->virt, w, virt, want, ret, count);
}

enum mmdump_status ram_copy(struct mmdump *m, struct window *w, uint64_t phys,
			    void *buffer, size_t size, uint64_t *fault)
{
	unsigned char *out = buffer;
	const unsigned char *at;
	size_t count;

	while (size) {
		if (ram_look(m, w, phys, size, &at, &count)) {
			*fault = phys;
			return MMDUMP_ERR_FAULT;
		}
		memcpy(out, at, count);
		out += count;
		size -= count;
		if (size && count > UINT64_MAX - phys) {
			*fault = UINT64_MAX;
			return MMDUMP_ERR_FAULT;
		}
		phys += count;
	}
	return MMDUMP_OK;
}

/* Tells the kernel about the mapped pages of [start, end). */
static void advise(struct mmdump *m, uint64_t start, uint64_t end, int what)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), from, to;
	size_t i = space_from(&m->phys, start);

	for (; i < m->phys.count && m->phys.banks[i].start < end; i++) {
		const struct bank *bank = &m->phys.banks[i];

		if (!bank->source->map || bank->source->kdump)
			continue;
		from = bank->start > start ? bank->start : start;
		to = bank->end < end ? bank->end : end;
		from = bank->offset + (from - bank->start);
		to = bank->offset + (to - bank->start);
		from = (from + page - 1) & ~(page - 1);
		to &= ~(page - 1);
		if (from < to)
			madvise((void *)(uintptr_t)(bank->source->map + from),
				to - from, what);
	}
}

void ram_want(struct mmdump *m, uint64_t start, uint64_t end)
{
	advise(m, start, end, MADV_WILLNEED);
}

void ram_drop(struct mmdump *m, uint64_t start, uint64_t end)
{
	advise(m, start, end, MADV_DONTNEED);
}

/* All of a space, merged where banks touch; NULL without memory. */
static struct mmdump_range *merged(const struct space *space, size_t *count)
{
	struct mmdump_range *ranges = calloc(space->count + 1,
					     sizeof(*ranges));

	*count = 0;
	for (size_t i = 0; ranges && i < space->count; i++) {
		const struct bank *bank = &space->banks[i];

		if (*count && ranges[*count - 1].end == bank->start)
			ranges[*count - 1].end = bank->end;
		else
			ranges[(*count)++] = (struct mmdump_range){
				bank->start, bank->end
			};
	}
	return ranges;
}

/* The old segments and those of an addition. Only virtual ones: no phys. */
static struct mmdump_segment *segments(const struct mmdump *m,
				       const struct addition *addition)
{
	size_t n = m->nr_segments;
	struct mmdump_segment *all = calloc(n + addition->nr_virt + 1,
					    sizeof(*all));

	if (!all)
		return NULL;
	if (n)
		memcpy(all, m->segments, n * sizeof(*all));
	for (size_t i = 0; i < addition->nr_virt; i++) {
		const struct piece *piece = &addition->virt[i];

		all[n + i] = (struct mmdump_segment){
			piece->bank.start, piece->alias,
			piece->bank.end - piece->bank.start
		};
	}
	return all;
}

enum mmdump_status ram_add(struct mmdump *m, struct addition *addition)
{
	struct space phys = { NULL, 0 }, virt = { NULL, 0 };
	struct mmdump_range *ranges = NULL;
	struct mmdump_segment *all = NULL;
	uint64_t overlap = UINT64_MAX, ignored;
	size_t nr_ranges;

	if (!space_build(&m->phys, addition->phys, addition->nr_phys, &phys,
			 &overlap) ||
	    !space_build(&m->virt, addition->virt, addition->nr_virt, &virt,
			 &ignored) ||
	    !(ranges = merged(&phys, &nr_ranges)) ||
	    !(all = segments(m, addition))) {
		free(ranges);
		free(virt.banks);
		free(phys.banks);
		return fail(m, MMDUMP_ERR_SYSTEM, "%s: out of memory",
			    addition->path);
	}
	free(m->phys.banks);
	free(m->virt.banks);
	free(m->ranges);
	free(m->segments);
	m->phys = phys;
	m->virt = virt;
	m->ranges = ranges;
	m->nr_ranges = nr_ranges;
	m->segments = all;
	m->nr_segments += addition->nr_virt;
	if (!m->format)
		m->format = addition->format;
	addition->source->next = m->sources;
	m->sources = addition->source;
	if (overlap != UINT64_MAX)
		warn(m, "%s: has memory at 0x%llx that is there already: "
		     "the first is taken", addition->path,
		     (unsigned long long)overlap);
	return MMDUMP_OK;
}

enum mmdump_status mmdump_ranges(struct mmdump *m,
				 const struct mmdump_range **ret,
				 size_t *count)
{
	begin(m);
	*ret = m->ranges;
	*count = m->nr_ranges;
	return MMDUMP_OK;
}

enum mmdump_status mmdump_segments(struct mmdump *m,
				   const struct mmdump_segment **ret,
				   size_t *count)
{
	begin(m);
	*ret = m->segments;
	*count = m->nr_segments;
	return MMDUMP_OK;
}

enum mmdump_status mmdump_read_phys(struct mmdump *m, uint64_t phys,
				    void *buffer, size_t size, uint64_t *fault)
{
	struct window w = { 0 };
	enum mmdump_status status;

	begin(m);
	status = ram_copy(m, &w, phys, buffer, size, fault);
	window_close(&w);
	if (status)
		return fail(m, status, "no memory at physical address 0x%llx",
			    (unsigned long long)*fault);
	return MMDUMP_OK;
}
