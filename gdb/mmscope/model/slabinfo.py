# SPDX-License-Identifier: GPL-2.0-or-later
"""The counts of /proc/slabinfo, as the kernel counts them: what CPUs and sheaves keep is active."""
from __future__ import annotations

from dataclasses import dataclass

from .context import Context
from .problem import Problem
from .slab import cache_table

INT_BITS = 32       # of what the kernel prints: an order that is broken can be anything


@dataclass(frozen=True)
class SlabinfoCache:
    """One line. SLUB has no tunables: these are 0."""

    name: str
    active_objs: int
    num_objs: int
    objsize: int                # from an object to the next, not what the user asked for
    objperslab: int
    pagesperslab: int
    active_slabs: int           # all of them, always
    num_slabs: int


@dataclass(frozen=True)
class Slabinfo:
    """Every cache, in the kernel's order."""

    caches: tuple[SlabinfoCache, ...]
    problems: tuple[Problem, ...] = ()


def slabinfo(ctx: Context) -> Slabinfo:
    """Count every cache's slabs and objects. Raises MissingError, FaultError."""
    table = cache_table(ctx)
    return Slabinfo(tuple(
        SlabinfoCache(row.name, row.active_objs, row.num_objs, row.size, row.objects_per_slab,
                      1 << row.order if row.order < INT_BITS else 0, row.slabs, row.slabs)
        for row in table.caches), table.problems)
