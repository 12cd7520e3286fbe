# SPDX-License-Identifier: GPL-2.0-or-later
"""A snapshot holds what there is at its stage; a file that is none is one
line, whatever is in it."""
import copy
import json
import os
import random

import pytest
from hypothesis import given, settings, strategies as st

from documents import places
from machine import HIGH_START, LOW_PAGES, LOW_START, Machine
from mmscope.command import load_commands
from mmscope.errors import MmError
from mmscope.model.diff import compare
from mmscope.model.info import target
from mmscope.model.snapshots import check_name, find_snapshot, kept_names
from mmscope.model.snapshotfile import (MAX_FILE_BYTES, SCHEMA, from_document,
                                        read_snapshot)
from mmscope.view.diff import diff_text
from mmscope.view.json import document
from shapes import LINUX_6_1

COMMANDS = load_commands()
PARTS = ("memory", "reserved", "owners", "zones", "free_lists", "pcp_lists",
         "caches", "areas", "frames")


def run(machine, line):
    """What a command gives, on a stop of its own."""
    name, *words = line.split()
    command = COMMANDS[name]
    return command.run(machine.context(), command.parser().parse_args(words))


def lives(machine):
    """Some blocks, a reservation."""
    low = LOW_START + -LOW_START % 16
    machine.free(machine.low, 0, 1, low, low + 2)
    machine.free(machine.low, 3, 0, low + 16)
    machine.free(machine.high, 2, 1, HIGH_START + -HIGH_START % 4)
    machine.memblock("reserved", (LOW_START + 64 << 12, 0x1800))
    return low


def test_a_snapshot_has_every_block_and_every_page(machine):
    low = lives(machine)
    state = run(machine, "snapshot a").state
    zone = machine.names[machine.low][5:].capitalize()
    lists = {(each.zone, each.order, each.migratetype): each.pfns
             for each in state.free_lists}
    assert lists == {(zone, 0, "Movable"): (low, low + 2),
                     (zone, 3, "Unmovable"): (low + 16,),
                     ("Highmem", 2, "Movable"): (
                         HIGH_START + -HIGH_START % 4,)}
    assert [(each.name, each.start_pfn, each.managed_pages)
            for each in state.zones][0] == (zone, LOW_START, LOW_PAGES)
    assert [(each.start, each.end) for each in state.reserved] == [
        (LOW_START + 64 << 12, (LOW_START + 64 << 12) + 0x1800)]
    pages = {}
    for frames in state.frames:
        for start, end in zip(frames.ranges[::2], frames.ranges[1::2]):
            for pfn in range(start, end):
                assert pages.setdefault(pfn, frames.kind) is frames.kind
    assert sorted(pages) == list(range(LOW_START, HIGH_START + 0x800))
    assert {pfn for pfn, kind in pages.items() if kind == "free"} == {
        low, low + 2, *range(low + 16, low + 24),
        *range(lists["Highmem", 2, "Movable"][0],
               lists["Highmem", 2, "Movable"][0] + 4)}
    assert state.missing == {} and state.doubts == ()


def test_before_there_are_zones_a_snapshot_is_memblock_and_says_so(machine):
    for name in ("mem_map", "system_state", "slab_state"):
        machine.poke(machine.addr(name), 0)
    machine.set_total("totalram_pages", 0)
    machine.memblock("reserved", (LOW_START << 12, 0x4000))
    report = run(machine, "snapshot early")
    state = report.state
    assert state.stage == "memblock"
    assert {part for part in PARTS if getattr(state, part) is not None} == {
        "memory", "reserved", "owners"}
    assert all("stage memblock" in state.missing[part] for part in PARTS[3:])
    text = COMMANDS["snapshot"].text(report)
    assert "without zones and free lists, per-CPU lists" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_is_broken_is_kept_with_it(machine):
    lives(machine)
    machine.put(machine.zone(machine.low), "zone", "free_area[2].nr_free", 2)
    report = run(machine, "snapshot a")
    assert [problem.id for problem in report.problems] == ["BUDDY-1"]
    assert report.state.doubts[0].startswith("BUDDY-1: zone ")
    assert "in a: BUDDY-1: " in diff_text(run(machine, "diff a"))


def test_snapshots_are_kept_by_name_in_order(machine):
    assert "no snapshot is kept" in COMMANDS["snapshot"].text(
        run(machine, "snapshot"))
    for name in ("one", "two", "one"):
        report = run(machine, f"snapshot {name}")
    assert report.replaced
    assert kept_names(machine.context()) == ["one", "two"]
    assert [each.name for each in run(machine, "snapshot").snapshots] == [
        "one", "two"]


def test_a_snapshot_that_is_deleted_is_gone(machine):
    for name in ("one", "two"):
        run(machine, f"snapshot {name}")
    report = run(machine, "snapshot --delete one")
    assert report.deleted == "one" and kept_names(machine.context()) == ["two"]
    text = COMMANDS["snapshot"].text(report)
    assert text.startswith("snapshot one is deleted\nname ")
    assert "\ntwo " in text and "\none " not in text
    for line in ("diff one", "snapshot --delete one"):
        with pytest.raises(MmError, match="'one' is kept.*kept: two$"):
            run(machine, line)
    text = COMMANDS["snapshot"].text(run(machine, "snapshot --delete two"))
    assert text == ("snapshot two is deleted\n"
                    "no snapshot is kept: take one with 'mm snapshot NAME'\n")
    with pytest.raises(MmError, match="kept: none$"):
        run(machine, "snapshot --delete two")


@pytest.mark.parametrize("line", ["a --delete a", "--delete a --file x"])
def test_deleting_takes_one_name_and_nothing_else(machine, line):
    run(machine, "snapshot a")
    with pytest.raises(MmError, match="nothing else goes with it"):
        run(machine, f"snapshot {line}")
    assert kept_names(machine.context()) == ["a"]


@pytest.mark.parametrize("name", ["", "a b", "../x", "now", "x" * 65, "-a",
                                  "\x1b[31m", "a\n"])
def test_a_name_that_cannot_be_typed_again_is_refused(name):
    with pytest.raises(MmError) as error:
        check_name(name)
    assert "cannot be named" in str(error.value)


def test_an_unknown_name_says_which_there_are(machine):
    run(machine, "snapshot one")
    for line in ("diff two", "diff one two"):
        with pytest.raises(MmError) as error:
            run(machine, line)
        assert str(error.value) == (
            "no snapshot 'two' is kept, and there is no file of that name; "
            "kept: one")


def test_a_file_is_one_document_that_another_session_reads(machine, tmp_path):
    low = lives(machine)
    file = tmp_path / "a.json"
    report = run(machine, f"snapshot a --file {file}")
    found = json.loads(file.read_text())
    assert found["schema"] == SCHEMA == "mmscope/snapshot/1"
    assert found["target"]["stage"] == "booted"
    assert found["state"]["free_lists"][0] == {
        "node": 0, "zone": machine.names[machine.low][5:].capitalize(),
        "cpu": None, "order": 0, "migratetype": "Movable",
        "pfns": [low, low + 2]}
    machine.kept.clear()                        # another session
    assert read_snapshot(str(file)) == report.state
    assert diff_text(run(machine, f"diff {file}")).endswith(
        "nothing has changed\n")


def test_what_json_prints_is_a_snapshot_too(machine, tmp_path):
    lives(machine)
    file = tmp_path / "a.json"
    report = run(machine, "snapshot a")
    file.write_text(document("snapshot", target(machine.context()), report))
    assert read_snapshot(str(file)) == report.state
    file.write_text(document("snapshot", target(machine.context()),
                             run(machine, "snapshot")))
    with pytest.raises(MmError, match="lists snapshots, but holds none"):
        read_snapshot(str(file))


@pytest.fixture(scope="module")
def good():
    """A document."""
    machine = Machine(LINUX_6_1)
    lives(machine)
    run(machine, "snapshot a")
    return {"schema": SCHEMA, **json.loads(json.dumps(machine.kept["a"]))}


def refused(path):
    with pytest.raises(MmError) as error:
        read_snapshot(str(path))
    text = str(error.value)
    assert "\n" not in text and len(text) < 400
    return text


def test_a_file_that_is_cut_short_is_one_line(good, tmp_path):
    text = json.dumps(good)
    file = tmp_path / "cut.json"
    for length in [0, 1, 2, *range(3, len(text) - 1, len(text) // 40)]:
        file.write_text(text[:length])
        assert "is not a whole JSON document" in refused(file)


@pytest.mark.parametrize("content, said", [
    (b"[1, 2]", "without a schema"), (b'"x"', "without a schema"),
    (b'{"schema": "mmscope/zones/1"}', "of schema 'mmscope/zones/1'"),
    (b'{"schema": {"a": 1}}', "of schema"),
    (b'{"schema": "mmscope/snapshot/1"}', "holds none"),
    (b'{"schema": "mmscope/snapshot/1", "state": 5}', "is int, not an object"),
    (b'{"schema": "mmscope/snapshot/1", "state": {}}', "has no name"),
    (b"[" * 200000, "not a whole JSON"), (b"\xff\xfe\x00", "not a whole JSON"),
    (b"\x7fELF" * 100, "not a whole JSON"),
    (b"1" * 100000, "a number of 100000 digits")])
def test_a_file_that_is_something_else_is_one_line(tmp_path, content, said):
    file = tmp_path / "other"
    file.write_bytes(content)
    assert said in refused(file)


def test_what_is_no_file_is_one_line(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert "is not a file" in refused(tmp_path)
    assert "is not a file" in refused(tmp_path / "fifo")
    assert "is not a file" in refused("/dev/zero")
    assert "at most 256" in refused(tmp_path / "huge")
    assert "No such file" in refused(tmp_path / "none")


def changed(document_, path, value):
    made = copy.deepcopy(document_)
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return made


WRONG = [None, True, -1, 1 << 70, 2.5, "x", [], {}, [1], [[1]], float("nan")]


def test_no_value_of_a_wrong_type_is_taken(good):
    """Each place in turn: refused in one line, or what the type allows."""
    ours = from_document(good, "a")
    for path in places(good["state"]):
        if not path:
            continue
        for value in WRONG:
            try:
                found = from_document(changed(good, ("state", *path), value),
                                      "file")
            except MmError as error:
                assert "\n" not in str(error) and len(str(error)) < 300
                continue
            same = getattr(ours, path[0])
            if value is not None and same is not None and len(path) == 1:
                assert type(getattr(found, path[0])) is type(same)


def test_a_region_that_was_overwritten_is_kept_as_it_is(good):
    """Base and size of 64 bits each: the end has one more."""
    end = changed(good, ("state", "memory", 0, "end"), (1 << 65) - 2)
    assert from_document(end, "a").memory[0].end == (1 << 65) - 2


@given(st.integers(0, 2**32))
@settings(max_examples=150)
def test_whatever_a_file_holds_it_is_compared_or_refused(good, seed):
    rng, made = random.Random(seed), good
    for _ in range(rng.randrange(1, 5)):
        path = rng.choice([path for path in places(made) if path])
        value = rng.choice([0, 1, 5, 63, 1 << 52, (1 << 64) - 1, "", "\x1b[0m",
                            "Movable", "slab", [], [0, 5], [5, 5, 6, 9], None])
        made = changed(made, path, value)
    try:
        one, other = from_document(good, "a"), from_document(made, "file")
        found = [compare(one, other), compare(other, one)]
    except MmError as error:
        assert "\n" not in str(error)
        return
    for each in found:
        text = diff_text(each)
        assert text.isascii() and text.endswith("\n")
        assert all(line.isprintable() and len(line) <= 80
                   for line in text.splitlines())


@pytest.mark.parametrize("part, value, said", [
    ("nr_free", [1] * 26, "nr_free has 26 orders"),
    ("order", 25, "order is 25: it can be 0 to 24")])
def test_there_are_no_orders_that_no_kernel_has(good, part, value, said):
    """Sums of them would be numbers of any length, pieces any many."""
    place = ("zones", 0, part) if part == "nr_free" else ("free_lists", 0, part)
    with pytest.raises(MmError, match=said):
        from_document(changed(good, ("state", *place), value), "file")


@pytest.mark.parametrize("field, value, said", [
    ("arch", "arm64", "on arm64"), ("kind", "guest", "guest"),
    ("release", "6.1.0-other", "6.1.0-other"),
    ("banner", "Linux version 6.1.0-test (x@y) #2", "two builds"),
    ("page_shift", 14, "pages of 16384")])
def test_another_kernel_or_build_is_refused(machine, tmp_path, field, value,
                                            said):
    if field == "kind" and not machine.new_style:
        value, said = "linux", "linux"
    run(machine, "snapshot a")
    made = {"schema": SCHEMA, **json.loads(json.dumps(machine.kept["a"]))}
    file = tmp_path / "b.json"
    file.write_text(json.dumps(changed(made, ("state", field), value)))
    for line in (f"diff {file}", f"diff a {file}", f"diff {file} a"):
        with pytest.raises(MmError) as error:
            run(machine, line)
        assert said in str(error.value) and "\n" not in str(error.value)
        assert str(error.value).endswith("they cannot be compared")


def test_the_build_id_alone_tells_two_builds(good):
    one, other = (from_document(changed(good, ("state", "build_id"), value),
                                name) for name, value in
                  (("one", "00ff"), ("other", "00fe")))
    unknown = from_document(good, "a")
    with pytest.raises(MmError, match="two builds of 6.1.0-test"):
        compare(one, other)
    assert compare(one, unknown).flows == ()


def test_find_snapshot_prefers_the_name(machine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").write_text("no snapshot")
    run(machine, "snapshot a")
    assert find_snapshot(machine.context(), "a").name == "a"
    with pytest.raises(MmError, match="not a whole JSON"):
        find_snapshot(machine.context(), "./a")
