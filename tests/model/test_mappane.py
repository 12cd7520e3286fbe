# SPDX-License-Identifier: GPL-2.0-or-later
"""The map's window: each cell where it belongs, what changed is said, and a quick look agrees with a whole one."""
from collections import Counter
from dataclasses import replace

import pytest

from machine import BASE_PFN, END_PFN, HIGH_START, LOW_START
from mmscope.model import frame, quickmap
from mmscope.model.frames import machine_spans
from mmscope.model.mapcells import draw
from mmscope.model.quickmap import UNSEEN, quick_snapshot
from mmscope.model.state import Frames, Snapshot, ZoneState
from mmscope.model.terminal import Terminal
from mmscope.view.mappane import map_pane
from mmscope.view.panes import CHANGED, cut

UTF8 = Terminal(80, "UTF-8", True)


def snapshot(*frames, zones=(("Normal", 0, 0x400),)):
    states = tuple(ZoneState(0, name, start, pages, pages, pages, pages, (0,) * 11, False)
                   for name, start, pages in zones)
    return Snapshot("now", None, "guest", None, None, None, "arm", "slab", 12, {}, None, None, (), states, None, None,
                    None, None, frames, {}, ())


def drawn(shot, by="owner", able=UTF8):
    """16 cells a line, 4 lines at the most."""
    return replace(draw(shot, by, None, None, 16, 4), terminal=able)


def text_of(line):
    return "".join(text for text, _ in line)


def test_each_cell_has_its_sign_and_the_first_line_of_a_zone_its_name():
    pane = map_pane(drawn(snapshot(Frames("free", "Movable order 9", (0x100, 0x400)), Frames("slab", "x", (0, 0x80)),
                                   Frames("reserved", "", (0x80, 0x100)))), None, 78)
    assert text_of(pane.head[0]).split(": ") == ["64 KiB a cell", "\u2591 free 768 \u2588 reserved 128 S slab 128 "]
    assert [text_of(line) for line in pane.body] == [
        "Normal   " + "S" * 8 + "\u2588" * 8, *(f"{start:#x} {chr(0x2591) * 16}" for start in
                                                (0x100000, 0x200000, 0x300000))]


def test_what_changed_is_marked_and_said():
    before, now = (drawn(snapshot(Frames("free", "", (0x100, 0x400)), Frames("slab", "x", (0, used)))) for used in (
        0x80, 0x88))
    pane = map_pane(now, before, 78)
    assert ("1 changed from 0x80000", CHANGED) in pane.head[0]
    marked = [at for at, (_, look) in enumerate(pane.body[0][1:]) if CHANGED in look.split()]
    assert marked == [8] and not any(CHANGED in look.split() for _, look in pane.body[1])
    assert not [look for line in map_pane(now, now, 78).body for _, look in line if CHANGED in look]


def test_maps_of_another_scale_are_not_compared():
    small = drawn(snapshot(Frames("free", "", (0, 0x10)), zones=(("Normal", 0, 0x10),)))
    assert CHANGED not in str(map_pane(drawn(snapshot(Frames("free", "", (0, 0x400)))), small, 78))


def test_a_narrow_legend_has_no_counts_and_orders_are_told_apart():
    found = drawn(snapshot(Frames("free", "Movable order 3", (0, 8)), Frames("free", "Movable order 9", (512, 1024)),
                           Frames("slab", "", (8, 512))), "order")
    assert text_of(map_pane(found, None, 30).head[0]).endswith(": 9 order 9 \u2588 on no free list 3 order 3 ") or \
        "9 order 9 " in text_of(map_pane(found, None, 30).head[0])
    assert "512" not in text_of(map_pane(found, None, 30).head[0])


def test_on_a_terminal_of_ascii_signs_are_ascii_and_names_escaped():
    found = drawn(snapshot(Frames("free", "", (0, 0x3F0)), zones=(("N\x1b[2J", 0, 0x400),)), able=Terminal())
    lines = [text_of(line) for line in (*map_pane(found, None, 78).head, *map_pane(found, None, 78).body)]
    assert all(line.isascii() and "\x1b" not in line for line in lines) and "." * 16 in lines[2]


def test_kinds_that_are_side_by_side_have_different_colours():
    pane = map_pane(drawn(snapshot(Frames("free", "", (0x100, 0x200)), Frames("slab", "", (0, 0x80)),
                                   Frames("reserved", "", (0x80, 0x100)), Frames("pagetable", "", (0x200, 0x400)))),
                    None, 78)
    looks = {text: look for line in pane.body for text, look in line[1:]}
    assert looks == {"\u2591": "32", "S": "34", "\u2588": "", "T": "31"}


def test_it_is_cut_to_its_window():
    pane = map_pane(drawn(snapshot(Frames("free", "", (0, 0x400)))), None, 20)
    assert [len(text_of(line)) for line in cut(pane, 20, 4, 0, 0)] == [20] * 4


def kinds(ctx):
    """Pages by kind, from a whole look and from a quick one."""
    whole, quick = Counter(), Counter()
    for span in machine_spans(ctx):
        if span.kind != frame.HOLE:
            whole[span.kind] += span.pages
    for each in quick_snapshot(ctx).frames:
        quick[each.kind] += sum(each.ranges[1::2]) - sum(each.ranges[::2])
    return dict(whole), dict(quick)


@pytest.fixture
def busy(machine):
    """Free blocks in both zones, the first pages reserved, and a kernel that allocates."""
    machine.memblock("memory", (BASE_PFN << 12, (END_PFN - BASE_PFN) << 12))
    machine.memblock("reserved", (LOW_START << 12, 0x40 << 12))
    for pfn in range(LOW_START, LOW_START + 0x40):
        machine.put(machine.page(pfn), "page", "flags", machine.take(machine.page(pfn), "page", "flags") | 1 << 10)
    machine.free(machine.low, 3, 1, (LOW_START + 0x100) & ~7)
    machine.free(machine.high, 5, 1, (HIGH_START + 0x100) & ~31)
    return machine


def test_a_quick_look_says_what_a_whole_one_does(busy):
    whole, quick = kinds(busy.context())
    assert whole == quick and quick[frame.FREE] == 8 + 32


def test_where_too_much_would_have_to_be_read_the_map_says_so(busy, monkeypatch):
    monkeypatch.setattr(quickmap, "FEWER_READ", 16)
    monkeypatch.setattr(quickmap, "MOST_READ", 16)
    _, quick = kinds(busy.context())
    assert quick[frame.FREE] == 40 and set(quick) <= {frame.FREE, frame.RESERVED, frame.MEMBLOCK, UNSEEN}
    monkeypatch.setattr(quickmap, "FEWER_BLOCKS", 1)
    monkeypatch.setattr(quickmap, "MOST_BLOCKS", 1)
    assert kinds(busy.context())[1][frame.FREE] == 32       # the larger block
