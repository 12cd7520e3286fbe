// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * virt.c - virtual memory: by page tables, or as a core's segments say.
 *
 * Contract: what mmu_walk() says is kept in a TLB of a fixed size, one for
 *           each window; that of the machine's own thread stays from call to
 *           call, until mmdump_set_mmu().
 * May call: mmu.c, ram.c, status.c.  Called by: list.c, the passes.
 * Fails:    MMDUMP_ERR_FAULT; virt_look() and virt_copy() without a message.
 */
#include <stdlib.h>
#include <string.h>

#include "mmu.h"

#define LARGE_SHIFT	20	/* mappings of this many bytes or more: */
#define LARGE_SLOTS	1024U	/* a GiB of them */
#define SMALL_SLOTS	1024U

/*
 * What was found of late.
 *   TLB-1  a slot holds a mapping that mmu_walk() gave, or one of 0 bytes
 */
struct tlb {
	struct mmu_path path;
	struct window tables;		/* for reading them */
	struct mmdump_mapping last;
	struct mmdump_mapping small[SMALL_SLOTS];
	struct mmdump_mapping large[LARGE_SLOTS];
};

void tlb_close(struct tlb *tlb)
{
	if (!tlb)
		return;
	window_close(&tlb->tables);
	free(tlb);
}

void tlb_flush(struct mmdump *m)
{
	tlb_close(m->tlb);
	m->tlb = NULL;
}

void virt_begin(struct mmdump *m, struct window *w)
{
	memset(w, 0, sizeof(*w));
	w->tlb = m->tlb;
	m->tlb = NULL;
}

void virt_end(struct mmdump *m, struct window *w)
{
	m->tlb = w->tlb;
	w->tlb = NULL;
	window_close(w);
	if (m->tlb)
		window_close(&m->tlb->tables);
}

static bool paged(const struct mmdump *m)
{
	return m->paging && m->paging->mmu.kind != MMDUMP_MMU_NONE;
}

static bool holds(const struct mmdump_mapping *map, uint64_t virt)
{
	return virt - map->virt < map->size;
}

/* The mapping that holds virt; through the TLB. */
static enum mmdump_status find(struct mmdump *m, struct window *w,
			       uint64_t virt,
			       const struct mmdump_mapping **ret)
{
	struct mmdump_mapping *small, *large, *slot, found;
	struct tlb *tlb = w->tlb;

	if (virt < m->paging->mmu.start)
		return MMDUMP_ERR_FAULT;
	if (!tlb)
		tlb = w->tlb = calloc(1, sizeof(*tlb));
	if (!tlb)
		return MMDUMP_ERR_SYSTEM;
	*ret = &tlb->last;
	if (holds(&tlb->last, virt))
		return MMDUMP_OK;
	large = &tlb->large[(virt >> LARGE_SHIFT) % LARGE_SLOTS];
	small = &tlb->small[(virt >> m->paging->mmu.page_shift) % SMALL_SLOTS];
	slot = holds(large, virt) ? large : small;
	if (!holds(slot, virt)) {
		if (mmu_walk(m, &tlb->tables, &tlb->path, virt, &found))
			return MMDUMP_ERR_FAULT;
		slot = found.size >> LARGE_SHIFT ? large : small;
		*slot = found;
	}
	tlb->last = *slot;
	return MMDUMP_OK;
}

enum mmdump_status virt_look(struct mmdump *m, struct window *w,
			     uint64_t virt, size_t want,
			     const unsigned char **ret, size_t *count)
{
	const struct mmdump_mapping *map;
	enum mmdump_status status;
	uint64_t left;

	if (!paged(m))
		return segment_look(m, w, virt, want, ret, count);
	status = find(m, w, virt, &map);
	if (status)
		return status;
	left = map->size - (virt - map->virt);
	return ram_look(m, w, map->phys + (virt - map->virt),
			want < left ? want : (size_t)left, ret, count);
}

enum mmdump_status virt_copy(struct mmdump *m, struct window *w,
			     uint64_t virt, void *buffer, size_t size,
			     uint64_t *fault)
{
	unsigned char *to = buffer;

	for (size_t done = 0, count = 0; done < size; done += count) {
		const unsigned char *from;
		enum mmdump_status status;

		status = done && virt + done < virt ? MMDUMP_ERR_FAULT :
			 virt_look(m, w, virt + done, size - done, &from,
				   &count);
		if (status) {
			if (fault)
				*fault = virt + done;
			return status;
		}
		memcpy(to + done, from, count);
	}
	return MMDUMP_OK;
}

/* As a core's segments say: the first that knows where virt is. */
static enum mmdump_status by_segment(const struct mmdump *m, uint64_t virt,
				     struct mmdump_mapping *ret)
{
	for (size_t i = 0; i < m->nr_segments; i++) {
		const struct mmdump_segment *s = &m->segments[i];

		if (virt - s->virt < s->size && s->phys != UINT64_MAX) {
			*ret = (struct mmdump_mapping){
				s->virt, s->phys, s->size
			};
			return MMDUMP_OK;
		}
	}
	return MMDUMP_ERR_FAULT;
}

/* Says what virt_look() and the like do not. */
static enum mmdump_status say(struct mmdump *m, enum mmdump_status status,
			      const char *what, uint64_t virt)
{
	switch (status) {
	case MMDUMP_OK:
		return MMDUMP_OK;
	case MMDUMP_ERR_FAULT:
		return fail(m, status, "%s 0x%llx", what,
			    (unsigned long long)virt);
	default:
		return fail(m, status, "no memory");
	}
}

enum mmdump_status mmdump_translate(struct mmdump *m, uint64_t virt,
				    struct mmdump_mapping *ret)
{
	const struct mmdump_mapping *map;
	enum mmdump_status status;
	struct window w;

	begin(m);
	if (!paged(m)) {
		status = by_segment(m, virt, ret);
	} else {
		virt_begin(m, &w);
		status = find(m, &w, virt, &map);
		if (!status)
			*ret = *map;
		virt_end(m, &w);
	}
	return say(m, status, "nothing is mapped at", virt);
}

enum mmdump_status mmdump_read_virt(struct mmdump *m, uint64_t virt,
				    void *buffer, size_t size,
				    uint64_t *fault)
{
	enum mmdump_status status;
	uint64_t at = virt;
	struct window w;

	begin(m);
	virt_begin(m, &w);
	status = virt_copy(m, &w, virt, buffer, size, &at);
	virt_end(m, &w);
	if (status == MMDUMP_ERR_FAULT && fault)
		*fault = at;
	return say(m, status, "cannot read memory at", at);
}
