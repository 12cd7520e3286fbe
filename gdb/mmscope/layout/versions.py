# SPDX-License-Identifier: GPL-2.0-or-later
"""THE version table: how each thing that is read is spelled, newest spelling first.

A spelling is picked because the symbols have it, never by a release number: distributions backport.
The note says since when mainline has it. Paths go through nested structs with dots.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Spelling:
    """One way to write a member or a variable."""

    path: str
    since: str


def _always(path: str) -> tuple[Spelling, ...]:
    return (Spelling(path, "v2.6"),)


FIELDS: dict[str, tuple[Spelling, ...]] = {
    "list_head.next": _always("next"),
    "list_head.prev": _always("prev"),

    "page.flags": (Spelling("flags.f", "v6.18"), Spelling("flags", "v2.6")),
    "page.mapping": _always("mapping"),
    "page.index": (Spelling("__folio_index", "v6.16"), Spelling("index", "v2.6")),
    "page.private": _always("private"),
    "page.refcount": (Spelling("_refcount.counter", "v4.7"), Spelling("_count.counter", "v2.6")),
    "page.mapcount": _always("_mapcount.counter"),
    "page.page_type": (Spelling("page_type", "v4.18"),),
    "page.buddy_list": (Spelling("buddy_list", "v5.19"), Spelling("lru", "v2.6")),
    "page.pcp_list": (Spelling("pcp_list", "v5.19"), Spelling("lru", "v2.6")),
    "page.compound_head": (Spelling("compound_head", "v4.4"),),
    "page.compound_order": (Spelling("compound_order", "v4.0"),),       # of the second page of the block
    "page.slab_cache": (Spelling("slab_cache", "v3.10, until v5.17"),),
    "page.freelist": (Spelling("freelist", "v2.6.22, until v5.17"),),
    "page.inuse": (Spelling("inuse", "v2.6.22, until v5.17"),),
    "page.objects": (Spelling("objects", "v2.6.27, until v5.17"),),
    "page.frozen": (Spelling("frozen", "v3.1, until v5.17"),),
    "page.slab_list": (Spelling("slab_list", "v5.3, until v5.17"), Spelling("lru", "v2.6.22")),
    "page.slab_next": (Spelling("next", "v3.2, until v5.17"),),         # the next one on a CPU's list
    "page.slabs": (Spelling("pages", "v3.2, until v5.17"),),            # how many follow on that list, this one too

    "slab.slab_cache": (Spelling("slab_cache", "v5.17"),),              # struct slab lies over struct page
    "slab.freelist": (Spelling("freelist", "v5.17"),),
    "slab.inuse": (Spelling("inuse", "v5.17"),),
    "slab.objects": (Spelling("objects", "v5.17"),),
    "slab.frozen": (Spelling("frozen", "v5.17"),),
    "slab.slab_list": (Spelling("slab_list", "v5.17"),),
    "slab.slab_next": (Spelling("next", "v5.17, until v7.0"),),
    "slab.slabs": (Spelling("slabs", "v5.17, until v7.0"),),

    "kmem_cache.cpu_slab": (Spelling("cpu_slab", "v2.6.22, until v7.0"),),
    "kmem_cache.cpu_sheaves": (Spelling("cpu_sheaves", "v6.18"),),
    "kmem_cache.sheaf_capacity": (Spelling("sheaf_capacity", "v6.18"),),
    "kmem_cache.flags": _always("flags"),
    "kmem_cache.min_partial": _always("min_partial"),
    "kmem_cache.size": _always("size"),
    "kmem_cache.object_size": (Spelling("object_size", "v3.6"), Spelling("objsize", "v2.6.22")),
    "kmem_cache.offset": _always("offset"),
    "kmem_cache.cpu_partial": (Spelling("cpu_partial", "v3.2, until v7.0"),),
    "kmem_cache.oo": (Spelling("oo.x", "v2.6.27"),),
    "kmem_cache.min": (Spelling("min.x", "v2.6.27"),),
    "kmem_cache.refcount": _always("refcount"),
    "kmem_cache.inuse": _always("inuse"),
    "kmem_cache.align": _always("align"),
    "kmem_cache.red_left_pad": (Spelling("red_left_pad", "v4.6"),),
    "kmem_cache.random": (Spelling("random", "v4.14, with hardened freelists"),),
    "kmem_cache.name": _always("name"),
    "kmem_cache.list": _always("list"),
    "kmem_cache.node": (Spelling("node", "v2.6.22, until v7.2"),),
    "kmem_cache.per_node": (Spelling("per_node", "v7.2"),),
    "kmem_cache_per_node_ptrs.node": (Spelling("node", "v7.2"),),
    "kmem_cache_per_node_ptrs.barn": (Spelling("barn", "v7.2"),),
    "kmem_cache_cpu.freelist": _always("freelist"),
    "kmem_cache_cpu.slab": (Spelling("slab", "v5.17"), Spelling("page", "v2.6.22")),
    "kmem_cache_cpu.partial": (Spelling("partial", "v3.2"),),
    "kmem_cache_node.nr_partial": _always("nr_partial"),
    "kmem_cache_node.partial": _always("partial"),
    "kmem_cache_node.full": (Spelling("full", "v2.6.22, with SLUB_DEBUG"),),
    "kmem_cache_node.nr_slabs": (Spelling("nr_slabs", "v2.6.22, with SLUB_DEBUG"),),
    "kmem_cache_node.total_objects": (Spelling("total_objects", "v2.6.27, with SLUB_DEBUG"),),
    "slub_percpu_sheaves.main": (Spelling("main", "v6.18"),),
    "slub_percpu_sheaves.spare": (Spelling("spare", "v6.18"),),
    "slub_percpu_sheaves.rcu_free": (Spelling("rcu_free", "v6.18"),),
    "slab_sheaf.size": (Spelling("size", "v6.18"),),
    "slab_sheaf.objects": (Spelling("objects", "v6.18"),),
    "slab_sheaf.barn_list": (Spelling("barn_list", "v6.18"),),
    "node_barn.sheaves_full": (Spelling("sheaves_full", "v6.18"),),
    "node_barn.nr_full": (Spelling("nr_full", "v6.18"),),
    "folio._flags_1": (Spelling("_flags_1.f", "v6.18"), Spelling("_flags_1", "v6.6")),     # bits 0 to 7: the order

    "zone.name": _always("name"),
    "zone.zone_start_pfn": _always("zone_start_pfn"),
    "zone.spanned_pages": _always("spanned_pages"),
    "zone.present_pages": _always("present_pages"),
    "zone.managed_pages": (Spelling("managed_pages.counter", "v5.0"), Spelling("managed_pages", "v3.8")),
    "zone.cma_pages": (Spelling("cma_pages", "v5.11"),),
    "zone.watermark": (Spelling("_watermark", "v5.0"), Spelling("watermark", "v2.6.31")),
    "zone.lowmem_reserve": _always("lowmem_reserve"),
    "zone.free_area": _always("free_area"),
    "zone.vm_stat": _always("vm_stat"),
    "zone.pageblock_flags": _always("pageblock_flags"),
    "zone.pageset": (Spelling("per_cpu_pageset", "v5.14"), Spelling("pageset", "v2.6")),
    "zone.lock": (Spelling("lock.locked", "the mmscope guest"),),
    "zone.lock_owner": (Spelling("lock.rlock.raw_lock.tickets.owner", "v3.6, ARM"),),
    "zone.lock_next": (Spelling("lock.rlock.raw_lock.tickets.next", "v3.6, ARM"),),
    "free_area.free_list": _always("free_list"),
    "free_area.nr_free": _always("nr_free"),
    "per_cpu_pageset.pcp": (Spelling("pcp", "v2.6, until v5.14"),),
    "per_cpu_pages.count": _always("count"),
    "per_cpu_pages.high": _always("high"),
    "per_cpu_pages.batch": _always("batch"),
    "per_cpu_pages.lists": _always("lists"),

    "pglist_data.node_zones": _always("node_zones"),
    "pglist_data.node_mem_map": _always("node_mem_map"),
    "pglist_data.node_start_pfn": _always("node_start_pfn"),
    "pglist_data.node_spanned_pages": _always("node_spanned_pages"),
    "pglist_data.node_id": _always("node_id"),
    "zonelist._zonerefs": _always("_zonerefs"),

    "mem_section.section_mem_map": _always("section_mem_map"),
    "mem_section.usage": (Spelling("usage", "v5.3"),),
    "mem_section_usage.subsection_map": (Spelling("subsection_map", "v5.3"),),
    "mem_section_usage.pageblock_flags": (Spelling("pageblock_flags", "v5.3"),),

    "memblock.bottom_up": _always("bottom_up"),
    "memblock.current_limit": _always("current_limit"),
    "memblock.memory": _always("memory"),
    "memblock.reserved": _always("reserved"),
    "memblock_type.cnt": _always("cnt"),
    "memblock_type.max": _always("max"),
    "memblock_type.total_size": _always("total_size"),
    "memblock_type.regions": _always("regions"),
    "memblock_region.base": _always("base"),
    "memblock_region.size": _always("size"),
    "memblock_region.flags": (Spelling("flags", "v3.14"),),
    "memblock_region.nid": (Spelling("nid", "with NUMA"),),

    "cma.base_pfn": (Spelling("ranges.base_pfn", "v6.15"), Spelling("base_pfn", "v3.17")),
    "cma.count": _always("count"),
    "cma.name": (Spelling("name", "v4.10"),),
}

VARIABLES: dict[str, tuple[Spelling, ...]] = {
    "banner": (Spelling("mmscope_banner", "the mmscope guest"), Spelling("linux_banner", "v2.6")),
    "node": (Spelling("node_data", "with NUMA"), Spelling("contig_page_data", "v2.6")),
    "totalram_pages": (Spelling("_totalram_pages.counter", "v5.0"), Spelling("totalram_pages", "v2.6")),
    "totalhigh_pages": (Spelling("_totalhigh_pages.counter", "v5.0"), Spelling("totalhigh_pages", "v2.6")),
    "max_pfn": _always("max_pfn"),
    "max_low_pfn": _always("max_low_pfn"),
    "min_low_pfn": _always("min_low_pfn"),
    "mem_map": _always("mem_map"),
    "mem_section": _always("mem_section"),
    "high_memory": _always("high_memory"),
    "memblock": _always("memblock"),
    "system_state": _always("system_state"),
    "slab_state": _always("slab_state"),
    "slab_caches": _always("slab_caches"),
    "nr_node_ids": (Spelling("nr_node_ids", "v2.6.21, with NUMA"),),
    "estimate of free objects": (Spelling("count_partial_free_approx", "v6.10, a function"),),
    "migratetype_names": _always("migratetype_names"),
    "swapper_pg_dir": (Spelling("swapper_pg_dir", "v2.6"), Spelling("init_top_pgt", "v4.12, x86-64")),
    "empty_zero_page": _always("empty_zero_page"),
    "hstates": (Spelling("hstates", "with huge pages"),),
    "last section": (Spelling("__highest_present_section_nr", "v4.13"),),
    "memstart_addr": (Spelling("memstart_addr", "arm64"),),
    "kimage_voffset": (Spelling("kimage_voffset", "v4.6, arm64"),),
    "vabits_actual": (Spelling("vabits_actual", "v5.4, until v6.8, arm64"),),
    "pgdir_shift": (Spelling("pgdir_shift", "v4.17, x86-64"),),
    "sme_me_mask": (Spelling("sme_me_mask", "v4.14, x86-64"),),
    "page_offset_base": (Spelling("page_offset_base", "v4.8, x86-64"),),
    "phys_base": (Spelling("phys_base", "x86-64"),),
    "kernel text": _always("_text"),
    "kernel start": _always("_stext"),
    "kernel end": _always("_end"),
    "init start": _always("__init_begin"),
    "init end": _always("__init_end"),
    "device tree": _always("initial_boot_params"),
    "device tree phys": (Spelling("__atags_pointer", "ARM"),),
    "initrd_start": _always("initrd_start"),
    "initrd_end": _always("initrd_end"),
    "phys_initrd_start": (Spelling("phys_initrd_start", "v5.0"),),
    "phys_initrd_size": (Spelling("phys_initrd_size", "v5.0"),),
    "cma_areas": _always("cma_areas"),
    "cma_area_count": _always("cma_area_count"),
    "nr_cpu_ids": _always("nr_cpu_ids"),
    "per-CPU offsets": (Spelling("__per_cpu_offset", "with SMP"),),
    "percpu base": (Spelling("pcpu_base_addr", "v2.6.30"),),
    "percpu unit offsets": (Spelling("pcpu_unit_offsets", "v2.6.32"),),
    "percpu unit size": (Spelling("pcpu_unit_size", "v2.6.30"),),
    "percpu first chunk end": (Spelling("pcpu_first_chunk_limit", "the mmscope guest"),),
    "page_ext table": (Spelling("page_ext_table", "the mmscope guest"),),
    "page_ext start": (Spelling("page_ext_start_pfn", "the mmscope guest"),),
    "page_ext end": (Spelling("page_ext_end_pfn", "the mmscope guest"),),
    "arm phys pfn offset": (Spelling("__pv_phys_pfn_offset", "v3.13"),),
}


@dataclass(frozen=True)
class BuddyMark:
    """How the first page of a free block is marked: field & mask == value."""

    field: str
    mask: int
    value: int
    since: str
    enumerator: Optional[str] = None    # of enum pagetype, that must be there and be value >> shift
    shift: int = 0


# Source: PageBuddy() in include/linux/page-flags.h of the release named.
BUDDY_MARKS = (
    BuddyMark("page.page_type", 0xFF000000, 0xF0000000, "v6.12", "PGTY_buddy", 24),
    BuddyMark("page.page_type", 0xF0000080, 0xF0000000, "v4.18"),
    BuddyMark("page.mapcount", 0xFFFFFFFF, 0xFFFFFF80, "v2.6.38"),
)


@dataclass(frozen=True)
class SlabFlag:
    """A bit of kmem_cache->flags where the symbols do not name them: macros, until they became enum _slab_flag_bits."""

    name: str
    bit: int
    since: str      # the bit has had this meaning from here up to v6.9


# Source: include/linux/slab.h of the releases named. Only bits whose meaning did not change on the way.
SLAB_FLAGS = (
    SlabFlag("CONSISTENCY_CHECKS", 0x00000100, "v2.6.22"),
    SlabFlag("RED_ZONE", 0x00000400, "v2.6.22"),
    SlabFlag("POISON", 0x00000800, "v2.6.22"),
    SlabFlag("HWCACHE_ALIGN", 0x00002000, "v2.6.22"),
    SlabFlag("CACHE_DMA", 0x00004000, "v2.6.22"),
    SlabFlag("STORE_USER", 0x00010000, "v2.6.22"),
    SlabFlag("RECLAIM_ACCOUNT", 0x00020000, "v2.6.22"),
    SlabFlag("PANIC", 0x00040000, "v2.6.22"),
    SlabFlag("TYPESAFE_BY_RCU", 0x00080000, "v2.6.22"),
    SlabFlag("MEM_SPREAD", 0x00100000, "v2.6.24"),
    SlabFlag("TRACE", 0x00200000, "v2.6.22"),
    SlabFlag("NOLEAKTRACE", 0x00800000, "v2.6.31"),
    SlabFlag("ACCOUNT", 0x04000000, "v4.5"),
)
