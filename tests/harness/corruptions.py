# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be broken: one function a corruption, with the IDs that name it.

Each breaks a sound target and returns the place: words that must stand in
`where` or `text` of a problem of each of its IDs. What else may be reported
is `beside`, as prefixes: what is really broken too, like nr_free behind a
loop. Without it nothing but the IDs may be.

The rows of a stage are in one tuple: BUDDY from the hand-over on, MEMBLOCK
while there is memblock, SLAB and VMALLOC when these are up.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from .corrupt import Block, Edit, Machine, key_of, pairs

Make = Callable[[Edit], str]

# A list that cannot be followed to its end: blocks behind the break are
# missed, by the counts and by the pages that say that they are free.
CUT = ("LIST-", "BUDDY-1", "PAGE-2", "ZONE-2")


@dataclass(frozen=True)
class Corruption:
    """A row: how to break what, and who must say so."""
    name: str
    ids: tuple[str, ...]
    beside: tuple[str, ...]
    variant: bool       # of the row before: on the board alone, which is fast
    make: Make


BUDDY: list[Corruption] = []
MEMBLOCK: list[Corruption] = []
PCP: list[Corruption] = []
SLAB: list[Corruption] = []
VMALLOC: list[Corruption] = []
PGTABLE: list[Corruption] = []


def row(table: list[Corruption], *ids: str, beside: tuple[str, ...] = (),
        variant: bool = False) -> Callable[[Make], Make]:
    """Enter the function below, under its name."""
    def enter(make: Make) -> Make:
        table.append(Corruption(make.__name__, ids, beside, variant, make))
        return make
    return enter


def place(block: Block) -> str:
    """How the place of a free list is told."""
    return f"zone {block['zone']} order {block['order']}"


# --- the free lists' links ----------------------------------------------------

@row(BUDDY, "LIST-2", beside=CUT)
def loop_past_the_head(edit: Edit) -> str:
    """The last block leads to the first, not to the head."""
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.link(blocks[-1]), edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT)
def self_loop(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    node = edit.machine.link(blocks[1])
    edit.next_is(node, node)
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT)
def loop_not_through_the_head(edit: Edit) -> str:
    """The second and third block are a ring, sound in itself."""
    blocks = edit.machine.a_list(3)
    one, two = (edit.machine.link(each) for each in blocks[1:3])
    edit.join(one, two, one)
    return place(blocks[0])


@row(BUDDY, "LIST-2", beside=CUT, variant=True)
def loop_of_the_first_block(edit: Edit) -> str:
    """As list_del() without its poison, and freed again: next and prev."""
    blocks = edit.machine.a_list(1)
    node = edit.machine.link(blocks[0])
    edit.join(node, node)
    return place(blocks[0])


def _next_of_the_second(edit: Edit, value: int) -> str:
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.link(blocks[1]), value)
    return place(blocks[0])


@row(BUDDY, "LIST-1", beside=CUT)
def next_is_null(edit: Edit) -> str:
    return _next_of_the_second(edit, 0)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_poison(edit: Edit) -> str:
    """LIST_POISON1, without the offset that 64-bit kernels add."""
    return _next_of_the_second(edit, 0x100)


@row(BUDDY, "LIST-1", beside=CUT)
def next_is_wild(edit: Edit) -> str:
    """Nothing is there, nor can be: all bits set but for the alignment."""
    return _next_of_the_second(edit, -8)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_a_user_address(edit: Edit) -> str:
    return _next_of_the_second(edit, 0x41414140)


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_other_memory(edit: Edit) -> str:
    """Readable, and a list_head of another list: that of another order."""
    machine = edit.machine
    node, zone, order, name = key_of(machine.a_list(3)[1])
    other = (node, zone, (order + 1) % machine.orders, name)
    return _next_of_the_second(edit, machine.head(other))


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def next_is_in_the_middle_of_a_page_struct(edit: Edit) -> str:
    machine = edit.machine
    blocks = machine.a_list(3)
    return _next_of_the_second(edit, machine.link(blocks[2]) + machine.word)


@row(BUDDY, "LIST-3")
def prev_is_wrong(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.prev_is(edit.machine.link(blocks[2]), edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-3", variant=True)
def prev_of_the_head_is_wrong(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.prev_is(edit.machine.head(key_of(blocks[0])),
                 edit.machine.link(blocks[0]))
    return place(blocks[0])


@row(BUDDY, "LIST-1", beside=CUT, variant=True)
def head_is_null(edit: Edit) -> str:
    blocks = edit.machine.a_list(3)
    edit.next_is(edit.machine.head(key_of(blocks[0])), 0)
    return place(blocks[0])


# --- a free block -------------------------------------------------------------

@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def order_is_wrong(edit: Edit) -> str:
    block = edit.machine.a_list(3, low=1, high=4)[1]
    edit.put("page.private", block["page"], block["order"] - 1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def order_is_too_large(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.private", block["page"], edit.machine.orders)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",), variant=True)
def order_is_garbage(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.private", block["page"], -1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-2", beside=("PAGE-2",))
def flag_is_cleared(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put(edit.machine.mark, block["page"], -1)
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "LIST-1", "LIST-3", beside=(*CUT, "BUDDY-2", "BUDDY-3", "BUDDY-5",
                                       "BUDDY-6"))
def block_on_two_lists(edit: Edit) -> str:
    """The head of an order's list is put before a block of another's."""
    machine = edit.machine
    block = machine.a_list(2)[1]
    _, _, order, name = key_of(block)
    key = next(key for key in machine.lists if key[:2] == key_of(block)[:2]
               and key[2] != order and key[3] == name)
    edit.next_is(machine.head(key), machine.link(block))
    return place(machine.lists[key][0])


@row(BUDDY, "BUDDY-4", beside=("ZONE-2", "PAGE-2"))
def block_in_another_zones_list(edit: Edit) -> str:
    machine = edit.machine
    blocks = machine.a_list(2)
    block = blocks[1]
    zone = next(each for at, each in machine.zones.items()
                if at != key_of(block)[:2] and each["spanned_pages"])
    _, _, order, name = key_of(block)
    edit.take(block)
    edit.give(machine.link(block), (zone["node"], zone["name"], order, name))
    return f"pfn {block['pfn']:#x}"


@row(BUDDY, "BUDDY-4", "PAGE-1", beside=("PAGE-2", "ZONE-2"))
def zone_link_is_wrong(edit: Edit) -> str:
    """The highest bits, which name zone or node, are inverted."""
    machine = edit.machine
    block = machine.a_list(3)[1]
    edit.put("page.flags", block["page"], edit.get("page.flags", block["page"])
             ^ 0xf << 8 * machine.word - 4)
    return f"{block['pfn']:#x}"


@row(BUDDY, "BUDDY-3", beside=("PAGE-2", "BUDDY-", "ZONE-2"))
def block_is_misaligned(edit: Edit) -> str:
    """The second page of a block is on the list in its first one's place."""
    machine = edit.machine
    block = machine.a_list(2, low=1, high=5)[1]
    second = machine.page(block, 1)
    edit.take(block)
    edit.mark(second, block["page"], block["order"])
    edit.unmark(block["page"])
    edit.give(machine.link(block, 1), key_of(block))
    return f"pfn {block['pfn'] + 1:#x}"


@row(BUDDY, "BUDDY-5")
def two_mergeable_buddies(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=1, high=5)[0]
    node, zone, order, name = key_of(block)
    half = 1 << order - 1
    edit.take(block)
    edit.mark(machine.page(block, half), block["page"], order - 1)
    edit.put("page.private", block["page"], order - 1)
    for behind in (0, half):
        edit.give(machine.link(block, behind), (node, zone, order - 1, name))
    return f"{block['pfn'] + half:#x}"


@row(BUDDY, "BUDDY-6", beside=("PAGE-2", "ZONE-2"))
def blocks_overlap(edit: Edit) -> str:
    """The upper half of a free block is on a list of its own, too."""
    machine = edit.machine
    block = machine.a_list(1, low=2, high=5)[0]
    node, zone, order, name = key_of(block)
    half = 1 << order - 1
    edit.mark(machine.page(block, half), block["page"], order - 1)
    edit.give(machine.link(block, half), (node, zone, order - 1, name))
    return f"{block['pfn'] + half:#x}"


@row(BUDDY, "BUDDY-1")
def nr_free_is_one_too_many(edit: Edit) -> str:
    block = edit.machine.a_list(1)[0]
    edit.add("free_area.nr_free", edit.machine.area(*key_of(block)[:3]), 1)
    return place(block)


@row(BUDDY, "BUDDY-1", variant=True)
def nr_free_is_one_too_few(edit: Edit) -> str:
    block = edit.machine.a_list(1)[0]
    edit.add("free_area.nr_free", edit.machine.area(*key_of(block)[:3]), -1)
    return place(block)


@row(BUDDY, "PAGE-2")
def free_page_with_a_reference(edit: Edit) -> str:
    block = edit.machine.a_list(3)[1]
    edit.put("page.refcount", block["page"], 1)
    return f"{block['pfn']:#x}"


@row(BUDDY, "PAGE-2")
def page_inside_a_free_block_with_a_reference(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    edit.put("page.refcount", machine.page(block, 3), 1)
    return f"{block['pfn'] + 3:#x}"


@row(BUDDY, "PAGE-2", beside=("ZONE-2",), variant=True)
def page_inside_a_free_block_is_marked_free(edit: Edit) -> str:
    """A mark that was forgotten when its buddy was freed."""
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    edit.mark(machine.page(block, 2), block["page"], 1)
    return f"{block['pfn'] + 2:#x}"


@row(BUDDY, "PAGE-3")
def reserved_page_on_a_free_list(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(3)[1]
    _set_reserved(edit, block["page"])
    return f"{block['pfn']:#x}"


@row(BUDDY, "PAGE-3", variant=True)
def reserved_page_inside_a_free_block(edit: Edit) -> str:
    machine = edit.machine
    block = machine.a_list(1, low=2)[0]
    _set_reserved(edit, machine.page(block, 3))
    return f"{block['pfn'] + 3:#x}"


def _set_reserved(edit: Edit, page: int) -> None:
    edit.put("page.flags", page, edit.get("page.flags", page)
             | 1 << edit.machine.number("(int) PG_reserved"))


# --- pageblocks, zones, per-CPU lists -----------------------------------------

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


@row(BUDDY, "ZONE-1", beside=("ZONE-3", "WMARK-", "PCP-"))
def more_pages_managed_than_present(edit: Edit) -> str:
    zone = largest_zone(edit.machine)
    edit.put("zone.managed_pages", zone["addr"], zone["present_pages"] + 1)
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


# --- memblock -----------------------------------------------------------------

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


# --- slabs --------------------------------------------------------------------

@dataclass(frozen=True)
class FreeObjects:
    """A slab on a node's list with free objects."""
    cache: dict[str, Any]
    slab: dict[str, Any]
    tag: str                    # the struct that has its fields

    def at(self, index: int) -> int:
        """Where a free object keeps the pointer to the next one."""
        return self.slab["free"][index] + self.cache["offset"]


def free_objects(machine: Machine, least: int = 3) -> FreeObjects:
    """A slab with that many free objects: on a node's list, else a CPU's."""
    tag = "slab" if machine.has("slab.freelist") else "page"
    rows = machine.gdb.json("mm slab --json")["caches"]
    for row in sorted(rows, key=lambda row: not row["nr_partial"]):
        found = machine.gdb.json(f"mm slab {row['name']} --json")["cache"]
        for slab in found["slabs"]:
            if "partial" in slab["where"] and len(slab["free"]) >= least:
                return FreeObjects(found["cache"], slab, tag)
    raise AssertionError(f"no slab on a list has {least} free objects")


def _leads(edit: Edit, found: FreeObjects, index: int, to: int) -> str:
    """A free object's pointer leads somewhere else. However pointers are
    hidden: the same key hides any that stands in the same place."""
    free = (*found.slab["free"], 0)
    at = found.at(index)
    edit.store(at, edit.load(at) ^ _stored(edit, free[index + 1])
               ^ _stored(edit, to))
    return f"{found.slab['addr']:#x}"


def _stored(edit: Edit, pointer: int) -> int:
    return pointer % (1 << 8 * edit.machine.word)


@row(SLAB, "SLUB-2")
def freelist_loops(edit: Edit) -> str:
    found = free_objects(edit.machine)
    return _leads(edit, found, -1 % len(found.slab["free"]),
                  found.slab["free"][0])


@row(SLAB, "SLUB-2", variant=True)
def freelist_loops_at_once(edit: Edit) -> str:
    """A double free."""
    found = free_objects(edit.machine)
    return _leads(edit, found, 0, found.slab["free"][0])


@row(SLAB, "SLUB-1")
def freelist_leaves_the_slab(edit: Edit) -> str:
    """To where the next object behind the slab would be."""
    found = free_objects(edit.machine)
    return _leads(edit, found, 1, found.slab["virt"]
                  + found.slab["objects"] * found.cache["size"])


@row(SLAB, "SLUB-1", variant=True)
def freelist_leads_nowhere(edit: Edit) -> str:
    return _leads(edit, free_objects(edit.machine), 0, -8)


@row(SLAB, "SLUB-1")
def freelist_is_misaligned(edit: Edit) -> str:
    found = free_objects(edit.machine)
    return _leads(edit, found, 0, found.slab["free"][1] + 1)


@row(SLAB, "SLUB-3", variant=True)
def freelist_is_cut_short(edit: Edit) -> str:
    return _leads(edit, free_objects(edit.machine), 0, 0)


@row(SLAB, "SLUB-3")
def inuse_is_wrong(edit: Edit) -> str:
    found = free_objects(edit.machine)
    edit.put_bits(f"{found.tag}.inuse", found.slab["addr"],
                  found.slab["inuse"] + 1)
    return f"{found.slab['addr']:#x}"


@row(SLAB, "SLUB-5", beside=("SLUB-",))
def slab_of_another_cache(edit: Edit) -> str:
    found = free_objects(edit.machine)
    edit.put(f"{found.tag}.slab_cache", found.slab["addr"],
             found.cache["addr"] + edit.machine.word)
    return f"{found.slab['addr']:#x}"


# --- vmalloc ------------------------------------------------------------------

@row(VMALLOC, "VMALLOC-1", beside=("VMALLOC-3", "VMALLOC-4"))
def areas_overlap(edit: Edit) -> str:
    """An area ends a page behind the start of the next one of its list."""
    areas = [area for area in edit.machine.gdb.json("mm vmalloc --json")["areas"]
             if area["vm"] and area["vmap_area"]]
    one, two = next((one, two) for one, two in pairs(areas)
                    if one["node"] == two["node"])
    edit.put("vmap_area.va_end", one["vmap_area"], two["start"]
             + edit.machine.page_bytes)
    return f"{two['start']:#x}"


@row(VMALLOC, "VMALLOC-3")
def area_and_its_owner_disagree(edit: Edit) -> str:
    areas = edit.machine.gdb.json("mm vmalloc --json")["areas"]
    area = next(area for area in areas if area["vm"] and area["vmap_area"])
    edit.add("vm_struct.addr", area["vm"], edit.machine.page_bytes)
    return f"{area['start']:#x}"


# --- page tables --------------------------------------------------------------

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
