# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why of what the page allocator does not have: holes, reserved pages, what memblock still has."""
from machine import HIGH_START, LOW_START, PAGE_OFFSET, PHYS_OFFSET
from mmscope.layout.debuginfo import Symbol
from mmscope.model import frame
from mmscope.view.why import why_text
from whys import A, ask, low, reserve, said


def test_a_hole_says_what_memory_is_around(machine):
    machine.memblock("memory", (LOW_START << 12, 0x100000), (LOW_START + 0x200 << 12, 0x1600000))
    answer = ask(machine, LOW_START + 0x180)
    begin, end = LOW_START + 0x100 << 12, LOW_START + 0x200 << 12
    assert answer.kind == frame.HOLE and answer.zone is None and answer.virt is None
    assert answer.verdict == f"hole: there is no memory here: RAM ends at {begin:#x} and begins at {end:#x}"
    assert said(answer, "RAM below") == [f"{LOW_START << 12:#x} to {begin:#x}"]
    assert said(answer, "struct page") == ["there is one, it means nothing"]
    nowhere = ask(machine, 0x90000)                 # not in mem_map either
    assert nowhere.page is None and said(nowhere, "struct page") == []
    assert [line.split() for line in why_text(nowhere).splitlines() if "struct page" in line] == [
        ["struct", "page", "none"]]


def test_a_page_of_which_a_part_is_memory_is_not_said_to_be_without(machine):
    pfn = LOW_START + 0x100
    machine.memblock("memory", (LOW_START << 12, 0x100C00), (LOW_START + 0x200 << 12, 0x1600000))
    for byte in (0x100, 0xD00):
        answer = ask(machine, f"phys:{(pfn << 12) + byte:#x}")
        assert (answer.kind, answer.verdict) == (frame.HOLE, "hole: only a part of this page is memory")
        assert said(answer, "in part")[0].startswith("0xc00 bytes")
    assert "no memory here" in ask(machine, pfn + 1).verdict


def test_a_reserved_page_names_its_region_and_its_place_in_it(machine):
    reserve(machine, (A, 0x1000), (A + 8, 0x2800))
    answer = ask(machine, A + 10)
    assert answer.kind == frame.RESERVED
    assert answer.verdict == "reserved: early allocations, memblock.reserved[1]; never given back"
    assert said(answer, "region") == [
        f"memblock.reserved[1]: {A + 8 << 12:#x} + 0x2800, its 3rd of 3 pages, 0x800 bytes of this page"]
    assert said(answer, "the rest") and not said(ask(machine, A + 9), "the rest")


def test_a_page_of_the_image_names_its_section_as_its_owner_too(machine):
    reserve(machine, (A, 0x5000))
    base = PAGE_OFFSET + (A << 12) - PHYS_OFFSET
    for name, value in (("_text", 0), ("_stext", 0x400), ("_etext", 0x1400), ("__bss_start", 0x1400),
                        ("__bss_stop", 0x3000), ("_end", 0x4800)):
        machine.shapes.symbols[name] = Symbol(name, base + value)
    phys = A << 12
    text = f"kernel text, {phys:#x} to {phys + 0x1400:#x} (by symbols)"
    bss = f"kernel bss, {phys + 0x1400:#x} to {phys + 0x3000:#x} (by symbols)"
    image = f"kernel image, {phys + 0x400:#x} to {phys + 0x4800:#x} (by symbols _stext, _end)"
    for at, named, owners in ((0, "kernel text", [text]), (1, "kernel bss", [
            f"{text}, 0x400 bytes of this page", f"{bss}, 0xc00 bytes of this page"]), (2, "kernel bss", [bss]),
            (3, "kernel image", [image]), (4, "kernel image", [f"{image}, 0x800 bytes of this page"])):
        answer = ask(machine, A + at)
        assert answer.detail == named and answer.verdict.startswith(f"reserved: {named}, ")
        assert said(answer, "owner") == owners


def test_a_cma_pool_comes_back_by_an_initcall(machine):
    area = machine.addr("cma_areas")
    machine.put(area, "cma", "base_pfn", A)
    machine.put(area, "cma", "count", 64)
    name = machine.shapes.place("cma", "name")
    if machine.new_style:
        machine.ram.write(area + name[0], b"pool\0")
    else:
        machine.poke(area + name[0], machine.string("pool"))
    machine.poke(machine.addr("cma_area_count"), 1)
    reserve(machine, (A, 64 << 12))
    assert ask(machine, A + 5).verdict.endswith("it was not given back")
    machine.poke(machine.addr("system_state"), 0)
    answer = ask(machine, A + 5)
    assert answer.verdict == "reserved: CMA pool, memblock.reserved[0]; given back by an initcall"
    assert "cma_init_reserved_areas" in said(answer, "later")[0]


def test_before_the_hand_over_memblock_has_it(machine):
    for name in ("system_state", "slab_state"):
        machine.poke(machine.addr(name), 0)
    machine.set_total("totalram_pages", 0)
    machine.shapes.symbols["memblock_free_all"] = Symbol("memblock_free_all", 0xC0100000)
    machine.shapes.symbols["free_highpages"] = Symbol("free_highpages", 0xC0100000)
    here, high = ask(machine, A), ask(machine, HIGH_START + 5)
    assert here.kind == high.kind == frame.MEMBLOCK
    assert here.verdict == "not handed over yet: free in memblock; memblock_free_all gives it to the buddy lists of " \
                           f"zone {low(machine)}"
    assert "free_highpages" in high.verdict and high.zone == "Highmem"
