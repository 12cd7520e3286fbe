# SPDX-License-Identifier: GPL-2.0-or-later
"""From a real kernel's memblock scripts/replay makes the free lists that the kernel had: tests/data/fidelity.

Each file there says in its head how it was taken. Its lines are a map as it is; behind "#=" stands what the kernel had
after its own mem_init, read from its memory. tests/kernels/test_fidelity.py takes them anew.
"""
from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from .fixture import FILES, Fixture, read, replayed
from .runner import TOP, Document, run

MIB = 1 << 20


@pytest.fixture(scope="module", name="fixture", params=FILES, ids=lambda path: path.stem)
def fixture_fixture(request: pytest.FixtureRequest) -> Fixture:
    """Each file once."""
    return read(request.param.read_text())


@pytest.fixture(scope="module", name="document")
def document_fixture(fixture: Fixture) -> Document:
    """What scripts/replay made of it."""
    return replayed(fixture)


def test_free_blocks_are_those_of_the_kernel(fixture: Fixture, document: Document) -> None:
    """Block for block, each on the list of its type. Not in their order: 5.10 and later fill lists from their ends."""
    ours = Counter(((block["zone"], block["order"], block["pfn"]), block["migratetype"])
                   for block in document["blocks"])
    kernels = Counter(fixture.blocks)
    assert sorted(ours - kernels) == []
    assert sorted(kernels - ours) == []
    assert document["problems"] == []


def test_zones_are_those_of_the_kernel(fixture: Fixture, document: Document) -> None:
    """First page, span, pages present and pages managed; and nobody has another zone with pages."""
    ours = {zone["name"]: (zone["start_pfn"], zone["spanned_pages"], zone["present_pages"], zone["managed_pages"])
            for zone in document["zones"] if zone["spanned_pages"]}
    assert ours == fixture.zones
    assert document["totalram_pages"] == sum(managed for *_, managed in fixture.zones.values())


def test_the_kernels_answer_adds_up(fixture: Fixture) -> None:
    """A block that was changed, lost or doubled by hand: the file itself is broken."""
    pages: Counter[int] = Counter()
    managed: Counter[str] = Counter()
    for (zone, order, pfn), _ in fixture.blocks:
        assert pfn % (1 << order) == 0
        pages.update(range(pfn, pfn + (1 << order)))
        managed[zone] += 1 << order
    assert max(pages.values()) == 1
    assert dict(managed) == {zone: numbers[3] for zone, numbers in fixture.zones.items()}


def test_the_files_have_every_kind_of_machine() -> None:
    """At least six: 64 MB to 3 GB; with and without HighMem, CMA, banks, no-map; three releases and two boards."""
    fixtures = {path.stem: read(path.read_text()) for path in FILES}
    sizes = [fixture.ram_bytes // MIB for fixture in fixtures.values()]
    texts = [fixture.map for fixture in fixtures.values()]
    assert len(fixtures) >= 6
    assert min(sizes) == 64 and max(sizes) >= 3 * 1024 - 1      # the last page ends at 4 GiB: no address does
    assert {"HighMem" in fixture.zones for fixture in fixtures.values()} == {True, False}
    assert {"cma=0" in text for text in texts} == {True, False}
    assert any(nomap for fixture in fixtures.values() for _, _, nomap in fixture.memory)
    assert sum(len(bank_bases(fixture)) > 2 for fixture in fixtures.values()) >= 2
    assert len({re.search(r"^# Release:  (\d+\.\d+)", text, re.MULTILINE)[1] for text in texts}) >= 3
    assert {re.search(r" -M (\w+)", text)[1] for text in texts} == {"virt", "sabrelite"}
    assert {fixture.orders for fixture in fixtures.values()} == {12}


def test_kernels_have_blocks_on_two_lists() -> None:
    """Where memory begins inside of a pageblock the kernel leaves that one Unmovable: some of the files have it."""
    kinds = [{kind for _, kind in read(path.read_text()).blocks} for path in FILES]
    assert {"Movable"} in kinds and {"Movable", "Unmovable"} in kinds


def bank_bases(fixture: Fixture) -> list[int]:
    """Where memory begins that has a hole before it."""
    ends = {base + size for base, size, _ in fixture.memory}
    return [base for base, _, _ in fixture.memory if base not in ends]


def test_another_block_would_be_seen() -> None:
    """One reservation more or a lowmem limit elsewhere: not the kernel's blocks any more."""
    fixture = read(FILES[0].read_text())
    expected = {block for block, _ in fixture.blocks}
    zone, order, pfn = max(expected, key=lambda block: block[1])
    for line in (f"reserved {(pfn << 12) + 5:#x} 1", f"lowmem-limit {(pfn << 12) + 0x1000:#x}"):
        done = run(fixture.map + line + "\n", "--max-order", str(fixture.orders))
        ours = {(block["zone"], block["order"], block["pfn"]) for block in json.loads(done.stdout)["blocks"]}
        assert (zone, order, pfn) in expected - ours


def test_holes_give_back_their_part_of_mem_map() -> None:
    """Without a mem-map line the pages of it that describe holes stay reserved: counted by hand for one machine.

    Memory ends at pfns 0x46400, 0x52500 and 0x5f355, goes on at 0x50000, 0x5c000 and 0x78000. The pages from an end, up
    to a multiple of 2048, have no use; their struct pages are at 0x5ea4e000 + 36 * (pfn - 0x40000).
    """
    fixture = read((TOP / "tests/data/fidelity/virt-1g-banks.map").read_text())
    without = re.sub("^mem-map .*$", "", fixture.map, flags=re.MULTILINE)
    assert without != fixture.map
    free = []
    for text in (fixture.map, without):
        done = run(text, "--max-order", "12")
        free.append({pfn for block in json.loads(done.stdout)["blocks"]
                     for pfn in range(block["pfn"], block["pfn"] + (1 << block["order"]))})
    assert free[1] < free[0]
    assert free[0] - free[1] == {*range(0x5eb38, 0x5ec8e), *range(0x5ece8, 0x5ee3e), *range(0x5eebc, 0x5f22e)}
