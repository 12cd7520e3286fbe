# SPDX-License-Identifier: GPL-2.0-or-later
"""The last change of something before now: found by watching it once more on the way here, from its end backwards."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import MmError
from ..target.control import ARRIVED, Control, Point
from .event import Event, is_inside
from .past import Enough, Until, arrived, go_to, last_before, standing, travel
from .problem import Problem
from .stage import Stage
from .subjectcount import ARRAYS, GLOBALS
from .told import Subject
from .watch import STACK, Watch

MOST_HITS = 16          # writes at which the target is held before it is looked for from the end of a window
NARROW = 20_000         # instructions in which all are looked at
WIDER = 8
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

    def report(self) -> WhenReport:
        """Find it, and go there: to just before its first write. Without one the target stays where it was."""
        with travel(self._control) as here:
            event = last_before(self._control, here, self._search)
            if event is not None and event.partial and event.instructions != here:
                go_to(self._control, _begin(event))     # a window has ended in its middle
                event = self._watch(here).next_event() or event
            go_to(self._control, _begin(event) if event is not None else here)
            self._control.keep_state()
        return WhenReport(self._subject.name, event, self._control.instructions(), here, self._hits)

    def _search(self, start: int, end: int, back: int = NARROW) -> Optional[Event]:
        """The last change between two moments."""
        go_to(self._control, start)
        if not self._exists(end):
            return None
        start = self._control.instructions() or start
        middle = self._in_the_middle()
        watch = self._watch(end, MOST_HITS if end - start > NARROW else None)
        first: Optional[Event] = None
        found: Optional[Event] = None
        try:
            while watch.stopped is None:
                found = watch.next_event() or found
                first = first or found
        except Enough:
            here = self._control.instructions() or start
            found = self._nearer(here, end, 4 * (here - start) // MOST_HITS) or found
        else:
            if watch.stopped != ARRIVED:
                raise MmError(f"{watch.stopped}{standing(self._control)}")
        finally:
            self._hits += watch.hits
        if found is not None and found is first and middle and back <= MOST_BACK:
            return self._search(max(start - back, 0), found.instructions or end, back * WIDER) or found
        return found

    def _nearer(self, here: int, end: int, width: int) -> Optional[Event]:
        """There are many writes: the last one is near the end. here is just behind the first write of a change."""
        found, low, width = None, end, max(width, NARROW)
        while found is None and low >= here:
            low, end = max(end - width, here - 1), low
            found = self._search(low, end)
            width *= WIDER
        return found

    def _watch(self, end: int, most_hits: Optional[int] = None) -> Watch:
        return Watch(Until(self._control, end, most_hits), self._subject)

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


def _begin(event: Event) -> int:
    """The moment before its first write."""
    return (event.began or event.instructions or 1) - 1
