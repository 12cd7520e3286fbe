# SPDX-License-Identifier: GPL-2.0-or-later
"""Ranges of numbers with a label each, and where two sets of them differ."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional, Sequence


@dataclass(frozen=True)
class Interval:
    """[start, end), and what it is; any label that can be compared."""

    start: int
    end: int
    label: Any


@dataclass(frozen=True)
class Change:
    """[start, end) with one label before and another one after; None: it was, or is, in no interval."""

    start: int
    end: int
    before: Optional[Any]
    after: Optional[Any]


def disjoint(intervals: Iterable[Interval]) -> list[Interval]:
    """Sorted, and cut where they lie over each other: the one that begins first keeps what both have."""
    found: list[Interval] = []
    at = -1
    for each in sorted(intervals, key=lambda each: (each.start, each.end)):
        start = max(each.start, at)
        if start < each.end:
            found.append(Interval(start, each.end, each.label))
            at = each.end
    return found


def changes(before: Sequence[Interval], after: Sequence[Interval]) -> Iterator[Change]:
    """Where the labels differ, lowest first, each range as long as both labels go on.

    Both are disjoint and sorted.
    """
    last: Optional[Change] = None
    for found in _pieces(before, after):
        if last is not None and (last.end, last.before, last.after) == (found.start, found.before, found.after):
            last = Change(last.start, found.end, found.before, found.after)
            continue
        if last is not None:
            yield last
        last = found
    if last is not None:
        yield last


def _pieces(before: Sequence[Interval], after: Sequence[Interval]) -> Iterator[Change]:
    """The same, cut at every end of an interval."""
    one = two = at = 0
    while one < len(before) or two < len(after):
        first = before[one] if one < len(before) else None
        second = after[two] if two < len(after) else None
        at = max(at, min(each.start for each in (first, second) if each is not None))
        in_first = first is not None and first.start <= at
        in_second = second is not None and second.start <= at
        bounds = [each.end if inside else each.start for each, inside in ((first, in_first), (second, in_second))
                  if each is not None]
        end = min(bounds)
        was, is_ = (each.label if inside and each is not None else None
                    for each, inside in ((first, in_first), (second, in_second)))
        if was != is_:
            yield Change(at, end, was, is_)
        at = end
        one += first is not None and first.end <= at
        two += second is not None and second.end <= at
