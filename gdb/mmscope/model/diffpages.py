# SPDX-License-Identifier: GPL-2.0-or-later
"""Which page frames are for something else than before: by what they were and are, and in all by owner.

An owner is a kind of frame.py with its detail. Free pages are one owner, whatever list they are on: which blocks they
are in is told by the block events.
"""
from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Optional, Sequence

from .frame import FREE, HOLE
from .interval import Interval, changes, disjoint
from .state import Frames

SEVERAL = " and more"


@dataclass(frozen=True)
class PageOwner:
    """What page frames are for."""

    kind: str
    detail: str

    @property
    def text(self) -> str:
        """One name: slab kmalloc-64."""
        return f"{self.kind} {self.detail}".rstrip()


@dataclass(frozen=True)
class Flow:
    """Page frames that were for one thing, and are for another. None: they were, or are, no memory of any zone."""

    before: Optional[PageOwner]
    after: Optional[PageOwner]
    pages: int
    ranges: tuple[tuple[int, int], ...]     # [start, end) each, lowest first


@dataclass(frozen=True)
class OwnerChange:
    """An owner that has more or less pages than before, or others."""

    kind: str
    detail: str
    before: int
    after: int


class OwnerMap:
    """The owner of each page frame."""

    def __init__(self, frames: Sequence[Frames]) -> None:
        self.intervals = disjoint(
            Interval(start, end, PageOwner(each.kind, "" if each.kind == FREE else each.detail))
            for each in frames if each.kind != HOLE for start, end in zip(each.ranges[::2], each.ranges[1::2]))
        self._starts = [each.start for each in self.intervals]

    def text(self, start: int, end: int) -> str:
        """Who has the pages [start, end); "" when that is not known."""
        found: list[str] = []
        for at in range(max(bisect_right(self._starts, start) - 1, 0), len(self.intervals)):
            each = self.intervals[at]
            if each.start >= end or len(found) > 1:
                break
            if each.end > start and each.label.text not in found:
                found.append(each.label.text)
        return found[0] + (SEVERAL if len(found) > 1 else "") if found else ""

    def pages(self) -> Counter[PageOwner]:
        """Pages by owner."""
        counts: Counter[PageOwner] = Counter()
        for each in self.intervals:
            counts[each.label] += each.end - each.start
        return counts


def flows(before: OwnerMap, after: OwnerMap) -> tuple[Flow, ...]:
    """Page frames whose owner changed, those of one change together, most pages first."""
    found: dict[tuple[Optional[PageOwner], Optional[PageOwner]], list[tuple[int, int]]] = {}
    for change in changes(before.intervals, after.intervals):
        found.setdefault((change.before, change.after), []).append((change.start, change.end))
    made = [Flow(was, is_, sum(end - start for start, end in ranges), tuple(ranges))
            for (was, is_), ranges in found.items()]
    return tuple(sorted(made, key=lambda flow: (-flow.pages, flow.ranges[0])))


def owner_changes(before: OwnerMap, after: OwnerMap, moves: Sequence[Flow]) -> tuple[OwnerChange, ...]:
    """Owners that took part in a flow: the largest difference first."""
    was, is_ = before.pages(), after.pages()
    touched = dict.fromkeys(owner for flow in moves for owner in (flow.before, flow.after) if owner is not None)
    made = [OwnerChange(owner.kind, owner.detail, was[owner], is_[owner]) for owner in touched]
    return tuple(sorted(made, key=lambda each: (-abs(each.after - each.before), each.kind, each.detail)))
