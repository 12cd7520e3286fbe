# SPDX-License-Identifier: GPL-2.0-or-later
"""Sheaves: arrays of free objects that CPUs and nodes keep, in kernels that have them.

An object in a sheaf counts as in use in its slab. A CPU gives out the last one of its main sheaf first. Which of a
sheaf's other members hold anything depends on where it is: its size is that which counts.

  SHEAF-1 a sheaf has no more objects than its cache's sheaves have room for
  SHEAF-2 each object in it is one of a slab of its cache
  SHEAF-3 nr_full of a node's barn == sheaves on its list of full ones
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import FaultError
from ..layout.reader import Record
from .context import Context
from .percpu import cpu_offsets, per_cpu_addr
from .problem import Problem
from .slabcache import Cache, node_ids
from .slabpage import slab_at
from .walk import walk_list

MAIN, SPARE, RCU_FREE, BARN = "main", "spare", "rcu_free", "barn"
MAX_SHEAF = 65536


@dataclass(frozen=True)
class Sheaf:
    """One sheaf (struct slab_sheaf)."""

    kind: str                       # main, spare, rcu_free: of a CPU; barn: full, of a node
    cpu: Optional[int]
    node: Optional[int]
    addr: int
    objects: tuple[int, ...]        # in the order in which they are given out
    problems: tuple[Problem, ...] = field(metadata={"json": False})

    @property
    def holder(self) -> str:
        """Whose it is, in words."""
        return f"CPU {self.cpu} {self.kind} sheaf" if self.cpu is not None else f"node {self.node} {self.kind}"


def sheaves(ctx: Context, cache: Cache) -> tuple[tuple[Sheaf, ...], tuple[Problem, ...]]:
    """Every sheaf of a cache, CPUs first, and what is wrong with them. Raises MissingError, FaultError."""
    pointer = cache.record.find("cpu_sheaves")
    found: list[Sheaf] = []
    problems: list[Problem] = []
    for cpu, offset in cpu_offsets(ctx).items() if pointer else ():
        try:
            record = ctx.read.record("slub_percpu_sheaves", per_cpu_addr(ctx, pointer or 0, offset))
        except FaultError as error:
            problems.append(_unreadable(f"cache {cache.name} CPU {cpu}", error))
            continue
        for kind in (MAIN, SPARE, RCU_FREE):
            addr = record.find(kind)
            if addr:
                found.append(_read(ctx, cache, addr, kind, cpu, None))
    if ctx.layout.find_field("kmem_cache_per_node_ptrs.barn") is not None:
        for node in range(node_ids(ctx)):
            barn = cache.record.inner("per_node", "kmem_cache_per_node_ptrs", node).get("barn")
            try:
                found += _barn(ctx, cache, ctx.read.record("node_barn", barn), node, problems) if barn else []
            except FaultError as error:
                problems.append(_unreadable(f"cache {cache.name} node {node}, barn", error))
    return tuple(found), tuple(problems + [each for sheaf in found for each in sheaf.problems])


def _unreadable(where: str, error: FaultError) -> Problem:
    return Problem("SLUB-13", where, "readable memory", error.addr, f"{where}: {error}")


def _barn(ctx: Context, cache: Cache, barn: Record, node: int, problems: list[Problem]) -> list[Sheaf]:
    """The full sheaves of a node."""
    where, link = f"cache {cache.name} node {node}, barn", ctx.layout.field("slab_sheaf.barn_list").offset
    nr_full = barn.get("nr_full")
    walk = walk_list(ctx, barn.addr_of("sheaves_full"), where,
                     lambda addr: addr % ctx.read.word == 0 and ctx.arch.virt_to_phys(addr) is not None, nr_full + 1)
    problems += walk.problems
    if not walk.problems and len(walk.nodes) != nr_full:
        problems.append(Problem("SHEAF-3", where, nr_full, len(walk.nodes),
                                f"{where} counts {nr_full} full sheaves, the list has {len(walk.nodes)}"))
    return [_read(ctx, cache, addr - link, BARN, None, node) for addr in walk.nodes]


def _read(ctx: Context, cache: Cache, addr: int, kind: str, cpu: Optional[int], node: Optional[int]) -> Sheaf:
    """Decode one sheaf; one that cannot be read is empty and a problem."""
    who = f"CPU {cpu}" if cpu is not None else f"node {node}"
    where = f"cache {cache.name} {who}, {kind} sheaf {addr:#x}"
    try:
        record = ctx.read.record("slab_sheaf", addr)
        size, room = record.get("size"), min(cache.sheaf_capacity or 0, MAX_SHEAF)
        problems: list[Problem] = []
        if size > room:
            problems.append(Problem("SHEAF-1", where, room, size,
                                    f"{where} has {size} objects, there is room for {room}"))
        word, count = ctx.read.word, min(size, room)
        data = ctx.memory.read(record.addr_of("objects"), count * word)
    except FaultError:
        return Sheaf(kind, cpu, node, addr, (), (
            Problem("SHEAF-1", where, "readable memory", addr, f"{where} cannot be read"),))
    objects = tuple(int.from_bytes(data[at:at + word], ctx.read.order) for at in range(0, count * word, word))
    wrong = [each for each in objects if not _belongs(ctx, cache, each)]
    problems += [Problem("SHEAF-2", where, f"an object of {cache.name}", each,
                         f"{where}: {each:#x} is no object of a slab of this cache") for each in wrong]
    return Sheaf(kind, cpu, node, addr, tuple(reversed(objects)), tuple(problems))


def _belongs(ctx: Context, cache: Cache, addr: int) -> bool:
    """Whether an object of the cache begins at an address."""
    slab = slab_at(ctx, cache, addr) if cache.size else None
    past = (addr - slab.virt - cache.red_left_pad) if slab is not None else -1
    return slab is not None and past >= 0 and past % cache.size == 0 and past // cache.size < slab.objects
