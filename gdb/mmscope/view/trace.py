# SPDX-License-Identifier: GPL-2.0-or-later
"""mm trace as text: a table of callers for each allocator, or one line an event; what it cost."""
from __future__ import annotations

from typing import Iterator, Sequence

from ..model.trace import Event
from ..model.tracelook import PAGES, SLAB
from ..model.tracereport import Row, TraceReport
from .table import LINE_WIDTH, table, wrap
from .units import counted, cut, size

MOST_CALLERS = 20       # of each allocator; the rest is one row
NAME = 34
WHAT = {PAGES: "blocks", SLAB: "objects"}


def begin_text(kinds: Sequence[str], events: int, seconds: float) -> str:
    """What is waited for, and how to end that."""
    return f"Tracing {', '.join(kinds)}: {counted(events, 'event')} or {seconds:g} s at most; Ctrl-C ends it.\n"


def trace_line(event: Event) -> str:
    """One event."""
    if event.event == "failed":
        what = ""
    elif event.kind == PAGES:
        what = f"pfn:{event.pfn:#x} order {event.order} {cut(event.zone or '?', 12)}"
    else:
        what = f"{event.address:#x} {size(event.bytes) if event.bytes is not None else '?'}"
        what += f" {cut(event.cache or 'kmalloc', 20)}" if event.kind == SLAB else ""
    line = f"{event.number:5} {event.kind:7} {event.event:6} {what}"
    return cut(f"{line:52} {event.caller}", LINE_WIDTH) + "\n"


def trace_text(report: TraceReport) -> str:
    """Tables, and how it ended."""
    lines: list[str] = []
    for total in report.totals:
        rows = [row for row in report.callers if row.kind == total.kind]
        if rows:
            lines += [*_table(total, rows, report), ""]
    if not report.events:
        seen = f", {counted(report.stops, 'stop')} that no filter let through" if report.stops else ""
        lines.append(f"Nothing was allocated or freed{seen}.")
    return "\n".join(lines + [line for text in _end(report) for line in wrap(text, LINE_WIDTH, whole=False)]) + "\n"


def _table(total: Row, rows: list[Row], report: TraceReport) -> Iterator[str]:
    what = WHAT.get(total.kind, "areas")
    shown = rows[:MOST_CALLERS]
    cells = [_cells(cut(row.caller or "", NAME), row) for row in shown]
    if len(rows) > len(shown):
        rest = rows[len(shown):]
        cells.append(_cells(f"and {counted(len(rest), 'more caller')}", Row(
            total.kind, None, *(sum(getattr(row, name) for row in rest) for name in (
                "allocs", "allocated_bytes", "failed", "frees", "freed_bytes", "held", "held_bytes")))))
    cells.append(_cells("in all", total))
    header = [f"{total.kind} by caller", "allocs", "size", "frees", "size", "held", "size"]
    yield table(header, cells, "l")
    if total.failed:
        yield f"{counted(total.failed, 'allocation')} of {what} failed."


def _cells(name: str, row: Row) -> list[str]:
    cells = [name]
    for count, of in ((row.allocs, row.allocated_bytes), (row.frees, row.freed_bytes), (row.held, row.held_bytes)):
        cells += [str(count) if count else ".", size(of) if count else ""]
    return cells


def _end(report: TraceReport) -> Iterator[str]:
    if report.frees_of_others:
        yield f"{counted(report.frees_of_others, 'free')} of what was allocated before, or out of sight."
    if report.lost:
        yield f"Not seen: {counted(report.lost, 'free')} of what was allocated twice."
    if report.unknown:
        yield f"Not counted, as not all is known: {counted(report.unknown, 'stop')} ({cut(report.unknown_why or '')})."
    cost = f"{counted(len(report.events), 'event')}, {counted(report.stops, 'stop')}, {report.milliseconds:.0f} ms"
    if report.stops:
        cost += f", of which looking at these took {report.looking_milliseconds:.0f} ms"
    if report.closest_milliseconds is not None:
        cost += f"; a stop costs {report.closest_milliseconds:.1f} ms in all where another follows at once"
    yield f"Stopped ({cut(report.ended)}): {cost}."
