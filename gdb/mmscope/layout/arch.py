# SPDX-License-Identifier: GPL-2.0-or-later
"""What an architecture has to say of itself: the contract of layout/arm.py, arm64.py and x86.py.

To add one: a module with NAMES (what GDB's names of it begin with), resolve() and mmu_enabled(), and a line in
architecture().
"""
from __future__ import annotations

from types import ModuleType
from typing import Optional, Protocol

from . import arm, arm64, x86
from .pagetable import ReadPhys, Step

class Arch(Protocol):
    """Addresses of one kernel on one architecture."""

    name: str
    page_shift: int
    address_bits: int           # of a virtual address, as a pointer holds it
    phys_bits: int              # of a physical address
    page_offset: int            # start of the linear map
    phys_offset: Optional[int]  # physical address that is mapped there; None until the kernel has found it
    pgd_bytes: int              # of the first table
    lowmem_end: Optional[int]   # virtual end of the linear map; None until the kernel has set it

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of an address in the linear map or in the kernel's image; None for any other."""

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for HighMem and what is not RAM."""

    def pageblock_order(self, orders: int) -> int:
        """Order of a pageblock in a kernel that has so many orders."""

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """Follow the page tables whose first one is at physical address root, down to addr's entry.

        The last step is a PAGE, a BLOCK or NONE. Raises FaultError where a table cannot be read.
        """


def architecture(name: str) -> Optional[ModuleType]:
    """The module for an architecture by GDB's name of it, or None."""
    for module in (arm, arm64, x86):
        if name.startswith(module.NAMES):
            return module
    return None
