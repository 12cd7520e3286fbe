# SPDX-License-Identifier: GPL-2.0-or-later
"""The memory map as cells: each is some page frames in a row, and how many of them are of which group.

Nothing here grows with memory: page frames come as ranges, and cells are as many as are shown. The sum of all cells
and gaps is what mm account says, as far as no two zones span the same page frames.
"""
from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass, field
from typing import Optional, Sequence

from . import frame
from .maplayout import Stretch, Window, gap_pages, lay_out, window_of
from .mapparts import OWNER, TAKEN, UNKNOWN, Part, parts, reserved_elsewhere
from .mapsums import MOST_PIECES, Cell, Sums
from .problem import Problem
from .state import Snapshot, ZoneState
from .terminal import Terminal

FRAMES, MEMBLOCK = "page frames", "memblock"        # sources
LARGEST = 12            # details of a group that are kept
MOST_MARKS = 1000


@dataclass(frozen=True)
class ZoneName:
    """A zone."""

    node: int
    zone: str


@dataclass(frozen=True)
class Section:
    """Page frames [start_pfn, end_pfn) of the same zones, in cells; a gap has none, and no memory."""

    start_pfn: int
    end_pfn: int
    line_pfn: int                       # where its first line begins: lines have cells of nothing before start_pfn
    zones: tuple[ZoneName, ...]         # () outside of all, and before there are any
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Detail:
    """One of those who have pages of a group."""

    name: str
    pages: int


@dataclass(frozen=True)
class Group:
    """All that is drawn alike."""

    name: str
    pages: int
    cells: int                          # that mostly are of it
    details: tuple[Detail, ...]         # the largest


@dataclass(frozen=True)
class Mark:
    """A place that is pointed at."""

    pfn: int
    what: str                           # "memory": a region of memblock begins; "asked": the user named it; "owner"
    start: int                          # physical; what is marked
    end: int
    name: str                           # of the owner, else ""


@dataclass(frozen=True)
class Map:
    """The picture, before anybody draws it."""

    name: str                           # of the snapshot
    where: Optional[str]
    stage: str
    release: Optional[str]
    by: str
    source: str                         # FRAMES; MEMBLOCK while there are none
    page_bytes: int
    cell_pages: int
    row_cells: int
    start_pfn: int
    end_pfn: int
    largest_order: int                  # of a free list
    groups: tuple[Group, ...]
    sections: tuple[Section, ...]
    marks: tuple[Mark, ...]
    elsewhere: int                      # pages that memblock has reserved where there is no memory
    twice: int                          # pages that the snapshot has in two groups
    files: tuple[str, ...] = ()         # that were written
    drawn: tuple[str, ...] = ()         # snapshots that are in them
    problems: tuple[Problem, ...] = ()
    terminal: Terminal = field(default=Terminal(), metadata={"json": False})


def draw(snapshot: Snapshot, by: str = OWNER, window: Optional[Window] = None, asked: Optional[int] = None,
         row_cells: int = 64, max_rows: int = 16) -> Map:
    """Work the cells out. Raises MmError when there is nothing to draw."""
    found = parts(snapshot, by)
    zones = tuple(snapshot.zones or ()) if snapshot.frames is not None else ()
    start, end = window if window is not None else window_of(found, zones)
    order, stretches = lay_out(found, zones, (start, end), row_cells, max_rows)
    sums = Sums(stretches, order, found)
    sections, twice = [], 0
    for index, stretch in enumerate(stretches):
        cells, extra = sums.cells(index)
        twice += extra
        sections.append(Section(stretch.start_pfn, stretch.end_pfn, stretch.line_pfn(order), tuple(
            ZoneName(zone.node, zone.name) for zone in stretch.zones), cells))
    source = MEMBLOCK if snapshot.frames is None else FRAMES
    elsewhere = reserved_elsewhere(snapshot) if source == MEMBLOCK and window is None else 0
    return Map(snapshot.name, snapshot.where, snapshot.stage, snapshot.release, by, source, 1 << snapshot.page_shift,
               1 << order, row_cells, start, end, _largest_order(snapshot.zones or ()),
               tuple(_groups(sections, sums.details, gap_pages(stretches))), tuple(sections),
               tuple(_marks(snapshot, stretches, found if window is not None else (), asked)), elsewhere, twice)


def top_address(snapshot: Snapshot, window: Optional[Window] = None) -> int:
    """Where a map of this ends: the physical address."""
    zones = tuple(snapshot.zones or ()) if snapshot.frames is not None else ()
    return (window or window_of(parts(snapshot, OWNER), zones))[1] << snapshot.page_shift


def _groups(sections: Sequence[Section], details: dict[str, Counter[str]], gaps: int) -> list[Group]:
    """Sums of all cells, and the holes that have none."""
    pages: Counter[str] = Counter({frame.HOLE: gaps})
    most: Counter[str] = Counter()
    for section in sections:
        for cell in section.cells:
            most[cell.name] += 1
            pages.update(cell.pages)
    made = [Group(name, count, most[name], tuple(
        Detail(detail, part) for detail, part in details.get(name, Counter()).most_common(LARGEST)
        if detail)) for name, count in pages.items() if count]
    return sorted(made, key=lambda group: _rank(group.name))


def _rank(name: str) -> tuple[int, int, str]:
    """Large orders first, then names of migratetypes and kinds, what is on no list, holes."""
    if name.isdecimal():
        return 0, -int(name), ""
    if name in frame.KINDS:
        return 2 + (name == frame.HOLE), frame.KINDS.index(name), ""
    return (2 if name in (TAKEN, UNKNOWN) else 1), len(frame.KINDS), name


def _largest_order(zones: Sequence[ZoneState]) -> int:
    """The order of the largest blocks that there can be."""
    return min(max((len(zone.nr_free) - 1 for zone in zones), default=10), 63)


def _marks(snapshot: Snapshot, stretches: Sequence[Stretch], found: Sequence[Part], asked: Optional[int]) -> list[Mark]:
    """Regions of memory that begin inside of a stretch; owners of what is reserved in found; what was asked for."""
    shift = snapshot.page_shift
    marks = [Mark(each.start >> shift, "memory", each.start, each.end, "") for each in snapshot.memory or ()
             if not _begins(stretches, each.start >> shift)]
    first = stretches[0].start_pfn
    marks += (Mark(max(start, first), "owner", start << shift, end << shift, part.detail) for part in found
              if part.name == frame.RESERVED and part.detail
              for start, end in zip(part.ranges[:MOST_PIECES:2], part.ranges[1:MOST_PIECES:2]) if end > first)
    if asked is not None:
        marks.append(Mark(asked, "asked", asked << shift, asked + 1 << shift, ""))
    starts = [each.start_pfn for each in stretches]
    kept = []
    for mark in marks:
        at = bisect.bisect_right(starts, mark.pfn) - 1
        if at >= 0 and mark.pfn < stretches[at].end_pfn and stretches[at].drawn:
            kept.append(mark)
    return sorted(kept, key=lambda mark: (mark.what != "asked", mark.pfn))[:MOST_MARKS]


def _begins(stretches: Sequence[Stretch], pfn: int) -> bool:
    """Whether a stretch begins there: its heading says so."""
    at = bisect.bisect_left([each.start_pfn for each in stretches], pfn)
    return at < len(stretches) and stretches[at].start_pfn == pfn
