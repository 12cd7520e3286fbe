# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map on a real kernel: at every stop of the boot its cells come to what
mm account says, and by order to what the kernel's free areas count."""
from __future__ import annotations

import re
import tempfile
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from boot_stops import (FREE_ALL, HANDED_OVER, MM_INIT, READY, RESET,
                        SLAB_UP, Boot, at)
from harness.gdbmi import Gdb, GdbError
from test_diff import counters

STOPS = (MM_INIT, FREE_ALL, HANDED_OVER, SLAB_UP, READY)
NS = "{http://www.w3.org/2000/svg}"
CELL_AREA = 8 * 12


@at(*STOPS)
def drawn(gdb: Gdb) -> dict[str, Any]:
    """The map in all its forms, and what it has to come to."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.svg"
        gdb.run(f"mm map --svg {path}")
        svg = path.read_text()
    return {"map": gdb.json("mm map --json"), "svg": svg,
            "orders": gdb.json("mm map --by order --json"),
            "types": gdb.json("mm map --by migratetype --json"),
            "text": gdb.run("mm map"), "ascii": gdb.run("mm map --ascii"),
            "account": gdb.json("mm account --json"),
            "counters": counters(gdb)}


@at(RESET)
def too_early(gdb: Gdb) -> str:
    """What it says before there is a kernel."""
    try:
        return gdb.run("mm map")
    except GdbError as error:
        return str(error)


def pages(found: dict[str, Any]) -> Counter[str]:
    return Counter({group["name"]: group["pages"]
                    for group in found["groups"]})


def overlap(account: dict[str, Any]) -> bool:
    """Whether two zones span the same page frames: a hole of one is memory of
    the other then."""
    spans = sorted((zone["start_pfn"], zone["start_pfn"] + zone["spanned"])
                   for zone in account["zones"])
    return any(end > start for (_, end), (start, _) in zip(spans, spans[1:]))


@pytest.mark.parametrize("stop", STOPS)
def test_the_sum_of_all_cells_is_the_account(boot: Boot, stop: str) -> None:
    look = boot[drawn, stop]
    buckets: Counter[str] = Counter()
    for zone in look["account"]["zones"]:
        for bucket in zone["buckets"]:
            buckets[bucket["kind"]] += bucket["pages"]
    sums: Counter[str] = Counter()
    for section in look["map"]["sections"]:
        assert section["cells"] or not section["zones"] or section[
            "end_pfn"] - section["start_pfn"] >= look["map"]["cell_pages"]
        if not section["cells"] and section["zones"]:
            sums["hole"] += section["end_pfn"] - section["start_pfn"]
        for cell in section["cells"]:
            sums.update(cell["pages"])
            assert sum(cell["pages"].values()) == \
                cell["end_pfn"] - cell["start_pfn"]
    assert pages(look["map"]) == sums and look["map"]["twice"] == 0
    if overlap(look["account"]):
        del buckets["hole"], sums["hole"]
    assert sums == buckets


@pytest.mark.parametrize("stop", STOPS)
def test_by_order_it_is_what_the_kernel_counts(boot: Boot, stop: str) -> None:
    look = boot[drawn, stop]
    counted: Counter[str] = Counter()
    for zone in look["counters"].values():
        for order, blocks in enumerate(zone.nr_free):
            counted[str(order)] += blocks << order
    found, types = pages(look["orders"]), pages(look["types"])
    assert {name: count for name, count in found.items()
            if name.isdecimal()} == {
        name: count for name, count in counted.items() if count}
    assert found["taken"] == types["taken"] == sum(
        count for name, count in pages(look["map"]).items()
        if name not in ("free", "hole"))
    assert sum(types.values()) == sum(found.values())


@pytest.mark.parametrize("stop", STOPS)
def test_the_areas_of_the_svg_are_pages(boot: Boot, stop: str) -> None:
    look = boot[drawn, stop]
    root = xml.fromstring(look["svg"])
    scale = int(re.search(r"one cell: (\d+) page",
                          root.find(NS + "desc").text)[1])
    area = sum(float(each.get("width")) * float(each.get("height"))
               for each in root.iter(NS + "rect")
               if re.fullmatch(r"k\d+", each.get("class", "")))
    found = pages(look["map"])
    present = sum(found.values()) - found["hole"]
    holes = area / CELL_AREA * scale - present
    assert -0.001 * present <= holes <= found["hole"] + 0.001 * present


@pytest.mark.parametrize("stop", STOPS)
def test_text_fits_80_columns_and_has_a_line_for_each_zone(
        boot: Boot, stop: str) -> None:
    look = boot[drawn, stop]
    for text in (look["text"], look["ascii"]):
        assert max(map(len, text.splitlines())) <= 80
        for zone in look["account"]["zones"]:
            assert f"zone {zone['zone']}, node {zone['node']}" in text
    assert look["ascii"].isascii()


def test_before_there_is_a_kernel_it_says_so(boot: Boot) -> None:
    assert "no memblock yet at stage reset" in boot[too_early]
