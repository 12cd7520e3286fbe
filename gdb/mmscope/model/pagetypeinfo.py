# SPDX-License-Identifier: GPL-2.0-or-later
"""The counts of /proc/pagetypeinfo: free blocks by zone, migratetype and order, and pageblocks by migratetype.

Source: pagetypeinfo_show() of mm/vmstat.c. The free blocks are counted by walking the lists; the pageblocks from the
zone's start on in steps of one, those whose first page is online and of this zone.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from .buddy import free_areas, order_count
from .context import Context
from .memblock import memory_ranges
from .migratetype import migratetype_names, pageblock_migratetype, pageblock_order
from .nodemask import nodes_with_memory
from .pagemap import SECTION_ONLINE, section, section_shift
from .problem import Problem
from .zone import Zone, zones


@dataclass(frozen=True)
class PagetypeZone:
    """What is printed of one zone."""

    node: int
    zone: str
    free: dict[str, tuple[int, ...]]        # migratetype to blocks by order
    pageblocks: dict[str, int]              # migratetype to pageblocks


@dataclass(frozen=True)
class Pagetypeinfo:
    """Every zone that has memory. A node's part begins with its first one."""

    block_order: int
    orders: int
    migratetypes: tuple[str, ...]
    zones: tuple[PagetypeZone, ...]
    problems: tuple[Problem, ...]


def pagetypeinfo(ctx: Context) -> Pagetypeinfo:
    """Walk every list of every zone, and look at every pageblock. Raises MissingError, FaultError."""
    names, found, problems = migratetype_names(ctx), [], []
    nodes = nodes_with_memory(ctx.read)
    for zone in zones(ctx):
        if not zone.populated or nodes is not None and zone.node not in nodes:
            continue
        areas = free_areas(ctx, zone)
        free = {name: tuple(area.by_migratetype[name] for area in areas) for name in names}
        found.append(PagetypeZone(zone.node, zone.name, free, _pageblocks(ctx, zone, names)))
        problems += [problem for area in areas for problem in area.problems]
    return Pagetypeinfo(pageblock_order(ctx), order_count(ctx), names, tuple(found), tuple(problems))


def _pageblocks(ctx: Context, zone: Zone, names: tuple[str, ...]) -> dict[str, int]:
    """How many pageblocks of a zone have each migratetype."""
    counts = dict.fromkeys(names, 0)
    for pfn in _block_starts(ctx, zone):
        flags = ctx.read.record("page", ctx.pages.page(pfn)).get("flags")
        if (ctx.page_flags.zone(flags), ctx.page_flags.node(flags)) != (zone.index, zone.node):
            continue
        number = pageblock_migratetype(ctx, zone, pfn)
        if number is not None and number < len(names):
            counts[names[number]] += 1
    return counts


def _steps(ctx: Context, zone: Zone, step: int) -> Iterator[int]:
    """From the zone's start on in steps, every pfn that has a struct page: a span may be wrong, and without end."""
    for run in ctx.pages.runs:
        behind = max(run.start_pfn - zone.start_pfn, 0)
        yield from range(zone.start_pfn + -(-behind // step) * step, min(zone.end_pfn, run.end_pfn), step)


def _block_starts(ctx: Context, zone: Zone) -> Iterator[int]:
    """Every pfn in steps of a pageblock that has a struct page and is online."""
    step = 1 << pageblock_order(ctx)
    flat = ctx.layout.find_variable("mem_section") is None
    memory = memory_ranges(ctx) if flat else None
    for pfn in _steps(ctx, zone, step):
        if not flat and not _section_online(ctx, pfn):
            continue
        if memory is not None:
            # Without sections, what lies in a hole from one end of its pageblock to the other is no page.
            start = pfn // step * step << ctx.arch.page_shift
            end = start + (step << ctx.arch.page_shift)
            if not any(base < end and start < top for base, top in memory):
                continue
        yield pfn


def _section_online(ctx: Context, pfn: int) -> bool:
    """Whether the section of a pfn is online."""
    addr = section(ctx.read, ctx.arch, pfn >> section_shift(ctx.read) - ctx.arch.page_shift)
    return addr is not None and ctx.read.record("mem_section", addr).get("section_mem_map") & SECTION_ONLINE != 0
