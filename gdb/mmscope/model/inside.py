# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the stop is in the middle of a change: then what looks broken may be just that.

A CPU changes a list in several steps, under a lock, or with interrupts off. Two things tell that one is at it: the
lock is held, or the functions that the CPU is in have one that changes the structure. Both are asked: a kernel without
SMP has no locks, and some functions change what they own without one.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional

from ..errors import FaultError, MissingError
from .context import Context
from .zone import zones

# Functions that change a structure, by subsystem: from their first instruction to their last it may be half changed.
# Names of all releases, the guest's and Linux's; what is inlined is told by the debug information. GCC appends .isra.0
# and the like to a name, which is cut off before it is looked up.
_FREE_LISTS = frozenset((
    "__free_one_page", "expand", "__rmqueue", "__rmqueue_smallest", "__rmqueue_fallback", "__rmqueue_steal",
    "__rmqueue_claim", "__rmqueue_cma_fallback", "__rmqueue_cma", "rmqueue_bulk", "rmqueue_buddy", "rmqueue",
    "free_pcppages_bulk", "free_one_page", "__free_pages_ok", "free_frozen_page_commit", "free_frozen_pages",
    "__free_frozen_pages", "split_large_buddy", "split_free_page", "__isolate_free_page", "isolate_freepages_block",
    "move_freepages", "move_freepages_block", "move_to_free_list", "__move_freepages_block",
    "steal_suitable_fallback", "try_to_claim_block", "reserve_highatomic_pageblock", "unreserve_highatomic_pageblock",
    "set_migratetype_isolate", "unset_migratetype_isolate", "start_isolate_page_range", "undo_isolate_page_range",
    "set_pageblock_migratetype", "set_pfnblock_migratetype", "init_pageblock_migratetype",
    "__offline_isolated_pages", "take_page_off_buddy", "break_down_buddy_pages", "put_page_back_buddy",
    "__free_pages_core", "__free_pages_boot_core", "__free_pages_memory", "__free_pages_bootmem",
    "memblock_free_pages", "deferred_free_range", "deferred_free_pages", "deferred_init_maxorder",
    "deferred_init_memmap", "deferred_init_memmap_chunk", "deferred_grow_zone", "init_cma_reserved_pageblock",
    "free_area_init_core", "memmap_init_zone", "memmap_init_range", "free_unused_memmap",
    "adjust_managed_page_count", "free_reserved_page", "free_reserved_area", "__free_reserved_page",
    "add_to_free_list", "add_to_free_list_tail", "del_page_from_free_list", "__add_to_free_list",
    "__del_page_from_free_list", "account_freepages", "free_highmem_page",
    "__free_memory_core", "set_page_guard", "clear_page_guard",
))
_PCP = frozenset((
    "free_unref_page_commit", "free_unref_page", "free_unref_page_list", "free_unref_folios", "free_pcppages_bulk",
    "free_hot_cold_page", "free_hot_cold_page_list", "rmqueue_pcplist", "__rmqueue_pcplist", "rmqueue_bulk",
    "drain_pages_zone", "drain_zone_pages", "drain_pages", "nr_pcp_free", "decay_pcp_high", "buffered_rmqueue",
    "__alloc_pages_bulk", "alloc_pages_bulk_noprof", "free_frozen_page_commit", "__free_frozen_pages",
    "free_frozen_pages", "setup_pageset", "setup_zone_pageset", "zone_pcp_reset", "pageset_init", "per_cpu_pages_init",
))
# What a page says of itself: from its block until it is ready, and back.
_PAGES = frozenset((
    "prep_compound_page", "prep_new_page", "post_alloc_hook", "free_pages_prepare", "__free_pages_prepare",
    "free_tail_page_prepare", "destroy_compound_page", "split_page", "__split_huge_page", "__split_folio_to_order",
    "__split_unmapped_folio", "memmap_init_zone", "memmap_init_range", "memmap_init_zone_range", "memmap_init",
    "free_area_init", "free_area_init_node", "free_area_init_core", "free_area_init_nodes", "init_unavailable_range",
    "init_unavailable_mem", "memmap_init_reserved_pages", "reserve_bootmem_region", "init_reserved_page",
    "prep_compound_gigantic_folio", "prep_compound_gigantic_page", "__prep_compound_gigantic_folio",
))
# Where totalram_pages and managed_pages are counted one after the other.
_HAND_OVER = frozenset((
    "adjust_managed_page_count", "free_highpages", "free_highmem_page", "free_reserved_page", "free_reserved_area",
    "free_all_bootmem", "memblock_free_all", "init_cma_reserved_pageblock", "deferred_init_memmap", "mem_init",
    "page_alloc_init_late", "free_low_memory_core_early",
))
_MEMBLOCK = frozenset((
    "memblock_add_range", "memblock_remove_range", "memblock_isolate_range", "memblock_merge_regions",
    "memblock_insert_region", "memblock_remove_region", "memblock_double_array", "memblock_setclr_flag",
    "memblock_set_node", "memblock_trim_memory", "memblock_discard", "memblock_cap_memory_range",
))
FUNCTIONS: dict[str, frozenset[str]] = {
    "memblock": _MEMBLOCK,
    "buddy": _FREE_LISTS,
    "pcp": _FREE_LISTS | _PCP,
    "pages": _FREE_LISTS | _PCP | _PAGES,
    "zones": frozenset(("adjust_managed_page_count", "free_area_init", "free_area_init_node", "free_area_init_core",
                        "free_area_init_nodes", "init_unavailable_range", "calculate_node_totalpages", "memmap_init")),
    "total": _HAND_OVER,
    "vmstat": frozenset(("zone_page_state_add", "node_page_state_add", "mod_zone_state", "mod_node_state",
                         "__mod_zone_page_state", "__mod_node_page_state", "mod_zone_page_state",
                         "mod_node_page_state", "fold_diff", "refresh_cpu_vm_stats", "cpu_vm_stats_fold",
                         "drain_zonestat", "drain_zonestats", "__inc_zone_state", "__dec_zone_state",
                         "__inc_node_state", "__dec_node_state", "refresh_zone_stat_thresholds",
                         "set_pgdat_percpu_threshold")),
    "watermark": frozenset(("__setup_per_zone_wmarks", "setup_per_zone_wmarks", "setup_per_zone_lowmem_reserve",
                            "reserve_highatomic_pageblock", "unreserve_highatomic_pageblock", "unreserve_one")),
    "cma": frozenset(("cma_activate_area", "cma_alloc", "__cma_alloc", "cma_range_alloc", "cma_release",
                      "cma_clear_bitmap", "cma_init_reserved_areas", "init_cma_reserved_pageblock",
                      "alloc_contig_range", "free_contig_range")),
}


@dataclass(frozen=True)
class Inside:
    """A change that is not finished at this stop."""

    subsystem: str
    text: str           # "__free_one_page (CPU 0)", "the lock of zone Normal"


Locks = Callable[[Context], Iterator[str]]
LOCKS: dict[str, list[Locks]] = {}


def add_lock(*subsystems: str) -> Callable[[Locks], Locks]:
    """Declare the function under it as one that finds locks of these subsystems that are held."""
    def declare(find: Locks) -> Locks:
        for subsystem in subsystems:
            LOCKS.setdefault(subsystem, []).append(find)
        return find
    return declare


def add_functions(subsystem: str, *names: str) -> None:
    """Tell of functions that change a subsystem."""
    FUNCTIONS[subsystem] = FUNCTIONS.get(subsystem, frozenset()) | frozenset(names)


@add_lock("buddy", "pcp")       # pcp: is taken inside that of the CPU's lists while pages go from one to the other
def _zone_locks(ctx: Context) -> Iterator[str]:
    """The zones whose lock is held."""
    for zone in zones(ctx):
        if zone.locked:
            yield f"the lock of zone {zone.name}" + (f" of node {zone.node}" if zone.node else "")


def inside(ctx: Context) -> tuple[Inside, ...]:
    """Every unfinished change of this stop; empty between them."""
    return ctx.once("inside.inside", lambda ctx: tuple(_find(ctx)))


def excuse(ctx: Context, subsystem: str) -> Optional[str]:
    """What of a subsystem is being changed at this stop; None when nothing is."""
    found = [each.text for each in inside(ctx) if each.subsystem == subsystem]
    return ", ".join(found) if found else None


def _find(ctx: Context) -> Iterator[Inside]:
    """By function first, then by lock."""
    stacks = ctx.host.backtraces()
    for subsystem in sorted({*FUNCTIONS, *LOCKS}):
        wanted = FUNCTIONS.get(subsystem, frozenset())
        for cpu, stack in enumerate(stacks):
            name = next((name for name in stack if name.partition(".")[0] in wanted), None)
            if name is not None:
                yield Inside(subsystem, f"{name} (CPU {cpu})")
        for text in _held(ctx, subsystem):
            yield Inside(subsystem, text)


def _held(ctx: Context, subsystem: str) -> Iterator[str]:
    """The subsystem's locks that are held; none while it is not there."""
    for find in LOCKS.get(subsystem, ()):
        try:
            yield from tuple(find(ctx))
        except (MissingError, FaultError):
            continue
