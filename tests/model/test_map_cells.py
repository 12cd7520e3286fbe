# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells hold every page frame once, whatever memory looks like; the other side is a dict with an entry a page."""
import random
import tracemalloc
from collections import Counter

import pytest

from mapmade import made, scattered
from mmscope.errors import MmError
from mmscope.model import frame
from mmscope.model.mapcells import draw, top_address

ZONES = (("DMA", 0x103, 0x500), ("Normal", 0x603, 0x2200), ("HighMem", 0x10000, 0x333))


def group(kind, detail, by):
    """Which group a page frame is of, by the words of the detail."""
    if by == "owner":
        return kind
    if kind != "free":
        return "taken"
    words = detail.split()
    return words[2] if by == "order" else words[0]


def cells_of(found):
    return [cell for section in found.sections for cell in section.cells]


def holds(found, truth, by, window):
    """Sections cover the window; cells cover their section; each cell counts what is in it."""
    at = window[0]
    for section in found.sections:
        assert section.start_pfn == at < section.end_pfn
        at = section.end_pfn
        if not section.cells:
            assert not any(pfn in truth for pfn in range(section.start_pfn, section.end_pfn))
            continue
        assert section.line_pfn <= section.start_pfn < section.line_pfn + 16 * found.cell_pages
        inside = section.start_pfn
        for cell in section.cells:
            assert cell.start_pfn == inside < cell.end_pfn
            inside = cell.end_pfn
            assert inside % found.cell_pages == 0 or inside == section.end_pfn
            assert cell.start_pfn // found.cell_pages == (cell.end_pfn - 1) // found.cell_pages
            pages = Counter(group(*truth[pfn], by) if pfn in truth else frame.HOLE
                            for pfn in range(cell.start_pfn, cell.end_pfn))
            assert cell.pages == pages
            assert cell.pages[cell.name] == max(pages.values()) and cell.mixed == (len(pages) > 1)
        assert inside == section.end_pfn
    assert at == window[1]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("by", ["owner", "order", "migratetype"])
def test_cells_count_what_a_dict_of_pages_counts(seed, by):
    chance = random.Random(seed)
    frames, truth = scattered(seed, ZONES, chance.choice((20, 700)))
    snapshot = made(ZONES, frames)
    first, last = ZONES[0][1], ZONES[-1][1] + ZONES[-1][2]
    window = None if seed % 3 == 0 else tuple(sorted(chance.sample(range(first - 50, last + 50), 2)))
    row_cells, max_rows = chance.choice((16, 64, 96)), chance.choice((1, 8, 40))
    found = draw(snapshot, by, window, None, row_cells, max_rows)
    window = window or (first, last)
    holds(found, truth, by, window)
    sums = Counter(group(*each, by) for pfn, each in truth.items() if window[0] <= pfn < window[1])
    spanned = sum(max(min(start + pages, window[1]) - max(start, window[0]), 0) for _, start, pages in ZONES)
    sums[frame.HOLE] = spanned - sum(sums.values())
    assert {each.name: each.pages for each in found.groups} == {name: count for name, count in sums.items() if count}
    assert found.twice == 0


@pytest.mark.parametrize("max_rows", [3, 16, 100])
def test_a_map_has_as_many_lines_as_were_asked_for_and_not_half_as_many(max_rows):
    zones = (("Normal", 0x1234, 0x40000),)
    found = draw(made(zones, [("free", "Movable order 0", (0x1234, 0x41234))]), max_rows=max_rows)
    lines = -(-(found.sections[0].end_pfn - found.sections[0].line_pfn) // (found.cell_pages * found.row_cells))
    assert max_rows / 2 - 1 <= lines <= max_rows


def test_zones_begin_their_own_section_in_the_middle_of_a_cell():
    frames = [("free", "Movable order 0", (0x103, 0x8803))]
    found = draw(made((("DMA", 0x103, 0x500), ("Normal", 0x603, 0x8200)), frames), max_rows=4)
    assert found.cell_pages > 8
    assert [(section.start_pfn, section.end_pfn, [zone.zone for zone in section.zones])
            for section in found.sections] == [(0x103, 0x603, ["DMA"]), (0x603, 0x8803, ["Normal"])]


def test_zones_of_two_nodes_that_lie_over_each_other_are_drawn_once():
    zones = (("Normal", 0x100, 0x300), ("Normal", 0x200, 0x300))
    found = draw(made(zones, [("free", "Movable order 0", (0x100, 0x200)), ("slab", "a", (0x200, 0x500)),
                              ("hole", "", (0x200, 0x400))]))
    assert [(section.start_pfn, len(section.zones)) for section in found.sections] == [
        (0x100, 1), (0x200, 2), (0x400, 1)]
    assert {each.name: each.pages for each in found.groups} == {"free": 0x100, "slab": 0x300}


def test_a_sparse_machine_of_64_gib_is_a_few_lines_and_little_memory():
    """16.7 million page frames in 200,000 ranges; banks lie terabytes apart."""
    chance = random.Random(1)
    banks = [(0x80000, 1 << 19), (1 << 28, 1 << 23), (1 << 33, 1 << 23)]
    ranges = {name: [] for name in ("free", "slab", "anon", "other")}
    for start, pages in banks:
        step = pages // 66000
        for at in range(start, start + pages - step, step):
            ranges[chance.choice(list(ranges))].extend((at, at + step))
    zones = [(f"Normal{at}", start, pages) for at, (start, pages) in enumerate(banks)]
    snapshot = made(zones, [(name, "", tuple(found)) for name, found in ranges.items()])
    total = sum((found[at + 1] - found[at]) for found in ranges.values() for at in range(0, len(found), 2))
    tracemalloc.start()
    found = draw(snapshot)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 16_000_000 and sum(map(len, ranges.values())) > 390_000
    assert sum(each.pages for each in found.groups if each.name != frame.HOLE) == total
    assert len(cells_of(found)) <= 16 * 64 and peak < 16 << 20
    gaps = [section for section in found.sections if not section.cells]
    assert [(gap.start_pfn, gap.end_pfn) for gap in gaps] == [
        (0x80000 + (1 << 19), 1 << 28), ((1 << 28) + (1 << 23), 1 << 33)]


def test_a_hole_inside_of_a_zone_is_a_gap_only_where_it_is_longer_than_a_line():
    zones = (("Normal", 0, 1 << 24),)
    found = draw(made(zones, [("free", "Movable order 0", (0, 1 << 12, 1 << 23, (1 << 23) + 64))]))
    assert [bool(section.cells) for section in found.sections] == [True, False, True, False]
    assert sum(each.pages for each in found.groups) == 1 << 24
    small = draw(made(zones, [("free", "Movable order 0", (0, 1 << 20, (1 << 20) + 8, 1 << 24))]))
    assert len(small.sections) == 1 and {each.name for each in small.groups} == {"free", "hole"}


@pytest.mark.parametrize("hole, sections", [(63, [(0, 256)]), (64, [(0, 64), (64, 128), (128, 256)])])
def test_a_gap_is_a_line_or_more(hole, sections):
    frames = [("free", "Movable order 0", (0, 64, 64 + hole, 256))]
    found = draw(made((("Normal", 0, 256),), frames), max_rows=100)
    assert found.cell_pages == 1 and [(each.start_pfn, each.end_pfn) for each in found.sections] == sections


def test_frames_that_are_in_two_groups_are_told():
    found = draw(made((("Normal", 0, 64),), [("free", "Movable order 0", (0, 64)), ("slab", "a", (10, 20))]))
    assert found.twice == 10


def test_numbers_that_no_machine_has_are_drawn_or_refused():
    huge = 1 << 64
    for zones, frames in [
            ((("Normal", -5, 10),), [("free", "Movable order 0", (0, 4))]),
            ((("Normal", 5, -10),), [("free", "Movable order 0", (0, 4))]),
            ((("Normal", 0, huge),), [("free", "Movable order 99999999999999999999", (0, huge))]),
            ((), [("<script>", "x", (0, 1)), ("free", "no order", (huge - 1, huge))]),
            ((("Normal", 0, 8),), [("free", "", (4, 4))]),
            ([("Normal", at * 7, 3) for at in range(5000)], [("free", "\x1b order \u0663", (0, 9))])]:
        for by in ("owner", "order", "migratetype"):
            found = draw(made(zones, frames), by)
            assert len(cells_of(found)) <= max(16 * 64, len(found.sections) * 64)
    for zones, frames in [((), []), ((), [("free", "", ())]), ((("Normal", 0, 0),), []),
                          ([("Normal", at, 1) for at in range(6000)], [("free", "", (0, 1))])]:
        with pytest.raises(MmError):
            draw(made(zones, frames))


def test_many_names_of_migratetypes_are_some_and_the_rest():
    frames = [("free", f"Type{at} order 0", (at, at + 1)) for at in range(1000)]
    found = draw(made((("Normal", 0, 1000),), frames), "migratetype")
    assert len(found.groups) == 17 and sum(each.pages for each in found.groups) == 1000


PAGE = 4096


@pytest.mark.parametrize("seed", range(10))
def test_before_zones_exist_the_map_is_what_memblock_has_byte_for_byte(seed):
    """A page is reserved when a byte of it is; it is memory when all of it is."""
    chance = random.Random(seed)
    memory, at = [], 0x100 * PAGE
    for _ in range(chance.randint(1, 3)):
        end = at + chance.randrange(1, 40) * PAGE + chance.choice((0, 0, 0x800))
        memory.append((at, end, chance.choice((0, 0, 0, 4))))
        at = end + chance.choice((0x400, 3 * PAGE))
    reserved = []
    for _ in range(6):
        start = chance.randrange(0x100 * PAGE, at)
        reserved.append((start, start + chance.choice((16, PAGE, 5 * PAGE + 8))))
    owners = [(start, end, f"owner {number}", "test", chance.random() < 0.3)
              for number, (start, end) in enumerate(reserved[:4])]
    found = draw(made((), None, memory, sorted(reserved), owners, stage="memblock"), row_cells=16, max_rows=1 << 16)
    assert found.source == "memblock" and found.cell_pages == 1
    whole = set()
    for start, end, _ in memory:
        whole.update(range(-(-start // PAGE), end // PAGE))
    expected = {}
    for pfn in whole:
        touched = any(start < (pfn + 1) * PAGE and end > pfn * PAGE for start, end in reserved)
        no_map = any(flags and start < (pfn + 1) * PAGE and end > pfn * PAGE for start, end, flags in memory)
        expected[pfn] = "reserved" if touched or no_map else "memblock"
    drawn = {cell.start_pfn: cell.name for cell in cells_of(found) if cell.name != frame.HOLE}
    assert drawn == expected
    elsewhere = {pfn for start, end in reserved for pfn in range(start // PAGE, -(-end // PAGE))} - whole
    assert found.elsewhere == len(elsewhere)
    names = {each.name for each in found.groups if each.name == "reserved" for each in each.details}
    assert names <= {*(name if not general else f"{name} at {start:#x}" for start, _, name, _, general in owners),
                     "early allocations", "no-map firmware"}


def test_an_owner_that_is_not_reserved_is_free_memory():
    found = draw(made((), None, [(0, 64 * PAGE)], [(8 * PAGE, 16 * PAGE)],
                      [(0, 12 * PAGE, "image", "symbols", False)], stage="memblock"))
    assert {each.name: each.pages for each in found.groups} == {"memblock": 56, "reserved": 8}
    assert [(each.name, each.pages) for each in found.groups[0].details] == [("image", 4), ("early allocations", 4)]
    assert {name for cell in cells_of(found) for name in cell.owners} == {"image", "early allocations"}


def test_what_is_not_there_is_said():
    early = made((), None, [(0, 64 * PAGE)], [], [], stage="memblock")
    with pytest.raises(MmError, match="no free lists by order in this snapshot: not there yet at stage memblock"):
        draw(early, "order")
    with pytest.raises(MmError, match="there is nothing to draw"):
        draw(made((), None))


def test_regions_owners_and_what_was_asked_for_are_pointed_at():
    frames = [("reserved", "kernel text", (16, 32)), ("free", "Movable order 4", (0, 16, 32, 256))]
    snapshot = made((("Normal", 0, 256),), frames, memory=[(0, 128 * PAGE), (128 * PAGE, 256 * PAGE)])
    found = draw(snapshot, "owner", (8, 200), 77)
    assert [(mark.what, mark.pfn, mark.name) for mark in found.marks] == [
        ("asked", 77, ""), ("owner", 16, "kernel text"), ("memory", 128, "")]
    assert [mark.what for mark in draw(snapshot).marks] == ["memory"]
    assert top_address(snapshot) == 256 * PAGE and top_address(snapshot, (8, 200)) == 200 * PAGE
