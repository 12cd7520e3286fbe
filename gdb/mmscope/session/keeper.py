# SPDX-License-Identifier: GPL-2.0-or-later
"""Points that stay from one command to the next and never stop the target: what control.keep() promises, inside GDB.

They are gone when they are dropped, when on_hit wants no more, when the target is detached, killed, lost or another
one, and when the extension is sourced again. GDB must not lose a breakpoint while it asks one: until it is at rest such
ones are only disabled. That takes them out of the target at once.
"""
from __future__ import annotations

import contextlib
from typing import Any, Iterator, Sequence

import gdb

from ..errors import MmError
from ..target.control import OnHit, Point
from ..view.units import escape
from .holdback import CTRL_C
from .points import Points

EVENTS = ("exited", "inferior_deleted", "connection_removed", "clear_objfiles")


class _Kept(Points):
    """Asked by GDB for as long as they are there."""

    quiet = False       # it stops for Ctrl-C, in the midst of the user's own command

    def __init__(self, points: Sequence[Point], ask: OnHit) -> None:
        super().__init__(points, None, True)
        self.ask = ask


class Keeper:
    """All that is kept, by name."""

    def __init__(self) -> None:
        self._sets: dict[str, Points] = {}
        self._over: list[Points] = []       # disabled, to be deleted
        self._target: Any = None            # where they were put
        self._paused = False
        self._asking = False                # GDB asks one of them

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that are there."""
        return tuple(self._sets)

    @property
    def numbers(self) -> frozenset[int]:
        """Of those that a user could see."""
        return frozenset().union(*(each.numbers for each in (*self._sets.values(), *self._over)))

    def hook(self) -> None:
        """Listen to GDB."""
        for name in EVENTS:
            if hasattr(gdb.events, name):
                getattr(gdb.events, name).connect(self._gone)
        gdb.events.stop.connect(self._stopped)

    def unhook(self) -> None:
        """Stop listening, with nothing left."""
        for name in EVENTS:
            if hasattr(gdb.events, name):
                getattr(gdb.events, name).disconnect(self._gone)
        gdb.events.stop.disconnect(self._stopped)
        for name in self._sets:
            gdb.write(f"mm: {name} is over: mm.py is sourced again\n", gdb.STDERR)
        self._gone()

    def keep(self, name: str, points: Sequence[Point], on_hit: OnHit) -> None:
        """Insert them, in place of those of the same name. Raises MmError when GDB cannot."""
        self.drop(name)
        self._target = _target()
        made = _Kept(points, lambda point: self._ask(name, made, on_hit, point))
        try:
            made.__enter__()
        except gdb.error as error:
            raise MmError(f"cannot keep a breakpoint: {error}") from None
        self._sets[name] = made

    def drop(self, name: str) -> None:
        """Delete those of a name, if there are any. Not while GDB asks one of them."""
        found = self._sets.pop(name, None)
        if found is not None:
            found.__exit__()
        self._sweep()

    def _ask(self, name: str, made: Points, on_hit: OnHit, point: Point) -> bool:
        """At a hit: whether the target stops, which it does for Ctrl-C alone."""
        if self._paused or self._sets.get(name) is not made or self._target != _target():
            return False
        over, self._asking = False, True
        CTRL_C.begin()
        try:
            over = on_hit(point)
        except KeyboardInterrupt:
            CTRL_C.wanted = True
        except Exception as error:
            gdb.write(f"mm: {name} is over: {escape(str(error)) or type(error).__name__}\n", gdb.STDERR)
            over = True
        finally:
            self._asking = False
        if over and name in self._sets:
            self._end(name)
        if not CTRL_C.came():
            return False
        gdb.write(f"Interrupted, at a breakpoint that mm keeps for {name}:\n")    # GDB calls it Breakpoint -1
        return True

    @contextlib.contextmanager
    def paused(self, pause: bool) -> Iterator[None]:
        """Whether they are deaf inside: the target comes by what has been once more."""
        before, self._paused = self._paused, pause
        try:
            yield
        finally:
            self._paused = before

    def _end(self, name: str) -> None:
        """No more is wanted, in the middle of a question."""
        made = self._sets.pop(name)
        made.disable()
        self._over.append(made)

    def _sweep(self) -> None:
        while self._over and not self._asking:
            self._over.pop().__exit__()

    def _stopped(self, _: Any) -> None:
        """GDB is at rest."""
        CTRL_C.end()
        self._sweep()
        if self._sets and self._target != _target():
            self._gone()

    def _gone(self, _: Any = None) -> None:
        """There is no target any more, or another one; it may be lost in the middle of a question."""
        CTRL_C.end()
        for name in tuple(self._sets):
            if self._asking:
                self._end(name)
                gdb.post_event(self._sweep)
            else:
                self.drop(name)
        self._sweep()


def _target() -> Any:
    """What is connected to: GDB gives each connection a number, from version 11 on."""
    inferior = gdb.selected_inferior()
    return inferior.num, getattr(getattr(inferior, "connection", None), "num", None)
