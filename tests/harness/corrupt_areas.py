# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken vmalloc areas and page tables."""
from __future__ import annotations

from dataclasses import dataclass

from .corrupt import Edit, Machine, pairs
from .corruption import PGTABLE, VMALLOC, row


@row(VMALLOC, "VMALLOC-1", beside=("VMALLOC-3", "VMALLOC-4"))
def areas_overlap(edit: Edit) -> str:
    """An area ends a page behind the start of the next one of its list: the
    two that lie closest, so that all of it is where areas may be."""
    areas = [area for area
             in edit.machine.gdb.json("mm vmalloc --json")["areas"]
             if area["vm"] and area["vmap_area"]]
    one, two = min(((one, two) for one, two in pairs(areas)
                    if one["node"] == two["node"]),
                   key=lambda both: both[1]["start"] - both[0]["end"])
    edit.put("vmap_area.va_end", one["vmap_area"], two["start"]
             + edit.machine.page_bytes)
    return f"{two['start']:#x}"


@row(VMALLOC, "VMALLOC-3")
def area_and_its_owner_disagree(edit: Edit) -> str:
    areas = edit.machine.gdb.json("mm vmalloc --json")["areas"]
    area = next(area for area in areas if area["vm"] and area["vmap_area"])
    edit.add("vm_struct.addr", area["vm"], edit.machine.page_bytes)
    return f"{area['start']:#x}"


@dataclass(frozen=True)
class FreeEntry:
    """An empty entry of the kernel's page tables, beside one that leads to a
    table."""
    addr: int
    bytes: int
    like: int           # the entry beside it


def free_entry(edit: Edit) -> FreeEntry:
    """In the table that has the vmalloc area's first page tables."""
    machine = edit.machine
    area = next(area for area in machine.gdb.json("mm vmalloc --json")["areas"]
                if area["vm"])
    steps = machine.gdb.json(f"mm pgtable {area['start']:#x} --json")["steps"]
    step = [each for each in steps if each["kind"] == "table"][-1]
    at = machine.number(f"$mm_virt(\"phys:{step['entry_phys']}\")")
    size = step_bytes(machine)
    pair = 2 * size         # ARM's Linux has two entries of hardware as one
    first = at // pair * pair
    for addr in range(first, first // machine.page_bytes * machine.page_bytes
                      + machine.page_bytes, pair):
        if not any(edit.read(addr, pair)):
            return FreeEntry(addr, size, edit.load(at, size))
    raise AssertionError(f"no empty entry behind {step}")


def step_bytes(machine: Machine) -> int:
    """Of one entry: 4 only without LPAE, whose physical addresses are long."""
    if machine.arch != "arm":
        return 8
    return machine.find("sizeof(phys_addr_t)")


@row(PGTABLE, "PGTABLE-3", beside=("PGTABLE-",))
def page_table_that_is_free(edit: Edit) -> str:
    machine = edit.machine
    block = next(block for blocks in machine.lists.values()
                 for block in blocks if block["virt"] is not None)
    found = free_entry(edit)
    low = found.like & (0x3ff if found.bytes == 4 else 0xfff)
    edit.store(found.addr, block["phys"] | low, found.bytes)
    return f"{block['pfn']:#x}"
