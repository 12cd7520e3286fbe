# SPDX-License-Identifier: GPL-2.0-or-later
"""/memreserve/ and /reserved-memory: what the tree says is not for us."""
import re

import pytest

from .board import (DEFAULT_POOL, EARLY_POOL, MIB, PAGE, POOL, RAM, Board,
                    node)
from .claims import CLAIMS
from .oracle import covered, ranges_of
from .test_memory import SMALL_LIMIT, SMALL_LOWMEM

MEMORY = [[(RAM, 128 * MIB)]]       # lowmem below SMALL_LIMIT, 40 MB of it
HIGH = RAM + 64 * MIB               # well in HighMem
SMALL = {"append": SMALL_LOWMEM, "lowmem_end": SMALL_LIMIT}


def memreserves(count: int) -> list[tuple[int, int]]:
    """Small ones that do not touch."""
    return [(RAM + 16 * MIB + i * 0x10000, 0x100) for i in range(count)]


def pools(count: int, *properties: str) -> str:
    """Nodes of 4 MB each."""
    return "".join(node(f"p{i}", *properties, base=HIGH + i * 4 * MIB,
                        size=4 * MIB) for i in range(count))


BOARDS = [
    Board("memreserve", MEMORY, **SMALL, memreserve=[
        (RAM + 0x8000, 0x1), (0x11000fff, 0x2), (0x11100000, 0x1000),
        (0x11100800, 0x1000), (SMALL_LIMIT - 1, 2), (HIGH, 0x123456),
        (0x17ffffff, 1), (0x30000000, 0x1000)]),
    Board("memreserve-to-the-end-of-time", MEMORY, **SMALL, memreserve=[
        (HIGH, 0xffffffffffff)]),
    Board("123-memreserves", MEMORY, memreserve=memreserves(123), **SMALL),
    Board("static-pairs", MEMORY, reserved=node(
        "a", "reg = <0x11000000 0x100000 0x12000800 0x10 0x15000000 0x1>"),
        **SMALL, static=[(0x11000000, 0x100000), (0x12000800, 0x10),
                         (0x15000000, 1)]),
    Board("overlap", MEMORY, reserved=(
        node("a", base=0x11000000, size=4 * MIB)
        + node("b", base=0x11200000, size=4 * MIB)
        + node("c", base=0x11000000, size=MIB)), **SMALL,
        static=[(0x11000000, 6 * MIB)]),
    Board("disabled", MEMORY, reserved=node(
        "a", 'status = "disabled"', *POOL, base=0x11000000, size=4 * MIB)
        + node("b", 'status = "okay"', base=HIGH, size=PAGE), **SMALL,
        static=[(HIGH, PAGE)]),
    Board("no-map", MEMORY, reserved=(
        node("a", "no-map", base=0x11005000, size=0x5000)
        + node("b", "no-map", base=HIGH + 0x3000, size=0x5000)), **SMALL,
        no_map=[(0x11005000, 0x5000), (HIGH + 0x3000, 0x5000)]),
    Board("no-map-parts-of-pages", MEMORY, reserved=(
        node("a", "no-map", base=0x11000800, size=0x105000)
        + node("b", "no-map", base=HIGH + 0x123, size=0x1)), **SMALL,
        no_map=[(0x11000800, 0x105000), (HIGH + 0x123, 0x1)]),
    Board("no-map-around-the-limit", MEMORY, reserved=node(
        "a", "no-map", base=SMALL_LIMIT - MIB, size=2 * MIB), **SMALL,
        no_map=[(SMALL_LIMIT - MIB, 2 * MIB)]),
    Board("no-map-at-both-ends", MEMORY, reserved=(
        node("a", "no-map", base=RAM, size=0x3000)
        + node("b", "no-map", base=RAM + 127 * MIB, size=4 * MIB)), **SMALL,
        no_map=[(RAM, 0x3000), (RAM + 127 * MIB, 4 * MIB)]),
    Board("no-map-the-image", MEMORY, reserved=node(
        "a", "no-map", base=RAM + MIB, size=0x5000), **SMALL,
        no_map=[(RAM + MIB, 0x5000)]),
    Board("no-map-of-a-reservation", MEMORY, memreserve=[(0x11000000, 0x8000)],
          reserved=node("a", "no-map", base=0x11004000, size=0x8000), **SMALL,
          no_map=[(0x11004000, 0x8000)]),
    Board("cma-static", MEMORY, reserved=node(
        "linux,cma", *DEFAULT_POOL, base=HIGH, size=16 * MIB), **SMALL,
        cma=[(HIGH, 16 * MIB)]),
    Board("cma-static-in-lowmem", MEMORY, reserved=node(
        "linux,cma", *DEFAULT_POOL, base=0x11000000, size=8 * MIB), **SMALL,
        cma=[(0x11000000, 8 * MIB)]),
    Board("cma-two-and-one-default", MEMORY, reserved=(
        node("a", *POOL, base=HIGH, size=4 * MIB)
        + node("b", *DEFAULT_POOL, base=HIGH + 8 * MIB, size=4 * MIB)),
        bootargs="cma=4M", **SMALL,
        cma=[(HIGH, 4 * MIB), (HIGH + 8 * MIB, 4 * MIB)]),
    Board("cma-all-there-can-be", MEMORY, reserved=pools(9, *POOL), **SMALL,
          cma=[(HIGH + i * 4 * MIB, 4 * MIB) for i in range(8)],
          static=[(HIGH + 32 * MIB, 4 * MIB)]),
    Board("cma-misaligned", MEMORY, reserved=(
        node("a", *DEFAULT_POOL, base=HIGH + MIB, size=16 * MIB)
        + node("b", *POOL, base=0x11000000, size=5 * MIB)), **SMALL,
        static=[(HIGH + MIB, 16 * MIB), (0x11000000, 5 * MIB)]),
    Board("cma-across-the-limit", MEMORY, reserved=node(
        "a", *DEFAULT_POOL, base=SMALL_LIMIT - 4 * MIB, size=8 * MIB), **SMALL,
        static=[(SMALL_LIMIT - 4 * MIB, 8 * MIB)]),
    Board("cma-beyond-memory", MEMORY, reserved=node(
        "a", *DEFAULT_POOL, base=RAM + 124 * MIB, size=8 * MIB), **SMALL,
        static=[(RAM + 124 * MIB, 8 * MIB)]),
    Board("cma-no-reuse", MEMORY, reserved=(
        node("a", POOL[0], base=HIGH, size=4 * MIB)
        + node("b", *POOL, "no-map", base=HIGH + 8 * MIB, size=4 * MIB)),
        **SMALL, static=[(HIGH, 4 * MIB)], no_map=[(HIGH + 8 * MIB, 4 * MIB)]),
    Board("cma-dynamic", MEMORY, reserved=node(
        "linux,cma", *DEFAULT_POOL, "size = <0x1000000>"), **SMALL,
        cma=[(RAM + 112 * MIB, 16 * MIB)]),
    Board("cma-dynamic-aligned", MEMORY, reserved=node(
        "linux,cma", *DEFAULT_POOL, "size = <0x400000>",
        "alignment = <0x2000000>"), **SMALL, cma=[(RAM + 96 * MIB, 4 * MIB)]),
    Board("cma-dynamic-in-a-range", MEMORY, reserved=node(
        "linux,cma", *DEFAULT_POOL, "size = <0x400000>",
        "alloc-ranges = <0x90000000 0x1000000 0x11000000 0x800000>"), **SMALL,
        cma=[(0x11400000, 4 * MIB)]),
    Board("cma-dynamic-behind-static", MEMORY, reserved=(
        node("a", *DEFAULT_POOL, "size = <0x400000>")
        + node("b", base=RAM + 124 * MIB, size=4 * MIB)), **SMALL,
        cma=[(RAM + 120 * MIB, 4 * MIB)],
        static=[(RAM + 124 * MIB, 4 * MIB)]),
    Board("cma-dynamic-fits-only-lowmem", [[(RAM, 48 * MIB)]], reserved=node(
        "a", *DEFAULT_POOL, "size = <0x1000000>"), **SMALL,
        cma=[(RAM + 8 * MIB, 16 * MIB)]),     # the tree lies at 24 MB
    Board("dynamic-left-out", MEMORY, reserved=(
        node("a", *POOL, "size = <0x8000000>") + node("b", "size = <0>")
        + node("c", *POOL, "size = <0x400000>",
               "alloc-ranges = <0x90000000 0x1000000>")
        + node("d", "size = <0x1000>", "alignment = <0x3000>")), **SMALL),
    Board("early-pool", MEMORY, reserved=node(
        "pool", *EARLY_POOL, base=0x11000000, size=2 * MIB), **SMALL,
        static=[(0x11000000, 2 * MIB)]),
    Board("early-pools-that-cannot-be", [[(RAM, 32 * MIB), (HIGH, 4 * MIB)]],
          reserved=(node("a", *EARLY_POOL, "no-map", base=0x11000000,
                         size=2 * MIB)
                    + node("b", *EARLY_POOL, base=RAM + 31 * MIB, size=2 * MIB)
                    + node("c", *EARLY_POOL, base=0x11400000, size=2 * MIB)
                    + node("d", "no-map", base=0x11500000, size=PAGE)
                    + node("e", *EARLY_POOL, base=HIGH, size=MIB)), **SMALL,
          static=[(RAM + 31 * MIB, 2 * MIB), (0x11400000, 2 * MIB),
                  (HIGH, MIB)],
          no_map=[(0x11000000, 2 * MIB), (0x11500000, PAGE)]),
]
NAMES = [board.name for board in BOARDS]


def probes(board: Board) -> list[int]:
    """Around what no-map takes out of lowmem."""
    return [base + at - RAM + 0xC0000000 for start, size in board.no_map
            if start < SMALL_LIMIT
            for base in (start // PAGE * PAGE, -(-(start + size) // PAGE) * PAGE)
            for at in (-4, 0) if base + at >= RAM]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_machine_at_rest(booted, name, claim):
    claim(booted[name])


@pytest.mark.parametrize("name, node_name, says", [
    ("cma-misaligned", "a@14100000", "cannot be a CMA area"),
    ("cma-misaligned", "b@11000000", "cannot be a CMA area"),
    ("cma-across-the-limit", "a@12400000", "cannot be activated"),
    ("cma-beyond-memory", "a@17c00000", "cannot be activated"),
    ("cma-all-there-can-be", "p8@16000000", "more than 8 CMA areas"),
    ("dynamic-left-out", "a", "no 0x8000000 bytes"),
    ("dynamic-left-out", "b", "size"),
    ("dynamic-left-out", "c", "no 0x400000 bytes"),
    ("dynamic-left-out", "d", "alignment"),
    ("early-pools-that-cannot-be", "a@11000000", "pool"),
    ("early-pools-that-cannot-be", "b@11f00000", "pool"),
    ("early-pools-that-cannot-be", "c@11400000", "pool")])
def test_what_cannot_be_had_is_one_line_with_the_nodes_name(
        booted, name, node_name, says):
    console = booted[name].outcome.console
    found = [line for line in console.splitlines()
             if re.match(rf"error: (cma: )?{re.escape(node_name)}[: ]", line)]
    assert len(found) == 1 and says in found[0], console


def test_default_area_of_the_tree_makes_cma_of_the_bootargs_void(booted):
    state = booted["cma-two-and-one-default"].state
    assert len(state["cma_areas"]) == 2
    console = booted["cma-two-and-one-default"].outcome.console
    assert "cma= is ignored" in console


def test_early_pool_takes_the_boots_own_allocations(booted):
    """mem_map and all that is small adds no region to memblock.reserved."""
    state = booted["early-pool"].state
    reserved = ranges_of(state["reserved"])
    assert (0x11000000, 2 * MIB) in reserved
    assert covered([(0x11000000, 2 * MIB)],
                   state["mem_map"] - 0xC0000000 + RAM, MIB) == MIB
    assert len(reserved) == 4           # with image, tables and tree


@pytest.mark.parametrize("count", [126, 127, 128, 200])
def test_too_many_reservations_are_one_clear_line(farm, tmp_path, count):
    board = Board("many", MEMORY, memreserve=memreserves(count))
    outcome = farm.boards([board], tmp_path)["many"]
    assert outcome.end == "panic"
    assert "128" in outcome.line("panic: device tree: ")


@pytest.mark.parametrize("reserved, says", [
    (node("a", "reg"), "a has no valid reg"),
    (node("a", "reg = <0x11000000>"), "a has no valid reg"),
    (node("a", "no-map", base=RAM, size=128 * MIB), "no memory")])
def test_reservation_that_cannot_be_kept_stops_the_boot(farm, tmp_path,
                                                        reserved, says):
    board = Board("bad", MEMORY, reserved=reserved)
    outcome = farm.boards([board], tmp_path)["bad"]
    assert outcome.end == "panic"
    assert says in outcome.line("panic: ")
