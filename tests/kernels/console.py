# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says of its own memory, out of its console.

Nothing here knows gdb/: these are the facts that the commands are held to.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.process import wait_for_text

READY = "mmscope: READY"
BOOT_LIMIT_SECONDS = 180

Range = tuple[int, int]     # [start, end)


def wait_ready(serial: Path) -> str:
    """The console once the guest has printed its first round of files."""
    return wait_for_text(serial, READY, BOOT_LIMIT_SECONDS)


def section(console: str, name: str) -> str:
    """The file `name` as the guest printed it last and in full."""
    found = re.findall(f"^mmscope: BEGIN {re.escape(name)}\n(.*?)"
                       f"^mmscope: END {re.escape(name)}\n", console,
                       re.DOTALL | re.MULTILINE)
    assert found, f"the guest printed no {name}"
    return found[-1]


def debugfs_regions(console: str, which: str) -> list[Range]:
    """memblock.memory or memblock.reserved, from debugfs."""
    text = section(console, f"/sys/kernel/debug/memblock/{which}")
    return [(int(start, 16), int(end, 16) + 1) for start, end in
            re.findall(r"^ *\d+: (0x[0-9a-f]+)\.\.(0x[0-9a-f]+)", text,
                       re.MULTILINE)]


def page_bytes(console: str) -> int:
    """The size of a page, as a program in the guest was told it."""
    return 1024 * int(re.search("^mmscope: PAGE_KB ([0-9]+)$", console,
                                re.MULTILINE)[1])


def system_ram(console: str) -> list[Range]:
    """What /proc/iomem calls System RAM."""
    return union([(int(start, 16), int(end, 16) + 1) for start, end in
                  re.findall("^([0-9a-f]+)-([0-9a-f]+) : System RAM$",
                             section(console, "/proc/iomem"), re.MULTILINE)])


def deferred_nodes(console: str) -> set[int]:
    """The nodes whose last zone got most of its pages after mem_init."""
    return {int(node) for node in
            re.findall(r"\] node (\d+) deferred pages initialised", console)}


# "MEMBLOCK configuration" is followed by memory[N] and reserved[N], each call
# that changes something by a line of its own. An allocation reserves.
EVENT = re.compile(r"(memory|reserved)\[0x[0-9a-f]+\]\s*"
                   r"\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\]|"
                   r"memblock_(add|remove|reserve|(?:phys_)?free): "
                   r"\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\]")


@dataclass
class Logged:
    """memblock as its log tells it."""
    memory: list[Range]
    reserved: list[Range]

    def apply(self, log: str) -> None:
        """Do what each line of `log` says, in order."""
        for found in EVENT.finditer(log):
            kind = found[1] or found[4]
            start, end = ((found[2], found[3]) if found[1]
                          else (found[5], found[6]))
            span = (int(start, 16), int(end, 16) + 1)
            if kind in ("memory", "add"):
                self.memory = union(self.memory + [span])
            elif kind == "remove":
                self.memory = subtract(self.memory, [span])
            elif kind in ("reserved", "reserve"):
                self.reserved = union(self.reserved + [span])
            else:
                self.reserved = subtract(self.reserved, [span])


def logged(log: str) -> Logged | None:
    """memblock at the end of `log`; None when the log has not all of it.

    From the last dump on: what the lines before it did, the dump says.
    """
    dump = log.rfind("MEMBLOCK configuration")
    if dump < 0:
        return None
    result = Logged([], [])
    result.apply(log[dump:])
    return result


def union(ranges: list[Range]) -> list[Range]:
    """Sorted, with everything that touches merged."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def subtract(ranges: list[Range], holes: list[Range]) -> list[Range]:
    """`ranges` without `holes`."""
    for low, high in holes:
        ranges = [part for start, end in ranges
                  for part in ((start, min(end, low)), (max(start, high), end))
                  if part[0] < part[1]]
    return ranges


@dataclass(frozen=True)
class ZoneText:
    """One zone of /proc/zoneinfo, what of it is an integer."""
    node: int
    name: str
    free: int
    spanned: int
    present: int
    managed: int
    cma: int | None     # before 5.11 no zone counts them
    start_pfn: int      # 0 in an empty zone, which prints none


def zoneinfo(console: str) -> list[ZoneText]:
    """Every zone of /proc/zoneinfo, empty ones too."""
    zones = []
    for block in re.split(r"^(?=Node \d+, zone)",
                          section(console, "/proc/zoneinfo"),
                          flags=re.MULTILINE)[1:]:
        def count(label: str) -> int:
            found = re.search(rf"\b{label}:? +(\d+)$", block, re.MULTILINE)
            return int(found[1]) if found else 0
        head = re.match(r"Node (\d+), zone +(\S+)", block)
        zones.append(ZoneText(
            int(head[1]), head[2], count("pages free"),
            count("spanned"), count("present"), count("managed"),
            count("cma") if re.search(r"^ +cma +\d", block, re.MULTILINE)
            else None, count("start_pfn")))
    return zones


def memtotal_kb(console: str) -> int:
    """MemTotal of /proc/meminfo."""
    return int(re.search(r"^MemTotal: +(\d+) kB",
                         section(console, "/proc/meminfo"), re.MULTILINE)[1])


def canonical_blocks(free_pfns: list[Range],
                     orders: int) -> set[tuple[int, int]]:
    """The free blocks (pfn, order) that merging buddies makes of the ranges.

    From each start: the largest aligned block that fits, then the next.
    """
    blocks = set()
    for pfn, end in free_pfns:
        while pfn < end:
            order = orders - 1
            while pfn % (1 << order) or pfn + (1 << order) > end:
                order -= 1
            blocks.add((pfn, order))
            pfn += 1 << order
    return blocks
