# SPDX-License-Identifier: GPL-2.0-or-later
"""GDB's TUI on the article's board, as a terminal shows it: windows that are true at each stop of mm_init()."""
import re
import subprocess
import sys
from itertools import accumulate

import pytest

from article import FREE
from guest import ELF, MM_PY, ROOT
from tui_guest import TuiGuest

sys.path.insert(0, str(MM_PY.parent))

from mmscope.view import palette        # noqa: E402

SIZES = ((100, 30), (80, 24), (132, 43))
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Stepping with windows")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def tui():
    """A session of 80x24 with layout mm; the tests go on where the one before has stopped."""
    guest = TuiGuest(80, 24)
    try:
        yield guest
    finally:
        guest.close()


def truth(tui):
    """The windows' counters as the commands give them: managed, free, each CPU's, by order."""
    zones, areas = (tui.json(command) for command in ("mm zones", "mm buddy"))
    held = {}
    for pageset in tui.json("mm pcp")["pagesets"]:
        held[pageset["zone"]] = held.get(pageset["zone"], 0) + pageset["count"]
    return {zone["name"]: [zone["managed_pages"], zone["free_pages"], held.get(zone["name"]),
                           *(area["nr_free"] for area in areas["free_areas"] if area["zone"] == zone["name"])]
            for zone in zones["zones"] if zone["present_pages"]}


def numbers(words):
    """Counts of a row, without signs of changes."""
    return [{".": 0, "-": None}.get(word.rstrip("+-") or "-", word.rstrip("+-")) for word in words]


def shown(tui):
    """The same, read off the screen."""
    table = tui.table()
    return {name: [int(each) if each is not None else None for each in numbers(table[name])]
            for name in ("Normal", "HighMem")}


def pages(tui):
    """Page frames by kind, as mm account has them; holes left out."""
    found = {}
    for zone in tui.json("mm account")["zones"]:
        for bucket in zone["buckets"]:
            found[bucket["kind"]] = found.get(bucket["kind"], 0) + bucket["pages"]
    return {kind: count for kind, count in found.items() if count and kind != "hole"}


def test_without_a_target_a_line_says_so(tui):
    assert tui.do("layout mm").count("no target: connect first") == 2
    assert tui.do(f"target remote {tui.socket}").count("no memblock yet at stage reset") == 2


def test_before_there_are_zones_memblock_is_shown(tui):
    tui.run_to("paging_init")
    found, memblock = tui.table(), tui.json("mm memblock")
    for name in ("memory", "reserved"):
        assert found[name] == [str(len(memblock[name])), str(sum(each["size"] for each in memblock[name]))]


def test_every_step_of_mm_init_shows_what_the_commands_say_and_what_changed(tui):
    tui.run_to("mm_init")
    before, changed, as_written = truth(tui), 0, []
    for size in (*SIZES, *SIZES):
        tui.terminal.resize(*size)
        tui.do("layout src", f"winheight cmd {size[1] // 3}", "layout mm")      # as it is on a terminal of that size
        text = tui.do("next")
        table, now = tui.table(), truth(tui)
        assert shown(tui) == now and "Traceback" not in text
        as_written.append(all(line in text for line in re.findall(r"^    ((?:zone|Normal|HighMem|totalram).*)", README,
                                                                 re.MULTILINE)))
        if size[0] == 132:
            assert tui.legend() == {palette.kind(kind).label: count for kind, count in pages(tui).items()}
        for name, counts in now.items():
            deltas = [f"{new - (old or 0):+d}" for old, new in zip(before[name], counts) if new not in (None, old)]
            signs = [delta[0] for delta in deltas]
            row = next(at for at, line in enumerate(tui.terminal.lines) if name in line)
            assert (table[f"{name} change"] or [word[-1] for word in table[name] if word[-1] in "+-" and word != "-"]) \
                in (deltas, signs)
            bright = tui.terminal.marked(row).split()
            assert len(bright) == len(deltas) and numbers(bright) == [
                str(new) if new else 0 for old, new in zip(before[name], counts) if new not in (None, old)]
            changed += len(deltas)
        before = now
    assert changed > 20         # mem_init() and kmem_cache_init() were among them
    assert README and as_written == [False, True, False, False, False, False]


def test_a_stop_at_which_nothing_changed_marks_nothing(tui):
    tui.do("stepi", "stepi")
    assert not any(words for name, words in tui.table().items() if name.endswith(" change"))


def test_what_a_call_from_gdb_takes_is_marked(tui):
    tui.run_to("cpu_idle")
    before = truth(tui)
    tui.terminal.resize(132, 43)
    tui.do("print alloc_pages(0, 3)")
    now = truth(tui)
    assert shown(tui) == now and now != before
    assert tui.table()["Normal change"] == [
        f"{new - old:+d}" for old, new in zip(before["Normal"], now["Normal"]) if new != old]


def test_a_value_that_the_user_writes_is_shown(tui):
    tui.do("set var contig_page_data.node_zones[0].managed_pages = 12345")
    assert tui.table()["Normal"][0] == "12345"


def test_the_map_has_a_sign_for_each_cell_and_says_which_changed(tui):
    tui.terminal.resize(132, 43)
    tui.do("stepi")
    before = tui.cells()
    assert all(sign in "".join(look.sign + look.mixed for look in palette.KINDS.values()) for sign in before)
    assert "changed from" not in tui.terminal.text
    largest = max((block for block in tui.json("mm buddy --zone HighMem --order 10 --blocks")["blocks"]),
                  key=lambda block: block["phys"])
    tui.do("print $page = alloc_pages(0x2, 10)")
    taken = tui.json("mm page $page")["phys"]
    assert f"1 changed from {taken:#x}" in tui.terminal.text and taken <= largest["phys"]
    assert sum(old != new for old, new in zip(before, tui.cells())) == 1
    row = next(at for at, line in enumerate(tui.terminal.lines) if "changed from" in line)
    bright = "".join(tui.bright(line) for line in range(row + 1, row + 5))
    assert bright.replace(" ", "") == palette.kind("other").sign
    assert {tui.terminal.screen.buffer[row + 1][at].fg for at in range(12, 60)} - {"default"}
    tui.do("focus mm_map")
    for by in ("by order", "by migratetype"):
        tui.terminal.type("\x1bOC")
        tui.terminal.wait(by, lambda by=by: by in tui.terminal.text)
    tui.terminal.type("\x1bOD" * 2)
    tui.terminal.wait("the owners", lambda: "by " not in tui.terminal.text)
    tui.do("focus cmd", "print __free_pages($page, 10)")
    assert tui.cells() == before


def test_a_small_window_is_scrolled_by_keys(tui):
    tui.terminal.resize(80, 24)
    text = tui.do("layout src", "layout mm", "winheight mm_zones 5")
    assert "more lines" in text and "totalram" not in text
    tui.do("focus mm_zones")
    tui.terminal.type("\x1bOB" * 9)
    tui.terminal.wait("the last line", lambda: "totalram_pages" in tui.terminal.text)
    assert "more lines" not in tui.terminal.text and "managed" in tui.terminal.text
    tui.terminal.type("\x1bOA" * 9)
    tui.terminal.wait("the first lines", lambda: "more lines" in tui.terminal.text)


def test_a_narrow_window_is_scrolled_sideways(tui):
    tui.terminal.resize(44, 24)
    tui.terminal.wait("the narrow window", lambda: "managed" in tui.terminal.text)
    assert " 10 " not in tui.terminal.text
    tui.terminal.type("\x1bOC" * 60)
    tui.terminal.wait("the last order", lambda: " 10 " in tui.terminal.text)
    assert "Normal" in tui.terminal.text
    tui.do("focus cmd")
    tui.terminal.resize(80, 24)
    tui.do("layout mm")


def test_sourced_again_it_goes_on(tui):
    tui.do(f"source {MM_PY}")
    text = tui.do("set var contig_page_data.node_zones[0].managed_pages = 54321", "layout next", "layout mm")
    assert tui.table()["Normal"][0] == "54321" and "rror" not in text and "Traceback" not in text


def test_what_is_wrong_is_a_line(tui):
    tui.do("file")
    assert "no kernel symbols: load them" in tui.do("refresh")
    tui.do(f"file {ELF}")
    tui.do("set var contig_page_data.node_zones[0].name = (char *)8")
    assert tui.table()["zone0"][0] == "54321"
    name = int(tui.do("print (int)malloc(16)").rsplit("= ", 1)[1].split()[0])
    tui.do(f"set var *(char (*)[8]){name} = \"a\\033[31mZ\"",
           f"set var contig_page_data.node_zones[0].name = (char *){name}")
    assert "a\\x1b[31mZ" in tui.terminal.text


def test_a_mistake_of_our_own_is_a_line(tui):
    tui.do("python tui = __import__('sys').modules['mmscope.session.tui']",
           "python kept, tui.zone_pane = tui.zone_pane, 0")
    text = tui.do("stepi", "stepi")
    assert "internal error, TypeError" in text and "Traceback" not in text
    tui.do("python tui.zone_pane = kept", "stepi")
    assert "managed" in tui.terminal.text


def test_nothing_is_left_when_the_tui_is_off(tui):
    tui.do("tui disable")
    tui.terminal.screen.reset()
    text = tui.do("set var contig_page_data.node_zones[0].managed_pages = 777", "stepi")
    assert "777" not in text.replace("= 777", "") and "managed " not in text
    tui.do("tui enable")
    assert tui.table()["a\\x1b[31mZ"][0].rstrip("-") == "777"
    tui.do("layout src", "stepi")
    assert "managed " not in tui.terminal.text


def test_while_the_target_runs_a_line_says_so(tui):
    tui.do("layout mm")
    assert tui.do("continue &").count("the target is running: stop it first") == 2
    tui.do("interrupt")
    tui.terminal.wait("the stop", lambda: "managed" in tui.terminal.text and " a cell" in tui.terminal.text)
    assert tui.do("detach").count("no target: connect first") == 2


def test_mm_step_shows_each_phase_as_it_goes():
    whole = [(end >> 12) - (start + 0xfff >> 12) for start, end in FREE if end <= 0x40000000]
    sums = [f"{pages}" for pages in accumulate(pages for pages in whole if pages > 0)]
    guest, seen = TuiGuest(80, 24), []

    def look():
        try:
            free = guest.table()["Normal"][1].rstrip("+")
        except (KeyError, IndexError, StopIteration):       # half drawn
            return
        if free in sums and free not in seen:
            seen.append(free)
    try:
        guest.do("tui new-layout counts mm_zones 1 status 0 cmd 1", "layout counts", f"target remote {guest.socket}")
        guest.run_to("mem_init")
        guest.terminal.watch = look
        guest.do("mm step --to free_all_bootmem --quiet")
        assert seen == sums and shown(guest)["Normal"] == truth(guest)["Normal"]
    finally:
        guest.close()


@pytest.mark.parametrize("early", [
    "python del gdb.register_window_type",
    "python def missing(*_): raise gdb.error('no TUI')\npython gdb.register_window_type = missing"])
def test_a_gdb_without_windows_says_nothing(tmp_path, early):
    file = tmp_path / "commands.gdb"
    file.write_text(f"{early}\nsource {MM_PY}\nsource {MM_PY}\n")
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", str(file)], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert (done.returncode, done.stdout) == (0, "")
