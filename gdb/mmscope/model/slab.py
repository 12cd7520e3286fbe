# SPDX-License-Identifier: GPL-2.0-or-later
"""Caches with their counts, and one cache in full: its slabs, who holds them, and its objects.

  SLUB-10 nr_slabs and total_objects of a node are those of its slabs, wherever they are: told after looking for all
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Iterator, Optional

from .context import Context
from .problem import Problem
from .slabcache import Cache, Caches, all_caches
from .slabcpu import CpuSlab, cpu_slabs
from .slabnode import CacheNode, cache_nodes, kernels_free_objects
from .slabobject import Object, ObjectAt, objects_of
from .slabpage import FULL, PARTIAL, UNLISTED, Slab, read_slab
from .slabscan import scan_slabs
from .slabsheaf import Sheaf, sheaves


@dataclass(frozen=True)
class CacheRow:
    """One cache and its counts, as /proc/slabinfo has them: what CPUs keep counts as active."""

    name: str
    addr: int
    object_size: int
    size: int
    objects_per_slab: int
    order: int
    slabs: int
    active_objs: int
    num_objs: int
    nr_partial: int             # slabs on nodes' partial lists
    flags: int
    flag_names: tuple[str, ...]
    locked: bool                # a node's list_lock is held: its lists may be half changed


@dataclass(frozen=True)
class CacheDetail:
    """One cache in full."""

    cache: Cache
    nodes: tuple[CacheNode, ...]
    cpus: tuple[CpuSlab, ...]               # empty: CPUs have no slabs in this kernel
    sheaves: tuple[Sheaf, ...]              # empty: this kernel or this cache has none
    slabs: tuple[Slab, ...]                 # CPUs' first, then by node and list
    complete: bool                          # every slab was looked for; else those on no list are missing
    objects: Optional[tuple[Object, ...]]   # None: not asked for


@dataclass(frozen=True)
class SlabReport:
    """The table, or one cache, or one object."""

    caches: tuple[CacheRow, ...]
    cache: Optional[CacheDetail] = None
    object: Optional[ObjectAt] = None
    problems: tuple[Problem, ...] = ()


def cache_table(ctx: Context) -> SlabReport:
    """Every cache, in the order of slab_caches. Raises MissingError, FaultError."""
    caches = all_caches(ctx)
    rows, problems = [], list(caches.problems)
    for cache in caches.caches:
        row, broken = cache_row(ctx, cache)
        rows.append(row)
        problems += broken
    return SlabReport(tuple(rows), problems=tuple(problems))


def find_cache(caches: Caches, name: str) -> Optional[Cache]:
    """A cache by its name."""
    return next((cache for cache in caches.caches if cache.name == name), None)


def cache_row(ctx: Context, cache: Cache) -> tuple[CacheRow, tuple[Problem, ...]]:
    """Counts of one cache. What cannot be read is a problem, and counts nothing."""
    nodes, problems = cache_nodes(ctx, cache)
    total = sum(node.total_objects or 0 for node in nodes)
    free = sum(kernels_free_objects(ctx, node) for node in nodes)
    return CacheRow(
        cache.name, cache.addr, cache.object_size, cache.size, cache.objects_per_slab, cache.order,
        sum(node.nr_slabs or 0 for node in nodes), total - free, total, sum(node.nr_partial for node in nodes),
        cache.flags, cache.flag_names, any(node.locked for node in nodes)), problems


def cache_detail(ctx: Context, cache: Cache, full: bool, objects: bool,
                 every: Optional[Iterable[int]] = None) -> tuple[CacheDetail, tuple[Problem, ...]]:
    """All that is known of a cache, and what is wrong with it. Raises MissingError, FaultError.

    every: with full, the struct slabs of all its slabs where they are known; else they are looked for.
    """
    nodes, problems = cache_nodes(ctx, cache)
    cpus = cpu_slabs(ctx, cache)
    kept, broken = sheaves(ctx, cache)
    found = list(cpus.slabs)
    for node in nodes:
        for where, addrs in ((PARTIAL, node.partial), (FULL, node.full or ())):
            found += [read_slab(ctx, cache, addr, where, node.node) for addr in addrs]
    if full:
        known = {slab.addr for slab in found}
        for addr in scan_slabs(ctx, cache) if every is None else every:
            if addr not in known:
                found.append(unlisted(ctx, cache, addr))
    problems += (*cpus.problems, *broken, *(problem for slab in found for problem in slab.problems),
                 *_frozen(cache, found), *(_counts(cache, nodes, found) if full else ()))
    return CacheDetail(cache, nodes, cpus.cpus, kept, tuple(found), full,
                       objects_of(cache, found, cpus.cpus, kept) if objects else None), problems


def unlisted(ctx: Context, cache: Cache, addr: int) -> Slab:
    """A slab that was found by its struct page: a full one is on no list."""
    slab = read_slab(ctx, cache, addr, FULL)
    return slab if slab.inuse >= slab.objects else read_slab(ctx, cache, addr, UNLISTED)


def _frozen(cache: Cache, slabs: list[Slab]) -> Iterator[Problem]:
    """SLUB-4: one on a node's list is not a CPU's. Whether those that wait for a CPU are frozen changed in v6.8."""
    for slab in slabs:
        if slab.where == PARTIAL and slab.frozen:
            name = f"slab {slab.addr:#x} of {cache.name}"
            yield Problem("SLUB-4", name, 0, 1, f"{name} is frozen, but on the partial list of node {slab.node}")


def is_leaving(cache: Cache, slab: Slab) -> bool:
    """Whether a slab waits, empty and on no list, for RCU to let it go: it is not counted any more."""
    return slab.where == UNLISTED and slab.inuse == 0 and "TYPESAFE_BY_RCU" in cache.flag_names


def _counts(cache: Cache, nodes: tuple[CacheNode, ...], slabs: list[Slab]) -> Iterator[Problem]:
    """SLUB-10."""
    for node in nodes:
        own = [slab for slab in slabs if slab.node == node.node and not is_leaving(cache, slab)]
        for what, counted, there in (("slabs", node.nr_slabs, len(own)),
                                     ("objects", node.total_objects, sum(slab.objects for slab in own))):
            if counted is not None and counted != there:
                where = f"cache {cache.name} node {node.node}"
                yield Problem("SLUB-10", where, counted, there, f"{where} counts {counted} {what}, memory has {there}")
