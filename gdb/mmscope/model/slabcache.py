# SPDX-License-Identifier: GPL-2.0-or-later
"""The caches of the slab allocator. Mirrors struct kmem_cache in helper/include/mm/slub_def.h.

  SLUB-11 object_size <= inuse <= size; the free pointer lies within size; oo and min hold what fits in their orders
  SLUB-13 slab_caches is a sound list; each cache has a name and a refcount that is above 0, or -1
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import FaultError, MissingError
from ..layout.reader import Record
from ..layout.slabflags import slab_flags
from .context import Context
from .problem import Problem
from .walk import walk_list

OO_SHIFT = 16           # kmem_cache_order_objects: order above, objects below
MAX_CACHES = 65536
NAME_LIMIT = 128


@dataclass(frozen=True)
class Cache:
    """One cache (struct kmem_cache)."""

    addr: int
    name: str
    object_size: int                # bytes that the user asked for
    size: int                       # bytes from an object to the next
    align: int
    inuse: int                      # bytes up to the end of the object and its red zone
    offset: int                     # of the free pointer in a free object
    red_left_pad: int               # bytes in front of the first object of a slab
    objects_per_slab: int
    order: int                      # of a slab; smaller, min_order, when memory was short
    min_objects_per_slab: int
    min_order: int
    flags: int
    flag_names: tuple[str, ...]     # those that have a name
    refcount: int
    min_partial: int                # empty slabs that a node keeps
    cpu_partial: Optional[int]      # free objects a CPU may keep on its list, about; None: there are no such lists
    sheaf_capacity: Optional[int]   # objects in a sheaf; None: there are none
    random: Optional[int]           # what free pointers are hidden with; None: they are not
    record: Record = field(metadata={"json": False}, compare=False, repr=False)


@dataclass(frozen=True)
class Caches:
    """All of them, in the order of slab_caches."""

    caches: tuple[Cache, ...]
    problems: tuple[Problem, ...]


def node_ids(ctx: Context) -> int:
    """How many nodes a cache of the running kernel has room for."""
    found = ctx.layout.find_field("kmem_cache.per_node") or ctx.layout.field("kmem_cache.node")
    return max(min(ctx.read.find("nr_node_ids") or found.type.count, found.type.count), 1)


def all_caches(ctx: Context) -> Caches:
    """Every cache. A broken list is data. Raises MissingError, FaultError."""
    link, arch = ctx.layout.field("kmem_cache.list").offset, ctx.arch
    walk = walk_list(ctx, ctx.read.address("slab_caches"), "slab_caches",
                     lambda addr: addr % ctx.read.word == 0 and arch.virt_to_phys(addr - link) is not None, MAX_CACHES)
    found, problems = [], list(walk.problems)
    for node in walk.nodes:
        try:
            found.append(read_cache(ctx, node - link))
        except FaultError:
            where = f"cache {node - link:#x}"
            problems.append(Problem("SLUB-13", where, "readable memory", node - link, f"{where} cannot be read"))
            continue
        problems += _check(ctx, found[-1])
    return Caches(tuple(found), tuple(problems))


def cache_names(ctx: Context) -> list[str]:
    """Their names, for TAB."""
    return [cache.name for cache in all_caches(ctx).caches]


def read_cache(ctx: Context, addr: int) -> Cache:
    """Decode a cache: only as much of it as the running kernel has made room for. Raises MissingError, FaultError."""
    nodes = ctx.layout.find_field("kmem_cache.per_node") or ctx.layout.field("kmem_cache.node")
    element = nodes.type.element
    size = nodes.offset + node_ids(ctx) * (element.size if element is not None else nodes.type.size)
    record = Record(ctx.read, "kmem_cache", addr, ctx.memory.read(addr, size))
    oo, small, flags = record.get("oo"), record.get("min"), record.get("flags")
    mask = (1 << OO_SHIFT) - 1
    names = tuple(name for name, bit in slab_flags(ctx.layout).items() if flags & bit)
    return Cache(
        addr, ctx.read.name(record, "name", NAME_LIMIT) or "", record.get("object_size"), record.get("size"),
        record.get("align"), record.get("inuse"), record.get("offset"), record.find("red_left_pad") or 0,
        oo & mask, oo >> OO_SHIFT, small & mask, small >> OO_SHIFT, flags, names, record.get("refcount"),
        record.get("min_partial"), record.find("cpu_partial"), record.find("sheaf_capacity"), record.find("random"),
        record)


def node_addrs(ctx: Context, cache: Cache) -> tuple[tuple[int, int], ...]:
    """Number and address of each struct kmem_cache_node of a cache."""
    found = []
    for node in range(node_ids(ctx)):
        if ctx.layout.find_field("kmem_cache.per_node") is not None:
            addr = cache.record.inner("per_node", "kmem_cache_per_node_ptrs", node).get("node")
        else:
            addr = cache.record.get("node", node)
        if addr:
            found.append((node, addr))
    return tuple(found)


def _check(ctx: Context, cache: Cache) -> Iterator[Problem]:
    """SLUB-11 and SLUB-13, where later steps rely on them."""
    where = f"cache {cache.name} at {cache.addr:#x}"
    if not cache.name:
        yield Problem("SLUB-13", where, "a name", None, f"{where} has no name that can be read")
    if cache.refcount == 0 or cache.refcount < -1:
        yield Problem("SLUB-13", where, "above 0, or -1", cache.refcount, f"{where} has refcount {cache.refcount}")
    if not cache.object_size <= cache.inuse <= cache.size or cache.offset + ctx.read.word > cache.size:
        yield Problem("SLUB-11", where, "object_size <= inuse <= size, free pointer inside", cache.size,
                      f"{where}: size {cache.size}, object_size {cache.object_size}, inuse {cache.inuse}, "
                      f"free pointer at {cache.offset}: these do not fit into each other")
    for objects, order in ((cache.objects_per_slab, cache.order), (cache.min_objects_per_slab, cache.min_order)):
        if not objects or order >= slab_orders(ctx) or objects * cache.size > 1 << order + ctx.arch.page_shift:
            yield Problem("SLUB-11", where, "objects that fit in the order", objects,
                          f"{where}: {objects} objects of {cache.size} bytes in a slab of order {order}")


def slab_orders(ctx: Context) -> int:
    """Orders there are: a slab is a block of pages."""
    try:
        return ctx.layout.field("zone.free_area").type.count
    except MissingError:
        return ctx.arch.address_bits - ctx.arch.page_shift
