# SPDX-License-Identifier: GPL-2.0-or-later
"""Stops a target that runs when its time is up, also one in which nothing happens."""
from __future__ import annotations

import signal
import threading
from typing import Optional

import gdb


class Alarm:
    """Set inside a with block. rang says that it has interrupted the target there."""

    def __init__(self, seconds: Optional[float]) -> None:
        self._seconds = seconds
        self._over = threading.Event()
        self._armed = False
        self.rang = False

    def __enter__(self) -> Alarm:
        if self._seconds is not None:
            self._armed, self._over = True, threading.Event()
            threading.Thread(target=self._wait, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._armed = False
        self._over.set()

    def _wait(self) -> None:
        """In a thread of its own, which takes no signal away from GDB, and tells it only by its event loop."""
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
        if not self._over.wait(self._seconds):
            gdb.post_event(self._ring)

    def _ring(self) -> None:
        if self._armed:
            self.rang = True
            gdb.execute("interrupt", to_string=True)
