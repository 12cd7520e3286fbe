# SPDX-License-Identifier: GPL-2.0-or-later
"""One slab: a block of pages cut into objects. Mirrors the slab's part of helper/include/mm/mm_types.h.

Its fields are in struct page, or in a struct slab that lies over it; which of them is told by what the symbols have.

  SLUB-1  every entry of a freelist is an object of this slab: in it, and a multiple of size (and red_left_pad) from
          its start
  SLUB-2  a freelist ends with NULL within `objects` entries: no loop
  SLUB-3  inuse + entries of the slab's own freelist == objects
  SLUB-5  it is marked as a slab and is its cache's; its order holds `objects` objects, and is that of oo or of min
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterator, Optional

from ..errors import FaultError
from ..layout.freelist import stored_pointer
from ..layout.pagetype import page_type
from ..layout.reader import Record
from .context import Context
from .pageuse import compound_order
from .problem import Problem
from .slabcache import Cache
from .walk import END, INVALID, LONG, LOOP, walk_chain

CPU, CPU_PARTIAL, PARTIAL, FULL, UNLISTED = "cpu", "cpu partial", "partial", "full", "unlisted"


@dataclass(frozen=True)
class Freelist:
    """Free objects in the order in which they are given out."""

    objects: tuple[int, ...]
    problems: tuple[Problem, ...] = field(metadata={"json": False})


@dataclass(frozen=True)
class Slab:
    """One slab."""

    where: str                  # cpu: a CPU allocates from it; cpu partial; partial, full: on its node's list; unlisted
    cpu: Optional[int]
    node: int
    addr: int                   # of its struct slab, which is that of its first struct page
    pfn: int
    virt: Optional[int]         # of its first byte; None when it is not in the linear map, which is wrong
    order: int
    objects: int
    inuse: int                  # objects that are not on its own freelist
    frozen: bool
    free: tuple[int, ...]       # its own freelist, in order
    problems: tuple[Problem, ...] = field(metadata={"json": False})


def slab_tag(ctx: Context) -> str:
    """The struct that has a slab's fields."""
    return "slab" if ctx.layout.find_field("slab.freelist") is not None else "page"


def slab_record(ctx: Context, addr: int) -> Record:
    """The fields of a slab. Raises FaultError."""
    return ctx.read.record(slab_tag(ctx), addr)


def is_slab(ctx: Context, page: Record) -> bool:
    """Whether a struct page is marked as the first of a slab."""
    return "slab" in ctx.page_flags.decode(page.get("flags")) or page_type(ctx.layout, page) == "slab"


def read_slab(ctx: Context, cache: Cache, addr: int, where: str, node: Optional[int] = None,
              cpu: Optional[int] = None) -> Slab:
    """Decode the slab whose struct is at addr, its own freelist too. Raises MissingError, FaultError."""
    pfn = ctx.pages.pfn(addr)
    if pfn is None:
        raise FaultError(addr)
    page, record = ctx.read.record("page", addr), slab_record(ctx, addr)
    flags = page.get("flags")
    order = compound_order(ctx, pfn, page) if "head" in ctx.page_flags.decode(flags) else 0
    virt = ctx.arch.phys_to_virt(pfn << ctx.arch.page_shift)
    objects, inuse = record.get("objects"), record.get("inuse")
    name = f"slab {addr:#x} of {cache.name}"
    problems = list(_check(ctx, cache, name, page, record, order))
    free: tuple[int, ...] = ()
    if virt is not None:
        walked = freelist(ctx, cache, name, virt, objects, record.get("freelist"))
        free = walked.objects
        problems += walked.problems
        if not walked.problems and inuse + len(free) != objects:
            problems.append(Problem(
                "SLUB-3", name, objects - inuse, len(free),
                f"{name}: {inuse} of {objects} objects are in use, but its freelist has {len(free)}"))
    return Slab(where, cpu, ctx.page_flags.node(flags) if node is None else node, addr, pfn, virt, order or 0, objects,
                inuse, bool(record.find("frozen")), free, tuple(problems))


def freelist(ctx: Context, cache: Cache, name: str, virt: int, objects: int, first: int) -> Freelist:
    """Walk a freelist of the slab that begins at virt, from its first object."""
    start, random, word = virt + cache.red_left_pad, cache.random, ctx.read.word
    end = start + objects * cache.size

    def _valid(addr: int) -> bool:
        return start <= addr < end and (addr - start) % cache.size == 0

    def _follow(addr: int) -> int:
        at = addr + cache.offset
        return stored_pointer(ctx.read.unsigned(at), at, random, word)

    chain = walk_chain(first, _follow, _valid, objects)
    problems: list[Problem] = []
    if chain.end != END:
        id_ = "SLUB-2" if chain.end in (LOOP, LONG) else "SLUB-1"
        why = {INVALID: f"leads to {chain.at:#x}, where no object of it begins",
               LOOP: f"loops back to {chain.at:#x}", LONG: f"has more than the {objects} objects of the slab"}
        problems.append(Problem(id_, f"{name}, freelist entry {len(chain.nodes)}", "an object of this slab, or NULL",
                                chain.at, f"{name}: its freelist, after {len(chain.nodes)} objects, "
                                + why.get(chain.end, f"leads to {chain.at:#x}, which cannot be read")))
    return Freelist(chain.nodes, tuple(problems))


@dataclass(frozen=True)
class SlabAt:
    """Where the slab is that an address lies in."""

    addr: int
    virt: int
    objects: int


def slab_at(ctx: Context, cache: Cache, addr: int) -> Optional[SlabAt]:
    """The slab of a cache that an address lies in: slabs are aligned to their size. None when it is in none."""
    phys = ctx.arch.virt_to_phys(addr)
    if phys is None:
        return None
    for order in dict.fromkeys((cache.order, cache.min_order)):
        pfn = phys >> ctx.arch.page_shift + order << order
        if not ctx.pages.covers(pfn):
            continue
        page = ctx.pages.page(pfn)
        record, virt = slab_record(ctx, page), ctx.arch.phys_to_virt(pfn << ctx.arch.page_shift)
        if record.get("slab_cache") == cache.addr and virt is not None and is_slab(ctx, ctx.read.record("page", page)):
            return SlabAt(page, virt, record.get("objects"))
    return None


def _check(ctx: Context, cache: Cache, name: str, page: Record, record: Record,
           order: Optional[int]) -> Iterator[Problem]:
    """SLUB-5."""
    if not is_slab(ctx, page):
        yield Problem("SLUB-5", name, "a slab", page.get("flags"), f"{name}: its page is not marked as a slab")
    if record.get("slab_cache") != cache.addr:
        yield Problem("SLUB-5", name, cache.addr, record.get("slab_cache"),
                      f"{name} says that it is of the cache at {record.get('slab_cache'):#x}")
    objects = record.get("objects")
    if (objects, order) not in ((cache.objects_per_slab, cache.order), (cache.min_objects_per_slab, cache.min_order)):
        yield Problem("SLUB-5", name, cache.objects_per_slab, objects,
                      f"{name} has {objects} objects at order {order}, its cache {cache.objects_per_slab} at "
                      f"{cache.order}")
