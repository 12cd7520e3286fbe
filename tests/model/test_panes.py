# SPDX-License-Identifier: GPL-2.0-or-later
"""The windows' lines: they fit, what changed has its sign, and what scrolls is all there is."""
import itertools

import pytest

from harness.recordings import FILES
from machine import LOW_START
from mmscope.command import load_commands
from mmscope.model.glance import Glance, Regions, ZoneCounts, glance, zone_counts
from mmscope.model.stage import Stage
from mmscope.model.zone import zones
from mmscope.view.panes import CHANGED, cut, said, scrolled, zone_pane
from recording import load

KERNELS = sorted(FILES.glob("*.json"))
STOP = "handed_over"
MiB = 1 << 20


def zone(name, managed, free, nr_free, pcp=None, node=0, locked=False):
    return ZoneCounts(node, name, managed + 8, managed, free, pcp, nr_free, locked)


def counts(*found, total=0, stage=Stage.HANDOVER, memory=Regions(1, 64 * MiB), reserved=Regions(3, MiB)):
    return Glance(stage, 4096, total, memory, reserved, 3, found)


BEFORE = counts(zone("Normal", 1000, 900, (4, 0, 7)), zone("HighMem", 0, 0, (0, 0, 0)))
AFTER = counts(zone("Normal", 1000, 896, (0, 2, 7)), zone("HighMem", 0, 0, (0, 0, 0)))


def lines_of(pane, width=78, height=20, down=0, right=0):
    return ["".join(text for text, _ in line) for line in cut(pane, width, height, down, right)]


def words(line):
    return line.split()


def marked(pane, width=78, height=20):
    """Per line, what is marked as changed."""
    return [[text for text, look in line if look == CHANGED and text.strip()]
            for line in cut(pane, width, height, 0, 0)]


def test_a_row_has_a_zones_counts_and_a_dot_for_none():
    found = lines_of(zone_pane(BEFORE, None, 78, 20))
    assert words(found[0]) == ["zone", "managed", "free", "pcp", "0", "1", "2"]
    assert words(found[1]) == ["Normal", "1000", "900", "-", "4", ".", "7"]
    assert words(found[3]) == ["HighMem", "0", "0", "-", ".", ".", "."]


def test_without_a_stop_before_nothing_is_marked():
    assert not any(marked(zone_pane(AFTER, None, 78, 20))) and not any(marked(zone_pane(AFTER, AFTER, 78, 20)))


def test_changes_stand_below_with_sign_and_number():
    pane = zone_pane(AFTER, BEFORE, 78, 20)
    found = lines_of(pane)
    assert words(found[2]) == ["-4", "-4", "+2"] and not found[4].strip()
    for change, count in (("+2", "2"), ("-4", "896")):      # in the column of what changed
        assert found[2].index(change) + len(change) == found[1].index(f" {count}") + 1 + len(count)
    assert marked(pane)[1:3] == [["896", ".", "2"], ["-4", "-4", "+2"]]


def test_where_there_is_no_room_a_sign_stands_behind_the_count():
    pane = zone_pane(AFTER, BEFORE, 78, 5)
    found = lines_of(pane, height=5)
    assert words(found[1]) == ["Normal", "1000", "896-", "-", ".-", "2+", "7"]
    assert words(found[2]) == ["HighMem", "0", "0", "-", ".", ".", "."]
    assert marked(pane, height=5)[1] == ["896-", ".-", "2+"]


def test_totals_follow_with_what_changed_of_them():
    now = counts(*AFTER.zones, total=0x4A2C8, reserved=Regions(4, 3 * MiB))
    text = lines_of(zone_pane(now, BEFORE, 88, 20), 88)[5]
    assert text.rstrip() == "totalram_pages 0x4a2c8 (1186.8 MiB) +303816; memblock.reserved 4 (3 MiB) +2 MiB"
    assert [line.rstrip() for line in lines_of(zone_pane(now, BEFORE, 78, 20))[5:7]] == text.rstrip().split("; ")
    less = counts(*AFTER.zones, reserved=Regions(2, 512 << 10))
    assert "memblock.reserved 2 (512 KiB) -512 KiB" in "".join(lines_of(zone_pane(less, BEFORE, 78, 20)))


def test_a_locked_zone_is_said_to_be_half_changed():
    found = lines_of(zone_pane(counts(zone("Normal", 8, 8, (0, 0, 2), locked=True)), None, 78, 20))
    assert words(found[1])[0] == "Normal*" and "half changed" in "".join(found)


def test_zones_of_several_nodes_are_told_apart():
    now = counts(zone("Normal", 8, 8, (0, 0, 2)), zone("Normal", 16, 16, (0, 0, 4), node=1))
    before = counts(zone("Normal", 8, 8, (0, 0, 2)), zone("Normal", 16, 12, (0, 0, 3), node=1))
    found = lines_of(zone_pane(now, before, 78, 20))
    assert [found[1][:8], found[3][:8]] == ["0 Normal", "1 Normal"]
    assert not found[2].strip() and words(found[4]) == ["+4", "+1"]


def test_a_zone_that_was_not_there_before_is_no_change():
    assert not any(marked(zone_pane(AFTER, counts(BEFORE.zones[0]), 78, 20))[3:5])


def test_per_cpu_pages_that_appear_are_a_change():
    before, now = (counts(zone("Normal", 8, 8, (0, 0, 2), pcp=pcp)) for pcp in (None, 31))
    assert marked(zone_pane(now, before, 78, 20))[2] == ["+31"]


def test_before_there_are_zones_memblock_is_shown():
    before, now = (counts(stage=Stage.MEMBLOCK, reserved=Regions(count, count * MiB)) for count in (3, 5))
    found = lines_of(zone_pane(now, before, 78, 20))
    assert words(found[0]) == ["memblock", "regions", "bytes"]
    assert words(found[1]) == ["memory", "1", str(64 * MiB)]
    assert words(found[3]) == ["reserved", "5", str(5 * MiB)] and words(found[4]) == ["+2", f"+{2 * MiB}"]
    assert "no zones yet" in found[5]


def test_names_from_the_target_are_escaped():
    pane = zone_pane(counts(zone("N\x1b[2J\n", 8, 8, (0, 0, 2))), None, 78, 20)
    assert "\x1b" not in "".join(lines_of(pane)) and "N\\x1b[2J\\x0a" in lines_of(pane)[1]
    assert lines_of(said("bad\x1b]0;x\x07 \xe9", 40), 40, 2)[0].rstrip() == "bad\\x1b]0;x\\x07 \\xe9"


@pytest.mark.parametrize("width, height", itertools.product((1, 7, 30, 78, 130), (1, 2, 5, 12)))
@pytest.mark.parametrize("down, right", [(0, 0), (3, 0), (0, 11), (500, 500)])
def test_lines_fill_a_window_of_any_size_exactly(width, height, down, right):
    many = counts(*(zone(f"Zone{n}", 1 << n, 1 << n, (n, 0, 99999), pcp=n) for n in range(9)))
    for pane in (zone_pane(many, BEFORE, width, height), said("no target: connect first " * 3, width)):
        at = scrolled(pane, width, height, down, right)
        assert [len(line) for line in lines_of(pane, width, height, *at)] == [width] * height


def test_scrolling_shows_each_line_once_and_keeps_the_header():
    many = counts(*(zone(f"Zone{n}", n, n, (0, 0, n)) for n in range(12)))
    pane, seen = zone_pane(many, None, 78, 6), []
    for down in range(40):
        at = scrolled(pane, 78, 6, down, 0)
        found = lines_of(pane, 78, 6, *at)
        assert words(found[0])[0] == "zone"
        seen += [line for line in found[1:] if line not in seen and not line.startswith("...")]
    assert [words(line)[0] for line in seen[:12]] == [f"Zone{n}" for n in range(12)] and "totalram" in seen[12]
    assert lines_of(pane, 78, 6, 0, 0)[5].startswith("... 9 more lines")
    assert scrolled(pane, 78, 6, -5, -5) == (0, 0) and scrolled(pane, 78, 6, 99, 99) == (8, 0)


def test_sideways_the_names_stay():
    pane = zone_pane(AFTER, BEFORE, 24, 20)
    found = lines_of(pane, 24, 20, *scrolled(pane, 24, 20, 0, 99))
    assert [words(line)[0] for line in (found[0], found[1], found[3])] == ["zone", "Normal", "HighMem"]
    assert [words(found[0])[-1], words(found[1])[-1], words(found[2])[-1]] == ["2", "7", "+2"]


def test_counters_are_those_of_the_zone(machine):
    machine.free(machine.low, 0, 1, LOW_START + 13)
    ctx = machine.context()
    now, there = glance(ctx), [each for each in zones(ctx) if each.populated]
    assert [(each.name, each.managed_pages, each.free_pages) for each in now.zones] == \
        [(each.name, each.managed_pages, each.free_pages) for each in there]


@pytest.fixture(params=KERNELS, ids=lambda path: path.stem, scope="module")
def recording(request):
    """One real kernel."""
    return load(request.param)


def test_counters_are_what_the_commands_say_of_a_real_kernel(recording):
    ctx, commands = recording.context(STOP), load_commands()
    now = zone_counts(ctx)
    report, buddy, pcp = (commands[name].run(ctx, commands[name].parser().parse_args([]))
                          for name in ("zones", "buddy", "pcp"))
    assert now
    for each in now:
        there = next(zone for zone in report.zones if (zone.node, zone.name) == (each.node, each.name))
        assert (each.managed_pages, each.free_pages) == (there.managed_pages, there.free_pages)
        assert each.nr_free == tuple(area.nr_free for area in buddy.free_areas
                                     if (area.node, area.zone) == (each.node, each.name))
        lists = [pageset.count for pageset in pcp.pagesets if (pageset.node, pageset.zone) == (each.node, each.name)]
        assert each.pcp_pages == (sum(lists) if lists else None)
    for width in (30, 78, 130):
        found = lines_of(zone_pane(counts(*now), counts(*now), width, 12), width, 12)
        assert all(line.isascii() for line in found)
