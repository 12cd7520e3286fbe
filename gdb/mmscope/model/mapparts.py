# SPDX-License-Identifier: GPL-2.0-or-later
"""What a snapshot's page frames are for, in the few groups that a map draws: by owner, by order, or by migratetype.

Before zones exist it is memblock that says so: memory is free, unless it is reserved. Pages are rounded as the kernel
does when it hands over: what is reserved outwards, memory inwards.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Sequence

from ..errors import MmError
from . import frame
from .owners import Owner
from .paint import Ranges, within, without
from .reserved import EARLY, NO_MAP, cut_by_page
from .state import Frames, Known, Reservation, Snapshot

OWNER, ORDER, MIGRATETYPE = BYS = "owner", "order", "migratetype"
TAKEN, UNKNOWN = "taken", "unknown"         # on no free list; no kind, order or migratetype that there is
MAX_ORDER = 63
MAX_TYPES = 16                              # names of migratetypes that are told apart
NOMAP_FLAG = 4                              # MEMBLOCK_NOMAP, memblock.h
TOP = 1 << 65                               # above every address of a snapshot


@dataclass(frozen=True)
class Part:
    """Page frames that are drawn alike: start and end of each range, one after the other."""

    name: str           # of the group: a kind, "10" for order 10, "Movable"
    detail: str
    ranges: Sequence[int]


def parts(snapshot: Snapshot, by: str) -> list[Part]:
    """All but holes: those are what is left. Raises MmError when the snapshot has no page frames, or none by list."""
    if snapshot.frames is None:
        if by != OWNER:
            raise MmError(f"no free lists by {by} in this snapshot: {_why(snapshot, 'frames')}")
        return [Part(each.kind, each.detail, each.ranges) for each in memblock_frames(snapshot)]
    types: dict[str, None] = {}
    found = []
    for each in snapshot.frames:
        if each.kind != frame.HOLE:
            found.append(Part(*_group(each, by, types), each.ranges))
    return found


def memblock_frames(snapshot: Snapshot) -> list[Frames]:
    """Page frames by what memblock says of them. Raises MmError when it is not there."""
    if snapshot.memory is None or snapshot.reserved is None:
        raise MmError(f"there is nothing to draw: {_why(snapshot, 'memory')}")
    shift = snapshot.page_shift
    memory = within(_inwards(snapshot.memory, shift), 0, TOP)
    no_map = [each for each in snapshot.memory if each.flags & NOMAP_FLAG]
    taken = within(_outwards((*snapshot.reserved, *no_map), shift), 0, TOP)
    ranges: dict[tuple[str, str], list[int]] = {}
    _add(ranges, frame.MEMBLOCK, "", without(memory, taken))
    left = [each[:2] for each in _both(memory, taken)]
    owned = cut_by_page(_owners(snapshot.owners or (), no_map), shift, TOP)
    named = [(start, end, owned[at][2]) for start, end, at in _both(left, [each[:2] for each in owned])]
    for start, end, name in named:
        _add(ranges, frame.RESERVED, name, [(start, end)])
    _add(ranges, frame.RESERVED, EARLY, without(left, [each[:2] for each in named]))
    return [Frames(kind, detail, tuple(found)) for (kind, detail), found in ranges.items()]


def reserved_elsewhere(snapshot: Snapshot) -> int:
    """Pages that memblock has reserved where it knows no memory."""
    shift = snapshot.page_shift
    memory = within(_inwards(snapshot.memory or (), shift), 0, TOP)
    return sum(end - start for start, end in without(
        within(_outwards(snapshot.reserved or (), shift), 0, TOP), memory))


def _group(each: Frames, by: str, types: dict[str, None]) -> tuple[str, str]:
    """Name of the group and detail. A file may have any words in it."""
    free_type, _, order = each.detail.rpartition(" order ") if each.kind == frame.FREE else ("", "", "")
    if by == OWNER:
        return (each.kind if each.kind in frame.KINDS else UNKNOWN), free_type or each.detail
    if each.kind != frame.FREE:
        return TAKEN, ""
    if by == ORDER:
        known = order.isdecimal() and order.isascii() and len(order) < 3 and int(order) <= MAX_ORDER
        return (str(int(order)) if known else UNKNOWN), ""
    if len(types) < MAX_TYPES:
        types.setdefault(free_type)
    return (free_type if free_type in types and free_type else UNKNOWN), ""


def _why(snapshot: Snapshot, part: str) -> str:
    """Why a part is not there."""
    return snapshot.missing.get(part) or f"not there at stage {snapshot.stage}"


def _owners(owners: Sequence[Known], no_map: Sequence[Reservation]) -> list[Owner]:
    """Those that say most first."""
    return [*(Owner(each.start, each.end, each.name, each.source) for each in owners if not each.general),
            *(Owner(each.start, each.end, NO_MAP, "") for each in no_map),
            *(Owner(each.start, each.end, f"{each.name} at {each.start:#x}", each.source)
              for each in owners if each.general)]


def _inwards(regions: Iterable[Reservation], shift: int) -> Ranges:
    return [(-(-each.start >> shift), each.end >> shift) for each in regions]


def _outwards(regions: Iterable[Reservation], shift: int) -> Ranges:
    return [(each.start >> shift, -(-each.end >> shift)) for each in regions]


def _both(ranges: Ranges, others: Ranges) -> list[tuple[int, int, int]]:
    """What is in both, and in which of the others; each is sorted and without overlap."""
    found = []
    one = two = 0
    while one < len(ranges) and two < len(others):
        start, end = max(ranges[one][0], others[two][0]), min(ranges[one][1], others[two][1])
        if start < end:
            found.append((start, end, two))
        if ranges[one][1] < others[two][1]:
            one += 1
        else:
            two += 1
    return found


def _add(ranges: dict[tuple[str, str], list[int]], kind: str, detail: str, found: Ranges) -> None:
    """Append what was found."""
    for each in found:
        ranges.setdefault((kind, detail), []).extend(each)
