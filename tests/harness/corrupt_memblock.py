# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken memblock."""
from __future__ import annotations

from .corrupt import Edit
from .corruption import MEMBLOCK, row


class Regions:
    """The array of one of memblock's lists."""

    def __init__(self, edit: Edit, name: str) -> None:
        machine = self._machine = edit.machine
        self._edit = edit
        self.type = machine.variables["memblock"] \
            + machine.offset(f"memblock.{name}")
        self._first = edit.get("memblock_type.regions", self.type)

    def addr(self, index: int) -> int:
        """Of one region."""
        return self._first + index * self._machine.sizes["memblock_region"]

    def get(self, index: int, member: str) -> int:
        """base or size of one."""
        return self._edit.get(f"memblock_region.{member}", self.addr(index))

    def put(self, index: int, member: str, value: int) -> None:
        """Write it."""
        self._edit.put(f"memblock_region.{member}", self.addr(index), value)


@row(MEMBLOCK, "MEMBLOCK-1")
def regions_unsorted(edit: Edit) -> str:
    """The second and the third have changed places."""
    regions, size = Regions(edit, "reserved"), \
        edit.machine.sizes["memblock_region"]
    one, two = (edit.read(regions.addr(index), size) for index in (1, 2))
    edit.write(regions.addr(1), two)
    edit.write(regions.addr(2), one)
    return "memblock.reserved"


@row(MEMBLOCK, "MEMBLOCK-1")
def regions_overlap(edit: Edit) -> str:
    """The second begins a byte before the first one ends; the sum is right."""
    regions = Regions(edit, "reserved")
    base, end = regions.get(1, "base"), \
        regions.get(0, "base") + regions.get(0, "size")
    regions.put(1, "base", end - 1)
    edit.add("memblock_type.total_size", regions.type, base - end + 1)
    regions.put(1, "size", regions.get(1, "size") + base - end + 1)
    return "memblock.reserved.regions[1]"


@row(MEMBLOCK, "MEMBLOCK-2")
def regions_that_touch(edit: Edit) -> str:
    """The first is cut in two: the last one makes room, as if never added."""
    regions = Regions(edit, "memory")
    size = regions.get(0, "size")
    record = edit.read(regions.addr(0), edit.machine.sizes["memblock_region"])
    count = edit.get("memblock_type.cnt", regions.type)
    assert count < edit.get("memblock_type.max", regions.type)
    for index in range(count, 0, -1):
        edit.write(regions.addr(index), edit.read(
            regions.addr(index - 1), len(record)))
    edit.put("memblock_type.cnt", regions.type, count + 1)
    half = size // 2 & -edit.machine.page_bytes
    regions.put(0, "size", half)
    regions.put(1, "base", regions.get(0, "base") + half)
    regions.put(1, "size", size - half)
    return "memblock.memory.regions[1]"


@row(MEMBLOCK, "MEMBLOCK-3")
def total_is_wrong(edit: Edit) -> str:
    edit.add("memblock_type.total_size", Regions(edit, "reserved").type, 1)
    return "memblock.reserved"


@row(MEMBLOCK, "MEMBLOCK-4", beside=("MEMBLOCK-",))
def count_beyond_the_array(edit: Edit) -> str:
    regions = Regions(edit, "reserved")
    edit.put("memblock_type.cnt", regions.type,
             edit.get("memblock_type.max", regions.type) + 1)
    return "memblock.reserved"


@row(MEMBLOCK, "MEMBLOCK-4", beside=("MEMBLOCK-",), variant=True)
def count_beyond_all_memory(edit: Edit) -> str:
    edit.put("memblock_type.cnt", Regions(edit, "memory").type, 1 << 31)
    return "memblock.memory"


@row(MEMBLOCK, "MEMBLOCK-4", beside=("MEMBLOCK-",))
def count_and_array_beyond_all_memory(edit: Edit) -> str:
    regions = Regions(edit, "reserved")
    for member in ("cnt", "max"):
        edit.put(f"memblock_type.{member}", regions.type, 1 << 31)
    return "memblock.reserved"


@row(MEMBLOCK, "MEMBLOCK-4", beside=("MEMBLOCK-",))
def array_is_nowhere(edit: Edit) -> str:
    edit.put("memblock_type.regions", Regions(edit, "reserved").type, 4)
    return "memblock.reserved"


@row(MEMBLOCK, "MEMBLOCK-5", beside=("MEMBLOCK-3",))
def region_wraps(edit: Edit) -> str:
    regions = Regions(edit, "memory")
    last = edit.get("memblock_type.cnt", regions.type) - 1
    regions.put(last, "size", -0x1000)
    return f"memblock.memory.regions[{last}]"
