# SPDX-License-Identifier: GPL-2.0-or-later
"""pfn to struct page and back, for every memory model.

Source: include/asm-generic/memory_model.h and sparse.c. FLATMEM is one array, mem_map, whose first entry describes
ARCH_PFN_OFFSET, on ARM the first page frame of RAM. SPARSEMEM has a table of sections; each keeps the address at which
an array that begins with pfn 0 would be, with flags in its low bits: with vmemmap that is the same for all.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from ..errors import MissingError
from ..layout.arch import Arch
from ..layout.debuginfo import ARRAY
from ..layout.reader import Reader

SUBSECTION_SHIFT = 21           # bytes, on every architecture
SECTION_FLAGS = 0x3F            # room that any release takes for flags in section_mem_map
SECTION_PRESENT, SECTION_HAS_MEM_MAP, SECTION_ONLINE = 1, 2, 4
MAX_SECTIONS = 1 << 20
MOST_SHOWN = 4                  # runs, in a message


@dataclass(frozen=True)
class Run:
    """Page frames [start_pfn, end_pfn) whose struct pages follow each other."""

    zero: int           # where the struct page of pfn 0 would be; may be negative
    start_pfn: int
    end_pfn: int


@dataclass(frozen=True)
class PageMap:
    """The arrays of struct page, and the page frames that they are for."""

    runs: tuple[Run, ...]       # sorted by pfn, not empty
    page_bytes: int             # sizeof(struct page)

    @property
    def start_pfn(self) -> int:
        """The first page frame that has a struct page."""
        return self.runs[0].start_pfn

    @property
    def end_pfn(self) -> int:
        """The page frame after the last one that has."""
        return self.runs[-1].end_pfn

    def _run(self, pfn: int) -> Optional[Run]:
        """The run that has a pfn."""
        for run in self.runs:
            if run.start_pfn <= pfn < run.end_pfn:
                return run
        return None

    def page(self, pfn: int) -> int:
        """Address of the struct page of pfn. Of one that is not covered: where its neighbours' array would have it."""
        run = self._run(pfn) or self.runs[0]
        return run.zero + pfn * self.page_bytes

    def covers(self, pfn: int) -> bool:
        """Whether pfn has a struct page."""
        return self._run(pfn) is not None

    def pfn(self, page: int) -> Optional[int]:
        """pfn of the struct page that starts at this address; None when none does."""
        for run in self.runs:
            number, rest = divmod(page - run.zero, self.page_bytes)
            if rest == 0 and run.start_pfn <= number < run.end_pfn:
                return number
        return None

    def why_not(self, pfn: int) -> str:
        """Why a pfn that is not covered has no struct page."""
        here = ", ".join(f"{run.start_pfn:#x} to {run.end_pfn:#x}" for run in self.runs[:MOST_SHOWN])
        more = ", ..." if len(self.runs) > MOST_SHOWN else ""
        return f"pfn {pfn:#x} has no struct page: mem_map is for pfn {here}{more}"

    def holds(self, addr: int) -> bool:
        """Whether an address lies in an array, at the start of an entry or not."""
        return any(run.zero + run.start_pfn * self.page_bytes <= addr < run.zero + run.end_pfn * self.page_bytes
                   for run in self.runs)


def find_page_map(reader: Reader, arch: Arch, node_addrs: tuple[int, ...]) -> PageMap:
    """Find the arrays and what they span. Raises MissingError, FaultError."""
    if reader.layout.find_variable("mem_map") is not None:
        return _flat(reader, arch, node_addrs)
    if reader.layout.find_variable("mem_section") is None:
        raise MissingError("the symbols have neither mem_map nor mem_section")
    runs = tuple(_merged(_sections(reader, arch)))
    if not runs:
        raise MissingError("no section of memory has its mem_map yet")
    return PageMap(runs, reader.layout.struct("page").size)


def _flat(reader: Reader, arch: Arch, node_addrs: tuple[int, ...]) -> PageMap:
    """FLATMEM: mem_map."""
    mem_map = reader.value("mem_map")
    if not mem_map or arch.phys_offset is None:
        raise MissingError("mem_map is not set up yet")
    base_pfn = arch.phys_offset >> arch.page_shift
    page_bytes = reader.layout.struct("page").size
    top_pfn = min(1 << arch.phys_bits - arch.page_shift,
                  base_pfn + ((1 << arch.address_bits) - mem_map) // page_bytes)
    starts = [reader.member("pglist_data", node, "node_start_pfn") for node in node_addrs]
    ends = [start + reader.member("pglist_data", node, "node_spanned_pages")
            for start, node in zip(starts, node_addrs)]
    start_pfn = max(min(starts), base_pfn)
    end_pfn = max(start_pfn, min(max(ends), top_pfn))
    return PageMap((Run(mem_map - base_pfn * page_bytes, start_pfn, end_pfn),), page_bytes)


def section_shift(reader: Reader) -> int:
    """log2 of the bytes of a section, by how many subsections its map has. Raises MissingError."""
    kind = reader.layout.field("mem_section_usage.subsection_map").type
    return SUBSECTION_SHIFT + (kind.size * 8).bit_length() - 1


def section(reader: Reader, arch: Arch, number: int) -> Optional[int]:
    """Address of the struct mem_section of that number; None when there is none. Raises MissingError, FaultError.

    The table has two levels: pages full of them, and an array of pointers to these (CONFIG_SPARSEMEM_EXTREME), or a
    plain array of arrays.
    """
    table = reader.layout.variable("mem_section")
    size = reader.layout.struct("mem_section").size
    if table.type is not None and table.type.kind == ARRAY:
        return table.addr + number * size if (number + 1) * size <= table.type.size else None
    roots, per_root = reader.value("mem_section"), (1 << arch.page_shift) // size
    root = reader.unsigned(roots + number // per_root * reader.word) if roots else 0
    return root + number % per_root * size if root else None


def sections(reader: Reader, arch: Arch) -> Iterator[tuple[int, int]]:
    """Number and address of each struct mem_section that is present. Raises MissingError, FaultError."""
    last = reader.find("last section")
    if last is None or last >= MAX_SECTIONS:
        return
    for number in range(last + 1):
        addr = section(reader, arch, number)
        if addr is not None and reader.record("mem_section", addr).get("section_mem_map") & SECTION_PRESENT:
            yield number, addr


def _sections(reader: Reader, arch: Arch) -> Iterator[Run]:
    """A run for each section that has its array."""
    order = section_shift(reader) - arch.page_shift
    page_bytes = reader.layout.struct("page").size
    for number, addr in sections(reader, arch):
        coded = reader.record("mem_section", addr).get("section_mem_map")
        if coded & SECTION_HAS_MEM_MAP:
            offset = (number << order) * page_bytes
            first = (coded & ~SECTION_FLAGS) + offset & (1 << arch.address_bits) - 1
            yield Run(first - offset, number << order, number + 1 << order)


def _merged(runs: Iterator[Run]) -> Iterator[Run]:
    """Neighbours with one array are one run."""
    last = None
    for run in runs:
        if last is not None and (last.zero, last.end_pfn) == (run.zero, run.start_pfn):
            last = Run(last.zero, last.start_pfn, run.end_pfn)
            continue
        if last is not None:
            yield last
        last = run
    if last is not None:
        yield last


def section_bits(reader: Reader, arch: Arch, pages: PageMap) -> int:
    """How many bits at the top of page->flags are the page's section: with SPARSEMEM, but not with vmemmap.

    No symbol tells, but the pages do: those of section 1 and above have their section's number there, and with one
    bit more or less it would be another number. 0 where there is only section 0, or its pages are not set up.
    """
    number = pages.end_pfn - 1 >> section_shift(reader) - arch.page_shift
    field = reader.layout.field("page.flags")
    flags = reader.unsigned(pages.page(pages.end_pfn - 1) + field.offset, field.type.size)
    width = field.type.size * 8
    return next((bits for bits in range(1, width // 2 + 1) if number and flags >> width - bits == number), 0)
