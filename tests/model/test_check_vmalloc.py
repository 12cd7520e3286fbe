# SPDX-License-Identifier: GPL-2.0-or-later
"""mm check of vmalloc, per-CPU memory and kmap: what page tables have there is held to what the kernel says."""
import pytest

from machine import MEM_MAP, PAGE_OFFSET, PGD, PHYS_OFFSET, Machine
from mmscope.layout.debuginfo import ARRAY, INT, POINTER, Symbol, Type
from mmscope.model.check import check_report
from shapes import LINUX_4_9, LINUX_5_10, LINUX_6_1, LINUX_6_12
from vm_machine import AREA

SHAPES = {"4.9": LINUX_4_9, "5.10": LINUX_5_10, "6.1": LINUX_6_1, "6.12": LINUX_6_12}
TABLES = 0xC0600000                 # pages of the linear map, a table each
PFNS = (0x10123, 0x10456)           # of the area's two pages
RAM_BLOCK = 0x100000
OURS = ("VMALLOC", "VMAP", "PERCPU", "KMAP")


class Mapped:
    """A machine whose area is mapped as its vm_struct says, by small pages."""

    def __init__(self, text):
        self.vm = Machine(text).vm
        self.m = self.vm.m
        self.made = {}
        for megabyte in range(AREA >> 20, 0xC40):       # the linear map of this machine is longer than its memory
            self.m.poke(PGD + megabyte * 4, 0)
        pages = self.vm.take(8)
        self.array = pages
        for at, pfn in enumerate(PFNS):
            self.m.poke(pages + at * 4, self.m.page(pfn))
            self.map(AREA + at * 4096, pfn)
        self.m.put(self.vm.vm_of(self.vm.area), "vm_struct", "pages", pages)

    def map(self, addr, pfn):
        """A small page; 0: none."""
        megabyte = addr >> 20
        if megabyte not in self.made:
            table = TABLES + len(self.made) * 0x1000
            self.m.ram.add(table, 0x1000)
            self.m.poke(PGD + megabyte * 4, table - PAGE_OFFSET + PHYS_OFFSET | 1)
            self.made[megabyte] = table
        self.m.poke(self.made[megabyte] + (addr >> 12 & 0xFF) * 4, pfn << 12 | 2 if pfn else 0)

    def checked(self):
        return {each.id: each for each in check_report(self.m.context()).checks if each.id.startswith(OURS)}

    def broken(self):
        return {id_ for id_, each in self.checked().items() if each.status == "broken"}


@pytest.fixture(params=SHAPES)
def mapped(request):
    """Every kernel that keeps its areas in another way."""
    return Mapped(SHAPES[request.param])


def test_a_sound_area_is_looked_at_page_by_page(mapped):
    assert mapped.broken() == set()
    assert mapped.checked()["VMALLOC-4"].text == "areas with pages: 1, pages: 2"


@pytest.mark.parametrize("at, pfn, text", [
    (0, 0, "nothing is mapped there"), (1, 0x10457, "pfn 0x10457 is mapped there"), (2, 0x10789, "behind its 2 pages"),
    (1, PFNS[0], "pfn 0x10123 is")])
def test_what_is_not_mapped_as_the_array_says_is_vmalloc_4(mapped, at, pfn, text):
    mapped.map(AREA + at * 4096, pfn)
    assert mapped.broken() == {"VMALLOC-4"} and text in mapped.checked()["VMALLOC-4"].text


def test_an_array_entry_that_is_no_page_is_vmalloc_4(mapped):
    mapped.m.poke(mapped.array + 4, MEM_MAP + 5)
    assert mapped.broken() == {"VMALLOC-4"} and "which there is not" in mapped.checked()["VMALLOC-4"].text


@pytest.mark.parametrize("count, pages", [(0x7FFFFFFF, None), (2, 0xD0000000), (2, 3)])
def test_an_array_that_cannot_be_is_vmalloc_4(mapped, count, pages):
    mapped.m.put(mapped.vm.vm_of(mapped.vm.area), "vm_struct", "nr_pages", count)
    if pages is not None:
        mapped.m.put(mapped.vm.vm_of(mapped.vm.area), "vm_struct", "pages", pages)
    assert mapped.broken() == {"VMALLOC-4"}


def test_a_section_maps_many_pages_and_is_cut_to_the_area(mapped):
    base = AREA >> 20 << 20
    start = PFNS[0] - (AREA - base >> 12)
    section = start + 0xFF >> 8 << 8                # a section is of 256 pages, from a multiple of that on
    first = section + (AREA - base >> 12)
    mapped.m.poke(PGD + (AREA >> 20) * 4, section << 12 | 0x2)
    for at in range(2):
        mapped.m.poke(mapped.array + at * 4, mapped.m.page(first + at))
    assert "behind its 2 pages" in mapped.checked()["VMALLOC-4"].text
    mapped.m.put(mapped.vm.vm_of(mapped.vm.area), "vm_struct", "flags", 0x42)       # no guard page
    assert mapped.broken() == set()


def test_an_area_that_is_being_filled_in_is_left_alone(mapped):
    mapped.map(AREA, 0)
    mapped.m.put(mapped.vm.vm_of(mapped.vm.area), "vm_struct", "flags", 0x22)
    assert mapped.broken() == set()


def test_a_freed_area_that_is_still_mapped_is_vmalloc_5(mapped):
    gone = mapped.vm.add_area(AREA + 0x10000, 0x3000)
    if not mapped.m.new_style:      # it keeps them on both lists
        mapped.vm.set_busy([mapped.vm.area, gone])
    mapped.vm.set_lazy([gone])
    assert mapped.broken() == set()
    mapped.map(AREA + 0x12000, 0x10400)
    assert mapped.broken() == {"VMALLOC-5"}
    mapped.map(AREA + 0x12000, 0)
    mapped.m.poke(mapped.m.addr("vmap_lazy_nr"), 9)
    assert mapped.broken() == {"VMALLOC-5"}


def add_block(vm):
    """A block of vm_map_ram(), whose last 200 pages are free; it and its CPU's queue."""
    area = vm.add_area(AREA + RAM_BLOCK, RAM_BLOCK)
    vm.set_busy([vm.area, area])
    block = vm.new("vmap_block", va=area, free=200, dirty=16)
    queue = vm.m.addr("vmap_block_queue") + vm.m.shapes.place("vmap_block_queue", "free")[0]
    vm.m.link(queue, block + vm.m.shapes.place("vmap_block", "free_list")[0])
    return block, queue


def test_a_page_mapped_in_the_free_part_of_a_block_is_vmap_4(mapped):
    block, queue = add_block(mapped.vm)
    mapped.map(AREA + RAM_BLOCK + 55 * 4096, 0x10400)
    assert mapped.broken() == set()
    mapped.map(AREA + RAM_BLOCK + 56 * 4096, 0x10400)
    assert mapped.broken() == {"VMAP-4"}
    mapped.m.put(block, "vmap_block", "free", 1 << 31)
    assert {"VMAP-1", "VMAP-4"} <= mapped.broken()
    mapped.m.poke(queue, 3)
    assert "internal" not in str(mapped.checked()) and "LIST-1" in {
        each.id for each in check_report(mapped.m.context()).checks if each.status == "broken"}


@pytest.mark.parametrize("value", [0, 1, 0xFFFFFFFF, 0xC0000000, 0x12345])
@pytest.mark.parametrize("member", ["addr", "size", "flags", "pages", "nr_pages", "page_order", "phys_addr", "caller",
                                    "next"])
def test_a_vm_struct_of_any_content_is_no_internal_error(mapped, member, value):
    if member in mapped.m.shapes.structs["vm_struct"].members:
        mapped.m.put(mapped.vm.vm_of(mapped.vm.area), "vm_struct", member, value)
    assert all(each.text for each in mapped.checked().values())


def test_per_cpu_chunks_are_looked_at(mapped):
    assert "per-CPU chunks: 1" in mapped.checked()["PERCPU-3"].text
    name = "free_bytes" if mapped.vm.bits else "free_size"
    mapped.m.put(mapped.vm.first, "pcpu_chunk", name, 4)
    assert "PERCPU-3" in mapped.broken()
    mapped.m.poke(mapped.m.addr("pcpu_base_addr"), 0)
    assert mapped.checked()["PERCPU-3"].status == "skipped"


# --- kmap ---------------------------------------------------------------------

BASE, SLOTS, DEPTH = PAGE_OFFSET - (2 << 20), 512, 4
TOP, PER_CPU = 0xFFEFF000, 5


def with_kmap():
    """The guest's kmap area: slot 3 has a page with one user, slot 9 one that nobody uses; a stack of two."""
    mapped = Mapped(LINUX_4_9)
    symbols, structs = mapped.m.shapes.symbols, mapped.m.shapes.structs
    element, pointer = Type(INT, 4), Type(POINTER, 4)
    mapped.counts, maps = mapped.vm.take(SLOTS * 4), mapped.vm.take(SLOTS * 8)
    mapped.maps = maps
    symbols["pkmap_count"] = Symbol("pkmap_count", mapped.counts, Type(ARRAY, SLOTS * 4, element=element, count=SLOTS))
    symbols["page_address_maps"] = Symbol("page_address_maps", maps)
    table = mapped.vm.take(4)
    mapped.m.poke(table, 0xC0123000)
    symbols["pkmap_page_table"] = Symbol("pkmap_page_table", table, pointer)
    mapped.depth = mapped.vm.take(4)
    symbols["__kmap_atomic_idx"] = Symbol("__kmap_atomic_idx", mapped.depth, element)
    mapped.m.shapes.enums["fixed_addresses"] = {"FIX_KMAP_BEGIN": 1, "FIX_KMAP_END": 4 * PER_CPU}
    structs["page_address_map"] = structs["list_head"].__class__("page_address_map", 8, {
        "page": structs["list_head"].members["next"].__class__("page", 0, pointer)})
    mapped.m.poke(mapped.m.addr("nr_cpu_ids"), 1)
    for slot, count, pfn in ((3, 2, 0x10111), (9, 1, 0x10222)):
        mapped.m.poke(mapped.counts + slot * 4, count)
        mapped.m.poke(maps + slot * 8, mapped.m.page(pfn))
        mapped.map(BASE + slot * 4096, pfn)
    mapped.m.poke(mapped.depth, 2)
    for slot in range(2):
        mapped.map(TOP - (1 + slot) * 4096, 0x10300 + slot)
    return mapped


@pytest.fixture
def kmap():
    return with_kmap()


def test_sound_kmap_slots_are_counted(kmap):
    assert kmap.broken() == set()
    found = kmap.checked()
    assert found["KMAP-1"].text == "kmap slots: 512, mapped: 2"
    assert found["KMAP-3"].text == f"kmap_atomic slots: {PER_CPU}, mapped: 2"


@pytest.mark.parametrize("slot, count", [(3, 0), (3, -1), (4, 1)])
def test_a_count_that_the_mapping_denies_is_kmap_1(kmap, slot, count):
    kmap.m.poke(kmap.counts + slot * 4, count)
    assert kmap.broken() == {"KMAP-1"}


def test_a_slot_that_maps_another_page_is_kmap_2(kmap):
    kmap.map(BASE + 9 * 4096, 0x10223)
    assert kmap.broken() == {"KMAP-2"}


@pytest.mark.parametrize("depth, slot, pfn", [(3, 0, 0x10300), (1, 0, 0x10300), (2, 0, 0), (PER_CPU + 1, 0, 0x10300),
                                              (2, 4, 0x10300)])
def test_a_stack_that_is_none_is_kmap_3(kmap, depth, slot, pfn):
    kmap.m.poke(kmap.depth, depth)
    kmap.map(TOP - (1 + slot) * 4096, pfn)
    assert kmap.broken() == {"KMAP-3"}


def test_without_highmem_kmap_is_skipped(mapped):
    assert {mapped.checked()[f"KMAP-{number}"].status for number in (1, 2, 3)} == {"skipped"}
