# SPDX-License-Identifier: GPL-2.0-or-later
"""A free list is walked once a stop, whoever asks for it, and the list of one block is found without the others."""
import collections

import pytest

from machine import HIGH_START
from mmscope.model import pagelist
from mmscope.model.buddy import free_areas
from mmscope.model.frame import FREE
from mmscope.model.frames import classify
from mmscope.model.freelists import free_list, list_of
from mmscope.model.walk import walk_list
from mmscope.model.zone import populated_zones
from whys import A

FAR = [A + 128 * at for at in range(1, 9)]


def found(machine, pfn, order=None):
    """Zone, order, type, place and length of the list that has a block."""
    at = list_of(machine.context(), pfn, order)
    return at and (at.list.zone.addr, at.list.order, at.list.migratetype, at.place, len(at.list.pfns))


def test_a_block_leads_to_its_list_whatever_it_says_of_itself(machine):
    machine.free(machine.low, 3, 2, *FAR)
    machine.put(machine.page(FAR[2]), "page", "private", 5)
    machine.put(machine.page(FAR[2]), "page", "_mapcount.counter", -1)
    for order in (None, 3, 5, 99):
        assert found(machine, FAR[2], order) == (machine.zone(machine.low), 3, "Reclaimable", 2, 8)


def test_it_may_be_a_list_of_another_zone(machine):
    machine.free(machine.low, 2, 1, HIGH_START + 5, A)
    assert found(machine, HIGH_START + 5) == (machine.zone(machine.low), 2, "Movable", 0, 2)


def test_a_link_that_still_leads_to_a_list_is_no_place_on_it(machine):
    machine.free(machine.low, 2, 1, *FAR[:3])
    machine.link(machine.head(machine.low, 2, 1), machine.node(FAR[0]), machine.node(FAR[2]))
    assert found(machine, FAR[1]) is found(machine, FAR[1], 2) is None
    assert found(machine, FAR[2])[3:] == (1, 2)


def test_in_front_of_a_break_a_block_is_found_by_its_order_behind_it_not(machine):
    machine.free(machine.low, 2, 1, *FAR[:4])
    machine.poke(machine.node(FAR[1]), 0x1234)
    for pfn, place in zip(FAR[:4], (0, 1, None, None)):
        ctx = machine.context()
        assert list_of(ctx, pfn) is None
        at = list_of(ctx, pfn, 2)
        assert (at and at.place) == place and (at is None or not at.list.whole)
        span = classify(machine.context(), pfn)
        assert (span.kind == FREE) == (place is not None)


@pytest.mark.parametrize("target", [1, 2])
def test_a_loop_without_a_head_ends(machine, target):
    machine.free(machine.low, 2, 1, *FAR[:3])
    machine.poke(machine.node(FAR[2]), machine.node(FAR[target]))
    assert found(machine, FAR[0]) is None and found(machine, FAR[2], 2)[3:] == (2, 3)


def test_a_wrong_prev_does_not_cut_a_list(machine):
    machine.free(machine.low, 2, 1, *FAR[:3])
    machine.poke(machine.node(FAR[1]) + 4, machine.node(FAR[2]))
    at = list_of(machine.context(), FAR[2])
    assert at.place == 2 and at.list.whole and [problem.id for problem in at.list.problems] == ["LIST-3"]


def test_one_block_reads_no_other_list(machine):
    machine.free(machine.low, 2, 1, *FAR[:2])
    machine.free(machine.low, 2, 2, *FAR[2:4])
    machine.free(machine.low, 3, 1, *FAR[4:])
    others = range(machine.page(FAR[2]), machine.page(FAR[-1] + 1))
    ctx = machine.context()
    populated_zones(ctx)
    before = len(machine.ram.reads)
    assert classify(ctx, FAR[0]).detail == "Movable order 2"
    assert len(machine.ram.reads) > before
    assert not [addr for addr, _ in machine.ram.reads[before:] if addr in others]


@pytest.mark.parametrize("sweep_first", [True, False])
def test_a_list_is_walked_once_a_stop(machine, monkeypatch, sweep_first):
    machine.free(machine.low, 2, 1, *FAR)
    walked = collections.Counter()
    monkeypatch.setattr(pagelist, "walk_list", lambda ctx, head, *rest: (walked.update([head]),
                                                                          walk_list(ctx, head, *rest))[1])
    ctx = machine.context()
    zone = populated_zones(ctx)[0]
    for sweep in (sweep_first, not sweep_first):
        if sweep:
            assert [block.pfn for block in free_areas(ctx, zone)[2].blocks] == FAR
            continue
        for at, pfn in enumerate(FAR):
            assert list_of(ctx, pfn, 2).place == at and classify(ctx, pfn).kind == FREE
        assert list_of(ctx, FAR[0]).list is free_list(ctx, zone, 2, 1)
    assert set(walked.values()) == {1} and machine.head(machine.low, 2, 1) in walked
