# SPDX-License-Identifier: GPL-2.0-or-later
"""Structs of vmalloc and of per-CPU memory, for shapes.py: the guest's, and those of three releases."""

COMMON = """
struct llist_head
    ptr first
struct rb_root
    ptr rb_node
struct rb_node
    u32 __rb_parent_color
    ptr rb_right
    ptr rb_left
struct vmap_block_queue
    u32 lock
    list_head free
struct pcpu_block_md
    s32 scan_hint
    s32 contig_hint
var bool vmap_initialized
var ptr vmlist
var vmap_block_queue vmap_block_queue
var char __per_cpu_start[4096]
var char __per_cpu_end[16]
var ptr pcpu_base_addr
var ptr pcpu_unit_offsets
var s32 pcpu_unit_size
var s32 pcpu_unit_pages
var s32 pcpu_nr_units
var s32 pcpu_nr_slots
var ptr pcpu_first_chunk
var ptr pcpu_reserved_chunk
"""

OLD_LISTS = """
var list_head vmap_area_list
var rb_root vmap_area_root
"""

VM_4_9 = COMMON + OLD_LISTS + """
struct vm_struct
    ptr next
    ptr addr
    u32 size
    u32 flags
    ptr pages
    u32 nr_pages
    u32 phys_addr
    ptr caller
struct vmap_area
    u32 va_start
    u32 va_end
    u32 flags
    rb_node rb_node
    list_head list
    ptr purge_list
    ptr vm
struct vmap_block
    ptr va
    u32 free
    u32 dirty
    list_head free_list
struct pcpu_chunk
    list_head list
    s32 free_size
    s32 contig_hint
    ptr base_addr
    s32 map_used
    s32 map_alloc
    ptr map
    bool immutable
    s32 nr_populated
    u32 populated[1]
var llist_head vmap_purge_list
var s32 vmap_lazy_nr
var ptr pcpu_slot
var s32 pcpu_reserved_chunk_limit
var s32 pcpu_first_chunk_limit
var s32 pcpu_nr_empty_pop_pages
"""

LINUX = COMMON + """
struct vm_struct
    ptr next
    ptr addr
    u32 size
    u32 flags
    ptr pages
    u32 page_order
    u32 nr_pages
    u32 phys_addr
    ptr caller
struct xarray
    u32 xa_lock
    u32 xa_flags
    ptr xa_head
struct xa_node
    u8 shift
    u8 offset
    u8 count
    ptr slots[16]
struct vmap_block
    u32 lock
    ptr va
    u32 free
    u32 dirty
    list_head free_list
struct pcpu_chunk
    list_head list
    s32 free_bytes
    pcpu_block_md chunk_md
    ptr base_addr
    ptr alloc_map
    ptr bound_map
    bool immutable
    bool isolated
    s32 start_offset
    s32 end_offset
    s32 nr_pages
    s32 nr_populated
    s32 nr_empty_pop_pages
    u32 populated[1]
var atomic vmap_lazy_nr
var list_head free_vmap_area_list
var rb_root free_vmap_area_root
var ptr pcpu_chunk_lists
var s32 pcpu_free_slot
var s32 pcpu_sidelined_slot
var s32 pcpu_to_depopulate_slot
var s32 pcpu_nr_empty_pop_pages
var u32 pcpu_nr_populated
"""

AREA = """
struct vmap_area
    u32 va_start
    u32 va_end
    rb_node rb_node
    list_head list
    u32 subtree_max_size
    ptr vm@subtree_max_size
"""

VM_6_1 = LINUX + OLD_LISTS + AREA + """
var list_head purge_vmap_area_list
var rb_root purge_vmap_area_root
var xarray vmap_blocks
"""

VM_5_10 = LINUX + OLD_LISTS + AREA + """
    ptr purge_list@subtree_max_size
var llist_head vmap_purge_list
var xarray vmap_blocks
"""

VM_6_12 = LINUX + AREA + """
    u32 flags
struct rb_list
    rb_root root
    list_head head
    u32 lock
struct vmap_pool
    list_head head
    u32 len
struct vmap_node
    vmap_pool pool[4]
    u32 pool_lock
    rb_list busy
    rb_list lazy
    list_head purge_list
var ptr vmap_nodes
var u32 nr_vmap_nodes
"""
