# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff as text: a group for each allocator, a line for each change."""
from __future__ import annotations

from typing import Callable, Iterable, Optional, Sequence, TypeVar

from ..model.diff import Count, Diff, Side, ZoneDiff
from ..model.diffcounts import ADDED, CHANGED, AreaChange, CacheChange, PcpChange, RangeChange
from ..model.diffpages import Flow, OwnerChange, PageOwner
from .diffblock import events_text
from .table import LINE_WIDTH, table, wrap
from .units import counted, cut, size

T = TypeVar("T")
MOST = 20               # lines of a group, without --all
MOST_RANGES = 2
MOST_TEXT = 400         # characters of a sentence, which a file may have as long as it likes
COUNT_WIDTH = 32        # of a counter's name
EVERY = " (every one with --all)"
NO_MEMORY = "no memory"
COUNTS = {"present_pages": "present", "managed_pages": "managed", "free_pages": "free, as the zone counts",
          "nr_free_pages": "free, by nr_free", "listed_pages": "free, on its lists", "pcp_pages": "on CPUs' lists"}


def diff_text(diff: Diff) -> str:
    """Every group that has a change."""
    groups = [
        _titled("totals", _counts(diff.totals, {}).splitlines()),
        *(_zone(zone, diff.every) for zone in diff.zones),
        _group("per-CPU lists", diff.pcp, _pcp, diff.every),
        _group("memblock", diff.memblock, _range, diff.every, _rest_of_ranges),
        _group("slab caches", sorted(diff.caches, key=_weight), _cache, diff.every, _rest_of_caches),
        _group("vmalloc areas", diff.areas, _area, diff.every, _rest_of_areas),
        _group("pages by owner", diff.owners, _owner, diff.every,
               lambda rest: f"{sum(each.after - each.before for each in rest):+} pages in all"),
        _group("page frames that are for something else than before", diff.flows, _flow, diff.every,
               lambda rest: counted(sum(each.pages for each in rest), "page")),
    ]
    found = [group for group in groups if group]
    head = "\n".join(wrap(f"from {_side(diff.before)} to {_side(diff.after)}", LINE_WIDTH, "  ", False)) + "\n"
    for only_in, why in dict.fromkeys((each.only_in, each.why) for each in diff.one_sided):
        parts = ", ".join(each.part for each in diff.one_sided if (each.only_in, each.why) == (only_in, why))
        head += "\n".join(wrap(_one_sided(diff, only_in, parts, why), LINE_WIDTH, "  ", False)) + "\n"
    for doubt in diff.doubts if diff.every else diff.doubts[:MOST]:
        head += "\n".join(wrap(cut(doubt, MOST_TEXT), LINE_WIDTH, "  ", False)) + "\n"
    if len(diff.doubts) > MOST and not diff.every:
        head += f"... and {len(diff.doubts) - MOST} more{EVERY}\n"
    return head + ("\n" + "\n".join(found) if found else "nothing has changed\n")


def _side(side: Side) -> str:
    return f"{cut(side.name)} (stage {cut(side.stage)}" + (f", in {cut(side.where)})" if side.where else ")")


def _one_sided(diff: Diff, only_in: str, parts: str, why: str) -> str:
    """What is not compared, and what the one that does not have it says of that."""
    if only_in == "neither":
        return f"neither has {parts}: {cut(why, MOST_TEXT)}"
    one, other = (diff.before, diff.after) if only_in == "before" else (diff.after, diff.before)
    return f"only {cut(one.name)} has {parts}; {cut(other.name)}: {cut(why, MOST_TEXT)}"


def _group(title: str, changes: Sequence[T], line: Callable[[T, bool], str], every: bool,
           rest: Callable[[Sequence[T]], str] = lambda rest: "") -> str:
    """A title and a line for each change, broken where it is too long; what is more than MOST is summed by rest."""
    shown = changes if every else changes[:MOST]
    lines = [part for each in shown for part in wrap(line(each, every), LINE_WIDTH - 2, " " * 10, False)]
    if len(shown) < len(changes):
        summed = cut(rest(changes[len(shown):]), MOST_TEXT)
        lines += wrap(f"... and {len(changes) - len(shown)} more{EVERY}" + (f": {summed}" if summed else ""),
                      LINE_WIDTH - 2, " " * 10, False)
    return _titled(title, lines)


def _titled(title: str, lines: Sequence[str]) -> str:
    """Lines under a title; empty without any."""
    return "\n".join([title, *("  " + line for line in lines)]) + "\n" if lines else ""


def _counts(counts: Sequence[Count], names: dict[str, str]) -> str:
    """Those that changed, as a table; where that is too wide, a line or more for each."""
    rows = [(names.get(each.name, cut(each.name, COUNT_WIDTH)), _number(each.before), _number(each.after),
             _difference(each.before, each.after)) for each in counts if each.before != each.after]
    text = table(("", "before", "after", ""), rows, "l") if rows else ""
    if max(map(len, text.splitlines()), default=0) <= LINE_WIDTH - 2:
        return text
    return "\n".join(line for name, before, after, difference in rows for line in wrap(
        f"{name}: {before} -> {after} {difference}", LINE_WIDTH - 2, " " * 10, False))


def _number(value: Optional[int]) -> str:
    return "-" if value is None else str(value)


def _difference(before: Optional[int], after: Optional[int]) -> str:
    return f"{after - before:+}" if before is not None and after is not None else ""


def _zone(zone: ZoneDiff, every: bool) -> str:
    """What the pages of the events come to, the counts, the events."""
    counts = _counts(zone.counts, COUNTS)
    if not counts and not zone.events:
        return ""
    title = f"node {zone.node}, zone {cut(zone.zone)}: " + ", ".join(
        f"{counted(pages, 'page')} {what}" for pages, what in (
            (zone.taken_pages, "taken"), (zone.returned_pages, "returned"), (zone.moved_pages, "moved")))
    lines = [f"{cut(name)}: the zone was locked, its lists may have been half changed" for name in zone.locked]
    lines = [part for line in lines for part in wrap(line, LINE_WIDTH - 2, "  ", False)]
    return "\n".join([*wrap(title, LINE_WIDTH, "  ", False), *("  " + line for line in [*lines, *counts.splitlines(),
                                                         *events_text(zone.events, every)])]) + "\n"


def _pcp(each: PcpChange, every: bool) -> str:
    parts = [f"{len(found)} {what} ({_blocks(found, every)})"
             for found, what in ((each.came, "came"), (each.left, "left")) if found]
    return f"CPU {each.cpu}, node {each.node}, zone {cut(each.zone)}: {each.before} -> {each.after} pages, " \
        + ", ".join(parts)


def _blocks(blocks: Sequence[tuple[int, int]], every: bool) -> str:
    shown = blocks if every else blocks[:MOST_RANGES]
    text = ", ".join(f"{pfn:#x}" + (f" order {order}" if order else "") for pfn, order in shown)
    return text + (", ..." if len(shown) < len(blocks) else "")


def _range(each: RangeChange, _: bool) -> str:
    text = f"{each.event:8} {each.list}: {each.start:#x} to {each.end:#x} ({size(each.end - each.start)})"
    if each.flags or each.event == CHANGED:
        text += f", flags {each.flags:#x}" + (f", node {each.nid}" if each.event == CHANGED else "")
    return text + (f", {cut(each.owner, MOST_TEXT)}" if each.owner and each.list == "reserved" else "")


def _rest_of_ranges(rest: Sequence[RangeChange]) -> str:
    return _sums((f"{each.event} in {each.list}", each.end - each.start) for each in rest)


def _weight(each: CacheChange) -> tuple[bool, int, str]:
    """Those with other slabs first."""
    slabs = [side.slabs if side is not None else 0 for side in (each.before, each.after)]
    return slabs[0] == slabs[1] and not (each.came or each.left), -abs(slabs[1] - slabs[0]), each.name


def _cache(each: CacheChange, every: bool) -> str:
    name = cut(each.name)
    if each.before is None or each.after is None:
        there = each.after or each.before
        assert there is not None
        text = f"{'new' if each.after is not None else 'gone'}: {name}, objects of {size(there.size)}, " \
            f"{counted(there.slabs, 'slab')}, {counted(there.objects, 'object')}, {there.used} in use"
    else:
        pairs = [(what, getattr(each.before, key), getattr(each.after, key))
                 for what, key in (("slabs", "slabs"), ("objects", "objects"), ("in use", "used"))]
        parts = [f"{what} {one} -> {other}" for what, one, other in pairs if one != other]
        text = f"{name}: " + (", ".join(parts) if parts else "the same counts")
    for ranges, what in ((each.came, "new"), (each.left, "gone")):
        if ranges:
            text += f", {what} pages {_ranges(ranges, every)}"
    return text


def _rest_of_caches(rest: Sequence[CacheChange]) -> str:
    used = [sum(side.used for side in sides if side is not None)
            for sides in ((each.before for each in rest), (each.after for each in rest))]
    return f"in use {used[0]} -> {used[1]}"


def _rest_of_areas(rest: Sequence[AreaChange]) -> str:
    return _sums((f"{each.event} {cut(each.was or each.area.kind)}" + (
        f" to {cut(each.area.kind)}" if each.was is not None else ""), each.area.end - each.area.start)
        for each in rest)


def _sums(named: Iterable[tuple[str, int]]) -> str:
    """How many of each name, and their bytes."""
    found: dict[str, list[int]] = {}
    for name, bytes_ in named:
        found.setdefault(name, []).append(bytes_)
    return ", ".join(f"{len(sizes)} {name} ({size(sum(sizes))})" for name, sizes in found.items())


def _area(each: AreaChange, _: bool) -> str:
    area = each.area
    text = f"{each.event:8} {area.start:#x} {size(area.end - area.start)} {cut(each.was or area.kind)}"
    if each.was is not None:
        text += f" to {cut(area.kind)}"
    if area.phys is not None:
        text += f", phys {area.phys:#x}"
    if area.nr_pages:
        text += f", {counted(area.nr_pages, 'page')}"
    return text + (f", {cut(area.caller.partition('/')[0])}" if area.caller else "")


def _owner(each: OwnerChange, _: bool) -> str:
    return f"{each.after - each.before:+8}  {each.before} -> {each.after}  {_name(PageOwner(each.kind, each.detail))}"


def _flow(each: Flow, every: bool) -> str:
    return f"{each.pages:8}  {_name(each.before)} -> {_name(each.after)}: {_ranges(each.ranges, every)}"


def _name(owner: Optional[PageOwner]) -> str:
    return NO_MEMORY if owner is None else cut(owner.text)


def _ranges(ranges: Sequence[tuple[int, int]], every: bool) -> str:
    """pfns, the last one included."""
    shown = ranges if every else ranges[:MOST_RANGES]
    text = ", ".join(f"{start:#x}" + (f" to {end - 1:#x}" if end - start > 1 else "") for start, end in shown)
    return text + (f", ... ({counted(len(ranges), 'range')})" if len(shown) < len(ranges) else "")
