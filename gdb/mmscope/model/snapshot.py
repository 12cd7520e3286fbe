# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of every allocator at one stop, as plain values: what mm diff compares.

What a stage does not have yet, what a kernel has thrown away and what cannot be read is None, and missing says why.
Addresses of slabs are not kept one by one: a slab that comes or goes is seen in the page frames, which are looked
through in whole anyway; the caches' own counts say how many slabs and objects there are.
"""
from __future__ import annotations

from typing import Callable, Optional, TypeVar

from ..errors import FaultError, MmError
from ..layout.buildid import NOTES_BYTES, build_id
from .buddy import FreeArea, free_areas
from .context import Context
from .frames import machine_spans
from .info import target
from .inside import inside
from .memblock import Memblock, Region, memblock
from .owners import find_owners
from .pcp import Pageset, pagesets
from .problem import Problem
from .slab import cache_row
from .slabcache import Cache, all_caches
from .slabcpu import cpu_slabs
from .slabsheaf import sheaves
from .state import SINCE, AreaState, CacheState, FreeList, Frames, Known, Reservation, Snapshot, ZoneState
from .vmalloc import Area, vmalloc_report
from .vmstat import exact_counter
from .zone import Zone, zones

T = TypeVar("T")
TOTALS = ("totalram_pages", "totalhigh_pages", "min_low_pfn", "max_low_pfn", "max_pfn")
MOST_DOUBTS = 100       # problems that a snapshot keeps as text


def take(ctx: Context, name: str) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The present state, and what is broken in it. Raises MissingError, FaultError, before a kernel is at its place."""
    missing: dict[str, str] = {}
    problems: list[Problem] = []

    def _part(names: tuple[str, ...], make: Callable[[], T]) -> Optional[T]:
        try:
            if ctx.stage is not None and ctx.stage < SINCE[names[0]]:
                raise MmError(f"not there yet at stage {ctx.stage.name.lower()}")
            return make()
        except MmError as error:
            missing.update((each, str(error)) for each in names)
            return None

    block = _part(("memory", "reserved", "owners"), lambda: _memblock(ctx, problems))
    found = _part(("zones", "free_lists"), lambda: _zones(ctx, problems))
    lists = _part(("pcp_lists",), lambda: _pcp(ctx, problems))
    caches = _part(("caches",), lambda: _caches(ctx, problems))
    areas = _part(("areas",), lambda: _areas(ctx, problems))
    frames = _part(("frames",), lambda: _frames(ctx))
    memory, reserved, owners = block if block is not None else (None, None, None)
    zone_states, free_lists = found if found is not None else (None, None)
    short = target(ctx)
    told = list(dict.fromkeys(f"{problem.id}: {problem.text}" for problem in problems))
    if told:
        told[:0] = [f"the stop is inside {change.text}: {change.subsystem} may be half changed"
                    for change in inside(ctx)]
    if len(told) > MOST_DOUBTS:
        told[MOST_DOUBTS:] = [f"... and {len(told) - MOST_DOUBTS} more"]
    return Snapshot(name, where(ctx), short.kind or "", short.release, ctx.banner, running_build(ctx), short.arch,
                    short.stage or "", ctx.arch.page_shift, {each: _total(ctx, each) for each in TOTALS}, memory,
                    reserved, owners, zone_states, free_lists, lists, caches, areas, frames, missing,
                    tuple(told)), tuple(problems)


def running_build(ctx: Context) -> Optional[str]:
    """The build ID of the running kernel, in hex; None when it has none."""
    notes = ctx.layout.find_variable("notes")
    try:
        found = build_id(ctx.memory.read(notes.addr, NOTES_BYTES), ctx.read.order) if notes is not None else None
    except FaultError:
        return None
    return found.hex() if found is not None else None


def where(ctx: Context) -> Optional[str]:
    """The function that the selected CPU is in."""
    pc = ctx.host.register("pc")
    named = ctx.host.symbolize(pc) if pc is not None else None
    return named.name if named is not None else None


def _total(ctx: Context, name: str) -> Optional[int]:
    """A counter of the kernel; None when it has none, or it cannot be read."""
    try:
        return ctx.read.find(name)
    except MmError:
        return None


def _memblock(ctx: Context, problems: list[Problem]) -> tuple[
        tuple[Reservation, ...], tuple[Reservation, ...], tuple[Known, ...]]:
    found: Memblock = memblock(ctx)
    problems += found.problems

    def _kept(regions: tuple[Region, ...]) -> tuple[Reservation, ...]:
        return tuple(Reservation(each.base, each.end, each.flags, each.nid) for each in regions)

    return _kept(found.memory), _kept(found.reserved), tuple(
        Known(each.start, each.end, each.name, each.source, each.general) for each in find_owners(ctx))


def _zones(ctx: Context, problems: list[Problem]) -> tuple[tuple[ZoneState, ...], tuple[FreeList, ...]]:
    states, lists = [], []
    for zone in zones(ctx):
        if not zone.populated:
            continue
        areas = free_areas(ctx, zone)
        problems += (problem for area in areas for problem in area.problems)
        states.append(_zone_state(ctx, zone, areas))
        for area in areas:
            by_type: dict[str, list[int]] = {}
            for block in area.blocks:
                by_type.setdefault(block.migratetype, []).append(block.pfn)
            lists += [FreeList(zone.node, zone.name, None, area.order, name, tuple(pfns))
                      for name, pfns in by_type.items()]
    return tuple(states), tuple(lists)


def _zone_state(ctx: Context, zone: Zone, areas: list[FreeArea]) -> ZoneState:
    try:
        free_pages = exact_counter(ctx, "zone", zone.addr, "NR_FREE_PAGES")
    except MmError:                 # CPUs have no counters yet
        free_pages = zone.free_pages
    return ZoneState(zone.node, zone.name, zone.start_pfn, zone.spanned_pages, zone.present_pages, zone.managed_pages,
                     free_pages, tuple(area.nr_free for area in areas), zone.locked, dict(zone.watermark))


def _pcp(ctx: Context, problems: list[Problem]) -> tuple[FreeList, ...]:
    found: list[Pageset] = [each for zone in zones(ctx) if zone.populated for each in pagesets(ctx, zone)]
    problems += (problem for each in found for problem in each.problems)
    return tuple(FreeList(each.node, each.zone, each.cpu, part.order, part.migratetype, part.pfns)
                 for each in found for part in each.lists if part.pfns)


def _caches(ctx: Context, problems: list[Problem]) -> tuple[CacheState, ...]:
    report = all_caches(ctx)
    problems += report.problems
    found = []
    for cache in report.caches:
        row, broken = cache_row(ctx, cache)
        ready, unsound = _ready_objects(ctx, cache)
        problems += (*broken, *unsound)
        found.append(CacheState(row.name, row.addr, row.size, row.order, row.slabs, row.num_objs,
                                row.active_objs - ready))
    return tuple(found)


def _ready_objects(ctx: Context, cache: Cache) -> tuple[int, tuple[Problem, ...]]:
    """Free objects that count as active: those of CPUs' slabs and of sheaves."""
    cpus = cpu_slabs(ctx, cache)
    kept, problems = sheaves(ctx, cache)
    objects = {addr for each in cpus.cpus for addr in each.free}
    objects.update(addr for slab in cpus.slabs for addr in slab.free)
    objects.update(addr for sheaf in kept for addr in sheaf.objects)
    return len(objects), cpus.problems + problems


def _areas(ctx: Context, problems: list[Problem]) -> tuple[AreaState, ...]:
    report = vmalloc_report(ctx)
    problems += report.problems
    found: tuple[Area, ...] = report.areas
    return tuple(AreaState(area.start, area.end, area.kind, area.nr_pages, area.phys, area.caller_symbol)
                 for area in found)


def _frames(ctx: Context) -> tuple[Frames, ...]:
    ranges: dict[tuple[str, str], list[int]] = {}
    for span in machine_spans(ctx):
        ranges.setdefault((span.kind, span.detail), []).extend((span.start_pfn, span.end_pfn))
    return tuple(Frames(kind, detail, tuple(found)) for (kind, detail), found in ranges.items())
