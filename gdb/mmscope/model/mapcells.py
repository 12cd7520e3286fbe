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
from .problem import Problem
from .state import Snapshot, ZoneState
from .terminal import Terminal

FRAMES, MEMBLOCK = "page frames", "memblock"        # sources
LARGEST = 12            # details of a group that are kept
MOST_OWNERS = 4         # of a cell
MOST_PIECES = 1 << 14   # of what is reserved that are named in cells
MOST_MARKS = 1000


@dataclass(frozen=True)
class Cell:
    """Page frames [start_pfn, end_pfn)."""

    start_pfn: int
    end_pfn: int
    name: str                   # of the group that most are of
    mixed: bool                 # there are others, too
    pages: dict[str, int]       # by group; they add up to all
    owners: tuple[str, ...]     # of what is reserved in it: some of them, the lowest first


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
    problems: tuple[Problem, ...] = ()
    terminal: Terminal = field(default=Terminal(), metadata={"json": False})


def draw(snapshot: Snapshot, by: str = OWNER, window: Optional[Window] = None, asked: Optional[int] = None,
         row_cells: int = 64, max_rows: int = 16) -> Map:
    """Work the cells out. Raises MmError when there is nothing to draw."""
    found = parts(snapshot, by)
    zones = tuple(snapshot.zones or ()) if snapshot.frames is not None else ()
    start, end = window if window is not None else window_of(found, zones)
    order, stretches = lay_out(found, zones, (start, end), row_cells, max_rows)
    sums = _Sums(stretches, order, found)
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


class _Sums:
    """Pages of each group in each cell, and by detail."""

    def __init__(self, stretches: Sequence[Stretch], order: int, found: Sequence[Part]) -> None:
        self.details: dict[str, Counter[str]] = {}
        self._order = order
        self._stretches = stretches
        self._starts = [each.start_pfn for each in stretches]
        self._first = [0]               # cell of each stretch
        for each in stretches:
            self._first.append(self._first[-1] + (each.cells(order) if each.drawn else 0))
        self._counts: dict[str, list[int]] = {}
        self._steps: dict[str, list[int]] = {}          # where runs of whole cells begin and end
        self._reserved = sorted((start, end, part.detail) for part in found if part.name == frame.RESERVED
                                for start, end in zip(part.ranges[:MOST_PIECES:2], part.ranges[1:MOST_PIECES:2])
                                )[:MOST_PIECES]
        for part in found:
            self._add(part)
        for name, steps in self._steps.items():
            depth, counts = 0, self._counts[name]
            for index, step in enumerate(steps[:-1]):
                depth += step
                if depth:
                    counts[index] += depth << order

    def _add(self, part: Part) -> None:
        """All ranges of a part."""
        total, order = 0, self._order
        counts = self._counts.setdefault(part.name, [0] * self._first[-1])
        steps = self._steps.setdefault(part.name, [0] * (self._first[-1] + 1))
        stretches, starts = self._stretches, self._starts
        for start, end in zip(part.ranges[::2], part.ranges[1::2]):
            at = max(bisect.bisect_right(starts, start) - 1, 0)
            while at < len(stretches) and starts[at] < end:
                stretch, shift = stretches[at], self._first[at]
                at += 1
                low, high = max(start, stretch.start_pfn), min(end, stretch.end_pfn)
                if low >= high or not stretch.drawn:
                    continue
                total += high - low
                base = shift - (stretch.start_pfn >> order)
                first, last = low >> order, high - 1 >> order
                if first == last:
                    counts[base + first] += high - low
                    continue
                counts[base + first] += (first + 1 << order) - low
                counts[base + last] += high - (last << order)
                if last - first > 1:
                    steps[base + first + 1] += 1
                    steps[base + last] -= 1
        if total:
            self.details.setdefault(part.name, Counter())[part.detail] += total

    def cells(self, index: int) -> tuple[tuple[Cell, ...], int]:
        """The cells of a stretch, and how many pages are in two groups."""
        stretch, order, made, twice = self._stretches[index], self._order, [], 0
        number = stretch.start_pfn >> order
        pieces = _Window(self._reserved)
        for at in range(self._first[index], self._first[index + 1]):
            start, end = max(number << order, stretch.start_pfn), min(number + 1 << order, stretch.end_pfn)
            pages = {name: counts[at] for name, counts in self._counts.items() if counts[at]}
            hole = end - start - sum(pages.values())
            if hole > 0:
                pages[frame.HOLE] = hole
            twice += max(-hole, 0)
            made.append(Cell(start, end, max(pages, key=lambda name: (pages[name], name)), len(pages) > 1, pages,
                             pieces.names(start, end) if frame.RESERVED in pages else ()))
            number += 1
        return tuple(made), twice


class _Window:
    """Looks along sorted pieces; each look begins where the one before did, or above."""

    def __init__(self, pieces: Sequence[tuple[int, int, str]]) -> None:
        self._pieces = pieces
        self._at = 0

    def names(self, start: int, end: int) -> tuple[str, ...]:
        """Names of the first pieces that have a part of [start, end)."""
        while self._at < len(self._pieces) and self._pieces[self._at][1] <= start:
            self._at += 1
        found: dict[str, None] = {}
        for low, high, name in self._pieces[self._at:self._at + 2 * MOST_OWNERS]:
            if low >= end or len(found) == MOST_OWNERS:
                break
            if high > start and name:
                found.setdefault(name)
        return tuple(found)


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
