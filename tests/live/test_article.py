# SPDX-License-Identifier: GPL-2.0-or-later
"""The article's board shows the article's figures, and what became of the missing pages."""
import pytest

import article
from guest import Guest

COMMANDS = ("info", "memblock", "zones", "buddy --blocks")


@pytest.fixture(scope="module")
def stops(boot):
    """JSON of the commands at four stops: entry of mm_init, after mem_init, after mm_init, and the idle loop."""
    guest = boot("article").load()
    found = {}
    guest.run_to("mm_init")
    found["entry"] = look(guest)
    guest.run_to("kmem_cache_init")
    found["handed"] = look(guest)
    guest.run_to("kmem_cache_init_late")
    found["end"] = look(guest)
    found["printed"] = {text: guest.gdb.run(f"print/x {text}").split(" = ")[1].strip() for text in article.EXPRESSIONS}
    found["decimal"] = guest.gdb.run("print memblock.reserved.cnt")
    guest.run_to("cpu_idle")
    found["idle"] = look(guest)
    found["page"] = guest.gdb.json(f"mm page phys:{article.CMA_BASE:#x} --json")
    return found


def look(guest: Guest) -> dict:
    """Every command's document."""
    return {command.split()[0]: guest.gdb.json(f"mm {command} --json") for command in COMMANDS}


@pytest.mark.parametrize("expression", article.EXPRESSIONS)
def test_expressions_of_the_article_print_its_figures(stops, expression):
    assert stops["printed"][expression] == article.EXPRESSIONS[expression]


def test_reserved_count_prints_in_decimal(stops):
    assert stops["decimal"].endswith("= 35\n")


@pytest.mark.parametrize("stop", ["entry", "end"])
def test_memblock_has_the_articles_regions_and_free_ranges(stops, stop):
    found = stops[stop]["memblock"]
    assert [(r["base"], r["size"]) for r in found["memory"]] == article.MEMORY
    assert [(r["base"], r["size"]) for r in found["reserved"]] == article.RESERVED
    assert [(r["start"], r["end"]) for r in found["free"]] == article.FREE
    assert found["problems"] == []


def test_the_large_reservations_have_owners(stops):
    owners = {region["base"]: region["owner"] for region in stops["end"]["memblock"]["reserved"]}
    for base, name in ((0x10004000, "swapper_pg_dir"), (0x10100000, "kernel image"), (0x18000000, "device tree"),
                       (0x3f3e1918, "mem_map"), (article.CMA_BASE, "CMA")):
        assert name in owners[base]


def test_zones_after_mem_init(stops):
    found = stops["handed"]["zones"]
    normal, high = found["zones"][:2]
    assert (normal["name"], normal["present_pages"], normal["managed_pages"]) == ("Normal", 0x30000, 0x2e2c8)
    assert (high["name"], high["present_pages"], high["managed_pages"]) == ("HighMem", 0x30000, 0x1c000)
    assert (normal["start_pfn"], high["start_pfn"]) == (0x10000, 0x40000)
    assert (found["totalram_pages"], found["max_low_pfn"], found["max_pfn"]) == (0x4a2c8, 0x40000, 0x70000)
    assert (normal["free_pages"], high["free_pages"]) == (0x2e2c8, 0x1c000)


def test_no_page_is_free_before_mm_init_and_all_managed_ones_are_after_mem_init(stops):
    assert stops["entry"]["buddy"]["blocks"] == []
    assert sum(1 << block["order"] for block in stops["handed"]["buddy"]["blocks"]) == 0x4a2c8


def test_allocating_changes_free_pages_and_no_others(stops):
    before, after = stops["handed"]["zones"], stops["end"]["zones"]
    assert after["totalram_pages"] == before["totalram_pages"]
    for old, new in zip(before["zones"], after["zones"]):
        assert new["managed_pages"] == old["managed_pages"] and new["free_pages"] <= old["free_pages"]
    assert after["zones"][0]["free_pages"] < before["zones"][0]["free_pages"]


def test_free_blocks_lie_in_the_articles_free_ranges(stops):
    for block in stops["end"]["buddy"]["blocks"]:
        end = block["phys"] + (0x1000 << block["order"])
        assert any(start <= block["phys"] and end <= stop for start, stop in article.FREE)


def test_the_missing_highmem_comes_back_as_cma(stops):
    high = stops["idle"]["zones"]["zones"][1]
    assert high["managed_pages"] == high["present_pages"] == 0x30000
    cma = [block for block in stops["idle"]["buddy"]["blocks"] if block["migratetype"] == "CMA"]
    assert sum(1 << block["order"] for block in cma) == article.CMA_PAGES
    assert min(block["phys"] for block in cma) == article.CMA_BASE
    assert stops["page"]["migratetype"] == "CMA" and stops["page"]["kind"] == "free"


def test_highmem_blocks_have_no_virtual_address_and_lowmem_blocks_the_constant_offset(stops):
    for block in stops["idle"]["buddy"]["blocks"]:
        expected = block["phys"] + 0xb0000000 if block["zone"] == "Normal" else None
        assert block["virt"] == expected


def test_the_stage_advances(stops):
    assert [stops[stop]["info"]["stage"] for stop in ("entry", "handed", "end", "idle")] == [
        "zones", "buddy", "slab", "booted"]


@pytest.mark.parametrize("stop", ["entry", "handed", "end", "idle"])
def test_no_invariant_is_broken(stops, stop):
    assert [document["problems"] for document in stops[stop].values()] == [[]] * len(COMMANDS)
