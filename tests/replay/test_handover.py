# SPDX-License-Identifier: GPL-2.0-or-later
"""The free blocks after mem_init() are those that brute force finds, for the article's map and for any other."""
from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .maps import generate, large
from .oracle import PAGE, Expected, Map, merged, minus
from .runner import TOP, Document, Replayer, replay, run

ORDERS = (11, 12, 14)
SEEDS = range(250)
LARGE_SEEDS = range(5)


def check(document: Document, expected: Expected) -> None:
    """Blocks, zones, totals and memblock itself."""
    blocks = [(block["zone"], block["order"], block["pfn"]) for block in document["blocks"]]
    assert len(set(blocks)) == len(blocks)
    assert set(blocks) == expected.blocks
    assert all(block["phys"] == block["pfn"] * PAGE for block in document["blocks"])
    assert all(block["migratetype"] == expected.migratetype_of(block["pfn"]) for block in document["blocks"])
    assert document["problems"] == []
    assert document["orders"] == expected.orders
    check_zones(document, expected)
    check_areas(document)
    check_memblock(document, expected)


def check_zones(document: Document, expected: Expected) -> None:
    """Zone figures and the totals over them."""
    assert len(document["zones"]) == len(expected.zones())
    for found, zone in zip(document["zones"], expected.zones()):
        assert (found["name"], found["start_pfn"], found["spanned_pages"], found["present_pages"],
                found["managed_pages"], found["free_pages"]) == (
                    zone.name, zone.start_pfn, zone.spanned_pages, zone.present_pages, zone.managed_pages,
                    zone.managed_pages)
    assert document["totalram_pages"] == len(expected.free)
    assert document["totalhigh_pages"] == sum(pfn >= expected.max_low_pfn for pfn in expected.free)
    assert (document["min_low_pfn"], document["max_low_pfn"], document["max_pfn"]) == (
        expected.min_pfn, expected.max_low_pfn, expected.max_pfn)


def check_areas(document: Document) -> None:
    """The free areas count the blocks that are listed."""
    populated = [zone["name"] for zone in document["zones"] if zone["present_pages"]]
    assert [(area["zone"], area["order"]) for area in document["free_areas"]] == [
        (name, order) for name in populated for order in range(document["orders"])]
    for area in document["free_areas"]:
        here = [block["migratetype"] for block in document["blocks"]
                if (block["zone"], block["order"]) == (area["zone"], area["order"])]
        assert area["nr_free"] == len(here)
        assert area["by_migratetype"] == {name: here.count(name) for name in document["migratetypes"]}


def check_memblock(document: Document, expected: Expected) -> None:
    """Memory cut to whole pages, reservations to the byte, and what is left."""
    memory, nomap = ([(r["base"], r["base"] + r["size"]) for r in document["memblock"]["memory"] if r["flags"] == flags]
                     for flags in (0, 4))
    reserved = [(r["base"], r["base"] + r["size"]) for r in document["memblock"]["reserved"]]
    free = [(r["start"], r["end"]) for r in document["memblock"]["free"]]
    assert memory == merged([(p * PAGE, (p + 1) * PAGE) for p, n in expected.present.items() if not n])
    assert nomap == merged([(p * PAGE, (p + 1) * PAGE) for p, n in expected.present.items() if n])
    assert reserved == merged([(base, base + size) for base, size in expected.map.reserved])
    assert free == minus(memory, reserved)


def read_map(name: str) -> Map:
    """A map of tests/data, read without the allocator's help."""
    found: dict[str, list[tuple[int, int]]] = {"memory": [], "reserved": []}
    for line in (TOP / "tests/data" / name).read_text().splitlines():
        match = re.match(r"(memory|reserved)\s+(\w+)\s+(\w+)", line)
        if match:
            found[match[1]].append((int(match[2], 0), int(match[3], 0)))
    return Map(tuple((base, size, False) for base, size in found["memory"]), tuple(found["reserved"]))


# --- the article --------------------------------------------------------------

@pytest.fixture(scope="module", name="article")
def article_fixture() -> Map:
    """Its one memory region and 35 reservations."""
    return read_map("article.map")


@pytest.mark.parametrize("orders", ORDERS)
def test_article_blocks_are_canonical(article: Map, orders: int) -> None:
    """Block for block, at every MAX_ORDER."""
    document, = replay([article], orders)
    check(document, Expected(article, orders))


def test_article_figures_are_those_that_gdb_printed(article: Map) -> None:
    """The table of the article, from the file itself and with the limit as an option."""
    assert len(article.reserved) == 35
    done = run("", "--lowmem-limit", "0x40000000", str(TOP / "tests/data/article.map"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    document, = replay([article], 11)
    normal, high, movable = document["zones"]
    assert (normal["name"], normal["present_pages"], normal["managed_pages"]) == ("Normal", 0x30000, 0x2e2c8)
    assert (high["name"], high["present_pages"], high["managed_pages"]) == ("HighMem", 0x30000, 0x1c000)
    assert (movable["name"], movable["spanned_pages"]) == ("Movable", 0)
    assert document["totalram_pages"] == 0x4a2c8
    assert document["lowmem_limit"] == 0x40000000
    assert len(document["memblock"]["reserved"]) == len(document["memblock"]["free"]) == 35
    assert document["memblock"]["free"][2] == {"start": 0x1112a348, "end": 0x18000000}
    whole = [max(0, r["end"] // PAGE + -r["start"] // PAGE) for r in document["memblock"]["free"]]
    assert whole == [4, 248, 28373, 160501, 2] + [0] * 29 + [114688]


# --- generated ----------------------------------------------------------------

@pytest.mark.parametrize("orders", ORDERS)
def test_generated_maps_are_handed_over_block_for_block(orders: int) -> None:
    """Banks, holes, odd starts, tiny and unaligned ranges, every place of the lowmem limit."""
    maps = [generate(seed, orders) for seed in SEEDS] + [large(seed, orders) for seed in LARGE_SEEDS]
    for seed, (memory_map, document) in enumerate(zip(maps, replay(maps, orders))):
        try:
            check(document, Expected(memory_map, orders))
        except AssertionError as error:
            raise AssertionError(f"map {seed}, {orders} orders:\n{memory_map.text()}{error}") from error


def test_generated_maps_have_what_they_promise() -> None:
    """No HighMem, more HighMem than lowmem, one page, holes, several banks: each many times."""
    answers = [Expected(generate(seed, 11), 11) for seed in SEEDS]
    zones = [answer.zones() for answer in answers]
    assert sum(high.spanned_pages == 0 for _, high, _ in zones) > 20
    assert sum(high.present_pages > low.present_pages for low, high, _ in zones) > 20
    assert sum(low.present_pages == 1 for low, _, _ in zones) > 2
    assert sum(low.spanned_pages > low.present_pages for low, _, _ in zones) > 20
    assert sum(high.spanned_pages > high.present_pages > 0 for _, high, _ in zones) > 20
    assert sum(low.start_pfn % 2 for low, _, _ in zones) > 20
    assert sum(answer.max_low_pfn % 2 and answer.max_low_pfn < answer.max_pfn for answer in answers) > 20
    assert sum(0 < len(answer.free) < 4 for answer in answers) > 2
    assert sum(low.managed_pages == 0 for low, _, _ in zones) > 2
    assert sum(any(nomap for _, _, nomap in answer.map.memory) for answer in answers) > 20


def small_maps() -> st.SearchStrategy[Map]:
    """A few pages, in steps that are no pages: shrinks to the simplest map that goes wrong."""
    step = 1024
    banks = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60), st.booleans()), min_size=1, max_size=5)
    holds = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 20)), max_size=4)

    def build(parts: list, holds: list, limit: int, base: int) -> Map:
        memory, at = [], base * PAGE
        for gap, size, nomap in parts:
            memory.append((at + gap * step, size * step, nomap and gap % 5 == 0))
            at += (gap + size) * step
        return Map(tuple(memory), tuple((base * PAGE + b * step, s * step) for b, s in holds), (base + limit) * PAGE)
    return st.builds(build, banks, holds, st.integers(1, 80), st.sampled_from([0, 1, 7, 1024, 0xfffff]))


@pytest.fixture(scope="module", name="replayers")
def replayers_fixture():
    """One process for each number of orders, asked again and again."""
    processes = {orders: Replayer(orders) for orders in ORDERS}
    yield processes
    for process in processes.values():
        process.close()


@settings(max_examples=250, deadline=None, database=None)
@given(memory_map=small_maps(), orders=st.sampled_from(ORDERS))
def test_any_small_map_is_handed_over_block_for_block(replayers: dict[int, Replayer], memory_map: Map,
                                                      orders: int) -> None:
    """As above, with maps that a failure reduces to their core."""
    try:
        expected = Expected(memory_map, orders)
    except ValueError:
        return
    check(replayers[orders].ask(memory_map), expected)
