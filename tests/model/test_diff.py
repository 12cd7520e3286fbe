# SPDX-License-Identifier: GPL-2.0-or-later
"""mm diff: every change once, sums that close. Changes of free blocks have test_diffblock.py."""
from dataclasses import replace

from diffs import LOW, as_json, empty, file_of, line_of, run, split, take_off
from machine import HIGH_START
from mmscope.model.diff import compare
from mmscope.view.diff import diff_text


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
