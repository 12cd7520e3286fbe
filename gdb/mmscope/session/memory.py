# SPDX-License-Identifier: GPL-2.0-or-later
"""Target memory through GDB: whatever the target is, a remote stub most of the time."""
from __future__ import annotations

import re
import time

import gdb

from ..errors import FaultError
from ..target.transport import Meter

LINE_BYTES = 2048       # where GDB does not talk to a stub
LARGEST = 4096          # a line must not reach over a page


class GdbTransport:
    """Reads through the selected inferior."""

    def __init__(self, meter: Meter) -> None:
        connection = getattr(gdb.selected_inferior(), "connection", None)
        kind = getattr(connection, "type", "")
        self.meter = meter
        self.remote = "remote" in kind
        self.packet_bytes = _packet_bytes() if self.remote else LINE_BYTES
        self.line_bytes = 1 << max(min(self.packet_bytes, LARGEST).bit_length() - 1, 6)
        self.name = "remote stub" if self.remote else kind or "GDB"
        self.detail = ""

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError."""
        cost = self.meter.cost
        begin = time.perf_counter()
        try:
            data = bytes(gdb.selected_inferior().read_memory(addr, size))
        except (gdb.MemoryError, gdb.error, OverflowError):
            cost.requests += 1
            raise FaultError(addr, size) from None
        finally:
            cost.milliseconds += (time.perf_counter() - begin) * 1000
        cost.requests += -(-size // self.packet_bytes)
        cost.bytes += size
        return data


def _packet_bytes() -> int:
    """Bytes of memory that one answer of the stub carries, two characters each."""
    said = gdb.execute("show remote memory-read-packet-size", to_string=True)
    limits = [int(number) for number in re.findall(r"\b(\d{2,})\b", said)]
    return min(limits, default=LINE_BYTES * 2) // 2
