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
    "page.compound_head": (Spelling("compound_info", "v7.1"), Spelling("compound_head", "v4.4")),
    "page.compound_order": (Spelling("compound_order", "v4.0"),),       # of the second page of the block
    "page.compound_mapcount": (Spelling("compound_mapcount.counter", "v4.5"),),     # of the second page
    "page.slab_cache": (Spelling("slab_cache", "v3.10"),),
    "slab.slab_cache": (Spelling("slab_cache", "v5.17"),),              # lies over struct page
    "folio._folio_order": (Spelling("_folio_order", "v5.18"),),         # lies over the second page
    "folio._entire_mapcount": (Spelling("_entire_mapcount.counter", "v6.2"),
                               Spelling("_compound_mapcount.counter", "v5.18")),
    "folio._flags_1": (Spelling("_flags_1.f", "v6.18"), Spelling("_flags_1", "v6.6")),     # bits 0 to 7: the order
    "kmem_cache.name": _always("name"),

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
    "zone.zonestats": (Spelling("per_cpu_zonestats", "v5.14"),),
    "zone.numa_event": (Spelling("vm_numa_event", "v5.14"), Spelling("vm_numa_stat", "v4.14, with NUMA")),
    "zone.boost": (Spelling("watermark_boost", "v5.0"),),
    "zone.highatomic": (Spelling("nr_reserved_highatomic", "v4.4"),),
    "zone.highatomic_free": (Spelling("nr_free_highatomic", "v6.13"),),
    "zone.vmemmap_tails": (Spelling("vmemmap_tails", "v7.1, where a huge page's struct pages are shared"),),
    "zone.lock": (Spelling("lock.rlock.raw_lock.val.counter", "v4.2, queued"),
                  Spelling("lock.locked", "the mmscope guest")),
    "zone.lock_owner": (Spelling("lock.rlock.raw_lock.tickets.owner", "v3.6, ARM"),),
    "zone.lock_next": (Spelling("lock.rlock.raw_lock.tickets.next", "v3.6, ARM"),),
    "free_area.free_list": _always("free_list"),
    "free_area.nr_free": _always("nr_free"),
    "per_cpu_pageset.pcp": (Spelling("pcp", "v2.6, until v5.14"),),
    "per_cpu_pageset.stat_threshold": (Spelling("stat_threshold", "v2.6, until v5.14"),),
    "per_cpu_pageset.numa_event": (Spelling("vm_numa_stat_diff", "v4.14, until v5.14"),),
    "per_cpu_zonestat.stat_threshold": (Spelling("stat_threshold", "v5.14"),),
    "per_cpu_zonestat.numa_event": (Spelling("vm_numa_event", "v5.14"),),
    "per_cpu_pages.count": _always("count"),
    "per_cpu_pages.high": _always("high"),
    "per_cpu_pages.batch": _always("batch"),
    "per_cpu_pages.high_min": (Spelling("high_min", "v6.7"),),
    "per_cpu_pages.high_max": (Spelling("high_max", "v6.7"),),
    "per_cpu_pages.free_factor": (Spelling("free_factor", "v5.14, until v6.7"),),
    "per_cpu_pages.alloc_factor": (Spelling("alloc_factor", "v6.7"),),
    "per_cpu_pages.free_count": (Spelling("free_count", "v6.7"),),
    "per_cpu_pages.flags": (Spelling("flags", "v6.7"),),
    "per_cpu_pages.expire": (Spelling("expire", "v5.14, with NUMA"),),
    "per_cpu_pages.lists": _always("lists"),

    "pglist_data.node_zones": _always("node_zones"),
    "pglist_data.node_mem_map": _always("node_mem_map"),
    "pglist_data.node_start_pfn": _always("node_start_pfn"),
    "pglist_data.node_spanned_pages": _always("node_spanned_pages"),
    "pglist_data.node_id": _always("node_id"),
    "pglist_data.vm_stat": (Spelling("vm_stat", "v4.8"),),
    "pglist_data.kswapd_failures": (Spelling("kswapd_failures", "v4.12"),),
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
    "node_states": (Spelling("node_states", "v2.6.24"),),
    "online CPUs": (Spelling("__cpu_online_mask", "v4.5"),),
    "vmstat_text": _always("vmstat_text"),
    "max_pfn": _always("max_pfn"),
    "max_low_pfn": _always("max_low_pfn"),
    "min_low_pfn": _always("min_low_pfn"),
    "mem_map": _always("mem_map"),
    "mem_section": _always("mem_section"),
    "vmemmap": (Spelling("vmemmap_populate", "v2.6.24"),),              # a function that only SPARSEMEM_VMEMMAP has
    "memblock in use": (Spelling("memblock_memory", "v5.9"),),
    "high_memory": _always("high_memory"),
    "memblock": _always("memblock"),
    "system_state": _always("system_state"),
    "slab_state": _always("slab_state"),
    "migratetype_names": _always("migratetype_names"),
    "swapper_pg_dir": (Spelling("swapper_pg_dir", "v2.6"), Spelling("init_top_pgt", "v4.12, x86-64")),
    "empty_zero_page": _always("empty_zero_page"),
    "hstates": (Spelling("hstates", "with huge pages"),),
    "last section": (Spelling("__highest_present_section_nr", "v4.13"),),
    "memstart_addr": (Spelling("memstart_addr", "arm64"),),
    "kimage_voffset": (Spelling("kimage_voffset", "v4.6, arm64"),),
    "vectors": (Spelling("vectors", "arm64"),),
    "user pgd": (Spelling("tramp_pg_dir", "v4.16, arm64"),),
    "reserved pgd": (Spelling("reserved_pg_dir", "v5.11, arm64"),),
    "early pgd": (Spelling("init_pg_dir", "v4.20, arm64"),),
    "vabits_actual": (Spelling("vabits_actual", "v5.4, until v6.8, arm64"),),
    "pgdir_shift": (Spelling("pgdir_shift", "v4.17, x86-64"),),
    "sme_me_mask": (Spelling("sme_me_mask", "v4.14, x86-64"),),
    "page_offset_base": (Spelling("page_offset_base", "v4.8, x86-64"),),
    "phys_base": (Spelling("phys_base", "x86-64"),),
    "kernel text": _always("_text"),
    "constants start": (Spelling("__start_rodata", "v2.6"),),
    "constants end": (Spelling("__end_rodata", "v2.6"),),
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
