# SPDX-License-Identifier: GPL-2.0-or-later
"""Back to where a phase of the boot began, or to any moment of a replay."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

from ..errors import MmError
from ..target.control import Control, Point, StackFrame
from .context import Host
from .past import arrived, go_to, last_before, travel
from .phases import CALL, PHASES, Found, Phase, find_phase, find_phases
from .problem import Problem
from .rewind import begun_before


@dataclass(frozen=True)
class BackReport:
    """Where the target is now."""

    phase: Optional[str]            # that begins here
    why: Optional[str]
    instructions: Optional[int]
    before: int                     # where it was
    frame: Optional[StackFrame]
    problems: tuple[Problem, ...] = ()


def to_count(control: Control, instructions: int) -> BackReport:
    """To the moment when so many instructions had run: back, or on."""
    with travel(control) as here:
        go_to(control, instructions)
    return _report(control, here, None)


def to_phase(control: Control, name: Optional[str] = None) -> BackReport:
    """To where a phase began, the last before now. Raises MmError when there is none."""
    found = _phases(control)
    wanted = find_phase(found, name) if name is not None else None
    if name is not None and wanted is None:
        raise MmError(f"this kernel has no phase '{name}' that begins by a call; it has: "
                      f"{', '.join(each.phase.name for each in found)}")
    with travel(control) as here:
        known = begun_before(control, here) if name is None else None
        last = known if known is not None else last_before(
            control, here, lambda start, end: _begun(control, [wanted] if wanted is not None else found, start, end))
        go_to(control, last[0] if last is not None else here)
        if last is not None:
            control.keep_state()
    if last is None:
        raise MmError(f"{name or 'no phase'} has {'not ' if name else ''}begun before instruction {here}: "
                      "the target still stands there")
    return _report(control, here, next((each for each in PHASES if each.name == last[1]), None))


def _phases(control: Control) -> list[Found]:
    host = control.context().host
    return [each for each in find_phases(control.entries, lambda addr: _first(host, addr))
            if each.entries and each.phase.kind == CALL]


def _begun(control: Control, found: Sequence[Found], start: int, end: int) -> Optional[tuple[int, str]]:
    """The last phase that begins in a window, and where."""
    names = {addr: each.phase.name for each in found for addr in each.entries}
    seen: list[tuple[int, str]] = []

    def note(point: Point) -> bool:
        """A phase begins; go on."""
        seen.append((control.instructions() or 0, names[point.addr]))
        return False
    go_to(control, start)
    pc = control.context().host.register("pc")
    if pc in names:         # GDB does not stop where it stands
        seen.append((start, names[pc]))
    arrived(control, control.run([Point(addr) for addr in sorted(names)], note, until=end))
    return next((each for each in reversed(seen) if start <= each[0] < end), None)


def _report(control: Control, here: int, phase: Optional[Phase]) -> BackReport:
    stack = control.stack(1)
    return BackReport(phase.name if phase is not None else None, phase.why if phase is not None else None,
                      control.instructions(), here, stack[0] if stack else None)


def _first(host: Host, addr: int) -> bool:
    named = host.symbolize(addr)
    return named is not None and named.offset == 0
