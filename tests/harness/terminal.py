# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of a chosen size, and what its screen shows.

    with Terminal(["gdb-multiarch", "-q"], 80, 24) as terminal:
        terminal.type("layout src\n")
        terminal.wait("the source window", lambda: "No Source" in terminal.text)
"""
from __future__ import annotations

import fcntl
import os
import pty
import selectors
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path
from typing import Callable, Sequence

import pyte

from .process import WaitError

READ_SECONDS = 0.05
WATCHED = 64        # bytes, from one look at what changes to the next


class Terminal:
    """A process on a pseudo-terminal, seen through a terminal emulator."""

    def __init__(self, command: Sequence[str], columns: int, lines: int,
                 cwd: str | Path | None = None, term: str = "screen-256color",
                 limit_seconds: float = 20) -> None:
        self.limit_seconds = limit_seconds
        self.watch: Callable[[], object] | None = None  # called as it changes
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        self._set_size(columns, lines)
        environment = dict(os.environ, TERM=term, LANG="C.UTF-8",
                           LC_ALL="C.UTF-8", NCURSES_NO_UTF8_ACS="1")
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
            env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._master, selectors.EVENT_READ)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    @property
    def lines(self) -> list[str]:
        """The screen, line by line."""
        return list(self.screen.display)

    @property
    def text(self) -> str:
        """The screen, each line without the blanks at its end."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def marked(self, line: int) -> str:
        """A line of the screen; blank what is neither bold nor reversed."""
        cells = self.screen.buffer[line]
        return "".join(
            cells[column].data if cells[column].bold or cells[column].reverse
            else " " for column in range(self.screen.columns))

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size, and tell the program."""
        self.screen.resize(lines, columns)
        self._set_size(columns, lines)
        os.killpg(self._process.pid, signal.SIGWINCH)

    def wait(self, what: str, holds: Callable[[], object],
             limit_seconds: float | None = None) -> None:
        """Read what the program writes until the condition holds.

        Raises WaitError with the screen when it does not in time.
        """
        limit = limit_seconds or self.limit_seconds
        deadline = time.monotonic() + limit
        while not holds():
            if time.monotonic() > deadline:
                raise WaitError(f"waited {limit:g} s for {what}; the screen:"
                                f"\n{self.text}")
            self._read(READ_SECONDS)

    def _read(self, seconds: float) -> None:
        """Take what is written within that time."""
        if not self._selector.select(seconds):
            return
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:         # the program has ended
            data = b""
        if not data:
            raise WaitError(f"the program has ended; the screen:\n{self.text}")
        step = len(data) if self.watch is None else WATCHED
        for at in range(0, len(data), step):
            self._stream.feed(data[at:at + step])
            if self.watch is not None:
                self.watch()

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        os.close(self._master)
