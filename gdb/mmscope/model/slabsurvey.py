# SPDX-License-Identifier: GPL-2.0-or-later
"""Every slab of every cache, decoded once a stop: what mm check holds SLUB's and the sheaves' invariants against.

  SLUB-4  a frozen slab is a CPU's: one that no CPU has is lost
  SLUB-5  the cache of each slab in memory is on slab_caches
  SLUB-8  tid modulo TID_STEP is the number of the CPU whose part of a cache it is
  SLUB-9  a slab with a free object is a CPU's, or on its node's list: else nobody gives the object out again
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError
from ..layout.debuginfo import ARRAY
from .context import Context
from .problem import Problem
from .slab import CacheDetail, cache_detail, is_leaving
from .slabcache import Cache, Caches, all_caches
from .slabpage import FULL, PARTIAL, UNLISTED, Slab, slab_record
from .slabscan import all_slabs

MOST_STRAYS = 1000


@dataclass(frozen=True)
class Survey:
    """All of it."""

    details: tuple[CacheDetail, ...]
    strays: int                         # slabs whose cache is not on slab_caches
    problems: tuple[Problem, ...]       # but for those of the list of caches itself

    @property
    def slabs(self) -> int:
        """How many."""
        return sum(len(detail.slabs) for detail in self.details)


def caches(ctx: Context) -> Caches:
    """The caches. Raises MissingError, FaultError."""
    return ctx.once("slabsurvey.caches", all_caches)


def survey(ctx: Context) -> Survey:
    """Everything. Raises MissingError, FaultError."""
    return ctx.once("slabsurvey.survey", _look)


def _look(ctx: Context) -> Survey:
    found, details, problems = all_slabs(ctx), [], []
    known = caches(ctx).caches
    for cache in known:
        try:
            detail, broken = cache_detail(ctx, cache, True, False, found.get(cache.addr, ()))
        except FaultError as error:
            where = f"cache {cache.name}"
            problems.append(Problem("SLUB-13", where, "readable memory", error.addr, f"{where}: {error}"))
            continue
        details.append(detail)
        problems += broken
        problems += _lost(cache, detail)
        problems += _tids(ctx, detail)
    addrs = {cache.addr for cache in known}
    strays = [(owner, addr) for owner, each in found.items() if owner not in addrs for addr in each]
    if not caches(ctx).problems:        # else the list ends early, and that says it all
        problems += _strays(ctx, strays)
    return Survey(tuple(details), len(strays), tuple(dict.fromkeys(problems)))


def _lost(cache: Cache, detail: CacheDetail) -> Iterator[Problem]:
    """SLUB-4 and SLUB-9, of slabs that were found by looking through memory."""
    if any(node.problems for node in detail.nodes) or any(cpu.problems for cpu in detail.cpus):
        return                          # a list that ends early: what is behind that is not lost
    for slab in detail.slabs:
        name = f"slab {slab.addr:#x} of {cache.name}"
        if slab.where in (FULL, UNLISTED) and slab.frozen and detail.cpus:
            yield Problem("SLUB-4", name, 0, 1, f"{name} is frozen, but no CPU has it")
        elif slab.where == UNLISTED and not is_leaving(cache, slab):
            free = slab.objects - slab.inuse
            yield Problem("SLUB-9", name, "a list that it is on", None,
                          f"{name} has {free} free objects, but it is on no list")


def tid_step(ctx: Context) -> Optional[int]:
    """What tid grows by: as many as there can be CPUs, as a power of two; None where it is 1.

    It is 1 in a kernel that is not preempted in the middle of its own work: CPUs cannot be told by it then.
    """
    table = ctx.layout.find_variable("per-CPU offsets")
    if table is None or table.type is None or table.type.kind != ARRAY:
        return None
    if ctx.kind != "guest" and ctx.layout.find_variable("preemption") is None:
        return None
    return 1 << (table.type.count - 1).bit_length()


def _tids(ctx: Context, detail: CacheDetail) -> Iterator[Problem]:
    """SLUB-8."""
    step = tid_step(ctx) if detail.cpus else None
    for cpu in detail.cpus if step is not None else ():
        own = ctx.read.record("kmem_cache_cpu", cpu.addr).get("tid") % step
        if own != cpu.cpu:
            where = f"cache {detail.cache.name} CPU {cpu.cpu}"
            yield Problem("SLUB-8", where, cpu.cpu, own, f"{where}: its tid is one of CPU {own}")


def _strays(ctx: Context, strays: list[tuple[int, int]]) -> Iterator[Problem]:
    """SLUB-5, for slabs whose cache nobody knows."""
    for owner, addr in strays[:MOST_STRAYS]:
        name = f"slab {addr:#x}"
        yield Problem("SLUB-5", name, "a cache on slab_caches", owner,
                      f"{name} says that it is of the cache at {owner:#x}, which is not on slab_caches")
