# SPDX-License-Identifier: GPL-2.0-or-later
"""Why the target has stopped, from GDB's events."""
from __future__ import annotations

from typing import Any, Container, Optional

import gdb

from ..target.control import INTERRUPTED

OURS = "one of our own breakpoints"


class Watcher:
    """Listens inside a with block. reason is what GDB said, others are breakpoints that were hit and are not ours."""

    def __init__(self, ours: Container[int]) -> None:
        self._ours = ours
        self.reason: Optional[str] = None
        self.others = ""

    def __enter__(self) -> Watcher:
        gdb.events.stop.connect(self._stopped)
        gdb.events.exited.connect(self._exited)
        return self

    def __exit__(self, *exc: object) -> None:
        gdb.events.stop.disconnect(self._stopped)
        gdb.events.exited.disconnect(self._exited)

    def _stopped(self, event: Any) -> None:
        self.reason = "stopped"
        if isinstance(event, gdb.SignalEvent):
            name = event.stop_signal
            self.reason = INTERRUPTED if name == "SIGINT" else f"signal {name}"
        elif isinstance(event, gdb.BreakpointEvent):
            found = [each for each in event.breakpoints if each.is_valid() and each.number not in self._ours]
            self.others = ", ".join(f"{_kind(each)} {each.number}" for each in found if each.number > 0)
            self.reason = self.others or OURS

    def _exited(self, event: Any) -> None:
        self.reason = "it has ended"


def _kind(made: gdb.Breakpoint) -> str:
    return "watchpoint" if made.expression is not None else "breakpoint"
