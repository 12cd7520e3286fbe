# SPDX-License-Identifier: GPL-2.0-or-later
"""mm step as text: a few lines a phase, and a table of all of them."""
from __future__ import annotations

from typing import Iterable, Iterator, Optional, Sequence

from ..model.diff import Count
from ..model.diffcounts import ADDED, RangeChange
from ..model.frame import FREE, MEMBLOCK
from ..model.phasechange import Change, HandedOver, ZoneChange
from ..model.step import Step
from ..model.stepreport import StepReport
from .table import LINE_WIDTH, table, wrap
from .units import counted, cut, size

MOST_RANGES = 3         # told one by one, the largest first
MOST_OWNERS = 4
NAME = 44               # characters of an owner
INDENT = "   "


def step_lines(step: Step, quiet: bool = False) -> str:
    """One phase."""
    place = f" in {' > '.join(step.inside)}" if step.inside else ""
    function = f" ({step.function})" if step.function != step.phase else ""
    title = f"{step.number:2} {step.phase}{function}{place}" + (", from the middle on" if step.partial else "")
    if quiet:
        return cut(title, LINE_WIDTH) + "\n"
    lines = [cut(title, LINE_WIDTH)]
    lines += _wrapped(step.why)
    if step.between is not None:
        lines += _wrapped("Before it, outside of it: " + _short(step.between))
    lines += [line for text in _told(step) for line in _wrapped(text)]
    if step.instructions is not None:
        lines += _wrapped(f"At instruction {step.instructions}.")
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    return [INDENT + line for line in wrap(text, LINE_WIDTH - len(INDENT), "  ", whole=False)]


def _told(step: Step) -> Iterator[str]:
    change = step.change
    if change is None:
        yield "The state cannot be read here."
        return
    yield from _looked(step)
    if change.empty:
        if not (step.flags is not None and step.flags.changed or step.pagesets):
            yield "Nothing changed that mm sees."
        return
    given = change.handed_over
    if given:
        yield _given(given)
    if change.memory:
        yield f"memblock.memory: {_bytes(change.count('memory_bytes'))}{_ranges(change.memory)}"
    if change.reserved:
        regions = change.count("reserved_regions")
        yield (f"memblock.reserved: {_pair(regions)} regions, {_bytes(change.count('reserved_bytes'))}"
               f"{_ranges(change.reserved)}")
    for zone in change.zones:
        yield from _zone(zone, given[0].blocks if len(given) == 1 else ())
    for name in ("totalram_pages", "pcp_pages"):
        if _moved(change.count(name)):
            yield f"{name.replace('pcp_pages', 'pages on CPUs lists')}: {_difference(change.count(name))}"
    caches, slabs, used = (change.count(name) for name in ("caches", "slabs", "objects_used"))
    if any(map(_moved, (caches, slabs, used))):
        yield f"slab: caches {_pair(caches)}, slabs {_pair(slabs)}, objects in use {_pair(used)}"
    if _moved(change.count("areas")):
        yield f"vmalloc: areas {_pair(change.count('areas'))}, {_bytes(change.count('area_bytes'))}"
    if change.owners and not (given and {each.kind for each in change.owners} == {FREE, MEMBLOCK}):
        told = [f"{each.after - each.before:+} {cut(f'{each.kind} {each.detail}'.rstrip(), NAME)}"
                for each in change.owners[:MOST_OWNERS]]
        rest = len(change.owners) - len(told)
        yield "pages by owner: " + ", ".join(told) + (f", and {counted(rest, 'more owner')}" if rest else "")


def _looked(step: Step) -> Iterator[str]:
    """What no snapshot holds."""
    if step.flags is not None and step.flags.changed:
        yield (f"struct pages: {step.flags.changed} of {step.flags.frames} have other flags; "
               f"{step.flags.reserved.name} {_difference(step.flags.reserved)}")
    for each in step.pagesets:
        was = f"{each.before:#x}" + (f" ({cut(each.was, NAME)})" if each.was is not None else "")
        yield (f"{cut(each.zone, NAME)}{_node(each.node)}: pagesets {was} -> {each.after:#x}, "
               f"{counted(each.cpus, 'CPU')}")


def _given(given: Sequence[HandedOver]) -> str:
    """Ranges that were memblock's: one with its blocks, of more the largest."""
    largest = sorted(given, key=lambda each: -each.pages)[:MOST_RANGES]
    told = ", ".join(f"pfn {each.start_pfn:#x}-{each.end_pfn:#x}: {counted(each.pages, 'page')}" for each in largest)
    if len(given) == 1:
        return f"{told} in {counted(sum(given[0].blocks), 'block')}: {_blocks(enumerate(given[0].blocks), '')}"
    more = f", and {len(given) - len(largest)} more" if len(given) > len(largest) else ""
    return f"{len(given)} ranges, {sum(each.pages for each in given)} pages: {told}{more}"


def _blocks(counts: Iterable[tuple[int, int]], sign: str = "+") -> str:
    """How many of which order, the largest first; those of which there are none left out."""
    return ", ".join(f"{count:{sign}} of order {order}" for order, count in reversed([*counts]) if count)


def _node(node: int) -> str:
    return f" of node {node}" if node else ""


def _zone(zone: ZoneChange, told: tuple[int, ...] = ()) -> Iterator[str]:
    """Counts of a zone. told: its blocks have been."""
    name = f"{cut(zone.zone, NAME)}{_node(zone.node)}"
    marks = [f"{cut(each.name, NAME)} {_pair(each)}" for each in zone.watermarks if _moved(each)]
    if marks:
        yield f"{name}: watermarks {', '.join(marks)}"
    if not (_moved(zone.managed_pages) or _moved(zone.free_pages) or any(map(_moved, zone.blocks))):
        return
    parts = [f"{what} {_difference(count)}" for what, count in (
        ("free pages", zone.free_pages), ("managed", zone.managed_pages)) if _moved(count)]
    blocks = [(order, (each.after or 0) - (each.before or 0)) for order, each in enumerate(zone.blocks)]
    shown = _blocks(blocks)
    if told and shown == _blocks(enumerate(told)):
        shown = ""
    yield f"{name}: {', '.join(parts)}" + (f"{'; ' if parts else ''}blocks {shown}" if shown else "")


def _ranges(changes: Sequence[RangeChange]) -> str:
    """The largest, with who has them."""
    largest = sorted(changes, key=lambda each: each.start - each.end)[:MOST_RANGES]
    told = [f"{'+' if each.event == ADDED else '-' if each.event == 'removed' else '~'}{each.start:#x} "
            f"{size(each.end - each.start)}" + (f" {cut(each.owner, NAME)}" if each.owner else "") for each in largest]
    rest = len(changes) - len(largest)
    return ": " + ", ".join(told) + (f", and {rest} more" if rest else "")


def _moved(count: Count) -> bool:
    return count.before != count.after and (count.after or 0) != (count.before or 0)


def _pair(count: Count) -> str:
    return f"{_number(count.before)} -> {_number(count.after)}" if _moved(count) else _number(count.after)


def _number(value: Optional[int]) -> str:
    return str(value) if value is not None else "none"


def _difference(count: Count) -> str:
    return f"{count.before or 0} -> {_number(count.after)} ({(count.after or 0) - (count.before or 0):+})"


def _bytes(count: Count) -> str:
    more = (count.after or 0) - (count.before or 0)
    return f"{'+' if more >= 0 else '-'}{size(abs(more))} to {size(count.after or 0)}"


def _short(change: Change) -> str:
    told = [f"{name.replace('_', ' ')} {_difference(change.count(name))}"
            for name in ("reserved_bytes", "managed_pages", "free_pages", "totalram_pages", "slabs", "objects_used",
                         "areas") if _moved(change.count(name))]
    told += [f"{each.after - each.before:+} {cut(f'{each.kind} {each.detail}'.rstrip(), NAME)}"
             for each in change.owners[:MOST_OWNERS] if not told]
    return ", ".join(told) or "no count, but which pages are whose"


def step_text(report: StepReport) -> str:
    """What is told after the last phase of a command."""
    lines: list[str] = []
    if report.table and report.steps:
        lines += ["", _table(report)]
        early = [cut(step.phase, NAME) for step in report.steps if step.earlier]
        if early:
            lines += wrap(f"What {', '.join(early)} changed before this command is in its row, but not in all.",
                          LINE_WIDTH, whole=False)
    elif report.steps and report.steps[-1].snapshot is not None:
        lines.append(f"{INDENT}kept as {report.steps[-1].snapshot}")
    if report.stopped is not None:
        where = f" inside {report.open_phases[-1]}" if report.open_phases else ""
        lines += wrap(f"Stopped{where}: {cut(report.stopped)}", LINE_WIDTH, whole=False)
    if report.over:
        lines.append("The boot is over: no phase is to come.")
    return "\n".join(lines) + "\n"


COLUMNS = ("reserved_bytes", "free_pages", "totalram_pages", "slabs", "areas")


def _table(report: StepReport) -> str:
    rows = []
    for step in report.steps:
        name = "  " * len(step.inside) + step.phase
        rows.append([str(step.number), name, *_cells(step.change)])
    if report.between is not None and any(report.between.get(each) for each in COLUMNS):
        rows.append(["", "between phases", *(_more(each, report.between.get(each, 0)) for each in COLUMNS)])
    rows.append(["", "in all", *_cells(report.total)])
    return table(["", "phase", "reserved", "free pages", "totalram", "slabs", "areas"], rows, " l")


def _cells(change: Optional[Change]) -> list[str]:
    if change is None:
        return ["?"] * len(COLUMNS)
    counts = [change.count(name) for name in COLUMNS]
    return [_more(each.name, (each.after or 0) - (each.before or 0)) for each in counts]


def _more(name: str, more: int) -> str:
    sign = "+" if more > 0 else "-"
    return "." if not more else f"{sign}{size(abs(more))}" if name == "reserved_bytes" else f"{more:+}"
