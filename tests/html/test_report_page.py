# SPDX-License-Identifier: GPL-2.0-or-later
"""The article's boot in the browser: every number that is shown is the snapshots', and what mm why says is said."""
import collections

import pytest

from browser import number
from mmscope.model.frame import KINDS
from mmscope.view import palette

LAST = -1


def owner(snapshot, pfn):
    """Kind and detail, as the snapshot has it."""
    return next(((each.kind, each.detail) for each in snapshot.frames
                 for start, end in zip(each.ranges[::2], each.ranges[1::2]) if start <= pfn < end), None)


def by_kind(snapshot):
    """Pages by kind."""
    sums = collections.Counter()
    for each in snapshot.frames:
        sums[each.kind] += sum(each.ranges[1::2]) - sum(each.ranges[::2])
    return sums


def legend(page):
    """Pages that the legend shows, by label; those of none left out."""
    return {row[0]: number(row[1]) for row in page.rows("legend-body") if number(row[1])}


def test_pages_by_kind_are_the_snapshots_and_come_to_all_of_memory(recorded, page):
    page.open()
    for at, each in enumerate(recorded.snapshots):
        page.show(at)
        if each.frames is None:
            assert "what memblock says" in page.text("legend-note")
            continue
        assert legend(page) == {palette.KINDS[kind].label: count for kind, count in by_kind(each).items() if count}
        assert sum(legend(page).values()) == 0x60000 == number(page.js(
            "return document.querySelector('#legend-foot td').textContent"))


def test_what_a_phase_changed_is_said_with_its_sign(recorded, page):
    page.open()
    for at in range(3, len(recorded.snapshots)):
        page.show(at)
        was, now = (by_kind(each) for each in recorded.snapshots[at - 1:at + 1])
        said = {row[0]: row[1] for row in page.js(
            "return [...document.querySelectorAll('#legend-body tr')].map((row) => [row.children[0].textContent, "
            "row.children[3].textContent])") if row[1]}
        signs = {True: "\u25b2\u00a0+", False: "\u25bc\u00a0\u2212"}
        assert said == {palette.KINDS[kind].label: signs[now[kind] > was[kind]] +
                        f"{abs(now[kind] - was[kind]):,}".replace(",", "\u202f")
                        for kind in KINDS if now[kind] != was[kind]}


def test_zones_free_area_and_memblock_are_the_snapshots(recorded, page):
    page.open()
    for at, each in enumerate(recorded.snapshots):
        page.show(at)
        if each.zones is None:
            assert "not there yet at stage memblock" in page.rows("zones")[0][0]
        else:
            assert [[row[0], int(row[1], 16), *map(number, row[2:])] for row in page.rows("zones")] == [
                [zone.name, zone.start_pfn, zone.present_pages, zone.managed_pages, zone.free_pages]
                for zone in each.zones]
            assert [list(map(number, [row[0], *row[2:]])) for row in page.rows("free-area")] == [
                [order, *(zone.nr_free[order] for zone in each.zones)] for order in range(11)]
        regions = [row for row in page.rows("memblock-reserved") if row[0] not in ("", "#")]
        assert [int(row[1], 16) for row in regions if row[0].isdigit()] == [one.start for one in each.reserved]
        assert [int(row[1], 16) for row in page.rows("memblock-memory")] == [one.start for one in each.memory]


def test_free_area_by_migratetype_has_what_the_lists_hold_and_marks_changes(recorded, page):
    page.open()
    page.click("#by-type")
    each = recorded.snapshots[LAST]
    types = page.js("return [...document.querySelectorAll('#free-area thead tr:last-child th')].slice(2)"
                    ".map((cell) => cell.textContent)")
    zones = page.js("return [...document.querySelectorAll('#free-area thead tr:first-child th')]"
                    ".map((cell) => [cell.textContent, cell.colSpan])")
    columns = list(zip([zone for zone, count in zones for _ in range(count)], types))
    lists = [collections.Counter() for _ in range(2)]
    for counts, one in zip(lists, recorded.snapshots[LAST - 1:]):
        for found in one.free_lists:
            counts[found.zone, found.migratetype, found.order] += len(found.pfns)
    assert set(columns) == {key[:2] for counts in lists for key in counts}
    for order, row in enumerate(page.rows("free-area")):
        assert list(map(number, row[2:])) == [lists[1][(*column, order)] for column in columns]
    marked = page.js("return [...document.querySelectorAll('#free-area tbody tr')].map((row) => [...row.children]"
                     ".slice(2).map((cell) => (cell.querySelector('.delta') || {textContent: ''}).textContent))")
    for order, row in enumerate(marked):
        for column, text in zip(columns, row):
            differs = lists[1][(*column, order)] - lists[0][(*column, order)]
            assert number(text[2:] or "0") == differs
            assert text[:1] == ("\u25b2" if differs > 0 else "\u25bc" if differs else "")


@pytest.mark.parametrize("at", (5, 7))
def test_a_page_says_what_mm_why_says(recorded, page, at):
    page.open(f"#{at + 1}")
    assert len(recorded.answers[at]) > 20
    kinds = set()
    for answer in recorded.answers[at]:
        page.find(f"pfn:{answer['pfn']:#x}")
        verdict = page.text("verdict")
        kinds.add(answer["kind"])
        if answer["kind"] in ("free", "pcp"):
            assert verdict == answer["verdict"]
        if answer["kind"] in ("reserved", "slab"):
            assert answer["verdict"].startswith(verdict)
        shown = page.js("return document.querySelector('#life .present span').textContent")
        label = palette.KINDS[answer["kind"]].label
        assert shown == (f"{label}: {answer['detail']}" if answer["detail"] else label)
        rows = page.js("return [...document.querySelectorAll('#why dt')].map((each) => [each.textContent, "
                       "each.nextSibling.textContent])")
        rows = dict(rows)
        assert rows["pfn"] == f"{answer['pfn']:#x}  ({answer['pfn']})"
        assert rows["phys"].startswith(f"{answer['phys']:#x} to ") and rows["zone"] == answer["zone"]
        if answer["kind"] == "free" and answer["buddy"]["pfn"] is not None:
            assert rows["buddy"].endswith(f" = {answer['buddy']['pfn']:#x}")
    assert {"free", "reserved", "slab", *(("pagetable", "vmalloc", "pcp", "other") if at == 7 else ())} <= kinds


def test_a_pages_life_is_what_it_was_in_each_snapshot(recorded, page):
    page.open()
    for answer in recorded.answers[7][:12]:
        page.find(f"pfn:{answer['pfn']:#x}")
        life = page.js("return [...document.querySelectorAll('#life li')].map((row) => [parseInt(row.children[0]"
                       ".textContent) - 1, row.children[1].textContent])")
        for at, each in enumerate(recorded.snapshots):
            if each.frames is None:
                continue
            kind, detail = owner(each, answer["pfn"])
            shown = [text for since, text in life if since <= at][-1]
            assert shown == palette.KINDS[kind].label + (f": {detail}" if detail else "")


@pytest.mark.parametrize("mode", ("order", "type"))
def test_by_order_and_by_migratetype_the_lists_are_shown(recorded, page, mode):
    page.open()
    page.click(f"#mode-{mode}")
    sums = collections.Counter()
    for each in recorded.snapshots[LAST].free_lists:
        sums[f"order {each.order}" if mode == "order" else each.migratetype] += len(each.pfns) << each.order
    kinds = by_kind(recorded.snapshots[LAST])
    sums["on per-CPU lists"] = kinds["pcp"]
    sums[palette.TAKEN.label] = 0x60000 - kinds["free"] - kinds["pcp"]
    assert legend(page) == {name: count for name, count in sums.items() if count}


@pytest.mark.parametrize("mode", ("kind", "order"))
def test_the_map_is_painted_in_the_colours_of_what_is_there(recorded, page, mode):
    """The article has two zones of 0x30000 pages; a heading of 24 pixels is above each."""
    page.open(width=1400, height=1000)
    page.click("#mark-changes")
    page.click(f"#mode-{mode}")
    told = page["map"]
    per_row, high, gutter = (int(told.get_attribute(f"data-{name}")) for name in ("per-row", "row-height", "gutter"))
    wide = page.js("return document.getElementById('map').clientWidth") - gutter
    snapshot = recorded.snapshots[LAST]
    checked = set()
    places = [(each.kind, each.detail, start, end) for each in snapshot.frames
              for start, end in zip(each.ranges[::2], each.ranges[1::2]) if (end - start) * wide / per_row > 20]
    for kind, detail, start, end in places:
        pfn = (start + end) // 2 if start // per_row == (end - 1) // per_row else end - 1
        zone = pfn >= 0x40000
        row = (pfn - (0x40000 if zone else 0x10000)) // per_row
        y = 24 + row * high + (24 + 0x30000 // per_row * high if zone else 0)
        right = gutter + (pfn % per_row) * wide / per_row if start // per_row != (end - 1) // per_row else \
            gutter + (end % per_row or per_row) * wide / per_row
        colours = collections.Counter(page.pixels(right - 12, y + 2, 8, high - 8))
        if mode == "kind":
            want = palette.KINDS[kind].light
        elif kind == "free":
            want = palette.order(int(detail.rsplit(" ", 1)[1])).light
        elif kind in ("pcp", "hole"):
            want = palette.KINDS[kind].light
        else:
            want = palette.TAKEN.light
        checked.add(want)
        assert colours[want] >= 0.3 * sum(colours.values()), (kind, detail, hex(start))
    assert len(checked) >= 2


def test_the_index_is_the_kernels(recorded, page):
    """1 less the pages in blocks of the order and above, over all free pages: unusable_free_index() of mm/vmstat.c."""
    page.open()
    for order in (1, 4, 10):
        page.js("const each = document.getElementById('chart-order'); each.value = arguments[0]; "
                "each.dispatchEvent(new Event('change'))", str(order))
        for zone, name in (("", None), ("0 Normal", "Normal"), ("0 HighMem", "HighMem")):
            page.js("const each = document.getElementById('chart-zone'); each.value = arguments[0]; "
                    "each.dispatchEvent(new Event('change'))", zone)
            counts = [sum(one.nr_free[at] for one in recorded.snapshots[LAST].zones if name in (None, one.name))
                      for at in range(11)]
            free = sum(count << at for at, count in enumerate(counts))
            small = sum(count << at for at, count in enumerate(counts[:order]))
            assert page.text("chart-now") == f"{small / free:.4f}"
