# SPDX-License-Identifier: GPL-2.0-or-later
"""Breakpoints and watchpoints of our own, which no user sees, for the time of one run."""
from __future__ import annotations

import contextlib
from typing import Any, Callable, Optional, Sequence, Union

import gdb

from ..errors import MmError
from ..target.control import ACCESS, CODE, OnHit, Point
from .debuginfo import in_c
from .holdback import CTRL_C

WORDS = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}
CONDITION = "_mm_hit"       # convenience function that GDB 10 asks in place of Breakpoint.stop()


class Points:
    """Inserted inside a with block, gone after it. hit has stopped the target; failure is what on_hit raised."""

    quiet = True            # GDB does not print where it stops for one

    def __init__(self, points: Sequence[Point], on_hit: Optional[OnHit], hardware: bool) -> None:
        self.hit: Optional[Point] = None
        self.failure: Optional[BaseException] = None
        self._points, self._on_hit, self._hardware = points, on_hit, hardware
        self._made: list[Union[gdb.Breakpoint, int]] = []

    def __enter__(self) -> Points:
        try:
            with in_c():
                for point in dict.fromkeys(self._points):
                    self._made.append(self._make(point))
        except BaseException:
            self._delete()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._delete()
        CTRL_C.end()

    @property
    def numbers(self) -> frozenset[int]:
        """Of those that have one that a user could see."""
        return frozenset(made for made in self._made if isinstance(made, int))

    def ask(self, point: Point) -> bool:
        """A point is hit: whether the target stops here. Nothing is raised: GDB would only print it."""
        if self.failure is not None:
            return True
        if self._on_hit is not None:
            CTRL_C.begin()
            try:
                if not self._on_hit(point) and not CTRL_C.came():
                    return False
                if CTRL_C.came():
                    raise KeyboardInterrupt
            except BaseException as error:
                self.failure = error
        self.hit = point
        return True

    def disable(self) -> None:
        """Out of the target at once, also while GDB asks one of them, when none may be deleted."""
        for made in self._made:
            with contextlib.suppress(gdb.error, RuntimeError):
                if isinstance(made, int):
                    gdb.execute(f"disable {made}", to_string=True)
                else:
                    made.enabled = False

    def _make(self, point: Point) -> Union[gdb.Breakpoint, int]:
        """Have GDB make one. Raises MmError."""
        try:
            if point.kind != CODE:
                return self._watch(point)
            hardware = getattr(gdb, "BP_HARDWARE_BREAKPOINT", None)
            if self._hardware and hardware is None:
                return _hbreak(point, self.ask)
            kind = hardware if self._hardware else gdb.BP_BREAKPOINT
            made = _Asking(self.ask, point, f"*{point.addr:#x}", type=kind, internal=True)
            made.silent = self.quiet
            return made
        except gdb.error as error:
            raise MmError(f"cannot stop at {point.addr:#x}: {error}") from None

    def _watch(self, point: Point) -> gdb.Breakpoint:
        word = WORDS.get(point.size)
        pointer = f"{word} *" if word is not None else f"unsigned char (*)[{point.size:#x}]"
        made = _Asking(self.ask, point, f"*({pointer}) {point.addr:#x}", type=gdb.BP_WATCHPOINT,
                       wp_class=gdb.WP_ACCESS if point.kind == ACCESS else gdb.WP_WRITE, internal=True)
        if made.type == gdb.BP_WATCHPOINT:      # GDB would step through the whole boot, instruction by instruction
            made.delete()
            raise MmError("GDB has no hardware watchpoint for this: see 'show can-use-hw-watchpoints'")
        made.silent = self.quiet
        return made

    def _delete(self) -> None:
        """Each of them, even when one of them cannot be."""
        while self._made:
            made = self._made.pop()
            with contextlib.suppress(gdb.error, RuntimeError):
                if isinstance(made, int):
                    _WAITING.pop(made, None)
                    gdb.execute(f"delete {made}", to_string=True)
                else:
                    made.delete()


class _Asking(gdb.Breakpoint):
    """Asks before it stops."""

    def __init__(self, ask: Callable[[Point], bool], point: Point, spec: str, **options: Any) -> None:
        self._ask, self._point = ask, point
        super().__init__(spec, **options)

    def stop(self) -> bool:
        """GDB's question at a hit."""
        return self._ask(self._point)


_WAITING: dict[int, Callable[[], bool]] = {}


class _Condition(gdb.Function):
    """$_mm_hit(N): whether our breakpoint N stops here."""

    def invoke(self, number: gdb.Value) -> bool:
        """GDB's question at a hit."""
        return _WAITING[int(number)]()


def _hbreak(point: Point, ask: Callable[[Point], bool]) -> int:
    """GDB 10's Python makes no hardware breakpoints, its command does: a number, not an internal one."""
    _Condition(CONDITION)
    before = gdb.convenience_variable("bpnum")
    gdb.execute(f"hbreak *{point.addr:#x}", to_string=True)
    number = int(gdb.convenience_variable("bpnum"))
    if before is not None and int(before) == number:
        raise MmError(f"GDB made no breakpoint at {point.addr:#x}")
    _WAITING[number] = lambda: ask(point)
    try:
        gdb.execute(f"commands {number}\nsilent\nend", to_string=True)
        gdb.execute(f"condition {number} ${CONDITION}({number:#x})", to_string=True)
    except gdb.error:
        gdb.execute(f"delete {number}", to_string=True)
        raise
    return number
