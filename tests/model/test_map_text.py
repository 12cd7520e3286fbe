# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map as text: what is drawn is what the cells say, in any width, with ASCII alone, and never with what the
target wrote."""
import re
from dataclasses import replace

import pytest

from machine import HIGH_START, LOW_START
from mapmade import made, scattered
from mmscope.command import load_commands
from mmscope.errors import MmError
from mmscope.model import frame
from mmscope.model.mapcells import draw
from mmscope.model.snapshot import take
from mmscope.model.terminal import Terminal
from mmscope.view import palette
from mmscope.view.json import plain
from mmscope.view.map import MOST_MARKS, look_of, map_text, row_cells

COMMANDS = load_commands()
ZONES = (("DMA", 0x103, 0x500), ("Normal", 0x603, 0x2200), ("HighMem", 0x10000, 0x333))
WIDE = Terminal(80, "UTF-8")
COLOURED = re.compile("\x1b\\[(?:38;5;[0-9]+|0)m")


def text_of(found, terminal=WIDE):
    return map_text(replace(found, terminal=terminal))


def signs_of(text):
    """Lines of cells: address and signs, blanks in front kept."""
    return [(int(match[1], 16), match[2]) for match in re.finditer(r"^(0x[0-9a-f]+) (.*)$", text, re.M)
            if not match[2].startswith("v") and not match[2].endswith(" v")]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("by", ["owner", "order", "migratetype"])
@pytest.mark.parametrize("charset", ["UTF-8", "ASCII", "ISO-8859-1", "no such"])
def test_signs_read_back_are_the_cells(seed, by, charset):
    frames, _ = scattered(seed, ZONES, 300)
    width = (40, 80, 100, 140)[seed % 4]
    found = draw(made(ZONES, frames), by, row_cells=row_cells(width, 0x10333000))
    text = text_of(found, Terminal(width, charset))
    unicode_ = charset == "UTF-8"
    assert unicode_ or text.isascii()
    assert max(map(len, text.splitlines())) <= width or width < 80
    lines = signs_of(text)
    drawn = [(at, sign) for start, signs in lines for at, sign in
             ((start // 4096 + column * found.cell_pages, sign) for column, sign in enumerate(signs)) if sign != " "]
    expected = []
    for section in found.sections:
        for cell in section.cells:
            look = look_of(found, cell.name)
            whole, mixed = (look.sign, look.mixed) if unicode_ else (look.ascii, look.ascii_mixed)
            expected.append((cell.end_pfn - 1 - (cell.end_pfn - 1) % found.cell_pages, mixed if cell.mixed else whole))
    assert drawn == expected


@pytest.mark.parametrize("width, end, cells", [(80, 1 << 32, 64), (80, 1 << 45, 64), (120, 1 << 32, 96),
                                               (160, 1 << 32, 144), (20, 1 << 32, 16), (1, 1 << 60, 16)])
def test_a_line_has_as_many_cells_as_fit(width, end, cells):
    assert row_cells(width, end) == cells


def test_the_legend_sums_up_and_names_the_largest():
    frames = [("reserved", "kernel text", (0, 16)), ("reserved", "mem_map", (16, 18)),
              ("free", "Movable order 4", (18, 250))]
    text = text_of(draw(made((("Normal", 0, 256),), frames)))
    assert re.search(r"^ . .\s+18\s+72 KiB  reserved: kernel text 16, mem_map 2$", text, re.M)
    assert re.search(r"^ . .\s+232\s+928 KiB  free: Movable 232$", text, re.M)
    assert re.search(r"^ . .\s+6\s+24 KiB  no memory$", text, re.M)
    assert "one sign: 1 page, 4 KiB; one line: 256 KiB" in text


def test_colours_come_only_where_they_are_wanted_and_change_nothing_else():
    frames, _ = scattered(3, ZONES)
    found = draw(made(ZONES, frames))
    plain, coloured = text_of(found), text_of(found, Terminal(80, "UTF-8", True))
    assert "\x1b" not in plain and "\x1b[38;5;" in coloured
    assert COLOURED.sub("", coloured) == plain
    assert all(line.count("\x1b[0m") == (1 if "\x1b[38" in line else 0) for line in coloured.splitlines())
    assert coloured.replace("\x1b[0m", "").count("\x1b") == len(re.findall("\x1b\\[38;5;[0-9]+m", coloured))


def test_no_string_of_the_target_reaches_the_terminal_as_it_is():
    bad = "\x1b[2J\n\u202e\x07"
    frames = [("reserved", bad, (0, 16)), (bad, bad, (16, 32)), ("free", f"{bad} order 3", (32, 48))]
    snapshot = replace(made(((bad, 0, 64),), frames, name=bad, stage=bad, where=bad), release=bad)
    for by in ("owner", "order", "migratetype"):
        for window in (None, (0, 60)):
            text = text_of(draw(snapshot, by, window), Terminal(80, "ASCII"))
            assert text.isascii() and all(line.isprintable() for line in text.splitlines())


def test_pointers_stand_above_their_cell():
    frames = [("reserved", "kernel text", (3, 16)), ("reserved", "m" * 50, (60, 62)), ("free", "Movable order 4",
                                                                                    (0, 3, 16, 60, 62, 128))]
    lines = text_of(draw(made((("Normal", 0, 128),), frames), "owner", (0, 128), 66)).splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("0x00000 "))
    start = len("0x00000 ")
    assert lines[first - 2] == " " * (start + 3) + "v 0x3000 kernel text"
    assert lines[first - 1].endswith("m v") and lines[first - 1].index(" v") + 1 == start + 60
    assert lines[first + 1] == " " * (start + 2) + "v 0x42000"


def test_too_many_places_are_counted_instead():
    count = MOST_MARKS + 1
    frames = [("reserved", f"owner {at}", (2 * at, 2 * at + 1)) for at in range(count)]
    text = text_of(draw(made((("Normal", 0, 64),), frames), "owner", (0, 64)))
    assert " v " not in text and f"{count} reserved pieces are here" in text
    memory = [(at * 0x2000, at * 0x2000 + 0x1000) for at in range(count + 1)]
    text = text_of(draw(made((("Normal", 0, 64),), [("free", "Movable order 0", (0, 64))], memory=memory)))
    assert " v " not in text and f"{count} regions of memory begin inside" in text


def test_gaps_are_lines_of_their_own():
    zones = (("Normal", 0, 64), ("Movable", 1 << 30, 64))
    text = text_of(draw(made(zones, [("free", "Movable order 0", (0, 64, 1 << 30, (1 << 30) + 64))])))
    assert f"no memory: 0x40000 to {1 << 42:#x}, 4.0 TiB\n" in text
    assert text.count("no memory") == 1 and len(signs_of(text)) == 2


# --- the command ---

def run(machine, words, terminal=WIDE):
    ctx = machine.context()
    ctx.host = replace(ctx.host, terminal=lambda: terminal)
    command = COMMANDS["map"]
    return command.run(ctx, command.parser().parse_args(words))


def lives(machine):
    machine.free(machine.low, 3, 0, LOW_START + -LOW_START % 8)
    machine.free(machine.high, 2, 1, HIGH_START + -HIGH_START % 4)
    machine.memblock("reserved", (LOW_START + 64 << 12, 0x1800))


def test_a_map_is_of_the_same_pages_as_the_account(machine):
    lives(machine)
    account = COMMANDS["account"].run(machine.context(), COMMANDS["account"].parser().parse_args([]))
    sums = {}
    for zone in account.zones:
        for bucket in zone.buckets:
            sums[bucket.kind] = sums.get(bucket.kind, 0) + bucket.pages
    assert {each.name: each.pages for each in run(machine, []).groups} == sums


def test_a_zone_two_addresses_and_one_address_zoom(machine):
    lives(machine)
    for words, window in [(["highmem"], (HIGH_START, HIGH_START + 0x800)),
                          (["pfn:0x10010", "phys:0x10020800"], (0x10010, 0x10021)),
                          (["--range", "pfn:0x10010-pfn:0x10020"], (0x10010, 0x10020)),
                          (["pfn:0x10011"], (0x10000, 0x10400)), (["0xc0010000", "0xc0020000"], (0x10010, 0x10020))]:
        found = run(machine, words)
        assert (found.start_pfn, found.end_pfn) == window
    assert "asked" in {mark.what for mark in run(machine, ["pfn:0x10011"]).marks}


@pytest.mark.parametrize("words, said", [
    (["nix"], "no zone .*Highmem.*, and no address"), (["pfn:2", "pfn:2"], "would end where it begins"),
    (["pfn:3", "pfn:2"], "would end where it begins"), (["a", "b", "c"], "at most two"),
    (["--range", "pfn:1"], "needs START-END"), (["--range", "-"], "needs START-END"),
    (["Normal", "--range", "pfn:1-pfn:2"], "give one of them"), (["--snapshot", "nix"], "no snapshot 'nix'"),
    (["pfn:99999999999999999999", "pfn:1"], "is not a page frame number"), (["--lines", "0"], "--lines is 1 to"),
    (["--by", "colour"], "invalid choice"), (["--svg", "/no/such/folder/x"], "cannot write"),
    (["--svg", "\0"], "cannot write")])
def test_a_wrong_word_is_one_line(machine, words, said):
    with pytest.raises(MmError, match=said) as error:
        run(machine, words)
    assert "\n" not in str(error.value)


def test_a_kept_snapshot_is_drawn_as_it_was(machine):
    lives(machine)
    before = run(machine, [])
    COMMANDS["snapshot"].run(machine.context(), COMMANDS["snapshot"].parser().parse_args(["early"]))
    machine.free(machine.high, 3, 1, HIGH_START + 64 + -HIGH_START % 8)
    kept = run(machine, ["--snapshot", "early"])
    assert kept.sections == before.sections != run(machine, []).sections
    assert text_of(kept).startswith("early: memory by owner")
    machine.live = "the target is running"
    assert run(machine, ["--snapshot", "early", "pfn:0x10010"]).start_pfn == 0x10000
    with pytest.raises(MmError):
        run(machine, [])


def test_ascii_is_an_option_and_what_a_file_gets(machine, tmp_path):
    lives(machine)
    for words in (["--ascii"], ["-o", str(tmp_path / "map.txt")]):
        text = COMMANDS["map"].text(run(machine, words, Terminal(80, "UTF-8", True)))
        assert text.isascii() == ("\x1b" not in text or "--ascii" in words)
        assert ("\x1b" in text) == ("--ascii" in words)
    assert palette.KINDS[frame.FREE].sign in COMMANDS["map"].text(run(machine, []))


def test_before_zones_exist_it_is_memblock(machine):
    for name in ("mem_map", "system_state", "slab_state"):
        machine.poke(machine.addr(name), 0)
    machine.set_total("totalram_pages", 0)
    machine.memblock("reserved", (LOW_START << 12, 0x4000))
    found = run(machine, [])
    assert found.source == "memblock" and {each.name: each.pages for each in found.groups}["reserved"] == 4
    text = text_of(found)
    assert text.startswith("memory as memblock has it by owner, stage memblock")
    with pytest.raises(MmError, match="stage memblock"):
        run(machine, ["--by", "order"])


def test_tab_offers_zones_ways_to_look_and_snapshots(machine):
    words = {each.names[0]: each.words for each in COMMANDS["map"].args}
    ctx = machine.context()
    assert "Highmem" in words["where"](ctx) and set(words["--by"](ctx)) == {"owner", "order", "migratetype"}
    COMMANDS["snapshot"].run(ctx, COMMANDS["snapshot"].parser().parse_args(["kept"]))
    assert list(words["--snapshot"](ctx)) == ["kept"]


def test_html_is_of_the_snapshots_that_are_named_else_of_all_that_are_kept_else_of_now(machine, tmp_path):
    lives(machine)
    path = str(tmp_path / "boot.html")

    def drawn(*names):
        return run(machine, ["--html", path, *names]).drawn
    assert drawn() == ("now",)
    for name in ("step/01-b", "step/02-a", "c"):
        machine.kept[name] = {"state": plain(take(machine.context(), name)[0])}
    assert drawn() == ("step/01-b", "step/02-a", "c")
    assert drawn("c", "now", "step/01-b") == ("c", "now", "step/01-b")
    text = (tmp_path / "boot.html").read_text()
    assert text.lstrip().lower().startswith("<!doctype html") and "step/01-b" in text and "step/02-a" not in text
    found = run(machine, ["--html", path, "c"])
    assert COMMANDS["map"].text(found) == f"{path} is written: 1 snapshot\n"


@pytest.mark.parametrize("words, said", [
    (["Normal", "--html", "x"], "whole snapshots"), (["--html", "x", "--svg", "y"], "whole snapshots"),
    (["--html", "x", "--snapshot", "y"], "whole snapshots"), (["--html", "x", "nix"], "no snapshot 'nix'"),
    (["--html", "/no/such/folder/x"], "cannot write"), (["--html"], "expected at least one")])
def test_a_page_that_cannot_be_written_is_one_line_and_no_file(machine, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MmError, match=said):
        run(machine, words)
    assert not list(tmp_path.iterdir())
