# SPDX-License-Identifier: GPL-2.0-or-later
"""What is allocated or freed, read from the target in the middle of its run.

What does not change while the target runs (zones' numbers, mem_map, layouts) is that of one context; memory is read
anew at each hit.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from .context import Context
from .pageuse import compound_head, compound_order
from .slabcache import NAME_LIMIT, all_caches
from .slabpage import is_slab, slab_record
from .stage import Stage
from .vmarea import BUSY, all_areas
from .vmstruct import vm_struct
from .walk import walk_list
from .zone import zones

PAGES, SLAB, VMALLOC = KINDS = ("pages", "slab", "vmalloc")
MOST_IN_BATCH = 4096        # pages or objects that one call gives or takes
SMALLEST_POINTER = 16       # NULL, and what kmalloc(0) gives


@dataclass(frozen=True)
class Thing:
    """What one event is about. Unknown is None."""

    kind: str
    addr: int                       # of the struct page, the object, the area
    bytes: Optional[int]
    pfn: Optional[int] = None       # kind pages: the first
    order: Optional[int] = None
    zone: Optional[str] = None
    node: Optional[int] = None
    cache: Optional[str] = None     # kind slab; None: kmalloc() of whole pages
    caller: Optional[int] = None    # kind vmalloc: return address that the area has


class Look:
    """One target."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.settled = ctx.stage is not None and ctx.stage >= Stage.ZONES
        self.zones = {(zone.node, zone.index): zone.name for zone in zones(ctx)} if self.settled else {}
        self._caches: dict[int, tuple[str, int]] = {}       # name and size of an object, by address
        if ctx.stage is not None and ctx.stage >= Stage.SLAB:
            self._caches = {each.addr: (each.name, each.size) for each in all_caches(ctx).caches}

    def page(self, addr: int, order: int) -> Thing:
        """A block of pages by its first struct page. Raises MissingError, FaultError, MmError."""
        ctx = self.ctx
        pfn = ctx.pages.pfn(addr)
        if pfn is None or not 0 <= order < ctx.arch.address_bits - ctx.arch.page_shift:
            raise MmError(f"no block of pages is at {addr:#x}, of order {order}")
        flags = ctx.read.member("page", addr, "flags")
        node = ctx.page_flags.node(flags)
        return Thing(PAGES, addr, 1 << order + ctx.arch.page_shift, pfn, order,
                     self.zones.get((node, ctx.page_flags.zone(flags))), node)

    def compound(self, addr: int) -> Thing:
        """A page, or the compound page that begins there."""
        record, pfn = self.ctx.read.record("page", addr), self.ctx.pages.pfn(addr)
        order = None
        if pfn is not None and "head" in self.ctx.page_flags.decode(record.get("flags")):
            order = compound_order(self.ctx, pfn, record)
        return self.page(addr, order or 0)

    def listed(self, head: int) -> Iterator[Thing]:
        """Single pages on a list."""
        ctx, offset = self.ctx, self.ctx.layout.field("page.pcp_list").offset
        walk = walk_list(ctx, head, "pages to be freed", lambda addr: ctx.pages.pfn(addr - offset) is not None,
                         MOST_IN_BATCH)
        for node in walk.nodes:
            yield self.page(node - offset, 0)

    def batch(self, addr: int) -> Iterator[Thing]:
        """Folios of a struct folio_batch."""
        batch = self.ctx.read.record("folio_batch", addr)
        for index in range(min(batch.get("nr"), batch.count("folios"))):
            yield self.compound(batch.get("folios", index))

    def pointers(self, addr: int, count: int) -> Iterator[int]:
        """Those in an array that are not NULL."""
        for index in range(min(max(count, 0), MOST_IN_BATCH)):
            value = self.ctx.read.unsigned(addr + index * self.ctx.read.word)
            if value > SMALLEST_POINTER:
                yield value

    def object(self, addr: int, cache: Optional[int] = None, size: Optional[int] = None) -> Thing:
        """An object, of whose cache the address may be known. Raises MissingError, FaultError, MmError."""
        if not cache:
            ctx = self.ctx
            phys = ctx.arch.virt_to_phys(addr)
            pfn = phys >> ctx.arch.page_shift if phys is not None else None
            if pfn is None or not ctx.pages.covers(pfn):
                raise MmError(f"no object is at {addr:#x}")
            head_pfn, head = compound_head(ctx, pfn, ctx.read.record("page", ctx.pages.page(pfn)))
            if not is_slab(ctx, head):      # whole pages
                order = compound_order(ctx, head_pfn, head) if head_pfn is not None else 0
                return Thing(SLAB, addr, 1 << (order or 0) + ctx.arch.page_shift)
            cache = slab_record(ctx, head.addr).get("slab_cache")
        name, of_one = self._cache(cache)
        return Thing(SLAB, addr, of_one or size, cache=name)

    def objects(self, addr: int, count: int, cache: Optional[int] = None) -> Iterator[Thing]:
        """Those that an array has."""
        for each in self.pointers(addr, count):
            yield self.object(each, cache)

    def sheaf(self, addr: int, cache: Optional[int]) -> Iterator[Thing]:
        """Those that a struct slab_sheaf has."""
        sheaf = self.ctx.read.record("slab_sheaf", addr)
        yield from self.objects(sheaf.addr_of("objects"), sheaf.get("size"), cache)

    def area(self, addr: int) -> Thing:
        """An area by its struct vm_struct."""
        vm = vm_struct(self.ctx, addr)
        return Thing(VMALLOC, vm.addr, vm.size, caller=vm.caller or None)

    def area_at(self, addr: int) -> Thing:
        """The area that begins at an address; its size is not known where no list has it."""
        try:
            areas = all_areas(self.ctx).areas
            found = next((each for each in areas if each.start == addr and each.state == BUSY), None)
        except (MissingError, FaultError):
            found = None
        return Thing(VMALLOC, addr, found.size if found is not None else None)

    def _cache(self, addr: int) -> tuple[str, int]:
        """Name and size of a cache, also of one that is new."""
        if addr not in self._caches:
            ctx = self.ctx
            name = ctx.read.string(ctx.read.unsigned(addr + ctx.layout.field("kmem_cache.name").offset), NAME_LIMIT)
            self._caches[addr] = name or "", ctx.read.member("kmem_cache", addr, "size")
        return self._caches[addr]
