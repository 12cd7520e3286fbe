# SPDX-License-Identifier: GPL-2.0-or-later
"""What came, went and changed of the things that have an identity: reservations, slab caches, vmalloc areas."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Sequence

from .diffpages import Flow, PageOwner
from .frame import SLAB
from .interval import Interval, changes, disjoint
from .owners import Owner, owner_of
from .state import AreaState, CacheState, FreeList, Known, Reservation

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
MOST_OWNERS, MOST_NAME, MOST_TEXT = 256, 200, 2000      # of one change: owners; characters of a name, of all names
SEVERAL = f"more than {MOST_OWNERS} owners"
WAITING = ("lazy", "purging", "pooled")     # kinds of areas that are freed already


@dataclass(frozen=True)
class RangeChange:
    """Bytes that a list of memblock has, and had not; or had; or has with other flags. By bytes, as regions merge."""

    list: str                       # memory, reserved
    event: str
    start: int
    end: int
    flags: int                      # after; of what is removed: before
    nid: Optional[int]
    owner: Optional[str]            # what is known to be in exactly these bytes


@dataclass(frozen=True)
class CacheChange:
    """A slab cache that came (before is None), went (after is None), or has other counts."""

    name: str
    before: Optional[CacheState]
    after: Optional[CacheState]
    came: tuple[tuple[int, int], ...]       # page frames [start, end) that are its slabs' now, and were not
    left: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class AreaChange:
    """An area that came, went, or is freed and waits for a flush (changed, with the kind that it was)."""

    event: str
    area: AreaState
    was: Optional[str]


@dataclass(frozen=True)
class PcpChange:
    """Blocks that came onto the lists of one CPU for one zone, or left them."""

    node: int
    zone: str
    cpu: int
    before: int                     # pages
    after: int
    came: tuple[tuple[int, int], ...]       # first pfn and order of each block
    left: tuple[tuple[int, int], ...]


def range_changes(name: str, before: Sequence[Reservation], after: Sequence[Reservation],
                  known: Sequence[Known]) -> Iterator[RangeChange]:
    """What changed in a list of memblock, lowest address first."""
    owners = _Owners(known)
    was, is_ = (disjoint(Interval(each.start, each.end, (each.flags, each.nid)) for each in found)
                for found in (before, after))
    for change in changes(was, is_):
        event = ADDED if change.before is None else REMOVED if change.after is None else CHANGED
        flags, nid = change.after if change.after is not None else change.before
        yield RangeChange(name, event, change.start, change.end, flags, nid,
                          owners.text(change.start, change.end))


class _Owners:
    """What is known to be in ranges that are asked for lowest first. Bounded: a file says what is known."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._owners = [Owner(each.start, each.end, each.name[:MOST_NAME], each.source, each.general)
                        for each in known]
        self._ahead = sorted(range(len(known)), key=lambda index: -known[index].start)
        self._near: list[int] = []

    def text(self, start: int, end: int) -> Optional[str]:
        """Their names; None when nothing is known, SEVERAL when it is too much to tell."""
        while self._ahead and self._owners[self._ahead[-1]].start < end:
            self._near.append(self._ahead.pop())
        self._near = [index for index in self._near if self._owners[index].end > start]
        if len(self._near) > MOST_OWNERS:
            return SEVERAL
        name = owner_of([self._owners[index] for index in sorted(self._near)], start, end)[0]
        return name if name is None or len(name) <= MOST_TEXT else name[:MOST_TEXT] + "..."


def cache_changes(before: Sequence[CacheState], after: Sequence[CacheState],
                  moves: Sequence[Flow]) -> Iterator[CacheChange]:
    """Caches that differ, in the order of the later list; those that went are last."""
    was, is_ = ({(each.name, each.addr): each for each in found} for found in (before, after))
    came, left = _slab_pages(moves)
    named: set[str] = set()         # several caches may have one name: their pages are told once
    for key in [*is_, *(key for key in was if key not in is_)]:
        one, other = was.get(key), is_.get(key)
        first = key[0] not in named
        pages = (tuple(came.get(key[0], ())), tuple(left.get(key[0], ()))) if first else ((), ())
        if one != other or any(pages):
            named.add(key[0])
            yield CacheChange(key[0], one, other, *pages)


def _slab_pages(moves: Sequence[Flow]) -> tuple[dict[str, list[tuple[int, int]]], dict[str, list[tuple[int, int]]]]:
    """Ranges that became slabs of a cache, and that were, by its name."""
    came: dict[str, list[tuple[int, int]]] = {}
    left: dict[str, list[tuple[int, int]]] = {}
    for flow in moves:
        for owner, found in ((flow.after, came), (flow.before, left)):
            if isinstance(owner, PageOwner) and owner.kind == SLAB:
                found.setdefault(owner.detail, []).extend(flow.ranges)
    for ranges in [*came.values(), *left.values()]:
        ranges.sort()
    return came, left


def area_changes(before: Sequence[AreaState], after: Sequence[AreaState]) -> Iterator[AreaChange]:
    """By address. Where another one has the same addresses now, one went and one came."""
    was, is_ = ({(each.start, each.end): each for each in found} for found in (before, after))
    for key in sorted({*was, *is_}):
        one, other = was.get(key), is_.get(key)
        if one == other:
            continue
        if one is not None and other is not None and other.kind in WAITING:
            if one.kind != other.kind:
                yield AreaChange(CHANGED, other, one.kind)
            continue
        if one is not None:
            yield AreaChange(REMOVED, one, None)
        if other is not None:
            yield AreaChange(ADDED, other, None)


def pcp_changes(before: Sequence[FreeList], after: Sequence[FreeList]) -> Iterator[PcpChange]:
    """Lists of a CPU that hold other blocks."""
    was, is_ = _by_cpu(before), _by_cpu(after)
    for key in dict.fromkeys([*was, *is_]):
        one, other = was.get(key, set()), is_.get(key, set())
        if one != other:
            yield PcpChange(*key, _pages(one), _pages(other), tuple(sorted(other - one)), tuple(sorted(one - other)))


def _by_cpu(lists: Sequence[FreeList]) -> dict[tuple[int, str, int], set[tuple[int, int]]]:
    found: dict[tuple[int, str, int], set[tuple[int, int]]] = {}
    for each in lists:
        key = (each.node, each.zone, each.cpu if each.cpu is not None else -1)
        found.setdefault(key, set()).update((pfn, each.order) for pfn in each.pfns)
    return found


def _pages(blocks: set[tuple[int, int]]) -> int:
    return sum(1 << order for _, order in blocks)
