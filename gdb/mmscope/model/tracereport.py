# SPDX-License-Identifier: GPL-2.0-or-later
"""A trace summed up by caller, and what it cost."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Optional

from .problem import Problem
from .trace import Event, Trace, Wanted
from .traceplaces import ALLOC, FAILED, FREE


@dataclass(frozen=True)
class Row:
    """One caller of one allocator, or all of them. Bytes count what is known."""

    kind: str
    caller: Optional[str]           # None: all
    allocs: int                     # that succeeded
    allocated_bytes: int
    failed: int
    frees: int                      # by this caller, of whatever
    freed_bytes: int
    held: int                       # allocations of this caller that nobody has freed since, or what is left of them
    held_bytes: int


@dataclass(frozen=True)
class TraceReport:
    """What mm trace saw."""

    kinds: tuple[str, ...]
    callers: tuple[Row, ...]        # by kind, who holds most first
    totals: tuple[Row, ...]         # one a kind
    events: tuple[Event, ...]       # in their order
    ended: str                      # why, in one line
    stops: int                      # of the target
    milliseconds: float             # from its start to its end, the target's own time included
    looking_milliseconds: float     # of these, for looking at what was hit
    closest_milliseconds: Optional[float]   # between two stops, the least there was: what one costs, at most
    unknown: int                    # hits of which not all was known, so that they are no event
    unknown_why: Optional[str]      # of the first of these
    lost: int                       # things that were allocated twice: the free in between was not seen
    frees_of_others: int            # frees of what was allocated before, or not in sight
    page_bytes: Optional[int]
    problems: tuple[Problem, ...] = ()
    log: bool = field(default=False, metadata={"json": False})


def report(trace: Trace, wanted: Wanted, page_bytes: Optional[int], log: bool) -> TraceReport:
    """Sum it up."""
    callers: list[Row] = []
    totals = []
    for kind in wanted.kinds:
        events = [event for event in trace.events if event.kind == kind]
        held = [(part.owner, part.thing.bytes or 0) for part in trace.held.parts if part.thing.kind == kind]
        names = dict.fromkeys(event.caller for event in events)
        rows = [_row(kind, name, (each for each in events if each.caller == name),
                     [size for owner, size in held if owner == name]) for name in names]
        callers += sorted(rows, key=lambda row: (-row.held_bytes, -row.allocated_bytes, -row.freed_bytes))
        totals.append(_row(kind, None, events, [size for _, size in held]))
    others = sum(event.event == FREE and event.allocated_by is None for event in trace.events)
    closest = round(trace.closest, 3) if trace.closest is not None else None
    return TraceReport(wanted.kinds, tuple(callers), tuple(totals), tuple(trace.events), trace.ended, trace.stops,
                       round(trace.milliseconds, 3), round(trace.looking, 3), closest, trace.unknown,
                       trace.unknown_why, trace.lost, others, page_bytes, log=log)


def _row(kind: str, caller: Optional[str], events: Iterable[Event], held: list[int]) -> Row:
    allocs = frees = failed = allocated = freed = 0
    for event in events:
        if event.event == ALLOC:
            allocs, allocated = allocs + 1, allocated + (event.bytes or 0)
        elif event.event == FREE:
            frees, freed = frees + 1, freed + (event.bytes or 0)
        elif event.event == FAILED:
            failed += 1
    return Row(kind, caller, allocs, allocated, failed, frees, freed, len(held), sum(held))
