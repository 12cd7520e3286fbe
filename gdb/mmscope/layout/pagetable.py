# SPDX-License-Identifier: GPL-2.0-or-later
"""What a walk through page tables meets: what the architectures' walks have in common."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

ReadPhys = Callable[[int, int], bytes]          # (physical address, bytes); raises FaultError

TABLE, PAGE, BLOCK, NONE = "table", "page", "block", "none"


@dataclass(frozen=True)
class Step:
    """One level of a walk through the page tables: an entry, and what it leads to."""

    level: str                  # as Linux names it: pgd, p4d, pud, pmd, pte
    index: int                  # of the entry in its table
    entry_phys: int             # where the entry is
    entry: int                  # its value
    kind: str                   # TABLE; BLOCK: maps more than a page; PAGE; NONE: nothing is mapped
    phys: Optional[int]         # first byte of what it leads to; None with NONE
    size: int                   # bytes of address space that the entry is for
    flags: tuple[str, ...]      # attributes by the architecture's names
