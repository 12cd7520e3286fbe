# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of a core or a RAM file through the dump engine: physical, and as the kernel has it mapped."""
from __future__ import annotations

import time

from ..errors import FaultError
from .engine import Machine
from .transport import Meter

PAGE_BYTES = 4096       # the smallest page there is: all of it is mapped, or none
MOST_PAGES = 4096       # that are kept


class DumpMemory:
    """Physical memory of a machine (transport.PhysicalMemory). Raises BrokenPath where its file fails."""

    line_bytes = 0      # a call is as quick as a look into what was kept

    def __init__(self, machine: Machine, detail: str, meter: Meter) -> None:
        self.machine = machine
        self.name = machine.format
        self.detail = detail
        self.meter = meter
        self._read = machine.read_phys

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError."""
        begin = time.perf_counter()
        data = self._read(addr, size)
        cost = self.meter.cost
        cost.host_reads += 1
        cost.host_bytes += size
        cost.milliseconds += (time.perf_counter() - begin) * 1000
        return data


class DumpVirtual(DumpMemory):
    """Virtual memory (transport.Transport), by the page tables that the machine was told of."""

    def __init__(self, machine: Machine, detail: str, meter: Meter) -> None:
        super().__init__(machine, detail, meter)
        self._read = machine.read_virt


class KeptVirtual(DumpVirtual):
    """The same of files that do not change: what lies in one page of a size that all have is read once."""

    def __init__(self, machine: Machine, detail: str, meter: Meter) -> None:
        super().__init__(machine, detail, meter)
        self._pages: dict[int, bytes] = {}

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError."""
        start = addr & PAGE_BYTES - 1
        if start + size > PAGE_BYTES or addr < 0:
            return super().read(addr, size)
        page = self._pages.get(addr - start)
        if page is None:
            if len(self._pages) >= MOST_PAGES:
                self._pages.clear()
            try:
                page = self._pages[addr - start] = super().read(addr - start, PAGE_BYTES)
            except FaultError:              # a file may end in the middle of one
                return super().read(addr, size)
        else:
            self.meter.cost.hits += 1
        return page[start:start + size]


class Nothing:
    """A transport without memory: nobody else can be asked for what a dump does not have."""

    name, detail, line_bytes = "nothing", "", 0

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, addr: int, size: int) -> bytes:
        """Raises FaultError."""
        raise FaultError(addr, size)
