# SPDX-License-Identifier: GPL-2.0-or-later
"""A page is found by any of its names, and says what it is."""
from dataclasses import replace

import pytest

from machine import BASE_PFN, END_PFN, HIGH_START, LOW_PAGES, LOW_START, MEM_MAP
from mmscope.errors import MmError
from mmscope.model.address import resolve, resolve_value
from mmscope.model.context import Expression
from mmscope.model.migratetype import pageblock_migratetype
from mmscope.model.page import page_of
from mmscope.model.zone import zones
from mmscope.view.page import page_text

A = LOW_START + 13      # a multiple of 16


def page(machine, text):
    ctx = machine.context()
    return page_of(ctx, resolve(ctx, text))


def test_all_names_of_a_page_lead_to_it(machine):
    virt = 0xC0000000 + (A - BASE_PFN << 12)
    for name in (f"pfn:{A:#x}", f"phys:{A << 12:#x}", f"phys:{(A << 12) + 5}", f"{machine.page(A):#x}", f"{virt:#x}"):
        found = page(machine, name)
        assert (found.pfn, found.page) == (A, machine.page(A))
    assert found.virt == virt


def test_head_and_tail_of_a_free_block(machine):
    machine.free(machine.low, 4, 1, A)
    head, tail = page(machine, f"pfn:{A}"), page(machine, f"pfn:{A + 11}")
    assert (head.kind, head.order, head.block_pfn) == ("free", 4, A)
    assert (tail.kind, tail.order, tail.block_pfn) == ("free", 4, A)
    assert page(machine, f"pfn:{A + 16}").kind == "used"


def test_flags_are_named_and_second_names_are_not(machine):
    bit = machine.shapes.enums["pageflags"]
    flags = 1 << bit["PG_reserved"] | 1 << bit["PG_owner_priv_1"]
    machine.put(machine.page(A), "page", "flags", flags | machine.low << 30)
    found = page(machine, f"pfn:{A}")
    assert set(found.flag_names) == {"reserved", "owner_priv_1"}
    assert found.kind == "reserved"


def test_zone_comes_from_the_top_bits(machine):
    assert page(machine, f"pfn:{HIGH_START}").zone == "Highmem"
    machine.put(machine.page(A), "page", "flags", 3 << 30)
    assert page(machine, f"pfn:{A}").zone == ("Movable" if machine.new_style else None)


def test_highmem_text_says_not_mapped(machine):
    assert "highmem, not mapped" in page_text(page(machine, f"pfn:{HIGH_START}"))


def test_migratetype_of_the_pageblock(machine):
    bitmap = machine.heap + -machine.heap % 4
    machine.put(machine.zone(machine.low), "zone", "pageblock_flags", bitmap)
    machine.poke(bitmap, 0x321)
    order = machine.orders - 1
    assert page(machine, f"pfn:{A}").migratetype == "Movable"
    second = (LOW_START >> order << order) + (1 << order)
    assert page(machine, f"pfn:{second}").migratetype == "Reclaimable"


def test_migratetype_from_the_other_end_of_the_word_where_the_function_has_four_parameters(machine):
    bitmap = machine.heap + -machine.heap % 4
    machine.put(machine.zone(machine.low), "zone", "pageblock_flags", bitmap)
    machine.poke(bitmap, 4 << 29 | 2 << 25)     # as v4.9 stores CMA, then Reclaimable
    machine.shapes.parameter_count = {"get_pfnblock_flags_mask": 4}.get
    order = machine.orders - 1
    assert page(machine, f"pfn:{A}").migratetype == "CMA"
    assert page(machine, f"pfn:{(LOW_START >> order << order) + (1 << order)}").migratetype == "Reclaimable"


def test_migratetype_is_unknown_without_the_bitmap(machine):
    assert page(machine, f"pfn:{A}").migratetype is None


@pytest.mark.parametrize("text", ["0x5", "0x80000000", "pfn:0x100000", "pfn:-1", "phys:0x100000000"])
def test_what_is_no_page_is_one_line(machine, text):
    with pytest.raises(MmError) as error:
        page(machine, text)
    assert "\n" not in str(error.value)


def test_a_frame_above_4_gib_is_one_where_physical_addresses_are_wider_than_pointers(machine):
    ctx = machine.context()
    ctx.arch = replace(ctx.arch, phys_bits=40)      # LPAE
    assert resolve(ctx, "pfn:0x100000").phys == resolve(ctx, "phys:0x100000000").phys == 1 << 32


def test_frame_without_a_struct_page_says_what_mem_map_covers(machine):
    with pytest.raises(MmError, match=f"{END_PFN:#x}"):
        page(machine, f"pfn:{END_PFN}")


def test_pointer_into_the_middle_of_an_entry(machine):
    ctx = machine.context()
    with pytest.raises(MmError, match="not at the start"):
        resolve_value(ctx, Expression(machine.page(A) + 4, True))
    place = resolve_value(ctx, Expression(machine.page(A) + 4, False))     # the array is memory too
    assert place.phys == machine.page(A) + 4 - 0xC0000000 + 0x10000000


def test_entry_zero_of_mem_map_is_the_first_frame_of_ram(machine):
    machine.put(machine.addr("contig_page_data"), "pglist_data", "node_start_pfn", BASE_PFN)
    assert machine.context().pages.pfn(MEM_MAP) == BASE_PFN


def test_an_address_in_a_signed_register_is_that_address(machine):
    ctx = machine.context()
    addr = machine.page(A)
    assert resolve_value(ctx, Expression(addr - (1 << 32), False)).page == addr
    with pytest.raises(MmError, match="0x90000 has no struct page"):
        page(machine, f"phys:{0x90000000 - (1 << 32)}")


@pytest.mark.parametrize("text, says", [
    ("pfn:", "pfn: needs a number"), ("phys: ", "phys: needs a number"), ("pfn:-1", "negative")])
def test_what_a_prefix_needs_is_said(machine, text, says):
    with pytest.raises(MmError, match=says):
        page(machine, text)


def test_a_struct_page_is_no_number(machine):
    machine.evaluate = lambda text: Expression(machine.page(A), True)
    with pytest.raises(MmError, match="leave out 'phys:'"):
        page(machine, "phys:page")
    assert page(machine, "page").pfn == A


@pytest.mark.parametrize("text, says", [
    (f"pfn:{A}", "a page frame number"), (f"phys:{A << 12}", "a physical address"),
    ("0xc0400004", "a virtual address")])
def test_text_says_how_x_was_understood(machine, text, says):
    assert page_text(page(machine, text)).splitlines()[0].split(None, 2)[2] == says


def test_page_1_link_to_another_zone(machine):
    machine.put(machine.page(A), "page", "flags", machine.high << 30)
    assert [(problem.id, problem.actual) for problem in page(machine, f"pfn:{A}").problems] == [("PAGE-1", "Highmem")]
    assert page(machine, f"pfn:{A + 1}").problems == ()


def test_page_1_link_to_no_zone(machine_4_9):
    machine_4_9.put(machine_4_9.page(A), "page", "flags", 3 << 30)
    assert [(problem.id, problem.actual) for problem in page(machine_4_9, f"pfn:{A}").problems] == [("PAGE-1", None)]


def test_a_hole_between_banks_is_no_memory_and_no_broken_page(machine):
    machine.memblock("memory", (LOW_START << 12, LOW_PAGES << 12), (HIGH_START + 16 << 12, 0x10000))
    machine.put(machine.page(HIGH_START), "page", "flags", 0)       # as memmap_init leaves a hole
    found = page(machine, f"pfn:{HIGH_START}")
    assert (found.kind, found.problems) == ("hole", ())
    assert (found.zone, found.migratetype, found.virt) == (None, None, None)
    assert "memblock.memory does not have this page" in page_text(found) and "highmem" not in page_text(found)
    assert page(machine, f"pfn:{HIGH_START + 16}").kind == "used"


def test_a_hole_in_lowmem_has_no_address_whatever_its_struct_page_says(machine):
    machine.memblock("memory", (LOW_START + 16 << 12, LOW_PAGES - 16 << 12))
    found = page(machine, f"pfn:{LOW_START}")
    assert (found.kind, found.virt, found.order) == ("hole", None, None)
    assert page(machine, f"pfn:{LOW_START + 16}").virt is not None


def test_a_pfn_outside_its_linked_zone_has_no_pageblock_there(machine):
    assert pageblock_migratetype(machine.context(), zones(machine.context())[0], HIGH_START) is None


def test_without_memblock_no_page_is_called_a_hole(machine):
    machine.put(machine.addr("memblock"), "memblock", "memory.regions", 4)
    assert page(machine, f"pfn:{A}").kind == "used"


def flag(machine, pfn, *names):
    bits = machine.shapes.enums["pageflags"]
    machine.put(machine.page(pfn), "page", "flags", sum(1 << bits[name] for name in names) | machine.low << 30)


def compound(machine, pfn, order):
    """Make a block one page."""
    flag(machine, pfn, "PG_head")
    for tail in range(pfn + 1, pfn + (1 << order)):
        machine.put(machine.page(tail), "page", "_refcount.counter", 0)
        machine.put(machine.page(tail), "page", "compound_head", machine.page(pfn) + 1)
    machine.put(machine.page(pfn + 1), "page", "compound_order", order)


def slab(machine, pfn, name):
    """Give a slab's first page a cache."""
    cache = machine.heap + -machine.heap % 4
    machine.heap = cache + 8
    machine.put(cache, "kmem_cache", "name", machine.string(name))
    machine.put(machine.page(pfn), "slab" if machine.new_style else "page", "slab_cache", cache)


def test_each_page_of_a_compound_page_names_its_head_and_order(machine):
    compound(machine, A, 3)
    for pfn in (A, A + 1, A + 7):
        found = page(machine, f"pfn:{pfn}")
        assert (found.kind, found.order, found.block_pfn) == ("compound", 3, A)
    assert "compound page, head of a block of order 3" in page_text(page(machine, f"pfn:{A}"))
    assert f"compound page, in the block of order 3 at pfn {A:#x}" in page_text(page(machine, f"pfn:{A + 7}"))


@pytest.mark.parametrize("link", [1, 0xC0400001 + 2, 0xFFFFFFFF])
def test_a_tail_whose_head_is_no_page_is_no_tail(machine, link):
    machine.put(machine.page(A), "page", "compound_head", link)
    found = page(machine, f"pfn:{A}")
    assert (found.kind, found.block_pfn) == ("used", None)


def test_an_order_that_cannot_be_is_unknown(machine):
    compound(machine, A, 3)
    machine.put(machine.page(A + 1), "page", "compound_order", 77)
    found = page(machine, f"pfn:{A}")
    assert (found.kind, found.order) == ("compound", None)
    assert "of unknown order" in page_text(found)


def test_a_slab_page_names_its_cache(machine):
    flag(machine, A, "PG_slab")
    slab(machine, A, "kmalloc-64")
    found = page(machine, f"pfn:{A}")
    assert (found.kind, found.cache, found.order, found.block_pfn) == ("slab", "kmalloc-64", 0, A)
    assert "slab of cache kmalloc-64\n" in page_text(found)


def test_a_later_page_of_a_slab_is_slab_too(machine):
    compound(machine, A, 2)
    flag(machine, A, "PG_slab", "PG_head")
    slab(machine, A, "dentry")
    found = page(machine, f"pfn:{A + 3}")
    assert (found.kind, found.cache, found.order, found.block_pfn) == ("slab", "dentry", 2, A)


@pytest.mark.parametrize("cache", [0, 4])
def test_a_slab_whose_cache_cannot_be_read_is_still_one(machine, cache):
    flag(machine, A, "PG_slab")
    machine.put(machine.page(A), "slab" if machine.new_style else "page", "slab_cache", cache)
    found = page(machine, f"pfn:{A}")
    assert (found.kind, found.cache) == ("slab", None)
    assert "cache unknown" in page_text(found)


def test_a_page_of_the_kernels_second_level_tables(machine):
    machine.poke(machine.addr("swapper_pg_dir"), A << 12 | 0xC00 | 1)
    assert page(machine, f"pfn:{A}").kind == "pagetable"
    machine.poke(machine.addr("swapper_pg_dir"), A << 12 | 2)       # a section
    assert page(machine, f"pfn:{A}").kind == "used"


def test_a_reserved_page_says_whose_it_is(machine):
    flag(machine, A, "PG_reserved")
    assert page(machine, f"pfn:{A}").owner is None
    machine.poke(machine.addr("cma_area_count"), 1)
    machine.put(machine.addr("cma_areas"), "cma", "base_pfn", A)
    machine.put(machine.addr("cma_areas"), "cma", "count", 4)
    found = page(machine, f"pfn:{A}")
    assert found.owner.startswith("CMA") and found.owner_source == "cma_areas"
    assert f"reserved: {found.owner}" in page_text(found)
