# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual memory through physical memory: page tables are walked here, once a page or block and stop.

Where they lead nowhere, or not to RAM, the way through the stub is asked: it knows what this CPU has mapped. When
physical memory itself cannot be read any more the stub is asked for everything from then on.
"""
from __future__ import annotations

from typing import Callable, Optional

from ..errors import BrokenPath, FaultError
from .transport import PhysicalMemory, Transport

Span = tuple[int, int, int]     # [start, end) is mapped to itself + the third
Translate = Callable[[int], Optional[Span]]     # the block that holds an address; None where nothing is mapped


class Translated:
    """A transport over physical memory, as one root of page tables maps it."""

    def __init__(self, physical: PhysicalMemory, translate: Translate, page_shift: int, virtual: Transport,
                 broken: Callable[[BrokenPath], None]) -> None:
        self.name = physical.name
        self.line_bytes = physical.line_bytes
        self.meter = physical.meter
        self._physical = physical
        self._translate = translate
        self._shift = page_shift
        self._virtual = virtual
        self._broken = broken                   # is told, once
        self._spans: dict[int, Optional[Span]] = {}     # by page; None: not mapped
        self._last: Span = (0, 0, 0)
        self._over = False

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes at virtual address addr. Raises FaultError."""
        start, end, shift = self._last
        if start <= addr and addr + size <= end:
            return self._piece(addr, size, addr + shift)
        parts = []
        stop = addr + size
        while addr < stop:
            phys, run = self._run(addr, stop)
            parts.append(self._piece(addr, run, phys))
            addr += run
        return b"".join(parts)

    def _run(self, addr: int, stop: int) -> tuple[Optional[int], int]:
        """Where addr is in physical memory, and how far on from it that holds, or how far nothing is mapped."""
        first = span = self._span(addr)
        at = addr
        while at < stop:
            if span is None:
                at = ((at >> self._shift) + 1) << self._shift
            else:
                at = span[1]
                self._last = span
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
        page = addr >> self._shift
        if page not in self._spans:
            try:
                self._spans[page] = self._translate(addr)
            except FaultError:                  # a table that is not in RAM
                self._spans[page] = None
            except BrokenPath as error:
                self._fail(error)
                return None
        return self._spans[page]

    def _piece(self, addr: int, size: int, phys: Optional[int]) -> bytes:
        """Bytes that are in one piece in physical memory. Raises FaultError."""
        if phys is not None and not self._over:
            try:
                return self._physical.read(phys, size)
            except FaultError:
                pass
            except BrokenPath as error:
                self._fail(error)
        return self._virtual.read(addr, size)

    def _fail(self, error: BrokenPath) -> None:
        """Read through the stub from now on."""
        if not self._over:
            self._over = True
            self.name = self._virtual.name
            self._broken(error)
