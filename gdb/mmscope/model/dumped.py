# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel in a dump: where it is in physical memory, and by which page tables it is mapped.

A kernel's image lies in one piece in physical memory. So one known place in it, its banner, tells where its first page
table is, and its own variables tell how far KASLR has moved it. Where the banner is, the core says (VMCOREINFO, or the
virtual addresses of its pieces), or it is searched in all memory: the log, a page cache or a kernel that ran before may
have one, too. Right is the place whose tables map the banner's address to it. In use:

    machine = open_machine(library, cores, banks)       # the files
    found = open_dump(machine, layout, banner, detail, meter)
    memory = CachedMemory(found.memory)                 # virtual; found.offset: where the symbols have to be moved
    ctx = Context(memory, Layout(...moved by found.offset), Host(..., physical=lambda: found.physical.read))
    ctx.engine, ctx.notes = found.engine, found.notes
"""
from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Callable, Iterator, Optional, Sequence

from ..errors import FaultError, MissingError, MmError
from ..layout.arch import architecture
from ..layout.enginemmu import give_mmu
from ..layout.layout import Layout
from ..layout.pagetable import Mmu, Tables, mapped, number_in, signed
from ..layout.reader import Reader
from ..target.bank import Bank
from ..target.cache import CachedMemory
from ..target.corenotes import registers
from ..target.dump import DumpMemory, DumpVirtual, Nothing
from ..target.engine import Library, Machine
from ..target.translated import Translated
from ..target.transport import Meter, PhysicalMemory, Transport
from .kaslr import BANNER
from .reach import walker
from .text import release_of

MAX_HITS = 256              # of a banner that are looked at
STEPS = 2 << 20, 1 << 16    # an image lies at a multiple of the first from its symbols, or else of the second
MAX_ROOTS = 64              # of CPUs that are asked
MORE_PROBES = 64            # looked at for another kernel, when one was found: each may be a read of a disk
BANNER_BYTES = 256
PAGE_SHIFT = 12             # of the smallest page: what is not mapped is remembered by it
VERSION_WORDS = b"Linux version "
NO_REGISTER: Callable[[str], Optional[int]] = {}.get


@dataclass(frozen=True)
class Dumped:
    """The kernel in a dump."""

    memory: Transport               # virtual memory
    physical: PhysicalMemory
    engine: Optional[Machine]       # None: it does not know these page tables
    tables: Tables
    registers: tuple[dict[str, int], ...]   # of each CPU, by GDB's names; empty where the files have none
    notes: tuple[str, ...]          # what is to be known of the files

    @property
    def offset(self) -> int:
        """How far the kernel is from where the symbols are."""
        return self.tables.offset


def open_machine(library: Library, cores: Sequence[str], banks: Sequence[Bank] = ()) -> Machine:
    """The memory in cores and RAM files. Raises MmError with the file's name."""
    machine = Machine(library)
    try:
        for path in cores:
            machine.open(path)
        for bank in banks:
            machine.add_file(bank.path, bank.offset, bank.phys, bank.size)
    except BaseException:
        machine.close()
        raise
    return machine


def core_registers(machine: Machine) -> tuple[dict[str, int], ...]:
    """The registers of each CPU; empty where the files have none."""
    kind, _, big_endian = machine.machine()
    return registers(machine.notes(), kind, big_endian)


def open_dump(machine: Machine, layout: Layout, banner: Optional[str], detail: str, meter: Meter,
              build: Optional[str] = None) -> Dumped:
    """Find the kernel that the symbols are of. Raises MmError in one line when it is not in the dump.

    layout: its symbols, where the file has them or moved already: offset is what they lack. banner: linux_banner as
    the symbol file has it, with its newline; None where that has none: then the page tables alone decide. detail: the
    files, for people. build: the build ID of the symbol file, in hexadecimal, for cores that say theirs. The machine is
    not closed here, whatever happens.
    """
    module = architecture(layout.debug.arch)
    if module is None:
        raise MmError(f"architecture {layout.debug.arch} is not known, only arm, arm64 and x86_64")
    physical = DumpMemory(machine, detail, meter)
    cpus = core_registers(machine)
    tables, several = _Search(machine, layout, banner, module, cpus).find(detail, build)
    notes = tuple(line for line in (machine.warning, several) if line is not None)
    addr = layout.variable("banner").addr + tables.offset & (1 << layout.debug.pointer_bytes * 8) - 1
    engine = None
    try:
        if give_mmu(machine, tables.mmu, tables.root, tables.user_end, addr):
            engine = machine
    except MmError as error:
        notes += (f"the dump engine does not translate: {error}",)
    if engine is not None:
        return Dumped(DumpVirtual(machine, detail, meter), physical, engine, tables, cpus, notes)
    translate = walker(tables.mmu.walk, tables.root, tables.user_end)
    memory = Translated(physical, translate, PAGE_SHIFT, None, Nothing(meter))
    return Dumped(memory, physical, None, tables, cpus, notes)


def _phys(machine: Machine, mmu: Mmu, root: int, addr: int) -> Optional[int]:
    """Where tables lead an address."""
    try:
        return mapped(mmu.walk(machine.read_phys, root, addr), addr)
    except FaultError:
        return None


class _Search:
    """Looks for the image of one kernel."""

    def __init__(self, machine: Machine, layout: Layout, banner: Optional[str], module: ModuleType,
                 cpus: tuple[dict[str, int], ...]) -> None:
        variable = layout.find_variable("banner")
        if variable is None:
            raise MmError("no kernel symbols: load them with 'file vmlinux', or 'file build/guest/mm.elf'")
        self._machine = machine
        self._layout = layout
        self._addr = variable.addr
        self._banner = banner
        self._module = module
        self._want = banner.encode("latin-1") + b"\0" if banner else VERSION_WORDS
        self._info = machine.vmcoreinfo()
        self._registers = cpus

    def find(self, detail: str, build: Optional[str]) -> tuple[Tables, Optional[str]]:
        """The tables, and one line when they are not the only ones. Raises MmError."""
        self._check_info(detail, build)
        for shift in self._hints():
            tables = self._tables(shift) if self._is_banner(shift) else None
            if tables is not None:
                return tables, None
        for step in STEPS:
            found = dict(self._images(step))
            if found:
                phys, tables = next(iter(found.items()))
                others = ", ".join(f"{other:#x}" for other in list(found)[1:4])
                return tables, f"the image at physical {phys:#x} is taken, there is another at {others}" if others \
                    else None
        hits = 0
        for hits, phys in enumerate(self._hits(self._want), 1):
            tables = self._tables(phys - self._addr)
            if tables is not None:
                return tables, None
        raise MmError(f"{detail}: {self._why_not(hits)}")

    def _images(self, step: int) -> Iterator[tuple[int, Tables]]:
        """Kernels whose image lies at a multiple of step from where the symbols have it: where, and their tables."""
        left: Optional[int] = None
        for start, end in self._machine.ranges():
            for phys in range(start + (self._addr - start) % step, end, step):
                if left == 0:
                    return
                left = left - 1 if left is not None else None
                shift = phys - self._addr
                tables = self._tables(shift) if self._is_banner(shift) else None
                if tables is not None:
                    yield phys, tables
                    left = MORE_PROBES

    def _hints(self) -> Iterator[int]:
        """Distances from symbol to physical address that the core names, or that its CPUs' page tables tell."""
        stext = self._layout.find_variable("kernel start")
        said = number_in("0x" + self._info.get("SYMBOL(_stext)", ""))
        offset = signed(said - stext.addr) if said is not None and stext is not None else None
        shift = self._module.vmcore_shift(self._info, offset) if offset is not None else None
        if shift is not None:
            yield shift
        addr = self._addr + (offset or 0)
        for each in self._machine.segments():
            if each.phys is not None and each.virt and each.virt <= addr < each.virt + each.size:
                yield each.phys - each.virt + (offset or 0)
        yield from self._by_registers()

    def _by_registers(self) -> Iterator[int]:
        """Where the tables that a CPU uses lead the addresses at which the banner may be."""
        reader = Reader(CachedMemory(Nothing(Meter())), self._layout)
        roots: dict[int, Mmu] = {}
        for cpu in self._registers:
            mmu = self._module.cpu_mmu(cpu.get)
            roots.update((root, mmu) for root in self._module.cpu_roots(cpu.get, reader) if mmu is not None)
        for root, mmu in list(roots.items())[:MAX_ROOTS]:
            for offset, _ in self._module.image_offsets(reader, NO_REGISTER, None):
                phys = _phys(self._machine, mmu, root, self._addr + offset)
                if phys is not None:
                    yield phys - self._addr

    def _is_banner(self, shift: int) -> bool:
        """Whether the banner is there."""
        try:
            return self._machine.read_phys(self._addr + shift, len(self._want)) == self._want
        except FaultError:
            return False

    def _hits(self, want: bytes) -> Iterator[int]:
        """Physical addresses of a text, the lowest first."""
        at: Optional[int] = 0
        for _ in range(MAX_HITS):
            at = self._machine.search(want, at)
            if at is None:
                return
            yield at
            at += 1

    def _tables(self, shift: int) -> Optional[Tables]:
        """The tables of an image that lies there: they map the banner to where it is. None: there is no such image."""
        reader = Reader(CachedMemory(_Shifted(self._machine, shift)), self._layout)
        mask = (1 << reader.word * 8) - 1
        try:
            for tables in self._module.image_tables(reader, shift, NO_REGISTER):
                addr = self._addr + tables.offset & mask
                if tables.root >= 0 and _phys(self._machine, tables.mmu, tables.root, addr) == self._addr + shift:
                    return tables
        except (FaultError, MissingError):
            pass
        return None

    def _check_info(self, detail: str, build: Optional[str]) -> None:
        """Whether VMCOREINFO is of another kernel than the symbols. Raises MmError."""
        release = self._info.get("OSRELEASE")
        if release and self._banner and release != release_of(self._banner):
            raise MmError(f"{detail}: it is of {release}, the symbols are of {release_of(self._banner)}")
        running = self._info.get("BUILD-ID")
        if running and build and running.lower() != build:
            raise MmError(f"{detail}: it has another build of {release or 'a kernel'} than the symbols are of")

    def _why_not(self, hits: int) -> str:
        """What the dump has instead of the kernel."""
        if hits:
            return (f"the banner of {release_of(self._banner or '')} is in it, but no page tables that map it: memory "
                    "is missing, or it had not turned its MMU on")
        running = self._others()
        if not running:
            return "no kernel is in it: no banner is found in its memory"
        mine = release_of(self._banner) if self._banner else "another build"
        if mine in running:
            return f"it has another build of {mine} than the symbols are of"
        return f"it is of {', '.join(running)}, the symbols are of {mine}"

    def _others(self) -> list[str]:
        """Releases of kernels whose banner is in memory."""
        found: dict[str, None] = {}
        for phys in self._hits(VERSION_WORDS):
            for size in (BANNER_BYTES, len(VERSION_WORDS) + 64):
                try:
                    match = BANNER.match(self._machine.read_phys(phys, size))
                except FaultError:
                    continue
                if match is not None:
                    found.setdefault(release_of(match[0].decode("latin-1")))
                break
        return list(found)[:3]


class _Shifted:
    """Physical memory by the addresses of symbols (target.transport.Transport)."""

    name, detail, line_bytes = "image", "", 0

    def __init__(self, machine: Machine, shift: int) -> None:
        self.meter = Meter()
        self._machine = machine
        self._shift = shift

    def drop(self) -> None:
        """Nothing is kept here."""

    def read(self, addr: int, size: int) -> bytes:
        """Exactly size bytes. Raises FaultError."""
        return self._machine.read_phys(addr + self._shift, size)
