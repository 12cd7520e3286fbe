# SPDX-License-Identifier: GPL-2.0-or-later
"""A strip of page frames that is painted over, a range at a time; in the end each frame has one colour."""
from __future__ import annotations

import bisect
from array import array
from itertools import groupby
from typing import Iterable, Iterator

Ranges = list[tuple[int, int]]


class Strip:
    """Frames of some ranges, each with a number; 0 until it is painted. What is painted outside of them is lost."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._parts: list[array[int]] = []
        for start, end in ranges:
            self._starts.append(start)
            self._parts.append(array("L", bytes(array("L").itemsize * (end - start))))

    def paint(self, start: int, end: int, colour: int) -> None:
        """Give the frames [start, end) a number."""
        at = max(bisect.bisect_right(self._starts, start) - 1, 0)
        while at < len(self._parts) and self._starts[at] < end:
            first, part = self._starts[at], self._parts[at]
            low, high = max(start - first, 0), min(end - first, len(part))
            if high - low == 1:
                part[low] = colour
            elif low < high:
                part[low:high] = array("L", [colour]) * (high - low)
            at += 1

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Start, end and number of each run of frames that are alike, lowest first."""
        for start, part in zip(self._starts, self._parts):
            for colour, run in groupby(part):
                length = sum(1 for _ in run)
                yield start, start + length, colour
                start += length


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
