# SPDX-License-Identifier: GPL-2.0-or-later
"""Which object of which cache an address is."""
from __future__ import annotations

import re

from ..errors import FaultError, MmError
from ..layout.reader import Record
from .address import Place, resolve
from .context import Context
from .pageuse import compound_head
from .slab import CacheDetail, SlabReport, cache_detail, cache_row, find_cache, unlisted
from .slabcache import Cache, all_caches
from .slabobject import FRONT, OBJECT, PADDING, RED_ZONE, REST, ObjectAt, objects_of
from .slabpage import is_slab, slab_record

LIKE_A_CACHE = re.compile(r"[a-zA-Z_]\w*(-[\w.]+)+")     # kmalloc-64: as an expression, a difference of two names


def slab_report(ctx: Context, text: str, full: bool, objects: bool) -> SlabReport:
    """The cache of that name, else the object that an expression is. Raises MmError, MissingError, FaultError."""
    caches = all_caches(ctx)
    cache = find_cache(caches, text)
    if cache is not None:
        detail, problems = cache_detail(ctx, cache, full or objects, objects)
        return SlabReport((cache_row(ctx, cache)[0],), detail, None, problems)
    if LIKE_A_CACHE.fullmatch(text):        # a debugger may look for seconds for a name that is not there
        raise MmError(f"no cache {text!r}: 'mm slab' lists them; if it is an address, write ({text})")
    try:
        place = resolve(ctx, text)
    except MmError as error:
        raise MmError(f"no cache {text!r} ('mm slab' lists them), and as an address: {error}") from None
    head = _head(ctx, place)
    owner = slab_record(ctx, head.addr).get("slab_cache")
    cache = next((each for each in caches.caches if each.addr == owner), None)
    if cache is None:
        raise MmError(f"{text}: its slab says that it is of the cache at {owner:#x}, which is not on slab_caches")
    detail, problems = cache_detail(ctx, cache, full or objects, objects)
    return SlabReport((cache_row(ctx, cache)[0],), detail if full or objects else None,
                      _object(ctx, cache, detail, head.addr, place), problems)


def _head(ctx: Context, place: Place) -> Record:
    """The first struct page of the slab that a place is in. Raises MmError when it is in none."""
    if place.page is None:
        raise MmError(f"pfn {place.pfn:#x} has no struct page")
    _, head = compound_head(ctx, place.pfn, ctx.read.record("page", place.page))
    if not is_slab(ctx, head):
        raise MmError(f"pfn {place.pfn:#x} is in no slab: 'mm page pfn:{place.pfn:#x}' says what it is")
    return head


def _object(ctx: Context, cache: Cache, detail: CacheDetail, addr: int, place: Place) -> ObjectAt:
    """What is known of an address in a slab."""
    slab = next((each for each in detail.slabs if each.addr == addr), None) or unlisted(ctx, cache, addr)
    if slab.virt is None:
        raise FaultError(addr)
    if place.given in ("pfn", "struct page") or place.virt is None or not cache.size:
        return ObjectAt(None, cache.name, slab, None, None, None)
    past = place.virt - slab.virt - cache.red_left_pad
    index, offset = divmod(past, cache.size)
    if not 0 <= index < slab.objects:
        return ObjectAt(place.virt, cache.name, slab, FRONT if past < 0 else REST, None, None)
    part = OBJECT if offset < cache.object_size else RED_ZONE if "RED_ZONE" in cache.flag_names else PADDING
    found = objects_of(cache, [slab], detail.cpus, detail.sheaves)[index]
    return ObjectAt(place.virt, cache.name, slab, part, offset, found)
