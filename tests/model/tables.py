# SPDX-License-Identifier: GPL-2.0-or-later
"""Physical memory for page tables made by hand: pages that were written to can be read, nothing else."""
from mmscope.errors import FaultError

PAGE = 4096


class Physical:
    """Pages of physical memory."""

    def __init__(self, entry_bytes=8):
        self.pages = {}
        self.entry_bytes = entry_bytes
        self.reads = 0

    def put(self, table, index, value):
        """Write an entry of a table; the whole table can be read then."""
        at = table + index * self.entry_bytes
        for offset, byte in enumerate(value.to_bytes(self.entry_bytes, "little")):
            self.pages.setdefault((at + offset) // PAGE, bytearray(PAGE))[(at + offset) % PAGE] = byte

    def read(self, phys, size):
        """As a walk reads."""
        self.reads += 1
        if any(page not in self.pages for page in range(phys // PAGE, (phys + size - 1) // PAGE + 1)):
            raise FaultError(phys, size)
        return bytes(self.pages[at // PAGE][at % PAGE] for at in range(phys, phys + size))
