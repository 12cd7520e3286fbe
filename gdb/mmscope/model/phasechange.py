# SPDX-License-Identifier: GPL-2.0-or-later
"""What one phase changed, in numbers: what is in the snapshot after it, and was not in the one before."""
from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Optional, Sequence

from .diff import Count
from .diffcounts import RangeChange, range_changes
from .diffpages import Flow, OwnerChange, OwnerMap, flows, owner_changes
from .frame import FREE, MEMBLOCK
from .state import Snapshot, ZoneState


@dataclass(frozen=True)
class ZoneChange:
    """A zone's counts, and its free blocks by order, before and after."""

    node: int
    zone: str
    managed_pages: Count
    free_pages: Count               # on its lists
    blocks: tuple[Count, ...]       # by order, each named order N
    watermarks: tuple[Count, ...]   # of pages, each by its name


@dataclass(frozen=True)
class HandedOver:
    """Page frames [start_pfn, end_pfn) that were memblock's, and are free blocks now."""

    start_pfn: int
    end_pfn: int
    blocks: tuple[int, ...]         # by order, how many of them begin there

    @property
    def pages(self) -> int:
        """How many."""
        return self.end_pfn - self.start_pfn


@dataclass(frozen=True)
class Change:
    """Everything. A count that is not there is None: before its stage, for example."""

    counts: tuple[Count, ...]
    memory: tuple[RangeChange, ...]
    reserved: tuple[RangeChange, ...]
    zones: tuple[ZoneChange, ...]
    owners: tuple[OwnerChange, ...]
    handed_over: tuple[HandedOver, ...]     # by address
    flows: tuple[Flow, ...] = field(metadata={"json": False})

    def count(self, name: str) -> Count:
        """By its name."""
        return next(each for each in self.counts if each.name == name)

    @property
    def empty(self) -> bool:
        """Nothing has changed."""
        counts = [*self.counts]
        for zone in self.zones:
            counts += (zone.managed_pages, *zone.blocks, *zone.watermarks)
        return not (self.memory or self.reserved or self.flows or any(each.before != each.after for each in counts))


def counts_of(snapshot: Optional[Snapshot]) -> dict[str, Optional[int]]:
    """The counts of one snapshot."""
    names = ("memory_bytes", "reserved_regions", "reserved_bytes", "totalram_pages", "managed_pages", "free_pages",
             "pcp_pages", "caches", "slabs", "objects_used", "areas", "area_bytes")
    found: dict[str, Optional[int]] = dict.fromkeys(names)
    if snapshot is None:
        return found
    found["totalram_pages"] = snapshot.totals.get("totalram_pages")
    if snapshot.memory is not None:
        found["memory_bytes"] = sum(each.end - each.start for each in snapshot.memory)
    if snapshot.reserved is not None:
        found["reserved_regions"] = len(snapshot.reserved)
        found["reserved_bytes"] = sum(each.end - each.start for each in snapshot.reserved)
    if snapshot.zones is not None:
        found["managed_pages"] = sum(zone.managed_pages for zone in snapshot.zones)
        found["free_pages"] = sum(free_of(zone) for zone in snapshot.zones)
    if snapshot.pcp_lists is not None:
        found["pcp_pages"] = sum(len(each.pfns) << each.order for each in snapshot.pcp_lists)
    if snapshot.caches is not None:
        found["caches"] = len(snapshot.caches)
        found["slabs"] = sum(each.slabs for each in snapshot.caches)
        found["objects_used"] = sum(each.used for each in snapshot.caches)
    if snapshot.areas is not None:
        found["areas"] = len(snapshot.areas)
        found["area_bytes"] = sum(each.end - each.start for each in snapshot.areas)
    return found


def free_of(zone: ZoneState) -> int:
    """Pages on a zone's free lists."""
    return sum(count << order for order, count in enumerate(zone.nr_free))


def change(before: Optional[Snapshot], after: Snapshot) -> Change:
    """What came, went, and is another number. Without a snapshot before it, nothing was there."""
    was, is_ = counts_of(before), counts_of(after)
    known = after.owners or ()
    memory, reserved = (
        tuple(range_changes(name, getattr(before, name, None) or (), getattr(after, name), known))
        if getattr(after, name) is not None else () for name in ("memory", "reserved"))
    maps = OwnerMap((before.frames if before is not None else None) or ()), OwnerMap(after.frames or ())
    moves = flows(*maps) if before is not None and before.frames is not None and after.frames is not None else ()
    return Change(tuple(Count(name, was[name], is_[name]) for name in is_), memory, reserved, _zones(before, after),
                  owner_changes(*maps, moves), _handed_over(moves, after), moves)


def _handed_over(moves: Sequence[Flow], after: Snapshot) -> tuple[HandedOver, ...]:
    """What memblock had, and the free lists have."""
    ranges = [each for flow in moves if flow.before is not None and flow.after is not None
              and (flow.before.kind, flow.after.kind) == (MEMBLOCK, FREE) for each in flow.ranges]
    if not ranges:
        return ()
    blocks = sorted((pfn, each.order) for each in after.free_lists or () for pfn in each.pfns)
    heads, orders = [pfn for pfn, _ in blocks], 1 + max((order for _, order in blocks), default=0)
    made = []
    for start, end in sorted(ranges):
        found = Counter(order for _, order in blocks[bisect_left(heads, start):bisect_left(heads, end)])
        made.append(HandedOver(start, end, tuple(found[order] for order in range(orders))))
    return tuple(made)


def _zones(before: Optional[Snapshot], after: Snapshot) -> tuple[ZoneChange, ...]:
    was, is_ = ({(zone.node, zone.name): zone for zone in (each.zones if each is not None else None) or ()}
                for each in (before, after))
    made = []
    for key in dict.fromkeys([*was, *is_]):
        pair = [each.get(key) for each in (was, is_)]
        orders = max(len(zone.nr_free) for zone in pair if zone is not None)
        blocks = tuple(Count(f"order {order}", *(zone.nr_free[order] if zone is not None and order < len(zone.nr_free)
                                                 else None for zone in pair)) for order in range(orders))
        made.append(ZoneChange(*key, Count("managed_pages", *(zone.managed_pages if zone else None for zone in pair)),
                               Count("free_pages", *(free_of(zone) if zone else None for zone in pair)), blocks,
                               tuple(Count(name, *((zone.watermark or {}).get(name) if zone else None for zone in pair))
                                     for name in dict.fromkeys(name for zone in pair if zone
                                                               for name in zone.watermark or ()))))
    return tuple(made)
