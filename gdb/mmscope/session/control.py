# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the target for a command, and leaves nothing of its own behind: what target/control.py promises, inside GDB."""
from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, Optional, Sequence

import gdb

from ..errors import MmError
from ..model.context import Context
from ..target.control import ARRIVED, CODE, INTERRUPTED, TIME_IS_UP, OnHit, Point, StackFrame, Stop
from . import replay
from .alarm import Alarm
from .arguments import read_argument
from .current import Current
from .debuginfo import in_c
from .exits import exits_of, result_of
from .interrupts import Interrupts
from .points import Points
from .stops import OURS, Watcher
from .tui import held

GONE = "the target is gone"
STANDSTILL = 5.0            # seconds in which a replay that goes on comes by an instruction
FULL = re.compile(r"could not insert hardware|cannot insert hardware", re.IGNORECASE)


class GdbControl:
    """The target of the selected inferior, for the time of one command."""

    def __init__(self, current: Current, say: Callable[[str], None]) -> None:
        self._current = current
        self._say = say
        self._replay = replay.Replay()
        self._ctrl_c = False        # in the last run

    @property
    def memo(self) -> dict[str, Any]:
        """What commands keep."""
        return self._current.memo

    @property
    def can_reverse(self) -> bool:
        """Whether the target can go back."""
        return "replay" in replay.info().lower()

    def context(self) -> Context:
        """The context of the present stop or hit."""
        return self._current.context()

    def run(self, points: Sequence[Point], on_hit: Optional[OnHit] = None, until: Optional[int] = None,
            seconds: Optional[float] = None, aloud: bool = False) -> Stop:
        """Run to one of the points."""
        if until is not None and (replay.count() or 0) >= until:
            return Stop(None, ARRIVED)
        with self._replay.stop_at(until):
            stop = self._run(points, on_hit, Alarm(seconds), aloud)
        if stop == Stop(None, INTERRUPTED) and not self._ctrl_c and until is not None and replay.count() == until:
            return Stop(None, ARRIVED)
        return stop

    def _run(self, points: Sequence[Point], on_hit: Optional[OnHit], alarm: Alarm, aloud: bool = False) -> Stop:
        try:
            return self._run_with(points, on_hit, True, alarm, aloud)
        except gdb.error as error:
            if FULL.search(str(error)) is None or any(point.kind != CODE for point in points):
                raise MmError(f"cannot run the target: {' '.join(str(error).split())}") from None
        try:
            return self._run_with(points, on_hit, False, alarm, aloud)     # the target has too few in hardware
        except gdb.error as error:
            raise MmError(f"cannot run the target: {' '.join(str(error).split())}") from None

    def _run_with(self, points: Sequence[Point], on_hit: Optional[OnHit], hardware: bool, alarm: Alarm,
                  aloud: bool) -> Stop:
        failure = None
        if gdb.selected_thread() is None:
            raise MmError("the target is gone")
        with Interrupts() as ctrl_c, Points(points, on_hit, hardware) as inserted, alarm, held(), \
                Watcher(inserted.numbers | self._current.keeper.numbers | alarm.numbers) as seen:
            try:
                gdb.execute("continue", to_string=not aloud)
            except gdb.error as error:
                failure = error
        if inserted.failure is not None:
            raise inserted.failure
        thread = gdb.selected_thread()
        if failure is not None and thread is not None and thread.is_valid() and seen.reason is None:
            raise failure
        if thread is None or not thread.is_valid():
            return Stop(None, f"{GONE}: {seen.reason or failure or 'the connection was closed'}")
        self._ctrl_c = ctrl_c.seen
        if ctrl_c.seen and not seen.others:
            seen.others = INTERRUPTED
        if inserted.hit is not None:
            return Stop(inserted.hit, f"and {seen.others}" if seen.others else "reached")
        if alarm.rang and seen.reason == INTERRUPTED:
            return Stop(None, TIME_IS_UP)
        reason = INTERRUPTED if seen.reason == OURS else seen.reason    # points that are kept stop for nothing else
        return Stop(None, seen.others or reason or "stopped")

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """Nobody else sees what the target comes by."""
        with self._current.keeper.paused(True), replay.breakpoints_off():
            yield

    def go_to(self, instructions: int) -> Stop:
        """Go there, back or on."""
        try:
            state, here = self._replay.state_at(instructions), replay.count() or 0
            if here > instructions or here < state.instructions:
                self._replay.load(state)
                self._current.forget_memory()
        except gdb.error as error:
            raise MmError(f"the target cannot go back: {error}") from None
        stop = Stop(None, ARRIVED)
        for hop in self._replay.hops(instructions):
            stop = self._on_to(hop)
            if stop.reason != ARRIVED:
                break
        return stop

    def _on_to(self, instructions: int) -> Stop:
        """Run on to there; a recording may end before."""
        while True:
            here = replay.count()
            stop = self.run((), until=instructions, seconds=STANDSTILL)
            if stop.reason.startswith(GONE):
                raise MmError(f"the recording ends before instruction {instructions}, and QEMU with it: "
                              "start the replay anew")
            if stop.reason != TIME_IS_UP:
                return stop
            if replay.count() == here:
                raise MmError(f"the recording ends at instruction {here}: the target stands there")

    def state_before(self, instructions: int) -> int:
        """The count of a state of before."""
        return self._replay.state_at(instructions - 1).instructions

    def pave(self, instructions: int) -> Stop:
        """Keep states on the way."""
        if not self._replay.is_far(instructions):
            return Stop(None, ARRIVED)
        stop = self.go_to(self._replay.state_at(instructions).instructions)
        return stop if stop.reason != ARRIVED else self.go_to(instructions)

    def keep_state(self) -> None:
        """Keep the present one."""
        self._replay.save()

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of what stays."""
        return self._current.keeper.names

    def keep(self, name: str, points: Sequence[Point], on_hit: OnHit) -> None:
        """Points that stay."""
        self._current.keeper.keep(name, points, on_hit)

    def drop(self, name: str) -> None:
        """They stay no longer."""
        self._current.keeper.drop(name)

    def entries(self, function: str) -> tuple[int, ...]:
        """Where it begins."""
        name = function.rpartition(":")[2]
        try:
            with in_c():
                found = gdb.decode_line(function)[1] or ()
        except gdb.error:
            return ()
        return tuple(sorted({sal.pc for sal in found if sal.pc and _begins(sal.pc, name)}))

    def exits(self, function: str) -> tuple[int, ...]:
        """Where it returns."""
        return exits_of(function, self.entries(function))

    def result(self) -> Optional[int]:
        """What it returns."""
        return result_of()

    def return_address(self) -> Optional[int]:
        """Where the newest function returns to."""
        caller = _caller()
        return int(caller.pc()) if caller is not None else None

    def call(self) -> Optional[int]:
        """The caller's stack pointer."""
        caller = _caller()
        try:
            return int(caller.read_register("sp")) if caller is not None else None
        except (gdb.error, ValueError):
            return None

    @property
    def cpu(self) -> Optional[int]:
        """The CPU, as QEMU numbers its threads."""
        thread = gdb.selected_thread()
        return max(thread.ptid[1] - 1, 0) if thread is not None and thread.is_valid() else None

    def stack(self, limit: int = 16, last: Optional[Callable[[StackFrame], bool]] = None) -> tuple[StackFrame, ...]:
        """The functions that the CPU is in."""
        found: list[StackFrame] = []
        try:
            frame = gdb.newest_frame()
            while frame is not None and len(found) < limit:
                place = frame.find_sal()
                file = place.symtab.filename if place.symtab is not None else None
                found.append(StackFrame(frame.name(), file, place.line or None, int(frame.pc()),
                                        frame.type() == gdb.TAILCALL_FRAME))
                if last is not None and last(found[-1]):
                    break
                frame = frame.older()
        except gdb.error:       # no further than the stack can be followed
            pass
        return tuple(found)

    def argument(self, name: str, function: Optional[str] = None) -> Optional[int]:
        """An argument by its name."""
        return read_argument(name, function)

    def say(self, text: str) -> None:
        """Show it."""
        self._say(text)

    def instructions(self) -> Optional[int]:
        """The instruction count of a recording."""
        return replay.count()


def _caller() -> Optional[gdb.Frame]:
    """That of the newest function that is not inlined."""
    try:
        frame = gdb.newest_frame()
        while frame is not None and frame.type() == gdb.INLINE_FRAME:
            frame = frame.older()
        caller = frame.older() if frame is not None else None
        while caller is not None and caller.type() == gdb.TAILCALL_FRAME:
            caller = caller.older()
        return caller
    except gdb.error:
        return None


def _begins(pc: int, function: str) -> bool:
    """Whether a function of that name, itself or inlined, is around an address; assembly has no blocks."""
    try:
        block = gdb.block_for_pc(pc)
        if block is None:
            return True
        while block is not None and not block.is_static and not block.is_global:
            if block.function is not None and function in (block.function.name, block.function.linkage_name):
                return True
            block = block.superblock
    except (gdb.error, RuntimeError):
        return True
    return False
