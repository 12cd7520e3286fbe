# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual memory through physical memory: page tables are walked here, once a page or block and stop.

Where they lead nowhere, or not to RAM, the way through the stub is asked: it knows what this CPU has mapped. The first
bytes of each region of the address space are compared with what the stub has there, where it can read them at all. When
that fails, or physical memory cannot be read any more, the stub is asked for everything from then on.
"""
from __future__ import annotations

from typing import Callable, Optional

from ..errors import BrokenPath, FaultError
from .cache import CachedMemory
from .transport import PhysicalMemory, Transport

Span = tuple[int, int, int]     # [start, end) is mapped to physical addresses that are the third more
Translate = Callable[[int], Optional[Span]]     # the block that holds an address; None where nothing is mapped
SAMPLE_BYTES = 64
BLIND_LIMIT = 4         # then this CPU does not have the kernel mapped


class Translated:
    """A transport over physical memory, as one root of page tables maps it."""

    line_bytes = 0      # lines are kept of what is below, where they are worth it

    def __init__(self, physical: PhysicalMemory, translate: Callable[[CachedMemory], Translate], page_shift: int,
                 region_shift: Optional[int], virtual: Transport) -> None:
        self.name = physical.name
        self.detail = physical.detail
        self.meter = physical.meter
        self.broken = False                     # the stub is asked for everything
        self._physical = CachedMemory(physical)
        self._translate = translate(self._physical)
        self._shift = page_shift
        self._region_shift = region_shift       # None: nothing to compare with
        self._virtual = CachedMemory(virtual)
        self.drop()

    def drop(self) -> None:
        """Forget translations and what is kept of physical memory."""
        self._physical.drop()
        self._virtual.drop()
        self._spans: dict[tuple[int, int], Optional[Span]] = {}     # by start and size; None: not mapped
        self._sizes = [1 << self._shift]        # of the spans there are
        self._last: Span = (0, 0, 0)
        self._regions: set[int] = set()         # that were compared
        self._blind = 0                         # samples that the stub could not read

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes at virtual address addr. Raises FaultError."""
        if self.broken:
            return self._virtual.read(addr, size)
        start, end, shift = self._last
        if not (start <= addr and addr + size <= end):
            return self._read(addr, size)
        return self._piece(addr, size, addr + shift)

    def direct(self, addr: int, size: int) -> bytes:
        """The same, by the page tables alone. Raises FaultError, BrokenPath."""
        parts = []
        stop = addr + size
        while addr < stop:
            span = self._walk(addr)
            if span is None:
                raise FaultError(addr, size)
            parts.append(self._physical.read(addr + span[2], min(stop, span[1]) - addr))
            addr = span[1]
        return b"".join(parts)

    def _read(self, addr: int, size: int) -> bytes:
        """In as many pieces as physical memory has."""
        parts = []
        stop = addr + size
        while addr < stop:
            phys, run = self._run(addr, stop)
            parts.append(self._piece(addr, run, phys))
            addr += run
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _run(self, addr: int, stop: int) -> tuple[Optional[int], int]:
        """Where addr is in physical memory, and for how many bytes that holds or nothing is mapped."""
        first = span = self._span(addr)
        at = addr
        while True:
            at = span[1] if span is not None else (at >> self._shift) + 1 << self._shift
            if at >= stop:
                break
            span = self._span(at)
            if (span is None) != (first is None) or span is not None and span[2] != first[2]:
                break
        return addr + first[2] if first is not None else None, min(at, stop) - addr

    def _span(self, addr: int) -> Optional[Span]:
        """The translation, walked once for each page."""
        start, end, _ = self._last
        if start <= addr < end:
            return self._last
        for size in self._sizes:
            key = (addr & -size, size)
            if key in self._spans:
                span = self._spans[key]
                break
        else:
            span = self._find(addr)
        self._last = span or self._last
        return span

    def _find(self, addr: int) -> Optional[Span]:
        """The translation, walked."""
        try:
            span = self._walk(addr)
            if span is not None:
                self._compare(addr, span)
        except BrokenPath as error:
            self._fail(error)
            return None
        size = span[1] - span[0] if span is not None else 1 << self._shift
        if size not in self._sizes:
            self._sizes.append(size)
        self._spans[addr & -size, size] = span
        return span

    def _walk(self, addr: int) -> Optional[Span]:
        """The translation, without having it kept. A table that is not in RAM maps nothing."""
        try:
            return self._translate(addr)
        except FaultError:
            return None

    def _compare(self, addr: int, span: Span) -> None:
        """Hold the first bytes read in a region to what the stub has there. Raises BrokenPath."""
        if self._region_shift is None or addr >> self._region_shift in self._regions:
            return
        addr -= addr % SAMPLE_BYTES
        try:
            found = self._physical.read(addr + span[2], SAMPLE_BYTES)      # RAM, so the stub may read it too
        except FaultError:
            return
        try:
            expected = self._virtual.read(addr, SAMPLE_BYTES)
        except FaultError:
            self._blind += 1
            if self._blind == BLIND_LIMIT:
                self._region_shift = None
            return
        if expected != found:
            raise BrokenPath(f"the page tables and the stub differ at {addr:#x}")
        self._regions.add(addr >> self._region_shift)

    def _piece(self, addr: int, size: int, phys: Optional[int]) -> bytes:
        """Bytes that are in one piece in physical memory. Raises FaultError."""
        if phys is not None and not self.broken:
            try:
                return self._physical.read(phys, size)
            except FaultError:
                pass
            except BrokenPath as error:
                self._fail(error)
        return self._virtual.read(addr, size)

    def _fail(self, error: BrokenPath) -> None:
        """Read through the stub from now on."""
        self.broken = True
        self.name, self.detail = self._virtual.transport.name, f"{self.name} is not used any more: {error}"
