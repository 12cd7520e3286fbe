# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations and frees after the hand-over: no page twice, the first state again, and the very blocks of Linux 4.9."""
from __future__ import annotations

import random
from dataclasses import replace

import pytest

from .buddy import GFP, Buddy
from .maps import generate, large
from .oracle import Map, expect
from .runner import Document, replay

ORDERS = (11, 12, 14)
SEEDS = range(40)
LARGE_SEEDS = range(8)
SCARCE_SEEDS = range(16)
LENGTH = 150


def sequence(rng: random.Random, orders: int, gfps: tuple[str, ...], give_back: bool) -> tuple[str, ...]:
    """Operations at random; names are used again. With `give_back` all is freed in the end."""
    live: list[str] = []
    lines = []
    for step in range(LENGTH):
        if live and rng.random() < 0.4:
            lines.append(f"free {live.pop(rng.randrange(len(live)))}")
            continue
        name = f"n{step % 70}"
        if name in live:
            continue
        order = min(int(rng.expovariate(0.4)), orders - 1) if rng.random() < 0.9 else rng.randrange(orders)
        live.append(name)
        lines.append(f"alloc {name} {order} {rng.choice(gfps)}")
    if give_back:
        rng.shuffle(live)
        lines += [f"free {name}" for name in live]
    return tuple(lines)


def maps_with_operations(orders: int, gfps: tuple[str, ...], give_back: bool) -> list[Map]:
    """A sequence for each of many maps, small and large."""
    maps = [generate(seed, orders) for seed in SEEDS] + [large(seed, orders) for seed in LARGE_SEEDS]
    return [replace(m, operations=sequence(random.Random(seed), orders, gfps, give_back))
            for seed, m in enumerate(maps)]


def scarce_maps(orders: int) -> list[Map]:
    """Large maps with their largest blocks in use, and one given back: types live on what others leave of theirs."""
    maps = []
    for seed in SCARCE_SEEDS:
        rng = random.Random(seed)
        memory_map = large(seed % len(LARGE_SEEDS), orders)
        full = sum(order == orders - 1 for _, order, _ in expect(memory_map, orders).blocks)
        used = [f"alloc top{i} {orders - 1} {rng.choice(('GFP_HIGHUSER', 'GFP_HIGHUSER_MOVABLE'))}"
                for i in range(full)]
        given_back = [f"free top{rng.randrange(full)}"] if full else []
        maps.append(replace(memory_map, operations=(*used, *given_back,
                                                    *sequence(rng, orders - 3, tuple(GFP), False))))
    return maps


def blocks_of(document: Document) -> list[tuple[str, int, str, int]]:
    """zone, order, type, pfn; each list in its order."""
    return [(b["zone"], b["order"], b["migratetype"], b["pfn"]) for b in document["blocks"]]


def by_list(blocks: list[tuple[str, int, str, int]]) -> dict[tuple[str, int, str], list[int]]:
    """The pfns of each list, first entry first."""
    found: dict[tuple[str, int, str], list[int]] = {}
    for zone, order, kind, pfn in blocks:
        found.setdefault((zone, order, kind), []).append(pfn)
    return found


@pytest.mark.parametrize("orders", ORDERS)
def test_no_page_is_given_out_twice_and_none_is_lost(orders: int) -> None:
    """At every step, against a plain set of pages."""
    maps = maps_with_operations(orders, tuple(GFP), False)
    for memory_map, document in zip(maps, replay(maps, orders)):
        free = set(expect(memory_map, orders).free)
        held: dict[str, range] = {}
        for line, op in zip(memory_map.operations, document["operations"]):
            assert line.split()[:2] == [op["op"], op["name"]]
            if op["pfn"] is None:
                held[op["name"]] = range(0)
                continue
            pages = range(op["pfn"], op["pfn"] + (1 << op["order"]))
            if op["op"] == "alloc":
                assert op["pfn"] % (1 << op["order"]) == 0
                assert op["zone"] in GFP[op["gfp"]][1]
                assert free.issuperset(pages)
                free.difference_update(pages)
                held[op["name"]] = pages
            else:
                assert pages == held.pop(op["name"])
                free.update(pages)
        listed = [pfn + i for _, order, _, pfn in blocks_of(document) for i in range(1 << order)]
        assert len(listed) == len(free) and set(listed) == free
        assert sum(zone["free_pages"] for zone in document["zones"]) == len(free)
        assert document["problems"] == []


@pytest.mark.parametrize("orders", ORDERS)
def test_all_freed_is_the_first_state_again(orders: int) -> None:
    """The same blocks, whatever types the lists and pageblocks have by then; counts as after mem_init."""
    maps = maps_with_operations(orders, tuple(GFP), True)
    for memory_map, document in zip(maps, replay(maps, orders)):
        expected = expect(memory_map, orders)
        assert {(zone, order, pfn) for zone, order, _, pfn in blocks_of(document)} == expected.blocks
        for found, zone in zip(document["zones"], expected.zones()):
            assert found["free_pages"] == found["managed_pages"] == zone.managed_pages


@pytest.mark.parametrize("orders", ORDERS)
def test_lists_are_in_the_order_of_linux_after_the_hand_over(orders: int) -> None:
    """First entry first, before any allocation."""
    maps = [generate(seed, orders) for seed in SEEDS] + [large(seed, orders) for seed in LARGE_SEEDS]
    for memory_map, document in zip(maps, replay(maps, orders)):
        model = Buddy(expect(memory_map, orders))
        assert by_list(blocks_of(document)) == by_list(model.blocks()), memory_map.text()


@pytest.mark.parametrize("orders", ORDERS)
def check_with_model(memory_map: Map, document: Document, orders: int) -> None:
    """Each allocation, and in the end each list, is what the model says."""
    model = Buddy(expect(memory_map, orders))
    held: dict[str, tuple[int, int]] = {}
    for step, op in enumerate(document["operations"]):
        if op["op"] == "alloc":
            pfn = model.alloc(op["gfp"], op["order"])
            assert op["pfn"] == pfn, f"operation {step} ({memory_map.operations[step]}) of:\n{memory_map.text()}"
            held[op["name"]] = pfn, op["order"]
        else:
            pfn, order = held.pop(op["name"])
            if pfn is not None:
                model.free(pfn, order)
    assert by_list(blocks_of(document)) == by_list(model.blocks()), memory_map.text()


@pytest.mark.parametrize("orders", ORDERS)
@pytest.mark.parametrize("gfps", [("GFP_HIGHUSER_MOVABLE",), ("GFP_KERNEL",), tuple(GFP)],
                         ids=["user", "kernel", "all"])
def test_every_allocation_is_the_block_that_linux_gives(orders: int, gfps: tuple[str, ...]) -> None:
    """Which block is split, which type gives way, where each half and each freed block goes."""
    maps = maps_with_operations(orders, gfps, False)
    for memory_map, document in zip(maps, replay(maps, orders)):
        check_with_model(memory_map, document, orders)


@pytest.mark.parametrize("orders", ORDERS)
def test_scarce_memory_is_shared_as_linux_shares_it(orders: int) -> None:
    """Small blocks of other types: taken alone, with their neighbours, or with their whole pageblock."""
    maps = scarce_maps(orders)
    for memory_map, document in zip(maps, replay(maps, orders)):
        check_with_model(memory_map, document, orders)


@pytest.mark.parametrize("orders", ORDERS)
def test_the_maps_make_types_give_way_to_each_other(orders: int) -> None:
    """What the two tests above rest on: lists of every type, and such that ran out."""
    maps = maps_with_operations(orders, tuple(GFP), False)
    kinds = [{kind for _, _, kind, _ in blocks_of(document)} for document in replay(maps, orders)]
    assert sum(len(kind) == 3 for kind in kinds) >= 6
    assert sum("Movable" not in kind for kind in kinds) >= 3
