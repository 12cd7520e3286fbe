# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: caches, slabs, sheaves, over all of memory. slab*.py say what each ID is.

  SLUB-12 the counters NR_SLAB_* of each zone, or node, are the pages of its slabs, and of large kmalloc() blocks
"""
from __future__ import annotations

from typing import Iterator, Optional

from ..errors import MissingError
from ..layout.lock import held
from .checks import Outcome, check
from .context import Context
from .inside import add_functions, add_lock
from .problem import Problem
from .pageuse import compound_order
from .slabcache import node_addrs
from .slabsurvey import Survey, caches, survey, tid_step
from .stage import Stage
from .typescan import typed_pages
from .vmstat import exact_counter

RECLAIMABLE = ("NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE")
UNRECLAIMABLE = ("NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE")
OWN = ("SLUB-6", "SLUB-7", "SLUB-8")        # of kernels whose CPUs have slabs
SHEAVES = ("SHEAF-1", "SHEAF-2", "SHEAF-3")      # check_sheaf.py has the fourth

# Functions between whose first and last instruction a slab may be on no list, or not counted yet. What a CPU gives
# out of its own freelist or sheaf is one step, and leaves nothing half done.
CHANGING = (
    "___slab_alloc", "__slab_alloc", "new_slab", "new_slab_objects", "allocate_slab", "alloc_slab_page",
    "alloc_slab_pages", "get_partial", "get_partial_node", "get_partial_node_bulk", "get_any_partial",
    "get_from_partial", "get_from_any_partial", "get_from_partial_node", "acquire_slab", "freeze_slab",
    "get_freelist", "deactivate_slab", "flush_slab", "__flush_cpu_slab", "flush_cpu_slab", "unfreeze_partials",
    "__unfreeze_partials", "__put_partials", "put_partials", "put_partials_cpu", "put_cpu_partial", "set_partials",
    "__slab_free", "free_slab", "__free_slab", "rcu_free_slab", "discard_slab", "discard_slabs", "add_partial",
    "__add_partial", "remove_partial", "add_full", "remove_full", "move_to_full", "inc_slabs_node",
    "dec_slabs_node", "account_slab", "unaccount_slab", "early_kmem_cache_node_alloc", "init_kmem_cache_node",
    "init_kmem_cache_nodes", "alloc_kmem_cache_cpus", "kmem_cache_open", "do_kmem_cache_create",
    "create_boot_cache", "create_cache", "__kmem_cache_create", "__kmem_cache_create_args", "bootstrap",
    "kmem_cache_destroy", "kmem_cache_release", "shutdown_cache", "__kmem_cache_shrink", "shrink_node",
    "__kmem_cache_do_shrink", "free_partial", "__kmem_cache_shutdown", "alloc_single_from_partial",
    "alloc_single_from_new_slab", "alloc_from_new_slab", "__refill_objects", "__refill_objects_node",
    "__refill_objects_any", "refill_objects", "refill_sheaf", "__pcs_replace_empty_main",
    "__pcs_replace_full_main", "free_to_partial_list", "barn_get_empty_sheaf", "barn_put_empty_sheaf",
    "barn_put_full_sheaf", "barn_get_full_or_empty_sheaf", "barn_get_full_sheaf", "barn_replace_empty_sheaf",
    "barn_replace_full_sheaf", "barn_shrink", "__update_freelist_slow", "__slab_update_freelist",
    "slab_update_freelist", "__cmpxchg_double_slab", "cmpxchg_double_slab", "__move_slabs", "splice_front",
    "__take_off_lists", "return_freelist", "take_debug_object", "free_to_other_cache",
)
COUNTING = (
    "refresh_cpu_vm_stats", "cpu_vm_stats_fold", "mod_node_page_state", "__mod_node_page_state", "mod_node_state",
    "mod_zone_page_state", "__mod_zone_page_state", "mod_zone_state", "zone_page_state_add", "node_page_state_add",
    "__kmalloc_large_node", "___kmalloc_large_node", "kmalloc_large_node", "kmalloc_order", "free_large_kmalloc",
)


@add_lock("slab", "slabstat")
def _locks(ctx: Context) -> Iterator[str]:
    """Nodes of caches whose list_lock is held."""
    for cache in caches(ctx).caches:
        for node, addr in node_addrs(ctx, cache):
            if held(ctx.read.record("kmem_cache_node", addr)):
                yield f"the lock of cache {cache.name}, node {node}"


add_functions("slab", *CHANGING)
add_functions("slabstat", *CHANGING, *COUNTING)


@check("SLUB-11", "SLUB-13", "LIST-1", "LIST-2", "LIST-3", since=Stage.SLAB, subsystem="slab")
def list_of_caches(ctx: Context) -> Outcome:
    """slab_caches, and what each cache says of its objects."""
    found = caches(ctx)
    return Outcome(found.problems, f"caches: {len(found.caches)}")


@check("SLUB-1", "SLUB-2", "SLUB-3", "SLUB-4", "SLUB-5", *OWN, "SLUB-9", "SLUB-10", "SLUB-13", *SHEAVES,
       "LIST-1", "LIST-2", "LIST-3", since=Stage.SLAB, subsystem="slab")
def slabs(ctx: Context) -> Outcome:
    """Every slab in memory, every list, every sheaf."""
    found = survey(ctx)
    sheaves = sum(len(detail.sheaves) for detail in found.details)
    text = f"caches: {len(found.details)}, slabs: {found.slabs}" + (f", sheaves: {sheaves}" if sheaves else "")
    return Outcome(found.problems, text, _left_out(ctx))


def _left_out(ctx: Context) -> dict[str, str]:
    """What this kernel does not have."""
    skipped = {}
    if ctx.layout.find_field("kmem_cache.cpu_slab") is None:
        skipped.update(dict.fromkeys(OWN, "CPUs have no slabs in this kernel"))
    elif tid_step(ctx) is None:
        skipped["SLUB-8"] = "tid does not tell CPUs apart in this kernel"
    if ctx.layout.find_field("kmem_cache.cpu_sheaves") is None:
        skipped.update(dict.fromkeys(SHEAVES, "this kernel has no sheaves"))
    if ctx.layout.find_field("kmem_cache_node.nr_slabs") is None:
        skipped["SLUB-10"] = "this kernel does not count slabs"
    return skipped


@check("SLUB-12", since=Stage.SLAB, subsystem="slabstat")
def counters(ctx: Context) -> Outcome:
    """Pages of slabs."""
    found = survey(ctx)
    if found.strays:
        raise MissingError(f"{found.strays} slabs are of no cache on slab_caches: which counter has them is not known")
    in_zones = any(name in ctx.layout.enum("zone_stat_item") for name in RECLAIMABLE)
    # Large kmalloc() blocks count as slabs since counters are the nodes'; which pages they are is told since v6.15.
    exact = in_zones or typed_pages(ctx).knows_large
    pages = _pages(ctx, found, in_zones)
    problems = [problem for place, addr in _places(ctx, in_zones)
                for problem in _compare(ctx, place, addr, "zone" if in_zones else "pglist_data", pages, exact)]
    least = "" if exact else "; not reclaimable: no fewer than those, as large kmalloc() blocks are counted, too"
    return Outcome(tuple(problems), f"pages of slabs: {sum(pages.values())}{least}")


Place = tuple[int, Optional[int]]       # node, zone; None: all of the node


def _pages(ctx: Context, found: Survey, in_zones: bool) -> dict[tuple[Place, bool], int]:
    """Pages by place and whether they can be reclaimed."""
    pages: dict[tuple[Place, bool], int] = {}

    def add(addr: int, reclaimable: bool, order: int) -> None:
        """Count one block."""
        flags = ctx.read.record("page", addr).get("flags")
        key = ((ctx.page_flags.node(flags), ctx.page_flags.zone(flags) if in_zones else None), reclaimable)
        pages[key] = pages.get(key, 0) + (1 << order)

    for detail in found.details:
        for slab in detail.slabs:
            add(slab.addr, "RECLAIM_ACCOUNT" in detail.cache.flag_names, slab.order)
    for addr in typed_pages(ctx).large_kmallocs:
        pfn = ctx.pages.pfn(addr)
        if pfn is not None:
            add(addr, False, compound_order(ctx, pfn, ctx.read.record("page", addr)) or 0)
    return pages


def _places(ctx: Context, in_zones: bool) -> Iterator[tuple[Place, int]]:
    """Where counters are, with the address of their zone or node."""
    zone_bytes = ctx.layout.struct("zone").size
    zones = ctx.layout.field("pglist_data.node_zones")
    for addr in ctx.node_addrs:
        number = ctx.read.member("pglist_data", addr, "node_id")
        if not in_zones:
            yield (number, None), addr
            continue
        for index in range(zones.type.count):
            yield (number, index), addr + zones.offset + index * zone_bytes


def _compare(ctx: Context, place: Place, addr: int, tag: str, pages: dict[tuple[Place, bool], int],
             exact: bool) -> Iterator[Problem]:
    """SLUB-12 of one zone or node."""
    node, zone = place
    where = f"node {node}" + (f", zone {zone}" if zone is not None else "")
    for reclaimable, names in ((True, RECLAIMABLE), (False, UNRECLAIMABLE)):
        counted, there = exact_counter(ctx, tag, addr, *names), pages.get((place, reclaimable), 0)
        if counted is None:
            raise MissingError(f"the symbols have no {names[-1]}")
        if counted != there if exact or reclaimable else counted < there:
            yield Problem("SLUB-12", where, there, counted,
                          f"{where}: {names[-1]} is {counted}, the slabs have {there} pages")
