# SPDX-License-Identifier: GPL-2.0-or-later
"""A cache's slabs that no CPU holds, by node. Mirrors struct kmem_cache_node in helper/include/mm/slub_def.h.

  SLUB-9  nr_partial == slabs on partial, and each has a free object; each slab on full has none
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import FaultError
from ..layout.lock import held
from ..layout.reader import Record
from .context import Context
from .pagelist import walk_pages
from .problem import Problem
from .slabcache import Cache, node_addrs
from .slabpage import slab_record, slab_tag

MAX_PARTIAL_TO_SCAN = 10000     # since the kernel estimates: slabs that it looks at, half at each end of the list


@dataclass(frozen=True)
class CacheNode:
    """The lists of one node (struct kmem_cache_node)."""

    node: int
    addr: int
    locked: Optional[bool]              # list_lock is held: lists may be half changed; None: its form is not known
    nr_partial: int                     # slabs, as the target counts them
    nr_slabs: Optional[int]             # all slabs of the node; None: this kernel does not count (no SLUB_DEBUG)
    total_objects: Optional[int]
    free_objects: int                   # in the slabs on partial
    partial: tuple[int, ...]            # struct slab of each, in list order
    full: Optional[tuple[int, ...]]     # None: this kernel has no such list
    problems: tuple[Problem, ...] = field(metadata={"json": False})


def cache_nodes(ctx: Context, cache: Cache) -> tuple[tuple[CacheNode, ...], tuple[Problem, ...]]:
    """The lists of every node of a cache, and what is wrong with them. Raises MissingError."""
    nodes: list[CacheNode] = []
    problems: list[Problem] = []
    for node, addr in node_addrs(ctx, cache):
        try:
            nodes.append(_read(ctx, cache, node, addr))
        except FaultError as error:
            where = f"cache {cache.name} node {node}"
            problems.append(Problem("SLUB-13", where, "readable memory", error.addr, f"{where}: {error}"))
    return tuple(nodes), tuple(problem for each in nodes for problem in each.problems) + tuple(problems)


def kernels_free_objects(ctx: Context, node: CacheNode) -> int:
    """Free objects on a node's partial list as the kernel counts them for /proc/slabinfo: long lists are estimated."""
    if (ctx.layout.find_variable("estimate of free objects") is None
            or len(node.partial) <= MAX_PARTIAL_TO_SCAN or node.total_objects is None):
        return node.free_objects
    ends = node.partial[:MAX_PARTIAL_TO_SCAN // 2] + node.partial[-(MAX_PARTIAL_TO_SCAN // 2):]
    seen = sum(_free(slab_record(ctx, addr)) for addr in ends)
    whole, rest = divmod(seen, MAX_PARTIAL_TO_SCAN)
    return min(whole * node.nr_partial + rest * node.nr_partial // MAX_PARTIAL_TO_SCAN, node.total_objects)


def _free(slab: Record) -> int:
    """Objects on a slab's own freelist, by its counters."""
    return slab.get("objects") - slab.get("inuse")


def _read(ctx: Context, cache: Cache, node: int, addr: int) -> CacheNode:
    """Decode one node."""
    record = ctx.read.record("kmem_cache_node", addr)
    nr_partial, nr_slabs = record.get("nr_partial"), record.find("nr_slabs")
    where = f"cache {cache.name} node {node}"
    limit = max(nr_partial, nr_slabs or 0) + 1      # a slab may be on its way to the list
    link = ctx.layout.field(f"{slab_tag(ctx)}.slab_list").offset
    partial = walk_pages(ctx, record.addr_of("partial"), f"{where}, partial", link, limit)
    slabs = tuple(entry - link for entry in partial.nodes)
    problems, free = list(partial.problems), 0
    for slab in slabs:
        count = _free(slab_record(ctx, slab))
        free += count
        if count <= 0:
            problems.append(Problem("SLUB-9", f"{where}, slab {slab:#x}", "a free object", count,
                                    f"{where}: slab {slab:#x} is on the partial list without a free object"))
    if not partial.problems and len(slabs) != nr_partial:
        problems.append(Problem("SLUB-9", where, nr_partial, len(slabs),
                                f"{where} counts {nr_partial} partial slabs, the list has {len(slabs)}"))
    full = None
    if record.has("full"):
        walk = walk_pages(ctx, record.addr_of("full"), f"{where}, full", link, limit)
        full = tuple(entry - link for entry in walk.nodes)
        problems += [*walk.problems, *_check_full(ctx, full, where)]
    return CacheNode(node, addr, held(record), nr_partial, nr_slabs, record.find("total_objects"), free,
                     slabs, full, tuple(problems))


def _check_full(ctx: Context, full: tuple[int, ...], where: str) -> Iterator[Problem]:
    """SLUB-9 for the full list."""
    for slab in full:
        count = _free(slab_record(ctx, slab))
        if count:
            yield Problem("SLUB-9", f"{where}, slab {slab:#x}", 0, count,
                          f"{where}: slab {slab:#x} is on the full list with {count} free objects")
