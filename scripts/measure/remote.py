# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's gdbstub without a GDB: stop, read and go on, thousands of times a second.

Protocol: GDB manual, appendix "GDB Remote Serial Protocol".
"""
from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from lab.common import LabError

START_SECONDS = 20
ANSWER_SECONDS = 60
PACKET = re.compile(rb"\$([^#]*)#..", re.DOTALL)
COUNT = re.compile(r"instruction count = (\d+)")


class MeasureError(LabError):
    """Measuring failed; the text says at what."""


@dataclass(frozen=True)
class Registers:
    """The core registers of a 32-bit ARM at a stop."""
    r: tuple[int, ...]

    @property
    def lr(self) -> int:
        """Where a function that was just entered returns to."""
        return self.r[14]

    @property
    def pc(self) -> int:
        """The next instruction."""
        return self.r[15]


class Remote:
    """A connection to one gdbstub. Addresses are virtual."""

    def __init__(self, path: Path, alive: Callable[[], None]) -> None:
        """Connect as soon as QEMU listens; `alive` raises when it has ended."""
        self._alive = alive
        self._pending = b""
        self._socket = self._connect(path)
        self._socket.settimeout(ANSWER_SECONDS)

    def _connect(self, path: Path) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
                return connection
            except OSError:
                connection.close()
            self._alive()
            if time.monotonic() > deadline:
                raise MeasureError(f"QEMU did not listen within {START_SECONDS} s")
            time.sleep(0.02)

    def close(self) -> None:
        """Hang up; the guest stays as it is."""
        self._socket.close()

    def _send(self, text: str) -> None:
        data = text.encode()
        try:
            self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        except OSError as error:
            self._alive()
            raise MeasureError(f"QEMU's gdbstub: {error}") from None

    def _receive(self) -> str:
        while True:
            found = PACKET.search(self._pending)
            if found:
                self._pending = self._pending[found.end():]
                self._socket.sendall(b"+")
                return found.group(1).decode("latin-1")
            try:
                data = self._socket.recv(1 << 16)
            except socket.timeout:
                raise MeasureError(f"the guest did not stop within {ANSWER_SECONDS} s") from None
            except OSError as error:
                raise MeasureError(f"QEMU's gdbstub: {error}") from None
            if not data:
                self._alive()
                raise MeasureError("QEMU hung up")
            self._pending += data

    def _ask(self, text: str) -> str:
        self._send(text)
        return self._receive()

    def _do(self, text: str) -> None:
        answer = self._ask(text)
        if answer != "OK":
            raise MeasureError(f"QEMU's gdbstub answers {answer!r} to {text!r}")

    def set_break(self, addr: int) -> None:
        """Stop before the instruction at `addr`."""
        self._do(f"Z1,{addr:x},4")

    def clear_break(self, addr: int) -> None:
        """No longer stop there."""
        self._do(f"z1,{addr:x},4")

    def resume(self) -> None:
        """Run to the next stop. A breakpoint at the pc itself stops at once."""
        stop = self._ask("c")
        if not stop.startswith(("T05", "S05")):
            raise MeasureError(f"the guest ended before the next stop ({stop!r})")

    def registers(self) -> Registers:
        """All of r0 to r15."""
        data = bytes.fromhex(self._ask("g")[:16 * 8])
        return Registers(tuple(int.from_bytes(data[i:i + 4], "little") for i in range(0, 64, 4)))

    def read(self, addr: int, size: int) -> bytes:
        """`size` bytes at `addr`, at most 2,000."""
        answer = self._ask(f"m{addr:x},{size:x}")
        if len(answer) != 2 * size:
            raise MeasureError(f"cannot read {size} bytes at {addr:#x}: {answer!r}")
        return bytes.fromhex(answer)

    def monitor(self, command: str) -> str:
        """What QEMU's monitor prints for a command."""
        self._send(f"qRcmd,{command.encode().hex()}")
        text = ""
        while True:
            answer = self._receive()
            if answer == "OK":
                return text
            if answer.startswith("T"):      # a command may stop the guest, and that is told in between
                continue
            if not answer.startswith("O"):
                raise MeasureError(f"QEMU's monitor refuses {command!r}: {answer}")
            text += bytes.fromhex(answer[1:]).decode()

    def instructions(self) -> int:
        """How many the guest has executed; only under record or replay."""
        text = self.monitor("info replay")
        found = COUNT.search(text)
        if not found:
            raise MeasureError(f"no instruction count: {text.strip()!r}")
        return int(found.group(1))
