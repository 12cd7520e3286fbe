# SPDX-License-Identifier: GPL-2.0-or-later
"""A strip of page frames that is painted over, a range at a time; in the end each frame has one colour."""
from __future__ import annotations

import bisect
from array import array
from itertools import groupby
from typing import Iterable, Iterator, Sequence, Union

from ..errors import MmError
from ..target.engine_pass import EngineStrip
from .context import Context

Ranges = list[tuple[int, int]]


class Strip:
    """Frames of some sorted ranges, each with a number; 0 until it is painted. What is painted outside is lost."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._parts: list[array[int]] = []
        for start, end in ranges:
            self._starts.append(start)
            self._parts.append(array("I", bytes(array("I").itemsize * (end - start))))

    def _cut(self, start: int, end: int) -> Iterator[tuple["array[int]", int, int]]:
        """What of [start, end) is in each part: the part, first and end in it."""
        at = max(bisect.bisect_right(self._starts, start) - 1, 0)
        while at < len(self._parts) and self._starts[at] < end:
            first, part = self._starts[at], self._parts[at]
            low, high = max(start - first, 0), min(end - first, len(part))
            if low < high:
                yield part, low, high
            at += 1

    def paint(self, runs: Iterable[tuple[int, int, int]]) -> None:
        """Give the frames [start, end) of each a number; later ones win."""
        for start, end, colour in runs:
            for part, low, high in self._cut(start, end):
                if high - low == 1:
                    part[low] = colour
                else:
                    part[low:high] = array("I", [colour]) * (high - low)

    def map(self, ranges: Iterable[tuple[int, int]], first: int, table: Sequence[int]) -> None:
        """In some ranges, what has a number from first on gets that of the table."""
        end = first + len(table)
        for start, stop in ranges:
            for part, low, high in self._cut(start, stop):
                for colour, run in groupby(part[low:high]):
                    count = sum(1 for _ in run)
                    if first <= colour < end:
                        part[low:low + count] = array("I", [table[colour - first]]) * count
                    low += count

    def sums(self, count: int) -> list[int]:
        """How many frames there are of each number; all are below count."""
        found = [0] * count
        for start, end, colour in self.runs():
            found[colour] += end - start
        return found

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Start, end and number of each run of frames that are alike, lowest first."""
        for start, part in zip(self._starts, self._parts):
            for colour, run in groupby(part):
                length = sum(1 for _ in run)
                yield start, start + length, colour
                start += length


AnyStrip = Union[Strip, EngineStrip]


def strip_of(ctx: Context, ranges: Ranges) -> AnyStrip:
    """A strip of sorted ranges: the engine's, where there is one."""
    if ctx.engine is not None:
        try:
            return EngineStrip(ctx.engine, ranges)
        except MmError:
            pass
    return Strip(ranges)


def without(ranges: Iterable[tuple[int, int]], taken: Iterable[tuple[int, int]]) -> Ranges:
    """What of sorted ranges is in none of others."""
    found: Ranges = []
    cuts = within(taken, 0, 1 << 64)
    at = 0
    for start, end in ranges:
        while at < len(cuts) and cuts[at][1] <= start:
            at += 1
        here = at
        while here < len(cuts) and cuts[here][0] < end:
            if start < cuts[here][0]:
                found.append((start, cuts[here][0]))
            start = max(start, cuts[here][1])
            here += 1
        if start < end:
            found.append((start, end))
    return found


def within(ranges: Iterable[tuple[int, int]], start: int, end: int) -> Ranges:
    """Sorted ranges cut to [start, end), merged where they touch or overlap."""
    found: Ranges = []
    for low, high in sorted(ranges):
        low, high = max(low, start), min(high, end)
        if low >= high:
            continue
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def cut(ranges: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The same of ranges that are sorted and disjoint, as they are."""
    for at in range(max(bisect.bisect_right(ranges, (start, 1 << 65)) - 1, 0), len(ranges)):
        low, high = max(ranges[at][0], start), min(ranges[at][1], end)
        if ranges[at][0] >= end:
            return
        if low < high:
            yield low, high
