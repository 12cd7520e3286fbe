# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol of a way to target memory, and what it costs."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Transport(Protocol):
    """A way to the bytes of a stopped target."""

    name: str           # what mm info shows: "remote stub", "RAM file FILE", ...
    line_bytes: int     # what one request brings at most; a power of two, not above the page size

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes at virtual address addr. Raises FaultError when any of them cannot be read."""


@dataclass
class Cost:
    """What reading cost. A request is one packet on the wire where there is a wire."""

    requests: int = 0
    bytes: int = 0
    milliseconds: float = 0.0
    hits: int = 0       # reads answered without asking the target

    def add(self, other: Cost) -> None:
        """Count other in."""
        self.requests += other.requests
        self.bytes += other.bytes
        self.milliseconds += other.milliseconds
        self.hits += other.hits


@dataclass(frozen=True)
class Account:
    """What one command cost."""

    command: str
    milliseconds: float     # from its start to its end, reading included
    cost: Cost
