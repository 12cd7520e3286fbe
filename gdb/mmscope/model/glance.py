# SPDX-License-Identifier: GPL-2.0-or-later
"""What the zones count at one stop: as much as a few reads tell, so that it can be looked at after every step.

Nothing is walked: nr_free is what struct free_area says, count what struct per_cpu_pages says.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import FaultError, MissingError
from .buddy import order_count
from .context import Context
from .memblock import Region, discarded, region_lists
from .pcp import pageset_addr
from .percpu import cpu_offsets
from .stage import Stage
from .zone import Zone, zones

MOST_PAGESETS = 256     # more are not added up


@dataclass(frozen=True)
class Regions:
    """How much a list of memblock holds."""

    count: int
    size: int           # bytes


@dataclass(frozen=True)
class ZoneCounts:
    """The counters of a zone that has memory."""

    node: int
    name: str
    present_pages: int
    managed_pages: int
    free_pages: Optional[int]
    pcp_pages: Optional[int]            # on the lists of all CPUs; None: none is set up, or there are too many
    nr_free: tuple[int, ...]            # blocks, by order
    locked: Optional[bool]


@dataclass(frozen=True)
class Glance:
    """The counters of one stop."""

    stage: Stage
    page_bytes: int
    totalram_pages: Optional[int]
    memory: Optional[Regions]           # of memblock; None once the kernel has thrown it away
    reserved: Optional[Regions]
    orders: int
    zones: tuple[ZoneCounts, ...]       # empty before there are any


def glance(ctx: Context) -> Glance:
    """Read the counters, of a kernel that has a stage. Raises MissingError, FaultError."""
    stage = ctx.stage if ctx.stage is not None else Stage.RESET
    memory, reserved = _memblock(ctx)
    return Glance(stage, 1 << ctx.arch.page_shift, ctx.read.find("totalram_pages"), memory, reserved,
                  order_count(ctx), zone_counts(ctx) if stage >= Stage.ZONES else ())


def zone_counts(ctx: Context) -> tuple[ZoneCounts, ...]:
    """Those of the zones that have memory. Raises MissingError, FaultError."""
    populated = [zone for zone in zones(ctx) if zone.populated]
    offsets = tuple(cpu_offsets(ctx).values())
    return tuple(_zone(ctx, zone, offsets if len(offsets) * len(populated) <= MOST_PAGESETS else ())
                 for zone in populated)


def _memblock(ctx: Context) -> tuple[Optional[Regions], Optional[Regions]]:
    """Memory and reserved, as far as they can be read."""
    try:
        if discarded(ctx):
            return None, None
        lists = region_lists(ctx)
    except (MissingError, FaultError):
        return None, None
    return _sum(lists.memory), _sum(lists.reserved)


def _sum(regions: tuple[Region, ...]) -> Regions:
    return Regions(len(regions), sum(region.size for region in regions))


def _zone(ctx: Context, zone: Zone, offsets: tuple[int, ...]) -> ZoneCounts:
    """One zone."""
    record = ctx.read.record("zone", zone.addr)
    areas = tuple(record.inner("free_area", "free_area", order).get("nr_free") for order in range(order_count(ctx)))
    return ZoneCounts(zone.node, zone.name, zone.present_pages, zone.managed_pages, zone.free_pages,
                      _pcp_pages(ctx, zone, offsets), areas, zone.locked)


def _pcp_pages(ctx: Context, zone: Zone, offsets: tuple[int, ...]) -> Optional[int]:
    """Pages on the lists of the CPUs with these offsets."""
    pages = None
    for offset in offsets:
        try:
            addr = pageset_addr(ctx, zone, offset)
            record = ctx.read.record("per_cpu_pages", addr) if addr is not None else None
            if record is not None and record.inner("lists", "list_head").get("next"):
                pages = (pages or 0) + record.get("count")
        except (MissingError, FaultError):
            continue
    return pages
