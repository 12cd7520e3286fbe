# SPDX-License-Identifier: GPL-2.0-or-later
"""A report is used: by mouse, by finger, by keyboard alone; in the dark, on a phone, on paper."""
import base64
import dataclasses
import re
from typing import Optional

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys

from by_hand import snapshot
from mmscope.model.state import Snapshot

HEADING, BASE, SECOND, PAGES = 24, 0x10000, 0x40000, 0x30000      # of the article's map


def told(page, name):
    """What the map says of itself."""
    return float(page["map"].get_attribute(f"data-{name}"))


def place(page, pfn):
    """Where a page of the article is on the map, from its upper left."""
    per_row, high, gutter = (told(page, name) for name in ("per-row", "row-height", "gutter"))
    wide = page.js("return document.getElementById('map').clientWidth") - gutter
    below = HEADING + PAGES // per_row * high if pfn >= SECOND else 0
    row = (pfn - (SECOND if pfn >= SECOND else BASE)) // per_row
    return gutter + (pfn % per_row + 0.5) * wide / per_row, HEADING + below + (row + 0.4) * high - told(page, "top")


def point(page, pfn):
    """Put the pointer on a page; the wheel and clicks are there then."""
    page.js("scrollTo(0, document.getElementById('map-part').offsetTop - 160)")
    x, y = place(page, pfn)
    box = page["map"].rect
    return ActionChains(page.driver, duration=0).move_to_element_with_offset(
        page["map"], round(x - box["width"] / 2), round(y - box["height"] / 2))


def picked(page):
    """The page that is looked at."""
    return int(page.js("return [...document.querySelectorAll('#why dt')].find((each) => each.textContent === 'pfn')"
                       ".nextSibling.textContent").split()[0], 16)


def cursor(page):
    """The page that the cursor is on."""
    page.drawn()
    return int(re.match(r"pfn (0x[0-9a-f]+): ", page.text("cursor")).group(1), 16)


def focused(page):
    """The element that has the focus, by its id."""
    return page.js("return document.activeElement.id")


def test_the_slider_the_bars_and_the_buttons_go_through_the_phases(recorded, page):
    page.open()
    names = [each.name for each in recorded.snapshots]
    assert page.text("phase-name") == names[-1]
    page["phase"].send_keys(Keys.HOME)
    assert page.text("phase-name") == names[0] and page["before"].get_property("disabled")
    page["phase"].send_keys(Keys.ARROW_RIGHT)
    assert page.text("phase-name") == names[1]
    assert page["phase"].get_attribute("aria-valuetext") == f"2 of {len(names)}: {names[1]}"
    page.click("#after")
    assert page.text("phase-name") == names[2]
    bars = page["bars"]
    step = (bars.rect["width"] - 42) / (len(names) - 1)
    for at in (5, 0, 7):
        ActionChains(page.driver, duration=0).move_to_element_with_offset(
            bars, round(21 + at * step - bars.rect["width"] / 2), 5).click().perform()
        assert page.text("phase-name") == names[at]
    assert page.js("return location.hash") == "#8"
    drag = ActionChains(page.driver, duration=0).move_to_element_with_offset(bars, 0, 0).click_and_hold()
    drag.move_by_offset(round(-step), 0).release().perform()
    assert page.text("phase-name") in names[2:4]


def test_a_phase_is_told_by_its_name_and_its_sentence(page_of):
    @dataclasses.dataclass(frozen=True)
    class Stepped(Snapshot):
        phase: Optional[str] = None
        phase_text: Optional[str] = None

    steps = [Stepped(**{**vars(snapshot(f"step/0{at}-{name}")), "phase": name, "phase_text": text})
             for at, (name, text) in enumerate((("reserve", "Takes what is in use."), ("free ranges", "Gives the rest.")))]
    page = page_of(steps).open()
    assert (page.text("phase-name"), page.text("phase-text")) == ("free ranges", "Gives the rest.")
    page["before"].click()
    assert (page.text("phase-name"), page.text("phase-text")) == ("reserve", "Takes what is in use.")
    assert [row[1:3] for row in page.rows("phases")] == [[each.phase, each.phase_text] for each in steps]


def test_play_goes_on_by_itself_and_stops_at_the_end(recorded, page):
    page.open(f"#{len(recorded.snapshots) - 1}")
    page.click("#play")
    assert page.text("play") == "Pause"
    page.wait("the last snapshot", lambda: page.text("phase-name") == recorded.snapshots[-1].name)
    page.wait("the end", lambda: page.text("play") == "Play")


def test_hovering_says_what_a_click_keeps(recorded, page):
    page.open()
    snapshot = recorded.snapshots[-1]
    for kind in ("reserved", "free", "vmalloc"):
        start, end = max(((start, end) for each in snapshot.frames if each.kind == kind
                          for start, end in zip(each.ranges[::2], each.ranges[1::2])), key=lambda one: one[1] - one[0])
        pfn = (start + end) // 2
        action = point(page, pfn)
        action.perform()
        page.drawn()
        tip = page.text("tip")
        pages = told(page, "per-row") / (page["map"].rect["width"] - told(page, "gutter"))
        assert abs(int(re.match(r"pfn (0x[0-9a-f]+)", tip).group(1), 16) - pfn) <= 2 * pages + 1
        action.click().perform()
        page.drawn()
        assert f"pfn {picked(page):#x} " in tip and page.text("verdict") in tip
        assert page.text("verdict").startswith(kind)
    ActionChains(page.driver, duration=0).move_to_element(page["title"]).perform()
    assert page["tip"].get_property("hidden")


def test_the_pages_of_a_snapshot_follow_the_phase_that_is_shown(recorded, page):
    page.open()
    page.find("pfn:0x5c123")
    page.show(2)
    assert page.text("verdict").startswith("reserved: CMA linux,cma@5c000000, memblock.reserved[")
    page.show(7)
    assert not page.text("verdict").startswith("reserved")
    page.js("document.querySelector('#life button').click()")
    assert page.text("phase-number").startswith("1 of")


def test_everything_is_reached_by_the_keyboard_and_its_focus_is_seen(recorded, page):
    page.open()
    page.js("document.activeElement.blur(); scrollTo(0, 0)")
    seen = []
    for _ in range(150):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        name = focused(page)
        seen.append(name)
        if name and name not in ("phase", "skip"):
            ring = page.js("""const each = document.activeElement, shown = each.matches('.choice input')
                ? each.nextElementSibling : each, style = getComputedStyle(shown);
                return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2""")
            assert ring, name
        if name == "chart-zone":
            break
    for name in ("theme-auto", "before", "play", "phase", "mode-kind", "query", "zoom-in", "map", "by-type",
                 "chart-order", "chart-zone"):
        assert name in seen or name == "before" and page["before"].get_property("disabled")
    assert page.js("return [...document.querySelectorAll('button, input, select, canvas[tabindex]')].filter((each) => "
                   "each.tabIndex < 0 || !(each.getAttribute('aria-label') || each.textContent.trim() || "
                   "each.labels && each.labels.length)).length") == 0


def test_the_map_is_walked_by_block_page_and_row(recorded, page):
    page.open()
    snapshot = recorded.snapshots[-1]
    blocks = {pfn: each.order for each in snapshot.free_lists for pfn in each.pfns}
    page.find("pfn:0x20000")
    assert blocks[0x20000] == 10
    page["map"].send_keys(Keys.ARROW_RIGHT)
    assert cursor(page) == 0x20400
    page["map"].send_keys(Keys.ARROW_LEFT * 2)
    assert cursor(page) == 0x1FC00
    page["map"].send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    assert cursor(page) == 0x1FC01
    per_row = int(told(page, "per-row"))
    page["map"].send_keys(Keys.ARROW_DOWN)
    assert cursor(page) == 0x1FC01 + per_row
    page["map"].send_keys(Keys.ARROW_UP * 2, Keys.ENTER)
    page.drawn()
    assert picked(page) == cursor(page) == 0x1FC01 - per_row
    page["map"].send_keys(Keys.END)
    assert cursor(page) == 0x6FFFF
    page["map"].send_keys(Keys.HOME)
    assert cursor(page) == 0x10000
    page["map"].send_keys(",")
    assert page.text("phase-name") == recorded.snapshots[-2].name
    page["map"].send_keys(".", "/")
    assert focused(page) == "query" and page.text("phase-name") == snapshot.name


def test_b_goes_to_the_buddy(recorded, page):
    page.open()
    snapshot = recorded.snapshots[-1]
    blocks = [(pfn, each.order) for each in snapshot.free_lists for pfn in each.pfns if each.order < 10]
    for pfn, order in blocks[::15]:
        page.find(f"pfn:{pfn:#x}")
        page["map"].send_keys("b")
        page.drawn()
        assert picked(page) == pfn ^ (1 << order)
    page.find(f"pfn:{blocks[0][0]:#x}")
    page.click("#to-buddy")
    assert picked(page) == blocks[0][0] ^ (1 << blocks[0][1])


def test_a_page_is_found_by_number_and_address(page):
    page.open()
    for text, pfn in (("pfn:0x12345", 0x12345), ("74565", 0x12345), ("0x5c000000", 0x5C000), ("0x12345", 0x12345),
                      ("phys:0x5c000fff", 0x5C000), ("PFN: 0x6ffff", 0x6FFFF)):
        page["query"].clear()
        page["query"].send_keys(text + Keys.ENTER)
        page.drawn()
        assert picked(page) == pfn and hex(pfn) in page.text("found")
        assert 0 <= place(page, pfn)[1] <= page["map-scroller"].rect["height"]


@pytest.mark.parametrize("name", ("mem_map", "KMALLOC-64"))
def test_a_name_is_found_place_after_place(recorded, page, name):
    page.open()
    starts = sorted(start for each in recorded.snapshots[-1].frames if name.lower() in each.detail
                    for start in each.ranges[::2])
    for at in (*range(len(starts)), 0):
        assert page.find(name).startswith(f"{at + 1} of {len(starts)} range")
        assert picked(page) == starts[at]


def test_what_is_not_there_is_said(page):
    page.open()
    for text, said in (("pfn:0x70000", "no page of this memory"), ("0xffffffffffffffffff", "no page of this memory"),
                       ("no such owner", "Nothing is called"), ("", "Type pfn:")):
        assert said in page.find(text)
    assert page.js("return document.getElementById('verdict')") is None


def test_zoom_keeps_what_is_looked_at_and_pan_moves_it(page):
    page.open()
    page.find("pfn:0x3e8f0")
    whole = told(page, "per-row")
    page["map"].send_keys("+++++")
    page.drawn()
    assert told(page, "per-row") == whole / 32
    assert 0 <= place(page, 0x3E8F0)[1] <= page["map-scroller"].rect["height"]
    top = told(page, "top")
    origin = ScrollOrigin.from_element(page["map-scroller"])
    ActionChains(page.driver).scroll_from_origin(origin, 0, 300).perform()
    page.wait("the map to pan", lambda: told(page, "top") > top)
    before = told(page, "top")
    point(page, 0x3EC00)
    box = ActionChains(page.driver, duration=0).move_to_element(page["map-scroller"]).click_and_hold()
    box.move_by_offset(0, 60).move_by_offset(0, 60).release().perform()
    page.wait("the map to be dragged", lambda: abs(before - 120 - told(page, "top")) < 2)
    page.click("#zoom-out")
    assert told(page, "per-row") == whole / 16
    page["map"].send_keys("0")
    page.drawn()
    assert told(page, "per-row") == whole and page["zoom-fit"].get_property("disabled")
    for _ in range(20):
        page["map"].send_keys("+")
    page.drawn()
    assert told(page, "per-row") == 64 and page["zoom-in"].get_property("disabled")


def test_a_row_of_the_legend_dims_the_others(page):
    page.open()
    x, y = place(page, 0x12345)
    bright = page.pixels(x, y)
    page.click("#legend-body button[data-class=reserved]")
    assert page["legend-body"].find_elements("css selector", "[aria-pressed=true]")
    assert page.pixels(x, y) != bright
    page.click("#legend-body button[data-class=reserved]")
    page.wait("the others to come back", lambda: page.pixels(x, y) == bright)


def colours(page):
    """Of the page: what is written on what."""
    return page.js("""const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(['paper', 'ground', 'ink', 'quiet', 'mark', 'focus', 'soft', 'fresh'].map((name) =>
            [name, style.getPropertyValue('--' + name).trim()]))""")


def contrast(one, other):
    """As WCAG 2 defines it."""
    def luminance(colour):
        parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_follow_the_system_and_the_switch(page):
    page.open(dark=True)
    night = colours(page)
    assert page.pixels(2, 20)[0] == night["paper"] == "#16181c"
    page.click("#theme-light")
    day = colours(page)
    assert page.pixels(2, 20)[0] == day["paper"] == "#ffffff"
    page.media(dark=False)
    page.click("#theme-dark")
    assert colours(page) == night and page.pixels(2, 20)[0] == night["paper"]
    page.click("#theme-auto")
    assert colours(page) == day
    for each in (day, night):
        for name in ("ink", "quiet", "mark", "focus"):
            for ground in ("paper", "ground", "soft", "fresh"):
                if (name, ground) not in (("focus", "fresh"), ("mark", "soft"), ("quiet", "fresh")):
                    assert contrast(each[name], each[ground]) >= 4.5, (name, ground)


def test_a_phone_shows_it_all_and_a_finger_picks(page):
    page.open(width=375, height=667, mobile=True)
    assert page.js("return document.documentElement.scrollWidth") == 375
    small = page.js("""return [...document.querySelectorAll('button:not(.link), select, .choice label, #query')]
        .filter((each) => each.getBoundingClientRect().height < 34 && each.offsetParent)
        .map((each) => each.id || each.textContent)""")
    assert small == []
    assert page["timeline"].rect["height"] < 0.3 * 667
    page.js("document.getElementById('map-part').scrollIntoView()")
    box = page.js("const box = document.getElementById('map').getBoundingClientRect(); return [box.left, box.top]")
    x, y = place(page, 0x47C80)
    touch = {"x": box[0] + x, "y": box[1] + y}
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [touch]})
    page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait("the page that was touched", lambda: page.js("return document.getElementById('verdict') !== null"))
    assert abs(picked(page) - 0x47C80) <= 2 * told(page, "per-row") / 300
    assert page.js("return getComputedStyle(document.getElementById('map')).touchAction") == "pan-y"


def test_paper_has_every_table_in_light_colours_and_no_buttons(page):
    page.open(dark=True)
    page.find("pfn:0x3ec04")
    paper = {"paperWidth": 8.27, "paperHeight": 11.69}
    pdf = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", paper)["data"])
    assert pdf.startswith(b"%PDF-") and 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
    page.drawn()
    assert page.pixels(2, 20)[0] == "#16181c"           # the screen is as it was
    page.js("dispatchEvent(new Event('beforeprint'))")
    page.media(dark=True, kind="print")
    assert page.pixels(2, 20)[0] == "#ffffff"
    assert page.js("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for name in ("play", "phase", "query", "zoom-in"):
        assert not page[name].is_displayed()
    for name in ("map", "verdict", "legend", "free-area", "memblock-reserved", "chart-box", "phases"):
        assert page[name].is_displayed()
    assert page.js("const each = document.getElementById('memblock-reserved').parentElement; "
                   "return each.scrollHeight <= each.clientHeight + 1")
    page.js("dispatchEvent(new Event('afterprint'))")


def test_an_address_leads_to_a_page_of_a_phase(recorded, page):
    page.open("#4/0x3ec04")
    assert page.text("phase-name") == recorded.snapshots[3].name and picked(page) == 0x3EC04
    for where in ("#0/0x0", "#999999/0xfffffffff", "#<b>x</b>"):
        page.open(where)
        assert page.text("phase-name") in [each.name for each in recorded.snapshots]
