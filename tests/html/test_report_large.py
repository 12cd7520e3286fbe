# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of 64 GB opens, and shows any one of its 16 million pages."""
import collections

import pytest

from by_hand import large
from browser import number
from mmscope.view import palette

END = 64 << 18


@pytest.fixture(scope="module")
def machine():
    """64 GiB with a page in use at thousands of places."""
    return large(64, 2500, 3)


def test_64_gigabytes_open_and_every_page_is_there(machine, page_of):
    page = page_of(machine).open()
    for at in (2, 0, 1):
        page.show(at)
        sums = collections.Counter()
        for each in machine[at].frames:
            sums[palette.KINDS[each.kind].label] += sum(each.ranges[1::2]) - sum(each.ranges[::2])
        assert {row[0]: number(row[1]) for row in page.rows("legend-body")} == dict(sums)
        assert sum(sums.values()) == END - 1
    used = {pfn: each.kind for each in machine[1].frames if each.kind != "free" for pfn in each.ranges[::2]}
    for pfn in sorted(used)[::613]:
        page.find(f"pfn:{pfn:#x}")
        for steps in ("+" * 20, "0"):
            page["map"].send_keys(steps)
            page.drawn()
        assert page.js("return document.querySelector('#life .present span').textContent").startswith(
            palette.KINDS[used[pfn]].label)
    assert page.js("return document.querySelectorAll('*').length") < 2000
    assert page.js("return document.getElementById('map-spacer').clientHeight") < 16e6


def test_zoomed_in_its_map_scrolls_from_end_to_end(machine, page_of):
    page = page_of(machine).open()
    page.find(f"pfn:{END - 1:#x}")
    page["map"].send_keys("+" * 20)
    page.drawn()
    assert int(page["map"].get_attribute("data-per-row")) == 64
    high = page["map-scroller"].rect["height"]
    height = page.js("return document.getElementById('map-scroller').scrollHeight")
    assert float(page["map"].get_attribute("data-top")) > height - 2 * high
    assert set(page.pixels(200, high / 2, 300, 1)) & {palette.KINDS["free"].light}
    page.js("document.getElementById('map-scroller').scrollTop = 0")
    page.wait("the first page", lambda: page["map"].get_attribute("data-top") == "0")


def test_one_page_in_use_among_hundreds_of_free_ones_is_seen(machine, page_of):
    """What shares a pixel has a quarter of its height, however few pages it has."""
    page = page_of(machine[:1]).open(width=1400)
    told = page["map"]
    per_row, high, gutter = (int(told.get_attribute(f"data-{name}")) for name in ("per-row", "row-height", "gutter"))
    wide = page.js("return document.getElementById('map').clientWidth") - gutter
    tall = high - (4 if high >= 12 else 2 if high >= 9 else 1)
    assert per_row / wide > 300
    used = sorted(pfn for each in machine[0].frames if each.kind != "free" for pfn in each.ranges[::2]
                  if pfn >= 0x100000)
    below = 3 * 24 + (1 + -(-0x100000 // per_row)) * high      # headings and rows of DMA and DMA32, and a heading
    checked = 0
    for pfn in used[::61]:
        x, y = int(gutter + pfn % per_row * wide / per_row), below + (pfn - 0x100000) // per_row * high
        if y + high < told.rect["height"]:
            column = page.pixels(x, y, 1, tall)
            others = sum(colour != palette.KINDS["free"].light for colour in column)
            assert others >= tall // 4, hex(pfn)
            checked += 1
    assert checked > 20


def test_a_shared_pixel_is_divided_by_pages(machine, page_of):
    page = page_of(machine[:1]).open()
    half, rare, three = page.js("""
        const made = (ends, owners, scale) => {
            const columns = new Columns(2), end = ends[ends.length - 1];
            columns.fill(new Runs([0, ...ends.slice(0, -1)], ends, owners), {base: 0, start: 0, end}, scale);
            return columns.parts(0, 100);
        };
        return [made([1, 2, 3, 4], [0, 1, 0, 1], 0.25), made([99, 100, 200], [0, 1, 0], 0.01),
                made([1, 2, 100], [1, 2, 0], 0.01)]""")
    assert half == [[1, 0, 50], [0, 50, 100]]
    assert rare == [[1, 0, 25], [0, 25, 100]]
    assert three == [[2, 0, 25], [1, 25, 50], [0, 50, 100]]


def test_a_change_of_few_pages_costs_few_bytes(machine, page_of):
    """The file tells what moves, not the machine again."""
    from mmscope.view.report import report
    once, thrice = len(report(machine[:1])), len(report(machine))
    assert thrice - once < 0.25 * once
