# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check: memblock's two lists, and the guest's early pools. memblock.py says what each ID is, but for:

  POOL-1  no pool is memory that memblock itself could give out
  POOL-2  used ranges lie in pools

That reserved lies inside memory is none of them: firmware's tables are reserved, and often no memory.
"""
from __future__ import annotations

from typing import Iterator

from ..errors import MmError
from .checks import Outcome, check
from .context import Context
from .memblock import Region, free_ranges, memblock, regions_of
from .problem import Problem
from .stage import Stage


@check("MEMBLOCK-1", "MEMBLOCK-2", "MEMBLOCK-3", "MEMBLOCK-4", "MEMBLOCK-5", since=Stage.EARLY, subsystem="memblock")
def lists(ctx: Context) -> Outcome:
    """Regions of memory and of what is reserved."""
    found = memblock(ctx)
    return Outcome(found.problems, f"regions: {len(found.memory)} of memory, {len(found.reserved)} reserved")


@check("POOL-1", "POOL-2", since=Stage.EARLY, subsystem="memblock")
def pools(ctx: Context) -> Outcome:
    """Ranges that early allocations are served from: the guest's alone."""
    every = regions_of(ctx, "early pools", "early_pools")
    used = regions_of(ctx, "early pools used", "early_pools_used")
    found = memblock(ctx)
    if found.problems:
        raise MmError("what memblock has free is not known: its lists are broken")
    problems = [problem for pool in every for problem in _free(pool, found.free)]
    problems += [_outside(each) for each in used if free_ranges((each,), every)]
    return Outcome(tuple(problems), f"pools: {len(every)}, ranges used: {len(used)}")


def _free(pool: Region, free: tuple) -> Iterator[Problem]:
    """POOL-1."""
    for each in free:
        if each.start < pool.end and pool.base < each.end:
            where = f"early pool {pool.base:#x} to {pool.end:#x}"
            yield Problem("POOL-1", where, "reserved", f"free: {each.start:#x} to {each.end:#x}",
                          f"{where}: memblock has {each.start:#x} to {each.end:#x} as free")


def _outside(used: Region) -> Problem:
    """POOL-2."""
    where = f"early_pools_used, {used.base:#x} to {used.end:#x}"
    return Problem("POOL-2", where, "in a pool", used.base, f"{where}: is not in a pool")
