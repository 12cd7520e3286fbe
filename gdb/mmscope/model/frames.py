# SPDX-License-Identifier: GPL-2.0-or-later
"""What every page frame of a zone is for: one pass over its struct pages, a column at a time.

Lists come before struct pages: what is on a free list is free, what a CPU has on its lists is pcp. What is reserved is
what struct pages say once they are set up, memblock before; where memblock is kept, PG_reserved counts only in what it
had reserved, as a driver may set it, too. What is left is in use, and read off the struct page (pageread.py). RAM alone
counts: a hole's struct page means nothing. What each kind means is in frame.py.
"""
from __future__ import annotations

from functools import partial
from typing import Iterator, Optional

from ..errors import FaultError, MissingError, MmError
from . import frame
from .buddy import free_areas, order_count
from .context import Context
from .frame import Span
from .freelists import FreeList, list_of
from .pageread import Colours, PageReader
from .pageuse import free_block
from .paint import AnyStrip, Ranges, strip_of, within
from .pcp import pagesets
from .progress import steps
from .rammap import ram_frames
from .reserved import EARLY, UNNAMED, named, owned_frames, reserved_frames
from .stage import Stage
from .zone import Zone, populated_zones

MAX_FRAMES = 1 << 27        # of a zone: half a TiB of small pages


def zone_spans(ctx: Context, zone: Zone) -> tuple[Span, ...]:
    """What each frame of a zone is for: sorted, from zone.start_pfn to zone.end_pfn without a gap.

    A broken list ends where it is broken: what was on it counts by its struct page. Raises MissingError, FaultError,
    MmError when the zone claims more frames than there can be.
    """
    return ctx.once(f"frames.zone {zone.addr:#x}", partial(_spans, zone=zone))


def machine_spans(ctx: Context) -> tuple[Span, ...]:
    """The same of all zones that have memory, zone by zone."""
    every = steps(ctx, populated_zones(ctx), lambda zone: zone.spanned_pages)
    return tuple(span for zone in every for span in zone_spans(ctx, zone))


def classify(ctx: Context, pfn: int) -> Span:
    """The same of one page frame, by a few reads near it. Outside of all zones it is a hole."""
    zone = _zone_of(ctx, pfn)
    if zone is None:
        return Span(pfn, pfn + 1, frame.HOLE, "")
    kind, detail = _one(ctx, zone, pfn)
    return Span(pfn, pfn + 1, kind, detail)


def frames_of(ctx: Context, zone: Zone) -> Ranges:
    """The zone's frames that are RAM and have a struct page, another zone's in between not excluded."""
    return ctx.once(f"frames.ranges {zone.addr:#x}", partial(_frames_of, zone=zone))


def _frames_of(ctx: Context, zone: Zone) -> Ranges:
    """Worked out."""
    ram = ram_frames(ctx)
    runs = [(run.start_pfn, run.end_pfn) for run in ctx.pages.runs]
    covered = within(runs, zone.start_pfn, zone.end_pfn)
    if ram is None:
        return covered
    return [part for start, end in covered for part in within(ram, start, end)]


def _spans(ctx: Context, zone: Zone) -> tuple[Span, ...]:
    """What is where."""
    return tuple(_joined(zone, *_painted(ctx, zone)))


def zone_sums(ctx: Context, zone: Zone) -> dict[tuple[str, str], int]:
    """How many frames of a zone are of each kind and detail: as zone_spans(), without a span for each run."""
    return dict(ctx.once(f"frames.sums {zone.addr:#x}", partial(_sums, zone=zone)))


def _sums(ctx: Context, zone: Zone) -> dict[tuple[str, str], int]:
    """Counted."""
    strip, colours = _painted(ctx, zone)
    found: dict[tuple[str, str], int] = {}
    for name, pages in zip(colours.names, strip.sums(len(colours.names))):
        if pages and name[0] != frame.HOLE:
            found[name] = pages
    holes = zone.end_pfn - zone.start_pfn - sum(found.values())
    return {**found, (frame.HOLE, ""): holes} if holes else found


def _painted(ctx: Context, zone: Zone) -> tuple[AnyStrip, Colours]:
    """The zone's frames that are RAM, painted with what each is for; done once a stop."""
    return ctx.once(f"frames.painted {zone.addr:#x}", partial(_paint, zone=zone))


def _paint(ctx: Context, zone: Zone) -> tuple[AnyStrip, Colours]:
    """Paint the zone."""
    ranges = frames_of(ctx, zone)
    if sum(end - start for start, end in ranges) > MAX_FRAMES:
        raise MmError(f"zone {zone.name} has {zone.spanned_pages:#x} page frames: that is more than can be looked at")
    strip, colours = strip_of(ctx, ranges), Colours()
    if ctx.stage is not None and ctx.stage <= Stage.ZONES:
        strip.paint([(start, end, colours.of(frame.MEMBLOCK, "")) for start, end in ranges])
        for start, end in reserved_frames(ctx) or ():
            strip.paint([(first, last, colours.of(frame.RESERVED, name)) for low, high in within(ranges, start, end)
                         for first, last, name in named(ctx, low, high)])
        return strip, colours
    strip.paint(_on_lists(ctx, zone, colours))
    _reader(ctx, zone).paint(strip, colours)
    _name_reserved(ctx, strip, colours)
    return strip, colours


def _on_lists(ctx: Context, zone: Zone, colours: Colours) -> list[tuple[int, int, int]]:
    """What is on free lists and CPUs' lists, with its colour; free lists win."""
    found = [(start, end, colours.of(frame.PCP, f"CPU {cpu}")) for start, end, cpu in on_cpus(ctx, zone)]
    for area in free_areas(ctx, zone):
        by_type = {name: colours.of(frame.FREE, free_detail(name, area.order))
                   for name, count in area.by_migratetype.items() if count}
        found += ((block.pfn, block.pfn + (1 << area.order), by_type[block.migratetype]) for block in area.blocks)
    return found


def _name_reserved(ctx: Context, strip: AnyStrip, colours: Colours) -> None:
    """What is reserved is painted as whose it is."""
    unnamed = colours.of(frame.RESERVED, "")
    if not strip.sums(len(colours.names))[unnamed]:
        return
    for start, end, name in owned_frames(ctx):
        strip.map([(start, end)], unnamed, [colours.of(frame.RESERVED, name)])
    strip.map(list(reserved_frames(ctx) or ()), unnamed, [colours.of(frame.RESERVED, EARLY)])
    strip.map([(0, 1 << 63)], unnamed, [colours.of(frame.RESERVED, UNNAMED)])


def on_cpus(ctx: Context, zone: Zone) -> list[tuple[int, int, int]]:
    """First frame, end and CPU of each block on CPUs' lists."""
    return ctx.once(f"frames.pcp {zone.addr:#x}", partial(_find_on_cpus, zone=zone))


def _find_on_cpus(ctx: Context, zone: Zone) -> list[tuple[int, int, int]]:
    """Walk the lists; none are while they are not set up."""
    try:
        return sorted((pfn, pfn + (1 << each.order), pageset.cpu) for pageset in pagesets(ctx, zone)
                      for each in pageset.lists for pfn in each.pfns)
    except (MissingError, FaultError):
        return []


def read_frames(ctx: Context, zone: Zone, ranges: Ranges) -> Iterator[tuple[int, int, str, str]]:
    """Start, end, kind and detail of frames of a zone that are on no list, in runs. Raises MissingError."""
    return _reader(ctx, zone).spans(ranges)


def _reader(ctx: Context, zone: Zone) -> PageReader:
    """The reader of what is on no list."""
    return ctx.once(f"frames.reader {zone.addr:#x}", lambda ctx: PageReader(ctx, zone, _others(ctx, zone)))


def free_detail(migratetype: str, order: int) -> str:
    """How a free frame's list is named."""
    return f"{migratetype} order {order}"


def _joined(zone: Zone, strip: AnyStrip, colours: Colours) -> Iterator[Span]:
    """The strip's runs, and the holes around them."""
    at = zone.start_pfn
    last: Optional[Span] = None
    for start, end, colour in strip.runs():
        for low, high, number in ((at, start, 0), (start, end, colour)):
            if low >= high:
                continue
            kind, detail = colours.names[number]
            if last is not None and (last.kind, last.detail) == (kind, detail):
                last = Span(last.start_pfn, high, kind, detail)
                continue
            if last is not None:
                yield last
            last = Span(low, high, kind, detail)
        at = end
    if last is not None and last.kind != frame.HOLE:
        yield last
        last = None
    if at < zone.end_pfn:
        yield Span(last.start_pfn if last is not None else at, zone.end_pfn, frame.HOLE, "")
    elif last is not None:
        yield last


def _others(ctx: Context, zone: Zone) -> Ranges:
    """Frames of the zone's span that may be another zone's: only their struct pages tell."""
    spans = [(each.start_pfn, each.end_pfn) for each in populated_zones(ctx) if each.addr != zone.addr]
    return within(spans, zone.start_pfn, zone.end_pfn)


def _zone_of(ctx: Context, pfn: int) -> Optional[Zone]:
    """The zone that has a frame; of two whose spans do, the one that its struct page says."""
    found = [zone for zone in populated_zones(ctx) if zone.start_pfn <= pfn < zone.end_pfn]
    if len(found) > 1 and ctx.pages.covers(pfn):
        flags = ctx.read.record("page", ctx.pages.page(pfn)).get("flags")
        link = ctx.page_flags.zone(flags), ctx.page_flags.node(flags)
        return next((zone for zone in found if (zone.index, zone.node) == link), found[0])
    return found[0] if found else None


def _one(ctx: Context, zone: Zone, pfn: int) -> tuple[str, str]:
    """Kind and detail of one frame of a zone."""
    if not any(start <= pfn < end for start, end in frames_of(ctx, zone)):
        return frame.HOLE, ""
    if ctx.stage is not None and ctx.stage <= Stage.ZONES:
        listed = within(reserved_frames(ctx) or (), pfn, pfn + 1)
        return (frame.RESERVED, next(named(ctx, pfn, pfn + 1))[2]) if listed else (frame.MEMBLOCK, "")
    block = free_block(ctx, pfn)
    if block is not None:
        found = _own_list(ctx, zone, *block)
        if found is not None and pfn < block[0] + (1 << found.order):
            return frame.FREE, free_detail(found.migratetype, found.order)
    for start, end, cpu in on_cpus(ctx, zone):
        if start <= pfn < end:
            return frame.PCP, f"CPU {cpu}"
    for _, _, kind, detail in _reader(ctx, zone).spans([(pfn, pfn + 1)]):
        # No mark leads to it: it may be on a free list all the same.
        unmarked = listed_block(ctx, pfn) if kind == frame.OTHER else None
        if unmarked is not None:
            return frame.FREE, free_detail(unmarked[1].migratetype, unmarked[1].order)
        return kind, (next(named(ctx, pfn, pfn + 1))[2] if kind == frame.RESERVED else detail)
    return frame.HOLE, ""


def _own_list(ctx: Context, zone: Zone, pfn: int, order: Optional[int] = None) -> Optional[FreeList]:
    """The list of the zone that a block is on. One of another zone says nothing of this zone's frames."""
    found = list_of(ctx, pfn, order)
    return found.list if found is not None and found.list.zone.addr == zone.addr else None


def listed_block(ctx: Context, pfn: int) -> Optional[tuple[int, FreeList]]:
    """First frame of the block that has a frame by a free list alone, whatever marks say; None when none has it."""
    zone = _zone_of(ctx, pfn)
    if zone is None or not ctx.pages.covers(pfn) or ctx.read.member("page", ctx.pages.page(pfn), "refcount"):
        return None
    for order in range(order_count(ctx)):
        head = pfn >> order << order
        if not ctx.pages.covers(head):
            break
        if ctx.read.member("page", ctx.pages.page(head), "refcount"):
            continue                    # somebody's: its links are of other lists, which may be long
        found = _own_list(ctx, zone, head)
        if found is not None and pfn < head + (1 << found.order):
            return head, found
    return None
