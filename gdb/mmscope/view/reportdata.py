# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots as the JSON value that the HTML report draws: page frames as runs, and of each snapshot what it changes.

What view/report/data.js reads. Numbers are those of the snapshots; texts of the target are printable ASCII alone
(units.escape), each once. A run is [start, end) page frames with the number of an owner, NOTHING where there is none.
Runs and free lists are told as differences from the snapshot before, so that a phase costs what it moves.
"""
from __future__ import annotations

from itertools import repeat
from typing import Any, Optional, Sequence

from ..errors import MmError
from ..model import frame
from ..model.diff import check_same_kernel
from ..model.owners import Owner, owner_of
from ..model.paint import Ranges, within, without
from ..model.state import FreeList, Reservation, Snapshot
from . import palette
from .units import escape

NOTHING = -1
MOST_PFN = 1 << 38          # JavaScript counts to 2^53: so many pages times MOST_LISTS
MOST_LISTS = 1 << 15
MOST_ZONES = 64             # that the map is cut at
GAP_SHARE = 64              # a hole of more than a 64th of all memory is left out of the map, and said

Run = tuple[int, int, int]


class Names:
    """A number for each value, in the order in which they come."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def of(self, value: Any) -> int:
        """The number."""
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


class Tables:
    """What snapshots have in common, each once."""

    def __init__(self) -> None:
        self.owners, self.lists, self.regions, self.caches = Names(), Names(), Names(), Names()


def report_data(snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """The value. Raises MmError when there is nothing to draw, or the snapshots are of different kernels."""
    if not snapshots:
        raise MmError("no snapshot to draw: take one with 'mm snapshot NAME'")
    for each in snapshots[1:]:
        check_same_kernel(snapshots[0], each)
    tables = Tables()
    holes = tables.owners.of((frame.HOLE, ""))
    told: list[dict[str, Any]] = []
    drawn: list[Run] = []
    lists: dict[int, tuple[int, ...]] = {}
    rows: dict[str, Optional[list[int]]] = {}
    there: Ranges = []
    for snapshot in snapshots:
        runs, doubts = page_runs(snapshot, tables)
        entry = _entry(snapshot, doubts)
        entry["pages"] = _pages(runs, tables)
        paint = changed(drawn, runs)
        entry["runs"] = _flat(paint)
        drawn = runs
        now = _lists(snapshot, tables)
        entry["lists"] = [[number, *_edits(lists.get(number, ()), now.get(number, ()))]
                          for number in sorted({*lists, *now}) if lists.get(number) != now.get(number)]
        lists = now
        for part, found in (("memory", _regions(snapshot, snapshot.memory, tables)),
                            ("reserved", _regions(snapshot, snapshot.reserved, tables)),
                            ("caches", _caches(snapshot, tables))):
            if part not in rows or rows[part] != found:     # left out: as in the snapshot before
                entry[part] = rows[part] = found
        told.append(entry)
        there = within([*there, *((start, end) for start, end, owner in paint if owner not in (holes, NOTHING))],
                       0, MOST_PFN)
    first = snapshots[0]
    return {
        "schema": "mmscope/report/1",
        "target": {"kind": escape(first.kind), "release": _text(first.release), "arch": escape(first.arch),
                   "banner": _text((first.banner or "").strip() or None), "page_shift": first.page_shift},
        "looks": _looks(tables, snapshots),
        "owners": [[escape(kind), escape(detail)] for kind, detail in tables.owners.values],
        "lists": [[node, escape(zone), cpu, order, escape(name)] for node, zone, cpu, order, name in
                  tables.lists.values],
        "regions": [[_number(start), _number(end), flags, nid, _text(owner)]
                    for start, end, flags, nid, owner in tables.regions.values],
        "caches": [[escape(name), *numbers] for name, *numbers in tables.caches.values],
        "bands": _bands(there, snapshots),
        "snapshots": told,
    }


def page_runs(snapshot: Snapshot, tables: Tables) -> tuple[list[Run], list[str]]:
    """What each page frame is for, lowest first, none twice; and what of the snapshot this cannot have.

    Before there are zones it is what memblock says. A hole of one zone may be another zone's memory: that counts.
    """
    if snapshot.frames is None:
        return _by_memblock(snapshot, tables), []
    found: list[Run] = []
    holes: Ranges = []
    beyond = 0
    for each in snapshot.frames:
        starts, ends = each.ranges[::2], each.ranges[1::2]
        if max(ends, default=0) > MOST_PFN:
            beyond += sum(end - max(start, MOST_PFN) for start, end in zip(starts, ends) if end > MOST_PFN)
            starts, ends = ([min(pfn, MOST_PFN) for pfn in edge] for edge in (starts, ends))
        if each.kind == frame.HOLE:
            holes += zip(starts, ends)
        else:
            found += zip(starts, ends, repeat(tables.owners.of((each.kind, each.detail))))
    runs, twice = _apart(sorted(found))
    if holes:
        hole = tables.owners.of((frame.HOLE, ""))
        left = without(within(holes, 0, MOST_PFN), [(start, end) for start, end, _ in runs])
        runs = sorted([*runs, *((start, end, hole) for start, end in left)])
    doubts = [f"{twice} page frames are told more than once: each is drawn once"] if twice else []
    if beyond:
        doubts.append(f"{beyond} page frames are beyond pfn {MOST_PFN:#x}, and are not drawn")
    return _joined(runs), doubts


def _apart(runs: list[Run]) -> tuple[list[Run], int]:
    """Sorted runs without what an earlier one has, and how many page frames that were."""
    made: list[Run] = []
    at = twice = 0
    for run in runs:
        start, end, owner = run
        if start >= at:
            if end > start:
                made.append(run)
                at = end
            continue
        twice += min(end, at) - start
        if end > at:
            made.append((at, end, owner))
            at = end
    return made, twice


def _joined(runs: Sequence[Run]) -> list[Run]:
    """Neighbours of one owner are one run."""
    made: list[Run] = []
    last_end = last_owner = NOTHING
    for run in runs:
        start, end, owner = run
        if start == last_end and owner == last_owner:
            made[-1] = (made[-1][0], end, owner)
        else:
            made.append(run)
        last_end, last_owner = end, owner
    return made


def _by_memblock(snapshot: Snapshot, tables: Tables) -> list[Run]:
    """Whole pages of memory, and pages that a reservation touches, by who is known to be in them."""
    shift = snapshot.page_shift
    up = (1 << shift) - 1
    memory = within([(each.start + up >> shift, each.end >> shift) for each in snapshot.memory or ()], 0, MOST_PFN)
    taken = within([(each.start >> shift, each.end + up >> shift) for each in snapshot.reserved or ()], 0, MOST_PFN)
    free = tables.owners.of((frame.MEMBLOCK, ""))
    runs = [(start, end, free) for start, end in without(memory, taken)]
    known = sorted(snapshot.owners or (), key=lambda each: (each.general, each.end - each.start))
    left = taken
    for each in known:                  # those that say most come first
        here = [(max(start, each.start >> shift), min(end, each.end + up >> shift)) for start, end in left
                if start < each.end + up >> shift and each.start >> shift < end]
        owner = tables.owners.of((frame.RESERVED, f"{each.name} at {each.start:#x}" if each.general else each.name))
        runs += ((start, end, owner) for start, end in here if start < end)
        left = without(left, here)
    other = tables.owners.of((frame.RESERVED, "not named"))
    return _joined(sorted([*runs, *((start, end, other) for start, end in left)]))


def changed(before: Sequence[Run], after: Sequence[Run]) -> list[Run]:
    """What to paint over runs so that they become other ones: both are sorted, and have no page frame twice."""
    gone, came = set(before), set(after)
    before, after = sorted(gone - came), sorted(came - gone)
    edges = sorted({edge for run in (*before, *after) for edge in run[:2]})
    made: list[Run] = []
    one = other = 0
    for start, end in zip(edges, edges[1:]):
        while one < len(before) and before[one][1] <= start:
            one += 1
        while other < len(after) and after[other][1] <= start:
            other += 1
        was = before[one][2] if one < len(before) and before[one][0] <= start else NOTHING
        is_ = after[other][2] if other < len(after) and after[other][0] <= start else NOTHING
        if was != is_:
            made.append((start, end, is_))
    return _joined(made)


def _flat(runs: Sequence[Run]) -> list[int]:
    """Pages since the end of the run before, pages, owner; by turns."""
    flat, at = [], 0
    for start, end, owner in runs:
        flat += (start - at, end - start, owner)
        at = end
    return flat


def _pages(runs: Sequence[Run], tables: Tables) -> list[list[Any]]:
    """Page frames by kind."""
    found: dict[str, int] = {}
    for start, end, owner in runs:
        kind = tables.owners.values[owner][0]
        found[kind] = found.get(kind, 0) + end - start
    return [[escape(kind), count] for kind, count in found.items()]


def _lists(snapshot: Snapshot, tables: Tables) -> dict[int, tuple[int, ...]]:
    """First page frames of the blocks of each list, in list order."""
    found: dict[int, tuple[int, ...]] = {}
    lists: Sequence[FreeList] = (*(snapshot.free_lists or ()), *(snapshot.pcp_lists or ()))
    for each in lists:
        number = tables.lists.of((each.node, each.zone, each.cpu, each.order, each.migratetype))
        if number >= MOST_LISTS:
            raise MmError(f"snapshot {snapshot.name} has more than {MOST_LISTS} free lists: they cannot be drawn")
        found[number] = found.get(number, ()) + tuple(pfn for pfn in each.pfns if pfn < MOST_PFN)
    return found


def _edits(before: Sequence[int], after: Sequence[int]) -> list[list[int]]:
    """Places in the list before of blocks that went, and places and page frames of those that came, each less the last.

    Where blocks that stay are in another order than before, all went and came.
    """
    was, is_ = set(before), set(after)
    moved = len(was) < len(before) or len(is_) < len(after) or [
        pfn for pfn in before if pfn in is_] != [pfn for pfn in after if pfn in was]
    gone, came = [], []
    last = 0
    for place, pfn in enumerate(before):
        if moved or pfn not in is_:
            gone.append(place - last)
            last = place
    last = at = 0
    for place, pfn in enumerate(after):
        if moved or pfn not in was:
            came += (place - last, pfn - at)
            last, at = place, pfn
    return [gone, came]


def _regions(snapshot: Snapshot, regions: Optional[Sequence[Reservation]], tables: Tables) -> Optional[list[int]]:
    """Numbers of a memblock list's regions, in its order."""
    if regions is None:
        return None
    owners = [Owner(each.start, each.end, each.name, each.source, each.general) for each in snapshot.owners or ()]
    named = regions is snapshot.reserved
    return [tables.regions.of((each.start, each.end, each.flags, each.nid,
                               owner_of(owners, each.start, each.end)[0] if named else None)) for each in regions]


def _caches(snapshot: Snapshot, tables: Tables) -> Optional[list[int]]:
    """Numbers of the slab caches."""
    if snapshot.caches is None:
        return None
    return [tables.caches.of((each.name, each.size, each.order, each.slabs, each.objects, each.used))
            for each in snapshot.caches]


def _entry(snapshot: Snapshot, doubts: Sequence[str]) -> dict[str, Any]:
    """What is told of each snapshot in full."""
    return {
        "name": escape(snapshot.name), "phase": _text(getattr(snapshot, "phase", None)),
        "text": _text(getattr(snapshot, "phase_text", None)), "where": _text(snapshot.where),
        "stage": escape(snapshot.stage), "framed": snapshot.frames is not None,
        "listed": snapshot.free_lists is not None,
        "totals": [[escape(name), value] for name, value in snapshot.totals.items()],
        "zones": None if snapshot.zones is None else [
            [each.node, escape(each.name), each.start_pfn, each.spanned_pages, each.present_pages, each.managed_pages,
             each.free_pages, list(each.nr_free)] for each in snapshot.zones],
        "missing": {escape(part): escape(why) for part, why in snapshot.missing.items()},
        "doubts": [escape(each) for each in (*snapshot.doubts, *doubts)],
    }


def _bands(there: Ranges, snapshots: Sequence[Snapshot]) -> list[list[Any]]:
    """Parts of the map, which stay as they are through all snapshots: memory without large holes, zone by zone."""
    zones = next((each.zones for each in reversed(snapshots) if each.zones), None) or ()
    total = sum(end - start for start, end in there)
    joined: Ranges = []
    for start, end in there:
        if joined and start - joined[-1][1] <= total // GAP_SHARE:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    spans = [(zone.start_pfn, zone.start_pfn + zone.spanned_pages) for zone in zones]
    cuts = sorted({edge for span in spans for edge in span}) if len(spans) <= MOST_ZONES else []
    bands = []
    for start, end in joined:
        edges = [start, *(cut for cut in cuts if start < cut < end), end]
        for low, high in zip(edges, edges[1:]):
            names = [zone.name if len({each.node for each in zones}) == 1 else f"node {zone.node} {zone.name}"
                     for zone, (first, last) in zip(zones, spans) if first < high and low < last]
            bands.append([low, high, escape(", ".join(names[:3]) + (" ..." if len(names) > 3 else ""))])
    return bands


def _looks(tables: Tables, snapshots: Sequence[Snapshot]) -> dict[str, Any]:
    """Names, signs and colours: of each kind, order and migratetype that is drawn."""
    kinds = dict.fromkeys([*palette.KINDS, *(kind for kind, _ in tables.owners.values)])
    orders = max((len(zone.nr_free) for each in snapshots for zone in each.zones or ()), default=11)
    orders = max([orders, *(order + 1 for _, _, _, order, _ in tables.lists.values)])
    types = dict.fromkeys([*palette.MIGRATETYPES, *(name for *_, name in tables.lists.values)])
    return {
        "kinds": [[escape(name), *_look(palette.kind(name))] for name in kinds],
        "orders": [_look(palette.order(number, orders - 1)) for number in range(orders)],
        "types": [[escape(name), *_look(palette.migratetype(name))] for name in types],
        "taken": _look(palette.TAKEN),
    }


def _look(look: palette.Look) -> list[str]:
    """Label, sign, the colours and what is to be read on them."""
    return [escape(look.label), look.sign, look.light, look.dark]


def _text(text: Optional[str]) -> Optional[str]:
    return None if text is None else escape(text)


def _number(number: int) -> Any:
    """A number that JavaScript can have, else as text."""
    return number if abs(number) < 1 << 53 else f"{number:#x}"
