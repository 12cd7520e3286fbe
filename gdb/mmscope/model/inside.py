# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the stop is in the middle of a change: then what looks broken may be just that.

A CPU changes a list in several steps, under a lock, or with interrupts off. Two things tell that one is at it: the
lock is held, or the functions that the CPU is in have one that changes the structure. Both are asked: a kernel without
SMP has no locks, and some functions change what they own without one.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, Optional

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
    "__free_memory_core",
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
_MEMBLOCK = frozenset((
    "memblock_add_range", "memblock_remove_range", "memblock_isolate_range", "memblock_merge_regions",
    "memblock_insert_region", "memblock_remove_region", "memblock_double_array", "memblock_setclr_flag",
    "memblock_set_node", "memblock_trim_memory", "memblock_discard", "memblock_cap_memory_range",
))
FUNCTIONS: dict[str, frozenset[str]] = {
    "memblock": _MEMBLOCK,
    "buddy": _FREE_LISTS,
    "pcp": _FREE_LISTS | _PCP,
}


@dataclass(frozen=True)
class Inside:
    """A change that is not finished at this stop."""

    subsystem: str
    text: str           # "__free_one_page (CPU 0)", "the lock of zone Normal"


Locks = Callable[[Context], Iterator[str]]


def _zone_locks(ctx: Context) -> Iterator[str]:
    """The zones whose lock is held."""
    for zone in zones(ctx):
        if zone.locked:
            yield f"the lock of zone {zone.name}" + (f" of node {zone.node}" if zone.node else "")


LOCKS: dict[str, Locks] = {
    "buddy": _zone_locks,
    "pcp": _zone_locks,         # is taken inside that of the CPU's lists while pages go from one to the other
}


def declare(subsystem: str, functions: Iterable[str] = (), locks: Optional[Locks] = None) -> None:
    """Tell of a subsystem: functions that change it, and how to find its locks that are held."""
    FUNCTIONS[subsystem] = frozenset(functions)
    if locks is not None:
        LOCKS[subsystem] = locks


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


def _held(ctx: Context, subsystem: str) -> tuple[str, ...]:
    """The subsystem's locks that are held; none while it is not there."""
    try:
        return tuple(LOCKS[subsystem](ctx)) if subsystem in LOCKS else ()
    except (MissingError, FaultError):
        return ()
