# SPDX-License-Identifier: GPL-2.0-or-later
"""mm page against /proc/kpageflags and /proc/kpagecount, of one moment.

The pages are the first and last of each zone, holes, some from all over, and
some of each kind: of free blocks, of the CPUs' lists, of slabs.
"""
from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Optional

import pytest

import kpage
from harness.gdbmi import Gdb, GdbError
from lab_guest import HELD_LIMIT_SECONDS, LabGuest

HELPER = Path(__file__).with_name("kpage_gdb.py")
SEED = 11
FROM_ZONE = 25          # of each zone, anywhere
IN_A_ROW = 25           # from its start, where the kernel and its tables are
BLOCKS = 6
READS = 8               # the guest's programs read 16 entries in a row
ENTRY_BYTES = 8
EVERY_KIND = {"free", "pcp", "slab", "reserved", "used"}

Page = Optional[dict[str, Any]]


def sample(gdb: Gdb) -> list[int]:
    """The pfns to look at."""
    dice = random.Random(SEED)
    zones = [zone for zone in gdb.json("mm zones --json")["zones"]
             if zone["present_pages"]]
    blocks = gdb.json("mm buddy --blocks --json")["blocks"]
    lists = [each for pageset in gdb.json("mm pcp --json")["pagesets"]
             for each in pageset["lists"] if each["pfns"]]
    pfns = []
    for zone in zones:
        start = zone["start_pfn"]
        end = start + zone["spanned_pages"]
        pfns += [start, end - 1]
        pfns += [dice.randrange(start, end) for _ in range(FROM_ZONE)]
        step = max((end - start) // 64 // IN_A_ROW, 1)
        pfns += range(start, min(start + step * IN_A_ROW, end), step)
    for block in dice.sample(blocks, min(BLOCKS, len(blocks))):
        size = 1 << block["order"]
        pfns += [block["pfn"], block["pfn"] + size - 1, block["pfn"] + size]
    pfns += [each["pfns"][0] for each in lists[:BLOCKS]]
    # An object of a slab.
    pfns += [gdb.number("$mm_pfn(slab_caches.next)")]
    return list(dict.fromkeys(pfns))


def look(gdb: Gdb, pfn: int) -> Page:
    """mm page of a pfn; None where it has no struct page."""
    try:
        return gdb.json(f"mm page pfn:{pfn} --json")
    except GdbError as error:
        assert "has no struct page" in str(error)
        return None


def ask(guest: LabGuest, function: str) -> list[tuple[int, Page, int]]:
    """pfn, mm page, and what the kernel says, at one stop."""
    with guest.held_in(function) as gdb:
        gdb.run(f"source {HELPER}")
        go_on_reading(guest)
        pfns = sample(gdb)
        pages = [look(gdb, pfn) for pfn in pfns]
        said = json.loads(gdb.run(f"python kpage_ask({pfns})").splitlines()[-1])
    return list(zip(pfns, pages, said))


def go_on_reading(guest: LabGuest) -> None:
    """To where a program reads on: its buffer is its own then, not to be
    copied when it is written to."""
    address = guest.gdb.number("(unsigned long)$pc")
    for _ in range(READS):
        before = guest.gdb.number("*(long long *)ppos")
        guest.next_hit(address, HELD_LIMIT_SECONDS)
        if guest.gdb.number("*(long long *)ppos") == before + ENTRY_BYTES:
            return
    raise AssertionError(f"no program read on in {READS} reads")


@pytest.fixture(scope="module")
def flags(booted_guest: LabGuest) -> list[tuple[int, Page, int]]:
    return ask(booted_guest, "kpageflags_read")


def test_flags_are_those_of_kpageflags(
        flags: list[tuple[int, Page, int]]) -> None:
    wrong = [(hex(pfn), hex(said), kpage.wrong_flags(page, said), page)
             for pfn, page, said in flags
             if said is None or kpage.wrong_flags(page, said)]
    assert not wrong, f"{len(wrong)} of {len(flags)}: {wrong[:3]}"


def test_pages_of_each_kind_were_looked_at(
        flags: list[tuple[int, Page, int]]) -> None:
    kinds = {page["kind"] for _, page, _ in flags if page}
    assert kinds >= EVERY_KIND, kinds


def test_mappings_are_those_of_kpagecount(booted_guest: LabGuest) -> None:
    counts = ask(booted_guest, "kpagecount_read")
    wrong = [(hex(pfn), said, page) for pfn, page, said in counts
             if kpage.expected_count(page) not in (None, said)]
    assert not wrong, f"{len(wrong)} of {len(counts)}: {wrong[:3]}"
