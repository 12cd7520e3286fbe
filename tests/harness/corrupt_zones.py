# SPDX-License-Identifier: GPL-2.0-or-later
"""Broken pageblocks, zones and per-CPU lists."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .corrupt import Block, Edit, Machine, key_of
from .corruption import BUDDY, PCP, row


@row(BUDDY, "ISO-2", beside=("ISO-1", "ZONE-2"))
def pageblock_type_is_wrong(edit: Edit) -> str:
    """Isolate, with its pages on another list."""
    machine = edit.machine
    block = machine.a_list(1, low=machine.orders - 1)[0]
    word, shift, bits = pageblock(machine, edit, block)
    now = edit.load(word)
    assert now >> shift & 7 == machine.types.index(block["migratetype"])
    isolate = machine.number("(int) MIGRATE_ISOLATE") if bits <= 4 \
        else 1 << machine.number("(int) PB_migrate_isolate")
    edit.store(word, now & ~(7 << shift) | isolate << shift)
    return f"{block['pfn']:#x}"


def pageblock(machine: Machine, edit: Edit, block: Block
              ) -> tuple[int, int, int]:
    """Word and shift of the bits of a block's first pageblock, and how many
    they are."""
    try:
        bits = machine.find("(int) NR_PAGEBLOCK_BITS",
                            "(int) __NR_PAGEBLOCK_BITS")
    except AssertionError:
        bits = 4                # a macro in the guest
    bits = 1 << (bits - 1).bit_length()
    # As /proc/pagetypeinfo has it.
    order = machine.gdb.json("mm pagetypeinfo --json")["block_order"]
    zone = machine.zones[key_of(block)[:2]]
    if machine.has("zone.pageblock_flags"):
        bitmap = edit.get("zone.pageblock_flags", zone["addr"])
        index = (block["pfn"] >> order) - (zone["start_pfn"] >> order)
    else:
        pages = (machine.members["mem_section_usage.subsection_map"]["size"]
                 * 8 << 21) // machine.page_bytes
        per_root = machine.page_bytes // machine.sizes["mem_section"]
        number = block["pfn"] // pages
        usage = machine.number(f"mem_section[{number // per_root}]"
                               f"[{number % per_root}].usage")
        bitmap = usage + machine.offset("mem_section_usage.pageblock_flags")
        index = block["pfn"] % pages >> order
    at, width = index * bits, 8 * machine.word
    return bitmap + at // width * machine.word, at % width, bits


def largest_zone(machine: Machine) -> dict[str, Any]:
    """The zone with the most pages."""
    return max(machine.zones.values(), key=lambda zone: zone["managed_pages"])


@row(BUDDY, "ZONE-1", beside=("ZONE-", "WMARK-", "PCP-"))
def more_pages_managed_than_present(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    edit.put("zone.managed_pages", zone["addr"], zone["present_pages"] + 1)
    return f"zone {zone['name']}"


@row(BUDDY, "ZONE-5", beside=("ZONE-1", "ZONE-6"))
def one_page_less_present(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    edit.add("zone.present_pages", zone["addr"], -1)
    return f"zone {zone['name']}"


@row(BUDDY, "ZONE-6", variant=True)
def zone_of_no_node(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    edit.put("zone.zone_pgdat", zone["addr"], 0)
    return f"zone {zone['name']}"


@row(BUDDY, "ZONE-3", beside=("WMARK-",))
def totalram_pages_is_off_by_one(edit: Edit) -> str:
    addr = edit.machine.variables["totalram_pages"]
    edit.store(addr, edit.load(addr) + 1)
    return "totalram_pages"


@row(BUDDY, "ZONE-2", beside=("STAT-2",))
def the_count_of_free_pages_is_off(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    item = edit.machine.number("(int) NR_FREE_PAGES")
    addr = zone["addr"] + edit.machine.offset("zone.vm_stat") \
        + item * edit.machine.word
    edit.store(addr, edit.load(addr) + 4000)
    return f"zone {zone['name']}"


@row(BUDDY, "WMARK-1", variant=True)
def low_watermark_above_high(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    addr = zone["addr"] + edit.machine.offset("zone.watermark") \
        + edit.machine.word
    edit.store(addr, zone["watermark"]["high"] + 100)
    return f"zone {zone['name']}"


@dataclass(frozen=True)
class Pageset:
    """A CPU's lists of a zone with pages on them."""
    addr: int
    place: str
    pages: list[int]            # struct pages of single ones


def pageset(machine: Machine) -> Pageset:
    """One that has some."""
    for each in machine.gdb.json("mm pcp --json")["pagesets"]:
        pfns = [pfn for listed in each["lists"] if listed["order"] == 0
                for pfn in listed["pfns"]]
        if len(pfns) > 2:
            break
    else:
        raise AssertionError("no CPU has pages on its lists")
    pages = [machine.number(f"(unsigned long) $mm_page({pfn})")
             for pfn in pfns[:3]]
    zone = machine.zones[each["node"], each["zone"]]["addr"]
    spelling = machine.members["zone.pageset"]["spelling"]
    addr = machine.number(f"((struct zone *) {zone})->{spelling}") \
        + machine.number(f"__per_cpu_offset[{each['cpu']}]")
    if machine.has("per_cpu_pageset.pcp"):
        addr += machine.offset("per_cpu_pageset.pcp")
    return Pageset(addr % (1 << 8 * machine.word), each["zone"], pages)


@row(PCP, "PCP-1")
def count_of_a_cpus_pages_is_off_by_one(edit: Edit) -> str:
    found = pageset(edit.machine)
    edit.add("per_cpu_pages.count", found.addr, 1)
    return found.place


@row(PCP, "PCP-1", "PCP-3")
def count_of_a_cpus_pages_is_negative(edit: Edit) -> str:
    found = pageset(edit.machine)
    edit.put("per_cpu_pages.count", found.addr, -1)
    return found.place


@row(PCP, "PCP-2")
def page_on_a_cpus_list_with_a_reference(edit: Edit) -> str:
    found = pageset(edit.machine)
    edit.put("page.refcount", found.pages[1], 1)
    return f"{edit.machine.number(f'$mm_pfn({found.pages[1]})'):#x}"


@row(PCP, "LIST-2", beside=("PCP-", "LIST-"))
def loop_of_a_cpus_pages(edit: Edit) -> str:
    found = pageset(edit.machine)
    node = found.pages[1] + edit.machine.offset("page.pcp_list")
    edit.next_is(node, node)
    return found.place


# A counter of the zone has a part in its pageset, until v5.14.
LOST = ("ZONE-2", "STAT-", "SLUB-12")


@row(PCP, "PCP-4", beside=LOST)
def zone_without_a_cpus_lists(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    edit.put("zone.pageset", zone["addr"], 0)
    return f"zone {zone['name']}"


@row(PCP, "PCP-4", beside=(*LOST, "PCP-2"))
def zone_with_the_lists_of_another(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    other = next(each for each in edit.machine.zones.values()
                 if each["present_pages"] and each["addr"] != zone["addr"])
    edit.put("zone.pageset", other["addr"],
             edit.get("zone.pageset", zone["addr"]))
    return f"zone {zone['name']}"
