# SPDX-License-Identifier: GPL-2.0-or-later
"""A page of a slab: whose it is, who holds the slab, and what keeps its pages from being freed."""
from __future__ import annotations

from typing import Optional

from ..layout.reader import Record
from .address import Place
from .context import Context
from .evidence import Evidence, Told, nth, pages
from .pageuse import compound_head
from .slab import CacheDetail, cache_detail, unlisted
from .slabcache import Cache, read_cache
from .slabobject import Object, objects_of
from .slabpage import CPU, CPU_PARTIAL, FULL, PARTIAL, Slab, slab_record

BY_ADDRESS = ("phys", "virtual address", "mapped address")        # X is a byte of the page, so that it is of one object


def slab_page(ctx: Context, place: Place, page: Record) -> Told:
    """What is to be said of a page of a slab. Raises MissingError, FaultError."""
    head = compound_head(ctx, place.pfn, page)[1]
    owner = slab_record(ctx, head.addr).get("slab_cache")
    if ctx.arch.virt_to_phys(owner) is None:
        return Told(f"slab of no cache: it says that its cache is at {owner:#x}", ())
    told, slab, cache, objects = ctx.once(f"usedslab {head.addr:x}", lambda ctx: _slab(ctx, owner, head.addr))
    evidence = list(told.evidence)
    if slab.order:
        evidence.insert(0, Evidence("in the slab", f"{nth(place.pfn - slab.pfn)} of its {pages(1 << slab.order)}"))
    if place.given in BY_ADDRESS and place.virt is not None and slab.virt is not None and cache.size:
        index = (place.virt - slab.virt - cache.red_left_pad) // cache.size
        if 0 <= index < len(objects):
            evidence.insert(0, Evidence("object", _object(objects[index], place.virt, len(objects))))
    return Told(told.verdict, tuple(evidence))


def _cache(ctx: Context, addr: int) -> tuple[Cache, CacheDetail, dict[int, Slab]]:
    """A cache, what its CPUs and nodes have, and its slabs that are on a list."""
    cache = read_cache(ctx, addr)
    detail = cache_detail(ctx, cache, False, False)[0]
    return cache, detail, {slab.addr: slab for slab in detail.slabs}


def _slab(ctx: Context, owner: int, addr: int) -> tuple[Told, Slab, Cache, tuple[Object, ...]]:
    """The same for all pages of a slab."""
    cache, detail, listed = ctx.once(f"usedslab.cache {owner:x}", lambda ctx: _cache(ctx, owner))
    slab = listed.get(addr) or unlisted(ctx, cache, addr)
    objects = objects_of(cache, [slab], detail.cpus, detail.sheaves)
    used = sum(not each.free for each in objects)
    count = f"{used} of {slab.objects} objects in use"
    evidence = [
        Evidence("slab", f"pfn {slab.pfn:#x} to {slab.pfn + (1 << slab.order):#x}, order {slab.order}, "
                         f"{slab.objects} objects of {cache.size} bytes"),
        Evidence("cache", f"{cache.name} at {cache.addr:#x}, objects of {cache.object_size} bytes"),
        Evidence("held by", _holder(slab, detail)),
        Evidence("objects", f"{count}; free: {_free(slab, objects)}"),
        Evidence("kept by", _kept_by(cache, slab, used))]
    return Told(f"slab of {cache.name}: {count}; {_short(slab)}", tuple(evidence)), slab, cache, objects


def _short(slab: Slab) -> str:
    """Who holds it, for the verdict."""
    return {CPU: f"CPU {slab.cpu} allocates from it", CPU_PARTIAL: f"waits on CPU {slab.cpu}'s partial list",
            PARTIAL: f"on node {slab.node}'s partial list", FULL: "full, on no partial list"}.get(
                slab.where, "on no list")


def _holder(slab: Slab, detail: CacheDetail) -> str:
    """Who holds it, and at which place."""
    for cpu in detail.cpus:
        if slab.where == CPU_PARTIAL and cpu.cpu == slab.cpu and slab.addr in cpu.partial:
            return f"CPU {cpu.cpu}: {nth(cpu.partial.index(slab.addr))} of {len(cpu.partial)} slabs that wait for it"
    for node in detail.nodes:
        if slab.where == PARTIAL and slab.addr in node.partial:
            return (f"node {node.node}: {nth(node.partial.index(slab.addr))} of {len(node.partial)} slabs on its "
                    "partial list")
        if slab.where == FULL and slab.addr in (node.full or ()):
            return f"node {node.node}: on its list of full slabs"
    if slab.where == CPU:
        return f"CPU {slab.cpu}: the slab that it allocates from, frozen for it"
    if slab.where == FULL:
        return "nobody: a full slab is on no list, the first object freed puts it on one"
    return "nobody: a slab with free objects should be on a list, this one may be on its way there"


def _free(slab: Slab, objects: tuple[Object, ...]) -> str:
    """Who would give out the free ones."""
    holders: dict[Optional[str], int] = {}
    for each in objects:
        if each.free:
            holders[each.holder] = holders.get(each.holder, 0) + 1
    return ", ".join(f"{count} of {'its own freelist' if holder == 'slab' else holder}"
                     for holder, count in holders.items()) or "none"


def _kept_by(cache: Cache, slab: Slab, used: int) -> str:
    """Why its pages are not freed."""
    if used:
        return f"{used} of its objects in use: its pages go back with the last one"
    if slab.where == PARTIAL:
        return f"no object: a node keeps {cache.min_partial} slabs (min_partial) though they are empty"
    if slab.inuse:
        return "no object in use, but free ones that a CPU or a node keeps ready to be given out"
    return "no object: who holds it keeps it for the next allocation"


def _object(found: Object, addr: int, count: int) -> str:
    """Which object a byte is of."""
    where = f"{nth(found.index)} of {count}, {found.addr:#x} + {addr - found.addr:#x}"
    if not found.free:
        return f"{where}: in use"
    holder = "the slab's own freelist" if found.holder == "slab" else found.holder
    return f"{where}: free, {nth(found.position or 0)} to be given out by {holder}"
