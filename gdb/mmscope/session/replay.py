# SPDX-License-Identifier: GPL-2.0-or-later
"""A replay of QEMU's: how many instructions have run, and the states that it can go back to, by its monitor.

To go back means: load a state of before, and run on from there up to an instruction count. Such a run comes by the
same instructions each time. QEMU's own way, reverse-continue, does that too, but twice; asks no condition on the way;
names no watchpoint where it stops; and once interrupted it stops at no breakpoint any more.
"""
from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import Iterator, Optional

import gdb

from ..errors import MmError

COUNT = re.compile(r"(?:instruction count|icount)\s*=\s*(\d+)", re.IGNORECASE)
STATE = re.compile(r"^\S+\s+(\S+)\s+([\d.]+) (\S+)\s.*\s(\d+)\s*$")
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
FIRST_HOP = 32_000_000      # instructions between two states; more where saving one takes longer than running so far
NEAR = 4_000_000              # no state is worth its time so shortly behind another one
MOST_STATES = 256
MOST_BYTES = 512 << 20      # of all of them
SECURE = "DACR_S"           # a register that QEMU's Cortex-A9 in secure mode does not get back with a state


@dataclass(frozen=True)
class State:
    """One that QEMU has saved."""

    name: str
    instructions: int
    bytes: int


class Replay:
    """The monitor's commands, and how far apart states are kept."""

    def __init__(self) -> None:
        self.hop = FIRST_HOP

    def state_at(self, instructions: int) -> State:
        """The last one that is not later. Raises MmError when there is none."""
        found = [each for each in self._states() if each.instructions <= instructions]
        if not found:
            raise MmError("QEMU has no state of before to go back to: record and replay with rrsnapshot=, as "
                          "scripts/qemu does")
        return max(found, key=lambda each: each.instructions)

    def load(self, state: State) -> None:
        """Go back to it; GDB is told by nobody. Raises MmError."""
        said = monitor(f"loadvm {state.name}")
        if said.strip():
            raise MmError(f"QEMU cannot go back: {said.strip()}")
        for flush in ("maintenance flush register-cache", "flushregs"):
            try:
                gdb.execute(flush, to_string=True)
                break
            except gdb.error:
                continue
        cached = "on" if gdb.parameter("stack-cache") else "off"
        for switch in ("off" if cached == "on" else "on", cached):      # a change of it empties GDB's cache of memory
            gdb.execute(f"set stack-cache {switch}", to_string=True)

    def save(self) -> None:
        """Keep the present state, if it is worth it and QEMU can."""
        here, states = count(), self._states()
        if here is None or len(states) >= MOST_STATES or sum(each.bytes for each in states) > MOST_BYTES:
            return
        near = any(here - NEAR < each.instructions <= here for each in states)
        if not near and not _secure():
            monitor(f"savevm mmscope-{here}")

    def is_far(self, instructions: int) -> bool:
        """Whether it is worth to keep states on the way there."""
        return instructions - self.state_at(instructions).instructions > self.hop * 3 // 2

    def hops(self, instructions: int) -> Iterator[int]:
        """Counts to run to one after the other, so that states are kept on the way; the last is instructions."""
        here = count() or 0
        while instructions - here > self.hop * 3 // 2:
            begin = time.perf_counter()
            yield here + self.hop
            between = time.perf_counter()
            if count() != here + self.hop:
                return
            here += self.hop
            self.save()
            if time.perf_counter() - between > between - begin:
                self.hop *= 2
        yield instructions

    @contextlib.contextmanager
    def stop_at(self, instructions: Optional[int]) -> Iterator[None]:
        """Inside, the target stops there when it runs."""
        if instructions is None:
            yield
            return
        monitor("replay_delete_break")
        said = monitor(f"replay_break {instructions}")
        if said.strip():
            raise MmError(f"QEMU cannot stop at instruction {instructions}: {said.strip()}")
        try:
            yield
        finally:
            with contextlib.suppress(gdb.error):
                monitor("replay_delete_break")

    @staticmethod
    def _states() -> list[State]:
        found = (STATE.match(line) for line in monitor("info snapshots").splitlines())
        return [State(each[1], int(each[4]), int(float(each[2]) * UNITS.get(each[3], 1))) for each in found if each]


def monitor(command: str) -> str:
    """What QEMU's monitor answers. Raises gdb.error."""
    return gdb.execute(f"monitor {command}", to_string=True)


def info() -> str:
    """What QEMU says of recording and replaying; "" when it does neither, or is no QEMU."""
    try:
        said = monitor("info replay")
    except gdb.error:
        return ""
    return said if COUNT.search(said) is not None else ""


def count() -> Optional[int]:
    """The instruction count of a recording or replay."""
    found = COUNT.search(info())
    return int(found[1]) if found is not None else None


@contextlib.contextmanager
def breakpoints_off() -> Iterator[None]:
    """Inside, no breakpoint of the user's stops the target: it comes by what has been once more."""
    found = [each for each in gdb.breakpoints() or () if each.enabled]
    for each in found:
        each.enabled = False
    caught = _catch()
    try:
        yield
    finally:
        if caught is not None:
            gdb.execute(f"delete {caught}", to_string=True)
        for each in found:
            with contextlib.suppress(gdb.error, RuntimeError):
                each.enabled = True


def _catch() -> Optional[int]:
    """QEMU's stop at a count looks like Ctrl-C. GDB does not print that when it is caught by one who is silent."""
    before = gdb.convenience_variable("bpnum")
    try:
        gdb.execute("catch signal SIGINT", to_string=True)
        number = gdb.convenience_variable("bpnum")
        if number is None or number == before:
            return None
        gdb.execute(f"commands {int(number)}\nsilent\nend", to_string=True)
    except gdb.error:
        return None
    return int(number)


def _secure() -> bool:
    try:
        gdb.newest_frame().read_register(SECURE)
        return True
    except (gdb.error, ValueError):
        return False
