# SPDX-License-Identifier: GPL-2.0-or-later
"""The SVG is XML whatever the target wrote, and a page has the same area everywhere."""
import re
import xml.etree.ElementTree as xml
from dataclasses import replace

import pytest

from mapmade import made, scattered
from mmscope.model import frame
from mmscope.model.mapcells import draw
from mmscope.view.mapsvg import CELL_HEIGHT, CELL_WIDTH, LEFT, ROW_CELLS, ROWS, svg

NS = "{http://www.w3.org/2000/svg}"
ZONES = (("DMA", 0x103, 0x500), ("Normal", 0x603, 0x12200), ("HighMem", 0x40000, 0x333))
BAD = "]]><script>alert(1)</script>'\"&\x00\x1b[2J\u202e\ufffe\ud800"


def rects(root):
    """Pieces of cells: group's number, x, y, width, height."""
    return [(int(each.get("class")[1:]), *(float(each.get(name)) for name in ("x", "y", "width", "height")))
            for each in root.iter(NS + "rect") if re.fullmatch(r"k\d+", each.get("class", ""))]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("by", ["owner", "order", "migratetype"])
def test_areas_are_pages(seed, by):
    frames, _ = scattered(seed, ZONES, 500)
    found = draw(made(ZONES, frames), by, row_cells=ROW_CELLS, max_rows=(ROWS, 9)[seed % 2])
    gaps = sum(each.end_pfn - each.start_pfn for each in found.sections if not each.cells and each.zones)
    drawn = [0.0] * len(found.groups)
    pieces = rects(xml.fromstring(svg(found)))
    for number, _, _, width, height in pieces:
        drawn[number] += width * height / CELL_WIDTH / CELL_HEIGHT * found.cell_pages
    for group, pages in zip(found.groups, drawn):
        expected = group.pages - (gaps if group.name == frame.HOLE else 0)
        assert pages == pytest.approx(expected, rel=1e-3, abs=0.01 * found.cell_pages), group.name
    assert all(LEFT <= x and x + width <= LEFT + ROW_CELLS * CELL_WIDTH + 1e-3 for _, x, _, width, _ in pieces)
    spots = sorted((y, x, x + width, y + height) for _, x, y, width, height in pieces)
    for one, other in zip(spots, spots[1:]):        # none lies over its neighbour
        assert one[0] < other[0] or one[2] <= other[1] + 1e-3
    stacks = sorted((x, y, y + height) for _, x, y, width, height in pieces)
    for one, other in zip(stacks, stacks[1:]):      # nor over the one above
        assert one[0] < other[0] or one[2] <= other[1] + 1e-3


def test_a_piece_lies_where_its_address_says():
    frames = [("free", "Movable order 0", (0, 64, 70, 0x1000)), ("slab", "kmalloc-64", (64, 70))]
    found = draw(made((("Normal", 0, 0x1000),), frames), row_cells=ROW_CELLS, max_rows=ROWS)
    number = [group.name for group in found.groups].index("slab")
    assert found.cell_pages == 1
    assert [each[1] for each in rects(xml.fromstring(svg(found))) if each[0] == number] == [LEFT + 64 * CELL_WIDTH]


def test_strings_of_the_target_are_text_and_nothing_else():
    frames = [("reserved", BAD, (0, 16)), (BAD, BAD, (16, 32)), ("free", f"{BAD} order 3", (32, 48)),
              ("slab", BAD, (48, 64))]
    snapshot = replace(made(((BAD, 0, 80),), frames, name=BAD, stage=BAD, where=BAD), release=BAD)
    for by in ("owner", "order", "migratetype"):
        for window in (None, (0, 70)):
            text = svg(draw(snapshot, by, window, row_cells=ROW_CELLS, max_rows=ROWS))
            root = xml.fromstring(text)
            tags = {each.tag.replace(NS, "") for each in root.iter()}
            assert tags <= {"svg", "title", "desc", "style", "rect", "text", "g", "path"}
            assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e\ufffe]", text)
            assert not [name for each in root.iter() for name in each.attrib if name.startswith("on")]
            assert "alert(1)" in "".join(each.text or "" for each in root.iter(NS + "title"))
            assert "script" not in root.find(NS + "style").text


def test_it_says_in_words_what_it_shows():
    frames = [("reserved", "kernel text", (0, 300)), ("free", "Movable order 0", (300, 5000))]
    snapshot = made((("Normal", 0, 5000),), frames, memory=[(0, 400 << 12), (400 << 12, 5000 << 12)])
    root = xml.fromstring(svg(draw(snapshot, row_cells=ROW_CELLS, max_rows=ROWS)))
    named = {each.get("id"): each.text for each in root if each.get("id")}
    assert root.get("aria-labelledby").split() == ["title", "desc"] == list(named)
    assert named["title"].startswith("memory by owner") and "reserved 300 pages; free 4700 pages" in named["desc"]
    titles = [each.text for each in root.iter(NS + "title")]
    assert "zone Normal, node 0: 0x0 to 0x1388000, 19.5 MiB" in titles
    assert "0x0 to 0x80000: reserved, 128 pages (kernel text)" in titles
    assert "memory 0x190000 to 0x1388000" in titles
    assert [each.get("aria-label") for each in root.iter(NS + "g") if each.get("role") == "group"][-1] == "legend"


def test_light_is_for_paper_and_dark_for_those_who_ask():
    style = xml.fromstring(svg(draw(made((("Normal", 0, 50),), [("free", "Movable order 0", (0, 40))])))).find(
        NS + "style").text
    light, dark = style.split("@media screen and (prefers-color-scheme:dark)")
    assert ".k0{fill:#009e73}" in light and ".k0{fill:#55e89b}" in dark
    assert "url" not in style and "@import" not in style


def test_a_large_machine_is_a_file_of_bounded_size():
    ranges = tuple(at * 7 + side for at in range(300_000) for side in (0, 3))
    found = draw(made((("Normal", 0, 1 << 24),), [("free", "Movable order 0", ranges)]),
                 row_cells=ROW_CELLS, max_rows=ROWS)
    assert sum(group.pages for group in found.groups) == 1 << 24 and len(svg(found)) < 4 << 20
