# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a target's strings are, they are shown as text: nothing in them runs, and nothing in them hides."""
import dataclasses

import pytest

from by_hand import snapshot
from mmscope.model.state import CacheState, FreeList, Frames, Known, Reservation
from mmscope.view.units import escape

NAMES = (
    "</script><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>]]> --> <!-- @DATA@ @SCRIPT@",
    "\"' onfocus=pwned() x='&lt;b&gt; &amp; ${window.pwned = 1} `+(window.pwned=1)+` \\u003cscript> \\",
    "\u202eevil\u2066 two\nlines\r\t\x00\x07 \u2028\u2029 \U0001f4a9 \ud800 alone \udfff",
    "__proto__", "constructor", "x" * 3000, "",
)


def hostile(name):
    """The name wherever a target can say one."""
    lists = [FreeList(0, name, None, 0, name, (8, 12)), FreeList(0, name, None, 2, name, (16,)),
             FreeList(0, name, 1, 0, name, (5,))]
    frames = [Frames("slab", name, (0, 4)), Frames(name, name, (4, 5)), Frames("pcp", name, (5, 6)),
              Frames("reserved", name, (6, 8)), Frames("free", f"{name} order 0", (8, 9, 12, 13)),
              Frames("free", f"{name} order 2", (16, 20))]
    return snapshot(
        name, frames, lists, 32, ((name, 0, 32),), where=name, release=name, banner=name, arch=name, kind=name,
        stage=name, totals={name: 1}, reserved=(Reservation(0x6000, 0x8000, 1, 0),),
        owners=(Known(0x6000, 0x8000, name, name, False),), missing={name: name, "zones": name},
        caches=(CacheState(name, 1, 64, 0, 1, 64, 3),), doubts=(name, name))


@pytest.mark.parametrize("name", NAMES, ids=[escape(name)[:20] or "empty" for name in NAMES])
def test_a_hostile_name_is_text(page_of, name):
    one = hostile(name)
    early = dataclasses.replace(one, frames=None, zones=None, free_lists=None)
    page = page_of((early, one, one)).open()
    shown = escape(name)
    assert page.text("phase-name") == shown
    for at in (0, 1):
        page.show(at)
    for mode in ("order", "type", "kind"):
        page.click(f"#mode-{mode}")
    page.click("#by-type")
    for pfn in (0, 4, 5, 6, 8, 16, 31):
        page.find(f"pfn:{pfn}")
    page.find("pfn:0")
    assert page.text("verdict") == f"slab of {shown}"
    page.find("pfn:16")
    assert f"of 1 on {shown}'s {shown} list" in page.text("verdict")
    assert page.rows("memblock-reserved")[0][3].startswith(shown)
    assert shown in page.js("return document.getElementById('free-area').textContent")
    assert page.js("return [window.pwned === undefined, document.scripts.length, document.images.length, "
                   "document.querySelectorAll('b').length < 20]") == [True, 2, 0, True]
    every = page.js("return document.body.innerText")
    assert all(letter.isprintable() or letter in "\n\t" for letter in every.replace("\u202f", "").replace("\xa0", ""))
    assert "\u202e" not in every and "\ufffd" not in every
    assert page.js("return document.documentElement.scrollWidth <= innerWidth")
    page.screen(375, 667, mobile=True)
    page.drawn()
    assert page.js("return document.documentElement.scrollWidth") == 375


def test_lists_that_lie_break_nothing(page_of):
    """Blocks that overlap, that are not aligned, that are on two lists, or nowhere near memory."""
    lists = [FreeList(0, "Normal", None, 3, "Movable", (8, 12, 12, 4096)),
             FreeList(0, "Normal", None, 0, "Odd", (9, 8)),
             FreeList(0, "Gone", None, 63, "Movable", (0,)), FreeList(7, "Normal", 3, 0, "Movable", (8, 8))]
    page = page_of([snapshot("lies", [Frames("free", "Movable order 3", (8, 20)), Frames("pcp", "CPU 3", (30, 31))],
                             lists, 32)]).open()
    for mode in ("order", "type", "kind"):
        page.click(f"#mode-{mode}")
    for pfn in range(8, 31, 2):
        page.find(f"pfn:{pfn}")
        page["map"].send_keys("b")


def test_nothing_known_is_a_page_that_says_so(page_of):
    nothing = dict.fromkeys(("frames", "zones", "free_lists", "pcp_lists", "memory", "reserved", "owners", "caches"))
    empty = dataclasses.replace(snapshot("empty"), **nothing, missing={"memory": "not there yet"})
    page = page_of([empty]).open()
    assert "Nothing is known of memory yet: not there yet" in page.text("legend-note")
    assert "No memory is known" in page.find("pfn:1")
    page["map"].send_keys("+0b")
    page.click("#theme-dark")
