# SPDX-License-Identifier: GPL-2.0-or-later
"""The past of a replay, window after window: how mm when and mm back look for what was last."""
from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, Optional, Sequence, TypeVar

from ..errors import MmError
from ..target.control import ARRIVED, Control, OnHit, Point, Stop

T = TypeVar("T")
Search = Callable[[int, int], Optional[T]]      # from, to: what was last there
HOW = "start it by scripts/qemu --record FILE, end it, then the same with --replay FILE in place of --record"
WINDOW = 16_000_000     # instructions that a window has at least: to begin one takes as long as to run through it


class Enough(Exception):
    """More hits than somebody wanted to see."""


class Until:
    """A Control whose runs end at an instruction count, and by Enough at one hit too much of the first one's points."""

    def __init__(self, control: Control, until: int, most_hits: Optional[int]) -> None:
        self._control, self._until, self._left = control, until, most_hits
        self._first: Optional[Sequence[Point]] = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._control, name)

    def run(self, points: Sequence[Point], on_hit: Optional[OnHit] = None, until: Optional[int] = None,
            seconds: Optional[float] = None) -> Stop:
        """Run, not beyond the end."""
        if self._first is None:
            self._first = points
        counted = points == self._first
        return self._control.run(points, lambda point: self._ask(point, on_hit, counted),
                                 min(self._until, until or self._until), seconds)

    def _ask(self, point: Point, on_hit: Optional[OnHit], counted: bool) -> bool:
        if self._left is not None and counted:
            self._left -= 1
            if self._left < 0:
                raise Enough
        return on_hit is None or on_hit(point)


def present(control: Control) -> int:
    """How many instructions have run. Raises MmError when the target is no replay."""
    here = control.instructions() if control.can_reverse else None
    if here is None:
        raise MmError(f"the target cannot go back, it is no replay: {HOW}")
    return here


def go_to(control: Control, instructions: int) -> None:
    """To that moment. Raises MmError when something stops the target on the way."""
    arrived(control, control.go_to(instructions))


def arrived(control: Control, stop: Stop) -> None:
    """Raises MmError for a stop that is not where it should be."""
    if stop.reason != ARRIVED:
        raise MmError(f"{stop.reason}{standing(control)}")


def standing(control: Control) -> str:
    """Where the target is, for the line that says why it is not somewhere else."""
    here, stack = control.instructions(), control.stack(1)
    if here is None:
        return ""
    return f": the target stands at instruction {here}" + (f", in {stack[0].name}" if stack else "")


@contextlib.contextmanager
def travel(control: Control) -> Iterator[int]:
    """Inside, the target goes through its past; the present moment. Ctrl-C ends it in a line that says where it is."""
    here = present(control)
    with control.again():
        try:
            yield here
        except KeyboardInterrupt:
            raise MmError(f"interrupted{standing(control)}") from None


def last_before(control: Control, end: int, search: Search[T]) -> Optional[T]:
    """What was last before a moment, looked for from it backwards, from one state that is kept to the next.

    A long way is gone once first: then states are kept on it, and the windows are short.
    """
    arrived(control, control.pave(end))
    while end > 0:
        start = control.state_before(max(end - WINDOW, 1))
        found = search(start, end)
        if found is not None:
            return found
        end = start
    return None
