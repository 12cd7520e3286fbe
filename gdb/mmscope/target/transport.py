# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocols of ways to target memory, and what they cost."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Transport(Protocol):
    """A way to the virtual memory of a stopped target."""

    name: str           # what mm info shows, and every JSON document: "remote stub", "QEMU's RAM file", ...
    detail: str         # of which process or file, for people; "" when there is nothing to say
    line_bytes: int     # what is kept of a read: a power of two, not above the page size; 0 where nothing needs to be
    meter: Meter        # where it counts what it asks for

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes at virtual address addr. Raises FaultError when any of them cannot be read."""

    def drop(self) -> None:
        """Forget what it keeps itself."""


class PhysicalMemory(Protocol):
    """A way to the physical memory of a stopped target."""

    name: str
    detail: str         # of which process or file, for people; "" when there is nothing to say
    line_bytes: int
    meter: Meter

    def read(self, phys: int, size: int) -> bytes:
        """Exactly size bytes at physical address phys. Raises FaultError where there is no RAM, BrokenPath
        when this way leads nowhere any more."""

    def drop(self) -> None:
        """Forget what it keeps itself."""


@dataclass
class Cost:
    """What reading cost. A request is one packet on the wire where there is a wire."""

    requests: int = 0       # of the stub; through GDB where there is none
    bytes: int = 0          # that these brought
    milliseconds: float = 0.0   # waiting for either
    hits: int = 0           # reads answered from what was kept
    host_reads: int = 0     # of the memory of a QEMU on this machine: no request
    host_bytes: int = 0

    def add(self, other: Cost) -> None:
        """Count other in."""
        self.requests += other.requests
        self.bytes += other.bytes
        self.milliseconds += other.milliseconds
        self.hits += other.hits
        self.host_reads += other.host_reads
        self.host_bytes += other.host_bytes


class Meter:
    """The cost of the command that runs, counted by all who ask the target for something on its behalf."""

    def __init__(self) -> None:
        self.cost = Cost()

    def take(self) -> Cost:
        """The cost so far; counting begins anew."""
        cost, self.cost = self.cost, Cost()
        return cost


@dataclass(frozen=True)
class Account:
    """What one command cost."""

    command: str
    milliseconds: float     # from its start to its end, reading included
    cost: Cost
