# SPDX-License-Identifier: GPL-2.0-or-later
"""Target memory, kept in lines for as long as the target stands still.

A line is what one request of the transport brings: a scattered walk costs at most one request a line,
so never more than reading the whole array would. Missing lines that touch are fetched in one read.
Nothing is kept of a transport that costs nothing to ask again.
"""
from __future__ import annotations

from typing import Optional

from ..errors import FaultError
from .transport import Account, Cost, Transport

RUN_BYTES = 1 << 16     # read at once: no request is larger, and Ctrl-C is heard between two


class CachedMemory:
    """Reads through a transport. The session calls drop() whenever the target may have changed."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.last: Optional[Account] = None
        self.total = Cost()                 # of all commands before
        self.drops = 0                      # how often everything was forgotten
        self._lines: dict[int, Optional[bytes]] = {}    # None: known to be unreadable

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def cost(self) -> Cost:
        """Of the command that runs."""
        return self.transport.meter.cost

    def drop(self) -> None:
        """Forget everything: the target ran, was written to, or is another one."""
        self._lines.clear()
        self.transport.drop()
        self.drops += 1

    def use(self, transport: Transport) -> None:
        """Read another way from now on. The books go on, so it has to count with the same meter."""
        self._lines.clear()
        self.transport = transport

    def finish(self, command: str, milliseconds: float, remember: bool) -> None:
        """A command has ended: its cost becomes the last one, if it is to be remembered."""
        cost = self.transport.meter.take()
        if remember:
            self.last = Account(command, milliseconds, cost)
        self.total.add(cost)

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes at addr. Raises FaultError with the first address that cannot be read."""
        if addr < 0 or size < 0:
            raise FaultError(addr, size)
        if size == 0:
            return b""
        line = self.transport.line_bytes
        if not line:
            return self.transport.read(addr, size)
        first = addr - addr % line
        last = addr + size - 1
        self._fetch(first, last, line)
        parts = []
        for base in range(first, last + 1, line):
            data = self._lines[base]
            if data is None:
                raise FaultError(max(base, addr), size)
            parts.append(data)
        return b"".join(parts)[addr - first:addr - first + size]

    def _fetch(self, first: int, last: int, line: int) -> None:
        """Make every line from first up to the one that holds last known, in as few reads as possible."""
        missing = [base for base in range(first, last + 1, line) if base not in self._lines]
        if not missing:
            self.cost.hits += 1
            return
        start = missing[0]
        for previous, base in zip(missing, missing[1:] + [-1]):
            if base != previous + line or base + line - start > RUN_BYTES:
                self._fetch_run(start, previous + line, line)
                start = base

    def _fetch_run(self, start: int, end: int, line: int) -> None:
        """Fetch the lines in [start, end); where that fails, one by one, so that one hole costs one line."""
        data = self._request(start, end - start)
        if data is None and end - start > line:
            for base in range(start, end, line):
                self._lines[base] = self._request(base, line)
            return
        for base in range(start, end, line):
            self._lines[base] = data[base - start:base - start + line] if data is not None else None

    def _request(self, addr: int, size: int) -> Optional[bytes]:
        """Ask the transport; None when it cannot read there."""
        try:
            return self.transport.read(addr, size)
        except FaultError:
            return None
