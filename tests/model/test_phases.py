# SPDX-License-Identifier: GPL-2.0-or-later
"""Phases are found by what a kernel has, and told in few lines; what changed is counted from two snapshots."""
from dataclasses import replace

import pytest

from machine import HIGH_PAGES, LOW_PAGES, LOW_START
from mmscope.model.phasechange import change
from mmscope.model.phases import PHASES, find_phase, find_phases, phase_names
from mmscope.model.phaselook import FLAGS, PAGESETS, flags_change, look, pageset_changes
from mmscope.model.snapshot import take
from mmscope.model.state import Frames
from mmscope.model.step import Step
from mmscope.model.stepreport import outermost, report
from mmscope.view.step import step_lines, step_text

CODE = {"memblock_free_all": 0x100, "mem_init": 0x200, "__free_memory_core": 0x130, "__next_mem_range": 0x300,
        "free_highpages": 0x210, "init.c:mm_init": 0x400, "kmem_cache_init": 0x500}
INLINED = {0x130, 0x210}


def found(without=()):
    """The phases of a kernel."""
    return find_phases(lambda name: (CODE[name],) if name in CODE and name not in without else (),
                       lambda addr: addr not in INLINED)


def test_each_phase_has_a_name_of_its_own_and_one_sentence():
    assert len(set(phase_names())) == len(PHASES)
    for phase in PHASES:
        assert phase.why.endswith(".") and phase.why.isascii() and len(phase.why) <= 120
        assert phase.functions and {phase.inside, phase.after} - {None} <= set(phase_names())


def test_a_spelling_that_is_called_comes_before_one_that_is_inlined():
    assert find_phase(found(), "free_range").function == "__next_mem_range"
    assert find_phase(found(["__next_mem_range"]), "free_range").function == "__free_memory_core"
    assert find_phase(found(), "mm_init").function == "mm_init"
    assert find_phase(found(), "memblock_free_all") is find_phase(found(), "memblock_free_all") or \
        find_phase(found(), "memblock_free_all").phase.name == "free_all_bootmem"
    assert find_phase(found(), "paging_init") is None


def test_what_is_inlined_behind_another_phase_has_no_address():
    highpages = find_phase(found(), "free_highpages")
    assert highpages.entries == () and highpages.inlined and highpages.phase.after == "free_all_bootmem"


def more(count):
    """By how much it grew."""
    return count.after - count.before


@pytest.fixture
def sides(machine):
    """Snapshots before and after a block was freed and a range reserved."""
    before, _ = take(machine.context(), "before")
    machine.free(machine.low, 1, 1, LOW_START)
    machine.memblock("reserved", (LOW_START << 12, 0x3000))
    machine.set_total("totalram_pages", 77)
    return before, take(machine.context(), "after")[0]


def test_a_change_is_the_difference_of_two_snapshots(sides):
    made = change(*sides)
    assert (made.count("free_pages").before, made.count("free_pages").after) == (0, 2)
    assert made.count("reserved_bytes").after == 0x3000 and made.count("totalram_pages").after == 77
    assert [count.after for count in made.zones[0].blocks][:3] == [0, 1, 0] and not made.empty
    assert change(sides[0], sides[0]).empty


def test_nothing_is_before_the_first_snapshot(sides):
    bare = replace(sides[1], zones=None, free_lists=None, frames=None, caches=None, areas=None)
    made = change(None, bare)
    assert made.count("reserved_bytes").before is None and made.zones == () and made.owners == ()
    assert made.count("slabs").after is None


def test_text_has_the_numbers_and_fits_in_80_columns(sides):
    made = change(*sides)
    step = Step(3, "mem_init", "mem_init", ("mm_init",), find_phase(found(), "mem_init").phase.why, "step/03-mem_init",
                True, made, made)
    text = step_lines(step)
    assert " 3 mem_init in mm_init, from the middle on\n" in text
    assert "free pages 0 -> 2 (+2)" in text and "+1 of order 1" in text and "Before it" in text
    bad = replace(step, phase="x\x1b[2J", change=None, between=None)
    assert "cannot be read" in step_lines(bad) and "\x1b" not in step_lines(bad)
    for whole in (text, step_lines(step, quiet=True), step_lines(bad), step_text(
            report([step, bad], sides[0], sides[1], ("mm_init",), "interrupted", True, True))):
        assert max(map(len, whole.splitlines())) <= 80 and whole.isascii() and whole.endswith("\n")


def test_a_range_that_was_memblocks_is_told_with_its_blocks(sides):
    free = Frames("free", "Unmovable order 1", (LOW_START, LOW_START + 2))
    before = replace(sides[0], frames=(Frames("memblock", "", (LOW_START, LOW_START + 2)),))
    made = change(before, replace(sides[1], frames=(free,)))
    given, = made.handed_over
    assert (given.start_pfn, given.pages, given.blocks) == (LOW_START, 2, (0, 1))
    step = Step(1, "free_range", "f", (), "", None, False, None, made)
    text = step_lines(step)
    assert f"pfn {LOW_START:#x}-{LOW_START + 2:#x}: 2 pages in 1 block: 1 of order 1\n" in text
    assert "blocks +" not in text and "pages by owner" not in text      # they say the same once more
    several = replace(made, handed_over=(given,) * 5)
    assert "5 ranges, 10 pages: pfn" in step_lines(replace(step, change=several))
    assert "and 2 more" in step_lines(replace(step, change=several))
    assert change(sides[1], sides[1]).handed_over == ()


def test_flags_and_pagesets_are_looked_at_where_a_phase_changes_them(machine):
    ctx = machine.context()
    before = look(ctx, FLAGS), look(ctx, PAGESETS)
    assert look(ctx, None) is None and flags_change(None, before[0]) is None
    machine.put(machine.page(LOW_START), "page", "flags", 1 << ctx.layout.enum("pageflags")["PG_reserved"])
    machine.put(machine.page(LOW_START + 1), "page", "flags", 1 << 3)
    machine.pagesets()
    ctx = machine.context()
    flags = flags_change(before[0], look(ctx, FLAGS))
    assert (flags.frames, flags.changed, more(flags.reserved)) == (LOW_PAGES + HIGH_PAGES, 2, 1)
    moved = pageset_changes(before[1], look(ctx, PAGESETS))
    assert [each.before for each in moved] == [0, 0] and moved[0].after + 0x800 == moved[1].after and not moved[0].was
    moved = moved[0]
    assert flags_change(*before) is None and pageset_changes(*before) == ()
    nothing = change(None, replace(take(ctx, "x")[0], **dict.fromkeys(("memory", "reserved", "zones", "frames"))))
    step = Step(1, "reserve", "f", (), "", None, False, None, replace(nothing, counts=tuple(
        replace(each, after=each.before) for each in nothing.counts)))
    assert "Nothing changed" in step_lines(step)
    told = step_lines(replace(step, flags=flags, pagesets=(replace(moved, zone="Nor\x1bmal", node=1, was="b" * 99),)))
    assert "2 of " in told and "PG_reserved 0 -> 1" in told and "Nor\\x1bmal of node 1: pagesets" in told
    assert "Nothing changed" not in told and max(map(len, told.splitlines())) <= 80 and told.isascii()


def test_what_no_phase_did_is_between_them(sides):
    made = change(*sides)
    inner = Step(1, "free_range", "f", ("mem_init",), "", None, False, None, made)
    outer = Step(2, "mem_init", "mem_init", (), "", None, False, None, made)
    assert report([inner, outer], *sides, (), None, False, True).between["free_pages"] == 0
    assert report([], *sides, (), None, False, True).between["free_pages"] == 2
    early = replace(outer, earlier=True)        # of which not all is of this command: its parts are counted
    assert report([inner, early], *sides, (), None, False, True).between["free_pages"] == 0
    assert report([early], *sides, (), None, False, True).between["free_pages"] == 2
    deep, other = replace(inner, inside=("mm_init", "mem_init")), replace(inner, inside=("boot",))
    assert outermost([deep, replace(outer, inside=("mm_init",)), other]) == (replace(outer, inside=("mm_init",)), other)
    assert "mem_init changed before" in step_text(report([inner, early], *sides, (), None, False, True))
    assert "interrupted" in step_text(report([outer], *sides, ("mem_init",), "interrupted", False, True))
