# SPDX-License-Identifier: GPL-2.0-or-later
"""What changed between two snapshots, A and B. What a split, a merge and so on is: diffblock.py."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Iterator, Optional, Sequence

from ..errors import MmError
from .diffblock import (BlockEvent, FreeBlock, MOVED, RETURNED, TAKEN, block_events, sound)
from .diffcounts import (AreaChange, CacheChange, PcpChange, RangeChange, area_changes, cache_changes, pcp_changes,
                         range_changes)
from .diffpages import Flow, OwnerChange, OwnerMap, flows, owner_changes
from .problem import Problem
from .stage import Stage
from .state import PARTS, SINCE, FreeList, Snapshot, ZoneState

ZoneKey = tuple[int, str]
EMPTY = {"zones": ("zones", "free_lists"), "pcp_lists": ("pcp_lists",), "caches": ("caches",)}
MOST_SHOWN = 60         # characters of what two kernels differ in


@dataclass(frozen=True)
class Side:
    """One of the two."""

    name: str
    stage: str
    where: Optional[str]


@dataclass(frozen=True)
class OneSided:
    """What only one of the two has: not compared, unless it is in EMPTY and the other is of a stage before it."""

    part: str
    only_in: str            # before, after; neither
    why: str                # the other one has it not


@dataclass(frozen=True)
class Count:
    """A counter, before and after. None: it is not there."""

    name: str
    before: Optional[int]
    after: Optional[int]


@dataclass(frozen=True)
class ZoneDiff:
    """One zone: what its counts say, and what happened to its free blocks."""

    node: int
    zone: str
    counts: tuple[Count, ...]
    taken_pages: int
    returned_pages: int
    moved_pages: int
    locked: tuple[str, ...]         # of before, after: those whose lists may have been half changed
    events: tuple[BlockEvent, ...]


@dataclass(frozen=True)
class Diff:
    """Everything that changed."""

    before: Side
    after: Side
    one_sided: tuple[OneSided, ...]
    totals: tuple[Count, ...]
    zones: tuple[ZoneDiff, ...]
    pcp: tuple[PcpChange, ...]
    memblock: tuple[RangeChange, ...]
    caches: tuple[CacheChange, ...]
    areas: tuple[AreaChange, ...]
    owners: tuple[OwnerChange, ...]
    flows: tuple[Flow, ...]
    doubts: tuple[str, ...]         # why not all of this may be true
    page_bytes: int
    problems: tuple[Problem, ...]   # of the present state, where that is one of the two
    every: bool = field(default=False, metadata={"json": False})    # the text has every change, too


def compare(before: Snapshot, after: Snapshot, problems: tuple[Problem, ...] = (), every: bool = False) -> Diff:
    """The differences. Raises MmError when the two are of different kernels."""
    check_same_kernel(before, after)
    one_sided = tuple(_one_sided(before, after))
    before, after = _from_the_beginning(before), _from_the_beginning(after)
    doubts = [f"in {each.name}: {text}" for each in (before, after) for text in each.doubts]
    was, is_ = (OwnerMap(each.frames or ()) for each in (before, after))
    both_frames = before.frames is not None and after.frames is not None
    moves = flows(was, is_) if both_frames else ()
    both = {part for part in PARTS if getattr(before, part) is not None and getattr(after, part) is not None}
    zones = tuple(_zones(before, after, was, is_, doubts)) if "zones" in both else ()
    known = after.owners or before.owners or ()
    memblock = [change for name in ("memory", "reserved") if "memory" in both for change in range_changes(
        name, getattr(before, name) or (), getattr(after, name) or (), known)]
    return Diff(
        *(Side(each.name, each.stage, each.where) for each in (before, after)),
        one_sided,
        tuple(Count(name, before.totals.get(name), after.totals.get(name))
              for name in dict.fromkeys([*before.totals, *after.totals])),
        zones,
        tuple(pcp_changes(before.pcp_lists or (), after.pcp_lists or ())) if "pcp_lists" in both else (),
        tuple(memblock),
        tuple(cache_changes(before.caches or (), after.caches or (), moves)) if "caches" in both else (),
        tuple(area_changes(before.areas or (), after.areas or ())) if "areas" in both else (),
        owner_changes(was, is_, moves), moves, tuple(doubts), 1 << before.page_shift, problems, every)


def check_same_kernel(before: Snapshot, after: Snapshot) -> None:
    """Raises MmError with one line that says how the two kernels differ."""
    for name in ("kind", "arch", "release", "banner", "build_id", "page_shift"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other and (name != "build_id" or one and other):
            if name in ("banner", "build_id"):
                release = str(before.release)[:MOST_SHOWN]
                raise MmError(f"{before.name} and {after.name} are of two builds of {release}: they cannot be compared")
            raise MmError(f"{before.name} is of {_kernel(before)}, {after.name} of {_kernel(after)}: "
                          "they cannot be compared")


def _kernel(snapshot: Snapshot) -> str:
    kind, release, arch = (str(each)[:MOST_SHOWN] for each in (snapshot.kind, snapshot.release, snapshot.arch))
    return f"{kind} {release} on {arch}, pages of {1 << snapshot.page_shift}"


def _from_the_beginning(snapshot: Snapshot) -> Snapshot:
    """Before its stage a part has nothing in it: what is there later has come. Of early areas that is not known."""
    stage = Stage.__members__.get(snapshot.stage.upper())
    names = [name for part, names in EMPTY.items() if stage is not None and stage < SINCE[part] for name in names
             if getattr(snapshot, name) is None]
    return replace(snapshot, **{name: () for name in names}) if names else snapshot


def _one_sided(before: Snapshot, after: Snapshot) -> Iterator[OneSided]:
    """Parts that are not in both."""
    for part, title in PARTS.items():
        there = [getattr(each, part) is not None for each in (before, after)]
        if all(there):
            continue
        other = after if there[0] else before
        only_in = "before" if there[0] else "after" if there[1] else "neither"
        yield OneSided(title, only_in, other.missing.get(part, "it has none"))


def _zones(before: Snapshot, after: Snapshot, was: OwnerMap, is_: OwnerMap, doubts: list[str]) -> Iterator[ZoneDiff]:
    """Every zone of either."""
    states = [{(zone.node, zone.name): zone for zone in each.zones or ()} for each in (before, after)]
    blocks = [_blocks(each, doubts) for each in (before, after)]
    on_cpus = [_on_cpus(each) for each in (before, after)]
    for key in dict.fromkeys([*states[0], *states[1]]):
        one, other = (each.get(key, ()) for each in blocks)
        events = tuple(_named(event, was, is_) for event in block_events(one, other))
        taken, returned, moved = (sum(event.pages for event in events if event.event == kind)
                                  for kind in (TAKEN, RETURNED, MOVED))
        zones = [each.get(key) for each in states]
        counts = [Count(name, *(getattr(zone, name) if zone is not None else None for zone in zones))
                  for name in ("present_pages", "managed_pages", "free_pages")]
        counts.append(Count("nr_free_pages", *map(_counted, zones)))
        counts.append(Count("listed_pages", *(sum(1 << block.order for block in found) for found in (one, other))))
        counts.append(Count("pcp_pages", *(found.get(key, 0) for found in on_cpus)))
        locked = tuple(each.name for each, zone in zip((before, after), zones) if zone is not None and zone.locked)
        yield ZoneDiff(*key, tuple(counts), taken, returned, moved, locked, events)


def _counted(zone: Optional[ZoneState]) -> Optional[int]:
    """Free pages by nr_free."""
    return sum(count << order for order, count in enumerate(zone.nr_free)) if zone is not None else None


def _blocks(snapshot: Snapshot, doubts: list[str]) -> dict[ZoneKey, tuple[FreeBlock, ...]]:
    """Free blocks by zone."""
    found: dict[ZoneKey, list[FreeBlock]] = {}
    for each in snapshot.free_lists or ():
        found.setdefault((each.node, each.zone), []).extend(
            FreeBlock(pfn, each.order, each.migratetype) for pfn in each.pfns)
    made = {}
    for key, blocks in found.items():
        kept = sound(blocks)
        made[key] = kept.blocks
        if kept.left_out:
            doubts.append(f"in {snapshot.name}: zone {key[1]}: {kept.left_out} free blocks are not aligned or lie over "
                          "others, and are left out")
    return made


def _on_cpus(snapshot: Snapshot) -> dict[ZoneKey, int]:
    """Pages on CPUs' lists, by zone."""
    lists: Sequence[FreeList] = snapshot.pcp_lists or ()
    found: dict[ZoneKey, int] = {}
    for each in lists:
        found[each.node, each.zone] = found.get((each.node, each.zone), 0) + (len(each.pfns) << each.order)
    return found


def _named(event: BlockEvent, was: OwnerMap, is_: OwnerMap) -> BlockEvent:
    """With what the pages are now, or were."""
    if event.event not in (TAKEN, RETURNED):
        return event
    owners = is_ if event.event == TAKEN else was
    return replace(event, owner=owners.text(event.pfn, event.pfn + event.pages))
