# SPDX-License-Identifier: GPL-2.0-or-later
"""mm pagetypeinfo counts as the kernel does."""
import pytest

from machine64 import SECTION_PAGES, Machine64
from mmscope.model.migratetype import pageblock_migratetype
from mmscope.model.pagetypeinfo import Pagetypeinfo, PagetypeZone, pagetypeinfo
from mmscope.model.zone import zones
from mmscope.view.pagetypeinfo import pagetypeinfo_text
from shapes64 import EARLY, LATE

NODE_1 = 2 * SECTION_PAGES


@pytest.fixture(params=[LATE, EARLY], ids=["late", "early"])
def machine64(request):
    return Machine64(request.param)


def types(machine, *pfns):
    """Migratetype numbers of pageblocks."""
    ctx = machine.context()
    by_section = {0: zones(ctx)[0], 2: zones(ctx)[4]}
    return [pageblock_migratetype(ctx, by_section[pfn // SECTION_PAGES], pfn) for pfn in pfns]


def test_pageblocks_of_each_section_have_a_map_of_their_own(machine64):
    machine64.pageblock(512, 2)
    machine64.pageblock(NODE_1 + 7 * 512, 1)
    assert types(machine64, 1, 512, 1023, 1024, NODE_1, NODE_1 + 4095) == [0, 2, 2, 0, 0, 1]


def test_isolate_is_a_bit_of_its_own_in_late_kernels():
    machine = Machine64(LATE)
    machine.pageblock(512, 1 | 1 << 4)
    machine.pageblock(1024, 1 | 1 << 3)         # skipped by compaction: another bit
    assert types(machine, 512, 1024) == [5, 1]


def test_isolate_is_a_type_like_others_in_early_kernels():
    machine = Machine64(EARLY)
    machine.pageblock(512, 5)
    assert types(machine, 512, 1024) == [5, 0]


def test_a_section_without_its_map_has_no_types(machine64):
    roots = int.from_bytes(machine64.ram.read(machine64.addr("mem_section"), 8), "little")
    table = int.from_bytes(machine64.ram.read(roots, 8), "little")
    machine64.put(table, "mem_section", "usage", 0)
    assert types(machine64, 1, NODE_1) == [None, 0]


def test_pageblocks_are_counted_from_the_start_of_the_zone(machine64):
    machine64.pageblock(0, 1)
    machine64.pageblock(NODE_1, 4)
    first, second = pagetypeinfo(machine64.context()).zones
    assert (first.pageblocks["Movable"], first.pageblocks["Unmovable"]) == (1, 7)
    assert (second.pageblocks["CMA"], second.pageblocks["Unmovable"]) == (1, 7)


def test_a_pageblock_whose_first_page_is_of_another_zone_or_not_online_is_not_counted(machine64):
    machine64.set(513, "flags.f" if machine64.late else "flags", 1 << 60)
    first, second = pagetypeinfo(machine64.context()).zones
    assert sum(first.pageblocks.values()) == 7
    roots = int.from_bytes(machine64.ram.read(machine64.addr("mem_section"), 8), "little")
    section = int.from_bytes(machine64.ram.read(roots, 8), "little") + 2 * 32
    coded = int.from_bytes(machine64.ram.read(section, 8), "little")
    machine64.poke(section, coded & ~4)
    assert sum(pagetypeinfo(machine64.context()).zones[1].pageblocks.values()) == 0


def test_free_blocks_are_counted_on_the_lists_and_what_is_broken_is_said(machine64):
    machine64.free(1, 3, 1, NODE_1 + 8, NODE_1 + 64)
    machine64.put(machine64.zone(1), "zone", "free_area[3].nr_free", 9)
    info = pagetypeinfo(machine64.context())
    assert info.zones[1].free["Movable"] == (0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0)
    assert [problem.id for problem in info.problems] == ["BUDDY-1"]


def test_every_node_begins_with_the_order_of_a_pageblock(machine64):
    text = pagetypeinfo_text(pagetypeinfo(machine64.context()))
    assert text.count("Page block order: 9\nPages per block:  512\n\nFree pages count") == 2


def test_the_text_is_the_kernels():
    info = Pagetypeinfo(10, 2, ("Unmovable", "Movable"), (
        PagetypeZone(0, "Normal", {"Unmovable": (5, 100000), "Movable": (0, 99999)}, {"Unmovable": 7, "Movable": 8}),),
        ())
    assert pagetypeinfo_text(info) == (
        "Page block order: 10\nPages per block:  1024\n\n"
        "Free pages count per migrate type at order       0      1 \n"
        "Node    0, zone   Normal, type    Unmovable      5 >100000 \n"
        "Node    0, zone   Normal, type      Movable      0  99999 \n\n"
        "Number of blocks type     Unmovable      Movable \n"
        "Node 0, zone   Normal            7            8 \n")


def test_without_sections_a_pageblock_in_a_hole_is_not_counted(machine):
    bitmap = machine.heap + -machine.heap % 4
    machine.put(machine.zone(machine.low), "zone", "pageblock_flags", bitmap)
    whole = sum(pagetypeinfo(machine.context()).zones[0].pageblocks.values())
    start = machine.take(machine.zone(machine.low), "zone", "zone_start_pfn")
    machine.memblock("memory", (start << 12, 4096))
    assert 0 < sum(pagetypeinfo(machine.context()).zones[0].pageblocks.values()) < whole


def test_a_zone_that_claims_to_have_no_end_is_counted_where_it_has_pages(machine64):
    sound = pagetypeinfo(machine64.context()).zones
    zone = zones(machine64.context())[4]
    machine64.put(zone.addr, "zone", "spanned_pages", 1 << 50)
    assert pagetypeinfo(machine64.context()).zones == sound
