# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of 64-bit kernels with SPARSEMEM: sections, nodes, compound pages, types, and what is in a page."""
import dataclasses

import pytest

from machine64 import APART, HEAP, PAGE_BYTES, PAGE_OFFSET, SECTION_PAGES, VMEMMAP, Machine64
from mmscope.errors import MissingError, MmError
from mmscope.model.address import resolve
from mmscope.model.buddy import buddy_report
from mmscope.model.owners import find_owners
from mmscope.model.page import page_of
from mmscope.model.zone import zone_report
from mmscope.view.page import page_text
from shapes64 import EARLY, LATE

A, B = 1024, 2 * SECTION_PAGES + 1024       # one on each node


@pytest.fixture(params=[LATE, EARLY], ids=["late", "early"])
def machine64(request):
    return Machine64(request.param)


def page(machine, pfn):
    ctx = machine.context()
    return page_of(ctx, resolve(ctx, f"pfn:{pfn}"))


def flag(machine, pfn, *names):
    node = 0 if pfn < SECTION_PAGES else 1
    bits = sum(1 << machine.shapes.enums["pageflags"]["PG_" + name] for name in names)
    machine.set(pfn, "flags.f" if machine.late else "flags", bits | node << 62 | node << 60)


def slab(machine, pfn):
    if machine.late:
        machine.set(pfn, "page_type", 245 << 24)
    else:
        flag(machine, pfn, "slab")


def test_only_nodes_that_are_online_count(machine64):
    report = zone_report(machine64.context())
    assert sorted({zone.node for zone in report.zones}) == [0, 1] and report.problems == ()
    machine64.poke(machine64.addr("node_states") + 8, 0)        # not known yet
    assert sorted({zone.node for zone in zone_report(machine64.context()).zones}) == [0, 1, 2]


@pytest.mark.parametrize("classic", [False, True])
def test_pages_are_found_by_section(classic):
    machine = Machine64(LATE, classic)
    ctx = machine.context()
    assert ctx.pages.page(B) == (APART + 1024 * PAGE_BYTES if classic else machine.page(B))
    assert ctx.pages.pfn(machine.page(B)) == B and ctx.pages.pfn(machine.page(A)) == A
    assert not ctx.pages.covers(SECTION_PAGES) and len(ctx.pages.runs) == 2
    assert {page(machine, pfn).zone for pfn in (A, 5)} != {page(machine, B).zone} and page(machine, B).node == 1
    assert page(machine, B).problems == ()
    with pytest.raises(MmError, match="0x1000 has no struct page"):
        page(machine, SECTION_PAGES)


def test_a_table_of_sections_without_roots_is_found_too():
    machine = Machine64(LATE.replace("var ptr mem_section", "var mem_section mem_section[3]"))
    flat = machine.addr("mem_section")
    machine.ram.write(flat, bytes(96))
    for number, array in machine.maps.items():
        machine.put(flat + 32 * number, "mem_section", "section_mem_map", array - number * SECTION_PAGES * 64 | 0xF)
    assert [run.start_pfn for run in machine.context().pages.runs] == [0, 2 * SECTION_PAGES]


def test_no_section_yet_is_said(machine64):
    machine64.poke(machine64.addr("mem_section"), 0)
    with pytest.raises(MissingError, match="no section"):
        assert machine64.context().pages


def test_free_blocks_of_both_nodes(machine64):
    machine64.free(0, 4, 1, A)
    machine64.free(1, 2, 0, B, B + 8)
    report = buddy_report(machine64.context(), blocks=True)
    assert [(block.node, block.zone, block.order, block.pfn) for block in report.blocks] == [
        (0, "DMA", 4, A), (1, "Normal", 2, B), (1, "Normal", 2, B + 8)]
    assert report.problems == () and report.blocks[0].virt == PAGE_OFFSET + (A << 12)
    assert (page(machine64, A + 3).kind, page(machine64, A + 3).block_pfn) == ("free", A)
    assert page(machine64, A).type == "buddy" and page(machine64, B).node == 1


def test_a_compound_page_by_address_or_by_mask(machine64):
    machine64.compound(A, 3)
    flag(machine64, A, "head")
    assert [(found.kind, found.order, found.block_pfn) for found in (page(machine64, A + at) for at in range(8))] \
        == [("compound", 3, A)] * 8
    assert page(machine64, A + 8).kind == "used"


def test_the_order_in_the_second_pages_flags_is_no_flag():
    machine = Machine64(LATE)
    machine.compound(A, 3)
    flag(machine, A, "head")
    assert page(machine, A + 1).flags & 0xFF == 3 and page(machine, A + 1).flag_names == ()
    machine.put(machine.page(A), "folio", "_flags_1.f", 3 | 1 << 9 | 1 << 14)
    assert page(machine, A + 1).flag_names == ("large_rmappable", "partially_mapped")
    assert page(machine, A).order == 3


def test_a_slabs_flags_are_called_as_slabs_call_them(machine64):
    flag(machine64, A, "workingset", "active")
    assert set(page(machine64, A).flag_names) == {"workingset", "active"}
    slab(machine64, A)
    if not machine64.late:
        flag(machine64, A, "workingset", "active", "slab")
    assert {"partial", "pfmemalloc"} <= set(page(machine64, A).flag_names)
    assert page(machine64, A).kind == "slab"


def test_a_reported_free_block(machine64):
    machine64.free(0, 4, 1, A)
    flag(machine64, A, "uptodate")
    assert page(machine64, A).flag_names == (("reported",) if machine64.late else ("uptodate",))


def test_anonymous_memory_and_how_often_it_is_mapped(machine64):
    flag(machine64, A, "uptodate", "lru", "swapbacked", "owner_priv_1")
    machine64.set(A, "mapping", PAGE_OFFSET + 0x1000 | 1)
    machine64.set(A, "_mapcount.counter", 2)
    found = page(machine64, A)
    assert (found.kind, found.content, found.mappings, found.type) == ("used", "anon", 3, None)
    assert "swapcache" in found.flag_names and "owner_priv_1" not in found.flag_names
    assert "used, anonymous memory" in page_text(found)


@pytest.mark.parametrize("bits, what", [(0, "file"), (2, "movable"), (3, "ksm")])
def test_what_mapping_points_to(machine64, bits, what):
    machine64.set(A, "mapping", PAGE_OFFSET + 0x1000 | bits)
    assert page(machine64, A).content == what
    machine64.set(A, "_refcount.counter", 0)
    assert page(machine64, A).content is None


def test_a_compound_page_is_mapped_by_pages_and_as_a_whole(machine64):
    machine64.compound(A, 3)
    flag(machine64, A, "head")
    machine64.set(A, "mapping", PAGE_OFFSET + 0x1000)
    machine64.set(A + 5, "_mapcount.counter", 0)
    assert [page(machine64, A + at).mappings for at in (0, 5)] == [0, 1]
    if machine64.late:
        machine64.put(machine64.page(A), "folio", "_entire_mapcount.counter", 1)
    else:
        machine64.set(A + 1, "compound_mapcount.counter", 1)
    assert [page(machine64, A + at).mappings for at in (0, 5)] == [2, 3]
    assert page(machine64, A + 5).content == "file"


@pytest.mark.parametrize("late, value, name", [
    (True, 242 << 24, "table"), (True, 241 << 24 | 5, "offline"), (True, 0xFFFFFFFF, None), (True, 7, None),
    (True, 0xFF000000, None), (False, 0xFFFFFFFF, None), (False, 0xFFFFFBFF, "table"), (False, 0xFFFFFEFF, "offline"),
    (False, 0xFFFFFDFF, "kmemcg"), (False, 3, None)])
def test_types_of_pages(late, value, name):
    machine = Machine64(LATE if late else EARLY)
    machine.set(A, "page_type", value)
    found = page(machine, A)
    assert found.type == name
    assert (found.kind == "pagetable") == (name == "table")
    assert (f"page type    {name}" in page_text(found)) == (name is not None)


def test_types_have_other_bits_where_the_owner_is_in_memcg_data():
    machine = Machine64(EARLY.replace("ptr mem_cgroup", "ulong memcg_data"))
    machine.set(A, "page_type", 0xFFFFFDFF)
    assert page(machine, A).type == "table"


def test_the_page_of_zeroes_says_so(machine64):
    machine64.poke(machine64.addr("zero_pfn"), A)
    flag(machine64, A, "reserved")
    assert (page(machine64, A).kind, page(machine64, A).content) == ("reserved", "zero")
    assert page(machine64, A + 1).content is None


def test_owners_of_what_sparsemem_and_nodes_need(machine64):
    found = find_owners(machine64.context())
    names = {owner.name for owner in found}
    assert {"struct pglist_data", "sections", "pageblock types"} <= names
    node, = (owner for owner in found if owner.name == "struct pglist_data"
             and owner.start == machine64.nodes[1] - PAGE_OFFSET)
    assert node.end - node.start == machine64.shapes.structs["pglist_data"].size
    usage, = (owner for owner in found if owner.name == "pageblock types"
              and owner.start == machine64.usages[2] - PAGE_OFFSET)
    assert usage.end - usage.start == 16        # the map of subsections, one word for 8 pageblocks


def test_the_array_of_pages_is_found_through_the_page_tables():
    """Section 0's array is mapped by one block of 2 MiB, section 2's part of it too."""
    machine = Machine64(LATE + "var ulong init_top_pgt\n")
    tables = [HEAP + 0x30000 + 0x1000 * at for at in range(3)]
    machine.heap = tables[-1] + 0x1000
    symbol = machine.shapes.symbols["init_top_pgt"]
    in_image = tables[0] - PAGE_OFFSET + 0xFFFFFFFF80000000
    machine.shapes.symbols["init_top_pgt"] = dataclasses.replace(symbol, addr=in_image)
    machine.poke(tables[0] + (VMEMMAP >> 39 & 511) * 8, tables[1] - PAGE_OFFSET | 3)
    machine.poke(tables[1] + (VMEMMAP >> 30 & 511) * 8, tables[2] - PAGE_OFFSET | 3)
    machine.poke(tables[2] + (VMEMMAP >> 21 & 511) * 8, 0x6000000 | 0x83)
    found = [owner for owner in find_owners(machine.context()) if owner.name == "mem_map"]
    array = SECTION_PAGES * PAGE_BYTES
    assert [(owner.start, owner.end) for owner in found] == [
        (0x6000000, 0x6000000 + array), (0x6000000 + 2 * array, 0x6000000 + 3 * array)]


def test_without_its_page_tables_the_array_has_no_owner(machine64):
    assert not [owner for owner in find_owners(machine64.context()) if owner.name == "mem_map"]


def test_a_struct_page_that_is_set_up_later_means_nothing_yet():
    machine = Machine64(LATE)
    machine.put(machine.nodes[1], "pglist_data", "first_deferred_pfn", B)
    machine.set(B, "flags.f", 0)
    found = page(machine, B)
    assert (found.kind, found.zone, found.migratetype, found.problems) == ("deferred", None, None, ())
    assert "deferred: its struct page is not set up yet" in page_text(found)
    assert page(machine, B - 1).kind == "used" and page(machine, A).kind == "used"
    flag(machine, B, "reserved")
    assert page(machine, B).kind == "reserved"


def test_page_1_is_not_asked_of_a_page_outside_all_zones(machine64):
    assert page(machine64, 0).problems == ()        # the first zone begins at pfn 1
    machine64.set(A, "flags.f" if machine64.late else "flags", 1 << 62 | 1 << 60)
    assert [(problem.id, problem.expected, problem.actual) for problem in page(machine64, A).problems] \
        == [("PAGE-1", "DMA", "Normal")]
