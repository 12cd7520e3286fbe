# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that is not where its symbols say: moved by KASLR, or another one than the symbols are of.

The kernel's banner decides: an offset counts when the banner of the symbol file is found that far away. Where the CPU
has no kernel mapped, the tables that it switches to in the kernel are walked instead, if physical memory can be read.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from ..errors import FaultError, MissingError
from ..layout.arch import architecture
from ..layout.pagetable import ReadPhys, mapped

if TYPE_CHECKING:
    from .context import Context

SEARCH_BYTES, CHUNK_BYTES = 64 << 20, 1 << 16
BANNER_BYTES = 256
BANNER = re.compile(rb"Linux version \d[^\0\n]{8,200}#\d[^\0\n]*")       # some images have one without a number, too
BLOCK = 4096            # of physical memory, that is kept


@dataclass(frozen=True)
class Elsewhere:
    """Where the running kernel is, or what it is."""

    offset: Optional[int]       # how far it was moved; None: it is not the kernel whose symbols are loaded
    banner: Optional[str]       # of the other kernel


def find_elsewhere(ctx: Context, addr: int, expected: Optional[str]) -> Optional[Elsewhere]:
    """What runs when expected, the symbol file's banner, is not at addr; None when no kernel is found."""
    module = architecture(ctx.layout.debug.arch)
    if module is None:
        return None
    reads = _Reads(ctx, module)
    want = expected.encode("latin-1") if expected else b"Linux version "
    if reads.virtual(addr, len(want)) == want:
        return None                         # in its place, but not enough of it is mapped
    text = ctx.read.address("kernel text")
    for offset, image in module.image_offsets(ctx.read, ctx.host.register, reads.physical):
        if offset and want in (reads.bytes(addr + offset, len(want)), reads.at(image, addr - text, len(want))):
            return Elsewhere(offset, None)
    start = module.image_start(ctx.read, ctx.host.register)
    found = _search(reads, start) if start is not None else None
    if found is None or found == expected:
        return None
    return Elsewhere(None, found)


def _search(reads: _Reads, start: int) -> Optional[str]:
    """The first banner from an address on."""
    before = b""
    for at in range(start, start + SEARCH_BYTES, CHUNK_BYTES):
        data = reads.virtual(at, CHUNK_BYTES) if reads.virtual(at, 1) is not None else None     # one request, if not
        if data is None:
            before = b""
            continue
        match = BANNER.search(before + data)
        if match is not None:
            return match[0].decode("latin-1") + "\n"
        before = data[-BANNER_BYTES:]
    return None


class _Reads:
    """Memory as this CPU has it mapped, else as the kernel has."""

    def __init__(self, ctx: Context, module) -> None:
        self._ctx = ctx
        self._mmu = module.cpu_mmu(ctx.host.register)
        self._roots = module.cpu_roots(ctx.host.register, ctx.read)
        self.physical: Optional[ReadPhys] = self._kept if ctx.host.physical() is not None else None
        self._blocks: dict[int, Optional[bytes]] = {}

    def bytes(self, addr: int, size: int) -> Optional[bytes]:
        """size bytes, or None."""
        return self.virtual(addr, size) or self._walked(addr, size)

    def at(self, image: Optional[int], distance: int, size: int) -> Optional[bytes]:
        """Physical memory at a distance from where an image begins, or None."""
        try:
            return self.physical(image + distance, size) if image is not None and self.physical is not None else None
        except FaultError:
            return None

    def virtual(self, addr: int, size: int) -> Optional[bytes]:
        """As this CPU has them, or None."""
        try:
            return self._ctx.memory.read(addr & (1 << self._ctx.read.word * 8) - 1, size)
        except FaultError:
            return None

    def _walked(self, addr: int, size: int) -> Optional[bytes]:
        """By the page tables that may be the kernel's, or None."""
        if self.physical is None or self._mmu is None:
            return None
        for root in self._roots:
            try:
                phys = mapped(self._mmu.walk(self.physical, root, addr), addr)
                if phys is not None:
                    return self.physical(phys, size)
            except FaultError:
                continue
        return None

    def _kept(self, phys: int, size: int) -> bytes:
        """Physical memory, a block at a time. Raises FaultError."""
        first = phys // BLOCK * BLOCK
        blocks = [self._block(at) for at in range(first, phys + size, BLOCK)]
        return b"".join(blocks)[phys - first:phys - first + size]

    def _block(self, phys: int) -> bytes:
        if phys not in self._blocks:
            read = self._ctx.host.physical()
            try:
                self._blocks[phys] = read(phys, BLOCK) if read is not None else None
            except (FaultError, MissingError):
                self._blocks[phys] = None
        data = self._blocks[phys]
        if data is None:
            raise FaultError(phys, BLOCK)
        return data
