# SPDX-License-Identifier: GPL-2.0-or-later
"""memblock is decoded, its holes are what the hand-over frees, and every broken invariant is named."""
import pytest

from machine import HEAP
from mmscope.errors import MmError
from mmscope.model.memblock import Range, memblock
from mmscope.view.memblock import memblock_text

MB = 1 << 20


def broken(machine):
    """IDs of the broken invariants, each once."""
    return list(dict.fromkeys(problem.id for problem in memblock(machine.context()).problems))


def test_regions_and_free_ranges(machine):
    machine.memblock("memory", (0x10000000, 96 * MB), (0x20000000, 16 * MB))
    machine.memblock("reserved", (0x10004000, 0x4000), (0x15fff000, 0x1000), (0x20000000, 0x10))
    found = memblock(machine.context())
    assert [(r.base, r.size) for r in found.reserved] == [
        (0x10004000, 0x4000), (0x15fff000, 0x1000), (0x20000000, 0x10)]
    assert found.free == (Range(0x10000000, 0x10004000), Range(0x10008000, 0x15fff000), Range(0x20000010, 0x21000000))
    assert found.problems == ()


def test_empty_list_is_one_region_of_size_zero_and_shows_as_empty(machine):
    machine.memblock("memory")
    machine.memblock("reserved")
    found = memblock(machine.context())
    assert found.memory == found.reserved == found.free == ()
    assert found.problems == ()
    assert memblock_text(found).count("(none)") == 3


def test_nomap_memory_is_not_free(machine):
    machine.memblock("memory", (0x10000000, MB), (0x10100000, MB, 4), (0x10200000, MB))
    found = memblock(machine.context())
    assert found.free == (Range(0x10000000, 0x10100000), Range(0x10200000, 0x10300000))
    assert found.memory[1].flag_names == ("nomap",)


def test_reservation_across_two_banks_and_outside_memory(machine):
    machine.memblock("memory", (0x10000000, MB), (0x10200000, MB))
    machine.memblock("reserved", (0x0, 0x1000), (0x100ff000, 0x102000), (0x30000000, MB))
    assert memblock(machine.context()).free == (Range(0x10000000, 0x100ff000), Range(0x10201000, 0x10300000))


def test_nid_is_none_where_the_kernel_keeps_none(machine):
    region = memblock(machine.context()).memory[0]
    assert region.nid == (None if machine.new_style else 0)


def test_memblock_1_regions_overlap(machine):
    machine.memblock("reserved", (0x10000000, 0x2000), (0x10001000, 0x1000))
    assert broken(machine) == ["MEMBLOCK-1"]


def test_memblock_1_regions_out_of_order_and_free_ranges_still_right(machine):
    machine.memblock("memory", (0x10000000, MB))
    machine.memblock("reserved", (0x10020000, 0x1000), (0x10010000, 0x1000))
    assert broken(machine) == ["MEMBLOCK-1"]
    assert memblock(machine.context()).free == (
        Range(0x10000000, 0x10010000), Range(0x10011000, 0x10020000), Range(0x10021000, 0x10100000))


def test_memblock_2_neighbours_not_merged(machine):
    machine.memblock("reserved", (0x10000000, 0x1000), (0x10001000, 0x1000))
    assert broken(machine) == ["MEMBLOCK-2"]
    machine.memblock("reserved", (0x10000000, 0x1000), (0x10001000, 0x1000, 1))
    assert broken(machine) == []


def test_memblock_3_total_is_not_the_sum(machine):
    machine.memblock("reserved", (0x10000000, 0x1000), total=0x2000)
    assert broken(machine) == ["MEMBLOCK-3"]


def test_memblock_4_region_of_size_zero(machine):
    machine.memblock("reserved", (0x10000000, 0x1000), (0x10002000, 0))
    assert broken(machine) == ["MEMBLOCK-4"]


@pytest.mark.parametrize("cnt", [0, 129, 1 << 31, 0xFFFFFFFF])
def test_memblock_4_absurd_count_is_bounded(machine, cnt):
    machine.memblock("reserved", (0x10000000, 0x1000), cnt=cnt)
    machine.ram.reads.clear()
    assert "MEMBLOCK-4" in broken(machine)
    assert sum(size for _, size in machine.ram.reads) < MB


def test_memblock_4_absurd_count_and_maximum(machine):
    machine.memblock("reserved", (0x10000000, 0x1000), cnt=1 << 31)
    machine.put(machine.addr("memblock"), "memblock", "reserved.max", 0xFFFFFFFF)
    assert "MEMBLOCK-4" in broken(machine)


def test_memblock_4_regions_that_cannot_be_read(machine):
    machine.put(machine.addr("memblock"), "memblock", "reserved.regions", 0x12345678)
    assert broken(machine) == ["MEMBLOCK-4"]


def test_memblock_5_region_wraps(machine):
    machine.memblock("memory", (0xFFFFF000, 0x2000))
    assert broken(machine) == ["MEMBLOCK-5"]


def test_owners_are_named_with_their_source_and_unknown_is_none(machine):
    machine.poke(machine.addr("cma_area_count"), 1)
    cma = machine.addr("cma_areas")
    machine.put(cma, "cma", "base_pfn", 0x11000)
    machine.put(cma, "cma", "count", 0x100)
    if machine.new_style:
        machine.ram.write(cma + machine.shapes.place("cma", "name")[0], b"pool\0")
    else:
        machine.put(cma, "cma", "name", machine.string("pool"))
    machine.memblock("reserved", (0x10400000, 1024 * 1024), (0x11000000, MB), (0x12000000, 16))
    first, second, third = memblock(machine.context()).reserved
    assert first.owner.startswith("mem_map") and "other bytes" in first.owner
    assert (second.owner, second.owner_source) == ("CMA pool", "cma_areas")
    assert (third.owner, third.owner_source) == (None, None)


def test_memory_that_was_discarded_after_boot_is_not_decoded(machine):
    symbols = machine.shapes.symbols
    symbols["__init_begin"], symbols["__init_end"] = symbols["memblock"], symbols["_end"]
    with pytest.raises(MmError, match="discarded"):
        memblock(machine.context())


def test_names_from_the_target_are_escaped(machine_4_9):
    machine = machine_4_9
    machine.poke(machine.addr("cma_area_count"), 1)
    machine.put(machine.addr("cma_areas"), "cma", "base_pfn", 0x11000)
    machine.put(machine.addr("cma_areas"), "cma", "count", 0x100)
    machine.put(machine.addr("cma_areas"), "cma", "name", machine.string("\x1b[31mred\n"))
    machine.memblock("reserved", (0x11000000, MB))
    text = memblock_text(memblock(machine.context()))
    assert "\x1b" not in text and "\\x1b[31mred\\x0a" in text


def test_lines_fit_eighty_columns(machine):
    machine.memblock("reserved", *((0x10000000 + n * 0x100000, 0xfffff) for n in range(100)))
    assert max(map(len, memblock_text(memblock(machine.context())).splitlines())) <= 80


def test_count_is_bounded_by_what_can_be_read(machine):
    machine.put(machine.addr("memblock"), "memblock", "reserved.regions", HEAP + 0xFF00)
    machine.put(machine.addr("memblock"), "memblock", "reserved.cnt", 128)
    assert "MEMBLOCK-4" in broken(machine)
