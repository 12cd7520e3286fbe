# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a map has cells: the page frames that it draws, cut where zones begin and end and at large holes.

A cell is 1 << order page frames from a multiple of that on, cut at the ends of its stretch. A hole of more than a line
is a gap: a stretch without cells. So a machine with terabytes between its banks takes a few lines more, not millions.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Sequence

from ..errors import MmError
from .mapparts import Part
from .state import ZoneState

BLOCKS_SHIFT = 15           # of the machine, where holes are looked for: 2^15 blocks, whatever its size
MAX_ZONES = 5120
ALIGN_CELLS = 16            # lines begin at a multiple of that many cells

Window = tuple[int, int]


@dataclass(frozen=True)
class Stretch:
    """Page frames [start_pfn, end_pfn) of the same zones; None of them is memory where drawn is false."""

    start_pfn: int
    end_pfn: int
    zones: tuple[ZoneState, ...]        # several where the spans of nodes lie over each other; () outside of all
    drawn: bool

    def cells(self, order: int) -> int:
        """How many cells it has."""
        return (self.end_pfn - 1 >> order) - (self.start_pfn >> order) + 1

    def line_pfn(self, order: int) -> int:
        """Where its first line begins: at its start or a little before."""
        step = ALIGN_CELLS << order
        return self.start_pfn // step * step

    def rows(self, order: int, row_cells: int) -> int:
        """How many lines; one for a gap."""
        if not self.drawn:
            return 1
        return (self.end_pfn - 1 - self.line_pfn(order) >> order) // row_cells + 1


def window_of(found: Sequence[Part], zones: Sequence[ZoneState]) -> Window:
    """The page frames from the first to the last that there is. Raises MmError when there is none."""
    ends = [(zone.start_pfn, zone.start_pfn + zone.spanned_pages) for zone in zones
            if zone.start_pfn >= 0 and zone.spanned_pages > 0]
    for part in found:
        if part.ranges:
            ends.append((min(part.ranges[::2]), max(part.ranges[1::2])))
    if not ends or max(end for _, end in ends) <= min(start for start, _ in ends):
        raise MmError("there is no memory to draw")
    return min(start for start, _ in ends), max(end for _, end in ends)


def lay_out(found: Sequence[Part], zones: Sequence[ZoneState], window: Window, row_cells: int,
            max_rows: int) -> tuple[int, tuple[Stretch, ...]]:
    """Order of a cell, the smallest with which all fits into max_rows lines, and the stretches, lowest first."""
    if len(zones) > MAX_ZONES:
        raise MmError(f"{len(zones)} zones are more than can be drawn")
    present = list(_present(found, window))
    pieces = list(_by_zone(zones, window))
    order = 0
    while True:
        stretches = tuple(_stretches(pieces, present, row_cells << order))
        rows = sum(each.rows(order, row_cells) for each in stretches)
        if rows <= max_rows or window[1] - 1 >> order < ALIGN_CELLS:
            return order, stretches
        order += 1


def _present(found: Sequence[Part], window: Window) -> Iterator[Window]:
    """Where page frames are, lowest first; holes smaller than a block are not looked for."""
    first, last = window
    shift = max((last - first).bit_length() - BLOCKS_SHIFT, 0)
    count = (last - first - 1 >> shift) + 1
    steps = [0] * (count + 1)
    lows: dict[int, int] = {}
    highs: dict[int, int] = {}
    for part in found:
        for start, end in zip(part.ranges[::2], part.ranges[1::2]):
            if start < first:
                start = first
            if end > last:
                end = last
            if start >= end:
                continue
            low, high = start - first >> shift, end - 1 - first >> shift
            steps[low] += 1
            steps[high + 1] -= 1
            if lows.get(low, last) > start:
                lows[low] = start
            if highs.get(high, 0) < end:
                highs[high] = end
    depth, begin = 0, None
    for block in range(count + 1):
        depth += steps[block]
        if depth and begin is None:
            begin = lows[block]
        elif not depth and begin is not None:
            yield begin, highs[block - 1]
            begin = None


def _by_zone(zones: Sequence[ZoneState], window: Window) -> Iterator[Stretch]:
    """The window, cut where a zone begins or ends."""
    spans = [(max(zone.start_pfn, window[0]), min(zone.start_pfn + zone.spanned_pages, window[1]), zone)
             for zone in zones]
    spans = [span for span in spans if span[0] < span[1]]
    cuts = sorted({*window, *(start for start, _, _ in spans), *(end for _, end, _ in spans)})
    spans.sort(key=lambda span: span[0])
    here: list[tuple[int, int, ZoneState]] = []
    at = 0
    for start, end in zip(cuts, cuts[1:]):
        here = [span for span in here if span[1] > start]
        while at < len(spans) and spans[at][0] <= start:
            here.append(spans[at])
            at += 1
        yield Stretch(start, end, tuple(zone for _, _, zone in here), True)


def _stretches(pieces: Sequence[Stretch], present: Sequence[Window], row_pages: int) -> Iterator[Stretch]:
    """Each piece, cut at holes of at least a line."""
    at = 0
    for piece in pieces:
        done, drawn = piece.start_pfn, None
        while at < len(present) and present[at][1] <= piece.start_pfn:
            at += 1
        here = at
        while here < len(present) and present[here][0] < piece.end_pfn:
            start, end = max(present[here][0], piece.start_pfn), min(present[here][1], piece.end_pfn)
            if start - done >= row_pages or drawn is None and not piece.zones:
                if drawn is not None:
                    yield Stretch(drawn, done, piece.zones, True)
                if done < start:
                    yield Stretch(done, start, piece.zones, False)
                drawn = start
            elif drawn is None:
                drawn = done
            done = end
            here += 1
        if drawn is None:
            yield Stretch(done, piece.end_pfn, piece.zones, False)
        elif piece.end_pfn - done >= row_pages or not piece.zones and done < piece.end_pfn:
            yield Stretch(drawn, done, piece.zones, True)
            yield Stretch(done, piece.end_pfn, piece.zones, False)
        else:
            yield Stretch(drawn, piece.end_pfn, piece.zones, True)


def gap_pages(stretches: Sequence[Stretch]) -> int:
    """Pages of gaps that belong to the span of a zone."""
    return sum(each.end_pfn - each.start_pfn for each in stretches if not each.drawn and each.zones)
