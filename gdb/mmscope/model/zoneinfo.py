# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that /proc/zoneinfo prints, zone by zone.

Source: zoneinfo_show_print() of mm/vmstat.c. Its counters are the zone's and node's own: what CPUs have counted and not
added yet is not in them, but for NUMA events.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from .context import Context
from .nodemask import online_cpus
from .pcp import pageset_addr
from .percpu import cpu_offsets
from .problem import Problem
from .procformat import Formats, labels
from .vmstat import node_counters, numa_counters, stat_threshold, vmstat_names, zone_counters
from .zone import Zone, zones

MAX_RECLAIM_RETRIES = 16        # mm/internal.h: a node that failed so often is taken as unreclaimable
PCP_MEMBERS = ("count", "high", "batch", "high_min", "high_max")

# The least that any release prints, for a kernel whose own formats are not at hand.
PAGES = "".join(f"\n{name:>12}     %lu" if name == "pages free" else f"\n        {name:<8} %lu"
                for name in ("pages free", "min", "low", "high", "spanned", "present", "managed"))
PAGESET = "\n    cpu: %i" + "".join(f"\n              {name:<6} %i" for name in ("count:", "high:", "batch:"))
LAST = "\n  node_unreclaimable:  %u\n  start_pfn:           %lu"


@dataclass(frozen=True)
class ZoneinfoPageset:
    """One CPU's part: by the words that the kernel prints."""

    cpu: int
    values: dict[str, Optional[int]]
    stat_threshold: Optional[int]


@dataclass(frozen=True)
class ZoneinfoZone:
    """One zone. The values are by the words that the kernel prints before them; None is not known here."""

    node: int
    zone: str
    populated: bool
    node_stats: Optional[dict[str, int]]        # of the node, at its first zone that has memory; else None
    pages: dict[str, Optional[int]]             # free, min, ... managed, as far as this kernel prints them
    protection: tuple[int, ...]
    stats: dict[str, int]
    numa: dict[str, int]
    pagesets: tuple[ZoneinfoPageset, ...]
    last: dict[str, Optional[int]]              # node_unreclaimable, start_pfn, ...


@dataclass(frozen=True)
class Zoneinfo:
    """Every zone of every node, those without memory too."""

    zones: tuple[ZoneinfoZone, ...]
    formats: tuple[str, str, str] = field(metadata={"json": False})      # of pages, of a pageset, of the last lines
    problems: tuple[Problem, ...] = ()


def zoneinfo(ctx: Context) -> Zoneinfo:
    """Collect it all. Raises MissingError, FaultError."""
    found = Formats(ctx)
    formats = tuple(found.find(text[:text.index("%")]) or text for text in (PAGES, PAGESET, LAST))
    every = zones(ctx)
    first = {zone.node: zone for zone in reversed(every) if zone.populated}
    return Zoneinfo(tuple(_zone(ctx, zone, first.get(zone.node) is zone, formats) for zone in every), formats)


def _zone(ctx: Context, zone: Zone, first: bool, formats: tuple[str, ...]) -> ZoneinfoZone:
    """One zone."""
    names = vmstat_names(ctx)
    record = ctx.read.record("zone", zone.addr)
    index = ctx.zone_addrs.index(zone.addr) // ctx.layout.field("pglist_data.node_zones").type.count
    node = ctx.node_addrs[index]
    boost = record.find("boost")
    marks = {name: value + (boost or 0) for name, value in zone.watermark.items()}
    pages = {"free": zone.free_pages, "boost": boost, "spanned": zone.spanned_pages, "present": zone.present_pages,
             "managed": zone.managed_pages, "cma": zone.cma_pages or 0, **marks}
    failures = ctx.read.member("pglist_data", node, "kswapd_failures") \
        if ctx.layout.find_field("pglist_data.kswapd_failures") else 0
    last = {"node_unreclaimable": int(failures >= MAX_RECLAIM_RETRIES), "start_pfn": zone.start_pfn,
            "reserved_highatomic": record.find("highatomic"), "free_highatomic": record.find("highatomic_free")}
    cpus = online_cpus(ctx.read)
    return ZoneinfoZone(
        zone.node, zone.name, zone.populated, dict(zip(names.node, node_counters(ctx, node))) if first else None,
        {name: pages.get(name) for name in labels(formats[0])}, zone.lowmem_reserve,
        dict(zip(names.zone, zone_counters(ctx, zone.addr))) if zone.populated else {},
        dict(zip(names.numa, numa_counters(ctx, zone.addr, cpus))) if zone.populated else {},
        tuple(_pageset(ctx, zone, cpu, offset, labels(formats[1])) for cpu, offset in cpu_offsets(ctx).items()
              if cpus is None or cpu in cpus) if zone.populated else (),
        {name: last.get(name) for name in labels(formats[2])})


def _pageset(ctx: Context, zone: Zone, cpu: int, offset: int, wanted: tuple[str, ...]) -> ZoneinfoPageset:
    """One CPU's part of a zone."""
    addr = pageset_addr(ctx, zone, offset)
    pcp = ctx.read.record("per_cpu_pages", addr) if addr is not None else None
    known = {name: pcp.find(name) for name in PCP_MEMBERS} if pcp is not None else {}
    values = {name: cpu if name == "cpu" else known.get(name) for name in wanted}
    return ZoneinfoPageset(cpu, values, stat_threshold(ctx, zone.addr, offset))
