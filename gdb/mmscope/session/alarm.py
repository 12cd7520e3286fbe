# SPDX-License-Identifier: GPL-2.0-or-later
"""Stops a target that runs when its time is up, also one in which nothing happens.

It is interrupted, as by Ctrl-C. GDB would print that, whatever else is to be printed: a catchpoint for this signal,
which is there as long as the target runs, says nothing. It is done again until the target stands: QEMU's stub throws
an interrupt away that comes while a breakpoint of somebody else is looked at.
"""
from __future__ import annotations

import contextlib
import signal
import threading
from typing import Optional

import gdb

AGAIN_SECONDS = 0.2


class Alarm:
    """Set inside a with block. rang says that it has interrupted the target there."""

    def __init__(self, seconds: Optional[float]) -> None:
        self._seconds = min(seconds, threading.TIMEOUT_MAX) if seconds is not None else None
        self._over = threading.Event()
        self._armed = False
        self._catch: Optional[int] = None
        self.rang = False

    def __enter__(self) -> Alarm:
        if self._seconds is not None:
            self._catch_signal()
            self._armed, self._over = True, threading.Event()
            threading.Thread(target=self._wait, args=(self._over,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._armed = False
        self._over.set()
        if self._catch is not None:
            with contextlib.suppress(gdb.error):
                gdb.execute(f"delete {self._catch}", to_string=True)
            self._catch = None

    @property
    def numbers(self) -> frozenset[int]:
        """Of the catchpoint, which a user could see."""
        return frozenset() if self._catch is None else frozenset((self._catch,))

    def _catch_signal(self) -> None:
        """A GDB that cannot prints what it prints."""
        with contextlib.suppress(gdb.error):
            gdb.execute("catch signal SIGINT", to_string=True)
            self._catch = int(gdb.convenience_variable("bpnum"))
            gdb.execute(f"commands {self._catch}\nsilent\nend", to_string=True)

    def _wait(self, over: threading.Event) -> None:
        """In a thread of its own, which takes no signal away from GDB, and tells it only by its event loop."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        seconds = self._seconds
        while not over.wait(seconds):
            gdb.post_event(self._ring)
            seconds = AGAIN_SECONDS

    def _ring(self) -> None:
        if self._armed:
            self.rang = True
            thread = gdb.selected_thread()
            if thread is not None and thread.is_valid() and thread.is_running():
                with contextlib.suppress(gdb.error):
                    gdb.execute("interrupt", to_string=True)
