// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_slub.c - caches and kmalloc against what each object was filled with.
 */
#include <mm/percpu.h>
#include <mm/slab.h>

#include "fuzz.h"

#define BLOCKS		6
#define MAX_HELD	256
#define NR_CACHES	4

static struct kmem_cache *caches[NR_CACHES];
static struct {
	u8 *addr;
	size_t size;
	struct kmem_cache *cache;	/* NULL: kmalloc */
} held[MAX_HELD];

static u8 fill_of(unsigned int slot)
{
	return (u8)(slot * 37 + 11);
}

static void hold(unsigned int slot, void *addr, size_t size,
		 struct kmem_cache *cache)
{
	if (!addr)
		return;
	fuzz_assert(IS_ALIGNED((uintptr_t)addr, ARCH_SLAB_MINALIGN));
	held[slot].addr = addr;
	held[slot].size = size;
	held[slot].cache = cache;
	memset(addr, fill_of(slot), size);
}

static void give(unsigned int slot)
{
	u8 *addr = held[slot].addr;

	for (size_t i = 0; i < held[slot].size; i++)
		if (addr[i] != fill_of(slot))
			fuzz_fail("slot %u, byte %zu: %02x", slot, i, addr[i]);
	held[slot].addr = NULL;
	if (held[slot].cache)
		kmem_cache_free(held[slot].cache, addr);
	else
		kfree(addr);
}

static void resize(unsigned int slot, size_t size)
{
	size_t kept = min(size, held[slot].size);
	u8 *addr = krealloc(held[slot].addr, size, GFP_KERNEL | __GFP_NOWARN);

	if (!addr)
		return;
	for (size_t i = 0; i < kept; i++)
		fuzz_assert(addr[i] == fill_of(slot));
	fuzz_assert(ksize(addr) >= size);
	hold(slot, addr, size, NULL);
}

static void make_cache(struct input *in, unsigned int n)
{
	static const char *const names[NR_CACHES] = {
		"fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3",
	};
	static const unsigned long flags[] = {
		0, SLAB_HWCACHE_ALIGN, SLAB_RECLAIM_ACCOUNT,
		SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER,
	};
	size_t size = 1 + take16(in) % 5000;

	if (caches[n])
		return;
	caches[n] = kmem_cache_create(names[n], size,
				      take(in) % 4 ? 0 : 8UL << take(in) % 6,
				      flags[take(in) % ARRAY_SIZE(flags)],
				      NULL);
}

static void drop_cache(unsigned int n)
{
	for (unsigned int slot = 0; slot < MAX_HELD; slot++)
		if (held[slot].addr && held[slot].cache &&
		    held[slot].cache == caches[n])
			return;
	for (unsigned int other = 0; other < NR_CACHES; other++)
		if (other != n && caches[other] == caches[n])
			return;			/* merged */
	kmem_cache_destroy(caches[n]);
	caches[n] = NULL;
}

static void one_operation(struct input *in)
{
	unsigned int op = take(in), slot = take(in) % MAX_HELD;
	unsigned int n = op / 16 % NR_CACHES;
	size_t size = 1 + take16(in) % (op & 0x80 ? 30000 : 700);

	host_set_cpu(slot % nr_cpu_ids);
	if (op % 16 == 0)
		make_cache(in, n);
	else if (op % 16 == 1 && caches[n])
		drop_cache(n);
	else if (op % 16 == 2 && caches[n])
		kmem_cache_shrink(caches[n]);
	else if (held[slot].addr && !held[slot].cache && op % 16 == 3)
		resize(slot, size);
	else if (held[slot].addr)
		give(slot);
	else if (op % 2 && caches[n])
		hold(slot, kmem_cache_alloc(caches[n],
					    GFP_KERNEL | __GFP_NOWARN),
		     kmem_cache_size(caches[n]), caches[n]);
	else
		hold(slot, kmalloc(size, GFP_KERNEL | __GFP_NOWARN), size,
		     NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, data + size };
	unsigned long before;

	memset(held, 0, sizeof(held));
	memset(caches, 0, sizeof(caches));
	fuzz_boot(&in, BLOCKS);
	fuzz_boot_all(&in);
	before = fuzz_pages_left();
	for (unsigned int n = 0; more(&in); n++) {
		one_operation(&in);
		if (n % 16 == 0)
			fuzz_sound(slab_check());
	}
	for (unsigned int slot = 0; slot < MAX_HELD; slot++)
		if (held[slot].addr)
			give(slot);
	for (unsigned int n = 0; n < NR_CACHES; n++)
		if (caches[n])
			drop_cache(n);
	fuzz_sound(slab_check());
	fuzz_sound(node_check());
	fuzz_nothing_lost(before);
	return 0;
}
