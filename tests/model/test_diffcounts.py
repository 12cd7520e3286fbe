# SPDX-License-Identifier: GPL-2.0-or-later
"""What has an identity comes, goes or changes: reservations, caches, areas, lists of CPUs."""
from dataclasses import replace

from diffs import cache, frames_of
from mmscope.model.diffcounts import ADDED, CHANGED, REMOVED, area_changes, cache_changes, pcp_changes, range_changes
from mmscope.model.diffpages import OwnerMap, flows
from mmscope.model.state import AreaState, FreeList, Known, Reservation


def test_memblock_ranges_with_other_flags_are_changed_and_named():
    before = (Reservation(0, 100, 0, None), Reservation(200, 300, 0, None))
    after = (Reservation(0, 50, 4, None), Reservation(50, 100, 0, None))
    known = (Known(250, 300, "initrd", "symbols", False),)
    assert [(each.event, each.start, each.end, each.flags, each.owner)
            for each in range_changes("reserved", before, after, known)] == [
        (CHANGED, 0, 50, 4, None),
        (REMOVED, 200, 300, 0, "initrd, 0x32 other bytes")]


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
