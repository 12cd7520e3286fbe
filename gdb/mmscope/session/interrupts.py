# SPDX-License-Identifier: GPL-2.0-or-later
"""Ctrl-C while the target runs for a command.

GDB may lose it: one that comes while breakpoints are inserted, removed or stepped over is passed to a stub that still
stands, and QEMU's throws it away; one that is raised inside a listener to GDB's events ends only that. So GDB does not
hear it at all: a thread does, and stops the target by GDB's event loop, which turns while the target runs.
"""
from __future__ import annotations

import contextlib
import signal
import threading

import gdb

from .holdback import CTRL_C

AGAIN_SECONDS = 0.1         # until it is tried once more: the target did not run yet
HEARD = (signal.SIGINT, signal.SIGUSR1)     # the other one says that the block is over: it is sent to the thread alone


class Interrupts:
    """Inside a with block Ctrl-C stops the target, whenever it comes; seen says that there was one."""

    def __init__(self) -> None:
        self.seen = self._asked = False
        self._over, self._told = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._wait, daemon=True)

    def __enter__(self) -> Interrupts:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._thread.start()                # with all signals held back
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask | {signal.SIGINT})
        except KeyboardInterrupt:           # it came before
            self.__exit__()
            raise
        CTRL_C.heard = lambda: self.seen
        return self

    def __exit__(self, *exc: object) -> None:
        CTRL_C.heard = None
        self._over.set()
        signal.pthread_kill(self._thread.ident or 0, signal.SIGUSR1)
        self._told.set()
        self._thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _wait(self) -> None:
        """In a thread of its own. It is there until it was told."""
        while not self._over.is_set():
            if signal.sigwait(HEARD) == signal.SIGINT:
                self.seen, again = True, 0.0
                while not self._over.wait(again):
                    if not self._asked:     # GDB dies of an event that it has not come to when it quits: only one
                        self._asked = True
                        gdb.post_event(self._stop)
                    again = AGAIN_SECONDS
        self._told.wait()

    def _stop(self) -> None:
        """In GDB's event loop."""
        self._asked = False
        if not self._over.is_set():
            with contextlib.suppress(gdb.error):
                gdb.execute("interrupt", to_string=True)
