# SPDX-License-Identifier: GPL-2.0-or-later
"""Who adds, reserves, allocates and frees ranges of memblock, recorded while a boot runs.

All that comes to one of memblock's lists goes through memblock_add_range, all that leaves through
memblock_isolate_range in memblock_remove_range; every kernel since v4.0 has the first two as functions. One stop each.
Their code is init code on some machines: the recording ends where that is thrown away.
"""
from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import Optional, Sequence

from ..errors import MmError
from ..target.control import Control, Point, StackFrame
from .context import Context
from .ownerchain import allocates, owner_of_call, tree_prefix
from .stage import Stage

KEPT = "owners"                 # the name of the points, and of the log
ADD, ISOLATE, REMOVE, LATE = "memblock_add_range", "memblock_isolate_range", "memblock_remove_range", \
    "memblock_free_late"
BEGIN, END = "start_kernel", "free_initmem"
MEMORY, RESERVED, POOL = "memory", "reserved", "pool"        # a pool is reserved, and given out in pieces: the guest's
ADDED, REMOVED, TAKEN, ALLOCATED, FREED, FREED_LATE = "added", "removed", "reserved", "allocated", "freed", "freed late"
GUEST_POOL = "(unsigned long)&early_pools_used"
ALL = 1 << 64
MOST_EVENTS = 10000             # a boot has some hundreds
STACK_LIMIT = 40
RECORDED = "mm owners record"   # the source of what is known from here


@dataclass(frozen=True)
class Event:
    """One call that changed a list."""

    kind: str
    list: str
    start: int
    end: int
    stack: tuple[StackFrame, ...]       # the innermost first, from memblock's own function to start_kernel
    owner: int                          # which of the stack
    instructions: Optional[int]         # under record and replay

    @property
    def by(self) -> StackFrame:
        """The owner."""
        return self.stack[self.owner] if self.stack else StackFrame(None, None, None, 0)


@dataclass(frozen=True)
class Piece:
    """What is left of the range of an event."""

    start: int
    end: int
    event: Event


@dataclass
class Log:
    """All of one boot."""

    since: Optional[str] = None         # the function that the recording began in
    ended: Optional[str] = None         # why there is no more to come
    events: list[Event] = field(default_factory=list)
    memory: list[Piece] = field(default_factory=list)       # what is left of each event's range, in their order
    reserved: list[Piece] = field(default_factory=list)
    pools: list[Piece] = field(default_factory=list)
    stops: int = 0
    seconds: float = 0.0
    unknown: int = 0                    # calls whose arguments could not be read
    lost: int = 0                       # that came after MOST_EVENTS

    def forget(self, keep: Sequence[Event] = ()) -> None:
        """All events but some."""
        self.events, self.memory, self.reserved, self.pools = [], [], [], []
        for event in keep:
            self.add(event)

    def add(self, event: Event) -> None:
        """One more."""
        self.events.append(event)
        apply({MEMORY: self.memory, RESERVED: self.reserved, POOL: self.pools}[event.list], event)


def log_of(ctx: Context) -> Optional[Log]:
    """What was recorded of this target; None when nothing was."""
    return ctx.host.memo.get(KEPT)


class Recorder:
    """Listens to one boot."""

    def __init__(self, control: Control, log: Log) -> None:
        ctx = control.context()
        self._control = control
        self._log = log
        self._lists = _lists(ctx)
        self._top = 1 << ctx.arch.phys_bits
        self._places = _places(control, ctx)
        self._counts = control.instructions() is not None

    @property
    def points(self) -> tuple[Point, ...]:
        """Where it has to be asked."""
        return tuple(Point(addr) for addr in self._places)

    def hit(self, point: Point) -> bool:
        """At one of them. True: there is nothing more to come."""
        begin = time.perf_counter()
        try:
            return self._hit(self._places[point.addr])
        finally:
            self._log.stops += 1
            self._log.seconds += time.perf_counter() - begin

    def _hit(self, function: str) -> bool:
        log = self._log
        if function == END:
            log.ended = END
            return True
        if function == BEGIN:           # a boot begins, if need be once more
            log.forget()
            log.unknown = log.lost = 0
            return False
        start, size = self._control.argument("base"), self._control.argument("size")
        changed = self._control.argument("type") if function != LATE else None
        kind = self._lists.get(changed) if changed is not None else RESERVED if function == LATE else None
        if size == 0 or changed is not None and kind is None:
            return False                # nothing, or to a list of somebody's own
        stack = self._control.stack(STACK_LIMIT, lambda frame: frame.function == BEGIN)
        if function == ISOLATE and not any(frame.function == REMOVE for frame in stack):
            return False                # only flags of regions change, or their node
        if start is None or size is None or kind is None or not 0 <= start < ALL:
            log.unknown += 1
            return False
        if len(log.events) >= MOST_EVENTS:
            log.lost += 1
            return False
        now = self._control.instructions() if self._counts else None
        if now is not None and log.events and (log.events[-1].instructions or 0) >= now:
            log.forget([event for event in log.events if (event.instructions or 0) < now])  # it went back, comes again
        log.add(_event(function, kind, start, min(start + size, self._top if start < self._top else ALL), stack, now))
        return False


def apply(pieces: list[Piece], event: Event) -> None:
    """What is left of earlier ranges after an event. Ranges that are reserved twice are so by both."""
    if event.kind in (ADDED, TAKEN, ALLOCATED):
        pieces.append(Piece(event.start, event.end, event))
        return
    left = []
    for piece in pieces:
        if piece.end <= event.start or event.end <= piece.start:
            left.append(piece)
            continue
        if piece.start < event.start:
            left.append(replace(piece, end=event.start))
        if event.end < piece.end:
            left.append(replace(piece, start=event.end))
    pieces[:] = left


def chain_of(event: Event) -> list[str]:
    """The owner with its place in the source, then who called it, the innermost first."""
    by, callers = event.by, event.stack[event.owner + 1:]
    place = f", {by.file}:{by.line}" if by.file is not None and by.line is not None else ""
    return [f"{by.name}{place}", *(frame.name for frame in callers)]


def begin(control: Control, log: Log) -> None:
    """Record from here on. Raises MmError."""
    ctx = control.context()
    if ctx.stage is Stage.BOOTED:
        raise MmError("the boot is over: memblock gives nothing any more; start the target anew, stopped at its first "
                      "instruction")
    recorder = Recorder(control, log)
    control.keep(KEPT, recorder.points, recorder.hit)


def _event(function: str, name: str, start: int, end: int, stack: tuple[StackFrame, ...],
           instructions: Optional[int]) -> Event:
    """Name it, with the names of files as the kernel's tree has them."""
    if function == LATE:
        what = FREED_LATE
    elif function == ISOLATE:
        what = REMOVED if name == MEMORY else FREED
    elif name == MEMORY:
        what = ADDED
    else:
        what = ALLOCATED if allocates(stack) else TAKEN
    owner, prefix = owner_of_call(stack), tree_prefix(stack)
    if prefix is not None:
        stack = tuple(replace(frame, file=frame.file[len(prefix):])
                      if frame.file is not None and frame.file.startswith(prefix) else frame for frame in stack)
    return Event(what, name, start, end, stack, owner, instructions)


def _lists(ctx: Context) -> dict[int, str]:
    """Which list is at an address."""
    base = ctx.read.address("memblock")
    found = {base + ctx.layout.field(f"memblock.{name}").offset: name for name in (MEMORY, RESERVED)}
    with contextlib.suppress(MmError):      # Linux has none
        found[ctx.host.evaluate(GUEST_POOL).value] = POOL
    return found


def _places(control: Control, ctx: Context) -> dict[int, str]:
    """Address of each point, and the function that it is in. Raises MmError when the kernel inlines what has to be
    there."""
    places: dict[int, str] = {}
    for function in (ADD, ISOLATE):
        addr = _called(control, ctx, function)
        if addr is None:
            raise MmError(f"who reserves memory cannot be recorded: this kernel has no function {function} of its own")
        places[addr] = function
    for function in (LATE, BEGIN):
        addr = _called(control, ctx, function)
        if addr is not None:
            places[addr] = function
    places.update((addr, END) for addr in control.entries(END))
    return places


def _called(control: Control, ctx: Context, function: str) -> Optional[int]:
    """Where it begins as a function; None where it is only inlined. After what a tracer would replace: of two
    beginnings the later one knows the arguments."""
    found = []
    for addr in control.entries(function):
        around = ctx.host.symbolize(addr)
        if around is not None and around.name.partition(".")[0] == function:
            found.append(addr)
    return max(found, default=None)
