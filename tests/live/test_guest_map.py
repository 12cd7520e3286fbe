# SPDX-License-Identifier: GPL-2.0-or-later
"""mm map on a guest: its cells come to what mm account says, to what the
guest's own counters say, and to memblock's arrays, at every stage."""
import re
import xml.etree.ElementTree as xml
from collections import Counter

import pytest

from guest import Guest

ZONES = ("Normal", "HighMem")
PAGE, BASE_PFN, END_PFN = 4096, 0x10000, 0x70000
NS = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def stops(boot):
    """What is seen at three stops on the way up, in one boot."""
    guest, found = boot("article").load(), {}
    for function in ("paging_init", "mm_init", "cpu_idle"):
        guest.run_to(function)
        found[function] = {
            "map": guest.gdb.json("mm map --json"),
            "text": guest.gdb.run("mm map"),
            "memblock": guest.gdb.json("mm memblock --json"),
            "regions": regions(guest)}
        if function != "paging_init":
            found[function]["account"] = guest.gdb.json("mm account --json")
    return guest, found


def regions(guest: Guest):
    """memblock's arrays, by plain GDB expressions."""
    number = guest.gdb.number
    return {name: [(number(f"memblock.{name}.regions[{at}].base"),
                    number(f"memblock.{name}.regions[{at}].size"))
                   for at in range(number(f"memblock.{name}.cnt"))]
            for name in ("memory", "reserved")}


def cells(found):
    return [cell for section in found["sections"] for cell in
            section["cells"]]


def pages(found):
    return {group["name"]: group["pages"] for group in found["groups"]}


@pytest.mark.parametrize("function", ["mm_init", "cpu_idle"])
def test_the_sum_of_all_cells_is_the_account(stops, function):
    look = stops[1][function]
    for number, zone in enumerate(look["account"]["zones"]):
        sums: Counter = Counter()
        for section in look["map"]["sections"]:
            if [each["zone"] for each in section["zones"]] == [zone["zone"]]:
                for cell in section["cells"]:
                    sums.update(cell["pages"])
        buckets: Counter = Counter()
        for bucket in zone["buckets"]:
            buckets[bucket["kind"]] += bucket["pages"]
        assert sums == buckets and sums.total() == zone["spanned"]
        assert zone["zone"] == ZONES[number]
    assert sum(pages(look["map"]).values()) == END_PFN - BASE_PFN
    assert look["map"]["twice"] == 0 and look["map"]["problems"] == []


def test_before_zones_exist_cells_are_memblocks_arrays(stops):
    """Counted page by page from what GDB reads of the arrays."""
    look = stops[1]["paging_init"]
    assert look["map"]["source"] == "memblock"
    memory = {pfn for base, size in look["regions"]["memory"]
              for pfn in range(-(-base // PAGE), (base + size) // PAGE)}
    taken = {pfn for base, size in look["regions"]["reserved"]
             for pfn in range(base // PAGE, -(-(base + size) // PAGE))}
    reserved, free = memory & taken, memory - taken
    assert pages(look["map"]) == {"reserved": len(reserved),
                                  "memblock": len(free)}
    for cell in cells(look["map"]):
        inside = set(range(cell["start_pfn"], cell["end_pfn"]))
        assert cell["pages"].get("reserved", 0) == len(inside & reserved)
        assert cell["pages"].get("memblock", 0) == len(inside & free)


def test_by_order_and_by_migratetype_it_is_what_free_area_counts(stops):
    guest = stops[0]
    by_order: Counter = Counter()
    for index in range(len(ZONES)):
        for order in range(11):
            by_order[str(order)] += guest.gdb.number(
                f"contig_page_data.node_zones[{index}].free_area[{order}]"
                ".nr_free") << order
    found = pages(guest.gdb.json("mm map --by order --json"))
    rest = found.pop("taken")
    assert found == {order: count for order, count in by_order.items()
                     if count}
    by_type = pages(guest.gdb.json("mm map --by migratetype --json"))
    assert by_type.pop("taken") == rest
    assert sum(by_type.values()) == by_order.total()
    assert by_type["CMA"] == 81920


def test_a_zoom_to_single_pages_is_what_mm_page_says_of_them(stops):
    guest = stops[0]
    listed = [(each["start_pfn"], each["end_pfn"], each["kind"])
              for each in guest.gdb.json("mm account --pages --json")["pages"]]
    found = guest.gdb.json("mm map pfn:0x3f300 pfn:0x3f340 --json")
    assert found["cell_pages"] == 1 and len(cells(found)) == 64
    for cell in cells(found):
        kind, = [kind for start, end, kind in listed
                 if start <= cell["start_pfn"] < end]
        assert (cell["name"], cell["mixed"]) == (kind, False)
    zone = guest.gdb.json("mm map highmem --json")
    assert (zone["start_pfn"], zone["end_pfn"]) == (0x40000, END_PFN)
    assert guest.gdb.run("complete mm map Hi").strip() == "mm map HighMem"


def test_svg_has_the_area_of_every_page(stops, tmp_path):
    guest, found = stops
    path = tmp_path / "map.svg"
    assert str(path) in guest.gdb.run(f"mm map --svg {path}")
    root = xml.parse(path).getroot()
    scale = int(re.search(r"one cell: (\d+) page",
                          root.find(NS + "desc").text)[1])
    area = sum(float(each.get("width")) * float(each.get("height"))
               for each in root.iter(NS + "rect")
               if re.fullmatch(r"k\d+", each.get("class", "")))
    assert area / 8 / 12 * scale == pytest.approx(END_PFN - BASE_PFN,
                                                  rel=1e-4)
    titles = " ".join(each.text for each in root.iter(NS + "title"))
    for zone in ZONES:
        assert f"zone {zone}, node 0" in titles


def test_a_snapshot_of_an_earlier_stop_draws_that_stop(stops):
    guest, found = stops
    guest.gdb.run("mm snapshot idle")
    now = guest.gdb.json("mm map --json")
    kept = guest.gdb.json("mm map --snapshot idle --json")
    assert kept["sections"] == now["sections"]
    assert kept["groups"] == found["cpu_idle"]["map"]["groups"]


def test_text_fits_80_columns_at_every_stage(stops):
    for look in stops[1].values():
        lines = look["text"].splitlines()
        assert max(map(len, lines)) <= 80 and len(lines) < 40
        assert "0x10000000 " in look["text"]


def test_html_has_every_snapshot_that_is_kept(stops, tmp_path):
    guest = stops[0]
    guest.gdb.run("mm snapshot idle")
    guest.gdb.run("mm snapshot again")
    path = tmp_path / "boot.html"
    assert f"{path} is written: 2 snapshots" in guest.gdb.run(
        f"mm map --html {path}")
    text = path.read_text()
    assert '"idle"' in text and '"again"' in text
    assert guest.gdb.json(f"mm map --html {path} idle --json")["drawn"] == [
        "idle"]
    assert '"again"' not in path.read_text()
