# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own boards, in both flavours: the same claims as on any map."""
import re

import pytest

from .board import GIB, MIB, PAGE, RAM, Board
from .claims import CLAIMS, KINDS
from .machine import ROOT, Job

FLAVOURS = {"debug": "guest", "release": "guest-release"}
TREES = ROOT / "helper" / "guest" / "boards"
WHOLE = [[(RAM, 1536 * MIB)]]
CMA = (0x5C000000, 0x14000000)      # 320 MB at the top of RAM
EARLY_POOLS = [(0x3F30D000, 0xD2000), (0x3F3FC000, 0xC00000)]
VIRT_RAM = 0x40000000


def memreserves(name: str) -> list[tuple[int, int]]:
    """As a board's source has them."""
    text = (TREES / name).read_text()
    return [(int(base, 16), int(size, 16)) for base, size in
            re.findall(r"^/memreserve/ (0x\w+) (0x\w+);", text, re.M)]


BOARDS = [
    board for flavour, image in FLAVOURS.items() for board in (
        Board(f"article-{flavour}", WHOLE, memreserves("article.dts"),
              real="article", image=image, static=EARLY_POOLS, cma=[CMA]),
        Board(f"sabrelite-{flavour}", WHOLE, real="sabrelite", image=image,
              cma=[CMA]),
        Board(f"sabrelite-words-{flavour}", WHOLE, real="sabrelite",
              image=image, append="mem=256M cma=0 vmalloc=976M",
              keep=[(RAM, 256 * MIB)], lowmem_end=0x12800000))]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
@pytest.mark.parametrize("name", [board.name for board in BOARDS])
def test_machine_at_rest(booted, name, claim):
    claim(booted[name])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_article_has_its_35_regions_before_and_after(booted, flavour):
    """None is added by the boot, and none is merged away."""
    assert len(booted[f"article-{flavour}"].state["reserved"]) == 35


@pytest.fixture(scope="module")
def virt(farm):
    """Board virt at rest, by (flavour, megabytes)."""
    sizes = [(flavour, size) for flavour in FLAVOURS
             for size in (64, 768, 1024, 3072)]
    jobs = {key: Job(f"{key}", ["--board", "virt", "--memory", f"{key[1]}M"],
                     FLAVOURS[key[0]], probes=[0xC0000000, 0xC0001000])
            for key in sizes}
    found = farm.boot(jobs.values())
    return {key: found[job.name] for key, job in jobs.items()}


@pytest.mark.parametrize("size", [64, 768, 1024, 3072])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_virt_has_all_of_its_memory(virt, flavour, size):
    """3 GB end where 32 bits do, and so without their last page."""
    outcome = virt[flavour, size]
    assert outcome.end == "idle", outcome.console
    state, pages = outcome.state, size * MIB // PAGE
    low, high, _ = state["zones"]
    pages -= VIRT_RAM + size * MIB == 4 * GIB
    assert low["zone_start_pfn"] == VIRT_RAM // PAGE
    assert low["present_pages"] == min(pages, 768 * MIB // PAGE)
    assert low["present_pages"] + high["present_pages"] == pages
    assert state["zone_check"] == [None] * 3
    assert state["mm_check"] is None
    assert state["nr_bad_pages"] == state["nr_warnings"] == 0
    assert set(state["accessible"].values()) == {True}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_virt_hands_over_what_memblock_leaves(virt, flavour):
    for size in (64, 1024):
        state = virt[flavour, size].state
        reserved = {pfn for region in state["reserved"] for pfn in
                    range(region["base"] // PAGE,
                          -(-(region["base"] + region["size"]) // PAGE))}
        free = size * MIB // PAGE - len(reserved)
        assert state["totalram_pages"] == free
        assert state["truth_mem_init"]["free_pages"] == free
        assert sum(sum(zone[kind] for kind in KINDS)
                   for zone in state["zones"]) == free
