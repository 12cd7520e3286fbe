# SPDX-License-Identifier: GPL-2.0-or-later
"""pfn to struct page and back. FLATMEM: one array, mem_map.

Source: include/asm-generic/memory_model.h. mem_map[0] describes ARCH_PFN_OFFSET, which on ARM is the first
page frame of RAM.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..errors import MissingError
from ..layout.arm import Arm
from ..layout.reader import Reader


@dataclass(frozen=True)
class PageMap:
    """The array of struct page, and the page frames that it is for."""

    base: int           # address of the struct page of base_pfn
    base_pfn: int
    start_pfn: int      # [start_pfn, end_pfn): entries that are in use
    end_pfn: int
    page_bytes: int     # sizeof(struct page)

    def page(self, pfn: int) -> int:
        """Address of the struct page of pfn, which must be covered."""
        return self.base + (pfn - self.base_pfn) * self.page_bytes

    def covers(self, pfn: int) -> bool:
        """Whether pfn has a struct page."""
        return self.start_pfn <= pfn < self.end_pfn

    def pfn(self, page: int) -> Optional[int]:
        """pfn of the struct page that starts at this address; None when none does."""
        index, rest = divmod(page - self.base, self.page_bytes)
        return index + self.base_pfn if rest == 0 and self.covers(index + self.base_pfn) else None

    def holds(self, addr: int) -> bool:
        """Whether an address lies in the array, at the start of an entry or not."""
        return self.page(self.start_pfn) <= addr < self.page(self.end_pfn)


def find_page_map(reader: Reader, arch: Arm, node_addrs: tuple[int, ...]) -> PageMap:
    """Find mem_map and what it spans. Raises MissingError, FaultError."""
    if reader.layout.find_variable("mem_map") is None:
        raise MissingError("the symbols have no mem_map: only FLATMEM is known yet, not SPARSEMEM")
    mem_map = reader.value("mem_map")
    if not mem_map or arch.phys_offset is None:
        raise MissingError("mem_map is not set up yet")
    base_pfn = arch.phys_offset >> arch.page_shift
    top_pfn = 1 << arch.address_bits - arch.page_shift
    page_bytes = reader.layout.struct("page").size
    top_pfn = min(top_pfn, base_pfn + ((1 << arch.address_bits) - mem_map) // page_bytes)
    nodes = [reader.record("pglist_data", addr) for addr in node_addrs]
    starts = [node.get("node_start_pfn") for node in nodes]
    ends = [node.get("node_start_pfn") + node.get("node_spanned_pages") for node in nodes]
    start_pfn = max(min(starts), base_pfn)
    return PageMap(mem_map, base_pfn, start_pfn, max(start_pfn, min(max(ends), top_pfn)), page_bytes)
