# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page is given is the snapshots, whatever is in them, told as differences; the page asks nobody else."""
import json
import pathlib
import random
import re

import pytest

from by_hand import snapshot
from mmscope.errors import MmError
from mmscope.model.state import FreeList, Frames, Known, Reservation
from mmscope.view import reportdata
from mmscope.view.report import FOLDER, SCRIPTS, STYLES, report
from mmscope.view.reportdata import report_data

FILES = sorted(FOLDER.iterdir())
NAMES = [path.name for path in FILES]


def painted(data):
    """Page by page what each snapshot has, from the differences alone."""
    pages, found = {}, []
    for each in data["snapshots"]:
        at = 0
        for gap, length, owner in zip(*[iter(each["runs"])] * 3):
            at += gap
            for pfn in range(at, at + length):
                if owner == reportdata.NOTHING:
                    del pages[pfn]
                else:
                    pages[pfn] = tuple(data["owners"][owner])
            at += length
        found.append(dict(pages))
    return found


def listed(data):
    """Lists of each snapshot, from the differences alone."""
    lists, found = {}, []
    for each in data["snapshots"]:
        for number, gone, came in each["lists"]:
            place, kept = 0, list(lists.get(number, ()))
            places = []
            for step in gone:
                place += step
                places.append(place)
            for place in reversed(places):
                del kept[place]
            place = pfn = 0
            for step, far in zip(came[::2], came[1::2]):
                place, pfn = place + step, pfn + far
                kept.insert(place, pfn)
            lists[number] = kept
        found.append({tuple(data["lists"][number]): tuple(pfns) for number, pfns in lists.items() if pfns})
    return found


def told(frames):
    """Page by page what a snapshot says."""
    return {pfn: (each.kind, each.detail) for each in frames
            for start, end in zip(each.ranges[::2], each.ranges[1::2]) for pfn in range(start, end)}


def test_a_real_boot_is_told_page_by_page_and_block_by_block(recorded):
    data = report_data(recorded.snapshots)
    lists = listed(data)
    for number, (pages, each) in enumerate(zip(painted(data), recorded.snapshots)):
        if each.frames is None:
            continue
        assert pages == told(each.frames)
        counts = {}
        for frames in each.frames:
            counts[frames.kind] = counts.get(frames.kind, 0) + sum(frames.ranges[1::2]) - sum(frames.ranges[::2])
        assert dict(data["snapshots"][number]["pages"]) == counts
        assert lists[number] == {(one.node, one.zone, one.cpu, one.order, one.migratetype): one.pfns
                                 for one in (*each.free_lists, *each.pcp_lists)}


def test_before_there_are_zones_memory_is_as_memblock_has_it(recorded):
    first, early = recorded.snapshots[:2]
    assert first.frames is early.frames is None and first.memory and early.reserved
    for pages, each in zip(painted(report_data(recorded.snapshots)), (first, early)):
        free = {pfn for pfn, (kind, _) in pages.items() if kind == "memblock"}
        taken = {pfn for pfn, (kind, _) in pages.items() if kind == "reserved"}
        assert taken == {pfn for one in each.reserved for pfn in range(one.start >> 12, one.end + 0xFFF >> 12)}
        assert free | taken == {pfn for one in each.memory for pfn in range(one.start >> 12, one.end >> 12)}
        assert not free & taken
    assert pages[0x10100] == ("reserved", "kernel image") and pages[0x5C000][1].startswith("CMA ")


@pytest.mark.parametrize("seed", range(10))
def test_random_snapshots_come_out_as_they_went_in(seed):
    random_ = random.Random(seed)
    made = []
    blocks = [random_.sample(range(0x100), 9) for _ in range(3)]
    for number in range(5):
        owners = [random_.choice(("", "hole", "slab", "anon")) for _ in range(12)]
        frames, at = [], 0
        for kind in owners:
            end = at + random_.randrange(0, 9)
            if kind:
                frames.append(Frames(kind, "" if kind == "hole" else random_.choice("ab"), (at, end)))
            at = end
        for each in blocks:
            each[random_.randrange(3):random_.randrange(3, 6)] = random_.sample(range(0x100, 0x200), 3)
            if random_.randrange(4) == 0:
                random_.shuffle(each)
        made.append(snapshot(f"s{number}", frames, [FreeList(0, "Normal", None, order, "Movable", tuple(each))
                                                   for order, each in enumerate(blocks)]))
    data = report_data(made)
    assert painted(data) == [told(each.frames) for each in made]
    assert [list(each.values()) for each in listed(data)] == [[one.pfns for one in each.free_lists] for each in made]


def test_what_does_not_change_is_not_told_again():
    frames = [Frames("slab", "dentry", (0, 5, 9, 11))]
    lists = [FreeList(0, "Normal", None, 0, "Movable", (3, 9, 1))]
    one, same = report_data([snapshot("a", frames, lists), snapshot("b", frames, lists)])["snapshots"]
    assert one["runs"] and one["lists"] and "reserved" in one
    assert same["runs"] == same["lists"] == [] and not {"reserved", "memory", "caches"} & set(same)


def test_a_page_that_a_file_tells_twice_is_drawn_once_and_said():
    data = report_data([snapshot(frames=[Frames("slab", "", (0, 8)), Frames("anon", "", (4, 12)),
                                         Frames("hole", "", (0, 16))])])
    assert [kind for _, (kind, _) in sorted(painted(data)[0].items())] == ["slab"] * 8 + ["anon"] * 4 + ["hole"] * 4
    assert data["snapshots"][0]["doubts"] == ["4 page frames are told more than once: each is drawn once"]


def test_numbers_that_no_machine_has_are_cut_off_and_said():
    huge = snapshot(frames=[Frames("slab", "", (0, 1 << 64))], memory=(Reservation(1 << 63, 1 << 64, 0, None),),
                    lists=[FreeList(0, "Normal", None, 0, "Movable", (1 << 60, 3))])
    data = json.loads(json.dumps(report_data([huge])))
    assert data["regions"][0][:2] == ["0x8000000000000000", "0x10000000000000000"]
    assert data["snapshots"][0]["runs"] == [0, reportdata.MOST_PFN, 1]
    assert "beyond pfn 0x4000000000" in data["snapshots"][0]["doubts"][0]
    assert data["snapshots"][0]["lists"] == [[0, [], [0, 3]]]


def test_the_map_leaves_large_holes_out_and_is_cut_at_zones():
    there = snapshot(frames=[Frames("slab", "", (0, 100, 5000, 6000)), Frames("hole", "", (100, 5000))], end_pfn=6000,
                     zones=(("DMA", 0, 50), ("Normal", 50, 6000)))
    assert report_data([there])["bands"] == [[0, 50, "DMA"], [50, 100, "Normal"], [5000, 6000, "Normal"]]


def test_an_owner_that_says_more_is_named_before_memblock_has_gone():
    early = snapshot(frames=(), zones=(), reserved=(Reservation(0x3000, 0x5001, 0, None),),
                     owners=(Known(0x0, 0x10000, "reserved by the device tree", "t", True),
                             Known(0x3000, 0x4000, "kernel image", "s", False)))
    early = type(early)(**{**vars(early), "frames": None, "zones": None})
    assert {pfn: detail for pfn, (kind, detail) in painted(report_data([early]))[0].items() if kind == "reserved"} == {
        3: "kernel image", 4: "reserved by the device tree at 0x0", 5: "reserved by the device tree at 0x0"}


def test_nothing_to_draw_and_two_kernels_are_one_line():
    with pytest.raises(MmError, match="no snapshot to draw"):
        report(())
    with pytest.raises(MmError, match="cannot be compared"):
        report((snapshot("a"), snapshot("b", release="6.12.0")))


def test_the_policy_allows_what_is_in_the_file_and_nothing_else():
    page = report((snapshot(),))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert page.isascii() and "@" + "DATA@" not in page and "@SIZE@" not in page


def test_every_file_of_the_page_is_used():
    assert {path.name for path in FILES} == {"report.html", *(f"{name}.css" for name in STYLES),
                                             *(f"{name}.js" for name in SCRIPTS)}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_the_pages_files_make_no_markup_of_text_and_ask_nobody(path: pathlib.Path):
    text = path.read_text()
    assert text.isascii() and "SPDX-License-Identifier: GPL-2.0-or-later" in text
    assert max(map(len, text.splitlines())) <= 120 and len(text.splitlines()) <= 250
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(",
                 "XMLHttpRequest", "import(", "@import", "url(", "src=", "href=\"h", "style=", "onclick="):
        assert word not in text
    assert set(re.findall(r"https?://[^\"' ]*", text)) <= {"http://www.w3.org/2000/svg"}
