# SPDX-License-Identifier: GPL-2.0-or-later
"""Which way target memory is reached at a stop. Never a way that was not seen to give the right bytes there.

The stub's virtual reads are always there. Physical memory is better in two cases: that of a QEMU on this machine needs
no stub, and the selected CPU may have no kernel mapped. It needs a root of page tables, which counts as right when the
kernel's banner reads back through it: as the stub reads it, or as the symbol file has it where the stub cannot.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Optional, Protocol

from ..errors import BrokenPath, FaultError, MissingError, MmError
from ..layout.arch import architecture
from ..layout.enginemmu import give_mmu
from ..layout.pagetable import ReadPhys, Step, mapped
from ..target.cache import CachedMemory
from ..target.engine import Machine
from ..target.translated import Span, Translate, Translated
from ..target.transport import PhysicalMemory, Transport
from .context import BANNER_BYTES, Context

AUTO, STUB, PHYSICAL, HOST = MODES = ("auto", "stub", "physical", "host")
REGION_SHIFT = {32: 28, 64: 34}     # a linear map, a vmemmap, an image are one or a few of these regions each


class Ways(Protocol):
    """The ways to the memory of one connection, as the session finds them. Each raises BrokenPath saying why not."""

    virtual: Transport

    def host(self) -> PhysicalMemory:
        """Memory of a QEMU on this machine."""

    def physical(self) -> PhysicalMemory:
        """Physical memory through the stub."""

    def engine(self) -> Optional[Machine]:
        """The dump engine over what host() reads; None without one. Raises BrokenPath."""


@dataclass(frozen=True)
class Choice:
    """The way taken, and what is to be said of those that are not."""

    transport: Transport
    notes: tuple[str, ...] = ()
    engine: Optional[Machine] = None        # whose virtual memory is the same


def choose(ctx: Context, ways: Ways, mode: str) -> Choice:
    """The best way that is seen to be right. ctx reads through ways.virtual."""
    virtual = ways.virtual
    notes = []
    if ctx.kind is None or ctx.host.live is not None or mode == STUB:
        return Choice(virtual)
    if mode in (AUTO, HOST):
        try:
            transport, root = _translated(ctx, ways.host(), virtual)
            return Choice(transport, *_engine(ctx, ways, root))
        except BrokenPath as error:
            notes.append(f"host memory is not used: {error}")
    if mode == PHYSICAL or mode == AUTO and ctx.banner is None:
        try:
            return Choice(_translated(ctx, ways.physical(), virtual)[0], tuple(notes))
        except BrokenPath as error:
            if mode == PHYSICAL:
                notes.append(f"physical reads are not used: {error}")
    return Choice(virtual, tuple(notes))


def _translated(ctx: Context, physical: PhysicalMemory, virtual: Transport) -> tuple[Translated, int]:
    """The kernel's mappings over physical memory, and their root. Raises BrokenPath when none is seen to be right."""
    try:
        addr = ctx.read.address("banner")
        expected = (ctx.banner or ctx.symbol_banner or "").encode("latin-1") + b"\0"
        if len(expected) == 1 or len(expected) > BANNER_BYTES:
            raise MissingError("there is no banner to compare with")
        region = REGION_SHIFT[ctx.read.word * 8] if ctx.banner is not None else None
        for root in dict.fromkeys(_roots(ctx, addr)):
            translate = walker(ctx.arch.walk, root, ctx.arch.user_end)
            found = Translated(physical, translate, ctx.arch.page_shift, region, virtual)
            if _reads(found, addr, expected):
                return found, root
    except (MissingError, FaultError) as error:
        raise BrokenPath(str(error)) from None
    raise BrokenPath("the kernel's page tables are not known yet")


def _engine(ctx: Context, ways: Ways, root: int) -> tuple[tuple[str, ...], Optional[Machine]]:
    """The dump engine, told of these page tables anew: they may have changed. And what is to be said of it."""
    try:
        machine = ways.engine()
        if machine is not None and give_mmu(machine, ctx.arch.mmu, root, ctx.arch.user_end, ctx.read.address("banner")):
            return (), machine
    except (MmError, FaultError) as error:
        return (f"the dump engine is not used: {error}",), None
    return (), None


def _reads(transport: Translated, addr: int, expected: bytes) -> bool:
    """Whether this is what the page tables lead to."""
    try:
        return transport.direct(addr, len(expected)) == expected
    except FaultError:
        return False


def _roots(ctx: Context, addr: int) -> Iterator[int]:
    """Physical addresses: of the kernel's own first table, then of those that the selected CPU uses."""
    own = ctx.arch.mmu.root(addr)
    if own is not None:
        yield own.phys
    module = architecture(ctx.layout.debug.arch)
    if module is not None and ctx.mmu is not False:
        yield from module.cpu_roots(ctx.host.register, ctx.read)


def walker(walk: Callable[[ReadPhys, int, int], tuple[Step, ...]], root: int,
           user_end: int) -> Callable[[CachedMemory], Translate]:
    """Translates the kernel's addresses by the tables from a root on: others may have tables of their own."""
    def _over(memory: CachedMemory) -> Translate:
        def _span(addr: int) -> Optional[Span]:
            if addr < user_end:
                return None
            steps = walk(memory.read, root, addr)
            phys = mapped(steps, addr)
            if phys is None:
                return None
            start = addr - addr % steps[-1].size
            return start, start + steps[-1].size, phys - addr
        return _span
    return _over
