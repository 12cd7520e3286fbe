# SPDX-License-Identifier: GPL-2.0-or-later
"""Ctrl-C while GDB is busy with a point that stops for nobody.

At such a moment GDB passes it on to the target, which stands: QEMU throws it away. So it is held back from a hit on
until the target has run for a while, and is given to GDB then, or to the next hit. While a command runs the target,
GDB hears none at all: see interrupts.py.
"""
from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import Callable, Optional

import gdb

QUIET_SECONDS = 0.1         # after a hit: by then the target runs
SOME_TURNS = 10             # until Python has noticed a signal


class HoldBack:
    """There is one: CTRL_C."""

    def __init__(self) -> None:
        self.heard: Optional[Callable[[], bool]] = None     # whether one came, while a command runs the target
        self.wanted = False             # one came, and GDB was told; the next hit has to stop if that was lost, too
        self._holds = False
        self._last = 0.0
        self._waits = False             # a thread does
        self._lock = threading.Lock()

    def begin(self) -> None:
        """At a hit."""
        self._last = time.monotonic()
        if not self._holds and self.heard is None:
            self._holds = True
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
            self._start()

    def came(self) -> bool:
        """Whether there is one."""
        if self.heard is not None:
            return self.heard()
        return self.wanted or self._holds and signal.SIGINT in signal.sigpending()

    def end(self) -> bool:
        """Hold back no longer: whether one came."""
        with self._lock:
            came, holds = self.came(), self._holds
            self.wanted = self._holds = False
        if holds:
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
                for _ in range(SOME_TURNS):
                    pass
            except KeyboardInterrupt:
                came = True
        return came

    def _start(self) -> None:
        """One thread at a time."""
        with self._lock:
            starts, self._waits = not self._waits, True
        if starts:
            threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        """A thread: until no hit came for a while."""
        while self._holds and time.monotonic() - self._last < QUIET_SECONDS:
            time.sleep(QUIET_SECONDS / 4)
        with self._lock:
            self._waits = False
            if self._holds:     # else the target stands: GDB dies of an event that it has not come to when it quits
                gdb.post_event(self._running)

    def _running(self) -> None:
        """In GDB's own thread: the target has run for a while, unless there was a hit just now."""
        if not self._holds:
            return
        if time.monotonic() - self._last < QUIET_SECONDS:
            self._start()
            return
        thread = gdb.selected_thread()
        if self.end() and thread is not None and thread.is_valid() and thread.is_running():
            self.wanted = True
            with contextlib.suppress(gdb.error):
                gdb.execute("interrupt", to_string=True)


CTRL_C = HoldBack()
