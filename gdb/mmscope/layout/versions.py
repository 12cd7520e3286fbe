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
    "llist_head.first": _always("first"),
    "rb_root.rb_node": _always("rb_node"),
    "rb_node.parent_color": _always("__rb_parent_color"),
    "rb_node.rb_left": _always("rb_left"),
    "rb_node.rb_right": _always("rb_right"),
    "xarray.xa_head": (Spelling("xa_head", "v4.20"),),
    "xa_node.shift": (Spelling("shift", "v4.20"),),
    "xa_node.slots": (Spelling("slots", "v4.20"),),

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
    "page.compound_dtor": (Spelling("compound_dtor", "v3.19, until v6.2"),),    # of the second page
    "folio._folio_dtor": (Spelling("_folio_dtor", "v5.18, until v6.5"),),
    "page.compound_mapcount": (Spelling("compound_mapcount.counter", "v4.5"),),     # of the second page
    "page.mem_cgroup": (Spelling("mem_cgroup", "v3.19, until v5.11"),),
    "folio._folio_order": (Spelling("_folio_order", "v5.18"),),         # lies over the second page
    "folio._entire_mapcount": (Spelling("_entire_mapcount.counter", "v6.2"),
                               Spelling("_compound_mapcount.counter", "v5.18")),
    "folio._flags_1": (Spelling("_flags_1.f", "v6.18"), Spelling("_flags_1", "v6.6")),     # bits 0 to 7: the order
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
    "kmem_cache_cpu.tid": (Spelling("tid", "v2.6.38, until v7.0"),),
    "kmem_cache_cpu.slab": (Spelling("slab", "v5.17"), Spelling("page", "v2.6.22")),
    "kmem_cache_cpu.partial": (Spelling("partial", "v3.2"),),
    "kmem_cache_node.lock": (Spelling("list_lock.rlock.raw_lock.val.counter", "v4.2"),
                             Spelling("list_lock.locked", "mmscope guest")),
    "kmem_cache_node.lock_owner": (Spelling("list_lock.rlock.raw_lock.tickets.owner", "v3.6, ARM"),),
    "kmem_cache_node.lock_next": (Spelling("list_lock.rlock.raw_lock.tickets.next", "v3.6, ARM"),),
    "kmem_cache_node.nr_partial": _always("nr_partial"),
    "kmem_cache_node.partial": _always("partial"),
    "kmem_cache_node.full": (Spelling("full", "v2.6.22"),),
    "kmem_cache_node.nr_slabs": (Spelling("nr_slabs", "v2.6.22"),),
    "kmem_cache_node.total_objects": (Spelling("total_objects", "v2.6.27"),),
    "slub_percpu_sheaves.main": (Spelling("main", "v6.18"),),
    "slub_percpu_sheaves.spare": (Spelling("spare", "v6.18"),),
    "slub_percpu_sheaves.rcu_free": (Spelling("rcu_free", "v6.18"),),
    "folio_batch.nr": (Spelling("nr", "v5.16"),),
    "folio_batch.folios": (Spelling("folios", "v5.16"),),
    "slab_sheaf.size": (Spelling("size", "v6.18"),),
    "slab_sheaf.objects": (Spelling("objects", "v6.18"),),
    "slab_sheaf.barn_list": (Spelling("barn_list", "v6.18"),),
    "node_barn.sheaves_full": (Spelling("sheaves_full", "v6.18"),),
    "node_barn.nr_full": (Spelling("nr_full", "v6.18"),),

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
    "zone.zone_pgdat": _always("zone_pgdat"),
    "zone.pageblock_flags": _always("pageblock_flags"),
    "zone.pageset": (Spelling("per_cpu_pageset", "v5.14"), Spelling("pageset", "v2.6")),
    "zone.zonestats": (Spelling("per_cpu_zonestats", "v5.14"),),
    "zone.numa_event": (Spelling("vm_numa_event", "v5.14"), Spelling("vm_numa_stat", "v4.14, with NUMA")),
    "zone.boost": (Spelling("watermark_boost", "v5.0"),),
    "zone.highatomic": (Spelling("nr_reserved_highatomic", "v4.4"),),
    "zone.highatomic_free": (Spelling("nr_free_highatomic", "v6.13"),),
    "zone.isolated_blocks": (Spelling("nr_isolate_pageblock", "v3.8"),),
    "zone.vmemmap_tails": (Spelling("vmemmap_tails", "v7.1"),),
    "zone.lock": (Spelling("lock.rlock.raw_lock.val.counter", "v4.2, queued"),
                  Spelling("lock.locked", "mmscope guest")),
    "zone.lock_owner": (Spelling("lock.rlock.raw_lock.tickets.owner", "v3.6, ARM"),),
    "zone.lock_next": (Spelling("lock.rlock.raw_lock.tickets.next", "v3.6, ARM"),),
    "free_area.free_list": _always("free_list"),
    "free_area.nr_free": _always("nr_free"),
    "per_cpu_pageset.pcp": (Spelling("pcp", "v2.6, until v5.14"),),
    "per_cpu_pageset.stat_threshold": (Spelling("stat_threshold", "v2.6, until v5.14"),),
    "per_cpu_pageset.numa_event": (Spelling("vm_numa_stat_diff", "v4.14, until v5.14"),),
    "per_cpu_pageset.vm_stat_diff": (Spelling("vm_stat_diff", "v2.6.19, until v5.14"),),
    "per_cpu_zonestat.vm_stat_diff": (Spelling("vm_stat_diff", "v5.14"),),
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
    "per_cpu_pages.lock": (Spelling("lock.rlock.raw_lock.val.counter", "v5.19, queued"),),
    "per_cpu_pages.lock_owner": (Spelling("lock.rlock.raw_lock.tickets.owner", "v5.19, ARM"),),
    "per_cpu_pages.lock_next": (Spelling("lock.rlock.raw_lock.tickets.next", "v5.19, ARM"),),

    "pglist_data.node_zones": _always("node_zones"),
    "pglist_data.node_mem_map": _always("node_mem_map"),
    "pglist_data.node_start_pfn": _always("node_start_pfn"),
    "pglist_data.node_spanned_pages": _always("node_spanned_pages"),
    "pglist_data.node_present_pages": _always("node_present_pages"),
    "pglist_data.node_id": _always("node_id"),
    "pglist_data.first_deferred_pfn": (Spelling("first_deferred_pfn", "v4.2, with deferred struct pages"),),
    "pglist_data.vm_stat": (Spelling("vm_stat", "v4.8"),),
    "pglist_data.per_cpu_nodestats": (Spelling("per_cpu_nodestats", "v4.8"),),
    "per_cpu_nodestat.stat_threshold": (Spelling("stat_threshold", "v4.8"),),
    "per_cpu_nodestat.vm_node_stat_diff": (Spelling("vm_node_stat_diff", "v4.8"),),
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

    # Beside struct page, in the guest: what Linux has there is not in a struct of one name and form.
    "page_ext.flags": (Spelling("flags", "v3.19"),),
    "page_ext.order": (Spelling("order", "mmscope guest"),),
    "page_ext.gfp_mask": (Spelling("gfp_mask", "mmscope guest"),),
    "page_ext.ip": (Spelling("ip", "mmscope guest"),),
    "page_ext.nr_entries": (Spelling("nr_entries", "mmscope guest"),),
    "page_ext.trace": (Spelling("trace", "mmscope guest"),),

    "page_address_map.page": _always("page"),

    "cma.base_pfn": (Spelling("ranges.base_pfn", "v6.15"), Spelling("base_pfn", "v3.17")),
    "cma.count": _always("count"),
    "cma.nranges": (Spelling("nranges", "v6.15"),),
    "cma.name": (Spelling("name", "v4.10"),),
    "cma.bitmap": (Spelling("ranges.bitmap", "v6.15"), Spelling("bitmap", "v3.17")),
    "cma.flags": (Spelling("flags", "v6.15"),),
    "cma.active": (Spelling("active", "mmscope guest"),),
    "cma.order_per_bit": _always("order_per_bit"),

    "resource.start": _always("start"),
    "resource.end": _always("end"),
    "resource.name": _always("name"),
    "resource.sibling": _always("sibling"),
    "resource.child": _always("child"),

    "task_struct.tasks": _always("tasks"),
    "task_struct.stack": _always("stack"),
    "task_struct.mm": _always("mm"),
    "task_struct.signal": _always("signal"),
    "task_struct.thread_node": (Spelling("thread_node", "v3.14"),),
    "signal_struct.thread_head": (Spelling("thread_head", "v3.14"),),
    "mm_struct.pgd": _always("pgd"),
    "task_struct.comm": _always("comm"),
    "task_struct.pid": _always("pid"),
    "rq.idle": _always("idle"),

    "address_space.host": _always("host"),
    "inode.i_ino": _always("i_ino"),
    "inode.i_sb": _always("i_sb"),
    "super_block.s_id": _always("s_id"),

    "vmap_area.va_start": _always("va_start"),
    "vmap_area.va_end": _always("va_end"),
    "vmap_area.flags": (Spelling("flags", "v6.3, to v5.2"),),
    "vmap_area.rb_node": _always("rb_node"),
    "vmap_area.list": _always("list"),
    "vmap_area.purge_list": (Spelling("purge_list", "to v5.12"),),
    "vmap_area.subtree_max_size": (Spelling("subtree_max_size", "v5.2"),),
    "vmap_area.vm": _always("vm"),
    "vm_struct.next": _always("next"),
    "vm_struct.addr": _always("addr"),
    "vm_struct.size": _always("size"),
    "vm_struct.flags": _always("flags"),
    "vm_struct.pages": _always("pages"),
    "vm_struct.page_order": (Spelling("page_order", "v5.13"),),
    "vm_struct.nr_pages": _always("nr_pages"),
    "vm_struct.phys_addr": _always("phys_addr"),
    "vm_struct.caller": _always("caller"),
    "vm_struct.requested_size": (Spelling("requested_size", "v6.14"),),
    "vmap_node.pool": (Spelling("pool", "v6.9"),),
    "vmap_node.busy": (Spelling("busy", "v6.9"),),
    "vmap_node.lazy": (Spelling("lazy", "v6.9"),),
    "vmap_node.purge_list": (Spelling("purge_list", "v6.9"),),
    "vmap_pool.head": (Spelling("head", "v6.9"),),
    "rb_list.root": (Spelling("root", "v6.9"),),
    "rb_list.head": (Spelling("head", "v6.9"),),
    "vmap_block.va": _always("va"),
    "vmap_block.free": _always("free"),
    "vmap_block.dirty": _always("dirty"),
    "vmap_block.free_list": _always("free_list"),
    "vmap_block.cpu": (Spelling("cpu", "v6.6"),),
    "vmap_block_queue.free": _always("free"),
    "vmap_block_queue.vmap_blocks": (Spelling("vmap_blocks", "v6.3"),),

    "pcpu_chunk.list": _always("list"),
    "pcpu_chunk.free_bytes": (Spelling("free_bytes", "v4.14"), Spelling("free_size", "v2.6.30")),
    "pcpu_chunk.contig_bits": (Spelling("chunk_md.contig_hint", "v5.2"), Spelling("contig_bits", "v4.14")),
    "pcpu_chunk.contig_bytes": (Spelling("contig_hint", "to v4.13"),),
    "pcpu_chunk.base_addr": _always("base_addr"),
    "pcpu_chunk.alloc_map": (Spelling("alloc_map", "v4.14"),),
    "pcpu_chunk.bound_map": (Spelling("bound_map", "v4.14"),),
    "pcpu_chunk.map_used": (Spelling("map_used", "to v4.13"),),
    "pcpu_chunk.map_alloc": (Spelling("map_alloc", "to v4.13"),),
    "pcpu_chunk.map": (Spelling("map", "to v4.13"),),
    "pcpu_chunk.immutable": _always("immutable"),
    "pcpu_chunk.isolated": (Spelling("isolated", "v5.14"),),
    "pcpu_chunk.start_offset": (Spelling("start_offset", "v4.14"),),
    "pcpu_chunk.end_offset": (Spelling("end_offset", "v4.14"),),
    "pcpu_chunk.nr_pages": (Spelling("nr_pages", "v4.14"),),
    "pcpu_chunk.nr_populated": (Spelling("nr_populated", "v3.18"),),
    "pcpu_chunk.nr_empty_pop_pages": (Spelling("nr_empty_pop_pages", "v4.14"),),
    "pcpu_chunk.populated": _always("populated"),
}

VARIABLES: dict[str, tuple[Spelling, ...]] = {
    "banner": (Spelling("mmscope_banner", "mmscope guest"), Spelling("linux_banner", "v2.6")),
    "node": (Spelling("node_data", "with NUMA"), Spelling("contig_page_data", "v2.6")),
    "totalram_pages": (Spelling("_totalram_pages.counter", "v5.0"), Spelling("totalram_pages", "v2.6")),
    "totalhigh_pages": (Spelling("_totalhigh_pages.counter", "v5.0"), Spelling("totalhigh_pages", "v2.6")),
    "node_states": (Spelling("node_states", "v2.6.24"),),
    "online CPUs": (Spelling("__cpu_online_mask", "v4.5"),),
    "vmstat_text": _always("vmstat_text"),
    "zone counters": (Spelling("vm_zone_stat", "v4.8"),),               # sums over all zones, and all nodes
    "node counters": (Spelling("vm_node_stat", "v4.8"),),
    "lowmem ratio": (Spelling("sysctl_lowmem_reserve_ratio", "v2.6"),),
    "lowmem managed": (Spelling("lowmem_reserve_managed", "mmscope guest"),),
    "typed free lists": (Spelling("pageblock_isolate_and_move_free_pages", "v6.16"),      # functions
                         Spelling("move_freepages_block_isolate", "v6.10")),
    "max_pfn": _always("max_pfn"),
    "max_low_pfn": _always("max_low_pfn"),
    "min_low_pfn": _always("min_low_pfn"),
    "mem_map": _always("mem_map"),
    "mem_section": _always("mem_section"),
    "vmemmap": (Spelling("vmemmap_populate", "v2.6.24"),),              # a function that only SPARSEMEM_VMEMMAP has
    "memblock in use": (Spelling("memblock_memory", "v5.9"),),
    "high_memory": _always("high_memory"),
    "memblock": _always("memblock"),
    "memblock_trim_memory": (Spelling("memblock_trim_memory", "v3.5"),),
    "system_state": _always("system_state"),
    "slab_state": _always("slab_state"),
    "slab_caches": _always("slab_caches"),
    "nr_node_ids": (Spelling("nr_node_ids", "v2.6.21, with NUMA"),),
    "preemption": (Spelling("preempt_schedule", "v2.6, a function of a kernel that is preempted anywhere"),),
    "kfence pool": (Spelling("__kfence_pool", "v5.12, with KFENCE"),),
    "kfence coverage": (Spelling("alloc_covered", "v5.15, with KFENCE"),),
    "estimate of free objects": (Spelling("count_partial_free_approx", "v6.10, a function"),),
    "migratetype_names": _always("migratetype_names"),
    "swapper_pg_dir": (Spelling("swapper_pg_dir", "v2.6"), Spelling("init_top_pgt", "v4.12, x86-64")),
    "empty_zero_page": _always("empty_zero_page"),
    "zero_pfn": (Spelling("zero_page_pfn", "v7.1"), Spelling("zero_pfn", "v2.6.29")),
    "kmap counts": (Spelling("pkmap_count", "v2.6, with HighMem"),),
    "kmap table": (Spelling("pkmap_page_table", "v2.6, with HighMem"),),
    "kmap pages": (Spelling("page_address_maps", "v2.6, with HighMem"),),
    "kmap depth": (Spelling("__kmap_atomic_idx", "v2.6.37, until v5.11, with HighMem"),),
    "hstates": (Spelling("hstates", "with huge pages"),),
    "last section": (Spelling("__highest_present_section_nr", "v4.13"),),
    "memstart_addr": (Spelling("memstart_addr", "arm64"),),
    "kimage_voffset": (Spelling("kimage_voffset", "v4.6, arm64"),),
    "iomem_resource": _always("iomem_resource"),
    "init_task": _always("init_task"),
    "init stack": (Spelling("init_thread_union", "v2.6"),),
    "init stack start": (Spelling("__start_init_stack", "v6.8"), Spelling("__start_init_task", "v4.16")),
    "init stack end": (Spelling("__end_init_stack", "v6.8"), Spelling("__end_init_task", "v4.16")),
    "run queues": _always("runqueues"),
    "text start": _always("_text"),
    "text end": _always("_etext"),
    "data start": _always("_sdata"),
    "data end": _always("_edata"),
    "bss start": _always("__bss_start"),
    "bss end": _always("__bss_stop"),
    "free_initmem": (Spelling("free_initmem", "v2.6, a function"),),
    "free_initrd_mem": (Spelling("free_initrd_mem", "v2.6, a function"),),
    "free_highpages": (Spelling("free_highpages", "v3.11, ARM, a function"),),
    "memblock_free_all": (Spelling("memblock_free_all", "v4.20, a function"),),
    "free_all_bootmem": (Spelling("free_all_bootmem", "v2.6, until v4.20, a function"),),
    "notes": (Spelling("__start_notes", "v2.6.23"),),
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
    "swiotlb start": (Spelling("io_tlb_default_mem.defpool.start", "v6.6"),
                      Spelling("io_tlb_default_mem.start", "v5.15"), Spelling("io_tlb_start", "until v5.13")),
    "swiotlb end": (Spelling("io_tlb_default_mem.defpool.end", "v6.6"),
                    Spelling("io_tlb_default_mem.end", "v5.15"), Spelling("io_tlb_end", "until v5.13")),
    "cma_areas": _always("cma_areas"),
    "cma_area_count": _always("cma_area_count"),
    "early pools": (Spelling("early_pools", "mmscope guest"),),
    "early pools used": (Spelling("early_pools_used", "mmscope guest"),),
    "nr_cpu_ids": _always("nr_cpu_ids"),
    "per-CPU offsets": (Spelling("__per_cpu_offset", "with SMP"),),
    "percpu base": (Spelling("pcpu_base_addr", "v2.6.30"),),
    "percpu unit offsets": (Spelling("pcpu_unit_offsets", "v2.6.32"),),
    "percpu unit size": (Spelling("pcpu_unit_size", "v2.6.30"),),
    "percpu first chunk end": (Spelling("pcpu_first_chunk_limit", "mmscope guest"),),
    "percpu start": _always("__per_cpu_start"),
    "percpu end": _always("__per_cpu_end"),
    "percpu unit pages": (Spelling("pcpu_unit_pages", "v2.6.30"),),
    "percpu units": (Spelling("pcpu_nr_units", "v2.6.30"),),
    "percpu slots": (Spelling("pcpu_chunk_lists", "v5.9"), Spelling("pcpu_slot", "v2.6.30")),
    "percpu slot count": (Spelling("pcpu_nr_slots", "v2.6.30"),),
    "percpu free slot": (Spelling("pcpu_free_slot", "v5.14"),),
    "percpu sidelined slot": (Spelling("pcpu_sidelined_slot", "v5.14"),),
    "percpu depopulate slot": (Spelling("pcpu_to_depopulate_slot", "v5.14"),),
    "percpu first chunk": (Spelling("pcpu_first_chunk", "v2.6.30"),),
    "percpu reserved chunk": (Spelling("pcpu_reserved_chunk", "v2.6.30"),),
    "percpu populated pages": (Spelling("pcpu_nr_populated", "v4.19"),),
    "percpu empty pages": (Spelling("pcpu_nr_empty_pop_pages", "v3.18"),),
    "page_ext table": (Spelling("page_ext_table", "mmscope guest"),),
    "page_ext start": (Spelling("page_ext_start_pfn", "mmscope guest"),),
    "page_ext end": (Spelling("page_ext_end_pfn", "mmscope guest"),),
    "page_owner on": (Spelling("page_owner_inited", "mmscope guest"),),
    "arm phys pfn offset": (Spelling("__pv_phys_pfn_offset", "v3.13"),),
    "vmalloc ready": (Spelling("vmap_initialized", "v2.6.28"),),
    "vmlist": _always("vmlist"),
    "vmap areas": (Spelling("vmap_area_list", "to v6.8"),),
    "vmap area tree": (Spelling("vmap_area_root", "to v6.8"),),
    "vmap nodes": (Spelling("vmap_nodes", "v6.9"),),
    "vmap node": (Spelling("single", "v6.9"),),            # the only one, where the compiler left vmap_nodes out
    "vmap node count": (Spelling("nr_vmap_nodes", "v6.9"),),
    "vmap free areas": (Spelling("free_vmap_area_list", "v5.2"),),
    "vmap free tree": (Spelling("free_vmap_area_root", "v5.2"),),
    "vmap purge areas": (Spelling("purge_vmap_area_list", "to v6.8"),),
    "vmap purge tree": (Spelling("purge_vmap_area_root", "to v6.8"),),
    "vmap purge stack": (Spelling("vmap_purge_list", "to v5.12"),),
    "vmap lazy pages": (Spelling("vmap_lazy_nr.counter", "v2.6.28"), Spelling("vmap_lazy_nr", "mmscope guest")),
    "vmap block queue": (Spelling("vmap_block_queue", "v2.6.28"),),
    "vmap blocks": (Spelling("vmap_blocks", "to v6.2"),),
    "vmalloc base": (Spelling("vmalloc_base", "v4.8, x86-64"),),
    "five levels": (Spelling("__pgtable_l5_enabled", "v4.17, x86-64"),),
    "symbol count": (Spelling("kallsyms_num_syms", "v2.6"),),
    "symbol addresses": (Spelling("kallsyms_addresses", "v2.6, absolute"),),
    "symbol offsets": (Spelling("kallsyms_offsets", "v4.6"),),
    "symbol base": (Spelling("kallsyms_relative_base", "v4.6 to v6.18"),),
    "symbol names": (Spelling("kallsyms_names", "v2.6"),),
    "symbol markers": (Spelling("kallsyms_markers", "v2.6"),),
    "symbol tokens": (Spelling("kallsyms_token_table", "v2.6"),),
    "symbol token index": (Spelling("kallsyms_token_index", "v2.6"),),
}


@dataclass(frozen=True)
class VmFlag:
    """A bit of vm_struct.flags; they are macros, of which debug information knows nothing."""

    mask: int
    name: str
    since: str
    arch: Optional[str] = None          # only there


# Source: include/linux/vmalloc.h of the release named; arch/arm/mm/mm.h for ARM's.
VM_FLAGS = (
    VmFlag(0x1, "ioremap", "v2.6"),
    VmFlag(0x2, "vmalloc", "v2.6"),
    VmFlag(0x4, "vmap", "v2.6"),
    VmFlag(0x8, "user", "v2.6"),
    VmFlag(0x10, "dma-coherent", "v5.1"),
    VmFlag(0x20, "uninitialized", "v3.10"),
    VmFlag(0x40, "no-guard", "v3.12"),
    VmFlag(0x80, "kasan", "v4.0"),
    VmFlag(0x100, "flush-reset-perms", "v5.2"),
    VmFlag(0x200, "map-put-pages", "v5.8"),
    VmFlag(0x400, "allow-huge-vmap", "v5.18"),
    VmFlag(0x800, "defer-kmemleak", "v5.16"),
    VmFlag(0x1000, "sparse", "v6.9"),
    VmFlag(0x40000000, "arm-static-mapping", "v3.2", "arm"),
    VmFlag(0x80000000, "arm-section-mapping", "v2.6", "arm"),
)


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
