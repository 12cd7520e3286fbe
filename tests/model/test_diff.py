# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff: every change once, sums that close, text that fits. Changes of free
blocks have test_diffblock.py."""
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from machine import HIGH_START, LOW_START
from mmscope.command import load_commands
from mmscope.model.diff import compare
from mmscope.model.diffblock import BlockEvent
from mmscope.model.diffcounts import (ADDED, CHANGED, REMOVED, area_changes,
                                      cache_changes, pcp_changes,
                                      range_changes)
from mmscope.model.diffpages import OwnerMap, PageOwner, flows, owner_changes
from mmscope.model.info import target
from mmscope.model.snapshots import find_snapshot
from mmscope.model.snapshotfile import from_document, read_snapshot
from mmscope.model.interval import Interval, changes, disjoint
from mmscope.model.state import (AreaState, CacheState, FreeList, Frames, Known,
                                 Reservation)
from mmscope.view.diff import diff_text
from mmscope.view.diffblock import events_text
from mmscope.view.json import document

COMMANDS = load_commands()
SNAPSHOTS = Path(__file__).resolve().parents[1] / "data" / "snapshots"
LOW = LOW_START + -LOW_START % 64       # a block of any order up to 6


def run(machine, line):
    """What a command gives, on a stop of its own."""
    name, *words = line.split()
    command = COMMANDS[name]
    return command.run(machine.context(), command.parser().parse_args(words))


def file_of(stop):
    """What the guest was on the article's board."""
    return read_snapshot(str(SNAPSHOTS / f"article-{stop}.json"))


def as_json(machine, line):
    return json.loads(document("diff", target(machine.context()),
                               run(machine, line)))


def empty(machine, zone, order, migratetype):
    """Take all blocks off a list that has them."""
    head = machine.head(zone, order, migratetype)
    machine.link(head)
    machine.put(machine.zone(zone), "zone", f"free_area[{order}].nr_free", 0)


def take_off(machine, zone, order, migratetype, *pfns):
    """And let their pages be in use."""
    empty(machine, zone, order, migratetype)
    for pfn in pfns:
        machine.put(machine.page(pfn), "page", "_mapcount.counter", -1)
        machine.put(machine.page(pfn), "page", "private", 0)
        machine.put(machine.page(pfn), "page", "_refcount.counter", 1)


def line_of(text, word):
    return next(line.strip() for line in text.splitlines()
                if line.strip().startswith(word))


# --- on a machine -------------------------------------------------------------

def split(machine):
    """Snapshot a, an order-3 block; then its first page is taken."""
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    take_off(machine, machine.low, 3, 1, LOW)
    for order in range(3):
        machine.free(machine.low, order, 1, LOW + (1 << order))


def test_a_block_that_was_split_for_one_page_shows_the_sums(machine):
    split(machine)
    text = diff_text(run(machine, "diff a"))
    assert line_of(text, "split") == (
        f"split     {LOW:#x} order 3 Movable into {LOW:#x} ^ (1 << n), "
        "n = 0 to 2")
    assert line_of(text, "taken") == \
        f"taken     {LOW:#x} order 0 Movable, now other"
    assert ": 1 page taken, 0 pages returned, 0 pages moved" in text
    assert f"       1  free -> other: {LOW:#x}" in text


def test_json_has_the_events_with_pieces_and_buddy(machine):
    split(machine)
    found = as_json(machine, "diff a")
    zone = next(each for each in found["zones"] if each["events"])
    one, other = zone["events"]
    assert (one["event"], one["pfn"], one["order"]) == ("split", LOW, 3)
    assert one["pieces"] == [
        {"pfn": LOW + (1 << order), "order": order, "migratetype": "Movable"}
        for order in range(3)]
    assert other == {
        "event": "taken", "pfn": LOW, "order": 0, "migratetype": "Movable",
        "pages": 1, "to": None, "pieces": [], "whole_pfn": LOW,
        "whole_order": 3, "buddy_pfn": LOW ^ 1, "owner": "other"}
    assert (zone["taken_pages"], zone["returned_pages"]) == (1, 0)
    counts = {each["name"]: (each["before"], each["after"])
              for each in zone["counts"]}
    assert counts["nr_free_pages"] == counts["listed_pages"] == (8, 7)
    assert found["before"]["name"] == "a" and found["after"]["name"] == "now"


def test_the_other_way_round_it_is_a_merge(machine):
    split(machine)
    run(machine, "snapshot b")
    text = diff_text(run(machine, "diff b a"))
    assert line_of(text, "merged") == (
        f"merged    {LOW:#x} order 3 Movable out of {LOW:#x} ^ (1 << n), "
        "n = 0 to 2")
    assert line_of(text, "returned") == \
        f"returned  {LOW:#x} order 0 Movable, was other"


def test_now_is_the_present_state_on_either_side(machine):
    split(machine)
    one, other = (as_json(machine, line) for line in ("diff a", "diff a now"))
    assert one == other
    back = as_json(machine, "diff now a")
    assert [each["event"] for zone in back["zones"]
            for each in zone["events"]] == ["merged", "returned"]


def test_one_buddy_is_worked_out_two_are_named(machine):
    machine.free(machine.low, 1, 1, LOW)
    machine.free(machine.low, 2, 1, LOW + 8)
    run(machine, "snapshot a")
    take_off(machine, machine.low, 1, 1, LOW)
    take_off(machine, machine.low, 2, 1, LOW + 8)
    machine.free(machine.low, 0, 1, LOW, LOW + 8)
    machine.free(machine.low, 1, 1, LOW + 10)
    text = diff_text(run(machine, "diff a"))
    lines = [line.strip() for line in text.splitlines() if "split" in line]
    assert lines[0].endswith(f"into {LOW + 1:#x} ^ (1 << 0) = {LOW:#x}")
    assert lines[1].endswith(
        f"into {LOW + 8:#x} order 0, {LOW + 10:#x} order 1")


def test_the_same_block_on_another_list_is_moved(machine):
    machine.free(machine.high, 4, 1, HIGH_START + -HIGH_START % 16)
    run(machine, "snapshot a")
    empty(machine, machine.high, 4, 1)
    machine.free(machine.high, 4, 0, HIGH_START + -HIGH_START % 16)
    text = diff_text(run(machine, "diff a"))
    assert line_of(text, "moved").endswith("order 4 Movable to Unmovable")
    assert "0 pages taken, 0 pages returned, 16 pages moved" in text
    assert "pages by owner" not in text


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


def test_a_reservation_is_told_by_its_bytes_however_regions_merge(machine):
    base = LOW << 12
    machine.memblock("reserved", (base, 0x1000), (base + 0x3000, 0x1000))
    run(machine, "snapshot a")
    machine.memblock("reserved", (base, 0x2800), (base + 0x3000, 0x800))
    found = as_json(machine, "diff a")["memblock"]
    assert [(each["list"], each["event"], each["start"], each["end"])
            for each in found] == [
        ("reserved", "added", base + 0x1000, base + 0x2800),
        ("reserved", "removed", base + 0x3800, base + 0x4000)]
    text = diff_text(run(machine, "diff a"))
    assert f"added    reserved: {base + 0x1000:#x} to {base + 0x2800:#x} " \
        "(6 KiB)" in text


def test_from_a_stage_that_has_no_zones_all_that_is_there_has_come(machine):
    """What an early stage may have had unseen, areas, is not compared."""
    values = {name: machine.addr(name)
              for name in ("mem_map", "system_state", "slab_state")}
    kept = {name: machine.ram.read(addr, 4) for name, addr in values.items()}
    for addr in values.values():
        machine.poke(addr, 0)
    machine.set_total("totalram_pages", 0)
    run(machine, "snapshot early")
    for name, addr in values.items():
        machine.ram.write(addr, kept[name])
    machine.free(machine.low, 3, 1, LOW)
    machine.memblock("reserved", (LOW << 12, 0x1000))
    found = as_json(machine, "diff early")
    assert {each["part"] for each in found["one_sided"]} == {
        "zones and free lists", "per-CPU lists", "slab caches",
        "vmalloc areas", "page frames by owner"}
    assert {each["only_in"] for each in found["one_sided"]} == {"after"}
    assert found["areas"] == found["flows"] == found["owners"] == []
    low = found["zones"][0]
    assert [(each["event"], each["pfn"], each["order"])
            for each in low["events"]] == [("returned", LOW, 3)]
    assert {each["name"]: each["before"] for each in low["counts"]} == {
        "present_pages": None, "managed_pages": None, "free_pages": None,
        "nr_free_pages": None, "listed_pages": 0, "pcp_pages": 0}
    back = as_json(machine, "diff now early")
    assert [(each["event"], each["pfn"], each["order"])
            for each in back["zones"][0]["events"]] == [("taken", LOW, 3)]
    assert [each["event"] for each in found["memblock"]] == ["added"]
    text = diff_text(run(machine, "diff early"))
    assert "only now has zones and free lists, per-CPU lists, slab caches" \
        in text
    assert "early: not there yet at stage memblock" in text.replace("\n ", "")


def test_caches_have_come_since_a_stage_without_slabs():
    before = file_of("vmalloc_init")
    after = file_of("cpu_idle")
    for stage, came in (("buddy", [each.name for each in after.caches]),
                        ("booted", []), ("", [])):
        early = replace(before, stage=stage, caches=None)
        found = compare(early, after).caches
        assert [each.name for each in found if each.before is None] == came
        found = compare(after, early).caches
        assert [each.name for each in found if each.after is None] == came


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


def test_a_locked_zone_is_told(machine):
    run(machine, "snapshot a")
    machine.free(machine.low, 0, 1, LOW)
    machine.take_lock(machine.low)
    assert "now: the zone was locked" in diff_text(run(machine, "diff a"))


def test_blocks_that_lie_over_each_other_are_left_out_and_counted(machine):
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    machine.free(machine.low, 0, 1, LOW + 3)
    found = run(machine, "diff a")
    assert any("1 free blocks are not aligned or lie over others" in doubt
               for doubt in found.doubts)
    assert all(not zone.events for zone in found.zones)


# --- ranges with labels -------------------------------------------------------

LABELS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12),
                            st.sampled_from("abc")), max_size=8)


def painted(intervals):
    found = {}
    for each in intervals:
        for at in range(each.start, each.end):
            assert at not in found
            found[at] = each.label
    return found


@given(LABELS)
def test_disjoint_intervals_cover_what_the_given_ones_do(given_):
    wanted = {at for start, length, _ in given_
              for at in range(start, start + length)}
    found = disjoint(Interval(start, start + length, label)
                     for start, length, label in given_)
    assert set(painted(found)) == wanted
    for at, label in painted(found).items():
        assert any(start <= at < start + length and label == one
                   for start, length, one in given_)


@given(LABELS, LABELS)
@settings(max_examples=300)
def test_changes_are_those_of_each_number(one, other):
    sides = [disjoint(Interval(start, start + length, label)
                      for start, length, label in each) for each in
             (one, other)]
    was, is_ = map(painted, sides)
    wanted = {at: (was.get(at), is_.get(at)) for at in range(64)
              if was.get(at) != is_.get(at)}
    found = {}
    last = None
    for change in changes(*sides):
        assert change.start < change.end
        assert last is None or last.end < change.start or \
            (last.before, last.after) != (change.before, change.after)
        for at in range(change.start, change.end):
            found[at] = (change.before, change.after)
        last = change
    assert found == wanted


# --- pages by owner -----------------------------------------------------------

OWNERS = (("free", "Movable order 3"), ("free", "Unmovable order 0"),
          ("slab", "kmalloc-64"), ("pcp", "CPU 0"), ("hole", ""), ("other", ""))


def frames_of(owners):
    """Frames by the owner of each page, as a snapshot has them."""
    found = {}
    for pfn, owner in enumerate(owners):
        found.setdefault(owner, []).extend((pfn, pfn + 1))
    return [Frames(*owner, tuple(ranges)) for owner, ranges in found.items()]


@given(st.lists(st.tuples(st.sampled_from(OWNERS), st.sampled_from(OWNERS)),
                max_size=60))
@settings(max_examples=200)
def test_flows_and_owners_are_those_of_each_page(pages):
    was, is_ = (OwnerMap(frames_of([each[side] for each in pages]))
                for side in (0, 1))

    def owner(found):
        kind, detail = found
        if kind == "hole":
            return None
        return PageOwner(kind, "" if kind == "free" else detail)

    wanted = Counter((owner(one), owner(other)) for one, other in pages
                     if owner(one) != owner(other))
    found = flows(was, is_)
    assert {(flow.before, flow.after): flow.pages for flow in found} == wanted
    for flow in found:
        assert all((owner(pages[pfn][0]), owner(pages[pfn][1]))
                   == (flow.before, flow.after)
                   for start, end in flow.ranges for pfn in range(start, end))
        assert sum(end - start for start, end in flow.ranges) == flow.pages
    sides = [Counter(owner(each[side]) for each in pages) for side in (0, 1)]
    for each in owner_changes(was, is_, found):
        key = PageOwner(each.kind, each.detail)
        assert (each.before, each.after) == (sides[0][key], sides[1][key])
    named = {PageOwner(each.kind, each.detail)
             for each in owner_changes(was, is_, found)}
    assert named >= {key for key in sides[0].keys() | sides[1].keys()
                     if key is not None and sides[0][key] != sides[1][key]}
    for pfn, (one, _) in enumerate(pages):
        assert was.text(pfn, pfn + 1) == (owner(one).text if owner(one) else "")


def test_an_owner_of_a_block_is_one_or_says_that_there_are_more():
    owners = OwnerMap(frames_of([("slab", "a"), ("slab", "a"), ("anon", "")]))
    assert owners.text(0, 2) == "slab a"
    assert owners.text(0, 3) == "slab a and more"
    assert owners.text(2, 9) == "anon" and owners.text(5, 9) == ""


# --- what has an identity -----------------------------------------------------

def test_memblock_ranges_with_other_flags_are_changed_and_named():
    before = (Reservation(0, 100, 0, None), Reservation(200, 300, 0, None))
    after = (Reservation(0, 50, 4, None), Reservation(50, 100, 0, None))
    known = (Known(250, 300, "initrd", "symbols", False),)
    assert [(each.event, each.start, each.end, each.flags, each.owner)
            for each in range_changes("reserved", before, after, known)] == [
        (CHANGED, 0, 50, 4, None),
        (REMOVED, 200, 300, 0, "initrd, 0x32 other bytes")]


def cache(name, slabs=1, objects=16, used=3, addr=None):
    return CacheState(name, addr or hash(name) % 4096, 64, 0, slabs, objects,
                      used)


def test_the_owners_of_a_range_are_those_that_lie_in_it():
    """By asking each owner; bounded where a file says that all lie in all."""
    known = [Known(at % 7 * 100, at % 7 * 100 + 50 + at, f"o{at}", "s", False)
             for at in range(60)]
    ranges = [Reservation(at, at + 30, 0, 0) for at in range(0, 900, 40)]
    found = list(range_changes("reserved", (), ranges, known))
    assert len(found) == len(ranges)
    for each in found:
        inside = {owner.name for owner in known
                  if owner.start < each.end and each.start < owner.end}
        said = {name for name in (each.owner or "").split(", ")
                if name and not name.endswith("other bytes")}
        assert said == inside
    many = [Known(0, 10000 + at, f"o{at}", "s", False) for at in range(300)]
    assert {each.owner for each in range_changes(
        "reserved", (), ranges, many)} == {"more than 256 owners"}
    huge = [Known(0, 10000, "x" * 1000000, "s", False)]
    found = list(range_changes("reserved", (), ranges, huge))
    assert max(len(each.owner) for each in found) <= 2003


def test_caches_come_go_and_change_and_name_their_new_pages():
    before = (cache("same"), cache("more"), cache("gone"))
    after = (cache("same"), cache("more", 2, 32, 17), cache("new"))
    was, is_ = (OwnerMap(frames_of(owners)) for owners in (
        [("other", "")] * 3 + [("slab", "gone")],
        [("other", ""), ("slab", "more"), ("other", ""), ("slab", "new")]))
    found = list(cache_changes(before, after, flows(was, is_)))
    assert [(each.name, each.before is None, each.after is None, each.came,
             each.left) for each in found] == [
        ("more", False, False, ((1, 2),), ()),
        ("new", True, False, ((3, 4),), ()),
        ("gone", False, True, (), ((3, 4),))]


def test_areas_that_wait_for_a_flush_are_changed_others_come_and_go():
    one = AreaState(0x1000, 0x3000, "vmalloc", 1, None, "f+0x1/0x9")
    ioremap = AreaState(0x4000, 0x6000, "ioremap", 0, 0x9000, None)
    lazy = AreaState(0x1000, 0x3000, "lazy", None, None, None)
    again = replace(one, caller="g+0x1/0x9")
    assert [(each.event, each.area, each.was)
            for each in area_changes((one, ioremap), (lazy,))] == [
        (CHANGED, lazy, "vmalloc"), (REMOVED, ioremap, None)]
    assert [(each.event, each.area) for each in area_changes(
        (one,), (again, ioremap))] == [
        (REMOVED, one), (ADDED, again), (ADDED, ioremap)]


def test_cpus_lists_tell_blocks_and_pages():
    def listed(cpu, order, *pfns):
        return FreeList(0, "Normal", cpu, order, "Movable", pfns)
    found = list(pcp_changes([listed(0, 0, 5, 6), listed(1, 0, 9)],
                             [listed(0, 0, 6), listed(0, 2, 8),
                              listed(1, 0, 9)]))
    assert [(each.cpu, each.before, each.after, each.came, each.left)
            for each in found] == [(0, 2, 5, ((8, 2),), ((5, 0),))]


@pytest.mark.parametrize("where", ["totals", "zones"])
def test_a_part_of_one_side_does_not_stop_the_rest(machine, where):
    machine.free(machine.low, 3, 1, LOW)
    run(machine, "snapshot a")
    ours = find_snapshot(machine.context(), "a")
    less = replace(ours, zones=(), free_lists=()) if where == "zones" \
        else replace(ours, totals={})
    for one, other in ((ours, less), (less, ours)):
        assert max(map(len, diff_text(compare(one, other)).splitlines())) <= 80
