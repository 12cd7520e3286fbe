# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: vmalloc areas and vmap blocks. vmalloc.py, vmarea.py, vmblock.py, vmmapped.py say what each ID is."""
from __future__ import annotations

from ..errors import MissingError
from .checks import Outcome, check
from .context import Context
from .inside import add_functions
from .stage import Stage
from .vmalloc import Vmalloc, vmalloc_report
from .vmmapped import check_mapped

add_functions(
    "vmalloc",
    "alloc_vmap_area", "__alloc_vmap_area", "va_alloc", "va_clip", "adjust_va_to_fit_type", "insert_vmap_area",
    "insert_vmap_area_augment", "__insert_vmap_area", "link_va", "__link_va", "unlink_va", "__unlink_va",
    "merge_or_add_vmap_area", "__merge_or_add_vmap_area", "merge_or_add_vmap_area_augment", "free_vmap_area",
    "__free_vmap_area", "free_vmap_area_noflush", "free_unmap_vmap_area", "find_unlink_vmap_area", "remove_vm_area",
    "setup_vmalloc_vm", "setup_vmalloc_vm_locked", "__get_vm_area_node", "pcpu_get_vm_areas", "pcpu_free_vm_areas",
    "__purge_vmap_area_lazy", "purge_vmap_node", "purge_vmap_area_lazy", "decay_va_pool_node", "node_alloc",
    "node_pool_add_va", "node_pool_del_va", "reclaim_list_global", "try_purge_vmap_area_lazy", "drain_vmap_area_work",
    "vmalloc_init", "vmap_init_free_space", "vmap_init_nodes", "new_vmap_block", "free_vmap_block", "vb_alloc",
    "vb_free", "vm_map_ram", "vm_unmap_ram", "purge_fragmented_block", "purge_fragmented_blocks",
    "purge_fragmented_blocks_allcpus", "_vm_unmap_aliases", "vm_unmap_aliases")
add_functions(
    "vmapping",
    "__vmalloc_area_node", "__vmalloc_node_range", "__vmalloc_node_range_noprof", "vmap_pages_range",
    "vmap_pages_range_noflush", "__vmap_pages_range_noflush", "vmap_small_pages_range_noflush", "vmap_page_range",
    "vmap_page_range_noflush", "map_kernel_range", "map_kernel_range_noflush", "map_vm_area", "vunmap_page_range",
    "vunmap_range", "vunmap_range_noflush", "__vunmap_range_noflush", "unmap_kernel_range",
    "unmap_kernel_range_noflush", "vmap", "vunmap", "__vunmap", "vfree", "remove_vm_area", "vm_map_ram",
    "vm_unmap_ram", "vb_alloc", "vb_free", "vm_area_alloc_pages", "delayed_vfree_work", "free_unmap_vmap_area",
    "vm_reset_perms", "vm_remove_mappings", "vrealloc_noprof", "vrealloc_node_align_noprof", "vm_area_free_pages")


def report(ctx: Context) -> Vmalloc:
    """Everything, decoded once a stop. Raises MissingError, FaultError."""
    return ctx.once("check_vmalloc.report", vmalloc_report)


@check("VMALLOC-1", "VMALLOC-2", "VMALLOC-3", "VMALLOC-5", "VMAP-1", "VMAP-2", "VMAP-3", "LIST-1", "LIST-2",
       "LIST-3", "RB-1", "RB-2", "RB-3", "TREE-1", "TREE-2", since=Stage.ZONES, subsystem="vmalloc")
def areas(ctx: Context) -> Outcome:
    """Every list and tree of areas, and the vmap blocks."""
    found = report(ctx)
    skipped = {}
    if not found.ready:
        skipped = dict.fromkeys(("VMALLOC-1", "VMALLOC-2", "VMALLOC-3", "VMALLOC-5", "VMAP-1", "VMAP-2", "VMAP-3"),
                                "vmalloc_init() has not run yet: areas are on a list of their own")
    elif ctx.layout.find_variable("vmap block queue") is None:
        skipped = dict.fromkeys(("VMAP-1", "VMAP-2", "VMAP-3"), "the symbols have no vmap_block_queue")
    blocks = f", vmap blocks: {len(found.blocks)}" if found.blocks else ""
    return Outcome(found.problems, f"vmalloc areas: {len(found.areas)}{blocks}", skipped)


@check("VMALLOC-4", "VMALLOC-5", "VMAP-4", since=Stage.ZONES, subsystem="vmapping")
def mappings(ctx: Context) -> Outcome:
    """What the page tables have at these addresses."""
    found = report(ctx)
    if not found.ready:
        raise MissingError("vmalloc_init() has not run yet: nothing is mapped by vmalloc")
    looked = check_mapped(ctx, found)
    return Outcome(looked.problems, f"areas with pages: {looked.areas}, pages: {looked.pages}")
