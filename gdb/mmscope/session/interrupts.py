# SPDX-License-Identifier: GPL-2.0-or-later
"""Ctrl-C while the target runs, also one that GDB loses.

GDB passes a Ctrl-C that comes shortly before the target is resumed, while breakpoints are inserted, to a stub that is
still stopped, and QEMU's throws it away; and one that is raised inside a listener to GDB's events ends only that. So
Python notes by itself that there was a signal, and the target is stopped for it.
"""
from __future__ import annotations

import contextlib
import os
import signal

import gdb

ENOUGH = 4096


class Interrupts:
    """Notes each SIGINT inside a with block, in which the target runs."""

    def __init__(self) -> None:
        self.seen = False
        self._ends: tuple[int, ...] = ()
        self._before = -1

    def __enter__(self) -> Interrupts:
        self._ends = os.pipe()
        for end in self._ends:
            os.set_blocking(end, False)
        self._before = signal.set_wakeup_fd(self._ends[1], warn_on_full_buffer=False)
        for _ in range(2):          # a signal that Python still has to raise is raised in the first
            gdb.post_event(self._resumed)
        return self

    def __exit__(self, *exc: object) -> None:
        signal.set_wakeup_fd(self._before)
        self.look()
        for end in self._ends:
            os.close(end)
        self._ends = ()

    def look(self) -> bool:
        """Whether there was one."""
        with contextlib.suppress(BlockingIOError):
            self.seen = signal.SIGINT in os.read(self._ends[0], ENOUGH) or self.seen
        return self.seen

    def _resumed(self) -> None:
        """GDB's first event once the target runs: what came before has not reached it."""
        if self._ends and self.look():
            with contextlib.suppress(gdb.error):
                gdb.execute("interrupt", to_string=True)
