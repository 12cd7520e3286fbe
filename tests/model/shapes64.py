# SPDX-License-Identifier: GPL-2.0-or-later
"""A 64-bit kernel of two nodes with SPARSEMEM, as x86-64 has it: late, and with what 5.10 had instead."""

COMMON = """
struct list_head
    ptr next
    ptr prev
enum system_states SYSTEM_BOOTING SYSTEM_SCHEDULING SYSTEM_RUNNING
enum slab_state DOWN PARTIAL UP FULL
enum zone_type ZONE_DMA ZONE_NORMAL ZONE_MOVABLE __MAX_NR_ZONES
enum node_states N_POSSIBLE N_ONLINE N_NORMAL_MEMORY N_MEMORY N_CPU NR_NODE_STATES
struct nodemask
    ulong bits[1]
struct free_area
    list_head free_list[6]
    ulong nr_free
struct zoneref
    ptr zone
    u32 zone_idx
struct zonelist
    zoneref _zonerefs[13]
struct mem_section
    ulong section_mem_map
    ptr usage
    ptr page_ext
    ulong pad
struct mem_section_usage
    u8 subsection_map[1]
    ulong pageblock_flags[0]
struct kmem_cache
    u32 size
    ptr name
var ptr mem_section
var ulong __highest_present_section_nr
var ulong page_offset_base
var ulong phys_base
var u32 hstates
var ptr node_data[4]
var nodemask node_states[5]
var nodemask __cpu_online_mask
var ulong __per_cpu_offset[4]
var u32 nr_cpu_ids
var ptr migratetype_names[6]
var ptr vmstat_text[16]
var char linux_banner[64]
var ulong max_pfn
var ulong zero_pfn
var u32 system_state
var u32 slab_state
var atomic_long _totalram_pages
var char __start_rodata[1024]
var char __end_rodata[1]
"""

LATE = COMMON + """
enum pageflags PG_locked PG_writeback PG_referenced PG_uptodate PG_dirty PG_lru PG_head PG_waiters PG_active
    PG_workingset PG_owner_priv_1 PG_owner_2 PG_reserved PG_private PG_reclaim PG_swapbacked __NR_PAGEFLAGS
    PG_swapcache=10 PG_anon_exclusive=11 PG_reported=3 PG_has_hwpoisoned=8 PG_large_rmappable=9 PG_partially_mapped=14
enum slab_flags SL_locked=0 SL_partial=9 SL_pfmemalloc=8
enum pagetype PGTY_buddy=240 PGTY_offline=241 PGTY_table=242 PGTY_hugetlb=244 PGTY_slab=245 PGTY_large_kmalloc=248
    PGTY_mapcount_underflow=255
enum migratetype MIGRATE_UNMOVABLE MIGRATE_MOVABLE MIGRATE_RECLAIMABLE MIGRATE_PCPTYPES MIGRATE_HIGHATOMIC=3
    MIGRATE_CMA __MIGRATE_TYPE_END=4 MIGRATE_ISOLATE MIGRATE_TYPES
enum pageblock_bits PB_migrate_0 PB_migrate_1 PB_migrate_2 PB_compact_skip PB_migrate_isolate __NR_PAGEBLOCK_BITS
enum zone_stat_item NR_FREE_PAGES NR_MLOCK NR_FREE_CMA_PAGES NR_VM_ZONE_STAT_ITEMS
enum node_stat_item NR_FILE_PAGES NR_ANON_THPS NR_SWAPCACHE NR_VM_NODE_STAT_ITEMS
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH WMARK_PROMO NR_WMARK
struct flags
    ulong f
struct page
    flags flags
    list_head lru
    list_head buddy_list@lru
    list_head pcp_list@lru
    ulong compound_info@lru
    ptr mapping
    ulong __folio_index
    ulong private
    u32 page_type
    atomic _mapcount@page_type
    atomic _refcount
    ulong memcg_data
struct folio
    page page
    flags _flags_1
    ulong _head_1
    atomic _large_mapcount
    atomic _entire_mapcount
struct slab
    ulong flags
    ptr slab_cache
struct per_cpu_pages
    u32 lock
    s32 count
    s32 high
    s32 high_min
    s32 high_max
    s32 batch
    u8 flags
    u8 alloc_factor
    u8 expire
    u16 free_count
    list_head lists[14]
struct per_cpu_zonestat
    s8 vm_stat_diff[3]
    s8 stat_threshold
    ulong vm_numa_event[2]
struct zone
    ulong _watermark[4]
    ulong watermark_boost
    ulong nr_reserved_highatomic
    ulong nr_free_highatomic
    long lowmem_reserve[3]
    ptr per_cpu_pageset
    ptr per_cpu_zonestats
    ulong zone_start_pfn
    atomic_long managed_pages
    ulong spanned_pages
    ulong present_pages
    ulong cma_pages
    ptr name
    free_area free_area[11]
    u32 lock
    atomic_long vm_stat[3]
    atomic_long vm_numa_event[2]
    ptr vmemmap_tails[16]
struct pglist_data
    zone node_zones[3]
    zonelist node_zonelists[1]
    ulong node_start_pfn
    ulong node_spanned_pages
    ulong first_deferred_pfn
    s32 node_id
    atomic kswapd_failures
    ptr per_cpu_nodestats
    atomic_long vm_stat[3]
struct per_cpu_nodestat
    s8 stat_threshold
    s8 vm_node_stat_diff[3]
"""

EARLY = COMMON + """
enum pageflags PG_locked PG_referenced PG_uptodate PG_dirty PG_lru PG_active PG_workingset PG_slab PG_owner_priv_1
    PG_reserved PG_private PG_writeback PG_head PG_reclaim PG_swapbacked __NR_PAGEFLAGS PG_swapcache=8 PG_double_map=6
enum migratetype MIGRATE_UNMOVABLE MIGRATE_MOVABLE MIGRATE_RECLAIMABLE MIGRATE_PCPTYPES MIGRATE_HIGHATOMIC=3
    MIGRATE_CMA MIGRATE_ISOLATE MIGRATE_TYPES
enum pageblock_bits PB_migrate PB_migrate_end=2 PB_migrate_skip NR_PAGEBLOCK_BITS
enum zone_stat_item NR_FREE_PAGES NR_MLOCK NR_FREE_CMA_PAGES NR_VM_ZONE_STAT_ITEMS
enum node_stat_item NR_FILE_PAGES NR_ANON_THPS NR_DIRTIED NR_VM_NODE_STAT_ITEMS
enum zone_watermarks WMARK_MIN WMARK_LOW WMARK_HIGH NR_WMARK
struct page
    ulong flags
    list_head lru
    ulong compound_head@lru
    ptr mapping
    ulong index
    ulong private
    ptr slab_cache@mapping
    u8 compound_dtor@mapping
    u8 compound_order@mapping
    atomic compound_mapcount@index
    atomic _mapcount
    u32 page_type@_mapcount
    atomic _refcount
    ptr mem_cgroup
struct per_cpu_pages
    s32 count
    s32 high
    s32 batch
    list_head lists[3]
struct per_cpu_pageset
    per_cpu_pages pcp
    s8 expire
    u16 vm_numa_stat_diff[2]
    s8 stat_threshold
    s8 vm_stat_diff[3]
struct zone
    ulong _watermark[3]
    ulong watermark_boost
    ulong nr_reserved_highatomic
    long lowmem_reserve[3]
    ptr pageset
    ulong zone_start_pfn
    atomic_long managed_pages
    ulong spanned_pages
    ulong present_pages
    ptr name
    free_area free_area[11]
    u32 lock
    atomic_long vm_stat[3]
    atomic_long vm_numa_stat[2]
struct pglist_data
    zone node_zones[3]
    zonelist node_zonelists[1]
    ulong node_start_pfn
    ulong node_spanned_pages
    s32 node_id
    s32 kswapd_failures
    atomic_long vm_stat[3]
"""
