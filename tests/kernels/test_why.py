# SPDX-License-Identifier: GPL-2.0-or-later
"""mm why on real kernels: pages of every kind, against /proc/kpageflags of
the same moment; each has a verdict, and hardly any is of an unknown use.

At other stops the reasons of free blocks are held to the lists of blocks, and
an object that the kernel has just been given is said to be in use.
"""
from __future__ import annotations

import collections
import json
from pathlib import Path
from typing import Any

import pytest

from boot_stops import FREE_ALL, HANDED_OVER, SLAB_UP, Boot, at
from harness.gdbmi import Gdb
from lab_guest import LabGuest
from test_pageflags import HELPER as ASKER
from test_pageflags import go_on_reading

HELPER = Path(__file__).resolve().parents[1] / "harness" / "why_gdb.py"
LIMIT_SECONDS = 300
EACH = 24               # pages of each kind
SEED = 5
BLOCKS = 40
UNKNOWN = ("compound", "other")
UNKNOWN_SHARE = 0.005
VERDICT_CHARS = 125     # names of caches and of functions are in it
EVERY_KIND = {"free", "pcp", "slab", "reserved", "file", "anon", "pagetable",
              "vmalloc"}
# Bits of /proc/kpageflags: include/uapi/linux/kernel-page-flags.h.
BITS = {7: "slab", 10: "free", 12: "anon", 17: "hugetlb", 20: "hole",
        26: "pagetable", 32: "reserved"}


@pytest.fixture(scope="module")
def looked(booted_guest: LabGuest) -> dict[str, Any]:
    """Pages of each kind, and what the kernel says of them."""
    with booted_guest.held_in("kpageflags_read") as gdb:
        gdb.run(f"source {ASKER}")
        gdb.run(f"source {HELPER}")
        go_on_reading(booted_guest)
        found = last_json(gdb, f"why_some({EACH}, {SEED})")
        pfns = [page["pfn"] for page in found["found"]]
        said = last_json(gdb, f"kpage_ask({pfns})")
    for page, flags in zip(found["found"], said):
        page["said"] = flags
    return found


def last_json(gdb: Gdb, call: str) -> Any:
    """What a Python call in GDB prints last."""
    return json.loads(gdb.run(f"python {call}", LIMIT_SECONDS).splitlines()[-1])


@at(FREE_ALL, HANDED_OVER, SLAB_UP)
def early_pages(gdb: Gdb) -> Any:
    """Pages of each kind that there is on the way up."""
    gdb.run(f"source {HELPER}")
    return last_json(gdb, f"why_some({EACH}, {SEED})")


@pytest.mark.parametrize("stop", [FREE_ALL, HANDED_OVER, SLAB_UP])
def test_every_page_has_a_verdict_on_the_way_up(boot: Boot,
                                                stop: str) -> None:
    looked = boot[early_pages, stop]
    kinds = {page["kind"] for page in looked["found"]}
    assert ("memblock" in kinds) == (stop == FREE_ALL), kinds
    assert ("free" in kinds) == (stop != FREE_ALL), kinds
    test_every_page_has_a_verdict(looked)
    test_one_page_alone_is_what_the_sweep_says(looked)


def test_every_page_has_a_verdict(looked: dict[str, Any]) -> None:
    for page in looked["found"]:
        assert 0 < len(page["verdict"]) <= VERDICT_CHARS, page
        assert page["verdict"].isascii() and "\n" not in page["verdict"]
        assert page["evidence"], page


def test_one_page_alone_is_what_the_sweep_says(
        looked: dict[str, Any]) -> None:
    wrong = [page for page in looked["found"]
             if page["swept"] != [page["kind"], page["detail"]]]
    assert not wrong, f"{len(wrong)}: {wrong[:3]}"


def test_pages_of_every_kind_were_looked_at(looked: dict[str, Any]) -> None:
    assert {page["kind"] for page in looked["found"]} >= EVERY_KIND


def test_hardly_any_page_is_of_an_unknown_use(looked: dict[str, Any]) -> None:
    pages = collections.Counter(looked["pages"])
    unknown = sum(pages[kind] for kind in UNKNOWN)
    assert unknown < UNKNOWN_SHARE * (pages.total() - pages["hole"]), pages


def test_kinds_are_those_of_kpageflags(looked: dict[str, Any]) -> None:
    wrong = [(hex(page["pfn"]), page["verdict"], hex(page["said"]))
             for page in looked["found"] if not agree(page)]
    assert not wrong, f"{len(wrong)} of {len(looked['found'])}: {wrong[:4]}"


def agree(page: dict[str, Any]) -> bool:
    """Whether the kernel's flags of a page allow its kind, and the kind all
    flags that it has."""
    kind, said = page["kind"], page["said"]
    there = {name for bit, name in BITS.items() if said >> bit & 1}
    if kind == "hole":          # where it has a struct page, flags of that
        return "free" not in there and "slab" not in there
    if kind == "slab":          # large_kmalloc is none of the flag's
        return "slab" in there or page["detail"] == "large kmalloc"
    if kind in ("free", "reserved", "hugetlb"):
        return kind in there
    if kind == "anon":
        return "anon" in there or page["detail"] == "zero"
    if kind == "file":
        return not there
    if kind == "other":         # PG_reserved, set by a driver
        return there <= {"reserved"}
    return there <= {kind}


def test_what_is_reserved_by_a_section_has_that_as_its_owner(
        looked: dict[str, Any]) -> None:
    image = [page for page in looked["found"] if page["kind"] == "reserved"
             and page["detail"].startswith("kernel ")]
    assert image
    for page in image:
        owners = [text for what, text in page["evidence"] if what == "owner"]
        assert any(owner.startswith(f"{page['detail']}, ")
                   for owner in owners), page


def test_free_blocks_are_no_larger_for_the_reason_given(
        booted_guest: LabGuest) -> None:
    """By the lists alone: is the buddy, or its beginning, a free block?"""
    with booted_guest.held_in("frag_show") as gdb:
        buddy = gdb.json("mm buddy --blocks --json")
        listed = {pfn + at for pageset in gdb.json("mm pcp --json")["pagesets"]
                  for each in pageset["lists"] for pfn in each["pfns"]
                  for at in range(1 << each["order"])}
        blocks = buddy["blocks"]
        step = max(len(blocks) // BLOCKS, 1)
        chosen = blocks[::step] + [block for block in blocks
                                   if block["order"] >= 7][:BLOCKS]
        answers = [gdb.json(f"mm why pfn:{block['pfn']} --json")
                   for block in chosen]
    orders = {block["pfn"]: block["order"] for block in blocks}
    for block, answer in zip(chosen, answers):
        order, reason = block["order"], answer["buddy"]["reason"]
        assert f"on {block['zone']}'s {block['migratetype']} list" in \
            answer["verdict"], answer
        other = block["pfn"] ^ 1 << order
        if order == buddy["orders"] - 1:
            assert reason == "highest order"
            continue
        assert answer["buddy"]["pfn"] == other
        if other in orders:
            assert reason in (("smaller blocks",) if orders[other] < order
                              else ("pageblock type",
                                    "not tried again")), answer
        elif other in listed:
            assert reason == "per-CPU list", answer
        else:
            assert reason in ("in use", "no memory", "other zone",
                              "not handed over"), answer


def test_a_task_on_a_cpu_has_its_stack(booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        answer = gdb.json("mm why $sp --json")
        assert answer["kind"] == "stack", answer
        name, _, pid = answer["verdict"].partition(
            "kernel stack of ")[2].rpartition(", pid ")
        assert name and int(pid) > 0, answer
        if booted_guest.kernel.arch == "arm64":     # current is kept there
            task = "((struct task_struct *)$SP_EL0)"
            assert int(pid) == gdb.number(f"{task}->pid")
            assert name == gdb.run(
                f"printf \"%s\", (char *){task}->comm").strip()


def test_one_page_costs_no_sweep_by_the_stub(booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show") as gdb:
        pages = sum(zone["spanned_pages"]
                    for zone in gdb.json("mm zones --json")["zones"])
        sweep = pages * gdb.number("sizeof(struct page)") // 2048
        try:
            for x in ("slab_caches.next", "init_task.stack", "$sp"):
                gdb.run("set mm-transport stub")
                gdb.json(f"mm why {x} --json")
                text = gdb.run("mm stats")
                requests = int(text.split("mm why: ")[1].split()[0])
                assert requests < sweep / 4, (x, requests, sweep)
        finally:
            gdb.run("set mm-transport auto")
