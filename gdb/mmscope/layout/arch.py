# SPDX-License-Identifier: GPL-2.0-or-later
"""What an architecture has to say of itself: the contract of layout/arm.py, arm64.py and x86.py.

To add one: a module with NAMES (what GDB's names of it begin with), resolve(), mmu_enabled(), cpu_mmu(),
cpu_roots(), user_mode(), image_offsets() and image_start(), image_tables() and vmcore_shift() for its dumps, and a line
in architecture().
"""
from __future__ import annotations

from types import ModuleType
from typing import Optional, Protocol

from . import arm, arm64, x86
from .pagetable import Mmu, ReadPhys, Step

class Arch(Protocol):
    """Addresses of one kernel on one architecture."""

    name: str
    page_shift: int
    address_bits: int           # of a virtual address, as a pointer holds it
    phys_bits: int              # of a physical address
    page_offset: Optional[int]  # start of the linear map; None until the kernel has one
    phys_offset: Optional[int]  # physical address that is mapped there; None until the kernel has found it
    pgd_bytes: int              # of the first table
    lowmem_end: Optional[int]   # virtual end of the linear map; None until the kernel has set it
    mmu: Mmu                    # the kernel's own page tables; what a CPU uses is cpu_mmu()'s

    @property
    def user_end(self) -> int:
        """Where addresses of user space end."""

    def virt_to_phys(self, addr: int) -> Optional[int]:
        """Physical address of an address in the linear map or in the kernel's image; None for any other."""

    def phys_to_virt(self, phys: int) -> Optional[int]:
        """Address in the linear map; None for HighMem and what is not RAM."""

    def pageblock_order(self, orders: int) -> int:
        """Order of a pageblock in a kernel that has so many orders."""

    def walk(self, read: ReadPhys, root: int, addr: int) -> tuple[Step, ...]:
        """Follow page tables of the kernel's format from the one at physical address root down to addr's entry.

        The last step is a PAGE, a BLOCK or NONE; it is a TABLE where that table cannot be read. Raises FaultError
        when not even the first one can be, or when no table translates such an address (levels() is then empty).
        """


def architecture(name: str) -> Optional[ModuleType]:
    """The module for an architecture by GDB's name of it, or None."""
    for module in (arm, arm64, x86):
        if name.startswith(module.NAMES):
            return module
    return None
