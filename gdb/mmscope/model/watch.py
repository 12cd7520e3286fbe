# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets the target run until something has changed, and the change is over.

A word that is written is not yet a change: most are written without that, or are the first of several. So the target
goes on to where whoever writes has finished: the release of the zone's lock, under which free lists change; the return
of memblock's function. What is then on its way (a page that is on no list any more, and nobody's yet) is followed until
it has arrived, at most to the return of the allocator's outermost function. Then one look is held against the last.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Optional

from ..errors import MmError
from ..target.control import CODE, Control, Point, StackFrame
from .context import Context
from .event import Event, is_inside, make_event, return_of
from .problem import Problem
from .told import CHANGED, MOVED, Subject
from .zonelock import ZoneLock

STACK = 40                      # functions, those that are inlined too
MOST_RUNS = 64                  # until a change is over
LEAST_SECONDS = 0.01
WATCHPOINT = "watchpoint"       # in the words of one who has none left
MOST_STACK_BYTES = 1 << 16      # of one task: how far from a frame its caller's can be


class Watch:
    """Watches one subject, event after event."""

    def __init__(self, control: Control, subject: Subject, seconds: Optional[float] = None) -> None:
        ctx = control.context()
        self.subject = subject
        self.stopped: Optional[str] = None      # why there is no further event
        self.hits = 0                           # writes that were looked at
        self._control = control
        self._until = time.monotonic() + seconds if seconds is not None else None
        self._points = subject.points(ctx)
        self.last = subject.described(ctx, subject.look(ctx))
        self._begin()

    def next_event(self) -> Optional[Event]:
        """Run to the end of the next change. None: something else has stopped the target."""
        while self.stopped is None:
            self._begin()
            if self._run(self._points, self._written):
                self._began = self._control.instructions()
                self._finish()
            event = self._event()
            if event is not None:
                return event
        return None

    def _begin(self) -> None:
        """Nothing is known of the next change."""
        self._looks: list[Any] = []             # of the change, in order
        self._stack: tuple[StackFrame, ...] = ()
        self._lock: Optional[ZoneLock] = None   # held by the one who has just written
        self._back: Optional[Point] = None      # where the allocator's outermost function returns to,
        self._sp: Optional[int] = None          # called with this stack pointer, or below it
        self._early = False                     # the write that was seen first has changed nothing yet
        self._over = False
        self._began: Optional[int] = None       # instructions that had run then

    def _event(self) -> Optional[Event]:
        """What has changed since the last look; None when nothing has, or nothing can be seen."""
        before = self.last
        try:
            ctx = self._control.context()
            self.last = self.subject.look(ctx, before)
            if self.last == before:
                return None
            self.last = self.subject.described(ctx, self.last)
            return make_event(ctx, self.subject, (before, *self._looks, self.last), self._stack,
                              self._control.instructions(), not self._over, self._began)
        except MmError:
            if self.stopped is None:
                raise
            return None             # the target is gone

    # --- running ------------------------------------------------------------------------------------------------------

    def _run(self, points: tuple[Point, ...], on_hit: Callable[[Point], bool]) -> bool:
        """Run to one of them. False: something else has stopped the target, instead of that or as well."""
        left = max(self._until - time.monotonic(), LEAST_SECONDS) if self._until is not None else None
        try:
            stop = self._control.run(points, on_hit, seconds=left)
        except MmError as error:
            data = [point for point in points if point.kind != CODE]
            raise MmError(f"{error} ({self.subject.name} needs {len(data)})" if WATCHPOINT in str(error) else
                          str(error)) from None
        if stop.point is None:
            self.stopped = stop.reason
        elif stop.reason.startswith("and "):        # a breakpoint of the user's at the same place
            self.stopped = stop.reason[len("and "):]
        return self.stopped is None

    def _finish(self) -> None:
        """Run to the end of the change."""
        for _ in range(MOST_RUNS):
            ctx = self._control.context()
            if self._lock is not None:
                self._early = self.subject.cheap and not self._moves(ctx)
                if not self._run((*(self._points if self._early else ()), self._lock.point), self._released):
                    return
                self._lock = None
            elif self._back is not None and self.subject.by_function(ctx) and is_inside(self._stack,
                                                                                        self.subject.inside):
                self._over = self._run((self._back,), self._returned)
                return
            ctx = self._control.context()
            look = self.subject.look(ctx)
            if self._over or self.subject.settled(look) or look == self.last:
                self._over = True
                return
            self._looks.append(look)
            points = {*self._points, *self.subject.also(ctx), *((self._back,) if self._back is not None else ())}
            if not self._run(tuple(points), self._followed):
                return

    # --- at a write: whether the target stops there -------------------------------------------------------------------

    def _written(self, point: Point) -> bool:
        """The first write of what may be a change."""
        self.hits += 1
        ctx = self._control.context()
        if self._holds(ctx):
            return True
        look = self.subject.look(ctx, self.last)
        if look == self.last:
            self.last = look
            return False
        self._looks.append(look)
        self._note(ctx, self._control.stack(STACK))
        return True

    def _holds(self, ctx: Context) -> bool:
        """Whether the one who writes has the lock: the change goes on until it is released."""
        self._lock = self.subject.lock(ctx)
        if self._lock is not None:
            stack = self._control.stack(STACK)
            if is_inside(stack, self.subject.inside):
                self._note(ctx, stack)
                return True
            self._lock = None       # another CPU has it
        return False

    def _note(self, ctx: Context, stack: tuple[StackFrame, ...]) -> None:
        """Who writes."""
        self._stack, self._sp = stack, ctx.host.register("sp")
        back = return_of(stack, self.subject.inside)
        self._back = Point(back) if back is not None else None

    def _released(self, point: Point) -> bool:
        """The lock is let go; before that, the first write that changes something is that of who is told."""
        self.hits += 1
        ctx = self._control.context()
        if self._lock is None or point == self._lock.point:
            return self._lock is None or self._lock.released(ctx)
        if self._early and self._moves(ctx):
            self._note(ctx, self._control.stack(STACK))
            self._early = False
        return False

    def _moves(self, ctx: Context) -> bool:
        """Whether it is somewhere else already: a type that changes before that is not what a change is about."""
        look = self.subject.look(ctx)
        return look != self.last and self.subject.tell(ctx, (self.last, look)).kind not in (MOVED, CHANGED)

    def _returned(self, point: Point) -> bool:
        """This call returns, not another task's."""
        self.hits += 1
        sp = self._control.context().host.register("sp")
        return sp is None or self._sp is None or self._sp <= sp < self._sp + MOST_STACK_BYTES

    def _followed(self, point: Point) -> bool:
        """What was on its way has arrived, or is moved on under the lock, or where it arrives is known better now."""
        if point == self._back:
            self._over = self._returned(point)
            return self._over
        self.hits += 1
        ctx = self._control.context()
        if self._holds(ctx):
            return True
        self._over = self.subject.settled(self.subject.look(ctx))
        if self._over or point in self._points:
            return self._over
        back, stack = self._back, self._stack
        self._note(ctx, self._control.stack(STACK))     # of who puts it on a list: it is there when that has returned
        self._stack = stack
        return self._back != back


@dataclass(frozen=True)
class WatchReport:
    """What a command has seen."""

    subject: str
    events: tuple[Event, ...]
    last: Any                       # look
    stopped: Optional[str]          # by what, if not by a change
    hits: int                       # writes at which the target was held
    problems: tuple[Problem, ...] = ()
