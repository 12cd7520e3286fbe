# SPDX-License-Identifier: GPL-2.0-or-later
"""What usually breaks each invariant. grep -rn BUDDY-3 finds what it says, who checks it and who breaks it in a test.

One row an ID, for the reader of mm check who sees it for the first time: where to look next. A row for every ID that
a Problem is made with; a Problem with another ID cannot be made.
"""
from __future__ import annotations

_LINK = "a page on this list was written to after it was freed, or freed twice"
_STRAY = "a stray write, or a write behind the end of an object that lies before it"
_COUNT = "an update without the lock, or a stray write"

CAUSES: dict[str, str] = {
    "LIST-1": _LINK,
    "LIST-2": _LINK + ", so that the list was closed around a part of itself",
    "LIST-3": "list_add or list_del without the lock, or a write to a page that is free",
    "KMAP-1": "a kunmap() too many, or " + _STRAY,
    "KMAP-2": "a page table that was overwritten, or page_address_maps was",
    "KMAP-3": "kunmap_atomic() in another order than kmap_atomic(), or left out",
    "MEMBLOCK-1": "a board file or firmware table that was put into memblock by hand, or " + _STRAY,
    "MEMBLOCK-2": "regions that were changed without memblock's own functions",
    "MEMBLOCK-3": "regions that were changed without memblock's own functions",
    "MEMBLOCK-4": "the array was overrun before it could grow, or " + _STRAY,
    "MEMBLOCK-5": "a memory size of the firmware that is wrong, or does not fit in phys_addr_t",
    "ZONE-1": "pages that were handed over twice, or a wrong hole in memblock.memory",
    "BUDDY-1": _COUNT,
    "BUDDY-2": "the page was taken, or is used, while it is on the list: a double free, or use after free",
    "BUDDY-3": "a block freed with an order that is not its own",
    "BUDDY-4": "a block freed to another zone: page->flags was overwritten, or the zones' limits are wrong",
    "BUDDY-5": "a block freed around __free_one_page, or a mark or order that was overwritten when its buddy was freed",
    "PAGE-1": "page->flags was overwritten: a stray write into mem_map",
    "PCP-1": _COUNT,
    "PERCPU-1": _STRAY,
    "PERCPU-2": _STRAY,
    "PERCPU-3": _COUNT,
    "PERCPU-4": _COUNT,
    "PERCPU-5": _COUNT,
    "PERCPU-6": _COUNT,
    "PERCPU-7": "an allocation out of a page that was given back",
    "PERCPU-8": _COUNT,
    "PGTABLE-1": "a page table that was overwritten, or freed while it was in use",
    "PGTABLE-2": "a page table that was overwritten",
    "PGTABLE-3": "a page table that was freed while an entry leads to it: walks go through whatever is there next",
    "RB-1": _STRAY,
    "RB-2": _STRAY,
    "RB-3": _STRAY,
    "SHEAF-1": _STRAY,
    "SHEAF-2": "an object freed to the wrong cache",
    "SHEAF-3": _COUNT,
    "SLUB-1": "use after free: the free pointer inside an object was overwritten",
    "SLUB-2": "a double free of an object",
    "SLUB-3": "a double free, or a free pointer that was overwritten: objects are lost",
    "SLUB-4": _COUNT,
    "SLUB-5": "a slab's struct page was overwritten, or its pages freed while it has objects",
    "SLUB-6": _STRAY,
    "SLUB-7": _COUNT,
    "SLUB-8": "c->tid was overwritten, or a CPU changed another one's part of a cache",
    "SLUB-9": _COUNT,
    "SLUB-10": _COUNT,
    "SLUB-11": "the cache itself was overwritten",
    "SLUB-12": "slab pages that were given back around free_slab, or a counter that was overwritten",
    "SLUB-13": "a module that went without kmem_cache_destroy, or " + _STRAY,
    "TREE-1": _STRAY,
    "TREE-2": _STRAY,
    "VMALLOC-1": "an area entered without vmap_area_lock, or " + _STRAY,
    "VMALLOC-2": _STRAY,
    "VMALLOC-3": _STRAY,
    "VMALLOC-4": "pages mapped or unmapped around vmalloc, or a page table or vm_struct that was overwritten",
    "VMALLOC-5": _COUNT,
    "VMAP-1": _COUNT,
    "VMAP-2": _COUNT,
    "VMAP-3": _STRAY,
    "VMAP-4": "a use of vm_map_ram's addresses after vm_unmap_ram, or a page table that was overwritten",
}
