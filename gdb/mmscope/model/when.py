# SPDX-License-Identifier: GPL-2.0-or-later
"""The last change of something before now: found by watching it once more on the way here, from its end backwards."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Union

from ..errors import MmError
from ..target.control import ARRIVED, Control, Point
from .context import Context
from .event import Event, is_inside, outermost_of
from .pagelook import PageLook, came_by
from .past import Enough, Until, arrived, go_to, last_before, standing, travel
from .problem import Problem
from .stage import Stage
from .subjectcount import ARRAYS, GLOBALS
from .subjectpage import PageSubject
from .told import Subject
from .watch import STACK, Watch

MOST_HITS = 16          # writes at which the target is held before it is looked for from the end of a window
NARROW = 20_000         # instructions in which all are looked at
WIDER = 8
MOST_SCANS = 8
SECONDS = 10.0          # for one instruction
MOST_BACK = 1_300_000    # instructions that a window begins earlier than at the middle of a change
# Where there may be something to look at for the first time, in the order of a boot.
FIRST = ("start_kernel", "setup_arch", "build_all_zonelists", "mm_init", "mm_core_init")


@dataclass(frozen=True)
class WhenReport:
    """What mm when has found, and where the target is since."""

    subject: str
    event: Optional[Event]          # None: nothing has changed it
    instructions: Optional[int]     # where the target stands: just before the event
    before: int                     # where it stood
    hits: int                       # writes that were looked at
    problems: tuple[Problem, ...] = ()


class When:
    """Looks for the last change of a subject."""

    def __init__(self, control: Control, subject: Subject) -> None:
        self._control, self._subject = control, subject
        self._hits = 0
        self._here = 0          # the present moment
        self._last = 0          # one more, to see what is written just before it
        self._points: tuple[Point, ...] = ()

    def report(self) -> WhenReport:
        """Find it, and go there: to just before its first write. Without one the target stays where it was."""
        with travel(self._control) as here:
            ctx = self._control.context()
            self._points = last_points(ctx, self._subject, self._subject.look(ctx))
            self._here, self._last = here, here
            if self._control.run((), until=here + 1, seconds=SECONDS).reason == ARRIVED:
                self._last = here + 1       # else the recording ends here
            event = last_before(self._control, here, self._search)
            go_to(self._control, self._before(event) if event is not None else here)
            self._control.keep_state()
        return WhenReport(self._subject.name, event, self._control.instructions(), here, self._hits)

    def _search(self, start: int, end: int) -> Optional[Event]:
        """The last change between two moments."""
        first = start
        for _ in range(MOST_SCANS):
            if end - start <= 2 * NARROW:
                break
            seen = self._scan(start, end)
            if seen is None or isinstance(seen, Event):
                return seen
            found = self._watched(max(seen - NARROW, first), seen)
            if found is not None:
                return found
            end = seen - 1      # it was as before, when that was over
        return self._watched(start, end)

    def _scan(self, start: int, end: int) -> Union[Event, int, None]:
        """Where a word was last written so that it was something else, between two moments; or that change itself."""
        go_to(self._control, start)
        if not self._exists(end):
            return None
        start = self._control.instructions() or start
        last, seen = self._subject.look(self._control.context()), None

        def note(point: Point) -> bool:
            """A word is written; go on."""
            nonlocal last, seen
            self._hits += 1
            look, count = self._subject.look(self._control.context(), last), self._control.instructions() or 0
            if look != last and count <= end:
                last, seen = look, count
            return False
        try:
            arrived(self._control, Until(self._control, self._beyond(end), MOST_HITS).run(self._points, note))
        except Enough:
            here = self._control.instructions() or start
            return self._nearer(here, end, 4 * (here - start) // MOST_HITS) or seen
        return seen

    def _nearer(self, here: int, end: int, width: int) -> Optional[Event]:
        """There are many writes: the last one is near the end. here is just behind one of them."""
        found, low, width = None, end, max(width, NARROW)
        while found is None and low >= here:
            low, end = max(end - width, here - 1), low
            found = self._search(low, end)
            width *= WIDER
        return found

    def _watched(self, start: int, end: int, back: int = NARROW) -> Optional[Event]:
        """The last change that begins between two moments, by watching all of them; seen to its end."""
        go_to(self._control, start)
        if not self._exists(end):
            return None
        if back == NARROW:
            self._control.keep_state()
        start = self._control.instructions() or start
        middle = self._in_the_middle()
        watch = Watch(Until(self._control, self._beyond(end), None), self._subject)
        first: Optional[Event] = None
        found: Optional[Event] = None
        while watch.stopped is None:
            event = watch.next_event()
            found = event if event is not None and (event.began or end) <= end else found
            first = first or found
        self._hits += watch.hits
        if watch.stopped != ARRIVED:
            raise MmError(f"{watch.stopped}{standing(self._control)}")
        if found is not None and found is first and middle and back <= MOST_BACK:
            return self._watched(max(start - back, 0), end, back * WIDER) or found
        if found is not None and found.partial and end < self._here:    # its end is beyond this window
            go_to(self._control, self._before(found))
            found = Watch(Until(self._control, self._last, None), self._subject).next_event() or found
        return found

    def _beyond(self, end: int) -> int:
        """Where to stop for what is written up to there: a stop at a count comes before a write's."""
        return min(end + 1, self._last)

    def _before(self, event: Event) -> int:
        """The moment before its first write; where more is written than watched, before the allocator is entered."""
        begin = (event.began or event.instructions or 1) - 1
        outermost = outermost_of(event.stack, self._subject.inside)
        if outermost is None or not self._subject.by_function(self._control.context()):
            return begin
        entered: list[int] = []

        def note(point: Point) -> bool:
            """It is entered; go on."""
            entered.append(self._control.instructions() or 0)
            return False
        go_to(self._control, self._control.state_before(begin))
        points = [Point(addr) for addr in self._control.entries(outermost.function or "")]
        arrived(self._control, self._control.run(points, note, until=begin))
        return entered[-1] if entered else begin

    def _in_the_middle(self) -> bool:
        """Whether it may be changing now: then what it is now it was not before that change."""
        ctx = self._control.context()
        if self._subject.lock(ctx) is not None:
            return True
        return not self._subject.settled(self._subject.look(ctx)) and is_inside(
            self._control.stack(STACK), self._subject.inside)

    def _exists(self, end: int) -> bool:
        """Whether there is anything to look at yet; at the start of a boot, run to where there is."""
        for function in (None, *FIRST):
            if function is not None:
                points = [Point(addr) for addr in self._control.entries(function)]
                stop = self._control.run(points, until=end)
                if stop.point is None:
                    arrived(self._control, stop)
                    return False
            ctx = self._control.context()
            needed = Stage.EARLY if self._subject.name in (*ARRAYS, *GLOBALS) else Stage.ZONES
            if ctx.stage is not None and ctx.stage >= needed:
                return True
        return False


def last_points(ctx: Context, subject: Subject, look: Any) -> tuple[Point, ...]:
    """Words of which one was written when it became what it is now."""
    if isinstance(subject, PageSubject) and isinstance(look, PageLook):
        return came_by(ctx, look)
    return subject.points(ctx)
