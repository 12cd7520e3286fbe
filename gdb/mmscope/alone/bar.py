# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shown on a terminal while a command takes long, and Ctrl-C at any moment.

A thread waits for both: the passes over all memory are calls into the engine, in which Python itself hears nothing.
"""
from __future__ import annotations

import os
import select
import signal
import threading
import time
from typing import Optional

from .terminal import columns, is_screen

PATIENCE_SECONDS = 1.0          # until there is a bar
STEP_SECONDS = 0.2
WIDTH = 24                      # of the bar itself
INTERRUPTED = 130               # as a shell calls what SIGINT ended
ERASE = "\r\x1b[K"


class Bar:
    """Begins to draw when the work has taken a second, if standard error is a terminal."""

    def __init__(self) -> None:
        self._what = ""
        self._at, self._of = 0, 1               # of the cores
        self._part: Optional[float] = None      # of this core, where that is known
        self._begin = time.monotonic()
        self._drawn = False
        self._over = False
        self._lock = threading.Lock()
        self._screen = is_screen(2) and os.environ.get("TERM", "dumb") != "dumb"
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGINT, lambda number, frame: None)    # the pipe tells
        signal.set_wakeup_fd(wake)
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self, what: str, at: int, of: int) -> None:
        """The next piece of work, number at of so many."""
        with self._lock:
            self._what, self._at, self._of, self._part = what, at, of, None

    def part(self, done: int, of: int) -> None:
        """How much of this piece is done."""
        self._part = min(max(done / of, 0.0), 1.0) if of > 0 else None

    def clear(self) -> None:
        """Take it away, before something is written; it comes back."""
        with self._lock:
            self._erase()

    def end(self) -> None:
        """Take it away for good."""
        with self._lock:
            self._over = True
            self._erase()

    def _erase(self) -> None:
        if self._drawn:
            self._drawn = False
            _write(ERASE)

    def _watch(self) -> None:
        """Draw, and listen."""
        ticks = 0
        while True:
            ready, _, _ = select.select([self._wake], [], [], STEP_SECONDS if self._screen else None)
            if ready and signal.SIGINT in os.read(self._wake, 64):
                with self._lock:
                    self._erase()
                    _write("mmdump: interrupted\n")
                    os._exit(INTERRUPTED)
            ticks += 1
            with self._lock:
                if self._over:
                    return
                if self._screen and time.monotonic() - self._begin >= PATIENCE_SECONDS:
                    _write("\r" + self.line(ticks, columns(2) - 1) + "\x1b[K")
                    self._drawn = True

    def line(self, ticks: int, width: int) -> str:
        """The bar as text: how much is done, or that something is."""
        seconds = int(time.monotonic() - self._begin)
        if not self._part and self._of == 1:            # the first step takes long, or there is one alone
            at = ticks % (WIDTH - 3)
            inside = "." * at + "###" + "." * (WIDTH - 3 - at)
            share = ""
        else:
            done = (self._at + (self._part or 0.0)) / self._of
            full = int(done * WIDTH)
            inside, share = "#" * full + "." * (WIDTH - full), f" {int(done * 100)}%"
        count = f" {self._at + 1} of {self._of}" if self._of > 1 else ""
        return f"[{inside}]{share}{count} {seconds} s {self._what}"[:max(width, 0)]


def _write(text: str) -> None:
    """On standard error, at once."""
    try:
        os.write(2, text.encode("ascii", "backslashreplace"))
    except OSError:
        pass
