# SPDX-License-Identifier: GPL-2.0-or-later
"""mm account on real kernels: it closes at every stop of the boot, and what it
finds is what /proc/meminfo and /proc/kpageflags say of the same moment."""
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import kpage
from boot_stops import (FREE_ALL, HANDED_OVER, MM_INIT, READY, SLAB_UP, Boot,
                        at)
from harness.gdbmi import Gdb
from lab_guest import LabGuest
from test_pageflags import HELPER, go_on_reading

CLOSING = (MM_INIT, FREE_ALL, HANDED_OVER, SLAB_UP, READY)
NOT_HANDED = ("reserved", "memblock", "deferred", "hole")
UNKNOWN_SHARE = 0.005
SECONDS = 6                 # a look of two passes, GDB's start included
OF_A_KIND = 12              # ranges whose flags are asked for
# What a bit of kpageflags is called, by the kinds that must have it.
SAID = {kpage.SLAB: ("slab",), kpage.BUDDY: ("free",),
        kpage.ANON: ("anon",), kpage.PGTABLE: ("pagetable",)}

Account = dict[str, Any]


@at(*CLOSING)
def account(gdb: Gdb) -> Account:
    """The whole account. It fails by itself when it does not close."""
    return gdb.json("mm account --expect --json")


def of(found: Account, *kinds: str, detail: str = "") -> int:
    """Pages of some kinds in all zones; with detail, of that one alone."""
    return sum(bucket["pages"] for zone in found["zones"]
               for bucket in zone["buckets"] if bucket["kind"] in kinds
               and detail in ("", bucket["detail"]))


def closes(found: Account) -> None:
    """Every sum, anew from the buckets."""
    for zone in found["zones"]:
        pages: dict[str, int] = {}
        for bucket in zone["buckets"]:
            kind = bucket["kind"]
            pages[kind] = pages.get(kind, 0) + bucket["pages"]
        assert zone["residual"] == zone["present_residual"] == 0
        assert sum(pages.values()) == zone["spanned"]
        assert zone["spanned"] - pages.get("hole", 0) == zone["present"]
        handed = sum(count for kind, count in pages.items()
                     if kind not in NOT_HANDED)
        assert handed == (0 if zone["estimated"] else zone["managed"])
        assert handed + sum(pages.get(kind, 0) for kind in NOT_HANDED[:3]) \
            == zone["present"]


@pytest.mark.parametrize("stop", CLOSING)
def test_it_closes_at_each_stop(boot: Boot, stop: str) -> None:
    closes(boot[account, stop])


@pytest.mark.parametrize("stop", CLOSING)
def test_counters_of_the_same_pages_agree(boot: Boot, stop: str) -> None:
    rows = boot[account, stop]["expected"]
    assert [row for row in rows if row["exact"] and row["difference"]] == []
    exact = {row["counter"] for row in rows if row["exact"]}
    if stop in (HANDED_OVER, SLAB_UP, READY):
        assert exact >= {"NR_FREE_PAGES", "totalram_pages"}


def test_the_image_and_the_arrays_of_pages_have_names(boot: Boot) -> None:
    found = boot[account, HANDED_OVER]
    named = {bucket["detail"] for zone in found["zones"]
             for bucket in zone["buckets"] if bucket["kind"] == "reserved"}
    assert named >= {"kernel text", "kernel rodata", "kernel data",
                     "kernel bss", "kernel init, to be freed", "mem_map",
                     "per-CPU areas"}
    assert of(found, "reserved", detail="mem_map") > 0
    later = boot[account, READY]
    assert of(later, "reserved", detail="kernel init, to be freed") == 0


def test_little_is_not_told(boot: Boot) -> None:
    found = boot[account, READY]
    managed = sum(zone["managed"] for zone in found["zones"])
    assert found["unknown"] == of(found, "other", "compound")
    assert found["unknown"] < UNKNOWN_SHARE * managed


@pytest.fixture(scope="module")
def meminfo(booted_guest: LabGuest) -> tuple[Account, dict[str, int]]:
    """Our account, and meminfo of the same moment in pages."""
    found, text = booted_guest.look_and_print(
        ("meminfo_proc_show",), lambda gdb: gdb.json(
            "mm account --expect --json"))
    size = found["page_bytes"] // 1024
    return found, {name: int(value) // size for name, value in re.findall(
        r"^(\S+): +(\d+) kB$", text, re.MULTILINE)}


def test_what_is_free_is_what_meminfo_says(
        meminfo: tuple[Account, dict[str, int]]) -> None:
    found, said = meminfo
    closes(found)
    managed = sum(zone["managed"] for zone in found["zones"])
    assert said["MemTotal"] == managed
    rows = {row["counter"]: row for row in found["expected"]}
    # What the kernel prints lags by what CPUs have counted for themselves.
    lag = sum(row["per_cpu"] for row in found["expected"]
              if row["counter"] == "NR_FREE_PAGES")
    assert said["MemFree"] == of(found, "free") - lag
    if "CmaFree" in said and "NR_FREE_CMA_PAGES" in rows:
        cma = sum(bucket["pages"] for zone in found["zones"]
                  for bucket in zone["buckets"] if bucket["kind"] == "free"
                  and bucket["detail"].startswith("CMA "))
        assert said["CmaFree"] == cma


def test_what_is_in_use_is_what_meminfo_says(
        meminfo: tuple[Account, dict[str, int]]) -> None:
    """As far as the kernel counts the same, and its differences are known.

    It shows 0 for a sum below: what CPUs have not added yet is not in it.
    """
    found, said = meminfo
    sums: dict[str, list[int]] = {}
    for row in found["expected"]:
        for at_, name in enumerate(("kernel", "per_cpu", "ours")):
            sums.setdefault(row["counter"], [0, 0, 0])[at_] += row[name]
    slab = next(name for name in sums if "SLAB" in name)
    kernel, lag, ours = sums[slab]
    assert said["Slab"] == max(kernel, 0) and ours == of(found, "slab")
    # Large kmalloc() blocks are counted; they are compound, and not marked
    # as what they are before v6.14.
    assert 0 <= kernel + lag - ours <= of(found, "compound")
    kernel, lag, ours = sums["NR_FILE_PAGES"]
    assert said["Cached"] + said["Buffers"] + said["SwapCached"] \
        == max(kernel, 0)
    assert kernel + lag == ours == of(found, "file")
    kernel, lag, ours = sums["NR_KERNEL_STACK_KB"]
    assert said["KernelStack"] == max(kernel, 0)
    assert 0 <= kernel + lag - ours <= 16
    kernel, lag, ours = sums["NR_PAGETABLE"]
    assert said["PageTables"] == max(kernel, 0) and kernel + lag == ours
    kernel, lag, ours = sums["NR_ANON_MAPPED"]
    assert said["AnonPages"] == max(kernel, 0) and kernel + lag <= ours


@pytest.fixture(scope="module")
def flags(booted_guest: LabGuest) -> list[tuple[int, dict[str, Any], int]]:
    """pfn, its range, and kpageflags: ends of some ranges of each kind."""
    with booted_guest.held_in("kpageflags_read") as gdb:
        gdb.run(f"source {HELPER}")
        go_on_reading(booted_guest)
        ranges = gdb.json("mm account --pages --json")["pages"]
        chosen = [each for kind in {each["kind"] for each in ranges}
                  for each in some(ranges, kind)]
        pairs = [(pfn, each) for each in chosen
                 for pfn in {each["start_pfn"], each["end_pfn"] - 1}]
        pfns = [pfn for pfn, _ in pairs]
        said = json.loads(
            gdb.run(f"python kpage_ask({pfns})").splitlines()[-1])
    return [(pfn, each, flag) for (pfn, each), flag in zip(pairs, said)]


def some(ranges: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Ranges of a kind, from all over."""
    mine = [each for each in ranges if each["kind"] == kind]
    return mine[::max(len(mine) // OF_A_KIND, 1)][:OF_A_KIND]


def test_kinds_are_those_of_kpageflags(
        flags: list[tuple[int, dict[str, Any], int]]) -> None:
    wrong = []
    for pfn, each, said in flags:
        kind = each["kind"]
        if kind == "hole" or said is None:
            continue
        for bit, kinds in SAID.items():
            marked = bool(said >> bit & 1)
            if kind == "pagetable" and each["detail"]:
                continue
            # Only the first page of a free block is marked.
            if bit == kpage.BUDDY and kind == "free" and not marked:
                continue
            if bit == kpage.SLAB and each["detail"] == "large kmalloc":
                continue
            # The kernel takes a slab's counters for a mapping.
            if bit == kpage.ANON and kind == "slab":
                continue
            if marked != (kind in kinds):
                wrong.append((hex(pfn), bit, hex(said), each))
        if kind == "reserved" and not said >> 32 & 1:
            wrong.append((hex(pfn), 32, hex(said), each))
    assert not wrong, f"{len(wrong)} of {len(flags)}: {wrong[:4]}"
    assert {each["kind"] for _, each, _ in flags} >= {
        "free", "pcp", "slab", "reserved", "file", "anon", "pagetable",
        "vmalloc", "stack"}


def test_it_is_quick_and_fits(booted_guest: LabGuest) -> None:
    with booted_guest.held_in("frag_show", "zoneinfo_show") as gdb:
        text = gdb.run("mm account --expect --all")
        spent = gdb.run("mm stats")
    assert max(map(len, text.splitlines())) <= 80 and text.isascii()
    taken = re.search(r"([\d.]+)\s+ms in all", " ".join(spent.split()))
    assert taken and float(taken[1]) < SECONDS * 1000, spent


def test_one_page_asked_alone_is_what_the_pass_says(
        booted_guest: LabGuest) -> None:
    script = Path(__file__).with_name("account_gdb.py")
    with booted_guest.held_in("frag_show") as gdb:
        gdb.run(f"source {script}")
        found = json.loads(gdb.run("python alone()").splitlines()[-1])
    assert found["asked"] > 100 and found["wrong"] == []
