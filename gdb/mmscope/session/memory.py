# SPDX-License-Identifier: GPL-2.0-or-later
"""Target memory through GDB: whatever the target is, a remote stub most of the time."""
from __future__ import annotations

import re

import gdb

from ..errors import FaultError

LINE_BYTES = 2048       # where GDB does not talk to a stub
LARGEST = 4096          # a line must not reach over a page


class GdbTransport:
    """Reads through the selected inferior."""

    def __init__(self) -> None:
        connection = getattr(gdb.selected_inferior(), "connection", None)
        kind = getattr(connection, "type", "")
        self.line_bytes = _packet_bytes() if "remote" in kind else LINE_BYTES
        self.name = "remote stub" if "remote" in kind else kind or "GDB"

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError."""
        try:
            return bytes(gdb.selected_inferior().read_memory(addr, size))
        except (gdb.MemoryError, gdb.error, OverflowError):
            raise FaultError(addr, size) from None


def _packet_bytes() -> int:
    """Bytes of memory that one answer of the stub carries, two characters each, down to a power of two."""
    said = gdb.execute("show remote memory-read-packet-size", to_string=True)
    limits = [int(number) for number in re.findall(r"\b(\d{3,})\b", said)]
    room = min(min(limits, default=LINE_BYTES * 2) // 2, LARGEST)
    return 1 << max(room.bit_length() - 1, 6)
