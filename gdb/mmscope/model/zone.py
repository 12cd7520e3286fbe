# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes and zones. Mirrors struct zone of mmzone.h.

  ZONE-1  spanned_pages >= present_pages >= managed_pages
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..errors import MmError
from ..layout.lock import held
from ..layout.reader import Record
from .context import Context
from .problem import Problem

NAME_LIMIT = 32


@dataclass(frozen=True)
class Zone:
    """A range of page frames that are alike in what may be done with them."""

    node: int
    index: int                          # in its node
    name: str
    start_pfn: int
    spanned_pages: int                  # holes included
    present_pages: int
    managed_pages: int                  # given to the buddy allocator, ever
    free_pages: Optional[int]           # as the zone counts them
    cma_pages: Optional[int]            # of its CMA areas; None when this kernel does not count them
    free_cma_pages: Optional[int]
    watermark: dict[str, int]
    lowmem_reserve: tuple[int, ...]
    locked: Optional[bool]              # zone->lock is held; None where its form is not known
    addr: int

    @property
    def end_pfn(self) -> int:
        """First page frame after the zone."""
        return self.start_pfn + self.spanned_pages

    @property
    def populated(self) -> bool:
        """Whether it has memory."""
        return self.present_pages != 0


@dataclass(frozen=True)
class ZoneReport:
    """All zones, and the totals that the kernel keeps beside them."""

    totalram_pages: Optional[int]
    totalhigh_pages: Optional[int]
    min_low_pfn: Optional[int]
    max_low_pfn: Optional[int]
    max_pfn: Optional[int]
    zones: tuple[Zone, ...]
    page_bytes: int
    problems: tuple[Problem, ...] = field(default=())


def zones(ctx: Context) -> tuple[Zone, ...]:
    """Every zone of every node. Raises MissingError, FaultError."""
    found = []
    per_node = ctx.layout.field("pglist_data.node_zones").type.count
    for at, addr in enumerate(ctx.zone_addrs):
        node = ctx.read.member("pglist_data", ctx.node_addrs[at // per_node], "node_id")
        found.append(_zone(ctx, ctx.read.record("zone", addr), node, at % per_node))
    return tuple(found)


def populated_zones(ctx: Context) -> tuple[Zone, ...]:
    """Those that have memory, read once a stop."""
    return ctx.once("zone.populated", lambda ctx: tuple(zone for zone in zones(ctx) if zone.populated))


def zone_names(ctx: Context) -> tuple[str, ...]:
    """Names of the populated zones, each once."""
    return tuple(dict.fromkeys(zone.name for zone in zones(ctx) if zone.populated))


def select_zones(ctx: Context, name: Optional[str], node: Optional[int]) -> tuple[Zone, ...]:
    """Populated zones of that name and node. Raises MmError when there is none."""
    every = [zone for zone in zones(ctx) if zone.populated]
    chosen = [zone for zone in every
              if (name is None or zone.name.lower() == name.lower()) and node in (None, zone.node)]
    if not chosen:
        there = ", ".join(f"{zone.name} on node {zone.node}" for zone in every) or "none"
        asked = " ".join(filter(None, (f"zone {name}" if name is not None else "zone",
                                       f"on node {node}" if node is not None else "")))
        raise MmError(f"no {asked} that has memory; there are: {there}")
    return tuple(chosen)


def zone_report(ctx: Context) -> ZoneReport:
    """Zones and totals, for mm zones."""
    found = zones(ctx)
    return ZoneReport(ctx.read.find("totalram_pages"), ctx.read.find("totalhigh_pages"),
                      ctx.read.find("min_low_pfn"), ctx.read.find("max_low_pfn"), ctx.read.find("max_pfn"),
                      found, 1 << ctx.arch.page_shift, tuple(filter(None, map(_check, found))))


def _check(zone: Zone) -> Optional[Problem]:
    """ZONE-1."""
    spanned, present, managed = zone.spanned_pages, zone.present_pages, zone.managed_pages
    if spanned >= present >= managed:
        return None
    where = f"node {zone.node}, zone {zone.name}"
    return Problem("ZONE-1", where, "spanned >= present >= managed", f"{spanned:#x}, {present:#x}, {managed:#x}",
                   f"{where}: it spans {spanned:#x} pages, {present:#x} are present, {managed:#x} managed")


def _zone(ctx: Context, zone: Record, node: int, index: int) -> Zone:
    """Decode one zone."""
    items = ctx.layout.enum("zone_stat_item")
    name = ctx.read.name(zone, "name", NAME_LIMIT)
    return Zone(
        node, index, name if name else f"zone{index}", zone.get("zone_start_pfn"), zone.get("spanned_pages"),
        zone.get("present_pages"), zone.get("managed_pages"), _stat(zone, items.get("NR_FREE_PAGES")),
        zone.find("cma_pages"), _stat(zone, items.get("NR_FREE_CMA_PAGES")),
        dict(zip(_watermark_names(ctx), zone.all("watermark"))), zone.all("lowmem_reserve"), held(zone), zone.addr)


def _stat(zone: Record, item: Optional[int]) -> Optional[int]:
    """A counter of vm_stat, per-CPU differences not included; None when this kernel has no such item."""
    if item is None or not 0 <= item < zone.count("vm_stat"):
        return None
    return zone.get("vm_stat", item)


def _watermark_names(ctx: Context) -> tuple[str, ...]:
    """min, low, high and what else this kernel has."""
    names = tuple(name[len("WMARK_"):].lower() for name in ctx.layout.enum("zone_watermarks")
                  if name.startswith("WMARK_"))
    return names or ("min", "low", "high")
