# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets the target run, and writes down what is allocated and freed meanwhile: who, what, what is still held.

A hit is looked at in the order of what it costs: arguments, a few words of memory, the filters on these; the stack only
for what is left.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from ..errors import MmError
from ..target.control import Control, Point, StackFrame, Stop
from .context import Symbolized
from .tracecaller import MOST_FRAMES, caller
from .traceheld import Held, Part
from .tracelook import Look, Thing
from .traceplaces import ALLOC, BOTH, FAILED, FREE, Given, Stand, find_places

MOST_LOOKS = 64         # contexts taken anew while the boot goes on
UNKNOWN = "?"           # the caller that is not found


@dataclass(frozen=True)
class Wanted:
    """Which events count. None: any."""

    kinds: tuple[str, ...]
    zone: Optional[str] = None
    order: Optional[int] = None
    cache: Optional[str] = None
    caller: Optional[str] = None    # a function on the stack

    def fits(self, thing: Optional[Thing]) -> bool:
        """By all but the caller. An allocation that has failed has no zone, order or cache."""
        if thing is None:
            return self.zone is None and self.order is None and self.cache is None
        return (self.zone in (None, thing.zone) and self.order in (None, thing.order)
                and self.cache in (None, thing.cache))


@dataclass(frozen=True)
class Event:
    """One allocation or free. Unknown is None."""

    number: int
    kind: str                       # pages, slab, vmalloc
    event: str                      # alloc, free, failed
    caller: str                     # ? where it is not found
    file: Optional[str]
    line: Optional[int]
    cpu: Optional[int]
    bytes: Optional[int]
    pfn: Optional[int]
    order: Optional[int]
    zone: Optional[str]
    node: Optional[int]
    address: Optional[int]          # of an object or an area
    cache: Optional[str]            # kind slab; None: kmalloc() of whole pages
    allocated_by: Optional[str]     # event free: by whom, where that was seen


@dataclass
class Trace:
    """What has been seen so far."""

    events: list[Event]
    held: Held[str]
    stops: int = 0
    milliseconds: float = 0.0       # all of the run, the target's own time included
    looking: float = 0.0            # of these, in our own code
    closest: Optional[float] = None     # from one stop to the next, at least: what one costs in all
    unknown: int = 0                # hits where an argument was not kept, or memory not readable
    unknown_why: Optional[str] = None   # of the first of them
    lost: int = 0                   # allocations of what was held already: their free was not seen
    ended: str = ""


@dataclass
class _Call:
    """One that gives many, between its begin and its end."""

    given: Given
    hit: int


class Tracer:
    """For one run. Raises MmError where the kernel has no place to look at."""

    def __init__(self, control: Control, wanted: Wanted, tell: Optional[Callable[[Event], None]] = None) -> None:
        self._control, self._wanted, self._tell = control, wanted, tell
        self._look = Look(control.context())
        self._looks = 0
        self.trace = Trace([], Held())
        self._stands: dict[int, list[tuple[Stand, bool]]] = {}      # by address; whether it is its end
        host = self._look.ctx.host
        for kind in wanted.kinds:
            for stand in find_places(kind, control.entries, control.exits,
                                     lambda addr, name: _begins(host.symbolize(addr), name)):
                for addr in stand.begins:
                    self._stands.setdefault(addr, []).append((stand, False))
                for addr in stand.ends:
                    self._stands.setdefault(addr, []).append((stand, True))
        self._calls: dict[tuple[str, Optional[int]], _Call] = {}
        self._last: dict[tuple[str, int], tuple[str, Optional[int], int]] = {}  # event, CPU, hit of the last one
        self._hits: dict[Optional[int], int] = {}       # the last hit of each CPU
        self._before: Optional[float] = None    # when the last hit was
        self._most, self._until, self._to = 0, 0.0, frozenset[int]()

    def run(self, events: int, seconds: float, to: Sequence[int] = ()) -> Trace:
        """Let it run until so many events were seen, the time is up, or an address of to is reached."""
        trace, begin = self.trace, time.monotonic()
        self._most, self._until, self._to = events, begin + seconds, frozenset(to)
        try:
            stop: Optional[Stop] = self._control.run(
                [Point(addr) for addr in sorted(self._to.union(self._stands))], self._hit, seconds=seconds,
                aloud=self._tell is not None)
        except KeyboardInterrupt:
            stop = None
        trace.milliseconds = (time.monotonic() - begin) * 1000
        trace.ended = self._why(stop, seconds)
        return trace

    def _why(self, stop: Optional[Stop], seconds: float) -> str:
        """One line."""
        if stop is None:
            return "interrupted"
        if stop.point is None:
            return stop.reason
        other = f", {stop.reason}" if stop.reason.startswith("and ") else ""
        if stop.point.addr in self._to:
            return f"{_name(self._look.ctx.host.symbolize(stop.point.addr))} is reached{other}"
        if len(self.trace.events) >= self._most:
            return f"{len(self.trace.events)} events were seen{other}"
        return f"the time is up{other}"

    # --- a hit --------------------------------------------------------------------------------------------------------

    def _hit(self, point: Point) -> bool:
        """Whether it was the last one."""
        if point.addr in self._to:
            return True
        begin, trace = time.monotonic(), self.trace
        apart = (begin - self._before) * 1000 if self._before is not None else None
        trace.closest = min((each for each in (trace.closest, apart) if each is not None), default=None)
        self._before = begin
        trace.stops += 1
        cpu = self._control.cpu
        self._look.ctx.memory.drop()
        for stand, end in self._stands[point.addr]:
            try:
                self._at(stand, end, cpu)
            except MmError as error:
                trace.unknown += 1
                trace.unknown_why = trace.unknown_why or f"{stand.name}: {error}"
        self._hits[cpu] = trace.stops
        now = time.monotonic()
        trace.looking += (now - begin) * 1000
        return len(trace.events) >= self._most or now >= self._until

    def _at(self, stand: Stand, end: bool, cpu: Optional[int]) -> None:
        """What happens there. Raises MmError."""
        place, since = stand.place, self.trace.stops
        given: Given = {}
        if end:
            given[""] = self._control.result()
            if given[""] is None:       # not taken: its condition does not hold
                return
            if place.when == BOTH:
                call = self._calls.pop((stand.name, self._control.call()), None)
                if call is None:        # it began before
                    raise MmError("its begin was not seen")
                given, since = {**call.given, **given}, call.hit
        else:
            given.update((name, self._control.argument(name, stand.name)) for name in place.arguments)
            if place.when == BOTH:
                self._calls[stand.name, self._control.call()] = _Call(given, since)
                return
        try:
            things = list(place.decode(self._look, given))
        except MmError:
            if self._look.settled or self._looks >= MOST_LOOKS:
                raise
            self._looks += 1            # the boot has come further since
            self._look = Look(self._control.context())
            things = list(place.decode(self._look, given))
        for thing in things:
            event = FAILED if thing is None else place.event
            if thing is not None and self._again(event, thing, cpu, since):
                continue
            if len(self.trace.events) < self._most:
                self._note(place.kind, event, thing, cpu)

    def _again(self, event: str, thing: Thing, cpu: Optional[int], since: int) -> bool:
        """Whether it is an event that was seen already, on the way through two places, or by two stops at one.

        That is so when the last event of the same thing was the same, and nothing else was hit on this CPU since.
        """
        key = thing.kind, thing.addr
        last = self._last.get(key)
        self._last[key] = event, cpu, self.trace.stops
        return last is not None and last[:2] == (event, cpu) and last[2] >= min(self._hits.get(cpu, 0), since)

    # --- an event -----------------------------------------------------------------------------------------------------

    def _note(self, kind: str, event: str, thing: Optional[Thing], cpu: Optional[int]) -> None:
        """Filter it, find the caller, keep it."""
        wanted, trace = self._wanted, self.trace
        freed = trace.held.take(thing) if event == FREE and thing is not None else ()
        if event == ALLOC and thing is not None and trace.held.take(thing):
            trace.lost += 1
        if not wanted.fits(thing) and not freed:
            return
        by = self._by(kind, event, thing, freed)
        if by is None:
            return
        if event == ALLOC and thing is not None:
            trace.held.add(thing, by.function or UNKNOWN)
        found = Event(
            len(trace.events) + 1, kind, event, by.function or UNKNOWN, by.file, by.line, cpu,
            *((thing.bytes if thing.bytes is not None else _bytes(freed), thing.pfn, thing.order, thing.zone,
               thing.node, thing.addr if thing.pfn is None else None, thing.cache)
              if thing is not None else (None,) * 7),
            freed[0].owner if freed else None)
        trace.events.append(found)
        if self._tell is not None:
            self._tell(found)

    def _by(self, kind: str, event: str, thing: Optional[Thing], freed: Sequence[Part[str]]) -> Optional[StackFrame]:
        """The caller; None when it is not one that is wanted."""
        name, frames = self._wanted.caller, ()
        if name is not None and not freed:
            frames = self._control.stack(MOST_FRAMES, lambda frame: frame.function == name)
            if not frames or frames[-1].function != name:
                return None
        if thing is not None and thing.caller is not None:      # the kernel has written it down
            named = self._look.ctx.host.symbolize(thing.caller)
            return StackFrame(_name(named), None, None, thing.caller)
        return caller(kind, self._control.stack) or StackFrame(None, None, None, 0)


def _bytes(freed: Sequence[Part[str]]) -> Optional[int]:
    """Of what was held, where what frees it does not know."""
    sizes = [part.thing.bytes for part in freed]
    return sum(size for size in sizes if size is not None) if sizes and None not in sizes else None


def _begins(named: Optional[Symbolized], name: str) -> bool:
    """Whether a function of that name begins there, or a part of it that the compiler has made another function."""
    return named is not None and named.offset == 0 and named.name.partition(".")[0] == name


def _name(named: Optional[Symbolized]) -> str:
    return named.name if named is not None else UNKNOWN
