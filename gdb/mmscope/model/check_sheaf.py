# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: an object that is free is so in one place. slabsheaf.py has the other IDs of sheaves.

  SHEAF-4 an object in a sheaf is there once, in no other sheaf and on no freelist, and a sheaf with objects has one
          holder: else an object is given out twice
"""
from __future__ import annotations

from itertools import islice
from typing import Iterator

from ..errors import MissingError
from .check_slab import CHANGING
from .checks import Outcome, check
from .context import Context
from .inside import add_functions
from .problem import Problem
from .slab import CacheDetail
from .slabsurvey import survey
from .stage import Stage

# Between whose first and last instruction a sheaf may count an object that it does not have yet, or have two holders:
# what gives objects out and takes them back is mostly inlined into the functions that are called for that.
MOVING = (
    "kmem_cache_free", "kmem_cache_free_bulk", "__kmem_cache_free_bulk", "kmem_cache_alloc_bulk",
    "kmem_cache_alloc_bulk_noprof", "__kmem_cache_alloc_bulk", "kfree", "kfree_nolock", "slab_free",
    "slab_free_after_rcu_debug", "free_to_pcs", "free_to_pcs_bulk", "alloc_from_pcs", "alloc_from_pcs_bulk",
    "kvfree_call_rcu", "__kfree_rcu_sheaf", "rcu_free_sheaf", "rcu_free_sheaf_nobarn", "__rcu_free_sheaf_prepare",
    "sheaf_flush_unused", "sheaf_flush_main", "__sheaf_flush_main_batch", "pcs_flush_all", "pcs_destroy",
    "flush_rcu_sheaf", "kmem_cache_prefill_sheaf", "__prefill_sheaf_pfmemalloc", "kmem_cache_return_sheaf",
    "kmem_cache_refill_sheaf", "kmem_cache_alloc_from_sheaf_noprof",
)
MOST = 1000         # of a cache

add_functions("sheaf", *CHANGING, *MOVING)


@check("SHEAF-4", since=Stage.SLAB, subsystem="sheaf")
def objects(ctx: Context) -> Outcome:
    """Every object of every sheaf."""
    if ctx.layout.find_field("kmem_cache.cpu_sheaves") is None:
        raise MissingError("this kernel has no sheaves")
    problems: list[Problem] = []
    count = 0
    for detail in survey(ctx).details:
        problems += islice(_check(detail), MOST)
        count += sum(len(sheaf.objects) for sheaf in detail.sheaves)
    return Outcome(tuple(problems), f"objects in sheaves: {count}")


def _check(detail: CacheDetail) -> Iterator[Problem]:
    """One cache. Sheaves are small and few: all their objects fit in memory."""
    holders: dict[int, str] = {}
    places: dict[int, str] = {}
    for sheaf in detail.sheaves:
        where = f"cache {detail.cache.name} {sheaf.holder} at {sheaf.addr:#x}"
        if not sheaf.objects:           # all caches without sheaves have one that stays empty
            continue
        if sheaf.addr in holders:       # its objects then are no news
            yield Problem("SHEAF-4", where, "one holder", holders[sheaf.addr],
                          f"{where}: it is the {holders[sheaf.addr]}, too")
            continue
        holders[sheaf.addr] = sheaf.holder
        for addr in sheaf.objects:
            if addr in places:
                yield _twice(where, addr, f"the {places[addr]}")
            places.setdefault(addr, f"{sheaf.holder} at {sheaf.addr:#x}")
    lists = [(f"cache {detail.cache.name} CPU {cpu.cpu}", cpu.free) for cpu in detail.cpus]
    lists += [(f"slab {slab.addr:#x} of {detail.cache.name}", slab.free) for slab in detail.slabs]
    for where, free in lists:
        for addr in filter(places.__contains__, free):
            yield _twice(f"{where}, freelist", addr, f"the {places[addr]}")


def _twice(where: str, addr: int, other: str) -> Problem:
    return Problem("SHEAF-4", where, "an object that is free once", addr, f"{where}: {addr:#x} is in {other}, too")
