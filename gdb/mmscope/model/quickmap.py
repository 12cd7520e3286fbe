# SPDX-License-Identifier: GPL-2.0-or-later
"""What page frames are for, as far as it can be told after every step: mm map says it of all.

Free lists are walked from those of the largest blocks on, as far as blocks are not too many; CPUs' lists are. What
memblock has reserved is reserved until the boot is over. What is left is read off its struct pages, if that are not
many; before pages are handed over, and in a zone from which nobody has taken one yet, it is memblock's.
"""
from __future__ import annotations

from itertools import chain
from typing import Optional

from ..errors import MmError
from . import frame
from .buddy import order_count
from .context import Context
from .frames import free_detail, frames_of, on_cpus, read_frames
from .freelists import FreeList, free_list
from .memblock import Region, discarded, region_lists
from .migratetype import migratetype_names
from .pageread import deferred_frames
from .paint import Ranges, within, without
from .reserved import reserved_frames
from .stage import Stage
from .state import Frames, Reservation, Snapshot, ZoneState
from .zone import Zone, zones

MOST_BLOCKS, MOST_READ = 2048, 1 << 15      # on free lists; struct pages
FEWER_BLOCKS, FEWER_READ = 512, 1 << 13     # where each may be a request
UNSEEN = "not looked at"                    # no kind


def quick_snapshot(ctx: Context) -> Snapshot:
    """What a map needs of a snapshot, and no more. Raises MissingError, FaultError."""
    memory, reserved = _memblock(ctx)
    stage = ctx.stage if ctx.stage is not None else Stage.RESET
    states, frames = None, None
    if stage >= Stage.ZONES:
        populated = [zone for zone in zones(ctx) if zone.populated]
        states = tuple(_state(ctx, zone) for zone in populated)
        frames = _frames(ctx, populated, stage)
    return Snapshot("now", None, ctx.kind or "", None, None, None, ctx.arch_name, stage.name.lower(),
                    ctx.arch.page_shift, {}, memory, reserved, (), states, None, None, None, None, frames, {}, ())


def _memblock(ctx: Context) -> tuple[Optional[tuple[Reservation, ...]], Optional[tuple[Reservation, ...]]]:
    """Both lists, while they are there."""
    try:
        if discarded(ctx):
            return None, None
        lists = region_lists(ctx)
    except MmError:
        return None, None
    return _plain(lists.memory), _plain(lists.reserved)


def _plain(regions: tuple[Region, ...]) -> tuple[Reservation, ...]:
    return tuple(Reservation(each.base, each.end, each.flags, each.nid) for each in regions)


def _nr_free(ctx: Context, zone: Zone) -> tuple[int, ...]:
    record = ctx.read.record("zone", zone.addr)
    return tuple(record.inner("free_area", "free_area", order).get("nr_free") for order in range(order_count(ctx)))


def _state(ctx: Context, zone: Zone) -> ZoneState:
    return ZoneState(zone.node, zone.name, zone.start_pfn, zone.spanned_pages, zone.present_pages, zone.managed_pages,
                     zone.free_pages, _nr_free(ctx, zone), zone.locked)


def _frames(ctx: Context, populated: list[Zone], stage: Stage) -> tuple[Frames, ...]:
    """All zones' frames, by what they are for."""
    found: dict[tuple[str, str], list[int]] = {}
    lists = _lists(ctx, populated)
    for zone in populated:
        ranges, taken = frames_of(ctx, zone), []
        for start, end, cpu in on_cpus(ctx, zone):
            taken.append((start, end))
            found.setdefault((frame.PCP, f"CPU {cpu}"), []).extend((start, end))
        for each in lists[zone.addr]:
            blocks = [(pfn, pfn + (1 << each.order)) for pfn in each.pfns]
            taken += blocks
            found.setdefault((frame.FREE, free_detail(each.migratetype, each.order)), []).extend(chain(*blocks))
        left = without(ranges, within(taken, zone.start_pfn, zone.end_pfn))
        if stage < Stage.BOOTED:
            reserved = within(reserved_frames(ctx) or (), zone.start_pfn, zone.end_pfn)
            rest = without(left, reserved)
            for start, end in without(left, rest):
                found.setdefault((frame.RESERVED, ""), []).extend((start, end))
            left = rest
        for start, end, kind in _rest(ctx, zone, left, stage, sum(end - start for start, end in taken)):
            found.setdefault((kind, ""), []).extend((start, end))
    return tuple(Frames(kind, detail, tuple(ranges)) for (kind, detail), ranges in found.items() if ranges)


def _lists(ctx: Context, populated: list[Zone]) -> dict[int, list[FreeList]]:
    """Free lists by their zone's address, those of large blocks first, as far as blocks are not too many."""
    found: dict[int, list[FreeList]] = {zone.addr: [] for zone in populated}
    nr_free = {zone.addr: _nr_free(ctx, zone) for zone in populated}
    room = FEWER_BLOCKS if ctx.memory.transport.line_bytes else MOST_BLOCKS
    for order in reversed(range(order_count(ctx))):
        room -= sum(each[order] for each in nr_free.values())
        if room < 0:
            break
        for zone in populated:
            found[zone.addr] += (free_list(ctx, zone, order, index) for index in range(len(migratetype_names(ctx)))
                                 if nr_free[zone.addr][order])
    return found


def _rest(ctx: Context, zone: Zone, ranges: Ranges, stage: Stage, free_pages: int) -> list[tuple[int, int, str]]:
    """What is on no list that was walked, and not reserved."""
    if stage < Stage.BUDDY or stage < Stage.SLAB and free_pages >= zone.managed_pages:
        return [(start, end, frame.MEMBLOCK) for start, end in ranges]
    early = without(ranges, deferred_frames(ctx))
    found = [(start, end, frame.DEFERRED) for start, end in without(ranges, early)]
    if sum(end - start for start, end in early) > (FEWER_READ if ctx.memory.transport.line_bytes else MOST_READ):
        return found + [(start, end, UNSEEN) for start, end in early]
    return found + [(start, end, kind) for start, end, kind, _ in read_frames(ctx, zone, early)]
