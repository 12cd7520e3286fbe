# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff stays readable: what is much is summed, and nothing is wider than 80 columns."""
import json
from dataclasses import replace

import pytest

from diffs import LOW, SNAPSHOTS, as_json, cache, file_of, line_of, run
from mmscope.model.diff import compare
from mmscope.model.diffblock import BlockEvent
from mmscope.model.snapshotfile import from_document
from mmscope.model.snapshots import find_snapshot
from mmscope.model.state import AreaState
from mmscope.view.diff import diff_text
from mmscope.view.diffblock import events_text


def test_many_changes_are_summed_and_all_prints_every_one(machine):
    run(machine, "snapshot a")
    pfns = range(LOW, LOW + 80, 2)
    machine.free(machine.low, 0, 1, *pfns)
    short, long = (diff_text(run(machine, f"diff a{option}"))
                   for option in ("", " --all"))
    assert "40 changes of blocks (every one with --all):" in short
    assert line_of(short, "returned Movable").split() == [
        "returned", "Movable", "40", "40"]
    assert sum(line.startswith("  returned  0x")
               for line in long.splitlines()) == 40
    for text in (short, long):
        assert max(map(len, text.splitlines())) <= 80
    assert len(next(each for each in as_json(machine, "diff a")["zones"]
                    if each["events"])["events"]) == 40


def test_what_is_more_than_fits_is_summed(machine):
    base = LOW << 12
    machine.memblock("reserved")
    run(machine, "snapshot a")
    machine.memblock("reserved", *((base + at * 0x2000, 0x1000)
                                   for at in range(30)))
    short, long = (diff_text(run(machine, f"diff a{option}"))
                   for option in ("", " --all"))
    assert "  ... and 10 more (every one with --all): 10 added in reserved " \
        "(40 KiB)\n" in short
    assert short.count("added    reserved") == 20
    assert long.count("added    reserved") == 30 and "more" not in long
    lazy = [AreaState(at << 12, at + 1 << 12, "lazy", None, None, None)
            for at in range(1, 28)]
    ours = find_snapshot(machine.context(), "a")
    text = diff_text(compare(replace(ours, areas=()),
                             replace(ours, areas=tuple(lazy))))
    assert "... and 7 more (every one with --all): 7 added lazy (28 KiB)" \
        in text
    was, is_ = (tuple(cache(f"c{at}", 1, 16, at + more, at + 1)
                      for at in range(25)) for more in (0, 2))
    text = diff_text(compare(replace(ours, caches=was),
                             replace(ours, caches=is_)))
    assert "... and 5 more (every one with --all): in use " in text


def test_a_sum_that_is_too_wide_is_put_into_words():
    made = [BlockEvent("moved", pfn << 20, order, "Reclaimable", 1 << order,
                       "Unmovable", (), None, None, None)
            for order in range(14) for pfn in range(order * 100)]
    lines = events_text(made, False)
    assert max(map(len, lines)) <= 78
    assert lines[0] == "9100 changes of blocks (every one with --all):"
    words = " ".join(" ".join(lines[1:]).split())
    assert words == (
        "moved Reclaimable to Unmovable: 19661000 pages, blocks by order: "
        + ", ".join(f"{order}00 of {order}" for order in range(1, 14)))


def test_nothing_is_said_where_nothing_changed(machine):
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    run(machine, "snapshot b")
    assert diff_text(run(machine, "diff a b")) == (
        "from a (stage booted) to b (stage booted)\nnothing has changed\n")


@pytest.mark.parametrize("where", ["totals", "zones"])
def test_a_part_of_one_side_does_not_stop_the_rest(machine, where):
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    ours = find_snapshot(machine.context(), "a")
    less = replace(ours, zones=(), free_lists=()) if where == "zones" \
        else replace(ours, totals={})
    for one, other in ((ours, less), (less, ours)):
        assert max(map(len, diff_text(compare(one, other)).splitlines())) <= 80


LONG = ("x" * 5000, "w " * 3000, "\x1b[31m" * 900, "\ud800" * 3000)


@pytest.mark.parametrize("text", LONG, ids=("word", "words", "escapes",
                                            "surrogates"))
def test_no_text_of_a_file_is_wider_than_the_terminal(text):
    """Each string of a snapshot in turn, then all of them; on either side."""
    ours, other = file_of("vmalloc_init"), file_of("cpu_idle")
    plain = json.loads((SNAPSHOTS / "article-cpu_idle.json").read_text())
    same = {"kind", "arch", "release", "banner", "build_id"}

    def longer(value):
        if isinstance(value, str):
            return value + text
        if isinstance(value, dict):
            return {key: longer(each) for key, each in value.items()}
        return [longer(each) for each in value] \
            if isinstance(value, list) else value
    state = plain["state"]
    made = [{**state, name: longer(value)} for name, value in state.items()
            if name not in same]
    made.append({name: value if name in same else longer(value)
                 for name, value in state.items()})
    made.append({**state, "totals": {text: 1, **state["totals"]},
                 "doubts": [text] * 50})
    made.append({**state, "totals": {
        name: (1 << 65) - 1 for name in state["totals"]}})
    made.append({**state, "caches": None, "missing": {"caches": text}})
    for each in made:
        odd = from_document({**plain, "state": each}, "file")
        for pair in ((ours, odd), (odd, ours), (other, odd)):
            for every in (False, True):
                found = diff_text(compare(*pair, (), every))
                assert found.isascii()
                assert max(map(len, found.splitlines())) <= 80
