# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a QEMU machine has RAM, by what its monitor prints.

Source: QEMU's documentation of the monitor commands "info mtree -f" (the memory map after all overlaps and
aliases are resolved, an address space after the other) and "gpa2hva" (where guest RAM is in QEMU's process).
A board's RAM may come in several ranges: q35 has a hole under 4 GiB.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

SPACE = re.compile(r' AS "(.*)", root: ')
RANGE = re.compile(r"\s+([0-9a-f]{8,16})-([0-9a-f]{8,16}) \(prio -?\d+, ram\): ([^@]*)")
HOST_ADDRESS = re.compile(r"Host virtual address for (0x[0-9a-f]+) \(.*\) is (0x[0-9a-f]+)\s*$")
SYSTEM = "memory"       # the address space that physical addresses mean


@dataclass(frozen=True)
class Range:
    """Physical addresses [start, end) that are RAM."""

    start: int
    end: int
    name: str           # of the memory region

    @property
    def size(self) -> int:
        """Bytes."""
        return self.end - self.start


def ram_ranges(text: str) -> tuple[Range, ...]:
    """The RAM in the flat view of system memory, lowest first; none when the text is not that of QEMU."""
    spaces: set[str] = set()
    found: list[Range] = []
    for line in text.splitlines():
        if line.startswith("FlatView"):
            if SYSTEM in spaces:
                break
            spaces, found = set(), []
        space = SPACE.match(line)
        if space:
            spaces.add(space[1])
        match = RANGE.match(line)
        if match:
            found.append(Range(int(match[1], 16), int(match[2], 16) + 1, match[3].strip()))
    ranges = sorted(found, key=lambda each: each.start) if SYSTEM in spaces else []
    overlap = any(left.end > right.start for left, right in zip(ranges, ranges[1:]))
    return () if overlap or any(each.size <= 0 for each in ranges) else tuple(ranges)


def host_address(text: str, phys: int) -> Optional[int]:
    """The answer of gpa2hva for a physical address; None when it is none."""
    match = HOST_ADDRESS.match(text.strip())
    return int(match[2], 16) if match and int(match[1], 16) == phys else None
