# SPDX-License-Identifier: GPL-2.0-or-later
"""How many page frames of each group are in each cell of a map.

Long ranges cost no more than short ones: of the whole cells that a range covers only the first and the end are noted.
"""
from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass
from typing import Sequence

from . import frame
from .maplayout import Stretch
from .mapparts import Part

MOST_OWNERS = 4         # of a cell
MOST_PIECES = 1 << 14   # of what is reserved that are named in cells


@dataclass(frozen=True)
class Cell:
    """Page frames [start_pfn, end_pfn)."""

    start_pfn: int
    end_pfn: int
    name: str                   # of the group that most are of
    mixed: bool                 # there are others, too
    pages: dict[str, int]       # by group; they add up to all
    owners: tuple[str, ...]     # of what is reserved in it: some of them, the lowest first


class Sums:
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
        pieces = _Names(self._reserved)
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


class _Names:
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
